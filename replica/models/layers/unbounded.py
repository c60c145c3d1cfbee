"""The end of curves at q → ∞: the load beyond which the energy of a machine is not bounded below.

Where the energies of both layers are quadratic at infinity, a x²/2 at +∞ and a' x²/2 at −∞ (∞ where a unit is cut),
thresholds and temperature do not count at large noise: an input σ z and a self-coupling c make x = σ z/(a − c) or
σ z/(a' − c), so that M² averages to Q = σ² k'(c) and χ to k(c),

    k(c) = ½ [1/(a − c) + 1/(a' − c)],   k'(c) = ½ [1/(a − c)² + 1/(a' − c)²].

q and r drop out of the saddle-point equations with m = 0, q = s² k_v'(b) and r = p q k_h'(C), s² = αpr:

    C = p k_v(b),   b = αp k_h(C),   αp² k_v'(b) k_h'(C) = 1

Then b dC/db = k_h(C)/k_h'(C), of which the left side rises with b and the right one falls: one solution at most, and
one curve that runs to it, ln α and ln b being smooth in 1/s there; none where p k_v(0) ≥ a_h: no load is small enough.
With both layers of the curvature 1, cut (κ = ½) or not (κ = 1),

    1 − b = √(p κ_v),   1 − C = √(p κ_v) (1 − √(p κ_v)),   α = (κ_v/κ_h) (1/√(p κ_v) − 1)²:

for Gaussian layers the largest singular value √p (1 + √α) of w is 1 there. No curve with m > 0 ends so: W is symmetric,
⟨W M_v⟩ then m L p k_v(b) at any m/s, and the equation for m asks for C = a.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.saddle_equations import TwoLayers
from replica.numerics.rootfinding import find_roots
from replica.potentials import Population

__all__ = ["Unbounded", "unbounded"]


class Unbounded(NamedTuple):
    """Self-field b and load α at which q → ∞, shape (R,); nan where there is no such end."""

    b: NDArray
    alpha: NDArray
    softest: NDArray
    """The smaller curvature of a visible unit, a bound of b at any end."""

    def rows(self, index: NDArray) -> Unbounded:
        """Return those of some rows."""
        return Unbounded(*(v[index] for v in self))


def unbounded(layers: TwoLayers) -> Unbounded:
    """Where q → ∞ at rows of couplings.

    Parameters
    ----------
    layers : TwoLayers
        The layers.

    Returns
    -------
    Unbounded
        The ends.
    """
    temperatures, index = np.unique(layers.T, return_inverse=True)
    if isinstance(layers.visible, Population) and not layers.visible.alike:
        # q → ∞ of some kinds of units only has no closed form here
        none = np.full(len(np.asarray(layers.p)), np.nan)
        softest = np.array([np.real(layers.visible.stiffness(T)) for T in temperatures.tolist()])[index]
        return Unbounded(none, none.copy(), softest)
    visible = np.array([layers.visible.sides(T) for T in temperatures.tolist()]).T[:, index]
    a, p = visible.min(axis=0), np.asarray(layers.p)
    out = Unbounded(np.full(len(p), np.nan), np.full(len(p), np.nan), a)
    with np.errstate(all="ignore"):
        there = np.isfinite(a) & np.isfinite(layers.softest) & (a > 0) & (layers.softest > 0)
        there &= p * _half_sum(visible, 0.0, 1) < layers.softest
    rows = np.nonzero(there)[0]
    if not len(rows):
        return out
    a, p, visible, hidden = a[rows], p[rows], visible[:, rows], layers.sides[:, rows]
    ends = np.zeros(len(rows)), np.ones(len(rows)), np.full(len(rows), -1.0), np.ones(len(rows))
    share = find_roots(lambda x, i: _excess(x, a[i], p[i], visible[:, i], hidden[:, i]), *ends, rtol=1e-15)
    out.b[rows] = share * a
    C = p * _half_sum(visible, share * a, 1)
    out.alpha[rows] = share * a / (p * _half_sum(hidden, C, 1))
    return out


def _half_sum(sides: NDArray, c: Any, power: int) -> NDArray:
    """½ [(a − c)^−power + (a' − c)^−power]."""
    return ((sides - c) ** -float(power)).sum(axis=0) / 2


def _excess(share: NDArray, a: NDArray, p: NDArray, visible: NDArray, hidden: NDArray) -> NDArray:
    """b dC/db k_h' − k_h at b = share·a, over its divergences (1 − share)⁻² and (a_h − C)⁻²."""
    left, b = a * (1 - share), share * a
    # the softer side of a unit has the term 1 in these sums
    rise = b * p * ((left / (visible - b)) ** 2).sum(axis=0) / 2
    margin = hidden.min(axis=0) * left**2 - p * _half_sum(visible, b, 1) * left**2
    with np.errstate(all="ignore"):
        C = p * _half_sum(visible, b, 1)
        ratio = (hidden.min(axis=0) - C) / (hidden - C)
        value = rise * (ratio**2).sum(axis=0) / 2 - margin * ratio.sum(axis=0) / 2
    return np.where(margin > 0, value, 1.0)
