"""A state with overlap in balls: the equations of `replica.certified.plane` again, its place as narrow as one likes.

The values of W that are not summed go into the radii.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replica.certified.balls import NotProvenError, Series, arb, arb_mat, arb_series, ctx
from replica.certified.gaussian import density
from replica.certified.interval_newton import Box, System, jacobian, krawczyk, values
from replica.certified.noise_balls import bell, hidden_noise_balls, normal_balls
from replica.certified.plane import Machine

__all__ = ["State", "around", "located", "overlap_system", "state_at", "with_noise"]

STEPS = 20
SIZES = (1e-4, 1e-6, 1e-8, 1e-10, 1e-13, 1e-16, 1e-20)
"""Sizes of the boxes in which a state is proven unique once more."""


class State(NamedTuple):
    """Order parameters, 1 − C and f in balls."""

    m: arb
    q: arb
    r: arb
    C: arb
    B: arb
    margin: arb
    """1 − C, to relative precision."""
    f: arb


def overlap_system(machine: Machine, w: int) -> System:
    """e₁ and e₂ as functions of (v, t) in the chart of the units W = w.

    Parameters
    ----------
    machine : Machine
        Controls.
    w : int
        The chart.

    Returns
    -------
    callable
        System of `replica.certified.interval_newton`.
    """

    def system(unknowns: list[arb_series]) -> Sequence[arb_series]:
        v, t = unknowns
        a = v.exp()
        m, q, D = _averages(machine, w, a, t)
        root = machine.alpha.sqrt()
        psi, slope = hidden_noise_balls(machine.theta, machine.p, q)
        noise = D + root * psi
        return [
            m.log() - v - machine.p.log() - noise.log(),
            m * ((t - root * slope) / a - w) - machine.g,
        ]

    return system


def _averages(machine: Machine, w: int, a: Series, t: Series) -> tuple[Series, Series, Series]:
    """m, q and ⟨φ⟩."""
    law = machine.law
    decay, moved, rest = _decay(machine, w, a, t), _motion(a, t), arb(2 * law.rest[1])
    m: Series = around(a, rest, decay * moved)
    q: Series = around(a, rest, decay * moved)
    D: Series = around(a, rest * decay, moved)
    for j in range(-law.reach, law.reach + 1):
        P = law.weight[abs(j)]
        u = t + a * (j - w)
        on, phi = normal_balls(u), bell(u)
        m, q, D = m + P * j * on, q + P * on, D + P * phi
    return m / law.size, q, D


def _decay(machine: Machine, w: int, a: Series, t: Series) -> arb:
    """Bound of φ and of (1 + |u|) |u'| φ over `_motion`, for values of W that are not summed: 1.5 u²φ from |u| = 2."""
    at = [x[0] if isinstance(x, arb_series) else x for x in (a, t)]
    gap = (at[0] * (machine.law.reach + 1 - abs(w)) - abs(at[1])).lower()
    return (arb(3) / 2 * gap * gap * density(gap)).upper() if gap > 3 else arb(1)


def _motion(a: Series, t: Series) -> arb:
    """Bound of |u'| φ and |u'| |u| φ: a' (W − w) = v' (u − t), and (|u| + |t|)(1 + |u|) φ ≤ 1 + |t|."""
    if not isinstance(a, arb_series):
        return arb(0)
    return abs(a[1] / a[0]).upper() * (1 + abs(t[0]).upper()) + abs(t[1]).upper()


def around(like: Series, radius: arb, motion: arb) -> Series:
    """Ball around 0, of a series with a derivative of size radius · motion."""
    ball = arb(0, radius.upper())
    return arb_series([ball, arb(0, (radius * motion).upper())], 2) if isinstance(like, arb_series) else ball


def located(system: System, box: Box, inner: Box) -> Box:
    """The zero that a box is known to hold alone, enclosed narrowly.

    Parameters
    ----------
    system : callable
        The equations.
    box : list of arb
        Holds exactly one zero.
    inner : list of arb
        Part of it that holds the zero.

    Returns
    -------
    list of arb
        A narrow box inside it with exactly one zero, which is the same.

    Raises
    ------
    NotProvenError
        If no box is small enough for a proof at the working precision.
    """
    place = [x.mid() for x in inner]
    for _ in range(STEPS):
        previous, place = place, _newton(system, place)
        if all(abs(x - y) <= abs(x) * arb(2) ** -(ctx.prec // 2) for x, y in zip(place, previous, strict=True)):
            break
    for size in SIZES:
        narrow = [x + arb(0, side.rad() * size) for x, side in zip(place, inner, strict=True)]
        if not all(side.contains(x) for side, x in zip(box, narrow, strict=True)):
            continue
        try:
            return _narrow(system, krawczyk(system, narrow))
        except NotProvenError:
            continue
    raise NotProvenError("a state that the search isolates cannot be enclosed at this precision")


def _newton(system: System, place: Box) -> Box:
    try:
        step = jacobian(system, place).inv() * arb_mat([[f] for f in values(system, place)])
    except ZeroDivisionError:
        raise NotProvenError("the Jacobian at a state cannot be inverted") from None
    return [(x - step[i, 0]).mid() for i, x in enumerate(place)]


def _narrow(system: System, box: Box) -> Box:
    for _ in range(3):
        try:
            box = [x.intersection(k) for x, k in zip(box, krawczyk(system, box), strict=True)]
        except NotProvenError:
            break
    return box


def state_at(machine: Machine, w: int, place: Box) -> State:
    """Order parameters of the state at a place of the chart w.

    Parameters
    ----------
    machine : Machine
        Controls.
    w : int
        The chart.
    place : list of arb
        (v, t).

    Returns
    -------
    State
        Balls that contain them.
    """
    v, t = place
    a = v.exp()
    m, q, D = _averages(machine, w, a, t)
    return with_noise(machine, m, q, m / a, D)


def with_noise(machine: Machine, m: arb, q: arb, s: arb, D: arb) -> State:
    """Order parameters at an overlap, an activity, a noise and D = ⟨φ⟩."""
    root = machine.alpha.sqrt()
    psi, slope = hidden_noise_balls(machine.theta, machine.p, q)
    margin = machine.p * root * psi / s
    r = s * s / (machine.alpha * machine.p)
    f = -machine.law.size * m * m / 2 - machine.alpha * r / 2 - machine.g * q
    return State(m, q, r, machine.p * D / s, 2 * s * slope / root, margin, f)
