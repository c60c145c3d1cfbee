"""Martin, blog post (2016), "Preliminaries", RBMs: energy, laws, free energies and their clamped counterparts.

Nearly all formulas of the post were pictures and are lost in its text copy. Where one is put back it stands in
brackets after the sentence that announces it, and the check says that the text copy has lost it: what is checked is
whether the sentence and the formula hold together. Definitions that nothing hangs on, opinions and questions of
readers are left out. What a verdict can be computed from is a machine small enough for every sum (T = 1).
"""

from __future__ import annotations

import itertools
import math

import numpy as np

import rbm_sim
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import SMOOTH, gradient, weigh
from rbm_sim.partition import exact

SOURCE = "Martin, blog post (2016)"
WHERE = "Preliminaries, RBMs"
SUMS = Tolerance("rounding", 1e-11, "double precision, sums of 2^7 terms and their logarithms")


def machine(N: int = 4, M: int = 3, seed: int = 2016) -> rbm_sim.RBM:
    """A machine of Bernoulli units with fields b and c, small enough for every sum.

    Parameters
    ----------
    N, M : int
        Units of the two layers.
    seed : int
        Of its weights and fields.

    Returns
    -------
    RBM
        A machine with normal weights, the same at every call with the same arguments.
    """
    rng = np.random.default_rng(seed)
    w, b, c = rng.normal(size=(N, M)), rng.normal(scale=0.5, size=N), rng.normal(scale=0.5, size=M)
    return rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(b), hidden=rbm_sim.Bernoulli(c))


def states(units: int) -> np.ndarray:
    """All configurations of units with the values 0 and 1.

    Parameters
    ----------
    units : int
        How many.

    Returns
    -------
    ndarray, shape (2^units, units)
        A configuration in each row, the last unit fastest.
    """
    return np.array(list(itertools.product((0.0, 1.0), repeat=units)))


def energies(w: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The energy put back, E = -vᵀWh - bᵀv - cᵀh, of all configurations.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights.
    b, c : ndarray, shape (N,), (M,)
        Fields of the visible and the hidden units.

    Returns
    -------
    ndarray, shape (2^N, 2^M)
        Visible configurations in rows, hidden ones in columns, both in the order of `states`.
    """
    v, h = states(len(b)), states(len(c))
    return -v @ w @ h.T - (v @ b)[:, None] - h @ c


def parts(rbm: rbm_sim.RBM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and fields of a machine of Bernoulli units.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    W, b, c : ndarray
        Weights, shape (N, M), fields of the visible and of the hidden units.
    """
    return rbm.weights, -rbm.visible.offset, -rbm.hidden.offset


def log_sum(E: np.ndarray) -> float:
    """The logarithm of Σ e^{-E} over all entries, term by term.

    Parameters
    ----------
    E : ndarray
        Energies of order one.

    Returns
    -------
    float
        ln Σ e^{-E}; ln Z if `E` holds every configuration once.
    """
    return math.log(math.fsum(math.exp(-x) for x in E.ravel()))


def in_order(rbm: rbm_sim.RBM) -> np.ndarray:
    """Where each of `states` is in the order of `rbm_sim.exact`.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    ndarray of int, shape (2^N,)
        Indices into `exact.visible_distribution`.
    """
    v, _ = exact.visible_distribution(rbm)
    place = {tuple(x): i for i, x in enumerate(v.astype(float))}
    return np.array([place[tuple(x)] for x in states(rbm.shape[0])])


@check(
    source=SOURCE,
    where=WHERE,
    printed="We define an RBM with an Energy Function [E = -vᵀWh - bᵀv - cᵀh]",
    seen="p",
    route="change of energy at each flip against the odds of the conditional law",
    extraction=True,
)
def energy_function() -> Verdict:
    """Energy differences at each hidden flip are minus the log odds at which the machine draws that unit."""
    rbm = machine()
    w, b, c = parts(rbm)
    v, h = states(4), states(3)
    E = energies(w, b, c)
    mean = rbm.hidden.mean(rbm.inputs(v))
    printed, truth = [], []
    for unit in range(3):
        on, off = np.flatnonzero(h[:, unit] == 1), np.flatnonzero(h[:, unit] == 0)
        printed.append(E[:, on] - E[:, off])
        truth.append(np.repeat(-np.log(mean / (1 - mean))[:, unit, None], 4, axis=1))
    note = "no unit of a layer acts on another of it: the restriction; definition put back from the sentences around it"
    return weigh(np.array(printed), np.array(truth), SUMS, note)


@check(
    source=SOURCE,
    where=WHERE,
    printed="... it's associated Partition Function [Z = Σ_{v,h} e^{-E(v,h)}]",
    seen="p",
    route="enumeration of both layers against a closed sum over one",
    extraction=True,
)
def partition_function() -> Verdict:
    """The double sum, against the simulator's sum over one layer with the other done in closed form."""
    rbm = machine()
    return weigh(log_sum(energies(*parts(rbm))), exact.log_partition(rbm), SUMS, "all 128 states, one by one")


@check(
    source=SOURCE,
    where=f"{WHERE}, joint law and its marginal",
    printed="probability of the visible units ... by marginalizing over the hidden units [p(v) = Σ_h e^{-E}/Z]",
    seen="p",
    route="enumeration",
    extraction=True,
)
def visible_law() -> Verdict:
    """The marginal of the joint law, against the law the simulator enumerates."""
    rbm = machine()
    E = energies(*parts(rbm))
    joint = np.exp(-E) / np.exp(-E).sum()
    _, p = exact.visible_distribution(rbm)
    return weigh(joint.sum(axis=1), p[in_order(rbm)], SUMS, "16 visible states; Z by the double sum")


@check(
    source=SOURCE,
    where=f"{WHERE}, likelihood",
    printed="The Likelihood is just the log of the probability. We can break this into 2 parts [ln p(X) = -F(X) + F]",
    seen="p",
    route="enumeration",
    extraction=True,
)
def likelihood_in_two_parts() -> Verdict:
    """-F(X) + F averaged over data, against the log of the probability summed over all hidden states."""
    rbm = machine()
    E = energies(*parts(rbm))
    data = np.array([0, 3, 3, 9, 14])
    log_p = np.log(np.exp(-E).sum(axis=1) / np.exp(-E).sum())[data].mean()
    clamped, free = rbm.clamped_free_energy(states(4)[data]), -exact.log_partition(rbm)
    note = "per datum, F(v) = −ln Σ_h e^{−E}, F = −ln Z; the other sign of both would be the negative log-likelihood"
    return weigh(-clamped + free, log_p, SUMS, note)


@check(
    source=SOURCE,
    where=f"{WHERE}; comment 'The Free Energy contains the Entropic Terms'",
    printed="[F = -ln Z] is just the standard Free Energy",
    seen="p",
    route="energy minus entropy of the enumerated law, and -dF/dT",
    extraction=True,
)
def standard_free_energy() -> Verdict:
    """Energy less entropy: F = ⟨E⟩ − TS, and S = −∂F/∂T, at T = 1."""
    rbm = machine()
    E = energies(*parts(rbm))
    p = np.exp(-E) / np.exp(-E).sum()
    S = -(p * np.log(p)).sum()
    slope = gradient(lambda T: -T * log_sum(E / T), {"T": 1.0})[0]
    note = f"S = {S:.4f}; with the temperature written out F = −T ln Z, and its slope by T is −S"
    return weigh([-log_sum(E), slope], [(p * E).sum() - S, -S], SMOOTH, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, clamped free energy",
    printed="it is like a Free Energy, but with the visible units clamped to the data [F(X) = -ln Σ_h e^{-E(v,h)}]",
    seen="p",
    route="energy minus entropy of the conditional law, enumerated",
    extraction=True,
)
def clamped_free_energy() -> Verdict:
    """F(v) is the mean energy less the entropy of the law of h given v."""
    E = energies(*parts(machine()))
    law = np.exp(-E) / np.exp(-E).sum(axis=1, keepdims=True)
    truth = (law * (E + np.log(law))).sum(axis=1)
    return weigh([log_sum(row) * -1 for row in E], truth, SUMS, "all 16 visible states")


@check(
    source=SOURCE,
    where=f"{WHERE}, clamped free energy",
    printed="The clamped [F] is easy to evaluate [F(v) = -bᵀv - Σ_μ ln(1 + e^{c_μ + Σ_i v_i W_iμ})]",
    seen="p",
    route="enumeration of the hidden layer",
    extraction=True,
)
def clamped_free_energy_is_easy() -> Verdict:
    """M logarithms against the sum over 2^M hidden states."""
    rbm = machine()
    w, b, c = parts(rbm)
    v = states(4)
    closed = -v @ b - np.log1p(np.exp(c + v @ w)).sum(axis=1)
    summed = [-log_sum(row) for row in energies(w, b, c)]
    return weigh([closed, rbm.free_energy(v)], summed, SUMS, "by hand and by the simulator; M terms instead of 2^M")


@check(
    source=SOURCE,
    where=f"{WHERE}, clamped free energy",
    printed="... whereas [F = -ln Z] is computationally intractable",
    seen="p",
    route="count of terms",
    extraction=True,
    expected="unchecked",
)
def partition_function_is_hard() -> Verdict:
    """What enumeration needs is 2^min(N, M) terms; that nothing needs less is complexity theory, not arithmetic."""
    wide = machine(40, 3)
    flipped = wide.transposed()
    agree = abs(exact.log_partition(wide) - exact.log_partition(flipped)) < 1e-9
    note = (
        "true of the worst case, a theorem no number shows; false if one layer is small: "
        f"40 visible and 3 hidden units take {2**3} terms"
    )
    outcome = Outcome.UNCHECKED if agree else Outcome.FAILED
    return Verdict(outcome, f"ln Z = {exact.log_partition(wide):.4f} at N = 40, M = 3", note)
