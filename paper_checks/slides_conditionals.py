"""Manzan, slides (2021), slides 32 and 33: conditional probabilities of {0, 1} and of {−1, 1} Bernoulli units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import rbm_sim
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh
from paper_checks.slides_machine import small_weights, spins

SOURCE = "Manzan, slides (2021)"
WHERE = "Some questions on RBM"
N, M = 4, 3
A, B = np.array([0.4, -0.3, 0.1, -0.6]), np.array([0.5, -0.7, 0.2])
"""Fields a_i and b_μ."""


def sigma(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


class Machine(NamedTuple):
    """All states of a small machine and e^{−E}, rows for v and columns for h."""

    v: np.ndarray
    h: np.ndarray
    weight: np.ndarray


def machine(low: int) -> Machine:
    """Enumerate E = −Σ v w h − Σ a v − Σ b h.

    Parameters
    ----------
    low : int
        The lower value of all units, 0 or −1.

    Returns
    -------
    Machine
        Visible and hidden configurations, 2^4 and 2^3 of them, and the weight e^{−E} of each pair.
    """
    v, h = spins(N, low), spins(M, low)
    energy = -(v @ small_weights(N, M)) @ h.T - (v @ A)[:, None] - (h @ B)[None, :]
    return Machine(v, h, np.exp(-energy))


def active(low: int) -> np.ndarray:
    """P(h_μ = 1 | v) from sums over all states.

    Parameters
    ----------
    low : int
        The lower value of all units.

    Returns
    -------
    ndarray, shape (2^N, M)
        Probability that unit μ (column) has its upper value, given v (row).
    """
    _, h, weight = machine(low)
    return weight @ (h == 1) / weight.sum(axis=1, keepdims=True)


def inputs(low: int) -> np.ndarray:
    """b_μ + Σ_i v_i w_iμ of every v.

    Parameters
    ----------
    low : int
        The lower value of all units.

    Returns
    -------
    ndarray, shape (2^N, M)
        Input of unit μ (column) at v (row), its field included.
    """
    return B + spins(N, low) @ small_weights(N, M)


@check(
    source=SOURCE,
    where=f"{WHERE}, P(h = 1|v) as a ratio of sums",
    printed="P(v,h=1)/P(v) = 1/(1 + Σ_{h=0} e^{-E}/Σ_{h=1} e^{-E})",
    seen="p",
    route="enumeration of 2^7 states",
)
def ratio_of_sums() -> Verdict:
    """The last form of the first slide, against P(v, h=1)/P(v) with Z."""
    _, h, weight = machine(0)
    law = weight / weight.sum()
    truth = np.stack([law[:, h[:, k] == 1].sum(axis=1) for k in range(M)], axis=1) / law.sum(axis=1, keepdims=True)
    printed = 1 / (1 + (weight @ (h == 0)) / (weight @ (h == 1)))
    return weigh(printed, truth, ROUNDING, "all 16 visible states, three hidden units")


@check(
    source=SOURCE,
    where=f"{WHERE}, terms that depend on one hidden unit",
    printed="(1 + e^{(Σ v w h + b h)|_{h=0}}/e^{(Σ v w h + b h)|_{h=1}})^{-1}",
    seen="p",
    route="enumeration of 2^7 and of 2^7 states",
)
def other_terms_cancel() -> Verdict:
    """All terms without h_μ cancel in the ratio, with 0 and with −1 as the lower value."""
    printed = [1 / (1 + np.exp(low * inputs(low)) / np.exp(inputs(low))) for low in (0, -1)]
    return weigh(printed, [active(low) for low in (0, -1)], ROUNDING, "both kinds of units")


@check(
    source=SOURCE,
    where=f"{WHERE}, {{0, 1}} units",
    printed="P(h = 1|v) = σ(b + Σ v w)",
    seen="p",
    route="enumeration of 2^7 states",
)
def law_of_bernoulli() -> Verdict:
    """Conditional probability of 0/1 units."""
    return weigh(sigma(inputs(0)), active(0), ROUNDING, "all v, N = 4, M = 3")


@check(
    source=SOURCE,
    where=f"{WHERE}, {{-1, 1}} units",
    printed="P(h = 1|v) = σ(2[b + Σ v w])",
    seen="p",
    route="enumeration of 2^7 states",
)
def law_of_spins() -> Verdict:
    """Conditional probability of ±1 units: twice the input."""
    return weigh(sigma(2 * inputs(-1)), active(-1), ROUNDING, "all v, N = 4, M = 3")


@check(
    source=SOURCE,
    where=f"{WHERE}, both results",
    printed="σ(b + Σ v w) for {0, 1}, σ(2[b + Σ v w]) for {-1, 1}",
    seen="p",
    route="simulation, z-score",
)
def frequencies() -> Verdict:
    """Draws of hidden units by the simulator, in units of their standard errors."""
    rng, draws = np.random.default_rng(33), 40_000
    v = np.array([1.0, 0.0, 1.0, 1.0])
    found = []
    for unit, low, factor in ((rbm_sim.Bernoulli, 0, 1), (rbm_sim.Spin, -1, 2)):
        x = B + np.maximum(v, low) @ small_weights(N, M)
        on = (unit(g=B).sample(np.tile(x - B, (draws, 1)), rng) == 1).mean(axis=0)
        p = sigma(factor * x)
        found.append((on - p) / np.sqrt(p * (1 - p) / draws))
    tolerance = Tolerance("standard errors", 3.5, "six frequencies, one seed: 0.3 % beyond by chance")
    return weigh(found, 0.0, tolerance, f"{draws} draws of three units each, seed 33")


@check(
    source=SOURCE,
    where=f"{WHERE}, the difference between the two",
    printed="{-1, 1} units have twice the argument of {0, 1} units",
    seen="p",
    route="change of variables, enumeration of 2^7 states",
)
def change_of_variables() -> Verdict:
    """With h = (s + 1)/2 come 0/1 units of twice the weights and fields: the same probability."""
    v = spins(N)
    h = spins(M, low=0)
    x = v @ (2 * small_weights(N, M)) + 2 * B
    weight = np.exp(x @ h.T)
    truth = weight @ h / weight.sum(axis=1, keepdims=True)
    return weigh(sigma(2 * inputs(-1)), truth, ROUNDING, "hidden layer in {0, 1}, visible layer in {−1, 1}")
