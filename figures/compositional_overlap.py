"""Overlap m̃ of the compositional state against ℓ = L p in the limit p → 0, homogeneous machine, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 4(c), θ̃ = 1.5, α = 0.5, g̃ = −0.21. Beside the solution, the
overlap without noise, e^{−ℓ}(I0(ℓ) + I1(ℓ)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ive

from paper_checks.tubiana_monasson_points import FIG_4, OVERLAP
from replica.diagrams.best_ell import energies
from replica.models import CompositionalRBM
from replica.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ELLS = np.unique(np.round([*np.linspace(0.02, 1.6, 80), *OVERLAP], 10))


def compute() -> Table:
    """m̃(ℓ), with and without noise, and the published values.

    Returns
    -------
    Table
        Columns series ("theory", "published"), ell, m, m_noiseless, q.
    """
    _, order = energies(CompositionalRBM(**FIG_4), ELLS)
    columns = zip(ELLS, order.m, ive(0, ELLS) + ive(1, ELLS), order.q, strict=True)
    names = ("ell", "m", "m_noiseless", "q")
    rows = [{"series": "theory", **dict(zip(names, map(float, row), strict=True))} for row in columns]
    rows += [{"series": "published", "ell": ell, "m": m} for ell, m in OVERLAP.items()]
    return Table.from_rows(rows, FIG_4)


def draw(table: Table, figure: Figure) -> None:
    """Draw m̃(ℓ); the noise takes less than 1e-12 from it here.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    theory = np.array([(r["ell"], r["m"], r["m_noiseless"]) for r in rows if r["series"] == "theory"]).T
    points = np.array([(r["ell"], r["m"]) for r in rows if r["series"] == "published"]).T
    ax = figure.add_subplot()
    ax.plot(theory[0], theory[1], "-", color="black", label="saddle-point equations")
    ax.plot(theory[0], theory[2], ":", color="0.7", linewidth=3, label="without noise", zorder=0)
    ax.plot(*points, "s", color="black", markerfacecolor="white", label="PRL Fig. 4(c)")
    ax.set(
        xlabel=r"$\ell = L p$",
        ylabel=r"overlap $\tilde m$",
        title=r"Compositional limit, $\tilde\theta = 1.5$, $\alpha = 0.5$, $\tilde g = -0.21$",
        xlim=(0, 1.6),
        ylim=(0.55, 1.01),
    )
    ax.legend(frameon=False)
    ax.grid(alpha=0.3)
