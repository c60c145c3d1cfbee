"""Critical points: folds (`spinodal`) and equal free energies (`coexistence`); the third kind is in `at_line`.

Each search starts at the model's own value of one control, which must carry the state, and goes in the direction
in which retrieval is lost.
"""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.branch import follow_to_fold
from replica.flat import flattened, taken
from replica.fold import refine_fold
from replica.model import Chart, Finder, Model, Order, control_fields
from replica.newton import polish_multiprecision
from replica.precision import checked_digits
from replica.rootfinding import find_roots
from replica.solution import ConvergenceError, Solution, Status
from replica.solver import check_model, chosen_branch, sampled, solve

__all__ = ["CriticalPoint", "coexistence", "spinodal"]

Start = str | tuple[str, int]
LARGEST_LOG = math.log(np.finfo(float).max) - 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A critical point on a line of control values.

    Parameters
    ----------
    value : float or mpmath number
        Value of the control `along`; inf where it overflows a double (`log_value` does not).
    along : str
        The control.
    states : tuple of Solution
        The state there (two for a coexistence).
    log_value : float
        Natural logarithm of `value` (nan where it is negative).
    """

    value: Any
    along: str
    states: tuple[Solution, ...]
    log_value: float

    @property
    def order(self) -> Order:
        """Order parameters of the (first) state there."""
        return self.states[0].order

    def __repr__(self) -> str:
        return f"<{self.along} = {self.value}: {self.states[0]}>"


def spinodal(model: Model, *, along: str, start: Start = "retrieval", precision: int | None = None) -> CriticalPoint:
    """Fold of the branch of a state: where it ceases to exist.

    Parameters
    ----------
    model : Model
        Model with scalar controls; its own value of `along` must carry the start state.
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
    plain = scalar(model, along)
    branch = chosen_branch(plain, start)
    if along == plain.load and isinstance(branch, Chart):
        order, log_value = _fold_on_chart(plain, branch, start)
        kind, n = branch.kind, branch.n
    elif along == plain.load and isinstance(branch, Finder) and branch.fold is not None:
        order, log_value = branch.fold(plain)
        kind, n = branch.kinds[0], branch.n
        if not math.log(float(plain.controls[along])) < log_value:
            raise ConvergenceError(
                f"no {kind} state at {along} = {plain.controls[along]}: start the search where it exists, "
                f"at {along} below {math.exp(min(log_value, 700)):.6g}"
            )
    else:
        state = solve(plain, start=start)
        end = follow_to_fold(state, along=along, direction=_loss(plain, along)) if float(state.order.r) > 0 else None
        if end is None:
            raise ConvergenceError(f"the {state.kind} branch has no fold along {along} from {plain.controls[along]}")
        order = type(end.order)._make(member[0] for member in end.order)
        value = float(end.model.controls[along][0])
        kind, n, log_value = state.kind, state.n, math.log(value) if value > 0 else math.nan
        return _refined(model, order, kind, n, along, value, precision)
    if log_value > LARGEST_LOG and precision is None:
        state = Solution(plain.unchecked(**{along: math.inf}), kind, n, order, Status.CONVERGED, math.nan)
        return CriticalPoint(math.inf, along, (state,), log_value)
    return _refined(model, order, kind, n, along, _exponential(log_value, precision), precision)


def _exponential(log_value: float, precision: int | None) -> Any:
    if precision is None:
        return math.exp(log_value)
    from mpmath import mp

    return mp.exp(log_value)


def _refined(
    model: Model, order: Order, kind: str, n: int, along: str, value: Any, precision: int | None
) -> CriticalPoint:
    """Solve the extended system from a rough fold."""
    if precision is None:
        plain = scalar(model, along)
        value, order = refine_fold(plain, order, n, along, value)
        value = float(value)
        here = plain.replace(**{along: value})
        order = type(order)._make(float(v) for v in order)
        state = Solution(here, kind, n, order, Status.CONVERGED, float(here.residual(order, n)))
        return CriticalPoint(value, along, (state,), math.log(value) if value > 0 else math.nan)
    from mpmath import mp

    digits = checked_digits(precision, model)
    with mp.workdps(digits + 15):
        exact = model.unchecked(**{k: mp.mpf(v) for k, v in model.controls.items()})
        # the right-hand sides of r and B hold q and C only, and neither underflows here
        rhs = exact.unchecked(**{along: value}).saddle(type(order)._make(map(mp.mpf, order))._replace(r=mp.one), n)
        order = order._replace(r=rhs.r, B=rhs.B)
        value, order = refine_fold(exact, order, n, along, value, digits)
        here = exact.unchecked(**{along: value})
        state = Solution(here, kind, n, order, Status.CONVERGED, here.residual(order, n))
        return CriticalPoint(value, along, (state,), float(mp.log(value)) if value > 0 else math.nan)


def _fold_on_chart(plain: Model, chart: Chart, start: Start) -> tuple[Order, float]:
    """First fold from the zero-noise end of a chart on which the load is a function."""
    flat = flattened(plain.unchecked(**{k: np.atleast_1d(v) for k, v in plain.controls.items()}))
    own = math.log(float(plain.controls[plain.load]))
    u, load, passed = sampled(flat, chart, own)
    first = np.nonzero(passed[0] == 0)[0]
    if not len(first) or len(first) == passed.shape[1]:
        raise ConvergenceError(f"the {chart.kind} branch has no fold along {plain.load}")
    edge = first[0] if chart.zero_noise > 0 else first[-1] + 1
    sheet = load[0, first[0] : first[-1] + 2]
    if not np.nanmin(sheet) < own <= load[0, edge]:
        raise ConvergenceError(
            f"no {chart.kind} state at {plain.load} = {plain.controls[plain.load]}: start the search where it "
            f"exists, at {plain.load} below {math.exp(min(load[0, edge], 700)):.6g}"
        )
    log_load, order = chart.point(taken(flat, np.array([0])), u[0, edge : edge + 1])
    return type(order)._make(np.float64(member[0]) for member in order), float(log_load[0])


def coexistence(
    model: Model,
    *,
    along: str,
    between: tuple[Start, Start] = ("retrieval", "spin_glass"),
    precision: int | None = None,
) -> CriticalPoint:
    """Point where two states have equal free energies (a first-order transition between them).

    Parameters
    ----------
    model : Model
        Model with scalar controls; its own value of `along` must carry both states.
    along : str
        Control to vary, in the direction in which retrieval is lost.
    between : pair of start states
        The two states.
    precision : int, optional
        Decimal digits, through mpmath.

    Returns
    -------
    CriticalPoint
        The first crossing met; `states` holds both states.

    Raises
    ------
    ConvergenceError
        If a state does not exist at the model's own value, or their free energies do not cross on the way to
        the fold at which the first of them ends.
    ValueError
        If there is no such control or kind, or a control is an array.
    """
    plain = scalar(model, along)
    if isinstance(between, str) or len(between) != 2:
        raise ValueError(f"between = {between!r}: a pair of start states is needed")
    states = [solve(plain, start=s) for s in between]
    values = _scan(plain, along, between[0], float(plain.controls[along]))
    line = plain.unchecked(**{along: values})
    first, second = (solve(line, start=s, throw=False) for s in between)
    with np.errstate(invalid="ignore"):
        gap = np.asarray(first.free_energy) - np.asarray(second.free_energy)
    bracket = first_sign_change(values, gap)
    if bracket is None:
        raise ConvergenceError(
            f"{label(between[0])} and {label(between[1])} do not exchange stability between {along} = "
            f"{plain.controls[along]} and {values[-1]:.6g}"
        )

    def difference(x: NDArray, index: NDArray) -> NDArray:
        here = plain.unchecked(**{along: np.asarray(x)})
        a, b = (solve(here, start=s, throw=False) for s in between)
        return np.asarray(a.free_energy) - np.asarray(b.free_energy)

    low, high, f_low, f_high = (np.array([v]) for v in bracket)
    value = float(find_roots(difference, low, high, f_low, f_high)[0])
    states = [solve(plain.replace(**{along: value}), start=s) for s in between]
    if precision is None:
        return CriticalPoint(value, along, tuple(states), math.log(value) if value > 0 else math.nan)
    return _precise_coexistence(model, along, value, states, checked_digits(precision, model))


def _precise_coexistence(model: Model, along: str, value: Any, states: list[Solution], digits: int) -> CriticalPoint:
    """Newton's method in the control; on the saddle df/dλ = ∂f/∂λ at fixed order parameters."""
    from mpmath import mp

    with mp.workdps(digits + 15):
        value = mp.mpf(value)
        base = model.unchecked(**{k: mp.mpf(v) for k, v in model.controls.items()})
        orders = [s.order for s in states]
        step_size = mp.mpf(10) ** (-2 * mp.dps)
        for _ in range(30):
            here = base.unchecked(**{along: value})
            orders = [polish_multiprecision(here, o, s.n, digits) for o, s in zip(orders, states, strict=True)]
            pairs = list(zip(orders, states, strict=True))
            f = [here.free_energy(o, s.n) for o, s in pairs]
            moved = base.unchecked(**{along: value + mp.mpc(0, step_size)})
            # at fixed unknowns: dependent members such as q = 1 − T C move with the control
            slope = [mp.im(moved.free_energy(moved.unpack(here.pack(o)), s.n)) / step_size for o, s in pairs]
            change = (f[0] - f[1]) / (slope[0] - slope[1])
            value = value - change
            if abs(change) < mp.mpf(10) ** (-digits - 2) * max(1, abs(value)):
                break
        else:
            raise ArithmeticError("the coexistence did not converge in mpmath")
        done = tuple(dataclasses.replace(s, model=here, order=o, residual=here.residual(o, s.n)) for o, s in pairs)
        return CriticalPoint(value, along, done, float(mp.log(abs(value))))


def scalar(model: Model, along: str) -> Model:
    """Return the model with plain scalar controls, or raise ValueError."""
    check_model(model)
    if along not in model.controls:
        raise ValueError(f"along = {along!r}: {model.name} has {', '.join(model.controls)}")
    if model.shape:
        raise ValueError(
            f"controls of shape {model.shape}: a critical point needs scalar controls; loop over the array"
        )
    return model.unchecked(**{k: float(v) for k, v in model.controls.items()})


def metadata(model: Model, along: str) -> Any:
    """Return what the model's field says of a control."""
    return next(f.metadata for f in control_fields(type(model)) if f.name == along)


def _loss(model: Model, along: str) -> int:
    return int(metadata(model, along)["loss"])


def label(start: Start) -> str:
    """Return a start state in words."""
    return start if isinstance(start, str) else f"{start[0]} n={start[1]}"


def _scan(plain: Model, along: str, start: Start, own: float) -> NDArray:
    """Values from the model's own to the fold at which the start state ends."""
    end = float(spinodal(plain, along=along, start=start).value)
    # denser towards the fold, where free energies bend
    share = np.sin(0.5 * np.pi * np.linspace(0, 1, 97))
    return own + (end - own) * share[:-1]


def first_sign_change(values: NDArray, f: NDArray) -> tuple[float, float, float, float] | None:
    """Neighbouring values between which f changes sign (both finite or infinite, not nan)."""
    good = np.nonzero(~np.isnan(f))[0]
    for i, j in pairwise(good):
        if j == i + 1 and (f[i] > 0) != (f[j] > 0):
            return float(values[i]), float(values[j]), float(f[i]), float(f[j])
    return None
