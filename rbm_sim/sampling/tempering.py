"""Sampling at many temperatures: annealing through a schedule, and parallel tempering with exchanges.

Both run alternating Gibbs sampling; tempering runs all temperatures as one batch, and offers neighbouring ones an
exchange of their states after each sweep.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.rbm import RBM, State


class Tempered(NamedTuple):
    """Result of parallel tempering.

    Attributes
    ----------
    temperatures : ndarray, shape (K,)
        Temperatures.
    v : ndarray, shape (K, n_chains, N)
        Visible layer at every temperature.
    h : ndarray, shape (K, n_chains, M)
        Hidden layer.
    swap_rates : ndarray, shape (K − 1,)
        Fraction of the exchanges offered to each pair of neighbours that were accepted; nan without any.
    round_trips : ndarray of int, shape (n_chains,)
        How often a state of each set went from the first temperature to the last and back.
    """

    temperatures: np.ndarray
    v: np.ndarray
    h: np.ndarray
    swap_rates: np.ndarray
    round_trips: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


def anneal(
    rbm: RBM,
    temperatures: ArrayLike,
    *,
    n_chains: int,
    steps_per_temperature: int,
    rng: Seed = None,
    start: ArrayLike | None = None,
    threads: int = 1,
) -> State:
    """Sample by alternating Gibbs sampling at one temperature after the other.

    Parameters
    ----------
    rbm : RBM
        Machine.
    temperatures : array_like, shape (K,)
        Temperatures, > 0, in the order of time; the last one may be 0, where units take their most likely value.
    n_chains : int
        Number of independent chains, >= 1.
    steps_per_temperature : int
        Sweeps at each temperature, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    start : array_like, shape (N,) or (n_chains, N), optional
        Visible configurations to start from; by default drawn from their law without input.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    State
        v, shape (n_chains, N), and h, shape (n_chains, M), after the last sweep.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Science 220, 671 (1983).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM(np.ones((50, 1)) / 50**0.5, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> v, h = rbm_sim.tempering.anneal(rbm, [1.5, 1, 0.5, 0], n_chains=4, steps_per_temperature=20, rng=1)
    >>> np.abs(v.mean(axis=1))
    array([1., 1., 1., 1.])
    """
    schedule = check.real_array("temperatures", temperatures, np.float64)
    if schedule.ndim != 1 or not schedule.size or (schedule[:-1] <= 0).any() or schedule[-1] < 0:
        raise ValueError(
            f"temperatures = {check.short(temperatures)}: must be a sequence of numbers > 0, the last one >= 0"
        )
    steps = check.integer("steps_per_temperature", steps_per_temperature, at_least=1)
    for T, seed in zip(schedule, random.seeds(rng, (), len(schedule)), strict=True):
        chains = Chains(rbm, n_chains, T=float(T), rng=seed, start=start, threads=threads).run(steps)
        start = chains.v
    return State(chains.v, chains.h)


def parallel_tempering(
    rbm: RBM,
    temperatures: ArrayLike,
    *,
    n_chains: int,
    sweeps: int,
    rng: Seed = None,
    start: ArrayLike | None = None,
    threads: int = 1,
) -> Tempered:
    """Sample all temperatures at once, with exchanges between neighbours; see `ParallelTempering`.

    Parameters
    ----------
    rbm : RBM
        Machine.
    temperatures : array_like, shape (K,)
        Temperatures, > 0, two or more, increasing or decreasing.
    n_chains : int
        Number of independent sets of K states, >= 1.
    sweeps : int
        Number of sweeps, each with its exchanges, >= 0.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    start : array_like, shape (N,) or (K, n_chains, N), optional
        Visible configurations to start from; by default drawn from their law without input.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    Tempered
        States at every temperature, rates of exchange and round trips.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM(np.ones((50, 1)) / 50**0.5, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> result = rbm_sim.parallel_tempering(rbm, np.linspace(0.5, 1.5, 6), n_chains=100, sweeps=300, rng=1)
    >>> result.v.shape, bool((result.swap_rates > 0.1).all())
    ((6, 100, 50), True)
    """
    return ParallelTempering(rbm, temperatures, n_chains=n_chains, rng=rng, start=start, threads=threads).run(sweeps)


class ParallelTempering:
    """States at several temperatures that `run` moves on by Gibbs sampling and exchanges.

    After each sweep, the pairs of neighbours (0, 1), (2, 3), … and (1, 2), (3, 4), … in turn may exchange their
    joint states (v, h), with probability min(1, exp{(1/T_a − 1/T_b)(E_a − E_b)}): this keeps the product of the laws
    exp(−E/T) at all temperatures.

    Parameters
    ----------
    rbm : RBM
        Machine.
    temperatures : array_like, shape (K,)
        Temperatures, > 0, two or more, increasing or decreasing.
    n_chains : int
        Number of independent sets of K states, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    start : array_like, shape (N,) or (K, n_chains, N), optional
        Visible configurations to start from; by default drawn from their law without input.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Attributes
    ----------
    temperatures : ndarray, shape (K,)
        Temperatures.
    walkers : ndarray of int, shape (K, n_chains)
        Which state of the set is at each temperature, by where it started.
    round_trips : ndarray of int, shape (K, n_chains)
        How often each of these states, by where it started, went from the first temperature to the last and back.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).
    """

    def __init__(
        self,
        rbm: RBM,
        temperatures: ArrayLike,
        *,
        n_chains: int,
        rng: Seed = None,
        start: ArrayLike | None = None,
        threads: int = 1,
    ) -> None:
        self.rbm = rbm
        self.temperatures = _ladder(temperatures)
        K, n = len(self.temperatures), check.integer("n_chains", n_chains, at_least=1)
        gibbs, exchange = random.seeds(rng, (), 2)
        if start is not None:
            start = rbm.configurations(start, name="start")
            if start.shape not in ((K, n, rbm.shape[0]), rbm.shape[:1]):
                raise ValueError(f"start has shape {start.shape}: must be {rbm.shape[:1]} or {(K, n, rbm.shape[0])}")
            start = start.reshape(-1, rbm.shape[0]) if start.ndim == 3 else start
        T = np.repeat(self.temperatures, n)
        self._chains = Chains(rbm, K * n, T=T, rng=gibbs, start=start, threads=threads)
        self._rng = np.random.default_rng(exchange)
        self._offered, self._accepted = np.zeros(K - 1, int), np.zeros(K - 1, int)
        self._odd = False
        self.walkers = np.repeat(np.arange(K)[:, None], n, axis=1)
        self.round_trips = np.zeros((K, n), int)
        self._outward = self.walkers == 0  # has been at the first temperature
        self._returning = np.zeros((K, n), bool)  # has been at the last one since

    @property
    def v(self) -> np.ndarray:
        """Visible layer at every temperature, shape (K, n_chains, N); a view."""
        return self._chains.v.reshape(*self.walkers.shape, -1)

    @property
    def h(self) -> np.ndarray:
        """Hidden layer at every temperature, shape (K, n_chains, M); a view."""
        return self._chains.h.reshape(*self.walkers.shape, -1)

    @property
    def swap_rates(self) -> np.ndarray:
        """Fraction of the exchanges accepted by each pair of neighbours, shape (K − 1,); nan without any."""
        return np.where(self._offered > 0, self._accepted / np.maximum(self._offered, 1), math.nan)

    def run(self, sweeps: int) -> Tempered:
        """Sweep all states, with an exchange after each sweep.

        Parameters
        ----------
        sweeps : int
            Number of sweeps, >= 0.

        Returns
        -------
        Tempered
            Copies of the states, and the rates and round trips since the beginning.

        Raises
        ------
        ValueError
            If `sweeps` is negative.
        """
        for _ in range(check.integer("sweeps", sweeps, at_least=0)):
            self._chains.run(1)
            self._exchange()
            self._count_round_trips()
        return Tempered(self.temperatures, self.v.copy(), self.h.copy(), self.swap_rates, self.round_trips.sum(axis=0))

    def _exchange(self) -> None:
        """Offer every second pair of neighbours an exchange, in every set."""
        pairs = np.arange(int(self._odd), len(self.temperatures) - 1, 2)
        self._odd = not self._odd
        v, h = self.v, self.h
        energy = self.rbm.energy(v, h).astype(np.float64)
        beta = 1 / self.temperatures
        exponent = (beta[pairs] - beta[pairs + 1])[:, None] * (energy[pairs] - energy[pairs + 1])
        accepted = self._rng.random(exponent.shape) < np.exp(np.minimum(exponent, 0))
        self._offered[pairs] += accepted.shape[1]
        self._accepted[pairs] += accepted.sum(axis=1)
        pair, chain = np.nonzero(accepted)
        a, b = pairs[pair], pairs[pair] + 1
        for x in (v, h, self.walkers):
            x[a, chain], x[b, chain] = x[b, chain], x[a, chain]

    def _count_round_trips(self) -> None:
        every = np.arange(self.walkers.shape[1])
        first, last = (self.walkers[0], every), (self.walkers[-1], every)
        self._returning[last] |= self._outward[last]
        self.round_trips[first] += self._returning[first]
        self._returning[first] = False
        self._outward[first] = True


def _ladder(temperatures: ArrayLike) -> np.ndarray:
    """Return the temperatures as an array, or raise if they are not two or more, positive and in order."""
    T = check.real_array("temperatures", temperatures, np.float64)
    steps = np.diff(T) if T.ndim == 1 else np.empty(0)
    if not steps.size or (T <= 0).any() or not ((steps > 0).all() or (steps < 0).all()):
        raise ValueError(
            f"temperatures = {check.short(temperatures)}: must be two or more numbers > 0, increasing or decreasing"
        )
    return T
