"""The command place: where a trained machine stands in the theory's phase diagram."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_sim.commands.loading import MACHINE, load_data_of, load_machine, path_of
from replica import cli

if TYPE_CHECKING:
    from rbm_sim.joint.placement import Placement
    from replica.table import Table


def add_place(commands: argparse._SubParsersAction[cli.Parser]) -> None:
    """Add the command place.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "where a trained machine stands in the theory's phase diagram"
    parser = commands.add_parser(
        "place",
        help=about,
        description=f"""{about[0].upper()}{about[1:]}: its load, sparsity, thresholds and fields in the units of the
theory of random machines; the number L_hat of hidden units that are strongly active, measured, and ℓ*/p_hat, predicted;
the phase, the nearest boundary in each control, and where the assumptions fail. --out FILE.html writes one page with
the machine in two phase diagrams.""",
        example="""python -m rbm_sim place run.npz --data digits
                   python -m rbm_sim place run.npz --out page.html""",
    )
    parser.add_argument("machine", metavar="MACHINE", help=MACHINE)
    parser.add_argument(
        "--from", dest="from_format", metavar="FORMAT", help="format of the file (told from its content)"
    )
    parser.add_argument(
        "--data", metavar="DATA", help="where activities are measured, as --data of train (samples of the machine)"
    )
    cli.add_common(parser, rng=True, formats=("html",))


def place(args: argparse.Namespace) -> int:
    """Place a machine and print what was found.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        Exit status, 0: what goes wrong raises.
    """
    from rbm_sim.joint import place_page, placement
    from replica.table import Table, provenance

    cli.protect(args, {"MACHINE": args.machine, "--data": path_of(args.data)})
    run = load_machine(args.machine, "MACHINE", format=args.from_format)
    rbm, data = run.rbm, None
    if args.data is not None:
        data = load_data_of(run, args.data, "--data")
        if data.shape[1] != rbm.shape[0]:
            raise cli.UsageError(f"--data: {data.shape[1]} columns, but the machine has {rbm.shape[0]} visible units")
    found = placement.place(rbm, data, rng=args.rng)
    for line in found.warnings:
        cli.warn(line)
    table = Table.from_rows([found.row()], provenance(cli.parameters(args), args.rng))
    name = Path(args.machine).name
    cli.emit(
        table,
        args,
        renderers={"table": lambda table: _listed(table, found), "html": lambda _: place_page.page(found, name)},
    )
    return 0


def _listed(table: Table, found: Placement) -> str:
    """One line a number, with its meaning, and the answer above."""
    from rbm_sim.joint.place_page import MEANINGS, answer

    lines = [answer(found), ""]
    for name, value in table.rows()[0].items():
        if name != "warnings" and value is not None:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            lines.append(f"{name:15} {text:>14}  {MEANINGS[name]}")
    return "\n".join(lines) + "\n"
