"""Curves of solutions of heterogeneous machines: followed by arclength, from one known end to another.

Steps are taken in (ln a, t, ln q, ln α), where all of a curve is smooth, however small the noise. Where it is so small
that no unit is partly on, m and q are constant and the fields g + mW + αBx/2 explicit in α: such a plateau is crossed
in one step, to the load at which the noise reaches the next group of units, or down to the state without noise.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.class_plateau import LEAST_LOG, QUIET, Plateau
from replica.models.sparse.classes import ClassEquations, Place, Values

__all__ = ["Cells", "Trace", "corrected", "cubic", "newton_at_load", "scales", "tangents", "trace"]

FIRST_STEP, LARGEST_STEP, SMALLEST_STEP = 0.02, 10.0, 1e-8
LARGEST_TURN = 0.5
"""Change of u in one step, of groups that matter to the noise."""
AIM = 0.003
"""Distance from the point foreseen at which steps aim: curves run close to each other where m vanishes."""
STRAIGHT = 0.95
"""Least cosine of the angle between the tangents of neighbours."""
MOST_STEPS = 2500
LEAST_ACTIVITY, LEAST_MARGIN = 1e-12, 1e-10
"""q (and 1 − q) and 1 − C at which curves end."""
LARGEST_LOG = 700.0
"""ln α beyond which nothing is followed."""
ALONG = np.array([-0.5, 0.0, 0.0, 1.0])
"""How m/s and α change on a plateau."""
ROUGH = 1e-6
"""Last step of Newton's method onto a curve, the next being its square."""


class Cells(NamedTuple):
    """Pieces of curves: both ends and the tangents there, of one group, shape (K, 4)."""

    start: NDArray
    out: NDArray
    end: NDArray
    into: NDArray
    group: NDArray
    plateau: NDArray
    """Whether it is a stretch without partly active units."""


class Trace(NamedTuple):
    """One half of a curve: cells in order, what it ends in, and the state k without noise there, or None."""

    cells: Cells
    end: str
    k: int | None


def newton_at_load(equations: ClassEquations, place: Place, steps: int = 60) -> tuple[Place, Values, NDArray]:
    """Newton's method at fixed loads from R starts: points, what is there, and which have come to rest."""
    y, group = place.y.copy(), place.group.copy()
    rested = np.zeros(len(y), dtype=bool)
    active = np.arange(len(y))
    last = np.full(len(y), np.inf)
    for count in range(steps):
        if not len(active):
            break
        here = Place(y[active], group[active])
        values = equations.at(here)
        step = _solved(values.J[:, :, :3], values.F)
        size = np.abs(step / scales(here.y)[:, :3]).max(axis=-1)
        left = np.abs(values.F).max(axis=-1)
        sound = np.isfinite(left) & np.isfinite(size)
        done = sound & (size < 1e-9) & (left < 1e-9) & ((size < 1e-15) | (size >= 0.5 * last[active]))
        y[active[sound], :3] -= step[sound] * np.minimum(1, 1 / np.maximum(size[sound], 1e-300))[:, None]
        rested[active[done]] = True
        last[active] = size
        lost = ~sound | (left > 1e3) | ((count > 25) & (left > 1e-2))
        active = active[~done & ~lost]
    with np.errstate(invalid="ignore"):
        rested[active] = last[active] < 1e-9
    final = Place(y, group)
    return final, equations.at(final), rested


def scales(y: NDArray) -> NDArray:
    """Lengths of the coordinates: t counts relative to itself where it is large."""
    scale = np.ones_like(y)
    scale[:, 1] = np.maximum(1.0, np.abs(y[:, 1]) / 4)
    return scale


def _solved(matrix: NDArray, right: NDArray) -> NDArray:
    """Solutions of linear systems by rows of one size, nan where one is singular."""
    with np.errstate(all="ignore"):
        size = np.abs(matrix).max(axis=-1)
        matrix, right = matrix / size[..., None], right / size
        sound = np.isfinite(matrix).all(axis=(-2, -1)) & np.isfinite(right).all(axis=-1)
        sound[sound] = np.abs(np.linalg.det(matrix[sound])) > 1e-280
        out = np.full(right.shape, np.nan)
        out[sound] = np.linalg.solve(matrix[sound], right[sound][..., None])[..., 0]
    return out


def tangents(J: NDArray, scale: NDArray, previous: NDArray | None = None) -> NDArray:
    """Null vectors of Jacobians, of length 1 in the scale, in the direction of the previous ones."""
    with np.errstate(all="ignore"):
        rows = J * scale[:, None, :]
        rows = rows / np.abs(rows).max(axis=-1, keepdims=True)
    out = np.full((len(J), 4), np.nan)
    sound = np.isfinite(rows).all(axis=(-2, -1))
    if sound.any():
        out[sound] = np.linalg.svd(rows[sound])[2][:, -1]
    out *= scale
    if previous is None:
        return out
    return np.where(((out * previous / scale**2).sum(axis=-1) < 0)[:, None], -out, out)


def corrected(
    equations: ClassEquations, guess: Place, normal: NDArray, scale: NDArray
) -> tuple[Place, Values, NDArray]:
    """Newton's method in the plane through each guess normal to a tangent: points, values, and where it has worked."""
    y, group = guess.y.copy(), guess.group
    done = np.zeros(len(y), dtype=bool)
    covector = normal / scale**2
    for _ in range(6):
        values = equations.at(Place(y, group))
        plane = ((y - guess.y) * covector).sum(axis=-1)
        matrix = np.concatenate([values.J, covector[:, None, :]], axis=1)
        step = _solved(matrix, np.concatenate([values.F, plane[:, None]], axis=1))
        size = np.abs(step / scale).max(axis=-1)
        with np.errstate(invalid="ignore"):
            move = ~done & (size < 3)
            y[move] -= step[move]
            done |= size < ROUGH
        if not (move & ~done).any():
            break
    values = equations.at(Place(y, group))
    with np.errstate(invalid="ignore"):
        return Place(y, group), values, done & (np.abs(values.F).max(axis=-1) < 1e-9)


def cubic(start: NDArray, out: NDArray, end: NDArray, into: NDArray, share: NDArray, scale: NDArray) -> NDArray:
    """Hermite's cubics between points, unit tangents given, at shares of their lengths."""
    length = np.linalg.norm((end - start) / scale, axis=-1)[:, None]
    t = share[:, None]
    u = 1 - t
    return u * u * ((1 + 2 * t) * start + t * length * out) + t * t * ((3 - 2 * t) * end - u * length * into)


class _Walker:
    """Rows on their way: place, values, tangent, step, and the cells behind them."""

    def __init__(self, equations: ClassEquations, start: Place, sign: NDArray, lowest: float) -> None:
        self.equations, self.lowest = equations, lowest
        self.place = Place(start.y.copy(), start.group.copy())
        values = equations.at(self.place)
        self.field, self.log_margin = values.field, values.log_margin
        self.tangent = tangents(values.J, scales(self.place.y))
        self.tangent *= np.where(self.tangent[:, 3] * sign < 0, -1.0, 1.0)[:, None]
        quiet = self._quiet(np.arange(len(start.y)))
        self.tangent[quiet] = sign[quiet, None] * ALONG
        self.origin = Place(start.y.copy(), start.group.copy()), self.tangent.copy()
        self.bend = np.zeros_like(self.tangent)
        self.step = np.full(len(start.y), FIRST_STEP)
        self.cells: list[list[tuple]] = [[] for _ in start.y]
        self.ends: list[tuple[str, int | None] | None] = [None for _ in start.y]

    def run(self) -> None:
        for row in range(len(self.step)):
            if not np.isfinite(self.tangent[row]).all():
                self.ends[row] = "lost", None
        for _ in range(MOST_STEPS):
            for row in self._active():
                self._cross_plateaus(row)
            active = np.array(self._active(), dtype=int)
            if not len(active):
                return
            self._advance(active)
        for row in self._active():
            self.ends[row] = "not followed to an end", None

    def _active(self) -> list[int]:
        return [row for row, end in enumerate(self.ends) if end is None]

    def _advance(self, rows: NDArray) -> None:
        eq, here, tangent, step = self.equations, self.place.take(rows), self.tangent[rows], self.step[rows]
        scale = scales(here.y)
        tangent = tangent / np.linalg.norm(tangent / scale, axis=-1)[:, None]
        ahead = step[:, None] * (tangent + 0.5 * step[:, None] * self.bend[rows])
        found, values, good = corrected(eq, Place(here.y + ahead, here.group), tangent, scale)
        turned = tangents(values.J, scale, tangent)
        rate, fastest = eq.turning(found, values, turned)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = (turned * tangent / scale**2).sum(axis=-1)
            missed = np.linalg.norm((found.y - here.y - ahead) / scale, axis=-1)
            good &= (cosine > STRAIGHT) & (missed < 3 * AIM)
            factor = np.clip((AIM / missed) ** (1 / 3), 0.5, 1.6)
            longest = np.minimum(LARGEST_STEP, LARGEST_TURN / fastest)
        length = np.linalg.norm((found.y - here.y) / scale, axis=-1)[:, None]
        self.bend[rows[good]] = ((turned - tangent) / length)[good]
        self.step[rows] = np.where(good, np.minimum(factor * step, longest), step / 2)
        for i, row in enumerate(rows):
            if good[i]:
                cell = here.y[i], tangent[i], found.y[i], turned[i], here.group[i], False
                self.cells[row].append(cell)
                self._arrive(row, found.y[i], int(here.group[i]), turned[i], rate[i], values, i)
                last = self._up_to_start(row, cell)
                if last is not None:
                    self.cells[row][-1], self.ends[row] = last, ("closed", None)
            elif self.step[row] < SMALLEST_STEP:
                self.ends[row] = "lost", None

    def _arrive(
        self, row: int, y: NDArray, group: int, tangent: NDArray, rate: NDArray, values: Values, i: int
    ) -> None:
        """Stand at a point, t measured at the group that is nearest to its flip."""
        field = values.field[i]
        y, tangent = y.copy(), tangent.copy()
        nearest = int(np.argmin(np.abs(field)))
        if nearest != group and abs(field[nearest]) < 0.5 * abs(y[1]) - 1:
            tangent[1], y[1], group = rate[nearest], field[nearest], nearest
            self.bend[row] = 0.0
        self.place.y[row], self.place.group[row], self.tangent[row] = y, group, tangent
        self.field[row], self.log_margin[row] = field, values.log_margin[i]
        self.ends[row] = self._end(row)

    def _end(self, row: int) -> tuple[str, int | None] | None:
        y, eq = self.place.y[row], self.equations
        if self.log_margin[row] < math.log(LEAST_MARGIN):
            return "C = 1", None
        if y[2] < math.log(LEAST_ACTIVITY):
            return "all off", None
        if y[2] > -1e-6:
            from scipy.special import ndtr

            off = float(ndtr(-self.field[row] / np.sqrt(eq.x)) @ (eq.weight * eq.x))
            if off < LEAST_ACTIVITY:
                return "all on", None
        return ("α → ∞", None) if y[3] > LARGEST_LOG else None

    def _up_to_start(self, row: int, cell: tuple) -> tuple | None:
        """A cell cut off at the row's first point, if it runs through it in the direction in which it left."""
        (origin, direction), eq = (self.origin[0].take(np.array([row])), self.origin[1][row]), self.equations
        start, out, end, into, group, _ = cell
        y = origin.y[0].copy()
        if (
            len(self.cells[row]) < 4
            or abs(y[3] - start[3]) > 3 * LARGEST_STEP
            or abs(y[0] - start[0]) > 3 * LARGEST_STEP
        ):
            return None
        if group != origin.group[0]:
            # the same point, of the cell's group
            y[1], direction = eq.at(origin).field[0, group], direction.copy()
            direction[1] = np.nan
        scale = scales(y[None])[0]
        chord = (end - start) / scale
        share = float(((y - start) / scale) @ chord / max(chord @ chord, 1e-300))
        if not 0 <= share <= 1:
            return None
        guess = cubic(start[None], out[None], end[None], into[None], np.array([share]), scale[None])
        place, values, good = corrected(eq, Place(guess, np.array([group])), chord[None] * scale, scale[None])
        same = np.abs((place.y[0] - y) / scale).max() < 1e-3 * np.linalg.norm(chord) + 1e-9
        if not (good[0] and same and np.nansum(direction * into / scale**2) > 0):
            return None
        return start, out, y, tangents(values.J, scale[None], chord[None] * scale)[0], group, False

    # Plateaus.

    def _quiet(self, rows: NDArray) -> NDArray:
        return (np.abs(self.field[rows]) > QUIET * np.sqrt(self.equations.x)).all(axis=-1)

    def _cross_plateaus(self, row: int) -> None:
        """If no unit is partly on, go on to where the noise reaches one, or to the end."""
        eq = self.equations
        while self.ends[row] is None and self._quiet(np.array([row]))[0]:
            y, rising = self.place.y[row], self.tangent[row, 3] > 0
            plateau = Plateau.of(eq, self.field[row], float(y[2]))
            event = plateau.next(float(y[3]), bool(rising))
            if event is None and rising:
                event = LARGEST_LOG, int(self.place.group[row])
            log_alpha, group = (
                event if event is not None else (min(self.lowest, y[3]) - 10.0, int(self.place.group[row]))
            )
            start, end = (plateau.place(level, group) for level in (y[3], log_alpha))
            direction = ALONG if rising else -ALONG
            self.cells[row].append((start, direction, end, direction, group, True))
            if event is None:
                self.ends[row] = "no noise", plateau.k
                return
            if log_alpha >= LARGEST_LOG or plateau.log_noise(log_alpha) < LEAST_LOG:
                # with noise that small units that are partly on have C = 1 at once
                self.ends[row] = "α → ∞" if log_alpha >= LARGEST_LOG else "C = 1", None
                return
            values = eq.at(Place(end[None], np.array([group])))
            tangent = tangents(values.J, scales(end[None]))
            tangent = tangent * (1 if (tangent[0, 3] > 0) == rising else -1)
            rate = eq.turning(Place(end[None], np.array([group])), values, tangent)[0][0]
            self._arrive(row, end, group, tangent[0], rate, values, 0)
            self.bend[row], self.step[row] = 0.0, 0.2


def trace(equations: ClassEquations, start: Place, sign: NDArray, lowest: float) -> list[Trace]:
    """Follow curves from points of each, with ln α first rising or falling.

    Parameters
    ----------
    equations : ClassEquations
        The machine.
    start : Place
        R points.
    sign : array, shape (R,)
        1 to begin with rising ln α, −1 with falling.
    lowest : float
        ln α down to which states without noise are wanted.

    Returns
    -------
    list of Trace
        Halves of curves, in the order of the starts.
    """
    walker = _Walker(equations, start, sign, lowest)
    walker.run()
    traces = []
    for cells, end in zip(walker.cells, walker.ends, strict=True):
        assert end is not None
        columns = zip(*cells, strict=True) if cells else [np.zeros((0, 4))] * 4 + [np.zeros(0)] * 2
        start_, out, stop, into, group, plateau = (np.array(column) for column in columns)
        traces.append(Trace(Cells(start_, out, stop, into, group.astype(int), plateau.astype(bool)), *end))
    return traces
