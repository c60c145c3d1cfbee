"""The law of a ReLU unit: the normal law cut to x ≥ 0, density ∝ exp(−x²/2 + a x) for any a, far tails included.

Two of them, of weights of their own on either side of 0, are the law of a double ReLU unit.
"""

import math
from collections.abc import Callable

import numpy as np

from rbm_sim._support import random

_TAIL = 100.0  # beyond: the difference in `mean` loses a²·eps, its series has an error of 700/a⁸

_CROSSING = 0.4698  # a at which a normal and an exponential proposal are accepted equally often


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
    """Probability of a value ≤ x."""
    from scipy.special import ndtr

    x = np.maximum(x, 0)
    body = (ndtr(x - a) - ndtr(-a)) / ndtr(np.maximum(a, 0))
    return np.where(a < 0, 1 - survival(x, a), np.maximum(body, 0))


def survival(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Probability of a value > x; for a < 0 it is erfcx((x − a)/√2)/erfcx(−a/√2) exp(a x − x²/2)."""
    from scipy.special import erfcx, ndtr

    x = np.maximum(x, 0)
    low = np.minimum(a, 0)
    above = erfcx((x - low) / math.sqrt(2)) / erfcx(-low / math.sqrt(2)) * np.exp(-x * (x / 2 - low))
    high = np.maximum(a, 0)
    return np.where(a < 0, above, ndtr(high - x) / ndtr(high))


def sample(a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw once for every entry of `a`, by rejection, exactly.

    For large a the proposal is N(a, 1), by the transformation of Box and Muller. Else it is the exponential law of
    the best rate λ = (√(a² + 4) − a)/2, accepted with probability exp{−(x − (λ + a))²/2} (Robert, Statistics and
    Computing 5, 121 (1995), proposition 2.3, with the origin moved to the cut so that nothing cancels). Which one
    is what is accepted more often: 68 % or more, whatever a is. Both proposals are made from the same two uniform
    numbers for every entry: that costs less than to sort the entries.
    """
    return _until_accepted(_propose, (a,), rng)


def sample_sides(right: np.ndarray, left: np.ndarray, excess: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from the law ∝ exp(excess − x²/2 + right x) for x > 0 and exp(−x²/2 − left x) for x < 0, by rejection.

    The side of a proposal is drawn by the areas under the two proposals, which need no error function; one that is
    rejected gets another side too. The share accepted lies between those of the two sides.

    Parameters
    ----------
    right, left : ndarray
        Inputs of the two sides, both in the direction away from 0.
    excess : ndarray
        Logarithm of the weight of the right side over that of the left one; it is overwritten.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray
        One draw for each entry.
    """
    excess += _log_area(right)
    excess -= _log_area(left)
    return _until_accepted(_propose_side, (right, left, excess), rng)


Proposal = Callable[..., tuple[np.ndarray, np.ndarray]]


def _until_accepted(propose: Proposal, fields: tuple[np.ndarray, ...], rng: np.random.Generator) -> np.ndarray:
    """Propose for every entry of the fields until one proposal is accepted."""
    x, accepted = propose(*fields, rng)
    pending = np.flatnonzero(~accepted)
    flat, result = [field.reshape(-1) for field in fields], x.reshape(-1)
    if pending.size:
        # nan has no law, and would be tried for ever
        none = np.isnan(sum(flat))
        pending = pending[~none[pending]]
        result[none] = np.nan
    while pending.size:
        # The fewer entries are left, the more proposals each one gets at once: the first accepted one counts.
        tries = min(16, 1 + 8192 // pending.size)
        x, accepted = propose(*(np.broadcast_to(field[pending], (tries, pending.size)) for field in flat), rng)
        result[pending] = x[accepted.argmax(axis=0), np.arange(pending.size)]
        pending = pending[~accepted.any(axis=0)]
    return result.reshape(fields[0].shape)


def _propose(a: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one proposal for every entry, and whether it is accepted."""
    u = random.uniform(rng, (2, *a.shape), a.dtype)
    energy = -np.log(u[0])
    tail = a < _CROSSING
    normal = np.sqrt(2 * energy)
    normal *= np.cos(a.dtype.type(2 * math.pi) * u[1])
    normal += a
    low = np.minimum(a, a.dtype.type(_CROSSING))
    gap = 2 / (np.sqrt(low * low + 4) - low)  # λ + a
    energy /= gap - low
    keep = u[1] <= np.exp((energy - gap) ** 2 / -2)
    keep &= tail
    keep |= (normal >= 0) & ~tail
    # Products with 0 and 1 take a third of the time of `where` on a mask without pattern.
    energy *= tail
    normal *= ~tail
    energy += normal
    return energy, keep


def _propose_side(
    right: np.ndarray, left: np.ndarray, excess: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a side and one proposal on it, and whether it is accepted."""
    with np.errstate(over="ignore"):
        odds = np.exp(-excess)
    odds += 1
    odds *= random.uniform(rng, odds.shape, odds.dtype)
    sign = np.where(odds <= 1, odds.dtype.type(1), odds.dtype.type(-1))
    x, keep = _propose(np.where(sign > 0, right, left), rng)
    x *= sign
    return x, keep


def _log_area(a: np.ndarray) -> np.ndarray:
    """Logarithm of the area under the proposal, which lies nowhere below exp(−x²/2 + a x)."""
    low = np.minimum(a, a.dtype.type(_CROSSING))
    gap = 2 / (np.sqrt(low * low + 4) - low)
    exponential = gap * gap / 2 - np.log(gap - low)
    return np.where(a < _CROSSING, exponential, a * a / 2 + a.dtype.type(math.log(2 * math.pi) / 2))
