"""Visible units that are held at given values: the others follow the law conditional on them.

P(v, h) given some of the v_i is P(v, h) restricted to them; as the visible units are independent given h, a Gibbs sweep
that leaves the held ones as they are samples it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.units import Unit


def flat_entries(name: str, x: np.ndarray, unit: Unit, size: int) -> np.ndarray:
    """Return configurations as the machine holds them, all entries of a layer on the last axis, or raise.

    Parameters
    ----------
    name : str
        What messages call them.
    x : ndarray, shape (..., N), of Potts units (..., N, states) or (..., N × states)
        Configurations.
    unit : Unit
        The layer.
    size : int
        Number of its entries.

    Returns
    -------
    ndarray, shape (..., size)
        The same numbers.

    Raises
    ------
    ValueError
        If the shape is another one.
    """
    if x.ndim and x.shape[-1] == size:
        return x
    axes = unit.axes(size)
    if len(axes) > 1 and x.shape[-len(axes) :] == axes:
        return x.reshape(*x.shape[: -len(axes)], size)
    wanted = f"axis must have length {size}" if len(axes) == 1 else f"axes must have lengths {axes}"
    raise ValueError(f"{name} has shape {x.shape}: the last {wanted}")


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
    v = flat_entries(name, check.array_with_gaps(name, v, dtype), unit, size)
    _check_whole(name, np.isnan(v), unit)
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
    v = _of_shape("values", check.array_with_gaps("values", values, dtype), unit, shape)
    if clamp is None:
        mask = ~np.isnan(v)
        _check_whole("values", mask, unit)
    else:
        mask = _of_shape("clamp", _entries(_mask(clamp), unit, shape), unit, shape)
        _check_whole("clamp", mask, unit)
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


def _entries(mask: np.ndarray, unit: Unit, shape: tuple[int, int]) -> np.ndarray:
    """A mask of Potts units repeated for the entries of each."""
    axes = unit.axes(shape[1])
    if len(axes) > 1 and mask.shape in (axes[:1], (shape[0], axes[0])):
        return np.repeat(mask, axes[1], axis=-1)
    return mask


def _of_shape(name: str, x: np.ndarray, unit: Unit, shape: tuple[int, int]) -> np.ndarray:
    axes = unit.axes(shape[1])
    allowed = (shape[1:], shape, axes, (shape[0], *axes))
    if x.shape not in allowed:
        raise ValueError(f"{name} has shape {x.shape}: must be {axes} or {allowed[-1]}")
    return np.broadcast_to(flat_entries(name, x, unit, shape[1]), shape)


def _check_whole(name: str, mask: np.ndarray, unit: Unit) -> None:
    """Raise unless all entries of a Potts unit are marked, or none."""
    axes = unit.axes(mask.shape[-1])
    if len(axes) == 1:
        return
    marked = mask.reshape(-1, *axes)
    split = marked.any(axis=-1) != marked.all(axis=-1)
    if split.any():
        i = int(np.argwhere(split)[0][1])
        raise ValueError(
            f"{name} names some states of unit {i} and not others: a Potts unit is held or free as a whole"
        )


def _check_domain(name: str, x: np.ndarray, unit: Unit) -> None:
    if not x.size:
        return
    if not unit.contains(x):
        raise ValueError(
            f"{name} has entries in [{x.min():g}, {x.max():g}]: {type(unit).__name__} units take values in "
            f"{unit.domain}"
        )
