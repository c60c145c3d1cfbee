"""Manzan, slides (2021), slides 3 to 6: laws, conditional independence, modes and the sampling procedure."""

from __future__ import annotations

import math

import numpy as np

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh
from paper_checks.slides_machine import small_weights, spins

SOURCE = "Manzan, slides (2021)"
N, M, T = 3, 3, 0.8
A, B = np.array([0.3, -0.4, 0.2]), np.array([0.3, -0.2, 0.5])
"""Fields of the visible and the hidden units."""

V, H = spins(N, low=0), spins(M, low=0)


def energies() -> np.ndarray:
    """Energy of every joint state of a machine of 0/1 units.

    Returns
    -------
    ndarray, shape (8, 8)
        Visible states in rows, hidden states in columns.
    """
    return -(V @ small_weights(N, M)) @ H.T - (V @ A)[:, None] - (H @ B)[None, :]


def joint(temperature: float = 1.0) -> np.ndarray:
    """Boltzmann law of every joint state.

    Parameters
    ----------
    temperature : float
        T.

    Returns
    -------
    ndarray, shape (8, 8)
        P(v, h), v in rows, h in columns; the whole sums to one.
    """
    weight = np.exp(-energies() / temperature)
    return weight / weight.sum()


def stationary(transition: np.ndarray) -> np.ndarray:
    """Law that a Markov chain leaves as it is, from the linear equations.

    Parameters
    ----------
    transition : ndarray, shape (states, states)
        Probabilities of moves, rows sum to one.

    Returns
    -------
    ndarray, shape (states,)
        Probability of each state, sum one, unchanged by a step of the chain.
    """
    size = len(transition)
    system = np.vstack([transition.T - np.eye(size), np.ones(size)])
    return np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0]


@check(
    source=SOURCE,
    where="RBM structure, dynamics",
    printed="Metropolis gives P(v,h) = e^{-E(v,h)/T}/Z at equilibrium",
    seen="p",
    route="stationary law of the 64 by 64 transition matrix",
)
def metropolis() -> Verdict:
    """Single-unit Metropolis moves of a machine of six units, T = 0.8."""
    E = energies().ravel()
    units = np.hstack([np.repeat(V, len(H), axis=0), np.tile(H, (len(V), 1))])
    neighbours = (np.abs(units[:, None] - units[None]).sum(axis=2) == 1) / units.shape[1]
    moves = neighbours * np.exp(-np.maximum(E[None, :] - E[:, None], 0) / T)
    moves += np.diag(1 - moves.sum(axis=1))
    printed = np.exp(-E / T) / np.exp(-E / T).sum()
    return weigh(printed, stationary(moves), ROUNDING, f"N = M = 3, T = {T}")


@check(
    source=SOURCE,
    where="RBM structure, conditional independence",
    printed="P(h|v) = Π_μ P(h_μ|v)",
    seen="p",
    route="enumeration of 64 states",
)
def conditional_independence() -> Verdict:
    """Law of the hidden layer given each v, against the product of its own marginals."""
    law = joint(T)
    given = law / law.sum(axis=1, keepdims=True)
    on = given @ H
    product = np.where(H[None] == 1, on[:, None], 1 - on[:, None]).prod(axis=2)
    return weigh(product, given, ROUNDING, "all v and h, N = M = 3")


@check(
    source=SOURCE,
    where="RBM structure, P(h_μ|v) beside P = e^{-E/T}/Z",
    printed="P(h_μ|v) = e^{h_μ I_μ - U_μ(h_μ)}/Z",
    seen="p",
    right="P(h_μ|v) = e^{(h_μ I_μ - U_μ(h_μ))/T}/Z",
    route="enumeration of 64 states",
    expected="misprint",
)
def temperature_of_conditional_law() -> Verdict:
    """The law two lines above it has a temperature, this one has lost it."""
    law = joint(T)
    on = (law / law.sum(axis=1, keepdims=True)) @ H
    x = V @ small_weights(N, M) + B
    printed, corrected = (1 / (1 + np.exp(-x / t)) for t in (1.0, T))
    return weigh(printed, on, ROUNDING, f"T = {T}; as printed it is right at T = 1", corrected=corrected)


@check(
    source=SOURCE,
    where="RBM structure, normalisation of P(h_μ|v)",
    printed="Z(h|v), bold h",
    seen="p",
    right="Z(h_μ|v)",
    route="enumeration of 64 states",
    extraction=True,
    expected="misprint",
)
def normalisation_of_conditional_law() -> Verdict:
    """The normalisation of the whole layer is the product of those of its units: the law of one needs its own."""
    law = joint()
    on = (law / law.sum(axis=1, keepdims=True)) @ H
    x = V @ small_weights(N, M) + B
    single = 1 + np.exp(x)
    whole = single.prod(axis=1, keepdims=True)
    return weigh(np.exp(x) / whole, on, ROUNDING, "T = 1; the index is printed bold", corrected=np.exp(x) / single)


@check(
    source=SOURCE,
    where="most probable hidden state",
    printed="h*_μ = argmax P(h_μ|v) = argmax P(h_μ,v)/P(v) = argmax e^{-E}/Z = argmin E",
    seen="p",
    route="enumeration of 64 states",
)
def mode_by_energy() -> Verdict:
    """Modes from the conditional and the joint law of each unit, against the lowest state of the whole layer."""
    law = joint()
    one_unit = np.stack([law @ (1 - H), law @ H])
    by_joint = np.argmax(one_unit, axis=0)
    by_conditional = np.argmax(one_unit / law.sum(axis=1)[None, :, None], axis=0)
    lowest = H[np.argmin(energies(), axis=1)]
    return weigh([by_conditional, by_joint], lowest, ROUNDING, "all v, Bernoulli hidden units")


@check(
    source=SOURCE,
    where="most probable hidden state, inverse of U'",
    printed="h*_μ = (∂U_μ/∂h_μ)^{-1}(I_μ)",
    seen="p",
    route="minimum on a grid, two anharmonic potentials",
)
def inverse_of_slope() -> Verdict:
    """U = h⁴/4 and U = cosh h: the inverse of U' at the input, against the minimum of U − I h."""
    h = np.arange(-30000, 30001) * 1e-4
    I = np.array([-2.0, -0.3, 0.5, 1.7])[:, None]
    truth = [h[np.argmin(U - I * h, axis=1)] for U in (h**4 / 4, np.cosh(h))]
    grid = Tolerance("grid", 1e-4, "the minimum is sought on a grid of step 1e-4")
    return weigh([np.cbrt(I[:, 0]), np.arcsinh(I[:, 0])], truth, grid, "convex potentials on the whole line")


def alternating(rule: str) -> np.ndarray:
    """Law of v that steps v → h → v leave as it is.

    Parameters
    ----------
    rule : {"draw", "mode"}
        Whether hidden units are drawn from P(h|v) or set to their most probable values; v is drawn.

    Returns
    -------
    ndarray, shape (8,)
        Probability of each v, in the order of `spins`.
    """
    law = joint()
    up = law / law.sum(axis=1, keepdims=True)
    if rule == "mode":
        up = (up == up.max(axis=1, keepdims=True)).astype(float)
    return stationary(up @ (law / law.sum(axis=0)).T)


@check(
    source=SOURCE,
    where="Gibbs sampling procedure, steps 2 and 3",
    printed="I_μ → P(h_μ|v) → h_μ, I_i → P(v_i|h) → v_i",
    seen="p",
    route="stationary law of the transition matrix",
)
def gibbs_sampling() -> Verdict:
    """Alternating draws from the two conditional laws leave the marginal of the joint law as it is."""
    return weigh(alternating("draw"), joint().sum(axis=1), ROUNDING, "N = M = 3, T = 1; both layers drawn")


@check(
    source=SOURCE,
    where="Gibbs sampling procedure, the values h* and v*",
    printed="Gibbs sampling with the most probable values h*, v*",
    seen="p",
    right="h drawn from P(h|v), v from P(v|h); modes at T = 0 only",
    route="stationary law of the transition matrix",
    expected="differs",
)
def gibbs_with_modes() -> Verdict:
    """With h* as defined two slides earlier the Boltzmann law is not left as it is: that is the dynamics at T = 0."""
    note = "h* most probable, v drawn; h must be drawn from P(h_μ|v), modes are right as T → 0 only (next check)"
    return weigh(alternating("mode"), joint().sum(axis=1), ROUNDING, note)


@check(
    source=SOURCE,
    where="Gibbs sampling procedure, as a descent",
    printed="v → h* → v* is a descent of the energy",
    seen="p",
    route="enumeration of all starts in 50 machines",
)
def descent() -> Verdict:
    """No step of the alternating modes raises E(v, h), from any start."""
    rng, worst = np.random.default_rng(6), -math.inf
    v0, h0 = spins(5, low=0), spins(4, low=0)
    for _ in range(50):
        w, a, b = rng.normal(size=(5, 4)), rng.normal(size=5), rng.normal(size=4)
        E = -(v0 @ w) @ h0.T - (v0 @ a)[:, None] - (h0 @ b)[None, :]
        v = np.repeat(np.arange(32), 16)
        h = np.tile(np.arange(16), 32)
        for _ in range(3):
            up = (v0[v] @ w + b > 0) @ (1 << np.arange(3, -1, -1))
            down = (h0[up] @ w.T + a > 0) @ (1 << np.arange(4, -1, -1))
            worst = max(worst, float(np.max(E[v, up] - E[v, h])), float(np.max(E[down, up] - E[v, up])))
            v, h = down, up
    return weigh(max(worst, 0.0), 0.0, ROUNDING, "512 starts each, N = 5, M = 4")
