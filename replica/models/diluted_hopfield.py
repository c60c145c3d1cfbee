"""The symmetrically diluted Hopfield model at T = 0, replica symmetric.

H = −(1/2cN) Σ_{i≠j} Σ_μ c_ij ξ_iμ ξ_jμ s_i s_j; each bond is kept (c_ij = c_ji = 1) with probability c; M = αN.
With s = √(αr):

    m = erf(m/√2 s),   C = 2φ(m/s)/s,   q = 1,   r = 1/(1 − C)² + (1 − c)/c
    f = α/2 + m²/2 + (α/2)[rC − 1/(1 − C) − (1 − c) C/c] − m erf(m/√2 s) − 2sφ(m/s)

H. Sompolinsky, Phys. Rev. A 34, 2571 (1986).
"""

import dataclasses
from typing import Any, ClassVar

from replica.models.base import Line, Model, Order, control, gain
from replica.numerics.elementary import erf, phi, sqrt
from replica.numerics.number import Number

__all__ = ["DilutedHopfield"]


@dataclasses.dataclass(frozen=True, eq=False)
class DilutedHopfield(Model):
    """Hopfield model of which a fraction c of the bonds is left, T = 0.

    Parameters
    ----------
    alpha : float, array or mpmath number
        Load M/N, > 0.
    c : float, array or mpmath number
        Fraction of the bonds that is left, in (0, 1].
    """

    alpha: Any = control("α", "load M/N, patterns per unit", low=0.0, low_included=False)
    c: Any = control("c", "fraction of bonds left", low=0.0, low_included=False, high=1.0, loss=-1, default=1.0)

    name: ClassVar[str] = "diluted-hopfield"
    title: ClassVar[str] = "Hopfield model with a fraction c of its bonds, T = 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per spin (energy, T = 0), on the saddle or off it."""
        m, _, r, C, _ = order
        s = sqrt(self.alpha * r)
        x = m / s
        noise = r * C - gain(order, 1.0) - (1 - self.c) / self.c * C
        return self.alpha / 2 + m * m / 2 + self.alpha / 2 * noise - m * erf(x / sqrt(2 + 0 * x)) - 2 * s * phi(x)

    def dependent(self, *, m: Number, C: Number, r: Number) -> dict[str, Number]:
        """q = 1 and B = 1/(1 − C)."""
        return {"q": 1 + 0 * m, "B": 1 / (1 - C)}
