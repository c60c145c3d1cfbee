"""The Hopfield model of Potts units with Q states, any temperature, replica symmetric.

H = −(1/2N) Σ_{i≠j} Σ_μ u_iμ u_jμ with u_iμ = Qδ(σ_i, ξ_iμ) − 1, ξ uniform on 1 … Q, M = αN; Q = 2 is Hopfield's model.
Each state σ of a unit feels a noise ŝ z_σ of its own, ŝ = √(Qαr), that of the pattern Qm more than the others:

    f = α(Q−1)/2 + m²/2 + (α/2)[T ln(1−C) − q/(1−C) + rC] + m − T⟨ln Σ_σ exp{(Qm δ(σ,1) + ŝ z_σ)/T}⟩
    m = Q⟨P_1⟩ − 1,   C = (Q/ŝ) Σ_σ⟨z_σ P_σ⟩,   q = Q − 1 − TC,   r = q/(1−C)²,   P_σ ∝ exp{(Qm δ(σ,1) + ŝ z_σ)/T}

I. Kanter, Phys. Rev. A 37, 2739 (1988).
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from replica.averages.largest import largest_averages, resolved
from replica.models.base import Chart, ExactState, Line, Model, Order, control, exp_clipped, gain, log_margin
from replica.models.potts_chart import potts_branches
from replica.numerics.elementary import is_multiprecision, sqrt
from replica.numerics.number import Number

__all__ = ["PottsHopfield"]

NEXT_TO_NONE = 1.01e-6
"""ŝ/T up to which averages over the noise are those at 1e-6, where they are resolved."""


@dataclasses.dataclass(frozen=True, eq=False)
class PottsHopfield(Model):
    """Hopfield model of Potts units.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    states : int or array of int
        States of a unit, Q, from 2 to 50.
    T : float or array
        Temperature, ≥ 0; many digits are computed at T = 0 only.

    Examples
    --------
    >>> import replica
    >>> round(replica.spinodal(PottsHopfield(alpha=None, states=3), along="alpha").value, 12)
    0.414412440376
    """

    alpha: Any = control("α", "load M/N, patterns per unit", low=0.0, low_included=False)
    states: Any = control("Q", "states of a unit", low=2.0, high=50.0, whole=True, default=3)
    T: Any = control("T", "temperature", low=0.0, breaking=-1, default=0.0)

    name: ClassVar[str] = "potts-hopfield"
    title: ClassVar[str] = "Potts units of Q states, any T >= 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        _, first, pull, noise = self._unit(order)
        amplified = gain(order, 1.0)
        m, C = self.states * first - 1, self._response(order, pull, noise)
        return Order(m=m, q=self.states - 1 - self.T * C, r=order.q * amplified * amplified, C=C, B=amplified)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per unit, the constant of the removed diagonal i ≠ j included."""
        m, q, r, C, _ = order
        pair = self.T * log_margin(order, 1.0) - q * gain(order, 1.0) + r * C
        return self.alpha * (self.states - 1) / 2 + m * m / 2 + self.alpha / 2 * pair + m - self._unit(order)[0]

    def entropy(self, order: Order, n: int = 1) -> Number:
        """−∂f/∂T; without temperature −(α/2)[ln(1 − C) + C/(1 − C)] ≤ 0, the units having none."""
        if not is_multiprecision(order.C):
            return super().entropy(order, n)
        return -self.alpha / 2 * (log_margin(order, 1.0) + order.C * gain(order, 1.0))

    def dependent(self, *, m: Number, C: Number, r: Number) -> dict[str, Number]:
        """q = Q − 1 − TC and B = 1/(1 − C)."""
        return {"q": self.states - 1 - self.T * C, "B": 1 / (1 - C)}

    def _unit(self, order: Order) -> tuple[Number, Number, Number, Number]:
        """T⟨ln Σ⟩, ⟨P_1⟩, Σ⟨z_σ P_σ⟩ and the noise ŝ."""
        noise = resolved(sqrt(self.states * self.alpha * order.r), self.T)
        return *largest_averages(self.states * order.m, noise, self.T, self.states), noise

    def _response(self, order: Order, pull: Number, noise: Number) -> Number:
        """C = (Q/ŝ)Σ⟨z_σ P_σ⟩, and where it would be a ratio of roundings its limit without noise, QΣP_σ(1 − P_σ)/T."""
        Q, T = self.states, self.T
        if not np.any(T):
            return Q * pull / noise
        with np.errstate(all="ignore"):
            lost = 1 / (1 + exp_clipped(Q * order.m / T) / (Q - 1))
            still = Q * lost * (2 - lost * Q / (Q - 1)) / T
        return np.where(np.real(noise) <= NEXT_TO_NONE * np.real(T), still, Q * pull / noise)[()]

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Chart | ExactState]:
        """Retrieval, glasses and the paramagnet on curves of their own."""
        return potts_branches(self, n_condensed)
