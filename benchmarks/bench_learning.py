"""Steps of contrastive divergence at 784 × 500, batches of 100, beside the five matrix products of a step.

With k = 1 these are two times v w, h wᵀ, and v h of data and model. If scikit-learn is installed, its BernoulliRBM
(PCD-1, in double precision) learns from the same batches.
"""

import numpy as np
import pytest
from interleaved import minima
from threadpoolctl import threadpool_limits

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Potts, ReLU
from rbm_sim.learning import datasets
from rbm_sim.learning.contrastive_divergence import Learner, Options
from rbm_sim.learning.parameters import checked
from rbm_sim.partition import exact
from rbm_sim.partition.likelihood import independent_pixels

BATCH, N, M, BATCHES = 100, 784, 500, 20
HIDDEN = {"Bernoulli": Bernoulli(), "Gaussian": Gaussian(), "ReLU": ReLU(), "double ReLU": DReLU()}
STATES = 8
"""Of Potts units, 98 of which have as many weights."""


def images():
    rng = np.random.default_rng(0)
    return (rng.random((BATCH * BATCHES, N)) < rng.random(N)).astype(np.float32)


def states():
    return np.random.default_rng(0).integers(STATES, size=(BATCH * BATCHES, N // STATES))


def products():
    """The products of all batches, on arrays of their shapes."""
    rng = np.random.default_rng(1)
    v, h = (rng.integers(0, 2, (BATCH, n)).astype(np.float32) for n in (N, M))
    w = rng.standard_normal((N, M)).astype(np.float32)
    v_out, h_out, w_out = np.empty_like(v), np.empty_like(h), np.empty_like(w)

    def run():
        for _ in range(BATCHES):
            for _ in range(2):
                np.matmul(v, w, out=h_out)
                np.matmul(v.T, h, out=w_out)
            np.matmul(h, w.T, out=v_out)

    return run


def learning(hidden, persistent, visible=None):
    """One epoch; a rate so small that the machine stays what it is."""
    visible = visible or Bernoulli()
    given = images() if isinstance(visible, Bernoulli) else states()
    data = checked(given, visible)
    options = Options(batch_size=BATCH, learning_rate=1e-6, persistent=persistent)
    learner = Learner.begin(given, visible=visible, hidden=hidden, units=M, options=options, rng=2)
    return lambda: learner.learn(data)


def sklearn_learning():
    """One epoch of scikit-learn's machine, or nothing without it."""
    try:
        from sklearn.neural_network import BernoulliRBM
    except ImportError:
        return {}
    data = images().astype(np.float64)  # what it converts to
    machine = BernoulliRBM(M, learning_rate=1e-6, batch_size=BATCH, random_state=2)

    def run():
        for first in range(0, len(data), BATCH):
            machine.partial_fit(data[first : first + BATCH])

    return {"scikit-learn's BernoulliRBM, PCD-1": run}


def test_learning_against_products(capsys):
    with threadpool_limits(1):
        cases = {"5 SGEMM": products()}
        for method, persistent in (("CD-1", False), ("PCD-1", True)):
            cases |= {f"{name}, {method}": learning(hidden, persistent) for name, hidden in HIDDEN.items()}
            cases[f"Potts visible, Bernoulli, {method}"] = learning(Bernoulli(), persistent, Potts(STATES))
        best = minima(cases | sklearn_learning())
    with capsys.disabled():
        print(f"\nbatches of {BATCH}, {N} x {M}, 1 thread           ms a batch   5 SGEMM / batch")
        for name, seconds in best.items():
            print(f"{name:40s}{1e3 * seconds / BATCHES:14.2f}{best['5 SGEMM'] / seconds:16.3f}")


def test_digits_beside_scikit_learn(capsys):
    """Exact log-likelihood of test digits and time to learn: 16 hidden units, 50 epochs, one thread.

    Each at its best rate of those tried; scikit-learn with its own batches of 10, ours centred with batches of 100.
    """
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import BernoulliRBM

    from rbm_sim.learning.estimator import RBMEstimator

    X = datasets.binarise(load_digits().data / 16).astype(float)
    train, test = train_test_split(X, test_size=0.25, random_state=0)
    machines = {}

    def ours():
        machines["rbm_sim"] = (
            RBMEstimator(16, learning_rate=0.3, batch_size=100, n_iter=50, centred=True, random_state=0).fit(train).rbm_
        )

    def theirs():
        found = BernoulliRBM(16, learning_rate=0.03, batch_size=10, n_iter=50, random_state=0).fit(train)
        visible, hidden = Bernoulli(found.intercept_visible_), Bernoulli(found.intercept_hidden_)
        machines["scikit-learn"] = RBM(np.ascontiguousarray(found.components_.T), visible=visible, hidden=hidden)

    with threadpool_limits(1):
        best = minima({"rbm_sim": ours, "scikit-learn": theirs}, repeats=3)
    with capsys.disabled():
        print("\ndigits, 16 hidden units, 50 epochs        seconds   test log-likelihood")
        for name, seconds in best.items():
            print(f"{name:38s}{seconds:11.3f}{exact.log_likelihood(machines[name], test):16.3f}")
        print(f"{'independent pixels':49s}{independent_pixels(train, test).mean:16.3f}")
