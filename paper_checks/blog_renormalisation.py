"""Martin, blog post (2016), "Energy Renormalizations": what equal partition functions say, and the counterexample.

Brackets hold formulas that the text copy has lost, as in `blog_rbm`. The counterexample of Lin and Tegmark, as the
post takes it: K(v, h) any kernel, K̃(h) = Σ_v e^{-K(v,h)}, E_RG = E(h) + K(v, h) + ln K̃(h). docs/renormalisation.md
has the same numbers with their context.
"""

from __future__ import annotations

import numpy as np

from paper_checks.blog_rbm import SOURCE, SUMS, energies, in_order, log_sum, machine, parts, states
from paper_checks.blog_training import VISIBLE
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import SMOOTH, gradient, weigh
from rbm_sim.learning import maximum_likelihood
from rbm_sim.partition import exact, renormalisation
from rbm_sim.units import Bernoulli

WHERE = "Energy Renormalizations"
PROOF = "Matching Z(y) does not imply matching p(y)"
CHEAP = "So what is cheap about deep learning?"
FITTED = Tolerance("fit", 1e-3, "maximum of the likelihood by 2000 iterations, laws of 8 states")


def problem(seed: int = 0, n: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Data energies and a kernel, both of independent normal entries.

    Parameters
    ----------
    seed : int
        Of the random numbers.
    n : int
        Configurations of each layer.

    Returns
    -------
    E : ndarray, shape (n,)
        Energies.
    K : ndarray, shape (n, n)
        Kernel.
    """
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=(n, n))


def law(E: np.ndarray) -> np.ndarray:
    """The law of Boltzmann, e^{-E}/Z."""
    weight = np.exp(-E)
    return weight / weight.sum()


def renormalised(E: np.ndarray, K: np.ndarray) -> np.ndarray:
    """The joint energy put back, E(h) + K(v, h) + ln Σ_v e^{-K(v,h)}.

    Parameters
    ----------
    E : ndarray, shape (n,)
        Data energies.
    K : ndarray, shape (n, n)
        Kernel.

    Returns
    -------
    ndarray, shape (n, n)
        Its rows are v, its columns h.
    """
    return E[None, :] + K + np.log(np.exp(-K).sum(axis=0))[None, :]


def distance(p: np.ndarray, q: np.ndarray) -> float:
    """Total variation."""
    return float(np.abs(p - q).sum() / 2)


@check(
    source=SOURCE,
    where=WHERE,
    printed="knowing the Partition function is not the same as knowing the underlying distribution",
    seen="p",
    route="twenty laws with one Z, enumerated",
)
def partition_function_is_not_the_law() -> Verdict:
    """Twenty kernels give one Z and twenty marginals, no two of them alike."""
    E, _ = problem()
    joint = [renormalised(E, problem(seed)[1]) for seed in range(20)]
    marginals = [law(x).sum(axis=1) for x in joint]
    nearest = min(distance(p, q) for i, p in enumerate(marginals) for q in marginals[:i])
    spread = max(abs(log_sum(x) - log_sum(E)) for x in joint)
    outcome = Outcome.REPRODUCED if spread < SUMS.value and nearest > 0.01 else Outcome.DIFFERS
    return Verdict(
        outcome, f"nearest two at {nearest:.4f}", "one ln Z to 1e-11, total variation between the laws", SUMS
    )


@check(
    source=SOURCE,
    where=WHERE,
    printed="the Energy can be rescaled, or renormalized, in many different ways, without changing [Z]",
    seen="p",
    route="enumeration",
    extraction=True,
)
def rescaled_energy() -> Verdict:
    """A factor and a constant keep Z and change the law; a factor alone changes both."""
    E = energies(*parts(machine()))
    factors = [0.5, 0.8, 1.25, 2.0]
    alone = [log_sum(a * E) - log_sum(E) for a in factors]
    shifted = [log_sum(a * E + log_sum(a * E) - log_sum(E)) for a in factors]
    moved = min(distance(law(a * E).ravel(), law(E).ravel()) for a in factors)
    changes = ", ".join(f"{x:+.3f}" for x in alone)
    note = (
        f"E → aE + ln(Z(a)/Z); a = 0.5, 0.8, 1.25, 2 move the law by {moved:.3f} or more; without the "
        f"constant ln Z changes by {changes}"
    )
    return weigh(shifted, log_sum(E), SUMS, note)


@check(
    source=SOURCE,
    where=WHERE,
    printed="we can write all the macroscopic, observable thermodynamic quantities as partial derivatives of [ln Z]",
    seen="p",
    route="numerical derivatives against enumerated moments",
    extraction=True,
)
def generating_function() -> Verdict:
    """Derivatives of ln Z by fields and weights are the mean values of units and of products."""
    rbm = machine()
    w, b, c = parts(rbm)

    def log_Z(**x: float) -> float:
        moved = [np.array(part) for part in (w, b, c)]
        for name, value in x.items():
            moved["wbc".index(name[0])].flat[int(name[1:])] = value
        return log_sum(energies(*moved))

    at = {f"{name}{i}": float(x) for name, part in zip("wbc", (w, b, c), strict=True) for i, x in enumerate(part.flat)}
    mean = exact.moments(rbm)
    truth = np.concatenate([mean.vh.ravel(), mean.v, mean.h])
    return weigh(gradient(log_Z, at), truth, SMOOTH, "12 weights and 7 fields; ln Z as a function, not as a number")


@check(
    source=SOURCE,
    where=WHERE,
    printed="And we can do this without knowing the exact distribution functions or energies",
    seen="p",
    right="ln Z as a function of all fields determines the law; the number ln Z determines no observable",
    route="enumeration: means of the visible units with the same Z",
    expected="differs",
)
def without_the_distribution() -> Verdict:
    """Means of the units under the renormalised law, whose Z is the same, against those under the data law."""
    E, K = problem()
    v = states(4)
    joint = renormalised(E, K)
    note = f"ln Z = {log_sum(E):.6f} both; what keeps Z at one point need not keep a derivative"
    return weigh(law(joint).sum(axis=1) @ v, law(E) @ v, VISIBLE, note)


@check(
    source=SOURCE,
    where=f"{PROOF}, double sum",
    printed="Identify in the numerator [Σ_v e^{-K(v,h)}] which factors out, giving a very simple expression in h",
    seen="p",
    route="enumeration",
    extraction=True,
)
def kernel_factors_out() -> Verdict:
    """Summed over v alone the renormalised weight is e^{-E(h)}, for each h."""
    E, K = problem()
    summed = np.exp(-renormalised(E, K)).sum(axis=0)
    note = "'ln K is the normalization' is the sum over v, K̃(h), not the kernel; it ends in the denominator"
    return weigh(summed, np.exp(-E), SUMS, note)


@check(
    source=SOURCE,
    where=f"{PROOF}, result",
    printed="So, by construction, the renormalized and data Partition functions are identical [Z_RG = Z]",
    seen="p",
    route="enumeration, by hand and by the simulator",
    extraction=True,
)
def partition_functions_are_identical() -> Verdict:
    """The renormalised ln Z for twenty kernels."""
    printed, truth = [], []
    for seed in range(20):
        E, K = problem(seed)
        printed.append([log_sum(renormalised(E, K)), log_sum(renormalisation.kadanoff_energy(E, K))])
        truth.append([log_sum(E)] * 2)
    return weigh(np.array(printed), np.array(truth), SUMS, "twenty pairs of energies and kernels")


@check(
    source=SOURCE,
    where=f"{PROOF}, marginals",
    printed="integrate out only the h variables [p_RG(v) = (1/Z) Σ_h e^{-E(h)-K(v,h)}/K̃(h)]",
    seen="p",
    route="marginal of the enumerated joint law",
    extraction=True,
)
def marginal_of_the_construction() -> Verdict:
    """The marginal by its formula, against the joint law summed."""
    E, K = problem()
    Z, K_tilde = np.exp(-E).sum(), np.exp(-K).sum(axis=0)
    formula = (np.exp(-E - K) / K_tilde).sum(axis=1) / Z
    truth = renormalisation.compare(E, renormalisation.kadanoff_energy(E, K)).p_new
    return weigh(formula, truth, SUMS, "one step of the Markov chain e^{−K}/K̃ from the data law")


@check(
    source=SOURCE,
    where=f"{PROOF}, marginals",
    printed="the marginalized probabilities can be different!",
    seen="p",
    route="enumeration",
)
def marginals_can_differ() -> Verdict:
    """Total variation between the two marginals."""
    E, K = problem()
    found = renormalisation.compare(E, renormalisation.kadanoff_energy(E, K))
    apart = distance(law(renormalised(E, K)).sum(axis=1), law(E))
    differ = apart > 0.01 and abs(found.distance - apart) < SUMS.value
    return Verdict(Outcome.REPRODUCED if differ else Outcome.DIFFERS, f"{apart:.4f}", "total variation, at equal ln Z")


@check(
    source=SOURCE,
    where=f"{PROOF}, conclusion",
    printed="Define an arbitrary non-constant function [K] ... which implies [p_RG(v) ≠ p(v)]",
    seen="p",
    right="if and only if p is not stationary under the chain e^{-K(v,h)}/K̃(h)",
    route="enumeration of a counterexample",
    extraction=True,
    expected="differs",
)
def every_kernel_changes_the_law() -> Verdict:
    """One kernel, E(v) + f(h), is not constant, and p_RG = p; a symmetric random walk does change the law."""
    E, _ = problem()
    K = E[:, None] + np.random.default_rng(1).normal(size=16)
    apart = [distance(law(renormalised(E, x)).sum(axis=1), law(E)) for x in (K, np.eye(16))]
    holds = min(apart) > SUMS.value
    note = f"K = E(v) + f(h) keeps p to rounding; K = 1 on the diagonal and 0 elsewhere moves it by {apart[1]:.4f}"
    return Verdict(Outcome.REPRODUCED if holds else Outcome.DIFFERS, "an exception", note, SUMS)


@check(
    source=SOURCE,
    where=f"{PROOF}, h as a dummy variable",
    printed="this seems to only applies to the case where we have the same number of hidden and visible units",
    seen="p",
    right="any number of hidden units, if Σ_h e^{-E(h)} = Σ_v e^{-E(v)}: a constant in E(h)",
    route="enumeration with 8 hidden and 16 visible states",
    expected="differs",
)
def same_number_of_units() -> Verdict:
    """Three hidden units for four visible ones: with a constant in the hidden energies Z is kept all the same."""
    E, K = problem()
    hidden = problem(1, 8)[0]
    hidden = hidden + log_sum(hidden) - log_sum(E)
    log_Z = log_sum(renormalised(hidden, K[:, :8]))
    kept = abs(log_Z - log_sum(E)) < SUMS.value
    note = "the same function E needs the same number, the constraint on the two free energies does not"
    return Verdict(
        Outcome.DIFFERS if kept else Outcome.REPRODUCED, f"ln Z = {log_Z:.6f} with 8 and 16 states", note, SUMS
    )


@check(
    source=SOURCE,
    where=f"{PROOF}, goal of renormalisation",
    printed="to redefine the Energy function on a difference scale, while retaining the macroscopic observables",
    seen="p",
    route="enumeration: means and pair products of the visible units",
)
def observables_are_retained() -> Verdict:
    """The same kernel normalised over h retains them; the construction of the post does not."""
    E, K = problem()
    v = states(4)
    means = np.concatenate([v, v[:, :1] * v[:, 1:]], axis=1)
    variational = law(E[:, None] + K + np.log(np.exp(-K).sum(axis=1))[:, None]).sum(axis=1) @ means
    off = np.abs(law(renormalised(E, K)).sum(axis=1) @ means - law(E) @ means).max()
    note = f"E(v) + K(v, h) + ln Σ_h e^{{−K(v,h)}}; the example that the post gives of it is off by {off:.3f}"
    return weigh(variational, law(E) @ means, SUMS, note)


@check(
    source=SOURCE,
    where=CHEAP,
    printed=(
        "we approximate the Partition function, at each step, without having to learn the underlying joint distribution"
    ),
    seen="p",
    right="maximum likelihood learns p(v) itself, and only up to a constant the energies that ln Z sums",
    route="maximum likelihood by enumeration, and the distance of the laws at its end",
    expected="differs",
)
def nothing_of_the_law_is_learned() -> Verdict:
    """A machine trained on 64 data over three pixels reproduces their law, ln Z_RBM being whatever it is."""
    counts = np.array([14, 3, 6, 9, 2, 12, 8, 10])
    data = np.repeat(states(3), counts, axis=0)
    found = maximum_likelihood.fit(data, visible=Bernoulli(), hidden=Bernoulli(), units=4, iterations=2000, rng=0).rbm
    p = exact.visible_distribution(found)[1][in_order(found)]
    apart = distance(p, counts / counts.sum())
    learned = apart < FITTED.value
    return Verdict(
        Outcome.DIFFERS if learned else Outcome.REPRODUCED,
        f"law learned within {FITTED.value:g}",
        "total variation between data and machine; without a law to learn it would be of order 0.1",
        FITTED,
    )
