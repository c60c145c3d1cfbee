"""A short form of what holds arrays: a few words on a screen instead of all entries."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

ENTRIES = 6
"""Arrays and lists of so many entries are shown whole."""


def fields(self: Any) -> str:
    """The fields of a named tuple or a dataclass, long arrays and lists by their type and shape alone."""
    names = getattr(self, "_fields", None) or [f.name for f in dataclasses.fields(self)]
    return f"{type(self).__name__}({', '.join(f'{name}={_value(getattr(self, name))}' for name in names)})"


def _value(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > ENTRIES:
        return f"<{value.dtype} of shape {value.shape}>"
    if type(value) in (list, tuple) and len(value) > ENTRIES:
        return f"<{type(value).__name__} of {len(value)}>"
    if type(value) is dict and len(value) > ENTRIES:
        return f"<dict of {', '.join(map(str, list(value)[:ENTRIES]))}, …>"
    if isinstance(value, np.random.Generator):
        return f"<{type(value).__name__} of {type(value.bit_generator).__name__}>"
    return repr(value)
