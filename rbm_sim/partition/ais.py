"""Annealed importance sampling of ln Z, from below by annealing up to the machine, from above by annealing back.

The machines between, and which layer is summed over, are those of `annealing_path`; which places of a machine annealing
up has missed, `wells` knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.clamping import flat_entries
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import wells
from rbm_sim.partition.annealing_path import AnnealingPath, has_means
from rbm_sim.partition.bounds import least_log_partition

BLOCK = 50
"""Chains that share a random stream and a matrix product."""

_WELLS = 8  # bases in all, with at least _ENOUGH chains each
_ROUNDS = 2
_BACK = 100  # chains from both sides, at most
_FAR = 5.0  # standard deviations above what chains that are annealed back should say
_ENOUGH = 10  # effective number of weights; log-normal ones then lie within 3 standard errors in 95 % of cases


class LogPartition(NamedTuple):
    """Estimate of ln Z.

    Attributes
    ----------
    value : float
        ln Z.
    stderr : float
        Its standard error, that of the mean weight divided by the mean weight; nan for a single chain.
    low, high : float
        The logarithms of the mean weight ± 3 standard errors; −∞ or ∞ if 3 of them exceed the mean.
    ess : float
        Effective number of weights, (Σ w)²/Σ w²; at most the number of chains.
    reliable : bool
        Whether all of this holds. Both it and n e^{−s²} are at least 10, the latter being the effective number of
        log-normal weights with the variance s² of `log_weights` (where chains start from several bases, of those from
        one). No chain of `back` says more than annealing up allows. The share of `back` whose weights are above all
        that annealing up met, two standard errors taken off it, would not lift `value` above `high`: the tail that is
        missing in `stderr` too (`rbm_sim.partition.wells.missing`). No configurations that were met are more
        probable together than 1. If not, a few chains decide, or there are places that annealing up
        does not fill; the standard error then means little, and `value` is a bound of ln Z rather than an estimate.
        What neither annealing up nor the starts of `back` reach is not known; nothing tells about it.
    log_weights : ndarray, shape (n_chains,)
        Logarithm of what each chain alone says about Z (or 1/Z, if annealed back), the exponentials being
        unbiased: `value` is ± the logarithm of their mean.
    back : ndarray, shape (chains,)
        What chains say about ln Z that start from both sides of the hidden units and from data, settle,
        and are annealed back; see `log_partition`. Empty if `value` itself is of this kind.
    """

    value: float
    stderr: float
    low: float
    high: float
    ess: float
    reliable: bool
    log_weights: np.ndarray
    back: np.ndarray = np.empty(0)

    def __repr__(self) -> str:
        return shown.fields(self)


def log_partition(
    rbm: RBM,
    *,
    T: float = 1.0,
    n_chains: int = 100,
    n_temperatures: int = 10_000,
    base: ArrayLike | None = None,
    rng: Seed = None,
    threads: int = 1,
) -> LogPartition:
    """Estimate ln Z by annealing from a machine without couplings, Z = Z_base ⟨Π_k f_k(x_{k−1})/f_{k−1}(x_{k−1})⟩.

    f_k is the unnormalised law at β_k = k/(K − 1) of the layer that is kept, and x_k comes from x_{k−1} by one sweep of
    Gibbs sampling at β_k. The mean weight is unbiased, so its logarithm is on average a lower bound of ln Z, which
    tightens with more temperatures and more chains.

    Whether wells are missed is asked in the other direction. Up to 100 chains start from both sides of the hidden
    units, from draws without input and from the data of `base`, settle for 200 sweeps, and are annealed back (see
    `rbm_sim.partition.wells`). Where they say that annealing up misses places, these become further bases, means of the
    chains there, and all is done again from all bases, at most twice.

    Parameters
    ----------
    rbm : RBM
        Machine of any two unit types.
    T : float
        Temperature, > 0.
    n_chains : int
        Number of independent chains, >= 1.
    n_temperatures : int
        Number K of values of β, 0 and 1 included, >= 2.
    base : array_like, shape (N,) or (n, N), optional
        Mean values of the visible units, or data whose means (for two-valued units smoothed) they become, that the
        base reproduces; none of ReLU units. By default the base has the visible fields of the machine.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    threads : int
        Threads that share the chains, in blocks of 50; the result does not depend on it.

    Returns
    -------
    LogPartition
        Estimate of ln Z with its standard error, whether it is reliable, and the weight of each chain.

    Raises
    ------
    ValueError
        If an argument is out of its range, or two continuous layers are not known to have a normalisable law.

    Notes
    -----
    Two Gaussian layers are normalisable if and only if the largest singular value of w is below 1 (of normal units:
    of w/√γ). If one or both are
    of ReLU units that is sufficient; that of the positive part of w (for one layer of ReLU units: the largest
    eigenvalue of the positive part of the Gram matrix of its columns) is too, and one of them is asked for.

    References
    ----------
    R. M. Neal, Statistics and Computing 11, 125 (2001);
    R. Salakhutdinov and I. Murray, Proc. 25th Int. Conf. on Machine Learning, 872 (2008).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> w = np.random.default_rng(0).normal(size=(12, 8)) / 2
    >>> rbm = rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(), hidden=rbm_sim.Bernoulli())
    >>> estimate = rbm_sim.ais.log_partition(rbm, n_temperatures=1000, rng=1)
    >>> abs(estimate.value - rbm_sim.exact.log_partition(rbm)) < 3 * estimate.stderr < 0.1
    True
    """
    path = AnnealingPath(rbm, T, base)
    n_chains = check.integer("n_chains", n_chains, at_least=1)
    betas = _betas(n_temperatures)
    found = _up(path, betas, n_chains, rng, threads)
    if n_chains == 1:
        return _as_given(found, path)
    first, down, *others = random.seeds(rng, (1,), 2 + 2 * _ROUNDS)
    data = None if base is None else flat_entries("base", np.asarray(base), rbm.visible, rbm.shape[0])
    if data is not None and data.ndim < 2:
        data = None  # means, no configurations
    there = wells.settled(rbm, path.T, min(max(n_chains, _ENOUGH), _BACK), data, first)
    back = _back(path, there.v, betas, down, threads)
    means = np.empty((0, rbm.shape[0]))
    for again, seed in zip(others[::2], others[1::2], strict=True):
        missed = _says_too_much(back, found, path.bases)
        most = min(_WELLS, n_chains // _ENOUGH) - path.bases
        if not missed.any() or most < 1 or not has_means(rbm.visible):
            break
        means = np.concatenate([means, wells.centres(there.mean, back, missed, most)])
        path = AnnealingPath(rbm, T, base, means)
        found = _up(path, betas, n_chains, again, threads)
        back = _back(path, there.v, betas, seed, threads)
    reliable = found.reliable and not _says_too_much(back, found, path.bases).any()
    reliable &= found.value + wells.missing(found.log_weights, back, found.value) <= found.high
    possible = found.value + _FAR * found.stderr >= least_log_partition(rbm, there.v, path.T)
    return _as_given(found._replace(reliable=bool(reliable and possible), back=back), path)


def reverse_log_partition(
    rbm: RBM,
    samples: ArrayLike,
    *,
    T: float = 1.0,
    n_temperatures: int = 10_000,
    base: ArrayLike | None = None,
    rng: Seed = None,
    threads: int = 1,
) -> LogPartition:
    """Estimate ln Z from above, by annealing samples of the machine back to the base: 1/Z = ⟨weight⟩/Z_base.

    The mean weight is unbiased for exact samples, so minus its logarithm is on average an upper bound of ln Z: with
    `log_partition` it brackets ln Z.

    Parameters
    ----------
    rbm : RBM
        Machine of any two unit types.
    samples : array_like, shape (n_chains, N)
        Independent visible configurations drawn from the law of the machine at temperature T; one chain each.
    T : float
        Temperature, > 0.
    n_temperatures : int
        Number of values of β, 0 and 1 included, >= 2.
    base : array_like, shape (N,) or (n, N), optional
        As for `log_partition`.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    threads : int
        Threads that share the chains, in blocks of 50; the result does not depend on it.

    Returns
    -------
    LogPartition
        Estimate of ln Z with its standard error, whether it is reliable, and the weight of each chain. Samples that are
        correlated make the error too small.

    Raises
    ------
    ValueError
        If an argument is out of its range, or two continuous layers are not known to have a normalisable law.

    References
    ----------
    Y. Burda, R. Grosse and R. Salakhutdinov, Proc. 18th Int. Conf. on Artificial Intelligence and Statistics,
    102 (2015);
    R. Grosse, Z. Ghahramani and R. P. Adams, arXiv:1511.02543 (2015).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> w = np.random.default_rng(0).normal(size=(12, 8)) / 2
    >>> rbm = rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(), hidden=rbm_sim.Bernoulli())
    >>> samples = rbm.sample(100, 200, rng=1).v
    >>> estimate = rbm_sim.ais.reverse_log_partition(rbm, samples, n_temperatures=1000, rng=2)
    >>> abs(estimate.value - rbm_sim.exact.log_partition(rbm)) < 3 * estimate.stderr < 0.1
    True
    """
    path = AnnealingPath(rbm, T, base)
    samples = rbm.configurations(samples, name="samples")
    if samples.ndim != 2 or not len(samples):
        raise ValueError(f"samples has shape {samples.shape}: must be (n_chains, {rbm.shape[0]}) with n_chains >= 1")
    return _as_given(_estimate(-_back(path, samples, _betas(n_temperatures), rng, threads), -1, 1), path, -1)


def _up(path: AnnealingPath, betas: np.ndarray, n_chains: int, rng: Seed, threads: int) -> LogPartition:
    """Estimate ln Z from below, with equally many chains from each base as far as their number allows."""
    towards = np.arange(n_chains) % path.bases
    shares = np.bincount(towards)[towards] * path.bases / n_chains

    def chains(block: slice, stream: np.random.Generator) -> np.ndarray:
        return path.log_weights(path.draw_base(towards[block], stream), towards[block], betas, stream)

    log_weights = path.log_base + _each_block(chains, n_chains, rng, threads) - np.log(shares)
    return _estimate(log_weights, 1, path.bases)


def _back(path: AnnealingPath, v: np.ndarray, betas: np.ndarray, rng: Seed, threads: int) -> np.ndarray:
    """What each chain says about ln Z that is annealed back from a configuration of the machine."""

    def chains(block: slice, stream: np.random.Generator) -> np.ndarray:
        towards = stream.integers(path.bases, size=len(v[block])) if path.bases > 1 else np.zeros(len(v[block]), int)
        return path.log_weights(path.kept_given(v[block], stream), towards, betas[::-1], stream)

    return path.log_base - _each_block(chains, len(v), rng, threads)


def _says_too_much(back: np.ndarray, found: LogPartition, bases: int) -> np.ndarray:
    """Which chains annealed back say more about ln Z than the scatter of those annealed up allows.

    If the logarithms of weights are normal of variance s², up they lie around ln Z − s²/2 and back around ln Z + s²/2.
    """
    s2 = max(found.log_weights[k::bases].var(ddof=1) for k in range(bases))
    room = s2 / 2 + _FAR * (math.sqrt(s2) + found.stderr) + wells.ROUNDING * (1 + abs(found.value))
    return back > found.value + room


def _as_given(found: LogPartition, path: AnnealingPath, sign: int = 1) -> LogPartition:
    """The same of the machine as it was given: numbers that are large if units are far from 0, and their rounding."""
    if not (more := path.log_origin):
        return found
    rounding = abs(more) * np.finfo(float).eps
    return found._replace(
        value=found.value + more,
        stderr=math.hypot(found.stderr, rounding),
        low=found.low + more - 3 * rounding,
        high=found.high + more + 3 * rounding,
        log_weights=found.log_weights + sign * more,
        back=found.back + more,
    )


def _betas(n_temperatures: int) -> np.ndarray:
    return np.linspace(0, 1, check.integer("n_temperatures", n_temperatures, at_least=2))


def _each_block(
    chains: Callable[[slice, np.random.Generator], np.ndarray], n_chains: int, rng: Seed, threads: int
) -> np.ndarray:
    """Log-weights of all chains, block by block, in this thread or in several."""
    threads = check.integer("threads", threads, at_least=1)
    blocks = [slice(first, min(first + BLOCK, n_chains)) for first in range(0, n_chains, BLOCK)]
    streams = [np.random.default_rng(seed) for seed in random.seeds(rng, (), len(blocks))]
    with blas.one_thread():
        if min(threads, len(blocks)) == 1:
            return np.concatenate([chains(*work) for work in zip(blocks, streams, strict=True)])
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(chains, blocks, streams)))


def _estimate(log_weights: np.ndarray, sign: int, bases: int) -> LogPartition:
    """Return ± the logarithm of the mean weight, with its errors; chains k, k + bases, … start from base k."""
    n, peak = len(log_weights), log_weights.max()
    w = np.exp(log_weights - peak)
    value = sign * (peak + math.log(w.mean()))
    ess = float(w.sum() ** 2 / (w @ w))
    variance, spread = 0.0, 0.0
    for some in (slice(k, None, bases) for k in range(bases)):
        size, total = len(w[some]), w[some].sum() / w.sum()
        if size < 2:
            variance = math.nan
            break
        variance += size * float(w[some].var(ddof=1)) / w.sum() ** 2
        # The weights found may agree by chance where the best ones were not found; their logarithms still scatter.
        spread += float(total**2 * math.exp(min(log_weights[some].var(ddof=1), 700)) / size)
    stderr = math.sqrt(variance)
    below = math.log1p(-3 * stderr) if 3 * stderr < 1 else (-math.inf if n > 1 else math.nan)
    above = math.log1p(3 * stderr)
    low, high = (below, above) if sign > 0 else (-above, -below)
    reliable = n > 1 and ess >= _ENOUGH and spread * _ENOUGH <= 1
    return LogPartition(float(value), stderr, float(value + low), float(value + high), ess, bool(reliable), log_weights)
