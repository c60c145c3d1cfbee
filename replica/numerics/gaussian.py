"""The Gaussian integrals H^(k)(x) = ∫_x^∞ Dz (z − x)^k.

Dz is the standard Gaussian measure, φ its density. The integrals obey

    H^(k+1)(x) = −x H^(k)(x) + k H^(k−1)(x),     dH^(k)/dx = −k H^(k−1)(x),     dH^(0)/dx = −φ(x).

Upwards the recurrence is stable for x < 0 only: for x > 0 H^(k) is its minimal solution and every step cancels
digits. There the ratio H^(k)/φ is taken from a Chebyshev series in 1/(1 + x), built once for each k from the
downward (Miller) recurrence, and φ is computed without the rounding of x². Relative errors are a few units of
the last place from x = −40 to the underflow of φ; `log_H` and `H_scaled` go on beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import check_step, is_multiprecision, log, phi
from replica.numerics.gaussian_averages import Average, gaussian_average
from replica.numerics.number import Number
from replica.numerics.working_digits import guard_bits

__all__ = ["Average", "H", "H_scaled", "gaussian_average", "log_H", "phi"]

LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


def H(k: int, x: Number) -> Number:
    """Gaussian integral H^(k)(x) = ∫_x^∞ Dz (z − x)^k.

    H0 = erfc(x/√2)/2, H1 = φ − x H0, H2 = (1 + x²) H0 − x φ, and so on.

    Parameters
    ----------
    k : int
        Order, k ≥ 0.
    x : float, complex step, array or mpmath number
        Lower limit. A complex argument x + iε is a complex step: the imaginary part of the result is
        ε dH/dx (|ε| ≤ 1e-12 in double precision).

    Returns
    -------
    float, complex, array or mpmath number
        Same kind and shape as `x`. Relative error below 1e-13 for −40 ≤ x ≤ 30, k ≤ 4.

    Raises
    ------
    ValueError
        If k is not an integer ≥ 0, or a complex argument is more than a step.

    Notes
    -----
    The functions of Tubiana & Monasson, PRL 118, 138301 (2017), eq. (2) and below.

    Examples
    --------
    >>> float(H(2, 0.0))
    0.5
    """
    _check_order(k)
    if is_multiprecision(x):
        return _H_multiprecision(k, x)
    return _with_step_rule(_H_real, lambda j, a: -j * _H_real(j - 1, a) if j else -phi(a), k, x)


def H_scaled(k: int, x: Number) -> Number:
    """Ratio H^(k)(x)/φ(x) = ∫_0^∞ dt t^k e^{−t²/2 − xt}, which does not underflow for large x.

    Parameters
    ----------
    k : int
        Order, k ≥ 0.
    x : float, complex step or array
        Lower limit; below x ≈ −37 the ratio overflows.

    Returns
    -------
    float, complex or array
        H^(k)(x)/φ(x), same kind and shape as `x`; at k = 0 the Mills ratio.

    Raises
    ------
    ValueError
        If k is not an integer ≥ 0, or a complex argument is more than a step.
    """
    _check_order(k)
    if is_multiprecision(x):
        return _H_multiprecision(k, x) / phi(x)
    return _with_step_rule(_scaled_real, lambda j, a: -_scaled_real(j + 1, a), k, x)


def log_H(k: int, x: Number) -> Number:
    """Logarithm of H^(k)(x), finite where H^(k) itself underflows.

    Parameters
    ----------
    k : int
        Order, k ≥ 0.
    x : float, complex step, array or mpmath number
        Lower limit.

    Returns
    -------
    float, complex, array or mpmath number
        ln H^(k)(x), same kind and shape as `x`; of a complex step, ε times the slope as its imaginary part.

    Raises
    ------
    ValueError
        If k is not an integer ≥ 0, or a complex argument is more than a step.
    """
    _check_order(k)
    if is_multiprecision(x):
        return log(_H_multiprecision(k, x))
    return _with_step_rule(_log_real, _log_slope, k, x)


def _check_order(k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 0:
        raise ValueError(f"k = {k!r}: the order of H^(k) is an integer, k >= 0")


def _with_step_rule(function: Callable, slope: Callable, k: int, x: Number) -> Number:
    """Value on real x; on a complex step the value plus i Im(x) times the slope."""
    if not np.iscomplexobj(x):
        return function(k, np.asarray(x, dtype=float))[()]
    check_step(x)
    real = np.asarray(np.real(x), dtype=float)
    return (function(k, real) + 1j * (np.imag(x) * slope(k, real)))[()]


def _H_real(k: int, x: NDArray) -> NDArray:
    switch = _switch(k)
    upper = np.where(x > switch, x, switch)
    lower = np.where(x > switch, switch, x)
    return np.where(x > switch, _sharp_phi(upper) * _scaled_tail(k, upper), _forward(k, lower))


def _scaled_real(k: int, x: NDArray) -> NDArray:
    switch = _switch(k)
    upper = np.where(x > switch, x, switch)
    lower = np.where(x > switch, switch, x)
    with np.errstate(over="ignore", divide="ignore"):
        return np.where(x > switch, _scaled_tail(k, upper), _forward(k, lower) / phi(lower))


def _log_real(k: int, x: NDArray) -> NDArray:
    switch = _switch(k)
    upper = np.where(x > switch, x, switch)
    lower = np.where(x > switch, switch, x)
    tail = np.log(_scaled_tail(k, upper)) - 0.5 * upper * upper - LOG_SQRT_2PI
    return np.where(x > switch, tail, np.log(_forward(k, lower)))


def _log_slope(k: int, x: NDArray) -> NDArray:
    """d ln H^(k)/dx = −k H^(k−1)/H^(k), by the tail ratio where both underflow."""
    below = np.minimum(x, 30.0)
    if k == 0:
        return np.where(x > 30.0, -1 / _scaled_real(0, np.maximum(x, 30.0)), -phi(below) / _H_real(0, below))
    above = np.maximum(x, 30.0)
    return -k * np.where(
        x > 30.0,
        _scaled_real(k - 1, above) / _scaled_real(k, above),
        _H_real(k - 1, below) / _H_real(k, below),
    )


def _switch(k: int) -> float:
    """Where the upward recurrence is left: it amplifies rounding by about e^{2x√k}."""
    return 1.5 / math.sqrt(1.0 + k)


def _sharp_phi(x: NDArray) -> NDArray:
    """φ(x) with x² split into an exact and a small part: plain e^{−x²/2} loses x²/2 units of rounding."""
    x = np.minimum(x, 1e3)
    coarse = np.round(x * 16) / 16
    with np.errstate(under="ignore"):
        return np.exp(-0.5 * coarse * coarse) * np.exp(-0.5 * (x - coarse) * (x + coarse)) / math.sqrt(2 * math.pi)


def _forward(k: int, x: NDArray) -> NDArray:
    """Upward recurrence from erfc, for x below the switch."""
    from scipy.special import erfc

    previous, current = phi(x), 0.5 * erfc(x / math.sqrt(2))
    for j in range(k):
        previous, current = current, -x * current + (j * previous if j else previous)
    return current


def _scaled_tail(k: int, x: NDArray) -> NDArray:
    """H^(k)/φ above the switch: a Chebyshev series, in t → 1 as x → ∞, for its product with (x + c)^(k+1)."""
    from numpy.polynomial import chebyshev

    if k == 0:
        from scipy.special import erfcx

        return math.sqrt(math.pi / 2) * erfcx(x / math.sqrt(2))
    x = np.minimum(x, 1e100)
    t = (x - _switch(k) - SCALE) / (x - _switch(k) + SCALE)
    series = _tail_series(k)
    # a few values: all terms at once; many: Clenshaw's recurrence, a step for each term
    few = t.size <= 64
    total = np.cos(np.arccos(t)[..., None] * np.arange(len(series))) @ series if few else chebyshev.chebval(t, series)
    with np.errstate(over="ignore"):
        return total / (x + _balance(k)) ** (k + 1)


SCALE = 4.0
"""x − switch at the middle of the Chebyshev interval."""


def _balance(k: int) -> float:
    """Shift c that makes (x + c)^(k+1) H^(k)/φ the same, k!, at x = 0 and at infinity."""
    at_zero = 0.5 * (k - 1) * math.log(2) + math.lgamma(0.5 * (k + 1))
    return math.exp((math.lgamma(k + 1) - at_zero) / (k + 1))


@cache
def _tail_series(k: int) -> NDArray:
    """Chebyshev coefficients of (x + c)^(k+1) H^(k)(x)/φ(x) for x above the switch, by the discrete cosine sum."""
    terms = 72 + 2 * k
    half_angle = np.pi * (2 * np.arange(terms) + 1) / (4 * terms)
    x = _switch(k) + SCALE / np.tan(half_angle) ** 2
    values = _miller(k, x) * (x + _balance(k)) ** (k + 1)
    turns = np.outer(np.arange(terms), 2 * np.arange(terms) + 1) % (4 * terms)
    series = 2 / terms * np.cos(np.pi * turns / (2 * terms)) @ values
    series[0] *= 0.5
    return np.polynomial.chebyshev.chebtrim(series, 1e-16 * np.max(np.abs(series)))


def _miller(k: int, x: NDArray) -> NDArray:
    """H^(k)/φ by the downward recurrence of ratios, normalised at k = 0 by the scaled error function."""
    from scipy.special import erfcx

    smallest = float(np.min(x))
    top = k + 30 + int((20.0 / smallest) ** 2)
    # ratio_j = S_j/(j! scale) obeys S_{j-1} = (S_{j+1} + x S_j)/j; divided through it never overflows
    ratio = np.ones_like(x)  # S_j/S_{j-1}, started anywhere far above k
    product = np.ones_like(x)
    for j in range(top, 0, -1):
        ratio = j / (x + ratio)
        if j <= k:
            product = product * ratio
    return product * math.sqrt(math.pi / 2) * erfcx(x / math.sqrt(2))


def _H_multiprecision(k: int, x: Number) -> Number:
    """Upward recurrence in mpmath with as many guard digits as it can lose."""
    from mpmath import mp

    if isinstance(x, np.ndarray):
        return np.frompyfunc(lambda v: _H_multiprecision(k, v), 1, 1)(x)
    if hasattr(x, "_mpc_"):
        slope = -k * _H_multiprecision(k - 1, x.real) if k else -phi(x.real)
        return _H_multiprecision(k, x.real) + 1j * x.imag * slope
    guard = 20 + (k + 1) * 2 * max(1, int(mp.mag(x)) if x else 1)
    with guard_bits(guard):
        previous, current = phi(x), _upper_tail(mp, x)
        for j in range(k):
            previous, current = current, -x * current + (j * previous if j else previous)
    return +current


def _upper_tail(mp: Any, x: Number) -> Number:
    """H^(0)(x) in mpmath, whose erfc overflows beyond 1e154: far out φ(x)/x (1 − 1/x² + 3/x⁴ − …)."""
    if mp.mag(x) < 300 or not x:
        return mp.erfc(x / mp.sqrt(2)) / 2
    if x < 0:
        return 1 - _upper_tail(mp, -x)
    total, term, j = mp.mpf(0), mp.one, 1
    while abs(term) > mp.eps:
        total, term, j = total + term, -term * j / (x * x), j + 2
    return phi(x) / x * total
