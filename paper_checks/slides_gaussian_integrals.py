"""Manzan, slides (2021), slides 27 and 28: ground-state free energy of the R-RBM and the integrals H^(k).

At g = −αB/2, L = p = 1 they are those of the threshold Hopfield model, whose solution is the test point of the signs;
the saddle-point equations are iterated at L = 3, p = 0.3, so that every factor counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.special import erf, erfc

import replica
from paper_checks.check import Verdict, check
from paper_checks.evidence import PRECISE, SMOOTH, gradient, weigh
from paper_checks.slides_rrbm import ALPHA, DERIVATIVE, LAW, THETA, G, L, P, W, general_energy, solution
from replica.models import ThresholdHopfield

SOURCE = "Manzan, slides (2021)"
X = np.array([-3.0, -0.7, 0.0, 0.4, 1.5, 4.0])
LOST = "(the minus may be lost in the text copy)"


def integral(k: int, x: float) -> float:
    """∫_x^∞ Dz (z − x)^k by adaptive quadrature.

    Parameters
    ----------
    k : int
        Order.
    x : float
        Lower limit.

    Returns
    -------
    float
        H^(k)(x), to about 1e-13 of itself.
    """

    def density(t: float) -> float:
        return t**k * math.exp(-((t + x) ** 2) / 2) / math.sqrt(2 * math.pi)

    middle = max(0.0, -x)
    parts = [(0.0, middle), (middle, middle + 3), (middle + 3, middle + 12)]
    return sum(quad(density, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in parts)


def _table(k: int) -> np.ndarray:
    return np.array([integral(k, x) for x in X])


@check(
    source=SOURCE,
    where="Homogeneous free energy",
    printed="H^(k)(x) = ∫_x^∞ Dz (z-x)^k",
    seen="p",
    route="adaptive quadrature",
)
def definition() -> Verdict:
    """`replica.numerics.gaussian.H` against quadrature of the definition, k = 0 to 4."""
    found = [replica.H(k, X) for k in range(5)]
    return weigh(found, [_table(k) for k in range(5)], PRECISE, "k = 0 to 4, x from −3 to 4")


@check(
    source=SOURCE,
    where="second form: m, q and B",
    printed="H0(-u) = ½(1 + erf(u/√2)), H0(x) = ½ erfc(x/√2)",
    seen="p",
    route="adaptive quadrature",
)
def erf_form_of_H0() -> Verdict:
    """H0 by error functions."""
    found = [0.5 * (1 + erf(-X / math.sqrt(2))), 0.5 * erfc(X / math.sqrt(2))]
    return weigh(found, _table(0), PRECISE, "both forms, x from −3 to 4")


@check(
    source=SOURCE,
    where="second form: free energy, visible term",
    printed="H1(-u) = ½ e^{-u²/2} + ½ u (1 + erf(u/√2))",
    seen="p",
    right="H1(-u) = e^{-u²/2}/√(2π) + ½ u (1 + erf(u/√2))",
    route="adaptive quadrature",
    expected="misprint",
)
def erf_form_of_H1() -> Verdict:
    """H1 by error functions: its first term is the Gaussian density."""
    u, bell = -X, np.exp(-X * X / 2)
    rest = 0.5 * u * (1 + erf(u / math.sqrt(2)))
    return weigh(bell / 2 + rest, _table(1), PRECISE, "e^{−u²/2}/√(2π)", corrected=bell / math.sqrt(2 * math.pi) + rest)


@check(
    source=SOURCE,
    where="second form: free energy, hidden term, and r",
    printed="H2(x) = ½ e^{-x²/2} [-√(2/π) x + e^{x²/2} (1 + x²)(1 + erf(x/√2))]",
    seen="p",
    right="H2(x) = ½ e^{-x²/2} [-√(2/π) x + e^{x²/2} (1 + x²)(1 - erf(x/√2))]",
    route="adaptive quadrature",
    expected="misprint",
)
def erf_form_of_H2() -> Verdict:
    """H2 by error functions: the complement is needed."""

    def form(sign: int) -> np.ndarray:
        bell = np.exp(-X * X / 2)
        edge = -math.sqrt(2 / math.pi) * X
        return 0.5 * bell * (edge + (1 + X * X) / bell * (1 + sign * erf(X / math.sqrt(2))))

    return weigh(form(+1), _table(2), PRECISE, "1 − erf for 1 + erf; right at x = 0 only", corrected=form(-1))


@check(
    source=SOURCE,
    where="saddle-point equations, C (both forms)",
    printed="C = √p/√(2παr) <e^{-½·(-(g+mW+αB/2)²)/(αpr)}>",
    seen="p",
    right="C = √p/√(2παr) <e^{-½(g+mW+αB/2)²/(αpr)}>",
    route="derivative of q by the field",
    extraction=True,
    expected="misprint",
)
def exponent_of_C() -> Verdict:
    """C = p ∂q/∂g, with the printed equation of q: prefactor right, exponent not."""
    p, alpha, r, field, m = 0.3, 0.5, 0.4, -0.1, 0.35
    W = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    law = np.array([0.05, 0.2, 0.5, 0.2, 0.05])
    s = math.sqrt(alpha * p * r)

    def activity(g: float) -> float:
        return float(law @ (0.5 * erfc(-(g + m * W) / s / math.sqrt(2))))

    truth = p * gradient(activity, {"g": field})
    front = math.sqrt(p) / math.sqrt(2 * math.pi * alpha * r)
    square = (field + m * W) ** 2 / (alpha * p * r)
    printed, corrected = (front * (law @ np.exp(sign * square / 2)) for sign in (1, -1))
    return weigh(printed, truth, SMOOTH, "e^{−u²/2}: two minus signs are printed", corrected=corrected)


def ground_state_energy(
    hidden_sign: int, g: float, alpha: float, theta: float, visible_sign: int = -1
) -> Callable[..., float]:
    """f_GS(m, r, q, C, B) of the slides at L = p = 1 with W = ±1, by the integrals H^(k).

    Parameters
    ----------
    hidden_sign : int
        Sign of the term with H2.
    g, alpha, theta : float
        Field, load and threshold.
    visible_sign : int
        Sign of u in H1.

    Returns
    -------
    callable
        Takes m, r, q, C, B as keywords.
    """

    def f(m: float, r: float, q: float, C: float, B: float) -> float:
        s = math.sqrt(alpha * r)
        visible = s * np.mean([replica.H(1, visible_sign * (g + m * W + alpha * B / 2) / s) for W in (-1, 1)])
        hidden = alpha * q / (2 * (1 - C)) * replica.H(2, theta / math.sqrt(q))
        return float(m * m / 2 + alpha / 2 * (r * C + B * q) - visible + hidden_sign * hidden)

    return f


@check(
    source=SOURCE,
    where="Homogeneous free energy, first form",
    printed="f_GS = … + αpq/(2(1-C)) H2(θ/√(pq))",
    seen="p",
    right="f_GS = … - αpq/(2(1-C)) H2(θ/√(pq))",
    route="derivative of the free energy at a solution",
    extraction=True,
    expected="misprint",
)
def sign_of_hidden_term() -> Verdict:
    """Stationarity in all five at a solution of the printed saddle-point equations: L = p = 1, θ = 0.5, load 0.3."""
    alpha, theta = 0.3, 0.5
    m, q, r, C, B = replica.solve(ThresholdHopfield(alpha=alpha, theta=theta)).order
    at = {"m": m, "r": r, "q": q, "C": C, "B": B}
    slopes = [gradient(ground_state_energy(sign, -alpha * B / 2, alpha, theta), at) for sign in (1, -1)]
    note = f"−αpq/(2(1−C)) H2, as in the second form {LOST}; the argument −u of H1 is put right"
    return weigh(slopes[0], 0.0, SMOOTH, note, corrected=slopes[1])


@check(
    source=SOURCE,
    where="Homogeneous free energy, first form, argument of H1",
    printed="f_GS = … - √(αpr) <H1(u)> + …, u = (g + mW + αB/2)/√(αpr)",
    seen="p",
    right="f_GS = … - √(αpr) <H1(-u)> + …",
    route="derivative of the free energy at a solution",
    extraction=True,
    expected="misprint",
)
def argument_of_visible_term() -> Verdict:
    """Stationarity as in the check above; the minus of the argument stands in the saddle-point equations."""
    alpha, theta = 0.3, 0.5
    m, q, r, C, B = replica.solve(ThresholdHopfield(alpha=alpha, theta=theta)).order
    at, g = {"m": m, "r": r, "q": q, "C": C, "B": B}, -alpha * B / 2
    printed, corrected = (gradient(ground_state_energy(-1, g, alpha, theta, sign), at) for sign in (1, -1))
    note = f"H1(−u), as H0(−u) in m and q {LOST}; the sign of the hidden term is put right"
    return weigh(printed, 0.0, SMOOTH, note, corrected=corrected)


def corrected_energy(m: float, r: float, q: float, C: float, B: float) -> float:
    """f_GS at L = 3, p = 0.3 with its signs put right, from the minima over single units.

    Parameters
    ----------
    m, r, q, C, B : float
        Order parameters.

    Returns
    -------
    float
        f_GS per visible unit at these order parameters, on the saddle or off it.
    """
    return general_energy(1.0, lambda _, q: math.sqrt(P * q))(m=m, r=r, q=q, C=C, B=B)


def iterated(step: Callable[..., dict[str, float]]) -> dict[str, float]:
    """Order parameters that a step leaves as they are, found by iteration from rough values.

    Parameters
    ----------
    step : callable
        Takes m, r, q, C and B as keywords and returns the new ones.

    Returns
    -------
    dict
        Name to value; the last ones before they ran away if there is no such state.
    """
    state = {"m": 0.12, "r": 0.013, "q": 0.3, "C": 0.05, "B": 0.08}
    for _ in range(2000):
        new = step(**state)
        moved = max(abs(new[name] - state[name]) for name in state)
        if moved < 1e-15 or min(new.values()) < 1e-3 or new["C"] > 0.9:
            break
        state = new
    return state


def response(u: np.ndarray, r: float) -> float:
    """C of the slides, its exponent put right.

    Parameters
    ----------
    u : ndarray
        Arguments, one for each value of W.
    r : float
        Order parameter.

    Returns
    -------
    float
        C, averaged over the law of W.
    """
    return float(math.sqrt(P) / math.sqrt(2 * math.pi * ALPHA * r) * (LAW @ np.exp(-u * u / 2)))


@check(
    source=SOURCE,
    where="second form: r",
    printed="r = pq/(1-C)² ½ e^{-θ²/2pq} [-√(2/π) θ/√(pq) + e^{θ²/2pq} (1 + θ²/pq)(1 + erf(θ/√(2pq)))]",
    seen="p",
    right="(1 - erf(θ/√(2pq))) in the bracket",
    route="derivative of the free energy by C at a solution, L = 3, p = 0.3",
    expected="misprint",
)
def erf_form_of_r() -> Verdict:
    """∂f/∂C = (α/2)(r − r of the other four) at a solution with L = 3, p = 0.3."""
    state = solution()
    q, C = state["q"], state["C"]
    r = state["r"] - 2 / ALPHA * gradient(corrected_energy, state, step=1e-5)[3]
    x = THETA / math.sqrt(P * q)
    bell = math.exp(-x * x / 2)

    def form(sign: int) -> float:
        bracket = -math.sqrt(2 / math.pi) * x + (1 + x * x) / bell * (1 + sign * math.erf(x / math.sqrt(2)))
        return P * q / (1 - C) ** 2 * bell / 2 * bracket

    return weigh(form(+1), r, SMOOTH, f"1 − erf for 1 + erf; r = {r:.9f}", corrected=form(-1))


@check(
    source=SOURCE,
    where="Homogeneous free energy, saddle-point equations",
    printed="m = <W H0(-u)>/L, q = <H0(-u)>, r = pq H2/(1-C)², B = p H0/(1-C)",
    seen="p",
    route="derivative of the free energy at the iterated solution, L = 3, p = 0.3",
)
def saddle_point_equations() -> Verdict:
    """Solved by iteration as printed, the exponent of C put right: f is stationary there in all five."""

    def step(m: float, r: float, q: float, C: float, B: float) -> dict[str, float]:
        u = (G + m * W + ALPHA * B / 2) / math.sqrt(ALPHA * P * r)
        x, active = THETA / math.sqrt(P * q), replica.H(0, -u)
        return {
            "m": float(LAW @ (W * active)) / L,
            "r": P * q / (1 - C) ** 2 * float(replica.H(2, x)),
            "q": float(LAW @ active),
            "C": response(u, r),
            "B": P * float(replica.H(0, x)) / (1 - C),
        }

    state = iterated(step)
    shown = ", ".join(f"{name} = {value:.6f}" for name, value in state.items())
    note = f"{shown}; exponent of C and sign of the hidden term corrected"
    return weigh(gradient(corrected_energy, state, step=1e-5), 0.0, DERIVATIVE, note)


@check(
    source=SOURCE,
    where="second form: m, q and B",
    printed="m = <W ½(1 + erf(u/√2))>/L, q = <½(1 + erf(u/√2))>, B = p/(1-C) ½ erfc(θ/√(2pq))",
    seen="p",
    route="derivative of the free energy at the iterated solution, L = 3, p = 0.3",
)
def second_form_of_equations() -> Verdict:
    """As for the first form, by error functions; the bracket of r and the exponent of C are put right."""

    def step(m: float, r: float, q: float, C: float, B: float) -> dict[str, float]:
        u = (G + m * W + ALPHA * B / 2) / math.sqrt(ALPHA * P * r)
        x, active = THETA / math.sqrt(P * q), 0.5 * (1 + erf(u / math.sqrt(2)))
        edge, bell = -math.sqrt(2 / math.pi) * x, math.exp(-x * x / 2)
        return {
            "m": float(LAW @ (W * active)) / L,
            "r": P * q / (1 - C) ** 2 * bell / 2 * (edge + (1 + x * x) / bell * math.erfc(x / math.sqrt(2))),
            "q": float(LAW @ active),
            "C": response(u, r),
            "B": P / (1 - C) * 0.5 * math.erfc(x / math.sqrt(2)),
        }

    state = iterated(step)
    note = f"m = {state['m']:.6f}, q = {state['q']:.6f}; bracket of r and exponent of C corrected"
    return weigh(gradient(corrected_energy, state, step=1e-5), 0.0, DERIVATIVE, note)
