"""The law of W in balls: the sum of L sparse signs, or its limit, the Skellam law; tails and moments with bounds."""

from __future__ import annotations

from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from replica.certified.balls import NotProvenError, arb
from replica.certified.skellam import probability

__all__ = ["PatternLaw"]

CUT = 1e-28
"""Weight Σ w² P(w) of the tails that are not summed, in units of L p."""
MOST = 400
"""Largest |W| that is summed."""


class PatternLaw:
    """P(W = w) of a homogeneous machine.

    Parameters
    ----------
    size : arb
        L, or ℓ.
    p : arb
        Probability of an entry; 1 in the limit p → 0.
    entries : int or None
        L, or None for the Skellam law of parameter ℓ.
    """

    def __init__(self, size: arb, p: arb, entries: int | None) -> None:
        self.size, self.p, self.entries = size, p, entries
        self.reach = self._cut()
        self.weight = self._exact[: self.reach + 1]
        """P(0), …, P(J)."""
        self.w: NDArray = np.arange(-self.reach, self.reach + 1.0)
        one_side = [float(x.mid()) for x in self.weight]
        self.floats: NDArray = np.array([*one_side[:0:-1], *one_side])
        """P(−J), …, P(J), each off by half an ulp at most."""
        self.rest = [self.above(self.reach + 1, k) for k in range(5)]
        """Σ_{w>J} w^k P(w) for k = 0 … 4, bounds."""

    @cached_property
    def _exact(self) -> list[arb]:
        if self.entries is None:
            law = []
            for w in range(100_000):
                law.append(probability(self.size, w))
                if w > 8 and law[-1] * w**8 < arb(10) ** -80:
                    return law
        from flint import arb_poly

        L = int(self.entries or 0)
        power = arb_poly([self.p / 2, 1 - self.p, self.p / 2]) ** L
        return [power[L + w] for w in range(L + 1)]

    def _cut(self) -> int:
        """J, from which on the tails are negligible."""
        for J in range(1, len(self._exact)):
            if 2 * self.above(J + 1, 2) < CUT * float((self.size * self.p).mid()):
                if J > MOST:
                    break
                return J
        raise NotProvenError(f"|W| reaches beyond {MOST}: too many values of W for a proof")

    def above(self, least: int, power: int) -> float:
        """Bound of Σ_{w≥least} w^power P(w)."""
        total = sum((arb(w) ** power * x for w, x in enumerate(self._exact) if w >= least), arb(0))
        if self.entries is None:
            total += self._beyond(max(least, len(self._exact)), power)
        return _up(total)

    def _beyond(self, J: int, power: int) -> arb:
        """Σ_{w≥J} w^power (ℓ/2)^w/w!, which bounds that of P: a geometric series."""
        half = self.size.upper() / 2
        ratio = half / (J + 1) * (arb(J + 1) / J) ** power
        if not ratio < 1:
            return arb.pos_inf()
        return arb(J) ** power * half**J / arb.fac_ui(J) / (1 - ratio)

    def moment(self, n: int) -> arb:
        """⟨W^{2n}⟩, exactly: from the cumulants of the Skellam law, or by summing."""
        if n == 0:
            return arb(1)
        if self.entries is not None:
            return 2 * sum((arb(w) ** (2 * n) * x for w, x in enumerate(self._exact) if w), arb(0))
        moments = [arb(1)]
        for k in range(1, n + 1):
            # odd ones vanish, and every even cumulant is ℓ
            moments.append(
                sum((comb(2 * k - 1, 2 * j - 1) * self.size * moments[k - j] for j in range(1, k + 1)), arb(0))
            )
        return moments[n]

    @cached_property
    def largest_overlap(self) -> float:
        """⟨|W|⟩/(2 size), above which no overlap is."""
        return _up((sum((w * x for w, x in enumerate(self.weight)), arb(0)) + self.rest[1]) / self.size)

    def least_activity(self, overlap: float) -> float:
        """The least q with ⟨W f(W)⟩/size ≥ overlap and q = ⟨f(W)⟩, 0 ≤ f ≤ 1: f = 1 from the largest W down."""
        missing = arb(overlap) * self.size - self.rest[1]
        if not missing > 0:
            return 0.0
        activity = arb(0)
        for w in range(self.reach, 0, -1):
            share = w * self.weight[w]
            if not share < missing:
                return max(0.0, _down(activity + (missing / w).min(self.weight[w])))
            missing, activity = missing - share, activity + self.weight[w]
        return _down(activity)


def _up(value: arb) -> float:
    return float(np.nextafter(float(value.upper()), np.inf))


def _down(value: arb) -> float:
    return float(np.nextafter(float(value.lower()), -np.inf))
