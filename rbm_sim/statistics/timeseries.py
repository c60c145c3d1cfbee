"""Averages of correlated series: integrated autocorrelation times, and the standard errors that follow.

The autocovariance is pooled over all chains, around their common mean,

    Γ(t) = ⟨(x_s − x̄)(x_{s+t} − x̄)⟩,   τ = ½ + Σ_{t ≥ 1} Γ(t)/Γ(0),   (stderr of x̄)² = 2 τ Γ(0)/n,

so that independent numbers have τ = ½, and chains that stay apart have a Γ that does not decay.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown

WINDOW = 5.0
"""The sum runs to a lag W >= WINDOW × τ at least: what is left out of an exponential is e⁻⁵ of it."""

_SHORTEST = 4  # lags, an even number: half a period more of an alternating series is on the safe side
_GROWS = 2.0  # standard deviations that further lags may add to τ, or the window gets longer
_DISAGREE = 1e-4  # probability of a scatter of the chains as large as it is, below which it counts instead of τ
_ENOUGH = 20  # windows, 2W + 1 steps each, that a reliable standard error rests on


class Average(NamedTuple):
    """Mean of an observable over chains and steps. Numbers, or arrays if it has several components.

    Attributes
    ----------
    mean : float or ndarray
        Mean.
    stderr : float or ndarray
        Its standard error; nan for a single chain that is too short to tell, and for short
        ones whose means are all the same.
    tau : float or ndarray
        Integrated autocorrelation time in recorded steps, ½ for independent numbers.
    ess : float or ndarray
        Effective sample size n/(2τ), the number of independent values that give the same standard error.
    n : int
        Number of values, steps × chains.
    reliable : bool or ndarray of bool
        False where the autocorrelation is too long for the series, or the chains differ by more than it allows.
        The standard error is then that of the scatter between chains, as far as there are several: right if
        they have forgotten their start, which such a series cannot show.
    """

    mean: float | np.ndarray
    stderr: float | np.ndarray
    tau: float | np.ndarray
    ess: float | np.ndarray
    n: int
    reliable: bool | np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


def average(x: ArrayLike) -> Average:
    """Mean over chains and steps with the standard error (2 τ Γ(0)/n)^{1/2}.

    Parameters
    ----------
    x : array_like, shape (steps,), (steps, chains) or (steps, chains, ...)
        The observable in the order of time, in one or several independent chains of the same law.

    Returns
    -------
    Average
        Mean, standard error, τ, effective sample size; for a constant series 0, ½ and n.

    Raises
    ------
    ValueError
        If `x` is empty or not an array of finite numbers.

    Notes
    -----
    The window is Sokal's, W >= 5 τ(W), and at least 4. That is too short where a slow mode has a small share of Γ:
    3 % of a mode that lives for 12 steps are a third of τ. So it is made longer while the lags up to 2W, 4W or 8W
    would add more than twice their own noise; what is left out is no more than about the error of τ. It has to fit
    into half of a series, 2(2W + 1) <= steps; else, or if the means of the chains scatter more than τ explains (with
    probability < 1e-4, by an F test), the standard error comes from that scatter, and τ from the standard error. Γ
    around an estimated mean is too small by the variance of that mean; this is corrected to first order. The standard
    error has a relative error of about ((2W + 1)/(2n))^{1/2}; `reliable` asks for n >= 20 (2W + 1), or 200 τ.

    References
    ----------
    A. Sokal, in Functional Integration: Basics and Applications (Plenum, 1997), p. 131;
    N. Madras and A. Sokal, J. Stat. Phys. 50, 109 (1988);
    U. Wolff, Comput. Phys. Commun. 156, 143 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> from rbm_sim import timeseries
    >>> result = timeseries.average(np.random.default_rng(0).normal(size=(1000, 4)))
    >>> round(result.stderr, 3), round(result.tau, 1), result.reliable
    (0.016, 0.5, True)
    """
    x = check.real_array("x", x, np.float64)
    if x.size == 0 or x.ndim == 0:
        raise ValueError(f"x has shape {x.shape}: must be (steps, chains, ...), all at least 1")
    if x.ndim == 1:
        x = x[:, None]
    n = x.shape[0] * x.shape[1]
    components = x.reshape(*x.shape[:2], -1)
    results = [_one(components[:, :, j]) for j in range(components.shape[2])]
    columns = [np.array(column).reshape(x.shape[2:]) for column in zip(*results, strict=True)]
    mean, stderr, tau, ess, reliable = columns if x.ndim > 2 else results[0]
    return Average(mean, stderr, tau, ess, n, reliable)


def autocorrelation_time(x: ArrayLike) -> float | np.ndarray:
    """Integrated autocorrelation time τ = ½ + Σ_{t ≥ 1} Γ(t)/Γ(0), pooled over chains; see `average`.

    Parameters
    ----------
    x : array_like, shape (steps,), (steps, chains) or (steps, chains, ...)
        The observable in the order of time.

    Returns
    -------
    float or ndarray
        τ in steps; nan for a single chain that is too short to tell.

    Raises
    ------
    ValueError
        If `x` is empty or not an array of finite numbers.
    """
    return average(x).tau


def effective_sample_size(x: ArrayLike) -> float | np.ndarray:
    """Effective sample size n/(2τ) of all chains together; see `average`.

    Parameters
    ----------
    x : array_like, shape (steps,), (steps, chains) or (steps, chains, ...)
        The observable in the order of time.

    Returns
    -------
    float or ndarray
        The number of independent values that give the same standard error; nan for a single chain that is too
        short to tell.

    Raises
    ------
    ValueError
        If `x` is empty or not an array of finite numbers.
    """
    return average(x).ess


def _one(x: np.ndarray) -> tuple[float, float, float, float, bool]:
    """Mean, standard error, τ, effective sample size and `reliable` of one component, shape (steps, chains)."""
    if np.ptp(x) == 0:
        return float(x[0, 0]), 0.0, 0.5, float(x.size), True
    mean = float(x.mean())
    gamma = _autocovariance(x - mean)
    error, degrees = _by_autocorrelation(gamma, *x.shape)
    reliable = degrees >= _ENOUGH
    if x.shape[1] > 1:
        scatter = float(x.mean(axis=0).var(ddof=1)) / x.shape[1]
        if math.isnan(error) or _too_large(scatter, error, x.shape[1] - 1, degrees):
            error, reliable = scatter, False
    if not error > 0:  # also where the means of a few chains agree exactly, which tells nothing
        return mean, math.nan, math.nan, math.nan, False
    ess = float(gamma[0] + error) / error
    return mean, math.sqrt(error), x.size / (2 * ess), ess, reliable


def _by_autocorrelation(gamma: np.ndarray, steps: int, chains: int) -> tuple[float, float]:
    """Square of the standard error, and of how many independent windows; nan and 0 for too short a series."""
    tau = np.cumsum(gamma / gamma[0]) - 0.5
    closed = np.flatnonzero(np.arange(steps) >= np.maximum(WINDOW * tau, _SHORTEST))
    if not closed.size:
        return math.nan, 0.0
    W = int(closed[0])
    while 2 * (width := 2 * W + 1) <= steps and _grows(tau, W, chains):
        W += W // 4
    if 2 * width > steps or tau[W] <= 0:
        return math.nan, 0.0
    return float(2 * tau[W] * gamma[0]) / (steps * chains - width), steps * chains / width


def _grows(tau: np.ndarray, W: int, chains: int) -> bool:
    """Whether the sum of Γ grows beyond the lag W, up to 2W, 4W or 8W, by more than the noise of what is added.

    The variance of a sum over k lags is 4 τ² k/n, n the number of pairs of values, after Madras and Sokal.
    """
    steps = len(tau)
    further = np.minimum(W * np.array([2, 4, 8]), steps // 2)
    noise = 2 * abs(tau[W]) * np.sqrt((further - W) / (chains * (steps - further)))
    return bool(np.any(tau[further] - tau[W] > _GROWS * noise))


def _too_large(scatter: float, error: float, chains: float, windows: float) -> bool:
    """Whether the chains scatter more than the autocorrelation allows, by an F test."""
    from scipy.special import fdtrc

    return bool(fdtrc(chains, windows, scatter / error) < _DISAGREE)


def _autocovariance(x: np.ndarray) -> np.ndarray:
    """Γ(t), t < steps, of series of mean 0, averaged over the chains, by fast Fourier transform."""
    from scipy import fft

    steps, chains = x.shape
    size = fft.next_fast_len(2 * steps - 1, real=True)
    power = np.zeros(size // 2 + 1)
    for chain in x.T:
        transform = fft.rfft(chain, size)
        power += transform.real**2 + transform.imag**2
    return fft.irfft(power, size)[:steps] / (chains * np.arange(steps, 0, -1))
