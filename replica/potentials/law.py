"""What a unit is described by: its law at one input, its averages over a Gaussian one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["FieldAverages", "UnitLaw", "summed_law"]


class UnitLaw(NamedTuple):
    """A unit at inputs I: T ln Tr exp{…/T}, the mean of x and its central moments."""

    work: Any
    mean: Any
    variance: Any
    third: Any
    fourth: Any


class FieldAverages(NamedTuple):
    """Averages over the inputs h + s z, of shape S; nan where the unit has no law, or T is too low for a sum over z."""

    work: Any
    """K = T⟨ln Tr exp{(I x + c x²/2 − U)/T}⟩; at T = 0 the mean of the maximum."""
    M: Any
    """Mean of ⟨x⟩."""
    Q: Any
    """Mean of ⟨x⟩²."""
    chi: Any
    """Mean response β var = (1/s) ∂K/∂s."""
    V: Any
    """Mean of (β var)², of the replicon; inf at T = 0 where x jumps."""
    slopes: Any
    """Derivatives of (M, Q, χ) by (h, s, c), shape (3, 3) + S."""


def summed_law(exponent: Any, x: Any, T: Any) -> UnitLaw:
    """Law whose weights are e^exponent on values x, along the last axis; `exponent` is overwritten."""
    top = np.real(exponent).max(axis=-1, keepdims=True)
    exponent -= top
    weight = np.exp(exponent, out=exponent)
    middle = (x[0] + x[-1]) / 2
    sums = weight @ np.vander(x - middle, 5, increasing=True)
    norm = sums[..., 0]
    m1, m2, m3, m4 = (sums[..., k] / norm for k in range(1, 5))
    square = m1 * m1
    law = [m1 + middle, m2 - square, m3 - m1 * (3 * m2 - 2 * square), m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * square))]
    # narrow laws far from the middle: central moments one by one
    narrow = ~(np.real(square) < CANCELS * np.real(law[1]))
    if narrow.any():
        d = x - law[0][narrow][:, None]
        moment = weight[narrow] * d
        for k in range(1, 4):
            moment *= d
            law[k][narrow] = moment.sum(axis=-1) / norm[narrow]
    return UnitLaw(T * (top[..., 0] + np.log(norm)), *law)


CANCELS = 100.0
"""Square of a mean over the variance up to which the variance is left as a difference."""
