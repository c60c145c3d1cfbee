"""Weights or patterns in whatever storage, and their columns a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.weights import Dense, Weights, stored

COLUMNS = 256
"""Hidden units looked at together, where the weights are not stored as an array."""


def checked_matrix(name: str, w: Any) -> Weights:
    """Return a matrix in its storage, an array in double precision, or raise.

    Parameters
    ----------
    name : str
        What it is called in a message.
    w : array_like, scipy.sparse array or Weights, shape (N, M)
        The matrix.

    Returns
    -------
    Weights
        The same.

    Raises
    ------
    ValueError
        If it is not a matrix of finite numbers.
    """
    if isinstance(w, Weights) or hasattr(w, "tocsr"):
        return stored(w)
    array = check.real_array(name, w, np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: must be a matrix, both axes at least 1")
    return Dense(array)


def column_blocks(matrix: Weights) -> Iterator[np.ndarray]:
    """The weights of all hidden units in double precision, a few hidden units at a time.

    Parameters
    ----------
    matrix : Weights
        The weights.

    Yields
    ------
    ndarray, shape (N, columns)
        Columns, in order.
    """
    for first in range(0, matrix.shape[1], COLUMNS):
        yield matrix.columns(first, min(first + COLUMNS, matrix.shape[1])).astype(np.float64, copy=False)
