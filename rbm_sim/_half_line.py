"""The normal law cut to the half line: density ∝ exp(−x²/2 + a x) on x ≥ 0, for any a, far tails included."""

import math

import numpy as np

_TAIL = 100.0  # beyond: the difference in `mean` loses a²·eps, its series has an error of 700/a⁸


def log_integral(a: np.ndarray) -> np.ndarray:
    """Logarithm of ∫₀^∞ dx exp(−x²/2 + a x) = √(π/2) erfcx(−a/√2)."""
    from scipy.special import erfcx, log_ndtr

    positive = np.maximum(a, 0)
    return np.where(
        a > 0,
        positive * positive / 2 + log_ndtr(positive) + math.log(2 * math.pi) / 2,
        np.log(erfcx(-np.minimum(a, 0) / math.sqrt(2))) + math.log(math.pi / 2) / 2,
    )


def mean(a: np.ndarray) -> np.ndarray:
    """Mean a + √(2/π)/erfcx(−a/√2); for a → −∞ its series (1 − 2/a² + 10/a⁴ − 74/a⁶)/|a|."""
    from scipy.special import erfcx

    body = np.maximum(a, -_TAIL)
    # erfcx overflows to inf for large positive a, where the correction to a is indeed 0
    correction = math.sqrt(2 / math.pi) / erfcx(-body / math.sqrt(2))
    inverse = 1 / np.maximum(-a, _TAIL)
    s = inverse * inverse
    return np.where(a < -_TAIL, inverse * (1 - s * (2 - s * (10 - 74 * s))), body + correction)


def cdf(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Probability of a value ≤ x; for a < 0 from 1 − erfcx((x − a)/√2)/erfcx(−a/√2) exp(a x − x²/2)."""
    from scipy.special import erfcx, ndtr

    x = np.maximum(x, 0)
    low = np.minimum(a, 0)
    above = erfcx((x - low) / math.sqrt(2)) / erfcx(-low / math.sqrt(2)) * np.exp(-x * (x / 2 - low))
    body = (ndtr(x - a) - ndtr(-a)) / ndtr(np.maximum(a, 0))
    return np.where(a < 0, 1 - above, np.maximum(body, 0))


def sample(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw once for every entry of `a`, by rejection.

    For a ≥ 0 the proposal is N(a, 1). For a < 0 it is the exponential law of the best rate
    λ = (|a| + √(a² + 4))/2, accepted with probability exp{−(x − (λ − |a|))²/2} (Robert, Statistics and
    Computing 5, 121 (1995), proposition 2.3, with the origin moved to the cut so that nothing cancels).
    At least half of the proposals are accepted, whatever a is.
    """
    flat = np.ascontiguousarray(a).ravel()
    result = np.empty_like(flat)
    kind = flat.dtype.type
    pending = np.flatnonzero(flat >= 0)
    while pending.size:
        x = flat[pending] + rng.standard_normal(pending.size, dtype=kind)
        result[pending] = x
        pending = pending[x < 0]
    pending = np.flatnonzero(flat < 0)
    while pending.size:
        gap = 2 / (np.hypot(flat[pending], 2) - flat[pending])  # λ − |a|
        x = rng.standard_exponential(pending.size, dtype=kind) / (gap - flat[pending])
        result[pending] = x
        pending = pending[rng.random(pending.size, dtype=kind) > np.exp(-((x - gap) ** 2) / 2)]
    return result.reshape(a.shape)
