"""Classes of visible units: those of one p_i, or of neighbouring ones of a distribution."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Classes", "classes"]


class Classes(NamedTuple):
    """Classes of visible units: x = p_i/p and the fraction of the units in each.

    Units without patterns count as the limit x → 0, x = 1e-30: all that they feel is the field g.
    """

    x: NDArray
    fraction: NDArray

    @property
    def equal(self) -> bool:
        """Whether all units are alike."""
        return bool(len(self.x) == 1 and self.x[0] == 1)

    def shrunk(self, spread: float) -> Classes:
        """Classes with the deviations from 1 multiplied by `spread` (0: homogeneous)."""
        return Classes(np.maximum(1 + spread * (self.x - 1), SILENT), self.fraction)

    def merged(self, count: int) -> Classes:
        """At most `count` classes, each the mean of neighbours."""
        place = np.cumsum(self.fraction * (1 + self.x)) - 0.5 * self.fraction * (1 + self.x)
        index = np.minimum((count * place / place[-1]).astype(int), count - 1)
        fraction = np.bincount(index, self.fraction)
        x = np.bincount(index, self.fraction * self.x)[fraction > 0] / fraction[fraction > 0]
        return Classes(x, fraction[fraction > 0])


SILENT = 1e-30
"""x of units without patterns."""


def classes(values: Any, mean: float, name: str, refine: int = 1) -> Classes:
    """Classes of units from a list of p_i (or x_i), an array, or a distribution.

    Parameters
    ----------
    values : array_like or frozen scipy.stats distribution
        Values for single units, or their distribution (anything with ``ppf``), which is replaced by classes at the
        nodes of a quadrature: as many as resolve its moments to 1e-10, 192 at most.
    mean : float
        Mean they must have: p, or 1 for x_i.
    name : str
        Name of the argument, for messages.
    refine : int
        Factor by which there are more classes of a distribution, to see what their number does.

    Returns
    -------
    Classes
        x = value/mean, increasing, and the fraction of the units with each, sum 1.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or the mean differs.
    """
    if hasattr(values, "ppf"):
        if not hasattr(values, "args"):
            raise ValueError(f"{name} = {type(values).__name__}: a frozen distribution, with its parameters, is needed")
        x, fraction = _quantiles(values, mean, name, refine)
        found, tolerance = float(x @ fraction), 1e-3
    else:
        try:
            flat = np.asarray(values, dtype=float).ravel()
        except (TypeError, ValueError):
            raise ValueError(f"{name} = {values!r}: a list of numbers or a frozen distribution is needed") from None
        if not flat.size:
            raise ValueError(f"{name} is empty: at least one value is needed")
        x, counts = np.unique(flat, return_counts=True)
        fraction, found, tolerance = counts / flat.size, float(flat.mean()), 1e-9
    if not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError(f"{name} holds {x[~(np.isfinite(x) & (x >= 0))][0]}: finite numbers >= 0 are needed")
    if not abs(found - mean) <= tolerance * mean:
        raise ValueError(f"{name} has the mean {found:.10g}, but {mean:.10g} is needed")
    return Classes(np.maximum(x / found, SILENT), fraction)


NODES = (24, 48, 96, 192)
"""Numbers of classes of a distribution."""
RESOLVED = 1e-10
"""Change of moments, those of x = p_i/p up to the second, below which there are enough."""


def _quantiles(values: Any, mean: float, name: str, refine: int) -> tuple[NDArray, NDArray]:
    """Values and weights of the first quadrature whose moments do not change when its nodes are doubled."""
    for count in NODES:
        x, weight = _nodes(values, mean, count)
        finer = _nodes(values, mean, 2 * count)
        with np.errstate(all="ignore"):
            one, two = _moments(x / mean, weight), _moments(finer[0] / mean, finer[1])
            change = float(np.max(np.abs(one - two) / np.maximum(np.abs(two), 1.0)))
        if change <= RESOLVED:
            break
    if not change <= 1e-3:
        raise ValueError(f"{name} is too broad: {count} classes do not resolve its variance; give a list")
    return _nodes(values, mean, refine * count) if refine > 1 else (x, weight)


def _moments(x: NDArray, weight: NDArray) -> NDArray:
    """⟨√x⟩, ⟨x⟩, ⟨x²⟩ and ⟨e^−x⟩."""
    return np.array([np.sqrt(np.abs(x)), x, x * x, np.exp(-x)]) @ weight


def _nodes(values: Any, mean: float, count: int) -> tuple[NDArray, NDArray]:
    """Gauss–Legendre nodes in z, u = I_z(4, 4) the argument of the quantile function: its ends do not matter."""
    from scipy.special import betainc

    node, weight = np.polynomial.legendre.leggauss(count)
    z, density = 0.5 * (node + 1), 70 * (0.25 * (1 - node * node)) ** 3 * weight
    low = z < 0.5
    upper = values.isf if hasattr(values, "isf") else lambda v: values.ppf(1 - v)
    x = np.where(low, values.ppf(betainc(4, 4, z)), upper(betainc(4, 4, 1 - z)))
    x = np.asarray(x, dtype=float)
    # the outermost carry nothing
    sound = density * (1 + (x / mean) ** 2) > 1e-16
    return x[sound], density[sound] / density[sound].sum()
