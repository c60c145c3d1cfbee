"""Real-valued data through the commands: learned in their own units, continued, sampled, measured."""

import json

import numpy as np
import pytest

from rbm_sim import likelihood
from rbm_sim.__main__ import main
from rbm_sim.learning import run_files
from rbm_sim.learning.gaussian_fit import factor_analysis
from rbm_sim.learning.measurements import describe
from replica import cli

KINDS = ["bernoulli", "spin", "gaussian", "relu"]


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 4)) + 0.7 * rng.normal(size=(300, 4))
    np.save(tmp_path / "data.npy", x * [1, 20, 0.1, 5] + [0, -300, 2, 1])
    return tmp_path / "data.npy"


def run(capsys, *words, code=0):
    assert cli.run(main, [str(word) for word in (*words, "--format", "json", "--quiet")]) == code
    text = capsys.readouterr()
    return text if code else (json.loads(text.out)["rows"], text.err)


@pytest.mark.parametrize("hidden", KINDS)
def test_a_run_in_the_units_of_the_data(capsys, tmp_path, file, hidden):
    words = ["train", "--data", file, "--visible", "gaussian", "--hidden", hidden, "--units", "3"]
    whole, parts = tmp_path / "whole.npz", tmp_path / "parts.npz"
    table, _ = run(capsys, *words, "--epochs", "4", "--out", whole)
    run(capsys, *words, "--epochs", "2", "--out", parts)
    assert run(capsys, *words, "--epochs", "4", "--out", parts)[0] == table
    one, other = (run_files.load(kept).learner for kept in (whole, parts))
    for mine, theirs in zip(one.parameters.arrays(), other.parameters.arrays(), strict=True):
        assert np.array_equal(mine, theirs)
    x = np.load(file)
    for name, value in describe(one.rbm, x).items():
        assert table[-1][name] == pytest.approx(value, rel=1e-6), name
    assert table[-1]["pseudo_ll"] == pytest.approx(likelihood.pseudo_log_likelihood(one.rbm, x[:100]).mean, rel=1e-9)
    samples, _ = run(capsys, "sample", whole, "--chains", "400", "--steps", "50", "--out", tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as kept:
        v = kept["images"]
    assert v.dtype == np.float64
    assert np.abs((v.mean(axis=0) - x.mean(axis=0)) / x.std(axis=0)).max() < 0.5
    assert np.abs(np.log(v.std(axis=0) / x.std(axis=0))).max() < 0.7
    assert np.array([row["v"].split() for row in samples], float) == pytest.approx(v, rel=1e-5)
    again, _ = run(capsys, "train", "--data", tmp_path / "s.npz", "--visible", "gaussian", "--units", 2, "--epochs", 1)
    assert len(again) == 1
    (measured,), _ = run(capsys, "measure", whole, "--states", file)
    for name in ("p_hat", "W2", "L_hat", "silent"):
        assert measured[name] == pytest.approx(table[-1][name], rel=1e-6), name


def test_the_likelihood_of_two_gaussian_layers_is_known(capsys, tmp_path, file):
    words = ["train", "--data", file, "--visible", "gaussian", "--hidden", "gaussian", "--units", "2"]
    table, _ = run(
        capsys, *words, "--epochs", "100", "--learning-rate", "0.02", "--decay", "0.97", "--likelihood", "100"
    )
    assert table[-1]["log_Z_err"] == 0
    x = np.load(file)
    best = factor_analysis(x, 2).log_likelihood
    assert likelihood.independent_gaussians(x, x).mean + 0.1 < table[-1]["log_likelihood"] < best
    assert table[-1]["log_likelihood"] == pytest.approx(best, abs=0.05)


def test_other_data_do_not_continue_a_run(capsys, tmp_path, file):
    """Data that differ behind the comma are others."""
    words = ["train", "--visible", "gaussian", "--units", "2", "--out", tmp_path / "run.npz"]
    run(capsys, *words, "--data", file, "--epochs", "1")
    other = tmp_path / "other.npy"
    np.save(other, np.load(file) + 1e-6)
    assert "data (digest)" in run(capsys, *words, "--data", other, "--epochs", "2", code=2).err


def test_constant_columns_are_named(capsys, tmp_path, file):
    x = np.column_stack([np.load(file), np.full(300, 7.0)])
    np.save(file, x)
    _, said = run(capsys, "train", "--data", file, "--visible", "gaussian", "--units", "2", "--epochs", "1")
    assert "1 of 5 columns do not vary" in said


def test_two_valued_units_name_the_ones_that_learn_real_values(capsys, file):
    assert "--visible gaussian learns real values" in run(capsys, "train", "--data", file, code=2).err


def test_an_offset_costs_no_digits(capsys, tmp_path):
    """Far from 0 the same is learned as at 0: files are read in double precision."""
    x = np.round(np.random.default_rng(3).normal(size=(60, 3)) * 64) / 64  # shifted without rounding
    words = ["train", "--visible", "gaussian", "--hidden", "bernoulli", "--units", "2", "--epochs", "3", "--data"]
    tables = []
    for offset in (0, 2.0**30):
        np.save(tmp_path / "data.npy", x + offset)
        table, said = run(capsys, *words, tmp_path / "data.npy")
        assert said == ""
        tables.append([[row[name] for name in ("W2", "p_hat", "L_hat", "pseudo_ll")] for row in table])
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-4)


RATINGS = np.random.default_rng(4).integers(1, 6, size=(40, 4))


@pytest.mark.parametrize("form", ["text", "array"])
def test_real_values_have_no_scale_of_their_own_in_each_file(capsys, tmp_path, form):
    """Whole numbers of a file and halves of another are in the same units, those of the samples."""

    def write(name, values):
        if form == "array":
            np.save(tmp_path / f"{name}.npy", values)
            return tmp_path / f"{name}.npy"
        np.savetxt(tmp_path / f"{name}.csv", values, fmt="%g", delimiter=",")
        return tmp_path / f"{name}.csv"

    half = RATINGS.astype(float)
    half[0, 0] = 2.5
    files = write("whole", RATINGS), write("half", half)
    words = ["train", "--visible", "gaussian", "--hidden", "gaussian", "--units", "2", "--epochs", "2"]
    (*_, one), _ = run(capsys, *words, "--data", files[0], "--validate", files[1], "--out", tmp_path / "r.npz")
    assert one["valid_pseudo_ll"] == pytest.approx(one["pseudo_ll"], abs=0.1)
    run(capsys, "sample", tmp_path / "r.npz", "--chains", "50", "--steps", "20", "--out", tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as kept:
        assert kept["images"].mean() == pytest.approx(3, abs=0.5)
    measured = [run(capsys, "measure", tmp_path / "r.npz", "--states", name)[0][0]["L_hat"] for name in files]
    assert measured[0] == pytest.approx(measured[1], rel=0.1)


@pytest.mark.parametrize("known", [[10, 9, 10, 11], [10.5, 9, 10, 11], [0, 255, 17, 300]])
def test_known_values_are_held_as_they_are(capsys, tmp_path, known):
    np.save(tmp_path / "data.npy", np.random.default_rng(5).normal(10, 1, size=(50, 5)))
    words = ["train", "--data", tmp_path / "data.npy", "--visible", "gaussian", "--units", "2", "--epochs", "1"]
    run(capsys, *words, "--out", tmp_path / "r.npz")
    torn = tmp_path / "torn.csv"
    torn.write_text(f"{known[0]},{known[1]},,{known[2]},{known[3]}\n")
    run(capsys, "sample", tmp_path / "r.npz", "--inpaint", torn, "--steps", "3", "--out", tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as kept:
        assert np.delete(kept["images"][0], 2).tolist() == known


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e308])
def test_sizes_that_no_variance_has_are_named(capsys, tmp_path, size):
    file = tmp_path / "data.npy"
    np.save(file, np.random.default_rng(0).uniform(-1, 1, size=(20, 3)) * [1, size, 1])
    said = run(capsys, "train", "--data", file, "--visible", "gaussian", "--units", 1, "--epochs", 1, code=2).err
    assert f"--data {file}: data has a column of size " in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("offset", [0, 1e9])
@pytest.mark.parametrize("hidden", ["gaussian", "bernoulli"])
def test_the_likelihood_does_not_feel_an_offset(capsys, tmp_path, offset, hidden):
    """ln P of the file shifted and of the machine of it: as of unshifted data, of independent normal laws nearly."""
    x = np.random.default_rng(0).normal(size=(100, 3))
    np.save(tmp_path / "data.npy", x + offset)
    words = ["train", "--visible", "gaussian", "--hidden", hidden, "--units", 1, "--epochs", 2, "--likelihood", 2]
    table, said = run(capsys, *words, "--data", tmp_path / "data.npy")
    assert said == "" and table[-1]["log_likelihood"] == pytest.approx(
        likelihood.independent_gaussians(x, x).mean, abs=0.1
    )
