"""The number of states of a model at a point, proven, with an enclosure of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from replica.certified.balls import NotProvenError, arb, ctx, exact
from replica.certified.glass_states import glass_states
from replica.certified.memory_states import hopfield_glass, hopfield_states, threshold_glass, threshold_states
from replica.certified.overlap_balls import State
from replica.certified.overlap_states import overlap_states
from replica.certified.pattern_law import PatternLaw
from replica.certified.plane import Machine
from replica.models import CompositionalRBM, Hopfield, ReluRBM, ThresholdHopfield
from replica.models.base import Model
from replica.models.sparse.chart import LEAST_MARGIN
from replica.models.sparse.sharp import LARGEST_LOG_LOAD, LEAST_ACTIVITY

__all__ = ["MODELS", "Bounds", "ProvenState", "ProvenStates", "states"]

BITS = 200
OFF_GRID = 6e-300
"""q of the glass at b = −37, where the solver's grid ends."""
HALF_PLANE = (
    "every zero (a, b) of the equations with 0 < a = m/s < inf, b any number, 0 < 1 - C <= 1, each exactly once; every "
    "zero in b of the equation with m = 0; and the quiescent state q = 0, where theta >= 0 and g + alpha B/2 < 0"
)
BRANCHES = "every y > 0 with the load alpha, n = {n} patterns condensed with equal overlaps; and the one glass"


class Bounds(NamedTuple):
    """A number between two bounds."""

    lower: float
    upper: float

    def holds(self, value: float) -> bool:
        """Whether a number lies between them."""
        return self.lower <= value <= self.upper


class ProvenState(NamedTuple):
    """A state that is proven to exist, order parameters between proven bounds."""

    kind: str
    """"retrieval" or "mixture" (Hopfield), "overlap" (m > 0), "spin_glass" (m = 0) or "paramagnet" (q = 0)."""
    n: int
    """Condensed patterns; 0 where m = 0."""
    m: Bounds
    q: Bounds
    r: Bounds
    C: Bounds
    B: Bounds
    margin: Bounds
    """1 − C, to relative precision."""
    f: Bounds
    """Free energy."""
    listed: bool
    """Whether it is within the limits of `replica.solve_all`, which for R-RBMs leaves out states with exponentially few
    active hidden units and those next to all units on or off."""


class ProvenStates(NamedTuple):
    """All states of a model at a point: exactly these."""

    states: tuple[ProvenState, ...]
    """Lowest free energy first."""
    proven: str
    """What is proven."""
    boxes: int
    """Boxes of the half plane that the proof looked at; 0 where there is one unknown."""

    @property
    def listed(self) -> tuple[ProvenState, ...]:
        """Those within the limits of `replica.solve_all`."""
        return tuple(state for state in self.states if state.listed)


def states(model: Model) -> ProvenStates:
    """All states of a model at a point, with the proof that there are no others.

    Parameters
    ----------
    model : ReluRBM, CompositionalRBM, ThresholdHopfield or Hopfield
        A homogeneous machine, its controls single numbers, which stand for the shortest decimals that print them; of
        Hopfield at T = 0 the states with one and three condensed patterns.

    Returns
    -------
    ProvenStates
        Exactly the solutions of the saddle-point equations, each between bounds.

    Raises
    ------
    ValueError
        If there is no proof for such a model.
    NotProvenError
        If the proof fails, as next to a fold.

    Examples
    --------
    >>> from replica.models import ReluRBM
    >>> found = states(ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=2))
    >>> [(state.kind, round(state.m.lower, 6)) for state in found.states if state.n]
    [('overlap', 0.0475), ('overlap', 0.047181), ('overlap', 0.018613), ('overlap', 0.004074)]
    """
    proof = _PROOFS.get(type(model))
    if proof is None:
        raise ValueError(f"model = {type(model).__name__}: a proof exists for {', '.join(MODELS)} only")
    if model.shape:
        raise ValueError(f"{model.name}: controls of shape {model.shape}: single numbers are needed")
    with ctx.workprec(BITS), np.errstate(all="ignore"):
        return proof(model)


def _hopfield(model: Hopfield) -> ProvenStates:
    if model.T != 0:
        raise ValueError(f"T = {model.T}: a proof exists for T = 0 only")
    alpha = exact(model.alpha)
    found = [("retrieval", 1, state) for state in hopfield_states(alpha, 1)]
    found += [("mixture", 3, state) for state in hopfield_states(alpha, 3)]
    rows = [_row(*entry, 1, True) for entry in (*found, ("spin_glass", 0, hopfield_glass(alpha)))]
    return ProvenStates(_lowest_first(rows), BRANCHES.format(n="1 and 3"), 0)


def _threshold(model: ThresholdHopfield) -> ProvenStates:
    alpha, theta = exact(model.alpha), exact(model.theta)
    found = [("retrieval", 1, state) for state in threshold_states(alpha, theta)]
    rows = [_row(*entry, 1, True) for entry in (*found, ("spin_glass", 0, threshold_glass(alpha, theta)))]
    return ProvenStates(_lowest_first(rows), BRANCHES.format(n="1"), 0)


def _sparse(model: ReluRBM | CompositionalRBM) -> ProvenStates:
    if model.units is not None or model.varied:
        raise ValueError(f"{model.name}: a proof exists for homogeneous machines only")
    whole = isinstance(model, ReluRBM)
    size, p = exact(model.size), exact(model.sparsity)
    law = PatternLaw(size, p, int(model.size) if whole else None)
    machine = Machine(exact(model.alpha), exact(model.theta), exact(model.g), p, law)
    with_overlap, boxes = overlap_states(machine)
    n = int(model.L) if isinstance(model, ReluRBM) else 1
    found = [("overlap", n, state) for state in with_overlap]
    found += [("spin_glass", 0, state) for state in glass_states(machine)]
    # q = 0: the pull αB/2 vanishes for θ > 0, and is αp/4 for θ = 0
    B = p / 2 if machine.theta.is_zero() else arb(0)
    if machine.theta >= 0 and machine.g + machine.alpha * B / 2 < 0:
        found.append(("paramagnet", 0, State(arb(0), arb(0), arb(0), arb(0), B, arb(1), arb(0))))
    glasses = [state for kind, _, state in found if kind == "spin_glass"]
    rows = [
        _row(kind, n, state, model.overlap_unit, _listed(machine, kind, state, glasses)) for kind, n, state in found
    ]
    return ProvenStates(_lowest_first(rows), HALF_PLANE, boxes)


def _row(kind: str, n: int, state: State, unit: int, listed: bool) -> ProvenState:
    m, q, r, C, B, margin, f = (_bounds(x) for x in state._replace(m=state.m * unit))
    return ProvenState(kind, n, m, q, r, C, B, margin, f, listed)


def _lowest_first(rows: list[ProvenState]) -> tuple[ProvenState, ...]:
    return tuple(sorted(rows, key=lambda state: state.f.lower))


def _least_activity(machine: Machine) -> arb:
    """Activity from which on the solver looks for states with overlap."""
    least = arb(LEAST_ACTIVITY)
    if not machine.theta > 0:
        return least
    return least.max(machine.theta * machine.theta / (2 * machine.p * arb(LARGEST_LOG_LOAD)))


def _listed(machine: Machine, kind: str, state: State, glasses: list[State]) -> bool:
    """Whether a state of a sparse RBM is within the limits of the solver."""
    if kind == "paramagnet":
        return True
    limits = [(state.margin, arb(LEAST_MARGIN))]
    if kind == "overlap":
        limits += [(state.q, _least_activity(machine)), (1 - state.q, arb(LEAST_ACTIVITY))]
    else:
        limits.append((state.q, arb(LEAST_ACTIVITY)))
        if state is min(glasses, key=lambda glass: float(glass.f.mid())):
            return bool(state.q > arb(OFF_GRID))
    for value, limit in limits:
        if value < limit:
            return False
        if not value >= limit:
            raise NotProvenError("a state on the limit of q or 1 - C to all digits")
    return True


def _bounds(ball: arb) -> Bounds:
    low, high = float(ball.lower()), float(ball.upper())
    if low == high == float(ball.mid()) and ball.is_exact():
        return Bounds(low, high)
    return Bounds(math.nextafter(low, -math.inf), math.nextafter(high, math.inf))


_PROOFS: dict[type[Any], Callable[[Any], ProvenStates]] = {
    ReluRBM: _sparse,
    CompositionalRBM: _sparse,
    ThresholdHopfield: _threshold,
    Hopfield: _hopfield,
}
MODELS = tuple(sorted(model.name for model in _PROOFS))
"""Models with a proof."""
