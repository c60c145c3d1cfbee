"""Laws of the entries of weights: a few values, normal, a sign with a normal part, uniform."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.weight_laws.arguments import number, numbers, positive
from replica.weight_laws.density import of_density

__all__ = ["Normal", "SignNormal", "Uniform", "Values"]

ROUNDING = 1e-12
"""Distance, relative to the largest value, below which two sums are the same."""
MOST_VALUES = 20_000
NEGLIGIBLE = 1e-20
"""Probability below which values are left out."""


@dataclasses.dataclass(frozen=True)
class Values:
    """Entries of a few values.

    Parameters
    ----------
    values : sequence of float
        The values.
    probabilities : sequence of float
        Their probabilities, > 0, of sum 1; the mean must be 0.

    Examples
    --------
    >>> round(Values([-1, 0, 2], [0.4, 0.4, 0.2]).variance, 12)
    1.2
    """

    values: Sequence[float]
    probabilities: Sequence[float]

    def __post_init__(self) -> None:
        values = numbers("values", self.values)
        shares = numbers("probabilities", self.probabilities)
        if len(values) != len(shares):
            raise ValueError(f"probabilities: {len(values)} numbers are needed, one for each value")
        if min(shares) <= 0 or abs(math.fsum(shares) - 1) > 1e-9:
            raise ValueError(f"probabilities = {shares}: positive numbers of sum 1 are needed")
        shares = tuple(share / math.fsum(shares) for share in shares)
        mean = math.fsum(v * share for v, share in zip(values, shares, strict=True))
        if abs(mean) > 1e-9 * max(map(abs, values)):
            raise ValueError(
                f"values and probabilities have the mean {mean:.6g}: 0 is needed, a mean adds one more condensed "
                "direction and is another model"
            )
        if len(set(values)) < 2:
            raise ValueError(f"values = {values}: at least two that differ are needed")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "probabilities", shares)

    @property
    def variance(self) -> float:
        """Variance of an entry."""
        return math.fsum(v * v * share for v, share in zip(self.values, self.probabilities, strict=True))

    def sum_of(self, L: int) -> Law:
        """Law of the sum of L entries, by convolution; values that agree within rounding are one."""
        w, weight = np.zeros(1), np.ones(1)
        for _ in range(L):
            w = (w[:, None] + np.array(self.values)).ravel()
            weight = (weight[:, None] * np.array(self.probabilities)).ravel()
            w, weight = _merged(w, weight, ROUNDING * L * max(map(abs, self.values)))
            if len(w) > MOST_VALUES:
                raise ValueError(f"L = {L}: sums take more than {MOST_VALUES} values; give a smaller L")
        return Law(w, np.ones(len(w)), weight / weight.sum())

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
        """Independent entries."""
        return rng.choice(np.array(self.values), size=shape, p=self.probabilities)


@dataclasses.dataclass(frozen=True)
class Normal:
    """Normal entries.

    Parameters
    ----------
    variance : float
        Their variance, > 0.
    """

    variance: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "variance", positive("variance", self.variance))

    def sum_of(self, L: int) -> Law:
        """Law of the sum of L entries: one value, 0, and a normal part."""
        return Law(np.zeros(1), np.ones(1), np.ones(1), np.array([L * self.variance]))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
        """Independent entries."""
        return math.sqrt(self.variance) * rng.standard_normal(shape)


@dataclasses.dataclass(frozen=True)
class SignNormal:
    """Entries √Ω ε + √(1 − Ω) x, ε a random sign and x standard normal; variance 1.

    Parameters
    ----------
    omega : float
        Share Ω of the sign in the variance, in [0, 1]: 1 is a sign, 0 a normal entry.

    Notes
    -----
    A. Barra, G. Genovese, P. Sollich & D. Tantari, Phys. Rev. E 97, 022310 (2018).
    """

    omega: float

    def __post_init__(self) -> None:
        omega = number("omega", self.omega)
        if not 0 <= omega <= 1:
            raise ValueError(f"omega = {self.omega!r}: a number in [0, 1] is needed")
        object.__setattr__(self, "omega", omega)

    @property
    def variance(self) -> float:
        """1."""
        return 1.0

    def sum_of(self, L: int) -> Law:
        """Law of the sum of L entries: that of L signs, each with a normal part of variance L(1 − Ω)."""
        signs = Values((-1.0, 1.0), (0.5, 0.5)).sum_of(L) if self.omega else Law(np.zeros(1), np.ones(1), np.ones(1))
        spread = np.full(len(signs.w), L * (1 - self.omega))
        return signs._replace(w=math.sqrt(self.omega) * signs.w, normal=spread)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
        """Independent entries."""
        signs = math.sqrt(self.omega) * rng.choice([-1.0, 1.0], size=shape)
        return signs + math.sqrt(1 - self.omega) * rng.standard_normal(shape)


@dataclasses.dataclass(frozen=True)
class Uniform:
    """Entries uniform between ±√(3 variance).

    Parameters
    ----------
    variance : float
        Their variance, > 0.
    """

    variance: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "variance", positive("variance", self.variance))

    def sum_of(self, L: int) -> Law:
        """Law of the sum of L entries: its density is a spline."""
        from scipy.interpolate import BSpline

        width = math.sqrt(12 * self.variance)
        knots = width * (np.arange(L + 1) - L / 2)
        spline = BSpline.basis_element(knots, extrapolate=False)
        return of_density(knots, lambda w: np.nan_to_num(spline(w)) / width)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
        """Independent entries."""
        reach = math.sqrt(3 * self.variance)
        return rng.uniform(-reach, reach, shape)


def _merged(w: NDArray, weight: NDArray, tolerance: float) -> tuple[NDArray, NDArray]:
    """Values in increasing order, those within a tolerance as one, and without the improbable ones."""
    rank = np.argsort(w, kind="stable")
    w, weight = w[rank], weight[rank]
    first = np.concatenate([[0], np.nonzero(np.diff(w) > tolerance)[0] + 1])
    total = np.add.reduceat(weight, first)
    mean = np.add.reduceat(w * weight, first) / total
    keep = total > NEGLIGIBLE
    return mean[keep], total[keep]
