"""The curves on which the states of the Hopfield model with one step of symmetry breaking lie, T = 0.

With y = m/s0, κ = μ s0 and w = μ s1 the averages are known. For retrieval y > 0 is the coordinate and s0 = m/y; in
the glass y = 0, the coordinate is D/(1 − D), and s0 = κ(⟨d⟩/w + Δ)/(1 − D). Either way C, μ and α = s0²D²/q0 follow,
and two equations fix κ and w:

    w²/κ² = Δ(1 − v)/q0,     ½α v² g(v) = −⟨J⟩,     v = μΔ/(1 − C).

There are no other couplings, so each is one curve. It is followed once, in small steps, from a point known
beforehand; everywhere else Newton's method starts from the interpolated values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.one_step_spin_cold import deficit, one_step_averages
from replica.numerics.elementary import COMPLEX_STEP
from replica.numerics.jacobian import solved
from replica.numerics.number import Number

__all__ = ["one_step_glass_nodes", "one_step_glass_point", "one_step_retrieval_nodes", "one_step_retrieval_point"]


class _Curve(NamedTuple):
    low: float
    high: float
    step: float
    start: tuple[float, float, float]
    """A coordinate, ln κ and ln w there."""
    point: Callable[[NDArray, NDArray, NDArray], tuple[list[Number], Number, list[Number]]]
    """Residuals, ln α and (m, C, Δ, μ) at a coordinate, κ and w."""


def _retrieval(u: NDArray, kappa: Number, w: Number) -> tuple[list[Number], Number, list[Number]]:
    y = np.exp(u)
    averages = one_step_averages(y, kappa, w)
    s0 = averages.m / y
    mu = kappa / s0
    C = mu * averages.contact / w
    D = 1 - C - mu * averages.dq
    return _closed(s0, averages, kappa, w, C, D)


def _glass(u: NDArray, kappa: Number, w: Number) -> tuple[list[Number], Number, list[Number]]:
    D, rest = 1 / (1 + np.exp(-u)), 1 / (1 + np.exp(u))
    averages = one_step_averages(np.zeros(np.shape(u)), kappa, w)
    s0 = kappa * (averages.contact / w + averages.dq) / rest
    return _closed(s0, averages, kappa, w, kappa / s0 * averages.contact / w, D)


def _closed(
    s0: Number, averages: Number, kappa: Number, w: Number, C: Number, D: Number
) -> tuple[list[Number], Number, list[Number]]:
    dq, mu = averages.dq, kappa / s0
    margin = D + mu * dq
    v = mu * dq / margin
    log_load = 2 * np.log(s0) + 2 * np.log(D) - np.log1p(-dq)
    residuals = [
        2 * np.log(w / kappa) - np.log(dq * D / margin) + np.log1p(-dq),
        np.log(-averages.work) - log_load - np.log(0.5 * v * v * deficit(v)),
    ]
    return residuals, log_load, [averages.m, C, dq, mu]


RETRIEVAL = _Curve(-1.1, 3.16, 0.1, (0.7595, 2.8288, -0.0810), _retrieval)
"""From α = 0.0017 on the second sheet (y = 0.33) to α = 0.0018 (y = 23.6)."""
GLASS = _Curve(-3.2, 24.0, 0.4, (12.0, -0.0623, -0.0164), _glass)
"""From α = 0.0014 to 1e20; the start is the Sherrington–Kirkpatrick model."""


CURVES = {"retrieval": RETRIEVAL, "glass": GLASS}


def one_step_retrieval_nodes(model: object, lowest: float) -> NDArray:
    """Nodes in ln(m/s0)."""
    return np.arange(RETRIEVAL.low, RETRIEVAL.high, 0.05)


def one_step_glass_nodes(model: object, lowest: float) -> NDArray:
    """Nodes in ln(D/(1 − D))."""
    return np.arange(GLASS.low, GLASS.high, 0.4)


def one_step_retrieval_point(u: NDArray) -> tuple[NDArray, list[NDArray]]:
    """ln α and (m, C, Δ, μ) at coordinates u."""
    return _solved_point("retrieval", u)


def one_step_glass_point(u: NDArray) -> tuple[NDArray, list[NDArray]]:
    """ln α and (m, C, Δ, μ) at coordinates u in the glass, m = 0."""
    log_load, (_, *rest) = _solved_point("glass", u)
    return log_load, [np.zeros(log_load.shape), *rest]


def _solved_point(name: str, u: NDArray) -> tuple[NDArray, list[NDArray]]:
    u = np.asarray(u, dtype=float)
    log_load, *order = _remembered(name, u.tobytes()).copy()
    return log_load.reshape(u.shape), [v.reshape(u.shape) for v in order]


@lru_cache(maxsize=1024)
def _remembered(name: str, coordinates: bytes) -> NDArray:
    """ln α and the order parameters, one row each: the nodes and the folds are asked for at every solve."""
    curve, u = CURVES[name], np.frombuffer(coordinates)
    inside = np.clip(u, curve.low, curve.high)
    x = _newton(curve, inside, _table(name)(inside).T)
    _, log_load, order = curve.point(inside, np.exp(x[0]), np.exp(x[1]))
    return np.array([np.where(inside == u, log_load, -np.inf), *order])


EXTRAPOLATION = ((1,), (2, -1), (3, -3, 1), (4, -6, 4, -1))


def _newton(curve: _Curve, u: NDArray, x: NDArray, tolerance: float = 1e-8) -> NDArray:
    """Newton's method for (ln κ, ln w), shape (2, P), by complex steps; the last step is below the tolerance."""
    for _ in range(12):
        columns = [curve.point(u, *np.exp(x + 1j * COMPLEX_STEP * shift))[0] for shift in np.eye(2)[:, :, None]]
        value = np.real(np.array(columns[0])).T
        jacobian = np.imag(np.array(columns)).transpose(2, 1, 0) / COMPLEX_STEP
        step = solved(jacobian, value).T
        x = x - step
        if not np.max(np.abs(step), initial=0.0) > tolerance:
            break
    return x


@cache
def _table(name: str) -> Any:
    """Interpolant of (ln κ, ln w) along a curve, from continuation in both directions."""
    from scipy.interpolate import CubicSpline

    curve = CURVES[name]
    first, *start = curve.start
    origin = _newton(curve, np.array([first]), np.array(start)[:, None])
    found = {first: origin[:, 0]}
    for end in (curve.low, curve.high):
        behind = [origin]
        for u in np.linspace(first, end, 2 + int(abs(end - first) / curve.step))[1:]:
            # the polynomial through the last points, at most four of them
            ahead = sum(c * x for c, x in zip(EXTRAPOLATION[len(behind) - 1], reversed(behind), strict=True))
            behind = [*behind[-3:], _newton(curve, np.array([u]), np.asarray(ahead), tolerance=1e-6)]
            found[float(u)] = behind[-1][:, 0]
    nodes = sorted(found)
    return CubicSpline(nodes, np.array([found[v] for v in nodes]))
