"""Points of all curves with overlap of visible units that move without input and answer in proportion, at T = 0.

A rectified unit with θ < 0 has the mean t = −θ at no input, and answers with x = (I + t)₊/(1 − b): the self-field is a
factor, and ⟨W M_v⟩ = aLm, with ρ(m, s) = ⟨W M_v⟩/aLm at b = 0, gives it: b = 1 − ρ. One equation is left on the plane
of m and s, and curves are its levels,

    G(m, s) = ln s²B/(p r) − ln b = 0,   C = p⟨χ_v⟩ at b < a

⟨χ_v⟩ and ρ being taken at b. None has an end where p < 1: b ≥ 1 − p does not vanish, and s²B/pr ~ s²(1 − C/a) is
smaller near C = a, for s → 0 or ∞ and m → 0 or ∞. Where p = 1 no unit feels a bend at s → 0, m max W < t, and C → a,
b → 0 are exponentially small there together, as the share of the units with W = −k, k = max W, that are cut off. With
K = ⟨x²⟩_h/⟨χ⟩_h the mean square of the hidden units that are active, over p, at C → a, curves end at

    t − k m = k K/(L m),   1 − C ~ exp(−(t − km)²/2s²),   ln α ~ 2 ln(1 − C)

Regions G > 0 that go on to there are wide at larger noise, so that all curves are met by lines of a given s: at the
sign changes of G on each, at extrema of G that pass zero between nodes, and at those that do so between lines.

Where G may be positive: 1 − C/a < 1 and q ≥ t² bound s from below, 1 − C < t/σ and q ≥ σ²/2 bound σ, the larger of
s and m√(Lp), from above; hence the ranges of the lines and of their nodes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from replica.models.layers.curve_equations import LayerEquations
from replica.models.layers.end_search import MOST_THRESHOLDS
from replica.numerics.arclength import NO_OVERLAP, ON_CURVE
from replica.numerics.load_curve import newton_at_noise
from replica.numerics.nodes import roots_between_nodes
from replica.potentials import Population

__all__ = ["levels_are_all_curves", "points_on_levels"]

SAMPLES = ((0.3, 0.4, 0.5), (1.1, 0.2, 0.3), (0.02, 2.0, 0.8))
"""Overlaps and noises, in units of the input that makes the mean, and shares of the largest self-field."""
QUIETEST, QUIETEST_OVERLAP = 1e-3, 1e-4
"""Least noise and overlap of lines and nodes, in that unit: all regions reach larger ones."""
BELOW_CRITICAL, WIDER = 1e-4, 2.0
"""Margin at which hidden units stand for C → a, and factor by which ranges exceed their bounds."""
SPACING, OVERLAP_SPACING = 0.15, 0.12
BESIDE = np.linspace(-5, 5, 21)
"""Nodes beside an overlap at which units with one W are at their bend, in the noise over W."""
SHARP = 0.3
"""Noise, in units of the mean input, below which nodes crowd there."""
SAME = 1e-9
RESOLVED = 1e-12
"""Least margin and self-field, over their largest, that have digits enough for a first guess."""
NEARLY = 2.0
"""Depth of a maximum of G below zero, in its logarithm, that may be none between the lines."""
NEAR = 0.5
"""Distance in ln m within which maxima on neighbouring lines are one."""
ROUND = np.concatenate([-np.geomspace(0.5, 1e-6, 20), [0.0], np.geomspace(1e-6, 0.5, 20)])
"""Nodes round an extremum, in ln m."""
ABOVE = 40.0
"""How far, in ln α, points may lie above the largest load: where C is close to a, ln α changes by 10 between lines."""
DEEP = -60.0
"""G where C > a."""


def levels_are_all_curves(system: LayerEquations) -> NDArray:
    """Whether levels of G are all curves with overlap: where visible units have a mean without input at T = 0, C ≤ a

    without noise, and averages depend on b by a factor a/(a − b) of the answer alone; shape (R,).
    """
    layers, far, level = system.layers, system.far, _mean_input(system)
    if isinstance(layers.visible, Population) or layers.law.density is not None or np.any(layers.law.normal):
        # units of one bend, and values of W, are what the lines are laid by
        return np.zeros(len(level), dtype=bool)
    out = (layers.T == 0) & np.isfinite(far.softest) & (level > 0) & (_all_on(system) <= 1)
    rows = np.nonzero(out)[0]
    if not len(rows):
        return out
    layers, a, level = layers.rows(rows), far.softest[rows], level[rows]
    with np.errstate(all="ignore"):
        for m, s, share in SAMPLES:
            free, held = (layers.visible_layer(m * level, s * level, b * a) for b in (0.0, share))
            for one, other, power in ((free.m, held.m, 1), (free.q, held.q, 2), (free.C, held.C, 1)):
                out[rows] &= np.abs(other * (1 - share) ** power - one) <= SAME * np.abs(one)
    return out


def _all_on(system: LayerEquations) -> NDArray:
    """ρ where all units follow their input, shape (R,)."""
    with np.errstate(all="ignore"):
        return system.layers.p / (system.far.softest * system.layers.stiffness())


def _mean_input(system: LayerEquations) -> NDArray:
    """The input that would make the mean without input, a⟨x⟩, shape (R,)."""
    zero = np.zeros(len(system.layers.T))
    with np.errstate(all="ignore"):
        return np.abs(system.layers.visible_layer(zero, zero, zero).mean) * system.far.softest


def points_on_levels(system: LayerEquations, high: NDArray) -> tuple[NDArray, NDArray]:
    """Points of every curve with overlap that has loads below e^high, at loads up to far beyond, the largest first.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows of `levels_are_all_curves`.
    high : array, shape (R,)
        Largest ln α.

    Returns
    -------
    row, y
        Rows, shape (K,), and points, shape (K, 4).
    """
    parts = [(np.zeros(0, dtype=int), np.zeros((0, 4)))]
    for own in range(len(high)):
        points = _of_one(system.rows(np.array([own])))
        parts.append((np.full(len(points), own), points))
    row, guess = (np.concatenate(v) for v in zip(*parts, strict=True))
    y, left = newton_at_noise(system.rows(row), guess)
    good = (left < ON_CURVE) & (y[:, 0] > NO_OVERLAP) & (y[:, 3] < high[row] + ABOVE)
    row, y = row[good], y[good]
    # from the topmost a branch is followed down past all others
    rank = np.lexsort((-y[:, 3], row))
    return row[rank], y[rank]


def _of_one(system: LayerEquations) -> NDArray:
    """Points y of the curves of one row."""
    level = float(_mean_input(system)[0])
    (least, most), (low, top) = _ranges(system, level)
    if not (least < most and low < top):
        return np.zeros((0, 4))
    log_s = np.linspace(math.log(least), math.log(most), 3 + math.ceil(math.log(most / least) / SPACING))
    plain = np.linspace(math.log(low), math.log(top), 3 + math.ceil(math.log(top / low) / OVERLAP_SPACING))
    quiet = log_s < math.log(SHARP * level)
    lines = [
        (log_s[quiet], _crowded(system, level, plain, log_s[quiet])),
        (log_s[~quiet], np.tile(plain, (int((~quiet).sum()), 1))),
    ]
    values = [_on_nodes(system, *line) for line in lines]
    x, at = _between_lines(system, lines, values)
    lines.append((at, x[:, None] + ROUND))
    values.append(_on_nodes(system, *lines[-1]))
    return _points(system, *np.concatenate([_roots(system, *own, G) for own, G in zip(lines, values, strict=True)]).T)


def _crowded(system: LayerEquations, level: float, plain: NDArray, log_s: NDArray) -> NDArray:
    """Nodes ln m on lines: the plain ones, and more at overlaps at which units with one W are at their bend."""
    w = np.unique(np.abs(system.layers.law.w[system.layers.law.w != 0]))[:MOST_THRESHOLDS, None]
    m = (level / w) + np.exp(log_s)[:, None, None] * BESIDE / w
    beside = np.log(np.clip(m, math.exp(plain[0]), math.exp(plain[-1]))).reshape(len(log_s), w.size * BESIDE.size)
    return np.sort(np.concatenate([np.tile(plain, (len(log_s), 1)), beside], axis=1), axis=1)


def _ranges(system: LayerEquations, level: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Noises and overlaps between which G may be positive."""
    p, L, a, all_on = (float(v[0]) for v in (system.layers.p, system.layers.L, system.far.softest, _all_on(system)))
    sigma = level * np.geomspace(1e-2, 1e8, 400)
    # ⟨χ⟩/p⟨x²⟩, over 1 − C/a, of hidden units at the least q that there may be
    q = np.concatenate([[(level / a) ** 2], (sigma / a) ** 2 / 2])
    every = system.rows(np.zeros(len(q), dtype=int)).layers
    with np.errstate(all="ignore"):
        h = every.hidden_layer(q, every.softest * (1 - BELOW_CRITICAL))
        active = h.B / (a * p * h.r * BELOW_CRITICAL)
    loud = sigma[~(sigma * level * active[1:] < (1 - all_on / 2) / WIDER)]
    most = WIDER * float(loud.max(initial=level))
    gap = 1 - all_on
    least = max(math.sqrt(gap / active[0]) / WIDER, QUIETEST * level)
    low = max(math.sqrt(gap / (active[0] * L * p)), 1 / (L * active[0] * level)) / WIDER
    return (least, most), (max(low, QUIETEST_OVERLAP * level / L), WIDER * most / math.sqrt(L * p))


def _level(system: LayerEquations, log_m: NDArray, log_s: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """G, b and ln α at overlaps and noises of one row of couplings; G is nan where its parts have no digits."""
    a, m, s = float(system.far.softest[0]), np.exp(log_m), np.exp(log_s)
    every = system.layers.rows(np.zeros(len(m), dtype=int))
    with np.errstate(all="ignore"):
        v = every.visible_layer(m, s, 0 * m)
        rho = v.m / m
        C = v.C / rho
        margin = 1 - C / every.softest
        h = every.hidden_layer(v.q / rho**2, np.where(margin > 0, C, np.nan))
        b = a * (1 - rho)
        load = 2 * log_s - np.log(every.p * h.r)
        G = np.maximum(load + np.log(h.B) - np.log(b), DEEP)
        resolved = (np.abs(margin) > RESOLVED) & (b > RESOLVED * a)
    return np.where(resolved, np.where(margin > 0, G, DEEP), np.nan), b, load


def _on_nodes(system: LayerEquations, log_s: NDArray, nodes: NDArray) -> NDArray:
    """G at the nodes ln m of lines."""
    return _level(system, nodes.ravel(), np.repeat(log_s, nodes.shape[1]))[0].reshape(nodes.shape)


def _roots(system: LayerEquations, log_s: NDArray, nodes: NDArray, values: NDArray) -> NDArray:
    """Points (ln m, ln s) of lines with G = 0."""
    line, x = roots_between_nodes(lambda x, i: _level(system, x, log_s[i])[0], nodes, values, rtol=1e-9)
    return np.stack([x, log_s[line]], axis=-1)


def _between_lines(
    system: LayerEquations, lines: list[tuple[NDArray, NDArray]], values: list[NDArray]
) -> tuple[NDArray, NDArray]:
    """Ln m and ln s at maxima of G, negative on lines and positive between them, and at minima the other way."""
    found = [np.zeros((0, 2))]
    for sign in (1, -1):
        x, at, G = _extrema(lines, [sign * v for v in values])
        for i in np.nonzero((G < 0) & (G > -NEARLY))[0]:
            beside = (np.abs(x - x[i]) < NEAR) & (np.abs(at - at[i]) < 1.5 * SPACING)
            if G[i] >= G[beside].max():
                peak = _raised(system, sign, np.array([x[i], at[i]]))
                found.append(peak)
    x, at = np.concatenate(found).T
    return x, at


def _extrema(lines: list[tuple[NDArray, NDArray]], values: list[NDArray]) -> tuple[NDArray, NDArray, NDArray]:
    """Ln m, ln s and G of maxima of G on lines."""
    parts = []
    for (log_s, nodes), G in zip(lines, values, strict=True):
        padded = np.pad(G, ((0, 0), (1, 1)), constant_values=-np.inf)
        with np.errstate(invalid="ignore"):
            line, node = np.nonzero((G > DEEP) & (G >= padded[:, :-2]) & (G >= padded[:, 2:]))
        parts.append((nodes[line, node], log_s[line], G[line, node]))
    x, at, height = (np.concatenate(v) for v in zip(*parts, strict=True))
    return x, at, height


def _raised(system: LayerEquations, sign: int, start: NDArray) -> NDArray:
    """A point at which sign·G is positive near one where it is not, shape (1, 2), or none."""

    def depth(x: NDArray) -> float:
        G = sign * _level(system, x[:1], x[1:])[0][0]
        return -G if np.isfinite(G) else -DEEP

    corners = start + np.array([[0, 0], [SPACING, 0], [0, SPACING]]) / 2
    out = minimize(
        depth, start, method="Nelder-Mead", options={"initial_simplex": corners, "fatol": 1e-12, "xatol": 1e-8}
    )
    return out.x[None] if out.fun < 0 else np.zeros((0, 2))


def _points(system: LayerEquations, log_m: NDArray, log_s: NDArray) -> NDArray:
    """Points y of these overlaps and noises."""
    _, b, load = _level(system, log_m, log_s)
    units = system.units
    with np.errstate(all="ignore"):
        y = np.stack([np.exp(log_m) / units.m, log_s - np.log(units.s), np.log(b / units.b), load], axis=-1)
    return y[np.isfinite(y).all(axis=-1)]
