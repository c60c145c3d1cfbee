"""The equations of states with overlap, as intervals over boxes of the half plane a = m/s > 0, b = (g + αB/2)/s.

At given controls every state with m > 0 is a zero of two explicit functions. With u = b + aW, S = m/a and ψ of
`replica.certified.hidden_noise`, the saddle-point equations are s = S = p⟨φ(u)⟩ + p√α ψ(q) and g = s (b − √α ψ'(q)):

    e₁ = ln S − ln p − ln(⟨φ(u)⟩ + √α ψ(q)),   e₂ = m (b − √α ψ'(q))/a − g,   m = ⟨WΦ(u)⟩/L,   q = ⟨Φ(u)⟩.

1 − C = p√α ψ/s > 0 is no further condition. Coordinates are v = ln a and t = b + aw, the input of the units with W = w
over the noise: in the strip |t| ≤ a/2 of the chart w no other unit is nearer to its threshold, and nothing cancels
however large a is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.certified.balls import arb
from replica.certified.hidden_noise import hidden_noise
from replica.certified.mills import normal
from replica.certified.pattern_law import PatternLaw
from replica.certified.spans import Span, hull, span, weighted_sum

__all__ = ["Boxes", "Field", "Machine", "equations"]

PEAK = 0.3989422804014328
"""φ(0), rounded up."""
STEEPEST = 0.24197072451914337
"""sup |uφ(u)|, at u = 1, rounded up."""
WIDEST = 0.2941
"""sup u²φ(u), at u² = 2, rounded up."""


class Machine(NamedTuple):
    """Controls of a homogeneous machine as balls, and the law of W."""

    alpha: arb
    theta: arb
    g: arb
    p: arb
    law: PatternLaw

    def spans(self) -> tuple[Span, Span, Span, Span, Span]:
        """√α, θ, g, p and the size L (or ℓ) as intervals of doubles."""
        return (*map(enclosed, (self.alpha.sqrt(), self.theta, self.g, self.p, self.law.size)),)  # type: ignore[return-value]


class Boxes(NamedTuple):
    """Boxes of charts: arrays of one length."""

    w: NDArray
    v: Span
    t: Span

    def take(self, index: NDArray) -> Boxes:
        """Boxes with an index."""
        return Boxes(self.w[index], self.v.take(index), self.t.take(index))


class Field(NamedTuple):
    """e₁, e₂, their derivatives in (v, t), and where v and t must lie by e₁ = 0 and e₂ = 0."""

    e: tuple[Span, Span]
    by_v: tuple[Span, Span]
    by_t: tuple[Span, Span]
    place: tuple[Span, Span]


class _Averages(NamedTuple):
    """m, q, D = ⟨φ⟩ and their derivatives in (v, t); that of q in t is D."""

    m: Span
    q: Span
    D: Span
    m_v: Span
    m_t: Span
    q_v: Span
    D_v: Span
    D_t: Span


def enclosed(ball: arb) -> Span:
    """Interval of doubles that contains a ball."""
    if ball.is_zero():
        return Span(np.zeros(()), np.zeros(()))
    return Span(
        np.nextafter(np.array(float(ball.lower())), -np.inf), np.nextafter(np.array(float(ball.upper())), np.inf)
    )


def equations(machine: Machine, boxes: Boxes) -> Field:
    """Residuals and their derivatives over boxes.

    Parameters
    ----------
    machine : Machine
        Controls.
    boxes : Boxes
        w, v, t, arrays of one length.

    Returns
    -------
    Field
        Enclosures of e₁, e₂ and of their derivatives at every point of each box.
    """
    root, theta, g, p, size = machine.spans()
    with np.errstate(all="ignore"):
        a, z = boxes.v.exp(), (-boxes.v).exp()
        m, q, D, m_v, m_t, q_v, D_v, D_t = _averages(machine, boxes, a)
        hidden = hidden_noise(theta, p, q)
        spread, slope, bend = (root * part for part in hidden)
        noise = D + spread
        pull = boxes.t * z - boxes.w - z * slope
        v = (m / p).log() - noise.log()
        t = (g / m + boxes.w) * a + slope
        e1 = v - boxes.v
        e2 = m * (boxes.t * z - boxes.w) - (m * z * slope).meet(_largest_pull(z, root, p, size)) - g
        e1_v = m_v / m - 1 - (D_v + slope * q_v) / noise
        e1_t = m_t / m - (D_t + slope * D) / noise
        e2_v = m_v * pull + m * z * (slope - boxes.t - bend * q_v)
        e2_t = m_t * pull + m * z * (1 - bend * D)
    return Field((e1, e2), (e1_v, e2_v), (e1_t, e2_t), (v, t))


def _largest_pull(z: Span, root: Span, p: Span, size: Span) -> Span:
    """m √α ψ'/a ≤ √(αp/L)/(4a) for all q: m² ≤ qp/(2L) and ψ'² ≤ 1/(8q), since 2 H0² ≤ H2."""
    bound = z * root * (p / size).sqrt() * 0.25
    return Span(np.full_like(bound.low, -np.inf), bound.high)


def _averages(machine: Machine, boxes: Boxes, a: Span) -> _Averages:
    law, size = machine.law, machine.spans()[4]
    w, P = law.w, law.floats
    steps = w - boxes.w[:, None]
    u = boxes.t.wide() + a.wide() * steps
    left, right = normal(u.low), normal(u.high)
    inside = (u.low <= 0) & (u.high >= 0)
    density = hull(left[0], right[0])
    density = Span(density.low, np.where(inside, PEAK, density.high))
    below = Span(left[1].low, right[1].high)
    odd = _odd(u, left[0], right[0])
    # a (W − w) is u − t
    turn = a.wide() * steps
    along = turn * density
    m = weighted_sum(P * w, below) / size
    m_t = weighted_sum(P * w, density) / size
    narrow = np.nonzero((boxes.w == 0) & (boxes.v.high < 1))[0]
    if len(narrow):
        m, m_t = _paired(machine, boxes, a, narrow, density, below, m, m_t)
    rest, slack = _tails(machine, boxes, a)
    return _Averages(
        m=m + Span(np.zeros(1), span(law.rest[1]).high) / size,
        q=weighted_sum(P, below) + Span(np.zeros(1), np.array([2 * law.rest[0]])),
        D=weighted_sum(P, density) + Span(0 * rest[0], 2 * law.rest[0] * slack[0]),
        m_v=weighted_sum(P * w, along) / size + _around(2 * law.rest[1] * slack[1]) / size,
        m_t=m_t + _around(2 * law.rest[1] * slack[0]) / size,
        q_v=weighted_sum(P, along) + _around(2 * law.rest[0] * slack[1]),
        D_v=-weighted_sum(P, turn * odd) + _around(2 * law.rest[0] * slack[2]),
        D_t=-weighted_sum(P, odd) + _around(2 * law.rest[0] * rest[1]),
    )


def _odd(u: Span, left: Span, right: Span) -> Span:
    """uφ(u), which turns at ±1 only."""
    found = hull(span(u.low) * left, span(u.high) * right)
    low = np.where((u.low <= -1) & (u.high >= -1), -STEEPEST, found.low)
    high = np.where((u.low <= 1) & (u.high >= 1), STEEPEST, found.high)
    # 0·∞ is the limit 0
    return Span(np.maximum(low, -STEEPEST), np.minimum(high, STEEPEST))


def _paired(
    machine: Machine, boxes: Boxes, a: Span, index: NDArray, density: Span, below: Span, m: Span, m_t: Span
) -> tuple[Span, Span]:
    """m and ∂m/∂b where a is small and Φ(b + aw), Φ(b − aw) nearly cancel.

    Their difference grows with a and falls with |b|; its derivative in b is 2aw φ' somewhere between.
    """
    law, size = machine.law, machine.spans()[4]
    J = law.reach
    w, P = law.w[J + 1 :], law.floats[J + 1 :]
    b = boxes.t.take(index)
    near = np.where((b.low <= 0) & (b.high >= 0), 0.0, np.minimum(np.abs(b.low), np.abs(b.high)))
    ends = []
    for at, width in ((b.size, a.low[index]), (near, a.high[index])):
        reach = span(width[:, None]) * w
        # both are in the lower half, where Φ has relative precision
        outer = span(-at[:, None]) - reach
        inner = span(-at[:, None]) + reach
        ends.append((_phi_below(inner), _phi_below(outer)))
    difference = Span((ends[0][0] - ends[0][1]).low, (ends[1][0] - ends[1][1]).high)
    paired = weighted_sum(P * w, Span(np.maximum(difference.low, 0.0), difference.high)) / size
    # φ' = −xφ between b − aw and b + aw
    reach = a.take(index).wide() * w
    between = Span((b.wide() - reach).low, (b.wide() + reach).high)
    ends_of = normal(between.low)[0], normal(between.high)[0]
    slope = -_odd(between, *ends_of)
    bent = weighted_sum(P * w, slope * reach * 2) / size
    return _replaced(m, index, paired), _replaced(m_t, index, bent)


def _phi_below(x: Span) -> Span:
    return Span(normal(x.low)[1].low, normal(x.high)[1].high)


def _replaced(all_of: Span, index: NDArray, part: Span) -> Span:
    low, high = all_of.low.copy(), all_of.high.copy()
    low[index] = np.maximum(low[index], part.low)
    high[index] = np.minimum(high[index], part.high)
    return Span(low, high)


def _tails(machine: Machine, boxes: Boxes, a: Span) -> tuple[tuple[NDArray, NDArray], tuple[NDArray, NDArray, NDArray]]:
    """Bounds over the values of W that are not summed, all at |u| ≥ gap from their thresholds.

    Of φ and |uφ| twice, then of |u − t| φ and |u − t| |u| φ.
    """
    distance = np.maximum(machine.law.reach + 1 - np.abs(boxes.w), 0.0)
    gap = np.maximum(a.low * distance * (1 - 1e-12) - boxes.t.size * (1 + 1e-12), 0.0)
    density = normal(gap)[0].high
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.where(gap > 1, np.nan_to_num(gap * density * (1 + 1e-12), posinf=0.0), STEEPEST)
        second = np.where(gap > math.sqrt(2), np.nan_to_num(gap * gap * density * (1 + 1e-12), posinf=0.0), WIDEST)
        t = boxes.t.size
        along = np.nan_to_num(first + t * density, nan=np.inf) * (1 + 1e-12)
        across = np.nan_to_num(second + t * first, nan=np.inf) * (1 + 1e-12)
    return (density, first), (density, along, across)


def _around(radius: NDArray) -> Span:
    radius = np.nan_to_num(radius, nan=np.inf, posinf=np.inf) * (1 + 1e-12)
    return Span(-radius, radius)
