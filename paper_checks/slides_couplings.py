"""Manzan, slides (2021), slides 5 and 10 to 12: sums over units, and which couplings a hidden layer makes."""

from __future__ import annotations

import math

import numpy as np

import rbm_sim
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, ROUNDING, weigh
from paper_checks.slides_machine import integrated_out, small_weights, spins

SOURCE = "Manzan, slides (2021)"
REVERSED = "E(v) = -log ∫dh e^{-E(v,h)}"
FIELDS = np.array([0.4, -0.3, 0.1, -0.6])


def joint_integral(v: np.ndarray) -> np.ndarray:
    """Log of ∫dh e^{−E(v,h)} of a machine with two Gaussian units, on a grid in both, minus its value at v = 0.

    Parameters
    ----------
    v : ndarray, shape (states, 4)
        Visible configurations.

    Returns
    -------
    ndarray, shape (states,)
        ln ∫dh e^{−E(v,h)} for each v, less that of v = 0.
    """
    w = small_weights(4, 2)
    h = np.linspace(-14, 14, 281)
    flat = -(h[:, None] ** 2) / 2 - h[None, :] ** 2 / 2
    logs = []
    for x in v:
        I = x @ w
        logs.append(x @ FIELDS + math.log(np.exp(flat + I[0] * h[:, None] + I[1] * h[None, :]).sum()))
    return np.array(logs) - math.log(np.exp(flat).sum())


@check(
    source=SOURCE,
    where="most probable hidden state, second line",
    printed="-w_iμ v_i + U'_μ(h*_μ) = 0",
    seen="p",
    right="-Σ_i w_iμ v_i + U'_μ(h*_μ) = 0",
    route="minimum of the energy by descent",
    expected="misprint",
)
def sum_over_visible_units() -> Verdict:
    """With the sum lost each i would ask for another h*; the line below has I_μ again."""
    w, v = small_weights(), np.array([1.0, -1.0, 1.0, 1.0])
    machine = rbm_sim.RBM(w, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    h = np.zeros(3)
    for _ in range(60):
        slope = [(machine.energy(v, h + e) - machine.energy(v, h - e)) / 2 for e in np.eye(3)]
        h = h - 0.5 * np.array(slope)
    return weigh(w * v[:, None], h, ROUNDING, "U = h²/2, printed for each of four i", corrected=v @ w)


@check(
    source=SOURCE,
    where=f"{REVERSED}, marginal law",
    printed="P(v) = ∫dh e^{-E(v,h)}/Z = e^{-E(v)}/Z",
    seen="p",
    route="quadrature over both hidden units",
)
def marginal_energy() -> Verdict:
    """E(v) of the machine, against the integral over its two hidden units; a constant apart."""
    machine = rbm_sim.RBM(small_weights(4, 2), visible=rbm_sim.Spin(g=FIELDS), hidden=rbm_sim.Gaussian())
    v = spins(4)
    E = machine.free_energy(v) - machine.free_energy(v[:1])
    truth = -(joint_integral(v) - joint_integral(v[:1]))
    return weigh(E, truth, PRECISE, "all 16 states, fields included")


@check(
    source=SOURCE,
    where=f"{REVERSED}, sum over hidden units",
    printed="Σ_μ log ∫dh_μ e^{… Σ_μ h_μ² … Σ_iμ v_i w_iμ h_μ}",
    seen="p",
    right="Σ_μ log ∫dh_μ e^{-½h_μ² + Σ_i v_i w_iμ h_μ}",
    route="quadrature over both hidden units",
    expected="misprint",
)
def sum_inside_the_logarithm() -> Verdict:
    """The sum over units stands before the logarithm and again in the exponent, so that each counts M times."""
    v = spins(4)
    truth = -(joint_integral(v) - v @ FIELDS)
    corrected = integrated_out(small_weights(4, 2), v)
    return weigh(2 * corrected, truth, PRECISE, "M = 2 Gaussian units, signs put right", corrected=corrected)


@check(
    source=SOURCE,
    where=f"{REVERSED}, sign between the terms",
    printed="-Σ_i a_i(v_i) Σ_μ log ∫dh_μ …",
    seen="p",
    right="-Σ_i a_i(v_i) - Σ_μ log ∫dh_μ …",
    route="quadrature over both hidden units",
    extraction=True,
    expected="misprint",
)
def minus_before_the_logarithm() -> Verdict:
    """Two terms of E(v), not a product (the minus may be lost in the text copy)."""
    v = spins(4)
    hidden, fields = integrated_out(small_weights(4, 2), v), v @ FIELDS
    note = "a minus between the terms; the rest put right"
    return weigh(fields * hidden, -joint_integral(v), PRECISE, note, corrected=-fields + hidden)


@check(
    source=SOURCE,
    where="cumulant generating function, cumulants",
    printed="k^(n) = ∂_t^n K at t = 0",
    seen="p",
    route="differences of K against moments by quadrature",
)
def cumulants_by_derivatives() -> Verdict:
    """First three cumulants of a ReLU unit with a threshold."""
    theta, step = 0.4, 0.02
    h = np.linspace(0, 20, 200_001)
    density = np.exp(-h * h / 2 - theta * h)
    density[0] /= 2
    density /= density.sum()
    mean = density @ h
    truth = [mean, density @ (h - mean) ** 2, density @ (h - mean) ** 3]
    K = {k: math.log(density @ np.exp(k * step * h)) for k in (-3, -2, -1, 0, 1, 2, 3)}
    first = (45 * (K[1] - K[-1]) - 9 * (K[2] - K[-2]) + (K[3] - K[-3])) / (60 * step)
    second = (-K[2] + 16 * K[1] - 30 * K[0] + 16 * K[-1] - K[-2]) / (12 * step**2)
    third = (-K[3] + 8 * K[2] - 13 * K[1] + 13 * K[-1] - 8 * K[-2] + K[-3]) / (8 * step**3)
    fourth = Tolerance("differences", 1e-6, "fourth order in a step of 0.02")
    return weigh([first, second, third], truth, fourth, f"θ = 0.4: {truth[0]:.6f}, {truth[1]:.6f}, {truth[2]:.6f}")


@check(
    source=SOURCE,
    where="Limits of Hopfield model",
    printed="Hopfield networks have only pair interactions between visible units",
    seen="p",
    route="Walsh transform of E(v) over 2^6 states",
)
def pairs_only() -> Verdict:
    """Couplings of every order of three kinds of hidden layers: Gaussian units give pairs, the others all orders."""
    v = spins(6)
    order = (v > 0).sum(axis=1)
    characters = np.prod(np.where(v[:, None] > 0, v[None], 1.0), axis=2)
    largest = {}
    for hidden in (rbm_sim.Gaussian(), rbm_sim.Bernoulli(g=0.3), rbm_sim.ReLU(theta=0.2)):
        machine = rbm_sim.RBM(small_weights(6, 3), visible=rbm_sim.Spin(), hidden=hidden)
        J = characters @ machine.free_energy(v) / len(v)
        largest[type(hidden).__name__] = float(np.abs(J[order > 2]).max())
    beyond = Tolerance("rounding", 1e-12 if min(largest["Bernoulli"], largest["ReLU"]) > 1e-4 else -1.0, "2^6 terms")
    note = "largest coupling beyond pairs: " + ", ".join(f"{k} {x:.1e}" for k, x in largest.items())
    return weigh(largest["Gaussian"], 0.0, beyond, note)


@check(
    source=SOURCE,
    where="Hubbard-Stratonovich transformation, P(v), the factor ½",
    printed="∫dh e^{Σ h² + Σ v w h} for e^{Σ v w w v}, minus sign apart",
    seen="p",
    right="∫dh e^{-½ Σ h² + Σ v w h} for e^{½ Σ v w w v}",
    route="quadrature over both hidden units",
    expected="misprint",
)
def half_in_the_weight() -> Verdict:
    """With the minus put back e^{−h² + xh} gives x²/4: neither the x² on its left nor the ½x² of a Gaussian unit."""
    w, v = small_weights(4, 2), spins(4)
    h = np.linspace(-14, 14, 2801)
    I = (v @ w)[..., None]
    printed = np.log(np.exp(-h * h + I * h).sum(axis=-1) / np.exp(-h * h).sum()).sum(axis=-1)
    truth = joint_integral(v) - v @ FIELDS
    note = "½ as in the joint energy of the same slide, ½Σh²"
    return weigh(printed, truth, PRECISE, note, corrected=((v @ w) ** 2).sum(axis=1) / 2)


@check(
    source=SOURCE,
    where="Hubbard-Stratonovich transformation, P(v), sum over hidden units",
    printed="Π_μ ∫_μ e^{Σ_μ h_μ² + Σ_iμ v_i w_iμ h_μ}",
    seen="p",
    right="Π_μ ∫dh_μ e^{-½h_μ² + Σ_i v_i w_iμ h_μ}",
    route="quadrature over both hidden units",
    expected="misprint",
)
def sum_inside_the_product() -> Verdict:
    """A product over units of integrals with the sum over units in each: every unit counts M times."""
    v = spins(4)
    truth = joint_integral(v) - v @ FIELDS
    corrected = -integrated_out(small_weights(4, 2), v)
    note = "logarithms, M = 2 Gaussian units, sign and ½ put right; dh_μ is missing too"
    return weigh(2 * corrected, truth, PRECISE, note, corrected=corrected)
