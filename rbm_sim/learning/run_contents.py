"""What is in a file of a run made a learner and its history, or refused with the part that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.options import Options
from rbm_sim.learning.parameters import Parameters
from rbm_sim.learning.standardisation import Scales
from rbm_sim.units import DReLU, Gaussian, Potts, Unit
from rbm_sim.units.named import NAMED, named

SCHEMA = 1

Row = dict[str, Any]


def run_of(meta: Any, found: dict[str, np.ndarray]) -> tuple[Learner, list[Row], dict[str, Any]]:
    """Make a run of its parts.

    Parameters
    ----------
    meta : dict
        What was written as text.
    found : dict of ndarray
        Arrays by name.

    Returns
    -------
    tuple
        Learner, history, and what else was kept.

    Raises
    ------
    ValueError
        If the parts do not fit each other, or one is no such thing.
    KeyError
        If one is missing.
    """
    _is_dict("meta", meta)
    if meta["schema"] != SCHEMA:
        raise ValueError(f"schema = {meta['schema']!r}: this version reads {SCHEMA}")
    epoch = check.integer("epoch", meta["epoch"], at_least=0)
    history = _history(meta["history"], epoch)
    about = _is_dict("about", meta["about"])
    if np.ndim(found["w"]) != 2:
        raise ValueError(f"w has shape {np.shape(found['w'])}, must be (visible, hidden)")
    visible, hidden = _unit("visible", meta), _unit("hidden", meta)
    if isinstance(visible, Potts) and len(found["w"]) % visible.states:
        raise ValueError(f"states = {visible.states}: w has {len(found['w'])} rows, must be as many for each unit")
    options = Options(**_is_dict("options", meta["options"]))
    names = _check_arrays(found, visible, hidden, points=options.negative == "tap")
    generator = np.random.default_rng()
    generator.bit_generator.state = _is_dict("rng", meta["rng"])
    best = "best_w" in found
    best_epoch = meta.get("best_epoch") if best else None
    learner = Learner(
        visible,
        hidden,
        Parameters(**{name: found[name] for name in names}),
        options,
        generator,
        epoch,
        Parameters(**{name: found[f"step_{name}"] for name in names}),
        found.get("chains"),
        Scales(found["mean"], found["scale"]) if isinstance(visible, Gaussian) else None,
        Parameters(**{name: found[f"best_{name}"] for name in names}) if best else None,
        None if best_epoch is None else check.integer("best_epoch", best_epoch, at_least=0),
    )
    return learner, history, about


def _is_dict(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} = {check.short(value)}: must be names and values")
    return value


def _unit(layer: str, meta: dict[str, Any]) -> Unit:
    """Units by the name that is in the file."""
    name = check.choice(layer, meta[layer], tuple(NAMED))
    return named(name, meta if name == "potts" else None)


def _history(history: Any, epoch: int) -> list[Row]:
    """Rows with rising epochs, of which the last one is that of the run."""
    if not isinstance(history, list) or not all(isinstance(row, dict) and "epoch" in row for row in history):
        raise ValueError("its history is not a list of epochs")
    epochs = [check.integer("an epoch of its history", row["epoch"], at_least=0) for row in history]
    if epochs != sorted(set(epochs)):
        raise ValueError("the epochs of its history do not rise")
    if history and epochs[-1] != epoch:
        raise ValueError(f"its history ends with epoch {epochs[-1]}, not {epoch}")
    return history


def _check_arrays(found: dict[str, np.ndarray], visible: Unit, hidden: Unit, points: bool) -> list[str]:
    """Names of the parameters, after a look at all arrays; chains are hidden states, or points: visible means."""
    N, M = found["w"].shape
    shapes: dict[str, tuple[int, ...]] = {"w": (N, M), "visible": (N,), "hidden": (M,)}
    if isinstance(hidden, DReLU):
        shapes["shape"] = (2, M)
    if isinstance(visible, Gaussian):
        shapes["log_sigma"] = (N,)
        for key in Scales._fields:
            _fits(key, found[key], (N,), np.float64)
        if not (found["scale"] > 0).all():
            raise ValueError("scale has entries <= 0")
    for layer, shape in shapes.items():
        for key in (layer, f"step_{layer}", *([f"best_{layer}"] if "best_w" in found else [])):
            _fits(key, found[key], shape)
    if "chains" in found:
        _fits("chains", found["chains"], (*found["chains"].shape[:1], N if points else M))
    return list(shapes)


def _fits(name: str, array: np.ndarray, shape: tuple[int, ...], dtype: type = np.float32) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, must be {np.dtype(dtype)} of shape {shape}")
    wrong = ~np.isfinite(array)
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(f"{name} has the entry {array[place]} at {list(place)}, must be finite")
