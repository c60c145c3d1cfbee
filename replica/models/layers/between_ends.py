"""Curves traced from their ends, each once, and what of them is not accounted for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LayerEquations, Loads
from replica.models.layers.ends import Starts
from replica.models.layers.to_an_end import at_an_end, followed_on
from replica.numerics.arclength import ON_CURVE, Curves, newton_at_load, side_by_side, trace
from replica.numerics.curve_crossings import points_at_loads

__all__ = ["Traced", "between_ends", "no_curves"]

BELOW = 1.0
"""How far below the least start curves are followed in ln α."""
SAME = 1e-5
"""Distance of a start from a curve that passes it."""


class Traced:
    """Curves with the row of each, and lines that say what is missing, with their rows."""

    def __init__(self) -> None:
        self.parts: list[Curves] = [no_curves()]
        self.owners: list[NDArray] = [np.zeros(0, dtype=int)]
        self.missing: list[tuple[int, str]] = []

    def add(self, curves: Curves, row: NDArray) -> None:
        """Add curves."""
        self.parts.append(curves)
        self.owners.append(row)

    @property
    def curves(self) -> Curves:
        """All curves."""
        return side_by_side(self.parts)

    @property
    def row(self) -> NDArray:
        """Row of each."""
        return np.concatenate(self.owners)

    def at_points(self, group: NDArray, rows: NDArray | None = None) -> tuple[tuple[int, str], ...]:
        """What is missing at points of these groups, by default rows: a lost curve may pass any load."""
        pairs = ((row if rows is None else rows[row], line) for row, line in dict.fromkeys(self.missing))
        return tuple((int(point), line) for own, line in pairs for point in np.nonzero(group == own)[0])


def no_curves() -> Curves:
    """No curve at all."""
    return Curves(np.zeros((1, 0, 4)), np.zeros((1, 0, 4)), np.zeros((2, 0), dtype=int))


def between_ends(system: LayerEquations, ends: Starts, loads: Loads) -> Traced:
    """Curves through all points beside ends.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    ends : Starts
        Points beside the ends.
    loads : Loads
        Ranges of ln α.

    Returns
    -------
    Traced
        The curves.
    """
    out = Traced()
    kind = "states without overlap" if system.frozen else "states with overlap"
    out.missing += [(int(r), f"a curve of {kind} that ends at alpha -> 0 could not be begun") for r in ends.failed]
    late = ends.row[ends.late]
    out.missing += [(int(r), f"curves of {kind} close to C = a, where averages cost too much") for r in late]
    floor = loads.low - BELOW
    np.minimum.at(floor, ends.row, ends.y[:, 3] - BELOW)
    waiting = np.arange(len(ends.row))
    while len(waiting):
        # of each row one start; those that its curve passes need none of their own
        _, first = np.unique(ends.row[waiting], return_index=True)
        chosen = waiting[first]
        row = ends.row[chosen]
        own, within = system.rows(row), loads.rows(row)
        curves = trace(own, ends.y[chosen], 1, floor[row], within.high)
        column, passed = _passed(system, curves, row, ends, chosen)
        unknown = ~np.isin(np.arange(len(row)), column)
        curves = followed_on(own, curves, unknown, ends.y[chosen], 1, floor[row], within)
        out.add(curves, row)
        for j in np.nonzero(unknown & ~at_an_end(own, curves, 1, within))[0]:
            out.missing.append((int(row[j]), _line(curves, int(j), kind)))
        waiting = np.setdiff1d(waiting, [*chosen, *passed])
    return out


def _passed(
    system: LayerEquations, curves: Curves, row: NDArray, ends: Starts, chosen: NDArray
) -> tuple[NDArray, NDArray]:
    """Pairs of a curve and a start, not its own, that lies on it."""
    column, start, points = [], [], [np.zeros((0, 4))]
    for j, own in enumerate(row):
        mine = np.nonzero((ends.row == own) & (np.arange(len(ends.row)) != chosen[j]))[0]
        load, _, y = points_at_loads(curves, j, ends.y[mine, 3])
        column += [j] * len(load)
        start.append(mine[load])
        points.append(y)
    columns, starts = np.array(column, dtype=int), np.concatenate([np.zeros(0, dtype=int), *start])
    y, left = newton_at_load(system.rows(row[columns]), np.concatenate(points))
    apart = np.abs(y - ends.y[starts])
    apart[:, 0] /= np.maximum(np.abs(ends.y[starts, 0]), 1e-300) if not system.frozen else 1.0
    on = (left < ON_CURVE) & (apart.max(axis=-1, initial=0.0) < SAME)
    return columns[on], starts[on]


def _line(curves: Curves, column: int, kind: str) -> str:
    y = curves.y[:, column]
    last = y[np.isfinite(y).all(axis=-1)][-1]
    return f"a curve of {kind} could not be followed beyond alpha = {math.exp(last[3]):.3g}"
