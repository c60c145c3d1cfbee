"""The spin glass of the R-RBM at one step of replica-symmetry breaking, T = 0.

States without overlap, m = 0, of the machine of `replica.models.ReluRBM`. With s0² = αpr0, s1² = α p(r1 − r0) and
D = 1 − C − μpΔ > 0, Δ = q1 − q0; overlines are averages over y in the law tilted by e^{−μE}, ⟨·⟩ those over z:

    q1 = ⟨on⟩,   q0 = ⟨on²⟩,   C = p⟨δ(field)⟩            visible units, field g + αB/2 + s0 z + s1 y
    r1 = ⟨h²⟩,   r0 = ⟨h̄²⟩,    B = p⟨h > 0⟩/(1 − C)       hidden units, input √(pq0) z + √(pΔ) y − θ
    ½αpμ²(r1−r0)Δ = α⟨ln Z_h − ½v(1−v)E_2⟩ − ⟨J⟩,   v = μpΔ/(1 − C)

    f = (α/2)[r1 C + B q1 + μp(r1 q1 − r0 q0)] − (1/μ)⟨ln Z_v⟩ − (α/μ)⟨ln Z_h⟩

p drops out: θ = θ̃√p, g = g̃p, r = r̃p, B = B̃p, f = f̃p and μ = μ̃/p leave the equations of p = 1, so that the glass of
`CompositionalRBM` is this one too. The rule max(0, x) = (x + |x|)/2 makes the visible unit a spin in a shifted field,
with the averages of `replica.averages.one_step_spin_cold`. Derivation: docs/replica_symmetry_breaking.md.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from replica.averages.one_step_relu import relu_averages, relu_tail
from replica.averages.one_step_spin_cold import one_step_averages
from replica.errors import ConvergenceError
from replica.models.base.points import numbers
from replica.models.relu_rbm import ReluRBM
from replica.numerics.elementary import exp, log, sqrt
from replica.numerics.homotopy import followed
from replica.numerics.number import Number

__all__ = ["RBMGlassStep", "relu_rbm_1rsb_activity", "relu_rbm_1rsb_glass"]


class RBMGlassStep(NamedTuple):
    """The glass at one step of replica-symmetry breaking."""

    q: float
    """Overlap q1 within a cluster of states: the fraction of active visible units."""
    r: float
    """Noise r1 within a cluster, the mean of h²."""
    C: float
    """Response of the visible units within a cluster."""
    B: float
    """Response of the hidden units within a cluster."""
    dq: float
    """Δ = q1 − q0, q0 the overlap between clusters."""
    dr: float
    """r1 − r0."""
    mu: float
    """Limit of βx, x the size of a cluster of replicas."""
    free_energy: float
    """Energy per visible unit."""
    silent: float
    """Fraction of hidden units with h = 0, 1 − B(1 − C)/p."""


def relu_rbm_1rsb_glass(alpha: float, theta: float, g: float, p: float) -> RBMGlassStep:
    """Spin glass of the R-RBM with 0/1 visible and ReLU hidden units at one step of symmetry breaking, T = 0.

    Parameters
    ----------
    alpha : float
        Load M/N, > 0.
    theta : float
        Threshold of the hidden units.
    g : float
        Field on the visible units.
    p : float
        Probability of a non-zero pattern entry, in (0, 1].

    Returns
    -------
    RBMGlassStep
        Order parameters, energy and fraction of silent units.

    Raises
    ------
    ConvergenceError
        If the state cannot be reached: the field is too negative for a glass, which ends in a fold, or so positive
        that Δ < 10⁻⁶ q1 and breaking is without consequence.
    ValueError
        If a parameter is not a finite number in its range.

    Notes
    -----
    One step of the free energy of J. Tubiana & R. Monasson, PRL 118, 138301 (2017), eq. (2).

    Examples
    --------
    >>> glass = relu_rbm_1rsb_glass(alpha=0.6, theta=0.3, g=-0.02, p=0.1)
    >>> round(glass.free_energy, 10), round(glass.silent, 6)
    (-0.0024710582, 0.908249)
    """
    controls = numbers(ReluRBM(alpha=alpha, theta=theta, g=g, p=p, L=1))
    alpha, theta, g, p = (controls[name] for name in ("alpha", "theta", "g", "p"))
    target = np.array([math.log(alpha), theta / math.sqrt(p), g / p])
    x = followed(_residuals, ORIGIN_STATE, ORIGIN, target)
    if x is None:
        here = f"alpha = {alpha:g}, theta = {theta:g}, g = {g:g}, p = {p:g}"
        raise ConvergenceError(f"no spin glass at one step at {here}")
    state = _state(x, target)
    # by parts: the mean of max(0, field), then ⟨ln Z_v⟩ = μ⟨max(0, field)⟩ − ½w²q1 − ⟨J⟩, q1, Δ and C as they come out
    # of the averages: so f is the functional itself, which is stationary, and rounding of the state does not enter
    q1, dq, C = state.visible
    contact = state.mu * dq + C
    size = state.field * q1 + alpha * (state.r0 * contact + state.dr * (contact + state.mu * (q1 - dq)))
    visible = size - alpha * state.dr * state.mu * q1 / 2 - state.work / state.mu
    pair = (state.r0 + state.dr) * state.C + state.B * state.q1
    pair += state.mu * (state.dr * state.q1 + state.r0 * state.dq)
    energy = alpha / 2 * pair - visible - alpha * state.log_z / state.mu
    return RBMGlassStep(
        q=float(state.q1),
        r=float(p * (state.r0 + state.dr)),
        C=float(state.C),
        B=float(p * state.B),
        dq=float(state.dq),
        dr=float(p * state.dr),
        mu=float(state.mu / p),
        free_energy=float(p * energy),
        silent=float(1 - state.B * (1 - state.C)),
    )


def relu_rbm_1rsb_activity(glass: RBMGlassStep, theta: float, p: float, h: ArrayLike) -> NDArray:
    """Fraction of hidden units with an activation above h, in the glass at one step.

    ⟨(1−v)^{−1/2} e^{v x²/(2(1−v))} Φ((x − (1−v)τ)/√(1−v))/Z_h⟩, x = (√(pq0) z − θ)/√(pΔ), τ = h(1 − C)/√(pΔ).

    Parameters
    ----------
    glass : RBMGlassStep
        State.
    theta, p : float
        Threshold and probability of a non-zero entry it was computed at.
    h : array_like
        Activations, ≥ 0.

    Returns
    -------
    ndarray
        Fractions between 0 and 1, of the shape of `h`.

    Raises
    ------
    ValueError
        If an activation is negative or not a number.

    Examples
    --------
    >>> glass = relu_rbm_1rsb_glass(alpha=0.6, theta=0.3, g=-0.02, p=0.1)
    >>> [round(float(f), 6) for f in relu_rbm_1rsb_activity(glass, 0.3, 0.1, [0, 1])]
    [0.091751, 0.010934]
    """
    above = np.asarray(h, dtype=float)
    if not np.all(above >= 0):
        raise ValueError(f"h = {h!r}: activations >= 0 are needed")
    spread = math.sqrt(p * glass.dq)
    v = glass.mu * p * glass.dq / (1 - glass.C)
    return relu_tail(theta / spread, math.sqrt(glass.q / glass.dq - 1), v, above * (1 - glass.C) / spread)


class _State(NamedTuple):
    """A point of the domain at p = 1, and by how much the equations fail there."""

    q1: Number
    q0: Number
    dq: Number
    C: Number
    mu: Number
    r0: Number
    dr: Number
    B: Number
    field: Number
    work: Number
    """⟨J⟩ of the visible units."""
    log_z: Number
    """⟨ln Z_h⟩."""
    visible: tuple[Number, Number, Number]
    """q1, Δ and C as averages of the visible layer."""
    residuals: list[Number]


def _state(x: Number, controls: NDArray) -> _State:
    """State at the logits of (q1, Δ/q1(1−q1), C, v), which are free: q0 lies between q1² and q1, v below 1."""
    load, threshold, g = math.exp(controls[0]), controls[1], controls[2]
    q1, share, C, v = (1 / (1 + exp(-a)) for a in x)
    dq = share * q1 * (1 - q1)
    q0, mu = q1 - dq, v * (1 - C) / dq
    hidden = relu_averages(threshold / sqrt(dq), sqrt(q0 / dq), v)
    scale = dq / (1 - C) ** 2
    r0, dr, B = scale * hidden.between, scale * (hidden.within - hidden.between), hidden.on / (1 - C)
    s0, s1 = sqrt(load * r0), sqrt(load * dr)
    w, field = mu * s1, g + load * B / 2
    spin = one_step_averages((field + w * s1 / 2) / s0, mu * s0 / 2, w / 2)
    residuals = [
        log((1 + spin.m) / (1 - spin.m)) - x[0],
        log(spin.dq / (4 * dq)),
        log(spin.contact / (2 * s1 * C)),
        log((load * hidden.work - spin.work) / (w * w * dq / 2)),
    ]
    visible = (1 + spin.m) / 2, spin.dq / 4, spin.contact / (2 * s1)
    return _State(q1, q0, dq, C, mu, r0, dr, B, field, spin.work, hidden.log_z, visible, residuals)


ORIGIN = (math.log(0.6), 0.3 / math.sqrt(0.1), -0.2)
"""Controls (ln α, θ̃, g̃) of a state known beforehand, that of the published simulations at θ = 0.3."""
ORIGIN_STATE = (-0.2175, -0.5191, 0.2495, 0.6453)
"""Its coordinates."""
SMALLEST_GAP = 1e-6
"""Δ/q1 below which the state is given up: the outer average would need 10⁵ nodes."""


def _residuals(x: Number, controls: NDArray) -> list[Number]:
    q1, share = (1 / (1 + exp(-a)) for a in np.real(x[:2]))
    return _state(x, controls).residuals if share * (1 - q1) > SMALLEST_GAP else [math.nan] * 4
