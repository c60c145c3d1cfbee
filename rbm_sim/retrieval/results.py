"""What a retrieval study gave, and its summary: samples that left the pattern are counted apart."""

from dataclasses import dataclass

import numpy as np

from rbm_sim._support import check, shown
from rbm_sim.statistics.estimates import Estimate, estimate

LOST_BELOW = 0.7  # of the overlap that the start state has
MEASURED = ("m", "q", "r", "m_tilde", "L_hat", "g")


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Retrieval at one size and load; every array has one entry per sample.

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

    def __repr__(self) -> str:
        return shown.fields(self)

    @property
    def lost(self) -> np.ndarray:
        """Whether each sample left the pattern: m < 0.7 × `m_start`, shape (samples,)."""
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
        values = getattr(self, check.choice("name", name, MEASURED))
        of = check.choice("of", of, ("kept", "lost", "all"))
        if of != "all":
            values = values[self.lost if of == "lost" else ~self.lost]
        return estimate(values)
