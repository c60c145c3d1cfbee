"""Points of curves with overlap at several values of the noise: those of curves without an end at α → 0 among them.

At a given noise s the equations for m and b remain, the load being the one that r asks for:

    ⟨W M_v⟩/aLm = 1,   s² B/(p r) = b

Where the averages of visible units do not depend on b, the first is one for m alone and the second gives b.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LayerEquations
from replica.numerics.arclength import NO_OVERLAP, ON_CURVE, newton_at_noise
from replica.numerics.cells import cells_of_roots
from replica.numerics.nodes import roots_between_nodes

__all__ = ["points_with_overlap"]

LARGEST_EFFORT_OF_SCAN = 3e5
"""Weights that an average may cost here."""
LOG_NOISES = np.log(np.array([0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.5]))
OVERLAPS = np.concatenate([np.geomspace(0.02, 0.2, 4, endpoint=False), np.linspace(0.2, 1.3, 10)])
FINE_OVERLAPS = np.concatenate([np.geomspace(1e-3, 0.1, 12, endpoint=False), np.linspace(0.1, 1.3, 25)])
LOG_SELF_FIELDS = np.linspace(math.log(1e-3), math.log(30.0), 9)
"""In units natural to the layers."""


def points_with_overlap(system: LayerEquations, low: NDArray, high: NDArray) -> tuple[NDArray, NDArray]:
    """Points of curves with overlap at loads in a range.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    low, high : array, shape (R,)
        Range of ln α.

    Returns
    -------
    row, y
        Rows, shape (K,), and points, shape (K, 4).
    """
    scan = system.within(LARGEST_EFFORT_OF_SCAN)
    own, guess = (_on_lines if _fixed_size(scan) else _on_planes)(scan)
    y, left = newton_at_noise(system.rows(own), guess)
    good = (left < ON_CURVE) & (y[:, 0] > NO_OVERLAP) & (y[:, 3] > low[own]) & (y[:, 3] < high[own])
    return own[good], y[good]


def _fixed_size(system: LayerEquations) -> bool:
    """Whether averages do not depend on the self-field, as for units of one size."""
    count = len(system.units.m)
    y = np.array([[0.6, -0.7, 0.0, 0.0], [0.3, 0.3, -2.0, 0.0]])
    with np.errstate(all="ignore"):
        values = [system.at(np.tile(v, (count, 1)))[1][:, 0, 2] for v in y]
    return bool(np.all(np.abs(values) < 1e-12))


def _loads(system: LayerEquations, y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """⟨W M⟩/aLm − 1; ln s²B/pr − ln b, −∞ where C is too large; and ln α that r asks for."""
    with np.errstate(all="ignore"):
        F, _, order = system.plain(y)
        gap = F[:, 2] - F[:, 1]
        gap = np.where(np.isnan(gap) & np.isfinite(order.C), -np.inf, gap)
        return F[:, 0] / y[:, 0], gap, y[:, 3] - F[:, 1]


def _points(m: NDArray, log_s: NDArray, log_b: NDArray) -> NDArray:
    return np.stack(np.broadcast_arrays(m, log_s, log_b, 0.0), axis=-1)


def _on_lines(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Roots of the equation of m, and the self-field and load that belong to them."""
    own = np.repeat(np.arange(len(system.units.m)), len(LOG_NOISES))
    noise = np.tile(LOG_NOISES, len(system.units.m))

    def excess(m: NDArray, i: NDArray) -> NDArray:
        return _loads(system.rows(own[i]), _points(m, noise[i], np.zeros(len(m))))[0]

    index, m = roots_between_nodes(excess, np.tile(FINE_OVERLAPS, (len(own), 1)), rtol=1e-6)
    y = _points(m, noise[index], np.zeros(len(m)))
    _, y[:, 2], y[:, 3] = _loads(system.rows(own[index]), y)
    good = np.isfinite(y).all(axis=-1)
    return own[index[good]], y[good]


def _on_planes(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Middles of cells of (m, ln b) in which both equations may be fulfilled."""
    shape = len(system.units.m) * len(LOG_NOISES), len(LOG_SELF_FIELDS), len(OVERLAPS)
    own = np.repeat(np.arange(len(system.units.m)), len(LOG_NOISES))
    noise = np.tile(LOG_NOISES, len(system.units.m))
    m, log_b = np.broadcast_to(OVERLAPS, shape), np.broadcast_to(LOG_SELF_FIELDS[:, None], shape)
    y = _points(m, noise[:, None, None], log_b).reshape(-1, 4)
    overlap, gap, _ = _loads(system.rows(np.repeat(own, shape[1] * shape[2])), y)
    index, m, log_b = cells_of_roots(overlap.reshape(shape), gap.reshape(shape), m, log_b)
    y = _points(m, noise[index], log_b)
    _, _, y[:, 3] = _loads(system.rows(own[index]), y)
    good = np.isfinite(y).all(axis=-1)
    return own[index[good]], y[good]
