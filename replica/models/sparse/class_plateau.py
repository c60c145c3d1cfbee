"""Plateaus of heterogeneous machines: states in which no unit is partly on, explicit in α."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order
from replica.models.sparse.classes import ClassEquations
from replica.numerics.gaussian import log_H

__all__ = ["LEAST_LOG", "QUIET", "Plateau"]

QUIET, REACHED = 39.0, 38.9
"""|u| beyond which no unit is partly on to all digits, and at which a plateau ends."""
LEAST_LOG = -600.0
"""ln s below which fields in units of s may overflow."""


class Plateau(NamedTuple):
    """States in which every unit is on or off: g + m w + ½B α x > 0 or < 0, m, q and B = p H0 constant."""

    equations: ClassEquations
    on: NDArray
    m: float
    log_q: float
    log_spread: float
    """ln S − ½ ln α."""
    half_B: float

    @classmethod
    def of(cls, equations: ClassEquations, field: NDArray, log_q: float) -> Plateau:
        """The plateau of the units that are on at these fields."""
        n = equations.pairs
        on = field > 0
        m = float((equations.weight * equations.w / equations.size)[:n] @ (on[:n].astype(float) - on[n : 2 * n]))
        spread, _, _, _ = equations.hidden(np.array([log_q]), np.zeros(1))
        y = equations.theta / math.sqrt(equations.p) * math.exp(-0.5 * log_q)
        return cls(equations, on, m, log_q, float(spread[0]), 0.5 * equations.p * math.exp(float(log_H(0, y))))

    def place(self, log_alpha: float, group: int) -> NDArray:
        """Coordinates at a load; of noise below e^−600 those at e^−600, where no unit is nearer to its flip."""
        eq, log_S = self.equations, max(self.log_noise(log_alpha), LEAST_LOG)
        field = eq.g + self.m * eq.w[group] + self.half_B * math.exp(log_alpha) * eq.x[group]
        return np.array([math.log(self.m) - log_S, field * math.exp(-log_S), self.log_q, log_alpha])

    def log_noise(self, log_alpha: float) -> float:
        """ln s at a load."""
        return self.log_spread + 0.5 * log_alpha

    def order(self, log_alpha: float, overlap_unit: int) -> Order:
        """Order parameters at a load: C = 0 to all digits."""
        r = math.exp(max(2 * self.log_spread - math.log(self.equations.p), -800.0))
        return Order(overlap_unit * self.m, math.exp(self.log_q), r, 0.0, 2 * self.half_B)

    def next(self, log_alpha: float, rising: bool) -> tuple[float, int] | None:
        """Load at which the noise next reaches a group, and the group."""
        eq = self.equations
        # ½B x z² ∓ uS√x/z·z + g + m w = 0 for z = √α
        square, rest = self.half_B * eq.x, eq.g + self.m * eq.w
        half = 0.5 * REACHED * math.exp(self.log_spread) * np.sqrt(eq.x) * np.where(self.on, 1.0, -1.0)
        with np.errstate(all="ignore"):
            root = np.sqrt(half * half - square * rest)
            far = half + np.where(half < 0, -root, root)
            log_z = np.log(np.stack([far / square, rest / far]))
        log_z = np.where(np.isfinite(log_z), 2 * log_z, np.nan)
        beyond = log_z > log_alpha if rising else log_z < log_alpha
        if not beyond.any():
            return None
        candidates = np.where(beyond, log_z, np.inf if rising else -np.inf)
        index = int(candidates.argmin() if rising else candidates.argmax())
        return float(candidates.flat[index]), index % len(eq.w)

    @property
    def k(self) -> int | None:
        """k of the state v = Θ(g + mW), |g| < km, or None if units of the same W differ."""
        eq = self.equations
        if eq.g > 0:
            off = -eq.w[~self.on]
            return int(off.min()) if len(off) and off.min() > 0 else None
        on = eq.w[self.on]
        return int(on.min()) if len(on) and on.min() > 0 else None
