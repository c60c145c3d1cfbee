"""The line of control values from a model's own in the direction of loss, stretch by stretch, with two states on it.

A stretch is four times as long as what lies behind it, so that what is met early costs little, however far the branch
goes. It ends where a state does: at the fold of the first one, or where one is no longer found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.critical.branch import onward
from replica.critical.folds import fold_of
from replica.critical.point import Start, direction_of_loss, label, metadata
from replica.critical.walked import WalkedState
from replica.models.base import Model
from replica.saddle.solution import Solution

__all__ = ["Stretch", "stretches"]

POINTS = 33
FARTHEST = 1e6
"""Distance, over the own value or 1, up to which a line without an end is searched."""
SECTIONS = 5
"""Times that the cell in which a state is lost is divided by 32."""


class Stretch(NamedTuple):
    """Part of the line, and two states on it."""

    values: NDArray
    """Values of the control at which the states are compared."""
    lines: list[WalkedState]
    to: float
    ended: str
    """The state that ends at `to`, in words; empty where both go on."""


def stretches(plain: Model, along: str, pair: tuple[Start, Start], states: list[Solution]) -> Iterator[Stretch]:
    """Stretches of the line, until one of the two states ends, the domain does, or the line is FARTHEST away.

    Parameters
    ----------
    plain : Model
        Model with plain scalar controls.
    along : str
        The control.
    pair : pair of start states
        The two states.
    states : list of Solution
        They at the model's own value.

    Yields
    ------
    Stretch
        One after the other.
    """
    here = float(plain.controls[along])
    last = _last(plain, along, here)
    while here != last:
        to = onward(here, last)
        lines = [WalkedState(plain, along, s, state, to) for s, state in zip(pair, states, strict=True)]
        if lines[0].turned:
            yield _up_to_fold(plain, along, pair, states, lines)
            return
        values = _between(plain, along, here, to)
        yield Stretch(values, lines, to, "")
        after = [line.state(to) for line in lines]
        lost = [i for i, state in enumerate(after) if state is None]
        if lost:
            yield _up_to_loss(values, lines, label(pair[lost[0]]))
            return
        states, here = [state for state in after if state is not None], to


def _up_to_fold(
    plain: Model, along: str, pair: tuple[Start, Start], states: list[Solution], lines: list[WalkedState]
) -> Stretch:
    """The stretch at the end of which the first state folds."""
    here = float(states[0].model.controls[along])
    fold = fold_of(plain.unchecked(**{along: here}), along, pair[0], states[0])
    to = float(fold.value)
    lines[0].end_at(to, fold.order)
    if not lines[1].walked:
        lines[1] = WalkedState(plain, along, pair[1], states[1], to)
    # denser towards the fold, where free energies bend, and without it
    share = np.sin(0.5 * np.pi * np.linspace(0, 1, 97))[:-1]
    return Stretch(here + (to - here) * share, lines, to, label(pair[0]))


def _up_to_loss(values: NDArray, lines: list[WalkedState], ended: str) -> Stretch:
    """The rest of a stretch, up to where a state is no longer found, denser towards there."""
    inside, outside = values[0], values[-1]
    for _ in range(SECTIONS):
        cut = np.linspace(inside, outside, POINTS)
        absent = np.isnan(sum(line.free_energy(cut, rough=True) for line in lines))
        first = max(int(np.argmax(absent)), 1)
        inside, outside = cut[first - 1], cut[first]
    start = values[values < inside] if outside > inside else values[values > inside]
    begin = start[-1] if len(start) else values[0]
    closer = inside + (begin - inside) * np.append(np.geomspace(1, 1e-9, 28), 0.0)
    return Stretch(closer, lines, float(inside), ended)


def _between(plain: Model, along: str, here: float, to: float) -> NDArray:
    """Values of a stretch: in equal steps, of the load in equal ratios."""
    if along == plain.load and here > 0:
        values = np.geomspace(here, to, POINTS)
        values[[0, -1]] = here, to
        return values
    return np.linspace(here, to, POINTS)


def _last(plain: Model, along: str, own: float) -> float:
    """The farthest value looked at, within the domain."""
    meta, direction = metadata(plain, along), direction_of_loss(plain, along)
    edge, included = (meta["high"], meta["high_included"]) if direction > 0 else (meta["low"], meta["low_included"])
    far = own + direction * FARTHEST * (1 + abs(own))
    if math.isinf(edge) or abs(far - own) < abs(edge - own):
        return far
    return float(edge) if included else own + (edge - own) * (1 - 1e-9)
