"""Simulation of restricted Boltzmann machines: what finite machines do, in NumPy.

`RBM` with the unit types `Bernoulli`, `Spin`, `Gaussian`, `ReLU` and `Mixture`, or units of one's own, `Discrete` and
`Continuous`; the modules `exact` (enumeration of small machines), `patterns` (random patterns), `dynamics` (zero
temperature), `measure` (order parameters), `capacity` (retrieval against size and load); at T > 0 `averages` (of any
observable, with errors by `timeseries`), `fluctuation` (order parameters and responses), `moves` (single units) and
`tempering`.
"""

import importlib.util
from typing import Any

_HOME = {
    "PackedPatterns": "packed",
    "RBM": "rbm",
    "State": "rbm",
    "Bernoulli": "units",
    "Continuous": "continuous",
    "Discrete": "discrete",
    "Gaussian": "units",
    "Mixture": "mixture",
    "ReLU": "units",
    "Spin": "units",
    "Unit": "unit",
    "thermal_averages": "averages",
    "order_parameters_at": "fluctuation",
    "order_parameters": "measure",
    "overlaps": "measure",
    "participation_ratio": "measure",
    "weight_sparsity": "measure",
    "pattern_state": "patterns",
    "pattern_weights": "patterns",
    "random_patterns": "patterns",
    "anneal": "tempering",
    "parallel_tempering": "tempering",
    "Average": "timeseries",
}
_MODULES = (
    "ais",
    "averages",
    "capacity",
    "continuous",
    "couplings",
    "critical_load",
    "datasets",
    "discrete",
    "dynamics",
    "estimator",
    "exact",
    "exact_learning",
    "extensivity",
    "finite_size",
    "fluctuation",
    "gibbs",
    "learned",
    "learning",
    "likelihood",
    "measure",
    "mixture",
    "moves",
    "own_unit",
    "packed",
    "patterns",
    "planted",
    "rbm",
    "renormalisation",
    "runs",
    "tempering",
    "timeseries",
    "trial",
    "unit",
    "units",
    "weights",
)

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
        return importlib.import_module(f"rbm_sim.{name}")
    raise AttributeError(f"module 'rbm_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
