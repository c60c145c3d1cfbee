"""Fraction of machines that keep a stored pattern, against load, with and without self-coupling, T = 0.

Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985). Hopfield model: single-unit moves on the marginal energy, which is
what the theory of retrieval speaks about, beside alternating minimisation of E(v, h) over h and v. In the latter every
unit feels its own past value with the strength α, and no pattern is ever lost: at large loads everything is a fixed
point. Below, the overlap of all machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import replica
from figures._spread import spread
from rbm_sim import Gaussian, Spin
from rbm_sim.retrieval import capacity
from rbm_sim.statistics.estimates import fraction_error
from replica.models import Hopfield
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 1987
SAMPLES = 100
SIZES = (500, 1000, 2000, 4000)
LOADS = (0.1, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2, 0.22, 0.25, 0.3)
POINTS = [("single-unit", N, alpha) for N in SIZES for alpha in LOADS]
POINTS += [("alternating", N, alpha) for N in (500, 4000) for alpha in (*LOADS, 0.4, 0.6, 1.0, 2.0)]
KEYS = ("dynamics", "N", "alpha")
"""Columns that a point sets."""
SPOT = (0, 3, 50)
SIZE = (7.0, 5.6)


def row(point: tuple[str, int, float]) -> Row:
    """What 100 machines gave at one size and load.

    Parameters
    ----------
    point : tuple
        Dynamics, N and α.

    Returns
    -------
    dict
        Dynamics, N, α, the fraction kept and the mean overlap m, each with its standard error.
    """
    dynamics, N, alpha = point
    found = capacity.retrieval(
        N, alpha, visible=Spin(), hidden=Gaussian(), samples=SAMPLES, dynamics=dynamics, rng=SEED
    )
    kept = 1 - found.lost_fraction
    m = found.estimate("m", of="all")
    error = fraction_error(round(kept * SAMPLES), SAMPLES)
    measured = {"kept": kept, "kept_err": error, "m": m.mean, "m_err": m.stderr}
    return {"dynamics": dynamics, "N": N, "alpha": alpha, **measured}


def compute() -> Table:
    """Fractions at all sizes and loads.

    Returns
    -------
    Table
        Columns dynamics, N, alpha, kept and kept_err (fraction with m >= 0.7), m and m_err (mean overlap of all).
    """
    return Table.from_rows(spread(row, POINTS), {"rng": SEED, "samples": SAMPLES})


def draw(table: Table, figure: Figure) -> None:
    """Draw fractions and overlaps against the load.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    axes = figure.subplots(2, 1, sharex=True)
    alpha_c = replica.spinodal(Hopfield(alpha=0.1), along="alpha").value
    groups = [("single-unit", N) for N in SIZES] + [("alternating", 4000)]
    for k, (dynamics, N) in enumerate(groups):
        mine = [r for r in table.rows() if (r["dynamics"], r["N"]) == (dynamics, N)]
        style: dict[str, Any] = {"markersize": 4, "capsize": 2, "marker": "osD^v"[k], "color": str(0.15 * k)}
        style["linestyle"] = "-" if dynamics == "single-unit" else "--"
        for ax, name in zip(axes, ("kept", "m"), strict=True):
            columns = np.array([(r["alpha"], r[name], r[f"{name}_err"]) for r in mine]).T
            ax.errorbar(*columns, label=f"{dynamics}, N = {N}", **style)
    for ax in axes:
        ax.axvline(alpha_c, color="0.5", linewidth=0.8, linestyle=":")
        ax.set_xscale("log")
        ax.set_ylim(-0.03, 1.05)
        ax.grid(alpha=0.3)
    ticks = (0.1, 0.14, 0.2, 0.3, 0.5, 1.0, 2.0)
    axes[1].set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes[1].minorticks_off()
    axes[0].set(ylabel="fraction that keeps the pattern", title="Hopfield model, T = 0")
    axes[0].legend(frameon=False, fontsize=9)
    axes[1].set(xlabel=r"load $\alpha$ (dotted: $\alpha_c$ of the theory)", ylabel="mean overlap $m$")
