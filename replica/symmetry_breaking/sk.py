"""The Sherrington–Kirkpatrick model: symmetric and with one step of symmetry breaking, at any temperature.

    H = −Σ_{i<j} J_ij S_i S_j − h Σ_i S_i,    J_ij Gaussian of variance 1/N.

It has no patterns, so no load α and no overlap m, which the models of `replica.models` and their charts turn on:
four functions say all. The Hopfield model tends to it as α → ∞, with energies in units of √α.

D. Sherrington & S. Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); G. Parisi, J. Phys. A 13, L115 (1980).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.averages.one_step_spin import OneStepSpin, one_step_spin
from replica.averages.one_step_spin_cold import OneStepAverages, one_step_averages
from replica.averages.spin import spin_averages, spin_entropy, spin_response_squared, spin_work
from replica.errors import ConvergenceError
from replica.numerics.elementary import exp, log, sqrt
from replica.numerics.homotopy import followed
from replica.numerics.number import Number
from replica.numerics.rootfinding import find_roots

__all__ = ["SKState", "SKStep", "SKThermalStep", "sk_1rsb", "sk_1rsb_ground_energy", "sk_at_temperature", "sk_rs"]


class SKState(NamedTuple):
    """A replica-symmetric state."""

    q: float
    """Overlap ∫Dz tanh² β(h + √q z)."""
    C: float
    """Response β(1 − q)."""
    free_energy: float
    entropy: float
    replicon: float
    """1 − ⟨(β sech²)²⟩, > 0 where replica symmetry is stable; −inf at T = 0."""


class SKStep(NamedTuple):
    """The ground state at one step of replica-symmetry breaking."""

    energy: float
    q0: float
    """Overlap between clusters of states."""
    mu: float
    """Limit of βx, x the size of a cluster of replicas."""


class SKThermalStep(NamedTuple):
    """A state in zero field at one step of replica-symmetry breaking and any temperature."""

    q: float
    """Overlap q1 within a cluster of states."""
    dq: float
    """Δ = q1 − q0, q0 the overlap between clusters."""
    mu: float
    """βx."""
    x: float
    """Size of a cluster of replicas."""
    free_energy: float
    entropy: float


def sk_rs(T: float, h: float = 0.0) -> SKState:
    """Replica-symmetric state: q = ∫Dz tanh² β(h + √q z).

    f = −(β/4)(1 − q)² − T ∫Dz ln 2cosh β(h + √q z), S = −C²/4 + ∫Dz (ln 2cosh u − u tanh u), u = β(h + √q z).

    Parameters
    ----------
    T : float
        Temperature, ≥ 0; T = 0 is the limit T → 0.
    h : float
        Field.

    Returns
    -------
    SKState
        The state with q > 0 if there is one, else q = 0 (h = 0, T ≥ 1).

    Raises
    ------
    ValueError
        If T is negative, or one of the two is not a finite number.

    Examples
    --------
    >>> round(sk_rs(0.5).q, 12)
    0.530368392051
    """
    T, h = _number("T", T), abs(_number("h", h))
    if T < 0:
        raise ValueError(f"T = {T}: a finite number >= 0 is needed")
    s = 0.0 if h == 0 and T >= 1 else _noise(T, h)
    site = spin_averages(h, s, T)
    C = float(site.C)
    squared = math.inf if T == 0 else float(spin_response_squared(h, s, T))
    energy = -T * C * C / 4 - float(spin_work(h, s, T))
    return SKState(s * s, C, energy, float(spin_entropy(h, s, T)) - C * C / 4, 1 - squared)


def sk_at_temperature(h: float) -> float:
    """Temperature of the AT line in a field, T² = ∫Dz sech⁴ β(h + √q z); 1 for h = 0.

    Parameters
    ----------
    h : float
        Field.

    Returns
    -------
    float
        Temperature below which replica symmetry is broken.

    Raises
    ------
    ValueError
        If h is not a number between −30 and 30, where T is 1e-196.

    Notes
    -----
    J. R. L. de Almeida & D. J. Thouless, J. Phys. A 11, 983 (1978).

    Examples
    --------
    >>> round(sk_at_temperature(0.5), 10)
    0.5351049431
    """
    h = abs(_number("h", h))
    if h > LARGEST_FIELD:
        raise ValueError(f"h = {h}: a number between −{LARGEST_FIELD:g} and {LARGEST_FIELD:g} is needed")
    if h == 0:
        return 1.0

    def excess(log_T: NDArray, index: NDArray) -> NDArray:
        T = np.exp(log_T)
        s = np.array([_noise(float(v), h) for v in T])
        return np.log(spin_response_squared(np.full(len(T), h), s, T))

    low, high = np.array([-2.0 - h * h / 2]), np.array([0.0])
    every = np.arange(1)
    return float(np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every)))[0])


LARGEST_FIELD = 30.0


def sk_1rsb_ground_energy() -> SKStep:
    """Ground state in zero field at one step of replica-symmetry breaking.

    E = (μ/4)(1 − q0²) − (1/μ) ∫Dz ln ∫Dy e^{μ|√q0 z + √(1−q0) y|}, stationary in q0 and μ:

        q0 = ⟨t²⟩,   −(μ²/4)(1 − q0)² = ⟨J⟩,

    with t and J of `replica.averages.one_step_spin_cold`.

    Returns
    -------
    SKStep
        Energy −0.7652594, above −√(2/π) of the symmetric solution and below −0.7631668 of the exact one, q0 and μ.

    Examples
    --------
    >>> round(sk_1rsb_ground_energy().energy, 6)
    -0.765259
    """
    x = np.log([0.5, 1.3])
    for _ in range(30):
        step = np.linalg.solve(
            np.array([_step_residuals(x, j).imag / 1e-30 for j in (0, 1)]).T, _step_residuals(x).real
        )
        x = x - step
        if np.abs(step).max() < 1e-15:
            break
    dq, mu = np.exp(x)
    averages = _step_averages(dq, mu)
    # (1/μ)⟨ln Z⟩ = ⟨|H|⟩ − ⟨K⟩/μ, the field's mean size from its two responses
    size = (1 - dq) * mu * averages.dq + dq * mu + averages.contact * mu / (mu * math.sqrt(dq))
    energy = mu / 4 * dq * (2 - dq) - size + averages.work / mu + mu * dq / 2
    return SKStep(float(energy), float(1 - dq), float(mu))


def _step_averages(dq: NDArray, mu: NDArray) -> OneStepAverages:
    return one_step_averages(0.0, mu * np.sqrt(1 - dq), mu * np.sqrt(dq))


def _step_residuals(x: NDArray, j: int | None = None) -> NDArray:
    """Residuals in (ln Δ, ln μ), Δ = 1 − q0, relative; with j a complex step in that unknown."""
    dq, mu = np.exp(x if j is None else x + 1e-30j * (np.arange(2) == j))
    averages = _step_averages(dq, mu)
    return np.array([np.log(averages.dq / dq), np.log(-4 * averages.work / (mu * dq) ** 2)], dtype=complex)


def sk_1rsb(T: float) -> SKThermalStep:
    """State in zero field at one step of replica-symmetry breaking and any temperature.

    f = −¼TC² + ¼μ(q1² − q0²) − (1/μ) ∫Dz ln ∫Dy (2cosh β(√q0 z + √Δ y))^x, C = β(1 − q1) and μ = βx, is stationary:

        C = μ⟨mean of sech²⟩/x,   Δ = ⟨variance of tanh⟩,   −¼μ²Δ² = ⟨J⟩,

    with the averages of `replica.averages.one_step_spin`; S = −¼C² + ⟨entropy of the spin⟩. Solved from T = 0 upwards.

    Parameters
    ----------
    T : float
        Temperature, 0 ≤ T < 1.

    Returns
    -------
    SKThermalStep
        q1, Δ, μ, x, and free energy and entropy per spin.

    Raises
    ------
    ConvergenceError
        If T is so close to 1, above 0.99, that Δ is not resolved.
    ValueError
        If T is not a number in [0, 1): replica symmetry holds from T = 1 on.

    Notes
    -----
    Close to T = 1, with τ = 1 − T: q1 = τ, q0 = τ/3, x = 4τ/3 (G. Parisi, J. Phys. A 13, L115 (1980)).

    Examples
    --------
    >>> step = sk_1rsb(0.5)
    >>> round(step.free_energy, 9), round(step.x, 9)
    (-0.791208842, 0.281842645)
    """
    T = _number("T", T)
    if not 0 <= T < 1:
        raise ValueError(f"T = {T:g}: a number >= 0 and < 1 is needed")
    ground = sk_1rsb_ground_energy()
    contact = one_step_spin(0.0, ground.mu * math.sqrt(ground.q0), ground.mu * math.sqrt(1 - ground.q0), 0.0).response
    known = [math.log(ground.mu * contact), math.log((1 - ground.q0) / ground.q0), math.log(ground.mu)]
    x = followed(_thermal_residuals, known, [0.0], [T])
    if x is None:
        raise ConvergenceError(f"T = {T:g}: too close to 1, where the overlaps vanish")
    C, q, dq, mu, spin = _thermal_state(x, T)
    # by parts: the mean of field·tanh; with T·entropy and less K/μ it is the last term of f
    size = (q - dq) * (mu * dq + C) + dq * (mu * q + C)
    site = size + T * spin.entropy - spin.work / mu - mu * dq * q / 2
    energy = -T * C * C / 4 + mu / 4 * dq * (2 * q - dq) - site
    return SKThermalStep(*map(float, (q, dq, mu, mu * T, energy, spin.entropy - C * C / 4)))


def _thermal_state(x: Number, T: float) -> tuple[Number, Number, Number, Number, OneStepSpin]:
    """C, q1, Δ, μ at (ln C, logit of Δ/q1, ln μ), and the averages there."""
    C, mu = exp(x[0]), exp(x[2])
    q = 1 - T * C
    dq = q / (1 + exp(-x[1]))
    return C, q, dq, mu, one_step_spin(0.0, mu * sqrt(q - dq), mu * sqrt(dq), mu * T)


def _thermal_residuals(x: Number, controls: NDArray) -> list[Number]:
    T = float(controls[0])
    if not T * np.exp(np.real(x[0])) < 1:
        return [math.nan] * 3
    C, _, dq, mu, spin = _thermal_state(x, T)
    return [log(mu * spin.response / C), log(spin.dq / dq), log(-4 * spin.work / (mu * dq) ** 2)]


def _noise(T: float, h: float) -> float:
    """Root s = √q > 0 of ⟨tanh²⟩/s² = 1, which falls in s."""

    def excess(log_s: NDArray, index: NDArray) -> NDArray:
        s = np.exp(log_s)
        return np.log(spin_averages(np.full(len(s), h), s, np.full(len(s), T)).q) - 2 * log_s

    low, high, every = np.array([-40.0]), np.array([0.5]), np.arange(1)
    return float(np.exp(find_roots(excess, low, high, excess(low, every), excess(high, every)))[0])


def _number(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} = {value!r}: a finite number is needed")
    return number
