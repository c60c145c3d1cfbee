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
    from scipy.special import ndtr

    with np.errstate(all="ignore"):
        density = np.exp(-0.5 * middle * middle) / SQRT_2PI
        # Φ(u₊) − Φ(u₋) from the side on which both are small
        far = low > 0
        share = ndtr(np.where(far, -low, high)) - ndtr(np.where(far, -high, low))
        at_ends = 0.5 * (np.exp(-0.5 * high * high) + np.exp(-0.5 * low * low)) / SQRT_2PI
        first, second = share / (2 * step) - density, at_ends - density
    near = step * (1 + np.abs(middle)) < NEAR
    if near.any():
        one, two = _even_terms(middle[near], step[near])
        first[near], second[near] = density[near] * one, density[near] * two
    return first, second


def _even_terms(u: NDArray, step: NDArray) -> tuple[NDArray, NDArray]:
    """Σ_j δ^{2j} He_{2j}(u)/(2j+1)! and Σ_j δ^{2j} He_{2j}(u)/(2j)!, j ≥ 1."""
    hermite = [np.ones_like(u), u]
    for n in range(1, 16):
        hermite.append(u * hermite[n] - n * hermite[n - 1])
    first, second = np.zeros_like(u), np.zeros_like(u)
    for j in range(8, 0, -1):
        term = hermite[2 * j] * step ** (2 * j)
        first += term / math.factorial(2 * j + 1)
        second += term / math.factorial(2 * j)
    return first, second
