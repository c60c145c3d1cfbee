"""A learning rate from the curvature of the likelihood, and batches from the number of data.

The curvature of ln P along weights is the variance of Σ a_iμ v_i h_μ, the Fisher information. With v and h measured
from their means it is, where the layers are independent, at most

    λ_v λ_h,   the largest eigenvalues of the covariances of v and of h,

and steps of the gradient converge at rates below 2/(λ_v λ_h). Chains have to follow the machine, and a batch is a small
sample of the gradient, so that a fraction of it is taken. Units in {0, 1} and in {−1, 1} have covariances, and so
rates, in proportion. λ_v is that of the data, and at least the variance of one undecided unit. λ_h is taken from the
machine as it is now: continuous units grow as they learn, and the rate falls. Hidden units learn side by side and
become correlated, which counts where a layer is continuous and nothing bounds it; where units of both layers have two
values, and saturate, the largest variance of one of them is enough.

A gradient of few data is noisy, and where learning has ended the noise costs η Tr F/(4 batch) nats, F the information
and its trace that of the one covariance times that of the other: many hidden units and small batches need small rates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.units import Unit

FRACTION = 0.03
"""Rate, in units of 1/(λ_v λ_h)."""
OF_FIELDS = 0.5
"""Largest rate, in units of 1/λ_v and of 1/λ_h, which are the curvatures along the fields."""
LOSS = 0.02
"""Likelihood that noise of the gradient may cost, in nats for each visible unit."""
TINY = 1e-6
ENOUGH = 500
"""Data that covariances are taken from, spread over all of them."""
ITERATIONS = 30


def usual_batch(n: int) -> int:
    """Data in one step: a hundredth of them, but 10 to 100.

    Parameters
    ----------
    n : int
        Number of data.

    Returns
    -------
    int
        Batch size.
    """
    return min(100, max(10, n // 100))


class Spread(NamedTuple):
    """How much the units of a layer vary.

    Attributes
    ----------
    largest : float
        Largest variance λ, along any direction or of one unit.
    total : float
        Sum of the variances of all units.
    """

    largest: float
    total: float


def usual_rate(visible: Spread, hidden: Spread, N: int, batch: int) -> float:
    """Learning rate of centred gradients.

    Parameters
    ----------
    visible, hidden : Spread
        Those of the two layers.
    N : int
        Number of visible units.
    batch : int
        Data in one step.

    Returns
    -------
    float
        The smallest of 0.03/(λ_v λ_h), 0.5/λ_v, 0.5/λ_h and 4 × 0.02 N batch/(total_v total_h).
    """
    return min(
        FRACTION / (visible.largest * hidden.largest),
        OF_FIELDS / max(visible.largest, hidden.largest),
        4 * LOSS * N * batch / (visible.total * hidden.total),
    )


def some(data: np.ndarray) -> np.ndarray:
    """At most `ENOUGH` of the data, evenly spread.

    Parameters
    ----------
    data : ndarray, shape (n, N)
        Data.

    Returns
    -------
    ndarray, shape (m, N)
        A part of them, a view.
    """
    return data[:: -(-len(data) // ENOUGH)]


def visible_spread(data: np.ndarray, undecided: float) -> Spread:
    """How much visible units vary over data.

    Parameters
    ----------
    data : ndarray, shape (n, N)
        Data.
    undecided : float
        Variance of one unit that is undecided: λ_v is at least that, and the mean variance a tenth of it, as machines
        of data that hardly vary do vary.

    Returns
    -------
    Spread
        The largest eigenvalue of their covariance, and its trace.
    """
    total = float(data.var(axis=0, dtype=float).sum())
    return Spread(max(largest(data), undecided), max(total, 0.1 * undecided * data.shape[1]))


def hidden_spread(unit: Unit, y: np.ndarray, together: bool) -> Spread:
    """How much hidden units vary over data.

    Parameters
    ----------
    unit : Unit
        Hidden units without offset.
    y : ndarray, shape (n, M)
        Their fields I − b given the data.
    together : bool
        Whether λ_h is the largest eigenvalue of the covariance ⟨var(h|v)⟩ + cov⟨h|v⟩, rather than of its diagonal.

    Returns
    -------
    Spread
        λ_h and the trace.
    """
    mean, own = unit.mean(y), unit.variance(y).mean(axis=0)
    variance = np.maximum(mean.var(axis=0) + own, TINY)
    return Spread(float(max(variance.max(), largest(mean, own) if together else 0.0)), float(variance.sum()))


def largest(x: np.ndarray, own: np.ndarray | float = 0.0) -> float:
    """Largest eigenvalue of the covariance of data, plus a diagonal, by power iteration.

    Parameters
    ----------
    x : ndarray, shape (n, N)
        Data.
    own : ndarray, shape (N,), or float
        Entries >= 0 of the diagonal that is added.

    Returns
    -------
    float
        The eigenvalue, to a few per cent.
    """
    x = x - x.mean(axis=0, dtype=float)
    vector, size = np.random.default_rng(0).normal(size=x.shape[1]), 0.0
    for _ in range(ITERATIONS):
        vector /= np.linalg.norm(vector)
        vector = x.T @ (x @ vector) / len(x) + own * vector
        size = float(np.linalg.norm(vector))
        if not 0 < size < np.inf:
            break
    return size
