"""Free energy and entropy of the random energy model against temperature, finite N beside the limit N → ∞.

Manzan, slides (2021), "Replica theory": independent energies E ~ N(0, σ²), here 2^N of variance N/2; B. Derrida, Phys.
Rev. B 24, 2613 (1981). The annealed average ln⟨Z⟩ gives f = −T ln 2 − 1/(4T), of negative entropy below T_c =
1/(2√ln 2); there replicas group and f stays at −√ln 2. Symbols: enumeration of all 2^N levels. Thin lines: E ln Z of
finite N as an integral, from E e^{−tZ} = (E exp(−t e^{−βE}))^{2^N}.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

from figures._spread import spread
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (9.6, 4.8)
SEED = 1981
SAMPLES = {10: 4000, 14: 1000, 18: 400, 20: 200}
T_C = 1 / (2 * math.sqrt(math.log(2)))
SIMULATED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2)
POINTS = [("enumeration", N, T) for N in SAMPLES for T in SIMULATED]
KEYS = ("series", "N", "T")
"""Columns that a point sets."""
SPOT = (0, 18)
LINES = (10, 20, 100)
TEMPERATURES = np.sort([*np.round(np.linspace(0.08, 1.4, 34), 10), T_C])


def compute() -> Table:
    """The limit, the annealed average, the integral at finite N and enumerations.

    Returns
    -------
    Table
        Columns series ("limit", "annealed", "integral", "enumeration"), N (null in the limit), T, f and s (free
        energy and entropy per unit), f_err, s_err (standard errors), samples.
    """
    rows: list[Row] = []
    for T in TEMPERATURES:
        for series, values in (("limit", limit(T)), ("annealed", annealed(T))):
            rows.append({"series": series, "N": None, "T": float(T), "f": values[0], "s": values[1]})
    for N in LINES:
        for T in TEMPERATURES:
            f, s = integral(N, float(T))
            rows.append({"series": "integral", "N": N, "T": float(T), "f": f, "s": s})
    rows += spread(row, POINTS)
    return Table.from_rows(rows, {"rng": SEED})


def annealed(T: float) -> tuple[float, float]:
    """Free energy and entropy per unit of the annealed average, −T ln 2 − 1/(4T) and ln 2 − 1/(4T²).

    Parameters
    ----------
    T : float
        Temperature, > 0.

    Returns
    -------
    f, s : float
        Free energy and entropy per unit, N → ∞; the entropy is negative below T_c, where the average fails.
    """
    return -T * math.log(2) - 1 / (4 * T), math.log(2) - 1 / (4 * T * T)


def limit(T: float) -> tuple[float, float]:
    """Free energy and entropy per unit for N → ∞: annealed above T_c, frozen below.

    Parameters
    ----------
    T : float
        Temperature, > 0.

    Returns
    -------
    f, s : float
        Free energy and entropy per unit; −√ln 2 and 0 below T_c.
    """
    return annealed(T) if T > T_C else (-math.sqrt(math.log(2)), 0.0)


def integral(N: int, T: float) -> tuple[float, float]:
    """Mean free energy and entropy per unit of finite N: E ln Z = −γ − E X, P(X > x) = G(x)^M, M = 2^N levels.

    G(x) = E exp(−e^{x − βE}), and −γ − X is ln Z with a Gumbel variable added.

    Parameters
    ----------
    N : int
        Number of units, up to some hundred.
    T : float
        Temperature, > 0.

    Returns
    -------
    f, s : float
        Free energy and entropy per unit, averaged over the energies of the levels.
    """
    levels, a = 2.0**N, math.sqrt(N / 2) / T
    far = math.sqrt(2 * N * math.log(2)) + 9
    # trapezoid rules: the integrands are analytic in strips of widths π/2a and O(1)
    z = np.arange(-far, 9, min(0.35 / a, 0.1))
    weight = np.exp(-(z**2) / 2) * (z[1] - z[0]) / math.sqrt(2 * math.pi)

    def exponent(x: Any) -> Any:
        with np.errstate(over="ignore"):
            deficit = -np.expm1(-np.exp(np.subtract.outer(x, a * z)))
        return -levels * np.log1p(-np.minimum(deficit @ weight, 1 - 1e-16))

    def edge(level: float) -> float:
        return float(brentq(lambda x: math.log(exponent(x) + 1e-300) - math.log(level), -far * a - 60, far * a + 60))

    low, high = edge(1e-17), edge(40.0)
    x = np.linspace(low, high, 2 + int((high - low) / 0.25))
    survival = np.exp(-exponent(x))
    step = x[1] - x[0]
    log_Z = -np.euler_gamma - (low + step * (survival.sum() - (survival[0] + survival[-1]) / 2))
    # β dX/dβ at fixed probability has the mean −∫ dx β ∂G^M/∂β
    with np.errstate(over="ignore", invalid="ignore"):
        w = np.subtract.outer(x, a * z)
        density = np.where(w < 40, np.exp(np.minimum(w, 40) - np.exp(np.minimum(w, 40))), 0.0)
    inner = (density * (a * z)) @ weight / np.exp(-exponent(x) / levels)
    beta_u = step * (levels * survival * inner).sum()
    return float(-T * log_Z / N), float((log_Z + beta_u) / N)


def row(point: tuple[str, int, float]) -> Row:
    """Enumerate all levels of samples at one N and T; samples are the same at all T.

    Parameters
    ----------
    point : tuple
        Series, N and T.

    Returns
    -------
    dict
        Series, N, T, f and s per unit with their standard errors, and the number of samples.
    """
    series, N, T = point
    found = []
    for seed in np.random.SeedSequence([SEED, N]).spawn(SAMPLES[N]):
        E = np.random.default_rng(seed).standard_normal(2**N) * math.sqrt(N / 2)
        lowest = E.min()
        boltzmann = np.exp((lowest - E) / T)
        Z = boltzmann.sum()
        f = lowest - T * math.log(Z)
        found.append((f / N, (E @ boltzmann / Z - f) / (T * N)))
    values = np.array(found)
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))
    numbers = {"f": mean[0], "s": mean[1], "f_err": error[0], "s_err": error[1]}
    return {
        "series": series,
        "N": N,
        "T": T,
        **{name: float(value) for name, value in numbers.items()},
        "samples": SAMPLES[N],
    }


def draw(table: Table, figure: Figure) -> None:
    """Draw free energy and entropy against temperature.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    left, right = figure.subplots(1, 2)
    lines: list[tuple[str, int | None, dict[str, Any]]] = [
        (
            "limit",
            None,
            {"linestyle": "-", "color": "black", "linewidth": 2, "label": r"$N \to \infty$, frozen below $T_c$"},
        ),
        ("annealed", None, {"linestyle": "--", "color": "black", "label": r"annealed, $\ln\langle Z\rangle$"}),
    ]
    for N, dashes in zip(LINES, ("-", "-.", ":"), strict=True):
        look = {"linestyle": dashes, "color": "0.45", "linewidth": 1.2, "label": f"$N = {N}$, integral"}
        lines.append(("integral", N, look))
    for ax, name in ((left, "f"), (right, "s")):
        for series, number, style in lines:
            mine = [r for r in rows if r["series"] == series and r["N"] == number]
            ax.plot([r["T"] for r in mine], [r[name] for r in mine], **style)
        faces, sizes = ("white", "white", "white", "black"), (5, 5, 8, 3.5)
        for N, marker, face, size in zip(SAMPLES, "so^D", faces, sizes, strict=True):
            mine = [r for r in rows if r["series"] == "enumeration" and r["N"] == N]
            T, mean, error = ([r[key] for r in mine] for key in ("T", name, f"{name}_err"))
            label = f"$N = {N}$, {SAMPLES[N]} samples"
            drawn = ax.errorbar(T, mean, error, fmt=marker, color="black", markersize=size, capsize=2, label=label)
            drawn.lines[0].set_markerfacecolor(face)
        ax.axvline(T_C, color="0.7", linewidth=0.8, zorder=0)
        ax.set(xlabel=r"temperature $T$", xlim=(0, 1.4))
        ax.grid(alpha=0.3)
    left.set(ylabel="free energy per unit $f$", ylim=(-1.16, -0.55), title="Random energy model, var $E = N/2$")
    left.annotate(rf"$T_c = {T_C:.4f}$", (T_C, -1.14), (4, 0), textcoords="offset points")
    left.annotate(r"$-\sqrt{\ln 2}$", (0.02, -math.sqrt(math.log(2))), (0, -14), textcoords="offset points")
    right.set(ylabel="entropy per unit $s$", ylim=(-0.3, 0.6), title="Entropy")
    right.legend(frameon=False, loc="lower right", fontsize=9)
