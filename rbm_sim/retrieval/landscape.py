"""Changes of the marginal energy E(v) = min_h E(v, h) by single-unit moves: bounds for all units, exact for one.

E(v) = Σ_i U_i(v_i) − Σ_μ Φ_μ(y_μ), y_μ = I_μ − b_μ, Φ convex. A move of unit i by δ changes the inputs by
d_μ = w_{iμ} δ, and lowers the energy by

    δ (Σ_μ w_{iμ} h*_μ + g_i) + Σ_μ e_μ,   e_μ = Φ_μ(y_μ + d_μ) − Φ_μ(y_μ) − h*_μ d_μ ≥ 0.

The first term costs one matrix product for all units. In the second, a Gaussian or ReLU unit has e = d²/2 if it is
on and stays so, 0 if it stays off, and at most d²/2 between, which is the case for few. So all units have close
bounds, and the exact change, of cost O(M), is needed for those alone whose bounds do not decide.
"""

import numpy as np

from rbm_sim.machine.rbm import RBM
from rbm_sim.units import TwoValued


class Landscape:
    """Marginal energy E(v) = min_h E(v, h) around configurations, which its moves change.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : ndarray, shape (chains, N)
        Configurations, in the dtype of the weights; they are copied.

    Attributes
    ----------
    v, steps : ndarray, shape (chains, N)
        Present configurations, and by how much each unit changes when it moves.

    Raises
    ------
    ValueError
        If the visible units do not have two values.
    """

    def __init__(self, rbm: RBM, v: np.ndarray) -> None:
        visible = rbm.visible
        if not isinstance(visible, TwoValued):
            raise ValueError(f"rbm.visible is {type(visible).__name__}: must be Bernoulli or Spin units")
        self.matrix = rbm.matrix
        self.offset = rbm.hidden.offset
        self.hidden = rbm.hidden.centred()
        self.field = visible.g
        self.span = 1 - visible.low
        self.norms = self.matrix.norms()
        self.v = v.copy()
        self.steps = visible.flipped(self.v) - self.v
        # A strong hidden unit has Φ = N/2: differences of a single-precision Φ would be noise.
        self.y = np.empty((len(v), rbm.shape[1]))
        self.ground = np.empty_like(self.y)

    def refresh(self, chains: np.ndarray) -> None:
        """Compute the inputs from scratch, which removes the rounding that moves have left in them.

        Parameters
        ----------
        chains : ndarray of int
            Configurations.
        """
        self.y[chains] = self.matrix.forward(self.v[chains]) - self.offset
        self.ground[chains] = self.hidden.ground(self.y[chains])

    def gains(self, chains: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bounds of the gain E(v) − E(v with i moved) of moving each unit alone.

        Parameters
        ----------
        chains : ndarray of int
            Configurations.

        Returns
        -------
        low, high : ndarray, shape (chains, N)
            Bounds of the gain.
        tolerance : ndarray, shape (chains, N)
            Rounding error to expect of a gain, 4 eps times the size of the terms: below it, none counts.
        """
        y, step = self.y[chains].astype(self.v.dtype), self.steps[chains]
        h = self.hidden.mode(y)
        first = step * (self.matrix.backward(h) + self.field)
        scale = np.sqrt(self.norms) * np.linalg.norm(h, axis=-1, keepdims=True) + np.abs(self.field)
        tolerance = 4 * np.finfo(y.dtype).eps * self.span * (scale + self.span * self.norms)
        half = step * step / 2
        if not self.hidden.has_kink:
            low = high = first + half * self.matrix.squares(self.hidden.curvature(y[:1]))
        elif self.hidden.has_jump:
            low, high = first, np.full_like(first, np.inf)
        else:
            reach = self.span * self.matrix.largest()
            low = first + half * self.matrix.squares((y > reach).astype(y.dtype))
            high = first + half * self.matrix.squares((y >= -reach).astype(y.dtype))
        return low, high, tolerance

    def gain(self, chain: int, i: int) -> float:
        """Gain of moving one unit, exactly; `move` then takes the move.

        Parameters
        ----------
        chain, i : int
            Configuration and visible unit.

        Returns
        -------
        float
            E(v) − E(v with i moved), > 0 if the move lowers the energy.
        """
        step = self.steps[chain, i]
        index, w = self.matrix.row(i)
        y = self.y[chain, index] + step * w
        ground = self.hidden.ground(y)
        self._proposed = chain, i, index, y, ground
        return float((ground - self.ground[chain, index]).sum() + step * self.field[i])

    def move(self) -> None:
        """Take the move that `gain` was last asked about."""
        chain, i, index, y, ground = self._proposed
        self.v[chain, i] += self.steps[chain, i]
        self.steps[chain, i] *= -1
        self.y[chain, index] = y
        self.ground[chain, index] = ground
