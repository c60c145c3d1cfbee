"""What every unit type provides: its potential, and its law in the field of the other layer.

Every unit here has a potential of the form U(x) = U₀(x) + b x, so that all that depends on its input I
depends on the field y = I − b alone. The offset b is −g for Bernoulli, spin and normal units, θ for ReLU units,
(θ₊ + θ₋)/2 for double ones and 0 for Gaussian ones.

========= ======== ============ ============= =================================
unit      domain   U(x)         mode x*(I)    law at T = 1
========= ======== ============ ============= =================================
Bernoulli {0, 1}   −g x         Θ(I + g)      P(1) = σ(I + g)
Spin      {−1, 1}  −g x         sign(I + g)   P(+1) = σ(2(I + g))
Gaussian  ℝ        x²/2         I             N(I, 1)
ReLU      [0, ∞)   x²/2 + θ x   max(0, I − θ) N(I − θ, 1) cut to x ≥ 0
Normal    ℝ        γx²/2 − g x  (I + g)/γ     N((I + g)/γ, 1/γ)
DReLU     ℝ        γ±x²/2 + θ±x (I − θ±)/γ±   N((I − θ±)/γ±, 1/γ±) on x ≷ 0
========= ======== ============ ============= =================================

At temperature T the law is P(x | I) ∝ exp{(I x − U(x))/T}, over the counting measure for the first two and
the Lebesgue measure for the others.
"""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from rbm_sim._support import check


class Unit(abc.ABC):
    """One layer of equal units, U(x) = U₀(x) + b x, with its offsets b scalar or one per unit.

    Attributes
    ----------
    has_kink, has_jump : bool
        Whether the mode x*(I) has a kink or a jump, and whether it is a jump, at I = b.
    """

    has_kink: ClassVar[bool] = True
    _stiffness: Any = 1.0  # γ of units with U₀(x) = γx²/2
    has_jump: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Let what is a function of numbers take them in any type: whole numbers wrap, half ones are not accurate."""
        super().__init_subclass__(**options)
        for name in ("contains", "potential", "mean_potential", "mode", "curvature", "ground", "log_partition", "cdf"):
            if name in vars(cls):
                setattr(cls, name, _of_floats(vars(cls)[name]))

    @property
    @abc.abstractmethod
    def offset(self) -> float | np.ndarray:
        """Linear part b of the potential, a float or an array with one entry per unit."""

    @abc.abstractmethod
    def _with_offset(self, offset: float | np.ndarray) -> Self:
        """Return the same kind of unit with another offset."""

    def expanded(self, size: int, dtype: DTypeLike) -> Self:
        """Return a layer of `size` such units, its parameters arrays of shape (size,) and type `dtype`.

        Parameters
        ----------
        size : int
            Number of units in the layer.
        dtype : dtype
            Type of the parameters.

        Returns
        -------
        Unit
            The same kind of unit, with parameters that need no broadcasting any more.

        Raises
        ------
        ValueError
            If the parameters are already one per unit and of another length.
        """
        offset = np.asarray(self.offset, dtype=dtype)
        if offset.ndim and len(offset) != size:
            raise ValueError(f"{type(self).__name__} has {len(offset)} parameters: the layer has {size} units")
        return self._with_offset(np.broadcast_to(offset, (size,)))

    def single(self, index: int) -> Self:
        """Return one unit of the layer.

        Parameters
        ----------
        index : int
            Which of its units.

        Returns
        -------
        Unit
            A unit with the parameters of that one, as numbers.
        """
        offset = self.offset
        return self._with_offset(float(offset[index]) if isinstance(offset, np.ndarray) else offset)

    def centred(self) -> Self:
        """Return the same kind of unit with offset b = 0: what it does as a function of the field I − b.

        Returns
        -------
        Unit
            A unit with b = 0 and every other parameter as it is.
        """
        return self._with_offset(0.0)

    def axes(self, size: int) -> tuple[int, ...]:
        """Shape of a configuration of a layer as users give and get it.

        Parameters
        ----------
        size : int
            Number of entries.

        Returns
        -------
        tuple of int
            (size,); of Potts units (units, states), the entries of a unit next to each other.
        """
        return (size,)

    def bits(self, size: int) -> float:
        """Logarithm to the base 2 of the number of configurations of a layer that can be enumerated.

        Parameters
        ----------
        size : int
            Number of entries.

        Returns
        -------
        float
            The number of two-valued units, or N log₂ q of N Potts units; ∞ of other units.
        """
        return math.inf

    @abc.abstractmethod
    def contains(self, x: np.ndarray) -> bool:
        """Whether every entry of `x` lies in the domain of the unit.

        Parameters
        ----------
        x : ndarray
            Values of units.

        Returns
        -------
        bool
            True if all of them do, also if there are none.
        """

    @property
    @abc.abstractmethod
    def domain(self) -> str:
        """Domain in words, for messages."""

    @abc.abstractmethod
    def potential(self, x: np.ndarray) -> np.ndarray:
        """Potential U(x).

        Parameters
        ----------
        x : ndarray, shape (..., units)
            Values in the domain.

        Returns
        -------
        ndarray, shape (..., units)
            U(x) of each value, the offset included.
        """

    def mean_potential(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        """Conditional mean of the potential, ⟨U(x)⟩.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            ⟨U(x)⟩ given each input, the offset included.
        """
        mean = self.mean(I, T)
        return self.offset * mean + self._stiffness / 2 * (mean * mean + self.variance(I, T))

    @abc.abstractmethod
    def mode(self, I: np.ndarray) -> np.ndarray:
        """Most likely value x*(I) = argmax_x [I x − U(x)]; at a tie the larger of the two.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.

        Returns
        -------
        ndarray, shape (..., units)
            x*(I), one for each input.
        """

    @abc.abstractmethod
    def curvature(self, I: np.ndarray) -> np.ndarray:
        """Zero-temperature susceptibility χ(I) = dx*/dI away from the kink.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.

        Returns
        -------
        ndarray, shape (..., units)
            χ(I), 0 or 1, of normal units 1/γ: the function Φ of `ground` is made of parabolas and straight lines.
        """

    @abc.abstractmethod
    def ground(self, I: np.ndarray) -> np.ndarray:
        """Legendre transform Φ(I) = max_x [I x − U(x)], the limit of T K(I) as T → 0.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.

        Returns
        -------
        ndarray, shape (..., units)
            Φ(I) for each input.
        """

    @abc.abstractmethod
    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        """Log-partition function K(I) = ln ∫dx exp{(I x − U(x))/T}, not normalised.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            K(I) for each input, over the Lebesgue or counting measure.
        """

    def mean(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        """Conditional mean ⟨x⟩ = T dK/dI.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            ⟨x⟩ given each input, in the dtype of `I`.
        """
        return self.cumulant(I, 1, T)

    def variance(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        """Conditional variance ⟨x²⟩ − ⟨x⟩² = T d⟨x⟩/dI.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            Variance of x given each input, in the dtype of `I`.
        """
        return self.cumulant(I, 2, T)

    def cumulant(self, I: np.ndarray, order: int, T: float = 1.0) -> np.ndarray:
        """Conditional cumulant κ_n = T^n d^nK/dI^n: the mean, the variance, the third central moment, …

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        order : int
            Order n, >= 1.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            κ_n given I, computed in double precision whatever the dtype of `I`, which it has.

        Raises
        ------
        ValueError
            If `order` is not a whole number >= 1.

        Notes
        -----
        Measured relative errors: 1e-14 for Bernoulli and spin units; for ReLU units 2e-12 for the mean, 1e-13 for
        the variance, 2e-12 up to order 6 and 2e-10 up to order 30. They are larger next to a zero of κ_n, n ≥ 3
        (2e-11 at 0.1 from the one of κ_6), and what is below 1e-290 may come back as 0.

        Examples
        --------
        >>> import numpy as np, rbm_sim
        >>> float(rbm_sim.Spin().cumulant(np.array(0.0), 4))
        -2.0
        """
        order = check.integer("order", order, at_least=1)
        T = check.number("T", T, above=0)
        I = _floats(I)
        field = np.subtract(I, self.offset, dtype=np.float64)
        return self._cumulant(field, order, T).astype(I.dtype, copy=False)

    @abc.abstractmethod
    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        """κ_n in the field y = I − b, both in double precision."""

    @abc.abstractmethod
    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        """Conditional distribution function, the probability of a value ≤ x.

        Parameters
        ----------
        x : ndarray, shape (..., units)
            Values, in the domain or not; their axes and those of `I` broadcast.
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        T : float
            Temperature, > 0.

        Returns
        -------
        ndarray, shape (..., units)
            Probability P(value ≤ x | I), in [0, 1].
        """

    def sample(self, I: np.ndarray, rng: np.random.Generator, T: float | np.ndarray = 1.0) -> np.ndarray:
        """Draw x from P(x | I) ∝ exp{(I x − U(x))/T}, once for every entry of `I`.

        Parameters
        ----------
        I : ndarray, shape (..., units)
            Inputs from the other layer.
        rng : numpy.random.Generator
            Random numbers.
        T : float or ndarray
            Temperature, > 0, or 0 for the mode; an array, all > 0, broadcasts against `I`.

        Returns
        -------
        ndarray, shape (..., units)
            One draw for each input, in the dtype of `I`.

        Raises
        ------
        ValueError
            If T < 0, or `rng` is no Generator.
        """
        I = _floats(I)
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng = {rng!r}: must be a numpy Generator, such as numpy.random.default_rng(0)")
        if np.ndim(T) == 0 and check.number("T", T, at_least=0) == 0:
            return self.mode(I)
        return self._draw(I - self.offset, rng, T)

    @abc.abstractmethod
    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        """Draw x in the field y = I − b, which is overwritten."""


def _floats(I: Any) -> np.ndarray:
    """Return inputs as an array of floats: of whole numbers the draws and means are none."""
    check.refuse_masked("I", I)
    I = np.asarray(I)
    return I.astype(float) if I.dtype.kind in "biu" else check.usual(I)


def _of_floats(method: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Return a method whose arrays are floats when it sees them."""

    @functools.wraps(method)
    def function(self: Unit, *arrays: Any, **named: Any) -> np.ndarray:
        arrays = tuple(x if isinstance(x, float) else _floats(x) for x in arrays)
        return method(self, *arrays, **named)

    return function
