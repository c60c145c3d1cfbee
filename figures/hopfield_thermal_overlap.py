"""Overlap of the retrieval states of the Hopfield model, and order of its spin glass, against temperature.

Manzan, slides (2021), "Limits of Hopfield model" and "Many patterns"; D. J. Amit, H. Gutfreund & H. Sompolinsky, PRL
55, 1530 (1985). For α → 0 the overlap is m = tanh(m/T) up to T = 1; at α > 0 it jumps to 0 at T_M(α), and the spin
glass's q vanishes continuously at T_g = 1 + √α. Simulation: Gibbs sampling of the Gaussian machine from a pattern.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.legend_handler import HandlerTuple
from scipy.optimize import brentq

import rbm_sim
import replica
from figures._spread import spread
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from replica.models import Hopfield
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (9.6, 4.6)
N, SAMPLES, SEED = 4000, 20, 1985
BURN_IN, SWEEPS = 100, 100
LOADS = (0.0, 0.01, 0.05, 0.1)
SIMULATED = {0.01: (0.4, 0.5, 0.6, 0.7), 0.05: (0.2, 0.3, 0.4, 0.45), 0.1: (0.1, 0.15, 0.2, 0.25)}
POINTS = [("simulation", alpha, T) for alpha, temperatures in SIMULATED.items() for T in temperatures]
KEYS = ("series", "alpha", "T")
"""Columns that a point sets."""
SPOT = (1,)
STYLES = {0.0: ("-", "black", ""), 0.01: ("--", "black", "o"), 0.05: ("-.", "0.3", "s"), 0.1: (":", "0.3", "^")}


def compute() -> Table:
    """Retrieval states up to T_M, spin glasses up to T_g, and simulated overlaps.

    Returns
    -------
    Table
        Columns series ("retrieval", "spin glass", "simulation"), alpha, T, m, q, m_err (standard error over samples).
    """
    rows: list[Row] = []
    for alpha in LOADS:
        if alpha == 0:
            # m = 0 at T = 1, with the slope of a square root
            temperatures = 1 - np.linspace(0.997, 0, 60) ** 2
            overlaps = [_low_load(T) for T in temperatures]
            rows += [_row("retrieval", 0.0, T, m, m * m) for T, m in zip(temperatures, overlaps, strict=True)]
            continue
        fold = replica.spinodal(Hopfield(alpha=alpha, T=0.01), along="T")
        temperatures = fold.value * (1 - np.append(np.linspace(1, 1e-4, 50) ** 2, 0)[:-1])
        order = replica.solve(Hopfield(alpha=alpha, T=temperatures)).order
        rows += [_row("retrieval", alpha, *values) for values in zip(temperatures, order.m, order.q, strict=True)]
        rows.append(_row("retrieval", alpha, fold.value, fold.order.m, fold.order.q))
        onset = 1 + math.sqrt(alpha)
        temperatures = np.linspace(0, onset * (1 - 1e-6), 60)
        (glass,) = [s for s in replica.solve_all(Hopfield(alpha=alpha, T=temperatures)) if s.kind == "spin_glass"]
        rows += [_row("spin glass", alpha, T, 0.0, q) for T, q in zip(temperatures, glass.order.q, strict=True)]
    rows += spread(row, POINTS)
    return Table.from_rows(rows, {"N": N, "samples": SAMPLES, "rng": SEED, "burn_in": BURN_IN, "sweeps": SWEEPS})


def _low_load(T: float) -> float:
    return float(brentq(lambda m: m - math.tanh(m / T), 1e-3, 1.0, xtol=1e-14)) if T < 1 else 0.0


def _row(series: str, alpha: float, T: float, m: float, q: float) -> Row:
    return {"series": series, "alpha": float(alpha), "T": float(T), "m": float(m), "q": float(q)}


def row(point: tuple[str, float, float]) -> Row:
    """Mean overlap of machines that were started at a pattern.

    Parameters
    ----------
    point : tuple
        Series, load and temperature.

    Returns
    -------
    dict
        Series, α, T, and the mean overlap m with its standard error over the machines.
    """
    series, alpha, T = point
    found = []
    for seed in np.random.SeedSequence([SEED, round(1000 * alpha), round(1000 * T)]).spawn(SAMPLES):
        rng = np.random.default_rng(seed)
        xi = random_patterns(N, round(alpha * N), rng=rng)
        rbm = rbm_sim.RBM(pattern_weights(xi), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
        chain = Chains(rbm, 1, T=T, rng=rng, start=xi[:, 0].astype(float)).run(BURN_IN)
        found.append(np.mean([float(chain.run(1).v[0] @ xi[:, 0]) / N for _ in range(SWEEPS)]))
    error = float(np.std(found, ddof=1)) / math.sqrt(SAMPLES)
    return {"series": series, "alpha": alpha, "T": T, "m": float(np.mean(found)), "m_err": error}


def draw(table: Table, figure: Figure) -> None:
    """Draw m(T) of retrieval states and q(T) of spin glasses.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    left, right = figure.subplots(1, 2)

    def points(series: str, alpha: float, *names: str) -> np.ndarray:
        return np.array([[r[n] for n in names] for r in rows if (r["series"], r["alpha"]) == (series, alpha)]).T

    for alpha in LOADS:
        style, shade, marker = STYLES[alpha]
        T, m = points("retrieval", alpha, "T", "m")
        label = rf"$\alpha = {alpha:g}$" if alpha else r"$\alpha \to 0$: $m = \tanh(m/T)$"
        left.plot(T, m, style, color=shade, label=label)
        if alpha == 0:
            continue
        left.plot([T[-1]] * 2, [0, m[-1]], "-", color="0.75", linewidth=0.8, zorder=0)
        left.annotate(
            rf"$T_M = {T[-1]:.3f}$", (T[-1], 0.03), (-3, 0), textcoords="offset points", ha="right", rotation=90
        )
        simulated = points("simulation", alpha, "T", "m", "m_err")
        left.errorbar(*simulated, fmt=marker, color=shade, markerfacecolor="white", markersize=5, capsize=2)
        right.plot(*points("spin glass", alpha, "T", "q"), style, color=shade, label=label)
    # one entry for the three symbols
    shown = {"markerfacecolor": "white", "markersize": 5, "linestyle": ""}
    symbols = tuple(left.plot([], [], marker=m, color=c, **shown)[0] for _, c, m in STYLES.values() if m)
    lines, labels = left.get_legend_handles_labels()
    left.set(xlabel="temperature $T$", ylabel="overlap $m$", title="Hopfield model, retrieval states")
    left.set(xlim=(0, 1.05), ylim=(0, 1.03))
    left.legend(
        [*lines, symbols],
        [*labels, f"simulation, $N = {N}$"],
        handler_map={tuple: HandlerTuple(ndivide=None)},
        frameon=False,
        loc=(0.01, 0.25),
        fontsize=9,
    )
    right.set(xlabel="temperature $T$", ylabel="order parameter $q$", title="Spin glass, $m = 0$")
    right.set(xlim=(0, 1.4), ylim=(0, 1.03))
    right.legend(frameon=False, loc="upper right", fontsize=9)
    for ax in (left, right):
        ax.grid(alpha=0.3)
