"""Averages of a unit over a Gaussian input at T = 0, where x(I) minimises U(x) − I x − c x²/2.

x(I) is a staircase for units of a few values, straight for Gaussian units and bent once for ReLU units: Gaussian
integrals H^(k) in closed form. A potential on an interval is a staircase of many steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.numerics.elementary import phi
from replica.numerics.gaussian import H
from replica.potentials.law import FieldAverages

__all__ = ["convex", "of_steps", "squared_response"]


def of_steps(x: NDArray, energy: NDArray, h: Any, s: Any, c: Any, *, smooth: bool = False) -> FieldAverages:
    """Averages of a unit of few values: x(I) steps from one to the next where I passes their slope of energy.

    Parameters
    ----------
    x, energy : array, shape (n,)
        Values in increasing order, and their energies.
    h, s, c : array
        Mean and standard deviation of the input, coefficient of x²/2, of shape S.
    smooth : bool
        Whether the values are equidistant ones of a smooth U: its slopes are then taken to fourth order.

    Returns
    -------
    FieldAverages
        The averages.
    """
    h, s, c = np.broadcast_arrays(h, s, c)
    shape = h.shape
    h, s, c = (v.ravel() for v in (h, s, c))
    dtype = np.result_type(h, s, c, float)
    out = [np.full((*lead, len(h)), np.nan, dtype) for lead in ((), (), (), (), (), (3, 3))]
    for best, part in _hulls(x, energy, np.real(c)):
        for block in np.array_split(part, len(part) * len(best) // LARGEST_BLOCK + 1):
            sums = _staircase(x, energy, best, h[block], s[block], c[block], smooth)
            for total, one in zip(out, sums, strict=True):
                total[..., block] = one
    return FieldAverages(*(v.reshape((*v.shape[:-1], *shape)) for v in out))


LARGEST_BLOCK = 2_000_000
"""Numbers that are held at once."""
FEW = 8
"""Values of which all pairs are looked at."""


def _hulls(x: NDArray, energy: NDArray, c: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    """Values that minimise U − I x − c x²/2 for some input I, and the elements with self-couplings c where they do."""
    c = np.where(np.isfinite(c), c, 0.0)
    if len(x) <= FEW:
        chosen = np.ones((len(c), len(x)), dtype=bool)
        for i in range(1, len(x) - 1):
            slopes = [(energy[j] - energy[i]) / (x[j] - x[i]) - c * (x[j] + x[i]) / 2 for j in range(len(x)) if j != i]
            chosen[:, i] = np.max(slopes[:i], axis=0) < np.min(slopes[i:], axis=0)
        for code in np.unique(chosen @ 2 ** np.arange(len(x))):
            part = np.nonzero(chosen @ 2 ** np.arange(len(x)) == code)[0]
            yield np.nonzero(chosen[part[0]])[0], part
        return
    # below the least curvature all of them
    slope, middle = np.diff(energy) / np.diff(x), (x[1:] + x[:-1]) / 2
    whole = c < (np.diff(slope) / np.diff(middle)).min()
    if whole.any():
        yield np.arange(len(x)), np.nonzero(whole)[0]
    for value in np.unique(c[~whole]):
        yield convex(x, energy - value * x * x / 2), np.nonzero(~whole & (c == value))[0]


def _staircase(
    x: NDArray, energy: NDArray, best: NDArray, h: NDArray, s: NDArray, c: NDArray, smooth: bool
) -> list[NDArray]:
    """Sums over the steps between the values `best`."""
    whole = len(best) == len(x)
    x, energy = x[best], energy[best]
    rise, middle = np.diff(x), (x[1:] + x[:-1]) / 2
    slope = np.diff(energy) / rise
    end, stiff = 0.0, 0.0
    if smooth and whole:
        # midpoint sums of Euler and Maclaurin: what the lower end adds to Q and K
        end, stiff = rise[0] ** 2 / 24, (slope[1] - slope[0]) / rise[0]
        slope[1:-1] -= (slope[2:] - 2 * slope[1:-1] + slope[:-2]) / 24
    threshold = slope - c[:, None] * middle
    u = (threshold - h[:, None]) / s[:, None]
    # from the smallest value on both ways, so that little activity is a sum of small numbers
    base = int(np.argmin(np.abs(x)))
    passed = np.concatenate([-H(0, -u[:, :base]), H(0, u[:, base:])], axis=1)
    density = phi(u) / s[:, None]
    work = h * x[0] + c * x[0] ** 2 / 2 - energy[0] + s * (H(1, u) @ rise) + end * (stiff - c)
    square = rise * 2 * middle
    bent = density * u / s[:, None]
    slopes = [
        [density @ rise, (density * u) @ rise, density @ (rise * middle)],
        [density @ square, (density * u) @ square, density @ (square * middle)],
        [bent @ rise, (density * (u * u - 1) / s[:, None]) @ rise, bent @ (rise * middle)],
    ]
    chi = density @ rise
    jumps = np.where((np.real(s) < QUIET) & (chi == 0), 0.0, np.inf)
    M, Q = x[base] + passed @ rise, x[base] ** 2 + passed @ square - 2 * end
    return [work, M, Q, chi, jumps, np.array(slopes)]


QUIET = 1e-140
"""Noise that stands for none."""


def squared_response(x: NDArray, energy: NDArray, h: NDArray, s: NDArray, c: NDArray) -> NDArray:
    """⟨(dx/dI)²⟩ along a staircase of many steps that stands for a curve; inf where the curve jumps.

    Parameters
    ----------
    x, energy : array, shape (n,)
        Values in increasing order, and their energies.
    h, s, c : array, shape S
        As those of `of_steps`.

    Returns
    -------
    array, shape S
        The averages.
    """
    h, s, c = (np.real(v) for v in (h, s, c))
    values = np.full(h.shape, np.inf)
    for coupling in np.unique(c):
        best = convex(x, energy - coupling * x * x / 2)
        if len(best) < len(x):
            continue
        threshold = np.diff(energy - coupling * x * x / 2) / np.diff(x)
        width = (threshold[2:] - threshold[:-2]) / 2
        rise = (x[2:-1] + x[3:] - x[:-3] - x[1:-2]) / 4
        own = c == coupling
        u = (threshold[1:-1] - h[own][:, None]) / s[own][:, None]
        values[own] = phi(u) @ (rise * rise / width) / s[own]
    return values


def convex(x: NDArray, energy: NDArray) -> NDArray:
    """Indices of the values on the lower convex hull of the energies: those that minimise it for some input."""
    kept = np.arange(len(x))
    for _ in range(PASSES):
        slope = np.diff(energy[kept]) / np.diff(x[kept])
        below = np.concatenate([[True], np.diff(slope) > 0, [True]])
        if below.all():
            return kept
        # a value above the line between its neighbours is above the hull
        kept = kept[below]
    x, energy = x[kept], energy[kept]
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (energy[b] - energy[a]) * (x[i] - x[b]) < (energy[i] - energy[b]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(i)
    return kept[np.array(hull)]


PASSES = 30
"""Times that all values above their neighbours are dropped at once."""
