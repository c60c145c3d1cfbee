"""The ends of curves with overlap: all states without noise, and all marginal ones, C = a.

Both are sought on nodes: of m alone, or of m and ln s. Beside an input at which a unit jumps or bends, t, averages
change within m w = t ± s (or ± T), however small that is: nodes crowd there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LayerEquations
from replica.numerics.cells import cells_of_roots
from replica.numerics.nodes import roots_between_nodes

__all__ = ["marginal_states", "noiseless_states"]

QUIET = 1e-9
"""Noise that stands for none."""
ROUNDING = 1e-12
"""Margin 1 − C/a that is none: normal weights have C = a throughout."""
LARGEST_OVERLAP = 1e3
TOP = 1.25
"""Overlap from which nodes end, doubled until ⟨W M⟩/aL is smaller; no likely root itself."""
ROUNDINGS = 30
"""Units of the last place in which a sign means nothing."""
MOST_THRESHOLDS = 24
STEPS_APART = np.concatenate([-np.geomspace(0.2, 1e-10, 16), np.geomspace(1e-10, 0.2, 16)])
"""Relative distances of nodes from a threshold."""
OVERLAPS = np.concatenate([np.geomspace(1e-6, 0.01, 40, endpoint=False), np.linspace(0.01, 1, 200)])
"""Nodes, over the largest."""


def noiseless_states(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Rows and overlaps, in their unit, of the states without noise: roots of ⟨W M_v⟩/aLm = 1 with C < a.

    Where C = a without overlap, as at T = p for spins, that is fulfilled for m → 0 up to m²: no roots
    are made of rounding there.

    Parameters
    ----------
    system : LayerEquations
        The equations.

    Returns
    -------
    row, m
        Of each state.
    """

    def excess(m: NDArray, row: NDArray) -> NDArray:
        return _quiet(system.rows(row), m)[0]

    top = _largest(system)
    nodes = top[:, None] * OVERLAPS
    t = np.where(_width(system)[:, None] < SHARP, _thresholds(system), np.inf)
    beside = (t[:, np.isfinite(t).any(axis=0), None] * (1 + STEPS_APART)).reshape(len(top), -1)
    beside = np.where(beside < top[:, None], beside, top[:, None])
    nodes = np.sort(np.concatenate([nodes, beside], axis=1), axis=1)
    row, m = roots_between_nodes(excess, nodes)
    # ⟨W M⟩ is known to a rounding of a unit's size, ⟨W M⟩/aLm − 1 to that over m, and its slope by ln m is C/a − 1
    good = _quiet(system.rows(row), m)[1] < -ROUNDINGS * np.finfo(float).eps / m
    return row[good], m[good]


def _largest(system: LayerEquations) -> NDArray:
    """Overlap beyond which there are no states."""
    top = np.full(len(system.units.m), TOP)
    growing = np.arange(len(top))
    while len(growing):
        more = _quiet(system.rows(growing), top[growing])[0] > 0
        growing = growing[more & (top[growing] < LARGEST_OVERLAP)]
        top[growing] *= 2
    return top


def _quiet(system: LayerEquations, m: NDArray) -> tuple[NDArray, NDArray]:
    """⟨W M⟩/aLm − 1 and C/a − 1 without noise and self-field: at T > 0 those of the law at each input."""
    layers = system.layers
    overlap, response = (np.full(len(m), np.nan) for _ in range(2))
    # where W fills an interval, T > 0 needs its averages too
    cold = (layers.T == 0) | bool(np.any(layers.law.normal)) | (layers.law.density is not None)
    if cold.any():
        own = system.rows(np.nonzero(cold)[0])
        overlap[cold], response[cold], _ = _averages(own, m[cold], np.full(int(cold.sum()), QUIET))
    if not cold.all():
        own, mean = system.rows(np.nonzero(~cold)[0]), (m * system.units.m)[~cold]
        T, w = own.layers.T[:, None], own.layers.law.w
        weight = np.broadcast_to(own.layers.law.weight, (len(mean), len(w)))
        with np.errstate(all="ignore"):
            law = own.layers.visible.law(mean[:, None] * w, np.zeros((len(mean), len(w))), T)
            answer = (weight * w * law.mean).sum(axis=-1) / (own.layers.stiffness() * own.layers.L)
            overlap[~cold] = answer / mean - 1
            response[~cold] = own.layers.p * (weight * law.variance / T).sum(axis=-1) / own.layers.softest - 1
    return overlap, response


def _width(system: LayerEquations) -> NDArray:
    """Width of thermal steps, in the unit of noise."""
    return system.layers.T / (system.units.s * system.units.v)


def _averages(system: LayerEquations, m: NDArray, s: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """⟨W M⟩/aLm − 1 and C/a − 1 at b = 0, and their slopes by (ln m, ln s), shape (P, 2, 2)."""
    m, s = m * system.units.m, s * system.units.s
    with np.errstate(all="ignore"):
        v = system.layers.visible_layer(m, s, 0.0)
        a = system.layers.softest
        J = np.array(
            [[v.slopes[0, 0] - v.m / m, s / m * v.slopes[0, 1]], [m / a * v.slopes[2, 0], s / a * v.slopes[2, 1]]]
        )
        return v.m / m - 1, v.C / a - 1, np.moveaxis(J, -1, 0)


def _thresholds(system: LayerEquations) -> NDArray:
    """Overlaps, in their unit, at which m w passes an input where units jump; nan beyond those there are."""
    T = system.layers.T
    t = np.asarray(system.layers.visible.corners(np.zeros_like(T), np.where(T > 0, T, 1.0)))
    w = system.layers.law.w
    w = w[w != 0][np.argsort(np.abs(w[w != 0]), kind="stable")]
    m = (t[:, :, None] / w).reshape(len(T), -1) / system.units.m[:, None]
    m = np.where((m > 0) & np.isfinite(m), m, np.inf)
    return np.sort(m, axis=1)[:, :MOST_THRESHOLDS]


# Marginal states.

FINE, COARSE = 0.25, 0.45
"""Spacing of the nodes in ln s at T = 0, and at T > 0, where averages cost more and change less."""
OF_OVERLAP = np.concatenate([np.geomspace(1e-3, 0.05, 10, endpoint=False), np.linspace(0.05, 1, 39)])
BESIDE = np.linspace(-5, 5, 21)
"""Nodes beside a threshold, in its width."""
LARGEST_NOISE = 3.0
NARROW = 0.05
SHARP = 0.05
"""Width of thermal steps, over the unit of noise, below which nodes crowd round thresholds."""
SAME = 1e-6


def marginal_states(system: LayerEquations) -> tuple[NDArray, NDArray, NDArray]:
    """Rows, overlaps and ln of noises, in their units, of the states at b = 0 with C = a.

    Parameters
    ----------
    system : LayerEquations
        The equations.

    Returns
    -------
    row, m, log_s
        Of each state.
    """
    rows = np.nonzero(np.isfinite(system.layers.softest) & np.isfinite(system.layers.stiffness()))[0]
    if not len(rows):
        return rows, np.zeros(0), np.zeros(0)
    system = system.rows(rows)
    # noise far below the width of thermal steps changes nothing
    width = _width(system)
    least = np.clip(0.1 * width, 1e-8, 0.3)
    spacing, overlaps = (COARSE, OF_OVERLAP[::2]) if width.any() else (FINE, OF_OVERLAP)
    count = math.ceil(math.log(LARGEST_NOISE / least.min()) / spacing)
    log_s = np.log(least)[:, None] + np.linspace(0, 1, count) * np.log(LARGEST_NOISE / least)[:, None]
    top = _largest(system)
    plain = np.broadcast_to((top[:, None] * overlaps)[:, None, :], (len(rows), count, len(overlaps)))
    found = [_from_cells(system, plain, log_s)]
    t = _thresholds(system)
    for column in range(t.shape[1]):
        own = np.nonzero((t[:, column] < top) & (width < SHARP))[0]
        if len(own):
            scale = (system.units.s / system.units.m)[own, None]
            blur = scale * np.hypot(np.exp(log_s[own]), width[own, None])
            m = t[own, column, None, None] + blur[:, :, None] * BESIDE
            row, *at = _from_cells(system.rows(own), m, log_s[own])
            found.append((own[row], *at))
    row, m, x = (np.concatenate(v) for v in zip(*found, strict=True))
    row, m, x = _once(*_newton(system, *_once(row, m, x), exact=True))
    return rows[row], m, x


def _from_cells(system: LayerEquations, m: NDArray, log_s: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Roots from all cells of a grid, shape (R, K, J), at or beside which both equations change sign."""
    rows, lines, columns = m.shape
    s = np.broadcast_to(np.exp(log_s)[:, :, None], m.shape)
    index = np.repeat(np.arange(rows), lines * columns)
    inside = m > 0
    flat = np.where(inside, m, 1.0).ravel()
    overlap, response, _ = _averages(_nearly(system.rows(index), s.ravel()), flat, s.ravel())
    both = [np.where(inside, v.reshape(m.shape), np.nan) for v in (overlap, response)]
    row, *middle = cells_of_roots(both[0], both[1], m, np.log(s))
    good = middle[0] > 0
    return _newton(system, row[good], middle[0][good], middle[1][good], exact=False)


def _nearly(system: LayerEquations, s: NDArray) -> LayerEquations:
    """The equations at T = 0 where steps are far narrower than the noise: an error of its square."""
    T = np.where(_width(system) < NARROW * s, 0.0, system.layers.T)
    return system._replace(layers=system.layers._replace(T=T))


def _newton(
    system: LayerEquations, row: NDArray, m: NDArray, log_s: NDArray, *, exact: bool
) -> tuple[NDArray, NDArray, NDArray]:
    """Newton's method in (ln m, ln s), steps halved until both equations are better fulfilled; at T or nearly so."""
    x = np.stack([np.log(m), log_s], axis=-1)

    def at(x: NDArray, index: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        own, s = system.rows(row[index]), np.exp(x[:, 1])
        overlap, response, J = _averages(own if exact else _nearly(own, s), np.exp(x[:, 0]), s)
        E = np.stack([overlap, response], axis=-1)
        size = np.abs(E).max(axis=-1)
        return E, J, np.where(np.isfinite(size), size, np.inf)

    E, J, left = at(x, np.arange(len(x)))
    active = np.nonzero(np.isfinite(left))[0]
    for _ in range(30):
        # without overlap every noise at which C = a is a root
        active = active[(left[active] > (1e-13 if exact else 1e-8)) & (x[active, 0] > math.log(OF_OVERLAP[0]))]
        if not len(active):
            break
        det = J[active, 0, 0] * J[active, 1, 1] - J[active, 0, 1] * J[active, 1, 0]
        with np.errstate(all="ignore"):
            step = np.stack(
                [
                    J[active, 1, 1] * E[active, 0] - J[active, 0, 1] * E[active, 1],
                    J[active, 0, 0] * E[active, 1] - J[active, 1, 0] * E[active, 0],
                ],
                axis=-1,
            )
            step /= det[:, None]
            step *= np.minimum(1, 0.7 / np.abs(step).max(axis=-1))[:, None]
        usable = np.isfinite(step).all(axis=-1)
        active, step = active[usable], step[usable]
        waiting, length, better = np.arange(len(active)), 1.0, np.zeros(len(active), dtype=bool)
        while len(waiting) and length > 0.1:
            index = active[waiting]
            trial = x[index] - length * step[waiting]
            new_E, new_J, size = at(trial, index)
            good = size < left[index]
            x[index[good]], E[index[good]], J[index[good]] = trial[good], new_E[good], new_J[good]
            left[index[good]] = size[good]
            better[waiting[good]] = True
            waiting, length = waiting[~good], length / 2
        active = active[better]
    good = (left < (1e-9 if exact else 1e-6)) & (x[:, 0] > math.log(OF_OVERLAP[0]))
    return row[good], np.exp(x[good, 0]), x[good, 1]


def _once(row: NDArray, m: NDArray, log_s: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Each state once."""
    rank = np.lexsort((log_s, m, row))
    row, m, log_s = row[rank], m[rank], log_s[rank]
    keep = np.ones(len(row), dtype=bool)
    for back in range(1, min(len(row), 40)):
        close = (row[back:] == row[:-back]) & (np.abs(np.log(m[back:] / m[:-back])) < SAME)
        keep[back:] &= ~(close & (np.abs(log_s[back:] - log_s[:-back]) < SAME))
    return row[keep], m[keep], log_s[keep]
