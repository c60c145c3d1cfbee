"""Averages of a unit of any potential over its Gaussian field: which rule serves it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.potentials.law import FieldAverages
from replica.potentials.potential import Potential

__all__ = ["field_averages"]


def field_averages(unit: Potential, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
    """Averages of a unit over the inputs h + s z, z standard normal.

    Parameters
    ----------
    unit : Potential
        The unit.
    h, s, c : float, array or complex step
        Mean and standard deviation (> 0) of its input, coefficient of x²/2; shapes that broadcast to S.
    T : float, array or complex step
        Temperature, ≥ 0.
    refine : int
        Factor by which quadratures are refined, to measure their error.

    Returns
    -------
    FieldAverages
        The averages.

    Examples
    --------
    >>> from replica.potentials import Spin
    >>> round(float(field_averages(Spin(), 0.3, 1.0, 0.0, 0.5).M), 12)
    0.216111712957
    """
    h, s, c, T = np.broadcast_arrays(*(np.asarray(v) for v in (h, s, c, T)))
    with np.errstate(all="ignore"):
        cold = np.real(T) == 0
        if cold.all() and T.size:
            return unit.cold(h, s, c, refine=refine)
        if not cold.any():
            return unit.averages(h, s, c, T, refine=refine)
        frozen = unit.cold(h[cold], s[cold], c[cold], refine=refine)
        thermal = unit.averages(h[~cold], s[~cold], c[~cold], T[~cold], refine=refine)
        return FieldAverages(*(_merged(cold, a, b) for a, b in zip(frozen, thermal, strict=True)))


def _merged(where: NDArray, first: Any, second: Any) -> NDArray:
    """An array with the elements of `first` where a condition holds, and those of `second` elsewhere."""
    out = np.empty((*np.shape(first)[:-1], *where.shape), dtype=np.result_type(first, second))
    out[..., where], out[..., ~where] = first, second
    return out
