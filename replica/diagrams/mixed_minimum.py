"""A minimum of f̃ over ℓ, or a glass, followed from a homogeneous machine to a heterogeneous one, as units differ more.

The five equations of the state and df̃/dℓ = 0 are solved for the state and ℓ, by Newton's method from the solution at a
smaller spread. A step that does not converge, or moves far, is halved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order
from replica.models.compositional import CompositionalRBM

__all__ = ["mixed_glass", "mixed_minimum"]

LONGEST, SHORTEST = 1 / 8, 1e-3
ROUGH, FINE = 1e-6, 1e-12
"""Relative steps after which Newton's method stops, on the way and at the end."""
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
    point = _spread_out(model, np.array([*model.pack(order), ell], dtype=float), _system, lambda x: x[-1] > 0)
    if point is None:
        return None
    here = model.unchecked(ell=float(point[-1]))
    order = here.unpack(list(point[:-1]))
    if not _curvature(_system(model), point) > 0:
        return None
    return (float(point[-1]), float(here.free_energy(order)), *(float(v) for v in order))


def mixed_glass(model: CompositionalRBM, order: Order) -> tuple[float, Order] | None:
    """f̃ and the order parameters of a glass (m̃ = 0) of a heterogeneous machine, from that of the homogeneous one.

    Parameters
    ----------
    model : CompositionalRBM
        Machine with its `x_i`, `g_i`, `theta_mu` and scalar controls; its `ell` does not matter.
    order : Order
        Order parameters of the homogeneous glass.

    Returns
    -------
    tuple of float and Order, or None
        None where the glass does not survive, or is not followed, to the spread of the machine.
    """
    here = model.unchecked(ell=1.0)
    point = _spread_out(here, np.array(here.pack(order)[1:], dtype=float), _glass_system, lambda x: True)
    if point is None:
        return None
    reached = here.unpack([0.0, *point])
    return float(here.free_energy(reached)), reached


def _spread_out(
    model: CompositionalRBM,
    point: NDArray,
    system_of: Callable[[CompositionalRBM], Callable[[NDArray], NDArray]],
    possible: Callable[[NDArray], bool],
) -> NDArray | None:
    """The root that one of the homogeneous machine becomes as what differs from unit to unit grows to its full size."""
    spread, step = 0.0, LONGEST
    while spread < 1:
        step = min(step, 1 - spread)
        try:
            with np.errstate(all="ignore"):
                new = _newton(
                    system_of(model.shrunk(spread + step)), point, possible, ROUGH if step < 1 - spread else FINE
                )
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            new = None
        if new is None or np.max(np.abs(new - point)) > FAR * max(1.0, np.max(np.abs(point))):
            step /= 2
            if step < SHORTEST:
                return None
            continue
        point, spread, step = new, spread + step, min(LONGEST, 1.5 * step)
    return point


def _system(machine: CompositionalRBM) -> Callable[[NDArray], NDArray]:
    """Residuals of the state and df̃/dℓ at (state, ℓ)."""

    def system(x: NDArray) -> NDArray:
        here = machine.unchecked(ell=float(x[-1]))
        state = list(x[:-1])
        return np.array([*here.equations(state), here.slope(here.unpack(state))], dtype=float)

    return system


def _glass_system(machine: CompositionalRBM) -> Callable[[NDArray], NDArray]:
    """Residuals of a state without overlap; that of m̃ is 0 by symmetry."""
    return lambda x: np.array(machine.equations([0.0, *x])[1:], dtype=float)


def _jacobian(system: Callable[[NDArray], NDArray], x: NDArray) -> NDArray:
    h = 1e-7 * np.maximum(1.0, np.abs(x))
    h[-1] = 1e-7 * abs(x[-1])
    here = system(x)
    return np.array([(system(x + e) - here) / h[j] for j, e in enumerate(np.diag(h))]).T


def _newton(
    system: Callable[[NDArray], NDArray], x: NDArray, possible: Callable[[NDArray], bool], close: float
) -> NDArray | None:
    for _ in range(20):
        step = np.linalg.solve(_jacobian(system, x), system(x))
        x = x - step
        if not np.isfinite(x).all() or not possible(x):
            return None
        if np.max(np.abs(step)) < close * (1 + np.max(np.abs(x))):
            return x
    return None


def _curvature(system: Callable[[NDArray], NDArray], x: NDArray) -> float:
    """d²f̃/dℓ² along the states: the determinant of all over that of the state's equations."""
    full = _jacobian(system, x)
    return float(np.linalg.det(full) / np.linalg.det(full[:-1, :-1]))
