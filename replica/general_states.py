"""States of a random RBM of any potentials: curves on which the load is a function, traced for many couplings at once.

At fixed T, p and L the noise s = √(αpr) and the self-field b = αB of the visible layer give q and C, these r and B of
the hidden layer, so that α enters only through two of the equations. With (m, ln s, ln b, ln α) as coordinates

    F = (⟨W M_v⟩/L − m,   ln(αp r) − 2 ln s,   ln(αB) − ln b) = 0

is a set of curves, and one curve serves all loads. Those with m > 0 are traced, round their folds, from the states
without noise, s → 0; those with m = 0 from all points with one of several values of s.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.field_averages import field_averages
from replica.flat import groups
from replica.model import Found, Order
from replica.potentials import Potential
from replica.rootfinding import find_roots

if TYPE_CHECKING:
    from replica.models.general import GeneralRBM

__all__ = ["glasses", "paramagnet", "with_overlap"]

LARGEST_EFFORT = 3e6
"""Weights that one average may cost."""
LARGEST_EFFORT_OF_SCAN = 3e5
QUIET = 1e-9
"""Noise that stands for none."""
FIRST_LOAD = 1e-3
"""Load at which a curve starts, or half the least that is asked for."""
FARTHEST = 6.0
"""How far beyond the largest load, in ln α, a curve is followed in case it turns back."""
FARTHEST_GLASS = 0.5
NO_OVERLAP = 1e-7
"""m below which a curve has merged with the glass."""
NO_NOISE = 1e-7
"""s below which a glass has merged with the paramagnet."""


class System:
    """The equations F at many rows of couplings; m = 0 throughout where `frozen`."""

    def __init__(self, model: GeneralRBM, frozen: bool) -> None:
        """Take the couplings of a flat model."""
        self.model, self.frozen, self.effort = model, frozen, LARGEST_EFFORT
        self.T, self.p, self.L = (np.asarray(v, dtype=float) for v in (model.T, model.p, model.L))
        law = model.law()
        weight = np.broadcast_to(law.weight, (len(self.T), len(law.w)))
        occurs = (weight > 0).any(axis=0)
        self.w, self.weight = law.w[occurs], weight[:, occurs]
        if frozen:
            self.w, self.weight = np.zeros(1), np.ones((len(self.T), 1))

    def rows(self, index: NDArray) -> System:
        """Return the same equations at some rows."""
        part = object.__new__(System)
        part.model, part.frozen, part.w = self.model, self.frozen, self.w
        part.effort = self.effort
        part.T, part.p, part.L, part.weight = self.T[index], self.p[index], self.L[index], self.weight[index]
        return part

    def _affordable(self, unit: Potential, s: NDArray, c: NDArray) -> NDArray:
        """Return the noise, nan where an average over it costs too much."""
        warm = np.where(self.T > 0, self.T, 1.0)
        return np.where((unit.effort(s, c, warm) > self.effort) & (self.T > 0), np.nan, s)

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F, shape (R, 3), its Jacobian by y = (m, ln s, ln b, ln α), shape (R, 3, 4), and the order parameters.

        All nan where averages would cost more than `effort`, far from where states are.
        """
        m, s, b, alpha = y[:, 0], np.exp(y[:, 1]), np.exp(y[:, 2]), np.exp(y[:, 3])
        p = self.p
        s = self._affordable(self.model.visible, s, b)
        columns = (m[:, None] * self.w, s[:, None], b[:, None], self.T[:, None])
        v = field_averages(self.model.visible, *columns)
        h_by = np.array([self.w * np.ones_like(v.M), np.ones_like(v.M), np.ones_like(v.M)])

        def mean(values: NDArray, factor: Any = 1.0) -> NDArray:
            return np.sum(np.where(self.weight > 0, self.weight * factor * values, 0.0), axis=-1)

        def slopes(i: int, factor: Any = 1.0) -> NDArray:
            return np.stack([mean(v.slopes[i, j] * h_by[j], factor) for j in range(3)], axis=-1)

        q, C = mean(v.Q), p * mean(v.chi)
        t = self._affordable(self.model.hidden, np.sqrt(p * q), C)
        h = field_averages(self.model.hidden, np.zeros_like(t), t, C, self.T)
        r, B = h.Q, p * h.chi
        by_q, by_C = slopes(1), p[:, None] * slopes(2)
        by_t = by_q * (p / (2 * t))[:, None]
        by_r = h.slopes[1, 1][:, None] * by_t + h.slopes[1, 2][:, None] * by_C
        by_B = p[:, None] * (h.slopes[2, 1][:, None] * by_t + h.slopes[2, 2][:, None] * by_C)
        overlap = mean(v.M, self.w) / self.L
        F = np.stack([overlap - m, np.log(alpha * p * r) - 2 * y[:, 1], np.log(alpha * B) - y[:, 2]], axis=-1)
        chain = np.stack([np.ones_like(s), s, b], axis=-1)
        J = np.zeros((len(y), 3, 4))
        J[:, 0, :3] = slopes(0, self.w) / self.L[:, None] * chain
        J[:, 1, :3] = by_r * chain / r[:, None]
        J[:, 2, :3] = by_B * chain / B[:, None]
        J[:, 0, 0] -= 1
        J[:, 1, 1] -= 2
        J[:, 2, 2] -= 1
        J[:, 1:, 3] = 1
        if self.frozen:
            F[:, 0], J[:, 0], J[:, :, 0] = 0.0, 0.0, 0.0
            J[:, 0, 0] = 1
        return F, J, Order(overlap if not self.frozen else m, q, r, C, B)


def newton(system: System, y: NDArray, steps: int = 40) -> tuple[NDArray, NDArray]:
    """Newton's method at fixed loads, steps halved until F falls; returns the points and the largest |F|."""
    y = y.copy()
    with np.errstate(all="ignore"):
        F, J, _ = system.at(y)
        left = _size(F)
        active = np.nonzero(np.isfinite(left))[0]
        for _ in range(steps):
            active = active[left[active] > 1e-15]
            if not len(active):
                break
            step = _solved(J[active][:, :, :3], F[active])
            step *= np.minimum(1, 1 / np.maximum(np.abs(step[:, 1:]).max(axis=-1), 1e-300))[:, None]
            waiting, length = np.arange(len(active)), 1.0
            better = np.zeros(len(active), dtype=bool)
            while len(waiting) and length > 0.05:
                index = active[waiting]
                trial = y[index].copy()
                trial[:, :3] -= length * step[waiting]
                trial_F, trial_J, _ = system.rows(index).at(trial)
                size = _size(trial_F)
                good = size < left[index]
                y[index[good]], F[index[good]], J[index[good]] = trial[good], trial_F[good], trial_J[good]
                left[index[good]] = size[good]
                better[waiting[good]] = True
                waiting, length = waiting[~good], length / 2
            active = active[better]
    return y, left


def _size(F: NDArray) -> NDArray:
    size = np.abs(F).max(axis=-1)
    return np.where(np.isfinite(size), size, np.inf)


def _solved(matrix: NDArray, right: NDArray) -> NDArray:
    """Solutions of linear systems, zero where one is singular or not finite."""
    sound = np.isfinite(matrix).all(axis=(-2, -1)) & np.isfinite(right).all(axis=-1)
    sound[sound] = np.abs(np.linalg.det(matrix[sound])) > 1e-300
    out = np.zeros_like(right)
    out[sound] = np.linalg.solve(matrix[sound], right[sound][..., None])[..., 0]
    return out


FIRST_STEP, LARGEST_STEP, SMALLEST_STEP = 0.05, 0.6, 1e-6
MOST_STEPS = 400
ON_CURVE = 1e-9


class Curves(NamedTuple):
    """Points on curves, nan beyond their ends: shape (K, R, 4), and the tangents there."""

    y: NDArray
    tangent: NDArray


def trace(system: System, start: NDArray, sign: int, low: NDArray, high: NDArray) -> Curves:
    """Follow curves by arclength from one point of each, with ln α first rising or falling.

    They end below `low` or above `high` in ln α, where m or s vanishes, or where no step is short enough.
    """
    rows = len(start)
    with np.errstate(all="ignore"):
        first = _tangents(system.at(start)[1])
    first *= np.where(first[:, 3] * sign < 0, -1.0, 1.0)[:, None]
    points, tangents = [start], [first]
    here, tangent = start.copy(), tangents[0].copy()
    step = np.full(rows, FIRST_STEP)
    alive = np.isfinite(tangent).all(axis=-1)
    for _ in range(MOST_STEPS):
        if not alive.any():
            break
        index = np.nonzero(alive)[0]
        guess = here[index] + step[index, None] * tangent[index]
        found, J, good = _corrected(system.rows(index), guess, tangent[index])
        turned = _tangents(J, tangent[index])
        with np.errstate(invalid="ignore"):
            good &= (turned * tangent[index]).sum(axis=-1) > STRAIGHT
            good &= np.linalg.norm(found - here[index], axis=-1) < 2 * step[index]
        step[index] = np.where(good, np.minimum(1.5 * step[index], LARGEST_STEP), step[index] / 2)
        moved = index[good]
        here[moved], tangent[moved] = found[good], turned[good]
        new, new_tangent = np.full((rows, 4), np.nan), np.full((rows, 4), np.nan)
        new[moved], new_tangent[moved] = here[moved], tangent[moved]
        points.append(new)
        tangents.append(new_tangent)
        alive[index] &= step[index] > SMALLEST_STEP
        outside = (here[:, 3] < low) | (here[:, 3] > high)
        outside |= (here[:, 1] < math.log(NO_NOISE)) if system.frozen else (here[:, 0] < NO_OVERLAP)
        alive &= ~outside
    return _packed(np.array(points), np.array(tangents))


STRAIGHT = 0.9
"""Least cosine of the angle between the tangents of neighbours."""


def _packed(points: NDArray, tangents: NDArray) -> Curves:
    """Close the gaps that refused steps have left."""
    present = np.isfinite(points).all(axis=-1)
    rank = np.argsort(~present, axis=0, kind="stable")[..., None]
    longest = max(int(present.sum(axis=0).max(initial=1)), 1)
    return Curves(np.take_along_axis(points, rank, 0)[:longest], np.take_along_axis(tangents, rank, 0)[:longest])


def _tangents(J: NDArray, previous: NDArray | None = None) -> NDArray:
    """Unit null vectors of Jacobians, in the direction of the previous ones."""
    sound = np.isfinite(J).all(axis=(-2, -1))
    out = np.full((len(J), 4), np.nan)
    if sound.any():
        out[sound] = np.linalg.svd(J[sound])[2][:, -1]
    if previous is None:
        return out
    return np.where(((out * previous).sum(axis=-1) < 0)[:, None], -out, out)


def _corrected(system: System, guess: NDArray, normal: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Newton's method in the plane through each guess normal to the tangent: points, Jacobians, and whether F = 0."""
    y, J = guess.copy(), np.full((len(guess), 3, 4), np.nan)
    done, lost = np.zeros(len(guess), dtype=bool), np.zeros(len(guess), dtype=bool)
    for _ in range(6):
        index = np.nonzero(~done & ~lost)[0]
        if not len(index):
            break
        with np.errstate(all="ignore"):
            F, J[index], _ = system.rows(index).at(y[index])
            plane = ((y[index] - guess[index]) * normal[index]).sum(axis=-1)
        size = _size(F)
        done[index], lost[index] = size < ON_CURVE, ~(size < 10)
        matrix = np.concatenate([J[index], normal[index][:, None, :]], axis=1)
        change = _solved(matrix, np.concatenate([F, plane[:, None]], axis=1))
        y[index] -= np.where(done[index][:, None], 0.0, change)
    return y, J, done


PIECES = 8
"""Points of a cubic between two points of a curve."""


def crossings(curves: Curves, row: int, log_load: NDArray) -> tuple[NDArray, NDArray]:
    """Where one curve meets the given loads: index of the load, and the point, from cubics through its points."""
    y, tangent = curves.y[:, row], curves.tangent[:, row]
    length = int(np.isfinite(y).all(axis=-1).sum())
    if length < 2:
        return np.zeros(0, dtype=int), np.zeros((0, 4))
    y, tangent = y[:length], tangent[:length]
    chord = np.linalg.norm(np.diff(y, axis=0), axis=-1)[:, None, None]
    t = np.linspace(0, 1, PIECES, endpoint=False)[None, :, None]
    a, b = y[:-1, None], y[1:, None]
    da, db = tangent[:-1, None] * chord, tangent[1:, None] * chord
    cubic = (1 + 2 * t) * (1 - t) ** 2 * a + t * (1 - t) ** 2 * da + t * t * (3 - 2 * t) * b - t * t * (1 - t) * db
    dense = np.concatenate([cubic.reshape(-1, 4), y[-1:]])
    above = dense[:, 3] > log_load[:, None]
    load, cell = np.nonzero(above[:, 1:] != above[:, :-1])
    first, second = dense[cell], dense[cell + 1]
    share = (log_load[load] - first[:, 3]) / (second[:, 3] - first[:, 3])
    at = first + share[:, None] * (second - first)
    at[:, 3] = log_load[load]
    return load, at


# States with overlap.


def with_overlap(flat: GeneralRBM) -> Found:
    """States with m > 0, on the curves that begin without noise."""
    couplings, group = groups(flat)
    system = System(couplings, frozen=False)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    low, high = _range(log_load, group, len(system.T))
    row, m = _noiseless(system)
    if not len(row):
        return _collected(flat, Curves(np.zeros((1, 0, 4)), np.zeros((1, 0, 4))), row, group, log_load, frozen=False)
    start = np.minimum(low, math.log(FIRST_LOAD))[row]
    begin, left = newton(system.rows(row), _near_noiseless(system.rows(row), m, start))
    good = (left < ON_CURVE) & (abs(begin[:, 0] - m) < 0.3 * m)
    row, begin = row[good], begin[good]
    curves = trace(system.rows(row), begin, 1, start[good] - 0.1, high[row] + FARTHEST)
    return _collected(flat, curves, row, group, log_load, frozen=False)


def _range(log_load: NDArray, group: NDArray, rows: int) -> tuple[NDArray, NDArray]:
    """Least and largest ln α that is asked of each row."""
    low, high = np.full(rows, np.inf), np.full(rows, -np.inf)
    np.minimum.at(low, group, log_load)
    np.maximum.at(high, group, log_load)
    return low, high


def _noiseless(system: System) -> tuple[NDArray, NDArray]:
    """Rows and overlaps of the states without noise: the roots of ⟨W M_v⟩/L = m > 0 at s = b = 0."""

    def excess(m: NDArray, rows: NDArray) -> NDArray:
        part = system.rows(rows)
        noise = np.where(part.T > 0, 0.0, QUIET)[:, None]
        v = field_averages(system.model.visible, m[:, None] * part.w, noise, 0.0, part.T[:, None])
        return np.sum(part.weight * part.w * v.M, axis=-1) / part.L - m

    every = np.arange(len(system.T))
    top = 1.25  # no likely root itself
    while top < LARGEST_OVERLAP and (excess(np.full(len(every), top), every) > 0).any():
        top *= 2
    grid = top * np.concatenate([np.geomspace(1e-6, 0.01, 40, endpoint=False), np.linspace(0.01, 1, 200)])
    values = excess(np.tile(grid, len(every)), np.repeat(every, len(grid))).reshape(len(every), -1)
    row, cell = np.nonzero((values[:, 1:] > 0) != (values[:, :-1] > 0))
    at = find_roots(
        lambda x, i: excess(x, row[i]), grid[cell], grid[cell + 1], values[row, cell], values[row, cell + 1]
    )
    return row, at


LARGEST_OVERLAP = 1e3


def _near_noiseless(system: System, m: NDArray, log_load: NDArray) -> NDArray:
    """Points near the states without noise, at small loads: s² = αp r, b = αB."""
    y = np.stack([m, np.full(len(m), math.log(QUIET)), np.full(len(m), math.log(QUIET)), log_load], axis=-1)
    with np.errstate(all="ignore"):
        for _ in range(3):
            _, _, order = system.at(y)
            y[:, 1] = (log_load + np.log(system.p * order.r)) / 2
            y[:, 2] = log_load + np.log(order.B)
    return y


# States without overlap.


def glasses(flat: GeneralRBM) -> Found:
    """States with m = 0 < q, on all curves that meet one of several values of the noise."""
    couplings, group = groups(flat)
    system = System(couplings, frozen=True)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    low, high = _range(log_load, group, len(system.T))
    row, seed = _seeds(system)
    traced = [Curves(np.zeros((1, 0, 4)), np.zeros((1, 0, 4)))]
    owner = [np.zeros(0, dtype=int)]
    while len(row):
        # of each row the first seed; those that lie on its curve need none of their own
        _, first = np.unique(row, return_index=True)
        own, start = row[first], seed[first]
        limits = np.minimum(low[own], start[:, 3]) - 1, np.maximum(high[own], start[:, 3]) + FARTHEST_GLASS
        curves = _joined(*(trace(system.rows(own), start, sign, *limits) for sign in (-1, 1)))
        traced.append(curves)
        owner.append(own)
        on = np.zeros(len(row), dtype=bool)
        on[first] = True
        for j, r in enumerate(own):
            near = row == r
            on[near] |= _on_curve(curves, j, seed[near])
        row, seed = row[~on], seed[~on]
    longest = max(len(c.y) for c in traced)
    pad = [
        [np.pad(part, ((0, longest - len(part)), (0, 0), (0, 0)), constant_values=np.nan) for part in c] for c in traced
    ]
    every = Curves(*(np.concatenate(parts, axis=1) for parts in zip(*pad, strict=True)))
    return _collected(flat, every, np.concatenate(owner), group, log_load, frozen=True)


LOG_NOISES = np.log(np.array([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0]))
LOG_SELF_FIELDS = np.linspace(math.log(1e-8), math.log(300.0), 60)


def _seeds(system: System) -> tuple[NDArray, NDArray]:
    """Points of curves at several noises: the self-fields at which both equations ask for the same load."""
    scan = system.rows(np.arange(len(system.T)))
    scan.effort = LARGEST_EFFORT_OF_SCAN
    rows, size = len(system.T), len(LOG_NOISES) * len(LOG_SELF_FIELDS)
    s, b = (v.ravel() for v in np.meshgrid(LOG_NOISES, LOG_SELF_FIELDS, indexing="ij"))

    def loads(row: NDArray, log_s: NDArray, log_b: NDArray) -> tuple[NDArray, NDArray]:
        """Ln α that r asks for, and how much larger it is than what B asks for; −inf where C is too large."""
        zero = np.zeros(len(row))
        with np.errstate(all="ignore"):
            F, _, order = scan.rows(row).at(np.stack([zero, log_s, log_b, zero], axis=-1))
            gap = F[:, 2] - F[:, 1]
            return -F[:, 1], np.where(np.isnan(gap) & np.isfinite(order.C), -np.inf, gap)

    every = np.repeat(np.arange(rows), size)
    gap = loads(every, np.tile(s, rows), np.tile(b, rows))[1].reshape(rows, len(LOG_NOISES), -1)
    change = ((gap[..., 1:] > 0) != (gap[..., :-1] > 0)) & ~np.isnan(gap[..., 1:]) & ~np.isnan(gap[..., :-1])
    row, column, cell = np.nonzero(change)
    at = find_roots(
        lambda x, i: loads(row[i], LOG_NOISES[column[i]], x)[1],
        LOG_SELF_FIELDS[cell],
        LOG_SELF_FIELDS[cell + 1],
        gap[row, column, cell],
        gap[row, column, cell + 1],
        rtol=1e-13,
    )
    load = loads(row, LOG_NOISES[column], at)[0]
    seed = np.stack([np.zeros(len(row)), LOG_NOISES[column], at, load], axis=-1)
    with np.errstate(all="ignore"):
        good = _size(system.rows(row).at(seed)[0]) < 1e-6
    return row[good], seed[good]


def _on_curve(curves: Curves, column: int, seeds: NDArray) -> NDArray:
    """Whether points lie on a curve, up to what chords miss."""
    y = curves.y[:, column]
    y = y[np.isfinite(y).all(axis=-1)]
    chord = np.diff(y, axis=0)
    away = seeds[:, None] - y[:-1]
    share = np.clip((away * chord).sum(axis=-1) / np.maximum((chord * chord).sum(axis=-1), 1e-300), 0, 1)
    distance = np.linalg.norm(away - share[..., None] * chord, axis=-1)
    return distance.min(axis=1, initial=np.inf) < NEAR_CURVE


NEAR_CURVE = 0.05


def _joined(down: Curves, up: Curves) -> Curves:
    """Curves followed both ways from their seeds, in one direction."""
    y = np.concatenate([down.y[:0:-1], up.y])
    tangent = np.concatenate([-down.tangent[:0:-1], up.tangent])
    return _packed(y, tangent)


def _collected(
    flat: GeneralRBM, curves: Curves, row: NDArray, group: NDArray, log_load: NDArray, *, frozen: bool
) -> Found:
    """States at the loads of a flat model, refined, each once, and numbered."""
    point_parts, start_parts = [np.zeros(0, dtype=int)], [np.zeros((0, 4))]
    for j, own in enumerate(row):
        points = np.nonzero(group == own)[0]
        load, at = crossings(curves, j, log_load[points])
        point_parts.append(points[load])
        start_parts.append(at)
    point = np.concatenate(point_parts)
    if not len(point):
        empty = np.zeros(0)
        return Found(point, empty.astype(str), point, point, point, Order(*(empty for _ in Order._fields)))
    flat_system = System(flat, frozen)
    y, left = newton(flat_system.rows(point), np.concatenate(start_parts))
    good = (left < ON_CURVE) & ((y[:, 1] > math.log(NO_NOISE)) if frozen else (y[:, 0] > NO_OVERLAP))
    point, y = point[good], y[good]
    rank = np.lexsort((-y[:, 1] if frozen else -y[:, 0], point))
    point, y = point[rank], y[rank]
    same = np.zeros(len(point), dtype=bool)
    for back in range(1, 4):
        close = (np.abs(y[back:, :3] - y[:-back, :3]) < 1e-6).all(axis=-1) & (point[back:] == point[:-back])
        same[back:] |= close
    point, y = point[~same], y[~same]
    with np.errstate(all="ignore"):
        _, _, order = flat_system.rows(point).at(y)
    alpha, p = np.exp(log_load[point]), flat_system.p[point]
    order = order._replace(m=y[:, 0], r=np.exp(2 * y[:, 1]) / (alpha * p), B=np.exp(y[:, 2]) / alpha)
    sheet = _numbered(point)
    kind = np.full(len(point), "spin_glass" if frozen else "retrieval")
    n = np.zeros(len(point), dtype=int) if frozen else np.asarray(flat.L)[point].astype(int)
    return Found(point, kind, n, np.full(len(point), -1), sheet, order)


def _numbered(point: NDArray) -> NDArray:
    """0, 1, … within each run of equal points."""
    first = np.concatenate([[True], np.diff(point) != 0])[: len(point)]
    start = np.maximum.accumulate(np.where(first, np.arange(len(point)), 0))
    return np.arange(len(point)) - start


# The paramagnet.


def paramagnet(model: GeneralRBM) -> tuple[NDArray, Order]:
    """Where m = q = r = 0 solves the equations at T > 0, and its responses.

    The self-field b = αB gives C = p χ_v(b), this B = p χ_h(C), and α = b/B: a chart, of which the first crossing of
    the load counts.
    """
    shape = np.broadcast_shapes(model.shape, (1,))
    flat = model.unchecked(**{k: np.broadcast_to(v, shape).reshape(-1) for k, v in model.controls.items()})
    couplings, group = groups(flat)
    log_load = np.log(np.broadcast_to(np.asarray(flat.alpha, dtype=float), group.shape))
    warm = np.where(np.asarray(couplings.T) > 0, couplings.T, np.nan)
    p = np.asarray(couplings.p, dtype=float)

    def responses(log_b: NDArray, row: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        v = field_averages(model.visible, 0.0, 0.0, np.exp(log_b), warm[row])
        C = p[row] * v.chi
        h = field_averages(model.hidden, 0.0, 0.0, C, warm[row])
        return C, p[row] * h.chi, np.abs(v.M) + np.abs(h.M)

    rows = np.arange(len(warm))
    with np.errstate(all="ignore"):
        grid = np.tile(LOG_FIELDS, (len(rows), 1))
        _, B, still = responses(grid.ravel(), np.repeat(rows, len(LOG_FIELDS)))
        load = grid - np.log(B).reshape(grid.shape)
        load[~(still.reshape(grid.shape) < SYMMETRIC)] = np.nan
        gap = load[group] - log_load[:, None]
        turn = np.isfinite(gap[:, :-1] + gap[:, 1:]) & ((gap[:, :-1] > 0) != (gap[:, 1:] > 0))
        cell, point = turn.argmax(axis=1), np.nonzero(turn.any(axis=1))[0]
        first = cell[point]

        def excess(log_b: NDArray, index: NDArray) -> NDArray:
            own = point[index]
            return log_b - np.log(responses(log_b, group[own])[1]) - log_load[own]

        ends = LOG_FIELDS[first], LOG_FIELDS[first + 1], gap[point, first], gap[point, first + 1]
        log_b = find_roots(excess, *ends)
        C, B = np.full(len(group), np.nan), np.full(len(group), np.nan)
        C[point], B[point], _ = responses(log_b, group[point])
    exists = np.isfinite(C + B)
    zero = np.zeros(len(group))
    return exists, Order(zero, zero, zero, C, B)


LOG_FIELDS = np.linspace(math.log(1e-8), math.log(1e3), 120)
SYMMETRIC = 1e-12
"""Mean of a unit without input, up to which it counts as none."""
