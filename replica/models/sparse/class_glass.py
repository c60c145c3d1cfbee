"""States of vanishing overlap of heterogeneous machines: the spin glass.

With m = 0 only the classes x matter, not W. At a given load c = αB/(2s) and S = s(1 − C) are functions of q, q of t:

    q = ⟨xΦ(u)⟩,   u = (t + c(x − 1))/√x,   s = p⟨√x φ(u)⟩ + S,   g = s(t − c)

so that with q = Φ(τ) all of them are the crossings of g(τ) with the field g; where all units are on t goes on alone.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from replica.averages.unit_classes import Classes
from replica.models.base import Order, exp_clipped
from replica.models.sparse.class_search import matched_share
from replica.models.sparse.classes import LEAST_SHARE, ClassEquations
from replica.numerics.gaussian import log_H
from replica.numerics.rootfinding import find_roots

__all__ = ["glass_of_classes"]

EDGE = 38.0
"""|τ| beyond which all units are on, or none."""


def glass_of_classes(equations: ClassEquations, units: Classes, log_alpha: float) -> tuple[Order, NDArray]:
    """All states with m = 0 at one load, and their free energies.

    Parameters
    ----------
    equations : ClassEquations
        The machine, whose law of W plays no part.
    units : Classes
        Its classes.
    log_alpha : float
        ln α.

    Returns
    -------
    order, energy
        Order parameters and −½αr − g⟨v⟩, members of one shape.
    """
    line = _Line(equations, units, log_alpha)
    fine, coarse = np.arange(-6, 6, 0.02), np.arange(6, EDGE, 0.1)
    nodes = np.concatenate([-coarse[::-1], fine, coarse, EDGE + np.geomspace(1e-2, 700.0, 300)])
    nodes = line.with_turns(nodes)
    values = line.excess(nodes)
    sound = np.isfinite(values)
    cell = np.nonzero(((values[1:] > 0) != (values[:-1] > 0)) & sound[1:] & sound[:-1])[0]
    tau = find_roots(lambda v, _: line.excess(v), nodes[cell], nodes[cell + 1], values[cell], values[cell + 1])
    return line.order(tau)


class _Line:
    """g as a function of τ at one load."""

    def __init__(self, equations: ClassEquations, units: Classes, log_alpha: float) -> None:
        sound = units.x > LEAST_SHARE
        self.equations, self.log_alpha = equations, log_alpha
        self.x, self.fraction = units.x[sound], units.fraction[sound]
        self.silent = float(units.fraction[~sound].sum())

    def averages(self, tau: NDArray) -> tuple[NDArray, ...]:
        """t, c x₀, ln q, ln S, ln D and u."""
        from scipy.special import log_ndtr

        eq, inner = self.equations, np.clip(tau, -EDGE, EDGE)
        total = float(self.fraction @ self.x)
        log_q = log_ndtr(inner) + math.log(total)
        log_S, log_c, _, _ = eq.hidden(log_q, np.full(len(tau), self.log_alpha))
        with np.errstate(all="ignore"):
            c = np.minimum(np.exp(log_c), 1e250)
            # beyond the edge t grows without bound
            t, base = matched_share(inner, c, self.x, self.fraction * self.x / total)
            t = t + np.expm1(tau - inner)
            u = (t[:, None] + c[:, None] * (self.x - base[:, None])) / np.sqrt(self.x)
            log_D = np.log(np.exp(-0.5 * u * u) @ (eq.p * self.fraction * np.sqrt(self.x)) / math.sqrt(2 * math.pi))
        return t, c * base, log_q, log_S, log_D, u

    def excess(self, tau: NDArray) -> NDArray:
        """s(t − c) − g over its terms."""
        t, pull, _, log_S, log_D, _ = self.averages(tau)
        with np.errstate(all="ignore"):
            s = np.exp(np.logaddexp(log_D, log_S))
            return (s * (t - pull) - self.equations.g) / (s * (np.abs(t) + pull) + abs(self.equations.g))

    def with_turns(self, nodes: NDArray) -> NDArray:
        """Nodes, and the extrema between them that come near zero."""
        values = self.excess(nodes)
        size = np.abs(values)
        with np.errstate(invalid="ignore"):
            near = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] < 0.1)
        more = []
        for i in np.nonzero(near)[0] + 1:
            sign = math.copysign(1.0, values[i])
            best = minimize_scalar(
                lambda v, sign=sign: sign * float(self.excess(np.array([v]))[0]),
                bounds=(nodes[i - 1], nodes[i + 1]),
                method="bounded",
                options={"xatol": 1e-10},
            )
            more.append(best.x)
        return np.unique(np.concatenate([nodes, more]))

    def order(self, tau: NDArray) -> tuple[Order, NDArray]:
        """Order parameters and free energies at roots."""
        eq = self.equations
        _, _, log_q, log_S, log_D, u = self.averages(tau)
        from scipy.special import ndtr

        with np.errstate(all="ignore"):
            log_s = np.logaddexp(log_D, log_S)
            log_h0 = log_H(0, eq.theta / math.sqrt(eq.p) * np.exp(-0.5 * log_q))
            r = exp_clipped(2 * log_s - self.log_alpha - math.log(eq.p))
            B = eq.p * exp_clipped(log_h0 + log_s - log_S)
            order = Order(m=np.zeros(len(tau)), q=np.exp(log_q), r=r, C=np.exp(log_D - log_s), B=B)
        active = ndtr(u) @ self.fraction + self.silent * (eq.g > 0)
        return order, -0.5 * math.exp(self.log_alpha) * r - eq.g * active
