"""Functions of a number in two arithmetics: doubles (`Floats`) and mpmath at 40 digits and more (`Digits`).

Equations take one of the two as `on` and are written once: `on.Phi`, `on.phi`, `on.H`, `on.gauss`.
H(k, x) = ∫_x^∞ Dz (z − x)^k.
"""

from __future__ import annotations

import math

import numpy as np
from mpmath import mp
from scipy.special import erfcx, log_ndtr, ndtr

DIGITS = 40
GUARD = 25
"""Digits beyond, for what cancels in H2 = (1 + x²) H0 − x φ."""


class Floats:
    """Doubles."""

    exp, log, sqrt, pi = math.exp, math.log, math.sqrt, math.pi
    cut, decay = 9.0, 37.0

    @staticmethod
    def number(x):
        """A double."""
        return float(x)

    @staticmethod
    def Phi(x):
        """Normal distribution function."""
        return float(ndtr(x))

    @staticmethod
    def phi(x):
        """Normal density."""
        return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi) if abs(x) < 38 else 0.0

    @staticmethod
    def H(k, x):
        """H^(k)(x) for k = 0, 1, 2."""
        return float(np.exp(log_H(k, x)))

    @classmethod
    def gauss(cls, function, strip):
        """∫Dz function(z), analytic for |Im z| < strip, by the trapezoid rule; function returns a list."""
        return trapezoid(cls, function, strip)


class Digits:
    """Numbers of mpmath."""

    exp, log, sqrt = staticmethod(mp.exp), staticmethod(mp.log), staticmethod(mp.sqrt)
    cut, decay = 12.5, 75.0

    @property
    def pi(self):
        """The number π."""
        return +mp.pi

    @staticmethod
    def number(x):
        """The number with all the digits of the double."""
        return mp.mpf(x)

    @staticmethod
    def Phi(x):
        """Normal distribution function; 0 or 1 beyond 1e9 standard deviations."""
        if abs(x) > 1e9:
            return mp.mpf(1 if x > 0 else 0)
        return mp.erfc(-x / mp.sqrt(2)) / 2

    @staticmethod
    def phi(x):
        """Normal density."""
        return mp.npdf(x) if abs(x) < 1e9 else mp.mpf(0)

    def H(self, k, x):
        """H^(k)(x) for k = 0, 1, 2."""
        with mp.extradps(10 + 8 * (x > 1e3)):
            H0 = self.Phi(-x)
            if k == 0:
                return +H0
            if x > 1e6:
                # only the leading power is left of a sum that cancels
                return self.phi(x) * {1: x**-2 - 3 * x**-4, 2: 2 * x**-3 - 12 * x**-5}[k]
            return +(self.phi(x) - x * H0 if k == 1 else (1 + x * x) * H0 - x * self.phi(x))

    def gauss(self, function, strip):
        """∫Dz function(z), analytic for |Im z| < strip, by the trapezoid rule; function returns a list."""
        return trapezoid(self, function, strip)


def trapezoid(on, function, strip):
    """∫Dz of a list of functions; the error is e^{−2π·strip/step}, with the weight at most e^{−2π²/step² } more."""
    step = min(2 * math.pi * float(strip) / on.decay, math.sqrt(2 * math.pi**2 / on.decay))
    return weighted(on, on.phi, function, step, on.cut)


def logistic(on, function, width):
    """∫du ½ sech²(u) function(u) of a list of functions that change over a width, by the trapezoid rule."""

    def weight(u):
        decay = on.exp(-2 * abs(u))
        return 2 * decay / (1 + decay) ** 2

    step = min(math.pi**2 / on.decay, float(width) * math.sqrt(2 * math.pi**2 / on.decay))
    return weighted(on, weight, function, step, on.decay / 2 + 1)


def weighted(on, weight, function, step, cut):
    """The sum step·weight(z) function(z) over nodes in [−cut, cut], term by term of a list."""
    count = math.ceil(cut / step)
    step = on.number(cut) / count
    total = None
    for i in range(-count, count + 1):
        share = step * weight(i * step)
        values = [share * value for value in function(i * step)]
        total = values if total is None else [a + b for a, b in zip(total, values, strict=True)]
    return total


# Arrays of doubles.

SQRT_2PI = math.sqrt(2 * math.pi)


def normal_density(x):
    """φ(x)."""
    with np.errstate(under="ignore", over="ignore"):
        return np.exp(-0.5 * np.square(x)) / SQRT_2PI


def log_H(k, x):
    """Ln H^(k)(x) for k = 0, 1, 2, by φ(x) ∫_0^∞ dt t^k e^{−xt − t²/2}: closed form up to x = 12, then its series."""
    x = np.asarray(x, dtype=float)
    if k == 0:
        return log_ndtr(-x)
    small = np.minimum(x, FAR)
    with np.errstate(all="ignore"):
        mills = math.sqrt(math.pi / 2) * erfcx(small / math.sqrt(2))
        scaled = 1 - small * mills if k == 1 else (1 + small * small) * mills - small
        near = np.log(scaled) - small * small / 2 - math.log(SQRT_2PI)
        # far on the left erfcx overflows: H^(k)(x) is the moment (−x)^k + …
        left = np.log(-small) if k == 1 else np.log1p(small * small)
        near = np.where(small < -9, left, near)
        large = np.maximum(x, FAR)
        series = np.zeros_like(large)
        for j in range(12, -1, -1):
            series = series + (-1) ** j * math.factorial(2 * j + k) / (2**j * math.factorial(j)) * large ** (-2.0 * j)
        far = np.log(series) - (k + 1) * np.log(large) - large * large / 2 - math.log(SQRT_2PI)
    return np.where(x > FAR, far, near)


FAR = 12.0
