"""Ctrl-C at any time ends a command in one line, and what is said of the file is true."""

import subprocess
import sys

import pytest

from rbm_sim.__main__ import main
from rbm_sim.learning import Learner
from replica import cli

IMPORTS = """
import runpy, sys

class Interrupted:
    name = sys.argv.pop(1)

    def find_spec(self, name, path, target=None):
        if name == self.name:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
runpy.run_module("rbm_sim", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["replica.cli", "rbm_sim.commands", "rbm_sim.learning"])
def test_in_the_imports(module):
    words = [sys.executable, "-c", IMPORTS, module, "train", "--data", "bars-and-stripes:3", "--epochs", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip().endswith("interrupted") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(("epochs", "kept"), [(0, True), (0, False), (1, True), (1, False)])
def test_in_an_epoch(tmp_path, monkeypatch, capsys, epochs, kept):
    plain = Learner.learn

    def learn(self, data):
        if self.epoch == epochs:
            raise KeyboardInterrupt
        plain(self, data)

    monkeypatch.setattr(Learner, "learn", learn)
    file = tmp_path / "r.npz"
    words = ["train", "--data", "bars-and-stripes:3", "--units", "2", "--epochs", "2", "--quiet"]
    assert cli.run(main, [*words, *(["--out", str(file)] if kept else [])]) == 130
    said = capsys.readouterr().err
    assert file.exists() == (kept and epochs > 0) == ("the same command continues" in said)
    assert ("nothing is kept" in said) == (epochs == 0)
