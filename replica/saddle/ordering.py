"""The order in which solutions are listed, which the last bit does not decide."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np

from replica.saddle.status import Status

__all__ = ["EPS", "KINDS", "TIED", "lowest_first"]


class Listed(Protocol):
    """A solution, as far as its place in a list is concerned."""

    @property
    def kind(self) -> str:
        """Kind of solution."""

    @property
    def n(self) -> int:
        """Condensed patterns."""

    @property
    def sheet(self) -> int:
        """Folds to the end without noise."""

    @property
    def k(self) -> int | None:
        """State without noise that it descends from."""

    @property
    def status(self) -> Any:
        """Whether it was found."""

    @property
    def free_energy(self) -> Any:
        """f, the height at which it is listed."""


S = TypeVar("S", bound=Listed)

EPS = float(np.finfo(float).eps)
TIED = 64
"""Units of rounding of f by which free energies may differ and still count as one level."""
KINDS = ("retrieval", "mixture", "spurious", "paramagnet", "spin_glass")
"""Order of kinds within a level: that which they have where they part, beyond a continuous transition."""


def lowest_first(solutions: list[S], rounding: Any = EPS) -> list[S]:
    """Solutions by free energy, those that failed last, in an order that rounding does not decide.

    Neighbours whose free energies agree to `TIED` times `rounding` of the larger one make one level (as do the
    neighbours of neighbours), within which solutions go by kind as in `KINDS`, n, sheet and k.
    """

    def height(s: Listed) -> tuple[Any, ...]:
        absent = s.free_energy != s.free_energy
        return s.status != Status.CONVERGED, absent, 0 if absent else s.free_energy

    def label(s: Listed) -> tuple[int, ...]:
        kind = KINDS.index(s.kind) if s.kind in KINDS else len(KINDS)
        return kind, s.n, s.sheet, -1 if s.k is None else s.k

    ranked = sorted(solutions, key=height)
    levels: list[list[S]] = []
    for s in ranked:
        before = levels[-1][-1] if levels else None
        if before is not None and _level(before, s, rounding):
            levels[-1].append(s)
        else:
            levels.append([s])
    return [s for level in levels for s in sorted(level, key=label)]


def _level(a: Listed, b: Listed, rounding: Any) -> bool:
    """Whether two solutions differ in free energy by rounding at most."""
    if (a.status != Status.CONVERGED) != (b.status != Status.CONVERGED):
        return False
    return bool(abs(a.free_energy - b.free_energy) <= TIED * rounding * max(abs(a.free_energy), abs(b.free_energy)))
