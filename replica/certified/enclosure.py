"""A certified number: decimals that are proven, the bounds, and what was proven."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from replica.certified.balls import NotProvenError, arb, bounds, ctx

__all__ = ["Enclosure", "enclose", "truncated"]

GUARD = 5
"""Further digits at which the bounds are written, rounded outwards."""
ATTEMPTS = 4
MOST_DIGITS = 1000


class Enclosure(NamedTuple):
    """A number between two bounds, with a proof."""

    name: str
    """What it is."""
    value: str
    """Its first `digits` significant decimals, cut off, not rounded: every one of them is proven."""
    lower: str
    """A number below it."""
    upper: str
    """A number above it."""
    digits: int
    """Significant decimals of `value`."""
    proven: str
    """The statement, and where it comes from if part of it is not proven."""


def enclose(name: str, proof: Callable[[], tuple[arb, str]], digits: int) -> Enclosure:
    """Run a proof at a precision that is enough for so many digits.

    Parameters
    ----------
    name : str
        What the number is.
    proof : callable
        Returns a ball that contains the number, and what is proven.
    digits : int
        Significant decimals wanted, from 1 to 1000.

    Returns
    -------
    Enclosure
        The number, > 0: its decimals, a lower and an upper bound, and what `proof` says is proven.

    Raises
    ------
    ValueError
        If `digits` is out of range.
    NotProvenError
        If the proof fails at every precision that is tried.
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MOST_DIGITS:
        raise ValueError(f"digits = {digits!r}: a whole number from 1 to {MOST_DIGITS} is needed")
    reason = NotProvenError(f"{name}: no proof")
    for attempt in range(ATTEMPTS):
        with ctx.workprec(int(3.33 * (digits + GUARD)) + 64 * 2**attempt):
            try:
                ball, proven = proof()
                low, high = bounds(ball)
                value = truncated(low, high, digits)
                return Enclosure(name, value, *_written(low, high, digits + GUARD), digits, proven)
            except NotProvenError as error:
                reason = error
    raise reason


def truncated(low: Fraction, high: Fraction, digits: int) -> str:
    """Decimals that all numbers between two bounds have in common.

    Parameters
    ----------
    low, high : Fraction
        The bounds, > 0.
    digits : int
        Significant decimals.

    Returns
    -------
    str
        So many significant decimals, cut off and not rounded: any number between the bounds begins with them.

    Raises
    ------
    NotProvenError
        If the bounds differ in them.
    """
    places = _places(low, digits) if low > 0 else 0
    if low <= 0 or low * Fraction(10) ** places // 1 != high * Fraction(10) ** places // 1:
        raise NotProvenError(f"the bounds have not {digits} decimals in common")
    return _decimal(low * Fraction(10) ** places // 1, places)


def _written(low: Fraction, high: Fraction, digits: int) -> tuple[str, str]:
    """Bounds as decimals, rounded outwards."""
    places = _places(low, digits)
    scale = Fraction(10) ** places
    return _decimal(low * scale // 1, places), _decimal(-(-high * scale // 1), places)


def _places(value: Fraction, digits: int) -> int:
    """Decimal places that give so many significant digits of a number > 0."""
    exponent = len(str(value.numerator)) - len(str(value.denominator))
    if value < Fraction(10) ** exponent:
        exponent -= 1
    return max(digits - 1 - exponent, 0)


def _decimal(scaled: int, places: int) -> str:
    if places == 0:
        return str(scaled)
    text = str(scaled).rjust(places + 1, "0")
    return f"{text[:-places]}.{text[-places:]}"
