"""Manzan, slides (2021), slides 3 to 11: the machine, its activation functions, and the way to the Hopfield model.

Slides are named by their title. In the text copy of the slides some minus signs are lost; a verdict that could
hang on that says so.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

import rbm_sim
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, ROUNDING, SMOOTH, gradient, weigh

SOURCE = "Manzan, slides (2021)"
GRID = Tolerance("grid", 1e-3, "the minimum is sought on a grid of step 1e-3")


def small_weights(N: int = 4, M: int = 3) -> np.ndarray:
    """Weights of a machine small enough for every sum.

    Parameters
    ----------
    N, M : int
        Units of the two layers.

    Returns
    -------
    ndarray, shape (N, M)
        Normal weights of standard deviation 0.6, the same at every call.
    """
    return np.random.default_rng(2021).normal(scale=0.6, size=(N, M))


def spins(N: int, low: int = -1) -> np.ndarray:
    """All configurations of N two-valued units.

    Parameters
    ----------
    N : int
        Number of units.
    low : int
        The lower value, −1 or 0.

    Returns
    -------
    ndarray, shape (2^N, N)
        A configuration in each row, the last unit fastest.
    """
    return np.array(list(itertools.product((low, 1), repeat=N)), dtype=float)


@check(
    source=SOURCE,
    where="RBM structure, eq. (1), with the potentials of table 1",
    printed="E = -Σ w v h - Σ U_i(v_i) + Σ U_μ(h_μ)",
    seen="p",
    right="E = -Σ w v h + Σ U_i(v_i) + Σ U_μ(h_μ)",
    route="lowest state against H0 of the saddle-point equations",
    expected="misprint",
)
def sign_of_visible_potential() -> Verdict:
    """With U = −g v the sign printed makes units with g > 0 silent; the saddle equations make them active."""
    g = 0.7
    values = np.array([0.0, 1.0])
    printed = values[np.argmin(-(-g * values))]
    corrected = values[np.argmin(+(-g * values))]
    noise = 0.01
    active = 0.5 * math.erfc(-g / noise / math.sqrt(2))
    note = "+ΣU_i(v_i), as on the slides 'Replica theory' to 'Homogeneous free energy', where q = H0(−g/s) at w = 0"
    return weigh(printed, active, ROUNDING, note, corrected=corrected)


@check(
    source=SOURCE,
    where="RBM structure",
    printed="P(h|v) = e^{h I - U(h)}/Z, I = Σ w v",
    seen="p",
    route="enumeration of 2^3 states",
)
def conditional_law() -> Verdict:
    """Law of a hidden unit given v, against the joint law summed over everything else."""
    w, g = small_weights(), np.array([0.3, -0.2, 0.5])
    v = np.array([1.0, 0.0, 1.0, 1.0])
    h = spins(3, low=0)
    joint = np.exp(h @ (w.T @ v) + h @ g)
    summed = (joint[:, None] * h).sum(axis=0) / joint.sum()
    x = v @ w + g
    return weigh(np.exp(x) / (1 + np.exp(x)), summed, ROUNDING, "Bernoulli hidden units, all 8 states; T = 1")


@check(
    source=SOURCE,
    where="most probable hidden state, ∂E/∂h",
    printed="Σ_iν [-w_iμ v_i + ∂U_ν/∂h_μ] δ_μν = 0",
    seen="p",
    right="-Σ_i w_iμ v_i + ∂U_μ/∂h_μ = 0",
    route="derivative of the energy",
    expected="misprint",
)
def stationarity_of_energy() -> Verdict:
    """The potential is not summed over i, the input is."""
    w = small_weights()
    machine = rbm_sim.RBM(w, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    v, h = np.array([1.0, -1.0, 1.0, 1.0]), np.array([0.4, -1.1, 0.2])
    names = ("a", "b", "c")
    slope = gradient(lambda **x: float(machine.energy(v, [x[n] for n in names])), dict(zip(names, h, strict=True)))
    printed = (-w * v[:, None] + h).sum(axis=0)
    note = "−Σ_i w_iμ v_i + U'_μ = 0: the sum over i counts U' N times; h* = U'^{-1}(I), two lines below, is right"
    return weigh(printed, slope, SMOOTH, note, corrected=-v @ w + h)


@check(
    source=SOURCE,
    where="table 1, Bernoulli",
    printed="U = -g x, Φ = Θ(x - g)",
    seen="p",
    right="Φ = Θ(x + g)",
    route="minimum over both states",
    expected="misprint",
)
def bernoulli_activation() -> Verdict:
    """Mode of a Bernoulli unit, the minimum of U(h) − I h over 0 and 1."""
    I, g = np.linspace(-2, 2, 41)[:, None] + 0.013, 0.6
    h = np.array([0.0, 1.0])
    truth = h[np.argmin(-g * h - I * h, axis=1)]
    x = I[:, 0]
    return weigh(np.heaviside(x - g, 1), truth, ROUNDING, "Θ(x + g)", corrected=np.heaviside(x + g, 1))


@check(source=SOURCE, where="table 1, Gaussian", printed="U = x²/2, Φ = x", seen="p", route="minimum on a grid")
def gaussian_activation() -> Verdict:
    """Mode of a Gaussian unit."""
    I, h = np.linspace(-2, 2, 21), np.arange(-5000, 5001) * 1e-3
    truth = h[np.argmin(h * h / 2 - I[:, None] * h, axis=1)]
    return weigh(I, truth, GRID, "minimum of U(h) − I h on a grid")


@check(
    source=SOURCE,
    where="table 1, rectified linear",
    printed="U = x²/2 + θx, Φ = max(0, x - θ)",
    seen="p",
    route="minimum on a grid",
)
def relu_activation() -> Verdict:
    """Mode of a ReLU unit, for thresholds of both signs."""
    I, h = np.linspace(-2, 2, 21), np.arange(0, 5001) * 1e-3
    theta = np.array([-0.8, 0.0, 0.5])[:, None, None]
    truth = h[np.argmin(h * h / 2 + (theta - I[:, None]) * h, axis=2)]
    return weigh(np.maximum(0, I - theta[:, 0]), truth, GRID, "minimum of U(h) − I h over h ≥ 0 on a grid")


def integrated_out(w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """−Σ_μ ln ∫dh exp(−h²/2 + h I_μ) by the trapezoid rule, minus its value at v = 0.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights.
    v : ndarray, shape (states, N)
        Visible configurations.

    Returns
    -------
    ndarray, shape (states,)
        Energy of the visible layer that is left.
    """
    h = np.linspace(-20, 20, 4001)
    integral = np.exp(-h * h / 2 + (v @ w)[..., None] * h).sum(axis=-1)
    return -np.log(integral / np.exp(-h * h / 2).sum()).sum(axis=-1)


@check(
    source=SOURCE,
    where="Hopfield model; Hubbard-Stratonovich transformation, left-hand sides",
    printed="E[v] = -Σ_ij v_i J_ij v_j, J_ij = Σ_μ w_iμ w_jμ",
    seen="p",
    right="E[v] = -½ Σ_ij v_i J_ij v_j",
    route="quadrature over the hidden layer, 2^4 states",
    expected="misprint",
)
def pair_energy() -> Verdict:
    """Energy left by a Gaussian hidden layer: half of what is printed."""
    w, v = small_weights(), spins(4)
    quadratic = np.einsum("ki,ij,kj->k", v, w @ w.T, v)
    note = "−½ Σ v J v, as in the Hamiltonian of the slide 'Limits of Hopfield model'; hidden layer done by quadrature"
    return weigh(-quadratic, integrated_out(w, v), PRECISE, note, corrected=-quadratic / 2)


@check(
    source=SOURCE,
    where="Hubbard-Stratonovich transformation, P(v), and E(v) = -log ∫dh e^{-E}",
    printed="∫dh e^{Σ h² + Σ v w h}; -Σ_μ log ∫dh e^{½ Σ h² + Σ v w h}",
    seen="p",
    right="∫dh e^{-½ Σ h² + Σ v w h}, in both places",
    route="quadrature on a finite interval",
    extraction=True,
    expected="misprint",
)
def gaussian_weight() -> Verdict:
    """Neither integral converges: with a larger interval they grow without bound."""
    h, step = np.linspace(-20, 20, 4001, retstep=True)
    I = 0.8
    printed = [float(np.logaddexp.reduce(c * h * h + I * h) + math.log(step)) for c in (1.0, 0.5)]
    corrected = float(np.logaddexp.reduce(-h * h / 2 + I * h) + math.log(step))
    truth = I * I / 2 + math.log(2 * math.pi) / 2
    note = "e^{−h²/2 + vwh}; 'off by' is ln of the integral over |h| ≤ 20 (the minus may be lost in the text copy)"
    return weigh(printed, truth, PRECISE, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Hubbard-Stratonovich transformation, joint energy",
    printed="E[v, h] = -Σ a_i(v_i) + ½ Σ h² + Σ w v h",
    seen="p",
    right="E[v, h] = -Σ a_i(v_i) + ½ Σ h² - Σ w v h",
    route="minimum on a grid",
    extraction=True,
    expected="misprint",
)
def sign_of_coupling() -> Verdict:
    """The most probable h would be −I, not the I of the slide 'Connection with Gaussian RBM'."""
    I, h = np.array([-1.2, 0.4, 2.0]), np.arange(-3000, 3001) * 1e-3
    printed = h[np.argmin(h * h / 2 + I[:, None] * h, axis=1)]
    corrected = h[np.argmin(h * h / 2 - I[:, None] * h, axis=1)]
    note = "−Σ w v h, as in eq. (1); the law of v alone is the same (the minus may be lost in the text copy)"
    return weigh(printed, I, GRID, note, corrected=corrected)


@check(
    source=SOURCE,
    where="cumulant generating function",
    printed="K_μ(t) = log ∫dh q_μ(h) e^{th}, q_μ = e^{U_μ}/Z",
    seen="p",
    right="q_μ = e^{-U_μ}/Z",
    route="enumeration of 2^7 states",
    extraction=True,
    expected="misprint",
)
def hidden_law() -> Verdict:
    """Energy of the visible layer from K, for Bernoulli hidden units, against the sum over all h."""
    w, v, g = small_weights(), spins(4), np.array([0.5, -0.3, 0.8])
    h = spins(3, low=0)
    summed = np.log(np.exp((v @ w) @ h.T + h @ g).sum(axis=1))
    truth = summed - summed[0]

    def energy(sign: int) -> np.ndarray:
        law = np.exp(sign * -g)
        K = np.log((1 + law * np.exp(v @ w)) / (1 + law)).sum(axis=1)
        return K - K[0]

    note = "q_μ = e^{−U_μ}/Z; differences from the first state (the minus may be lost in the text copy)"
    return weigh(energy(+1), truth, ROUNDING, note, corrected=energy(-1))


@check(
    source=SOURCE,
    where="cumulant generating function",
    printed="K(t) = Σ_n k^(n) t^n/n!",
    seen="p",
    route="central moments against the logarithm of the generating function",
)
def cumulant_series() -> Verdict:
    """The cumulants of a Bernoulli unit from its central moments, and of a Gaussian one, which end at the second."""
    p, t = 0.3, 0.2
    mean, variance = p, p * (1 - p)
    third, fourth = variance * (1 - 2 * p), variance * (1 - 6 * variance)
    series = mean * t + variance * t**2 / 2 + third * t**3 / 6 + fourth * t**4 / 24
    h = np.linspace(-20, 20, 4001)
    density = np.exp(-h * h / 2) / np.exp(-h * h / 2).sum()
    truth = [math.log(1 - p + p * math.exp(t)), math.log((density * np.exp(t * h)).sum())]
    tolerance = Tolerance("fifth order", 1e-6, "k^(5) t^5/5! with |k^(5)| < 0.2 at t = 0.2")
    return weigh([series, t * t / 2], truth, tolerance, "Gaussian units have k^(n) = 0 for n > 2: pairs only")
