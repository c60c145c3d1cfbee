"""The normal distribution on numpy arrays of intervals, tails to relative precision, without trusting a library for it.

Mills' ratio R(x) = Φ(−x)/φ(x) = ∫_0^∞ e^{−xt−t²/2} dt and its second derivative R₂ = H2/φ are tabulated as Taylor
polynomials about x = i/64, i ≤ 2048, their coefficients from balls:

    R' = xR − 1,   R⁽ⁿ⁺¹⁾ = x R⁽ⁿ⁾ + n R⁽ⁿ⁻¹⁾,   |R⁽ⁿ⁾| falls with x.

The remainder and what rounding does to the sum are bounded when the table is made: together less than 2⁻⁴⁷ of the
value. Beyond x = 32 partial sums of the alternating series R_k = Σ_j (−1)^j (k + 2j)!/(2^j j! x^{k+2j+1}) enclose.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from replica.certified.balls import NotProvenError, arb, ctx
from replica.certified.spans import LIBRARY, ULP, Span, widened

__all__ = ["normal", "scaled_tails"]

PER_UNIT = 64
LAST = 32
DEGREE = 8
"""Of the polynomials."""
ERROR = 2.0**-47
"""Relative error of R and R₂ from the table; proven when it is made."""
TERMS = 7
"""Of the series beyond the table."""
SQRT_2PI = math.sqrt(2 * math.pi)


def scaled_tails(x: NDArray) -> tuple[Span, Span]:
    """R(x) = H0(x)/φ(x) and R₂(x) = H2(x)/φ(x).

    Parameters
    ----------
    x : array
        Exact numbers ≥ 0; ∞ is one.

    Returns
    -------
    R, R2 : Span
        Both functions fall with x.
    """
    coefficients = _table()
    inside = x < LAST
    near = np.where(inside, x, 0.0)
    i = np.rint(near * PER_UNIT).astype(int)
    d = near - i / PER_UNIT
    found = []
    for k, order in enumerate((0, 2)):
        chosen = coefficients[k][i]
        value = chosen[..., DEGREE]
        for n in range(DEGREE - 1, -1, -1):
            value = value * d + chosen[..., n]
        part = widened(value, value, ERROR, positive=True)
        if not inside.all():
            far = _series(np.where(inside, LAST, x), order)
            part = Span(np.where(inside, part.low, far.low), np.where(inside, part.high, far.high))
        found.append(part)
    return found[0], found[1]


def normal(x: NDArray) -> tuple[Span, Span]:
    """φ(x) and Φ(x), Φ to relative precision in its tail.

    Parameters
    ----------
    x : array
        Exact numbers, ±∞ among them.

    Returns
    -------
    density, below : Span
        Enclosures of both.
    """
    size = np.abs(x)
    ratio, _ = scaled_tails(size)
    density = _density(size)
    tail = density * ratio
    tail = Span(np.maximum(tail.low, 0.0), np.minimum(tail.high, 0.5))
    rest = 1 - tail
    left = x <= 0
    return density, Span(np.where(left, tail.low, rest.low), np.where(left, tail.high, np.minimum(rest.high, 1.0)))


def _density(x: NDArray) -> Span:
    """φ; x²/2 is rounded, and e^{−x²/2} is off by as much times x²/2."""
    with np.errstate(over="ignore", under="ignore"):
        square = 0.5 * x * x
        value = np.exp(-square) / SQRT_2PI
        error = 4 * ULP * np.minimum(square, 1e6) + LIBRARY + 8 * ULP
    return widened(value, value, error, positive=True)


def _series(x: NDArray, k: int) -> Span:
    """R_k for large x: consecutive partial sums lie on both sides."""
    with np.errstate(over="ignore", under="ignore"):
        inverse = 1 / x
        square = inverse * inverse
        total, partial = np.zeros_like(x), []
        for j in range(TERMS + 1):
            weight = math.factorial(k + 2 * j) / (2**j * math.factorial(j))
            total = total + (-1) ** j * weight * square**j
            partial.append(total)
        low, high = np.minimum(*partial[-2:]), np.maximum(*partial[-2:])
        power = inverse ** (k + 1)
    return widened(low * power, high * power, 2.0**-46, positive=True)


@cache
def _table() -> tuple[NDArray, NDArray]:
    """Taylor coefficients of R and R₂ at the nodes, shape (nodes, degree + 1)."""
    nodes = LAST * PER_UNIT + 1
    tables = np.zeros((2, nodes, DEGREE + 1))
    half = arb(1) / (2 * PER_UNIT)
    # the recurrence loses digits where x is large
    with ctx.workprec(600):
        for i in range(nodes):
            x = arb(i) / PER_UNIT
            here = _derivatives(x, DEGREE + 2)
            # the largest derivatives on the cell are at its left end
            before = _derivatives(x - half, DEGREE + 3) if i else [*here, _moment_at_zero(DEGREE + 3)]
            for k, shift in enumerate((0, 2)):
                values = [here[n + shift] / arb.fac_ui(n) for n in range(DEGREE + 1)]
                tables[k, i] = [float(value.mid()) for value in values]
                rest = abs(before[DEGREE + 1 + shift]) * half ** (DEGREE + 1) / arb.fac_ui(DEGREE + 1)
                sizes = sum((abs(c) * half**n for n, c in enumerate(values)), arb(0))
                least = values[0] - (sizes - abs(values[0]))
                # each of 2·DEGREE roundings, and that of the coefficients, is below 2⁻⁵³ of the sum of sizes
                rounding = sizes * (2 * DEGREE + 4) * arb(2) ** -53
                if not rest + rounding < least * arb(ERROR):
                    raise NotProvenError(f"table of Mills' ratio at x = {i / PER_UNIT}")
    return tables[0], tables[1]


def _derivatives(x: arb, most: int) -> list[arb]:
    """R and its derivatives up to an order."""
    ratio = (x / arb(2).sqrt()).erfc() * (x * x / 2).exp() * (arb.pi() / 2).sqrt()
    found = [ratio, x * ratio - 1]
    for n in range(1, most):
        found.append(x * found[n] + n * found[n - 1])
    return found


def _moment_at_zero(n: int) -> arb:
    """∫_0^∞ tⁿ e^{−t²/2} dt."""
    return arb(2) ** (arb(n - 1) / 2) * (arb(n + 1) / 2).gamma()
