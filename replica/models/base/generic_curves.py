"""All states of a model that has no chart: on curves of solutions traced from their ends and through states found.

At fixed couplings solutions are curves in (unknowns, ln α). They are traced by arclength from every end at α → 0 that
`curve_starts` knows, and through every state that its search finds on none of them. Where curves meet a load are its
states: all loads share them. What a search from starts cannot prove: a curve that closes, or has both ends elsewhere,
is found only if one of its states at a load searched draws a start.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base.chart import ExactState, Finder, Found
from replica.models.base.load_equations import LoadEquations
from replica.models.base.paramagnet import state_without_noise
from replica.models.base.points import groups
from replica.models.base.traced_curves import SAME, Met, Seeder, Traced, all_curves, meetings
from replica.numerics.arclength import Curves, End

__all__ = ["generic_branches"]


def generic_branches(
    model: Any, n_condensed: tuple[int, ...], closed: bool, further: Seeder | None = None
) -> list[Finder | ExactState]:
    """Finders of the states with overlap for each n, and of the glasses; and the paramagnet.

    Parameters
    ----------
    model : Model
        The model.
    n_condensed : tuple of int
        Numbers of condensed patterns; other than 1 only where the free energy knows them.
    closed : bool
        Whether the model has its equations in closed form.
    further : callable, optional
        Points of curves with overlap that the model knows in another way.

    Returns
    -------
    list of Finder and ExactState
        What holds the states.
    """
    found: list[Finder | ExactState] = []
    even, still = _symmetries(model)
    for n in n_condensed:
        if n == 1 or _knows_mixtures(model, n):
            kinds = ("retrieval", "spurious") if n == 1 else ("mixture",)
            known: dict[str, Any] = {"n": n, "closed": closed, "even": even}
            found.append(Finder(kinds, n, partial(_states, **known, further=further), partial(_fold, **known)))
    if not still:
        return found
    glass = Finder(("spin_glass",), 0, partial(_states, n=0, closed=closed))
    return [*found, glass, ExactState("paramagnet", 0, partial(state_without_noise, closed=closed))]


def _symmetries(model: Any) -> tuple[bool, bool]:
    """Whether f is even in m, and whether it has no slope at m = 0, so that states without overlap may exist."""
    x = [-0.5 if unknown.startswith("log_") else 0.4 for unknown in model.unknowns]
    if "m" not in model.unknowns:
        return True, True
    own, h = model.unknowns.index("m"), 1e-5
    here = model.unchecked(**{model.load: 0.1})

    def energy(m: float) -> NDArray:
        at = list(x)
        at[own] = m
        return np.asarray(here.free_energy(here.unpack(at)), dtype=float)

    with np.errstate(all="ignore"):
        left, right, below, above = (energy(m) for m in (-x[own], x[own], -h, h))
        even = np.all(np.abs(left - right) <= EVEN * (1 + np.abs(right)))
        still = np.all(np.abs(above - below) <= EVEN * (1 + np.abs(above)))
    return bool(even), bool(even or still)


EVEN = 1e-9
"""Difference of free energies at m and −m that is rounding."""


def _knows_mixtures(model: Any, n: int) -> bool:
    """Whether the free energy depends on the number of condensed patterns."""
    x = [-0.5 if unknown.startswith("log_") else 0.4 for unknown in model.unknowns]
    here = model.unchecked(**{model.load: 0.1})
    with np.errstate(all="ignore"):
        one, several = (np.asarray(here.free_energy(here.unpack(x), k), dtype=float) for k in (1, n))
    return bool(np.any(one != several))


def _states(flat: Any, n: int, closed: bool, even: bool = True, further: Seeder | None = None) -> Found:
    """States of a flat model, n patterns condensed."""
    couplings, group = groups(flat)
    log_load = np.log(np.broadcast_to(np.asarray(flat.controls[flat.load], dtype=float), group.shape))
    asked = [log_load[group == r] for r in range(int(group.max()) + 1)]
    system = LoadEquations(couplings, n, not closed, np.array([v.min() for v in asked]) - 1)
    points, rows = len(group), len(asked)
    if not even:
        system, asked = _of_both_signs(system), asked * 2
        group, log_load = np.concatenate([group, group + rows]), np.tile(log_load, 2)
    traced = all_curves(system, asked, further)
    labels = _labels(system, traced, rows)
    met = meetings(system, traced, group, log_load)
    owner, met = group[met.point], met._replace(point=met.point % points)
    rank = np.lexsort((labels.sheets(met), met.point))
    met, owner = Met(*(v[rank] for v in met)), owner[rank]
    keep = _first(met, owner) & ~system.faint(system.rows(owner).order(met.y))
    met, owner = Met(*(v[keep] for v in met)), owner[keep]
    order = system.rows(owner).order(met.y)
    order = type(order)._make(np.array(v) for v in order)
    missing = tuple((point % points, line) for point, line in _missing(system, traced, group, log_load))
    return _found(flat, n, labels, met, order, missing)


def _of_both_signs(system: LoadEquations) -> LoadEquations:
    """All rows with m > 0, then all with m < 0."""
    rows = len(system.floor)
    return system.rows(np.tile(np.arange(rows), 2))._replace(sign=np.repeat([1.0, -1.0], rows))


def _first(met: Met, owner: NDArray) -> NDArray:
    """Which meetings are the first of their state."""
    keep = np.ones(len(met.point), dtype=bool)
    for back in range(1, 6):
        apart = np.abs(met.y[back:] - met.y[:-back]).max(axis=-1, initial=0.0)
        same = (met.point[back:] == met.point[:-back]) & (owner[back:] == owner[:-back])
        keep[back:] &= ~(same & (apart < SAME))
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


def _labels(system: LoadEquations, traced: Traced, rows: int) -> Labels:
    """Of each row first the curve from the noiseless state of the largest overlap, or else of the largest overlap.

    Of both signs of m, rows apart, that with m > 0 comes first if both have a noiseless state.
    """
    curves, row = traced.curves, traced.row % rows
    count = len(row)
    length = np.isfinite(curves.y).all(axis=-1).sum(axis=0)
    slope = curves.tangent[:, :, -1]
    folds, total = np.zeros(slope.shape, dtype=int), np.zeros(count, dtype=int)
    height = np.zeros(count)
    for j in range(count):
        passed, total[j] = _passed(slope[: length[j], j])
        ends = curves.y[[0, length[j] - 1], j]
        own = system.rows(np.full(2, traced.row[j]))
        overlap = -np.abs(own.order(ends).m)
        free = (curves.ends[:, j] == End.LOW) | own.noiseless(ends)
        best = int(np.lexsort((overlap, ~free))[0])
        folds[: length[j], j] = passed if best == 0 else total[j] - passed
        noiseless = 2.0 * (1 + (traced.row[j] < rows)) if free[best] else 0.0
        height[j] = noiseless - overlap[best] / (1 + abs(overlap[best]))
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


STEEP = -0.5
"""d ln α/d(−ln(1 − C)) above which C passes 1 and no end is there; −2 where α vanishes with the square of 1 − C."""


def _marginal_ends(system: LoadEquations, curves: Curves, j: int) -> list[tuple[bool, float]]:
    """Of each end of a curve at C = 1 whether C passes 1 there, which coordinates cannot follow, and ln α."""
    y, found = curves.y[np.isfinite(curves.y[:, j]).all(axis=-1), j], []
    for end, (last, before) in zip(curves.ends[:, j], ((0, 1), (-1, -2)), strict=True):
        if end == End.MARGINAL and len(y) > 1 and "C" in system.names:
            along = y[last] - y[before]
            found.append((bool(along[-1] > STEEP * along[system.names.index("C")]), float(y[last, -1])))
    return found


def _missing(system: LoadEquations, traced: Traced, group: NDArray, log_load: NDArray) -> tuple[tuple[int, str], ...]:
    """What is not accounted for, and at which points."""
    lines = []
    name = "states without overlap" if system.frozen else "states with overlap"
    for j, row in enumerate(traced.row):
        here = np.nonzero(group == row)[0]
        if (traced.curves.ends[:, j] == End.LOST).any():
            lines += [(int(point), f"a curve of {name} was lost") for point in here]
        for passes, last in _marginal_ends(system, traced.curves, j):
            beyond, what = (here, "C > 1") if passes else (here[log_load[here] < last], "1 - C < 1e-6")
            lines += [(int(point), f"{name} with {what} are not looked for") for point in beyond]
    more = [point for row in traced.left for point in np.nonzero(group == row)[0]]
    lines += [(int(point), f"there are more curves of {name} than are traced") for point in more]
    return tuple(dict.fromkeys(lines))


def _fold(model: Any, n: int, closed: bool, even: bool = True) -> tuple[Any, float]:
    """First fold of the main curve, counted from its end without noise."""
    from replica.errors import ConvergenceError

    flat = model.unchecked(**{k: np.atleast_1d(np.asarray(v, dtype=float)) for k, v in model.controls.items()})
    with np.errstate(all="ignore"):
        own = np.log(flat.controls[flat.load])
    system = LoadEquations(flat, n, not closed, np.minimum(own, 0.0) - 1)
    if not even:
        system, own = _of_both_signs(system), np.tile(own, 2)
    traced = all_curves(system, [v[np.isfinite(v)] for v in own[:, None]])
    labels = _labels(system, traced, 1)
    for j in np.nonzero(labels.main)[0]:
        here = np.isfinite(traced.curves.y[:, j]).all(axis=-1)
        folds, y = labels.folds[here, j], traced.curves.y[here, j]
        if folds.min() == folds.max():
            if any(passes for passes, _ in _marginal_ends(system, traced.curves, int(j))):
                raise ConvergenceError(
                    f"the branch of states with overlap has no fold along {model.load} up to C = 1, beyond which it is "
                    "not followed without a chart of the model's own"
                )
            break
        at = np.nonzero(folds == 1)[0]
        at = at[0] if folds[0] == 0 else at[-1] + 1
        order = system.rows(traced.row[j : j + 1]).order(y[at : at + 1])
        return type(order)._make(np.float64(v[0]) for v in order), float(y[at, -1])
    raise ConvergenceError(f"the branch of states with overlap has no fold along {model.load}")
