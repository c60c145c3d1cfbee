"""Are the digits that a machine generates in the training set? Distances to the nearest of its 60 000 images.

Slides of G. Manzan (2021), simulations on MNIST: many of the variants that a ReLU machine generates are not contained
in the training set; ReLU beside Gaussian hidden units. Both machines have 200 hidden units (α = 0.26) and learn from
the images cut at grey level 0.5 for 100 epochs: PCD-1 in batches of 100, centred gradient, rate 0.0015 (Gaussian:
0.0005). Distance is the number of pixels that differ. 1000 samples of each machine, 2000 sweeps after 1000 test images;
beside them 1000 training images, each against the others, and the 1000 test images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures._mnist import GAUSSIAN_RATE, RATE, SEED, Study, begin, images
from figures._spread import spread
from rbm_sim import RBM, Gaussian, ReLU
from rbm_sim._support.blas import one_thread
from rbm_sim.learning.contrastive_divergence import Options
from rbm_sim.learning.measurements import describe
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS, EPOCHS, SAMPLES, SWEEPS = 200, 100, 1000, 2000
MACHINES = {
    "relu": Study(ReLU(), UNITS, Options(learning_rate=RATE, centred=True)),
    "gaussian": Study(Gaussian(), UNITS, Options(learning_rate=GAUSSIAN_RATE, centred=True)),
}
PERCENT = np.arange(0, 101)
SHOWN = 8
"""Samples that are drawn beside their nearest training images."""
POINTS: list[Any] = []
SPOT = ()
"""Nothing of it can be had without 100 epochs."""
DATA = "mnist"
SIZE = (9.6, 4.2)


def compute() -> Table:
    """Quantiles of the distances.

    Returns
    -------
    Table
        Columns series ("training", "test", "relu", "gaussian"), percent, distance (pixels): that below which so many
        per cent lie; of the machines also p_hat, W2, L_hat and silent of the training images (first row), and of eight
        samples, in the rows of 0 to 7 per cent, pixels and nearest: the sample and the training image next to it, 98
        bytes in hexadecimal digits.
    """
    rows = []
    with one_thread():
        training, test = images()[:SAMPLES], images("mnist:test")[:SAMPLES]
        rows += _rows("training", *nearest(training, own=True), training)
        rows += _rows("test", *nearest(test), test)
    for name, (about, v) in zip(MACHINES, spread(generated, list(MACHINES)), strict=True):
        found = _rows(name, *nearest(v), v)
        rows += [{**found[0], **about}, *found[1:]]
    meta = {"epochs": EPOCHS, "units": UNITS, "samples": SAMPLES, "sweeps": SWEEPS, "rng": SEED}
    return Table.from_rows(rows, meta)


def generated(name: str) -> tuple[Row, np.ndarray]:
    """Let a machine learn, measure it, and draw from it.

    Parameters
    ----------
    name : str
        Key of `MACHINES`.

    Returns
    -------
    tuple
        p_hat, W2, L_hat and silent, and samples of shape (1000, 784).
    """
    with one_thread():
        learner = begin(MACHINES[name])
        for _ in range(EPOCHS):
            learner.learn(images())
        rbm: RBM = learner.rbm
        v = rbm.sample(SAMPLES, SWEEPS, start=images("mnist:test")[:SAMPLES], rng=SEED).v
        found = describe(rbm, images())
    return {key: found[key] for key in ("p_hat", "W2", "L_hat", "silent")}, v


def nearest(v: np.ndarray, own: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest training image, and which it is.

    Parameters
    ----------
    v : ndarray, shape (n, 784)
        Zeros and ones.
    own : bool
        Whether these are the first training images themselves, each of which is left out for itself.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Numbers of pixels, and indices.
    """
    x, t = v.astype(np.float32), images().astype(np.float32)
    distance = x.sum(axis=1)[:, None] + t.sum(axis=1) - 2 * x @ t.T
    if own:
        np.fill_diagonal(distance, np.inf)
    index = distance.argmin(axis=1)
    return np.rint(distance[np.arange(len(v)), index]).astype(int), index


def _rows(series: str, distance: np.ndarray, index: np.ndarray, v: np.ndarray) -> list[Row]:
    quantiles = np.percentile(distance, PERCENT, method="inverted_cdf")
    rows: list[Row] = [
        {"series": series, "percent": int(percent), "distance": int(value)}
        for percent, value in zip(PERCENT, quantiles, strict=True)
    ]
    if series in MACHINES:
        for row, image, near in zip(rows[:SHOWN], v, index, strict=False):
            row |= {"pixels": _packed(image), "nearest": _packed(images()[near])}
    return rows


def _packed(image: np.ndarray) -> str:
    return np.packbits(image.astype(np.uint8)).tobytes().hex()


STYLES: dict[str, dict[str, Any]] = {
    "training": {"color": "0.55", "linestyle": "-", "label": "training images, to the others"},
    "test": {"color": "0.55", "linestyle": "--", "label": "test images"},
    "relu": {"color": "black", "linestyle": "-", "label": "samples, 200 ReLU units"},
    "gaussian": {"color": "black", "linestyle": ":", "label": "samples, 200 Gaussian units"},
}


def draw(table: Table, figure: Figure) -> None:
    """Draw the laws of the distances, and samples above the training images next to them.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    axes: Any = figure.subplot_mosaic([["laws", "relu"], ["laws", "gaussian"]], width_ratios=[1, 1.3])
    rows = table.rows()
    for series, style in STYLES.items():
        mine = [row for row in rows if row["series"] == series]
        axes["laws"].plot([row["distance"] for row in mine], [row["percent"] for row in mine], **style)
    axes["laws"].set(
        xlabel="distance to the nearest training image (pixels)", ylabel="images at most so far (%)", xlim=(0, None)
    )
    axes["laws"].legend(frameon=False, fontsize=7, loc="lower right")
    axes["laws"].grid(alpha=0.3)
    for name, label in (("relu", "ReLU"), ("gaussian", "Gaussian")):
        shown = [row for row in rows if row["series"] == name and row["pixels"]]
        tiles = [np.hstack([_image(row[key]) for row in shown]) for key in ("pixels", "nearest")]
        axes[name].imshow(np.vstack(tiles), cmap="gray", vmin=0, vmax=1)
        axes[name].set(title=f"{label}: samples, below them the nearest training images", xticks=[], yticks=[])
        axes[name].title.set_fontsize(8)
        axes[name].set(xlabel="pixel", ylabel="pixel")


def _image(text: str) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).reshape(28, 28)
    return np.pad(bits, 1, constant_values=1)
