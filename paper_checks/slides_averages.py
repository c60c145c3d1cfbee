"""Manzan, slides (2021), slides 23 and 24: the averaged Z^n, the replica symmetric ansatz and the saddle point."""

from __future__ import annotations

import itertools
import math

import numpy as np

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, ROUNDING, weigh

SOURCE = "Manzan, slides (2021)"
AVERAGED = "Towards free energy, averaged Z^n"
BETA = 0.7


def averaged(N: float, p_i: np.ndarray, v: np.ndarray, h: np.ndarray) -> float:
    """ln E exp(βw Σ_a v^a h^a) summed over N visible units of equally many kinds, w = ±1/√N or 0.

    Parameters
    ----------
    N : float
        Number of units.
    p_i : ndarray, shape (kinds,)
        Probability of a weight.
    v : ndarray, shape (kinds, replicas)
        Their states.
    h : ndarray, shape (replicas,)
        States of a hidden unit.

    Returns
    -------
    float
        N times the mean over the kinds of ln[1 + p_i (cosh x − 1)], x = (β/√N) Σ_a v^a h^a.
    """
    x = BETA * (v @ h) / math.sqrt(N)
    return float(N * np.mean(np.log1p(2 * p_i * np.sinh(x / 2) ** 2)))


KINDS = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
LARGE = Tolerance("1/N", 1e-6, "N = 1e7 units of four kinds")
PAIR = np.array([0.7, 1.4])


@check(
    source=SOURCE,
    where=f"{AVERAGED}, pairs of replicas in the hidden factor",
    printed="(β²p/2) Σ_{a<=b} q^ab h^a h^b",
    seen="p",
    right="(β²p/2) Σ_{a,b} q^ab h^a h^b",
    route="average over the weights of two replicas, N = 1e7",
    expected="misprint",
)
def quartic_term() -> Verdict:
    """Pairs a ≠ b count twice, if q^ab is what the ansatz makes of it; homogeneous p_i here."""
    p = np.full(4, 0.3)
    quadratic = KINDS.T @ KINDS / 4 * np.outer(PAIR, PAIR)
    printed, corrected = (BETA**2 * 0.3 / 2 * x.sum() for x in (np.triu(quadratic), quadratic))
    note = "sum over all a and b"
    return weigh(printed, averaged(1e7, p, KINDS, PAIR), LARGE, note, corrected=corrected)


@check(
    source=SOURCE,
    where=f"{AVERAGED}, p_i/p in the hidden factor",
    printed="exp[… q^ab h^a h^b p_i/p]",
    seen="p",
    right="exp[… q^ab h^a h^b]",
    route="average over the weights of two replicas, N = 1e7",
    expected="misprint",
)
def weight_in_hidden_factor() -> Verdict:
    """No i is left there: p_i is in q^ab = (1/N)Σ(p_i/p) v^a v^b; with unequal p_i, printed for each of them."""
    p_i = np.array([0.1, 0.2, 0.4, 0.5])
    p = p_i.mean()
    q = np.einsum("i,ia,ib->ab", p_i / p, KINDS, KINDS) / 4
    exponent = BETA**2 * p / 2 * (q * np.outer(PAIR, PAIR)).sum()
    truth = averaged(1e7, p_i, KINDS, PAIR)
    return weigh(exponent * p_i / p, truth, LARGE, "and all pairs of replicas", corrected=exponent)


@check(
    source=SOURCE,
    where=f"{AVERAGED}, measure",
    printed="Π dq~^ab dq^ab/(2Nβ)",
    seen="p",
    right="Π Nβ dq~^ab dq^ab/(2πi), q~ along the imaginary axis",
    route="Fourier integral of a Gaussian",
    expected="misprint",
)
def measure() -> Verdict:
    """With ∫dq dq̃ e^{−Nβ q̃ (q − x)} as the constraint a function of q must come back at x."""
    rate, x = 5 * BETA, 0.3
    y, step = np.linspace(-40, 40, 20001, retstep=True)
    q = np.linspace(-8, 8, 4001)
    g = np.exp(-((q - 0.1) ** 2))
    # ∫dq g(q) e^{−i·rate·y q} in closed form, then the integral over q̃ = iy
    inner = math.sqrt(math.pi) * np.exp(-((rate * y) ** 2) / 4 - 0.1j * rate * y)
    double = float((inner * np.exp(1j * rate * x * y)).sum().real * step)
    truth = float(np.interp(x, q, g))
    close = Tolerance("interpolation", 1e-5, "g on a grid of step 0.004")
    note = "N = 5; a factor without weight in f as N → ∞ (the ∫ is missing too)"
    return weigh(double / (2 * rate), truth, close, note, corrected=double * rate / (2 * math.pi))


def _log_mean_exp(exponent: np.ndarray, z: np.ndarray) -> float:
    """ln ∫Dz exp(exponent) on a grid."""
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(np.log((density * np.exp(exponent)).sum() * (z[1] - z[0])))


@check(
    source=SOURCE,
    where="Towards free energy, replica symmetric ansatz, q~^ab",
    printed="q~^ab = (αβp/2)[2r(1-δ_ab) + δ_ab(r + B/(pβ))], exp β Σ_{a<=b} q~^ab v^a v^b p_i/p",
    seen="p",
    route="quadrature over the Gaussian field of one unit, n = 1 to 4",
)
def ansatz_in_visible_factor() -> Verdict:
    """It is a Gaussian field z√(αp_i r) common to the replicas and the self-field (α/2)B(p_i/p)."""
    alpha, p, p_i, r, B = 0.5, 0.3, 0.2, 0.6, 0.4
    z = np.linspace(-14, 14, 4001)
    printed, truth = [], []
    for n in (1, 2, 4):
        conjugate = alpha * BETA * p / 2 * (2 * r * (1 - np.eye(n)) + np.eye(n) * (r + B / (p * BETA)))
        for v in itertools.product((0.0, 1.0), repeat=n):
            printed.append(BETA * np.triu(conjugate * np.outer(v, v)).sum() * p_i / p)
            field = z * math.sqrt(alpha * p_i * r) * sum(v) + alpha / 2 * B * p_i / p * np.square(v).sum()
            truth.append(_log_mean_exp(BETA * field, z))
    return weigh(printed, truth, ROUNDING, "1, 2 and 4 replicas, all states")


@check(
    source=SOURCE,
    where="Towards free energy, replica symmetric ansatz, q^ab",
    printed="q^ab = q + δ_ab C/(pβ)",
    seen="p",
    route="quadrature over the Gaussian field of one unit, n = 1 to 3",
)
def ansatz_in_hidden_factor() -> Verdict:
    """With all pairs of replicas it is a Gaussian field z√(pq) and the term (C/2)h²."""
    p, q, C = 0.3, 0.4, 0.25
    z = np.linspace(-14, 14, 4001)
    printed, truth = [], []
    for h in ((0.8,), (0.8, 0.3), (1.1, 0.0, 0.6)):
        n = len(h)
        printed.append(BETA**2 * p / 2 * ((q + np.eye(n) * C / (p * BETA)) * np.outer(h, h)).sum())
        field = z * math.sqrt(p * q) * sum(h) + C / 2 * np.square(h).sum()
        truth.append(_log_mean_exp(BETA * field, z))
    return weigh(printed, truth, ROUNDING, "the sum over a ≤ b corrected, see quartic_term")


@check(
    source=SOURCE,
    where="Towards free energy, from the ansatz to f",
    printed="-βN Σ_{a<=b} q~^ab q^ab gives (α/2)(rC + Bq)",
    seen="p",
    route="sum over the matrices, n → 0 by extrapolation, T → 0",
)
def conjugate_term() -> Verdict:
    """The sum over pairs divided by n is a polynomial in n; its value at n = 0, for β = 1e3 and 1e4."""
    alpha, p, q, r, B, C = 0.5, 0.3, 0.4, 0.6, 0.35, 0.25
    rows = []
    for beta in (1e3, 1e4):
        sums = []
        for n in (1, 2, 3):
            conjugate = alpha * beta * p / 2 * (2 * r * (1 - np.eye(n)) + np.eye(n) * (r + B / (p * beta)))
            sums.append(np.triu(conjugate * (q + np.eye(n) * C / (p * beta))).sum() / n)
        rows.append(3 * sums[0] - 3 * sums[1] + sums[2])
    limit = (10 * rows[1] - rows[0]) / 9
    note = f"the term αBCT/(2p) = {rows[0] - limit:.2e} at T = 1e-3 drops as T → 0"
    close = Tolerance("rounding", 1e-9, "sums of order β = 1e4 that cancel")
    return weigh(alpha / 2 * (r * C + B * q), limit, close, note)


@check(
    source=SOURCE,
    where="Towards free energy, energy of the strong units",
    printed="L U_h(m√N) per visible unit gives L m²/2",
    seen="p",
    route="N = 1e6 to 1e8, extrapolated",
)
def potential_of_strong_units() -> Verdict:
    """For a ReLU unit with a threshold: what is left falls like 1/√N."""
    L, m, theta = 3, 0.4, 0.7
    coarse, fine = (L * (m * m * N / 2 + theta * m * math.sqrt(N)) / N for N in (1e6, 1e8))
    limit = (10 * fine - coarse) / 9
    return weigh(L * m * m / 2, limit, ROUNDING, f"{coarse:.6f} at N = 1e6, {fine:.6f} at 1e8; U_h = h²/2 + θh")


@check(
    source=SOURCE,
    where="Towards free energy, saddle-point approximation",
    printed="∫da db e^{-βF(a,b)} ≈ e^{-βF(a*,b*)}",
    seen="p",
    route="quadrature in two variables, F = N f",
)
def saddle_point() -> Verdict:
    """−(1/N) ln of the integral tends to the minimum of f: differences in N without the logarithm of N."""
    a, step = np.linspace(-2, 2, 1601, retstep=True)
    f = (a[:, None] ** 2 - 1) ** 2 / 4 + a[:, None] * 0.3 + (a[None, :] - a[:, None]) ** 2 / 2

    def log_integral(N: int) -> float:
        return float(np.logaddexp.reduce((-N * f).ravel())) + 2 * math.log(step) + math.log(N)

    slope = -(log_integral(2000) - log_integral(1000)) / 1000
    second = Tolerance(
        "1/N²", 1e-5, "1/(N₁N₂) = 5e-7 times the curvature of the logarithm, and the grid of step 0.0025"
    )
    note = "two real variables of order one; for q~ it is a maximum along the other axis"
    return weigh(f.min(), slope, second, note)


@check(
    source=SOURCE,
    where=f"{AVERAGED}, exponent of the hidden factor, and its limit in f",
    printed="(Π_a ∫dh^a exp[…])^{αN-L}, and α ∫Dz min_h […] in f",
    seen="p",
    route="quadrature over all weak units at once; N = 1e6 to 1e8",
)
def number_of_hidden_factors() -> Verdict:
    """N = 4, M = 5, L = 2: three weak units of two replicas, integrated on one grid; (αN − L)/N tends to α."""
    h, step = np.linspace(0, 9, 13, retstep=True)
    N, M, L, q, C = 4, 5, 2, 0.4, 0.25
    alpha = M / N
    one = -BETA * h * h / 2 + BETA**2 * C / 2 * h * h
    pair = one[:, None] + one[None, :] + BETA**2 * q / 2 * h[:, None] * h[None, :] / 4
    factor = float(np.exp(pair).sum()) * step**2
    flat = pair.ravel()
    layer = flat[:, None, None] + flat[None, :, None] + flat[None, None, :]
    truth = float(np.log(np.exp(layer).sum())) + 2 * (M - L) * math.log(step)
    coarse, fine = ((alpha * n - L) / n for n in (1e6, 1e8))
    printed = (alpha * N - L) * math.log(factor)
    return weigh([printed, alpha], [truth, (100 * fine - coarse) / 99], PRECISE, "M = αN; L/N drops as N → ∞")
