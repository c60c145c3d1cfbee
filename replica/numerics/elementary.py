"""Elementary functions that accept a float, an array, a complex step or an mpmath number.

The physics is written once, with these functions, and runs at 16 or at 50 digits according to what it is
given. A complex argument means a complex step, x + iε with ε far below the rounding of x: the imaginary part
carries the derivative, so erf and erfc need only their real values and their derivative rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from replica.numerics.number import Number

__all__ = ["abs_real", "erf", "exp", "is_multiprecision", "log", "log1p", "noise_floor", "phi", "sqrt", "tanh"]

COMPLEX_STEP = 1e-30
"""Size of the imaginary step in double precision: its square is below every rounding error."""

LARGEST_STEP = 1e-12
"""An imaginary part above this is not a step but a complex number, which is refused."""


def is_multiprecision(x: object) -> bool:
    """Whether x is an mpmath number (or an object array of them), found without importing mpmath."""
    return hasattr(x, "_mpf_") or hasattr(x, "_mpc_") or (isinstance(x, np.ndarray) and x.dtype.hasobject)


def check_step(x: Number) -> None:
    """Refuse a complex argument whose imaginary part is more than a step."""
    with np.errstate(invalid="ignore"):
        largest = float(np.max(np.abs(np.imag(x)) / np.maximum(1.0, np.abs(np.real(x))), initial=0.0))
    if math.isfinite(largest) and largest > LARGEST_STEP:
        raise ValueError(
            f"imaginary part {largest:.3g}: a complex argument is a complex step, at most {LARGEST_STEP:g}"
        )


def _multiprecision(function: Callable[[Any, Number], Number], x: Number) -> Number:
    """function(mpmath context, x), element by element on an object array."""
    from mpmath import mp

    if isinstance(x, np.ndarray):
        return np.frompyfunc(lambda v: function(mp, v), 1, 1)(x)
    return function(mp, x)


def exp(x: Number) -> Number:
    """e^x."""
    return _multiprecision(lambda mp, v: mp.exp(v), x) if is_multiprecision(x) else np.exp(x)


def log(x: Number) -> Number:
    """Natural logarithm; on a complex step in mpmath ln a + iε/a, however far apart a and ε are."""
    return _multiprecision(_log_multiprecision, x) if is_multiprecision(x) else np.log(x)


def _log_multiprecision(mp: Any, x: Number) -> Number:
    return mp.log(x) if hasattr(x, "_mpf_") else mp.mpc(mp.log(x.real), x.imag / x.real)


def log1p(x: Number) -> Number:
    """ln(1 + x), accurate for small x."""
    if not is_multiprecision(x):
        return np.log1p(x)
    return _multiprecision(lambda mp, v: mp.log1p(v) if hasattr(v, "_mpf_") else _log_multiprecision(mp, 1 + v), x)


def sqrt(x: Number) -> Number:
    """Square root."""
    return _multiprecision(lambda mp, v: mp.sqrt(v), x) if is_multiprecision(x) else np.sqrt(x)


def tanh(x: Number) -> Number:
    """Hyperbolic tangent."""
    return _multiprecision(lambda mp, v: mp.tanh(v), x) if is_multiprecision(x) else np.tanh(x)


def abs_real(x: Number) -> Number:
    """|x| as a function of a real variable: the sign of the real part, so that a complex step passes through."""
    if is_multiprecision(x):
        return _multiprecision(lambda mp, v: -v if mp.re(v) < 0 else v, x)
    return np.where(np.real(x) < 0, -x, x)[()]


def noise_floor(s: Number) -> Number:
    """Scale s kept above 1e-120, or 10^(−2 × digits) in mpmath: below, a field of that width is sharp to all digits."""
    if is_multiprecision(s):
        return _multiprecision(lambda mp, v: v if mp.re(v) > mp.eps**2 else mp.eps**2, s)
    return np.where(np.real(s) > 1e-120, s, 1e-120)[()]


def phi(x: Number) -> Number:
    """Standard Gaussian density φ(x) = e^{−x²/2}/√(2π)."""
    if is_multiprecision(x):
        return _multiprecision(lambda mp, v: mp.exp(-v * v / 2) / mp.sqrt(2 * mp.pi), x)
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


def erf(x: Number) -> Number:
    """Error function; on a complex step, erf(a + iε) = erf(a) + iε (2/√π) e^{−a²}."""
    if is_multiprecision(x):
        return _multiprecision(_erf_multiprecision, x)
    from scipy.special import erf as real_erf

    if not np.iscomplexobj(x):
        return real_erf(x)
    check_step(x)
    real = np.real(x)
    return real_erf(real) + 1j * (np.imag(x) * (2 / math.sqrt(math.pi)) * np.exp(-real * real))


def _erf_multiprecision(mp: Any, x: Number) -> Number:
    if hasattr(x, "_mpf_"):
        return mp.erf(x)
    return mp.mpc(mp.erf(x.real), x.imag * 2 / mp.sqrt(mp.pi) * mp.exp(-x.real * x.real))
