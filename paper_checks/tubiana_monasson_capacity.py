"""Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 3(a): capacities that the equations do not give, and why not.

The curves are compared with the first fold of the retrieval branch (k = 1), found here by following the branch down
from zero noise in its own chart, and then with what other criteria and other equations would give. Every candidate
fails somewhere by more than the 3 % of the digitising; what it does fit is said in its note, as a finding, not as an
explanation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.special import ndtr

import replica
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import weigh
from paper_checks.tubiana_monasson_points import CAPACITY, DIGITISED, FIG_3, SOURCE
from replica.averages.pattern_sum import Law, skellam, sparse_sum
from replica.models import ReluRBM

WHERE = "Fig. 3(a), α_c(θ), L = 1, 2, 5, 10, 15, p = 0.1, g = -0.02"
PRINTED = "; ".join(", ".join(f"{v:g}" for v in points.values()) for points in CAPACITY.values())
POINTS = [(L, theta) for L, points in CAPACITY.items() for theta in points]
PUBLISHED = np.array([CAPACITY[L][theta] for L, theta in POINTS])
STEP = 0.02


def first_fold(
    L: int, theta: float, g: float = -0.02, p: float = 0.1, field: float = 1.0, law: Law | None = None
) -> float:
    """First maximum of α along the branch that starts at v = Θ(g + mW) without noise.

    With a = m/s and b = (g + field·αB/2)/s all else is explicit; at each a the root b of the given g is followed.

    Parameters
    ----------
    L : int
        Strongly activated hidden units.
    theta, g, p : float
        Threshold, field, sparsity.
    field : float
        Factor of the self-field αB/2; 1 in the equations.
    law : Law, optional
        Law of W, by default that of L entries.

    Returns
    -------
    float
        α at the first maximum, to 1e-3 of itself.
    """
    w, _, weight, *_ = law or sparse_sum(L, p)

    def point(log_a: float, kappa: float) -> tuple[float, float]:
        a = math.exp(log_a)
        b = kappa * math.hypot(1, a)
        u = b + a * w
        on = weight * ndtr(u)
        m, q = on @ w / L, on.sum()
        s, y = m / a, theta / math.sqrt(p * q)
        C = p / s * (weight @ np.exp(-u * u / 2)) / math.sqrt(2 * math.pi)
        alpha = s * s * (1 - C) ** 2 / (p * p * q * float(replica.H(2, y)))
        return b * s - field * alpha * p * float(replica.H(0, y)) / (2 * (1 - C)), alpha

    kappa, highest = g / float((weight * w)[w >= 1].sum() / L), 0.0
    for log_a in np.arange(7.0, -3.0, -STEP):
        for _ in range(30):
            slope = (point(log_a, kappa + 1e-6)[0] - point(log_a, kappa - 1e-6)[0]) / 2e-6
            step = (point(log_a, kappa)[0] - g) / slope
            kappa -= step
            if abs(step) < 1e-12:
                break
        alpha = point(log_a, kappa)[1]
        if not alpha > highest:
            break
        highest = alpha
    return highest


def _candidate(found: Callable[[int, float], float], note: str) -> Verdict:
    """Weigh the published values against a candidate; shown is published/computed for each L."""
    ratio = np.array([CAPACITY[L][theta] / found(L, theta) for L, theta in POINTS])
    parts = []
    for L in CAPACITY:
        mine = [r for r, (size, _) in zip(ratio, POINTS, strict=True) if size == L]
        parts.append(f"L = {L}: " + " ".join(f"{r:.2f}" for r in mine))
    return weigh(ratio, 1.0, DIGITISED, f"published/computed {'; '.join(parts)}. {note}")


@cache
def _fold(L: int, theta: float) -> float:
    return float(replica.spinodal(ReluRBM(alpha=None, theta=theta, L=L, **FIG_3), along="alpha").value)


@check(
    source=SOURCE,
    where=WHERE,
    printed=PRINTED,
    seen="p",
    right="published over first fold: 1.16 to 1.27 at L ≤ 5, 1.03 to 1.05 at L = 10, 1.44 to 1.59 at L = 15",
    route="first fold of the branch k = 1, extended system",
    expected="differs",
)
def published_curves() -> Verdict:
    """First fold of the branch k = 1; the note gives the ratios."""
    note = "The ratio hardly depends on θ, but on L: the hidden side, H2(θ/√(pq)), is the same; cause unknown"
    return _candidate(_fold, note)


@check(
    source=SOURCE,
    where=WHERE,
    printed="α_c grows with θ and falls with L",
    seen="p",
    route="signs of differences of folds",
)
def trends() -> Verdict:
    """Signs of all differences between neighbouring points of the figure, and of those computed."""
    found = dict(zip(POINTS, (_fold(*point) for point in POINTS), strict=True))
    printed = dict(zip(POINTS, PUBLISHED, strict=True))
    pairs = [(a, b) for a in POINTS for b in POINTS if (a[0] == b[0]) != (a[1] == b[1])]
    same = all((found[a] > found[b]) == (printed[a] > printed[b]) for a, b in pairs)
    shown = "the same" if same else "not the same"
    return Verdict(
        Outcome.REPRODUCED if same else Outcome.DIFFERS, shown, f"{len(pairs) // 2} pairs with equal L or equal θ"
    )


@check(
    source=SOURCE,
    where="eq. (2) at the fold, two routes",
    printed="α_c is a fold of the equations",
    seen="p",
    route="following the branch in its own chart",
)
def second_route() -> Verdict:
    """The fold by an extended system (`replica.spinodal`) and by following the branch in its chart agree."""
    found = [first_fold(L, theta) for L, theta in POINTS]
    coarse = Tolerance("step", 1e-3, f"the chart is followed in steps of {STEP} in ln a", relative=True)
    return weigh(found, [_fold(L, theta) for L, theta in POINTS], coarse, "so the difference is none of the solver")


@check(
    source=SOURCE,
    where=f"{WHERE}; criterion: any m > 0 solution",
    printed=PRINTED,
    seen="p",
    right="the published values are not the last folds either: those are larger from L = 5 on",
    route="folds of all level curves",
    expected="differs",
    slow=True,
)
def any_solution() -> Verdict:
    """Largest fold of any branch with m > 0 and q > 1e-3, instead of the first one of k = 1."""
    from replica.models.sparse.level_curves import curves

    def largest(L: int, theta: float) -> float:
        couplings = ReluRBM(alpha=1.0, theta=theta, L=L, **FIG_3).couplings()
        folds = [_fold(L, theta)]
        for curve in curves(couplings, FIG_3["g"], -20.0):
            where = np.nonzero(curve.folds)[0]
            sound = curve.at(curve.vertex(where)).q > 1e-3
            folds += np.exp(np.minimum(curve.log_alpha[where[sound]], 600.0)).tolist()
        return max(folds)

    return _candidate(
        largest, "0.145 at L = 1, θ = 0 (published 0.137), but the k ≥ 2 branches overshoot from L = 5 on"
    )


@check(
    source=SOURCE,
    where=f"{WHERE}; criterion: equal energies",
    printed=PRINTED,
    seen="p",
    right="at half the published α_c the spin glass is lower at all 19 points",
    route="all solutions at half the published load",
    expected="differs",
)
def equal_energies() -> Verdict:
    """Loads at which retrieval is still lower than the spin glass: at half the published capacity it never is."""
    gaps = []
    for L, theta in POINTS:
        states = replica.solve_all(ReluRBM(alpha=0.5 * CAPACITY[L][theta], theta=theta, L=L, **FIG_3))
        f = {kind: min((float(s.free_energy) for s in states if s.kind == kind), default=math.nan) for kind in KINDS}
        gaps.append(f["retrieval"] - f["spin_glass"])
    higher = sum(gap > 0 for gap in gaps)
    outcome = Outcome.DIFFERS if higher == len(gaps) else Outcome.REPRODUCED
    shown = f"spin glass lower at {higher} of {len(gaps)} points"
    return Verdict(outcome, shown, "at half the published α_c retrieval is nowhere the ground state")


KINDS = ("retrieval", "spin_glass")


@check(
    source=SOURCE,
    where=f"{WHERE}; another g for all L",
    printed=PRINTED,
    seen="p",
    right="g = -0.0225 fits L ≤ 5 to 3 %, not L = 10 (1.1 to 1.5) and 15 (3.4)",
    route="following the branch in its own chart",
    expected="differs",
)
def another_field() -> Verdict:
    """A field g = −0.0225 instead of −0.02."""
    note = (
        "g = −0.0225 fits L = 1, 2 and 5 to 3 % at every θ, misses L = 15 by a factor 3.4; −0.018 the other way round"
    )
    return _candidate(lambda L, theta: first_fold(L, theta, g=-0.0225), note)


@check(
    source=SOURCE,
    where=f"{WHERE}; the best g, L = 10 and 15",
    printed=PRINTED,
    seen="p",
    right="published over computed 1.03 at L = 10, 0.87 to 1.00 at L = 15, each at its own g",
    route="following the branch in its own chart, maximised over g",
    expected="differs",
    slow=True,
)
def best_field() -> Verdict:
    """Largest α_c over g from −0.022 to −0.014 at each θ."""
    ratio = {}
    for L in (10, 15):
        best = [max(first_fold(L, t, g=float(g)) for g in np.linspace(-0.022, -0.014, 9)) for t in CAPACITY[L]]
        ratio[L] = np.array(list(CAPACITY[L].values())) / best
    shown = "; ".join(f"L = {L}: " + " ".join(f"{r:.2f}" for r in values) for L, values in ratio.items())
    note = f"published/computed {shown}. L = 10 is at the top of α_c(g), L ≤ 5 far below theirs: no rule for g(L) seen"
    return weigh(np.concatenate(list(ratio.values())), 1.0, DIGITISED, note)


@check(
    source=SOURCE,
    where=f"{WHERE}; at g = -αB/2",
    printed=PRINTED,
    seen="p",
    right="no retrieval state at g = -αB/2 and p = 0.1: C > 1",
    route="C along the chart at b = 0",
    expected="differs",
)
def symmetric_field() -> Verdict:
    """The choice that maps L = p = 1 on the Hopfield model has no retrieval state at p = 0.1: C ≥ 1 throughout."""
    least, a = [], np.exp(np.arange(-4.0, 7.0, 0.01))[:, None]
    for L in CAPACITY:
        w, _, weight, *_ = sparse_sum(L, FIG_3["p"])
        noise = (weight * ndtr(a * w)) @ w / L / a[:, 0]
        C = FIG_3["p"] / noise * (np.exp(-((a * w) ** 2) / 2) @ weight) / math.sqrt(2 * math.pi)
        least.append(float(C.min()))
    outcome = Outcome.DIFFERS if min(least) > 1 else Outcome.REPRODUCED
    note = "with b = 0 the units of W = 0 are half on; for L = 1, C = a((1−p)φ(0) + pφ(a))/(Φ(a) − ½) > 1 if p < 1"
    return Verdict(outcome, f"C >= {min(least):.6f} for every m > 0", note)


@check(
    source=SOURCE,
    where=f"{WHERE}; self-field (α/2) B p_i, as printed in eq. (2)",
    printed=PRINTED,
    seen="p",
    right="published over computed 0.5 to 1.9, not the same at all θ",
    route="following the branch in its own chart",
    expected="differs",
)
def printed_self_field() -> Verdict:
    """The self-field without the factor 1/p: at p = 0.1 a tenth of the stationary one."""
    note = "L = 1 and 2 fall below 1, L = 15 moves further off (1.7 to 1.9): the ratios then depend on θ"
    return _candidate(lambda L, theta: first_fold(L, theta, field=0.1), note)


@check(
    source=SOURCE,
    where=f"{WHERE}; half the self-field",
    printed=PRINTED,
    seen="p",
    right="published over computed 0.8 to 1.2 at L ≤ 10, 1.6 to 1.7 at L = 15",
    route="following the branch in its own chart",
    expected="differs",
)
def half_self_field() -> Verdict:
    """A factor ½ in the self-field."""
    return _candidate(lambda L, theta: first_fold(L, theta, field=0.5), "twice the self-field fails too (1.0 to 1.8)")


@check(
    source=SOURCE,
    where=f"{WHERE}; p → 0 first, at ℓ = L p",
    printed=PRINTED,
    seen="p",
    right="published over computed 1.5 to 1.7 at L = 15",
    route="following the branch in its own chart",
    expected="differs",
)
def other_order_of_limits() -> Verdict:
    """The Skellam law of W instead of that of L entries."""
    return _candidate(lambda L, theta: first_fold(L, theta, law=skellam(0.1 * L)), "L = 15 is off by 1.5 to 1.7")


@check(
    source=SOURCE,
    where=f"{WHERE}; p_i not all equal",
    printed=PRINTED,
    seen="p",
    right="unequal p_i make every capacity smaller: further off",
    route="first fold of the branch k = 1, extended system",
    expected="differs",
)
def unequal_units() -> Verdict:
    """Four classes of p_i, standard deviation 20 % (an example), θ = 0.1: every capacity is smaller, not larger."""
    p_i = 0.1 * (1 + 0.2 * np.array([-1.5, -0.5, 0.5, 1.5]) / math.sqrt(1.25))
    ratio = []
    for L in (1, 5, 15):
        model = ReluRBM(alpha=1e-3, theta=0.1, L=L, p_i=p_i, **FIG_3)
        ratio.append(CAPACITY[L][0.1] / replica.spinodal(model, along="alpha").value)
    note = "published/computed " + ", ".join(f"{r:.2f}" for r in ratio) + " at L = 1, 5, 15, θ = 0.1: further off"
    return weigh(ratio, 1.0, DIGITISED, note)


@check(
    source=SOURCE,
    where=f"{WHERE}; another L",
    printed=PRINTED,
    seen="p",
    right="L = 13 is nearest to the curve called L = 15",
    route="first fold of the branch k = 1, extended system",
    expected="differs",
)
def another_number_of_units() -> Verdict:
    """The curve called L = 15 against those of L = 11 to 14: 13 is nearest."""
    ratio = [CAPACITY[15][theta] / _fold(13, theta) for theta in CAPACITY[15]]
    note = "published/computed " + ", ".join(f"{r:.2f}" for r in ratio) + " with L = 13; L = 1 has no such freedom"
    return weigh(ratio, 1.0, DIGITISED, note)
