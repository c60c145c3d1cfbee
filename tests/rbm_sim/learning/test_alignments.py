"""Alignments in FASTA letters, and categories: from files and tables to Potts units and back, by command too."""

import gzip

import numpy as np
import pytest

from rbm_sim import datasets, likelihood, runs
from rbm_sim.__main__ import main
from rbm_sim.learning.alignments import ALPHABETS
from replica import cli

TEXT = ">one first\nACDE-\nFGH\n\n>two\nacde.fgk\n; a remark\n>three\r\nAC~EYFGK\r\n"


def write(folder, text, name="a.fasta"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.fasta", "b.fa.gz"])
def test_letters_become_states(tmp_path, name):
    found = datasets.alignment(write(tmp_path, TEXT, name))
    assert found.names == ("one first", "two", "three")
    assert found.alphabet == ALPHABETS["protein"]
    assert found.states.shape == (3, 8)
    assert found.states.dtype == np.uint8
    assert found.letters(found.states) == ["ACDE-FGH", "ACDE-FGK", "AC-EYFGK"]
    assert (found.states == 0).sum() == 3  # gaps are a state
    assert "shape (3, 8)" in repr(found)


@pytest.mark.parametrize(("letters", "alphabet"), [("ACG-T", "dna"), ("ACG-U", "rna"), ("ACG-W", "protein")])
def test_alphabets(tmp_path, letters, alphabet):
    path = write(tmp_path, f">a\n{letters}\n")
    assert datasets.alignment(path).alphabet == ALPHABETS[alphabet]
    assert datasets.alignment(path, alphabet=alphabet).states.tolist() == datasets.alignment(path).states.tolist()
    assert datasets.alignment(path, alphabet="-" + letters.replace("-", "")).states.tolist() == [[1, 2, 3, 0, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no sequences: in FASTA they begin with a line '>name'|is empty"),
        ("ACGT\n", "line 1: sequences in FASTA begin with a line '>name'"),
        (">a\nACG\n>b\nAC\n", "the sequence 'b' has 2 letters and the first one 3: those of an alignment have one"),
        (">a\nACG\n>b\n>c\nACG\n", "the sequence 'b' has no letters"),
        (">a\nACX\n", "the sequence 'a' has the letter 'X' at 3: not one of '-ACDEF"),
        (">a\nA*é\n", "the sequence 'a' has the letter"),
    ],
)
def test_what_is_no_alignment(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        datasets.alignment(write(tmp_path, text))


def test_arguments(tmp_path):
    path = write(tmp_path, ">a\nACX\n")
    assert datasets.alignment(path, unknown="gap").states.tolist() == [[1, 2, 0]]
    for given, message in [
        ({"unknown": "drop"}, "unknown = 'drop': must be one of 'refuse', 'gap'"),
        ({"alphabet": "AAC"}, "alphabet = 'AAC': must be dna, rna, protein, or different letters"),
        ({"alphabet": 3}, "alphabet = 3: must be dna, rna, protein, or different letters"),
    ]:
        with pytest.raises(ValueError, match=message):
            datasets.alignment(path, **given)
    with pytest.raises(ValueError, match=r"none\.fasta"):
        datasets.alignment(tmp_path / "none.fasta")


def test_the_commands(tmp_path, capsys):
    """Train on an alignment, go on, draw sequences; the run holds the letters."""
    path, run, out = write(tmp_path, TEXT), tmp_path / "run.npz", tmp_path / "drawn.csv"
    train = ["train", "--data", str(path), "--visible", "potts", "--hidden", "spin", "--units", "3", "--quiet"]
    train += ["--batch-size", "2", "--out", str(run), "--epochs"]
    assert main([*train, "2", "--likelihood", "2"]) == 0
    assert main([*train, "3"]) == 0
    learner, history, about = runs.load(run)
    assert learner.visible.states == 21
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert about["alphabet"] == ALPHABETS["protein"]
    v = learner.visible.one_hot(datasets.alignment(path).states)
    assert history[-1]["pseudo_ll"] == pytest.approx(likelihood.pseudo_log_likelihood(learner.rbm, v).mean, rel=1e-6)
    assert main(["sample", str(run), "--chains", "4", "--steps", "2", "--out", str(out), "--quiet"]) == 0
    drawn = [line.rpartition(",")[2] for line in out.read_text().splitlines()[-4:]]
    assert all(len(row) == 8 and set(row) <= set(ALPHABETS["protein"]) for row in drawn)
    assert main(["measure", str(run), "--states", str(path)]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("digits", "digits: no such file; --visible potts learns a matrix of states"),
        ("halves.npy", "holds no states; --visible potts learns a matrix of states, whole numbers from 0 to 255"),
        ("bad.fasta", "the sequence 'b' has 1 letters"),
    ],
)
def test_what_the_command_refuses(tmp_path, data, message):
    np.save(tmp_path / "halves.npy", np.full((3, 4), 0.5))
    write(tmp_path, ">a\nAC\n>b\nA\n", "bad.fasta")
    name = data if data == "digits" else str(tmp_path / data)
    with pytest.raises(cli.UsageError, match=message):
        main(["train", "--data", name, "--visible", "potts", "--epochs", "1"])


def test_numbers_of_states_in_a_file(tmp_path, capsys):
    np.save(tmp_path / "states.npy", np.random.default_rng(0).integers(4, size=(30, 5)))
    command = ["train", "--data", str(tmp_path / "states.npy"), "--visible", "potts", "--units", "2", "--epochs", "1"]
    assert main([*command, "--out", str(tmp_path / "run.npz"), "--quiet"]) == 0
    assert runs.load(tmp_path / "run.npz").learner.visible.states == 4
    assert main(["sample", str(tmp_path / "run.npz"), "--chains", "2", "--steps", "1", "--quiet"]) == 0
    capsys.readouterr()


class TestEstimator:
    X = np.array([list("xyzxxyzz") * 5, ["u", "v"] * 20, [1, 5] * 20], dtype=object).T

    def fitted(self, **options):
        estimator = pytest.importorskip("rbm_sim.estimator")
        return estimator.RBMEstimator(4, visible="potts", n_iter=100, random_state=0, **options).fit(self.X)

    def test_categories_and_back(self):
        found = self.fitted()
        assert found.rbm_.visible.states == 3
        assert found.transform(self.X).shape == (40, 4)
        assert found.components_.shape == (4, 9)
        drawn = found.sample(200, steps=50, random_state=0)
        assert set(drawn[:, 0]) <= set("xyz")
        assert set(drawn[:, 2]) == {1, 5}
        together = np.mean((drawn[:, 1] == "u") == (drawn[:, 2] == 1))  # as in all of X
        assert together > 0.8
        assert found.gibbs(self.X[:2], random_state=0).shape == (2, 3)
        assert found.score(self.X) > -2.2  # independent columns: −2.5

    def test_refused(self):
        found = self.fitted()
        with pytest.raises(ValueError, match="unknown categories"):
            found.transform([["q", "u", 1]])
        with pytest.raises(ValueError, match=r"binarise = 0\.5: must be None for visible = 'potts'"):
            self.fitted(binarise=0.5)
        with pytest.raises(ValueError, match="X has missing entries"):
            found.fit(np.where(np.arange(3) == 1, None, self.X))
        with pytest.raises(ValueError, match="gauge = 'other': must be one of"):
            self.fitted(gauge="other")
