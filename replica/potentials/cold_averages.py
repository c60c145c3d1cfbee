"""Averages of a unit over a Gaussian input at T = 0, where x(I) minimises U(x) − I x − c x²/2.

x(I) is a staircase for units of a few values, straight for Gaussian units and bent once for ReLU units: Gaussian
integrals H^(k) in closed form. A potential on an interval is a staircase of many steps.
"""

from __future__ import annotations

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
    out: list[NDArray] = []
    couplings, group = np.unique(np.real(c), return_inverse=True)
    for j, value in enumerate(couplings):
        part = np.nonzero(group == j)[0]
        sums = _staircase(x, energy, value, h[part], s[part], c[part], smooth)
        if not out:
            out = [np.empty((*v.shape[:-1], len(h)), dtype=np.result_type(v)) for v in sums]
        for total, one in zip(out, sums, strict=True):
            total[..., part] = one
    return FieldAverages(*(v.reshape((*v.shape[:-1], *shape)) for v in out))


def _staircase(
    x: NDArray, energy: NDArray, coupling: float, h: NDArray, s: NDArray, c: NDArray, smooth: bool
) -> list[NDArray]:
    """Sums over the steps at one self-coupling (its imaginary step aside)."""
    best = convex(x, energy - coupling * x * x / 2)
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
    on, density = H(0, u), phi(u) / s[:, None]
    work = h * x[0] + c * x[0] ** 2 / 2 - energy[0] + s * (H(1, u) @ rise) + end * (stiff - c)
    square = rise * 2 * middle
    bent = density * u / s[:, None]
    slopes = [
        [density @ rise, (density * u) @ rise, density @ (rise * middle)],
        [density @ square, (density * u) @ square, density @ (square * middle)],
        [bent @ rise, (density * (u * u - 1) / s[:, None]) @ rise, bent @ (rise * middle)],
    ]
    chi = density @ rise
    return [work, x[0] + on @ rise, x[0] ** 2 + on @ square - 2 * end, chi, np.full(len(h), np.inf), np.array(slopes)]


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
    slope = np.diff(energy) / np.diff(x)
    if (np.diff(slope) > 0).all():
        return np.arange(len(x))
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (energy[b] - energy[a]) * (x[i] - x[b]) < (energy[i] - energy[b]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(i)
    return np.array(hull)
