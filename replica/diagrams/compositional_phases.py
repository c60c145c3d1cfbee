"""Phases of the compositional limit and the boundaries between them.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.best_ell import Minima, columns_of, homogeneous, lowest, minima
from replica.models.compositional import CompositionalRBM
from replica.models.sparse.glass import glass_order, glass_states
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots
from replica.saddle.ordering import TIED

__all__ = ["glass_energy", "phase_boundary", "phase_of"]


def phase_of(model: CompositionalRBM) -> tuple[NDArray, Number, dict[str, Number]]:
    """Phase of each point, by the lowest free energy among the glass, ℓ → 0 and the retrieval branch over all ℓ.

    Parameters
    ----------
    model : CompositionalRBM
        Model, whose `ell` does not matter; array controls broadcast.

    Returns
    -------
    labels : array of str
        "spin_glass" (a state with m̃ = 0 is lowest), "compositional" (a state at ℓ > 0 is: the minimum at ℓ*, or the end
        of the branch where f̃ decreases to there), "ferromagnetic" (ℓ → 0 is, where L is of order one; below g̃ = −½,
        where no state has an overlap, v = 0 takes its place with the same f̃ = 0), "" (the branch could not be
        followed, and no minimum on the part that was is lowest). Where the state at ℓ > 0 and the glass agree within
        rounding it is "compositional".
    free_energy : array
        The lowest f̃.
    extra : dict
        Arrays ell_star, f_star, m, q and f_sg.
    """
    shape, columns = columns_of(homogeneous(model))
    found = minima(*columns)
    value, energy, order = lowest(found)
    glass = np.asarray(glass_energy(model)).reshape(-1)
    reached = branch_energy(found)
    free_energy = np.fmin(np.minimum(reached, 0.0), glass)
    with np.errstate(invalid="ignore"):
        composed = (reached < 0) & ~(reached - glass > TIED * np.finfo(float).eps * np.abs(reached))
        glassy = ~composed & (glass <= free_energy)
    labels = np.where(composed, "compositional", np.where(glassy, "spin_glass", "ferromagnetic"))
    unknown = (found.status == "lost") | (found.lost & ~composed)
    labels = np.where(unknown, "", labels)
    extra = {"ell_star": value, "f_star": energy, "m": order.m, "q": order.q, "f_sg": glass}
    return labels.reshape(shape), free_energy.reshape(shape), {k: v.reshape(shape) for k, v in extra.items()}


def branch_energy(found: Minima) -> NDArray:
    """Lowest f̃ at ℓ > 0 on each branch, +inf where ℓ → 0 is lower than all or no branch is."""
    energy = found.at_end.copy()
    np.minimum.at(energy, found.point, found.energy)
    return energy


def phase_boundary(
    model: CompositionalRBM, *, along: str, limits: tuple[float, float], between: tuple[str, str], points: int = 33
) -> Number:
    """Boundary between two phases as a curve: the value of one control at which they meet.

    Between the compositional phase and the spin glass the lowest f̃ at ℓ > 0 on the retrieval branch, f̃(ℓ*) or, where
    f̃ decreases to the end of the branch, f̃ there, equals f̃_sg; between the ferromagnetic phase and the spin glass
    f̃_sg = 0. Where the branch merely ceases to exist there is no boundary. Between the ferromagnetic and the
    compositional phase |g̃| is ¼ as long as ℓ* → 0 there (θ̃ > 0: the slope of f̃ at ℓ = 0 vanishes), which needs no
    search; at low thresholds a minimum further on lies below 0 already before.

    Parameters
    ----------
    model : CompositionalRBM
        Model; its other controls, arrays of one shape, are the points along the boundary.
    along : {"alpha", "theta", "g"}
        Control solved for; the model's own value of it does not matter.
    limits : (float, float)
        Where to look; the first crossing from the first limit is taken.
    between : pair of str
        ("compositional", "spin_glass") or ("ferromagnetic", "spin_glass"), in any order.
    points : int
        Number of values at which the crossing is bracketed.

    Returns
    -------
    float or array
        Values of the control to rounding, nan where the two phases do not meet with equal energies between the limits.

    Raises
    ------
    ValueError
        If a control, a phase or the limits are not as above.
    """
    homogeneous(model)
    if along not in ("alpha", "theta", "g"):
        raise ValueError(f"along = {along!r}: choose from alpha, theta, g")
    pair = frozenset(between if isinstance(between, (tuple, list)) else [between])
    if pair not in (frozenset({"compositional", "spin_glass"}), frozenset({"ferromagnetic", "spin_glass"})):
        raise ValueError(f"between = {between!r}: a pair of compositional or ferromagnetic, and spin_glass, is needed")
    try:
        low, high = (float(v) for v in limits)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low != high):
        raise ValueError(f"limits = {limits!r}: two different finite numbers are needed")
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or points < 2:
        raise ValueError(f"points = {points!r}: an integer >= 2 is needed")
    others = {k: v for k, v in model.controls.items() if k not in (along, "ell")}
    shape = np.broadcast_shapes(*(np.shape(v) for v in others.values()))
    flat = {k: np.broadcast_to(np.asarray(v, dtype=float), shape).reshape(-1) for k, v in others.items()}

    def levels(x: NDArray, index: NDArray) -> tuple[NDArray, NDArray]:
        """Energies of the other phase, at most 0, and of the glass."""
        here = CompositionalRBM(**{k: v[index] for k, v in flat.items()}, **{along: x})
        glass = np.nan_to_num(np.asarray(glass_energy(here)).reshape(-1), nan=np.inf)
        found = minima(*columns_of(here)[1])
        unknown = (found.status == "window") | found.lost
        return np.where(unknown, np.nan, np.minimum(branch_energy(found), 0.0)), glass

    def gap(x: NDArray, index: NDArray) -> NDArray:
        if "ferromagnetic" in pair:
            here = CompositionalRBM(**{k: v[index] for k, v in flat.items()}, **{along: x})
            return np.nan_to_num(np.asarray(glass_energy(here)).reshape(-1), nan=np.inf)
        other, glass = levels(x, index)
        return other - glass

    def meet(x: NDArray, index: NDArray) -> NDArray:
        """Whether the energies are equal, and do not only change places where a state ends, and the pair is right."""
        other, glass = levels(x, index)
        level = np.zeros(len(x)) if "ferromagnetic" in pair else other
        # a glass at 0 is a difference of terms as large as g
        rounding = 1e-12 * np.abs(x if along == "g" else flat["g"][index])
        with np.errstate(invalid="ignore"):
            equal = np.abs(level - glass) <= EQUAL * np.maximum(np.abs(level), np.abs(glass)) + rounding
            return equal & ((other == 0) == ("ferromagnetic" in pair))

    every = np.arange(int(np.prod(shape)))
    return _first_crossings(gap, meet, np.linspace(low, high, points), every).reshape(shape)[()]


EQUAL = 1e-8
"""Relative difference of two energies that meet; far above what rounding leaves, far below what a state's end does."""


def _first_crossings(
    gap: Callable[[NDArray, NDArray], NDArray],
    meet: Callable[[NDArray, NDArray], NDArray],
    grid: NDArray,
    every: NDArray,
) -> NDArray:
    """Of each of the functions the first zero in the order of the grid at which `meet` holds, else nan."""
    values = np.stack([gap(np.full(len(every), x), every) for x in grid])
    change = ((values[1:] > 0) != (values[:-1] > 0)) & ~np.isnan(values[1:]) & ~np.isnan(values[:-1])
    result = np.full(len(every), np.nan)
    while (left := np.nonzero(change.any(axis=0) & np.isnan(result))[0]).size:
        cell = np.argmax(change[:, left], axis=0)
        ends = values[cell, left], values[cell + 1, left]
        x = find_roots(lambda at, i: gap(at, left[i]), grid[cell], grid[cell + 1], *ends, rtol=1e-13)
        result[left] = np.where(meet(x, left), x, np.nan)
        change[cell, left] = False
    return result


def glass_energy(model: CompositionalRBM) -> Number:
    """Free energy of the lowest spin glass (m̃ = 0, q > 0) at each point, nan where there is none."""
    shape, (alpha, theta, g) = columns_of(homogeneous(model))
    one = np.ones(alpha.shape)
    point, b = glass_states(one, theta, g, alpha)
    order = glass_order(one[point], theta[point], alpha[point], b)
    energy = -0.5 * alpha[point] * order.r - g[point] * order.q
    lowest = np.full(alpha.shape, np.inf)
    np.minimum.at(lowest, point, energy)
    result = np.where(np.isinf(lowest), np.nan, lowest).reshape(shape)[()]
    return result if shape else float(result)
