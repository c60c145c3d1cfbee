"""The branch k = 1 followed in ℓ from beginning to end, for many points at once, and where f̃ is stationary on it.

The curve of `branch_equations` is followed by its length, with steps that follow its curvature, so that it is not lost
where it turns: its end is the fold in ℓ, where ℓ begins to decrease and another sheet is entered. In every step the
derivative of f̃′ = df̃/dℓ along the curve is known as well: where it says that f̃′ has an extremum towards zero inside,
that is found, and the step is cut there. So the zeros of f̃′ are its changes of sign, and each has its bracket.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.branch_equations import Controls
from replica.diagrams.branch_step import FINE, Node, corrected, rescaled, scale_of, stationary_near
from replica.numerics.rootfinding import find_roots

__all__ = ["LAST", "Branch", "follow", "through"]

LAST = 5000.0
"""Largest ℓ of the model."""
LONGEST, SHORTEST, FIRST_STEP = 1.0, 1e-9, 1.0
STEPS = 500
CORNER = 1e-4
"""Distance of κ from −1 or 0 at which a branch that heads there is taken to end, if the noise is a hundredth of it.

Without noise f̃′ = −½ m (P(0) − P(1)) (κ + ½), which keeps its sign from there to the corner that the fold then is.
"""
FRACTION, ROUGH = 0.01, 3e-3
"""Last move of Newton's method in a step, over its length and at most; it converges quadratically."""


class Branch(NamedTuple):
    """Branches of P points, and the n places on them where df̃/dℓ = 0."""

    point: NDArray
    """Which point each zero belongs to, shape (n,)."""
    place: NDArray
    """(x, κ, ln ℓ) there, shape (3, n)."""
    rising: NDArray
    """Whether df̃/dℓ goes from − to +: a minimum."""
    end: NDArray
    """"fold", "window" (still there at ℓ = 5000) or "lost", of each point."""
    last: NDArray
    """The last place on the branch, the fold itself where f̃ decreases to it, shape (3, P)."""


def follow(controls: Controls, start: NDArray) -> Branch:
    """Follow branches to their ends.

    Parameters
    ----------
    controls : Controls
        α, θ̃ and g̃ of P points.
    start : array, shape (3, P)
        Places near the beginnings of their branches.

    Returns
    -------
    Branch
        The zeros of df̃/dℓ between start and end, and the ends.
    """
    size = start.shape[1]
    up = np.zeros(start.shape)
    up[2] = 1.0
    here, good, _ = corrected(controls, start, up, scale_of(start))
    here = rescaled(here)
    end = np.where(good, "", "lost").astype(object)
    step = np.full(size, FIRST_STEP)
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for _ in range(STEPS):
        index = np.nonzero(end == "")[0]
        if not len(index):
            break
        old, some, length = here.take(index), controls.take(index), step[index]
        new, good, effort = corrected(
            some, old.ahead(length), old.tangent, old.scale, np.clip(FRACTION * length, FINE, ROUGH)
        )
        good &= _smooth(old, new, length)
        step[index] = np.minimum(LONGEST, length * np.where(good, np.where(effort <= 3, 2.0, 1.0), 0.4))
        _zeros(some, old, new, length, good, index, found)
        kept = good & (new.tangent[2] > 0) & (new.place[2] < math.log(LAST))
        end[index] = _ends(old, new, good, step[index])
        falling = np.nonzero(good & (new.tangent[2] <= 0) & (new.slope < 0))[0]
        if len(falling):
            here.put(index[falling], _fold(some, old, new, length, falling))
        turn = (new.tangent - old.tangent) * old.scale / length
        here.put(index[kept], rescaled(new._replace(turn=turn).take(np.nonzero(kept)[0])))
    end[end == ""] = "lost"
    point, place, rising = (np.concatenate(v, axis=-1) for v in zip(*found, strict=True)) if found else _nothing()
    return Branch(point, place, rising, end.astype(str), here.place)


def through(controls: Controls, start: NDArray, log_ell: NDArray) -> NDArray:
    """Places on the branch of one point at increasing values of ln ℓ, as many as the branch reaches.

    Parameters
    ----------
    controls : Controls
        α, θ̃ and g̃ of one point.
    start : array, shape (3, 1)
        A place near the beginning of the branch.
    log_ell : array, shape (K,)
        Values of ln ℓ.

    Returns
    -------
    array, shape (3, n)
        Places at the first n of them.
    """
    up = np.array([[0.0], [0.0], [1.0]])
    start = start.copy()
    start[2] = min(start[2, 0], log_ell[0])
    here = rescaled(corrected(controls, start, up, scale_of(start))[0])
    places: list[NDArray] = []
    step = FIRST_STEP
    while len(places) < len(log_ell) and step > SHORTEST:
        room = log_ell[len(places)] - here.place[2, 0]
        length = min(step, room / here.tangent[2, 0])
        guess = here.ahead(np.array([length]))
        guess[2] = min(guess[2, 0], log_ell[len(places)])
        new, good, _ = corrected(controls, guess, up, here.scale)
        length = np.full(1, max((new.place[2, 0] - here.place[2, 0]) / here.tangent[2, 0], 1e-300))
        if room > 0 and not (good[0] and new.tangent[2, 0] > 0 and _smooth(here, new, length)[0]):
            step *= 0.4
            continue
        here = rescaled(new)
        step = min(LONGEST, 2 * step)
        if here.place[2, 0] >= log_ell[len(places)] - 1e-15:
            places.append(here.place[:, 0])
    return np.array(places).reshape(-1, 3).T


def _nothing() -> tuple[NDArray, NDArray, NDArray]:
    return np.zeros(0, dtype=int), np.zeros((3, 0)), np.zeros(0, dtype=bool)


def _fold(controls: Controls, old: Node, new: Node, length: NDArray, row: NDArray) -> Node:
    """Nodes at the folds in some of the steps."""
    ends = old.tangent[2, row], new.tangent[2, row]
    at = find_roots(
        lambda v, i: _at(controls, old, row[i], v).tangent[2], np.zeros(len(row)), length[row], *ends, rtol=1e-9
    )
    return _at(controls, old, row, at)


def _ends(old: Node, new: Node, good: NDArray, step: NDArray) -> NDArray:
    """Name the ends that a step has reached."""
    room = np.minimum(old.place[1] + 1, -old.place[1])
    ahead = np.where(old.place[1] < -0.5, -old.tangent[1], old.tangent[1]) > 0.9
    cornered = ahead & (old.tangent[2] < 0.1) & (room < CORNER) & (old.place[0] < 0.01 * room)
    end = np.where(~good & (step < SHORTEST), "lost", "").astype(object)
    end[cornered | (good & (new.tangent[2] <= 0))] = "fold"
    end[good & (new.tangent[2] > 0) & (new.place[2] >= math.log(LAST))] = "window"
    return end


def _smooth(old: Node, new: Node, length: NDArray) -> NDArray:
    """Whether a step stays on its curve: the tangent turns little, and the chord is its mean to third order."""
    turn = np.einsum("kp,kp->p", new.tangent, old.tangent)
    jump = (new.place - old.place) / old.scale - 0.5 * length * (old.tangent + new.tangent)
    return (turn > 0.6) & (np.abs(jump).max(axis=0) < 0.1 * length)


def _zeros(
    controls: Controls,
    old: Node,
    new: Node,
    length: NDArray,
    good: NDArray,
    names: NDArray,
    found: list[tuple[NDArray, NDArray, NDArray]],
) -> None:
    """Add the zeros of f̃′ in a step: where it changes sign, and where it comes back from an extremum beyond zero."""
    same = (old.slope < 0) == (new.slope < 0)
    row = np.nonzero(good & ~same)[0]
    brackets = [(row, np.zeros(len(row)), length[row], old.slope[row], new.slope[row])]
    # up from below zero, or down from above, and back
    turning = good & same & (old.bend * new.bend < 0) & (old.slope * old.bend < 0)
    both = np.nonzero(turning & (_peak(old, new, length) < 0.5))[0]
    if len(both):
        span = np.zeros(len(both)), length[both]
        bend = old.bend[both], new.bend[both]
        peak = find_roots(lambda at, i: _at(controls, old, both[i], at).bend, *span, *bend, rtol=1e-6)
        top = _at(controls, old, both, peak).slope
        over = (top < 0) != (old.slope[both] < 0)
        row, peak, top = both[over], peak[over], top[over]
        brackets += [
            (row, np.zeros(len(row)), peak, old.slope[row], top),
            (row, peak, length[row], top, new.slope[row]),
        ]
    row, low, high, at_low, at_high = (np.concatenate(v) for v in zip(*brackets, strict=True))
    if not len(row):
        return
    node = _stationary(controls, old, row, low, high, at_low, at_high)
    # beyond the fold is another sheet
    here = (node.tangent[2] > 0) & (node.place[2] <= math.log(LAST))
    found.append((names[row][here], node.place[:, here], (at_low < 0)[here]))


def _peak(old: Node, new: Node, length: NDArray) -> NDArray:
    """Least value of the cubic through f̃′ and its derivatives at both ends, in units of the smaller |f̃′| there."""
    share = np.linspace(0.05, 0.95, 19)[:, None]
    with np.errstate(all="ignore"):
        cubic = (1 + 2 * share) * (1 - share) ** 2 * old.slope + share**2 * (3 - 2 * share) * new.slope
        cubic += length * share * (1 - share) * ((1 - share) * old.bend - share * new.bend)
        return (cubic * np.sign(old.slope)).min(axis=0) / np.minimum(np.abs(old.slope), np.abs(new.slope))


def _stationary(
    controls: Controls, old: Node, row: NDArray, low: NDArray, high: NDArray, at_low: NDArray, at_high: NDArray
) -> Node:
    """Nodes with f̃′ = 0 in brackets along the tangents.

    By Newton's method for the curve and f̃′ together, from the secant; by the bracket where that leaves it.
    """
    base = old.take(row)
    guess = base.ahead(low + at_low / (at_low - at_high) * (high - low))
    node, good = stationary_near(controls.take(row), guess, base)
    at = (base.tangent * (node.place - base.place) / base.scale).sum(axis=0)
    left = np.nonzero(~(good & (at >= low) & (at <= high)))[0]
    if len(left):
        few, span, ends = row[left], (low[left], high[left]), (at_low[left], at_high[left])
        at = find_roots(lambda v, i: _at(controls, old, few[i], v).slope, *span, *ends, rtol=1e-13)
        node.put(left, _at(controls, old, few, at))
    return node


def _at(controls: Controls, old: Node, row: NDArray, length: NDArray) -> Node:
    """Nodes at given lengths along the tangents."""
    base = old.take(row)
    return corrected(controls.take(row), base.ahead(length), base.tangent, base.scale)[0]
