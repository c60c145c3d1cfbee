"""What makes no sense in a potential, said on one line."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

__all__ = ["check_energy", "check_increasing", "finite"]


class HasEnergy(Protocol):
    """A unit, as far as its energy is concerned."""

    def energy(self, x: Any, T: Any) -> Any:
        """Return U(x)."""


def check_energy(unit: HasEnergy, x: Any, T: float) -> None:
    """Refuse an energy that is not one finite number for each value.

    Parameters
    ----------
    unit : Potential
        The unit.
    x : ndarray
        Values.
    T : float
        Temperature.

    Raises
    ------
    ValueError
        If it is not.
    """
    name = type(unit).__name__
    try:
        with np.errstate(all="ignore"):
            energy = unit.energy(x, T)
            # as it is called for many temperatures at once
            several = unit.energy(x, np.full((2, 1), float(T)))
            np.broadcast_to(several, (2, *np.shape(x)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}.energy(self, x, T): arrays x and T are to give an array; it raised {error}") from None
    if not isinstance(energy, np.ndarray) or energy.shape != x.shape or not np.isrealobj(energy):
        raise ValueError(f"{name}.energy: a real array of the shape of x is needed, {x.shape}, not {energy!r:.60}")
    bad = ~np.isfinite(energy)
    if bad.any():
        where = f"{name}.energy({float(x[bad][0]):g}, T = {T:g})"
        raise ValueError(f"{where} = {energy[bad][0]}: a finite number is needed")


def check_increasing(name: str, values: Any) -> None:
    """Refuse what is no tuple of two or more increasing numbers.

    Parameters
    ----------
    name : str
        What to call it.
    values : object
        The values.

    Raises
    ------
    ValueError
        If it is not.
    """
    numbers = isinstance(values, (tuple, list)) and all(isinstance(v, (int, float, np.number)) for v in values)
    if not numbers or len(values) < 2 or not all(a < b for a, b in pairwise(values)):
        raise ValueError(f"{name} = {values!r}: two or more increasing numbers are needed")


def finite(name: str, value: Any) -> float:
    """Return a parameter as a float, or raise ValueError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, (bool, str)) or not math.isfinite(number):
        raise ValueError(f"{name} = {value!r}: a finite number is needed")
    return number
