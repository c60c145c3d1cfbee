"""States of machines whose units differ in their fields g_i or thresholds θ_μ.

They have no chart: their curves are traced from the ends of docs/completeness.md and through what a search finds.
Curves that close are met from units that are alike. In g + λ g_i and θ + λ θ_μ the spread λ goes from 0, where charts
know all states, to 1, the load kept, and each state with it. A curve to which none of them leads, at none of the loads
at which they are followed, is not met.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.models.base import ExactState, Finder, Found, Order
from replica.models.base.curve_starts import Seeds, once
from replica.models.base.generic_curves import generic_branches
from replica.models.base.load_equations import CLOSEST, LEAST_ACTIVITY, NO_OVERLAP, LoadEquations
from replica.models.base.points import taken
from replica.models.base.traced_curves import loads_searched
from replica.models.sparse.equations import SparseRBM
from replica.models.sparse.states import branches
from replica.numerics.arclength import ON_CURVE, trace
from replica.numerics.curve_crossings import points_at_loads
from replica.numerics.load_curve import newton_at_load
from replica.numerics.number import Number

__all__ = ["NOT_ALL", "varied_branches"]

NOT_ALL = "of machines with g_i or theta_mu closed curves of states with m > 0 may be missing"
LEAST, BEYOND = -7.0, 0.3
"""Ln λ at which a state of units that are alike is taken up, and up to which it is followed in case it turns back."""
LONGEST = 0.4
"""Largest step on the way."""


def varied_branches(model: SparseRBM, n_condensed: tuple[int, ...]) -> Sequence[Finder | ExactState]:
    """Curves traced from their ends, through states found, and through those that come from units that are alike."""

    def accounted(find: Finder, flat: SparseRBM) -> Found:
        found = find.find(flat)
        lines = tuple((point, NOT_ALL) for point in range(flat.shape[0]))
        return found._replace(unaccounted=(*found.unaccounted, *lines))

    found = generic_branches(model, n_condensed, True, from_alike)
    return [dataclasses.replace(b, find=partial(accounted, b)) if isinstance(b, Finder) and b.n else b for b in found]


def from_alike(system: LoadEquations, log_loads: list[NDArray]) -> Seeds:
    """States, at a few loads of each row, that come from those of units that are alike as the spread grows to 1."""
    loads = [loads_searched(v) for v in log_loads]
    row, log_load = np.repeat(np.arange(len(loads)), [len(v) for v in loads]), np.concatenate(loads)
    machines = taken(system.model, row)
    machines = machines.unchecked(**{machines.load: np.exp(log_load)})
    point, y = _alike(system, machines)
    own = LoadEquations(Spread(machines, np.ones(len(row))), system.n, False, np.full(len(row), -np.inf))
    y, left = newton_at_load(own.rows(point), y, linear=0)
    point, y = _followed(own, point[left < ON_CURVE], y[left < ON_CURVE])
    y[:, -1] = log_load[point]
    y, left = newton_at_load(system.rows(row[point]), y, linear=0)
    return once(row[point[left < ON_CURVE]], y[left < ON_CURVE])


def _followed(own: LoadEquations, point: NDArray, y: NDArray) -> Seeds:
    """Where the curves in (unknowns, ln λ) from these points meet λ = 1."""
    if not len(point):
        return point, y
    limits = np.full(len(point), 2 * LEAST), np.full(len(point), BEYOND)
    ways = trace(own.rows(point), y, 1, *limits, LONGEST, oriented=True)
    met = [points_at_loads(ways, j, np.zeros(1))[2] for j in range(len(point))]
    return np.repeat(point, [len(v) for v in met]), np.concatenate(met)


def _alike(system: LoadEquations, machines: SparseRBM) -> Seeds:
    """States of the machines with λ = 0, as points at the least spread."""
    alike = machines.varied_by(0.0)
    if alike.units is not None and (alike.units.x == 1).all():
        alike = alike.with_units(None)
    finder = next(b for b in branches(alike, (1,)) if isinstance(b, Finder))
    found = finder.find(alike)
    order = Order(*(np.asarray(v, dtype=float) for v in found.order))
    sound = (order.m > NO_OVERLAP) & (order.C < 1 - CLOSEST) & (order.q > LEAST_ACTIVITY) & (order.r > 0)
    values = Order(*(v[sound] for v in order))._asdict()
    with np.errstate(divide="ignore"):
        columns = [-np.log1p(-values[k]) if k == "C" else np.log(values[k]) for k in system.names]
    return found.point[sound], np.stack([*columns, np.full(int(sound.sum()), LEAST)], axis=-1)


@dataclasses.dataclass(frozen=True, eq=False)
class Spread:
    """Machines of which the load is kept, and the spread λ of the g_i and θ_μ is what the load is elsewhere."""

    machine: SparseRBM
    spread: NDArray

    load: ClassVar[str] = "spread"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Those of the machine."""
        return self.machine.unknowns

    @property
    def controls(self) -> dict[str, Any]:
        """Those of the machine, and the spread."""
        return {**self.machine.controls, "spread": self.spread}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the controls."""
        return np.shape(self.spread)

    def unchecked(self, **changes: Any) -> Spread:
        """The same with other controls."""
        spread = changes.pop("spread", self.spread)
        return Spread(self.machine.unchecked(**changes), spread)

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at unknowns."""
        return self.machine.unpack(x)

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals at unknowns."""
        return self.machine.varied_by(self.spread).equations(x, n)
