"""The four unit types, `Bernoulli`, `Spin`, `Gaussian` and `ReLU`; their table is in `rbm_sim.units.base`."""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

import abc
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from rbm_sim._support import check, random, shown
from rbm_sim.units import cumulants, half_line
from rbm_sim.units.base import Unit


@dataclass(frozen=True, eq=False)
class TwoValued(Unit):
    """Units with two values, `low` and 1, and U(x) = −g x.

    Parameters
    ----------
    g : float or array_like, shape (units,)
        Field, one for all units or one per unit.

    Attributes
    ----------
    low : float
        The lower value, 0 or −1.

    Raises
    ------
    ValueError
        If `g` is not finite or has more than one axis.
    """

    g: Any = 0.0
    low: ClassVar[float]
    has_jump: ClassVar[bool] = True
    _stiffness = 0.0

    def __repr__(self) -> str:
        return shown.fields(self)

    def __post_init__(self) -> None:
        object.__setattr__(self, "g", check.layer_parameter("g", self.g))

    @property
    def offset(self) -> float | np.ndarray:
        return -self.g

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return type(self)(-offset)

    @property
    def domain(self) -> str:
        return f"{{{self.low:g}, 1}}"

    def contains(self, x: np.ndarray) -> bool:
        return bool(((x == self.low) | (x == 1)).all())

    def bits(self, size: int) -> float:
        return float(size)

    def flipped(self, x: np.ndarray) -> np.ndarray:
        """Other one of the two values, 1 + low − x.

        Parameters
        ----------
        x : ndarray
            Values of units.

        Returns
        -------
        ndarray
            1 where x is the lower value, and the lower value where x is 1.
        """
        return 1 + self.low - x

    def potential(self, x: np.ndarray) -> np.ndarray:
        return -self.g * x

    def mode(self, I: np.ndarray) -> np.ndarray:
        return np.where(I + self.g >= 0, 1, self.low).astype(np.result_type(I))

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return np.zeros_like(I)

    def ground(self, I: np.ndarray) -> np.ndarray:
        y = I + self.g
        return np.maximum(self.low * y, y)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        y = (I + self.g) / T
        return np.logaddexp(self.low * y, y)

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        if order == 1:
            return self._mean(y / T)
        half = (1 - self.low) / 2
        return half**order * cumulants.spin(half / T * y, order)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        from scipy.special import expit

        P_low = expit((self.low - 1) / T * (I + self.g))
        return np.where(x >= 1, 1.0, np.where(x >= self.low, P_low, 0.0))

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        # u (1 + e^{−(1 − low) y/T}) ≤ 1 with probability P(x = 1)
        y *= (self.low - 1) / np.asarray(T, y.dtype)
        with np.errstate(over="ignore"):
            np.exp(y, out=y)
        y += 1
        y *= random.uniform(rng, y.shape, y.dtype)
        x = (y <= 1).astype(y.dtype)
        if self.low:
            x *= 1 - self.low
            x += self.low
        return x

    @staticmethod
    @abc.abstractmethod
    def _mean(y: np.ndarray) -> np.ndarray:
        """Mean in the field y at T = 1."""


class Bernoulli(TwoValued):
    """Units x ∈ {0, 1} with U(x) = −g x, so that P(1) = σ((I + g)/T).

    Parameters
    ----------
    g : float or array_like, shape (units,)
        Field, one for all units or one per unit.
    """

    low: ClassVar[float] = 0.0

    @staticmethod
    def _mean(y: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        return expit(y)


class Spin(TwoValued):
    """Units x ∈ {−1, 1} with U(x) = −g x, so that P(+1) = σ(2(I + g)/T).

    Parameters
    ----------
    g : float or array_like, shape (units,)
        Field, one for all units or one per unit.
    """

    low: ClassVar[float] = -1.0

    @staticmethod
    def _mean(y: np.ndarray) -> np.ndarray:
        return np.tanh(y)


@dataclass(frozen=True, eq=False)
class Gaussian(Unit):
    """Units x ∈ ℝ with U(x) = x²/2, so that x ~ N(I, T)."""

    has_kink: ClassVar[bool] = False

    def __repr__(self) -> str:
        return shown.fields(self)

    @property
    def offset(self) -> float | np.ndarray:
        return 0.0

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return self

    @property
    def domain(self) -> str:
        return "the real numbers"

    def contains(self, x: np.ndarray) -> bool:
        return True

    def potential(self, x: np.ndarray) -> np.ndarray:
        return x * x / 2

    def mode(self, I: np.ndarray) -> np.ndarray:
        return I.copy()

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return np.ones_like(I)

    def ground(self, I: np.ndarray) -> np.ndarray:
        return I * I / 2

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        return I * I / (2 * T) + math.log(2 * math.pi * T) / 2

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        return y if order == 1 else np.full_like(y, T if order == 2 else 0.0)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        from scipy.special import ndtr

        return ndtr((x - I) / math.sqrt(T))

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        noise = random.normal(rng, y.shape, y.dtype)
        noise *= np.sqrt(np.asarray(T, y.dtype))
        noise += y
        return noise


@dataclass(frozen=True, eq=False)
class ReLU(Unit):
    """Units x ≥ 0 with U(x) = x²/2 + θ x, so that x ~ N(I − θ, T) cut to x ≥ 0.

    Parameters
    ----------
    theta : float or array_like, shape (units,)
        Threshold, one for all units or one per unit.

    Raises
    ------
    ValueError
        If `theta` is not finite or has more than one axis.
    """

    theta: Any = 0.0

    def __repr__(self) -> str:
        return shown.fields(self)

    def __post_init__(self) -> None:
        object.__setattr__(self, "theta", check.layer_parameter("theta", self.theta))

    @property
    def offset(self) -> float | np.ndarray:
        return self.theta

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return type(self)(offset)

    @property
    def domain(self) -> str:
        return "[0, ∞)"

    def contains(self, x: np.ndarray) -> bool:
        return bool((x >= 0).all())

    def potential(self, x: np.ndarray) -> np.ndarray:
        return x * x / 2 + self.theta * x

    def mode(self, I: np.ndarray) -> np.ndarray:
        return np.maximum(I - self.theta, 0)

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return (self.theta < I).astype(I.dtype)

    def ground(self, I: np.ndarray) -> np.ndarray:
        return self.mode(I) ** 2 / 2

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        return half_line.log_integral((I - self.theta) / math.sqrt(T)) + math.log(T) / 2

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        a = y / math.sqrt(T)
        reduced = half_line.mean(a) if order == 1 else cumulants.half_line(a, order)
        return T ** (order / 2) * reduced

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        return half_line.cdf(x / math.sqrt(T), (I - self.theta) / math.sqrt(T))

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        width = np.sqrt(np.asarray(T, y.dtype))
        y /= width
        x = half_line.sample(y, rng)
        x *= width
        return x
