"""Cells of a grid of a plane in which two functions may vanish at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cells_of_roots"]


def cells_of_roots(first: NDArray, second: NDArray, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Cells at whose corners both functions have both signs, or one has and the other has in a neighbour.

    Parameters
    ----------
    first, second : array, shape (R, K, J)
        Values at the nodes of R grids; nan where there is none.
    x, y : array, shape (R, K, J)
        Coordinates of the nodes.

    Returns
    -------
    row, x, y
        Grid and middle of each such cell.
    """
    changed = _changes(first), _changes(second)
    row, line, column = np.nonzero(_widened(changed[0]) & _widened(changed[1]) & (changed[0] | changed[1]))
    corners = [(row, line + i, column + j) for i in (0, 1) for j in (0, 1)]
    at_x, at_y = (sum((v[corner] for corner in corners), np.zeros(len(row))) / 4 for v in (x, y))
    return row, at_x, at_y


def _changes(values: NDArray) -> NDArray:
    """Cells at whose corners a function has both signs."""
    corners = np.stack([values[:, :-1, :-1], values[:, 1:, :-1], values[:, :-1, 1:], values[:, 1:, 1:]])
    return np.asarray((corners > 0).any(axis=0) & (corners <= 0).any(axis=0))


def _widened(cells: NDArray) -> NDArray:
    """Cells and their neighbours."""
    out = cells.copy()
    for axis in (1, 2):
        wide = out.copy()
        moved, back = np.moveaxis(wide, axis, 0), np.moveaxis(out, axis, 0)
        moved[1:] |= back[:-1]
        moved[:-1] |= back[1:]
        out = wide
    return out
