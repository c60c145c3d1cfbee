"""The branch k = 1 of the compositional limit as a curve in (x, κ, ln ℓ), with derivatives, regular down to no noise.

x = s/m is the noise, κ = (g̃ + αB̃/2)/m the field, u = (κ + W)/x. With y = θ̃/√q and F = αB̃/2, a curve at fixed
controls is where

    x m − ⟨φ(u)⟩ − √(α q H2(y)) = 0,     κ m − g̃ − F = 0,     F = α H0(y)/(2(1−C)),   C = ⟨φ(u)⟩/(x m)
    m = ⟨W Φ(u)⟩/ℓ,   q = ⟨Φ(u)⟩

Both hold at x = 0 as they stand, where Φ(u) is a step: so a curve is followed through noise of any smallness. Along it

    df̃/dℓ = m²/2 − m ⟨x φ(u) + (κ + W) Φ(u)⟩′,      ⟨…⟩′ = ½⟨W + 1⟩ + ½⟨W − 1⟩ − ⟨W⟩

since a Skellam average obeys d⟨F(W)⟩/dℓ = ½⟨F(W+1) + F(W−1) − 2F(W)⟩ and f̃ is stationary in all else. (m = m̃/2.)

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import skellam

__all__ = ["Controls", "Local", "local"]

SQRT_2PI = np.sqrt(2 * np.pi)
LEAST = 1e-300
"""Noise x that stands for none."""


class Controls(NamedTuple):
    """ln α, θ̃ and g̃ of P points."""

    log_alpha: NDArray
    theta: NDArray
    g: NDArray

    def take(self, index: NDArray) -> Controls:
        """Controls of some of the points."""
        return Controls(*(v[index] for v in self))


class Local(NamedTuple):
    """What is known at places (x, κ, ln ℓ) of P points."""

    residual: NDArray
    """The two equations, shape (2, P)."""
    jacobian: NDArray
    """Their derivatives, shape (2, 3, P)."""
    slope: NDArray
    """df̃/dℓ, shape (P,)."""
    bend: NDArray
    """Derivatives of df̃/dℓ, shape (3, P)."""
    m: NDArray
    q: NDArray
    C: NDArray


def local(controls: Controls, place: NDArray) -> Local:
    """Equations, slope of f̃ and their derivatives at places of shape (3, P)."""
    x, kappa, ell = np.maximum(place[0], LEAST), place[1], np.exp(place[2])
    law = skellam(ell)
    w, weight = law.w, law.weight
    first = _spread(weight)
    step, density, u = _site(x, kappa, w)
    odd = step * w
    m, q, D = (_sum(weight, f) for f in (odd, step, density))
    m = m / ell
    tilted = weight * density
    Dw, D1 = tilted @ w, _sum(tilted, u)
    tilted *= u
    change = [_sum(first, f) for f in (odd, step, density)]
    rate_m = np.array([-(tilted @ w) / (ell * x), Dw / (ell * x), change[0] - m])
    rate_q = np.array([-D1 / x, D / x, ell * change[1]])
    rate_D = np.array([_sum(tilted, u) / x, -D1 / x, ell * change[2]])
    residual, jacobian, C = _hidden(controls, x, kappa, (m, q, D), (rate_m, rate_q, rate_D))
    # x φ + (κ + W) Φ under the first and the second change of the law
    K = x * change[2] + kappa * change[1] + change[0]
    second = _spread(first)
    again = x * _sum(second, density) + kappa * _sum(second, step) + _sum(second, odd)
    rate_K = np.array([change[2], change[1], ell * again])
    return Local(residual, jacobian, 0.5 * m * m - m * K, (m - K) * rate_m - m * rate_K, m, q, C)


def _sum(weight: NDArray, values: NDArray) -> NDArray:
    return np.einsum("pj,pj->p", weight, values)


def _site(x: NDArray, kappa: NDArray, w: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Φ(u), φ(u) and u = (κ + W)/x, beyond ±40 a step."""
    from scipy.special import ndtr

    with np.errstate(over="ignore", under="ignore"):
        u = np.clip((kappa[:, None] + w) / x[:, None], -40.0, 40.0)
        density = u * u
        density *= -0.5
        np.exp(density, out=density)
        density /= SQRT_2PI
        return ndtr(u), density, u


def _spread(weight: NDArray) -> NDArray:
    """½P(w − 1) + ½P(w + 1) − P(w), the derivative of a Skellam law in ℓ."""
    result = -weight
    result[:, 1:] += 0.5 * weight[:, :-1]
    result[:, :-1] += 0.5 * weight[:, 1:]
    return result


def _hidden(
    controls: Controls, x: NDArray, kappa: NDArray, values: tuple[NDArray, ...], rates: tuple[NDArray, ...]
) -> tuple[NDArray, NDArray, NDArray]:
    """Residuals, their derivatives and C from m, q, ⟨φ⟩ and the derivatives of those."""
    (m, q, D), (rate_m, rate_q, rate_D) = values, rates
    one = np.zeros((3, len(x)))
    one[0] = 1.0
    with np.errstate(all="ignore"):
        y = controls.theta / np.sqrt(q)
        log_h0, mills, log_h2, h1_over_h2 = _tails(y)
        spread = np.exp(0.5 * (controls.log_alpha + np.log(q) + log_h2))
        s = x * m
        C = D / s
        pull = 0.5 * np.exp(controls.log_alpha + log_h0) / (1 - C)
        rate_y = -0.5 * y / q * rate_q
        rate_spread = spread * (0.5 * rate_q / q - h1_over_h2 * rate_y)
        rate_s = x * rate_m + one * m
        rate_C = rate_D / s - C / m * rate_m - one * (C / x)
        rate_pull = pull * (rate_C / (1 - C) - mills * rate_y)
        residual = np.array([s - D - spread, kappa * m - controls.g - pull])
        moved = kappa * rate_m - rate_pull
        moved[1] += m
    return residual, np.array([rate_s - rate_D - rate_spread, moved]), C


def _tails(y: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """ln H0, φ/H0, ln H2 and H1/H2, from R = H0/φ: H1/φ = 1 − yR, H2/φ = (1 + y²)R − y.

    Good to 1e-9 and, below y = 10, to 1e-12, which is more than is felt of H2 < 1e-24; beyond ±limits by leading order.
    """
    from scipy.special import erfcx

    inner = np.clip(y, -FLAT, STEEP)
    R = np.sqrt(np.pi / 2) * erfcx(inner / np.sqrt(2))
    square = inner * inner
    h2, log_phi = (1 + square) * R - inner, -0.5 * square - np.log(SQRT_2PI)
    log_h0, mills, log_h2, ratio = np.log(R) + log_phi, 1 / R, np.log(h2) + log_phi, (1 - inner * R) / h2
    out = np.nonzero(inner != y)[0]
    if len(out):
        z = y[out]
        steep, log_tail = z > 0, -0.5 * z * z - np.log(SQRT_2PI) - np.log(np.abs(z))
        log_h0[out], mills[out] = np.where(steep, log_tail, 0.0), np.where(steep, z, 0.0)
        log_h2[out] = np.where(steep, log_tail + np.log(2 / z**2), np.log1p(z * z))
        ratio[out] = np.where(steep, 0.5 * z, -z / (1 + z * z))
    return log_h0, mills, log_h2, ratio


FLAT, STEEP = 20.0, 40.0
