"""One retrieval: a machine is started at patterns of its own, and the zero-temperature dynamics runs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.patterns import PatternsLike, first_patterns, pattern_state, pattern_weights
from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.weights import Weights, stored
from rbm_sim.observables import order_parameters, participation_ratio
from rbm_sim.retrieval.dynamics import DYNAMICS, run
from rbm_sim.units import Bernoulli, TwoValued, Unit

DENSE = 50_000_000
"""Entries up to which weights are spread out to an array: it takes more memory and less time."""
PATIENCE = 4
"""Sweeps between two looks at the field that balances the activity, or at whether the pattern is lost."""
REBALANCED = 100
"""Looks after which that field is kept: it is right to O(1/N) by then."""


@dataclass(frozen=True, eq=False)
class Setting:
    """Setting of a retrieval: units, start and dynamics.

    Parameters
    ----------
    visible : Bernoulli or Spin
        Visible units.
    hidden : Unit
        Hidden units.
    L : int
        Number of patterns that the start state asks for, >= 1: v_i = 1 where Σ_{μ<=L} ξ_{iμ} > 0.
    noise : float
        Probability, in [0, 1], with which each unit of the start state is flipped.
    dynamics : str
        "single-unit" (`dynamics.descend`, what the theory speaks about) or "alternating"
        (`dynamics.alternate`, which keeps a self-coupling).
    max_sweeps : int
        Largest number of sweeps, >= 1.
    balanced : bool
        Choose the field g of Bernoulli units so that half of them are on: see `balancing_field`.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    visible: TwoValued
    hidden: Unit
    L: int = 1
    noise: float = 0.0
    dynamics: str = "single-unit"
    max_sweeps: int = 1000
    balanced: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.visible, TwoValued):
            raise ValueError(f"visible = {self.visible!r}: must be Bernoulli or Spin units")
        if not isinstance(self.hidden, Unit):
            raise ValueError(f"hidden = {self.hidden!r}: must be a unit, such as Gaussian() or ReLU()")
        check.integer("L", self.L, at_least=1)
        check.number("noise", self.noise, at_least=0, at_most=1)
        check.choice("dynamics", self.dynamics, DYNAMICS)
        check.integer("max_sweeps", self.max_sweeps, at_least=1)
        if self.balanced and not isinstance(self.visible, Bernoulli):
            raise ValueError(f"balanced = {self.balanced}: only Bernoulli units have an activity to balance")


class Trial(NamedTuple):
    """End of one retrieval.

    Attributes
    ----------
    m_start, m : float
        Mean overlap with the L patterns, (1/N) Σ_i ξ_{iμ} v_i, of the state that they ask for, and at the end.
    q, r : float
        Activity of the visible units and mean square of the M − L weak hidden ones.
    m_tilde : float
        Rescaled overlap m̃ = (1/L) Σ_{μ<=L} Σ_i ξ_{iμ} σ_i / Σ_i |ξ_{iμ}|, with σ = 2v − 1 for Bernoulli units; 1 for
        perfect retrieval of a single pattern.
    L_hat : float
        Participation ratio of the hidden units, with a = 3.
    g : float
        Field on the visible units (their mean).
    sweeps, moves : int
        Length of the dynamics.
    converged : bool
        Whether it reached a fixed point.
    """

    m_start: float
    m: float
    q: float
    r: float
    m_tilde: float
    L_hat: float
    g: float
    sweeps: int
    moves: int
    converged: bool


def retrieve(
    patterns: PatternsLike,
    setting: Setting,
    *,
    rng: np.random.Generator,
    lost_below: float | None = None,
    flips: np.ndarray | None = None,
) -> Trial:
    """Start at the first L patterns, let the dynamics run, measure where it ends.

    Parameters
    ----------
    patterns : ndarray, PackedPatterns or scipy.sparse array, shape (N, M)
        Patterns ξ; the weights are ξ/√N.
    setting : Setting
        Units, start and dynamics.
    rng : numpy.random.Generator
        Random numbers.
    lost_below : float, optional
        Fraction of the start's overlap below which the run may stop early, as lost.
    flips : ndarray of int, optional
        Units of the start state that are flipped, in place of a random choice.

    Returns
    -------
    Trial
        Overlaps, activity and length of the run in the state where the dynamics stopped: a fixed point if `converged`.

    Raises
    ------
    ValueError
        If there are fewer than L patterns.
    """
    matrix = _weights(patterns)
    xi = first_patterns(patterns, setting.L).astype(float)
    visible: Any = setting.visible
    sweeps = moves = 0
    v = pattern_state(xi.sum(axis=1), visible).astype(matrix.dtype)
    m_start = float((xi.T @ v).mean()) / len(v)
    if flips is None:
        flips = np.flatnonzero(rng.random(len(v)) < setting.noise)
    v[flips] = visible.flipped(v[flips])
    watched = setting.balanced or lost_below is not None
    least = -np.inf if lost_below is None else lost_below * m_start
    for look in itertools.count():
        # One unit may turn for ever with the field that it changes itself: then the field stays.
        adjusting = setting.balanced and look < REBALANCED
        if adjusting:
            visible = Bernoulli(balancing_field(matrix, setting.hidden, v, setting.L))
        rbm = RBM(matrix, visible=visible, hidden=setting.hidden)
        limit = setting.max_sweeps - sweeps
        end = run(rbm, v, dynamics=setting.dynamics, max_sweeps=min(PATIENCE, limit) if watched else limit, rng=rng)
        v, sweeps, moves = end.v, sweeps + end.sweeps, moves + end.moves
        m = float((xi.T @ v).mean()) / len(v)
        settled = end.converged and (not adjusting or end.moves == 0)
        if settled or sweeps >= setting.max_sweeps or m < least:
            break
    order = order_parameters(rbm, v, n_condensed=setting.L)
    h = rbm.hidden.mode(rbm.inputs(v))
    g = float(np.mean(visible.g))
    sigma = v if visible.low else 2 * v - 1
    m_tilde = float((xi.T @ sigma / np.maximum(np.abs(xi).sum(axis=0), 1)).mean())
    L_hat = float(participation_ratio(h))
    return Trial(m_start, m, order.q, order.r, m_tilde, L_hat, g, sweeps, moves, settled)


def balancing_field(matrix: Weights, hidden: Unit, v: np.ndarray, L: int = 1) -> float:
    """Field g that keeps half of the Bernoulli units on: minus the mean field of the weak hidden units.

    g = −(1/N) Σ_i Σ_{μ>L} w_{iμ} h*_μ(v). With ±1 patterns of mean 0 this is −αBq, what the hidden units return of
    the activity q itself; at q = ½ it is the multiplier −αB/2 of the theory at fixed activity.

    Parameters
    ----------
    matrix : Weights
        Weights, shape (N, M).
    hidden : Unit
        Hidden units.
    v : ndarray, shape (N,)
        Present configuration.
    L : int
        Number of strong hidden units, which are left out.

    Returns
    -------
    float
        The field g, the same for all visible units.
    """
    h = hidden.expanded(matrix.shape[1], matrix.dtype).mode(matrix.forward(v.astype(matrix.dtype)))
    h[:L] = 0
    return -float(matrix.backward(h).mean(dtype=float))


def _weights(patterns: PatternsLike) -> Weights:
    weights = stored(pattern_weights(patterns))
    few = weights.shape[0] * weights.shape[1] <= DENSE
    return stored(weights.dense()) if few else weights
