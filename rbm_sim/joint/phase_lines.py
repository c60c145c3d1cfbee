"""Boundaries of phases in a plane of two controls, as line segments.

Phases are known on a grid. Where two neighbours differ the boundary crosses the edge between them at a point found by
bisection, at all edges at once; within a cell the crossings are joined, three and more of them through their mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["phase_lines"]

HALVINGS = 7
"""Bisections of an edge: to 1/128 of it."""

Labels = Callable[[np.ndarray, np.ndarray], np.ndarray]


def phase_lines(labels: np.ndarray, phase: Labels) -> list[np.ndarray]:
    """Segments of the boundaries, in units of the grid.

    Parameters
    ----------
    labels : array of str, shape (rows, columns)
        Phases at the nodes.
    phase : callable
        phase(row, column), the phases at an array of points between nodes.

    Returns
    -------
    list of array, shape (2, 2)
        Segments between two points (column, row).
    """
    ends = [_edges(labels, axis) for axis in (0, 1)]
    low = np.concatenate([low for low, _ in ends]).astype(float)
    high = np.concatenate([high for _, high in ends]).astype(float)
    if not len(low):
        return []
    whole, own = low.copy(), labels[tuple(low.astype(int).T)]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        same = phase(middle[:, 0], middle[:, 1]) == own
        low, high = np.where(same[:, None], middle, low), np.where(same[:, None], high, middle)
    crossings = {(*edge, axis): point for edge, axis, point in _named(whole, low, high)}
    return _joined(crossings, labels.shape)


def _edges(labels: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes on both sides of a change along an axis."""
    first = np.take(labels, range(labels.shape[axis] - 1), axis)
    low = np.argwhere(first != np.take(labels, range(1, labels.shape[axis]), axis))
    return low, low + np.eye(2, dtype=int)[axis]


def _named(whole: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[tuple[tuple[int, int], int, np.ndarray]]:
    """Node at which an edge begins, its axis, and the crossing on it."""
    middle = (low + high) / 2
    axes = np.argmax(np.abs(high - low), axis=1)
    return [((int(a), int(b)), int(axis), p) for (a, b), axis, p in zip(whole, axes, middle, strict=True)]


def _joined(crossings: dict[tuple[int, int, int], np.ndarray], shape: tuple[int, ...]) -> list[np.ndarray]:
    """Segments between the crossings on the edges of each cell."""
    segments = []
    for i in range(shape[0] - 1):
        for j in range(shape[1] - 1):
            edges = ((i, j, 0), (i, j, 1), (i + 1, j, 1), (i, j + 1, 0))
            points = [crossings[edge][::-1] for edge in edges if edge in crossings]
            if len(points) == 2:
                segments.append(np.array(points))
            elif len(points) > 2:
                centre = np.mean(points, axis=0)
                segments += [np.array([point, centre]) for point in points]
    return segments
