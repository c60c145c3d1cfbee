"""Machines as arrays with names, which formats without types of their own hold: .npz and safetensors.

Written are `weights` (N, M), the units by name (`visible`, `hidden`) and their parameters, such as `visible_g` or
`hidden_theta`. Read are other names too, those of state dicts and of scikit-learn. A bias adds to the input of a unit:
it is a field g, or −θ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.interchange.found import Asked
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian, Normal, Potts, Unit
from rbm_sim.units.named import NAMED

UNITS: dict[str, type[Unit]] = NAMED | {"normal": Normal}
"""Units that have a name in files."""
ORIENTATIONS = ("visible, hidden", "hidden, visible")
WEIGHTS = ("weights", "weight", "weight_matrix", "W", "w", "components_")
BIASES = {
    "visible": (
        *("vbias", "v_bias", "visible_bias", "visible_biases", "bias_visible", "bias_v", "b_v", "bv", "vb"),
        *("a", "g", "intercept_visible_"),
    ),
    "hidden": (
        *("hbias", "h_bias", "hidden_bias", "hidden_biases", "bias_hidden", "bias_h", "b_h", "bh", "hb"),
        *("b", "bias", "intercept_hidden_"),
    ),
}
"""Names that arrays are known by."""
TEXTS = ("visible", "hidden", "orientation")
USUAL = "bernoulli"
"""Units of a layer of which nothing says what they are."""


def contents(rbm: RBM) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """A machine as arrays, and as texts.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    arrays : dict of str to ndarray
        Weights, (N, M) or of Potts units (N, states, M), and parameters of units.
    texts : dict of str to str
        The units of both layers, and which index of the weights comes first.

    Raises
    ------
    ValueError
        If a layer has units without a name in files.
    """
    layers = {"visible": rbm.visible, "hidden": rbm.hidden}
    texts = {side: unit_name(unit) for side, unit in layers.items()} | {"orientation": ORIENTATIONS[0]}
    w = rbm.weights
    arrays = {"weights": w.reshape(*rbm.visible.axes(len(w)), -1)}
    for side, unit in layers.items():
        for own in fields(unit):  # type: ignore[arg-type]
            value = np.asarray(getattr(unit, own.name))
            split = isinstance(unit, Potts) and value.ndim
            arrays[f"{side}_{own.name}"] = value.reshape(-1, unit.states) if split else value  # type: ignore[attr-defined]
    return arrays, texts


def unit_name(unit: Unit) -> str:
    """Name of a unit in files.

    Parameters
    ----------
    unit : Unit
        The unit.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    ValueError
        If it has none.
    """
    for name, kind in UNITS.items():
        if type(unit) is kind:
            return name
    raise ValueError(f"unit = {check.short(unit)}: has no form in files; must be one of {', '.join(UNITS)}")


def machine(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str], asked: Asked) -> tuple[RBM, dict[str, Any]]:
    """The machine of named arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        All arrays of a file. A prefix that all names share, up to a point, is left out.
    texts : mapping of str to str
        What the file says in words.
    asked : Asked
        What it need not say.

    Returns
    -------
    rbm : RBM
        The machine.
    about : dict
        `assumed`, the layers whose units nothing names: they are Bernoulli ones.

    Raises
    ------
    ValueError
        If there are no weights, arrays that are no part of a machine, or some that do not fit.
    """
    asked.refuse("update")
    arrays = _without_prefix(arrays)
    found = {"weights": _one(arrays, WEIGHTS), **{side: _one(arrays, names) for side, names in BIASES.items()}}
    if found["weights"] is None:
        raise ValueError(f"holds {_listed(arrays)}, must hold the weights by the name {' or '.join(WEIGHTS[:-1])}")
    kinds = {side: _kind(side, texts, asked) for side in BIASES}
    w, columns_first = _oriented(arrays, found, texts, asked)
    if w.ndim == 3 and kinds["visible"] is None:
        kinds["visible"] = "potts"
    if w.ndim == 3 and (columns_first or kinds["visible"] != "potts"):
        raise ValueError(f"{found['weights']} has shape {w.shape}: must be a matrix, or (N, states, M) of Potts units")
    used = {name for name in found.values() if name is not None}
    layers = {}
    for side in BIASES:
        states = w.shape[1] if w.ndim == 3 and side == "visible" else None
        layers[side] = _layer(side, kinds[side] or USUAL, arrays, found[side], states)
        used |= {f"{side}_{own.name}" for own in fields(UNITS[kinds[side] or USUAL])}  # type: ignore[arg-type]
    left = sorted(set(arrays) - used)
    if left:
        raise ValueError(f"holds {_listed(left)}, not known as a part of a machine: leave it out, or name it otherwise")
    assumed = [side for side in BIASES if kinds[side] is None]
    return RBM(w, **layers), {"assumed": assumed} if assumed else {}


def _without_prefix(arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Names of a module in a module: `rbm.W` is W."""
    prefixes = {name.rpartition(".")[0] for name in arrays}
    if len(prefixes) == 1 and prefixes != {""}:
        return {name.rpartition(".")[2]: array for name, array in arrays.items()}
    return arrays


def _one(arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> str | None:
    found = [name for name in names if name in arrays]
    if len(found) > 1:
        raise ValueError(f"holds {_listed(found)}, which are the same thing: one of them must go")
    return found[0] if found else None


def _listed(names: Any) -> str:
    names = sorted(names)
    return check.short(", ".join(map(str, names)))[1:-1] if names else "no arrays"


def _kind(side: str, texts: Mapping[str, str], asked: Asked) -> str | None:
    """Name of the units of a layer, None if nothing says it."""
    said, wanted = texts.get(side), getattr(asked, side)
    if said is not None and said not in UNITS:
        raise ValueError(f"{side} = {check.short(said)}: must be one of {', '.join(UNITS)}")
    if said is not None and wanted is not None and said != wanted:
        raise ValueError(f"{side} = {wanted!r}: the file says {said}")
    return said or wanted


def _oriented(
    arrays: Mapping[str, np.ndarray], found: Mapping[str, str | None], texts: Mapping[str, str], asked: Asked
) -> tuple[np.ndarray, bool]:
    """Weights with the visible index first, and whether the file has the other first."""
    name = str(found["weights"])
    w = arrays[name]
    said = asked.orientation or texts.get("orientation") or ("hidden, visible" if name == "components_" else None)
    if said is not None and said not in ORIENTATIONS:
        raise ValueError(f"orientation = {check.short(said)}: must be one of {', '.join(map(repr, ORIENTATIONS))}")
    if said is None and w.ndim == 2:
        lengths = {side: arrays[bias].size for side in BIASES if (bias := found[side]) is not None}
        fits = [
            order
            for order, (N, M) in zip(ORIENTATIONS, (w.shape, w.shape[::-1]), strict=True)
            if all(size == {"visible": N, "hidden": M}[side] for side, size in lengths.items())
        ]
        if not fits:
            sizes = ", ".join(f"{found[side]} {size}" for side, size in lengths.items())
            raise ValueError(f"{name} has shape {w.shape}, but the lengths are {sizes}: they do not fit")
        if lengths and len(fits) == 2:
            choice = " or ".join(map(repr, ORIENTATIONS))
            raise ValueError(f"{name} is square: say which index comes first by orientation = {choice}")
        said = fits[0]
    turned = said == ORIENTATIONS[1]
    return (w.T if turned else w), turned


def _layer(side: str, kind: str, arrays: Mapping[str, np.ndarray], bias: str | None, states: int | None) -> Unit:
    """A layer of its parameters, and of a bias."""
    given: dict[str, Any] = {}
    for own in fields(UNITS[kind]):  # type: ignore[arg-type]
        name = f"{side}_{own.name}"
        if name in arrays:
            given[own.name] = int(arrays[name]) if own.name == "states" and arrays[name].ndim == 0 else arrays[name]
    if states is not None and given.setdefault("states", states) != states:
        raise ValueError(f"{side}_states = {given['states']}: the weights have {states} states")
    if bias is None:
        return UNITS[kind](**given)
    if set(given) & {"g", "theta", "theta_plus", "theta_minus"}:
        raise ValueError(f"holds {bias} beside {', '.join(f'{side}_{name}' for name in given)}: one of them must go")
    if kind == "potts":
        return Potts(given["states"], arrays[bias].reshape(-1, given["states"]))
    unit = Normal() if UNITS[kind] is Gaussian else UNITS[kind](**given)
    return unit._with_offset(-check.layer_parameter(bias, arrays[bias].astype(float)))
