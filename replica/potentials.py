"""Potentials of units, and the law of one unit: the moments of x under exp{(I x + c x²/2 − U(x))/T}.

I is the input of a unit and c the self-coupling that the other layer makes. Values are those of a list (`Discrete`,
of which `Spin` and `Bernoulli` are two) or fill an interval (`replica.continuous.Continuous`, summed by quadrature);
`Gaussian`, `ReLU` and `Mixture` are known in closed form. A potential of one's own is a subclass with a few lines:

>>> class Trit(Discrete):
...     values = (-1.0, 0.0, 1.0)
...
...     def energy(self, x, T):
...         return 0.3 * x**2
>>> unit_law = Trit().law(np.array([0.0, 0.5]), np.zeros(2), 1.0)
>>> unit_law.mean.round(6).tolist()
[0.0, 0.289087]

At T = 0 a unit takes the value that minimises U(x) − I x − c x²/2.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from replica.gaussian import H_scaled, log_H

if TYPE_CHECKING:
    from replica.field_averages import FieldAverages

__all__ = ["Bernoulli", "Discrete", "Gaussian", "Mixture", "Potential", "ReLU", "Spin", "UnitLaw"]


class UnitLaw(NamedTuple):
    """A unit at inputs I: T ln Tr exp{…/T}, the mean of x and its central moments."""

    work: Any
    mean: Any
    variance: Any
    third: Any
    fourth: Any


@dataclasses.dataclass(frozen=True, eq=False)
class Potential(ABC):
    """What the theory asks of a unit.

    Numbers may come as arrays or as complex steps; all shapes broadcast.
    """

    @abstractmethod
    def energy(self, x: Any, T: Any) -> Any:
        """Potential U(x); it may depend on T, as −T ln of a prior does.

        Parameters
        ----------
        x : ndarray
            Values.
        T : float
            Temperature.

        Returns
        -------
        ndarray
            U(x).
        """

    def check(self, T: float) -> None:  # noqa: B027 - most have nothing to refuse
        """Refuse a unit whose energy makes no sense at this temperature.

        Parameters
        ----------
        T : float
            Temperature, ≥ 0.

        Raises
        ------
        ValueError
            With what is wrong.
        """

    def check_values(self, x: Any, T: float) -> None:
        """Refuse an energy that is not one finite number for each value.

        Parameters
        ----------
        x : ndarray
            Values.
        T : float
            Temperature.

        Raises
        ------
        ValueError
            If it is not.
        """
        name = type(self).__name__
        try:
            with np.errstate(all="ignore"):
                energy = self.energy(x, T)
                # as it is called for many temperatures at once
                several = self.energy(x, np.full((2, 1), float(T)))
                np.broadcast_to(several, (2, *np.shape(x)))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name}.energy(self, x, T): arrays x and T are to give an array; it raised {error}"
            ) from None
        if not isinstance(energy, np.ndarray) or energy.shape != x.shape or not np.isrealobj(energy):
            raise ValueError(f"{name}.energy: a real array of the shape of x is needed, {x.shape}, not {energy!r:.60}")
        bad = ~np.isfinite(energy)
        if bad.any():
            where = f"{name}.energy({float(x[bad][0]):g}, T = {T:g})"
            raise ValueError(f"{where} = {energy[bad][0]}: a finite number is needed")

    @abstractmethod
    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Law of the unit at inputs I and self-couplings c, T > 0.

        Parameters
        ----------
        I, c : ndarray
            Inputs, and coefficients of x²/2.
        T : ndarray or float
            Temperature, > 0.
        refine : int
            Factor by which quadratures inside are refined, to measure their error.

        Returns
        -------
        UnitLaw
            nan where the law is not normalisable.
        """

    @abstractmethod
    def stiffness(self, T: float) -> float:
        """Limit of 2U(x)/x² at infinity: a unit with an input m√N answers m√N over that.

        Parameters
        ----------
        T : float
            Temperature, ≥ 0.

        Returns
        -------
        float
            1 for Gaussian and ReLU units; inf for those that are bounded, or confined more strongly.
        """

    @abstractmethod
    def spread(self, c: Any, T: Any) -> Any:
        """Upper bound of the standard deviation of x over all inputs.

        With it ln Tr is analytic in I for |Im I| < √2 T/spread, which tells how fine an average over I must be.

        Parameters
        ----------
        c : ndarray
            Coefficients of x²/2.
        T : ndarray or float
            Temperature, > 0.

        Returns
        -------
        ndarray
            The bound.
        """

    def corners(self, c: Any, T: Any) -> Any:
        """Inputs near which alone x(I) bends or jumps at low T, if they are known.

        Parameters
        ----------
        c : ndarray
            Coefficients of x²/2, of shape S.
        T : ndarray or float
            Temperature, > 0.

        Returns
        -------
        ndarray
            Shape S + (K,), K = 0 if they are not known.
        """
        return np.zeros((*np.shape(c), 0))

    def effort(self, s: Any, c: Any, T: Any) -> Any:
        """About how many weights an average costs; 0 for closed forms.

        Parameters
        ----------
        s, c : ndarray
            Standard deviation of the input, coefficients of x²/2.
        T : ndarray or float
            Temperature, > 0.

        Returns
        -------
        ndarray
            Their number.
        """
        if np.shape(self.corners(c, T))[-1]:
            return 0 * (s + c + T)
        return self.weights * 80 * self.spread(c, T) * s / T

    weights: ClassVar[int] = 1
    """Weights of a law, roughly."""

    @abstractmethod
    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1) -> FieldAverages:
        """Averages over the inputs h + s z at T = 0, where x minimises U(x) − I x − c x²/2.

        Parameters
        ----------
        h, s, c : ndarray
            Mean and standard deviation (> 0) of the input, coefficients of x²/2.
        refine : int
            Factor by which sums inside are refined, to measure their error.

        Returns
        -------
        FieldAverages
            The averages.
        """

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
        """Averages over the inputs h + s z at T > 0: by quadrature, unless a subclass knows better.

        Parameters
        ----------
        h, s, c : ndarray
            Mean and standard deviation (> 0) of the input, coefficients of x²/2.
        T : ndarray or float
            Temperature, > 0.
        refine : int
            Factor by which quadratures are refined, to measure their error.

        Returns
        -------
        FieldAverages
            The averages.
        """
        from replica.field_averages import by_quadrature

        return by_quadrature(self, h, s, c, T, refine=refine)


@dataclasses.dataclass(frozen=True, eq=False)
class Discrete(Potential):
    """Units that take one of a few values; the class attribute `values` lists them in increasing order."""

    values: ClassVar[tuple[float, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Refuse values that are no increasing list."""
        check_increasing(f"{cls.__name__}.values", cls.values)

    def check(self, T: float) -> None:
        """Refuse an energy that is not one finite number for each value."""
        self.check_values(np.array(self.values), T)

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Sums over the values."""
        x = np.array(self.values)
        I, c, T = (np.asarray(v)[..., None] for v in (I, c, T))
        exponent = (I * x + c * (x * x / 2) - self.energy(x, T)) / T
        return summed_law(exponent, x, np.broadcast_to(T[..., 0], exponent.shape[:-1]))

    def stiffness(self, T: float) -> float:
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

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
        """Two values: those of a spin. More of them: by quadrature."""
        from replica.field_averages import of_two_values

        if len(self.values) > 2:
            return super().averages(h, s, c, T, refine=refine)
        return of_two_values(self.values, self.energy(np.array(self.values), np.asarray(T)[..., None]), h, s, c, T)

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1) -> FieldAverages:
        """Sums over the steps of x(I)."""
        from replica.cold_averages import of_steps

        x = np.array(self.values)
        return of_steps(x, self.energy(x, 0.0), h, s, c)


FEW = 6
"""Values of which all pairs are looked at."""


def check_increasing(name: str, values: Any) -> None:
    """Refuse what is no tuple of two or more increasing numbers.

    Parameters
    ----------
    name : str
        What to call it.
    values : object
        The values.

    Raises
    ------
    ValueError
        If it is not.
    """
    numbers = isinstance(values, (tuple, list)) and all(isinstance(v, (int, float, np.number)) for v in values)
    if not numbers or len(values) < 2 or not all(a < b for a, b in pairwise(values)):
        raise ValueError(f"{name} = {values!r}: two or more increasing numbers are needed")


def summed_law(exponent: Any, x: Any, T: Any) -> UnitLaw:
    """Law whose weights are e^exponent on values x, along the last axis; `exponent` is overwritten."""
    top = np.real(exponent).max(axis=-1, keepdims=True)
    exponent -= top
    weight = np.exp(exponent, out=exponent)
    middle = (x[0] + x[-1]) / 2
    sums = weight @ np.vander(x - middle, 5, increasing=True)
    norm = sums[..., 0]
    m1, m2, m3, m4 = (sums[..., k] / norm for k in range(1, 5))
    square = m1 * m1
    law = [m1 + middle, m2 - square, m3 - m1 * (3 * m2 - 2 * square), m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * square))]
    # narrow laws far from the middle: central moments one by one
    narrow = ~(np.real(square) < CANCELS * np.real(law[1]))
    if narrow.any():
        d = x - law[0][narrow][:, None]
        moment = weight[narrow] * d
        for k in range(1, 4):
            moment *= d
            law[k][narrow] = moment.sum(axis=-1) / norm[narrow]
    return UnitLaw(T * (top[..., 0] + np.log(norm)), *law)


CANCELS = 100.0
"""Square of a mean over the variance up to which the variance is left as a difference."""


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


@dataclasses.dataclass(frozen=True)
class Gaussian(Potential):
    """Units on the line with U = x²/2: normal, mean I/(1 − c), variance T/(1 − c); no law for c ≥ 1."""

    def energy(self, x: Any, T: Any) -> Any:
        """x²/2."""
        return x * x / 2

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """That of a normal variable."""
        margin = margin_of(c)
        mean, variance = I / margin, T / margin + 0 * I
        work = I * mean / 2 + T / 2 * np.log(2 * math.pi * variance)
        return UnitLaw(work, mean, variance, 0 * mean, 3 * variance * variance)

    def stiffness(self, T: float) -> float:
        """1."""
        return 1.0

    def spread(self, c: Any, T: Any) -> Any:
        """0: ln Tr is a polynomial of I."""
        return 0 * (np.real(c) + np.real(T))

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1) -> FieldAverages:
        """In closed form."""
        from replica.cold_averages import of_gaussian

        cold = of_gaussian(h, s, c)
        return cold._replace(work=cold.work + T / 2 * np.log(2 * math.pi * T / margin_of(c)))

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1) -> FieldAverages:
        """In closed form."""
        from replica.cold_averages import of_gaussian

        return of_gaussian(h, s, c)


@dataclasses.dataclass(frozen=True)
class ReLU(Potential):
    """Units on the half line x ≥ 0 with U = x²/2 + θ x: a normal law that is cut; no law for c ≥ 1.

    Parameters
    ----------
    theta : float
        Threshold.
    """

    theta: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "theta", finite("theta", self.theta))

    def energy(self, x: Any, T: Any) -> Any:
        """x²/2 + θ x on x ≥ 0."""
        return x * x / 2 + self.theta * x

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """∫₀^∞ dx x^k e^{−x²/2 + a x} = H^(k)(−a)/φ(a), a = (I − θ)/√(T(1 − c)), x in units √(T/(1 − c))."""
        margin = margin_of(c)
        width = np.sqrt(T / margin)
        a = (I - self.theta) / np.sqrt(T * margin)
        work = T * (np.log(width) + 0.5 * math.log(2 * math.pi) + a * a / 2 + log_H(0, -a))
        # beyond, nothing is cut off and the ratios overflow
        whole = np.real(a) > UNCUT
        cut = np.where(whole, 0.0, a)
        zero = H_scaled(0, -cut)
        m1, m2, m3, m4 = (H_scaled(k, -cut) / zero for k in range(1, 5))
        variance = m2 - m1 * m1
        third = m3 - m1 * (3 * m2 - 2 * m1 * m1)
        fourth = m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * m1 * m1))
        return UnitLaw(
            work,
            width * np.where(whole, a, m1),
            width**2 * np.where(whole, 1.0, variance),
            width**3 * np.where(whole, 0.0, third),
            width**4 * np.where(whole, 3.0, fourth),
        )

    def stiffness(self, T: float) -> float:
        """1."""
        return 1.0

    def corners(self, c: Any, T: Any) -> Any:
        """θ."""
        return np.full((*np.shape(c), 1), self.theta)

    def spread(self, c: Any, T: Any) -> Any:
        """√(T/(1 − c)), that of the whole normal law."""
        return np.sqrt(np.real(T) / margin_of(np.real(c)))

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1) -> FieldAverages:
        """In closed form: x = max(0, I − θ)/(1 − c)."""
        from replica.cold_averages import of_relu

        return of_relu(self.theta, h, s, c)


UNCUT = 9.0
"""Standard deviations at which the cut of a normal law is below rounding."""


@dataclasses.dataclass(frozen=True)
class Mixture(Potential):
    """Units x = √Ω ε + √(1 − Ω) g with a random sign ε and a normal g: U = −T ln of that prior.

    Parameters
    ----------
    Omega : float
        Weight of the sign, in [0, 1): 0 is a normal law, towards 1 a spin.

    Notes
    -----
    Barra, Genovese, Sollich & Tantari, Phys. Rev. E 97, 022310 (2018). The prior does not depend on T, so that T = 0
    means nothing here.
    """

    Omega: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "Omega", finite("Omega", self.Omega))
        if not 0 <= self.Omega < 1:
            raise ValueError(f"Omega = {self.Omega!r}: a number >= 0 and < 1 is needed; 1 is Spin()")

    def check(self, T: float) -> None:
        """Refuse T = 0: the prior does not depend on T."""
        if T == 0:
            raise ValueError("T = 0.0: a prior of hidden units has no such limit; T > 0 is needed with Mixture")

    def energy(self, x: Any, T: Any) -> Any:
        """−T ln of the density of the prior."""
        rest, a = 1 - self.Omega, math.sqrt(self.Omega)
        logs = np.logaddexp(-((x - a) ** 2) / (2 * rest), -((x + a) ** 2) / (2 * rest))
        return -T * (logs - math.log(2) - math.log(2 * math.pi * rest) / 2)

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Two normal laws, one for each sign: precision 1/(1 − Ω) − c/T, mean (I/T + ε √Ω/(1 − Ω))/precision."""
        rest = 1 - self.Omega
        v = self._variance(c, T)
        pulls = [I / T + sign * math.sqrt(self.Omega) / rest for sign in (-1, 1)]
        logs = [pull * pull * v / 2 for pull in pulls]
        gap = logs[1] - logs[0]
        rise = np.where(np.real(gap) > 0, -gap, gap)  # ln of the less likely sign over the other
        up = np.where(np.real(gap) > 0, 1.0, np.exp(rise)) / (1 + np.exp(rise))
        means = [pull * v for pull in pulls]
        mean = means[0] + up * (means[1] - means[0])
        d = [m - mean for m in means]
        weights = (1 - up, up)
        top = np.where(np.real(gap) > 0, logs[1], logs[0])
        norm = np.log(v / rest) / 2 - self.Omega / (2 * rest) - math.log(2)
        work = T * (top + np.log1p(np.exp(rise)) + norm)
        second = v + sum(w * e * e for w, e in zip(weights, d, strict=True))
        third = sum(w * e * (e * e + 3 * v) for w, e in zip(weights, d, strict=True))
        fourth = 3 * v * v + sum(w * e * e * (e * e + 6 * v) for w, e in zip(weights, d, strict=True))
        return UnitLaw(work, mean, second, third, fourth)

    def stiffness(self, T: float) -> float:
        """T/(1 − Ω)."""
        return T / (1 - self.Omega)

    def corners(self, c: Any, T: Any) -> Any:
        """0, where the sign turns."""
        return np.zeros((*np.shape(c), 1))

    def spread(self, c: Any, T: Any) -> Any:
        """That at I = 0."""
        v = self._variance(np.real(c), np.real(T))
        return np.sqrt(v + self.Omega * (v / (1 - self.Omega)) ** 2)

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1) -> FieldAverages:
        """There is no limit T → 0."""
        raise ValueError("T = 0.0: a prior of hidden units has no such limit; T > 0 is needed with Mixture")

    def _variance(self, c: Any, T: Any) -> Any:
        precision = 1 / (1 - self.Omega) - c / T
        return 1 / np.where(np.real(precision) > 0, precision, np.nan)


def margin_of(c: Any) -> Any:
    """1 − c, nan where a normal law of that self-coupling does not exist."""
    return np.where(np.real(c) < 1, 1 - np.asarray(c), np.nan)


def finite(name: str, value: Any) -> float:
    """Return a parameter as a float, or raise ValueError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, (bool, str)) or not math.isfinite(number):
        raise ValueError(f"{name} = {value!r}: a finite number is needed")
    return number
