"""Manzan, slides (2021), slides 22 to 28: replica theory of the R-RBM at any L and p.

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
from paper_checks.evidence import PRECISE, ROUNDING, gradient, weigh
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
        m, r, q, C and B.
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
        The average.
    """
    low = max(-mean / spread, -12.0)
    high = max(low, 0.0) + 12.0
    z = low + (high - low) * (Z + 1) / 2
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float((high - low) / 2 * (DZ @ (density * (mean + spread * z) ** power)))


def general_energy(factor: float, weak_noise: Callable[[float, float], float]) -> Callable[..., float]:
    """General free energy of the slide 'Towards free energy' with 0/1 visible and ReLU hidden units, T = 0.

    min over v of U_v(v) − I v − (α/2)B v² is −(I + g + αB/2)₊; min over h of U_h − Ch²/2 − y h is −(y − θ)₊²/(2(1−C)).

    Parameters
    ----------
    factor : float
        What stands before the average over visible units.
    weak_noise : callable
        Standard deviation of the input of the weak hidden units, from r and q.

    Returns
    -------
    callable
        Takes m, r, q, C and B as keywords.
    """

    def f(m: float, r: float, q: float, C: float, B: float) -> float:
        s = math.sqrt(ALPHA * P * r)
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
    expected="misprint",
)
def noise_of_hidden_term() -> Verdict:
    """The input of a weak hidden unit is z√(pq), and it multiplies h; the visible factor is corrected in both."""
    printed = _slopes(general_energy(1.0, lambda r, q: math.sqrt(ALPHA * P * r)))
    corrected = _slopes(general_energy(1.0, _from_activity))
    return weigh(printed, 0.0, DERIVATIVE, "−z√(pq) h: the noise of the other layer is printed", corrected=corrected)


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
    printed="f_GS = Lm²/2 + (α/2)(rC + Bq) - √(αpr) <H1(-u)> + αpq/(2(1-C)) H2(θ/√(pq))",
    seen="p",
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


@check(
    source=SOURCE,
    where="Parameter interpretation, T → 0",
    printed="C = lim (βp/N) Σ (p_i/p) <v>(1-<v>), B = lim βp (<h²> - <h>²)",
    seen="p",
)
def responses() -> Verdict:
    """Thermal averages in the fields of the solution at β = 2.5e5 and 1e6, carried to T = 0."""
    state = solution()
    s, C = math.sqrt(ALPHA * P * state["r"]), state["C"]
    u = G + state["m"] * W + ALPHA * state["B"] / 2
    z = np.linspace(-12, 12, 2_000_001)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    rows = []
    for beta in (2.5e5, 1e6):
        total = 0.0
        for field, weight in zip(u, LAW, strict=True):
            half = np.clip(beta * (field + s * z) / 2, -350, 350)
            total += weight * float(density @ (beta / (4 * np.cosh(half) ** 2)))
        rows.append([P * total, P * hidden_variance(beta, C, state["q"], z, density)])
    limit = 2 * np.array(rows[1]) - rows[0]
    third = Tolerance("orders of T left", 1e-4, "extrapolated in √T, the width of the kink of the ReLU", relative=True)
    return weigh([C, state["B"]], limit, third, f"C = {C:.7f}, B = {state['B']:.7f}")


def hidden_variance(beta: float, C: float, q: float, z: np.ndarray, density: np.ndarray) -> float:
    """Mean of β(⟨h²⟩ − ⟨h⟩²) over weak units, h ≥ 0 under exp β{−h²(1−C)/2 − (θ − z√(pq)) h}.

    Parameters
    ----------
    beta, C, q : float
        Inverse temperature and order parameters.
    z, density : ndarray
        Nodes and weights of the Gaussian input.

    Returns
    -------
    float
        The average.
    """
    from scipy.special import log_ndtr

    x = (z * math.sqrt(P * q) - THETA) * math.sqrt(beta / (1 - C))
    ratio = np.exp(-x * x / 2 - log_ndtr(x)) / math.sqrt(2 * math.pi)
    with np.errstate(invalid="ignore"):
        variance = np.where(x > -1e3, 1 - ratio * (x + ratio), 1 / (x * x))
    return float(density @ np.clip(variance, 0, 1)) / (1 - C)


@check(source=SOURCE, where="Replica theory", printed="E log Z = lim_{n→0} (E Z^n - 1)/n", seen="p")
def replica_trick() -> Verdict:
    """Z of two levels with energies of a finite law, n → 0 by extrapolation."""
    levels = np.array(list(itertools.product((-0.7, 0.2, 1.1), repeat=2)))
    Zs = np.exp(-levels).sum(axis=1)
    at = [(np.mean(Zs**n) - 1) / n for n in (1e-3, -1e-3)]
    second = Tolerance("second order in n", 1e-6, "mean of n = ±1e-3")
    return weigh(np.mean(at), np.mean(np.log(Zs)), second, "nine equally likely pairs of levels")


@check(
    source=SOURCE,
    where="Towards free energy, first line of Z^n",
    printed="exp[-βL U_h(m√N) - … - βm√N L Σ w v - β Σ w v h]",
    seen="p",
    expected="misprint",
)
def signs_and_factor_of_replicated_weight() -> Verdict:
    """e^{−βE} of a machine with the L strong units at one value, all states of its visible layer."""
    rng = np.random.default_rng(24)
    w, beta, strong = rng.normal(size=(3, 4)), 0.7, 1.3
    h = np.array([strong, strong, 0.4, 0.9])
    v = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    g = 0.3
    energy = -(v @ w) @ h - g * v.sum(axis=1) + np.sum(h * h) / 2
    units = -beta * np.sum(h * h) / 2
    inputs = v @ w
    lead = strong * inputs[:, :2].sum(axis=1)
    weak = inputs[:, 2:] @ h[2:]
    printed = units - beta * 2 * lead - beta * weak
    corrected = units + beta * lead + beta * weak + beta * g * v.sum(axis=1)
    note = (
        "+βm√N Σ w v + βΣ w v h, no L before a sum over the L units, and −βΣU_v is missing (signs may be lost in print)"
    )
    return weigh(printed, -beta * energy, ROUNDING, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Towards free energy, averaged Z^n, hidden factor",
    printed="exp[(β²p/2) Σ_{a<=b} q^ab h^a h^b p_i/p]",
    seen="p",
    expected="misprint",
)
def quartic_term() -> Verdict:
    """Average over the weights for two replicas, N log E exp(βw Σ_a v^a h^a) summed over i: pairs a ≠ b count twice."""
    N, beta, p = 10_000_000, 0.8, 0.3
    h = np.array([0.7, 1.4])
    v = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    x = beta * (v @ h) / math.sqrt(N)
    truth = N * np.mean(np.log1p(2 * p * np.sinh(x / 2) ** 2))
    q = v.T @ v / len(v)
    quadratic = q * np.outer(h, h)
    printed = beta**2 * p / 2 * np.triu(quadratic).sum()
    corrected = beta**2 * p / 2 * quadratic.sum()
    large = Tolerance("1/N", 1e-6, "N = 1e7 units of four kinds")
    note = "Σ over all a, b (q^ab as in the ansatz), and no p_i/p, whose i is summed inside q^ab; p_i = p here"
    return weigh(printed, truth, large, note, corrected=corrected)
