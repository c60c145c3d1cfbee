"""A curve of solutions at one field: vertices in the chart and, where the noise is small, on flips and plateaus."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.sparse.chart import (
    ChartPoint,
    Couplings,
    at,
    load_excess,
)
from replica.models.sparse.projection import beside_chord
from replica.models.sparse.sharp import LOG_A, Sharp
from replica.numerics.rootfinding import find_roots

__all__ = ["Curve", "Places"]


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """One curve of solutions at fixed couplings and g, through the chart and, where the noise is small, `Sharp`.

    Parameters
    ----------
    couplings : Couplings
        Law of W, L, p and θ as numbers.
    sharp : Sharp
        The level g at these couplings, where the noise is small.
    vertices : array, shape (K, 2)
        Coordinates of points on it, in order, folds among them: (v, κ) on the chart, (v, t) on a flip, v on a plateau.
    chart : array of int, shape (K,)
        Which of these: 0, flip i as i + 1, plateau i as −i − 1.
    log_alpha : array, shape (K,)
        ln α there, −inf outside the domain.
    folds : array of bool, shape (K,)
        Which vertices are extrema of ln α.
    k : tuple of (int or None, int or None)
        Zero-noise states at the first and the last vertex, None where the curve ends otherwise.
    ends : tuple of (str, str)
        How it ends: "no noise", "C = 1", "no overlap", "all off", "all on", "closed", or "window", where nothing is
        known to end.
    """

    couplings: Couplings
    sharp: Sharp
    vertices: NDArray
    chart: NDArray
    log_alpha: NDArray
    folds: NDArray
    k: tuple[int | None, int | None]
    ends: tuple[str, str]

    def unaccounted(self) -> list[str]:
        """Lines that say where the curve goes on and was not followed."""
        return [
            f"a curve of states with m > 0 could not be followed beyond ln(m/s) = {self.vertices[end, 0]:.3g}, "
            f"ln alpha = {self.log_alpha[end]:.4g}"
            for end, name in zip((0, -1), self.ends, strict=True)
            if name == "window"
        ]

    def place(self, t: NDArray) -> Places:
        """Places at parameter t (vertex number, fractions between), moved onto the level."""
        cell = np.clip(np.floor(t).astype(int), 0, len(self.vertices) - 2)
        return self.between(self.vertex(cell), self.vertex(cell + 1), t - cell)

    def vertex(self, index: NDArray) -> Places:
        """Places of vertices."""
        return Places(self.vertices[index, 0], self.vertices[index, 1], self.chart[index])

    def between(self, one: Places, other: Places, share: NDArray) -> Places:
        """Places on the level between two others, near the point that divides the straight line between them."""
        # of two charts that of the smaller noise: a plateau, then a flip
        least, most = np.minimum(one.chart, other.chart), np.maximum(one.chart, other.chart)
        chart = np.where(least < 0, least, most)
        first, second = (self._in_chart(place, chart) for place in (one, other))
        v, x = ((1 - share) * a + share * b for a, b in zip(first, second, strict=True))
        return self._projected(Places(v, x, chart), np.stack(second) - np.stack(first))

    def _in_chart(self, place: Places, chart: NDArray) -> tuple[NDArray, NDArray]:
        """Coordinates in given charts: t of a flip from κ, none on a plateau."""
        v, x, own = place
        a = np.exp(np.minimum(v, LOG_A + 1))
        w = self.sharp.w[np.clip(chart - 1, 0, None)]
        x = np.where((chart > 0) & (own == 0), x * np.hypot(1.0, a) + a * w, x)
        return v, np.where(chart < 0, 0.0, x)

    def _projected(self, places: Places, chord: NDArray) -> Places:
        """Places on the level next to some on straight lines between two points of it."""
        v, x, chart = (np.array(member) for member in places)
        for which in np.unique(chart):
            here = chart == which
            if which == 0:
                v[here], x[here] = beside_chord(self.couplings, self.sharp.g, v[here], x[here], chord[:, here])
            elif which > 0:
                v[here], x[here] = self.sharp.onto_flip(int(which) - 1, v[here], x[here])
        return Places(v, x, chart)

    def at(self, places: Places) -> ChartPoint:
        """Controls and order parameters at places."""
        v, x, chart = places
        members = [np.full(np.shape(v), np.nan) for _ in ChartPoint._fields]
        for which in np.unique(chart):
            here = chart == which
            if which == 0:
                point = at(self.couplings, v[here], x[here])
            elif which > 0:
                point = self.sharp.flip_point(int(which) - 1, v[here], x[here])
            else:
                point = self.sharp.plateau_point(-int(which) - 1, v[here])
            for member, values in zip(members, point, strict=True):
                member[here] = values
        return ChartPoint(*members)

    def sheets(self, end: int) -> NDArray:
        """Folds between each cell and one end (0 or −1)."""
        passed = np.cumsum(self.folds)
        return passed[:-1] if end == 0 else passed[-1] - passed[:-1]

    def at_loads(self, log_alpha: NDArray) -> tuple[NDArray, NDArray, Places]:
        """Where loads are crossed: for each crossing which load it is, the cell, and the place."""
        every = load_excess(self.at_vertices, log_alpha[:, None])
        load, cell = np.nonzero((every[:, 1:] > 0) != (every[:, :-1] > 0))
        if not len(cell):
            return load, cell, Places(*(np.zeros(0) for _ in Places._fields))
        level = log_alpha[load]
        ends = self.vertex(cell), self.vertex(cell + 1)

        def place(share: NDArray, i: NDArray) -> Places:
            one, other = (Places(*(member[i] for member in end)) for end in ends)
            return self.between(one, other, share)

        def excess(share: NDArray, i: NDArray) -> NDArray:
            return load_excess(self.at(place(share, i)), level[i])

        low, high = every[load, cell], every[load, cell + 1]
        share = find_roots(excess, np.zeros(len(cell)), np.ones(len(cell)), low, high)
        return load, cell, place(share, np.arange(len(cell)))

    @cached_property
    def at_vertices(self) -> ChartPoint:
        """Controls and order parameters at the vertices."""
        return self.at(self.vertex(np.arange(len(self.vertices))))


class Places(NamedTuple):
    """Points of curves: v = ln a, the second coordinate, and the chart that it belongs to (`Curve.chart`)."""

    v: NDArray
    x: NDArray
    chart: NDArray
