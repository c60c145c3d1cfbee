"""Follow a solution of a few equations from controls where it is known to controls where it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.numerics.elementary import COMPLEX_STEP
from replica.numerics.jacobian import solved
from replica.numerics.number import Number

__all__ = ["followed", "root_near"]

Equations = Callable[[Any, NDArray], list[Number]]
"""Residuals at unknowns (complex steps allowed) and controls; nan outside the domain."""

LARGEST_MOVE = 0.5
"""What the corrector may add to the predictor's guess: more would be another branch."""


def followed(
    equations: Equations, known: Sequence[float] | NDArray, origin: ArrayLike, target: ArrayLike
) -> NDArray | None:
    """Unknowns at the target: predictor and corrector on a straight line of controls.

    Parameters
    ----------
    equations : callable
        ``equations(unknowns, controls)``, as many residuals as unknowns; unknowns of order one, like logits.
    known : array_like
        Unknowns near the solution at the origin.
    origin, target : array_like
        Controls.

    Returns
    -------
    ndarray or None
        The unknowns; None where the line meets the end of the branch.
    """
    start, way = np.asarray(origin, dtype=float), np.asarray(target, dtype=float) - np.asarray(origin, dtype=float)
    here, step = 0.0, 0.25
    at = root_near(equations, np.asarray(known, dtype=float), start)
    slope = np.zeros(len(known))
    while at is not None and here < 1:
        step = min(step, 1 - here)
        guess = at + step * slope
        found = root_near(equations, guess, start + (here + step) * way)
        if found is not None and np.max(np.abs(found - guess)) < LARGEST_MOVE:
            slope, at, here, step = (found - at) / step, found, here + step, 1.7 * step
        elif step > 1e-4:
            step /= 3
        else:
            return None
    return at


def root_near(equations: Equations, x: NDArray, controls: NDArray) -> NDArray | None:
    """Newton's method by complex steps, moves of length one at most.

    Parameters
    ----------
    equations : callable
        As for `followed`.
    x : ndarray
        Where to start.
    controls : ndarray
        Controls.

    Returns
    -------
    ndarray or None
        The root, after a last move below 1e-9 or as small as rounding allows; None if there is none within 20 moves.
    """
    before = np.inf
    for _ in range(20):
        with np.errstate(all="ignore"):
            # real residuals: NumPy's complex log1p loses digits
            value = np.array(equations(x, controls), dtype=float)
            columns = [equations(x + 1j * COMPLEX_STEP * shift, controls) for shift in np.eye(len(x))]
        jacobian = np.imag(columns).T / COMPLEX_STEP
        if not (np.isfinite(value).all() and np.isfinite(jacobian).all()):
            return None
        move = solved(jacobian[None], value[None])[0]
        if not np.isfinite(move).all():
            return None
        size = float(np.max(np.abs(move)))
        x = x - move / max(1.0, size)
        # close to the end of a branch moves do not get smaller than what rounding makes of them
        if size < 1e-9 or (size < 1e-6 and size > 0.1 * before):
            return x
        before = size
    return None
