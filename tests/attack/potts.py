"""Potts units of Q states between patterns of Q colours: X_σ = Qm δ(σ,1) + ŝz_σ + Tg_σ, ŝ = √(Qαr), g of Gumbel's law.

At temperature T the state is σ with the probability that X_σ is the largest of all X. With G = P(ŝz + Tg ≤ x), a = Qm:

    P₁ = 1 − (Q−1)∫G(x−a)G'(x)G(x)^{Q−2} dx,   m = QP₁ − 1,   q = Q − 1 − TC,   r = q/(1−C)²,   B = 1/(1−C)
    C = QΣ∂P_σ/∂h_σ = Q(Q−1)∫[2G'(x−a)G'(x)G(x)^{Q−2} + (Q−2)G(x−a)G'(x)²G(x)^{Q−3}] dx
    ⟨T ln Σe^{h_σ/T}⟩ = ⟨max X⟩ − γT = a + ∫G(x−a)(1 − G(x)^{Q−1}) dx      (X₁ has the mean a + γT)
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy.special import ndtr

from attack.arithmetic import Floats, normal_density
from attack.equations import State
from attack.search import cells, distinct, newton, scan


@dataclasses.dataclass(frozen=True)
class Potts:
    """f = α(Q−1)/2 + m²/2 + (α/2)[T ln(1−C) − q/(1−C) + rC] + m − ⟨T ln Σ⟩."""

    alpha: float
    colours: int
    T: float = 0.0
    layered = False
    hidden_limit = True
    least_response = 1e-12
    """C at T > 0 that is told from the rounding of averages over all states of a unit."""
    known: dict = dataclasses.field(default_factory=dict, compare=False, repr=False)

    def unit(self, m, r, on):
        """P₁, C and ⟨T ln Σ⟩; Newton's method asks for the same m and r again and again."""
        key = (m, r)
        if key not in self.known:
            Q = on.number(self.colours)
            self.known[key] = largest(Q * m, on.sqrt(Q * on.number(self.alpha) * r), on.number(self.T), Q, on)
        return self.known[key]

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        m, q, r, C, _ = state
        first, response, _ = self.unit(m, r, on)
        Q, T = on.number(self.colours), on.number(self.T)
        return State(Q * first - 1 if m else m, Q - 1 - T * C, q / (1 - C) ** 2, response, 1 / (1 - C))

    def free_energy(self, state, on):
        """At q = Q − 1 − TC stationary in m, r and C."""
        m, q, r, C, _ = state
        alpha, T, Q = on.number(self.alpha), on.number(self.T), on.number(self.colours)
        pair = (T * on.log(1 - C) if T else 0) - q / (1 - C) + r * C
        return alpha / 2 * (Q - 1 + pair) + m * m / 2 + m - self.unit(m, r, on)[2]

    def unlike(self, state, on):
        """Curvature along an overlap with another pattern."""
        return 1 - state.C

    def states(self):
        """With overlap, without, and the paramagnet."""
        found = _cold(self) if self.T == 0 else distinct(_warm(self)) + distinct(_glasses(self))
        C = (self.colours - 1) / self.T if self.T else math.inf
        return found + ([State(0.0, 0.0, 0.0, C, 1 / (1 - C))] if C < 1 else [])


# One unit, in either arithmetic.


def largest(a, s, T, Q, on):
    """P₁, C and ⟨T ln Σ⟩."""
    if s == 0 or not a >= 0:
        raise ValueError("no noise, or an overlap below zero")
    wide = max(s, T)
    step = wide * (0.2 if isinstance(on, Floats) else 0.1)
    low = -(on.cut * s + 5 * T)
    # C at a > 0 comes from halfway between the two laws
    high = on.cut * s + on.decay * T + min(a / 2, on.decay * wide)
    first = response = work = 0
    for i in range(int((high - low) / step) + 2):
        x = low + i * step
        G, density = law(x, s, T, on)
        if not density and not G:
            continue
        shifted, other = law(x - a, s, T, on) if a else (G, density)
        power = G ** (Q - 2)
        first += shifted * density * power
        response += 2 * other * density * power
        if Q > 2:
            response += (Q - 2) * shifted * density * density * G ** (Q - 3)
        work += shifted * (1 - power * G)
    return 1 - (Q - 1) * step * first, Q * (Q - 1) * step * response, a + step * work


def law(x, s, T, on):
    """G and G' at x: the narrower of the two noises is averaged over last."""
    if T == 0:
        return on.Phi(x / s), on.phi(x / s) / s
    if s < T / 2:

        def gumbel(z):
            e = on.exp(min(max(-(x - s * z) / T, -300), 300))
            below = on.exp(-e)
            return [below, below * e / T]

        return tuple(on.gauss(gumbel, math.pi * T / 2 / s))
    step = min(math.pi**2 / on.decay, float(s / T) * math.sqrt(2 * math.pi**2 / on.decay))
    low = -math.log(on.decay) - 0.3
    G = density = 0
    for i in range(int((on.decay - low) / step) + 1):
        g = low + i * step
        e = on.exp(-on.number(g))
        weight = e * on.exp(-e) * step
        u = (x - T * g) / s
        G, density = G + weight * on.Phi(u), density + weight * on.phi(u) / s
    return G, density


# Many units, in doubles.


def law_of_many(x, s, hot):
    """G and G' at points (P, N) for noises (P,), at T = 1 or T = 0."""
    s = s[:, None]
    if not hot:
        return ndtr(x / s), normal_density(x / s) / s
    G, density = np.zeros(x.shape), np.zeros(x.shape)
    g = np.arange(-4.0, 38.0, 0.3)
    narrow = s[:, 0] < 0.5
    for here in np.nonzero(narrow)[0]:
        z = np.arange(-8.4, 8.5, min(0.6, 0.25 / s[here, 0]))
        weight = normal_density(z) * (z[1] - z[0])
        with np.errstate(all="ignore"):
            e = np.exp(-(x[here, :, None] - s[here] * z))
            below = np.exp(-e)
            G[here], density[here] = below @ weight, np.nan_to_num(below * e) @ weight
    wide = np.nonzero(~narrow)[0]
    for value in g if len(wide) else []:
        weight = 0.3 * math.exp(-value - math.exp(-value))
        u = (x[wide] - value) / s[wide]
        G[wide] += weight * ndtr(u)
        density[wide] += weight * normal_density(u) / s[wide]
    return G, density


def many(a, s, hot, Q):
    """P₁ and C of units at a and s, shape (P,), in units of T, or at T = 0."""
    width = np.maximum(s, 1.0) if hot else s
    low = -(8.6 * s + (4.5 if hot else 0.0))
    high = 8.6 * s + (38.0 if hot else 0.0) + np.minimum(a / 2, 38 * width)
    count = int(np.max((high - low) / (0.25 * width))) + 2
    x = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, count)
    step = (high - low) / (count - 1)
    (G, density), (shifted, other) = (law_of_many(points, s, hot) for points in (x, x - a[:, None]))
    power = G ** (Q - 2)
    first = 1 - (Q - 1) * step * (shifted * density * power).sum(-1)
    rest = (Q - 2) * shifted * density**2 * G ** max(Q - 3, 0)
    return first, Q * (Q - 1) * step * (2 * other * density * power + rest).sum(-1)


# Searches.


def _cold(machine):
    """T = 0: in y = a/ŝ one equation, ŝ(1 − C) = √(Qαq) with ŝ = Qm/y."""
    Q, own = machine.colours, math.sqrt(machine.colours * machine.alpha * (machine.colours - 1))

    def at(u):
        y = np.exp(u)
        first, pull = many(y, np.ones(len(y)), False, Q)
        return Q * first - 1, pull, Q * (Q * first - 1) / y

    def excess(u):
        _, pull, s = at(u)
        return s - pull - own

    found = []
    for root in scan(excess, np.arange(-9.0, 16.0, 0.02)):
        m, pull, s = (float(v[0]) for v in at(np.array([root])))
        if s > 0:
            found.append(_state(machine, m, Q - 1.0, pull / s, s))
    pull = float(many(np.zeros(1), np.ones(1), False, Q)[1][0])
    return [*distinct(found), _state(machine, 0.0, Q - 1.0, pull / (pull + own), pull + own)]


def _state(machine, m, q, C, s):
    """The state of a noise; 1 − C = √(Qαq)/ŝ."""
    margin = math.sqrt(machine.colours * machine.alpha * q) / s
    return State(m, q, q / margin**2, C, 1 / margin)


def _residual(machine, A, S):
    """ln of Qm/(TA), and C − 1 + √(Qαq)/ŝ, at a = TA and ŝ = TS; with m and q."""
    Q, T = machine.colours, machine.T
    first, response = many(A, S, True, Q)
    m, q, C = Q * first - 1, Q - 1 - response, response / T
    with np.errstate(all="ignore"):
        log_m = np.log(np.where(m > 0, Q * m / (T * np.where(A > 0, A, 1.0)), np.nan))
        return log_m, C - 1 + np.sqrt(np.where(q > 0, Q * machine.alpha * q, np.nan)) / (S * T), m, q, C


def _warm(machine):
    """T > 0: u = ln(A/√(1 + S²)) and v = ln S; cells of a table that depends on Q alone."""
    Q, T = machine.colours, machine.T
    u, v, first, response = _table(Q)
    A, S = np.exp(u) * np.sqrt(1 + np.exp(2 * v)), np.exp(v)
    with np.errstate(all="ignore"):
        one = np.log(Q * (Q * first - 1) / (T * A))
        two = response / T - 1 + np.sqrt(Q * machine.alpha * (Q - 1 - response)) / (S * T)
    start = cells([u, v], [one, two])

    def residual(x, _):
        S = np.exp(x[:, 1])
        return np.stack(_residual(machine, np.exp(x[:, 0]) * np.sqrt(1 + S * S), S)[:2], axis=-1)

    found = []
    for x in newton(residual, start, steps=25)[0]:
        S = math.exp(x[1])
        A = math.exp(x[0]) * math.sqrt(1 + S * S)
        _, _, m, q, C = (float(value[0]) for value in _residual(machine, np.array([A]), np.array([S])))
        found.append(_state(machine, m, q, C, S * T))
    return found


TABLES: dict = {}


def _table(Q):
    """P₁ and TC on a grid of (u, v); P₁ there by linear interpolation of G in x."""
    if Q not in TABLES:
        grids = np.meshgrid(np.arange(-7.0, 9.0, 0.12), np.arange(-7.0, 9.0, 0.12), indexing="ij")
        first, response = np.empty(grids[0].shape), np.empty(grids[0].shape)
        for j, S in enumerate(np.exp(grids[1][0])):
            first[:, j], response[:, j] = _row(np.exp(grids[0][:, j]) * math.sqrt(1 + S * S), S, Q)
        TABLES[Q] = *grids, first, response
    return TABLES[Q]


def _row(A, S, Q):
    """P₁ and TC at one noise and many fields."""
    fine = 0.02 * max(S, 1.0)
    reach = 8.6 * S + 38.0
    nodes = np.arange(-2 * reach, 2 * reach, fine)
    G, density = (part[0] for part in law_of_many(nodes[None], np.array([S]), True))
    x = nodes[np.abs(nodes) <= reach][::8]
    here, slope = np.interp(x, nodes, G), np.interp(x, nodes, density)
    shifted = np.interp(x - A[:, None], nodes, G, left=0.0)
    other = np.interp(x - A[:, None], nodes, density, left=0.0)
    power, step = here ** (Q - 2), 8 * fine
    rest = (Q - 2) * shifted * slope**2 * here ** max(Q - 3, 0)
    first = 1 - (Q - 1) * step * (shifted * slope * power).sum(-1)
    return first, Q * (Q - 1) * step * (2 * other * slope * power + rest).sum(-1)


def _glasses(machine):
    """T > 0, m = 0: one equation in ln S."""

    def at(v):
        return _residual(machine, np.zeros(len(v)), np.exp(v))

    found = []
    for root in scan(lambda v: at(v)[1], np.arange(-9.0, 11.0, 0.1)):
        _, _, _, q, C = (float(value[0]) if np.size(value) else math.nan for value in at(np.array([root])))
        if q > 0:
            found.append(_state(machine, 0.0, q, C, math.exp(root) * machine.T))
    return found
