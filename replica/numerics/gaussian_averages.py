"""Averages of any function over a Gaussian field, by panels that crowd round its kink."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.numerics.elementary import phi
from replica.numerics.number import Number

__all__ = ["Average", "gaussian_average"]


class Average(NamedTuple):
    """A Gaussian average and the estimate of its absolute error."""

    value: Number
    error: Number


REACH = 9.5
"""|z| beyond which Dz carries less than 1e-20."""


def gaussian_average(f: Callable[[NDArray], NDArray], *, kink: ArrayLike = 0.0, width: ArrayLike = 1.0) -> Average:
    """Average ∫Dz f(z) of a function with a kink of any sharpness, with an error estimate.

    Gauss–Legendre panels whose lengths double away from the kink: a function that varies on the scale `width`
    around `kink` and smoothly elsewhere is integrated to rounding for every width, zero (a true kink or step)
    included. The cost grows as log(1/width), that of a uniform or Gauss–Hermite rule as 1/width.

    Parameters
    ----------
    f : callable
        Vectorised integrand f(z). For array `kink` or `width` of shape S it is called with z of shape
        S + (nodes,) and must return that shape.
    kink : float or array
        Position of the kink; for tanh β(m + s z) it is −m/s. Beyond |z| = 9.5 it does not matter.
    width : float or array
        Scale on which f varies there, ≥ 0; for tanh β(m + s z) it is T/s.

    Returns
    -------
    Average
        ``value`` and ``error``, shape S: the error is the difference from the same panels with fewer nodes.

    Raises
    ------
    ValueError
        If a width is negative or not a number, or a kink is not a number.

    Examples
    --------
    >>> value, error = gaussian_average(abs)
    >>> round(float(value), 12)
    0.797884560803
    """
    centre, scale = np.broadcast_arrays(np.asarray(kink, dtype=float), np.asarray(width, dtype=float))
    if np.isnan(centre).any():
        raise ValueError("kink = nan: the position of the kink is a number")
    if np.isnan(scale).any() or (scale < 0).any():
        raise ValueError(f"width = {width!r}: the width of the kink is a number >= 0")
    edges = _panel_edges(np.clip(centre, -REACH, REACH), scale)
    fine, coarse = (_panels(f, edges, nodes) for nodes in (24, 18))
    return Average(fine[()], np.abs(fine - coarse)[()])


def _panel_edges(centre: NDArray, scale: NDArray) -> NDArray:
    """Panel edges, shape S + (panels + 1,), from −REACH to REACH, doubling in length away from the centre."""
    first = np.clip(scale, 0.0, 1.0)
    smallest = float(np.min(first[first > 1e-16], initial=1.0))
    doublings = math.ceil(math.log2(2 * REACH / smallest))
    first = np.maximum(first, smallest)
    steps = np.concatenate([[0.0], 2.0 ** np.arange(doublings + 1)])
    steps = np.unique(np.concatenate([steps, 0.5 * (steps[1:] + steps[:-1])]))
    offsets = np.concatenate([-steps[:0:-1], steps])
    # panels no longer than one standard deviation keep the Gaussian itself resolved
    uniform = np.broadcast_to(np.linspace(-REACH, REACH, 20), (*centre.shape, 20))
    edges = np.concatenate([centre[..., None] + first[..., None] * offsets, uniform], axis=-1)
    return np.sort(np.clip(edges, -REACH, REACH), axis=-1)


def _panels(f: Callable, edges: NDArray, nodes: int) -> NDArray:
    x, w = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * np.diff(edges, axis=-1)[..., None]
    middle = 0.5 * (edges[..., 1:] + edges[..., :-1])[..., None]
    z = middle + half * x
    weight = half * w * phi(z)
    shape = (*edges.shape[:-1], -1)
    return np.sum(weight.reshape(shape) * f(z.reshape(shape)), axis=-1)
