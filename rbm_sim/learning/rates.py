"""A learning rate from the curvature of the likelihood, and batches from the number of data.

The curvature of ln P along weights is the variance of Σ a_iμ v_i h_μ, the Fisher information. With v and h measured
from their means it is, where the layers are independent, at most

    λ_v λ_h,   the largest eigenvalues of the covariances of v and of h,

and steps of the gradient converge at rates below 2/(λ_v λ_h). Chains have to follow the machine, and a batch is a small
sample of the gradient, so that a fraction of it is taken. Units in {0, 1} and in {−1, 1} have covariances, and so
rates, in proportion. λ_v is that of the data, and at least the variance of one undecided unit. λ_h is taken from the
machine as it is now: continuous units grow as they learn, and the rate falls. Hidden units learn side by side and
become correlated, which counts where a layer is continuous and nothing bounds it; where units of both layers have two
values or a few states, and saturate, the largest variance of one of them is enough. Along fields the curvatures are
λ_v and λ_h, and along Δ and ζ of double ReLU units the variances of the slopes of their potential.

A gradient of few data is noisy, and where learning has ended the noise costs η Tr F/(4 batch) nats, F the information
and its trace that of the one covariance times that of the other: many hidden units and small batches need small rates.
A step also changes the input of the next configuration by η (v′ − ⟨v⟩)·(v − ⟨v⟩) h/batch, at most η Tr cov(v) h/batch:
that has to stay below 1/h. It decides where few data, of many units, are less than the machine itself varies.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from rbm_sim.units import DReLU, Potts, TwoValued, Unit

FRACTION = 0.03
"""Rate, in units of 1/(λ_v λ_h)."""
OF_FIELDS = 0.5
"""Largest rate, in units of 1/λ_v, 1/λ_h and 1/λ_shape, which are the curvatures along fields and shapes."""
LOSS = 0.02
"""Likelihood that noise of the gradient may cost, in nats for each visible unit."""
STEADY = 0.5
"""Largest rate, in units of batch/(total_v λ_h)."""
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
        Sum of the variances of all entries of the units.
    units : int
        Their number.
    shape : float
        Largest variance λ_shape of a slope of the potential by a parameter of its shape, 0 if there is none.
    """

    largest: float
    total: float
    units: int
    shape: float = 0.0


def usual_rate(visible: Spread, hidden: Spread, batch: int) -> float:
    """Learning rate of centred gradients.

    Parameters
    ----------
    visible, hidden : Spread
        Those of the two layers.
    batch : int
        Data in one step.

    Returns
    -------
    float
        The smallest of 0.03/(λ_v λ_h), 0.5/λ_v, 0.5/λ_h, 0.5/λ_shape, 4 × 0.02 N batch/(total_v total_h), N visible
        units, and 0.5 batch/(total_v λ_h).
    """
    return min(
        FRACTION / (visible.largest * hidden.largest),
        OF_FIELDS / max(visible.largest, hidden.largest, hidden.shape),
        4 * LOSS * visible.units * batch / (visible.total * hidden.total),
        STEADY * batch / (visible.total * hidden.largest),
    )


def some(data: np.ndarray) -> np.ndarray:
    """At most `ENOUGH` of the data, evenly spread.

    Parameters
    ----------
    data : ndarray or sparse array, shape (n, N)
        Data.

    Returns
    -------
    ndarray or sparse array, shape (m, N)
        A part of them, a view.
    """
    return data[:: -(-data.shape[0] // ENOUGH)]


def visible_spread(unit: Unit, data: np.ndarray) -> Spread:
    """How much visible units vary over data.

    Parameters
    ----------
    unit : Bernoulli, Spin, Gaussian or Potts
        The units.
    data : ndarray or sparse array of zeros and ones, shape (n, N), of Potts units (n, N × states)
        Data.

    Returns
    -------
    Spread
        The largest eigenvalue of their covariance, at least that of an undecided unit, and its trace, at least a tenth
        and 1/(n + 1) of what it is where all are undecided, as machines of data that hardly vary do vary.
    """
    floor = undecided(unit, data.shape[1])
    n, mean = data.shape[0], np.asarray(data.mean(axis=0, dtype=float))
    total = float((mean * (1 - mean) if issparse(data) else data.var(axis=0, dtype=float)).sum())
    least = max(0.1, 1 / (n + 1)) * floor.total
    return Spread(max(largest(data), floor.largest), max(total, least), floor.units)


def undecided(unit: Unit, size: int) -> Spread:
    """How much independent units vary that take all their values alike.

    Parameters
    ----------
    unit : Bernoulli, Spin, Gaussian or Potts
        The units.
    size : int
        Number of their entries.

    Returns
    -------
    Spread
        Variances: (1 − low)²/4 of two values, 1 of Gaussian units; of q states with the covariance (δ_ab − 1/q)/q the
        largest is 1/q, and the sum 1 − 1/q.
    """
    if isinstance(unit, Potts):
        units = size // unit.states
        return Spread(1 / unit.states, units * (1 - 1 / unit.states), units)
    variance = (1 - unit.low) ** 2 / 4 if isinstance(unit, TwoValued) else 1.0
    return Spread(variance, variance * size, size)


def hidden_spread(unit: Unit, y: np.ndarray, together: bool) -> Spread:
    """How much hidden units vary over data.

    Parameters
    ----------
    unit : Unit
        Hidden units without offset, double ReLU units with their shapes.
    y : ndarray, shape (n, M)
        Their fields I − b given the data.
    together : bool
        Whether λ_h is the largest eigenvalue of the covariance ⟨var(h|v)⟩ + cov⟨h|v⟩, rather than of its diagonal.

    Returns
    -------
    Spread
        λ_h, the trace, and λ_shape from one draw for each of the data.
    """
    mean, own = unit.mean(y), unit.variance(y).mean(axis=0)
    variance = np.maximum(mean.var(axis=0) + own, TINY)
    most = float(max(variance.max(), largest(mean, own) if together else 0.0))
    return Spread(most, float(variance.sum()), y.shape[1], _of_shapes(unit, y))


def _of_shapes(unit: Unit, y: np.ndarray) -> float:
    """Largest variance of ∂U/∂Δ and ∂U/∂ζ of double ReLU units, 0 of others."""
    if not isinstance(unit, DReLU):
        return 0.0
    drawn = unit.sample(y, np.random.default_rng(0))
    return float(unit.shape_slopes(drawn).var(axis=1, dtype=float).max())


def largest(x: np.ndarray, own: np.ndarray | float = 0.0) -> float:
    """Largest eigenvalue of the covariance of data, plus a diagonal, by power iteration.

    Parameters
    ----------
    x : ndarray or sparse array, shape (n, N)
        Data.
    own : ndarray, shape (N,), or float
        Entries >= 0 of the diagonal that is added.

    Returns
    -------
    float
        The eigenvalue, to a few per cent.
    """
    mean = np.asarray(x.mean(axis=0, dtype=float))
    if not issparse(x):
        x, mean = x - mean, np.zeros(len(mean))
    vector: Any = np.random.default_rng(0).normal(size=x.shape[1])
    size = 0.0
    for _ in range(ITERATIONS):
        vector /= np.linalg.norm(vector)
        vector = x.T @ (x @ vector) / x.shape[0] - mean * np.sum(mean * vector) + own * vector
        size = float(np.linalg.norm(vector))
        if not 0 < size < np.inf:
            break
    return size
