"""Runs of learning on disk: all that is needed to go on exactly where one stopped, and what was measured."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.learning import run_contents
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.parameters import checked, matching
from rbm_sim.learning.run_contents import SCHEMA, Row
from rbm_sim.learning.stopping import Stop, asks_to_stop
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Potts
from rbm_sim.units.named import name_of


class Run(NamedTuple):
    """Contents of a file.

    Attributes
    ----------
    learner : Learner
        All that decides how it goes on, and the parameters of the best epoch where learning may stop early.
    history : list of dict
        What was measured, one row for each epoch.
    about : dict
        What else was kept with it, such as which data were learned.
    """

    learner: Learner
    history: list[Row]
    about: dict[str, Any]

    def __repr__(self) -> str:
        return shown.fields(self)


def train(
    learner: Learner,
    data: ArrayLike,
    *,
    epochs: int,
    file: str | Path | None = None,
    measure: Callable[[RBM], Row] | None = None,
    stop: Stop | None = None,
    callback: Callable[[Learner, Row], bool | None] | None = None,
    history: list[Row] | None = None,
    about: dict[str, Any] | None = None,
    progress: Callable[..., Iterable[int]] | None = None,
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
        Where the run is kept, .npz, before and after it is measured. It is replaced at once and whole: Ctrl-C or an
        error leave the last epoch.
    measure : callable, optional
        From the machine to a row of the history, after each epoch.
    stop : Stop, optional
        Stop early, on a column of what is measured; `learner.best_rbm` then is the machine of the best epoch.
    callback : callable, optional
        Called after each epoch with the learner and its row of the history; learning stops if it returns True.
    history : list of dict, optional
        Rows of the epochs already done; the new ones are appended to it. A last row that was not measured is.
    about : dict, optional
        What to keep with the run, ready for JSON.
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
        If the data do not fit, or an argument is of another kind than this.
    """
    epochs = check.integer("epochs", epochs, at_least=1)
    _check_asked(file, measure, stop, callback)
    data = matching(checked(data, learner.visible), learner.visible, len(learner.parameters.visible))
    history = [] if history is None else history
    waiting = bool(history) and history[-1].keys() == {"epoch"}
    if stop is None or learner.best is None:
        learner.best = learner.best_epoch = None
        # parameters of epochs before anyone asked for the best are gone
        first = learner.epoch + (not waiting)
    else:
        first = learner.best_epoch = learner.best_epoch or stop.best(history) or 0

    def keep() -> None:
        if file is not None:
            save(file, learner, history, about)

    def complete() -> bool:
        """Measure, and say whether that was the last epoch."""
        if measure is not None:
            history[-1] |= _as_row(measure(learner.rbm))
        if stop is not None and stop.best(watched()) == learner.epoch:
            learner.best, learner.best_epoch = learner.parameters.copy(), learner.epoch
        if measure is not None:
            keep()
        asked = callback is not None and asks_to_stop(callback(learner, history[-1]))
        return asked or ended()

    def ended() -> bool:
        return stop is not None and stop.ends(watched())

    def watched() -> list[Row]:
        return [row for row in history if row["epoch"] >= first]

    if complete() if waiting else ended():
        return history
    left = range(learner.epoch, epochs)
    for _ in left if progress is None else progress(left, total=len(left)):
        learner.learn(data)
        history.append({"epoch": learner.epoch})
        keep()
        if complete():
            break
    if stop is not None and stop.best(history) is None:
        warnings.warn(f"stop = {stop!r}: no epoch has measured that, so learning does not stop on it", stacklevel=2)
    return history


def save(
    file: str | Path, learner: Learner, history: list[Row] | None = None, about: dict[str, Any] | None = None
) -> None:
    """Write a run.

    Parameters
    ----------
    file : str or Path
        Name ending in .npz.
    learner : Learner
        What is kept.
    history : list of dict, optional
        What was measured.
    about : dict, optional
        What else to keep, ready for JSON.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If there is such a file already, and it is none of a run.
    """
    from replica.table.provenance import replacing

    meta = {
        "schema": SCHEMA,
        "visible": name_of(learner.visible),
        "hidden": name_of(learner.hidden),
        "options": asdict(learner.options),
        "epoch": learner.epoch,
        "rng": learner.rng.bit_generator.state,
        "history": history or [],
        "about": about or {},
    }
    if learner.best is not None:
        meta["best_epoch"] = learner.best_epoch
    if isinstance(learner.visible, Potts):
        meta["states"] = learner.visible.states
    names = learner.parameters.names()
    arrays = dict(zip(names, learner.parameters.arrays(), strict=True))
    arrays |= dict(zip((f"step_{name}" for name in names), learner.step.arrays(), strict=True))
    if learner.best is not None:
        arrays |= dict(zip((f"best_{name}" for name in names), learner.best.arrays(), strict=True))
    if learner.scales is not None:
        arrays |= learner.scales._asdict()
    if learner.chains is not None:
        arrays["chains"] = learner.chains
    _check_name(file)
    if not _replaceable(file):
        raise ValueError(f"file = {str(file)!r}: is there and no file of a run, so it is not written over")
    with replacing(file) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]


def load(file: str | Path) -> Run:
    """Read a run.

    Parameters
    ----------
    file : str or Path
        From `save`.

    Returns
    -------
    Run
        The learner as it was after its last epoch, the history, one row an epoch, and what else was kept.

    Raises
    ------
    ValueError
        If the file is none of a run, or broken.
    OSError
        If it cannot be read.
    """
    try:
        return Run(*run_contents.run_of(*_contents(file)))
    except OSError:
        raise
    except KeyError as error:
        raise ValueError(f"{str(file)!r} is no file of a run: it has no {error}") from None
    except Exception as error:  # of a zip file, of JSON, of what is in them
        raise ValueError(f"{str(file)!r} is no file of a run: {error}") from None


def _check_asked(file: Any, measure: Any, stop: Any, callback: Any) -> None:
    """Refuse what would be found wrong only after an epoch, or never."""
    if file is not None:
        _check_name(file)
    for name, function in (("measure", measure), ("callback", callback)):
        if function is not None and not callable(function):
            raise ValueError(f"{name} = {check.short(function)}: must be callable, or None")
    if stop is None:
        return
    if not isinstance(stop, Stop):
        raise ValueError(f"stop = {check.short(stop)}: must be a Stop, such as Stop('valid_pseudo_ll'), or None")
    if measure is None:
        raise ValueError(f"stop = {stop!r}: needs measure, whose rows have that column")


def _check_name(file: Any) -> None:
    if not isinstance(file, str | os.PathLike) or Path(file).suffix.lower() != ".npz":
        raise ValueError(f"file = {check.short(file)}: must be the name of a file that ends in .npz")


def _as_row(measured: Any) -> Row:
    if not isinstance(measured, Mapping):
        raise ValueError(f"measure returned {check.short(measured)}: must return a dict, of what each column is")
    return dict(measured)


def _replaceable(file: str | Path) -> bool:
    """Whether there is no such file, nothing in it, or a run."""
    if not Path(file).is_file() or not Path(file).stat().st_size:
        return True
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return {"meta.npy", "w.npy", "step_w.npy"} <= set(archive.namelist())


def _contents(file: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what is said about the run, and its arrays."""
    if Path(file).is_file() and not zipfile.is_zipfile(file):
        raise ValueError("it is no .npz file")
    with np.load(file, allow_pickle=False) as arrays:
        if "meta" not in arrays.files:
            raise ValueError(f"it holds the arrays {', '.join(arrays.files)}")
        return json.loads(str(arrays["meta"])), {name: arrays[name] for name in arrays.files if name != "meta"}
