"""Rules for averages of a spin over its Gaussian field h + s z at a temperature T: over z, or over logistic noise.

tanh(x/T) is the mean of sign(x + T t) over logistic noise t of density ½ sech² t, so every average has two forms:
*smooth*, a function of the field h + s z averaged over z, and *sharp*, its Gaussian integral in closed form averaged
over t. For T ≪ s the latter is nearly constant in t and a 32-point Gauss rule of the logistic density is exact to
rounding; up to T = 1.5 s a trapezoid in t converges exponentially (nearest pole iπ/2); beyond, the Gaussian is narrow
in t, and the trapezoid runs in z.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import is_multiprecision, phi
from replica.numerics.number import Number

__all__ = ["CROSSOVER", "field_average", "tail_average"]

NEARLY_COLD = 0.25
"""T/s up to which 32 Gauss nodes average over the logistic noise to rounding."""
CROSSOVER = 1.5
"""T/s above which the average runs over the field, not over the logistic noise."""


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
    """Trapezoid for Dz: step 0.3 resolves the poles of tanh, at distance π T/(2 s) ≥ 3π/4.

    |z| ≤ 10.5: with a factor e^{±2sz/T} the Gaussian stands at 2 s/T ≤ 4/3.
    """
    z = np.arange(-35, 36) * 0.3
    weight = phi(z)
    return _Rule(z, weight / weight.sum())


@cache
def _zero_temperature_rule() -> _Rule:
    return _Rule(np.zeros(1), np.ones(1))


def field_average(h: Number, s: Number, T: Number, sharp: Callable, smooth: Callable, *, entire: bool = True) -> tuple:
    """Averages over the field h + s z by the rule that suits T/s, element by element.

    Parameters
    ----------
    h, s, T : float, array, complex step or mpmath number
        Mean and standard deviation of the field, temperature.
    sharp, smooth : callable
        The two forms: (nodes, mean, h, s, T) to a tuple of averages, mean taking values at the nodes to their mean.
    entire : bool
        Whether the sharp form averages an entire function of t, for which alone the Gauss rule is good.

    Returns
    -------
    tuple
        The averages, of the common shape.
    """
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

    # with a factor e^{±2sz/T} the Gaussian stands at 2 s/T < 2
    reach = 2 + math.sqrt(2 * (digits * math.log(10) + 5)) if gaussian else (digits * math.log(10) + 5) / 2
    count = math.ceil(reach / step)
    h = mp.mpf(step)
    nodes = np.array([j * h for j in range(-count, count + 1)], dtype=object)
    if gaussian:
        return nodes, h * phi(nodes)
    return nodes, np.array([h / (2 * mp.cosh(t) ** 2) for t in nodes], dtype=object)


def tail_average(h: Number, s: Number, T: Number, sharp: Callable) -> tuple:
    """Averages over logistic noise t so far out that a function as steep as e^{λ|t|}, λ < 2, is averaged to rounding.

    The trapezoid runs in asinh t.
    """
    if is_multiprecision(h) or is_multiprecision(s) or is_multiprecision(T):
        from mpmath import mp

        nodes, weights = _multiprecision_far_rule(mp.dps)
        return sharp(nodes, lambda v: (v * weights).sum(), h, s, T)
    return _apply(_far_logistic_rule(), sharp, h, s, T)


@cache
def _far_logistic_rule() -> _Rule:
    """|t| ≤ 350, step 0.12 of asinh t: half of what rounding asks for."""
    x = np.arange(-54, 55) * 0.12
    t = np.sinh(x)
    return _Rule(t, 0.12 * np.cosh(x) * 0.5 / np.cosh(t) ** 2)


@lru_cache(maxsize=8)
def _multiprecision_far_rule(digits: int) -> tuple[NDArray, NDArray]:
    """The same at this many digits; the strip without growth is about π/4 wide."""
    from mpmath import mp

    step = mp.mpf(math.pi**2 / 2.2 / (digits * math.log(10) + 5))
    count = math.ceil(math.asinh(25 * digits) / step)
    x = [j * step for j in range(-count, count + 1)]
    t = np.array([mp.sinh(v) for v in x], dtype=object)
    return t, np.array([step * mp.cosh(v) / (2 * mp.cosh(u) ** 2) for v, u in zip(x, t, strict=True)], dtype=object)
