"""What a unit is described by: its law in a field, its averages over a Gaussian field."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = ["FieldAverages", "UnitInField", "UnitLaw", "check_increasing", "finite", "summed_law"]


class UnitLaw(NamedTuple):
    """A unit at inputs I: T ln Tr exp{…/T}, the mean of x and its central moments."""

    work: Any
    mean: Any
    variance: Any
    third: Any
    fourth: Any


def check_increasing(name: str, values: Any) -> None:
    """Refuse what is no tuple of two or more increasing numbers.

    Parameters
    ----------
    name : str
        What to call it.
    values : object
        The values.

    Raises
    ------
    ValueError
        If it is not.
    """
    numbers = isinstance(values, (tuple, list)) and all(isinstance(v, (int, float, np.number)) for v in values)
    if not numbers or len(values) < 2 or not all(a < b for a, b in pairwise(values)):
        raise ValueError(f"{name} = {values!r}: two or more increasing numbers are needed")


def summed_law(exponent: Any, x: Any, T: Any) -> UnitLaw:
    """Law whose weights are e^exponent on values x, along the last axis; `exponent` is overwritten."""
    top = np.real(exponent).max(axis=-1, keepdims=True)
    exponent -= top
    weight = np.exp(exponent, out=exponent)
    middle = (x[0] + x[-1]) / 2
    sums = weight @ np.vander(x - middle, 5, increasing=True)
    norm = sums[..., 0]
    m1, m2, m3, m4 = (sums[..., k] / norm for k in range(1, 5))
    square = m1 * m1
    law = [m1 + middle, m2 - square, m3 - m1 * (3 * m2 - 2 * square), m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * square))]
    # narrow laws far from the middle: central moments one by one
    narrow = ~(np.real(square) < CANCELS * np.real(law[1]))
    if narrow.any():
        d = x - law[0][narrow][:, None]
        moment = weight[narrow] * d
        for k in range(1, 4):
            moment *= d
            law[k][narrow] = moment.sum(axis=-1) / norm[narrow]
    return UnitLaw(T * (top[..., 0] + np.log(norm)), *law)


CANCELS = 100.0
"""Square of a mean over the variance up to which the variance is left as a difference."""


def finite(name: str, value: Any) -> float:
    """Return a parameter as a float, or raise ValueError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, (bool, str)) or not math.isfinite(number):
        raise ValueError(f"{name} = {value!r}: a finite number is needed")
    return number


class FieldAverages(NamedTuple):
    """Averages over z, of shape S; nan where the unit has no law, or where T is too low for a sum over z."""

    work: Any
    """K = T⟨ln Tr exp{(I x + c x²/2 − U)/T}⟩; at T = 0 the mean of the maximum."""
    M: Any
    """Mean of ⟨x⟩."""
    Q: Any
    """Mean of ⟨x⟩²."""
    chi: Any
    """Mean response β var = (1/s) ∂K/∂s."""
    V: Any
    """Mean of (β var)², of the replicon; inf at T = 0 where x jumps."""
    slopes: Any
    """Derivatives of (M, Q, χ) by (h, s, c), shape (3, 3) + S."""


class UnitInField(Protocol):
    """What a quadrature over the Gaussian field asks of a unit."""

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Law at inputs I, self-coupling c."""

    def spread(self, c: Any, T: Any) -> Any:
        """Largest standard deviation of x over all inputs."""

    def corners(self, c: Any, T: Any) -> Any:
        """Inputs at which the mean bends within a narrow strip."""
