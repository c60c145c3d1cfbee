"""Machines that learn: contrastive divergence, maximum likelihood, runs on disk, data."""

from rbm_sim.learning.contrastive_divergence import DivergedError, Learner
from rbm_sim.learning.options import Options
from rbm_sim.learning.parameters import Parameters
from rbm_sim.learning.stopping import Stop

__all__ = ["DivergedError", "Learner", "Options", "Parameters", "Stop"]
