"""Classes of units: visible ones of one p_i and g_i, or of neighbouring p_i; hidden ones of one θ_μ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Classes", "Thresholds", "classes", "thresholds", "with_fields"]


class Classes(NamedTuple):
    """Classes of visible units: x = p_i/p and the fraction of the units in each.

    Units without patterns count as the limit x → 0, x = 1e-30: all that they feel is the field g.
    """

    x: NDArray
    fraction: NDArray
    field: NDArray | float = 0.0
    """g_i beside the field g, of mean 0; of points of a flat model each, they may come in rows."""

    @property
    def equal(self) -> bool:
        """Whether all units are alike."""
        return bool(len(self.x) == 1 and self.x[0] == 1)

    @property
    def fields(self) -> NDArray:
        """The g_i of all classes."""
        return np.broadcast_to(self.field, np.broadcast_shapes(np.shape(self.field), self.x.shape))

    def shrunk(self, spread: float) -> Classes:
        """Classes with the deviations from 1, and the g_i, multiplied by `spread` (0: homogeneous)."""
        return Classes(np.maximum(1 + spread * (self.x - 1), SILENT), self.fraction, spread * self.field)

    def merged(self, count: int) -> Classes:
        """At most `count` classes, each the mean of neighbours."""
        place = np.cumsum(self.fraction * (1 + self.x)) - 0.5 * self.fraction * (1 + self.x)
        index = np.minimum((count * place / place[-1]).astype(int), count - 1)
        fraction = np.bincount(index, self.fraction)
        x = np.bincount(index, self.fraction * self.x)[fraction > 0] / fraction[fraction > 0]
        return Classes(x, fraction[fraction > 0])


class Thresholds(NamedTuple):
    """Classes of hidden units: θ_μ beside the threshold θ, of mean 0, and the fraction of the units in each."""

    shift: NDArray
    fraction: NDArray

    def shrunk(self, spread: float) -> Thresholds:
        """Classes with the θ_μ multiplied by `spread`."""
        return Thresholds(spread * self.shift, self.fraction)


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
        flat = _listed(values, name, "a list of numbers or a frozen distribution")
        x, counts = np.unique(flat, return_counts=True)
        fraction, found, tolerance = counts / flat.size, float(flat.mean()), 1e-9
    if not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError(f"{name} holds {x[~(np.isfinite(x) & (x >= 0))][0]}: finite numbers >= 0 are needed")
    if not abs(found - mean) <= tolerance * mean:
        raise ValueError(f"{name} has the mean {found:.10g}, but {mean:.10g} is needed")
    return Classes(np.maximum(x / found, SILENT), fraction)


def _listed(values: Any, name: str, wanted: str) -> NDArray:
    """Numbers of a list that is not empty."""
    try:
        given = np.asarray(values)
        real = given.dtype.kind in "iufO" and not np.iscomplexobj(given)
        flat = given.astype(float) if real else None
    except (TypeError, ValueError):
        flat = None
    if flat is None or flat.ndim != 1:
        text = " ".join(repr(values).split())
        raise ValueError(f"{name} = {text if len(text) <= 80 else text[:77] + '...'}: {wanted} is needed")
    if not flat.size:
        raise ValueError(f"{name} is empty: at least one value is needed")
    return flat


def _centred(values: Any, name: str, beside: str) -> NDArray:
    """Numbers of mean 0."""
    if hasattr(values, "ppf"):
        raise ValueError(f"{name} is a distribution: a list of values is needed, such as its ppf at (k + 1/2)/n")
    flat = _listed(values, name, "a list of numbers")
    if not np.isfinite(flat).all():
        raise ValueError(f"{name} holds {flat[~np.isfinite(flat)][0]}: finite numbers are needed")
    mean, size = float(flat.mean()), float(np.abs(flat).max())
    if abs(mean) > 1e-9 * size:
        raise ValueError(f"{name} has the mean {mean:.6g}: they come beside {beside}, and a mean of 0 is needed")
    return flat


def thresholds(values: Any, name: str) -> Thresholds:
    """Classes of hidden units from a list of θ_μ of mean 0, which come beside θ.

    Parameters
    ----------
    values : array_like, shape (units,)
        Thresholds less their mean.
    name : str
        Name of them, for messages.

    Returns
    -------
    Thresholds
        Shifts, and the fractions of units that have them.

    Raises
    ------
    ValueError
        If they are no finite numbers, or have another mean.
    """
    shift, counts = np.unique(_centred(values, name, "theta"), return_counts=True)
    return Thresholds(shift, counts / counts.sum())


def with_fields(p_i: Any, g_i: Any, mean: float, name: str) -> Classes:
    """Classes of visible units that differ in g_i, of mean 0 beside g, and in their p_i or x_i where these are given.

    Parameters
    ----------
    p_i : array_like or None
        Values of the same units, in the same order.
    g_i : array_like
        Fields.
    mean : float
        Mean that the p_i must have.
    name : str
        Name of p_i, for messages.

    Returns
    -------
    Classes
        One class for each pair of values that occurs.

    Raises
    ------
    ValueError
        If the lists do not belong to the same units, or have other means.
    """
    field = _centred(g_i, "g_i", "g")
    if hasattr(p_i, "ppf"):
        raise ValueError(f"{name} is a distribution: beside g_i a list of values is needed, of the same units")
    joint = np.full(field.shape, mean) if p_i is None else _listed(p_i, name, "a list of numbers")
    if joint.shape != field.shape:
        raise ValueError(f"g_i: {len(field)} fields and {len(joint)} {name}: as many are needed, of the same units")
    classes(joint, mean, name)
    pairs, counts = np.unique(np.stack([joint, field]), axis=1, return_counts=True)
    return Classes(np.maximum(pairs[0] / joint.mean(), SILENT), counts / len(field), pairs[1])


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
