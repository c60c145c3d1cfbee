"""The load at which a machine loses a pattern, machine by machine, and its limit for N → ∞.

The patterns of one machine are a fixed sequence; the load grows by adding the next ones. The load at which the
first pattern is lost is found by bisection. Over machines, the fraction that still retrieves at α is the fraction
whose critical load lies above α.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rbm_sim._support import blas, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.packed import PackedPatterns
from rbm_sim.machine.patterns import random_patterns
from rbm_sim.retrieval.results import LOST_BELOW
from rbm_sim.retrieval.trial import Setting, Trial, retrieve

RESOLUTION = 0.005
"""Relative width at which a bisection ends; the scatter of machines is ten times larger at N = 4000."""
FIRST = 0.02
"""First load tried; from there it is doubled or halved."""
HIGHEST = 10.0
"""Load at which a pattern that is still kept counts as never lost."""


class CriticalLoad(NamedTuple):
    """Critical load of one machine.

    Attributes
    ----------
    alpha : float
        Load between the last one at which the pattern was kept and the first at which it was lost.
    g : float
        Field on the visible units at the last one.
    m_tilde : float
        Rescaled overlap at the last one.
    trials : int
        Runs that it took.
    converged : bool
        Whether every run that kept the pattern reached a fixed point.
    """

    alpha: float
    g: float
    m_tilde: float
    trials: int
    converged: bool


class GrowingPatterns:
    """Sequence of random patterns, as many as are asked for, packed in bits.

    Parameters
    ----------
    N : int
        Length of a pattern.
    p : float
        Probability of a non-zero entry.
    seed : SeedSequence
        Random numbers; a pattern depends on this and its index alone.
    """

    def __init__(self, N: int, p: float, seed: np.random.SeedSequence) -> None:
        self._N, self._p, self._seed = N, p, seed
        self._chunk = 8 * max(1, N // 64)
        self._parts: list[PackedPatterns] = []

    def first(self, M: int) -> PackedPatterns:
        """Return the first patterns of the sequence.

        Parameters
        ----------
        M : int
            How many.

        Returns
        -------
        PackedPatterns
            Patterns of shape (N, M), with entries ±1 or 0; a larger M adds columns to those of a smaller one.
        """
        count = -(-M // self._chunk)
        while len(self._parts) < count:
            rng = np.random.default_rng(random.children(self._seed, (len(self._parts),), 1)[0])
            self._parts.append(random_patterns(self._N, self._chunk, p=self._p, rng=rng, storage="packed"))
        parts = self._parts[:count]
        positive = np.hstack([part.positive for part in parts])
        nonzero = None if parts[0].nonzero is None else np.hstack([part.nonzero for part in parts])  # type: ignore[misc]
        return PackedPatterns(positive, count * self._chunk, nonzero=nonzero).first(M)


def critical_load(
    N: int, setting: Setting, *, p: float = 1.0, seed: np.random.SeedSequence, highest: float = HIGHEST
) -> CriticalLoad:
    """Find the load at which one machine loses its first patterns, by bisection.

    Parameters
    ----------
    N : int
        Visible units.
    setting : Setting
        Units (thresholds of the hidden ones not one per unit, since their number varies), start and dynamics.
    p : float
        Probability of a non-zero pattern entry.
    seed : SeedSequence
        Random numbers of this machine.
    highest : float
        Load above which nothing is tried.

    Returns
    -------
    CriticalLoad
        The load, to 0.5 % or one pattern; inf if the patterns are kept up to the highest load, as those of
        alternating minimisation often are, and 0 if they are always lost.
    """
    patterns = GrowingPatterns(N, p, seed)
    trials: dict[int, Trial] = {}

    def keeps(M: int) -> bool:
        rng = np.random.default_rng(random.children(seed, (M,), 2)[1])
        trials[M] = retrieve(patterns.first(M), setting, rng=rng, lost_below=LOST_BELOW)
        return trials[M].m >= LOST_BELOW * trials[M].m_start

    def settled() -> bool:
        return all(end.converged for end in trials.values() if end.m >= LOST_BELOW * end.m_start)

    most = max(setting.L, int(highest * N))
    low, high = _bracket(keeps, setting.L, min(most, max(setting.L, round(FIRST * N))), most)
    if high is None:
        return CriticalLoad(math.inf, trials[low].g, trials[low].m_tilde, len(trials), settled())
    while high - low > max(1, RESOLUTION * low) and low > 0:
        middle = (low + high) // 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    if low == 0:
        return CriticalLoad(0.0, math.nan, math.nan, len(trials), True)
    return CriticalLoad((low + high) / 2 / N, trials[low].g, trials[low].m_tilde, len(trials), settled())


def _bracket(keeps: Callable[[int], bool], least: int, first: int, most: int) -> tuple[int, int | None]:
    """Numbers of patterns with which the first is kept (0: none) and lost (None: never), by doubling or halving."""
    if keeps(first):
        low = first
        while low < most:
            high = min(2 * low, most)
            if not keeps(high):
                return low, high
            low = high
        return low, None
    high = first
    while high > least:
        low = max(high // 2, least)
        if keeps(low):
            return low, high
        high = low
    return 0, high


def sample(index: int, *, N: int, p: float, setting: Setting, rng: Seed, highest: float = HIGHEST) -> CriticalLoad:
    """Critical load of the machine of the given index.

    Parameters
    ----------
    index : int
        Which machine.
    N : int
        Visible units.
    p : float
        Probability of a non-zero pattern entry.
    setting : Setting
        Units, start and dynamics.
    rng : None, int or SeedSequence
        Random numbers. A machine depends on this, N and its index alone, not on the units or the dynamics: studies
        with the same `rng` compare the same machines.
    highest : float
        Load above which nothing is tried.

    Returns
    -------
    CriticalLoad
        Its load, with the state at the last load below, as by `critical_load`.
    """
    seed = random.seeds(rng, (N,), index + 1)[index]
    with blas.one_thread():
        return critical_load(N, setting, p=p, seed=seed, highest=highest)


def basin_edge(N: int, alpha: float, setting: Setting, *, p: float = 1.0, seed: np.random.SeedSequence) -> float:
    """Smallest initial overlap from which one machine still retrieves, by bisection.

    The units of the start state are flipped in a fixed random order, (1 − m₀)/2 of them for the overlap m₀ (as
    spins, σ = ±1) with the state of the pattern.

    Parameters
    ----------
    N : int
        Visible units.
    alpha : float
        Load, > 0.
    setting : Setting
        Units and dynamics; its noise is not used.
    p : float
        Probability of a non-zero pattern entry.
    seed : SeedSequence
        Random numbers of this machine.

    Returns
    -------
    float
        m₀ at the edge of the basin of attraction, to 0.01 or one unit; nan if even the pattern itself is lost, 0 if
        a start without overlap retrieves.
    """
    M = max(setting.L, round(alpha * N))
    patterns = GrowingPatterns(N, p, seed).first(M)
    order = np.random.default_rng(random.children(seed, (M,), 2)[1]).permutation(N)

    def keeps(flips: int) -> bool:
        rng = np.random.default_rng(random.children(seed, (M, flips), 1)[0])
        end = retrieve(patterns, setting, rng=rng, flips=order[:flips])
        return end.m >= LOST_BELOW * end.m_start

    low, high = 0, N // 2
    if not keeps(0):
        return math.nan
    if keeps(high):
        return 0.0
    while high - low > max(1, N // 200):
        middle = (low + high) // 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return 1 - (low + high) / N


def basin_sample(index: int, *, N: int, alpha: float, p: float, setting: Setting, rng: Seed) -> float:
    """Edge of the basin of the machine of the given index.

    Parameters
    ----------
    index : int
        Which machine.
    N : int
        Visible units.
    alpha : float
        Load.
    p : float
        Probability of a non-zero pattern entry.
    setting : Setting
        Units and dynamics; its noise is not used.
    rng : None, int or SeedSequence
        Random numbers; as for `sample`.

    Returns
    -------
    float
        m₀ at the edge of the basin of attraction, nan or 0, as by `basin_edge`.
    """
    seed = random.seeds(rng, (N,), index + 1)[index]
    with blas.one_thread():
        return basin_edge(N, alpha, replace(setting, noise=0.0), p=p, seed=seed)
