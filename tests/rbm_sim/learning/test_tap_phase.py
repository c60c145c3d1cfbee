"""The gradient from TAP equations: against enumeration, without noise, interrupted, and what it refuses."""

import numpy as np
import pytest
from rbm_sim.exact_learning import gradient

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Potts, ReLU, Spin, datasets, exact, tap
from rbm_sim.learning import DivergedError, Learner, Options, run_files
from rbm_sim.learning.parameters import checked
from rbm_sim.learning.tap_phase import model_part


def machine(visible, hidden, scale, N=8, M=5, seed=0):
    rng = np.random.default_rng(seed)
    w = rng.normal(0, scale / np.sqrt(N), (N, M))
    return RBM(w, visible=visible(rng.normal(0, 0.4, N)), hidden=hidden)


def data(visible=Bernoulli, samples=60, seed=1, rare=0.3):
    rng = np.random.default_rng(seed)
    x = (rng.random((samples, 6)) < rare) ^ (rng.random(samples) < 0.5)[:, None]
    return np.where(x, 1.0, visible().low)


@pytest.mark.some(4)
@pytest.mark.parametrize("hidden", [Bernoulli(0.3), Spin(-0.2), Gaussian(), ReLU(0.4)], ids=repr)
@pytest.mark.parametrize("visible", [Bernoulli, Spin])
def test_gradient_beside_enumeration(visible, hidden):
    """The model part at a solution errs by w² k k/2 and less: a quarter of it at half of the weights."""
    worst = []
    for scale in (0.5, 0.25):
        rbm = machine(visible, hidden, scale)
        start = exact.moments(rbm).v[None]
        part, truth = model_part(rbm, start, 60), exact.moments(rbm)
        worst.append(np.abs(part.v.T @ part.h + part.covariance - truth.vh).max())
        found = tap.solve(rbm)
        np.testing.assert_allclose(part.v[0], found.v, atol=1e-6)
        np.testing.assert_allclose(part.v.T @ part.h + part.covariance, tap.pair_means(rbm, found), atol=2e-6)
    assert worst[1] < worst[0] / 3.5


def stepped(rate=1e-2, samples=60, **options):
    """A learner that took one step from weak random weights, its step and the exact gradient."""
    x = data(samples=samples)
    begun = Learner.begin(
        x,
        visible=Bernoulli(),
        hidden=Bernoulli(),
        units=3,
        rng=2,
        options=Options(learning_rate=rate, batch_size=samples, negative="tap", **options),
    )
    begun.parameters.w *= 8
    truth = gradient(begun.rbm, x)
    begun.learn(checked(x, Bernoulli()))
    return begun, begun.step, truth


@pytest.mark.parametrize("centred", [False, True])
def test_a_step_follows_the_likelihood(centred):
    """The plain step is the rate times the gradient; the centred one is that of shifted v and h, an equivalent one."""
    begun, step, truth = stepped(centred=centred, k=50)
    if centred:
        mu, lam = begun.offsets
        # ⟨v h⟩ − ⟨v⟩λ − μ⟨h⟩, and what of it the fields take up; offsets b have the opposite sign of fields
        w = truth.w + np.outer(truth.visible, lam) + np.outer(mu, truth.hidden)
        truth.visible, truth.hidden, truth.w = truth.visible + w @ lam, truth.hidden + mu @ w, w
    for found, right in zip(step.arrays(), truth.arrays(), strict=True):
        assert np.abs(found / 1e-2 - right).max() < 0.01 * max(1, np.abs(right).max())


def test_no_noise():
    """Another order of the data in one batch of all is the same step; with chains it is not."""
    steps = [stepped()[1].w, stepped()[1].w]
    np.testing.assert_array_equal(*steps)
    x = data()
    found = []
    for negative in ("tap", "chains"):
        for seed in (3, 4):
            options = Options(batch_size=60, negative=negative)
            begun = Learner.begin(x, visible=Bernoulli(), hidden=Bernoulli(), units=3, rng=0, options=options)
            begun.rng = np.random.default_rng(seed)
            begun.learn(checked(x, Bernoulli()))
            found.append(begun.step.w.copy())
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert np.abs(found[2] - found[3]).max() > 1e-4


def learned(**options):
    """A learner of units that are flipped together half of the time, and the log-likelihood at first and at last."""
    x = checked(data(samples=200, rare=0.2), Bernoulli())
    options = Options(learning_rate=0.5, batch_size=200, negative="tap", **options)
    begun = Learner.begin(x, visible=Bernoulli(), hidden=Bernoulli(), units=3, rng=0, options=options)
    before = exact.log_likelihood(begun.rbm, x)
    for _ in range(150):
        begun.learn(x)
    return begun, before, exact.log_likelihood(begun.rbm, x)


@pytest.mark.some(1)
@pytest.mark.parametrize("k", [1, 3])
def test_points_that_start_at_the_data_learn_both_modes(k):
    begun, before, after = learned(k=k, persistent=False)
    assert begun.chains is None
    assert after > before + 0.4


def test_points_that_have_met_stay_together():
    """Persistent ones are all at the one solution of weak weights, and fall into one of the two that it becomes."""
    begun, before, after = learned()
    assert np.ptp(begun.chains, axis=0).max() < 1e-5
    assert after < before


@pytest.mark.parametrize("persistent", [True, False])
def test_a_run_that_stopped_goes_on(persistent, tmp_path):
    x = checked(data(Spin), Spin())

    def begin():
        options = Options(batch_size=20, learning_rate=0.05, negative="tap", persistent=persistent)
        return Learner.begin(x, visible=Spin(), hidden=ReLU(0.2), units=4, rng=5, options=options)

    whole, stopped = begin(), begin()
    for _ in range(2):
        whole.learn(x)
    stopped.learn(x)
    run_files.save(tmp_path / "run.npz", stopped, [])
    again = run_files.load(tmp_path / "run.npz").learner
    assert (again.chains is not None) == persistent
    again.learn(x)
    for a, b in zip(whole.parameters.arrays(), again.parameters.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_points_that_leave_the_hidden_units_no_law_lose_their_variances():
    """Σ w² c above 1 for Gaussian hidden units: variances are held back, and numbers stay numbers."""
    rbm = machine(Spin, Gaussian(), 3.0)
    part = model_part(rbm, np.zeros((2, 8)), 5)
    assert all(np.isfinite(x).all() for x in part)
    assert np.abs(part.v).max() > 0.5


def test_it_changes_between_chains_and_points():
    """One learner, other options: the chains of the one are none for the other."""
    x = checked(data(), Bernoulli())
    begun = Learner.begin(x, visible=Bernoulli(), hidden=Bernoulli(), units=3, rng=0, options=Options(batch_size=20))
    begun.learn(x)
    begun.options = Options(batch_size=20, negative="tap")
    begun.learn(x)
    assert begun.chains.shape == (20, 6)
    begun.options = Options(batch_size=20)
    begun.learn(x)
    assert begun.chains.shape == (20, 3)


def test_divergence_is_told():
    begun = stepped()[0]
    begun.options = Options(learning_rate=1e4, batch_size=60, negative="tap")
    with pytest.raises(DivergedError, match="learning diverged in epoch 2"):
        for _ in range(3):
            begun.learn(checked(data(), Bernoulli()))


def test_refuses():
    with pytest.raises(ValueError, match="negative = 'sampling': must be"):
        Options(negative="sampling")
    x = np.random.default_rng(0).normal(size=(20, 3))
    for values, visible, hidden in (
        (x, Gaussian(), Bernoulli()),
        (x > 0, Bernoulli(), DReLU()),
        ((x > 0).astype(int), Potts(2), Spin()),
    ):
        with pytest.raises(ValueError, match="negative = 'tap': must be 'chains' for"):
            Learner.begin(values, visible=visible, hidden=hidden, units=2, options=Options(negative="tap"))


@pytest.mark.slow
def test_digits_beside_contrastive_divergence():
    """16 hidden units, 30 epochs: the exact log-likelihood of data not learned from, within 0.3 nats of CD-1."""
    images = datasets.load("digits").images[np.random.default_rng(0).permutation(1797)]
    x = checked(images > 0.5, Bernoulli())
    reached = []
    for options in ({}, {"negative": "tap", "k": 3}):
        options = Options(learning_rate=0.1, batch_size=100, persistent=False, **options)
        begun = Learner.begin(x[:1400], visible=Bernoulli(), hidden=Bernoulli(), units=16, rng=0, options=options)
        before = exact.log_likelihood(begun.rbm, x[1400:])
        for _ in range(30):
            begun.learn(x[:1400])
        reached.append(exact.log_likelihood(begun.rbm, x[1400:]))
    assert min(reached) > before + 2
    assert abs(reached[1] - reached[0]) < 0.3
