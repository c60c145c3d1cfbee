"""Manzan, slides (2021), slides 24 to 28: free energy of the R-RBM at any L and p.

What holds at L = p = 1 already, and the integrals H^(k), are in `slides_gaussian_integrals`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy.special import erf

import replica
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, gradient, weigh
from replica.models import ReluRBM

SOURCE = "Manzan, slides (2021)"
L, P, THETA, G, ALPHA = 3, 0.3, 0.2, -0.06, 0.085
W = np.arange(-L, L + 1)
COUNTS = np.array([sum(w) for w in itertools.product((-1, 0, 1), repeat=L)])
WEIGHTS = np.prod([[(P / 2, 1 - P, P / 2)[e + 1] for e in w] for w in itertools.product((-1, 0, 1), repeat=L)], axis=1)
LAW = np.array([WEIGHTS[COUNTS == w].sum() for w in W])
"""Law of W by enumeration."""

Z, DZ = np.polynomial.legendre.leggauss(120)
DERIVATIVE = Tolerance("numerical derivative", 1e-8, "fourth order, step 1e-5; values to 1e-15")


def solution() -> dict[str, float]:
    """A retrieval state of L = 3 units at p = 0.3.

    Returns
    -------
    dict
        Name to value of m, r, q, C and B on the saddle.
    """
    order = replica.solve(ReluRBM(alpha=ALPHA, theta=THETA, g=G, p=P, L=L)).order
    return {name: float(getattr(order, name)) for name in ("m", "r", "q", "C", "B")}


def clipped(mean: float, spread: float, power: int) -> float:
    """∫Dz (mean + spread z)₊^power by Gauss-Legendre quadrature of 120 nodes on the part above zero.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation of the Gaussian input, spread > 0.
    power : int
        Power.

    Returns
    -------
    float
        Mean of the power of the positive part of a Gaussian variable.
    """
    low = max(-mean / spread, -12.0)
    high = max(low, 0.0) + 12.0
    z = low + (high - low) * (Z + 1) / 2
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float((high - low) / 2 * (DZ @ (density * (mean + spread * z) ** power)))


def general_energy(
    factor: float, weak_noise: Callable[[float, float], float], strength: float = P
) -> Callable[..., float]:
    """General free energy of the slide 'Towards free energy' with 0/1 visible and ReLU hidden units, T = 0.

    min over v of U_v(v) − I v − (α/2)B v² is −(I + g + αB/2)₊; min over h of U_h − Ch²/2 − y h is −(y − θ)₊²/(2(1−C)).

    Parameters
    ----------
    factor : float
        What stands before the average over visible units.
    weak_noise : callable
        Standard deviation of the input of the weak hidden units, from r and q.
    strength : float
        What multiplies αr in the variance of the input of the visible units.

    Returns
    -------
    callable
        Takes m, r, q, C and B as keywords.
    """

    def f(m: float, r: float, q: float, C: float, B: float) -> float:
        s = math.sqrt(ALPHA * strength * r)
        visible = -sum(weight * clipped(m * w + G + ALPHA * B / 2, s, 1) for w, weight in zip(W, LAW, strict=True))
        hidden = -clipped(-THETA, weak_noise(r, q), 2) / (2 * (1 - C))
        return L * m * m / 2 + ALPHA / 2 * (r * C + B * q) + factor * visible + ALPHA * hidden

    return f


def _from_activity(r: float, q: float) -> float:
    return math.sqrt(P * q)


def _slopes(function: Callable[..., float]) -> np.ndarray:
    return gradient(function, solution(), step=1e-5)


@check(
    source=SOURCE,
    where="Towards free energy; Free energy and RBM structure: visible term",
    printed="f = … + α (1/N) Σ_i <∫Dz min_v[…]>_W + …",
    seen="p",
    right="f = … + (1/N) Σ_i <∫Dz min_v[…]>_W + …",
    route="derivative of the free energy at a solution, L = 3",
    expected="misprint",
)
def factor_of_visible_term() -> Verdict:
    """Stationarity at a solution with L = 3, p = 0.3: no factor α; the hidden noise is corrected in both."""
    note = f"no α before (1/N)Σ_i; gradient by (m, r, q, C, B) at m = {solution()['m']:.6f}, q = {solution()['q']:.6f}"
    printed, corrected = (_slopes(general_energy(factor, _from_activity)) for factor in (ALPHA, 1.0))
    return weigh(printed, 0.0, DERIVATIVE, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Towards free energy; Free energy and RBM structure: hidden term",
    printed="min_h [U_h(h) - (C/2) h² - z√(αpr)]",
    seen="p",
    right="min_h [U_h(h) - (C/2) h² - z√(pq) h]",
    route="derivative of the free energy at a solution, L = 3",
    expected="misprint",
)
def noise_of_hidden_term() -> Verdict:
    """The input of a weak hidden unit is z√(pq), and it multiplies h; the visible factor is corrected in both."""
    printed = _slopes(general_energy(1.0, lambda r, q: math.sqrt(ALPHA * P * r)))
    corrected = _slopes(general_energy(1.0, _from_activity))
    return weigh(printed, 0.0, DERIVATIVE, "−z√(pq) h: the noise of the other layer is printed", corrected=corrected)


@check(
    source=SOURCE,
    where="Towards free energy; Free energy and RBM structure: input of the hidden term",
    printed="min_h [U_h(h) - (C/2) h² - z√(αpr)], no h after the noise",
    seen="p",
    right="min_h [U_h(h) - (C/2) h² - z√(pq) h]",
    route="derivative of the free energy at a solution, L = 3",
    expected="misprint",
)
def input_of_hidden_term() -> Verdict:
    """A noise that does not multiply h averages to zero: f no longer depends on q there; its size is put right."""
    corrected = _slopes(general_energy(1.0, _from_activity))

    def printed(**order: float) -> float:
        return general_energy(1.0, lambda r, q: 1e-9)(**order)

    return weigh(
        _slopes(printed), 0.0, DERIVATIVE, "−z√(pq) h: the noise is the input of the unit", corrected=corrected
    )


@check(
    source=SOURCE,
    where="Towards free energy; Free energy and RBM structure: noise of the visible term",
    printed="z√(απr) v, with π",
    seen="p",
    right="z√(αp_i r) v",
    route="derivative of the free energy at a solution, L = 3",
    extraction=True,
    expected="misprint",
)
def noise_of_visible_term() -> Verdict:
    """The variance is αp_i r (p_i = p here), the field common to the replicas in the averaged Z^n."""
    printed, corrected = (_slopes(general_energy(1.0, _from_activity, strength)) for strength in (math.pi, P))
    note = "p_i, run together into π (perhaps in the text copy only); √(αpr) in the homogeneous case"
    return weigh(printed, 0.0, DERIVATIVE, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Free energy and RBM structure, bracket",
    printed="min_v [U_v(v) - (mW) + z√(αp_i r)] v - (α/2) B (p_i/p) v²",
    seen="p",
    right="min_v [U_v(v) - (mW + z√(αp_i r)) v - (α/2) B (p_i/p) v²]",
    route="ground state of one spin in a Gaussian field",
    extraction=True,
    expected="misprint",
)
def bracket_of_visible_term() -> Verdict:
    """The field multiplies v, U_v does not: harmless for 0/1 units, wrong for ±1 units in a field."""
    values, g, mW, own = np.array([-1.0, 1.0]), 0.4, -0.3, 0.1
    z, step = np.linspace(-10, 10, 2001, retstep=True)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * step
    noise = 0.3 * z[:, None]
    U = -g * values
    # One spin in the field g + mW + 0.3 z, by its ground state
    truth = -float(density @ np.abs(g + mW + noise[:, 0])) - own
    printed = float(density @ np.min((U - mW + noise) * values - own * values**2, axis=1))
    corrected = float(density @ np.min(U - (mW + noise) * values - own * values**2, axis=1))
    note = "min_v [U_v(v) − (mW + z√(αp_i r)) v − …], as on the slide before (perhaps the text copy)"
    return weigh(printed, truth, PRECISE, note, corrected=corrected)


def second_form(bell: float, sign: int) -> Callable[..., float]:
    """Homogeneous free energy by error functions.

    Parameters
    ----------
    bell : float
        Factor of e^{−u²/2} in the visible term.
    sign : int
        Sign of the error function in the hidden term.

    Returns
    -------
    callable
        Takes m, r, q, C and B as keywords.
    """

    def f(m: float, r: float, q: float, C: float, B: float) -> float:
        s, x = math.sqrt(ALPHA * P * r), THETA / math.sqrt(P * q)
        u = (G + m * W + ALPHA * B / 2) / s
        visible = s * (LAW @ (bell * np.exp(-u * u / 2) + u / 2 * (1 + erf(u / math.sqrt(2)))))
        edge = -math.sqrt(2 / math.pi) * x * math.exp(-x * x / 2)
        H2 = 0.5 * (edge + (1 + x * x) * (1 + sign * math.erf(x / math.sqrt(2))))
        return float(L * m * m / 2 + ALPHA / 2 * (r * C + B * q) - visible - ALPHA * P * q / (2 * (1 - C)) * H2)

    return f


@check(
    source=SOURCE,
    where="Homogeneous free energy, second form, all of f_GS",
    printed="f_GS with ½e^{-u²/2} and (1 + erf(θ/√(2pq)))",
    seen="p",
    right="e^{-u²/2}/√(2π) and (1 - erf(θ/√(2pq)))",
    route="derivative of the free energy at a solution, L = 3",
    expected="misprint",
)
def second_form_of_energy() -> Verdict:
    """Stationarity of the whole second form at L = 3, p = 0.3, with both slips and without; its signs are right."""
    note = "e^{−u²/2}/√(2π) and 1 − erf; the sign of the hidden term is right here, unlike in the first form"
    corrected = _slopes(second_form(1 / math.sqrt(2 * math.pi), -1))
    return weigh(_slopes(second_form(0.5, 1)), 0.0, DERIVATIVE, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Homogeneous free energy, first form, at L = 3, p = 0.3",
    printed="f_GS = … + αpq/(2(1-C)) H2(θ/√(pq))",
    seen="p",
    right="f_GS = … - αpq/(2(1-C)) H2(θ/√(pq))",
    route="value by quadrature, against -Lm²/2 - αr/2 - gq",
    extraction=True,
    expected="misprint",
)
def first_form_of_energy() -> Verdict:
    """Its sign before H2; value against −Lm²/2 − αr/2 − gq."""
    state = solution()
    s, x = math.sqrt(ALPHA * P * state["r"]), THETA / math.sqrt(P * state["q"])
    m, C = state["m"], state["C"]
    visible = sum(w * clipped(G + m * k + ALPHA * state["B"] / 2, s, 1) for k, w in zip(W, LAW, strict=True))
    rest = L * m * m / 2 + ALPHA / 2 * (state["r"] * C + state["B"] * state["q"]) - visible
    hidden = ALPHA * P * state["q"] / (2 * (1 - C)) * clipped(-x, 1.0, 2)
    short = -L * m * m / 2 - ALPHA * state["r"] / 2 - G * state["q"]
    return weigh(rest + hidden, short, PRECISE, f"f = {short:.10f} with the minus", corrected=rest - hidden)
