"""States of a random RBM of any potentials, on curves of solutions traced for many couplings at once.

Those with m > 0 lie on curves between the ends that `replica.models.layers.ends` lists, or on others that
`replica.models.layers.overlap_search` meets; the coordinates are those of `replica.models.layers.curve_equations`.
Hidden units of two curvatures, a at +∞ and a' at −∞, have further states, in which the strong ones are negative: those
of m > 0 with a' for a, listed with m < 0. So have machines whose weights have no even law, unless v → −v changes
nothing: those of m > 0 with −W for W.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found
from replica.models.layers.at_loads import LayeredModel, asked, listed, nowhere, states_on
from replica.models.layers.between_ends import Traced, between_ends
from replica.models.layers.curve_equations import LayerEquations, Loads, layer_equations, natural_units
from replica.models.layers.ends import SYMMETRIC, no_starts, starts
from replica.models.layers.level_search import levels_are_all_curves, points_on_levels
from replica.models.layers.overlap_search import points_with_overlap
from replica.models.layers.saddle_equations import TwoLayers
from replica.models.layers.through_seeds import through_seeds

__all__ = ["with_overlap"]

FARTHEST = 6.0
"""How far beyond the largest load, and beyond 1, a curve is followed in ln α in case it turns back."""

NOISES = (0.1, 0.3, 1.1)
"""Noises, of order one, at which the mean of visible units says whether they are symmetric."""

NOT_ALL = "curves of states with overlap of visible units that have a mean and no bound are not all looked for at T = 0"


def with_overlap(flat: LayeredModel) -> Found:
    """States with overlap: m > 0, and m < 0 where that is another state."""
    points = asked(flat)
    positive, negative = np.real(points.couplings.sides)
    other = negative != positive
    if not points.couplings.is_even:
        other = other | _leaning(points.couplings)
    sides = [(1, np.isfinite(positive)), (-1, np.isfinite(negative) & other)]
    parts = [nowhere()]
    missing: tuple[tuple[int, str], ...] = ()
    for sign, there in sides:
        rows = np.nonzero(there & (not points.couplings.is_normal))[0]
        if not len(rows):
            continue
        layers = points.couplings if sign > 0 else points.couplings.mirrored()
        system = layer_equations(layers, frozen=False).rows(rows)
        low, top = points.low[rows], points.high[rows]
        loads = Loads(low, top, np.maximum(top, 0.0) + FARTHEST)
        traced, unsure = _traced(system, loads)
        found = states_on(points, layers, traced.curves, rows[traced.row], frozen=False)
        parts.append(found._replace(order=found.order._replace(m=sign * found.order.m)))
        missing += traced.at_points(points.group, rows)
        missing += tuple((int(point), NOT_ALL) for point in np.nonzero(np.isin(points.group, rows[unsure]))[0])
    return listed("retrieval", parts, np.maximum(points.couplings.L[points.group], 1).astype(int), missing)


def _leaning(layers: TwoLayers) -> NDArray:
    """Whether visible units have a mean under noise alone: else v → −v takes m to −m, whatever the law of W."""
    units, zero = natural_units(layers), np.zeros(np.shape(layers.T))
    with np.errstate(all="ignore"):
        means = [np.abs(layers.visible_layer(zero, s * units.s, zero).mean) for s in NOISES]
    return np.maximum.reduce(means) > SYMMETRIC * units.v


def _traced(system: LayerEquations, loads: Loads) -> tuple[Traced, NDArray]:
    """Curves, and rows of which some may not have been looked for."""
    by_levels = levels_are_all_curves(system)
    levels, rest = (np.nonzero(v)[0] for v in (by_levels, ~by_levels))
    ends, row, seed = no_starts(), np.zeros(0, dtype=int), np.zeros((0, 4))
    if len(rest):
        own, within = system.rows(rest), loads.rows(rest)
        ends = starts(own, within)
        ends = ends._replace(row=rest[ends.row], failed=rest[ends.failed])
        at, seed = points_with_overlap(own, within.low, within.high)
        row = rest[at]
    if len(levels):
        at, more = points_on_levels(system.rows(levels), loads.high[levels])
        row, seed = np.concatenate([row, levels[at]]), np.concatenate([seed, more])
    traced = between_ends(system, ends, loads)
    through_seeds(system, traced, row, seed, loads)
    return traced, np.nonzero(~by_levels & _not_all_looked_for(system))[0]


def _not_all_looked_for(system: LayerEquations) -> NDArray:
    """Rows at T = 0 whose visible units have a mean without input and no bound: some of their ends are not known."""
    zero = np.zeros(len(system.layers.T))
    with np.errstate(all="ignore"):
        mean = np.abs(system.layers.visible_layer(zero, zero, zero).mean)
    return (system.layers.T == 0) & np.isfinite(system.far.softest) & (mean > SYMMETRIC * system.units.v)
