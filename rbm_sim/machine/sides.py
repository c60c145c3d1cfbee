"""Visible configurations far apart from which chains can start: the two sides of every hidden unit.

Chains from one place stay in its well where wells are deep, and agree with each other perfectly. A hidden unit of
large weights splits the configurations into those that raise it and those that lower it, and machines that condense
do so on one of these sides.
"""

from __future__ import annotations

import numpy as np

from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Discrete, Potts, TwoValued, Unit

_COLUMNS = 256


def both_sides(rbm: RBM, count: int, rng: np.random.Generator, T: float = 1.0) -> np.ndarray:
    """Configurations on both sides of the hidden units, and of all of them together.

    Of visible units with a list of values: all low, all high, and each on the side of ±w_iμ, for the hidden units μ of
    largest weights in turn; where w_iμ = 0 drawn without input. Of Potts units the states of largest and of smallest
    w_iaμ, for the same μ. Of others, if hidden units have a list of values: means
    given these all low, all high, and all but one low or high. Two continuous layers get draws without input.

    Parameters
    ----------
    rbm : RBM
        The machine.
    count : int
        Number of configurations, >= 1.
    rng : numpy.random.Generator
        Random numbers.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (count, N)
        The configurations; they repeat where there are fewer sides.
    """
    N, M = rbm.shape
    v = rbm.visible.sample(np.zeros((count, N), rbm.dtype), rng, T)
    if (ends := _ends(rbm.visible)) is not None:
        sides = np.array([[-1], [1]], rbm.dtype) * np.ones(N, rbm.dtype)
        sides = np.resize(np.concatenate([sides, _of_units(rbm, count)]), (count, N))
        v[sides < 0], v[sides > 0] = ends
    elif isinstance(rbm.visible, Potts):
        if count > 1:
            v = rbm.visible.centred().mode(np.resize(_of_units(rbm, count), (count, N)))
    elif (ends := _ends(rbm.hidden)) is not None:
        h = np.repeat(np.resize(np.array(ends, rbm.dtype), count)[:, None], M, axis=1)
        odd = np.arange(2, count)
        h[odd, (odd // 2 - 1) % M] = np.resize(np.array(ends[::-1], rbm.dtype), count - 2) if count > 2 else 0
        v = rbm.visible.mean(rbm.matrix.backward(h), T)
    return v


def _ends(unit: Unit) -> tuple[float, float] | None:
    """Least and largest value of units with a list of them."""
    if isinstance(unit, TwoValued):
        return unit.low, 1.0
    return (unit.values[0], unit.values[-1]) if isinstance(unit, Discrete) else None


def _of_units(rbm: RBM, count: int) -> np.ndarray:
    """±w_μ of the hidden units of largest weights in turn, not more than `count`."""
    columns = _strongest(rbm, min(rbm.shape[1], count // 2))
    return np.stack([columns, -columns], axis=1).reshape(-1, rbm.shape[0])


def _strongest(rbm: RBM, count: int) -> np.ndarray:
    """Weights w_μ of the hidden units with the largest ones, shape (count, N)."""
    M = rbm.shape[1]
    blocks = (rbm.matrix.columns(first, min(first + _COLUMNS, M)) for first in range(0, M, _COLUMNS))
    norms = np.concatenate([np.square(w).sum(axis=0) for w in blocks])
    unit = np.zeros((count, M), rbm.dtype)
    unit[np.arange(count), np.argsort(-norms, kind="stable")[:count]] = 1
    return rbm.matrix.backward(unit)
