"""Quadrature over a law of W that has a density, with nodes that crowd where the averaged function bends.

A unit whose input is m W + s z jumps, as a function of W, within s/m of W = t/m, t an input at which it jumps. Panels
that double in width from there on resolve it, however small s/m is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Density"]

NODES = 12
"""Gauss–Legendre nodes of a panel."""
NARROWEST = 1e-12
"""Least width of a panel, in that of the law."""


@dataclasses.dataclass(frozen=True, eq=False)
class Density:
    """Densities of laws, one for each of several numbers of entries.

    Parameters
    ----------
    knots : array, shape (K,)
        Points between which all of them are smooth, in increasing order; outside they vanish.
    laws : sequence of callable
        The densities, as functions of arrays of W.
    index : array of int, optional
        Which of them belongs to each row of couplings; by default the first.
    """

    knots: NDArray
    laws: tuple[Callable[[NDArray], NDArray], ...]
    index: NDArray | None = None

    def rows(self, index: NDArray) -> Density:
        """Return those of some rows of couplings."""
        return self if self.index is None else dataclasses.replace(self, index=self.index[index])

    def doublings(self, width: NDArray) -> NDArray:
        """How often panels are halved towards a bend of this width, so that the last is no wider; shape S."""
        span = self.knots[-1] - self.knots[0]
        return np.ceil(np.log2(span / np.clip(np.nan_to_num(width, nan=np.inf), NARROWEST * span, span))).astype(int)

    def nodes(self, bends: NDArray, width: NDArray, refine: int = 1) -> tuple[NDArray, NDArray]:
        """Nodes and weights for functions that bend at some points.

        Parameters
        ----------
        bends : array, shape S + (J,)
            Where they bend; nan, or anything outside the knots, for nowhere.
        width : array, shape S
            Within what distance.
        refine : int
            Factor on the number of nodes in a panel.

        Returns
        -------
        w, weight : array, shape S + (n,)
            Nodes and the density times their weights.
        """
        low, high = self.knots[0], self.knots[-1]
        doublings = int(self.doublings(width).max(initial=0))
        away = (high - low) * 2.0 ** -np.arange(doublings + 1.0) * np.ones((*np.shape(width), 1))
        middle = np.clip(np.nan_to_num(bends, nan=low), low, high)
        sides = [middle + sign * away[..., [k]] for k in range(doublings + 1) for sign in (-1, 1)]
        plain = np.broadcast_to(self.knots, (*middle.shape[:-1], len(self.knots)))
        edges = np.sort(np.clip(np.concatenate([plain, middle, *sides], axis=-1), low, high), axis=-1)
        node, weight = _rule(NODES * refine)
        half = np.diff(edges)[..., None] / 2
        w = edges[..., :-1, None] + half * (1 + node)
        return _flat(w), _flat(half * weight) * self._at(_flat(w))

    def _at(self, w: NDArray) -> NDArray:
        """Values at nodes, those of each row by its own law."""
        if self.index is None:
            return self.laws[0](w)
        values = np.zeros(w.shape)
        for k, law in enumerate(self.laws):
            own = np.broadcast_to(self.index == k, w.shape[:-1])
            values[own] = law(w[own])
        return values


@cache
def _rule(nodes: int) -> tuple[NDArray, NDArray]:
    return np.polynomial.legendre.leggauss(nodes)


def _flat(v: NDArray) -> Any:
    return v.reshape(*v.shape[:-2], v.shape[-2] * v.shape[-1])
