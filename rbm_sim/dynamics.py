"""Zero-temperature dynamics of the visible layer, with and without the self-coupling of the units.

Eliminating the hidden layer leaves the marginal energy E(v) = min_h E(v, h), whose minima over single-unit
moves are what the theory of retrieval speaks about. Minimising over h and over v in turn is another dynamics:
a unit then feels its own past value through h, and this self-coupling holds states in place above the
capacity. Results say which of the two was used.
"""

from typing import Any, NamedTuple

import numpy as np

from rbm_sim import _check, _random
from rbm_sim.landscape import Landscape
from rbm_sim.rbm import RBM
from rbm_sim.units import TwoValued

DYNAMICS = ("single-unit", "alternating")


class Descent(NamedTuple):
    """Where a zero-temperature dynamics ended.

    Attributes
    ----------
    v : ndarray, shape (N,)
        Final visible configuration.
    sweeps : int
        Passes over all units, the last of which changed nothing if `converged`.
    moves : int
        Number of single units that changed value.
    converged : bool
        Whether the last pass left the configuration as it was.
    dynamics : str
        "single-unit" or "alternating".
    """

    v: np.ndarray
    sweeps: int
    moves: int
    converged: bool
    dynamics: str


def run(rbm: RBM, v: Any, *, dynamics: str = "single-unit", max_sweeps: int = 1000, rng: Any = None) -> Descent:
    """Run the dynamics of the given name: `descend` ("single-unit") or `alternate` ("alternating").

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (N,)
        Configuration to start from.
    dynamics : str
        "single-unit" or "alternating".
    max_sweeps : int
        Largest number of sweeps, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers; alternating minimisation uses none.

    Returns
    -------
    Descent
        Where it ended.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    if _check.choice("dynamics", dynamics, DYNAMICS) == "alternating":
        return alternate(rbm, v, max_sweeps=max_sweeps)
    return descend(rbm, v, max_sweeps=max_sweeps, rng=rng)


def descend(rbm: RBM, v: Any, *, max_sweeps: int = 1000, rng: Any = None) -> Descent:
    """Single-unit moves on E(v) = min_h E(v, h) until no move lowers it: no self-coupling.

    A move of unit i is accepted if and only if the exact E(v with i moved) − E(v) < 0. For spin units and
    Gaussian hidden units this is the sequential Hopfield dynamics, v_i ← sign(Σ_{j≠i} J_ij v_j + g_i) with
    J = w wᵀ. In every sweep the changes are computed for all units, and those that lower the energy are
    visited in random order, each with its exact change at that moment.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (N,)
        Configuration to start from.
    max_sweeps : int
        Largest number of sweeps, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    Descent
        The minimum reached. Not converged if `max_sweeps` were not enough.

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
    max_sweeps = _check.integer("max_sweeps", max_sweeps, at_least=1)
    rng = _random.generator(rng)
    landscape = Landscape(rbm, _one(rbm, v))
    moves = 0
    for sweep in range(1, max_sweeps + 1):
        landscape.refresh()
        tolerances = landscape.tolerances()
        candidates = np.flatnonzero(landscape.changes(slice(None)) < -tolerances)
        if not candidates.size:
            return Descent(landscape.v, sweep, moves, True, "single-unit")
        for i in rng.permutation(candidates):
            if landscape.changes(slice(i, i + 1))[0] < -tolerances[i]:
                landscape.move(i)
                moves += 1
    return Descent(landscape.v, max_sweeps, moves, False, "single-unit")


def synchronous_step(rbm: RBM, v: Any) -> np.ndarray:
    """Move at once every unit whose move alone would lower E(v) = min_h E(v, h): no self-coupling.

    For spin units and Gaussian hidden units, v_i' = sign(Σ_{j≠i} J_ij v_j + g_i) with J = w wᵀ. From a state
    with overlap m₀ with one of αN random patterns this gives m₁ = erf(m₀/√(2α)) for N → ∞.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (N,)
        Configuration to start from.

    Returns
    -------
    ndarray, shape (N,)
        The configuration after the step.

    Raises
    ------
    ValueError
        If `v` is not one configuration of the visible layer, or its units do not have two values.

    References
    ----------
    W. Kinzel, Z. Phys. B 60, 205 (1985).
    """
    landscape = Landscape(rbm, _one(rbm, v))
    moving = landscape.changes(slice(None)) < -landscape.tolerances()
    return np.where(moving, landscape.v + landscape.steps, landscape.v)


def alternate(rbm: RBM, v: Any, *, max_sweeps: int = 1000) -> Descent:
    """Minimise E(v, h) over h and over v in turn until v repeats, h ← h*(v), v ← v*(h).

    This keeps a self-coupling: unit i is held in place by its own contribution w_iμ v_i to the inputs of the
    hidden layer, so states survive here that single-unit moves leave; see `descend`.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (N,)
        Configuration to start from.
    max_sweeps : int
        Largest number of sweeps, >= 1.

    Returns
    -------
    Descent
        The fixed point reached. Not converged if `max_sweeps` were not enough.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    max_sweeps = _check.integer("max_sweeps", max_sweeps, at_least=1)
    v = _one(rbm, v)
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
    moves = 0
    for sweep in range(1, max_sweeps + 1):
        h = rbm.hidden.mode(v @ rbm.weights)
        new = rbm.visible.mode(rbm.weights @ h)
        changed = int(np.count_nonzero(new != v))
        v = new
        if not changed:
            return Descent(v, sweep, moves, True, "alternating")
        moves += changed
    return Descent(v, max_sweeps, moves, False, "alternating")


def _one(rbm: RBM, v: Any) -> np.ndarray:
    """Return the configuration `v`, or raise if it is not exactly one."""
    v = rbm.configurations(v)
    if v.ndim != 1:
        raise ValueError(f"v has shape {v.shape}: must be one configuration, shape {rbm.weights.shape[:1]}")
    return v
