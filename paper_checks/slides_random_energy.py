"""Manzan, slides (2021), slide 21: independent random energies and the replica trick.

Of Z = Σ_j e^{−βE_j} with independent Gaussian E_j everything follows from φ(t) = E exp(−t e^{−βE}): E log Z and E Z^n
are integrals over t, exact at any number of levels.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.special import gamma

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh

SOURCE = "Manzan, slides (2021)"
WHERE = "Replica theory"
U, STEP = np.linspace(-60.0, 60.0, 601, retstep=True)
"""Grid of ln t; the trapezoid rule converges exponentially."""


def log_generating(levels: float, spread: float, u: np.ndarray) -> np.ndarray:
    """Levels times ln E exp(−e^{u − βE}), with βE normal of the given standard deviation.

    Parameters
    ----------
    levels : float
        Number of levels.
    spread : float
        βσ.
    u : ndarray
        ln t.

    Returns
    -------
    ndarray, shape of `u`
        ln E e^{−tZ} at each t.
    """
    z = np.linspace(-10.0, 26.0, 9001)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    missing = np.array([density @ -np.expm1(-np.exp(np.minimum(x + spread * z, 700.0))) for x in u])
    return levels * np.log1p(-np.minimum(missing, 1 - 1e-16))


def mean_log(levels: float, spread: float, guess: float = 0.0) -> float:
    """E ln Z = ∫du [e^{−e^u} − E e^{−e^u Z}].

    Parameters
    ----------
    levels, spread : float
        As in `log_generating`.
    guess : float
        About ln Z; the grid is moved by it.

    Returns
    -------
    float
        E ln Z of so many independent levels.
    """
    difference = np.exp(-np.exp(U)) - np.exp(log_generating(levels, spread, U - guess))
    return float(difference.sum() * STEP) + guess


def moment(n: float, levels: float, spread: float) -> float:
    """E Z^n − 1 = ∫du e^{−nu} [E e^{−e^u Z} − e^{−e^u}]/Γ(−n) for 0 < |n| < 1.

    Parameters
    ----------
    n, levels, spread : float
        Power; as in `log_generating`.

    Returns
    -------
    float
        E Z^n − 1, whose ratio to n tends to E ln Z as n → 0.
    """
    difference = np.exp(log_generating(levels, spread, U)) - np.exp(-np.exp(U))
    return float((difference * np.exp(-n * U)).sum() * STEP) / gamma(-n)


@check(
    source=SOURCE,
    where=f"{WHERE}, Boltzmann law of the levels",
    printed="μ_B(j) = e^{-βE_j}/Z, E_j independent, N(0, σ²)",
    seen="p",
    route="maximum of entropy − β energy",
)
def law_of_levels() -> Verdict:
    """The law that maximises S − β⟨E⟩ has the maximum log Z, and every other one less."""
    rng = np.random.default_rng(21)
    E, beta = rng.normal(size=12), 0.9
    law = np.exp(-beta * E) / np.exp(-beta * E).sum()
    others = law * np.exp(0.3 * rng.normal(size=(2000, 12)))
    others /= others.sum(axis=1, keepdims=True)
    value = -(law @ np.log(law)) - beta * (law @ E)
    best = float(np.max(-(others * np.log(others)).sum(axis=1) - beta * (others @ E)))
    truth = math.log(np.exp(-beta * E).sum())
    return weigh([value, max(best - value, 0.0)], [truth, 0.0], ROUNDING, "12 levels, 2000 other laws are all worse")


@check(
    source=SOURCE,
    where="Replica theory; Towards free energy, Z^n ≈ 1 - βF",
    printed="E log Z = lim_{n→0} (E Z^n - 1)/n",
    seen="p",
    route="average over nine pairs of levels, n = 1e-3 and 5e-4",
)
def replica_trick() -> Verdict:
    """Z of two levels with energies of a finite law, n → 0 by extrapolation."""
    levels = np.array(list(itertools.product((-0.7, 0.2, 1.1), repeat=2)))
    Zs = np.exp(-levels).sum(axis=1)
    at = [(np.mean(Zs**n) - 1) / n for n in (1e-3, 5e-4)]
    second = Tolerance("second order in n", 1e-6, "n² E (log Z)³/6 at n = 1e-3; the first order is taken out")
    return weigh(2 * at[1] - at[0], np.mean(np.log(Zs)), second, "nine equally likely pairs of levels")


@check(
    source=SOURCE,
    where=f"{WHERE}, replica trick for random energies",
    printed="E log Z = lim_{n→0} (E Z^n - 1)/n",
    seen="p",
    route="E log Z and E Z^n as exact integrals over E e^{-tZ}",
)
def trick_for_random_energies() -> Verdict:
    """Both sides for 2^10 levels, in the hot and in the frozen phase; n = ±0.002 and ±0.001, carried to n = 0."""
    printed, truth = [], []
    for spread in (0.8, 3.0, 6.0):
        coarse, fine = ((moment(n, 1024, spread) - moment(-n, 1024, spread)) / (2 * n) for n in (0.002, 0.001))
        printed.append((4 * fine - coarse) / 3)
        truth.append(mean_log(1024, spread))
    fourth = Tolerance("fourth order in n", 1e-6, "n⁴ E (log Z)⁵/120 at n = 0.002, log Z below 30")
    return weigh(printed, truth, fourth, "βσ = 0.8, 3 and 6: " + ", ".join(f"{x:.6f}" for x in truth))


@check(
    source=SOURCE,
    where=f"{WHERE}, moments instead of the logarithm",
    printed="computing E Z^n is easier than E log Z",
    seen="p",
    route="quadrature over the energies of three levels",
)
def integer_moments() -> Verdict:
    """Closed forms of E Z^n, n = 1 to 3, sums over which replicas share a level; against 60³ Gauss–Hermite nodes."""
    levels, s = 3, 0.7
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    boltzmann = np.exp(-s * z)
    Z = boltzmann[:, None, None] + boltzmann[None, :, None] + boltzmann[None, None, :]
    law = weight[:, None, None] * weight[None, :, None] * weight[None, None, :]
    truth = [float((law * Z**n).sum()) for n in (1, 2, 3)]
    g = [math.exp(k * k * s * s / 2) for k in range(4)]
    first = levels * g[1]
    second = levels * g[2] + levels * (levels - 1) * g[1] ** 2
    third = levels * g[3] + 3 * levels * (levels - 1) * g[2] * g[1] + levels * (levels - 1) * (levels - 2) * g[1] ** 3
    close = Tolerance("rounding", 1e-11, "sums of 216000 terms", relative=True)
    return weigh([first, second, third], truth, close, "closed for every whole n; the step to n → 0 is the hard one")


@check(
    source=SOURCE,
    where=f"{WHERE}, free energy by replicas",
    printed="the replica trick gives E log Z ~ f",
    seen="p",
    route="E log Z as an exact integral, 2^50 to 2^200 levels",
)
def free_energy_by_replicas() -> Verdict:
    """Energies of variance N/2: replica symmetry (one level a replica) above T_c, groups of replicas below it.

    One group of x replicas in a level gives min over x ≤ 1 of ln 2/x + β² x/4: log Z/N = ln 2 + β²/4 or β√ln 2.
    """
    printed, truth = [], []
    for beta in (0.6, 1.2, 2.5, 4.0):
        x = min(1.0, 2 * math.sqrt(math.log(2)) / beta)
        printed.append(math.log(2) / x + beta**2 * x / 4)
        means = []
        for N in (50, 200):
            guess = N * printed[-1]
            value = mean_log(2.0**N, beta * math.sqrt(N / 2), guess)
            # The lowest levels lie ln(4πN ln 2)/(4√ln 2) above −N√ln 2.
            edge = beta * math.log(4 * math.pi * N * math.log(2)) / (4 * math.sqrt(math.log(2))) if x < 1 else 0.0
            means.append(value + edge)
        truth.append((means[1] - means[0]) / 150)
    rest = Tolerance(
        "finite size", 1e-3, "N = 50 and 200, the logarithm of N taken out; the rest of E log Z changes by 0.09"
    )
    note = "replica symmetry alone, ln 2 + β²/4, is wrong for β > 2√ln 2 = 1.6651: 'easily' only above T_c"
    return weigh(printed, truth, rest, note)
