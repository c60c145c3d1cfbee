"""State evolution: what approximate message passing does on random machines, from the averages of the theory.

The visible means of step t have the order parameters m^t, q^t and C^t. As N → ∞ the fields of the weak hidden units are
normal with variance p q^t, and those of visible units m̂^t W plus a normal variable of variance αp r^t:

    r^t = Q_h(q^t, C^t),   B^t = p χ_h(q^t, C^t),     (m, q, C)^{t+1} = averages of v at (m̂^t, √(αp r^t), αB^t)

m̂ is the mean of a strong hidden unit over √N: its stiffness a is softened by C, and its own past taken off its field,

    m̂^t = (a m^t − C^t m̂^{t−1})/(a − C^t).

At a fixed point m̂ = m and these are the saddle-point equations of `replica.models.GeneralRBM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables import condensed
from rbm_sim.tap.amp import Iterates
from rbm_sim.units.tilted import softest
from replica.errors import ConvergenceError
from replica.models import GeneralRBM
from replica.models.base import Order
from replica.models.layers.saddle_equations import TwoLayers


def state_evolution(model: GeneralRBM, *, steps: int, start: Order | Sequence[float] | None = None) -> Order:
    """Order parameters of approximate message passing, step by step, as N → ∞.

    Parameters
    ----------
    model : GeneralRBM
        Units of the two layers, load and temperature, numbers, T > 0.
    steps : int
        Number of steps, >= 0.
    start : Order or sequence of float, optional
        (m, q) of a configuration to start from: overlap ⟨W v⟩/aL with each condensed pattern, and mean of v²; spins at
        the pattern itself have (1, 1). Or (m, q, C), C = p var_v/T the response of visible units that have a variance,
        or the order parameters of a state. By default as `rbm_sim.amp.run`: the means without input, taken for a
        configuration.

    Returns
    -------
    Order
        m, q, r, C, B, each of shape (steps + 1,): m, q and C of the visible means of a step, r and B of the hidden ones
        given these.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model is a limit that machines do not have.
    ConvergenceError
        If hidden units lose their law on the way, C reaching their stiffness.

    Notes
    -----
    The start knows nothing of the weak patterns. Strong hidden units have an activation √N m̂, their threshold is
    dropped.

    Examples
    --------
    >>> import replica
    >>> from replica.potentials import Gaussian, Spin
    >>> model = replica.models.GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.2)
    >>> found = state_evolution(model, steps=20, start=(1.0, 1.0))
    >>> round(float(found.m[-1]), 10), round(float(replica.solve(model).order.m), 10)
    (0.9988777631, 0.9988777631)
    """
    _check(model)
    steps, layers, strong = check.integer("steps", steps, at_least=0), model.layers, 0.0
    m, q, C = _start(start, layers)
    found: list[tuple[float, ...]] = []
    while True:
        if not C < layers.softest:
            raise ConvergenceError(
                f"C = {C:.6g} at step {len(found)}: no law of hidden units; start nearer to a state, or try a higher T"
            )
        hidden = layers.hidden_layer(q, C)
        found.append((m, q, float(hidden.r), C, float(hidden.B)))
        if len(found) > steps:
            return Order(*np.array(found).T)
        strong = _strong(layers.sides, m, C, strong)
        visible = layers.visible_layer(strong, np.sqrt(model.alpha * model.p * hidden.r), model.alpha * hidden.B)
        # without strong units m is 0, whatever the sum over W rounds to
        m, q, C = float(visible.m) if strong else 0.0, float(visible.q), float(visible.C)


def measured(rbm: RBM, iterates: Iterates, *, T: float, p: float = 1.0, n_condensed: int = 1) -> Order:
    """Order parameters of the steps of approximate message passing on one machine.

    Parameters
    ----------
    rbm : RBM
        Machine with weights ξ/√N, the condensed patterns the first ones.
    iterates : Iterates
        What `rbm_sim.amp.run` went through.
    T : float
        Temperature, > 0.
    p : float
        Variance of the ξ.
    n_condensed : int
        Number L of condensed patterns, whose overlaps are averaged; 1 to M.

    Returns
    -------
    Order
        m, q, r, C, B, each of shape (steps + 1,), as those of `state_evolution`; r and B over the weak hidden units.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    L, T, p = condensed(rbm, n_condensed), check.number("T", T, above=0), check.number("p", p, above=0)
    a = np.min(softest(rbm.hidden, T))
    overlaps = iterates.v @ rbm.matrix.columns(0, L).astype(np.float64) / np.sqrt(rbm.shape[0])
    weak, var_weak = iterates.h[:, L:], iterates.var_h[:, L:]
    return Order(
        overlaps.mean(axis=1) / (a if np.isfinite(a) else 1.0),
        (iterates.v**2).mean(axis=1),
        (weak**2).mean(axis=1),
        p / T * iterates.var_v.mean(axis=1),
        p / T * var_weak.mean(axis=1),
    )


def _start(start: Order | Sequence[float] | None, layers: TwoLayers) -> tuple[float, float, float]:
    """Overlap, mean square and response to start from."""
    if start is None:
        return 0.0, float(layers.visible_layer(0.0, 0.0, 0.0).q), 0.0
    values = (
        (start.m, start.q, start.C)
        if isinstance(start, Order)
        else check.real_array("start", start, np.float64).tolist()
    )
    if np.shape(values) not in ((2,), (3,)):
        raise ValueError(f"start has shape {np.shape(values)}: must be an Order, (m, q) or (m, q, C)")
    m, q, C = (*values, 0.0)[:3]
    return (
        check.number("m of the start", m),
        check.number("q of the start", q, at_least=0),
        check.number("C of the start", C, at_least=0),
    )


def _strong(sides: Any, m: float, C: float, before: float) -> float:
    """Mean of a strong hidden unit over √N; 0 on a side on which it does not follow its input."""
    a = sides[0 if m >= 0 else 1]
    if not np.isfinite(a):
        return 0.0
    field = a * m - C * before
    a = sides[0 if field >= 0 else 1]
    return float(field / (a - C)) if np.isfinite(a) else 0.0


def _check(model: GeneralRBM) -> None:
    if not isinstance(model, GeneralRBM):
        raise ValueError(f"model = {check.short(model)}: must be a GeneralRBM")
    if model.ell is not None:
        raise ValueError("model has ell, the limit p → 0: machines have p and L")
    for name in ("alpha", "T", "p", "L"):
        if np.ndim(getattr(model, name)):
            raise ValueError(f"{name} of the model is an array: must be a number")
    check.number("T", model.T, above=0)
