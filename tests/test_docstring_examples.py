"""The examples in the docstrings of both packages run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("replica", "rbm_sim")
NEEDS = {"rbm_sim.learning.estimator": "sklearn", "replica.certified": "flint"}
"""Modules, or packages of them, that need a package which may be missing."""


def modules(package):
    """Names of all modules of a package, however deep; none is imported but the packages themselves."""
    top = importlib.import_module(package)
    return [package, *(found.name for found in pkgutil.walk_packages(top.__path__, f"{package}."))]


def imported(name):
    """A module, or skip."""
    for needing, needed in NEEDS.items():
        if f"{name}.".startswith(f"{needing}."):
            pytest.importorskip(needed)
    return importlib.import_module(name)


@pytest.mark.medium
@pytest.mark.parametrize("name", [name for package in PACKAGES for name in modules(package)])
def test_examples(name):
    assert doctest.testmod(imported(name)).failed == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_there_are_examples(package):
    """Else the test above would test nothing."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    inner = [name for name in modules(package) if not any(name.startswith(needing) for needing in NEEDS)]
    assert len(inner) > 50
    assert sum(len(test.examples) for name in inner for test in finder.find(imported(name))) > 50
