"""Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985): the Hopfield model at finite load, replica symmetric."""

from __future__ import annotations

import math

import numpy as np

import replica
from paper_checks.check import Tolerance, Verdict, check, compare, last_digit
from paper_checks.evidence import ROUNDING, weigh
from replica.models import Hopfield

SOURCE = "AGS, PRL 55, 1530 (1985)"


@check(
    source=SOURCE,
    where="capacity at T = 0",
    printed="0.138",
    seen="r",
    route="fold of the retrieval branch, extended system",
)
def capacity() -> Verdict:
    """α_c at T = 0, the fold of the retrieval branch."""
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    return compare(fold.value, 0.138, last_digit("0.138"), "fold of the retrieval branch at T = 0")


@check(
    source=SOURCE,
    where="overlap at the capacity, T = 0",
    printed="0.967",
    seen="r",
    route="fold of the retrieval branch, extended system",
)
def overlap_at_capacity() -> Verdict:
    """Overlap m at α_c, T = 0."""
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    return compare(fold.order.m, 0.967, last_digit("0.967"), "m of the fold at T = 0")


@check(
    source=SOURCE,
    where="load up to which retrieval is the ground state",
    printed="0.051",
    seen="r",
    route="equal energies of two branches",
)
def ground_state_limit() -> Verdict:
    """α_1, where the retrieval state and the spin glass have equal energies at T = 0."""
    point = replica.coexistence(Hopfield(alpha=0.01), along="alpha")
    return compare(point.value, 0.051, last_digit("0.051", units=1), "0.0519: the printed digits are cut off")


@check(
    source=SOURCE,
    where="entropy of retrieval at the capacity, T = 0",
    printed="-1.4e-3",
    seen="r",
    route="entropy at the fold",
)
def retrieval_entropy() -> Verdict:
    """Negative entropy of the retrieval state at α_c: replica symmetry is slightly broken."""
    state = replica.spinodal(Hopfield(alpha=0.1), along="alpha").states[0]
    return compare(state.entropy, -1.4e-3, last_digit("-1.4e-3"), "S = −(α/2)[ln(1−C) + C/(1−C)]")


@check(
    source=SOURCE,
    where="entropy of the spin glass at the capacity, T = 0",
    printed="-0.07",
    seen="r",
    route="entropy of the spin glass at the load of the fold",
)
def glass_entropy() -> Verdict:
    """Negative entropy of the spin glass at α_c: replica symmetry is strongly broken."""
    alpha = replica.spinodal(Hopfield(alpha=0.1), along="alpha").value
    state = replica.solve(Hopfield(alpha=alpha), start="spin_glass")
    return compare(state.entropy, -0.07, last_digit("-0.07"), "the glass at the load of the fold")


@check(
    source=SOURCE,
    where="energy of the spin glass at T = 0",
    printed="-1/π - √(2α/π)",
    seen="r",
    route="solutions at five loads",
)
def glass_energy() -> Verdict:
    """E_SG(T = 0), the removed diagonal α/2 included."""
    alpha = np.array([0.01, 0.05, 0.138, 0.5, 2.0])
    state = replica.solve(Hopfield(alpha=alpha), start="spin_glass")
    printed = -1 / math.pi - np.sqrt(2 * alpha / math.pi)
    return weigh(printed, state.energy, ROUNDING, "five loads from 0.01 to 2; the i = j terms are left out of H")


@check(
    source=SOURCE,
    where="onset of the spin glass",
    printed="T_g = 1 + √α",
    seen="r",
    route="zero of the replicon, and the glass on both sides of it",
)
def glass_temperature() -> Verdict:
    """T_g, where the replicon of the paramagnet vanishes, and where the q of the glass does."""
    alphas = np.array([0.001, 0.05, 0.138, 1.0])
    start = 2 + 2 * np.sqrt(alphas)
    onset = [
        replica.instability(Hopfield(alpha=a, T=T), along="T", start="paramagnet").value
        for a, T in zip(alphas, start, strict=True)
    ]
    below = replica.solve(Hopfield(alpha=alphas, T=np.array(onset) - 1e-4), start="spin_glass", throw=False)
    above = replica.solve(Hopfield(alpha=alphas, T=np.array(onset) + 1e-4), start="spin_glass", throw=False)
    bounded = bool((np.asarray(below.order.q) > 0).all() and np.isnan(above.order.q).all())
    printed = 1 + np.sqrt(alphas) if bounded else math.nan
    return weigh(printed, onset, ROUNDING, "a glass with q > 0 exists 1e-4 below it and not 1e-4 above it")


@check(
    source=SOURCE,
    where="AT line of the retrieval state at low T",
    printed="T_R → √(8α/9π) e^{-1/2α}",
    seen="r",
    route="zero of the replicon at small loads",
)
def breaking_temperature() -> Verdict:
    """T_R at small load: its ratio to the printed asymptote tends to one."""
    alphas = np.array([0.02, 0.015, 0.01])
    found = [replica.instability(Hopfield(alpha=a, T=0.2), along="T").value for a in alphas]
    printed = np.sqrt(8 * alphas / (9 * math.pi)) * np.exp(-1 / (2 * alphas))
    tolerance = Tolerance(
        "asymptote", 1e-8, "the noise r = 1 + 2C shifts the exponent by C/α = 4e-9 at load 0.02", relative=True
    )
    note = "at 0.02 and below; the ratio is 1.28 at load 0.10 and 1.75 at 0.12"
    return weigh(printed, found, tolerance, note)
