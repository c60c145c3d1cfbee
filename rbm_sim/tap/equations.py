"""The equations of Plefka (Thouless, Anderson and Palmer) for one machine, and the ln Z that they make stationary.

With a, c the mean and variance of each unit, B and A the field and the quadratic term in which it sits (law and
cumulant function φ: `rbm_sim.units.tilted`), k its third cumulant, and sums over both layers where it says Σ_x,

    ln Z ≈ Σ_x [φ(B, A) − {B a − A (a² + c)/2}/T] + Σ w a a/T  (+ ½ Σ w² c c/T²)  (+ (1/6) Σ w³ k k/T³)

is stationary in all a, c, B and A where a, c are the first two cumulants of the law in

    A_i = −Σ_μ w_iμ² c_μ/T,   B_i = Σ_μ w_iμ a_μ + a_i A_i  (+ k′(a_i) Σ_μ w_iμ³ k_μ/6T²).

First order is mean field, A = 0. Without triangles in the graph third order is this one term; it is for units of two
values, whose c and k are functions of a.

References
----------
T. Plefka, J. Phys. A 15, 1971 (1982); A. Georges and J. S. Yedidia, J. Phys. A 24, 2173 (1991).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.weights import Weights, stored
from rbm_sim.partition.configurations import double
from rbm_sim.units import Potts, TwoValued, Unit
from rbm_sim.units.tilted import TiltedLaw, softest, tilted

ROOT_STEPS = 60
"""Steps of Newton's method, or halvings, for the mean of a unit that reacts to itself."""
SETTLED = 1e-8
"""Relative step of Newton's method, which converges quadratically, after which it is at rounding."""
POWER_STEPS = 200
"""Steps of the power iteration for the replicon."""
DIGITS = 1e-12
"""Relative change at which the power iteration ends."""


class Means(NamedTuple):
    """Means and variances of a layer, of many starts.

    Attributes
    ----------
    mean, variance : ndarray, shape (..., units)
        a and c.
    """

    mean: np.ndarray
    variance: np.ndarray


class Surroundings(NamedTuple):
    """What a layer feels of the other one: Σ w a, A, and Σ w³ k/6T²."""

    inputs: np.ndarray
    A: np.ndarray
    third: np.ndarray | None


class Layer(NamedTuple):
    """One of the layers, and how the other one acts on it."""

    unit: Unit
    inputs: Callable[[np.ndarray], np.ndarray]
    squares: Callable[[np.ndarray], np.ndarray]
    cubes: Callable[[np.ndarray], np.ndarray] | None
    softest: Any

    def law(self, a: np.ndarray, around: Surroundings, T: float) -> tuple[np.ndarray, TiltedLaw]:
        """Field of a layer with the means `a`, and its law."""
        B = around.inputs + a * around.A
        if around.third is not None:
            B = B + third_slope(self.unit, a) * around.third
        return B, tilted(self.unit, B, around.A, T)

    def settled(self, around: Surroundings, guess: np.ndarray, T: float) -> Means:
        """Means that agree with the field in which they take part, B = I + a(B) A + k′(a(B)) Σ w³ k/6T².

        With A ≤ 0 and without the last term the left side rises and the right side falls: there is one root.
        """
        if around.third is None and not around.A.any():
            return Means(*tilted(self.unit, around.inputs, around.A, T)[1:])
        low, high = self._bracket(around, T)
        B = np.clip(around.inputs + guess * around.A, low, high)
        for _ in range(ROOT_STEPS):
            law = tilted(self.unit, B, around.A, T)
            excess, slope = B - around.inputs - around.A * law.mean, 1 - around.A * law.variance / T
            if around.third is not None:
                excess = excess - third_slope(self.unit, law.mean) * around.third
                slope = slope + 6 * variance_slope(self.unit, law.mean) * around.third * law.variance / T
            low, high = np.where(excess <= 0, B, low), np.where(excess >= 0, B, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = B - excess / slope
            done = np.abs(step - B) <= SETTLED * (1 + np.abs(around.inputs) + np.abs(B))
            B = np.where(done | (step > low) & (step < high), step, (low + high) / 2)
            if done.all():
                break
        return Means(*tilted(self.unit, B, around.A, T)[1:])

    def _bracket(self, around: Surroundings, T: float) -> tuple[np.ndarray, np.ndarray]:
        """Fields between which there is a root."""
        I, A, third = around
        if third is None:
            ends = np.stack([I, I + A * tilted(self.unit, I, A, T).mean])
        else:
            # −½ and 1 are the extremes of k′ of units whose values differ by 1
            values, shares = np.array([self.unit.low, 1.0]), (1 - self.unit.low) ** 2 * np.array([-0.5, 1.0])  # type: ignore[attr-defined]
            ends = np.stack([I + x * A + y * third for x in values for y in shares])
        return ends.min(axis=0), ends.max(axis=0)


def variance_slope(unit: Unit, a: np.ndarray) -> np.ndarray:
    """dc/da of a unit of two values, c = (1 − a)(a − low)."""
    return 1 + unit.low - 2 * a  # type: ignore[attr-defined]


def third_cumulant(unit: Unit, a: np.ndarray) -> np.ndarray:
    """k = c dc/da of a unit of two values."""
    return (1 - a) * (a - unit.low) * variance_slope(unit, a)  # type: ignore[attr-defined]


def third_slope(unit: Unit, a: np.ndarray) -> np.ndarray:
    """dk/da = (dc/da)² − 2c of a unit of two values."""
    return variance_slope(unit, a) ** 2 - 2 * (1 - a) * (a - unit.low)  # type: ignore[attr-defined]


class Equations:
    """The equations of a machine, at one order and temperature.

    Parameters
    ----------
    rbm : RBM
        The machine; all is computed in double precision.
    order : int
        1 (mean field), 2, or 3 for units of two values.
    T : float
        Temperature, > 0.

    Raises
    ------
    ValueError
        If there are Potts units, or the third order is asked of units of more than two values.
    """

    def __init__(self, rbm: RBM, order: int, T: float) -> None:
        for unit in (rbm.visible, rbm.hidden):
            if isinstance(unit, Potts):
                raise ValueError(
                    "rbm has Potts units, whose entries vary together: these equations are for single numbers"
                )
        self.order, self.T = order, T
        self.rbm = rbm if rbm.dtype == np.float64 else double(rbm)
        units = (self.rbm.visible, self.rbm.hidden)
        cubes: Weights | None = None
        if order > 2:
            other = [type(unit).__name__ for unit in units if not isinstance(unit, TwoValued)]
            if other:
                raise ValueError(f"order = {order}: {other[0]} units have orders 1 and 2, the third is for two values")
            cubes = stored(self.rbm.weights**3)
        w = self.rbm.matrix
        third_v, third_h = (None, None) if cubes is None else (cubes.backward, cubes.forward)
        self.visible = Layer(units[0], w.backward, w.squares, third_v, softest(units[0], T))
        self.hidden = Layer(units[1], w.forward, w.squares_forward, third_h, softest(units[1], T))

    def around(self, layer: Layer, other: Means) -> Surroundings:
        """What a layer feels of the other one."""
        I = layer.inputs(other.mean)
        A = -layer.squares(other.variance) / self.T if self.order > 1 else np.zeros_like(I)
        if layer.cubes is None:
            return Surroundings(I, A, None)
        k = third_cumulant(self._opposite(layer).unit, other.mean)
        return Surroundings(I, A, layer.cubes(k) / (6 * self.T**2))

    def answer(self, layer: Layer, other: Means, guess: np.ndarray) -> Means:
        """Means and variances of a layer, given those of the other one."""
        return layer.settled(self.around(layer, other), guess, self.T)

    def allows(self, layer: Layer, other: Means, margin: float = 0.0) -> np.ndarray:
        """Whether a layer has a law beside the other one, and this part of its stiffness left, for each start."""
        if self.order < 2 or np.isposinf(layer.softest).all():
            return np.ones(len(other.mean), dtype=bool)
        A = -layer.squares(other.variance) / self.T
        return np.all(A > (margin - 1) * np.asarray(layer.softest), axis=-1)

    def log_partition(self, v: Means, h: Means) -> np.ndarray:
        """The functional of the head of this file, at means and variances of both layers."""
        T, total = self.T, np.zeros(v.mean.shape[:-1])
        for layer, own, other in ((self.visible, v, h), (self.hidden, h, v)):
            around = self.around(layer, other)
            B, law = layer.law(own.mean, around, T)
            squares = around.A * (own.mean**2 + own.variance) / 2
            total = total + (law.log_partition - (B * own.mean - squares) / T).sum(axis=-1)
            # each sum over pairs is met twice
            total = total + (own.mean * around.inputs - own.variance * around.A / 2).sum(axis=-1) / (2 * T)
            if around.third is not None:
                total = total + (third_cumulant(layer.unit, own.mean) * around.third).sum(axis=-1) / (2 * T)
        return total

    def residual(self, v: Means, h: Means) -> np.ndarray:
        """Largest difference of means and variances and what their equations say, relative above 1, of each start."""
        worst = np.zeros(v.mean.shape[:-1])
        for layer, own, other in ((self.visible, v, h), (self.hidden, h, v)):
            _, law = layer.law(own.mean, self.around(layer, other), self.T)
            worst = np.maximum(worst, change(own, Means(law.mean, law.variance)))
        return worst

    def replicon(self, v: Means, h: Means) -> float:
        """1 − λ, λ the growth per sweep of the variance of small perturbations whose entries are independent.

        λ is the largest eigenvalue of (w²)ᵀ χ_v² w² χ_h², χ = c/T; for random weights it is αp²⟨χ_v²⟩⟨χ_h²⟩.
        """
        root_v, root_h = v.variance / self.T, h.variance / self.T
        x, growth = np.ones_like(root_h) / np.sqrt(root_h.size), 0.0
        for _ in range(POWER_STEPS):
            y = root_v * self.visible.squares(root_h * x)
            x, old, growth = root_h * self.hidden.squares(root_v * y), growth, float(y @ y)
            size = float(np.sqrt(x @ x))
            if not size or abs(growth - old) <= DIGITS * growth:
                break
            x = x / size
        return 1 - growth

    def _opposite(self, layer: Layer) -> Layer:
        return self.hidden if layer is self.visible else self.visible


def change(old: Means, new: Means) -> np.ndarray:
    """Largest change of means and variances, relative above 1, of each start."""
    worst = [np.max(np.abs(b - a) / (1 + np.abs(a)), axis=-1, initial=0.0) for a, b in zip(old, new, strict=True)]
    return np.maximum(*worst)
