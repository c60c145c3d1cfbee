"""What solving returns: one solution, or arrays of them, each with a status that says what to try."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replica._remembered import kept
from replica.errors import ConvergenceError
from replica.models.base import Model, Order
from replica.numerics.elementary import is_multiprecision
from replica.numerics.number import Number
from replica.numerics.working_digits import digits_of
from replica.saddle.accounts import summarised
from replica.saddle.ordering import lowest_first
from replica.saddle.status import Status

__all__ = ["ConvergenceError", "Solution", "SolutionList", "Solutions", "Status"]


@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """One solution of the saddle-point equations, or one branch on an array of control values.

    Parameters
    ----------
    model : Model
        The model at its control values.
    kind : str
        "retrieval", "mixture", "spin_glass", "paramagnet" or "spurious": the branch it lies on.
    n : int
        Number of condensed patterns (0 where m = 0).
    order : Order
        Order parameters and responses m, q, r, C, B.
    status : Status or array of int
        How the solve ended.
    residual : float or array
        Largest residual of the saddle-point equations, relative for order parameters above 1.
    sheet : int
        Number of folds between it and the zero-noise state of its branch; states without one are numbered.
    k : int or None
        For R-RBMs, the zero-noise state v = Θ(g + mW) it descends from: (k − 1) m ≤ −g < k m; 1 is retrieval.
    """

    model: Model
    kind: str
    n: int
    order: Order
    status: Any
    residual: Number
    sheet: int = 0
    k: int | None = None

    @kept
    def free_energy(self) -> Number:
        """Free energy f per visible unit."""
        return self._quietly(self.model.free_energy)

    @kept
    def entropy(self) -> Number:
        """Entropy per visible unit."""
        return self._quietly(self.model.entropy)

    @kept
    def energy(self) -> Number:
        """Energy f + T S per visible unit."""
        return self._quietly(self.model.energy)

    @kept
    def replicon(self) -> Number:
        """Replicon eigenvalue, > 0 where replica symmetry is stable."""
        return self._quietly(self.model.replicon)

    @kept
    def quadrature_error(self) -> Number:
        """Error of the averages in the equations and in f: their change under refinement; 0 where it is rounding."""
        return self._quietly(self.model.quadrature_error)

    @kept
    def curvature(self) -> Number:
        """Smallest eigenvalue of the Hessian of f over all overlaps, q, r, C and B eliminated."""
        from replica.saddle.stability import smallest_curvature

        return self._quietly(lambda order, n: smallest_curvature(self.model, order, n))

    @property
    def stable(self) -> bool | NDArray:
        """Whether f is a minimum over the overlaps, unsymmetric directions included."""
        positive = self.curvature > 0
        return positive if np.ndim(positive) else bool(positive)

    def _quietly(self, quantity: Callable[[Order, int], Number]) -> Number:
        """Evaluate at the digits of the order parameters; where a member underflows the value is nan, not a warning."""
        many = any(is_multiprecision(v) for v in self.order)
        turn = digits_of(*self.order, *self.model.controls.values()) if many else nullcontext()
        with turn, np.errstate(all="ignore"):
            return quantity(self.order, self.n)

    def __repr__(self) -> str:
        if np.ndim(self.order.m):
            return f"<{self.kind} of {self.model.name} on an array of shape {np.shape(self.order.m)}>"
        parts = ", ".join(f"{k}={_short(v)}" for k, v in self.order._asdict().items())
        label = self.kind if self.n in (0, 1) else f"{self.kind} n={self.n}"
        return f"<{label}: {parts}, f={_short(self.free_energy)}, {Status(self.status).name.lower()}>"


class SolutionList(list[Solution]):
    """Solutions at one point: a list that knows whether it is complete.

    Parameters
    ----------
    solutions : iterable of Solution
        The solutions, lowest free energy first.
    unaccounted : tuple of str
        Which ends of curves, or which searches, are missing; empty if none are.
    """

    def __init__(self, solutions: Iterable[Solution] = (), unaccounted: tuple[str, ...] = ()) -> None:
        super().__init__(solutions)
        self.unaccounted = unaccounted

    @property
    def complete(self) -> bool:
        """Whether every curve of solutions accounts for its ends, so that no state can be missing."""
        return not self.unaccounted


@dataclasses.dataclass(frozen=True, eq=False)
class Solutions:
    """All solutions on an array of control values: arrays of the controls' shape with a last axis "branch".

    Absent solutions are nan with status ABSENT; `at(index)` lists those present at one point.
    """

    model: Model
    kinds: tuple[str, ...]
    """Kind of each branch, along the last axis."""
    ns: tuple[int, ...]
    ks: tuple[int | None, ...]
    sheets: tuple[int, ...]
    order: Order
    status: NDArray
    residual: NDArray
    missing: tuple[tuple[int, str], ...] = ()
    """Points, as flat indices, at which states may be missing, each with the reason."""

    @property
    def complete(self) -> bool:
        """Whether no state can be missing at any point."""
        return not self.missing

    @kept
    def unaccounted(self) -> tuple[str, ...]:
        """Which ends of curves, or which searches, are missing, and at how many points; empty if none are."""
        return summarised(self.missing, int(np.prod(self.model.shape)))

    def branch(self, j: int) -> Solution:
        """The j-th branch as one Solution with array members."""
        order = type(self.order)._make(member[..., j] for member in self.order)
        return Solution(
            self.model,
            self.kinds[j],
            self.ns[j],
            order,
            self.status[..., j],
            self.residual[..., j],
            self.sheets[j],
            self.ks[j],
        )

    @kept
    def free_energy(self) -> NDArray:
        """Free energies, nan where absent."""
        return self._each(lambda s: s.free_energy)

    @kept
    def stable(self) -> NDArray:
        """Whether each present solution is a minimum over the overlaps (False where absent)."""
        return self._each(lambda s: s.curvature) > 0

    def at(self, index: int | tuple[int, ...]) -> SolutionList:
        """Solutions present at one index of the control array, lowest free energy first."""
        index = index if isinstance(index, tuple) else (index,)
        shape = self.model.shape
        scalars = {k: float(np.broadcast_to(v, shape)[index]) for k, v in self.model.controls.items()}
        model = self.model.replace(**scalars)
        found = []
        for j, kind in enumerate(self.kinds):
            where = (*index, j)
            if self.status[where] == Status.ABSENT:
                continue
            order = type(self.order)._make(float(member[where]) for member in self.order)
            status, residual = Status(int(self.status[where])), float(self.residual[where])
            found.append(Solution(model, kind, self.ns[j], order, status, residual, self.sheets[j], self.ks[j]))
        own = int(np.arange(int(np.prod(shape))).reshape(shape)[index])
        lines = (line for point, line in self.missing if point == own)
        return SolutionList(lowest_first(found), tuple(dict.fromkeys(lines)))

    def __len__(self) -> int:
        return len(self.kinds)

    def __iter__(self) -> Iterator[Solution]:
        return (self.branch(j) for j in range(len(self)))

    def __repr__(self) -> str:
        return f"<Solutions of {self.model.name} on shape {self.model.shape}: branches {list(self.kinds)}>"

    def _each(self, value: Number) -> NDArray:
        out = np.full(self.status.shape, np.nan)
        with np.errstate(invalid="ignore"):
            for j, solution in enumerate(self):
                present = solution.status != Status.ABSENT
                if not present.any():
                    continue
                controls = {
                    k: np.broadcast_to(v, present.shape)[present] if np.ndim(v) else v
                    for k, v in self.model.controls.items()
                }
                order = type(self.order)._make(np.broadcast_to(o, present.shape)[present] for o in solution.order)
                part = dataclasses.replace(solution, model=self.model.unchecked(**controls), order=order)
                out[..., j][present] = value(part)
        return out


def _short(value: Number) -> str:
    if is_multiprecision(value):
        from mpmath import mp

        return str(mp.nstr(value, 12))
    return f"{float(value):.10g}"
