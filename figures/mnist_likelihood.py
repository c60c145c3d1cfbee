"""Test log-likelihood of RBMs with 500 Bernoulli hidden units on MNIST, against epochs and against working time.

Salakhutdinov & Murray, ICML (2008): −86.34 nats after learning with CD-25. Grey levels are drawn as probabilities, once
(60 000 images to learn, 10 000 to test); batches of 100, centred gradient, learning rate 0.05 falling by 5 % in every
epoch. ln Z by annealed importance sampling, 100 chains, 10 000 temperatures; at the end also back, from
states of the machine after 2000 Gibbs sweeps that start from test images.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from figures._spread import spread
from rbm_sim import RBM, Bernoulli
from rbm_sim._support.blas import one_thread
from rbm_sim.learning import datasets
from rbm_sim.learning.contrastive_divergence import Learner, Options
from rbm_sim.learning.parameters import checked
from rbm_sim.partition import ais
from rbm_sim.partition.likelihood import independent_pixels, log_likelihood
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (9.6, 4.4)
PUBLISHED = -86.34
RATE, DECAY = 0.05, 0.95
MARKED = (1, 2, 5, 10, 20, 30, 50, 75, 100)
EPOCHS = {"CD-1": 50, "CD-25": 20, "PCD-1": 100, "PCD-5": 75}
POINTS = list(EPOCHS)
SPOT = ()
"""A row takes minutes."""
SEED = 86


def compute() -> Table:
    """Likelihoods of four machines at several epochs.

    Returns
    -------
    Table
        Columns series ("CD-1", …, "published", "independent pixels"), epoch, seconds (CPU, of learning), test and
        train (mean log-likelihood, nats), test_err (from the images), log_Z, log_Z_err, ess (effective number of
        chains), log_Z_above, log_Z_above_err (annealed back).
    """
    rows = [row for history in spread(history, list(EPOCHS)[::-1]) for row in history]
    pixels = independent_pixels(images(), images("mnist:test"))
    rows.append({"series": "independent pixels", "test": pixels.mean, "test_err": pixels.stderr})
    rows.append({"series": "published", "test": PUBLISHED})
    return Table.from_rows(rows, {"learning_rate": RATE, "decay": DECAY, "rng": SEED})


@functools.cache
def images(part: str = "mnist") -> np.ndarray:
    """Images with values drawn from the grey levels.

    Parameters
    ----------
    part : str
        "mnist" or "mnist:test".

    Returns
    -------
    ndarray of int8, shape (images, 784)
        Zeros and ones, an image a row; the same at every call.
    """
    return checked(datasets.load(part, binarise="random", rng=SEED).images, Bernoulli())


def history(name: str) -> list[Row]:
    """Let one machine learn.

    Parameters
    ----------
    name : str
        CD-k or PCD-k.

    Returns
    -------
    list of dict
        A row for each epoch that is marked: series, epoch, seconds, and what `measured` gives.
    """
    method, _, k = name.partition("-")
    options = Options(learning_rate=RATE, decay=DECAY, centred=True, persistent=method == "PCD", k=int(k))
    rows, seconds = [], 0.0
    with one_thread():
        learner = Learner.begin(images(), visible=Bernoulli(), hidden=Bernoulli(), units=500, options=options, rng=SEED)
        for epoch in range(1, EPOCHS[name] + 1):
            start = time.process_time()
            learner.learn(images())
            seconds += time.process_time() - start
            if epoch in MARKED:
                rows.append({"series": name, "epoch": epoch, "seconds": seconds, **measured(learner.rbm)})
        rows[-1] |= from_above(learner.rbm)
    return rows


def measured(rbm: RBM) -> Row:
    """Likelihoods of a machine.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    dict
        test with its error, train (mean log-likelihoods, nats), log_Z with its error, and ess.
    """
    log_Z = ais.log_partition(rbm, n_chains=100, n_temperatures=10_000, base=images(), rng=SEED)
    test = log_likelihood(rbm, images("mnist:test"), log_Z)
    train = log_likelihood(rbm, images()[:10_000], log_Z)
    return {
        "test": test.mean,
        "test_err": test.stderr,
        "train": train.mean,
        "log_Z": log_Z.value,
        "log_Z_err": log_Z.stderr,
        "ess": log_Z.ess,
    }


def from_above(rbm: RBM) -> Row:
    """Anneal back, for ln Z from above.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    dict
        log_Z_above and its standard error.
    """
    v = rbm.sample(100, 2000, start=images("mnist:test")[:100], rng=SEED).v
    found = ais.reverse_log_partition(rbm, v, base=images(), rng=SEED)
    return {"log_Z_above": found.value, "log_Z_above_err": found.stderr}


STYLES: dict[str, dict[str, Any]] = {
    "PCD-1": {"color": "black", "marker": "o"},
    "PCD-5": {"color": "black", "marker": "s", "linestyle": "--"},
    "CD-1": {"color": "0.55", "marker": "o"},
    "CD-25": {"color": "0.55", "marker": "s", "linestyle": "--"},
}


def draw(table: Table, figure: Figure) -> None:
    """Draw the test log-likelihood against epochs and working time.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    axes: Any = figure.subplots(1, 2, sharey=True)
    for ax, column, label in zip(
        axes, ("epoch", "seconds"), ("epoch", "CPU seconds of learning, one core"), strict=True
    ):
        for series, style in STYLES.items():
            mine = [r for r in rows if r["series"] == series]
            where, mean = [r[column] for r in mine], [r["test"] for r in mine]
            ax.errorbar(where, mean, [r["log_Z_err"] for r in mine], label=series, markersize=4, capsize=2, **style)
        ax.axhline(PUBLISHED, color="black", linewidth=0.8, linestyle=":")
        ax.annotate("−86.34, Salakhutdinov & Murray (2008), CD-25", (0.03, 0.965), xycoords="axes fraction", fontsize=8)
        ax.set(xscale="log", xlabel=label, ylabel="test log-likelihood (nats)", ylim=(-145, -80))
        ax.grid(alpha=0.3)
    axes[0].set_title("MNIST, 500 Bernoulli hidden units")
    axes[1].legend(frameon=False, loc="lower right")
