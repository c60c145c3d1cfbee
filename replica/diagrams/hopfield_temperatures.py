"""Critical temperatures of the Hopfield model for many loads at once: T_g, T_M, T_c and T_R, each the uppermost one.

    T_g = 1 + √α;   T_M: ∂ ln α/∂u = 0 on the chart of retrieval states
    T_c: f(retrieval) = f(glass);   T_R: replicon of the retrieval state = 0

Each line is known as a curve α(T) (`replica.diagrams.hopfield_curves`); where it comes down through a load for the last
time, Newton's method takes over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.hopfield_curves import Curve, curves, equal_energies, newton, retrieval_state, slope, symmetry

__all__ = ["COLUMNS", "temperatures"]

COLUMNS = ("T_g", "T_M", "T_c", "T_R")


def temperatures(alpha: NDArray, columns: tuple[str, ...] = COLUMNS) -> tuple[dict[str, NDArray], NDArray]:
    """Critical temperatures at some loads.

    Parameters
    ----------
    alpha : ndarray, shape (n,)
        Loads.
    columns : tuple of str
        Which.

    Returns
    -------
    found : dict of ndarray, shape (n,)
        The columns, nan where there is no such transition.
    sure : ndarray of bool, shape (n,)
        Whether Newton's method has found all of them; the others are next to an end of a line, or beyond the curves.
    """
    found, sure = {}, np.ones(len(alpha), bool)
    for column in columns:
        if column == "T_g":
            found[column] = 1 + np.sqrt(alpha)
        else:
            found[column], certain = _found(column, np.log(alpha))
            sure &= certain
    return found, sure


def _ending(level: NDArray, start: Curve) -> tuple[NDArray, NDArray]:
    def residuals(x: NDArray) -> NDArray:
        T = -np.expm1(x[0])
        return np.array([retrieval_state(T, x[1])[0] - level, slope(T, x[1])])

    (w, _), good = newton(residuals, np.array([np.log1p(-start.T), start.u]))
    return -np.expm1(w), good


def _exchanging(level: NDArray, start: Curve) -> tuple[NDArray, NDArray]:
    def residuals(x: NDArray) -> NDArray:
        return equal_energies(-np.expm1(x[0]), level, *x[1:])

    (w, _, _), good = newton(residuals, np.array([np.log1p(-start.T), start.u, start.glass]))
    return -np.expm1(w), good


def _breaking(level: NDArray, start: Curve) -> tuple[NDArray, NDArray]:
    def residuals(x: NDArray) -> NDArray:
        T = np.exp(x[0])
        return np.array([retrieval_state(T, x[1])[0] - level, symmetry(T, x[1])])

    (log_T, _), good = newton(residuals, np.array([np.log(start.T), start.u]))
    return np.exp(log_T), good


LINES = {"T_M": _ending, "T_c": _exchanging, "T_R": _breaking}
"""Of each line, Newton's method for T from a point near it."""
NEAR = 1e-3
"""How near ln α may come to the end of a curve that is not T = 1 or T = 0, before it is left to a slower search."""


def _found(column: str, level: NDArray) -> tuple[NDArray, NDArray]:
    """Temperatures of a line, and which of these numbers, nan included, are sure."""
    curve = curves()[column]
    rises = column == "T_R"
    T = np.full(len(level), np.nan)
    above = (curve.level > level[:, None]) ^ rises
    cell = curve.T.size - 1 - np.argmax(above[:, ::-1], axis=1)
    inside = np.nonzero(above.any(axis=1) & (cell < curve.T.size - 1))[0]
    sure = np.abs(level - curve.level.max()) > NEAR
    if len(inside):
        T[inside], good = LINES[column](level[inside], _between(curve, cell[inside], level[inside], rises))
        low, high = curve.T[cell[inside]], curve.T[cell[inside] + 1]
        sure[inside] &= good & (T[inside] >= low * (1 - 1e-9)) & (T[inside] <= high * (1 + 1e-9))
    # next to T = 1 a line goes on to smaller loads
    return T, sure & ((level > curve.level[-1]) | rises)


def _between(curve: Curve, cell: NDArray, level: NDArray, rises: bool) -> Curve:
    """Points between two nodes, linear in ln α; of T_R ln T is linear in 1/α."""
    ends = [np.exp(-curve.level[cell + k]) if rises else curve.level[cell + k] for k in (0, 1)]
    share = ((np.exp(-level) if rises else level) - ends[0]) / (ends[1] - ends[0])
    T, _, u, glass = ((1 - share) * x[cell] + share * x[cell + 1] for x in curve)
    if rises:
        T = np.exp((1 - share) * np.log(curve.T[cell]) + share * np.log(curve.T[cell + 1]))
    return Curve(T, level, u, glass)
