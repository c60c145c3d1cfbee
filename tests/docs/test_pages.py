"""The documentation site: its examples run, its links lead somewhere, its generated pages hold what they should."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def run_with_the_model(folder, code):
    """Run Python with the file of the page in a folder of its own that is searched for models."""
    (source,) = (body for kind, body in examples.blocks(OWN_MODEL) if kind == "python" and ">>>" not in body)
    (folder / "diluted_hopfield.py").write_text(source, "utf-8")
    start = f"import replica.models; replica.models.__path__.append({str(folder)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", start + code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_the_model_of_the_page_keeps_the_contract(tmp_path):
    chosen = ["-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", "diluted-hopfield"]
    contract = "tests/replica/models/test_contract.py"
    done = run_with_the_model(tmp_path, f"import pytest, sys; sys.exit(pytest.main({[*chosen, contract]!r}))")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 20


@pytest.mark.medium
def test_the_commands_know_the_model_of_the_page(tmp_path):
    line, shown = re.search(r"^\$ python -m replica\.phase ([^\n]*)\n(.*?)^```", OWN_MODEL, flags=re.M | re.S).groups()
    done = run_with_the_model(tmp_path, f"from replica.phase.__main__ import main; main({line.split()!r})")
    assert done.stdout.split() == shown.split(), done.stderr


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
