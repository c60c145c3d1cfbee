"""Runs of learning on disk: all that is needed to go on exactly where one stopped, and what was measured."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rbm_sim import _check
from rbm_sim.learning import Learner, Options, Parameters, checked
from rbm_sim.rbm import RBM
from rbm_sim.unit import Unit
from rbm_sim.units import Bernoulli, Gaussian, ReLU, Spin

SCHEMA = 1
UNITS: dict[str, Any] = {"bernoulli": Bernoulli, "spin": Spin, "gaussian": Gaussian, "relu": ReLU}
"""Name of a unit in files and on the command line."""

Row = dict[str, Any]


def train(
    learner: Learner,
    data: Any,
    *,
    epochs: int,
    file: str | Path | None = None,
    measure: Callable[[RBM], Row] | None = None,
    history: list[Row] | None = None,
    progress: Callable[..., Any] | None = None,
) -> list[Row]:
    """Learn until a number of epochs is reached, keeping the run on disk after each one.

    Parameters
    ----------
    learner : Learner
        A new one, or one from `load`, which goes on as if it had never stopped.
    data : array_like, shape (samples, N)
        Visible configurations.
    epochs : int
        Epochs of the whole run, those already done included, >= 1.
    file : str or Path, optional
        Where the run is kept, .npz. It is replaced at once and whole: Ctrl-C or an error leave the last epoch.
    measure : callable, optional
        From the machine to a row of the history, after each epoch.
    history : list of dict, optional
        Rows of the epochs already done; the new ones are appended to it.
    progress : callable, optional
        Called as ``progress(iterable, total=epochs)``, and iterated over in place of the iterable.

    Returns
    -------
    list of dict
        The history, one row for each epoch, with the column epoch.

    Raises
    ------
    DivergedError
        If learning diverges; the file keeps the last epoch before.
    ValueError
        If the data do not fit.
    """
    epochs = _check.integer("epochs", epochs, at_least=1)
    data = checked(data, learner.visible)
    if data.shape[1] != len(learner.parameters.visible):
        raise ValueError(
            f"data has shape {data.shape}: the machine has {len(learner.parameters.visible)} visible units"
        )
    history = [] if history is None else history
    left: Any = range(learner.epoch, epochs)
    for _ in left if progress is None else progress(left, total=len(left)):
        learner.learn(data)
        history.append({"epoch": learner.epoch, **({} if measure is None else measure(learner.rbm))})
        if file is not None:
            save(file, learner, history)
    return history


def save(file: str | Path, learner: Learner, history: list[Row] | None = None) -> None:
    """Write a run.

    Parameters
    ----------
    file : str or Path
        Name ending in .npz.
    learner : Learner
        What is kept.
    history : list of dict, optional
        What was measured.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from replica.provenance import replacing

    meta = {
        "schema": SCHEMA,
        "visible": name(learner.visible),
        "hidden": name(learner.hidden),
        "options": asdict(learner.options),
        "epoch": learner.epoch,
        "rng": learner.rng.bit_generator.state,
        "history": history or [],
    }
    arrays = dict(zip(("w", "visible", "hidden"), learner.parameters.arrays(), strict=True))
    arrays |= dict(zip(("step_w", "step_visible", "step_hidden"), learner.step.arrays(), strict=True))
    if learner.chains is not None:
        arrays["chains"] = learner.chains
    with replacing(file) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]


def load(file: str | Path) -> tuple[Learner, list[Row]]:
    """Read a run.

    Parameters
    ----------
    file : str or Path
        From `save`.

    Returns
    -------
    learner : Learner
        As it was.
    history : list of dict
        What was measured.

    Raises
    ------
    ValueError
        If the file is none of a run, or broken.
    OSError
        If it cannot be read.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(str(arrays["meta"]))
            found = {name: arrays[name] for name in arrays.files if name != "meta"}
        generator = np.random.default_rng()
        generator.bit_generator.state = meta["rng"]
        learner = Learner(
            UNITS[meta["visible"]](),
            UNITS[meta["hidden"]](),
            Parameters(found["w"], found["visible"], found["hidden"]),
            Options(**meta["options"]),
            generator,
            meta["epoch"],
            Parameters(found["step_w"], found["step_visible"], found["step_hidden"]),
            found.get("chains"),
        )
    except OSError:
        raise
    except Exception as error:  # of a zip file, of JSON, of what is in them
        raise ValueError(f"{str(file)!r} is no file of a run: {type(error).__name__}: {error}") from None
    return learner, meta["history"]


def name(unit: Unit) -> str:
    """Name of a unit type in files and on the command line.

    Parameters
    ----------
    unit : Unit
        The unit.

    Returns
    -------
    str
        Such as "relu".
    """
    return next(word for word, kind in UNITS.items() if isinstance(unit, kind))
