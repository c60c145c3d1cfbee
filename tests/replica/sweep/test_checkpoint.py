"""Checkpoints: what they hold, what they refuse, what a full disk does."""

import json
import math
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replica import cli
from replica.errors import UsageError
from replica.sweep import sweep
from replica.sweep.checkpoint import Checkpoint, begun_at
from replica.table.encoding import decode, encode

calls = []


def inverse(point):
    calls.append(point)
    return {"x": point, "inverse": 1 / point}


def scaled(factor, point):
    return factor * point


def through_json(value):
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@given(st.floats())
def test_floats_come_back_bit_for_bit(x):
    again = through_json(x)
    assert math.isnan(again) if math.isnan(x) else struct.pack("d", again) == struct.pack("d", x)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        "ℓ\n",
        [1.5, (2, "a"), {"k": None}],
        {1: "a", (1, 2): 0.1},
        {"~": "mpf"},
        1e-310 + 2j,
        Fraction(1, 3),
        np.float64(0.1),
        np.float32(0.1),
        np.int64(3),
        np.bool_(True),
        np.str_("b"),
    ],
)
def test_values_come_back_with_their_types(value):
    again = through_json(value)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", "c16", "i8", "?", "U3"])
@pytest.mark.parametrize("shape", [(2, 3), (0,), ()])
def test_arrays_come_back(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    again = through_json(array)
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert (again == array).all()


def test_numbers_of_many_digits_come_back():
    for digits in (50, 6000):
        with mpmath.workdps(digits):
            x = mpmath.mpf(2) / 3
        assert through_json(x)._mpf_ == x._mpf_
    for text in ("inf", "-inf", "nan", "0"):
        assert through_json(mpmath.mpf(text))._mpf_ == mpmath.mpf(text)._mpf_


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()]), b"x"])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="cannot be kept"):
        encode(value)


def run(path, points=(1.0, 3.0, 7.0), task=inverse, executor=None):
    calls.clear()
    return list(sweep(task, points, checkpoint=path, executor=executor))


def test_a_rerun_computes_only_what_is_missing(tmp_path):
    path = tmp_path / "c"
    first = run(path)
    assert run(path) == first
    assert calls == []
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))
    with ThreadPoolExecutor(2) as pool:
        assert run(path, executor=pool) == first
    assert sorted(calls) == [3.0, 7.0]


def test_a_failed_point_is_tried_again(tmp_path):
    path = tmp_path / "c"
    assert isinstance(run(path, (1.0, 0.0))[1][1], ZeroDivisionError)
    run(path, (1.0, 0.0))
    assert calls == [0.0]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_half_written_line_is_dropped(tmp_path, cut):
    path = tmp_path / "c"
    first = run(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert run(path) == first
    assert calls == [7.0] if cut < 30 else calls
    assert run(path) == first
    assert calls == []


@pytest.mark.parametrize("length", [0, 5, 100])
def test_a_half_written_header_is_no_checkpoint_yet(tmp_path, length):
    path = tmp_path / "c"
    first = run(path)
    path.write_bytes(path.read_bytes()[:length])
    assert run(path) == first
    assert len(calls) == 3


def test_a_spoilt_line_is_computed_again(tmp_path):
    path = tmp_path / "c"
    first = run(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\0\0\0\n", b'{"task": 99, "result": 1}\n', *lines[2:]]))
    assert run(path) == first
    assert calls == [1.0]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"points": (1.0, 3.0)}, "its points is 3 from 1.0 to 7.0, here it is 2 from 1.0 to 3.0"),
        ({"points": (1.0, 4.0, 7.0)}, "here it is other 3 from 1.0 to 7.0"),
        ({"task": partial(scaled, 2.0)}, "its task is"),
    ],
)
def test_a_checkpoint_of_another_sweep_is_refused(tmp_path, other, said):
    path = tmp_path / "c"
    run(path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="belongs to another sweep") as error:
        run(path, **other)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    run(tmp_path / "d", task=partial(scaled, 2.0))
    with pytest.raises(UsageError, match=r"scaled.*2\.0.*scaled.*3\.0"):
        run(tmp_path / "d", task=partial(scaled, 3.0))


def test_another_version_is_another_sweep(tmp_path):
    path = tmp_path / "c"
    run(path)
    path.write_text(path.read_text().replace('"numpy": "', '"numpy": "0.'))
    with pytest.raises(UsageError, match="its numpy is 0"):
        run(path)


def test_a_file_that_is_no_checkpoint_is_left_alone(tmp_path):
    path = tmp_path / "c"
    path.write_text("notes")
    with pytest.raises(UsageError, match="is not a checkpoint"):
        run(path)
    assert path.read_text() == "notes"


def test_two_runs_cannot_share_a_checkpoint(tmp_path):
    pytest.importorskip("fcntl")
    with Checkpoint(tmp_path / "c", inverse, [1.0]), pytest.raises(UsageError, match="in use"):
        run(tmp_path / "c", (1.0,))


def test_the_commit_is_recorded_but_not_compared(tmp_path):
    path = tmp_path / "c"
    first = run(path)
    header, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([json.dumps(json.loads(header) | {"commit": "abc"}) + "\n", *rest]))
    assert begun_at(path) == "abc"
    assert run(path) == first
    assert begun_at(tmp_path / "none") is None


def test_a_full_disk_stops_the_sweep_after_what_was_finished(tmp_path, monkeypatch):
    path, real, written = tmp_path / "c", os.write, []

    def write(file, data):
        written.append(data)
        if len(written) == 3:
            return real(file, data[:10])
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        return real(file, data)

    finished = []
    with monkeypatch.context() as patch:
        patch.setattr("replica.sweep.checkpoint.os.write", write)
        with pytest.raises(OSError, match="No space left"):
            finished.extend(sweep(inverse, [1.0, 3.0, 7.0], checkpoint=path)) or finished
    assert path.read_bytes().endswith(b"}\n")
    assert len(path.read_bytes().splitlines()) == 2
    collected = []
    written[:] = []
    path.unlink()
    with monkeypatch.context() as patch, pytest.raises(OSError, match="c': No space left"):
        patch.setattr("replica.sweep.checkpoint.os.write", write)
        for result in sweep(inverse, [1.0, 3.0, 7.0], checkpoint=path):
            collected.append(result)
    assert [index for index, _ in collected] == [0, 1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_disk_full_from_the_start(tmp_path, monkeypatch, capsys):
    from replica.phase.__main__ import main

    (tmp_path / "o.csv.checkpoint").symlink_to("/dev/full")
    words = ["--model", "hopfield", "--T", "0", "0.1", "--out", str(tmp_path / "o.csv")]
    assert cli.run(main, words) == 1
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert err.count("\n") == 1


def test_a_result_that_cannot_be_written_is_printed(tmp_path, monkeypatch, capsys):
    from replica.phase.__main__ import main

    def write(self, *_, **__):
        raise OSError(28, "No space left on device")

    words = ["--model", "hopfield", "--T", "0", "0.1", "--out", str(tmp_path / "o.csv"), "--format", "csv"]
    with monkeypatch.context() as patch:
        patch.setattr("replica.table.Table.write", write)
        assert cli.run(main, words) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert "--out: cannot write" in err
    assert "No space left on device" in err
    assert err.count("\n") == 1
    assert (tmp_path / "o.csv.checkpoint").exists()
    assert cli.run(main, words) == 0
    assert not (tmp_path / "o.csv.checkpoint").exists()
