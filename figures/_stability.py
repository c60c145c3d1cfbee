"""Growth of perturbations of message passing on machines of 2·10⁴ visible units, beside the replicon of the theory.

Ten temperatures on both sides of the AT line for each of five pairs of units, at states that are minima over all
overlaps. The iteration starts from fields drawn from the law of the state, and needs not come to rest.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np

import rbm_sim
import replica
from figures.general_sampling import GAUSSIAN, Pair, both
from rbm_sim import amp
from rbm_sim.machine.patterns import first_patterns, pattern_weights, random_patterns
from rbm_sim.statistics.estimates import estimate
from rbm_sim.units.tilted import tilted
from replica import potentials
from replica.numerics.number import Number
from replica.saddle.solution import Solution
from replica.table.cells import Row

N, HIDDEN = 20_000, 12_000
"""Visible units of a machine, hidden units of all machines at a point."""
SETTLING, STEPS, PERTURBATIONS = 8, 4, 8
"""Steps before a perturbation, steps that it is followed for, and perturbations of each machine."""
SEED = 1978
Units = tuple[Any, Any]
"""A unit of the theory and of the simulator."""


class Levels(potentials.Discrete):
    """Three levels, from 0 upwards."""

    values = (0.0, 1.0, 2.0)

    def energy(self, x: Number, T: Number) -> Number:
        """x² − x/2."""
        return x * (x - 0.5)


class LevelsUnit(rbm_sim.Discrete):
    """The same for the simulator."""

    values: ClassVar[tuple[float, ...]] = Levels.values
    energy = Levels.energy


def _pair(visible: Units, hidden: Units, alpha: float, temperatures: tuple[float, ...], p: float = 1.0) -> Pair:
    """A pair at its temperatures; without overlap where all weights have one size."""
    return Pair(visible, hidden, alpha, "retrieval" if p < 1 else "spin_glass", temperatures, p=p)


PAIRS = {
    "spin–Gaussian, m > 0": _pair(
        both("Spin"), GAUSSIAN, 0.04, (0.012, 0.0135, 0.015, 0.0165, 0.018, 0.031, 0.036, 0.042, 0.05, 0.06), p=0.85
    ),
    "spin–Gaussian": _pair(both("Spin", 0.8), GAUSSIAN, 0.2, (0.2, 0.23, 0.27, 0.32, 0.38, 0.5, 0.6, 0.7, 0.85, 1.1)),
    "Bernoulli–ReLU": _pair(
        both("Bernoulli", 0.3), both("ReLU"), 0.2, (0.018, 0.021, 0.024, 0.027, 0.03, 0.042, 0.05, 0.06, 0.08, 0.11)
    ),
    "three levels–Gaussian": _pair(
        (Levels(), LevelsUnit()), GAUSSIAN, 0.2, (0.06, 0.07, 0.08, 0.09, 0.105, 0.15, 0.17, 0.2, 0.25, 0.32)
    ),
    "spin–spin": _pair(
        both("Spin", 0.3), both("Spin", 0.1), 0.05, (0.105, 0.115, 0.125, 0.14, 0.155, 0.19, 0.21, 0.24, 0.28, 0.34)
    ),
}
"""Units, load and temperatures. Without overlap units have a mean of their own: both sides of the line have a state.

Loads are those at which state evolution leads to the state: its stability is another condition.
"""


def count(pair: Pair, size: int = N) -> int:
    """Number of machines at a point, so many that they have `HIDDEN` hidden units together, at most 8.

    Parameters
    ----------
    pair : Pair
        The pair.
    size : int
        Visible units.

    Returns
    -------
    int
        How many.
    """
    return min(8, round(HIDDEN / (pair.alpha * size)))


def state_of(pair: Pair, T: float) -> Solution:
    """The state of the theory at one temperature.

    Parameters
    ----------
    pair : Pair
        The pair.
    T : float
        Temperature.

    Returns
    -------
    Solution
        Its retrieval state, or the one without overlap.
    """
    return replica.solve(pair.model(T), start=pair.start)


def machine(pair: Pair, size: int, rng: np.random.Generator) -> tuple[rbm_sim.RBM, np.ndarray]:
    """A random machine, its weights in bits.

    Parameters
    ----------
    pair : Pair
        The pair.
    size : int
        Visible units.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    rbm : RBM
        The machine.
    xi : ndarray, shape (size,)
        Its first pattern.
    """
    patterns = random_patterns(size, round(pair.alpha * size), p=pair.p, rng=rng, storage="packed")
    weights = pattern_weights(patterns, np.float64)
    rbm = rbm_sim.RBM(weights, visible=pair.visible[1], hidden=pair.hidden[1])
    return rbm, first_patterns(patterns, 1)[:, 0].astype(float)


def growth(pair: Pair, T: float, state: Solution, size: int, seed: np.random.SeedSequence) -> float:
    """Growth of perturbations of one machine, the geometric mean of a few steps.

    Parameters
    ----------
    pair : Pair
        The pair.
    T : float
        Temperature.
    state : Solution
        The state of the theory.
    size : int
        Visible units.
    seed : SeedSequence
        Of the machine, the start and the perturbations.

    Returns
    -------
    float
        Factor of |δ|² in a step, of perturbations orthogonal to the pattern and to the means.
    """
    rng, order = np.random.default_rng(seed), state.order
    rbm, xi = machine(pair, size, rng)
    m, noise = float(order.m), math.sqrt(pair.alpha * pair.p * float(order.r))
    fields = m * xi + noise * rng.normal(size=size)
    law = tilted(rbm.visible, fields, np.full(size, -pair.alpha * float(order.B)), T)
    before = np.zeros(rbm.shape[1])  # fields drawn apart from the weights have no past, but for the condensed pattern
    before[0] = m * math.sqrt(size)
    found = amp.run(rbm, T, steps=SETTLING, start=law.mean, variance=law.variance, before=before)
    orthogonal = np.stack([xi, found.v[-1]])
    grown = amp.growth(rbm, found, T, steps=STEPS, perturbations=PERTURBATIONS, orthogonal=orthogonal, rng=rng)
    return float(np.exp(np.log(grown).mean()))


def measured(name: str, T: float, size: int = N, machines: int | None = None) -> Row:
    """Growth on a few machines, and what the theory says.

    Parameters
    ----------
    name : str
        Pair of units.
    T : float
        Temperature.
    size : int
        Visible units.
    machines : int, optional
        Number of machines, by default `count`.

    Returns
    -------
    dict
        Whether the state is a minimum over all overlaps, 1 − replicon, growth with its standard error.
    """
    pair, index = PAIRS[name], list(PAIRS).index(name)
    pair = dataclasses.replace(pair, alpha=round(pair.alpha * size) / size)
    state = state_of(pair, T)
    seeds = np.random.SeedSequence([SEED, index, pair.temperatures.index(T)]).spawn(machines or count(pair, size))
    found = estimate([growth(pair, T, state, size, seed) for seed in seeds])
    return {
        "stable": bool(state.stable),
        "theory": 1 - float(state.replicon),
        "measured": found.mean,
        "err": found.stderr,
    }
