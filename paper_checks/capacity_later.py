"""The replica-symmetric capacity of the Hopfield model in later work, and the re-entrance of its line."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

import replica
from paper_checks.check import Outcome, Verdict, check, compare, last_digit
from replica.models import Hopfield


@check(
    source="Steffan & Kühn, Z. Phys. B 95, 249 (1994)",
    where="abstract",
    printed="0.137905",
    seen="a",
    route="fold of the retrieval branch, extended system",
)
def steffan_kuhn_1994_capacity() -> Verdict:
    """Replica-symmetric α_c at T = 0."""
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    note = "0.1379056: the printed digits are cut off, not rounded"
    return compare(fold.value, 0.137905, last_digit("0.137905", units=1), note)


@check(
    source="Stojnic, arXiv:2403.01907 (2024)",
    where="abstract",
    printed="0.137906",
    seen="a",
    route="fold of the retrieval branch, extended system",
)
def stojnic_2024_capacity() -> Verdict:
    """The same at the first level of lifting, which is replica symmetry."""
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    return compare(fold.value, 0.137906, last_digit("0.137906"), "fold of the retrieval branch at T = 0")


@check(
    source="Steffan & Kühn, Z. Phys. B 95, 249 (1994)",
    where="abstract: re-entrance of the retrieval line",
    printed="α_M(T) is not largest at T = 0",
    seen="a",
    route="folds at several T, maximised over T",
)
def steffan_kuhn_1994_reentrance() -> Verdict:
    """The capacity grows with T before it falls."""
    return _reentrance()


@check(
    source="Naef & Canning, J. Phys. I 2, 247 (1992)",
    where="re-entrance of the retrieval line",
    printed="α_M(T) is not largest at T = 0",
    seen="r",
    route="folds at several T, maximised over T",
)
def naef_canning_1992_reentrance() -> Verdict:
    """The capacity grows with T before it falls."""
    return _reentrance()


def _reentrance() -> Verdict:
    def capacity(T: float) -> float:
        return replica.spinodal(Hopfield(alpha=1e-3, T=T), along="alpha").value

    best = minimize_scalar(lambda T: -capacity(T), bounds=(0.0, 0.1), method="bounded", options={"xatol": 1e-9})
    largest, cold = -best.fun, capacity(0.0)
    rises = bool(np.all(np.diff([capacity(T) for T in (0.0, 0.005, 0.01, best.x)]) > 0))
    outcome = Outcome.REPRODUCED if rises and largest > cold else Outcome.DIFFERS
    note = f"replica symmetric; {cold:.9f} at T = 0, {largest / cold - 1:.3%} less"
    return Verdict(outcome, f"{largest:.9f} at T = {best.x:.6f}", note)
