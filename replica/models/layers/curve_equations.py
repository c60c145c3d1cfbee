"""The equations of a random RBM of any potentials, in coordinates in which one curve serves all loads.

At fixed T, p and L the noise s = √(αpr) and the self-field b = αB of the visible layer give q and C, these r and B of
the hidden layer (`replica.models.layers.saddle_equations`), so that α enters only through two of the equations. With
y = (m, ln s, ln b, ln α), the first three in units natural to the layers,

    F = (⟨W M_v⟩/aL − m,   ln(αp r) − 2 ln s,   ln(αB) − ln b) = 0.

The equations do not change when v → κv, h → λh, T → κλT and U → κλU, and m → λm, s → λs, b → λb/κ with them; nor do
they in these units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.base import Order
from replica.models.layers.saddle_equations import ORIGIN, TwoLayers
from replica.models.layers.unbounded import Unbounded, unbounded
from replica.numerics.arclength import NO_NOISE, NO_OVERLAP
from replica.numerics.elementary import phi
from replica.numerics.gaussian import H
from replica.potentials.averages import natural_size

__all__ = ["LARGEST_EFFORT", "LARGE_NOISE", "LayerEquations", "Loads", "layer_equations", "natural_units"]

LARGEST_EFFORT = 3e6
"""Weights that one average may cost."""


LARGE_NOISE, ALL_BUT = math.log(1e3), 1e-5
"""Least ln s, and distance in ln b and ln α, at which q → ∞ counts as reached."""


SOFT = 1e-6
"""Distance of ln b from that of the curvature of visible units at which the two are one."""


LEAST_ACTIVITY = 1e-12
"""q, in units of the square of a visible unit, below which curves are not accounted for."""


class Units(NamedTuple):
    """Size of visible units; overlap, noise and self-field of order one; arrays of shape (R,)."""

    v: NDArray

    m: NDArray
    s: NDArray
    b: NDArray


def natural_units(layers: TwoLayers) -> Units:
    """Units at rows of couplings: where a visible unit is of the size v, hidden ones that follow are of the size v/a.

    Those that do not follow are given inputs of the size of a visible one; their answers and responses, at α = 1, are
    the units.
    """
    with np.errstate(all="ignore"):
        size = natural_size(layers.visible, layers.T)
        size = np.where(np.isfinite(size) & (size > 0), size, 1.0)
        h = layers.hidden_layer(size**2, 0.0)
        answer, response = np.sqrt(layers.p * h.r), h.B
        followed = np.isfinite(layers.softest)
        a = layers.stiffness()
        share = (_sizes(layers.law) * layers.law.weight).sum(axis=-1) / layers.L
        overlap = size * np.where(share > 0, share, 1.0) / np.where(np.isfinite(a), a, 1.0)
        noise = np.where(followed, size * layers.p / layers.softest, answer)
        coupling = np.where(followed, 1 / layers.softest, response)
    sound = [np.where(np.isfinite(v) & (v > 0), v, 1.0) for v in (size, overlap, noise, coupling)]
    return Units(*sound)


def _sizes(law: Law) -> NDArray:
    """Mean of |W|, its normal part included, at each value."""
    size, spread = np.abs(law.w), np.sqrt(law.normal)
    u = size / np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, 2 * spread * phi(u) + size * (1 - 2 * H(0, u)), size)


class Loads(NamedTuple):
    """Values of ln α, shape (R,)."""

    low: NDArray
    """Least that is asked for."""
    top: NDArray
    """Largest that is asked for."""
    high: NDArray
    """Beyond which rising curves are left."""

    def rows(self, index: NDArray) -> Loads:
        """Return those of some rows."""
        return Loads(*(v[index] for v in self))


class LayerEquations(NamedTuple):
    """The equations F at R rows of couplings; m = 0 throughout where `frozen`."""

    layers: TwoLayers
    frozen: bool
    units: Units
    closest: NDArray
    """Margins 1 − C/a down to which curves are followed."""
    far: Unbounded
    """Where q → ∞, and the curvature of visible units."""
    silent: NDArray
    """Ln s below which nothing is left where m = 0."""

    def rows(self, index: NDArray) -> LayerEquations:
        """Return the same equations at some rows."""
        return self._replace(
            silent=self.silent[index],
            layers=self.layers.rows(index),
            units=Units(*(v[index] for v in self.units)),
            closest=self.closest[index],
            far=self.far.rows(index),
        )

    def within(self, effort: float) -> LayerEquations:
        """Return the same equations with averages that may cost so many weights."""
        return self._replace(layers=self.layers._replace(most=effort))

    def physical(self, y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """m, s and b at points y."""
        return y[:, 0] * self.units.m, np.exp(y[:, 1]) * self.units.s, np.exp(y[:, 2]) * self.units.b

    def spent(self, order: Order) -> NDArray:
        """Whether 1 − C/a has all but vanished."""
        return np.asarray(1 - order.C / self.layers.softest < self.closest)

    def vanished(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Whether the overlap has vanished, or the noise where there is none."""
        return np.asarray(y[:, 1] < self.silent if self.frozen else y[:, 0] < NO_OVERLAP)

    def faint(self, order: Order) -> NDArray:
        """Whether next to no unit is active."""
        return np.asarray(order.q < LEAST_ACTIVITY * self.units.v**2)

    def boundless(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Whether curves are all but at q → ∞, where ln α and ln b are linear in 1/s, or on their way to b = a.

        Rectified visible units below their bend reach that: at T = 0 as s → 0, q = s² H2(θ/s)/(a − b)² ~ s²; at T > 0
        at finite noise, their law being exponential there, and a − b is then so small that units beyond the bend, which
        next to none is, carry q and r: another curve, towards q → ∞.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            b, alpha = self.far.b / self.units.b, self.far.alpha
            away = np.abs(y[:, 2:] - np.log(np.stack([b, alpha], axis=-1))).max(axis=-1)
            loud = (y[:, 1] > LARGE_NOISE) & (tangent[:, 1] > 0) & (away < ALL_BUT)
            soft = np.abs(y[:, 2] - np.log(self.far.softest / self.units.b)) < SOFT
        return np.asarray(self.frozen & (loud | (soft & (tangent[:, 2] > 0))))

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F, shape (R, 3), its Jacobian by y = (m, ln s, ln b, ln α), shape (R, 3, 4), and the order parameters.

        All nan where averages would cost too much, far from where states are. Where r ~ δ⁻² and B ~ δ⁻¹ at a small
        margin δ = 1 − C/a, they magnify the rounding of C. It cancels in F₁ − 2F₂ and δ(exp F₂ − 1), zero with F.
        """
        F, J, order, of_response, by_response = self._averaged(y)
        with np.errstate(all="ignore"):
            margin = 1 - order.C / self.layers.softest
            lawful = np.abs(margin[:, None] * by_response - [2.0, 1.0])
            near = np.nonzero((margin < NEAR) & (lawful < NEARLY).all(axis=-1))[0]
        if len(near):
            # δ exp F₂ is the margin that b = αB asks for, 1 − C/a the one there is: ∂δ = −∂C/a
            F1, F2, delta = F[near, 1], F[near, 2], margin[near]
            by_delta = -of_response[near] / self.layers.softest[near, None]
            J[near, 1] -= 2 * J[near, 2]
            J[near, 2] = np.expm1(F2)[:, None] * by_delta + (delta * np.exp(F2))[:, None] * J[near, 2]
            F[near, 1], F[near, 2] = F1 - 2 * F2, delta * np.expm1(F2)
        return F, J, order

    def plain(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F as written above, its Jacobian, and the order parameters."""
        return self._averaged(y)[:3]

    def _averaged(self, y: NDArray) -> tuple[NDArray, NDArray, Order, NDArray, NDArray]:
        """F, its Jacobian, the order parameters, the derivatives of C by y, and those of ln r and ln B by C/a."""
        m, s, b = self.physical(y)
        alpha = np.exp(y[:, 3])
        v = self.layers.visible_layer(m, s, b)
        h = self.layers.hidden_layer(v.q, v.C)
        F = np.stack(
            [(v.m - m) / self.units.m, np.log(alpha * self.layers.p * h.r) - 2 * np.log(s), np.log(alpha * h.B / b)],
            axis=-1,
        )
        # by (m, ln s, ln b), those of r and B through q and C
        of_visible = v.slopes * np.stack([self.units.m, s, b])
        of_hidden = (h.slopes[:, :, None] * of_visible[1:]).sum(axis=1)
        J = np.zeros((len(y), 3, 4))
        J[:, 0, :3] = (of_visible[0] / self.units.m).T
        J[:, 1, :3] = (of_hidden[0] / h.r).T
        J[:, 2, :3] = (of_hidden[1] / h.B).T
        J[:, :, :3] -= np.diag([1.0, 2.0, 1.0])
        J[:, 1:, 3] = 1
        if self.frozen:
            F[:, 0], J[:, 0], J[:, :, 0] = 0.0, 0.0, 0.0
            J[:, 0, 0] = 1
        of_response = np.concatenate([of_visible[2].T, np.zeros((len(y), 1))], axis=1)
        if self.frozen:
            of_response[:, 0] = 0.0
        with np.errstate(all="ignore"):
            by_response = np.stack([h.slopes[0, 1] / h.r, h.slopes[1, 1] / h.B], axis=-1)
            by_response *= np.asarray(self.layers.softest)[:, None]
        return F, J, Order(m if self.frozen else v.m, v.q, h.r, v.C, h.B), of_response, by_response


def layer_equations(layers: TwoLayers, frozen: bool) -> LayerEquations:
    """Equations of layers at rows of couplings, with m = 0 throughout or not."""
    law = ORIGIN if frozen else layers.law
    units = natural_units(layers)
    return LayerEquations(
        layers._replace(law=law, most=LARGEST_EFFORT, bare=True),
        frozen,
        units,
        _closest(layers, units),
        unbounded(layers),
        _silent(layers, units),
    )


LEAST_NOISE = 1e-140
"""Noise at which units with a mean of their own are left."""


def _silent(layers: TwoLayers, units: Units) -> NDArray:
    """Ln s at which a state without overlap is none any more: a far smaller one where visible units have a mean."""
    with np.errstate(all="ignore"):
        mean = np.abs(layers._replace(law=ORIGIN).visible_layer(0.0, 0.0, 0.0 * units.b).mean)
    return np.where(mean > math.sqrt(LEAST_ACTIVITY) * units.v, math.log(LEAST_NOISE), math.log(NO_NOISE))


LEAST_MARGIN, LEAST_COLD_MARGIN = 3e-7, 3e-10
"""Margins down to which curves are followed; at T = 0 r and B have their laws (1 − C/a)⁻² and (1 − C/a)⁻¹ there."""
NEAR, NEARLY = 1e-4, 0.1
"""Margin below which its rounding shows in r and B, and distance of exponents from −2 and −1 at which it cancels."""
MARGINS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1)
LARGEST_EFFORT_AT_THE_MARGIN = 1e6


def _closest(layers: TwoLayers, units: Units) -> NDArray:
    """Margins that averages of a hidden unit allow: its law, and that of its mean, widen towards C = a."""
    closest = np.where(layers.T > 0, LEAST_MARGIN, LEAST_COLD_MARGIN)
    a, noise = layers.softest, np.sqrt(layers.p) * units.v
    warm = np.nonzero((layers.T > 0) & np.isfinite(a))[0]
    if not len(warm):
        return closest
    a, noise, T = a[warm], noise[warm], layers.T[warm]
    with np.errstate(all="ignore"):
        for margin in (LEAST_MARGIN, *MARGINS):
            c = a * (1 - margin)
            wider = layers.hidden.spread(c, T) / layers.hidden.spread(0 * c, T)
            costly = ~(
                layers.hidden.effort(noise, c, T) * np.where(wider > 1, wider, 1.0) < LARGEST_EFFORT_AT_THE_MARGIN
            )
            bound = np.where(costly, margin, 0.0)
            closest[warm] = np.maximum(closest[warm], bound)
    return closest
