"""What Newton's method needs to know of a set of equations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from replica.numerics.number import Number

__all__ = ["System"]


class System(Protocol):
    """Equations in a few unknowns, at controls that may be replaced: a model, for instance.

    `order` is whatever holds the quantities of interest, a named tuple; `x` the unknowns, a list; n the number of
    condensed patterns.
    """

    def pack(self, order: Any) -> list[Number]:
        """Unknowns at `order`."""

    def unpack(self, x: Sequence[Number]) -> Any:
        """`order` at the unknowns."""

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals at the unknowns, as many as these."""

    def jacobian(self, x: Sequence[Number], n: int = 1) -> list[list[Number]]:
        """Derivatives [i][j] of the i-th residual by the j-th unknown."""

    def residual(self, order: Any, n: int = 1) -> Number:
        """Largest residual at `order`."""

    def unchecked(self, **changes: Any) -> Any:
        """The same equations at other controls."""
