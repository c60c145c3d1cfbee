"""All roots of functions of one number that their values on nodes tell apart, close pairs too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.numerics.rootfinding import find_roots

__all__ = ["roots_between_nodes"]

SHRINKS = 40
GOLDEN = 0.3819660112501051


def roots_between_nodes(
    f: Callable[[NDArray, NDArray], NDArray], nodes: NDArray, values: NDArray | None = None, *, rtol: float = 1e-14
) -> tuple[NDArray, NDArray]:
    """Roots of f_i on rows of nodes: one where neighbours differ in sign, two where a minimum of |f| passes zero.

    Parameters
    ----------
    f : callable
        f(x, row): values at x, shape (P,), of the functions with these indices.
    nodes : array, shape (R, K)
        Increasing coordinates for each function.
    values : array, shape (R, K), optional
        Values there, if they are known.
    rtol : float
        Accuracy.

    Returns
    -------
    row, x
        Of each root.
    """
    rows, count = nodes.shape
    if values is None:
        values = f(nodes.ravel(), np.repeat(np.arange(rows), count)).reshape(rows, count)
    row, middle = _dips(values)
    at, value = _extreme(f, nodes, values, row, middle)
    through = (value > 0) != (values[row, middle] > 0)
    row, middle, at, value = row[through], middle[through], at[through], value[through]
    change = (values[:, 1:] > 0) != (values[:, :-1] > 0)
    change &= ~np.isnan(values[:, 1:]) & ~np.isnan(values[:, :-1])
    own, cell = np.nonzero(change)
    brackets = [
        (own, nodes[own, cell], nodes[own, cell + 1], values[own, cell], values[own, cell + 1]),
        (row, nodes[row, middle - 1], at, values[row, middle - 1], value),
        (row, at, nodes[row, middle + 1], value, values[row, middle + 1]),
    ]
    own, low, high, f_low, f_high = (np.concatenate(v) for v in zip(*brackets, strict=True))
    x = find_roots(lambda x, i: f(x, own[i]), low, high, f_low, f_high, rtol=rtol)
    rank = np.lexsort((x, own))
    return own[rank], x[rank]


def _dips(values: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes at which |f| is smallest among neighbours of one sign."""
    if values.shape[1] < 3:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    left, middle, right = values[:, :-2], values[:, 1:-1], values[:, 2:]
    sign = np.sign(middle)
    with np.errstate(invalid="ignore"):
        dip = (sign * left > sign * middle) & (sign * right > sign * middle) & (sign * middle > 0)
    row, cell = np.nonzero(dip)
    return row, cell + 1


def _extreme(
    f: Callable[[NDArray, NDArray], NDArray], nodes: NDArray, values: NDArray, row: NDArray, middle: NDArray
) -> tuple[NDArray, NDArray]:
    """Minima of |f| beside nodes by golden sections, left as soon as one has passed zero."""
    low, at, high = nodes[row, middle - 1], nodes[row, middle].copy(), nodes[row, middle + 1]
    value = values[row, middle].copy()
    sign = np.sign(value)
    active = np.arange(len(row))
    for _ in range(SHRINKS):
        active = active[(sign[active] * value[active] > 0) & (high[active] - low[active] > 1e-9 * abs(at[active]))]
        if not len(active):
            break
        upper = high[active] - at[active] > at[active] - low[active]
        new = at[active] + GOLDEN * np.where(upper, high[active] - at[active], low[active] - at[active])
        found = f(new, row[active])
        better = sign[active] * found < sign[active] * value[active]
        old = at[active]
        low[active] = np.where(upper & better, old, np.where(~upper & ~better, new, low[active]))
        high[active] = np.where(~upper & better, old, np.where(upper & ~better, new, high[active]))
        at[active], value[active] = np.where(better, new, old), np.where(better, found, value[active])
    return at, value
