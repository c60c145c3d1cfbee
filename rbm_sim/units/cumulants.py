"""Cumulants of the unit laws: derivatives d^n K/dy^n of their log-partition functions, to any order.

Both laws obey an equation of Riccati, t′ = 1 − t² for the hyperbolic tangent and λ′ = −λ(a + λ) for the inverse
Mills ratio, and the rule of Leibniz gives their derivatives one after the other.
"""

import math

import numpy as np


def spin(z: np.ndarray, order: int) -> np.ndarray:
    """d^n/dz^n ln 2cosh z. Nothing cancels, neither where tanh z is near ±1 nor where it is near 0.

    Relative error < 1e-14 up to order 6, 1e-13 up to order 30, apart from the zeros.
    """
    e = np.exp(-2 * np.abs(z))
    t = [np.tanh(z), 4 * e / (1 + e) ** 2]
    for n in range(1, order - 1):
        t.append(-_square(t, n))
    return t[order - 1]


def half_line(a: np.ndarray, order: int) -> np.ndarray:
    """d^n/da^n ln ∫₀^∞ dx exp(−x²/2 + a x), n ≥ 2.

    Relative error < 3e-13 up to order 4, 2e-12 up to order 6, 2e-10 up to order 30, apart from the zeros.
    """
    # Below the cut the terms of Riccati's equation cancel: by powers of a more for every order.
    cut = -4.0 if order == 2 else -1.0
    low = a < cut
    result = np.asarray(_mills(np.maximum(a, cut), order))
    if low.any():
        result[low] = _cumulants_of_moments(_moments(a[low], order, cut))
    return result


def of_mixture(parts: list[tuple[np.ndarray, list[np.ndarray]]]) -> np.ndarray:
    """Cumulant of the highest order there is of a mixture, n ≥ 2.

    Each part has a probability and cumulants κ_1 … κ_n, the first of them measured from the mean of the mixture.
    """
    order = len(parts[0][1])
    mixed = [np.zeros_like(parts[0][0]) for _ in range(order + 1)]
    for P, kappa in parts:
        moments = [np.ones_like(P)]
        for n in range(1, order + 1):
            moments.append(sum(float(math.comb(n - 1, k - 1)) * kappa[k - 1] * moments[n - k] for k in range(1, n + 1)))
        for total, moment in zip(mixed, moments, strict=True):
            total += P * moment
    mixed[1][...] = 0
    return _cumulants_of_moments(mixed)


def _mills(a: np.ndarray, order: int) -> np.ndarray:
    """Derivatives of a + λ, λ(a) = φ(a)/Φ(a): all that are left at large a are proportional to λ."""
    from scipy.special import erfcx

    a = np.minimum(a, 40.0)  # there λ is 0 in double precision
    derivatives = [math.sqrt(2 / math.pi) / erfcx(-a / math.sqrt(2))]
    for n in range(order - 1):
        following = -a * derivatives[n] - _square(derivatives, n)
        derivatives.append(following - n * derivatives[n - 1] if n else following)
    return derivatives[-1] + 1 if order == 2 else derivatives[-1]


def _moments(a: np.ndarray, order: int, cut: float) -> list[np.ndarray]:
    """Moments M_0 … M_order of the law cut to x ≥ 0, for a ≤ cut < 0.

    They are the minimal solution of M_{k+1} = a M_k + k M_{k−1}, found by backward recurrence of the ratios
    r_k = M_k/M_{k−1} = k/(r_{k+1} + |a|). An error at the start is reduced by exp{−2|a|(√depth − √k)}.

    References
    ----------
    W. Gautschi, SIAM Review 9, 24 (1967).
    """
    size = np.abs(a)
    depth = int((math.sqrt(order) + 16 / abs(cut)) ** 2) + 1
    ratio = 2 * depth / (size + np.hypot(size, 2 * math.sqrt(depth)))
    ratios = []
    for k in range(depth - 1, 0, -1):
        ratio = k / (ratio + size)
        if k <= order:
            ratios.append(ratio)
    moments = [np.ones_like(a)]
    for ratio in reversed(ratios):
        moments.append(moments[-1] * ratio)
    return moments


def _cumulants_of_moments(moments: list[np.ndarray]) -> np.ndarray:
    """Cumulant κ_n = M_n − Σ_k binom(n−1, k−1) κ_k M_{n−k} of the highest order there is."""
    cumulants: list[np.ndarray] = []  # from κ_1 on
    for n in range(1, len(moments)):
        known = sum(float(math.comb(n - 1, k - 1)) * cumulants[k - 1] * moments[n - k] for k in range(1, n))
        cumulants.append(moments[n] - known)
    return cumulants[-1]


def _square(f: list[np.ndarray], order: int) -> np.ndarray:
    """Derivative of f² of the given order, from those of f, by the rule of Leibniz."""
    terms = (float(math.comb(order, k)) * f[k] * f[order - k] for k in range(order + 1))
    return sum(terms, np.zeros_like(f[0]))
