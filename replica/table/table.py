"""Tables of results: ordered columns with provenance, shown as text, kept as CSV, JSON or npz."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from replica.errors import UsageError
from replica.table import cells, formats
from replica.table.cells import Row
from replica.table.formats import SUFFIXES
from replica.table.provenance import check_writable, plain, provenance, replacing, write_log

__all__ = ["SUFFIXES", "Table", "check_writable", "provenance"]

DOUBLE_DIGITS = 15
"""Significant decimal digits that double precision always holds."""
COLUMNS_SHOWN = 8
"""Names of columns in the short form of a table."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length and what they came from.

    Parameters
    ----------
    columns : mapping of str to sequence
        Name and values of each column, in order. A column holds numbers (of Python, numpy, mpmath or
        fractions), strings or truth values; None, nan and "" are null: a quantity that does not exist there.
    meta : mapping, optional
        Provenance and whatever else belongs to the whole table; made plain (`replica.table.provenance.plain`).
        The keys "columns" and "digits" are taken.
    digits : int, optional
        Significant digits at which numbers of mpmath and fractions are written, 15 by default.

    Raises
    ------
    ValueError
        Columns of different lengths or of mixed types, or names that a file cannot carry.
    """

    columns: Mapping[str, Sequence[Any]]
    meta: Mapping[str, Any] = field(default_factory=dict)
    digits: int | None = None

    def __post_init__(self) -> None:
        columns = {name: cells.column(name, values) for name, values in self.columns.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of a table need the same length, not {lengths}")
        for key in self.meta:
            if key in ("", "columns", "digits") or ":" in key or not key.isprintable():
                raise ValueError(f"meta cannot have the key {key!r}")
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "meta", plain(self.meta))
        if self.digits is None and "number" in self.kinds().values():
            object.__setattr__(self, "digits", DOUBLE_DIGITS)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        meta: Mapping[str, Any] | None = None,
        digits: int | None = None,
    ) -> Table:
        """A table from its rows.

        Parameters
        ----------
        rows : iterable of mapping
            Column name to value. Columns come in the order in which they first appear; missing ones are null.
        meta : mapping, optional
            As in `Table`.
        digits : int, optional
            As in `Table`.

        Returns
        -------
        Table
            A column for each name that occurs, a row for each mapping.
        """
        rows = list(rows)
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({name: [row.get(name) for row in rows] for name in names}, meta or {}, digits)

    def __repr__(self) -> str:
        names = list(self.columns)
        shown = ", ".join(names[:COLUMNS_SHOWN]) + (", …" if len(names) > COLUMNS_SHOWN else "")
        return f"<Table of {len(self)} rows, {len(names)} columns: {shown}>"

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self.columns[name]

    def kinds(self) -> dict[str, str]:
        """Type of each column.

        Returns
        -------
        dict
            Name to "float", "int", "bool", "string", "number" (more digits than a float) or "null".
        """
        return {name: cells.kind(values) for name, values in self.columns.items()}

    def rows(self) -> list[Row]:
        """Rows of the table.

        Returns
        -------
        list of dict
            Column name to value, None for null.
        """
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]

    def select(self, names: Iterable[str]) -> Table:
        """The same table with some of its columns.

        Parameters
        ----------
        names : iterable of str
            Columns to keep, in order.

        Returns
        -------
        Table
            These columns in the order asked for, with the same metadata.
        """
        return Table({name: self.columns[name] for name in names}, self.meta, self.digits)

    def to_text(self, significant: int = 8) -> str:
        """Aligned columns for a terminal; nulls are empty.

        Parameters
        ----------
        significant : int
            Digits of a float. Numbers with more digits than a float are shown with all of theirs.

        Returns
        -------
        str
            A line of titles and a line for each row, every one ended.
        """
        shown = []
        for name, kind in self.kinds().items():
            words = [cells.text(kind, value, self.digits or DOUBLE_DIGITS, significant) for value in self.columns[name]]
            shown.append(cells.aligned(name, words, left=kind == "string"))
        return "".join("  ".join(line).rstrip() + "\n" for line in zip(*shown, strict=True))

    def to_csv(self, comments: bool = True) -> str:
        """Comma-separated values at full precision.

        Parameters
        ----------
        comments : bool
            Whether `meta` goes before the header, as lines `# key: JSON`.

        Returns
        -------
        str
            The whole file, every line of it ended.
        """
        meta, columns = self._plain()
        return formats.csv_text(meta if comments else {}, columns)

    def to_json(self) -> str:
        """Strict JSON, `{"meta": {...}, "rows": [{column: value}]}`, a line for each row.

        Returns
        -------
        str
            Nulls are null, infinite numbers the strings "inf" and "-inf", numbers of many digits strings.
        """
        return formats.json_text(*self._plain())

    def write(
        self,
        path: str | Path,
        *,
        duration: float | None = None,
        log: bool = True,
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a file whose suffix tells the format; it appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            File ending in .csv, .json or .npz.
        duration : float, optional
            Seconds that the calculation took, for the log.
        log : bool
            Whether to write `FILE.log.json` (time, host, duration) beside it.
        arrays : mapping of str to ndarray, optional
            What an .npz file holds besides: arrays of any shape, none of the name of a column.

        Raises
        ------
        UsageError
            The file cannot be written there, or not in this format; or an .npz file is there and no table.
        OSError
            The disk is full, or the like; the error names the file.
        """
        path = check_writable(path, SUFFIXES, "file")
        with replacing(path) as temporary:
            if path.suffix.lower() == ".npz":
                formats.write_npz(temporary, *self._plain(), arrays)
            else:
                text = self.to_csv() if path.suffix.lower() == ".csv" else self.to_json()
                temporary.write_text(text, "utf-8", newline="")
        if log:
            write_log(path, duration)

    @classmethod
    def read(cls, path: str | Path) -> Table:
        """Read a file that `write` wrote; a CSV file without comments has its types guessed.

        Parameters
        ----------
        path : str or Path
            File ending in .csv, .json or .npz.

        Returns
        -------
        Table
            Equal to the one written, bit for bit; numbers of mpmath to the digits written.

        Raises
        ------
        UsageError
            Unknown suffix.
        ValueError
            The content is not a table.
        """
        path = Path(path)
        readers = {".csv": formats.read_csv, ".json": formats.read_json, ".npz": formats.read_npz}
        if path.suffix.lower() not in readers:
            raise UsageError(f"cannot tell the format of {str(path)!r}; allowed are {', '.join(SUFFIXES)}")
        try:
            meta, columns = readers[path.suffix.lower()](path)
            digits = meta.pop("digits", None)
            kinds = meta.pop("columns", None) or {name: cells.guess(found) for name, found in columns.items()}
            parsed = {
                name: [cells.parse(kind, value, digits) for value in columns[name]] for name, kind in kinds.items()
            }
            return cls(parsed, meta, digits)
        except (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise ValueError(f"{str(path)!r} is not a table of this project: {error}") from error

    def _plain(self) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """Metadata and cells in the types of strict JSON."""
        kinds = self.kinds()
        digits = self.digits or DOUBLE_DIGITS
        columns = {
            name: [cells.plain_cell(kinds[name], value, digits) for value in values]
            for name, values in self.columns.items()
        }
        written = {} if self.digits is None else {"digits": digits}
        return {**self.meta, "columns": kinds, **written}, columns
