"""Where a heterogeneous machine has states with overlap at one load: starts for Newton's method, over all noises.

At a given load c and S are functions of q alone, and at given a and q the field is a monotone function of t: (ln a, q)
is a chart on which the two equations that are left are explicit. It is mapped on a grid for a < e^5. For smaller noise
only the units of one W = k are partly on, all classes at once, and one coordinate is left; and where no unit is partly
on the states are known in closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from replica.models.sparse.class_curves import LEAST_ACTIVITY, newton_at_load
from replica.models.sparse.class_plateau import LEAST_LOG, QUIET, Plateau
from replica.models.sparse.classes import ClassEquations, Place

__all__ = ["distinct", "matched_share", "states_at_load"]

RARE = 1e-13
"""Probability of groups of units that the search may leave out."""
SPLIT, SHARP = 1.4, 5.0
"""ln a above which units are searched one W at a time, and above which W do not see each other."""
CLEAR = 5.0
"""Noises by which the field of every unit of a plateau is off 0."""
SAME = 1e-8
"""Distance within which two states are one."""
SLACK = 0.3
"""By how much of its range over the corners of a cell a function may miss zero and still be looked at."""


def states_at_load(equations: ClassEquations, log_alpha: float) -> Place:
    """All states with overlap at one load that are found, without repetitions.

    Parameters
    ----------
    equations : ClassEquations
        The machine.
    log_alpha : float
        ln α.

    Returns
    -------
    Place
        The states, to rounding.
    """
    search = _Search(equations, log_alpha)
    starts = np.concatenate([*search.near(), *search.far()])
    groups = np.argmin(np.abs(starts[:, 4:]), axis=1)
    y = starts[:, :4].copy()
    y[:, 1] = starts[np.arange(len(starts)), 4 + groups]
    sharp, blurred = search.plateaus()
    y, groups = np.concatenate([y, blurred.y]), np.concatenate([groups, blurred.group])
    sound = np.isfinite(y).all(axis=-1)
    place, values, rested = newton_at_load(equations, Place(y[sound], groups[sound]))
    keep = np.nonzero(rested & (place.y[:, 2] > math.log(LEAST_ACTIVITY)) & (values.log_margin > math.log(1e-9)))[0]
    whole = Place(np.concatenate([sharp.y, place.y[keep]]), np.concatenate([sharp.group, place.group[keep]]))
    return distinct(whole, np.concatenate([np.zeros(len(sharp.y)), values.log_margin[keep]]))


def distinct(place: Place, log_margin: NDArray, tolerance: float = SAME) -> Place:
    """Points that differ in ln a, ln q or ln(1 − C)."""
    marks = np.stack([place.y[:, 0], place.y[:, 2], log_margin], axis=-1)
    kept: list[int] = []
    for i in range(len(marks)):
        if not kept or np.abs(marks[kept] - marks[i]).max(axis=-1).min() > tolerance:
            kept.append(i)
    return place.take(np.array(kept, dtype=int))


def matched_share(tau: NDArray, c: NDArray, x: NDArray, share: NDArray) -> tuple[NDArray, NDArray]:
    """t and x₀ at which a share Φ(τ) of units is on in the fields (t + c(x − x₀))/√x, shares of the classes x given.

    Of the classes x₀ is the one that flips there if c is large: those of larger x are on before.
    """
    with np.errstate(all="ignore"):
        root, rank = np.sqrt(x), np.argsort(-x)
        before = np.cumsum(share[rank])
        chosen = np.minimum(np.searchsorted(before, ndtr(tau) * before[-1]), len(x) - 1)
        base = x[rank[chosen]]
        # from the side on which the share is small
        side = np.where(tau > 0, -1.0, 1.0)
        high = np.arcsinh(60 * root.max() + c * np.ptp(x))
        low = -high
        for _ in range(90):
            middle = 0.5 * (low + high)
            u = (np.sinh(middle)[:, None] + c[:, None] * (x - base[:, None])) / root
            more = side * (ndtr(side[:, None] * u) @ share - ndtr(side * tau)) > 0
            low, high = np.where(more, low, middle), np.where(more, middle, high)
        return np.sinh(0.5 * (low + high)), base


class _Search:
    """Starts (ln a, −, ln q, ln α, fields of all groups) at one load."""

    def __init__(self, equations: ClassEquations, log_alpha: float) -> None:
        self.eq, self.log_alpha = equations, log_alpha
        often = equations.weight > RARE
        self.w, self.x, self.weight = (v[often] for v in (equations.w, equations.x, equations.weight))
        self.root = np.sqrt(self.x)
        self.reach = float(np.abs(self.w).max())

    def near(self) -> Iterator[NDArray]:
        """Cells of grids for a < e^5."""
        wide = 9 * float(self.root.max()) + 1
        low = np.concatenate([np.arange(-11.0, -4.0, 0.35), np.arange(-4.0, 0.0, 0.14)])
        for v, step in ((low, 0.22), (np.arange(-0.1, SPLIT + 0.15, 0.13), 0.25)):
            most = wide + math.exp(v[-1]) * self.reach
            share = np.linspace(-1, 1, 2 * math.ceil(most / step) + 1) + 1e-4
            yield self._cells(v, np.outer(wide + np.exp(v) * self.reach, share))
        tau = np.concatenate([np.arange(-9.0, -4.0, 0.8), np.arange(-4.0, 4.0, 0.28), np.arange(4.0, 9.0, 0.8)]) + 0.013
        v = np.arange(SPLIT - 0.1, SHARP + 0.2, 0.16)
        for k in np.unique(self.w):
            yield self._cells(v, tau * max(1.0, float(self.root.max())) - k * np.exp(v)[:, None])

    def _cells(self, v: NDArray, b: NDArray) -> NDArray:
        """Starts in the cells of a grid in which both equations may hold."""
        rows = [self._row(math.exp(a), nodes) for a, nodes in zip(v, b, strict=True)]
        q, t, c, noise, field = (np.stack(column) for column in zip(*rows, strict=True))
        here = np.ones((len(v) - 1, b.shape[1] - 1), dtype=bool)
        for values in (noise, field):
            corners = np.stack([values[i : len(v) - 1 + i, j : b.shape[1] - 1 + j] for i, j in CORNERS])
            least, most = corners.min(axis=0), corners.max(axis=0)
            room = SLACK * (most - least)
            here &= (least - room <= 0) & (most + room >= 0)
        row, column = np.nonzero(here)
        starts = [
            self._start(v[row + i], t[row + i, column + j], q[row + i, column + j], c[row + i, column + j])
            for i, j in (CORNERS[0], CORNERS[3])
        ]
        return np.concatenate(starts)

    def _start(self, v: NDArray, t: NDArray, q: NDArray, c: NDArray) -> NDArray:
        eq = self.eq
        field = t[:, None] + np.exp(v)[:, None] * eq.w + c[:, None] * (eq.x - 1)
        return np.column_stack([v, 0 * v, np.log(q), 0 * v + self.log_alpha, field])

    def _row(self, a: float, b: NDArray) -> tuple[NDArray, ...]:
        """q, t, c and both equations at one a, at the q that fields b + aW have."""
        on = self.weight * self.x
        q = ndtr((b[:, None] + a * self.w) / self.root) @ on
        log_S, log_c, _, _ = self.eq.hidden(np.log(q), np.full(len(q), self.log_alpha))
        with np.errstate(over="ignore"):
            c = np.minimum(np.exp(log_c), 1e6)
        t = self._matched(q, b, lambda t: t[:, None] + a * self.w + c[:, None] * (self.x - 1))
        u = (t[:, None] + a * self.w + c[:, None] * (self.x - 1)) / self.root
        noise, field = self._equations(u, a, log_S, t, c)
        return q, t, c, noise, field

    def _equations(self, u: NDArray, a: float, log_S: NDArray, t: NDArray, c: NDArray) -> tuple[NDArray, NDArray]:
        """m/a − D − S over s, and s(t − c) − g over its terms."""
        with np.errstate(all="ignore"):
            density = np.exp(-0.5 * u * u) @ (self.eq.p * self.weight * self.root) / math.sqrt(2 * math.pi)
            # ⟨W⟩ = 0: the sum over the units that are off has the other sign
            side = np.where(t > 0, -1.0, 1.0)
            m = side * (ndtr(side[:, None] * u) @ (self.weight * self.w / self.eq.size))
            S = np.exp(log_S)
            s = m / a
            if a < 0.3:
                s = density + self._small(u, a, t[:, None] + c[:, None] * (self.eq.x[: self.eq.pairs] - 1))
            noise = (s - density - S) / (density + S)
            s = density + S
            return noise, (s * (t - c) - self.eq.g) / (s * (np.abs(t) + c) + abs(self.eq.g))

    def _small(self, u: NDArray, a: float, centre: NDArray) -> NDArray:
        """m/a − D by the groups that remain, for a < 0.3, where its terms of order 1 cancel."""
        eq = self.eq
        full = np.zeros((len(u), len(eq.w)))
        full[:, eq.weight > RARE] = u * self.root
        rest = eq.weight <= RARE
        full[:, rest] = 0.0
        return ClassEquations(
            eq.w, eq.x, np.where(rest, 0.0, eq.weight), eq.pairs, eq.size, eq.p, eq.theta, eq.g
        ).excess(full, np.full(len(u), a), centre)

    def _matched(self, q: NDArray, start: NDArray, fields: Callable[[NDArray], NDArray]) -> NDArray:
        """t at which the activity is q, by Newton's method kept between bounds."""
        on = self.weight * self.x
        shift = fields(0 * q).max(axis=-1) - fields(0 * q).min(axis=-1)
        low, high = -np.abs(start) - shift - 60.0 * self.root.max(), np.abs(start) + shift + 60.0 * self.root.max()
        t = np.clip(start, low, high)
        active = np.arange(len(q))
        for _ in range(60):
            u = fields(t)[active] / self.root
            value = ndtr(u) @ on - q[active]
            slope = np.exp(-0.5 * np.minimum(u * u, 1400.0)) @ (on / self.root) / math.sqrt(2 * math.pi)
            above = value > 0
            high[active], low[active] = (
                np.where(above, t[active], high[active]),
                np.where(above, low[active], t[active]),
            )
            with np.errstate(all="ignore"):
                step = t[active] - value / slope
            middle = 0.5 * (low[active] + high[active])
            t[active] = np.where((step > low[active]) & (step < high[active]), step, middle)
            active = active[np.abs(value) > 1e-12 * q[active]]
            if not len(active):
                break
        return t

    # Small noise.

    def far(self) -> Iterator[NDArray]:
        """Where the units of one W = k alone feel the noise."""
        tau = np.concatenate([np.arange(-38.0, -7, 0.25), np.arange(-7, 7, 0.04), np.arange(7, 38.0, 0.25)]) + 0.0013
        for k in np.unique(self.w):
            v, t, base, q, c, field = self._line(float(k), tau)
            sound = np.isfinite(field) & (v > SHARP - 1.5)
            size, positive = np.abs(field), field > 0
            change = (positive[1:] != positive[:-1]) & sound[1:] & sound[:-1]
            with np.errstate(invalid="ignore"):
                tip = (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & sound[1:-1]
            index = np.unique(
                np.concatenate([np.nonzero(change)[0], np.nonzero(change)[0] + 1, np.nonzero(tip)[0] + 1])
            )
            if len(index):
                eq = self.eq
                a = np.exp(np.minimum(v[index], 690.0))
                fields = t[index, None] + a[:, None] * (eq.w - k) + c[index, None] * (eq.x - base[index, None])
                yield np.column_stack([v[index], 0 * a, np.log(q[index]), 0 * a + self.log_alpha, fields])

    def _line(self, k: float, tau: NDArray) -> tuple[NDArray, ...]:
        """ln a, t, x₀, q, c and the equation of the field where a share Φ(τ) of the units with W = k is on."""
        mine, above = self.w == k, self.w > k
        x, weight, root = self.x[mine], self.weight[mine], self.root[mine]
        share = weight * x / (weight @ x)
        q = float((self.weight * self.x)[above].sum()) + ndtr(tau) * float(weight @ x)
        log_S, log_c, _, _ = self.eq.hidden(np.log(np.maximum(q, 1e-300)), np.full(len(q), self.log_alpha))
        with np.errstate(all="ignore"):
            c = np.minimum(np.exp(log_c), 1e250)
            t, base = matched_share(tau, c, x, share)
            u = (t[:, None] + c[:, None] * (x - base[:, None])) / root
            log_density = np.log(np.exp(-0.5 * u * u) @ (self.eq.p * weight * root) / math.sqrt(2 * math.pi))
            log_s = np.logaddexp(log_density, log_S)
            m = self._overlap(k, above, u, weight)
            s = np.exp(log_s)
            field = (s * (t - c * base) - k * m - self.eq.g) / (
                s * (np.abs(t) + c * base) + abs(self.eq.g) + abs(k) * m
            )
            return np.log(m) - log_s, t, base, q, c, field

    def _overlap(self, k: float, above: NDArray, u: NDArray, weight: NDArray) -> NDArray:
        """m, as a sum over W > 0 of what is on or over W ≤ 0 of what is off."""
        moments = self.weight * self.w / self.eq.size
        if k > 0:
            return float(moments[above].sum()) + ndtr(u) @ (weight * k / self.eq.size)
        return float(-moments[self.w < k].sum()) - ndtr(-u) @ (weight * k / self.eq.size)

    def plateaus(self) -> tuple[Place, Place]:
        """States without partly active units, and those that nearly are: on are those of field g + mW + αBx/2 > 0."""
        eq, often = self.eq, self.eq.weight > RARE
        found: tuple[list[Place], list[Place]] = ([], [])
        for on in self._sides():
            q = float((eq.weight * eq.x)[on].sum())
            plateau = Plateau.of(eq, np.where(on, 1.0, -1.0), math.log(q)) if q > LEAST_ACTIVITY else None
            if plateau is None or not plateau.m > 0:
                continue
            field = eq.g + plateau.m * eq.w + plateau.half_B * math.exp(self.log_alpha) * eq.x
            noise = math.exp(max(plateau.log_noise(self.log_alpha), LEAST_LOG)) * np.sqrt(eq.x)
            clear = np.where(on, field, -field) / noise
            if (clear[often] > CLEAR).all():
                nearest = int(np.argmin(np.abs(field)))
                place = Place(plateau.place(self.log_alpha, nearest)[None], np.array([nearest]))
                found[0 if (clear > QUIET).all() else 1].append(place)
        sharp, blurred = (
            Place(np.array([p.y[0] for p in part]).reshape(-1, 4), np.array([p.group[0] for p in part], dtype=int))
            for part in found
        )
        return sharp, blurred

    def _sides(self) -> Iterator[NDArray]:
        """Which units may be on: those beyond a straight line in the plane of W and x."""
        seen = set()
        for tilt in np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 40)]):
            rank = self.eq.w + tilt * (self.eq.x - 1)
            for edge in _thinned(np.unique(np.round(rank[self.eq.weight > RARE], 9))):
                on = rank > edge - 1e-7
                key = on[self.eq.weight > RARE].tobytes()
                if key not in seen:
                    seen.add(key)
                    yield on


CORNERS = list(itertools.product((0, 1), repeat=2))


def _thinned(edges: NDArray) -> NDArray:
    """At most 60 of the values."""
    return edges[np.linspace(0, len(edges) - 1, 60).round().astype(int)] if len(edges) > 60 else edges
