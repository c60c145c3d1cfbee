"""Units with a quadratic energy: Gaussian, and cut at zero (ReLU)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np

from replica.numerics.elementary import phi
from replica.numerics.gaussian import H, H_scaled, log_H
from replica.potentials.checks import finite
from replica.potentials.law import FieldAverages, UnitLaw
from replica.potentials.potential import Potential

__all__ = ["Gaussian", "ReLU"]


@dataclasses.dataclass(frozen=True)
class Gaussian(Potential):
    """Units on the line with U = x²/2: normal, mean I/(1 − c), variance T/(1 − c); no law for c ≥ 1."""

    rests: ClassVar[bool] = True

    def energy(self, x: Any, T: Any) -> Any:
        """x²/2."""
        return x * x / 2

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """That of a normal variable."""
        margin = _margin(c)
        mean, variance = I / margin, T / margin + 0 * I
        work = I * mean / 2 + T / 2 * np.log(2 * math.pi * variance)
        return UnitLaw(work, mean, variance, 0 * mean, 3 * variance * variance)

    def stiffness(self, T: Any) -> Any:
        """1."""
        return 1.0

    def spread(self, c: Any, T: Any) -> Any:
        """0: ln Tr is a polynomial of I."""
        return 0 * (np.real(c) + np.real(T))

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Those at T = 0, and the entropy of the fluctuations in K."""
        cold = self.cold(h, s, c)
        return cold._replace(work=cold.work + T / 2 * np.log(2 * math.pi * T / _margin(c)))

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Those of x = I/(1 − c), in closed form."""
        margin = _margin(c) + 0 * h
        g = 1 / margin
        second = h * h + s * s
        M, Q = g * h, g * g * second
        zero = 0 * Q
        slopes = [g + zero, zero, g * M, 2 * g * M, 2 * g * g * s + zero, 2 * g * Q, zero, zero, g * g + zero]
        return FieldAverages(g * second / 2, M, Q, g + zero, g * g + zero, np.reshape(slopes, (3, 3, *np.shape(Q))))


@dataclasses.dataclass(frozen=True)
class ReLU(Potential):
    """Units on the half line x ≥ 0 with U = x²/2 + θ x: a normal law that is cut; no law for c ≥ 1.

    Parameters
    ----------
    theta : float
        Threshold.
    """

    theta: float = 0.0
    rests: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "theta", finite("theta", self.theta))

    def energy(self, x: Any, T: Any) -> Any:
        """x²/2 + θ x on x ≥ 0."""
        return x * x / 2 + self.theta * x

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """∫₀^∞ dx x^k e^{−x²/2 + a x} = H^(k)(−a)/φ(a), a = (I − θ)/√(T(1 − c)), x in units √(T/(1 − c))."""
        margin = _margin(c)
        width = np.sqrt(T / margin)
        a = (I - self.theta) / np.sqrt(T * margin)
        work = T * (np.log(width) + 0.5 * math.log(2 * math.pi) + a * a / 2 + log_H(0, -a))
        # beyond, nothing is cut off and the ratios overflow
        whole = np.real(a) > UNCUT
        cut = np.where(whole, 0.0, a)
        zero = H_scaled(0, -cut)
        m1, m2, m3, m4 = (H_scaled(k, -cut) / zero for k in range(1, 5))
        variance = m2 - m1 * m1
        third = m3 - m1 * (3 * m2 - 2 * m1 * m1)
        fourth = m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * m1 * m1))
        return UnitLaw(
            work,
            width * np.where(whole, a, m1),
            width**2 * np.where(whole, 1.0, variance),
            width**3 * np.where(whole, 0.0, third),
            width**4 * np.where(whole, 3.0, fourth),
        )

    def stiffness(self, T: Any) -> Any:
        """1."""
        return 1.0

    def sides(self, T: Any) -> tuple[Any, Any]:
        """1, and none."""
        return 1.0, math.inf

    def corners(self, c: Any, T: Any) -> Any:
        """θ."""
        return np.full((*np.shape(c), 1), self.theta)

    def spread(self, c: Any, T: Any) -> Any:
        """√(T/(1 − c)), that of the whole normal law."""
        return np.sqrt(np.real(T) / _margin(np.real(c)))

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Those of x = max(0, I − θ)/(1 − c): with y = (θ − h)/s, M = s H1(y)/(1 − c) and Q = s² H2(y)/(1 − c)²."""
        g = 1 / _margin(c)
        y = (self.theta - h) / s
        H0, H1, H2, density = H(0, y), H(1, y), H(2, y), phi(y)
        M, Q, chi = g * s * H1, g * g * s * s * H2, g * H0
        slopes = [
            [chi, g * density, g * M],
            [2 * g * M, 2 * g * g * s * H0 - 0 * Q, 2 * g * Q],
            [g * density / s, g * y * density / s, g * chi],
        ]
        # ∂(s² H2)/∂s = 2 s H2 + 2 s y H1 = 2 s H0
        return FieldAverages(g * s * s * H2 / 2, M, Q, chi, g * g * H0, np.array(slopes))


UNCUT = 9.0
"""Standard deviations at which the cut of a normal law is below rounding."""


def _margin(c: Any) -> Any:
    """1 − c, nan where a normal law of that self-coupling does not exist."""
    return np.where(np.real(c) < 1, 1 - np.asarray(c), np.nan)
