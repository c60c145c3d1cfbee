"""The phase diagram of the Hopfield model as a picture: lines to their ends, phases by name, T_R on its own scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.hopfield_curves import curves
from replica.diagrams.hopfield_temperatures import temperatures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from replica.table import Table

__all__ = ["SIZE", "draw", "draw_lines"]

SIZE = (9.0, 4.6)
Lines = Mapping[str, tuple[NDArray, NDArray]]
"""Loads and temperatures of each line, from T = 0 up."""

STYLES: dict[str, dict[str, Any]] = {
    "T_g": {"linestyle": "-", "color": "black", "label": "$T_g$, spin glass"},
    "T_M": {"linestyle": "--", "color": "black", "label": "$T_M$, retrieval"},
    "T_c": {"linestyle": "-.", "color": "0.3", "label": "$T_c$, retrieval lowest"},
    "T_R": {"linestyle": ":", "color": "black", "label": "$T_R$, replica symmetry broken"},
}
PHASES = (
    (0.02, 1.27, "paramagnet"),
    (0.05, 0.95, "spin glass"),
    (0.012, 0.3, "retrieval\nlowest"),
    (0.06, 0.22, "retrieval\nmetastable"),
)
TIP = (0.1372, 0.1385)
"""Loads at which T_M turns back."""


def draw(table: Table, figure: Figure) -> None:
    """Draw T_g, T_M, T_c and T_R up to the largest load of a table, whose own points are marked if they are few.

    Parameters
    ----------
    table : Table
        With columns alpha, T_g, T_M, T_c and T_R.
    figure : matplotlib.figure.Figure
        Empty.
    """
    own = np.array(table["alpha"], dtype=float)
    largest = own.max()
    load = largest * np.linspace(0, 1, 201) ** 2
    lines = {"T_g": (load, 1 + np.sqrt(load))}
    for name in ("T_M", "T_c"):
        curve = curves()[name]
        alpha = np.append(np.exp(curve.level), 0.0)
        lines[name] = np.where(alpha <= largest, alpha, np.nan), np.append(curve.T, 1.0)
    last = curves()["T_R"]
    load = np.linspace(0.02, np.exp(last.level[-1]), 100)[:-1]
    cold = temperatures(load, ("T_R",))[0]["T_R"]
    lines["T_R"] = np.append(load, np.exp(last.level[-1])), np.append(cold, last.T[-1])
    left = draw_lines(lines, figure, largest)
    if len(own) <= 40:
        for name in ("T_g", "T_M", "T_c"):
            T = np.array([np.nan if value is None else value for value in table[name]], dtype=float)
            left.plot(own, T, ".", color="black", markersize=4)


def draw_lines(lines: Lines, figure: Figure, largest: float = 0.16) -> Axes:
    """Draw the diagram, its tip enlarged, and T_R on a logarithmic scale.

    Parameters
    ----------
    lines : dict of pairs of ndarray
        Loads and temperatures of T_g, T_M, T_c and T_R.
    figure : matplotlib.figure.Figure
        Empty.
    largest : float
        Where the axis of loads ends.

    Returns
    -------
    matplotlib.axes.Axes
        That of the diagram.
    """
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    for line in ("T_g", "T_M", "T_c"):
        left.plot(*lines[line], **STYLES[line])
    top = 1.45 + max(0.0, np.sqrt(largest) - 0.4)
    left.set(xlim=(0, largest), ylim=(0, top), xlabel=r"load $\alpha$", ylabel="temperature $T$")
    left.set_title("Hopfield model")
    for alpha, T, name in PHASES:
        if alpha < 0.6 * largest:
            left.text(alpha, T, name)
    for line, name in (("T_M", r"$\alpha_c$"), ("T_c", r"$\alpha_1$")):
        alpha = lines[line][0][0]
        if np.isfinite(alpha) and alpha < largest:
            left.plot(alpha, 0, "o", color="black", markersize=5, clip_on=False, zorder=5)
            left.annotate(f"{name} = {alpha:.4f}", (alpha, 0), (-4, 7), textcoords="offset points", ha="right")
    left.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.905))
    if TIP[1] < largest < 0.25:
        _draw_tip(lines, left.inset_axes((0.66, 0.37, 0.31, 0.30)))
    _draw_breaking(*lines["T_R"], right)
    for ax in (left, right):
        ax.grid(alpha=0.3)
    return left


def _draw_breaking(alpha: NDArray, T: NDArray, ax: Axes) -> None:
    """Draw T_R, and what it approaches at small loads."""
    ax.semilogy(alpha, T, **STYLES["T_R"])
    asymptote = np.sqrt(8 * alpha / (9 * np.pi)) * np.exp(-1 / (2 * alpha))
    ax.plot(alpha, asymptote, "-", color="0.6", linewidth=1, label=r"$\sqrt{8\alpha/9\pi}\,e^{-1/2\alpha}$")
    ax.set(xlim=(0.02, 0.14), ylim=(1e-12, 1), xlabel=r"load $\alpha$", title="Breaking of replica symmetry")
    ax.set_ylabel("temperature $T$ (logarithmic)")
    ax.legend(frameon=False, loc="upper left")


def _draw_tip(lines: Lines, ax: Axes) -> None:
    """Draw the re-entrant end of T_M and T_R into an inset."""
    for line in ("T_M", "T_R"):
        ax.plot(*lines[line], **{**STYLES[line], "label": None})
    ax.set(xlim=TIP, ylim=(0, 0.06))
    ax.set_xticks([0.1374, 0.1379, 0.1384], ["0.1374", "0.1379", "0.1384"])
    ax.tick_params(labelsize=7)
    ax.set_title("end of $T_M$, with $T_R$", fontsize=8, pad=2)
