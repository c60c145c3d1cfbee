"""What is given to a machine, checked: its layers, weights of Potts units, configurations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.machine.clamping import flat_entries
from rbm_sim.units import Unit


def rows(weights: ArrayLike, states: int) -> np.ndarray:
    """Weights of Potts units with one row for each state of each unit.

    Parameters
    ----------
    weights : array_like, shape (N, states, M)
        The weights.
    states : int
        Number of states of a unit.

    Returns
    -------
    ndarray, shape (N × states, M)
        The same numbers.

    Raises
    ------
    ValueError
        If there are other states.
    """
    w = check.real_array("weights", weights)
    if w.shape[1] != states:
        raise ValueError(f"weights has shape {w.shape}: the units have {states} states, so must be (N, {states}, M)")
    return w.reshape(-1, w.shape[2])


def layer(name: str, unit: Unit, size: int, dtype: np.dtype) -> Unit:
    """Return the layer with one parameter for each unit.

    Parameters
    ----------
    name : str
        What messages call it.
    unit : Unit
        The units.
    size : int
        Number of entries of a configuration.
    dtype : dtype
        Type of the parameters.

    Returns
    -------
    Unit
        The layer.

    Raises
    ------
    ValueError
        If `unit` is not a unit or does not fit.
    """
    if not isinstance(unit, Unit):
        raise ValueError(f"{name} = {unit!r}: must be a unit, such as Bernoulli(), Spin(), Gaussian() or ReLU()")
    try:
        return unit.expanded(size, dtype)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def configurations(name: str, x: ArrayLike, unit: Unit, size: int, dtype: np.dtype) -> np.ndarray:
    """Return configurations of one layer in the type of the machine.

    Parameters
    ----------
    name : str
        What messages call them.
    x : array_like, shape (..., size)
        The configurations.
    unit : Unit
        The layer.
    size : int
        Number of entries of a configuration.
    dtype : dtype
        Type of the result.

    Returns
    -------
    ndarray, shape (..., size)
        The same values.

    Raises
    ------
    ValueError
        If their length or their values do not fit.
    """
    x = flat_entries(name, check.real_array(name, x, dtype), unit, size)
    if not unit.contains(x):
        raise ValueError(
            f"{name} has entries in [{x.min():g}, {x.max():g}]: {type(unit).__name__} units take values in "
            f"{unit.domain}"
        )
    return x
