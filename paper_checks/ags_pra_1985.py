"""Amit, Gutfreund & Sompolinsky, PRA 32, 1007 (1985): the Hopfield model with few patterns."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import brentq

import replica
from paper_checks.check import Tolerance, Verdict, check, compare, last_digit
from paper_checks.evidence import weigh
from replica.models import Hopfield

SOURCE = "AGS, PRA 32, 1007 (1985)"
FEW = 1e-12
"""A load at which nothing of order one feels the other patterns."""


@check(source=SOURCE, where="one condensed pattern", printed="m = tanh(m/T)", seen="r", route="solution at load 1e-12")
def magnetisation() -> Verdict:
    """Overlap of a retrieved pattern at low load."""
    T = np.array([0.2, 0.5, 0.8, 0.95])
    m = np.asarray(replica.solve(Hopfield(alpha=FEW, T=T)).order.m)
    tolerance = Tolerance("small load", 1e-10, "a load of 1e-12 shifts m by 5e-12 at T = 0.95, less below")
    return weigh(np.tanh(m / T), m, tolerance, f"solved at load {FEW:g}; m(0.5) = {m[1]:.13f}")


@check(
    source=SOURCE,
    where="stability of symmetric mixtures of three",
    printed="0.46",
    seen="s",
    route="Hessian by enumeration of 2^3 sites, and the solver's own stability",
)
def mixture_stability() -> Verdict:
    """Temperature below which 3-mixtures are minima, by enumeration of the eight sites and from the solver."""
    signs = np.array(list(itertools.product((-1, 1), repeat=3)))
    field = signs.sum(axis=1)

    def smallest(T: float) -> float:
        m = brentq(lambda x: (signs[:, 0] * np.tanh(x * field / T)).mean() - x, 0.1, 1.0, xtol=1e-15)
        squares = np.tanh(m * field / T) ** 2
        curvature = np.eye(3) - np.einsum("ka,kb,k->ab", signs, signs, 1 - squares) / (8 * T)
        return float(np.linalg.eigvalsh(curvature)[0])

    T = brentq(smallest, 0.3, 0.6, xtol=1e-14)
    states = [replica.solve(Hopfield(alpha=FEW, T=t), start="mixture") for t in (T - 1e-6, T + 1e-6)]
    if [s.stable for s in states] != [True, False]:
        raise AssertionError("the solver finds another limit of stability than the enumeration")
    return compare(T, 0.46, last_digit("0.46"), "smallest eigenvalue of the Hessian in all three overlaps")
