"""All curves of solutions at a fixed field g, as level curves of the chart and of what lies beyond it.

On the chart g and ln α are explicit functions of two coordinates. The level g = const is traced on a grid, which meets
every component that passes between two nodes; those within a cell go round an extremum of g, which gets a node. The
vertices are moved onto the level, and along each curve ln α is then treated as on any chart: extrema are folds, and
between two of them each load is crossed at most once.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.sparse.arcs import Arc, End, flips, plateaus
from replica.models.sparse.chains import Piece, chained
from replica.models.sparse.chart import (
    ChartPoint,
    Couplings,
    at,
    from_averages,
    onto_level,
    visible_averages,
)
from replica.models.sparse.curve import Curve
from replica.models.sparse.sharp import LEAST_ACTIVITY, LOG_A, Sharp, least_activity
from replica.models.sparse.vertices import smoothed, with_folds
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["Curve", "curves", "zero_noise_states"]

STEP_V = 0.08
STEP_KAPPA = 0.05
RIM = 1e-2
"""Share of the least activity down to which the grid reaches, as q may fall by such factors within a cell."""


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
    arcs = [*flips(sharp), *plateaus(sharp, lowest)]
    # towards m → 0, where 1 − C ~ a² down to LEAST_MARGIN, everything is smooth
    left = min(-11.0, lowest / 4 - 2)
    v = np.concatenate([np.arange(left, -4.1, 0.25), np.linspace(-4.0, LOG_A, 1 + round((LOG_A + 4) / STEP_V))])
    kappa = _kappa_nodes(sharp, arcs)
    field = _field(couplings, v, kappa)
    extra = _islands(couplings, g, v, kappa, field)
    if len(extra):
        v, kappa = np.union1d(v, extra[:, 0]), np.union1d(kappa, extra[:, 1])
        field = _field(couplings, v, kappa)
    lines: Any = contourpy.contour_generator(kappa, v, np.ma.masked_invalid(field)).lines(g)
    pieces = [piece for line in lines for piece in _pieces(couplings, g, line[:, ::-1], (v, kappa))]
    return [with_folds(smoothed(curve)) for curve in chained(couplings, sharp, pieces, arcs)]


def _field(couplings: Couplings, v: NDArray, kappa: NDArray) -> NDArray:
    """The field g at the nodes of a grid, nan where the activity vanishes."""
    surface = _surface(couplings, v, kappa)
    sound = (surface.q > RIM * least_activity(couplings)) & (1 - surface.q > RIM * LEAST_ACTIVITY)
    return np.where(np.isfinite(surface.g) & sound, surface.g, np.nan)


def _islands(couplings: Couplings, g: float, v: NDArray, kappa: NDArray, field: NDArray) -> NDArray:
    """Extrema of the field beyond the level within a cell of the grid: a closed curve lies round each.

    A node that is the highest of its neighbours, and below the level, is moved uphill to the top of the paraboloid
    through them; likewise where it is the lowest.
    """
    found = []
    inner = field[1:-1, 1:-1]
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    rows, columns = field.shape
    for sign in (1.0, -1.0):
        with np.errstate(invalid="ignore"):
            top = sign * inner < sign * g
            for i, j in shifts:
                top &= sign * inner >= sign * field[1 + i : rows - 1 + i, 1 + j : columns - 1 + j]
        for row, column in np.argwhere(top) + 1:
            x = _top(couplings, sign, v[row], kappa[column], v[row + 1] - v[row], kappa[column + 1] - kappa[column])
            height = at(couplings, x[0], x[1]).g
            inside = v[row - 1] < x[0] < v[row + 1] and kappa[column - 1] < x[1] < kappa[column + 1]
            if inside and sign * float(height) > sign * g:
                found.append(x)
    return np.array(found).reshape(-1, 2)


def _top(couplings: Couplings, sign: float, v: float, kappa: float, dv: float, dk: float) -> NDArray:
    """Where sign × g is highest near a node, by steps to the top of paraboloids through nine points."""
    x, h = np.array([v, kappa]), np.array([dv, dk]) / 2
    corner = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)], dtype=float)
    design = np.stack([np.ones(9), *corner.T, *(corner.T**2 / 2), corner[:, 0] * corner[:, 1]], axis=-1)
    for _ in range(6):
        places = x + h * corner
        values = sign * at(couplings, places[:, 0], places[:, 1]).g
        if not np.isfinite(values).all():
            break
        _, slope_v, slope_k, a, b, c = np.linalg.lstsq(design, values, rcond=None)[0]
        if not (a < 0 and a * b > c * c):
            x = places[np.argmax(values)]
            continue
        step = np.clip(np.linalg.solve([[a, c], [c, b]], [-slope_v, -slope_k]), -1, 1)
        x, h = x + h * step, h * np.where(np.abs(step) < 0.3, 0.3, 1.0)
    return x


def _kappa_nodes(sharp: Sharp, arcs: list[Arc]) -> NDArray:
    """Nodes in κ, denser where units flip within a width of 1/a, densest where the level leaves the chart there."""
    places = np.array([end.place for arc in arcs for end in arc.ends if end.kind == "chart"])
    # as far as there are units to flip
    tail = np.cumsum(sharp.weight[::-1])[::-1]
    low, high = (max(12.0, float(sharp.w[tail > least].max()) + 2.0) for least in (sharp.least, LEAST_ACTIVITY))
    nodes = [np.arange(-low, high, STEP_KAPPA)]
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


FEWEST = 8
"""Vertices of a piece, at the least."""


def _pieces(couplings: Couplings, g: float, line: NDArray, nodes: tuple[NDArray, NDArray]) -> list[Piece]:
    """Put a polyline onto the level, and cut it where it leaves the domain."""
    v, kappa = _on_level(couplings, g, line, *nodes)
    closed = bool(np.hypot(*(line[0] - line[-1])) < 1e-12)
    v, kappa = v[np.isfinite(v)], kappa[np.isfinite(v)]
    apart = np.concatenate([[True], np.hypot(np.diff(v), np.diff(kappa)) > 1e-8])
    v, kappa = v[apart[: len(v)]], kappa[apart[: len(v)]]
    load = at(couplings, v, kappa).log_alpha
    valid = np.isfinite(load)
    if len(v) < 2:
        return []
    if closed and valid.all():
        return [Piece(np.stack([v, kappa], axis=-1), 0, load, (End("closed"), End("closed")))]
    if closed:
        # begin outside the domain
        order = np.roll(np.arange(len(v) - 1), -int(np.argmin(valid[:-1])))
        order = np.append(order, order[0])
        v, kappa, load, valid = v[order], kappa[order], load[order], valid[order]
    inside = np.nonzero(valid)[0]
    runs = np.split(inside, np.nonzero(np.diff(inside) > 1)[0] + 1)
    cuts = [slice(max(0, run[0] - 1), run[-1] + 2) for run in runs if len(run)]
    return [_piece(couplings, g, nodes, v[cut], kappa[cut], load[cut]) for cut in cuts]


def _piece(
    couplings: Couplings, g: float, nodes: tuple[NDArray, NDArray], v: NDArray, kappa: NDArray, load: NDArray
) -> Piece:
    """A stretch of a polyline on the level, with its ends, finer if it is short."""
    while len(v) < FEWEST:
        half = np.stack([(x[1:] + x[:-1]) / 2 for x in (v, kappa)])
        middle = np.stack(onto_level(couplings, g, *half)[:2])
        # no further off than the ends are apart: elsewhere lies another curve
        if (np.hypot(*(middle - half)) > np.hypot(np.diff(v), np.diff(kappa))).any():
            break
        cells = np.arange(1, len(v))
        v, kappa = (np.insert(x, cells, y) for x, y in zip((v, kappa), middle, strict=True))
        load = at(couplings, v, kappa).log_alpha
    first, last = (_chart_end(couplings, nodes, v[k], kappa[k], load[k]) for k in (0, -1))
    return Piece(np.stack([v, kappa], axis=-1), 0, load, (first, last))


def _chart_end(couplings: Couplings, nodes: tuple[NDArray, NDArray], v: float, kappa: float, load: float) -> End:
    """What the end of a polyline is: the way out to small noise, C = 1, vanishing activity, or the window."""
    if not np.isfinite(load):
        return End("C = 1")
    # it may stop a cell before the activity vanishes
    steps = np.array([[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]]) * (STEP_V, STEP_KAPPA)
    q = at(couplings, v + steps[:, 0], kappa + steps[:, 1]).q
    on_rim, least = v > nodes[0][-1] - 1e-6, least_activity(couplings)
    if q[0] < least or (q.min() < least and not on_rim):
        return End("all off")
    if 1 - q[0] < LEAST_ACTIVITY or (1 - q.max() < LEAST_ACTIVITY and not on_rim):
        return End("all on")
    if on_rim:
        return End("chart", place=kappa)
    if v < nodes[0][0] + 1e-6:
        return End("no overlap")
    return End("window")


def _on_level(
    couplings: Couplings, g: float, line: NDArray, v_nodes: NDArray, kappa_nodes: NDArray
) -> tuple[NDArray, NDArray]:
    """Vertices at the root on their own edge of the grid, which brackets it however steep the field is.

    Those on the rim of what is masked have no such edge, and are moved along the gradient; nan where that leads away.
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
    *places, rested = onto_level(couplings, g, line[:, 0], line[:, 1])
    placed = np.stack(places, axis=-1)
    # what is not on an edge must not have gone over to another curve
    placed[~rested | (np.hypot(*(placed - line).T) > STEP_V + STEP_KAPPA)] = np.nan
    placed[edge] = low[edge] + share[:, None] * (high[edge] - low[edge])
    return placed[:, 0], placed[:, 1]


def _cell(nodes: NDArray, x: NDArray) -> NDArray:
    return np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)


def _nearest(nodes: NDArray, x: NDArray) -> NDArray:
    i = _cell(nodes, x)
    return np.where(x - nodes[i] < nodes[i + 1] - x, nodes[i], nodes[i + 1])


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
