"""Compositional limit of the R-RBM: p → 0 with ℓ = L p, θ̃ = θ/√p, g̃ = g/p fixed, T = 0.

All quantities are the tilde ones: m = p m̃/2, (r, B, f) = p (r̃, B̃, f̃); q and C stay of order one. W follows the
Skellam law e^{−ℓ} I_|w|(ℓ); s = √(αr̃), u = (g̃ + m̃W/2 + αB̃/2)/s, y = θ̃/√q:

    m̃ = (2/ℓ)⟨W H0(−u)⟩,   q = ⟨H0(−u)⟩,   C = ⟨φ(u)⟩/s,   r̃ = q H2(y)/(1−C)²,   B̃ = H0(y)/(1−C)
    f̃ = ℓ m̃²/8 + (α/2)(r̃C + B̃q) − s⟨H1(−u)⟩ − α q H2(y)/(2(1−C));   on the saddle −ℓ m̃²/8 − αr̃/2 − g̃ q

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from replica.averages.pattern_sum import Law, mixed_laws, skellam
from replica.averages.unit_classes import Classes, classes
from replica.models.base import Chart, ExactState, Finder, Order, control
from replica.models.sparse.equations import SparseRBM, unit_mean
from replica.models.sparse.states import branches
from replica.models.sparse.varied import varied_branches
from replica.numerics.elementary import sqrt
from replica.numerics.gaussian import H
from replica.numerics.number import Number

__all__ = ["CompositionalRBM"]


@dataclasses.dataclass(frozen=True, eq=False)
class CompositionalRBM(SparseRBM):
    """R-RBM in the limit p → 0 at ℓ = L p, in the tilde quantities throughout.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    theta : float, array or mpmath number
        θ̃ = θ/√p.
    g : float, array or mpmath number
        g̃ = g/p.
    ell : float, array or mpmath number
        ℓ = L p, > 0 and ≤ 5000. It may be left out only for `ell_star`.
    x_i : array_like or frozen scipy.stats distribution, optional
        p_i/p of single visible units, or their distribution, of mean 1. W then follows the Skellam law of ℓ x_i. A
        distribution is replaced by up to 192 classes; `quadrature_error` of a solution says what that does to it.
    g_i : array_like, optional
        Fields g̃_i of single visible units beside g, of mean 0; with `x_i` a list of the same units.
    theta_mu : array_like, optional
        Thresholds θ̃_μ of single hidden units beside θ, of mean 0. Machines with either have no chart: their curves are
        traced from all known ends (docs/completeness.md).
    """

    alpha: Number = control("α", "load M/N, patterns per visible unit", low=0.0, low_included=False)
    theta: Number = control("θ̃", "threshold of the ReLU hidden units over sqrt(p)", loss=-1)
    g: Number = control("g̃", "field on the visible units over p", loss=-1)
    ell: Number = control(
        "ℓ", "strongly activated hidden units times p", low=0.0, low_included=False, high=5000.0, default=None
    )

    x_i: Any = None
    g_i: Any = None
    theta_mu: Any = None

    name: ClassVar[str] = "compositional"
    title: ClassVar[str] = "Compositional limit of the R-RBM: p -> 0 at fixed L p, in rescaled (tilde) quantities"
    overlap_unit: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set_classes(self.x_i, 1.0, "x_i")

    @property
    def size(self) -> Number:
        """ℓ = L p."""
        if self.ell is None:
            raise ValueError("ell = None: a finite number > 0 is needed (it may be left out only for ell_star)")
        return self.ell

    @property
    def sparsity(self) -> Number:
        """1: p is scaled away."""
        return 1

    def finer_units(self) -> Classes | None:
        """Twice as many classes of a distribution of the x_i, None for a list."""
        return classes(self.x_i, 1.0, "x_i", refine=2) if hasattr(self.x_i, "ppf") else None

    def law(self) -> Law:
        """Skellam law of W."""
        return mixed_laws(lambda x: skellam(self.size * x if x != 1.0 else self.size), self.units)

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> Sequence[Chart | Finder | ExactState]:
        """States with overlap, glasses, and the quiescent state."""
        return varied_branches(self, n_condensed) if self.varied else branches(self, n_condensed)

    def pair_law(self) -> tuple[Law | None, list[tuple[int, Number]]]:
        """Skellam law of W itself: two patterns of p → 0 are absent at almost every unit."""
        return self.law(), [(1, 0.5), (-1, 0.5)]

    def slope(self, order: Order) -> Number:
        """df̃/dℓ on the saddle, m̃²/8 − (s/2)⟨x√x [H1(−u₊) + H1(−u₋) − 2 H1(−u)]⟩, u± at W ± 1.

        A Skellam average obeys d⟨F(W)⟩/dℓ = (x/2)⟨F(W+1) + F(W−1) − 2F(W)⟩, and f̃ is stationary in the rest.
        """
        law = self.law()
        bend: Number = 0.0
        for shift, sign in ((1, 1), (-1, 1), (0, -2)):
            s, u = self._fields(order, law, shift)
            bend = bend + sign * unit_mean(law.weight * law.x * sqrt(law.x), H(1, -u))
        return order.m * order.m / 8 - s / 2 * bend

    def free_energy_printed(self, order: Order) -> Number:
        """Form printed in the slides, −ℓm̃²/8 − (α/2)(r̃C + B̃q) − g̃q + α√q θ̃ H1(y)/(2(1−C)), on the saddle only."""
        m, q, r, C, B = order
        if self.varied:
            raise ValueError("g_i, theta_mu: the printed form is for units of one field and one threshold")
        y = self._threshold(q)
        hidden = self.alpha * q * y * H(1, y) / (2 * (1 - C))
        return -self.ell * m * m / 8 - self.alpha / 2 * (r * C + B * q) - self.g * q + hidden
