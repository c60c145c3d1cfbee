"""What Newton's method needs to know of a set of equations."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["System"]


class System(Protocol):
    """Equations in a few unknowns, at controls that may be replaced: a model, for instance.

    `order` is whatever holds the quantities of interest, a named tuple; `x` the unknowns, a list; n the number of
    condensed patterns.
    """

    def pack(self, order: Any) -> list[Any]:
        """Unknowns at `order`."""

    def unpack(self, x: Any) -> Any:
        """`order` at the unknowns."""

    def equations(self, x: Any, n: int = 1) -> list[Any]:
        """Residuals at the unknowns, as many as these."""

    def residual(self, order: Any, n: int = 1) -> Any:
        """Largest residual at `order`."""

    def unchecked(self, **changes: Any) -> Any:
        """The same equations at other controls."""
