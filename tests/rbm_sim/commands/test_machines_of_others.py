"""The commands sample and measure read machines of other programs by their suffix."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, ReLU, Spin, interchange
from rbm_sim.__main__ import main
from rbm_sim.learning import datasets
from replica import cli

pytest.importorskip("h5py")
FILES = ["m.npz", "m.h5", "m.hdf5", "m.safetensors"]
W = 0.6 * np.sin(np.arange(18.0)).reshape(9, 2)


def status(*words):
    """Exit status, also where argparse ends the process."""
    try:
        return cli.run(main, [str(word) for word in words])
    except SystemExit as done:
        return done.code


@pytest.fixture
def rbm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return RBM(W, visible=Bernoulli(0.2), hidden=Bernoulli(-0.1))


def rows(*words):
    assert status(*words, "--out", "t.csv") == 0
    with open("t.csv", encoding="utf-8") as file:
        return list(csv.DictReader(io.StringIO("".join(line for line in file if not line.startswith("#")))))


@pytest.mark.parametrize("name", FILES)
def test_sample_and_measure(rbm, name, capsys):
    interchange.save(rbm, name)
    drawn = rows("sample", name, "--chains", 5, "--steps", 3, "--rng", 0)
    v = np.array([[int(bit) for bit in row["v"]] for row in drawn], float)
    assert (v == rbm.sample(5, 3, rng=0).v).all()
    assert [float(row["F"]) for row in drawn] == pytest.approx(rbm.free_energy(v).tolist(), rel=1e-12)
    (row,) = rows("measure", name, "--states", "bars-and-stripes:3")
    states = datasets.bars_and_stripes(3).images
    assert float(row["W2"]) == pytest.approx((W**2).sum() / 2, rel=1e-12)
    assert float(row["silent"]) == (states @ W < 0.1).sum(axis=1).mean()


def test_an_image_keeps_its_shape(rbm):
    """That of a layer of RestrictedBoltzmannMachines.jl of two axes."""
    import h5py

    interchange.save(rbm, "m.h5", "RestrictedBoltzmannMachines.jl")
    with h5py.File("m.h5", "a") as file:
        for name, shape in (("weights", (2, 3, 3)), ("visible_par", (3, 3, 1))):
            array = file[name][()].reshape(shape)
            del file[name]
            file[name] = array
    assert status("sample", "m.h5", "--chains", 4, "--steps", 1, "--out", "s.npz") == 0
    assert np.load("s.npz")["images"].shape == (4, 3, 3)


def test_hidden_units_of_plain_weights(rbm, capsys):
    np.savez("m.npz", W=W)
    (row,) = rows("measure", "m.npz", "--states", "bars-and-stripes:3", "--hidden", "relu")
    assert float(row["silent"]) == (datasets.bars_and_stripes(3).images @ W <= 0).sum(axis=1).mean()
    assert status("measure", "m.npz", "--hidden", "relu", "--theta", "0.1") == 2
    assert "--theta: is for a file of weights alone" in capsys.readouterr().err
    interchange.save(RBM(W, visible=Spin(), hidden=ReLU(0.1)), "m.npz")
    assert status("measure", "m.npz", "--hidden", "relu") == 2
    assert "--hidden, --theta: the file says its hidden units" in capsys.readouterr().err


def test_plain_weights_are_sampled(rbm):
    np.save("w.npy", W)
    assert len(rows("sample", "w.npy", "--chains", 3, "--steps", 1)) == 3


@pytest.mark.parametrize("command", ["sample", "measure"])
@pytest.mark.parametrize("name", FILES)
def test_no_traceback(rbm, capsys, command, name):
    Path(name).write_bytes(b"no machine at all")
    assert status(command, name) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"{name}: starts with the bytes 6e 6f 20 6d" in error
    Path(name).unlink()
    assert status(command, name) == 2
    assert f"{name}: cannot be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("name", FILES)
def test_a_machine_is_not_written_over(rbm, capsys, name):
    interchange.save(rbm, name)
    kept = Path(name).read_bytes()
    assert status("sample", name, "--chains", 1, "--steps", 1, "--out", name) == 2
    assert Path(name).read_bytes() == kept


@pytest.mark.medium
@pytest.mark.parametrize("name", ["m.h5", "m.safetensors"])
def test_place(rbm, name):
    interchange.save(rbm, name)
    (row,) = rows("place", name, "--data", "bars-and-stripes:3")
    assert (int(row["N"]), int(row["M"])) == (9, 2)
    assert float(row["W2"]) == pytest.approx((W**2).sum() / 2, rel=1e-12)
