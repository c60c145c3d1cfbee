"""Pictures of learning: histories, weights as images, configurations as images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

    from replica.table import Table

HISTORY = {
    "p_hat": "weight sparsity $\\hat p$",
    "L_hat": "strong hidden units $\\hat L$",
    "silent": "silent hidden units",
    "W2": "weights $W_2$",
    "m_tilde": "overlap $\\tilde m$",
    "pseudo_ll": "pseudo-log-likelihood",
}
TILES = 36


def draw_run(table: Table, rbm: RBM, shape: tuple[int, ...], rng: Seed = 0) -> Figure:
    """Draw the history of a run, weights of some hidden units and configurations drawn from the machine.

    Parameters
    ----------
    table : Table
        History, with the columns epoch and those of `rbm_sim.learning.measurements.describe`.
    rbm : RBM
        The machine at the end.
    shape : tuple of int
        Shape of an image.
    rng : None, int, SeedSequence or Generator
        Random numbers of the configurations.

    Returns
    -------
    matplotlib.figure.Figure
        Above, six panels of the history against the epoch; below, the weights of the strongest hidden units, 36 at
        most, and 36 configurations.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 8.0), layout="constrained")
    rows: Any = figure.subfigures(2, 1)
    top, bottom = rows
    for ax, (name, label) in zip(top.subplots(2, 3, sharex=True).flat, HISTORY.items(), strict=True):
        ax.plot(table["epoch"], table[name], "-", color="black", linewidth=1.2)
        ax.set_ylabel(label)
        ax.grid(alpha=0.3)
        if name == "pseudo_ll" and "log_likelihood" in table.columns:
            known = [row for row in table.rows() if row["log_likelihood"] is not None]
            for sure, face, label in ((True, "black", "log-likelihood"), (False, "white", "upper bound of it")):
                mine = [row for row in known if np.isfinite(row["log_Z_err"]) == sure]
                where, value = [row["epoch"] for row in mine], [row["log_likelihood"] for row in mine]
                if mine:
                    ax.plot(where, value, "o", color="black", markerfacecolor=face, markersize=4, label=label)
            ax.set_ylabel("likelihoods (nats)")
            ax.legend(frameon=False, fontsize=8)
        ax.xaxis.get_major_locator().set_params(integer=True)
        if name in ("W2", "m_tilde", "pseudo_ll"):
            ax.set_xlabel("epoch")
    left, right = bottom.subfigures(1, 2)
    w = rbm.weights
    strongest = np.argsort(-(w * w).sum(axis=0))[:TILES]
    image = image_shape({"shape": shape}, w.shape[0])
    _tile(left, w[:, strongest].T, image, "weights of the strongest hidden units (white: positive)")
    v = rbm.sample(TILES, 1000, rng=rng).v
    _tile(right, v, image, "configurations after 1000 Gibbs sweeps")
    return figure


def image_shape(about: dict[str, Any], pixels: int) -> tuple[int, int]:
    """Shape in which to draw the configurations of a run.

    Parameters
    ----------
    about : dict
        What was kept with the run; its `shape` if it is of two numbers.
    pixels : int
        Number of pixels.

    Returns
    -------
    tuple of int
        Numbers of rows and of columns of pixels; where the run does not know them, the most nearly square ones.
    """
    shape = tuple(about.get("shape", ()))
    return (int(shape[0]), int(shape[1])) if len(shape) == 2 else side(pixels)


def side(pixels: int) -> tuple[int, int]:
    """The most nearly square shape of an image of so many pixels.

    Parameters
    ----------
    pixels : int
        Number of pixels, >= 1.

    Returns
    -------
    tuple of int
        Numbers of rows and of columns, rows × columns = pixels and rows ≤ columns.
    """
    rows = next(n for n in range(int(pixels**0.5), 0, -1) if pixels % n == 0)
    return rows, pixels // rows


def draw_images(x: np.ndarray, shape: tuple[int, int], title: str) -> Figure:
    """Draw configurations as images.

    Parameters
    ----------
    x : ndarray, shape (count, pixels)
        The configurations; the first 36 are drawn.
    shape : tuple of int
        Shape of an image.
    title : str
        What they are.

    Returns
    -------
    matplotlib.figure.Figure
        A square grid of images in grey, with the title above.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 5.3), layout="constrained")
    _tile(figure, x, shape, title)
    return figure


def _tile(figure: FigureBase, x: np.ndarray, shape: tuple[int, ...], title: str) -> None:
    """Draw rows of an array as images on a grid, each with a grey scale of its own, symmetric about 0 with signs."""
    x = x[:TILES]
    n = int(np.ceil(np.sqrt(len(x))))
    figure.suptitle(title, fontsize=10)
    for ax, row in zip(figure.subplots(n, n, squeeze=False).flat, list(x) + [None] * (n * n - len(x)), strict=True):
        ax.set_axis_off()
        if row is not None:
            limit = float(np.abs(row).max()) or 1.0
            ax.imshow(row.reshape(shape), cmap="gray", vmin=-limit if row.min() < 0 else 0, vmax=limit)
