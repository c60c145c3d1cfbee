"""A minimum of f̃ over ℓ followed from a homogeneous machine to a heterogeneous one, as its units differ more.

The five equations of the state and df̃/dℓ = 0 are solved for the state and ℓ, by Newton's method from the solution at a
smaller spread. A step that does not converge, or moves far, is halved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order
from replica.models.compositional import CompositionalRBM

__all__ = ["mixed_minimum"]

LONGEST, SHORTEST = 1 / 8, 1e-3
FAR = 0.3
"""Relative move in one step of the spread that is not trusted."""


def mixed_minimum(model: CompositionalRBM, ell: float, order: Order) -> tuple[float, ...] | None:
    """ℓ, f̃, m̃, q, r̃, C and B̃ of the minimum of a heterogeneous machine, from the homogeneous one.

    Parameters
    ----------
    model : CompositionalRBM
        Machine with its `x_i`, `g_i`, `theta_mu` and scalar controls.
    ell : float
        ℓ of the minimum of the homogeneous machine.
    order : Order
        Order parameters there.

    Returns
    -------
    tuple of float, or None
        None where the minimum does not survive, or is not followed, to the spread of the machine.
    """
    point = np.array([*model.pack(order), ell], dtype=float)
    spread, step = 0.0, LONGEST
    while spread < 1:
        step = min(step, 1 - spread)
        system = _system(model.shrunk(spread + step))
        try:
            new = _newton(system, point)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            new = None
        if new is None or new[-1] <= 0 or np.max(np.abs(new - point)) > FAR * max(1.0, np.max(np.abs(point))):
            step /= 2
            if step < SHORTEST:
                return None
            continue
        point, spread, step = new, spread + step, min(LONGEST, 1.5 * step)
    here = model.unchecked(ell=float(point[-1]))
    order = here.unpack(list(point[:-1]))
    if not _curvature(system, point) > 0:
        return None
    return (float(point[-1]), float(here.free_energy(order)), *(float(v) for v in order))


def _system(machine: CompositionalRBM) -> Callable[[NDArray], NDArray]:
    """Residuals of the state and df̃/dℓ at (state, ℓ)."""

    def system(x: NDArray) -> NDArray:
        here = machine.unchecked(ell=float(x[-1]))
        state = list(x[:-1])
        return np.array([*here.equations(state), here.slope(here.unpack(state))], dtype=float)

    return system


def _jacobian(system: Callable[[NDArray], NDArray], x: NDArray) -> NDArray:
    h = 1e-6 * np.maximum(1.0, np.abs(x))
    h[-1] = 1e-6 * x[-1]
    return np.array([(system(x + e) - system(x - e)) / (2 * h[j]) for j, e in enumerate(np.diag(h))]).T


def _newton(system: Callable[[NDArray], NDArray], x: NDArray) -> NDArray | None:
    for _ in range(20):
        step = np.linalg.solve(_jacobian(system, x), system(x))
        x = x - step
        if not np.isfinite(x).all() or x[-1] <= 0:
            return None
        if np.max(np.abs(step)) < 1e-12 * (1 + np.max(np.abs(x))):
            return x
    return None


def _curvature(system: Callable[[NDArray], NDArray], x: NDArray) -> float:
    """d²f̃/dℓ² along the states: the determinant of all over that of the state's equations."""
    full = _jacobian(system, x)
    return float(np.linalg.det(full) / np.linalg.det(full[:-1, :-1]))
