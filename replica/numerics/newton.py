"""Newton's method on a set of equations (`System`), for arrays of points and at any precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from replica.numerics.jacobian import solved, stacked
from replica.numerics.system import System

__all__ = ["polish", "polish_multiprecision"]


def polish(model: System, order: Any, n: int, *, steps: int = 8) -> Any:
    """Newton steps on solutions that are already close, kept only where they lower the residual.

    Parameters
    ----------
    model : System
        Model whose controls have the shape of `order`'s members, or are numbers.
    order : Order
        Starting values, numbers or arrays.
    n : int
        Condensed patterns.
    steps : int
        Upper bound of the number of steps.

    Returns
    -------
    Order
        The order parameters, at each point those of the smallest residual met: nowhere worse than what was given.
    """
    best = model.residual(order, n)
    for _ in range(steps):
        trial = _step(model, order, n)
        residual = model.residual(trial, n)
        better = residual < best
        if not np.any(better):
            break
        best = np.where(better, residual, best)
        order = type(order)._make(np.where(better, a, b)[()] for a, b in zip(trial, order, strict=True))
    return order


def _step(model: System, order: Any, n: int) -> Any:
    with np.errstate(all="ignore"):
        x = model.pack(order)
        residual = np.stack(np.broadcast_arrays(*model.equations(x, n)), axis=-1)
        jacobian = stacked(model.jacobian(x, n))
        sound = np.isfinite(jacobian).all(axis=(-2, -1)) & np.isfinite(residual).all(axis=-1)
        jacobian = np.where(sound[..., None, None], jacobian, np.eye(len(x)))
        residual = np.where(sound[..., None], residual, 0.0)
        moved = np.stack(np.broadcast_arrays(*x), axis=-1) - solved(jacobian, residual)
        return model.unpack([moved[..., i] for i in range(len(x))])


def polish_multiprecision(model: System, order: Any, n: int, digits: int) -> Any:
    """Newton's method in mpmath, from a double-precision solution to `digits` digits.

    Parameters
    ----------
    model : System
        Model with scalar controls, of which those that matter are mpmath numbers.
    order : Order
        Starting values.
    n : int
        Condensed patterns.
    digits : int
        Correct decimal digits wanted.

    Returns
    -------
    Order
        Order parameters as mpmath numbers, good to `digits` digits at least.

    Raises
    ------
    ArithmeticError
        If Newton's method does not converge from there.
    """
    from mpmath import mp

    x = [mp.mpf(v) for v in model.pack(type(order)._make(mp.mpf(v) for v in order))]
    # a Jacobian exact to the 16 digits of the start gains about as many in every step
    jacobian = mp.matrix(model.jacobian(x, n))
    previous = mp.inf
    for _ in range(12 + digits // 8):
        step = mp.lu_solve(jacobian, mp.matrix(model.equations(x, n)))
        x = [a - b for a, b in zip(x, step, strict=True)]
        size = max(abs(b) / max(1, abs(a)) for a, b in zip(x, step, strict=True))
        if size < mp.mpf(10) ** (-digits - 2):
            return model.unpack(x)
        if size > previous / 100:
            jacobian = mp.matrix(model.jacobian(x, n))
        previous = size
    raise ArithmeticError("Newton's method in mpmath did not converge")
