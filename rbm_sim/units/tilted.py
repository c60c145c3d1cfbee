"""A unit in a field B with an extra quadratic term A, as message passing sees it: cumulant function, mean, variance.

    P(x) ∝ exp{(B x − A x²/2 − U(x))/T},   φ(B, A) = ln ∫dx exp{(B x − A x²/2 − U(x))/T}

Of two values x² is a linear function, of quadratic energies A adds to the stiffness: the law is that of another unit
of the same kind. Units of any energy are summed over their nodes. −A is the self-coupling of the saddle-point
equations.
"""

from __future__ import annotations

import math
from functools import singledispatch
from typing import NamedTuple

import numpy as np

from rbm_sim.units import cumulants, half_line
from rbm_sim.units.base import Unit
from rbm_sim.units.continuous import Continuous, _panel_nodes, _rounded
from rbm_sim.units.drelu import DReLU
from rbm_sim.units.from_energy import OwnUnit
from rbm_sim.units.mixture import Mixture
from rbm_sim.units.normal import Normal
from rbm_sim.units.standard import Gaussian, ReLU, TwoValued
from replica._remembered import remembered

FAR = 1e6
"""Value of x at which 2U(x)/x² is read off, of energies that are functions."""


class TiltedLaw(NamedTuple):
    """Law of the units of a layer.

    Attributes
    ----------
    log_partition : ndarray, shape (..., units)
        φ(B, A), over the Lebesgue or counting measure.
    mean, variance : ndarray, shape (..., units)
        ⟨x⟩ and ⟨x²⟩ − ⟨x⟩².
    """

    log_partition: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@singledispatch
def tilted(unit: Unit, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    """Law P(x) ∝ exp{(B x − A x²/2 − U(x))/T} of the units of a layer.

    Parameters
    ----------
    unit : Unit
        The layer.
    B, A : ndarray, shape (..., units)
        Fields, and coefficients of −x²/2, above −`softest`.
    T : float
        Temperature, > 0.

    Returns
    -------
    TiltedLaw
        φ, mean and variance.

    Raises
    ------
    ValueError
        If the law of such a unit has no second cumulant for each entry, as that of Potts units.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> law = tilted(rbm_sim.Gaussian(), np.array([1.0]), np.array([-0.5]), 1.0)
    >>> law.mean.tolist(), law.variance.tolist()
    ([2.0], [2.0])
    """
    raise ValueError(f"{type(unit).__name__} units have no law in a field with a quadratic term here")


@singledispatch
def softest(unit: Unit, T: float) -> float | np.ndarray:
    """Limit of 2U(x)/x² at infinity, the smaller one of its two sides: there is a law for A > −(this).

    Parameters
    ----------
    unit : Unit
        The layer.
    T : float
        Temperature, > 0.

    Returns
    -------
    float or ndarray, shape (units,)
        1 for Gaussian and ReLU units, ∞ for those that are bounded, or confined more strongly.

    Examples
    --------
    >>> import rbm_sim
    >>> softest(rbm_sim.Normal(gamma=2.0), 1.0), softest(rbm_sim.Spin(), 1.0)
    (2.0, inf)
    """
    return math.inf


@tilted.register
def _(unit: TwoValued, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    # x² = (1 + low) x − low
    y = B - (1 + unit.low) / 2 * A
    return TiltedLaw(unit.log_partition(y, T) + unit.low / (2 * T) * A, unit.mean(y, T), unit.variance(y, T))


def _quadratic(unit: Gaussian | Normal, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    gamma, y = unit._stiffness + A, B - unit.offset
    mean = y / gamma
    return TiltedLaw(y * mean / (2 * T) + np.log(2 * math.pi * T / gamma) / 2, mean, T / gamma + 0 * y)


@tilted.register
def _(unit: Gaussian, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    return _quadratic(unit, B, A, T)


@tilted.register
def _(unit: Normal, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    return _quadratic(unit, B, A, T)


@tilted.register
def _(unit: ReLU, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    width = np.sqrt(T / (1 + A))
    a = (B - unit.theta) * (width / T)
    return TiltedLaw(
        half_line.log_integral(a) + np.log(width),
        width * half_line.mean(a),
        width**2 * cumulants.half_line(a, 2),
    )


@tilted.register
def _(unit: DReLU, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    B, A = np.broadcast_arrays(B, A)
    parameters = (unit.gamma_plus + A, unit.gamma_minus + A, unit.theta_plus, unit.theta_minus)
    stiffer = DReLU(*(np.broadcast_to(x, B.shape).ravel() for x in parameters))
    y = B.ravel()
    found = stiffer.log_partition(y, T), stiffer.mean(y, T), stiffer.variance(y, T)
    return TiltedLaw(*(x.reshape(B.shape) for x in found))


@tilted.register
def _(unit: Mixture, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    # two normal laws of means ±√Ω and variance s, each times the same factor
    s, x = 1 - unit.Omega, B / T
    R = 1 + s / T * A
    z = math.sqrt(unit.Omega) * x / R
    common = (s * x * x - unit.Omega / T * A) / R - np.log(R)
    return TiltedLaw(
        common / 2 + np.logaddexp(z, -z) - math.log(2),
        (s * x + math.sqrt(unit.Omega) * np.tanh(z)) / R,
        (s + unit.Omega / R * cumulants.spin(z, 2)) / R,
    )


@tilted.register
def _(unit: OwnUnit, B: np.ndarray, A: np.ndarray, T: float) -> TiltedLaw:
    B, A = np.broadcast_arrays(B, A)
    x, weight = _nodes(unit, B, A, T)
    base, half = -unit._energies(x, T) / T, x * x / (2 * T)

    def one(B: np.ndarray, A: np.ndarray) -> np.ndarray:
        exponent = B[:, None] * (x / T) - A[:, None] * half + base
        top = exponent.max(axis=1, keepdims=True)
        P = np.exp(exponent - top) * weight
        Z = P.sum(axis=1)
        mean = (P @ x) / Z
        return np.stack([top[:, 0] + np.log(Z), mean, (P * (x - mean[:, None]) ** 2).sum(axis=1) / Z])

    flat, rows = (B.ravel(), A.ravel()), max(1, (1 << 20) // len(x))
    parts = [one(*(f[k : k + rows] for f in flat)) for k in range(0, B.size, rows)]
    return TiltedLaw(*np.concatenate([*parts, np.empty((3, 0))], axis=1).reshape(3, *B.shape))


def _nodes(unit: OwnUnit, B: np.ndarray, A: np.ndarray, T: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes that are good for all laws: those of the narrowest and the widest together."""
    reach = float(np.abs(B).max(initial=0.0))
    ends = [float(A.min(initial=0.0)), float(A.max(initial=0.0))]
    if not isinstance(unit, Continuous) or not any(ends):
        return unit.nodes(T, reach)
    limit = softest(unit, T)
    edges = []
    for a in ends:
        try:
            edges.append(_stiffened(unit, _further(a, limit))._edges(T, _rounded(reach)))
        except ValueError as error:
            raise ValueError(f"{type(unit).__name__} with the quadratic term A = {a:g}: {error}") from None
    return _panel_nodes(np.unique(np.concatenate(edges)))


def _further(A: float, limit: float | np.ndarray) -> float:
    """The next A of a list, away from 0 and not beyond −limit, so that laws share their panels."""
    if A == 0:
        return 0.0
    doubled = math.copysign(2.0 ** math.ceil(math.log2(max(abs(A), 1e-3))), A)
    left = 1 + A / float(limit)
    return max(doubled, float(limit) * (2.0 ** math.floor(math.log2(left)) - 1)) if 0 < left < 1 else doubled


@remembered(16)
def _stiffened(unit: Continuous, A: float) -> Stiffened:
    return Stiffened(unit, A)


class Stiffened(Continuous):
    """A unit of any energy with the energy U(x) + A x²/2.

    Parameters
    ----------
    unit : Continuous
        The unit.
    A : float
        Coefficient of x²/2.
    """

    def __init__(self, unit: Continuous, A: float) -> None:
        self.unit, self.A = unit, A
        self.support = unit.support  # type: ignore[misc]

    def energy(self, x: np.ndarray, T: float) -> np.ndarray:
        """U(x) + A x²/2."""
        return self.unit.energy(x, T) + self.A / 2 * x * x


@softest.register
def _(unit: Gaussian, T: float) -> float | np.ndarray:
    return 1.0


@softest.register
def _(unit: Normal, T: float) -> float | np.ndarray:
    return unit.gamma


@softest.register
def _(unit: ReLU, T: float) -> float | np.ndarray:
    return 1.0


@softest.register
def _(unit: DReLU, T: float) -> float | np.ndarray:
    return unit.softest


@softest.register
def _(unit: Mixture, T: float) -> float | np.ndarray:
    return T / (1 - unit.Omega)


@softest.register
def _(unit: Continuous, T: float) -> float | np.ndarray:
    ends = [e for e in (unit.support[0], unit.support[-1]) if math.isinf(e)]
    if not ends:
        return math.inf
    U = unit._energies(np.array([math.copysign(FAR, e) for e in ends]), T)
    return max(0.0, float(2 * U.min() / FAR**2))
