"""Dense associative memory: the Hopfield model with interactions of P > 2 spins, T = 0, replica symmetric.

H = −N^{1−P} Σ_μ Σ_{i1<…<iP} ξ_i1μ … ξ_iPμ s_i1 … s_iP,   M = α N^{P−1}. The field of the pattern is m^{P−1}/(P−1)!,
the noise has variance s² = αr/(P−1)!, and there is no reaction of the network on itself:

    m = erf(y/√2),   y = m^{P−1}/((P−1)! s),   C = 2φ(y)/s,   q = 1,   r = 1
    f = (P−1) m^P/P! + α C (r−1)/(2 (P−1)!) − s [y erf(y/√2) + 2φ(y)]

E. Gardner, J. Phys. A 20, 3453 (1987); L. F. Abbott & Y. Arian, Phys. Rev. A 36, 5091 (1987).
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from scipy.special import gamma

from replica.models.base import Line, Model, Order, control
from replica.numerics.elementary import erf, is_multiprecision, noise_floor, phi, sqrt
from replica.numerics.number import Number

__all__ = ["DenseHopfield"]


@dataclasses.dataclass(frozen=True, eq=False)
class DenseHopfield(Model):
    """Hopfield model with interactions of P spins, T = 0.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N^(P−1), > 0.
    body : int or array of int
        Spins that interact at once, P, from 3 to 20; for two the network reacts on itself, see `Hopfield`.

    Examples
    --------
    >>> import replica
    >>> replica.spinodal(DenseHopfield(alpha=None, body=3), along="alpha").value
    0.12609521538533...
    """

    alpha: Any = control("α", "load M/N^(P−1)", low=0.0, low_included=False)
    body: Any = control("P", "spins that interact at once", low=3.0, high=20.0, whole=True, default=3)

    name: ClassVar[str] = "dense-hopfield"
    title: ClassVar[str] = "Dense associative memory: interactions of P spins, T = 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per spin (energy, T = 0), on the saddle or off it."""
        m, _, r, C, _ = order
        P, pairs = self.body, _factorial(self.body - 1)
        s = noise_floor(sqrt(self.alpha * r / pairs))
        y = m ** (P - 1) / (pairs * s)
        field = s * (y * erf(y / sqrt(2 + 0 * y)) + 2 * phi(y))
        return (P - 1) * m**P / (P * pairs) + self.alpha * C * (r - 1) / (2 * pairs) - field

    def dependent(self, *, m: Number, C: Number, r: Number) -> dict[str, Number]:
        """q = 1 and B = 1: nothing reacts."""
        return {"q": 1 + 0 * m, "B": 1 + 0 * m}

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """1: a small overlap with another pattern has no energy of second order."""
        return (1 + 0 * order.C,)


def _factorial(k: Number) -> Number:
    """k! of whole numbers, exact where it is multiplied by numbers of many digits."""
    return k * _factorial(k - 1) if is_multiprecision(k) and k > 1 else gamma(k + 1) if not is_multiprecision(k) else k
