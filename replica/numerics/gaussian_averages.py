"""Averages of any function over a Gaussian field, by panels that crowd round its kinks, announced or found."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
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
"""|z| beyond which Dz carries less than 1e-20: farther out panels go only where the integrand is seen to grow."""


def gaussian_average(f: Callable[[NDArray], NDArray], *, kink: ArrayLike = 0.0, width: ArrayLike = 1.0) -> Average:
    """Average ∫Dz f(z) of a function with a kink of any sharpness, with an error estimate.

    Gauss–Legendre panels whose lengths double away from the kink: a function that varies on the scale `width`
    around `kink` and smoothly elsewhere is integrated to rounding for every width, zero (a true kink or step)
    included. The cost grows as log(1/width), that of a uniform or Gauss–Hermite rule as 1/width. Steps and kinks
    elsewhere are found by bisection, at a higher cost; what grows as fast as Dz falls is followed outwards.

    Parameters
    ----------
    f : callable
        Vectorised integrand f(z), for |z| up to 38. For array `kink` or `width` of shape S it is called with z of
        shape S + (nodes,) and must return that shape.
    kink : float or array
        Position of the kink; for tanh β(m + s z) it is −m/s. Beyond |z| = 9.5 it does not matter.
    width : float or array
        Scale on which f varies there, ≥ 0; for tanh β(m + s z) it is T/s.

    Returns
    -------
    Average
        ``value`` and ``error``, shape S. The error adds up, panel by panel, how far f is at other points from the
        polynomial that is integrated; inf where f overflows before the Gaussian has made it small. Peaks narrower
        than 0.003 that `kink` does not announce may fall between all points.

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
    panels, beyond = _extended(f, _measured(f, edges[..., :-1], edges[..., 1:]))
    value, error = _bisected(f, panels)
    error = error + beyond
    return Average(value[()], np.where(np.isfinite(error) & np.isfinite(value), error, np.inf)[()])


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
    edges = np.clip(edges, -REACH, REACH)
    return np.sort(edges, axis=-1) if centre.ndim else np.unique(edges)


class _Panels(NamedTuple):
    """Panels along the last axis."""

    left: NDArray
    right: NDArray
    first: NDArray
    """f φ next to the left end."""
    last: NDArray
    """f φ next to the right end."""
    integral: NDArray
    error: NDArray
    size: NDArray
    """Integral of |f φ|."""
    final: NDArray
    """Whether there is nothing to gain by halving."""


def _joined(*parts: _Panels) -> _Panels:
    return _Panels(*(np.concatenate(members, axis=-1) for members in zip(*parts, strict=True)))


def _part(panels: _Panels, which: slice) -> _Panels:
    return _Panels(*(member[..., which] for member in panels))


def _aside(left: NDArray, right: NDArray) -> NDArray:
    """Distance from the ends at which f is taken: on the panel's own side of a step where two panels meet."""
    return np.minimum(4 * np.spacing(np.maximum(abs(left), abs(right))), 0.5 * (right - left))


def _unseen(before: _Panels, after: _Panels) -> NDArray:
    """Error of steps so close to the place where two panels meet that neither sees them."""
    width = _aside(before.left, before.right) + _aside(after.left, after.right)
    return (width * abs(after.first - before.last)).sum(axis=-1)


NODES, CHECKS = 24, 18
"""Nodes of the rule of a panel, and points inside at which its polynomial is compared with f."""
END_SHARE = 0.01
"""Share of a panel between its last points and its ends, both sides."""


@cache
def _rule() -> tuple[NDArray, NDArray, NDArray]:
    """Nodes and checks in [−1, 1], the two ends last; weights; matrix from values at nodes to those at checks."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    check = np.append(np.polynomial.legendre.leggauss(CHECKS)[0], [-1.0, 1.0])
    # the barycentric formula: rows add up to 1 to rounding
    share = (-1.0) ** np.arange(NODES) * np.sqrt((1 - node * node) * weight) / (check[:, None] - node)
    return np.append(node, check), weight, (share / share.sum(axis=1, keepdims=True)).T


def _measured(f: Callable, left: NDArray, right: NDArray) -> _Panels:
    """Integrals over panels, with errors: length × largest deviation of f φ from its polynomial at the checks."""
    x, weight, matrix = _rule()
    half = 0.5 * (right - left)
    z = 0.5 * (left + right)[..., None] + half[..., None] * x
    aside = _aside(left, right)
    z[..., -2], z[..., -1] = left + aside, right - aside
    flat = z.reshape(*left.shape[:-1], -1)
    values = phi(z) * np.broadcast_to(f(flat), flat.shape).reshape(z.shape)
    at_nodes = values[..., :NODES]
    with np.errstate(invalid="ignore"):
        missed = abs(values[..., NODES:] - at_nodes @ matrix)
        share = np.maximum(END_SHARE, aside / np.where(half > 0, half, 1.0))
        deviation = missed[..., :CHECKS].max(axis=-1) + share * missed[..., CHECKS:].max(axis=-1)
        integral, size = half * (at_nodes @ weight), half * (abs(at_nodes) @ weight)
    empty = half == 0
    integral, error, size = (np.where(empty, 0, v) for v in (integral, 2 * half * deviation, size))
    return _Panels(left, right, values[..., -2], values[..., -1], integral, error, size, empty)


NEGLIGIBLE = 1e-17
"""Share of the average below which what lies farther out is left out."""
FARTHEST = 38.5
"""|z| at which the density φ leaves the normal numbers."""


def _extended(f: Callable, inner: _Panels) -> tuple[_Panels, NDArray]:
    """Panels as far beyond REACH as f φ is seen to matter, and an estimate of what lies beyond them."""
    shape = inner.left.shape[:-1]
    probe = np.arange(REACH, FARTHEST)
    z = np.broadcast_to(np.concatenate([-probe, probe]), (*shape, 2 * len(probe)))
    with np.errstate(all="ignore"):
        seen = abs(f(z.copy()) * phi(z)).reshape(*shape, 2, len(probe)).max(axis=-2)
    finite = np.isfinite(seen)
    seen = np.where(finite, seen, 0.0)
    matters = seen > NEGLIGIBLE * (inner.size.sum(axis=-1) + seen.sum(axis=-1))[..., None]
    cut_short = np.any(matters[..., :-1] & ~finite[..., 1:], axis=-1)
    steps = int(np.max(np.nonzero(matters)[-1], initial=-1)) + 1
    beyond = np.where(cut_short, np.inf, seen[..., steps:].sum(axis=-1))
    if not steps:
        return inner, beyond
    start = np.broadcast_to(REACH + np.arange(float(steps)), (*shape, steps))
    with np.errstate(over="ignore", invalid="ignore"):
        below, above = _measured(f, -1.0 - start[..., ::-1], -start[..., ::-1]), _measured(f, start, start + 1.0)
    return _joined(below, inner, above), beyond


ROUNDING = 2 * float(np.finfo(float).eps)
"""Share of the average that rounding may take in the sum."""
RESOLVED = 1e-15
"""Share of the average to which the error of a panel is brought down."""
MOST_PANELS = 16384
"""Panels evaluated before bisection gives up, for each element."""
NOISE, NOISE_OF_F = 1e-10, 1e-8
"""Shares of the average, and of the largest |f|, below which what halving does not reduce is rounding of f itself."""


def _bisected(f: Callable, panels: _Panels) -> tuple[NDArray, NDArray]:
    """Integral and error over all panels, those that are not resolved halved again and again."""
    total = panels.size.sum(axis=-1)
    value = np.zeros(total.shape)
    error = ROUNDING * total + _unseen(_part(panels, slice(-1)), _part(panels, slice(1, None)))
    noise, rough = NOISE * total[..., None], NOISE_OF_F * _of_f(panels, panels.size).max(axis=-1, keepdims=True)
    used = 0
    while True:
        coarse = (panels.error > RESOLVED * total[..., None]) & ~panels.final
        count = int(coarse.sum(axis=-1).max(initial=0))
        used += 2 * count
        if not count or used > MOST_PANELS:
            return value + panels.integral.sum(axis=-1), error + panels.error.sum(axis=-1)
        value = value + np.where(coarse, 0, panels.integral).sum(axis=-1)
        error = error + np.where(coarse, 0, panels.error).sum(axis=-1)
        halves = _halved(f, panels, coarse, count, lambda p: (p.error < noise) & (_of_f(p, p.error) < rough))
        error = error + _unseen(*halves)
        panels = _joined(*halves)


def _of_f(panels: _Panels, integral: NDArray) -> NDArray:
    """An integral over each panel as a mean value of f there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = integral / ((panels.right - panels.left) * phi(0.5 * (panels.left + panels.right)))
    return np.where(panels.right > panels.left, mean, 0.0)


def _halved(f: Callable, panels: _Panels, coarse: NDArray, count: int, small: Callable) -> list[_Panels]:
    """Both halves of the panels marked, as many for each element: those with fewer get empty ones.

    Where the error is `small` and halving does not reduce it, it is the rounding of f, and the halves are final.
    """
    order = np.argsort(~coarse, axis=-1, kind="stable")[..., :count]
    chosen = _Panels(*(np.take_along_axis(v, order, axis=-1) for v in panels))
    kept = np.take_along_axis(coarse, order, axis=-1)
    right = np.where(kept, chosen.right, chosen.left)
    middle = 0.5 * (chosen.left + right)
    halves = [_measured(f, chosen.left, middle), _measured(f, middle, right)]
    noisy = small(chosen)
    for half in halves:
        noisy = noisy & (half.error > chosen.error / 8)
    # where the ends are neighbouring numbers nothing is left to halve
    point = right - chosen.left <= 16 * np.spacing(np.maximum(abs(chosen.left), abs(right)))
    return [half._replace(final=half.final | noisy | point) for half in halves]
