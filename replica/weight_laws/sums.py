"""Sums of the entries at one visible unit: what models ask of a law of weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.averages.densities import Density
from replica.averages.pattern_sum import Law
from replica.weight_laws.arguments import positive
from replica.weight_laws.density import pair_weighted_density
from replica.weight_laws.protocol import WeightLaw

__all__ = ["checked_variance", "pair_weighted", "sums_of"]


def checked_variance(law: Any) -> float:
    """Variance of a law.

    Parameters
    ----------
    law : WeightLaw
        The law.

    Returns
    -------
    float
        Its variance.

    Raises
    ------
    ValueError
        If it is no law of weights, or its mean is not 0.
    """
    if isinstance(law, type) or not isinstance(law, WeightLaw):
        raise ValueError(f"weights = {law!r}: a law is needed, such as replica.weight_laws.Normal()")
    one, variance = law.sum_of(1), positive("variance of the weights", law.variance)
    if not isinstance(one, Law):
        raise ValueError(f"weights = {law!r}: sum_of gives {type(one).__name__}, and a replica Law is needed")
    total = float(np.sum(one.weight))
    second = float(np.sum(one.weight * (one.w**2 + one.normal)))
    if abs(total - 1) > 1e-9:
        raise ValueError(f"weights = {law!r}: probabilities of sum_of(1) have the sum {total:.6g}, and 1 is needed")
    mean = float(np.sum(one.weight * one.w))
    if abs(mean) > 1e-9 * math.sqrt(variance):
        raise ValueError(
            f"weights = {law!r} have the mean {mean:.6g}: 0 is needed, a mean adds one more condensed direction and "
            "is another model"
        )
    if one.density is None and abs(second - variance) > 1e-9 * variance:
        raise ValueError(
            f"weights = {law!r} have the variance {variance:.6g}, entries of sum_of(1) {second:.6g}: the same is needed"
        )
    return variance


def sums_of(law: WeightLaw, L: Any) -> Law:
    """Laws of the sums of L entries on common values.

    Parameters
    ----------
    law : WeightLaw
        Law of an entry.
    L : int or array of int
        Numbers of entries, of shape S.

    Returns
    -------
    Law
        Its weights of shape S + (J,), or (J,) where all L are equal.
    """
    return _stacked(law.sum_of, L)


def pair_weighted(law: WeightLaw, L: Any) -> Law:
    """Law with which an average of F(W) becomes one of ½(η1 − η2)² F(W)/variance, for two among the L entries.

    Parameters
    ----------
    law : WeightLaw
        Law of an entry.
    L : int or array of int
        Numbers of entries; for a single one the average is 0.

    Returns
    -------
    Law
        Its weights have the sum 1, some may be negative.

    Notes
    -----
    Over all pairs Σ (ηi − ηj)² = L Σ η² − W². Entries with a normal part have few values: it is their pairs then.
    """
    one, variance = law.sum_of(1), law.variance

    def weighted(number: int) -> Law:
        if number < 2:
            return ORIGIN._replace(weight=np.zeros(1))
        if one.density is not None:
            rest, total = (law.sum_of(n).density for n in (number - 1, number))
            if rest is None or total is None:
                raise ValueError(f"{law!r}.sum_of: a density is needed for every number of entries, as for one")
            return pair_weighted_density(one.density, rest, total, number, variance)
        if np.any(one.normal):
            two = _added(one, one, lambda v, u: (v - u) ** 2 / 2 + one.normal[0])
            return _scaled(_added(two, law.sum_of(number - 2), _unweighted) if number > 2 else two, 1 / variance)
        square = _added(one, law.sum_of(number - 1), lambda v, _: v * v)
        whole = law.sum_of(number)
        whole = whole._replace(weight=whole.weight * whole.w**2)
        pairs = number * (number - 1) * variance
        return _joined([_scaled(square, number**2 / pairs), _scaled(whole, -1 / pairs)])

    return _stacked(weighted, L)


ORIGIN = Law(np.zeros(1), np.ones(1), np.ones(1))


def _stacked(law: Callable[[int], Law], L: Any) -> Law:
    """Laws of several numbers of entries on common values, weights of the shape of L + (J,); one if all are equal."""
    numbers, index = np.unique(np.asarray(L, dtype=int), return_inverse=True)
    laws = [law(int(number)) for number in numbers]
    if len(laws) == 1:
        return laws[0]
    ends = np.cumsum([0, *(len(one.w) for one in laws)])
    weight = np.zeros((len(laws), ends[-1]))
    for row, one in enumerate(laws):
        weight[row, ends[row] : ends[row + 1]] = one.weight
    own = index.reshape(np.shape(L))
    return _joined(laws)._replace(weight=weight[own], density=_together([one.density for one in laws], own))


def _together(parts: list[Density | None], index: NDArray) -> Density | None:
    """Densities of several numbers of entries with common knots."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Density(np.unique(np.concatenate([d.knots for d in known])), tuple(d.laws[0] for d in known), index)


def _joined(laws: list[Law]) -> Law:
    """All values of several laws."""

    def joined(name: str) -> NDArray:
        return np.concatenate([np.broadcast_to(getattr(one, name), one.w.shape) for one in laws])

    return Law(joined("w"), joined("x"), joined("weight"), joined("normal"))


def _added(first: Law, second: Law, factor: Callable[[NDArray, NDArray], Any]) -> Law:
    """Law of the sum of two, weighted by a factor of their values."""
    v, u = first.w[:, None], second.w[None, :]
    weight = first.weight[:, None] * second.weight[None, :] * factor(v, u)
    normal = np.broadcast_to(first.normal, first.w.shape)[:, None] + np.broadcast_to(second.normal, second.w.shape)
    return Law((v + u).ravel(), np.ones(weight.size), weight.ravel(), normal.ravel())


def _unweighted(v: NDArray, u: NDArray) -> float:
    return 1.0


def _scaled(law: Law, factor: float) -> Law:
    return law._replace(weight=factor * law.weight)
