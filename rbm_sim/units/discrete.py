"""Units that take the values of a list, with any energy.

>>> import numpy as np, rbm_sim
>>> class Trit(rbm_sim.Discrete):
...     values = (-1.0, 0.0, 1.0)
...
...     def energy(self, x, T):
...         return 0.3 * x**2
>>> Trit().mean(np.array([0.0, 0.5])).round(6).tolist()
[0.0, 0.289087]
"""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from rbm_sim._support import random
from rbm_sim.units.from_energy import OwnUnit


class Discrete(OwnUnit):
    """Units with a few values: the class attribute `values` lists them, the method `energy(x, T)` is U.

    Attributes
    ----------
    values : tuple of float
        The values in increasing order, two or more.
    """

    values: ClassVar[tuple[float, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse values that are no increasing list."""
        super().__init_subclass__(**options)
        if len(cls.values) < 2 or not all(a < b for a, b in pairwise(cls.values)):
            raise ValueError(f"{cls.__name__}.values = {cls.values!r}: must be two or more increasing numbers")

    def nodes(self, T: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Values of the units, each with weight 1.

        Parameters
        ----------
        T : float
            Temperature, > 0.
        reach : float
            Largest |I|.

        Returns
        -------
        x, weight : ndarray, shape (values,)
            Values in increasing order, and ones: a sum over the law is a sum with these weights.
        """
        return np.array(self.values, dtype=float), np.ones(len(self.values))

    @property
    def domain(self) -> str:
        return "{" + ", ".join(f"{v:g}" for v in self.values) + "}"

    def contains(self, x: np.ndarray) -> bool:
        return bool(np.isin(x, np.array(self.values, dtype=np.asarray(x).dtype)).all())

    def mode(self, I: np.ndarray) -> np.ndarray:
        return np.array(self.values, dtype=np.result_type(I))[self._best(I)[0]]

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return np.zeros_like(I)

    def ground(self, I: np.ndarray) -> np.ndarray:
        return self._best(I)[1].astype(np.result_type(I), copy=False)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        x, I = np.broadcast_arrays(x, I)
        below = np.searchsorted(np.array(self.values, dtype=x.dtype), x, side="right")
        sums = np.concatenate([np.zeros((*I.shape, 1)), np.cumsum(self._law(I, T), axis=-1)], axis=-1)
        sums[..., -1] = 1
        return np.take_along_axis(sums, below[..., None], axis=-1)[..., 0].astype(I.dtype, copy=False)

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        # the value that the uniform number falls on; they lie in (0, 1]
        cumulative = np.cumsum(self._law(y, T), axis=-1)
        u = random.uniform(rng, y.shape, y.dtype)
        index = (cumulative[..., :-1] < u[..., None]).sum(axis=-1)
        return np.array(self.values, dtype=y.dtype)[index]

    def _law(self, I: np.ndarray, T: float | np.ndarray) -> np.ndarray:
        """Probabilities of the values, along a new last axis."""
        x, T = np.array(self.values), np.asarray(T, dtype=np.float64)[..., None]
        energies = self.energy(x, T) if T.size > 1 else self._energies(x, T.item())
        exponent = (np.asarray(I, dtype=np.float64)[..., None] * x - energies) / T
        exponent -= exponent.max(axis=-1, keepdims=True)
        P = np.exp(exponent)
        P /= P.sum(axis=-1, keepdims=True)
        return P

    def _best(self, I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Index of the value that maximises I x − U at T = 0, the larger at a tie, and the maximum."""
        x = np.array(self.values)
        gain = np.asarray(I, dtype=np.float64)[..., None] * x - self._energies(x, 0.0)
        return len(x) - 1 - gain[..., ::-1].argmax(axis=-1), gain.max(axis=-1)
