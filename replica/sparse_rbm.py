"""Random RBMs with 0/1 visible units, ReLU hidden units and sparse random patterns, at T = 0.

What the R-RBM at any L and p and its compositional limit p → 0 have in common. With W the sum of the condensed
pattern entries at a unit, x_i = p_i/p its class (x_i = 1 in a homogeneous machine), s = √(αpr), y = θ/√(pq) and
u = (g + mW + αB x/2)/(s√x):

    m = ⟨W H0(−u)⟩/L,   q = ⟨x H0(−u)⟩,   C = (p/s) ⟨√x φ(u)⟩,   r = p q H2(y)/(1−C)²,   B = p H0(y)/(1−C)

    f = L m²/2 + (α/2)(rC + Bq) − s ⟨√x H1(−u)⟩ − α p q H2(y)/(2(1−C))
    ∂f/∂(m, r, q, C, B) = (−L R_m, −½α R_C, −½α R_B, −½α R_r, −½α R_q)

In the limit p → 0 with L = ℓ/p, m = p m̃/2, (r, B, g, f) = p (r̃, B̃, g̃, f̃) and θ = θ̃√p, the tilde quantities obey
these equations with p = 1, L = ℓ, m = m̃/2 and the Skellam law: one code serves both.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Homogeneous free energy" and
"Compositional phase". Heterogeneous classes and the gradient re-derived.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from replica.elementary import is_multiprecision, log, log1p, phi, sqrt
from replica.gaussian import H, log_H
from replica.glass import glass_order, glass_states
from replica.level_curves import FAR, Curve, curves, zero_noise_states
from replica.model import ExactState, Finder, Found, Model, Order, exp_clipped
from replica.newton import polish
from replica.pattern_sum import Classes, Law, mixed
from replica.solution import ConvergenceError
from replica.sparse_chart import Couplings, at, newton, order_of

__all__ = ["SparseRBM", "mixed_laws", "stacked_laws"]


@dataclasses.dataclass(frozen=True, eq=False)
class SparseRBM(Model):
    """Equations shared by `ReluRBM` and `CompositionalRBM`."""

    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r", "log_q", "log_B")
    overlap_unit: ClassVar[int] = 1
    """order.m over the m of the equations above: 2 where it is m̃."""

    @property
    def units(self) -> Classes | None:
        """Classes of units of a heterogeneous machine, None for a homogeneous one."""
        return vars(self).get("_units")

    def with_units(self, units: Classes | None) -> Self:
        """Return the same model with other classes of units."""
        return self.unchecked(_units=units)

    @property
    @abstractmethod
    def size(self) -> Any:
        """L, or ℓ in the compositional limit."""

    @property
    def condensed(self) -> Any:
        """Number of condensed patterns to report: L, or 1 for any number in the compositional limit."""
        return 1

    @property
    @abstractmethod
    def sparsity(self) -> Any:
        """p, or 1 in the compositional limit."""

    @abstractmethod
    def law(self) -> Law:
        """Law of W, weights of the controls' shape + (J,)."""

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        p, y = self.sparsity, self._threshold(order.q)
        m, q, C = self.visible_averages(order)
        gain = 1 / (1 - order.C)
        return Order(m=m, q=q, r=p * order.q * H(2, y) * gain * gain, C=C, B=p * H(0, y) * gain)

    def equations(self, x: Any, n: int = 1) -> list[Any]:
        """Residuals in (m, C, ln r, ln q, ln B); H2 and H0 enter by their logarithms and do not underflow."""
        order = self.unpack(x)
        p, y = self.sparsity, self._threshold(order.q)
        m, q, C = self.visible_averages(order)
        margin = log(1 - order.C)
        return [
            m - x[0],
            C - x[1],
            log(p) + x[3] + log_H(2, y) - 2 * margin - x[2],
            log(q) - x[3],
            log(p) + log_H(0, y) - margin - x[4],
        ]

    def visible_averages(self, order: Order) -> tuple[Any, Any, Any]:
        """Right-hand sides of m, q and C: averages over W of the visible unit in its Gaussian field."""
        law = self.law()
        s, u = self._fields(order, law)
        on, density = H(0, -u), phi(u)
        m = unit_mean(law.weight * law.w, on) / self.size * self.overlap_unit
        q = unit_mean(law.weight * law.x, on)
        C = self.sparsity / s * unit_mean(law.weight * sqrt(law.x), density)
        return m, q, C

    def free_energy(self, order: Order, n: int = 1) -> Any:
        """Free energy (energy, T = 0) per visible unit, on the saddle or off it; f̃ in the compositional limit."""
        law = self.law()
        s, u = self._fields(order, law)
        m, q, r, C, B = order
        overlap = m / self.overlap_unit
        visible = s * unit_mean(law.weight * sqrt(law.x), H(1, -u))
        hidden = self.alpha * self.sparsity * q * H(2, self._threshold(q)) / (2 * (1 - C))
        return self.size * overlap * overlap / 2 + self.alpha / 2 * (r * C + B * q) - visible - hidden

    def free_energy_on_shell(self, order: Order) -> Any:
        """−L m²/2 − αr/2 − g⟨v⟩: equal to the free energy on the saddle, and only there."""
        law = self.law()
        _, u = self._fields(order, law)
        overlap = order.m / self.overlap_unit
        activity = unit_mean(law.weight, H(0, -u))
        return -self.size * overlap * overlap / 2 - self.alpha * order.r / 2 - self.g * activity

    def gradient(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """∂f/∂(m, C, ln r, ln q, ln B) = −(L R_m, ½α R_r, ½α r R_C, ½α q R_B, ½α B R_q); −¼ℓ R_m̃ for m̃."""
        rhs = self.saddle(order, n)
        half = self.alpha / 2
        return (
            self.size / self.overlap_unit**2 * (order.m - rhs.m),
            half * (order.r - rhs.r),
            half * order.r * (order.C - rhs.C),
            half * order.q * (order.B - rhs.B),
            half * order.B * (order.q - rhs.q),
        )

    def entropy(self, order: Order, n: int = 1) -> Any:
        """Entropy of the visible units at T = 0, −(α/2)[H0(y) ln(1−C) + B C/p] ≤ 0: an artefact of the symmetry.

        It is that of P(v) ∝ exp(−β min_h E(v, h)), the hidden units following without entropy of their own.
        """
        active = H(0, self._threshold(order.q))
        return -self.alpha / 2 * (active * log1p(-order.C) + order.B * order.C / self.sparsity)

    @abstractmethod
    def pair_law(self) -> tuple[Law | None, list[tuple[int, Any]]]:
        """Law of W without two condensed patterns, and pairs (their sum, coefficient) for `transverse`."""

    def transverse(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """Curvature of f along an uncondensed overlap, 1 − C, and along the difference of two condensed ones.

        The latter is 1 − ½⟨(ξ1 − ξ2)² φ(u)/(s√x)⟩. With W = W″ + ξ1 + ξ2 it is
        1 − (p/s)⟨√x [½(1 − px)(φ(u₊₁) + φ(u₋₁)) + p x φ(u₀)]⟩ over W″, u_k at W″ + k.
        """
        outside = 1 - order.C
        law, terms = self.pair_law()
        if n == 0 or law is None:
            return (outside,)
        total: Any = 0.0
        for shift, coefficient in terms:
            s, u = self._fields(order, law, shift)
            total = total + unit_mean(law.weight * sqrt(law.x) * coefficient, phi(u))
        return outside, 1 - self.sparsity / s * total

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Any]:
        """Level curves of the chart for m > 0; the glass; and the quiescent state v = 0.

        The chart is explicit for homogeneous machines only. States of a heterogeneous one are those that descend
        from a homogeneous one as the spread of the p_i grows.
        """
        if self.units is not None:
            overlap = Finder(("retrieval", "spurious"), 1, partial(_descended, find=_states_with_overlap, n=1))
            glass = Finder(("spin_glass",), 0, partial(_descended, find=_glass, n=0))
            return [overlap, glass, ExactState("paramagnet", 0, _quiescent)]
        overlap = Finder(("retrieval", "spurious"), 1, _states_with_overlap, _first_fold)
        glass = Finder(("spin_glass",), 0, _glass)
        return [overlap, glass, ExactState("paramagnet", 0, _quiescent)]

    def couplings(self) -> Couplings:
        """Law of W, L, p and θ for the chart."""
        return Couplings(self.law(), self.size, self.sparsity, self.theta)

    def replicon(self, order: Order, n: int = 1) -> Any:
        """−inf: at T = 0 discrete visible units always break replica symmetry formally."""
        return np.full(np.shape(order.C), -np.inf)[()]

    def unpack(self, x: Any) -> Order:
        """Order parameters at (m, C, ln r, ln q, ln B)."""
        m, C, log_r, log_q, log_B = x
        return Order(m=m, q=exp_clipped(log_q), r=exp_clipped(log_r), C=C, B=exp_clipped(log_B))

    def _fields(self, order: Order, law: Law, shift: int = 0) -> tuple[Any, Any]:
        """Return s and u = (g + m(W + shift) + αB x/2)/(s√x), u with a further axis J."""
        s = sqrt(self.alpha * self.sparsity * order.r)
        if not is_multiprecision(s):
            s = np.where(np.real(s) > 0, s, 1e-150)[()]
        overlap = order.m / self.overlap_unit
        mean = _column(self.g) + _column(overlap) * (law.w + shift) + _column(self.alpha * order.B / 2) * law.x
        return s, mean / (_column(s) * sqrt(law.x))

    def _threshold(self, q: Any) -> Any:
        """Y = θ/√(pq)."""
        return self.theta / sqrt(self.sparsity * q)


def _column(value: Any) -> Any:
    """Add the axis of W to an array; numbers stay numbers."""
    return value[..., None] if isinstance(value, np.ndarray) and value.ndim else value


def unit_mean(weight: Any, values: Any) -> Any:
    """Σ over the last axis (a loop over mpmath numbers, a contraction in double precision)."""
    if is_multiprecision(values):
        return sum((a * b for a, b in zip(weight, values, strict=True)), 0)
    return np.einsum("...j,...j->...", weight, values)[()]


def mixed_laws(law: Callable[[Any], Law], units: Classes | None) -> Law:
    """Law of W over classes of units, law(x) being that of one class; a single class if `units` is None."""
    if units is None:
        return law(1.0)
    return mixed([(f, x, law(x)) for x, f in zip(units.x, units.fraction, strict=True)])


def stacked_laws(law: Callable[[int, Any], Law], L: Any, p: Any) -> Law:
    """Laws of arrays of L and p on common values: weights of their shape + (J,), a single list if all are equal.

    Parameters
    ----------
    law : callable
        law(L, p) for numbers.
    L : int or array
        Numbers of entries.
    p : float, array or mpmath number
        Probabilities.

    Returns
    -------
    Law
        Values −J … J and weights, zero where a law does not reach.
    """
    if not np.ndim(L) and not np.ndim(p):
        return law(int(L), p)
    L, p = np.broadcast_arrays(np.asarray(L, dtype=float), np.asarray(p, dtype=float))
    pairs, index = np.unique(np.stack([L.ravel(), p.ravel()]), axis=1, return_inverse=True)
    laws = [law(int(a), float(b)) for a, b in pairs.T]
    if len(laws) == 1:
        return laws[0]
    half = max(len(one.w) for one in laws) // 2
    weight = np.stack([np.pad(one.weight, half - len(one.w) // 2) for one in laws])
    return Law(np.arange(-half, half + 1.0), np.ones(2 * half + 1), weight[index.reshape(L.shape)])


# The solver's view: all states of a flat model.


def _states_with_overlap(flat: SparseRBM) -> Found:
    """States with m > 0: crossings of the loads on the level curves of each set of couplings."""
    columns = {k: np.asarray(v, dtype=float) for k, v in flat.controls.items()}
    couplings, group = np.unique(
        np.stack([v for k, v in columns.items() if k != flat.load]), axis=1, return_inverse=True
    )
    found: list[tuple[int, int, int, float, float]] = []
    log_alpha = np.log(columns[flat.load])
    for row in range(couplings.shape[1]):
        points = np.nonzero(group.reshape(-1) == row)[0]
        one = _at_index(flat, int(points[0]))
        limits = zero_noise_states(one.couplings(), float(one.g))
        traced = curves(one.couplings(), float(one.g), float(log_alpha[points].min()))
        for point in points:
            for curve in traced:
                cell, t = curve.crossings(float(log_alpha[point]))
                v, kappa = curve.place(t)
                labels = [_label(curve, c) for c in cell]
                found += [(int(point), *label, a, b) for label, a, b in zip(labels, v, kappa, strict=True)]
            for state in limits:
                v_limit = 0.5 * (state.top - float(log_alpha[point]))
                if v_limit > FAR:
                    found.append((int(point), state.k, 0, v_limit, float(one.g) / state.m))
    return _assembled(flat, found, log_alpha)


def _at_index(flat: SparseRBM, index: int) -> SparseRBM:
    return flat.unchecked(**{k: float(np.asarray(v)[index]) for k, v in flat.controls.items()})


def _label(curve: Curve, cell: int) -> tuple[int, int]:
    """Zero-noise state k (−1: none) from which a cell of a curve descends, by the fewer folds, and their number."""
    ends = [(int(curve.sheets(end)[cell]), k) for end, k in zip((0, -1), curve.k, strict=True) if k is not None]
    if not ends:
        return -1, int(curve.sheets(0)[cell])
    sheet, k = min(ends)
    return k, sheet


def _assembled(flat: SparseRBM, found: list[tuple[int, int, int, float, float]], log_alpha: NDArray) -> Found:
    """Refine the crossings on the chart, drop what is met twice, and read off the order parameters.

    Dropped too are crossings on which Newton's method does not settle: those at the edge 1 − C = 1e-9 of the chart.
    """
    point, k, sheet = (np.array([f[i] for f in found], dtype=int) for i in range(3))
    v, kappa = (np.array([f[i] for f in found], dtype=float) for i in (3, 4))
    if not len(point):
        return Found(point, point.astype(str), point, k, sheet, Order(*(np.zeros(0) for _ in Order._fields)))
    couplings = _at_points(flat, point).couplings()
    finer_v, finer_kappa, good = newton(couplings, _at_points(flat, point).g, log_alpha[point], v, kappa)
    near = good & (np.hypot(finer_v - v, finer_kappa - kappa) < 0.05)
    v, kappa = np.where(near, finer_v, v), np.where(near, finer_kappa, kappa)
    places = at(couplings, v, kappa)
    keep = _first_met(point, v, kappa, sheet, near)
    order = order_of(couplings, places, flat.overlap_unit)
    kind = np.where(k == 1, "retrieval", "spurious")
    n = np.broadcast_to(_at_points(flat, point).condensed, point.shape).astype(int)
    members = Order(*(np.array(member)[keep] for member in order))
    return Found(point[keep], kind[keep], n[keep], k[keep], sheet[keep], members)


def _at_points(flat: SparseRBM, point: NDArray) -> SparseRBM:
    return flat.unchecked(**{name: np.asarray(value)[point] for name, value in flat.controls.items()})


def _first_met(point: NDArray, v: NDArray, kappa: NDArray, sheet: NDArray, among: NDArray) -> NDArray:
    """Whether no entry of a lower sheet lies at the same place."""
    rank = np.lexsort((sheet, np.round(kappa, 7), np.round(v, 7), point))
    rank = rank[among[rank]]
    first = np.ones(len(rank), dtype=bool)
    same = (np.diff(point[rank]) == 0) & (np.abs(np.diff(v[rank])) < 1e-6) & (np.abs(np.diff(kappa[rank])) < 1e-6)
    first[1:] = ~same
    kept = np.zeros(len(point), dtype=bool)
    kept[rank[first]] = True
    return kept


def _first_fold(model: SparseRBM) -> tuple[Order, float]:
    """First fold of the curve that starts at the zero-noise state k = 1."""
    couplings = model.couplings()
    for curve in curves(couplings, float(model.g), -20.0):
        for end, k in zip((0, -1), curve.k, strict=True):
            if k == 1 and curve.folds.any():
                vertices = np.nonzero(curve.folds)[0]
                index = vertices[0] if end == 0 else vertices[-1]
                place = curve.vertices[index]
                order = order_of(couplings, at(couplings, *place), model.overlap_unit)
                return Order(*(np.float64(v) for v in order)), float(curve.log_alpha[index])
    raise ConvergenceError(
        f"no retrieval state (k = 1) at g = {model.g}: zero noise needs −m ≤ g < 0 or so; or its branch has no fold"
    )


def _glass(flat: SparseRBM) -> Found:
    p, theta, g, alpha = np.broadcast_arrays(flat.sparsity, flat.theta, flat.g, flat.alpha)
    p, theta, g, alpha = (np.asarray(v, dtype=float) for v in (p, theta, g, alpha))
    point, b = glass_states(p, theta, g, alpha)
    order = glass_order(p[point], theta[point], alpha[point], b)
    energy = _at_points(flat, point).free_energy(order) if len(point) else np.zeros(0)
    rank = np.lexsort((energy, point))
    point, order = point[rank], Order(*(member[rank] for member in order))
    zeros = np.zeros(len(point), dtype=int)
    # sheets are numbered from the lowest state of each point
    start = np.searchsorted(point, point)
    return Found(point, np.full(len(point), "spin_glass"), zeros, zeros - 1, np.arange(len(point)) - start, order)


def _descended(flat: SparseRBM, find: Callable[[SparseRBM], Found], n: int) -> Found:
    """States reached from those of the homogeneous machine by Newton's method as the spread of p_i grows."""
    found, units = find(flat.with_units(None)), flat.units
    if units is None or not len(found.point):
        return found
    here, order = _at_points(flat, found.point), found.order
    alive = np.ones(len(found.point), dtype=bool)
    for spread in np.linspace(0, 1, SPREAD_STEPS + 1)[1:]:
        now = here.with_units(units.shrunk(spread))
        finer = polish(now, order, n)
        if n == 0:
            finer = finer._replace(m=np.zeros(len(alive)))
        with np.errstate(invalid="ignore"):
            moved = np.abs(np.log(finer.q / order.q))
        alive &= (now.residual(finer, n) < 1e-9) & (moved < 0.5)
        order = finer
    return Found(*(v[alive] for v in found[:-1]), Order(*(member[alive] for member in order)))


SPREAD_STEPS = 32


def _quiescent(flat: SparseRBM) -> tuple[NDArray, Order]:
    """V = 0: no unit is on and no hidden unit reaches its threshold; exists for g < 0 < θ."""
    exists = np.broadcast_to((np.asarray(flat.g) < 0) & (np.asarray(flat.theta) > 0), flat.shape)
    zero = np.zeros(flat.shape)
    return exists, Order(zero, zero, zero, zero, zero)
