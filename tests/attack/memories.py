"""Hopfield models of further kinds at T = 0: diluted bonds, interactions of P spins. States from one unknown, y.

Bonds kept with probability c:   m = 2Φ(y) − 1,  y = m/s,  C = 2φ(y)/s,  s² = αr,  r = 1/(1 − C)² + 1/c − 1
P spins, M = αN^{P−1} patterns:  m = 2Φ(y) − 1,  y = m^{P−1}/((P−1)! s),  C = 2φ(y)/s,  s² = αr/(P−1)!,  r = 1
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy.special import ndtr

from attack.arithmetic import normal_density
from attack.equations import State
from attack.search import distinct, scan


@dataclasses.dataclass(frozen=True)
class Memory:
    """A model of one kind of spins, order parameters of which are explicit in y and in the noise s."""

    alpha: float
    T = 0.0
    layered = False

    def states(self):
        """With overlap at the roots of ln α(y) − ln α, and without."""
        nodes = np.concatenate([np.arange(-40.0, 5.0, 0.01), np.geomspace(5.0, 200.0, 500)])
        found = [self.at(math.exp(root)) for root in scan(lambda u: self.excess(np.exp(u)), nodes)]
        return distinct(found) + self.glasses()

    def fold(self):
        """The largest load with overlap."""
        y = np.geomspace(1e-2, 20.0, 20_000)
        return self.alpha * math.exp(float(np.nanmax(self.excess(y))))


@dataclasses.dataclass(frozen=True)
class Diluted(Memory):
    """f = α/2 + m²/2 + (α/2)[rC − 1/(1−C) − (1/c − 1)C] − ⟨|m + sz|⟩.

    Replica has no more of it than f, of which C is a slope.
    """

    c: float = 1.0
    least_response = 1e-12
    hidden_limit = True

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        m, _, r, C, _ = state
        s = on.sqrt(on.number(self.alpha) * r)
        sign = 1 - 2 * on.Phi(-m / s)
        missing = 1 / on.number(self.c) - 1
        return State(sign if m else m, on.number(1), 1 / (1 - C) ** 2 + missing, 2 * on.phi(m / s) / s, 1 / (1 - C))

    def free_energy(self, state, on):
        """Stationary in m, r and C."""
        m, _, r, C, _ = state
        alpha, missing = on.number(self.alpha), 1 / on.number(self.c) - 1
        s = on.sqrt(alpha * r)
        return alpha / 2 * (1 + r * C - 1 / (1 - C) - missing * C) + m * m / 2 - rectified(m, s, on)

    def unlike(self, state, on):
        """Curvature along an overlap with another pattern."""
        return 1 - state.C

    def excess(self, y):
        """ln α(y) − ln α, nan where C ≥ 1: s = m/y, 1 − C = (s − 2φ)/s."""
        s, margin = self._noise(y)
        with np.errstate(all="ignore"):
            r = np.where(margin > 0, 1 / margin**2 + 1 / self.c - 1, np.nan)
            return 2 * np.log(s) - np.log(r) - math.log(self.alpha)

    def _noise(self, y):
        """The noise, and 1 − C: m − 2yφ(y) = √(2/π) Σ (−1)^{k+1} y^{2k+1} 2k/(2^k k! (2k + 1)) for small y."""
        y = np.asarray(y, dtype=float)
        m = 1 - 2 * ndtr(-y)
        small = np.minimum(y, 0.5)
        m_small, rest = np.zeros_like(y), np.zeros_like(y)
        for k in range(16):
            term = math.sqrt(2 / math.pi) * (-1) ** k * small ** (2 * k + 1) / (2**k * math.factorial(k) * (2 * k + 1))
            m_small, rest = m_small + term, rest - 2 * k * term
        m = np.where(y < 0.5, m_small, m)
        return m / y, np.where(y < 0.5, rest, m - 2 * y * normal_density(y)) / m

    def at(self, y):
        """The state at y."""
        s, margin = (float(v) for v in self._noise(y))
        r = 1 / margin**2 + 1 / self.c - 1
        return State(s * y, 1.0, r, 2 * float(normal_density(y)) / s, 1 / margin)

    def glasses(self):
        """m = 0: C = 2φ(0)/s, s = 2φ(0) + t."""
        edge = math.sqrt(2 / math.pi)

        def excess(u):
            t = np.exp(u)
            s = edge + t
            return 2 * np.log(s) - np.log((s / t) ** 2 + 1 / self.c - 1) - math.log(self.alpha)

        found = []
        for root in scan(excess, np.arange(-40.0, 40.0, 0.05)):
            t = math.exp(root)
            s = edge + t
            found.append(State(0.0, 1.0, (s / t) ** 2 + 1 / self.c - 1, edge / s, s / t))
        return found


@dataclasses.dataclass(frozen=True)
class Dense(Memory):
    """f = m^P/P! (P − 1) + α(r − 1)C/(2(P−1)!) − ⟨|h + sz|⟩, h = m^{P−1}/(P−1)!."""

    body: int = 3
    hidden_limit = False

    def _field(self, m, r, on):
        pairs = on.number(math.factorial(self.body - 1))
        return m ** (self.body - 1) / pairs, on.sqrt(on.number(self.alpha) * r / pairs)

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        h, s = self._field(state.m, state.r, on)
        one = on.number(1)
        return State(1 - 2 * on.Phi(-h / s) if state.m else state.m, one, one, 2 * on.phi(h / s) / s, one)

    def free_energy(self, state, on):
        """Stationary in m, r and C."""
        m, _, r, C, _ = state
        P, alpha = self.body, on.number(self.alpha)
        pairs = on.number(math.factorial(P - 1))
        return (P - 1) * m**P / (P * pairs) + alpha * (r - 1) * C / (2 * pairs) - rectified(*self._field(m, r, on), on)

    def unlike(self, state, on):
        """Curvature along an overlap with another pattern: of second order there is none from its energy."""
        return on.number(1)

    def excess(self, y):
        """ln α(y) − ln α."""
        with np.errstate(all="ignore"):
            m = np.where(y < 1e-3, 2 * y / math.sqrt(2 * math.pi) * (1 - y * y / 6), 1 - 2 * ndtr(-y))
            load = 2 * (self.body - 1) * np.log(m) - 2 * np.log(y) - math.lgamma(self.body)
            return load - math.log(self.alpha)

    def at(self, y):
        """The state at y."""
        m = math.erf(y / math.sqrt(2))
        s = math.sqrt(self.alpha / math.factorial(self.body - 1))
        return State(m, 1.0, 1.0, 2 * float(normal_density(y)) / s, 1.0)

    def glasses(self):
        """m = 0 at any load."""
        s = math.sqrt(self.alpha / math.factorial(self.body - 1))
        return [State(0.0, 1.0, 1.0, math.sqrt(2 / math.pi) / s, 1.0)]


def rectified(h, s, on):
    """⟨|h + sz|⟩, as h⟨sign⟩ + 2sφ."""
    return h * (1 - 2 * on.Phi(-h / s)) + 2 * s * on.phi(h / s)
