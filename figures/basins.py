"""Basins of attraction of stored patterns: the smallest initial overlap from which they are retrieved, T = 0.

Hopfield model with single-unit moves; retrieval from noisy starts is discussed in Amit, Gutfreund & Sompolinsky,
Ann. Phys. 173, 30 (1987). The edge rises with the load, to 0.46 at α = 0.13; above α_c ≈ 0.138 the
pattern itself is lost.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from figures._spread import spread
from rbm_sim import Gaussian, Spin
from rbm_sim.retrieval.critical_load import basin_sample
from rbm_sim.retrieval.trial import Setting
from rbm_sim.statistics.estimates import estimate
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 173
SAMPLES = 40
SIZES = (500, 1000, 2000, 4000)
LOADS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.11, 0.12, 0.13)
POINTS = [(N, alpha) for N in SIZES for alpha in LOADS]
KEYS = ("N", "alpha")
"""Columns that a point sets."""
SPOT = (0, 7)


def row(point: tuple[int, float]) -> Row:
    """Edges of the basins of 40 machines.

    Parameters
    ----------
    point : tuple
        N and α.

    Returns
    -------
    dict
        N, α, m0 with its standard error, and the fraction of machines that lose the pattern itself.
    """
    N, alpha = point
    setting = Setting(Spin(), Gaussian())
    edges = [basin_sample(k, N=N, alpha=alpha, p=1.0, setting=setting, rng=SEED) for k in range(SAMPLES)]
    kept = [edge for edge in edges if not math.isnan(edge)]
    edge = estimate(kept)
    lost = 1 - len(kept) / SAMPLES
    return {"N": N, "alpha": alpha, "m0": edge.mean, "m0_err": edge.stderr, "lost": lost}


def compute() -> Table:
    """Edges at all sizes and loads.

    Returns
    -------
    Table
        Columns N, alpha, m0 and m0_err (edge of the basin), lost (fraction of machines that lose the pattern itself).
    """
    return Table.from_rows(spread(row, POINTS), {"rng": SEED, "samples": SAMPLES, "dynamics": "single-unit"})


def draw(table: Table, figure: Figure) -> None:
    """Draw the edge against the load.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    ax = figure.add_subplot()
    for k, N in enumerate(SIZES):
        mine = [r for r in table.rows() if r["N"] == N and r["m0"] is not None]
        columns = np.array([(r["alpha"], r["m0"], r["m0_err"]) for r in mine]).T
        ax.errorbar(*columns, marker="osD^"[k], color=str(0.2 * k), markersize=5, capsize=2, label=f"N = {N}")
    ax.set(xlabel=r"load $\alpha$", ylabel="initial overlap $m_0$ at the edge of the basin")
    ax.set(xlim=(0, 0.15), ylim=(0, 0.6), title="Hopfield model, T = 0")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="upper left")
