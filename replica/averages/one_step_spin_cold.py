"""Averages of one step of replica-symmetry breaking at T = 0: a Gaussian field inside a Gaussian field.

A site feels h + s1 y, h = m + s0 z. Within a cluster of states the law of y is tilted by e^{μ|h + s1 y|}, whose
integral is closed: with u = μh, w = μ s1 and Φ(x) = H0(−x)

    Z = ∫Dy e^{μ|h + s1 y|} = e^{w²/2} [e^u Φ(w + u/w) + e^{−u} Φ(w − u/w)].

The average ⟨·⟩ over z is left; it depends on y = m/s0, κ = μ s0 and w alone.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from replica.numerics.elementary import erf, exp, is_multiprecision, log1p, phi, sqrt
from replica.numerics.gaussian import H
from replica.numerics.number import Number
from replica.numerics.working_digits import guard_bits

__all__ = ["OneStepAverages", "deficit", "one_step_averages", "tilted"]


class OneStepAverages(NamedTuple):
    """Averages over z of what the tilted law of y says of the spin S = sign(h + s1 y)."""

    m: Number
    """⟨t⟩, t the mean of S."""
    dq: Number
    """⟨1 − t²⟩."""
    contact: Number
    """⟨d⟩, d = 2 s1 times the density of the field at zero: the response of S inside a state is μ d/w."""
    work: Number
    """⟨J⟩ < 0, J = u t − ln(e^{−w²/2} Z) + w d: relative entropy of the tilted law less w²/2, its value at large u."""


def one_step_averages(y: Number, kappa: Number, w: Number) -> OneStepAverages:
    """Averages over z at y = m/s0, κ = μ s0 and w = μ s1, for numbers, arrays, complex steps or mpmath numbers.

    The integrands, taken in u, are analytic and fall off on both sides, the sign of u being replaced by erf(u/√2w),
    whose average is known: the trapezoidal rule converges exponentially in 1/step.

    Parameters
    ----------
    y, kappa, w : float, array, complex step or mpmath number
        Mean and width of the field, and width of the inner one, κ > 0 and w > 0.

    Returns
    -------
    OneStepAverages
        The averages, to rounding relative to their size (m: to rounding).

    Examples
    --------
    >>> value = one_step_averages(0.0, 1.0, 1.0)
    >>> round(float(value.dq), 12)
    0.503540436152
    """
    u, weight = _nodes(y, kappa, w)
    y, kappa, w = ((v if is_multiprecision(v) else np.asarray(v)[..., None]) for v in (y, kappa, w))
    ahead, behind = phi(u / kappa - y), phi(u / kappa + y)
    even, odd = weight / kappa * (ahead + behind), weight / kappa * (ahead - behind)
    x = u / w
    p, d, excess = tilted(x, w)
    work = w * d - 2 * u * p - log1p(excess)
    if not is_multiprecision(w) and np.any(np.real(w) < NARROW):
        work = np.where(np.real(w) < NARROW, _narrow_work(x, w), work)
    smooth = erf(y / sqrt(2 * (1 + (w / kappa) ** 2)))
    m = (smooth if is_multiprecision(smooth) else smooth[..., 0]) + _sum(odd * 2 * (H(0, x) - p))
    return OneStepAverages(m, _sum(even * 4 * p * (1 - p)), _sum(even * d), _sum(even * work))


def tilted(x: Number, w: Number) -> tuple[Number, Number, Number]:
    """(1 − |t|)/2, d and e^{−w²/2−u} Z − 1, at u = w x ≥ 0."""
    lower, beyond = exp(-2 * w * x) * H(0, x - w), H(0, w + x)
    z = 1 - beyond + lower
    return lower / z, 2 * phi(w + x) / z, lower - beyond


NARROW = 0.1
"""w below which J ~ w² is not left as a difference of terms of order w."""


def _narrow_work(x: Number, w: Number) -> Number:
    """J = ∫_0^w dw' w' ∂²f/∂w'² at fixed x, f = ln(e^{−w²/2} Z): −∂²f/∂w² is what |h + s1 y|/s1 lacks in variance."""
    total: Number = 0.0
    for node, weight in zip(*np.polynomial.legendre.leggauss(6), strict=True):
        share = (1 + node) / 2
        p, d, _ = tilted(x, share * w)
        excess = d - 2 * x * p
        total = total - weight / 2 * share * (excess * (2 * x + excess) + share * w * d)
    return w * w * total


def deficit(v: Number) -> Number:
    """g(v) = [ln(1 − v) + v/(1 − v)]/v² = Σ_k v^k (k+1)/(k+2), for 0 ≤ v < 1."""
    if is_multiprecision(v):
        from mpmath import mp

        with guard_bits(20 + 2 * max(0, -int(mp.mag(mp.re(v))))):
            value = (log1p(-v) + v / (1 - v)) / (v * v)
        return +value
    small = np.real(v) < SMALL
    inner, outer = np.where(small, v, 0.0), np.where(small, 0.5, v)
    series = sum((k + 1) / (k + 2) * inner**k for k in range(20))
    return np.where(small, series, (np.log1p(-outer) + outer / (1 - outer)) / outer**2)[()]


SMALL = 0.12
"""v below which g is summed: 0.12²⁰ is below rounding."""


def _sum(values: Number) -> Number:
    return np.sum(values, axis=-1)


def _nodes(y: Number, kappa: Number, w: Number) -> tuple[Number, Number]:
    """Trapezoidal nodes and weights on u ≥ 0, real, shape S + (n + 1,).

    In the strip |Im u| < b the integrands have no pole (Z has its zeros on the imaginary axis, at
    1/b ≈ 2/π + 0.3/w or higher) and grow as e^{g b²/2}, g = 1/κ² + 2/w², so that the error is e^{g b²/2 − 2πb/step}.
    """
    precise = any(is_multiprecision(v) for v in (y, kappa, w))
    if precise:
        from mpmath import mp

        y, kappa, w = (mp.re(v) for v in (y, kappa, w))
        needed = mp.dps * math.log(10) + 5
    else:
        y, kappa, w = (np.asarray(np.real(v), dtype=float) for v in (y, kappa, w))
        needed = 41.0
    smaller: Any = min if precise else np.minimum
    reach = math.sqrt(2 * needed)
    end = smaller(smaller(needed / 2 + 1 + 0 * w, w * w + reach * w), kappa * (abs(y) + reach))
    strip = 1 / (2 / math.pi + 0.3 / w)
    growth = 1 / kappa**2 + 2 / w**2
    strip = smaller(strip, sqrt(2 * needed / growth))
    step = 2 * math.pi * strip / (needed + growth * strip * strip / 2)
    ratio = end / step
    count = math.ceil(ratio if precise else np.max(ratio, initial=1.0, where=np.isfinite(ratio)))
    share = np.where(np.arange(count + 1) == 0, 0.5, 1.0)
    if precise:
        return np.array([end * i / count for i in range(count + 1)], dtype=object), end / count * share
    end = end[..., None]
    return end * (np.arange(count + 1) / count), end / count * share
