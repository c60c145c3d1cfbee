"""Matrices in text files of others: comma, semicolon, tab or blank between the numbers, with a header or without."""

from __future__ import annotations

import codecs
import csv
import os
import re
from typing import NamedTuple

import numpy as np

SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
LABELS = ("label", "labels", "class", "target", "y")
"""Names of a column that says what each row shows."""
INDEX = ("", "unnamed: 0", "index")
"""Names of a first column that only counts the rows."""
_OURS = '# package: "replica-toolkit"'
_COUNTED = 3
MISSING = ("na", "n/a", "null", "none", "?", "-", "missing")
"""What programs write where there is no value."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


class Matrix(NamedTuple):
    """Numbers of a text file.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Double precision, or unsigned bytes if all are whole numbers from 0 to 255.
    labels : ndarray, shape (rows,), or None
        Column of a name such as label, whole numbers or text.
    """

    values: np.ndarray
    labels: np.ndarray | None


def is_text(path: str | os.PathLike[str]) -> bool:
    """Whether the name of a file says that it is text, gzipped or not."""
    return str(path).lower().removesuffix(".gz").endswith(SUFFIXES)


def decoded(path: str | os.PathLike[str], content: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 if it begins with its mark; ValueError if there are zero bytes in it."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    if "\0" in text:
        raise ValueError(f"{path}: holds zero bytes: it is no text in UTF-8, nor in UTF-16 with a mark at its begin")
    return text


def matrix(path: str | os.PathLike[str], content: bytes, gaps: bool = False) -> Matrix:
    """Read numbers from text; ValueError names the file, and the cell that is none.

    If there may be `gaps` an empty cell, nan or one of `MISSING` is nan.
    """
    text = decoded(path, content)
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if any(line.startswith(_OURS) for line in lines[:first]):
        raise ValueError(
            f"{path}: is a table of results; configurations that were drawn are read from an .npz file of them"
        )
    lines = lines[first:]
    if not lines:
        raise ValueError(f"{path}: holds no rows")
    separator = next((mark for mark in (";", "\t", ",") if mark in lines[0]), None)
    names, lines = _header(lines, separator)
    if not lines:
        raise ValueError(f"{path}: holds a header and no rows")
    width = len(_cells(lines[0], separator))
    if names is not None and len(names) != width:
        raise ValueError(f"{path}: the header names {len(names)} columns, its first row has {width}")
    chosen, label = _columns(names, width)
    if not chosen:
        raise ValueError(f"{path}: holds no columns of numbers beside {', '.join(map(repr, names or ()))}")
    values = _numbers(path, lines, separator, names, chosen, gaps)
    labels = None if label is None else _labels([_cells(line, separator)[label] for line in lines])
    return Matrix(_bytes_if_whole(values), labels)


def _header(lines: list[str], separator: str | None) -> tuple[list[str] | None, list[str]]:
    """Names of the columns, if the first line is no row of numbers, and the rows."""
    cells = _cells(lines[0], separator)
    words = [cell for cell in cells if cell and not _is_number(cell)]
    if words:
        # a first row with a gap or a comma in a number is no header, but a fault of the data
        fault = any(word.lower() in MISSING or _DECIMAL_COMMA.fullmatch(word) for word in words)
        return (None, lines) if fault else (cells, lines[1:])
    # a frame whose columns have no names writes 0, 1, 2, …, after nothing if it counts its rows
    index = cells[0] == "" and len(lines) > 1 and _cells(lines[1], separator)[0] == "0"
    names = cells[1:] if index else cells
    counted = names == [str(k) for k in range(len(names))] and (index or len(names) >= _COUNTED)
    return (cells, lines[1:]) if counted else (None, lines)


def _columns(names: list[str] | None, width: int) -> tuple[list[int], int | None]:
    """Columns of numbers, and the one of labels if there is one."""
    if names is None:
        return list(range(width)), None
    known = [name.strip().lower() for name in names]
    label = next((k for k, name in enumerate(known) if name in LABELS), None)
    index = 0 if known[0] in INDEX else None
    return [k for k in range(width) if k not in (label, index)], label


def _numbers(
    path: str | os.PathLike[str],
    lines: list[str],
    separator: str | None,
    names: list[str] | None,
    chosen: list[int],
    gaps: bool,
) -> np.ndarray:
    """Rows of chosen columns in double precision."""
    quoted = any('"' in line for line in lines)
    width = len(_cells(lines[0], separator))
    if separator is not None and not quoted:
        odd = next((k for k, line in enumerate(lines) if line.count(separator) != width - 1), None)
        if odd is not None:
            raise ValueError(f"{path}: row {odd + 1} has {lines[odd].count(separator) + 1} entries, the first {width}")
    try:
        values = np.loadtxt(
            lines,
            delimiter=separator,
            comments=None,
            quotechar='"' if quoted else None,
            usecols=chosen,
            ndmin=2,
            converters=_number_or_gap if gaps else None,
        )
    except ValueError as error:
        raise ValueError(_first_fault(path, lines, separator, names, chosen, gaps) or f"{path}: {error}") from None
    if np.isinf(values).any() or (not gaps and np.isnan(values).any()):
        raise ValueError(_first_fault(path, lines, separator, names, chosen, gaps))
    return values


def _number_or_gap(cell: str) -> float:
    cell = cell.strip()
    return float("nan") if not cell or cell.lower() in MISSING else float(cell)


def _first_fault(
    path: str | os.PathLike[str],
    lines: list[str],
    separator: str | None,
    names: list[str] | None,
    chosen: list[int],
    gaps: bool,
) -> str:
    """What is wrong with the first cell that is no finite number."""
    width = len(_cells(lines[0], separator))
    for row, line in enumerate(lines, 1):
        cells = _cells(line, separator)
        if len(cells) != width:
            return f"{path}: row {row} has {len(cells)} entries, the first {width}"
        for k in chosen:
            if gaps and (cells[k].lower() in ("", "nan", *MISSING)):
                continue
            if not _is_number(cells[k]) or not np.isfinite(float(cells[k])):
                column = repr(names[k]) if names else str(k + 1)
                what = f"holds {cells[k]!r}" if cells[k] else "is empty"
                return f"{path}: row {row}, column {column} {what}: every entry must be a finite number"
    return ""


def _labels(cells: list[str]) -> np.ndarray:
    try:
        numbers = np.array(cells, dtype=float)
    except ValueError:
        return np.array(cells)
    whole = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
    return numbers.astype(np.int64) if whole else np.array(cells)


def _bytes_if_whole(values: np.ndarray) -> np.ndarray:
    whole = values.min() >= 0 and values.max() <= np.iinfo(np.uint8).max and (values == np.rint(values)).all()
    return values.astype(np.uint8) if whole else values


def _cells(line: str, separator: str | None) -> list[str]:
    cells = line.split() if separator is None else next(csv.reader([line], delimiter=separator))
    return [cell.strip().strip('"') for cell in cells]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
