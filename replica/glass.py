"""States of vanishing overlap of the R-RBM: the spin glass.

With m = 0 the law of W plays no part. At given α and b = (g + αB/2)/s everything is explicit, y = θ/√(pq):

    q = H0(−b),   s = p [φ(b) + √(α q H2(y))],   1 − C = p √(α q H2(y))/s,   g = s [b − ½√α H0(y)/√(q H2(y))]

so that all of them are the crossings of g(b) with the field g.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.gaussian import H, log_H
from replica.model import Order, exp_clipped
from replica.rootfinding import find_roots

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
    grid = np.concatenate([np.arange(-37.0, -6, 0.25), np.arange(-6, 6, 0.05), np.arange(6, 30.0, 0.5), np.geomspace(30.0, 1e8, 60)])
    excess = glass_point(p[:, None], theta[:, None], alpha[:, None], grid)[0] - g[:, None]
    above = excess > 0
    point, cell = np.nonzero((above[:, 1:] != above[:, :-1]) & np.isfinite(excess[:, 1:]) & np.isfinite(excess[:, :-1]))

    def at_b(b: NDArray, index: NDArray) -> NDArray:
        i = point[index]
        return glass_point(p[i], theta[i], alpha[i], b)[0] - g[i]

    b = find_roots(at_b, grid[cell], grid[cell + 1], excess[point, cell], excess[point, cell + 1])
    return point, b


def glass_point(p: Any, theta: Any, alpha: Any, b: Any) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """g, ln s, q and 1 − C of the state with m = 0 and given b."""
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
        return g, log_s, np.exp(log_q), np.exp(log_spread + np.log(p) - log_s)


def glass_order(p: Any, theta: Any, alpha: Any, b: Any) -> Order:
    """Order parameters of the state with m = 0 and given b."""
    _, log_s, q, margin = glass_point(p, theta, alpha, b)
    with np.errstate(all="ignore"):
        y = theta / np.sqrt(p * q)
        r = exp_clipped(np.log(p * q) + log_H(2, y) - 2 * np.log(margin))
        C = p * np.exp(-0.5 * b * b - log_s) / math.sqrt(2 * math.pi)
        return Order(m=np.zeros(np.shape(b)), q=q, r=r, C=C, B=p * H(0, y) / margin)
