"""Order parameters, and what is computed from them with care: 1/(1 − C), ln(1 − C)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from replica.numerics.elementary import exp, is_multiprecision, log, log1p
from replica.numerics.number import Number

__all__ = ["PAIRS", "Order", "exp_clipped", "gain", "log_margin"]


class Order(NamedTuple):
    """Order parameters and responses: numbers, or arrays of one shape."""

    m: Number
    """Overlap with each condensed pattern."""
    q: Number
    """Edwards–Anderson overlap (spins) or weighted mean activity (0/1 units) of the visible layer."""
    r: Number
    """Mean squared activation of the weakly activated hidden units."""
    C: Number
    """Response β p (q_d − q) of the visible layer."""
    B: Number
    """Response β p (r_d − r) of the hidden layer."""


PAIRS = {"C": "r", "r": "C", "q": "B", "B": "q"}
"""Order parameters that multiply each other in f: the derivative by one is the equation of the other."""
SMALL_MARGIN = 1e-4
"""1 − C below which its rounding would show: the glass at small loads and high thresholds has 1e-20 and less."""


def gain(order: Order, scale: Number) -> Number:
    """1/(1 − C), at small 1 − C as B/scale with B = scale/(1 − C): B is known to all its digits, 1 − C is not."""
    C, B = order.C, order.B
    if is_multiprecision(C) or is_multiprecision(B):
        return 1 / (1 - C)
    with np.errstate(all="ignore"):
        plain, fine = 1 / np.asarray(1 - C), np.asarray(B) / scale
        resolved = (np.real(1 - np.asarray(C)) < SMALL_MARGIN) & (np.real(fine) > 0.5 / SMALL_MARGIN)
        return np.where(resolved & np.isfinite(fine), fine, plain)[()]


def log_margin(order: Order, scale: Number) -> Number:
    """ln(1 − C), likewise."""
    if is_multiprecision(order.C) or is_multiprecision(order.B):
        return log1p(-order.C)
    with np.errstate(all="ignore"):
        small = np.real(1 - np.asarray(order.C)) < SMALL_MARGIN
        return np.where(small, -log(gain(order, scale)), log1p(-order.C))[()]


def exp_clipped(x: Number) -> Number:
    """e^x without a warning where it overflows to inf or underflows to 0."""
    if is_multiprecision(x):
        return exp(x)
    with np.errstate(over="ignore", under="ignore"):
        return exp(x)
