"""The command measure: sparsity of weights and of hidden activity."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rbm_sim.commands.loading import MACHINES, load_data_of, load_machine, path_of
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.interchange import Found
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
    weights = (
        ".npy or text file, shape (N, M), visible × hidden, or .npz file of the command train, with its own units, or "
        "a machine of another program: .npz, .h5, .hdf5, .safetensors"
    )
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
    found = _machine(args)
    w, hidden = _weights(args) if found is None else _parts(found.rbm)
    row: dict[str, Any] = {"N": len(w), "M": w.shape[1], "p_hat": weight_sparsity(w), "W2": float(weight_norm(w))}
    row["empty"] = int((~w.any(axis=0)).sum())
    if args.states is not None:
        states = _states(args, found)
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


def _machine(args: argparse.Namespace) -> Found | None:
    """The machine in a file that says more than weights; None if it is a matrix."""
    if not args.weights.lower().endswith(tuple(suffix for suffix in MACHINES if suffix != ".npy")):
        return None
    found = load_machine(args.weights, "WEIGHTS")
    if args.hidden is None and args.theta is None:
        return found
    if "hidden" not in found.about.get("assumed", ()):
        whose = "a run has its own hidden units" if found.format == "run" else "the file says its hidden units"
        raise cli.UsageError(f"--hidden, --theta: {whose}")
    if args.theta is not None:
        raise cli.UsageError("--theta: is for a file of weights alone, .npy or text")
    return load_machine(args.weights, "WEIGHTS", args.hidden)


def _parts(rbm: RBM) -> tuple[np.ndarray, Unit]:
    """Return the weights and hidden units of a machine."""
    return rbm.weights.astype(float) / _widths(rbm), rbm.hidden


def _widths(rbm: RBM) -> np.ndarray:
    """Factor √γ by which real-valued units are measured in their own standard deviations, shape (N, 1); else 1."""
    import numpy as np

    return np.sqrt(np.atleast_1d(getattr(rbm.visible, "gamma", 1.0)))[:, None]


def _states(args: argparse.Namespace, found: Found | None) -> np.ndarray:
    """Return the visible states, in the values of the visible units of a machine."""
    if found is None:
        return _load(args.states, "--states")
    states = load_data_of(found, args.states, "--states").astype(float)
    states = states.reshape(len(states), -1)
    widths = _widths(found.rbm)[:, 0]
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
