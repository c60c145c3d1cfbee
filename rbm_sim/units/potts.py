"""Potts units: one of several states, written as a vector with a single 1.

A layer of N units of q states has N q entries, those of a unit side by side: v_ia = 1 if unit i is in the state a.
What depends on entries (inputs, means, draws) has arrays of that length, what belongs to a unit (K, its ground state)
arrays of length N.
"""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rbm_sim._support import check, random, shown
from rbm_sim.units import cumulants
from rbm_sim.units.base import Unit


@dataclass(frozen=True, eq=False)
class Potts(Unit):
    """Units with q states, U = −g_a in the state a, so that P(a) ∝ exp{(I_a + g_a)/T}.

    Parameters
    ----------
    states : int
        Number q of states, >= 2.
    g : float or array_like, shape (states,) or (units, states)
        Fields, the same for all units or of each one. A constant in all fields of a unit changes nothing but energies.

    Raises
    ------
    ValueError
        If `states` is no whole number >= 2, or `g` is not finite or of another shape.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> w = np.zeros((4, 3, 2))  # 4 visible units of 3 states, 2 hidden units
    >>> rbm = rbm_sim.RBM(w, visible=Potts(3), hidden=rbm_sim.Spin())
    >>> rbm.sample(10, steps=1, rng=0).v.shape
    (10, 4, 3)
    """

    states: int = 2
    g: Any = 0.0
    has_jump: ClassVar[bool] = True
    _stiffness = 0.0

    def __repr__(self) -> str:
        return shown.fields(self)

    def __post_init__(self) -> None:
        q = check.integer("states", self.states, at_least=2)
        g = check.real_array("g", self.g)
        if g.ndim > 2 or (g.ndim and g.shape[-1] % q) or (g.ndim == 2 and g.shape[1] != q) or not g.size:
            raise ValueError(f"g has shape {g.shape}: must be a number, ({q},) or (units, {q})")
        g = g if g.dtype.kind == "f" else g.astype(float)
        object.__setattr__(self, "states", q)
        object.__setattr__(self, "g", g.reshape(-1) if g.ndim else float(g))

    @property
    def offset(self) -> float | np.ndarray:
        return -self.g

    def _with_offset(self, offset: float | np.ndarray) -> Self:
        return type(self)(self.states, 0 - offset)

    def expanded(self, size: int, dtype: DTypeLike) -> Self:
        q = self.states
        if size % q:
            raise ValueError(f"a layer of {size} entries holds no whole number of Potts units of {q} states")
        length = np.size(self.g)
        if length not in (1, q, size):
            raise ValueError(f"Potts has fields of {length // q} units: the layer has {size // q}")
        g = np.asarray(self.g, dtype)
        return type(self)(q, np.tile(g, size // q) if length == q else np.broadcast_to(g, (size,)))

    def single(self, index: int) -> Self:
        raise ValueError(f"index = {index}: an entry of a Potts unit has no law but with the others of its unit")

    def axes(self, size: int) -> tuple[int, ...]:
        return size // self.states, self.states

    def bits(self, size: int) -> float:
        return size // self.states * math.log2(self.states)

    def one_hot(self, a: ArrayLike, dtype: DTypeLike = np.int8) -> np.ndarray:
        """States written as vectors.

        Parameters
        ----------
        a : array_like of int, shape (...)
            States, from 0 to q − 1.
        dtype : dtype
            Of the result.

        Returns
        -------
        ndarray, shape (..., states)
            1 at the state, 0 elsewhere.

        Raises
        ------
        ValueError
            If there are other numbers.

        Examples
        --------
        >>> Potts(3).one_hot([0, 2]).tolist()
        [[1, 0, 0], [0, 0, 1]]
        """
        a = check.real_array("states", a)
        if a.size and not (a.min() >= 0 and a.max() < self.states and (a == np.rint(a)).all()):
            raise ValueError(
                f"data has entries in [{a.min():g}, {a.max():g}]: states of Potts units are whole numbers from 0 to "
                f"{self.states - 1}"
            )
        return (a[..., None] == np.arange(self.states)).astype(dtype)

    def states_of(self, v: ArrayLike) -> np.ndarray:
        """Numbers of the states, the inverse of `one_hot`.

        Parameters
        ----------
        v : array_like, shape (..., states) or (..., units × states)
            Configurations, or fields, of which the largest counts.

        Returns
        -------
        ndarray of int, shape (...) or (..., units)
            States.
        """
        v = np.asarray(v)
        return v.argmax(axis=-1) if v.shape[-1] == self.states else self._units(v).argmax(axis=-1)

    @property
    def domain(self) -> str:
        return f"{{0, 1}}, a single 1 in the {self.states} entries of a unit"

    def contains(self, x: np.ndarray) -> bool:
        x = np.asarray(x)
        if x.shape[-1:] and x.shape[-1] % self.states:
            return False
        return bool(((x == 0) | (x == 1)).all() and (self._units(x).sum(axis=-1) == 1).all())

    def _units(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:-1], -1, self.states)

    def potential(self, x: np.ndarray) -> np.ndarray:
        return -self.g * x

    def mode(self, I: np.ndarray) -> np.ndarray:
        best = self._units(I + self.g).argmax(axis=-1)
        return self.one_hot(best, np.result_type(I)).reshape(I.shape)

    def curvature(self, I: np.ndarray) -> np.ndarray:
        return np.zeros_like(I)

    def ground(self, I: np.ndarray) -> np.ndarray:
        return self._units(I + self.g).max(axis=-1)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        y = self._units((I + self.g) / T)
        top = y.max(axis=-1)
        return top + np.log(np.exp(y - top[..., None]).sum(axis=-1))

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        P, others = self._law(y, T)
        if order == 1:
            return P
        with np.errstate(divide="ignore"):
            odds = np.log(P) - np.log(others)  # each entry is 1 or 0
        return 0.5**order * cumulants.spin(odds / 2, order)

    def cdf(self, x: np.ndarray, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        _, others = self._law(I + self.g, T)
        return np.where(x >= 1, 1.0, np.where(x >= 0, others, 0.0)).astype(I.dtype)

    def _law(self, y: np.ndarray, T: float) -> tuple[np.ndarray, np.ndarray]:
        """Probability of each state, and that of the other ones of its unit, both to rounding."""
        z = self._units(y) / T
        weight = np.exp(z - z.max(axis=-1, keepdims=True))
        total = weight.sum(axis=-1, keepdims=True)
        P = weight / total
        others = np.where(P < 0.5, 1 - P, 0.0)
        big = np.nonzero(P >= 0.5)
        rest = weight[big[:-1]]
        rest[np.arange(len(rest)), big[-1]] = 0
        others[big] = rest.sum(axis=-1) / total[..., 0][big[:-1]]
        return P.reshape(y.shape), others.reshape(y.shape)

    def _draw(self, y: np.ndarray, rng: np.random.Generator, T: float | np.ndarray) -> np.ndarray:
        # the state that a uniform number in (0, 1] falls on
        y /= np.asarray(T, y.dtype)
        z = self._units(y)
        z -= z.max(axis=-1, keepdims=True)
        np.exp(z, out=z)
        np.cumsum(z, axis=-1, out=z)
        reached = z >= random.uniform(rng, z.shape[:-1], z.dtype)[..., None] * z[..., -1:]
        reached[..., -1] = True
        x = reached.astype(y.dtype)
        x[..., 1:] -= reached[..., :-1]
        return x.reshape(y.shape)
