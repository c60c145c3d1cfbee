"""Tables: what is read is what was written, bit for bit, in every format."""

import json
import math
import os
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replica.errors import UsageError
from replica.table import SUFFIXES, Table, provenance
from replica.table.provenance import check_writable, plain, replacing

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
NAMES = st.text("αβθabc_ ,\"'é0.", min_size=1).filter(lambda name: not name.startswith("__"))
KINDS = (st.floats(allow_nan=False), st.integers(), st.booleans(), WORDS)


@st.composite
def tables(draw):
    length = draw(st.integers(0, 5))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    columns = {
        name: draw(st.lists(st.none() | draw(st.sampled_from(KINDS)), min_size=length, max_size=length))
        for name in names
    }
    values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
    return Table(columns, draw(st.dictionaries(st.text("abcä", min_size=1), values | st.lists(values))))


def bits(value):
    return struct.pack("d", value) if isinstance(value, float) else (type(value), value)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(deadline=None)
@example(table=Table({"one": ["\r", None, "\r\n", '"', " ", "#"]}))
@given(table=tables())
def test_round_trip_bit_for_bit(suffix, table):
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, f"a{suffix}"), Path(folder, f"b{suffix}")
        table.write(first, log=False)
        back = Table.read(first)
        back.write(second, log=False)
        assert first.read_bytes() == second.read_bytes()
    assert back == table
    assert back.kinds() == table.kinds()
    for name in table.columns:
        assert [bits(v) for v in back[name]] == [bits(v) for v in table[name]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_numbers_of_many_digits_are_strings_of_that_many(suffix, tmp_path):
    with mpmath.workdps(40):
        root = mpmath.sqrt(2)
    table = Table({"theta": [Fraction(1, 10), None], "alpha_c": [root, mpmath.nan]}, digits=30)
    table.write(tmp_path / f"t{suffix}")
    back = Table.read(tmp_path / f"t{suffix}")
    assert json.loads(back.to_json())["rows"][0] == {
        "theta": "0.100000000000000000000000000000",
        "alpha_c": "1.41421356237309504880168872421",
    }
    assert back["alpha_c"][1] is None
    assert abs(back["alpha_c"][0] - root) < mpmath.mpf(10) ** -29


def test_columns_take_arrays_and_scalars_of_numpy():
    table = Table({"x": np.array([1.5, np.nan]), "n": [np.int64(3), None], "ok": np.array([True, False])})
    assert table.rows() == [{"x": 1.5, "n": 3, "ok": True}, {"x": None, "n": None, "ok": False}]
    assert [type(v) for v in table.rows()[0].values()] == [float, int, bool]


def test_json_is_strict():
    table = Table({"x": [math.nan, -math.inf, 0.1]}, {"worst": math.nan, "bound": math.inf})

    def refuse(word):
        raise AssertionError(word)

    content = json.loads(table.to_json(), parse_constant=refuse)
    assert content["rows"] == [{"x": None}, {"x": "-inf"}, {"x": 0.1}]
    assert content["meta"]["worst"] is None


def test_csv_without_comments_is_plain_and_can_be_read(tmp_path):
    table = Table({"n": [1, 2], "x": [0.1, None], "kind": ["a,b", "c"]}, {"seed": 1})
    text = table.to_csv(comments=False)
    assert text == 'n,x,kind\n1,0.1,"a,b"\n2,,c\n'
    (tmp_path / "t.csv").write_text(text)
    assert Table.read(tmp_path / "t.csv").columns == table.columns


def test_text_is_aligned_at_the_point_with_nulls_empty():
    table = Table({"theta": [0, 0.5], "alpha_c": [0.137905566494932, None], "phase": ["glass", "ferromagnet"]})
    assert table.to_text().splitlines() == [
        "theta     alpha_c  phase",
        "  0    0.13790557  glass",
        "  0.5              ferromagnet",
    ]


def test_from_rows_and_select():
    table = Table.from_rows([{"a": 1}, {"a": 2, "b": "x"}])
    assert table["b"] == (None, "x")
    assert list(table.select(["b"]).columns) == ["b"]
    assert len(table) == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1], "b": []}, "same length"),
        ({"a": [1, "x"]}, "mixes int and string"),
        ({"a": [[1]]}, "cannot hold a list"),
        ({"a": [1j]}, "cannot hold a complex"),
        ({"# a": [1]}, "cannot be called"),
        ({"": [1]}, "cannot be called"),
        ({"a": ["x\0"]}, "zero byte"),
    ],
)
def test_bad_columns_are_refused(columns, said):
    with pytest.raises(ValueError, match=said):
        Table(columns)


def test_equal_runs_give_equal_files_and_the_log_holds_the_rest(tmp_path):
    for name in ("a.npz", "b.npz", "a.csv", "b.csv"):
        Table({"x": [1.0]}, provenance({"theta": [0.5]}, seed=3)).write(tmp_path / name, duration=1.25)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    log = json.loads((tmp_path / "a.csv.log.json").read_text())
    assert log["duration"] == 1.25
    assert {"time", "host", "python"} <= set(log)
    assert len(list(tmp_path.iterdir())) == 8


def test_npz_opens_with_numpy_alone_and_without_pickle(tmp_path):
    Table({"file": [1.0, None], "n": [1, None], "kind": ["a", None]}).write(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as content:
        np.testing.assert_array_equal(content["file"], [1.0, np.nan])
        np.testing.assert_array_equal(content["n"], [1.0, np.nan])
        assert content["kind"].tolist() == ["a", ""]


def test_provenance_says_what_decides_a_result():
    found = provenance({"theta": (0, 0.5), "path": Path("x")}, seed=np.random.SeedSequence(7).spawn(2)[1])
    assert found["parameters"] == {"theta": [0, 0.5], "path": "x"}
    assert found["seed"] == {"entropy": 7, "spawn_key": [1]}
    assert {"schema", "package", "version", "numpy", "scipy", "mpmath"} <= set(found)
    assert json.loads(json.dumps(found)) == found
    with pytest.raises(ValueError, match="cannot be recorded"):
        plain(object())


def test_a_failed_write_leaves_the_old_file(tmp_path):
    (tmp_path / "t.csv").write_text("old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "t.csv") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert (tmp_path / "t.csv").read_text() == "old"


def test_unwritable_files_are_refused_before_the_work(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path, said in [
        (tmp_path / "t.txt", "allowed are .csv, .json, .npz"),
        (tmp_path / "t", "cannot tell the format"),
        (tmp_path / "nowhere" / "t.csv", "there is no folder"),
        (tmp_path / "folder.csv", "is a folder"),
        (Path("/proc/t.csv"), "cannot write"),
    ]:
        with pytest.raises(UsageError, match=said):
            check_writable(path, SUFFIXES)
    assert check_writable(tmp_path / "T.CSV", SUFFIXES) == tmp_path / "T.CSV"
    assert os.listdir(tmp_path) == ["folder.csv"]


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.npz"])
@pytest.mark.parametrize("content", ["# columns: {\nx\n1\n", "a,b\n1\n", '# columns: {"a": "int"}\na\nx\n'])
def test_a_file_that_is_no_table_is_said_to_be_none(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match="is not a table"):
        Table.read(tmp_path / name)


def test_provenance_names_the_commit_of_the_checkout():
    """Read anew from the files of git, without git: the commit, or the branch that names it."""
    from replica.table.provenance import ROOT, commit

    if not (ROOT / ".git").is_dir():
        pytest.skip("no checkout of its own")
    head = (ROOT / ".git" / "HEAD").read_text("utf-8").strip()
    name = head.removeprefix("ref: ")
    file = ROOT / ".git" / name
    if head != name and not file.exists():
        packed = (ROOT / ".git" / "packed-refs").read_text("utf-8").splitlines()
        head = next(line.split()[0] for line in packed if line.endswith(f" {name}"))
    elif head != name:
        head = file.read_text("utf-8").strip()
    assert commit().removesuffix("-dirty") == head
    assert (ROOT / "pyproject.toml").is_file()
