"""Phase diagrams: at each point of a grid the phase, and the lowest free energy of all solutions.

The grid is cut into chunks of whole lines, always the same ones, and each chunk is solved at once with arrays:
the result is the same bit for bit wherever the chunks run.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.diagrams.compositional_phases import phase_of
from replica.errors import ConvergenceError
from replica.models.base import Model
from replica.models.base.controls import real_array
from replica.models.compositional import CompositionalRBM
from replica.saddle.solution import Solutions, Status
from replica.saddle.solver import solve_all

if TYPE_CHECKING:
    from replica.table import Table

__all__ = ["PhaseDiagram", "lowest", "phase_diagram"]

CHUNK = 512
"""Points that are solved at once, to the next whole line: less would cost speed, more would leave workers idle."""
TIE = 1e-13
"""Difference of free energies, relative to those above 1, that rounding can make."""

Phases = tuple[NDArray, NDArray, dict[str, NDArray]]


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Phases on a grid of two controls.

    Parameters
    ----------
    model : Model
        Model with the controls that are the same everywhere.
    rows, columns : dict of str to array
        The control along each axis and its values, shapes (R,) and (C,).
    labels : array of str
        Phase at each point, shape (R, C); "" where there is none, or two are equally low.
    free_energy : array
        Lowest free energy of all solutions, shape (R, C); nan where there is none.
    extras : dict of str to array
        What else the model's method `phases` gives, shape (R, C) each.
    errors : dict of (int, int) to str
        Points that failed, and why.
    """

    model: Model
    rows: dict[str, NDArray]
    columns: dict[str, NDArray]
    labels: NDArray
    free_energy: NDArray
    extras: dict[str, NDArray] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)

    def __repr__(self) -> str:
        axes = " by ".join(f"{len(v)} values of {k}" for k, v in (*self.rows.items(), *self.columns.items()))
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<phase diagram of {self.model.name}: {axes}{failed}>"

    def table(self) -> Table:
        """A row for each point, the columns of the grid fastest.

        Returns
        -------
        Table
            Columns: the two controls, phase, free_energy, and the extras.
        """
        from replica.table import Table, provenance

        (row, values), (column, others) = *self.rows.items(), *self.columns.items()
        fixed = {k: v for k, v in self.model.controls.items() if k not in (row, column)}
        parameters = {"model": self.model.name, **fixed, "rows": row, "columns": column}
        filled: dict[str, NDArray] = {
            row: np.repeat(values, len(others)),
            column: np.tile(others, len(values)),
            "phase": self.labels,
            "free_energy": self.free_energy,
            **self.extras,
        }
        return Table({name: entries.reshape(-1).tolist() for name, entries in filled.items()}, provenance(parameters))


def phase_diagram(
    model: Model,
    *,
    rows: Mapping[str, ArrayLike],
    columns: Mapping[str, ArrayLike],
    executor: Executor | None = None,
    progress: Callable[..., Iterable[Any]] | None = None,
    checkpoint: str | Path | None = None,
) -> PhaseDiagram:
    """Phase and lowest free energy on a grid of two controls, from all solutions at each point.

    Parameters
    ----------
    model : Model
        Model with scalar controls; those along the axes are replaced. If it has a method `phases`, that says what
        the phases are: it returns labels, free energies and a dictionary of further arrays, all of the shape of
        the controls. Otherwise a phase is the kind of the lowest solution (`lowest`).
    rows, columns : mapping of str to array
        One control each, and its values.
    executor : concurrent.futures.Executor, optional
        Where to run; None runs here. The result is the same bit for bit.
    progress : callable, optional
        Such as `tqdm.tqdm`: takes the chunks as they come and `total`, and gives them back.
    checkpoint : str or Path, optional
        File that keeps finished chunks; the same call continues with it. It stays.

    Returns
    -------
    PhaseDiagram
        The diagram. Points that failed are in its `errors`, with a warning.

    Raises
    ------
    ValueError
        A control that the model does not have, an axis that is empty or not a list of finite numbers in the domain.

    Examples
    --------
    >>> from replica.models import Hopfield
    >>> grid = phase_diagram(Hopfield(alpha=0.1, T=0.1), rows={"T": [0.2, 0.9]}, columns={"alpha": [0.01, 0.2]})
    >>> grid.labels.tolist()
    [['retrieval', 'spin_glass'], ['spin_glass', 'spin_glass']]
    """
    from replica.sweep import sweep

    (row, values), (column, others) = _axis(model, "rows", rows), _axis(model, "columns", columns)
    if row == column:
        raise ValueError(f"rows and columns are both {row}: two controls are needed")
    if any(np.ndim(v) for k, v in model.controls.items() if k not in (row, column)):
        raise ValueError("phase_diagram needs a model with scalar controls; rows and columns give the arrays")
    model.replace(**{row: values[:, None], column: others[None, :]})
    # The model's charts are curves at fixed couplings: a line along the load is one curve.
    turned = row == model.load
    lines, across = (others, values) if turned else (values, others)
    step = max(1, CHUNK // len(across))
    points = [lines[i : i + step].tolist() for i in range(0, len(lines), step)]
    task = functools.partial(_chunk, model, (column, row) if turned else (row, column), across.tolist())
    results: Iterable[Any] = sweep(task, points, executor=executor, checkpoint=checkpoint)
    if progress is not None:
        results = progress(results, total=len(points))
    whole = _joined([_part(outcome, len(points[i]) * len(across)) for i, outcome in results])
    shape = (len(lines), len(across))
    labels, energy, extras = _shaped(whole, shape, turned)
    errors = {(i % shape[1], i // shape[1]) if turned else divmod(i, shape[1]): why for i, why in whole.errors}
    if errors:
        (i, j), why = next(iter(errors.items()))
        place = f"{row} = {values[i]:g}, {column} = {others[j]:g}"
        warnings.warn(f"{len(errors)} of {labels.size} points failed, such as {place}: {why}", stacklevel=2)
    return PhaseDiagram(model, {row: values}, {column: others}, labels, energy, extras, errors)


def lowest(solutions: Solutions) -> Phases:
    """Kind and free energy of the lowest solution at each point.

    Parameters
    ----------
    solutions : Solutions
        All solutions on an array of controls.

    Returns
    -------
    labels : array of str
        Kinds; "" where there is no solution, or two of different kinds are equally low.
    free_energy : array
        Lowest free energy, nan where there is no solution.
    extras : dict
        Empty.

    Raises
    ------
    ConvergenceError
        A lowest solution has not converged.
    """
    energy = np.where(solutions.status == Status.ABSENT, np.inf, solutions.free_energy)
    least = np.min(energy, axis=-1, initial=np.inf)
    with np.errstate(invalid="ignore"):
        low = energy - least[..., None] <= TIE * np.maximum(1, np.abs(least))[..., None]
    if np.isnan(least).any() or (low & (solutions.status == Status.FAILED)).any():
        raise ConvergenceError(Status.FAILED.advice)
    labels = np.full(least.shape, "", dtype=object)
    rivals = np.zeros(least.shape, dtype=int)
    for kind in dict.fromkeys(solutions.kinds):
        here = low[..., [k == kind for k in solutions.kinds]].any(axis=-1)
        labels[here] = kind
        rivals += here
    labels[rivals != 1] = ""
    return labels.astype(str), np.where(np.isfinite(least), least, np.nan), {}


class _Part(NamedTuple):
    """Phases on a flat list of points, and which of them failed and why."""

    labels: NDArray
    energy: NDArray
    extras: dict[str, NDArray]
    errors: list[Any]


def _axis(model: Model, name: str, axis: Mapping[str, ArrayLike]) -> tuple[str, NDArray]:
    """Control of an axis and its values; ValueError if it is unknown, or its values are no finite numbers."""
    if not isinstance(axis, Mapping) or len(axis) != 1:
        raise ValueError(f"{name} = {axis!r}: one control and its values are needed, such as {{{model.load!r}: [...]}}")
    ((control, given),) = axis.items()
    known = list(dict.fromkeys([*model.controls, model.load]))
    if control not in known:
        raise ValueError(f"{name}: {control!r} is not a control of {model.name}: choose from {', '.join(known)}")
    values = real_array(f"{name}: {control}", given, "a list of numbers")
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name}: {control} has shape {values.shape}: a list of at least one number is needed")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: {control} = {values[~np.isfinite(values)][0]}: finite numbers are needed")
    return control, values


def _chunk(model: Model, controls: tuple[str, str], across: list[float], lines: list[float]) -> tuple[Any, ...]:
    """Phases on a few lines of the grid, as the members of a `_Part`."""
    values = (np.repeat(lines, len(across)), np.tile(across, len(lines)))
    return tuple(_solved(model, dict(zip(controls, values, strict=True))))


def _solved(model: Model, grid: dict[str, NDArray]) -> _Part:
    """Phases at a list of points; if they cannot be had at once, halving finds the points that fail."""
    size = len(next(iter(grid.values())))
    try:
        return _Part(*_phases(model.replace(**grid)), [])
    except Exception as error:
        if size == 1:
            return _part(error, size)
    halves = (slice(0, size // 2), slice(size // 2, size))
    return _joined([_solved(model, {name: values[half] for name, values in grid.items()}) for half in halves])


def _phases(model: Model) -> Phases:
    """Phases on array controls, in the model's own words if it has any."""
    if isinstance(model, CompositionalRBM):
        return phase_of(model)
    if not hasattr(model, "phases"):
        found = solve_all(model)
        assert isinstance(found, Solutions)
        return lowest(found)
    labels, energy, extras = model.phases()
    arrays = {"labels": labels, "free energy": energy, **extras}
    for name, array in arrays.items():
        if np.shape(array) != model.shape:
            raise ValueError(f"{model.name}: phases() gives {name} of shape {np.shape(array)}, not {model.shape}")
    return np.asarray(labels, dtype=str), np.asarray(energy, dtype=float), {k: np.asarray(v) for k, v in extras.items()}


def _part(outcome: Any, size: int) -> _Part:
    """Outcome of a chunk, also of one that could not be computed at all."""
    if not isinstance(outcome, Exception):
        return _Part(*outcome)
    why = str(outcome) or type(outcome).__name__
    return _Part(np.full(size, "", dtype="U1"), np.full(size, np.nan), {}, [[i, why] for i in range(size)])


def _joined(parts: list[_Part]) -> _Part:
    """One part after the other; an extra that one does not have is nan there."""
    starts = np.cumsum([0, *(len(part.labels) for part in parts)]).tolist()
    errors = [[start + i, why] for start, part in zip(starts, parts, strict=False) for i, why in part.errors]
    labels, energy = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    extras = {}
    for name in dict.fromkeys(name for part in parts for name in part.extras):
        kind = next(part.extras[name] for part in parts if name in part.extras).dtype
        null = "" if kind.kind == "U" else np.nan
        extras[name] = np.concatenate([part.extras.get(name, np.full(len(part.labels), null)) for part in parts])
    return _Part(labels, energy, extras, errors)


def _shaped(whole: _Part, shape: tuple[int, int], turned: bool) -> Phases:
    """Put the points where the grid has them."""

    def shaped(flat: NDArray) -> NDArray:
        return flat.reshape(shape).T if turned else flat.reshape(shape)

    return shaped(whole.labels), shaped(whole.energy), {name: shaped(extra) for name, extra in whole.extras.items()}
