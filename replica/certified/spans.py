"""Interval arithmetic on numpy arrays: pairs low ≤ high that contain the exact result, a box a component.

Balls (`replica.certified.balls`) are as narrow as one likes and slow; many thousand boxes are excluded with these
first. What is assumed: +, −, ×, ÷ and √ of IEEE double precision are correctly rounded, and numpy's exp and log are off
by four units in the last place at most. Every result is widened by as much.

R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis (SIAM, 2009).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["LIBRARY", "Span", "hull", "span", "weighted_sum", "widened"]

ULP = 2.0**-52
LIBRARY = 4 * ULP
"""Relative error allowed to exp and log of the library."""
LEAST = 1e-307
"""Absolute error allowed to a number so small that relative errors mean nothing."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Intervals [low, high], arrays of one shape."""

    low: NDArray
    high: NDArray

    # numpy leaves operators with an array on their left to this class
    __array_ufunc__: ClassVar[None] = None

    def __iter__(self) -> Iterator[NDArray]:
        return iter((self.low, self.high))

    def __add__(self, other: object) -> Span:
        right = span(other)
        return _out(self.low + right.low, self.high + right.high)

    __radd__ = __add__

    def __neg__(self) -> Span:
        return Span(-self.high, -self.low)

    def __sub__(self, other: object) -> Span:
        return self + (-span(other))

    def __rsub__(self, other: object) -> Span:
        return span(other) + (-self)

    def __mul__(self, other: object) -> Span:
        right = span(other)
        return _hull_of(
            self.low * right.low, self.low * right.high, self.high * right.low, self.high * right.high, empty=0.0
        )

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Span:
        right = span(other)
        found = _hull_of(
            self.low / right.low, self.low / right.high, self.high / right.low, self.high / right.high, empty=np.nan
        )
        # 0 in the divisor, or ∞/∞: nothing is known
        lost = ((right.low <= 0) & (right.high >= 0)) | np.isnan(found.low) | np.isnan(found.high)
        return Span(np.where(lost, -np.inf, found.low), np.where(lost, np.inf, found.high))

    def __rtruediv__(self, other: object) -> Span:
        return span(other) / self

    def exp(self) -> Span:
        """Exponential function."""
        return widened(np.exp(self.low), np.exp(self.high), LIBRARY, positive=True)

    def log(self) -> Span:
        """Natural logarithm, −∞ where the interval reaches 0 or below."""
        low, high = np.log(np.maximum(self.low, 0.0)), np.log(np.maximum(self.high, 0.0))
        down, up = low - np.abs(low) * LIBRARY - LEAST, high + np.abs(high) * LIBRARY + LEAST
        return Span(np.where(np.isnan(down), -np.inf, down), np.where(np.isnan(up), np.inf, up))

    def sqrt(self) -> Span:
        """Square root of what is not negative."""
        found = _out(np.sqrt(np.maximum(self.low, 0.0)), np.sqrt(np.maximum(self.high, 0.0)))
        return Span(np.maximum(found.low, 0.0), found.high)

    def meet(self, other: Span) -> Span:
        """Intersection of two enclosures of the same thing."""
        # a bound that is not a number is none
        return Span(np.fmax(self.low, other.low), np.fmin(self.high, other.high))

    def take(self, index: NDArray | slice) -> Span:
        """Components with an index."""
        return Span(self.low[index], self.high[index])

    def wide(self) -> Span:
        """The same with a further last axis, that of the law of W."""
        return Span(self.low[..., None], self.high[..., None])

    @property
    def size(self) -> NDArray:
        """Largest absolute value."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @property
    def without_zero(self) -> NDArray:
        """Whether an interval does not contain 0."""
        return (self.low > 0) | (self.high < 0)


def span(value: object) -> Span:
    """An interval, or a number or array as one of no width."""
    if isinstance(value, Span):
        return value
    array = np.asarray(value, dtype=float)
    return Span(array, array)


def hull(*parts: Span) -> Span:
    """Smallest intervals that hold several."""
    low, high = parts[0]
    for part in parts[1:]:
        low, high = np.minimum(low, part.low), np.maximum(high, part.high)
    return Span(low, high)


def widened(low: NDArray, high: NDArray, relative: float | NDArray, positive: bool = False) -> Span:
    """Interval widened by a relative error, and by the smallest numbers.

    Parameters
    ----------
    low, high : array
        Computed ends.
    relative : float or array
        Largest relative error of each.
    positive : bool
        Whether the exact values are known not to be negative.

    Returns
    -------
    Span
        Contains what low and high are approximations of.
    """
    with np.errstate(invalid="ignore"):
        down, up = low - np.abs(low) * relative - LEAST, high + np.abs(high) * relative + LEAST
    # ∞ times a relative error that is ∞
    down = np.where(np.isnan(down), 0.0 if positive else -np.inf, down)
    up = np.where(np.isnan(up), np.inf, up)
    found = _out(down, up)
    return Span(np.maximum(found.low, 0.0), found.high) if positive else found


def weighted_sum(weight: NDArray, values: Span) -> Span:
    """Σ_j P_j x_j over the last axis, for weights that are off by a relative ulp at most.

    In whatever order n terms are added, the error is below n ulp times the sum of their sizes.

    Parameters
    ----------
    weight : array, shape (J,)
        P_j.
    values : Span, shape (…, J)
        x_j.

    Returns
    -------
    Span
        The sum, shape (…).
    """
    error = (len(weight) + 4) * ULP
    sizes = np.abs(weight)
    # an end belongs to the other end of x where the weight is negative
    up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
    low = values.low @ up + values.high @ down
    high = values.high @ up + values.low @ down
    slack = error * (values.size @ sizes) + LEAST
    return _out(low - slack, high + slack)


def _out(low: NDArray, high: NDArray) -> Span:
    with np.errstate(invalid="ignore"):
        return Span(
            np.where(np.isnan(low), -np.inf, np.nextafter(low, -np.inf)),
            np.where(np.isnan(high), np.inf, np.nextafter(high, np.inf)),
        )


def _hull_of(*products: NDArray, empty: float) -> Span:
    parts = [np.where(np.isnan(x), empty, x) for x in products] if empty == 0.0 else list(products)
    low = np.minimum(np.minimum(parts[0], parts[1]), np.minimum(parts[2], parts[3]))
    high = np.maximum(np.maximum(parts[0], parts[1]), np.maximum(parts[2], parts[3]))
    return Span(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))
