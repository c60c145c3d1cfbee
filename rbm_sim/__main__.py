"""The command ``python -m rbm_sim``: retrieval by finite machines, learning, and measurements on weights.

All else is imported when the command runs, so that Ctrl-C ends it quietly from the start.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its sub-commands.

    Returns
    -------
    argparse.ArgumentParser
        A parser whose `command` is the name of the sub-command, with the options of each.
    """
    from rbm_sim.commands import drawing, measuring, studies, training
    from rbm_sim.joint import place_command
    from replica import cli

    parser = cli.Parser(
        description="Finite restricted Boltzmann machines: retrieval of patterns, learning, and measurements.",
        example="""python -m rbm_sim capacity --theta 0.5 --N 500 1000 2000 4000 --samples 50
                   python -m rbm_sim capacity --N 1000 4000 --alpha 0.1:0.2:6
                   python -m rbm_sim basin --N 1000 --alpha 0.05 0.1
                   python -m rbm_sim retrieve --N 10000 --p 0.1 --g -0.02 --theta 0.3 --alpha 0.6 --L 1 5 10
                   python -m rbm_sim train --data digits --units 100 --epochs 20 --out run.npz
                   python -m rbm_sim measure weights.npy
                   python -m rbm_sim place run.npz --data digits""",
    )
    cli.add_version(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    studies.add_capacity(commands)
    studies.add_basin(commands)
    studies.add_retrieve(commands)
    training.add_train(commands)
    drawing.add_sample(commands)
    measuring.add_measure(commands)
    place_command.add_place(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; by default those of the process.

    Returns
    -------
    int
        Exit status of the sub-command: 130 after Ctrl-C, 1 if anything failed, else 0.
    """
    from rbm_sim.commands import drawing, measuring, studies, training
    from rbm_sim.joint import place_command

    args = build_parser().parse_args(argv)
    commands = {
        "capacity": studies.capacity,
        "basin": studies.basin,
        "retrieve": studies.retrieve,
        "train": training.train,
        "sample": drawing.sample,
        "measure": measuring.measure,
        "place": place_command.place,
    }
    return commands[args.command](args)


def run() -> int:
    """Run the command, and turn what can happen to it into an exit status.

    Returns
    -------
    int
        As of `replica.cli.run`.
    """
    try:
        from replica import cli

        return cli.run(main)
    except KeyboardInterrupt:  # during the imports, before anything can be said of it
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(run())
