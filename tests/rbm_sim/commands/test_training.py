"""The commands train and sample."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rbm_sim.__main__ import main
from rbm_sim.commands.training_plot import side
from rbm_sim.learning import run_files
from rbm_sim.learning.measurements import describe
from replica import cli

WORDS = ["train", "--data", "bars-and-stripes:4", "--units", "6", "--learning-rate", "0.05", "--batch-size", "10"]


def rows(capsys, *words):
    assert cli.run(main, [*words, "--format", "json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


@pytest.mark.medium
def test_a_run_goes_on_where_it_stopped(capsys, tmp_path):
    whole, parts = tmp_path / "whole.npz", tmp_path / "parts.npz"
    table = rows(capsys, *WORDS, "--epochs", "5", "--out", str(whole), "--plot", str(tmp_path / "run.png"))
    rows(capsys, *WORDS, "--epochs", "2", "--out", str(parts))
    again = rows(capsys, *WORDS, "--epochs", "5", "--out", str(parts))
    assert again == table
    assert [row["epoch"] for row in table] == [1, 2, 3, 4, 5]
    first, second = (run_files.load(file)[0].parameters for file in (whole, parts))
    np.testing.assert_array_equal(first.w, second.w)
    assert (tmp_path / "run.png").stat().st_size > 20_000


def test_rows_are_measured_on_the_machine(capsys, tmp_path):
    from rbm_sim.learning import datasets

    out = tmp_path / "run.npz"
    (row,) = rows(capsys, *WORDS, "--epochs", "1", "--hidden", "bernoulli", "--out", str(out))
    expected = describe(run_files.load(out)[0].rbm, datasets.load("bars-and-stripes:4").images)
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-6), name


@pytest.mark.medium
@pytest.mark.parametrize("visible", ["bernoulli", "spin"])
@pytest.mark.parametrize("hidden", ["bernoulli", "spin", "gaussian", "relu"])
def test_every_pair_learns_and_is_sampled(capsys, tmp_path, visible, hidden):
    out = tmp_path / "run.npz"
    rows(capsys, *WORDS, "--visible", visible, "--hidden", hidden, "--epochs", "2", "--out", str(out))
    table = rows(capsys, "sample", str(out), "--chains", "5", "--steps", "3", "--plot", str(tmp_path / "s.png"))
    assert len(table) == 5
    assert {len(row["v"]) for row in table} == {16}
    rbm = run_files.load(out).learner.rbm
    drawn = np.array([[int(x) for x in row["v"]] for row in table])
    inputs = rbm.inputs(drawn if visible == "bernoulli" else 2 * drawn - 1)
    assert [row["active"] for row in table] == (rbm.hidden.mode(inputs) != 0).sum(axis=1).tolist()
    assert table == rows(capsys, "sample", str(out), "--chains", "5", "--steps", "3")


def test_the_history_alone(capsys, tmp_path):
    table = rows(capsys, *WORDS, "--epochs", "2", "--out", str(tmp_path / "history.csv"))
    assert len((tmp_path / "history.csv").read_text().splitlines()) >= 3
    assert len(table) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--k", "3"], "k = 1, not 3"),
        (["--learning-rate", "0.1"], "learning_rate = 0.05, not 0.1"),
        (["--hidden", "spin"], "hidden = relu, not spin"),
        (["--rng", "7"], "rng = "),
        (["--data", "OTHER"], "data (digest) = "),
    ],
)
def test_other_options_and_data_do_not_go_on(capsys, tmp_path, words, message):
    out, other = tmp_path / "run.npz", tmp_path / "other.npy"
    np.save(other, np.random.default_rng(0).integers(0, 2, (30, 16)))
    rows(capsys, *WORDS, "--epochs", "1", "--out", str(out))
    kept = out.read_bytes()
    words = [str(other) if word == "OTHER" else word for word in words]
    assert cli.run(main, [*WORDS, "--epochs", "2", *words, "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "was begun with other options, " + message in err
    assert len(err.splitlines()) == 1
    assert out.read_bytes() == kept


def test_the_file_says_where_it_comes_from(capsys, tmp_path):
    out = tmp_path / "run.npz"
    rows(capsys, *WORDS, "--epochs", "1", "--rng", "3", "--out", str(out))
    about = run_files.load(out).about
    assert (about["shape"], about["threshold"], about["seed"]) == ([4, 4], 0.5, 3)
    assert about["parameters"]["data"] == "bars-and-stripes:4"
    assert about["version"]


def test_divergence_is_one_line_and_keeps_the_file(capsys, tmp_path):
    out = tmp_path / "run.npz"
    words = [*WORDS[:-4], "--penalty", "1e30", "--batch-size", "10"]
    assert cli.run(main, [*words, "--epochs", "50", "--out", str(out), "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "learning diverged in epoch 1" in err
    assert "or penalty = 1e+30 is too large" in err
    assert len(err.splitlines()) == 1
    rows(capsys, *WORDS, "--epochs", "1", "--decay", "1", "--out", str(out))
    kept = out.read_bytes()
    run = run_files.load(out)
    run.learner.options = replace(run.learner.options, learning_rate=100.0)
    run_files.save(out, run.learner, run.history, run.about)
    wild = out.read_bytes()
    words = [*WORDS[:-4], "--learning-rate", "100", "--batch-size", "10"]
    assert cli.run(main, [*words, "--epochs", "50", "--out", str(out), "--quiet"]) == 2
    assert "learning_rate = 100 is too large" in capsys.readouterr().err
    assert out.read_bytes() == wild != kept


def test_nothing_learned_is_one_line(capsys):
    words = ["train", "--data", "bars-and-stripes:3", "--units", "3", "--epochs", "2", "--quiet"]
    assert cli.run(main, [*words, "--learning-rate", "1e-12"]) == 0
    err = capsys.readouterr().err
    assert "nothing was learned: after epoch 2 the random weights have moved by 0" in err
    assert err.endswith("try a larger --learning-rate\n") and err.count("\n") == 1
    assert cli.run(main, words) == 0 and "nothing" not in capsys.readouterr().err


def test_spins_in_a_file(capsys, tmp_path):
    spins = 2 * np.random.default_rng(0).integers(0, 2, (30, 9)) - 1
    np.save(tmp_path / "spins.npy", spins)
    words = ["train", "--data", str(tmp_path / "spins.npy"), "--units", "3", "--epochs", "1", "--hidden", "gaussian"]
    (row,) = rows(capsys, *words, "--visible", "spin", "--out", str(tmp_path / "run.npz"))
    expected = describe(run_files.load(tmp_path / "run.npz").learner.rbm, spins)
    assert row["F"] == pytest.approx(expected["F"], rel=1e-6)
    assert cli.run(main, [*words, "--visible", "bernoulli"]) == 2
    assert "--visible spin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--likelihood", "5", "--epochs", "2"], "--likelihood: epoch 5 is beyond --epochs 2"),
        (["--test", "digits"], "--test needs --likelihood"),
        (["--data", "nofile"], "--data: 'nofile': no such file"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, words, message):
    assert cli.run(main, [*WORDS, *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("units", ["1000000000", "1000000000000000000"])
def test_more_units_than_memory_holds_are_one_line(capsys, units):
    """At 16 visible units and 10⁹ hidden ones the weights alone take 64 GB."""
    assert cli.run(main, [*WORDS, "--epochs", "1", "--units", units]) == 2
    err = capsys.readouterr().err
    assert f"--units = {units}: so many hidden units need about" in err and err.count("\n") == 1


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("visible", "hidden"),
    [("spin", "relu"), ("spin", "gaussian"), ("spin", "spin"), ("bernoulli", "gaussian")],
)
def test_default_rates_do_not_run_away(capsys, visible, hidden):
    """From independent units, −11.09, towards −ln 30 = −3.40, by the exact sum in the first row and in the last."""
    words = ["train", "--data", "bars-and-stripes:4", "--units", "10", "--epochs", "300"]
    found = rows(capsys, *words, "--visible", visible, "--hidden", hidden, "--likelihood", "1", "300")
    first, last = found[0]["log_likelihood"], found[-1]["log_likelihood"]
    assert first == pytest.approx(-11.09, abs=0.06)
    assert -9.5 < last < -np.log(30)
    assert found[-1]["log_Z_err"] == 0


def test_one_colour_is_warned_of(capsys, tmp_path):
    np.save(tmp_path / "dark.npy", np.random.default_rng(0).integers(0, 17, (20, 9)).astype(np.uint8))
    assert cli.run(main, ["train", "--data", str(tmp_path / "dark.npy"), "--units", "2", "--epochs", "1"]) == 0
    assert "--data: all pixels are 0" in capsys.readouterr().err


def test_describe_by_sums():
    rng = np.random.default_rng(0)
    from rbm_sim import RBM, Bernoulli, ReLU

    w, v = rng.normal(size=(5, 3)), rng.integers(0, 2, (4, 5))
    row = describe(RBM(w, visible=Bernoulli(0.1), hidden=ReLU(0.2)), v)
    h = np.maximum(v @ w - 0.2, 0)
    ratio = np.array([(x**3).sum() ** 2 / (x**6).sum() if x.any() else 0 for x in h])
    overlaps = []
    for x, state, L in zip(h, v, ratio, strict=True):
        chosen = np.argsort(-x, kind="stable")[: max(1, round(L))]
        overlaps.append(np.mean([(w[:, mu] @ (2 * state - 1)) / np.abs(w[:, mu]).sum() for mu in chosen]))
    assert row["L_hat"] == pytest.approx(ratio.mean())
    assert row["silent"] == (h == 0).sum() / 4
    assert row["m_tilde"] == pytest.approx(np.mean(overlaps))
    assert row["T_eff"] == pytest.approx(row["p_hat"] / ((w**2).sum() / 3))
    assert (side(64), side(12), side(7)) == ((8, 8), (3, 4), (1, 7))


@pytest.mark.medium
def test_the_likelihood_after_chosen_epochs(capsys, tmp_path):
    small = [*WORDS, "--hidden", "bernoulli", "--epochs", "3", "--likelihood", "2", "--plot", str(tmp_path / "run.png")]
    first, second, third = rows(capsys, *small)
    assert first["log_likelihood"] is None
    assert third["log_likelihood"] is None
    assert second["log_Z_err"] == 0


@pytest.mark.slow
def test_the_likelihood_by_annealing(capsys, tmp_path, monkeypatch):
    """20 ReLU units and 9 pixels, not enumerated by the command but here: |z| < 4 with its own error."""
    from rbm_sim.learning import datasets
    from rbm_sim.partition import exact

    monkeypatch.setattr("rbm_sim.learned.ENUMERATED", 8)
    out = tmp_path / "run.npz"
    words = ["train", "--data", "bars-and-stripes:3", "--units", "20", "--epochs", "50", "--likelihood", "50"]
    *_, row = rows(capsys, *words, "--out", str(out))
    rbm = run_files.load(out).learner.rbm
    z = (row["log_Z"] - exact.log_partition(rbm)) / row["log_Z_err"]
    assert 0 < row["log_Z_err"] < 0.05
    assert abs(z) < 4
    likelihood = exact.log_likelihood(rbm, datasets.load("bars-and-stripes:3").images)
    assert row["log_likelihood"] == pytest.approx(likelihood, abs=4 * row["log_Z_err"])


def test_the_likelihood_of_other_data(capsys, tmp_path):
    np.save(tmp_path / "black.npy", np.zeros((5, 16), np.uint8))
    words = [*WORDS, "--hidden", "bernoulli", "--epochs", "1", "--likelihood", "1", "--test"]
    (row,) = rows(capsys, *words, str(tmp_path / "black.npy"))
    (own,) = rows(capsys, *words[:-1])
    assert row["log_Z"] == own["log_Z"]
    assert row["log_likelihood"] != own["log_likelihood"]
    assert cli.run(main, [*words, "bars-and-stripes:3"]) == 2
    assert "--test: 9 pixels, but --data has 16" in capsys.readouterr().err


@pytest.mark.parametrize("visible", ["bernoulli", "spin"])
def test_a_run_is_measured(capsys, tmp_path, visible):
    out = tmp_path / "run.npz"
    history = rows(capsys, *WORDS, "--epochs", "2", "--visible", visible, "--hidden", "relu", "--out", str(out))
    (row,) = rows(capsys, "measure", str(out), "--states", "bars-and-stripes:4")
    for name in ("p_hat", "W2", "L_hat"):
        assert row[name] == pytest.approx(history[-1][name], rel=1e-5), name
    assert (row["N"], row["M"], row["states"]) == (16, 6, 30)
    for words, message in (
        ([str(out), "--hidden", "relu"], "a run has its own hidden units"),
        ([str(tmp_path / "none.npz")], "No such file"),
        ([str(out), "--states", "bars-and-stripes:3"], "9 columns, but the weights have 16 rows"),
    ):
        assert cli.run(main, ["measure", *words]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(("data", "size"), [("bars-and-stripes:4", 10), ("bars-and-stripes:10", 20)])
def test_batches_fit_the_data(capsys, tmp_path, data, size):
    out = tmp_path / "run.npz"
    rows(capsys, "train", "--data", data, "--units", "4", "--epochs", "1", "--out", str(out))
    assert run_files.load(out)[0].options.batch_size == size


@pytest.mark.parametrize("T", ["1e300", "1e-300"])
def test_temperatures_that_a_machine_cannot_hold(tmp_path, capsys, T):
    file = str(tmp_path / "r.npz")
    assert cli.run(main, ["train", "--data", "bars-and-stripes:3", "--units", "2", "--epochs", "1", "--out", file]) == 0
    capsys.readouterr()
    assert cli.run(main, ["sample", file, "--chains", "1", "--steps", "1", "--T", T]) == 2
    error = capsys.readouterr().err
    assert "must be 0 or lie between" in error and error.count("\n") == 1
