"""The commands capacity, basin and retrieve: studies of retrieval over many random machines."""

from rbm_sim.commands.studies.options import add_basin, add_capacity, add_retrieve
from rbm_sim.commands.studies.run import basin, capacity, retrieve

__all__ = ["add_basin", "add_capacity", "add_retrieve", "basin", "capacity", "retrieve"]
