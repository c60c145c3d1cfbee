"""Capacity of the threshold Hopfield model: what follows from the mapping of Manzan, slides (2021), slide 29.

With m̃ = 2m and α̃ = 2 H2(√2θ) α the model is the Hopfield model at T = 0, hence α_c(θ) = α_c/(2 H2(√2θ)). The slide
draws the curve without numbers; here each side is found on its own.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import erf

import replica
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import weigh
from paper_checks.slides_gaussian_integrals import ground_state_energy, integral
from replica.models import ThresholdHopfield
from replica.models.base import Order

SOURCE = "Manzan, slides (2021)"
WHERE = "Hopfield network with threshold"
MAXIMISED = Tolerance("maximised", 1e-11, "α_c by maximising over y, H2 by quadrature to 1e-12", relative=True)


def hopfield_capacity() -> float:
    """α_c of the Hopfield model at T = 0, by maximising √(2α) = erf(y)/y − (2/√π) e^{−y²}.

    Returns
    -------
    float
        α_c = 0.1379…, to about 1e-10.
    """
    found = minimize_scalar(
        lambda y: -(erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)),
        bounds=(1.0, 2.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return 0.5 * found.fun**2


def capacity(theta: float) -> tuple[float, Order]:
    """Fold of the retrieval branch in α, and the order parameters there.

    Parameters
    ----------
    theta : float
        Threshold.

    Returns
    -------
    alpha_c : float
        The load at the fold.
    order : Order
        m, q, r, C and B there.
    """
    fold = replica.spinodal(ThresholdHopfield(alpha=1e-12, theta=theta), along="alpha")
    return fold.value, fold.order


@check(
    source=SOURCE,
    where=f"{WHERE}, mapping",
    printed="α~_c = α_c at every θ",
    seen="p",
    route="folds at 17 thresholds, H2 by quadrature",
)
def scaling() -> Verdict:
    """α_c(θ) by solving, against α_c/(2 H2(√2θ)), for θ from −3 to 5."""
    thetas = np.arange(-3, 5.01, 0.5)
    found = {t: capacity(t)[0] for t in thetas}
    exact = [hopfield_capacity() / (2 * integral(2, math.sqrt(2) * t)) for t in thetas]
    note = f"17 thresholds; α_c = {found[0.0]:.10f}, {found[0.5]:.10f}, {found[1.0]:.10f} at θ = 0, 0.5, 1"
    return weigh(list(found.values()), exact, MAXIMISED, note)


@check(
    source=SOURCE,
    where=WHERE,
    printed="the Hopfield model is reproduced",
    seen="p",
    route="fold at θ = 0, maximum over y",
)
def hopfield_value() -> Verdict:
    """Its capacity is met at θ = 0, where H2 = ½, although the hidden units are cut at zero there."""
    return weigh(capacity(0.0)[0], hopfield_capacity(), MAXIMISED, "at θ = 0, not at θ → −∞ (next check)")


@check(
    source=SOURCE,
    where=f"{WHERE}, r at very negative thresholds",
    printed="r = H2(√2θ)/(2(1-C)²), H2 → 1 + 2θ²",
    seen="p",
    route="folds at θ = -5, -20, -100",
)
def uncut_limit() -> Verdict:
    """The uncut unit has mean −θ, a random field: α_c → α_c/(2(1 + 2θ²)) → 0 as θ → −∞, not Hopfield's value."""
    thetas = np.array([-5.0, -20.0, -100.0])
    found = [capacity(t)[0] for t in thetas]
    note = f"α_c(θ) = {found[0]:.3e}, {found[1]:.3e}, {found[2]:.3e} at θ = −5, −20, −100"
    tail = Tolerance("cut", 1e-11, "H2 differs from 1 + x² by 5e-13 of it at x = −7", relative=True)
    return weigh(found, hopfield_capacity() / (2 * (1 + 2 * thetas**2)), tail, note)


@check(source=SOURCE, where=WHERE, printed="m = ½ erf(m/√(2αr)), q = ½", seen="p", route="folds at five thresholds")
def overlap_at_capacity() -> Verdict:
    """The state at α_c is the same at every θ: m = ½ erf(y) with y that of the Hopfield model, q = ½."""
    states = [capacity(t) for t in (-3.0, 0.0, 0.5, 1.0, 3.0)]
    found = [[o.m, o.q] for _, o in states]
    printed = [[0.5 * erf(o.m / math.sqrt(2 * a * o.r)), 0.5] for a, o in states]
    return weigh(printed, found, MAXIMISED, f"m = {found[0][0]:.12f} at all of five thresholds")


@check(
    source=SOURCE,
    where="Homogeneous free energy, at g = -αB/2",
    printed="f_GS (sign of the hidden term corrected)",
    seen="p",
    route="value of the functional at a solution",
)
def energy_on_the_saddle() -> Verdict:
    """f_GS + g/2, with the activity held at ½, is −m²/2 − αr/2 on the saddle."""
    alpha, theta = 0.3, 0.5
    for_solver = replica.solve(ThresholdHopfield(alpha=alpha, theta=theta))
    m, q, r, C, B = for_solver.order
    g = -alpha * B / 2
    value = ground_state_energy(-1, g, alpha, theta)(m=m, r=r, q=q, C=C, B=B) + g / 2
    short = -m * m / 2 - alpha * r / 2
    note = f"f = {short:.10f} at θ = 0.5, load 0.3, and in replica too"
    return weigh([short, for_solver.free_energy], value, MAXIMISED, note)
