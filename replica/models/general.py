"""Random RBM with any two unit potentials, at any temperature.

w = ξ/√N, M = αN, ξ = ±1 with probability p/2 each and 0 otherwise, or of any law of mean 0 and variance p; L patterns
are condensed, W is the sum of their entries at a visible unit. With the averages of `replica.potentials.averages` over
the inputs m W + √(αpr) z of a visible unit (self-coupling αB) and √(pq) z of a hidden one (self-coupling C),

    m = ⟨W M_v⟩/aL,   q = ⟨Q_v⟩,   C = p⟨χ_v⟩,   r = Q_h,   B = p χ_h

    f = a L m²/2 + (α/2)[r C + B q + B C T/p] − ⟨K_v⟩ − α K_h
    ∂f/∂(m, q, r, C, B) = −(aL R_m, ½α R_B, ½α R_C, ½α(R_r + T R_B/p), ½α(R_q + T R_C/p))

R = right-hand side − order parameter, and U_h ~ a h²/2 at infinity, on the side of m: a = 1 for Gaussian and ReLU
units; a = ∞ for units that cannot follow an input of order √N, which have m = 0. Replica symmetry is stable while
1 − αp² ⟨V_v⟩ V_h > 0, V = (β var)².

The general form of [J. Tubiana & R. Monasson, PRL 118, 138301 (2017)] and of the slides of G. Manzan (2021), "General
free energy"; self-field and noise as re-derived (docs/derivations.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from replica.averages.pattern_sum import Law, skellam, sparse_sum, stacked_laws
from replica.models.base import Finder, Model, Order, control, exp_clipped
from replica.models.layers.curve_equations import NEAR
from replica.models.layers.glass_curves import glasses
from replica.models.layers.paramagnets import paramagnets
from replica.models.layers.saddle_equations import ORIGIN, HiddenLayer, TwoLayers, VisibleLayer, two_layers
from replica.models.layers.states import with_overlap
from replica.numerics.elementary import COMPLEX_STEP
from replica.numerics.jacobian import derivative
from replica.numerics.number import Number
from replica.potentials import Potential
from replica.weight_laws import WeightLaw
from replica.weight_laws.sums import checked_variance, pair_weighted, sums_of

__all__ = ["GeneralRBM"]

ROUNDINGS = 8
"""Of C, in units of its last place: that of the order parameter, and those of its average."""


@dataclasses.dataclass(frozen=True, eq=False)
class GeneralRBM(Model):
    """Random RBM with potentials of one's choice.

    Parameters
    ----------
    visible, hidden : Potential
        Potentials of the units: those of `replica.potentials`, or one's own.
    alpha : float or array
        Load M/N, > 0.
    T : float or array
        Temperature, ≥ 0.
    p : float or array
        Probability of a non-zero weight, in (0, 1], 1 by default: weights are ±1/√N with probability p/2 each, else 0.
    L : int or array of int
        Number of condensed patterns, 1 to 100.
    weights : WeightLaw, optional
        Law of √N times a weight, in place of p: one of `replica.weight_laws`, or one's own. p is its variance then.
    ell : float or array, optional
        ℓ = L p of the limit p → 0, > 0: in place of p and L. All else is in its tilde quantities then, as in
        `CompositionalRBM`: U/p of units h/√p, T/p, (r, B, f)/p, and m/p, which is half of m̃.

    Notes
    -----
    States with overlap are of the kind "retrieval", numbered by falling |m|; "spin_glass" is m = 0 < q, numbered by
    falling r; the paramagnet m = q = r = 0 exists between units whose mean vanishes without input. Found are all states
    on curves α(m) that end at α → 0, without noise or at C = a with noise, and with m = 0 all that a grid in the noise
    and in the self-field tells apart; of what is not accounted for `unaccounted` tells. Where the potential of hidden
    units is softer at one end than at the other, states whose strong units are negative are others: they have m < 0.

    The measure of continuous units is Lebesgue's; units on an interval enter with a T ln T of their own, so that f
    differs by a constant from that of models without explicit hidden units: f_Hopfield = f + α/2 + (αT/2) ln 2πT.

    Examples
    --------
    >>> import replica
    >>> from replica.potentials import Gaussian, Spin
    >>> model = GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.2)
    >>> [(s.kind, round(s.order.m, 9)) for s in replica.solve_all(model)]
    [('retrieval', 0.998877763), ('spin_glass', 0.0), ('retrieval', 0.710684759)]
    """

    visible: Potential
    hidden: Potential
    alpha: Any = control("α", "load M/N, patterns per visible unit", low=0.0, low_included=False)
    T: Any = control("T", "temperature", low=0.0, breaking=-1)
    p: Any = control("p", "variance of the weights times N", low=0.0, low_included=False, default=None)
    L: Any = control("L", "condensed patterns", low=1.0, high=100.0, whole=True, default=1)
    ell: Any = control("ℓ", "condensed patterns times p, where p → 0", low=0.0, low_included=False, default=None)
    weights: WeightLaw | None = None

    name: ClassVar[str] = "general-rbm"
    title: ClassVar[str] = "R-RBM: units of any potentials, any temperature"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_q", "log_r", "log_B")
    precise: ClassVar[bool] = False
    finest: ClassVar[float] = 1e-8

    def __post_init__(self) -> None:
        for name in ("visible", "hidden"):
            value = getattr(self, name)
            if not isinstance(value, Potential):
                raise ValueError(f"{name} = {value!r}: a Potential is needed, such as replica.potentials.Spin()")
        if self.ell is not None and (self.p not in (None, 1.0) or self.L != 1 or self.weights is not None):
            raise ValueError(f"ell = {self.ell}: it stands for the limit p → 0, L = ell/p; leave p, L and weights out")
        object.__setattr__(self, "p", self._variance())
        super().__post_init__()
        for T in np.unique(self.T):
            self.visible.check(float(T))
            self.hidden.check(float(T))
            self.hidden.sides(float(T))

    def _variance(self) -> Any:
        """Variance of √N times a weight, given as p or by the law of weights, which is checked."""
        p, weights = self.p, self.weights
        if weights is None:
            if p is not None and not isinstance(p, str) and np.any(np.real(np.asarray(p, dtype=float)) > 1):
                raise ValueError(f"p = {p}: a finite number > 0 and <= 1 is needed")
            return 1.0 if p is None else p
        variance = checked_variance(weights)
        if p is not None and np.any(p != np.asarray(variance)):
            raise ValueError(
                f"p = {p}: weights = {weights!r} have a variance of their own, {variance:g}; "
                "leave p out (p=None in dataclasses.replace)"
            )
        return variance

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        if np.iscomplexobj(self.T) or np.iscomplexobj(self.p) or not any(map(np.iscomplexobj, (*order, self.alpha))):
            v, h = self._averages(order)
            return Order(v.m, v.q, h.r, v.C, h.B)
        return self._stepped(order, *self._bare_averages(order))

    def jacobian(self, x: Sequence[Number], n: int = 1) -> list[list[Number]]:
        """Derivatives of the equations by the unknowns, all from one average of each layer."""
        if np.iscomplexobj(self.T) or np.iscomplexobj(self.p) or any(map(np.iscomplexobj, x)):
            return super().jacobian(x, n)
        averages = self._bare_averages(self.unpack(x))
        return derivative(lambda v: self.against(v, self._stepped(self.unpack(v), *averages)), list(x))

    def free_energy(self, order: Order, n: int = 1) -> Any:
        """Free energy per visible unit, on the saddle or off it."""
        m, q, r, C, B = order
        v, h = self._averages(order)
        pair = r * C + B * q + B * C * self.T / self.p
        a = self.layers.stiffness(m)
        condensed = np.where(np.real(m) == 0, 0.0, np.where(np.isinf(a), np.nan, a) * m * m)
        return (self.size * condensed / 2 + self.alpha / 2 * pair - v.work - self.alpha * h.work)[()]

    def gradient(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """∂f/∂(m, C, ln q, ln r, ln B) as the known combination of the residuals."""
        R = Order._make(new - old for new, old in zip(self.saddle(order, n), order, strict=True))
        half, a = self.alpha / 2, self.layers.stiffness(order.m)
        return (
            -np.where(np.isinf(a), 0.0, a) * self.size * R.m,
            -half * (R.r + self.T * R.B / self.p),
            -half * order.q * R.B,
            -half * order.r * R.C,
            -half * order.B * (R.q + self.T * R.C / self.p),
        )

    def entropy(self, order: Order, n: int = 1) -> Any:
        """−∂f/∂T, continuous units with their Lebesgue measure and no momenta; nan at T = 0."""
        with np.errstate(invalid="ignore"):
            return (-self._heat(order) / np.asarray(self.T))[()]

    def energy(self, order: Order, n: int = 1) -> Any:
        """Energy per visible unit on the saddle, U = f + T S."""
        return (self.free_energy(order, n) - self._heat(order))[()]

    def transverse(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """Curvature of f/a along an uncondensed overlap, 1 − C/a, and along the difference of two condensed ones.

        The latter is 1 − ½⟨(ξ1 − ξ2)² χ_v⟩/a = 1 − (p/a)⟨½(1 − p)(χ₊₁ + χ₋₁) + p χ₀⟩, χ_k at L − 2 entries plus k.
        """
        layers = self.layers
        outside = 1 - order.C / layers.softest
        single = (np.asarray(self.L) < 2) & (self.ell is None)
        if n == 0 or single.all():
            return (outside,)
        total: Any = 0.0
        for law, share in self._pairs():
            total = total + share * layers._replace(law=law).visible_layer(*self._noise(order)).C
        return outside, np.where(single, outside, 1 - total / layers.stiffness(order.m))[()]

    def _pairs(self) -> list[tuple[Law, Any]]:
        """Laws of W at which C enters ½⟨(ξ1 − ξ2)² χ_v⟩, and their shares."""
        if self.ell is not None:
            law = skellam(self.ell)
            return [(law._replace(w=law.w + k), 0.5) for k in (1, -1)]
        if self.weights is not None:
            return [(pair_weighted(self.weights, self.L), 1.0)]
        law, p = stacked_laws(lambda L, p: sparse_sum(L - 2, p) if L > 2 else ORIGIN, self.L, self.p), self.p
        return [(law._replace(w=law.w + k), share) for k, share in ((1, (1 - p) / 2), (-1, (1 - p) / 2), (0, p))]

    def replicon(self, order: Order, n: int = 1) -> Any:
        """Replicon eigenvalue 1 − αp² ⟨V_v⟩ V_h; −inf at T = 0 where units jump."""
        v, h = self._averages(order)
        return (1 - self.alpha * self.p * self.p * v.V * h.V)[()]

    def rounding(self, order: Order, n: int = 1) -> Any:
        """What a rounding of C makes of r and B, and these of q and C again: much where 1 − C/a is small."""
        layers, C = self.layers._replace(bare=True), np.asarray(order.C, dtype=float)
        with np.errstate(all="ignore"):
            near = 1 - C / layers.softest < NEAR
            if not near.any():
                return np.zeros(near.shape)[()]
            by_C = np.abs(layers.hidden_layer(order.q, C).slopes[:, 1])
            steps = ROUNDINGS * np.spacing(np.abs(C)) * by_C
            m, s, b = self._noise(order)
            moved = np.stack(np.broadcast_arrays(s * steps[0] / np.maximum(2 * order.r, 1e-300), self.alpha * steps[1]))
            again = (np.abs(layers.visible_layer(m, s, b).slopes[1:, 1:]) * moved).sum(axis=1)
            steps = np.concatenate([steps / np.maximum(1, np.abs([order.r, order.B])), np.nan_to_num(again)])
        return np.where(near, steps.max(axis=0), 0.0)[()]

    def quadrature_error(self, order: Order, n: int = 1) -> Any:
        """Largest change of the right-hand sides, relative for those above 1, and of f, when every rule is refined."""

        def sides(refine: int) -> tuple[Any, ...]:
            v, h = self._averages(order, refine)
            return v.m, v.q, v.C, v.work, h.r, h.B, h.work

        worst: Any = 0.0
        for fine, plain in zip(sides(2), sides(1), strict=True):
            worst = np.maximum(worst, np.abs(fine - plain) / np.maximum(1, np.abs(plain)))
        return worst[()]

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Any]:
        """States with overlap, glasses, and the paramagnet."""
        frozen = [Finder(("spin_glass",), 0, glasses), Finder(("paramagnet",), 0, paramagnets)]
        return [Finder(("retrieval",), 1, with_overlap), *frozen] if n_condensed else frozen

    @property
    def layers(self) -> TwoLayers:
        """The layers at these couplings."""
        law = skellam(self.ell) if self.ell is not None else None
        if law is None:
            law = stacked_laws(sparse_sum, self.L, self.p) if self.weights is None else sums_of(self.weights, self.L)
        return two_layers(self.visible, self.hidden, self.T, self.p, self.size, law)

    @property
    def size(self) -> Any:
        """L, or ℓ where p → 0."""
        return self.L if self.ell is None else self.ell

    def law(self) -> Law:
        """Law of W."""
        return self.layers.law

    @property
    def stiffness(self) -> Number:
        """The a of U_h ~ a h²/2 at infinity, of the controls' shape; of two the smaller."""
        return self.layers.softest

    def unpack(self, x: Any) -> Order:
        """Order parameters at (m, C, ln q, ln r, ln B)."""
        return Order(m=x[0], q=exp_clipped(x[2]), r=exp_clipped(x[3]), C=x[1], B=exp_clipped(x[4]))

    def _noise(self, order: Order) -> tuple[Any, Any, Any]:
        """What a visible unit feels: m, s = √(αpr) and b = αB."""
        return order.m, np.sqrt(self.alpha * self.p * order.r), self.alpha * order.B

    def _averages(self, order: Order, refine: int = 1) -> tuple[VisibleLayer, HiddenLayer]:
        """Averages of both layers, each at what `order` says of the other."""
        layers = self.layers
        visible = layers.visible_layer(*self._noise(order), refine=refine)
        return visible, layers.hidden_layer(order.q, order.C, refine=refine)

    def _bare_averages(self, order: Order) -> tuple[VisibleLayer, HiddenLayer]:
        """Averages at the real part of `order`, with their slopes but without K and V."""
        layers = self.layers._replace(bare=True)
        visible = layers.visible_layer(*map(np.real, self._noise(order)))
        return visible, layers.hidden_layer(np.real(order.q), np.real(order.C))

    def _stepped(self, order: Order, visible: VisibleLayer, hidden: HiddenLayer) -> Order:
        """Right-hand sides at complex steps, by the slopes that come with real averages."""
        m, q, C = visible.stepped(*map(np.imag, self._noise(order)))
        r, B = hidden.stepped(np.imag(order.q), np.imag(order.C))
        return Order(m, q, r, C, B)

    def _heat(self, order: Order) -> Any:
        """T ∂f/∂T, by a step of T relative to T."""
        stepped = self.unchecked(T=np.asarray(self.T) * (1 + 1j * COMPLEX_STEP))
        return np.imag(stepped.free_energy(order)) / COMPLEX_STEP
