"""Laws of W, the sum of the entries of the strongly activated patterns at one visible unit.

At unit i, W is a sum of L independent entries ξ = ±1 with probability p_i/2 each and 0 otherwise. Its law is that
of L convolutions of (p_i/2, 1 − p_i, p_i/2); as p_i → 0 at fixed ℓ = L p_i it becomes the Skellam law
e^{−ℓ} I_|w|(ℓ). Units of different p_i = x_i p are a list of classes (weight, x, law).

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Probability distribution issue".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.averages.densities import Density
from replica.averages.unit_classes import Classes
from replica.numerics.number import Number

__all__ = ["Law", "mixed", "skellam", "sparse_sum"]

NEGLIGIBLE = 1e-20
"""Probability below which the tails of a law are cut: together less than 1e-17."""


class Law(NamedTuple):
    """Law of W over all classes of units: flat lists along the last axis."""

    w: Number
    """Values of W, shape (J,)."""
    x: Number
    """p_i/p of the class each belongs to, shape (J,); all 1 in a homogeneous machine."""
    weight: Number
    """Probabilities, shape S + (J,), sum 1 over the last axis."""
    normal: Number = 0.0
    """Variance of a normal part that W has beside the value, shape (J,); 0 for weights of discrete values."""
    density: Density | None = None
    """Density of W, of which values and weights are a coarse quadrature; None where W has values."""
    field: Number = 0.0
    """Field g_i beside g of the class each belongs to, shape (J,) or S + (J,); 0 where all have g."""


def sparse_sum(L: int, p: float) -> Law:
    """Law of the sum of L independent entries, ±1 with probability p/2 each and 0 otherwise.

    P(W = w) = Σ_k C(L, k) p^k (1 − p)^{L−k} P(k signs sum to w), computed by convolution.

    Parameters
    ----------
    L : int
        Number of entries, ≥ 1.
    p : float or mpmath number
        Probability of a non-zero entry, in (0, 1].

    Returns
    -------
    Law
        Values in increasing order; tails of probability below 1e-20 are cut (none in mpmath).

    Raises
    ------
    ValueError
        If L or p is out of range.

    Examples
    --------
    >>> law = sparse_sum(2, 0.5)
    >>> law.w.astype(int).tolist(), law.weight.tolist()
    ([-2, -1, 0, 1, 2], [0.0625, 0.25, 0.375, 0.25, 0.0625])
    """
    if isinstance(L, (bool, str)) or not 1 <= L < math.inf or L != int(L):
        raise ValueError(f"L = {L!r}: an integer >= 1 is needed")
    if isinstance(p, str) or not 0 < (p.real if isinstance(p, complex) else p) <= 1:
        raise ValueError(f"p = {p!r}: a number in (0, 1] is needed")
    if hasattr(p, "_mpf_"):
        return _sparse_sum_multiprecision(int(L), p)
    if np.iscomplexobj(p):
        # dP_L/dp = L [½ P_{L−1}(w − 1) + ½ P_{L−1}(w + 1) − P_{L−1}(w)]: one entry in turn becomes non-zero
        law, fewer = _sparse_sum(int(L), float(p.real)), _sparse_sum(int(L) - 1, float(p.real))
        return _stepped(law, int(L) * _bend(fewer, len(law.w) // 2), p.imag)
    return _sparse_sum(int(L), float(p))


def _bend(law: Law, half: int) -> NDArray:
    """½P(w − 1) + ½P(w + 1) − P(w) at w = −half … half."""
    reach = half + 1
    wide = np.zeros((*law.weight.shape[:-1], 2 * reach + 1))
    own = min(len(law.w) // 2, reach)
    middle = law.weight.shape[-1] // 2
    wide[..., reach - own : reach + own + 1] = law.weight[..., middle - own : middle + own + 1]
    return 0.5 * (wide[..., :-2] + wide[..., 2:]) - wide[..., 1:-1]


def _stepped(law: Law, slope: NDArray, step: Number) -> Law:
    """Law with a complex step in its parameter."""
    return law._replace(weight=law.weight + 1j * np.asarray(step)[..., None] * slope)


@cache
def _sparse_sum(L: int, p: float) -> Law:
    """Square and multiply: all terms are positive, so tails keep their relative accuracy."""
    power, total = np.array([p / 2, 1 - p, p / 2]), np.array([1.0])
    bits = L
    while bits:
        if bits & 1:
            total = _trimmed(np.convolve(total, power))
        bits >>= 1
        if bits:
            power = _trimmed(np.convolve(power, power))
    half = len(total) // 2
    total = 0.5 * (total + total[::-1])
    return Law(np.arange(-half, half + 1.0), np.ones(2 * half + 1), total / total.sum())


def _trimmed(law: NDArray) -> NDArray:
    """Cut both tails alike where they are far below NEGLIGIBLE."""
    keep = np.nonzero(law > 1e-8 * NEGLIGIBLE)[0]
    cut = min(keep[0], len(law) - 1 - keep[-1])
    return law[cut : len(law) - cut]


def _sparse_sum_multiprecision(L: int, p: Number) -> Law:
    from mpmath import mp

    law = [mp.one]
    for _ in range(L):
        padded = [mp.zero, mp.zero, *law, mp.zero, mp.zero]
        law = [p / 2 * (padded[i] + padded[i + 2]) + (1 - p) * padded[i + 1] for i in range(len(padded) - 2)]
    w = np.array([mp.mpf(j - L) for j in range(2 * L + 1)], dtype=object)
    return Law(w, np.array([mp.one] * len(w), dtype=object), np.array(law, dtype=object))


def skellam(ell: ArrayLike) -> Law:
    """Skellam law P(W = w) = e^{−ℓ} I_|w|(ℓ), the limit p → 0 at ℓ = L p.

    Parameters
    ----------
    ell : float, array or mpmath number
        Mean number of non-zero entries, ≥ 0; shape S.

    Returns
    -------
    Law
        Values common to all ℓ, weights of shape S + (J,); the cut tails carry less than 1e-16.

    Raises
    ------
    ValueError
        If an ℓ is negative or not finite.

    Notes
    -----
    The ratios I_k/I_{k−1} = 1/(2k/ℓ + I_{k+1}/I_k) are followed downwards, where they are stable, and the law is
    normalised by its sum: no Bessel function is called.

    Examples
    --------
    >>> round(float(skellam(1.0).weight[skellam(1.0).w == 0][0]), 12)
    0.465759607594
    """
    if hasattr(ell, "_mpf_"):
        return _skellam_multiprecision(ell)
    if np.iscomplexobj(ell):
        # dP/dℓ = ½P(w − 1) + ½P(w + 1) − P(w)
        law = skellam(np.real(ell))
        return _stepped(law, _bend(law, len(law.w) // 2), np.imag(ell))
    ell = np.asarray(ell, dtype=float)
    if not (np.isfinite(ell) & (ell >= 0)).all():
        raise ValueError(f"ell = {ell}: finite numbers >= 0 are needed")
    half = _skellam_reach(float(ell.max(initial=0.0)))
    inverse = 2 / np.maximum(ell, 1e-300)
    ratios = np.zeros((half + 1, *ell.shape))
    ratio = np.zeros(ell.shape)
    for k in range(half + 16, 0, -1):
        ratio = 1 / (k * inverse + ratio)
        if k <= half:
            ratios[k] = ratio
    ratios[0] = 1.0
    side = np.cumprod(ratios, axis=0)
    one_sided = side / (side[0] + 2 * side[1:].sum(axis=0))
    weight = np.moveaxis(np.concatenate([one_sided[:0:-1], one_sided]), 0, -1)
    return Law(np.arange(-half, half + 1.0), np.ones(2 * half + 1), weight)


def _skellam_reach(ell: float) -> int:
    """|w| beyond which P(W ≥ w) ≤ exp(√(ℓ² + w²) − ℓ − w asinh(w/ℓ)) < 1e-20 (Chernoff's bound)."""
    w = 1
    while ell > 0 and math.hypot(ell, w) - ell - w * math.asinh(w / ell) > math.log(NEGLIGIBLE):
        w += 1 + int(0.05 * w)
    return w


def _skellam_multiprecision(ell: Number) -> Law:
    from mpmath import mp

    half = 1
    while mp.besseli(half, ell) * mp.exp(-ell) > mp.mpf(10) ** (-mp.dps - 5):
        half += 1
    side = [mp.exp(-ell) * mp.besseli(k, ell) for k in range(half + 1)]
    w = np.array([mp.mpf(k) for k in range(-half, half + 1)], dtype=object)
    return Law(w, np.array([mp.one] * len(w), dtype=object), np.array([*side[:0:-1], *side], dtype=object))


def mixed(classes: list[tuple[float, float, Law]]) -> Law:
    """Law of W over units of several classes.

    Parameters
    ----------
    classes : list of (weight, x, Law)
        Fraction of the units, their p_i/p, and the law of W at them.

    Returns
    -------
    Law
        The flat list of all values with their x and probability.
    """
    w = np.concatenate([law.w for _, _, law in classes])
    x = np.concatenate([np.full(len(law.w), value) for _, value, law in classes])
    weight = np.concatenate([fraction * law.weight for fraction, _, law in classes], axis=-1)
    return Law(w, x, weight)


def mixed_laws(law: Callable[[float], Law], units: Classes | None) -> Law:
    """Law of W over classes of units, law(x) being that of one class; a single class if `units` is None."""
    if units is None:
        return law(1.0)
    laws = [law(x) for x in units.x]
    whole = mixed(list(zip(units.fraction, units.x, laws, strict=True)))
    return whole._replace(field=np.repeat(units.fields, [len(one.w) for one in laws], axis=-1))


def stacked_laws(law: Callable[[int, Number], Law], L: Number, p: Number) -> Law:
    """Laws of arrays of L and p on common values: weights of their shape + (J,), a single list if all are equal.

    Parameters
    ----------
    law : callable
        law(L, p) for numbers.
    L : int or array
        Numbers of entries.
    p : float, array or mpmath number
        Probabilities.

    Returns
    -------
    Law
        Values −J … J and weights, zero where a law does not reach.
    """
    if not np.ndim(L) and not np.ndim(p):
        return law(int(L), p)
    if np.iscomplexobj(p):
        unit = stacked_laws(lambda n, x: law(n, complex(x, 1.0)), L, np.real(p))
        return unit._replace(weight=unit.weight.real + 1j * np.imag(p)[..., None] * unit.weight.imag)
    L, p = np.broadcast_arrays(np.asarray(L, dtype=float), np.asarray(p, dtype=float))
    pairs, index = np.unique(np.stack([L.ravel(), p.ravel()]), axis=1, return_inverse=True)
    laws = [law(int(a), float(b)) for a, b in pairs.T]
    if len(laws) == 1:
        return laws[0]
    half = max(len(one.w) for one in laws) // 2
    weight = np.stack([np.pad(one.weight, half - len(one.w) // 2) for one in laws])
    return Law(np.arange(-half, half + 1.0), np.ones(2 * half + 1), weight[index.reshape(L.shape)])
