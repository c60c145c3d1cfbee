"""Points from which the curves of any model are traced: beside their ends at α → 0, and where a search finds states.

The ends (docs/completeness.md): α → 0 without noise, C < 1, at T = 0 and above; and α → 0 with C → 1, the noise finite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.base.load_equations import FAINT, NO_OVERLAP, OPEN, LoadEquations
from replica.numerics.arclength import ON_CURVE
from replica.numerics.load_curve import newton_at_load, newton_with_fixed

__all__ = ["LOWEST", "beside_marginal_end", "beside_noiseless_end", "searched"]

LOWEST = -60.0
"""ln α down to which curves are followed, and at which the order parameters of a state without noise are iterated."""
OVERLAPS = np.geomspace(3e-3, 1.5, 48)
"""Overlaps at which states without noise are looked for."""
LIKELY = {"C": 0.1, "q": 0.5, "r": 1.0, "B": 1.0}
"""Order parameters to begin with; 1 for the others."""
ROUNDS = 4
"""Iterations of the equations that bring all but the overlap near a state."""
APART = 1e-5
"""Distance between different states in their coordinates."""

Seeds = tuple[NDArray, NDArray]
"""Rows and points y, shapes (K,) and (K, D)."""


def beside_noiseless_end(system: LoadEquations, rows: int) -> Seeds:
    """States at a noise next to none: from each overlap, the rest by iteration, then Newton's method."""
    overlaps = np.ones(1) if system.frozen else OVERLAPS
    row = np.repeat(np.arange(rows), len(overlaps))
    y = _iterated(system.rows(row), {"m": np.tile(overlaps, rows)}, np.full(len(row), LOWEST), hold=("m",))
    y[:, -1] = FAINT - 1
    if "r" in system.names:
        order = system.rows(row).order(y)
        y[:, -1] -= np.where(order.C < OPEN, np.maximum(y[:, system.names.index("r")], 0.0), 0.0)
    found = _solved(system, row, y, len(system.names))
    open_margin = system.rows(found[0]).order(found[1]).C < OPEN
    return found[0][open_margin], found[1][open_margin]


MARGIN = 1e-5
"""1 − C beside the end where it vanishes."""
NOISES = np.geomspace(0.0005, 4.0, 16)
FEW_ACTIVITIES = np.array([0.5, 0.1, 0.02, 0.004])
FEW_OVERLAPS = np.geomspace(0.001, 1.2, 12)


def beside_marginal_end(system: LoadEquations, rows: int) -> Seeds:
    """States at 1 − C = 1e-5, over all loads: from each noise and overlap, by Newton's method."""
    if "C" not in system.names:
        return np.zeros(0, dtype=int), np.zeros((0, len(system.names) + 1))
    overlaps = np.ones(1) if system.frozen else FEW_OVERLAPS
    activities = FEW_ACTIVITIES if "q" in system.names else np.ones(1)
    noise, overlap, q = (np.tile(v.ravel(), rows) for v in np.meshgrid(NOISES, overlaps, activities))
    row = np.repeat(np.arange(rows), len(NOISES) * len(overlaps) * len(activities))
    own, log_load = system.rows(row), np.zeros(len(row))
    known = {"m": overlap, "C": np.full(len(row), 1 - MARGIN), "q": q}
    for _ in range(ROUNDS):
        y = _iterated(own, known, log_load, hold=("m", "C"))
        with np.errstate(all="ignore"):
            log_load = 2 * np.log(noise) - np.log(own.order(y).r)
        log_load = np.clip(np.nan_to_num(log_load, nan=0.0), LOWEST, -LOWEST)
    y[:, -1] = log_load
    return _solved(system, row, y, system.names.index("C"))


STARTS = 8
"""Starts for each unknown at each load."""
RANGES = {"m": (-4.0, 0.1), "C": (-5.0, 2.5), "r": (-5.0, 1.4), "q": (-5.0, 0.0), "B": (-3.0, 4.0)}
"""Ranges of ln m, ln(−ln(1 − C)), ln s, ln q and ln B in which states are looked for; (−5, 5) for any other."""


def searched(system: LoadEquations, row: NDArray, log_load: NDArray) -> Seeds:
    """States at loads, by Newton's method from 8 quasi-random starts for each unknown at each.

    Parameters
    ----------
    system : LoadEquations
        The equations, R rows.
    row, log_load : array, shape (P,)
        Row and ln α of each search.

    Returns
    -------
    row, y
        The states.
    """
    names = system.names
    count = STARTS * len(names)
    share = _spread(count, len(names))
    low, high = (np.array([RANGES.get(name, (-5.0, 5.0))[i] for name in names]) for i in (0, 1))
    start = np.tile(low + (high - low) * share, (len(row), 1))
    row, log_load = np.repeat(row, count), np.repeat(log_load, count)
    for i, name in enumerate(names):
        if name == "C":
            start[:, i] = np.exp(start[:, i])
        if name == "r":
            start[:, i] = 2 * start[:, i] - log_load
    y = np.concatenate([start, log_load[:, None]], axis=-1)
    slaved = _held(system.rows(row), y, ("m", "r"))
    return _solved(system, np.tile(row, 2), np.concatenate([y, slaved]), len(names))


def _spread(count: int, size: int) -> NDArray:
    """Points of a quasi-random sequence in the unit cube: multiples of powers of the root g of g^(size + 1) = g + 1."""
    g = 1.5
    for _ in range(60):
        g = (1 + g) ** (1 / (size + 1))
    return np.mod(0.5 + np.outer(np.arange(1, count + 1), g ** -np.arange(1.0, size + 1)), 1)


def _iterated(system: LoadEquations, known: dict[str, NDArray], log_load: NDArray, hold: tuple[str, ...]) -> NDArray:
    """Points from a few iterations of the equations, some order parameters held."""
    names = system.names
    values = [known.get(name, LIKELY.get(name, 1.0)) + np.zeros(len(log_load)) for name in names]
    columns = [-np.log1p(-v) if name == "C" else np.log(v) for name, v in zip(names, values, strict=True)]
    y = np.stack([*columns, log_load], axis=-1)
    return _held(system, y, hold)


def _held(system: LoadEquations, y: NDArray, hold: tuple[str, ...]) -> NDArray:
    """Points after a few iterations of the equations of all but some order parameters."""
    free = [i for i, name in enumerate(system.names) if name not in hold]
    y = y.copy()
    for _ in range(ROUNDS):
        y[:, free] = system.moved(y)[:, free]
    return y


def _solved(system: LoadEquations, row: NDArray, y: NDArray, fixed: int) -> Seeds:
    """Newton's method with one coordinate fixed; each state once."""
    own = system.rows(row)
    if fixed == len(system.names):
        y, left = newton_at_load(own, y, linear=0)
    else:
        y, left = newton_with_fixed(own, y, fixed, linear=0)
    good = (left < ON_CURVE) & np.isfinite(y).all(axis=-1)
    with np.errstate(all="ignore"):
        order = own.order(y)
        good &= ~np.asarray(own.spent(order)) & (order.C >= 0)
        if not own.frozen:
            good &= y[:, own.names.index("m")] > np.log(NO_OVERLAP)
    return once(row[good], y[good])


def once(row: NDArray, y: NDArray) -> Seeds:
    """Each state of each row once."""
    keep = np.ones(len(row), dtype=bool)
    for r in np.unique(row):
        mine = np.nonzero(row == r)[0]
        near = (np.abs(y[mine, None] - y[None, mine]) < APART * (1 + np.abs(y[mine, None]))).all(axis=-1)
        keep[mine] = ~np.tril(near, -1).any(axis=1)
    return row[keep], y[keep]
