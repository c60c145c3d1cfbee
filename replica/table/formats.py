"""The three files of a table, read and written as plain metadata and columns of plain cells."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from replica.table.provenance import META_KEY

SUFFIXES = (".csv", ".json", ".npz")

EXACT_INTEGERS = 2**53
"""Integers up to here are exact in double precision."""

Columns = Mapping[str, Sequence[Any]]


def csv_text(meta: Mapping[str, Any], columns: Columns) -> str:
    """Comma-separated values, the metadata before the header as lines `# key: JSON`.

    Parameters
    ----------
    meta : mapping
        Plain metadata.
    columns : mapping
        Plain columns.

    Returns
    -------
    str
        The whole file, every line of it ended.
    """
    comments = [f"# {key}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}" for key, value in meta.items()]
    rows = [",".join(map(_csv_cell, row)) for row in zip(*columns.values(), strict=True)]
    # A row of one null must not be an empty line, which readers skip.
    return "\n".join([*comments, ",".join(map(_csv_cell, columns)), *(row or '""' for row in rows), ""])


def json_text(meta: Mapping[str, Any], columns: Columns) -> str:
    """Strict JSON, `{"meta": {...}, "rows": [{column: value}]}`, a line for each row.

    Parameters
    ----------
    meta : mapping
        Plain metadata.
    columns : mapping
        Plain columns.

    Returns
    -------
    str
        The whole file, every line of it ended.
    """
    head = json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False)
    rows = [
        json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, allow_nan=False)
        for row in zip(*columns.values(), strict=True)
    ]
    body = "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"
    return f'{{"meta": {head},\n"rows": {body}}}\n'


def write_npz(path: Path, meta: Mapping[str, Any], columns: Columns, extra: Mapping[str, Any] | None = None) -> None:
    """Write an array for each column: nulls are nan among numbers and "" among strings; nothing is pickled.

    Parameters
    ----------
    path : Path
        The file.
    meta : mapping
        Plain metadata with the kinds of the columns as "columns".
    columns : mapping
        Plain columns.
    extra : mapping of str to ndarray, optional
        Other arrays beside them, of any shape, which `read_npz` leaves alone.
    """
    import numpy as np

    arrays = {META_KEY: np.array(json.dumps(meta, allow_nan=False))}
    arrays |= {name: _array(values, meta["columns"][name]) for name, values in columns.items()}
    arrays |= extra or {}
    # Not numpy.savez: a column could not be called like one of its arguments.
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            # The fixed date of a bare ZipInfo keeps files of equal runs equal.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def read_csv(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Metadata and columns of a CSV file, every cell a string.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    meta, columns : dict
        The metadata, empty in a foreign file, and for each column the list of its cells as strings.
    """
    meta: dict[str, Any] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        line = stream.readline()
        while line.startswith("#"):
            key, found, value = line[1:].strip().partition(": ")
            if found:
                meta[key] = json.loads(value)
            line = stream.readline()
        header, *rows = csv.reader(_lines(line, stream))
    return meta, {name: list(values) for name, values in zip(header, _transposed(header, rows), strict=True)}


def read_json(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Metadata and columns of a JSON file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    meta, columns : dict
        The metadata, and for each column the list of its cells in plain JSON types.
    """
    content = json.loads(path.read_text("utf-8"))
    meta, rows = content["meta"], content["rows"]
    return meta, {name: [row[name] for row in rows] for name in meta["columns"]}


def read_npz(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Metadata and columns of an npz file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    meta, columns : dict
        The metadata, and for each column the list of its cells, nulls as `write_npz` left them.
    """
    import numpy as np

    with zipfile.ZipFile(path) as archive:

        def values(name: str) -> Any:
            with archive.open(f"{name}.npy") as stream:
                return np.lib.format.read_array(stream, allow_pickle=False).tolist()

        meta = json.loads(values(META_KEY))
        return meta, {name: values(name) for name in meta["columns"]}


def _csv_cell(value: Any) -> str:
    """A cell, quoted where it must be; not by `csv.writer`, which leaves a lone carriage return unquoted."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def _array(values: Sequence[Any], kind: str) -> Any:
    import numpy as np

    if kind == "float":
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if kind in ("int", "bool"):
        if None not in values and (kind == "bool" or all(abs(v) < 2**63 for v in values)):
            return np.array(values, dtype=np.bool_ if kind == "bool" else np.int64)
        if all(v is None or abs(v) <= EXACT_INTEGERS for v in values):
            return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array(["" if v is None else str(v) for v in values], dtype=np.str_)


def _lines(first: str, rest: Iterable[str]) -> Iterable[str]:
    yield first
    yield from rest


def _transposed(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[Sequence[str]]:
    if any(len(row) != len(header) for row in rows):
        raise ValueError("a row is longer or shorter than the header")
    return zip(*rows, strict=True) if rows else ([] for _ in header)
