"""What learning MNIST does to RBMs with ReLU and Gaussian hidden units, epoch by epoch.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 2: sparsity p̂ of the weights, number L̂ of strongly activated hidden
units (exponent 3), silent hidden units, mean squared norm W₂ of the weights; slides of G. Manzan (2021), simulations on
MNIST. 60 000 images cut at grey level 0.5; 400 ReLU units or 204 Gaussian ones (α = 0.26); PCD-1 in batches of 100 with
learning rate 0.0015 (Gaussian units: 0.0005), centred gradient (once without), no
penalty, 200 epochs; activities h*(v) of the first 2000 images. Published values as read off the figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from figures import _mnist
from figures._mnist import images
from rbm_sim._support.blas import one_thread
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED = {
    "p_hat": {1: 0.36, 5: 0.23, 25: 0.16, 100: 0.127, 200: 0.1},
    "L_hat": {200: 20.0},
    "silent": {200: 240.0},
    "W2": {200: 7.3},
}
POINTS = [("relu", 2), ("gaussian", 2)]
KEYS = ("series", "epoch")
"""Columns that a point sets."""
SPOT = (0, 1)
DATA = "mnist"
RTOL = 0.05
"""Rounding in single precision differs between processors, and chains then part ways."""
SIZE = (9.6, 6.4)

PANELS = {
    "p_hat": r"sparsity of the weights $\hat p$",
    "L_hat": r"strong hidden units $\hat L$",
    "silent": "silent hidden units",
    "W2": "weights $W_2$",
    "m_tilde": r"overlap $\tilde m$",
    "log_likelihood": "test log-likelihood (nats)\nopen: upper bound",
}
STYLES: dict[str, dict[str, Any]] = {
    "relu": {"color": "black", "linestyle": "-", "label": "400 ReLU"},
    "relu, plain gradient": {"color": "0.55", "linestyle": "-", "label": "400 ReLU, plain gradient"},
    "gaussian": {"color": "black", "linestyle": ":", "label": "204 Gaussian"},
    "published": {"color": "black", "linestyle": "", "marker": "x", "label": "PRL Fig. 2"},
}


def compute() -> Table:
    """Histories of three machines, and the published values.

    Returns
    -------
    Table
        Columns series, epoch, p_hat, W2, T_eff, L_hat, silent, m_tilde, F, pseudo_ll; log_likelihood of the 10 000
        test images and log_Z_err, its error from annealed importance sampling, at a few epochs.
    """
    rows = [row for name in _mnist.STUDIES for row in _mnist.studies()[name][0]]
    epochs = sorted({epoch for values in PUBLISHED.values() for epoch in values})
    for epoch in epochs:
        present = {name: values[epoch] for name, values in PUBLISHED.items() if epoch in values}
        rows.append({"series": "published", "epoch": epoch, **present})
    return Table.from_rows(rows, {"images": len(images()), "learning_rate": _mnist.RATE, "rng": _mnist.SEED})


def row(point: tuple[str, int]) -> Row:
    """Measurements after some epochs of one machine.

    Parameters
    ----------
    point : tuple
        Series and epoch.

    Returns
    -------
    dict
        The epoch and what was measured on the machine then, as in `_mnist.learn`.
    """
    name, epoch = point
    with one_thread():
        learner = _mnist.begin(_mnist.STUDIES[name])
        for _ in range(epoch):
            learner.learn(images())
        return _mnist.measured(name, learner)


def draw(table: Table, figure: Figure) -> None:
    """Draw six histories, published values over them.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    axes: Any = figure.subplots(2, 3)
    for ax, (column, label) in zip(axes.flat, PANELS.items(), strict=True):
        for series, style in STYLES.items():
            mine = [r for r in rows if r["series"] == series and r[column] is not None]
            ax.plot([r["epoch"] for r in mine], [r[column] for r in mine], **style)
            if column == "log_likelihood":
                _mark(ax, mine, style["color"])
        ax.set(xlabel="epoch", ylabel=label, xscale="log")
        ax.grid(alpha=0.3)
    axes[0, 0].set_ylim(0.08, 0.4)
    axes[0, 0].legend(frameon=False, fontsize=8)


def _mark(ax: Axes, rows: list[Row], color: str) -> None:
    """Draw full symbols where ln Z is known, open ones where a few chains decide, which bounds it from below."""
    for known, face in ((True, color), (False, "white")):
        mine = [r for r in rows if math.isfinite(r["log_Z_err"]) == known]
        where, value = [r["epoch"] for r in mine], [r["log_likelihood"] for r in mine]
        ax.plot(where, value, "o", color=color, markerfacecolor=face, markersize=4)
