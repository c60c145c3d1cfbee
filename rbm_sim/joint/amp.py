"""Approximate message passing and its state evolution, by one name.

`run`, `growth` and their `Iterates` are of one machine (`rbm_sim.tap.amp`); `state_evolution` and `measured` compare
them with the theory of random machines (`rbm_sim.joint.evolution`).
"""

from rbm_sim.joint.evolution import measured, state_evolution
from rbm_sim.tap.amp import Iterates, growth, run

__all__ = ["Iterates", "growth", "measured", "run", "state_evolution"]
