"""Machines that learn MNIST under a penalty which makes their weights sparse, kept on disk after every epoch.

As Tubiana & Monasson, PRL 118, 138301 (2017), did for Fig. 4: ReLU hidden units, PCD-1 in batches of 100, the penalty
(λ/x) Σ_μ (Σ_i |w_iμ|)^x; here with the plain gradient, rate 0.003, and λ reached linearly over 20 epochs.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from figures import _mnist
from rbm_sim import RBM, Bernoulli, ReLU
from rbm_sim._support.blas import one_thread
from rbm_sim.learning import Options
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.measurements import describe
from rbm_sim.learning.run_files import Run, load, train
from rbm_sim.observables import participation_ratio
from replica.table.cells import Row

RATE, EPOCHS, RISE = 0.003, 100, 20
RUNS = Path(__file__).parents[1] / "build" / "mnist_penalised"
"""Where the runs are: a recomputation that was stopped goes on with them."""
PENALTIES = {2: (3e-5, 3e-4, 1e-3, 3e-3, 1e-2), 3: (1e-6, 1e-5, 1e-4, 3e-4, 1e-3)}
"""λ for each exponent x."""
CHAINS, SWEEPS = 500, 500
"""Samples, from images of the training set."""
SHARES = np.linspace(0, 1, 11)
"""Edges of the classes of δℓ/ℓ."""


class Machine(NamedTuple):
    """One machine; exponent and penalty 0 without a penalty."""

    units: int
    exponent: int
    penalty: float
    seed: int
    centred: bool = False
    rate: float = RATE

    @property
    def options(self) -> Options:
        """How it learns."""
        return Options(
            batch_size=100,
            learning_rate=self.rate,
            centred=self.centred,
            penalty=self.penalty,
            exponent=max(1, self.exponent),
            penalty_rise=RISE,
        )

    @property
    def file(self) -> Path:
        """Its run."""
        kind = "centred" if self.centred else "plain"
        return RUNS / f"{self.units}-{self.exponent}-{self.penalty:g}-{self.seed}-{kind}-{self.rate:g}.npz"


def learned(machine: Machine, epochs: int = EPOCHS) -> Run:
    """A machine after so many epochs, those of its file included, and its history.

    Parameters
    ----------
    machine : Machine
        Which one.
    epochs : int
        Epochs in all.

    Returns
    -------
    Run
        The run, kept after every epoch.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    kept = load(machine.file) if machine.file.exists() else None
    if kept is None or kept.learner.options != machine.options:
        begun = Learner.begin(
            _mnist.images(),
            visible=Bernoulli(),
            hidden=ReLU(),
            units=machine.units,
            options=machine.options,
            rng=_mnist.SEED + machine.seed,
        )
        kept = Run(begun, [], {})
    with one_thread():
        train(
            kept.learner,
            _mnist.images(),
            epochs=epochs,
            file=machine.file,
            measure=lambda rbm: describe(rbm, _mnist.images()),
            history=kept.history,
        )
    return kept


def samples(rbm: RBM, seed: int) -> np.ndarray:
    """Configurations that the machine has drawn, starting from images of the training set.

    Parameters
    ----------
    rbm : RBM
        The machine.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray, shape (CHAINS, N)
        The configurations.
    """
    rng = np.random.default_rng([_mnist.SEED, seed])
    start = _mnist.images()[rng.choice(len(_mnist.images()), CHAINS, replace=False)]
    with one_thread():
        return np.asarray(rbm.sample(CHAINS, SWEEPS, start=start, rng=rng).v)


def distances(rbm: RBM, v: np.ndarray) -> list[Row]:
    """How far two configurations are from each other whose strong hidden units differ by so much.

    The strong units of a configuration are its L̂ most active ones; δℓ/ℓ is the share of them that the other lacks,
    mean over the two.

    Parameters
    ----------
    rbm : RBM
        The machine.
    v : ndarray, shape (n, N)
        Configurations of {0, 1}.

    Returns
    -------
    list of dict
        share (δℓ/ℓ), distance (fraction of visible units that differ), distance_sd and pairs, for each class of
        δℓ/ℓ with 20 pairs or more.
    """
    h = rbm.hidden.mode(rbm.inputs(v))
    L = np.clip(np.rint(participation_ratio(h)), 1, h.shape[1])
    strong = (np.argsort(np.argsort(-h, axis=1), axis=1) < L[:, None]).astype(np.float32)
    common = strong @ strong.T
    share = 1 - common * (1 / L[:, None] + 1 / L) / 2
    on = v.sum(axis=1, dtype=float)
    apart = (on[:, None] + on - 2 * (v @ v.T)) / v.shape[1]
    pairs = np.triu_indices(len(v), 1)
    share, apart = share[pairs], apart[pairs]
    rows = []
    for low, high in itertools.pairwise(SHARES):
        mine = (share >= low) & ((share < high) | (high == SHARES[-1]))
        if mine.sum() >= 20:
            found = apart[mine]
            rows.append(
                {
                    "share": float(share[mine].mean()),
                    "distance": float(found.mean()),
                    "distance_sd": float(found.std()),
                    "pairs": int(mine.sum()),
                }
            )
    return rows
