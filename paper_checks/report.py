"""The verdicts as text for a terminal and as Markdown, and what both share with the HTML page."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from paper_checks.check import SEEN, Outcome
from replica.table import Table
from replica.table.cells import Row

SHOWN = ("name", "verdict", "source", "section", "printed", "computed")
"""Columns on a terminal."""

WIDTH = 60
"""Characters of a cell on a terminal; the other formats have all of them."""

COLOURS = {"reproduced": "32", "misprint": "33", "differs": "35", "unchecked": "36", "failed": "1;31"}
"""Codes of the terminal; the word is always there too."""

NOISE = 1e-6
"""Deviations below this are rounding: other libraries have others, and reports show the tolerance instead."""

LOST = "may have lost what is wrong or missing here"


def counted(verdicts: Iterable[str]) -> str:
    """How often each verdict occurs.

    Parameters
    ----------
    verdicts : iterable of str
        The verdicts.

    Returns
    -------
    str
        Such as "3 reproduced, 1 misprint"; "none" if there is no verdict.
    """
    counts = Counter(verdicts)
    return ", ".join(f"{counts[name]} {name}" for name in map(str, Outcome) if counts[name]) or "none"


def in_colour() -> bool:
    """Whether stdout is a terminal whose user has not asked for no colours.

    Returns
    -------
    bool
        False with NO_COLOR in the environment (https://no-color.org) or TERM=dumb.
    """
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text(table: Table) -> str:
    """Aligned columns for a terminal, verdicts coloured if it is one.

    Parameters
    ----------
    table : Table
        The verdicts.

    Returns
    -------
    str
        The whole report, every line of it ended.
    """
    columns = {name: [_shortened(value) for value in table[name]] for name in SHOWN}
    lines = Table(columns).to_text().splitlines(keepends=True)
    if not in_colour():
        return "".join(lines)
    start = lines[0].index("verdict")
    coloured = [
        f"{line[:start]}\x1b[{COLOURS[verdict]}m{verdict}\x1b[0m{line[start + len(verdict) :]}"
        for line, verdict in zip(lines[1:], table["verdict"], strict=True)
    ]
    return "".join([lines[0], *coloured])


def grouped(table: Table) -> dict[str, dict[str, list[Row]]]:
    """Rows by source and section, each in the order of its first check.

    Parameters
    ----------
    table : Table
        The verdicts.

    Returns
    -------
    dict
        Source to section to its rows, sources and sections in the order in which they first occur.
    """
    groups: dict[str, dict[str, list[Row]]] = {}
    for row in table.rows():
        groups.setdefault(row["source"] or "no source", {}).setdefault(row["section"] or "no section", []).append(row)
    return groups


def computed(row: Row) -> str:
    """The value found, without digits that are rounding.

    Parameters
    ----------
    row : dict
        A row of the table.

    Returns
    -------
    str
        Deviations too small to mean anything are replaced by the tolerance they keep.
    """
    if not row["computed"] or row["tolerance"] is None:
        return row["computed"] or ""

    def quiet(found: re.Match[str]) -> str:
        small = float(found[1]) < NOISE and float(found[1]) <= row["tolerance"]
        return f"by less than {row['tolerance']:.2g}" if small else found[0]

    return re.sub(r"by (\d+(?:\.\d+)?(?:e[+-]\d+)?)", quiet, row["computed"])


def details(row: Row) -> list[tuple[str, str]]:
    """What a report says of a check beside its claim and verdict.

    Parameters
    ----------
    row : dict
        A row of the table.

    Returns
    -------
    list of tuple of str
        Label and text, empty ones left out.
    """
    allowed = f"{row['tolerance']:.2g} ({row['tolerance_is']})" if row["tolerance"] is not None else ""
    unexpected = f"{row['expected']}, so this is a surprise" if row["expected"] != row["verdict"] else ""
    pairs = [
        ("computed", computed(row)),
        ("route", row["route"]),
        ("tolerance", allowed),
        ("note", row["note"]),
        ("claim", SEEN.get(row["seen"] or "", "") if row["seen"] != "p" else ""),
        ("text copy", LOST if row["extraction"] else ""),
        ("expected", unexpected),
        ("check", row["name"]),
    ]
    return [(label, words) for label, words in pairs if words]


def markdown(table: Table) -> str:
    """The report as Markdown, the same at every run.

    Parameters
    ----------
    table : Table
        The verdicts.

    Returns
    -------
    str
        The whole file, every line of it ended.
    """
    lines = [
        "# Published formulas and numbers, recomputed",
        "",
        "Made by `python -m paper_checks --all --format md --out docs/paper_checks.md`; edits are lost.",
        "",
        "- *reproduced*: the claim holds within its tolerance.",
        "- *misprint*: it does not, and a corrected form does.",
        "- *differs*: it does not, and no correction is known, or the statement itself fails.",
        "- *unchecked*: it cannot be checked, or the text of the source was not at hand.",
        "",
        "Formulas in brackets were lost in the text copy of the source and are put back.",
        "",
        f"**{len(table)} checks: {counted(table['verdict'])}.**",
        "",
        *_overview(table),
    ]
    for source, sections in grouped(table).items():
        lines += ["", f"## {escaped(source)}"]
        for section, rows in sections.items():
            lines += ["", f"### {escaped(section)}", ""]
            lines += [line for row in rows for line in _entry(row)]
    return "\n".join(lines) + "\n"


def escaped(words: str) -> str:
    """Text that Markdown shows as it is.

    Parameters
    ----------
    words : str
        Any text.

    Returns
    -------
    str
        The text on one line, what Markdown would take for markup escaped.
    """
    one_line = " ".join(words.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|~$])|^([+-])(?= )|^(\d+)(?=[.)] )", _backslash, one_line)


def _backslash(found: re.Match[str]) -> str:
    return f"{found[3]}\\" if found[3] else f"\\{found[0]}"


def _overview(table: Table) -> list[str]:
    verdicts = [name for name in map(str, Outcome) if name in table["verdict"]]
    lines = [f"| source | {' | '.join(verdicts)} |", f"|---|{'---:|' * len(verdicts)}"]
    for source, sections in grouped(table).items():
        counts = Counter(row["verdict"] for rows in sections.values() for row in rows)
        lines.append(f"| {escaped(source)} | {' | '.join(str(counts[name] or '') for name in verdicts)} |")
    return lines


def _entry(row: Row) -> Sequence[str]:
    claim = f"- **{row['verdict']}**: {escaped(row['printed'] or '')}"
    label = "found" if row["verdict"] == "differs" else "right"
    right = f"\n  - {label}: {escaped(row['right'])}" if row["right"] else ""
    lines = [f"  - {name}: {escaped(words)}" for name, words in details(row) if name != "check"]
    return [claim + right, *lines, f"  - check: `{row['name']}`"]


def _shortened(value: Any) -> Any:
    return f"{value[: WIDTH - 1]}…" if isinstance(value, str) and len(value) > WIDTH else value
