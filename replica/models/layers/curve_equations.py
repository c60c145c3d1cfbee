"""The equations of a random RBM of any potentials, in coordinates in which one curve serves all loads.

At fixed T, p and L the noise s = √(αpr) and the self-field b = αB of the visible layer give q and C, these r and B of
the hidden layer (`replica.models.layers.saddle_equations`), so that α enters only through two of the equations. With
y = (m, ln s, ln b, ln α)

    F = (⟨W M_v⟩/aL − m,   ln(αp r) − 2 ln s,   ln(αB) − ln b) = 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base import Order
from replica.models.layers.saddle_equations import ORIGIN, TwoLayers
from replica.potentials.averages import natural_size

__all__ = ["LARGEST_EFFORT", "LayerEquations", "layer_equations"]

FAR_ABOVE_ONE = 5.0
LARGEST_EFFORT = 3e6
"""Weights that one average may cost."""


class LayerEquations(NamedTuple):
    """The equations F at R rows of couplings; m = 0 throughout where `frozen`."""

    layers: TwoLayers
    frozen: bool

    def rows(self, index: NDArray) -> LayerEquations:
        """Return the same equations at some rows."""
        return self._replace(layers=self.layers.rows(index))

    def within(self, effort: float) -> LayerEquations:
        """Return the same equations with averages that may cost so many weights."""
        return self._replace(layers=self.layers._replace(most=effort))

    def log_scale(self) -> tuple[NDArray, NDArray]:
        """Logarithms of a noise and a self-field that are natural to the units: 0 unless they are far above 1.

        A hidden unit is given inputs of the size of a visible one; its answers and its response, at α = 1, are these.
        """
        layers = self.within(math.inf).layers
        with np.errstate(all="ignore"):
            size = natural_size(layers.visible, layers.T) ** 2
            h = layers.hidden_layer(np.where(size > 0, size, 1 / layers.p), 0.0)
            scales = np.log(layers.p * h.r) / 2, np.log(h.B)
        far = [np.isfinite(v) & (v > math.log(FAR_ABOVE_ONE)) for v in scales]
        return np.where(far[0], scales[0], 0.0), np.where(far[1], scales[1], 0.0)

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F, shape (R, 3), its Jacobian by y = (m, ln s, ln b, ln α), shape (R, 3, 4), and the order parameters.

        All nan where averages would cost too much, far from where states are.
        """
        m, s, b, alpha = y[:, 0], np.exp(y[:, 1]), np.exp(y[:, 2]), np.exp(y[:, 3])
        v = self.layers.visible_layer(m, s, b)
        h = self.layers.hidden_layer(v.q, v.C)
        F = np.stack(
            [v.m - m, np.log(alpha * self.layers.p * h.r) - 2 * y[:, 1], np.log(alpha * h.B) - y[:, 2]], axis=-1
        )
        # by (m, ln s, ln b), those of r and B through q and C
        of_visible = v.slopes * np.stack([np.ones_like(s), s, b])
        of_hidden = (h.slopes[:, :, None] * of_visible[1:]).sum(axis=1)
        J = np.zeros((len(y), 3, 4))
        J[:, 0, :3] = of_visible[0].T
        J[:, 1, :3] = (of_hidden[0] / h.r).T
        J[:, 2, :3] = (of_hidden[1] / h.B).T
        J[:, :, :3] -= np.diag([1.0, 2.0, 1.0])
        J[:, 1:, 3] = 1
        if self.frozen:
            F[:, 0], J[:, 0], J[:, :, 0] = 0.0, 0.0, 0.0
            J[:, 0, 0] = 1
        return F, J, Order(m if self.frozen else v.m, v.q, h.r, v.C, h.B)


def layer_equations(layers: TwoLayers, frozen: bool) -> LayerEquations:
    """Equations of layers at rows of couplings, with m = 0 throughout or not."""
    law = ORIGIN if frozen else layers.law
    return LayerEquations(layers._replace(law=law, most=LARGEST_EFFORT), frozen)
