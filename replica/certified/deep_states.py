"""States with almost no noise, a = m/s ≥ e^V: one on each plateau whose noise is that small, and no others.

In the strip of the units W = w, s ≥ p⟨φ⟩ ≥ p P(w) φ(t), so that φ(t) ≤ μ e^{−V}/(p P(w)), μ the largest m: no unit is
partly on but for a share δ, and Lm, q are those of the units W ≥ k to within δ(1 + J); all other inputs are beyond a/2.
Then κ = b/a = (g + s√α ψ')/m with 0 < s√α ψ' ≤ √(αp/L)/(4a) is known, and a state is there only if −k < κ < 1 − k. At a
distance η ≥ e^{−V/2} from both ends ⟨φ⟩ ≤ φ(aη) ≤ e^{−exp(v)/2}, v = ln a, which is nothing against s, and s = p√α ψ(q)
gives v. So all states of a plateau are in one small box of (v, κ), and the Krawczyk operator proves that there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from replica.certified.balls import NotProvenError, Series, arb, arb_series
from replica.certified.interval_newton import System, krawczyk
from replica.certified.noise_balls import bell, hidden_noise_balls, normal_balls
from replica.certified.overlap_balls import State, around, with_noise
from replica.certified.plane import Machine
from replica.certified.region import FARTHEST

__all__ = ["deep_states"]

AROUND = arb(2) ** -20
"""Half width in v of the box of a state."""
NEVER = arb(10) ** -40
"""Probability of values of W that count as none."""


def deep_states(machine: Machine, V: int) -> list[State]:
    """All states with a ≥ e^V.

    Parameters
    ----------
    machine : Machine
        Controls, g ≠ 0.
    V : int
        Logarithm of the least a.

    Returns
    -------
    list of State
        Exactly as many as there are.

    Raises
    ------
    NotProvenError
        If |g| is too near to a flip, or a state has a ≈ e^V.
    """
    if machine.g.contains(0):
        raise NotProvenError("g = 0 with a noise that is beyond double precision")
    J, law = machine.law.reach, machine.law
    if not arb(law.rest[1]) * (2 * FARTHEST) / law.size < abs(machine.g) - _pull(machine, V):
        raise NotProvenError("g so small that units of very large W count")
    return [state for k in range(-J, J + 2) for state in _on_plateau(machine, k, V)]


def _on_plateau(machine: Machine, k: int, V: int) -> list[State]:
    """The state with the units W ≥ k on, if there is one with a ≥ e^V."""
    law = machine.law
    share = _share(machine, k, V)
    error = arb(0, (share * (law.reach + 1) + NEVER + 2 * law.rest[1]).upper())
    on = [w for w in range(-law.reach, law.reach + 1) if w >= k]
    m = (sum((w * law.weight[abs(w)] for w in on), arb(0)) + error) / law.size
    q = sum((law.weight[abs(w)] for w in on), arb(0)) + error
    pull = _pull(machine, V)
    if abs(m).upper() * (abs(k) + 1) < abs(machine.g) - pull:
        return []
    if not (m > 0 and q > 0):
        raise NotProvenError("a plateau without activity")
    kappa = (machine.g + arb(0).union(pull)) / m
    margin = (-arb(V) / 2).exp().max(16 * arb(kappa.rad()))
    if kappa < -k or kappa > 1 - k:
        return []
    if not (kappa > -k + margin and kappa < 1 - k - margin):
        raise NotProvenError(f"g is too near to the flip of the units W = {-k if kappa < -k + margin else 1 - k}")
    psi = hidden_noise_balls(machine.theta, machine.p, q)[0]
    v = (m / (machine.p * machine.alpha.sqrt() * psi)).log()
    if v < V:
        return []
    if not v > V:
        raise NotProvenError(f"a state with a noise of about e^-{V} of its overlap")
    box = [v + arb(0, AROUND), kappa + arb(0, margin / 4)]
    place = krawczyk(_system(machine), box)
    a = place[0].exp()
    m, q, D = _averages(machine, a, place[1])
    return [with_noise(machine, m, q, m / a, D)]


def _pull(machine: Machine, V: int) -> arb:
    """Bound of s √α ψ'."""
    return (machine.alpha * machine.p / machine.law.size).sqrt() / 4 * (-arb(V)).exp()


def _share(machine: Machine, k: int, V: int) -> arb:
    """δ: what part of a unit's values of W may be on or off against the plateau."""
    law = machine.law
    near = [law.weight[abs(w)] for w in (k - 1, k) if abs(w) <= law.reach]
    # units with a W of probability 0, as every second one at p = 1, never flip
    least = min((P for P in near if P > NEVER), key=lambda x: float(x.mid()), default=arb(1))
    if any(not P > NEVER and not P * (law.reach + 1) * 2 < NEVER for P in near):
        raise NotProvenError("values of W too rare for the noise to be told from their flips")
    density = law.largest_overlap * (-arb(V)).exp() / (machine.p * least)
    T2 = -2 * ((2 * arb.pi()).sqrt() * density).log()
    if not T2 > 4:
        raise NotProvenError("values of W too rare for the noise to be told from their flips")
    return normal_balls(-T2.sqrt()).upper()


def _system(machine: Machine) -> System:
    def system(unknowns: list[arb_series]) -> Sequence[arb_series]:
        v, kappa = unknowns
        a = v.exp()
        m, q, D = _averages(machine, a, kappa)
        psi, slope = hidden_noise_balls(machine.theta, machine.p, q)
        root = machine.alpha.sqrt()
        return [
            m.log() - v - machine.p.log() - (D + root * psi).log(),
            m * (kappa - root * slope / a) - machine.g,
        ]

    return system


def _averages(machine: Machine, a: Series, kappa: Series) -> tuple[Series, Series, Series]:
    """m, q and ⟨φ⟩; the values of W that are not summed are at |u| ≥ a, where |u' u| φ ≤ u²φ (|v'| + |κ'|)."""
    law = machine.law
    edge = a[0] if isinstance(a, arb_series) else a
    rest, far = arb(2 * law.rest[1]), bell(edge.lower()) * (1 + edge * edge)
    moved = abs(a[1] / a[0]).upper() + abs(kappa[1]).upper() if isinstance(a, arb_series) else arb(0)
    m: Series = around(a, rest, far * moved)
    q: Series = around(a, rest, far * moved)
    D: Series = around(a, rest * far, moved)
    for w in range(-law.reach, law.reach + 1):
        P = law.weight[abs(w)]
        u = a * (kappa + w)
        on = normal_balls(u)
        m, q, D = m + P * w * on, q + P * on, D + P * bell(u)
    return m / law.size, q, D
