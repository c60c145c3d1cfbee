"""The commands that an installation has are those of `python -m`."""

import importlib
import tomllib
from pathlib import Path

import pytest

SCRIPTS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


def test_names():
    assert set(SCRIPTS) == {"replica", "rbm-sim"}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_an_installed_command_runs(name, monkeypatch, capsys):
    module, _, function = SCRIPTS[name].partition(":")
    monkeypatch.setattr("sys.argv", [name, "--version"])
    with pytest.raises(SystemExit, match="0"):
        getattr(importlib.import_module(module), function)()
    assert "replica-toolkit" in capsys.readouterr().out
