"""The command ``python -m rbm_sim``: retrieval by finite machines, and measurements on weights."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.results import Retrieval
    from rbm_sim.unit import Unit

UNITS = {
    "spin": ("Spin", "g"),
    "bernoulli": ("Bernoulli", "g"),
    "gaussian": ("Gaussian", None),
    "relu": ("ReLU", "theta"),
}
"""Name on the command line: class, and the control that is its parameter."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its sub-commands.

    Returns
    -------
    argparse.ArgumentParser
        The parser.
    """
    parser = cli.Parser(
        description="Finite restricted Boltzmann machines: retrieval of patterns, and measurements.",
        example="""python -m rbm_sim capacity --N 1000 2000 4000 --alpha 0.1 0.12 0.13
                   python -m rbm_sim retrieve --N 10000 --alpha 0.13
                   python -m rbm_sim measure weights.npy""",
    )
    cli.add_version(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_capacity(commands)
    _add_retrieve(commands)
    _add_measure(commands)
    return parser


def _add_capacity(commands: Any) -> None:
    about = "retrieval of a stored pattern at T = 0, mean over machines"
    parser = commands.add_parser(
        "capacity",
        help=about,
        description=f"{about}. Samples with m below 0.7 of full retrieval are lost, and averaged apart.",
        example="""python -m rbm_sim capacity --N 1000 2000 --alpha 0.13 0.2
                   python -m rbm_sim capacity --N 1000 --alpha 0.39 --visible bernoulli --hidden relu""",
    )
    _add_machine(parser)
    parser.add_argument("--samples", type=cli.integer(1), default=20, metavar="N", help="machines (20)")
    cli.add_common(parser, jobs=True, rng=True)


def _add_retrieve(commands: Any) -> None:
    about = "one retrieval of a stored pattern at T = 0"
    parser = commands.add_parser(
        "retrieve",
        help=about,
        description=f"{about}: where it ended and how long it took.",
        example="python -m rbm_sim retrieve --N 10000 --alpha 0.13 --noise 0.1",
    )
    _add_machine(parser)
    cli.add_common(parser, rng=True)


def _add_measure(commands: Any) -> None:
    about = "sparsity of weights and of hidden activity"
    parser = commands.add_parser(
        "measure",
        help=about,
        description=f"{about}: p_hat, W2 = (1/M) Σ w², silent hidden units; L_hat for given visible states.",
        example="python -m rbm_sim measure weights.npy --states data.npy --hidden relu --theta 0.2",
    )
    parser.add_argument("weights", metavar="WEIGHTS", help=".npy file, shape (N, M), visible × hidden")
    parser.add_argument("--states", metavar="FILE", help=".npy file of visible states, shape (n, N)")
    parser.add_argument("--hidden", choices=tuple(UNITS), default="relu", help="hidden units (relu)")
    parser.add_argument("--theta", type=float, help="threshold of the relu units (0)")
    parser.add_argument("--exponent", type=float, default=3.0, help="a of L_hat (3)")
    cli.add_common(parser)


def _add_machine(parser: Any) -> None:
    """Options that say which machine, and which dynamics."""
    parser.add_grid("--N", integer=True, help="visible units (required)")
    parser.add_grid("--alpha", help="load, M = round(alpha N) patterns (required)")
    parser.add_argument("--visible", choices=("spin", "bernoulli"), default="spin", help="visible units (spin)")
    parser.add_argument("--hidden", choices=("gaussian", "relu"), default="gaussian", help="hidden units (gaussian)")
    parser.add_grid("--theta", help="threshold of relu units (0)")
    parser.add_grid("--g", help="field on the visible units (0)")
    parser.add_grid("--p", help="density of the patterns (1)")
    parser.add_argument("--noise", type=float, default=0.0, help="fraction of the start state that is flipped (0)")
    parser.add_argument(
        "--dynamics",
        choices=("single-unit", "alternating"),
        default="single-unit",
        help="alternating minimisation keeps a self-coupling (single-unit)",
    )
    parser.add_argument("--max-sweeps", type=cli.integer(1), default=1000, metavar="N", help="limit (1000)")


def capacity(args: argparse.Namespace) -> int:
    """Print one row for each N and load: means over samples.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        1 if some samples had not converged after --max-sweeps sweeps, else 0.
    """
    return _retrievals(args, args.samples, args.jobs, _averages)


def retrieve(args: argparse.Namespace) -> int:
    """Print one row for each N and load: where one machine ended.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        1 if it had not converged after --max-sweeps sweeps, else 0.
    """
    return _retrievals(args, 1, 1, _single)


def _averages(result: "Retrieval") -> dict[str, Any]:
    row: dict[str, Any] = {"samples": len(result.m)}
    for name in ("m", "q", "r"):
        row[name], row[f"{name}_err"], _ = result.estimate(name)
    row["m_all"], row["m_all_err"], _ = result.estimate("m", of="all")
    return row | {"lost": result.lost_fraction}


def _single(result: "Retrieval") -> dict[str, Any]:
    names = ("m", "q", "r", "sweeps", "moves", "converged")
    return {name: getattr(result, name)[0].item() for name in names} | {"dynamics": result.dynamics}


def _retrievals(args: argparse.Namespace, samples: int, jobs: int, summary: Any) -> int:
    """Run retrieval at every point of the grids, and print the table."""
    from rbm_sim.capacity import retrieval
    from replica import sweep
    from replica.table import Table, provenance

    grids = cli.grids(args)
    for name in ("N", "alpha"):
        if name not in grids:
            raise cli.UsageError(f"--{name} is required")
    if "theta" in grids and args.hidden != "relu":
        raise cli.UsageError("--theta needs --hidden relu")
    shown = [name for name in grids if name in ("N", "alpha") or len(grids[name]) > 1]
    rows, failed = [], False
    with sweep.executor(jobs) as executor:
        for point in cli.product(grids):
            label = ", ".join(f"{name} = {point[name]:g}" for name in shown)
            result = retrieval(
                point["N"],
                point["alpha"],
                visible=_unit(args.visible, point),
                hidden=_unit(args.hidden, {"theta": point.get("theta", 0.0)}),
                p=point.get("p", 1.0),
                samples=samples,
                noise=args.noise,
                dynamics=args.dynamics,
                max_sweeps=args.max_sweeps,
                rng=args.rng,
                executor=executor,
                progress=partial(cli.progress, label=label, quiet=args.quiet),
            )
            rows.append({name: point[name] for name in shown} | {"M": result.M} | summary(result))
            if not result.converged.all():
                failed = True
                count = int((~result.converged).sum())
                cli.warn(f"{label}: {count} of {samples} not converged after {args.max_sweeps} sweeps")
    cli.emit(Table.from_rows(rows, provenance(cli.parameters(args), args.rng)), args)
    return int(failed)


def measure(args: argparse.Namespace) -> int:
    """Print one row of measurements on the weights.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        0.
    """
    import numpy as np

    from rbm_sim import participation_ratio, weight_sparsity
    from rbm_sim.results import estimate
    from replica.table import Table, provenance

    if args.theta is not None and args.hidden != "relu":
        raise cli.UsageError("--theta needs --hidden relu")
    w = _load(args.weights, "WEIGHTS")
    row = {"N": len(w), "M": w.shape[1], "p_hat": weight_sparsity(w), "W2": float((w * w).sum() / w.shape[1])}
    row["silent"] = int((~w.any(axis=0)).sum())
    if args.states is not None:
        states = _load(args.states, "--states")
        if states.shape[1] != len(w):
            raise cli.UsageError(f"--states: {states.shape[1]} columns, but the weights have {len(w)} rows")
        h = _unit(args.hidden, {"theta": args.theta or 0.0}).mode(np.asarray(states @ w))
        row["L_hat"], row["L_hat_err"], row["states"] = estimate(participation_ratio(h, args.exponent))
    cli.emit(Table.from_rows([row], provenance(cli.parameters(args))), args)
    return 0


def _unit(name: str, controls: dict[str, Any]) -> "Unit":
    import rbm_sim

    kind, control = UNITS[name]
    return getattr(rbm_sim, kind)(*([controls.get(control, 0.0)] if control else []))


def _load(path: str, option: str) -> "np.ndarray":
    """Read a matrix of real numbers from a .npy file."""
    import numpy as np

    from rbm_sim._check import real_array

    try:
        matrix = real_array(option, np.load(path, allow_pickle=False))
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition(".")[0]
        raise cli.UsageError(f"{option}: {path}: {reason}") from None
    if matrix.ndim != 2 or not matrix.size:
        raise cli.UsageError(f"{option}: {path}: shape {matrix.shape}, need a matrix")
    return matrix.astype(float)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; by default those of the process.

    Returns
    -------
    int
        Exit status.
    """
    args = build_parser().parse_args(argv)
    return {"capacity": capacity, "retrieve": retrieve, "measure": measure}[args.command](args)


if __name__ == "__main__":
    sys.exit(cli.run(main))
