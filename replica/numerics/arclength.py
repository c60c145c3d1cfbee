"""Curves of solutions traced by arclength, many at once.

A curve runs through points y of D coordinates, the last of which is ln α, with F(y) = 0, D − 1 equations
(`replica.numerics.load_curve`).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.numerics.load_curve import LoadCurve, largest, solutions

__all__ = [
    "NO_NOISE",
    "ON_CURVE",
    "Curves",
    "End",
    "corrected",
    "joined",
    "side_by_side",
    "tangents_of",
    "trace",
]

NO_OVERLAP = 1e-7
"""m below which a curve has merged with the glass."""
NO_NOISE = 1e-7
"""s below which a glass has merged with the paramagnet."""


class End(enum.IntEnum):
    """Where a curve stops."""

    LOST = 0
    """No step is short enough, or there were too many."""
    START = 1
    """Where it was begun."""
    LOW = 2
    """At the least load."""
    HIGH = 3
    """Beyond the largest load, on the way to larger ones."""
    VANISHED = 4
    """Without overlap, or without noise where there is none; or lost where next to no unit is active."""
    MARGINAL = 5
    """1 − C/a vanishes."""
    CLOSED = 6
    """Back at its start."""
    UNBOUNDED = 7
    """The noise goes to infinity, or the self-field to the curvature of units, in proportions that are known."""


FIRST_STEP, LARGEST_STEP, SMALLEST_STEP = 0.05, 0.6, 1e-6
MOST_STEPS = 1500
ON_CURVE = 1e-9


class Curves(NamedTuple):
    """Points on curves, nan beyond their ends: shape (K, R, D), the tangents there, and both ends, shape (2, R)."""

    y: NDArray
    tangent: NDArray
    ends: NDArray


def trace(
    system: LoadCurve,
    start: NDArray,
    sign: int,
    low: NDArray,
    high: NDArray,
    longest: float = LARGEST_STEP,
    oriented: bool = False,
) -> Curves:
    """Follow curves by arclength from one point of each, with ln α first rising or falling.

    They end below `low` or, rising, above `high` in ln α, where m or s vanishes, where s → ∞ or b has its limit, or
    where no step is short enough.

    Parameters
    ----------
    system : LoadCurve
        The equations, R rows.
    start : array, shape (R, D)
        A point of each curve.
    sign : {1, -1}
        Whether ln α rises or falls at first.
    low, high : array, shape (R,)
        Range of ln α.
    longest : float
        Largest step.
    oriented : bool
        Whether steps beyond corners keep the sign of det(F', tangent), which changes at branch points only, and pass no
        dip of it half-way: close to a branch point a step may leap from one strand to the other.

    Returns
    -------
    Curves
        The curves, the starts first.
    """
    rows = len(start)
    with np.errstate(all="ignore"):
        own_J = system.at(start)[1]
        first = tangents_of(own_J)
    # where the load does not change at all both signs are to lead different ways
    first *= np.where(np.where(first[:, -1] == 0, 1.0, first[:, -1]) * sign < 0, -1.0, 1.0)[:, None]
    points, tangents = [start], [first]
    here, tangent, side = start.copy(), tangents[0].copy(), _volume(own_J, first)
    step, end = np.full(rows, FIRST_STEP), np.full(rows, End.LOST)
    alive = np.isfinite(tangent).all(axis=-1)
    for count in range(MOST_STEPS):
        if not alive.any():
            break
        index = np.nonzero(alive)[0]
        guess = here[index] + step[index, None] * tangent[index]
        found, J, spent, good = corrected(system.rows(index), guess, tangent[index])
        turned = tangents_of(J, tangent[index])
        there = _volume(J, turned)
        with np.errstate(invalid="ignore", over="ignore"):
            if oriented:
                ends = [(here[index], tangent[index], side[:, index]), (found, turned, there)]
                good &= (step[index] < CORNER) | _on_one_strand(system.rows(index), *ends)
            good &= ((turned * tangent[index]).sum(axis=-1) > STRAIGHT) | (step[index] < CORNER)
            good &= np.linalg.norm(found - here[index], axis=-1) < 2 * step[index]
        moved = index[good]
        home = _passes(here[moved], found[good], turned[good], start[moved], first[moved]) & (count > LEAST_ROUND)
        step[index] = np.where(good, np.minimum(1.5 * step[index], longest), step[index] / 2)
        here[moved], tangent[moved], side[:, moved] = found[good], turned[good], there[:, good]
        new, new_tangent = np.full_like(start, np.nan), np.full_like(start, np.nan)
        new[moved], new_tangent[moved] = here[moved], tangent[moved]
        points.append(new)
        tangents.append(new_tangent)
        vanished = system.vanished(here, tangent)
        marginal = np.zeros(rows, dtype=bool)
        marginal[moved] = spent[good]
        back = np.zeros(rows, dtype=bool)
        back[moved] = home
        for name, reached in (
            (End.CLOSED, back),
            (End.HIGH, (here[:, -1] > high) & (tangent[:, -1] > 0)),
            (End.LOW, here[:, -1] < low),
            (End.MARGINAL, marginal),
            (End.VANISHED, vanished),
            (End.UNBOUNDED, system.boundless(here, tangent)),
        ):
            end[alive & reached] = name
            alive &= ~reached
        alive[index] &= step[index] > SMALLEST_STEP
    lost = np.nonzero(end == End.LOST)[0]
    if len(lost):
        with np.errstate(all="ignore"):
            faint = system.rows(lost).faint(system.rows(lost).at(here[lost])[2])
        end[lost[faint]] = End.VANISHED
    return _packed(np.array(points), np.array(tangents), np.stack([np.full(rows, End.START), end]))


LEAST_ROUND = 8
"""Steps that a closed curve takes at least."""


def _passes(here: NDArray, found: NDArray, tangent: NDArray, start: NDArray, first: NDArray) -> NDArray:
    """Whether steps from `here` to `found` pass a start in its direction."""
    chord = found - here
    share = ((start - here) * chord).sum(axis=-1) / np.maximum((chord * chord).sum(axis=-1), 1e-300)
    away = np.linalg.norm(start - here - np.clip(share, 0, 1)[:, None] * chord, axis=-1)
    return (share >= 0) & (share <= 1) & (away < 0.1 * np.linalg.norm(chord, axis=-1)) & ((tangent * first).sum(-1) > 0)


STRAIGHT = 0.9
"""Least cosine of the angle between the tangents of neighbours."""
DIP = 0.6
"""Share of det(F', tangent) at the ends of a step that it has half-way at least; leaps over branch points have half."""
CORNER = 1e-4
"""Step at which a curve that still turns has a corner: there a value of a unit is no longer the best at any input."""


def _packed(points: NDArray, tangents: NDArray, ends: NDArray) -> Curves:
    """Close the gaps that refused steps have left."""
    present = np.isfinite(points).all(axis=-1)
    rank = np.argsort(~present, axis=0, kind="stable")[..., None]
    longest = max(int(present.sum(axis=0).max(initial=1)), 1)
    points, tangents = (np.take_along_axis(v, rank, 0)[:longest] for v in (points, tangents))
    return Curves(points, tangents, ends)


def tangents_of(J: NDArray, previous: NDArray | None = None) -> NDArray:
    """Unit null vectors of Jacobians, in the direction of the previous ones."""
    sound = np.isfinite(J).all(axis=(-2, -1))
    out = np.full((len(J), J.shape[-1]), np.nan)
    if sound.any():
        out[sound] = np.linalg.svd(J[sound])[2][:, -1]
    if previous is None:
        return out
    return np.where(((out * previous).sum(axis=-1) < 0)[:, None], -out, out)


def _volume(J: NDArray, tangent: NDArray) -> NDArray:
    """Sign and logarithm of the size of det(J, tangent), shape (2, R); 0 and −∞ where it is not known."""
    matrix = np.concatenate([J, tangent[:, None, :]], axis=1)
    sound = np.isfinite(matrix).all(axis=(-2, -1))
    out = np.stack([np.zeros(len(J)), np.full(len(J), -np.inf)])
    out[:, sound] = np.linalg.slogdet(matrix[sound])
    return out


Strand = tuple[NDArray, NDArray, NDArray]


def _on_one_strand(system: LoadCurve, here: Strand, found: Strand) -> NDArray:
    """Whether det(F', tangent) keeps its sign from here to found, and is not smaller half-way, on Hermite's cubic."""
    (a, turn_a, at_a), (b, turn_b, at_b) = here, found
    chord = np.linalg.norm(b - a, axis=-1)[:, None]
    middle = (a + b) / 2 + chord / 8 * (turn_a - turn_b)
    along = 1.5 * (b - a) / np.maximum(chord, 1e-300) - (turn_a + turn_b) / 4
    with np.errstate(all="ignore"):
        half = _volume(system.at(middle)[1], along)
    least = np.minimum(at_a[1], at_b[1]) + np.log(DIP)
    return (at_a[0] == at_b[0]) & (at_a[0] == half[0]) & (half[1] > least)


def corrected(system: LoadCurve, guess: NDArray, normal: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Newton's method in the planes normal to tangents: points, Jacobians, whether marginal, and whether F = 0."""
    rows, size = guess.shape
    y, J, spent = guess.copy(), np.full((rows, size - 1, size), np.nan), np.zeros(rows, dtype=bool)
    done, lost = np.zeros(len(guess), dtype=bool), np.zeros(len(guess), dtype=bool)
    for _ in range(6):
        index = np.nonzero(~done & ~lost)[0]
        if not len(index):
            break
        with np.errstate(all="ignore"):
            own = system.rows(index)
            F, J[index], order = own.at(y[index])
            spent[index] = own.spent(order)
            plane = ((y[index] - guess[index]) * normal[index]).sum(axis=-1)
        left = largest(F)
        done[index], lost[index] = left < ON_CURVE, ~(left < 10)
        matrix = np.concatenate([J[index], normal[index][:, None, :]], axis=1)
        change = solutions(matrix, np.concatenate([F, plane[:, None]], axis=1))
        y[index] -= np.where(done[index][:, None], 0.0, change)
    return y, J, spent, done


def joined(down: Curves, up: Curves) -> Curves:
    """Curves followed both ways from their seeds, in one direction.

    Parameters
    ----------
    down, up : Curves
        The two halves.

    Returns
    -------
    Curves
        Each from the end of `down` to that of `up`.
    """
    y = np.concatenate([down.y[:0:-1], up.y])
    tangent = np.concatenate([-down.tangent[:0:-1], up.tangent])
    return _packed(y, tangent, np.stack([down.ends[1], up.ends[1]]))


def side_by_side(parts: list[Curves]) -> Curves:
    """All curves of several sets, as one set.

    Parameters
    ----------
    parts : list of Curves
        The sets.

    Returns
    -------
    Curves
        Of the sum of their numbers.
    """
    longest = max(len(part.y) for part in parts)

    def padded(points: NDArray) -> NDArray:
        return np.pad(points, ((0, longest - len(points)), (0, 0), (0, 0)), constant_values=np.nan)

    points, tangents = (
        np.concatenate([padded(v) for v in column], axis=1)
        for column in ([part.y for part in parts], [part.tangent for part in parts])
    )
    return Curves(points, tangents, np.concatenate([part.ends for part in parts], axis=1))
