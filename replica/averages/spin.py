"""A ±1 spin inside a Gaussian field: what it does on average at any temperature T ≥ 0.

A spin in the field x = h + s z, z ~ Dz, has mean tanh(x/T). At low T that is a kink of width T/s in z, which a
fixed Gaussian rule misses. But tanh is the mean of sign(x + T t) over logistic noise t of density ½ sech² t, so
the Gaussian integral can be done first, in closed form, and only a smooth average over t is left:

    ∫Dz tanh((h + s z)/T)        = ⟨erf((h + T t)/(√2 s))⟩_t
    (1/T) ∫Dz sech²((h + s z)/T) = (2/s) ⟨φ((h + T t)/s)⟩_t
    T ∫Dz ln 2cosh((h + s z)/T)  = s ⟨A((h + T t)/s)⟩_t,    A(x) = x erf(x/√2) + 2 φ(x)

At T = 0 these are the zero-temperature formulas themselves: one code serves every T, and nothing is singular as
T → 0. For T ≪ s the integrand is nearly constant in t and a 32-point Gauss rule of the logistic density is exact
to rounding; up to T = 1.5 s a trapezoid in t converges exponentially (nearest pole iπ/2); beyond, the Gaussian is
narrow in t, the average over the field is the smooth one, and the trapezoid runs in z.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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

NEARLY_COLD = 0.25
"""T/s up to which 32 Gauss nodes average over the logistic noise to rounding."""
CROSSOVER = 1.5
"""T/s above which the average runs over the field, not over the logistic noise."""


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
        m, q, C, of the common shape; absolute error about 1e-16, at T = 0 the closed forms.
    """
    m, C, q = _average(h, s, T, _sharp_averages, _smooth_averages)
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
    m, C, q, first, second = _average(h, s, T, _sharp_bends, _smooth_bends)
    return SpinBends(m, q, C, first, second)


def spin_linear_response(h: Number, s: Number, T: Number) -> tuple[Number, Number, Number]:
    """Magnetisation, response C = ∂m/∂h and its slope ∂C/∂h, in one pass; ∂m/∂s = s ∂C/∂h."""
    return _average(h, s, T, _sharp_linear, _smooth_linear)


def spin_response_squared(h: Number, s: Number, T: Number) -> Number:
    """Mean squared response ⟨(β var)²⟩ = (1/T²) ∫Dz sech⁴((h + s z)/T), T > 0, which the AT line needs."""
    return _average(h, s, T, _sharp_squared, _smooth_squared, entire=False)[0]


def spin_work(h: Number, s: Number, T: Number) -> Number:
    """T ∫Dz ln 2cosh((h + s z)/T), minus the free energy of a spin; at T = 0 the mean of |h + s z|."""
    return _average(h, s, T, _sharp_work, _smooth_work)[0]


def spin_entropy(h: Number, s: Number, T: Number) -> Number:
    """Entropy ∫Dz [ln 2cosh u − u tanh u], u = (h + s z)/T, of a spin in the field; 0 at T = 0."""
    return _average(h, s, T, _sharp_entropy, _smooth_entropy)[0]


# The integrands, over logistic noise t (sharp) or over the Gaussian z (smooth).


def _sharp_averages(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    C = 2 * mean(phi(x)) / s
    return mean(erf(x / _sqrt2(x))), C, 1 - T * C


def _smooth_averages(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    u = tanh((h + s * z) / T)
    q = mean(u * u)
    return mean(u), (1 - q) / T, q


def _sharp_linear(t: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    x = (h + T * t) / s
    density = phi(x)
    return mean(erf(x / _sqrt2(x))), 2 * mean(density) / s, -2 * mean(x * density) / (s * s)


def _smooth_linear(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    u = tanh((h + s * z) / T)
    variance = 1 - u * u
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
    return (2 / (T * s) * mean((1 - tanh(t) ** 2) * phi((h + T * t) / s)),)


def _smooth_squared(z: Number, mean: Callable, h: Number, s: Number, T: Number) -> tuple:
    return (mean((1 - tanh((h + s * z) / T) ** 2) ** 2) / (T * T),)


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
    return (mean(u * (1 - tanh(u)) + log1p(exp(-2 * u))),)


def _sqrt2(like: Number) -> Number:
    if not is_multiprecision(like):
        return math.sqrt(2)
    from mpmath import mp

    return mp.sqrt(2)


# The rules.


class _Rule(NamedTuple):
    node: NDArray
    weight: NDArray


@cache
def _gauss_logistic_rule() -> _Rule:
    """Gauss rule for ½ sech² t dt; its recurrence coefficients are β_k = π² k⁴/(4 (4k² − 1))."""
    from scipy.linalg import eigh_tridiagonal

    k = np.arange(1.0, 32.0)
    node, vector = eigh_tridiagonal(np.zeros(32), np.pi * k * k / (2 * np.sqrt(4 * k * k - 1)))
    node, weight = 0.5 * (node - node[::-1]), 0.5 * (vector[0] ** 2 + vector[0][::-1] ** 2)
    return _Rule(node, weight / weight.sum())


@cache
def _logistic_rule() -> _Rule:
    """Trapezoid for ½ sech² t dt: step 0.22 (error of order e^{−π²/h} = 3e-20), |t| ≤ 19 (tail e^{−38})."""
    t = np.arange(-86, 87) * 0.22
    weight = 0.5 / np.cosh(t) ** 2
    return _Rule(t, weight / weight.sum())


@cache
def _gaussian_rule() -> _Rule:
    """Trapezoid for Dz: step 0.3 resolves the poles of tanh, at distance π T/(2 s) ≥ 3π/4; |z| ≤ 9."""
    z = np.arange(-30, 31) * 0.3
    weight = phi(z)
    return _Rule(z, weight / weight.sum())


@cache
def _zero_temperature_rule() -> _Rule:
    return _Rule(np.zeros(1), np.ones(1))


def _average(h: Number, s: Number, T: Number, sharp: Callable, smooth: Callable, *, entire: bool = True) -> tuple:
    """Average by the rule that suits T/s, element by element; the Gauss rule only for entire functions of t."""
    if is_multiprecision(h) or is_multiprecision(s) or is_multiprecision(T):
        return _average_multiprecision(h, s, T, sharp, smooth)
    temperature, noise = np.real(T), np.real(s)
    if np.all(temperature == 0):
        return _apply(_zero_temperature_rule(), sharp, h, s, T)
    cold = (temperature <= NEARLY_COLD * noise) & entire
    cool = temperature <= CROSSOVER * noise
    regimes = [
        (cold, _gauss_logistic_rule, sharp),
        (cool & ~cold, _logistic_rule, sharp),
        (~cool, _gaussian_rule, smooth),
    ]
    for where, rule, form in regimes:
        if np.all(where):
            return _apply(rule(), form, h, s, T)
    h, s, T, cold, cool = np.broadcast_arrays(h, s, T, cold, cool)
    merged: list[NDArray] = []
    for where, rule, form in regimes:
        chosen = np.broadcast_to(where, h.shape)
        if not chosen.any():
            continue
        parts = _apply(rule(), form, h[chosen], s[chosen], T[chosen])
        merged = merged or [np.empty(h.shape, dtype=np.result_type(part)) for part in parts]
        for out, part in zip(merged, parts, strict=True):
            out[chosen] = part
    return tuple(merged)


def _apply(rule: _Rule, form: Callable, h: Number, s: Number, T: Number) -> tuple:
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        if len(rule.node) == 1:
            return form(0.0, lambda v: v, h, s, T)
        if np.ndim(h) == np.ndim(s) == np.ndim(T) == 0:
            return form(rule.node, lambda v: (v @ rule.weight)[()], h, s, T)
        h, s, T = np.broadcast_arrays(h, s, T)
        # nodes along the first axis, elements along the last: long inner loops, short sums
        column = (-1, *(1,) * h.ndim)
        return form(rule.node.reshape(column), lambda v: np.tensordot(rule.weight, v, 1), h, s, T)


def _average_multiprecision(h: Number, s: Number, T: Number, sharp: Callable, smooth: Callable) -> tuple:
    """Trapezoid at the working precision: over logistic noise for T ≤ s, over the Gaussian beyond."""
    from mpmath import mp

    if not hasattr(T, "_mpc_") and T == 0:
        return sharp(mp.zero, lambda v: v, h, s, T)
    if s == 0:
        return smooth(mp.zero, lambda v: v, h, s, T)
    digits, ratio = float(mp.dps * mp.log(10)) + 5, float(mp.re(T) / mp.re(s))
    if ratio > 1:
        # a pole at distance d: error e^{c²/2 − 2πc/h} for any c ≤ d
        c = min(math.pi * ratio / 2, math.sqrt(2 * digits))
        nodes, weights = _multiprecision_rule(mp.dps, _below(2 * math.pi * c / (digits + c * c / 2)), True)
        return smooth(nodes, lambda v: (v * weights).sum(), h, s, T)
    step = min(math.pi**2 / digits, math.pi * math.sqrt(2 / digits) / (2 * ratio))
    nodes, weights = _multiprecision_rule(mp.dps, _below(step), False)
    return sharp(nodes, lambda v: (v * weights).sum(), h, s, T)


def _below(step: float) -> float:
    """Next step below on a ladder of factors 2^¼, so that rules are shared."""
    return float(2.0 ** (math.floor(4 * math.log2(step)) / 4))


@lru_cache(maxsize=32)
def _multiprecision_rule(digits: int, step: float, gaussian: bool) -> tuple[NDArray, NDArray]:
    """Trapezoid nodes and weights of Dz, or of ½ sech² t dt, to this many digits."""
    from mpmath import mp

    reach = math.sqrt(2 * (digits * math.log(10) + 5)) if gaussian else (digits * math.log(10) + 5) / 2
    count = math.ceil(reach / step)
    h = mp.mpf(step)
    nodes = np.array([j * h for j in range(-count, count + 1)], dtype=object)
    if gaussian:
        return nodes, h * phi(nodes)
    return nodes, np.array([h / (2 * mp.cosh(t) ** 2) for t in nodes], dtype=object)


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
