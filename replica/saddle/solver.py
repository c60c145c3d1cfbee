"""Find every solution at given control values.

At fixed couplings the solutions of one kind form a curve (a chart) on which the load α is a function. The curve
is sampled, its extrema - the folds - are located, and between two of them α is monotone: the number of solutions
at a given α is the number of monotone pieces that cross it, and each crossing is then bracketed. Nothing depends
on a start; one curve serves all loads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.errors import ConvergenceError
from replica.models.base import Chart, ExactState, Finder, Found, Model
from replica.models.base.points import flattened, taken
from replica.numerics.elementary import is_multiprecision
from replica.numerics.newton import polish
from replica.saddle.accounts import not_solved, warn_incomplete
from replica.saddle.crossings import states
from replica.saddle.ordering import EPS, lowest_first
from replica.saddle.precision import at_precision, refined
from replica.saddle.solution import Solution, SolutionList, Solutions, Status

__all__ = ["solve", "solve_all"]

ACCEPTED = 1e-10
"""Residual above which a point is marked as failed, unless rounding explains it."""
ROUNDING = 1e-13
"""Residual above which a crossing is given Newton steps."""
EVERYWHERE = (1, 3)
"""Condensed patterns for which every model may be asked, whether or not it has mixtures."""


def solve_all(
    model: Model, *, n_condensed: tuple[int, ...] = (1, 3), precision: int | None = None
) -> SolutionList | Solutions:
    """Every solution of the saddle-point equations with m ≥ 0.

    Parameters
    ----------
    model : Model
        Model; array controls broadcast.
    n_condensed : tuple of int
        Numbers of condensed patterns to look for beside m = 0: 1 is retrieval, 3, 5, … are mixtures.
    precision : int, optional
        Decimal digits, through mpmath; scalar controls only.

    Returns
    -------
    SolutionList or Solutions
        For scalar controls a list, lowest free energy first; for arrays the solutions on the whole grid, with
        a status for each element. Either has `complete` and, where that is False, lines `unaccounted` that say
        which ends of curves or which searches are missing.

    Warns
    -----
    IncompleteWarning
        If the answer may not be complete.

    Raises
    ------
    ValueError
        If `n_condensed` holds anything but integers ≥ 1 or, (1, 3) excepted, numbers for which the model has no states,
        or if `precision` is given for arrays.

    Notes
    -----
    States that become noiseless, and at T = 0 the glass, are found at every α > 0. Second sheets, which have
    1 − C ~ √α, and the glass at T > 0 are complete for α ≥ 1e-12; below, where a double hardly tells their C from 1,
    they come with status FAILED, last in the list, or are missing, and `unaccounted` says which; `precision` solves
    those that come. Left out too are states of random RBMs with 1 − C < 1e-9, or in which less than 1e-12 of the
    visible units are on, or (m > 0) off; the lowest glass excepted.

    Free energies that agree within rounding (64 units of it; of `precision` if that is given), as at and just beyond
    a continuous transition, count as one level. Within it the order is that of kinds, retrieval, mixture, spurious,
    paramagnet, spin_glass, then of n, sheet and k: it is the same on every machine.

    Examples
    --------
    >>> import replica
    >>> from replica.models import Hopfield
    >>> [s.kind for s in replica.solve_all(Hopfield(alpha=0.05, T=0.2))]
    ['retrieval', 'spin_glass', 'retrieval']
    """
    check_model(model)
    branches = _branches(model, _checked_n(n_condensed))
    if model.shape:
        _refuse_precision(precision)
        whole = _assemble(model, [_Located.on(model, b) for b in branches])
        warn_incomplete(whole.unaccounted)
        return whole
    plain = _plain(model)
    located = [_Located.on(plain, b) for b in branches]
    solutions = [s for one in located for s in one.scalar_solutions(plain)]
    rounding: Any = EPS
    if precision is not None:
        solutions, rounding = refined(solutions, model, precision)
    missing = [line for one in located for _, line in one.found.unaccounted]
    missing += [not_solved(s.kind, model, precision) for s in solutions if s.status == Status.FAILED]
    unaccounted = tuple(dict.fromkeys(missing))
    warn_incomplete(unaccounted)
    return SolutionList(lowest_first(solutions, rounding), unaccounted)


def solve(
    model: Model,
    *,
    start: str | tuple[str, int] = "retrieval",
    precision: int | None = None,
    throw: bool = True,
) -> Solution:
    """One solution: the state of a given kind that descends from zero noise.

    Parameters
    ----------
    model : Model
        Model; array controls give array members.
    start : str or (str, int)
        A kind, or ("mixture", n); "mixture" alone is n = 3.
    precision : int, optional
        Decimal digits, through mpmath; scalar controls only.
    throw : bool
        Raise if any point has no such solution; otherwise its status says so and its members are nan.

    Returns
    -------
    Solution
        The state on sheet 0 of its branch, with arrays of the controls' shape as members where controls are arrays.

    Raises
    ------
    ConvergenceError
        If there is no such state and `throw` is true.
    ValueError
        If the model knows no such kind, or `precision` is given for arrays.
    """
    check_model(model)
    branch = chosen_branch(model, start)
    kind = start if isinstance(start, str) else start[0]
    if model.shape:
        _refuse_precision(precision)
        found = _Located.on(model, branch, sheets=1).as_one(branch.n)
        solution = _assemble(model, [found], empty=(kind, branch.n)).branch(0)
        missing = np.asarray(solution.status) != Status.CONVERGED
        if throw and missing.any():
            raise ConvergenceError(_missing(model, start, missing))
        return solution
    plain = _plain(model)
    found_here = _Located.on(plain, branch, sheets=1).scalar_solutions(plain)
    if not found_here:
        if throw:
            raise ConvergenceError(_missing(model, start, np.asarray(True)))
        nan = model.order_type(*[math.nan] * len(model.order_type._fields))
        return Solution(model, kind, branch.n, nan, Status.ABSENT, math.nan)
    return at_precision(found_here[0], model, precision) if precision is not None else found_here[0]


class _Located(NamedTuple):
    """Solutions that one branch holds at the points of a flat model, with their residuals."""

    found: Found
    residual: NDArray
    rounding: NDArray

    @classmethod
    def on(cls, model: Model, branch: Chart | ExactState | Finder, sheets: int | None = None) -> _Located:
        flat = flattened(model)
        found = states(flat, branch, sheets)
        point, n, order = found.point, branch.n, found.order
        here = taken(flat, point)
        residual = here.residual(order, n) if len(point) else np.zeros(0)
        rounding = np.nan_to_num(here.rounding(order, n), nan=0.0) if len(point) else np.zeros(0)
        rough = np.nonzero(~(residual <= np.maximum(ROUNDING, rounding)))[0]
        if len(rough):
            finer = polish(taken(here, rough), type(order)._make(v[rough] for v in order), n)
            if n == 0:
                finer = finer._replace(m=np.zeros(len(rough)))
            for member, new in zip(order, finer, strict=True):
                member[rough] = new
            residual[rough] = taken(here, rough).residual(finer, n)
        return cls(found, residual, rounding)

    def as_one(self, n: int) -> _Located:
        """The same with the n of the branch where they differ from point to point: one state at each is one state."""
        own = self.found.n
        return self if len(np.unique(own)) < 2 else self._replace(found=self.found._replace(n=np.full_like(own, n)))

    def status(self) -> NDArray:
        good = self.residual <= np.maximum(ACCEPTED, 4 * self.rounding)
        return np.where(good, int(Status.CONVERGED), int(Status.FAILED))

    def unaccounted(self, model: Model) -> tuple[tuple[int, str], ...]:
        """Points at which states may be missing, or are not solved to rounding, and why."""
        failed = np.nonzero(self.status() == Status.FAILED)[0]
        rough = ((int(self.found.point[i]), not_solved(self.found.kind[i], model)) for i in failed)
        return (*self.found.unaccounted, *rough)

    def scalar_solutions(self, model: Model) -> list[Solution]:
        found, status = self.found, self.status()
        return [
            Solution(
                model,
                str(found.kind[i]),
                int(found.n[i]),
                type(found.order)._make(float(member[i]) for member in found.order),
                Status(int(status[i])),
                float(self.residual[i]),
                int(found.sheet[i]),
                int(found.k[i]) if found.k[i] >= 0 else None,
            )
            for i in range(len(found.point))
        ]


def _plain(model: Model) -> Model:
    """A scalar model with double-precision controls."""
    if any(is_multiprecision(v) for v in model.controls.values()):
        return model.unchecked(**{k: float(v) for k, v in model.controls.items()})
    return model


def _assemble(model: Model, located: list[_Located], *, empty: tuple[str, int] | None = None) -> Solutions:
    """Lay the solutions out as arrays, one slot of the last axis for each (kind, n, k, sheet) that occurs."""
    slots: list[tuple[_Located, tuple[str, int, int, int], NDArray]] = []
    for one in located:
        found = one.found
        labels = list(zip(found.kind.tolist(), found.n.tolist(), found.k.tolist(), found.sheet.tolist(), strict=True))
        for label in sorted(set(labels), key=lambda v: (v[2], v[3], v[0], v[1])):
            slots.append((one, label, np.array([v == label for v in labels])))
    names = [label for _, label, _ in slots] or ([(*empty, -1, 0)] if empty else [])
    shape, size = model.shape, int(np.prod(model.shape))
    members = [np.full((size, len(names)), np.nan) for _ in model.order_type._fields]
    status = np.full((size, len(names)), int(Status.ABSENT))
    residual = np.full((size, len(names)), np.nan)
    for j, (one, _, mine) in enumerate(slots):
        where = one.found.point[mine]
        for member, values in zip(members, one.found.order, strict=True):
            member[where, j] = values[mine]
        residual[where, j] = one.residual[mine]
        status[where, j] = one.status()[mine]
    full = (*shape, len(names))
    return Solutions(
        model,
        kinds=tuple(label[0] for label in names),
        ns=tuple(label[1] for label in names),
        ks=tuple(label[2] if label[2] >= 0 else None for label in names),
        sheets=tuple(label[3] for label in names),
        order=model.order_type(*(member.reshape(full) for member in members)),
        status=status.reshape(full),
        residual=residual.reshape(full),
        missing=tuple(pair for one in located for pair in one.unaccounted(model)),
    )


# Arguments.


def check_model(model: object, *, open_load: bool = False) -> None:
    """Refuse what is not a model, and one whose load is open unless that is allowed."""
    if not isinstance(model, Model):
        raise ValueError(f"model = {model!r}: a model is needed, such as replica.models.Hopfield(alpha=0.1)")
    if not open_load and model.load not in model.controls:
        raise ValueError(f"{model.load} = None: a value is needed; it may be left open for a spinodal along it")


def chosen_branch(model: Model, start: str | tuple[str, int]) -> Chart | ExactState | Finder:
    """Chart, finder or exact state that `start` names; ValueError with those there are if there is none."""
    kind, n = _kind_and_number(model, start)
    branches = model.branches((1,) if n is None else (int(n),))
    for branch in branches:
        if kinds_of(branch)[0] == kind and (n is None or branch.n == n):
            return branch
    known = sorted({kinds_of(b)[0] for b in model.branches((1, 3))})
    raise ValueError(f"start = {start!r}: {model.name} has {', '.join(known)}")


def _kind_and_number(model: Model, start: Any) -> tuple[str, int | None]:
    if isinstance(start, str):
        return start, 3 if start == "mixture" else None
    pair = isinstance(start, tuple) and len(start) == 2 and isinstance(start[0], str)
    if not pair or isinstance(start[1], bool) or not isinstance(start[1], (int, np.integer)) or start[1] < 1:
        raise ValueError(f"start = {start!r}: a kind of state, or a pair such as ('mixture', 3), is needed")
    return start[0], int(start[1])


def kinds_of(branch: Chart | ExactState | Finder) -> tuple[str, ...]:
    """Kinds of solution on a branch, the one that can be a start state first."""
    return branch.kinds if isinstance(branch, Finder) else (branch.kind,)


def _checked_n(n_condensed: tuple[int, ...]) -> tuple[int, ...]:
    try:
        values = tuple(n_condensed)
    except TypeError:
        values = (n_condensed,)  # type: ignore[assignment]
    for n in values:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n_condensed = {n_condensed!r}: integers >= 1 are needed")
    return tuple(int(n) for n in dict.fromkeys(values))


def _branches(model: Model, n_condensed: tuple[int, ...]) -> Sequence[Chart | ExactState | Finder]:
    """Branches with these numbers of condensed patterns; ValueError if there are none with one of them."""
    if not set(n_condensed) <= set(EVERYWHERE) or len(n_condensed) < len(EVERYWHERE):
        known = {branch.n for branch in model.branches((*EVERYWHERE, *n_condensed))} - {0}
        for n in n_condensed:
            if n not in known:
                there = ", ".join(map(str, sorted(known)))
                raise ValueError(f"n_condensed = {n_condensed}: {model.name} has states with n = {there}, not {n}")
    return model.branches(n_condensed)


def _refuse_precision(precision: int | None) -> None:
    if precision is not None:
        raise ValueError(f"precision = {precision!r}: only scalar controls are solved at high precision")


def _missing(model: Model, start: str | tuple[str, int], missing: NDArray) -> str:
    name = start if isinstance(start, str) else f"{start[0]} n={start[1]}"
    if missing.ndim:
        return f"no {name} state at {int(missing.sum())} of {missing.size} points; throw=False marks them by status"
    where = ", ".join(f"{k} = {v}" for k, v in model.controls.items())
    return f"no {name} state at {where}: {Status.ABSENT.advice}"
