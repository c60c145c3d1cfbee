"""Critical lines of a model over a grid: one row for each point, computed anywhere."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Mapping, Sequence
from fractions import Fraction

from replica import cli
from replica.diagrams.critical_lines import diagrams_of
from replica.models.base import Diagram, Model
from replica.numerics.working_digits import working_digits
from replica.phase.model_options import number
from replica.table.cells import Row

__all__ = ["draw_lines", "row"]


def draw_lines(
    parser: cli.Parser, args: argparse.Namespace, cls: type[Model], grids: Mapping[str, Sequence[float | Fraction]]
) -> int:
    """Compute and print a diagram of the model; returns the exit status."""
    diagram = _diagram(parser, cls, grids)
    if args.precision is not None and not diagram.precise:
        parser.error(f"--precision: {cls.name} has double precision only")
    if args.plot is not None and not grids:
        parser.error(f"--plot: the lines of {cls.name} are single numbers, nothing to draw")
    points = cli.product(grids)
    for point in points:
        cls(**{cls.load: None, **{k: float(v) for k, v in point.items()}})
    task = functools.partial(row, cls.name, diagrams_of(cls).index(diagram), args.precision)
    computed = cli.compute(task, points, args)
    shown = [*diagram.scanned, *(k for k in grids if len(grids[k]) > 1 and k not in diagram.scanned)]
    rows, failed = [], 0
    for index, outcome in computed.outcomes:
        point = {k: points[index][k] for k in shown}
        if isinstance(outcome, Exception):
            failed += 1
            place = ", ".join(f"{k} = {float(v):g}" for k, v in points[index].items())
            cli.warn(f"{place}: {cli.reason(outcome)}")
            outcome = dict.fromkeys(diagram.columns)
        rows.append({**point, **outcome})
    _output(rows, [*shown, *diagram.columns], args, cls, diagram)
    return computed.end(failed)


def _diagram(parser: cli.Parser, cls: type[Model], grids: Mapping[str, Sequence[float | Fraction]]) -> Diagram:
    """Diagram whose controls are those given; stops the command with what there is if there is none."""
    hint = f"all solutions at a point: python -m replica solve --model {cls.name}"
    if not diagrams_of(cls):
        parser.error(f"{cls.name} draws no lines; {hint}")
    for diagram in diagrams_of(cls):
        needed = {*diagram.scanned, *diagram.fixed}
        if needed <= set(grids) <= needed | {*diagram.optional}:
            return diagram
        missing = [name for name in (*diagram.scanned, *diagram.fixed) if name not in grids]
        if grids and set(grids) < {*diagram.scanned, *diagram.fixed}:
            parser.error(f"--{' --'.join(missing)} missing: {cls.name} needs it beside --{' --'.join(grids)}")
    over = [" ".join(f"--{name}" for name in (*d.scanned, *d.fixed)) for d in diagrams_of(cls)]
    choices = " or ".join(over)
    if not grids:
        parser.error(f"give {choices}; --help has examples")
    given = " ".join("--" + k for k in grids)
    where = f"draws lines over {choices}" if choices else "has its line without any option"
    return parser.error(f"{given}: {cls.name} {where}; {hint}")


def row(name: str, index: int, precision: int | None, point: Mapping[str, float | Fraction]) -> Row:
    """Columns of a diagram at one point.

    Parameters
    ----------
    name : str
        Model.
    index : int
        Which of its diagrams.
    precision : int or None
        Decimal digits, or double precision.
    point : dict
        Scanned controls: floats, or exact fractions with `precision`.

    Returns
    -------
    dict
        Column to value, None for a quantity that does not exist there.
    """
    from replica.models import get

    diagram = diagrams_of(get(name))[index]
    if precision is None:
        return diagram.row(**{k: float(v) for k, v in point.items()})
    with working_digits(precision + 15):
        return diagram.row(precision=precision, **{k: number(v) for k, v in point.items()})


def _output(rows: list[Row], columns: list[str], args: argparse.Namespace, cls: type[Model], diagram: Diagram) -> None:
    from replica.table import Table, provenance

    filled = {c: [row.get(c) for row in rows] for c in columns}
    table = Table(filled, provenance(cli.parameters(args)), digits=args.precision)
    cli.emit(table, args)
    if args.plot is not None and rows:
        from replica.phase.plot import draw_diagram

        cli.save_figure(draw_diagram(table, cls, diagram), args.plot)
