"""`python -m replica solve|models|phase`: every solution at a point, and what models there are."""

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
    commands = {"solve": solve_command, "models": models_command, "phase": _phase}
    if words and words[0] in commands:
        return commands[words[0]](words[1:])
    parser = cli.Parser(example=EXAMPLE, description="Solve the replica-symmetric equations of a model.")
    parser.add_argument("command", choices=list(commands), help="what to do; each has its own --help")
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
        lines = "; ".join(f"{'/'.join(d.scanned)}: {' '.join(d.columns)}" for d in diagrams_of(cls))
        rows.append({"model": name, "controls": controls, "lines": lines, "title": cls.title})
    cli.emit(Table.from_rows(rows, provenance({"command": "models"})), args)
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


if __name__ == "__main__":
    sys.exit(cli.run(main))
