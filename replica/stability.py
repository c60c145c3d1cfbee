"""Local stability: curvature of the free energy over the overlaps, and the replicon."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.elementary import is_multiprecision
from replica.model import Model, Order, derivative

__all__ = ["replicon", "smallest_curvature"]


def replicon(solution: Any) -> Any:
    """Replicon eigenvalue 1 − α p² ⟨(β var_v)²⟩⟨(β var_h)²⟩ of a solution.

    Parameters
    ----------
    solution : Solution
        A solution of any model.

    Returns
    -------
    float, array or mpmath number
        > 0 where replica symmetry is stable; −inf at T = 0 for discrete visible units.

    Notes
    -----
    de Almeida & Thouless, J. Phys. A 11, 983 (1978); for the Hopfield model Amit, Gutfreund & Sompolinsky,
    Ann. Phys. 173, 30 (1987).
    """
    return solution.replicon


def smallest_curvature(model: Model, order: Order, n: int) -> Any:
    """Smallest eigenvalue of ∂²f/∂m_μ∂m_ν with q, r, C and B eliminated.

    Along the symmetric direction it is the Schur complement f_mm − f_mx f_xx⁻¹ f_xm of the Hessian in the
    unknowns; the other directions, which f at equal overlaps does not contain, come from the model.

    Parameters
    ----------
    model : Model
        Model at its controls.
    order : Order
        Order parameters on the saddle.
    n : int
        Condensed patterns.

    Returns
    -------
    float, array or mpmath number
        Positive at a minimum over all overlaps. −inf where q, r, C and B can no longer be eliminated on the
        branch that comes from zero noise: on the way there the curvature has gone to −∞ through a pole, and
        its sign beyond means nothing.
    """
    values = list(model.transverse(order, n))
    if n > 0:
        hessian = derivative(lambda x: list(model.gradient(model.unpack(x), n)), model.pack(order))
        values.append(_schur(hessian) / n)
    if is_multiprecision(values[0]):
        return min(values)
    return np.min(np.broadcast_arrays(*values), axis=0)[()]


def _schur(hessian: list[list[Any]]) -> Any:
    """f_mm − f_mx f_xx⁻¹ f_xm; the overlap is the first unknown."""
    if is_multiprecision(hessian[0][0]):
        return _schur_multiprecision(hessian)
    full: NDArray = np.moveaxis(np.array(np.broadcast_arrays(*(v for row in hessian for v in row))), 0, -1)
    size = len(hessian)
    full = full.reshape((*full.shape[:-1], size, size))
    bad: NDArray = np.asarray(~np.isfinite(full).all(axis=(-2, -1)))
    full = np.where(bad[..., None, None], np.eye(size), full)
    # r and B may be 1e-100: equilibrating the eliminated unknowns leaves the complement unchanged
    for _ in range(4):
        scale = 1 / np.sqrt(np.maximum(np.abs(full).max(axis=-1), 1e-300))
        scale[..., 0] = 1.0
        full = full * scale[..., :, None] * scale[..., None, :]
    solved = np.linalg.solve(full[..., 1:, 1:], full[..., 1:, :1])[..., 0]
    value = full[..., 0, 0] - np.sum(full[..., 0, 1:] * solved, axis=-1)
    proper = np.linalg.det(full[..., 1:, 1:]) * _signature(size - 1) > 0
    return np.where(bad, np.nan, np.where(proper, value, -np.inf))[()]


def _schur_multiprecision(hessian: list[list[Any]]) -> Any:
    from mpmath import mp

    full = mp.matrix(hessian)
    inner = full[1:, 1:]
    if mp.det(inner) * _signature(inner.rows) <= 0:
        return mp.ninf
    return full[0, 0] - (full[0, 1:] * mp.lu_solve(inner, full[1:, 0]))[0]


def _signature(size: int) -> int:
    """Sign of the determinant of the eliminated block at zero noise: one minus for each pair (r, C), (q, B)."""
    return -1 if size // 2 % 2 else 1
