"""Message passing as a second way to solutions: for those that sweeps layer by layer are driven away from.

Beside continuous hidden units ln Z need not be largest at a solution: more variance softens the hidden units, whose
fluctuations weaken the means again. Sweeps that raise ln Z then run off to where no law is. Message passing does not.
It may swing about the solution, and more with every step; then the quadratic terms, or the means, go half of their way.
"""

from __future__ import annotations

import numpy as np

from rbm_sim.tap.equations import Equations, Layer, Means, Surroundings, change

DAMPING = ((1.0, 1.0), (1.0, 0.5), (0.5, 1.0))
"""Parts of the way to their new values that means and quadratic terms go in a step, one way after the other."""
LEFT = 0.01
"""Part of the stiffness of a unit that its quadratic term always leaves it."""
MOST_STEPS = 1000
SETTLED = 1e-13
WINDOW = 100
"""Steps in which the change must halve, or a start is given up."""


def pass_messages(equations: Equations, mean: np.ndarray, means: float, terms: float) -> tuple[Means, Means]:
    """Iterate from visible means, with no variance to begin with.

    Parameters
    ----------
    equations : Equations
        The equations of second order.
    mean : ndarray, shape (starts, N)
        Means of the visible layer.
    means, terms : float
        Parts of the way to their new values that means and quadratic terms go in a step.

    Returns
    -------
    v, h : Means
        Where the steps ended, shapes (starts, N) and (starts, M); whether that is a solution their residual says.
    """
    starts, (_, M) = len(mean), equations.rbm.shape
    v, h = Means(mean.copy(), np.zeros_like(mean)), Means(np.zeros((starts, M)), np.zeros((starts, M)))
    A_v, A_h = np.zeros_like(mean), np.zeros((starts, M))
    active, best, earlier = np.arange(starts), np.full(starts, np.inf), np.full(starts, np.inf)
    for step in range(1, MOST_STEPS + 1):
        old, old_h = Means(*(x[active] for x in v)), h.mean[active]
        new_h, A_h[active] = _answer(equations, equations.hidden, old, old_h, A_h[active], terms)
        new_h = Means(old_h + means * (new_h.mean - old_h), new_h.variance)
        new_v, A_v[active] = _answer(equations, equations.visible, new_h, old.mean, A_v[active], terms)
        size = np.nan_to_num(change(old, new_v), nan=np.inf)
        new_v = Means(old.mean + means * (new_v.mean - old.mean), new_v.variance)
        for whole, part in zip((*v, *h), (*new_v, *new_h), strict=True):
            whole[active] = part
        best[active] = np.minimum(best[active], size)
        done = (size <= SETTLED) | np.isinf(size)
        if step % WINDOW == 0:
            done |= ~(best[active] < earlier[active] / 2)
            earlier = best.copy()
        active = active[~done]
        if not active.size:
            break
    return v, h


def _answer(
    equations: Equations, layer: Layer, other: Means, own: np.ndarray, A: np.ndarray, part: float
) -> tuple[Means, np.ndarray]:
    """Means and variances of a layer beside the other one, with an A on its way to its value; and this A."""
    around = equations.around(layer, other)
    room = A + (1 - LEFT) * np.asarray(layer.softest)
    fall = A - around.A
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(fall > 0, room / fall, np.inf).min(axis=-1, keepdims=True) / 2
    A = A - np.minimum(part, most) * fall
    law = layer.law(own, Surroundings(around.inputs, A, None), equations.T)[1]
    return Means(law.mean, law.variance), A
