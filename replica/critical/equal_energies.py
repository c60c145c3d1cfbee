"""Coexistence: where two states have equal free energies."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from replica.critical.point import CriticalPoint, Start, label, scalar
from replica.critical.stretches import Stretch, stretches
from replica.critical.walked import SAME
from replica.errors import ConvergenceError
from replica.models.base import Model
from replica.numerics.newton import polish_multiprecision
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots
from replica.numerics.working_digits import working_digits
from replica.saddle.ordering import EPS, TIED
from replica.saddle.precision import checked_digits
from replica.saddle.solution import Solution
from replica.saddle.solver import chosen_branch, kinds_of, solve

__all__ = ["coexistence"]

ROUGH = 1e-11
"""Relative difference of rough energies up to which they are calculated to rounding."""


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
        The two states, different ones.
    precision : int, optional
        Decimal digits, through mpmath.

    Returns
    -------
    CriticalPoint
        The first crossing of the two energies that is met; `states` holds both states there.

    Raises
    ------
    ConvergenceError
        If a state does not exist at the model's own value, or their free energies do not cross on the way to
        where one of them ends, or, where both go on, to a millionfold of the own value or of 1; or if the two become
        one state there.
    ValueError
        If there is no such control or kind, the states are the same, or a control is an array.
    """
    plain = scalar(model, along)
    _check_pair(plain, between)
    states = [solve(plain, start=s) for s in between]
    before: list[tuple[float, float]] = []
    for stretch in stretches(plain, along, between, states):
        exchange = _exchange(stretch, before)
        if exchange is not None:
            value, states = _crossing(plain, along, between, stretch, exchange)
            if precision is not None:
                return _precise_coexistence(model, along, value, states, checked_digits(precision, model))
            return CriticalPoint(value, along, tuple(states), math.log(value) if value > 0 else math.nan)
    why = f", where the {stretch.ended} state ends" if stretch.ended else ", as far as was looked"
    raise ConvergenceError(
        f"{label(between[0])} and {label(between[1])} do not exchange stability between {along} = "
        f"{plain.controls[along]} and {stretch.to:.6g}{why}"
    )


def _check_pair(plain: Model, between: tuple[Start, Start]) -> None:
    """Refuse what is no pair of two different states."""
    if isinstance(between, str) or len(between) != 2:
        raise ValueError(f"between = {between!r}: a pair of start states is needed")
    first, second = ((kinds_of(b)[0], b.n) for b in (chosen_branch(plain, s) for s in between))
    if first == second:
        raise ValueError(f"between = {between!r}: two different states are needed")


def _exchange(stretch: Stretch, before: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Neighbouring values of a stretch between which the lower state becomes the higher one.

    Values at which the energies agree within rounding are passed over, so that no difference that is rounding
    decides. `before` holds the last value at which they differed, and the sign.
    """
    values, lines = stretch.values, stretch.lines
    sign = _sign([line.free_energy(values, rough=True) for line in lines], ROUGH)
    close = np.nonzero(sign == 0)[0]
    if len(close):
        sign[close] = _sign([line.free_energy(values[close]) for line in lines], TIED * EPS)
    for value, here in zip(values, sign, strict=True):
        if before and here * before[-1][1] < 0:
            return before[-1][0], float(value)
        if here != 0:
            before[:] = [] if np.isnan(here) else [(float(value), float(here))]
    return None


def _sign(energies: list[NDArray], rounding: float) -> NDArray:
    """Sign of the difference of two energies, 0 where it is rounding."""
    first, second = energies
    difference = first - second
    return np.where(np.abs(difference) <= rounding * np.fmax(np.abs(first), np.abs(second)), 0.0, np.sign(difference))


def _crossing(
    plain: Model, along: str, between: tuple[Start, Start], stretch: Stretch, exchange: tuple[float, float]
) -> tuple[float, list[Solution]]:
    """The value at which the energies cross, and the states there, solved for from nothing."""
    lines = stretch.lines

    def difference(x: NDArray, index: NDArray | None = None) -> NDArray:
        with np.errstate(invalid="ignore"):
            return lines[0].free_energy(x) - lines[1].free_energy(x)

    low, high = (np.array([v]) for v in exchange)
    value = float(find_roots(difference, low, high, difference(low), difference(high))[0])
    states = [solve(plain.replace(**{along: value}), start=s) for s in between]
    strayed = [line for line, state in zip(lines, states, strict=True) if not line.confirms(state, value)]
    if strayed:
        for line in strayed:
            line.walked = False
        again = _exchange(stretch, [])
        if again is None:
            raise ConvergenceError(
                f"{label(between[0])} or {label(between[1])} could not be followed at {along} = {value:.6g}: "
                f"start the search nearer to the crossing"
            )
        return _crossing(plain, along, between, stretch, again)
    first, second = (plain.pack(s.order) if s.order.r > 0 else list(s.order) for s in states)
    if len(first) == len(second) and all(abs(a - b) <= SAME * (1 + abs(b)) for a, b in zip(first, second, strict=True)):
        raise ConvergenceError(
            f"{label(between[0])} and {label(between[1])} are one state at {along} = {value:.6g}: their energies do "
            f"not cross there, one becomes the other"
        )
    return value, states


def _precise_coexistence(model: Model, along: str, value: Number, states: list[Solution], digits: int) -> CriticalPoint:
    """Newton's method in the control; on the saddle df/dλ = ∂f/∂λ at fixed order parameters."""
    from mpmath import mp

    with working_digits(digits + 15):
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
