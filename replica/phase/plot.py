"""Pictures of critical lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from replica.models.base import Diagram, Model, control_fields
from replica.models.compositional import CompositionalRBM
from replica.models.hopfield import Hopfield
from replica.phase import hopfield_plot
from replica.phase.compositional_plot import draw as draw_compositional
from replica.phase.labels import axis_label, column_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from replica.table import Table

__all__ = ["draw_diagram"]

STYLES = ("-", "--", "-.", ":")
DRAWN = {CompositionalRBM.name: draw_compositional}
"""Models drawn in a way of their own."""


def draw_diagram(table: Table, cls: type[Model], diagram: Diagram) -> Figure:
    """Draw the lines of a diagram against its scanned control.

    Parameters
    ----------
    table : Table
        Rows of the diagram.
    cls : type
        The model.
    diagram : Diagram
        Which columns to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; line styles tell the lines apart in grey.
    """
    from matplotlib.figure import Figure

    if cls is Hopfield and diagram.scanned == ("alpha",):
        figure = Figure(figsize=hopfield_plot.SIZE, layout="constrained")
        hopfield_plot.draw(table, figure)
        return figure
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    ax = figure.add_subplot()
    ax.set_title(cls.title.partition(":")[0])
    draw = diagram.draw or DRAWN.get(cls.name)
    if draw is None or not draw(table, ax):
        _draw_lines(table, cls, diagram, ax)
    ax.grid(alpha=0.3)
    return figure


def _draw_lines(table: Table, cls: type[Model], diagram: Diagram, ax: Axes) -> None:
    """Draw a line for each column and each value of the other controls, against the control with most values."""
    controls = [f.name for f in control_fields(cls) if f.name in table.columns]
    x_name = max(controls, key=lambda name: len(set(table[name])))
    others = [name for name in controls if name != x_name and len(set(table[name])) > 1]
    rows, drawn = table.rows(), []
    groups = list(dict.fromkeys(tuple(row[name] for name in others) for row in rows))
    for i, group in enumerate(groups):
        mine = [row for row in rows if tuple(row[name] for name in others) == group]
        x = np.array([float(row[x_name]) for row in mine])
        for j, column in enumerate(diagram.lines):
            y = np.array([np.nan if row[column] is None else float(row[column]) for row in mine])
            text = ", ".join(f"{name} = {float(v):g}" for name, v in zip(others, group, strict=True))
            label = ", ".join(filter(None, [column_label(column) if len(diagram.lines) > 1 else "", text]))
            k = i * len(diagram.lines) + j
            marker = "o" if len(mine) < 20 else None
            ax.plot(x, y, STYLES[k % 4], color=str(0.13 * (k % 6)), marker=marker, markersize=3, label=label)
            drawn.append(y[np.isfinite(y) & (y > 0)])
    positive = np.concatenate(drawn)
    if len(diagram.lines) == 1 and len(positive) > 1 and positive.max() > 100 * positive.min():
        ax.set_yscale("log")
    ax.set_xlabel(axis_label(cls, x_name))
    ax.set_ylabel(diagram.axis)
    if len(diagram.lines) > 1 or others:
        ax.legend(frameon=False)
