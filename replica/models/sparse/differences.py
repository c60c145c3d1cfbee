"""What the Gaussian's mean over an interval, and at its ends, differs by from its value in the middle.

Close to C = 1 the overlap and the response cancel but for such differences: with u± = u ± δ

    [Φ(u₊) − Φ(u₋)]/2δ − φ(u) = φ(u) Σ_j δ^{2j} He_{2j}(u)/(2j+1)!,
    [φ(u₊) + φ(u₋)]/2 − φ(u) = φ(u) Σ_j δ^{2j} He_{2j}(u)/(2j)!,   j ≥ 1
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["even_differences"]

NEAR = 0.4
"""δ(1 + |u|) below which the series are summed."""
MOST = 18
"""Order δ^n to which they are summed."""
SQRT_2PI = math.sqrt(2 * math.pi)


def even_differences(low: NDArray, middle: NDArray, high: NDArray, step: NDArray) -> tuple[NDArray, NDArray]:
    """Both differences, to about 1e-14 of the larger terms of the series however small they are.

    Parameters
    ----------
    low, middle, high, step : array, of one shape
        u₋, u, u₊ and δ > 0. The ends may be known better than u ± δ is.

    Returns
    -------
    mean, ends : array
        The differences of the mean and of the ends from φ(u).
    """
    with np.errstate(all="ignore"):
        near = step * (1 + np.abs(middle)) < NEAR
        if near.all():
            return _by_series(middle, step)
        mean, ends = _plainly(low, middle, high, step)
        if near.any():
            mean[near], ends[near] = _by_series(middle[near], step[near])
    return mean, ends


def _density(u: NDArray) -> NDArray:
    return np.exp(-0.5 * u * u) / SQRT_2PI


def _plainly(low: NDArray, middle: NDArray, high: NDArray, step: NDArray) -> tuple[NDArray, NDArray]:
    """The differences as such, Φ(u₊) − Φ(u₋) from the side on which both are small."""
    from scipy.special import ndtr

    far, density = low > 0, _density(middle)
    share = ndtr(np.where(far, -low, high)) - ndtr(np.where(far, -high, low))
    return share / (2 * step) - density, 0.5 * (_density(high) + _density(low)) - density


def _by_series(u: NDArray, step: NDArray) -> tuple[NDArray, NDArray]:
    """The series, by the recursion (n + 1) h_{n+1} = δu h_n − δ² h_{n−1} of h_n = δⁿ He_n(u)/n!."""
    square, slope = step * step, step * u
    before, term = slope, 0.5 * (slope * slope - square)
    mean, ends = term / 3, term.copy()
    for n in range(2, MOST, 2):
        before = (slope * term - square * before) / (n + 1)
        term = (slope * before - square * term) / (n + 2)
        mean += term / (n + 3)
        ends += term
        if not (np.abs(term) > 1e-17 * np.abs(ends)).any():
            break
    density = _density(u)
    return density * mean, density * ends
