"""Overlaps of configurations with patterns and with each other."""

from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables.matrices import checked_matrix, column_blocks
from rbm_sim.observables.sparsity import participation_ratio
from rbm_sim.units import TwoValued


def distance(v: Any, other: Any) -> np.ndarray:
    """Fraction of the units in which two configurations differ.

    For {0, 1} this is (1/N) Σ_i [v_i (1 − v'_i) + v'_i (1 − v_i)], for spins (1/2N) Σ_i (1 − v_i v'_i).

    Parameters
    ----------
    v, other : array_like, shape (..., N)
        Configurations; the leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)
        d, between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit or a value is not finite.

    Examples
    --------
    >>> from rbm_sim.observables import distance
    >>> float(distance([1, 0, 1, 1], [1, 1, 1, 0]))
    0.5
    """
    v, other = check.real_array("v", v), check.real_array("other", other)
    try:
        fits = v.shape[-1:] == other.shape[-1:] and v.size * other.size > 0 and v.ndim > 0
        np.broadcast_shapes(v.shape, other.shape)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"v and other have shapes {v.shape} and {other.shape}: must be (..., N) and broadcast")
    return (v != other).mean(axis=-1)


def overlaps(patterns: Any, v: Any) -> np.ndarray:
    """Overlaps with patterns, m_μ = (1/N) Σ_i ξ_{iμ} v_i.

    Parameters
    ----------
    patterns : array_like, scipy.sparse array or Weights, shape (N, L)
        Patterns ξ, one per column.
    v : array_like, shape (..., N)
        Visible configurations.

    Returns
    -------
    ndarray, shape (..., L)
        m, in double precision unless the patterns are stored in another.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    xi = checked_matrix("patterns", patterns)
    v = check.real_array("v", v, xi.dtype)
    N = xi.shape[0]
    if v.ndim == 0 or v.shape[-1] != N:
        raise ValueError(f"v has shape {v.shape}: the last axis must have length {N}")
    return xi.forward(v) / N


def rescaled_overlap(rbm: RBM, v: Any, L: int | None = None) -> np.ndarray:
    """Overlap m̃ with the weights of the strongly active hidden units, 1 for a state made of one of them alone.

    m̃ = (1/L) Σ_{μ ≤ L} Σ_i w_{iμ} σ_i / Σ_i |w_{iμ}|, the hidden units in the order of their activities |h*_μ(v)|,
    with σ_i = 2v_i − 1 for {0, 1} and σ_i = v_i for spins.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units.
    v : array_like, shape (..., N)
        Visible configurations.
    L : int, optional
        Number of hidden units that count, 1 to M; by default the participation ratio L̂ of the activities, with
        a = 3 and rounded, of each configuration.

    Returns
    -------
    ndarray, shape (...)
        m̃, between −1 and 1, in double precision; nan where by default no unit counts, as none is active. A unit
        without weights adds 0.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the visible units do not have two values.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> from rbm_sim import RBM, Bernoulli, ReLU
    >>> from rbm_sim.observables import rescaled_overlap
    >>> rbm = RBM([[1.0], [-1.0], [0.0]], visible=Bernoulli(), hidden=ReLU())
    >>> float(rescaled_overlap(rbm, [1, 0, 1]))
    1.0
    """
    low = _two_valued(rbm).low
    M = rbm.shape[1]
    v = rbm.configurations(v)
    activity = np.abs(rbm.hidden.mode(rbm.matrix.forward(v))).astype(float)
    if L is None:
        count = np.rint(participation_ratio(activity))[..., None]
    else:
        count = np.full((*v.shape[:-1], 1), check.integer("L", L, at_least=1))
        if L > M:
            raise ValueError(f"L = {L}: there are only {M} hidden units")
    size = np.concatenate([np.abs(columns).sum(axis=0) for columns in column_blocks(rbm.matrix)])
    overlap = rbm.matrix.forward((2 * v - (1 + low)) / (1 - low)) / np.where(size > 0, size, 1)
    ranked = np.take_along_axis(overlap, np.argsort(-activity, axis=-1, kind="stable"), axis=-1)
    total = (ranked * (np.arange(M) < count)).sum(axis=-1)
    return np.where(count > 0, total[..., None] / np.maximum(count, 1), np.nan)[..., 0]


def _two_valued(rbm: RBM) -> TwoValued:
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
    return rbm.visible
