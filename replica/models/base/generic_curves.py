"""All states of a model that has no chart: on curves of solutions traced from their ends and through states found.

At fixed couplings solutions are curves in (unknowns, ln α). They are traced by arclength from every end at α → 0 that
`curve_starts` knows, and through every state that its search finds on none of them. Where curves meet a load are its
states: all loads share them. What a search from starts cannot prove: a curve that closes, or has both ends elsewhere,
is found only if one of its states at a load searched draws a start.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base.chart import ExactState, Finder, Found
from replica.models.base.curve_starts import (
    LOWEST,
    Seeds,
    beside_marginal_end,
    beside_noiseless_end,
    searched,
)
from replica.models.base.load_equations import CLOSEST, LoadEquations
from replica.models.base.points import groups
from replica.numerics.arclength import ON_CURVE, Curves, End, joined, side_by_side, trace
from replica.numerics.curve_crossings import beside_folds, points_at_loads, with_folds
from replica.numerics.load_curve import newton_at_load

__all__ = ["generic_branches"]

FARTHEST = 6.0
"""How far beyond the largest load, and beyond 1, a curve is followed in ln α in case it turns back."""
LONGEST = 1.5
"""Largest step along a curve."""
LADDER = np.array([-6.0, -4.0, -2.5, -1.0, 0.5])
"""ln α of loads at which states are looked for whatever is asked."""
MOST_ASKED = 4
"""Loads asked for at which states are looked for, of each set of couplings."""
SAME = 1e-6
"""Distance between coordinates of one state."""
MOST_CURVES = 12


class Traced(NamedTuple):
    """Curves with their folds, and the row of couplings of each."""

    curves: Curves
    row: NDArray


class Met(NamedTuple):
    """Where curves meet loads: index of the point asked, of the curve and of its node before, coordinates."""

    point: NDArray
    column: NDArray
    node: NDArray
    y: NDArray


def generic_branches(model: Any, n_condensed: tuple[int, ...], closed: bool) -> list[Finder | ExactState]:
    """Finders of the states with overlap for each n, and of the glasses; and the paramagnet.

    Parameters
    ----------
    model : Model
        The model.
    n_condensed : tuple of int
        Numbers of condensed patterns; other than 1 only where the free energy knows them.
    closed : bool
        Whether the model has its equations in closed form.

    Returns
    -------
    list of Finder and ExactState
        What holds the states.
    """
    found: list[Finder | ExactState] = []
    for n in n_condensed:
        if n == 1 or _knows_mixtures(model, n):
            kinds = ("retrieval", "spurious") if n == 1 else ("mixture",)
            found.append(Finder(kinds, n, partial(_states, n=n, closed=closed), partial(_fold, n=n, closed=closed)))
    glass = Finder(("spin_glass",), 0, partial(_states, n=0, closed=closed))
    return [*found, glass, ExactState("paramagnet", 0, partial(_paramagnet, closed=closed))]


def _knows_mixtures(model: Any, n: int) -> bool:
    """Whether the free energy depends on the number of condensed patterns."""
    x = [-0.5 if unknown.startswith("log_") else 0.4 for unknown in model.unknowns]
    here = model.unchecked(**{model.load: 0.1})
    with np.errstate(all="ignore"):
        one, several = (np.asarray(here.free_energy(here.unpack(x), k), dtype=float) for k in (1, n))
    return bool(np.any(one != several))


# Curves.


def _traced(system: LoadEquations, log_loads: list[NDArray]) -> Traced:
    """All curves of R rows at which these loads are asked for."""
    rows = len(log_loads)
    high = np.array([max(v.max(initial=0.0), 0.0) for v in log_loads]) + FARTHEST
    size = len(system.names) + 1
    known = Traced(
        Curves(np.zeros((1, 0, size)), np.zeros((1, 0, size)), np.zeros((2, 0), int)), np.zeros(0, dtype=int)
    )
    known = _through(system, known, beside_noiseless_end(system, rows), high)
    known = _through(system, known, beside_marginal_end(system, rows), high)
    wanted = [np.unique(np.concatenate([LADDER, _some(v)])) for v in log_loads]
    row = np.repeat(np.arange(rows), [len(v) for v in wanted])
    return _through(system, known, searched(system, row, np.concatenate(wanted)), high)


def _some(loads: NDArray) -> NDArray:
    """A few of the loads, spread over all."""
    loads = np.unique(loads)
    return loads[np.unique(np.linspace(0, len(loads) - 1, MOST_ASKED).astype(int))] if len(loads) else loads


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
        halves = (trace(own, start, sign, *limits, LONGEST) for sign in (-1, 1))
        new = Traced(with_folds(own, _marginal(own, joined(*halves))), owner)
        known = Traced(side_by_side([known.curves, new.curves]), np.concatenate([known.row, owner]))
        rest = np.delete(row, first), np.delete(y, first, axis=0)
        row, y = _on_none(system, new, rest)
    return known


def _marginal(system: LoadEquations, curves: Curves) -> Curves:
    """Curves of which those that were lost where 1 − C is next to its rounding end there."""
    length = np.isfinite(curves.y).all(axis=-1).sum(axis=0)
    ends = curves.ends.copy()
    for side, node in enumerate((np.zeros_like(length), length - 1)):
        C = system.order(curves.y[node, np.arange(len(length))]).C
        ends[side] = np.where((ends[side] == End.LOST) & (1 - C < 10 * CLOSEST), End.MARGINAL, ends[side])
    return curves._replace(ends=ends)


def _on_none(system: LoadEquations, known: Traced, seeds: Seeds) -> Seeds:
    """Seeds that lie on none of the curves."""
    row, y = seeds
    if not len(row) or not len(known.row):
        return seeds
    met = _meetings(system, known, row, y[:, -1])
    on = np.zeros(len(row), dtype=bool)
    near = (np.abs(met.y - y[met.point]) < 100 * SAME * (1 + np.abs(met.y))).all(axis=-1)
    on[met.point[near]] = True
    return row[~on], y[~on]


def _meetings(system: LoadEquations, traced: Traced, group: NDArray, log_load: NDArray) -> Met:
    """Where curves meet loads, refined; `group` has the row of couplings of each load."""
    curves, owner = traced
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


# States.


def _states(flat: Any, n: int, closed: bool) -> Found:
    """States of a flat model, n patterns condensed."""
    couplings, group = groups(flat)
    log_load = np.log(np.broadcast_to(np.asarray(flat.controls[flat.load], dtype=float), group.shape))
    asked = [log_load[group == r] for r in range(int(group.max()) + 1)]
    system = LoadEquations(couplings, n, not closed, np.array([v.min() for v in asked]) - 1)
    traced = _traced(system, asked)
    labels = _labels(system, traced)
    met = _meetings(system, traced, group, log_load)
    rank = np.lexsort((labels.sheets(met), met.point))
    met = Met(*(v[rank] for v in met))
    met = Met(*(v[_first(met) & ~system.faint(system.rows(group[met.point]).order(met.y))] for v in met))
    order = system.rows(group[met.point]).order(met.y)
    order = type(order)._make(np.array(v) for v in order)
    return _found(flat, n, labels, met, order, _missing(system, traced, group, log_load))


def _first(met: Met) -> NDArray:
    """Which meetings are the first of their state."""
    keep = np.ones(len(met.point), dtype=bool)
    for back in range(1, 6):
        apart = np.abs(met.y[back:] - met.y[:-back]).max(axis=-1, initial=0.0)
        keep[back:] &= ~((met.point[back:] == met.point[:-back]) & (apart < SAME))
    return keep


def _found(flat: Any, n: int, labels: Labels, met: Met, order: Any, missing: tuple[tuple[int, str], ...]) -> Found:
    """States with their labels."""
    size, sheet = len(met.point), labels.sheets(met)
    kind = np.where(labels.main[met.column], "retrieval", "spurious") if n == 1 else np.full(size, "mixture")
    if n == 0:
        kind = np.full(size, "spin_glass")
        here = flat.unchecked(**{k: np.asarray(v)[met.point] for k, v in flat.controls.items()})
        f = np.asarray(here.free_energy(order, 0), dtype=float) if size else np.zeros(0)
        rank = np.lexsort((f, met.point))
        sheet = np.zeros(size, dtype=int)
        sheet[rank] = np.arange(size) - np.searchsorted(met.point[rank], met.point[rank])
    return Found(met.point, kind, np.full(size, n), np.full(size, -1), sheet, order, missing)


class Labels(NamedTuple):
    """How states on curves are numbered: by the folds since the end without noise."""

    main: NDArray
    """Whether a curve is the one that comes from the state without noise of the largest overlap."""
    folds: NDArray
    """Folds between each node, shape (K, R), and the end that the curve is counted from."""
    before: NDArray
    """Sheets of the curves counted before each."""

    def sheets(self, met: Met) -> NDArray:
        """Sheet of each meeting."""
        return self.folds[met.node, met.column] + self.before[met.column]


def _labels(system: LoadEquations, traced: Traced) -> Labels:
    """Of each row first the curve from the noiseless state of the largest overlap, or else of the largest overlap."""
    curves, row = traced
    count = len(row)
    length = np.isfinite(curves.y).all(axis=-1).sum(axis=0)
    slope = curves.tangent[:, :, -1]
    folds, total = np.zeros(slope.shape, dtype=int), np.zeros(count, dtype=int)
    height = np.zeros(count)
    for j in range(count):
        passed, total[j] = _passed(slope[: length[j], j])
        ends = curves.y[[0, length[j] - 1], j]
        own = system.rows(np.full(2, row[j]))
        overlap = -own.order(ends).m
        free = (curves.ends[:, j] == End.LOW) | own.noiseless(ends)
        best = int(np.lexsort((overlap, ~free))[0])
        folds[: length[j], j] = passed if best == 0 else total[j] - passed
        height[j] = (2.0 if free[best] else 0.0) - overlap[best] / (1 + abs(overlap[best]))
    rank = np.lexsort((-height, row))
    main, before = np.zeros(count, dtype=bool), np.zeros(count, dtype=int)
    for place, j in enumerate(rank):
        previous = rank[place - 1] if place and row[rank[place - 1]] == row[j] else None
        main[j] = previous is None
        if previous is not None and not main[previous]:
            before[j] = before[previous] + total[previous] + 1
    return Labels(main, folds, before)


FLAT = 1e-6
"""Slope of ln α along a curve up to which a point is a fold."""


def _passed(slope: NDArray) -> tuple[NDArray, int]:
    """Folds before each piece of a curve, that from a node to the next, and their number."""
    sign = np.where(np.abs(slope) < FLAT, 0.0, np.sign(slope))
    known = sign[sign != 0]
    if not len(known):
        return np.zeros(len(slope), dtype=int), 0
    # a fold takes the direction of what follows
    index = np.where(sign != 0, np.arange(len(sign)), len(sign))
    following = np.minimum.accumulate(index[::-1])[::-1]
    sign = np.where(following < len(sign), sign[np.minimum(following, len(sign) - 1)], known[-1])
    turned = np.concatenate([[0], np.cumsum(sign[1:] != sign[:-1])])
    return turned, int(turned[-1])


def _missing(system: LoadEquations, traced: Traced, group: NDArray, log_load: NDArray) -> tuple[tuple[int, str], ...]:
    """What is not accounted for, and at which points."""
    lines = []
    name = "states without overlap" if system.frozen else "states with overlap"
    for j, row in enumerate(traced.row):
        here = np.nonzero(group == row)[0]
        if (traced.curves.ends[:, j] == End.LOST).any():
            lines += [(int(point), f"a curve of {name} was lost") for point in here]
        for end in np.nonzero(traced.curves.ends[:, j] == End.MARGINAL)[0]:
            y = traced.curves.y[:, j]
            last = y[np.isfinite(y).all(axis=-1)][0 if end == 0 else -1, -1]
            beyond = here[log_load[here] < last]
            lines += [(int(point), f"{name} with 1 - C < 1e-6 are not looked for") for point in beyond]
    return tuple(dict.fromkeys(lines))


def _fold(model: Any, n: int, closed: bool) -> tuple[Any, float]:
    """First fold of the main curve, counted from its end without noise."""
    from replica.errors import ConvergenceError

    flat = model.unchecked(**{k: np.atleast_1d(np.asarray(v, dtype=float)) for k, v in model.controls.items()})
    with np.errstate(all="ignore"):
        own = np.log(flat.controls[flat.load])
    system = LoadEquations(flat, n, not closed, np.minimum(own, 0.0) - 1)
    traced = _traced(system, [own[np.isfinite(own)]])
    labels = _labels(system, traced)
    for j in np.nonzero(labels.main)[0]:
        here = np.isfinite(traced.curves.y[:, j]).all(axis=-1)
        folds, y = labels.folds[here, j], traced.curves.y[here, j]
        if folds.min() == folds.max():
            break
        at = np.nonzero(folds == 1)[0]
        at = at[0] if folds[0] == 0 else at[-1] + 1
        order = system.order(y[at : at + 1])
        return type(order)._make(np.float64(v[0]) for v in order), float(y[at, -1])
    raise ConvergenceError(f"the branch of states with overlap has no fold along {model.load}")


ITERATIONS = 12
"""Iterations in which a state without overlap and noise must come to rest."""
AT_REST = 1e-9
"""Residual of such a state."""
NEAR = 1e-8
"""q and r beside it."""


def _paramagnet(flat: Any, closed: bool) -> tuple[NDArray, Any]:
    """Where m = r = 0 solves the equations with C < 1, and the other order parameters there, by iteration.

    From q = 1, and from q = 0 where the equations are in closed form: there a free energy has no slope.
    """
    shape = flat.shape
    exists, zero = np.zeros(shape, dtype=bool), np.zeros(shape)
    best = flat.order_type(*[zero] * len(flat.order_type._fields))
    with np.errstate(all="ignore"):
        for q in (0.0, 1.0) if closed else (1.0,):
            order = flat.order_type(*[zero] * len(flat.order_type._fields))._replace(q=np.full(shape, q))
            for _ in range(ITERATIONS):
                new = flat.saddle(order, 0)
                order = type(order)._make(np.broadcast_to(np.asarray(v, dtype=float), shape) for v in new)
                order = order._replace(m=zero, r=zero)
            here = (flat.residual(order, 0) < AT_REST) & (order.C < 1) & (order.C >= 0) & ~exists
            # 0 × ∞ is no state: it must be the limit of what is near it
            beside = flat.saddle(order._replace(q=order.q + NEAR, r=order.r + NEAR), 0)
            for a, b in zip(order, beside, strict=True):
                here &= np.abs(a - b) < math.sqrt(NEAR) * (1 + np.abs(a))
            best = type(order)._make(np.where(here, a, b) for a, b in zip(order, best, strict=True))
            exists = exists | here
    return exists, best
