"""The command `python -m rbm_sim`: data on stdout, one clear line for bad usage, exit status."""

import json
import subprocess
import sys

import numpy as np
import pytest

from rbm_sim import Bernoulli, ReLU, weight_sparsity
from rbm_sim.__main__ import main
from rbm_sim.capacity import retrieval
from replica import cli


def command(*words):
    return subprocess.run([sys.executable, "-m", "rbm_sim", *words], capture_output=True, text=True, check=False)


def rows(capsys, *words):
    assert cli.run(main, [*words, "--format", "json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_capacity_prints_what_python_gives(capsys):
    words = ["--visible", "bernoulli", "--hidden", "relu", "--theta", "0.5", "--g", "-0.05", "--samples", "4"]
    table = rows(capsys, "capacity", "--N", "100", "200", "--alpha", "0.4", *words, "--rng", "7")
    assert [row["N"] for row in table] == [100, 200]
    assert "theta" not in table[0]
    result = retrieval(200, 0.4, visible=Bernoulli(-0.05), hidden=ReLU(0.5), samples=4, rng=7)
    assert table[1]["M"] == result.M == 80
    assert table[1]["m"] == result.estimate("m").mean
    assert table[1]["r_err"] == result.estimate("r").stderr
    assert table[1]["lost"] == result.lost_fraction


def test_capacity_is_the_same_with_several_jobs(capsys):
    words = ["capacity", "--N", "100", "--alpha", "0.1:0.2:2", "--samples", "4"]
    assert rows(capsys, *words, "--jobs", "2") == rows(capsys, *words)


def test_a_control_with_several_values_is_a_column(capsys):
    words = ["--visible", "bernoulli", "--hidden", "relu", "--theta", "0", "1", "--g", "-1e-3"]
    table = rows(capsys, "retrieve", "--N", "50", "--alpha", "0.1", *words)
    assert [row["theta"] for row in table] == [0, 1]
    assert table[0]["dynamics"] == "single-unit"


def test_measure(capsys, tmp_path):
    w = np.random.default_rng(0).normal(size=(6, 4))
    w[:, 3] = 0
    np.save(tmp_path / "w.npy", w)
    np.save(tmp_path / "v.npy", np.eye(6))
    (row,) = rows(capsys, "measure", str(tmp_path / "w.npy"), "--states", str(tmp_path / "v.npy"))
    assert row["p_hat"] == pytest.approx(weight_sparsity(w))
    assert row["W2"] == pytest.approx((w**2).sum() / 4)
    assert (row["N"], row["M"], row["silent"], row["states"]) == (6, 4, 1, 6)
    h = np.maximum(w, 0)
    ratios = [(x**3).sum() ** 2 / (x**6).sum() if x.any() else 0 for x in h]
    assert row["L_hat"] == pytest.approx(np.mean(ratios))


def test_unconverged_runs_are_named_and_exit_1():
    result = command("retrieve", "--N", "200", "--alpha", "0.3", "--max-sweeps", "2")
    assert result.returncode == 1
    assert "N = 200, alpha = 0.3: 1 of 1 not converged after 2 sweeps" in result.stderr
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["train"], "train"),
        (["capacity", "--N", "100"], "--alpha is required"),
        (["capacity", "--N", "0", "--alpha", "0.1"], "N = 0"),
        (["capacity", "--N", "10.5", "--alpha", "0.1"], "--N"),
        (["capacity", "--N", "10", "--alpha", "-0.1"], "alpha = -0.1"),
        (["capacity", "--N", "10", "--alpha", "0.1", "--p", "1.5"], "p = 1.5"),
        (["capacity", "--N", "10", "--alpha", "0.1", "--theta", "1"], "--theta needs --hidden relu"),
        (["retrieve", "--N", "10", "--alpha", "0.1", "--noise", "2"], "noise = 2.0"),
        (["measure", "missing.npy"], "missing.npy: No such file"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(words, message):
    result = command(*words)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


def test_nothing_heavy_is_imported_for_help():
    code = (
        "import sys, rbm_sim; assert 'numpy' not in sys.modules; rbm_sim.RBM, rbm_sim.capacity; "
        "import rbm_sim.__main__; rbm_sim.__main__.build_parser(); "
        "print([name for name in ('scipy', 'matplotlib', 'dask', 'mpmath') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
