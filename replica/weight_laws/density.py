"""Laws of sums of entries that have a density."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from replica.averages.densities import Density
from replica.averages.pattern_sum import Law

__all__ = ["of_density", "pair_weighted_density"]


def of_density(knots: NDArray, density: Callable[[NDArray], NDArray]) -> Law:
    """Law of a density that is smooth between knots and vanishes outside.

    Parameters
    ----------
    knots : array, shape (K,)
        Points between which the density is smooth, in increasing order.
    density : callable
        Density as a function of an array.

    Returns
    -------
    Law
        With the density, and values at Gauss–Legendre nodes for what is asked roughly.
    """
    node, weight = _rule(COARSE)
    half = np.diff(knots)[:, None] / 2
    w = (knots[:-1, None] + half * (1 + node)).ravel()
    values = (half * weight).ravel() * density(w)
    return Law(w, np.ones(len(w)), values, density=Density(np.asarray(knots, dtype=float), (density,)))


COARSE = 12
"""Nodes between two knots."""


def pair_weighted_density(one: Density, rest: Density, whole: Density, L: int, variance: float) -> Law:
    """Law whose density is ⟨½(η1 − η2)²⟩/variance given W, times that of W, the sum of L entries.

    Parameters
    ----------
    one, rest, whole : Density
        Of an entry, and of sums of L − 1 and of L of them.
    L : int
        Number of entries, ≥ 2.
    variance : float
        Variance of an entry.

    Returns
    -------
    Law
        Of the integral 1.

    Notes
    -----
    Over all pairs Σ (ηi − ηj)² = L Σ η² − W², and ⟨η²⟩ given W is an integral over one entry.
    """
    node, weight = _rule(COARSE)

    def density(w: NDArray) -> NDArray:
        flat = np.asarray(w, dtype=float).ravel()
        inner = np.clip(flat[:, None] - rest.knots[::-1], one.knots[0], one.knots[-1])
        edges = np.sort(np.concatenate([inner, np.tile(one.knots, (len(flat), 1))], axis=1), axis=1)
        half = np.diff(edges)[..., None] / 2
        v = edges[:, :-1, None] + half * (1 + node)
        square = (half * weight * v * v * one.laws[0](v) * rest.laws[0](flat[:, None, None] - v)).sum(axis=(1, 2))
        values = L * square - flat**2 * whole.laws[0](flat) / L
        return (values / ((L - 1) * variance)).reshape(np.shape(w))

    return of_density(whole.knots, density)


@cache
def _rule(nodes: int) -> tuple[NDArray, NDArray]:
    return np.polynomial.legendre.leggauss(nodes)
