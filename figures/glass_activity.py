"""Activations h of the hidden units of the R-RBM in the spin glass, T = 0: symmetric theory and one step of breaking.

Manzan, slides (2021), "Strongly activated hidden units"; p = 0.1, θ = 0.3, α = 0.6, g = −0.02 of J. Tubiana &
R. Monasson, PRL 118, 138301 (2017), Fig. 3(b). Simulation: the spin glass of figure `hidden_activity`, 20 machines of
N = 65² after single-unit moves from v = 1. Theory: replica symmetric, and at one step of replica-symmetry breaking.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paper_checks.tubiana_monasson_points import FIG_3B
from replica.symmetry_breaking.relu_rbm import relu_rbm_1rsb_activity, relu_rbm_1rsb_glass
from replica.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (6.4, 4.8)
SIMULATED = Path(__file__).with_name("hidden_activity.csv")


def compute() -> Table:
    """Fractions of silent units and of units in each bin, simulated and by both theories.

    Returns
    -------
    Table
        Columns low and high (edges of the bin; both 0 for silent units), count, fraction, fraction_err, symmetric,
        one_step.
    """
    rows = [r for r in Table.read(SIMULATED).rows() if r["state"] == "spin glass"]
    glass = relu_rbm_1rsb_glass(**{name: FIG_3B[name] for name in ("alpha", "theta", "g", "p")})
    edges = np.array([0.0, *(r["high"] for r in rows[1:])])
    above = relu_rbm_1rsb_activity(glass, FIG_3B["theta"], FIG_3B["p"], edges)
    one_step = [1 - above[0], *-np.diff(above)]
    kept = ("low", "high", "count", "fraction", "fraction_err")
    table = [
        {name: r[name] for name in kept} | {"symmetric": r["theory"], "one_step": float(f)}
        for r, f in zip(rows, one_step, strict=True)
    ]
    return Table.from_rows(table, dict(FIG_3B))


def draw(table: Table, figure: Figure) -> None:
    """Draw the density of the activations above zero; the fraction of silent units is text.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : Figure
        Empty figure.
    """
    ax = figure.add_subplot()
    silent, *bins = table.rows()
    low, high, count, fraction, error, symmetric, one_step = (
        np.array([r[name] for r in bins])
        for name in ("low", "high", "count", "fraction", "fraction_err", "symmetric", "one_step")
    )
    width, edges = high - low, np.append(low, high[-1])
    shown = count >= 5
    ax.errorbar(
        ((low + high) / 2)[shown],
        (fraction / width)[shown],
        yerr=(error / width)[shown],
        fmt="o",
        color="black",
        markersize=4,
        label="simulation, $N = 65^2$",
    )
    ax.stairs(symmetric / width, edges, color="C0", linestyle="--", label="replica symmetric")
    ax.stairs(one_step / width, edges, color="C3", label="one step of breaking")
    ax.set_yscale("log")
    ax.set_xlim(0, 2.2)
    ax.set_ylim(1e-3, 0.6)
    ax.set_xlabel("activation $h > 0$ of weak hidden units")
    ax.set_ylabel("density")
    percent = [100 * silent[name] for name in ("fraction", "fraction_err", "symmetric", "one_step")]
    text = "silent units\nsimulation: {:.2f} ± {:.2f} %\nreplica symmetric: {:.2f} %\none step: {:.2f} %".format(
        *percent
    )
    ax.text(0.03, 0.05, text, transform=ax.transAxes)
    ax.legend(
        title="p = {p:g}, θ = {theta:g}, α = {alpha:g}, g = {g:g}".format(**FIG_3B).replace("-", "−"), frameon=False
    )
