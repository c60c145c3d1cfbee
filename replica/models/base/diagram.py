"""What a model offers to `python -m replica.phase`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

__all__ = ["Diagram"]


@dataclasses.dataclass(frozen=True)
class Diagram:
    """Columns that the `phase` command offers for a model when certain controls are scanned.

    `row(precision, **controls)` gives their values at one point, None for a quantity that does not exist there.
    """

    scanned: tuple[str, ...]
    """Controls that must be given, and are always columns."""
    columns: tuple[str, ...]
    row: Callable[..., dict[str, Any]]
    help: str
    lines: tuple[str, ...]
    """Columns to draw against the scanned control."""
    axis: str
    """What they measure."""
    fixed: tuple[str, ...] = ()
    """Further controls that must be given."""
    precise: bool = True
    """Whether it can be had at more than double precision."""
    draw: Callable[[Any, Any], bool] | None = None
    """draw(table, axes): draw the rows in a way of the model's own; False leaves them to the general one."""
