"""Means, variances and ln Z of one machine by the expansion of Plefka, and by message passing (`tap.amp`)."""

from rbm_sim.tap.solution import Solution, Status
from rbm_sim.tap.solver import log_partition, pair_means, solve, solve_all

__all__ = ["Solution", "Status", "log_partition", "pair_means", "solve", "solve_all"]
