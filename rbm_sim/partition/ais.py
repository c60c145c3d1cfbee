"""Annealed importance sampling of ln Z, from below by annealing up to the machine, from above by annealing back.

Between the base, β = 0, and the machine, β = 1, lie the machines with energy (1 − β) E_base + β E. The base has the
same units without couplings and, where they are fitted to data, other visible fields g⁰; so the weights are β w,
the visible fields (1 − β) g⁰ + β g, the potentials of continuous units those of the machine, all intermediate laws
normalisable if that of the machine is, and the partition function of the base

    ln Z_base = Σ_i K_i(0) + Σ_μ K_μ(0),   K(I) = ln ∫dx exp{(I x − U(x))/T}.

One layer is summed or integrated over in the weights of importance, the hidden one unless only that is made of ReLU
units, whose K costs ten times as much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian, ReLU, TwoValued, Unit

BLOCK = 50
"""Chains that share a random stream and a matrix product."""

_ENOUGH = 10  # effective number of weights; log-normal ones then lie within 3 standard errors in 95 % of cases
_LONG_STEP = 2  # half a step of the argument of ln cosh: beyond, 1 − |tanh m tanh d| may have lost two digits


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
        Mean values of two-valued visible units, or data whose smoothed means they become, that the base
        reproduces; by default the base has the visible fields of the machine.
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
    Two Gaussian layers are normalisable if and only if the largest singular value of w is below 1. If one or both are
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
    path = _Path(rbm, T, base)
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
    path = _Path(rbm, T, base)
    samples = rbm.configurations(samples, name="samples")
    if samples.ndim != 2 or not len(samples):
        raise ValueError(f"samples has shape {samples.shape}: must be (n_chains, {rbm.shape[0]}) with n_chains >= 1")
    betas = _betas(n_temperatures)[::-1]

    def chains(block: slice, stream: np.random.Generator) -> np.ndarray:
        return path.log_weights(path.kept_given(samples[block], stream), betas, stream)

    log_weights = _each_block(chains, len(samples), rng, threads) - path.log_base
    return _estimate(log_weights, -1)


class _Layer:
    """Units whose field in an input I, at β, is −b⁰ + β (I + b⁰ − b), with the offsets b⁰ of the base and b."""

    def __init__(self, unit: Unit, base: Unit, size: int, dtype: np.dtype, T: float) -> None:
        self.unit, self.T = unit.centred(), T
        self.start = np.full(size, -base.offset, dtype)
        self.shift = np.full(size, base.offset - unit.offset, dtype)
        self.moves = bool(self.shift.any())

    def draw(self, field: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the units in a field, which is overwritten."""
        return self.unit._draw(field, rng, self.T)

    def gain(self, new: np.ndarray, slope: np.ndarray, step: float) -> np.ndarray:
        """Sum over the units of K(new) − K(old) with the fields old = new − step × slope, in double precision."""
        T = self.T
        if isinstance(self.unit, Gaussian):
            middle = new - slope.dtype.type(step / 2) * slope
            return step / T * np.einsum("ki,ki->k", slope, middle, dtype=np.float64)
        if isinstance(self.unit, TwoValued):
            return _two_valued_gain(new / T, slope / T, step, self.unit.low)
        y = new.astype(np.float64)
        old = y - np.multiply(slope, step, dtype=np.float64)
        return (self.unit.log_partition(y, T) - self.unit.log_partition(old, T)).sum(axis=1)


def _two_valued_gain(new: np.ndarray, slope: np.ndarray, step: float, low: float) -> np.ndarray:
    """Sum over units of K(new) − K(new − step × slope), where K(y) = (1 + low) y/2 + ln 2 cosh((1 − low) y/2)."""
    half = (1 - low) / 2
    d = slope * slope.dtype.type(half * step / 2)
    if np.abs(d).max() > _LONG_STEP:
        y, d = half * new.astype(np.float64), d.astype(np.float64)
        change = np.logaddexp(y, -y) - np.logaddexp(y - 2 * d, 2 * d - y)
    else:
        # ln cosh(m + d) − ln cosh(m − d) = 2 artanh(tanh m tanh d), in which no large numbers cancel
        change = half * new
        change -= d
        np.tanh(change, out=change)
        change *= np.tanh(d)
        np.arctanh(change, out=change)
        change *= 2
    total = change.sum(axis=1, dtype=np.float64)
    return total + (1 + low) / 2 * step * slope.sum(axis=1, dtype=np.float64) if 1 + low else total


class _Path:
    """The machines between base and machine, with the laws of the layer that is kept."""

    def __init__(self, rbm: RBM, T: float, base: ArrayLike | None) -> None:
        self.T = check.number("T", T, above=0)
        _check_normalisable(rbm)
        self.rbm = rbm
        visible = rbm.visible if base is None else _fitted(rbm, base, self.T)
        units = (rbm.visible, visible), (rbm.hidden, rbm.hidden)
        pairs = list(zip(units, rbm.shape, strict=True))
        self.log_base = float(sum(base.log_partition(np.zeros(size), self.T).sum() for (_, base), size in pairs))
        layers = [_Layer(*unit, size, rbm.dtype, self.T) for unit, size in pairs]
        self.sums_hidden = isinstance(rbm.visible, ReLU) or not isinstance(rbm.hidden, ReLU)
        self.kept, self.summed = layers if self.sums_hidden else layers[::-1]
        self.matrix = rbm.matrix if self.sums_hidden else rbm.matrix.transposed()

    def draw_base(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the layer that is kept from the base."""
        return self.kept.draw(np.repeat(self.kept.start[None], count, axis=0), rng)

    def kept_given(self, v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the layer that is kept given samples of the visible one."""
        return v if self.sums_hidden else self.rbm.hidden.sample(self.rbm.matrix.forward(v), rng, self.T)

    def log_weights(self, x: np.ndarray, betas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Logarithms of the weights of chains that start from x at the first β and are annealed to the last."""
        kept, summed = self.kept, self.summed
        log_w = np.zeros(len(x))
        for old, new in pairwise(betas.tolist()):
            slope = self.matrix.forward(x)
            if summed.moves:
                slope += summed.shift
            field = _line(summed.start, new, slope)
            log_w += summed.gain(field, slope, new - old)
            if kept.moves:
                log_w += (new - old) / self.T * (x @ kept.shift.astype(np.float64))
            if new != betas[-1]:
                z = summed.draw(field, rng)
                slope = self.matrix.backward(z)
                if kept.moves:
                    slope += kept.shift
                x = kept.draw(_line(kept.start, new, slope), rng)
        return log_w


def _line(start: np.ndarray, beta: float, slope: np.ndarray) -> np.ndarray:
    """Fields start + β slope."""
    field = slope * slope.dtype.type(beta)
    field += start
    return field


def _betas(n_temperatures: int) -> np.ndarray:
    return np.linspace(0, 1, check.integer("n_temperatures", n_temperatures, at_least=2))


def _fitted(rbm: RBM, base: ArrayLike, T: float) -> Unit:
    """Visible units in fields such that without couplings they have given means, or the smoothed means of data."""
    unit, N = rbm.visible, rbm.shape[0]
    if not isinstance(unit, TwoValued):
        raise ValueError(f"base is given and rbm.visible is {type(unit).__name__}: must be Bernoulli or Spin units")
    base = check.real_array("base", base, np.float64)
    if base.ndim not in (1, 2) or base.shape[-1] != N or not len(base):
        raise ValueError(f"base has shape {base.shape}: must be means, shape ({N},), or data, shape (n, {N})")
    if base.ndim == 2:
        on = smoothed((rbm.configurations(base, name="base") == 1).sum(axis=0), len(base))
    else:
        on = (base - unit.low) / (1 - unit.low)
        if not ((on > 0) & (on < 1)).all():
            raise ValueError(f"base has means in [{base.min():g}, {base.max():g}]: must be > {unit.low:g} and < 1")
    offset = T / (1 - unit.low) * (np.log1p(-on) - np.log(on))
    return unit._with_offset(offset.astype(rbm.dtype))


def smoothed(count: np.ndarray, n: int) -> np.ndarray:
    """Probabilities by Laplace's rule of succession, (count + 1)/(n + 2): never 0 or 1.

    Parameters
    ----------
    count : ndarray
        How often each event occurred.
    n : int
        Number of trials.

    Returns
    -------
    ndarray, shape of `count`
        Probability of each event, in (0, 1).
    """
    return (count + 1) / (n + 2)


def _check_normalisable(rbm: RBM) -> None:
    """Raise if both layers are continuous and their joint law is not known to be normalisable."""
    if isinstance(rbm.visible, TwoValued) or isinstance(rbm.hidden, TwoValued):
        return
    w = rbm.weights.astype(np.float64)
    norm = float(np.linalg.norm(w, 2))
    # On the half lines x ≥ 0 a quadratic form is at most that of the positive part of its matrix.
    positive = isinstance(rbm.visible, ReLU), isinstance(rbm.hidden, ReLU)
    if all(positive):
        norm = min(norm, float(np.linalg.norm(np.maximum(w, 0), 2)))
    elif any(positive):
        gram = w.T @ w if positive[1] else w @ w.T
        norm = min(norm, math.sqrt(np.linalg.norm(np.maximum(gram, 0), 2)))
    if norm >= 1:
        kinds = f"{type(rbm.visible).__name__} and {type(rbm.hidden).__name__}"
        raise ValueError(f"rbm has the largest singular value {norm:g}: must be < 1 for layers of {kinds} units")


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
