"""Simulation of restricted Boltzmann machines: what finite machines do, in NumPy.

`RBM` with the unit types `Bernoulli`, `Spin`, `Gaussian`, `ReLU`, `DReLU`, `Normal`, `Mixture`, `Potts`, or one's own,
`Discrete` and `Continuous`. The folders: `machine` (weights, random patterns, Gibbs sampling), `units`, `observables`
(order parameters), `statistics` (means with errors, autocorrelation, N → ∞); `partition` (ln Z, by enumeration in
`partition.exact` or annealed in `partition.ais`); `sampling` (T > 0: averages of any observable, order parameters and
responses, single-unit moves, tempering); `tap` (means and ln Z of one machine without sampling); `retrieval` (T = 0:
dynamics, capacity against size and load); `learning`; `interchange` (machines in the files of other programs); `joint`
(beside the theory of `replica`) and `commands`. Their modules are public by a short name too, such as `rbm_sim.exact`.
"""

import importlib.util
from typing import Any

from replica._moved import install

install()

_HOME = {
    "PackedPatterns": "machine.packed",
    "RBM": "machine.rbm",
    "State": "machine.rbm",
    "Bernoulli": "units",
    "Continuous": "units",
    "DReLU": "units",
    "Discrete": "units",
    "Gaussian": "units",
    "Mixture": "units",
    "Normal": "units",
    "Potts": "units",
    "ReLU": "units",
    "Spin": "units",
    "Unit": "units",
    "thermal_averages": "sampling.averages",
    "order_parameters_at": "sampling.fluctuation",
    "order_parameters_over": "sampling.disorder",
    "order_parameters": "observables",
    "overlaps": "observables",
    "participation_ratio": "observables",
    "reconstruct": "observables",
    "reconstruction_error": "observables",
    "weight_sparsity": "observables",
    "pattern_state": "machine.patterns",
    "pattern_weights": "machine.patterns",
    "random_patterns": "machine.patterns",
    "anneal": "sampling.tempering",
    "parallel_tempering": "sampling.tempering",
    "Average": "statistics.timeseries",
    "place": "joint.placement",
}
_MODULES = {
    "ais": "partition.ais",
    "amp": "joint.amp",
    "averages": "sampling.averages",
    "capacity": "retrieval.capacity",
    "conditional": "sampling.conditional",
    "continuous": "units.continuous",
    "couplings": "partition.couplings",
    "critical_load": "retrieval.critical_load",
    "datasets": "learning.datasets",
    "discrete": "units.discrete",
    "dynamics": "retrieval.dynamics",
    "estimator": "learning.estimator",
    "evolution": "joint.evolution",
    "exact": "partition.exact",
    "exact_learning": "learning.maximum_likelihood",
    "extensivity": "partition.extensivity",
    "finite_size": "statistics.finite_size",
    "fluctuation": "sampling.fluctuation",
    "gibbs": "machine.gibbs",
    "interchange": "interchange",
    "learned": "learning.measurements",
    "learning": "learning",
    "likelihood": "partition.likelihood",
    "measure": "observables",
    "mixture": "units.mixture",
    "moves": "sampling.moves",
    "own_unit": "units.from_energy",
    "packed": "machine.packed",
    "patterns": "machine.patterns",
    "planted": "learning.planted",
    "rbm": "machine.rbm",
    "renormalisation": "partition.renormalisation",
    "runs": "learning.run_files",
    "tap": "tap",
    "tempering": "sampling.tempering",
    "timeseries": "statistics.timeseries",
    "trial": "retrieval.trial",
    "unit": "units.base",
    "units": "units",
    "weights": "machine.weights",
}
"""Modules that are public by a short name, wherever they lie."""

# Only `estimator` needs a package that may be missing; `from rbm_sim import *` then goes without it.
_PRESENT = tuple(name for name in _MODULES if name != "estimator" or importlib.util.find_spec("sklearn"))

__all__ = [*_HOME, *_PRESENT]  # noqa: PLE0604 - strings, all of them


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("replica-toolkit")
    if name in _HOME:
        return getattr(importlib.import_module(f"rbm_sim.{_HOME[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"rbm_sim.{_MODULES[name]}")
    raise AttributeError(f"module 'rbm_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
