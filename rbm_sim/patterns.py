"""Random patterns, the weights made of them, and states near them."""

import math
from typing import Any

import numpy as np

from rbm_sim import _check, _random
from rbm_sim.rbm import RBM
from rbm_sim.units import TwoValued


def random_patterns(N: int, M: int, *, p: Any = 1.0, rng: Any = None) -> np.ndarray:
    """Random patterns: ξ_{iμ} = ±1 with probability p_i/2 each, 0 otherwise.

    Parameters
    ----------
    N : int
        Length of a pattern (visible units), >= 1.
    M : int
        Number of patterns (hidden units), >= 1.
    p : float or array_like, shape (N,)
        Probability of a non-zero entry, in (0, 1], one for all rows or one per row.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    ndarray of int8, shape (N, M)
        ξ.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), the random-RBM ensemble.
    """
    N = _check.integer("N", N, at_least=1)
    M = _check.integer("M", M, at_least=1)
    density = _check.layer_parameter("p", p)
    if np.min(density) <= 0 or np.max(density) > 1:
        raise ValueError(f"p = {p!r}: must lie in (0, 1]")
    if np.ndim(density) and len(density) != N:
        raise ValueError(f"p has {len(density)} entries: must be a scalar or one value for each of N = {N} rows")
    u = _random.generator(rng).random((N, M), dtype=np.float32)
    column = np.asarray(density, dtype=np.float32).reshape(-1, 1)
    return 2 * (u < column / 2).astype(np.int8) - (u < column).astype(np.int8)


def pattern_weights(patterns: Any, dtype: Any = np.float32) -> np.ndarray:
    """Weights of the random RBM, w = ξ/√N.

    Parameters
    ----------
    patterns : array_like, shape (N, M)
        Patterns ξ, one per column.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    ndarray, shape (N, M)
        w.

    Raises
    ------
    ValueError
        If `patterns` is not a matrix of finite numbers, or `dtype` is another type.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), the random-RBM ensemble.
    """
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype = {dtype!r}: must be float32 or float64")
    xi = _check.real_array("patterns", patterns)
    if xi.ndim != 2 or xi.size == 0:
        raise ValueError(f"patterns has shape {xi.shape}: must be (N, M), both at least 1")
    return xi.astype(dtype) / np.asarray(math.sqrt(len(xi)), dtype=dtype)


def pattern_state(pattern: Any, visible: TwoValued) -> np.ndarray:
    """The state of the visible layer that a pattern asks for, v_i = 1 where ξ_i > 0, else the lower value.

    For spin units and ξ = ±1 this is the pattern itself, for Bernoulli units Θ(ξ).

    Parameters
    ----------
    pattern : array_like, shape (N,)
        ξ, or a sum of several patterns for a mixture.
    visible : Bernoulli or Spin
        Type of the visible units.

    Returns
    -------
    ndarray, shape (N,)
        v, float64.

    Raises
    ------
    ValueError
        If the units do not have two values.
    """
    xi = _check.real_array("pattern", pattern)
    if not isinstance(visible, TwoValued):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli or Spin units")
    return np.where(xi > 0, 1.0, visible.low)


def corrupted(rbm: RBM, v: Any, probability: float, *, rng: Any = None) -> np.ndarray:
    """Flip every visible unit with the given probability (1 − m₀)/2; spins keep the overlap m₀ with `v`.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units.
    v : array_like, shape (..., N)
        Visible configurations.
    probability : float
        Probability of a flip, in [0, 1].
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    ndarray, shape (..., N)
        The noisy configurations.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the visible units do not have two values.
    """
    v = rbm.configurations(v)
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible = {rbm.visible!r}: must be Bernoulli or Spin units")
    probability = _check.number("probability", probability, at_least=0, at_most=1)
    flips = _random.generator(rng).random(v.shape) < probability
    return np.where(flips, rbm.visible.flipped(v), v)
