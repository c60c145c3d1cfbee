"""A critical point on a line of control values, and what the searches for one share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Model, Order, control_fields
from replica.numerics.number import Number
from replica.saddle.solution import Solution
from replica.saddle.solver import check_model

__all__ = ["CriticalPoint", "Start", "direction_of_loss", "first_sign_change", "label", "metadata", "scalar"]

Start = str | tuple[str, int]


@dataclasses.dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A critical point on a line of control values.

    Parameters
    ----------
    value : float or mpmath number
        Value of the control `along`; inf where it overflows a double (`log_value` does not).
    along : str
        The control.
    states : tuple of Solution
        The state there (two for a coexistence).
    log_value : float
        Natural logarithm of `value` (nan where it is negative).
    """

    value: Number
    along: str
    states: tuple[Solution, ...]
    log_value: float

    @property
    def order(self) -> Order:
        """Order parameters of the (first) state there."""
        return self.states[0].order

    def __repr__(self) -> str:
        return f"<{self.along} = {self.value}: {self.states[0]}>"


def scalar(model: Model, along: str, *, open_load: bool = False) -> Model:
    """The model with plain scalar controls; ValueError if there is no control `along`, or one is an array.

    A load that is open stays so where that is allowed and it is `along`.
    """
    is_open = open_load and isinstance(model, Model) and along == model.load and along not in model.controls
    if isinstance(model, Model) and along not in {f.name for f in control_fields(type(model))}:
        raise ValueError(f"along = {along!r}: {model.name} has {', '.join(model.controls)}")
    check_model(model, open_load=is_open)
    if along not in model.controls and not is_open:
        raise ValueError(f"along = {along!r}: {model.name} has {', '.join(model.controls)}")
    if model.shape:
        raise ValueError(
            f"controls of shape {model.shape}: a critical point needs scalar controls; loop over the array"
        )
    return model.unchecked(**{k: float(v) for k, v in model.controls.items()})


def metadata(model: Model, along: str) -> Mapping[str, Any]:
    """Metadata of a control, those of the model's field."""
    return next(f.metadata for f in control_fields(type(model)) if f.name == along)


def direction_of_loss(model: Model, along: str) -> int:
    """Direction of a control in which retrieval is lost, 1 or −1."""
    return int(metadata(model, along)["loss"])


def label(start: Start) -> str:
    """A start state in words."""
    return start if isinstance(start, str) else f"{start[0]} n={start[1]}"


def first_sign_change(values: NDArray, f: NDArray) -> tuple[float, float, float, float] | None:
    """Neighbouring values between which f changes sign (both finite or infinite, not nan)."""
    good = np.nonzero(~np.isnan(f))[0]
    for i, j in pairwise(good):
        if j == i + 1 and (f[i] > 0) != (f[j] > 0):
            return float(values[i]), float(values[j]), float(f[i]), float(f[j])
    return None
