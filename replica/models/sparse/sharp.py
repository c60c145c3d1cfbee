"""The chart of the R-RBM where the noise is small, a = m/s > A: there the curves of solutions are explicit.

With z = 1/a = s/m < 1/A the input of a unit over its noise, u = b + aW, is far from 0 for all values of W but one,
w: the units with W > w are on, those with W < w off, and those with W = w flip with u = t, b = t − w/z. Over t

    m = M + (w P/L) H0(−t),   q = Q + P H0(−t),   C = c/z,   c = p P φ(t)/m,

M, Q of the units that are on, P = P(W = w), and with h = m² H0(y)/(p q H2(y)) the field is

    g = t m z − w m − (h/2) z (z − c).

So on the level g the noise is a root of (h/2) z² − (t m + h c/2) z + (g + w m) = 0: at most two curves z(t) for each w,
which meet where the roots do. They end where C = 1, go over into the rest of the chart at z = 1/A, or into a plateau:
beyond |t| = FLAT no unit is partly on, C = 0, and κ = b/a = (g + h z²/2)/m with constant m, q and h, down to z = 0, the
state without noise.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import LEAST_MARGIN, ChartPoint, Couplings
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number

__all__ = ["FLAT", "LEAST_ACTIVITY", "LOG_A", "Sharp", "least_activity"]

LOG_A = math.log(100.0)
"""ln A: at a = 100 units whose W differs by 1 are 100 noises apart."""
FLAT = 40.0
"""|t| beyond which H0 is 0 or 1 to all digits, and φ does not matter."""
NEGLIGIBLE = 1e-300
"""Probabilities of W that count as none."""
LEAST_ACTIVITY = 1e-12
"""Share of units on, or off, below which states with overlap are not looked for: no machine has 1e12 units."""
LARGEST_LOG_LOAD = 1e7
"""ln α above which states are not looked for: for θ > 0 it is θ²/2pq, without bound on q → 0."""


def least_activity(couplings: Couplings) -> float:
    """Activity q below which states are not looked for at these couplings."""
    _, _, p, theta = couplings
    return max(LEAST_ACTIVITY, max(float(theta), 0.0) ** 2 / (2 * float(p) * LARGEST_LOG_LOAD))


class Sharp:
    """The level g at couplings that are numbers, for a > A."""

    def __init__(self, couplings: Couplings, g: float) -> None:
        law, self.size, self.p, self.theta = couplings
        sound = law.weight > NEGLIGIBLE
        self.w, self.weight, self.g = law.w[sound], law.weight[sound], g
        self.least = least_activity(couplings)
        terms = np.abs(self.w) * self.weight / self.size
        upper = np.cumsum((self.weight * self.w / self.size)[::-1])[::-1]
        # the mean of W is 0: from below the sum has no cancellation where w < 0
        lower = np.cumsum(np.where(self.w < 0, terms, 0.0))
        self.m_from = np.append(np.where(self.w > 0, upper, np.append(0.0, lower)[:-1]), 0.0)
        self.q_from = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)
        self.off_below = np.append(0.0, np.cumsum(self.weight))

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

    def sound(self, i: int, t: Number) -> NDArray:
        """Whether neither next to all units are off nor next to all are on."""
        from scipy.special import ndtr

        on = self.q_from[i + 1] + self.weight[i] * ndtr(t)
        off = self.off_below[i] + self.weight[i] * ndtr(-np.asarray(t))
        return (on > self.least) & (off > LEAST_ACTIVITY)

    def sound_plateau(self, i: int) -> bool:
        """The same where the units with W ≥ w_i are on."""
        return bool(self.q_from[i] > self.least and self.off_below[i] > LEAST_ACTIVITY)

    def _pull(self, m: Number, q: Number) -> NDArray:
        """h = m² H0(y)/(p q H2(y)): αB/2 = (h/2) z (z − c)."""
        with np.errstate(all="ignore"):
            y = self.theta / np.sqrt(self.p * q)
            return m * m / (self.p * q) * np.exp(log_H(0, y) - log_H(2, y))

    def roots(self, i: int, t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
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
            return self._point(v, g, m, q, C)

    def _point(self, v: NDArray, g: NDArray, m: Number, q: Number, C: NDArray) -> ChartPoint:
        with np.errstate(all="ignore"):
            margin, log_noise = 1 - C, np.log(m) - v
            y = self.theta / np.sqrt(self.p * q)
            log_scale = 2 * (log_noise - np.log(self.p)) - np.log(q) - log_H(2, y)
            inside = margin > LEAST_MARGIN
            load = np.where(inside, log_scale + 2 * np.log(np.where(inside, margin, 1.0)), -np.inf)
            return ChartPoint(g, load, m, q, C, margin, log_noise, log_scale)

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

    # Plateaus: the units with W ≥ w_i on, κ between −w_i and −w_{i−1}.

    def plateau_point(self, i: int, v: NDArray) -> ChartPoint:
        """Controls and order parameters on a plateau."""
        m, q, v = self.m_from[i], self.q_from[i], np.asarray(v, dtype=float)
        full = np.ones_like(v)
        return self._point(v, self.g * full, m * full, q * full, 0 * v)

    def plateau_kappa(self, i: int, z: Number) -> Number:
        """b/a on a plateau."""
        return (self.g + 0.5 * self.pulls[i] * z * z) / self.m_from[i]

    @cached_property
    def pulls(self) -> NDArray:
        """h on each plateau."""
        return np.append(self._pull(self.m_from[:-1], self.q_from[:-1]), np.nan)
