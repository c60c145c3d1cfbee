"""Martin, blog post (2016), layer normalisation and "Post-Post Comments": the trace condition, and what replaces it.

Brackets hold formulas that the text copy has lost, as in `blog_rbm`. With a joint energy written as E(v) − T(v, h) the
trace condition is Tr_h e^{T(v,h)} = 1 for every v (Schwab and Mehta, arXiv:1609.03541).
"""

from __future__ import annotations

import math

import numpy as np

from paper_checks.blog_rbm import SOURCE, SUMS, energies, in_order, log_sum, machine, parts
from paper_checks.blog_renormalisation import PROOF, distance, law, problem, renormalised
from paper_checks.blog_training import VISIBLE
from paper_checks.check import Outcome, Verdict, check
from paper_checks.evidence import weigh
from rbm_sim.partition import renormalisation

WHERE = "Post-Post Comments"


def trace(E: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Tr_h e^T, T = E(v) − E'(v, h), term by term.

    Parameters
    ----------
    E : ndarray, shape (n,)
        Data energies.
    joint : ndarray, shape (n, k)
        Joint energies E'.

    Returns
    -------
    ndarray, shape (n,)
        Σ_h e^{E(v) − E'(v, h)} for each v; 1 where the trace condition holds.
    """
    return np.exp(E[:, None] - joint).sum(axis=1)


def variational(E: np.ndarray, K: np.ndarray) -> np.ndarray:
    """A joint energy with the trace condition: the kernel normalised over h."""
    return E[:, None] + K + np.log(np.exp(-K).sum(axis=1))[:, None]


@check(
    source=SOURCE,
    where=f"{PROOF}, free energy at each layer",
    printed=(
        "This is like saying we constrain the Free Energy at each layer to be the same. This is also "
        "another kind of Layer Normalization"
    ),
    seen="p",
    right="a constraint by a constant in the energy; standardised inputs change ln Z and p(v)",
    route="enumeration of a machine before and after",
    expected="differs",
)
def layer_normalisation_keeps_free_energy() -> Verdict:
    """Inputs centred and scaled over the layer, as layer normalisation does it: ln Z before and after."""
    rbm = machine()
    w, b, c = parts(rbm)
    v = np.array(list(np.ndindex(*[2] * 4)), dtype=float)
    I = v @ w
    width = I.std(axis=1, keepdims=True)
    I = np.where(width > 0, (I - I.mean(axis=1, keepdims=True)) / np.where(width > 0, width, 1), 0)
    F = -v @ b - np.log1p(np.exp(c + I)).sum(axis=1)
    before = energies(w, b, c)
    found = renormalisation.layer_changes(rbm).standardised
    if abs(log_sum(F) - log_sum(before) - found.log_Z) > SUMS.value:
        return Verdict(Outcome.FAILED, f"{log_sum(F):.6f}", "the simulator has another change of ln Z")
    apart = distance(law(F), law(before).sum(axis=1))
    note = f"ln Z {log_sum(before):.4f} → {log_sum(F):.4f}, p(v) moves by {apart:.3f}; a constant would move nothing"
    return weigh(log_sum(F), log_sum(before), VISIBLE, note)


@check(
    source=SOURCE,
    where=WHERE,
    printed="the proof in the Appended is indeed wrong - as I suspected",
    seen="p",
    right="its steps and 'equal Z does not imply equal p' stand; that renormalisation does the same does not follow",
    route="enumeration of each step, twenty kernels",
    expected="differs",
)
def proof_is_wrong() -> Verdict:
    """Sum over v, equality of Z, difference of the marginals: all three hold; the trace condition does not."""
    steps, traces = [], []
    for seed in range(20):
        E, K = problem(seed)
        joint = renormalised(E, K)
        equal = abs(log_sum(joint) - log_sum(E)) < SUMS.value
        factored = np.allclose(np.exp(-joint).sum(axis=0), np.exp(-E), rtol=1e-11)
        steps.append(equal and factored and distance(law(joint).sum(axis=1), law(E)) > 0.01)
        traces.append(float(np.abs(np.log(trace(E, joint))).max()))
    outcome = Outcome.DIFFERS if all(steps) else Outcome.REPRODUCED
    kept = sum(x < SUMS.value for x in traces)
    shown = f"algebra holds in {sum(steps)} of 20, the trace condition in {kept}"
    note = (
        "two readings: as algebra the proof is not wrong; as a proof about renormalisation it lacks the trace "
        f"condition, |ln Tr_h e^T| reaches at least {min(traces):.2f}"
    )
    return Verdict(outcome, shown, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, trace condition",
    printed="a trace condition on the Transfer operator [Tr_h e^{T(v,h)} = 1 where E'(v,h) = E(v) - T(v,h)]",
    seen="p",
    route="Tr_h e^T = p'(v) Z'/(p(v) Z), enumerated for a kernel normalised either way and for a machine",
    extraction=True,
)
def trace_condition() -> Verdict:
    """The trace is the ratio of the weights of v; it is 1 for the kernel normalised over h."""
    E, K = problem()
    rbm = machine()
    order = in_order(rbm)
    printed, truth = [trace(E, variational(E, K))], [np.ones(16)]
    joints = renormalised(E, K), variational(E, K), renormalisation.joint_energy(rbm)[order]
    for joint in joints:
        ratio = law(joint).sum(axis=1) / law(E) * math.exp(log_sum(joint) - log_sum(E))
        printed.append(np.log(trace(E, joint)))
        truth.append(np.log(ratio))
    return weigh(printed, truth, SUMS, "1 for every v: both Z and p(v) are kept; for an RBM it says F_RBM(v) = E(v)")


@check(
    source=SOURCE,
    where=f"{WHERE}, trace condition",
    printed=(
        "the point of the RG theory is to preserve the Free Energy from one layer to another, ... "
        "expressed as a trace condition"
    ),
    seen="p",
    route="enumeration, kernels normalised over h with more, as many and fewer hidden states",
)
def trace_condition_keeps_free_energy() -> Verdict:
    """Partition function and law of v with the trace condition, whatever the kernel and the number of hidden states."""
    E, _ = problem()
    printed, truth = [], []
    for k in (2, 8, 16, 32):
        joint = variational(E, np.random.default_rng(k).normal(size=(16, k)))
        printed.append([log_sum(joint), *law(joint).sum(axis=1)])
        truth.append([log_sum(E), *law(E)])
    return weigh(
        printed,
        truth,
        SUMS,
        "2, 8, 16 and 32 hidden states, a random kernel each; the condition is stronger, it preserves p(v) too",
    )


@check(
    source=SOURCE,
    where=f"{WHERE}, trace condition",
    printed="It is, however, technically possible to preserve the Free Energy and not preserve the trace condition",
    seen="p",
    route="enumeration",
)
def free_energy_without_trace_condition() -> Verdict:
    """The construction of the post: the trace has mean 1 over the data law, and is not 1."""
    E, K = problem()
    joint = renormalised(E, K)
    log_trace = np.log(trace(E, joint))
    mean = float(law(E) @ trace(E, joint))
    possible = abs(log_sum(joint) - log_sum(E)) < SUMS.value and abs(mean - 1) < SUMS.value and np.ptp(log_trace) > 0.1
    shown = f"ln Tr_h e^T from {log_trace.min():.4f} to {log_trace.max():.4f}"
    note = "Z is kept if and only if the mean of the trace over p(v) is 1"
    return Verdict(Outcome.REPRODUCED if possible else Outcome.DIFFERS, shown, note, SUMS)


@check(
    source=SOURCE,
    where=f"{WHERE}, trace condition",
    printed="because [K] is not-constant, thereby violating the trace condition",
    seen="p",
    right="because Tr_h e^T is not constant: p is not stationary under e^{-K(v,h)}/K̃(h)",
    route="enumeration of a constant kernel and of a heat bath",
    extraction=True,
    expected="differs",
)
def kernel_is_not_constant() -> Verdict:
    """A constant K breaks the condition, a heat bath that is not constant keeps it: neither needed nor enough."""
    E, _ = problem()
    weight = np.exp(-E)
    bath = weight[:, None] / np.add.outer(weight, weight) / 16
    bath += np.diag(1 - bath.sum(axis=0))
    constant, steps = (np.abs(np.log(trace(E, renormalised(E, K)))).max() for K in (np.ones((16, 16)), -np.log(bath)))
    explains = constant < SUMS.value and steps > SUMS.value
    refuted = constant > 0.1 and steps < SUMS.value
    note = (
        f"K constant: |ln Tr_h e^T| reaches {constant:.3f}; a heat bath, neither K nor K̃ constant: it is 1 to rounding"
    )
    outcome = Outcome.REPRODUCED if explains else Outcome.DIFFERS if refuted else Outcome.FAILED
    shown = "if K or K̃ is meant, the reverse: a constant one violates it"
    return Verdict(outcome, shown, f"{note}; the subject of the sentence is lost in the text copy", SUMS)


@check(
    source=SOURCE,
    where=f"{WHERE}, the author's view",
    printed="And this may mean to only approximately satisfy the trace condition",
    seen="p",
    route="|ln Tr_h e^T| ≤ ε gives |Δ ln Z| ≤ ε and |ln p'/p| ≤ 2ε: enumerated for perturbed machines",
)
def approximate_trace_condition() -> Verdict:
    """The largest violation bounds the errors of ln Z and of ln p(v)."""
    E, K = problem()
    ratios = []
    for seed, size in enumerate((0.01, 0.1, 0.5, 1.0)):
        joint = variational(E, K) + size * np.random.default_rng(seed).normal(size=(16, 16))
        epsilon = np.abs(np.log(trace(E, joint))).max()
        moved = np.abs(np.log(law(joint).sum(axis=1) / law(E))).max()
        ratios.append([abs(log_sum(joint) - log_sum(E)) / epsilon, moved / (2 * epsilon)])
    worst = np.max(ratios, axis=0)
    outcome = Outcome.REPRODUCED if (worst <= 1).all() else Outcome.DIFFERS
    shown = f"{worst[0]:.3f} and {worst[1]:.3f} of the bounds"
    return Verdict(outcome, shown, "a small violation does little harm; what size learning leaves is not said")


@check(
    source=SOURCE,
    where=f"{WHERE}, the author's view",
    printed=(
        "the idea of preserving Free Energy, via either a trace condition, or, say, by layer "
        "normalization, is the import point"
    ),
    seen="p",
    right="only the trace condition says something about p(v); one constant preserves the free energy of any machine",
    route="enumeration of a machine shifted by a constant",
    expected="differs",
)
def either_way_is_as_good() -> Verdict:
    """Any machine has the free energy of any data once a constant is added, and its law is as wrong as before."""
    E, _ = problem()
    joint = energies(*parts(machine()))
    shifted = joint + log_sum(joint) - log_sum(E)
    before, after = (distance(law(x).sum(axis=1), law(E)) for x in (joint, shifted))
    matched = abs(log_sum(shifted) - log_sum(E)) < SUMS.value and abs(after - before) < SUMS.value
    note = f"total variation from the data law, ln Z matched; {before:.4f} before"
    verdict = weigh(after, 0.0, VISIBLE, note)
    return verdict if matched else Verdict(Outcome.FAILED, f"{after:.4f}", "the constant did not match ln Z")
