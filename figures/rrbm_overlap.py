"""Overlap m̃ = 2m/p of the R-RBM with ReLU units against the number L of strongly activated units, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 3(b), p = 0.1, g = −0.02, α = 0.6, θ = 0.3. Simulation: alternating
minimisation over h and v (which keeps a self-coupling) from v = 1[Σ_{μ≤L} ξ_iμ > 0]; m̃ is the mean over the L units
of Σ_i ξ_iμ(2v_i − 1)/Σ_i |ξ_iμ|. Samples with less than 0.8 of the overlap of their start are counted as lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import rbm_sim
import replica
from paper_checks.tubiana_monasson_points import CROSSES, FIG_3B, SIMULATED
from rbm_sim.dynamics import run
from replica.models import ReluRBM
from replica.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N, SAMPLES, SEED = 5000, 5, 138301
SIZES = (1, 2, 3, 5, 7, 9, 10, 12)
LOST = 0.8
MAX_SWEEPS = 50
RTOL, ATOL = 1e-9, 1e-3
"""A single unit that rounds the other way moves m̃ of a sample by 2/(pN) = 4e-3, and the mean by a fifth of that."""


def compute() -> Table:
    """Theory for L = 1 to 13, the published values, and a simulation.

    Returns
    -------
    Table
        Columns series ("theory", "published theory", "published simulation", "simulation"), L, m (m̃), m_err
        (standard error), lost (number of samples of 5); theory also q, r, C, B.
    """
    rows: list[dict[str, Any]] = []
    for L in range(1, 14):
        state = replica.solve(ReluRBM(L=L, **FIG_3B))
        order = {name: float(value) for name, value in state.order._asdict().items() if name != "m"}
        rows.append({"series": "theory", "L": L, "m": 2 * float(state.order.m) / FIG_3B["p"], **order})
    rows += [{"series": "published theory", "L": L, "m": m} for L, m in CROSSES.items()]
    rows += [{"series": "published simulation", "L": L, "m": m} for L, m in SIMULATED.items()]
    rows += _simulated()
    return Table.from_rows(rows, {**FIG_3B, "N": N, "samples": SAMPLES, "rng": SEED, "dynamics": "alternating"})


def _simulated() -> list[dict[str, Any]]:
    """Mean overlaps of the samples that kept their state, the same machines for every L."""
    found: dict[int, list[tuple[float, float]]] = {L: [] for L in SIZES}
    for seed in np.random.SeedSequence(SEED).spawn(SAMPLES):
        xi = rbm_sim.random_patterns(N, round(FIG_3B["alpha"] * N), p=FIG_3B["p"], rng=seed)
        visible, hidden = rbm_sim.Bernoulli(FIG_3B["g"]), rbm_sim.ReLU(FIG_3B["theta"])
        machine = rbm_sim.RBM(rbm_sim.pattern_weights(xi, np.float64), visible=visible, hidden=hidden)
        for L in SIZES:
            strong = xi[:, :L].astype(float)
            start = (strong.sum(axis=1) > 0).astype(float)
            end = run(machine, start, dynamics="alternating", max_sweeps=MAX_SWEEPS).v
            found[L].append((_overlap(strong, end), _overlap(strong, start)))
    return [_summary(L, np.array(pairs)) for L, pairs in found.items()]


def _overlap(strong: np.ndarray, v: np.ndarray) -> float:
    return float(np.mean(strong.T @ (2 * v - 1) / np.abs(strong).sum(axis=0)))


def _summary(L: int, pairs: np.ndarray) -> dict[str, Any]:
    kept = pairs[pairs[:, 0] >= LOST * pairs[:, 1], 0]
    mean = float(kept.mean()) if len(kept) else None
    error = float(kept.std(ddof=1) / np.sqrt(len(kept))) if len(kept) > 1 else None
    return {"series": "simulation", "L": L, "m": mean, "m_err": error, "lost": len(pairs) - len(kept)}


def draw(table: Table, figure: Figure) -> None:
    """Draw m̃(L), published values over it.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    ax = figure.add_subplot()
    styles: dict[str, dict[str, Any]] = {
        "theory": {"linestyle": "-", "marker": ".", "color": "black", "label": "saddle-point equations"},
        "published theory": {"linestyle": "", "marker": "x", "color": "black", "label": "PRL Fig. 3(b), crosses"},
        "published simulation": {
            "linestyle": "",
            "marker": "_",
            "markersize": 16,
            "color": "0.3",
            "label": "PRL Fig. 3(b), simulation, $N = 10^4$",
        },
    }
    for series, style in styles.items():
        ax.plot(*np.array([(r["L"], r["m"]) for r in table.rows() if r["series"] == series]).T, **style)
    mine = [r for r in table.rows() if r["series"] == "simulation"]
    kept = [r for r in mine if r["m"] is not None]
    where, mean = [r["L"] + 0.15 for r in kept], [r["m"] for r in kept]
    error = [r["m_err"] or 0.0 for r in kept]
    label = f"simulation, N = {N}, kept of {SAMPLES}"
    ax.errorbar(where, mean, error, fmt="o", color="0.5", markersize=5, capsize=3, label=label)
    for r in mine:
        if r["lost"]:
            ax.annotate(f"{r['lost']} lost", (r["L"], 0.53), ha="center", fontsize=8)
    ax.set(
        xlabel="strongly activated hidden units $L$",
        ylabel=r"overlap $\tilde m = 2m/p$",
        title="R-RBM, T = 0, p = 0.1, g = −0.02, α = 0.6, θ = 0.3",
        xlim=(0.5, 13.6),
        ylim=(0.5, 1.03),
    )
    ax.legend(frameon=False, loc="upper right", fontsize=9)
    ax.grid(alpha=0.3)
