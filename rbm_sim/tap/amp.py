"""Approximate message passing: the equations of second order as an iteration whose statistics are known.

    A_μ = −Σ_i w_iμ² c_i^t/T,     h: law in B_μ = Σ_i w_iμ a_i^t + A_μ a_μ^{t−1}    → a_μ^t, c_μ^t
    A_i = −Σ_μ w_iμ² c_μ^t/T,     v: law in B_i = Σ_μ w_iμ a_μ^t + A_i a_i^t        → a_i^{t+1}, c_i^{t+1}

The terms of Onsager, A a, take the mean of the step before: what a unit feels of its own past is gone from its field
then, to leading order, and for random weights fields are normal variables around the condensed patterns. Their means
and variances follow a map of a few numbers, `rbm_sim.joint.evolution.state_evolution`. Nothing is damped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.tap.equations import Equations, Layer, Means, change
from rbm_sim.tap.solution import Solution
from replica.errors import ConvergenceError

PERTURBATION = 1e-6
"""Size of perturbations: far above rounding, far below what bends."""


class Iterates(NamedTuple):
    """What message passing went through, the start included.

    Attributes
    ----------
    v, var_v : ndarray, shape (steps + 1, N)
        Visible means and variances, the first of them the start.
    h, var_h : ndarray, shape (steps + 1, M)
        Hidden means and variances given those.
    change : float
        Largest change of a visible mean or variance in the last step, relative above 1; nan without steps.
    """

    v: np.ndarray
    h: np.ndarray
    var_v: np.ndarray
    var_h: np.ndarray
    change: float

    def __repr__(self) -> str:
        return shown.fields(self)


def run(
    rbm: RBM,
    T: float = 1.0,
    *,
    steps: int,
    start: ArrayLike | None = None,
    variance: ArrayLike | None = None,
    before: ArrayLike | None = None,
) -> Iterates:
    """Approximate message passing, step by step.

    Parameters
    ----------
    rbm : RBM
        The machine.
    T : float
        Temperature, > 0.
    steps : int
        Number of steps, >= 0.
    start : array_like, shape (N,), optional
        Visible means at first, such as a pattern; by default those without input.
    variance : array_like, shape (N,), optional
        Visible variances at first, >= 0; by default 0, as of a configuration.
    before : array_like, shape (M,), optional
        Hidden means of the step before, by default 0. A solution goes on from its own `v`, `var_v` and `h`.

    Returns
    -------
    Iterates
        Means and variances of all steps.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    ConvergenceError
        If units lose their law on the way; the message says at which step, and what to try.

    References
    ----------
    D. L. Donoho, A. Maleki and A. Montanari, PNAS 106, 18914 (2009); M. Mézard, Phys. Rev. E 95, 022117 (2017).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> xi = rbm_sim.random_patterns(500, 10, rng=0)
    >>> rbm = rbm_sim.RBM(xi / np.sqrt(500), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> found = rbm_sim.amp.run(rbm, T=0.3, steps=30, start=xi[:, 0])
    >>> bool(found.change < 1e-10)
    True
    """
    equations, steps = _equations(rbm, T), check.integer("steps", steps, at_least=0)
    N, M = rbm.shape
    without = equations.rbm.visible.mean(np.zeros(N), T)
    v = Means(_start("start", start, without), _start("variance", variance, np.zeros(N)))
    if v.variance.min() < 0:
        raise ValueError(f"variance has the entry {v.variance.min():g}: must be >= 0")
    past = list(_walk(equations, v, _start("before", before, np.zeros(M)), steps))
    moved = float(change(past[-2][0], past[-1][0])[0]) if steps else float("nan")
    (v_all, var_v), (h_all, var_h) = (
        [np.concatenate(x) for x in zip(*layer, strict=True)] for layer in zip(*past, strict=True)
    )
    return Iterates(v_all, h_all, var_v, var_h, moved)


def growth(
    rbm: RBM,
    state: Solution | Iterates,
    T: float = 1.0,
    *,
    steps: int,
    perturbations: int = 1,
    orthogonal: ArrayLike | None = None,
    rng: Seed = None,
) -> np.ndarray:
    """Growth of small random perturbations, step by step of message passing.

    They are δ_i = 1e-6 var_v_i z_i/T, z_i normal and independent. For random weights |δ|² is multiplied by 1 − replicon
    in each step, until what moves the order parameters, or a direction of one's own, has the better of it.

    Parameters
    ----------
    rbm : RBM
        The machine.
    state : Solution or Iterates
        A solution of second order, or what `run` went through in at least one step: the iteration goes on from its last
        one, perturbed and unperturbed. It need not have come to rest, and does not where the replicon is negative.
    T : float
        The temperature that it was solved at.
    steps : int
        Number of steps, >= 1.
    perturbations : int
        Number of perturbations, >= 1, whose |δ|² are summed.
    orthogonal : array_like, shape (k, N), optional
        Directions that perturbations have no part in, such as a pattern and v, which would move m and q.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    ndarray, shape (steps,)
        |δ|² after each step over that before.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    ConvergenceError
        If units lose their law on the way.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> xi = rbm_sim.random_patterns(2000, 100, rng=0)
    >>> weights = rbm_sim.pattern_weights(xi, np.float64)
    >>> rbm = rbm_sim.RBM(weights, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> found = rbm_sim.tap.solve(rbm, T=1.4)
    >>> grown = growth(rbm, found, 1.4, steps=3, perturbations=20, rng=1)
    >>> bool(abs(grown.mean() + found.replicon - 1) < 0.05)  # 1 − replicon = α/(T − 1)²
    True
    """
    equations = _equations(rbm, T)
    steps, count = check.integer("steps", steps, at_least=1), check.integer("perturbations", perturbations, at_least=1)
    v, var_v, h = _last(state, rbm.shape)
    delta = PERTURBATION / T * var_v * np.random.default_rng(rng).normal(size=(count, len(v)))
    if orthogonal is not None:
        along = check.real_array("orthogonal", orthogonal, np.float64)
        if along.ndim != 2 or along.shape[1] != len(v):
            raise ValueError(f"orthogonal has shape {along.shape}: must be (k, {len(v)}), a direction in each row")
        delta -= delta @ np.linalg.pinv(along) @ along
    start = Means(v + np.concatenate([np.zeros((1, len(v))), delta]), np.tile(var_v, (count + 1, 1)))
    walk = _walk(equations, start, np.tile(h, (count + 1, 1)), steps)
    size = np.array([((means.mean[1:] - means.mean[0]) ** 2).sum() for means, _ in walk])
    return size[1:] / size[:-1]


def _equations(rbm: RBM, T: float) -> Equations:
    if not isinstance(rbm, RBM):
        raise ValueError(f"rbm = {check.short(rbm)}: must be an RBM")
    return Equations(rbm, 2, check.number("T", T, above=0))


def _last(state: Solution | Iterates, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Visible means and variances from which the iteration goes on, and hidden means of the step before."""
    if isinstance(state, Iterates):
        if len(state.v) < 2:
            raise ValueError("state has no step: must have at least one, whose hidden means come before the next")
        last = state.v[-1], state.var_v[-1], state.h[-2]
    elif isinstance(state, Solution):
        last = state.v, state.var_v, state.h
    else:
        raise ValueError(f"state = {check.short(state)}: must be a Solution, or Iterates of amp.run")
    if (len(last[0]), len(last[2])) != shape:
        raise ValueError(f"state has {len(last[0])} × {len(last[2])} units: must be of the machine, {shape}")
    return last


def _walk(equations: Equations, v: Means, before: np.ndarray, steps: int) -> Iterator[tuple[Means, Means]]:
    """Means and variances of both layers at all steps, the start included; hidden means of the step before it."""
    h = Means(before, np.zeros_like(before))
    for step in range(steps + 1):
        if step:
            v = _passed(equations, equations.visible, h, v, step)
        h = _passed(equations, equations.hidden, v, h, step)
        yield v, h


def _start(name: str, value: ArrayLike | None, default: np.ndarray) -> np.ndarray:
    """Values of a layer, with an axis for the one start."""
    x = default if value is None else check.real_array(name, value, np.float64)
    if x.shape != default.shape:
        raise ValueError(f"{name} has shape {x.shape}: must be {default.shape}, a number for each unit")
    return x[None]


def _passed(equations: Equations, layer: Layer, other: Means, own: Means, step: int) -> Means:
    """Means and variances of a layer, its own of the step before in the term of Onsager."""
    around = equations.around(layer, other)
    if not np.all(around.A > -np.asarray(layer.softest)):
        raise ConvergenceError(
            f"amp.run, T = {equations.T:g}: at step {step} units have no law, variances of the other layer outgrow "
            "their energy; start nearer to a state, try a higher T, or tap.solve, which holds variances back"
        )
    law = layer.law(own.mean, around, equations.T)[1]
    return Means(law.mean, law.variance)
