"""Results as strict JSON and back, bit for bit. Never pickle: a file from elsewhere must not be able to run code."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

__all__ = ["decode", "encode"]

TAG = "~"
"""Key that marks what JSON has no type for."""


def encode(value: Any) -> Any:  # noqa: PLR0911 (one return for each case)
    """The same value in the types of strict JSON, such that `decode` gives it back bit for bit.

    Parameters
    ----------
    value : object
        None, truth value, string, number (of Python, numpy, mpmath or fractions), array, or a list, tuple or
        dictionary of these.

    Returns
    -------
    object
        None, bool, int, float, str, list or dict.

    Raises
    ------
    TypeError
        For anything else.
    """
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        # The repr of a finite float is the shortest decimal that gives it back.
        return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}
    if kind is list:
        return [encode(item) for item in value]
    if kind is tuple:
        return {TAG: "tuple", "value": [encode(item) for item in value]}
    if kind is complex:
        return {TAG: "complex", "value": [encode(value.real), encode(value.imag)]}
    if kind is dict:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: encode(item) for key, item in value.items()}
        return {TAG: "dict", "value": [[encode(key), encode(item)] for key, item in value.items()]}
    if kind is Fraction:
        return {TAG: "fraction", "value": [hex(value.numerator), hex(value.denominator)]}
    if hasattr(value, "_mpf_"):
        sign, mantissa, exponent, bits = value._mpf_
        return {TAG: "mpf", "value": [int(sign), hex(mantissa), int(exponent), int(bits)]}
    if hasattr(value, "dtype"):
        return _encoded_array(value)
    raise TypeError(f"a {kind.__name__} cannot be kept in a file: {value!r}")


def decode(value: Any) -> Any:
    """The value that `encode` was given.

    Parameters
    ----------
    value : object
        What `encode` returned.

    Returns
    -------
    object
        What was encoded, of the same type and bit for bit: arrays, tuples and mpmath numbers too.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: decode(item) for key, item in value.items()}
    return _DECODERS[value[TAG]](value)


def _encoded_array(value: Any) -> dict[str, Any]:
    """An array, or a scalar of numpy (which has no shape)."""
    import numpy as np

    entries = np.asarray(value).reshape(-1).tolist()
    if not all(type(item) in (bool, int, float, complex, str) for item in entries[:1]):
        raise TypeError(f"an array of {value.dtype} cannot be kept in a file")
    shape = None if isinstance(value, np.generic) else list(value.shape)
    return {TAG: "array", "type": value.dtype.str, "shape": shape, "value": [encode(item) for item in entries]}


def _array(entry: dict[str, Any]) -> Any:
    import numpy as np

    array = np.array([decode(item) for item in entry["value"]], dtype=entry["type"])
    return array[0] if entry["shape"] is None else array.reshape(entry["shape"])


def _mpf(entry: dict[str, Any]) -> Any:
    from mpmath import mp

    sign, mantissa, exponent, bits = entry["value"]
    return mp.make_mpf((sign, int(mantissa, 16), exponent, bits))


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float": lambda entry: float(entry["value"]),
    "tuple": lambda entry: tuple(decode(entry["value"])),
    "complex": lambda entry: complex(*decode(entry["value"])),
    "dict": lambda entry: dict(decode(entry["value"])),
    "fraction": lambda entry: Fraction(*(int(word, 16) for word in entry["value"])),
    "mpf": _mpf,
    "array": _array,
}
