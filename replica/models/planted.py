"""Planted patterns: a student machine learns the pattern of a teacher machine, replica symmetric.

A teacher RBM with the pattern ξ* ∈ {±1}^N, one Gaussian hidden unit and inverse temperature β* < 1 draws M = γN
examples

    P(S | ξ*) ∝ exp{(β*/2N)(Σ_i ξ*_i S_i)²};

a student of inverse temperature β = 1/T samples patterns ξ from P(ξ | S) ∝ exp{(β/2N) Σ_a (Σ_i S^a_i ξ_i)²}: a Hopfield
model that stores the examples. With δ = β*/(1 − β*), m the overlap of ξ with ξ* and s = √(γr):

    h = γδm/(1 − C),   m = ∫Dz tanh β(h + sz),   q = ∫Dz tanh² β(h + sz),
    C = β(1 − q) < 1,   r = (q + δm²)/(1 − C)²

    f = γ/2 + (γ/2)[T ln(1−C) − (q − δm²)/(1−C)] + (γ/2) r C − T ∫Dz ln 2cosh β(h + sz)

On the Nishimori line, β = β*, the student has the law of the teacher and m = q. Derivation: docs/planted.md.

F. Alemanno, L. Camanzi, G. Manzan & D. Tantari, "Hopfield model with planted patterns: a teacher-student
self-supervised learning model" (2023).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from replica.averages.spin import SpinAverages, spin_averages, spin_entropy, spin_response_squared, spin_work
from replica.models.base import Chart, ExactState, Model, Order, control, exp_clipped, gain, log_margin
from replica.models.hopfield import glass_nodes, glass_point, paramagnet, spin_replicon, within_domain
from replica.numerics.elementary import log, sqrt
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["PlantedHopfield", "learning_load", "learning_threshold"]


@dataclasses.dataclass(frozen=True, eq=False)
class PlantedHopfield(Model):
    """Student of γN examples that a teacher machine has drawn: ±1 patterns, one Gaussian hidden unit.

    Parameters
    ----------
    gamma : float, array or mpmath number
        Examples per visible unit M/N, > 0.
    beta_teacher : float, array or mpmath number
        Inverse temperature β* of the teacher, 0 ≤ β* < 1: a disordered teacher. At β* > 1 every example is aligned
        with the pattern and gives it away, at any γ > 0.
    T : float, array or mpmath number
        Temperature 1/β of the student, ≥ 0; T = 0 is the limit T → 0.

    Notes
    -----
    "retrieval" is here the state that has learned, m > 0. For each β* and T it exists at all γ above one value,
    `learning_load`, where it leaves the glass or the paramagnet continuously. States in which the student remembers
    a single example, and nothing of the teacher, are the retrieval states of ``Hopfield(alpha=gamma, T=T)``.

    Examples
    --------
    >>> import replica
    >>> state = replica.solve(PlantedHopfield(gamma=1, beta_teacher=0.6, T=1 / 0.6))
    >>> round(state.order.m, 9), round(state.order.q, 9)
    (0.365738924, 0.365738924)
    """

    gamma: Number = control("γ", "examples per unit M/N", low=0.0, low_included=False, loss=-1)
    beta_teacher: Number = control(
        "β*", "inverse temperature of the teacher", low=0.0, high=1.0, high_included=False, loss=-1
    )
    T: Number = control("T", "temperature of the student", low=0.0, breaking=-1, default=0.0)

    name: ClassVar[str] = "planted-hopfield"
    title: ClassVar[str] = "Teacher and student: a Hopfield model that stores examples of a planted pattern, any T >= 0"
    load: ClassVar[str] = "gamma"

    @property
    def signal(self) -> Number:
        """δ = β*/(1 − β*): the teacher's examples have squared overlaps (ξ*·S)²/N of mean 1 + δ."""
        return self.beta_teacher / (1 - self.beta_teacher)

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations."""
        m, q, C = self._field_averages(order)
        amplified = gain(order, 1.0)
        r = (order.q + self.signal * order.m * order.m) * amplified * amplified
        return Order(m=m, q=q, r=r, C=C, B=amplified)

    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per spin, the constant γ/2 of the removed diagonal i ≠ j included as in the Hopfield model."""
        m, q, r, C, _ = order
        pair = self.T * log_margin(order, 1.0) - (q - self.signal * m * m) * gain(order, 1.0)
        return self.gamma / 2 * (1 + pair + r * C) - spin_work(*self._field(order), self.T)

    def gradient(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """∂f/∂(m, C, ln r) = (−γδB R_m, −½γ R_r − γδmB² R_m, −½γ r R_C), R = right-hand side − order parameter."""
        rhs = self.saddle(order, n)
        half, pull = self.gamma / 2, self.gamma * self.signal * gain(order, 1.0) * (order.m - rhs.m)
        return (
            pull,
            half * (order.r - rhs.r) + order.m * gain(order, 1.0) * pull,
            half * order.r * (order.C - rhs.C),
        )

    def entropy(self, order: Order, n: int = 1) -> Number:
        """Entropy −∂f/∂T per spin; at T = 0 it is −(γ/2)[ln(1−C) + C/(1−C)] < 0."""
        pairs = log_margin(order, 1.0) + order.C * gain(order, 1.0)
        return spin_entropy(*self._field(order), self.T) - self.gamma / 2 * pairs

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """Curvature of f along the overlap with an example, 1 − C; without a signal also along m, 1 − γδC/(1 − C)."""
        along_example = 1 - order.C
        if n:
            return (along_example,)
        return along_example, 1 - self.gamma * self.signal * order.C * gain(order, 1.0)

    def replicon(self, order: Order, n: int = 1) -> Number:
        """Replicon 1 − γ ⟨(β sech²)²⟩/(1−C)²; −inf at T = 0, where discrete spins break replica symmetry."""
        field = self._field(order)
        return spin_replicon(lambda T: spin_response_squared(*field, T), self.gamma, order.C, self.T)

    def residual(self, order: Order, n: int = 1) -> Number:
        """Largest residual; inf at C > 1, where a vanishing r solves the equations formally."""
        return within_domain(super().residual(order, n), order.C)

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at (m, C, ln r): q = 1 − T C, B = 1/(1−C)."""
        m, C, log_r = x
        return Order(m=m, q=1 - self.T * C, r=exp_clipped(log_r), C=C, B=1 / (1 - C))

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals in (m, C, ln r), with the averages m and q in the last.

        With them it is ∂f/∂C alone to first order, so that eliminating C and ln r by it leaves the curvature of f(m);
        and 1 − T C, which cancels near the onset, is not needed.
        """
        order = self.unpack(x)
        m, q, C = self._field_averages(order)
        log_r = log(q + self.signal * m * m) - 2 * log(1 - order.C)
        return [m - order.m, C - order.C, log_r - x[2]]

    def branches(self, n_condensed: tuple[int, ...] = (1,)) -> list[Chart | ExactState]:
        """Charts: learning in ln y, y = h/s; the glass in ln(s − s_min); and the paramagnet."""
        glass = Chart("spin_glass", 0, glass_nodes, glass_point, zero_noise=-1, folded=False)
        silent: list[Chart | ExactState] = [glass, ExactState("paramagnet", 0, paramagnet)]
        if 1 not in n_condensed:
            return silent
        return [Chart("retrieval", 1, _learning_nodes, _learning_point, folded=False), *silent]

    def _field(self, order: Order) -> tuple[Number, Number]:
        """Mean h = γδm/(1−C) and standard deviation √(γr) of the field on a spin."""
        return self.gamma * self.signal * order.m * gain(order, 1.0), sqrt(self.gamma * order.r)

    def _field_averages(self, order: Order) -> SpinAverages:
        return spin_averages(*self._field(order), self.T)


# The chart. With y = h/s given, γ can be eliminated from h = γδm/(1−C) and s² = γ(q + δm²)/(1−C)²:
#     1 − C = (y/s)(q/(δm) + m),
# one equation for s. C + (y/s)(q/(δm) + m) falls with s, from (1 + y²)/(β*T) to 0: there is one solution for every
# y² > β*T − 1, and γ is explicit. Along the chart γ grows from its least value to infinity. Both monotonicities are
# facts of the numbers, tested on a grid, not theorems.


def _learning_nodes(model: PlantedHopfield, lowest: float) -> NDArray:
    """Nodes in ½ ln(y² − y_min²), from the onset, where γ exceeds its least value by 1e-10, to γ ~ e^600."""
    return np.concatenate([np.arange(-12.0, 4.0, 0.25), np.geomspace(4.0, 300.0, 60)])


def _learning_point(model: PlantedHopfield, u: NDArray) -> tuple[NDArray, Order]:
    delta = np.asarray(model.signal, dtype=float)
    u, T, delta, teacher = np.broadcast_arrays(u, np.asarray(model.T, dtype=float), delta, model.beta_teacher)
    taught = delta > 0
    delta = np.where(taught, delta, 1.0)
    y = np.hypot(np.sqrt(np.maximum(teacher * T - 1, 0.0)), np.exp(u))
    s = _noise_at_ratio(y, T, delta)
    m, q, C = spin_averages(y * s, s, T)
    margin = y / s * (q / (delta * m) + m)
    size = q + delta * m * m
    load = 2 * np.log(s) + 2 * np.log(margin) - np.log(size)
    return np.where(taught, load, -np.inf), Order(m, q, size / margin**2, C, 1 / margin)


def _noise_at_ratio(y: NDArray, T: NDArray, delta: NDArray) -> NDArray:
    """Root s of C + (y/s)(q/(δm) + m) = 1 in the fields ys + sz."""
    flat_y, flat_T, flat_delta = y.ravel(), T.ravel(), delta.ravel()

    def excess(log_s: NDArray, i: NDArray) -> NDArray:
        s = np.exp(log_s)
        m, q, C = spin_averages(flat_y[i] * s, s, flat_T[i])
        return C + flat_y[i] / s * (q / (flat_delta[i] * m) + m) - 1

    every = np.arange(y.size)
    # the root at T = 0, from which that at T > 0 is not far
    m, _, contact = spin_averages(flat_y, np.ones(y.size), np.zeros(y.size))
    high = np.log(contact + flat_y * (1 / (flat_delta * m) + m)) + 0.1
    at_high = excess(high, every)
    while (at_high > 0).any():
        high = np.where(at_high > 0, high + 1, high)
        at_high = excess(high, every)
    low = high - 1.0
    at_low = excess(low, every)
    for _ in range(40):
        inside = at_low > 0
        if inside.all():
            break
        low = np.where(inside, low, low - 1.0)
        at_low = excess(low, every)
    return np.exp(find_roots(excess, low, high, at_low, at_high)).reshape(y.shape)


# Lines known in closed form.


def learning_threshold(gamma: float | NDArray, beta_teacher: float | NDArray | None = None) -> Number:
    """Inverse temperature of the student above which the paramagnet gives way to learning, m > 0.

    β = 1/(1 + γδ), δ = β*/(1 − β*), if β* > 1/(1 + √γ); a weaker teacher's examples freeze the student into a spin
    glass first, at β = 1/(1 + √γ). On the Nishimori line β = β* both lines meet in β = 1/(1 + √γ).

    Parameters
    ----------
    gamma : float or array
        Examples per visible unit, > 0.
    beta_teacher : float or array, optional
        Inverse temperature β* of the teacher, 0 ≤ β* < 1; by default that of the student (Nishimori line).

    Returns
    -------
    float or array
        The threshold; inf where the paramagnet goes over into a glass instead.

    Raises
    ------
    ValueError
        If a control is outside its domain.

    Notes
    -----
    The line of Alemanno, Camanzi, Manzan & Tantari (2023).

    Examples
    --------
    >>> learning_threshold(1.0), learning_threshold(1.0, 0.75), learning_threshold(1.0, 0.3)
    (0.5, 0.25, inf)
    """
    if beta_teacher is None:
        gamma = PlantedHopfield(gamma=gamma, beta_teacher=0.0).gamma
        return _plain(1 / (1 + np.sqrt(gamma)))
    model = PlantedHopfield(gamma=gamma, beta_teacher=beta_teacher)
    learns = model.gamma * model.signal**2 > 1
    return _plain(np.where(learns, 1 / (1 + model.gamma * model.signal), np.inf))


def learning_load(beta_teacher: float | NDArray, T: float | NDArray) -> Number:
    """Number of examples per unit γ above which the student's state has an overlap with the teacher's pattern.

    At β*T ≥ 1 it is (T − 1)/δ, the edge of the paramagnet. Below, the glass goes over into learning where γδ =
    (1 − C)/C, C of the glass: γδ² rises from 1 at β*T = 1 to π/2 at T = 0.

    Parameters
    ----------
    beta_teacher : float or array
        Inverse temperature β* of the teacher, 0 ≤ β* < 1.
    T : float or array
        Temperature of the student, ≥ 0.

    Returns
    -------
    float or array
        The least γ, of the common shape of the arguments; inf at β* = 0, where there is nothing to learn.

    Raises
    ------
    ValueError
        If a control is outside its domain.

    Notes
    -----
    Replica symmetric, and in the glass, whose replica symmetry is broken, not exact: see docs/planted.md. At γδ² < 1 no
    student learns, whatever its temperature.

    Examples
    --------
    >>> learning_load(0.5, 2.0), round(learning_load(0.5, 0.0), 12)
    (1.0, 1.570796326795)
    """
    model = PlantedHopfield(gamma=1.0, beta_teacher=beta_teacher, T=T)
    teacher, T = np.broadcast_arrays(np.asarray(model.beta_teacher, float), np.asarray(model.T, float))
    taught = teacher > 0
    delta = np.where(taught, teacher / (1 - teacher), 1.0)
    cold = taught & (teacher * T < 1)
    load = np.where(taught, (T - 1) / delta, np.inf)
    load[cold] = _onset_in_glass(delta[cold], T[cold])
    return _plain(load)


def _plain(x: Number) -> Number:
    """A number for an array without axes."""
    return float(x) if np.ndim(x) == 0 else x


def _onset_in_glass(delta: NDArray, T: NDArray) -> NDArray:
    """γ = (1 − C)/(δC) at the s for which C + q/(δCs²) = 1: the chart at y → 0, where m → Cys."""

    def excess(log_s: NDArray, i: NDArray) -> NDArray:
        s = np.exp(log_s)
        _, q, C = spin_averages(np.zeros(len(i)), s, T[i])
        return C + q / (delta[i] * C * s * s) - 1

    every = np.arange(len(T))
    low, high = np.full(len(T), -14.0), np.log(5 * (1 + 1 / delta) * (1 + T))
    s = np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every)))
    C = spin_averages(np.zeros(len(T)), s, T).C
    return (1 - C) / (delta * C)
