"""The commands capacity, basin and retrieve: studies of retrieval over many random machines."""

from rbm_sim.commands.studies.options import add_basin, add_capacity, add_retrieve
from rbm_sim.commands.studies.run import basin, capacity, retrieve
from rbm_sim.commands.studies.tasks import basin_task, load_task, retrieval_task

__all__ = [
    "add_basin",
    "add_capacity",
    "add_retrieve",
    "basin",
    "basin_task",
    "capacity",
    "load_task",
    "retrieval_task",
    "retrieve",
]
