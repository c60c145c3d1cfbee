"""Thermal averages of any observables, from alternating Gibbs sampling, with standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.sides import both_sides
from rbm_sim.statistics.timeseries import Average, average

Observable = Callable[[np.ndarray, np.ndarray], ArrayLike]


def thermal_averages(
    rbm: RBM,
    observables: Mapping[str, Observable],
    *,
    n_chains: int,
    steps: int,
    burn_in: int,
    T: float = 1.0,
    rng: Seed = None,
    start: ArrayLike | None = None,
    thin: int = 1,
    threads: int = 1,
) -> dict[str, Average]:
    """Averages over P(v, h) ∝ exp{−E(v, h)/T} along chains of alternating Gibbs sampling.

    Parameters
    ----------
    rbm : RBM
        Machine.
    observables : mapping of str to callable
        Functions of v, shape (n_chains, N), and h, shape (n_chains, M), that return one number for each chain,
        shape (n_chains,), or several, shape (n_chains, ...). They must not change v and h.
    n_chains : int
        Number of independent chains, >= 1.
    steps : int
        Number of records, >= 1.
    burn_in : int
        Sweeps before the first record, >= 0.
    T : float
        Temperature, > 0.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    start : array_like, shape (N,) or (n_chains, N), optional
        Visible configurations to start from. By default half of the chains start from draws without input, the others
        from both sides of the hidden units (`rbm_sim.machine.sides`): all low, all high, and along the largest weights.
    thin : int
        Sweeps from one record to the next, >= 1.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    dict of str to Average
        Mean, standard error, autocorrelation time in records, … of every observable, under its name; see Notes for what
        `reliable` says.

    Raises
    ------
    ValueError
        If an argument is out of its range, or an observable is not of the right shape.

    Notes
    -----
    All records are kept, 8 bytes for each step, chain and component.

    Chains that stay in one well agree, and nothing in them tells of another one. So `reliable` asks for chains from
    far apart: if `start` is given, as many more from both sides run beside them, enter no mean, and have to agree.
    It is false where a place that some chain starts in, or comes to, has other means and is not left and entered often:
    the mean is then that of the starts, and with `start` perhaps that of a metastable state. It cannot know
    of wells that no chain meets, nor of differences that no observable asked for shows. Rare states in which an
    observable is large are seen if chains visit them. Where `reliable` is false, tempering
    (`rbm_sim.sampling.tempering`) crosses the barriers.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [0.5]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> result = rbm_sim.thermal_averages(
    ...     rbm, {"product": lambda v, h: v[:, 0] * v[:, 1]}, n_chains=100, steps=400, burn_in=20, rng=1
    ... )
    >>> round(result["product"].mean, 2), round(result["product"].stderr, 3)  # tanh(1/4) = .245
    (0.24, 0.005)
    """
    if not isinstance(observables, Mapping) or not all(callable(function) for function in observables.values()):
        raise ValueError(f"observables = {observables!r}: must be a mapping of names to functions of (v, h)")
    steps = check.integer("steps", steps, at_least=1)
    burn_in = check.integer("burn_in", burn_in, at_least=0)
    thin = check.integer("thin", thin, at_least=1)
    T = check.number("T", T, above=0)
    n_chains = check.integer("n_chains", n_chains, at_least=1)
    others, own = random.seeds(rng, (1,), 2)
    far = both_sides(rbm, n_chains, np.random.default_rng(own), T)
    if start is None:
        near = (n_chains + 1) // 2
        far[:near] = rbm.visible.sample(np.zeros_like(far[:near]), np.random.default_rng(others), T)

    def recorded(start: ArrayLike, rng: Seed) -> dict[str, np.ndarray]:
        chains = Chains(rbm, n_chains, T=T, rng=rng, start=start, threads=threads).run(burn_in)
        records: dict[str, list[np.ndarray]] = {name: [] for name in observables}
        for _ in range(steps):
            chains.run(thin)
            for name, function in observables.items():
                records[name].append(_record(name, function(chains.v, chains.h), n_chains))
        return {name: np.array(values) for name, values in records.items()}

    records = recorded(far if start is None else start, rng)
    found = {name: average(values) for name, values in records.items()}
    if start is None:
        return found
    beside = recorded(far, others)
    return {name: _agreeing(found[name], records[name], beside[name]) for name in found}


def _agreeing(found: Average, records: np.ndarray, beside: np.ndarray) -> Average:
    """An average, reliable only where it would be together with other chains."""
    together = average(np.concatenate([records, beside], axis=1))
    reliable = np.logical_and(found.reliable, together.reliable)
    return found._replace(reliable=reliable if np.ndim(reliable) else bool(reliable))


def _record(name: str, value: ArrayLike, n_chains: int) -> np.ndarray:
    """Return a copy of what an observable returned, or raise if it is not one number or more for each chain."""
    value = np.array(value, dtype=np.float64)
    if value.ndim == 0 or value.shape[0] != n_chains:
        raise ValueError(f"observables[{name!r}] has shape {value.shape}: must be ({n_chains},) or ({n_chains}, ...)")
    return value
