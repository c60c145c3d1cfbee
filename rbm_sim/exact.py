"""Exact sums over all configurations of small machines with at least one layer of two-valued units.

The layer that is enumerated is the smaller of the two-valued ones; the other is summed or integrated in
closed form. The time grows as 2^n with its size n.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rbm_sim import _check
from rbm_sim.rbm import RBM
from rbm_sim.units import TwoValued

MAX_UNITS = 24
_CHUNK = 14  # enumerate 2^14 configurations at a time


class Moments(NamedTuple):
    """Exact mean values.

    Attributes
    ----------
    v : ndarray, shape (N,)
        ⟨v_i⟩.
    h : ndarray, shape (M,)
        ⟨h_μ⟩.
    vh : ndarray, shape (N, M)
        ⟨v_i h_μ⟩.
    """

    v: np.ndarray
    h: np.ndarray
    vh: np.ndarray


def states(unit: TwoValued, size: int) -> Iterator[np.ndarray]:
    """All configurations of a layer, in chunks: 2^size in total.

    Parameters
    ----------
    unit : Bernoulli or Spin
        Type of the units.
    size : int
        Number of units, 1 to 24.

    Yields
    ------
    ndarray, shape (chunk, size)
        Configurations. The first unit changes fastest.

    Raises
    ------
    ValueError
        If the units do not have two values or there are too many.
    """
    size = _check.integer("size", size, at_least=1)
    if not isinstance(unit, TwoValued):
        raise ValueError(f"unit is {type(unit).__name__}: only Bernoulli and Spin units can be enumerated")
    if size > MAX_UNITS:
        raise ValueError(f"size = {size}: at most {MAX_UNITS} units can be enumerated")
    chunk = 2 ** min(size, _CHUNK)
    for first in range(0, 2**size, chunk):
        bits = (np.arange(first, first + chunk)[:, None] >> np.arange(size)) & 1
        yield np.where(bits == 1, 1.0, unit.low)


def log_partition(rbm: RBM, T: float = 1.0) -> float:
    """Logarithm of the partition function, ln Z = ln Σ_v exp(−F(v)/T).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        ln Z, continuous units being integrated over the Lebesgue measure.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Bernoulli())
    >>> round(rbm_sim.exact.log_partition(rbm), 6)  # ln 4
    1.386294
    """
    rbm, _ = _enumerable(rbm)
    T = _check.number("T", T, above=0)
    return float(np.logaddexp.reduce([np.logaddexp.reduce(log_p) for _, log_p in _chunks(rbm, T)]))


def visible_distribution(rbm: RBM, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every visible configuration and its probability P(v) = exp(−F(v)/T)/Z.

    Parameters
    ----------
    rbm : RBM
        Machine with at most 24 two-valued visible units.
    T : float
        Temperature, > 0.

    Returns
    -------
    v : ndarray, shape (2^N, N)
        Configurations.
    probability : ndarray, shape (2^N,)
        P(v), of sum 1.

    Raises
    ------
    ValueError
        If the visible layer cannot be enumerated, or T <= 0.
    """
    T = _check.number("T", T, above=0)
    v, log_p = (np.concatenate(parts) for parts in zip(*_chunks(_double(rbm), T), strict=True))
    return v, np.exp(log_p - np.logaddexp.reduce(log_p))


def moments(rbm: RBM, T: float = 1.0) -> Moments:
    """Exact ⟨v_i⟩, ⟨h_μ⟩ and ⟨v_i h_μ⟩ over P ∝ exp(−E/T).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    Moments
        The mean values.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.
    """
    T = _check.number("T", T, above=0)
    log_Z = log_partition(rbm, T)
    rbm, exchanged = _enumerable(rbm)
    N, M = rbm.weights.shape
    v, h, vh = np.zeros(N), np.zeros(M), np.zeros((N, M))
    for x, log_p in _chunks(rbm, T):
        p = np.exp(log_p - log_Z)
        mean_h = rbm.hidden.mean(x @ rbm.weights, T)
        v += p @ x
        h += p @ mean_h
        vh += (p[:, None] * x).T @ mean_h
    return Moments(h, v, vh.T) if exchanged else Moments(v, h, vh)


def _double(rbm: RBM) -> RBM:
    """Return the machine in double precision: an exact sum should not be limited by float32."""
    return RBM(rbm.weights.astype(np.float64), visible=rbm.visible, hidden=rbm.hidden)


def _enumerable(rbm: RBM) -> tuple[RBM, bool]:
    """Return the machine with the layer to enumerate as its visible one, and whether that was exchanged."""
    sizes = [
        size if isinstance(unit, TwoValued) else math.inf
        for unit, size in zip((rbm.visible, rbm.hidden), rbm.weights.shape, strict=True)
    ]
    if min(sizes) > MAX_UNITS:
        raise ValueError(f"rbm = {rbm!r}: exact sums need a layer of at most {MAX_UNITS} Bernoulli or Spin units")
    exchanged = sizes[1] < sizes[0]
    return _double(rbm.transposed() if exchanged else rbm), exchanged


def _chunks(rbm: RBM, T: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Visible configurations and −F(v)/T, chunk by chunk."""
    for v in states(rbm.visible, len(rbm.weights)):  # type: ignore[arg-type]
        yield v, -rbm.free_energy(v, T) / T
