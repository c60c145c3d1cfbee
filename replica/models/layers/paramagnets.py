"""States without noise, m = q = r = 0: all self-fields at which both layers ask for the same load."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found, Order
from replica.models.layers.at_loads import LayeredModel, asked
from replica.models.layers.curve_equations import LayerEquations, layer_equations
from replica.models.layers.ends import SYMMETRIC
from replica.numerics.nodes import roots_between_nodes

__all__ = ["paramagnets"]

LOG_FIELDS = np.linspace(math.log(1e-10), math.log(1e3), 140)
"""In units natural to the layers."""
MET = 1e-6
"""Distance in ln α at which a root is one."""


def paramagnets(flat: LayeredModel) -> Found:
    """Where m = q = r = 0 solves the equations, and its responses, numbered by rising self-field.

    The self-field b = αB gives C, this B, and α = b/B: a chart, of which every crossing of the load counts. Units whose
    mean does not vanish without input have none.
    """
    points = asked(flat)
    system = layer_equations(points.couplings, frozen=True)
    rows, count = len(system.layers.T), len(LOG_FIELDS)
    with np.errstate(all="ignore"):
        _, B = _responses(system, np.tile(LOG_FIELDS, rows), np.repeat(np.arange(rows), count))
        load = LOG_FIELDS + np.log(system.units.b)[:, None] - np.log(B.reshape(rows, count))
        # a self-field too small for the nodes changes nothing
        first_C, first_B = _responses(system, np.full(rows, -np.inf), np.arange(rows))
    # only points whose load is passed are looked at closely
    values = load[points.group] - points.log_load[:, None]

    def excess(x: NDArray, point: NDArray) -> NDArray:
        row = points.group[point]
        with np.errstate(all="ignore"):
            B = _responses(system, x, row)[1]
            return x + np.log(system.units.b[row]) - np.log(B) - points.log_load[point]

    point, log_b = roots_between_nodes(excess, np.tile(LOG_FIELDS, (len(points.group), 1)), values)
    # at T = 0 the load may jump past
    met = np.abs(excess(log_b, point)) < MET
    point, log_b = point[met], log_b[met]
    C, B = _responses(system, log_b, points.group[point])
    small = np.nonzero(~(values[:, 0] <= 0) & np.isfinite(first_B[points.group]))[0]
    with np.errstate(all="ignore"):
        own = np.exp(points.log_load) * first_B[points.group] / system.units.b[points.group]
    small = small[own[small] < math.exp(LOG_FIELDS[0])]
    point = np.concatenate([small, point])
    C = np.concatenate([first_C[points.group[small]], C])
    B = np.concatenate([first_B[points.group[small]], B])
    good = np.isfinite(C) & np.isfinite(B)
    point, C, B = point[good], C[good], B[good]
    rank = np.argsort(point, kind="stable")
    point, C, B = point[rank], C[rank], B[rank]
    sheet = np.arange(len(point)) - np.searchsorted(point, point)
    zero, size = np.zeros(len(point)), len(point)
    order = Order(zero, zero, zero, C, B)
    return Found(point, np.full(size, "paramagnet"), np.zeros(size, dtype=int), np.full(size, -1), sheet, order)


def _responses(system: LayerEquations, log_b: NDArray, row: NDArray) -> tuple[NDArray, NDArray]:
    """C, and what B it makes, at self-fields e^log_b in their unit; nan where a unit has a mean, B = ∞ where C ≥ a."""
    own = system.rows(row)
    with np.errstate(all="ignore"):
        b = np.exp(log_b) * own.units.b
        v = own.layers.visible_layer(0.0, 0.0, b)
        # where b is the curvature of a visible unit, C has grown beyond any bound
        beyond = (v.C >= own.layers.softest) | ((b >= own.far.softest) & np.isfinite(own.layers.softest))
        h = own.layers.hidden_layer(0.0, np.where(beyond, 0.0, v.C))
        # the sizes of both are those that go with these units; means of several kinds may cancel, their squares do not
        still = np.sqrt(np.where(beyond, 0.0, v.q)) * own.units.b / own.units.s + np.sqrt(h.r) / own.units.s
    still = still < SYMMETRIC
    return np.where(still, v.C, np.nan), np.where(still, np.where(beyond, np.inf, h.B), np.nan)
