"""Random RBMs with 0/1 visible units, ReLU hidden units and sparse random patterns, at T = 0.

What the R-RBM at any L and p and its compositional limit p → 0 have in common. With W the sum of the condensed
pattern entries at a unit, x_i = p_i/p its class (x_i = 1 in a homogeneous machine), s = √(αpr), y = θ/√(pq) and
u = (g + mW + αB x/2)/(s√x):

    m = ⟨W H0(−u)⟩/L,   q = ⟨x H0(−u)⟩,   C = (p/s) ⟨√x φ(u)⟩,   r = p q H2(y)/(1−C)²,   B = p H0(y)/(1−C)

    f = L m²/2 + (α/2)(rC + Bq) − s ⟨√x H1(−u)⟩ − α p q H2(y)/(2(1−C))
    ∂f/∂(m, r, q, C, B) = (−L R_m, −½α R_C, −½α R_B, −½α R_r, −½α R_q)

In the limit p → 0 with L = ℓ/p, m = p m̃/2, (r, B, g, f) = p (r̃, B̃, g̃, f̃) and θ = θ̃√p, the tilde quantities obey
these equations with p = 1, L = ℓ, m = m̃/2 and the Skellam law: one code serves both.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Homogeneous free energy" and
"Compositional phase". Heterogeneous classes and the gradient re-derived.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from replica.averages.pattern_sum import Law
from replica.averages.unit_classes import Classes, Thresholds, classes, thresholds, with_fields
from replica.models.base import Model, Order, exp_clipped, gain, log_margin
from replica.models.sparse.chart import Couplings
from replica.numerics.elementary import exp, is_multiprecision, log, noise_floor, phi, sqrt
from replica.numerics.gaussian import H, log_H
from replica.numerics.jacobian import derivative
from replica.numerics.number import Number

__all__ = ["SparseRBM"]

EPS = float(np.finfo(float).eps)


@dataclasses.dataclass(frozen=True, eq=False)
class SparseRBM(Model):
    """Equations shared by `ReluRBM` and `CompositionalRBM`."""

    if TYPE_CHECKING:
        alpha: Number
        theta: Number
        g: Number
        g_i: Any
        theta_mu: Any

    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r", "log_q", "log_B")
    overlap_unit: ClassVar[int] = 1
    """order.m over the m of the equations above: 2 where it is m̃."""

    @property
    def units(self) -> Classes | None:
        """Classes of units of a heterogeneous machine, None for a homogeneous one."""
        return vars(self).get("_units")

    def _set_classes(self, values: Any, mean: float, name: str) -> None:
        """Classes of units from the p_i or x_i, the g_i and the θ_μ that are given."""
        if self.g_i is not None:
            object.__setattr__(self, "_units", with_fields(values, self.g_i, mean, name))
        elif values is not None:
            object.__setattr__(self, "_units", classes(values, mean, name))
        if self.theta_mu is not None:
            object.__setattr__(self, "_thresholds", thresholds(self.theta_mu, "theta_mu"))

    @property
    def thresholds(self) -> Thresholds | None:
        """Classes of hidden units of several thresholds, None where all have θ."""
        return vars(self).get("_thresholds")

    @property
    def varied(self) -> bool:
        """Whether fields or thresholds differ from unit to unit."""
        return self.thresholds is not None or (self.units is not None and bool(np.any(self.units.field)))

    def with_units(self, units: Classes | None) -> Self:
        """The same model with other classes of units."""
        return self.unchecked(_units=units)

    def shrunk(self, spread: float) -> Self:
        """The same model with all that differs from unit to unit multiplied by `spread`."""
        units, thresholds = self.units, self.thresholds
        return self.unchecked(
            _units=None if units is None else units.shrunk(spread),
            _thresholds=None if thresholds is None else thresholds.shrunk(spread),
        )

    def varied_by(self, spread: Number) -> Self:
        """The same model with its g_i and θ_μ multiplied by `spread`, a number for each point; the p_i stay."""
        units, thresholds = self.units, self.thresholds
        factor = _column(spread)
        return self.unchecked(
            _units=None if units is None else units._replace(field=factor * units.fields),
            _thresholds=None if thresholds is None else thresholds._replace(shift=factor * thresholds.shift),
        )

    @property
    @abstractmethod
    def size(self) -> Number:
        """L, or ℓ in the compositional limit."""

    @property
    def condensed(self) -> Number:
        """Number of condensed patterns to report: L, or 1 for any number in the compositional limit."""
        return 1

    @property
    @abstractmethod
    def sparsity(self) -> Number:
        """p, or 1 in the compositional limit."""

    @abstractmethod
    def law(self) -> Law:
        """Law of W, weights of the controls' shape + (J,)."""

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        p, active = self.sparsity, self._hidden(0, order.q)
        m, q, C = self.visible_averages(order)
        amplified = gain(order, p * active)
        r = self._active_square(order.q) * amplified * amplified
        return Order(m=m, q=q, r=r, C=C, B=p * active * amplified)

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals in (m, C, ln r, ln q, ln B); H2 and H0 enter by their logarithms and do not underflow."""
        order = self.unpack(x)
        p = self.sparsity
        m, q, C = self.visible_averages(order, exp((log(self.alpha * p) + x[2]) / 2))
        margin = log(1 - order.C)
        return [
            m - x[0],
            C - x[1],
            2 * log(self._input(order.q)) + self._log_hidden(2, order.q) - 2 * margin - x[2],
            log(q) - x[3],
            log(p) + self._log_hidden(0, order.q) - margin - x[4],
        ]

    def visible_averages(self, order: Order, noise: Number = None) -> tuple[Number, Number, Number]:
        """Right-hand sides of m, q and C: averages over W of the visible unit in its Gaussian field.

        `noise` is s = √(αpr), for where r underflows.
        """
        law = self.law()
        s, u = self._fields(order, law, noise=noise)
        side = self._fewer(order)
        few, density = H(0, _column(side) * u), phi(u)
        m = -side * unit_mean(law.weight * law.w, few) / self.size * self.overlap_unit
        share = unit_mean(law.weight * law.x, few)
        q = share if is_multiprecision(share) else np.where(np.real(side) > 0, 1 - share, share)[()]
        C = self.sparsity / s * unit_mean(law.weight * sqrt(law.x), density)
        return m, q, C

    def _fewer(self, order: Order) -> Number:
        """1 where most units are on, so that averages are taken over those that are off; −1 over those that are on."""
        field = self.g + self.alpha * order.B / 2
        return -1 if is_multiprecision(field) else np.where(np.real(field) > 0, 1.0, -1.0)[()]

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy (energy, T = 0) per visible unit, on the saddle or off it; f̃ in the compositional limit."""
        law = self.law()
        s, u = self._fields(order, law)
        m, q, r, C, B = order
        overlap = m / self.overlap_unit
        visible = s * unit_mean(law.weight * sqrt(law.x), H(1, -u))
        amplified = gain(order, self.sparsity * self._hidden(0, q))
        hidden = self.alpha * self._active_square(q) / 2 * amplified
        return self.size * overlap * overlap / 2 + self.alpha / 2 * (r * C + B * q) - visible - hidden

    def free_energy_on_shell(self, order: Order) -> Number:
        """−L m²/2 − αr/2 − ⟨g_i v_i⟩: equal to the free energy on the saddle, and only there."""
        law = self.law()
        _, u = self._fields(order, law)
        overlap = order.m / self.overlap_unit
        along = unit_mean(law.weight * (_column(self.g) + law.field), H(0, -u))
        return -self.size * overlap * overlap / 2 - self.alpha * order.r / 2 - along

    def gradient(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """∂f/∂(m, C, ln r, ln q, ln B) = −(L R_m, ½α R_r, ½α r R_C, ½α q R_B, ½α B R_q); −¼ℓ R_m̃ for m̃."""
        rhs = self.saddle(order, n)
        half = self.alpha / 2
        return (
            self.size / self.overlap_unit**2 * (order.m - rhs.m),
            half * (order.r - rhs.r),
            half * order.r * (order.C - rhs.C),
            half * order.q * (order.B - rhs.B),
            half * order.B * (order.q - rhs.q),
        )

    def entropy(self, order: Order, n: int = 1) -> Number:
        """Entropy of the visible units at T = 0, −(α/2)[H0(y) ln(1−C) + B C/p] ≤ 0: an artefact of the symmetry.

        It is that of P(v) ∝ exp(−β min_h E(v, h)), the hidden units following without entropy of their own.
        """
        active = self._hidden(0, order.q)
        margin = log_margin(order, self.sparsity * active)
        return -self.alpha / 2 * (active * margin + order.B * order.C / self.sparsity)

    @abstractmethod
    def pair_law(self) -> tuple[Law | None, list[tuple[int, Number]]]:
        """Law of W without two condensed patterns, and pairs (their sum, coefficient) for `transverse`."""

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """Curvature of f along an uncondensed overlap, 1 − C, and along the difference of two condensed ones.

        The latter is 1 − ½⟨(ξ1 − ξ2)² φ(u)/(s√x)⟩. With W = W″ + ξ1 + ξ2 it is
        1 − (p/s)⟨√x [½(1 − px)(φ(u₊₁) + φ(u₋₁)) + p x φ(u₀)]⟩ over W″, u_k at W″ + k.
        """
        outside = 1 - order.C
        law, terms = self.pair_law()
        if n == 0 or law is None:
            return (outside,)
        total: Number = 0.0
        for shift, coefficient in terms:
            s, u = self._fields(order, law, shift)
            total = total + unit_mean(law.weight * sqrt(law.x) * coefficient, phi(u))
        pair = 1 - self.sparsity / s * total
        single = np.asarray(self.size) < 2 if self.overlap_unit == 1 else np.asarray(False)
        return outside, np.where(single, outside, pair)[()] if single.any() else pair

    def couplings(self) -> Couplings:
        """Law of W, L, p and θ for the chart."""
        return Couplings(self.law(), self.size, self.sparsity, self.theta)

    @abstractmethod
    def finer_units(self) -> Classes | None:
        """Twice as many classes of a distribution of the p_i, None where they are no approximation."""

    def quadrature_error(self, order: Order, n: int = 1) -> Number:
        """Change of the right-hand sides m, q, C (relative if above 1) with twice as many classes of a distribution."""
        finer = self.finer_units() if self.units is not None else None
        if finer is None:
            return super().quadrature_error(order, n)
        pairs = zip(self.visible_averages(order), self.with_units(finer).visible_averages(order), strict=True)
        return np.max([np.abs(one - two) / np.maximum(1, np.abs(one)) for one, two in pairs], axis=0)[()]

    def replicon(self, order: Order, n: int = 1) -> Number:
        """−inf: at T = 0 discrete visible units always break replica symmetry formally."""
        return np.full(np.shape(order.C), -np.inf)[()]

    def residual(self, order: Order, n: int = 1) -> Number:
        """Largest |right-hand side − order parameter|, relative for those above 1 and for m."""
        worst = super().residual(order, n)
        with np.errstate(all="ignore"):
            m = self.visible_averages(order)[0]
            apart = abs(m - order.m)
            if is_multiprecision(m):
                return max(worst, apart / order.m) if order.m > 0 else worst
            relative = np.where(np.asarray(order.m) > 0, apart / order.m, 0.0)
        return np.maximum(worst, relative)[()]

    def rounding(self, order: Order, n: int = 1) -> Number:
        """Residual that the rounding of the order parameters explains: u is a difference of numbers far above it.

        δu = ε (|g| + |mW| + αB x/2)/(s√x) gives δm/m = ⟨|W|φ δu⟩/Lm, δq = ⟨xφ δu⟩, δC = (p/s)⟨√x |u|φ δu⟩.
        """
        law = self.law()
        with np.errstate(all="ignore"):
            s, u = self._fields(order, law)
            overlap = order.m / self.overlap_unit
            terms = (
                abs(_column(self.g) + law.field)
                + _column(overlap) * abs(law.w)
                + _column(self.alpha * order.B / 2) * law.x
            )
            blurred = EPS * terms / (_column(s) * np.sqrt(law.x)) * phi(u)
            m = np.where(overlap > 0, unit_mean(law.weight * abs(law.w), blurred) / self.size / overlap, 0.0)
            q = unit_mean(law.weight * law.x, blurred)
            C = self.sparsity / s * unit_mean(law.weight * np.sqrt(law.x), abs(u) * blurred)
            return np.maximum(np.maximum(m, q), C)[()]

    def jacobian(self, x: Sequence[Number], n: int = 1) -> list[list[Number]]:
        """Derivatives [i][j] of the i-th equation by the j-th unknown, m in steps of the noise, which may be tiny."""
        s = noise_floor(exp((log(self.alpha * self.sparsity) + x[2]) / 2))
        rows = derivative(lambda v: self.equations([v[0] * s, *v[1:]], n), [x[0] / s, *x[1:]])
        return [[row[0] / s, *row[1:]] for row in rows]

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at (m, C, ln r, ln q, ln B)."""
        m, C, log_r, log_q, log_B = x
        return Order(m=m, q=exp_clipped(log_q), r=exp_clipped(log_r), C=C, B=exp_clipped(log_B))

    def _fields(self, order: Order, law: Law, shift: int = 0, noise: Number = None) -> tuple[Number, Number]:
        """Noise s and u = (g + m(W + shift) + αB x/2)/(s√x), u with a further axis J."""
        s = noise_floor(sqrt(self.alpha * self.sparsity * order.r) if noise is None else noise)
        overlap = order.m / self.overlap_unit
        field = _column(self.g) + law.field
        mean = field + _column(overlap) * (law.w + shift) + _column(self.alpha * order.B / 2) * law.x
        return s, mean / (_column(s) * sqrt(law.x))

    def _hidden(self, k: int, q: Number) -> Number:
        """⟨H_k(y)⟩ over the hidden units."""
        y, own = self._threshold(q), self.thresholds
        return H(k, y) if own is None else unit_mean(own.fraction, H(k, y))

    def _active_square(self, q: Number) -> Number:
        """p q ⟨H_2(y)⟩, which goes to θ² as q → 0 where θ < 0."""
        scale = self._input(q)
        return scale * scale * self._hidden(2, q)

    def _log_hidden(self, k: int, q: Number) -> Number:
        """ln⟨H_k(y)⟩ over the hidden units."""
        y, own = self._threshold(q), self.thresholds
        if own is None:
            return log_H(k, y)
        # units of the lowest threshold have the largest; the step in it is that of one of them
        logs = log_H(k, y)
        largest = logs[..., 0]
        return largest + log(unit_mean(own.fraction, exp(logs - _column(largest))))

    def _input(self, q: Number) -> Number:
        """√(pq), the width of the input of hidden units; of the quiescent state q = 0 a very small one."""
        scale = sqrt(self.sparsity * q)
        return scale if is_multiprecision(scale) and scale != 0 else noise_floor(scale)

    def _threshold(self, q: Number) -> Number:
        """y = θ/√(pq), a further axis where the θ_μ differ."""
        own, scale = self.thresholds, self._input(q)
        return self.theta / scale if own is None else (_column(self.theta) + own.shift) / _column(scale)


def _column(value: Number) -> Number:
    """Add the axis of W to an array; numbers stay numbers."""
    return value[..., None] if isinstance(value, np.ndarray) and value.ndim else value


def unit_mean(weight: Number, values: Number) -> Number:
    """Σ over the last axis (a loop over mpmath numbers, a contraction in double precision)."""
    if is_multiprecision(values):
        return sum((a * b for a, b in zip(weight, values, strict=True)), 0)
    return np.einsum("...j,...j->...", weight, values)[()]
