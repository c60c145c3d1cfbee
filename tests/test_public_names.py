"""Public names, dotted paths of earlier versions, and paths that the documentation names stay importable."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rbm_sim
import replica
from replica._moved import MOVED, TASKS, renamed

ROOT = Path(__file__).resolve().parents[1]

REPLICA = """
    Branch ConvergenceError CriticalPoint H IncompleteWarning PhaseDiagram Solution SolutionList Solutions Status
    __version__ coexistence ell_star
    follow gaussian_average instability models phase_boundary phase_diagram replicon solve solve_all spinodal
"""
MODELS = """
    CompositionalRBM DenseHopfield DilutedHopfield GeneralRBM Hopfield Hopfield1RSB PlantedHopfield PottsHopfield
    ReluRBM SparseCodingHopfield ThresholdHopfield catalogue get
"""
RBM_SIM = """
    Average Bernoulli Continuous DReLU Discrete Gaussian Mixture Normal PackedPatterns Potts RBM ReLU Spin State Unit
    ais amp anneal averages capacity conditional continuous couplings critical_load datasets discrete dynamics
    estimator evolution exact exact_learning extensivity finite_size fluctuation gibbs interchange learned learning
    likelihood measure mixture moves order_parameters order_parameters_at order_parameters_over overlaps own_unit
    packed parallel_tempering participation_ratio pattern_state pattern_weights patterns place planted
    random_patterns rbm reconstruct reconstruction_error renormalisation runs tap tempering thermal_averages
    timeseries trial unit units weight_sparsity weights
"""
OLD = """
    replica.at_line replica.best_ell replica.branch replica.cells replica.checkpoint replica.cli replica.cold_averages
    replica.continuous replica.critical replica.curve_tracing replica.diagram replica.elementary replica.encoding
    replica.field_averages replica.flat replica.fold replica.formats replica.gaussian replica.general_states
    replica.glass replica.grid replica.homotopy replica.layer_equations replica.level_curves replica.listing
    replica.model replica.modelargs replica.newton replica.one_step replica.one_step_chart replica.one_step_rbm
    replica.one_step_relu replica.one_step_spin replica.one_step_thermal replica.options replica.pattern_sum
    replica.phase.crosscheck replica.phase.lines replica.phases replica.potentials replica.precision
    replica.provenance replica.rootfinding replica.sk replica.solution replica.solver replica.sparse_chart
    replica.sparse_rbm replica.sparse_states replica.spin_averages replica.stability replica.sweep replica.table
    replica.workers rbm_sim.ais rbm_sim.averages rbm_sim.capacity rbm_sim.continuous rbm_sim.couplings
    rbm_sim.critical_load rbm_sim.datasets rbm_sim.discrete rbm_sim.dynamics rbm_sim.estimator rbm_sim.exact
    rbm_sim.exact_learning rbm_sim.extensivity rbm_sim.finite_size rbm_sim.fluctuation rbm_sim.gibbs
    rbm_sim.landscape rbm_sim.learned rbm_sim.learning rbm_sim.likelihood rbm_sim.measure rbm_sim.mixture
    rbm_sim.moves rbm_sim.own_unit rbm_sim.packed rbm_sim.patterns rbm_sim.planted rbm_sim.rbm
    rbm_sim.renormalisation rbm_sim.results rbm_sim.runs rbm_sim.studies rbm_sim.study_plot rbm_sim.tempering
    rbm_sim.timeseries rbm_sim.training rbm_sim.training_plot rbm_sim.trial rbm_sim.unit rbm_sim.units
    rbm_sim.weights
"""
"""Modules of version 0.1, commands and packages left out."""
NAMES_OF_OLD = {
    "replica.model": "Chart Diagram ExactState Finder Found Model Order control",
    "replica.solution": "ConvergenceError Solution Solutions Status",
    "replica.critical": "CriticalPoint coexistence spinodal",
    "replica.potentials": "Bernoulli Discrete Gaussian Mixture Potential ReLU Spin UnitLaw",
    "replica.continuous": "Continuous",
    "replica.sweep": "collect executor in_turn run_alone sweep",
    "replica.table": "SUFFIXES Table check_writable provenance",
    "replica.cli": "Parser UsageError add_common compute emit grids integer parameters product progress run warn",
    "replica.gaussian": "Average H H_scaled gaussian_average log_H phi",
    "rbm_sim.measure": "Histogram OrderParameters condensed densities distance histogram order_parameters overlaps "
    "participation_ratio rescaled_overlap silent_units weight_norm weight_sparsity",
    "rbm_sim.learning": "DivergedError Learner Options Parameters",
    "rbm_sim.units": "Bernoulli Gaussian ReLU Spin TwoValued",
    "rbm_sim.results": "Retrieval",
}


def needs(name):
    """Skip where a module needs a package that may be missing."""
    if name.endswith("estimator"):
        pytest.importorskip("sklearn")


def test_the_public_names_are_these():
    assert sorted(replica.__all__) == sorted(REPLICA.split())
    assert sorted(set(dir(replica.models)) - {"catalogue", "get"}) == sorted(set(MODELS.split()) - {"catalogue", "get"})
    pytest.importorskip("sklearn")
    assert sorted(rbm_sim.__all__) == sorted(RBM_SIM.split())


@pytest.mark.parametrize("name", [*REPLICA.split()])
def test_replica_has_it(name):
    assert getattr(replica, name) is not None


@pytest.mark.parametrize("name", [*RBM_SIM.split()])
def test_rbm_sim_has_it(name):
    needs(name)
    assert getattr(rbm_sim, name) is not None


@pytest.mark.parametrize("name", OLD.split())
def test_old_dotted_paths_import_and_are_the_new_modules(name):
    needs(name)
    module = importlib.import_module(name)
    if name in MOVED:
        assert module is importlib.import_module(MOVED[name])
        assert module.__name__ == module.__spec__.name == MOVED[name]
    for attribute in NAMES_OF_OLD.get(name, "").split():
        assert getattr(module, attribute) is not None


def test_an_old_path_alone_in_a_fresh_interpreter():
    first = "from replica.gaussian import H\nfrom rbm_sim.exact import log_partition"
    code = f"{first}\nimport rbm_sim.runs as r\nprint(r.__name__)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == ["rbm_sim.learning.run_files"]


def test_an_old_path_runs_as_a_module():
    """`python -m` of a module without a command does nothing, and no traceback."""
    words = [sys.executable, "-W", "ignore", "-m", "replica.newton"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_new_names_are_modules():
    for new in MOVED.values():
        needs(new)
        assert importlib.util.find_spec(new) is not None


def documented():
    """Dotted paths in README, docs and docstrings."""
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    texts += [p for d in ("replica", "rbm_sim", "figures") for p in (ROOT / d).rglob("*.py")]
    found = set()
    for path in texts:
        found |= set(re.findall(r"(?<![\w./])(?:replica|rbm_sim)(?:\.[A-Za-z_]\w*)+", path.read_text("utf-8")))
    return sorted(found)


def resolved(path):
    """The thing a dotted path names: the longest module, then attributes."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            thing = getattr(thing, name)
        return thing
    raise ModuleNotFoundError(path)


def test_every_documented_path_resolves():
    pytest.importorskip("sklearn")
    pytest.importorskip("flint")
    missing = []
    for path in documented():
        if path.endswith((".py", ".md", ".txt", ".csv", ".json", ".npz", ".png", ".svg", ".html")):
            continue
        try:
            resolved(path)
        except (AttributeError, ModuleNotFoundError):
            missing.append(path)
    assert missing == []


def test_a_checkpoint_of_an_earlier_version_names_the_same_task():
    old = '{"call": "replica.phase.lines.row", "with": ["hopfield", 0, null], "and": {}}'
    assert renamed(old) == old.replace("phase.lines", "phase.lines_command")
    assert renamed('"replica.phase.lines_command.row"') == '"replica.phase.lines_command.row"'


@pytest.mark.parametrize(("old", "new"), TASKS.items())
def test_a_task_that_left_its_module_is_found_under_both_names(old, new):
    assert renamed(f'{{"call": "{old}"}}') == f'{{"call": "{new}"}}'
    assert resolved(old) is resolved(new)
    assert f"{resolved(new).__module__}.{resolved(new).__qualname__}" == new
