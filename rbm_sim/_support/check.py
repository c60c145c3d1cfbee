"""Validation of arguments: one clear ``ValueError`` with the parameter, its value and what is allowed."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

LONGEST = 60
"""Characters of a value in a message."""


def short(value: Any) -> str:
    """Return a value as messages show it: on one line, not to its end if it is long."""
    text = " ".join(repr(value[:LONGEST] if isinstance(value, str | bytes | list | tuple) else value).split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def integer(name: str, value: Any, *, at_least: int) -> int:
    """Return `value` as an int, or raise if it is not a whole number >= `at_least`."""
    try:
        result = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        result = None
    if result is None or result < at_least:
        raise ValueError(f"{name} = {short(value)}: must be a whole number >= {at_least}")
    return result


def number(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> float:
    """Return `value` as a float, or raise if it is not a finite number within the bounds."""
    try:
        result = math.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not (math.isfinite(result) and above < result < below and at_least <= result <= at_most):
        limits = [(">", above), (">=", at_least), ("<=", at_most), ("<", below)]
        bounds = " and ".join(f"{sign} {bound:g}" for sign, bound in limits if math.isfinite(bound))
        raise ValueError(f"{name} = {short(value)}: must be a finite number {bounds}".rstrip())
    return result


def real_array(name: str, value: Any, dtype: DTypeLike | None = None) -> np.ndarray:
    """Return `value` as an array of finite real numbers (of `dtype` if it is given), or raise.

    Half, long and foreign-endian floats become double precision.
    """
    refuse_masked(name, value)
    try:
        result = frame(name, value) if is_frame(value) else np.asarray(value)
        numeric = result.dtype.kind in "biuf"
    except ValueError as error:  # a ragged list
        if is_frame(value):
            raise error from None
        numeric = False
    if not numeric:
        raise ValueError(f"{name} = {short(value)}: must be an array of real numbers")
    given = result
    with np.errstate(over="ignore"):
        result = usual(given) if dtype is None else given.astype(dtype, copy=False)
    if not np.isfinite(result).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(result))[0])
        if np.isfinite(given[where]):
            raise ValueError(f"{name} has the entry {given[where]:g} at {list(where)}: beyond {result.dtype}")
        raise ValueError(f"{name} has the entry {result[where]} at {list(where)}: every entry must be finite")
    return result


def array_with_gaps(name: str, value: Any, dtype: DTypeLike) -> np.ndarray:
    """Return `value` as an array of finite real numbers, nan where it is nan, None, NA or masked, or raise."""
    if isinstance(value, list | tuple):
        value = [None if entry is np.ma.masked else entry for entry in value]
    parts = value if isinstance(value, list) else [value]
    masked = any(isinstance(part, np.ma.MaskedArray) for part in parts)
    try:
        result = frame(name, value, gaps=True) if is_frame(value) else (np.ma.array if masked else np.asarray)(value)
        result = _gaps_as_nan(result) if result.dtype.kind == "O" else result
    except ValueError as error:  # a ragged list
        if is_frame(value):
            raise error from None
        result = np.array("")
    if result.dtype.kind not in "biuf":
        raise ValueError(f"{name} = {short(value)}: must be an array of real numbers, nan where one is missing")
    with np.errstate(over="ignore", invalid="ignore"):  # what lies under a mask may be anything
        result = np.ma.filled(result.astype(dtype, copy=False), np.nan)
    if np.isinf(result).any():
        where = tuple(int(k) for k in np.argwhere(np.isinf(result))[0])
        raise ValueError(f"{name} has the entry {result[where]} at {list(where)}: must be finite, or nan if missing")
    return result


def _gaps_as_nan(entries: np.ndarray) -> np.ndarray:
    """Objects as floats, nan for None and NA; as they are if one is neither that nor a number."""
    flat = [math.nan if entry is None else entry for entry in _without_na(entries.ravel())]
    if not all(isinstance(entry, numbers.Real) for entry in flat):
        return entries
    return np.array(flat, dtype=float).reshape(entries.shape)


def usual(x: np.ndarray) -> np.ndarray:
    """Return an array in native byte order, floats in single or double precision: the others have no functions."""
    if x.dtype.kind == "f" and (x.dtype.itemsize not in (4, 8) or not x.dtype.isnative):
        return x.astype(np.float32 if x.dtype.itemsize == 4 else np.float64)
    return x


def refuse_masked(name: str, value: Any) -> None:
    """Raise if entries are masked, alone or in a list of arrays: what is missing has no value to work with."""
    if np.ma.is_masked(value) or (isinstance(value, list | tuple) and any(np.ma.is_masked(x) for x in value)):
        raise ValueError(f"{name} has masked entries: every entry must have a value")


def refuse_missing(name: str, value: np.ndarray) -> None:
    """Raise if entries of an array of any type are nan, None or NA."""
    entries = _without_na(value.ravel()) if value.dtype.kind == "O" else value.ravel().tolist()
    if any(entry is None or entry != entry for entry in entries):  # noqa: PLR0124 (nan)
        raise ValueError(f"{name} has missing entries: every entry must have a value")


def is_frame(value: Any) -> bool:
    """Whether a value is a table with named columns of types of their own, such as pandas has them."""
    return hasattr(value, "columns") and hasattr(value, "dtypes") and hasattr(value, "to_numpy")


def frame(name: str, value: Any, gaps: bool = False) -> np.ndarray:
    """Return the numbers of a table with named columns, those of categories that are numbers among them, or raise.

    An entry without a value is nan if there may be `gaps`.
    """
    columns = []
    for label in value.columns:
        column = value[label]
        entries = np.asarray(column.to_numpy())
        if gaps and entries.dtype.kind == "O":
            entries = _gaps_as_nan(entries)
        if entries.dtype.kind not in "biuf":
            if any(entry is None or entry != entry for entry in _without_na(entries)):  # noqa: PLR0124 (nan)
                raise ValueError(f"{name}, column {label!r} has missing entries: every entry must have a value")
            kinds = {type(entry).__name__ for entry in entries if not isinstance(entry, numbers.Real)}
            if kinds:
                raise ValueError(
                    f"{name}, column {label!r} holds {', '.join(sorted(kinds))}, must hold numbers: encode categories "
                    "first, such as by scikit-learn's OneHotEncoder or pandas.get_dummies"
                )
            entries = entries.astype(float)
        columns.append(entries)
    return np.stack(columns, axis=1) if columns else np.empty((len(value), 0))


def _without_na(entries: np.ndarray) -> list[Any]:
    """Entries of a column, None for those of pandas that are neither equal to anything nor different."""
    return [None if type(entry).__name__ in ("NAType", "NaTType") else entry for entry in entries]


def layer_parameter(name: str, value: Any) -> Any:
    """Return a unit parameter as a float or as a one-dimensional array, one entry per unit."""
    result = real_array(name, value)
    if result.ndim > 1 or result.size == 0:
        raise ValueError(f"{name} has shape {result.shape}: must be a scalar or one value per unit")
    if result.dtype.kind != "f":
        result = result.astype(float)
    return result if result.ndim else float(result)


def yes_or_no(name: str, value: Any) -> bool:
    """Return `value` if it is True or False, or raise."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} = {short(value)}: must be True or False")
    return bool(value)


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of `allowed`, or raise."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {short(value)}: must be one of {', '.join(map(repr, allowed))}")
    return value
