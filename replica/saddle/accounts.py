"""What is not accounted for in an answer: curves of solutions whose ends are not known, searches that were not made."""

from __future__ import annotations

import warnings

from replica.errors import IncompleteWarning
from replica.models.base import Model

__all__ = ["not_solved", "summarised", "warn_incomplete"]


def not_solved(kind: str, model: Model, precision: int | None = None) -> str:
    """Line of a state that is there and not solved to rounding, with what to try."""
    if not model.precise:
        advice = "move the controls slightly"
    elif precision is not None:
        advice = f"give more digits than precision={precision}"
    else:
        advice = "give precision=50" + (", one point at a time" if model.shape else "")
    return f"a {kind} state is not solved to rounding: {advice}"


def summarised(missing: tuple[tuple[int, str], ...], size: int) -> tuple[str, ...]:
    """Lines that say what is missing, once each, and at how many of several points.

    Parameters
    ----------
    missing : tuple of (int, str)
        Points and what is missing there.
    size : int
        Number of points.

    Returns
    -------
    tuple of str
        One line for each thing that is missing.
    """
    points: dict[str, set[int]] = {}
    for point, line in missing:
        points.setdefault(line, set()).add(point)
    return tuple(line if size == 1 else f"{line} (at {len(at)} of {size} points)" for line, at in points.items())


def warn_incomplete(unaccounted: tuple[str, ...], stacklevel: int = 3) -> None:
    """Warn, by default once for each place of the caller, if anything is unaccounted for."""
    if unaccounted:
        more = f" and {len(unaccounted) - 1} more" if len(unaccounted) > 1 else ""
        text = f"states may be missing: {unaccounted[0]}{more}; see .unaccounted"
        warnings.warn(text, IncompleteWarning, stacklevel=stacklevel)
