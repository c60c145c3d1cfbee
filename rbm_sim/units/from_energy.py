"""Units of one's own: any energy on a list of values (`discrete`) or on an interval (`continuous`).

Everything but the draws of `continuous` is a sum over nodes x_k with weights w_k,

    Σ_k w_k exp{(I x_k − U(x_k))/T},

which are the values themselves, or those of a quadrature.
"""

# ruff: noqa: D102 - the methods are documented in rbm_sim.units.base

import abc
import math
from typing import Any, ClassVar, Self

import numpy as np

from rbm_sim.units.base import Unit
from replica._remembered import without_memory

CHUNK = 1 << 20
"""Terms that are computed at a time."""


class OwnUnit(Unit):
    """A unit whose subclass gives its potential as the method `energy`; a field belongs into it."""

    has_kink: ClassVar[bool] = True
    has_jump: ClassVar[bool] = True  # moves at T = 0 then assume of Φ that it is convex, no more

    @abc.abstractmethod
    def energy(self, x: Any, T: Any) -> Any:
        """Potential U(x); it may depend on T, as −T ln of a prior does.

        Parameters
        ----------
        x : ndarray
            Values.
        T : float
            Temperature.

        Returns
        -------
        ndarray
            U(x).
        """

    @abc.abstractmethod
    def nodes(self, T: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights of sums over the law, for all inputs up to a size.

        Parameters
        ----------
        T : float
            Temperature, > 0.
        reach : float
            Largest |I|.

        Returns
        -------
        x, weight : ndarray, shape (nodes,)
            x_k in increasing order, w_k.
        """

    def __getstate__(self) -> dict[str, Any]:
        """Attributes, without what is remembered."""
        return without_memory(self)

    @property
    def offset(self) -> Any:
        return 0.0

    def _with_offset(self, offset: Any) -> Self:
        if np.any(offset):
            raise ValueError(f"{type(self).__name__} takes no field from outside: it belongs into its energy")
        return self

    def potential(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x)
        return self._energies_at_any_T(x).astype(x.dtype, copy=False)

    def _energies_at_any_T(self, x: np.ndarray) -> np.ndarray:
        U = self._energies(x, 1.0)
        if not np.array_equal(U, self._energies(x, 2.0)):
            raise ValueError(f"{type(self).__name__} has an energy that depends on T: that of a state is not defined")
        return U

    def mean_potential(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        def one(I: np.ndarray, x: np.ndarray, weight: np.ndarray, base: np.ndarray) -> np.ndarray:
            U = self._energies_at_any_T(x)
            P = np.exp(_less_top(I[:, None] * (x / T) + base)) * weight
            return P @ np.where(np.isfinite(U), U, 0.0) / P.sum(axis=1)

        return self._chunked(one, I, T)

    def log_partition(self, I: np.ndarray, T: float = 1.0) -> np.ndarray:
        def one(I: np.ndarray, x: np.ndarray, weight: np.ndarray, base: np.ndarray) -> np.ndarray:
            exponent = I[:, None] * (x / T) + base
            top = exponent.max(axis=1)
            return top + np.log(np.exp(exponent - top[:, None]) @ weight)

        return self._chunked(one, I, T)

    def _cumulant(self, y: np.ndarray, order: int, T: float) -> np.ndarray:
        def one(I: np.ndarray, x: np.ndarray, weight: np.ndarray, base: np.ndarray) -> np.ndarray:
            P = np.exp(_less_top(I[:, None] * (x / T) + base)) * weight
            P /= P.sum(axis=1, keepdims=True)
            mean = P @ x
            return mean if order == 1 else _central_cumulant(P, x - mean[:, None], order)

        return self._chunked(one, y, T)

    def _chunked(self, function: Any, I: np.ndarray, T: float) -> np.ndarray:
        """Apply a function of inputs, nodes, weights and −U/T to chunks of the inputs."""
        flat = np.asarray(I, dtype=np.float64).reshape(-1)
        x, weight = self.nodes(T, float(np.abs(flat).max(initial=0.0)))
        base = -self._energies(x, T) / T
        rows = max(1, CHUNK // len(x))
        parts = [function(flat[k : k + rows], x, weight, base) for k in range(0, len(flat), rows)]
        dtype = np.result_type(I) if np.result_type(I).kind == "f" else float
        return np.concatenate([*parts, np.empty(0)]).reshape(np.shape(I)).astype(dtype, copy=False)

    def _energies(self, x: np.ndarray, T: float) -> np.ndarray:
        """U(x) as an array of the shape of x, whatever `energy` returns; +∞ forbids a value."""
        U = np.broadcast_to(np.asarray(self.energy(x, T), dtype=np.float64), np.shape(x))
        if np.isnan(U).any() or (U == -math.inf).any():
            raise ValueError(f"{type(self).__name__}.energy is nan or −inf within {self.domain}")
        return U


def _less_top(exponent: np.ndarray) -> np.ndarray:
    return exponent - exponent.max(axis=1, keepdims=True)


def _central_cumulant(P: np.ndarray, d: np.ndarray, order: int) -> np.ndarray:
    """κ_n = μ_n − Σ_{m=2}^{n−2} C(n − 1, m − 1) κ_m μ_{n−m}, from the central moments μ_n."""
    power, mu = d, [np.ones(len(d)), np.zeros(len(d))]
    for _ in range(2, order + 1):
        power = power * d
        mu.append((P * power).sum(axis=1))
    kappa = [mu[1]]
    for n in range(1, order + 1):
        known = (math.comb(n - 1, m - 1) * kappa[m] * mu[n - m] for m in range(2, n - 1))
        kappa.append(mu[n] - sum(known, np.zeros(len(d))))
    return kappa[order]
