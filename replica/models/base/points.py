"""Models on a flat list of points: every control an array of one length."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from replica.numerics.number import Number

__all__ = ["HasControls", "flattened", "groups", "numbers", "rows", "taken"]


class HasControls(Protocol):
    """A model, as far as lists of points are concerned."""

    load: ClassVar[str]

    @property
    def controls(self) -> dict[str, Number]:
        """Control parameters by name."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Common shape of the controls."""

    def unchecked(self, **changes: Any) -> Self:
        """The same with other controls, not validated."""


M = TypeVar("M", bound=HasControls)


def flattened(model: M) -> M:
    """The model with every control as an array over the flat list of points."""
    shape = model.shape
    return model.unchecked(
        **{k: np.broadcast_to(np.asarray(v, dtype=float), shape).reshape(-1) for k, v in model.controls.items()}
    )


def taken(model: M, index: NDArray) -> M:
    """A flat model at some of its points."""
    return model.unchecked(**{k: v[index] for k, v in model.controls.items()})


def rows(model: HasControls) -> int:
    """Number of points of a flat model."""
    return len(next(iter(model.controls.values())))


def groups(flat: M) -> tuple[M, NDArray]:
    """Distinct couplings (all controls but the load) as a flat model, and the group of each point."""
    others = {k: v for k, v in flat.controls.items() if k != flat.load}
    load = flat.controls[flat.load]
    if all(np.all(v == v[0]) for v in others.values()):
        single = {k: v[:1] for k, v in others.items()}
        return flat.unchecked(**single, **{flat.load: load[:1]}), np.zeros(len(load), dtype=int)
    _, first, group = np.unique(np.stack(list(others.values())), axis=1, return_index=True, return_inverse=True)
    return taken(flat, first), group.reshape(-1)


def numbers(model: HasControls) -> dict[str, float]:
    """Controls of a model as plain numbers, for what is followed one point at a time.

    Parameters
    ----------
    model : Model
        Model, which has checked their ranges.

    Returns
    -------
    dict
        Name of the control to its value, a float each.

    Raises
    ------
    ValueError
        If a control is an array.
    """
    for name, value in model.controls.items():
        if np.ndim(value):
            raise ValueError(f"{name} is an array: one number is needed")
    return {name: float(value) for name, value in model.controls.items()}
