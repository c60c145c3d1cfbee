"""The Hopfield model at any load and temperature, replica symmetric.

    H = −(1/2N) Σ_{i≠j} Σ_μ ξ_iμ ξ_jμ s_i s_j,    M = αN patterns of random signs.

Order parameters, for n patterns condensed with the same overlap (z_n a sum of n random signs, s = √(αr)):

    m = (1/n) ⟨z_n ∫Dz tanh β(m z_n + s z)⟩,   q = ⟨∫Dz tanh² β(m z_n + s z)⟩,
    C = β(1 − q) < 1,   r = q/(1 − C)²

    f = α/2 + n m²/2 + (α/2)[T ln(1−C) − q/(1−C)] + (α/2) r C − T ⟨∫Dz ln 2cosh β(m z_n + s z)⟩

C and not 1 − q is the unknown: it stays finite as T → 0, so T = 0 is a temperature like any other.

Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985); PRA 32, 1007 (1985); Ann. Phys. 173, 30 (1987).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.averages.spin import (
    mixture_averages,
    sign_sum_law,
    spin_averages,
    spin_entropy,
    spin_linear_response,
    spin_response_squared,
    spin_work,
)
from replica.models.base import Chart, ExactState, Model, Order, control, exp_clipped, gain, log_margin, overlap_nodes
from replica.numerics.elementary import is_multiprecision, log, sqrt
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["Hopfield"]


@dataclasses.dataclass(frozen=True, eq=False)
class Hopfield(Model):
    """Hopfield model: ±1 units, αN patterns, temperature T.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    T : float, array or mpmath number
        Temperature in units of the coupling, ≥ 0 (0 by default); T = 0 is the limit T → 0.

    Examples
    --------
    >>> import replica
    >>> state = replica.solve(Hopfield(alpha=0.05, T=0.2))
    >>> round(state.order.m, 9)
    0.998877763
    """

    alpha: Number = control("α", "load M/N, patterns per unit", low=0.0, low_included=False)
    T: Number = control("T", "temperature", low=0.0, breaking=-1, default=0.0)

    name: ClassVar[str] = "hopfield"
    title: ClassVar[str] = "Hopfield model: ±1 units, Gaussian hidden units, any T >= 0"

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        m, q, C = self._field_averages(order, n)
        amplified = gain(order, 1.0)
        return Order(m=m, q=q, r=order.q * amplified * amplified, C=C, B=amplified)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per spin, the constant α/2 of the removed diagonal i ≠ j included."""
        m, q, r, C, _ = order
        work: Number = 0.0
        for z, weight in sign_sum_law(n):
            work = work + weight * spin_work(m * z, sqrt(self.alpha * r), self.T)
        pair = self.T * log_margin(order, 1.0) - q * gain(order, 1.0)
        return self.alpha / 2 + n * m * m / 2 + self.alpha / 2 * (pair + r * C) - work

    def gradient(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """∂f/∂(m, C, ln r) = (−n R_m, −½α R_r, −½α r R_C), R = right-hand side − order parameter."""
        rhs = self.saddle(order, n)
        half = self.alpha / 2
        return (
            -n * (rhs.m - order.m),
            -half * (rhs.r - order.r),
            -half * order.r * (rhs.C - order.C),
        )

    def entropy(self, order: Order, n: int = 1) -> Number:
        """Entropy −∂f/∂T per spin; at T = 0 it is −(α/2)[ln(1−C) + C/(1−C)] < 0."""
        C = order.C
        total = -self.alpha / 2 * (log_margin(order, 1.0) + C * gain(order, 1.0))
        for z, weight in sign_sum_law(n):
            total = total + weight * spin_entropy(order.m * z, sqrt(self.alpha * order.r), self.T)
        return total

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """Curvature of f along an uncondensed overlap, 1 − C, and along differences of condensed ones.

        The latter, 1 − C − β⟨ξ1 ξ2 tanh²⟩, decides the stability of mixtures.
        """
        outside = 1 - order.C
        if n < 2:
            return (outside,)
        cross: Number = 0.0
        for z, weight in sign_sum_law(n):
            share = weight * (z * z - n) / (n * (n - 1))
            cross = cross + share * spin_averages(order.m * z, sqrt(self.alpha * order.r), self.T).C
        return outside, outside + cross

    def replicon(self, order: Order, n: int = 1) -> Number:
        """Replicon 1 − α ⟨(β sech²)²⟩/(1−C)²; −inf at T = 0, where discrete spins break replica symmetry."""
        s = sqrt(self.alpha * order.r)

        def squared(T: Number) -> Number:
            return sum(weight * spin_response_squared(order.m * z, s, T) for z, weight in sign_sum_law(n))

        return spin_replicon(squared, self.alpha, order.C, self.T)

    def residual(self, order: Order, n: int = 1) -> Number:
        """Largest residual; inf at C > 1, where a vanishing r solves the equations formally."""
        return within_domain(super().residual(order, n), order.C)

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at (m, C, ln r): q = 1 − T C, B = 1/(1−C)."""
        m, C, log_r = x
        return Order(m=m, q=1 - self.T * C, r=exp_clipped(log_r), C=C, B=1 / (1 - C))

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals in (m, C, ln r), with the averaged q in the last: 1 − T C cancels near T_g."""
        order = self.unpack(x)
        m, q, C = self._field_averages(order, n)
        return [m - order.m, C - order.C, log(q) - 2 * log(1 - order.C) - x[2]]

    def branches(self, n_condensed: tuple[int, ...] = (1, 3)) -> list[Chart | ExactState]:
        """Charts: one for each n, in ln y with y = m/s; the glass in ln(s − s_min); and the paramagnet."""
        charts: list[Chart | ExactState] = []
        for n in n_condensed:
            kind = "retrieval" if n == 1 else "mixture"
            charts.append(Chart(kind, n, overlap_nodes, partial(_overlap_point, n=n)))
        glass = Chart("spin_glass", 0, glass_nodes, glass_point, zero_noise=-1, folded=False)
        return [*charts, glass, ExactState("paramagnet", 0, paramagnet)]

    def _field_averages(self, order: Order, n: int) -> tuple[Number, Number, Number]:
        return mixture_averages(order.m, sqrt(self.alpha * order.r), self.T, n)


def spin_replicon(response_squared: Callable[[Number], Number], load: Number, C: Number, T: Number) -> Number:
    """Replicon 1 − load ⟨(β sech²)²⟩/(1−C)², the average at T > 0 from `response_squared`; −inf at T = 0."""
    cold = np.asarray(T == 0)
    if cold.all():
        return np.full(np.shape(C), -np.inf)[()]
    squared = response_squared(T if is_multiprecision(T) else np.where(cold, 1.0, T)[()])
    value = 1 - load * squared / (1 - C) ** 2
    return np.where(cold, -np.inf, value)[()] if cold.any() else value


def within_domain(residual: Number, C: Number) -> Number:
    """A residual, inf where C is above 1 by more than rounding."""
    if is_multiprecision(C):
        return residual if C < 1 + 1e-9 else math.inf
    return np.where(np.asarray(C) < 1 + 1e-9, residual, np.inf)[()]


# Charts. With y = m/s given, m = (1/n)⟨z tanh⟩ becomes one equation for s, with a single root for every T < 1:
# y s is linear in s, the average is concave in it and leaves 0 with slope y/T > y. All else is explicit.


def _overlap_point(model: Hopfield, u: NDArray, n: int) -> tuple[NDArray, Order]:
    y, T = np.broadcast_arrays(np.exp(u), np.asarray(model.T, dtype=float))
    exists = T < 1
    T = np.where(exists, T, 0.0)
    s = _noise_at_overlap(y, T, n)
    m, q, C = mixture_averages(y * s, s, T, n)
    margin = np.where(C < 1, 1 - C, 1.0)
    return _load_of(s, Order(m, q, q / margin**2, C, 1 / margin), margin, exists & (C < 1))


def _noise_at_overlap(y: NDArray, T: NDArray, n: int) -> NDArray:
    """Root s of (1/n)⟨z ∫Dz' tanh((y s z + s z')/T)⟩ = y s: Newton from above, monotone by concavity."""
    s = mixture_averages(y, np.ones_like(y), np.zeros_like(y), n)[0] / y
    active = np.nonzero(T.ravel())[0]
    flat_s, flat_y, flat_T = s.ravel(), y.ravel(), T.ravel()
    previous = np.full(len(active), np.inf)
    for _ in range(100):
        if not len(active):
            break
        step = _newton_step(flat_s[active], flat_y[active], flat_T[active], n)
        flat_s[active] = np.maximum(flat_s[active] - step, 0.5 * flat_s[active])
        size = np.abs(step) / flat_s[active]
        # done when the next step would be below rounding, or when rounding is all that is left
        moving = (size > 1e-9) | ((size > 3e-16) & (size < 0.1 * previous))
        active, previous = active[moving], size[moving]
    return flat_s.reshape(y.shape)


def _newton_step(s: NDArray, y: NDArray, T: NDArray, n: int) -> NDArray:
    excess, slope = -y * s, -y
    for z, weight in sign_sum_law(n):
        if z:
            m, C, bend = spin_linear_response(y * s * z, s, T)
            excess = excess + weight * z / n * m
            slope = slope + weight * z / n * (y * z * C + s * bend)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = excess / slope
    return np.where(np.isfinite(step), step, 0.0)


def glass_nodes(model: Hopfield, lowest: float) -> NDArray:
    """Nodes in ln(s − s_min): as it falls α ~ (s − s_min)² for T < 1, α → (T − 1)² for T > 1; α ~ s² as it grows."""
    return np.concatenate([np.arange(min(-18.0, lowest / 2 - 2), 8, 0.5), np.geomspace(8, 350, 20)])


def glass_point(model: Hopfield, u: NDArray) -> tuple[NDArray, Order]:
    """ln α and the order parameters at u = ln(s − s_min), m = 0."""
    lowest, excess, T = np.broadcast_arrays(_least_noise(model.T), np.exp(u), np.asarray(model.T, dtype=float))
    s = lowest + excess
    _, q, C = spin_averages(np.zeros_like(s), s, T)
    # exact at T = 0, where the difference from 1 would cancel near s_min
    margin = np.where(T == 0, excess / s, 1 - C)
    inside = margin > 1e-150
    margin = np.where(inside, margin, 1.0)
    order = Order(np.zeros_like(s), q, q / margin**2, C, 1 / margin)
    return _load_of(s, order, margin, inside)


def _least_noise(T: Number) -> NDArray:
    """Noise s at which C = 1 for m = 0: root of ⟨2φ(T t/s)⟩ = s; √(2/π) at T = 0, 0 for T ≥ 1."""
    T = np.asarray(T, dtype=float)
    below = np.where(T < 1, T, 0.0).ravel()

    def excess(log_s: NDArray, index: NDArray) -> NDArray:
        return spin_averages(np.zeros(len(index)), np.exp(log_s), below[index]).C - 1

    low, high, every = np.full(below.shape, -40.0), np.full(below.shape, -0.2), np.arange(len(below))
    root = np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every)))
    return np.where(T < 1, root.reshape(T.shape), 0.0)


def _load_of(s: NDArray, order: Order, margin: NDArray, exists: NDArray) -> tuple[NDArray, Order]:
    """ln α = ln(s²(1−C)²/q), −inf where the chart has no point."""
    inside = exists & (order.q > 1e-280)
    with np.errstate(divide="ignore", invalid="ignore"):
        load = 2 * np.log(s) + 2 * np.log(margin) - np.log(np.where(inside, order.q, 1.0))
    return np.where(inside, load, -np.inf), order


def paramagnet(model: Hopfield) -> tuple[NDArray, Order]:
    """m = q = r = 0, C = β: inside the domain C < 1 for T > 1."""
    T = np.broadcast_to(np.asarray(model.T, dtype=float), model.shape)
    exists = T > 1
    C = 1 / np.where(exists, T, 2.0)
    zero = np.zeros(T.shape)
    return exists, Order(zero, zero, zero, C, 1 / (1 - C))
