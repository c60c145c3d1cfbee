"""All curves of solutions at a fixed field g, as level curves of the chart of `replica.models.sparse.chart`.

On the chart g and ln α are explicit functions of two coordinates. The level g = const is traced on a grid (which
meets every component that reaches a cell), its vertices are projected onto the level, and along each curve ln α is
then treated as on any chart: extrema are folds, and between two of them each load is crossed at most once.
"""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.sparse.chart import LEAST_MARGIN, ChartPoint, Couplings, at, from_averages, visible_averages
from replica.models.sparse.sharp import LOG_A, Arc, End, Sharp
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["Curve", "curves", "zero_noise_states"]

STEP_V = 0.08
STEP_KAPPA = 0.05
LEAST_ACTIVITY = 1e-12
"""Activity q below which states are not looked for: no machine has 1e12 units, and α is unbounded on q → 0."""


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """One curve of solutions at fixed couplings and g, through the chart and, where the noise is small, `Sharp`.

    Parameters
    ----------
    sharp : Sharp
        The level: couplings of numbers and g.
    vertices : array, shape (K, 2)
        Coordinates of points on it, in order, folds among them: (v, κ) on the chart, (v, t) on a flip, v on a plateau.
    chart : array of int, shape (K,)
        Which of these: 0, flip i as i + 1, plateau i as −i − 1.
    log_alpha : array, shape (K,)
        ln α there, −inf outside the domain.
    folds : array of bool, shape (K,)
        Which vertices are extrema of ln α.
    k : tuple of (int or None, int or None)
        Zero-noise states at the first and the last vertex, None where the curve ends otherwise.
    ends : tuple of (str, str)
        How it ends: "no noise", "C = 1", "all off", "all on", "closed", or "window", where nothing is known to end.
    """

    couplings: Couplings
    sharp: Sharp
    vertices: NDArray
    chart: NDArray
    log_alpha: NDArray
    folds: NDArray
    k: tuple[int | None, int | None]
    ends: tuple[str, str]

    def place(self, t: NDArray) -> Places:
        """Places at parameter t (vertex number, fractions between), projected onto the level."""
        cell = np.clip(np.floor(t).astype(int), 0, len(self.vertices) - 2)
        return self.between(self.vertex(cell), self.vertex(cell + 1), t - cell)

    def vertex(self, index: NDArray) -> Places:
        """Places of vertices."""
        return Places(self.vertices[index, 0], self.vertices[index, 1], self.chart[index])

    def between(self, one: Places, other: Places, share: NDArray) -> Places:
        """Places on the level between two others, near the point that divides the straight line between them."""
        # of two charts that of the smaller noise: a plateau, then a flip
        least, most = np.minimum(one.chart, other.chart), np.maximum(one.chart, other.chart)
        chart = np.where(least < 0, least, most)
        first, second = (self._in_chart(place, chart) for place in (one, other))
        v, x = ((1 - share) * a + share * b for a, b in zip(first, second, strict=True))
        return self._projected(Places(v, x, chart))

    def _in_chart(self, place: Places, chart: NDArray) -> tuple[NDArray, NDArray]:
        """Coordinates in given charts: t of a flip from κ, none on a plateau."""
        v, x, own = place
        a = np.exp(np.minimum(v, LOG_A + 1))
        w = self.sharp.w[np.clip(chart - 1, 0, None)]
        x = np.where((chart > 0) & (own == 0), x * np.hypot(1.0, a) + a * w, x)
        return v, np.where(chart < 0, 0.0, x)

    def _projected(self, places: Places) -> Places:
        v, x, chart = (np.array(member) for member in places)
        for which in np.unique(chart):
            here = chart == which
            if which == 0:
                v[here], x[here] = projected(self.couplings, self.sharp.g, v[here], x[here])
            elif which > 0:
                v[here], x[here] = self.sharp.onto_flip(int(which) - 1, v[here], x[here])
        return Places(v, x, chart)

    def at(self, places: Places) -> ChartPoint:
        """Controls and order parameters at places."""
        v, x, chart = places
        members = [np.full(np.shape(v), np.nan) for _ in ChartPoint._fields]
        for which in np.unique(chart):
            here = chart == which
            if which == 0:
                point = at(self.couplings, v[here], x[here])
            elif which > 0:
                point = self.sharp.flip_point(int(which) - 1, v[here], x[here])
            else:
                point = self.sharp.plateau_point(-int(which) - 1, v[here])
            for member, values in zip(members, point, strict=True):
                member[here] = values
        return ChartPoint(*members)

    def point(self, t: NDArray) -> ChartPoint:
        """Controls and order parameters at parameter t."""
        return self.at(self.place(t))

    def sheets(self, end: int) -> NDArray:
        """Folds between each cell and one end (0 or −1)."""
        passed = np.cumsum(self.folds)
        return passed[:-1] if end == 0 else passed[-1] - passed[:-1]

    def cells_at_load(self, log_alpha: float) -> tuple[NDArray, NDArray]:
        """Cells in which the load is crossed, and the parameters t of the crossings."""
        above = self.log_alpha > log_alpha
        cell = np.nonzero(above[1:] != above[:-1])[0]
        if not len(cell):
            return cell, np.zeros(0)
        low, high = self.log_alpha[cell] - log_alpha, self.log_alpha[cell + 1] - log_alpha
        t = find_roots(lambda x, i: self.point(x).log_alpha - log_alpha, cell + 0.0, cell + 1.0, low, high, rtol=1e-13)
        return cell, t


class Places(NamedTuple):
    """Points of curves: v = ln a, the second coordinate, and the chart that it belongs to (`Curve.chart`)."""

    v: NDArray
    x: NDArray
    chart: NDArray


def curves(couplings: Couplings, g: float, lowest: float) -> list[Curve]:
    """All curves with this g on the part of the chart that holds the loads above e^lowest.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    g : float
        Field on the visible units.
    lowest : float
        Logarithm of the lowest load of interest.

    Returns
    -------
    list of Curve
        Components of the level, those outside the domain C < 1 left out.
    """
    import contourpy

    sharp = Sharp(couplings, g)
    arcs = [*sharp.flips(), *sharp.plateaus(lowest)]
    # towards m → 0, where 1 − C ~ a² down to LEAST_MARGIN, everything is smooth
    left = min(-11.0, lowest / 4 - 2)
    v = np.concatenate([np.arange(left, -4.1, 0.25), np.linspace(-4.0, LOG_A, 1 + round((LOG_A + 4) / STEP_V))])
    kappa = _kappa_nodes(sharp, arcs)
    surface = _surface(couplings, v, kappa)
    field = np.where(np.isfinite(surface.g) & (surface.q > LEAST_ACTIVITY), surface.g, np.nan)
    lines: Any = contourpy.contour_generator(kappa, v, np.ma.masked_invalid(field)).lines(g)
    pieces = [piece for line in lines if (piece := _piece(couplings, g, line[:, ::-1], (v, kappa))) is not None]
    return [_with_folds(_smoothed(curve)) for curve in chained(couplings, sharp, pieces, arcs)]


def _kappa_nodes(sharp: Sharp, arcs: list[Arc]) -> NDArray:
    """Nodes in κ, denser where units flip within a width of 1/a, densest where the level leaves the chart there."""
    places = np.array([end.place for arc in arcs for end in arc.ends if end.kind == "chart"])
    deepest = max([0.0, *(-places)])
    nodes = [np.arange(-12.0 - 2.0 * max(deepest, 0.0), max([12.0, *(places + 2.0)]), STEP_KAPPA)]
    near = {0.0, 1.0, *(float(w) for w in sharp.w if len(places) and np.abs(places + w).min() < 6 * STEP_KAPPA)}
    for w in near:
        ratio = 0.08 if len(places) and np.abs(places + w).min() < 6 * STEP_KAPPA else 0.3
        offsets = np.geomspace(0.1 * math.exp(-LOG_A), 0.5, 2 + int((LOG_A - math.log(0.2)) / ratio))
        nodes += [-w - offsets, -w + offsets]
    return np.unique(np.concatenate(nodes))


class ZeroNoise(NamedTuple):
    """A state v = Θ(g + mW) without noise, (k − 1) m < |g| < k m: on are W ≥ k for g < 0, W > −k for g > 0."""

    k: int
    m: float
    """E[W; W ≥ k]/L, for either sign of g."""
    q: float
    """P(W ≥ k), or P(W > −k)."""


def zero_noise_states(couplings: Couplings, g: float) -> list[ZeroNoise]:
    """Zero-noise states at the field g.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    g : float
        Field on the visible units.

    Returns
    -------
    list of ZeroNoise
        In the order of k; none for g = 0.
    """
    law, size, _, _ = couplings
    found = []
    for k in range(1, int(law.w[-1]) + 1):
        far = law.w >= k
        m, q = float((law.weight * law.w)[far].sum() / size), float(law.weight[far].sum())
        if m > 0 and g != 0 and (k - 1) * m <= abs(g) < k * m:
            found.append(ZeroNoise(k, m, q if g < 0 else 1 - q))
    return found


def projected(couplings: Couplings, g: float, v: NDArray, kappa: NDArray) -> tuple[NDArray, NDArray]:
    """Move points onto the level along its gradient, in coordinates (v, κ)."""
    h = 1e-6
    for _ in range(6):
        points = at(couplings, np.stack([v, v + h, v - h, v, v]), np.stack([kappa, kappa, kappa, kappa + h, kappa - h]))
        with np.errstate(all="ignore"):
            slope_v, slope_k = (points.g[1] - points.g[2]) / (2 * h), (points.g[3] - points.g[4]) / (2 * h)
            shift = (points.g[0] - g) / (slope_v**2 + slope_k**2)
            step = np.stack([shift * slope_v, shift * slope_k])
        step = np.where(np.isfinite(step).all(axis=0), step, 0.0)
        size = np.hypot(*step)
        v, kappa = np.stack([v, kappa]) - step * (0.2 / np.maximum(0.2, size))
        if np.all(size < 1e-13):
            break
    return v, kappa


class _Piece(NamedTuple):
    """A part of a curve in one chart: vertices, ln α, and its ends."""

    vertices: NDArray
    chart: int
    log_alpha: NDArray
    ends: tuple[End, End]


def _piece(couplings: Couplings, g: float, line: NDArray, nodes: tuple[NDArray, NDArray]) -> _Piece | None:
    """Put a polyline onto the level, and cut what lies outside the domain."""
    v, kappa = _on_level(couplings, g, line, *nodes)
    closed = bool(np.hypot(*(line[0] - line[-1])) < 1e-12)
    apart = np.concatenate([[True], np.hypot(np.diff(v), np.diff(kappa)) > 1e-8])
    v, kappa = v[apart], kappa[apart]
    load = at(couplings, v, kappa).log_alpha
    inside = np.nonzero(np.isfinite(load))[0]
    if len(inside) < 3:
        return None
    keep = slice(max(0, inside[0] - 1), inside[-1] + 2)
    v, kappa, load = v[keep], kappa[keep], load[keep]
    whole = closed and len(v) == apart.sum()
    ends = tuple(End("closed") if whole else _chart_end(couplings, nodes, v[k], kappa[k], load[k]) for k in (0, -1))
    return _Piece(np.stack([v, kappa], axis=-1), 0, load, (ends[0], ends[1]))


def _chart_end(couplings: Couplings, nodes: tuple[NDArray, NDArray], v: float, kappa: float, load: float) -> End:
    """What the end of a polyline is: the way out to small noise, C = 1, vanishing activity, or the window."""
    if not np.isfinite(load):
        return End("C = 1")
    if v > nodes[0][-1] - 1e-6:
        return End("chart", place=kappa)
    if at(couplings, np.array(v), np.array(kappa)).q < 10 * LEAST_ACTIVITY:
        return End("all off")
    return End("window")


def _on_level(
    couplings: Couplings, g: float, line: NDArray, v_nodes: NDArray, kappa_nodes: NDArray
) -> tuple[NDArray, NDArray]:
    """Vertices at the root on their own edge of the grid, which brackets it however steep the field is.

    Those on the rim of what is masked have no such edge and are projected.
    """
    row, column = (_cell(nodes, x) for nodes, x in ((v_nodes, line[:, 0]), (kappa_nodes, line[:, 1])))
    along_kappa = np.abs(line[:, 0] - _nearest(v_nodes, line[:, 0])) < 1e-9
    along_v = ~along_kappa & (np.abs(line[:, 1] - _nearest(kappa_nodes, line[:, 1])) < 1e-12)
    low, high = line.copy(), line.copy()
    low[along_kappa, 1], high[along_kappa, 1] = kappa_nodes[column[along_kappa]], kappa_nodes[column[along_kappa] + 1]
    low[along_v, 0], high[along_v, 0] = v_nodes[row[along_v]], v_nodes[row[along_v] + 1]

    def excess(t: NDArray, i: NDArray) -> NDArray:
        x = low[i] + t[:, None] * (high[i] - low[i])
        return at(couplings, x[:, 0], x[:, 1]).g - g

    every, ones = np.arange(len(line)), np.ones(len(line))
    at_low, at_high = excess(0 * ones, every), excess(ones, every)
    edge = np.nonzero(np.isfinite(at_low) & np.isfinite(at_high) & ((at_low > 0) != (at_high > 0)))[0]
    share = find_roots(
        lambda t, i: excess(t, edge[i]), 0 * ones[edge], ones[edge], at_low[edge], at_high[edge], rtol=1e-15
    )
    placed = np.stack(projected(couplings, g, line[:, 0], line[:, 1]), axis=-1)
    placed[edge] = low[edge] + share[:, None] * (high[edge] - low[edge])
    return placed[:, 0], placed[:, 1]


def _cell(nodes: NDArray, x: NDArray) -> NDArray:
    return np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)


def _nearest(nodes: NDArray, x: NDArray) -> NDArray:
    i = _cell(nodes, x)
    return np.where(x - nodes[i] < nodes[i + 1] - x, nodes[i], nodes[i + 1])


def chained(couplings: Couplings, sharp: Sharp, pieces: list[_Piece], arcs: list[Arc]) -> list[Curve]:
    """Curves made of parts that end where another begins.

    Parameters
    ----------
    couplings : Couplings
        Of numbers.
    sharp : Sharp
        The level where the noise is small.
    pieces : list
        Parts on the chart.
    arcs : list of Arc
        Flips and plateaus.

    Returns
    -------
    list of Curve
        Whole curves, folds not yet marked.
    """
    parts = [*pieces, *(_from_arc(sharp, arc) for arc in arcs)]
    joints = _joints(parts)
    curves, left = [], set(range(len(parts)))
    starts = [(i, side) for i in range(len(parts)) for side in (0, 1) if (i, side) not in joints]
    for first in [*starts, *((i, 0) for i in range(len(parts)))]:
        if first[0] not in left:
            continue
        way, here = [], first
        while True:
            left.discard(here[0])
            way.append(here)
            other = (here[0], 1 - here[1])
            if other not in joints or joints[other][0] not in left:
                break
            here = joints[other]
        curves.append(_whole(couplings, sharp, [(parts[i], side) for i, side in way]))
    return curves


def _from_arc(sharp: Sharp, arc: Arc) -> _Piece:
    plateau = bool(np.isnan(arc.t).all())
    point = sharp.plateau_point(arc.index, arc.v) if plateau else sharp.flip_point(arc.index, arc.v, arc.t)
    vertices = np.stack([arc.v, np.zeros_like(arc.v) if plateau else arc.t], axis=-1)
    return _Piece(vertices, -arc.index - 1 if plateau else arc.index + 1, point.log_alpha, arc.ends)


NEAR = 0.02
"""Distance in units of the flips' width, and in ln a, within which two ends are the same place."""


def _joints(parts: list[_Piece]) -> dict[tuple[int, int], tuple[int, int]]:
    """Ends (part, 0 or 1) that meet, each with its partner: nearest first."""
    ends: dict[tuple, list[tuple[float, tuple[int, int], int]]] = {}
    for i, part in enumerate(parts):
        for side, end in enumerate(part.ends):
            if end.kind == "chart":
                ends.setdefault(("chart",), []).append((end.place * math.exp(LOG_A), (i, side), part.chart != 0))
            elif end.kind == "plateau":
                ends.setdefault((end.index, end.side), []).append((end.place, (i, side), part.chart < 0))
    joints = {}
    for candidates in ends.values():
        pairs = sorted((abs(a[0] - b[0]), a[1], b[1]) for a in candidates for b in candidates if a[2] and not b[2])
        for distance, one, other in pairs:
            if distance < NEAR and one not in joints and other not in joints:
                joints[one], joints[other] = other, one
    return joints


def _whole(couplings: Couplings, sharp: Sharp, parts: list[tuple[_Piece, int]]) -> Curve:
    """One curve of parts, each entered at its end 0 or 1."""
    turned = [(p.vertices[:: 1 - 2 * side], p.log_alpha[:: 1 - 2 * side], p.chart) for p, side in parts]
    chart = np.concatenate([np.full(len(v), c) for v, _, c in turned])
    vertices, load = (np.concatenate([part[k] for part in turned]) for k in (0, 1))
    ends = parts[0][0].ends[parts[0][1]], parts[-1][0].ends[1 - parts[-1][1]]
    # where two parts meet the place is there twice: once is enough, in the chart of the smaller noise
    seam = np.cumsum([len(v) for v, _, _ in turned])[:-1]
    drop = [i - 1 if abs(chart[i]) > abs(chart[i - 1]) or chart[i] < 0 else i for i in seam]
    vertices, load, chart = (np.delete(x, drop, axis=0) for x in (vertices, load, chart))
    names = tuple("window" if e.kind in ("chart", "plateau", "lost") else e.kind for e in ends)
    k = tuple(_zero_noise_state(sharp, e) for e in ends)
    return Curve(couplings, sharp, vertices, chart, load, np.zeros(len(load), dtype=bool), (k[0], k[1]), names)


def _zero_noise_state(sharp: Sharp, end: End) -> int | None:
    """The k of a state without noise: (k − 1) m < |g| < k m."""
    if end.kind != "no noise":
        return None
    return math.floor(abs(sharp.g) / float(sharp.m_from[end.index])) + 1


MOST_BENDS = 6
"""Times that cells on both sides of a bend are halved."""
BEND = 0.5
"""Turn of a curve, in radians of (v, t), above which it is a bend."""


def _smoothed(curve: Curve) -> Curve:
    """Vertices added where the curve bends, so that between two of them it is nearly straight."""
    for _ in range(MOST_BENDS):
        # a unit of κ is a of the input of a unit
        along = np.where(curve.chart == 0, np.hypot(1.0, np.exp(np.minimum(curve.vertices[:, 0], LOG_A))), 1.0)
        same = curve.chart[1:] == curve.chart[:-1]
        step = np.diff(curve.vertices, axis=0) * np.stack([np.ones(len(same)), (along[1:] + along[:-1]) / 2], axis=-1)
        direction = np.arctan2(step[:, 1], step[:, 0])
        turn = np.abs((np.diff(direction) + math.pi) % (2 * math.pi) - math.pi)
        bent = np.nonzero((turn > BEND) & same[1:] & same[:-1] & (curve.chart[1:-1] >= 0))[0]
        cells = np.unique(np.concatenate([bent, bent + 1]))
        cells = cells[np.hypot(*step[cells].T) > 1e-3]
        if not len(cells):
            break
        added = curve.place(cells + 0.5)
        load = curve.at(added).log_alpha
        curve = dataclasses.replace(
            curve,
            vertices=np.insert(curve.vertices, cells + 1, np.stack(added[:2], -1), axis=0),
            chart=np.insert(curve.chart, cells + 1, added.chart),
            log_alpha=np.insert(curve.log_alpha, cells + 1, load),
            folds=np.zeros(len(curve.folds) + len(cells), dtype=bool),
        )
    return curve


HALVINGS = 10
"""Times that the cells beside an extremum are halved before a parabola is put through three points."""


def _with_folds(curve: Curve) -> Curve:
    """Vertices added at the extrema of ln α, and ever closer on both sides of them."""
    load = curve.log_alpha
    margin = 1 - curve.at(curve.vertex(np.arange(len(load)))).C
    with np.errstate(invalid="ignore"):
        rise = np.diff(load)
        # ln α carries the rounding of 1 − C; turns no larger than it are noise
        rounding = 1e-14 / np.maximum(np.minimum(margin[1:], margin[:-1]), LEAST_MARGIN)
        rise = np.where(np.abs(rise) > rounding, rise, 0.0)
        turn = np.sign(rise[1:]) * np.sign(rise[:-1]) < 0
    index = np.nonzero(turn & np.isfinite(load[:-2] + load[2:]))[0] + 1
    if not len(index):
        return curve
    sign = np.sign(rise[index - 1])
    left, here, right = (curve.vertex(index + k) for k in (-1, 0, 1))
    top = sign * load[index]
    before, after = [], []
    for _ in range(HALVINGS):
        middles = (
            curve.between(left, here, np.full(len(index), 0.5)),
            curve.between(here, right, np.full(len(index), 0.5)),
        )
        heights = [sign * curve.at(middle).log_alpha for middle in middles]
        best = np.argmax(np.nan_to_num([top, *heights], nan=-np.inf), axis=0)
        left, here, right = (
            _chosen(best, here_or)
            for here_or in ((middles[0], left, here), (here, *middles), (middles[1], here, right))
        )
        top = np.choose(best, [top, *heights])
        before.append(left)
        after.append(right)
    here, top = _parabolic(curve, sign, (left, here, right), top)
    return _with_vertices(curve, index, sign * top, before, here, after)


def _parabolic(
    curve: Curve, sign: NDArray, triple: tuple[Places, Places, Places], top: NDArray
) -> tuple[Places, NDArray]:
    """The top of the parabola through three places, where it is higher than the middle one."""
    left, here, right = triple
    low, high = (sign * curve.at(place).log_alpha for place in (left, right))
    with np.errstate(all="ignore"):
        share = (low - high) / (2 * (low - 2 * top + high))
    share = np.where(np.isfinite(share), np.clip(share, -1, 1), 0.0)
    side = _chosen((share > 0).astype(int), (left, right))
    trial = curve.between(here, side, np.abs(share))
    height = sign * curve.at(trial).log_alpha
    better = (height > top).astype(int)
    return _chosen(better, (here, trial)), np.where(better == 1, height, top)


def _chosen(which: NDArray, places: tuple[Places, ...]) -> Places:
    return Places(*(np.choose(which, members) for members in zip(*places, strict=True)))


def _with_vertices(
    curve: Curve, index: NDArray, load: NDArray, before: list[Places], folds: Places, after: list[Places]
) -> Curve:
    """The curve with vertices moved onto folds, and those before and after them added."""
    chain = [*before, folds, *reversed(after)]
    count = len(chain)
    v, x, chart = (np.stack([place[k] for place in chain], axis=1) for k in range(3))
    loads = curve.at(Places(v, x, chart)).log_alpha
    loads[:, len(before)] = load
    marks = np.zeros(count, dtype=bool)
    marks[len(before)] = True
    parts: list[list[NDArray]] = [[], [], [], []]
    last = 0
    for row, i in enumerate(index):
        new = np.stack([v[row], x[row]], axis=-1), chart[row], loads[row], marks
        # a place that did not change is there once
        fresh = np.ones(count, dtype=bool)
        fresh[1:] = (np.abs(np.diff(v[row])) + np.abs(np.diff(x[row])) > 0) | marks[1:] | marks[:-1]
        old = curve.vertices[last:i], curve.chart[last:i], curve.log_alpha[last:i], np.zeros(i - last, dtype=bool)
        for part, a, b in zip(parts, old, new, strict=True):
            part += [a, b[fresh]]
        last = i + 1
    tail = (
        curve.vertices[last:],
        curve.chart[last:],
        curve.log_alpha[last:],
        np.zeros(len(load) and len(curve.folds) - last, dtype=bool),
    )
    vertices, charts, log_alpha, marked = (np.concatenate([*part, a]) for part, a in zip(parts, tail, strict=True))
    return dataclasses.replace(curve, vertices=vertices, chart=charts, log_alpha=log_alpha, folds=marked)


def _surface(couplings: Couplings, v: NDArray, kappa: NDArray) -> ChartPoint:
    """Chart on a grid; the visible averages, which know neither θ nor g, are kept."""
    law, size, p, _ = couplings
    averages = _averages(tuple(law.w), tuple(law.weight), float(size), float(p), tuple(v), tuple(kappa))
    return from_averages(couplings, v[:, None], kappa, *averages)


@lru_cache(maxsize=8)
def _averages(
    w: Number, weight: Number, size: float, p: float, v: Number, kappa: Number
) -> tuple[NDArray, NDArray, NDArray]:
    couplings = Couplings(Law(np.array(w), np.ones(len(w)), np.array(weight)), size, p, 0.0)
    rows = []
    # row by row: the whole grid times the law of W may not fit in memory
    for a in np.exp(np.array(v)):
        b = np.array(kappa) * math.hypot(1.0, a)
        rows.append(visible_averages(couplings, np.full(b.shape, a), b))
    m, q, density = (np.stack(column) for column in zip(*rows, strict=True))
    return m, q, density
