"""The Hopfield model at T = 0 with one step of replica-symmetry breaking.

Replicas come in clusters: q1 = 1 and r1 within one, q0 = 1 − Δ and r0 between two; C is the response within a cluster,
μ = lim βx for clusters of x replicas. With D = 1 − C − μΔ > 0, s0² = αr0, s1² = α(r1 − r0) and
Z(z) = ∫Dy e^{μ|m + s0 z + s1 y|}, t = ∂ ln Z/∂(μm):

    m = ⟨t⟩,   q0 = ⟨t²⟩,   C = ⟨2δ(field)⟩,   r0 = q0/D²,   r1 = r0 + Δ/((1−C)D)
    −(α/2)[ln(1−v) + v/(1−v)] = ⟨J⟩,   v = μΔ/(1−C)

    E = α/2 + m²/2 + (α/2)[(1/μ) ln(1−v) − q0/D + r1 C + μ(r1 − r0 q0)] − (1/μ)⟨ln Z⟩

J is that of `replica.averages.one_step_spin_cold`. The symmetric solution, μΔ → 0 with any Δ or any μ, solves all
of this trivially. The equations are therefore used as ratios, Δ in the form ln(⟨1 − t²⟩/Δ) and the last one divided
by v², in which it is no solution. Derivation: docs/replica_symmetry_breaking.md.  H. Steffan & R. Kühn, Z. Phys. B
95, 249 (1994); A. Crisanti, D. J. Amit & H. Gutfreund, Europhys. Lett. 2, 337 (1986).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.one_step_spin_cold import OneStepAverages, deficit, one_step_averages
from replica.models.base import Chart, Line, Model, control, exp_clipped
from replica.models.hopfield_1rsb_chart import (
    one_step_glass_nodes,
    one_step_glass_point,
    one_step_retrieval_nodes,
    one_step_retrieval_point,
)
from replica.numerics.elementary import is_multiprecision, log1p, sqrt
from replica.numerics.number import Number

__all__ = ["Hopfield1RSB", "OneStepOrder"]


class OneStepOrder(NamedTuple):
    """Order parameters at one step: numbers, or arrays of one shape. The first five are those of a single state."""

    m: Number
    """Overlap with the condensed pattern."""
    q: Number
    """Overlap q1 within a cluster of states: 1 at T = 0."""
    r: Number
    """Noise r1 within a cluster."""
    C: Number
    """Response β(1 − q1) within a cluster."""
    B: Number
    """Response 1/(1 − C) of the hidden layer within a cluster."""
    dq: Number
    """Δ = q1 − q0, q0 the overlap between clusters."""
    dr: Number
    """Difference r1 − r0, r0 the noise common to all clusters."""
    mu: Number
    """Limit of βx, x the size of a cluster of replicas: states of energy E are e^{μN(E − E_0)} many."""

    @property
    def q0(self) -> Number:
        """Overlap between clusters of states."""
        return self.q - self.dq

    @property
    def r0(self) -> Number:
        """Noise common to all clusters."""
        return self.r - self.dr


@dataclasses.dataclass(frozen=True, eq=False)
class Hopfield1RSB(Model):
    """Hopfield model at T = 0, one step of replica-symmetry breaking.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, ≥ 0.002: below, the Δ ~ e^{−1/α} of retrieval underflows a double.
    T : float
        Temperature: 0 is the only one; `replica.symmetry_breaking.hopfield_thermal.hopfield_1rsb` goes above it.

    Examples
    --------
    >>> import replica
    >>> state = replica.solve(Hopfield1RSB(alpha=0.1))
    >>> round(state.order.m, 9), round(state.order.mu, 3)
    (0.997999446, 663.785)
    """

    alpha: Number = control("α", "load M/N, patterns per unit", low=0.002)
    T: dataclasses.InitVar[Number] = 0.0

    name: ClassVar[str] = "hopfield-1rsb"
    title: ClassVar[str] = "Hopfield model at T = 0 with one step of replica-symmetry breaking"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_dq", "log_mu")
    order_type: ClassVar[Any] = OneStepOrder
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def __post_init__(self, T: Number) -> None:
        if isinstance(T, str) or np.any(np.asarray(T) != 0):
            raise ValueError(
                f"T = {T!r}: this model is at T = 0 only; above, "
                "replica.symmetry_breaking.hopfield_thermal.hopfield_1rsb"
            )
        super().__post_init__()

    def saddle(self, order: Any, n: int = 1) -> Any:
        """Right-hand sides of the saddle-point equations; that of μ is μ √(|⟨J⟩|/(½αv² g(v)))."""
        averages, w = self._averages(order)
        v = order.mu * order.dq / (1 - order.C)
        r0, dr = _noises(order.C, order.dq, order.mu)
        return OneStepOrder(
            m=averages.m,
            q=1 + 0 * order.q,
            r=r0 + dr,
            C=order.mu * averages.contact / w,
            B=1 / (1 - order.C),
            dq=averages.dq,
            dr=dr,
            mu=order.mu / v * sqrt(-averages.work / (self.alpha / 2 * deficit(v))),
        )

    def free_energy(self, order: Any, n: int = 1) -> Number:
        """Energy per spin, the constant α/2 of the removed diagonal included.

        (1/μ)⟨ln Z⟩ is the mean size of the field, m⟨t⟩ + s0²(μ⟨1−t²⟩ + C) + s1²(μ + C), less (⟨J⟩ + w²/2)/μ.
        """
        m, _, r, C, _, dq, dr, mu = order
        averages, w = self._averages(order)
        response = mu * averages.contact / w
        outer, inner = self.alpha * (r - dr), self.alpha * dr
        size = m * averages.m + outer * (mu * averages.dq + response) + inner * (mu / 2 + response)
        D = 1 - C - mu * dq
        entropic = log1p(-mu * dq / (1 - C)) / mu - (1 - dq) / D
        couplings = r * C + mu * (dr + (r - dr) * dq)
        return self.alpha / 2 + m * m / 2 + self.alpha / 2 * (entropic + couplings) - size + averages.work / mu

    def gradient(self, order: Any, n: int = 1) -> tuple[Number, ...]:
        """∂E/∂(m, C, ln Δ, ln μ), from ∂E/∂r1 = −½α R_C, ∂E/∂r0 = −½αμ R_Δ, ∂E/∂m = −R_m and that of μ.

        R = right-hand side − order parameter; r0 and r1 are functions of (C, Δ, μ).
        """
        _, _, _, C, _, dq, _, mu = order
        averages, w = self._averages(order)
        half = self.alpha / 2
        by_r1 = half * (C - mu * averages.contact / w)
        by_both = by_r1 + half * mu * (dq - averages.dq)
        D, q0 = 1 - C - mu * dq, 1 - dq
        v = mu * dq / (1 - C)
        by_mu = (-half * v * v * deficit(v) - averages.work) / mu
        steep, share = 2 * q0 / D**3, 1 / ((1 - C) * D)
        return (
            order.m - averages.m,
            by_both * steep + by_r1 * dq * share * (1 / (1 - C) + 1 / D),
            dq * (by_both * (mu * steep - 1 / D**2) + by_r1 * share * (1 + dq * mu / D)),
            by_mu + mu * dq * (by_both * steep + by_r1 * share * dq / D),
        )

    def entropy(self, order: Any, n: int = 1) -> Number:
        """Entropy per spin at T = 0, −(α/2)[ln(1−C) + C/(1−C)] < 0, as in the symmetric theory but with less C."""
        C = order.C
        return -self.alpha / 2 * (log1p(-C) + C / (1 - C))

    def transverse(self, order: Any, n: int = 1) -> tuple[Number, ...]:
        """Curvature of E along an uncondensed overlap, D = 1 − C − μΔ."""
        return (1 - order.C - order.mu * order.dq,)

    def replicon(self, order: Any, n: int = 1) -> Number:
        """−inf: at T = 0 discrete spins break replica symmetry formally within the clusters too."""
        return np.full(np.shape(order.C), -np.inf)[()]

    def unpack(self, x: Sequence[Number]) -> Any:
        """Order parameters at (m, C, ln Δ, ln μ)."""
        m, C, dq, mu = x[0], x[1], exp_clipped(x[2]), exp_clipped(x[3])
        r0, dr = _noises(C, dq, mu)
        return OneStepOrder(m=m, q=1 + 0 * C, r=r0 + dr, C=C, B=1 / (1 - C), dq=dq, dr=dr, mu=mu)

    def residual(self, order: Any, n: int = 1) -> Number:
        """Largest residual, that of Δ and μ always relative; inf where the state has collapsed (see `collapsed`)."""
        if is_multiprecision(order.C):
            if self.collapsed(order):
                return math.inf
            rhs = self.saddle(order, n)
            return max(super().residual(order, n), abs(rhs.dq / order.dq - 1), abs(rhs.mu / order.mu - 1))
        with np.errstate(all="ignore"):
            order = type(order)._make(np.asarray(v, dtype=float) for v in order)
            rhs = self.saddle(order, n)
            worst = np.fmax(super().residual(order, n), abs(rhs.dq / order.dq - 1))
            worst = np.fmax(worst, abs(rhs.mu / order.mu - 1))
            return np.where(self.collapsed(order), np.inf, worst)[()]

    def collapsed(self, order: Any) -> bool | NDArray:
        """Whether a point is the symmetric solution in disguise: w = μ √(α(r1 − r0)) → 0, for μ → 0 or Δ → 0.

        Such a point is no answer. On the branches w goes from 0.05 to 1.06.
        """
        with np.errstate(invalid="ignore"):
            return np.logical_not(self.alpha * order.mu * order.mu * order.dr > COLLAPSED**2)

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Chart]:
        """Charts: retrieval in ln(m/s0), the glass in ln(D/(1 − D))."""
        retrieval = Chart("retrieval", 1, one_step_retrieval_nodes, _on_chart(one_step_retrieval_point))
        glass = Chart("spin_glass", 0, one_step_glass_nodes, _on_chart(one_step_glass_point), folded=False)
        return [retrieval, glass] if 1 in n_condensed else [glass]

    def _averages(self, order: Any) -> tuple[OneStepAverages, Number]:
        """Averages at the noises of `order` itself, and w."""
        outer, inner = (sqrt(_inside(self.alpha * v)) for v in (order.r - order.dr, order.dr))
        w = order.mu * inner
        return one_step_averages(order.m / outer, order.mu * outer, w), w


COLLAPSED = 1e-3
"""w below which a point counts as symmetric."""


def _inside(variance: Number) -> Number:
    """The variance where it is one, else nan: a trial step may have left the domain q0 > 0, D > 0."""
    if is_multiprecision(variance):
        real: Any = getattr(variance, "real", variance)
        if not real >= 0:
            raise ArithmeticError("order parameters outside the domain q0 > 0, D > 0")
        return variance
    return np.where(np.real(variance) >= 0, variance, np.nan)[()]


def _noises(C: Number, dq: Number, mu: Number) -> tuple[Number, Number]:
    """r0 = q0/D² and r1 − r0 = Δ/((1−C)D)."""
    D = 1 - C - mu * dq
    return (1 - dq) / (D * D), dq / ((1 - C) * D)


def _on_chart(point: Callable[[NDArray], tuple[NDArray, list[NDArray]]]) -> Callable:
    """Point of a chart with its order parameters named."""

    def named(model: Hopfield1RSB, u: NDArray) -> tuple[NDArray, OneStepOrder]:
        log_load, (m, C, dq, mu) = point(np.broadcast_arrays(u, model.alpha)[0] if np.ndim(model.alpha) else u)
        r0, dr = _noises(C, dq, mu)
        return log_load, OneStepOrder(m, np.ones(m.shape), r0 + dr, C, 1 / (1 - C), dq, dr, mu)

    return named
