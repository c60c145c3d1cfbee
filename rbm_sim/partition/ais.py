"""Annealed importance sampling of ln Z, from below by annealing up to the machine, from above by annealing back.

The machines between, and which layer is summed over, are those of `annealing_path`.
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
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.annealing_path import AnnealingPath

BLOCK = 50
"""Chains that share a random stream and a matrix product."""

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
        Whether both it and n e^{−s²} are at least 10, the latter being the effective number of log-normal weights
        with the variance s² of `log_weights`. If not, a few chains decide, the standard error means
        little, and `value` is a bound of ln Z rather than an estimate: use more temperatures, then more chains.
    log_weights : ndarray, shape (n_chains,)
        Logarithm of what each chain alone says about Z (or 1/Z, if annealed back), the exponentials being
        unbiased: `value` is ± the logarithm of their mean.
    """

    value: float
    stderr: float
    low: float
    high: float
    ess: float
    reliable: bool
    log_weights: np.ndarray

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

    def chains(block: slice, stream: np.random.Generator) -> np.ndarray:
        return path.log_weights(path.draw_base(block.stop - block.start, stream), betas, stream)

    log_weights = path.log_base + _each_block(chains, n_chains, rng, threads)
    return _estimate(log_weights, 1)


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
    betas = _betas(n_temperatures)[::-1]

    def chains(block: slice, stream: np.random.Generator) -> np.ndarray:
        return path.log_weights(path.kept_given(samples[block], stream), betas, stream)

    log_weights = _each_block(chains, len(samples), rng, threads) - path.log_base
    return _estimate(log_weights, -1)


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


def _estimate(log_weights: np.ndarray, sign: int) -> LogPartition:
    """Return ± the logarithm of the mean weight, with its errors."""
    n, peak = len(log_weights), log_weights.max()
    w = np.exp(log_weights - peak)
    value = sign * (peak + math.log(w.mean()))
    ess = float(w.sum() ** 2 / (w @ w))
    stderr = float(w.std(ddof=1) / w.mean() / math.sqrt(n)) if n > 1 else math.nan
    below = math.log1p(-3 * stderr) if 3 * stderr < 1 else (-math.inf if n > 1 else math.nan)
    above = math.log1p(3 * stderr)
    low, high = (below, above) if sign > 0 else (-above, -below)
    # The weights found may agree by chance where the best ones were not found; their logarithms then still scatter.
    reliable = n > 1 and min(ess, n * math.exp(-log_weights.var(ddof=1))) >= _ENOUGH
    return LogPartition(float(value), stderr, float(value + low), float(value + high), ess, bool(reliable), log_weights)
