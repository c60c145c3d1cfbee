"""HDF5 files of the package rbms: update_N/params with weight_matrix, vbias and hbias, and model_type.

Bernoulli units in both layers (BBRBM), Potts and Bernoulli units (PBRBM, weights (N, states, M)), or spins (IIRBM).

References
----------
N. Béreux, A. Decelle, C. Furtlehner, L. Rosset and B. Seoane, rbms, https://github.com/DsysDML/rbms.
"""

from __future__ import annotations

import os
import re
from typing import Any

from rbm_sim._support import check
from rbm_sim.interchange import hdf5
from rbm_sim.interchange.found import Asked
from rbm_sim.machine.change_of_units import with_zero_one
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Bernoulli, Potts, Spin, Unit

PARAMETERS = ("weight_matrix", "vbias", "hbias")
UPDATE = re.compile(r"update_(\d{1,18})")
VARIANCES = ("BGRBM", "IGRBM")
"""Of Gaussian hidden units: the energies of the package give them the variance 1/N, its sampler others."""


def begins(folder: hdf5.Folder) -> bool:
    """Whether a file is one of rbms.

    Parameters
    ----------
    folder : Folder
        The file.

    Returns
    -------
    bool
        True if it has an update.
    """
    return any(UPDATE.fullmatch(name) for name in folder.names())


def read(folder: hdf5.Folder, asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read a machine.

    Parameters
    ----------
    folder : Folder
        The file.
    asked : Asked
        Which update, by default the last.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`; about names the update.

    Raises
    ------
    ValueError
        If there is no such update, or no machine in it.
    """
    asked.refuse("visible", "hidden", "orientation")
    updates = {int(found[1]): name for name in folder.names() if (found := UPDATE.fullmatch(name))}
    update = max(updates) if asked.update is None else asked.update
    if update not in updates:
        shown = ", ".join(map(str, sorted(updates)))
        raise ValueError(f"update = {update}: the file has {check.short(shown)[1:-1]}")
    inside = folder.folder(updates[update])
    if "params" in inside.names():  # old versions have none
        inside = inside.folder("params")
        others = sorted(set(inside.names()) - set(PARAMETERS))
        if others:
            raise ValueError(
                f"{updates[update]}/params holds {check.short(', '.join(others))}: no machine of one matrix"
            )
    w, g, b = (inside.numbers(name) for name in PARAMETERS)
    kind = folder.text("model_type") if "model_type" in folder.names() else {2: "BBRBM", 3: "PBRBM"}.get(w.ndim, "")
    if b.ndim != 1 or w.shape != (*g.shape, *b.shape):
        raise ValueError(f"weight_matrix has shape {w.shape}, vbias {g.shape} and hbias {b.shape}: they do not fit")
    if w.ndim != (3 if kind == "PBRBM" else 2):
        raise ValueError(f"model_type = {check.short(kind)}, with weights of shape {w.shape}: they do not fit")
    visible, hidden = _layers(kind, g, b)
    return RBM(w, visible=visible, hidden=hidden), 0.0, {"update": update}


def _layers(kind: str, g: Any, b: Any) -> tuple[Unit, Unit]:
    if kind == "BBRBM":
        return Bernoulli(g), Bernoulli(b)
    if kind == "PBRBM":
        return Potts(g.shape[1], g), Bernoulli(b)
    if kind == "IIRBM":
        return Spin(g), Spin(b)
    why = "energies and sampler of that package give its Gaussian units two variances; " if kind in VARIANCES else ""
    raise ValueError(f"model_type = {check.short(kind)}: {why}must be BBRBM, PBRBM or IIRBM")


def write(rbm: RBM, path: str | os.PathLike[str]) -> float:
    """Write a machine as update 0 of a file that `rbms.io.load_params` reads.

    Parameters
    ----------
    rbm : RBM
        The machine. Spins become units of {0, 1}.
    path : path
        The file.

    Returns
    -------
    float
        What ln Z of the machine is more than that of the file.

    Raises
    ------
    ValueError
        If it has other units.
    """
    rbm, constant = with_zero_one(rbm)
    visible: Any = rbm.visible
    hidden: Any = rbm.hidden
    if type(visible) not in (Bernoulli, Potts) or type(hidden) is not Bernoulli:
        raise ValueError(
            f"units {type(visible).__name__} and {type(hidden).__name__}: rbms has Bernoulli, spin or Potts visible "
            "and Bernoulli or spin hidden units; RestrictedBoltzmannMachines.jl has others"
        )
    axes = visible.axes(rbm.shape[0])
    values = (rbm.weights.reshape(*axes, -1), visible.g.reshape(axes), hidden.g)
    with hdf5.written(path) as file:
        file["model_type"] = "PBRBM" if isinstance(visible, Potts) else "BBRBM"
        params = file.create_group("update_0/params")
        for name, value in zip(PARAMETERS, values, strict=True):
            params[name] = value
    return constant
