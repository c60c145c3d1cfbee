"""Coexistence: where two states have equal free energies."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from replica.critical.folds import fold_of
from replica.critical.point import CriticalPoint, Start, first_sign_change, label, scalar
from replica.critical.walked import WalkedState
from replica.errors import ConvergenceError
from replica.models.base import Model
from replica.numerics.newton import polish_multiprecision
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots
from replica.numerics.working_digits import working_digits
from replica.saddle.precision import checked_digits
from replica.saddle.solution import Solution
from replica.saddle.solver import solve

__all__ = ["coexistence"]


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
        The first crossing of the two energies that is met; `states` holds both states there.

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
    fold = fold_of(plain, along, between[0], states[0])
    values = _scan(float(plain.controls[along]), float(fold.value))
    lines = [
        WalkedState(plain, along, s, own, float(fold.value), end)
        for s, own, end in zip(between, states, (fold.order, None), strict=True)
    ]
    value, states = _crossing(plain, along, between, values, lines)
    if precision is None:
        return CriticalPoint(value, along, tuple(states), math.log(value) if value > 0 else math.nan)
    return _precise_coexistence(model, along, value, states, checked_digits(precision, model))


def _crossing(
    plain: Model, along: str, between: tuple[Start, Start], values: NDArray, lines: list[WalkedState]
) -> tuple[float, list[Solution]]:
    """The first value at which the energies cross, and the states there, solved for from nothing."""

    def difference(x: NDArray, index: NDArray | None = None, rough: bool = False) -> NDArray:
        with np.errstate(invalid="ignore"):
            return lines[0].free_energy(x, rough=rough) - lines[1].free_energy(x, rough=rough)

    bracket = first_sign_change(values, difference(values, rough=True))
    if bracket is None:
        raise ConvergenceError(
            f"{label(between[0])} and {label(between[1])} do not exchange stability between {along} = "
            f"{plain.controls[along]} and {values[-1]:.6g}"
        )
    low, high, f_low, f_high = (np.array([v]) for v in bracket)
    value = float(find_roots(difference, low, high, f_low, f_high)[0])
    states = [solve(plain.replace(**{along: value}), start=s) for s in between]
    strayed = [line for line, state in zip(lines, states, strict=True) if not line.confirms(state, value)]
    if not strayed:
        return value, states
    for line in strayed:
        line.walked = False
    return _crossing(plain, along, between, values, lines)


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


def _scan(own: float, end: float) -> NDArray:
    """Values from the model's own to the fold at which the start state ends, without the fold."""
    # denser towards the fold, where free energies bend
    share = np.sin(0.5 * np.pi * np.linspace(0, 1, 97))
    return own + (end - own) * share[:-1]
