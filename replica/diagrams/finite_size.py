"""Compositional states of machines of N visible units and sparsity p: what is of the order of p and of 1/√(pN).

In the limit p → 0 after N → ∞ two things are left out of f̃, which are seldom small, since f̃(ℓ*) is a small difference
of large terms. Strong hidden units pay their threshold, h = I − θ_μ and not I: L m θ/√N more in the free energy, or

    f̃ → f̃ + ℓ m̃ δ/4,   m̃ = (2/ℓ)⟨W H0(−u)⟩ − δ,   δ = 2θ̃/√(pN).

And W is the sum of L = ℓ/p entries, with ⟨e^{ikW}⟩ = (1 − p x_i (1 − cos k))^{ℓ/p} in place of its limit
e^{−ℓ x_i (1 − cos k)} (Skellam), a law for integer L and a smooth function of ℓ between. All else is as in
`CompositionalRBM`. With δ = 0 and L an integer these are the equations of `ReluRBM`. What remains is of order 1/pN.

Without noise f̃ = −ℓ(m̃₀ − δ)²/8 − g̃q, where m̃₀ = (2/ℓ)⟨max(W, 0)⟩ = 1 for one unit: it pays where |g̃| < (1 − δ)²/4.

J. Tubiana & R. Monasson, PRL 118, 138301 (2017), for the limit; the corrections are derived here.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law, skellam
from replica.diagrams.best_ell import Minima, columns_of, homogeneous, minima
from replica.diagrams.compositional_phases import glass_energy
from replica.models.base import Order
from replica.models.compositional import CompositionalRBM
from replica.models.sparse.equations import unit_mean
from replica.numerics.gaussian import H
from replica.numerics.number import Number

__all__ = ["FiniteRBM", "followed", "of_size", "phase_of_size"]

DENSEST = 0.45
"""Largest p x_i: at one half and more W has no such law between integers."""
STEPS = 6
"""Steps in which machines grow finite."""
CLOSE = 1e-5
"""Step of Newton's method after which another, of the order of its square, changes nothing."""
MARGIN = 0.1
"""A glass so much p below twice f̃(ℓ*) stays below it: finite p lowers f̃ by less, costs raise it."""
LEAST = 1e-4
"""ℓ below which a minimum counts as one at ℓ → 0."""


class FiniteRBM(CompositionalRBM):
    """`CompositionalRBM` of finite p and N."""

    @property
    def cost(self) -> Number:
        """δ."""
        return vars(self).get("_cost", 0.0)

    @property
    def density(self) -> float:
        """p in the law of W."""
        return float(vars(self).get("_density", 0.0))

    @property
    def visible(self) -> float:
        """N."""
        return float(vars(self).get("_visible", np.inf))

    def shrunk(self, spread: float) -> Self:
        """The machine on its way from the homogeneous one, at the controls `starting_at` (1: itself)."""
        start: dict[str, float] = vars(self).get("_start", {})
        between = {name: a + spread * (getattr(self, name) - a) for name, a in start.items()}
        return super().shrunk(spread).unchecked(**between)

    def starting_at(self, **controls: float) -> Self:
        """The same machine, reached from one of other controls."""
        return self.unchecked(_start=controls)

    def law(self) -> Law:
        """Law of W."""
        return self._laws()[0]

    def _laws(self) -> tuple[Law, NDArray]:
        """Law of W, and its derivative by ℓ; kept with the machine."""
        key = (self.ell, self.units, self.density)
        known = vars(self).get("_known")
        if (
            known is None
            or any(a is not b for a, b in zip(known[0][:2], key[:2], strict=True))
            or known[0][2] != key[2]
        ):
            known = key, _laws_of(self)
            object.__setattr__(self, "_known", known)
        laws: tuple[Law, NDArray] = known[1]
        return laws

    def visible_averages(self, order: Order, noise: Number = None) -> tuple[Number, Number, Number]:
        """Right-hand sides of m, q and C."""
        m, q, C = super().visible_averages(order, noise)
        return m - self.cost, q, C

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """f̃, on the saddle or off it."""
        return super().free_energy(order, n) + self.size * order.m * self.cost / 4

    def slope(self, order: Order) -> Number:
        """df̃/dℓ on the saddle."""
        law, change = self._laws()
        s, u = self._fields(order, law)
        return order.m * (order.m / 8 + self.cost / 4) - s * unit_mean(change * np.sqrt(law.x), H(1, -u))


def _laws_of(model: FiniteRBM) -> tuple[Law, NDArray]:
    """Law of W and its derivative, from ln⟨e^{ikW}⟩ = (ℓ/p) ln(1 − p x (1 − cos k))."""
    units, ell, p = model.units, np.asarray(model.size, dtype=float), model.density
    x = np.ones(1) if units is None else units.x
    reach = len(skellam(float(ell.max() * x.max())).w) // 2 + 4
    count = 2 * reach + 2
    bend = 1 - np.cos(2 * np.pi * np.arange(reach + 2) / count)
    p = min(p, DENSEST / float(x.max()))
    rate = -x[:, None] * bend if p == 0 else np.log1p(-p * x[:, None] * bend) / p
    values = np.exp(ell[..., None, None] * rate)
    both = [np.fft.fftshift(np.fft.irfft(v, count), axes=-1)[..., 1:] for v in (values, rate * values)]
    w = np.arange(-reach, reach + 1.0)
    if units is None:
        weight, change = (v[..., 0, :] for v in both)
        return Law(w, np.ones(len(w)), weight), change
    weight, change = ((units.fraction[:, None] * v).reshape(*ell.shape, -1) for v in both)
    whole = Law(np.tile(w, len(x)), np.repeat(x, len(w)), weight, field=np.repeat(units.fields, len(w)))
    return whole, change


def of_size(model: CompositionalRBM, p: float, N: float) -> FiniteRBM:
    """The machine at finite p and N.

    Parameters
    ----------
    model : CompositionalRBM
        Machine in the limit.
    p : float
        Sparsity of its weights, > 0.
    N : float
        Visible units.

    Returns
    -------
    FiniteRBM
        The machine of N units.
    """
    copy = object.__new__(FiniteRBM)
    size = {"_cost": 2 * model.theta / np.sqrt(p * N), "_density": float(p), "_visible": float(N)}
    for name, value in {**vars(model), **size}.items():
        object.__setattr__(copy, name, value)
    return copy


def phase_of_size(model: CompositionalRBM, p: float, N: float) -> tuple[NDArray, dict[str, NDArray]]:
    """Phase of homogeneous machines of finite p and N, by the lowest of f̃(ℓ*), the glass, and 0, the level of ℓ → 0.

    Parameters
    ----------
    model : CompositionalRBM
        Homogeneous model, whose `ell` does not matter; array controls broadcast.
    p, N : float
        Sparsity and visible units.

    Returns
    -------
    labels : array of str
        As of `replica.diagrams.compositional_phases.phase_of`, except that a branch whose f̃ decreases to its end counts
        as no state.
    extra : dict
        Arrays ell_star (0 where no minimum is found, or the glass is far below), f_star (+inf there) and f_sg (nan
        where there is no glass).
    """
    shape, columns = columns_of(homogeneous(model))
    found = minima(*columns)
    glass = np.asarray(glass_energy(model)).reshape(-1)
    found = _only(found, ~(glass[found.point] < 2 * found.energy - MARGIN * p))
    ell, energy, _ = followed(found, *columns, p, N)
    value, least = np.zeros(len(columns[0])), np.full(len(columns[0]), np.inf)
    # the last assignment stays: from the highest to the lowest
    for k in np.argsort(-energy, kind="stable"):
        value[found.point[k]], least[found.point[k]] = ell[k], energy[k]
    composed = (least < 0) & ~(least > glass)
    labels = np.where(composed, "compositional", np.where(~composed & (glass <= 0), "spin_glass", "ferromagnetic"))
    labels = np.where((found.status == "lost") | (found.lost & ~composed), "", labels)
    extra = {"ell_star": value, "f_star": least, "f_sg": glass}
    return labels.reshape(shape), {name: values.reshape(shape) for name, values in extra.items()}


def _only(found: Minima, kept: NDArray) -> Minima:
    order = Order(*(member[kept] for member in found.order))
    return found._replace(point=found.point[kept], ell=found.ell[kept], energy=found.energy[kept], order=order)


def followed(
    found: Minima, alpha: NDArray, theta: NDArray, g: NDArray, p: float, N: float
) -> tuple[NDArray, NDArray, Order]:
    """Minima over ℓ of homogeneous machines, followed from the limit to finite p and N.

    Parameters
    ----------
    found : Minima
        Those of the limit at P points.
    alpha, theta, g : array, shape (P,)
        Controls.
    p, N : float
        Sparsity and visible units.

    Returns
    -------
    ell, energy : array, shape (n,)
        ℓ and f̃ of each of the n minima; 0 and +inf where it is lost, or meets ℓ → 0.
    order : Order
        Order parameters there.
    """
    ell, energy = np.zeros(len(found.point)), np.full(len(found.point), np.inf)
    order, at = found.order, found.point
    logs = [np.log(np.maximum(v, 1e-300)) for v in (order.r, order.q, order.B)]
    x = np.stack([order.m, order.C, *logs, np.log(found.ell)])
    alive = np.isfinite(x).all(axis=0)
    if alive.any():
        whole = of_size(CompositionalRBM(alpha=alpha[at], theta=theta[at], g=g[at], ell=found.ell), p, N)
        for spread in np.arange(1, STEPS + 1) / STEPS:
            _settle(_grown(whole, spread), x, alive)
    if alive.any():
        ell[alive] = np.exp(x[-1, alive])
        model = _some(whole, alive).unchecked(ell=ell[alive])
        energy[alive] = model.free_energy(model.unpack(list(x[:-1, alive])))
    members = np.exp(x[2:5])
    return ell, energy, Order(m=x[0], q=members[1], r=members[0], C=x[1], B=members[2])


def _settle(model: FiniteRBM, x: NDArray, alive: NDArray) -> None:
    """Newton's method for the machines whose minimum is still there."""
    for _ in range(4):
        i = np.nonzero(alive)[0]
        if not len(i):
            return
        moved, sound = _newton_step(_some(model, i), x[:, i])
        last = np.max(np.abs(moved - x[:, i])[:, sound], initial=0.0)
        x[:, i] = np.where(sound, moved, x[:, i])
        alive[i] = sound & (x[-1, i] > np.log(LEAST))
        if last < CLOSE:
            return


def _grown(model: FiniteRBM, spread: float) -> FiniteRBM:
    """The machine on its way from the limit."""
    return model.unchecked(_cost=spread * model.cost, _density=spread * model.density)


def _some(model: FiniteRBM, index: NDArray) -> FiniteRBM:
    values = {name: getattr(model, name)[index] for name in ("alpha", "theta", "g", "ell")}
    return model.unchecked(**values, _cost=np.asarray(model.cost)[index])


def _residuals(model: FiniteRBM, x: NDArray) -> NDArray:
    here = model.unchecked(ell=np.exp(x[-1]))
    state = list(x[:-1])
    return np.stack([*here.equations(state), here.slope(here.unpack(state))])


def _newton_step(model: FiniteRBM, x: NDArray) -> tuple[NDArray, NDArray]:
    """One step for all machines, and whether it is short enough to be trusted."""
    h = 1e-7 * np.maximum(1.0, np.abs(x))
    with np.errstate(all="ignore"):
        here = _residuals(model, x)
        columns = []
        for k in range(len(x)):
            apart = np.zeros_like(x)
            apart[k] = h[k]
            columns.append((_residuals(model, x + apart) - here) / h[k])
        jacobian, value = np.moveaxis(np.stack(columns, axis=1), -1, 0), here.T
        sound = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(value).all(axis=1)
        jacobian = np.where(sound[:, None, None], jacobian, np.eye(len(x)))
        sound &= np.abs(np.linalg.det(jacobian)) > 0
        jacobian = np.where(sound[:, None, None], jacobian, np.eye(len(x)))
        step = np.linalg.solve(jacobian, np.where(sound[:, None], value, 0.0)[..., None])[..., 0].T
    return x - step, sound & (np.abs(step[-1]) < 1.5) & (np.abs(step[0]) < 0.5)
