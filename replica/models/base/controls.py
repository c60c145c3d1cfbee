"""Control parameters: how a model declares them, and what values they take."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import is_multiprecision
from replica.numerics.number import Number

__all__ = ["checked", "control", "control_fields", "domain_text", "in_domain", "real_array"]


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
    if not isinstance(value, np.ndarray) and is_multiprecision(value):
        if hasattr(value, "_mpc_"):
            raise ValueError(f"{field.name} = {value!r}: {domain_text(field)} is needed")
        _check_domain(field, np.asarray(float(value)), value)
        return value
    array = real_array(field.name, value, domain_text(field))
    if array.size == 0:
        raise ValueError(f"{field.name} is an empty array: at least one value is needed")
    _check_domain(field, array, value)
    if array.ndim == 0:
        return float(array)
    array.flags.writeable = False
    return array


def real_array(name: str, value: Any, needed: str) -> NDArray:
    """A number or an array of them as float array: no bools, strings, complex numbers or masked arrays.

    Parameters
    ----------
    name : str
        What it is called in errors.
    value : any
        Number, sequence or array.
    needed : str
        What is needed, in words.

    Returns
    -------
    array of float
        The numbers, a copy.

    Raises
    ------
    ValueError
        If anything in it is no real number.
    """
    parts = value if isinstance(value, (list, tuple)) else (value,)
    if any(np.ma.isMaskedArray(part) for part in parts):
        raise ValueError(f"{name} is a masked array: plain numbers are needed; fill or drop what is masked")
    try:
        # a sequence as it is: numpy makes numbers of the bools in it
        given = np.asarray(value) if isinstance(value, np.ndarray) else np.asarray(value, dtype=object)
        if given.dtype.kind in "iuf" or (given.dtype.kind == "O" and all(_is_real(v) for v in given.flat)):
            return given.astype(float)
    except (TypeError, ValueError, OverflowError):
        pass
    text = " ".join(repr(value).split())
    raise ValueError(f"{name} = {text if len(text) <= 80 else text[:77] + '...'}: {needed} is needed")


def _is_real(value: object) -> bool:
    """Whether an element of an object array, such as a fraction or an mpmath number, is a real number."""
    return (isinstance(value, (Real, Decimal)) and not isinstance(value, bool)) or hasattr(value, "_mpf_")


def in_domain(field: dataclasses.Field, array: NDArray) -> NDArray:
    """Which values a control may take."""
    meta = field.metadata
    above = array >= meta["low"] if meta["low_included"] else array > meta["low"]
    below = array <= meta["high"] if meta["high_included"] else array < meta["high"]
    good = np.isfinite(array) & above & below
    return good & (array == np.round(array)) if meta["whole"] else good


def _check_domain(field: dataclasses.Field, array: NDArray, value: Any) -> None:
    meta, good = field.metadata, in_domain(field, array)
    if not good.all():
        bad = value if array.ndim == 0 else float(array[~good].flat[0])
        if meta["whole"] and isinstance(bad, float) and bad.is_integer():
            bad = int(bad)
        raise ValueError(f"{field.name} = {bad}: {domain_text(field)} is needed")
