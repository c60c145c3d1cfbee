"""How sparse weights and activities are: participation ratios, silent units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.weights import Dense, Weights, stored

_COLUMNS = 256  # hidden units looked at together, where the weights are not stored as an array


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
    >>> import rbm_sim
    >>> float(rbm_sim.participation_ratio([2, 2, 0, 0]))
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
    >>> import rbm_sim
    >>> rbm_sim.weight_sparsity([[1, 0], [-1, 0]])
    0.5
    """
    matrix = _matrix("w", w)
    ratios = [participation_ratio(columns.T, a=2) for columns in _column_blocks(matrix)]
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
    >>> from rbm_sim import measure
    >>> measure.weight_norm([[1, 0], [-1, 2]])
    3.0
    """
    matrix = _matrix("w", w)
    return float(sum((columns**2).sum() for columns in _column_blocks(matrix)) / matrix.shape[1])


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
    >>> from rbm_sim import measure
    >>> measure.silent_units([[0, 0, 1.5], [2.0, 0, 0]])
    array([False,  True, False])
    """
    h = check.real_array("h", h)
    if h.ndim == 0 or h.size == 0:
        raise ValueError(f"h has shape {h.shape}: must be (..., M), at least one configuration")
    return (h == 0).all(axis=tuple(range(h.ndim - 1)))


def _matrix(name: str, w: Any) -> Weights:
    """Return a matrix in its storage, an array in double precision, or raise."""
    if isinstance(w, Weights) or hasattr(w, "tocsr"):
        return stored(w)
    array = check.real_array(name, w, np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: must be a matrix, both axes at least 1")
    return Dense(array)


def _column_blocks(matrix: Weights) -> Iterator[np.ndarray]:
    """The weights of all hidden units in double precision, a few hidden units at a time."""
    for first in range(0, matrix.shape[1], _COLUMNS):
        yield matrix.columns(first, min(first + _COLUMNS, matrix.shape[1])).astype(np.float64, copy=False)
