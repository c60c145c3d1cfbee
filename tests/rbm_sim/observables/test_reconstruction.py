"""Reconstructions with the means of both layers written out, their error, and what that error does not know."""

import math

import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin, exact, reconstruct, reconstruction_error
from rbm_sim.learning import Learner, Options, datasets

W = np.random.default_rng(0).normal(size=(4, 3))
G = {4: np.array([0.3, -0.2, 0.5, 0.0]), 3: np.array([-0.4, 0.1, 0.6])}
KINDS = {"bernoulli": Bernoulli, "spin": Spin, "gaussian": Gaussian, "relu": ReLU}


def layer(kind, size):
    return KINDS[kind]() if kind == "gaussian" else KINDS[kind](G[size])


def mean(kind, I, T):
    """Mean of a unit in its input, or the most likely value at T = 0."""
    g = G[I.shape[-1]]
    if kind == "gaussian":
        return I
    if kind == "relu":
        y = I - g
        if T == 0:
            return np.maximum(y, 0)
        return y + math.sqrt(T) * stats.norm.pdf(y / math.sqrt(T)) / stats.norm.cdf(y / math.sqrt(T))
    y = I + g
    if T == 0:
        return np.where(y >= 0, 1.0, 0.0 if kind == "bernoulli" else -1.0)
    return 1 / (1 + np.exp(-y / T)) if kind == "bernoulli" else np.tanh(y / T)


def configurations(kind):
    rng = np.random.default_rng(1)
    drawn = {"bernoulli": rng.integers(0, 2, (6, 4)), "spin": 2 * rng.integers(0, 2, (6, 4)) - 1}
    return drawn.get(kind, np.abs(rng.normal(size=(6, 4)))).astype(float)


@pytest.mark.some(12)
@pytest.mark.parametrize("T", [0.0, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("hidden", KINDS)
@pytest.mark.parametrize("visible", KINDS)
def test_by_hand(visible, hidden, T):
    rbm = RBM(W, visible=layer(visible, 4), hidden=layer(hidden, 3))
    v = configurations(visible)
    expected = mean(visible, mean(hidden, v @ W, T) @ W.T, T)
    np.testing.assert_allclose(reconstruct(rbm, v, T), expected, rtol=1e-10, atol=1e-12)
    error = reconstruction_error(rbm, v, T)
    assert error.shape == (6,) and error.dtype == np.float64
    np.testing.assert_allclose(error, ((v - expected) ** 2).mean(axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(reconstruction_error(rbm, v[0], T), error[0], rtol=1e-12)


@pytest.mark.parametrize("hidden", ["bernoulli", "relu"])
def test_of_normal_units_it_is_the_mean_of_a_gibbs_step(hidden):
    rbm = RBM(0.3 * W, visible=Gaussian(), hidden=layer(hidden, 3))
    start = np.array([0.5, -1.0, 0.3, 2.0])
    v = rbm.sample(100_000, 1, rng=0, start=start).v
    z = (v.mean(axis=0) - reconstruct(rbm, start)) / (v.std(axis=0) / math.sqrt(len(v)))
    assert np.abs(z).max() < 4.5


def test_of_two_valued_units_it_is_not():
    """⟨tanh(w h)⟩ over h = ±1 with mean tanh(w v) is tanh²(w), not tanh(w tanh w)."""
    rbm = RBM([[1.5]], visible=Spin(), hidden=Spin())
    assert reconstruct(rbm, [1.0])[0] == pytest.approx(math.tanh(1.5 * math.tanh(1.5)), rel=1e-14)
    v = rbm.sample(100_000, 1, rng=0, start=[1.0]).v
    assert abs(v.mean() - math.tanh(1.5) ** 2) < 4.5 * v.std() / math.sqrt(1e5)


@pytest.mark.parametrize("w", [1.0, 3.0, 10.0])
def test_it_is_no_likelihood(w):
    """Hidden spins that copy the visible ones: the error falls to 0 with w, of anything; ln P(v) = −N ln 2 stays."""
    rbm = RBM(w * np.eye(4), visible=Spin(), hidden=Spin())
    v = configurations("spin")
    expected = (1 - math.tanh(w * math.tanh(w))) ** 2
    np.testing.assert_allclose(reconstruction_error(rbm, v), expected, rtol=1e-12)
    assert exact.log_likelihood(rbm, v) == pytest.approx(-4 * math.log(2), rel=1e-12)


def test_the_better_machine_may_have_the_larger_error():
    """A machine that learns bars and stripes, and one that copies: 3 × 3 images, exact log-likelihoods."""
    data = datasets.bars_and_stripes(3).images.astype(float)
    options = Options(batch_size=14, learning_rate=0.1, centred=True)
    learner = Learner.begin(data, visible=Bernoulli(), hidden=Bernoulli(), units=9, rng=1, options=options)
    for _ in range(1500):
        learner.learn(data)
    copying = RBM(20 * np.eye(9), visible=Bernoulli(-10.0), hidden=Bernoulli(-10.0))
    assert reconstruction_error(copying, data).max() < 1e-8
    assert reconstruction_error(learner.rbm, data).mean() > 1e-3
    assert exact.log_likelihood(learner.rbm, data) > exact.log_likelihood(copying, data) + 1


def test_what_is_refused():
    rbm = RBM(W, visible=Spin(), hidden=ReLU())
    for function in (reconstruct, reconstruction_error):
        with pytest.raises(ValueError, match=r"v has entries in \[0, 1\]: Spin units take values"):
            function(rbm, [0, 1, 1, 1])
        with pytest.raises(ValueError, match="v has the entry nan"):
            function(rbm, [np.nan, 1, 1, 1])
        with pytest.raises(ValueError, match="T = -1: must be"):
            function(rbm, [1, 1, 1, 1], -1)
        assert function(rbm, np.empty((0, 4))).shape[0] == 0
