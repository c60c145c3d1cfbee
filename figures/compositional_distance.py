"""Distance between two compositional states against the strong units they do not share, limit p → 0, T = 0.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 4(d), θ̃ = 1.5, α = 0.5, g̃ = −0.21, at ℓ* = L*p; δℓ is p times the
number of strong units of one state that the other lacks. The noise is negligible, v = 1[W > 0] with W = X + Y and W' =
X + Y', where X, Y, Y' have Skellam laws of ℓ − δℓ, δℓ, δℓ: d = 2[q − P(W > 0, W' > 0)], which ends at 2q(1 − q). The
published end, 0.236, lies 6 % below that at ℓ*; it would be that of ℓ = 0.35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ive
from scipy.stats import skellam

import replica
from paper_checks.tubiana_monasson_points import FIG_4
from replica.models import CompositionalRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = np.round(np.linspace(0, 1, 41), 10)
PUBLISHED_END = 0.236
"""Fig. 4(d), homogeneous: distance at δℓ = ℓ."""


def compute() -> Table:
    """Distances at ℓ*, and at the ℓ that ends at the published value.

    Returns
    -------
    Table
        Columns series ("theory", "fitted", "published"), ell, share (δℓ/ℓ), distance.
    """
    best = float(replica.ell_star(CompositionalRBM(**FIG_4)).value)
    fitted = float(brentq(lambda ell: distance(ell, 1.0) - PUBLISHED_END, 0.1, 0.6, xtol=1e-14))
    rows: list[Row] = []
    for series, ell in (("theory", best), ("fitted", fitted)):
        rows += [{"series": series, "ell": ell, "share": float(x), "distance": distance(ell, x)} for x in SHARES]
    rows.append({"series": "published", "ell": None, "share": 1.0, "distance": PUBLISHED_END})
    return Table.from_rows(rows, FIG_4)


def distance(ell: float, share: float) -> float:
    """Fraction of visible units in which two states of ℓ differ that do not share δℓ = share · ℓ.

    Parameters
    ----------
    ell : float
        ℓ = L p of both states.
    share : float
        δℓ/ℓ, in [0, 1].

    Returns
    -------
    float
        0 at share 0, where the states are the same, to 2q(1 − q) at share 1, where they are independent.
    """
    w = np.arange(-30, 31)
    common = skellam.pmf(w, *[ell * (1 - share) / 2] * 2) if share < 1 else 1.0 * (w == 0)
    positive = skellam.sf(-w, *[ell * share / 2] * 2) if share > 0 else 1.0 * (w > 0)
    q = (1 - ive(0, ell)) / 2
    return float(2 * (q - common @ positive**2))


def draw(table: Table, figure: Figure) -> None:
    """Draw the distance against δℓ/ℓ.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    ax = figure.add_subplot()
    for series, style, shade in (("theory", "-", "black"), ("fitted", "--", "0.5")):
        mine = [r for r in table.rows() if r["series"] == series]
        name = r"\ell^*" if series == "theory" else r"\ell"
        label = rf"${name} = {mine[0]['ell']:.4f}$" + (", ends at the published value" if series == "fitted" else "")
        ax.plot([r["share"] for r in mine], [r["distance"] for r in mine], style, color=shade, label=label)
    (end,) = [r for r in table.rows() if r["series"] == "published"]
    face: dict[str, Any] = {"color": "black", "markerfacecolor": "white", "clip_on": False, "linestyle": ""}
    ax.plot(end["share"], end["distance"], marker="s", label="PRL Fig. 4(d)", **face)
    ax.set(
        xlabel=r"strong units not shared, $\delta\ell/\ell$",
        ylabel="distance $d$, fraction of visible units",
        title=r"Compositional limit, $\tilde\theta = 1.5$, $\alpha = 0.5$, $\tilde g = -0.21$",
        xlim=(0, 1),
        ylim=(0, 0.27),
    )
    ax.legend(frameon=False, loc="lower right")
    ax.grid(alpha=0.3)
