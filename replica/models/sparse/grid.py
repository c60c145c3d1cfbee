"""The grid on which the level of the field is traced: its nodes, the field there, and extrema between nodes.

It is finer towards the fields at which units flip where the level leaves the chart there, and where a first tracing
finds that the level bends between neighbouring nodes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.sparse.arcs import Arc
from replica.models.sparse.chart import ChartPoint, Couplings, at, from_averages, level_step, visible_averages
from replica.models.sparse.sharp import LEAST_ACTIVITY, LOG_A, Sharp, least_activity
from replica.numerics.number import Number

__all__ = ["STEP_KAPPA", "STEP_V", "Grid", "unresolved_flips"]

STEP_V = 0.08
STEP_KAPPA = 0.05
LEFT = -12.0
"""ln a below which 1 − C = a² (b² − 1)(1 − 3p)/6 is less than LEAST_MARGIN for all |b| < 7, and q or 1 − q beyond."""
RIM = 1e-2
"""Share of the least activity down to which the grid reaches, as q may fall by such factors within a cell."""


class Grid(NamedTuple):
    """Nodes in v = ln a and in κ, and the field g there, nan where the activity vanishes."""

    v: NDArray
    kappa: NDArray
    field: NDArray

    @classmethod
    def of(cls, sharp: Sharp, couplings: Couplings, arcs: list[Arc], dense: set[float]) -> Grid:
        """The grid of a level, dense near the flips of the units with some W too."""
        # towards m → 0 everything is smooth
        v = np.concatenate([np.arange(LEFT, -4.1, 0.25), np.linspace(-4.0, LOG_A, 1 + round((LOG_A + 4) / STEP_V))])
        kappa = _kappa_nodes(sharp, arcs, dense)
        field = _field(couplings, v, kappa)
        extra = _islands(couplings, sharp.g, v, kappa, field)
        if len(extra):
            v, kappa = np.union1d(v, extra[:, 0]), np.union1d(kappa, extra[:, 1])
            field = _field(couplings, v, kappa)
        return cls(v, kappa, field)

    def lines(self, g: float) -> list[NDArray]:
        """Polylines (v, κ) of the level g, shape (K, 2) each."""
        import contourpy

        drawn: Any = contourpy.contour_generator(self.kappa, self.v, np.ma.masked_invalid(self.field)).lines(g)
        return [line[:, ::-1] for line in drawn]


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


def _kappa_nodes(sharp: Sharp, arcs: list[Arc], dense: set[float]) -> NDArray:
    """Nodes in κ, denser where units flip within a width of 1/a, densest where the level leaves the chart there."""
    places = np.array([end.place for arc in arcs for end in arc.ends if end.kind == "chart"])
    # as far as there are units to flip
    tail = np.cumsum(sharp.weight[::-1])[::-1]
    low, high = (max(12.0, float(sharp.w[tail > least].max()) + 2.0) for least in (sharp.least, LEAST_ACTIVITY))
    nodes = [np.arange(-low, high, STEP_KAPPA)]
    leaving = {float(w) for w in sharp.w if len(places) and np.abs(places + w).min() < 6 * STEP_KAPPA}
    for w in {0.0, 1.0, *leaving, *dense}:
        ratio = 0.08 if w in leaving | dense else 0.3
        offsets = np.geomspace(0.1 * math.exp(-LOG_A), 0.5, 2 + int((LOG_A - math.log(0.2)) / ratio))
        nodes += [-w - offsets, -w + offsets]
    return _with_nodes_between(np.unique(np.concatenate(nodes)), np.sort(places))


def _with_nodes_between(nodes: NDArray, places: NDArray) -> NDArray:
    """A node between any two neighbouring places at which the level leaves the chart: it turns round within it."""
    cell = np.searchsorted(nodes, places)
    together = np.nonzero(cell[1:] == cell[:-1])[0]
    return np.union1d(nodes, (places[together] + places[together + 1]) / 2)


BENT = 0.3
"""Distance of a level from the middle of a chord, in units of its length, above which nodes are too far apart."""


def unresolved_flips(couplings: Couplings, sharp: Sharp, v: NDArray, kappa: NDArray) -> set[float]:
    """Values of W whose units flip where a polyline on the level is no picture of it.

    There the level runs far off the middle of a chord: it bends between the nodes, or two of its branches, closer than
    the nodes are, have been taken for one.
    """
    if len(v) < 2:
        return set()
    middle = (v[1:] + v[:-1]) / 2, (kappa[1:] + kappa[:-1]) / 2
    length = np.hypot(np.diff(v), np.diff(kappa) * np.hypot(1.0, np.exp(middle[0])))
    long = np.nonzero((length > 0.1) & (middle[0] > SMOOTH))[0]
    v_long, k_long = middle[0][long], middle[1][long]
    distance = np.hypot(*level_step(couplings, sharp.g, v_long, k_long))
    bad = ~(distance < BENT * length[long])
    near = sharp.w[np.argmin(np.abs(k_long[bad, None] + sharp.w), axis=1)] if bad.any() else np.zeros(0)
    return {float(w) for w in near}


SMOOTH = 1.0
"""ln a below which the steps of units blur into one another, wider than the nodes are apart."""


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
