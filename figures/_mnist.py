"""Machines that learn MNIST, grey levels cut at 0.5; those that several figures look at learn once in a process."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from figures._spread import spread
from rbm_sim import RBM, Bernoulli, Gaussian, ReLU
from rbm_sim._support.blas import one_thread
from rbm_sim.learning import datasets
from rbm_sim.learning.contrastive_divergence import Learner, Options
from rbm_sim.learning.measurements import describe, likelihood
from rbm_sim.learning.parameters import checked
from rbm_sim.partition.likelihood import pseudo_log_likelihood
from replica.table.cells import Row

SEED = 138301
EPOCHS = 200
MARKED = (1, 5, 25, 50, 100, 200)
"""Epochs at which the likelihood is estimated."""


class Study(NamedTuple):
    """A kind of machine and how it learns: hidden units, their number, options."""

    hidden: Any
    units: int
    options: Options


RATE, GAUSSIAN_RATE = 0.0015, 0.0005
STUDIES = {
    "relu": Study(ReLU(), 400, Options(learning_rate=RATE, centred=True)),
    "relu, plain gradient": Study(ReLU(), 400, Options(learning_rate=RATE, centred=False)),
    "gaussian": Study(Gaussian(), 204, Options(learning_rate=GAUSSIAN_RATE, centred=True)),
}


@functools.cache
def images(part: str = "mnist") -> np.ndarray:
    """Images of two values."""
    return checked(datasets.load(part, binarise=0.5).images, Bernoulli())


def begin(study: Study) -> Learner:
    """A machine before its first epoch."""
    return Learner.begin(
        images(), visible=Bernoulli(), hidden=study.hidden, units=study.units, options=study.options, rng=SEED
    )


def learn(name: str, epochs: int = EPOCHS) -> tuple[list[Row], RBM]:
    """Let a machine learn, and measure it after every epoch.

    Parameters
    ----------
    name : str
        Key of `STUDIES`.
    epochs : int
        Passes over the data.

    Returns
    -------
    tuple
        One row for each epoch, and the machine.
    """
    rows = []
    with one_thread():
        learner = begin(STUDIES[name])
        for _ in range(epochs):
            learner.learn(images())
            rows.append(measured(name, learner))
    return rows, learner.rbm


def measured(name: str, learner: Learner) -> Row:
    """What is known of a machine after an epoch; the likelihood of the test images at a few."""
    rbm = learner.rbm
    row = {"series": name, "epoch": learner.epoch, **describe(rbm, images())}
    row["pseudo_ll"] = pseudo_log_likelihood(rbm, images()[:100]).mean
    return row | (tested(rbm) if learner.epoch in MARKED else {})


def tested(rbm: RBM) -> Row:
    """Likelihood of the test images."""
    return likelihood(rbm, images("mnist:test"), base=images(), rng=SEED)


@functools.cache
def studies() -> dict[str, tuple[list[Row], RBM]]:
    """Rows and machine of every study, by its name."""
    return dict(zip(STUDIES, spread(learn, list(STUDIES)), strict=True))
