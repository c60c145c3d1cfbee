"""Points of a curve of solutions next to the chord between two others: Newton's method, else a search across it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import Couplings, at, onto_level
from replica.numerics.rootfinding import find_roots

__all__ = ["beside_chord"]

ACROSS = np.linspace(-0.7, 0.7, 29)
"""Distances from the chord, in units of its length, between which the level is looked for."""


def beside_chord(couplings: Couplings, g: float, v: NDArray, kappa: NDArray, chord: NDArray) -> tuple[NDArray, NDArray]:
    """Places on the level nearest to points of chords.

    Newton's method leaps where units flip: from one flat stretch of the field over the step. What does not come to
    rest, or does further off than its chord is long, is searched for across the chord, where the level is bracketed.

    Parameters
    ----------
    couplings : Couplings
        Of numbers.
    g : float
        The level.
    v, kappa : array, shape (n,)
        Points on the chords.
    chord : array, shape (2, n)
        Differences of the ends of each chord in (v, κ).

    Returns
    -------
    v, kappa : array, shape (n,)
        Points of the level; those that Newton's method leads to where no bracket is found.
    """
    found_v, found_k, rested = onto_level(couplings, g, v, kappa)
    # a unit of κ is √(1 + a²) of the input of a unit
    width = np.hypot(1.0, np.exp(v))
    apart = np.hypot(found_v - v, (found_k - kappa) * width)
    length = np.hypot(chord[0], chord[1] * width)
    lost = np.nonzero((~rested | (apart > ACROSS[-1] * length)) & (length > 1e-7))[0]
    if len(lost):
        across = np.stack([-chord[1] * width, chord[0] / width])[:, lost]
        root, there = _nearest_root(couplings, g, v[lost], kappa[lost], across)
        good = lost[there]
        found_v[good] = (v[lost] + root * across[0])[there]
        found_k[good] = (kappa[lost] + root * across[1])[there]
    return found_v, found_k


def _nearest_root(
    couplings: Couplings, g: float, v: NDArray, kappa: NDArray, across: NDArray
) -> tuple[NDArray, NDArray]:
    """Where lines through points meet the level next to these, in units of `across`, and whether they do."""

    def excess(t: NDArray, i: NDArray) -> NDArray:
        return at(couplings, v[i] + t * across[0, i], kappa[i] + t * across[1, i]).g - g

    every = np.arange(len(v))
    values = excess(ACROSS, every[:, None])
    change = np.isfinite(values[:, 1:] + values[:, :-1]) & ((values[:, 1:] > 0) != (values[:, :-1] > 0))
    distance = np.where(change, np.abs(ACROSS[1:] + ACROSS[:-1]), np.inf)
    cell, there = np.argmin(distance, axis=1), change.any(axis=1)
    root = np.zeros(len(v))
    own, at_cell = every[there], cell[there]
    root[there] = find_roots(
        lambda t, i: excess(t, own[i]),
        ACROSS[at_cell],
        ACROSS[at_cell + 1],
        values[own, at_cell],
        values[own, at_cell + 1],
    )
    return root, there
