"""Units drawn from a mixture of two normal laws, between a normal and a binary variable."""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from rbm_sim._support import check, random, shown
from rbm_sim.units import cumulants
from rbm_sim.units.base import Unit


@dataclass(frozen=True, eq=False)
class Mixture(Unit):
    """Units x = √Ω ε + √(1 − Ω) g, ε a random sign and g normal, in a field I at temperature T.

    The prior P₀ does not depend on T: U(x) = −T ln P₀(x), and P(x | I) ∝ P₀(x) exp(I x/T). Then x is normal with
    mean √Ω ε + (1 − Ω) I/T and variance 1 − Ω, and P(ε = 1) = σ(2√Ω I/T).

    Parameters
    ----------
    Omega : float
        Weight of the sign, in [0, 1).

    Raises
    ------
    ValueError
        If `Omega` is not in [0, 1).

    Notes
    -----
    A potential that depends on T gives a state no energy, and there is no limit T → 0: `potential`, `mode`,
    `ground` and `curvature` raise ValueError.

    References
    ----------
    A. Barra, G. Genovese, P. Sollich and D. Tantari, Phys. Rev. E 97, 022310 (2018).

    Examples
    --------
    >>> import numpy as np
    >>> float(Mixture(0.5).variance(np.array(0.0)))
    1.0
    """

    Omega: float = 0.5
    has_jump: ClassVar[bool] = True

    def __repr__(self) -> str:
        return shown.fields(self)

    def __post_init__(self) -> None:
        object.__setattr__(self, "Omega", check.number("Omega", self.Omega, at_least=0, below=1))

    @property
    def offset(self) -> float | np.ndarray:
        return 0.0

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        if np.any(offset):
            raise ValueError("Mixture units take no field from outside")
        return self

    @property
    def domain(self) -> str:
        return "the real numbers"

    def contains(self, x: np.ndarray) -> bool:
        return True

    def potential(self, x: np.ndarray) -> np.ndarray:
        raise ValueError("Mixture units have a potential that depends on T: the energy of a state is not defined")

    def mean_potential(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        return self.potential(I)

    def mode(self, I: np.ndarray) -> np.ndarray:
        raise ValueError("T = 0: the prior of Mixture units has no such limit; T > 0 is needed")

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return self.mode(I)

    def ground(self, I: np.ndarray) -> np.ndarray:
        return self.mode(I)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        x = I / T
        z = math.sqrt(self.Omega) * x
        return (1 - self.Omega) * x * x / 2 + np.logaddexp(z, -z) - math.log(2)

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        a = math.sqrt(self.Omega)
        of_sign = a * np.tanh(a * y / T) if order == 1 else a**order * cumulants.spin(a * y / T, order)
        rest = {1: (1 - self.Omega) * y / T, 2: np.full_like(y, 1 - self.Omega)}
        return of_sign + rest.get(order, 0.0)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        from scipy.special import expit, ndtr

        a, width = math.sqrt(self.Omega), math.sqrt(1 - self.Omega)
        middle, up = (1 - self.Omega) * I / T, expit(2 * a / T * I)
        return up * ndtr((x - middle - a) / width) + (1 - up) * ndtr((x - middle + a) / width)

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        a, dtype = math.sqrt(self.Omega), y.dtype.type
        y /= np.asarray(T, y.dtype)
        with np.errstate(over="ignore"):
            up = random.uniform(rng, y.shape, y.dtype) * (1 + np.exp(dtype(-2 * a) * y)) <= 1
        x = random.normal(rng, y.shape, y.dtype) * dtype(math.sqrt(1 - self.Omega))
        x += dtype(1 - self.Omega) * y
        x += np.where(up, dtype(a), dtype(-a))
        return x
