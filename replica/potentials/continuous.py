"""Units on an interval with any potential, their laws summed by quadrature.

One line of code makes a unit:

>>> class Quartic(Continuous):
...     def energy(self, x, T):
...         return x**2 / 2 + x**4 / 10
>>> law = Quartic().law(np.array([0.0, 1.0]), np.zeros(2), 0.5)
>>> law.mean[1].round(10).tolist()
0.6697527572
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from replica._remembered import remembered, without_memory
from replica.potentials.checks import check_energy, check_increasing
from replica.potentials.cold_averages import convex, of_steps, squared_response
from replica.potentials.law import FieldAverages, UnitLaw, summed_law
from replica.potentials.potential import Potential

__all__ = ["Continuous"]

NODES = 12
"""Gauss–Legendre nodes of a panel."""
WIDTH = 3.0
"""Width of a panel, over that of the narrowest law."""
MOST_PANELS = 4000
LARGEST_BLOCK = 4_000_000
"""Weights that are held at once."""
DECAY = 12.0
"""−ln of the fall of a law over a panel at a corner of U."""
MOST_HALVINGS = 40
FALL = 42.0
"""−ln of the weight at which a law is cut."""
FARTHEST = 1e6
"""Largest |x| that is looked at."""
STEPS = 4096
"""Steps that stand for an interval at T = 0."""
SAMPLES = 513
INPUTS = 20.0
"""Inputs up to which the spread is looked for."""
MOST_REMEMBERED = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Continuous(Potential):
    """Units on an interval with any U; `energy` is U, must accept arrays, and outgrows c x²/2 where c is to be met.

    The class attribute `support` lists the ends of the interval and, between them, points where U has a kink.
    """

    support: ClassVar[tuple[float, ...]] = (-math.inf, math.inf)
    weights: ClassVar[int] = 300

    def __init_subclass__(cls) -> None:
        """Refuse a support that is no increasing list."""
        super().__init_subclass__()
        check_increasing(f"{cls.__name__}.support", cls.support)

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Gauss–Legendre panels over the interval where no law of a group of inputs is negligible."""
        I, c, T = np.broadcast_arrays(*(np.asarray(v) for v in (I, c, T)))
        dtype = np.result_type(I, c, T, float)
        parts = [np.full(I.shape, np.nan, dtype=dtype) for _ in UnitLaw._fields]
        for temperature, coupling, own in _groups(I, c, T):
            low, high = np.real(I[own]).min(), np.real(I[own]).max()
            own &= np.real(c) < self._limit(temperature)
            if not own.any():
                continue
            if not coupling < self._limit(temperature):
                coupling = float(np.real(c)[own].max())
            x, log_measure = self._nodes(temperature, _ladder(low, -1), _ladder(high, 1), coupling, refine)
            if np.iscomplexobj(T):
                base = -self.energy(x, T[own][:, None]) / T[own][:, None] + log_measure
            else:
                base = -self.energy(x, temperature) / temperature + log_measure
            where = np.nonzero(own)
            for block in np.array_split(np.arange(len(where[0])), len(where[0]) * len(x) // LARGEST_BLOCK + 1):
                at = tuple(index[block] for index in where)
                tilts = np.stack([I[at] / T[at], c[at] / T[at]], axis=-1)
                exponent = tilts @ np.stack([x, x * x / 2]) + (base[block] if base.ndim > 1 else base)
                for total, value in zip(parts, summed_law(exponent, x, T[at]), strict=True):
                    total[at] = value
        return UnitLaw(*parts)

    def stiffness(self, T: Any) -> Any:
        """By second differences of U far out; inf where they grow."""
        return min(self.sides(T), key=np.real)

    def sides(self, T: Any) -> tuple[Any, Any]:
        """Those at +∞ and at −∞."""
        return self._bend(self.support[-1], 1.0, T), self._bend(self.support[0], -1.0, T)

    def _bend(self, edge: float, sign: float, T: Any) -> Any:
        """Curvature of U far out on one side, inf where it grows or the unit ends."""
        if math.isfinite(edge):
            return math.inf
        far = np.array([FARTHEST / 100, FARTHEST / 10])
        with np.errstate(all="ignore"):
            bend = sum(k * self.energy(sign * n * far, T) for n, k in ((1, 1), (2, -2), (3, 1))) / far**2
        return bend[1] if abs(bend[1]) < 1.5 * abs(bend[0]) + 1e-9 else math.inf

    def spread(self, c: Any, T: Any) -> Any:
        """Largest standard deviation over a scan of inputs, among them those where x(I) at T = 0 jumps."""
        c, T = np.broadcast_arrays(np.real(c), np.real(T))
        values = np.zeros(c.shape)
        for temperature, coupling, own in _groups(c, c, T):
            limit = self._limit(temperature)
            values[own] = self._spread(temperature, coupling if coupling < limit else min(float(c[own].max()), limit))
        return values

    def __getstate__(self) -> dict[str, Any]:
        """Attributes, without what is remembered."""
        return without_memory(self)

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Averages of the staircase through many values; their error falls as the square of the step."""
        h, s, c = np.broadcast_arrays(*(np.asarray(v) for v in (h, s, c)))
        good = np.isfinite(h + s + c) & (np.real(c) < self._limit(0.0))
        dtype = np.result_type(h, s, c, float)
        out = [np.full((*lead, *h.shape), np.nan, dtype) for lead in ((), (), (), (), (), (3, 3))]
        if good.any():
            h, s, c = h[good], s[good], c[good]
            high = _ladder(float((abs(np.real(h)) + 9 * np.real(s)).max(initial=1.0)), 1)
            x = self._values(high, float(np.real(c).max(initial=0.0)), STEPS * refine)
            energy = self.energy(x, 0.0)
            averages = of_steps(x, energy, h, s, c, smooth=len(self.support) == 2)
            V = np.full(h.shape, np.nan) if bare else squared_response(x, energy, h, s, c)
            for total, value in zip(out, averages._replace(V=V), strict=True):
                total[..., good] = value
        return FieldAverages(*out)

    @remembered(MOST_REMEMBERED)
    def _nodes(self, T: float, low: float, high: float, c: float, refine: int) -> tuple[NDArray, NDArray]:
        """Nodes and ln of their weights for inputs in [low, high] and self-couplings up to c."""
        first, last = self._end(T, low, c, -1.0), self._end(T, high, c, 1.0)
        assert first is not None
        assert last is not None
        corners = [first, *(v for v in self.support if first < v < last), last]
        tilt = max(-low, high) + abs(c) * max(-first, last)
        edges = np.unique(np.concatenate([self._panels(T, a, b, c, tilt) for a, b in pairwise(corners)]))
        for _ in range(refine - 1):
            edges = np.unique(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
        node, weight = np.polynomial.legendre.leggauss(NODES)
        half = np.diff(edges)[:, None] / 2
        return (edges[:-1, None] + half + half * node).ravel(), np.log((half * weight).ravel())

    @remembered(MOST_REMEMBERED)
    def _limit(self, T: float) -> float:
        """Self-coupling from which there is no law."""

        def lawful(c: float) -> bool:
            return self._end(T, -1.0, c, -1.0) is not None and self._end(T, 1.0, c, 1.0) is not None

        low, high = 0.0, 1.0
        if not lawful(1e-9):
            return 0.0
        while lawful(high):
            low, high = high, 2 * high
            if high > FARTHEST:
                return math.inf
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if lawful(middle) else (low, middle)
        return low

    def _panels(self, T: float, a: float, b: float, c: float, tilt: float) -> NDArray:
        """Edges of panels that resolve the laws of an interval, by the curvature of U − c x²/2.

        They shrink towards ends of the support and kinks, where the law may fall off as an exponential.
        """
        x = np.linspace(a, b, SAMPLES)
        with np.errstate(all="ignore"):
            energy = self.energy(x, T)
            slopes = np.diff(energy) / (x[1] - x[0])
            stiff = np.abs(np.diff(slopes)) / (x[1] - x[0]) + max(-c, 0.0)
        stiff = np.where(np.isfinite(stiff), stiff, np.nanmax(stiff[np.isfinite(stiff)], initial=0.0))
        # panels per length, at least those of the neighbours
        density = np.sqrt(np.pad(stiff, 1, mode="edge") / T) / WIDTH
        density = np.maximum(np.maximum(density, np.roll(density, 4)), np.roll(density, -4)) + 4 / (b - a)
        passed = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2) * (x[1] - x[0])])
        count = min(math.ceil(passed[-1]), MOST_PANELS)
        edges = np.interp(np.linspace(0, passed[-1], count + 1), passed, x)
        parts = [edges]
        for corner, sign, slope in ((a, 1.0, slopes[0]), (b, -1.0, slopes[-1])):
            if corner in self.support:
                width = edges[1] - edges[0] if sign > 0 else edges[-1] - edges[-2]
                decay = width * (tilt + abs(float(slope))) / T
                halvings = math.ceil(math.log2(max(decay / DECAY, 1.0))) if math.isfinite(decay) else MOST_HALVINGS
                parts.append(corner + sign * width * 0.5 ** np.arange(1, min(halvings, MOST_HALVINGS) + 1))
        return np.concatenate(parts)

    def _end(self, T: float, I: float, c: float, sign: float) -> float | None:
        """Where on one side all laws have fallen to e^{−FALL} of their height."""
        edge = self.support[0] if sign < 0 else self.support[-1]
        if math.isfinite(edge):
            return edge
        far = 1.0 if T == 0 else math.sqrt(T)
        while far < FARTHEST:
            x = sign * np.linspace(0, far, SAMPLES)
            with np.errstate(over="ignore", invalid="ignore"):
                gain = I * x + c * x * x / 2 - self.energy(x, T)
            gain = np.where(np.isfinite(gain), gain, -np.inf)
            above = np.nonzero(gain >= gain.max() - FALL * T)[0]
            if above[-1] < 3 * SAMPLES // 4 and gain[-1] < gain[-2]:
                return float(x[above[-1] + 1])
            far *= 1.25
        return None

    @remembered(MOST_REMEMBERED)
    def _spread(self, T: float, c: float) -> float:
        """Largest standard deviation at one self-coupling, nan where there is no law."""
        first, last = self._end(T, -INPUTS, c, -1.0), self._end(T, INPUTS, c, 1.0)
        if first is None or last is None:
            return math.nan
        x = np.linspace(first, last, SAMPLES)
        energy = self.energy(x, T) - c * x * x / 2
        best = convex(x, energy)
        inputs = np.clip(np.diff(energy[best]) / np.diff(x[best]), -INPUTS, INPUTS)
        variance = self.law(np.concatenate([inputs, np.linspace(-INPUTS, INPUTS, 65)]), c, T).variance
        return 1.05 * math.sqrt(float(np.nanmax(variance, initial=0.0)))

    @remembered(MOST_REMEMBERED)
    def _values(self, high: float, c: float, steps: int) -> NDArray:
        """Values that stand for the interval at T = 0."""
        ends = self._end(0.0, -high, c, -1.0), self._end(0.0, high, c, 1.0)
        assert ends[0] is not None
        assert ends[1] is not None
        return np.linspace(ends[0], ends[1], steps + 1)

    def check(self, T: float) -> None:
        """Refuse an energy that is no array, not finite on the interval, or does not confine the unit."""
        low, high = max(self.support[0], -5.0), min(self.support[-1], 5.0)
        check_energy(self, np.linspace(low, high, 12)[1:-1], T)
        if not self._limit(T) > 0:
            raise ValueError(f"{type(self).__name__}: its energy does not grow with |x|: no law exists at T = {T:g}")


def _groups(I: NDArray, c: NDArray, T: NDArray) -> Iterator[tuple[float, float, NDArray]]:
    """Elements with the same temperature and similar self-couplings, rounded up, that are numbers."""
    temperature, coupling = np.real(T), np.real(c)
    good = np.isfinite(np.real(I)) & np.isfinite(coupling) & (temperature > 0)
    if not good.any():
        return
    rounded = np.where(good, _coupling_ladder(np.where(good, coupling, 0.0)), np.nan)
    for value in np.unique(temperature[good]):
        for level in np.unique(rounded[good & (temperature == value)]):
            yield float(value), float(level), good & (temperature == value) & (rounded == level)


def _coupling_ladder(c: NDArray) -> NDArray:
    """The next of … −¼, 0, ¼, ¼·√2, ½, ½·√2, 1, …"""
    steps = np.ceil(2 * np.log2(np.maximum(c, 0.25)) - 1e-9)
    return np.where(c <= 0.25, np.ceil(c * 4) / 4, 2.0 ** (steps / 2))


def _ladder(v: float, sign: int) -> float:
    """The next of 0, ±1, ±√2, ±2 …, downwards or upwards, so that inputs share their nodes."""
    if v * sign <= 0:
        return 0.0
    return float(sign * max(1.0, 2.0 ** (math.ceil(2 * math.log2(abs(v)) - 1e-9) / 2)))
