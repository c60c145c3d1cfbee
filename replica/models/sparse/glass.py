"""States of vanishing overlap of the R-RBM: the spin glass.

With m = 0 the law of W plays no part. At given α and b = (g + αB/2)/s everything is explicit, y = θ/√(pq):

    q = H0(−b),   s = p [φ(b) + √(α q H2(y))],   1 − C = p √(α q H2(y))/s,   g = s [b − ½√α H0(y)/√(q H2(y))]

so that all of them are the crossings of g(b) with the field g.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order, exp_clipped
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["glass_order", "glass_states"]


def glass_states(p: NDArray, theta: NDArray, g: NDArray, alpha: NDArray) -> tuple[NDArray, NDArray]:
    """All states with m = 0 at each of P points.

    Parameters
    ----------
    p, theta, g, alpha : array, shape (P,)
        Controls.

    Returns
    -------
    point : array of int, shape (n,)
        Which point each state belongs to.
    b : array, shape (n,)
        Its (g + αB/2)/s.
    """
    fine, coarse = np.arange(-6, 6, 0.05), np.arange(-37.0, -6, 0.25)
    grid = np.concatenate([coarse, fine, np.arange(6, 30.0, 0.5), np.geomspace(30.0, 1e300, 150)])

    def excess(b: NDArray, i: NDArray) -> NDArray:
        return glass_at_b(p[i], theta[i], alpha[i], b)[0] - g[i]

    nodes = np.tile(grid, (len(p), 1))
    values = excess(nodes, np.arange(len(p))[:, None])
    _move_onto_turns(excess, nodes, values)
    above = values > 0
    point, cell = np.nonzero((above[:, 1:] != above[:, :-1]) & np.isfinite(values[:, 1:]) & np.isfinite(values[:, :-1]))
    ends = (v[point, cell + j] for v in (nodes, values) for j in (0, 1))
    return point, find_roots(lambda b, index: excess(b, point[index]), *ends)


def _move_onto_turns(excess: Callable[[NDArray, NDArray], NDArray], nodes: NDArray, values: NDArray) -> None:
    """Move nodes onto the extrema beside them, so that no pair of roots lies between two nodes."""
    with np.errstate(invalid="ignore", over="ignore"):
        left, right = np.diff(values, axis=1)[:, :-1], np.diff(values, axis=1)[:, 1:]
        # towards zero, and nearer to it than the neighbours are to the node
        near = np.abs(values[:, 1:-1]) < np.maximum(np.abs(left), np.abs(right))
        row, column = np.nonzero((left * right < 0) & (values[:, 1:-1] * right > 0) & near)
    column += 1
    low, high, every = nodes[row, column - 1], nodes[row, column + 1], np.arange(len(row))

    def slope(b: NDArray, index: NDArray) -> NDArray:
        return excess(b + 1e-5, row[index]) - excess(b - 1e-5, row[index])

    b = find_roots(slope, low, high, slope(low, every), slope(high, every), rtol=1e-9)
    nodes[row, column], values[row, column] = b, excess(b, row)


def glass_at_b(p: Number, theta: Number, alpha: Number, b: Number) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """g, ln s, q and ln(1 − C) of the state with m = 0 and given b."""
    from scipy.special import log_ndtr

    with np.errstate(all="ignore"):
        log_q = log_ndtr(b)
        y = theta / np.sqrt(p) * np.exp(-0.5 * log_q)
        log_h2 = log_H(2, y)
        log_spread = 0.5 * (np.log(alpha) + log_q + log_h2)
        log_phi = -0.5 * b * b - math.log(math.sqrt(2 * math.pi))
        log_s = np.log(p) + np.logaddexp(log_phi, log_spread)
        pull = 0.5 * np.sqrt(alpha) * np.exp(log_H(0, y) - 0.5 * (log_q + log_h2))
        g = np.exp(log_s) * (b - pull)
        return g, log_s, np.exp(log_q), log_spread + np.log(p) - log_s


def glass_order(p: Number, theta: Number, alpha: Number, b: Number) -> Order:
    """Order parameters of the state with m = 0 and given b; r = s²/(αp) needs no 1 − C."""
    _, log_s, q, log_margin = glass_at_b(p, theta, alpha, b)
    with np.errstate(all="ignore"):
        r = exp_clipped(2 * log_s - np.log(alpha * p))
        C = p * np.exp(-0.5 * b * b - log_s) / math.sqrt(2 * math.pi)
        B = p * exp_clipped(log_H(0, theta / np.sqrt(p * q)) - log_margin)
        return Order(m=np.zeros(np.shape(b)), q=q, r=r, C=C, B=B)
