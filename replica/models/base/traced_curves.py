"""Curves of solutions of any model: traced from their ends and through states found, and where they meet loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base.curve_starts import (
    LOWEST,
    Seeds,
    beside_marginal_end,
    beside_noiseless_end,
    searched,
)
from replica.models.base.load_equations import CLOSEST, LoadEquations
from replica.numerics.arclength import ON_CURVE, Curves, End, joined, side_by_side, trace
from replica.numerics.curve_crossings import beside_folds, points_at_loads, with_folds
from replica.numerics.load_curve import newton_at_load

__all__ = ["SAME", "Met", "Traced", "all_curves", "loads_searched", "meetings"]

Seeder = Callable[[LoadEquations, list[NDArray]], Seeds]
"""Points of curves that a model knows in another way, given its equations and ln α of the loads asked of each row."""

FARTHEST = 30.0
"""How far beyond the largest load, and beyond 1, a curve is followed in ln α in case it turns back."""
LONGEST = 1.5
"""Largest step along a curve."""
LADDER = np.array([-6.0, -4.0, -2.5, -1.0, 0.5])
"""ln α of loads at which states are looked for whatever is asked."""
MOST_ASKED = 4
"""Loads asked for at which states are looked for, of each set of couplings."""
SAME = 1e-6
"""Distance between coordinates of one state."""
MOST_CURVES = 40
"""Curves that are traced at each set of couplings."""


class Traced(NamedTuple):
    """Curves with their folds, and the row of couplings of each."""

    curves: Curves
    row: NDArray
    left: NDArray
    """Rows that may have more curves."""


class Met(NamedTuple):
    """Where curves meet loads: index of the point asked, of the curve and of its node before, coordinates."""

    point: NDArray
    column: NDArray
    node: NDArray
    y: NDArray


def all_curves(system: LoadEquations, log_loads: list[NDArray], further: Seeder | None = None) -> Traced:
    """All curves of R rows at which these loads are asked for; those through `further` points too."""
    rows = len(log_loads)
    high = np.array([max(v.max(initial=0.0), 0.0) for v in log_loads]) + FARTHEST
    size = len(system.names) + 1
    none = np.zeros(0, dtype=int)
    known = Traced(Curves(np.zeros((1, 0, size)), np.zeros((1, 0, size)), np.zeros((2, 0), int)), none, none)
    known = _through(system, known, beside_noiseless_end(system, rows), high)
    known = _through(system, known, beside_marginal_end(system, rows), high)
    wanted = [loads_searched(v) for v in log_loads]
    row = np.repeat(np.arange(rows), [len(v) for v in wanted])
    known = _through(system, known, searched(system, row, np.concatenate(wanted)), high)
    return known if further is None else _through(system, known, further(system, log_loads), high)


def loads_searched(log_loads: NDArray) -> NDArray:
    """Ln α at which states are looked for: always the same few, and a few of those asked for, spread over all."""
    loads = np.unique(log_loads)
    some = loads[np.unique(np.linspace(0, len(loads) - 1, MOST_ASKED).astype(int))] if len(loads) else loads
    return np.unique(np.concatenate([LADDER, some]))


def _through(system: LoadEquations, known: Traced, seeds: Seeds, high: NDArray) -> Traced:
    """Curves through seeds that lie on none of the known ones, added to them."""
    row, y = _on_none(system, known, seeds)
    for _ in range(MOST_CURVES):
        if not len(row):
            break
        _, first = np.unique(row, return_index=True)
        owner, start = row[first], y[first]
        own = system.rows(owner)
        limits = np.full(len(owner), LOWEST), np.maximum(high[owner], start[:, -1] + 1)
        halves = (trace(own, start, sign, *limits, LONGEST, oriented=True) for sign in (-1, 1))
        new = Traced(with_folds(own, _marginal(own, joined(*halves))), owner, known.left)
        known = Traced(side_by_side([known.curves, new.curves]), np.concatenate([known.row, owner]), known.left)
        rest = np.delete(row, first), np.delete(y, first, axis=0)
        row, y = _on_none(system, new, rest)
    return known._replace(left=np.union1d(known.left, row))


def _marginal(system: LoadEquations, curves: Curves) -> Curves:
    """Curves of which those that were lost where 1 − C is next to its rounding end there."""
    length = np.isfinite(curves.y).all(axis=-1).sum(axis=0)
    ends = curves.ends.copy()
    for side, node in enumerate((np.zeros_like(length), length - 1)):
        C = system.order(curves.y[node, np.arange(len(length))]).C
        ends[side] = np.where((ends[side] == End.LOST) & (1 - C < 30 * CLOSEST), End.MARGINAL, ends[side])
    return curves._replace(ends=ends)


def _on_none(system: LoadEquations, known: Traced, seeds: Seeds) -> Seeds:
    """Seeds that lie on none of the curves."""
    row, y = seeds
    if not len(row) or not len(known.row):
        return seeds
    met = meetings(system, known, row, y[:, -1])
    on = np.zeros(len(row), dtype=bool)
    near = (np.abs(met.y - y[met.point]) < 100 * SAME * (1 + np.abs(met.y))).all(axis=-1)
    on[met.point[near]] = True
    return row[~on], y[~on]


def meetings(system: LoadEquations, traced: Traced, group: NDArray, log_load: NDArray) -> Met:
    """Where curves meet loads, refined; `group` has the row of couplings of each load."""
    curves, owner = traced[:2]
    parts = [(np.zeros(0, dtype=int),) * 3]
    starts = [np.zeros((0, curves.y.shape[-1]))]
    for j, own in enumerate(owner):
        here = np.nonzero(group == own)[0]
        load, node, at = points_at_loads(curves, j, log_load[here])
        parts.append((here[load], np.full(len(load), j), node))
        starts.append(at)
    point, column, node = (np.concatenate(v) for v in zip(*parts, strict=True))
    start = np.concatenate(starts)
    if not len(point):
        return Met(point, column, node, start)
    y = beside_folds(system.rows(owner), curves, column, node, log_load[point], start)
    y, left = newton_at_load(system.rows(group[point]), y, linear=0)
    good = left < ON_CURVE
    return Met(point[good], column[good], node[good], y[good])
