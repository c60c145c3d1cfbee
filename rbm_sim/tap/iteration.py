"""Iteration of the equations for many starts at once: layer after layer, sped up by Anderson's mixing.

Given one layer, the other is solved for exactly. For units of two values ln Z is concave in either layer at second
order, so that such a step never lowers it and no step has to be damped. Where a layer would lose its law (a quadratic
term that outgrows the energy of a unit) the variances of the other one are held back for a while, so that means can
grow. What is returned is judged by its residual alone.
"""

from __future__ import annotations

import numpy as np

from rbm_sim.tap.equations import Equations, Layer, Means, change

MOST_SWEEPS = 1000
DEPTH = 6
"""Earlier sweeps that a mixture is made of."""
CONVERGED = 1e-13
"""Change in a sweep at which a start is done."""
STALLED = 1e-11
"""Change below which a start is done if PATIENCE sweeps have not made it smaller: what is left is rounding."""
PATIENCE = 8
WORSE = 10.0
"""Growth of the change over the smallest so far that makes a start forget its earlier sweeps."""
KEPT = 0.5
"""Part of the stiffness of a unit that variances leave it if they are held back: far from the end of its law."""
SMALLEST = 1e-3
"""Part of a step below which none is taken."""
GIVEN_UP = 50
"""Sweeps in a row that are cut before a start is given up."""


def iterate(equations: Equations, mean: np.ndarray) -> tuple[Means, Means, np.ndarray]:
    """Iterate from visible means, with no variance to begin with.

    Parameters
    ----------
    equations : Equations
        The equations.
    mean : ndarray, shape (starts, N)
        Means of the visible layer.

    Returns
    -------
    v, h : Means
        Where the sweeps ended, shapes (starts, N) and (starts, M).
    cut : ndarray of bool, shape (starts,)
        Whether the last sweep was cut to leave both layers a law.
    """
    starts, M = len(mean), equations.rbm.shape[1]
    v = Means(mean.copy(), np.zeros_like(mean))
    h = Means(np.zeros((starts, M)), np.zeros((starts, M)))
    cuts, active = np.zeros(starts, dtype=int), np.arange(starts)
    mixing = Mixing(starts)
    for _ in range(MOST_SWEEPS):
        old = Means(*(x[active] for x in v))
        new_v, new_h, cut = _sweep(equations, old, Means(*(x[active] for x in h)))
        cuts[active] = np.where(cut, cuts[active] + 1, 0)
        done = np.where(cut, cuts[active] >= GIVEN_UP, mixing.judge(change(old, new_v)))
        mixed = mixing.mix(old, new_v)
        good = ~done & ~cut & (mixed.variance > 0).all(axis=-1) & np.isfinite(mixed.mean).all(axis=-1)
        good &= equations.allows(equations.hidden, mixed)
        for whole, plain, better in zip(v, new_v, mixed, strict=True):
            whole[active] = np.where(good[:, None], better, plain)
        for whole, plain in zip(h, new_h, strict=True):
            whole[active] = plain
        active = active[~done]
        if not active.size:
            break
        mixing.keep(~done)
    return v, h, cuts > 0


def follow(equations: Equations, v: Means, sweeps: int) -> tuple[Means, Means]:
    """Means and variances after a few plain sweeps, whether they are a solution by then or not.

    Parameters
    ----------
    equations : Equations
        The equations.
    v : Means, shapes (starts, N)
        Where the sweeps begin; variances that leave the hidden layer no law are taken for 0.
    sweeps : int
        How many, >= 0.

    Returns
    -------
    v, h : Means
        Shapes (starts, N) and (starts, M); the hidden layer is the answer to the visible one.
    """
    v = Means(v.mean, np.where(equations.allows(equations.hidden, v)[:, None], v.variance, 0))
    none = np.zeros((len(v.mean), equations.rbm.shape[1]))
    h = Means(none, none)
    for _ in range(sweeps):
        v, h, _cuts = _sweep(equations, v, h)
    return v, _cut(equations, equations.hidden, v, h)[0]


def _sweep(equations: Equations, v: Means, h: Means) -> tuple[Means, Means, np.ndarray]:
    """Both layers after a sweep, the hidden one first, and whether it was cut."""
    new_h, cut_h = _cut(equations, equations.hidden, v, h)
    new_v, cut_v = _cut(equations, equations.visible, new_h, v)
    return new_v, new_h, cut_h | cut_v


def _cut(equations: Equations, layer: Layer, other: Means, own: Means) -> tuple[Means, np.ndarray]:
    """Answer of a layer, its variances held back where they leave the other one no law."""
    new = equations.answer(layer, other, own.mean)
    opposite = equations.hidden if layer is equations.visible else equations.visible
    cut = ~equations.allows(opposite, new)
    share, variance = np.ones((len(own.mean), 1)), new.variance
    while (bad := cut & (share[:, 0] > 0) & ~equations.allows(opposite, Means(new.mean, variance), KEPT)).any():
        share[bad] /= 2
        share[share < SMALLEST] = 0
        variance = own.variance + share * (new.variance - own.variance)
    return Means(new.mean, variance), cut


class Mixing:
    """Anderson's mixing of sweeps, each start by itself.

    The next point is the combination of the last ones whose change is least, a plain sweep further. What is mixed is
    the visible layer; its means and variances are one vector.

    Parameters
    ----------
    starts : int
        Number of starts.

    References
    ----------
    D. G. Anderson, J. ACM 12, 547 (1965).
    """

    def __init__(self, starts: int) -> None:
        self.best, self.since = np.full(starts, np.inf), np.zeros(starts, dtype=int)
        self.last: tuple[np.ndarray, np.ndarray] | None = None
        self.steps: list[np.ndarray] = []
        self.turns: list[np.ndarray] = []

    def judge(self, size: np.ndarray) -> np.ndarray:
        """Take note of the changes of a sweep, and say which starts are done."""
        self.forget = ~(size <= WORSE * self.best)
        self.since = np.where(size < self.best, 0, self.since + 1)
        self.best = np.minimum(self.best, size)
        return (size <= CONVERGED) | ((self.best <= STALLED) & (self.since >= PATIENCE))

    def mix(self, old: Means, new: Means) -> Means:
        """Return the mixture, of a start without a past the plain sweep."""
        x = np.concatenate(old, axis=1)
        f = np.concatenate(new, axis=1) - x
        if self.last is not None:
            self.steps.append(x - self.last[0])
            self.turns.append(f - self.last[1])
            del self.steps[:-DEPTH], self.turns[:-DEPTH]
        self.last = x, f
        for past in (*self.steps, *self.turns):
            past[self.forget] = 0
        result = x + f
        if self.turns:
            turns = np.stack(self.turns, axis=1)
            # in units of their sizes, so that old and new turns weigh the same
            size = np.sqrt(np.einsum("skn,skn->sk", turns, turns))
            turns = np.divide(turns, size[..., None], out=np.zeros_like(turns), where=size[..., None] > 0)
            gram = np.einsum("skn,sln->skl", turns, turns)
            share = np.einsum(
                "skl,sl->sk", np.linalg.pinv(gram, rcond=1e-12, hermitian=True), np.einsum("skn,sn->sk", turns, f)
            )
            result = result - _combined(share, size, self.steps, self.turns)
        return Means(*np.split(result, [old.mean.shape[1]], axis=1))

    def keep(self, which: np.ndarray) -> None:
        """Drop starts that are done."""
        self.best, self.since = self.best[which], self.since[which]
        self.steps, self.turns = [x[which] for x in self.steps], [x[which] for x in self.turns]
        if self.last is not None:
            self.last = self.last[0][which], self.last[1][which]


def _combined(share: np.ndarray, size: np.ndarray, steps: list[np.ndarray], turns: list[np.ndarray]) -> np.ndarray:
    """Σ_k share_k (step_k + turn_k), shares in units of the sizes of the turns."""
    share = np.divide(share, size, out=np.zeros_like(share), where=size > 0)
    total = np.zeros_like(steps[0])
    for k, (step, turn) in enumerate(zip(steps, turns, strict=True)):
        total += share[:, k, None] * (step + turn)
    return total
