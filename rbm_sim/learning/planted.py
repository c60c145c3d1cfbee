"""A teacher machine draws examples of its pattern, a student machine samples what the pattern may have been.

Teacher: one pattern ξ* ∈ {±1}^N, one Gaussian hidden unit, inverse temperature β*,

    P(S | ξ*) ∝ exp{(β*/2N)(Σ_i ξ*_i S_i)²}.

Student: P(ξ | S¹ … S^M) ∝ exp{(1/2NT) Σ_a (Σ_i S^a_i ξ_i)²}, the posterior of the pattern if 1/T = β* (the partition
function of the teacher is the same for all ξ*). It is the law of the visible layer of a machine whose weights are the
examples, S/√N, and whose hidden units are Gaussian.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.machine.rbm import RBM
from rbm_sim.statistics.estimates import Estimate, estimate
from rbm_sim.units import Gaussian, Spin


class Learning(NamedTuple):
    """Knowledge of students, over independent sets of examples: started at the teacher's pattern, or at random.

    Attributes
    ----------
    m, m_random : Estimate
        Overlap |Σ_i ξ*_i⟨ξ_i⟩|/N of the student's mean with the teacher's pattern, both signs of which are the same.
    q, q_random : Estimate
        Overlap |Σ_i ⟨ξ_i⟩⟨ξ_i⟩′|/N of two students of the same examples.
    """

    m: Estimate
    q: Estimate
    m_random: Estimate
    q_random: Estimate


def teacher_examples(pattern: ArrayLike, M: int, *, beta: float, rng: Seed = None) -> np.ndarray:
    """Draw independent examples of a teacher, exactly.

    The number k of units that differ from the pattern has the law P(k) ∝ C(N, k) exp{(β/2N)(N − 2k)²}; which ones they
    are is random.

    Parameters
    ----------
    pattern : array_like, shape (N,)
        The teacher's pattern ξ*, entries ±1.
    M : int
        Number of examples, >= 1.
    beta : float
        Inverse temperature β* of the teacher, >= 0; above 1 the examples are magnetised along ±ξ*.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    ndarray of int8, shape (N, M)
        Examples S, entries ±1, one example per column.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    F. Alemanno, L. Camanzi, G. Manzan and D. Tantari, "Hopfield model with planted patterns: a teacher-student
    self-supervised learning model" (2023).

    Examples
    --------
    >>> import numpy as np
    >>> from rbm_sim.learning.planted import teacher_examples
    >>> S = teacher_examples(np.ones(1000), 4000, beta=0.5, rng=1)
    >>> bool(abs((S.sum(axis=0) ** 2.0).mean() / 1000 - 2) < 0.2)  # 1/(1 − β)
    True
    """
    xi = check.real_array("pattern", pattern)
    if xi.ndim != 1 or not xi.size or not (np.abs(xi) == 1).all():
        raise ValueError(f"pattern has shape {xi.shape}: must be a list of entries 1 and -1")
    M = check.integer("M", M, at_least=1)
    beta = check.number("beta", beta, at_least=0)
    rng = random.generator(rng)
    N = len(xi)
    differing = rng.choice(N + 1, size=M, p=_law_of_differences(N, beta))
    differs = rng.permuted(np.arange(N)[:, None] < differing, axis=0)
    return np.where(differs, -xi[:, None], xi[:, None]).astype(np.int8)


def _law_of_differences(N: int, beta: float) -> np.ndarray:
    """Probability of k = 0 … N units that differ from the pattern."""
    from scipy.special import gammaln

    k = np.arange(N + 1)
    weight = beta / (2 * N) * (N - 2.0 * k) ** 2 - gammaln(k + 1) - gammaln(N - k + 1)
    law = np.exp(weight - weight.max())
    return law / law.sum()


def student(examples: ArrayLike) -> RBM:
    """Machine of spin and Gaussian units whose weights are the examples: at temperature T it samples P(ξ | S).

    Parameters
    ----------
    examples : array_like, shape (N, M)
        Examples, one per column.

    Returns
    -------
    RBM
        Machine with weights S/√N in single precision, N spins and M Gaussian hidden units.

    Raises
    ------
    ValueError
        If `examples` is not a matrix of finite numbers.
    """
    return RBM(pattern_weights(examples), visible=Spin(), hidden=Gaussian())


def learning(
    N: int,
    M: int,
    *,
    beta_teacher: float,
    T: float,
    samples: int,
    burn_in: int,
    sweeps: int,
    rng: Seed = None,
) -> Learning:
    """Overlaps of students with their teacher and with each other, by alternating Gibbs sampling.

    For every sample a teacher's pattern and M examples are drawn; two students start at the pattern, two at random.
    Means ⟨ξ_i⟩ are over the sweeps after `burn_in`.

    Parameters
    ----------
    N, M : int
        Length of the pattern and number of examples, >= 1.
    beta_teacher : float
        Inverse temperature of the teacher, >= 0.
    T : float
        Temperature of the students, > 0.
    samples : int
        Number of independent sets of examples, >= 1.
    burn_in : int
        Sweeps before the first that is measured, >= 0.
    sweeps : int
        Sweeps that are measured, >= 1. Where students learn nothing, m and q fall as their inverse root only.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    Learning
        Overlaps m with the teacher and q between students, from both starts, with standard errors over the samples.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> from rbm_sim.learning.planted import learning
    >>> result = learning(500, 1000, beta_teacher=0.6, T=1 / 0.6, samples=4, burn_in=50, sweeps=100, rng=1)
    >>> bool(abs(result.m.mean - result.q.mean) < 0.05)  # the student is the teacher's equal: m = q
    True
    """
    N, M = check.integer("N", N, at_least=1), check.integer("M", M, at_least=1)
    beta_teacher = check.number("beta_teacher", beta_teacher, at_least=0)
    T = check.number("T", T, above=0)
    samples = check.integer("samples", samples, at_least=1)
    burn_in = check.integer("burn_in", burn_in, at_least=0)
    sweeps = check.integer("sweeps", sweeps, at_least=1)
    found = []
    for seed in random.seeds(rng, (), samples):
        stream = np.random.default_rng(seed)
        pattern = random_patterns(N, 1, rng=stream)[:, 0].astype(np.float32)
        machine = student(teacher_examples(pattern, M, beta=beta_teacher, rng=stream))
        start = np.stack([pattern, pattern, *stream.choice(np.array([-1, 1], np.float32), (2, N))])
        chains = Chains(machine, 4, T=T, rng=stream, start=start).run(burn_in)
        total = np.zeros((4, N))
        for _ in range(sweeps):
            total += chains.run(1).v
        mean = total / sweeps
        m, q = np.abs(mean @ pattern) / N, np.abs(mean @ mean.T) / N
        found.append([m[:2].mean(), q[0, 1], m[2:].mean(), q[2, 3]])
    return Learning(*map(estimate, np.transpose(found)))
