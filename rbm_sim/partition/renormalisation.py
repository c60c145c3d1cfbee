"""Steps of renormalisation, and what a change of the hidden layer keeps: ln Z, the law p(v), both, or neither.

`trace_condition` compares any joint energy with data energies; `layer_normalisations` holds what may be called a
normalised layer; `decimation` and `coarse_graining` are steps with fewer hidden units than visible ones, exact for
Ising spins on two sublattices, or learned. All is summed over all configurations. The results, with numbers, are in
docs/renormalisation.md.
"""

from rbm_sim.partition.coarse_graining import CoarseGraining, coarse_grain
from rbm_sim.partition.decimation import Decimation, Interactions, decimate, interactions, ising_energies, lattice
from rbm_sim.partition.layer_normalisations import LayerChange, LayerChanges, layer_changes
from rbm_sim.partition.trace_condition import Comparison, compare, joint_energy, kadanoff_energy, variational_energy

__all__ = [
    "CoarseGraining",
    "Comparison",
    "Decimation",
    "Interactions",
    "LayerChange",
    "LayerChanges",
    "coarse_grain",
    "compare",
    "decimate",
    "interactions",
    "ising_energies",
    "joint_energy",
    "kadanoff_energy",
    "lattice",
    "layer_changes",
    "variational_energy",
]
