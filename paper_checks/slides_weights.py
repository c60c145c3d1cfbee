"""Manzan, slides (2021), slides 22 and 36: the weights of the R-RBM and the law of their sums W."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gamma, ive

import rbm_sim
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, ROUNDING, SMOOTH, weigh

SOURCE = "Manzan, slides (2021)"
ELL = 0.4
W = np.arange(-25, 26)


@check(
    source=SOURCE,
    where="Replica theory and Probability distribution issue, weights",
    printed="w_iμ = ±1/√N with probability p_i/2 each, 0 with 1 - p_i",
    seen="p",
    route="simulation, z-score",
)
def law_of_weights() -> Verdict:
    """Frequencies of the three values in a machine of the simulator, for two kinds of p_i, times √N."""
    N, M = 2000, 500
    p_i = np.repeat([0.1, 0.4], N // 2)
    w = rbm_sim.pattern_weights(rbm_sim.random_patterns(N, M, p=p_i, rng=22), np.float64) * math.sqrt(N)
    z = []
    for half, p in ((w[: N // 2], 0.1), (w[N // 2 :], 0.4)):
        for value, chance in ((1.0, p / 2), (-1.0, p / 2), (0.0, 1 - p)):
            frequency = np.isclose(half, value, atol=1e-12).mean()
            z.append((frequency - chance) / math.sqrt(chance * (1 - chance) / half.size))
    tolerance = Tolerance("standard errors", 3.5, "six frequencies, one seed: 0.3 % beyond by chance")
    return weigh(z, 0.0, tolerance, "N = 2000, M = 500, p_i = 0.1 and 0.4, seed 22")


@check(
    source=SOURCE,
    where="Probability distribution issue",
    printed="W_i = Σ_μ w_iμ, μ = 1 … l/p, W_i ∈ Z",
    seen="p",
    right="W_i = √N Σ_μ w_iμ",
    route="sums of whole numbers, one machine",
    expected="misprint",
)
def factor_in_W() -> Verdict:
    """The weights are ±1/√N: their sum is no whole number without the factor √N of the replica slide."""
    N, L, p = 10_000, 40, 0.01
    xi = rbm_sim.random_patterns(N, L, p=p, rng=36)
    w = rbm_sim.pattern_weights(xi, np.float64)
    truth = xi.sum(axis=1)
    note = "W = √N Σ w, as on the slide 'Towards free energy'; N = 10⁴ units, L = 40"
    return weigh(w.sum(axis=1), truth, ROUNDING, note, corrected=math.sqrt(N) * w.sum(axis=1))


def exact_law(L: int, p: float) -> np.ndarray:
    """Law of a sum of L entries at W = −25 … 25, by Fourier inversion of (1 − p + p cos k)^L.

    Parameters
    ----------
    L : int
        Number of entries.
    p : float
        Probability of a non-zero one.

    Returns
    -------
    ndarray, shape (51,)
        P(W = w) for w = −25 … 25.
    """
    k = 2 * np.pi * np.arange(1024) / 1024
    generating = np.exp(L * np.log1p(-p * (1 - np.cos(k))))
    return np.array([np.mean(generating * np.cos(k * w)) for w in W])


@check(
    source=SOURCE,
    where="Probability distribution issue, p → 0",
    printed="P(W_i = w) = e^{-l x_i} I_w(l x_i)",
    seen="p",
    route="Fourier inversion at p = 2e-5 and 1e-5, extrapolated",
)
def law_of_W() -> Verdict:
    """The law at p = 2e-5 and 1e-5 by Fourier inversion, carried to p = 0, for x = 0.5, 1 and 2."""
    found, truth, first = [], [], 0.0
    for x in (0.5, 1.0, 2.0):
        a, b = (exact_law(round(ELL / p), x * p) for p in (2e-5, 1e-5))
        truth.append(2 * b - a)
        found.append(ive(np.abs(W), ELL * x))
        first = max(first, float(np.max(np.abs(a - found[-1]))))
    return weigh(found, truth, PRECISE, f"at p = 2e-5 itself off by {first:.1e}; negative w: I_{{-w}} = I_w")


@check(
    source=SOURCE,
    where="Probability distribution issue, Bessel function",
    printed="I_α(x) = Σ_k (x/2)^{2k+α}/(k! Γ(k+α+1))",
    seen="p",
    route="integral over an angle",
)
def bessel_series() -> Verdict:
    """The series against the integral (1/π)∫ e^{x cos t} cos(wt) dt, w = 0 to 5."""
    t = np.pi * (np.arange(400) + 0.5) / 400
    k = np.arange(60)
    printed, truth = [], []
    for w in range(6):
        for x in (0.2, 1.5, 6.0):
            printed.append(np.sum((x / 2) ** (2 * k + w) / (gamma(k + 1) * gamma(k + w + 1))))
            truth.append(np.mean(np.exp(x * np.cos(t)) * np.cos(w * t)))
    return weigh(printed, truth, SMOOTH, "x = 0.2, 1.5, 6")


@check(
    source=SOURCE,
    where="Probability distribution issue, terms of the sum",
    printed="a fraction p_i = x_i p of the l/p terms is non-zero",
    seen="p",
    route="variance by Fourier inversion",
)
def number_of_terms() -> Verdict:
    """Mean number of non-zero entries among L = ℓ/p: ℓ x_i, the variance of W."""
    variance = [float(exact_law(4000, x * 1e-4) @ W**2) for x in (0.5, 1.0, 2.0)]
    return weigh([0.4 * x for x in (0.5, 1.0, 2.0)], variance, PRECISE, "ℓ = 0.4, p = 1e-4, x = 0.5, 1, 2")
