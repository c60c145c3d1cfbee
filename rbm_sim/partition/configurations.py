"""All configurations of a layer of two-valued or Potts units, chunk by chunk, and averages over them."""

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from rbm_sim._support import blas, check
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Normal, Potts, TwoValued, Unit

MAX_UNITS = 24
"""Two-valued units that can be enumerated, or log₂ of the number of configurations of others."""
_CHUNK = 14  # enumerate 2^14 configurations at a time


def states(unit: Unit, size: int) -> Iterator[np.ndarray]:
    """All configurations of a layer, in chunks: 2^size in total, or q^N of N Potts units.

    Parameters
    ----------
    unit : Bernoulli, Spin or Potts
        Type of the units.
    size : int
        Number of entries: 1 to 24 units of two values, at most 2^24 configurations of others.

    Yields
    ------
    ndarray, shape (chunk, size)
        Configurations. The first unit changes fastest.

    Raises
    ------
    ValueError
        If the units are of another kind, or there are too many.
    """
    size = check.integer("size", size, at_least=1)
    if not isinstance(unit, TwoValued | Potts):
        raise ValueError(f"unit is {type(unit).__name__}: only Bernoulli, Spin and Potts units can be enumerated")
    if unit.bits(size) > MAX_UNITS:
        raise ValueError(f"size = {size}: at most {MAX_UNITS} units, or 2^{MAX_UNITS} states, can be enumerated")
    if isinstance(unit, Potts):
        yield from _potts_states(unit, size // unit.states)
        return
    fast = min(size, _CHUNK)
    block = np.where((np.arange(2**fast)[:, None] >> np.arange(fast)) & 1, 1.0, unit.low)
    for code in range(2 ** (size - fast)):
        x = np.empty((2**fast, size))
        x[:, :fast] = block
        x[:, fast:] = np.where((code >> np.arange(size - fast)) & 1, 1.0, unit.low)
        yield x


def _potts_states(unit: Potts, units: int) -> Iterator[np.ndarray]:
    """All q^N configurations, 2^14 or less at a time."""
    q, count = unit.states, unit.states**units
    powers = q ** np.arange(units)
    for first in range(0, count, 2**_CHUNK):
        code = np.arange(first, min(count, first + 2**_CHUNK))
        yield unit.one_hot(code[:, None] // powers % q, np.float64).reshape(len(code), -1)


def double(rbm: RBM) -> RBM:
    """The machine in double precision: an exact sum should not be limited by float32.

    Parameters
    ----------
    rbm : RBM
        Machine.

    Returns
    -------
    RBM
        The same, its weights in an array of their own.
    """
    return RBM(rbm.weights.astype(np.float64), visible=rbm.visible, hidden=rbm.hidden)


def averages(
    rbm: RBM, T: float, observe: Callable[..., tuple[np.ndarray, ...]]
) -> tuple[float, tuple[np.ndarray, ...]]:
    """Logarithm of Z and averages over P(v), in one enumeration of the visible layer.

    Parameters
    ----------
    rbm : RBM
        Machine in double precision, its visible units two-valued or Potts.
    T : float
        Temperature.
    observe : callable
        `observe(p, v, I, log_p)` returns sums over a chunk, weighted with p, of whatever is averaged: p is the law
        within the chunk, of sum 1; v, I and log_p are those of `chunks`.

    Returns
    -------
    log_Z : float
        ln Z − `at_rest`.
    averages : tuple of ndarray
        Averages of what is observed.
    """
    log_Z, found = -math.inf, None
    with (
        blas.one_thread(),
        np.errstate(over="ignore", invalid="ignore"),
    ):  # a second one has nothing to gain in products this small
        for v, I, log_p in chunks(rbm, T):
            peak = log_p.max()
            if not math.isfinite(peak):
                raise ValueError(f"rbm = {rbm!r}: at T = {T:g} its energies are too large for ln Z to be a number")
            p = np.exp(log_p - peak)
            here = peak + math.log(p.sum())
            log_Z = np.logaddexp(log_Z, here)
            values = observe(p / p.sum(), v, I, log_p)
            found = values if found is None else _merged(found, values, math.exp(here - log_Z))
    assert found is not None
    return float(log_Z), found


def _merged(averages: Iterable[np.ndarray], values: Iterable[np.ndarray], share: float) -> tuple[np.ndarray, ...]:
    """Averages over all chunks so far, the last of which has `values` and its share of the probability."""
    return tuple(a + share * (x - a) for a, x in zip(averages, values, strict=True))


def chunks(rbm: RBM, T: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Visible configurations, their inputs to the hidden layer, and −F(v)/T, chunk by chunk.

    Parameters
    ----------
    rbm : RBM
        Machine in double precision, its visible units two-valued or Potts.
    T : float
        Temperature.

    Yields
    ------
    v, I : ndarray, shape (chunk, N), (chunk, M)
        Configurations and inputs.
    log_p : ndarray, shape (chunk,)
        ln P(v) + ln Z − `at_rest`.
    """
    w, offset, hidden = rbm.weights, rbm.visible.offset, rbm.hidden
    if isinstance(hidden, Normal):
        # (I + g)²/2γ = I²/2γ + I g/γ + g²/2γ: if g is large the second term is a field, the third is left out
        offset, hidden = offset - w @ (hidden.g / hidden.gamma), hidden.centred()
    for v in states(rbm.visible, len(w)):
        I = v @ w
        yield v, I, hidden.log_partition(I, T).sum(axis=1) - v @ offset / T


def at_rest(rbm: RBM, T: float) -> float:
    """What `chunks` leaves out of −F(v)/T: Σ g²/2γT of normal hidden units, so large if they are far from 0.

    Parameters
    ----------
    rbm : RBM
        The machine.
    T : float
        Temperature.

    Returns
    -------
    float
        The sum; 0 for hidden units of other kinds.
    """
    g, gamma = (rbm.hidden.g, rbm.hidden.gamma) if isinstance(rbm.hidden, Normal) else (0.0, 1.0)
    return float(np.sum(g * (g / gamma)) / (2 * T))
