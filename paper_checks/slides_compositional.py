"""Manzan, slides (2021), slides 30 and 31: the compositional limit p → 0."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import erfc, ive

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import PRECISE, gradient, weigh
from paper_checks.slides_gaussian_integrals import integral
from replica import solve, solve_all
from replica.diagrams.best_ell import ell_star
from replica.models import CompositionalRBM, ReluRBM

SOURCE = "Manzan, slides (2021)"
WHERE = "Compositional phase"
ELL, ALPHA, THETA, G = 0.4, 0.5, 0.5, -0.21
"""A state with noise that is not negligible."""

W = np.arange(-25, 26)
LAW = ive(np.abs(W), ELL)
"""e^{−ℓ} I_|w|(ℓ)."""


def printed_state() -> dict[str, float]:
    """m̃, q, r̃, C and B̃ by iterating the printed equations with the printed M, θ_v and θ_h.

    Returns
    -------
    dict
        Name to value of m, q, r, C and B; the iteration starts at the state without noise.
    """
    m, q, r, C, B = 0.8, 0.15, 1e-4, 0.0, 0.01
    for _ in range(3000):
        noise = math.sqrt(ALPHA * r)
        M, theta_v, theta_h = 0.5 * m / noise, -(G + ALPHA * B / 2) / noise, THETA / math.sqrt(q)
        x = M * W - theta_v
        on = 0.5 * erfc(-x / math.sqrt(2))
        new = (
            2 / ELL * float(LAW @ (W * on)),
            float(LAW @ on),
            q / (1 - C) ** 2 * H(2, theta_h),
            float(LAW @ np.exp(-x * x / 2)) / math.sqrt(2 * math.pi * ALPHA * r),
            H(0, theta_h) / (1 - C),
        )
        old = (m, q, r, C, B)
        m, q, r, C, B = new
        if max(abs(a - b) for a, b in zip(old, new, strict=True)) < 1e-15:
            break
    return {"m": m, "q": q, "r": r, "C": C, "B": B}


def H(k: int, x: float) -> float:
    """H^(k) by quadrature, faster than `integral` and as good here: 400 Gauss-Legendre nodes on 10 units.

    Parameters
    ----------
    k : int
        Order.
    x : float
        Lower limit.

    Returns
    -------
    float
        H^(k)(x) = ∫_x^∞ Dz (z − x)^k.
    """
    t = 5 * (NODES + 1)
    return float(5 * (WEIGHTS @ (t**k * np.exp(-((t + x) ** 2) / 2)))) / math.sqrt(2 * math.pi)


NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)


def functional(m: float, q: float, r: float, C: float, B: float) -> float:
    """Homogeneous free energy of the slides (hidden sign corrected) in rescaled quantities.

    Parameters
    ----------
    m, q, r, C, B : float
        Order parameters.

    Returns
    -------
    float
        f̃, the free energy per visible unit over p.
    """
    s = math.sqrt(ALPHA * r)
    u = (G + m * W / 2 + ALPHA * B / 2) / s
    H1 = np.exp(-u * u / 2) / math.sqrt(2 * math.pi) + u * 0.5 * erfc(-u / math.sqrt(2))
    hidden = ALPHA * q / (2 * (1 - C)) * integral(2, THETA / math.sqrt(q))
    return float(ELL * m * m / 8 + ALPHA / 2 * (r * C + B * q) - s * (LAW @ H1) - hidden)


def printed_energy(m: float, q: float, r: float, C: float, B: float) -> float:
    """Rescaled free energy as printed.

    Parameters
    ----------
    m, q, r, C, B : float
        Order parameters.

    Returns
    -------
    float
        f̃ by the printed formula, which is meant for the saddle only.
    """
    hidden = ALPHA * math.sqrt(q) / 2 * THETA * integral(1, THETA / math.sqrt(q)) / (1 - C)
    return -ELL / 8 * m * m - ALPHA / 2 * (r * C + B * q) - G * q + hidden


@check(
    source=SOURCE,
    where=f"{WHERE}, saddle-point equations",
    printed="m~ = (2/l)<W H0>, C = <e^{-(MW-θ_v)²/2}>/√(2παr~), q = <H0>, r~ = q H2(θ_h)/(1-C)², B~ = H0(θ_h)/(1-C)",
    seen="p",
    route="derivative of the free energy at the iterated solution",
)
def saddle_point_equations() -> Verdict:
    """Solved by iteration as printed, M, θ_v and θ_h included: the rescaled f is stationary there in all five."""
    state = printed_state()
    slopes = gradient(functional, state, step=1e-6)
    rough = Tolerance("numerical derivative", 1e-7, "steps of 1e-6, the scale of r; values to 1e-15")
    note = f"θ̃ = {THETA}, g̃ = {G}, α = {ALPHA}, ℓ = {ELL}: " + ", ".join(f"{k} = {v:.6g}" for k, v in state.items())
    return weigh(slopes, 0.0, rough, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, saddle-point equations",
    printed="the limit of the R-RBM for p << 1",
    seen="p",
    route="R-RBM at p = 0.004, 0.002, 0.001, extrapolated",
)
def limit_of_small_p() -> Verdict:
    """The R-RBM at L = ℓ/p in the printed scaling: what is left falls like p and vanishes by extrapolation."""
    state = printed_state()
    rows = []
    for p in (0.004, 0.002, 0.001):
        o = solve(ReluRBM(alpha=ALPHA, theta=THETA * math.sqrt(p), g=G * p, p=p, L=round(ELL / p))).order
        rows.append([2 * o.m / p, o.q, o.r / p, o.C, o.B / p])
    a, b, c = np.array(rows)
    truth = (a - 6 * b + 8 * c) / 3
    third = Tolerance(
        "third order in p",
        1e-5,
        "8e-9 times the third derivative; Richardson twice from p = 0.004, 0.002, 0.001",
        relative=True,
    )
    order = math.log2(float((a - b)[0] / (b - c)[0]))
    return weigh(list(state.values()), truth, third, f"differences fall like p^{order:.3f}")


def _rescaled(name: str, factor: Callable[[float], float]) -> tuple[float, float]:
    """Quantity over its printed factor at p = 0.002 and 0.001."""
    values = []
    for p in (0.002, 0.001):
        model = ReluRBM(alpha=ALPHA, theta=THETA * math.sqrt(p), g=G * p, p=p, L=round(ELL / p))
        state = solve(model)
        value = state.free_energy if name == "f" else getattr(state.order, name)
        values.append(float(value) / factor(p))
    return values[0], values[1]


FEW = Tolerance("first order in p", 0.01, "corrections of order p = 0.002", relative=True)


@check(
    source=SOURCE,
    where=f"{WHERE}, change of parameters",
    printed="m = m~p/2, r = r~p, B = B~p, f = f~p",
    seen="p",
    route="R-RBM at p = 0.002 and 0.001",
)
def rescaled_quantities() -> Verdict:
    """They stay of order one as p is halved."""
    pairs = [_rescaled(name, lambda p: p) for name in ("m", "r", "B", "f")]
    return weigh([a for a, _ in pairs], [b for _, b in pairs], FEW, "p = 0.002 against 0.001 at fixed ℓ, θ/√p, g/p")


@check(
    source=SOURCE,
    where=f"{WHERE}, change of parameters",
    printed="q = q~p",
    seen="p",
    right="q (not rescaled)",
    route="R-RBM at p = 0.002 and 0.001",
    expected="misprint",
)
def activity_is_not_rescaled() -> Verdict:
    """A rescaled q/p doubles as p is halved; q itself does not change, and the equations below the list use it."""
    (a, b), (x, y) = _rescaled("q", lambda p: p), _rescaled("q", lambda _: 1.0)
    return weigh(a, b, FEW, f"q stays {y:.5f}: no q̃ appears in the equations", corrected=x * b / y)


@check(
    source=SOURCE,
    where=f"{WHERE}, change of parameters",
    printed="(no rule for g)",
    seen="p",
    right="g = g~p",
    route="R-RBM at p = 0.002, both readings",
    expected="misprint",
)
def field_is_rescaled() -> Verdict:
    """θ_v has a g̃ that the list does not define: with g unscaled q → 0 or ½, with g = g̃p it has a limit."""
    L, p = 200, 0.002
    truth = printed_state()["q"]
    silent = float(max((s.order.q for s in solve_all(_bare(G, L, p)) if s.kind == "retrieval"), default=0.0))
    kept = float(solve(_bare(G * p, L, p)).order.q)
    note = f"g = g̃p is missing; with g = g̃ = {G} at p = {p} there is no retrieval state"
    return weigh(silent, truth, FEW, note, corrected=kept)


def _bare(g: float, L: int, p: float) -> ReluRBM:
    return ReluRBM(alpha=ALPHA, theta=THETA * math.sqrt(p), g=g, p=p, L=L)


@check(
    source=SOURCE,
    where="Rescaled free energy",
    printed="f~ = -l m~²/8 - (α/2)(r~C + B~q) - g~q + (α√q/2) θ~ H1(θ~/√q)/(1-C)",
    seen="p",
    route="value of the functional by quadrature",
)
def rescaled_free_energy() -> Verdict:
    """Value on the saddle: that of the functional, and of −ℓm̃²/8 − g̃q − αr̃/2."""
    state = printed_state()
    short = -ELL / 8 * state["m"] ** 2 - G * state["q"] - ALPHA / 2 * state["r"]
    model = CompositionalRBM(alpha=ALPHA, theta=THETA, g=G, ell=ELL)
    truth = [functional(**state), short, solve(model).free_energy]
    slope = gradient(printed_energy, state, step=1e-6)
    note = f"f̃ = {truth[0]:.10f}; on the saddle only: as a functional its slope in m̃ is {slope[0]:.4f}, not 0"
    return weigh(printed_energy(**state), truth, PRECISE, note)


@check(
    source=SOURCE,
    where=f"{WHERE}, change of parameters, right-hand list",
    printed="M = ½ m~/√(αr~), θ_v = -(g~ + αB~/2)/√(αr~), θ_h = θ~/√q",
    seen="p",
    route="the arguments of H at L = l/p and p = 0.01, random points",
)
def reduced_variables() -> Verdict:
    """MW − θ_v is u = (g + mW + αB/2)/√(αpr) and θ_h is θ/√(pq), q as it is and g = g̃p."""
    rng, p = np.random.default_rng(30), 0.01
    printed, truth = [], []
    for m, q, r, B, alpha, theta, g in rng.uniform(0.1, 0.9, size=(20, 7)):
        noise = math.sqrt(alpha * r)
        printed.append([*(0.5 * m / noise * W + (g + alpha * B / 2) / noise), theta / math.sqrt(q)])
        s = math.sqrt(alpha * p * (r * p))
        u = (g * p + m * p / 2 * W + alpha * (B * p) / 2) / s
        truth.append([*u, theta * math.sqrt(p) / math.sqrt(p * q)])
    close = Tolerance("rounding", 1e-12, "double precision", relative=True)
    return weigh(printed, truth, close, "20 random points (m̃, q, r̃, B̃, α, θ̃, g̃), W from −25 to 25")


@check(
    source=SOURCE,
    where=f"{WHERE}, number of strongly activated units; Weight sparsity, L ~ l*/p",
    printed="L ~ l/p",
    seen="p",
    route="minimum of f over whole L at p = 0.04 and 0.02",
)
def number_of_units() -> Verdict:
    """Whole L are tried upwards until f rises; the parabola through the last three, times p, is ℓ* as p → 0."""
    found = []
    for p in (0.04, 0.02):
        controls = {"alpha": ALPHA, "theta": 1.5 * math.sqrt(p), "g": G * p, "p": p}
        L, f = round(0.32 / p), [math.inf, math.inf]
        while len(f) < 5 or f[-1] < f[-2]:
            f.append(solve(ReluRBM(L=L, **controls)).free_energy / p)
            L += 1
        a, b, c = f[-3:]
        found.append(float(p * (L - 2 + (a - c) / (2 * (a - 2 * b + c)))))
    least = ell_star(CompositionalRBM(alpha=ALPHA, theta=1.5, g=G)).value
    second = Tolerance("second order in p", 2e-3, "p² of order one, at p = 0.04")
    note = f"L p = {found[0]:.4f} at p = 0.04, {found[1]:.4f} at 0.02; α = 0.5, θ̃ = 1.5, g̃ = {G}"
    return weigh(2 * found[1] - found[0], least, second, note)
