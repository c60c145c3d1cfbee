"""Martin, blog post (2016), "Energy Renormalizations": real steps, with fewer hidden units than visible ones.

The post argues with as many hidden states as visible ones. Here the chain of Ising spins is decimated exactly, in three
layers, and the Ising model on 5 × 4 spins is learned by five hidden ones, all 2^20 states summed.
docs/renormalisation.md has the same numbers with their context.
"""

from __future__ import annotations

import math

import numpy as np

from paper_checks.blog_rbm import SOURCE, SUMS
from paper_checks.blog_renormalisation import CHEAP, PROOF
from paper_checks.check import Outcome, Verdict, check
from paper_checks.evidence import weigh
from rbm_sim.partition import renormalisation
from rbm_sim.partition.trace_condition import all_states
from rbm_sim.units import Spin

K = 0.8
N = 17


@check(
    source=SOURCE,
    where=f"{PROOF}, goal of renormalisation",
    printed="to redefine the Energy function on a difference scale, while retaining the macroscopic observables",
    seen="p",
    route="three decimations of the Ising chain by machines, against its transfer matrix",
)
def decimation_retains_the_observables() -> Verdict:
    """Couplings, ln Z with the constants that the layers leave, and correlations of the spins that are kept."""
    J, constant, coupling = renormalisation.lattice(1, N, K), 0.0, K
    found, truth = [], []
    for distance in (2, 4, 8):
        step = renormalisation.decimate(J, np.arange(0, len(J), 2))
        kept, h = renormalisation.interactions(step.E_kept), all_states(Spin(), step.rbm.shape[1])
        log_Z = float(np.logaddexp.reduce(-step.E_kept))
        coupling = math.atanh(math.tanh(coupling) ** 2)
        found += [kept.pairs[0, 1], kept.largest_other, constant + log_Z]
        found.append(np.exp(-step.E_kept - log_Z) @ (h[:, 0] * h[:, 1]))
        truth += [coupling, 0.0, N * math.log(2) + (N - 1) * math.log(math.cosh(K)), math.tanh(K) ** distance]
        J, constant = kept.pairs, constant + kept.constant
    return weigh(found, truth, SUMS, f"{N} → 9 → 5 → 3 spins, tanh K′ = tanh² K; the last K′ is {coupling:.6f}")


@check(
    source=SOURCE,
    where=f"{PROOF}, h as a dummy variable",
    printed="this seems to only applies to the case where we have the same number of hidden and visible units",
    seen="p",
    right="with half as many hidden units both Z and p are kept: it is the trace condition that decides",
    route="the Ising chain decimated by a machine, 2^17 visible states summed",
    expected="differs",
)
def half_the_units_keep_everything() -> Verdict:
    """F(v) of a machine of 9 hidden spins beside the energy of 17, for every configuration."""
    J = renormalisation.lattice(1, N, K)
    step = renormalisation.decimate(J, np.arange(0, N, 2))
    F = step.rbm.free_energy(all_states(Spin(), N)) + step.constant
    c = renormalisation.compare(renormalisation.ising_energies(J), F[:, None])
    kept = max(c.distance, abs(c.log_Z_new - c.log_Z), float(np.abs(c.log_trace).max())) < SUMS.value
    note = "largest |ln Tr_h e^T|, distance and change of ln Z below 1e-11, the weights that hold h at v being 22"
    return Verdict(Outcome.DIFFERS if kept else Outcome.REPRODUCED, "Z and p kept with 9 of 17 units", note, SUMS)


@check(
    source=SOURCE,
    where=CHEAP,
    printed=(
        "we approximate the Partition function, at each step, without having to learn the underlying joint distribution"
    ),
    seen="p",
    right="where the energies agree in the mean, the error of ln Z is the divergence of the laws",
    route="Ising model on 5 × 4 spins learned by 5 hidden ones with the exact gradient, 2^20 states",
    expected="differs",
    slow=True,
)
def free_energy_is_lost_with_the_law() -> Verdict:
    """At no iteration of learning is ln Z nearer than the laws allow, D ≥ 2 distance²; both fall together."""
    E = renormalisation.ising_energies(renormalisation.lattice(5, 4, math.log(1 + math.sqrt(2)) / 2))
    found = renormalisation.coarse_grain(E, 5, iterations=20, rng=0)
    F = found.rbm.free_energy(all_states(Spin(), 20))
    mean = float(np.exp(-E - found.log_Z) @ (E - F))
    error = renormalisation.compare(E, (F + mean)[:, None])
    together = bool((found.divergence >= 2 * found.distance**2).all() and (np.diff(found.distance) < 0.01).all())
    alike = abs(error.log_Z_new - error.log_Z - found.divergence[-1]) < SUMS.value
    first, last = (f"{found.divergence[k]:.3f} and {found.distance[k]:.3f}" for k in (0, -1))
    note = "without a constant for the purpose ln Z of the machine goes anywhere; 10 hidden units come to decimation"
    outcome = Outcome.DIFFERS if together and alike else Outcome.REPRODUCED
    computed = f"error of ln Z and distance of the laws: {first} at first, {last} after 20 steps"
    return Verdict(outcome, computed, note, SUMS)
