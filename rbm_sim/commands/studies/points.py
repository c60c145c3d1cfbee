"""The points of a study: which machines, where they start, what runs on them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from replica import cli

if TYPE_CHECKING:
    from rbm_sim.retrieval.trial import Setting

# Name of a grid to its value, with `visible`, `hidden`, `dynamics` and `balanced`: plain, for checkpoints.
Point = dict[str, Any]


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


def patterns(point: Point) -> int:
    """Number M of patterns at the load of a point, at least one.

    Parameters
    ----------
    point : dict
        The point.

    Returns
    -------
    int
        M = round(αN).
    """
    return max(1, round(point["alpha"] * point["N"]))


def setting(point: Point, max_sweeps: int) -> "Setting":
    """What is retrieved from what at a point, and how.

    Parameters
    ----------
    point : dict
        The point.
    max_sweeps : int
        Limit of the dynamics.

    Returns
    -------
    Setting
        Units, start and dynamics.
    """
    from rbm_sim.retrieval.trial import Setting
    from rbm_sim.units.named import named

    return Setting(
        named(point["visible"], point),  # type: ignore[arg-type]
        named(point["hidden"], point),
        L=point.get("L", 1),
        noise=point.get("noise", 0.0),
        dynamics=point["dynamics"],
        max_sweeps=max_sweeps,
        balanced=point["balanced"],
    )


def check(point: Point, max_sweeps: int) -> None:
    """Refuse a point before any machine runs.

    Parameters
    ----------
    point : dict
        The point.
    max_sweeps : int
        Limit of the dynamics.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """
    from rbm_sim.retrieval.capacity import machine

    wanted = setting(point, max_sweeps)
    options = {name: getattr(wanted, name) for name in ("L", "noise", "dynamics", "max_sweeps", "balanced")}
    alpha, p = point.get("alpha", float(wanted.L)), point.get("p", 1.0)
    machine(point["N"], alpha, visible=wanted.visible, hidden=wanted.hidden, p=p, **options)


def label(point: Point) -> str:
    """A point in the words of a message.

    Parameters
    ----------
    point : dict
        The point.

    Returns
    -------
    str
        Such as "N = 100, alpha = 0.1".
    """
    return ", ".join(f"{k} = {v:g}" for k, v in point.items() if isinstance(v, int | float) and k != "balanced")
