"""Alternating Gibbs sampling of many chains: v ~ P(v | h), then h ~ P(h | v).

Chains go in blocks of fixed size, each with a random stream of its own, so that the numbers do not depend on how
many threads work on the blocks. A sweep of a block is two matrix products and what the units draw, in memory that
fits into the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine import clamping
from rbm_sim.machine.weights import Weights
from rbm_sim.units import Unit

BLOCK = 250
"""Chains that share a random stream and a matrix product."""


class Machine(Protocol):
    """A machine as Gibbs sampling needs it: its weights and its units."""

    visible: Unit
    hidden: Unit
    matrix: Weights

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of visible and of hidden units."""

    @property
    def dtype(self) -> np.dtype:
        """Precision of the weights."""

    def configurations(self, v: ArrayLike, name: str = "v") -> np.ndarray:
        """Check visible configurations and give them the dtype of the weights."""


class Chains:
    """Markov chains of a machine, which `run` moves on by alternating Gibbs sampling.

    Parameters
    ----------
    rbm : RBM
        The machine.
    n_chains : int
        Number of independent chains, >= 1.
    T : float or array_like, shape (n_chains,)
        Temperature, >= 0, or one > 0 for each chain. At T = 0 units take their most likely value.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    start : array_like, shape (N,) or (n_chains, N), optional
        Visible configurations to start from; by default drawn from their law without input.
    threads : int
        Threads that share the blocks of chains; the result does not depend on it.
    clamp : array_like of bool, shape (N,) or (n_chains, N), optional
        True for a visible unit that is held at its value; by default, those that have one in `values`.
    values : array_like, shape (N,) or (n_chains, N), optional
        Values of the units that are held; the others then follow P(v, h) given these. An entry that is nan, None or
        masked is missing.

    Attributes
    ----------
    v : ndarray, shape (n_chains, N)
        Visible layer.
    h : ndarray, shape (n_chains, M)
        Hidden layer, drawn given v.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """

    def __init__(
        self,
        rbm: Machine,
        n_chains: int,
        *,
        T: float | ArrayLike = 1.0,
        rng: Seed = None,
        start: ArrayLike | None = None,
        threads: int = 1,
        clamp: ArrayLike | None = None,
        values: ArrayLike | None = None,
    ) -> None:
        n_chains = check.integer("n_chains", n_chains, at_least=1)
        self.rbm = rbm
        self.threads = check.integer("threads", threads, at_least=1)
        self.T = _temperature(T, n_chains, rbm.dtype)
        N, M = rbm.shape
        self.v = np.empty((n_chains, N), rbm.dtype)
        self.h = np.empty((n_chains, M), rbm.dtype)
        self._blocks = [slice(first, first + BLOCK) for first in range(0, n_chains, BLOCK)]
        self._rng = [np.random.default_rng(seed) for seed in random.seeds(rng, (), len(self._blocks))]
        if start is None:
            for block, stream in zip(self._blocks, self._rng, strict=True):
                self.v[block] = rbm.visible.sample(np.zeros_like(self.v[block]), stream, self._temperature(block))
        else:
            v = rbm.configurations(start, name="start")
            if v.shape not in (self.v.shape, self.v.shape[1:]):
                raise ValueError(f"start has shape {v.shape}: must be {self.v.shape[1:]} or {self.v.shape}")
            self.v[:] = v
        self._held = clamping.held(rbm.visible, self.v.shape, rbm.dtype, clamp, values)
        for block in self._blocks:
            self._hold(block)
        self._each_block(self._draw_hidden)

    def run(self, steps: int) -> Chains:
        """Sweep all chains: v ~ P(v | h), then h ~ P(h | v).

        Parameters
        ----------
        steps : int
            Number of full sweeps, >= 0.

        Returns
        -------
        Chains
            These chains themselves, moved on: `v` and `h` are overwritten.

        Raises
        ------
        ValueError
            If `steps` is negative.
        """
        steps = check.integer("steps", steps, at_least=0)

        def sweep(block: slice, stream: np.random.Generator) -> None:
            for _ in range(steps):
                self._draw_visible(block, stream)
                self._draw_hidden(block, stream)

        self._each_block(sweep)
        return self

    def _draw_hidden(self, block: slice, rng: np.random.Generator) -> None:
        rbm = self.rbm
        rbm.matrix.forward(self.v[block], out=self.h[block])
        self.h[block] = rbm.hidden.sample(self.h[block], rng, self._temperature(block))

    def _draw_visible(self, block: slice, rng: np.random.Generator) -> None:
        rbm = self.rbm
        rbm.matrix.backward(self.h[block], out=self.v[block])
        self.v[block] = rbm.visible.sample(self.v[block], rng, self._temperature(block))
        self._hold(block)

    def _hold(self, block: slice) -> None:
        """Give the units that are held their values."""
        if self._held is not None:
            mask, values = self._held
            np.copyto(self.v[block], values[block], where=mask[block])

    def _temperature(self, block: slice) -> float | np.ndarray:
        return self.T[block] if isinstance(self.T, np.ndarray) else self.T

    def _each_block(self, work: Callable[[slice, np.random.Generator], None]) -> None:
        """Do the work for each block, in this thread or in several."""
        with blas.one_thread(), np.errstate(over="ignore", invalid="ignore"):
            self._work(work)
        if not (np.isfinite(self.v).all() and np.isfinite(self.h).all()):
            raise ValueError(
                f"rbm = {self.rbm!r}: the chains diverge; two continuous layers with weights this large have no "
                "joint law"
            )

    def _work(self, work: Callable[[slice, np.random.Generator], None]) -> None:
        if min(self.threads, len(self._blocks)) == 1:
            for block, stream in zip(self._blocks, self._rng, strict=True):
                work(block, stream)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, self._blocks, self._rng))


def _temperature(T: float | ArrayLike, n_chains: int, dtype: np.dtype) -> float | np.ndarray:
    """Return the temperature of all chains, or of each one as a column."""
    least, most = (float(bound) for bound in (np.finfo(dtype).tiny, np.finfo(dtype).max))
    if np.ndim(T) == 0:
        T = check.number("T", T, at_least=0)
        if T and not least <= T <= most:
            raise ValueError(f"T = {T:g}: must be 0 or lie between {least:.1g} and {most:.1g} in {dtype}")
        return T
    column = check.real_array("T", T, dtype)
    if column.shape != (n_chains,) or not (column >= least).all():
        raise ValueError(f"T = {check.short(T)}: must be a number >= 0, or one > 0 for each of {n_chains} chains")
    return column[:, None]
