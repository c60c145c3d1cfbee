"""Exact sums over all configurations of small machines with at least one layer of two-valued or Potts units.

The layer that is enumerated is the one of fewer configurations; the other is summed or integrated in
closed form. All computation is in double precision, in chunks of a few megabytes; the time grows as 2^n with the
size n of the enumerated layer (24 × 24 units: 15 to 25 seconds, with second moments of ReLU units 70).

`Enumeration` is the enumerated machine; the functions are its methods, of a machine that is asked for one thing only.
"""

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.conditional import conditional_mean
from rbm_sim.partition.configurations import states
from rbm_sim.partition.enumeration import Enumeration, Moments

__all__ = [
    "Enumeration",
    "Moments",
    "conditional_mean",
    "energy",
    "entropy",
    "hidden_distribution",
    "log_likelihood",
    "log_partition",
    "marginal_cdf",
    "marginal_density",
    "moments",
    "states",
    "visible_distribution",
    "visible_entropy",
]


def log_partition(rbm: RBM, T: float = 1.0) -> float:
    """Logarithm of the partition function: `Enumeration.log_partition`."""
    return Enumeration(rbm, T).log_partition()


def log_likelihood(rbm: RBM, data: ArrayLike, T: float = 1.0) -> float:
    """Mean of ln P(v) over data: `Enumeration.log_likelihood`."""
    return Enumeration(rbm, T).log_likelihood(data)


def visible_distribution(rbm: RBM, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every visible configuration and its probability: `Enumeration.visible_distribution`."""
    return Enumeration(rbm, T).visible_distribution()


def hidden_distribution(rbm: RBM, T: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Every hidden configuration and its probability: `Enumeration.hidden_distribution`."""
    return Enumeration(rbm, T).hidden_distribution()


def moments(rbm: RBM, T: float = 1.0) -> Moments:
    """Mean values of all units and of all products of two: `Enumeration.moments`."""
    return Enumeration(rbm, T).moments()


def energy(rbm: RBM, T: float = 1.0) -> float:
    """Mean energy ⟨E(v, h)⟩: `Enumeration.energy`."""
    return Enumeration(rbm, T).energy()


def entropy(rbm: RBM, T: float = 1.0) -> float:
    """Joint entropy of both layers, in nats: `Enumeration.entropy`."""
    return Enumeration(rbm, T).entropy()


def visible_entropy(rbm: RBM, T: float = 1.0) -> float:
    """Entropy of the visible layer, in nats: `Enumeration.visible_entropy`."""
    return Enumeration(rbm, T).visible_entropy()


def marginal_density(rbm: RBM, x: ArrayLike, layer: str, index: int, T: float = 1.0) -> np.ndarray:
    """Law of one unit at the values x: `Enumeration.marginal_density`."""
    return Enumeration(rbm, T).marginal_density(x, layer, index)


def marginal_cdf(rbm: RBM, x: ArrayLike, layer: str, index: int, T: float = 1.0) -> np.ndarray:
    """Distribution function of one unit at the values x: `Enumeration.marginal_cdf`."""
    return Enumeration(rbm, T).marginal_cdf(x, layer, index)
