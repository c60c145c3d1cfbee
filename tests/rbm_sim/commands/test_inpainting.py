"""`sample --inpaint`: images with missing pixels, in the forms that people have them, completed by the machine."""

import json

import numpy as np
import pytest

from rbm_sim.__main__ import main
from rbm_sim.learning import Learner, Options, datasets, run_files
from rbm_sim.partition import exact
from rbm_sim.units import Bernoulli, ReLU, Spin
from replica import cli

TORN = datasets.bars_and_stripes(3).images.reshape(-1, 3, 3).astype(float)
TORN[:, 1:] = np.nan
TORN[0, 0, 0] = np.nan


def status(*words):
    """Exit status, also where argparse ends the process."""
    try:
        return cli.run(main, [str(word) for word in words])
    except SystemExit as done:
        return done.code


def rows(capsys, *words):
    assert status(*words, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)["rows"]


@pytest.fixture(params=["bernoulli", "spin"])
def run(request, tmp_path, monkeypatch):
    """A folder with a run that has learned a little, r.npz, and torn images, torn.npy; its visible units."""
    monkeypatch.chdir(tmp_path)
    data = datasets.bars_and_stripes(3).images.astype(float)
    spin = request.param == "spin"
    options = Options(batch_size=14, learning_rate=0.05, centred=True)
    learner = Learner.begin(
        2 * data - 1 if spin else data,
        visible=Spin() if spin else Bernoulli(),
        hidden=ReLU(),
        units=5,
        rng=1,
        options=options,
    )
    for _ in range(200):
        learner.learn(2 * data - 1 if spin else data)
    run_files.save("r.npz", learner, about={"shape": [3, 3]})
    np.save("torn.npy", TORN)
    return request.param


def values(kind, images):
    return 2 * images - 1 if kind == "spin" else images


def test_it_is_conditional_sampling(run, capsys):
    """The same as from Python, image by image; every known pixel is kept, and the file holds what was printed."""
    table = rows(capsys, "sample", "r.npz", "--inpaint", "torn.npy", "--chains", "3", "--steps", "5", "--out", "s.npz")
    assert [(row["image"], row["chain"]) for row in table] == [(k, c) for k in range(14) for c in range(3)]
    with np.load("s.npz") as found:
        images = found["images"]
        np.testing.assert_array_equal(found["image"], np.repeat(np.arange(14), 3))
    assert images.shape == (42, 3, 3) and images.dtype == np.int8
    given = np.repeat(values(run, TORN), 3, axis=0)
    known = ~np.isnan(given)
    np.testing.assert_array_equal(images[known], given[known])
    rbm = run_files.load("r.npz").learner.rbm
    v = rbm.sample(42, 5, rng=0, values=given.reshape(42, 9)).v
    np.testing.assert_array_equal(images.reshape(42, 9), v)
    np.testing.assert_allclose([row["F"] for row in table], rbm.free_energy(v), rtol=1e-6)
    assert ["".join("1" if x > 0 else "0" for x in row) for row in v] == [row["v"] for row in table]


@pytest.mark.some(1)
@pytest.mark.medium
def test_the_law_of_what_is_missing(run, capsys):
    assert status("sample", "r.npz", "--inpaint", "torn.npy", "--chains", 2000, "--steps", 60, "--out", "s.npz") == 0
    capsys.readouterr()
    with np.load("s.npz") as found:
        drawn = found["images"].reshape(14, 2000, 9).astype(float)
    given = values(run, TORN).reshape(14, 9)
    mean = exact.conditional_mean(run_files.load("r.npz").learner.rbm, given)
    missing = np.isnan(given)
    error = np.sqrt((drawn.var(axis=1) + 1e-4) / 2000)
    z = ((drawn.mean(axis=1) - mean) / error)[missing]
    assert np.abs(z).max() < 4.5
    assert np.abs(drawn.mean(axis=1) - mean)[~missing].max() == 0


def write_text(name, separator, gap):
    lines = [separator.join(gap if np.isnan(x) else f"{x:g}" for x in row) for row in TORN.reshape(14, 9)]
    with open(name, "w") as file:
        file.write("\n".join(lines))


FORMS = {
    "single.npy": lambda name: np.save(name, TORN.astype(np.float32)),
    "half.npy": lambda name: np.save(name, TORN.astype(np.float16)),
    "foreign.npy": lambda name: np.save(name, TORN.astype(">f8")),
    "rows.npy": lambda name: np.save(name, TORN.reshape(14, 9)),
    "bytes.npy": lambda name: np.save(name, 255 * TORN),
    "grey.npy": lambda name: np.save(name, np.where(TORN > 0, 0.7, np.where(np.isnan(TORN), np.nan, 0.2))),
    "labels.npz": lambda name: np.savez(name, images=TORN, labels=np.arange(14)),
    "only.npz": lambda name: np.savez_compressed(name, anything=TORN),
    "nan.csv": lambda name: np.savetxt(name, TORN.reshape(14, 9), delimiter=","),
    "empty.csv": lambda name: write_text(name, ",", ""),
    "quoted.csv": lambda name: write_text(name, ",", '""'),
    "NA.tsv": lambda name: write_text(name, "\t", "NA"),
    "semicolon.csv": lambda name: write_text(name, ";", "?"),
    "blanks.txt": lambda name: write_text(name, " ", "nan"),
}


@pytest.mark.some(8)
@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_the_same(run, capsys, name):
    FORMS[name](name)
    words = ["sample", "r.npz", "--steps", "4", "--inpaint"]
    assert rows(capsys, *words, name) == rows(capsys, *words, "torn.npy")


def test_values_of_spins(run, capsys):
    np.save("spins.npy", 2 * TORN - 1)
    words = ["sample", "r.npz", "--steps", "4", "--inpaint"]
    if run == "spin":
        assert rows(capsys, *words, "spins.npy") == rows(capsys, *words, "torn.npy")
        return
    assert status(*words, "spins.npy") == 2
    error = capsys.readouterr().err
    assert "--inpaint: spins.npy: has the values −1 and 1 of spins" in error and error.count("\n") == 1


def test_one_image_and_a_picture(run, capsys):
    np.save("one.npy", TORN[3])
    np.save("pixels.npy", TORN[3].ravel())
    words = ["sample", "r.npz", "--steps", "4", "--chains", "6", "--plot", "p.png", "--inpaint"]
    table = rows(capsys, *words, "one.npy")
    assert [(row["image"], row["chain"]) for row in table] == [(0, c) for c in range(6)]
    assert rows(capsys, *words, "pixels.npy") == table
    with open("p.png", "rb") as file:
        assert len(file.read()) > 5000


def test_nothing_known_is_sampling(run, capsys):
    np.save("none.npy", np.full((1, 9), np.nan))
    table = rows(capsys, "sample", "r.npz", "--steps", "4", "--chains", "100", "--inpaint", "none.npy")
    plain = rows(capsys, "sample", "r.npz", "--steps", "4")
    assert [row.pop("image") for row in table] == [0] * 100
    assert table == plain


def test_grey_levels_drawn_if_those_of_the_data_were(run, capsys):
    """A run of --threshold random: known grey levels are probabilities, drawn anew with each seed."""
    kept = run_files.load("r.npz")
    run_files.save("random.npz", kept.learner, about={"shape": [3, 3], "threshold": "random"})
    grey = np.full((4000, 9), 0.3)
    grey[:, 4] = np.nan
    np.save("grey.npy", grey)
    assert status("sample", "random.npz", "--inpaint", "grey.npy", "--steps", "1", "--out", "s.npz", "--quiet") == 0
    capsys.readouterr()
    with np.load("s.npz") as found:
        known = np.delete(found["images"].reshape(4000, 9), 4, axis=1) > 0
    assert abs(known.mean() - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / known.size)


def test_a_threshold_that_leaves_nothing_is_said(run, capsys):
    """Levels 0 to 16 are taken for those out of 255, and lie below one half."""
    np.save("levels.npy", 16 * TORN)
    assert status("sample", "r.npz", "--inpaint", "levels.npy", "--steps", "1") == 0
    said = capsys.readouterr().err
    assert "--inpaint: all known pixels are 0; grey levels are cut at the run's --threshold 0.5" in said
    assert status("sample", "r.npz", "--inpaint", "torn.npy", "--steps", "1") == 0
    assert "known pixels" not in capsys.readouterr().err


@pytest.mark.some(12)
@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("full.npy", np.ones((2, 9)), "full.npy: has no missing pixels: nan marks them, in text an empty cell too"),
        ("shape.npy", TORN[:, :, :2], "shape.npy: its array has shape (14, 3, 2), images of the machine have 9 pixels"),
        (
            "inf.npy",
            np.full((1, 9), np.inf),
            "inf.npy: has the entry inf at position 0: every entry must be finite, or",
        ),
        ("low.npy", TORN - 3, "low.npy: has values from -3 to -2, grey levels lie in [0, 1]: shift and scale them"),
        ("text.npy", np.array(["a"] * 9), "text.npy: holds <U1, must be real numbers"),
        ("complex.npy", np.ones(9, complex), "complex128, must be real numbers"),
        ("nofile.npy", None, "nofile.npy: cannot be read: No such file or directory"),
        ("word.csv", "1,,0,1,,1,1,1,1\n1,,x,1,1,1,1,1,1\n", "word.csv: row 2, column 3 holds 'x': every entry must be"),
        (
            "inf.csv",
            "1,,0,1,,1,1,1,1\n1,,1,inf,1,1,1,1,1\n",
            "inf.csv: row 2, column 4 holds 'inf': every entry must be",
        ),
        ("short.csv", "1,,0,1,,1,1,1,1\n1,,1\n", "short.csv: row 2 has 3 entries, the first 9"),
        ("r.npz", None, "r.npz: holds the arrays chains, hidden, meta"),
        ("", None, "cannot be read"),
    ],
)
def test_what_is_refused(run, capsys, name, array, message):
    if isinstance(array, str):
        with open(name, "w") as file:
            file.write(array)
    elif array is not None:
        np.save(name, array)
    assert status("sample", "r.npz", "--inpaint", name) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_what_is_read_is_not_written_over(run, capsys):
    np.savez("torn.npz", images=TORN)
    write_text("torn.csv", ",", "")
    for name in ("torn.npz", "torn.csv"):
        with open(name, "rb") as file:
            kept = file.read()
        assert status("sample", "r.npz", "--inpaint", name, "--out", name) == 2
        assert "is not written over" in capsys.readouterr().err
        with open(name, "rb") as file:
            assert file.read() == kept


def test_too_many_chains_are_one_line(run, capsys):
    assert status("sample", "r.npz", "--inpaint", "torn.npy", "--chains", "100000000000") == 2
    error = capsys.readouterr().err
    assert "need about" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "command", [["train", "--units", "2", "--epochs", "1", "--data"], ["measure", "r.npz", "--states"]]
)
def test_gaps_are_for_inpainting_only(run, capsys, command):
    write_text("torn.csv", ",", "")
    for name, message in (("torn.npy", "has the entry nan at position 0"), ("torn.csv", "column 1 is empty")):
        assert status(*command, name) == 2
        assert message in capsys.readouterr().err
