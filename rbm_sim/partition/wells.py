"""Places of a machine that annealing may not reach: chains from both sides, what they settle to, and what they say.

Chains that start at configurations v drawn from the machine within a well A, and are annealed back to the base, give
1/Z_A × P(annealing up ends in A) on average. So each says ln Z where annealing up fills the well in proportion, and
more than ln Z_A by −ln P where it does not: a well that annealing up misses shows up as a value that is far too
large, whatever its weight. Where no chain starts nothing shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.sides import both_sides
from rbm_sim.units import TwoValued

SETTLE = 200
"""Sweeps of chains from both sides before they are taken to be in a well; means are those of the later half."""
APART = 0.25
"""Distance of means, in units of the range or of the scatter, from which two chains are in different wells."""


class Settled(NamedTuple):
    """Chains from both sides after a while.

    Attributes
    ----------
    v : ndarray, shape (chains, N)
        Visible configurations.
    mean : ndarray of float64, shape (chains, N)
        Time averages of ⟨v | h⟩, two-valued units smoothed.
    """

    v: np.ndarray
    mean: np.ndarray


def settled(rbm: RBM, T: float, count: int, data: np.ndarray | None, seed: np.random.SeedSequence) -> Settled:
    """Let chains run from both sides of the hidden units, from data, and from draws without input.

    Parameters
    ----------
    rbm : RBM
        The machine.
    T : float
        Temperature, > 0.
    count : int
        Number of chains, >= 1.
    data : ndarray, shape (n, N), or None
        Configurations of which a third of the chains start.
    seed : SeedSequence
        Random numbers.

    Returns
    -------
    Settled
        The chains.
    """
    own, further = seed.spawn(2)
    rng = np.random.default_rng(own)
    starts = both_sides(rbm, count, rng, T)
    drawn = slice(count - count // 4, count)
    starts[drawn] = rbm.visible.sample(np.zeros_like(starts[drawn]), rng, T)
    if data is not None:
        some = slice(drawn.start - count // 3, drawn.start)
        starts[some] = data[rng.integers(len(data), size=count // 3)]
    chains = Chains(rbm, count, T=T, rng=further, start=starts).run(SETTLE - SETTLE // 2)
    total = np.zeros(starts.shape)
    for _ in range(SETTLE // 2):
        total += rbm.visible.mean(rbm.matrix.backward(chains.run(1).h), T)
    mean = total / (SETTLE // 2)
    if isinstance(rbm.visible, TwoValued):
        middle = (1 + rbm.visible.low) / 2
        mean += (middle - mean) / (SETTLE // 4)
    return Settled(chains.v, mean)


def centres(mean: np.ndarray, log_Z: np.ndarray, missed: np.ndarray, most: int) -> np.ndarray:
    """Mean values in the wells of some of the chains, those that say most first.

    Parameters
    ----------
    mean : ndarray, shape (chains, N)
        Time averages of each chain.
    log_Z : ndarray, shape (chains,)
        What each says about ln Z.
    missed : ndarray of bool, shape (chains,)
        The chains whose wells are asked for.
    most : int
        Number of wells, at most.

    Returns
    -------
    ndarray, shape (wells, N)
        Averages over the chains of each well.
    """
    scale = np.ptp(mean, axis=0).max() or 1.0
    found: list[np.ndarray] = []
    left = np.argsort(-np.where(missed, log_Z, -np.inf))[: missed.sum()]
    while len(left) and len(found) < most:
        near = np.abs(mean[left] - mean[left[0]]).mean(axis=1) <= APART * scale
        found.append(mean[left[near]].mean(axis=0))
        left = left[~near]
    return np.array(found).reshape(len(found), mean.shape[1])
