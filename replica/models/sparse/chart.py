"""The solution manifold of the R-RBM in a chart on which everything is explicit (homogeneous machines).

With a = m/s and b = (g + αB/2)/s given, u = b + aW, and

    m = ⟨W H0(−u)⟩/L,   q = ⟨H0(−u)⟩,   s = m/a,   C = (p/s)⟨φ(u)⟩,   y = θ/√(pq)
    α = s² (1−C)²/(p² q H2(y)),   αB/2 = s² (1−C) H0(y)/(2 p q H2(y)),   g = b s − αB/2

so that the solutions at given α and g are the points where two explicit functions take their values. Coordinates are
v = ln a and κ = b/√(1 + a²): zero-noise states v = Θ(g + mW) are the plateaus κ → g/m as v → ∞, states of vanishing
overlap lie at v → −∞. Beyond C = 1 the point is no solution and ln α is −∞, and so it is where 1 − C < 1e-9: there
H2(y) may be 1e-100 and α of any size, with a C that a double hardly tells from 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.averages.pattern_sum import Law
from replica.models.base import Order, exp_clipped
from replica.models.sparse.differences import even_differences
from replica.numerics.gaussian import H, log_H

__all__ = ["ChartPoint", "Couplings", "at", "level_step", "load_excess", "newton_on_chart", "onto_level", "order_of"]


class Couplings(NamedTuple):
    """What the chart needs beside its coordinates: the law of W, L, p and θ, of one shape S (weights S + (J,))."""

    law: Law
    size: Any
    p: Any
    theta: Any

    def take(self, index: Any) -> Couplings:
        """Return the couplings at some of the points of S (numbers stay numbers)."""
        weight = self.law.weight[index] if np.ndim(self.law.weight) > 1 else self.law.weight
        parts = (v[index] if np.ndim(v) else v for v in (self.size, self.p, self.theta))
        return Couplings(self.law._replace(weight=weight), *parts)


class ChartPoint(NamedTuple):
    """Controls and order parameters at points of the chart."""

    g: NDArray
    log_alpha: NDArray
    m: NDArray
    q: NDArray
    C: NDArray
    margin: NDArray
    """1 − C, to its digits also where C is 1 to those of a double."""
    log_noise: NDArray
    """ln s."""
    log_scale: NDArray
    """ln α − 2 ln(1 − C), which does not know where C = 1 is."""


def at(couplings: Couplings, v: ArrayLike, kappa: ArrayLike) -> ChartPoint:
    """Evaluate the chart at coordinates of the couplings' shape S (or broadcasting with it)."""
    v, kappa = np.broadcast_arrays(np.asarray(v, dtype=float), np.asarray(kappa, dtype=float))
    a = np.exp(np.clip(v, -SHARP, SHARP))
    b = kappa * np.hypot(1.0, a)
    _, q, density = visible_averages(couplings, a, b)
    m = overlap_of_pairs(couplings, a, b)
    return from_averages(couplings, v, kappa, m, q, density, margin_of_pairs(couplings, a, b, m, density))


SHARP = 300.0
"""v beyond which the noise is a step to all digits: a = e^v may overflow there, ln s = ln m − v does not."""


def visible_averages(couplings: Couplings, a: NDArray, b: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """m, q and ⟨φ(u)⟩ at u = b + aW, W of mean 0; from the units that are off for b > 0, else those that are on."""
    from scipy.special import ndtr

    w, weight = couplings.law.w, couplings.law.weight
    u = b[..., None] + a[..., None] * w
    side = np.where(b > 0, -1.0, 1.0)
    tail = weight * ndtr(side[..., None] * u)
    with np.errstate(under="ignore", over="ignore"):
        density = np.exp(-0.5 * u * u)
    m = side * (tail @ w) / couplings.size
    share = tail.sum(axis=-1)
    q = np.where(b > 0, 1 - share, share)
    return m, q, np.einsum("...j,...j->...", np.broadcast_to(weight, u.shape), density) / SQRT_2PI


def overlap_of_pairs(couplings: Couplings, a: NDArray, b: NDArray) -> NDArray:
    """m = Σ_{w > 0} w P(w) [Φ(b + aw) − Φ(b − aw)]/L, each difference to rounding, also where a is small."""
    from scipy.special import ndtr

    w, weight = couplings.law.w, couplings.law.weight
    positive = w > 0
    step, b = a[..., None] * w[positive], np.abs(b)[..., None]
    difference = ndtr(step - b) - ndtr(-step - b)
    near = step * np.maximum(b, 1.0) < NEAR_STEP
    if near.any():
        middle, half = np.broadcast_to(b, step.shape)[near], step[near]
        with np.errstate(under="ignore"):
            density = np.exp(-0.5 * (middle[:, None] + half[:, None] * LEGENDRE[0]) ** 2) @ LEGENDRE[1]
        difference[near] = half * density / SQRT_2PI
    return np.einsum("...j,...j->...", weight[..., positive] * w[positive], difference) / couplings.size


def margin_of_pairs(couplings: Couplings, a: NDArray, b: NDArray, m: NDArray, density: NDArray) -> NDArray:
    """1 − C = 1 − p⟨φ(u)⟩a/m, also where it is small.

    As 2 Σ_{w > 0} w² P(w) = ⟨W²⟩ = Lp, m/a and p⟨φ(u)⟩ both are pφ(b) but for

        m/a − p⟨φ(u)⟩ = 2 Σ_{w > 0} P(w) {w²/L ([Φ(b + aw) − Φ(b − aw)]/2aw − φ(b))
                                          − p([φ(b + aw) + φ(b − aw)]/2 − φ(b))}
    """
    with np.errstate(all="ignore"):
        margin = np.asarray(1 - couplings.p * density * a / m)
        slack = np.abs(margin) < SLACK
    if not slack.any():
        return margin[()]
    w, weight = couplings.law.w, couplings.law.weight
    positive = w > 0
    law = np.broadcast_to(weight[..., positive], (*margin.shape, int(positive.sum())))[slack]
    size, p, a, b, m = (np.broadcast_to(x, margin.shape)[slack] for x in (couplings.size, couplings.p, a, np.abs(b), m))
    w, middle = w[positive], b[:, None]
    step = a[:, None] * w
    mean, ends = even_differences(middle - step, np.broadcast_to(middle, step.shape), middle + step, step)
    margin[slack] = 2 * a / m * np.einsum("ij,ij->i", law, w * w / size[:, None] * mean - p[:, None] * ends)
    return margin[()]


SLACK = 1e-3
"""1 − C below which its rounding shows."""
NEAR_STEP = 0.5
"""Distance of two steps, in noises, below which their difference is an integral of the density."""
LEGENDRE = np.polynomial.legendre.leggauss(8)
SQRT_2PI = np.sqrt(2 * np.pi)
LEAST_MARGIN = 1e-9
"""1 − C below which a point of the chart is not counted as a solution."""
LARGE_MARGIN = 1e-2
"""1 − C from which its logarithm is taken over steps of 1e-6, below which 1 − C itself is."""


def from_averages(
    couplings: Couplings,
    v: NDArray,
    kappa: NDArray,
    m: NDArray,
    q: NDArray,
    density: NDArray,
    margin: NDArray | None = None,
) -> ChartPoint:
    """Evaluate the hidden side at given visible averages, and 1 − C if it is known better than C is."""
    p, theta = couplings.p, couplings.theta
    with np.errstate(all="ignore"):
        log_s = np.log(m) - v
        C = p * np.exp(np.log(density) - log_s)
        y = theta / np.sqrt(p * q)
        log_h2 = log_H(2, y)
        margin = 1 - C if margin is None else margin
        # αB/2 = s² (1−C) H0/(2 p q H2)
        self_field = 0.5 * margin / (p * q) * np.exp(2 * log_s + log_H(0, y) - log_h2)
        # b s = κ m √(1 + a²)/a
        g = kappa * m * np.hypot(1.0, np.exp(-v)) - self_field
        inside = (margin > LEAST_MARGIN) & (m > 0) & (q > 0)
        log_scale = 2 * (log_s - np.log(p)) - np.log(q) - log_h2
        log_alpha = log_scale + 2 * np.log(np.where(inside, margin, 1.0))
    return ChartPoint(g, np.where(inside, log_alpha, -np.inf), m, q, C, margin, log_s, log_scale)


def load_excess(point: ChartPoint, log_alpha: NDArray) -> NDArray:
    """A function of the sign of ln α − `log_alpha` that goes smoothly through C = 1, where ln α is −∞.

    It is 2 ln[(1 − C)/w], w the margin at which this place has the load, and where 1 − C < e, e the lesser of w and
    0.01, the tangent 2 [ln(e/w) + (1 − C)/e − 1]; −∞ where nothing is defined.
    """
    with np.errstate(all="ignore"):
        log_wanted = (log_alpha - point.log_scale) / 2
        edge = np.minimum(LARGE_MARGIN, np.exp(np.clip(log_wanted, -600, 0)))
        above = np.log(np.maximum(point.margin, edge)) - log_wanted
        excess = 2 * (above + np.minimum(point.margin / edge - 1, 0.0))
    return np.where(np.isnan(excess), -np.inf, excess)


def order_of(couplings: Couplings, point: ChartPoint, overlap_unit: int = 1) -> Order:
    """Order parameters at a point of the chart."""
    p = couplings.p
    with np.errstate(all="ignore"):
        y = couplings.theta / np.sqrt(p * point.q)
        r = exp_clipped(np.log(p * point.q) + log_H(2, y) - 2 * np.log(point.margin))
        return Order(m=overlap_unit * point.m, q=point.q, r=r, C=point.C, B=p * H(0, y) / point.margin)


def newton_on_chart(
    couplings: Couplings, g: ArrayLike, log_alpha: ArrayLike, v: NDArray, kappa: NDArray, steps: int = 12
) -> tuple[NDArray, NDArray, NDArray]:
    """Points of the chart with given g and ln α, by Newton's method from nearby points.

    Parameters
    ----------
    couplings : Couplings
        Of shape (P,) or numbers.
    g, log_alpha : array, shape (P,)
        Controls wanted.
    v, kappa : array, shape (P,)
        Starting points.
    steps : int
        Upper bound of the number of steps.

    Returns
    -------
    v, kappa : array, shape (P,)
        The points.
    converged : array of bool, shape (P,)
        Whether both controls are met to about 1e-12.
    """
    v, kappa = np.array(v, dtype=float), np.array(kappa, dtype=float)
    g, log_alpha = np.broadcast_to(g, v.shape), np.broadcast_to(log_alpha, v.shape)
    converged = np.zeros(v.shape, dtype=bool)
    active = np.arange(len(v))
    h = 1e-6
    for _ in range(steps):
        if not len(active):
            break
        here = couplings.take(active)
        triple = Couplings(here.law._replace(weight=_doubled(here.law.weight)), *map(_doubled_value, here[1:]))
        x, k = v[active], kappa[active]
        points = at(triple, np.stack([x, x + h, x], axis=-1), np.stack([k, k, k + h], axis=-1))
        scale = 1 / np.maximum(np.abs(g[active]), 1e-3 * np.exp(points.log_noise[:, 0]))
        f1 = (points.g - g[active, None]) * scale[:, None]
        f2 = _load_residual(points, log_alpha[active, None])
        with np.errstate(all="ignore"):
            a11, a12 = (f1[:, 1] - f1[:, 0]) / h, (f1[:, 2] - f1[:, 0]) / h
            a21, a22 = (f2[:, 1] - f2[:, 0]) / h, (f2[:, 2] - f2[:, 0]) / h
            det = a11 * a22 - a12 * a21
            dv = (f1[:, 0] * a22 - f2[:, 0] * a12) / det
            dk = (a11 * f2[:, 0] - a21 * f1[:, 0]) / det
            size = np.maximum(np.abs(dv), np.abs(dk) * 2)
            shrink = np.minimum(1.0, 0.5 / size)
        good = np.isfinite(size)
        v[active[good]] -= shrink[good] * dv[good]
        kappa[active[good]] -= shrink[good] * dk[good]
        done = good & (size < 1e-10)
        converged[active[done]] = True
        active = active[good & ~done]
    return v, kappa, converged


def _load_residual(points: ChartPoint, log_alpha: NDArray) -> NDArray:
    """ln α less its value at points and beside them; (1 − C)/w − 1, which is as smooth as C, where 1 − C is small."""
    with np.errstate(all="ignore"):
        from_margin = points.margin * np.exp((points.log_scale - log_alpha) / 2) - 1
        return np.where(points.margin[:, :1] > LARGE_MARGIN, points.log_alpha - log_alpha, 2 * from_margin)


def _doubled(weight: NDArray) -> NDArray:
    """Insert an axis for the displaced points before that of W."""
    return weight[..., None, :] if weight.ndim > 1 else weight


def _doubled_value(value: Any) -> Any:
    return value[..., None] if np.ndim(value) else value


def onto_level(couplings: Couplings, g: float, v: NDArray, kappa: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Move points onto the level along its gradient in (v, κ√(1 + a²)), and say which came to rest on it."""
    size = np.zeros(np.shape(v))
    for _ in range(6):
        step = level_step(couplings, g, v, kappa)
        size = np.hypot(*step)
        step *= 0.2 / np.maximum(0.2, size)
        v, kappa = v + step[0], kappa + step[1] / np.hypot(1.0, np.exp(np.minimum(v, SHARP)))
        if np.all(size < 1e-13):
            break
    return v, kappa, size < AT_REST


def level_step(couplings: Couplings, g: float, v: NDArray, kappa: NDArray) -> NDArray:
    """Newton's step onto the level along its gradient, in v and in κ√(1 + a²), of which a unit is a unit's noise.

    0 where the field is not defined.
    """
    h = 1e-6
    dk = h / np.hypot(1.0, np.exp(np.minimum(v, SHARP)))
    points = at(couplings, np.stack([v, v + h, v - h, v, v]), np.stack([kappa, kappa, kappa, kappa + dk, kappa - dk]))
    with np.errstate(all="ignore"):
        slope_v, slope_u = (points.g[1] - points.g[2]) / (2 * h), (points.g[3] - points.g[4]) / (2 * h)
        shift = (g - points.g[0]) / (slope_v**2 + slope_u**2)
        step = np.stack([shift * slope_v, shift * slope_u])
    return np.where(np.isfinite(step).all(axis=0), step, 0.0)


AT_REST = 1e-7
"""Last step of Newton's method below which the point is on the level to all digits."""
