"""Pictures of critical lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from replica.model import control_fields

__all__ = ["draw_diagram"]

STYLES = ("-", "--", "-.", ":")


def draw_diagram(table: Any, cls: Any, diagram: Any) -> Any:
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

    field = next(f for f in control_fields(cls) if f.name == diagram.scanned[0])
    x = np.array([float(v) for v in table[field.name]])
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    ax = figure.add_subplot()
    drawn = []
    for i, column in enumerate(diagram.lines):
        y = np.array([np.nan if v is None else float(v) for v in table[column]])
        marker = "o" if np.isfinite(y).sum() < 20 else None
        shade = str(0.15 * i)
        ax.plot(x, y, STYLES[i % 4], color=shade, marker=marker, markersize=3, label=_label(column))
        drawn.append(y[np.isfinite(y) & (y > 0)])
    positive = np.concatenate(drawn) if drawn else np.array([])
    if len(diagram.lines) == 1 and len(positive) > 1 and positive.max() > 100 * positive.min():
        ax.set_yscale("log")
    ax.set_xlabel(f"{field.metadata['help'].split(',')[0]} {field.metadata['symbol']}")
    ax.set_ylabel(diagram.axis)
    ax.set_title(cls.title.partition(":")[0])
    if len(diagram.lines) > 1:
        ax.legend(frameon=False)
    ax.grid(alpha=0.3)
    return figure


def _label(column: str) -> str:
    name, _, index = column.partition("_")
    return f"${name}_{{{index}}}$" if index else name
