"""How many hidden units a state activates in the compositional limit: the minimum of f̃ over ℓ.

The branch of the zero-noise state k = 1 is followed from ℓ → 0, where its noise vanishes, upwards. On it

    df̃/dℓ = m̃²/8 − (s/2) ⟨H1(−u₊) + H1(−u₋) − 2 H1(−u)⟩,    u± at W ± 1,

because a Skellam average obeys d⟨F(W)⟩/dℓ = ½⟨F(W+1) + F(W−1) − 2F(W)⟩ and f̃ is stationary in all else. The first
zero with f̃ decreasing before it is ℓ*; a machine of sparsity p then activates L* = ℓ*/p units. Many points are
followed at once.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law, skellam
from replica.models.base import Order
from replica.models.compositional import CompositionalRBM
from replica.models.sparse.chart import ChartPoint, Couplings, at, newton_on_chart, order_of
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["EllStar", "Walk", "columns_of", "ell_star", "energies", "homogeneous"]

FIRST, LAST, RATIO = 0.02, 5000.0, 1.4
"""Values of ℓ visited: a geometric series."""


class EllStar(NamedTuple):
    """The minimum of f̃ over ℓ: numbers, or arrays of the controls' shape."""

    value: Number
    """ℓ*; 0 where f̃ increases from ℓ = 0 on, nan where the branch ends while f̃ still decreases."""
    free_energy: Number
    """f̃ there; 0 where ℓ* is 0."""
    order: Order
    """Order parameters there; nan where ℓ* is 0 or nan."""


def ell_star(model: CompositionalRBM) -> EllStar:
    """First local minimum of f̃ over ℓ along the retrieval branch (k = 1).

    Parameters
    ----------
    model : CompositionalRBM
        Model, whose `ell` does not matter; array controls broadcast.

    Returns
    -------
    EllStar
        ℓ*, f̃ and the order parameters, whether or not the glass lies lower.

    Raises
    ------
    ValueError
        If the model is not a CompositionalRBM.

    Examples
    --------
    >>> from replica.models import CompositionalRBM
    >>> round(ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21)).value, 6)
    0.383193
    """
    if not isinstance(model, CompositionalRBM):
        raise ValueError(f"model = {model!r}: ell_star is defined for a CompositionalRBM")
    shape, columns = columns_of(model)
    walk = Walk(*columns)
    walk.run()
    value, energy, order = walk.minimum()
    if model.units is not None:
        points = [_heterogeneous(model, columns, i, value[i], order) for i in range(len(value))]
        value, energy, *averages = (np.array(column) for column in zip(*points, strict=True))
        order = Order(*averages)
    members: list[Number] = [v.reshape(shape)[()] if shape else float(v[0]) for v in (value, energy, *order)]
    return EllStar(members[0], members[1], Order(*members[2:]))


def energies(model: CompositionalRBM, ell: NDArray) -> tuple[NDArray, Order]:
    """f̃ and the order parameters of the retrieval branch (k = 1) at increasing values of ℓ.

    Parameters
    ----------
    model : CompositionalRBM
        Homogeneous model with scalar controls, whose `ell` does not matter.
    ell : array, shape (K,)
        Increasing values of ℓ, > 0; the branch is followed from ℓ → 0 through them.

    Returns
    -------
    array, Order
        f̃ and order parameters, nan beyond the end of the branch.

    Raises
    ------
    ValueError
        If the values do not increase.
    """
    ell = np.asarray(ell, dtype=float)
    if not (ell > 0).all() or not (np.diff(ell) > 0).all():
        raise ValueError(f"ell = {ell}: increasing numbers > 0 are needed")
    walk = Walk(*columns_of(homogeneous(model))[1])
    first = float(min(FIRST, ell[0] / 2))
    steps = np.unique(np.concatenate([np.geomspace(first, ell[-1], 2 + int(8 * np.log(ell[-1] / first))), ell]))
    index, shift = np.zeros(1, dtype=int), np.zeros((1, 2))
    energy, members = np.full(ell.shape, np.nan), [np.full(ell.shape, np.nan) for _ in Order._fields]
    for value in map(float, steps):
        v, kappa, good = walk.solved(index, value, walk.zero_noise(index, value) + shift)
        if not good[0]:
            break
        shift = np.stack([v, kappa], axis=-1) - walk.zero_noise(index, value)
        if value in ell:
            couplings = walk.couplings(index, value)
            point = at(couplings, np.minimum(v, NOISELESS), kappa)
            here = ell == value
            energy[here] = walk.energy(index, np.array([value]), point)
            for member, number in zip(members, order_of(couplings, point, model.overlap_unit), strict=True):
                member[here] = number
    return energy, Order(*members)


def _heterogeneous(
    model: CompositionalRBM, columns: tuple[NDArray, ...], i: int, ell: float, start: Order
) -> tuple[float, ...]:
    """(ℓ*, f̃, m̃, q, r̃, C, B̃) of a heterogeneous machine, from the homogeneous minimum as the spread grows."""
    if not ell > 0:
        raise ValueError(f"no minimum at ell > 0 in the homogeneous machine to start from (ell* = {ell})")
    units = model.units
    assert units is not None
    alpha, theta, g = (float(column[i]) for column in columns)
    bare = model.unchecked(alpha=alpha, theta=theta, g=g)
    point = np.array([*bare.pack(Order(*(member[i] for member in start))), ell])
    for spread in np.linspace(0, 1, 17)[1:]:
        now = bare.with_units(units.shrunk(spread))

        def system(x: NDArray, now: CompositionalRBM = now) -> NDArray:
            here = now.unchecked(ell=float(x[-1]))
            return np.array([*here.equations(list(x[:-1])), here.slope(here.unpack(list(x[:-1])))], dtype=float)

        point = _newton_by_differences(system, point)
    here = bare.unchecked(ell=float(point[-1]))
    order = here.unpack(list(point[:-1]))
    return (float(point[-1]), float(here.free_energy(order)), *(float(v) for v in order))


def _newton_by_differences(system: Callable[[NDArray], NDArray], x: NDArray) -> NDArray:
    for _ in range(20):
        h = 1e-6 * np.maximum(1.0, np.abs(x))
        columns = [(system(x + e) - system(x - e)) / (2 * h[j]) for j, e in enumerate(np.diag(h))]
        step = np.linalg.solve(np.array(columns).T, system(x))
        x = x - step
        if np.max(np.abs(step)) < 1e-12 * (1 + np.max(np.abs(x))):
            break
    return x


def homogeneous(model: CompositionalRBM) -> CompositionalRBM:
    """Refuse a heterogeneous machine, for which only `ell_star` and single states are known."""
    if not isinstance(model, CompositionalRBM):
        raise ValueError(f"model = {model!r}: a CompositionalRBM is needed")
    if model.units is not None:
        raise ValueError("x_i: energies over ell and phases are known for homogeneous machines; leave it out")
    return model


def columns_of(model: CompositionalRBM) -> tuple[tuple[int, ...], tuple[NDArray, NDArray, NDArray]]:
    """Shape of α, θ̃ and g̃, and each of them as a flat array."""
    controls = [np.asarray(v, dtype=float) for v in (model.alpha, model.theta, model.g)]
    arrays = np.broadcast_arrays(*controls)
    alpha, theta, g = (a.reshape(-1) for a in arrays)
    return arrays[0].shape, (alpha, theta, g)


class Walk:
    """Points (α, θ̃, g̃), each with its place (v, κ) on the branch k = 1 at the present ℓ."""

    def __init__(self, alpha: NDArray, theta: NDArray, g: NDArray) -> None:
        self.log_alpha, self.theta, self.g = np.log(alpha), theta, g
        size = len(alpha)
        self.low, self.high = np.zeros(size), np.full(size, np.nan)
        self.places = {end: np.full((size, 2), np.nan) for end in ("low", "high")}
        self.slopes = {end: np.full(size, np.nan) for end in ("low", "high")}
        self.increasing = np.zeros(size, dtype=bool)
        self.active = np.nonzero((g < 0) & (g > -0.5))[0]
        self.increasing[g <= -0.5] = True

    def run(self) -> None:
        """Follow all points upwards in ℓ until df̃/dℓ changes sign or the branch ends."""
        # df̃/dℓ = ½(|g̃| − ¼) + ℓ/16 + … at small ℓ and noise: the minimum nears ℓ = 0 at g̃ = −¼
        gap = self.g[self.active] + 0.25
        first = ell = min(FIRST, *(2 * gap[gap > 0]).clip(1e-12, FIRST), FIRST)
        while len(self.active) and ell < LAST:
            self._advance(self.active, ell, first=ell == first)
            ell *= RATIO

    def _advance(self, index: NDArray, ell: float, *, first: bool) -> None:
        guess = self.zero_noise(index, ell)
        if not first:
            before = self.zero_noise(index, ell / RATIO)
            guess = guess + np.nan_to_num(self.places["low"][index] - before)
        v, kappa, good = self.solved(index, ell, guess)
        slope = self._slope(index, ell, v, kappa)
        turned = good & (slope >= 0)
        self.increasing[index[turned & first]] = True
        self._record("high", index[turned & (not first)], ell, v, kappa, slope, turned)
        going = good & (slope < 0)
        self._record("low", index[going], ell, v, kappa, slope, going)
        self.active = index[going]

    def _record(
        self, end: str, index: NDArray, ell: float, v: NDArray, kappa: NDArray, slope: NDArray, of: NDArray
    ) -> None:
        if not len(index):
            return
        (self.low if end == "low" else self.high)[index] = ell
        self.places[end][index] = np.stack([v[of], kappa[of]], axis=-1)
        self.slopes[end][index] = slope[of]

    def zero_noise(self, index: NDArray, ell: Number) -> NDArray:
        """Place on the plateau k = 1: κ = g̃/m, v from α; W ≥ 1 is on, m = E[W; W ≥ 1]/ℓ, q = P(W ≥ 1)."""
        law = _law(ell)
        on = law.w >= 1
        m, q = (law.weight * law.w)[..., on].sum(axis=-1) / ell, law.weight[..., on].sum(axis=-1)
        top = 2 * np.log(m) - np.log(q) - log_H(2, self.theta[index] / np.sqrt(q))
        return np.stack([0.5 * (top - self.log_alpha[index]), self.g[index] / m], axis=-1)

    def couplings(self, index: NDArray, ell: Number) -> Couplings:
        """Law of W, ℓ and θ̃ at some of the points."""
        return Couplings(_law(ell), ell, 1.0, self.theta[index])

    def solved(self, index: NDArray, ell: Number, guess: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Place at ℓ by Newton's method; places beyond v = 30 are free of noise and stay as they are."""
        v, kappa = guess[:, 0].copy(), guess[:, 1].copy()
        good = v > NOISELESS
        near = np.nonzero(~good & np.isfinite(v))[0]
        if len(near):
            couplings = self.couplings(index[near], ell[near] if np.ndim(ell) else ell)
            found = newton_on_chart(couplings, self.g[index[near]], self.log_alpha[index[near]], v[near], kappa[near])
            same = np.hypot(found[0] - v[near], found[1] - kappa[near]) < 1.0
            v[near], kappa[near], good[near] = found[0], found[1], found[2] & same
        return v, kappa, good

    def _slope(self, index: NDArray, ell: Number, v: NDArray, kappa: NDArray) -> NDArray:
        """df̃/dℓ at places of the chart."""
        law = _law(ell)
        a = np.exp(np.minimum(v, NOISELESS))[:, None]
        b = kappa[:, None] * np.hypot(1.0, a)
        with np.errstate(all="ignore"):
            point = at(self.couplings(index, ell), np.minimum(v, NOISELESS), kappa)
            bend = _H1(b + a * (law.w + 1)) + _H1(b + a * (law.w - 1)) - 2 * _H1(b + a * law.w)
            kick = np.exp(point.log_noise) * np.einsum("...j,...j->...", law.weight, bend)
        return 0.5 * point.m**2 - 0.5 * kick

    def minimum(self) -> tuple[NDArray, NDArray, Order]:
        """ℓ*, f̃ and order parameters, refined between the last two values of ℓ."""
        size = len(self.g)
        value = np.where(self.increasing, 0.0, np.nan)
        energy = np.where(self.increasing, 0.0, np.nan)
        members = [np.full(size, np.nan) for _ in Order._fields]
        index = np.nonzero(np.isfinite(self.high))[0]
        if len(index):
            found = self._root(index)
            point, order = self._at_ell(index, found)
            value[index] = found
            energy[index] = self.energy(index, found, point)
            for member, values in zip(members, order, strict=True):
                member[index] = values
        return value, energy, Order(*members)

    def last_energy(self) -> NDArray:
        """f̃ at the last ℓ with decreasing f̃, +inf where there was none."""
        energy = np.full(len(self.g), np.inf)
        index = np.nonzero(self.low > 0)[0]
        if len(index):
            v, kappa = self.places["low"][index].T
            point = at(self.couplings(index, self.low[index]), np.minimum(v, NOISELESS), kappa)
            energy[index] = self.energy(index, self.low[index], point)
        return energy

    def energy(self, index: NDArray, ell: NDArray, point: ChartPoint) -> NDArray:
        """f̃ = −ℓm̃²/8 − αr̃/2 − g̃q, with m̃ = 2m and αr̃ = s²."""
        return -0.5 * ell * point.m**2 - 0.5 * np.exp(2 * point.log_noise) - self.g[index] * point.q

    def _root(self, index: NDArray) -> NDArray:
        def slope(log_ell: NDArray, i: NDArray) -> NDArray:
            ell = np.exp(log_ell)
            v, kappa, good = self.solved(index[i], ell, self._between(index[i], ell))
            return np.where(good, self._slope(index[i], ell, v, kappa), np.nan)

        low, high = np.log(self.low[index]), np.log(self.high[index])
        return np.exp(find_roots(slope, low, high, self.slopes["low"][index], self.slopes["high"][index], rtol=1e-14))

    def _between(self, index: NDArray, ell: NDArray) -> NDArray:
        """Guess between the two ends of the bracket: the zero-noise place shifted by interpolated offsets."""
        low, high = self.low[index], self.high[index]
        share = (np.log(ell / low) / np.log(high / low))[:, None]
        shift = {
            end: self.places[end][index] - self.zero_noise(index, at_end)
            for end, at_end in (("low", low), ("high", high))
        }
        return self.zero_noise(index, ell) + (1 - share) * shift["low"] + share * shift["high"]

    def _at_ell(self, index: NDArray, ell: NDArray) -> tuple[ChartPoint, Order]:
        v, kappa, _ = self.solved(index, ell, self._between(index, ell))
        couplings = self.couplings(index, ell)
        point = at(couplings, np.minimum(v, NOISELESS), kappa)
        return point, order_of(couplings, point, CompositionalRBM.overlap_unit)


NOISELESS = 30.0
"""v beyond which the noise s = m e^{−v} changes nothing in double precision."""


def _law(ell: Number) -> Law:
    """Skellam law; the same numbers ℓ come back for every model."""
    return skellam(ell) if np.ndim(ell) else _law_of_number(float(ell))


@lru_cache(maxsize=256)
def _law_of_number(ell: float) -> Law:
    return skellam(ell)


def _H1(u: NDArray) -> NDArray:
    """H1(−u) = φ(u) + u Φ(u)."""
    from scipy.special import ndtr

    return np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi) + u * ndtr(u)
