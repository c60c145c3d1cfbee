"""What a retrieval study gave, and its summary: samples that left the pattern are counted apart."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rbm_sim import _check

LOST_BELOW = 0.7  # of the overlap that the start state has
MEASURED = ("m", "q", "r", "m_tilde", "L_hat", "g")


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


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What retrieval gave at one size and load; every array has one entry per sample.

    Parameters
    ----------
    N, M : int
        Numbers of visible units and of patterns.
    alpha : float
        The load that was asked for; the load of the machines is M/N.
    dynamics : str
        "single-unit" or "alternating".
    m_start : ndarray of float, shape (samples,)
        Overlap with its patterns of the state that they ask for, before noise: the mean over them.
    m, q, r : ndarray of float, shape (samples,)
        Order parameters of the final states, m the mean over the patterns of the start.
    m_tilde : ndarray of float, shape (samples,)
        Rescaled overlaps m̃.
    L_hat : ndarray of float, shape (samples,)
        Participation ratios of the hidden units, with a = 3.
    g : ndarray of float, shape (samples,)
        Field on the visible units.
    sweeps, moves : ndarray of int, shape (samples,)
        Length of the dynamics.
    converged : ndarray of bool, shape (samples,)
        Whether it reached a fixed point.
    """

    N: int
    M: int
    alpha: float
    dynamics: str
    m_start: np.ndarray
    m: np.ndarray
    q: np.ndarray
    r: np.ndarray
    m_tilde: np.ndarray
    L_hat: np.ndarray
    g: np.ndarray
    sweeps: np.ndarray
    moves: np.ndarray
    converged: np.ndarray

    @property
    def lost(self) -> np.ndarray:
        """Which samples left the pattern: m < 0.7 × `m_start`, shape (samples,)."""
        return self.m < LOST_BELOW * self.m_start

    @property
    def lost_fraction(self) -> float:
        """Fraction of the samples that left the pattern."""
        return float(self.lost.mean())

    def estimate(self, name: str, *, of: str = "kept") -> Estimate:
        """Mean and standard error of a measured quantity over samples.

        Parameters
        ----------
        name : str
            "m", "q", "r", "m_tilde", "L_hat" or "g".
        of : str
            "kept" (samples that did not leave the pattern), "lost" or "all".

        Returns
        -------
        Estimate
            Mean, standard error and number of samples.

        Raises
        ------
        ValueError
            If `name` or `of` is unknown.
        """
        values = getattr(self, _check.choice("name", name, MEASURED))
        of = _check.choice("of", of, ("kept", "lost", "all"))
        if of != "all":
            values = values[self.lost if of == "lost" else ~self.lost]
        return estimate(values)


def estimate(values: Any) -> Estimate:
    """Mean and its standard error, s/√n with s² = Σ (x − x̄)²/(n − 1).

    Parameters
    ----------
    values : array_like, shape (n,)
        One value per sample.

    Returns
    -------
    Estimate
        Mean, standard error and n.
    """
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
