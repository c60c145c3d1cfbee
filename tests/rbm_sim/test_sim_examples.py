"""The examples in the docstrings run, and say what they print."""

import doctest
import importlib
import pkgutil

import pytest

import rbm_sim

MODULES = [module.name for module in pkgutil.iter_modules(rbm_sim.__path__) if module.name != "__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"rbm_sim.{name}")).failed == 0
