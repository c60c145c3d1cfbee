"""Words and symbols on the axes of pictures."""

from __future__ import annotations

from replica.models.base import Model, control_fields

__all__ = ["axis_label", "column_label"]


def axis_label(cls: type[Model], name: str) -> str:
    """Words and symbol of a control for an axis."""
    field = next(f for f in control_fields(cls) if f.name == name)
    return f"{field.metadata['symbol']}, {field.metadata['help'].split(',')[0]}"


def column_label(column: str) -> str:
    """A column as mathematics, its index set low."""
    name, _, index = column.partition("_")
    return f"${name}_{{{index}}}$" if index else name
