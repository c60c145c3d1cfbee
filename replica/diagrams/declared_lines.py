"""Diagrams made from the lines that a model declares: columns, options and rows follow from its fields."""

from __future__ import annotations

import dataclasses
from functools import cache, partial
from itertools import groupby
from typing import Any

from replica.critical import CriticalPoint, coexistence, instability, spinodal
from replica.models.base import Diagram, Line, Model, control_fields
from replica.numerics.elementary import is_multiprecision
from replica.table.cells import Row

__all__ = ["declared"]

SEARCHES = ("spinodal", "coexistence", "instability")
VARY = ("m", "q", "r", "C", "B")
"""Order parameters that stand beside a line."""


@cache
def declared(cls: type[Model]) -> tuple[Diagram, ...]:
    """One diagram for each control along which a model declares lines."""
    names = [f.name for f in control_fields(cls)]
    for line in cls.lines:
        if line.along not in names:
            raise ValueError(f"line {line.column}: along = {line.along!r}: {cls.name} has {', '.join(names)}")
        if line.search not in SEARCHES:
            raise ValueError(f"line {line.column}: search = {line.search!r}: choose from {', '.join(SEARCHES)}")
    lines = sorted(cls.lines, key=lambda line: names.index(line.along))
    return tuple(_diagram(cls, along, tuple(some)) for along, some in groupby(lines, key=lambda line: line.along))


def _diagram(cls: type[Model], along: str, lines: tuple[Line, ...]) -> Diagram:
    """All lines along one control, over the others."""
    fields = {f.name: f for f in control_fields(cls)}
    others = [f for name, f in fields.items() if name != along]
    needed = tuple(f.name for f in others if f.default is dataclasses.MISSING)
    needed = needed or tuple(f.name for f in others[:1])
    names = [line.column for line in lines]
    return Diagram(
        scanned=needed,
        columns=(*names, *VARY),
        row=partial(_row, cls, lines),
        help=", ".join(f"{line.column}: {line.search} along {along}" for line in lines) + ", and the order parameters",
        lines=tuple(names),
        axis=f"{fields[along].metadata['help'].partition(',')[0]} {fields[along].metadata['symbol']}",
        optional=tuple(f.name for f in others if f.name not in needed),
        precise=cls.precise,
    )


def _row(cls: type[Model], lines: tuple[Line, ...], precision: int | None = None, **controls: Any) -> Row:
    """The lines at one point, and the order parameters of the first."""
    found = [_point(cls, line, precision, controls) for line in lines]
    order = {name: getattr(found[0].order, name) for name in VARY}
    plain = {k: v if is_multiprecision(v) else float(v) for k, v in order.items()}
    return {**{line.column: point.value for line, point in zip(lines, found, strict=True)}, **plain}


def _point(cls: type[Model], line: Line, precision: int | None, controls: dict[str, Any]) -> CriticalPoint:
    model = cls(**{line.along: line.begin, **controls})
    if line.search == "coexistence":
        return coexistence(model, along=line.along, between=line.start, precision=precision)
    search = {"spinodal": spinodal, "instability": instability}[line.search]
    return search(model, along=line.along, start=line.start, precision=precision)
