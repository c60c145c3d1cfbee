"""From finite machines to N → ∞: crossings and extrapolation, each with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.statistics.estimates import Estimate

EXPONENTS = (1 / 2, 2 / 3)
"""How a critical load may tend to its limit, N^{-x}: as the scatter of the disorder, or as a fold with noise."""


class Extrapolation(NamedTuple):
    """Limit for N → ∞.

    Attributes
    ----------
    value : float
        The limit: the mean of the fits with the exponents ½ and ⅔, weighted by exp(−χ²/2).
    stderr : float
        Its standard error, from the errors of the points.
    systematic : float
        The spread of the two fits about that mean, with the same weights: what the exponent leaves open.
    chi2 : tuple of float
        χ² of the two fits, with n − 2 degrees of freedom.
    """

    value: float
    stderr: float
    systematic: float
    chi2: tuple[float, float]

    @property
    def uncertainty(self) -> float:
        """Both errors together, √(stderr² + systematic²)."""
        return math.hypot(self.stderr, self.systematic)


def extrapolate(sizes: Sequence[int], values: Sequence[float], errors: Sequence[float]) -> Extrapolation:
    """Limit of a quantity that deviates from it by c N^{-x}, with x = ½ and ⅔.

    Parameters
    ----------
    sizes : sequence of int
        N, at least two different ones.
    values, errors : sequence of float
        The quantity at each N and its standard error, > 0.

    Returns
    -------
    Extrapolation
        The limit N → ∞, with its statistical error and what the exponent leaves open.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or an error is not positive.
    """
    given = {"sizes": sizes, "values": values, "errors": errors}
    N, y, sigma = (check.real_array(name, x, float) for name, x in given.items())
    if not (N.ndim == 1 and len(N) >= 2 and N.shape == y.shape == sigma.shape and len(set(N)) == len(N)):
        raise ValueError(f"sizes = {list(sizes)}: must be at least two different N, each with a value and an error")
    if not (N > 0).all():
        raise ValueError(f"sizes = {list(sizes)}: must be > 0")
    if not (sigma > 0).all():
        raise ValueError(f"errors = {list(errors)}: must be > 0")
    fits = [_line(N**-x, y, sigma) for x in EXPONENTS]
    chi2 = tuple(fit[2] for fit in fits)
    likelihoods = np.exp(-(np.array(chi2) - min(chi2)) / 2)
    weights = likelihoods / likelihoods.sum()
    limits = np.array([fit[0] for fit in fits])
    value = float(weights @ limits)
    stderr = float(weights @ [fit[1] for fit in fits])
    return Extrapolation(value, stderr, math.sqrt(float(weights @ (limits - value) ** 2)), chi2)  # type: ignore[arg-type]


def _line(x: np.ndarray, y: np.ndarray, sigma: np.ndarray) -> tuple[float, float, float]:
    """Weighted straight line: its value at x = 0, the standard error of that, and χ²."""
    design = np.stack([np.ones_like(x), x], axis=1) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    coefficients = covariance @ design.T @ (y / sigma)
    chi2 = float((((y - coefficients[0] - coefficients[1] * x) / sigma) ** 2).sum())
    return float(coefficients[0]), math.sqrt(covariance[0, 0]), chi2


def crossing(small: ArrayLike, large: ArrayLike, *, resamples: int = 400, rng: Seed = 0) -> Estimate:
    """Load at which two sizes retrieve with the same probability.

    With critical loads of mean μ and width σ the fraction that retrieves is Φ((μ − α)/σ), and two of them are
    equal at α = (μ₁σ₂ − μ₂σ₁)/(σ₂ − σ₁). If deviations are a function of (α − α_c)√N alone, that is α_c.

    Parameters
    ----------
    small, large : array_like, shape (n,)
        Critical loads of machines of two sizes.
    resamples : int
        Bootstrap samples for the error.
    rng : None, int, SeedSequence or Generator
        Random numbers of the bootstrap.

    Returns
    -------
    Estimate
        The crossing, its standard error and the smaller number of machines; nan without two widths.

    Raises
    ------
    ValueError
        If a load is not finite.
    """
    a, b = (check.real_array(name, x, float) for name, x in {"small": small, "large": large}.items())
    if min(a.size, b.size) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Estimate(math.nan, math.nan, min(a.size, b.size))
    rng = random.generator(rng)
    drawn = [_crossing(*(x[rng.integers(0, x.size, (resamples, x.size))] for x in (a, b)))]
    low, high = np.nanpercentile(drawn, [15.87, 84.13])  # a width that happens to be equal makes a far outlier
    return Estimate(float(_crossing(a, b)), float(high - low) / 2, min(a.size, b.size))


def _crossing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mean, width = [x.mean(axis=-1) for x in (a, b)], [x.std(axis=-1, ddof=1) for x in (a, b)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (mean[0] * width[1] - mean[1] * width[0]) / (width[1] - width[0])
