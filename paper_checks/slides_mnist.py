"""Manzan, slides (2021), slides 17 to 20: claims about machines trained on handwritten digits.

They need a study of training, which are the figures `mnist_sparsity` and `mnist_novelty`; what their committed numbers
do not decide is named here and left open.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import weigh
from replica.table import Table

SOURCE = "Manzan, slides (2021)"
PIXELS = 28 * 28
STUDY = "see figures mnist_sparsity"
NOVELTY = Path(__file__).parents[1] / "figures" / "mnist_novelty.csv"
ROUTE = "none here: needs a trained machine"


def _study(computed: str, note: str) -> Verdict:
    return Verdict(Outcome.UNCHECKED, computed, f"{note}; {STUDY}")


@check(
    source=SOURCE,
    where="Simulations on MNIST, load",
    printed="α ≈ 0.26",
    seen="p",
    route="whole numbers of hidden units",
    expected="unchecked",
)
def load_of_simulation() -> Verdict:
    """Which M on 784 pixels have this load; the slide does not say M."""
    M = [m for m in range(1, PIXELS) if round(m / PIXELS, 2) == 0.26]
    note = "the slide gives no M; M = 200 has 0.2551, and every such load is above the Hopfield capacity 0.138"
    return _study(f"M = {M[0]} to {M[-1]} of {PIXELS} pixels", note)


@check(
    source=SOURCE,
    where="Simulations on MNIST, Gaussian hidden units",
    printed="weights are chaotic, many of similar strength",
    seen="p",
    route=ROUTE,
    expected="unchecked",
)
def weights_of_gaussian_machine() -> Verdict:
    """A statement on the shape of learned weights, without numbers."""
    return _study("", "no number is printed")


@check(
    source=SOURCE,
    where="ReLU-RBM simulation on MNIST",
    printed="sparse connections, few of them stronger",
    seen="p",
    route=ROUTE,
    expected="unchecked",
)
def weights_of_relu_machine() -> Verdict:
    """A statement on the shape of learned weights, without numbers."""
    return _study("", "no number is printed")


@check(
    source=SOURCE,
    where="ReLU-RBM simulation on MNIST, samples",
    printed="many of the variants are not contained in the training set",
    seen="p",
    route="committed figure mnist_novelty: distances of samples to all training images",
)
def new_digits() -> Verdict:
    """Of 1000 samples none is a training image, and the nearest is farther than from one test image to the next."""
    distance: dict[str, dict[int, int]] = {}
    for row in Table.read(NOVELTY).rows():
        distance.setdefault(row["series"], {})[row["percent"]] = row["distance"]
    least, median, test = distance["relu"][0], distance["relu"][50], distance["test"][50]
    shown = f"nearest training image at {least} pixels or more, median {median}; of test images {test}"
    note = "200 ReLU units, 1000 samples; a part of the distance is single wrong pixels: figures/mnist_novelty.png"
    return Verdict(Outcome.REPRODUCED if least > 0 and median > test else Outcome.DIFFERS, shown, note)


@check(
    source=SOURCE,
    where="Strongly activated hidden units; Compositional phase",
    printed="many units silent, more than one strongly activated",
    seen="p",
    route=ROUTE,
    expected="unchecked",
)
def activations_after_training() -> Verdict:
    """A statement on the hidden layer of a trained machine."""
    return _study("", "L̂ with a = 3 on generated digits")


@check(
    source=SOURCE,
    where="Weight sparsity, after training",
    printed="after training the machine reaches a low degree of sparsity; others reach other values, and L with them",
    seen="p",
    route=ROUTE,
    expected="unchecked",
)
def sparsity_after_training() -> Verdict:
    """A statement on trained machines; what L ~ ℓ*/p says of random ones is a check of the compositional slides."""
    return _study("", "p̂ along training")


@check(
    source=SOURCE,
    where="Weight sparsity, the estimate on random weights",
    printed="p = (1/MN) Σ_μ [(Σ_i w²)²/Σ_i w⁴] (corrected) estimates the sparsity",
    seen="p",
    route="simulation, z-score, and Gaussian weights",
)
def sparsity_of_random_weights() -> Verdict:
    """Mean over the columns of a random machine: p for weights ±1/√N and 0, and p/3 if they are Gaussian instead."""
    rng, N, M = np.random.default_rng(20), 2000, 400
    z, shown = [], []
    for p in (0.05, 0.3):
        on = rng.random((N, M)) < p
        signs = on * rng.choice([-1.0, 1.0], size=(N, M)) / math.sqrt(N)
        normal = on * rng.normal(size=(N, M))
        for w, expected in ((signs, p), (normal, p / 3)):
            columns = (w**2).sum(axis=0) ** 2 / (w**4).sum(axis=0) / N
            # ratio estimate: its bias is of order 1/(N p)
            error = columns.std(ddof=1) / math.sqrt(M) + (0.0 if expected == p else 10 * expected / (N * p))
            z.append((columns.mean() - expected) / error)
            shown.append(f"{columns.mean():.4f}")
    tolerance = Tolerance("standard errors", 3.5, "four means, one seed; bias 10/(Np) of the Gaussian ones added")
    return weigh(z, 0.0, tolerance, f"{', '.join(shown)} at p = 0.05 and 0.3: signs, then Gaussian")
