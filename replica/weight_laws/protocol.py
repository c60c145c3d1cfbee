"""What is asked of a law of weights."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law

__all__ = ["WeightLaw"]


@runtime_checkable
class WeightLaw(Protocol):
    """What is asked of a law of weights."""

    @property
    def variance(self) -> float:
        """Variance of an entry, > 0; the mean is 0."""

    def sum_of(self, L: int) -> Law:
        """Law of the sum of L independent entries: values, each with its probability and the variance of a normal part.

        Parameters
        ----------
        L : int
            Number of entries, ≥ 1.

        Returns
        -------
        Law
            In increasing order of the values.
        """

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray:
        """Independent entries.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random numbers.
        shape : tuple of int
            How many.

        Returns
        -------
        array
            Of this shape, in double precision.
        """
