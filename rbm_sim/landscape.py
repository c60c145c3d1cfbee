"""Exact changes of the marginal energy E(v) = min_h E(v, h) by single-unit moves, for all units at once.

E(v) = Σ_i U_i(v_i) − Σ_μ Φ_μ(I_μ). Every Φ is made of parabolas and straight lines, with at most a kink, at
y_μ = I_μ − b_μ = 0. A move of unit i by δ changes the inputs by d_μ = w_{iμ} δ, and Φ_μ by exactly
h*_μ d_μ + χ_μ d_μ²/2, unless the kink lies between y_μ and y_μ + d_μ. So the changes for all units are two
matrix-vector products, and an elementwise correction for the few hidden units near their kink. No N × N
matrix appears, and no differences of large numbers.
"""

import numpy as np

from rbm_sim.rbm import RBM
from rbm_sim.units import TwoValued


class Landscape:
    """The marginal energy E(v) = min_h E(v, h) around one configuration, which its moves change.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : ndarray, shape (N,)
        Configuration, in the dtype of the weights; it is copied.

    Attributes
    ----------
    v, steps : ndarray, shape (N,)
        Present configuration, and by how much each unit changes when it moves.

    Raises
    ------
    ValueError
        If the visible units do not have two values.
    """

    def __init__(self, rbm: RBM, v: np.ndarray) -> None:
        visible = rbm.visible
        if not isinstance(visible, TwoValued):
            raise ValueError(f"rbm.visible is {type(visible).__name__}: must be Bernoulli or Spin units")
        self.rbm = rbm
        self.field = visible.g
        self.span = 1 - visible.low
        self.squares = rbm.weights * rbm.weights
        self.row_norms = np.sqrt(self.squares.sum(axis=1))
        self.reach = self.span * np.abs(rbm.weights).max(axis=0)
        self.hidden = rbm.hidden.centred()
        self.v = v.copy()
        self.steps = visible.flipped(self.v) - self.v
        self.refresh()

    def refresh(self) -> None:
        """Compute the inputs from scratch, which removes the rounding that moves have left in them."""
        self._set_inputs(self.v @ self.rbm.weights - self.rbm.hidden.offset)

    def _set_inputs(self, y: np.ndarray) -> None:
        self.y = y
        self.h = self.hidden.mode(y)
        self.chi = self.hidden.curvature(y)
        self.near = np.flatnonzero(np.abs(y) <= self.reach) if self.hidden.has_kink else np.empty(0, int)

    def changes(self, units: slice) -> np.ndarray:
        """Change of E(v) if one of `units` alone moves, for each of them.

        Parameters
        ----------
        units : slice
            Visible units.

        Returns
        -------
        ndarray
            E(v with i moved) − E(v).
        """
        w, step = self.rbm.weights[units], self.steps[units]
        gain = step * (w @ self.h + self.field[units]) + step * step / 2 * (self.squares[units] @ self.chi)
        if self.near.size:
            d = step[:, None] * w[:, self.near]
            y, h, chi = self.y[self.near], self.h[self.near], self.chi[self.near]
            ground = self.hidden.ground
            gain += (ground(y + d) - ground(y) - d * (h + chi * d / 2)).sum(axis=1)
        return -gain

    def tolerances(self) -> np.ndarray:
        """Rounding error to expect of `changes`, 4 eps times the size of the terms: below it, no gain counts.

        Returns
        -------
        ndarray, shape (N,)
            One tolerance for each visible unit.
        """
        scale = self.row_norms * np.linalg.norm(self.h) + np.abs(self.field) + self.span * self.row_norms**2
        return 4 * np.finfo(self.v.dtype).eps * self.span * scale

    def move(self, i: int) -> None:
        """Move a unit to its other value.

        Parameters
        ----------
        i : int
            Visible unit.
        """
        step = self.steps[i]
        self.v[i] += step
        self.steps[i] = -step
        self._set_inputs(self.y + step * self.rbm.weights[i])
