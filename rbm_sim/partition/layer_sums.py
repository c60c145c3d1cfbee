"""Sums of log-partition functions over a layer, in a tenth of the time of the general functions."""

from __future__ import annotations

import numpy as np

from rbm_sim.units import TwoValued, Unit


def log_partition_sum(unit: Unit, y: np.ndarray, T: float) -> np.ndarray:
    """Σ_μ K_μ in the fields y = I − b.

    Parameters
    ----------
    unit : Unit
        The layer, its offset left out of account: `y` contains it.
    y : ndarray, shape (..., units)
        Fields.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (...)
        The sums.
    """
    if not isinstance(unit, TwoValued):
        return unit.centred().log_partition(y, T).sum(axis=-1)
    return softplus((1 - unit.low) / T * y).sum(axis=-1) + (unit.low / T * y.sum(axis=-1) if unit.low else 0)


def softplus(u: np.ndarray) -> np.ndarray:
    """ln(1 + e^u), in a tenth of the time of ``numpy.logaddexp(0, u)``, which does not vectorise.

    Parameters
    ----------
    u : ndarray
        Arguments.

    Returns
    -------
    ndarray, shape of `u`
        One value for each.
    """
    tail = np.abs(u)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    tail += np.maximum(u, 0)
    return tail
