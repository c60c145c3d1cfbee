"""What flat models ask of curves: the range of their loads, and the states where curves meet them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found, Order
from replica.models.base.points import HasControls, groups
from replica.models.layers.curve_equations import layer_equations
from replica.models.layers.saddle_equations import TwoLayers
from replica.numerics.arclength import NO_OVERLAP, ON_CURVE, Curves
from replica.numerics.curve_crossings import beside_folds, points_at_loads, with_folds
from replica.numerics.load_curve import newton_at_load

__all__ = ["Asked", "LayeredModel", "States", "asked", "listed", "nowhere", "states_on"]

ONE = 1e-6
"""Distance, in m, ln s and ln b, within which two states are one."""


class LayeredModel(HasControls, Protocol):
    """A model of two layers at a load."""

    alpha: Any

    @property
    def layers(self) -> TwoLayers:
        """The layers at the couplings of the model."""


class Asked(NamedTuple):
    """The points of a flat model, by their couplings."""

    couplings: TwoLayers
    """Layers at R rows of distinct couplings."""
    group: NDArray
    """Row of each point."""
    log_load: NDArray
    """Ln α of each point."""
    low: NDArray
    """Least ln α of each row."""
    high: NDArray
    """Largest ln α of each row."""


class States(NamedTuple):
    """States at points of a flat model."""

    point: NDArray
    order: Order


def nowhere() -> States:
    """No states."""
    return States(np.zeros(0, dtype=int), Order(*(np.zeros(0) for _ in Order._fields)))


def asked(flat: LayeredModel) -> Asked:
    """Couplings and loads of a flat model.

    Parameters
    ----------
    flat : LayeredModel
        The model.

    Returns
    -------
    Asked
        Its couplings and loads.
    """
    couplings, group = groups(flat)
    layers = couplings.layers
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    low, high = np.full(len(layers.T), np.inf), np.full(len(layers.T), -np.inf)
    np.minimum.at(low, group, log_load)
    np.maximum.at(high, group, log_load)
    return Asked(layers, group, log_load, low, high)


def states_on(points: Asked, layers: TwoLayers, curves: Curves, row: NDArray, *, frozen: bool) -> States:
    """States where curves meet the loads, refined, each once.

    Parameters
    ----------
    points : Asked
        The points.
    layers : TwoLayers
        The layers at the rows of their couplings.
    curves : Curves
        Curves.
    row : array
        Row of each curve.
    frozen : bool
        Whether m = 0 throughout.

    Returns
    -------
    States
        The states, by point and then by falling m, or falling noise where m = 0.
    """
    system = layer_equations(layers, frozen)
    curves = with_folds(system.rows(row), curves)
    parts = [tuple(np.zeros(0, dtype=int) for _ in range(3))]
    starts = [np.zeros((0, 4))]
    for j, own in enumerate(row):
        here = np.nonzero(points.group == own)[0]
        load, node, at = points_at_loads(curves, j, points.log_load[here])
        parts.append((here[load], np.full(len(load), j), node))
        starts.append(at)
    point, column, node = (np.concatenate(v) for v in zip(*parts, strict=True))
    y = beside_folds(system.rows(row), curves, column, node, points.log_load[point], np.concatenate(starts))
    y, left = newton_at_load(system.rows(points.group[point]), y)
    good = (left < ON_CURVE) & ((y[:, 1] > system.silent[points.group[point]]) if frozen else (y[:, 0] > NO_OVERLAP))
    point, y = point[good], y[good]
    rank = np.lexsort((-y[:, 1] if frozen else -y[:, 0], point))
    point, y = point[rank], y[rank]
    same = np.zeros(len(point), dtype=bool)
    for back in range(1, 4):
        apart = np.abs(y[back:, :3] - y[:-back, :3])
        apart[:, 0] /= np.maximum(y[back:, 0], NO_OVERLAP)
        same[back:] |= (apart < ONE).all(axis=-1) & (point[back:] == point[:-back])
    point, y = point[~same], y[~same]
    own = system.rows(points.group[point])
    with np.errstate(all="ignore"):
        _, _, order = own.at(y)
        m, s, b = own.physical(y)
    alpha = np.exp(points.log_load[point])
    return States(point, order._replace(m=m, r=s * s / (alpha * own.layers.p), B=b / alpha))


def listed(kind: str, parts: Iterable[States], n: NDArray, missing: tuple[tuple[int, str], ...] = ()) -> Found:
    """Several sets of states as one, numbered at each point by falling |m| and r.

    Parameters
    ----------
    kind : str
        Their kind.
    parts : iterable of States
        The states.
    n : array
        Condensed patterns at each point of the flat model.
    missing : tuple of (int, str)
        What is not accounted for, and at which point.

    Returns
    -------
    Found
        All of them.
    """
    parts = list(parts)
    point = np.concatenate([part.point for part in parts]).astype(int)
    order = Order(*(np.concatenate(v) for v in zip(*(part.order for part in parts), strict=True)))
    rank = np.lexsort((-order.r, -np.abs(order.m), point))
    point, order = point[rank], Order(*(v[rank] for v in order))
    first = np.concatenate([[True], np.diff(point) != 0])[: len(point)]
    sheet = np.arange(len(point)) - np.maximum.accumulate(np.where(first, np.arange(len(point)), 0))
    size = len(point)
    return Found(point, np.full(size, kind), n[point], np.full(size, -1), sheet, order, missing)
