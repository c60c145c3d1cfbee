"""Potentials U(x) of the four types of units, their most likely value x*(I) and their mean at T > 0 given the input I.

Manzan, slides (2021), "Different activation functions", Table 1; J. Tubiana & R. Monasson, PRL 118, 138301 (2017). The
offset is g = −0.5 or θ = 0.5, so that every jump and kink is at I = 0.5. With U = −g x the step is Θ(I + g), where the
table prints Θ(x − g).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_sim import Bernoulli, Gaussian, ReLU, Spin
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (10.5, 5.4)
OFFSET = 0.5
UNITS = {"Bernoulli": Bernoulli(-OFFSET), "spin": Spin(-OFFSET), "Gaussian": Gaussian(), "ReLU": ReLU(OFFSET)}
VALUES = {"Bernoulli": (0.0, 1.0), "spin": (-1.0, 1.0)}
"""The values of discrete units; the others take all of their domain."""

INPUTS = np.round(np.linspace(-2, 2, 81), 10)
TEMPERATURES = (0.1, 0.5)

TITLES = {
    "Bernoulli": "Bernoulli, {0, 1}\n$U = -gx$, $g = -0.5$",
    "spin": "spin, {−1, 1}\n$U = -gx$, $g = -0.5$",
    "Gaussian": "Gaussian, ℝ\n$U = x^2/2$",
    "ReLU": "ReLU, [0, ∞)\n$U = x^2/2 + \\theta x$, $\\theta = 0.5$",
}


def compute() -> Table:
    """Potentials over the domains, modes and means over inputs from −2 to 2.

    Returns
    -------
    Table
        Columns unit, quantity ("potential", "mode", "mean"), T (null for potentials), x (value of the unit for
        potentials, else its input I), y.
    """
    rows: list[Row] = []

    def add(unit: str, quantity: str, T: float | None, x: Any, y: Any) -> None:
        pairs = zip(map(float, x), map(float, y), strict=True)
        rows.extend({"unit": unit, "quantity": quantity, "T": T, "x": a, "y": b} for a, b in pairs)

    for name, unit in UNITS.items():
        x = np.array(VALUES.get(name, INPUTS[::2]))
        if name == "ReLU":
            x = x[x >= 0]
        add(name, "potential", None, x, unit.potential(x))
        add(name, "mode", 0.0, INPUTS, unit.mode(INPUTS))
        for T in TEMPERATURES:
            add(name, "mean", T, INPUTS, unit.mean(INPUTS, T))
    return Table.from_rows(rows, {"g": -OFFSET, "theta": OFFSET})


def draw(table: Table, figure: Figure) -> None:
    """Draw potentials above, activation functions below, a column for each type.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    axes = figure.subplots(2, len(UNITS), sharex=True, sharey="row", height_ratios=(1, 1.4))
    styles: list[tuple[float, dict[str, Any]]] = [
        (0.0, {"linestyle": "-", "color": "black", "label": "$T = 0$: mode $x^*(I)$"}),
        (0.1, {"linestyle": "--", "color": "0.25", "label": "$T = 0.1$: mean"}),
        (0.5, {"linestyle": ":", "color": "0.45", "linewidth": 2, "label": "$T = 0.5$: mean"}),
    ]
    for (top, bottom), name in zip(axes.T, UNITS, strict=True):
        mine = [r for r in rows if r["unit"] == name]
        x, U = np.array([(r["x"], r["y"]) for r in mine if r["quantity"] == "potential"]).T
        if name in VALUES:
            top.vlines(x, 0, U, color="0.6", linewidth=1)
            top.plot(x, U, "o", color="black", markersize=5)
        else:
            top.plot(x, U, "-", color="black")
        if name == "ReLU":
            top.plot([0, 0], [0, 3.5], "-", color="black", linewidth=1)
            top.text(-0.1, 1.5, r"$U = \infty$", ha="right")
        top.axhline(0, color="0.6", linewidth=0.6)
        top.set_title(TITLES[name], fontsize=10)
        top.set(xlabel="value $x$", ylim=(-0.8, 3.5))
        top.tick_params(labelbottom=True)
        for T, style in styles:
            points = np.array([(r["x"], r["y"]) for r in mine if r["T"] == T]).T
            if T == 0 and name in VALUES:
                bottom.step(*points, where="post", **style)
            else:
                bottom.plot(*points, **style)
        bottom.set(xlabel="input $I$", xlim=(-2, 2), ylim=(-2.1, 2.1))
    axes[0, 0].set_ylabel("potential $U(x)$")
    axes[1, 0].set_ylabel("activation of the unit")
    axes[1, 0].legend(frameon=False, loc="lower right", fontsize=9)
    for ax in axes.flat:
        ax.grid(alpha=0.3)
