"""Double rectified linear units: two half lines, each with a stiffness and a threshold of its own.

Each half line is the domain of a ReLU unit. With a± = ±(I − θ±)/√(γ±T) the weights of the two are

    Z± = √(T/γ±) R(−a±),   R(x) = ∫₀^∞ dt exp(−t²/2 − x t) = √(π/2) erfcx(x/√2),

all that is known of them is known of the mixture.

References
----------
J. Tubiana, S. Cocco and R. Monasson, eLife 8, e39397 (2019).
"""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from rbm_sim._support import shown
from rbm_sim.units import cumulants, half_line
from rbm_sim.units.base import Unit
from rbm_sim.units.layer import SeveralParameters


@dataclass(frozen=True, eq=False)
class DReLU(SeveralParameters, Unit):
    """Units x ∈ ℝ with U(x) = γ₊x²/2 + θ₊x for x ≥ 0 and γ₋x²/2 + θ₋x for x < 0.

    K(I) = ln[R((θ₊ − I)/√γ₊)/√γ₊ + R((I − θ₋)/√γ₋)/√γ₋] at T = 1, R(x) = √(π/2) erfcx(x/√2). Equal sides are a
    Gaussian unit; θ₋ → −∞ or γ₋ → ∞ leave a ReLU unit; θ± = ∓γ± → ∓∞, two narrow wells, a spin.

    Parameters
    ----------
    gamma_plus, gamma_minus : float or array_like, shape (units,)
        Stiffnesses γ± > 0 of the two sides, one for all units or one per unit.
    theta_plus, theta_minus : float or array_like, shape (units,)
        Thresholds θ±. The offset b of the potential is (θ₊ + θ₋)/2; what remains of them is Δ|x|, Δ = (θ₊ − θ₋)/2.

    Raises
    ------
    ValueError
        If a parameter is not finite or has more than one axis, a γ is not positive, or lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> unit, I = DReLU(1.0, 2.0, 0.3, -0.2), np.array(0.7)
    >>> round(float(unit.log_partition(I)), 12), round(float(unit.mean(I)), 12)
    (0.853952084579, 0.624980382703)
    """

    gamma_plus: Any = 1.0
    gamma_minus: Any = 1.0
    theta_plus: Any = 0.0
    theta_minus: Any = 0.0
    has_jump: ClassVar[bool] = True
    _positive: ClassVar[tuple[str, ...]] = ("gamma_plus", "gamma_minus")

    def __repr__(self) -> str:
        return shown.fields(self)

    @property
    def offset(self) -> float | np.ndarray:
        return (self.theta_plus + self.theta_minus) / 2

    @property
    def gap(self) -> float | np.ndarray:
        """Δ = (θ₊ − θ₋)/2: the potential is U(x) = γ±x²/2 + Δ|x| + b x."""
        return (self.theta_plus - self.theta_minus) / 2

    @property
    def softest(self) -> float | np.ndarray:
        """The smaller of γ₊ and γ₋, which decides whether two continuous layers have a law."""
        return np.minimum(self.gamma_plus, self.gamma_minus)

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return type(self)(self.gamma_plus, self.gamma_minus, offset + self.gap, offset - self.gap)

    @property
    def domain(self) -> str:
        return "the real numbers"

    def contains(self, x: np.ndarray) -> bool:
        return True

    def potential(self, x: np.ndarray) -> np.ndarray:
        return np.where(
            x >= 0,
            (self.gamma_plus * x / 2 + self.theta_plus) * x,
            (self.gamma_minus * x / 2 + self.theta_minus) * x,
        )

    def mean_potential(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        # The virial ⟨x(U′ − I)⟩ = T holds on each side, as x vanishes where they meet.
        plus, minus = self._sides(I - self.offset, T)
        plus_part, minus_part = plus.P * plus.mean, minus.P * minus.mean
        linear = self.theta_plus * plus_part + self.theta_minus * minus_part
        return (T + I * (plus_part + minus_part) + linear) / 2

    def mode(self, I: np.ndarray) -> np.ndarray:
        up, down = self._rises(I)
        right = up * up / self.gamma_plus >= down * down / self.gamma_minus
        return np.where(right, up / self.gamma_plus, -down / self.gamma_minus)

    def curvature(self, I: np.ndarray) -> np.ndarray:
        x = self.mode(I)
        return ((x > 0) / self.gamma_plus + (x < 0) / self.gamma_minus).astype(I.dtype)

    def ground(self, I: np.ndarray) -> np.ndarray:
        up, down = self._rises(I)
        return np.maximum(up * up / self.gamma_plus, down * down / self.gamma_minus) / 2

    def _rises(self, I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the input is above the threshold on the right, and below that on the left, or 0."""
        return np.maximum(I - self.theta_plus, 0), np.maximum(self.theta_minus - I, 0)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        plus, minus = self._log_weights(*self._reduced(I - self.offset, T))
        return np.logaddexp(plus, minus) + math.log(T) / 2

    def side_means(self, I: np.ndarray, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Means ⟨x | x > 0⟩ and ⟨x | x < 0⟩.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        plus, minus : ndarray, shape (..., units)
            They grow with I no faster than I/γ₊ and I/γ₋.
        """
        plus, minus = self._sides(I - self.offset, T)
        return plus.mean, minus.mean

    def shape_means(self, I: np.ndarray) -> np.ndarray:
        """Means of ∂U/∂Δ and ∂U/∂ζ at T = 1, see `shape_slopes`.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.

        Returns
        -------
        ndarray, shape (2, ..., units)
            ⟨|x|⟩ and the mean of what is quadratic.
        """
        plus, minus = self._sides(I - self.offset, 1.0)
        squares = [side.P * (side.mean**2 + side.variance) for side in (plus, minus)]
        by_plus, by_minus = self._by_zeta
        size = plus.P * plus.mean - minus.P * minus.mean
        return np.stack([size, by_plus * squares[0] + by_minus * squares[1]])

    def shape_slopes(self, x: np.ndarray) -> np.ndarray:
        """Slopes ∂U/∂Δ = |x| and ∂U/∂ζ = ∓(1 ∓ tanh ζ)γ±x² of the potential, where 1/√γ± ∝ 1 ± tanh ζ.

        Parameters
        ----------
        x : ndarray, shape (..., units)
            Values.

        Returns
        -------
        ndarray, shape (2, ..., units)
            The two slopes.
        """
        by_plus, by_minus = self._by_zeta
        return np.stack([np.abs(x), np.where(x > 0, by_plus, by_minus) * (x * x)])

    @property
    def _by_zeta(self) -> tuple[Any, Any]:
        """Half the slopes of γ₊ and γ₋ by ζ."""
        plus, minus = 1 / _root(self.gamma_plus), 1 / _root(self.gamma_minus)
        half = (plus + minus) / 2
        return -minus / half * self.gamma_plus, plus / half * self.gamma_minus

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        plus, minus = self._sides(y, T)
        if order == 1:
            return plus.P * plus.mean + minus.P * minus.mean
        apart = plus.mean - minus.mean
        if order == 2:
            return plus.P * plus.variance + minus.P * minus.variance + plus.P * minus.P * apart**2
        parts = ((plus, minus.P * apart), (minus, -plus.P * apart))
        return cumulants.of_mixture([(side.P, [shift, *side.cumulants(order)]) for side, shift in parts])

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        plus, minus = self._sides(I - self.offset, T)
        left = minus.P * half_line.survival(np.maximum(-x, 0) / -minus.width, minus.a)
        return np.where(x < 0, left, minus.P + plus.P * half_line.cdf(np.maximum(x, 0) / plus.width, plus.a))

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        T = np.asarray(T, y.dtype)
        plus, minus = self._reduced(y, T)
        y[...] = (_log(self.gamma_minus) - _log(self.gamma_plus)) / 2
        x = half_line.sample_sides(plus, minus, y, rng)
        x *= np.where(x > 0, _root(T / self.gamma_plus), _root(T / self.gamma_minus))
        return x

    def _reduced(self, y: np.ndarray, T: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inputs a± of both half lines, of stiffness 1, from the field y = I − b."""
        return (y - self.gap) / _root(self.gamma_plus * T), (-self.gap - y) / _root(self.gamma_minus * T)

    def _log_weights(self, a_plus: np.ndarray, a_minus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ln Z± − ½ ln T."""
        return (
            half_line.log_integral(a_plus) - _log(self.gamma_plus) / 2,
            half_line.log_integral(a_minus) - _log(self.gamma_minus) / 2,
        )

    def _sides(self, y: np.ndarray, T: float) -> tuple[_Side, _Side]:
        from scipy.special import expit

        a_plus, a_minus = self._reduced(y, T)
        log_plus, log_minus = self._log_weights(a_plus, a_minus)
        excess = log_plus - log_minus
        return (
            _Side(expit(excess), a_plus, _root(T / self.gamma_plus)),
            _Side(expit(-excess), a_minus, -_root(T / self.gamma_minus)),
        )


class _Side(NamedTuple):
    """One half line: its probability, its reduced input and the factor, negative on the left, of its reduced values."""

    P: np.ndarray
    a: np.ndarray
    width: Any

    @property
    def mean(self) -> np.ndarray:
        return self.width * half_line.mean(self.a)

    @property
    def variance(self) -> np.ndarray:
        return self.cumulants(2)[0]

    def cumulants(self, order: int) -> list[np.ndarray]:
        """κ_2 … κ_n of the values."""
        return [self.width**n * cumulants.half_line(self.a, n) for n in range(2, order + 1)]


def _root(x: Any) -> Any:
    """Square root; of a float it is a float, which leaves single precision alone."""
    return math.sqrt(x) if isinstance(x, float) else np.sqrt(x)


def _log(x: Any) -> Any:
    return math.log(x) if isinstance(x, float) else np.log(x)
