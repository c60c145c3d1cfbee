"""Proof that ℓ* is the first stationary point of f̃ on the branch that starts at ℓ → 0, in the zero-noise state k = 1.

With G = g̃ + αB̃/2 > g̃ let N be the states of C < 1 with s ≤ σ, m + g̃ ≥ c and G ≤ −c. In N every field is far from
zero, |G + mW| ≥ c for all W, so with U = c/σ > 1 and η = e^{−U²/2}/2, and the zero-noise values

    m₀ = (P₀ + P₁)/2,   q₀ = (1 − P₀)/2,   P_w = e^{−ℓ} I_w(ℓ),

    |m − m₀| ≤ η⟨|W|⟩/ℓ ≤ η,   |q − q₀| ≤ η,   C ≤ χ = U φ(U)/c,
    2 df̃/dℓ = −(P₀ − P₁)(m₀/2 + G) + ε,   |ε| < 6η.

1. m₀ falls and q₀ rises with ℓ; s² = αqH2(θ̃/√q)/(1−C)² and G = g̃ + (α/2)H0(θ̃/√q)/(1−C) rise with q for θ̃ > 0. So if
   the three bounds of N hold strictly at ℓ*, with q = q₀ + η and C = χ, they do at all ℓ below: the equations map N
   into its interior, a state in N exists at every ℓ ≤ ℓ* (Brouwer), and a branch that starts in N cannot leave it.
2. (P₀ − P₁)(m₀/2 + G) > 6η on (0, ℓ* − δ]: f̃ falls there.
3. From ℓ* − δ to ℓ* all of N lies in the box in which the minimum is the only stationary state.
"""

from __future__ import annotations

from typing import NamedTuple

from replica.certified.balls import NotProvenError, Written, arb, exact
from replica.certified.gaussian import density, tails
from replica.certified.interval_newton import Box
from replica.certified.skellam import probability
from replica.certified.subdivision import prove_positive

__all__ = ["Machine", "prove_first"]

WINDOW = arb(2) ** -10
"""δ in units of the radius of the box."""


class Machine(NamedTuple):
    """Controls of a homogeneous machine."""

    alpha: arb
    theta: arb
    g: arb

    @classmethod
    def of(cls, alpha: Written, theta: Written, g: Written) -> Machine:
        """Machine of controls that are numbers as they are written."""
        return cls(exact(alpha), exact(theta), exact(g))


class _Region(NamedTuple):
    """N, and how far its states are from those without noise."""

    c: arb
    sigma: arb
    flipped: arb
    """η."""
    response: arb
    """χ."""


def prove_first(machine: Machine, unique: Box, root: Box, m: arb) -> None:
    """Prove that no stationary point of f̃ lies at a smaller ℓ on the branch.

    Parameters
    ----------
    machine : Machine
        Controls.
    unique : list of arb
        Box (v, κ, ℓ) that holds exactly one stationary state.
    root : list of arb
        Narrower box of that state.
    m : arb
        Its overlap.

    Raises
    ------
    NotProvenError
        If the state has so much noise that one of the bounds fails.
    """
    v, kappa, ell = root
    if not machine.theta > 0:
        raise NotProvenError("bounds that rise with q need theta > 0")
    s, G = m / v.exp(), kappa * m
    region = _region(machine, m, s, G)
    _prove_inside(machine, region, m, s, G, "the minimum")
    far_m, far_q = _zero_noise(ell.upper())[:2]
    below, above = far_m - region.flipped, far_q + region.flipped
    _prove_inside(machine, region, below, *_noise_and_field(machine, above, 1 - region.response), "a state below it")
    start = ell.lower() - unique[2].rad() * WINDOW
    prove_positive(lambda x: _descent(machine, region, x), arb(0), start, "df/dl < 0 below the minimum")
    if not all(box.contains(x) for box, x in zip(unique, _places(machine, region, start.union(ell)), strict=True)):
        raise NotProvenError("states next to the minimum are not known to lie in the box")


def _region(machine: Machine, m: arb, s: arb, G: arb) -> _Region:
    """A little more than the noise of the minimum, a little less than its distance from a flip."""
    c = (m + machine.g).min(-G).lower() * 0.99
    sigma = 1.01 * s.upper()
    U = c / sigma
    if not U > 1:
        raise NotProvenError("the noise is not small")
    return _Region(c, sigma, (-U * U / 2).exp() / 2, U * density(U) / c)


def _prove_inside(machine: Machine, region: _Region, m: arb, s: arb, G: arb, what: str) -> None:
    """Prove the inequalities of N, strictly."""
    if not (region.response < 1 and region.sigma < 1 and s < region.sigma and m + machine.g > region.c):
        raise NotProvenError(f"{what} is not known to have little noise")
    if not -G > region.c:
        raise NotProvenError(f"{what} is not known to be far from a flip")


def _zero_noise(ell: arb) -> tuple[arb, arb, arb]:
    """m₀, q₀ and P₀ − P₁."""
    zero, one = (probability(ell, w) for w in (0, 1))
    return (zero + one) / 2, (1 - zero) / 2, zero - one


def _noise_and_field(machine: Machine, q: arb, margin: arb) -> tuple[arb, arb]:
    """Noise s and field G at an activity and 1 − C."""
    H0, _, H2 = tails(machine.theta / q.sqrt())
    return (machine.alpha * q * H2).sqrt() / margin, machine.g + machine.alpha * H0 / (2 * margin)


def _descent(machine: Machine, region: _Region, ell: arb) -> arb:
    """Lower bound of −2 df̃/dℓ in N; G at the least activity, and at least g̃."""
    m, q, gap = _zero_noise(ell)
    least = (q - region.flipped).lower()
    G = _noise_and_field(machine, least, arb(1))[1] if least > 0 else machine.g
    return gap * (m / 2 + G) - 6 * region.flipped


def _places(machine: Machine, region: _Region, ell: arb) -> Box:
    """(v, κ, ℓ) of all states in N at an interval of ℓ."""
    m, q, _ = _zero_noise(ell)
    around = arb(0, region.flipped.upper())
    m, q = m + around, q + around
    s, G = _noise_and_field(machine, q, arb(1).union(1 - region.response))
    return [(m / s).log(), G / m, ell]
