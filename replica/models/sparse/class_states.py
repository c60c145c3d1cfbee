"""All states with overlap of heterogeneous machines, labelled by the curve that each lies on.

At each load asked for states are searched (`class_search`), and every curve that starts at a state without noise, or
goes through a state that was found, is followed both ways to its ends (`class_curves`). Between two folds the load is
monotone, so that each of the loads is met once, and every state is named by the end without noise that its curve has.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.errors import ConvergenceError
from replica.models.base import Order
from replica.models.sparse.class_curves import (
    LEAST_ACTIVITY,
    Cells,
    Trace,
    corrected,
    cubic,
    newton_at_load,
    scales,
    tangents,
    trace,
)
from replica.models.sparse.class_plateau import LEAST_LOG, Plateau
from replica.models.sparse.class_search import distinct, states_at_load
from replica.models.sparse.classes import ClassEquations, Place
from replica.numerics.rootfinding import find_roots

__all__ = ["ClassState", "first_fold_of_classes", "states_of_classes"]

LEAST_MARGIN = 1e-9
"""1 − C below which states are left out, as everywhere."""
SPACING = 0.5
"""ln α between loads at which states are searched, where many loads are asked for."""
KNOWN_ENDS = ("no noise", "C = 1", "all off", "all on", "α → ∞", "closed")


class ClassState(NamedTuple):
    """A state: index of its load, k of the state without noise it descends from (−1: none), folds since, members."""

    load: int
    k: int
    sheet: int
    order: Order


class _Curve(NamedTuple):
    """A curve from end to end: cells on which ln α is monotone, which of them begin at a fold, and the ends."""

    cells: Cells
    folds: NDArray
    ends: tuple[str, str]
    k: tuple[int | None, int | None]

    def label(self, cell: int) -> tuple[int, int]:
        """k and sheet of a cell, by the end without noise with fewer folds."""
        passed, total = int(self.folds[: cell + 1].sum()), int(self.folds.sum())
        ends = [(n, k) for n, k in zip((passed, total - passed), self.k, strict=True) if k is not None]
        if not ends:
            return -1, passed
        sheet, k = min(ends)
        return k, sheet


def states_of_classes(
    equations: ClassEquations, log_alpha: NDArray, overlap_unit: int, coarse: tuple[ClassEquations, ...] = ()
) -> tuple[list[ClassState], list[tuple[int, str]]]:
    """States with overlap at loads, and what is not accounted for.

    Parameters
    ----------
    equations : ClassEquations
        A heterogeneous machine.
    log_alpha : array, shape (A,)
        Logarithms of the loads.
    overlap_unit : int
        Unit of m: 2 for m̃.
    coarse : tuple of ClassEquations
        Nearly the same machine with fewer classes, fewest first: where states are searched, if there are any.

    Returns
    -------
    states, unaccounted
        The states, and pairs (index of a load, what may be missing there).
    """
    lowest = float(log_alpha.min())
    curves: list[_Curve] = []
    seeds = zero_noise_places(equations, lowest)
    if len(seeds.y):
        curves += _distinct_by_end(_followed(equations, seeds, lowest))
    searched = _searched(log_alpha)
    for level in searched:
        found = _searched_coarsely(equations, coarse, level)
        known = [place for curve in curves for place, _ in _crossings(equations, curve, level)]
        new = _unlike(equations, found, known)
        for index, curve in enumerate(_followed(equations, new, lowest) if len(new.y) else []):
            # one curve may go through several of them
            if len(_unlike(equations, new.take(np.array([index])), known).y):
                curves.append(curve)
                known += [place for place, _ in _crossings(equations, curve, level)]
    states: list[ClassState] = []
    unaccounted = _not_searched(log_alpha, searched, equations, coarse)
    for curve in curves:
        for index, level in enumerate(log_alpha):
            for place, cell in _crossings(equations, curve, float(level)):
                order = _members(equations, place, curve.cells.plateau[cell], overlap_unit)
                if order is not None:
                    states.append(ClassState(index, *curve.label(cell), order))
        for end in curve.ends:
            if end not in KNOWN_ENDS:
                line = f"a curve of states of the heterogeneous machine is {end}"
                unaccounted += [(index, line) for index in range(len(log_alpha))]
    return _apart(states), unaccounted


def _not_searched(
    log_alpha: NDArray, searched: list[float], equations: ClassEquations, coarse: tuple[ClassEquations, ...]
) -> list[tuple[int, str]]:
    """Loads at which states on closed curves, or states of all classes only, are not looked for."""
    missing = []
    if coarse:
        few, every = (len(np.unique(one.x)) for one in (coarse[0], equations))
        line = f"states are searched with the units in {few} classes and carried over to all {every}: others may exist"
        missing += [(index, line) for index in range(len(log_alpha))]
    line = f"closed curves are searched at loads about {SPACING:g} apart in ln alpha only"
    return missing + [(index, line) for index, level in enumerate(log_alpha) if float(level) not in searched]


def _apart(states: list[ClassState]) -> list[ClassState]:
    """States of one load, in order of k and sheet, no two of one k and sheet."""
    result: list[ClassState] = []
    for state in sorted(states, key=lambda s: s[:3]):
        before = result[-1] if result and result[-1][:2] == state[:2] else None
        result.append(state if before is None else state._replace(sheet=max(state.sheet, before.sheet + 1)))
    return result


def _members(equations: ClassEquations, place: Place, plateau: bool, overlap_unit: int) -> Order | None:
    """Order parameters at a point, None where it is not counted."""
    values = equations.at(place)
    if plateau:
        on = Plateau.of(equations, values.field[0], float(place.y[0, 2]))
        return on.order(float(place.y[0, 3]), overlap_unit)
    if values.log_margin[0] < math.log(LEAST_MARGIN) or place.y[0, 2] < math.log(LEAST_ACTIVITY):
        return None
    return Order(*(float(v[0]) for v in equations.order(place, values, overlap_unit)))


def _searched_coarsely(equations: ClassEquations, coarse: tuple[ClassEquations, ...], level: float) -> Place:
    """States at a load, those of a machine with few classes carried over to more and more of them."""
    chain = [*coarse, equations]
    found = states_at_load(chain[0], level)
    for before, after in pairwise(chain):
        distance = np.abs(after.w - before.w[found.group][:, None]) * 1e3 + np.abs(
            after.x - before.x[found.group][:, None]
        )
        place, values, rested = newton_at_load(after, Place(found.y, np.argmin(distance, axis=1)))
        keep = np.nonzero(rested & (values.log_margin > math.log(LEAST_MARGIN)))[0]
        found = distinct(place.take(keep), values.log_margin[keep])
    return found


def _searched(log_alpha: NDArray) -> list[float]:
    """Loads at which states are searched: all, or some that are not far from each other."""
    levels = np.unique(log_alpha)
    if len(levels) <= 3:
        return [float(v) for v in levels]
    kept = [levels[0]]
    for before, level in zip(levels[1:], [*levels[2:], np.inf], strict=True):
        if level - kept[-1] > SPACING and before != kept[-1]:
            kept.append(before)
    return [float(v) for v in kept]


def zero_noise_places(equations: ClassEquations, lowest: float) -> Place:
    """Plateaus that go down to states without noise v = Θ(g + mW), (k − 1)m < |g| < km, at low loads."""
    eq, n = equations, equations.pairs
    y, groups = [], []
    for k in np.unique(eq.w[:n]):
        on = eq.w >= k if eq.g < 0 else eq.w > -k
        m = float((eq.weight * eq.w / eq.size)[:n] @ (on[:n].astype(float) - on[n : 2 * n]))
        q = float((eq.weight * eq.x)[on].sum())
        if not (eq.g != 0 and m > 0 and (k - 1) * m <= abs(eq.g) < k * m):
            continue
        plateau = Plateau.of(eq, np.where(on, 1.0, -1.0), math.log(q))
        level = lowest - 3
        for _ in range(400):
            field = eq.g + m * eq.w + plateau.half_B * math.exp(level) * eq.x
            noise = math.exp(max(plateau.log_noise(level), LEAST_LOG)) * np.sqrt(eq.x)
            if (np.where(on, field, -field) > 40 * noise).all():
                break
            level -= 3
        else:
            continue
        nearest = int(np.argmin(np.abs(field)))
        y.append(plateau.place(level, nearest))
        groups.append(nearest)
    return Place(np.array(y).reshape(-1, 4), np.array(groups, dtype=int))


def _followed(equations: ClassEquations, seeds: Place, lowest: float) -> list[_Curve]:
    """Curves through points."""
    n = len(seeds.y)
    both = Place(np.tile(seeds.y, (2, 1)), np.tile(seeds.group, 2))
    halves = trace(equations, both, np.repeat([-1.0, 1.0], n), lowest)
    return [_joined(equations, halves[i], halves[n + i]) for i in range(n)]


def _joined(equations: ClassEquations, down: Trace, up: Trace) -> _Curve:
    """Two halves as one curve, split at its folds."""
    parts: list[Cells]
    k: tuple[int | None, int | None]
    if up.end == "closed":
        parts, ends, k = [up.cells], ("closed", "closed"), (None, None)
    else:
        back = down.cells
        turned = Cells(back.end, -back.into, back.start, -back.out, back.group, back.plateau)
        parts, ends, k = [Cells(*(v[::-1] for v in turned)), up.cells], (down.end, up.end), (down.k, up.k)
    cells = Cells(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    inside = np.nonzero(~cells.plateau & (cells.out[:, 3] * cells.into[:, 3] < 0))[0]
    middle, tangent = _extrema(equations, cells, inside)
    first = Cells(*(v.copy() for v in cells))
    first.end[inside], first.into[inside] = middle, tangent
    second = Cells(middle, tangent, *(v[inside] for v in cells[2:]))
    order = np.argsort(np.concatenate([np.arange(len(cells.group)), inside + 0.5]), kind="stable")
    whole = Cells(*(np.concatenate(pair)[order] for pair in zip(first, second, strict=True)))
    folds = np.concatenate([np.zeros(len(cells.group), dtype=bool), np.ones(len(inside), dtype=bool)])[order]
    return _Curve(whole, folds, ends, k)


def _on_curve(equations: ClassEquations, cells: Cells, index: NDArray, share: NDArray) -> tuple[Place, NDArray]:
    """Points of cells at shares of their lengths, and the tangents there."""
    start, out, end, into, group, _ = (v[index] for v in cells)
    scale = scales(start)
    guess = Place(cubic(start, out, end, into, share, scale), group)
    place, values, _ = corrected(equations, guess, end - start, scale)
    return place, tangents(values.J, scale, end - start)


def _extrema(equations: ClassEquations, cells: Cells, index: NDArray) -> tuple[NDArray, NDArray]:
    """Points of cells at which ln α is stationary."""
    if not len(index):
        return np.zeros((0, 4)), np.zeros((0, 4))

    def slope(share: NDArray, i: NDArray) -> NDArray:
        return _on_curve(equations, cells, index[i], share)[1][:, 3]

    zero = np.zeros(len(index))
    share = find_roots(slope, zero, zero + 1, cells.out[index, 3], cells.into[index, 3], rtol=1e-12)
    place, tangent = _on_curve(equations, cells, index, share)
    return place.y, tangent


def _crossings(equations: ClassEquations, curve: _Curve, level: float) -> list[tuple[Place, int]]:
    """Points of a curve at a load, and their cells."""
    cells = curve.cells
    above, beyond = cells.start[:, 3] > level, cells.end[:, 3] > level
    index = np.nonzero(above != beyond)[0]
    if not len(index):
        return []
    low, high = cells.start[index, 3] - level, cells.end[index, 3] - level

    def excess(share: NDArray, i: NDArray) -> NDArray:
        return _on_curve(equations, cells, index[i], share)[0].y[:, 3] - level

    start = cells.start[index].copy()
    bent = np.nonzero(~cells.plateau[index])[0]
    if len(bent):
        zero = np.zeros(len(bent))
        share = find_roots(lambda s, i: excess(s, bent[i]), zero, zero + 1, low[bent], high[bent], steps=60, rtol=1e-13)
        start[bent] = _on_curve(equations, cells, index[bent], share)[0].y
    for i in np.nonzero(cells.plateau[index])[0]:
        cell = index[i]
        field = equations.at(Place(cells.start[cell : cell + 1], cells.group[cell : cell + 1])).field[0]
        start[i] = Plateau.of(equations, field, float(start[i, 2])).place(level, int(cells.group[cell]))
    start[:, 3] = level
    rough = Place(start, cells.group[index])
    place, _, rested = newton_at_load(equations, rough)
    with np.errstate(invalid="ignore"):
        near = rested & ~cells.plateau[index] & (np.abs(place.y - start)[:, [0, 2]].max(axis=-1) < 1e-2)
    y = np.where(near[:, None], place.y, start)
    return [(Place(y[i : i + 1], place.group[i : i + 1]), int(index[i])) for i in range(len(index))]


def _unlike(equations: ClassEquations, found: Place, known: list[Place]) -> Place:
    """Those of the points that are not among the known ones."""
    if not known or not len(found.y):
        return found
    first = Place(np.concatenate([p.y for p in known]), np.concatenate([p.group for p in known]))
    both = Place(np.concatenate([first.y, found.y]), np.concatenate([first.group, found.group]))
    kept = distinct(both, equations.at(both).log_margin, 1e-7)
    return kept.take(np.arange(len(distinct(first, equations.at(first).log_margin, 1e-7).y), len(kept.y)))


def _distinct_by_end(curves: list[_Curve]) -> list[_Curve]:
    """Curves without those that a curve before ends at the other side of."""
    kept: list[_Curve] = []
    for curve in curves:
        if not any(curve.k[0] is not None and curve.k[0] in other.k for other in kept):
            kept.append(curve)
    return kept


def first_fold_of_classes(equations: ClassEquations, overlap_unit: int) -> tuple[Order, float]:
    """Order parameters and ln α at the first fold of the curve that starts at the state k = 1 without noise.

    Parameters
    ----------
    equations : ClassEquations
        A heterogeneous machine.
    overlap_unit : int
        Unit of m: 2 for m̃.

    Returns
    -------
    order, log_alpha
        The fold.

    Raises
    ------
    ConvergenceError
        If there is no such state, or its curve has no fold.
    """
    lowest = -20.0
    seeds = zero_noise_places(equations, lowest)
    curves = _followed(equations, seeds, lowest) if len(seeds.y) else []
    for curve in curves:
        if curve.k[0] == 1 and curve.folds.any():
            cell = int(np.nonzero(curve.folds)[0][0])
            place = Place(curve.cells.start[cell : cell + 1], curve.cells.group[cell : cell + 1])
            order = equations.order(place, equations.at(place), overlap_unit)
            return Order(*(np.float64(v[0]) for v in order)), float(place.y[0, 3])
    one = equations.w[: equations.pairs] >= 1
    m = float((equations.weight * equations.w)[: equations.pairs][one].sum() / equations.size)
    raise ConvergenceError(
        f"no fold of a retrieval branch (k = 1) at g = {equations.g}; its state without noise needs |g| < m, m = "
        f"{m:.6g}"
    )
