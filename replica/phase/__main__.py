"""`python -m replica.phase`: capacities and critical lines, and their check by simulation."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

from replica import cli
from replica.modelargs import add_controls, add_model, given_controls, model_class, number

EXAMPLE = """
python -m replica.phase --theta 0 0.5 1
python -m replica.phase --theta 0.5 --simulate 1000 2000
python -m replica.phase --model hopfield --alpha 0.01:0.13:13 --plot lines.png
python -m replica.phase --model hopfield --T 0:1:11 --format csv
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    cls = model_class(words)
    parser = cli.Parser(
        example=EXAMPLE,
        description="Critical lines of a model over a grid of its controls. Grids: values, a:b:n, log:a:b:n.",
    )
    add_model(parser)
    add_controls(parser, cls)
    parser.add_grid("--simulate", integer=True, metavar="N", help="check by simulation at these sizes N (T = 0)")
    parser.add_argument(
        "--samples", type=cli.integer(2), metavar="K", help="samples for each point of --simulate (20)"
    )
    cli.add_common(parser, plot=True, precision=True, jobs=True, rng=True)
    args = parser.parse_args(words)
    grids = cli.grids(args)
    if "simulate" in grids:
        from replica.phase.crosscheck import simulate

        return simulate(parser, args, cls, grids)
    if args.samples is not None:
        parser.error("--samples goes with --simulate")
    return lines(parser, args, cls, grids)


def lines(parser: cli.Parser, args: Any, cls: Any, grids: dict[str, list[Any]]) -> int:
    """Compute and print a diagram of the model; returns the exit status."""
    diagram = _diagram(parser, cls, grids)
    points = cli.product(grids)
    for point in points:
        cls(**{cls.load: 1.0, **{k: float(v) for k, v in point.items()}})
    task = functools.partial(_row, cls.name, cls.diagrams.index(diagram), args.precision)
    outcomes, interrupted = _run(task, points, args)
    shown = [k for k in grids if len(grids[k]) > 1 or k in diagram.scanned]
    rows, failed = [], 0
    for index, outcome in outcomes:
        point = {k: points[index][k] for k in shown}
        if isinstance(outcome, Exception):
            failed += 1
            place = ", ".join(f"{k} = {float(v):g}" for k, v in points[index].items())
            cli.warn(f"{place}: {outcome}")
            outcome = dict.fromkeys(diagram.columns)
        rows.append({**point, **outcome})
    _output(rows, [*shown, *diagram.columns], args, cls, diagram)
    if interrupted:
        cli.warn(f"interrupted: {len(rows)} of {len(points)} points finished")
        return 130
    return 1 if failed else 0


def _diagram(parser: cli.Parser, cls: Any, grids: dict[str, list[Any]]) -> Any:
    """Return the diagram whose scanned controls are those given, or stop with what there is."""
    choices = " or ".join("--" + " --".join(d.scanned) for d in cls.diagrams)
    for diagram in cls.diagrams:
        if set(grids) == set(diagram.scanned):
            return diagram
    if not grids:
        parser.error(f"give {choices}, for example {EXAMPLE.strip().splitlines()[0]!r}")
    given = " ".join("--" + k for k in grids)
    hint = f"; all solutions at a point: python -m replica solve --model {cls.name}"
    return parser.error(f"{given}: {cls.name} draws lines over {choices}{hint}")


def _row(name: str, index: int, precision: int | None, point: dict[str, Any]) -> dict[str, Any]:
    """One row, computed in a worker."""
    from replica.models import get

    diagram = get(name).diagrams[index]
    if precision is None:
        return diagram.row(**{k: float(v) for k, v in point.items()})
    from mpmath import mp

    with mp.workdps(precision + 15):
        return diagram.row(precision=precision, **{k: number(v) for k, v in point.items()})


def _run(task: Any, points: list[dict[str, Any]], args: Any) -> tuple[list[tuple[int, Any]], bool]:
    from replica.sweep import collect, executor, sweep

    with executor(min(args.jobs, len(points))) as pool:
        results = sweep(task, points, executor=pool)
        return collect(cli.progress(results, total=len(points), label="points", quiet=args.quiet))


def _output(rows: list[dict[str, Any]], columns: list[str], args: Any, cls: Any, diagram: Any) -> None:
    from replica.table import Table, provenance

    filled = {c: [row.get(c) for row in rows] for c in columns}
    table = Table(filled, provenance(cli.parameters(args)), digits=args.precision)
    cli.emit(table, args)
    if args.plot is not None:
        from replica.phase.plot import draw_diagram

        cli.save_figure(draw_diagram(table, cls, diagram), args.plot)


if __name__ == "__main__":
    sys.exit(cli.run(main))
