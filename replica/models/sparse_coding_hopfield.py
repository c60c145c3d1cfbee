"""The Hopfield model of sparsely coded patterns: {0, 1} units, biased patterns, T = 0, replica symmetric.

w = (ξ − a)/√(a(1 − a)N), P(ξ = 1) = a; visible units 0 or 1 with a field g, Gaussian hidden units, M = αN. With η the
entry of the condensed pattern, of mean 0 and variance 1, u = (mη + g + αB/2)/s and s = √(αr):

    m = ⟨ηΦ(u)⟩,   q = ⟨Φ(u)⟩,   C = ⟨φ(u)⟩/s,   r = q/(1 − C)²,   B = 1/(1 − C)
    f = m²/2 + (α/2)[rC + Bq − q/(1 − C)] − s⟨H1(−u)⟩

D. J. Amit, H. Gutfreund & H. Sompolinsky, Phys. Rev. A 35, 2293 (1987); M. V. Tsodyks & M. V. Feigel'man, Europhys.
Lett. 6, 101 (1988).
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from replica.models.base import Line, Model, Order, control, gain
from replica.numerics.elementary import noise_floor, phi, sqrt
from replica.numerics.gaussian import H
from replica.numerics.number import Number

__all__ = ["SparseCodingHopfield"]


@dataclasses.dataclass(frozen=True, eq=False)
class SparseCodingHopfield(Model):
    """Hopfield model of {0, 1} units and patterns of which a fraction a of the entries is 1, T = 0.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    a : float, array or mpmath number
        Fraction of the entries of a pattern that are 1, in (0, 1).
    g : float, array or mpmath number
        Field on the units; the pattern is a state without noise where −(1 − a) < g < a.

    Examples
    --------
    >>> import replica
    >>> round(replica.spinodal(SparseCodingHopfield(alpha=None, a=0.1, g=-0.7), along="alpha").value, 10)
    0.4033235384
    """

    alpha: Any = control("α", "load M/N, patterns per unit", low=0.0, low_included=False)
    a: Any = control("a", "coding level", low=0.0, low_included=False, high=1.0, high_included=False)
    g: Any = control("g", "field on the units", loss=-1)

    name: ClassVar[str] = "sparse-coding-hopfield"
    title: ClassVar[str] = "Sparsely coded patterns: 0/1 units, biased patterns, T = 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r", "log_q", "log_B")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        m, q, C = 0.0 * order.m, 0.0 * order.m, 0.0 * order.m
        for eta, share, u, s in self._units(order):
            m, q, C = m + share * eta * H(0, -u), q + share * H(0, -u), C + share * phi(u) / s
        amplified = gain(order, 1.0)
        return Order(m=m, q=q, r=order.q * amplified * amplified, C=C, B=1 / (1 - order.C))

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per visible unit (energy, T = 0), on the saddle or off it."""
        m, q, r, C, B = order
        work: Number = 0.0
        for _, share, u, s in self._units(order):
            work = work + share * s * H(1, -u)
        return m * m / 2 + self.alpha / 2 * (r * C + B * q - q / (1 - C)) - work

    def _units(self, order: Order) -> list[tuple[Number, Number, Number, Number]]:
        """Entry, share, u and s of units where the pattern is 1, and where it is 0."""
        a, s = self.a, noise_floor(sqrt(self.alpha * order.r))
        field = self.g + self.alpha * order.B / 2
        entries = ((sqrt((1 - a) / a), a), (-sqrt(a / (1 - a)), 1 - a))
        return [(eta, share, (order.m * eta + field) / s, s) for eta, share in entries]
