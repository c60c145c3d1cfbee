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
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["Curve", "curves", "zero_noise_states"]

STEP_V = 0.08
STEP_KAPPA = 0.05
FAR = 8.0
"""v beyond which the solutions are the zero-noise states themselves, found without a grid."""
LEAST_ACTIVITY = 1e-12
"""Activity q below which states are not looked for: no machine has 1e12 units, and α is unbounded on q → 0."""


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """One curve of solutions at fixed couplings and g.

    Parameters
    ----------
    couplings : Couplings
        Of numbers.
    g : float
        The level.
    vertices : array, shape (K, 2)
        Coordinates (v, κ) of points on it, in order, folds among them.
    log_alpha : array, shape (K,)
        ln α there, −inf outside the domain.
    folds : array of bool, shape (K,)
        Which vertices are extrema of ln α.
    k : tuple of (int or None, int or None)
        Zero-noise states at the first and the last vertex, None where the curve ends otherwise.
    """

    couplings: Couplings
    g: float
    vertices: NDArray
    log_alpha: NDArray
    folds: NDArray
    k: tuple[int | None, int | None]

    def place(self, t: NDArray) -> tuple[NDArray, NDArray]:
        """Coordinates at parameter t (vertex number, fractions between), projected onto the level."""
        v = np.interp(t, np.arange(len(self.vertices)), self.vertices[:, 0])
        kappa = np.interp(t, np.arange(len(self.vertices)), self.vertices[:, 1])
        return projected(self.couplings, self.g, v, kappa)

    def point(self, t: NDArray) -> ChartPoint:
        """Controls and order parameters at parameter t."""
        return at(self.couplings, *self.place(t))

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

    states = zero_noise_states(couplings, g)
    # towards m → 0, where 1 − C ~ a² down to LEAST_MARGIN, everything is smooth
    left = min(-11.0, lowest / 4 - 2)
    v = np.concatenate([np.arange(left, -4.1, 0.25), np.arange(-4.0, noiseless_from(states) + STEP_V, STEP_V)])
    kappa = _kappa_nodes(states, float(v[-1]))
    surface = _surface(couplings, v, kappa)
    field = np.where(np.isfinite(surface.g) & (surface.q > LEAST_ACTIVITY), surface.g, np.nan)
    lines: Any = contourpy.contour_generator(kappa, v, np.ma.masked_invalid(field)).lines(g)
    found = [_curve(couplings, g, line[:, ::-1], (v, kappa)) for line in lines]
    return [curve for curve in found if curve is not None]


def noiseless_from(states: list[ZeroNoise]) -> float:
    """v beyond which all zero-noise states are free of noise: it and the self-field αB/2 are far below the gap."""
    return max([FAR, *(max(math.log(10 / s.gap), 0.5 * math.log(100 * s.self_field / s.gap)) for s in states)])


def _kappa_nodes(states: list[ZeroNoise], right: float) -> NDArray:
    """Nodes in κ, denser towards −k where the units with W = k flip within a width of e^{−v}."""
    deepest = max([0, *(state.k for state in states)])
    ratios = {0: 0.3, 1: 0.3} | {s.k - (s.side > 0): 0.08 for s in states if s.gap < 6 * STEP_KAPPA}
    nodes = [np.arange(-12.0 - 2.0 * deepest, 12.0, STEP_KAPPA)]
    for k, ratio in ratios.items():
        offsets = np.geomspace(0.1 * math.exp(-right), 0.5, 2 + int((right - math.log(0.2)) / ratio))
        nodes += [-k - offsets, -k + offsets]
    return np.unique(np.concatenate(nodes))


class ZeroNoise(NamedTuple):
    """A state v = Θ(g + mW) without noise: (k − 1) m < −g < k m, m = E[W; W ≥ k]/L, q = P(W ≥ k)."""

    k: int
    m: float
    q: float
    top: float
    """ln α + 2v on its plateau: α → e^top/a² as the noise vanishes."""
    gap: float
    """Distance of κ = g/m from the nearer end of (−k, 1 − k), where units flip."""
    side: int
    """1 if that end is 1 − k, −1 if it is −k."""
    self_field: float
    """a² αB/(2m)."""


def zero_noise_states(couplings: Couplings, g: float) -> list[ZeroNoise]:
    """Zero-noise states at the field g < 0.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    g : float
        Field on the visible units.

    Returns
    -------
    list of ZeroNoise
        In the order of k; none for g ≥ 0.
    """
    law, size, p, theta = couplings
    found = []
    for k in range(1, int(law.w[-1]) + 1):
        on = law.w >= k
        m, q = float((law.weight * law.w)[on].sum() / size), float(law.weight[on].sum())
        if m > 0 and (k - 1) * m < -g < k * m:
            y = theta / math.sqrt(p * q)
            top = 2 * math.log(m / p) - math.log(q) - float(log_H(2, y))
            self_field = m / (2 * p * q) * math.exp(float(log_H(0, y) - log_H(2, y)))
            upper, lower = 1 - k - g / m, g / m + k
            gap, side = (upper, 1) if upper < lower else (lower, -1)
            found.append(ZeroNoise(k, m, q, top, max(gap, 1e-12), side, self_field))
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


def _curve(couplings: Couplings, g: float, line: NDArray, nodes: tuple[NDArray, NDArray]) -> Curve | None:
    """Put a polyline onto the level, cut what lies outside the domain, and mark its folds."""
    v, kappa = _on_level(couplings, g, line, *nodes)
    apart = np.concatenate([[True], np.hypot(np.diff(v), np.diff(kappa)) > 1e-8])
    v, kappa = v[apart], kappa[apart]
    load = at(couplings, v, kappa).log_alpha
    inside = np.nonzero(np.isfinite(load))[0]
    if len(inside) < 3:
        return None
    keep = slice(max(0, inside[0] - 1), inside[-1] + 2)
    v, kappa, load = v[keep], kappa[keep], load[keep]
    right = float(nodes[0][-1])
    ends = (_zero_noise_end(v[0], kappa[0], load[0], right), _zero_noise_end(v[-1], kappa[-1], load[-1], right))
    bare = Curve(couplings, g, np.stack([v, kappa], axis=-1), load, np.zeros(len(v), dtype=bool), ends)
    return _with_folds(bare)


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


def _zero_noise_end(v: float, kappa: float, load: float, right: float) -> int | None:
    if v < right - 1e-6 or not np.isfinite(load):
        return None
    return math.floor(-kappa) + 1


def _with_folds(curve: Curve) -> Curve:
    """Move vertices next to extrema of ln α onto them."""
    load = curve.log_alpha
    margin = 1 - at(curve.couplings, *curve.vertices.T).C
    with np.errstate(invalid="ignore"):
        rise = np.diff(load)
        # ln α carries the rounding of 1 − C; turns no larger than it are noise
        rounding = 1e-14 / np.maximum(np.minimum(margin[1:], margin[:-1]), LEAST_MARGIN)
        rise = np.where(np.abs(rise) > rounding, rise, 0.0)
        turn = np.sign(rise[1:]) * np.sign(rise[:-1]) < 0
    index = np.nonzero(turn & np.isfinite(load[:-2] + load[2:]))[0] + 1
    if not len(index):
        return curve

    def slope(t: NDArray, _: NDArray) -> NDArray:
        with np.errstate(invalid="ignore"):
            return curve.point(t + 1e-3).log_alpha - curve.point(t - 1e-3).log_alpha

    # between vertices the curve is parametrised by projection, which may go back and forth where it bends
    share = np.linspace(-0.999, 0.999, 21)
    samples = index[:, None] + share
    with np.errstate(invalid="ignore"):
        towards = np.sign(rise[index - 1])[:, None] * curve.point(samples).log_alpha
    best = np.argmax(np.where(np.isfinite(towards), towards, -np.inf), axis=1)
    low, high = index + share[np.maximum(best - 1, 0)], index + share[np.minimum(best + 1, len(share) - 1)]
    at_low, at_high = slope(low, index), slope(high, index)
    sound = np.isfinite(at_low) & np.isfinite(at_high) & (np.sign(at_low) * np.sign(at_high) < 0)
    index, low, high = index[sound], low[sound], high[sound]
    t = find_roots(slope, low, high, at_low[sound], at_high[sound], rtol=1e-7)
    v, kappa = curve.place(t)
    vertices, load, folds = curve.vertices.copy(), load.copy(), curve.folds.copy()
    vertices[index], load[index], folds[index] = np.stack([v, kappa], -1), at(curve.couplings, v, kappa).log_alpha, True
    return dataclasses.replace(curve, vertices=vertices, log_alpha=load, folds=folds)


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
