"""`python -m replica.phase`: capacities and critical lines, and their check by simulation."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from replica import cli
from replica.phase.model_options import add_controls, add_model, model_class

EXAMPLE = """
python -m replica.phase --theta 0 0.5 1
python -m replica.phase --theta 0.5 --simulate 1000 2000
python -m replica.phase --model hopfield --alpha 0.01:0.13:13 --plot lines.png
python -m replica.phase --model hopfield --T 0:1:11 --format csv
"""

SIMULATOR = "rbm_sim.joint.crosscheck"
"""The one reference from theory to experiment: by name, and only when `--simulate` asks for it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    cls = model_class(words)
    parser = cli.Parser(
        example=EXAMPLE,
        description="Critical lines of a model over a grid of its controls. Grids: values, a:b:n, log:a:b:n.",
    )
    add_model(parser)
    add_controls(parser, cls)
    parser.add_grid("--simulate", integer=True, metavar="N", help="check by simulation at these sizes N (T = 0)")
    parser.add_argument("--samples", type=cli.integer(2), metavar="K", help="samples for each point of --simulate (20)")
    cli.add_common(parser, plot=True, precision=True, jobs=True, rng=True)
    args = parser.parse_args(words)
    grids = cli.grids(args)
    if "simulate" in grids:
        return import_module(SIMULATOR).simulate(parser, args, cls, grids)
    if args.samples is not None:
        parser.error("--samples goes with --simulate")
    from replica.phase.lines_command import draw_lines

    return draw_lines(parser, args, cls, grids)


if __name__ == "__main__":
    sys.exit(cli.run(main))
