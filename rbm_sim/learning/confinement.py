"""Weights between two continuous layers kept where their law exists, by what the data allow at most.

Two Gaussian layers of unit variances have a joint law while all singular values of w are below 1, and in a direction
of singular value s the visible units have the variance 1/(1 − s²). No machine of largest likelihood has more variance
than the data in any direction; noise of the chains may push the weights there, and beyond.
"""

from __future__ import annotations

import numpy as np

from rbm_sim.units import Gaussian, ReLU, Unit

ROOM = 2.0
"""Variance that a machine may have, over the largest variance of the data of a batch in any direction."""


def largest_variance(u: np.ndarray) -> float:
    """Largest mean square of the data along any direction.

    Parameters
    ----------
    u : ndarray, shape (n, N)
        Data, measured from their means.

    Returns
    -------
    float
        Largest eigenvalue of uᵀu/n.
    """
    gram = u @ u.T if len(u) < u.shape[1] else u.T @ u
    return float(np.linalg.eigvalsh(gram.astype(float))[-1]) / len(u)


def confine(w: np.ndarray, hidden: Unit, variance: float) -> None:
    """Bring weights back, in place, to where the variance in every direction is at most `ROOM` times the given one.

    Singular values of machines of Gaussian hidden units are cut; all weights of one of ReLU units shrink until the
    largest eigenvalue of the positive part of wᵀw, at which such a machine is known to have a law, is low enough.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights to visible units of unit variance.
    hidden : Unit
        Hidden units; two-valued ones need no bound.
    variance : float
        From `largest_variance`.
    """
    if not isinstance(hidden, Gaussian | ReLU) or not np.isfinite(w).all():
        return
    most = 1 - 1 / (ROOM * max(variance, 1.0))
    gram = (w.T @ w).astype(float)
    if isinstance(hidden, ReLU):
        np.maximum(gram, 0, out=gram)
    squares, vectors = np.linalg.eigh(gram)
    if squares[-1] <= most:
        return
    if isinstance(hidden, ReLU):
        w *= np.float32(np.sqrt(most / squares[-1]))
        return
    kept = np.sqrt(np.minimum(squares, most) / np.maximum(squares, np.finfo(float).tiny))
    w[...] = w @ (vectors * kept @ vectors.T).astype(np.float32)
