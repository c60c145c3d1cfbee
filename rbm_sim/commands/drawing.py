"""The command sample: draw configurations from a machine that has learned."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rbm_sim.commands.loading import load_run
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.machine.rbm import RBM


def add_sample(commands: argparse._SubParsersAction[cli.Parser]) -> None:
    """Add the command sample.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "draw visible configurations from a machine that has learned"
    parser = commands.add_parser(
        "sample",
        help=about,
        description=f"""{about[0].upper()}{about[1:]}: one row for each chain, after --steps sweeps of Gibbs sampling.
F is the free energy of the configuration at --T, active the number of hidden units with h*(v) other than 0. --out
FILE.npz holds the configurations as the array images, which --data of train reads; the other formats as text.""",
        example="python -m rbm_sim sample run.npz --chains 100 --steps 1000 --plot digits.png --out samples.npz",
    )
    add = parser.add_argument
    add("run", metavar="RUN", help=".npz file of the command train")
    add("--chains", type=cli.integer(1), default=100, metavar="N", help="independent chains (100)")
    add("--steps", type=cli.integer(0), default=1000, metavar="N", help="sweeps (1000)")
    add("--T", type=float, default=1.0, help="temperature (1)")
    cli.add_common(parser, rng=True, plot=True)


def sample(args: argparse.Namespace) -> int:
    """Draw configurations, and print one row for each.

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

    from rbm_sim.units import TwoValued
    from replica.table import Table, provenance

    cli.protect(args, {"RUN": args.run})
    run = load_run(args.run, "RUN")
    rbm = run.learner.rbm
    # the two layers, and what the draws of a block need
    cli.check_memory("--chains", args.chains, "chains", 3.0 * args.chains * sum(rbm.shape) * rbm.dtype.itemsize)
    v, _ = rbm.sample(args.chains, args.steps, T=args.T, rng=args.rng)
    columns = {
        "chain": list(range(args.chains)),
        "F": _free_energy(rbm, v, args.T).tolist(),
        "active": (rbm.hidden.mode(rbm.inputs(v)) != 0).sum(axis=1).tolist(),
        "v": _texts(rbm, v),
    }
    whole = v.astype(np.int8) if isinstance(rbm.visible, TwoValued) else v
    shape = run.about.get("shape", ())
    shape = shape if int(np.prod(shape)) == v.shape[1] else v.shape[1:]
    images = (whole if (whole == v).all() else v).reshape(len(v), *shape)
    table = Table(columns, provenance(cli.parameters(args), args.rng))
    if args.out is not None and args.out.suffix.lower() == ".npz":
        kept = Table({name: columns[name] for name in ("chain", "F", "active")}, table.meta)
        cli.emit(kept, args, arrays={"images": images}, printed=table, shown=("chain", "F", "active"))
    else:
        cli.emit(table, args, shown=("chain", "F", "active"))
    if args.plot is not None:
        from rbm_sim.commands.training_plot import draw_images, image_shape

        cli.save_figure(
            draw_images(v, image_shape(run.about, v.shape[1]), "configurations drawn from the machine"), args.plot
        )
    return 0


def _texts(rbm: RBM, v: np.ndarray) -> list[str]:
    """Configurations as text: a digit for each two-valued unit, a number for each real-valued one."""
    from rbm_sim.units import TwoValued

    if isinstance(rbm.visible, TwoValued):
        return ["".join("1" if x > 0 else "0" for x in row) for row in v]
    return [" ".join(f"{x:.6g}" for x in row) for row in v]


def _free_energy(rbm: RBM, v: np.ndarray, T: float) -> np.ndarray:
    """F(v) at temperature T, min_h E(v, h) in the limit T → 0."""
    return rbm.free_energy(v, T) if T else rbm.marginal_energy(v)
