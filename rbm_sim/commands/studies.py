"""The commands capacity, basin and retrieve: studies of retrieval over many random machines."""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from replica import cli

if TYPE_CHECKING:
    from rbm_sim.retrieval.trial import Setting
    from rbm_sim.units import Unit

UNITS = {
    "spin": ("Spin", "g"),
    "bernoulli": ("Bernoulli", "g"),
    "gaussian": ("Gaussian", None),
    "relu": ("ReLU", "theta"),
}
"""Name on the command line: class, and the control that is its parameter."""

Point = dict[str, Any]


def unit(name: str, controls: Point) -> "Unit":
    """Make a layer from what the command line says.

    Parameters
    ----------
    name : str
        "spin", "bernoulli", "gaussian" or "relu".
    controls : dict
        Values of g and theta; 0 if they are missing.

    Returns
    -------
    Unit
        The layer.
    """
    from rbm_sim import units

    kind, control = UNITS[name]
    return getattr(units, kind)(*([controls.get(control, 0.0)] if control else []))


def points(args: argparse.Namespace, required: Sequence[str]) -> tuple[list[Point], list[str]]:
    """All combinations of the grids of a study, and the names of those that make a column.

    Parameters
    ----------
    args : argparse.Namespace
        The options.
    required : sequence of str
        Grids that must be there, and are always shown.

    Returns
    -------
    points : list of dict
        Name of the grid to value, with `visible`, `hidden`, `dynamics` and, without a field, `balanced`.
    shown : list of str
        Columns.

    Raises
    ------
    UsageError
        If an option is missing, or does not go with the others.
    """
    grids = cli.grids(args)
    for name in required:
        if name not in grids:
            raise cli.UsageError(f"--{name} is required")
    threshold = "theta" in grids
    hidden = args.hidden or ("relu" if threshold else "gaussian")
    if threshold and hidden != "relu":
        raise cli.UsageError("--theta needs --hidden relu")
    visible = args.visible or ("bernoulli" if hidden == "relu" else "spin")
    balanced = visible == "bernoulli" and "g" not in grids
    if balanced and min(grids.get("p", [1])) < 1:
        raise cli.UsageError("--g is required for bernoulli units and --p below 1: it decides how many units are on")
    shown = [name for name in grids if name in (*required, "theta") or len(grids[name]) > 1]
    fixed = {"visible": visible, "hidden": hidden, "balanced": balanced}
    repeated = [f"--{name}" for name, values in grids.items() if len(set(values)) < len(values)]
    if repeated or len(set(args.dynamics)) < len(args.dynamics):
        raise cli.UsageError(f"{(repeated or ['--dynamics'])[0]} has a value twice: each only once")
    product = [point | fixed | {"dynamics": d} for point in cli.product(grids) for d in args.dynamics]
    return product, [*shown, *(["dynamics"] if len(args.dynamics) > 1 else [])]


def _setting(point: Point, max_sweeps: int) -> "Setting":
    from rbm_sim.retrieval.trial import Setting

    return Setting(
        unit(point["visible"], point),  # type: ignore[arg-type]
        unit(point["hidden"], point),
        L=point.get("L", 1),
        noise=point.get("noise", 0.0),
        dynamics=point["dynamics"],
        max_sweeps=max_sweeps,
        balanced=point["balanced"],
    )


def _check(point: Point, max_sweeps: int) -> None:
    """Refuse a point before any machine runs."""
    from rbm_sim.retrieval.capacity import machine

    setting = _setting(point, max_sweeps)
    options = {name: getattr(setting, name) for name in ("L", "noise", "dynamics", "max_sweeps", "balanced")}
    alpha, p = point.get("alpha", float(setting.L)), point.get("p", 1.0)
    machine(point["N"], alpha, visible=setting.visible, hidden=setting.hidden, p=p, **options)


def _run(
    task: Callable[[tuple[Point, int]], Any], args: argparse.Namespace, every: Sequence[Point], label: str
) -> tuple[Iterator[tuple[Point, list[Any]]], Any, list[int]]:
    """Run a task for every sample of every point: results by point, what was computed, and how many failed."""
    for point in every:
        _check(point, args.max_sweeps)
    tasks = [(point, index) for point in every for index in range(args.samples)]
    computed = cli.compute(task, tasks, args, label)
    found: dict[int, list[Any]] = {}
    failed = [0]
    for index, outcome in computed.outcomes:
        if isinstance(outcome, Exception):
            failed[0] += 1
            cli.warn(f"{_name(tasks[index][0])}, sample {tasks[index][1]}: {cli.reason(outcome)}")
        else:
            found.setdefault(index // args.samples, []).append(outcome)
    return ((every[k], results) for k, results in sorted(found.items())), computed, failed


def _name(point: Point) -> str:
    return ", ".join(f"{k} = {v:g}" for k, v in point.items() if isinstance(v, int | float) and k != "balanced")


def retrieval_task(max_sweeps: int, rng: int, task: tuple[Point, int]) -> list[Any]:
    """Run one machine at one point: its `Trial`, as a list.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    list
        The fields of the `Trial`.
    """
    from rbm_sim.retrieval import capacity

    point, index = task
    N, M = point["N"], max(1, round(point["alpha"] * point["N"]))
    seed = capacity.seeds(rng, N, M, index + 1)[index]
    return list(capacity.sample(seed, N=N, M=M, p=point.get("p", 1.0), setting=_setting(point, max_sweeps)))


def load_task(max_sweeps: int, rng: int, highest: float, task: tuple[Point, int]) -> list[Any]:
    """Critical load of one machine: load, field and rescaled overlap.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    highest : float
        Load above which nothing is tried.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    list
        The fields of the `CriticalLoad`.
    """
    from rbm_sim.retrieval import critical_load

    point, index = task
    setting = _setting(point, max_sweeps)
    p = point.get("p", 1.0)
    return list(critical_load.sample(index, N=point["N"], p=p, setting=setting, rng=rng, highest=highest))


def basin_task(max_sweeps: int, rng: int, task: tuple[Point, int]) -> float:
    """Edge of the basin of attraction of one machine.

    Parameters
    ----------
    max_sweeps, rng : int
        Limit of the dynamics, and seed of the study.
    task : tuple of dict and int
        The point, and the index of the machine.

    Returns
    -------
    float
        m₀ at the edge; nan if the pattern itself is lost.
    """
    from rbm_sim.retrieval import critical_load

    point, index = task
    setting, p = _setting(point, max_sweeps), point.get("p", 1.0)
    return critical_load.basin_sample(index, N=point["N"], alpha=point["alpha"], p=p, setting=setting, rng=rng)


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
    return _critical_loads(args) if args.alpha is None else _retrieval(args, _averages)


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
    return _retrieval(args, _states)


def _retrieval(args: argparse.Namespace, summary: Callable[[Any], dict[str, Any]]) -> int:
    """Run machines at given loads and print one row for each point."""
    from rbm_sim.retrieval.capacity import collected
    from rbm_sim.retrieval.trial import Trial

    every, shown = points(args, ("N", "alpha"))
    results, computed, failed = _run(partial(retrieval_task, args.max_sweeps, args.rng), args, every, "machines")
    rows = []
    for point, trials in results:
        M = max(1, round(point["alpha"] * point["N"]))
        setting = _setting(point, args.max_sweeps)
        result = collected(point["N"], M, point["alpha"], setting, [Trial(*trial) for trial in trials])
        rows.append({name: point[name] for name in shown} | {"M": M} | summary(result))
        if not result.converged.all():
            failed[0] += 1
            count = int((~result.converged).sum())
            cli.warn(f"{_name(point)}: {count} of {len(trials)} not converged after {args.max_sweeps} sweeps")
    return _finish(args, rows, computed, failed[0], "retrieval", shown)


def _averages(result: Any) -> dict[str, Any]:
    """Columns of the command capacity at given loads."""
    from rbm_sim.statistics.estimates import fraction_error

    n = len(result.m)
    kept = 1 - result.lost_fraction
    row: dict[str, Any] = {"samples": n, "kept": kept, "kept_err": fraction_error(round(kept * n), n)}
    for name in ("m", "q", "r"):
        row[name], row[f"{name}_err"], _ = result.estimate(name)
    row["m_all"], row["m_all_err"], _ = result.estimate("m", of="all")
    return row | {"lost": result.lost_fraction, "g": result.estimate("g", of="all").mean}


def _states(result: Any) -> dict[str, Any]:
    """Columns of the command retrieve: of one machine the numbers themselves, of several means and errors."""
    names = ("m", "m_tilde", "q", "r", "L_hat")
    if len(result.m) == 1:
        row = {name: getattr(result, name)[0].item() for name in (*names, "g", "sweeps", "moves", "converged")}
        return row | {"dynamics": result.dynamics}
    row = {"samples": len(result.m), "lost": result.lost_fraction}
    for name in names:
        row[name], row[f"{name}_err"], _ = result.estimate(name)
    row["m_tilde_all"], row["m_tilde_all_err"], _ = result.estimate("m_tilde", of="all")
    return row | {"sweeps": float(result.sweeps.mean()), "dynamics": result.dynamics}


def _critical_loads(args: argparse.Namespace) -> int:
    """Find the load at which each machine loses its pattern, and extrapolate to N → ∞."""
    every, shown = points(args, ("N",))
    if not (math.isfinite(args.alpha_max) and args.alpha_max > 0):
        raise cli.UsageError(f"--alpha-max = {args.alpha_max:g}: must be a finite number > 0")
    task = partial(load_task, args.max_sweeps, args.rng, args.alpha_max)
    results, computed, failed = _run(task, args, every, "machines")
    groups: dict[tuple, list[tuple[Point, list[Any]]]] = {}
    for point, found in results:
        groups.setdefault(tuple(point.get(name) for name in shown if name != "N"), []).append((point, found))
    rows = [row for group in groups.values() for row in _size_rows(group, shown)]
    unsettled = sum(not trial[4] for group in groups.values() for _, found in group for trial in found)
    if unsettled:
        failed[0] += unsettled
        cli.warn(f"{unsettled} machines with runs that had not converged after {args.max_sweeps} sweeps")
    if any(row["never_lost"] for row in rows):
        cli.warn(f"some machines never lose their pattern up to alpha = {args.alpha_max:g}: raise --alpha-max?")
    return _finish(args, rows, computed, failed[0], "capacity", shown)


def _size_rows(group: list[tuple[Point, list[Any]]], shown: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One row for each size: median, mean, width, crossing with the smallest, and the limit of all of them."""
    import numpy as np

    from rbm_sim.statistics.finite_size import crossing

    group = sorted(group, key=lambda item: item[0]["N"])
    loads = [[trial[0] for trial in found] for _, found in group]
    means = [_mean(x) for x in loads]
    limit = _limit([point["N"] for point, _ in group], means)
    for k, (point, trials) in enumerate(group):
        mean, error, n = means[k]
        cross = crossing(loads[0], loads[k]) if k and mean and means[0][0] else (None, None)
        yield {name: point[name] for name in shown} | {
            "samples": n,
            "alpha_half": float(np.median(loads[k])),
            "alpha_mean": mean,
            "alpha_mean_err": error,
            "width": None if error is None else error * math.sqrt(n),
            "crossing": cross[0],
            "crossing_err": cross[1],
            "never_lost": sum(map(math.isinf, loads[k])) / n,
            "g": sum(trial[1] for trial in trials) / n,
            "m_tilde": sum(trial[2] for trial in trials) / n,
            **limit,
        }


def _mean(loads: list[float]) -> tuple[float | None, float | None, int]:
    """Mean, error and number; no mean if some machines never lose their pattern."""
    from rbm_sim.statistics.estimates import estimate

    return (None, None, len(loads)) if math.inf in loads else tuple(estimate(loads))  # type: ignore[return-value]


def _limit(sizes: list[int], means: list[Any]) -> dict[str, Any]:
    """Extrapolation over the sizes that have an error; empty columns if there are fewer than two."""
    from rbm_sim.statistics.finite_size import extrapolate

    usable = [(N, mean, error) for N, (mean, error, _) in zip(sizes, means, strict=True) if error and error > 0]
    if len(usable) < 2:
        return dict.fromkeys(("alpha_c", "alpha_c_err", "alpha_c_syst"))
    found = extrapolate(*zip(*usable, strict=True))
    return {"alpha_c": found.value, "alpha_c_err": found.stderr, "alpha_c_syst": found.systematic}


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
    from rbm_sim.statistics.estimates import estimate

    if args.noise is not None:
        raise cli.UsageError("--noise: a basin is measured with noises of its own")
    every, shown = points(args, ("N", "alpha"))
    results, computed, failed = _run(partial(basin_task, args.max_sweeps, args.rng), args, every, "machines")
    rows = []
    for point, edges in results:
        kept = [edge for edge in edges if not math.isnan(edge)]
        edge = estimate(kept)
        row = {"samples": len(edges), "lost": 1 - len(kept) / len(edges)}
        row |= {"m0_edge": edge.mean, "m0_edge_err": edge.stderr, "width": edge.stderr * math.sqrt(max(1, edge.n))}
        rows.append({name: point[name] for name in shown} | row)
    return _finish(args, rows, computed, failed[0], "basin", shown)


def _finish(
    args: argparse.Namespace, rows: list[dict[str, Any]], computed: Any, failed: int, kind: str, shown: Sequence[str]
) -> int:
    """Print the table, draw it if asked to, and give the exit status."""
    from replica.table import Table, provenance

    rows = [{k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()} for row in rows]
    table = Table.from_rows(rows, provenance(cli.parameters(args), args.rng)) if rows else None
    if table is not None:
        cli.emit(table, args)
        if args.plot is not None:
            from rbm_sim.commands.study_plot import draw

            cli.save_figure(draw(kind, table, shown), args.plot)
    return computed.end(failed)
