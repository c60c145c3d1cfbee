"""Control parameters: how a model declares them, and what values they take."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import is_multiprecision
from replica.numerics.number import Number

__all__ = ["checked", "control", "control_fields", "domain_text"]


def control(
    symbol: str,
    help: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_included: bool = True,
    high_included: bool = True,
    whole: bool = False,
    loss: int = 1,
    breaking: int = 1,
    default: Any = dataclasses.MISSING,
) -> Any:
    """Declare a control parameter of a model (a dataclass field).

    Parameters
    ----------
    symbol : str
        How it is written in formulas and on axes.
    help : str
        One line for the command line's help.
    low, high : float
        Domain; always finite inside.
    low_included, high_included : bool
        Whether `low` and `high` themselves are allowed.
    whole : bool
        Whether only whole numbers are allowed.
    loss : {1, -1}
        Direction in which retrieval is lost: the one in which folds and coexistence are sought.
    breaking : {1, -1}
        Direction in which replica symmetry breaks: the one in which instabilities are sought.
    default : any, optional
        Default value; without it the control must be given.

    Returns
    -------
    dataclasses.Field
        To be assigned to the field of the dataclass; its metadata hold all but the default.
    """
    metadata = {
        "symbol": symbol,
        "help": help,
        "low": low,
        "high": high,
        "low_included": low_included,
        "high_included": high_included,
        "whole": whole,
        "loss": loss,
        "breaking": breaking,
    }
    return dataclasses.field(default=default, metadata=metadata)


def control_fields(cls: type[Any]) -> list[dataclasses.Field]:
    """Fields of a model that are control parameters (those declared by `control`)."""
    return [f for f in dataclasses.fields(cls) if "symbol" in f.metadata]


def domain_text(field: dataclasses.Field) -> str:
    """Values that a control may take, in words."""
    meta = field.metadata
    noun = "an integer" if meta["whole"] else "a finite number"
    if math.isinf(meta["low"]) and math.isinf(meta["high"]):
        return noun
    lower = "" if math.isinf(meta["low"]) else f"{'>=' if meta['low_included'] else '>'} {meta['low']:g}"
    upper = "" if math.isinf(meta["high"]) else f"{'<=' if meta['high_included'] else '<'} {meta['high']:g}"
    return f"{noun} " + " and ".join(filter(None, [lower, upper]))


def checked(field: dataclasses.Field, value: Any) -> Number:
    """A control as float, float array or mpmath number; ValueError where it is outside its domain."""
    if is_multiprecision(value):
        number = float(value)
        _check_domain(field, np.asarray(number), value)
        return value
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{field.name} = {value!r}: {domain_text(field)} is needed") from None
    if field.metadata["whole"] and array.dtype != np.asarray(value).dtype and np.asarray(value).dtype == bool:
        raise ValueError(f"{field.name} = {value!r}: {domain_text(field)} is needed")
    if array.size == 0:
        raise ValueError(f"{field.name} is an empty array: at least one value is needed")
    _check_domain(field, array, value)
    if array.ndim == 0:
        return float(array)
    array = array.copy()
    array.flags.writeable = False
    return array


def _check_domain(field: dataclasses.Field, array: NDArray, value: Any) -> None:
    meta = field.metadata
    above = array >= meta["low"] if meta["low_included"] else array > meta["low"]
    below = array <= meta["high"] if meta["high_included"] else array < meta["high"]
    good = np.isfinite(array) & above & below
    if meta["whole"]:
        good &= array == np.round(array)
    if not good.all():
        bad = value if array.ndim == 0 else float(array[~good].flat[0])
        if meta["whole"] and isinstance(bad, float) and bad.is_integer():
            bad = int(bad)
        raise ValueError(f"{field.name} = {bad}: {domain_text(field)} is needed")
