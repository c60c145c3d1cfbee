"""Capacity of the Hopfield model read off a curve: √(2α) = erf(y)/y − (2/√π) e^{−y²}, y = m/√(2αr).

Manzan, slides (2021), "Many patterns": its maximum is the capacity, α_c ≈ 0.138; below it there are two solutions, the
one of larger y stable. The curve at T > 0 is α(y) of the saddle-point equations, its maximum α_M(T).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

import replica
from replica.models import Hopfield
from replica.models.base import Order
from replica.numerics.number import Number
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (9.6, 4.6)
Y = np.round(np.linspace(0.05, 5, 100), 10)
LOADS = (0.05, 0.1, 0.16)
TEMPERATURES = (0.0, 0.1, 0.2, 0.5)
STYLES = {0.0: ("-", "black"), 0.1: ("--", "black"), 0.2: ("-.", "0.35"), 0.5: (":", "0.35")}


def compute() -> Table:
    """The curves, the solutions at several loads, and the maxima.

    Returns
    -------
    Table
        Columns series ("curve", "stable", "unstable", "none", "maximum"), T, alpha, y (null where there is no
        solution), m.
    """
    rows: list[Row] = []
    for T in TEMPERATURES:
        if T == 0:
            alpha, m = rhs(Y) ** 2 / 2, erf(Y)
        else:
            chart = Hopfield(alpha=0.1, T=T).branches((1,))[0]
            # the chart is in y of m/s, s = √(αr)
            log_alpha, order = chart.point(Hopfield(alpha=0.1, T=T), np.log(np.sqrt(2) * Y))
            alpha, m = np.exp(log_alpha), order.m
        rows += [_row("curve", T, *values) for values in zip(alpha, Y, m, strict=True)]
        fold = replica.spinodal(Hopfield(alpha=1e-3, T=T), along="alpha")
        rows.append(_row("maximum", T, fold.value, _ratio(fold.value, fold.order), fold.order.m))
    for alpha in LOADS:
        found = [s for s in replica.solve_all(Hopfield(alpha=alpha), n_condensed=(1,)) if s.kind == "retrieval"]
        for state in found:
            series = "stable" if state.stable else "unstable"
            rows.append(_row(series, 0.0, alpha, _ratio(alpha, state.order), state.order.m))
        if not found:
            rows.append({"series": "none", "T": 0.0, "alpha": alpha})
    return Table.from_rows(rows)


def rhs(y: Number) -> Number:
    """Right-hand side erf(y)/y − (2/√π) e^{−y²}.

    Parameters
    ----------
    y : array_like
        m/√(2αr), > 0.

    Returns
    -------
    array_like
        The √(2α) at which a state with this y exists, of the shape of `y`.
    """
    return erf(y) / y - 2 / np.sqrt(np.pi) * np.exp(-(y**2))


def _ratio(alpha: float, order: Order) -> float:
    return float(order.m / np.sqrt(2 * alpha * order.r))


def _row(series: str, T: float, alpha: Number, y: Number, m: Number) -> Row:
    return {"series": series, "T": T, "alpha": float(alpha), "y": float(y), "m": float(m)}


def draw(table: Table, figure: Figure) -> None:
    """Draw the curve with its levels at T = 0, and the curves at higher temperatures.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    curves = {T: _points(rows, "curve", T) for T in TEMPERATURES}
    tops = {T: _points(rows, "maximum", T)[:, 0] for T in TEMPERATURES}
    left.plot(*curves[0.0], "-", color="black", label=r"$\mathrm{erf}(y)/y - (2/\sqrt{\pi})\,e^{-y^2}$")
    for alpha, style in zip(LOADS, ((0, (1, 1)), "--", "-."), strict=True):
        level = np.sqrt(2 * alpha)
        left.axhline(level, color="0.5", linestyle=style, linewidth=1)
        text = rf"$\alpha = {alpha:g}$" + (", no solution" if alpha > 0.14 else "")
        left.annotate(text, (4.95, level), (0, 3), textcoords="offset points", ha="right", color="0.3")
    for series, face in (("stable", "black"), ("unstable", "white")):
        label = f"{series} solution"
        left.plot(*_points(rows, series, 0.0), "o", color="black", markerfacecolor=face, markersize=6, label=label)
    y, level = tops[0.0]
    left.plot(y, level, "D", color="black", markerfacecolor="0.7", markersize=7, label="maximum")
    text = rf"$\alpha_c = {level**2 / 2:.6f}$" + "\n" + rf"$y = {y:.4f}$"
    left.annotate(text, (y, level), (2.6, 0.507), va="center", arrowprops={"arrowstyle": "->"})
    left.set(xlabel=r"$y = m/\sqrt{2\alpha r}$", ylabel=r"$\sqrt{2\alpha}$", title="Hopfield model, T = 0")
    left.legend(frameon=False, loc="lower right", fontsize=9)
    for T in TEMPERATURES:
        style, shade = STYLES[T]
        label = rf"$T = {T:g}$, $\alpha_M = {tops[T][1] ** 2 / 2:.4f}$"
        right.plot(*curves[T], style, color=shade, label=label)
        right.plot(*tops[T], "D", color=shade, markerfacecolor="0.7", markersize=6)
    right.set(xlabel=r"$y = m/\sqrt{2\alpha r}$", title="at several temperatures", xlim=(0, 5), ylim=(0, 0.62))
    right.legend(frameon=False, loc="lower right", fontsize=9)
    left.set_xlim(0, 5)
    for ax in (left, right):
        ax.grid(alpha=0.3)


def _points(rows: list[Row], series: str, T: float) -> np.ndarray:
    """Pairs (y, √(2α)) of one series, as two rows."""
    chosen = [(r["y"], np.sqrt(2 * r["alpha"])) for r in rows if r["series"] == series and r["T"] == T]
    return np.array(chosen).T
