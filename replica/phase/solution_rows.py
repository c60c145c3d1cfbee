"""Solutions at a point as rows of a table."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from replica.errors import IncompleteWarning
from replica.models import get
from replica.models.base import Model
from replica.numerics.working_digits import working_digits
from replica.phase.model_options import number
from replica.saddle.solution import Solution, Status
from replica.table.cells import Row

__all__ = ["columns", "solutions_at"]

QUANTITIES = ("free_energy", "energy", "entropy", "replicon")


def columns(order_type: Any) -> tuple[str, ...]:
    """Columns of a list of solutions with such order parameters."""
    return ("kind", "n", "k", *order_type._fields, "f", *QUANTITIES[1:], "stable", "residual", "status")


def solutions_at(
    name: str, condensed: tuple[int, ...], precision: int | None, point: Mapping[str, float | Fraction]
) -> list[Row]:
    """Rows for the solutions at one point, lowest free energy first.

    Parameters
    ----------
    name : str
        Model.
    condensed : tuple of int
        Numbers of condensed patterns.
    precision : int or None
        Decimal digits, or double precision.
    point : dict
        Controls: floats, or exact fractions with `precision`.

    Returns
    -------
    list of dict
        A row for each solution: column to value, the columns being those of `columns`, and "unaccounted" with what
        is missing at the point, if anything is.
    """
    cls = get(name)
    if precision is None:
        return _rows(cls(**point), condensed, None)
    with working_digits(precision + 15):
        return _rows(cls(**{k: number(v) for k, v in point.items()}), condensed, precision)


def _rows(model: Model, condensed: tuple[int, ...], precision: int | None) -> list[Row]:
    from replica.saddle.solver import solve_all

    with warnings.catch_warnings():
        # the command says it in its own words
        warnings.simplefilter("ignore", IncompleteWarning)
        found = solve_all(model, n_condensed=condensed, precision=precision)
    more = {} if found.complete else {"unaccounted": "; ".join(found.unaccounted)}
    return [{**_row(s), **more} for s in found]


def _row(solution: Solution) -> Row:
    quantities = {name: getattr(solution, name) for name in QUANTITIES}
    return {
        "kind": solution.kind,
        "n": solution.n,
        "k": solution.k,
        **solution.order._asdict(),
        **{("f" if k == "free_energy" else k): v for k, v in quantities.items()},
        "stable": solution.stable,
        "residual": float(solution.residual),
        "status": Status(solution.status).name.lower(),
    }
