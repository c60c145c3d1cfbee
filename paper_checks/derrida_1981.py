"""Derrida, PRB 24, 2613 (1981): the random energy model, 2^N levels of variance N/2."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import weigh
from paper_checks.slides_random_energy import mean_log

SOURCE = "Derrida, PRB 24, 2613 (1981)"


@check(
    source=SOURCE,
    where="critical temperature",
    printed="β_c = 2√ln 2",
    seen="r",
    route="zero of the entropy of the annealed free energy",
)
def critical_temperature() -> Verdict:
    """The annealed entropy ln 2 − β²/4, from differences of ln E Z/N, vanishes there."""

    def entropy(beta: float) -> float:
        step = 1e-4
        phi = [math.log(2) + b * b / 4 for b in (beta - step, beta, beta + step)]
        return phi[1] - beta * (phi[2] - phi[0]) / (2 * step)

    root = brentq(entropy, 0.5, 3.0, xtol=1e-14)
    close = Tolerance("rounding", 1e-10, "differences of step 1e-4 of a quadratic function")
    return weigh(2 * math.sqrt(math.log(2)), root, close, f"β_c = {root:.12f}")


@check(
    source=SOURCE,
    where="ground-state energy",
    printed="e_0 = -√ln 2",
    seen="r",
    route="E log Z as an exact integral, 2^50 to 2^200 levels",
)
def ground_state() -> Verdict:
    """Slope of E log Z/β with N at β = 20, its logarithm of N taken out."""
    beta, e = 20.0, math.sqrt(math.log(2))
    value = [
        mean_log(2.0**N, beta * math.sqrt(N / 2), N * beta * e) / beta + math.log(4 * math.pi * N * math.log(2)) / 4 / e
        for N in (100, 200)
    ]
    found = -float(np.diff(value)[0]) / 100
    rest = Tolerance("finite size", 1e-3, "N = 100 and 200; rest of order ln N/N²")
    return weigh(-e, found, rest, f"{found:.5f}, and -{e:.12f} printed")
