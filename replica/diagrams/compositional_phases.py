"""Phases of the compositional limit and the boundaries between them.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.best_ell import Walk, columns_of, ell_star, homogeneous
from replica.models.compositional import CompositionalRBM
from replica.models.sparse.glass import glass_order, glass_states
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots
from replica.saddle.ordering import TIED

__all__ = ["glass_energy", "phase_boundary", "phase_of"]


def phase_of(model: CompositionalRBM) -> tuple[NDArray, Number, dict[str, Number]]:
    """Phase of each point, by the lowest free energy among the glass, ℓ → 0 and the minimum over ℓ.

    Parameters
    ----------
    model : CompositionalRBM
        Model, whose `ell` does not matter; array controls broadcast.

    Returns
    -------
    labels : array of str
        "spin_glass" (a state with m̃ = 0 is lowest), "compositional" (the minimum at ℓ* > 0 is), "ferromagnetic"
        (f̃ increases from ℓ = 0, where L is of order one, and no glass lies below 0; below g̃ = −½, where no state
        has an overlap, v = 0 takes the place of ℓ → 0 with the same f̃ = 0). Where the minimum at ℓ* and the glass agree
        within rounding it is "compositional".
    free_energy : array
        The lowest f̃.
    extra : dict
        Arrays ell_star, f_star, m, q and f_sg.
    """
    shape, columns = columns_of(homogeneous(model))
    walk = Walk(*columns)
    walk.run()
    value, energy, order = walk.minimum()
    glass = np.asarray(glass_energy(model)).reshape(-1)
    # where the branch ends on its way down, the state at its end stands for it
    reached = np.where(np.isnan(energy), walk.last_energy(), energy)
    lowest = np.fmin(np.minimum(reached, 0.0), glass)
    with np.errstate(invalid="ignore"):
        composed = (reached < 0) & ~(reached - glass > TIED * np.finfo(float).eps * np.abs(reached))
        glassy = ~composed & (glass <= lowest)
    labels = np.where(composed, "compositional", np.where(glassy, "spin_glass", "ferromagnetic"))
    extra = {"ell_star": value, "f_star": energy, "m": order.m, "q": order.q, "f_sg": glass}
    return labels.reshape(shape), lowest.reshape(shape), {k: v.reshape(shape) for k, v in extra.items()}


def phase_boundary(
    model: CompositionalRBM, *, along: str, limits: tuple[float, float], between: tuple[str, str], points: int = 33
) -> Number:
    """Boundary between two phases as a curve: the value of one control at which they meet.

    Between the compositional phase and the spin glass f̃_star = f̃_sg; between the ferromagnetic phase and the spin
    glass f̃_sg = 0; between the ferromagnetic and the compositional phase |g̃| is ¼ (for θ̃ > 0: the slope of f̃ at
    ℓ = 0 vanishes), which needs no search.

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
        Values of the control to rounding, nan where the two phases do not meet between the limits.

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

    def gap(x: NDArray, index: NDArray) -> NDArray:
        here = CompositionalRBM(**{k: v[index] for k, v in flat.items()}, **{along: x})
        glass = np.nan_to_num(glass_energy(here), nan=np.inf)
        if "ferromagnetic" in pair:
            return glass
        value = np.asarray(ell_star(here).free_energy, dtype=float)
        return np.where(np.isnan(value), 1.0, np.minimum(value, 0.0)) - glass

    grid = np.linspace(low, high, points)
    every = np.arange(int(np.prod(shape)))
    values = np.stack([gap(np.full(len(every), x), every) for x in grid])
    change = (values[1:] > 0) != (values[:-1] > 0)
    row, cell = np.nonzero(change.any(axis=0))[0], np.argmax(change, axis=0)
    result = np.full(len(every), np.nan)
    if len(row):
        at_cell = cell[row]
        ends = values[at_cell, row], values[at_cell + 1, row]
        result[row] = find_roots(lambda x, i: gap(x, row[i]), grid[at_cell], grid[at_cell + 1], *ends, rtol=1e-13)
    # both gaps have a zero where the other phase is the one that the glass meets
    field = result if along == "g" else flat["g"]
    with np.errstate(invalid="ignore"):
        result = np.where((field <= FERROMAGNETIC) == ("ferromagnetic" in pair), result, np.nan)
    return result.reshape(shape)[()]


FERROMAGNETIC = -0.25
"""g̃ below which f̃ increases from ℓ = 0."""


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
