"""Layers of RestrictedBoltzmannMachines.jl, and those here: rows of parameters by the name of the layer.

There U(x) = |γ|x²/2 − θx, where it is x²/2 + θx of ReLU units here: θ has the other sign. Double ReLU units (dReLU: θ₊,
θ₋, γ₊, γ₋) have two more forms, pReLU with θ± = θ ± Δ/(1 ± η) and γ± = γ/(1 ± η), and xReLU with η = ξ/(1 + |ξ|).
nsReLU is xReLU with γ = 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim._support import check
from rbm_sim.units import Bernoulli, DReLU, Gaussian, Normal, Potts, ReLU, Spin, Unit

ROWS = {"Binary": (1,), "Spin": (1,), "Potts": (1,), "PottsGumbel": (1,), "Gaussian": (2,), "ReLU": (2,)} | {
    "dReLU": (4,),
    "pReLU": (4,),
    "xReLU": (3, 4),
    "nsReLU": (3,),
}
"""Parameters of a unit of each layer."""


class Layer(NamedTuple):
    """A layer.

    Attributes
    ----------
    unit : Unit
        Its units, as they are here.
    scale : ndarray, shape (units,), or None
        √γ of ReLU units: x here is √γ x there, since units here have γ = 1.
    """

    unit: Unit
    scale: np.ndarray | None = None


def read(side: str, kind: str, par: np.ndarray, sites: tuple[int, ...]) -> Layer:
    """A layer of its parameters.

    Parameters
    ----------
    side : str
        What messages call it.
    kind : str
        Name of the layer there.
    par : ndarray, shape (units, rows)
        Its parameters.
    sites : tuple of int
        Its axes, as an array has them here: the states of Potts units come last.

    Returns
    -------
    Layer
        The units.

    Raises
    ------
    ValueError
        If there is no such layer, or it has other rows or values.
    """
    if kind not in ROWS:
        raise ValueError(f"{side}_type = {check.short(kind)}: must be one of {', '.join(ROWS)}")
    if par.shape[1] not in ROWS[kind]:
        raise ValueError(f"{side}_par has {par.shape[1]} rows: {kind} units have {ROWS[kind][-1]}")
    rows = par.T
    if kind in ("Potts", "PottsGumbel"):
        return Layer(Potts(sites[-1], par.reshape(-1, sites[-1])))
    if kind in ("Binary", "Spin"):
        return Layer((Bernoulli if kind == "Binary" else Spin)(rows[0]))
    if kind in ("Gaussian", "ReLU"):
        return _one_side(side, kind, rows[0], np.abs(rows[1]))
    return Layer(_two_sides(side, kind, rows))


def _one_side(side: str, kind: str, theta: np.ndarray, gamma: np.ndarray) -> Layer:
    """U = γx²/2 − θx."""
    if not gamma.all():
        raise ValueError(f"{side}_par has γ = 0: {kind} units have |γ| > 0")
    if kind == "Gaussian":
        return Layer(Normal(theta, gamma) if theta.any() or (gamma != 1).any() else Gaussian())
    scale = np.sqrt(gamma.astype(float))
    return Layer(ReLU(-theta / scale), scale if (gamma != 1).any() else None)


def _two_sides(side: str, kind: str, rows: np.ndarray) -> DReLU:
    if kind == "dReLU":
        plus, minus, gamma_plus, gamma_minus = rows
        return DReLU(np.abs(gamma_plus), np.abs(gamma_minus), -plus, -minus)
    theta, gap, bend = rows[0], rows[-2], rows[-1]
    gamma = np.abs(rows[1]) if len(rows) == 4 else np.ones_like(theta)
    if kind == "pReLU" and not (np.abs(bend) < 1).all():
        raise ValueError(f"{side}_par has η beyond ±1: pReLU units have |η| < 1")
    above, below = (1 + bend, 1 - bend) if kind == "pReLU" else _sides(bend)
    return DReLU(gamma / above, gamma / below, -theta - gap / above, -theta + gap / below)


def _sides(xi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 ± η of η = ξ/(1 + |ξ|), without a difference of near numbers."""
    whole = 1 + np.abs(xi)
    return (whole + xi) / whole, (whole - xi) / whole


def write(unit: Unit, size: int) -> tuple[str, np.ndarray]:
    """Name and parameters of a layer there.

    Parameters
    ----------
    unit : Unit
        Its units.
    size : int
        How many entries a configuration of it has.

    Returns
    -------
    kind : str
        Name of the layer; double ReLU units are written as xReLU, which all versions of that package read.
    par : ndarray, shape (size, rows)
        Its parameters.

    Raises
    ------
    ValueError
        If that package has no such units.
    """
    kinds = {Bernoulli: "Binary", Spin: "Spin", Potts: "Potts", Gaussian: "Gaussian", Normal: "Gaussian"}
    kind = (kinds | {ReLU: "ReLU", DReLU: "xReLU"}).get(type(unit))
    if kind is None:
        raise ValueError(f"units {type(unit).__name__}: RestrictedBoltzmannMachines.jl has none such")
    rows: tuple[np.ndarray, ...]
    if isinstance(unit, Bernoulli | Spin | Potts):
        rows = (unit.g,)
    elif isinstance(unit, Normal):
        rows = (unit.g, unit.gamma)
    elif isinstance(unit, DReLU):
        rows = _extended(unit)
    else:
        rows = (-unit.offset * np.ones(size), np.ones(size))
    return kind, np.stack([np.broadcast_to(row, size) for row in rows], axis=1)


def _extended(unit: DReLU) -> tuple[np.ndarray, ...]:
    """θ, γ, Δ and ξ of double ReLU units."""
    plus, minus, up, down = -unit.theta_plus, -unit.theta_minus, unit.gamma_plus, unit.gamma_minus
    both = up + down
    gamma = 2 * up * down / both
    return (
        (plus * down + minus * up) / both,
        gamma,
        gamma * (plus - minus) / both,
        (down - up) / (2 * np.minimum(up, down)),
    )
