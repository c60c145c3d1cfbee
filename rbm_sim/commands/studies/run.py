"""The commands themselves: machines run at every point, rows of what they gave are printed and drawn."""

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rbm_sim.commands.studies import rows, tasks
from rbm_sim.commands.studies.points import Point, check, label, patterns, points, setting
from replica import cli

if TYPE_CHECKING:
    from rbm_sim.retrieval.results import Retrieval


def capacity(args: argparse.Namespace) -> int:
    """Critical loads at each N and their limit; with --alpha, means over machines at each load.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        1 if a sample failed, or had not converged after --max-sweeps sweeps at a given load, else 0.
    """
    return _critical_loads(args) if args.alpha is None else _retrieval(args, rows.kept_row)


def retrieve(args: argparse.Namespace) -> int:
    """Where the dynamics ends at each point: of one machine, or means over several.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        1 if a sample failed or had not converged after --max-sweeps sweeps, else 0.
    """
    return _retrieval(args, rows.state_row)


def basin(args: argparse.Namespace) -> int:
    """Find the smallest initial overlap from which each machine retrieves.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        Exit status.
    """
    if args.noise is not None:
        raise cli.UsageError("--noise: a basin is measured with noises of its own")
    every, shown = points(args, ("N", "alpha"))
    study = _run(partial(tasks.basin_task, args.max_sweeps, args.rng), args, every)
    table = [_columns(point, shown) | rows.edge_row(edges) for point, edges in study.results]
    return _finish(args, table, study, study.failed, "basin", shown)


@dataclass(frozen=True)
class _Study:
    """What the machines gave, point by point; `failed` of them raised an error."""

    results: list[tuple[Point, list[Any]]]
    computed: cli.Computed
    failed: int


def _run(task: Callable[[tuple[Point, int]], Any], args: argparse.Namespace, every: Sequence[Point]) -> _Study:
    """Run a task for every sample of every point, and name those that fail."""
    for point in every:
        check(point, args.max_sweeps)
    samples = [(point, index) for point in every for index in range(args.samples)]
    computed = cli.compute(task, samples, args, "machines")
    failed = 0
    found: dict[int, list[Any]] = {}
    for number, outcome in computed.outcomes:
        if isinstance(outcome, Exception):
            failed += 1
            point, index = samples[number]
            cli.warn(f"{label(point)}, sample {index}: {cli.reason(outcome)}")
        else:
            found.setdefault(number // args.samples, []).append(outcome)
    return _Study([(every[k], results) for k, results in sorted(found.items())], computed, failed)


def _retrieval(args: argparse.Namespace, row: Callable[["Retrieval"], rows.Row]) -> int:
    """Run machines at given loads and print one row for each point."""
    from rbm_sim.retrieval.capacity import collected
    from rbm_sim.retrieval.trial import Trial

    every, shown = points(args, ("N", "alpha"))
    study = _run(partial(tasks.retrieval_task, args.max_sweeps, args.rng), args, every)
    table, unsettled = [], 0
    for point, kept in study.results:
        M = patterns(point)
        trials = [tasks.record(Trial, fields) for fields in kept]
        result = collected(point["N"], M, point["alpha"], setting(point, args.max_sweeps), trials)
        table.append(_columns(point, shown) | {"M": M} | row(result))
        count = int((~result.converged).sum())
        if count:
            unsettled += 1
            cli.warn(f"{label(point)}: {count} of {len(trials)} not converged after {args.max_sweeps} sweeps")
    return _finish(args, table, study, study.failed + unsettled, "retrieval", shown)


def _critical_loads(args: argparse.Namespace) -> int:
    """Find the load at which each machine loses its pattern, and extrapolate to N → ∞."""
    from rbm_sim.retrieval.critical_load import CriticalLoad

    every, shown = points(args, ("N",))
    if not (math.isfinite(args.alpha_max) and args.alpha_max > 0):
        raise cli.UsageError(f"--alpha-max = {args.alpha_max:g}: must be a finite number > 0")
    study = _run(partial(tasks.load_task, args.max_sweeps, args.rng, args.alpha_max), args, every)
    results = [(point, [tasks.record(CriticalLoad, fields) for fields in kept]) for point, kept in study.results]
    table = [row for group in rows.by_other_columns(results, shown) for row in rows.size_rows(group, shown)]
    unsettled = sum(not machine.converged for _, found in results for machine in found)
    if unsettled:
        cli.warn(f"{unsettled} machines with runs that had not converged after {args.max_sweeps} sweeps")
    if any(row["never_lost"] for row in table):
        cli.warn(f"some machines never lose their pattern up to alpha = {args.alpha_max:g}: raise --alpha-max?")
    return _finish(args, table, study, study.failed + unsettled, "capacity", shown)


def _columns(point: Point, shown: Iterable[str]) -> rows.Row:
    """Columns that tell the points apart."""
    return {name: point[name] for name in shown}


def _finish(
    args: argparse.Namespace, found: list[rows.Row], study: _Study, failed: int, kind: str, shown: Sequence[str]
) -> int:
    """Print the table, draw it if asked to, and give the exit status."""
    from replica.table import Table, provenance

    if found:
        empty = [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in found]
        table = Table.from_rows(empty, provenance(cli.parameters(args), args.rng))
        cli.emit(table, args)
        if args.plot is not None:
            from rbm_sim.commands.studies.plot import draw

            cli.save_figure(draw(kind, table, shown), args.plot)
    return study.computed.end(failed)
