"""The sums that a step of contrastive divergence takes from a batch and its chains."""

from __future__ import annotations

from typing import Any

import numpy as np

from rbm_sim._support import random
from rbm_sim.units import Gaussian, TwoValued, Unit


def statistic_and_draw(unit: Unit, y: np.ndarray, rng: np.random.Generator, draw: bool) -> tuple[np.ndarray, Any]:
    """Return the conditional mean in the fields y, or for (double) ReLU units a draw, and a draw if one is needed.

    Parameters
    ----------
    unit : Unit
        The layer; its offset is not used.
    y : ndarray of float32, shape (n, units)
        Fields I − b, which are overwritten.
    rng : numpy.random.Generator
        Random numbers.
    draw : bool
        Whether a draw is needed.

    Returns
    -------
    tuple
        What enters the mean ⟨h⟩, shape (n, units), and a draw of that shape, or None.
    """
    if isinstance(unit, TwoValued):
        # P(x = 1) = (1 + tanh)/2, and a draw asks whether 2u − 1 ≤ tanh
        half = np.float32((1 - unit.low) / 2)
        tanh = np.tanh(half * y, out=y)
        mean = half * tanh
        mean += np.float32((1 + unit.low) / 2)
        if not draw:
            return mean, None
        u = random.uniform(rng, y.shape, y.dtype)
        u *= 2
        u -= 1
        on = (u <= tanh).astype(y.dtype)
        return mean, on if unit.low == 0 else 2 * on - 1
    if isinstance(unit, Gaussian):
        return y, unit._draw(y, rng, 1.0) if draw else None
    # The mean of a cut normal law needs erfcx, several times the price of a draw, which is as unbiased.
    x = unit._draw(y, rng, 1.0)
    return x, x


def gradients(
    v: np.ndarray, h: np.ndarray, offsets: tuple[np.ndarray, np.ndarray] | None, covariance: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over a batch of v h, v and h, data minus model.

    Parameters
    ----------
    v, h : ndarray of float32, shape (2n, N), (2n, M)
        Data in the first n rows, the model in the others; overwritten.
    offsets : tuple of ndarray, shapes (N,), (M,), or None
        μ and λ that v and h are measured from in the centred gradient; None: the plain one.
    covariance : ndarray, shape (N, M), optional
        What the model part has beside the products of its rows, where these are means.

    Returns
    -------
    tuple of ndarray, shape (N, M), (N,), (M,)
        The sums.
    """
    n = len(v) // 2
    sign = np.repeat(np.array([1, -1], np.float32), n)
    dv, dh = sign @ v, sign @ h
    if offsets is not None:
        mu, lam = offsets
        v -= mu
        h -= lam
    h[n:] *= -1
    dw = v.T @ h
    if covariance is not None:
        dw -= covariance
    return (dw, dv, dh) if offsets is None else (dw, dv - dw @ lam, dh - mu @ dw)
