"""Capacity α_c(θ) of the R-RBM with ReLU units for several numbers L of strongly activated units, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 3(a), p = 0.1, g = −0.02. Lines: first fold of the retrieval branch
(k = 1). Symbols: the published curves, digitised to 1-3 %; they are off by factors of 1.16-1.27 at L = 1, 2, 5 and
1.4-1.6 at L = 15, and within 5 % at L = 10 (`paper_checks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import replica
from paper_checks.tubiana_monasson_points import CAPACITY, FIG_3
from replica.models import ReluRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THETAS = sorted({*np.round(np.linspace(0, 0.3, 16), 10).tolist(), 0.15})
SIZE = (8.0, 4.8)
STYLES = {1: ("-", "o"), 2: ("--", "s"), 5: ("-.", "^"), 10: (":", "D"), 15: ((0, (6, 1, 1, 1, 1, 1)), "v")}


def compute() -> Table:
    """Capacity and the state there for each L, θ from 0 to 0.3, and the published values.

    Returns
    -------
    Table
        Columns series ("theory", "published"), L, theta, alpha_c, m, q, r, C, B.
    """
    rows: list[Row] = []
    for L in CAPACITY:
        for theta in THETAS:
            fold = replica.spinodal(ReluRBM(alpha=None, theta=theta, L=L, **FIG_3), along="alpha")
            order = {name: float(value) for name, value in fold.order._asdict().items()}
            rows.append({"series": "theory", "L": L, "theta": theta, "alpha_c": fold.value, **order})
    for L, points in CAPACITY.items():
        rows += [{"series": "published", "L": L, "theta": t, "alpha_c": a} for t, a in points.items()]
    return Table.from_rows(rows, FIG_3)


def draw(table: Table, figure: Figure) -> None:
    """Draw α_c(θ) on a logarithmic scale, published points over it.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    ax = figure.add_subplot()
    rows = table.rows()
    for shade, (L, (style, marker)) in zip(np.linspace(0, 0.45, len(STYLES)), STYLES.items(), strict=True):
        symbol: dict[str, Any] = {"marker": marker, "markersize": 6, "markerfacecolor": "white"}
        for series in ("theory", "published"):
            line = [(r["theta"], r["alpha_c"]) for r in rows if r["L"] == L and r["series"] == series]
            kind: dict[str, Any] = {"linestyle": style, "linewidth": 1.4}
            if series == "published":
                kind = {"linestyle": "", **symbol}
            ax.plot(*np.array(line).T, color=str(shade), **kind)
        ax.plot([], [], color=str(shade), linestyle=style, linewidth=1.4, label=f"L = {L}", **symbol)
    ax.set_yscale("log")
    ax.set(
        xlabel=r"threshold of the hidden units $\theta$",
        ylabel=r"capacity $\alpha_c(\theta)$",
        title=f"R-RBM, T = 0, p = {FIG_3['p']}, g = −{-FIG_3['g']}",
        xlim=(-0.006, 0.306),
        ylim=(5e-3, 2e2),
    )
    title = (
        "lines: first fold of\nthe branch k = 1;\nsymbols: PRL Fig. 3(a),\noff by 1.16–1.27 at\nL = 1, 2, 5, by 1.4–1.6"
        "\nat L = 15; L = 10\nwithin 5 %"
    )
    beside: Any = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    ax.legend(frameon=False, fontsize=9, handlelength=4.5, title=title, title_fontsize=9, **beside)
    ax.grid(alpha=0.3)
