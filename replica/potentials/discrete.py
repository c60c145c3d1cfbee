"""Units with finitely many values: spins, Bernoulli units, lists of one's own."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.averages.spin import SpinBends, spin_bends, spin_response_squared, spin_work
from replica.potentials.checks import check_energy, check_increasing, finite
from replica.potentials.cold_averages import of_steps
from replica.potentials.law import FieldAverages, UnitLaw, summed_law
from replica.potentials.potential import Potential

__all__ = ["Bernoulli", "Discrete", "Spin"]


@dataclasses.dataclass(frozen=True, eq=False)
class Discrete(Potential):
    """Units that take one of a few values; the class attribute `values` lists them in increasing order."""

    values: ClassVar[tuple[float, ...]] = ()
    rests: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        """Refuse values that are no increasing list."""
        super().__init_subclass__()
        check_increasing(f"{cls.__name__}.values", cls.values)

    def check(self, T: float) -> None:
        """Refuse an energy that is not one finite number for each value."""
        check_energy(self, np.array(self.values), T)

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Sums over the values."""
        x = np.array(self.values)
        I, c, T = (np.asarray(v)[..., None] for v in (I, c, T))
        exponent = (I * x + c * (x * x / 2) - self.energy(x, T)) / T
        return summed_law(exponent, x, np.broadcast_to(T[..., 0], exponent.shape[:-1]))

    def stiffness(self, T: Any) -> Any:
        """Infinite: bounded."""
        return math.inf

    def spread(self, c: Any, T: Any) -> Any:
        """Half the distance of the outermost values."""
        return (self.values[-1] - self.values[0]) / 2 + 0 * (np.real(c) + np.real(T))

    def corners(self, c: Any, T: Any) -> Any:
        """Where two of a few values are equally good: (U_j − U_i)/(x_j − x_i) − c (x_i + x_j)/2."""
        x = np.array(self.values)
        i, j = np.triu_indices(len(x), 1)
        if len(x) > FEW:
            return super().corners(c, T)
        energy = np.broadcast_to(self.energy(x, np.asarray(T)[..., None]), (*np.shape(c), len(x)))
        return (energy[..., j] - energy[..., i]) / (x[j] - x[i]) - np.asarray(c)[..., None] * (x[i] + x[j]) / 2

    def effort(self, s: Any, c: Any, T: Any) -> Any:
        """0 for a few values: their corners are known."""
        return 0.0 if len(self.values) <= FEW else super().effort(s, c, T)

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Two values: those of a spin. More of them: by quadrature."""
        if len(self.values) > 2:
            return super().averages(h, s, c, T, refine=refine)
        energies = self.energy(np.array(self.values), np.asarray(T)[..., None])
        return of_two_values(self.values, energies, h, s, c, T, bare=bare)

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Sums over the steps of x(I)."""
        x = np.array(self.values)
        return of_steps(x, self.energy(x, 0.0), h, s, c)


FEW = 6
"""Values of which all pairs are looked at."""


@dataclasses.dataclass(frozen=True)
class Spin(Discrete):
    """Units ±1 with U = −g x.

    Parameters
    ----------
    g : float
        Field.
    """

    g: float = 0.0
    values: ClassVar[tuple[float, ...]] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "g", finite("g", self.g))

    def energy(self, x: Any, T: Any) -> Any:
        """−g x."""
        return -self.g * x + 0 * T


@dataclasses.dataclass(frozen=True)
class Bernoulli(Discrete):
    """Units 0 or 1 with U = −g x.

    Parameters
    ----------
    g : float
        Field.
    """

    g: float = 0.0
    values: ClassVar[tuple[float, ...]] = (0.0, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "g", finite("g", self.g))

    def energy(self, x: Any, T: Any) -> Any:
        """−g x."""
        return -self.g * x + 0 * T


def of_two_values(
    values: tuple[float, ...], energies: Any, h: Any, s: Any, c: Any, T: Any, *, bare: bool = False
) -> FieldAverages:
    """Averages of a unit of two values: x = a + d σ, σ a spin in the field d I + ½ c a·2d − ½ (U₁ − U₀).

    Parameters
    ----------
    values : (float, float)
        The values.
    energies : array, shape S + (2,)
        Their energies.
    h, s, c, T : array
        Mean and standard deviation of the input, coefficient of x²/2, temperature > 0, of shape S.
    bare : bool
        Whether K and V are left out, nan.

    Returns
    -------
    FieldAverages
        The averages.
    """
    a, d = (values[1] + values[0]) / 2, (values[1] - values[0]) / 2
    field = d * h + c * a * d - (energies[..., 1] - energies[..., 0]) / 2
    noise = d * s
    spin = spin_bends(field, noise, T)
    work = V = np.full(np.shape(spin.m), np.nan)
    if not bare:
        work = a * h + c * (a * a + d * d) / 2 - (energies[..., 1] + energies[..., 0]) / 2 + spin_work(field, noise, T)
        V = d**4 * spin_response_squared(field, noise, T)
    M, Q = a + d * spin.m, a * a + 2 * a * d * spin.m + d * d * spin.q
    return FieldAverages(work, M, Q, d * d * spin.C, V, _two_value_slopes(a, d, spin, noise, T))


def _two_value_slopes(a: float, d: float, spin: SpinBends, noise: Any, T: Any) -> NDArray:
    """From those of a spin, q = 1 − T C; c acts as a field a c."""
    noise, T = np.real(noise), np.real(T)
    C, first, second = (np.real(v) for v in (spin.C, spin.first, spin.second))
    rows = []
    for m, response in ((C, first), (noise * first, noise * second)):
        rows.append([d * m, 2 * a * d * m - d * d * T * response, d * d * response])
    slopes = np.array([[d * f, d * n, a * d * f] for f, n in zip(*rows, strict=True)])
    return np.asarray(slopes)
