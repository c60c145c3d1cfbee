"""Machines of two layers with quadratic energies: a normal law, of which everything is known.

With ŵ = γ_v^(−1/2) w γ_h^(−1/2) = U S Vᵀ the joint law of √γ_v v and √γ_h h has at temperature T the covariance

    T (1 − ŵŵᵀ)⁻¹ = T (1 + U S²/(1 − S²) Uᵀ),    T ŵ (1 − ŵᵀŵ)⁻¹ = T U S/(1 − S²) Vᵀ,

and it is a law if and only if all S < 1.
"""

from __future__ import annotations

import math

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.change_of_units import quadratic
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.exact import Moments
from rbm_sim.units import Gaussian, Normal


class GaussianLayers:
    """A machine of `Gaussian` or `Normal` units in both layers, at a temperature.

    Parameters
    ----------
    rbm : RBM
        The machine.
    T : float
        Temperature, > 0.

    Raises
    ------
    ValueError
        If T <= 0, a layer is of other units, or there is no joint law.

    Examples
    --------
    >>> import rbm_sim
    >>> from rbm_sim.partition.gaussian_layers import GaussianLayers
    >>> rbm = rbm_sim.RBM([[0.6]], visible=rbm_sim.Gaussian(), hidden=rbm_sim.Gaussian())
    >>> round(GaussianLayers(rbm).log_partition(), 6)  # ln(2π/0.8)
    2.061021
    """

    def __init__(self, rbm: RBM, T: float = 1.0) -> None:
        self.T = check.number("T", T, above=0)
        if not is_gaussian(rbm):
            raise ValueError(f"rbm = {rbm!r}: both layers must be of Gaussian or Normal units")
        units = (rbm.visible, rbm.hidden)
        (g_v, gamma_v), (g_h, gamma_h) = (quadratic(unit, size) for unit, size in zip(units, rbm.shape, strict=True))  # type: ignore[arg-type]
        self.widths = 1 / np.sqrt(gamma_v), 1 / np.sqrt(gamma_h)
        self.fields = g_v * self.widths[0], g_h * self.widths[1]
        w = rbm.weights * self.widths[0][:, None] * self.widths[1]
        self.U, self.S, self.Vt = np.linalg.svd(w, full_matrices=False)
        if self.S.max() >= 1:
            raise ValueError(f"rbm has the largest singular value {self.S.max():g}: must be < 1 for Gaussian layers")

    def log_partition(self) -> float:
        """Logarithm of the partition function, over the Lebesgue measure.

        Returns
        -------
        float
            ln Z = ½(N + M) ln 2πT − ½ Σ ln γ − ½ Σ ln(1 − S²) + ½ kᵀ A⁻¹ k/T, k the fields and A the quadratic form.
        """
        widths = sum(np.log(2 * math.pi * self.T * width**2).sum() for width in self.widths)
        u, h = self._means()
        peak = (self.fields[0] @ u + self.fields[1] @ h) / self.T
        return float((widths - np.log1p(-(self.S**2)).sum() + peak) / 2)

    def log_densities(self, v: np.ndarray) -> np.ndarray:
        """Log-densities ln P(v) of visible configurations, in which no large numbers cancel.

        Parameters
        ----------
        v : ndarray of float64, shape (n, N)
            Configurations.

        Returns
        -------
        ndarray, shape (n,)
            With u = √γ_v v from its mean: −½[(|u|² − |S Uᵀu|²)/T + N ln 2πT − Σ ln γ_v − Σ ln(1 − S²)].
        """
        u = (v - self.widths[0] * self._means()[0]) / self.widths[0]
        squares = (u * u).sum(axis=1) - ((u @ self.U * self.S) ** 2).sum(axis=1)
        widths = np.log(2 * math.pi * self.T * self.widths[0] ** 2).sum()
        return -(squares / self.T + widths - np.log1p(-(self.S**2)).sum()) / 2

    def moments(self) -> Moments:
        """Mean values of all units and of all products of two.

        Returns
        -------
        Moments
            ⟨v_i⟩, ⟨h_μ⟩, ⟨v_i h_μ⟩, ⟨v_i v_j⟩ and ⟨h_μ h_ν⟩.
        """
        more = 1 / (1 - self.S**2)
        u, h = self._means()
        vv = np.eye(len(u)) + self.U * (self.S**2 * more) @ self.U.T
        hh = np.eye(len(h)) + self.Vt.T * (self.S**2 * more) @ self.Vt
        vh = self.U * (self.S * more) @ self.Vt
        a, b = self.widths
        return Moments(
            a * u,
            b * h,
            np.outer(a, b) * (self.T * vh + np.outer(u, h)),
            np.outer(a, a) * (self.T * vv + np.outer(u, u)),
            np.outer(b, b) * (self.T * hh + np.outer(h, h)),
        )

    def _means(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of √γ_v v and √γ_h h."""
        more = 1 / (1 - self.S**2)
        (k, l), (a, b) = self.fields, (self.U.T @ self.fields[0], self.Vt @ self.fields[1])
        return k + self.U @ (self.S * more * (self.S * a + b)), l + self.Vt.T @ (self.S * more * (self.S * b + a))


def is_gaussian(rbm: RBM) -> bool:
    """Whether both layers have quadratic energies.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    bool
        True for `Gaussian` and `Normal` units.
    """
    return isinstance(rbm.visible, Gaussian | Normal) and isinstance(rbm.hidden, Gaussian | Normal)


def log_partition(rbm: RBM, T: float = 1.0) -> float:
    """Logarithm of the partition function: `GaussianLayers.log_partition`."""
    return GaussianLayers(rbm, T).log_partition()


def moments(rbm: RBM, T: float = 1.0) -> Moments:
    """Mean values of all units and of all products of two: `GaussianLayers.moments`."""
    return GaussianLayers(rbm, T).moments()
