"""Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987): the Hopfield model near saturation."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import brentq

import replica
from paper_checks.check import Outcome, Verdict, check, compare, last_digit
from replica.models import Hopfield

SOURCE = "AGS, Ann. Phys. 173, 30 (1987)"


@check(
    source=SOURCE,
    where="fraction of errors in retrieval below the capacity",
    printed="< 1.5 %",
    seen="a",
    right="1.6 % at α_c itself",
    route="fold and bracketed root on the retrieval branch",
    expected="differs",
)
def error_fraction() -> Verdict:
    """(1 − m)/2 at T = 0: where it reaches 1.5 %, and how large it is at α_c."""

    def errors(alpha: float) -> float:
        return (1 - replica.solve(Hopfield(alpha=alpha)).order.m) / 2

    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    largest = (1 - fold.order.m) / 2
    reached = brentq(lambda alpha: errors(alpha) - 0.015, 0.1, fold.value * (1 - 1e-12), xtol=1e-14)
    outcome = Outcome.REPRODUCED if largest < 0.015 else Outcome.DIFFERS
    note = f"holds up to load {reached:.7f}; the last {1 - reached / fold.value:.2%} below α_c has more errors"
    return Verdict(outcome, f"{largest:.5%} at α_c", note)


@check(
    source=SOURCE,
    where="loads with retrieval as ground state",
    printed="below 0.05",
    seen="a",
    route="equal energies of two branches",
)
def ground_state_limit() -> Verdict:
    """Retrieval states are the lowest up to α_1, to the one digit that is printed."""
    point = replica.coexistence(Hopfield(alpha=0.01), along="alpha")
    return compare(point.value, 0.05, last_digit("0.05"), "T = 0; equal energies of retrieval and spin glass")


@check(
    source=SOURCE,
    where="loads with symmetric mixtures of three, T = 0",
    printed="below 0.03",
    seen="a",
    route="fold of the branch of 3-mixtures",
)
def mixture_limit() -> Verdict:
    """Fold of the branch of 3-mixtures at T = 0."""
    fold = replica.spinodal(Hopfield(alpha=0.01), along="alpha", start=("mixture", 3))
    return compare(fold.value, 0.03, last_digit("0.03"), "fold of the branch of 3-mixtures")


@check(
    source=SOURCE,
    where="T_M at small load",
    printed="T_M = 1 - 1.95 √α",
    seen="r",
    route="folds in T at loads 1e-6 and 1e-8, extrapolated",
)
def retrieval_slope() -> Verdict:
    """Slope of T_M against √α as α → 0."""
    slope = _slope(lambda model: replica.spinodal(model, along="T").value)
    return compare(slope, 1.95, last_digit("1.95"), "extrapolated from loads 1e-6 and 1e-8")


@check(
    source=SOURCE,
    where="T_c at small load",
    printed="T_c = 1 - 2.6 √α",
    seen="r",
    route="equal free energies at loads 1e-6 and 1e-8, extrapolated",
)
def coexistence_slope() -> Verdict:
    """Slope of T_c against √α as α → 0."""
    slope = _slope(lambda model: replica.coexistence(model, along="T").value)
    return compare(slope, 2.6, last_digit("2.6"), "extrapolated from loads 1e-6 and 1e-8")


def _slope(line: Callable[[Hopfield], float]) -> float:
    """Limit of (1 − T)/√α; the correction is of first order in √α."""
    coarse, fine = (
        (1 - line(Hopfield(alpha=alpha, T=1 - 4 * math.sqrt(alpha)))) / math.sqrt(alpha) for alpha in (1e-6, 1e-8)
    )
    return fine - (coarse - fine) / 9
