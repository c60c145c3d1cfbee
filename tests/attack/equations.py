"""Saddle-point equations and free energies, written once for doubles and for mpmath (the `on` of `attack.arithmetic`).

A machine of two layers, units of any of a few kinds, temperature T ≥ 0, weights ±1 with probability p/2 each:

    m = ⟨W ⟨v⟩⟩/(aL),  q = ⟨x ⟨v⟩²⟩,  C = p ⟨x χ_v⟩,  r = ⟨h⟩²,  B = p χ_h,       a: U_h ~ a h²/2,  x = p_i/p
    a visible unit at W: input mW + z √(αp x r), self-coupling αBx;  a hidden unit: input z √(pq), self-coupling C
    f = aLm²/2 + (α/2)(rC + Bq + BCT/p) − ⟨K_v⟩ − αK_h
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

from attack.arithmetic import logistic


class State(NamedTuple):
    """Order parameters; m = 0 without overlap."""

    m: float
    q: float
    r: float
    C: float
    B: float


class Averages(NamedTuple):
    """Means over a unit and over its input: ⟨x⟩, ⟨x⟩², χ = β var x, K = T ln Tr (at T = 0 the maximum)."""

    M: float
    Q: float
    chi: float
    K: float


# Units. `average(mean, noise, c, T, on)`: inputs mean + noise z, weight exp{(I x + c x²/2 − U)/T}.


@dataclasses.dataclass(frozen=True)
class Levels:
    """Units of a few values and their energies."""

    values: tuple[float, ...]
    energies: tuple[float, ...]

    @property
    def top(self):
        """Largest |value|."""
        return max(abs(v) for v in self.values)

    def size(self, T):
        """Largest |value|."""
        return self.top

    stiffness = math.inf
    bounded = True

    def average(self, mean, noise, c, T, on):
        """Sums over the values."""
        x = [on.number(v) for v in self.values]
        cost = [on.number(e) - c * v * v / 2 for e, v in zip(self.energies, x, strict=True)]
        if T == 0:
            return self._cold(x, cost, mean, noise, on)
        if len(x) == 2:
            return _two_values(x, cost, mean, noise, T, on)
        return on_average(lambda I: _thermal(x, cost, I, T, on), mean, noise, 1.4 * T / self.top, on)

    def _cold(self, x, cost, mean, noise, on):
        """Steps of the lower convex hull: from a to b at the input (U_b − U_a)/(b − a)."""
        here, steps, chi, K = 0, [], 0, x[0] * mean - cost[0]
        while here < len(x) - 1:
            ahead = range(here + 1, len(x))
            step = min(ahead, key=lambda j: (cost[j] - cost[here]) / (x[j] - x[here]))
            a, b = x[here], x[step]
            u = (mean - (cost[step] - cost[here]) / (b - a)) / noise
            steps.append((a, b, u))
            chi += (b - a) * on.phi(u) / noise
            # the maximum of the line b over the line a
            K += (b - a) * noise * on.H(1, -u)
            here = step
        # from the smallest value on both ways: few units that leave it are lost in a difference of ones
        rest = min([x[0], *(b for _, b, _ in steps)], key=abs)
        M, Q = rest, rest**2
        for a, b, u in steps:
            share = on.Phi(u) if a >= rest else -on.Phi(-u)
            M += (b - a) * share
            Q += (b * b - a * a) * share
        return Averages(M, Q, chi, K)


def _two_values(x, cost, mean, noise, T, on):
    """x = c + dσ, σ a spin in the field h + s z, h = d·mean − ½ΔU: m = ⟨tanh βh⟩ and so on."""
    centre, d = (x[1] + x[0]) / 2, (x[1] - x[0]) / 2
    h, s = d * mean - (cost[1] - cost[0]) / 2, d * noise
    tanh, response, work = spin(h, s, T, on)
    square = 1 - T * response
    return Averages(
        centre + d * tanh,
        centre**2 + 2 * centre * d * tanh + d * d * square,
        d * d * response,
        centre * mean - (cost[0] + cost[1]) / 2 + work,
    )


def spin(h, s, T, on):
    """⟨tanh⟩, β⟨sech²⟩ and T⟨ln 2cosh⟩ of a spin in the field h + s z; T = 0 first, then s > T/2, then the rest.

    tanh is a sign averaged over logistic noise Tu, u of density ½ sech² u; so the average over z comes first.
    """
    if T == 0:
        return _cold_spin(h, s, on)
    if s > T / 2:
        return logistic(on, lambda u: _cold_spin(h - T * u, s, on), s / T)

    def at(z):
        y = (h + s * z) / T
        decay = on.exp(-2 * abs(y))
        tanh = (1 - decay) / (1 + decay) * (1 if y > 0 else -1)
        return [tanh, 4 * decay / (1 + decay) ** 2 / T, T * (abs(y) + on.log(1 + decay))]

    return on.gauss(at, math.pi * T / 2 / s)


def _cold_spin(h, s, on):
    """⟨sign⟩, its response, and ⟨|h + sz|⟩."""
    u = h / s
    sign, density = 2 * on.Phi(u) - 1, 2 * on.phi(u)
    return sign, density / s, h * sign + s * density


def _thermal(x, cost, I, T, on):
    """⟨x⟩, ⟨x⟩², β var x and T ln Σ at one input."""
    logs = [(I * v - e) / T for v, e in zip(x, cost, strict=True)]
    top = max(logs)
    weight = [on.exp(v - top) for v in logs]
    total = sum(weight)
    mean = sum(w * v for w, v in zip(weight, x, strict=True)) / total
    square = sum(w * (v - mean) ** 2 for w, v in zip(weight, x, strict=True)) / total
    return [mean, mean * mean, square / T, T * (top + on.log(total))]


def on_average(unit, mean, noise, strip, on):
    """Averages over inputs mean + noise z of what is analytic for |Im I| < strip."""
    return Averages(*on.gauss(lambda z: unit(mean + noise * z), strip / noise))


@dataclasses.dataclass(frozen=True)
class Normal:
    """Units on the line with U = x²/2."""

    stiffness = 1.0
    bounded = False

    def size(self, T):
        """Standard deviation without input, at T = 0 that at T = 1."""
        return math.sqrt(T or 1.0)

    def average(self, mean, noise, c, T, on):
        """⟨x⟩ = I/(1 − c), var x = T/(1 − c)."""
        g = 1 / (1 - c)
        square = mean * mean + noise * noise
        K = g * square / 2 + (T * on.log(2 * on.pi * T * g) / 2 if T else 0)
        return Averages(g * mean, g * g * square, g, K)


@dataclasses.dataclass(frozen=True)
class Rectified:
    """Units x ≥ 0 with U = x²/2 + θx."""

    theta: float
    stiffness = 1.0
    bounded = False

    def size(self, T):
        """Standard deviation of the whole normal law without input, at T = 0 that at T = 1."""
        return math.sqrt(T or 1.0)

    def average(self, mean, noise, c, T, on):
        """T = 0: x = max(0, I − θ)/(1 − c), I = mean + noise z."""
        g, theta = 1 / (1 - c), on.number(self.theta)
        if T == 0:
            y = (theta - mean) / noise
            H0, H1, H2 = (on.H(k, y) for k in range(3))
            return Averages(g * noise * H1, (g * noise) ** 2 * H2, g * H0, g * noise * noise * H2 / 2)
        width = on.sqrt(T * g)

        def unit(I):
            # the normal law of mean width·a and variance width², cut at 0; R = φ(a)/Φ(a)
            a = (I - theta) / on.sqrt(T / g)
            R = mills(a, on)
            mean, variance = width * (a + R), width**2 * (1 - R * (a + R))
            K = T * (on.log(width * on.sqrt(2 * on.pi)) + a * a / 2 + log_Phi(a, on))
            return [mean, mean * mean, variance / T, K]

        return on_average(unit, mean, noise, 2.8 * on.sqrt(T / g), on)


def mills(a, on):
    """φ(a)/Φ(a)."""
    if a > -12:
        return on.phi(a) / on.Phi(a)
    return on.exp(-a * a / 2 - log_Phi(a, on)) / on.sqrt(2 * on.pi)


def log_Phi(a, on):
    """Ln Φ(a), without underflow."""
    from scipy.special import log_ndtr

    return float(log_ndtr(a)) if isinstance(a, float) else on.log(on.Phi(a))


# Machines.


@dataclasses.dataclass(frozen=True)
class Kinds:
    """Units of several kinds: (share, unit)."""

    kinds: tuple

    @property
    def stiffness(self):
        """That of all kinds."""
        return self.kinds[0][1].stiffness

    @property
    def bounded(self):
        """Whether all kinds are."""
        return all(unit.bounded for _, unit in self.kinds)

    def size(self, T):
        """The largest."""
        return max(unit.size(T) for _, unit in self.kinds)

    def average(self, mean, noise, c, T, on):
        """Weighted sums."""
        several = [(on.number(share), unit.average(mean, noise, c, T, on)) for share, unit in self.kinds]
        return Averages(*(sum(share * v[i] for share, v in several) for i in range(4)))


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine at its controls. `law(on)`: triples (w, x, probability); `size` is L, or ℓ with p = 1."""

    visible: Levels | Normal | Rectified
    hidden: Levels | Normal | Rectified
    law: object
    alpha: float
    T: float = 0.0
    p: float = 1.0
    size: float = 1
    condensed: int = 1
    """Number of condensed patterns, for unsymmetric directions; 0 where there are infinitely many."""
    layered = True
    least_overlap: float = 0.0
    """m > 0 of states that replica leaves out by its documentation."""
    least_response: float | None = None
    """r, C and B of which a state need not have digits; the least of their size if None."""
    balanced: bool = False
    """The field follows the state, g = −αB/2: the visible units feel neither."""

    @property
    def hidden_limit(self):
        """Whether C < 1 is needed."""
        return not self.hidden.bounded

    def visible_average(self, w, x, m, r, B, on):
        """Averages of a unit of class x at W = w."""
        alpha, p, T = on.number(self.alpha), on.number(self.p), on.number(self.T)
        noise = on.sqrt(alpha * p * on.number(x) * r + m * m * self.law.spread)
        return self.visible.average(m * w, noise, 0 if self.balanced else alpha * B * on.number(x), T, on)

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        m, q, r, C, B = state
        p, T = on.number(self.p), on.number(self.T)
        rows = [(w, on.number(x), P, self.visible_average(w, x, m, r, B, on)) for w, x, P in self.law(on)]
        h = self.hidden.average(on.number(0), on.sqrt(p * q), C, T, on)
        # a normal part of W is noise, and ⟨xf(I + mx)⟩ = m⟨f'⟩ of it
        overlap = sum(P * (w * v.M + m * self.law.spread * v.chi) for w, _, P, v in rows)
        return State(
            overlap / (on.number(self.size) * self.hidden.stiffness) if m else m,
            sum(P * x * v.Q for _, x, P, v in rows),
            h.Q,
            p * sum(P * x * v.chi for _, x, P, v in rows),
            p * h.chi,
        )

    def unlike(self, state, on):
        """Curvature of f along a difference of two condensed overlaps, 1 − ⟨½(ξ₁ − ξ₂)² χ⟩/a; of one, 1 − C/a."""
        _, _, r, _, B = state
        if self.condensed == 1:
            return 1 - state.C / self.hidden.stiffness
        if hasattr(self.law, "pairs"):
            weights = [(P * half, self.visible_average(w, 1, state.m, r, B, on)) for w, half, P in self.law.pairs(on)]
            return 1 - sum(weight * v.chi for weight, v in weights) / self.hidden.stiffness
        rest = self.law if not self.condensed else dataclasses.replace(self.law, L=self.condensed - 2)
        total = 0
        for w, x, P in rest(on):
            density = self.p * x if self.condensed else 0
            chi = [self.visible_average(w + shift, x, state.m, r, B, on).chi for shift in (-1, 0, 1)]
            total += P * x * self.p * ((1 - density) * (chi[0] + chi[2]) / 2 + density * chi[1])
        return 1 - total / self.hidden.stiffness

    def free_energy(self, state, on):
        """Stationary in all five order parameters; with the field that follows, B multiplies q − ½."""
        m, q, r, C, B = state
        alpha, p, T = on.number(self.alpha), on.number(self.p), on.number(self.T)
        visible = sum(P * self.visible_average(w, x, m, r, B, on).K for w, x, P in self.law(on))
        hidden = self.hidden.average(on.number(0), on.sqrt(p * q), C, T, on).K
        strong = self.hidden.stiffness * on.number(self.size) * m * m / 2 if m else 0
        activity = q - on.number(0.5) if self.balanced else q
        return strong + alpha / 2 * (r * C + B * activity + B * C * T / p) - visible - alpha * hidden


@dataclasses.dataclass(frozen=True)
class Planted:
    """A student of the examples of a teacher: δ = β*/(1 − β*), h = γδm/(1 − C), s = √(γr),

    m = ⟨tanh β(h + sz)⟩,  q = ⟨tanh²⟩,  C = β(1 − q),  r = (q + δm²)/(1 − C)²,  B = 1/(1 − C)
    """

    gamma: float
    beta_teacher: float
    T: float = 0.0
    layered = False
    hidden_limit = True

    def controls(self, on):
        """γ, δ and T."""
        teacher = on.number(self.beta_teacher)
        return on.number(self.gamma), teacher / (1 - teacher), on.number(self.T)

    def rhs(self, state, on):
        """Right-hand sides of the five equations."""
        m, q, r, C, _ = state
        gamma, delta, T = self.controls(on)
        tanh, response, _ = spin(gamma * delta * m / (1 - C), on.sqrt(gamma * r), T, on)
        return State(tanh if m else m, 1 - T * response, (q + delta * m * m) / (1 - C) ** 2, response, 1 / (1 - C))

    def free_energy(self, state, on):
        """f = γ/2 + (γ/2)[T ln(1−C) − (q − δm²)/(1−C)] + (γ/2) r C − T⟨ln 2cosh β(h + sz)⟩."""
        m, q, r, C, _ = state
        gamma, delta, T = self.controls(on)
        work = spin(gamma * delta * m / (1 - C), on.sqrt(gamma * r), T, on)[2]
        return gamma / 2 * (1 + T * on.log(1 - C) - (q - delta * m * m) / (1 - C) + r * C) - work
