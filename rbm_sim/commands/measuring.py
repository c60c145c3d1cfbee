"""The command measure: sparsity of weights and of hidden activity."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rbm_sim.commands.loading import load_data_of, load_run, path_of
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.machine.rbm import RBM
    from rbm_sim.units import Unit


def add_measure(commands: argparse._SubParsersAction[cli.Parser]) -> None:
    """Add the command measure.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "sparsity of weights and of hidden activity"
    parser = commands.add_parser(
        "measure",
        help=about,
        description=f"""{about}: p_hat, W2 = (1/M) Σ w², hidden units without weights; for given
visible states L_hat and the number of silent hidden units, means over the states as in train, and never_active, how
many hidden units none of the states activates.""",
        example="""python -m rbm_sim measure weights.npy --states data.npy --hidden relu --theta 0.2
                   python -m rbm_sim measure run.npz --states digits""",
    )
    weights = ".npy or text file, shape (N, M), visible × hidden, or .npz file of the command train, with its own units"
    parser.add_argument("weights", metavar="WEIGHTS", help=weights)
    states = ".npy or text file of visible states, (n, N); with a run, data as for train, grey levels cut as there"
    parser.add_argument("--states", metavar="FILE", help=states)
    kinds = ("spin", "bernoulli", "gaussian", "relu")
    parser.add_argument("--hidden", choices=kinds, help="hidden units (relu, or those of the run)")
    parser.add_argument("--theta", type=float, help="threshold of the relu units (0, or those of the run)")
    parser.add_argument("--exponent", type=float, default=3.0, help="a of L_hat (3)")
    cli.add_common(parser)


def measure(args: argparse.Namespace) -> int:
    """Print one row of measurements on the weights.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        Exit status, 0: what goes wrong raises.
    """
    import numpy as np

    from rbm_sim._support import check
    from rbm_sim.observables import participation_ratio, silent_units, weight_norm, weight_sparsity
    from rbm_sim.statistics.estimates import estimate
    from replica.table import Table, provenance

    cli.protect(args, {"WEIGHTS": args.weights, "--states": path_of(args.states)})
    exponent = check.number("--exponent", args.exponent, above=0)
    w, hidden = (_run if args.weights.lower().endswith(".npz") else _weights)(args)
    row: dict[str, Any] = {"N": len(w), "M": w.shape[1], "p_hat": weight_sparsity(w), "W2": float(weight_norm(w))}
    row["empty"] = int((~w.any(axis=0)).sum())
    if args.states is not None:
        states = _states(args)
        if states.shape[1] != len(w):
            raise cli.UsageError(f"--states: {states.shape[1]} columns, but the weights have {len(w)} rows")
        h = hidden.mode(np.asarray(states @ w))
        row["L_hat"], row["L_hat_err"], row["states"] = estimate(participation_ratio(h, exponent))
        row["silent"] = float((h == 0).sum(axis=1).mean())
        row["never_active"] = int(silent_units(h).sum())
    cli.emit(Table.from_rows([row], provenance(cli.parameters(args))), args)
    return 0


def _weights(args: argparse.Namespace) -> tuple[np.ndarray, Unit]:
    """Return the weights in a file, and the hidden units that the options name."""
    from rbm_sim._support import check
    from rbm_sim.units.named import named

    kind = args.hidden or "relu"
    if args.theta is not None and kind != "relu":
        raise cli.UsageError("--theta needs --hidden relu")
    theta = check.number("--theta", args.theta or 0.0)
    return _load(args.weights, "WEIGHTS"), named(kind, {"theta": theta})


def _run(args: argparse.Namespace) -> tuple[np.ndarray, Unit]:
    """Return the weights and hidden units of a run."""
    if args.hidden is not None or args.theta is not None:
        raise cli.UsageError("--hidden, --theta: a run has its own hidden units")
    rbm = load_run(args.weights, "WEIGHTS").learner.best_rbm
    return rbm.weights.astype(float) / _widths(rbm), rbm.hidden


def _widths(rbm: RBM) -> np.ndarray:
    """Factor √γ by which real-valued units are measured in their own standard deviations, shape (N, 1); else 1."""
    import numpy as np

    return np.sqrt(np.atleast_1d(getattr(rbm.visible, "gamma", 1.0)))[:, None]


def _states(args: argparse.Namespace) -> np.ndarray:
    """Return the visible states, in the values of the visible units of a run."""
    if not args.weights.lower().endswith(".npz"):
        return _load(args.states, "--states")
    run = load_run(args.weights, "WEIGHTS")
    states = load_data_of(run, args.states, "--states").astype(float)
    states = states.reshape(len(states), -1)
    widths = _widths(run.learner.best_rbm)[:, 0]
    return states * widths if len(widths) == states.shape[1] else states


def _load(path: str, option: str) -> np.ndarray:
    """Read a matrix of real numbers from a .npy or text file."""
    from rbm_sim.learning import datasets

    try:
        matrix = datasets.read(path)
    except ValueError as error:
        raise cli.UsageError(f"{option}: {str(error).replace('cannot be read: ', '', 1)}") from None
    if matrix.ndim != 2 or not matrix.size:
        raise cli.UsageError(f"{option}: {path}: shape {matrix.shape}, need a matrix")
    return matrix.astype(float)
