"""Manzan, slides (2021), slides 19 and 20: participation ratio and weight sparsity."""

from __future__ import annotations

import numpy as np

import rbm_sim
from paper_checks.check import Tolerance, Verdict, check
from paper_checks.evidence import ROUNDING, weigh

SOURCE = "Manzan, slides (2021)"
RELATIVE = Tolerance("rounding", 1e-12, "double precision", relative=True)


@check(
    source=SOURCE,
    where="strongly activated hidden units",
    printed="L = [((Σ h)^a)²/Σ h^{2a}], a = 3",
    seen="p",
    right="L = (Σ h^a)²/Σ h^{2a}",
    route="equal units among silent ones",
    expected="misprint",
)
def participation_ratio() -> Verdict:
    """For L equal units among silent ones the ratio should be L."""
    L = np.array([1, 2, 5, 20])
    sums = L * 0.7
    printed = sums ** (3 * 2) / (L * 0.7**6)
    corrected = (L * 0.7**3) ** 2 / (L * 0.7**6)
    return weigh(printed, L, RELATIVE, "(Σ h^a)²/Σ h^{2a}: the power stands inside the sum", corrected=corrected)


def _typical(N: int, M: int, L: int, m: float, r: float) -> float:
    """Participation ratio of L units at m√N and M − L at √r."""
    h = np.concatenate([np.full(L, m * np.sqrt(N)), np.full(M - L, np.sqrt(r))])
    return float(rbm_sim.participation_ratio(h, a=3))


@check(
    source=SOURCE,
    where="typical configuration, first line",
    printed="(L m³ N^{3/2} + (N-L) r^{3/2})²/(L m⁶ N³ + (N-L) r³)",
    seen="p",
    right="M - L for N - L",
    route="the ratio of the configuration itself",
    expected="misprint",
)
def number_of_weak_units() -> Verdict:
    """There are M − L weak hidden units, of strength √r here, not N − L."""
    N, M, L, m, r = 100, 350, 5, 0.4, 2.0

    def ratio(weak: int) -> float:
        return (L * m**3 * N**1.5 + weak * r**1.5) ** 2 / (L * m**6 * N**3 + weak * r**3)

    return weigh(ratio(N - L), _typical(N, M, L, m, r), RELATIVE, "M − L for N − L", corrected=ratio(M - L))


@check(
    source=SOURCE,
    where="typical configuration, second line",
    printed="L (1 + (N-L) r^{3/2}/(N^{3/2} L m³))²/(1 + (N-L) r^{3/2}/(N³ L m⁶))",
    seen="p",
    right="r³ for r^{3/2} in the denominator",
    route="the ratio of the configuration itself",
    expected="misprint",
)
def denominator_of_ratio() -> Verdict:
    """The denominator carries r³, as in the line above it; at M = N, so that only this differs."""
    N, L, m, r = 100, 5, 0.4, 2.0
    top = (1 + (N - L) / N**1.5 * r**1.5 / (L * m**3)) ** 2

    def ratio(power: float) -> float:
        return L * top / (1 + (N - L) / N**3 * r**power / (L * m**6))

    return weigh(ratio(1.5), _typical(N, N, L, m, r), RELATIVE, "r³ for r^{3/2}", corrected=ratio(3.0))


@check(
    source=SOURCE,
    where="typical configuration, second line, number of weak units",
    printed="(N-L)/N^{3/2} in the numerator, (N-L)/N³ in the denominator",
    seen="p",
    right="M - L for N - L, twice",
    route="the ratio of the configuration itself",
    expected="misprint",
)
def weak_units_in_the_second_line() -> Verdict:
    """The same slip as in the line above it; r³ in the denominator is put right."""
    N, M, L, m, r = 100, 350, 5, 0.4, 2.0

    def ratio(weak: int) -> float:
        top = (1 + weak / N**1.5 * r**1.5 / (L * m**3)) ** 2
        return L * top / (1 + weak / N**3 * r**3 / (L * m**6))

    return weigh(ratio(N - L), _typical(N, M, L, m, r), RELATIVE, "M − L for N − L", corrected=ratio(M - L))


@check(
    source=SOURCE,
    where="typical configuration, limit",
    printed="PR_3 → L as N → ∞",
    seen="p",
    route="the ratio at N = 1e4 to 1e6",
)
def limit_of_ratio() -> Verdict:
    """At fixed load the weak units no longer count: the ratio tends to L."""
    N = np.array([10**4, 10**5, 10**6])
    L, m, r = 5, 0.8, 1.5
    found = np.array([_typical(n, n // 2, L, m, r) for n in N])
    first = 2 * (0.5 * r**1.5) / (m**3 * np.sqrt(N))
    tolerance = Tolerance("second order", 0.01, "corrections of order 1/N are below 1e-2 at N = 1e4")
    note = f"L = 5: {found[0]:.4f}, {found[1]:.4f}, {found[2]:.4f} at N = 1e4, 1e5, 1e6; falls as 1/√N"
    return weigh(found - first, L, tolerance, note)


@check(
    source=SOURCE,
    where="weight sparsity",
    printed="p = (1/MN) Σ_μ [(Σ_i w²)/(Σ_i w⁴)]",
    seen="p",
    right="p = (1/MN) Σ_μ [(Σ_i w²)²/Σ_i w⁴]",
    route="weights of one size in a fraction p of the places",
    expected="misprint",
)
def weight_sparsity() -> Verdict:
    """For weights of one size in a fraction p of the places the estimate should be p."""
    N, M, p, size = 200, 50, 0.1, 0.3
    w = np.zeros((N, M))
    for mu in range(M):
        w[np.random.default_rng(mu).permutation(N)[: int(p * N)], mu] = size
    squares, fourths = (w**2).sum(axis=0), (w**4).sum(axis=0)
    printed = (squares / fourths).sum() / (M * N)
    corrected = (squares**2 / fourths).sum() / (M * N)
    note = "(Σ w²)²/Σ w⁴: as printed it is 1/(N w²), which depends on the size of the weights"
    return weigh(printed, p, ROUNDING, note, corrected=corrected)


@check(
    source=SOURCE,
    where="strongly activated hidden units, the power",
    printed="The value of a is set to 3",
    seen="p",
    route="N = 1e6 to 1e8, a = 1 to 4",
)
def power_of_ratio() -> Verdict:
    """The smallest whole a for which the ratio tends to L: at a = 1 it grows with N, at a = 2 it is off for good."""
    L, m, r = 5, 0.8, 1.5
    ratios: dict[int, list[float]] = {}
    for a in (1, 2, 3, 4):
        ratios[a] = []
        for N in (10**6, 10**8):
            weak = N // 2 - L
            strong, rest = L * (m * np.sqrt(N)) ** a, weak * np.sqrt(r) ** a
            ratios[a].append((strong + rest) ** 2 / (L * (m * np.sqrt(N)) ** (2 * a) + weak * r**a))
    found = min(a for a, (_, last) in ratios.items() if abs(last / L - 1) < 0.01)
    exact = Tolerance("exact", 0.0, "a whole number; within 1 % of L at N = 1e8")
    note = "L = 5: " + ", ".join(f"{last:.4g} at a = {a}" for a, (_, last) in ratios.items()) + " (N = 1e8)"
    return weigh(3, found, exact, note)


@check(
    source=SOURCE,
    where="typical configuration, weak units",
    printed="h_μ = √r x_μ for μ > L",
    seen="p",
    route="simulation at M = 2000 to 200000",
)
def random_weak_units() -> Verdict:
    """With x of unit variance, not 1, the sum over weak units has another factor, and the limit is the same."""
    L, m, r = 5, 0.8, 1.5
    found, bound = [], []
    for N in (4_000, 40_000, 400_000):
        x = np.abs(np.random.default_rng(N).normal(size=N // 2 - L))
        h = np.concatenate([np.full(L, m * np.sqrt(N)), np.sqrt(r) * x])
        found.append(float(rbm_sim.participation_ratio(h, a=3)))
        bound.append(2 * 0.5 * r**1.5 * 2 * np.sqrt(2 / np.pi) / (m**3 * np.sqrt(N)))
    tolerance = Tolerance("second order", 0.05, "corrections of order 1/N and fluctuations of the cubes at N = 4000")
    note = f"{found[0]:.4f}, {found[1]:.4f}, {found[2]:.4f}: L + 2(M/N) r^{{3/2}} <|x|³>/(m³√N), <|x|³> = 1.596, not 1"
    return weigh(np.array(found) - bound, L, tolerance, note)
