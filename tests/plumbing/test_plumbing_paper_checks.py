"""The framework of paper_checks on small packages of invented claims."""

import csv
import importlib
import io
import sys

import pytest

from paper_checks.__main__ import main
from paper_checks.check import Outcome, check, compare, last_digit
from replica.cli import run
from replica.table import Table

CLAIMS = """
from paper_checks.check import Outcome, Tolerance, Verdict, check, compare, last_digit

@check(source="A 1999", where="eq. 1", printed="3.14", seen="p")
def pi():
    return compare(3.14159, 3.14, last_digit("3.14"), "Archimedes")

@check(source="A 1999", where="eq. 2", printed="2.72", seen="r")
def e():
    return compare(2.71828, 2.72, last_digit("2.72"))

@check(source="A 1999", where="eq. 3", printed="1.42", seen="p", expected="misprint", slow=True)
def root():
    return Verdict(Outcome.MISPRINT, "1.41421", "the last two digits are exchanged")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `claims` with one good module; call it to add more modules."""
    folder = tmp_path / "claims"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a_1999.py").write_text(CLAIMS)
    monkeypatch.syspath_prepend(tmp_path)

    def build(**modules):
        for name, text in modules.items():
            (folder / f"{name}.py").write_text("from paper_checks.check import *\n" + text)
        importlib.invalidate_caches()
        return importlib.import_module("claims")

    yield build
    for name in [name for name in sys.modules if name.partition(".")[0] == "claims"]:
        del sys.modules[name]


def command(package, *words):
    return run(lambda argv: main(argv, package), ["--quiet", *words])


def rows(capsys):
    return {row["name"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def test_fast_checks_by_default_and_all_with_all(package, capsys):
    assert command(package(), "--format", "csv") == 0
    found = rows(capsys)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "a_1999.pi": "reproduced",
        "a_1999.e": "unchecked",
    }
    assert found["a_1999.pi"]["computed"] == "3.14159"
    assert found["a_1999.pi"]["tolerance_is"] == "0.5 of the last digit"
    assert command(package(), "--all", "--format", "csv") == 0
    assert rows(capsys)["a_1999.root"]["verdict"] == "misprint"


def test_the_terminal_gets_the_main_columns_and_a_file_all(package, capsys, tmp_path):
    assert command(package(), "--out", str(tmp_path / "t.json")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "verdict", "source", "section", "printed", "computed"]
    assert len(lines) == 3
    assert Table.read(tmp_path / "t.json")["note"] == ("Archimedes", "the value is found, but the text was not at hand")


@pytest.mark.parametrize("pattern", ["pi", "a_1999.p*", "PI", "*.pi"])
def test_patterns(package, capsys, pattern):
    assert command(package(), pattern, "--format", "csv") == 0
    assert list(rows(capsys)) == ["a_1999.pi"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no check matches 'nothing'"),
        (["pi", "nothing"], "no check matches 'nothing'"),
        (["root"], "only slow checks match 'root'"),
    ],
)
def test_a_pattern_without_match_is_bad_usage(package, capsys, words, said):
    assert command(package(), *words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_unexpected_verdicts_errors_and_broken_modules_are_rows_and_exit_1(package, capsys):
    claims = package(
        b_2001="""
given = dict(source="B", where="p. 1", printed="1", seen="p")
@check(**given)
def differs():
    return compare(2.0, 1.0, last_digit("1"))
@check(**given, expected="differs")
def differs_as_expected():
    return compare(float("nan"), 1.0, last_digit("1"))
@check(**given)
def raises():
    raise ZeroDivisionError("no such luck")
@check(**given)
def forgets():
    pass
@check(**{**given, "seen": "r"})
def blames_a_text_not_at_hand():
    return Verdict(Outcome.MISPRINT, "2", "")
""",
        c_2002="1 / 0",
    )
    assert command(claims, "--format", "csv") == 1
    captured = capsys.readouterr()
    found = {row["name"]: row["verdict"] for row in csv.DictReader(io.StringIO(captured.out))}
    assert found == {
        "a_1999.pi": "reproduced",
        "a_1999.e": "unchecked",
        "b_2001.differs": "differs",
        "b_2001.differs_as_expected": "differs",
        "b_2001.raises": "failed",
        "b_2001.forgets": "failed",
        "b_2001.blames_a_text_not_at_hand": "failed",
        "c_2002": "failed",
    }
    assert "b_2001.raises: failed, expected reproduced: ZeroDivisionError: no such luck" in captured.err
    assert captured.err.count("\n") == 5


def test_ctrl_c_keeps_the_finished_checks(package, capsys):
    claims = package(
        b_2001="""
@check(source="B", where="p. 1", printed="1", seen="p")
def interrupted():
    raise KeyboardInterrupt
"""
    )
    assert command(claims, "--format", "csv") == 130
    assert list(rows(capsys)) == ["a_1999.pi", "a_1999.e"]


@pytest.mark.parametrize(
    ("printed", "inside", "outside"),
    [
        ("0.138", 0.1384, 0.1386),
        ("-1.4e-3", -1.449e-3, -1.46e-3),
        ("−0.07", -0.0651, -0.0649),
        ("12", 12.5, 12.6),
        ("2E2", 249.0, 251.0),
    ],
)
def test_last_digit(printed, inside, outside):
    value = float(printed.replace("−", "-"))
    assert compare(inside, value, last_digit(printed)).outcome is Outcome.REPRODUCED
    assert compare(outside, value, last_digit(printed)).outcome is Outcome.DIFFERS


def test_bad_declarations_are_refused():
    for text in ("", "about 3", "1.2.3", "."):
        with pytest.raises(ValueError, match="not a decimal number"):
            last_digit(text)
    with pytest.raises(ValueError, match="seen = 'x'"):
        check(source="", where="", printed="", seen="x")
    with pytest.raises(ValueError, match="perhaps"):
        check(source="", where="", printed="", seen="p", expected="perhaps")
