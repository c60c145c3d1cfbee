"""All states with overlap of a homogeneous machine, each once, in balls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from replica.certified.balls import NotProvenError, arb
from replica.certified.branch_and_prune import search
from replica.certified.deep_states import deep_states
from replica.certified.gaussian import density
from replica.certified.interval_newton import Box
from replica.certified.overlap_balls import State, located, overlap_system, state_at
from replica.certified.plane import Boxes, Machine
from replica.certified.region import region_of
from replica.certified.small_overlap import SmallOverlap

__all__ = ["overlap_states"]


DEPTHS = (50, 80, 120, 200, 400)
"""ln a that are tried."""


SHRUNK = 1 - 1e-6


class _Zero(NamedTuple):
    """A zero in a chart: where it is alone, where it is, and how the chart is mapped on (a, b) and back."""

    alone: Box
    place: Box
    to_plane: Callable[[Box], Box]
    from_plane: Callable[[Box], Box]
    state: State


def overlap_states(machine: Machine) -> tuple[list[State], int]:
    """All states with m > 0.

    Parameters
    ----------
    machine : Machine
        Controls.

    Returns
    -------
    states : list of State
        Exactly as many as there are.
    tried : int
        Number of boxes that the search looked at.

    Raises
    ------
    NotProvenError
        If the search cannot decide.
    """
    if machine.theta < 0 and abs(machine.theta) * (machine.alpha / machine.p).sqrt() > density(arb(0)):
        # S ≤ pφ(0), but ψ ≥ |θ|/√p
        return [], 0
    depth, deep = _least_noise(machine)
    region = region_of(machine, depth)
    zeros: list[_Zero] = []
    low, high = region.small
    if high > low:
        small = SmallOverlap(machine)
        for alone, place in zip(*small.states(low, high), strict=True):
            zeros.append(_Zero(alone, place, _from_square, _to_square, small.state_at(place)))
    found = search(machine, region.boxes)
    for i, w in enumerate(map(int, found.boxes.w)):
        # a ball between two doubles is a little larger than they say
        alone, inner = (_balls(boxes, i, part) for boxes, part in ((found.boxes, SHRUNK), (found.inner, 1.0)))
        if any(_inside(zero, w, alone) for zero in zeros):
            continue
        place = located(overlap_system(machine, w), alone, inner)
        zeros.append(_Zero(alone, place, *_chart(w), state_at(machine, w, place)))
    zeros = _distinct(zeros)
    if not region.beyond:
        return [zero.state for zero in zeros], found.tried
    if isinstance(deep, NotProvenError):
        raise deep
    return [*(zero.state for zero in _without_deep(zeros, depth)), *deep], found.tried


def _least_noise(machine: Machine) -> tuple[int, list[State] | NotProvenError]:
    """The least ln a from which on states are known without boxes, and those states; or why they are not."""
    # √α e^{−V} must be small
    more = max(0, math.ceil(float(machine.alpha.log().upper()) / 2))
    reason = NotProvenError("states of little noise")
    for depth in DEPTHS:
        try:
            return depth + more, deep_states(machine, depth + more)
        except NotProvenError as error:
            reason = error
    return DEPTHS[-1] + more, reason


def _balls(boxes: Boxes, i: int, part: float) -> Box:
    sides = [arb(float(side.low[i])).union(arb(float(side.high[i]))) for side in (boxes.v, boxes.t)]
    return [side.mid() + arb(0, (side.rad() * part).upper()) for side in sides]


def _without_deep(zeros: list[_Zero], depth: int) -> list[_Zero]:
    """Those whose noise is not so small that they are counted without boxes."""
    logs = [zero.to_plane(zero.place)[0].log() for zero in zeros]
    if any(not (v < depth or v > depth) for v in logs):
        raise NotProvenError(f"a state with a noise of about e^-{depth} of its overlap")
    return [zero for zero, v in zip(zeros, logs, strict=True) if v < depth]


def _chart(w: int) -> tuple[Callable[[Box], Box], Callable[[Box], Box]]:
    """(v, t) to (a, b) and back."""

    def to_plane(place: Box) -> Box:
        a = place[0].exp()
        return [a, place[1] - a * w]

    def from_plane(point: Box) -> Box:
        return [point[0].log(), point[1] + point[0] * w]

    return to_plane, from_plane


def _from_square(place: Box) -> Box:
    return [place[0].sqrt(), place[1]]


def _to_square(point: Box) -> Box:
    return [point[0] * point[0], point[1]]


def _inside(zero: _Zero, w: int, alone: Box) -> bool:
    """Whether a zero lies in a box of the chart w, which then holds no other."""
    return _holds(alone, _chart(w)[1](zero.to_plane(zero.place)))


def _holds(box: Box, place: Box) -> bool:
    return all(side.contains(x) for side, x in zip(box, place, strict=True))


def _distinct(zeros: list[_Zero]) -> list[_Zero]:
    """Zeros that are proven to differ; what is in a box in which another is alone is that other."""
    kept: list[_Zero] = []
    for zero in zeros:
        if not any(_same(zero, other) for other in kept):
            kept.append(zero)
    return kept


def _same(one: _Zero, other: _Zero) -> bool:
    seen = other.from_plane(one.to_plane(one.place))
    if _holds(other.alone, seen):
        return True
    if _holds(one.alone, one.from_plane(other.to_plane(other.place))):
        return True
    if any(x.is_finite() and not x.overlaps(y) for x, y in zip(seen, other.place, strict=True)):
        return False
    raise NotProvenError("two enclosures of which it is not known whether they hold the same state")
