"""Committed numbers of the machines that learned MNIST: what the figures say, and that they hang together."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

import figures
from figures._mnist import images
from figures.mnist_sparsity import PUBLISHED
from replica.table import Table

FOLDER = Path(figures.__file__).parent


def rows(name, series):
    return [row for row in Table.read(FOLDER / f"{name}.csv").rows() if row["series"] == series]


def test_the_weights_become_sparse_as_published():
    found = {row["epoch"]: row["p_hat"] for row in rows("mnist_sparsity", "relu")}
    assert sorted(found) == list(range(1, 201))
    below = {epoch: published - found[epoch] for epoch, published in PUBLISHED["p_hat"].items()}
    assert max(abs(below[epoch]) for epoch in (100, 200)) < 0.01  # as read off the figure
    assert min(below[1], below[5]) > 0.02  # the first epochs differ, as the page on learning says
    assert 0.01 < below[25] < 0.02
    assert np.all(np.diff([found[epoch] for epoch in (1, 5, 25, 100, 200)]) < 0)


def test_few_units_are_strong_and_many_silent():
    last = rows("mnist_sparsity", "relu")[-1]
    assert last["L_hat"] == pytest.approx(PUBLISHED["L_hat"][200], rel=0.2)
    assert 150 < last["silent"] < 250
    assert rows("mnist_sparsity", "relu, plain gradient")[-1]["silent"] > last["silent"] + 50


def test_gaussian_units_stay_tangled():
    """Normal activities of all 204 units would have L̂/M = 8/(15π) = 0.17, with exponent 3."""
    last = rows("mnist_sparsity", "gaussian")[-1]
    assert last["L_hat"] / 204 == pytest.approx(8 / (15 * math.pi), abs=0.03)
    assert last["silent"] == 0
    assert abs(last["m_tilde"]) < 0.05
    assert last["p_hat"] > rows("mnist_sparsity", "relu")[-1]["p_hat"] + 0.03


def test_effective_temperature_and_marked_epochs():
    for series in ("relu", "gaussian"):
        history = rows("mnist_sparsity", series)
        for row in history:
            assert row["T_eff"] == pytest.approx(row["p_hat"] / row["W2"], rel=1e-6)
        tested = [row["log_likelihood"] for row in history if row["log_likelihood"] is not None]
        assert len(tested) == 6
        assert tested[-1] > tested[0] + 50


@pytest.mark.parametrize("series", ["relu", "gaussian"])
def test_pictures_are_those_of_the_same_machines(series):
    mine = rows("mnist_features", series)
    weights = [row for row in mine if row["kind"] == "weights"]
    digits = np.array([list(bytes.fromhex(row["pixels"])) for row in mine if row["kind"] == "generated"])
    assert len(weights) == len(digits) == 30
    last = rows("mnist_sparsity", series)[-1]
    for name in ("p_hat", "W2"):
        values = [row[name] for row in weights]
        error = np.std(values, ddof=1) / math.sqrt(len(values))
        assert abs(np.mean(values) - last[name]) < 4 * error, name
    assert set(np.unique(digits)) == {0, 255}
    assert 0.1 < (digits > 0).mean() < 0.25  # MNIST: 0.133; long chains end in bold digits


@pytest.mark.parametrize("series", ["relu", "gaussian"])
def test_samples_are_no_training_images(series):
    """The eight that are shown have the distances to the images below them that the law allows."""
    mine = {row["percent"]: row for row in rows("mnist_novelty", series)}
    shown = [mine[k] for k in range(8)]
    bits = [[int(row[name], 16) for name in ("pixels", "nearest")] for row in shown]
    apart = [(a ^ b).bit_count() for a, b in bits]
    assert 0 < mine[0]["distance"] <= min(apart) and max(apart) <= mine[100]["distance"]
    # a median over 1000 images scatters by about 1 pixel
    test = rows("mnist_novelty", "test")[50]["distance"]
    assert mine[50]["distance"] > test + 10


def test_gaussian_samples_are_farther_than_those_of_relu_units():
    relu, gaussian = ([row["distance"] for row in rows("mnist_novelty", name)] for name in ("relu", "gaussian"))
    assert np.mean(gaussian) > np.mean(relu) + 3


def test_shown_training_images_are_images_of_the_set():
    if not os.environ.get("RBM_SIM_DATA"):
        pytest.skip("needs MNIST: set RBM_SIM_DATA")
    packed = {image.tobytes().hex() for image in np.packbits(images().astype(np.uint8), axis=1)}
    for series in ("relu", "gaussian"):
        assert {row["nearest"] for row in rows("mnist_novelty", series)[:8]} <= packed


def test_penalties_make_weights_sparser():
    learned = rows("mnist_penalty", "learned")
    free = next(row for row in learned if not row["penalty"])
    for exponent in (1, 2, 3):
        mine = [row for row in learned if row["exponent"] == exponent and row["penalty"]]
        sparsity = [row["p_hat"] for row in sorted(mine, key=lambda row: row["penalty"])]
        assert max(sparsity) < free["p_hat"] - 0.02
        if exponent > 1:  # at x = 1 the strongest penalty thins out units, not weights
            assert sparsity == sorted(sparsity, reverse=True)
    sparsest = min(learned, key=lambda row: row["p_hat"])
    assert sparsest["L_hat"] * sparsest["p_hat"] < 0.6  # near the line, from above
    assert free["L_hat"] * free["p_hat"] > 2
    for row in rows("mnist_penalty", "theory"):
        assert row["L_hat"] * row["p_hat"] == pytest.approx(0.3831935, abs=1e-6)


def test_likelihoods_are_bracketed():
    independent, published = (rows("mnist_likelihood", name)[0]["test"] for name in ("independent pixels", "published"))
    assert published == -86.34
    for name in ("CD-1", "CD-25", "PCD-1", "PCD-5"):
        history = rows("mnist_likelihood", name)
        last = history[-1]
        assert last["log_Z"] - last["log_Z_above"] < 4 * (last["log_Z_err"] + last["log_Z_above_err"])
        assert independent + 50 < last["test"] < -80
        assert last["train"] > last["test"] - 1
    assert rows("mnist_likelihood", "PCD-1")[-1]["test"] > -92
