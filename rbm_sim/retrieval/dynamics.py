"""Zero-temperature dynamics of the visible layer, with and without the self-coupling of the units.

Eliminating the hidden layer leaves the marginal energy E(v) = min_h E(v, h), whose minima over single-unit
moves are what the theory of retrieval speaks about. Minimising over h and over v in turn is another dynamics:
a unit then feels its own past value through h, and this self-coupling holds states in place above the
capacity. Results say which of the two was used.

Every function takes one configuration or many; many share the matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.retrieval.landscape import Landscape
from rbm_sim.units import TwoValued

DYNAMICS = ("single-unit", "alternating")


class Descent(NamedTuple):
    """End of a zero-temperature dynamics; from many configurations, every field but the last is an array.

    Attributes
    ----------
    v : ndarray, shape (..., N)
        Final visible configuration.
    sweeps : int or ndarray, shape (...)
        Passes over all units, the last of which changed nothing if `converged`.
    moves : int or ndarray, shape (...)
        Number of single units that changed value.
    converged : bool or ndarray, shape (...)
        Whether the last pass left the configuration as it was.
    dynamics : str
        "single-unit" or "alternating".
    """

    v: np.ndarray
    sweeps: Any
    moves: Any
    converged: Any
    dynamics: str

    def __repr__(self) -> str:
        return shown.fields(self)


def run(rbm: RBM, v: ArrayLike, *, dynamics: str = "single-unit", max_sweeps: int = 1000, rng: Seed = None) -> Descent:
    """Run the dynamics of the given name: `descend` ("single-unit") or `alternate` ("alternating").

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (..., N)
        Configurations to start from.
    dynamics : str
        "single-unit" or "alternating".
    max_sweeps : int
        Largest number of sweeps, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers; alternating minimisation uses none.

    Returns
    -------
    Descent
        Final configurations, in the shape of `v`, with sweeps, moves and convergence of each.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    if check.choice("dynamics", dynamics, DYNAMICS) == "alternating":
        return alternate(rbm, v, max_sweeps=max_sweeps)
    return descend(rbm, v, max_sweeps=max_sweeps, rng=rng)


def descend(rbm: RBM, v: ArrayLike, *, max_sweeps: int = 1000, rng: Seed = None) -> Descent:
    """Make single-unit moves on E(v) = min_h E(v, h) until no move lowers it: no self-coupling.

    A move of unit i is accepted if and only if the exact E(v with i moved) − E(v) < 0. For spin units and
    Gaussian hidden units this is the sequential Hopfield dynamics, v_i ← sign(Σ_{j≠i} J_ij v_j + g_i) with
    J = w wᵀ. In every sweep the changes are bounded for all units, and those that may lower the energy are
    visited in random order, each with its exact change at that moment.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (..., N)
        Configurations to start from. Each one has a random stream of its own.
    max_sweeps : int
        Largest number of sweeps, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    Descent
        The minimum reached from each configuration, in the shape of `v`. Not converged if `max_sweeps` were not enough.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    A gain counts if it exceeds a bound on the rounding error, 4 eps times the size of the terms summed (1e-5
    or so in float32), and the inputs are computed afresh in every sweep. So the energy falls strictly and no
    unit moves to and fro on rounding errors.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987), section 2.
    """
    max_sweeps = check.integer("max_sweeps", max_sweeps, at_least=1)
    start = rbm.configurations(v)
    landscape = Landscape(rbm, start.reshape(-1, start.shape[-1]))
    chains = len(landscape.v)
    streams = [np.random.default_rng(seed) for seed in random.seeds(rng, (), chains)]
    sweeps, moves, active = np.zeros(chains, int), np.zeros(chains, int), np.arange(chains)
    for _ in range(max_sweeps):
        if not active.size:
            break
        landscape.refresh(active)
        sweeps[active] += 1
        moved = np.array([_sweep(landscape, *bounds) for bounds in _bounds(landscape, active, streams)])
        moves[active] += moved
        active = active[moved > 0]
    converged = ~np.isin(np.arange(chains), active)
    return _descent(start, landscape.v, sweeps, moves, converged, "single-unit")


def _bounds(
    landscape: Landscape, active: np.ndarray, streams: list[np.random.Generator]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield for each configuration its index, the units that may move, in random order, and their tolerances."""
    _, high, tolerance = landscape.gains(active)
    for row, chain in enumerate(active):
        candidates = np.flatnonzero(high[row] > tolerance[row])
        yield chain, streams[chain].permutation(candidates), tolerance[row]


def _sweep(landscape: Landscape, chain: int, candidates: np.ndarray, tolerance: np.ndarray) -> int:
    """Visit the candidates, move those that gain, and return how many did."""
    moved = 0
    for i in candidates:
        if landscape.gain(chain, i) > tolerance[i]:
            landscape.move()
            moved += 1
    return moved


def synchronous_step(rbm: RBM, v: ArrayLike) -> np.ndarray:
    """Move at once every unit whose move alone would lower E(v) = min_h E(v, h): no self-coupling.

    For spin units and Gaussian hidden units, v_i′ = sign(Σ_{j≠i} J_ij v_j + g_i) with J = w wᵀ. From a state
    with overlap m₀ with one of αN random patterns this gives m₁ = erf(m₀/√(2α)) for N → ∞.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (..., N)
        Configurations to start from.

    Returns
    -------
    ndarray, shape (..., N)
        New configurations in the dtype of the weights; `v` stays as it is.

    Raises
    ------
    ValueError
        If `v` does not fit the visible layer, or its units do not have two values.

    References
    ----------
    W. Kinzel, Z. Phys. B 60, 205 (1985).
    """
    start = rbm.configurations(v)
    landscape = Landscape(rbm, start.reshape(-1, start.shape[-1]))
    every = np.arange(len(landscape.v))
    landscape.refresh(every)
    low, high, tolerance = landscape.gains(every)
    moving = low > tolerance
    for chain, i in np.argwhere((high > tolerance) & ~moving):
        moving[chain, i] = landscape.gain(chain, i) > tolerance[chain, i]
    return (landscape.v + moving * landscape.steps).reshape(start.shape)


def alternate(rbm: RBM, v: ArrayLike, *, max_sweeps: int = 1000) -> Descent:
    """Minimise E(v, h) over h and over v in turn until v repeats, h ← h*(v), v ← v*(h).

    This keeps a self-coupling: unit i is held in place by its own contribution w_iμ v_i to the inputs of the
    hidden layer, so states survive here that single-unit moves leave; see `descend`.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (..., N)
        Configurations to start from.
    max_sweeps : int
        Largest number of sweeps, >= 1.

    Returns
    -------
    Descent
        The fixed point reached from each configuration, in the shape of `v`. Not converged if `max_sweeps` were not
        enough.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    max_sweeps = check.integer("max_sweeps", max_sweeps, at_least=1)
    start = rbm.configurations(v)
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
    v = start.reshape(-1, start.shape[-1]).copy()
    sweeps, moves, active = np.zeros(len(v), int), np.zeros(len(v), int), np.arange(len(v))
    for _ in range(max_sweeps):
        if not active.size:
            break
        h = rbm.hidden.mode(rbm.matrix.forward(v[active]))
        new = rbm.visible.mode(rbm.matrix.backward(h))
        changed = np.count_nonzero(new != v[active], axis=-1)
        v[active] = new
        sweeps[active] += 1
        moves[active] += changed
        active = active[changed > 0]
    converged = ~np.isin(np.arange(len(v)), active)
    return _descent(start, v, sweeps, moves, converged, "alternating")


def _descent(
    start: np.ndarray, v: np.ndarray, sweeps: np.ndarray, moves: np.ndarray, converged: np.ndarray, dynamics: str
) -> Descent:
    """Return the result in the shape of the start: plain numbers for one configuration."""
    shape = start.shape[:-1]
    if not shape:
        return Descent(v[0], int(sweeps[0]), int(moves[0]), bool(converged[0]), dynamics)
    sweeps, moves, converged = (x.reshape(shape) for x in (sweeps, moves, converged))
    return Descent(v.reshape(start.shape), sweeps, moves, converged, dynamics)
