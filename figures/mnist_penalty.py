"""Strong hidden units L̂ against sparsity p̂ of machines that learned MNIST with different penalties, and ℓ*/p.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 4(b). 400 ReLU units, 60 000 images cut at grey level 0.5, PCD-1 in
batches of 100 with learning rate 0.002, centred gradient, 40 epochs, penalty (λ/x) Σ_μ (Σ_i |w_iμ|)^x with x = 1, 2,
3; L̂ with exponent 3. The offsets of the gradient were means over each batch, which biases it. Lines: L = ℓ*/p of the
homogeneous machine in the limit p → 0 (α = 0.5, θ̃ = 1.5, g̃ = −0.21), and the published one of a heterogeneous machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import replica
from figures import _mnist
from figures._spread import spread
from paper_checks.tubiana_monasson_points import FIG_4
from rbm_sim import ReLU
from rbm_sim._support.blas import one_thread
from rbm_sim.learning import Options
from rbm_sim.learning.measurements import describe
from replica.models import CompositionalRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RATE, EPOCHS = 0.002, 40
HETEROGENEOUS = 0.467
"""L p of the published line of the heterogeneous machine."""
STRENGTHS = {1: (0.0, 3e-4, 1e-3, 3e-3), 2: (3e-5, 1e-4, 3e-4), 3: (1e-6, 3e-6, 1e-5)}
POINTS = [(exponent, strength) for exponent, values in STRENGTHS.items() for strength in values]
KEYS = ("exponent", "penalty")
"""Columns that a point sets."""
SPOT = ()
"""A row takes minutes."""


def compute() -> Table:
    """Machines that have learned, and lines of theory.

    Returns
    -------
    Table
        Columns series ("learned", "theory", "published"), exponent x, penalty λ, p_hat, L_hat, silent, W2, T_eff,
        m_tilde, F; in the lines ell, L_hat = ell/p_hat.
    """
    star = replica.ell_star(CompositionalRBM(**FIG_4)).value
    rows = spread(row, POINTS)
    for series, ell in (("theory", star), ("published", HETEROGENEOUS)):
        rows += [
            {"series": series, "ell": ell, "p_hat": p, "L_hat": ell / p} for p in np.geomspace(0.02, 0.4, 20).tolist()
        ]
    meta = {"epochs": EPOCHS, "learning_rate": RATE, "rng": _mnist.SEED, **FIG_4}
    return Table.from_rows(rows, meta)


def row(point: tuple[int, float]) -> Row:
    """One machine.

    Parameters
    ----------
    point : tuple
        Exponent x and strength λ of the penalty.

    Returns
    -------
    dict
        Exponent and penalty, and what `describe` measures on the machine that has learned.
    """
    exponent, penalty = point
    options = Options(learning_rate=RATE, centred=True, penalty=penalty, exponent=exponent)
    with one_thread():
        learner = _mnist.begin(_mnist.Study(ReLU(), 400, options))
        for _ in range(EPOCHS):
            learner.learn(_mnist.images())
    return {"series": "learned", "exponent": exponent, "penalty": penalty, **describe(learner.rbm, _mnist.images())}


def draw(table: Table, figure: Figure) -> None:
    """Draw L̂ against p̂ on logarithmic scales, with L = ℓ*/p.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    ax = figure.add_subplot()
    for series, line, label in (
        ("theory", "-", r"$L = \ell^*/p$, $\ell^* = {:.3f}$, homogeneous"),
        ("published", "--", r"$L = {:.3f}/p$, PRL, heterogeneous"),
    ):
        mine = [r for r in rows if r["series"] == series]
        where, high = [1 / r["p_hat"] for r in mine], [r["L_hat"] for r in mine]
        ax.plot(where, high, line, color="black", label=label.format(mine[0]["ell"]))
    free = [r for r in rows if r["series"] == "learned" and not r["penalty"]]
    ax.plot([1 / r["p_hat"] for r in free], [r["L_hat"] for r in free], "*", color="black", label="learned, no penalty")
    for exponent, marker, shade in ((1, "o", "white"), (2, "s", "0.6"), (3, "^", "black")):
        mine = [r for r in rows if r["series"] == "learned" and r["exponent"] == exponent and r["penalty"]]
        where, high = [1 / r["p_hat"] for r in mine], [r["L_hat"] for r in mine]
        ax.plot(where, high, marker, color="black", markerfacecolor=shade, label=f"learned, penalty x = {exponent}")
    ax.set(
        xlabel=r"$1/\hat p$",
        ylabel=r"strong hidden units $\hat L$",
        xscale="log",
        yscale="log",
        title="MNIST, 400 ReLU hidden units, 40 epochs",
    )
    for axis, ticks in ((ax.xaxis, (3, 5, 10, 20, 30, 50)), (ax.yaxis, (1, 2, 5, 10, 20))):
        axis.set_ticks(ticks, [f"{tick}" for tick in ticks])
        axis.set_ticks([], minor=True)
    ax.legend(frameon=False)
    ax.grid(alpha=0.3)
