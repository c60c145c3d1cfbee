"""States of heterogeneous machines at the points of a flat model: with overlap, and glassy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Found, Order
from replica.models.base.points import taken
from replica.models.sparse.chart import LEAST_MARGIN
from replica.models.sparse.class_glass import glass_of_classes
from replica.models.sparse.class_states import ClassState, first_fold_of_classes, states_of_classes
from replica.models.sparse.classes import ClassEquations
from replica.models.sparse.equations import SparseRBM
from replica.models.sparse.sharp import LEAST_ACTIVITY

__all__ = ["mixed_fold", "mixed_glass", "mixed_states"]


FEW = (5, 16)
"""Numbers of classes in which states of machines of more classes are searched first."""


def mixed_states(flat: SparseRBM) -> Found:
    """States with m > 0 of a heterogeneous machine: crossings of the loads on its curves."""
    found: list[tuple[int, ClassState]] = []
    unaccounted: list[tuple[int, str]] = []
    for points in _by_couplings(flat):
        log_alpha = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), flat.shape)[points])
        one = _alone(flat, int(points[0]))
        assert one.units is not None
        coarse = tuple(class_equations(one.with_units(one.units.merged(n))) for n in FEW if n < len(one.units.x))
        states, missing = states_of_classes(class_equations(one), log_alpha, flat.overlap_unit, coarse)
        found += [(int(points[state.load]), state) for state in states]
        unaccounted += [(int(points[index]), line) for index, line in missing]
    point = np.array([index for index, _ in found], dtype=int)
    k, sheet = (np.array([getattr(state, name) for _, state in found], dtype=int) for name in ("k", "sheet"))
    order = Order(*(np.array([state.order[i] for _, state in found]) for i in range(len(Order._fields))))
    n = np.broadcast_to(taken(flat, point).condensed, point.shape).astype(int)
    kind = np.where(k == 1, "retrieval", "spurious")
    return Found(point, kind, n, k, sheet, order, tuple(unaccounted))


def _by_couplings(flat: SparseRBM) -> list[NDArray]:
    """Indices of the points that have the same couplings, the load left aside."""
    columns = np.stack([np.asarray(v, dtype=float) for name, v in flat.controls.items() if name != flat.load])
    _, group = np.unique(columns, axis=1, return_inverse=True)
    return [np.nonzero(group.reshape(-1) == row)[0] for row in range(int(group.max()) + 1)]


def _alone(flat: SparseRBM, index: int) -> SparseRBM:
    return flat.unchecked(**{name: float(np.asarray(value)[index]) for name, value in flat.controls.items()})


def class_equations(model: SparseRBM) -> ClassEquations:
    """Equations of a heterogeneous machine with scalar controls, its load left aside."""
    return ClassEquations.of(model.law(), float(model.size), float(model.sparsity), float(model.theta), float(model.g))


def mixed_fold(model: SparseRBM) -> tuple[Order, float]:
    """First fold of the curve of a heterogeneous machine that starts at its zero-noise state k = 1."""
    return first_fold_of_classes(class_equations(model), model.overlap_unit)


def mixed_glass(flat: SparseRBM) -> Found:
    """All states with m = 0 of a heterogeneous machine, sheets numbered from the lowest, left out as in `glass`."""
    assert flat.units is not None
    points, members = [], []
    for index in range(flat.shape[0]):
        one = _alone(flat, index)
        order, energy = glass_of_classes(class_equations(one), flat.units, float(np.log(one.alpha)))
        rank = np.argsort(energy, kind="stable")
        keep = (np.arange(len(rank)) == 0) | ((1 - order.C[rank] > LEAST_MARGIN) & (order.q[rank] > LEAST_ACTIVITY))
        members.append(Order(*(v[rank][keep] for v in order)))
        points.append(np.full(int(keep.sum()), index))
    point = np.concatenate(points)
    whole = Order(*(np.concatenate(column) for column in zip(*members, strict=True)))
    sheet = np.arange(len(point)) - np.searchsorted(point, point)
    zeros = np.zeros(len(point), dtype=int)
    return Found(point, np.full(len(point), "spin_glass"), zeros, zeros - 1, sheet, whole)
