"""A fold as an extended system: the equations together with the singularity of their Jacobian.

With x the unknowns, λ the control and J = ∂E/∂x, the fold solves E(x, λ) = 0 and g(x, λ) = 0, where g comes from

    | J   b | | w |   | 0 |
    | cᵀ  0 | | g | = | 1 |

and vanishes exactly where J is singular (Griewank & Reddien, IMA J. Numer. Anal. 4, 295 (1984)). The system is
regular at the fold, so Newton's method reaches rounding there, in double precision or in mpmath.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from replica.numerics.number import Number
from replica.numerics.system import System

__all__ = ["refine_fold"]


def refine_fold(
    model: System, order: Any, n: int, along: str, value: Number, digits: int | None = None
) -> tuple[Number, Any]:
    """Refine a fold found roughly.

    Parameters
    ----------
    model : System
        Model with scalar controls; that of `along` is replaced.
    order : Order
        Rough order parameters at the fold.
    n : int
        Condensed patterns.
    along : str
        Control in which the branch folds.
    value : float or mpmath number
        Its rough value.
    digits : int, optional
        Decimal digits wanted, through mpmath; double precision by default.

    Returns
    -------
    value : float or mpmath number
        The control at the fold.
    order : Order
        Order parameters there, members of the same kind.

    Raises
    ------
    ArithmeticError
        If Newton's method does not converge from there.
    """
    algebra = _Double() if digits is None else _Multiprecision(digits)
    scale = algebra.number(abs(value) if value else 1.0)
    point = [algebra.number(v) for v in (*model.pack(order), algebra.number(value) / scale)]

    def jacobian(v: list[Number]) -> list[list[Number]]:
        here = model.unchecked(**{along: v[-1] * scale})
        return here.jacobian(v[:-1], n)

    b, c = algebra.null_vectors(jacobian(point))

    def system(v: list[Number]) -> list[Number]:
        here = model.unchecked(**{along: v[-1] * scale})
        return [*here.equations(v[:-1], n), algebra.bordered(jacobian(v), b, c)]

    best = None
    for _ in range(30):
        with np.errstate(all="ignore"):
            try:
                step = algebra.newton_step(system, point)
            except (np.linalg.LinAlgError, ValueError):  # singular, or out of the domain, where roots are imaginary
                step = [math.inf]
        if not all(abs(s) < math.inf for s in step):
            break
        point = [p - s for p, s in zip(point, step, strict=True)]
        size = max(abs(s) / max(1, abs(p)) for s, p in zip(step, point, strict=True))
        if size <= algebra.tolerance or (best is not None and size >= best and size <= algebra.accepted):
            break
        best = size if best is None else min(size, best)
    else:
        step = [math.inf]
    if not all(abs(s) < math.inf for s in step):
        raise ArithmeticError(
            f"the fold at {along} = {float(value):.6g} is not resolved at this precision: give precision=30, or more"
        )
    return point[-1] * scale, model.unchecked(**{along: point[-1] * scale}).unpack(point[:-1])


class _Double:
    """Linear algebra in double precision."""

    tolerance = 1e-15
    accepted = 1e-9

    def number(self, v: Number) -> Number:
        return np.float64(v)

    def null_vectors(self, matrix: list[list[Number]]) -> tuple[Number, Number]:
        u, _, vh = np.linalg.svd(np.array(matrix, dtype=float))
        return u[:, -1], vh[-1]

    def bordered(self, matrix: list[list[Number]], b: Number, c: Number) -> Number:
        size = len(b)
        full = np.zeros((size + 1, size + 1))
        full[:size, :size], full[:size, size], full[size, :size] = np.array(matrix), b, c
        return np.linalg.solve(full, np.eye(size + 1)[-1])[-1]

    def newton_step(self, system: Number, point: list[Number]) -> list[Number]:
        columns = []
        for j in range(len(point)):
            h = 1e-6 * max(1.0, abs(point[j]))
            ends = [[p + sign * h if i == j else p for i, p in enumerate(point)] for sign in (1, -1)]
            columns.append((np.array(system(ends[0])) - np.array(system(ends[1]))) / (2 * h))
        return list(np.linalg.solve(np.array(columns, dtype=float).T, np.array(system(point), dtype=float)))


class _Multiprecision:
    """The same in mpmath; vectors are those of the double-precision Jacobian, which is near enough."""

    def __init__(self, digits: int) -> None:
        from mpmath import mp

        self.mp = mp
        self.tolerance = mp.mpf(10) ** (-digits - 2)
        self.accepted = mp.mpf(10) ** (-digits)
        self.matrix: Any = None
        self.age = 0

    def number(self, v: Number) -> Number:
        return self.mp.mpf(v)

    def null_vectors(self, matrix: list[list[Number]]) -> tuple[Number, Number]:
        return _Double().null_vectors([[float(v) for v in row] for row in matrix])

    def bordered(self, matrix: list[list[Number]], b: Number, c: Number) -> Number:
        size = len(b)
        full = self.mp.zeros(size + 1)
        for i in range(size):
            for j in range(size):
                full[i, j] = matrix[i][j]
            full[i, size], full[size, i] = self.mp.mpf(b[i]), self.mp.mpf(c[i])
        right = self.mp.zeros(size + 1, 1)
        right[size] = 1
        return self.mp.lu_solve(full, right)[size]

    def newton_step(self, system: Number, point: list[Number]) -> list[Number]:
        """Chord method: the matrix of the start is exact enough to gain its digits in every step."""
        here = system(point)
        if self.matrix is None or self.age == 4:
            self.matrix, self.age = self._differences(system, point, here), 0
        self.age += 1
        step = self.mp.lu_solve(self.matrix, self.mp.matrix(here))
        return [step[i] for i in range(len(point))]

    def _differences(self, system: Number, point: list[Number], here: list[Number]) -> Number:
        mp, size = self.mp, len(point)
        matrix = mp.zeros(size)
        for j in range(size):
            h = mp.mpf(10) ** (-mp.dps // 2) * max(1, abs(point[j]))
            moved = system([p + h if i == j else p for i, p in enumerate(point)])
            for i in range(size):
                matrix[i, j] = (moved[i] - here[i]) / h
        return matrix
