"""States of small overlap, a = m/s ≤ a₀, down to a → 0: there the plane of states is analytic in x = a².

m and 1 − C vanish together as a → 0, so that e₁ of `replica.certified.plane` is divided by what vanishes. For ξ of any
symmetric law, E φ(b + aξ) = Σ_n xⁿ φ⁽²ⁿ⁾(b) E ξ²ⁿ/(2n)!, and with μ_n = ⟨Wⁿ⟩, μ₂ = Lp,

    F₁ = (S − p⟨φ⟩)/p − √α ψ(q) = Σ_{n≥1} xⁿ φ⁽²ⁿ⁾(b) [μ_{2n+2}/(pL (2n+1)!) − μ_{2n}/(2n)!] − √α ψ(q),
    F₂ = S (b − √α ψ'(q)) − g,   S = m/a = Σ_n xⁿ φ⁽²ⁿ⁾(b) μ_{2n+2}/(L (2n+1)!).

Sums stop at n = N. What is left of E φ is at most |x|^{N+1} sup|φ⁽²ᴺ⁺²⁾| E ξ^{2N+2}/(2N+2)! and its derivative in x at
most (N + 1)/|x| times this, by Taylor's formula; sup|φ⁽ᵏ⁾| ≤ 1.0865 √k! φ(0) (Cramér). Functions are continued to x < 0
by the same polynomials, and by a remainder even in x, so that the Krawczyk operator can surround a state however near
x = 0 it is. A zero counts if R > 0 in its box, F₁ = xR − √α ψ: it is then at x > 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from replica.certified.balls import NotProvenError, Series, arb, arb_series
from replica.certified.interval_newton import Box, System, krawczyk, values
from replica.certified.noise_balls import bell, hidden_noise_balls, normal_balls
from replica.certified.overlap_balls import State, located, with_noise
from replica.certified.plane import Machine

__all__ = ["SmallOverlap", "largest_a"]

N = 5
"""Last power of x."""
PIECES = 20_000
WIDTH = 0.25
"""Of the first boxes in b."""
LARGER = 0.1


def largest_a(machine: Machine) -> float:
    """a₀, up to which the expansion is used: small against the inverse spread of W."""
    return 0.04 / (1 + float((machine.law.size * machine.p).mid()) ** 0.5)


class SmallOverlap:
    """States with 0 < a ≤ a₀ at a machine's controls."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        law = machine.law
        mu = [law.moment(n) for n in range(N + 3)]
        factorial = [arb.fac_ui(n) for n in range(2 * N + 5)]
        last = range(N + 2)
        # coefficients of S, ⟨φ⟩ and the difference, the last for the remainder
        self.of_S = [mu[n + 1] / (law.size * factorial[2 * n + 1]) for n in last]
        self.of_D = [mu[n] / factorial[2 * n] for n in last]
        self.of_gap = [S / machine.p - D for S, D in zip(self.of_S, self.of_D, strict=True)]
        self.edge = arb(largest_a(machine)) ** 2

    def system(self) -> System:
        """F₁ and F₂ as functions of (x, b)."""

        def equations(unknowns: list[arb_series]) -> Sequence[arb_series]:
            x, b = unknowns
            machine, root = self.machine, self.machine.alpha.sqrt()
            gap, S, q, _ = self._averages(x, b)
            psi, slope = hidden_noise_balls(machine.theta, machine.p, q)
            return [gap - root * psi, S * (b - root * slope) - machine.g]

        return equations

    def _averages(self, x: Series, b: Series) -> tuple[Series, Series, Series, Series]:
        """(S − p⟨φ⟩)/p, S, q and ⟨φ⟩."""
        bends = _derivatives(b)
        powers: list[Series] = [x**0]
        for _ in range(N):
            powers.append(powers[-1] * x)
        below: Series = normal_balls(b)
        gap = sum((self.of_gap[n] * powers[n] * bends[2 * n] for n in range(1, N + 1)), _rest(x, b, self.of_gap, 0))
        S = sum((self.of_S[n] * powers[n] * bends[2 * n] for n in range(N + 1)), _rest(x, b, self.of_S, 0))
        D = sum((self.of_D[n] * powers[n] * bends[2 * n] for n in range(N + 1)), _rest(x, b, self.of_D, 0))
        q = sum(
            (self.of_D[n] * powers[n] * bends[2 * n - 1] for n in range(1, N + 1)), below + _rest(x, b, self.of_D, -1)
        )
        return gap, S, q, D

    def states(self, low: float, high: float) -> tuple[list[Box], list[Box]]:
        """Boxes (x, b) with exactly one state each, for b between two numbers, and their narrow enclosures.

        Raises
        ------
        NotProvenError
            If boxes are left that are neither excluded nor isolating.
        """
        system, found, inner = self.system(), [], []
        count = max(1, int((high - low) / WIDTH) + 1)
        step = (arb(high) - arb(low)) / count
        todo = [
            [_between(arb(0), self.edge), arb(low) + step * arb(k + 0.5) + arb(0, step.upper() / 2)]
            for k in range(count)
        ]
        tried = 0
        while todo:
            box = todo.pop()
            tried += 1
            if tried > PIECES:
                raise NotProvenError(f"too many boxes at small overlap, near b = {float(box[1]):.6g}")
            if self._empty(system, box):
                continue
            larger = [x + arb(0, x.rad() * LARGER) for x in box]
            if self._isolates(system, larger):
                found.append(larger)
                inner.append(self._sharper(located(system, larger, box)))
                continue
            todo += _halves(box, self.edge)
        return found, inner

    def _sharper(self, place: Box) -> Box:
        """The same place, x > 0 to relative precision by xR = √α ψ."""
        _, _, q, _ = self._averages(*place)
        psi = hidden_noise_balls(self.machine.theta, self.machine.p, q)[0]
        return [self.machine.alpha.sqrt() * psi / self._growth(place), place[1]]

    def _empty(self, system: System, box: Box) -> bool:
        try:
            F1, F2 = values(system, box)
        except NotProvenError:
            return False
        # F₁ < 0 for x ≥ 0 where R ≤ 0
        return bool(not F1.contains(0) or not F2.contains(0) or self._growth(box) <= 0)

    def _growth(self, box: Box) -> arb:
        """R = (S − p⟨φ⟩)/(px), so that F₁ = xR − √α ψ."""
        x, b = box
        bends, size = _derivatives(b), abs(x).upper()
        rest = abs(self.of_gap[N + 1]).upper() * size**N * _largest(2 * N + 2)
        return sum((self.of_gap[n] * x ** (n - 1) * bends[2 * n] for n in range(1, N + 1)), arb(0, rest.upper()))

    def _isolates(self, system: System, box: Box) -> bool:
        try:
            krawczyk(system, box)
            if box[0].lower() > 0:
                return True
            return bool(self._growth(box) > 0)
        except NotProvenError:
            return False

    def state_at(self, place: Box) -> State:
        """Order parameters at (x, b)."""
        x, b = place
        _, S, q, D = self._averages(x, b)
        return with_noise(self.machine, S * x.sqrt(), q, S, D)


def _between(low: arb, high: arb) -> arb:
    return low.union(high)


def _halves(box: Box, edge: arb) -> list[Box]:
    """Two boxes; b is cut first, and x where b is narrower than a₀ would explain."""
    x, b = box
    across = 0 if x.rad() / edge > b.rad() * 4 else 1
    side = box[across]
    parts = [_between(side.lower(), side.mid()), _between(side.mid(), side.upper())]
    return [[part, b] if across == 0 else [x, part] for part in parts]


def _derivatives(b: Series) -> list[Series]:
    """φ⁽ᵏ⁾(b) = (−1)^k He_k(b) φ(b), k = 0 … 2N."""
    phi = bell(b)
    hermite: list[Series] = [b**0, b]
    for k in range(1, 2 * N):
        hermite.append(b * hermite[k] - k * hermite[k - 1])
    return [(-1) ** k * H * phi for k, H in enumerate(hermite)]


def _rest(x: Series, b: Series, coefficients: list[arb], shift: int) -> Series:
    """Ball of the remainder; shift −1 where φ is integrated once."""
    size = abs(x[0] if isinstance(x, arb_series) else x).upper()
    c = abs(coefficients[N + 1]).upper()
    order = 2 * N + 2 + shift
    bound = c * size ** (N + 1) * _largest(order)
    if not isinstance(x, arb_series):
        return arb(0, bound.upper())
    by_x, by_b = c * (N + 1) * size**N * _largest(order), c * size ** (N + 1) * _largest(order + 1)
    slope = by_x * abs(x[1]).upper() + by_b * abs(b[1]).upper()
    return arb_series([arb(0, bound.upper()), arb(0, slope.upper())], 2)


def _largest(k: int) -> arb:
    """sup |φ⁽ᵏ⁾|."""
    return arb("1.0865") * arb.fac_ui(k).sqrt() / (2 * arb.pi()).sqrt()
