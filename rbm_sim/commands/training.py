"""The command train: learn a machine from data."""

from __future__ import annotations

import argparse
import hashlib
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rbm_sim.commands import validation
from rbm_sim.commands.loading import load_data, load_run, path_of
from rbm_sim.commands.states import Letters, alphabet_of
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.learning import Learner, Options
    from rbm_sim.machine.rbm import RBM

VISIBLE = ("bernoulli", "spin", "gaussian", "potts")
OPTIONS = (
    *("batch_size", "learning_rate", "decay", "momentum", "weight_decay", "penalty", "exponent", "penalty_rise"),
    *("k", "centred"),
)


def add_train(commands: argparse._SubParsersAction[cli.Parser]) -> None:
    """Add the command train.

    Parameters
    ----------
    commands : object
        Sub-parsers of the command.
    """
    about = "learn a machine from data by contrastive divergence, and measure it after every epoch"
    parser = commands.add_parser(
        "train",
        help=about,
        description=f"""{about[0].upper()}{about[1:]}.
Columns: p_hat and W2 of the weights, T_eff = p_hat/W2; of the first 2000 data L_hat and silent hidden units, overlap
m_tilde and clamped free energy F; the pseudo-log-likelihood of the first 100; after the epochs of --likelihood the mean
log-likelihood of at most 10 000, ln Z by enumeration or annealed importance sampling; with --validate valid_pseudo_ll
and valid_F of data that are not learned from. --out FILE.npz keeps the run
and its history after every epoch; the same command with more --epochs goes on from there, as if it had never
stopped. --out FILE.csv or .json writes the history alone.""",
        example="""python -m rbm_sim train --data digits --hidden relu --units 100 --epochs 20 --out run.npz
                   python -m rbm_sim train --data mnist --units 400 --epochs 20 --out run.npz --plot run.png""",
    )
    add = parser.add_argument
    add(
        "--data",
        required=True,
        metavar="DATA",
        help="bars-and-stripes:SIDE, digits, mnist, or a .npy, .npz, IDX, CSV or FASTA file, a folder of IDX or .png",
    )
    add("--threshold", default="0.5", metavar="LEVEL", help="grey level from which a pixel is 1, or random (0.5)")
    of_visible = "visible units; gaussian: real values; potts: states, or letters of an alignment (bernoulli)"
    add("--visible", choices=VISIBLE, default="bernoulli", help=of_visible)
    hidden = ("bernoulli", "spin", "gaussian", "relu", "drelu")
    add("--hidden", choices=hidden, default="relu", help="hidden units (relu)")
    add("--units", type=cli.integer(1), default=100, metavar="M", help="number of hidden units (100)")
    add("--epochs", type=cli.integer(1), default=10, metavar="N", help="passes over the data, in all (10)")
    add("--batch-size", type=cli.integer(1), metavar="N", help="data in one step (1/100 of them, but 10 to 100)")
    rate = "rate of the first epoch (from the curvature of the likelihood, as it changes; see docs)"
    add("--learning-rate", type=float, metavar="RATE", help=rate)
    add("--decay", type=float, default=1.0, metavar="FACTOR", help="of the rate from epoch to epoch (1)")
    add("--momentum", type=float, default=0.0, help="part of the last step that is taken again (0)")
    add("--weight-decay", type=float, default=0.0, metavar="λ", help="penalty (λ/2) Σ w² (0)")
    add("--penalty", type=float, default=0.0, metavar="λ", help="penalty (λ/x) Σ_μ (Σ_i |w|)^x (0)")
    add("--exponent", type=float, default=1.0, metavar="x", help="its exponent (1)")
    add("--penalty-rise", type=cli.integer(0), default=0, metavar="N", help="epochs over which it grows to λ (0)")
    add("--k", type=cli.integer(1), default=1, metavar="K", help="Gibbs steps of the chains (1)")
    add("--cd", action="store_true", help="start the chains at the data (CD), not where they were (PCD)")
    centred = "gradient with v and h measured from their means (yes)"
    add("--centred", action=argparse.BooleanOptionalAction, default=True, help=centred)
    epochs = "epochs after which ln Z is measured, for the log-likelihood (none)"
    add("--likelihood", type=cli.integer(1), nargs="+", default=[], metavar="EPOCH", help=epochs)
    validation.add_options(add)
    add("--test", metavar="DATA", help="data of the log-likelihood, named as for --data (those learned from)")
    cli.add_common(parser, rng=True, plot=True, keeps=True)


def train(args: argparse.Namespace) -> int:
    """Learn, and print one row for each epoch.

    Parameters
    ----------
    args : argparse.Namespace
        The options.

    Returns
    -------
    int
        Exit status: 130 after Ctrl-C, else 0.

    Raises
    ------
    DivergedError
        If learning diverges.
    """
    from rbm_sim.learning import run_files
    from rbm_sim.learning.measurements import describe, likelihood
    from rbm_sim.learning.parameters import check_units
    from rbm_sim.partition.likelihood import pseudo_log_likelihood
    from replica.table import Table, provenance

    _refuse_contradictions(args)
    stop = validation.stop(args)
    cli.protect(args, {f"--{name}": path_of(getattr(args, name)) for name in ("data", "test", "validate")})
    level = _level(args.threshold)
    data, valid, test, shape, alphabet = _sets(args, level)
    about: dict[str, Any] = {"shape": list(shape), "threshold": level, "digest": _digest(data), "stop": args.stop}
    others = {"--validate": valid, "--test": test if args.likelihood else None}
    about["digests"] = {option: _digest(other) for option, other in others.items() if other is not None}
    if alphabet is not None:
        about["alphabet"] = alphabet
    about |= provenance(cli.parameters(args), args.rng)
    check_units("--units", args.units, data[0].size, min(len(data), args.batch_size or 100))
    shown = _shown(args, data)
    if args.visible == "gaussian":
        _warn_constant(data)
    learner, history = _learner(args, data, about)

    def measure(rbm: RBM) -> dict[str, float]:
        row = describe(rbm, data) | {"pseudo_ll": pseudo_log_likelihood(rbm, data[:shown]).mean}
        row |= validation.row(rbm, valid, shown)
        if history[-1]["epoch"] in args.likelihood:
            seed = _stream(args.rng, "likelihood")
            row |= likelihood(rbm, test[:TESTED], base=data, rng=seed, threads=os.cpu_count() or 1)
        return row

    file = args.out if args.out is not None and args.out.suffix.lower() == ".npz" else None
    progress = partial(cli.progress, label="epochs", quiet=args.quiet)
    go_on = partial(run_files.train, learner, data, epochs=args.epochs, history=history, progress=progress)
    stopped = False
    try:
        go_on(file=file, measure=measure, about=about, stop=stop)
    except KeyboardInterrupt:
        stopped = True
    table = Table.from_rows(history, provenance(cli.parameters(args), args.rng)) if history else None
    if table is not None:
        cli.emit(table, argparse.Namespace(**(vars(args) | {"out": None if file else args.out})))
    if args.plot is not None and table is not None and "W2" in table.columns:
        from rbm_sim.commands.training_plot import draw_run

        cli.save_figure(draw_run(table, learner.best_rbm, shape, _stream(args.rng, "plot")), args.plot)
    if stop is not None:
        validation.say(stop, learner.best_epoch, history, args.epochs)
    _warn_worse(args, learner, data)
    if stopped:
        cli.warn(_interrupted(learner.epoch, file is not None))
    return 130 if stopped else 0


def _interrupted(epoch: int, kept: bool) -> str:
    """What to say after Ctrl-C."""
    if not epoch:
        return "interrupted in epoch 1, so that nothing is kept"
    return f"interrupted after epoch {epoch}" + ("; the same command continues" if kept else "")


class _Sets(NamedTuple):
    """Data to learn from, to validate with and to test with; shape of an image, letters of the states."""

    data: np.ndarray
    valid: np.ndarray | None
    test: np.ndarray
    shape: tuple[int, ...]
    alphabet: str | None


def _sets(args: argparse.Namespace, level: float | str) -> _Sets:
    """Load all data; states of the others are those of --data."""
    from rbm_sim.units.named import named

    load = partial(load_data, level=level, visible=named(args.visible), rng=_stream(args.rng, "data"))
    data, shape = load(args.data, "--data")
    alphabet = None
    if args.visible == "potts":
        alphabet = alphabet_of(args.data)
        load = partial(load, letters=Letters(data.shape[-1], alphabet, "--data"))
    data, valid = validation.split(args, data, load, _stream(args.rng, "validation"))
    test = data if args.test is None else validation.of_same_size(load(args.test, "--test")[0], data, "--test")
    return _Sets(data, valid, test, shape, alphabet)


def _refuse_contradictions(args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    for epoch in args.likelihood:
        if epoch > args.epochs:
            raise cli.UsageError(f"--likelihood: epoch {epoch} is beyond --epochs {args.epochs}")
    if args.test is not None and not args.likelihood:
        raise cli.UsageError("--test needs --likelihood: it says after which epochs the test data are looked at")
    if args.visible == "potts" and args.plot is not None:
        raise cli.UsageError("--plot: weights to Potts units are no images")


def _stream(seed: int, use: str) -> np.random.SeedSequence:
    """Seed of random numbers other than those of learning itself, which has the plain one."""
    from numpy.random import SeedSequence

    return SeedSequence(seed, spawn_key=(("data", "likelihood", "plot", "validation", "verdict").index(use),))


def _digest(data: np.ndarray) -> str:
    """Digest that tells one set of data from another."""
    import numpy as np

    kept = data if (data == np.rint(data)).all() and np.abs(data).max(initial=0) < 128 else None  # two values, as ever
    array = np.ascontiguousarray(data, np.float64 if kept is None else np.int8)
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


SHOWN = 100
"""Data on which the pseudo-likelihood is measured: they are the same at every epoch."""
TESTED = 10_000
"""Data on which the likelihood is measured, at most."""
WEIGHTS = 100_000
"""Data times weights up to which the pseudo-likelihood of real-valued data is measured: a third of a second."""


def _shown(args: argparse.Namespace, data: np.ndarray) -> int:
    """How many data the pseudo-likelihood is measured on: of real values, each of which is an integral, fewer."""
    if args.visible != "gaussian" or args.hidden == "gaussian":
        return SHOWN
    return min(SHOWN, max(1, WEIGHTS // (args.units * data.shape[1])))


def _warn_constant(data: np.ndarray) -> None:
    """Say which columns do not vary: their density has no bound."""
    from rbm_sim.learning.standardisation import constant

    count = int(constant(data).sum())
    if count:
        cli.warn(
            f"--data: {count} of {data.shape[1]} columns do not vary; their density, which has no bound, is limited by "
            "a standard deviation of 0.01 of the median one: likelihoods contain that"
        )


def _warn_worse(args: argparse.Namespace, learner: Learner, data: np.ndarray) -> None:
    """Say if the machine has become worse than one without couplings, or is what it was."""
    from rbm_sim.learning.verdict import unmoved, worse_than_independent

    if still := unmoved(learner):
        cli.warn(f"{still}; try a larger --learning-rate")
    elif worse := worse_than_independent(learner.best_rbm, data, _stream(args.rng, "verdict")):
        cure = "PCD, without --cd, whose fixed point need not be a maximum" if args.cd else "a smaller --learning-rate"
        cli.warn(f"{worse}; try {cure}, or a larger --k")


def _level(text: str) -> float | str:
    from rbm_sim._support import check

    try:
        level = text if text == "random" else float(text)
    except ValueError:
        raise cli.UsageError(f"--threshold: {text!r} is neither a number nor 'random'") from None
    return level if isinstance(level, str) else check.number("--threshold", level, above=0, at_most=1)


def _learner(args: argparse.Namespace, data: np.ndarray, about: dict[str, Any]) -> tuple[Learner, list[dict[str, Any]]]:
    """Return a new learner, or the one that `--out` holds."""
    from rbm_sim.learning import Learner
    from rbm_sim.units.named import name_of, named

    options = _options(args, data)
    if args.out is None or args.out.suffix.lower() != ".npz" or not Path(args.out).exists():
        visible, hidden = named(args.visible, {"states": data.shape[-1]}), named(args.hidden)
        begin = partial(Learner.begin, visible=visible, hidden=hidden, units=args.units, options=options, rng=args.rng)
        try:
            return begin(data), []
        except ValueError as error:
            raise cli.UsageError(f"--data {args.data}: {error}") from None
    run = load_run(str(args.out), "--out")
    learner = run.learner
    asked = {"visible": args.visible, "hidden": args.hidden, "units": args.units, "rng": args.rng, **asdict(options)}
    asked["data (digest)"] = about["digest"]
    old: dict[str, Any] = {"visible": name_of(learner.visible), "hidden": name_of(learner.hidden)}
    old |= {"units": learner.parameters.w.shape[1], "rng": run.about.get("seed"), **asdict(learner.options)}
    old["data (digest)"] = run.about.get("digest")
    known = run.about.get("digests") or {}
    about["digests"] = known | about["digests"]
    for option in known:
        asked[f"{option} (digest)"], old[f"{option} (digest)"] = about["digests"][option], known[option]
    if (args.stop or "").partition(":")[0] != (run.about.get("stop") or "").partition(":")[0]:
        learner.best = learner.best_epoch = None  # of another column
    for name, value in asked.items():
        if old[name] != value:
            raise cli.UsageError(
                f"--out: {str(args.out)!r} was begun with other options, {name} = {old[name]}, not {value}: "
                "remove it, or choose another name"
            )
    for name, value in ((name, value) for row in run.history for name, value in row.items()):
        if not isinstance(value, float | int):
            raise cli.UsageError(f"--out: {str(args.out)!r}: its history has {name} = {value!r}, which is no number")
    if learner.epoch >= args.epochs:
        cli.warn(f"{str(args.out)!r} has {learner.epoch} epochs already")
    return learner, run.history


def _options(args: argparse.Namespace, data: np.ndarray) -> Options:
    """Options of learning, with batches that fit the data."""
    from rbm_sim.learning import Options
    from rbm_sim.learning.rates import usual_batch

    given = {name: getattr(args, name) for name in OPTIONS}
    given["batch_size"] = args.batch_size or usual_batch(len(data))
    try:
        return Options(**given, persistent=not args.cd)
    except ValueError as error:
        name, _, rest = str(error).partition(" = ")
        raise cli.UsageError(f"--{name.replace('_', '-')} = {rest}") from None
