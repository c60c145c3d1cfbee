"""`python -m replica solve|phase|models|columns`: states, lines, what models there are and what columns mean."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

from replica import cli
from replica.models import catalogue
from replica.models.base import Model
from replica.phase.model_options import add_controls, add_model, given_controls, named_model

EXAMPLE = """
python -m replica solve --model hopfield --alpha 0.05 --T 0.2
python -m replica models
python -m replica columns replicon
python -m replica phase --theta 0 0.5 1
"""
SOLVE_EXAMPLE = """
python -m replica solve --model hopfield --alpha 0.05 --T 0.2
python -m replica solve --model hopfield --alpha 0.01 --T 0 --n 1 3 5 7
python -m replica solve --model threshold-hopfield --alpha 0.3 --theta 0.5 --precision 30
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]][1](words[1:])
    parser = cli.Parser(
        example=EXAMPLE,
        description="Replica theory of associative memory and restricted Boltzmann machines.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (about, _) in COMMANDS.items():
        commands.add_parser(name, help=about, example=f"python -m replica {name} --help")
    cli.add_version(parser)
    parser.parse_args(words)
    return 0


def _phase(words: Sequence[str]) -> int:
    from replica.phase.__main__ import main as phase

    return phase(words)


def models_command(words: Sequence[str]) -> int:
    """List the models with their controls and lines; returns the exit status."""
    from replica.diagrams.critical_lines import diagrams_of
    from replica.models.base import control_fields
    from replica.table import Table, provenance

    parser = cli.Parser(
        example="python -m replica models",
        prog=f"{cli.command_name()} models",
        description="List the models.",
    )
    cli.add_common(parser)
    args = parser.parse_args(words)
    rows = []
    for name, cls in sorted(catalogue().items()):
        controls = ", ".join(f.name for f in control_fields(cls))
        lines = "; ".join(": ".join(filter(None, ("/".join(d.scanned), " ".join(d.columns)))) for d in diagrams_of(cls))
        rows.append({"model": name, "controls": controls, "lines": lines, "title": cls.title})
    cli.emit(Table.from_rows(rows, provenance({"command": "models"})), args)
    return 0


def columns_command(words: Sequence[str]) -> int:
    """Say what columns and terms mean; returns the exit status."""
    from replica.table import Table, provenance
    from replica.table.glossary import TERMS, explained

    parser = cli.Parser(
        example="python -m replica columns\npython -m replica columns replicon m_err",
        prog=f"{cli.command_name()} columns",
        description="Say what the columns of tables, and the words in them, mean.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="columns or terms (all)")
    cli.add_common(parser)
    args = parser.parse_args(words)
    rows = []
    for name in args.names or TERMS:
        meaning = explained(name)
        if meaning is None:
            parser.error(f"{name}: no such column; `columns` alone lists all of them")
        rows.append({"column": name, "meaning": meaning})
    cli.emit(Table.from_rows(rows, provenance({"command": "columns"})), args)
    return 0


def solve_command(words: Sequence[str]) -> int:
    """Print every solution at each point of a grid; returns the exit status."""
    cls = named_model(words)
    parser = cli.Parser(
        example=SOLVE_EXAMPLE,
        prog=f"{cli.command_name()} solve",
        description="Every solution of the saddle-point equations: kind, order parameters, free energy, stability.",
    )
    add_model(parser, default=None)
    if cls is not None:
        add_controls(parser, cls)
    parser.add_grid("--n", integer=True, metavar="N", help="numbers of condensed patterns beside m = 0 (1 3)")
    cli.add_common(parser, precision=True, jobs=True)
    if cls is None:
        parser.help_or_error(words, f"--model is needed: one of {', '.join(sorted(catalogue()))}")
    args = parser.parse_args(words)
    from replica.phase.solution_rows import solutions_at

    grids = cli.grids(args)
    condensed = cast("tuple[int, ...]", tuple(grids.pop("n", (1, 3))))
    if min(condensed) < 1:
        parser.error(f"--n: {min(condensed)} patterns cannot be condensed; whole numbers >= 1 are needed")
    given_controls(parser, cls, grids)
    points = cli.product(grids)
    for point in points:
        cls(**{k: float(v) for k, v in point.items()})
    task = functools.partial(solutions_at, cls.name, condensed, args.precision)
    return _print_solutions(task, points, grids, cls, args)


def _print_solutions(
    task: Callable[[Any], Any],
    points: list[dict[str, float | Fraction]],
    grids: dict[str, list[float | Fraction]],
    cls: type[Model],
    args: argparse.Namespace,
) -> int:
    from replica.phase.solution_rows import columns
    from replica.table import Table, provenance

    computed = cli.compute(task, points, args)
    shown = [k for k in grids if len(grids[k]) > 1]
    rows, failed = [], 0
    for index, outcome in computed.outcomes:
        place = ", ".join(f"{k} = {float(v):g}" for k, v in points[index].items())
        if isinstance(outcome, Exception):
            failed += 1
            cli.warn(f"{place}: {cli.reason(outcome)}")
            continue
        for row in outcome:
            if row["status"] != "converged":
                failed += 1
                more = "--precision 50" if args.precision is None else "more digits"
                cli.warn(f"{place}: {row['kind']} is not solved to rounding; try {more}")
        if outcome and outcome[0].get("unaccounted"):
            cli.warn(f"{place}: states may be missing: {outcome[0]['unaccounted']}")
        rows += [{**{k: points[index][k] for k in shown}, **row} for row in outcome]
    names = [*shown, *columns(cls.order_type)]
    filled = {c: [row.get(c) for row in rows] for c in names}
    cli.emit(Table(filled, provenance(cli.parameters(args)), digits=args.precision), args)
    return computed.end(failed)


COMMANDS: dict[str, tuple[str, Callable[[Sequence[str]], int]]] = {
    "solve": ("every solution at a point or a grid of points", solve_command),
    "phase": ("capacities, critical temperatures, phases over a grid; plots", _phase),
    "models": ("what models there are, their controls and lines", models_command),
    "columns": ("what the columns of tables mean", columns_command),
}


def entry() -> int:
    """The installed command `replica`."""
    return cli.run(main)


if __name__ == "__main__":
    sys.exit(entry())
