"""Every column of every command is explained."""

import re
from pathlib import Path

import pytest

from replica.__main__ import main
from replica.diagrams.critical_lines import diagrams_of
from replica.models import catalogue
from replica.phase.solution_rows import columns
from replica.table.glossary import SUFFIXES, TERMS, explained


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_columns_of_states_and_lines(name):
    cls = catalogue()[name]
    lines = [column for d in diagrams_of(cls) for column in (*d.scanned, *d.columns)]
    assert [column for column in (*lines, *columns(cls.order_type)) if explained(column) is None] == []


def test_columns_of_machines():
    from rbm_sim import RBM, Bernoulli, ReLU, place
    from rbm_sim.joint.placement import Placement
    from rbm_sim.learning.measurements import describe

    rbm = RBM([[1.0, -1.0], [0.5, 2.0], [1.0, 1.0]], visible=Bernoulli(), hidden=ReLU())
    assert isinstance(placed := place(rbm, [[0, 1, 1], [1, 0, 1]]), Placement)
    measured = describe(rbm, [[0, 1, 1], [1, 0, 1]])
    assert [column for column in (*placed.row(), *measured) if explained(column) is None] == []


def test_endings_name_the_column_before():
    assert explained("m_err") == "standard error of m"
    assert explained("alpha_c_syst") == "what the choice of the extrapolation leaves open in alpha_c"
    assert explained("nothing_err") is None
    assert explained("nothing") is None


def test_one_line_each():
    assert all(text and "\n" not in text and len(text) <= 110 for text in (*TERMS.values(), *SUFFIXES.values()))


def test_the_page_has_every_term():
    page = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([^`]*)` \| (.*) \|$", page, re.M))
    endings = {ending: text.format("…") for ending, text in SUFFIXES.items()}
    assert rows == {name: text.replace("|", "\\|") for name, text in (TERMS | endings).items()}


def test_the_command_explains_a_column_and_refuses_others(capsys):
    assert main(["columns", "m_err", "T_c", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["m_err,standard error of m", f"T_c,{TERMS['T_c']}"]
    with pytest.raises(SystemExit, match="2"):
        main(["columns", "nothing"])
    assert "error: nothing: no such column" in capsys.readouterr().err
