"""`python -m paper_checks [PATTERN ...] [--all]`: every published claim, with a verdict."""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import paper_checks
from paper_checks import report, report_html
from paper_checks.check import Check, Outcome, Verdict, collect
from replica.cli import Parser, UsageError, add_common, emit, parameters, progress, run, warn
from replica.table import Table, provenance


def main(argv: Sequence[str] | None = None, package: ModuleType = paper_checks) -> int:
    """Run the checks that are asked for and print their verdicts.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line.
    package : module
        Where the checks are.

    Returns
    -------
    int
        0 if each verdict is the one its check expects, else 1.
    """
    parser = Parser(
        description="Recompute published formulas and numbers.",
        example="""python -m paper_checks
            python -m paper_checks 'ags*' --all --format csv
            python -m paper_checks --source slides --verdict misprint differs
            python -m paper_checks --all --format md --out docs/paper_checks.md""",
    )
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="part of a name, or a glob such as 'ags*'")
    parser.add_argument("--all", action="store_true", help="run slow checks too")
    parser.add_argument(
        "--verdict", nargs="+", choices=[str(outcome) for outcome in Outcome], metavar="VERDICT",
        help=f"show these verdicts alone ({', '.join(Outcome)}); all checks that match are run",
    )  # fmt: skip
    parser.add_argument("--source", action="append", metavar="TEXT", help="checks of sources whose name contains TEXT")
    add_common(parser, formats=("md", "html"))
    args = parser.parse_args(argv)
    checks = select(of_sources(list(collect(package)), args.source), args.patterns, slow=args.all)
    done: list[tuple[Check, Verdict]] = []
    interrupted = False
    try:
        for item in progress(checks, label="checks", quiet=args.quiet):
            done.append((item, item()))
    except KeyboardInterrupt:
        interrupted = True
    shown = [pair for pair in done if not args.verdict or pair[1].outcome in args.verdict]
    renderers = {"table": report.text, "md": report.markdown, "html": report_html.page}
    emit(results(shown, args), args, renderers=renderers)
    surprises = [(item, verdict) for item, verdict in done if verdict.outcome != item.expected]
    for item, verdict in surprises:
        warn(f"{item.name}: {verdict.outcome}, expected {item.expected}: {verdict.note}")
    if not args.quiet:
        counts = report.counted([str(verdict.outcome) for _, verdict in done])
        warn(f"{len(done)} of {len(checks)} checks done: {counts}; {len(surprises)} unexpected")
    return 130 if interrupted else int(bool(surprises))


def of_sources(checks: Sequence[Check], texts: Sequence[str] | None) -> list[Check]:
    """The checks of sources whose name contains any of some texts.

    Parameters
    ----------
    checks : sequence of Check
        All there are.
    texts : sequence of str, optional
        Parts of names; upper and lower case are the same. None keeps all checks.

    Returns
    -------
    list of Check
        Those checks, in the order of `checks`; all of them where `texts` is None.

    Raises
    ------
    UsageError
        A text that no source contains.
    """
    if texts is None:
        return list(checks)
    for text in texts:
        if not any(text.lower() in item.source.lower() for item in checks):
            known = "; ".join(sorted({item.source for item in checks if item.source}))
            raise UsageError(f"no source contains {text!r}; there are {known}")
    return [item for item in checks if any(text.lower() in item.source.lower() for text in texts)]


def select(checks: Sequence[Check], patterns: Sequence[str], *, slow: bool) -> list[Check]:
    """The checks that match any of the patterns.

    Parameters
    ----------
    checks : sequence of Check
        All there are.
    patterns : sequence of str
        Parts of names, or globs over whole names; none means all checks.
    slow : bool
        Whether slow checks count.

    Returns
    -------
    list of Check
        Those checks, each once, in the order of `checks`.

    Raises
    ------
    UsageError
        A pattern that matches nothing.
    """
    if not checks:
        raise UsageError("there are no checks yet")
    chosen = set()
    for pattern in patterns or ["*"]:
        matching = [item for item in checks if matches(item.name, pattern)]
        if not matching:
            raise UsageError(f"no check matches {pattern!r}; `python -m paper_checks --all` names them all")
        running = {item.name for item in matching if slow or not item.slow}
        if not running:
            raise UsageError(f"only slow checks match {pattern!r}; they run with --all")
        chosen |= running
    return [item for item in checks if item.name in chosen]


def matches(name: str, pattern: str) -> bool:
    """Whether a name contains a pattern, or fits it as a glob; upper and lower case are the same.

    Parameters
    ----------
    name : str
        Name of a check.
    pattern : str
        The pattern.

    Returns
    -------
    bool
        True for a part of the name, or for a glob that fits all of it.
    """
    name, pattern = name.lower(), pattern.lower()
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


def results(done: Sequence[tuple[Check, Verdict]], args: argparse.Namespace) -> Table:
    """The verdicts as a table.

    Parameters
    ----------
    done : sequence of tuple of Check and Verdict
        Checks that ran.
    args : argparse.Namespace
        The command line, for the provenance.

    Returns
    -------
    Table
        A row for each check: the claim, what was computed, the tolerance, verdict and note.
    """
    columns: dict[str, list[Any]] = {
        "name": [item.name for item, _ in done],
        "source": [item.source for item, _ in done],
        "section": [item.where for item, _ in done],
        "seen": [item.seen for item, _ in done],
        "printed": [item.printed for item, _ in done],
        "right": [item.right or None for item, _ in done],
        "extraction": [item.extraction for item, _ in done],
        "route": [item.route or None for item, _ in done],
        "computed": [verdict.computed for _, verdict in done],
        "tolerance": [verdict.tolerance.value if verdict.tolerance else None for _, verdict in done],
        "tolerance_is": [verdict.tolerance.name if verdict.tolerance else None for _, verdict in done],
        "tolerance_reason": [verdict.tolerance.reason if verdict.tolerance else None for _, verdict in done],
        "verdict": [str(verdict.outcome) for _, verdict in done],
        "expected": [str(item.expected) for item, _ in done],
        "note": [verdict.note for _, verdict in done],
    }
    return Table(columns, provenance(parameters(args)))


if __name__ == "__main__":
    sys.exit(run(main))
