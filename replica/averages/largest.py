"""The largest of several noisy fields: averages over a Potts unit.

T ln Σ_σ e^{a_σ/T} is the mean of the largest of a_σ + T g_σ, the g_σ independent of Gumbel's law with mean 0, and the
chance that σ is the largest is its Boltzmann weight. So an average at T is one at T = 0 over the sum of Gaussian noise
and Gumbel's, of which one alone decides the law: F(x) and f(x) are averages over the narrower of the two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from replica.numerics.elementary import exp, is_multiprecision, noise_floor, phi
from replica.numerics.gaussian import H
from replica.numerics.number import Number

__all__ = ["largest_averages", "resolved"]

STEP = 0.25
"""Distance of the nodes of averages over one noise: their errors are e^(−π²/STEP) and less."""


def _gumbel_nodes() -> list[tuple[float, float]]:
    """Values of Gumbel's noise and their weights; v = t + e^(t/2)/8 shortens its upper tail."""
    t = np.arange(-4.2, 12.0, STEP)
    v = t + np.exp(t / 2) / 8
    weight = STEP * (1 + np.exp(t / 2) / 16) * np.exp(-v - np.exp(-v))
    return [(float(g - np.euler_gamma), float(w)) for g, w in zip(v, weight, strict=True) if w > 1e-18]


GUMBEL = _gumbel_nodes()
NORMAL = [(float(z), STEP * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)) for z in np.arange(-8.6, 8.7, STEP)]


def largest_averages(shift: Number, s: Number, T: Number, Q: Number) -> tuple[Number, Number, Number]:
    """Averages over the largest of Q noises s z_σ + T g_σ, of which the first is raised.

    Parameters
    ----------
    shift : float, array, complex step or mpmath number
        By how much it is raised; shapes S that broadcast.
    s : the same
        Size of the Gaussian noise, ≥ 0.
    T : float, array or complex step
        Temperature, ≥ 0.
    Q : int or array
        How many there are, ≥ 2.

    Returns
    -------
    work : of shape S
        Mean of the largest, T⟨ln Σ_σ exp{(shift δ(σ,1) + s z_σ)/T}⟩.
    first : of shape S
        Chance that it is the first, ∂work/∂shift.
    pull : of shape S
        Mean z of the largest, ∂work/∂s.

    Raises
    ------
    ValueError
        If mpmath numbers come with T > 0.

    Notes
    -----
    Trapezoidal rules, good to about 1e-13 of the largest argument, in mpmath to all digits.

    Examples
    --------
    >>> work, first, pull = largest_averages(0.0, 1.0, 0.0, 2)
    >>> round(float(work * math.sqrt(math.pi)), 12), round(float(first), 12)
    (1.0, 0.5)
    """
    s = noise_floor(s)
    x, step = _nodes(s, T, Q)
    shift, s, T, Q = (np.asarray(v)[..., None] for v in (shift, s, T, Q))
    F, f, pulled = _law(x, s, T)
    won, lost = _law(x + shift, s, T)[0] ** (Q - 1), (Q - 1) * _law(x - shift, s, T)[0] * F ** (Q - 2)
    work = np.sum(f * ((x + shift) * won + x * lost), axis=-1) * step
    # the mean of z is 0: won − 1 vanishes with the last other winner, and won alone leaves rounding, over s
    return work, np.sum(f * won, axis=-1) * step, np.sum(pulled * ((won - 1) + lost), axis=-1) * step


FAINTEST = 1e-6
"""ŝ/T at which the mean z of the largest, proportional to it, is told from rounding."""


def resolved(s: Number, T: Number) -> Number:
    """A noise, raised to where averages over it are told from those without: above 0, and 1e-6 T."""
    if is_multiprecision(s) or not np.any(T):
        return noise_floor(s)
    least = FAINTEST * np.real(T)
    return np.where(np.real(s) < least, least, noise_floor(s))[()]


def _nodes(s: Number, T: Number, Q: Number) -> tuple[Any, Any]:
    """Nodes of a trapezoidal rule over s z + T g, and their distance, as fine as the power of its law asks."""
    if is_multiprecision(s):
        from mpmath import mp

        if T:
            raise ValueError(f"T = {T}: many digits are computed at T = 0 only; leave precision out")
        step, reach = mp.sqrt(8 / (float(Q) * mp.dps)), mp.sqrt(5 * mp.dps)
        t = np.array([step * k for k in range(int(-reach / step), int(reach / step) + 1)])
        return mp.re(s) * t, mp.re(s) * step
    s, T = np.real(s), np.real(T)
    width = np.hypot(s, T)
    tail = float(np.max(T / width))
    step = (0.5 if tail == 0 else 0.3) / math.sqrt(float(np.max(Q)))
    return width[..., None] * np.arange(-9.0, 9.0 + 30.0 * tail, step), width * step


def _law(x: Any, s: Any, T: Any) -> tuple[Any, Any, Any]:
    """Of s z + T g: its distribution function, its density, and the density times the mean of z there."""
    if not np.any(T):
        density = phi(x / s) / s
        return H(0, -x / s), density, x / s * density
    with np.errstate(all="ignore"):
        cold = _over_gumbel(x, s, T)
        warm = np.real(T) > np.real(s)
        if not warm.any():
            return cold
        return tuple(np.where(warm, a, b) for a, b in zip(_over_normal(x, s, T), cold, strict=True))


def _over_gumbel(x: Any, s: Any, T: Any) -> tuple[Any, Any, Any]:
    F, f, pulled = 0 * x, 0 * x, 0 * x
    for g, weight in GUMBEL:
        y = (x - T * g) / s
        density = weight * phi(y) / s
        F, f, pulled = F + weight * _below(y), f + density, pulled + y * density
    return F, f, pulled


def _below(y: Any) -> Any:
    """Φ(y)."""
    if np.iscomplexobj(y):
        return H(0, -y)
    from scipy.special import ndtr

    return ndtr(y)


def _over_normal(x: Any, s: Any, T: Any) -> tuple[Any, Any, Any]:
    F, f, pulled = 0 * x, 0 * x, 0 * x
    for z, weight in NORMAL:
        rate = exp(np.minimum(np.real(-(x - s * z) / T), 30.0) - np.euler_gamma + 1j * np.imag(-(x - s * z) / T))
        rate = rate if np.iscomplexobj(x + s + T) else np.real(rate)
        below = weight * exp(-rate)
        F, f, pulled = F + below, f + below * rate / T, pulled + z * below * rate / T
    return F, f, pulled
