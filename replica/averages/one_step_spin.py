"""Averages of a ±1 spin at one step of replica-symmetry breaking and any temperature T ≥ 0.

A site feels h + s1 y, h = m + s0 z, and has −E = ψ = T ln 2cosh β(h + s1 y). The law of y is tilted by e^{μψ}, that is
by the x-th power of its trace, x = μT < 1. With u = μh ≥ 0 (the law is even) and w = μs1:

- T ≤ s1, cold. The integral of e^{μ|h|} is closed (`one_step_spin_cold`). What it leaves out, e^{μψ} − e^{μ|h|},
  is confined to fields of order T: in τ = β|field| the same panels serve every T, and vanish as T → 0.
- T > s1, warm. ψ is smooth on the scale of y. The tilt e^{u + wy} is taken out by shifting y, so that what is left,
  x ln(1 + e^{−2τ}), and all that is made of it vanish with growing u and are known relative to their size; a
  trapezoid in y converges exponentially (nearest pole iπT/2s1).

The average ⟨·⟩ over z is left, a trapezoid in u as at T = 0; it depends on y = m/s0, κ = μs0, w and x alone.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.one_step_spin_cold import tilted
from replica.numerics.elementary import erf, exp, phi
from replica.numerics.gaussian import H
from replica.numerics.number import Number

__all__ = ["OneStepSpin", "one_step_spin"]


class OneStepSpin(NamedTuple):
    """Averages over z of what the tilted law of y says of t = tanh β(h + s1 y)."""

    m: Number
    """⟨t̄⟩, t̄ the mean of t."""
    dq: Number
    """⟨variance of t⟩, q1 − q0."""
    response: Number
    """⟨mean of sech²⟩/x: the response C is μ times it."""
    work: Number
    """⟨J⟩ < 0, J = K − ½w²·mean of t², K the relative entropy of the tilted law."""
    entropy: Number
    """⟨mean of ln 2cosh τ − τ tanh τ⟩, the entropy of the spin."""


def one_step_spin(y: Number, kappa: Number, w: Number, x: Number) -> OneStepSpin:
    """Averages over z at y = m/s0, κ = μs0, w = μs1 and x = μT, for numbers or complex steps.

    Parameters
    ----------
    y, kappa, w : float or complex step
        Mean and width of the field, and width of the inner one, κ > 0 and w > 0.
    x : float or complex step
        Size of a cluster of replicas, 0 ≤ x ≤ 1.

    Returns
    -------
    OneStepSpin
        The averages, to about 1e-13 relative to their size (m: to rounding).

    Examples
    --------
    >>> value = one_step_spin(0.0, 1.0, 1.0, 0.0)
    >>> round(float(value.dq), 12)
    0.503540436152
    """
    u, weight = _nodes(*(float(np.real(a)) for a in (y, kappa, w, x)))
    law = (_cold if np.real(x) <= np.real(w) else _warm)(u, w, x)
    ahead, behind = phi(u / kappa - y), phi(u / kappa + y)
    even, odd = weight / kappa * (ahead + behind), weight / kappa * (ahead - behind)
    # the sign of u is replaced by an error function whose average is known
    width = _smooth(w, x)
    m = erf(y / np.sqrt(2 * (1 + (width / kappa) ** 2))) + np.dot(odd, 2 * (H(0, u / width) - law.down))
    rest = (law.variance, law.flat, law.work, law.entropy)
    return OneStepSpin(m, *(np.dot(even, a) for a in rest))


class _Law(NamedTuple):
    """What the tilted law says at each u."""

    down: Number
    """(1 − t̄)/2."""
    variance: Number
    flat: Number
    """Mean of sech², over x."""
    work: Number
    entropy: Number


def _cold(u: NDArray, w: Number, x: Number) -> _Law:
    """T ≤ s1: the law at T = 0 and what fields of order T add; all relative to e^{w²/2 + u}."""
    tau, share = _panels()
    above, below = x * tau / w - (u / w + w)[:, None], x * tau / w + (u / w - w)[:, None]
    front, back = (share / w * v for v in (phi(above), phi(below) * exp(-2 * u)[:, None]))
    fall = np.log1p(exp(-2 * tau))
    power = exp(x * fall)
    more = np.expm1(x * fall)
    f = 1 / (1 + exp(2 * tau))
    both = front + back
    p, d, excess = tilted(u / w, w)
    z = x * (both @ more)
    Z = 1 + excess + z
    # 1 − t, relative to e^{μ|h|}: 2f·power above zero; below it (1 + tanh)·power instead of 2
    down = (p * (1 + excess) + x * (front @ (f * power) + back @ (more - f * power))) / Z
    flat = both @ (4 * f * (1 - f) * power) / Z
    energy = x * x * (both @ (more * tau + power * fall))
    kept = (1 + excess) / Z
    work = kept * (w * d - 2 * u * p) + (energy - (u + w * w) * z) / Z - np.log1p(excess + z) + w * w * x * flat / 2
    return _Law(down, 4 * down * (1 - down) - x * flat, flat, work, x * (both @ (power * (fall + 2 * tau * f))) / Z)


def _warm(u: NDArray, w: Number, x: Number) -> _Law:
    """T > s1: the law of y − w, the tilt e^{u + wy} taken out."""
    step, reach = _warm_step(float(np.real(w)), float(np.real(x)))
    y = np.arange(-math.ceil((reach + 2 * float(np.real(w))) / step), math.ceil(reach / step) + 1) * step
    f0 = 1 / (1 + exp(2 * (u + w * w) / x))
    fall0 = np.log1p(exp(-2 * (u + w * w) / x))
    # ln(1 + e^{−2τ}) and f = 1/(1 + e^{2τ}) from their values at y = 0: differences keep their digits for w → 0
    growth = np.expm1(-2 * w * y / x)
    ratio = 1 + f0[:, None] * growth
    fall = np.log1p(f0[:, None] * growth)
    f = f0[:, None] * (1 + growth) / ratio
    weight = step * phi(y)
    excess = np.expm1(x * fall) @ weight
    law = exp(x * fall) * weight / (1 + excess)[:, None]

    def mean(v: Number) -> Number:
        return np.sum(law * v, axis=1)

    down, flat, shift = mean(f), mean(4 * f * (1 - f)) / x, mean(y)
    work = w * shift + x * mean(fall) - np.log1p(excess) + w * w * x * flat / 2
    variance = 4 * mean((f - down[:, None]) ** 2)
    entropy = fall0 + mean(fall) + 2 / x * ((u + w * w) * down + w * mean(y * f))
    return _Law(down, variance, flat, work, entropy)


ROUNDING = 41.0
"""−ln of the error aimed at."""


@cache
def _panels() -> tuple[NDArray, NDArray]:
    """Gauss–Legendre nodes and weights in τ, for functions with poles at ±iπ/2 that fall off as e^{−2τ}."""
    edges = np.array([0, 0.8, 1.6, 2.6, 4, 6, 9, 13, 20.5])
    node, weight = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    return ((edges[:-1] + edges[1:])[:, None] / 2 + half * node).ravel(), (half * weight).ravel()


def _smooth(w: Number, x: Number) -> Number:
    """Width, in u, over which t̄ changes sign."""
    return np.sqrt(w * w + 0.64 * x * x)


def _warm_step(w: float, x: float) -> tuple[float, float]:
    """Step and reach of the trapezoid in y: ln 2cosh has its poles at Im y = πx/2w."""
    reach = math.sqrt(2 * ROUNDING)
    strip = min(math.pi * x / (2 * w), reach)
    return 2 * math.pi * strip / (ROUNDING + strip * strip / 2), reach


def _nodes(y: float, kappa: float, w: float, x: float) -> tuple[NDArray, NDArray]:
    """Trapezoidal nodes and weights on u ≥ 0.

    The strip without zeros of Z is that of T = 0 if s1 > T, else that of cosh(u/x).
    """
    width = float(_smooth(w, x))
    reach = math.sqrt(2 * ROUNDING)
    end = min(ROUNDING / 2 + 1, w * w + reach * width + x * ROUNDING / 2, kappa * (abs(y) + reach))
    if x <= w:
        strip, growth = 1 / (2 / math.pi + 0.3 / w), 1 / kappa**2 + 2 / w**2
    else:
        strip, growth = 0.45 * math.pi * x, 1 / kappa**2 + 1 / width**2
    strip = min(strip, math.sqrt(2 * ROUNDING / growth))
    step = 2 * math.pi * strip / (ROUNDING + growth * strip * strip / 2)
    count = math.ceil(end / step)
    return end / count * np.arange(count + 1), end / count * np.where(np.arange(count + 1) == 0, 0.5, 1.0)
