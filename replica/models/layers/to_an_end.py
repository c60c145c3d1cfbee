"""Curves that have sunk below all loads asked for: followed on until they come back, or until their end is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LayerEquations, Loads
from replica.models.layers.rest import LEAST_RESPONSE, at_rest, margin_at_load
from replica.numerics.arclength import Curves, End, side_by_side, trace

__all__ = ["at_an_end", "followed_on"]

DEPTH = 60.0
"""How far below the least load curves are followed on in ln α."""
FIRST_ORDER, STEADY = 1e-3, 2e-2
"""Margin, and slopes by its logarithm, from which the end at C = a is near."""
TOUCHING = 1e-12
"""Distance of C/a from 1 without noise at which noise vanishes with the margin."""


def followed_on(
    system: LayerEquations,
    curves: Curves,
    chosen: NDArray,
    start: NDArray,
    sign: int,
    floor: NDArray,
    loads: Loads,
) -> Curves:
    """Curves of which those chosen that sink below a floor, but do not come to rest there, are traced far below.

    Parameters
    ----------
    system : LayerEquations
        The equations, a row for each curve.
    curves : Curves
        Curves traced from `start`, above the floor.
    chosen : array of bool
        Those that may be followed on.
    start : array, shape (R, 4)
        The points that they were traced from.
    sign : {1, -1}
        Whether ln α rose or fell at first.
    floor : array, shape (R,)
        Least ln α that they were traced to.
    loads : Loads
        Ranges of ln α.

    Returns
    -------
    Curves
        The curves.
    """
    index = np.nonzero(chosen & (curves.ends[1] == End.LOW) & ~at_an_end(system, curves, 1, loads))[0]
    if not len(index):
        return curves
    again = trace(system.rows(index), start[index], sign, floor[index] - DEPTH, loads.high[index])
    both, rank = side_by_side([curves, again]), np.arange(curves.y.shape[1])
    rank[index] = len(rank) + np.arange(len(index))
    return Curves(both.y[:, rank], both.tangent[:, rank], both.ends[:, rank])


def at_an_end(system: LayerEquations, curves: Curves, side: int, loads: Loads) -> NDArray:
    """Whether curves go to one of the ends there are, or to α → ∞, and pass no load asked for beyond what was traced.

    Parameters
    ----------
    system : LayerEquations
        The equations, a row for each curve.
    curves : Curves
        The curves.
    side : {0, 1}
        Whether their first or last points are looked at.
    loads : Loads
        Ranges of ln α.

    Returns
    -------
    array of bool
        Answers.
    """
    ends = curves.ends[side]
    length = np.isfinite(curves.y).all(axis=-1).sum(axis=0)
    node, column = (0 if side == 0 else length - 1), np.arange(len(length))
    y, tangent = curves.y[node, column], curves.tangent[node, column]
    known = np.isin(ends, [End.START, End.HIGH, End.VANISHED, End.CLOSED, End.UNBOUNDED])
    index = np.nonzero(~known)[0]
    if len(index):
        own, below = system.rows(index), y[index, 3] <= loads.low[index]
        quiet = (ends[index] == End.LOW) & below & at_rest(own, y[index])
        left_out = margin_at_load(own, y[index, 0], y[index, 1], loads.top[index]) < LEAST_RESPONSE
        known[index] = quiet | (_towards_margin(own, y[index], tangent[index]) & (below | left_out))
    return known


def _towards_margin(system: LayerEquations, y: NDArray, tangent: NDArray) -> NDArray:
    """Whether little is left to an end where C = a: b falls with 1 − C/a, α with its square, m and s hardly change.

    Linear in 1 − C/a, they have as much to change in all as while that falls by a factor e. Where C = a without noise
    too, s falls to 0 with the margin: as |ln(1 − C/a)|^−1/2 where units lie on the steep side of a bend at T = 0, as
    (1 − C/a)^1/2 where a glass begins at α = 0.
    """
    with np.errstate(all="ignore"):
        margin = 1 - system.at(y)[2].C / system.layers.softest
        by_margin = tangent / tangent[:, 2:3]
        quiet = system.layers.visible_layer(y[:, 0] * system.units.m, 0.0, 0.0).C / system.layers.softest
    noise, load = by_margin[:, 1], by_margin[:, 3]
    steady = (np.abs(noise) < STEADY) & (np.abs(load - 2) < STEADY)
    both = (np.abs(quiet - 1) < TOUCHING) & (noise > 0) & (load > 1) & (load < 2 + STEADY)
    return (margin < FIRST_ORDER) & (np.abs(by_margin[:, 0]) < STEADY) & (steady | both)
