"""The solutions that one branch of a model holds: where its curve crosses the loads.

At fixed couplings the solutions of one kind form a curve (a chart) on which the load α is a function. The curve is
sampled, its extrema - the folds - are located, and between two of them α is monotone: each crossing is bracketed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Chart, ExactState, Finder, Found, Model, Order
from replica.models.base.points import groups, rows, taken
from replica.numerics.rootfinding import find_roots

__all__ = ["chart_crossings", "sampled", "states"]


def states(flat: Model, branch: Chart | ExactState | Finder, sheets: int | None = None) -> Found:
    """Solutions on one branch at the points of a flat model (only the first sheets, if so many are asked)."""
    if isinstance(branch, Finder):
        found = branch.find(flat)
        if sheets is None:
            return found
        keep = (found.sheet < sheets) & (found.kind == branch.kinds[0])
        order = type(found.order)._make(member[keep] for member in found.order)
        point, kind, n, k, sheet = (x[keep] for x in (found.point, found.kind, found.n, found.k, found.sheet))
        return Found(point, kind, n, k, sheet, order, found.unaccounted)
    if isinstance(branch, ExactState):
        exists, order = branch.state(flat)
        point = np.nonzero(exists)[0]
        order = type(order)._make(np.array(member, dtype=float)[point] for member in order)
        sheet = np.zeros(len(point), dtype=int)
        lost: tuple[tuple[int, str], ...] = ()
    else:
        point, sheet, order, ends = chart_crossings(flat, branch, sheets)
        lost = tuple((int(i), OPEN_END.format(kind=branch.kind)) for i in ends)
    size = len(point)
    return Found(point, np.full(size, branch.kind), np.full(size, branch.n), np.full(size, -1), sheet, order, lost)


OPEN_END = "an end of the {kind} curve is not resolved, C being 1 there to all digits of a double: raise the load"


def chart_crossings(flat: Model, chart: Chart, sheets: int | None = None) -> tuple[NDArray, NDArray, Order, NDArray]:
    """All crossings of the chart with the loads of a flat model: point index, sheet, order parameters; and open ends.

    Both ends of a chart with folds are below every load, so that the crossings are even in number. At the points given
    last they are not, and a sheet is missing.
    """
    couplings, group = groups(flat)
    level = np.log(np.broadcast_to(np.asarray(flat.controls[flat.load], dtype=float), group.shape))
    u, load, fold_count = sampled(couplings, chart, float(np.min(level)))
    above = load[group] > level[:, None]
    point, cell = np.nonzero(above[:, 1:] != above[:, :-1])
    ends = np.nonzero(above[:, 0] != above[:, -1])[0] if chart.folded else np.zeros(0, dtype=int)
    row = group[point]
    # folds between a cell and the zero-noise end of the chart
    sheet = fold_count[row, cell]
    if sheets is not None:
        keep = sheet < sheets
        point, cell, row, sheet = point[keep], cell[keep], row[keep], sheet[keep]
    if not len(point):
        empty = flat.order_type(*(np.zeros(0) for _ in flat.order_type._fields))
        return point, sheet, empty, ends
    bound = taken(couplings, row)

    def excess(x: NDArray, index: NDArray) -> NDArray:
        return chart.point(taken(bound, index), x)[0] - level[point[index]]

    low, high = u[row, cell], u[row, cell + 1]
    at = find_roots(excess, low, high, load[row, cell] - level[point], load[row, cell + 1] - level[point])
    order = chart.point(bound, at)[1]
    return point, sheet, type(order)._make(np.array(member, dtype=float) for member in order), ends


def sampled(couplings: Model, chart: Chart, lowest: float) -> tuple[NDArray, NDArray, NDArray]:
    """Sample a chart for each set of couplings, shape (G, K), with nodes moved onto its folds.

    Returns the coordinates, ln α there, and for each cell the number of folds between it and the zero-noise end.
    """
    nodes = chart.nodes(couplings, lowest)
    u = np.tile(nodes, (rows(couplings), 1))
    load = chart.point(taken(couplings, np.arange(len(u))[:, None]), u)[0]
    load = np.broadcast_to(load, u.shape).copy()
    is_fold = np.zeros(u.shape, dtype=bool)
    if chart.folded:
        with np.errstate(invalid="ignore"):
            rise = np.diff(load, axis=1)
        turns = (np.sign(rise[:, 1:]) * np.sign(rise[:, :-1]) < 0) & np.isfinite(load[:, :-2] + load[:, 2:])
        row, column = np.nonzero(turns)
        column = column + 1
        if len(row):
            row, column, at = _extrema(couplings, chart, row, column, u)
            u[row, column] = at
            load[row, column] = chart.point(taken(couplings, row), at)[0]
            is_fold[row, column] = True
    passed = np.cumsum(is_fold, axis=1)
    cells = passed[:, :-1] if chart.zero_noise < 0 else passed[:, -1:] - passed[:, :-1]
    return u, load, cells


def _extrema(
    couplings: Model, chart: Chart, row: NDArray, column: NDArray, u: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Extrema of ln α next to nodes where it turns: zeros of its central difference, of step 1e-4.

    Returns row, column and coordinate; turns that are rounding noise have no sign change there and drop out.
    """

    def slope(x: NDArray, index: NDArray) -> NDArray:
        bound = taken(couplings, row[index])
        with np.errstate(invalid="ignore"):
            return chart.point(bound, x + 1e-4)[0] - chart.point(bound, x - 1e-4)[0]

    left, right, every = u[row, column - 1], u[row, column + 1], np.arange(len(row))
    at_left, at_right = slope(left, every), slope(right, every)
    index = np.nonzero(np.isfinite(at_left) & np.isfinite(at_right) & (np.sign(at_left) * np.sign(at_right) < 0))[0]
    at = find_roots(
        lambda x, i: slope(x, index[i]), left[index], right[index], at_left[index], at_right[index], rtol=1e-8
    )
    return row[index], column[index], at
