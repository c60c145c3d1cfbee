"""Retrieval against size and load: many random machines, each started at one of its own patterns."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from rbm_sim import _check, _random
from rbm_sim.dynamics import DYNAMICS, run
from rbm_sim.measure import order_parameters, overlaps
from rbm_sim.patterns import corrupted, pattern_state, pattern_weights, random_patterns
from rbm_sim.rbm import RBM
from rbm_sim.results import Retrieval
from rbm_sim.unit import Unit
from rbm_sim.units import TwoValued

Progress = Callable[..., Iterable[Any]]


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
    noise: float = 0.0,
    dynamics: str = "single-unit",
    max_sweeps: int = 1000,
    rng: Any = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Retrieval:
    """Start random machines at one of their patterns, let the zero-temperature dynamics run, measure m, q, r.

    w = ξ/√N with M = round(αN) random patterns ξ; the start is v = ξ₁ for spin units and v = Θ(ξ₁) for
    Bernoulli units.

    Spin and Gaussian units make the Hopfield model at T = 0, Bernoulli and ReLU units its version with a
    threshold.

    Parameters
    ----------
    N : int
        Visible units, >= 1.
    alpha : float
        Load, > 0; M = round(αN), at least 1.
    visible : Bernoulli or Spin
        Type of the visible units.
    hidden : Unit
        Type of the hidden units.
    p : float
        Probability of a non-zero pattern entry, in (0, 1].
    samples : int
        Number of independent machines, >= 1.
    noise : float
        Probability, in [0, 1], with which each unit of the start state is flipped.
    dynamics : str
        "single-unit" (`dynamics.descend`, what the theory speaks about) or "alternating"
        (`dynamics.alternate`, which keeps a self-coupling).
    max_sweeps : int
        Largest number of sweeps in each sample, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers. A sample depends on this, N, M and its index alone, not on other samples, their order
        or the number of workers.
    executor : concurrent.futures.Executor, optional
        Where the samples run; by default one after the other, here. They are sent out one by one.
    progress : callable, optional
        Called as ``progress(iterable, total=samples)``, and iterated over in place of the iterable;
        ``tqdm.tqdm`` is one.

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
    N = _check.integer("N", N, at_least=1)
    alpha = _check.number("alpha", alpha, above=0)
    p = _check.number("p", p, above=0, at_most=1)
    samples = _check.integer("samples", samples, at_least=1)
    if not isinstance(visible, TwoValued):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli or Spin units")
    M = max(1, round(alpha * N))
    task = partial(
        _sample,
        N=N,
        M=M,
        visible=visible,
        hidden=hidden,
        p=p,
        noise=_check.number("noise", noise, at_least=0, at_most=1),
        dynamics=_check.choice("dynamics", dynamics, DYNAMICS),
        max_sweeps=_check.integer("max_sweeps", max_sweeps, at_least=1),
    )
    results: Iterable[Any] = (map if executor is None else executor.map)(task, _random.seeds(rng, (N, M), samples))
    if progress is not None:
        results = progress(results, total=samples)
    m, q, r, sweeps, moves, converged = (np.array(column) for column in zip(*results, strict=True))
    full_overlap = p * (1 - visible.low) / 2
    return Retrieval(N, M, alpha, dynamics, full_overlap, m, q, r, sweeps, moves, converged)


def series(sizes: Sequence[int], alpha: float, **options: Any) -> list[Retrieval]:
    """Retrieval at several N and one α, for the trend with N: deviations from N → ∞ are O(1/√N) per sample.

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
        One for each N, in their order.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    sizes = [_check.integer("sizes", N, at_least=1) for N in sizes]
    if len(set(sizes)) < len(sizes) or not sizes:
        raise ValueError(f"sizes = {sizes!r}: must be at least one N, each only once")
    return [retrieval(N, alpha, **options) for N in sizes]


def _sample(
    seed: np.random.SeedSequence,
    *,
    N: int,
    M: int,
    visible: TwoValued,
    hidden: Unit,
    p: float,
    noise: float,
    dynamics: str,
    max_sweeps: int,
) -> tuple[float, float, float, int, int, bool]:
    """Draw and run one machine: m, q, r, sweeps, moves, converged."""
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    xi = random_patterns(N, M, p=p, rng=rng)
    rbm = RBM(pattern_weights(xi), visible=visible, hidden=hidden)
    start = pattern_state(xi[:, 0], visible)
    with threadpool_limits(1, user_api="blas"):  # the rounding of a threaded sum depends on the threads
        end = run(rbm, corrupted(rbm, start, noise, rng=rng), dynamics=dynamics, max_sweeps=max_sweeps, rng=rng)
        order = order_parameters(rbm, end.v)
    m = float(overlaps(xi[:, :1], end.v)[0])  # from ξ: w is rounded to float32
    return m, order.q, order.r, end.sweeps, end.moves, end.converged
