"""Where traced curves meet given loads: their folds, between which ln α is monotone, and points on their pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.numerics.arclength import Curves, corrected, tangents_of
from replica.numerics.load_curve import LoadCurve
from replica.numerics.rootfinding import find_roots

__all__ = ["beside_folds", "lies_on", "points_at_loads", "with_folds"]


def with_folds(system: LoadCurve, curves: Curves) -> Curves:
    """Curves with their folds, where ln α has an extremum, as further points: between two points ln α is monotone.

    Parameters
    ----------
    system : LoadCurve
        The equations, a row for each curve.
    curves : Curves
        The curves.

    Returns
    -------
    Curves
        The same with more points.
    """
    slope = curves.tangent[:, :, -1]
    node, column = np.nonzero(slope[1:] * slope[:-1] < 0)
    if not len(node):
        return curves
    at = _on_pieces(system, curves, node, column)
    ends = np.zeros(len(node)), np.ones(len(node)), slope[node, column], slope[node + 1, column]
    share = find_roots(lambda x, i: at(x, i)[1][:, -1], *ends, rtol=1e-9)
    point, direction, good = at(share, np.arange(len(node)))
    most = int(np.bincount(column[good], minlength=1).max())
    length = len(curves.y)
    y_wide, tangent_wide = (
        np.pad(v, ((0, most), (0, 0), (0, 0)), constant_values=np.nan) for v in (curves.y, curves.tangent)
    )
    wide = Curves(y_wide, tangent_wide, curves.ends)
    for j in np.unique(column[good]):
        mine = np.nonzero(good & (column == j))[0]
        for values, old, new in ((wide.y, curves.y, point), (wide.tangent, curves.tangent, direction)):
            values[: length + len(mine), j] = np.insert(old[:, j], node[mine] + 1, new[mine], axis=0)
    return wide


def _on_pieces(
    system: LoadCurve, curves: Curves, node: NDArray, column: NDArray
) -> Callable[[NDArray, NDArray], tuple[NDArray, NDArray, NDArray]]:
    """Points, tangents and whether they were found, at shares of the pieces of curves from these nodes to the next."""
    own = system.rows(column)
    y, tangent = (np.stack([v[node, column], v[node + 1, column]]) for v in curves[:2])

    def at(share: NDArray, index: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        guess = _cubic(y[0, index], y[1, index], tangent[0, index], tangent[1, index], share[:, None])
        normal = tangent[0, index] + share[:, None] * (tangent[1, index] - tangent[0, index])
        normal /= np.linalg.norm(normal, axis=-1)[:, None]
        point, J, _, good = corrected(own.rows(index), guess, normal)
        return point, tangents_of(J, normal), good

    return at


def beside_folds(
    system: LoadCurve, curves: Curves, column: NDArray, node: NDArray, log_load: NDArray, y: NDArray
) -> NDArray:
    """Crossings of loads, those next to a fold anew: there two are near each other, and each is bracketed on its side.

    Parameters
    ----------
    system : LoadCurve
        The equations, a row for each curve.
    curves : Curves
        Curves with their folds.
    column, node : array, shape (P,)
        Curve of each crossing, and the point before it.
    log_load : array, shape (P,)
        Logarithms of the loads.
    y : array, shape (P, D)
        The crossings.

    Returns
    -------
    array, shape (P, D)
        The crossings.
    """
    slope, load = curves.tangent[:, :, -1], curves.y[:, :, -1]
    flat = np.minimum(np.abs(slope[node, column]), np.abs(slope[node + 1, column])) < FLAT
    ends = load[node, column] - log_load, load[node + 1, column] - log_load
    near = np.nonzero(flat & ((ends[0] > 0) != (ends[1] > 0)))[0]
    if not len(near):
        return y
    at = _on_pieces(system, curves, node[near], column[near])
    bracket = np.zeros(len(near)), np.ones(len(near)), ends[0][near], ends[1][near]
    share = find_roots(lambda x, i: at(x, i)[0][:, -1] - log_load[near[i]], *bracket, rtol=1e-13)
    y = y.copy()
    y[near] = at(share, np.arange(len(near)))[0]
    y[:, -1] = log_load
    return y


FLAT = 1e-6
"""Slope of ln α along a curve up to which a point is a fold."""


def _cubic(a: NDArray, b: NDArray, da: NDArray, db: NDArray, t: NDArray) -> NDArray:
    """Points at shares t of cubics from a to b with the unit tangents da and db."""
    chord = np.linalg.norm(b - a, axis=-1)[..., None]
    bow = t * (1 - t) * chord * ((1 - t) * da - t * db)
    return (1 + 2 * t) * (1 - t) ** 2 * a + t * t * (3 - 2 * t) * b + bow


PIECES = 8
"""Points of a cubic between two points of a curve."""


def points_at_loads(curves: Curves, row: int, log_load: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Where one curve meets the given loads, from cubics through its points.

    Parameters
    ----------
    curves : Curves
        Curves.
    row : int
        Which of them.
    log_load : array
        Logarithms of the loads.

    Returns
    -------
    load, node, y
        Index of the load, of the point of the curve before it, and point, of each crossing.
    """
    y, tangent = curves.y[:, row], curves.tangent[:, row]
    length = int(np.isfinite(y).all(axis=-1).sum())
    if length < 2:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros((0, y.shape[-1]))
    y, tangent = y[:length], tangent[:length]
    t = np.linspace(0, 1, PIECES, endpoint=False)[None, :, None]
    cubic = _cubic(y[:-1, None], y[1:, None], tangent[:-1, None], tangent[1:, None], t)
    dense = np.concatenate([cubic.reshape(-1, y.shape[-1]), y[-1:]])
    above = dense[:, -1] > log_load[:, None]
    load, cell = np.nonzero(above[:, 1:] != above[:, :-1])
    first, second = dense[cell], dense[cell + 1]
    share = (log_load[load] - first[:, -1]) / (second[:, -1] - first[:, -1])
    at = first + share[:, None] * (second - first)
    at[:, -1] = log_load[load]
    return load, cell // PIECES, at


def lies_on(curves: Curves, column: int, seeds: NDArray) -> NDArray:
    """Whether points lie on a curve, up to what chords miss.

    Parameters
    ----------
    curves : Curves
        Curves.
    column : int
        Which of them.
    seeds : array, shape (K, D)
        The points.

    Returns
    -------
    array of bool
        Answers.
    """
    y = curves.y[:, column]
    y = y[np.isfinite(y).all(axis=-1)]
    chord = np.diff(y, axis=0)
    away = seeds[:, None] - y[:-1]
    share = np.clip((away * chord).sum(axis=-1) / np.maximum((chord * chord).sum(axis=-1), 1e-300), 0, 1)
    distance = np.linalg.norm(away - share[..., None] * chord, axis=-1)
    return distance.min(axis=1, initial=np.inf) < NEAR_CURVE


NEAR_CURVE = 0.05
