"""The folders are the architecture: what each may import, and that no file imports in a circle.

Every import is counted, those inside functions and under TYPE_CHECKING among them. docs/architecture.md shows the
same list.
"""

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS = """
figures                    -> paper_checks rbm_sim replica
paper_checks               -> rbm_sim replica

rbm_sim.__main__           -> joint commands replica.cli
rbm_sim.joint              -> commands learning retrieval observables tap machine units _support replica
rbm_sim.commands           -> interchange learning retrieval partition observables statistics machine units _support
                              replica.cli replica.table
rbm_sim.interchange        -> learning machine units _support replica.table
rbm_sim.learning           -> tap partition observables statistics machine units _support replica.table
rbm_sim.retrieval          -> observables statistics machine units _support
rbm_sim.sampling           -> observables statistics machine units _support
rbm_sim.tap                -> partition machine units _support
rbm_sim.partition          -> statistics machine units _support
rbm_sim.observables        -> machine units _support
rbm_sim.machine            -> units _support
rbm_sim.units              -> _support
rbm_sim.statistics         -> _support
rbm_sim._support           ->

replica.__main__           -> phase diagrams models cli table
replica.phase              -> diagrams saddle models numerics cli table
replica.certified          -> diagrams models averages numerics cli table
replica.diagrams           -> critical saddle models averages numerics sweep table
replica.symmetry_breaking  -> critical saddle models averages numerics
replica.critical           -> saddle models numerics
replica.saddle             -> models numerics
replica.models             -> models.sparse models.layers models.base weight_laws potentials averages numerics
replica.models.sparse      -> models.base averages numerics
replica.models.layers      -> models.base potentials averages numerics
replica.models.base        -> numerics
replica.potentials         -> averages numerics
replica.weight_laws        -> averages
replica.averages           -> numerics
replica.numerics           ->
replica.cli                -> sweep table
replica.sweep              -> table
replica.table              ->
replica.errors             ->
replica._remembered        ->
replica._moved             ->
"""
"""A line a room, from the roof down: what it may import, beside itself and `EVERYWHERE`."""

BY_NAME = {("replica.phase.__main__", "rbm_sim.joint.crosscheck")}
"""The one upward reference: `--simulate` loads the simulator by name when it is asked for."""

EVERYWHERE = {"replica.errors", "replica._remembered", "replica._moved"}
HOUSE = ("replica", "rbm_sim", "paper_checks", "figures")
DOORS = ("replica._moved", "replica.models")
"""What the two packages themselves may import."""
PLUMBING = ("cli", "sweep", "table", "errors", "_remembered", "_moved")
"""Folders and files of replica without physics."""

LAZY = {"replica", "rbm_sim", "replica.certified", "replica.models"}
"""Packages whose __init__ hands out public names from anywhere below, when asked."""


def arrows(text):
    """The list as {room: rooms it may import}, full names."""
    found = {}
    for line in re.sub(r"\n +(?=\S)", " ", text).strip().splitlines():
        if line.strip():
            room, _, below = line.partition("->")
            room = room.strip()
            top = room.split(".")[0]
            whole = ("replica", "rbm_sim", "paper_checks", "figures")
            names = [n if n.split(".")[0] in whole else f"{top}.{n}" for n in below.split()]
            found[room] = [n for n in names if n != room]
    return found


def room_of(module, rooms):
    """The innermost room that holds a module."""
    fitting = [r for r in rooms if module == r or module.startswith(f"{r}.")]
    return max(fitting, key=len) if fitting else None


@cache
def modules(root=ROOT):
    """Every module of the packages: {dotted name: path}."""
    found = {}
    for package in ("replica", "rbm_sim", "paper_checks", "figures"):
        for path in sorted((root / package).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def named(call):
    """The module that a call of `import_module` or `__import__` names, as far as its text says."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("import_module", "__import__") or not call.args:
        return None
    first = call.args[0]
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    if isinstance(first, ast.BinOp):
        first = first.left
    return first.value.rstrip(".") if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def imports(tree, known):
    """Modules that a file names in any import, wherever it stands; `from package import module` is one of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.Call) and named(node):
            yield named(node)


def of_house(tree, module, known):
    """Modules of the house that a file imports, itself not counted."""
    return {m for m in imports(tree, known) if m.split(".")[0] in HOUSE and m != module}


@cache
def graph(root=ROOT):
    """{module: modules of the house that it imports}."""
    known = modules(root)
    return {name: of_house(ast.parse(path.read_text("utf-8")), name, known) for name, path in known.items()}


def forbidden(found):
    """Imports that the list does not allow, as lines."""
    allowed = arrows(LAYERS)
    lines = []
    for module, targets in found.items():
        room = room_of(module, allowed)
        if module in ("replica", "rbm_sim"):
            # what they hand out is loaded by name, when asked for
            lines += [f"{module} imports {t}: {DOORS} only" for t in targets if t not in DOORS]
            continue
        for target in targets:
            below = room_of(target, allowed)
            inside = below == room or below in EVERYWHERE
            place = f"{below or target}."
            if not inside and not any(place.startswith(f"{a}.") for a in allowed.get(room, ())):
                lines.append(f"{module} imports {target}: {room} may not import {below or target}")
    return sorted(lines)


def test_every_file_has_a_room():
    rooms = arrows(LAYERS)
    assert [m for m in modules() if room_of(m, rooms) is None and m not in LAZY] == []


def test_imports_run_down():
    assert forbidden(graph()) == []


def test_the_list_itself_runs_down():
    allowed = arrows(LAYERS)
    order = list(allowed)
    for room, below in allowed.items():
        for name in below:
            assert name in ("replica", "rbm_sim", "paper_checks") or order.index(name) > order.index(room), (room, name)


def test_no_arrow_is_idle():
    """What the list allows is done somewhere, so that it shows the house as it is."""
    allowed, found = arrows(LAYERS), graph()
    done = {(room_of(m, allowed), room_of(t, allowed) or t) for m, targets in found.items() for t in targets}
    idle = [
        (a, b)
        for a, below in allowed.items()
        for b in below
        if not any(r == a and f"{x}.".startswith(f"{b}.") for r, x in done)
    ]
    assert idle == []


def test_no_import_is_relative():
    """A path from the top says which room it goes to."""
    for module, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level], module


def test_no_circles():
    try:
        tuple(TopologicalSorter(graph()).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(reversed(circle.args[1])))


def test_theory_and_experiment_meet_in_one_room():
    for module, targets in graph().items():
        theory = {t for t in targets if t.startswith("replica.") and t.split(".")[1] not in PLUMBING}
        experiment = {t for t in targets if t.split(".")[0] == "rbm_sim"}
        if module.startswith("rbm_sim") and not module.startswith("rbm_sim.joint"):
            assert not theory, module
        if module.startswith("replica"):
            assert not experiment, module


def test_the_upward_reference_is_by_name():
    """What is loaded by a string is found too: modules of rbm_sim that replica names."""
    found = set()
    for module, path in modules().items():
        if module.startswith("replica") and module != "replica._moved":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and re.fullmatch(r"rbm_sim(\.\w+)+", node.value)
                ):
                    found.add((module, node.value))
    assert found == BY_NAME


def test_the_architecture_page_shows_the_same_list():
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    blocks = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    assert any(arrows(b) == arrows(LAYERS) for b in blocks if "->" in b)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("replica.numerics.newton", "from replica.models.base import Model"),
        ("replica.numerics.newton", "import replica.saddle.solver"),
        ("replica.models.hopfield", "def f():\n    from replica.critical import spinodal"),
        ("rbm_sim.machine.rbm", "from rbm_sim.sampling import averages"),
        ("rbm_sim.retrieval.trial", "from replica.models import Hopfield"),
        ("replica.numerics.newton", "import importlib\nimportlib.import_module('replica.saddle.solver')"),
        ("rbm_sim.units.base", "import_module(f'replica.models.{name}')"),
        ("replica.phase.lines_command", "if TYPE_CHECKING:\n    from rbm_sim import RBM"),
    ],
)
def test_an_import_upwards_turns_it_red(module, line):
    """The test of the test: one more import in one file, and a line says which."""
    found = graph()
    extra = of_house(ast.parse(line), module, modules())
    (found_line,) = set(forbidden({**found, module: found[module] | extra})) - set(forbidden(found))
    assert found_line.startswith(f"{module} imports")


def test_a_circle_turns_it_red():
    found = dict(graph())
    found["replica.numerics.gaussian"] = found["replica.numerics.gaussian"] | {"replica.numerics.rootfinding"}
    found["replica.numerics.rootfinding"] = found["replica.numerics.rootfinding"] | {"replica.numerics.gaussian"}
    with pytest.raises(CycleError):
        tuple(TopologicalSorter(found).static_order())
