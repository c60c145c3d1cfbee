"""The command sample: draw configurations from a machine that has learned."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rbm_sim.commands.loading import MACHINE, load_incomplete, load_machine
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.interchange import Found
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
FILE.npz holds the configurations as the array images, which --data of train reads; the other formats as text.
--inpaint completes images: their known pixels are held, the missing ones drawn from their law given these.""",
        example="""python -m rbm_sim sample run.npz --chains 100 --steps 1000 --plot digits.png --out samples.npz
                   python -m rbm_sim sample run.npz --inpaint torn.npy --chains 4 --out whole.npz""",
    )
    add = parser.add_argument
    add("run", metavar="RUN", help=MACHINE)
    add(
        "--inpaint",
        metavar="FILE",
        help="images with missing pixels to complete: .npy or .npz with nan, text with nan or empty cells",
    )
    chains = "independent chains (100); with --inpaint, for each image (1)"
    add("--chains", type=cli.integer(1), metavar="N", help=chains)
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

    from rbm_sim.units import Potts, TwoValued
    from replica.table import Table, provenance

    cli.protect(args, {"RUN": args.run, "--inpaint": args.inpaint})
    run = load_machine(args.run, "RUN")
    rbm = run.rbm
    if isinstance(rbm.visible, Potts) and (args.inpaint is not None or args.plot is not None):
        raise cli.UsageError("--inpaint, --plot: for images; RBM.sample(..., values=...) draws missing states")
    v, places = _drawn(args, run)
    columns = places | {
        "F": _free_energy(rbm, v, args.T).tolist(),
        "active": (rbm.hidden.mode(rbm.inputs(v)) != 0).sum(axis=1).tolist(),
        "v": _texts(rbm, v, run.about.get("alphabet")),
    }
    whole = v.astype(np.int8) if isinstance(rbm.visible, TwoValued | Potts) else v
    shape = run.about.get("shape") or ()
    shape = shape if int(np.prod(shape)) == v.shape[1] else v.shape[1:]
    images = (whole if (whole == v).all() else v).reshape(len(v), *shape)
    table = Table(columns, provenance(cli.parameters(args), args.rng))
    shown = (*places, "F", "active")
    if args.out is not None and args.out.suffix.lower() == ".npz":
        kept = Table({name: columns[name] for name in shown}, table.meta)
        cli.emit(kept, args, arrays={"images": images}, printed=table, shown=shown)
    else:
        cli.emit(table, args, shown=shown)
    if args.plot is not None:
        from rbm_sim.commands.training_plot import draw_images, image_shape

        title = "configurations drawn from the machine" if args.inpaint is None else "images completed by the machine"
        cli.save_figure(draw_images(v, image_shape(run.about, v.shape[1]), title), args.plot)
    return 0


def _texts(rbm: RBM, v: np.ndarray, alphabet: str | None) -> list[str]:
    """Configurations as text: a digit for each two-valued unit, a letter or number for each other one."""
    from rbm_sim.learning.alignments import texts
    from rbm_sim.units import Potts, TwoValued

    if isinstance(rbm.visible, Potts):
        a = v.argmax(axis=-1)
        return texts(a, alphabet) if alphabet else [" ".join(map(str, row)) for row in a]
    if isinstance(rbm.visible, TwoValued):
        return ["".join("1" if x > 0 else "0" for x in row) for row in v]
    return [" ".join(f"{x:.6g}" for x in row) for row in v]


def _drawn(args: argparse.Namespace, run: Found) -> tuple[np.ndarray, dict[str, list[int]]]:
    """Configurations, and the columns that say of which chain and of which image each is."""
    import numpy as np

    from rbm_sim._support.memory import check_memory

    rbm = run.rbm
    chains = args.chains or (100 if args.inpaint is None else 1)
    given = None
    if args.inpaint is not None:
        level, (pixels, _) = run.about.get("threshold") or 0.5, rbm.shape
        given = load_incomplete(args.inpaint, "--inpaint", level, visible=rbm.visible, pixels=pixels, rng=args.rng)
    images = 1 if given is None else len(given)
    # the two layers, and what the draws of a block need
    needed = 3.0 * images * chains * sum(rbm.shape) * rbm.dtype.itemsize
    check_memory("--chains", chains, "chains", needed)
    places = {"chain": list(range(chains)) * images}
    if given is not None:
        places = {"image": np.repeat(np.arange(images), chains).tolist()} | places
        given = np.repeat(given, chains, axis=0)
    return rbm.sample(images * chains, args.steps, T=args.T, rng=args.rng, values=given).v, places


def _free_energy(rbm: RBM, v: np.ndarray, T: float) -> np.ndarray:
    """F(v) at temperature T, min_h E(v, h) in the limit T → 0."""
    return rbm.free_energy(v, T) if T else rbm.marginal_energy(v)
