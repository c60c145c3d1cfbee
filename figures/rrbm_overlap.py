"""Overlap m̃ = 2m/p of the R-RBM with ReLU units against the number L of strongly activated units, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 3(b), p = 0.1, g = −0.02, α = 0.6, θ = 0.3. Simulation, N = 10⁴, from
v = 1[Σ_{μ≤L} ξ_iμ > 0]: single-unit moves on the marginal energy, beside alternating minimisation over h and v (which
keeps a self-coupling); m̃ is the mean over the L units of Σ_i ξ_iμ(2v_i − 1)/Σ_i |ξ_iμ|. Samples with less than 0.7 of
the overlap of their start are counted as lost. Symbols of the simulation are drawn to the right of their L, a whole
number, by 0.12 and 0.3, so that they do not cover each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import rbm_sim
import replica
from figures._spread import spread
from paper_checks.tubiana_monasson_points import CROSSES, FIG_3B, SIMULATED
from rbm_sim.retrieval import capacity
from replica.models import ReluRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N, SAMPLES, SEED = 10_000, 16, 138301
SIZES = (1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13)
POINTS = [(dynamics, L) for dynamics in ("single-unit", "alternating") for L in SIZES]
KEYS = ("series", "L")
"""Columns that a point sets."""
SPOT = (0, 14)


def compute() -> Table:
    """Theory for L = 1 to 13, the published values, and a simulation.

    Returns
    -------
    Table
        Columns series ("theory", "published theory", "published simulation", "single-unit", "alternating"), L, m (m̃
        of the samples that kept their state), m_err (standard error), lost (number of samples of 16); theory also
        q, r, C, B.
    """
    rows: list[Row] = []
    for L in range(1, 14):
        state = replica.solve(ReluRBM(L=L, **FIG_3B))
        order = {name: float(value) for name, value in state.order._asdict().items() if name != "m"}
        rows.append({"series": "theory", "L": L, "m": 2 * float(state.order.m) / FIG_3B["p"], **order})
    rows += [{"series": "published theory", "L": L, "m": m} for L, m in CROSSES.items()]
    rows += [{"series": "published simulation", "L": L, "m": m} for L, m in SIMULATED.items()]
    rows += spread(row, POINTS)
    return Table.from_rows(rows, {**FIG_3B, "N": N, "samples": SAMPLES, "rng": SEED})


def row(point: tuple[str, int]) -> Row:
    """Mean overlap of the machines that kept their state.

    Parameters
    ----------
    point : tuple
        Dynamics and L.

    Returns
    -------
    dict
        Dynamics, L, mean m̃ with its standard error (None where no machine kept the state), and the number lost.
    """
    dynamics, L = point
    found = capacity.retrieval(
        N,
        FIG_3B["alpha"],
        visible=rbm_sim.Bernoulli(FIG_3B["g"]),
        hidden=rbm_sim.ReLU(FIG_3B["theta"]),
        p=FIG_3B["p"],
        L=L,
        samples=SAMPLES,
        dynamics=dynamics,
        rng=SEED,
    )
    mean, error, kept = found.estimate("m_tilde")
    present = {"m": mean if kept else None, "m_err": error if kept > 1 else None}
    return {"series": dynamics, "L": L, **present, "lost": SAMPLES - kept}


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
    for shift, dynamics, marker, shade in ((0.12, "single-unit", "o", "0.2"), (0.3, "alternating", "s", "0.5")):
        mine = [r for r in table.rows() if r["series"] == dynamics]
        kept = [r for r in mine if r["m"] is not None]
        where, mean = [r["L"] + shift for r in kept], [r["m"] for r in kept]
        error = [r["m_err"] or 0.0 for r in kept]
        label = f"{dynamics}, N = {N}, kept of {SAMPLES}"
        ax.errorbar(where, mean, error, fmt=marker, color=shade, markersize=4, capsize=2, label=label)
        for r in mine:
            if r["lost"]:
                level = 0.545 if dynamics == "single-unit" else 0.515
                ax.annotate(f"{r['lost']}", (r["L"], level), ha="center", fontsize=8, color="0.2")
    for level, text in ((0.545, "lost, single-unit:"), (0.515, "lost, alternating:")):
        ax.annotate(text, (7.4, level), ha="right", fontsize=8)
    ax.set(
        xlabel="strongly activated hidden units $L$ (circles, squares: shifted right)",
        ylabel=r"overlap $\tilde m = 2m/p$",
        title="R-RBM, T = 0, p = 0.1, g = −0.02, α = 0.6, θ = 0.3",
        xlim=(0.5, 13.6),
        ylim=(0.5, 1.03),
    )
    ax.legend(frameon=False, loc="upper right", fontsize=9)
    ax.grid(alpha=0.3)
