"""All states without overlap of a homogeneous machine: the zeros of one function, counted.

With q = Φ(b), s = p(φ(b) + √α ψ(q)) and ψ of `replica.certified.hidden_noise`, every state with m = 0 < q is a zero of

    f(b) = s (b − √α ψ'(q)) − g,   f' = −pφ(b) (b − √α ψ')² + s (1 − √α ψ''(q) φ(b)).

Right of b = √α β + max(g, 0)/(p√α ψ(½)), β = sup_{q≥½} ψ', f > 0; for g ≥ 0 all zeros have b > 0, since ψ' > 0. At the
left end |b| ≥ k: s ≥ √(αp) |θ| for θ < 0, so that f < 0 from |g|/(√(αp)|θ|) on; f + g = −pα/4 + ε for θ = 0; f + g = ε
for θ > 0, where

    |ε| ≤ p [φ k + √α φψ' + √α ψ k + α ψψ'],   φψ' ≤ √(φ (k + 1)/8),   ψψ' = H0/2,

each at q = Φ(−k) (the last is ¼ for θ = 0, and left out), falls with k. Between them intervals are cut until f has no
zero in them, or f' none and signs at the ends that say whether there is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.certified.balls import NotProvenError, Series, arb, arb_series
from replica.certified.gaussian import density, tails
from replica.certified.hidden_noise import hidden_noise
from replica.certified.interval_newton import Box
from replica.certified.mills import normal
from replica.certified.noise_balls import bell, hidden_noise_balls, normal_balls
from replica.certified.overlap_balls import State, located, with_noise
from replica.certified.plane import Machine
from replica.certified.region import steepest
from replica.certified.spans import Span, hull, span

__all__ = ["glass_states"]

PIECES = 20_000
OFF_CENTRE = 0.47
"""Where intervals are cut: seldom a zero."""
HALVINGS = 25
FARTHEST = 1e300


def glass_states(machine: Machine) -> list[State]:
    """All states with m = 0 and q > 0.

    Parameters
    ----------
    machine : Machine
        Controls.

    Returns
    -------
    list of State
        Exactly as many as there are, from small q to large.

    Raises
    ------
    NotProvenError
        If the intervals do not decide.
    """
    low, high = _left_end(machine), _right_end(machine)
    found = []
    todo = Span(np.array([low]), np.array([high]))
    tried = 0
    while len(todo.low):
        tried += len(todo.low)
        if tried > PIECES:
            raise NotProvenError(f"states without overlap cannot be told apart near b = {todo.low[0]:.6g}")
        alone, todo = _step(machine, todo)
        found += [(float(x), float(y)) for x, y in zip(alone.low, alone.high, strict=True)]
    return [_state(machine, *ends) for ends in sorted(found)]


def _function(machine: Machine, b: Span) -> tuple[Span, Span]:
    """f and f'."""
    root, theta, g, p, _ = machine.spans()
    left, right = normal(b.low), normal(b.high)
    phi = hull(left[0], right[0])
    phi = Span(phi.low, np.where((b.low <= 0) & (b.high >= 0), normal(np.zeros(1))[0].high, phi.high))
    q = Span(left[1].low, right[1].high)
    with np.errstate(all="ignore"):
        psi, slope, bend = hidden_noise(theta, p, q)
        excess = b - root * slope
        s = p * (phi + root * psi)
        f = s * excess - g
        # near 0 noise the bend may not be known where it does not matter
        response = root * bend * phi
        return f, s * (1 - response) - p * phi * (excess * excess)


def _step(machine: Machine, pieces: Span) -> tuple[Span, Span]:
    """Intervals with exactly one zero, and what is left to be cut, cut."""
    f, slope = _function(machine, pieces)
    middle = _between(pieces, 0.5)
    with np.errstate(all="ignore"):
        f = f.meet(_function(machine, span(middle))[0] + slope * (pieces - middle))
        pieces, slope = (x.take(~f.without_zero) for x in (pieces, slope))
        at_low, at_high = (_function(machine, span(end))[0] for end in pieces)
    decided = slope.without_zero & at_low.without_zero & at_high.without_zero
    alone = decided & ((at_low.low > 0) != (at_high.low > 0))
    rest = pieces.take(~decided)
    cut = _between(rest, OFF_CENTRE)
    halves = Span(np.concatenate([rest.low, cut]), np.concatenate([cut, rest.high]))
    return pieces.take(alone), halves


def _between(pieces: Span, share: float) -> NDArray:
    """A point inside, half way in asinh b where the ends are of different size."""
    left, right = np.arcsinh(pieces.low), np.arcsinh(pieces.high)
    far = np.sinh(left + share * (right - left))
    plain = pieces.low + share * (pieces.high - pieces.low)
    return np.clip(np.where(right - left > 1, far, plain), pieces.low, pieces.high)


def _right_end(machine: Machine) -> float:
    root = machine.alpha.sqrt()
    far = root * steepest(machine)
    if machine.g > 0:
        far += machine.g / (machine.p * root * hidden_noise_balls(machine.theta, machine.p, arb(1) / 2)[0])
    end = float(far.upper()) * (1 + 1e-9) + 1e-9
    if not end < FARTHEST:
        raise NotProvenError("the noise of a state with all units on is below what doubles hold")
    return end


def _left_end(machine: Machine) -> float:
    if machine.g >= 0:
        return 0.0
    root, g = machine.alpha.sqrt(), abs(machine.g)
    if machine.theta < 0:
        return -float((g / (root * machine.p.sqrt() * abs(machine.theta))).upper()) * (1 + 1e-6) - 1e-6
    margin = g if machine.theta > 0 else abs(machine.g + machine.p * machine.alpha / 4)
    for k in range(2, 38):
        if _small_term(machine, arb(k)) < margin:
            return -float(k)
    raise NotProvenError("g so near to its value on vanishing activity that the states cannot be bounded")


def _small_term(machine: Machine, k: arb) -> arb:
    """Bound of |ε| for |b| ≥ k."""
    q, phi, root = normal_balls(-k), density(k), machine.alpha.sqrt()
    psi, slope = hidden_noise_balls(machine.theta, machine.p, q)
    turned = (phi * (k + 1) / 8).sqrt()
    y = machine.theta / (machine.p * q).sqrt()
    if y >= 4:
        turned = turned.min(phi * slope)
    rest = machine.alpha * tails(y)[0] / 2 if machine.theta > 0 else arb(0)
    return machine.p * (phi * k + root * turned + root * psi * k + rest)


def _state(machine: Machine, low: float, high: float) -> State:
    """The state between two numbers, by halving and then in balls."""

    def system(unknowns: list[arb_series]) -> list[arb_series]:
        (b,) = unknowns
        s, q = _noise(machine, b)
        slope = hidden_noise_balls(machine.theta, machine.p, q)[1]
        return [s * (b - machine.alpha.sqrt() * slope) - machine.g]

    ends = [arb(low), arb(high)]
    box: Box = [ends[0].union(ends[1])]
    rising = _function(machine, span(np.array([high])))[0].low[0] > 0
    for _ in range(HALVINGS):
        middle = float(_between(Span(np.array([low]), np.array([high])), 0.5)[0])
        value = _function(machine, span(np.array([middle])))[0].take(slice(0, 1))
        if not value.without_zero[0] or not low < middle < high:
            break
        low, high = (low, middle) if bool(value.low[0] > 0) == bool(rising) else (middle, high)
    (b,) = located(system, box, [arb(low).union(arb(high))])
    s, q = _noise(machine, b)
    return with_noise(machine, arb(0), q, s, bell(b))


def _noise(machine: Machine, b: Series) -> tuple[Series, Series]:
    """s and q; of a series their derivatives too."""
    q = normal_balls(b)
    psi = hidden_noise_balls(machine.theta, machine.p, q)[0]
    return machine.p * (bell(b) + machine.alpha.sqrt() * psi), q
