"""Newton's method at 40 digits on the five saddle-point equations: what decides whether something is a state."""

from __future__ import annotations

from mpmath import mp

from attack.arithmetic import DIGITS, GUARD, Digits
from attack.equations import State

SATISFIED = 1e-25
H = "1e-25"


def settled(machine, state):
    """The exact state next to one in doubles, as doubles again; None if Newton's method finds none."""
    if state.q == 0 or state.r == 0:
        return state
    with mp.workdps(DIGITS + GUARD):
        try:
            exact = _newton(machine, state, Digits())
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    return None if exact is None else State(*(float(v) for v in exact))


def _newton(machine, state, on):
    """Newton's method in (ln m, ln q, ln r, C, ln B), at rest when residuals are below 1e-25."""
    names = [name for name in State._fields if name != "m" or state.m > 0]

    def unpacked(x):
        values = {name: v if name == "C" else mp.exp(v) for name, v in zip(names, x, strict=True)}
        return State(**{"m": mp.mpf(0), **values})

    def residual(x):
        here = unpacked(x)
        there = machine.rhs(here, on)
        pairs = [(getattr(here, name), getattr(there, name)) for name in names]
        if any(name != "C" and b <= 0 for name, (_, b) in zip(names, pairs, strict=True)):
            raise ValueError("a right-hand side is negative")
        return [b - a if name == "C" else mp.log(b / a) for name, (a, b) in zip(names, pairs, strict=True)]

    x = [mp.mpf(v) if name == "C" else mp.log(v) for name, v in ((name, getattr(state, name)) for name in names)]
    h = mp.mpf(H)
    for _ in range(14):
        if machine.hidden_limit and not x[names.index("C")] < 1:
            return None
        values = residual(x)
        if max(abs(v) for v in values) < SATISFIED:
            return unpacked(x)
        columns = [residual([v + h * (i == j) for i, v in enumerate(x)]) for j in range(len(x))]
        jacobian = mp.matrix([[(columns[j][i] - values[i]) / h for j in range(len(x))] for i in range(len(x))])
        step = mp.lu_solve(jacobian, mp.matrix(values))
        longest = max(abs(v) for v in step)
        if longest > 30:
            return None
        x = [v - d * min(1, 1 / longest) for v, d in zip(x, step, strict=True)]
    return None
