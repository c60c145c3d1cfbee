"""Cells of a table: what a column may hold, and how each kind of value looks on paper and in a file.

Kinds of a column are "float", "int", "bool", "string", "number" (of mpmath or fractions: more digits than a
float) and "null" (nothing but nulls).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from replica.table.provenance import readable

Row: TypeAlias = "dict[str, Any]"
"""A row of a table, column to cell: a float, int, bool or str, an mpmath number or a fraction, None for a null."""


def column(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Values of a column in the types of Python; nan and "" become None.

    Parameters
    ----------
    name : str
        Name of the column.
    values : iterable
        Numbers (of Python, numpy, mpmath or fractions), strings or truth values, None.

    Returns
    -------
    tuple
        The cells: None for nulls, whole numbers among floats made floats, all else of one kind.

    Raises
    ------
    ValueError
        A name that a file cannot carry, values of no kind or of several.
    """
    if not isinstance(name, str) or not name or not name.isprintable() or name.startswith(("#", "__")):
        raise ValueError(f"a column cannot be called {name!r}")
    values = values.tolist() if hasattr(values, "tolist") else values
    cells = [_cell(name, value) for value in values]
    found = {_kind_of(cell) for cell in cells if cell is not None}
    if found == {"int", "float"}:
        return tuple(None if cell is None else float(cell) for cell in cells)
    if len(found) > 1 and not found <= {"int", "float", "number"}:
        raise ValueError(f"column {name!r} mixes {' and '.join(sorted(found))}")
    return tuple(cells)


def kind(values: Sequence[Any]) -> str:
    """Kind of a column made by `column`.

    Parameters
    ----------
    values : sequence
        Values of the column.

    Returns
    -------
    str
        One of the kinds listed at the top of this module.
    """
    found = {_kind_of(value) for value in values if value is not None}
    return "number" if "number" in found else next(iter(found), "null")


def plain_cell(kind: str, value: Any, digits: int) -> Any:
    """A cell in the types of strict JSON.

    Parameters
    ----------
    kind : str
        Kind of its column.
    value : object
        Its value.
    digits : int
        Significant digits of a "number".

    Returns
    -------
    object
        None, bool, int or str, or a finite float (its repr is the shortest decimal that gives it back).
    """
    if value is None:
        return None
    if kind == "number":
        return _decimal(value, digits)
    return str(value) if kind == "float" and math.isinf(value) else value


def text(kind: str, value: Any, digits: int, significant: int) -> str:
    """A cell for the eye.

    Parameters
    ----------
    kind : str
        Kind of its column.
    value : object
        Its value; None is empty.
    digits : int
        Significant digits of a "number".
    significant : int
        Significant digits of a float.

    Returns
    -------
    str
        One line: empty for None, "yes" or "no" for a bool, the words of a string, else the number.
    """
    if value is None:
        return ""
    if kind == "bool":
        return "yes" if value else "no"
    if kind == "string":
        # A line break inside a cell would break the rows apart.
        return " ".join(value.split())
    return f"{value:.{significant}g}" if kind == "float" else str(plain_cell(kind, value, digits))


def parse(kind: str, value: Any, digits: int | None) -> Any:
    """The cell that `plain_cell` wrote, also where a file made it text or a float.

    Parameters
    ----------
    kind : str
        Kind of its column.
    value : object
        What the file holds.
    digits : int, optional
        Significant digits of a "number".

    Returns
    -------
    object
        A value of the given kind; None for a null.
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind == "number":
        from mpmath import mp

        return mp.mpf(value, dps=(digits or 15) + 5)
    if kind == "bool":
        return value in (True, "true")
    return {"float": float, "int": int, "string": str, "null": str}[kind](value)


def guess(values: Iterable[str]) -> str:
    """Kind of a column of a foreign CSV file.

    Parameters
    ----------
    values : iterable of str
        Its cells.

    Returns
    -------
    str
        "int", "float", "bool", "string" or "null".
    """
    words = [value for value in values if value != ""]
    if words and set(words) <= {"true", "false"}:
        return "bool"
    for name, number in (("int", int), ("float", float)):
        with contextlib.suppress(ValueError):
            return name if [number(word) for word in words] else "null"
    return "string"


def aligned(title: str, cells: Sequence[str], left: bool) -> list[str]:
    """A column of equal width under its title, numbers with their decimal points in line.

    Parameters
    ----------
    title : str
        Name of the column.
    cells : sequence of str
        Its cells.
    left : bool
        Text to the left instead of numbers.

    Returns
    -------
    list of str
        The title and then the cells, all padded to one width.
    """
    if not left:
        tails = [len(cell) - cell.find(".") if "." in cell else 0 for cell in cells]
        longest = max(tails, default=0)
        cells = [cell + " " * (longest - tail) if cell else "" for cell, tail in zip(cells, tails, strict=True)]
    width = max(map(len, [title, *cells]))
    return [cell.ljust(width) if left else cell.rjust(width) for cell in [title, *cells]]


def _cell(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | Fraction):
        return value
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"column {name!r}: a string with a zero byte cannot be written")
        return readable(str.__str__(value)) or None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if hasattr(value, "_mpf_"):
        return value if value == value else None  # noqa: PLR0124 (nan of mpmath)
    # Scalars of numpy, whose item() is of a Python type.
    item = value.item() if hasattr(value, "item") else value
    if type(item) is type(value):
        raise ValueError(f"column {name!r} cannot hold a {type(value).__name__}: {value!r}")
    return _cell(name, item)


def _kind_of(value: Any) -> str:
    for name, types in (("bool", bool), ("int", int), ("float", float), ("string", str)):
        if isinstance(value, types):
            return name
    return "number"


def _decimal(value: Any, digits: int) -> str:
    from mpmath import mp

    number = mp.mpf(value, dps=digits + 15)
    return str(mp.nstr(number, digits, strip_zeros=False)).removeprefix("+")
