"""Histograms of a set of numbers, with errors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rbm_sim._support import check, shown


class Histogram(NamedTuple):
    """Density of the values of many units, with its error from one configuration to another.

    Attributes
    ----------
    edges : ndarray, shape (bins + 1,)
        Edges of the bins.
    density : ndarray, shape (bins,)
        Fraction of all values per unit length: it integrates to the fraction between the outer edges.
    stderr : ndarray, shape (bins,)
        Standard error of the density; nan for a single configuration.
    n : int
        Number of configurations.
    """

    edges: np.ndarray
    density: np.ndarray
    stderr: np.ndarray
    n: int

    def __repr__(self) -> str:
        return shown.fields(self)


def histogram(x: Any, bins: Any) -> Histogram:
    """Density of the activities or inputs of a layer, with standard errors.

    The units of one configuration depend on each other, so that the errors come from the scatter between
    configurations, which should be independent.

    Parameters
    ----------
    x : array_like, shape (..., units)
        Values, configuration by configuration.
    bins : int or array_like, shape (bins + 1,)
        Number of bins between the smallest and the largest value, or their edges, increasing. A value on an edge
        belongs to the bin above it, that on the last one to the last bin.

    Returns
    -------
    Histogram
        Edges, density and standard errors.

    Raises
    ------
    ValueError
        If `x` is empty or not finite, or `bins` is neither a whole number >= 1 nor an increasing sequence.

    Examples
    --------
    >>> from rbm_sim.observables import histogram
    >>> histogram([[0.1, 0.2], [0.3, 0.9]], [0, 0.5, 1]).density
    array([1.5, 0.5])
    """
    x = check.real_array("x", x, np.float64)
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"x has shape {x.shape}: must be (..., units), at least one value")
    x = x.reshape(-1, x.shape[-1])
    n = len(x)
    if np.ndim(bins) == 0:
        edges = np.histogram_bin_edges(x, check.integer("bins", bins, at_least=1))
    else:
        edges = check.real_array("bins", bins, np.float64)
        if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any():
            raise ValueError(f"bins = {check.short(bins)}: must be a whole number or increasing edges")
    size = len(edges) - 1
    index = np.searchsorted(edges, x, side="right") - 1
    index[x == edges[-1]] = size - 1
    inside = (index >= 0) & (index < size)
    cells = np.arange(n)[:, None] * size + index
    counts = np.bincount(cells[inside], minlength=n * size).reshape(n, size)
    density = counts / (x.shape[1] * np.diff(edges))
    stderr = density.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(size, np.nan)
    return Histogram(edges, density.mean(axis=0), stderr, n)
