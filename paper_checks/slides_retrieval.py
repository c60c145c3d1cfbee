"""Manzan, slides (2021), slides 15 and 16: the Hopfield model as a Gaussian machine, and pattern retrieval."""

from __future__ import annotations

import math

import numpy as np

import rbm_sim
from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh

SOURCE = "Manzan, slides (2021)"
SEED = 16


def _machine(N: int, M: int) -> tuple[np.ndarray, rbm_sim.RBM]:
    xi = rbm_sim.random_patterns(N, M, rng=SEED).astype(float)
    return xi, rbm_sim.RBM(xi / math.sqrt(N), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())


@check(
    source=SOURCE,
    where="Connection with Gaussian RBM",
    printed="I_μ = √N m_μ(v), h*_μ = I_μ",
    seen="p",
    route="derivative of the energy",
)
def hidden_state() -> Verdict:
    """Minimum of the joint energy over h, found by its gradient, is √N times the overlaps."""
    N, M = 60, 7
    xi, machine = _machine(N, M)
    v = np.sign(np.random.default_rng(SEED).normal(size=N))
    printed = math.sqrt(N) * (xi.T @ v / N)
    step = np.eye(M)
    # E is quadratic in h: the central difference is exact
    slope = (machine.energy(v, printed + step) - machine.energy(v, printed - step)) / 2
    tolerance = Tolerance("rounding", 1e-11, "differences of energies of some hundred")
    return weigh(slope, 0.0, tolerance, "∂E/∂h at the printed h*, N = 60, M = 7, U = h²/2")


@check(
    source=SOURCE,
    where="Connection with Gaussian RBM",
    printed="visible units in {-1, 1} with the step function of table 1",
    seen="p",
    right="sign(x + g)",
    route="minimum over both states",
    expected="misprint",
)
def activation_of_spins() -> Verdict:
    """A step function gives 0 or 1; the mode of a ±1 unit is the sign of its input."""
    I, values = np.linspace(-2, 2, 40), np.array([-1.0, 1.0])
    truth = values[np.argmin(-I[:, None] * values, axis=1)]
    return weigh(np.heaviside(I, 1), truth, ROUNDING, "sign(I + g), here g = 0", corrected=np.sign(I))


@check(source=SOURCE, where="Pattern retrieval", printed="v = ξ_1: h*_1 = √N", seen="p", route="one machine, N = 400")
def condensed_unit() -> Verdict:
    """Hidden unit of the pattern in which the visible layer is."""
    xi, machine = _machine(400, 40)
    h = machine.hidden.mode(machine.inputs(xi[:, 0]))
    return weigh(math.sqrt(400), h[0], ROUNDING, "N = 400, M = 40")


@check(
    source=SOURCE,
    where="Pattern retrieval",
    printed="v = ξ_1: h*_μ ~ N(0, 1) for μ ≠ 1",
    seen="p",
    route="simulation, z-score",
)
def other_units() -> Verdict:
    """First four moments of the other hidden units in units of their standard errors."""
    xi, machine = _machine(4000, 2000)
    h = machine.hidden.mode(machine.inputs(xi[:, 0]))[1:]
    moments = np.array([(h**k).mean() for k in (1, 2, 3, 4)])
    errors = np.sqrt(np.array([1, 2, 15, 96]) / len(h))
    tolerance = Tolerance("standard errors", 3.5, "four moments of 1999 units, one seed: 0.2 % beyond by chance")
    z = (moments - [0, 1, 0, 3]) / errors
    return weigh(z, 0.0, tolerance, f"moments 1 to 4, N = 4000, M = 2000, seed {SEED}")


@check(
    source=SOURCE,
    where="Pattern retrieval, input of the visible units",
    printed="v_i = Θ(ξ_i1 + √N Σ_{μ≠1} ξ_iμ h*_μ)",
    seen="p",
    right="v_i = sign(ξ_i1 + (1/√N) Σ_{μ≠1} ξ_iμ h*_μ)",
    route="inputs of a machine, N = 400",
    expected="misprint",
)
def crosstalk() -> Verdict:
    """With w = ξ/√N and h*_1 = √N the other patterns enter with 1/√N."""
    N, M = 400, 40
    xi, machine = _machine(N, M)
    h = machine.hidden.mode(machine.inputs(xi[:, 0]))
    truth = machine.transposed().inputs(h)
    others = xi[:, 1:] @ h[1:]
    printed, corrected = xi[:, 0] + math.sqrt(N) * others, xi[:, 0] + others / math.sqrt(N)
    tolerance = Tolerance("rounding", 1e-11, "sums of 40 terms of order one")
    note = "1/√N for √N (and sign for Θ); inputs Σ_μ w_iμ h*_μ of N = 400 units, M = 40"
    return weigh(printed, truth, tolerance, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Pattern retrieval, condition",
    printed="retrieval if M/N < 1",
    seen="p",
    right="M/N < 0.138",
    route="simulation at three loads",
    expected="differs",
)
def crosstalk_condition() -> Verdict:
    """A signal-to-noise argument, not the capacity: machines at M/N = 0.25 and 0.5 lose every pattern."""
    kept = {}
    for alpha in (0.1, 0.25, 0.5):
        result = rbm_sim.capacity.retrieval(
            1000, alpha, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian(), samples=20, rng=SEED
        )
        kept[alpha] = 1 - result.lost_fraction
    outcome = Outcome.REPRODUCED if min(kept.values()) > 0.5 else Outcome.DIFFERS
    shown = ", ".join(f"{fraction:.0%} kept at M/N = {alpha}" for alpha, fraction in kept.items())
    note = f"crosstalk of variance M/N is noise, and feeds back: the limit is 0.138; N = 1000, 20 samples, seed {SEED}"
    return Verdict(outcome, shown, note)


def crosstalk_moments(unit: rbm_sim.unit.Unit, N: int, M: int, samples: int) -> np.ndarray:
    """Mean and variance over i of ξ_i1 (1/√N) Σ_{μ≠1} ξ_iμ h*_μ at v = ξ_1, for each sample.

    Parameters
    ----------
    unit : Unit
        Hidden units.
    N, M, samples : int
        Sizes and number of machines.

    Returns
    -------
    ndarray, shape (samples, 2)
        Mean and variance of the crosstalk over the units, a row for each machine.
    """
    rows = []
    for rng in np.random.default_rng(SEED).spawn(samples):
        xi = rbm_sim.random_patterns(N, M, rng=rng).astype(float)
        h = unit.mode(xi.T @ xi[:, 0] / math.sqrt(N))[1:]
        noise = xi[:, 0] * (xi[:, 1:] @ h) / math.sqrt(N)
        rows.append([noise.mean(), noise.var()])
    return np.array(rows)


def _z(found: np.ndarray, expected: float) -> float:
    return float((found.mean() - expected) / (found.std(ddof=1) / math.sqrt(len(found))))


Z_SCORE = Tolerance("standard errors", 3.5, "one or two numbers, one seed: 0.1 % beyond by chance")


@check(
    source=SOURCE,
    where="Pattern retrieval, size of the second contribution",
    printed="the second contribution is below 1 if M/N < 1",
    seen="p",
    route="simulation, z-score",
)
def crosstalk_variance() -> Verdict:
    """The crosstalk has variance (M − 1)/N: of order one at M = N, as the slide says."""
    N, samples = 300, 100
    z, shown = [], []
    for M in (30, 150, 300):
        variance = crosstalk_moments(rbm_sim.Gaussian(), N, M, samples)[:, 1]
        z.append(_z(variance, (M - 1) / N * (1 - 1 / N)))
        shown.append(f"{variance.mean():.4f} at M/N = {M / N:g}")
    return weigh(z, 0.0, Z_SCORE, f"{', '.join(shown)}; N = {N}, {samples} samples, seed {SEED}")


@check(
    source=SOURCE,
    where="Pattern retrieval, limit",
    printed="N → ∞ with M finite retrieves",
    seen="p",
    route="simulation at N = 50 to 1600",
)
def finite_number_of_patterns() -> Verdict:
    """Fraction of stored patterns, M = 8, that one step v → h* → v* leaves as they are: it goes to one."""
    kept = []
    for N in (50, 200, 800, 1600):
        stable = []
        for rng in np.random.default_rng(SEED).spawn(20):
            xi = rbm_sim.random_patterns(N, 8, rng=rng).astype(float)
            inputs = xi @ (xi.T @ xi / N)
            stable.append(((xi * (inputs - xi * 8 / N)) > 0).all(axis=0).mean())
        kept.append(float(np.mean(stable)))
    rising = bool(np.all(np.diff(kept) >= 0)) and kept[0] < 1
    note = (
        f"{', '.join(f'{k:.3f}' for k in kept)} at N = 50, 200, 800, 1600; enough, not needed: the limit is M/N = 0.138"
    )
    return weigh(kept[-1] if rising else math.nan, 1.0, ROUNDING, note)


@check(
    source=SOURCE,
    where="Pattern retrieval, last line",
    printed="a transfer function such as ReLU suppresses undesired inputs",
    seen="p",
    route="simulation, z-score",
)
def suppression_of_crosstalk() -> Verdict:
    """With a ReLU of threshold θ the variance of the crosstalk is (M/N) H2(θ) instead of M/N."""
    N, M, samples = 800, 400, 30
    z, shown = [], []
    for theta in (0.0, 0.5, 1.5):
        variance = crosstalk_moments(rbm_sim.ReLU(theta=theta), N, M, samples)[:, 1]
        t = np.linspace(theta, theta + 12, 4001)
        H2 = float(((t - theta) ** 2 * np.exp(-t * t / 2)).sum() * (t[1] - t[0])) / math.sqrt(2 * math.pi)
        z.append(_z(variance, (M - 1) / N * H2))
        shown.append(f"{variance.mean() * N / M:.4f} at θ = {theta:g}")
    return weigh(z, 0.0, Z_SCORE, f"of M/N: {', '.join(shown)}; N = {N}, M = {M}, {samples} samples, seed {SEED}")


@check(
    source=SOURCE,
    where="Pattern retrieval, with the sparsity p of the slide before",
    printed="v = ξ_1: h*_1 = √N, h*_μ ~ N(0, 1), entries 0 with probability 1 - p",
    seen="p",
    right="h*_1 = p√N, h*_μ ~ N(0, p²)",
    route="simulation, z-score",
    expected="differs",
)
def sparse_patterns() -> Verdict:
    """A sparse pattern is no ±1 state; put in all the same, h*_1 = p√N and the others have variance p²."""
    N, M, p = 4000, 1000, 0.3
    xi = rbm_sim.random_patterns(N, M, p=p, rng=SEED).astype(float)
    h = xi.T @ xi[:, 0] / math.sqrt(N)
    errors = np.array([math.sqrt(p * (1 - p)), p * p * math.sqrt(2 / (M - 1))])
    found = np.array([h[0], h[1:].var()])
    z = (found - [math.sqrt(N), 1.0]) / errors
    right = (found - [p * math.sqrt(N), p * p]) / errors
    note = (
        f"p√N and p² are off by {np.abs(right).max():.1f}; at p = 1 it holds (other_units); N = {N}, M = {M}, p = {p}"
    )
    return weigh(z, 0.0, Z_SCORE, note)
