"""Follow one solution as a control parameter changes, round its folds (pseudo-arclength continuation)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from replica.models.base import Model, Order, control_fields, domain_text
from replica.models.base.controls import in_domain
from replica.numerics.jacobian import derivative
from replica.numerics.newton import polish
from replica.numerics.number import Number
from replica.saddle.solution import Solution, Status

__all__ = ["Branch", "follow"]

FIRST_STEP = 0.02
LARGEST_STEP = 0.1
SMALLEST_STEP = 1e-9
"""Arclength steps, in the unknowns and in the control over its scale."""
TOLERANCE = 1e-12
AT_REST = 1e-10
"""Last step of Newton's method if it shrinks no more: round a small loop the equations are nearly degenerate."""
RETURNED = 1e-8
"""Distance from its start within which a branch is back there; Newton's method leaves less, folds included."""
GROWTH, SHORTEST = 4.0, 1e-2
"""End of a stretch of a line over its beginning, and least length of one."""
FLAT = 1e-8
"""Share of the control in the tangent below which a branch runs into the edge of its domain (r → 0, m → 0)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Branch:
    """A branch of solutions: points in the order in which they were met.

    Parameters
    ----------
    along : str
        The control that varies.
    values : array, shape (K,)
        Its values; not monotone where the branch folds.
    states : Solution
        The solutions, with array members of shape (K,).
    folds : tuple of int
        Indices of the points next to a fold (refine them with `spinodal`).
    reached : bool
        Whether the branch ended at the value asked for.
    closed : bool
        Whether it came back to its start without meeting that value; the last point is then the first.
    end : str
        How it ended: "reached" or "closed", as above; "edge", it runs into the edge of its domain (r → 0, m → 0, an
        end of the control's own values) or no step is short enough; "steps", `max_steps` were used up.
    """

    along: str
    values: NDArray
    states: Solution
    folds: tuple[int, ...]
    reached: bool
    closed: bool = False
    end: str = "edge"

    def __repr__(self) -> str:
        first, last = (f"{float(x):.6g}" for x in (self.values[0], self.values[-1]))
        name, turns = self.states.model.name, f"{len(self.folds)} fold{'s' * (len(self.folds) != 1)}"
        return f"<branch of {name}: {len(self)} points, {self.along} from {first} to {last}, {turns}, end: {self.end}>"

    @property
    def order(self) -> Order:
        """Order parameters along the branch."""
        return self.states.order

    def __len__(self) -> int:
        return len(self.values)


def follow(solution: Solution, *, along: str, to: float, max_steps: int = 5000) -> Branch:
    """Follow a solution as one control changes, round its folds.

    Parameters
    ----------
    solution : Solution
        Where to start (scalar controls).
    along : str
        Control to vary.
    to : float
        Value at which to stop, in the domain of the control. A branch that folds before it turns back, and is followed
        to where it ends, or once round where it is closed. At the solution's own value the branch is followed in the
        direction in which retrieval is lost, round its fold, to the state on the other sheet at this value.
    max_steps : int
        Upper bound of the number of points, ≥ 1.

    Returns
    -------
    Branch
        Points in the order in which they were met, the given solution the first, with the folds between them, and how
        the branch ended.

    Raises
    ------
    ValueError
        If the control does not exist or is an array, `to` is not a number in its domain, `max_steps` is not an
        integer ≥ 1, or the solution has no noise (r = 0) and so no chart to move on.

    Examples
    --------
    >>> import replica
    >>> from replica.models import Hopfield
    >>> state = replica.solve(Hopfield(alpha=0.1, T=0))
    >>> branch = replica.follow(state, along="alpha", to=0.2)
    >>> branch.reached, len(branch.folds)
    (False, 1)
    """
    walk = _Walk.start(solution, along, to)
    if not in_domain(walk.field, np.asarray(walk.to)).all():
        raise ValueError(f"to = {to}: {along} takes {domain_text(walk.field)}")
    whole = isinstance(max_steps, (int, np.integer)) and not isinstance(max_steps, bool)
    if not whole or max_steps < 1:
        raise ValueError(f"max_steps = {max_steps!r}: an integer >= 1 is needed")
    folds: list[int] = []
    state = "moved"
    while state == "moved" and len(walk.points) < max_steps:
        state = walk.advance()
        if state != "stuck" and walk.turned:
            folds.append(len(walk.points) - 1)
    return walk.branch(tuple(folds), state)


def follow_before_fold(solution: Solution, *, along: str, to: float, max_steps: int = 1000) -> tuple[Solution, str]:
    """Solutions up to a value or the last point before the first fold, and how that ended.

    Parameters
    ----------
    solution : Solution
        Where to start (scalar controls).
    along : str
        Control to vary.
    to : float
        Value at which to stop.
    max_steps : int
        Upper bound of the number of points.

    Returns
    -------
    Solution, str
        The solutions, with array members; "reached", "turned" at a fold, or how else the walk stopped.

    Raises
    ------
    ValueError
        As `follow` does.
    """
    walk = _Walk.start(solution, along, to)
    state = "moved"
    while state == "moved" and len(walk.points) < max_steps:
        state = walk.advance()
        if state == "moved" and walk.turned:
            walk.points.pop()
            state = "turned"
    return walk.branch((), state).states, state


def follow_to_fold(solution: Solution, *, along: str, direction: int, max_steps: int = 5000) -> Solution | None:
    """Solution just beyond the first fold met in one direction, or None if the branch ends without."""
    field = next(f for f in control_fields(type(solution.model)) if f.name == along)
    here = float(solution.model.controls[along])
    far = 1e6 * (1 + abs(here))
    edge = field.metadata["high"] if direction > 0 else field.metadata["low"]
    target = min(edge, here + far) if direction > 0 else max(edge, here - far)
    while here != target:
        here = onward(here, target)
        walk = _Walk.start(solution, along, here)
        state = "moved"
        while state == "moved" and len(walk.points) < max_steps:
            state = walk.advance()
            if state == "moved" and walk.turned:
                return walk.branch((), state, last_only=True).states
        if state != "reached":
            return None
        end = walk.branch((), state, last_only=True).states
        order = type(end.order)._make(float(v[0]) for v in end.order)
        solution = dataclasses.replace(solution, model=solution.model.unchecked(**{along: here}), order=order)
    return None


def onward(here: float, last: float) -> float:
    """End of the next stretch of a line, four times as long as what lies behind, as steps follow the control."""
    length = max((GROWTH - 1) * abs(here), SHORTEST)
    return last if length >= abs(last - here) else here + math.copysign(length, last - here)


class _Walk:
    """State of a continuation: points (x, λ), tangent and step."""

    def __init__(self, solution: Solution, along: str, to: float, x: NDArray, value: float) -> None:
        self.solution, self.along, self.to = solution, along, to
        self.field = next(f for f in control_fields(type(solution.model)) if f.name == along)
        self.low, self.high = self.field.metadata["low"], self.field.metadata["high"]
        towards = to - value or float(self.field.metadata["loss"])
        self.scale = max(abs(value), min(abs(to - value), 1.0) or float(value == 0), 1e-12)
        self.points = [np.append(x, value / self.scale)]
        self.step = FIRST_STEP
        self.turned = False
        self.flat_steps = 0
        self.tangent = self._tangent(self.points[0], None)
        if self.tangent[-1] * towards < 0:
            self.tangent = -self.tangent
        self.first_tangent = self.tangent

    @classmethod
    def start(cls, solution: Solution, along: str, to: float) -> _Walk:
        if not isinstance(solution, Solution):
            raise ValueError(f"solution = {solution!r}: follow starts from a Solution, such as replica.solve returns")
        model = solution.model
        if along not in model.controls:
            raise ValueError(f"along = {along!r}: {model.name} has {', '.join(model.controls)}")
        if next(f for f in control_fields(type(model)) if f.name == along).metadata["whole"]:
            raise ValueError(f"along = {along!r}: takes whole numbers only and cannot be followed; loop over it")
        if model.shape or np.ndim(solution.order.m):
            raise ValueError("follow starts from one solution: take it out of the array with .at(index)")
        if isinstance(to, (str, bool)) or np.ndim(to) or not np.isfinite(to):
            raise ValueError(f"to = {to!r}: a finite value of {along} is needed")
        if not float(solution.order.r) > 0:
            raise ValueError(
                f"a {solution.kind} with r = {solution.order.r} cannot be followed; it is known in closed form"
            )
        x = np.array([float(v) for v in model.pack(solution.order)])
        return cls(solution, along, float(to), x, float(model.controls[along]))

    def _model(self, value: Number) -> Model:
        return self.solution.model.unchecked(**{self.along: value})

    def _residual(self, point: NDArray) -> NDArray:
        model = self._model(point[-1] * self.scale)
        return np.array([complex(v).real for v in model.equations(list(point[:-1]), self.solution.n)])

    def _jacobian(self, point: NDArray) -> NDArray:
        """Derivatives of the equations by the unknowns and by the scaled control, shape (d, d + 1)."""
        *x, value = (float(v) for v in point)

        def moved(v: list[Number]) -> list[Number]:
            return self._model(v[0] * self.scale).equations(x, self.solution.n)

        with np.errstate(all="ignore"):
            own = self._model(value * self.scale).jacobian(x, self.solution.n)
            return np.hstack([np.array(own, dtype=float), np.array(derivative(moved, [value]), dtype=float)])

    def _tangent(self, point: NDArray, previous: NDArray | None) -> NDArray:
        _, _, vh = np.linalg.svd(self._jacobian(point))
        tangent = vh[-1]
        return -tangent if previous is not None and tangent @ previous < 0 else tangent

    def advance(self) -> str:
        """Take one step: "moved", "reached" the target (the last point lies on it), "closed" or "stuck"."""
        start = self.points[-1]
        while self.step > SMALLEST_STEP:
            found = self._corrected(start + self.step * self.tangent, self.tangent)
            if found is not None and np.linalg.norm(found - start) < 2 * self.step:
                return self._accept(start, found)
            self.step /= 2
        return "stuck"

    def _accept(self, start: NDArray, found: NDArray) -> str:
        target = self.to / self.scale
        back = self._passes_start(start, found)
        if back:
            found = self.points[0]
        if (start[-1] - target) * (found[-1] - target) <= 0 and start[-1] != target:
            share = (target - start[-1]) / (found[-1] - start[-1])
            guess = start + share * (found - start)
            guess[-1] = target
            exact = self._corrected(guess, np.append(np.zeros(len(start) - 1), 1.0))
            if exact is not None:
                self.points.append(exact)
                self.turned = False
                return "reached"
        tangent = self._tangent(found, self.tangent)
        flat = abs(tangent[-1]) < FLAT
        self.flat_steps = self.flat_steps + 1 if flat else 0
        self.turned = bool(tangent[-1] * self.tangent[-1] < 0) and not flat and abs(self.tangent[-1]) > FLAT
        self.step = min(LARGEST_STEP, self.step * (1.5 if tangent @ self.tangent > 0.98 else 0.7))
        self.tangent = tangent
        self.points.append(found)
        if back:
            return "closed"
        return "moved" if self.flat_steps < 3 else "stuck"

    def _passes_start(self, start: NDArray, found: NDArray) -> bool:
        """Whether the arc of this step runs through the first point, in the direction in which the walk left it."""
        origin, normal = self.points[0], self.first_tangent
        before, after = normal @ (start - origin), normal @ (found - origin)
        length = np.linalg.norm(found - start)
        if not before < 0 <= after or np.linalg.norm(start - origin) > 2 * length or len(self.points) < 3:
            return False
        # the cubic through both ends meets the plane near the arc's own point there, and not near another sheet's
        ends = start, found, length * self.tangent, length * self._tangent(found, self.tangent)
        share = brentq(lambda t: normal @ (_cubic(t, *ends) - origin), 0.0, 1.0)
        there = self._corrected(_cubic(share, *ends), normal)
        return there is not None and bool(np.max(np.abs(there - origin)) < RETURNED * (1 + np.max(np.abs(origin))))

    def _corrected(self, guess: NDArray, normal: NDArray) -> NDArray | None:
        """Newton's method in the hyperplane through the guess normal to `normal`; None if it fails."""
        point, last = guess.copy(), np.inf
        for _ in range(8):
            value = point[-1] * self.scale
            if not self.low <= value <= self.high:
                return None
            with np.errstate(all="ignore"):
                residual = self._residual(point)
                jacobian = self._jacobian(point)
            if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
                return None
            full = np.vstack([jacobian, normal])
            right = np.append(residual, normal @ (point - guess))
            try:
                step = np.linalg.solve(full, right)
            except np.linalg.LinAlgError:
                return None
            point = point - step
            size = np.max(np.abs(step)) / (1 + np.max(np.abs(point)))
            if size < TOLERANCE or (size < AT_REST and size > 0.1 * last):
                return point
            last = size
        return None

    def branch(self, folds: tuple[int, ...], end: str, last_only: bool = False) -> Branch:
        points = np.array(self.points[-1:] if last_only else self.points)
        values = points[:, -1] * self.scale
        if end == "reached":
            values[-1] = self.to
        model = self._model(values)
        order = model.unpack([points[:, i] for i in range(points.shape[1] - 1)])
        shape = values.shape
        order = polish(model, type(order)._make(np.broadcast_to(v, shape).copy() for v in order), self.solution.n)
        residual = model.residual(order, self.solution.n)
        status = np.where(residual <= 1e-10, int(Status.CONVERGED), int(Status.FAILED))
        states = dataclasses.replace(self.solution, model=model, order=order, status=status, residual=residual, sheet=0)
        named = {"stuck": "edge", "moved": "steps"}.get(end, end)
        return Branch(self.along, values, states, folds, end == "reached", end == "closed", named)


def _cubic(t: float, start: NDArray, end: NDArray, out: NDArray, into: NDArray) -> NDArray:
    """Hermite's cubic with given ends and derivatives there."""
    u = 1 - t
    return u * u * ((1 + 2 * t) * start + t * out) + t * t * ((3 - 2 * t) * end - u * into)
