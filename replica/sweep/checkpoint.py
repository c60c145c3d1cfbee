"""Finished tasks of a sweep on disk, a line each, so that a sweep that was stopped can go on.

The first line says which sweep it is; a file of another sweep is refused. Every line is written at once and whole;
one that was cut short is dropped and its point computed again. Numbers come back bit for bit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from replica._moved import renamed
from replica.errors import UsageError
from replica.table.encoding import decode, encode
from replica.table.provenance import DEPENDENCIES, DISTRIBUTION, commit, plain, version

__all__ = ["Checkpoint", "begun_at", "beside"]

SUFFIX = ".checkpoint"
FORMAT = 1
MAGIC = b'{"checkpoint": '
SHOWN = 120
"""Characters of a value in a message."""


def beside(path: str | Path) -> Path:
    """Name of the checkpoint that is kept beside a result while it is computed: `FILE.checkpoint`."""
    return Path(f"{path}{SUFFIX}")


def begun_at(path: str | Path) -> str | None:
    """Git commit of the checkout that began a checkpoint; None if there is no such file, or it does not say."""
    path = Path(path)
    if not path.is_file():
        return None
    with path.open("rb") as file, contextlib.suppress(ValueError, AttributeError):
        return json.loads(file.readline()).get("commit")
    return None


class Checkpoint:
    """The results of a sweep that are finished, and the file they are appended to.

    Parameters
    ----------
    path : str or Path
        The file; made if there is none.
    task : callable
        Function at the top of a module, or a `functools.partial` of one with plain arguments.
    points : sequence
        All points of the sweep.

    Attributes
    ----------
    finished : dict
        Index of a point to its result.

    Raises
    ------
    UsageError
        The file is of another sweep, in use, or no checkpoint at all.
    OSError
        It cannot be read or written, such as on a full disk.
    """

    def __init__(self, path: str | Path, task: Callable[[Any], Any], points: Sequence[Any]) -> None:
        self.path = Path(path)
        self.finished: dict[int, Any] = {}
        header = _header(task, points)
        with self._telling():
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            self._lock()
            self._read(header)
        except BaseException:
            self.close()
            raise

    def save(self, index: int, result: Any) -> None:
        """Append a result.

        Parameters
        ----------
        index : int
            Index of its point.
        result : object
            Numbers, strings, truth values, None, arrays, and lists, tuples and dictionaries of these.

        Raises
        ------
        TypeError
            It holds something else.
        OSError
            The file cannot be written, such as on a full disk.
        """
        self._append({"task": index, "result": encode(result)})

    def close(self) -> None:
        """Close the file; it stays where it is."""
        os.close(self._file)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _append(self, entry: Any) -> None:
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._telling():
            end = os.fstat(self._file).st_size
            try:
                while line:
                    line = line[os.write(self._file, line) :]
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, end)
                raise

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # not on this system
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{str(self.path)!r} is in use: the same sweep is running already") from None
        except OSError:  # not on this disk
            return

    def _read(self, header: dict[str, Any]) -> None:
        # A device has no content, and might have no end.
        regular = stat.S_ISREG(os.fstat(self._file).st_mode)
        with self._telling():
            data = self.path.read_bytes() if regular else b""
        whole = data[: data.rfind(b"\n") + 1]
        if not (data.startswith(MAGIC) or MAGIC.startswith(data)):
            raise UsageError(f"{str(self.path)!r} is not a checkpoint: remove it, or choose another name")
        if regular and len(whole) < len(data):
            os.ftruncate(self._file, len(whole))
        if not whole:
            self._append(header)
            return
        first, *lines = whole.splitlines()
        _compare(self.path, first, header)
        for line in lines:
            # A line that the disk spoilt is a point to be computed again.
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                entry = json.loads(line)
                if 0 <= entry["task"] < header["points"]["number"]:
                    self.finished[entry["task"]] = decode(entry["result"])

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(f"checkpoint {str(self.path)!r}: {error.strerror}") from error


def _header(task: Callable[[Any], Any], points: Sequence[Any]) -> dict[str, Any]:
    """What the result of a sweep depends on, and the commit, which is not compared."""
    digest = hashlib.sha256()
    for point in points:
        digest.update(json.dumps(_plain(point)).encode() + b"\n")
    ends = [_short(points[i]) for i in (0, -1)] if points else []
    libraries = {}
    for name in DEPENDENCIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            libraries[name] = metadata.version(name)
    return {
        "checkpoint": FORMAT,
        DISTRIBUTION: version(),
        **libraries,
        "task": json.dumps(_plain(task), ensure_ascii=False),
        "points": {"number": len(points), "ends": ends, "digest": digest.hexdigest()},
        "commit": commit(),
    }


def _compare(path: Path, line: bytes, header: dict[str, Any]) -> None:
    """Raise an error that says in what a checkpoint is of another sweep."""
    try:
        found = json.loads(line)
    except ValueError:
        found = {}
    for name, here in header.items():
        there = found.get(name)
        if name == "task" and isinstance(there, str):
            there = renamed(there)
        if there != here and name != "commit":
            if name == "points" and isinstance(there, dict):
                there, here = (f"{v.get('number')} from {' to '.join(v.get('ends', []))}" for v in (there, here))
                if there == here:
                    here = f"other {here}"
            raise UsageError(
                f"{str(path)!r} belongs to another sweep: its {name} is {str(there)[:SHOWN]}, here it is "
                f"{str(here)[:SHOWN]}; remove it, or choose another name"
            )


def _plain(value: Any) -> Any:  # noqa: PLR0911 (one return for each case)
    """A task or point in the types of JSON, the same in every run."""
    if isinstance(value, functools.partial):
        return {"call": _plain(value.func), "with": [_plain(a) for a in value.args], "and": _plain(value.keywords)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [_plain(type(value)), {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}]
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    try:
        return encode(value)
    except TypeError:
        return plain(value)


def _short(point: Any) -> str:
    text = json.dumps(_plain(point), ensure_ascii=False)
    return text if len(text) <= SHOWN // 3 else text[: SHOWN // 3] + "…"
