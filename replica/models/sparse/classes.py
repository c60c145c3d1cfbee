"""The equations of a heterogeneous machine in coordinates in which every order parameter keeps its digits.

With a = m/s, c = αB/(2s) and t the field at units of one group (w₀, x₀), in units of s, that at all others is

    u = (t + a(W − w₀) + c(x − x₀))/√x,   m = ⟨WΦ(u)⟩/L,   q = ⟨xΦ(u)⟩,   D = p⟨√x φ(u)⟩ = sC

Of the hidden side, y = θ/√(pq), S = s(1 − C) = p√(αqH2(y)) and c = ½√α H0(y)/√(qH2(y)) are explicit in q and α. What
is left are three equations in (ln a, t, ln q, ln α), curves at fixed couplings on which nothing is lost however small:

    ⟨xΦ(u)⟩ = q,   m/a = D + S,   s(t − c x₀) − w₀ m = g,   s = D + S

Near C = 1 the second is m/a − D = S, the left side a sum over W > 0 of what is left of order a² (⟨W²⟩ = L p x).
The group is the one nearest to its flip, t = 0: where s is far below a double's share of the fields, t is known.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.base import Order, exp_clipped
from replica.models.sparse.differences import even_differences
from replica.numerics.gaussian import log_H

__all__ = ["ClassEquations", "Place", "Values"]

LEAST_SHARE = 1e-20
"""x of units that no average knows of."""
LEAST_TURN = 1e-4
"""Share of a group in the noise below which its flip bends no curve."""
SQRT_2PI = math.sqrt(2 * math.pi)


class Place(NamedTuple):
    """Points y = (ln a, t, ln q, ln α), shape (R, 4), and the group that t belongs to, shape (R,)."""

    y: NDArray
    group: NDArray

    def take(self, index: NDArray) -> Place:
        """Some of the points."""
        return Place(self.y[index], self.group[index])


class Values(NamedTuple):
    """What the equations have at points: left sides less right sides, Jacobians, and what order parameters need."""

    F: NDArray
    J: NDArray
    field: NDArray
    """u√x of all groups, shape (R, J)."""
    m: NDArray
    log_q: NDArray
    """Of the right-hand side."""
    log_density: NDArray
    """ln D."""
    log_S: NDArray
    log_c: NDArray

    @property
    def log_noise(self) -> NDArray:
        """ln s."""
        return np.logaddexp(self.log_density, self.log_S)

    @property
    def C(self) -> NDArray:
        """D/s."""
        return np.exp(self.log_density - self.log_noise)

    @property
    def log_margin(self) -> NDArray:
        """ln(1 − C)."""
        return self.log_S - self.log_noise


@dataclasses.dataclass(frozen=True, eq=False)
class ClassEquations:
    """The equations at one set of couplings.

    Parameters
    ----------
    w, x, weight : array, shape (J,)
        Groups of units: W > 0 first, then −W in the same order, then W = 0.
    pairs : int
        How many have W > 0.
    size, p, theta, g : float
        L, p, θ and the field.
    """

    w: NDArray
    x: NDArray
    weight: NDArray
    pairs: int
    size: float
    p: float
    theta: float
    g: float

    @classmethod
    def of(cls, law: Law, size: float, p: float, theta: float, g: float, least: float = 0.0) -> Self:
        """The equations for a law of W over classes, without groups of probability below `least`."""
        sound = (law.weight > least) & (law.x > LEAST_SHARE)
        w, x, weight = law.w[sound], law.x[sound], law.weight[sound]
        # in order of (x, |w|) on both sides, by the number of the class: its x is one number
        kind = np.unique(x, return_inverse=True)[1]
        rank = np.lexsort((np.abs(w), kind))
        order = np.concatenate([rank[np.sign(w[rank]) == side] for side in (1, -1, 0)])
        return cls(w[order], x[order], weight[order], int((w > 0).sum()), size, p, theta, g)

    # Hidden side.

    def hidden(self, log_q: NDArray, log_alpha: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """ln S, ln c and their derivatives by ln q."""
        with np.errstate(all="ignore"):
            y = self.theta / math.sqrt(self.p) * np.exp(-0.5 * log_q)
            h0, h1, h2 = (log_H(k, y) for k in (0, 1, 2))
            log_S = math.log(self.p) + 0.5 * (log_alpha + log_q + h2)
            log_c = 0.5 * (log_alpha - log_q - h2) + h0 - math.log(2)
            # dH2 = −2H1 dy, dH0 = −φ dy, dy/d ln q = −y/2
            slope2 = y * np.exp(h1 - h2)
            slope0 = 0.5 * y * np.exp(-0.5 * y * y - h0) / SQRT_2PI
            return log_S, log_c, 0.5 + 0.5 * slope2, slope0 - 0.5 - 0.5 * slope2

    # Visible side.

    def fields(self, a: NDArray, t: NDArray, c: NDArray, group: NDArray) -> NDArray:
        """t + a(W − w₀) + c(x − x₀), shape (R, J)."""
        w, x = self.w[group][:, None], self.x[group][:, None]
        return t[:, None] + a[:, None] * (self.w - w) + c[:, None] * (self.x - x)

    def averages(self, field: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """m, q, D and φ(u) of all groups."""
        from scipy.special import ndtr

        n = self.pairs
        with np.errstate(over="ignore", under="ignore"):
            u = field / np.sqrt(self.x)
            density = np.exp(-0.5 * u * u) / SQRT_2PI
            q = ndtr(u) @ (self.weight * self.x)
            # Φ(u₊) − Φ(u₋) from the side on which both are small
            far = u[:, n : 2 * n] > 0
            m = (ndtr(np.where(far, -u[:, n : 2 * n], u[:, :n])) - ndtr(np.where(far, -u[:, :n], u[:, n : 2 * n]))) @ (
                self.weight[:n] * self.w[:n] / self.size
            )
            return m, q, density @ (self.p * self.weight * np.sqrt(self.x)), density

    def excess(self, field: NDArray, a: NDArray, centre: NDArray) -> NDArray:
        """m/a − D without the terms of order 1 that cancel, from the fields at W > 0, < 0 and, `centre`, W = 0."""
        n = self.pairs
        root, w, weight = np.sqrt(self.x[:n]), self.w[:n], self.weight[:n]
        low, high = field[:, n : 2 * n] / root, field[:, :n] / root
        first, second = even_differences(low, centre / root, high, a[:, None] * w / root)
        weights = 2 * weight * w * w / (self.size * root), 2 * weight * self.p * root
        return first @ weights[0] - second @ weights[1]

    def at(self, place: Place) -> Values:
        """Evaluate the equations at points."""
        y, group = place
        v, t, log_q, log_alpha = y.T
        with np.errstate(all="ignore"):
            a = np.exp(np.minimum(v, 700.0))
            log_S, log_c, S_by_q, c_by_q = self.hidden(log_q, log_alpha)
            c = np.exp(log_c)
            field = self.fields(a, t, c, group)
            m, q, D, density = self.averages(field)
            values = Values(
                np.zeros((len(y), 3)), np.zeros((len(y), 3, 4)), field, m, np.log(q), np.log(D), log_S, log_c
            )
            s, x0, w0 = np.exp(values.log_noise), self.x[group], self.w[group]
            values.F[:, 0] = values.log_q - log_q
            values.F[:, 1] = np.log(m) - v - values.log_noise
            slack = values.log_margin < math.log(0.5)
            if slack.any():
                centre = (t - a * w0)[slack, None] + c[slack, None] * (self.x[: self.pairs] - x0[slack, None])
                values.F[slack, 1] = np.log1p(
                    (self.excess(field[slack], a[slack], centre) - np.exp(log_S[slack])) / s[slack]
                )
            scale = abs(self.g) + s * (np.abs(t) + c * x0) + np.abs(w0) * m + 1e-300
            values.F[:, 2] = (s * (t - c * x0) - w0 * m - self.g) / scale
            self._slopes(values, density, (a, t, c, s, scale), (S_by_q, c_by_q), group)
        return values

    def _slopes(
        self,
        values: Values,
        density: NDArray,
        parts: tuple[NDArray, ...],
        by_q: tuple[NDArray, NDArray],
        group: NDArray,
    ) -> None:
        """Jacobian by (ln a, t, ln q, ln α)."""
        a, t, c, s, scale = parts
        root, x0, w0 = np.sqrt(self.x), self.x[group], self.w[group]
        # dm, dq and dD by the field of each group, and by (ln a, t, ln c)
        on = self.weight * density / root
        rates = on * self.w / self.size, on * self.x, -self.p * on * values.field
        by_a, by_c = a[:, None] * (self.w - w0[:, None]), c[:, None] * (self.x - x0[:, None])
        # a group without density does not move, however far its field does
        ways = [np.where(density > 0, way, 0.0) for way in (by_a, np.ones_like(density), by_c)]
        moves = np.array([[(rate * way).sum(axis=-1) for way in ways] for rate in rates])
        m, q, D = (np.stack([d[0], d[1], d[2] * by_q[1], 0.5 * d[2]], axis=-1) for d in moves)
        S, pull = np.exp(values.log_S), s * c * x0
        noise = D + S[:, None] * np.stack([0 * S, 0 * S, by_q[0], 0.5 + 0 * S], axis=-1)
        values.J[:, 0] = q / np.exp(values.log_q)[:, None] - [0, 0, 1, 0]
        values.J[:, 1] = m / values.m[:, None] - noise / s[:, None] - [1, 0, 0, 0]
        shift = np.stack([0 * s, s, -pull * by_q[1], -0.5 * pull], axis=-1)
        values.J[:, 2] = ((t - c * x0)[:, None] * noise - w0[:, None] * m + shift) / scale[:, None]

    def turning(self, place: Place, values: Values, tangent: NDArray) -> tuple[NDArray, NDArray]:
        """Rates at which the fields u√x change along tangents, shape (R, J), and the largest |du| that matters.

        It matters where the units that are partly on have a share in s.
        """
        a, c = np.exp(place.y[:, 0]), np.exp(values.log_c)
        log_c = self.hidden(place.y[:, 2], place.y[:, 3])[3] * tangent[:, 2] + 0.5 * tangent[:, 3]
        rate = self.fields(a * tangent[:, 0], tangent[:, 1], c * log_c, place.group)
        with np.errstate(under="ignore", over="ignore"):
            u = values.field / np.sqrt(self.x)
            share = self.weight * self.p * np.sqrt(self.x) * np.exp(-0.5 * u * u - values.log_noise[:, None])
            return rate, np.where(share > LEAST_TURN, np.abs(rate) / np.sqrt(self.x), 0.0).max(axis=-1)

    def order(self, place: Place, values: Values, overlap_unit: int) -> Order:
        """Order parameters at solutions: r = s²/(αp), B = p H0 s/S."""
        with np.errstate(all="ignore"):
            log_h0 = log_H(0, self.theta / math.sqrt(self.p) * np.exp(-0.5 * values.log_q))
            r = exp_clipped(2 * values.log_noise - place.y[:, 3] - math.log(self.p))
            B = self.p * exp_clipped(log_h0 - values.log_margin)
            # m = a s, where m is a small difference
            v = place.y[:, 0]
            m = np.where(v < -2, np.exp(v + values.log_noise), values.m)
            return Order(m=overlap_unit * m, q=np.exp(values.log_q), r=r, C=values.C, B=B)
