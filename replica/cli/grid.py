"""Grids of control parameters as they are typed: `0 0.5 1`, `a:b:n`, `log:a:b:n`, and their products.

Every number is kept as the decimal that was typed until the end, so that `0:1:11` contains the same 0.3 as
the list `0.1 0.2 0.3`, and so that 0.1 means 1/10 at 50 digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from typing import TypeVar

from replica.errors import UsageError

ALLOWED = "allowed are numbers, a:b:n (linear) and log:a:b:n"
MAX_POINTS = 10_000_000
"""More points than this in one grid are taken for a slip of the finger."""

GUARD_DIGITS = 15
"""Digits of a logarithmic grid beyond those asked for, so that its last rounding is the only one."""


T = TypeVar("T")


@dataclass(frozen=True)
class Grid:
    """A grid option as it was typed on the command line.

    Parameters
    ----------
    option : str
        Name of the option, for messages.
    texts : tuple of str
        The words after the option.
    integer : bool
        Whether the values are whole numbers.
    """

    option: str
    texts: tuple[str, ...]
    integer: bool = False

    def values(self, precision: int | None = None) -> list[float | Fraction]:
        """Values of the grid.

        Parameters
        ----------
        precision : int, optional
            Decimal digits of the calculation to come; None is double precision.

        Returns
        -------
        list of float, of int (`integer`) or of Fraction (`precision`)
            Values in the order in which they were typed, as `parse_grid` gives them.
        """
        return parse_grid(self.texts, option=self.option, integer=self.integer, precision=precision)


def parse_grid(
    texts: Sequence[str], *, option: str = "grid", integer: bool = False, precision: int | None = None
) -> list[float | Fraction]:
    """Values of a grid given as words: numbers, `a:b:n` or `log:a:b:n`, in any mixture.

    Parameters
    ----------
    texts : sequence of str
        The words. `a:b:n` is n values from a to b, both ends included and exact (n = 1 is a alone).
    option : str
        What an error message calls the grid.
    integer : bool
        Whole numbers: points of a linear grid must be whole, those of a logarithmic grid are rounded to the
        nearest and repeated ones dropped.
    precision : int, optional
        Decimal digits of the calculation to come. None gives numbers in double precision.

    Returns
    -------
    list of float, of int (`integer`) or of Fraction (`precision`)
        Floats are the correctly rounded values. Fractions are exact, inner points of a logarithmic grid to
        more than `precision` digits; `mpmath.mpf` takes them at its working precision.

    Raises
    ------
    UsageError
        One line naming the option, the value and what is allowed.
    """
    if not texts:
        raise UsageError(f"{option}: the grid is empty; {ALLOWED}")
    grid = Grid(option, tuple(texts), integer)
    return [value for text in texts for value in _values(text, grid, precision)]


def product(grids: Mapping[str, Sequence[T]]) -> list[dict[str, T]]:
    """Every combination of several grids, in the order given, the last grid fastest.

    Parameters
    ----------
    grids : mapping of str to sequence
        Name of a control parameter and its values.

    Returns
    -------
    list of dict
        One point each, name to value; a single empty point if there are no grids.
    """
    return [dict(zip(grids, point, strict=True)) for point in itertools.product(*grids.values())]


def _values(text: str, grid: Grid, precision: int | None) -> list[float | Fraction]:
    """Values of one word."""
    log = text.startswith("log:")
    words = text.removeprefix("log:").split(":")
    if len(words) not in ((3,) if log else (1, 3)):
        raise UsageError(f"{grid.option}: {text!r} is not a grid; {ALLOWED}")
    ends = [_number(word, text, grid.option) for word in words[:2]]
    n = _count(words[2], text, grid.option) if len(words) == 3 else 1
    if log and min(ends) <= 0:
        raise UsageError(f"{grid.option}: {text!r} needs both ends > 0, as every logarithmic grid")
    ratios = _logarithmic(ends, n, precision) if log else _linear(ends, n)
    if grid.integer and log:
        return list(dict.fromkeys(round(Fraction(*ratio)) for ratio in ratios))
    if grid.integer:
        wrong = next((top / bottom for top, bottom in ratios if top % bottom), None)
        if wrong is not None:
            raise UsageError(f"{grid.option}: {text!r} gives {wrong:.6g}; only whole numbers are allowed")
        return [top // bottom for top, bottom in ratios]
    # Division of two ints rounds correctly.
    return [top / bottom if precision is None else Fraction(top, bottom) for top, bottom in ratios]


def _linear(ends: Sequence[Decimal], n: int) -> list[tuple[int, int]]:
    if n == 1:
        return [ends[0].as_integer_ratio()]
    (p, s), (q, t) = (end.as_integer_ratio() for end in ends)
    return [(p * t * (n - 1 - i) + q * s * i, s * t * (n - 1)) for i in range(n)]


def _logarithmic(ends: Sequence[Decimal], n: int, precision: int | None) -> list[tuple[int, int]]:
    a, b = ends
    with localcontext() as context:
        context.prec = max(precision or 0, 17) + GUARD_DIGITS
        start, step = a.ln(), (b.ln() - a.ln()) / max(n - 1, 1)
        inner = [(start + i * step).exp() for i in range(1, n - 1)]
    return [value.as_integer_ratio() for value in [a, *inner, b][:n]]


def _number(word: str, text: str, option: str) -> Decimal:
    """Exact value of a decimal number that double precision can hold."""
    where = f"{option}: {word!r}" + (f" in {text!r}" if word != text else "")
    try:
        value = Decimal(word)
    except InvalidOperation:
        raise UsageError(f"{where} is not a number; {ALLOWED}") from None
    if not value.is_finite():
        raise UsageError(f"{where} is not a finite number; {ALLOWED}")
    # Also keeps 1e999999999 from becoming an integer of a thousand million digits.
    if value and not -308 < value.adjusted() < 308:
        raise UsageError(f"{where} is out of range; allowed are sizes from 1e-307 to 1e307 and 0")
    return value


def _count(word: str, text: str, option: str) -> int:
    try:
        n = int(word)
    except ValueError:
        raise UsageError(f"{option}: n = {word!r} in {text!r} is not a whole number; {ALLOWED}") from None
    if n < 1:
        raise UsageError(f"{option}: n = {n} in {text!r} is too small; n must be at least 1")
    if n > MAX_POINTS:
        raise UsageError(f"{option}: n = {n} in {text!r} is too large; n must be at most {MAX_POINTS}")
    return n
