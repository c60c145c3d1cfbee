"""Options of train that look at data which are not learned from: validation, and stopping by it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.learning import Stop
    from rbm_sim.machine.rbm import RBM

STOPS = ("valid_pseudo_ll", "pseudo_ll", "log_likelihood")
"""Columns that learning may be stopped by."""


def add_options(add: Callable[..., Any]) -> None:
    """Add --validate and --stop.

    Parameters
    ----------
    add : callable
        `add_argument` of the command.
    """
    add(
        "--validate",
        metavar="DATA",
        help="other data, or the share of --data kept back, such as 0.1: their pseudo-log-likelihood and F every epoch",
    )
    add(
        "--stop",
        type=_stop_text,
        metavar="COLUMN[:EPOCHS]",
        help=f"stop when a column has not risen for so many epochs (10), and keep the best machine: {', '.join(STOPS)}",
    )


def row(rbm: RBM, valid: np.ndarray | None, shown: int) -> dict[str, float]:
    """Measure a machine on validation data.

    Parameters
    ----------
    rbm : RBM
        The machine.
    valid : ndarray, shape (samples, N), or None
        The data, if there are any.
    shown : int
        How many of them the pseudo-likelihood is measured on.

    Returns
    -------
    dict
        valid_pseudo_ll, and valid_F, the clamped free energy as F of the data that are learned from.
    """
    from rbm_sim.learning.measurements import ROWS
    from rbm_sim.partition.likelihood import pseudo_log_likelihood

    if valid is None:
        return {}
    found = pseudo_log_likelihood(rbm, valid[:shown]).mean
    return {"valid_pseudo_ll": found, "valid_F": rbm.clamped_free_energy(valid[:ROWS])}


def _stop_text(text: str) -> str:
    """Check COLUMN or COLUMN:EPOCHS."""
    quantity, _, patience = text.partition(":")
    if quantity not in STOPS:
        raise argparse.ArgumentTypeError(f"{text!r}: the column must be one of {', '.join(STOPS)}")
    return f"{quantity}:{cli.integer(1)(patience or '10')}"


def stop(args: argparse.Namespace) -> Stop | None:
    """What --stop says, refused if it is not measured.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    Stop or None
        When to stop.

    Raises
    ------
    UsageError
        If the column is not measured.
    """
    from rbm_sim.learning import Stop

    if args.stop is None:
        return None
    quantity, _, patience = args.stop.partition(":")
    needed = {"valid_pseudo_ll": "validate", "log_likelihood": "likelihood"}.get(quantity)
    if needed and not getattr(args, needed):
        raise cli.UsageError(f"--stop: {quantity} is measured with --{needed} only")
    return Stop(quantity, int(patience))


def split(
    args: argparse.Namespace, data: np.ndarray, load: Callable[..., Any], seed: Any
) -> tuple[np.ndarray, np.ndarray | None]:
    """Data to learn from, and those to validate with: other ones, or a share of the same drawn at random.

    Parameters
    ----------
    args : argparse.Namespace
        The options.
    data : ndarray, shape (samples, N)
        Those of --data.
    load : callable
        From a name and an option to data and their shape.
    seed : SeedSequence
        Seed of the draw.

    Returns
    -------
    tuple
        The two; None for the second without --validate.

    Raises
    ------
    UsageError
        If they do not fit, or one would be empty.
    """
    import numpy as np

    from rbm_sim._support import random

    if args.validate is None:
        return data, None
    try:
        share = float(args.validate)
    except ValueError:
        return data, of_same_size(load(args.validate, "--validate")[0], data, "--validate")
    kept = round(share * len(data)) if 0 < share < 1 else 0
    if not 0 < kept < len(data):
        raise cli.UsageError(
            f"--validate {args.validate}: a share must be in (0, 1) and leave data on both sides, of {len(data)}"
        )
    order = random.generator(seed).permutation(len(data))
    return data[np.sort(order[kept:])], data[np.sort(order[:kept])]


def of_same_size(other: np.ndarray, data: np.ndarray, option: str) -> np.ndarray:
    """Refuse data of another number of units.

    Parameters
    ----------
    other, data : ndarray, shape (samples, N)
        The data, and those of --data.
    option : str
        Option that named them.

    Returns
    -------
    ndarray
        `other`.

    Raises
    ------
    UsageError
        If N differs.
    """
    if other.shape[1:] != data.shape[1:]:
        what = "pixels" if data.ndim == 2 else "units"
        raise cli.UsageError(f"{option}: {other.shape[1]} {what}, but --data has {data.shape[1]}")
    return other


def say(stop: Stop, best: int | None, history: list[dict[str, Any]], epochs: int) -> None:
    """Say which machine is kept, and whether learning stopped before the last epoch.

    Parameters
    ----------
    stop : Stop
        When it was to stop.
    best : int or None
        Epoch of the machine that is kept, if one was found better than others.
    history : list of dict
        Rows of all epochs.
    epochs : int
        Epochs that were asked for.
    """
    row = next((row for row in history if row["epoch"] == best), None)
    if row is None:
        return
    early = "" if history[-1]["epoch"] >= epochs else f"stopped after epoch {history[-1]['epoch']}; "
    cli.warn(f"{early}best {stop.quantity} = {row[stop.quantity]:.6g} after epoch {best}, whose machine is kept")
