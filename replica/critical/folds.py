"""Folds: where the branch of a state turns back, and the state ceases to exist (its spinodal).

The search starts at the model's own value of one control, which must carry the state, and goes in the direction
in which retrieval is lost.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from replica.critical.branch import follow_to_fold
from replica.critical.point import CriticalPoint, Start, direction_of_loss, label, scalar
from replica.errors import ConvergenceError
from replica.models.base import Chart, Finder, Model, Order
from replica.models.base.points import flattened, taken
from replica.numerics.fold_refinement import refine_fold
from replica.numerics.number import Number
from replica.numerics.working_digits import working_digits
from replica.saddle.crossings import sampled
from replica.saddle.precision import checked_digits
from replica.saddle.solution import Solution, Status
from replica.saddle.solver import chosen_branch, solve

__all__ = ["fold_of", "spinodal"]

LARGEST_LOG = math.log(np.finfo(float).max) - 1e-9
"""ln of the largest double: beyond, the value of a fold is inf and its logarithm finite."""
FARTHEST_LOG = 450.0
"""ln α beyond which r and B, about 1/α, are so small that their complex steps leave the range of a double."""
NO_COUPLING = 1.0
"""The load of a model that leaves it open: on a chart it is no coupling, and no matter."""
LOWEST_LOG = -60.0
"""ln α from which a chart is searched for its first fold where the load is open."""
SMALL_LOADS = (1e-6, 1e-4, 1e-3, 1e-2)
"""Loads at which a state without a chart is looked for where the load is open."""
SAFE_DIGITS = 20
"""Digits in which such folds are refined, to be right in all those of a double."""


def spinodal(model: Model, *, along: str, start: Start = "retrieval", precision: int | None = None) -> CriticalPoint:
    """Fold of the branch of a state: where it ceases to exist.

    Parameters
    ----------
    model : Model
        Model with scalar controls; its own value of `along` must carry the start state. The load may be open (None)
        for a fold along it: the branch then is that from the smallest loads.
    along : str
        Control to vary, in the direction in which retrieval is lost (upwards for α and T).
    start : str or (str, int)
        Kind of the state, or ("mixture", n).
    precision : int, optional
        Decimal digits, through mpmath.

    Returns
    -------
    CriticalPoint
        The first fold met, refined as the root of an extended system.

    Raises
    ------
    ConvergenceError
        If the start state does not exist at the model's own value, or its branch ends without a fold.
    ValueError
        If there is no such control or kind, or a control is an array.

    Examples
    --------
    >>> import replica
    >>> from replica.models import Hopfield
    >>> replica.spinodal(Hopfield(alpha=0.1), along="alpha").value
    0.1379055664949317
    """
    return fold_of(model, along, start, precision=precision)


def fold_of(
    model: Model, along: str, start: Start, known: Solution | None = None, *, precision: int | None = None
) -> CriticalPoint:
    """`spinodal`, for which the start state at the model's own value may be known."""
    plain = scalar(model, along, open_load=True)
    is_open = along not in plain.controls
    if is_open:
        plain = plain.unchecked(**{along: NO_COUPLING})
    branch = chosen_branch(plain, start)
    if along == plain.load and isinstance(branch, Chart):
        order, log_value = _fold_on_chart(plain, branch, None if is_open else math.log(float(plain.controls[along])))
        kind, n = branch.kind, branch.n
    elif along == plain.load and isinstance(branch, Finder) and branch.fold is not None:
        order, log_value = branch.fold(plain)
        kind, n = branch.kinds[0], branch.n
        if not is_open and not math.log(float(plain.controls[along])) < log_value:
            raise ConvergenceError(
                f"no {kind} state at {along} = {plain.controls[along]}: start the search where it exists, "
                f"at {along} below {math.exp(min(log_value, 700)):.6g}"
            )
    else:
        state = known or (_at_small_load(plain, start) if is_open else solve(plain, start=start))
        plain = scalar(state.model, along)
        end = (
            follow_to_fold(state, along=along, direction=direction_of_loss(plain, along))
            if float(state.order.r) > 0
            else None
        )
        if end is None:
            raise ConvergenceError(f"the {state.kind} branch has no fold along {along} from {plain.controls[along]}")
        order = type(end.order)._make(member[0] for member in end.order)
        value = float(end.model.controls[along][0])
        if along != plain.load or not value > 0:
            return _refined(model, order, state.kind, state.n, along, value, precision)
        kind, n, log_value = state.kind, state.n, math.log(value)
    return _refined_load(model, order, kind, n, log_value, precision)


def _refined_load(
    model: Model, order: Order, kind: str, n: int, log_value: float, precision: int | None
) -> CriticalPoint:
    """Solve the extended system from a rough fold along the load, whose logarithm may be any number."""
    along = model.load
    digits = None if precision is None else checked_digits(precision, model)
    if digits is None and (log_value < FARTHEST_LOG or not model.precise):
        if log_value < LARGEST_LOG:
            return _refined(model, order, kind, n, along, math.exp(log_value), None)
        here = scalar(model, along, open_load=True).unchecked(**{along: math.inf})
        return CriticalPoint(math.inf, along, (Solution(here, kind, n, order, Status.OVERFLOW, math.nan),), log_value)
    from mpmath import mp

    with working_digits((digits or SAFE_DIGITS) + 15):
        fine = _refined(model, order, kind, n, along, mp.exp(log_value), digits or SAFE_DIGITS)
    return _in_double(model, fine) if digits is None else fine


def _in_double(model: Model, fine: CriticalPoint) -> CriticalPoint:
    """A critical point in many digits, rounded; what is beyond a double becomes inf or 0."""
    value = float(fine.value)
    order = type(fine.order)._make(float(v) for v in fine.order)
    here = scalar(model, fine.along, open_load=True).unchecked(**{fine.along: value})
    pairs = zip((value, *order), (fine.value, *fine.order), strict=True)
    lost = any(math.isinf(rounded) or (rounded == 0 and exact != 0) for rounded, exact in pairs)
    state = dataclasses.replace(
        fine.states[0],
        model=here,
        order=order,
        residual=float(fine.states[0].residual),
        status=Status.OVERFLOW if lost else fine.states[0].status,
    )
    return dataclasses.replace(fine, value=value, states=(state,))


def _refined(
    model: Model, order: Order, kind: str, n: int, along: str, value: Number, precision: int | None
) -> CriticalPoint:
    """Solve the extended system from a rough fold."""
    if precision is None:
        plain = scalar(model, along, open_load=True)
        value, order = refine_fold(plain, order, n, along, value)
        value = float(value)
        here = plain.replace(**{along: value})
        order = type(order)._make(float(v) for v in order)
        state = Solution(here, kind, n, order, Status.CONVERGED, float(here.residual(order, n)))
        return CriticalPoint(value, along, (state,), math.log(value) if value > 0 else math.nan)
    from mpmath import mp

    digits = checked_digits(precision, model)
    with working_digits(digits + 15):
        exact = model.unchecked(**{k: mp.mpf(v) for k, v in model.controls.items()})
        # the right-hand sides of r and B hold q and C only, and neither underflows here
        rhs = exact.unchecked(**{along: value}).saddle(type(order)._make(map(mp.mpf, order))._replace(r=mp.one), n)
        order = order._replace(r=rhs.r, B=rhs.B)
        value, order = refine_fold(exact, order, n, along, value, digits)
        here = exact.unchecked(**{along: value})
        state = Solution(here, kind, n, order, Status.CONVERGED, here.residual(order, n))
        return CriticalPoint(value, along, (state,), float(mp.log(value)) if value > 0 else math.nan)


def _at_small_load(plain: Model, start: Start) -> Solution:
    """A state where the load is small, the smallest of a few at which it exists."""
    for load in SMALL_LOADS:
        state = solve(plain.unchecked(**{plain.load: load}), start=start, throw=False)
        if state.status == Status.CONVERGED:
            return state
    raise ConvergenceError(
        f"no {label(start)} state at {plain.load} = {', '.join(f'{v:g}' for v in SMALL_LOADS)}: give a {plain.load} "
        "at which it exists"
    )


def _fold_on_chart(plain: Model, chart: Chart, own: float | None) -> tuple[Order, float]:
    """First fold from the zero-noise end of a chart on which the load is a function; `own`, ln α, must lie below it."""
    flat = flattened(plain.unchecked(**{k: np.atleast_1d(v) for k, v in plain.controls.items()}))
    u, load, passed = sampled(flat, chart, LOWEST_LOG if own is None else own)
    first = np.nonzero(passed[0] == 0)[0]
    if not len(first) or len(first) == passed.shape[1]:
        raise ConvergenceError(f"the {chart.kind} branch has no fold along {plain.load}")
    edge = first[0] if chart.zero_noise > 0 else first[-1] + 1
    sheet = load[0, first[0] : first[-1] + 2]
    if own is not None and not np.nanmin(sheet) < own <= load[0, edge]:
        raise ConvergenceError(
            f"no {chart.kind} state at {plain.load} = {plain.controls[plain.load]}: start the search where it "
            f"exists, at {plain.load} below {math.exp(min(load[0, edge], 700)):.6g}"
        )
    log_load, order = chart.point(taken(flat, np.array([0])), u[0, edge : edge + 1])
    return type(order)._make(np.float64(member[0]) for member in order), float(log_load[0])
