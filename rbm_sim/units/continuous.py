"""Units on an interval, with any energy.

>>> import numpy as np, rbm_sim
>>> class Quartic(rbm_sim.Continuous):
...     def energy(self, x, T):
...         return x**2 / 2 + x**4 / 10
>>> Quartic().mean(np.array([0.5, 1.0]), T=0.5).round(10).tolist()
[0.3543459734, 0.6697527572]

Draws are exact, by rejection. A table holds, for inputs I_j, proposals G_j(x) that are constant in each cell and
nowhere below exp{(I_j x − U(x))/T}. For an input I = (1 − λ) I_j + λ I_{j+1} the inequality of the means gives

    exp{(I x − U(x))/T} ≤ G_j^{1−λ} G_{j+1}^λ ≤ Z_j^{1−λ} Z_{j+1}^λ {(1 − λ) G_j/Z_j + λ G_{j+1}/Z_{j+1}},  Z = ∫dx G

so that x from the mixture on the right, accepted with the probability left/right, has the law that is wanted. The I_j
are so close that nine proposals in ten are accepted. "Nowhere below" is read off eleven points of each cell, with
twice the margin that their second differences call for.
"""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

import math
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rbm_sim._support import random
from rbm_sim.units.from_energy import CHUNK, OwnUnit
from replica._remembered import remembered

NODES = 12
"""Gauss–Legendre nodes of a panel."""
MOST_PANELS = 1 << 12
ACCURACY = 1e-11
"""Change of ln Z and of mean and variance, relative to the width, at which panels are halved no more."""
ROUNDING = 1e-13
"""What rounding may add to that, over the size of ln Z or of the mean."""
FALL = 45.0
"""−ln of the weight at which a law is cut."""
FARTHEST = 1e7
CELLS = 64
"""Cells of the table in a panel."""
GAP = 0.03
"""−ln of the part of the proposals that is accepted halfway between two inputs of the table; at most twice that."""
TRIALS = 33
"""Inputs at which widths are looked at."""
GRID = 2049
"""Points of an interval that the mode is looked for on."""
THIRDS = 80
"""Steps that take the mode to rounding, each to two thirds of an interval."""
MOST_REMEMBERED = 100
"""Tables and panels that a unit keeps: each may take megabytes."""


class Continuous(OwnUnit):
    """Units on an interval: the method `energy(x, T)` is U, must accept arrays, and outgrows any I x.

    Attributes
    ----------
    support : tuple of float
        Ends of the interval and, between them, points where U has a kink.
    """

    support: ClassVar[tuple[float, ...]] = (-math.inf, math.inf)

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a support that is no increasing list."""
        super().__init_subclass__(**options)
        if len(cls.support) < 2 or not all(a < b for a, b in pairwise(cls.support)):
            raise ValueError(f"{cls.__name__}.support = {cls.support!r}: must be two or more increasing numbers")

    def nodes(self, T: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights of Gauss–Legendre panels.

        Parameters
        ----------
        T : float
            Temperature, > 0.
        reach : float
            Largest |I|.

        Returns
        -------
        x, weight : ndarray, shape (nodes,)
            Nodes and weights, good for all |I| ≤ `reach`.

        Raises
        ------
        ValueError
            If sums over the law do not converge.
        """
        return _panel_nodes(self._edges(float(T), _rounded(reach)))

    @property
    def domain(self) -> str:
        return f"[{self.support[0]:g}, {self.support[-1]:g}]"

    def contains(self, x: np.ndarray) -> bool:
        x = np.asarray(x)
        low, high = np.array([self.support[0], self.support[-1]], dtype=x.dtype)
        return bool(((x >= low) & (x <= high)).all())

    def mode(self, I: np.ndarray) -> np.ndarray:
        flat = np.asarray(I, dtype=np.float64).reshape(-1)
        corners = self._corners(0.0, _rounded(float(np.abs(flat).max(initial=0.0))))
        grid = np.unique(np.concatenate([np.linspace(a, b, GRID) for a, b in pairwise(corners)]))
        rows = max(1, CHUNK // len(grid))
        parts = [self._best(flat[k : k + rows], grid) for k in range(0, len(flat), rows)]
        x = np.concatenate([*parts, np.empty(0)])
        return x.reshape(np.shape(I)).astype(np.result_type(I), copy=False)

    def curvature(self, I: np.ndarray) -> np.ndarray:
        I = np.asarray(I)
        step = 1e-3 * np.maximum(1, np.abs(I))
        return ((self.mode(I + step) - self.mode(I - step)) / (2 * step)).astype(I.dtype, copy=False)

    def ground(self, I: np.ndarray) -> np.ndarray:
        x = self.mode(np.asarray(I, dtype=np.float64))
        return (I * x - self._energies(x, 0.0)).astype(np.result_type(I), copy=False)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        x, I = np.broadcast_arrays(x, I)
        flat, upper = (np.asarray(a, dtype=np.float64).reshape(-1) for a in (I, x))
        edges = self._edges(float(T), _rounded(float(np.abs(flat).max(initial=0.0))))
        P = [self._below(top, tilt, T, edges) for top, tilt in zip(upper, flat, strict=True)]
        return np.array(P).reshape(I.shape).astype(I.dtype, copy=False)

    def _below(self, top: float, I: float, T: float, edges: np.ndarray) -> float:
        """P(x ≤ top | I): panels are cut at the top, which keeps kinks at their edges."""
        parts = [_panel_nodes(edges), _panel_nodes(np.minimum(edges, top))]
        exponents = [(I * x - self._energies(x, T)) / T for x, _ in parts]
        Z, below = (weight @ np.exp(e - exponents[0].max()) for (_, weight), e in zip(parts, exponents, strict=True))
        return float(below / Z)

    def _best(self, I: np.ndarray, grid: np.ndarray) -> np.ndarray:
        """Values that maximise I x − U at T = 0: on a grid, then between its points, thirds at a time."""
        gain = I[:, None] * grid - self._energies(grid, 0.0)
        best = len(grid) - 1 - gain[:, ::-1].argmax(axis=1)
        low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
        for _ in range(THIRDS):
            a, b = low + (high - low) / 3, high - (high - low) / 3
            left = I * a - self._energies(a, 0.0) > I * b - self._energies(b, 0.0)
            low, high = np.where(left, low, a), np.where(left, b, high)
        x = (low + high) / 2
        # ends and kinks are points of the grid, and exact
        return np.where(I * x - self._energies(x, 0.0) > gain.max(axis=1), x, grid[best])

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        result = np.full(y.shape, np.nan, dtype=y.dtype)
        temperatures = np.broadcast_to(T, y.shape)
        for value in np.unique(T):
            own = np.isfinite(y) & (temperatures == value)
            if own.any():
                result[own] = self._sampled(y[own].astype(np.float64), rng, float(value))
        return result

    def _sampled(self, I: np.ndarray, rng: np.random.Generator, T: float) -> np.ndarray:
        """Draw at one temperature, by rejection."""
        table = self._table(T, _rounded(float(np.abs(I).max())))
        x = np.empty(len(I))
        pending = np.arange(len(I))
        while pending.size:
            x[pending], accepted = self._propose(table, I[pending], rng, T)
            pending = pending[~accepted]
        return x

    def _propose(
        self, table: "_Table", I: np.ndarray, rng: np.random.Generator, T: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw one proposal for every input, and whether it is accepted."""
        j = np.clip(np.searchsorted(table.inputs, I) - 1, 0, len(table.inputs) - 2)
        share = (I - table.inputs[j]) / (table.inputs[j + 1] - table.inputs[j])
        u = random.uniform(rng, (4, len(I)), np.float64)
        cells = len(table.edges) - 1
        row = j + (u[0] <= share)
        k = np.clip(np.searchsorted(table.cumulative, row + u[1]) - row * cells, 0, cells - 1)
        x = table.edges[k] + u[2] * (table.edges[k + 1] - table.edges[k])
        log_Z = (1 - share) * table.log_Z[j] + share * table.log_Z[j + 1]
        bound = (1 - share) * np.exp(table.log_density[j, k]) + share * np.exp(table.log_density[j + 1, k])
        return x, u[3] * bound <= np.exp((I * x - self._energies(x, T)) / T - log_Z)

    @remembered(MOST_REMEMBERED)
    def _table(self, T: float, reach: float) -> "_Table":
        """Proposals for all |I| ≤ reach."""
        panels = self._edges(T, reach)
        edges = np.append((panels[:-1, None] + np.diff(panels)[:, None] * np.arange(CELLS) / CELLS).ravel(), panels[-1])
        inputs = self._inputs(T, reach)
        x = edges[:-1, None] + np.diff(edges)[:, None] * np.linspace(0, 1, 11)
        base = -self._energies(x, T) / T
        with np.errstate(invalid="ignore"):
            bend = np.abs(np.diff(base, 2, axis=1))
        margin = np.where(np.isfinite(bend), bend, 0.0).max(axis=1) / 4
        top = np.stack([(I / T * x + base).max(axis=1) for I in inputs]) + margin
        mass = top + np.log(np.diff(edges))
        log_Z = np.logaddexp.reduce(mass, axis=1)
        cumulative = np.cumsum(np.exp(mass - log_Z[:, None]), axis=1)
        cumulative /= cumulative[:, -1:]
        rows = np.arange(len(inputs))[:, None]
        return _Table(edges, inputs, top - log_Z[:, None], log_Z, (cumulative + rows).ravel())

    def _inputs(self, T: float, reach: float) -> np.ndarray:
        """Inputs between which K(I) is straight up to `GAP`."""
        inputs = np.linspace(-reach, reach, 17)
        while True:
            middle = (inputs[1:] + inputs[:-1]) / 2
            K = self.log_partition(inputs, T)
            bent = (K[1:] + K[:-1]) / 2 - self.log_partition(middle, T) > GAP
            if not bent.any():
                return inputs
            inputs = np.sort(np.concatenate([inputs, middle[bent]]))

    @remembered(MOST_REMEMBERED)
    def _edges(self, T: float, reach: float) -> np.ndarray:
        """Edges of panels, halved until sums over the laws of all inputs change no more."""
        corners = self._corners(T, reach)
        count, old = 4, np.full((3, TRIALS), np.nan)
        while count <= MOST_PANELS:
            edges = self._graded(corners, count, T / reach)
            new = self._trial_sums(T, reach, edges)
            with np.errstate(invalid="ignore"):
                converged = np.abs(new - old).max() < ACCURACY + ROUNDING * np.abs(new[:2]).max()
            if converged and np.isfinite(new).all():
                return edges
            count, old = 2 * count, new
        raise ValueError(
            f"{type(self).__name__}: sums over its law at T = {T:g} do not converge for all |I| ≤ {reach:g}; points "
            "where its energy has a kink have to be listed in support"
        )

    def _graded(self, corners: np.ndarray, count: int, decay: float) -> np.ndarray:
        """Panels of equal width, those at ends and kinks halved until no law falls by more than e^{−FALL} over one."""
        edges = []
        for a, b in pairwise(corners):
            width = (b - a) / count
            edges.append(np.linspace(a, b, count + 1))
            halved = width * 0.5 ** np.arange(1, 1 + max(0, math.ceil(math.log2(width / (FALL * decay)))))
            edges += [corner + sign * halved for corner, sign in ((a, 1), (b, -1)) if corner in self.support]
        return np.unique(np.concatenate(edges))

    def _trial_sums(self, T: float, reach: float, edges: np.ndarray) -> np.ndarray:
        """ln Z, mean over width and ln of the variance at some inputs up to reach."""
        x, weight = _panel_nodes(edges)
        exponent = np.linspace(-reach, reach, TRIALS)[:, None] * (x / T) - self._energies(x, T) / T
        top = exponent.max(axis=1, keepdims=True)
        P = np.exp(exponent - top) * weight
        Z = P.sum(axis=1)
        mean = (P @ x) / Z
        variance = (P * (x - mean[:, None]) ** 2).sum(axis=1) / Z
        with np.errstate(divide="ignore"):  # panels so wide that one node has it all
            return np.stack([top[:, 0] + np.log(Z), mean / np.sqrt(variance), np.log(variance)])

    def _corners(self, T: float, reach: float) -> np.ndarray:
        """Ends of the interval, or where all laws have fallen to e^{−FALL}, and kinks between them."""
        low, high = -self._end(T, reach, -1.0), self._end(T, reach, 1.0)
        return np.array([low, *(v for v in self.support if low < v < high), high])

    def _end(self, T: float, reach: float, sign: float) -> float:
        """Distance from 0, on one side, of where the law of the input sign × reach ends."""
        edge = sign * self.support[0 if sign < 0 else -1]
        if math.isfinite(edge):
            return edge
        start = max(self.support[0], -1.0) if sign > 0 else max(-self.support[-1], -1.0)
        far = max(math.sqrt(T), 1e-3)
        while far < FARTHEST:
            t = np.linspace(start, start + far, 1025)
            with np.errstate(over="ignore"):
                gain = reach * t - self._energies(sign * t, T)
            inside = np.flatnonzero(gain >= gain.max() - FALL * T - 1e-12)
            if inside[-1] < 768:
                return float(t[inside[-1] + 1])
            far *= 1.25
        raise ValueError(f"{type(self).__name__}: its energy does not outgrow I x at I = {sign * reach:g}")


class _Table(NamedTuple):
    """Proposals: constant in the cells between `edges`, one row for each input."""

    edges: np.ndarray
    inputs: np.ndarray
    log_density: np.ndarray
    log_Z: np.ndarray
    cumulative: np.ndarray


def _rounded(reach: float) -> float:
    """The next of 1, √2, 2, …, so that inputs share their tables."""
    return 2.0 ** (math.ceil(2 * math.log2(max(reach, 1.0)) - 1e-9) / 2)


def _panel_nodes(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()
