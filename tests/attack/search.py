"""Zeros of functions: cells of a grid in which all of them change sign, scans of one coordinate, Newton's method."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import brentq, minimize_scalar

SLACK = 0.25
"""By how much of its range over a cell's corners a function may miss zero and still be looked at."""


def cells(grids, functions):
    """Start points in the cells of a grid in which all functions may vanish, shape (P, n).

    grids: coordinates of the nodes, n arrays of one shape; functions: their values, nan outside the domain.
    """
    n = grids[0].ndim
    corners = list(itertools.product((slice(None, -1), slice(1, None)), repeat=n))
    here = True
    for values in functions:
        stack = np.stack([values[corner] for corner in corners])
        with np.errstate(all="ignore"):
            low, high = np.fmin.reduce(stack), np.fmax.reduce(stack)
            room = SLACK * (high - low)
            here = here & (low - room <= 0) & (high + room >= 0)
    place = np.nonzero(here)
    ends = [[g[corner][place] for g in grids] for corner in (corners[0], corners[-1])]
    low, high = (np.stack(end, axis=-1) for end in ends)
    return np.concatenate([low + share * (high - low) for share in (0.25, 0.75)])


def scan(function, nodes):
    """Roots of a function of one coordinate: at changes of sign between nodes, and at extrema that pass zero there."""
    values = function(nodes)
    one = lambda t: float(function(np.array([t]))[0])  # noqa: E731
    pairs = [(nodes[i], nodes[i + 1]) for i in np.nonzero(values[1:] * values[:-1] < 0)[0]]
    roots = list(nodes[values == 0])
    with np.errstate(invalid="ignore"):
        size, sign = np.abs(values), np.sign(values)
        tip = (
            (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & (sign[1:-1] == sign[:-2]) & (sign[1:-1] == sign[2:])
        )
        # a parabola through three nodes passes zero, or nearly
        close = size[1:-1] < 0.5 * np.maximum(size[:-2] + size[2:] - 2 * size[1:-1], 0)
    for i in np.nonzero(tip & close)[0] + 1:
        low, high = nodes[i - 1], nodes[i + 1]
        best = minimize_scalar(
            lambda t, s=sign[i]: s * one(t), bounds=(low, high), method="bounded", options={"xatol": 1e-11}
        )
        if best.fun < 0:
            pairs += [(low, best.x), (best.x, high)]
        elif best.fun < 1e-9 * size[i - 1]:
            roots.append(best.x)
    return np.array(roots + [brentq(one, a, b, xtol=1e-300, rtol=1e-15, maxiter=10_000) for a, b in pairs])


def newton(residual, starts, steps=40, longest=0.7, h=1e-7):
    """Newton's method from many points at once, no step longer than `longest` in any coordinate.

    residual: (P, n) points and their indices to (P, n) values. Returns the points that came to rest, and indices.
    """
    x, active = np.array(starts, dtype=float), np.arange(len(starts))
    rested = np.zeros(len(x), dtype=bool)
    n = x.shape[1]
    for step_number in range(steps):
        if not len(active):
            break
        here = x[active]
        points = (here[:, None] + np.concatenate([np.zeros((1, n)), h * np.eye(n)])).reshape(-1, n)
        with np.errstate(all="ignore"):
            values = residual(points, np.repeat(active, n + 1)).reshape(len(active), n + 1, n)
            jacobian = np.moveaxis(values[:, 1:] - values[:, :1], 1, 2) / h
        good = np.isfinite(values[:, 0]).all(-1) & np.isfinite(jacobian).all((-1, -2))
        good[good] = np.abs(np.linalg.det(jacobian[good])) > 1e-290
        active, here = active[good], here[good]
        step = -np.linalg.solve(jacobian[good], values[good, 0][..., None])[..., 0]
        size = np.abs(step).max(-1)
        x[active] = here + step * np.minimum(1, longest / np.maximum(size, 1e-300))[:, None]
        left = np.abs(values[good, 0]).max(-1)
        small = (size < 1e-9) & (left < 1e-7)
        rested[active[small]] = True
        # what is still far away after many steps has lost its way
        active = active[
            ~small & np.isfinite(size) & (left < (np.inf if step_number < 10 else 0.3 if step_number < 20 else 1e-2))
        ]
    index = np.nonzero(rested)[0]
    return x[index], index


def distinct(states, tolerance=1e-7):
    """States without repetitions: apart in ln m, ln q, ln r or ln(1 − C)."""
    kept = []
    for state in states:
        if not any(same(state, other, tolerance) for other in kept):
            kept.append(state)
    return kept


def same(one, other, tolerance):
    """Whether two states agree in m, q, r and 1 − C, relative to their size."""
    pairs = ((one.m, other.m), (one.q, other.q), (one.r, other.r), (1 - one.C, 1 - other.C))
    return all(abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-300 for a, b in pairs)
