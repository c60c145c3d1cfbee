"""Curves through points that a search has found, for those that no known end leads to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.between_ends import Traced
from replica.models.layers.curve_equations import LayerEquations, Loads
from replica.models.layers.to_an_end import at_an_end, followed_on
from replica.numerics.arclength import joined, trace
from replica.numerics.curve_crossings import lies_on

__all__ = ["through_seeds"]


def through_seeds(system: LayerEquations, traced: Traced, row: NDArray, seed: NDArray, loads: Loads) -> None:
    """Add the curves through seeds that lie on none of the known ones.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    traced : Traced
        The known curves, to which those found are added.
    row, seed : array, shapes (K,) and (K, 4)
        Rows and points.
    loads : Loads
        Ranges of ln α.
    """
    kind = "states without overlap" if system.frozen else "states with overlap"
    known, owner = traced.curves, traced.row
    while len(row):
        on = np.zeros(len(row), dtype=bool)
        for j, r in enumerate(owner):
            near = row == r
            on[near] |= lies_on(known, j, seed[near])
        row, seed = row[~on], seed[~on]
        if not len(row):
            return
        # of each row the first seed; those that lie on its curve need none of their own
        _, first = np.unique(row, return_index=True)
        owner, start = row[first], seed[first]
        within = loads.rows(owner)
        limits = np.minimum(within.low, start[:, 3]) - 1, within.high
        own, every = system.rows(owner), np.ones(len(owner), dtype=bool)
        known = joined(
            *(
                followed_on(own, trace(own, start, sign, *limits), every, start, sign, limits[0], within)
                for sign in (-1, 1)
            )
        )
        traced.add(known, owner)
        lost = ~np.all([at_an_end(own, known, side, within) for side in (0, 1)], axis=0)
        traced.missing += [(int(owner[j]), f"a curve of {kind} was lost") for j in np.nonzero(lost)[0]]
        row, seed = np.delete(row, first), np.delete(seed, first, axis=0)
