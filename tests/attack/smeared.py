"""The plane of `attack.plane` for entries of any law: few values far apart, values with a normal part, a uniform law.

Of few values one may be rare and large, and ⟨W³⟩ ≠ 0. With a density steps have a width that does not fall with the
noise: where a > 4 it is b/a that tells states apart.
"""

from __future__ import annotations

import math

import numpy as np

from attack.plane import Plane, states
from attack.search import cells


class FewValues(Plane):
    """Entries of few values."""

    def __init__(self, machine):
        super().__init__(machine)
        self.faintest = -4.5 - math.log(max(1.0, float(np.abs(self.w).max())))


class Smeared(Plane):
    """Entries with a density."""

    def __init__(self, machine):
        super().__init__(machine)
        self.law = machine.law
        self.width = math.sqrt(self.law.spread)
        self.edges = self.law.values()
        self.faintest = -4.5 - math.log(max(1.0, float(np.abs(self.edges).max()) + 4 * self.width))

    def visible(self, k, a, t, c):
        """m, ⟨Φ⟩ and 2dp⟨φ⟩ at b = t − ak."""
        on, moment, density = self.law.averages(a, t - np.asarray(a) * k)
        return 2 * self.d / self.size * moment, on, 2 * self.d * self.p * density

    def moment(self, n):
        """⟨W^n⟩, the odd ones 0."""
        return self.law.moment(n) if n % 2 == 0 else 0.0

    def near(self):
        """Those of the plane, and a grid in (ln a, b/a)."""
        found = [super().near()]
        reach = float(np.abs(self.edges).max()) + 9 * self.width
        around = np.concatenate([np.sinh(np.linspace(-9, 9, 150)) * 1e-3, np.linspace(-9, 9, 150) * self.width])
        ratios = np.concatenate([np.linspace(-reach, reach, 300), *(w + around for w in (*self.edges, 0.0))]) + 1e-7
        ratios = np.unique(ratios[np.abs(ratios) <= reach])
        v, ratio = np.meshgrid(np.arange(0.5, 16.0, 0.2), ratios, indexing="ij")
        field, noise, _ = self.functions(0.0, v, ratio * np.exp(v), 0 * v)
        start = cells([v, ratio], [field, noise])
        found.append(np.column_stack([0 * start[:, 0], start[:, 0], start[:, 1] * np.exp(start[:, 0])]))
        return np.concatenate(found)

    def far(self):
        """None: no unit's noise is alone."""
        return np.zeros((0, 3))

    def plateaus(self):
        """None."""
        return []


def states_of(machine):
    """All states that are found."""
    return states(machine, Smeared if hasattr(machine.law, "averages") and not _discrete(machine.law) else FewValues)


def _discrete(law):
    return law.spread == 0 and hasattr(law, "L")
