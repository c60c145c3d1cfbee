"""The documentation site: its examples run, its links lead somewhere, its generated pages hold what they should."""

import ast
import importlib.util
import os
import re
import sys
from pathlib import Path

import pytest

from replica.phase.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "generated" not in path.parts)
TESTED_ELSEWHERE = {"renormalisation.md"}
OWN_MODEL = (DOCS / "own_model.md").read_text("utf-8")
LONG = {"general.md", "replica_symmetry_breaking.md", "compositional.md"}
every_page = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow) if path.name in LONG else path for path in PAGES],
    ids=lambda path: str(path.relative_to(DOCS)),
)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    path_before = sys.path.copy()
    spec.loader.exec_module(module)
    sys.path[:] = path_before
    return module


examples = load(ROOT / "tests" / "readme_examples.py")
site = load(DOCS / "_pages.py")


@pytest.mark.medium
@every_page
def test_python_on_a_page_prints_what_it_says(path):
    if path.name in TESTED_ELSEWHERE:
        pytest.skip("its own tests run it")
    if os.environ.get("CI"):
        pytest.skip("make examples runs them too")
    names = {"__name__": "example"}
    for kind, body in examples.blocks(path.read_text("utf-8")):
        if kind == "python":
            assert examples.run_python(body, names) is None


@every_page
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if not re.match(r"[a-z]+:|#", target) and "generated/" not in target:
            assert (path.parent / target.partition("#")[0]).exists(), target


@every_page
def test_every_page_is_in_the_contents(path):
    name = path.relative_to(DOCS).with_suffix("").as_posix()
    contents = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text("utf-8"), flags=re.M | re.S)
    assert name == "index" or name in "\n".join(contents).splitlines()


# The model of docs/own_model.md.


def test_the_page_of_an_own_model_shows_the_file_of_the_catalogue():
    (source,) = (body for kind, body in examples.blocks(OWN_MODEL) if kind == "python" and ">>>" not in body)
    assert source == (ROOT / "replica/models/diluted_hopfield.py").read_text("utf-8")


def test_an_own_model_takes_at_most_fifty_lines_of_code():
    source = (ROOT / "replica/models/diluted_hopfield.py").read_text("utf-8")
    described = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            described |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    code = [line for number, line in enumerate(source.splitlines(), 1) if line.strip() and number not in described]
    assert len(code) <= 50


@pytest.mark.medium
def test_the_command_prints_what_the_page_of_an_own_model_says(capsys):
    line, shown = re.search(r"^\$ python -m replica\.phase ([^\n]*)\n(.*?)^```", OWN_MODEL, flags=re.M | re.S).groups()
    assert main(line.split()) == 0
    assert capsys.readouterr().out.split() == shown.split()


# Pages made from the code.


def test_the_gallery_holds_every_picture():
    text = site.gallery()
    for picture in (ROOT / "figures").glob("*.png"):
        assert f"../../figures/{picture.name}\n" in text
    assert "Amit, Gutfreund & Sompolinsky" in text


def test_the_reference_holds_every_public_module():
    pages = dict(site.reference())
    assert {
        "replica",
        "rbm_sim",
        "replica.models.hopfield",
        "replica.phase.lines_command",
        "rbm_sim.machine.rbm",
    } <= set(pages)
    assert not any("._" in name or name.endswith("__main__") for name in pages)
    assert ":doc:`replica.saddle.solver <replica.saddle.solver>`" in pages["replica"]


@pytest.mark.medium
def test_pages_are_written_once_and_old_ones_removed(tmp_path):
    (tmp_path / "old.rst").write_text("gone", "utf-8")
    site.write(tmp_path)
    assert not (tmp_path / "old.rst").exists()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    site.write(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_formulas_of_docstrings_are_kept_as_they_are():
    lines = ["The load |a| of C_ and `x_`:", "", "    m = |x|*y_", "", "Text.", "", "Notes", "-----", "n"]
    assert site.prepared(lines) == [
        *("The load \\|a\\| of C\\_ and `x_`:", "", "::", "", "    m = |x|*y_", ""),
        *("Text.", "", "Notes", "-----", "n"),
    ]


@pytest.mark.parametrize(
    ("docname", "text", "expected"),
    [
        ("index", "a\nlearning\nb\n", "a\nb\n"),
        ("theory", "learning\n", "learning\n"),
        ("theory", "see [the README](../README.md#set-up).", "see the README."),
        ("theory", "![p](../figures/p.png) [q](theory.md)", "![p](../figures/p.png) [q](theory.md)"),
    ],
)
def test_a_page_loses_what_the_site_does_not_have(docname, text, expected, tmp_path):
    class App:
        srcdir = tmp_path

    source = [text]
    site.process_source(App, docname, source)
    assert source == [expected]
