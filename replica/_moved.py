"""Old dotted names of modules: importing one gives the module where it lies now.

Files moved into folders after version 0.1. The module paths of then stay importable for two minor versions
(CHANGELOG.md says when one goes); new code uses the new ones. An old name and a new one give the same module object.
Threads that import old names before `replica` itself is imported may not find them: import `replica` first.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

__all__ = ["MOVED", "TASKS", "install", "renamed"]

MOVED = {
    "rbm_sim._arrayfile": "rbm_sim._support.arrayfile",
    "rbm_sim._blas": "rbm_sim._support.blas",
    "rbm_sim._check": "rbm_sim._support.check",
    "rbm_sim._cumulants": "rbm_sim.units.cumulants",
    "rbm_sim._half_line": "rbm_sim.units.half_line",
    "rbm_sim._random": "rbm_sim._support.random",
    "rbm_sim.ais": "rbm_sim.partition.ais",
    "rbm_sim.averages": "rbm_sim.sampling.averages",
    "rbm_sim.capacity": "rbm_sim.retrieval.capacity",
    "rbm_sim.continuous": "rbm_sim.units.continuous",
    "rbm_sim.couplings": "rbm_sim.partition.couplings",
    "rbm_sim.critical_load": "rbm_sim.retrieval.critical_load",
    "rbm_sim.datasets": "rbm_sim.learning.datasets",
    "rbm_sim.discrete": "rbm_sim.units.discrete",
    "rbm_sim.dynamics": "rbm_sim.retrieval.dynamics",
    "rbm_sim.estimator": "rbm_sim.learning.estimator",
    "rbm_sim.exact": "rbm_sim.partition.exact",
    "rbm_sim.exact_learning": "rbm_sim.learning.maximum_likelihood",
    "rbm_sim.extensivity": "rbm_sim.partition.extensivity",
    "rbm_sim.finite_size": "rbm_sim.statistics.finite_size",
    "rbm_sim.fluctuation": "rbm_sim.sampling.fluctuation",
    "rbm_sim.gibbs": "rbm_sim.machine.gibbs",
    "rbm_sim.landscape": "rbm_sim.retrieval.landscape",
    "rbm_sim.learned": "rbm_sim.learning.measurements",
    "rbm_sim.likelihood": "rbm_sim.partition.likelihood",
    "rbm_sim.measure": "rbm_sim.observables",
    "rbm_sim.mixture": "rbm_sim.units.mixture",
    "rbm_sim.moves": "rbm_sim.sampling.moves",
    "rbm_sim.own_unit": "rbm_sim.units.from_energy",
    "rbm_sim.packed": "rbm_sim.machine.packed",
    "rbm_sim.patterns": "rbm_sim.machine.patterns",
    "rbm_sim.planted": "rbm_sim.learning.planted",
    "rbm_sim.rbm": "rbm_sim.machine.rbm",
    "rbm_sim.renormalisation": "rbm_sim.partition.renormalisation",
    "rbm_sim.results": "rbm_sim.retrieval.results",
    "rbm_sim.runs": "rbm_sim.learning.run_files",
    "rbm_sim.studies": "rbm_sim.commands.studies",
    "rbm_sim.study_plot": "rbm_sim.commands.studies.plot",
    "rbm_sim.tempering": "rbm_sim.sampling.tempering",
    "rbm_sim.timeseries": "rbm_sim.statistics.timeseries",
    "rbm_sim.training": "rbm_sim.commands.training",
    "rbm_sim.training_plot": "rbm_sim.commands.training_plot",
    "rbm_sim.trial": "rbm_sim.retrieval.trial",
    "rbm_sim.unit": "rbm_sim.units.base",
    "rbm_sim.weights": "rbm_sim.machine.weights",
    "replica.at_line": "replica.critical.at_line",
    "replica.best_ell": "replica.diagrams.best_ell",
    "replica.branch": "replica.critical.branch",
    "replica.cells": "replica.table.cells",
    "replica.checkpoint": "replica.sweep.checkpoint",
    "replica.cold_averages": "replica.potentials.cold_averages",
    "replica.continuous": "replica.potentials.continuous",
    "replica.curve_tracing": "replica.numerics.arclength",
    "replica.diagram": "replica.diagrams.phase_map",
    "replica.elementary": "replica.numerics.elementary",
    "replica.encoding": "replica.table.encoding",
    "replica.field_averages": "replica.potentials.averages",
    "replica.flat": "replica.models.base.points",
    "replica.fold": "replica.numerics.fold_refinement",
    "replica.formats": "replica.table.formats",
    "replica.gaussian": "replica.numerics.gaussian",
    "replica.general_states": "replica.models.layers.states",
    "replica.glass": "replica.models.sparse.glass",
    "replica.grid": "replica.cli.grid",
    "replica.homotopy": "replica.numerics.homotopy",
    "replica.layer_equations": "replica.models.layers.curve_equations",
    "replica.level_curves": "replica.models.sparse.level_curves",
    "replica.listing": "replica.phase.solution_rows",
    "replica.model": "replica.models.base",
    "replica.modelargs": "replica.phase.model_options",
    "replica.newton": "replica.numerics.newton",
    "replica.one_step": "replica.averages.one_step_spin_cold",
    "replica.one_step_chart": "replica.models.hopfield_1rsb_chart",
    "replica.one_step_rbm": "replica.symmetry_breaking.relu_rbm",
    "replica.one_step_relu": "replica.averages.one_step_relu",
    "replica.one_step_spin": "replica.averages.one_step_spin",
    "replica.one_step_thermal": "replica.symmetry_breaking.hopfield_thermal",
    "replica.options": "replica.cli.options",
    "replica.pattern_sum": "replica.averages.pattern_sum",
    "replica.phase.crosscheck": "rbm_sim.joint.crosscheck",
    "replica.phase.lines": "replica.phase.lines_command",
    "replica.phases": "replica.diagrams.compositional_phases",
    "replica.precision": "replica.saddle.precision",
    "replica.provenance": "replica.table.provenance",
    "replica.rootfinding": "replica.numerics.rootfinding",
    "replica.sk": "replica.symmetry_breaking.sk",
    "replica.solution": "replica.saddle.solution",
    "replica.solver": "replica.saddle.solver",
    "replica.sparse_chart": "replica.models.sparse.chart",
    "replica.sparse_rbm": "replica.models.sparse.equations",
    "replica.sparse_states": "replica.models.sparse.states",
    "replica.spin_averages": "replica.averages.spin",
    "replica.stability": "replica.saddle.stability",
    "replica.workers": "replica.sweep.workers",
}
"""Old name to new one."""
TASKS = {
    "rbm_sim.studies.basin_task": "rbm_sim.commands.studies.tasks.basin_task",
    "rbm_sim.studies.load_task": "rbm_sim.commands.studies.tasks.load_task",
    "rbm_sim.studies.retrieval_task": "rbm_sim.commands.studies.tasks.retrieval_task",
}
"""Functions that checkpoints name and that left their module."""


class _Finder(importlib.abc.MetaPathFinder):
    """Finder of the old names."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, _Loader(MOVED[fullname])) if fullname in MOVED else None


class _Loader(importlib.abc.Loader):
    """Loader of the module that one old name stands for."""

    def __init__(self, new: str) -> None:
        self.new = new

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return importlib.import_module(self.new)

    def exec_module(self, module: ModuleType) -> None:
        # the machinery put the spec of the old name there
        module.__spec__ = importlib.util.spec_from_file_location(
            self.new,
            module.__file__,
            loader=module.__loader__,
            submodule_search_locations=getattr(module, "__path__", None),
        )

    def get_code(self, fullname: str) -> CodeType | None:
        """Code of the module, for ``python -m`` with an old name."""
        found = importlib.util.find_spec(self.new)
        assert found is not None
        assert isinstance(found.loader, importlib.abc.InspectLoader)
        return found.loader.get_code(self.new)


def renamed(text: str) -> str:
    """A text with old names of modules replaced, such as the task that a checkpoint names.

    Parameters
    ----------
    text : str
        Text with dotted names in quotes.

    Returns
    -------
    str
        The text, every old dotted name in it replaced by the one of today.
    """
    for old, new in TASKS.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    for old, new in MOVED.items():
        text = text.replace(f'"{old}.', f'"{new}.')
    return text


def install() -> None:
    """Make the old names importable, once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
