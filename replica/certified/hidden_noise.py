"""What the hidden units of a sparse RBM return, as intervals: ψ(q), its slope and its bend.

With y = θ/√(pq) and Ψ(q) = q H2(y), which rises by dΨ/dq = H0(y),

    ψ = √Ψ,   ψ' = H0/(2ψ),   q ψ''/ψ' = σ = y φ(y)/(2 H0) − H0/(2 H2),

so that every state obeys s = p⟨φ(u)⟩ + p√α ψ(q) and αB/2 = s √α ψ'(q).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.certified.mills import normal, scaled_tails
from replica.certified.spans import Span, hull, span

__all__ = ["HiddenNoise", "hidden_noise"]

LOG_SQRT_2PI = span(2 * math.pi).log() * 0.5 + Span(np.array(-1e-15), np.array(1e-15))
FARTHEST = 1e100
"""|y| beyond which only a bound is needed."""


class HiddenNoise(NamedTuple):
    """ψ(q), ψ'(q) and ψ''(q)."""

    psi: Span
    slope: Span
    bend: Span


def hidden_noise(theta: Span, p: Span, q: Span) -> HiddenNoise:
    """ψ and its derivatives over intervals of q.

    Parameters
    ----------
    theta, p : Span
        Couplings, numbers.
    q : Span, any shape
        Activity, in [0, 1].

    Returns
    -------
    HiddenNoise
        Enclosures; ψ' by its ends where it is monotone.
    """
    q = Span(np.clip(q.low, 0.0, 1.0), np.clip(q.high, 0.0, 1.0))
    y_low, y_high = (_threshold(theta, p, end) for end in q)
    # Ψ rises, so that its ends belong to those of q
    psi = Span(_log_square(y_low, q.low).low, _log_square(y_high, q.high).high)
    psi = (psi * 0.5).exp()
    if theta.high < 0:
        # θ²/p ≤ Ψ ≤ q + θ²/p
        least, most = (-theta / p.sqrt()).low, (theta * theta / p + q).sqrt().high
        psi = Span(np.maximum(psi.low, least), np.minimum(psi.high, most))
    sigma, active = _bend_of(hull(y_low, y_high))
    slope = active / (psi * 2)
    at_low = _slope_at(y_low, q.low)
    at_high = _slope_at(y_high, q.high)
    # R ≤ 1/y and R₂ ≥ 2/y³ − 12/y⁵ give σ ≥ y²/2 − (y²/4)/(1 − 6/y²), > 0 from y = 4 on
    rising, falling = (sigma.low > 0) | (np.minimum(y_low.low, y_high.low) >= 4), sigma.high < 0
    slope = Span(
        np.where(rising, at_low.low, np.where(falling, at_high.low, slope.low)),
        np.where(rising, at_high.high, np.where(falling, at_low.high, slope.high)),
    )
    slope = Span(np.maximum(slope.low, 0.0), slope.high)
    if theta.high < 0:
        # H0 ≤ 1
        slope = Span(slope.low, np.minimum(slope.high, (span(0.5) / span(least)).high))
    bend = slope * sigma / q
    if theta.high < 0:
        # ψ'' = yφ/(4qψ) − H0²/(4ψ³), 1/q = py²/θ² and |y|³φ < 0.47
        most = (span(0.37) / (span(least) * span(least) * span(least))).high
        bend = bend.meet(Span(-most, most))
    return HiddenNoise(psi, slope, bend)


def _threshold(theta: Span, p: Span, q: NDArray) -> Span:
    """y at exact q; at q = 0 the limit."""
    y = theta / (p * span(q)).sqrt()
    zero = q <= 0
    if not zero.any():
        return y
    low, high = (np.sign(end) * np.inf if end else 0.0 for end in (theta.low, theta.high))
    return Span(np.where(zero, low, y.low), np.where(zero, high, y.high))


def _log_square(y: Span, q: NDArray) -> Span:
    """ln Ψ at exact q."""
    tail = Span(_log_h2(y.high).low, _log_h2(y.low).high)
    with np.errstate(invalid="ignore"):
        found = span(q).log() + tail
    return Span(np.where(q <= 0, -np.inf, found.low), found.high)


def _log_h2(y: NDArray) -> Span:
    """ln H2 at exact y: −y²/2 − ln √2π + ln R₂, and 1 + y² less the other tail for y < 0."""
    size = np.minimum(np.abs(y), FARTHEST)
    _, second = scaled_tails(size)
    density, _ = normal(size)
    square = span(size) * span(size)
    right = second.log() - square * 0.5 - LOG_SQRT_2PI
    left = (1 + square - density * second).log()
    found = Span(np.where(y >= 0, right.low, left.low), np.where(y >= 0, right.high, left.high))
    return Span(np.where(y > FARTHEST, -np.inf, found.low), np.where(y < -FARTHEST, np.inf, found.high))


def _slope_at(y: Span, q: NDArray) -> Span:
    """ψ' at exact q > 0, for y that is known but for rounding: as R/√R₂ e^{−y²/4} where both vanish."""
    size = Span(np.minimum(np.minimum(np.abs(y.low), np.abs(y.high)), FARTHEST), np.minimum(y.size, FARTHEST))
    (near, near_second), (far, far_second) = scaled_tails(size.low), scaled_tails(size.high)
    ratio, second = Span(far.low, near.high), Span(far_second.low, near_second.high)
    square = size * size
    right = ratio.log() - second.log() * 0.5 - square * 0.25 - LOG_SQRT_2PI * 0.5
    density = Span(normal(size.high)[0].low, normal(size.low)[0].high)
    below = Span(normal(size.low)[1].low, normal(size.high)[1].high)
    left = below.log() - (1 + square - density * second).log() * 0.5
    quotient = _by_sign(y, right, left)
    found = (quotient - span(q).log() * 0.5).exp() * 0.5
    known = (q > 0) & (y.size < FARTHEST)
    # what is beyond is below e^{−y²/4}/√q
    most = np.where((q > 0) & (y.low >= 1e5), 1e-300, np.inf)
    return Span(np.where(known, found.low, 0.0), np.where(known, found.high, most))


def _bend_of(y: Span) -> tuple[Span, Span]:
    """σ and H0 over intervals of y, which do not change sign but for rounding."""
    size = Span(np.maximum(np.maximum(y.low, -y.high), 0.0), y.size)
    nearest, farthest = scaled_tails(size.low), scaled_tails(size.high)
    ratio = Span(farthest[0].low, nearest[0].high)
    second = Span(farthest[1].low, nearest[1].high)
    density = Span(normal(size.high)[0].low, normal(size.low)[0].high)
    below, above = normal(-y.high)[1], normal(-y.low)[1]
    active = Span(below.low, above.high)
    with np.errstate(over="ignore", invalid="ignore"):
        right = y / (ratio * 2) - ratio / (second * 2)
        square = size * size
        left = y * density / (active * 2) - active / ((1 + square - density * second) * 2)
    return _by_sign(y, right, left), active


def _by_sign(y: Span, right: Span, left: Span) -> Span:
    """The form for y ≥ 0 or that for y ≤ 0, both where y is within rounding of 0."""
    both = hull(right, left)
    low = np.where(y.low >= 0, right.low, np.where(y.high <= 0, left.low, both.low))
    return Span(low, np.where(y.low >= 0, right.high, np.where(y.high <= 0, left.high, both.high)))
