"""Learning of real-valued data: gradients, steps, units of the data, runs on disk, the estimator."""

import math

import numpy as np
import pytest
from rbm_sim.learned import describe

from rbm_sim import RBM, Bernoulli, Gaussian, Normal, ReLU, Spin, ais, exact, likelihood, runs
from rbm_sim.learning import Learner, Options, Parameters
from rbm_sim.learning.confinement import ROOM, confine, largest_variance
from rbm_sim.learning.maximum_likelihood import gradient
from rbm_sim.learning.standardisation import NARROWEST, constant, scales_of, width_slopes
from rbm_sim.partition.gaussian_layers import GaussianLayers

HIDDEN = [Bernoulli(), Spin(), Gaussian(), ReLU()]


def data(n=200, N=4, rng=0):
    rng = np.random.default_rng(rng)
    modes = np.array([[2.0, -1, 0, 1], [-1, 2, 1, 0], [0, 0, -2, -2]])[:, :N]
    return (modes[rng.integers(3, size=n)] + rng.normal(size=(n, N))) * np.array([1, 2, 0.1, 30])[:N] + [
        5,
        0,
        1,
        300,
    ][:N]


def begin(x, hidden, units=3, **options):
    return Learner.begin(x, visible=Gaussian(), hidden=hidden, units=units, rng=1, options=Options(**options))


@pytest.mark.parametrize("kind", [Bernoulli, Spin, lambda g: Normal(g, 1.3)])
def test_gradient_by_differences_of_the_likelihood(kind):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 3)) * [1, 2, 0.5] + [3, 0, 1]
    start = np.concatenate([rng.normal(size=6) * 0.3, rng.normal(size=3), rng.normal(size=3) * 0.2, rng.normal(size=2)])

    def machine(p):
        return RBM(p[:6].reshape(3, 2), visible=Normal(-p[6:9], np.exp(-2 * p[9:12])), hidden=kind(-p[12:]))

    def value(p):
        return likelihood.log_likelihood(machine(p), x).mean

    step = 1e-5
    numeric = [(value(start + step * e) - value(start - step * e)) / (2 * step) for e in np.eye(len(start))]
    found = gradient(machine(start), x)
    parts = (found.w.ravel(), found.visible, found.log_sigma, found.hidden)
    assert np.concatenate(parts) == pytest.approx(np.array(numeric), abs=2e-8)


@pytest.mark.parametrize("hidden", [Bernoulli(), Spin()])
def test_slope_of_the_widths_needs_no_model(hidden):
    """By differences of ln P(x) at fixed weights and fields of u = x/σ."""
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(30, 3)), rng.normal(size=(3, 2)), rng.normal(size=3)
    rbm = RBM(w, visible=Normal(-b), hidden=hidden)

    def value(log_sigma):
        return likelihood.log_likelihood(rbm, x * np.exp(-log_sigma)).mean - log_sigma.sum()

    at, step = np.array([0.1, -0.2, 0.3]), 1e-5
    numeric = [(value(at + step * e) - value(at - step * e)) / (2 * step) for e in np.eye(3)]
    u = x * np.exp(-at)
    found = width_slopes(u, rbm.hidden.mean(u @ w), Parameters(w, b, np.zeros(2)))
    assert found == pytest.approx(np.array(numeric), abs=1e-8)


@pytest.mark.parametrize("hidden", [Bernoulli(), Spin(), Gaussian()])
def test_mean_step_is_the_gradient(hidden):
    """CD with many Gibbs steps from the data, averaged over many steps from one start: the exact gradient."""
    x = data(400, 3)
    learner = begin(x, hidden, 2, batch_size=400, learning_rate=1e-6, persistent=False, k=30, centred=False)
    rng = np.random.default_rng(0)
    learner.parameters.w[:] = rng.normal(size=(3, 2)) * 0.3
    steps = []
    for _ in range(200):
        learner._learn_from(x)
        steps.append([part.copy() / 1e-6 for part in learner.step.arrays()])
    u = learner.scales.reduced(x)
    machine = RBM(learner.parameters.w.astype(float), visible=Normal(np.zeros(3)), hidden=hidden)
    want = gradient(machine, u)
    for name, wanted in (("w", want.w), ("visible", want.visible), ("hidden", want.hidden)):
        found = np.array([step[learner.parameters.names().index(name)] for step in steps])
        error = found.std(axis=0) / math.sqrt(len(steps)) + 1e-5
        assert np.abs((found.mean(axis=0) - wanted) / error).max() < 4.5, name
    widths = width_slopes(u, hidden.mean(u @ machine.weights), Parameters(machine.weights, np.zeros(3), np.zeros(2)))
    assert np.mean([step[3] for step in steps], axis=0) == pytest.approx(widths, abs=1e-3)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_it_begins_as_independent_gaussians(hidden):
    x = data()
    rbm = begin(x, hidden).rbm
    assert 1 / np.sqrt(rbm.visible.gamma) == pytest.approx(x.std(axis=0), rel=1e-6)
    log_Z = ais.log_partition(rbm, n_temperatures=100, base=x, rng=0) if isinstance(hidden, ReLU) else None
    found = likelihood.log_likelihood(rbm, x, log_Z).mean
    assert found == pytest.approx(likelihood.independent_gaussians(x, x).mean, abs=0.05)


@pytest.mark.some(2)
@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_it_learns(hidden, persistent):
    x = data(400)
    learner = begin(x, hidden, batch_size=20, learning_rate=0.02, persistent=persistent)
    for _ in range(100):
        learner.learn(x)
    if isinstance(hidden, ReLU):
        log_Z = ais.log_partition(learner.rbm, n_temperatures=1000, base=x, rng=0)
        assert log_Z.reliable
    found = likelihood.log_likelihood(learner.rbm, x, log_Z if isinstance(hidden, ReLU) else None)
    assert found.mean > likelihood.independent_gaussians(x, x).mean + 0.1


@pytest.mark.parametrize("hidden", HIDDEN)
def test_units_of_the_data_do_not_matter(hidden):
    """Learned from other units the machine is the same one, to the rounding of single precision."""
    x, scale, shift = data(), np.array([8.0, 0.5, 4.0, 2.0]), np.array([0.0, 64.0, -16.0, 1024.0])
    one, other = begin(x, hidden, batch_size=20), begin(x * scale + shift, hidden, batch_size=20)
    for _ in range(2):
        one.learn(x)
        other.learn(x * scale + shift)
    assert other.rbm.weights * scale[:, None] == pytest.approx(one.rbm.weights, rel=2e-3, abs=1e-3)
    F = one.rbm.free_energy(x) - other.rbm.free_energy(x * scale + shift)
    assert np.ptp(F) < 1e-2
    single, double = begin(x.astype(np.float32), hidden), begin(x.astype(np.float32).astype(float), hidden)
    single.learn(x.astype(np.float32))
    double.learn(x.astype(np.float32).astype(float))
    assert np.array_equal(single.parameters.w, double.parameters.w)


def test_the_machine_samples_data_in_their_units():
    x = data(600)
    learner = begin(x, Bernoulli(), 4, batch_size=20, learning_rate=0.02, persistent=False)
    for _ in range(200):
        learner.learn(x)
    v = learner.rbm.sample(4000, 300, rng=2, start=np.resize(x, (4000, 4))).v
    found = exact.moments(learner.rbm)
    z = (v.mean(axis=0) - found.v) / (v.std(axis=0) / math.sqrt(len(v)))
    assert np.abs(z).max() < 4
    assert found.v == pytest.approx(x.mean(axis=0), abs=0.3 * x.std(axis=0).max())
    assert np.abs((found.v - x.mean(axis=0)) / x.std(axis=0)).max() < 0.15


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("persistent", [True, False])
def test_a_run_goes_on_bit_for_bit(tmp_path, hidden, persistent):
    x, file = data(), tmp_path / "run.npz"
    options = {"batch_size": 20, "persistent": persistent, "momentum": 0.5, "centred": True, "learning_rate": 0.01}
    whole = begin(x, hidden, **options)
    runs.train(whole, x, epochs=6)
    runs.train(begin(x, hidden, **options), x, epochs=3, file=file)
    resumed = runs.load(file)
    runs.train(resumed.learner, x, epochs=6, history=resumed.history, file=file)
    again = runs.load(file).learner
    for learner in (resumed.learner, again):
        for mine, theirs in zip(
            (*learner.parameters.arrays(), *learner.step.arrays(), *learner.scales),
            (*whole.parameters.arrays(), *whole.step.arrays(), *whole.scales),
            strict=True,
        ):
            assert np.array_equal(mine, theirs)
        assert np.array_equal(learner.rbm.weights, whole.rbm.weights)


def test_files_without_their_scales_are_refused(tmp_path):
    file = tmp_path / "run.npz"
    runs.save(file, begin(data(), Spin()))
    with np.load(file) as kept:
        arrays = dict(kept)
    for change, message in (
        ({"scale": None}, "it has no 'scale'"),
        ({"scale": np.zeros(4)}, "scale has entries <= 0"),
        ({"mean": np.zeros(3)}, "mean is float64 of shape"),
        ({"log_sigma": np.full(4, np.nan, np.float32)}, r"log_sigma has the entry nan at \[0\], must be finite"),
    ):
        np.savez(file, **{k: v for k, v in (arrays | change).items() if v is not None})
        with pytest.raises(ValueError, match=message):
            runs.load(file)


def test_an_error_leaves_the_last_epoch():
    x = data()
    learner = begin(x, Bernoulli(), batch_size=20, learning_rate=0.01)
    learner.learn(x)
    before = learner.parameters.copy()
    learner.options = Options(batch_size=20, learning_rate=1e6)
    with pytest.raises(ValueError, match="learning diverged in epoch 2"):
        learner.learn(x)
    for mine, theirs in zip(learner.parameters.arrays(), before.arrays(), strict=True):
        assert np.array_equal(mine, theirs)


def test_columns_that_do_not_vary():
    x = np.column_stack([data(), np.full(200, 0.1)])
    scales = scales_of(x)
    assert scales.scale[4] == pytest.approx(np.median(x[:, :4].std(axis=0)), rel=1e-14)
    assert scales_of(np.ones((3, 2))).scale.tolist() == [1, 1]
    learner = begin(x, Spin(), batch_size=20, learning_rate=0.05)
    for _ in range(100):
        learner.learn(x)
    assert learner.parameters.log_sigma.min() == np.float32(math.log(NARROWEST))
    assert np.isfinite(likelihood.log_likelihood(learner.rbm, x).mean)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_moments_of_small_and_large_columns(size):
    x = data()[:, :2]
    scales = scales_of(x * size)
    np.testing.assert_allclose(scales.scale, x.std(axis=0) * size, rtol=1e-12)
    np.testing.assert_allclose(scales.mean, x.mean(axis=0) * size, rtol=1e-12)


@pytest.mark.parametrize("offset", [0, 1e6, 1.7e9, -1e12])
def test_columns_far_from_zero_vary(offset):
    x = data()[:, :2] + offset
    scales = scales_of(x)
    exact = x - offset  # without rounding: the two are close
    np.testing.assert_allclose(scales.scale, exact.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scales.mean - offset, exact.mean(axis=0), atol=1e-15 * abs(offset) + 1e-12)
    assert constant(np.column_stack([x, np.full(200, offset + 0.1)])).tolist() == [False, False, True]


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU()])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_confined_weights_have_a_law(hidden, shape):
    w = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inside = w * np.float32(0.01)
    kept = inside.copy()
    confine(kept, hidden, 4.0)
    assert np.array_equal(kept, inside)
    confine(w, hidden, 4.0)
    gram = w.T.astype(float) @ w
    largest = np.linalg.eigvalsh(gram if isinstance(hidden, Gaussian) else np.maximum(gram, 0))[-1]
    assert largest <= (1 - 1 / (ROOM * 4)) * (1 + 1e-5)
    if isinstance(hidden, Gaussian):
        assert largest == pytest.approx(1 - 1 / (ROOM * 4), rel=1e-5)
        variance = GaussianLayers(RBM(w, visible=Gaussian(), hidden=Gaussian())).moments().vv
        assert np.linalg.eigvalsh(variance)[-1] == pytest.approx(ROOM * 4, rel=1e-4)


def test_two_valued_units_need_no_bound():
    w = np.full((3, 2), 5.0, np.float32)
    confine(w, Spin(), 1.0)
    assert (w == 5).all()
    assert largest_variance(np.array([[3.0, 0], [0, 1]])) == 4.5
    assert largest_variance(np.array([[np.inf, 0]])) == math.inf


def test_measurements_do_not_depend_on_the_units_of_the_data():
    x, scale = data(), np.array([8.0, 0.5, 4.0, 2.0])
    learner = begin(x, ReLU())
    before = describe(learner.rbm, x)
    learner.scales = scales_of(x * scale)
    after = describe(learner.rbm, x * scale)
    for name in ("p_hat", "W2", "L_hat", "silent", "m_tilde"):
        assert after[name] == pytest.approx(before[name], rel=1e-6)


@pytest.mark.parametrize("bad", [[[0.0, math.nan]], [1.0, 2.0], [["a", "b"]]])
def test_bad_data(bad):
    with pytest.raises(ValueError, match="data"):
        Learner.begin(bad, visible=Gaussian(), hidden=Spin(), units=1)


class TestEstimator:
    @pytest.fixture(autouse=True)
    def _scikit_learn(self):
        self.kind = pytest.importorskip("rbm_sim.learning.estimator").RBMEstimator

    def fitted(self, x, **parameters):
        options = {"visible": "gaussian", "learning_rate": 0.01, "batch_size": 20, "n_iter": 5, "random_state": 0}
        return self.kind(3, **(options | parameters)).fit(x)

    @pytest.mark.parametrize("hidden", ["bernoulli", "spin", "gaussian", "relu"])
    def test_it_is_the_learner(self, hidden):
        x = data()
        found = self.fitted(x, hidden=hidden)
        assert found.transform(x) == pytest.approx(found.rbm_.hidden.mean(x @ found.components_.T), rel=1e-9)
        assert found.score(x) == pytest.approx(likelihood.pseudo_log_likelihood(found.rbm_, x).mean, rel=1e-12)
        assert found.sample(5, 10, random_state=0).shape == (5, 4)
        assert found.gibbs(x, 2, random_state=0).shape == x.shape
        assert found.intercept_visible_ == pytest.approx(found.rbm_.visible.g)
        assert found.intercept_hidden_ == pytest.approx(-np.broadcast_to(found.rbm_.hidden.offset, 3))
        assert np.array_equal(found.partial_fit(x).components_, self.fitted(x, hidden=hidden, n_iter=6).components_)

    def test_single_precision_in_and_out(self):
        x = data().astype(np.float32)
        assert self.fitted(x).transform(x).dtype == np.float32
        assert np.array_equal(self.fitted(x).components_, self.fitted(x.astype(float)).components_)

    def test_real_values_are_not_binarised(self):
        with pytest.raises(ValueError, match=r"binarise = 0\.5: must be None for visible = 'gaussian'"):
            self.fitted(data(), binarise=0.5)


@pytest.mark.medium
def test_grey_digits():
    """Test density of digits, beside independent normal laws and principal components of the same number.

    Grey levels are whole numbers: with noise of the size of the rounding they have a density.
    """
    datasets = pytest.importorskip("sklearn.datasets")
    decomposition = pytest.importorskip("sklearn.decomposition")
    rng = np.random.default_rng(0)
    levels = datasets.load_digits().data
    x = ((levels + rng.random(levels.shape)) / 17)[rng.permutation(len(levels))]
    train, test = x[:1400], x[1400:]
    independent = likelihood.independent_gaussians(train, test).mean
    components = decomposition.PCA(16).fit(train).score(test)
    for hidden, rate in ((Bernoulli(), 0.02), (Gaussian(), 0.003)):
        learner = begin(train, hidden, 16, batch_size=50, learning_rate=rate)
        for _ in range(50):
            learner.learn(train)
        found = likelihood.log_likelihood(learner.rbm, test).mean
        assert found > max(independent, components) + 8
