"""One step along the branch k = 1: where the curve crosses a plane, or f̃ is stationary on it, by Newton's method.

Lengths are measured in units of what the curve bends on, which differ between (x, κ) and ln ℓ. Each of P points has its
own plane and its own units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.branch_equations import LEAST, Controls, Local, local

__all__ = ["FINE", "Node", "corrected", "rescaled", "scale_of", "stationary_near"]

FINE = 1e-9
"""Last move of Newton's method, which converges quadratically, where nothing else is said."""


class Node(NamedTuple):
    """Places on the curves of P points."""

    place: NDArray
    """(x, κ, ln ℓ), shape (3, P)."""
    tangent: NDArray
    """Unit tangent in units of `scale`."""
    scale: NDArray
    """Lengths on which the curve bends: d, d and 1, with d the noise or the distance of κ to where units flip."""
    slope: NDArray
    """f̃′."""
    bend: NDArray
    """Its derivative along the curve."""
    turn: NDArray
    """Derivative of the tangent along the curve, times the scale; as known from the step before, 0 at first."""

    def take(self, index: NDArray) -> Node:
        """Nodes of some of the points."""
        return Node(*(v[..., index] for v in self))

    def put(self, index: NDArray, other: Node) -> None:
        """Overwrite the nodes of some of the points."""
        for mine, new in zip(self, other, strict=True):
            mine[..., index] = new

    def ahead(self, length: NDArray) -> NDArray:
        """Places along the tangents and their turn."""
        return self.place + length * (self.tangent * self.scale + 0.5 * length * self.turn)


def scale_of(place: NDArray) -> NDArray:
    """Lengths on which the curve bends at a place: a third of the noise where units flip, half the way to there."""
    x, kappa, _ = place
    d = np.maximum(np.maximum(0.3 * x, 0.5 * (np.minimum(kappa + 1, -kappa) - 4.5 * x)), 1e-12)
    return np.array([d, d, np.ones_like(d)])


def rescaled(node: Node) -> Node:
    """Nodes with tangents in units of their own scale."""
    scale = scale_of(node.place)
    tangent = node.tangent * node.scale / scale
    size = np.sqrt((tangent**2).sum(axis=0))
    return node._replace(tangent=tangent / size, scale=scale, bend=node.bend / size, turn=node.turn / size**2)


def corrected(
    controls: Controls, guess: NDArray, normal: NDArray, scale: NDArray, tolerance: NDArray | float = FINE
) -> tuple[Node, NDArray, NDArray]:
    """Nodes on the curves where they cross the plane through `guess` with this normal, by Newton's method.

    Parameters
    ----------
    controls : Controls
        Of P points.
    guess : array, shape (3, P)
        Places.
    normal : array, shape (3, P)
        Normals of the planes in units of the scale; tangents point to their side.
    scale : array, shape (3, P)
        Units of lengths.
    tolerance : float or array, shape (P,)
        Last move, in these units.

    Returns
    -------
    Node, array of bool, array of int
        The nodes, whether they were reached, and the number of iterations.
    """
    size = guess.shape[1]
    place, active = guess.copy(), np.arange(size)
    node = Node(
        place, np.full(guess.shape, np.nan), scale, np.full(size, np.nan), np.full(size, np.nan), np.zeros(guess.shape)
    )
    limit = np.broadcast_to(tolerance, (size,))
    effort, good = np.zeros(size, dtype=int), np.zeros(size, dtype=bool)
    for count in range(1, 9):
        if not len(active):
            break
        unit, plane = scale[:, active], normal[:, active]
        here = _chunked(controls.take(active), place[:, active])
        offset = (plane * (place[:, active] - guess[:, active]) / unit).sum(axis=0)
        rows = [here.jacobian[0] * unit, here.jacobian[1] * unit, plane]
        move = -_solved(rows, [here.residual[0], here.residual[1], offset])
        far = np.abs(move).max(axis=0)
        place[:, active] += move * unit
        place[0, active] = np.maximum(place[0, active], LEAST)
        effort[active] = count
        done = far < limit[active]
        good[active] = done
        tangent = _tangent(rows, plane)
        node.tangent[:, active] = tangent
        node.slope[active] = here.slope + (here.bend * move * unit).sum(axis=0)
        node.bend[active] = (here.bend * tangent * unit).sum(axis=0)
        active = active[(far < 1.0) & ~done]
    return node, good, effort


def _tangent(rows: list[NDArray], towards: NDArray) -> NDArray:
    """Unit vectors along the curves."""
    with np.errstate(all="ignore"):
        a, b = (row / np.abs(row).max(axis=0) for row in rows[:2])
        tangent = _cross(a, b)
        tangent /= np.sqrt((tangent**2).sum(axis=0))
        return tangent * np.where((tangent * towards).sum(axis=0) < 0, -1.0, 1.0)


def _cross(a: NDArray, b: NDArray) -> NDArray:
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _solved(rows: list[NDArray], right: list[NDArray]) -> NDArray:
    """Solutions of 3×3 systems, shape (3, P), by Cramer's rule."""
    with np.errstate(all="ignore"):
        sizes = [np.abs(row).max(axis=0) for row in rows]
        a, b, c = (row / size for row, size in zip(rows, sizes, strict=True))
        u, v, w = (value / size for value, size in zip(right, sizes, strict=True))
        bc = _cross(b, c)
        move = (bc * u + _cross(c, a) * v + _cross(a, b) * w) / (a * bc).sum(axis=0)
        return np.where(np.isfinite(move), move, np.inf)


CHUNK = 1500


def _chunked(controls: Controls, place: NDArray) -> Local:
    """Evaluate points of similar ℓ together: the width of the law of W follows the largest."""
    size = place.shape[1]
    if size <= CHUNK:
        return local(controls, place)
    order = np.argsort(place[2], kind="stable")
    parts = [local(controls.take(i), place[:, i]) for i in np.array_split(order, -(-size // CHUNK))]
    back = np.argsort(order, kind="stable")
    return Local(*(np.concatenate(v, axis=-1)[..., back] for v in zip(*parts, strict=True)))


def stationary_near(controls: Controls, guess: NDArray, base: Node) -> tuple[Node, NDArray]:
    """Nodes on the curves with f̃′ = 0 by Newton's method, and whether they were reached."""
    place, good = guess.copy(), np.zeros(guess.shape[1], dtype=bool)
    active = np.arange(guess.shape[1])
    node = base.take(active)._replace(place=place)
    for _ in range(8):
        if not len(active):
            break
        unit = base.scale[:, active]
        here = _chunked(controls.take(active), place[:, active])
        rows = [here.jacobian[0] * unit, here.jacobian[1] * unit, here.bend * unit]
        move = -_solved(rows, [here.residual[0], here.residual[1], here.slope])
        far = np.abs(move).max(axis=0)
        place[:, active] += move * unit
        place[0, active] = np.maximum(place[0, active], LEAST)
        node.tangent[:, active] = _tangent(rows, base.tangent[:, active])
        done = far < FINE
        good[active] = done
        active = active[(far < 1.0) & ~done]
    return node, good
