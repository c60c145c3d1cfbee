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
from replica.numerics.elementary import noise_floor, sqrt
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
    >>> replica.spinodal(SparseCodingHopfield(alpha=None, a=0.1, g=-0.7788), along="alpha").value
    0.44096724...
    """

    alpha: Any = control("α", "load M/N, patterns per unit", low=0.0, low_included=False)
    a: Any = control("a", "coding level", low=0.0, low_included=False, high=1.0, high_included=False)
    g: Any = control("g", "field on the units", loss=-1)

    name: ClassVar[str] = "sparse-coding-hopfield"
    title: ClassVar[str] = "Sparsely coded patterns: 0/1 units, biased patterns, T = 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r", "log_q", "log_B")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per visible unit (energy, T = 0), on the saddle or off it."""
        m, q, r, C, B = order
        a, s = self.a, noise_floor(sqrt(self.alpha * r))
        work: Number = 0.0
        for eta, share in ((sqrt((1 - a) / a), a), (-sqrt(a / (1 - a)), 1 - a)):
            work = work + share * s * H(1, -(m * eta + self.g + self.alpha * B / 2) / s)
        return m * m / 2 + self.alpha / 2 * (r * C + B * q - q * gain(order, 1.0)) - work
