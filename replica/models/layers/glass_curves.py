"""States without overlap, m = 0 < q, on all curves that end at α → 0 or meet one of several values of the noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found
from replica.models.layers.at_loads import LayeredModel, asked, listed, states_on
from replica.models.layers.between_ends import between_ends
from replica.models.layers.curve_equations import LARGE_NOISE, LARGEST_EFFORT, LayerEquations, Loads, layer_equations
from replica.models.layers.ends import starts
from replica.models.layers.through_seeds import through_seeds
from replica.numerics.arclength import ON_CURVE
from replica.numerics.load_curve import newton_at_noise
from replica.numerics.nodes import roots_between_nodes

__all__ = ["glasses"]

LARGEST_EFFORT_OF_SCAN = 3e5
"""Weights that an average may cost where curves are looked for."""
FARTHEST, BEYOND = 6.0, 0.5
"""How far, in ln α, curves are followed beyond the largest load and beyond 1, in case they turn back; beyond seeds."""
LOG_NOISES = np.log(np.array([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0]))
LOG_SELF_FIELDS = np.linspace(math.log(1e-8), math.log(300.0), 60)
"""In units natural to the layers."""


def glasses(flat: LayeredModel) -> Found:
    """States with m = 0 < q."""
    points = asked(flat)
    system = layer_equations(points.couplings, frozen=True)
    row, seed = _seeds(system)
    again, more = _beside_unbounded(system)
    row, seed = np.concatenate([row, again]), np.concatenate([seed, more])
    high = points.high.copy()
    np.maximum.at(high, row, seed[:, 3])
    high = np.minimum(high, np.maximum(points.high, 0.0) + FARTHEST) + BEYOND
    loads = Loads(points.low, points.high, high)
    traced = between_ends(system, starts(system, loads), loads)
    through_seeds(system, traced, row, seed, loads)
    found = states_on(points, points.couplings, traced.curves, traced.row, frozen=True)
    return listed("spin_glass", [found], np.zeros(len(points.group), dtype=int), traced.at_points(points.group))


def _beside_unbounded(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Points of the curves that run to q → ∞, at a large noise."""
    rows = np.nonzero(np.isfinite(system.far.b))[0]
    own = system.rows(rows)
    guess = np.stack(
        [0 * own.far.b, LARGE_NOISE + 0 * own.far.b, np.log(own.far.b / own.units.b), np.log(own.far.alpha)], axis=-1
    )
    y, left = newton_at_noise(own, guess)
    good = left < ON_CURVE
    return rows[good], y[good]


def _seeds(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Points of curves at several noises; where none is found, again with averages of any cost that is borne at all."""
    row, seed = _seeds_within(system, LARGEST_EFFORT_OF_SCAN)
    without = np.setdiff1d(np.arange(len(system.layers.T)), row)
    if len(without):
        again, more = _seeds_within(system.rows(without), LARGEST_EFFORT)
        row, seed = np.concatenate([row, without[again]]), np.concatenate([seed, more])
    return row, seed


def _seeds_within(system: LayerEquations, effort: float) -> tuple[NDArray, NDArray]:
    """Self-fields at which both equations ask for the same load, at several noises."""
    rows = len(system.layers.T)
    scan = system.within(effort)
    noise = np.tile(LOG_NOISES, rows)
    own = np.repeat(np.arange(rows), len(LOG_NOISES))

    def loads(row: NDArray, log_s: NDArray, log_b: NDArray) -> tuple[NDArray, NDArray]:
        """Ln α that r asks for, and how much larger it is than what B asks for; −inf where C is too large."""
        zero = np.zeros(len(row))
        with np.errstate(all="ignore"):
            F, _, order = scan.rows(row).plain(np.stack([zero, log_s, log_b, zero], axis=-1))
            gap = F[:, 2] - F[:, 1]
            return -F[:, 1], np.where(np.isnan(gap) & np.isfinite(order.C), -np.inf, gap)

    nodes = np.tile(LOG_SELF_FIELDS, (len(own), 1))
    index, at = roots_between_nodes(lambda x, i: loads(own[i], noise[i], x)[1], nodes, rtol=1e-13)
    row = own[index]
    seed = np.stack([np.zeros(len(row)), noise[index], at, loads(row, noise[index], at)[0]], axis=-1)
    with np.errstate(all="ignore"):
        good = np.abs(system.rows(row).at(seed)[0]).max(axis=-1) < 1e-6
    return row[good], seed[good]
