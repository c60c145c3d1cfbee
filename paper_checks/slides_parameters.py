"""Manzan, slides (2021), slide 26: what the order parameters of the R-RBM mean.

The free energy is differentiated at T > 0 with unequal p_i, in any fields: that the responses are what the slide says
does not need a solution.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, log_ndtr

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import SMOOTH, gradient, weigh
from paper_checks.slides_rrbm import ALPHA, LAW, THETA, G, P, W, solution

SOURCE = "Manzan, slides (2021)"
WHERE = "Parameter interpretation"
T = 0.05
RATIO = np.array([0.5, 0.8, 1.7])
"""p_i/p of three kinds of visible units."""

FIELDS = np.array([-0.06, 0.02, 0.11])
"""g + m W of the three kinds."""

Z = np.linspace(-10, 10, 4001)
DZ = np.exp(-Z * Z / 2) / math.sqrt(2 * math.pi) * (Z[1] - Z[0])


def visible_inputs(B: float, r: float) -> np.ndarray:
    """Inputs of the visible units, one row for each kind.

    Parameters
    ----------
    B, r : float
        Order parameters.

    Returns
    -------
    ndarray, shape (3, nodes)
        Field, self-field and noise z√(α p_i r).
    """
    return (FIELDS + ALPHA / 2 * B * RATIO)[:, None] + np.sqrt(ALPHA * P * RATIO * r)[:, None] * Z


def visible_energy(B: float, r: float) -> float:
    """−T (1/N) Σ_i ∫Dz ln Tr_v e^{…}, the visible part of f.

    Parameters
    ----------
    B, r : float
        Order parameters.

    Returns
    -------
    float
        The visible part of f per visible unit, averaged over the kinds of p_i.
    """
    return float(-T * np.mean(np.logaddexp(0, visible_inputs(B, r) / T) @ DZ))


def hidden_moments(q: float, C: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log of ∫_{h≥0} dh e^{−[(1−C)h²/2 + (θ − z√(pq))h]/T}, mean and variance of h, at each z.

    Parameters
    ----------
    q, C : float
        Order parameters.

    Returns
    -------
    log_integral, mean, variance : ndarray, shape (nodes,)
        ln of the integral, ⟨h⟩ and ⟨h²⟩ − ⟨h⟩² of a weak unit at each node z.
    """
    width = math.sqrt(T / (1 - C))
    x = (Z * math.sqrt(P * q) - THETA) / (1 - C) / width
    log_integral = x * x / 2 + log_ndtr(x) + math.log(width * math.sqrt(2 * math.pi))
    ratio = np.exp(-x * x / 2 - log_ndtr(x)) / math.sqrt(2 * math.pi)
    return log_integral, width * (x + ratio), width**2 * (1 - ratio * (x + ratio))


def hidden_energy(q: float, C: float) -> float:
    """−T ∫Dz ln ∫dh e^{…}, the hidden part of f over α.

    Parameters
    ----------
    q, C : float
        Order parameters.

    Returns
    -------
    float
        The hidden part of f per visible unit, over α.
    """
    return float(-T * (hidden_moments(q, C)[0] @ DZ))


BY_VISIBLE = {"B": 0.25, "r": 0.12}
BY_HIDDEN = {"q": 0.3, "C": 0.2}
ROUTE = "derivative of the free energy at T = 0.05, unequal p_i"


@check(source=SOURCE, where=f"{WHERE}, q", printed="q = (1/N) Σ (p_i/p) <v_i>²", seen="p", route=ROUTE)
def activity() -> Verdict:
    """From ∂f/∂B = ∂f/∂r = 0 with f = (α/2)(rC + Bq + BCT/p) + …: q = q_d − CT/p, off the saddle too."""
    by_B, by_r = -2 / ALPHA * gradient(visible_energy, BY_VISIBLE)
    on = expit(visible_inputs(**BY_VISIBLE) / T)
    printed = np.mean(RATIO * (on**2 @ DZ))
    return weigh(printed, by_B - by_r * T / P, SMOOTH, f"three kinds of units, q = {printed:.6f}")


@check(
    source=SOURCE,
    where=f"{WHERE}, q as β → ∞",
    printed="(1/N) Σ (p_i/p) <v_i>² ≈ (1/N) Σ (p_i/p) <v_i>",
    seen="p",
    route="quadrature at T = 0.01 and 0.005, carried to T = 0",
)
def activity_when_cold() -> Verdict:
    """The difference is CT/p: it vanishes like T."""
    x = visible_inputs(**BY_VISIBLE)
    gaps = [np.mean(RATIO * ((expit(x / t) * expit(-x / t)) @ DZ)) for t in (0.01, 0.005)]
    second = Tolerance("second order in T", 5e-4, "T² over the width squared of the noise, at T = 0.01")
    return weigh(2 * gaps[1] - gaps[0], 0.0, second, f"difference {gaps[0]:.4f} and {gaps[1]:.4f}: linear in T")


@check(
    source=SOURCE,
    where=f"{WHERE}, C at T > 0",
    printed="C = (βp/N) Σ (p_i/p) <v_i>(1 - <v_i>)",
    seen="p",
    route=ROUTE,
)
def visible_response() -> Verdict:
    """From ∂f/∂r = 0."""
    by_r = -2 / ALPHA * gradient(visible_energy, BY_VISIBLE)[1]
    x = visible_inputs(**BY_VISIBLE) / T
    return weigh(P / T * np.mean(RATIO * ((expit(x) * expit(-x)) @ DZ)), by_r, SMOOTH, f"C = {by_r:.6f}")


@check(
    source=SOURCE,
    where=f"{WHERE}, r",
    printed="r = 1/(M-L) Σ_{μ>L} <h_μ>²",
    seen="p",
    route="derivative of the free energy at T = 0.05",
)
def square_activation() -> Verdict:
    """From ∂f/∂C = ∂f/∂q = 0: r = r_d − BT/p, the square of the mean, not the mean of the square."""
    by_q, by_C = -2 * gradient(hidden_energy, BY_HIDDEN)
    _, mean, _ = hidden_moments(**BY_HIDDEN)
    return weigh(mean**2 @ DZ, by_C - by_q * T / P, SMOOTH, f"ReLU units, <h²> = {by_C:.6f} at T = {T}")


@check(
    source=SOURCE,
    where=f"{WHERE}, B at T > 0",
    printed="B = (βp/(M-L)) Σ_{μ>L} <h_μ²> - <h_μ>²",
    seen="p",
    right="B = (βp/(M-L)) Σ_{μ>L} (<h_μ²> - <h_μ>²)",
    route="derivative of the free energy at T = 0.05",
    extraction=True,
    expected="misprint",
)
def hidden_response() -> Verdict:
    """From ∂f/∂q = 0. As printed βp/(M − L) and the sum stop at the minus; <h_μ>² is then taken as its mean."""
    by_q = -2 * gradient(hidden_energy, BY_HIDDEN)[0]
    _, mean, variance = hidden_moments(**BY_HIDDEN)
    printed = P / T * ((variance + mean**2) @ DZ) - mean**2 @ DZ
    note = f"the bracket is missing (perhaps in the text copy only); ReLU units, B = {by_q:.6f}"
    return weigh(printed, by_q, SMOOTH, note, corrected=P / T * (variance @ DZ))


@check(
    source=SOURCE,
    where="Parameter interpretation, T → 0",
    printed="C = lim (βp/N) Σ (p_i/p) <v>(1-<v>), B = lim (βp/(M-L)) Σ (<h²> - <h>²), bracket put in",
    seen="p",
    route="thermal averages at β = 2.5e5 and 1e6, extrapolated",
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
        The variance times β, averaged over the nodes; H0/(1 − C) as β → ∞.
    """
    x = (z * math.sqrt(P * q) - THETA) * math.sqrt(beta / (1 - C))
    ratio = np.exp(-x * x / 2 - log_ndtr(x)) / math.sqrt(2 * math.pi)
    with np.errstate(invalid="ignore"):
        variance = np.where(x > -1e3, 1 - ratio * (x + ratio), 1 / (x * x))
    return float(density @ np.clip(variance, 0, 1)) / (1 - C)
