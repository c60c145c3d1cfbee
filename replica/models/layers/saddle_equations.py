"""The averages of both layers of a random RBM of any potentials: the text of its equations, for all that uses them.

W is the sum of the entries of the L condensed patterns at a visible unit. Its input is m W + s z with the
self-coupling b, that of a hidden unit √(pq) z with the self-coupling C:

    m = ⟨W M_v⟩/aL,   q = ⟨Q_v⟩,   C = p⟨χ_v⟩     of (m, s, b)
    r = Q_h,   B = p χ_h                          of (q, C)

On the saddle s² = αp r and b = αB; the load is in these two only.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.densities import Density
from replica.averages.pattern_sum import Law
from replica.potentials import Potential
from replica.potentials.averages import field_averages

__all__ = ["ORIGIN", "HiddenLayer", "TwoLayers", "VisibleLayer", "two_layers"]

LEADS = ((), (), (), (), (), (), (3, 3))
"""Leading axes of the members of `VisibleLayer`."""
LARGEST_BLOCK = 4096
"""Elements times levels of panels whose averages over a density are taken at once."""
EVEN = 1e-12
"""Difference of values and probabilities of W and −W that is rounding."""
ORIGIN = Law(np.zeros(1), np.ones(1), np.ones(1))
"""W = 0."""


class VisibleLayer(NamedTuple):
    """Averages of the visible layer, of shape S."""

    m: Any
    q: Any
    C: Any
    work: Any
    """⟨K_v⟩."""
    V: Any
    """⟨V_v⟩, of the replicon."""
    mean: Any
    """⟨M_v⟩."""
    slopes: Any
    """Derivatives of (m, q, C) by (m, s, b), shape (3, 3) + S."""

    def stepped(self, m: Any, s: Any, b: Any) -> tuple[Any, Any, Any]:
        """Return m, q and C with the imaginary parts that steps i(m, s, b) of their arguments bring."""
        steps = (self.slopes * np.stack(np.broadcast_arrays(m, s, b))).sum(axis=1)
        return self.m + 1j * steps[0], self.q + 1j * steps[1], self.C + 1j * steps[2]


class HiddenLayer(NamedTuple):
    """Averages of the hidden layer, of shape S."""

    r: Any
    B: Any
    work: Any
    """K_h."""
    V: Any
    """V_h."""
    mean: Any
    """M_h."""
    slopes: Any
    """Derivatives of (r, B) by (q, C), shape (2, 2) + S."""

    def stepped(self, q: Any, C: Any) -> tuple[Any, Any]:
        """Return r and B with the imaginary parts that steps i(q, C) of their arguments bring."""
        steps = (self.slopes * np.stack(np.broadcast_arrays(q, C))).sum(axis=1)
        return self.r + 1j * steps[0], self.B + 1j * steps[1]


class TwoLayers(NamedTuple):
    """Two layers of units at given couplings, without a load; arrays that broadcast to a shape S."""

    visible: Potential
    hidden: Potential
    T: Any
    p: Any
    L: Any
    sides: Any
    """The a of U_h ~ a h²/2 at +∞ and at −∞, shape (2,) + S."""
    law: Law
    """Law of W, weights of a shape + (J,)."""
    most: float = math.inf
    """Weights that one average may cost: beyond, it is nan."""
    bare: bool = False
    """Whether K and V are not wanted."""

    @property
    def softest(self) -> Any:
        """The smaller of the two a: there is no law of a hidden unit for C beyond it."""
        return np.where(np.real(self.sides[0]) <= np.real(self.sides[1]), *self.sides)[()]

    @property
    def is_normal(self) -> bool:
        """Whether W is normal: then aLm = ⟨W M_v⟩ is C = a, at any m, and no state has an overlap."""
        return bool(np.all(self.law.w == 0) and np.all(self.law.normal))

    def stiffness(self, m: Any = 1.0) -> Any:
        """The a on the side of the strong hidden units, h = m√N."""
        return np.where(np.real(m) < 0, self.sides[1], self.sides[0])[()]

    def mirrored(self) -> TwoLayers:
        """Return the layers with h → −h in the strong hidden units, and W → −W: the same machine with m → −m."""
        law = self.law if self.is_even else self.law._replace(w=-self.law.w)
        return self._replace(sides=self.sides[::-1], law=law)

    @property
    def is_even(self) -> bool:
        """Whether W and −W have the same law; laws with a density are even."""
        w, weight = self.law.w, np.asarray(self.law.weight)
        if self.law.density is not None:
            return True
        rank, back = np.argsort(w, kind="stable"), np.argsort(-w, kind="stable")
        size = np.max(np.abs(w), initial=0.0)
        alike = np.abs(w[rank] + w[back]) <= EVEN * size
        return bool(alike.all() and (np.abs(weight[..., rank] - weight[..., back]) <= EVEN).all())

    def rows(self, index: NDArray) -> TwoLayers:
        """Return the layers at some of the couplings, all of which are arrays of one axis."""
        law = self.law
        if np.ndim(law.weight) > 1:
            law = law._replace(weight=law.weight[index])
        if law.density is not None:
            law = law._replace(density=law.density.rows(index))
        parts = {name: getattr(self, name)[index] for name in ("T", "p", "L")}
        return self._replace(law=law, sides=self.sides[:, index], **parts)

    def visible_layer(self, m: Any, s: Any, b: Any, *, refine: int = 1) -> VisibleLayer:
        """Averages of a visible unit over z and W."""
        m, s, b, T, p, aL = np.broadcast_arrays(m, s, b, self.T, self.p, self.stiffness(m) * self.L)
        if self.law.density is None:
            return self._over_sums([m, s, b, T, p, aL], self.law.w, self.law.weight, refine)
        shape = m.shape
        flat = [v.ravel() for v in (m, s, b, T, p, aL)]
        density = self._density_at(shape)
        out: list[Any] = [np.zeros((*lead, m.size), np.result_type(m, s, b, T, p, 1.0)) for lead in LEADS]
        for index, w, weight in self._nodes(density, [np.real(v) for v in flat[:4]], refine):
            part = self._over_sums([v[index] for v in flat], w, weight, refine)
            for whole, value in zip(out, part, strict=True):
                whole[..., index] = value
        return VisibleLayer(*(v.reshape((*v.shape[:-1], *shape))[()] for v in out))

    def _density_at(self, shape: tuple[int, ...]) -> Density:
        """The density with an index for each element of an array of couplings, raveled."""
        density = self.law.density
        assert density is not None
        if density.index is None:
            return density
        return dataclasses.replace(density, index=np.broadcast_to(density.index, shape).ravel())

    def _nodes(self, density: Density, at: list[Any], refine: int) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
        """Blocks of elements with values of W that crowd where a visible unit jumps or bends, and their weights."""
        m, s, b, T = at
        warm = np.where(T > 0, T, 1.0)
        with np.errstate(all="ignore"):
            bends = self.visible.corners(b, warm) / m[:, None]
            thermal = np.where(T > 0, math.sqrt(2) * T / self.visible.spread(b, warm), 0.0)
            width = np.hypot(s, thermal) / np.abs(m)
        halvings = density.doublings(width)
        for level in np.unique(halvings):
            own = np.nonzero(halvings == level)[0]
            for index in np.array_split(own, 1 + len(own) * (level + 1) // LARGEST_BLOCK):
                yield index, *density.rows(index).nodes(bends[index], width[index], refine)

    def _over_sums(self, at: list[Any], w: Any, weight: Any, refine: int) -> VisibleLayer:
        """Averages over z, and over values w of W."""
        m, s, b, T, p, aL = at
        normal = np.any(self.law.normal)
        pull = m[..., None] * self.law.normal
        noise = np.sqrt(s[..., None] ** 2 + m[..., None] * pull) if normal else s[..., None]
        unit = field_averages(
            self.visible,
            m[..., None] * w,
            noise,
            b[..., None],
            T[..., None],
            refine=refine,
            most=self.most,
            bare=self.bare,
        )

        def mean(values: Any) -> Any:
            with np.errstate(invalid="ignore"):
                return np.sum(np.where(weight != 0, weight * values, 0.0), axis=-1)

        # M is wanted times W, and the input moves by W with m
        slopes = np.concatenate([w * unit.slopes[:, :1], unit.slopes[:, 1:]], axis=1)
        along = w * unit.M
        slopes[0] *= w
        if normal:
            # W = w + √normal z' is one more noise, and ⟨z' M⟩ = m √normal ⟨χ⟩
            along = along + pull * unit.chi
            with np.errstate(invalid="ignore", divide="ignore"):
                slopes[0] += pull * np.stack([w * unit.slopes[2, 0], unit.slopes[2, 1], unit.slopes[2, 2]])
                slopes[:, 0] += np.where(pull == 0, 0.0, pull / noise) * slopes[:, 1]
                slopes[:, 1] *= np.where(pull == 0, 1.0, s[..., None] / noise)
            slopes[0, 0] += self.law.normal * unit.chi
        units = np.stack([1 / aL, np.ones_like(p), p])
        m, q, chi, work, V, M = mean(np.stack([along, unit.Q, unit.chi, unit.work, unit.V, unit.M]))
        return VisibleLayer(m / aL, q, p * chi, work, V, M, mean(slopes) * units[:, None])

    def hidden_layer(self, q: Any, C: Any, *, refine: int = 1) -> HiddenLayer:
        """Averages of a hidden unit over z."""
        q, C, T, p = np.broadcast_arrays(q, C, self.T, self.p)
        with np.errstate(all="ignore"):
            noise = np.sqrt(p * q)
            unit = field_averages(self.hidden, 0.0, noise, C, T, refine=refine, most=self.most, bare=self.bare)
            # where q underflows nothing moves it
            by_q = np.where(noise == 0, 0.0, p / (2 * noise))
            slopes = unit.slopes[1:, 1:] * np.array([[by_q, np.ones_like(p)], [p * by_q, p]])
        return HiddenLayer(unit.Q, p * unit.chi, unit.work, unit.V, unit.M, slopes)


def two_layers(visible: Potential, hidden: Potential, T: Any, p: Any, L: Any, law: Law) -> TwoLayers:
    """Layers with the law of W and the curvatures that belong to their couplings."""
    occurs = (law.weight != 0).any(axis=tuple(range(np.ndim(law.weight) - 1)))
    normal = law.normal[occurs] if np.ndim(law.normal) else law.normal
    law = law._replace(w=law.w[occurs], x=law.x[occurs], weight=law.weight[..., occurs], normal=normal)
    temperatures, index = np.unique(T, return_inverse=True)
    sides = np.array([hidden.sides(t) for t in temperatures.tolist()]).T[:, index].reshape(2, *np.shape(T))
    return TwoLayers(visible, hidden, T, p, L, sides, law)
