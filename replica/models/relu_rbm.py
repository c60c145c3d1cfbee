"""Random RBM with ReLU hidden units: L of M = αN sparse random patterns strongly activated, T = 0.

E(v, h) = −Σ w_iμ v_i h_μ − g Σ v_i + Σ_μ (h_μ²/2 + θ h_μ), v ∈ {0, 1}, h ≥ 0, w = ξ/√N, ξ = ±1 with probability p/2
each and 0 otherwise. A state has L hidden units of activation m√N. With W the sum of their L entries at a unit,
s = √(αpr), y = θ/√(pq) and u = (g + mW + αB/2)/s:

    m = ⟨W H0(−u)⟩/L,   q = ⟨H0(−u)⟩,   C = (p/s)⟨φ(u)⟩,   r = p q H2(y)/(1−C)²,   B = p H0(y)/(1−C)
    f = L m²/2 + (α/2)(rC + Bq) − s⟨H1(−u)⟩ − α p q H2(y)/(2(1−C));   on the saddle −L m²/2 − αr/2 − g q

J. Tubiana & R. Monasson, PRL 118, 138301 (2017), eq. (2); G. Manzan, slides (2021), "Homogeneous free energy".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from replica.averages.pattern_sum import Law, mixed_laws, sparse_sum, stacked_laws
from replica.averages.unit_classes import Classes, classes
from replica.models.base import Chart, ExactState, Finder, control
from replica.models.sparse.equations import SparseRBM
from replica.models.sparse.states import branches
from replica.models.sparse.varied import varied_branches
from replica.numerics.number import Number

__all__ = ["ReluRBM"]


@dataclasses.dataclass(frozen=True, eq=False)
class ReluRBM(SparseRBM):
    """R-RBM with 0/1 visible and ReLU hidden units, any L, p, θ, g.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    theta : float, array or mpmath number
        Threshold of the hidden units.
    g : float, array or mpmath number
        Field on the visible units.
    p : float, array or mpmath number
        Probability of a non-zero pattern entry, in (0, 1].
    L : int or array of int
        Number of strongly activated hidden units, 1 to 100 000.
    p_i : array_like or frozen scipy.stats distribution, optional
        Probabilities of single visible units, or their distribution, of mean p; p itself may be the distribution.
        In a heterogeneous machine q = (1/N)Σ(p_i/p)⟨v_i⟩, C = (1/N)Σ(p_i/s_i)⟨φ⟩ and s_i = √(αp_i r). A distribution is
        replaced by up to 192 classes; `quadrature_error` of a solution says what that does to its averages.
    g_i : array_like, optional
        Fields of single visible units beside g, of mean 0; with `p_i` a list of the same units.
    theta_mu : array_like, optional
        Thresholds of single hidden units beside θ, of mean 0. Machines with either have no chart: their curves are
        traced from all known ends (docs/completeness.md).
    """

    alpha: Number = control("α", "load M/N, patterns per visible unit", low=0.0, low_included=False)
    theta: Number = control("θ", "threshold of the ReLU hidden units", loss=-1)
    g: Number = control("g", "field on the visible units", loss=-1)
    p: Number = control("p", "probability of a non-zero pattern entry", low=0.0, low_included=False, high=1.0)
    L: Number = control("L", "strongly activated hidden units", low=1.0, high=100_000.0, whole=True)

    p_i: Any = None
    g_i: Any = None
    theta_mu: Any = None

    name: ClassVar[str] = "relu-rbm"
    title: ClassVar[str] = "R-RBM: 0/1 units, ReLU hidden units, sparse random patterns, T = 0"

    def __post_init__(self) -> None:
        if hasattr(self.p, "ppf"):
            object.__setattr__(self, "p_i", self.p)
            object.__setattr__(self, "p", float(self.p.mean()))
        super().__post_init__()
        if self.p_i is not None and np.ndim(self.p):
            raise ValueError("p_i needs a single p, its mean")
        self._set_classes(self.p_i, float(self.p) if np.ndim(self.p) == 0 else 1.0, "p_i")
        if self.p_i is not None and self.units is not None:
            largest = float(self.p) * float(self.units.x.max())
            if largest > 1 + 1e-12:
                raise ValueError(f"p_i = {largest:.6g}: probabilities in [0, 1] are needed")

    @property
    def size(self) -> Number:
        """Number L of strongly activated hidden units."""
        return self.L

    @property
    def condensed(self) -> Number:
        """Number L of condensed patterns."""
        return self.L

    @property
    def sparsity(self) -> Number:
        """Probability p of a non-zero pattern entry."""
        return self.p

    def finer_units(self) -> Classes | None:
        """Twice as many classes of a distribution of the p_i, None for a list."""
        return classes(self.p_i, float(self.p), "p_i", refine=2) if hasattr(self.p_i, "ppf") else None

    def law(self) -> Law:
        """Law of W."""
        return mixed_laws(lambda x: stacked_laws(sparse_sum, self.L, self._probability(x)), self.units)

    def _probability(self, x: float) -> Number:
        return np.minimum(self.p * x, 1.0) if x != 1.0 else self.p

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> Sequence[Chart | Finder | ExactState]:
        """States with overlap, glasses, and the quiescent state."""
        return varied_branches(self, n_condensed) if self.varied else branches(self, n_condensed)

    def pair_law(self) -> tuple[Law | None, list[tuple[int, Number]]]:
        """Law of the sum of L − 2 entries; none if L is 1 throughout."""
        if np.all(np.asarray(self.L, dtype=float) < 2):
            return None, []
        two_fewer = lambda L, p: sparse_sum(L - 2, p) if L > 2 else ORIGIN  # noqa: E731
        law = mixed_laws(lambda x: stacked_laws(two_fewer, self.L, self._probability(x)), self.units)
        p = self.p[..., None] if np.ndim(self.p) else self.p
        half = (1 - p * law.x) / 2
        return law, [(1, half), (-1, half), (0, p * law.x)]


ORIGIN = Law(np.zeros(1), np.ones(1), np.ones(1))
