"""Manzan, slides (2021), slide 15: spins and Gaussian units whose patterns have the density p of that slide."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf

import rbm_sim
import replica
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import weigh
from rbm_sim.retrieval import capacity
from replica.models import GeneralRBM
from replica.potentials import Gaussian, Spin

SOURCE = "Manzan, slides (2021)"
SEED = 2021
FREE = 2 / math.sqrt(2 * math.pi)
NODES = np.arange(-2000, 2001) * 0.0045
WEIGHTS = np.exp(-NODES * NODES / 2) / np.exp(-NODES * NODES / 2).sum()


def _cold_load(y: float, p: float) -> float:
    """α at T = 0 and y = m/s: m = p erf(y/√2), C = (p/s)[2pφ(y) + 2(1 − p)φ(0)], r = p/(1 − C)²."""
    s = p * erf(y / math.sqrt(2)) / y
    C = p / s * FREE * (p * math.exp(-y * y / 2) + 1 - p)
    return (s * (1 - C) / p) ** 2 if C < 1 else 0.0


def _warm_load(y: float, p: float, T: float) -> float:
    """α at T > 0 and y = m/s, sums over z: m = p⟨tanh β(m + sz)⟩, q = 1 − TC/p, r = pq/(1 − C)²."""

    def overlap(s: float) -> float:
        return p * float(np.tanh((y + NODES) * s / T) @ WEIGHTS)

    s = brentq(lambda s: overlap(s) - y * s, 1e-3, 2.0, xtol=1e-15)
    squares = [float(np.tanh((h + NODES) * s / T) ** 2 @ WEIGHTS) for h in (y, 0.0)]
    q = p * squares[0] + (1 - p) * squares[1]
    C = p * (1 - q) / T
    return (s * (1 - C) / p) ** 2 / q if C < 1 else 0.0


def _capacity(load: Callable[[float], float]) -> float:
    """Largest load along the curve that is met on the way from large y, where the pattern is kept without errors."""
    nodes = np.arange(6.0, 0.5, -0.05)
    values = [load(float(y)) for y in nodes]
    top = next(
        i for i in range(1, len(nodes) - 1) if values[i] > max(values[i + 1], 0.0) and values[i] >= values[i - 1]
    )
    bounds = (float(nodes[top + 1]), float(nodes[top - 1]))
    return -float(minimize_scalar(lambda y: -load(y), bounds=bounds, method="bounded", options={"xatol": 1e-9}).fun)


@check(
    source=SOURCE,
    where="Connection with Gaussian RBM",
    printed="w = ξ/√N, ξ = ±1 with probability p/2 each and 0 otherwise: an associative memory",
    seen="p",
    route="maximum of α along curves in closed form, T = 0, and by sums over the noise, T > 0",
)
def sparse_capacity() -> Verdict:
    """Load up to which patterns are kept: the branch ends at α → 0 with C → 1, since the units with ξ = 0 stay free."""
    cases = [(0.9, 0.0, 0.05), (0.5, 0.0, 0.001), (0.9, 0.05, 0.05)]
    truth = [_capacity(partial(_warm_load, p=p, T=T) if T else partial(_cold_load, p=p)) for p, T, _ in cases]
    found = [
        replica.spinodal(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=T, p=p), along="alpha").value
        for p, T, alpha in cases
    ]
    tolerance = Tolerance("maximum", 1e-10, "a maximum is flat: 1e-6 in y is 1e-12 in α")
    shown = ", ".join(f"{value:.12f} at p = {p:g}, T = {T:g}" for value, (p, T, _) in zip(found, cases, strict=True))
    return weigh(found, truth, tolerance, shown)


@check(
    source=SOURCE,
    where="Connection with Gaussian RBM",
    printed="w = ξ/√N, ξ = ±1 with probability p/2 each and 0 otherwise: patterns are stationary",
    seen="p",
    route="simulation, z-score",
)
def sparse_overlap() -> Verdict:
    """Final overlap of machines at T = 0 started at a pattern, N = 8000, p = 0.9, in units of the standard error."""
    N, p, samples = 8000, 0.9, 24
    z, shown = [], []
    for alpha in (0.05, 0.08):
        result = capacity.retrieval(
            N, alpha, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian(), p=p, samples=samples, rng=SEED
        )
        mean, error, kept = result.estimate("m")
        theory = replica.solve(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=0.0, p=p)).order.m
        z.append((mean - theory) / error)
        shown.append(f"{mean:.5f}({error * 1e5:.0f}) for {theory:.5f} at {alpha:.2f}, {samples - kept} lost")
    tolerance = Tolerance("standard errors", 3.0, "two loads, one seed: 0.5 % beyond by chance")
    return weigh(z, 0.0, tolerance, f"{'; '.join(shown)}; N = {N}, p = {p}, {samples} machines, seed {SEED}")
