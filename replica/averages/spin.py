"""A ±1 spin inside a Gaussian field: what it does on average at any temperature T ≥ 0.

A spin in the field x = h + s z, z ~ Dz, has mean tanh(x/T). At low T that is a kink of width T/s in z, which a
fixed Gaussian rule misses. But tanh is the mean of sign(x + T t) over logistic noise t of density ½ sech² t, so
the Gaussian integral can be done first, in closed form, and only a smooth average over t is left:

    ∫Dz tanh((h + s z)/T)        = ⟨erf((h + T t)/(√2 s))⟩_t
    (1/T) ∫Dz sech²((h + s z)/T) = (2/s) ⟨φ((h + T t)/s)⟩_t
    T ∫Dz ln 2cosh((h + s z)/T)  = s ⟨A((h + T t)/s)⟩_t,    A(x) = x erf(x/√2) + 2 φ(x)

At T = 0 these are the zero-temperature formulas themselves: one code serves every T, and nothing is singular as
T → 0. The rules that average over t, or where the Gaussian is narrow over z, are in `replica.averages.field_rules`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from replica.averages.field_rules import CROSSOVER, field_average, tail_average
from replica.numerics.elementary import abs_real, erf, exp, is_multiprecision, log1p, phi, tanh
from replica.numerics.number import Number

__all__ = [
    "SpinAverages",
    "SpinBends",
    "spin_averages",
    "spin_bends",
    "spin_entropy",
    "spin_linear_response",
    "spin_response_squared",
    "spin_work",
]


class SpinAverages(NamedTuple):
    """Averages of a ±1 spin over the field h + s z."""

    m: Number
    """Magnetisation ∫Dz tanh((h + s z)/T)."""
    q: Number
    """Overlap ∫Dz tanh²((h + s z)/T)."""
    C: Number
    """Response (1/T) ∫Dz sech²((h + s z)/T)."""


def spin_averages(h: Number, s: Number, T: Number) -> SpinAverages:
    """Magnetisation, overlap and response of a spin in the field h + s z.

    m = ∫Dz tanh((h + s z)/T), q = ∫Dz tanh²(…) = 1 − T C, C = (1/T) ∫Dz sech²(…).

    Parameters
    ----------
    h : float, array, complex step or mpmath number
        Mean field.
    s : float, array, complex step or mpmath number
        Standard deviation of the field, ≥ 0 (> 0 where T = 0).
    T : float, array, complex step or mpmath number
        Temperature, ≥ 0.

    Returns
    -------
    SpinAverages
        m, q, C, of the common shape; absolute error about 1e-16, that of C relative; at T = 0 the closed forms.
    """
    m, C, q = field_average(h, s, T, _sharp_averages, _smooth_averages)
    faint = _is_faint(h, s, T)
    if not np.any(faint):
        return SpinAverages(m, q, C)
    if not np.ndim(faint):
        C = _faint_response(h, s, T)
        return SpinAverages(m, 1 - T * C, C)
    h, s, T, q, C, faint = np.broadcast_arrays(h, s, T, q, C, faint)
    q, C = q.copy(), C.copy()
    C[faint] = _faint_response(h[faint], s[faint], T[faint])
    q[faint] = 1 - T[faint] * C[faint]
    return SpinAverages(m, q, C)


class SpinBends(NamedTuple):
    """Averages of a ±1 spin over the field h + s z, and the slopes of its response."""

    m: Number
    """Magnetisation."""
    q: Number
    """Overlap."""
    C: Number
    """Response ∂m/∂h."""
    first: Number
    """∂C/∂h; ∂m/∂s is s times this."""
    second: Number
    """∂²C/∂h²; ∂C/∂s is s times this."""


def spin_bends(h: Number, s: Number, T: Number) -> SpinBends:
    """All of a spin in one pass that its slopes in h and s need; arguments as those of `spin_averages`."""
    m, C, q, first, second = field_average(h, s, T, _sharp_bends, _smooth_bends)
    return SpinBends(m, q, C, first, second)


def spin_linear_response(h: Number, s: Number, T: Number) -> tuple[Number, Number, Number]:
    """Magnetisation, response C = ∂m/∂h and its slope ∂C/∂h, in one pass; ∂m/∂s = s ∂C/∂h."""
    return field_average(h, s, T, _sharp_linear, _smooth_linear)


def spin_response_squared(h: Number, s: Number, T: Number) -> Number:
    """Mean squared response ⟨(β var)²⟩ = (1/T²) ∫Dz sech⁴((h + s z)/T), T > 0, which the AT line needs."""
    return field_average(h, s, T, _sharp_squared, _smooth_squared, entire=False)[0]


def spin_work(h: Number, s: Number, T: Number) -> Number:
    """T ∫Dz ln 2cosh((h + s z)/T), minus the free energy of a spin; at T = 0 the mean of |h + s z|."""
    return field_average(h, s, T, _sharp_work, _smooth_work)[0]


def spin_entropy(h: Number, s: Number, T: Number) -> Number:
    """Entropy ∫Dz [ln 2cosh u − u tanh u], u = (h + s z)/T, of a spin in the field; 0 at T = 0."""
    return field_average(h, s, T, _sharp_entropy, _smooth_entropy)[0]


# The integrands, over logistic noise t (sharp) or over the Gaussian z (smooth).


def _sharp_averages(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    C = 2 * mean(phi(x)) / s
    return mean(erf(x / _sqrt2(x))), C, 1 - T * C


def _smooth_averages(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + s * z) / T
    u = tanh(x)
    return mean(u), mean(_squared_sech(x)) / T, mean(u * u)


def _sharp_linear(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    density = phi(x)
    return mean(erf(x / _sqrt2(x))), 2 * mean(density) / s, -2 * mean(x * density) / (s * s)


def _smooth_linear(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + s * z) / T
    u, variance = tanh(x), _squared_sech(x)
    return mean(u), mean(variance) / T, -2 * mean(u * variance) / (T * T)


def _sharp_bends(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    density = phi(x)
    C = 2 * mean(density) / s
    bent = density * x
    second = 2 * mean((x * x - 1) * density) / (s * s * s)
    return mean(erf(x / _sqrt2(x))), C, 1 - T * C, -2 * mean(bent) / (s * s), second


def _smooth_bends(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    u = tanh((h + s * z) / T)
    square = u * u
    variance = 1 - square
    q = mean(square)
    first = -2 * mean(u * variance) / (T * T)
    return mean(u), (1 - q) / T, q, first, mean(variance * (6 * square - 2)) / (T * T * T)


def _sharp_squared(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    return (2 / (T * s) * mean(_squared_sech(t) * phi((h + T * t) / s)),)


def _smooth_squared(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    return (mean(_squared_sech((h + s * z) / T) ** 2) / (T * T),)


def _sharp_work(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    return (s * mean(x * erf(x / _sqrt2(x)) + 2 * phi(x)),)


def _smooth_work(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    u = abs_real((h + s * z) / T)
    return (T * mean(u + log1p(exp(-2 * u))),)


def _sharp_entropy(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    return (mean(t * erf(x / _sqrt2(x))),)


def _smooth_entropy(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    u = abs_real((h + s * z) / T)
    e = exp(-2 * u)
    return (mean(2 * u * e / (1 + e) + log1p(e)),)


def _sqrt2(like: Number) -> Number:
    if not is_multiprecision(like):
        return math.sqrt(2)
    from mpmath import mp

    return mp.sqrt(2)


def _squared_sech(x: Number) -> Number:
    """sech² x = 4 e^{−2|x|}/(1 + e^{−2|x|})²: 1 − tanh² x has no digits left where it is small."""
    e = exp(-2 * abs_real(x))
    return 4 * e / (1 + e) ** 2


# Where C is small.

FAINT, FAINT_IN_DIGITS = 0.8, 0.1
"""λ = |h|T/s² above which the rules over logistic noise are cut where C comes from; those in mpmath end early."""


def _is_faint(h: Number, s: Number, T: Number) -> Any:
    """Where C is a tail: at T ≤ 1.5 s, beyond which the average over the field has it."""
    if is_multiprecision(h) or is_multiprecision(s) or is_multiprecision(T):
        h, s, T = (getattr(v, "real", v) for v in (h, s, T))
        return bool(0 < T <= s and abs(h) * T > FAINT_IN_DIGITS * s * s)
    h, s, T = np.real(h), np.real(s), np.real(T)
    return (T > 0) & (T <= CROSSOVER * s) & (abs(h) * T > FAINT * s * s)


def _faint_response(h: Number, s: Number, T: Number) -> Number:
    """C where it is small, to rounding, by either of two identities with |h| for h.

    sech² x = e^{−2x} (1 + tanh x)², and the exponential moves the mean of the field to h′ = h − 2 s²/T:
    C = (1/T) e^{−2h/T + 2s²/T²} (1 + 2m′ + q′), m′ and q′ the averages there, unless h′ is far below 0. Then it is
    the average over logistic noise, t = sinh x in steps of x as far as the noise with the factor e^{−λt} goes.
    """
    h = abs_real(h)
    # far below 0 the first identity may be 0 times infinity, and is not used
    with np.errstate(all="ignore"):
        moved = h - 2 * s * s / T
        far = np.real(moved) < -np.real(s)
        if np.all(far):
            return tail_average(h, s, T, _sharp_response)[0]
        m, _, q = field_average(moved, s, T, _sharp_averages, _smooth_averages)
        by_shift = exp(-2 * (h - s * s / T) / T) * (1 + 2 * m + q) / T
    return np.where(far, tail_average(h, s, T, _sharp_response)[0], by_shift)[()] if np.any(far) else by_shift


def _sharp_response(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    return (2 * mean(phi((h + T * t) / s)) / s,)


@cache
def sign_sum_law(n: int) -> tuple[tuple[int, float], ...]:
    """Law of |z_n|, z_n a sum of n random signs: pairs (value, weight). n = 0 stands for m = 0."""
    if n == 0:
        return ((0, 1.0),)
    law: dict[int, float] = {}
    for k in range(n + 1):
        z = abs(n - 2 * k)
        law[z] = law.get(z, 0.0) + math.comb(n, k) / 2**n
    return tuple(sorted(law.items()))


def mixture_averages(m: Number, s: Number, T: Number, n: int) -> tuple[Number, Number, Number]:
    """Averages (1/n)⟨z_n tanh⟩, ⟨tanh²⟩ and C over the law of z_n, in the fields m z_n + s z."""
    total_m: Number = 0.0
    total_q: Number = 0.0
    total_C: Number = 0.0
    for z, weight in sign_sum_law(n):
        site = spin_averages(m * z, s, T)
        total_m = total_m + weight * z / max(n, 1) * site.m
        total_q = total_q + weight * site.q
        total_C = total_C + weight * site.C
    return total_m, total_q, total_C
