"""Origin and unit of each real-valued visible unit, taken from the data: mean and standard deviation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.learning.parameters import Parameters, hidden_layer
from rbm_sim.machine.change_of_units import in_units
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Normal, Unit

NARROWEST = 0.01
"""Smallest conditional standard deviation of a visible unit, in units of that of its data: the density of data that
repeat one value exactly has no bound."""


_ROUNDINGS = 4
"""A column that spreads over no more of them repeats one value."""


class Scales(NamedTuple):
    """Mean and scale of each column of data: x = (v − mean)/scale is what a machine of real-valued units learns.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (N,)
        Means and standard deviations; a column that does not vary has the median scale of those that do, or 1.
    """

    mean: np.ndarray
    scale: np.ndarray

    def reduced(self, v: np.ndarray) -> np.ndarray:
        """(v − mean)/scale.

        Parameters
        ----------
        v : ndarray, shape (..., N)
            Data.

        Returns
        -------
        ndarray of float64, shape (..., N)
            The data from their means, in their own units.
        """
        return (v - self.mean) / self.scale


def scales_of(data: np.ndarray) -> Scales:
    """Mean and scale of each column.

    Parameters
    ----------
    data : ndarray, shape (samples, N)
        Real numbers.

    Returns
    -------
    Scales
        Means and standard deviations, those of constant columns replaced.
    """
    mean, scale = _moments(data)
    varies = ~_constant(data, mean, scale)
    return Scales(mean, np.where(varies, scale, np.median(scale[varies]) if varies.any() else 1.0))


def constant(data: np.ndarray) -> np.ndarray:
    """Which columns do not vary, beyond the rounding of their type.

    Parameters
    ----------
    data : ndarray, shape (samples, N)
        Real numbers.

    Returns
    -------
    ndarray of bool, shape (N,)
        Those that `scales_of` gives the scale of others.
    """
    return _constant(data, *_moments(data))


def _moments(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, measured from the first row: an offset costs no digits."""
    first = data[0].astype(float)
    rows = max(1, (1 << 20) // data.shape[1])
    blocks = [slice(k, k + rows) for k in range(0, len(data), rows)]
    with np.errstate(over="ignore", invalid="ignore"):
        unit = np.max([np.abs(data[block] - first).max(axis=0) for block in blocks], axis=0)  # squares do not overflow
        unit[unit == 0] = 1
        shift = sum(((data[block] - first) / unit).sum(axis=0) for block in blocks) / len(data)
        squares = sum(np.square((data[block] - first) / unit - shift).sum(axis=0) for block in blocks)
        return first + unit * shift, unit * np.sqrt(squares / len(data))


def _constant(data: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return scale <= _ROUNDINGS * np.finfo(data.dtype).eps * np.abs(mean)


def width_slopes(u: np.ndarray, h: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Derivatives of the mean log-likelihood by ln σ_i, v = mean + scale σ u.

    ln P(v) = ln P(u) − Σ ln σ, so that they are means over the data alone, −1 + ⟨u_i (u_i + b_i − Σ_μ w_iμ h_μ)⟩.

    Parameters
    ----------
    u : ndarray, shape (n, N)
        Data in units of their standard deviations given h.
    h : ndarray, shape (n, M)
        Means of the hidden units given the data, or draws.
    parameters : Parameters
        Weights and visible offsets b.

    Returns
    -------
    ndarray, shape (N,)
        The derivatives.
    """
    rest = u - h @ parameters.w.T
    rest += parameters.visible
    return np.einsum("ki,ki->i", u, rest) / u.dtype.type(len(u)) - 1


def machine_of(parameters: Parameters, visible: Unit, hidden: Unit, scales: Scales | None) -> RBM:
    """The machine of some parameters; one of real-valued data is a machine of the data themselves, in their units.

    Parameters
    ----------
    parameters : Parameters
        Its weights and offsets; they may change later, the machine has copies.
    visible, hidden : Unit
        Units of the two kinds.
    scales : Scales or None
        Those of real-valued data.

    Returns
    -------
    RBM
        The machine, that of real-valued data in double precision.
    """
    now = parameters.copy()
    layer = hidden_layer(hidden, now)
    if scales is not None and now.log_sigma is not None:
        machine = RBM(now.w.astype(float), visible=Normal(-now.visible), hidden=layer)
        return in_units(machine, scales.mean, scales.scale * np.exp(now.log_sigma, dtype=float))[0]
    return RBM(now.w, visible=visible._with_offset(now.visible), hidden=layer)
