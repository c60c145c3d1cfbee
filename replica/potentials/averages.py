"""Averages of a unit of any potential over its Gaussian input, at any T ≥ 0: what is asked of a unit from outside.

Here, and nowhere above, T = 0 is told from T > 0: `Potential.cold` gives the averages of the one, `Potential.averages`
those of the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.potentials.law import FieldAverages
from replica.potentials.potential import Potential

__all__ = ["field_averages", "natural_size"]

SILENT = 1e-150
"""Noise that stands for none at T = 0."""


def field_averages(
    unit: Potential,
    h: Any,
    s: Any,
    c: Any,
    T: Any,
    *,
    refine: int = 1,
    most: float = math.inf,
    bare: bool = False,
) -> FieldAverages:
    """Averages of a unit over the inputs h + s z, z standard normal.

    Parameters
    ----------
    unit : Potential
        The unit.
    h, s, c : float, array or complex step
        Mean and standard deviation (≥ 0) of its input, coefficient of x²/2; shapes that broadcast to S.
    T : float, array or complex step
        Temperature, ≥ 0.
    refine : int
        Factor by which quadratures are refined, to measure their error.
    most : float
        Weights that one average may cost.
    bare : bool
        Whether K and V may be left out, nan, where they cost something of their own.

    Returns
    -------
    FieldAverages
        The averages, nan where one would cost more; at T = 0 their limits s → 0 where s = 0, nan for units on an
        interval.

    Examples
    --------
    >>> from replica.potentials import Spin
    >>> round(float(field_averages(Spin(), 0.3, 1.0, 0.0, 0.5).M), 12)
    0.216111712957
    """
    with np.errstate(all="ignore"):
        cold = _is_cold(T)
        silent = cold & (np.real(s) == 0)
        left_out = silent & (not unit.rests)
        if unit.rests and np.any(silent):
            s = np.where(silent, s + SILENT, s)
        if most < math.inf:
            noise, coupling, warm = np.broadcast_arrays(np.real(s), np.real(c), np.where(cold, 1.0, np.real(T)))
            left_out = left_out | ~cold & (unit.effort(noise, coupling, warm) > most)
        if np.any(left_out):
            s = np.where(left_out, np.nan, s)
        h, s, c, T, cold = np.broadcast_arrays(h, s, c, T, cold)
        if cold.all() and T.size:
            return unit.cold(h, s, c, refine=refine, bare=bare)
        if not cold.any():
            return unit.averages(h, s, c, T, refine=refine, bare=bare)
        frozen = unit.cold(h[cold], s[cold], c[cold], refine=refine, bare=bare)
        thermal = unit.averages(h[~cold], s[~cold], c[~cold], T[~cold], refine=refine, bare=bare)
        return FieldAverages(*(_merged(cold, a, b) for a, b in zip(frozen, thermal, strict=True)))


def natural_size(unit: Potential, T: Any) -> NDArray:
    """Size of x without input, √(⟨x⟩² + σ²) with its largest standard deviation σ; at T = 0 what it is at T = 1.

    Parameters
    ----------
    unit : Potential
        The unit.
    T : array
        Temperature, ≥ 0.

    Returns
    -------
    array
        Sizes.
    """
    warm = np.where(_is_cold(T), 1.0, T)
    zero = np.zeros_like(warm)
    with np.errstate(all="ignore"):
        return np.hypot(unit.law(zero, zero, warm).mean, unit.spread(zero, warm))


def _is_cold(T: Any) -> Any:
    return np.real(T) == 0


def _merged(where: NDArray, first: Any, second: Any) -> NDArray:
    """An array with the elements of `first` where a condition holds, and those of `second` elsewhere."""
    out = np.empty((*np.shape(first)[:-1], *where.shape), dtype=np.result_type(first, second))
    out[..., where], out[..., ~where] = first, second
    return out
