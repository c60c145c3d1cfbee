"""Manzan, slides (2021), slides 22 and 23: the replicated partition function before its average."""

from __future__ import annotations

import math

import numpy as np

from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh
from paper_checks.slides_machine import small_weights, spins

SOURCE = "Manzan, slides (2021)"
FIRST = "Towards free energy, first line of Z^n"
LOST = "(the minus signs may be lost in the text copy)"
BETA = 0.7


@check(
    source=SOURCE,
    where="Replica theory, energy of the bipartite network",
    printed="E = -Σ w v h - Σ U_v(v_i) + Σ U_h(h_μ)",
    seen="p",
    right="E = -Σ w v h + Σ U_v(v_i) + Σ U_h(h_μ)",
    route="lowest state without weights, against the visible term of the slide 'Towards free energy'",
    expected="misprint",
)
def visible_potential() -> Verdict:
    """Without weights f per visible unit is min U_v, as the general free energy has it."""
    v = np.array([0.0, 1.0])
    printed, corrected, truth = [], [], []
    for U in (-0.7 * v, 0.4 * v, -0.3 + 0.5 * v):
        printed.append(np.min(-U))
        corrected.append(np.min(U))
        # f has min_v [U_v(v) − …]: T ln of the trace of e^{−U_v/T} as T → 0
        truth.append(-1e-3 * np.logaddexp.reduce(-U / 1e-3))
    note = "as on the slides before and after; eq. (1) has the same slip"
    return weigh(printed, truth, ROUNDING, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Replica theory, partition function",
    printed="Z = Σ_{v} Σ_{h} e^{-βE(v,h)}",
    seen="p",
    right="Z = Σ_{v} ∫dh e^{-βE(v,h)}",
    route="Gaussian integral in closed form, 2^2 visible states",
    expected="misprint",
)
def sum_over_hidden_states() -> Verdict:
    """The hidden units are continuous: a sum over values on a grid depends on the grid, the integral does not."""
    w, v = small_weights(2, 2), spins(2, low=0)
    I = v @ w
    truth = (np.exp(BETA * I**2 / 2) * math.sqrt(2 * math.pi / BETA)).prod(axis=1).sum()
    h, step = np.linspace(-20, 20, 401, retstep=True)
    total = np.exp(-BETA * (h * h / 2 - I[..., None] * h)).sum(axis=2).prod(axis=1).sum()
    corrected = total * step**2
    close = Tolerance("rounding", 1e-12, "trapezoid rule of Gaussians, step 0.1", relative=True)
    note = "printed: a grid of step 0.1; Z^n one line below has integrals, there over v too"
    return weigh(total, truth, close, note, corrected=corrected)


@check(
    source=SOURCE,
    where="Replica theory, replica partition function",
    printed="Z^n = ∫ Π dv_{i,a} ∫ Π dh_{μ,a} e^{-βE(v_a, h_a)}",
    seen="p",
    right="Z^n = ∫ Π dv_{i,a} ∫ Π dh_{μ,a} e^{-β Σ_a E(v_a, h_a)}",
    route="enumeration of two and of three replicas",
    expected="misprint",
)
def sum_over_replicas() -> Verdict:
    """Powers of Z of a machine of four units, against sums over all states of its replicas."""
    w, v, h = small_weights(2, 2), spins(2, low=0), spins(2, low=0)
    E = (-(v @ w) @ h.T - 0.2 * h.sum(axis=1)).ravel()
    truth = [np.exp(-BETA * E).sum() ** n for n in (2, 3)]
    pair, triple = np.add.outer(E, E), np.add.outer(np.add.outer(E, E), E)
    corrected = [np.exp(-BETA * pair).sum(), np.exp(-BETA * triple).sum()]
    printed = [np.exp(-BETA * E).sum() * len(E) ** (n - 1) for n in (2, 3)]
    close = Tolerance("rounding", 1e-12, "sums of up to 4096 terms", relative=True)
    return weigh(printed, truth, close, "the sum over replicas in the exponent is missing", corrected=corrected)


def replicated_weight(
    strong_sign: int = 1, strong_factor: float = 1.0, weak_sign: int = 1, visible: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Exponent of Z for L = 2 strong and 2 weak units at given h, term by term, and −βE of the machine.

    Parameters
    ----------
    strong_sign, weak_sign : int
        Signs of the couplings.
    strong_factor : float
        Factor of the coupling to the strong units.
    visible : float
        Factor of −βΣU_v.

    Returns
    -------
    exponent, truth : ndarray, shape (8,)
        The exponent as it is written and −βE, for each of the 2^3 visible configurations.
    """
    rng = np.random.default_rng(24)
    w, strong, g = rng.normal(size=(3, 4)), 1.3, 0.3
    h = np.array([strong, strong, 0.4, 0.9])
    v = spins(3, low=0)
    truth = -BETA * np.array([-x @ w @ h - g * x.sum() + h @ h / 2 for x in v])
    lead = strong_sign * strong_factor * strong * (v @ w[:, :2]).sum(axis=1)
    weak = weak_sign * (v @ w[:, 2:]) @ h[2:]
    units = -2 * strong**2 / 2 - (h[2:] ** 2).sum() / 2
    return BETA * (units + lead + weak + visible * g * v.sum(axis=1)), truth


def _slip(note: str, **slip: float) -> Verdict:
    """One slip of the first line, everything else put right."""
    corrected, truth = replicated_weight()
    return weigh(replicated_weight(**slip)[0], truth, ROUNDING, note, corrected=corrected)  # type: ignore[arg-type]


@check(
    source=SOURCE,
    where=f"{FIRST}, coupling to the strong units",
    printed="-βm√N … Σ w_iμ Σ_a v_i^a",
    seen="p",
    right="+βm√N Σ_{i,μ≤L} w_iμ Σ_a v_i^a",
    route="e^{-βE} of all visible states",
    extraction=True,
    expected="misprint",
)
def sign_of_strong_term() -> Verdict:
    """The energy has −w v h, so the exponent has +βw v h; the averaged Z^n below has it right."""
    return _slip(f"as in the averaged Z^n {LOST}", strong_sign=-1)


@check(
    source=SOURCE,
    where=f"{FIRST}, factor L",
    printed="βm√N L Σ_{i,μ=1..L} w_iμ Σ_a v_i^a",
    seen="p",
    right="βm√N Σ_{i,μ≤L} w_iμ Σ_a v_i^a",
    route="e^{-βE} of all visible states",
    expected="misprint",
)
def factor_of_strong_term() -> Verdict:
    """The sum runs over the L strong units already."""
    return _slip("no L before a sum over the L units", strong_factor=2)


@check(
    source=SOURCE,
    where=f"{FIRST}, coupling to the weak units",
    printed="-β Σ_{i,μ>L} w_iμ Σ_a v_i^a h_μ^a",
    seen="p",
    right="+β Σ_{i,μ>L} w_iμ Σ_a v_i^a h_μ^a",
    route="e^{-βE} of all visible states",
    extraction=True,
    expected="misprint",
)
def sign_of_weak_term() -> Verdict:
    """The average over weights of both signs does not see it."""
    return _slip(f"harmless after the average {LOST}", weak_sign=-1)


@check(
    source=SOURCE,
    where=f"{FIRST}, visible potential",
    printed="(no term with U_v)",
    seen="p",
    right="-β Σ_{i,a} U_v(v_i^a)",
    route="e^{-βE} of all visible states",
    expected="misprint",
)
def visible_potential_missing() -> Verdict:
    """It is there again, with the right sign, in the averaged Z^n."""
    return _slip("-βΣ U_v is missing in the first line", visible=0.0)
