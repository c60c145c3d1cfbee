"""Manzan, slides (2021), slides 12 to 14: the Hopfield model with few and with many patterns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf, gammaln, logsumexp

import rbm_sim
import replica
from paper_checks.check import Outcome, Tolerance, Verdict, check, compare, last_digit
from paper_checks.evidence import ROUNDING, SMOOTH, gradient, weigh
from replica.models import Hopfield

SOURCE = "Manzan, slides (2021)"
FEW = 1e-12
SMALL_LOAD = Tolerance("small load", 1e-10, "a load of 1e-12 shifts solutions by some 1e-12")


@check(
    source=SOURCE,
    where="Limits of Hopfield model",
    printed="H = -½ Σ_{i≠j} (1/N) Σ_μ ξ ξ v v, m_μ = (1/N) Σ v ξ",
    seen="p",
    route="enumeration of 2^8 states",
)
def hamiltonian() -> Verdict:
    """H is −(N/2) Σ m_μ² + M/2, and the marginal energy of the machine with w = ξ/√N plus M/2."""
    N, M = 8, 3
    xi = rbm_sim.random_patterns(N, M, rng=1).astype(float)
    v = np.array(list(itertools.product((-1.0, 1.0), repeat=N)))
    J = xi @ xi.T / N
    printed = -0.5 * np.einsum("ki,ij,kj->k", v, J - np.diag(np.diag(J)), v)
    machine = rbm_sim.RBM(xi / math.sqrt(N), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    overlaps = (v @ xi / N) ** 2
    truth = [machine.marginal_energy(v) + M / 2, -N / 2 * overlaps.sum(axis=1) + M / 2]
    return weigh(printed, truth, ROUNDING, "all 256 states; the i ≠ j costs the constant M/2")


@check(
    source=SOURCE,
    where="Limits of Hopfield model, distribution of i.i.d. weights",
    printed="ξ = +1 with prob ½, -1 with prob ½",
    seen="p",
    route="simulation: frequencies of all pairs of patterns, z-score",
)
def law_of_patterns() -> Verdict:
    """The four pairs of values of two patterns, as drawn by the simulator, against the product of the two laws."""
    N = 100_000
    xi = rbm_sim.random_patterns(N, 2, rng=13)
    law = dict(zip((-1.0, 1.0), (0.5, 0.5), strict=True))
    z = []
    for a, b in itertools.product(law, repeat=2):
        p = law[a] * law[b]
        z.append((((xi[:, 0] == a) & (xi[:, 1] == b)).mean() - p) / math.sqrt(p * (1 - p) / N))
    tolerance = Tolerance("standard errors", 3.5, "four frequencies, one seed: 0.2 % beyond by chance")
    return weigh(z, 0.0, tolerance, f"{N} sites of two patterns, seed 13")


@check(
    source=SOURCE,
    where="few patterns",
    printed="m = <ξ_i tanh(β m·ξ_i)>",
    seen="p",
    route="solutions at load 1e-12, enumeration of 2^3 patterns",
)
def low_load_equation() -> Verdict:
    """Solutions at vanishing load, n = 1 and 3, put into the printed equation; T = 0.3."""
    T = 0.3
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    printed, truth = [], []
    for start, n in (("retrieval", 1), (("mixture", 3), 3)):
        m = np.zeros(3)
        m[:n] = replica.solve(Hopfield(alpha=FEW, T=T), start=start).order.m
        printed.append((signs * np.tanh(signs @ m / T)[:, None]).mean(axis=0))
        truth.append(m)
    return weigh(printed, truth, SMALL_LOAD, "average over all ξ; the slide has a stray bracket")


@check(
    source=SOURCE,
    where="Hopfield phase transition, above T = 1",
    printed="f = -T log 2, m = 0",
    seen="p",
    route="exact sum over 2^N states, N = 20000 and 40000",
)
def paramagnet() -> Verdict:
    """Exact free energy of one pattern and N spins, its 1/N correction taken out."""
    T = 1.2
    f = [_curie_weiss(N, T)[0] for N in (20_000, 40_000)]
    tolerance = Tolerance("second order in 1/N", 1e-7, "N = 40000 after extrapolation: 1/N² = 6e-10 times some 10")
    return weigh(-T * math.log(2), 2 * f[1] - f[0], tolerance, "one pattern, exact sum over the 2^N states")


@check(
    source=SOURCE,
    where="Hopfield phase transition, name of the phase above T = 1",
    printed="spin-glass phase, at α << 1",
    seen="p",
    right="paramagnetic phase: m = 0 and q = 0",
    route="all solutions at T = 1.2",
    expected="differs",
)
def name_of_hot_phase() -> Verdict:
    """With few patterns the state above T = 1 is a paramagnet: q = 0, and there is no other solution."""
    states = replica.solve_all(Hopfield(alpha=1e-6, T=1.2))
    kinds = sorted({s.kind for s in states})
    outcome = Outcome.REPRODUCED if "spin_glass" in kinds else Outcome.DIFFERS
    note = "q = 0; the spin glass lies below T_g = 1 + √α and needs m = 0 < q"
    return Verdict(outcome, ", ".join(kinds), note)


@check(
    source=SOURCE,
    where="Hopfield phase transition, near T = 0",
    printed="f = -½ m², m = <ξ sgn(m·ξ)>",
    seen="p",
    route="solutions at load 1e-20, enumeration of 2^5 patterns",
)
def ground_states() -> Verdict:
    """Energy and overlap of retrieval, 3- and 5-mixtures at T = 0 and vanishing load."""
    printed, truth = [], []
    for n in (1, 3, 5):
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
        m = (signs * np.sign(signs.sum(axis=1))[:, None]).mean(axis=0)
        start = "retrieval" if n == 1 else ("mixture", n)
        state = replica.solve(Hopfield(alpha=1e-20), start=start)
        printed.append([m[0], -0.5 * (m @ m)])
        truth.append([state.order.m, state.free_energy])
    tolerance = Tolerance("small load", 1e-9, "a load of 1e-20 enters as √α = 1e-10")
    return weigh(printed, truth, tolerance, "n = 1, 3, 5: f = −1/2, −3/8, −45/128")


@check(
    source=SOURCE,
    where="Hopfield phase transition, bound",
    printed="m² ≤ 1, lowest states m = (1, 0, ..., 0)",
    seen="p",
    route="iteration from 400 random starts",
)
def bound_on_overlaps() -> Verdict:
    """Fixed points of m = ⟨ξ sgn(m·ξ)⟩ reached from 400 random starts in five patterns."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=5)))
    m = np.random.default_rng(5).normal(size=(400, 5))
    for _ in range(100):
        m = np.sign(m @ signs.T) @ signs / len(signs)
    square = (m * m).sum(axis=1)
    pure = np.isclose(np.abs(m).max(axis=1), 1)
    holds = (square <= 1 + 1e-12).all() and (square[~pure] < 1 - 1e-6).all() and pure.any()
    shown = f"m² = 1 in {pure.sum()} of 400, at most {square[~pure].max():.4f} in the others"
    return Verdict(Outcome.REPRODUCED if holds else Outcome.DIFFERS, shown, "only single patterns reach the bound")


def _curie_weiss(N: int, T: float) -> tuple[float, float]:
    """Free energy per spin and mean |m| of N spins with one pattern, H = −½ Σ_{i≠j} v_i v_j/N, exactly."""
    up = np.arange(N + 1)
    m = 2 * up / N - 1
    log_weight = gammaln(N + 1) - gammaln(up + 1) - gammaln(N - up + 1) + (N * m * m - 1) / (2 * T)
    log_Z = logsumexp(log_weight)
    return -T * log_Z / N, float((np.exp(log_weight - log_Z) * np.abs(m)).sum())


def _gauss(f: Callable[[float], float]) -> float:
    """∫Dz f(z)."""
    density = 1 / math.sqrt(2 * math.pi)
    return quad(lambda z: density * math.exp(-z * z / 2) * f(z), -12, 12, epsabs=1e-13, epsrel=1e-12, limit=400)[0]


@check(
    source=SOURCE,
    where="Many patterns, finite T",
    printed="m = <ξ tanh[β√(αr) z + m·ξ]>, q = <tanh²[β√(αr) z + m·ξ]>",
    seen="p",
    right="m = <ξ tanh β[√(αr) z + m·ξ]>, q = <tanh² β[√(αr) z + m·ξ]>",
    route="exact sum over 2^N states; saddle point at T = 0.2",
    expected="misprint",
)
def finite_temperature_equations() -> Verdict:
    """β multiplies the whole argument: at vanishing load one pattern has the exact overlap of the Curie–Weiss sum."""
    T = 0.5
    m = [_curie_weiss(N, T)[1] for N in (4000, 8000)]
    exact = 2 * m[1] - m[0]
    printed, corrected = math.tanh(exact), math.tanh(exact / T)
    state = replica.solve(Hopfield(alpha=0.05, T=0.2))
    order, s = state.order, math.sqrt(0.05 * state.order.r)

    def averages(argument: Callable[[float], float]) -> list[float]:
        return [_gauss(lambda z: math.tanh(argument(z))), _gauss(lambda z: math.tanh(argument(z)) ** 2)]

    as_printed = averages(lambda z: s * z / 0.2 + order.m)
    as_corrected = averages(lambda z: (s * z + order.m) / 0.2)
    tolerance = Tolerance("second order in 1/N", 1e-6, "N = 8000 after extrapolation: 1/N² = 2e-8 times some 10")
    note = f"one pattern, T = 0.5: exact m = {exact:.7f}; and the saddle point of f at T = 0.2, load 0.05 (next check)"
    return weigh(
        [printed, *as_printed], [exact, order.m, order.q], tolerance, note, corrected=[corrected, *as_corrected]
    )


@check(
    source=SOURCE,
    where="Many patterns, finite T",
    printed="r = q [1 - β(1-q)]^{-2}",
    seen="p",
    route="derivative of the free energy by quadrature",
)
def noise_equation() -> Verdict:
    """The free energy of AGS, by quadrature, is stationary where r has this value."""
    alpha, T = 0.05, 0.2
    state = replica.solve(Hopfield(alpha=alpha, T=T))
    m, q = state.order.m, state.order.q

    def f(m: float, q: float, r: float) -> float:
        C = (1 - q) / T
        s = math.sqrt(alpha * r)
        sites = T * _gauss(lambda z: np.logaddexp((m + s * z) / T, -(m + s * z) / T))
        return m * m / 2 + alpha / 2 * (T * math.log(1 - C) - q / (1 - C)) + alpha / 2 * r * C - sites

    r = q / (1 - (1 - q) / T) ** 2
    return weigh(gradient(f, {"m": m, "q": q, "r": r}), 0.0, SMOOTH, "∂f/∂(m, q, r) at T = 0.2, load 0.05")


@check(
    source=SOURCE,
    where="Many patterns, T → 0",
    printed="m = erf(m/√(2αr)), q = 1, r = (1-C)^{-2}, C = √(2/(παr)) e^{-m²/2αr}",
    seen="p",
    route="solution at T = 1e-4, quadrature",
)
def zero_temperature_limit() -> Verdict:
    """The state at T = 1e-4, with q and C = β(1−q) by quadrature of the finite-T equations."""
    alpha, T = 0.12, 1e-4
    order = replica.solve(Hopfield(alpha=alpha, T=T)).order
    s = math.sqrt(alpha * order.r)
    x = order.m / s
    C = math.sqrt(2 / math.pi) / s * math.exp(-x * x / 2)
    kink, width = -x, 40 * T / s

    def slope(z: float) -> float:
        u = (order.m + s * z) / T
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / math.cosh(u) ** 2 / T

    response = quad(slope, kink - width, kink + width, epsabs=1e-13, limit=200)[0]
    printed = [erf(x / math.sqrt(2)), 1.0, (1 - C) ** -2, C]
    truth = [order.m, 1 - T * response, order.r, response]
    tolerance = Tolerance("first order in T", 1e-3, "1 − q = T C = 2e-5, and r responds to it with a factor below 50")
    return weigh(printed, truth, tolerance, "finite-T state at T = 1e-4, load 0.12")


@check(
    source=SOURCE,
    where="Many patterns",
    printed="y (√(2α) + (2/√π) e^{-y²}) = erf(y)",
    seen="p",
    route="all solutions at four loads",
)
def reduced_equation() -> Verdict:
    """The equation in y = m/√(2αr) holds on both branches of retrieval."""
    worst = []
    for alpha in (0.02, 0.05, 0.1, 0.13):
        for s in replica.solve_all(Hopfield(alpha=alpha), n_condensed=(1,)):
            if s.kind == "retrieval":
                y = s.order.m / math.sqrt(2 * alpha * s.order.r)
                worst.append(y * (math.sqrt(2 * alpha) + 2 / math.sqrt(math.pi) * math.exp(-y * y)) - erf(y))
    return weigh(worst, 0.0, ROUNDING, f"{len(worst)} solutions at loads 0.02 to 0.13")


@check(source=SOURCE, where="Many patterns", printed="0.138", seen="p", route="maximum over y")
def critical_capacity() -> Verdict:
    """Largest load at which the printed equation in y has a solution, by maximising over y."""
    found = minimize_scalar(
        lambda y: -(erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)), bounds=(0.5, 3), method="bounded"
    )
    return compare(0.5 * found.fun**2, 0.138, last_digit("0.138"), f"maximum at y = {found.x:.6f}")


@check(
    source=SOURCE,
    where="Hopfield phase transition, temperature",
    printed="T ~ 1",
    seen="p",
    route="curvature of f(m) at m = 0, by differences, four patterns",
)
def transition_temperature() -> Verdict:
    """Where the paramagnet loses its minimum: f(m) = m²/2 − T⟨ln 2cosh(m·ξ/T)⟩ over all ξ."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=4)))

    def curvature(T: float) -> float:
        step = 1e-3
        directions = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]) * step
        f = [d @ d / 2 - T * np.logaddexp(signs @ d / T, -signs @ d / T).mean() + T * math.log(2) for d in directions]
        return min(2 * x / (d @ d) for x, d in zip(f, directions, strict=True))

    T = brentq(curvature, 0.5, 2.0, xtol=1e-12)
    quartic = Tolerance("fourth order in m", 1e-5, "m² = 4e-6 at the largest step")
    return weigh(1.0, T, quartic, f"T = {T:.7f}, in every direction of the overlaps")


@check(
    source=SOURCE,
    where="Many patterns, free energy",
    printed="f = -(1/Nβ) <log Tr e^{-βH}>",
    seen="p",
    route="enumeration of 2^10 states: energy − T entropy",
)
def definition_of_free_energy() -> Verdict:
    """Energy minus T times entropy of the Boltzmann law, two machines of three patterns, two temperatures."""
    N, M = 10, 3
    v = np.array(list(itertools.product((-1.0, 1.0), repeat=N)))
    printed, truth = [], []
    for seed, T in ((1, 0.4), (2, 1.5)):
        xi = rbm_sim.random_patterns(N, M, rng=seed).astype(float)
        H = -N / 2 * ((v @ xi / N) ** 2).sum(axis=1) + M / 2
        law = np.exp(-(H - H.min()) / T)
        law /= law.sum()
        printed.append(-T / N * logsumexp(-H / T))
        truth.append((law @ H + T * (law @ np.log(law))) / N)
    return weigh(printed, truth, ROUNDING, "N = 10, M = 3; T = 0.4 and 1.5")
