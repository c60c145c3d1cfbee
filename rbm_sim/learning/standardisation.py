"""Origin and unit of each real-valued visible unit, taken from the data: mean and standard deviation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.learning.parameters import Parameters

NARROWEST = 0.01
"""Smallest conditional standard deviation of a visible unit, in units of that of its data: the density of data that
repeat one value exactly has no bound."""
_ROUNDING = 1e-7


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
    mean = data.mean(axis=0, dtype=float)
    rows = max(1, (1 << 20) // data.shape[1])
    squares = sum(np.square(data[k : k + rows] - mean).sum(axis=0) for k in range(0, len(data), rows))
    scale = np.sqrt(squares / len(data))
    varies = scale > _ROUNDING * np.abs(mean)
    return Scales(mean, np.where(varies, scale, np.median(scale[varies]) if varies.any() else 1.0))


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
