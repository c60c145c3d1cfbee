"""Where curves of solutions end at α → 0, and points of the curves beside their ends.

With the load vanish the self-field b = αB and either the noise or the margin 1 − C/a, a the smaller curvature of a
hidden unit at infinity (there r ~ (1 − C/a)⁻² and B ~ (1 − C/a)⁻¹ diverge, s² = αpr does not vanish):

    without noise   m = ⟨W M_v⟩/aL at s = 0, with C < a
    marginal        m = ⟨W M_v⟩/aL and C = p⟨χ_v⟩ = a at s > 0; with m = 0, curves of either kind

No others exist. Where C < a and b = αB → 0, B is finite, r too, and s → 0. On states with m → 0 < s the overlap obeys
δm = (C/a) δm, so that they are marginal; at every marginal end with m > 0 the curve crosses C = a, so that exactly
one curve ends there, and at one with m = 0 one of either kind at most.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LEAST_MARGIN, LayerEquations, Loads
from replica.models.layers.end_search import marginal_states, noiseless_states
from replica.models.layers.rest import LEAST_RESPONSE, at_rest, margin_at_load
from replica.numerics.arclength import ON_CURVE
from replica.numerics.load_curve import newton_at_load
from replica.numerics.nodes import roots_between_nodes

__all__ = ["Starts", "marginal_without_overlap", "no_starts", "starts"]

FIRST_MARGIN = 1e-4
"""Margin at which curves start; the least is a little above that down to which they are followed."""
FIRST_OVERLAPS = (3e-1, 3e-2, 1e-2, 1e-3)
FIRST_LOAD = math.log(1e-3)
MOST_SMALLER_LOADS, MOST_SMALLER_MARGINS = 12, 4
CLOSE, SAME_NOISE = 1e-3, 0.1
"""Distance from its end, in ln m, and from the noise expected there, at which a curve without noise may start."""
SYMMETRIC = 1e-12
"""Mean of a unit without input, over its size, up to which it counts as none."""
LOG_NOISES = np.linspace(math.log(1e-9), math.log(10.0), 120)
"""In units natural to the layers."""


class Starts(NamedTuple):
    """Points beside the ends of curves."""

    row: NDArray
    y: NDArray
    """Points, shape (K, 4)."""
    failed: NDArray
    """Rows of ends without a point."""
    late: NDArray
    """Whether loads that are asked for may lie between the end and the point."""


def no_starts() -> Starts:
    """No points."""
    none = np.zeros(0, dtype=int)
    return Starts(none, np.zeros((0, 4)), none, none.astype(bool))


def starts(system: LayerEquations, loads: Loads) -> Starts:
    """Points beside all ends at α → 0, at loads below e^low.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    loads : Loads
        Ranges of ln α.

    Returns
    -------
    Starts
        The points.
    """
    row, log_s = marginal_without_overlap(system)
    if system.frozen:
        quiet = _beside_noiseless(system, *_means_of_their_own(system), loads.low)
        return _joined([quiet, _beside_marginal(system, row, 0 * log_s, log_s, loads)])
    parts = [
        _beside_noiseless(system, *noiseless_states(system), loads.low),
        _beside_empty(system, row, log_s, loads.low),
    ]
    return _joined([*parts, _beside_marginal(system, *marginal_states(system), loads)])


def _joined(parts: list[Starts]) -> Starts:
    return Starts(*(np.concatenate(v) for v in zip(*parts, strict=True)))


def marginal_without_overlap(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Rows and ln of the noise, in its unit, at which C = a with m = 0 and without a load."""

    def excess(x: NDArray, row: NDArray) -> NDArray:
        own = system.rows(row)
        with np.errstate(all="ignore"):
            return own.layers.visible_layer(0.0, np.exp(x) * own.units.s, 0.0).C / own.layers.softest - 1

    rows = np.nonzero(np.isfinite(system.layers.softest))[0]
    at, x = roots_between_nodes(lambda x, i: excess(x, rows[i]), np.tile(LOG_NOISES, (len(rows), 1)))
    return rows[at], x


# Without noise.


def _means_of_their_own(system: LayerEquations) -> tuple[NDArray, NDArray]:
    """Rows in which units have a mean at m = s = b = 0, where C < a, and m = 0."""
    units = system.units
    with np.errstate(all="ignore"):
        v = system.layers.visible_layer(0.0, 0.0, 0.0 * units.b)
        h = system.layers.hidden_layer(v.q, v.C)
        mean = np.sqrt(v.q) * units.b / units.s + np.sqrt(h.r) / units.s
        rows = np.nonzero((v.C < system.layers.softest) & (mean > SYMMETRIC))[0]
    return rows, np.zeros(len(rows))


def _beside_noiseless(system: LayerEquations, row: NDArray, m: NDArray, low: NDArray) -> Starts:
    """Points at a load that is lowered until Newton's method stays beside the end."""
    y, waiting = np.zeros((len(row), 4)), np.arange(len(row))
    load = np.minimum(low[row], FIRST_LOAD)
    for _ in range(MOST_SMALLER_LOADS):
        if not len(waiting):
            break
        own = system.rows(row[waiting])
        guess = _guess(own, m[waiting], load[waiting])
        point, left = newton_at_load(own, guess)
        with np.errstate(all="ignore"):
            away = np.abs(np.log(point[:, 0] / m[waiting])) if not system.frozen else 0.0
            good = (left < ON_CURVE) & (away < CLOSE) & (np.abs(point[:, 1] - guess[:, 1]) < SAME_NOISE)
            good &= at_rest(own, point)
        y[waiting[good]] = point[good]
        waiting = waiting[~good]
        load[waiting] -= 3.0
    done = np.setdiff1d(np.arange(len(row)), waiting)
    return Starts(row[done], y[done], row[waiting], np.zeros(len(done), dtype=bool))


def _guess(system: LayerEquations, m: NDArray, load: NDArray) -> NDArray:
    """What the averages without noise say of s² = αp r and b = αB."""
    y = np.stack([m, np.full(len(m), math.log(1e-9)), np.full(len(m), math.log(1e-9)), load], axis=-1)
    with np.errstate(all="ignore"):
        for _ in range(3):
            _, _, order = system.at(y)
            y[:, 1] = (load + np.log(system.layers.p * order.r)) / 2 - np.log(system.units.s)
            y[:, 2] = load + np.log(order.B) - np.log(system.units.b)
    return y


# Marginal.


def _beside_marginal(system: LayerEquations, row: NDArray, m: NDArray, log_s: NDArray, loads: Loads) -> Starts:
    """Points at a small margin, smaller where a curve has none so large, or where the load is above the least asked."""
    own, low = system.rows(row), loads.low
    margin = np.maximum(FIRST_MARGIN, 2 * own.closest)
    y, good = _at_margin(own, m, log_s, margin, held="margin")
    for _ in range(MOST_SMALLER_MARGINS):
        index = np.nonzero(~good & (margin > 2 * own.closest))[0]
        if not len(index):
            break
        margin[index] = np.maximum(margin[index] / 10, 2 * own.closest[index])
        y[index], good[index] = _at_margin(own.rows(index), m[index], log_s[index], margin[index], held="margin")
    with np.errstate(all="ignore"):
        # α ~ (1 − C/a)²
        smaller = np.clip(0.7 * margin * np.exp((low[row] - y[:, 3]) / 2), 2 * own.closest, margin)
    again = good & (smaller < margin)
    if again.any():
        index = np.nonzero(again)[0]
        finer, sound = _at_margin(own.rows(index), y[index, 0], y[index, 1], smaller[index], held="margin")
        y[index[sound]] = finer[sound]
    # where hidden units are all but silent, all loads asked for are met closer to C = a than states are listed
    beyond = margin_at_load(own, m, log_s, loads.top[row]) < LEAST_RESPONSE
    return Starts(row[good], y[good], row[~good & ~beyond], _late(own, y, low[row], good & ~beyond)[good])


def _late(system: LayerEquations, y: NDArray, low: NDArray, chosen: NDArray) -> NDArray:
    """Which of the chosen points have a load above the least that is asked for; faint ones are left out."""
    late = chosen & (y[:, 3] > low)
    index = np.nonzero(late)[0]
    with np.errstate(all="ignore"):
        late[index[system.rows(index).faint(system.rows(index).at(y[index])[2])]] = False
    return late


def _beside_empty(system: LayerEquations, row: NDArray, log_s: NDArray, low: NDArray) -> Starts:
    """Points at a small overlap beside marginal ends with m = 0, 1 − C/a ~ m²; C > a there means that none ends."""
    y, waiting = np.zeros((len(row), 4)), np.arange(len(row))
    for overlap in FIRST_OVERLAPS:
        if not len(waiting):
            break
        own, m = system.rows(row[waiting]), np.full(len(waiting), overlap)
        point, good = _at_margin(own, m, log_s[waiting], np.maximum(m * m, 2 * own.closest), held="overlap")
        good &= (np.abs(point[:, 1] - log_s[waiting]) < 0.1) & (
            (point[:, 3] < low[row[waiting]]) | (own.closest > LEAST_MARGIN)
        )
        y[waiting[good]] = point[good]
        waiting = waiting[~good]
    done = np.setdiff1d(np.arange(len(row)), waiting)
    late = _late(system.rows(row[done]), y[done], low[row[done]], np.ones(len(done), dtype=bool))
    return Starts(row[done], y[done], row[:0], late)


def _at_margin(
    system: LayerEquations, m: NDArray, log_s: NDArray, margin: NDArray, *, held: str
) -> tuple[NDArray, NDArray]:
    """Newton's method for m, s and 1 − C/a, the overlap or the margin held; b follows. Points, and whether found."""
    x = np.stack([np.log(np.maximum(m, 1e-300)), log_s, np.log(margin)], axis=-1)
    free = np.array([True, True, False] if held == "margin" else [False, True, True])
    if system.frozen:
        free[0] = False
    b, q = np.zeros(len(x)), np.full(len(x), np.nan)
    with np.errstate(all="ignore"):
        active = np.arange(len(x))
        for count in range(40):
            own = system.rows(active)
            E, J, q[active], b[active] = _marginal_equations(own, x[active], q[active], b[active])
            step = _least(J[:, :, free], E)
            size = np.abs(step).max(axis=-1, initial=0.0)
            step *= np.minimum(1, 0.5 / np.maximum(size, 1e-300))[:, None]
            step[~np.isfinite(step).all(axis=-1)] = 0.0
            x[np.ix_(active, np.nonzero(free)[0])] -= step
            x[active, 2] = np.maximum(x[active, 2], np.log(own.closest))
            # on the way to no margin at all there is no end
            gone = (x[active, 2] <= np.log(own.closest)) & (count > 5)
            active = active[~gone & (size >= 1e-13)]
            if not len(active):
                break
        E, _, q, b = _marginal_equations(system, x, q, b)
        layers, units = system.layers, system.units
        h = layers.hidden_layer(q, layers.softest * -np.expm1(x[:, 2]))
        s = np.exp(x[:, 1]) * units.s
        load = np.log(s * s / (layers.p * h.r))
        overlap = 0 * m if system.frozen else np.exp(x[:, 0])
        y = np.stack([overlap, x[:, 1], np.log(b / units.b), load], axis=-1)
        y, left = newton_at_load(system, y)
    good = (np.abs(E).max(axis=-1, initial=0.0) < 1e-9) & (left < 1e-7) & np.isfinite(y).all(axis=-1)
    return y, good


def _marginal_equations(system: LayerEquations, x: NDArray, q: NDArray, b: NDArray) -> tuple[Any, ...]:
    """⟨W M⟩/aLm − 1 and C/a − 1 + margin, their Jacobian by (ln m, ln s, ln margin), q, and b = s² B/(p r)."""
    layers, units = system.layers, system.units
    m, s, margin = np.exp(x[:, 0]) * units.m, np.exp(x[:, 1]) * units.s, np.exp(x[:, 2])
    if system.frozen:
        m = 0 * m
    for _ in range(2 if np.isnan(q).any() else 1):
        v = layers.visible_layer(m, s, b)
        h = layers.hidden_layer(v.q, layers.softest * (1 - margin))
        b = s * s * h.B / (layers.p * h.r)
    v = layers.visible_layer(m, s, b)
    a = layers.softest
    # ∂b by (ln s, ln margin)
    moved = np.stack([m * v.slopes[:, 0], s * v.slopes[:, 1] + 2 * b * v.slopes[:, 2], b * v.slopes[:, 2]])
    E, J = np.stack([v.m / m - 1, v.C / a - 1 + margin], axis=-1), np.zeros((len(x), 2, 3))
    J[:, 0] = (moved[:, 0] / m).T
    J[:, 0, 0] -= v.m / m
    J[:, 1] = (moved[:, 2] / a).T
    J[:, 1, 2] += margin
    if system.frozen:
        E, J = E[:, 1:], J[:, 1:]
    return E, J, v.q, b


def _least(J: NDArray, E: NDArray) -> NDArray:
    """Solutions of square linear systems, nan where one is singular."""
    out = np.full(E.shape, np.nan)
    sound = np.isfinite(J).all(axis=(-2, -1)) & np.isfinite(E).all(axis=-1)
    sound[sound] = np.abs(np.linalg.det(J[sound])) > 1e-300
    out[sound] = np.linalg.solve(J[sound], E[sound][..., None])[..., 0]
    return out
