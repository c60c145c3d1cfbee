"""The chart of the R-RBM where the noise is small, a = m/s > A: there the curves of solutions are explicit.

With z = 1/a = s/m < 1/A the input of a unit over its noise, u = b + aW, is far from 0 for all values of W but one,
w: the units with W > w are on, those with W < w off, and those with W = w flip with u = t, b = t − w/z. Over t

    m = M + (w P/L) H0(−t),   q = Q + P H0(−t),   C = c/z,   c = p P φ(t)/m,

M, Q of the units that are on, P = P(W = w), and with h = m² H0(y)/(p q H2(y)) the field is

    g = t m z − w m − (h/2) z (z − c).

So on the level g the noise is a root of (h/2) z² − (t m + h c/2) z + (g + w m) = 0: at most two curves z(t) for each w,
which meet where the roots do. They end where C = 1, go over into the rest of the chart at z = 1/A, or into a plateau:
beyond |t| = T no unit is partly on, C = 0, and κ = b/a = (g + h z²/2)/m with constant m, q and h, down to z = 0, the
state without noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import LEAST_MARGIN, ChartPoint, Couplings
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["LEAST_ACTIVITY", "LOG_A", "Arc", "End", "Sharp"]

LOG_A = math.log(100.0)
"""ln A: at a = 100 units whose W differs by 1 are 100 noises apart."""
T = 40.0
"""|t| beyond which H0 is 0 or 1 to all digits, and φ does not matter."""
NODES = np.concatenate([np.arange(-T, -9, 0.25), np.arange(-9, 9, 0.05), np.arange(9, T + 0.1, 0.25)])
NODES[-1] = T
NEGLIGIBLE = 1e-300
"""Probabilities of W that count as none."""
LEAST_ACTIVITY = 1e-12
"""Activity q below which states are not looked for: no machine has 1e12 units, and α is unbounded on q → 0."""


class End(NamedTuple):
    """Where an arc ends: in the rest of the chart, at a plateau, at C = 1, or without noise."""

    kind: str
    """"chart" (at κ = `place`), "plateau" (index, `side` ±1 of the flip, ln z = `place`), "C = 1", "no noise" (index),
    "all off", "all on"."""
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


class Sharp:
    """The level g at couplings that are numbers, for a > A."""

    def __init__(self, couplings: Couplings, g: float) -> None:
        law, self.size, self.p, self.theta = couplings
        sound = law.weight > NEGLIGIBLE
        self.w, self.weight, self.g = law.w[sound], law.weight[sound], g
        terms = np.abs(self.w) * self.weight / self.size
        upper = np.cumsum((self.weight * self.w / self.size)[::-1])[::-1]
        # the mean of W is 0: from below the sum has no cancellation where w < 0
        lower = np.cumsum(np.where(self.w < 0, terms, 0.0))
        self.m_from = np.append(np.where(self.w > 0, upper, np.append(0.0, lower)[:-1]), 0.0)
        self.q_from = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)

    # A flip: units with W = w_i partly on.

    def averages(self, i: int, t: Number) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """m, q, c and h at the flip of the units with W = w_i."""
        from scipy.special import ndtr

        w, P, t = self.w[i], self.weight[i], np.asarray(t, dtype=float)
        share = P * abs(w) / self.size
        m = self.m_from[i + 1] + share * ndtr(t) if w >= 0 else self.m_from[i] + share * ndtr(-t)
        q = self.q_from[i + 1] + P * ndtr(t)
        with np.errstate(all="ignore"):
            c = self.p * P * np.exp(-0.5 * t * t) / (math.sqrt(2 * math.pi) * m)
        return m, q, c, self._pull(m, q)

    def _pull(self, m: Number, q: Number) -> NDArray:
        """h = m² H0(y)/(p q H2(y)): αB/2 = (h/2) z (z − c)."""
        with np.errstate(all="ignore"):
            y = self.theta / np.sqrt(self.p * q)
            return m * m / (self.p * q) * np.exp(log_H(0, y) - log_H(2, y))

    def _roots(self, i: int, t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Discriminant, and the smaller and the larger root z (nan where there are none)."""
        m, _, c, h = self.averages(i, t)
        with np.errstate(all="ignore"):
            half, rest = t * m + h * c / 2, self.g + self.w[i] * m
            inside = half * half - 2 * h * rest
            # where the roots meet rounding decides the sign
            root = np.sqrt(np.where(inside >= -1e-9 * half * half, np.maximum(inside, 0), np.nan))
            # each root where it is a sum of numbers of one sign
            far, near = half + np.where(half < 0, -root, root), 2 * rest
            one, other = far / h, near / far
            return inside, np.minimum(one, other), np.maximum(one, other)

    def flip_point(self, i: int, v: NDArray, t: NDArray) -> ChartPoint:
        """Controls and order parameters at ln a = v and input t of the flipping units."""
        m, q, c, h = self.averages(i, t)
        z = np.exp(-v)
        with np.errstate(all="ignore"):
            C = c / z
            g = t * m * z - self.w[i] * m - 0.5 * h * z * (z - c)
            return ChartPoint(g, self._log_load(v, m, q, C), m, q, C, np.log(m) - v)

    def _log_load(self, v: NDArray, m: Number, q: Number, C: Number) -> NDArray:
        with np.errstate(all="ignore"):
            margin = 1 - C
            y = self.theta / np.sqrt(self.p * q)
            load = 2 * (np.log(m / self.p) - v + np.log(np.where(margin > 0, margin, 1.0))) - np.log(q) - log_H(2, y)
            return np.where(margin > LEAST_MARGIN, load, -np.inf)

    def onto_flip(self, i: int, v: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
        """Move points onto the level, along its gradient in (v, t)."""
        for _ in range(8):
            step = 1e-6
            F = self._excess(i, v, t)
            by_t = (self._excess(i, v, t + step) - self._excess(i, v, t - step)) / (2 * step)
            by_v = (self._excess(i, v + step, t) - self._excess(i, v - step, t)) / (2 * step)
            with np.errstate(all="ignore"):
                shift = F / (by_t**2 + by_v**2)
            shift = np.where(np.isfinite(shift), shift, 0.0)
            size = np.hypot(shift * by_v, shift * by_t)
            cut = 0.2 / np.maximum(0.2, size)
            v, t = v - cut * shift * by_v, t - cut * shift * by_t
            if np.all(size < 1e-13):
                break
        return v, t

    def _excess(self, i: int, v: NDArray, t: NDArray) -> NDArray:
        """The quadratic over m z: of order 1, and linear in t where nothing flips."""
        m, _, c, h = self.averages(i, t)
        z = np.exp(-v)
        return 0.5 * h * (z - c) / m - t + (self.g + self.w[i] * m) / (m * z)

    def flips(self) -> list[Arc]:
        """All curves on all flips."""
        return [arc for i in range(len(self.w)) for line in self._lines(i) for arc in self._cut(i, *line)]

    def _lines(self, i: int) -> list[tuple[NDArray, NDArray]]:
        """Polylines (t, z) over all nodes: the two roots, joined where they meet."""
        inside, low, high = self._roots(i, NODES)
        real = inside >= 0
        change = np.nonzero(real[1:] != real[:-1])[0]
        edges = np.zeros(0)
        if len(change):
            f = lambda t, j: self._roots(i, t)[0]  # noqa: E731
            edges = find_roots(f, NODES[change], NODES[change + 1], inside[change], inside[change + 1])
        lines = []
        starts = np.concatenate([[0] if real[0] else [], change[~real[change]] + 1]).astype(int)
        stops = np.concatenate([change[real[change]], [len(NODES) - 1] if real[-1] else []]).astype(int)
        for start, stop in zip(starts, stops, strict=True):
            t, one, other = NODES[start : stop + 1], low[start : stop + 1], high[start : stop + 1]
            left = edges[np.searchsorted(change, start - 1)] if start > 0 else None
            right = edges[np.searchsorted(change, stop)] if stop < len(NODES) - 1 else None
            lines += self._joined(i, t, one, other, left, right)
        return lines

    def _joined(
        self, i: int, t: NDArray, low: NDArray, high: NDArray, left: float | None, right: float | None
    ) -> list[tuple[NDArray, NDArray]]:
        """Both roots over a stretch of t, as one polyline or two."""

        def meeting(at: float) -> tuple[list[float], list[float]]:
            m, _, c, h = self.averages(i, at)
            return [at], [float(at * m / h + c / 2)] if h > 0 else [math.inf]

        if left is None and right is None:
            return [(t, low), (t, high)]
        if left is None:
            assert right is not None
            at, z = meeting(right)
            return [(np.concatenate([t, at, t[::-1]]), np.concatenate([low, z, high[::-1]]))]
        at, z = meeting(left)
        up = np.concatenate([t[::-1], at, t]), np.concatenate([low[::-1], z, high])
        if right is None:
            return [up]
        at, z = meeting(right)
        return [(np.concatenate([up[0], at, t[::-1][:1]]), np.concatenate([up[1], z, low[::-1][:1]]))]

    def _cut(self, i: int, t: NDArray, z: NDArray) -> list[Arc]:
        """Stretches of a polyline with c < z < 1/A."""
        _, q, c, _ = self.averages(i, t)
        with np.errstate(invalid="ignore"):
            valid = (z > c / (1 - LEAST_MARGIN)) & (z < math.exp(-LOG_A)) & (q > LEAST_ACTIVITY)
        arcs = []
        inside = np.nonzero(valid)[0]
        for run in np.split(inside, np.nonzero(np.diff(inside) > 1)[0] + 1):
            if len(run):
                first, start = self._end(i, t, z, int(run[0]), -1)
                last, stop = self._end(i, t, z, int(run[-1]), 1)
                points = [*first, *zip(-np.log(z[run]), t[run], strict=True), *last]
                v, place = (np.array(column) for column in zip(*points, strict=True))
                if len(v) > 1:
                    arcs.append(Arc(i, v, place, (start, stop)))
        return arcs

    def _end(self, i: int, t: NDArray, z: NDArray, j: int, way: int) -> tuple[list[tuple[float, float]], End]:
        """The last point of a stretch beyond its vertex j, if there is one, and what it is."""
        k = j + way
        if not 0 <= k < len(t):
            return [], self._plateau_end(i, float(t[j]), float(z[j]))
        if self.averages(i, t[k])[1] <= LEAST_ACTIVITY:
            return [], End("all off")
        which = 2 if self._is_upper(i, float(t[j]), float(z[j]), float(t[k]), float(z[k])) else 1
        limit = math.exp(-LOG_A)
        bounds: list[tuple[str, Callable[[NDArray], NDArray]]] = [
            ("chart", lambda s: np.full(np.shape(s), limit)),
            ("C = 1", lambda s: self.averages(i, s)[2] / (1 - LEAST_MARGIN)),
        ]
        ends = np.array([t[j]]), np.array([t[k]])
        for kind, bound in bounds:

            def distance(s: NDArray, _: NDArray | None = None, bound: Callable = bound) -> NDArray:
                return self._roots(i, s)[which] - bound(s)

            at = [distance(x) for x in ends]
            if np.isfinite(at[0] + at[1])[0] and (at[0] > 0)[0] != (at[1] > 0)[0]:
                root = float(find_roots(distance, *ends, *at)[0])
                end = End("C = 1") if kind == "C = 1" else End("chart", place=self._kappa(i, root))
                return [(-math.log(float(bound(np.array(root)))), root)], end
        return [], End("lost")

    def _is_upper(self, i: int, t: float, z: float, t_next: float, z_next: float) -> bool:
        """Whether a step goes along the larger root."""
        low, high = (self._roots(i, np.array([t, t_next]))[k] for k in (1, 2))
        to_high, to_low = (np.nansum(np.abs(np.array([z, z_next]) - root)) for root in (high, low))
        return bool(to_high <= to_low)

    def _kappa(self, i: int, t: float) -> float:
        """κ = b/√(1 + a²) at a = A."""
        a = math.exp(LOG_A)
        return (t - a * float(self.w[i])) / math.hypot(1.0, a)

    def _plateau_end(self, i: int, t: float, z: float) -> End:
        if t > 0:
            return End("plateau", i, 1, -math.log(z)) if i > 0 else End("all on")
        return End("plateau", i + 1, -1, -math.log(z)) if self.q_from[i + 1] > LEAST_ACTIVITY else End("all off")

    # Plateaus: the units with W ≥ w_i on, κ between −w_i and −w_{i−1}.

    def plateau_point(self, i: int, v: NDArray) -> ChartPoint:
        """Controls and order parameters on a plateau."""
        m, q, v = self.m_from[i], self.q_from[i], np.asarray(v, dtype=float)
        full = np.ones_like(v)
        return ChartPoint(self.g * full, self._log_load(v, m, q, 0 * v), m * full, q * full, 0 * v, np.log(m) - v)

    def plateau_kappa(self, i: int, z: Number) -> Number:
        """b/a on a plateau."""
        return (self.g + 0.5 * self.pulls[i] * z * z) / self.m_from[i]

    @cached_property
    def pulls(self) -> NDArray:
        """h on each plateau."""
        return np.append(self._pull(self.m_from[:-1], self.q_from[:-1]), np.nan)

    def plateaus(self, lowest: float) -> list[Arc]:
        """All stretches of all plateaus, from larger noise to smaller, down to below the load e^lowest."""
        sound = [i for i in range(1, len(self.w)) if self.q_from[i] > LEAST_ACTIVITY]
        return [arc for i in sound for arc in self._stretches(i, lowest)]

    def _stretches(self, i: int, lowest_load: float) -> list[Arc]:
        m, h = float(self.m_from[i]), float(self.pulls[i])
        above, below = self.g / m + float(self.w[i]), -self.g / m - float(self.w[i - 1])
        if not below > 0:
            return []
        # −κ − w_{i−1} ≥ T z: one interval from 0; κ + w_i ≥ T z: all but the interval between two roots
        far = 2 * below / (T + math.sqrt(T * T + 2 * h / m * below)) if h > 0 else below / T
        top, start = (far, End("plateau", i, -1, -math.log(far)))
        if math.exp(-LOG_A) < far:
            top = math.exp(-LOG_A)
            a = math.exp(LOG_A)
            start = End("chart", i, place=float(self.plateau_kappa(i, top)) / math.hypot(1.0, 1 / a))
        at_one = float(self.plateau_point(i, np.zeros(1)).log_alpha[0])
        deepest = max((at_one - lowest_load) / 2, LOG_A) + 1
        inside = T * T - 2 * h / m * above
        gone = None
        if above <= 0 or inside > 0:
            root = math.sqrt(max(inside, 0.0))
            upper = (T + root) * m / h if h > 0 else math.inf
            lower = 2 * above / (T + root)
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
