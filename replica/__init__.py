"""Replica theory of associative memory and restricted Boltzmann machines.

Solve the saddle-point equations of a model completely, follow its branches, find its critical points:

>>> import replica
>>> from replica.models import Hopfield
>>> [s.kind for s in replica.solve_all(Hopfield(alpha=0.01, T=0.1), n_condensed=(1,))]
['retrieval', 'spin_glass', 'retrieval']
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from replica._moved import install

install()

_PUBLIC = {
    "solve": "replica.saddle.solver",
    "solve_all": "replica.saddle.solver",
    "Solution": "replica.saddle.solution",
    "SolutionList": "replica.saddle.solution",
    "Solutions": "replica.saddle.solution",
    "Status": "replica.saddle.solution",
    "ConvergenceError": "replica.errors",
    "IncompleteWarning": "replica.errors",
    "replicon": "replica.saddle.stability",
    "follow": "replica.critical",
    "Branch": "replica.critical",
    "spinodal": "replica.critical",
    "coexistence": "replica.critical",
    "instability": "replica.critical",
    "CriticalPoint": "replica.critical",
    "ell_star": "replica.diagrams.best_ell",
    "phase_boundary": "replica.diagrams.compositional_phases",
    "phase_diagram": "replica.diagrams.phase_map",
    "PhaseDiagram": "replica.diagrams.phase_map",
    "H": "replica.numerics.gaussian",
    "gaussian_average": "replica.numerics.gaussian_averages",
}

__all__ = [*_PUBLIC, "__version__", "models"]  # noqa: PLE0604 - the names are the keys


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name == "models":
        return import_module("replica.models")
    if name == "__version__":
        from importlib.metadata import version

        return version("replica-toolkit")
    raise AttributeError(f"module 'replica' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
