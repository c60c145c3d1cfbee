"""The Hopfield model at one step of replica-symmetry breaking above zero temperature.

With q1 and q0 the overlaps within a cluster of x replicas and between two, μ = βx, Δ = q1 − q0, C = β(1 − q1),
D = 1 − C − μΔ > 0, v = μΔ/(1 − C), and the averages of `replica.averages.one_step_spin` at s0² = αr0, s1² = α(r1 − r0):

    m = ⟨t̄⟩,   q1 = ⟨mean of t²⟩,   q0 = ⟨t̄²⟩,   r0 = q0/D²,   r1 − r0 = Δ/((1−C)D),   −(α/2)[ln(1−v) + v/(1−v)] = ⟨J⟩

    f = α/2 + m²/2 + (α/2)[T ln(1−C) + (1/μ) ln(1−v) − q0/D + r1 C + μ(r1 q1 − r0 q0)]
        − (1/μ)⟨ln ∫Dy (2cosh β(field))^x⟩
    S = −(α/2)[ln(1−C) + C/(1−C)] + ⟨entropy of the spin⟩

In the variables C and μ nothing is singular as T → 0, and T = 0 is `Hopfield1RSB`, from where states are followed.
These are functions and no model: the curves that its charts are made of would have to be found anew at each T.
Derivation: docs/replica_symmetry_breaking.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.one_step_spin import OneStepSpin, one_step_spin
from replica.averages.one_step_spin_cold import deficit
from replica.errors import ConvergenceError
from replica.models.base import Model
from replica.models.base.points import numbers
from replica.models.hopfield import Hopfield
from replica.models.hopfield_1rsb import Hopfield1RSB, OneStepOrder
from replica.numerics.elementary import COMPLEX_STEP, exp, log, log1p, sqrt
from replica.numerics.homotopy import followed, root_near
from replica.numerics.number import Number
from replica.saddle.solution import Solution

__all__ = ["HopfieldStep", "hopfield_1rsb", "hopfield_1rsb_capacity"]


class HopfieldStep(NamedTuple):
    """A state at one step of replica-symmetry breaking."""

    alpha: float
    T: float
    order: OneStepOrder
    """Order parameters, those of `Hopfield1RSB`; q = 1 − TC."""
    x: float
    """Size of a cluster of replicas, μT."""
    free_energy: float
    entropy: float


STARTS = ("retrieval", "spin_glass")


def hopfield_1rsb(alpha: float, T: float, start: str = "retrieval") -> HopfieldStep:
    """State of the Hopfield model at one step of replica-symmetry breaking, at any temperature below its AT line.

    Parameters
    ----------
    alpha : float
        Load M/N, ≥ 0.002.
    T : float
        Temperature, ≥ 0: below T_R for retrieval, below T_g = 1 + √α for the glass.
    start : str
        "retrieval", the stable state of that kind, or "spin_glass".

    Returns
    -------
    HopfieldStep
        Order parameters, x, and free energy and entropy per spin.

    Raises
    ------
    ConvergenceError
        If there is no such state at T = 0, if the state is replica symmetric at T, or if it ends before T.
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> glass = hopfield_1rsb(alpha=0.1, T=0.3, start="spin_glass")
    >>> round(glass.order.q, 9), round(glass.x, 9), round(glass.free_energy, 9)
    (0.802946627, 0.064730161, -0.574899594)
    """
    if start not in STARTS:
        raise ValueError(f"start = {start!r}: {' or '.join(map(repr, STARTS))} is needed")
    model = Hopfield(alpha=alpha, T=T)
    alpha, T = numbers(model).values()
    _check_broken(model, start)
    cold: Any = _solved(Hopfield1RSB(alpha=alpha), start).order
    known = [cold.m] if start == "retrieval" else []

    def residuals(x: Number, controls: NDArray) -> list[Number]:
        return _residuals(x, alpha, controls[0])

    x = followed(residuals, [*known, *_logits(cold)], [0.0], [T])
    if x is None:
        raise ConvergenceError(f"the {start} state at one step ends before T = {T:g} at alpha = {alpha:g}")
    return _state(x, alpha, T)


def hopfield_1rsb_capacity(T: float) -> HopfieldStep:
    """Largest load at which there is retrieval at one step of replica-symmetry breaking.

    Parameters
    ----------
    T : float
        Temperature, ≥ 0; above 0.02507 the retrieval state is replica symmetric up to its capacity.

    Returns
    -------
    HopfieldStep
        The state at the fold, its load `alpha` the capacity.

    Raises
    ------
    ConvergenceError
        If replica symmetry is unbroken at the capacity: it is then that of `Hopfield`.
    ValueError
        If T is not a number ≥ 0.

    Examples
    --------
    >>> round(hopfield_1rsb_capacity(0.01).alpha, 10)
    0.1381967479
    """
    from scipy.optimize import root_scalar

    from replica.critical import spinodal

    T = numbers(Hopfield(alpha=0.1, T=T))["T"]
    cold = spinodal(Hopfield1RSB(alpha=0.13), along="alpha")
    order: Any = cold.order
    known = float(np.log(order.m / np.sqrt(cold.value * order.r0)))
    start = followed(_at_ratio, [*_logits(order), float(np.log(cold.value))], [known, 0.0], [known, T])

    def at(ratio: float) -> NDArray:
        x = None if start is None else root_near(_at_ratio, start, np.array([ratio, T]))
        if x is None:
            raise ConvergenceError(f"T = {T:g}: retrieval at the capacity is replica symmetric there, see Hopfield")
        return x

    ratio = float(root_scalar(lambda a: _load_slope(at(a), a, T), x0=known, x1=known + 1e-3, xtol=1e-10).root)
    x = at(ratio)
    return _state(np.array([_overlap(x, ratio, T), *x[:3]]), float(np.exp(x[3])), T)


def _solved(model: Model, start: str) -> Solution:
    from replica.saddle.solver import solve

    return solve(model, start=start)


def _check_broken(model: Hopfield, start: str) -> None:
    """Refuse temperatures at which the symmetric state is stable, or the glass is gone."""
    try:
        symmetric = _solved(model, start)
    except ConvergenceError:
        if start == "spin_glass":
            raise
        return
    if symmetric.replicon >= 0:
        raise ConvergenceError(f"T = {float(model.T):g}: the {start} state is replica symmetric there, see Hopfield")


# Unknowns: m (not in the glass), and the logits of C (of TC above T = 1), Δ/q1 and v: all values are in the domain.


def _logits(order: OneStepOrder) -> list[float]:
    """Logits of a state at T = 0."""
    shares = (order.C, order.dq / order.q, order.mu * order.dq / (1 - order.C))
    return [float(np.log(v / (1 - v))) for v in shares]


def _order(x: Number, T: float) -> OneStepOrder:
    m: Number = x[0] if len(x) == 4 else 0.0
    C, share, v = (1 / (1 + exp(-a)) for a in x[-3:])
    C = C / max(1.0, T)
    q = 1 - T * C
    dq, D = share * q, (1 - C) * (1 - v)
    r0, dr = (q - dq) / (D * D), dq / ((1 - C) * D)
    return OneStepOrder(m, q, r0 + dr, C, 1 / (1 - C), dq, dr, v * (1 - C) / dq)


def _averages(order: OneStepOrder, alpha: Number, T: float) -> OneStepSpin:
    s0, s1 = sqrt(alpha * order.r0), sqrt(alpha * order.dr)
    return one_step_spin(order.m / s0, order.mu * s0, order.mu * s1, order.mu * T)


def _residuals(x: Number, alpha: Number, T: float) -> list[Number]:
    """Residuals, relative but for m: ratios, which the symmetric state does not solve."""
    order = _order(x, T)
    spin = _averages(order, alpha, T)
    v = order.mu * order.dq / (1 - order.C)
    own = [spin.m - order.m] if len(x) == 4 else []
    ratios = (order.mu * spin.response / order.C, spin.dq / order.dq, -spin.work / (alpha / 2 * v * v * deficit(v)))
    return [*own, *(log(ratio) for ratio in ratios)]


def _state(x: Number, alpha: float, T: float) -> HopfieldStep:
    order = _order(x, T)
    spin = _averages(order, alpha, T)
    m, q, r, C, _, dq, dr, mu = order
    r0, D = r - dr, 1 - C - mu * dq
    # by parts: the mean of field·tanh; with T·entropy and less K/μ it is the last term of f
    size = m * m + alpha * (r0 * (mu * dq + C) + dr * (mu * q + C))
    site = size + T * spin.entropy - spin.work / mu - alpha * mu * dr * q / 2
    pair = T * log1p(-C) + log1p(-mu * dq / (1 - C)) / mu - (q - dq) / D + r * C + mu * (dr * q + r0 * dq)
    entropy = spin.entropy - alpha / 2 * (log1p(-C) + C / (1 - C))
    energy = alpha / 2 + m * m / 2 + alpha / 2 * pair - site
    return HopfieldStep(alpha, T, OneStepOrder(*map(float, order)), *map(float, (mu * T, energy, entropy)))


# The same at a given y = m/s0, with the load as unknown: single-valued round the fold.


def _overlap(x: Number, ratio: Number, T: float) -> Number:
    return exp(ratio) * sqrt(exp(x[3]) * _order(x[:3], T).r0)


def _at_ratio(x: Number, controls: Number) -> list[Number]:
    """Residuals at ln y and T; the unknowns are the three logits and ln α."""
    ratio, T = controls[0], float(np.real(controls[1]))
    return _residuals([_overlap(x, ratio, T), *x[:3]], exp(x[3]), T)


def _load_slope(x: NDArray, ratio: float, T: float) -> float:
    """Slope d ln α/d ln y along the branch, by the implicit function theorem."""
    jacobian = np.imag([_at_ratio(x + 1j * COMPLEX_STEP * shift, (ratio, T)) for shift in np.eye(4)]).T
    by_ratio = np.imag(_at_ratio(x, (ratio + 1j * COMPLEX_STEP, T)))
    return float(-np.linalg.solve(jacobian, by_ratio)[3])
