"""`train --visible potts`: states of data, test data and samples are the same, whether all of them occur or not."""

import json

import numpy as np
import pytest

from rbm_sim.__main__ import main
from rbm_sim.learning import run_files
from replica import cli

STATES = np.array([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0], [1, 0, 0, 2, 2], [0, 0, 1, 1, 2]] * 3)
TRAIN = ("train", "--visible", "potts", "--hidden", "bernoulli", "--units", "2", "--epochs", "1", "--likelihood", "1")


def run(capsys, *words, code=0):
    assert cli.run(main, [str(word) for word in (*words, "--format", "json", "--quiet")]) == code
    text = capsys.readouterr()
    return text.err if code else (json.loads(text.out)["rows"], text.err)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with states and letters, and a run of each."""
    monkeypatch.chdir(tmp_path)
    np.save("states.npy", STATES)
    fasta("protein.fasta", "ACDEF", "GHIKL", "MNPQR", "STVWY")
    return tmp_path


def fasta(name, *sequences):
    with open(name, "w") as file:
        file.writelines(f">{k}\n{sequence}\n" for k, sequence in enumerate(sequences))


@pytest.mark.parametrize("data", ["states.npy", "protein.fasta"])
def test_samples_are_data(folder, capsys, data):
    run(capsys, *TRAIN, "--data", data, "--out", "r.npz")
    run(capsys, "sample", "r.npz", "--chains", "6", "--steps", "2", "--out", "s.npz")
    (row,), _ = run(capsys, *TRAIN, "--data", data, "--test", "s.npz", "--validate", "s.npz")
    assert np.isfinite(row["valid_pseudo_ll"])
    run(capsys, *TRAIN, "--data", "s.npz", "--out", "again.npz")
    one, other = (run_files.load(name).learner.visible.states for name in ("r.npz", "again.npz"))
    assert one == other == (3 if data == "states.npy" else 21)
    run(capsys, "measure", "r.npz", "--states", "s.npz")


def test_a_state_need_not_occur_in_test_data(folder, capsys):
    np.save("test.npy", STATES[:4].clip(0, 1))
    fasta("test.fasta", "ACGT-", "CCGTA")
    for data, test in (("states.npy", "test.npy"), ("protein.fasta", "test.fasta")):
        run(capsys, *TRAIN, "--data", data, "--test", test, "--validate", test, "--out", f"{data}.npz")
        (row,), _ = run(capsys, "measure", f"{data}.npz", "--states", test)
        assert row["states"] == len(STATES[:4]) if test == "test.npy" else 2
    # the letters are those of the run: C is the second of a protein, not of DNA
    fasta("same.fasta", "ACDEF", "ACGT-")
    wide, narrow = (
        run(capsys, "measure", "protein.fasta.npz", "--states", name)[0][0] for name in ("same.fasta", "test.fasta")
    )
    np.save("same.npy", [[1, 2, 6, 17, 0], [2, 2, 6, 17, 1]])  # ACGT-, CCGTA in -ACDEFGHIKLMNPQRSTVWY
    assert run(capsys, "measure", "protein.fasta.npz", "--states", "same.npy")[0][0] == narrow
    assert wide["states"] == 2


@pytest.mark.parametrize(
    ("data", "test", "message"),
    [
        ("states.npy", np.full((2, 5), 3), "--test: test.npy: has the state 3, but --data has 0 to 2"),
        ("states.npy", np.zeros((2, 4)), "--test: 4 units, but --data has 5"),
        (
            "states.npy",
            np.eye(2)[np.zeros((2, 5), int)],
            "--test: test.npy: units have 2 states, but those of --data 3",
        ),
        ("states.npy", np.ones((2, 5, 3)), "--test: test.npy: holds no states"),
        ("states.npy", np.ones(5), "--test: test.npy: holds no states"),
        ("states.npy", "protein.fasta", "--test: protein.fasta: units have 21 states, but those of --data 3"),
        ("protein.fasta", np.full((2, 5), 21), "--test: test.npy: has the state 21, but --data has 0 to 20"),
    ],
)
def test_states_that_do_not_belong(folder, capsys, data, test, message):
    if not isinstance(test, str):
        np.save("test.npy", test)
        test = "test.npy"
    said = run(capsys, *TRAIN, "--data", data, "--test", test, code=2)
    assert message in said and said.count("\n") == 1
