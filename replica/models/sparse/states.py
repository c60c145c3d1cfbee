"""All states of a random RBM at the points of a flat model: with overlap, glassy, quiescent."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.errors import ConvergenceError
from replica.models.base import ExactState, Finder, Found, Order
from replica.models.sparse.chart import LEAST_MARGIN, ChartPoint, at, newton_on_chart, order_of
from replica.models.sparse.curve import Curve
from replica.models.sparse.equations import SparseRBM
from replica.models.sparse.glass import glass_order, glass_states
from replica.models.sparse.level_curves import curves
from replica.models.sparse.mixed import mixed_fold, mixed_glass, mixed_states
from replica.models.sparse.sharp import LEAST_ACTIVITY

__all__ = ["branches", "first_fold", "glass", "quiescent", "states_with_overlap"]


def branches(model: SparseRBM, n_condensed: tuple[int, ...]) -> list[Finder | ExactState]:
    """Level curves of the chart for m > 0; the glass; and the quiescent state v = 0.

    The chart is explicit for homogeneous machines only. Those of a heterogeneous one have equations of their own
    (`classes`).
    """
    if model.units is not None and not model.units.equal:
        overlap = Finder(("retrieval", "spurious"), 1, mixed_states, mixed_fold)
        frozen = Finder(("spin_glass",), 0, mixed_glass)
    else:
        overlap = Finder(("retrieval", "spurious"), 1, states_with_overlap, first_fold)
        frozen = Finder(("spin_glass",), 0, glass)
    without: list[Finder | ExactState] = [frozen, ExactState("paramagnet", 0, quiescent)]
    return [overlap, *without] if n_condensed else without


def states_with_overlap(flat: SparseRBM) -> Found:
    """States with m > 0: crossings of the loads on the level curves of each set of couplings."""
    columns = {k: np.asarray(v, dtype=float) for k, v in flat.controls.items()}
    couplings, group = np.unique(
        np.stack([v for k, v in columns.items() if k != flat.load]), axis=1, return_inverse=True
    )
    found: list[_Crossing] = []
    missing: list[tuple[int, str]] = []
    log_alpha = np.log(columns[flat.load])
    for row in range(couplings.shape[1]):
        points = np.nonzero(group.reshape(-1) == row)[0]
        one = _at_index(flat, int(points[0]))
        for curve in curves(one.couplings(), float(one.g), float(log_alpha[points].min())):
            missing += [(int(point), line) for line in curve.unaccounted() for point in points]
            found += _met(curve, points, log_alpha[points])
    states = _assembled(flat, found, log_alpha)
    return states._replace(unaccounted=(*missing, *states.unaccounted))


class _Crossing(NamedTuple):
    """Where a curve has the load of a point: zero-noise state and sheet, coordinates and chart, and what is there."""

    point: int
    k: int
    sheet: int
    v: float
    x: float
    chart: int
    there: tuple[float, ...]


def _met(curve: Curve, points: NDArray, log_alpha: NDArray) -> list[_Crossing]:
    load, cell, places = curve.at_loads(log_alpha)
    if not len(cell):
        return []
    there = curve.at(places)
    return [
        _Crossing(int(points[i]), *_label(curve, c), float(v), float(x), int(chart), tuple(map(float, values)))
        for i, c, v, x, chart, *values in zip(load, cell, *places, *there, strict=True)
    ]


def _at_index(flat: SparseRBM, index: int) -> SparseRBM:
    return flat.unchecked(**{k: float(np.asarray(v)[index]) for k, v in flat.controls.items()})


def _label(curve: Curve, cell: int) -> tuple[int, int]:
    """Zero-noise state k (−1: none) from which a cell of a curve descends, by the fewer folds, and their number."""
    ends = [(int(curve.sheets(end)[cell]), k) for end, k in zip((0, -1), curve.k, strict=True) if k is not None]
    if not ends:
        return -1, int(curve.sheets(0)[cell])
    sheet, k = min(ends)
    return k, sheet


def _assembled(flat: SparseRBM, found: list[_Crossing], log_alpha: NDArray) -> Found:
    """Refine the crossings on the chart, drop what is met twice, and read off the order parameters.

    Dropped too is what the chart leaves out, 1 − C < 1e-9.
    """
    if not found:
        none = np.zeros(0, dtype=int)
        return Found(none, none.astype(str), none, none, none, Order(*(np.zeros(0) for _ in Order._fields)))
    point, k, sheet, v, x, chart, there = (np.array(column) for column in zip(*found, strict=True))
    places = ChartPoint(*there.T)
    on_chart = chart == 0
    couplings = _at_points(flat, point).couplings()
    g = _at_points(flat, point).g
    finer_v, finer_x, good = newton_on_chart(couplings, g, log_alpha[point], v, np.where(on_chart, x, 0.0))
    near = on_chart & good & (np.hypot(finer_v - v, finer_x - x) < 0.05)
    with np.errstate(invalid="ignore"):
        on_curve = np.abs(places.g - g) < 1e-6 * np.abs(places.m)
        there_too = near | (on_curve & (np.abs(places.log_alpha - log_alpha[point]) < 0.01))
    v, x = np.where(near, finer_v, v), np.where(near, finer_x, x)
    finer = at(couplings, v, np.where(on_chart, x, 0.0))
    places = ChartPoint(*(np.where(near, a, b) for a, b in zip(finer, places, strict=True)))
    with np.errstate(invalid="ignore"):
        # ln α = 2 ln(1 − C) + …: where that is far above the load, it meets it at a margin that the chart leaves out
        far_above = places.log_scale - log_alpha[point] > -4 * math.log(LEAST_MARGIN)
    left_out = (places.margin < LEAST_MARGIN) | (~there_too & far_above)
    keep = _first_met(point, v, x + 1e6 * chart, sheet, there_too & ~left_out)
    lost = np.nonzero(~there_too & ~left_out)[0]
    missing = tuple((int(point[i]), f"a state near m = {places.m[i]:.6g} could not be refined") for i in lost)
    order = order_of(couplings, places, flat.overlap_unit)
    kind = np.where(k == 1, "retrieval", "spurious")
    n = np.broadcast_to(_at_points(flat, point).condensed, point.shape).astype(int)
    members = Order(*(np.array(member)[keep] for member in order))
    sheets = _distinct(point[keep], k[keep], sheet[keep])
    return Found(point[keep], kind[keep], n[keep], k[keep], sheets, members, missing)


def _at_points(flat: SparseRBM, point: NDArray) -> SparseRBM:
    return flat.unchecked(**{name: np.asarray(value)[point] for name, value in flat.controls.items()})


def _distinct(point: NDArray, k: NDArray, sheet: NDArray) -> NDArray:
    """Sheets such that no two states of a point share k and sheet, as those on curves without zero-noise end do."""
    result = sheet.copy()
    rank = np.lexsort((sheet, k, point))
    for before, here in pairwise(rank):
        if point[before] == point[here] and k[before] == k[here]:
            result[here] = max(result[here], result[before] + 1)
    return result


def _first_met(point: NDArray, v: NDArray, kappa: NDArray, sheet: NDArray, among: NDArray) -> NDArray:
    """Whether no entry of a lower sheet lies at the same place."""
    rank = np.lexsort((sheet, np.round(kappa, 7), np.round(v, 7), point))
    rank = rank[among[rank]]
    first = np.ones(len(rank), dtype=bool)
    same = (np.diff(point[rank]) == 0) & (np.abs(np.diff(v[rank])) < 1e-6) & (np.abs(np.diff(kappa[rank])) < 1e-6)
    first[1:] = ~same
    kept = np.zeros(len(point), dtype=bool)
    kept[rank[first]] = True
    return kept


def first_fold(model: SparseRBM) -> tuple[Order, float]:
    """First fold of the curve that starts at the zero-noise state k = 1."""
    couplings = model.couplings()
    lost: list[str] = []
    for curve in curves(couplings, float(model.g), -20.0):
        for end, k in zip((0, -1), curve.k, strict=True):
            if k != 1:
                continue
            if curve.folds.any():
                vertices = np.nonzero(curve.folds)[0]
                index = vertices[0] if end == 0 else vertices[-1]
                point = curve.at(curve.vertex(np.array([index])))
                order = order_of(couplings, ChartPoint(*(member[0] for member in point)), model.overlap_unit)
                return Order(*(np.float64(v) for v in order)), float(curve.log_alpha[index])
            lost += curve.unaccounted()
    if lost:
        raise ConvergenceError(f"no fold met: {lost[0]}; look for states at higher loads with solve_all")
    raise ConvergenceError(
        f"no fold of a retrieval branch (k = 1) at g = {model.g}; its state without noise needs |g| < m, m = "
        f"{_overlap_without_noise(model):.6g}"
    )


def _overlap_without_noise(model: SparseRBM) -> float:
    """m = E[W; W ≥ 1]/L."""
    law = model.law()
    return float((law.weight * law.w)[law.w >= 1].sum() / model.size)


def glass(flat: SparseRBM) -> Found:
    """All states with m = 0, sheets numbered from the lowest.

    Beside the lowest those are left out that the chart leaves out too: q < 1e-12, and 1 − C < 1e-9, with exponentially
    few hidden units active, next to the quiescent state.
    """
    p, theta, g, alpha = np.broadcast_arrays(flat.sparsity, flat.theta, flat.g, flat.alpha)
    p, theta, g, alpha = (np.asarray(v, dtype=float) for v in (p, theta, g, alpha))
    point, b = glass_states(p, theta, g, alpha)
    order = glass_order(p[point], theta[point], alpha[point], b)
    rank = np.lexsort((-0.5 * alpha[point] * order.r - g[point] * order.q, point))
    point, order = point[rank], Order(*(member[rank] for member in order))
    sheet = np.arange(len(point)) - np.searchsorted(point, point)
    keep = (sheet == 0) | ((1 - order.C > LEAST_MARGIN) & (order.q > LEAST_ACTIVITY))
    point, order = point[keep], Order(*(member[keep] for member in order))
    sheet = np.arange(len(point)) - np.searchsorted(point, point)
    zeros = np.zeros(len(point), dtype=int)
    return Found(point, np.full(len(point), "spin_glass"), zeros, zeros - 1, sheet, order)


def quiescent(flat: SparseRBM) -> tuple[NDArray, Order]:
    """v = 0: no unit is on. Exists for g < 0 < θ, and at θ = 0, where B = p/2, for g + αB max(x)/2 < 0."""
    g, theta, alpha, p = (np.broadcast_to(v, flat.shape) for v in (flat.g, flat.theta, flat.alpha, flat.sparsity))
    zero = np.zeros(flat.shape)
    B = np.where(theta == 0, p / 2, zero)
    exists = (theta >= 0) & (g + alpha * B * np.max(flat.law().x) / 2 < 0)
    return exists, Order(zero, zero, zero, zero, np.where(exists, B, zero))
