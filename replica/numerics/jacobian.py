"""Jacobians by complex steps, and the linear systems of Newton's method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import COMPLEX_STEP, is_multiprecision
from replica.numerics.number import Number

__all__ = ["carried", "derivative", "solved", "stacked"]


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


DIFFERENCE = 1e-4
"""Step of five-point differences, whose errors are about its fourth power and 1e-16 over it."""
FIVE_POINTS = ((1, 8), (2, -1))
"""Multiples of the step, and twelve times the weight of the difference of values there."""


def carried(f: Callable[[list[Number]], list[Number]], x: list[Number]) -> list[Number]:
    """A function of real variables at complex steps: its values, and as imaginary parts its derivatives along them.

    f itself takes complex steps, so that it cannot take another; where x has one, f is differenced in its direction.

    Parameters
    ----------
    f : callable
        f(x) for real x, a list of numbers or arrays.
    x : list of numbers or arrays
        Variables, some with a complex step.

    Returns
    -------
    list
        f(x); with steps the derivative is good to about 1e-12 of f, in mpmath to four fifths of the digits.
    """
    if not any(np.iscomplexobj(v) or hasattr(v, "_mpc_") for v in x):
        return f(x)
    many = any(is_multiprecision(v) for v in x)
    if many:
        from mpmath import mp

        real, step = [mp.re(v) for v in x], [mp.im(v) for v in x]
        size, h = max(abs(v) for v in step), mp.mpf(10) ** (-mp.dps // 5)
        size = size if size else mp.one
    else:
        real, step = [np.real(v) for v in x], [np.imag(v) for v in x]
        size, h = np.max(np.broadcast_arrays(*map(np.abs, step)), axis=0), DIFFERENCE
        size = np.where(size > 0, size, 1.0)
    slope: list[Number] = []
    for multiple, weight in FIVE_POINTS:
        ends = [f([a + sign * multiple * h * (b / size) for a, b in zip(real, step, strict=True)]) for sign in (1, -1)]
        parts = [weight * (up - down) / (12 * h) for up, down in zip(*ends, strict=True)]
        slope = [a + b for a, b in zip(slope, parts, strict=True)] if slope else parts
    if many:
        return [mp.mpc(value, size * d) for value, d in zip(f(real), slope, strict=True)]
    return [value + 1j * (size * d) for value, d in zip(f(real), slope, strict=True)]


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
