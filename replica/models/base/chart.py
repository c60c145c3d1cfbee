"""Where the solutions of a model are: curves on which the load is a function, states in closed form, finders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base.order import Order

__all__ = ["Chart", "ExactState", "Finder", "Found", "overlap_nodes"]


def overlap_nodes(model: object, lowest: float) -> NDArray:
    """Nodes in ln y from the m → 0 end, where α ~ y⁴, to the zero-noise end, where α ~ 1/y²."""
    left, right = max(-10.0, lowest / 4 - 2), max(6.0, 2 - lowest / 2)
    return np.concatenate([np.arange(left, 4.0, 0.1), np.geomspace(4.0, right, 2 + int(8 * right / 4))[1:]])


@dataclasses.dataclass(frozen=True)
class Chart:
    """One curve of solutions at fixed couplings, on which the load α is a function and not an unknown.

    Walking the curve meets every solution of its kind: those at a given α are the crossings of that level.
    `zero_noise` is the end (−1: first node, +1: last) where α r → 0; sheets are counted from there, a new one
    at each fold.
    """

    kind: str
    n: int
    nodes: Callable[[Any, float], NDArray]
    """nodes(model, lowest): increasing coordinates, shape (K,), that reach ln α = lowest at both ends."""
    point: Callable[[Any, NDArray], tuple[NDArray, Order]]
    """point(model, u): ln α (−inf outside the domain) and the order parameters at coordinates u."""
    zero_noise: int = 1
    folded: bool = True
    """Whether α has extrema on the chart; where it is known to be monotone they are not looked for."""


@dataclasses.dataclass(frozen=True)
class ExactState:
    """A solution known in closed form, such as the paramagnet."""

    kind: str
    n: int
    state: Callable[[Any], tuple[NDArray, Order]]
    """state(model): where it exists, and its order parameters."""


class Found(NamedTuple):
    """Solutions at the points of a flat model, one entry each."""

    point: NDArray
    """Index of the point."""
    kind: NDArray
    n: NDArray
    k: NDArray
    """Zero-noise state it descends from, −1 where that has no meaning."""
    sheet: NDArray
    order: Order
    unaccounted: tuple[tuple[int, str], ...] = ()
    """Points at which states may be missing, each with the end of a curve, or the search, that is not known or made."""


@dataclasses.dataclass(frozen=True)
class Finder:
    """Solutions of several kinds found together, where no single chart holds a kind."""

    kinds: tuple[str, ...]
    n: int
    find: Callable[[Any], Found]
    """find(flat model): all of them."""
    fold: Callable[[Any], tuple[Order, float]] | None = None
    """fold(scalar model): order parameters and ln α at the first fold of the retrieval branch."""
