"""Simulations of the Hopfield model at T = 0, against theory and against simulations in print.

Single-unit moves on the energy left by the hidden layer (no self-coupling), start at a stored pattern; a sample is
lost if its final overlap is below 0.7.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import erf

import rbm_sim
import replica
from paper_checks.check import Tolerance, Verdict, check, compare
from paper_checks.evidence import weigh
from rbm_sim.machine import patterns
from rbm_sim.retrieval import capacity, dynamics
from rbm_sim.retrieval.results import Retrieval
from rbm_sim.statistics.estimates import estimate
from replica.models import Hopfield

SEED = 1985
Z = 3.0


def machines(N: int, alpha: float, samples: int) -> Retrieval:
    """Retrieval in random machines from the stored pattern.

    Parameters
    ----------
    N : int
        Spins.
    alpha : float
        Load.
    samples : int
        Machines.

    Returns
    -------
    Retrieval
        Overlaps with the pattern at the end of the dynamics, one for each machine.
    """
    return capacity.retrieval(N, alpha, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian(), samples=samples, rng=SEED)


class HalfLost(NamedTuple):
    """Load at which half of the samples are lost, with its standard error."""

    value: float
    error: float


def half_lost(loads: np.ndarray, lost: np.ndarray, samples: int) -> HalfLost:
    """Maximum-likelihood fit of lost fractions by a logistic function of the load.

    Parameters
    ----------
    loads : ndarray
        Loads M/N.
    lost : ndarray
        Fractions of the samples lost there.
    samples : int
        Samples at each load.

    Returns
    -------
    HalfLost
        Where the function is ½; the error is that of the Fisher information.
    """
    centre = loads.mean()
    X = np.stack([np.ones_like(loads), (loads - centre) * 100], axis=1)
    w = np.array([0.0, 1.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-X @ w))
        information = samples * (X.T * (p * (1 - p))) @ X
        w = w + np.linalg.solve(information, samples * X.T @ (lost - p))
    covariance = np.linalg.inv(information)
    slope = np.array([-1 / w[1], w[0] / w[1] ** 2]) / 100
    return HalfLost(centre - w[0] / w[1] / 100, math.sqrt(slope @ covariance @ slope))


@check(
    source="simulation quoted in Steffan & Kühn, Z. Phys. B 95, 249 (1994)",
    where="abstract",
    printed="0.145 ± 0.009",
    seen="a",
    route="simulation, N = 500 to 4000, extrapolated",
    slow=True,
)
def simulated_capacity() -> Verdict:
    """Load at which half of the samples are lost, N = 500 to 4000, carried to N → ∞ by a line in N^{-1/2}."""
    sizes, samples = np.array([500, 1000, 2000, 4000]), 60
    loads = np.array([0.13, 0.14, 0.15, 0.16, 0.17])
    halves = [
        half_lost(loads, np.array([machines(int(N), a, samples).lost_fraction for a in loads]), samples) for N in sizes
    ]
    value = np.array([h.value for h in halves])
    weight = np.array([1 / h.error**2 for h in halves])
    limits = []
    for power in (0.5, 1.0):
        X = np.stack([np.ones(len(sizes)), sizes ** (-power)], axis=1)
        covariance = np.linalg.inv((X.T * weight) @ X)
        limits.append(((covariance @ (X.T @ (weight * value)))[0], math.sqrt(covariance[0, 0])))
    (limit, statistical), (other, _) = limits
    error = math.hypot(statistical, abs(other - limit) / 2)
    middle = (limit + other) / 2
    tolerance = Tolerance(
        "both errors", math.hypot(0.009, error), f"0.009 printed and {error:.4f} here, added in quadrature"
    )
    series = ", ".join(f"{v:.4f}" for v in value)
    note = (
        f"half lost at {series} for N = 500, 1000, 2000, 4000; limit {limit:.4f} by N^-1/2, {other:.4f} by 1/N; "
        f"60 samples at each of 5 loads, seed {SEED}; replica theory: 0.1379"
    )
    return compare(middle, 0.145, tolerance, note, f"{middle:.4f} ± {error:.4f}")


@check(
    source="AGS, PRL 55, 1530 (1985)",
    where="overlap of the retrieval state, T = 0",
    printed="m = erf(m/√(2αr))",
    seen="r",
    route="simulation, z-score",
)
def simulated_overlap() -> Verdict:
    """Final overlap of the samples that kept the pattern, N = 4000, 40 samples, in units of the standard error."""
    z, shown = [], []
    for alpha in (0.10, 0.12, 0.13):
        found = machines(4000, alpha, 40)
        mean, error, kept = found.estimate("m")
        theory = replica.solve(Hopfield(alpha=alpha)).order.m
        z.append((mean - theory) / error)
        shown.append(f"{mean:.5f}({error * 1e5:.0f}) for {theory:.5f} at {alpha:.2f}, {40 - kept} lost")
    tolerance = Tolerance("standard errors", Z, "three loads, one seed: 0.8 % beyond by chance")
    return weigh(z, 0.0, tolerance, f"{'; '.join(shown)}; N = 4000, 40 samples, seed {SEED}")


def _first_step(alpha: float, m0: float) -> Verdict:
    N, samples = 4000, 40
    M = round(alpha * N)
    after = []
    for seed in np.random.SeedSequence(SEED).spawn(samples):
        rng = np.random.default_rng(seed)
        xi = rbm_sim.random_patterns(N, M, rng=rng)
        machine = rbm_sim.RBM(rbm_sim.pattern_weights(xi), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
        start = patterns.corrupted(machine, xi[:, 0], (1 - m0) / 2, rng=rng)
        after.append(rbm_sim.overlaps(xi[:, :1], dynamics.synchronous_step(machine, start))[0])
    mean, error, _ = estimate(after)
    theory = float(erf(m0 / math.sqrt(2 * alpha)))
    tolerance = Tolerance("standard errors", Z, "one number, one seed: 0.3 % beyond by chance")
    note = f"{mean:.5f}({error * 1e5:.0f}) for {theory:.7f}; N = 4000, {samples} samples, seed {SEED}"
    return weigh((mean - theory) / error, 0.0, tolerance, note)


@check(
    source="Kinzel, Z. Phys. B 60, 205 (1985)",
    where="first parallel step",
    printed="m1 = erf(m0/√(2α)) at α = 0.1, m0 = 0.5",
    seen="r",
    route="simulation, z-score",
)
def first_step_from_half() -> Verdict:
    """Overlap after one synchronous step from a noisy pattern, load 0.1, overlap 0.5."""
    return _first_step(0.1, 0.5)


@check(
    source="Kinzel, Z. Phys. B 60, 205 (1985)",
    where="first parallel step",
    printed="m1 = erf(m0/√(2α)) at α = 0.2, m0 = 0.8",
    seen="r",
    route="simulation, z-score",
)
def first_step_above_capacity() -> Verdict:
    """The same above the capacity, load 0.2, overlap 0.8: the first step does not know of it."""
    return _first_step(0.2, 0.8)
