"""Files of runs in which something is wrong: one line that names the file and the part."""

import json

import numpy as np
import pytest

from rbm_sim.__main__ import main
from replica import cli

TRAIN = ["train", "--data", "bars-and-stripes:3", "--units", "4", "--quiet", "--epochs"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """What is in a file of a run."""
    file = tmp_path_factory.mktemp("run") / "r.npz"
    assert cli.run(main, [*TRAIN, "1", "--out", str(file)]) == 0
    with np.load(file) as found:
        arrays = dict(found)
    return json.loads(str(arrays.pop("meta"))), arrays


def said(capsys, *words):
    capsys.readouterr()
    assert cli.run(main, [*words, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"about": None}, "about = None: must be names and values"),
        ({"about": [1]}, "about = [1]: must be names and values"),
        ({"about": {"shape": "ab"}}, "shape = 'ab'"),
        ({"about": {"shape": [-3, -3]}}, "shape = [-3, -3]"),
        ({"about": {"shape": [9.0]}}, "shape = [9.0]"),
        ({"about": {"threshold": "half"}}, "threshold = 'half'"),
        ({"about": {"threshold": 2}}, "threshold = 2"),
        ({"about": {"alphabet": "-ACGT"}}, "alphabet = '-ACGT'"),
        ({"about": {"digests": 5}}, "digests = 5"),
        ({"about": {"stop": 5}}, "stop = 5"),
        ({"visible": "potts", "states": 10**9}, "states = 1000000000: w has 9 rows"),
        ({"visible": "potts", "states": "x"}, "states = 'x': must be a whole number >= 2"),
        ({"visible": ["a"]}, "visible = ['a']: must be one of"),
        ({"rng": 3}, "rng = 3: must be names and values"),
        ({"options": 5}, "options = 5: must be names and values"),
        ({"history": [{"epoch": "x"}]}, "an epoch of its history = 'x'"),
        ({"history": [{"epoch": 1}, {"epoch": 1}]}, "the epochs of its history do not rise"),
    ],
)
def test_what_is_said_about_the_run(parts, tmp_path, capsys, changed, message):
    meta, arrays = parts
    file = str(tmp_path / "broken.npz")
    if "about" in changed and isinstance(changed["about"], dict):
        changed = {"about": meta["about"] | changed["about"]}
    np.savez(file, meta=json.dumps(meta | changed), **arrays)
    for option, words in (("RUN", ["sample", file]), ("--out", [*TRAIN, "2", "--out", file])):
        error = said(capsys, *words)
        assert f"{option}: '{file}' is no file of a run: {message}" in error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: np.where(np.arange(4) == 2, np.nan, w), "broken.npz, w.npy: has the entry nan at position 2"),
        (lambda w: w[0], "w has shape (4,), must be (visible, hidden)"),
        (lambda w: w.astype(float), "w is float64 of shape (9, 4), must be float32 of shape (9, 4)"),
        (lambda w: w[:8], "visible is float32 of shape (9,), must be float32 of shape (8,)"),
    ],
)
def test_its_arrays(parts, tmp_path, capsys, change, message):
    meta, arrays = parts
    file = str(tmp_path / "broken.npz")
    w, step = (change(arrays[name]).astype(change(arrays[name]).dtype) for name in ("w", "step_w"))
    w = w.astype(np.float32) if w.dtype == np.float64 and "nan" in message else w
    np.savez(file, meta=json.dumps(meta), **{**arrays, "w": w, "step_w": step.astype(np.float32)})
    assert message in said(capsys, "sample", file) and file in said(capsys, "sample", file)


def test_a_history_without_numbers_is_not_gone_on_with(parts, tmp_path, capsys):
    meta, arrays = parts
    file = str(tmp_path / "broken.npz")
    np.savez(file, meta=json.dumps(meta | {"history": [{"epoch": 1, "W2": "x"}]}), **arrays)
    assert "its history has W2 = 'x', which is no number" in said(capsys, *TRAIN, "2", "--out", file)
