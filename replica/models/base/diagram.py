"""What a model offers to `python -m replica.phase`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

__all__ = ["Diagram", "Line"]


@dataclasses.dataclass(frozen=True)
class Line:
    """A critical line of a model, declared: a column of `python -m replica.phase`, over all other controls.

    Beside it come the order parameters there, of the first line that is declared along this control.
    """

    column: str
    search: str
    """The verb that finds it: "spinodal", "coexistence" or "instability"."""
    along: str
    """Control to vary. Where it is the load, a spinodal needs no value of it to start at."""
    start: Any = "retrieval"
    """State whose line it is; of a coexistence, the two kinds."""
    begin: float | None = None
    """Value of the control at which the search starts: one that has the state. None for a spinodal along the load."""


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
    optional: tuple[str, ...] = ()
    """Controls that may be given, and are columns then."""
    precise: bool = True
    """Whether it can be had at more than double precision."""
    draw: Callable[[Any, Any], bool] | None = None
    """draw(table, axes): draw the rows in a way of the model's own; False leaves them to the general one."""
