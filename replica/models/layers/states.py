"""States of a random RBM of any potentials, on curves of solutions traced for many couplings at once.

Those with m > 0 lie on the curves that begin at a state without noise, s → 0; those with m = 0 on curves that pass one
of several values of s. The coordinates are those of `replica.models.layers.curve_equations`.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found, Order
from replica.models.base.points import HasControls, groups
from replica.models.layers.curve_equations import LARGEST_EFFORT, LayerEquations, layer_equations
from replica.models.layers.saddle_equations import ORIGIN, TwoLayers
from replica.numerics.arclength import (
    NO_NOISE,
    NO_OVERLAP,
    ON_CURVE,
    Curves,
    joined,
    lies_on,
    newton_at_load,
    points_at_loads,
    side_by_side,
    trace,
)
from replica.numerics.rootfinding import find_roots

__all__ = ["glasses", "paramagnet_of_layers", "with_overlap"]

LARGEST_EFFORT_OF_SCAN = 3e5
"""Weights that an average may cost where curves are looked for."""
QUIET = 1e-9
"""Noise that stands for none."""
FIRST_LOAD = 1e-3
"""Load at which a curve starts, or half the least that is asked for."""
FARTHEST = 6.0
"""How far beyond the largest load, and beyond 1, a curve is followed in ln α in case it turns back."""
FARTHEST_GLASS = 0.5
NO_CURVES = Curves(np.zeros((1, 0, 4)), np.zeros((1, 0, 4)))


class LayeredModel(HasControls, Protocol):
    """A model of two layers at a load."""

    alpha: Any

    @property
    def layers(self) -> TwoLayers:
        """The layers at the couplings of the model."""


# States with overlap.


def with_overlap(flat: LayeredModel) -> Found:
    """States with m > 0, on the curves that begin without noise."""
    couplings, group = groups(flat)
    system = layer_equations(couplings.layers, frozen=False)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    low, high = _range(log_load, group, len(system.layers.T))
    row, m = _noiseless(system)
    if not len(row):
        return _collected(flat, NO_CURVES, row, group, log_load, frozen=False)
    start = np.minimum(low, math.log(FIRST_LOAD))[row]
    begin, left = newton_at_load(system.rows(row), _near_noiseless(system.rows(row), m, start))
    good = (left < ON_CURVE) & (abs(begin[:, 0] - m) < 0.3 * m)
    row, begin = row[good], begin[good]
    curves = trace(system.rows(row), begin, 1, start[good] - 0.1, np.maximum(high[row], 0.0) + FARTHEST)
    return _collected(flat, curves, row, group, log_load, frozen=False)


def _range(log_load: NDArray, group: NDArray, rows: int) -> tuple[NDArray, NDArray]:
    """Least and largest ln α that is asked of each row."""
    low, high = np.full(rows, np.inf), np.full(rows, -np.inf)
    np.minimum.at(low, group, log_load)
    np.maximum.at(high, group, log_load)
    return low, high


def _noiseless(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Rows and overlaps of the states without noise: the roots of ⟨W M_v⟩/aL = m > 0 at s = b = 0."""

    def excess(m: NDArray, rows: NDArray) -> NDArray:
        return system.layers.rows(rows).visible_layer(m, QUIET, 0.0).m - m

    every = np.arange(len(system.layers.T))
    top = 1.25  # no likely root itself
    while top < LARGEST_OVERLAP and (excess(np.full(len(every), top), every) > 0).any():
        top *= 2
    grid = top * np.concatenate([np.geomspace(1e-6, 0.01, 40, endpoint=False), np.linspace(0.01, 1, 200)])
    values = excess(np.tile(grid, len(every)), np.repeat(every, len(grid))).reshape(len(every), -1)
    row, cell = np.nonzero((values[:, 1:] > 0) != (values[:, :-1] > 0))
    at = find_roots(
        lambda x, i: excess(x, row[i]), grid[cell], grid[cell + 1], values[row, cell], values[row, cell + 1]
    )
    return row, at


LARGEST_OVERLAP = 1e3


def _near_noiseless(system: LayerEquations, m: NDArray, log_load: NDArray) -> NDArray:
    """Points near the states without noise, at small loads: s² = αp r, b = αB."""
    y = np.stack([m, np.full(len(m), math.log(QUIET)), np.full(len(m), math.log(QUIET)), log_load], axis=-1)
    with np.errstate(all="ignore"):
        for _ in range(3):
            _, _, order = system.at(y)
            y[:, 1] = (log_load + np.log(system.layers.p * order.r)) / 2
            y[:, 2] = log_load + np.log(order.B)
    return y


# States without overlap.


def glasses(flat: LayeredModel) -> Found:
    """States with m = 0 < q, on all curves that meet one of several values of the noise."""
    couplings, group = groups(flat)
    system = layer_equations(couplings.layers, frozen=True)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    low, high = _range(log_load, group, len(system.layers.T))
    row, seed = _seeds(system)
    traced = [NO_CURVES]
    owner = [np.zeros(0, dtype=int)]
    while len(row):
        # of each row the first seed; those that lie on its curve need none of their own
        _, first = np.unique(row, return_index=True)
        own, start = row[first], seed[first]
        limits = np.minimum(low[own], start[:, 3]) - 1, np.maximum(high[own], start[:, 3]) + FARTHEST_GLASS
        curves = joined(*(trace(system.rows(own), start, sign, *limits) for sign in (-1, 1)))
        traced.append(curves)
        owner.append(own)
        on = np.zeros(len(row), dtype=bool)
        on[first] = True
        for j, r in enumerate(own):
            near = row == r
            on[near] |= lies_on(curves, j, seed[near])
        row, seed = row[~on], seed[~on]
    return _collected(flat, side_by_side(traced), np.concatenate(owner), group, log_load, frozen=True)


LOG_NOISES = np.log(np.array([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0]))
LOG_SELF_FIELDS = np.linspace(math.log(1e-8), math.log(300.0), 60)


def _seeds(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Points of curves at several noises; where none is found, again with averages of any cost that is borne at all."""
    row, seed = _seeds_within(system, LARGEST_EFFORT_OF_SCAN)
    without = np.setdiff1d(np.arange(len(system.layers.T)), row)
    if len(without):
        again, more = _seeds_within(system.rows(without), LARGEST_EFFORT)
        row, seed = np.concatenate([row, without[again]]), np.concatenate([seed, more])
    return row, seed


def _seeds_within(system: LayerEquations, effort: float) -> tuple[NDArray, NDArray]:
    """Self-fields at which both equations ask for the same load, at several noises in the scale of the units."""
    rows = len(system.layers.T)
    scan = system.within(effort)
    log_scale = scan.log_scale()
    column, line = (v.ravel() for v in np.indices((len(LOG_NOISES), len(LOG_SELF_FIELDS))))

    def loads(row: NDArray, log_s: NDArray, log_b: NDArray) -> tuple[NDArray, NDArray]:
        """Ln α that r asks for, and how much larger it is than what B asks for; −inf where C is too large."""
        zero = np.zeros(len(row))
        with np.errstate(all="ignore"):
            F, _, order = scan.rows(row).at(np.stack([zero, log_s, log_b, zero], axis=-1))
            gap = F[:, 2] - F[:, 1]
            return -F[:, 1], np.where(np.isnan(gap) & np.isfinite(order.C), -np.inf, gap)

    s = LOG_NOISES + log_scale[0][:, None]
    b = LOG_SELF_FIELDS + log_scale[1][:, None]
    gap = loads(np.repeat(np.arange(rows), len(column)), s[:, column].ravel(), b[:, line].ravel())[1]
    gap = gap.reshape(rows, len(LOG_NOISES), -1)
    change = ((gap[..., 1:] > 0) != (gap[..., :-1] > 0)) & ~np.isnan(gap[..., 1:]) & ~np.isnan(gap[..., :-1])
    row, column, cell = np.nonzero(change)
    noise = s[row, column]
    ends = b[row, cell], b[row, cell + 1], gap[row, column, cell], gap[row, column, cell + 1]
    at = find_roots(lambda x, i: loads(row[i], noise[i], x)[1], *ends, rtol=1e-13)
    seed = np.stack([np.zeros(len(row)), noise, at, loads(row, noise, at)[0]], axis=-1)
    with np.errstate(all="ignore"):
        good = np.abs(system.rows(row).at(seed)[0]).max(axis=-1) < 1e-6
    return row[good], seed[good]


def _collected(
    flat: LayeredModel, curves: Curves, row: NDArray, group: NDArray, log_load: NDArray, *, frozen: bool
) -> Found:
    """States at the loads of a flat model, refined, each once, and numbered."""
    point_parts, start_parts = [np.zeros(0, dtype=int)], [np.zeros((0, 4))]
    for j, own in enumerate(row):
        points = np.nonzero(group == own)[0]
        load, at = points_at_loads(curves, j, log_load[points])
        point_parts.append(points[load])
        start_parts.append(at)
    point = np.concatenate(point_parts)
    if not len(point):
        empty = np.zeros(0)
        return Found(point, empty.astype(str), point, point, point, Order(*(empty for _ in Order._fields)))
    flat_system = layer_equations(flat.layers, frozen)
    y, left = newton_at_load(flat_system.rows(point), np.concatenate(start_parts))
    good = (left < ON_CURVE) & ((y[:, 1] > math.log(NO_NOISE)) if frozen else (y[:, 0] > NO_OVERLAP))
    point, y = point[good], y[good]
    rank = np.lexsort((-y[:, 1] if frozen else -y[:, 0], point))
    point, y = point[rank], y[rank]
    same = np.zeros(len(point), dtype=bool)
    for back in range(1, 4):
        close = (np.abs(y[back:, :3] - y[:-back, :3]) < 1e-6).all(axis=-1) & (point[back:] == point[:-back])
        same[back:] |= close
    point, y = point[~same], y[~same]
    with np.errstate(all="ignore"):
        _, _, order = flat_system.rows(point).at(y)
    alpha, p = np.exp(log_load[point]), flat_system.layers.p[point]
    order = order._replace(m=y[:, 0], r=np.exp(2 * y[:, 1]) / (alpha * p), B=np.exp(y[:, 2]) / alpha)
    sheet = _numbered(point)
    kind = np.full(len(point), "spin_glass" if frozen else "retrieval")
    n = np.zeros(len(point), dtype=int) if frozen else flat_system.layers.L[point].astype(int)
    return Found(point, kind, n, np.full(len(point), -1), sheet, order)


def _numbered(point: NDArray) -> NDArray:
    """0, 1, … within each run of equal points."""
    first = np.concatenate([[True], np.diff(point) != 0])[: len(point)]
    start = np.maximum.accumulate(np.where(first, np.arange(len(point)), 0))
    return np.arange(len(point)) - start


# The paramagnet.


def paramagnet_of_layers(model: LayeredModel) -> tuple[NDArray, Order]:
    """Where m = q = r = 0 solves the equations, and its responses; at T = 0 there are none without noise.

    The self-field b = αB gives C, this B, and α = b/B: a chart, of which the first crossing of the load counts.
    """
    shape = np.broadcast_shapes(model.shape, (1,))
    flat = model.unchecked(**{k: np.broadcast_to(v, shape).reshape(-1) for k, v in model.controls.items()})
    couplings, group = groups(flat)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    layers = couplings.layers._replace(law=ORIGIN)

    def responses(log_b: NDArray, row: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        own = layers.rows(row)
        v = own.visible_layer(0.0, 0.0, np.exp(log_b))
        h = own.hidden_layer(0.0, v.C)
        return v.C, h.B, np.abs(v.mean) + np.abs(h.mean)

    rows = np.arange(len(layers.T))
    with np.errstate(all="ignore"):
        grid = np.tile(LOG_FIELDS, (len(rows), 1))
        _, B, still = responses(grid.ravel(), np.repeat(rows, len(LOG_FIELDS)))
        load = grid - np.log(B).reshape(grid.shape)
        load[~(still.reshape(grid.shape) < SYMMETRIC)] = np.nan
        gap = load[group] - log_load[:, None]
        turn = np.isfinite(gap[:, :-1] + gap[:, 1:]) & ((gap[:, :-1] > 0) != (gap[:, 1:] > 0))
        cell, point = turn.argmax(axis=1), np.nonzero(turn.any(axis=1))[0]
        first = cell[point]

        def excess(log_b: NDArray, index: NDArray) -> NDArray:
            own = point[index]
            return log_b - np.log(responses(log_b, group[own])[1]) - log_load[own]

        ends = LOG_FIELDS[first], LOG_FIELDS[first + 1], gap[point, first], gap[point, first + 1]
        log_b = find_roots(excess, *ends)
        C, B = np.full(len(group), np.nan), np.full(len(group), np.nan)
        C[point], B[point], _ = responses(log_b, group[point])
    exists = np.isfinite(C + B)
    zero = np.zeros(len(group))
    return exists, Order(zero, zero, zero, C, B)


LOG_FIELDS = np.linspace(math.log(1e-8), math.log(1e3), 120)
SYMMETRIC = 1e-12
"""Mean of a unit without input, up to which it counts as none."""
