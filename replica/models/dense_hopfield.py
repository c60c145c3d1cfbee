"""Dense associative memory: the Hopfield model with interactions of P > 2 spins, T = 0, replica symmetric.

H = −N^{1−P} Σ_μ Σ_{i1<…<iP} ξ_i1μ … ξ_iPμ s_i1 … s_iP,   M = α N^{P−1}. The field of the pattern is m^{P−1}/(P−1)!,
the noise has variance s² = αr/(P−1)!, and there is no reaction of the network on itself:

    m = erf(y/√2),   y = m^{P−1}/((P−1)! s),   C = 2φ(y)/s,   q = 1,   r = 1;   α = m^{2P−2}/((P−1)! y²)
    f = (P−1) m^P/P! + α C (r−1)/(2 (P−1)!) − s [y erf(y/√2) + 2φ(y)]

E. Gardner, J. Phys. A 20, 3453 (1987); L. F. Abbott & Y. Arian, Phys. Rev. A 36, 5091 (1987).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Chart, ExactState, Line, Model, Order, control, exp_clipped
from replica.numerics.elementary import erf, is_multiprecision, log, noise_floor, phi, sqrt
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
    >>> round(replica.spinodal(DenseHopfield(alpha=None, body=3), along="alpha").value, 12)
    0.126095215385
    """

    alpha: Any = control("α", "load M/N^(P−1)", low=0.0, low_included=False)
    body: Any = control("P", "spins that interact at once", low=3.0, high=20.0, whole=True, default=3)

    name: ClassVar[str] = "dense-hopfield"
    title: ClassVar[str] = "Dense associative memory: interactions of P spins, T = 0"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")
    lines: ClassVar[tuple[Line, ...]] = (Line("alpha_c", "spinodal", along="alpha"),)

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        s, y, _ = self._field(order)
        one = 1 + 0 * order.m
        return Order(m=erf(y / sqrt(2 + 0 * y)), q=one, r=one, C=2 * phi(y) / s, B=one)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per spin (energy, T = 0), on the saddle or off it."""
        m, _, r, C, _ = order
        P, (s, y, pairs) = self.body, self._field(order)
        field = s * (y * erf(y / sqrt(2 + 0 * y)) + 2 * phi(y))
        return (P - 1) * m**P / (P * pairs) + self.alpha * C * (r - 1) / (2 * pairs) - field

    def dependent(self, *, m: Number, C: Number, r: Number) -> dict[str, Number]:
        """q = 1 and B = 1: nothing reacts."""
        return {"q": 1 + 0 * m, "B": 1 + 0 * m}

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Chart | ExactState]:
        """Retrieval on a chart, and the glass in closed form."""
        retrieval = [Chart("retrieval", 1, _nodes, _point)] if 1 in n_condensed else []
        return [*retrieval, ExactState("spin_glass", 0, _glass)]

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """1: a small overlap with another pattern has no energy of second order."""
        return (1 + 0 * order.C,)

    def _field(self, order: Order) -> tuple[Number, Number, Number]:
        """The noise s, the field of the pattern over it, y, and (P − 1)!."""
        pairs = _factorial(self.body - 1)
        s = noise_floor(sqrt(self.alpha * order.r / pairs))
        return s, order.m ** (self.body - 1) / (pairs * s), pairs


def _factorial(k: Number) -> Number:
    """k! of whole numbers, an exact one where it is multiplied by numbers of many digits."""
    if is_multiprecision(k):
        return k**0 * math.factorial(int(k))
    return np.cumprod([1.0, *range(1, 20)])[np.asarray(k, dtype=int)]


def _nodes(model: DenseHopfield, lowest: float) -> NDArray:
    """Nodes in ln y: α ~ y^{2P−4} where it falls, and 1/y² where it rises without end."""
    return np.concatenate([np.arange(lowest / 2 - 2, 4.0, 0.1), np.geomspace(4.0, max(8.0, 2 - lowest), 40)[1:]])


def _point(model: DenseHopfield, u: NDArray) -> tuple[NDArray, Order]:
    """Ln α and the order parameters at u = ln y."""
    P, y = np.asarray(model.body) + 0 * u, np.exp(u)
    m, pairs = erf(y / math.sqrt(2)), _factorial(P - 1)
    with np.errstate(under="ignore"):
        load = 2 * (P - 1) * log(m) - 2 * u - log(pairs)
        C = 2 * phi(y) * exp_clipped(log(pairs) + u - (P - 1) * log(m))
    return load, Order(m, np.ones(m.shape), np.ones(m.shape), C, np.ones(m.shape))


def _glass(model: DenseHopfield) -> tuple[NDArray, Order]:
    """The state without overlap, at every load."""
    alpha, P = np.broadcast_arrays(np.asarray(model.alpha, dtype=float), np.asarray(model.body, dtype=float))
    one = np.ones(alpha.shape)
    return one > 0, Order(0 * one, one, one, math.sqrt(2 / math.pi) * sqrt(_factorial(P - 1) / alpha), one)
