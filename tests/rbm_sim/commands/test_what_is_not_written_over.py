"""No command writes over what it reads, or over what is no table: a machine that has learned, data of one's own."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from rbm_sim.__main__ import main
from rbm_sim.learning import Learner, datasets, run_files
from rbm_sim.units import Bernoulli, ReLU
from replica import cli
from replica.__main__ import main as replica_main
from replica.table import Table

TRAIN = ["train", "--data", "bars-and-stripes:3", "--units", "2", "--epochs", "1", "--quiet"]


def status(words, function=main):
    """Exit status, also where argparse ends the process."""
    try:
        return cli.run(function, [str(word) for word in words])
    except SystemExit as done:
        return done.code


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder with a run, r.npz, under two more names, weights and data."""
    monkeypatch.chdir(tmp_path)
    assert status([*TRAIN, "--out", "r.npz"]) == 0
    os.symlink("r.npz", "link.npz")
    os.link("r.npz", "hard.npz")
    np.save("w.npy", np.ones((9, 2)))
    np.savez("mine.npz", images=datasets.bars_and_stripes(3).images)
    return tmp_path / "r.npz"


@pytest.mark.some(12)
@pytest.mark.parametrize("out", ["r.npz", "link.npz", "hard.npz", "./r.npz", "mine.npz"])
@pytest.mark.parametrize(
    "words",
    [
        ["sample", "r.npz", "--chains", "2"],
        ["measure", "r.npz"],
        ["measure", "r.npz", "--states", "bars-and-stripes:3"],
        ["measure", "w.npy"],
        ["capacity", "--N", "10", "--alpha", "0.1"],
        ["basin", "--N", "10", "--alpha", "0.1"],
        ["retrieve", "--N", "10", "--alpha", "0.1"],
    ],
    ids=" ".join,
)
def test_no_command_writes_over_a_run_or_data(run, capsys, words, out):
    kept, mine = run.read_bytes(), (run.parent / "mine.npz").read_bytes()
    assert status([*words, "--out", out]) == 2
    error = capsys.readouterr().err
    assert "is not written over" in error and error.count("\n") == 1
    assert run.read_bytes() == kept and (run.parent / "mine.npz").read_bytes() == mine


@pytest.mark.parametrize("out", ["r.npz", "mine.npz"])
@pytest.mark.parametrize("words", [["models"], ["solve", "--model", "hopfield", "--alpha", "0.01", "--T", "0.5"]])
def test_nor_do_the_commands_of_the_theory(run, capsys, words, out):
    kept = (run.parent / out).read_bytes()
    assert status([*words, "--out", out], replica_main) == 2
    assert "is not written over" in capsys.readouterr().err
    assert (run.parent / out).read_bytes() == kept


def test_data_that_are_learned_are_not_written_over(run, capsys):
    folder = run.parent
    (folder / "d.csv").write_text("0,1,1\n1,0,1\n")
    (folder / "sub").mkdir()
    Image.fromarray(np.eye(3, dtype=np.uint8) * 255).save(folder / "sub" / "a.png")
    mine = (folder / "mine.npz").read_bytes()
    for words in (
        ["--data", "mine.npz", "--out", "mine.npz"],
        ["--data", "bars-and-stripes:3", "--likelihood", "1", "--test", "mine.npz", "--out", "mine.npz"],
        ["--data", "bars-and-stripes:4", "--out", "mine.npz"],
        ["--data", "d.csv", "--out", "d.csv"],
        ["--data", "d.csv", "--out", "sub/../d.csv"],
        ["--data", "sub", "--plot", "sub/a.png"],
        ["--data", "sub", "--plot", "sub/b.png"],
    ):
        assert status(["train", "--units", "2", "--epochs", "1", *words]) == 2, words
        assert capsys.readouterr().err.count("\n") == 1
    assert (folder / "mine.npz").read_bytes() == mine
    assert (folder / "d.csv").read_text() == "0,1,1\n1,0,1\n"
    assert [path.name for path in (folder / "sub").iterdir()] == ["a.png"]
    (folder / "labelled").mkdir()
    os.rename("sub", "labelled/sub")
    assert status(["train", "--units", "2", "--epochs", "1", "--data", "labelled", "--plot", "labelled/sub/b.png"]) == 2
    assert "would be an image of --data" in capsys.readouterr().err
    os.rename("labelled/sub", "sub")
    assert status(["train", "--units", "2", "--epochs", "1", "--data", "sub", "--out", "sub/r.npz"]) == 0
    assert status(["train", "--units", "2", "--epochs", "2", "--data", "sub", "--out", "sub/r.npz"]) == 0


def test_tables_are_replaced_and_runs_go_on(run, capsys):
    for words in (["sample", "r.npz", "--chains", "2", "--steps", "1"], ["measure", "w.npy"], ["measure", "r.npz"]):
        assert status([*words, "--out", "t.npz"]) == 0
    assert len(Table.read("t.npz")) == 1
    open("empty.npz", "w").close()
    assert status(["measure", "w.npy", "--out", "empty.npz"]) == 0
    assert status([*TRAIN[:-3], "--epochs", "2", "--quiet", "--out", "r.npz"]) == 0
    assert run_files.load("r.npz").learner.epoch == 2
    capsys.readouterr()


def test_the_functions_do_not_either(run):
    kept = (run.parent / "mine.npz").read_bytes()
    data = datasets.load("mine.npz").images
    learner = Learner.begin(data, visible=Bernoulli(), hidden=ReLU(), units=2, rng=0)
    with pytest.raises(ValueError, match="is there and no file of a run, so it is not written over"):
        run_files.train(learner, data, epochs=1, file="mine.npz")
    with pytest.raises(ValueError, match="is there and no table of results, so it is not written over"):
        Table({"x": [1]}).write("r.npz")
    assert (run.parent / "mine.npz").read_bytes() == kept
    run_files.save("r.npz", learner)
    assert run_files.load("r.npz").learner.epoch == 1


@pytest.mark.parametrize("command", ["sample", "measure"])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("mine.npz", "holds images, must hold the weights by the name weights or "),
        ("t.npz", "holds M, N, W2, "),
        ("w.npz", "starts with the bytes 6e 6f 6e 73, must be a run"),
    ],
)
def test_a_file_that_is_no_run_is_told_by_what_it_holds(run, capsys, command, name, what):
    assert status(["measure", "w.npy", "--out", "t.npz"]) == 0
    (run.parent / "w.npz").write_bytes(b"nonsense")
    capsys.readouterr()
    assert status([command, name]) == 2
    error = capsys.readouterr().err
    assert f"{name}: {what}" in error and error.count("\n") == 1
    assert "not a file in the archive" not in error


def test_too_large_machines_are_one_line(run, capsys):
    for words in ([*TRAIN, "--units", "1000000000000"], ["sample", "r.npz", "--chains", "1000000000000"]):
        assert status(words) == 2
        error = capsys.readouterr().err
        assert "need about" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learning-rate", "-1"], "--learning-rate = -1.0: must be a finite number > 0"),
        (["--weight-decay", "nan"], "--weight-decay = nan: must be"),
        (["--momentum", "1"], "--momentum = 1.0: must be"),
        (["--threshold", "3"], "--threshold = 3.0: must be"),
        (["--threshold", "half"], "--threshold: 'half' is neither"),
        (["--data", "nofile"], "--data: 'nofile': no such file"),
    ],
)
def test_messages_name_what_was_typed(capsys, words, message):
    assert status([*TRAIN, *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not any(name in error for name in ("name_or_path", "learning_rate", "weight_decay", "grey ="))


@pytest.mark.parametrize("visible", ["bernoulli", "spin"])
def test_samples_are_images_that_can_be_learned(tmp_path, monkeypatch, capsys, visible):
    monkeypatch.chdir(tmp_path)
    assert status([*TRAIN, "--visible", visible, "--out", "r.npz"]) == 0
    capsys.readouterr()
    words = ["sample", "r.npz", "--chains", "7", "--steps", "3", "--T", "0.5", "--format", "json"]
    assert status([*words, "--out", "s.npz"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    drawn = np.array([[int(x) for x in row["v"]] for row in rows])
    with np.load("s.npz") as found:
        images = found["images"]
        assert "v" not in found.files
    assert images.shape == (7, 3, 3) and images.dtype.kind in "iu"
    values = drawn if visible == "bernoulli" else 2 * drawn - 1
    np.testing.assert_array_equal(images.reshape(7, 9), values)
    table = Table.read("s.npz")
    assert list(table.columns) == ["chain", "F", "active"] and list(table["F"]) == [row["F"] for row in rows]
    assert status(["train", "--data", "s.npz", "--visible", visible, "--units", "2", "--epochs", "1"]) == 0
    assert datasets.load("s.npz").shape == (3, 3)


@pytest.mark.some(6)
@pytest.mark.parametrize("visible", ["bernoulli", "spin"])
@pytest.mark.parametrize("hidden", ["bernoulli", "gaussian", "relu"])
@pytest.mark.parametrize("T", [0.0, 0.5, 1.0, 3.0])
def test_the_free_energy_of_samples_is_that_at_their_temperature(tmp_path, monkeypatch, capsys, visible, hidden, T):
    """F(v) = E_v − T Σ ln ∫ dh exp{(I h − U)/T}, by a sum or by quadrature for each hidden unit; min_h E at T = 0."""
    from scipy.integrate import quad

    monkeypatch.chdir(tmp_path)
    assert status([*TRAIN, "--visible", visible, "--hidden", hidden, "--out", "r.npz"]) == 0
    capsys.readouterr()
    assert status(["sample", "r.npz", "--chains", "3", "--steps", "2", "--T", T, "--format", "json"]) == 0
    rbm = run_files.load("r.npz").learner.rbm
    offset = np.asarray(rbm.hidden.offset, float)
    for row in json.loads(capsys.readouterr().out)["rows"]:
        bits = np.array([int(x) for x in row["v"]], float)
        v = bits if visible == "bernoulli" else 2 * bits - 1
        fields = v @ rbm.weights.astype(float) - (0 if hidden == "gaussian" else offset)
        F = float(np.asarray(rbm.visible.offset, float) @ v)
        for y in fields:
            if hidden == "bernoulli":
                F -= max(y, 0.0) if T == 0 else T * np.log(1 + np.exp(y / T))
            elif T == 0:
                F -= y * y / 2 if hidden == "gaussian" or y > 0 else 0.0
            else:
                low = -60.0 if hidden == "gaussian" else 0.0
                F -= T * np.log(quad(lambda h, y=y: np.exp((y * h - h * h / 2) / T), low, 60, points=[y])[0])
        assert row["F"] == pytest.approx(F, rel=2e-5, abs=2e-5)


def test_silent_means_the_same_in_both_commands(tmp_path, monkeypatch, capsys):
    """Mean over data of the number of hidden units at 0; those that no datum activates have another name."""
    monkeypatch.chdir(tmp_path)
    assert status([*TRAIN, "--units", "8", "--out", "r.npz", "--format", "json"]) == 0
    (trained,) = json.loads(capsys.readouterr().out)["rows"]
    assert status(["measure", "r.npz", "--states", "bars-and-stripes:3", "--format", "json"]) == 0
    (measured,) = json.loads(capsys.readouterr().out)["rows"]
    rbm = run_files.load("r.npz").learner.rbm
    h = np.maximum(datasets.bars_and_stripes(3).images @ rbm.weights - rbm.hidden.theta, 0)
    assert measured["silent"] == pytest.approx((h == 0).sum(axis=1).mean())
    assert measured["silent"] == pytest.approx(trained["silent"])
    assert measured["never_active"] == (h == 0).all(axis=0).sum()


def test_weights_and_states_in_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    w, v = np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(1).integers(0, 2, (5, 4))
    for suffix, write in ((".npy", np.save), (".csv", lambda name, x: np.savetxt(name, x, delimiter=","))):
        write(f"w{suffix}", w)
        write(f"v{suffix}", v)
        assert status(["measure", f"w{suffix}", "--states", f"v{suffix}", "--format", "csv"]) == 0
    first, second = capsys.readouterr().out.split("\nN,M")
    assert first.strip().removeprefix("N,M") == second.strip()


def test_an_empty_name_is_no_folder(capsys):
    assert status(["train", "--data", ""]) == 2
    assert "--data: '': no such file" in capsys.readouterr().err


def test_a_suffix_in_capitals_is_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status([*TRAIN, "--out", "R.NPZ"]) == 0
    assert run_files.load("R.NPZ").learner.epoch == 1
    kept = (tmp_path / "R.NPZ").read_bytes()
    assert status(["measure", "R.NPZ"]) == 0
    for words in (["measure", "R.NPZ", "--out", "R.NPZ"], ["sample", "R.NPZ", "--out", "R.NPZ"]):
        assert status(words) == 2
    assert (tmp_path / "R.NPZ").read_bytes() == kept
    assert status([*TRAIN[:-3], "--epochs", "2", "--quiet", "--out", "R.NPZ"]) == 0
    assert run_files.load("R.NPZ").learner.epoch == 2
    capsys.readouterr()
