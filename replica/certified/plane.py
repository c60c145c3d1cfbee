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
ROOT3 = 3**0.5
HIGHEST = 0.17804
"""Largest φ'', at √3, rounded up."""
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
    """m, S = m/a, q, D = ⟨φ⟩ and their derivatives in (v, t); that of q in t is D."""

    m: Span
    S: Span
    q: Span
    D: Span
    m_v: Span
    m_t: Span
    S_v: Span
    S_t: Span
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
        m, S, q, D, m_v, m_t, S_v, S_t, q_v, D_v, D_t = _averages(machine, boxes, a, z)
        hidden = hidden_noise(theta, p, q)
        spread, slope, bend = (root * part for part in hidden)
        noise = D + spread
        pull = boxes.t * z - boxes.w - z * slope
        v = (m / p).log() - noise.log()
        t = (g / m + boxes.w) * a + slope
        e1 = (v - boxes.v).meet((S / p).log() - noise.log())
        e2 = m * (boxes.t * z - boxes.w) - (S * slope).meet(_largest_pull(z, root, p, size)) - g
        e1_v = S_v / S - (D_v + slope * q_v) / noise
        e1_t = S_t / S - (D_t + slope * D) / noise
        e2_v = m_v * pull + m * z * (slope - boxes.t - bend * q_v)
        e2_t = S_t * (boxes.t - slope) - m_t * boxes.w + S * (1 - bend * D)
        # in the chart w = 0, b = t
        plain = S_v * (boxes.t - slope) - S * bend * q_v
        e2_v = e2_v.meet(_where(boxes.w == 0, plain))
    return Field((e1, e2), (e1_v, e2_v), (e1_t, e2_t), (v, t))


def _where(condition: NDArray, x: Span) -> Span:
    """An enclosure that counts where a condition holds."""
    return Span(np.where(condition, x.low, -np.inf), np.where(condition, x.high, np.inf))


def _largest_pull(z: Span, root: Span, p: Span, size: Span) -> Span:
    """m √α ψ'/a ≤ √(αp/L)/(4a) for all q: m² ≤ qp/(2L) and ψ'² ≤ 1/(8q), since 2 H0² ≤ H2."""
    bound = z * root * (p / size).sqrt() * 0.25
    return Span(np.full_like(bound.low, -np.inf), bound.high)


def _averages(machine: Machine, boxes: Boxes, a: Span, z: Span) -> _Averages:
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
    rest, slack = _tails(machine, boxes, a)
    m = weighted_sum(P * w, below) / size + Span(np.zeros(1), span(law.rest[1]).high) / size
    m_t = weighted_sum(P * w, density) / size + _around(2 * law.rest[1] * slack[0]) / size
    m_v = weighted_sum(P * w, along) / size + _around(2 * law.rest[1] * slack[1]) / size
    found = _Averages(
        m=m,
        S=m * z,
        q=weighted_sum(P, below) + Span(np.zeros(1), np.array([2 * law.rest[0]])),
        D=weighted_sum(P, density) + Span(0 * rest[0], 2 * law.rest[0] * slack[0]),
        m_v=m_v,
        m_t=m_t,
        S_v=(m_v - m) * z,
        S_t=m_t * z,
        q_v=weighted_sum(P, along) + _around(2 * law.rest[0] * slack[1]),
        D_v=-weighted_sum(P, turn * odd) + _around(2 * law.rest[0] * slack[2]),
        D_t=-weighted_sum(P, odd) + _around(2 * law.rest[0] * rest[1]),
    )
    narrow = np.nonzero((boxes.w == 0) & (boxes.v.high < 1))[0]
    return _paired(machine, boxes, a, narrow, found) if len(narrow) else found


def _odd(u: Span, left: Span, right: Span) -> Span:
    """uφ(u), which turns at ±1 only."""
    found = hull(span(u.low) * left, span(u.high) * right)
    low = np.where((u.low <= -1) & (u.high >= -1), -STEEPEST, found.low)
    high = np.where((u.low <= 1) & (u.high >= 1), STEEPEST, found.high)
    # 0·∞ is the limit 0
    return Span(np.maximum(low, -STEEPEST), np.minimum(high, STEEPEST))


def _paired(machine: Machine, boxes: Boxes, a: Span, index: NDArray, found: _Averages) -> _Averages:
    """The same where a is small, so that terms of W = ±w nearly cancel: their differences are integrals of derivatives.

    Φ(b + aw) − Φ(b − aw) grows with a and falls with |b|. With averages over b − aw … b + aw of φ and its derivatives,

        S = Σ_{w>0} (2w²P/L) ⟨φ⟩,   S_b = Σ (2w²P/L) ⟨φ'⟩,   S_v = Σ (2w⁴a²P/3L) ⟨φ''⟩,
        q_v = Σ 2a²w²P ⟨φ'⟩,   D_v = Σ 2a²w²P ⟨φ''⟩.
    """
    law, size = machine.law, machine.spans()[4]
    J = law.reach
    w, P = law.w[J + 1 :], law.floats[J + 1 :]
    b, a = boxes.t.take(index), a.take(index)
    near = np.where((b.low <= 0) & (b.high >= 0), 0.0, np.minimum(np.abs(b.low), np.abs(b.high)))
    ends = []
    for at, width in ((b.size, a.low), (near, a.high)):
        reach = span(width[:, None]) * w
        ends.append(_phi_below(span(-at[:, None]) + reach) - _phi_below(span(-at[:, None]) - reach))
    m = weighted_sum(P * w, Span(np.maximum(ends[0].low, 0.0), ends[1].high)) / size
    reach = a.wide() * w
    between = Span((b.wide() - reach).low, (b.wide() + reach).high)
    phi, first, second = _bends(between)
    square = a * a
    # of the values of W that are not summed: ∫φ ≤ 0.8w, and so on
    last = 2 * law.rest[2]
    parts = {
        "m": m + Span(np.zeros(1), span(law.rest[1]).high) / size,
        "S": weighted_sum(2 * P * w * w, phi) / size + Span(np.zeros(1), np.array([last])) / size,
        "S_t": weighted_sum(2 * P * w * w, first) / size + _around(np.array([last])) / size,
        "S_v": weighted_sum(2 * P * w**4 / 3, second) * square / size
        + _around(np.array([2 * law.rest[4]])) * square / size,
        "q_v": weighted_sum(2 * P * w * w, first) * square + _around(np.array([last])) * square,
        "D_v": weighted_sum(2 * P * w * w, second) * square + _around(np.array([last])) * square,
    }
    return found._replace(**{name: _replaced(getattr(found, name), index, part) for name, part in parts.items()})


def _bends(x: Span) -> tuple[Span, Span, Span]:
    """φ, φ' = −xφ and φ'' = (x² − 1)φ over intervals, which turn at 0, ±1 and ±√3."""
    left, right = normal(x.low)[0], normal(x.high)[0]
    inside = (x.low <= 0) & (x.high >= 0)
    phi = hull(left, right)
    phi = Span(phi.low, np.where(inside, PEAK, phi.high))
    first = -_odd(x, left, right)
    at = [end * (span(e) * span(e) - 1) for end, e in ((left, x.low), (right, x.high))]
    second = hull(*at)
    turns = ((x.low <= ROOT3) & (x.high >= ROOT3)) | ((x.low <= -ROOT3) & (x.high >= -ROOT3))
    second = Span(np.where(inside, -PEAK, second.low), np.where(turns, HIGHEST, second.high))
    return phi, first, second


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
