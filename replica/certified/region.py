"""Where states with overlap can be at all: bounds on b, b/a and a that need no computation of boxes.

On a state g = S (b − √α ψ'), S = m/a = (1/L) Σ_{w>0} P(w) w ∫_{−w}^{w} φ(b + ax) dx > 0, and S ≥ p√α ψ(q). So b > 0 for
g ≥ 0, b < √α ψ' for g ≤ 0. ψ' is at most β = sup_{q≥½} ψ' for b > 0, where q ≥ ½. For |b| ≥ k and 0 < c < k

    S |b| ≤ k pφ(k − c) + τ,

the first term from the units that cannot bring the input to within k − c of 0, the second from the others:

    a ≤ a₀:  c = ½,   τ = 0.8 |b| Σ_{w ≥ c/a₀} w²P(w)/L  (as ∫ ≤ 0.8 w; up to the |b| that the next line excludes);
    a ≤ 1, or a ≥ 1 and |b|/a ≥ k:  c = k/2,   τ = 2 Σ_{w ≥ k/2} w²P(w)/L  (as ∫ ≤ 1/a and |b| ≤ 2aw).

For g < 0 and b < 0 the other part of |g| is S√α ψ'. Since ψ' ≤ 1/√(8q) (2 H0² ≤ H2) it is at most √(α/8) S/√q, and by
Cauchy's inequality, with T = Σ_{w ≥ ω} over the units of the second kind,

    S/√q ≤ (2/L)(|b| + 1) √(½⟨W⁴⟩ Φ(c − k) + T w⁴P)      (φ(x) ≤ (|b| + 1) Φ(b + aw) for x ≤ b + aw),
    S/√q ≤ (1/aL) √(½ L p Φ(c − k) + T w²P)               (a ≥ 1);

and where y ≥ 4 at q₁ = Φ(c − k) + T P ≥ q, ψ' ≤ ψ'(q₁). All bounds fall as |b| grows. No state is where they are below
|g|.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from replica.certified.balls import NotProvenError, arb
from replica.certified.gaussian import density, tails
from replica.certified.noise_balls import hidden_noise_balls, normal_balls
from replica.certified.plane import Boxes, Machine
from replica.certified.small_overlap import largest_a
from replica.certified.spans import Span
from replica.certified.subdivision import prove_positive

__all__ = ["Region", "region_of", "steepest"]

FARTHEST = 2000.0
"""Largest k that is tried."""


class Region(NamedTuple):
    """Where states may be: a ≤ a₀ and b between two numbers; boxes of the plane for larger a; and what is beyond."""

    small: tuple[float, float]
    boxes: Boxes
    beyond: bool
    """Whether there may be states at larger a than `deepest`."""


def region_of(machine: Machine, deepest: float) -> Region:
    """All of the half plane but what is excluded by the bounds above.

    Parameters
    ----------
    machine : Machine
        Controls.
    deepest : float
        ln a up to which boxes are wanted.

    Returns
    -------
    Region
        Where to look.

    Raises
    ------
    NotProvenError
        If the bounds fail.
    """
    _prove_lemma()
    edge = largest_a(machine)
    right = _right(machine)
    near, far, small = (
        (_left(machine, bound), _least_positive(machine, bound, right)) for bound in _bounds(machine, edge)
    )
    rows = [(0.0, math.log(edge) - 1e-9, 1e-9, near[0], near[1])]
    beyond = False
    for w in range(-math.ceil(far[1]), math.ceil(-far[0]) + 1):
        last = _last(machine, w)
        beyond |= last > deepest
        top = min(last, deepest)
        cuts = [*np.arange(0.0, top - 0.1), top]
        for v, following in pairwise(cuts):
            half = 0.51 * math.exp(following)
            rows.append((float(w), v, following, -half, half))
    w_, v0, v1, t0, t1 = np.array(rows).T
    return Region(small, Boxes(w_, Span(v0, v1), Span(t0, t1)), beyond)


@cache
def _prove_lemma() -> None:
    """2 H0² ≤ H2 for all y.

    f = H2 − 2 H0² has f' = −2(H1 − 2φH0). For y ≤ 0, H1 − 2φH0 = |y|H0 − φ(2H0 − 1) ≥ 0 as H0 ≥ ½ and
    φ(2H0 − 1) ≤ 2φ(0)²|y|; f(0) = 0. For 0 ≤ y ≤ 0.45, φ(1 − 2H0) ≤ 2φ(0)²y ≤ y H0(0.45), so that f' ≥ 0. From there
    to 2 by subdivision; and from 2 on, H0³/(3φ²) ≤ H2, the least second moment of a decreasing density with this mass,
    while H0 ≥ yφ/(1 + y²) ≥ 6φ².
    """
    phi = density(arb(0))
    if not (tails(arb(0.45))[0] > 2 * phi * phi and density(arb(2)) * 15 < 1):
        raise NotProvenError("2 H0² ≤ H2")

    def excess(y: arb) -> arb:
        H0, _, H2 = tails(y)
        return H2 - 2 * H0 * H0

    prove_positive(excess, arb(0.45), arb(2), "2 H0² < H2 between 0.45 and 2")


def steepest(machine: Machine) -> arb:
    """β, a bound of ψ' for ½ ≤ q ≤ 1."""
    q = arb(0.75, 0.25)
    return hidden_noise_balls(machine.theta, machine.p, q)[1].upper().min(arb(0.5))


def _right(machine: Machine) -> float | None:
    """Bound of √α ψ' where b > 0; None if there is no state with b > 0."""
    half = arb(1) / 2
    root = machine.alpha.sqrt()
    psi = hidden_noise_balls(machine.theta, machine.p, half)[0]
    # S ≤ pφ(0)
    if root * psi > density(arb(0)):
        return None
    return float((root * steepest(machine)).upper()) * (1 + 1e-9)


Bound = Callable[[arb, "float | None"], arb]
"""What |g| must exceed if no state is to be at |b| ≥ k: a function of k, and of a bound of √α ψ' where b > 0 > g."""


def _bounds(machine: Machine, edge: float) -> Iterator[Bound]:
    """For a ≤ 1, for a ≥ 1 with |b|/a ≥ k, and for a ≤ a₀ up to the k of the first."""
    near = partial(_bound, machine, "near", edge, 0.0)
    yield near
    yield partial(_bound, machine, "far", edge, 0.0)
    yield partial(_bound, machine, "small", edge, max(-_left(machine, near), _least_positive(machine, near, None)))


def _left(machine: Machine, bound: Bound) -> float:
    return 0.0 if machine.g >= 0 else -_least(machine, bound)


def _least_positive(machine: Machine, bound: Bound, right: float | None) -> float:
    """k with all states at b ≤ k (or b/a ≤ k)."""
    if machine.g > 0:
        return _least(machine, bound)
    if right is None:
        return 0.0
    if machine.g < 0:
        # S (√α ψ' − b) = |g| needs S ≥ |g|/(√α β)
        return min(right, _least(machine, bound, right))
    return right


def _least(machine: Machine, bound: Bound, pull: float | None = None) -> float:
    """The least k at which the bounds exclude all |b| ≥ k; with `pull`, a bound of √α ψ', all b ≥ k at g < 0."""
    k, g = 2.0, abs(machine.g)
    while k < FARTHEST:
        if bound(arb(k), pull) < g:
            return k
        k = k + 1 if k < 40 else k * 1.25
    raise NotProvenError("g so small that the states cannot be bounded")


def _bound(machine: Machine, way: str, edge: float, most_b: float, k: arb, pull: float | None) -> arb:
    law, p, size = machine.law, machine.p, machine.law.size
    small = way == "small"
    c = arb(0.5) if small else k / 2
    first = math.ceil(0.5 / edge) if small else math.ceil(float(k) / 2)
    # bounds that grow with b are taken at the largest that is needed
    largest = k.max(arb(most_b))
    share = largest * 0.8 if small else arb(2)
    field = k * p * density(k - c) + share * law.above(first, 2) / size
    if pull is not None:
        return field / k * pull
    if machine.g > 0:
        return field
    root, off = machine.alpha.sqrt(), normal_balls(c - k)
    if way == "far":
        ratio = (size * p * off / 2 + law.above(first, 2)).sqrt() / size
    else:
        # (|b| + 1)² w⁴ ≤ 9 w⁶ where |b| ≤ 2w
        tail = (largest + 1) ** 2 * arb(law.above(first, 4)) if small else 9 * arb(law.above(first, 6))
        ratio = 2 * ((k + 1) ** 2 * law.moment(2) * off / 2 + tail).sqrt() / size
    most = root * ratio / arb(8).sqrt()
    activity = (off + law.above(first, 0)).upper()
    if machine.theta > 4 * (p * activity).sqrt():
        most = most.min(root * hidden_noise_balls(machine.theta, p, activity)[1] * field / k)
    return (field + most).upper()


def _last(machine: Machine, w: int) -> float:
    """Bound of ln a of all states in the strip w; ∞ if none is known.

    m ≥ 0.9 |g|/(|w| + ½) where √(αp/L)/(4a) ≤ 0.1 |g|, and q is then at least what so much overlap needs; or b ≥ 0 and
    q ≥ ½. Then p√α ψ(q) ≤ S ≤ m/a.
    """
    law, root = machine.law, machine.alpha.sqrt()
    activities, last = [], arb(1)
    if w <= 0 or not machine.g < 0:
        activities.append(arb(1) / 2)
    if w >= 0 and machine.g < 0:
        g = abs(machine.g)
        last = last.max((root * (machine.p / law.size).sqrt() / (arb(4) * g / 10)).upper())
        overlap = float((g * 9 / 10 / (abs(w) + arb(0.5))).lower())
        if overlap <= law.largest_overlap:
            activities.append(arb(law.least_activity(overlap)))
    for q in activities:
        if not q > 0:
            return math.inf
        psi = hidden_noise_balls(machine.theta, machine.p, q)[0]
        last = last.max((arb(law.largest_overlap) / (machine.p * root * psi)).upper())
    return max(float(last.log().upper()) + 0.01, 0.1)
