"""HDF5 files of RestrictedBoltzmannMachines.jl: weights, type and parameters of both layers, offsets and scales.

Axes of arrays come in the reverse of their order in Julia: weights of N and M units there are (M, N) here, and
parameters (units, rows). Layers of several axes become one, the first axis there running fastest in both languages.

A standardised machine has E = E_v(v) + E_h(h) − Σ w_{iμ} (v_i − a_i)(h_μ − b_μ)/(s_i t_μ). With w̃ = w/(s t) it is one
of weights w̃ with the fields of v lowered by Σ_μ w̃ b, those of h by Σ_i a w̃, and ln Z higher by Σ a w̃ b. A centred one
has scales 1.

References
----------
J. Fernandez-de-Cossio-Diaz, S. Cocco and R. Monasson, Phys. Rev. X 13, 021003 (2023);
https://github.com/cossio/RestrictedBoltzmannMachines.jl.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.interchange import hdf5, julia_layers
from rbm_sim.interchange.found import Asked
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian, Normal, Unit

HEADER, VERSION = "rbm_hdf5_file_format_version", "1.0.0"
EXTRAS: dict[str, tuple[str, ...]] = {
    "RBM": (),
    "CenteredRBM": ("offset_v", "offset_h"),
    "StandardizedRBM": ("offset_v", "offset_h", "scale_v", "scale_h"),
}
"""What machines have beside weights and layers."""


def begins(folder: hdf5.Folder) -> bool:
    """Whether a file is one of that package.

    Parameters
    ----------
    folder : Folder
        The file.

    Returns
    -------
    bool
        True if it has its header, or what the header would announce.
    """
    return bool({HEADER, "visible_par"} & set(folder.names()))


def read(folder: hdf5.Folder, asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read a machine.

    Parameters
    ----------
    folder : Folder
        The file.
    asked : Asked
        Nothing: the file says all.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`; about has the `shape` of a visible layer of two axes.

    Raises
    ------
    ValueError
        If it is damaged, of another version, or has layers that are unknown here.
    """
    asked.refuse(*Asked._fields)
    if HEADER in folder.names() and folder.text(HEADER) != VERSION:
        raise ValueError(f"{HEADER} = {check.short(folder.text(HEADER))}: must be {VERSION}")
    kind = folder.text("rbm_type") if "rbm_type" in folder.names() else "RBM"
    if kind not in EXTRAS:
        raise ValueError(f"rbm_type = {check.short(kind)}: must be one of {', '.join(EXTRAS)}")
    weights = folder.numbers("weights")
    visible, sites = _layer(folder, "visible")
    hidden, hidden_sites = _layer(folder, "hidden")
    if weights.shape != (*hidden_sites, *sites):
        raise ValueError(
            f"weights has axes {weights.shape[::-1]} there: the layers have {sites[::-1]} and {hidden_sites[::-1]}"
        )
    if visible.scale is not None:
        raise ValueError("visible_par has γ ≠ 1: ReLU units have γ = 1 here, and the scale of v is that of the data")
    w = check.usual(weights.reshape(int(np.prod(hidden_sites)), -1).T)
    rbm, constant = _plain(w, visible.unit, hidden.unit, hidden.scale, _extras(folder, kind, sites, hidden_sites))
    return rbm, constant, {"shape": list(sites)} if len(sites) == 2 and _is_image(folder) else {}


def _is_image(folder: hdf5.Folder) -> bool:
    return folder.text("visible_type") not in ("Potts", "PottsGumbel")


def _layer(folder: hdf5.Folder, side: str) -> tuple[julia_layers.Layer, tuple[int, ...]]:
    """A layer, and its axes as they are here."""
    par = folder.numbers(f"{side}_par")
    if par.ndim < 2 or not par.size:
        raise ValueError(f"{side}_par has shape {par.shape}: must have a row for each parameter and an axis of units")
    sites = par.shape[:-1]
    return julia_layers.read(side, folder.text(f"{side}_type"), par.reshape(-1, par.shape[-1]), sites), sites


def _extras(
    folder: hdf5.Folder, kind: str, visible: tuple[int, ...], hidden: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Offsets and scales of both layers."""
    found = []
    for name in EXTRAS["StandardizedRBM"]:
        sites = visible if name.endswith("v") else hidden
        if name in EXTRAS[kind]:
            value = folder.numbers(name).astype(float)
            if value.shape != sites:
                raise ValueError(f"{name} has axes {value.shape[::-1]} there: the layer has {sites[::-1]}")
        else:
            value = np.full(sites, 1.0 if name.startswith("scale") else 0.0)
        if name.startswith("scale") and not value.all():
            raise ValueError(f"{name} has an entry 0: scales must not vanish")
        found.append(value.reshape(-1))
    a, b, s, t = found
    return a, b, s, t


def _plain(
    w: np.ndarray, visible: Unit, hidden: Unit, scale: np.ndarray | None, extras: tuple[np.ndarray, ...]
) -> tuple[RBM, float]:
    """The machine without offsets and scales, and what the other has more in ln Z."""
    a, b, s, t = extras
    if scale is not None:  # h here is √γ h there
        b, t = b * scale, t * scale
    constant = -float(np.log(scale).sum()) if scale is not None else 0.0
    if (s != 1).any() or (t != 1).any():
        w = (w / s[:, None] / t).astype(w.dtype)
    if a.any() or b.any():
        in_double = w.astype(float)
        visible, hidden = _lowered(visible, in_double @ b), _lowered(hidden, a @ in_double)
        constant += float(a @ in_double @ b)
    return RBM(w, visible=visible, hidden=hidden), constant


def _lowered(unit: Unit, shift: np.ndarray) -> Unit:
    return (Normal() if isinstance(unit, Gaussian) else unit)._with_offset(unit.offset + shift)


def write(rbm: RBM, path: str | os.PathLike[str]) -> float:
    """Write a machine.

    Parameters
    ----------
    rbm : RBM
        The machine.
    path : path
        The file.

    Returns
    -------
    float
        0: the machine of the file is the same.

    Raises
    ------
    ValueError
        If that package has no such units.
    """
    layers = {"visible": rbm.visible, "hidden": rbm.hidden}
    axes = {side: unit.axes(size) for (side, unit), size in zip(layers.items(), rbm.shape, strict=True)}
    found = {side: julia_layers.write(unit, size) for (side, unit), size in zip(layers.items(), rbm.shape, strict=True)}
    with hdf5.written(path) as file:
        file[HEADER], file["rbm_type"] = VERSION, "RBM"
        file["weights"] = rbm.weights.T.reshape(*axes["hidden"], *axes["visible"])
        for side, (kind, par) in found.items():
            file[f"{side}_type"] = kind
            file[f"{side}_par"] = par.astype(rbm.dtype).reshape(*axes[side], -1)
    return 0.0
