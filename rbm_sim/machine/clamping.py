"""Visible units that are held at given values: the others follow the law conditional on them.

P(v, h) given some of the v_i is P(v, h) restricted to them; as the visible units are independent given h, a Gibbs sweep
that leaves the held ones as they are samples it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.units import Unit


def with_gaps(name: str, v: ArrayLike, unit: Unit, size: int, dtype: np.dtype) -> np.ndarray:
    """Check visible configurations of which entries are missing.

    Parameters
    ----------
    name : str
        What messages call them.
    v : array_like, shape (..., N)
        Values; nan, None or masked where there is none.
    unit : Unit
        The visible layer.
    size : int
        Number N of visible units.
    dtype : dtype
        Type of the result.

    Returns
    -------
    ndarray, shape (..., N)
        The values in `dtype`, nan where there is none.

    Raises
    ------
    ValueError
        If `v` has another length, or values outside the domain.
    """
    v = check.array_with_gaps(name, v, dtype)
    if v.ndim == 0 or v.shape[-1] != size:
        raise ValueError(f"{name} has shape {v.shape}: the last axis must have length {size}")
    _check_domain(name, v[~np.isnan(v)], unit)
    return v


def held(
    unit: Unit, shape: tuple[int, int], dtype: np.dtype, clamp: ArrayLike | None, values: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Which entries of chains are held, and at what values.

    Parameters
    ----------
    unit : Unit
        The visible layer.
    shape : tuple of int
        (n_chains, N).
    dtype : dtype
        Type of the values.
    clamp : array_like of bool, shape (N,) or (n_chains, N), optional
        True for a unit that is held; by default those that have a value.
    values : array_like, shape (N,) or (n_chains, N), optional
        Values; what stands where a unit is free does not matter.

    Returns
    -------
    tuple of ndarray, or None
        The mask and the values, each of shape (n_chains, N); None if nothing is given.

    Raises
    ------
    ValueError
        If `clamp` comes without `values`, a held unit has no value or one outside the domain, or shapes do not fit.
    """
    if values is None:
        if clamp is not None:
            raise ValueError("clamp is given without values: the units that are held need them")
        return None
    v = _of_shape("values", check.array_with_gaps("values", values, dtype), shape)
    if clamp is None:
        mask = ~np.isnan(v)
    else:
        mask = _of_shape("clamp", _mask(clamp), shape)
        gaps = mask & np.isnan(v)
        if gaps.any():
            chain, i = np.argwhere(gaps)[0]
            raise ValueError(f"values has no entry at {[int(chain), int(i)]} (chain, unit), where clamp holds the unit")
    _check_domain("values", v[mask], unit)
    return mask, v


def _mask(clamp: ArrayLike) -> np.ndarray:
    found = check.real_array("clamp", clamp)
    if not ((found == 0) | (found == 1)).all():
        raise ValueError(f"clamp = {check.short(clamp)}: must be True or False for each unit")
    return found.astype(bool)


def _of_shape(name: str, x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if x.shape not in (shape, shape[1:]):
        raise ValueError(f"{name} has shape {x.shape}: must be {shape[1:]} or {shape}")
    return np.broadcast_to(x, shape)


def _check_domain(name: str, x: np.ndarray, unit: Unit) -> None:
    if not unit.contains(x):
        raise ValueError(
            f"{name} has entries in [{x.min():g}, {x.max():g}]: {type(unit).__name__} units take values in "
            f"{unit.domain}"
        )
