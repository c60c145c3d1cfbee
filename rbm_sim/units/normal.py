"""Real-valued units with a mean and a variance of their own: Gaussian units in other measures of x."""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from rbm_sim._support import random, shown
from rbm_sim.units.base import Unit
from rbm_sim.units.layer import SeveralParameters


@dataclass(frozen=True, eq=False)
class Normal(SeveralParameters, Unit):
    """Units x ∈ ℝ with U(x) = γ x²/2 − g x, so that x ~ N((I + g)/γ, T/γ).

    Parameters
    ----------
    g : float or array_like, shape (units,)
        Field, one for all units or one per unit: without input the mean is g/γ.
    gamma : float or array_like, shape (units,)
        Stiffness γ > 0, one for all units or one per unit: the inverse of the variance at T = 1.

    Raises
    ------
    ValueError
        If a parameter is not finite or has more than one axis, γ is not positive, or the two have different lengths.

    Examples
    --------
    >>> import numpy as np
    >>> unit = Normal(g=2.0, gamma=4.0)
    >>> float(unit.mean(np.array(2.0))), float(unit.variance(np.array(2.0)))
    (1.0, 0.25)
    """

    g: Any = 0.0
    gamma: Any = 1.0
    has_kink: ClassVar[bool] = False
    _positive: ClassVar[tuple[str, ...]] = ("gamma",)

    def __repr__(self) -> str:
        return shown.fields(self)

    @property
    def _stiffness(self) -> float | np.ndarray:
        return self.gamma

    @property
    def offset(self) -> float | np.ndarray:
        return -self.g

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return type(self)(-offset, self.gamma)

    @property
    def domain(self) -> str:
        return "the real numbers"

    def contains(self, x: np.ndarray) -> bool:
        return True

    def potential(self, x: np.ndarray) -> np.ndarray:
        return (self.gamma * x / 2 - self.g) * x

    def mode(self, I: np.ndarray) -> np.ndarray:
        return (I + self.g) / self.gamma

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return np.ones_like(I) / self.gamma

    def ground(self, I: np.ndarray) -> np.ndarray:
        y = I + self.g
        return y * y / (2 * self.gamma)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        return self.ground(I) / T + (math.log(2 * math.pi * T) - np.log(self.gamma)) / 2

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        if order > 2:
            return np.zeros_like(y)
        return y / self.gamma if order == 1 else np.full_like(y, T) / self.gamma

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        from scipy.special import ndtr

        return ndtr((x - self.mode(I)) * np.sqrt(np.asarray(self.gamma) / T))

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        noise = random.normal(rng, y.shape, y.dtype)
        noise *= np.sqrt(np.asarray(T, y.dtype) / np.asarray(self.gamma, y.dtype))
        noise += y / np.asarray(self.gamma, y.dtype)
        return noise
