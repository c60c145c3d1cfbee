"""Load at which finite machines lose their patterns at T = 0, against size: the capacity by experiment.

Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985), and its threshold version in the slides of Manzan (2021). Every
machine gets patterns until single-unit moves that start from the first one lose it; symbols are means over machines,
divided by the replica-symmetric α_c(θ) = α_c/(2 H2(√2 θ)), open ones the limit N → ∞ with both its errors, drawn side
by side at 1/√N ≤ 0. Errors of the scatter are those of a Gaussian law, width/√(2(n − 1)) for n machines. The field of
the threshold machines is measured in them (half of the units on), not taken from theory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import rbm_sim
import replica
from figures._spread import spread
from rbm_sim.retrieval import critical_load
from rbm_sim.retrieval.trial import Setting
from rbm_sim.statistics.estimates import estimate
from rbm_sim.statistics.finite_size import extrapolate
from replica.models import Hopfield, ThresholdHopfield
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 1985
SAMPLES = {500: 400, 1000: 400, 2000: 200, 4000: 80, 8000: 40}
THETAS = (None, 0.0, 0.5, 1.0)
"""None is the Hopfield model: spins, Gaussian hidden units."""
LARGEST = {0.5: 4000, 1.0: 4000}
KEYS = ("theta", "N")
"""Columns that a point sets."""
SPOT = (0, 5)
"""Rows that the tests compute again."""

POINTS = [(theta, N) for theta in THETAS for N in SAMPLES if LARGEST.get(theta or 0.0, math.inf) >= N]


def load(task: tuple[float | None, int, int]) -> float:
    """Critical load of one machine.

    Parameters
    ----------
    task : tuple
        θ (None: Hopfield), N and the index of the machine.

    Returns
    -------
    float
        The α at which this machine loses its pattern, found by bisection.
    """
    theta, N, index = task
    if theta is None:
        setting = Setting(rbm_sim.Spin(), rbm_sim.Gaussian())
    else:
        setting = Setting(rbm_sim.Bernoulli(), rbm_sim.ReLU(theta), balanced=True)
    return critical_load.sample(index, N=N, p=1.0, setting=setting, rng=SEED).alpha


def row(point: tuple[float | None, int], loads: list[float] | None = None) -> Row:
    """Mean and width of the critical loads of one size.

    Parameters
    ----------
    point : tuple
        θ and N.
    loads : list of float, optional
        Critical loads; by default they are computed here.

    Returns
    -------
    dict
        Model, θ, N, samples, mean load α with its error, width of the distribution, and α_c of theory.
    """
    theta, N = point
    loads = [load((theta, N, k)) for k in range(SAMPLES[N])] if loads is None else loads
    half = estimate(loads)
    name = "Hopfield" if theta is None else "threshold"
    return {
        "model": name,
        "theta": theta,
        "N": N,
        "samples": half.n,
        "alpha": half.mean,
        "alpha_err": half.stderr,
        "width": half.stderr * math.sqrt(half.n),
        "alpha_syst": None,
        "alpha_c": _theory(theta),
    }


def _theory(theta: float | None) -> float:
    model: Any = Hopfield(alpha=1e-3) if theta is None else ThresholdHopfield(alpha=1e-3, theta=theta)
    return float(replica.spinodal(model, along="alpha").value)


def compute() -> Table:
    """Critical loads of all sizes, and their limits.

    Returns
    -------
    Table
        Columns model, theta (null for Hopfield), N (null for the limit), samples, alpha, alpha_err, width (scatter of
        machines), alpha_syst (of the limit: what the choice of the exponent leaves open), alpha_c (theory).
    """
    tasks = [(*point, k) for point in POINTS for k in range(SAMPLES[point[1]])]
    loads = dict(zip(tasks, spread(load, tasks), strict=True))
    rows = [row(point, [loads[(*point, k)] for k in range(SAMPLES[point[1]])]) for point in POINTS]
    for theta in THETAS:
        mine = [r for r in rows if r["theta"] == theta]
        limit = extrapolate(*([r[name] for r in mine] for name in ("N", "alpha", "alpha_err")))
        changed = {"N": None, "samples": None, "width": None, "alpha": limit.value, "alpha_err": limit.stderr}
        rows.append(mine[0] | changed | {"alpha_syst": limit.systematic})
    return Table.from_rows(rows, {"rng": SEED, "dynamics": "single-unit", "lost": "m below 0.7 of its start"})


def draw(table: Table, figure: Figure) -> None:
    """Draw α/α_c against 1/√N, and the width of the distribution of critical loads.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    left, right = figure.subplots(1, 2)
    for k, theta in enumerate(THETAS):
        mine = [r for r in table.rows() if r["theta"] == theta]
        sizes = [r for r in mine if r["N"] is not None]
        limit = next(r for r in mine if r["N"] is None)
        scale = limit["alpha_c"]
        x = np.array([r["N"] ** -0.5 for r in sizes])
        style: dict[str, Any] = {"color": str(0.2 * k), "marker": "osD^"[k], "markersize": 5, "capsize": 2}
        label = "Hopfield" if theta is None else f"θ = {theta:g}"
        y, error = (np.array([r[name] for r in sizes]) / scale for name in ("alpha", "alpha_err"))
        left.errorbar(x, y, error, linestyle=("-", "--", "-.", ":")[k], label=label, **style)
        both = math.hypot(limit["alpha_err"], limit["alpha_syst"]) / scale
        left.errorbar(-0.001 * k, limit["alpha"] / scale, both, linestyle="", mfc="white", **style)
        widths = np.array([r["width"] / scale for r in sizes])
        scatter = widths / np.sqrt([2 * (r["samples"] - 1) for r in sizes])
        right.errorbar([r["N"] for r in sizes], widths, scatter, linestyle="", label=label, **style)
    left.axhline(1, color="0.6", linewidth=0.8)
    left.set(xlabel=r"$1/\sqrt{N}$", ylabel=r"critical load $\alpha/\alpha_c(\theta)$")
    left.plot(
        [],
        [],
        "o",
        color="black",
        markerfacecolor="white",
        label="open, at and left of 0: limit $N \\to \\infty$,\nside by side",
    )
    left.axvline(0, color="0.6", linewidth=0.8, linestyle=":")
    left.legend(frameon=False, fontsize=9)
    left.set_title("Hopfield model and thresholds, T = 0", fontsize=11)
    right.set_title("Scatter of the critical load", fontsize=11)
    N = np.array([400, 9000])
    right.loglog(N, 4.2 / np.sqrt(N), color="0.6", linewidth=0.8, label=r"$\propto N^{-1/2}$")
    right.set(xscale="log", yscale="log")
    right.set(xlabel="visible units $N$", ylabel=r"scatter of machines, width$/\alpha_c(\theta)$")
    right.legend(frameon=False, fontsize=9)
    for ax in (left, right):
        ax.grid(alpha=0.3)


SIZE = (9.0, 4.2)
