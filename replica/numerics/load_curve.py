"""Equations whose solutions are curves on which the load varies, and Newton's method with one coordinate fixed.

A curve runs through points y of D coordinates, the last of which is ln α, with F(y) = 0, D − 1 equations (`LoadCurve`),
such as y = (m, ln s, ln b, ln α) with m, s and b in units in which they are of order one.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["LoadCurve", "largest", "newton_at_load", "newton_at_noise", "newton_with_fixed", "solutions"]


class LoadCurve(Protocol):
    """D − 1 equations F(y) = 0 in D coordinates y, ln α the last, at R rows of couplings."""

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Any]:
        """F, shape (R, D − 1), its Jacobian, shape (R, D − 1, D), and the order parameters."""

    def rows(self, index: NDArray) -> Self:
        """Return the same equations at some of the rows."""

    def spent(self, order: Any) -> NDArray:
        """Whether 1 − C/a has vanished, of shape (R,): there a curve ends."""

    def vanished(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Whether a curve has lost its overlap, or its noise where there is none, of shape (R,): there it ends."""

    def faint(self, order: Any) -> NDArray:
        """Whether next to no unit is active, of shape (R,)."""

    def boundless(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Whether noise, or the answer to an input, is about to be infinite, of shape (R,): there curves end."""


def newton_at_load(system: LoadCurve, y: NDArray, steps: int = 40, *, linear: int = 1) -> tuple[NDArray, NDArray]:
    """Newton's method at fixed loads, steps halved until F falls.

    Parameters
    ----------
    system : LoadCurve
        The equations, R rows.
    y : array, shape (R, D)
        Starts.
    steps : int
        Upper bound of the number of steps.
    linear : int
        How many of the first coordinates are no logarithms: a step of one of these is at most 1.

    Returns
    -------
    y, left
        The points, and the largest |F| that is left at each.
    """
    return newton_with_fixed(system, y, y.shape[-1] - 1, steps, linear=linear)


def newton_at_noise(system: LoadCurve, y: NDArray, steps: int = 40) -> tuple[NDArray, NDArray]:
    """Newton's method at fixed noise s; otherwise as `newton_at_load`.

    Parameters
    ----------
    system : LoadCurve
        The equations, R rows.
    y : array, shape (R, D)
        Starts.
    steps : int
        Upper bound of the number of steps.

    Returns
    -------
    y, left
        The points, and the largest |F| that is left at each.
    """
    return newton_with_fixed(system, y, 1, steps)


def newton_with_fixed(
    system: LoadCurve, y: NDArray, fixed: int, steps: int = 40, *, linear: int = 1
) -> tuple[NDArray, NDArray]:
    """Newton's method with one coordinate fixed; otherwise as `newton_at_load`.

    Parameters
    ----------
    system : LoadCurve
        The equations, R rows.
    y : array, shape (R, D)
        Starts.
    fixed : int
        Which coordinate stays as it is.
    steps : int
        Upper bound of the number of steps.
    linear : int
        How many of the first coordinates are no logarithms: a step of one of these is at most 1.

    Returns
    -------
    y, left
        The points, and the largest |F| that is left at each.
    """
    free = [i for i in range(y.shape[-1]) if i != fixed]
    y = y.copy()
    if not len(y):
        return y, np.zeros(0)
    with np.errstate(all="ignore"):
        F, J, _ = system.at(y)
        left = largest(F)
        active = np.nonzero(np.isfinite(left))[0]
        for _ in range(steps):
            active = active[left[active] > 1e-15]
            if not len(active):
                break
            step = solutions(J[active][:, :, free], F[active])
            step *= np.minimum(1, 1 / np.maximum(np.abs(step[:, linear:]).max(axis=-1), 1e-300))[:, None]
            waiting, length = np.arange(len(active)), 1.0
            better = np.zeros(len(active), dtype=bool)
            while len(waiting) and length > 0.05:
                index = active[waiting]
                trial = y[index].copy()
                trial[:, free] -= length * step[waiting]
                trial_F, trial_J, _ = system.rows(index).at(trial)
                size = largest(trial_F)
                good = size < left[index]
                y[index[good]], F[index[good]], J[index[good]] = trial[good], trial_F[good], trial_J[good]
                left[index[good]] = size[good]
                better[waiting[good]] = True
                waiting, length = waiting[~good], length / 2
            active = active[better]
    return y, left


def largest(F: NDArray) -> NDArray:
    """Largest |F| of each row, inf where one is not finite."""
    size = np.abs(F).max(axis=-1)
    return np.where(np.isfinite(size), size, np.inf)


def solutions(matrix: NDArray, right: NDArray) -> NDArray:
    """Solutions of linear systems, zero where one is singular or not finite."""
    sound = np.isfinite(matrix).all(axis=(-2, -1)) & np.isfinite(right).all(axis=-1)
    sound[sound] = np.abs(np.linalg.det(matrix[sound])) > 1e-300
    out = np.zeros_like(right)
    out[sound] = np.linalg.solve(matrix[sound], right[sound][..., None])[..., 0]
    return out
