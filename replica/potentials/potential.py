"""What the theory asks of a unit: its law, and its averages in a Gaussian field."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from replica.potentials.law import FieldAverages, UnitLaw
from replica.potentials.thermal_averages import by_quadrature

__all__ = ["Potential"]


@dataclasses.dataclass(frozen=True, eq=False)
class Potential(ABC):
    """What the theory asks of a unit.

    Numbers may come as arrays or as complex steps; all shapes broadcast. `averages.field_averages` asks for `averages`
    where T > 0 and for `cold` where T = 0.
    """

    weights: ClassVar[int] = 1
    """Weights of a law, roughly."""
    rests: ClassVar[bool] = False
    """Whether `cold` holds down to noises as small as doubles have."""

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
    def stiffness(self, T: Any) -> Any:
        """Limit of 2U(x)/x² at infinity: a unit with an input m√N answers m√N over that.

        Parameters
        ----------
        T : float or complex step
            Temperature, ≥ 0.

        Returns
        -------
        float or complex step
            1 for Gaussian and ReLU units; inf for those that are bounded, or confined more strongly.
        """

    def sides(self, T: Any) -> tuple[Any, Any]:
        """Limits of 2U(x)/x² at +∞ and at −∞, of which `stiffness` is the smaller; inf where the unit is bounded.

        Parameters
        ----------
        T : float or complex step
            Temperature, ≥ 0.

        Returns
        -------
        float or complex step, twice
            The limits.
        """
        a = self.stiffness(T)
        return a, a

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

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Averages over the inputs h + s z at T > 0: by quadrature, unless a subclass knows better.

        Parameters
        ----------
        h, s, c : ndarray
            Mean and standard deviation (≥ 0) of the input, coefficients of x²/2.
        T : ndarray or float
            Temperature, > 0.
        refine : int
            Factor by which quadratures are refined, to measure their error.
        bare : bool
            Whether K and V may be left out, nan, where they cost something of their own.

        Returns
        -------
        FieldAverages
            The averages.
        """
        return by_quadrature(self, h, s, c, T, refine=refine)

    @abstractmethod
    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Averages at T = 0, where x minimises U(x) − I x − c x²/2; arguments as those of `averages`, s > 0."""
