"""Local stability: curvature of the free energy over the overlaps, and the replicon."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Model, Order
from replica.numerics.elementary import is_multiprecision
from replica.numerics.jacobian import solved, stacked
from replica.numerics.number import Number

__all__ = ["replicon", "smallest_curvature"]


def replicon(solution: Any) -> Number:
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


def smallest_curvature(model: Model, order: Order, n: int) -> Number:
    """Smallest eigenvalue of ∂²f/∂m_μ∂m_ν with q, r, C and B eliminated.

    Along the symmetric direction it is the Schur complement f_mm − f_mx f_xx⁻¹ f_xm of the Hessian in the
    unknowns. Since ∂f/∂m = −n R_m and ∂f/∂x is a regular combination of the other residuals R_x, on the saddle it
    is −(∂R_m/∂m − ∂R_m/∂x (∂R_x/∂x)⁻¹ ∂R_x/∂m) for each pattern, whatever the scale of α, r and B. The other
    directions, which f at equal overlaps does not contain, come from the model.

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
        jacobian = model.jacobian(model.pack(order), n)
        double = not is_multiprecision(jacobian[0][0])
        values.append(_symmetric(stacked(jacobian)) if double else _symmetric_multiprecision(jacobian))
    if is_multiprecision(values[0]):
        return min(values)
    return np.min(np.broadcast_arrays(*values), axis=0)[()]


def _symmetric(jacobian: NDArray) -> Number:
    """−(J_mm − J_mx J_xx⁻¹ J_xm); the overlap is the first unknown. −J_xx is the unit matrix up to a triangle at
    zero noise, so that a negative determinant tells that the elimination has changed branch.
    """
    bad = ~np.isfinite(jacobian).all(axis=(-2, -1))
    jacobian = np.where(bad[..., None, None], -np.eye(jacobian.shape[-1]), jacobian)
    inner, column = jacobian[..., 1:, 1:], jacobian[..., 1:, 0]
    value = np.sum(jacobian[..., 0, 1:] * solved(inner, column), axis=-1) - jacobian[..., 0, 0]
    proper = np.linalg.det(-inner) > 0
    return np.where(bad, np.nan, np.where(proper, value, -np.inf))[()]


def _symmetric_multiprecision(jacobian: list[list[Number]]) -> Number:
    from mpmath import mp

    full = mp.matrix(jacobian)
    inner = full[1:, 1:]
    if mp.det(-inner) <= 0:
        return mp.ninf
    return (full[0, 1:] * mp.lu_solve(inner, full[1:, 0]))[0] - full[0, 0]
