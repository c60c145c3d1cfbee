"""Manzan, slides (2021), slide 29: the Hopfield model with a threshold, formulas."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf, erfc

import replica
from paper_checks.check import Outcome, Verdict, check
from paper_checks.evidence import PRECISE, weigh
from paper_checks.slides_gaussian_integrals import integral
from replica.models import Hopfield, ThresholdHopfield

SOURCE = "Manzan, slides (2021)"
WHERE = "Hopfield network with threshold"


@check(
    source=SOURCE,
    where=f"{WHERE}, left-hand set",
    printed="m = ½ erf(m/√(2αr)), q = ½, C = e^{-m²/2αr}/√(2παr), r = H2(√2 θ)/(2(1-C)²)",
    seen="p",
    route="general equations at 20 random points",
)
def reduced_equations() -> Verdict:
    """The homogeneous equations at g = −αB/2, L = p = 1, W = ±1, at random points; the value of B drops out."""
    rng = np.random.default_rng(29)
    printed, truth = [], []
    for _ in range(20):
        alpha, m, r, B, theta, C = rng.uniform(0.1, 0.9, size=6)
        s, W = math.sqrt(alpha * r), np.array([-1.0, 1.0])
        u = (-alpha * B / 2 + m * W + alpha * B / 2) / s
        active = 0.5 * erfc(-u / math.sqrt(2))
        q = active.mean()
        truth.append(
            [
                (W * active).mean(),
                q,
                np.exp(-u * u / 2).mean() / math.sqrt(2 * math.pi) / s,
                q / (1 - C) ** 2 * integral(2, theta / math.sqrt(q)),
            ]
        )
        x = m / math.sqrt(2 * alpha * r)
        printed.append(
            [
                0.5 * erf(x),
                0.5,
                math.exp(-x * x) / math.sqrt(2 * math.pi * alpha * r),
                0.5 * integral(2, math.sqrt(2) * theta) / (1 - C) ** 2,
            ]
        )
    return weigh(printed, truth, PRECISE, "20 random points (α, m, r, B, θ, C)")


@check(
    source=SOURCE, where=WHERE, printed="B decoupled from the previous", seen="p", route="solutions at two thresholds"
)
def decoupled_response() -> Verdict:
    """m, r and C at two thresholds with equal 2H2(√2θ)α but different B are equal after scaling."""
    load, states = 0.1, []
    for theta in (-1.0, 0.8):
        scale = 2 * integral(2, math.sqrt(2) * theta)
        states.append((replica.solve(ThresholdHopfield(alpha=load / scale, theta=theta)).order, scale))
    (a, scale_a), (b, scale_b) = states
    pair = [a.m, a.C, a.r / scale_a], [b.m, b.C, b.r / scale_b]
    note = f"θ = −1 and 0.8: the same m, C and r/H2 with B = {a.B:.4f} and {b.B:.4f}"
    return weigh(*pair, PRECISE, note)


def _tilde() -> tuple[float, float, float, float]:
    """m̃, C̃, α̃ r̃ and 2αr of a solution: m̃ = 2m, α̃ = 2H2(√2θ)α, r̃ = 2r/H2(√2θ)."""
    alpha, theta = 0.3, 0.5
    order = replica.solve(ThresholdHopfield(alpha=alpha, theta=theta)).order
    H2 = integral(2, math.sqrt(2) * theta)
    return 2 * order.m, order.C, 2 * H2 * alpha, 2 * order.r / H2


@check(
    source=SOURCE,
    where=f"{WHERE}, right-hand set",
    printed="m = ½ erf(m~/√(2α~r~))",
    seen="p",
    route="solution of the unscaled model, rescaled",
)
def reduced_overlap() -> Verdict:
    """True with the old overlap m = m̃/2 on the left; the equation of the rescaled set is m̃ = erf(m̃/√(2α̃r̃))."""
    m, _, load, r = _tilde()
    value = math.erf(m / math.sqrt(2 * load * r))
    note = f"m̃ = erf(m̃/√(2α̃r̃)) closes the set, m̃ = {m:.9f} at θ = 0.5, load 0.3; as printed the left side is m̃/2"
    return weigh([value / 2, value], [m / 2, m], PRECISE, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, right-hand set, as equations of (m~, r~, C~, α~)",
    printed="m = ½ erf(m~/√(2α~r~)), the left side a rescaled quantity too",
    seen="p",
    right="m~ = erf(m~/√(2α~r~))",
    route="solution of the unscaled model, rescaled",
    extraction=True,
    expected="misprint",
)
def overlap_of_closed_set() -> Verdict:
    """Read like the two lines below it, with every symbol rescaled: no ½. With the old m on the left it is true."""
    m, _, load, r = _tilde()
    value = math.erf(m / math.sqrt(2 * load * r))
    return weigh(value / 2, m, PRECISE, "or m = m̃/2 on the left (check before this one)", corrected=value)


@check(
    source=SOURCE,
    where=f"{WHERE}, right-hand set",
    printed="C~ = √(2/(πα~r~)) e^{-m²/2α~r~}",
    seen="p",
    right="C~ = √(2/(πα~r~)) e^{-m~²/2α~r~}",
    route="solution of the unscaled model, rescaled",
    extraction=True,
    expected="misprint",
)
def reduced_response() -> Verdict:
    """The exponent needs the rescaled overlap."""
    m, C, load, r = _tilde()
    printed, corrected = (math.sqrt(2 / (math.pi * load * r)) * math.exp(-x * x / (2 * load * r)) for x in (m / 2, m))
    return weigh(printed, C, PRECISE, f"m̃² in the exponent; C = {C:.9f}", corrected=corrected)


@check(
    source=SOURCE,
    where=f"{WHERE}, right-hand set",
    printed="r~ = (1-C~)^{-2}",
    seen="p",
    route="solution of the unscaled model, and of the Hopfield model at α~",
)
def reduced_noise() -> Verdict:
    """Noise of the rescaled set, and that it solves the Hopfield model at load α̃."""
    m, C, load, r = _tilde()
    twin = replica.solve(Hopfield(alpha=load)).order
    return weigh([(1 - C) ** -2, m, C, r], [r, twin.m, twin.C, twin.r], PRECISE, "and it is Hopfield's state at α̃")


@check(
    source=SOURCE,
    where=WHERE,
    printed="the machine can learn again with a higher capacity α_c",
    seen="p",
    route="folds at 13 thresholds",
)
def higher_capacity() -> Verdict:
    """α_c(θ) grows with θ; a load at which the Hopfield model has no retrieval has it at θ = 0.5."""
    thetas = np.linspace(-3, 3, 13)
    found = [replica.spinodal(ThresholdHopfield(alpha=1e-9, theta=t), along="alpha").value for t in thetas]
    lost = replica.solve(Hopfield(alpha=0.3), throw=False).status
    back = replica.solve(ThresholdHopfield(alpha=0.3, theta=0.5), throw=False).status
    holds = (np.diff(found) > 0).all() and lost != 0 and back == 0
    shown = f"{found[0]:.5g} at θ = −3, {found[6]:.5g} at 0, {found[12]:.5g} at 3"
    return Verdict(Outcome.REPRODUCED if holds else Outcome.DIFFERS, shown, "monotone on 13 thresholds")
