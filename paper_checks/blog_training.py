"""Martin, blog post (2016), "RBM Training": conditional laws, the two phases, contrastive divergence, the pseudocode.

Brackets hold formulas that the text copy has lost, as in `blog_rbm`. Gibbs steps are taken by the transfer matrix
K(v'|v) = Σ_h p(h|v) p(v'|h) of a small machine, so that what CD-k averages to is a number without noise.
"""

from __future__ import annotations

import numpy as np

from paper_checks.blog_rbm import SOURCE, SUMS, energies, log_sum, machine, parts, states
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import SMOOTH, gradient, weigh
from rbm_sim.partition import exact, extensivity

WHERE = "Preliminaries, RBM training"
DATA = np.array([0, 3, 3, 9, 14])
MIXED = Tolerance("mixing", 1e-9, "the slowest mode of the chain has decayed to 1e-12")
LEARNED = Tolerance("learning", 1e-6, "4000 steps of rate 0.2 with momentum 0.9 leave a gradient below 1e-8")
VISIBLE = Tolerance("clearly different", 1e-3, "quantities of order one, known to 1e-9")

Fields = tuple[np.ndarray, np.ndarray, np.ndarray]


def sigma(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def strong() -> Fields:
    """Weights and fields of a machine whose chain mixes slowly enough to see.

    Returns
    -------
    W, b, c : ndarray
        Weights, 2.5 times those of `machine()`, and its fields.
    """
    w, b, c = parts(machine())
    return 2.5 * w, b, c


def gibbs_step(w: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Transfer matrix of one step v → h → v'.

    Parameters
    ----------
    w, b, c : ndarray
        Weights and fields.

    Returns
    -------
    ndarray, shape (2^N, 2^N)
        Column v holds the law of v'.
    """
    v, h = states(len(b)), states(len(c))
    up, down = sigma(c + v @ w), sigma(b + h @ w.T)
    h_given_v = np.prod(np.where(h[:, None, :] == 1, up, 1 - up), axis=2)
    v_given_h = np.prod(np.where(v[:, None, :] == 1, down, 1 - down), axis=2)
    return v_given_h @ h_given_v


def statistic(w: np.ndarray, c: np.ndarray, law: np.ndarray) -> np.ndarray:
    """⟨v hᵀ⟩ with v from a law and h from its conditional law.

    Parameters
    ----------
    w, c : ndarray
        Weights, and fields of the hidden units.
    law : ndarray, shape (2^N,)
        Law of v.

    Returns
    -------
    ndarray, shape (N, M)
        Mean of v_i h_μ, the statistic whose two means the learning rule compares.
    """
    v = states(len(w))
    return (law[:, None] * v).T @ sigma(c + v @ w)


def empirical(data: np.ndarray, units: int = 4) -> np.ndarray:
    """Law of the data.

    Parameters
    ----------
    data : ndarray of int
        Indices into `states`.
    units : int
        Visible units.

    Returns
    -------
    ndarray, shape (2^units,)
        Fraction of the data in each configuration, in the order of `states`.
    """
    return np.bincount(data, minlength=2**units) / len(data)


def contrastive(fields: Fields, k: int) -> np.ndarray:
    """Mean CD-k update ⟨v hᵀ⟩_0 − ⟨v hᵀ⟩_k.

    Parameters
    ----------
    fields : tuple of ndarray
        W, b, c.
    k : int
        Gibbs steps.

    Returns
    -------
    ndarray, shape (N, M)
        Mean update of each weight, learning rate left out.
    """
    w, _, c = fields
    start = empirical(DATA)
    end = np.linalg.matrix_power(gibbs_step(*fields), k) @ start
    return statistic(w, c, start) - statistic(w, c, end)


def slopes(function, w: np.ndarray) -> np.ndarray:
    """Derivatives of a function of the weights by central differences."""
    at = {f"w{i}": float(x) for i, x in enumerate(w.ravel())}
    return gradient(lambda **x: function(np.array(list(x.values())).reshape(w.shape)), at).reshape(w.shape)


@check(
    source=SOURCE,
    where=WHERE,
    printed=(
        "simple expressions for the conditional probabilities [p(h_μ = 1|v) = σ(c_μ + Σ_i v_i W_iμ), "
        "p(v_i = 1|h) likewise]"
    ),
    seen="p",
    route="enumeration of the joint law",
    extraction=True,
)
def conditional_probabilities() -> Verdict:
    """Both conditional means, against the joint law summed over the other units."""
    w, b, c = parts(machine())
    v, h = states(4), states(3)
    joint = np.exp(-energies(w, b, c))
    hidden = joint @ h / joint.sum(axis=1, keepdims=True)
    visible = joint.T @ v / joint.sum(axis=0)[:, None]
    printed = np.concatenate([sigma(c + v @ w).ravel(), sigma(b + h @ w.T).ravel()])
    return weigh(printed, np.concatenate([hidden.ravel(), visible.ravel()]), SUMS, "16 + 8 conditions")


@check(
    source=SOURCE,
    where=WHERE,
    printed="The Energy function, being quadratic, lets us readily factor Z using a mean field approximation",
    seen="p",
    right=(
        "the law of one layer given the other factorises exactly; Z does not factor, and mean field "
        "bounds it from below"
    ),
    route="enumeration against the best product law",
    expected="differs",
)
def factorised_by_mean_field() -> Verdict:
    """The conditional laws need no approximation, and the approximation does not give Z."""
    rbm = machine()
    note = "ln Z by mean field against ln Z; the conditional laws of the same sentence are exact without it"
    return weigh(extensivity.mean_field(rbm), exact.log_partition(rbm), VISIBLE, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, weight update; 'our W update rule is a derivative of'",
    printed="and the weight update rule [dW = ⟨v hᵀ⟩_0 - ⟨v hᵀ⟩_∞]",
    seen="p",
    route="numerical derivative of the enumerated log-likelihood",
    extraction=True,
)
def update_rule() -> Verdict:
    """The rule is the gradient of the mean log-likelihood, not its negative."""
    w, b, c = parts(machine())

    def likelihood(w: np.ndarray) -> float:
        E = energies(w, b, c)
        return float(np.mean([log_sum(E) * -1 - log_sum(E[i]) * -1 for i in DATA]))

    p = np.exp(-energies(w, b, c)).sum(axis=1)
    rule = statistic(w, c, empirical(DATA)) - statistic(w, c, p / p.sum())
    return weigh(rule, slopes(likelihood, w), SMOOTH, "12 weights, 5 data; W ← W + rate · dW climbs")


@check(
    source=SOURCE,
    where=f"{WHERE}, positive and negative phases",
    printed="The expectation is evaluated, or clamped, on the data; ... on the prior distribution [-∂F(X)/∂W, -∂F/∂W]",
    seen="p",
    route="numerical derivatives of the clamped and of the standard free energy",
    extraction=True,
)
def phases() -> Verdict:
    """The positive phase is minus the slope of the clamped free energy, the negative one of the standard one."""
    w, b, c = parts(machine())
    p = np.exp(-energies(w, b, c)).sum(axis=1)
    printed = [statistic(w, c, empirical(DATA)), statistic(w, c, p / p.sum())]
    truth = [
        slopes(lambda w: float(np.mean([log_sum(energies(w, b, c)[i]) for i in DATA])), w),
        slopes(lambda w: log_sum(energies(w, b, c)), w),
    ]
    return weigh(printed, truth, SMOOTH, "'the prior distribution' is the law p(v, h) of the machine")


@check(
    source=SOURCE,
    where=f"{WHERE}, positive and negative phases",
    printed=(
        "evaluated in the limit of infinite sampling, at the so-called equilibrium distribution [⟨v hᵀ⟩_k → ⟨v hᵀ⟩_∞]"
    ),
    seen="p",
    route="powers of the transfer matrix against enumeration, and its second eigenvalue",
    extraction=True,
)
def limit_of_infinite_sampling() -> Verdict:
    """CD-k tends to the gradient, at the rate of the slowest mode of the chain."""
    fields = strong()
    w, _, c = fields
    p = np.exp(-energies(*fields)).sum(axis=1)
    exact_rule = statistic(w, c, empirical(DATA)) - statistic(w, c, p / p.sum())
    mode = np.sort(np.abs(np.linalg.eigvals(gibbs_step(*fields))))[-2]
    left = {k: float(np.abs(contrastive(fields, k) - exact_rule).max()) for k in (1, 10, 20, 21)}
    rate = left[21] / left[20]
    k = int(np.ceil(np.log(1e-12) / np.log(mode)))
    note = (
        f"slowest mode {mode:.4f}, error falls by {rate:.4f} a step; CD-1 errs by {left[1]:.3f}, CD-10 "
        f"by {left[10]:.1e}"
    )
    verdict = weigh(contrastive(fields, k), exact_rule, MIXED, note)
    return verdict if abs(rate / mode - 1) < 0.01 else Verdict(Outcome.DIFFERS, f"rate {rate:.4f}", note)


@check(
    source=SOURCE,
    where=f"{WHERE}, positive and negative phases",
    printed="CD approximates [⟨v hᵀ⟩_∞] - effectively evaluating the (mean field) Free Energy - by running only 1 step",
    seen="p",
    right="CD-1 gives the statistics after one step from the data, those of no mean field: they depend on the data",
    route="transfer matrix against the stationary product law",
    extraction=True,
    expected="differs",
)
def one_step_is_mean_field() -> Verdict:
    """Negative phase of CD-1 from two sets of data, against the slope of the mean-field ln Z, which knows no data."""
    fields = w, b, c = strong()
    m = np.full(len(b), 0.5)
    for _ in range(2000):
        m = sigma(b + w @ sigma(c + m @ w))
    product = np.outer(m, sigma(c + m @ w))
    step = gibbs_step(*fields)
    found = [statistic(w, c, step @ empirical(data)) for data in (DATA, np.array([15, 15, 7]))]
    apart = float(np.abs(found[0] - found[1]).max())
    return weigh(found, product, VISIBLE, f"two sets of data differ by {apart:.3f}, and mean field has one value")


@check(
    source=SOURCE,
    where="Energy Renormalizations, 'our W update rule is a derivative of', as run with CD-1",
    printed="our W update rule is a derivative of [F]",
    seen="p",
    right="only for k → ∞; the mean update of CD-1 is the gradient of no function",
    route="symmetry of the Jacobian",
    extraction=True,
    expected="differs",
)
def contrastive_divergence_is_a_gradient() -> Verdict:
    """A gradient has a symmetric Jacobian; that of the CD-1 update of the weights is not, that of CD-500 is."""
    w, b, c = strong()

    def skew(k: int) -> np.ndarray:
        n, step = w.size, 1e-4
        J = np.empty((n, n))
        for j in range(n):
            move = np.zeros(n)
            move[j] = step
            up, down = (contrastive((w + s * move.reshape(w.shape), b, c), k) for s in (1, -1))
            J[:, j] = ((up - down) / (2 * step)).ravel()
        return J - J.T

    left = float(np.abs(skew(500)).max())
    verdict = weigh(skew(1), 0.0, VISIBLE, "largest difference of mixed derivatives; below 1e-6 for CD-500")
    return verdict if left < 1e-6 else Verdict(Outcome.FAILED, f"{left:.1e}", "CD-500 is no gradient either")


def _pseudocode(steps: int, rate: float, decay: float, momentum: float) -> tuple[Fields, np.ndarray]:
    """The pseudocode with exact phases: gradient, weight decay, momentum, update; biases alike without decay."""
    fields = [0.1 * x for x in parts(machine())]
    moves = [np.zeros_like(x) for x in fields]
    v, data = states(4), empirical(np.arange(16)) * 0.5 + 0.5 * empirical(DATA)
    for _ in range(steps):
        w, b, c = fields
        joint = np.exp(-energies(w, b, c))
        p = joint.sum(axis=1) / joint.sum()
        difference, hidden = data - p, sigma(c + v @ w)
        rises = [(difference[:, None] * v).T @ hidden - decay * w, difference @ v, difference @ hidden]
        moves = [momentum * move + rate * rise for move, rise in zip(moves, rises, strict=True)]
        fields = [x + move for x, move in zip(fields, moves, strict=True)]
    return (fields[0], fields[1], fields[2]), data


@check(
    source=SOURCE,
    where=f"{WHERE}, pseudocode",
    printed="Calculate the weight gradient; Apply Weight decay; Apply a momentum; Update the Weights [W ← W + dW]",
    seen="p",
    route="stationarity of ln p(X) - (λ/2) Σ W² where the steps end, by numerical derivatives",
    extraction=True,
)
def pseudocode() -> Verdict:
    """Run as written but for exact phases, it ends where the penalised log-likelihood is stationary."""
    decay = 0.02
    (w, b, c), data = _pseudocode(4000, 0.2, decay, 0.9)

    def penalised(w: np.ndarray) -> float:
        E = energies(w, b, c)
        clamped = np.array([-log_sum(row) for row in E])
        return float(-data @ clamped - log_sum(E) - decay / 2 * (w**2).sum())

    note = f"λ = {decay}, momentum 0.9: it changes the way and not the end; largest weight {np.abs(w).max():.3f}"
    return weigh(slopes(penalised, w), 0.0, LEARNED, note)
