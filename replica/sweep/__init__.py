"""Many points, one task: on any executor, with a checkpoint."""

from replica.sweep.run import collect, executor, in_turn, run_alone, sweep

__all__ = ["collect", "executor", "in_turn", "run_alone", "sweep"]
