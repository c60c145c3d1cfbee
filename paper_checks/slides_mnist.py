"""Manzan, slides (2021), slides 17 to 20: claims about machines trained on handwritten digits.

They need machines that have learned: those of the figures `mnist_sparsity`, `mnist_features`, `mnist_novelty` and
`mnist_penalty`, whose committed numbers are weighed here.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paper_checks.check import Outcome, Tolerance, Verdict, check
from paper_checks.evidence import weigh
from replica.table import Table
from replica.table.cells import Row

SOURCE = "Manzan, slides (2021)"
PIXELS = 28 * 28
FEATURES, NOVELTY, PENALTY, SPARSITY = (
    Path(__file__).parents[1] / "figures" / f"mnist_{name}.csv"
    for name in ("features", "novelty", "penalty", "sparsity")
)


class Features(NamedTuple):
    """Weights of 30 hidden units after 200 epochs, one number for each."""

    p_hat: np.ndarray
    pixels: np.ndarray
    """Pixels that hold half of Σ_i w_i²."""
    strong: np.ndarray
    """Share of weights beyond half of the largest."""
    likeness: np.ndarray
    """Correlation between neighbouring pixels, of the inner 20 × 20, where there is ink."""


def _features(series: str) -> Features:
    rows = [row for row in Table.read(FEATURES).rows() if row["series"] == series and row["kind"] == "weights"]
    w = np.array([list(bytes.fromhex(row["pixels"])) for row in rows], float) - 128
    held = np.cumsum(np.sort(w**2, axis=1)[:, ::-1], axis=1)
    inner = w.reshape(-1, 28, 28)[:, 4:24, 4:24]
    pairs = ((inner[:, 1:], inner[:, :-1]), (inner[:, :, 1:], inner[:, :, :-1]))
    ab, aa, bb = (
        sum((x * y).sum(axis=(1, 2)) for x, y in product)
        for product in (pairs, [(a, a) for a, _ in pairs], [(b, b) for _, b in pairs])
    )
    return Features(
        p_hat=np.array([row["p_hat"] for row in rows]),
        pixels=1 + (held < held[:, -1:] / 2).sum(axis=1),
        strong=(np.abs(w) > np.abs(w).max(axis=1, keepdims=True) / 2).mean(axis=1),
        likeness=ab / np.sqrt(aa * bb),
    )


def _history(series: str) -> list[Row]:
    return [row for row in Table.read(SPARSITY).rows() if row["series"] == series]


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _shown(values: np.ndarray) -> str:
    return f"{values.mean():.3g} ± {_error(values):.1g}"


def _beyond(a: np.ndarray, b: np.ndarray) -> float:
    """By how many standard errors the mean of a is above that of b."""
    return float(a.mean() - b.mean()) / math.hypot(_error(a), _error(b))


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
    return Verdict(Outcome.UNCHECKED, f"M = {M[0]} to {M[-1]} of {PIXELS} pixels", note)


@check(
    source=SOURCE,
    where="Simulations on MNIST, Gaussian hidden units",
    printed="weights are chaotic, many of similar strength",
    seen="p",
    right="many of similar strength, but as smooth as those of ReLU units",
    route="committed figure mnist_features: weights of 30 units of each kind",
    expected="differs",
)
def weights_of_gaussian_machine() -> Verdict:
    """How many pixels hold half of Σw², and whether a weight is that of its neighbour, beside ReLU units."""
    gaussian, relu = (_features(series) for series in ("gaussian", "relu"))
    many = _beyond(gaussian.pixels, relu.pixels)
    rough = _beyond(relu.likeness, gaussian.likeness)
    shown = f"half of Σw² in {_shown(gaussian.pixels)} pixels, neighbours correlated by {_shown(gaussian.likeness)}"
    note = f"ReLU units: {_shown(relu.pixels)} and {_shown(relu.likeness)}; two errors apart count"
    both = many > 2 and rough > 2
    return Verdict(Outcome.REPRODUCED if both else Outcome.DIFFERS, shown, note)


@check(
    source=SOURCE,
    where="ReLU-RBM simulation on MNIST",
    printed="sparse connections, few of them stronger",
    seen="p",
    route="committed figure mnist_features: weights of 30 units of each kind",
)
def weights_of_relu_machine() -> Verdict:
    """Share of weights beyond half of the largest of their unit, and p̂ of single units, beside Gaussian units."""
    gaussian, relu = (_features(series) for series in ("gaussian", "relu"))
    fewer, sparser = _beyond(gaussian.strong, relu.strong), _beyond(gaussian.p_hat, relu.p_hat)
    shown = f"p̂ = {_shown(relu.p_hat)}, {_shown(100 * relu.strong)} % of the weights beyond half of the largest"
    note = f"Gaussian units: {_shown(gaussian.p_hat)} and {_shown(100 * gaussian.strong)} %; three errors apart count"
    return Verdict(Outcome.REPRODUCED if min(fewer, sparser) > 3 else Outcome.DIFFERS, shown, note)


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
    route="committed figure mnist_sparsity: 2000 images after 200 epochs",
)
def activations_after_training() -> Verdict:
    """Silent and strongly activated hidden units of 400, beside Gaussian ones, which have neither."""
    last = _history("relu")[-1]
    shown = f"of 400 units {last['silent']:.0f} silent, {last['L_hat']:.1f} strongly activated"
    note = "L̂ with exponent 3, mean over 2000 images, whose standard error is below 1 %"
    holds = last["silent"] > 100 and 2 < last["L_hat"] < 100
    return Verdict(Outcome.REPRODUCED if holds else Outcome.DIFFERS, shown, note)


@check(
    source=SOURCE,
    where="Weight sparsity, after training",
    printed="after training the machine reaches a low degree of sparsity; others reach other values, and L with them",
    seen="p",
    route="committed figures mnist_sparsity and mnist_penalty",
)
def sparsity_after_training() -> Verdict:
    """p̂ from that of random weights, 1/3, down; machines with other penalties end at other p̂ and L̂."""
    history = [row["p_hat"] for row in _history("relu")]
    ends = [(row["p_hat"], row["L_hat"]) for row in Table.read(PENALTY).rows() if row["series"] == "learned"]
    (least, most), (few, many) = ((min(values), max(values)) for values in zip(*ends, strict=True))
    shown = f"p̂ from {history[0]:.2f} to {history[-1]:.3f}; with penalties {least:.4f} to {most:.3f}"
    note = f"L̂ then between {few:.0f} and {many:.0f}; single runs"
    holds = history[-1] < history[0] / 2 and most > 2 * least and many > 2 * few
    return Verdict(Outcome.REPRODUCED if holds else Outcome.DIFFERS, shown, note)


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
