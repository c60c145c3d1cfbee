"""A layer of equal units as an array of them: its parameters, one for all or one per unit, its shape, its domain."""

from __future__ import annotations

import abc
import math
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from rbm_sim._support import check


class Layer(abc.ABC):
    """One layer of equal units with one parameter, the offset b of their potentials, a number or one per unit."""

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
        self._check_length(self.offset, size)
        return self._with_offset(np.broadcast_to(np.asarray(self.offset, dtype=dtype), (size,)))

    def _check_length(self, parameter: Any, size: int) -> None:
        """Refuse parameters that are one per unit of another number of units."""
        if np.ndim(parameter) and len(parameter) != size:
            raise ValueError(f"{type(self).__name__} has {len(parameter)} parameters: the layer has {size} units")

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


class SeveralParameters(Layer):
    """A layer of units that are frozen dataclasses, of which every field is a parameter, a number or one per unit."""

    _positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Check the parameters, which become floats or arrays of them."""
        names = [own.name for own in fields(self)]  # type: ignore[arg-type]
        for name in names:
            object.__setattr__(self, name, check.layer_parameter(name, getattr(self, name)))
        for name in self._positive:
            if not np.all(np.asarray(getattr(self, name)) > 0):
                raise ValueError(f"{name} has the entry {np.min(getattr(self, name)):g}: must be > 0")
        lengths = {name: len(getattr(self, name)) for name in names if np.ndim(getattr(self, name))}
        if len(set(lengths.values())) > 1:
            given = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(f"parameters have the lengths {given}: must be equal")

    def _parameters(self) -> tuple[Any, ...]:
        """The parameters in the order of the fields."""
        return tuple(getattr(self, own.name) for own in fields(self))  # type: ignore[arg-type]

    def expanded(self, size: int, dtype: DTypeLike) -> Self:
        """As `Layer.expanded`, all parameters."""
        for value in self._parameters():
            self._check_length(value, size)
        return type(self)(*(np.full(size, value, dtype) for value in self._parameters()))

    def single(self, index: int) -> Self:
        """As `Layer.single`, all parameters."""
        return type(self)(*(float(x[index]) if np.ndim(x) else x for x in self._parameters()))
