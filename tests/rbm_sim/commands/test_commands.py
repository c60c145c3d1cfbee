"""The command `python -m rbm_sim`: data on stdout, one clear line for bad usage, exit status."""

import json
import math
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from rbm_sim import Bernoulli, ReLU, weight_sparsity
from rbm_sim.__main__ import build_parser, main
from rbm_sim.commands.studies import points, tasks
from rbm_sim.retrieval import critical_load
from rbm_sim.retrieval.capacity import retrieval
from rbm_sim.retrieval.trial import Setting
from rbm_sim.statistics.estimates import estimate
from rbm_sim.statistics.finite_size import extrapolate
from rbm_sim.units.named import NAMED, name_of, named
from replica import cli
from replica.sweep import sweep


def command(*words):
    return subprocess.run([sys.executable, "-m", "rbm_sim", *words], capture_output=True, text=True, check=False)


def rows(capsys, *words):
    assert cli.run(main, [*words, "--format", "json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_capacity_prints_what_python_gives(capsys):
    words = ["--visible", "bernoulli", "--hidden", "relu", "--theta", "0.5", "--g", "-0.05", "--samples", "4"]
    table = rows(capsys, "capacity", "--N", "100", "200", "--alpha", "0.4", *words, "--rng", "7")
    assert [row["N"] for row in table] == [100, 200]
    assert table[0]["theta"] == 0.5
    assert table[0]["g"] == pytest.approx(-0.05)
    result = retrieval(200, 0.4, visible=Bernoulli(-0.05), hidden=ReLU(0.5), samples=4, rng=7)
    assert table[1]["M"] == result.M == 80
    assert table[1]["m"] == result.estimate("m").mean
    assert table[1]["r_err"] == result.estimate("r").stderr
    assert table[1]["lost"] == result.lost_fraction


@pytest.mark.medium
def test_capacity_is_the_same_with_several_jobs(capsys):
    words = ["capacity", "--N", "100", "--alpha", "0.1:0.2:2", "--samples", "4"]
    assert rows(capsys, *words, "--jobs", "2") == rows(capsys, *words)


def test_a_control_with_several_values_is_a_column(capsys):
    words = ["--visible", "bernoulli", "--hidden", "relu", "--theta", "0", "1", "--g", "-1e-3"]
    table = rows(capsys, "retrieve", "--N", "50", "--alpha", "0.1", *words)
    assert [row["theta"] for row in table] == [0, 1]
    assert table[0]["dynamics"] == "single-unit"


@pytest.mark.slow
def test_critical_loads_and_their_limit(capsys, tmp_path):
    """Every row of one theta has the limit; with the same seed, on two workers, the rows are the same."""
    words = ["capacity", "--theta", "0", "0.5", "--N", "100", "200", "--samples", "6", "--rng", "3"]
    table = rows(capsys, *words, "--plot", str(tmp_path / "capacity.png"))
    assert [(row["theta"], row["N"]) for row in table] == [(0, 100), (0, 200), (0.5, 100), (0.5, 200)]
    for theta, first in ((0.0, 0), (0.5, 2)):
        loads = [
            [critical_load.sample(k, N=N, p=1.0, setting=balanced(theta), rng=3) for k in range(6)] for N in (100, 200)
        ]
        for row, found in zip(table[first : first + 2], loads, strict=True):
            assert row["alpha_mean"] == estimate([x.alpha for x in found]).mean
            assert row["alpha_half"] == np.median([x.alpha for x in found])
            assert row["g"] == pytest.approx(np.mean([x.g for x in found]), rel=1e-14)
        halves = [estimate([x.alpha for x in found]) for found in loads]
        limit = extrapolate([100, 200], [e.mean for e in halves], [e.stderr for e in halves])
        assert table[first]["alpha_c"] == table[first + 1]["alpha_c"] == limit.value
    assert (tmp_path / "capacity.png").stat().st_size > 10_000
    assert rows(capsys, *words, "--jobs", "2") == table


def balanced(theta):
    return Setting(Bernoulli(0.0), ReLU(theta), balanced=True)


def test_both_dynamics_side_by_side(capsys):
    """Above capacity alternating minimisation still keeps every pattern: its self-coupling grows with the load."""
    words = ["capacity", "--N", "1000", "--alpha", "0.25", "1", "--samples", "10"]
    table = rows(capsys, *words, "--dynamics", "single-unit", "alternating")
    kept = {(row["alpha"], row["dynamics"]): row["kept"] for row in table}
    assert kept[0.25, "single-unit"] == kept[1, "single-unit"] == 0
    assert kept[0.25, "alternating"] == kept[1, "alternating"] == 1


def test_critical_loads_that_had_not_converged_are_told(capsys):
    words = ["capacity", "--N", "300", "--samples", "4", "--max-sweeps", "1", "--quiet"]
    assert cli.run(main, words) == 1
    assert "machines with runs that had not converged after 1 sweeps" in capsys.readouterr().err


def test_patterns_that_are_never_lost(capsys):
    words = ["capacity", "--N", "100", "200", "--samples", "3", "--dynamics", "alternating", "--alpha-max", "2"]
    assert cli.run(main, [*words, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    for row in json.loads(out)["rows"]:
        assert row["never_lost"] == 1
        assert row["alpha_mean"] is row["alpha_c"] is row["crossing"] is None
    assert "never lose their pattern up to alpha = 2" in err


@pytest.mark.medium
def test_basins_shrink_with_the_load(capsys, tmp_path):
    words = ["basin", "--N", "400", "--alpha", "0.02", "0.1", "--samples", "10", "--plot", str(tmp_path / "b.svg")]
    low, high = rows(capsys, *words)
    assert high["m0_edge"] - low["m0_edge"] > 4 * math.hypot(low["m0_edge_err"], high["m0_edge_err"])
    assert low["lost"] == 0
    assert (tmp_path / "b.svg").exists()


def test_states_of_several_patterns(capsys, tmp_path):
    """At a low load the start is a fixed point: m̃ = E|W|/(Lp) with W a sum of L sparse entries, L̂ ≈ L."""
    words = ["--N", "3000", "--p", "0.1", "--g", "-0.02", "--theta", "0.1", "--alpha", "0.02", "--L", "1", "3"]
    table = rows(capsys, "retrieve", *words, "--samples", "4", "--plot", str(tmp_path / "r.png"))
    W = np.arange(-3, 4)
    law = np.convolve(np.convolve([0.05, 0.9, 0.05], [0.05, 0.9, 0.05]), [0.05, 0.9, 0.05])
    for row, expected in zip(table, (1.0, np.abs(W) @ law / 0.3), strict=True):
        assert row["lost"] == 0
        assert row["m_tilde"] == pytest.approx(expected, abs=0.04)
        assert row["L_hat"] == pytest.approx(row["L"], rel=0.1)
    (row,) = rows(capsys, "retrieve", "--N", "200", "--alpha", "0.05")
    assert row["converged"] is True
    assert row["m_tilde"] == row["m"] == 1


def test_a_study_goes_on_after_an_interruption(tmp_path, capsys):
    """The checkpoint of a study with fewer finished machines gives the same file."""
    out = tmp_path / "loads.json"
    words = ["capacity", "--N", "100", "--samples", "5", "--quiet", "--out", str(out)]
    assert cli.run(main, words) == 0
    whole = out.read_bytes()
    assert not (tmp_path / "loads.json.checkpoint").exists()
    assert cli.run(main, words) == 0
    assert out.read_bytes() == whole
    capsys.readouterr()


def test_measure(capsys, tmp_path):
    w = np.random.default_rng(0).normal(size=(6, 4))
    w[:, 3] = 0
    np.save(tmp_path / "w.npy", w)
    np.save(tmp_path / "v.npy", np.eye(6))
    (row,) = rows(capsys, "measure", str(tmp_path / "w.npy"), "--states", str(tmp_path / "v.npy"))
    assert row["p_hat"] == pytest.approx(weight_sparsity(w))
    assert row["W2"] == pytest.approx((w**2).sum() / 4)
    assert (row["N"], row["M"], row["empty"], row["states"]) == (6, 4, 1, 6)
    h = np.maximum(w, 0)
    assert row["never_active"] == (h.max(axis=0) == 0).sum() >= 1
    assert row["silent"] == (h == 0).sum() / 6 > row["never_active"]
    ratios = [(x**3).sum() ** 2 / (x**6).sum() if x.any() else 0 for x in h]
    assert row["L_hat"] == pytest.approx(np.mean(ratios))


@pytest.mark.parametrize("words", [["retrieve", "--alpha", "0.1"], ["capacity"]], ids=["retrieve", "capacity"])
def test_a_checkpoint_of_version_0_1_goes_on(capsys, tmp_path, words):
    """It names the tasks as they were called then, and its records are lists."""
    words = [*words, "--N", "60", "80", "--samples", "2", "--format", "csv", "--quiet", "--out"]
    assert cli.run(main, [*words, str(tmp_path / "whole.csv")]) == 0
    expected = capsys.readouterr().out
    args = build_parser().parse_args([*words, str(tmp_path / "parts.csv")])
    task = partial(tasks.retrieval_task, 1000, 0) if args.alpha else partial(tasks.load_task, 1000, 0, 10.0)
    every = [(point, k) for point in points.points(args, ("N",))[0] for k in range(2)]
    file = tmp_path / "parts.csv.checkpoint"
    assert len(list(sweep(task, every, checkpoint=file))) == 4
    header, *lines = file.read_text("utf-8").replace("commands.studies.tasks", "studies").splitlines()
    assert '"call\\": \\"rbm_sim.studies.' in header
    entries = [json.loads(line) for line in lines]
    kept = [json.dumps(entry | {"result": list(entry["result"].values())}) for entry in entries]
    file.write_text("\n".join([header, *kept[:3], ""]), "utf-8")
    assert cli.run(main, [*words, str(tmp_path / "parts.csv")]) == 0
    assert capsys.readouterr().out == expected
    assert not file.exists()


def test_every_unit_of_an_option_has_a_class():
    choices = []
    for name, parser in build_parser()._subparsers._group_actions[0].choices.items():
        for action in parser._actions:
            if action.dest in ("visible", "hidden"):
                choices.append((name, action.dest))
                assert set(action.choices) <= set(NAMED)
                assert all(name_of(named(choice)) == choice for choice in action.choices)
    assert len(choices) == 9


@pytest.mark.medium
def test_unconverged_runs_are_named_and_exit_1():
    result = command("retrieve", "--N", "200", "--alpha", "0.3", "--max-sweeps", "2")
    assert result.returncode == 1
    assert "N = 200, alpha = 0.3: 1 of 1 not converged after 2 sweeps" in result.stderr
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.medium
@pytest.mark.some(8)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["train"], "--data"),
        (["train", "--data", "nowhere.npy"], "nowhere.npy"),
        (["train", "--data", "bars-and-stripes:3", "--threshold", "half"], "--threshold: 'half' is neither"),
        (["train", "--data", "bars-and-stripes:3", "--learning-rate", "-1"], "--learning-rate = -1.0"),
        (["sample", "nowhere.npz"], "nowhere.npz"),
        (["capacity"], "--N is required"),
        (["basin", "--N", "100"], "--alpha is required"),
        (["retrieve", "--N", "100"], "--alpha is required"),
        (["capacity", "--N", "100", "--p", "0.1", "--theta", "0.3"], "--g is required for bernoulli units"),
        (["retrieve", "--N", "100", "--alpha", "0.05", "--L", "6"], "L = 6: there are only M = 5 patterns"),
        (["capacity", "--N", "100", "--dynamics", "greedy"], "invalid choice: 'greedy'"),
        (["capacity", "--N", "100", "--theta", "nan"], "nan"),
        (["capacity", "--N", "100", "100"], "--N has a value twice"),
        (["capacity", "--N", "100", "--alpha-max", "0"], "--alpha-max = 0: must be a finite number > 0"),
        (["basin", "--N", "100", "--alpha", "0.1", "--noise", "0.1"], "--noise: a basin is measured"),
        (["capacity", "--N", "0", "--alpha", "0.1"], "N = 0"),
        (["capacity", "--N", "10.5", "--alpha", "0.1"], "--N"),
        (["capacity", "--N", "10", "--alpha", "-0.1"], "alpha = -0.1"),
        (["capacity", "--N", "10", "--alpha", "0.1", "--p", "1.5"], "p = 1.5"),
        (["capacity", "--N", "10", "--hidden", "gaussian", "--theta", "1"], "--theta needs --hidden relu"),
        (["retrieve", "--N", "10", "--alpha", "0.1", "--noise", "2"], "noise = 2.0"),
        (["measure", "missing.npy"], "missing.npy: No such file"),
        (["measure", "missing.npy", "--exponent", "0"], "--exponent = 0.0: must be a finite number > 0"),
        (["measure", "missing.npy", "--theta", "nan"], "--theta = nan: must be a finite number"),
        (["retrieve", "--N", "10", "--alpha", "1e300"], "alpha = 1e+300: N = 10 makes 1e+302 pattern entries"),
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
