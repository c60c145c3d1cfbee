"""Curves of solutions where the noise is small, as arcs: one on each flip between its bounds, one on each plateau.

On a flip the two roots z(t) of `Sharp.roots` are sampled over t and cut where z = 1/A, where C = 1, and where the
activity vanishes; on a plateau the noise falls to 0 unless a flip begins before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import LEAST_MARGIN
from replica.models.sparse.sharp import FLAT, LOG_A, Sharp
from replica.numerics.rootfinding import find_roots

__all__ = ["Arc", "End", "flips", "plateaus"]

NODES = np.concatenate([np.arange(-FLAT, -9, 0.25), np.arange(-9, 9, 0.05), np.arange(9, FLAT + 0.1, 0.25)])
NODES[-1] = FLAT
FEWEST = 12
"""Cells of an arc, at the least."""


class End(NamedTuple):
    """Where an arc ends: in the rest of the chart, at a plateau, at C = 1, or without noise."""

    kind: str
    """"chart" (at κ = `place`), "plateau" (index, `side` ±1 of the flip, ln z = `place`), "C = 1", "no noise" (index),
    "all off", "all on", "closed", and "lost" where none of these is met."""
    group: int = -1
    side: int = 0
    place: float = math.nan


class Arc(NamedTuple):
    """Points of a curve on one flip (coordinate t) or one plateau (t = nan), in order, and where it ends."""

    group: int
    """Of the flip, or of the plateau above it."""
    v: NDArray
    t: NDArray
    ends: tuple[End, End]


# Flips.


class Line(NamedTuple):
    """A curve on a flip as a polyline: its points, and the root that each is."""

    t: NDArray
    z: NDArray
    root: NDArray
    """1 for the smaller, 2 for the larger; 0 where the two meet."""
    mark: NDArray
    """0, or 1 + the index of the bound on which a point lies."""

    def segments(self) -> NDArray:
        """Root on which each segment runs."""
        return np.maximum(self.root[1:], self.root[:-1])

    def take(self, index: NDArray) -> Line:
        """Return some of the points."""
        return Line(*(column[index] for column in self))

    def rolled(self, start: int) -> Line:
        """Return a closed line that begins at another of its points."""
        return Line(*(np.append(np.roll(column[:-1], -start), column[start]) for column in self))

    def with_points(self, at: NDArray, new: Line) -> Line:
        """Insert points before those at some indices."""
        return Line(*(np.insert(a, at, b) for a, b in zip(self, new, strict=True)))


def flips(sharp: Sharp) -> list[Arc]:
    """All curves on all flips.

    Parameters
    ----------
    sharp : Sharp
        The level where the noise is small.

    Returns
    -------
    list of Arc
        Stretches with c < z < 1/A and an activity above the least.
    """
    return [arc for i in range(len(sharp.w)) for line in _lines(sharp, i) for arc in _cut(sharp, i, line)]


def _lines(sharp: Sharp, i: int) -> list[Line]:
    """Polylines over all nodes: the two roots, joined where they meet."""
    nodes = _nodes(sharp, i)
    inside, low, high = sharp.roots(i, nodes)
    real = inside >= 0
    change = np.nonzero(real[1:] != real[:-1])[0]
    edges = np.zeros(0)
    if len(change):
        f = lambda t, j: sharp.roots(i, t)[0]  # noqa: E731
        edges = find_roots(f, nodes[change], nodes[change + 1], inside[change], inside[change + 1])
    lines = []
    starts = np.concatenate([[0] if real[0] else [], change[~real[change]] + 1]).astype(int)
    stops = np.concatenate([change[real[change]], [len(nodes) - 1] if real[-1] else []]).astype(int)
    for start, stop in zip(starts, stops, strict=True):
        own = slice(start, stop + 1)
        left = edges[np.searchsorted(change, start - 1)] if start > 0 else None
        right = edges[np.searchsorted(change, stop)] if stop < len(nodes) - 1 else None
        lines += _joined(sharp, i, _line(nodes[own], low[own], 1), _line(nodes[own], high[own], 2), left, right)
    return lines


def _nodes(sharp: Sharp, i: int) -> NDArray:
    """Nodes in t, and the extrema of the discriminant between them at which it has the other sign."""
    values = sharp.roots(i, NODES)[0]
    turns = _turns(values)
    extra = [_beyond(lambda t: float(sharp.roots(i, t)[0]), NODES[j - 1], NODES[j + 1], values[j]) for j in turns]
    return np.union1d(NODES, [t for t in extra if t is not None])


def _turns(values: NDArray) -> NDArray:
    """Nodes at which a function turns round before it reaches zero, and where a parabola does not."""
    with np.errstate(all="ignore"):
        rise = np.diff(values)
        slope, bend = (rise[1:] + rise[:-1]) / 2, rise[1:] - rise[:-1]
        near = np.abs(values[1:-1]) <= slope * slope / np.abs(bend)
        return np.nonzero((rise[:-1] * rise[1:] < 0) & (rise[1:] * values[1:-1] > 0) & near)[0] + 1


def _beyond(f: Callable[[NDArray], float], a: float, b: float, value: float) -> float | None:
    """Where between a and b a function has passed zero furthest, if it has not the sign of `value` everywhere."""
    from scipy.optimize import minimize_scalar

    sign = math.copysign(1.0, value)
    found = minimize_scalar(
        lambda t: sign * f(np.array(t)), bounds=(min(a, b), max(a, b)), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x) if found.fun < 0 else None


def _line(t: NDArray, z: NDArray, root: int) -> Line:
    return Line(t, z, np.full(len(t), root), np.zeros(len(t), dtype=int))


def _joined(sharp: Sharp, i: int, low: Line, high: Line, left: float | None, right: float | None) -> list[Line]:
    """Both roots over a stretch of t, as one polyline or two."""

    def meeting(t: float) -> Line:
        m, _, c, h = sharp.averages(i, t)
        z = float(t * m / h + c / 2) if h > 0 else math.inf
        return _line(np.array([t]), np.array([z]), 0)

    def strung(*parts: Line) -> Line:
        return Line(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    back = np.arange(len(low.t))[::-1]
    if left is None and right is None:
        return [low, high]
    if left is None:
        assert right is not None
        return [strung(low, meeting(right), high.take(back))]
    if right is None:
        return [strung(low.take(back), meeting(left), high)]
    # closed: it begins and ends where the roots meet on the right
    return [strung(meeting(right), low.take(back), meeting(left), high, meeting(right))]


def _bounds(sharp: Sharp, i: int) -> tuple[Callable[[NDArray], NDArray], ...]:
    """The bounds of z as functions of t: 1/A, above which the other chart holds, and c, at which C = 1."""
    return (
        lambda t: np.full(np.shape(t), math.exp(-LOG_A)),
        lambda t: sharp.averages(i, t)[2] / (1 - LEAST_MARGIN),
    )


def _cut(sharp: Sharp, i: int, line: Line) -> list[Arc]:
    """Stretches of a polyline within the bounds."""
    if not (np.nanmin(line.z) < math.exp(-LOG_A) and np.nanmax(line.z) > 0):
        return []
    for number, bound in enumerate(_bounds(sharp, i)):
        line = _with_bound(sharp, i, line, number, bound)
    closed = line.root[0] == line.root[-1] == 0
    valid = _valid(sharp, i, line)
    if closed and not valid.all():
        # begin where there is a gap
        line, valid = line.rolled(int(np.argmin(valid))), np.roll(valid, -int(np.argmin(valid)))
    arcs = []
    inside = np.nonzero(valid)[0]
    for run in np.split(inside, np.nonzero(np.diff(inside) > 1)[0] + 1):
        if len(run):
            part = _resolved(sharp, i, line.take(np.arange(run[0], run[-1] + 2)))
            ends = _end(sharp, i, line, int(run[0]), -1), _end(sharp, i, line, int(run[-1]) + 1, 1)
            whole = closed and valid.all()
            arcs.append(Arc(i, -np.log(part.z), part.t, (End("closed"), End("closed")) if whole else ends))
    return arcs


def _valid(sharp: Sharp, i: int, line: Line) -> NDArray:
    """Which segments lie within the bounds, and reach where the activity does not vanish."""
    middle = (line.t[1:] + line.t[:-1]) / 2
    z = _on_root(sharp, i, line.segments(), middle)
    upper, lower = (bound(middle) for bound in _bounds(sharp, i))
    sound = sharp.sound(i, line.t)
    with np.errstate(invalid="ignore"):
        return (z > lower) & (z < upper) & (sound[1:] | sound[:-1])


def _on_root(sharp: Sharp, i: int, root: NDArray, t: NDArray) -> NDArray:
    _, low, high = sharp.roots(i, t)
    return np.where(root == 2, high, low)


def _with_bound(sharp: Sharp, i: int, line: Line, number: int, bound: Callable[[NDArray], NDArray]) -> Line:
    """Points inserted where the curve meets a bound."""
    line = _with_turns(sharp, i, line, bound)
    root = line.segments()
    with np.errstate(invalid="ignore"):
        above = line.z - bound(line.t)
        crossed = np.isfinite(above[1:] + above[:-1]) & ((above[1:] > 0) != (above[:-1] > 0))
    cell = np.nonzero(crossed & (line.mark[1:] != number + 1) & (line.mark[:-1] != number + 1))[0]
    if not len(cell):
        return line

    def distance(t: NDArray, index: NDArray) -> NDArray:
        return _on_root(sharp, i, root[cell[index]], t) - bound(t)

    t = find_roots(distance, line.t[cell], line.t[cell + 1], above[cell], above[cell + 1])
    new = Line(t, bound(t), root[cell], np.full(len(cell), number + 1))
    return line.with_points(cell + 1, new)


def _with_turns(sharp: Sharp, i: int, line: Line, bound: Callable[[NDArray], NDArray]) -> Line:
    """Points inserted where the curve is beyond a bound between two nodes within it, or the other way round."""
    with np.errstate(invalid="ignore"):
        above = line.z - bound(line.t)
    for j in _turns(above)[::-1]:
        root = line.segments()[j : j + 1]
        if line.root[j] == 0 or line.segments()[j - 1] != root[0]:
            continue

        def distance(t: NDArray, root: NDArray = root) -> float:
            return (_on_root(sharp, i, root, t) - bound(t)).item()

        t = _beyond(distance, line.t[j - 1], line.t[j + 1], above[j])
        if t is not None:
            before = (t - line.t[j]) * (line.t[j - 1] - line.t[j]) > 0
            at = np.array([t])
            new = Line(at, _on_root(sharp, i, root, at), root, np.zeros(1, dtype=int))
            line = line.with_points(np.array([j if before else j + 1]), new)
    return line


def _resolved(sharp: Sharp, i: int, line: Line) -> Line:
    """A polyline with at least so many cells that what happens on it is seen."""
    if len(line.t) > FEWEST:
        return line
    shares = np.linspace(0, 1, 2 + FEWEST // (len(line.t) - 1))[1:-1]
    cell = np.repeat(np.arange(len(line.t) - 1), len(shares))
    share = np.tile(shares, len(line.t) - 1)
    t, root = line.t[cell] + share * (line.t[cell + 1] - line.t[cell]), line.segments()[cell]
    return line.with_points(cell + 1, Line(t, _on_root(sharp, i, root, t), root, np.zeros(len(cell), dtype=int)))


def _end(sharp: Sharp, i: int, line: Line, j: int, way: int) -> End:
    """What the vertex j is, at which a stretch ends in one direction."""
    t, z = float(line.t[j]), float(line.z[j])
    if line.mark[j] == 1:
        a = math.exp(LOG_A)
        return End("chart", place=(t - a * float(sharp.w[i])) / math.hypot(1.0, a))
    if line.mark[j] == 2:
        return End("C = 1")
    if 0 <= j + way < len(line.t):
        if bool(sharp.sound(i, line.t[j + way])):
            return End("lost")
        return End("all off" if sharp.q_from[i] < 0.5 else "all on")
    if t > 0:
        return End("plateau", i, 1, -math.log(z)) if sharp.sound_plateau(i) else End("all on")
    return End("plateau", i + 1, -1, -math.log(z)) if sharp.sound_plateau(i + 1) else End("all off")


# Plateaus: the units with W ≥ w_i on, κ between −w_i and −w_{i−1}.


def plateaus(sharp: Sharp, lowest: float) -> list[Arc]:
    """All stretches of all plateaus, from larger noise to smaller, down to below the load e^lowest."""
    sound = [i for i in range(1, len(sharp.w)) if sharp.sound_plateau(i)]
    return [arc for i in sound for arc in _stretches(sharp, i, lowest)]


def _stretches(sharp: Sharp, i: int, lowest_load: float) -> list[Arc]:
    m, h = float(sharp.m_from[i]), float(sharp.pulls[i])
    above, below = sharp.g / m + float(sharp.w[i]), -sharp.g / m - float(sharp.w[i - 1])
    if not below > 0:
        return []
    # −κ − w_{i−1} ≥ FLAT z: one interval from 0; κ + w_i ≥ FLAT z: all but the interval between two roots
    far = 2 * below / (FLAT + math.sqrt(FLAT * FLAT + 2 * h / m * below)) if h > 0 else below / FLAT
    top, start = (far, End("plateau", i, -1, -math.log(far)))
    if math.exp(-LOG_A) < far:
        top = math.exp(-LOG_A)
        a = math.exp(LOG_A)
        start = End("chart", i, place=float(sharp.plateau_kappa(i, top)) / math.hypot(1.0, 1 / a))
    at_one = float(sharp.plateau_point(i, np.zeros(1)).log_alpha[0])
    deepest = max((at_one - lowest_load) / 2, LOG_A) + 1
    inside = FLAT * FLAT - 2 * h / m * above
    gone = None
    if above <= 0 or inside > 0:
        root = math.sqrt(max(inside, 0.0))
        upper = (FLAT + root) * m / h if h > 0 else math.inf
        lower = 2 * above / (FLAT + root)
        gone = (max(lower, 0.0), upper)
    pieces: list[tuple[float, float, End, End]] = []
    bottom = End("no noise", i)
    if gone is None or gone[0] >= top:
        if above > 0:
            pieces.append((top, 0.0, start, bottom))
    else:
        if gone[1] < top:
            pieces.append((top, gone[1], start, End("plateau", i, 1, -math.log(gone[1]))))
        if gone[0] > 0:
            pieces.append((gone[0], 0.0, End("plateau", i, 1, -math.log(gone[0])), bottom))
    arcs = []
    for high, low, first, last in pieces:
        from_v = -math.log(high)
        to_v = -math.log(low) if low > 0 else max(deepest, from_v + 1)
        v = from_v + (to_v - from_v) * np.array([0.0, 1e-4, 1e-3, 0.01, 0.1, 1.0])
        arcs.append(Arc(i, v, np.full(len(v), np.nan), (first, last)))
    return arcs
