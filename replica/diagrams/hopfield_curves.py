"""Loads at which the Hopfield model changes, as functions of its temperature: sampled once, starts for Newton's method.

α_M(T), where retrieval ends, is the maximum of the load on the chart of retrieval states, of coordinate u = ln y;
α_c(T), where retrieval and glass have one energy, and α_R(T), where the replicon of retrieval is 0, are zeros on it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order
from replica.models.hopfield import Hopfield, glass_point
from replica.saddle.crossings import sampled

__all__ = ["Curve", "curves", "equal_energies", "newton", "retrieval_state", "slope", "symmetry"]

LEAST_T = 1e-285
"""T_R ~ e^{−1/2α} is not looked for below."""
LEAST_LOAD = -28.0
"""ln α down to which charts are sampled."""
STEP, FAR = 1e-6, 1e-4
"""Of differences: of first ones, and of the slope of ln α, whose noise is that of rounding over it."""
ITERATIONS = 12


class Curve(NamedTuple):
    """A line in the plane of load and temperature: ln α at increasing temperatures, and where on the charts it is."""

    T: NDArray
    level: NDArray
    """ln α."""
    u: NDArray
    """Coordinate of the retrieval state."""
    glass: NDArray
    """Coordinate of the glass, where it matters."""


def retrieval_state(T: NDArray, u: NDArray) -> tuple[NDArray, Order, Hopfield]:
    """ln α and order parameters on the chart of retrieval states, and the model there."""
    plain = Hopfield(alpha=np.ones_like(T), T=T)
    return _with_model(T, *plain.branches((1,))[0].point(plain, u))  # type: ignore[union-attr]


def glass_state(T: NDArray, u: NDArray) -> tuple[NDArray, Order, Hopfield]:
    """The same on the chart of the glass."""
    return _with_model(T, *glass_point(Hopfield(alpha=np.ones_like(T), T=T), u))


def _with_model(T: NDArray, level: NDArray, order: Order) -> tuple[NDArray, Order, Hopfield]:
    with np.errstate(over="ignore"):
        return level, order, Hopfield(alpha=1.0, T=0.0).unchecked(alpha=np.exp(level), T=T)


def slope(T: NDArray, u: NDArray) -> NDArray:
    """∂ ln α/∂u of retrieval states."""
    return (retrieval_state(T, u + FAR)[0] - retrieval_state(T, u - FAR)[0]) / (2 * FAR)


def newton(f: Callable[[NDArray], NDArray], x: NDArray) -> tuple[NDArray, NDArray]:
    """Zeros of many systems at once, with a Jacobian by differences.

    Parameters
    ----------
    f : callable
        From unknowns, shape (d, n), to residuals of the same shape.
    x : ndarray, shape (d, n)
        Where to start.

    Returns
    -------
    x : ndarray, shape (d, n)
        Where it ended.
    good : ndarray of bool, shape (n,)
        Whether steps came down to rounding.
    """
    x, good = x.copy(), np.zeros(x.shape[1], bool)
    size = np.full(x.shape[1], np.inf)
    for _ in range(ITERATIONS):
        with np.errstate(all="ignore"):
            here = f(x)
            columns = [(f(x + STEP * unit[:, None]) - here) / STEP for unit in np.eye(len(x))]
            step = _solved(np.array(columns).transpose(2, 1, 0), here.T)
        last, size = size, np.abs(step).max(axis=0)
        good |= (size < 1e-12) | ((size < 1e-9) & (size >= last / 4))
        x = np.where(good & (size >= last), x, x - np.clip(step, -0.5, 0.5))
        if (good & (size < 1e-15) | ~np.isfinite(size) | (good & (size >= last / 4))).all():
            break
    return x, good


def _solved(matrix: NDArray, right: NDArray) -> NDArray:
    regular = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    regular[regular] = np.linalg.det(matrix[regular]) != 0
    step = np.full(right.T.shape, np.nan)
    if regular.any():
        step[:, regular] = np.linalg.solve(matrix[regular], right[regular][..., None])[..., 0].T
    return step


@functools.cache
def curves() -> dict[str, Curve]:
    """The lines T_M, T_c and T_R, by these names, as loads over temperatures."""
    T = np.concatenate([np.linspace(0, 0.06, 16), np.linspace(0.08, 0.98, 46), 1 - np.geomspace(0.01, 1e-8, 22)])
    cold = np.concatenate([np.geomspace(LEAST_T, 1e-5, 57)[:-1], np.geomspace(1e-5, 0.024, 27)])
    u, level = _sheet(T)
    top, every = np.nanargmax(level, axis=1), np.arange(len(T))
    retrieval = Curve(T, level[every, top], u[every, top], np.full(len(T), np.nan))
    return {"T_M": retrieval, "T_c": _coexistence(T, u, level), "T_R": _breaking(cold, *_sheet(cold))}


def _sheet(T: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes of the charts at some temperatures, and ln α there, nan beyond the fold."""
    line = Hopfield(alpha=np.ones_like(T), T=T)
    u, level, passed = sampled(line, line.branches((1,))[0], LEAST_LOAD)  # type: ignore[arg-type]
    before = np.concatenate([passed > 0, np.zeros((len(T), 1), bool)], axis=1)
    return u, np.where(before | ~np.isfinite(level), np.nan, level)


def _crossing(u: NDArray, level: NDArray, f: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Rows in which f changes its sign, and u and ln α there: the crossing at the largest load."""
    with np.errstate(invalid="ignore"):
        crosses = f[:, 1:] * f[:, :-1] < 0
    row = np.nonzero(crosses.any(axis=1))[0]
    cell = np.argmax(crosses[row], axis=1)
    f0, f1 = f[row, cell], f[row, cell + 1]
    share = f0 / (f0 - f1)
    return row, *((1 - share) * x[row, cell] + share * x[row, cell + 1] for x in (u, level))


def _coexistence(T: NDArray, u: NDArray, level: NDArray) -> Curve:
    every = np.broadcast_to(T[:, None], u.shape)
    _, order, model = retrieval_state(every, u)
    v = np.linspace(-18, 3, 106)
    there = np.broadcast_to(T[:, None], (len(T), len(v)))
    glass_level, glass, glass_model = glass_state(there, np.broadcast_to(v, there.shape))
    with np.errstate(all="ignore"):
        f, energies = model.free_energy(order), glass_model.free_energy(glass)
    other = np.array([np.interp(x, g, e) for x, g, e in zip(level, glass_level, energies, strict=True)])
    row, at, load = _crossing(u, level, f - other)
    w = np.array([np.interp(x, g, v) for x, g in zip(load, glass_level[row], strict=True)])

    def residuals(x: NDArray) -> NDArray:
        return equal_energies(T[row], *x)

    (load, at, w), good = newton(residuals, np.array([load, at, w]))
    return Curve(T[row][good], load[good], at[good], w[good])


def equal_energies(T: NDArray, level: NDArray, u: NDArray, glass: NDArray) -> NDArray:
    """Residuals of a load and two states at it whose free energies are one."""
    first, second = retrieval_state(T, u), glass_state(T, glass)
    f = [model.free_energy(order) for _, order, model in (first, second)]
    return np.array([first[0] - level, second[0] - level, f[0] - f[1]])


def _breaking(T: NDArray, u: NDArray, level: NDArray) -> Curve:
    every = np.broadcast_to(T[:, None], u.shape)
    row, at, load = _crossing(u, level, symmetry(every, u))

    def residuals(x: NDArray) -> NDArray:
        return np.array([retrieval_state(T[row], x[1])[0] - x[0], symmetry(T[row], x[1])])

    (load, at), good = newton(residuals, np.array([load, at]))
    return Curve(T[row][good], load[good], at[good], np.full(good.sum(), np.nan))


def symmetry(T: NDArray, u: NDArray) -> NDArray:
    """−ln(1 − replicon) of retrieval states: linear in ln T at low temperatures."""
    _, order, model = retrieval_state(T, u)
    with np.errstate(all="ignore"):
        return -np.log(1 - model.replicon(order))
