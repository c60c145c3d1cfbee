"""The framework of figures on a small package of invented ones."""

import csv
import importlib
import io
import sys

import pytest

from figures.__main__ import difference, main
from replica.cli import run
from replica.table import Table

LINE = '''"""A straight line (A 1999, fig. 1)."""
from replica.table import Table
SLOPE = 2.0
def compute():
    return Table({"x": [0.0, 0.1, 0.2], "y": [SLOPE * x for x in (0.0, 0.1, 0.2)], "kind": ["a", "b", None]})
def draw(table, figure):
    figure.add_subplot().plot(table["x"], table["y"])
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `drawings` with the figures `line` and `wrong`."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "line.py").write_text(LINE)
    (folder / "wrong.py").write_text('"""Wrong."""\ndef compute():\n    raise ValueError("no")\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("drawings")
    for name in [name for name in sys.modules if name.partition(".")[0] == "drawings"]:
        del sys.modules[name]


def command(package, *words):
    return run(lambda argv: main(argv, package), ["--quiet", *words, "--format", "csv"])


def statuses(capsys):
    return {row["figure"]: row["status"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def test_list(package, capsys):
    assert command(package, "--list") == 0
    assert capsys.readouterr().out == 'figure,title\nline,"A straight line (A 1999, fig. 1)."\nwrong,Wrong.\n'


def test_the_same_files_twice(package, capsys, tmp_path):
    assert command(package, "line", "--recompute") == 0
    assert statuses(capsys) == {"line": "written"}
    folder = tmp_path / "drawings"
    first = {path.name: path.read_bytes() for path in folder.glob("line.[cp][sn]*")}
    assert set(first) == {"line.csv", "line.png"}
    table = Table.read(folder / "line.csv")
    assert table["y"] == (0.0, 0.2, 0.4)
    assert table.meta["parameters"] == {"figure": "line"}
    assert "commit" not in table.meta
    command(package, "line", "--recompute")
    assert {name: (folder / name).read_bytes() for name in first} == first
    assert not list(folder.glob("*.log.json"))


def test_redraw_takes_the_numbers_that_are_there(package, capsys, monkeypatch, tmp_path):
    command(package, "line", "--recompute")
    folder = tmp_path / "drawings"
    first = {path.name: path.read_bytes() for path in folder.glob("line.[cp][sn]*")}
    monkeypatch.setattr("drawings.line.SLOPE", 3.0)
    (folder / "line.png").unlink()
    capsys.readouterr()
    assert command(package, "line") == 0
    assert "line,written,line.png" in capsys.readouterr().out
    assert {name: (folder / name).read_bytes() for name in first} == first


def test_check_compares_with_the_committed_numbers(package, capsys, monkeypatch):
    command(package, "line", "--recompute")
    capsys.readouterr()
    assert command(package, "line", "--check") == 0
    assert statuses(capsys) == {"line": "agrees"}
    monkeypatch.setattr("drawings.line.SLOPE", 2.0 + 1e-11)
    assert command(package, "line", "--check") == 0
    monkeypatch.setattr("drawings.line.SLOPE", 2.1)
    capsys.readouterr()
    assert command(package, "line", "--check") == 1
    captured = capsys.readouterr()
    assert "line: y, row 3: 0.42" in captured.err
    assert ",differs," in captured.out
    monkeypatch.setattr("drawings.line.RTOL", 0.2, raising=False)
    assert command(package, "line", "--check") == 0


def test_failures_are_rows_and_the_others_go_on(package, capsys):
    assert command(package, "--recompute") == 1
    captured = capsys.readouterr()
    assert "wrong: ValueError: no" in captured.err
    assert [row["status"] for row in csv.DictReader(io.StringIO(captured.out))] == ["written", "failed"]
    assert command(package, "wrong", "--check") == 1


def test_unknown_name_says_what_there_is(package, capsys):
    assert command(package, "line", "circle") == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "no figure is called 'circle'; there are line, wrong" in captured.err
    assert captured.out == ""


def test_difference():
    table = Table({"x": [1.0, None], "kind": ["a", "b"]})
    assert difference(table, table) is None
    assert "columns" in difference(table, table.select(["x"]))
    assert "2 rows instead of 1" in difference(table, Table({"x": [1.0], "kind": ["a"]}))
    assert "kind, row 2" in difference(table, Table({"x": [1.0, None], "kind": ["a", "c"]}))
    assert "x, row 2: None instead of 2.0" in difference(table, Table({"x": [1.0, 2.0], "kind": ["a", "b"]}))
    assert difference(table, Table({"x": [1.0 + 1e-12, None], "kind": ["a", "b"]})) is None
    assert difference(Table({"x": [float("inf")]}), Table({"x": [1.0]})) is not None
