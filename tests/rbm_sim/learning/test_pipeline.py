"""The estimator in pipelines of scikit-learn, and the accuracies that the documentation states."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
from rbm_sim.estimator import RBMEstimator
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline

PAGE = Path(__file__).parents[3] / "docs" / "scikit_learn.md"
SPLITS = 3
FEATURES = {
    "pixels": lambda seed: [],
    "scikit-learn's `BernoulliRBM`, rate 0.06": lambda seed: [
        BernoulliRBM(100, learning_rate=0.06, n_iter=20, random_state=seed)
    ],
    "`binarise=0.5`": lambda seed: [RBMEstimator(100, binarise=0.5, n_iter=20, random_state=seed)],
    '`binarise="random"`': lambda seed: [RBMEstimator(100, binarise="random", n_iter=20, random_state=seed)],
    '`hidden="relu"`, `binarise="random"`': lambda seed: [
        RBMEstimator(100, hidden="relu", binarise="random", n_iter=20, random_state=seed)
    ],
    '`visible="gaussian"`': lambda seed: [RBMEstimator(100, visible="gaussian", n_iter=20, random_state=seed)],
}


def accuracies(name):
    """On 400 digits, of a classifier that learned from the rest, for three splits."""
    X, y = load_digits(return_X_y=True)
    found = []
    for seed in range(SPLITS):
        x, x_test, t, t_test = train_test_split(X / 16, y, test_size=400, random_state=seed, stratify=y)
        classifier = make_pipeline(*FEATURES[name](seed), LogisticRegression(C=10, max_iter=2000))
        found.append(classifier.fit(x, t).score(x_test, t_test))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEATURES, ids=["pixels", "scikit-learn", "threshold", "random", "relu", "gaussian"])
def test_accuracies_of_the_page(name):
    """Learning differs between processors: 1.5 % of accuracy is three standard errors of a mean over 1200 digits."""
    (stated,) = re.findall(rf"^\| {re.escape(name)} \| ([\d.]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found = accuracies(name)
    assert abs(100 * found.mean() - float(stated)) < 1.5, found


def test_the_page_states_an_accuracy_for_each_kind_of_features():
    rows = re.findall(r"^\| (.+) \| ([\d.]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == set(FEATURES)
    assert all(50 < float(value) <= 100 for _, value in rows)
