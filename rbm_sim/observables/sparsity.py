"""How sparse weights and activities are: participation ratios, silent units."""

from __future__ import annotations

from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.observables.matrices import checked_matrix, column_blocks


def participation_ratio(h: Any, a: float = 3) -> np.ndarray:
    """Number of strongly active units, L̂ = (Σ_μ |h_μ|^a)² / Σ_μ |h_μ|^{2a}.

    Parameters
    ----------
    h : array_like, shape (..., M)
        Activities; the sums run over the last axis.
    a : float
        Exponent, > 0; the larger it is, the less the weak units count.

    Returns
    -------
    ndarray, shape (...)
        L̂, between 1 and M; 0 where all activities are 0.

    Raises
    ------
    ValueError
        If an argument is not finite, `h` is a scalar, or a <= 0.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), with a = 3.

    Examples
    --------
    >>> from rbm_sim import participation_ratio
    >>> float(participation_ratio([2, 2, 0, 0]))
    2.0
    """
    a = check.number("a", a, above=0)
    h = np.abs(check.real_array("h", h).astype(float))
    if h.ndim == 0:
        raise ValueError(f"h = {h}: must have at least one axis, the hidden units")
    scale = h.max(axis=-1, keepdims=True, initial=0)  # powers of activities neither overflow nor underflow
    x = (h / np.where(scale > 0, scale, 1)) ** a
    return x.sum(axis=-1) ** 2 / np.maximum((x * x).sum(axis=-1), 1 - np.sign(scale[..., 0]))


def weight_sparsity(w: Any) -> float:
    """Fraction of non-zero weights, p̂ = (1/MN) Σ_μ (Σ_i w_{iμ}²)² / Σ_i w_{iμ}⁴.

    Parameters
    ----------
    w : array_like, scipy.sparse array or Weights, shape (N, M)
        Weights, visible × hidden.

    Returns
    -------
    float
        p̂, between 0 and 1; a hidden unit without weights counts 0.

    Raises
    ------
    ValueError
        If `w` is not a matrix of finite numbers.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> from rbm_sim import weight_sparsity
    >>> weight_sparsity([[1, 0], [-1, 0]])
    0.5
    """
    matrix = checked_matrix("w", w)
    ratios = [participation_ratio(columns.T, a=2) for columns in column_blocks(matrix)]
    return float(np.concatenate(ratios).mean() / matrix.shape[0])


def weight_norm(w: Any) -> float:
    """Mean squared norm of the weights of a hidden unit, W₂ = (1/M) Σ_{iμ} w_{iμ}².

    Parameters
    ----------
    w : array_like, scipy.sparse array or Weights, shape (N, M)
        Weights, visible × hidden.

    Returns
    -------
    float
        W₂.

    Raises
    ------
    ValueError
        If `w` is not a matrix of finite numbers.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> from rbm_sim.observables import weight_norm
    >>> weight_norm([[1, 0], [-1, 2]])
    3.0
    """
    matrix = checked_matrix("w", w)
    return float(sum((columns**2).sum() for columns in column_blocks(matrix)) / matrix.shape[1])


def silent_units(h: Any) -> np.ndarray:
    """Which hidden units are never active, h_μ = 0 in all the activities given.

    Parameters
    ----------
    h : array_like, shape (..., M)
        Activities of the hidden layer, at least one configuration.

    Returns
    -------
    ndarray of bool, shape (M,)
        True for the silent units; its mean is their fraction.

    Raises
    ------
    ValueError
        If `h` is empty, a scalar, or not finite.

    Examples
    --------
    >>> from rbm_sim.observables import silent_units
    >>> silent_units([[0, 0, 1.5], [2.0, 0, 0]])
    array([False,  True, False])
    """
    h = check.real_array("h", h)
    if h.ndim == 0 or h.size == 0:
        raise ValueError(f"h has shape {h.shape}: must be (..., M), at least one configuration")
    return (h == 0).all(axis=tuple(range(h.ndim - 1)))
