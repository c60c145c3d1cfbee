"""Jacobians by complex steps, and the linear systems of Newton's method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import COMPLEX_STEP, is_multiprecision
from replica.numerics.number import Number

__all__ = ["derivative", "solved", "stacked"]


def derivative(f: Callable[[list[Number]], list[Number]], x: list[Number]) -> list[list[Number]]:
    """Jacobian [i][j] = ∂f_i/∂x_j by complex steps, for numbers, arrays or mpmath numbers."""
    columns = []
    for j in range(len(x)):
        if is_multiprecision(x[j]):
            from mpmath import mp

            step = mp.mpf(10) ** (-2 * mp.dps)
            moved = [v + mp.mpc(0, step) if i == j else v for i, v in enumerate(x)]
            columns.append([mp.im(v) / step for v in f(moved)])
        else:
            moved = [np.asarray(v) + 1j * COMPLEX_STEP if i == j else np.asarray(v)[()] for i, v in enumerate(x)]
            columns.append([np.imag(v) / COMPLEX_STEP for v in f(moved)])
    return [[column[i] for column in columns] for i in range(len(columns[0]))]


def solved(matrix: NDArray, right: NDArray) -> NDArray:
    """Solution of many linear systems, nan for those that are singular."""
    try:
        return np.linalg.solve(matrix, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        with np.errstate(all="ignore"):
            singular = ~(1 / np.linalg.cond(matrix) > 0)
        unit = np.where(singular[..., None, None], np.eye(matrix.shape[-1]), matrix)
        return np.where(singular[..., None], np.nan, np.linalg.solve(unit, right[..., None])[..., 0])


def stacked(jacobian: list[list[Number]]) -> NDArray:
    """Jacobian as one array, shape S + (d, d)."""
    flat = np.stack(np.broadcast_arrays(*(v for row in jacobian for v in row)), axis=-1)
    return flat.reshape((*flat.shape[:-1], len(jacobian), len(jacobian)))
