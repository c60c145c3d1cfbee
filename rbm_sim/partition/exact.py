"""Exact sums over all configurations of small machines with at least one layer of two-valued units.

The layer that is enumerated is the smaller of the two-valued ones; the other is summed or integrated in
closed form. All computation is in double precision, in chunks of a few megabytes; the time grows as 2^n with the
size n of the enumerated layer (24 × 24 units: 15 to 25 seconds, with second moments of ReLU units 70).
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from rbm_sim._support import blas, check
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import TwoValued, Unit

MAX_UNITS = 24
_CHUNK = 14  # enumerate 2^14 configurations at a time


class Moments(NamedTuple):
    """Exact mean values of first and second order.

    Attributes
    ----------
    v : ndarray, shape (N,)
        ⟨v_i⟩.
    h : ndarray, shape (M,)
        ⟨h_μ⟩.
    vh : ndarray, shape (N, M)
        ⟨v_i h_μ⟩.
    vv : ndarray, shape (N, N)
        ⟨v_i v_j⟩.
    hh : ndarray, shape (M, M)
        ⟨h_μ h_ν⟩.
    """

    v: np.ndarray
    h: np.ndarray
    vh: np.ndarray
    vv: np.ndarray
    hh: np.ndarray


def states(unit: TwoValued, size: int) -> Iterator[np.ndarray]:
    """All configurations of a layer, in chunks: 2^size in total.

    Parameters
    ----------
    unit : Bernoulli or Spin
        Type of the units.
    size : int
        Number of units, 1 to 24.

    Yields
    ------
    ndarray, shape (chunk, size)
        Configurations. The first unit changes fastest.

    Raises
    ------
    ValueError
        If the units do not have two values or there are too many.
    """
    size = check.integer("size", size, at_least=1)
    if not isinstance(unit, TwoValued):
        raise ValueError(f"unit is {type(unit).__name__}: only Bernoulli and Spin units can be enumerated")
    if size > MAX_UNITS:
        raise ValueError(f"size = {size}: at most {MAX_UNITS} units can be enumerated")
    fast = min(size, _CHUNK)
    block = np.where((np.arange(2**fast)[:, None] >> np.arange(fast)) & 1, 1.0, unit.low)
    for code in range(2 ** (size - fast)):
        x = np.empty((2**fast, size))
        x[:, :fast] = block
        x[:, fast:] = np.where((code >> np.arange(size - fast)) & 1, 1.0, unit.low)
        yield x


def log_partition(rbm: RBM, T: float = 1.0) -> float:
    """Logarithm of the partition function, ln Z = ln Σ_v exp(−F(v)/T).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        ln Z, continuous units being integrated over the Lebesgue measure.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Bernoulli())
    >>> round(rbm_sim.exact.log_partition(rbm), 6)  # ln 4
    1.386294
    """
    rbm, _ = _enumerable(rbm)
    return _averages(rbm, T, lambda p, v, I, log_p: ())[0]


def log_likelihood(rbm: RBM, data: Any, T: float = 1.0) -> float:
    """Mean log-likelihood of data, ⟨−F(v)/T⟩_data − ln Z.

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    data : array_like, shape (..., N)
        Visible configurations, at least one.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        The mean of ln P(v) over the data.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, there are no data or they do not fit, or T <= 0.
    """
    F = _double(rbm).free_energy(data, T)
    if F.size == 0:
        raise ValueError(f"data has shape {np.shape(data)}: must hold at least one configuration")
    return float(-F.mean() / T) - log_partition(rbm, T)


def visible_distribution(rbm: RBM, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every visible configuration and its probability P(v) = exp(−F(v)/T)/Z.

    Parameters
    ----------
    rbm : RBM
        Machine with at most 24 two-valued visible units.
    T : float
        Temperature, > 0.

    Returns
    -------
    v : ndarray, shape (2^N, N)
        Configurations: 3 gigabytes of them for 24 units.
    probability : ndarray, shape (2^N,)
        P(v), of sum 1.

    Raises
    ------
    ValueError
        If the visible layer cannot be enumerated, or T <= 0.
    """
    T = check.number("T", T, above=0)
    rbm = _double(rbm)
    chunks = _chunks(rbm, T)
    v, _, log_p = next(chunks)
    count, size = len(v), 2 ** v.shape[1]
    all_v, all_log_p = np.empty((size, v.shape[1])), np.empty(size)
    all_v[:count], all_log_p[:count] = v, log_p
    for first, (v, _, log_p) in zip(range(count, size, count), chunks, strict=True):
        all_v[first : first + count], all_log_p[first : first + count] = v, log_p
    p = np.exp(all_log_p - all_log_p.max())
    return all_v, p / p.sum()


def hidden_distribution(rbm: RBM, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every hidden configuration and its probability P(h).

    Parameters
    ----------
    rbm : RBM
        Machine with at most 24 two-valued hidden units.
    T : float
        Temperature, > 0.

    Returns
    -------
    h : ndarray, shape (2^M, M)
        Configurations.
    probability : ndarray, shape (2^M,)
        P(h), of sum 1.

    Raises
    ------
    ValueError
        If the hidden layer cannot be enumerated, or T <= 0.
    """
    return visible_distribution(rbm.transposed(), T)


def moments(rbm: RBM, T: float = 1.0) -> Moments:
    """Exact mean values of all units and of all products of two, over P ∝ exp(−E/T).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    Moments
        ⟨v_i⟩, ⟨h_μ⟩, ⟨v_i h_μ⟩, ⟨v_i v_j⟩ and ⟨h_μ h_ν⟩.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.
    """
    return _log_partition_and_moments(rbm, T)[1]


def energy(rbm: RBM, T: float = 1.0) -> float:
    """Exact mean energy ⟨E(v, h)⟩ over P ∝ exp(−E/T).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        ⟨E⟩ = T² d(ln Z)/dT.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.
    """
    return _energy(rbm, moments(rbm, T))


def entropy(rbm: RBM, T: float = 1.0) -> float:
    """Exact joint entropy S = ln Z + ⟨E⟩/T, the mean of −ln P(v, h).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        S in nats; a differential entropy if a layer is continuous, P being its density.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or T <= 0.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Bernoulli())
    >>> round(rbm_sim.exact.entropy(rbm), 6)  # ln 4
    1.386294
    """
    log_Z, mean = _log_partition_and_moments(rbm, T)
    return log_Z + _energy(rbm, mean) / T


def visible_entropy(rbm: RBM, T: float = 1.0) -> float:
    """Exact entropy of the visible layer, −Σ_v P(v) ln P(v).

    Parameters
    ----------
    rbm : RBM
        Machine with at most 24 two-valued visible units.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        The entropy in nats; for that of the hidden layer exchange the layers by `RBM.transposed`.

    Raises
    ------
    ValueError
        If the visible layer cannot be enumerated, or T <= 0.
    """
    log_Z, (mean_log_p,) = _averages(_double(rbm), T, lambda p, v, I, log_p: (p @ log_p,))
    return log_Z - float(mean_log_p)


def marginal_density(rbm: RBM, x: Any, layer: str, index: int, T: float = 1.0) -> np.ndarray:
    """Exact law of one unit: for a hidden one P(h_μ = x) = Σ_v P(v) P(h_μ = x | I_μ(v)).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    x : array_like
        Values; they need not lie in the domain of the unit.
    layer : {"visible", "hidden"}
        Layer of the unit.
    index : int
        Which of its units, >= 0.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape of `x`
        Density at x, or probability of x for a two-valued unit. The time is proportional to the size of `x`.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, there is no such unit, or T <= 0.
    """

    def density(unit: Unit, x: np.ndarray, I: np.ndarray) -> np.ndarray:
        if not unit.contains(x):
            return np.zeros_like(I)
        return np.exp((I * x - unit.potential(x)) / T - unit.log_partition(I, T))

    return _marginal(rbm, x, layer, index, T, density, np.equal)


def marginal_cdf(rbm: RBM, x: Any, layer: str, index: int, T: float = 1.0) -> np.ndarray:
    """Exact distribution function of one unit: for a hidden one P(h_μ ≤ x) = Σ_v P(v) P(h_μ ≤ x | I_μ(v)).

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units.
    x : array_like
        Values; they need not lie in the domain of the unit.
    layer : {"visible", "hidden"}
        Layer of the unit.
    index : int
        Which of its units, >= 0.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape of `x`
        Probability of a value ≤ x. The time is proportional to the size of `x`.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, there is no such unit, or T <= 0.
    """
    return _marginal(rbm, x, layer, index, T, lambda unit, x, I: unit.cdf(x, I, T), np.less_equal)


def _marginal(
    rbm: RBM, x: Any, layer: str, index: int, T: float, law: Callable[..., np.ndarray], indicator: np.ufunc
) -> np.ndarray:
    """Average over the configurations enumerated of a law given the input, `law(unit, x, I)`.

    If the unit is one of those enumerated, it is the average of `indicator(value of the unit, x)`.
    """
    x = check.real_array("x", x, np.float64)
    hidden = check.choice("layer", layer, ("visible", "hidden")) == "hidden"
    size = rbm.weights.shape[hidden]
    if check.integer("index", index, at_least=0) >= size:
        raise ValueError(f"index = {index!r}: the {layer} layer has {size} units")
    rbm, exchanged = _enumerable(rbm)
    unit = None
    if hidden != exchanged:
        unit = rbm.hidden._with_offset(float(np.broadcast_to(rbm.hidden.offset, (size,))[index]))

    def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray]:
        terms = (indicator(v[:, index], t) if unit is None else law(unit, t, I[:, index]) for t in x.reshape(-1))
        return (np.array([p @ term for term in terms]),)

    return _averages(rbm, T, observe)[1][0].reshape(x.shape)


def _log_partition_and_moments(rbm: RBM, T: float) -> tuple[float, Moments]:
    """Logarithm of Z and all moments, in one enumeration."""
    rbm, exchanged = _enumerable(rbm)

    def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray, ...]:
        h = rbm.hidden.mean(I, T)
        pv, ph = p[:, None] * v, p[:, None] * h
        hh = ph.T @ h
        np.fill_diagonal(hh, p @ _mean_squares(rbm.hidden, h, I, T))
        return p @ v, p @ h, pv.T @ h, pv.T @ v, hh

    log_Z, (v, h, vh, vv, hh) = _averages(rbm, T, observe)
    return log_Z, Moments(h, v, vh.T, hh, vv) if exchanged else Moments(v, h, vh, vv, hh)


def _mean_squares(unit: Unit, mean: np.ndarray, I: np.ndarray, T: float) -> np.ndarray:
    """⟨x²⟩ given I; for two-valued units x² = (1 + low) x − low."""
    if isinstance(unit, TwoValued):
        return (1 + unit.low) * mean - unit.low
    return mean * mean + unit.variance(I, T)


def _energy(rbm: RBM, mean: Moments) -> float:
    """⟨E⟩ from the moments."""
    E = -np.sum(rbm.weights * mean.vh, dtype=np.float64)
    for unit, x, xx in ((rbm.visible, mean.v, mean.vv), (rbm.hidden, mean.h, mean.hh)):
        E += np.sum(unit.offset * x)
        if not isinstance(unit, TwoValued):
            E += np.trace(xx) / 2
    return float(E)


def _double(rbm: RBM) -> RBM:
    """Return the machine in double precision: an exact sum should not be limited by float32."""
    return RBM(rbm.weights.astype(np.float64), visible=rbm.visible, hidden=rbm.hidden)


def _enumerable(rbm: RBM) -> tuple[RBM, bool]:
    """Return the machine with the layer to enumerate as its visible one, and whether that was exchanged."""
    sizes = [
        size if isinstance(unit, TwoValued) else math.inf
        for unit, size in zip((rbm.visible, rbm.hidden), rbm.weights.shape, strict=True)
    ]
    if min(sizes) > MAX_UNITS:
        raise ValueError(f"rbm = {rbm!r}: exact sums need a layer of at most {MAX_UNITS} Bernoulli or Spin units")
    exchanged = sizes[1] < sizes[0]
    return _double(rbm.transposed() if exchanged else rbm), exchanged


def _averages(
    rbm: RBM, T: float, observe: Callable[..., tuple[np.ndarray, ...]]
) -> tuple[float, tuple[np.ndarray, ...]]:
    """Logarithm of Z and averages over P(v), in one enumeration of the visible layer.

    `observe(p, v, I, log_p)` returns sums over a chunk, weighted with p, of whatever is averaged: p is the law
    within the chunk, of sum 1; log_p = −F(v)/T.
    """
    T = check.number("T", T, above=0)
    log_Z, averages = -math.inf, None
    with blas.one_thread():  # a second one has nothing to gain in products this small
        for v, I, log_p in _chunks(rbm, T):
            peak = log_p.max()
            p = np.exp(log_p - peak)
            here = peak + math.log(p.sum())
            log_Z = np.logaddexp(log_Z, here)
            values = observe(p / p.sum(), v, I, log_p)
            averages = values if averages is None else _merged(averages, values, math.exp(here - log_Z))
    assert averages is not None
    return float(log_Z), averages


def _merged(averages: Iterable[np.ndarray], values: Iterable[np.ndarray], share: float) -> tuple[np.ndarray, ...]:
    """Averages over all chunks so far, the last of which has `values` and its share of the probability."""
    return tuple(a + share * (x - a) for a, x in zip(averages, values, strict=True))


def _chunks(rbm: RBM, T: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Visible configurations, their inputs to the hidden layer, and −F(v)/T, chunk by chunk."""
    w, offset = rbm.weights, rbm.visible.offset
    for v in states(rbm.visible, len(w)):  # type: ignore[arg-type]
        I = v @ w
        yield v, I, rbm.hidden.log_partition(I, T).sum(axis=1) - v @ offset / T
