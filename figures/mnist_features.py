"""Weights of hidden units that have learned MNIST, and images their machines generate: ReLU beside Gaussian units.

Tubiana & Monasson, PRL 118, 138301 (2017), Fig. 2(a-c); slides of G. Manzan (2021), simulations on MNIST. The machines
are those of `mnist_sparsity` after 200 epochs; the first 30 hidden units, each on a scale of its own; images after
2000 Gibbs sweeps from 30 training images, one chain each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import _mnist
from rbm_sim import weight_sparsity
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rbm_sim import RBM

TILES = (3, 10)
SWEEPS = 2000
MACHINES = {"relu": "ReLU hidden units", "gaussian": "Gaussian hidden units"}
KINDS = {"weights": "weights (white: positive)", "generated": "generated"}
POINTS: list[Any] = []
SPOT = ()
"""Nothing of it can be had without 200 epochs."""
SIZE = (9.6, 3.9)


def compute() -> Table:
    """Weights and generated images of both machines.

    Returns
    -------
    Table
        Columns series, kind ("weights", "generated"), index, p_hat and W2 of the unit, pixels: 784 bytes in
        hexadecimal digits, 128 + 127 w/max|w| of weights, 0 or 255 of images.
    """
    rows = [row for name in MACHINES for row in _images(name, _mnist.studies()[name][1])]
    return Table.from_rows(rows, {"epochs": _mnist.EPOCHS, "sweeps": SWEEPS, "rng": _mnist.SEED})


def _images(name: str, rbm: RBM) -> list[Row]:
    count = TILES[0] * TILES[1]
    rows = []
    for index, w in enumerate(np.asarray(rbm.weights, float).T[:count]):
        grey = np.rint(128 + 127 * w / np.abs(w).max()).astype(np.uint8)
        own = {"p_hat": weight_sparsity(w[:, None]), "W2": float(w @ w)}
        rows.append({"series": name, "kind": "weights", "index": index, **own, "pixels": grey.tobytes().hex()})
    v = rbm.sample(count, SWEEPS, start=_mnist.images()[:count], rng=_mnist.SEED).v
    for index, image in enumerate(255 * v.astype(np.uint8)):
        rows.append({"series": name, "kind": "generated", "index": index, "pixels": image.tobytes().hex()})
    return rows


def draw(table: Table, figure: Figure) -> None:
    """Draw the images, four mosaics.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    axes: Any = figure.subplots(2, 2)
    for line, (series, machine) in zip(axes, MACHINES.items(), strict=True):
        for ax, (kind, label) in zip(line, KINDS.items(), strict=True):
            rows = [r for r in table.rows() if (r["series"], r["kind"]) == (series, kind)]
            ax.imshow(_mosaic([r["pixels"] for r in rows]), cmap="gray", vmin=0, vmax=255)
            ax.set(title=f"{machine}: {label}", xlabel="pixel", ylabel="pixel", xticks=[], yticks=[])


def _mosaic(pixels: list[str]) -> np.ndarray:
    """Images of 28 × 28 pixels side by side, with a margin of 2."""
    images = np.array([np.frombuffer(bytes.fromhex(row), np.uint8).reshape(28, 28) for row in pixels])
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=255)
    return framed.reshape(*TILES, 30, 30).swapaxes(1, 2).reshape(TILES[0] * 30, TILES[1] * 30)
