"""Bracketed roots of many scalar functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_roots"]


def find_roots(
    f: Callable[[NDArray, NDArray], NDArray],
    a: NDArray,
    b: NDArray,
    fa: NDArray,
    fb: NDArray,
    *,
    steps: int = 200,
    rtol: float = 2.3e-16,
) -> NDArray:
    """Roots of f_i(x) = 0 in the brackets [a_i, b_i], to rounding (Chandrupatla's method, vectorised).

    Inverse quadratic interpolation where it is safe, bisection elsewhere. Values may be infinite: such a
    bracket is bisected until both ends are finite.

    Parameters
    ----------
    f : callable
        f(x, index): values at x of the functions with these indices (only unfinished ones are asked).
    a, b : array, shape (n,)
        Ends of the brackets.
    fa, fb : array, shape (n,)
        Values there, of opposite sign.
    steps : int
        Upper bound of the number of iterations.
    rtol : float
        Width of the final bracket over max(|x|, 1e-3).

    Returns
    -------
    array, shape (n,)
        A root in each bracket: of the last interval the end at which |f| is smaller.

    Notes
    -----
    T. R. Chandrupatla, Adv. Eng. Software 28, 145 (1997).
    """
    root = np.where(np.abs(fa) < np.abs(fb), a, b).astype(float)
    active = np.arange(len(root))
    x1, x2, f1, f2 = (np.asarray(v, dtype=float).copy() for v in (b, a, fb, fa))
    t = _first_step(f1, f2)
    for _ in range(steps):
        if not len(active):
            break
        x = x1 + t * (x2 - x1)
        fx = f(x, active)
        same = np.sign(fx) == np.sign(f1)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, fx
        nearer = np.abs(f1) < np.abs(f2)
        root[active] = np.where(nearer, x1, x2)
        tolerance = rtol * np.maximum(np.abs(root[active]), 1e-3)
        width = np.abs(x2 - x1)
        keep = (width > 2 * tolerance) & (fx != 0) & ~np.isnan(fx)
        t = _next_step(x1, x2, x3, f1, f2, f3)
        limit = np.where(width > 0, tolerance / np.where(width > 0, width, 1), 0.5)
        t = np.clip(t, np.minimum(limit, 0.5), np.maximum(1 - limit, 0.5))
        active = active[keep]
        x1, x2, f1, f2, t = (v[keep] for v in (x1, x2, f1, f2, t))
    return root


def _first_step(f1: NDArray, f2: NDArray) -> NDArray:
    """Linear interpolation, or the middle where a value is infinite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = f1 / (f1 - f2)
    return np.where(np.isfinite(t) & (t > 0) & (t < 1), t, 0.5)


def _next_step(x1: NDArray, x2: NDArray, x3: NDArray, f1: NDArray, f2: NDArray, f3: NDArray) -> NDArray:
    """Inverse quadratic interpolation through the last three points where it is monotone, else bisection."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
        safe = (phi * phi < xi) & ((1 - phi) ** 2 < 1 - xi)
        t = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return np.where(safe & np.isfinite(t), t, 0.5)
