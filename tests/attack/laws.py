"""Laws of W, the sum of the strong entries at a visible unit: triples of value w, ratio x = p_i/p, probability."""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache

import numpy as np
from mpmath import mp

from attack.arithmetic import DIGITS, GUARD, Floats

NEGLIGIBLE = 1e-30


@dataclasses.dataclass(frozen=True)
class Law:
    """`L` entries that are ±1 with probability p_i/2 each and 0 otherwise, or Skellam's law of ℓ if `ell` is given.

    Units come in classes (x, share) of p_i = p x, or ℓ x; one class of x = 1 makes a homogeneous machine.
    """

    L: int = 1
    p: float = 1.0
    ell: float | None = None
    classes: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    spread = 0
    """Variance of a normal part of W."""

    def __call__(self, on):
        """Triples in the arithmetic `on`."""
        return _rows(self, type(on))

    def arrays(self):
        """The triples as three arrays of doubles, without what is negligible."""
        kept = [row for row in self(Floats()) if row[2] > NEGLIGIBLE]
        return tuple(np.array(column, dtype=float) for column in zip(*kept, strict=True))

    def above(self, k):
        """P(W ≥ k), with weights x, and E[W; W ≥ k]."""
        rows = [row for row in self(Floats()) if row[0] >= k]
        return math.fsum(P * x for _, x, P in rows), math.fsum(P * w for w, _, P in rows)

    def values(self):
        """Values of W whose tails are not negligible, in increasing order."""
        w, x, P = self.arrays()
        values = np.unique(w)
        beyond = [min((P * x)[w >= v].sum(), (P * x)[w <= v].sum()) for v in values]
        return values[np.array(beyond) > 1e-13]


@lru_cache(maxsize=64)
def _rows(law, arithmetic):
    on, rows = arithmetic(), []
    with mp.workdps(DIGITS + GUARD):
        for x, share in law.classes:
            density = on.number(x) * on.number(law.p if law.ell is None else law.ell)
            found = signs(law.L, density, on) if law.ell is None else skellam(density, on)
            rows += [(w, x, on.number(share) * P) for w, P in sorted(found.items())]
    return rows


def signs(L, p, on):
    """{w: probability} of the sum of L entries."""
    law = {0: on.number(1)}
    for _ in range(L):
        longer = {}
        for w, weight in law.items():
            for step, share in ((-1, p / 2), (0, 1 - p), (1, p / 2)):
                if share:
                    longer[w + step] = longer.get(w + step, 0) + share * weight
        law = longer
    return law


def skellam(ell, on):
    """{w: e^{−ℓ} I_|w|(ℓ)}."""
    law, w, exact = {}, 0, mp.mpf(ell)
    while w <= ell or law[w - 1] > NEGLIGIBLE:
        law[w] = law[-w] = on.number(mp.exp(-exact) * mp.besseli(w, exact))
        w += 1
    return law
