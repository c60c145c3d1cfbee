"""Ball arithmetic: numbers centre ± radius, in which every operation encloses its exact result.

From python-flint (Arb); a power series of two terms whose coefficients are balls carries a value and a derivative.

F. Johansson, IEEE Trans. Comput. 66, 1281 (2017).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias, TypeVar

try:
    from flint import arb, arb_mat, arb_series, ctx, fmpq  # noqa: F401 - the proofs take them from here
except ImportError:
    raise ImportError("certified numbers need python-flint: pip install 'replica-toolkit[rigorous]'") from None

__all__ = ["NotProvenError", "Written", "between", "bounds", "exact", "written"]

Written: TypeAlias = str | float | Fraction
"""A number as it is written: "-0.21", −0.21 and Fraction(−21, 100) are the same, and exact."""

Series = TypeVar("Series", arb, arb_series)
"""A ball, or a power series of two terms whose coefficients are balls: what comes back is what was given."""


class NotProvenError(ArithmeticError):
    """A statement that ball arithmetic at this precision could not prove; it may be true all the same."""


def exact(value: Written) -> arb:
    """Ball of a number as it is written: "-0.21", −0.21 and Fraction(−21, 100) are the same.

    Parameters
    ----------
    value : str, int, float or Fraction
        The number; a float stands for the shortest decimal that prints it.

    Returns
    -------
    arb
        A ball that contains it, of radius 2^−prec at most.
    """
    fraction = written("value", value)
    return arb(fmpq(fraction.numerator, fraction.denominator))


def written(name: str, value: Written) -> Fraction:
    """A number as it is written, as a fraction.

    Parameters
    ----------
    name : str
        What it is.
    value : str, int, float or Fraction
        The number.

    Returns
    -------
    Fraction
        Exactly the number that is written: 1/10 for "0.1" and for 0.1.

    Raises
    ------
    ValueError
        If it is no finite number.
    """
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f'{name} = {value!r}: a finite number is needed, such as "-0.21" or 3/2') from None


def between(low: arb | Written, high: arb | Written) -> arb:
    """Ball that contains everything between two numbers.

    Parameters
    ----------
    low, high : arb, str, int, float or Fraction
        The ends.

    Returns
    -------
    arb
        A ball that holds both ends and all between them, rounded outwards.
    """
    ends = [end if isinstance(end, arb) else exact(end) for end in (low, high)]
    return ends[0].union(ends[1])


def bounds(ball: arb) -> tuple[Fraction, Fraction]:
    """Lower and upper end of a ball as exact fractions.

    Parameters
    ----------
    ball : arb
        A finite ball.

    Returns
    -------
    low, high : Fraction
        Numbers between which the ball lies, rounded outwards at the working precision.
    """
    return _dyadic(ball.lower()), _dyadic(ball.upper())


def _dyadic(point: arb) -> Fraction:
    mantissa, exponent = point.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
