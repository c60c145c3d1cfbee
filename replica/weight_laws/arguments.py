"""Numbers that laws of weights take, each refused by name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["number", "numbers", "positive"]


def number(name: str, value: Any) -> float:
    """A finite number as a float; ValueError that names it otherwise."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r}: a number is needed") from None
    if isinstance(value, (bool, str)) or not math.isfinite(found):
        raise ValueError(f"{name} = {value!r}: a finite number is needed")
    return found


def positive(name: str, value: Any) -> float:
    """A finite number > 0."""
    found = number(name, value)
    if found <= 0:
        raise ValueError(f"{name} = {value!r}: a number > 0 is needed")
    return found


def numbers(name: str, values: Any) -> tuple[float, ...]:
    """A list of finite numbers."""
    if isinstance(values, str) or not np.iterable(values):
        raise ValueError(f"{name} = {values!r}: a list of numbers is needed")
    found = tuple(number(name, v) for v in values)
    if not found:
        raise ValueError(f"{name} is empty: at least two numbers are needed")
    return found
