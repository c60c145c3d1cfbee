"""The equations of a random RBM of any potentials, in coordinates in which one curve serves all loads.

At fixed T, p and L the noise s = √(αpr) and the self-field b = αB of the visible layer give q and C, these r and B of
the hidden layer, so that α enters only through two of the equations. With y = (m, ln s, ln b, ln α)

    F = (⟨W M_v⟩/aL − m,   ln(αp r) − 2 ln s,   ln(αB) − ln b) = 0.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from replica.averages.pattern_sum import Law
from replica.models.base import Order
from replica.models.base.points import HasControls
from replica.potentials import Potential
from replica.potentials.field import field_averages

__all__ = ["LARGEST_EFFORT", "LayerEquations", "TwoLayers"]

FAR_ABOVE_ONE = 5.0
LARGEST_EFFORT = 3e6
"""Weights that one average may cost."""


class TwoLayers(HasControls, Protocol):
    """A model of two layers: potentials, temperature, load, p and L, the law of W and the stiffness a."""

    visible: Potential
    hidden: Potential
    alpha: Any
    T: Any
    p: Any
    L: Any

    @property
    def stiffness(self) -> Any:
        """The a of U_h ~ a h²/2 at infinity."""

    def law(self) -> Law:
        """Law of W."""


class LayerEquations:
    """The equations F at many rows of couplings; m = 0 throughout where `frozen`."""

    def __init__(self, model: TwoLayers, frozen: bool) -> None:
        """Take the couplings of a flat model, its loads left aside."""
        self.model, self.frozen, self.effort = model, frozen, LARGEST_EFFORT
        self.T, self.p, self.L = (np.asarray(v, dtype=float) for v in (model.T, model.p, model.L))
        self.answer = 1 / (self.L * np.asarray(model.stiffness, dtype=float))
        law = model.law()
        weight = np.broadcast_to(law.weight, (len(self.T), len(law.w)))
        occurs = (weight > 0).any(axis=0)
        self.w, self.weight = law.w[occurs], weight[:, occurs]
        if frozen:
            self.w, self.weight = np.zeros(1), np.ones((len(self.T), 1))

    def rows(self, index: NDArray) -> LayerEquations:
        """Return the same equations at some rows."""
        part = object.__new__(LayerEquations)
        part.model, part.frozen, part.w = self.model, self.frozen, self.w
        part.effort = self.effort
        part.T, part.p, part.L, part.weight = self.T[index], self.p[index], self.L[index], self.weight[index]
        part.answer = self.answer[index]
        return part

    def log_scale(self) -> tuple[NDArray, NDArray]:
        """Logarithms of a noise and a self-field that are natural to the units: 0 unless they are far above 1.

        A hidden unit is given inputs of the size of a visible one; its answers and its response, at α = 1, are these.
        """
        warm = np.where(self.T > 0, self.T, 1.0)
        with np.errstate(all="ignore"):
            law = self.model.visible.law(np.zeros_like(warm), np.zeros_like(warm), warm)
            size = np.sqrt(self.p * (law.mean**2 + self.model.visible.spread(np.zeros_like(warm), warm) ** 2))
            h = field_averages(self.model.hidden, 0.0, np.where(size > 0, size, 1.0), 0.0, warm)
            scales = np.log(self.p * h.Q) / 2, np.log(self.p * h.chi)
        far = [np.isfinite(v) & (v > math.log(FAR_ABOVE_ONE)) for v in scales]
        return np.where(far[0], scales[0], 0.0), np.where(far[1], scales[1], 0.0)

    def _affordable(self, unit: Potential, s: NDArray, c: NDArray) -> NDArray:
        """Return the noise, nan where an average over it costs too much."""
        warm = np.where(self.T > 0, self.T, 1.0)
        return np.where((unit.effort(s, c, warm) > self.effort) & (self.T > 0), np.nan, s)

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F, shape (R, 3), its Jacobian by y = (m, ln s, ln b, ln α), shape (R, 3, 4), and the order parameters.

        All nan where averages would cost more than `effort`, far from where states are.
        """
        m, s, b, alpha = y[:, 0], np.exp(y[:, 1]), np.exp(y[:, 2]), np.exp(y[:, 3])
        overlap, q, C, slopes = self._visible_layer(m, self._affordable(self.model.visible, s, b), b)
        r, B, by_r, by_B = self._hidden_layer(q, C, slopes[1], slopes[2])
        F = np.stack([overlap - m, np.log(alpha * self.p * r) - 2 * y[:, 1], np.log(alpha * B) - y[:, 2]], axis=-1)
        chain = np.stack([np.ones_like(s), s, b], axis=-1)
        J = np.zeros((len(y), 3, 4))
        J[:, 0, :3] = slopes[0] * chain
        J[:, 1, :3] = by_r * chain / r[:, None]
        J[:, 2, :3] = by_B * chain / B[:, None]
        J[:, :, :3] -= np.diag([1.0, 2.0, 1.0])
        J[:, 1:, 3] = 1
        if self.frozen:
            F[:, 0], J[:, 0], J[:, :, 0] = 0.0, 0.0, 0.0
            J[:, 0, 0] = 1
        return F, J, Order(overlap if not self.frozen else m, q, r, C, B)

    def _visible_layer(self, m: NDArray, s: NDArray, b: NDArray) -> tuple[NDArray, NDArray, NDArray, list[NDArray]]:
        """⟨W M_v⟩/aL, q and C, and their slopes by (m, s, b), each of shape (R, 3)."""
        v = field_averages(self.model.visible, m[:, None] * self.w, s[:, None], b[:, None], self.T[:, None])
        weight = np.where(self.weight > 0, self.weight, 0.0)
        moved = v.slopes * np.stack([self.w, np.ones_like(self.w), np.ones_like(self.w)])[None, :, None, :]

        def mean(values: NDArray) -> NDArray:
            return np.sum(weight * values, axis=-1)

        slopes = [
            mean(moved[0] * self.w).T * self.answer[:, None],
            mean(moved[1]).T,
            self.p[:, None] * mean(moved[2]).T,
        ]
        return mean(self.w * v.M) * self.answer, mean(v.Q), self.p * mean(v.chi), slopes

    def _hidden_layer(
        self, q: NDArray, C: NDArray, by_q: NDArray, by_C: NDArray
    ) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """r, B, and their slopes, those of q and C given."""
        t = self._affordable(self.model.hidden, np.sqrt(self.p * q), C)
        h = field_averages(self.model.hidden, np.zeros_like(t), t, C, self.T)
        by_t = by_q * (self.p / (2 * t))[:, None]
        by_r = h.slopes[1, 1][:, None] * by_t + h.slopes[1, 2][:, None] * by_C
        by_B = h.slopes[2, 1][:, None] * by_t + h.slopes[2, 2][:, None] * by_C
        return h.Q, self.p * h.chi, by_r, self.p[:, None] * by_B
