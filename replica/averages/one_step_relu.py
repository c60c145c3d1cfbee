"""Averages of a rectified linear unit at one step of replica-symmetry breaking, T = 0.

A hidden unit of threshold θ in the input I = √(pq0) z + √(pΔ) y has activation (I − θ)₊/(1 − C) and energy
−(I − θ)₊²/(2(1 − C)). With x = (√(pq0) z − θ)/√(pΔ) and v = μpΔ/(1 − C) < 1 the law of y is tilted by e^{v(x+y)₊²/2},
whose integral is closed (Φ(x) = H0(−x)):

    Z = ∫Dy e^{v(x+y)₊²/2} = Φ(−x) + (1−v)^{−1/2} e^{v x²/(2(1−v))} Φ(x/√(1−v)),

and so are the moments E_k of (x + y)₊ in the tilted law, from the first, (1−v) E_1 = x E_0 + φ(x)/Z, upwards:
(1−v) E_{k+1} = x E_k + k E_{k−1}. The average ⟨·⟩ over z is left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import exp
from replica.numerics.gaussian import log_H
from replica.numerics.number import Number

__all__ = ["ReluAverages", "relu_averages", "relu_tail"]


class ReluAverages(NamedTuple):
    """Averages over z of what the tilted law of y says of (x + y)₊."""

    on: Number
    """⟨E_0⟩, probability of x + y > 0."""
    between: Number
    """⟨E_1²⟩, overlap between clusters."""
    within: Number
    """⟨E_2⟩, overlap within a cluster."""
    work: Number
    """⟨ln Z − ½v(1−v) E_2⟩, of order v²: relative entropy of the tilted law, less ½v²E_2, with the sign changed."""
    log_z: Number
    """⟨ln Z⟩."""


def relu_averages(threshold: Number, slope: Number, v: Number) -> ReluAverages:
    """Averages over z at x = slope·z − threshold, for numbers or complex steps.

    Parameters
    ----------
    threshold, slope : float or complex step
        θ/√(pΔ), and √(q0/Δ) > 0.
    v : float or complex step
        μpΔ/(1 − C), 0 < v < 1.

    Returns
    -------
    ReluAverages
        The averages, to about 1e-12 relative to their size.

    Examples
    --------
    >>> value = relu_averages(0.0, 1.0, 0.5)
    >>> round(float(value.on), 12)
    0.562157077852
    """
    z, weight = _nodes(*(float(np.real(a)) for a in (threshold, slope, v)))
    x = slope * z - threshold
    log_z, on, first = _tilted(x, v)
    second = (x * first + on) / (1 - v)
    work = _narrow_work(x, v) if np.real(v) < NARROW else log_z - v * (1 - v) * second / 2
    return ReluAverages(*(np.dot(weight, a) for a in (on, first * first, second, work, log_z)))


def relu_tail(threshold: float, slope: float, v: float, tau: NDArray) -> NDArray:
    """Probability of x + y > τ in the tilted law, averaged over z.

    Parameters
    ----------
    threshold, slope, v : float
        As for `relu_averages`.
    tau : ndarray
        Values of x + y, ≥ 0.

    Returns
    -------
    ndarray
        P(x + y > τ) at each τ, of the shape of `tau`.
    """
    z, weight = _nodes(threshold, slope, v)
    x = slope * z - threshold
    _, on, _ = _tilted(x, v)
    # x + y > 0 has a Gaussian law of mean x/(1−v) and variance 1/(1−v), cut at zero
    width = 1 / math.sqrt(1 - v)
    beyond = np.exp(log_H(0, tau[..., None] / width - x * width) - log_H(0, -x * width))
    return np.sum(weight * on * beyond, axis=-1)


def _tilted(x: Number, v: Number) -> tuple[Number, Number, Number]:
    """ln Z, E_0 and E_1; of the two terms of Z the smaller is taken relative to the larger."""
    off = log_H(0, x)
    on = v * x * x / (2 * (1 - v)) - 0.5 * np.log(1 - v) + log_H(0, -x / np.sqrt(1 - v))
    ahead = np.real(on) > np.real(off)
    smaller = exp(np.where(ahead, off - on, on - off))
    log_z = np.where(ahead, on, off) + np.log1p(smaller)
    share = np.where(ahead, 1.0, smaller) / (1 + smaller)
    return log_z, share, (x * share + exp(-0.5 * x * x - log_z) / math.sqrt(2 * math.pi)) / (1 - v)


NARROW = 0.1
"""v below which the work ~ v² is not left as a difference of terms of order v."""


def _narrow_work(x: Number, v: Number) -> Number:
    """Work as the integral of its derivative in v, v[E_2 − ¼(1−v)(E_4 − E_2²)]: ∂ln Z/∂v = ½E_2."""
    total: Number = 0.0
    for node, weight in zip(*np.polynomial.legendre.leggauss(6), strict=True):
        u = v * (1 + node) / 2
        _, on, first = _tilted(x, u)
        second = (x * first + on) / (1 - u)
        fourth = (x * (x * second + 2 * first) / (1 - u) + 3 * second) / (1 - u)
        total = total + weight / 2 * v * u * (second - (1 - u) * (fourth - second * second) / 4)
    return total


ROUNDING = 41.0
"""−ln of the error aimed at."""


def _nodes(threshold: float, slope: float, v: float) -> tuple[NDArray, NDArray]:
    """Trapezoidal nodes and weights of Dz.

    The zeros of Z have |Im x| > 3√(1−v); with b = 3√(1−v)/slope the error is e^{b²/2 − 2πb/step}. Rare units lie
    behind the threshold, so the nodes reach 9 beyond it.
    """
    strip = min(3 * math.sqrt(1 - v) / slope, math.sqrt(2 * ROUNDING))
    step = 2 * math.pi * strip / (ROUNDING + strip * strip / 2)
    z = step * np.arange(-math.ceil(9.5 / step), math.ceil((9.5 + max(0.0, threshold / slope)) / step) + 1)
    weight = step / math.sqrt(2 * math.pi) * np.exp(-0.5 * z * z)
    return z, weight
