"""The command ``python -m rbm_sim``: retrieval by finite machines, and measurements on weights."""

import argparse
import sys
from collections.abc import Sequence

from rbm_sim.commands import drawing, measuring, studies, training
from rbm_sim.joint import place_command
from replica import cli


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its sub-commands.

    Returns
    -------
    argparse.ArgumentParser
        A parser whose `command` is the name of the sub-command, with the options of each.
    """
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


if __name__ == "__main__":
    sys.exit(cli.run(main))
