"""The Hopfield model with a threshold: 0/1 visible units, ReLU hidden units, T = 0, activity fixed at ½.

E(v, h) = −Σ w_iμ v_i h_μ − g Σ v_i + Σ_μ (h_μ²/2 + θ h_μ),  h ≥ 0,  w = ξ/√N, random signs, M = αN; the field
g = −αB/2 cancels the self-field, so that q = ½. With s = √(αr), W = ±1 and x = θ/√q:

    m = ⟨W H0(−mW/s)⟩,   q = ½,   C = ⟨φ(mW/s)⟩/s,   r = q H2(x)/(1−C)²,   B = H0(x)/(1−C)

    f = m²/2 + (α/2)(rC + B(q − ½)) − s⟨H1(−mW/s)⟩ − α q H2(x)/(2(1−C));   on the saddle −m²/2 − αr/2

B is the multiplier of the activity. The equations map on those of the Hopfield model at T = 0 with the load
2 H2(√2 θ) α, at every θ, negative ones included.

G. Manzan, slides "Restricted Boltzmann Machines" (2021), "Hopfield network with threshold"; the model is that of
J. Tubiana & R. Monasson, PRL 118, 138301 (2017).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Chart, Model, Order, control, exp_clipped, gain, log_margin, overlap_nodes
from replica.numerics.elementary import exp, log, noise_floor, phi, sqrt
from replica.numerics.gaussian import H, log_H
from replica.numerics.number import Number

__all__ = ["ThresholdHopfield"]


@dataclasses.dataclass(frozen=True, eq=False)
class ThresholdHopfield(Model):
    """Hopfield model with hidden threshold θ, at T = 0 and along g = −αB/2.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    theta : float, array or mpmath number
        Threshold of the ReLU hidden units.

    Examples
    --------
    >>> import replica
    >>> model = ThresholdHopfield(alpha=0.3, theta=0.5)
    >>> round(replica.spinodal(model, along="alpha", start="retrieval").value, 10)
    0.4927682112
    """

    alpha: Number = control("α", "load M/N, patterns per visible unit", low=0.0, low_included=False)
    theta: Number = control("θ", "threshold of the ReLU hidden units", loss=-1, default=0.0)

    name: ClassVar[str] = "threshold-hopfield"
    title: ClassVar[str] = "Hopfield model with a threshold: 0/1 units, ReLU hidden units, T = 0, g = -alpha B/2"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r", "q", "B")

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        m, q, r, _, _ = order
        s, x = self._noise(r), self.theta / sqrt(q)
        amplified = gain(order, H(0, x))
        return Order(
            m=(H(0, -m / s) - H(0, m / s)) / 2,
            q=0.5 + 0 * q,
            r=q * H(2, x) * amplified * amplified,
            C=phi(m / s) / s,
            B=H(0, x) * amplified,
        )

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals in (m, C, ln r, q, B); ln r enters as it is, so that r may underflow."""
        m, C, log_r, q, B = x
        s, threshold, margin = noise_floor(exp((log(self.alpha) + log_r) / 2)), self.theta / sqrt(q), 1 - C
        return [
            (H(0, -m / s) - H(0, m / s)) / 2 - m,
            phi(m / s) / s - C,
            log(q) + log_H(2, threshold) - 2 * log(margin) - log_r,
            0.5 - q,
            H(0, threshold) / margin - B,
        ]

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy (energy, T = 0) per visible unit; that of the R-RBM plus g/2."""
        m, q, r, C, B = order
        s, x = self._noise(r), self.theta / sqrt(q)
        visible = s * (H(1, -m / s) + H(1, m / s)) / 2
        hidden = self.alpha * q * H(2, x) / 2 * gain(order, H(0, x))
        return m * m / 2 + self.alpha / 2 * (r * C + B * (q - 0.5)) - visible - hidden

    def gradient(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """∂f/∂(m, C, ln r, q, B) = (−R_m, −½α R_r, −½α r R_C, −½α R_B, −½α R_q)."""
        rhs = self.saddle(order, n)
        half = self.alpha / 2
        return (
            order.m - rhs.m,
            half * (order.r - rhs.r),
            half * order.r * (order.C - rhs.C),
            half * (order.B - rhs.B),
            half * (order.q - rhs.q),
        )

    def entropy(self, order: Order, n: int = 1) -> Number:
        """Entropy of the visible units at T = 0, −(α/2)[H0(x) ln(1−C) + B C] < 0: an artefact of the symmetry.

        It is that of P(v) ∝ exp(−β min_h E(v, h)), the hidden units following without entropy of their own.
        """
        active = H(0, self.theta / sqrt(order.q))
        return -self.alpha / 2 * (active * log_margin(order, active) + order.B * order.C)

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """Curvature of f along the overlap with an uncondensed pattern, 1 − C."""
        return (1 - order.C,)

    def replicon(self, order: Order, n: int = 1) -> Number:
        """−inf: at T = 0 discrete visible units always break replica symmetry formally."""
        return np.full(np.shape(order.C), -np.inf)[()]

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at (m, C, ln r, q, B)."""
        m, C, log_r, q, B = x
        return Order(m=m, q=q, r=exp_clipped(log_r), C=C, B=B)

    def _noise(self, r: Number) -> Number:
        """Noise s = √(αr), kept positive where r underflows (θ > 26): the state is then free of noise to all digits."""
        return noise_floor(sqrt(self.alpha * r))

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Chart]:
        """Charts: retrieval in ln(m/s), the glass in ln(s − 1/√(2π))."""
        glass = Chart("spin_glass", 0, _glass_nodes, _glass_point, zero_noise=-1, folded=False)
        retrieval = Chart("retrieval", 1, _retrieval_nodes, _retrieval_point)
        return [retrieval, glass] if 1 in n_condensed else [glass]


def _log_hidden(theta: Number) -> Number:
    """ln ½H2(√2 θ): ln r at C = 0 and q = ½; does not underflow."""
    return log_H(2, math.sqrt(2) * np.asarray(theta)) - math.log(2)


def _retrieval_nodes(model: ThresholdHopfield, lowest: float) -> NDArray:
    """Nodes in ln y, y = m/s, as for the Hopfield model with the load 2 H2(√2 θ) α."""
    return overlap_nodes(model, lowest + float(np.min(_log_hidden(model.theta))))


def _retrieval_point(model: ThresholdHopfield, u: NDArray) -> tuple[NDArray, Order]:
    from scipy.special import erf

    u, theta = np.broadcast_arrays(u, np.asarray(model.theta, dtype=float))
    y = np.exp(np.minimum(u, 300.0))
    m = erf(y / math.sqrt(2)) / 2
    C = phi(y) * y / m
    with np.errstate(divide="ignore", invalid="ignore"):
        return _load_at(m, np.log(m) - u, C, np.log1p(-C), theta)


def _glass_nodes(model: ThresholdHopfield, lowest: float) -> NDArray:
    """Nodes in ln(s − 1/√(2π)); α r is the square of s."""
    reduced = lowest + float(np.min(_log_hidden(model.theta)))
    return np.concatenate([np.arange(min(-18.0, reduced / 2 - 2), 8, 0.5), np.geomspace(8, 2000, 28)])


def _glass_point(model: ThresholdHopfield, u: NDArray) -> tuple[NDArray, Order]:
    u, theta = np.broadcast_arrays(u, np.asarray(model.theta, dtype=float))
    log_least = -0.5 * math.log(2 * math.pi)
    log_s = np.logaddexp(log_least, u)
    return _load_at(np.zeros(u.shape), log_s, np.exp(log_least - log_s), u - log_s, theta)


def _load_at(m: NDArray, log_s: NDArray, C: NDArray, log_margin: NDArray, theta: NDArray) -> tuple[NDArray, Order]:
    """ln α = ln(s²/r) and the order parameters, r = ½H2(√2 θ)/(1−C)²; α = 0 where C ≥ 1."""
    inside = np.isfinite(log_margin)
    log_margin = np.where(inside, log_margin, 0.0)
    log_r = _log_hidden(theta) - 2 * log_margin
    load = np.where(inside, 2 * log_s - log_r, -np.inf)
    B = exp_clipped(log_H(0, math.sqrt(2) * theta) - log_margin)
    return load, Order(m, np.full(m.shape, 0.5), exp_clipped(log_r), C, B)
