"""Solutions in many digits: Newton's method in mpmath from a double-precision solution."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from replica.models.base import Model, Order
from replica.numerics.newton import polish_multiprecision
from replica.numerics.working_digits import working_digits
from replica.saddle.solution import Solution, Status

__all__ = ["at_precision", "checked_digits", "refined"]


def at_precision(solution: Solution, model: Model, precision: int, *, throw: bool = True) -> Solution:
    """Refine a scalar solution to `precision` digits with mpmath; `model` carries the exact controls.

    Where that fails the solution is marked FAILED or, with `throw`, ArithmeticError is raised.
    """
    from mpmath import mp

    digits = checked_digits(precision, model)
    with working_digits(digits + 15):
        exact = model.unchecked(**{k: mp.mpf(v) for k, v in model.controls.items()})
        try:
            if solution.order.r == 0:
                order = exact_order(exact, solution)
            else:
                order = printable(polish_multiprecision(exact, resolved(exact, solution), solution.n, digits))
                if solution.n == 0:
                    order = order._replace(m=mp.zero)
            residual = exact.residual(order, solution.n)
        except ArithmeticError:
            if throw:
                raise ArithmeticError(
                    f"precision = {digits}: the {solution.kind} state is not resolved by so many digits; give more"
                ) from None
            return dataclasses.replace(solution, status=Status.FAILED)
        status = Status.CONVERGED if residual < mp.mpf(10) ** (5 - digits) else Status.FAILED
        fine = dataclasses.replace(solution, model=exact, order=order, residual=residual, status=status)
        for name in ("free_energy", "entropy", "energy"):
            getattr(fine, name)
        return fine


def refined(solutions: list[Solution], model: Model, precision: int) -> tuple[list[Solution], Any]:
    """All solutions at a point in many digits, each with the status that it has in them, and their rounding.

    One that double precision did not solve may fall on another: it is marked FAILED then, as its own is not found.
    """
    from mpmath import mp

    fine = [at_precision(s, model, precision, throw=False) for s in solutions]
    for i, (rough, state) in enumerate(zip(solutions, fine, strict=True)):
        others = [s for j, s in enumerate(fine) if j != i and s.n == state.n and s.status == Status.CONVERGED]
        if rough.status == Status.FAILED and any(_same(s.order, state.order) for s in others):
            fine[i] = dataclasses.replace(state, status=Status.FAILED)
    return fine, mp.mpf(10) ** -precision


SAME = 1e-8
"""Relative difference of order parameters below which a state that was not solved to rounding is another one."""


def _same(a: Order, b: Order) -> bool:
    return all(abs(x - y) <= SAME * max(abs(x), abs(y)) for x, y in zip(a, b, strict=True))


def resolved(model: Model, solution: Solution) -> Order:
    """Order parameters to start mpmath from, C by 1 − C ∝ 1/B where a double hardly tells it from 1."""
    from mpmath import mp

    order = type(solution.order)._make(mp.mpf(v) for v in solution.order)
    if 1 - order.C > 1e-6 or not order.B > 0:
        return order
    return order._replace(C=1 - model.saddle(order._replace(C=mp.zero), solution.n).B / order.B)


def exact_order(model: Model, solution: Solution) -> Order:
    """Order parameters of a noiseless state (r = 0), by its own fixed-point equations."""
    from mpmath import mp

    order = type(solution.order)._make(mp.mpf(v) for v in solution.order)
    for _ in range(3):
        order = printable(model.saddle(order, solution.n))
    return order


def printable(order: Order) -> Order:
    """Members below 2^−1000000 as zero: mpmath knows 10^(−10^300), of which no digit can be printed."""
    from mpmath import mp

    return type(order)._make(v if mp.mag(v) > -(10**6) else mp.zero for v in order)


def checked_digits(precision: int, model: Model) -> int:
    """`precision` as a number of digits; ValueError if the model cannot be solved to so many."""
    if not model.precise:
        raise ValueError(f"precision = {precision!r}: {model.name} is solved in double precision only; leave it out")
    whole = isinstance(precision, (int, np.integer)) and not isinstance(precision, bool)
    if not whole or not 15 <= precision <= 10_000:
        raise ValueError(f"precision = {precision!r}: an integer from 15 to 10000 (decimal digits) is needed")
    return int(precision)
