"""Manzan, slides (2021), slides 6, 34 and 35: gradient of the log-likelihood.

Every derivative is taken numerically, of log P(v) by enumeration of 2^7 states.
"""

from __future__ import annotations

import numpy as np

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, SMOOTH, gradient, weigh
from paper_checks.slides_conditionals import A, B, M, N, active, inputs, machine, sigma
from paper_checks.slides_machine import small_weights, spins

SOURCE = "Manzan, slides (2021)"
V, H = spins(N, 0), spins(M, 0)
DATA = np.array([5, 5, 11, 14])
"""Visible states of a small data set, by number."""


def log_law(parameters: dict[str, float]) -> np.ndarray:
    """Log-probability of every visible state.

    Parameters
    ----------
    parameters : dict
        w00, w01, …, a0, …, b0, …

    Returns
    -------
    ndarray, shape (16,)
        ln P(v), in the order of `spins`.
    """
    x = np.array(list(parameters.values()))
    w, a, b = x[: N * M].reshape(N, M), x[N * M : N * M + N], x[N * M + N :]
    log_weight = V @ a + np.log1p(np.exp(V @ w + b)).sum(axis=1)
    return log_weight - np.log(np.exp(log_weight).sum())


def slopes(states: np.ndarray) -> np.ndarray:
    """Derivative of the mean of log P over some visible states.

    Parameters
    ----------
    states : ndarray of int
        Numbers of the states.

    Returns
    -------
    ndarray, shape (N M + N + M,)
        Derivatives by the weights, row by row, then the visible and the hidden fields.
    """
    values = np.concatenate([small_weights(N, M).ravel(), A, B])
    at = {f"x{k}": float(x) for k, x in enumerate(values)}
    return gradient(lambda **x: float(log_law(x)[states].mean()), at)


def responses() -> np.ndarray:
    """−∂E/∂θ of every joint state.

    Returns
    -------
    ndarray, shape (16, 8, N M + N + M)
        Products v h, then v, then h.
    """
    shape = (len(V), len(H))
    products = np.einsum("vi,hm->vhim", V, H).reshape(*shape, N * M)
    v = np.broadcast_to(V[:, None], (*shape, N))
    h = np.broadcast_to(H[None], (*shape, M))
    return np.concatenate([products, v, h], axis=2)


def conditional() -> np.ndarray:
    """P(h|v), rows for v.

    Returns
    -------
    ndarray, shape (16, 8)
        P(h|v), v in rows, h in columns; each row sums to one.
    """
    weight = machine(0).weight
    return weight / weight.sum(axis=1, keepdims=True)


def clamped() -> np.ndarray:
    """G_θ(v) = Σ_h P(h|v) ∂(−E)/∂θ of every v.

    Returns
    -------
    ndarray, shape (16, N M + N + M)
        The positive phase of each v, in the order of `responses`: by the weights, then the fields.
    """
    return np.einsum("vh,vhk->vk", conditional(), responses())


def marginal() -> np.ndarray:
    """P(v), from sums over all joint states."""
    weight = machine(0).weight
    return weight.sum(axis=1) / weight.sum()


@check(
    source=SOURCE,
    where="Learning algorithm",
    printed="∂L/∂w_iμ = <v_i h_μ>_data - <v_i h_μ>_model",
    seen="p",
    route="numerical derivative of log P over 2^7 states",
)
def learning_rule() -> Verdict:
    """Gradient of the mean log-likelihood of four data by the twelve weights."""
    law = machine(0).weight / machine(0).weight.sum()
    model = np.einsum("vh,vi,hm->im", law, V, H).ravel()
    data = np.einsum("vh,vi,hm->im", conditional()[DATA], V[DATA], H).ravel() / len(DATA)
    note = "L the mean over the data, T = 1; at another temperature the right side is divided by T"
    return weigh(data - model, slopes(DATA)[: N * M], SMOOTH, note)


@check(
    source=SOURCE,
    where="Learning procedure, first line",
    printed="∂log P/∂θ = Σ_h P(h|v) ∂(-E)/∂θ - Σ_v P(v;h) Σ_h P(h|v) ∂(-E)/∂θ",
    seen="p",
    right="P(v;θ) before the second sum",
    route="numerical derivative of log P over 2^7 states",
    extraction=True,
    expected="misprint",
)
def law_of_negative_phase() -> Verdict:
    """The average is over the marginal P(v;θ): with a law that depends on h there is no gradient."""
    truth = np.array([slopes(np.array([state])) for state in (3, 9)])
    G = clamped()
    weight = machine(0).weight
    given = weight / weight.sum(axis=0)
    printed = [G[[3, 9]] - given[:, k] @ G for k in range(len(H))]
    note = "printed with P(v|h) at each of the 8 states h; the last line of the slide names P(v;θ)"
    return weigh(printed, truth, SMOOTH, note, corrected=G[[3, 9]] - marginal() @ G)


@check(
    source=SOURCE,
    where="Learning procedure, with G_θ",
    printed="∂log P(v,θ)/∂θ = G_θ(v,θ) - <G_θ(x,θ)>, average over P(v;θ)",
    seen="p",
    route="numerical derivative of log P over 2^7 states",
)
def two_phases() -> Verdict:
    """By all weights and fields, for every visible state; the average is over x."""
    truth = np.array([slopes(np.array([state])) for state in range(len(V))])
    return weigh(clamped() - marginal() @ clamped(), truth, SMOOTH, "16 states, 19 parameters")


@check(
    source=SOURCE,
    where="Weights Learning procedure, first lines",
    printed="G_w = Σ_h P(h|v) ∂(-E)/∂w_iμ = v_i Σ_h P(h|v) h_μ",
    seen="p",
    route="numerical derivative of log Σ_h e^{-E}",
)
def positive_phase() -> Verdict:
    """The derivative of log Σ_h e^{−E(v,h)} at fixed v, by each weight."""
    printed = np.einsum("vi,vh,hm->vim", V, conditional(), H)
    w = small_weights(N, M)

    def slope(state: int, i: int, mu: int) -> float:
        def value(x: float) -> float:
            moved = w.copy()
            moved[i, mu] = x
            return float(np.log1p(np.exp(V[state] @ moved + B)).sum())

        return float(gradient(value, {"x": float(w[i, mu])})[0])

    truth = [[[slope(s, i, mu) for mu in range(M)] for i in range(N)] for s in range(len(V))]
    return weigh(printed, truth, SMOOTH, "16 states, 12 weights")


@check(
    source=SOURCE,
    where="Weights Learning procedure, conditional independence",
    printed="v_i Σ_{h_μ} Σ_{h≠h_μ} P(h|v) P(h_μ|v) h_μ",
    seen="p",
    right="v_i Σ_{h_μ} Σ_{h≠h_μ} P(h_{≠μ}|v) P(h_μ|v) h_μ",
    route="enumeration of 2^7 states",
    extraction=True,
    expected="misprint",
)
def factor_counted_twice() -> Verdict:
    """P(h|v) holds P(h_μ|v) already: as printed the mean of h_μ would be σ², not σ."""
    law = conditional()
    on = active(0)
    own = np.where(H[None] == 1, on[:, None], 1 - on[:, None])
    printed = np.einsum("vh,vhm,hm->vm", law, own, H)
    others = np.stack([own.prod(axis=2) / own[:, :, mu] for mu in range(M)], axis=2)
    corrected = np.einsum("vhm,vhm,hm->vm", others, own, H)
    return weigh(printed, law @ H, ROUNDING, "law of the other units, P(h_{≠μ}|v)", corrected=corrected)


@check(
    source=SOURCE,
    where="Weights Learning procedure, the sum over the other units",
    printed="v_i Σ_{h_μ} P(h_μ|v) h_μ = v_i (P(h_μ=1|v)·1 + P(h_μ=0|v)·0)",
    seen="p",
    route="enumeration of 2^7 states",
)
def sum_over_one_unit() -> Verdict:
    """The sum over the whole layer, against the two terms of one unit with its probability."""
    truth = np.einsum("vi,vh,hm->vim", V, conditional(), H)
    return weigh(V[:, :, None] * (active(0) * 1 + (1 - active(0)) * 0)[:, None], truth, ROUNDING, "all v, i and μ")


@check(
    source=SOURCE,
    where="Weights Learning procedure, {0, 1} units",
    printed="G_{w_iμ} = v_i σ(b_μ~ + Σ_i v_i w_iμ~)",
    seen="p",
    right="G_{w_iμ} = v_i σ(b_μ + Σ_j v_j w_jμ)",
    route="enumeration of 2^7 states",
    extraction=True,
    expected="misprint",
)
def index_of_unit() -> Verdict:
    """The unit is μ, the index μ̃ is left over from the slides before; with another unit the value is another."""
    truth = np.einsum("vi,vh,hm->vim", V, conditional(), H)
    on = sigma(inputs(0))
    printed = [V[:, :, None] * np.roll(on, shift, axis=1)[:, None] for shift in (1, 2)]
    note = "printed with each of the two other units as μ̃"
    return weigh(printed, truth, ROUNDING, note, corrected=V[:, :, None] * on[:, None])


@check(
    source=SOURCE,
    where="Weights Learning procedure, last line",
    printed="v_i σ ≠ v_i h_μ: σ in [0,1], h_μ in {0,1}",
    seen="p",
    route="enumeration of 2^7 states",
)
def probability_for_state() -> Verdict:
    """σ is never a state, but the mean of v_i h_μ over P(h|v): draws give the same gradient on average."""
    on = sigma(inputs(0))
    distance = np.minimum(on, 1 - on).min()
    h_mean = conditional() @ H
    spread = conditional() @ H**2 - h_mean**2
    inside = Tolerance("rounding", 1e-12 if distance > 0 else -1.0, "double precision")
    note = f"σ keeps {distance:.3f} from 0 and 1; the variance σ(1 − σ) of a draw is noise that σ does not have"
    return weigh([on, on * (1 - on)], [h_mean, spread], inside, note)
