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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.numerics.number import Number

__all__ = ["Classes", "Law", "classes", "mixed", "skellam", "sparse_sum"]

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


class Classes(NamedTuple):
    """Classes of visible units: x = p_i/p and the fraction of the units in each.

    Units without patterns count as the limit x → 0, x = 1e-30: all that they feel is the field g.
    """

    x: NDArray
    fraction: NDArray

    @property
    def equal(self) -> bool:
        """Whether all units are alike."""
        return bool(len(self.x) == 1 and self.x[0] == 1)

    def shrunk(self, spread: float) -> Classes:
        """Classes with the deviations from 1 multiplied by `spread` (0: homogeneous)."""
        return Classes(np.maximum(1 + spread * (self.x - 1), SILENT), self.fraction)

    def merged(self, count: int) -> Classes:
        """At most `count` classes, each the mean of neighbours."""
        place = np.cumsum(self.fraction * (1 + self.x)) - 0.5 * self.fraction * (1 + self.x)
        index = np.minimum((count * place / place[-1]).astype(int), count - 1)
        fraction = np.bincount(index, self.fraction)
        x = np.bincount(index, self.fraction * self.x)[fraction > 0] / fraction[fraction > 0]
        return Classes(x, fraction[fraction > 0])


SILENT = 1e-30
"""x of units without patterns."""


def classes(values: Any, mean: float, name: str, refine: int = 1) -> Classes:
    """Classes of units from a list of p_i (or x_i), an array, or a distribution.

    Parameters
    ----------
    values : array_like or frozen scipy.stats distribution
        Values for single units, or their distribution (anything with ``ppf``), which is replaced by classes at the
        nodes of a quadrature: as many as resolve its moments to 1e-10, 192 at most.
    mean : float
        Mean they must have: p, or 1 for x_i.
    name : str
        Name of the argument, for messages.
    refine : int
        Factor by which there are more classes of a distribution, to see what their number does.

    Returns
    -------
    Classes
        x = value/mean, increasing, and the fraction of the units with each, sum 1.

    Raises
    ------
    ValueError
        If a value is negative or not finite, or the mean differs.
    """
    if hasattr(values, "ppf"):
        if not hasattr(values, "args"):
            raise ValueError(f"{name} = {type(values).__name__}: a frozen distribution, with its parameters, is needed")
        x, fraction = _quantiles(values, mean, name, refine)
        found, tolerance = float(x @ fraction), 1e-3
    else:
        try:
            flat = np.asarray(values, dtype=float).ravel()
        except (TypeError, ValueError):
            raise ValueError(f"{name} = {values!r}: a list of numbers or a frozen distribution is needed") from None
        if not flat.size:
            raise ValueError(f"{name} is empty: at least one value is needed")
        x, counts = np.unique(flat, return_counts=True)
        fraction, found, tolerance = counts / flat.size, float(flat.mean()), 1e-9
    if not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError(f"{name} holds {x[~(np.isfinite(x) & (x >= 0))][0]}: finite numbers >= 0 are needed")
    if not abs(found - mean) <= tolerance * mean:
        raise ValueError(f"{name} has the mean {found:.10g}, but {mean:.10g} is needed")
    return Classes(np.maximum(x / found, SILENT), fraction)


NODES = (24, 48, 96, 192)
"""Numbers of classes of a distribution."""
RESOLVED = 1e-10
"""Change of moments, those of x = p_i/p up to the second, below which there are enough."""


def _quantiles(values: Any, mean: float, name: str, refine: int) -> tuple[NDArray, NDArray]:
    """Values and weights of the first quadrature whose moments do not change when its nodes are doubled."""
    for count in NODES:
        x, weight = _nodes(values, mean, count)
        finer = _nodes(values, mean, 2 * count)
        with np.errstate(all="ignore"):
            one, two = _moments(x / mean, weight), _moments(finer[0] / mean, finer[1])
            change = float(np.max(np.abs(one - two) / np.maximum(np.abs(two), 1.0)))
        if change <= RESOLVED:
            break
    if not change <= 1e-3:
        raise ValueError(f"{name} is too broad: {count} classes do not resolve its variance; give a list")
    return _nodes(values, mean, refine * count) if refine > 1 else (x, weight)


def _moments(x: NDArray, weight: NDArray) -> NDArray:
    """⟨√x⟩, ⟨x⟩, ⟨x²⟩ and ⟨e^−x⟩."""
    return np.array([np.sqrt(np.abs(x)), x, x * x, np.exp(-x)]) @ weight


def _nodes(values: Any, mean: float, count: int) -> tuple[NDArray, NDArray]:
    """Gauss–Legendre nodes in z, u = I_z(4, 4) the argument of the quantile function: its ends do not matter."""
    from scipy.special import betainc

    node, weight = np.polynomial.legendre.leggauss(count)
    z, density = 0.5 * (node + 1), 70 * (0.25 * (1 - node * node)) ** 3 * weight
    low = z < 0.5
    upper = values.isf if hasattr(values, "isf") else lambda v: values.ppf(1 - v)
    x = np.where(low, values.ppf(betainc(4, 4, z)), upper(betainc(4, 4, 1 - z)))
    x = np.asarray(x, dtype=float)
    # the outermost carry nothing
    sound = density * (1 + (x / mean) ** 2) > 1e-16
    return x[sound], density[sound] / density[sound].sum()


def mixed_laws(law: Callable[[float], Law], units: Classes | None) -> Law:
    """Law of W over classes of units, law(x) being that of one class; a single class if `units` is None."""
    if units is None:
        return law(1.0)
    return mixed([(f, x, law(x)) for x, f in zip(units.x, units.fraction, strict=True)])


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
