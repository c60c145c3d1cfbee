"""Weights between two continuous layers kept where their law exists, by what the data allow at most.

Two Gaussian layers of unit variances have a joint law while all singular values of w are below 1, and in a direction
of singular value s the visible units have the variance 1/(1 − s²). No machine of largest likelihood has more variance
than the data in any direction; noise of the chains may push the weights there, and beyond.
"""

from __future__ import annotations

import math

import numpy as np

from rbm_sim.units import DReLU, Gaussian, ReLU, Unit

ROOM = 2.0
"""Variance that a machine may have, over the largest variance of the data in any direction."""
ENOUGH = 2000
"""Data from which that is taken, at the beginning of an epoch."""
ROUNDS = 3
"""Attempts to shrink the weights of the ReLU units concerned, before all are shrunk."""
ITERATIONS = 10
FLOOR = np.float32(1e-4)
"""Least part of a unit in the largest eigenvector."""


def largest_variance(u: np.ndarray) -> float:
    """Largest mean square of the data along any direction.

    Parameters
    ----------
    u : ndarray, shape (n, N)
        Data, measured from their means.

    Returns
    -------
    float
        Largest eigenvalue of uᵀu/n; ∞ if the data have become too large.
    """
    gram = u @ u.T if len(u) < u.shape[1] else u.T @ u
    if not np.isfinite(gram).all():
        return math.inf
    return float(np.linalg.eigvalsh(gram.astype(float))[-1]) / len(u)


def confine(w: np.ndarray, hidden: Unit, variance: float) -> None:
    """Bring weights back, in place, to where the variance in every direction is at most `ROOM` times the given one.

    Singular values of machines of Gaussian hidden units are cut, and those of w/√min(γ₊, γ₋) of double ReLU units;
    those of ReLU units shrink until the largest eigenvalue of the positive part of wᵀw, below 1 a sufficient condition
    for a law, is low enough.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights to visible units of unit variance.
    hidden : Unit
        Hidden units; two-valued ones need no bound.
    variance : float
        From `largest_variance`.
    """
    if not isinstance(hidden, Gaussian | ReLU | DReLU) or not np.isfinite(w).all():
        return
    if isinstance(hidden, DReLU):
        root = np.sqrt(hidden.softest).astype(w.dtype)
        w /= root
        confine(w, Gaussian(), variance)
        w *= root
        return
    most = 1 - 1 / (ROOM * max(variance, 1.0))
    if np.square(w, dtype=float).sum() <= most:
        return
    if isinstance(hidden, ReLU):
        _shrink(w, most)
        return
    squares, vectors = np.linalg.eigh(w.T.astype(float) @ w)
    wide = squares > most
    if wide.any():
        cut = 1 - np.sqrt(most / squares[wide])
        w -= ((w @ vectors[:, wide]) * cut @ vectors[:, wide].T).astype(np.float32)


def _shrink(w: np.ndarray, most: float) -> None:
    """Shrink the weights of ReLU units by their parts in the largest eigenvector until its eigenvalue is low enough."""
    for _ in range(ROUNDS):
        value, part = _largest(np.maximum(w.T @ w, 0))
        if value <= most:
            return
        w *= 1 - (1 - np.float32(math.sqrt(most / value))) * part
    w *= np.float32(math.sqrt(min(1.0, most / _largest(np.maximum(w.T @ w, 0))[0])))


def _largest(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """Bound of the largest eigenvalue of a matrix without negative entries, and its vector, the largest entry 1.

    After Collatz and Wielandt max_i (Ax)_i/x_i is a bound for every positive x, and the eigenvalue for its vector.
    """
    x = np.ones(len(matrix), matrix.dtype)
    for _ in range(ITERATIONS):
        x = matrix @ x
        x /= max(x.max(), np.finfo(x.dtype).tiny)
        x += FLOOR
    return float((matrix @ x / x).max()), x / x.max()
