"""Means over samples and their errors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check


class Estimate(NamedTuple):
    """Mean over samples with its standard error.

    Attributes
    ----------
    mean : float
        Mean; nan without samples.
    stderr : float
        Standard error of the mean, from the scatter of the samples; nan for fewer than two.
    n : int
        Number of samples.
    """

    mean: float
    stderr: float
    n: int


def estimate(values: ArrayLike) -> Estimate:
    """Mean and its standard error, s/√n with s² = Σ (x − x̄)²/(n − 1).

    Parameters
    ----------
    values : array_like, shape (n,)
        One value per sample.

    Returns
    -------
    Estimate
        Mean x̄, its standard error and the number n of samples; nan where n is too small for them.
    """
    check.refuse_masked("values", values)
    x = np.asarray(values, dtype=float)
    mean = float(x.mean()) if x.size else math.nan
    stderr = float(x.std(ddof=1) / math.sqrt(x.size)) if x.size > 1 else math.nan
    return Estimate(mean, stderr, x.size)


def fraction_error(count: int, n: int) -> float:
    """Standard error of a fraction count/n, √(p(1 − p)/(n + 2)) with p = (count + ½)/(n + 1): not 0 at 0 or n of n.

    Parameters
    ----------
    count, n : int
        How many of how many.

    Returns
    -------
    float
        Standard deviation of the posterior law under the prior of Jeffreys.
    """
    p = (count + 0.5) / (n + 1)
    return math.sqrt(p * (1 - p) / (n + 2))
