"""The number of states of a model at a point, proven, with an enclosure of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

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

__all__ = ["MODELS", "Bounds", "ProvenState", "ProvenStates", "states"]

BITS = 200
LEAST_ACTIVITY = "1e-12"
LEAST_MARGIN = "1e-9"
LEAST_GLASS = "6e-300"
"""Limits of what `replica.solve_all` lists of the R-RBMs; the last, Φ(−37), is that of q without overlap."""

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
    """Whether q ≥ 1e-12 (with overlap) and 1 − C ≥ 1e-9, or it is the lowest glass: what `replica.solve_all` looks for."""


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
    >>> [(state.kind, round(state.m.lower, 6)) for state in found.states]
    [('overlap', 0.045), ('spin_glass', 0.0), ('overlap', 0.036096), ('paramagnet', 0.0), ('spin_glass', 0.0), ('overlap', 0.004264)]
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
    return _sorted([*found, ("spin_glass", 0, hopfield_glass(alpha))], BRANCHES.format(n="1 and 3"), 0, 1)


def _threshold(model: ThresholdHopfield) -> ProvenStates:
    alpha, theta = exact(model.alpha), exact(model.theta)
    found = [("retrieval", 1, state) for state in threshold_states(alpha, theta)]
    return _sorted([*found, ("spin_glass", 0, threshold_glass(alpha, theta))], BRANCHES.format(n="1"), 0, 1)


def _sparse(model: ReluRBM | CompositionalRBM) -> ProvenStates:
    if model.units is not None:
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
        found.append(("paramagnet", 0, State(*[arb(0)] * 4, B, arb(1), arb(0))))
    return _sorted(found, HALF_PLANE, boxes, model.overlap_unit)


def _sorted(found: list[tuple[str, int, State]], proven: str, boxes: int, unit: int) -> ProvenStates:
    found = sorted(found, key=lambda entry: float(entry[2].f.mid()))
    glasses = [state for kind, _, state in found if kind == "spin_glass"]
    rows = []
    for kind, n, state in found:
        bounds = [_bounds(x) for x in state._replace(m=state.m * unit)]
        within = kind == "paramagnet" or _within_limits(state, kind, bool(glasses) and state is glasses[0])
        rows.append(ProvenState(kind, n, *bounds, listed=within))
    return ProvenStates(tuple(rows), proven, boxes)


def _within_limits(state: State, kind: str, lowest: bool) -> bool:
    glass = kind == "spin_glass"
    limits = [(state.q, LEAST_GLASS if glass else LEAST_ACTIVITY)]
    if not lowest:
        limits.append((state.margin, LEAST_MARGIN))
    for value, limit in limits:
        if value < arb(limit):
            return False
        if not value >= arb(limit):
            raise NotProvenError("a state on the limit of q or 1 - C to all digits")
    return True


def _bounds(ball: arb) -> Bounds:
    low, high = float(ball.lower()), float(ball.upper())
    if low == high == float(ball.mid()) and ball.is_exact():
        return Bounds(low, high)
    return Bounds(math.nextafter(low, -math.inf), math.nextafter(high, math.inf))


_PROOFS: dict[type, Callable] = {
    ReluRBM: _sparse,
    CompositionalRBM: _sparse,
    ThresholdHopfield: _threshold,
    Hopfield: _hopfield,
}
MODELS = tuple(sorted(model.name for model in _PROOFS))
"""Models with a proof."""
