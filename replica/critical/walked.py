"""A state along a line of control values: followed once, then found at any value by Newton's method.

Solving from nothing at every value is safe and may be slow. Here the branch is followed from one end of the line to
the other; between its points Newton's method starts from their interpolation, linear in the root of the distance from
the far end, where a branch may fold. Where it does not converge, or goes farther than the steps in which the branch was
followed, and wherever the branch cannot be followed, the state is solved for from nothing.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.critical.branch import LARGEST_STEP, follow_before_fold
from replica.critical.point import Start
from replica.models.base import Model, Order
from replica.numerics.newton import polish
from replica.saddle.solution import Solution, Status
from replica.saddle.solver import solve

__all__ = ["SAME", "WalkedState"]

ACCEPTED = 1e-12
"""Residual up to which Newton's method has converged."""
ROUGH = 1e-6
"""The same for a rough free energy, which is stationary: of the residual its error is the square."""
STEPS = 4
"""Of Newton's method: what they leave of a distance of 0.05 is rounding, or it was not close."""
SAME = 1e-6
"""Difference of unknowns below which two solutions are one."""


class WalkedState:
    """A state of a model on the line from its own value of a control to another.

    Parameters
    ----------
    plain : Model
        Model with plain scalar controls.
    along : str
        The control.
    start : str or (str, int)
        Kind of the state.
    state : Solution
        The state at the model's own value.
    to : float
        Other end of the line. A branch that folds before is `turned`, and used once `end_at` says where.
    """

    def __init__(self, plain: Model, along: str, start: Start, state: Solution, to: float) -> None:
        self.plain, self.along, self.start, self.own, self.n, self.to = plain, along, start, state, state.n, to
        self.points, how = _followed(state, along, to)
        self.turned, self.walked = how == "turned", False
        if how == "reached":
            self._interpolate(self.points)

    def end_at(self, to: float, fold: Order) -> None:
        """Let the line end at the fold before which the branch was followed."""
        self.to = to
        if self.turned:
            self._interpolate(self.points, fold)

    def _interpolate(self, points: Solution | None, fold: Order | None = None) -> None:
        assert points is not None
        distance, unknowns = self._distance(points.model.controls[self.along]), self.plain.pack(points.order)
        if fold is not None:
            distance = np.append(distance, 0.0)
            unknowns = [np.append(a, b) for a, b in zip(unknowns, self.plain.pack(fold), strict=True)]
        rising = np.argsort(distance, kind="stable")
        self.distance, self.unknowns = distance[rising], [np.asarray(v)[rising] for v in unknowns]
        self.walked = True

    def free_energy(self, values: NDArray, *, rough: bool = False) -> NDArray:
        """Free energy at values of the control, an array of one axis; nan where there is no such state.

        Rough ones are good to about 1e-12.
        """
        energy = np.full(values.shape, np.nan)
        if self.walked:
            order = self._polished(values, *((STEPS // 2, ROUGH) if rough else (STEPS, ACCEPTED)))
            here = self.plain.unchecked(**{self.along: values})
            with np.errstate(all="ignore"):
                energy = np.where(np.isnan(order.m), np.nan, here.free_energy(order, self.n))
        left = np.isnan(energy)
        if left.any():
            line = self.plain.unchecked(**{self.along: values[left]})
            energy[left] = solve(line, start=self.start, throw=False).free_energy
        return energy

    def state(self, value: float) -> Solution | None:
        """The state at one value of the control, None where there is none."""
        here = self.plain.unchecked(**{self.along: value})
        if self.walked:
            order = self._polished(np.array([value]))
            order = type(order)._make(float(v[0]) for v in order)
            if not np.isnan(order.m):
                residual = float(here.residual(order, self.n))
                return dataclasses.replace(self.own, model=here, order=order, residual=residual)
        found = solve(here, start=self.start, throw=False)
        return None if found.status == Status.ABSENT else found

    def confirms(self, solution: Solution, value: float) -> bool:
        """Whether a state solved for from nothing is the one that was followed to this value."""
        if not self.walked:
            return True
        followed, own = self.plain.pack(self._polished(np.array([value]))), self.plain.pack(solution.order)
        return all(bool(abs(a[0] - b) <= SAME * (1 + abs(b))) for a, b in zip(followed, own, strict=True))

    def _distance(self, values: Any) -> NDArray:
        """Root of the distance from the far end: at a fold the unknowns are smooth in it."""
        return np.sqrt(np.abs(self.to - np.asarray(values)))

    def _polished(self, values: NDArray, steps: int = STEPS, accepted: float = ACCEPTED) -> Order:
        """Order parameters at the values, nan where Newton's method did not converge near the branch."""
        here = self.plain.unchecked(**{self.along: values})
        guess = [np.interp(self._distance(values), self.distance, v) for v in self.unknowns]
        first = here.unpack(guess)
        order = type(first)._make(np.broadcast_to(v, values.shape).copy() for v in first)
        with np.errstate(all="ignore"):
            order = polish(here, order, self.n, steps=steps)
            moved = np.max([np.abs(a - b) for a, b in zip(here.pack(order), guess, strict=True)], axis=0)
            good = (here.residual(order, self.n) <= accepted) & (moved <= LARGEST_STEP)
        return type(order)._make(np.where(good, v, np.nan) for v in order)


def _followed(state: Solution, along: str, to: float) -> tuple[Solution | None, str]:
    """The states on the branch from one to the end of the line or a fold before, and how that ended."""
    if not (float(state.order.r) > 0 and np.isfinite(to)):
        return None, "noiseless"
    try:
        return follow_before_fold(state, along=along, to=to)
    except np.linalg.LinAlgError:
        return None, "stuck"
