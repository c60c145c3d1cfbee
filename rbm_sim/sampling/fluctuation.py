"""Order parameters and responses at T > 0, whose squared thermal means are estimated without bias.

⟨v_i⟩² is not the square of a measured mean, which is larger by the variance of that mean. Chains of one machine are
replicas of it, independent of each other, and the product of the means of two different chains has the right
expectation: with x_c the mean in chain c of n,

    ⟨x⟩² ← Σ_{c ≠ d} x_c x_d / n(n − 1) = [(Σ_c x_c)² − Σ_c x_c²] / n(n − 1).

The chains have to be in the same phase: all started at the same pattern to measure a retrieval state.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables import condensed, densities
from rbm_sim.statistics.estimates import Estimate
from rbm_sim.units import TwoValued, Unit


class ThermalOrder(NamedTuple):
    """Order parameters at T > 0. The standard errors are those of the sampling, the machine being given.

    Attributes
    ----------
    m : tuple of Estimate
        Overlaps ⟨I_μ⟩/√N with the condensed patterns.
    q, q_d : Estimate
        (1/N) Σ_i (p_i/p) ⟨v_i⟩² and (1/N) Σ_i (p_i/p) ⟨v_i²⟩.
    r, r_d : Estimate
        Means of ⟨h_μ⟩² and of ⟨h_μ²⟩ over the weak hidden units; nan if there are none.
    C, B : Estimate
        Responses p (q_d − q)/T and p (r_d − r)/T.
    """

    m: tuple[Estimate, ...]
    q: Estimate
    r: Estimate
    q_d: Estimate
    r_d: Estimate
    C: Estimate
    B: Estimate

    def __repr__(self) -> str:
        return shown.fields(self)


def order_parameters_at(
    rbm: RBM,
    *,
    T: float,
    n_chains: int,
    steps: int,
    burn_in: int,
    start: ArrayLike | None = None,
    n_condensed: int = 1,
    p: float | ArrayLike = 1.0,
    rng: Seed = None,
    threads: int = 1,
) -> ThermalOrder:
    """Order parameters of a random RBM, w = ξ/√N, at temperature T, by alternating Gibbs sampling.

    m_μ = (1/√N) Σ_i w_{iμ} ⟨v_i⟩ for μ <= L;  q = (1/N) Σ_i (p_i/p) ⟨v_i⟩²;  r = mean of ⟨h_μ⟩² over μ > L;
    C = p (q_d − q)/T and B = p (r_d − r)/T, with ⟨v_i²⟩ and ⟨h_μ²⟩ in q_d and r_d.

    Parameters
    ----------
    rbm : RBM
        Machine with weights ξ/√N.
    T : float
        Temperature, > 0.
    n_chains : int
        Number of independent chains, >= 2; the standard errors come from their scatter, in this one machine.
    steps : int
        Sweeps that are measured, >= 1.
    burn_in : int
        Sweeps before, >= 0.
    start : array_like, shape (N,) or (n_chains, N), optional
        Visible configurations to start from, such as a pattern; by default drawn from their law without input.
    n_condensed : int
        Number L of condensed patterns, 1 to M.
    p : float or array_like, shape (N,)
        Densities p_i of the rows of ξ.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    threads : int
        Threads that share the chains; the result does not depend on it.

    Returns
    -------
    ThermalOrder
        m, q, r, q_d, r_d, C and B of this machine, with the standard errors of sampling it.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Both layers enter by their conditional moments, ⟨v_i | h⟩ and ⟨v_i² | h⟩, ⟨h_μ | v⟩ and ⟨h_μ² | v⟩ (Rao and
    Blackwell): the means are the same, without the noise of the layer itself. All estimates are linear in these or
    products of different chains, so without bias in equilibrium; the standard errors are those of the jackknife
    over the chains, which need no autocorrelation time.

    The errors do not know of the disorder: another draw of the patterns is another machine, whose r and B differ by
    more where the weak hidden units are few. What the theory says is the average over machines, which
    `rbm_sim.order_parameters_over` takes, with its error.

    For ReLU units ⟨h_μ⟩ of a condensed pattern is √N m_μ − θ: m is taken from the input.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987);
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> xi = rbm_sim.random_patterns(500, 10, rng=1)
    >>> rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> order = rbm_sim.order_parameters_at(rbm, T=0.4, n_chains=10, steps=20, burn_in=20, start=xi[:, 0], rng=2)
    >>> round(order.m[0].mean, 2), round(order.q.mean, 2), round(order.C.mean, 2)
    (0.98, 0.96, 0.1)
    """
    L = condensed(rbm, n_condensed)
    density, weight = densities(rbm, p)
    T = check.number("T", T, above=0)
    steps = check.integer("steps", steps, at_least=1)
    burn_in = check.integer("burn_in", burn_in, at_least=0)
    n_chains = check.integer("n_chains", n_chains, at_least=2)
    chains = Chains(rbm, n_chains, T=T, rng=rng, start=start, threads=threads).run(burn_in)
    N, M = rbm.shape
    visible, hidden = _Layer(n_chains, weight * np.ones(N)), _Layer(n_chains, np.where(np.arange(M) < L, 0.0, 1.0))
    for _ in range(steps):
        chains.run(1)
        visible.add(rbm.visible, rbm.matrix.backward(chains.h), T)
        hidden.add(rbm.hidden, rbm.matrix.forward(chains.v), T)
    overlaps = visible.means() @ rbm.matrix.columns(0, L) / math.sqrt(N)
    q, q_d = visible.squares()
    r, r_d = hidden.squares()
    return ThermalOrder(
        m=tuple(_jackknife(_leave_one_out(column)) for column in overlaps.T),
        q=_jackknife(q),
        r=_jackknife(r),
        q_d=_jackknife(q_d),
        r_d=_jackknife(r_d),
        C=_jackknife(density / T * (q_d - q)),
        B=_jackknife(density / T * (r_d - r)),
    )


class _Layer:
    """Sums over time of the conditional moments of one layer, chain by chain."""

    def __init__(self, n_chains: int, weight: np.ndarray) -> None:
        self.weight = weight
        self.first = np.zeros((n_chains, len(weight)))
        self.second = np.zeros(n_chains)
        self.steps = 0

    def add(self, unit: Unit, I: np.ndarray, T: float) -> None:
        mean = unit.mean(I, T).astype(np.float64, copy=False)
        self.first += mean
        self.second += _mean_square(unit, I, T, mean) @ self.weight
        self.steps += 1

    def means(self) -> np.ndarray:
        """⟨x_i⟩ in every chain."""
        return self.first / self.steps

    def squares(self) -> tuple[np.ndarray, np.ndarray]:
        """Weighted means over the layer of ⟨x_i⟩² and ⟨x_i²⟩, of all chains and without each of them."""
        count = np.count_nonzero(self.weight)
        if not count:
            nothing = np.full(len(self.first) + 1, np.nan)
            return nothing, nothing
        return _products(self.means(), self.weight) / count, _leave_one_out(self.second / self.steps) / count


def _mean_square(unit: Unit, I: np.ndarray, T: float, mean: np.ndarray) -> np.ndarray:
    if isinstance(unit, TwoValued):
        return (1 + unit.low) * mean - unit.low  # x² = (1 + low) x − low at both values
    return mean * mean + unit.variance(I, T)


def _products(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Σ_i weight_i × mean of x_ci x_di over the pairs c ≠ d; of all chains and, with three or more, without each."""
    n = len(x)
    total = x.sum(axis=0)
    own = x**2 @ weight
    pairs = float(total**2 @ weight) - own.sum()
    without = (pairs - 2 * (x @ (weight * total) - own)) / ((n - 1) * (n - 2)) if n > 2 else np.full(n, np.nan)
    return np.concatenate([[pairs / (n * (n - 1))], without])


def _leave_one_out(x: np.ndarray) -> np.ndarray:
    """Mean of all entries, then the means without each of them."""
    return np.concatenate([[x.mean()], (x.sum() - x) / (len(x) - 1)])


def _jackknife(values: np.ndarray) -> Estimate:
    """Estimate from all chains, with the standard error from those without each of them."""
    n = len(values) - 1
    without = values[1:]
    return Estimate(float(values[0]), math.sqrt((n - 1) * float(without.var())), n)
