"""The command place: a run, a file of another program, a page that needs nothing else, and what is refused."""

import json
import re

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, ReLU, interchange
from rbm_sim.__main__ import main
from replica import cli


def placed(*words):
    """Exit status."""
    try:
        return cli.run(main, ["place", *(str(word) for word in words)])
    except SystemExit as stopped:
        return stopped.code


@pytest.fixture
def files(tmp_path):
    """A small machine in a file, and data."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(9, 4))
    interchange.save(
        RBM(w, visible=Bernoulli(-0.5), hidden=ReLU(1.0)), tmp_path / "m.safetensors", format="safetensors"
    )
    np.save(tmp_path / "x.npy", rng.integers(0, 2, (20, 9)))
    np.save(tmp_path / "narrow.npy", rng.integers(0, 2, (20, 8)))
    return tmp_path


@pytest.mark.slow
def test_page_and_rows(files, capsys):
    page = files / "page.html"
    assert placed(files / "m.safetensors", "--data", files / "x.npy", "--out", page, "--format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["N"], row["M"], row["source"]) == (9, 4, "data")
    assert row["valid"] is False and "p_hat" in row["warnings"]
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.count("<img") == 7
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert f"{row['W2']:.6g}" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["m.safetensors", "--data", "narrow.npy"], "8 columns, but the machine has 9 visible units"),
        (["none.npz"], "none.npz"),
        (["x.npy", "--from", "unheard"], "unheard"),
        (["m.safetensors", "--out", "m.safetensors"], "--out"),
    ],
)
def test_refusals_are_one_line(files, monkeypatch, capsys, words, said):
    monkeypatch.chdir(files)
    before = (files / "m.safetensors").read_bytes()
    assert placed(*words) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1 and "Traceback" not in error
    assert (files / "m.safetensors").read_bytes() == before
