"""What is printed gets through: terminals without Greek, a closed or full stdout, names in bytes, full disks."""

import errno
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from replica import cli
from replica.cli import terminal
from replica.table import Table
from replica.table.provenance import replacing

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    ("replica", ["--help"]),
    ("replica", ["solve", "--help"]),
    ("replica", ["solve", "--model", "relu-rbm", "--help"]),
    ("replica", ["models"]),
    ("replica", ["models", "--format", "csv"]),
    ("replica", ["models", "--format", "json"]),
    ("replica.phase", ["--help"]),
    ("replica.certified", ["--help"]),
    ("rbm_sim", ["--help"]),
    *(("rbm_sim", [name, "--help"]) for name in ("capacity", "basin", "retrieve", "train", "sample", "measure")),
    ("figures", ["--help"]),
    ("figures", ["--list"]),
    ("paper_checks", ["--help"]),
]


def encoded(monkeypatch, module, words, encoding):
    """Exit status and the bytes that a terminal of an encoding gets."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    try:
        status = cli.run(importlib.import_module(f"{module}.__main__").main, words)
    except SystemExit as done:
        status = done.code
    stream.flush()
    return status, raw.getvalue()


@pytest.mark.some(12)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437"])
@pytest.mark.parametrize(("module", "words"), COMMANDS, ids=lambda x: x if isinstance(x, str) else " ".join(x))
def test_every_page_can_be_read_in_any_encoding(monkeypatch, module, words, encoding):
    status, printed = encoded(monkeypatch, module, words, encoding)
    assert status == 0
    text = printed.decode(encoding)
    assert len(text) > 100
    assert "\\u" not in text or "json" in words  # spelled, not escaped
    if encoding == "ascii" and words == ["train", "--help"]:
        assert "lambda" in text and "Sum" in text
    if "json" in words:
        monkeypatch.undo()
        _, whole = encoded(monkeypatch, module, words, "utf-8")
        assert json.loads(text) == json.loads(whole.decode("utf-8"))


@pytest.mark.parametrize(
    ("character", "word"),
    [
        *(("λ", "lambda"), ("Δ", "Delta"), ("−", "-"), ("²", "^2"), ("₁", "_1"), ("é", "e"), ("≤", "<="), ("½", "1/2")),
        *(("字", "\\u5b57"), ("x\u0302", "x^"), ("\udcff", "\\udcff")),
    ],
)
def test_characters_are_spelled(character, word):
    assert character.encode("ascii", terminal.HANDLER).decode("ascii") == word


@pytest.mark.medium
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_real_process_in_another_encoding(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "replica", "models"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"hopfield" in done.stdout


def shell(line, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = ["sh", "-c", f'exec "{sys.executable}" {line}']
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60, **options)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-m replica models >&-", b"standard output is closed"),
        ("-m rbm_sim capacity --help >&-", b"standard output is closed"),
        ("-m replica models >/dev/full", b"standard output: No space left on device"),
        ("-m replica models --format json >/dev/full", b"standard output: No space left on device"),
        ("-m replica models 2>&- >/dev/full", b""),
    ],
)
def test_a_stdout_that_takes_nothing_is_one_line(line, message):
    done = shell(line)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count(b"\n") == bool(message)


@pytest.mark.medium
def test_without_stderr_a_command_still_works():
    done = shell("-m replica models 2>&-")
    assert done.returncode == 0
    assert b"hopfield" in done.stdout
    assert shell("-m replica solve 2>&-").returncode == 2


def limited(size):
    """Let a process write files of so many bytes; Python hears of it as an error of the disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.npz", "p.png"])
def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path, name):
    words = ["--out", "t.csv", "--plot", name] if name == "p.png" else ["--out", name]
    (tmp_path / "r.npz").touch()
    line = "-m rbm_sim train --data bars-and-stripes:2 --units 1 --epochs 400 --quiet " if name == "t.csv" else ""
    line = line or "-m rbm_sim capacity --N 20 --alpha 0.1:0.9:9 --samples 2 --quiet "
    size = {"t.csv": 2000, "t.json": 700, "t.npz": 700, "p.png": 9000}[name]
    before = sorted(path.name for path in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, *line.split(), *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=100,
        preexec_fn=limited(size),
    )
    assert done.returncode == 1, done.stderr
    assert name in done.stderr.decode()
    assert b"File too large" in done.stderr
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr
    after = {path.name for path in tmp_path.iterdir()} - set(before)
    assert not [x for x in after if x.startswith(".") or (name in x and "checkpoint" not in x)]


def test_what_was_there_stays_when_a_file_cannot_be_written(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left") as caught, replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(path)
    assert cli.reason(caught.value) == f"{str(path)!r}: No space left on device"
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_memory_that_ends_is_one_line(capsys):
    def main(argv):
        raise MemoryError("Unable to allocate 119. GiB")

    assert cli.run(main, []) == 1
    assert capsys.readouterr().err.endswith("error: not enough memory: Unable to allocate 119. GiB\n")


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_names_that_are_not_utf8_are_recorded(tmp_path, suffix):
    name = os.fsdecode(b"d\xff.csv")
    table = Table({"file": [name, "λ"]}, {"parameters": {"data": name, "out": Path(name), name: 1}})
    table.write(tmp_path / f"{os.fsdecode(bytes([0xFE]))}{suffix}")
    (path,) = [p for p in tmp_path.iterdir() if not p.name.endswith(".log.json")]
    again = Table.read(path)
    assert again["file"] == ("d\\xff.csv", "λ")
    assert again.meta["parameters"] == {"data": "d\\xff.csv", "out": "d\\xff.csv", "d\\xff.csv": 1}
