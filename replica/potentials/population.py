"""Layers whose units differ: shares of several kinds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from replica.potentials.checks import finite
from replica.potentials.law import FieldAverages, UnitLaw
from replica.potentials.potential import Potential

__all__ = ["Population"]


@dataclasses.dataclass(frozen=True, eq=False)
class Population(Potential):
    """Units of several kinds in one layer, each a share of it: U_i, or U_μ, differs from unit to unit.

    The saddle-point equations are linear in the units of a layer: its averages are those of the kinds, weighted by
    their shares, at the same m, s and self-coupling.

    Parameters
    ----------
    kinds : sequence of (float, Potential)
        Shares, > 0, of sum 1, and the units; a law of g_i or θ_μ is a list of its values.

    Examples
    --------
    >>> from replica.potentials import Bernoulli, Population
    >>> two = Population([(0.7, Bernoulli(0.1)), (0.3, Bernoulli(-2.0))])
    >>> [(share, unit.g) for share, unit in two.kinds]
    [(0.7, 0.1), (0.3, -2.0)]
    """

    kinds: Sequence[tuple[float, Potential]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", _checked(self.kinds))

    @property
    def rests(self) -> bool:  # type: ignore[override]
        """Whether those of all kinds do."""
        return all(unit.rests for _, unit in self.kinds)

    @property
    def units(self) -> tuple[Potential, ...]:
        """The units of each kind."""
        return tuple(unit for _, unit in self.kinds)

    @property
    def alike(self) -> bool:
        """Whether units of all kinds follow large inputs alike."""
        return all(unit.sides(1.0) == self.units[0].sides(1.0) for unit in self.units)

    def check(self, T: float) -> None:
        """Refuse what any kind refuses."""
        for unit in self.units:
            unit.check(T)

    def energy(self, x: Any, T: Any) -> Any:
        """There is no common one."""
        raise ValueError("units of a Population have no energy in common: each kind has its own, kinds[i][1].energy")

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Averages over the kinds of T ln Tr, means and central moments, all at the same input."""
        laws = [unit.law(I, c, T, refine=refine) for unit in self.units]
        return UnitLaw(*(self._mean(values) for values in zip(*laws, strict=True)))

    def stiffness(self, T: Any) -> Any:
        """That of the softest kind."""
        values = [unit.stiffness(T) for unit in self.units]
        return min(values, key=np.real)

    def sides(self, T: Any) -> tuple[Any, Any]:
        """Those of all kinds, which must be the same.

        Raises
        ------
        ValueError
            If they differ: it would matter which of them the strong hidden units are.
        """
        several = [unit.sides(T) for unit in self.units]
        if any(np.any(np.real(sides) != np.real(several[0])) for sides in several):
            shown = ", ".join(f"({float(np.real(a)):g}, {float(np.real(b)):g})" for a, b in several)
            raise ValueError(
                f"hidden kinds have different curvatures at (+∞, -∞), {shown}: the same are needed, since a state with "
                "overlap would depend on which kind its strong hidden units are"
            )
        return several[0]

    def spread(self, c: Any, T: Any) -> Any:
        """The largest."""
        return np.max(np.broadcast_arrays(*(unit.spread(c, T) for unit in self.units)), axis=0)

    def corners(self, c: Any, T: Any) -> Any:
        """Those of all kinds."""
        return np.concatenate([unit.corners(c, T) for unit in self.units], axis=-1)

    def effort(self, s: Any, c: Any, T: Any) -> Any:
        """The sum."""
        return sum(unit.effort(s, c, T) for unit in self.units)

    def averages(self, h: Any, s: Any, c: Any, T: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Averages over the kinds of those of each."""
        return self._over_kinds([unit.averages(h, s, c, T, refine=refine, bare=bare) for unit in self.units])

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """Averages over the kinds of those of each."""
        return self._over_kinds([unit.cold(h, s, c, refine=refine, bare=bare) for unit in self.units])

    def _over_kinds(self, several: list[FieldAverages]) -> FieldAverages:
        return FieldAverages(*(self._mean(values) for values in zip(*several, strict=True)))

    def _mean(self, values: Iterable[Any]) -> Any:
        return sum(share * value for (share, _), value in zip(self.kinds, values, strict=True))


def _checked(kinds: Any) -> tuple[tuple[float, Potential], ...]:
    """Kinds as pairs whose shares have the sum 1."""
    if not np.iterable(kinds) or isinstance(kinds, str):
        raise ValueError(f"kinds = {kinds!r}: a list of pairs (share, unit) is needed")
    pairs = []
    for kind in kinds:
        if not isinstance(kind, (tuple, list)) or len(kind) != 2:
            raise ValueError(f"kinds: {kind!r}: a pair (share, unit) is needed")
        share, unit = finite("share", kind[0]), kind[1]
        if share <= 0:
            raise ValueError(f"share = {share:g}: a number > 0 is needed")
        if not isinstance(unit, Potential) or isinstance(unit, Population):
            raise ValueError(f"kinds: {unit!r}: a Potential is needed, such as replica.potentials.Spin()")
        pairs.append((share, unit))
    total = math.fsum(share for share, _ in pairs)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"shares have the sum {total:g}: 1 is needed")
    return tuple((share / total, unit) for share, unit in pairs)
