"""Continuous units whose law is a mixture of normal laws."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from replica.potentials.checks import finite
from replica.potentials.law import FieldAverages, UnitLaw
from replica.potentials.potential import Potential

__all__ = ["Mixture"]

NO_LIMIT = "T = 0.0: a prior of hidden units has no such limit; T > 0 is needed with Mixture"


@dataclasses.dataclass(frozen=True)
class Mixture(Potential):
    """Units x = √Ω ε + √(1 − Ω) g with a random sign ε and a normal g: U = −T ln of that prior.

    Parameters
    ----------
    Omega : float
        Weight of the sign, in [0, 1): 0 is a normal law, towards 1 a spin.

    Notes
    -----
    Barra, Genovese, Sollich & Tantari, Phys. Rev. E 97, 022310 (2018). The prior does not depend on T, so that T = 0
    means nothing here.
    """

    Omega: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "Omega", finite("Omega", self.Omega))
        if not 0 <= self.Omega < 1:
            raise ValueError(f"Omega = {self.Omega!r}: a number >= 0 and < 1 is needed; 1 is Spin()")

    def check(self, T: float) -> None:
        """Refuse T = 0: the prior does not depend on T."""
        if T == 0:
            raise ValueError(NO_LIMIT)

    def energy(self, x: Any, T: Any) -> Any:
        """−T ln of the density of the prior."""
        rest, a = 1 - self.Omega, math.sqrt(self.Omega)
        logs = np.logaddexp(-((x - a) ** 2) / (2 * rest), -((x + a) ** 2) / (2 * rest))
        return -T * (logs - math.log(2) - math.log(2 * math.pi * rest) / 2)

    def law(self, I: Any, c: Any, T: Any, *, refine: int = 1) -> UnitLaw:
        """Two normal laws, one for each sign: precision 1/(1 − Ω) − c/T, mean (I/T + ε √Ω/(1 − Ω))/precision."""
        rest = 1 - self.Omega
        v = self._variance(c, T)
        pulls = [I / T + sign * math.sqrt(self.Omega) / rest for sign in (-1, 1)]
        logs = [pull * pull * v / 2 for pull in pulls]
        gap = logs[1] - logs[0]
        rise = np.where(np.real(gap) > 0, -gap, gap)  # ln of the less likely sign over the other
        up = np.where(np.real(gap) > 0, 1.0, np.exp(rise)) / (1 + np.exp(rise))
        means = [pull * v for pull in pulls]
        mean = means[0] + up * (means[1] - means[0])
        d = [m - mean for m in means]
        weights = (1 - up, up)
        top = np.where(np.real(gap) > 0, logs[1], logs[0])
        norm = np.log(v / rest) / 2 - self.Omega / (2 * rest) - math.log(2)
        work = T * (top + np.log1p(np.exp(rise)) + norm)
        second = v + sum(w * e * e for w, e in zip(weights, d, strict=True))
        third = sum(w * e * (e * e + 3 * v) for w, e in zip(weights, d, strict=True))
        fourth = 3 * v * v + sum(w * e * e * (e * e + 6 * v) for w, e in zip(weights, d, strict=True))
        return UnitLaw(work, mean, second, third, fourth)

    def stiffness(self, T: Any) -> Any:
        """T/(1 − Ω)."""
        return T / (1 - self.Omega)

    def corners(self, c: Any, T: Any) -> Any:
        """0, where the sign turns."""
        return np.zeros((*np.shape(c), 1))

    def spread(self, c: Any, T: Any) -> Any:
        """That at I = 0."""
        v = self._variance(np.real(c), np.real(T))
        return np.sqrt(v + self.Omega * (v / (1 - self.Omega)) ** 2)

    def cold(self, h: Any, s: Any, c: Any, *, refine: int = 1, bare: bool = False) -> FieldAverages:
        """There is no limit T → 0."""
        raise ValueError(NO_LIMIT)

    def _variance(self, c: Any, T: Any) -> Any:
        precision = 1 / (1 - self.Omega) - c / T
        return 1 / np.where(np.real(precision) > 0, precision, np.nan)
