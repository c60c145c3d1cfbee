"""Overlap of the retrieval state of the Hopfield model at T = 0, from theory and from simulation.

Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985). Lines: both branches of m = erf(m/√(2αr)), which meet in the fold
at α_c. Symbols: single-unit moves from a stored pattern in random machines; samples that left it (m < 0.7) are shown
apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import replica
from rbm_sim import Gaussian, Spin
from rbm_sim.retrieval import capacity
from replica.models import Hopfield
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (7.0, 4.8)
SEED = 138
SAMPLES = {1000: 40, 4000: 40}
"""Machines of each size N. Local fields are multiples of 1/N: rounding moves no spin, and runs repeat exactly."""

LOADS = (0.02, 0.05, 0.08, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18)


def compute() -> Table:
    """Overlaps on both branches, and mean final overlaps of simulations.

    Returns
    -------
    Table
        Columns series ("stable", "unstable", "simulation"), N (null for theory), alpha, m, m_err, lost (fraction of
        samples), m_lost (mean overlap of those).
    """
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    near = fold.value - np.geomspace(0.01, 1e-9, 30)
    loads = np.concatenate([np.linspace(0.002, fold.value - 0.011, 64), near])
    states = replica.solve_all(Hopfield(alpha=loads), n_condensed=(1,))
    rows: list[Row] = []
    for branch in states:
        if branch.kind == "retrieval":
            series = "unstable" if branch.sheet else "stable"
            pairs = list(zip(loads, branch.order.m, strict=True))
            rows += [{"series": series, "N": None, "alpha": float(a), "m": float(m)} for a, m in pairs]
            rows.append({"series": series, "N": None, "alpha": fold.value, "m": float(fold.order.m)})
    for N in SAMPLES:
        rows += [_simulated(N, alpha) for alpha in LOADS]
    return Table.from_rows(rows, {"rng": SEED, "samples": list(SAMPLES.values()), "dynamics": "single-unit"})


def _simulated(N: int, alpha: float) -> Row:
    found = capacity.retrieval(N, alpha, visible=Spin(), hidden=Gaussian(), samples=SAMPLES[N], rng=SEED)
    kept, gone = found.estimate("m"), found.estimate("m", of="lost")
    return {
        "series": "simulation",
        "N": N,
        "alpha": found.M / N,
        "m": _present(kept.mean),
        "m_err": _present(kept.stderr),
        "lost": found.lost_fraction,
        "m_lost": _present(gone.mean),
    }


def _present(value: float) -> float | None:
    return None if math.isnan(value) else value


def draw(table: Table, figure: Figure) -> None:
    """Draw the overlap against the load, and below it the fraction of samples lost.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
    for series, style in (("stable", "-"), ("unstable", "--")):
        line = sorted((r["alpha"], r["m"]) for r in rows if r["series"] == series)
        top.plot(*np.array(line).T, style, color="black", linewidth=1.2, label=f"theory, {series}")
    for N, marker, shade in zip(SAMPLES, "so", ("0.55", "black"), strict=True):
        mine = [r for r in rows if r["N"] == N]
        kept = [r for r in mine if r["m"] is not None]
        top.errorbar(
            [r["alpha"] for r in kept],
            [r["m"] for r in kept],
            [r["m_err"] or 0.0 for r in kept],
            fmt=marker,
            color=shade,
            markersize=4,
            capsize=2,
            label=f"N = {N}, kept, of {SAMPLES[N]}",
        )
        gone = [r for r in mine if r["m_lost"] is not None]
        top.plot(
            [r["alpha"] for r in gone],
            [r["m_lost"] for r in gone],
            marker,
            color=shade,
            markerfacecolor="white",
            markersize=5,
            label=f"N = {N}, lost",
        )
        bottom.plot([r["alpha"] for r in mine], [r["lost"] for r in mine], f"{marker}:", color=shade, markersize=4)
    alpha_c = max(r["alpha"] for r in rows if r["series"] == "stable")
    for ax, low in ((top, 0.2), (bottom, 0.0)):
        ax.axvline(alpha_c, low, color="0.7", linewidth=0.8)
        ax.grid(alpha=0.3)
    top.annotate(rf"$\alpha_c = {alpha_c:.4f}$", (alpha_c, 0.6), (5, 0), textcoords="offset points")
    top.set(ylabel="overlap $m$", ylim=(0, 1.04), title="Hopfield model, T = 0")
    top.legend(frameon=False, loc="lower left", ncols=3, fontsize=9)
    bottom.set(xlabel=r"load $\alpha$", ylabel="fraction lost", xlim=(0, 0.19), ylim=(-0.05, 1.05))
