"""Density of one real-valued visible unit given all the others, ln P(v_i | v_{j≠i}), to rounding.

With u = √γ v, weights and fields in its units, and t the distance from the value u_i of the data,

    −ln P(u_i | u_{j≠i}) = ln ∫dt f(t),   T ln f = −t²/2 + (g_i − u_i) t + T Σ_μ [K_μ(I_μ + w_iμ t) − K_μ(I_μ)].

Between Gaussian layers f is normal. Otherwise f is a mixture, over the hidden units, of normal laws of variance T, so
that the sum over points δ√T apart errs by 2 exp(−2π²/δ²) of itself, 1e-15 at δ = 0.75. It goes as far as bounds of
the slope say that f may matter: to the right, where ⟨h_μ⟩ is the mean at t = 0,

    T d(ln f)/dt ≤ g_i − u_i + Σ_μ w_iμ⟨h_μ⟩ + D − κt,

D = Σ |w_iμ| times what ⟨h_μ⟩ may still move and κ = 1 for two-valued units; D = Σ_{w<0} |w_iμ|⟨h_μ⟩ and
κ = 1 − Σ_{w>0} w_iμ² for ReLU units; for double ones D = Σ_{w>0} w_iμ(h₊ − ⟨h_μ⟩) + Σ_{w<0} |w_iμ|(⟨h_μ⟩ − h₋), h±
the means on either side, and κ = 1 − Σ_{w>0} w_iμ²/γ₊ − Σ_{w<0} w_iμ²/γ₋. κ > 0 is the condition for the law to exist.
"""

from __future__ import annotations

import math

import numpy as np

from rbm_sim._support import blas
from rbm_sim.machine.change_of_units import quadratic
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.layer_sums import log_partition_sum
from rbm_sim.units import DReLU, Gaussian, Normal, ReLU, TwoValued

STEP = 0.75
"""Distance of the points of the sum, in units of √T."""
FALL = 45.0
"""−ln of the weight at which f is cut."""
_CHUNK = 1 << 17  # values of K at a time


def log_conditionals(rbm: RBM, v: np.ndarray, T: float) -> np.ndarray:
    """Log-densities ln P(v_i | v_{j≠i}) of all units.

    Parameters
    ----------
    rbm : RBM
        Machine with `Gaussian` or `Normal` visible units, its hidden ones two-valued, `ReLU`, `DReLU`, `Gaussian` or
        `Normal`.
    v : ndarray of float64, shape (n, N)
        Configurations.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (n, N)
        The logarithms, in nats.

    Raises
    ------
    ValueError
        If the hidden units are others, or weights so large that a unit has no law.
    """
    hidden = rbm.hidden
    if not isinstance(hidden, TwoValued | ReLU | DReLU | Gaussian | Normal):
        raise ValueError(f"rbm.hidden is {type(hidden).__name__}: must be of the named unit types")
    g, gamma = quadratic(rbm.visible, rbm.shape[0])  # type: ignore[arg-type]
    w = rbm.weights.astype(float) / np.sqrt(gamma)[:, None]
    u, g = v * np.sqrt(gamma), g / np.sqrt(gamma)
    I = u @ w
    mean = hidden.mean(I, T)
    slope = g - u + mean @ w.T
    if isinstance(hidden, Gaussian | Normal):
        kappa = _positive(1 - (w * w / quadratic(hidden, rbm.shape[1])[1]).sum(axis=1))
        log_sum = (np.log(2 * math.pi * T / kappa) + slope**2 / (kappa * T)) / 2
    else:
        ends = _end(slope, w, I, mean, rbm, T), _end(-slope, -w, I, mean, rbm, T)
        log_sum = _sums(rbm, w, I - hidden.offset, g - u, ends, T)
    return np.log(gamma) / 2 - log_sum


def _end(slope: np.ndarray, w: np.ndarray, I: np.ndarray, mean: np.ndarray, rbm: RBM, T: float) -> np.ndarray:
    """Distance to the right beyond which f is below e^(−FALL), shape (n, N)."""
    up, down = np.maximum(w, 0), np.maximum(-w, 0)
    if isinstance(rbm.hidden, ReLU):
        kappa, more = _positive(1 - (up * up).sum(axis=1)), mean @ down.T
    elif isinstance(rbm.hidden, DReLU):
        softened = (up * up / rbm.hidden.gamma_plus + down * down / rbm.hidden.gamma_minus).sum(axis=1)
        plus, minus = rbm.hidden.side_means(I, T)
        kappa, more = _positive(1 - softened), (plus - mean) @ up.T + (mean - minus) @ down.T
    else:
        low = rbm.hidden.low  # type: ignore[attr-defined]
        kappa, more = np.ones(len(w)), (1 - mean) @ up.T + (mean - low) @ down.T
    steep = slope + more
    return (steep + np.sqrt(steep**2 + 2 * FALL * T * kappa)) / kappa


def _positive(kappa: np.ndarray) -> np.ndarray:
    if not (kappa > 0).all():
        raise ValueError(f"rbm has weights too large for a law of visible unit {int(kappa.argmin())} given the others")
    return kappa


def _sums(
    rbm: RBM, w: np.ndarray, y: np.ndarray, field: np.ndarray, ends: tuple[np.ndarray, np.ndarray], T: float
) -> np.ndarray:
    """ln ∫dt f(t) for every configuration and unit."""
    step = STEP * math.sqrt(T)
    log_sum = np.empty_like(field)
    with blas.one_thread():
        K = log_partition_sum(rbm.hidden, y, T)
        for i, w_i in enumerate(w):
            points = math.ceil((ends[0][:, i] + ends[1][:, i]).max() / step) + 1
            rows = max(1, _CHUNK // (points * len(w_i)))
            for first in range(0, len(y), rows):
                some = slice(first, first + rows)
                t = step * np.arange(points) - ends[1][some, i, None]
                moved = log_partition_sum(rbm.hidden, y[some, None] + t[..., None] * w_i, T) - K[some, None]
                log_f = (field[some, i, None] - t / 2) * t / T + moved
                peak = log_f.max(axis=1)
                log_sum[some, i] = peak + np.log(step * np.exp(log_f - peak[:, None]).sum(axis=1))
    return log_sum
