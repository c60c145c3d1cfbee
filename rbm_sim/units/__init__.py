"""Unit types: Bernoulli, spin, Gaussian, normal, ReLU, double ReLU, Potts, mixtures, and units of any energy."""

from rbm_sim.units.base import Unit
from rbm_sim.units.continuous import Continuous
from rbm_sim.units.discrete import Discrete
from rbm_sim.units.drelu import DReLU
from rbm_sim.units.from_energy import OwnUnit
from rbm_sim.units.mixture import Mixture
from rbm_sim.units.normal import Normal
from rbm_sim.units.potts import Potts
from rbm_sim.units.standard import Bernoulli, Gaussian, ReLU, Spin, TwoValued

__all__ = [
    "Bernoulli",
    "Continuous",
    "DReLU",
    "Discrete",
    "Gaussian",
    "Mixture",
    "Normal",
    "OwnUnit",
    "Potts",
    "ReLU",
    "Spin",
    "TwoValued",
    "Unit",
]
