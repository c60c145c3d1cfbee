"""Energy f̃ of the compositional state against ℓ = L p in the limit p → 0, homogeneous machine, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 4(a), θ̃ = 1.5, α = 0.5, g̃ = −0.21: the branch k = 1, its minimum
ℓ*, and the level of the spin glass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paper_checks.tubiana_monasson_points import ENERGY, FIG_4, GLASS_LEVEL
from replica.diagrams.best_ell import ell_star, energies
from replica.diagrams.compositional_phases import glass_energy
from replica.models import CompositionalRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ELLS = np.round(np.linspace(0.02, 1.6, 80), 10)


def compute() -> Table:
    """f̃(ℓ) with the order parameters, the minimum, the spin glass, and the published values.

    Returns
    -------
    Table
        Columns series ("branch", "minimum", "spin glass", "published", "published spin glass"), ell, f, m, q, r, C, B.
    """
    model = CompositionalRBM(**FIG_4)
    f, order = energies(model, ELLS)
    rows: list[Row] = [
        {"series": "branch", "ell": float(ell), "f": float(f[i]), **{k: float(v[i]) for k, v in _named(order)}}
        for i, ell in enumerate(ELLS)
    ]
    least = ell_star(model)
    rows.append(
        {"series": "minimum", "ell": least.value, "f": least.free_energy, **{k: float(v) for k, v in _named(least[2])}}
    )
    rows.append({"series": "spin glass", "f": glass_energy(model)})
    rows += [{"series": "published", "ell": ell, "f": value} for ell, value in ENERGY.items()]
    rows.append({"series": "published spin glass", "f": GLASS_LEVEL})
    return Table.from_rows(rows, FIG_4)


def _named(order: Any) -> Any:
    return order._asdict().items()


def draw(table: Table, figure: Figure) -> None:
    """Draw f̃(ℓ) in thousandths.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    of = {s: [r for r in table.rows() if r["series"] == s] for s in dict.fromkeys(table["series"])}
    ax = figure.add_subplot()
    ax.plot(
        [0, *(r["ell"] for r in of["branch"])],
        [0, *(1e3 * r["f"] for r in of["branch"])],
        "-",
        color="black",
        label="compositional",
    )
    ax.axhline(1e3 * of["spin glass"][0]["f"], linestyle="--", color="0.3", label="spin glass")
    ax.axhline(1e3 * GLASS_LEVEL, linestyle=":", color="0.6", label="spin glass, PRL")
    points = [(r["ell"], 1e3 * r["f"]) for r in of["published"]]
    ax.plot(*np.array(points).T, "s", color="black", markerfacecolor="white", label="PRL Fig. 4(a)")
    least = of["minimum"][0]
    ax.plot(least["ell"], 1e3 * least["f"], "o", color="black", markersize=5)
    text = rf"$\ell^* = {least['ell']:.6f}$" + "\n" + rf"$\tilde f = {1e3 * least['f']:.5f}\cdot 10^{{-3}}$"
    ax.annotate(text, (least["ell"], 1e3 * least["f"]), (0.27, -1.9), arrowprops={"arrowstyle": "->"})
    ax.set(
        xlabel=r"$\ell = L p$",
        ylabel=r"$10^3 \tilde f$, energy per visible unit over $p$",
        title=r"Compositional limit, $\tilde\theta = 1.5$, $\alpha = 0.5$, $\tilde g = -0.21$",
        xlim=(0, 1.6),
        ylim=(-3.3, 2.5),
    )
    ax.legend(frameon=False, loc="upper left")
    ax.grid(alpha=0.3)
