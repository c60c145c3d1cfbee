"""Capacity of the Hopfield model with a threshold, against the threshold of its ReLU hidden units.

Manzan, slides (2021), "Hopfield network with threshold". Points: the fold of the retrieval branch, by solving the
saddle-point equations along g = −αB/2. Line: α_c/(2 H2(√2θ)), α_c being that of the Hopfield model at T = 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import replica
from replica.models import Hopfield, ThresholdHopfield
from replica.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THETAS = np.linspace(-3, 3, 61)
EVERY = 4
"""The line takes every θ, the points one in so many."""


def compute() -> Table:
    """Capacity and the state there, θ from −3 to 3.

    Returns
    -------
    Table
        Columns theta, alpha_c (solved), alpha_c_scaling (the exact scaling), m, q, r, C, B.
    """
    hopfield = replica.spinodal(Hopfield(alpha=0.1), along="alpha").value
    rows = []
    for theta in np.round(THETAS, 10):
        fold = replica.spinodal(ThresholdHopfield(alpha=1e-9, theta=theta), along="alpha")
        scaling = hopfield / (2 * replica.H(2, np.sqrt(2) * theta))
        rows.append(
            {
                "theta": float(theta),
                "alpha_c": fold.value,
                "alpha_c_scaling": float(scaling),
                **{name: float(value) for name, value in fold.order._asdict().items()},
            }
        )
    return Table.from_rows(rows)


def draw(table: Table, figure: Figure) -> None:
    """Draw α_c(θ) on a logarithmic scale.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    theta, solved, scaling = (np.array(table[name]) for name in ("theta", "alpha_c", "alpha_c_scaling"))
    hopfield = solved[theta == 0][0]
    ax = figure.add_subplot()
    ax.semilogy(theta, scaling, "-", color="0.4", label=r"$\alpha_c/[2H^{(2)}(\sqrt{2}\,\theta)]$")
    chosen = slice(2, None, EVERY)
    ax.plot(theta[chosen], solved[chosen], "o", color="black", markersize=4, label="saddle-point equations")
    ax.plot([theta[0], 0, 0], [hopfield, hopfield, solved[0] / 2], ":", color="0.4", label="Hopfield model, T = 0")
    ax.annotate(rf"$\alpha_c = {hopfield:.6f}$", (0, hopfield), (0.25, hopfield / 3), arrowprops={"arrowstyle": "->"})
    ax.set(
        xlabel=r"threshold of the hidden units $\theta$",
        ylabel=r"capacity $\alpha_c(\theta)$, patterns per visible unit",
        title="Hopfield model with a threshold",
        xlim=(-3.1, 3.1),
        ylim=(solved[0] / 2, solved[-1] * 2),
    )
    ax.legend(frameon=False, loc="upper left")
    ax.grid(alpha=0.3)
