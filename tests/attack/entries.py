"""Laws of W, the sum of L entries of any law: values with a normal part, and one entry with a uniform law.

Units of two values x₀ ± d at T = 0 need of W only, with u = aW + b and φ, Φ of the normal law,

    ⟨Φ⟩,  ⟨WΦ⟩,  ⟨φ⟩  and  ⟨H1(−u)⟩
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from attack.arithmetic import Floats, log_H, normal_density
from attack.equations import Averages, Kinds, Machine, Rectified


@dataclasses.dataclass(frozen=True)
class Entries:
    """The sum of L entries, each one of a few values (value, probability) and a normal part of variance `normal`.

    Values are rounded to doubles before they are added.
    """

    entries: tuple[tuple[float, float], ...]
    L: int = 1
    normal: float = 0.0

    @property
    def spread(self):
        """Variance of the normal part of W."""
        return self.L * self.normal

    @property
    def variance(self):
        """Variance of an entry."""
        return self.normal + math.fsum(v * v * P for v, P in self.entries)

    def __call__(self, on):
        """Triples of value, 1 and probability in the arithmetic `on`."""
        return self.sums(self.L, on)

    def sums(self, L, on):
        """The same for L entries."""
        found = {on.number(0): on.number(1)}
        for _ in range(L):
            longer = {}
            for (w, one), (v, P) in itertools.product(found.items(), self.entries):
                key = next((k for k in longer if abs(k - w - v) < 1e-12), w + on.number(v))
                longer[key] = longer.get(key, 0) + one * on.number(P)
            found = longer
        return [(w, 1, P) for w, P in sorted(found.items())]

    def pairs(self, on):
        """Rows (w, ½⟨(η₁ − η₂)²⟩, probability) of W = η₁ + η₂ + the rest: 1 − C'/a is the curvature along η₁ − η₂."""
        return [
            (w + v + u, (on.number(v) - u) ** 2 / 2 + self.normal, P * on.number(p) * s)
            for (w, _, P), (v, p), (u, s) in itertools.product(self.sums(self.L - 2, on), self.entries, self.entries)
        ]

    def arrays(self):
        """The triples as arrays of doubles."""
        return tuple(np.array(column, dtype=float) for column in zip(*self(Floats()), strict=True))

    def values(self):
        """Values of W."""
        return self.arrays()[0]

    def averages(self, a, b):
        """⟨Φ⟩, ⟨WΦ⟩ and ⟨φ⟩ for arrays a and b; ⟨WΦ⟩ = −⟨WΦ(−u)⟩ without cancellation."""
        w, _, P = self.arrays()
        a, b = np.asarray(a)[..., None], np.asarray(b)[..., None]
        width = np.sqrt(1 + a * a * self.spread)
        u = (a * w + b) / width
        sign = np.where(b > 0, -1.0, 1.0)
        density = normal_density(u) @ P / width[..., 0]
        moment = (sign * ndtr(sign * u)) @ (P * w) + self.spread * a[..., 0] * density
        return ndtr(u) @ P, moment, density

    def moment(self, n):
        """⟨W^n⟩: of values, and of the normal part."""
        w, _, P = self.arrays()
        part = [math.prod(range(1, k, 2)) * self.spread ** (k / 2) if k % 2 == 0 else 0.0 for k in range(n + 1)]
        return math.fsum(math.comb(n, k) * part[k] * float(P @ w ** (n - k)) for k in range(n + 1))


@dataclasses.dataclass(frozen=True)
class Flat:
    """One entry, uniform between −c and c."""

    c: float
    spread = 0

    @property
    def variance(self):
        """c²/3."""
        return self.c**2 / 3

    def values(self):
        """The edges."""
        return np.array([-self.c, self.c])

    def arrays(self):
        """Nodes of Gauss's rule, for what is smooth: of W, 1, weight."""
        x, weight = np.polynomial.legendre.leggauss(60)
        return self.c * x, np.ones(60), weight / 2

    def __call__(self, on):
        """Its mean: of what does not depend on W, m = 0."""
        return [(on.number(0), 1, on.number(1))]

    def moment(self, n):
        """⟨W^n⟩."""
        return 0.0 if n % 2 else self.c**n / (n + 1)

    def averages(self, a, b):
        """⟨Φ⟩, ⟨WΦ⟩ and ⟨φ⟩ for arrays a and b: by Gauss's rule for ac < 6, else integrals of Φ from edge to edge.

        With b > 0 from Φ(−u), as ⟨W⟩ = 0.
        """
        a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
        w, _, P = self.arrays()
        small = np.minimum(a, 6 / self.c)
        u = small[..., None] * w + b[..., None]
        sign = np.where(b > 0, -1.0, 1.0)[..., None]
        smooth = ndtr(u) @ P, (sign * ndtr(sign * u)) @ (P * w), normal_density(u) @ P
        return tuple(np.where(a * self.c < 6, s, e) for s, e in zip(smooth, self._by_edges(a, b), strict=True))

    def _by_edges(self, a, b):
        # at b > 0: with u → −u, b → −b
        low = -np.abs(b)
        ends = [low + side * a * self.c for side in (-1, 1)]
        with np.errstate(all="ignore"):
            one, two, three = (np.diff([F(u) for u in ends], axis=0)[0] for F in (_integral, _moment, ndtr))
            scale = 1 / (2 * a * self.c)
            moment, on, density = (two - low * one) * scale / a, one * scale, three * scale
        return np.where(b > 0, 1 - on, on), moment, density


def _integral(u):
    """∫Φ = uΦ + φ."""
    return u * ndtr(u) + normal_density(u)


def _moment(u):
    """∫uΦ = ((u² − 1)Φ + uφ)/2."""
    return ((u * u - 1) * ndtr(u) + u * normal_density(u)) / 2


class Smooth(NamedTuple):
    """⟨Φ⟩, ⟨WΦ⟩, ⟨φ⟩ and ⟨H1(−u)⟩ at one a and b."""

    on: float
    moment: float
    density: float
    K: float


@dataclasses.dataclass(frozen=True)
class FlatMachine(Machine):
    """A machine of uniform entries and units of two values at T = 0."""

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        right = super().rhs(state._replace(m=on.number(0)), on)
        v = self.averaged(state.m, state.r, state.B, on)
        overlap = v.chi[1] / on.number(self.size) if state.m else state.m
        return right._replace(m=overlap, q=v.Q, C=on.number(self.p) * v.chi[0])

    def averaged(self, m, r, B, on):
        """Averages of a visible unit over its W: chi holds ⟨χ⟩ and ⟨W M⟩."""
        if not m:
            v = self.visible_average(0, 1, m, r, B, on)
            return v._replace(chi=(v.chi, on.number(0)))
        (low, high), energies = map(on.number, self.visible.values), list(map(on.number, self.visible.energies))
        centre, d = (high + low) / 2, (high - low) / 2
        s = on.sqrt(on.number(self.alpha) * on.number(self.p) * r)
        c = on.number(self.alpha) * B
        field = c * centre - (energies[1] - energies[0]) / (2 * d)
        w = between_edges(m / s, field / s, on.number(self.law.c), on)
        # x = low + 2dΘ
        M, Q = low + 2 * d * w.on, low**2 + (high**2 - low**2) * w.on
        K = c * low * low / 2 - energies[0] + 2 * d * s * w.K
        return Averages(M, Q, (2 * d * w.density / s, 2 * d * w.moment), K)

    def free_energy(self, state, on):
        """Stationary in all five order parameters."""
        rest = super().free_energy(state._replace(m=on.number(0)), on)
        ours, theirs = (self.averaged(m, state.r, state.B, on).K for m in (state.m, on.number(0)))
        return rest + theirs - ours + on.number(self.size) * state.m**2 / 2


def between_edges(a, b, c, on):
    """Averages over W uniform between −c and c, by integrals of Φ from edge to edge; for small ac by Gauss's rule."""
    if isinstance(on, Floats) and a * c < 6:
        x, weight = np.polynomial.legendre.leggauss(60)
        u = a * c * x + b
        parts = ndtr(u), c * x * ndtr(u), normal_density(u), np.exp(log_H(1, -u))
        return Smooth(*(float(part @ weight) / 2 for part in parts))
    ends = [b - a * c, b + a * c]
    H0, H1, H2 = (on.H(k, -ends[1]) - on.H(k, -ends[0]) for k in range(3))
    # ∫Φ = H1(−u), ∫uΦ = (H2(−u) − 2Φ)/2 … with (u² + 1)Φ + uφ = H2(−u); ∫H1(−u) = H2(−u)/2
    moment = (H2 - 2 * H0) / 2
    scale = 1 / (2 * a * c)
    return Smooth(H1 * scale, (moment - b * H1) * scale / a, H0 * scale, H2 / 2 * scale)


def thresholds_of(hidden):
    """(share, θ) of rectified units, none of Gaussian ones."""
    kinds = hidden.kinds if isinstance(hidden, Kinds) else ((1.0, hidden),)
    return [(share, unit.theta) for share, unit in kinds if isinstance(unit, Rectified)]
