"""Retrieval against size and load: many random machines, each started at patterns of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from rbm_sim._support import blas, check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.patterns import random_patterns
from rbm_sim.retrieval.results import Retrieval
from rbm_sim.retrieval.trial import DENSE, Setting, Trial, retrieve
from rbm_sim.units import Unit

Progress = Callable[..., Iterable[Any]]

MOST_ENTRIES = 1e11
"""Pattern entries that are worth a try: 12 GB of bits."""
SPARSE_BELOW = 0.25
"""Density of large patterns below which a sparse matrix takes less time than bits."""


class Executor(Protocol):
    """Anything with a ``map`` like that of ``concurrent.futures.Executor``."""

    def map(self, fn: Callable[..., Any], /, *iterables: Iterable[Any]) -> Iterable[Any]:
        """Apply `fn` to every item, results in the order of the items."""


def retrieval(
    N: int,
    alpha: float,
    *,
    visible: Unit,
    hidden: Unit,
    p: float = 1.0,
    samples: int = 20,
    rng: Seed = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **start: Any,
) -> Retrieval:
    """Start random machines at patterns of their own, let the zero-temperature dynamics run, measure where it ends.

    w = ξ/√N with M = round(αN) random patterns ξ; the start is v = ξ₁ for spin units and v = Θ(ξ₁) for
    Bernoulli units, or with L > 1 patterns v = Θ(Σ_{μ<=L} ξ_μ).

    Spin and Gaussian units make the Hopfield model at T = 0, Bernoulli and ReLU units its version with a
    threshold, and with p < 1 the random RBM.

    Parameters
    ----------
    N : int
        Visible units, >= 1.
    alpha : float
        Load, > 0; M = round(αN), at least L.
    visible : Bernoulli or Spin
        Type of the visible units.
    hidden : Unit
        Type of the hidden units.
    p : float
        Probability of a non-zero pattern entry, in (0, 1].
    samples : int
        Number of independent machines, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers. A sample depends on this, N, M and its index alone, not on other samples, their order
        or the number of workers.
    executor : concurrent.futures.Executor, optional
        Where the samples run; by default one after the other, here. They are sent out one by one.
    progress : callable, optional
        Called as ``progress(iterable, total=samples)``, and iterated over in place of the iterable;
        ``tqdm.tqdm`` is one.
    **start
        L, noise, dynamics, max_sweeps and balanced, as for `rbm_sim.retrieval.trial.Setting`.

    Returns
    -------
    Retrieval
        Arrays over samples, and their summary.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    The leading finite-size effect of ReLU units is the threshold of the condensed unit itself: with
    h₁ = √N m − θ the visible units feel m − θ/√N in place of m, and more of them are wrong than for N → ∞.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985);
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), retrieval in random RBMs.

    Examples
    --------
    >>> from rbm_sim import Gaussian, Spin, capacity
    >>> result = capacity.retrieval(500, 0.05, visible=Spin(), hidden=Gaussian(), samples=5, rng=1)
    >>> result.lost_fraction, round(result.estimate("m").mean, 2)
    (0.0, 1.0)
    """
    N, M, setting = machine(N, alpha, visible=visible, hidden=hidden, p=p, **start)
    samples = check.integer("samples", samples, at_least=1)
    task = partial(sample, N=N, M=M, p=p, setting=setting)
    results: Iterable[Any] = (map if executor is None else executor.map)(task, seeds(rng, N, M, samples))
    if progress is not None:
        results = progress(results, total=samples)
    return collected(N, M, alpha, setting, list(results))


def machine(
    N: int, alpha: float, *, visible: Unit, hidden: Unit, p: float = 1.0, **start: Any
) -> tuple[int, int, Setting]:
    """Check what `retrieval` is asked for.

    Parameters
    ----------
    N : int
        Visible units.
    alpha : float
        Load.
    visible, hidden : Unit
        Types of the units.
    p : float
        Probability of a non-zero pattern entry.
    **start
        L, noise, dynamics, max_sweeps and balanced.

    Returns
    -------
    N, M : int
        Numbers of visible units and of patterns.
    setting : Setting
        Units, start and dynamics.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    N = check.integer("N", N, at_least=1)
    alpha = check.number("alpha", alpha, above=0)
    check.number("p", p, above=0, at_most=1)
    setting = Setting(visible, hidden, **start)  # type: ignore[arg-type]
    if alpha * N * N > MOST_ENTRIES:
        raise ValueError(
            f"alpha = {alpha:g}: N = {N} makes {alpha * N * N:.2g} pattern entries, at most {MOST_ENTRIES:g}"
        )
    M = max(1, round(alpha * N))
    if setting.L > M:
        raise ValueError(f"L = {setting.L}: there are only M = {M} patterns")
    visible.expanded(N, float)
    try:
        hidden.expanded(M, float)
    except ValueError as error:
        raise ValueError(f"hidden: {error}") from None
    return N, M, setting


def seeds(rng: Seed, N: int, M: int, samples: int) -> list[np.random.SeedSequence]:
    """Return the seeds of the samples of one size and load.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator
        Random numbers.
    N, M, samples : int
        Numbers of visible units, of patterns and of machines.

    Returns
    -------
    list of SeedSequence
        One for each machine, fixed by `rng`, N, M and its index.
    """
    return random.seeds(rng, (N, M), samples)


def sample(seed: np.random.SeedSequence, *, N: int, M: int, p: float, setting: Setting) -> Trial:
    """Draw and run one machine.

    Parameters
    ----------
    seed : SeedSequence
        Of this machine.
    N, M : int
        Numbers of visible units and of patterns.
    p : float
        Probability of a non-zero pattern entry.
    setting : Setting
        Units, start and dynamics.

    Returns
    -------
    Trial
        Where the dynamics of this machine ended.
    """
    rng = np.random.default_rng(seed)
    large = "sparse" if p < SPARSE_BELOW else "packed"
    xi = random_patterns(N, M, p=p, rng=rng, storage="array" if N * M <= DENSE else large)
    with blas.one_thread():
        return retrieve(xi, setting, rng=rng)


def collected(N: int, M: int, alpha: float, setting: Setting, trials: Sequence[Trial]) -> Retrieval:
    """Put trials together.

    Parameters
    ----------
    N, M : int
        Numbers of visible units and of patterns.
    alpha : float
        The load that was asked for.
    setting : Setting
        Units, start and dynamics.
    trials : sequence of Trial
        What came out.

    Returns
    -------
    Retrieval
        The numbers of all trials as arrays of shape (samples,), in their order.
    """
    columns = (np.array(column) for column in zip(*trials, strict=True))
    return Retrieval(N, M, alpha, setting.dynamics, *columns)


def series(sizes: Sequence[int], alpha: float, **options: Any) -> list[Retrieval]:
    """Run `retrieval` at several N and one α, for the trend with N: deviations from N → ∞ are O(1/√N) per sample.

    Parameters
    ----------
    sizes : sequence of int
        Values of N.
    alpha : float
        Load, > 0.
    **options
        As for `retrieval`. The samples at different N are independent, with the same ``rng`` too.

    Returns
    -------
    list of Retrieval
        One study for each N, in their order.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    sizes = [check.integer("sizes", N, at_least=1) for N in sizes]
    if len(set(sizes)) < len(sizes) or not sizes:
        raise ValueError(f"sizes = {check.short(sizes)}: must be at least one N, each only once")
    return [retrieval(N, alpha, **options) for N in sizes]
