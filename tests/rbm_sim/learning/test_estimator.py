"""The estimator under scikit-learn's own checks, against its BernoulliRBM, and against exact sums."""

import math
import pickle
import sys

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian
from rbm_sim._support import blas
from rbm_sim.learning import DivergedError, Learner, Options, datasets
from rbm_sim.learning.run_files import load, save, train
from rbm_sim.partition import exact, likelihood

pytest.importorskip("sklearn", minversion="1.6", reason="needs scikit-learn >= 1.6")

from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from rbm_sim.learning.estimator import RBMEstimator

HIDDEN = ["bernoulli", "spin", "gaussian", "relu"]
SKIPPED = {"check_array_api_input"}  # asks for an environment variable, and for array libraries that are not ours


def toy(samples=60, N=5, seed=0, low=0):
    bits = np.random.default_rng(seed).integers(0, 2, (samples, N))
    return bits if low == 0 else 2 * bits - 1


@pytest.fixture(scope="module")
def digits():
    """Grey levels and labels, training and test data apart."""
    images, labels, _ = datasets.digits()
    order = np.random.default_rng(0).permutation(len(images))
    train_, test = order[:1397], order[1397:]
    return images[train_], labels[train_], images[test], labels[test]


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    "parameters",
    [
        {"binarise": 0.5},
        {"binarise": 0.0, "hidden": "relu", "visible": "spin", "centred": True},
        {"binarise": 0.5, "hidden": "gaussian", "persistent": False, "k": 2},
        {"binarise": 0.0, "hidden": "spin", "momentum": 0.5, "penalty": 0.01},
        {"visible": "gaussian", "learning_rate": 0.01},
        {"visible": "gaussian", "hidden": "relu", "learning_rate": 0.001, "n_components": 3},
    ],
)
def test_check_estimator(parameters):
    """With a threshold, and for real-valued units, X may be any numbers, and no check is expected to fail."""
    results = check_estimator(RBMEstimator(**parameters), expected_failed_checks={}, on_skip=None)
    assert len(results) > 30
    assert {x["check_name"] for x in results if x["status"] != "passed"} <= SKIPPED


@pytest.mark.parametrize("binarise", [None, "random"])
def test_check_estimator_where_data_are_refused(binarise):
    """Without a threshold the checks fail that learn from real numbers, for that reason and no other."""
    results = check_estimator(RBMEstimator(binarise=binarise), on_fail=None, on_skip=None)
    failed = [x for x in results if x["status"] == "failed"]
    for result in failed:
        error = result["exception"]
        while error is not None and "X has entries in [" not in str(error):
            error = error.__cause__ or error.__context__
        assert error is not None, result
    reasons = {x["check_name"]: "its X are neither of two values nor grey levels" for x in failed}
    assert {"check_transformer_general", "check_fit_idempotent"} < set(reasons)
    results = check_estimator(RBMEstimator(binarise=binarise), expected_failed_checks=reasons, on_skip=None)
    assert sum(x["status"] == "passed" for x in results) >= 16


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", ["bernoulli", "spin"])
def test_what_it_says_of_data(hidden, visible):
    X = toy(low=-1 if visible == "spin" else 0)
    fitted = RBMEstimator(3, hidden=hidden, visible=visible, learning_rate=0.1, random_state=1).fit(X)
    rbm = fitted.rbm_
    assert rbm.shape == (fitted.n_features_in_, 3) and fitted.components_.shape == (3, 5) and fitted.n_iter_ == 10
    np.testing.assert_array_equal(fitted.components_.T, rbm.weights)
    np.testing.assert_array_equal(fitted.intercept_visible_, -rbm.visible.offset)
    np.testing.assert_array_equal(fitted.intercept_hidden_, np.broadcast_to(0 - rbm.hidden.offset, 3))
    assert np.abs(fitted.intercept_hidden_).min() > 0 or hidden == "gaussian"
    np.testing.assert_allclose(fitted.transform(X), rbm.hidden.mean(rbm.inputs(X)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(fitted.get_feature_names_out(), [f"rbmestimator{i}" for i in range(3)])

    scores = fitted.score_samples(X)
    np.testing.assert_array_equal(scores, fitted.score_samples(X))
    P = {tuple(v): p for v, p in zip(*exact.visible_distribution(rbm), strict=True)}
    for x, score in zip(X[:5], scores, strict=False):
        flipped = [np.where(np.arange(5) == i, rbm.visible.flipped(x), x) for i in range(5)]
        expected = sum(math.log(P[tuple(x)] / (P[tuple(x)] + P[tuple(y)])) for y in flipped)
        assert score == pytest.approx(expected, rel=1e-5)
    assert fitted.score(X) == pytest.approx(likelihood.pseudo_log_likelihood(rbm, X).mean, rel=1e-12)


@pytest.mark.parametrize("binarise", [None, 0.5, "random"])
def test_partial_fit_is_fit_epoch_by_epoch(binarise):
    X = toy() if binarise is None else np.random.default_rng(0).random((60, 5))
    parameters = {"n_components": 3, "binarise": binarise, "decay": 0.9, "momentum": 0.5, "batch_size": 20}
    whole = RBMEstimator(**parameters, n_iter=4, random_state=7).fit(X)
    parts = RBMEstimator(**parameters, random_state=7)
    for _ in range(4):
        assert parts.partial_fit(X) is parts
    assert_same(whole, parts)
    assert parts.n_iter_ == 4
    assert_same(parts.fit(X), RBMEstimator(**parameters, random_state=7).fit(X))  # from the start again


def assert_same(a, b):
    for name in ("components_", "intercept_visible_", "intercept_hidden_"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("batch_size", [20, 100])
def test_fit_is_what_runs_do(batch_size, tmp_path):
    X = toy()
    options = Options(batch_size=batch_size, learning_rate=0.1, centred=True)
    learner = Learner.begin(X, visible=Bernoulli(), hidden=Gaussian(), units=3, options=options, rng=3)
    train(learner, X, epochs=5)
    fitted = RBMEstimator(
        3, hidden="gaussian", batch_size=batch_size, learning_rate=0.1, centred=True, n_iter=5, random_state=3
    ).fit(X)
    np.testing.assert_array_equal(fitted.rbm_.weights, learner.rbm.weights)
    save(tmp_path / "run.npz", fitted.learner_)
    again = load(tmp_path / "run.npz").learner
    train(again, X, epochs=7)
    np.testing.assert_array_equal(again.rbm.weights, fitted.partial_fit(X).partial_fit(X).rbm_.weights)


def test_partial_fit_takes_data_and_options_as_they_come():
    """Persistent chains are as many as a batch has data, whatever their number was before."""
    fitted = RBMEstimator(3, batch_size=20, random_state=0)
    for samples in (60, 7, 31, 1):
        fitted.partial_fit(toy(samples))
        assert len(fitted.learner_.chains) == min(20, samples)
    fitted.set_params(batch_size=30, learning_rate=0.5).partial_fit(toy())
    assert len(fitted.learner_.chains) == 30 and fitted.learner_.options.learning_rate == 0.5
    assert fitted.set_params(persistent=False).partial_fit(toy()).learner_.chains is None
    with pytest.raises(ValueError, match="X has 6 features, but RBMEstimator is expecting 5 features"):
        fitted.partial_fit(toy(N=6))


@pytest.mark.parametrize("make", [int, np.random.SeedSequence, np.random.default_rng, np.random.RandomState])
def test_the_same_random_state_gives_the_same(make):
    a, b, c = (RBMEstimator(3, random_state=make(seed)).fit(toy()) for seed in (5, 5, 6))
    assert_same(a, b)
    assert not np.array_equal(a.components_, c.components_)
    for draw in (lambda x, rng: x.sample(8, 5, random_state=rng), lambda x, rng: x.gibbs(toy(), random_state=rng)):
        np.testing.assert_array_equal(draw(a, make(1)), draw(b, make(1)))
        assert not np.array_equal(draw(a, make(1)), draw(b, make(2)))
        assert not np.array_equal(draw(a, None), draw(a, None))


def test_parameters_come_back():
    parameters = {"n_components": 4, "hidden": "relu", "visible": "spin", "binarise": 0.25, "k": 3, "penalty": 0.1}
    made = RBMEstimator(**parameters, random_state=1)
    assert parameters.items() <= made.get_params().items()
    assert set(Options.__dataclass_fields__) < set(made.get_params())
    defaults = RBMEstimator().get_params()
    assert Options(**{name: defaults[name] for name in Options.__dataclass_fields__}) == Options()
    copy = clone(made.fit(toy()))
    assert copy.get_params() == made.get_params() and not hasattr(copy, "rbm_")
    assert copy.set_params(n_components=2).n_components == 2
    assert made.transform(toy()).shape == (60, 4)


def test_two_values_of_grey_levels():
    grey = np.random.default_rng(0).random((400, 6)) * np.linspace(0.2, 1, 6)
    cut = RBMEstimator(2, binarise=0.25, random_state=0).fit(grey)
    assert_same(cut, RBMEstimator(2, random_state=0).fit((grey >= 0.25).astype(int)))
    np.testing.assert_array_equal(cut.transform(grey), RBMEstimator.transform(cut, (grey >= 0.25).astype(float)))
    assert_same(cut, RBMEstimator(2, binarise=64, random_state=0).fit(256 * grey))

    for visible in ("bernoulli", "spin"):
        drawn = RBMEstimator(2, visible=visible, binarise="random", random_state=0, n_iter=1, learning_rate=1e-9)
        with pytest.warns(UserWarning, match=r"nothing was learned: after epoch 1 .* take a larger learning_rate"):
            rbm = drawn.fit(grey).rbm_
        low = rbm.visible.low
        on = (rbm.visible.mean(np.zeros(6)) - low) / (1 - low)  # the start has the means of the data
        z = (on - grey.mean(axis=0)) / np.sqrt((grey * (1 - grey)).sum(axis=0)) * 400
        assert np.abs(z).max() < 4 and np.abs(z).max() > 1e-3
        mean = low + (1 - low) * grey
        np.testing.assert_allclose(drawn.transform(grey), rbm.hidden.mean(mean @ rbm.weights.astype(float)), rtol=1e-6)
        cut = np.where(grey >= 0.5, 1, low)
        assert drawn.score(grey) == pytest.approx(likelihood.pseudo_log_likelihood(rbm, cut).mean, rel=1e-12)
        np.testing.assert_array_equal(drawn.gibbs(grey, 0), cut)


def test_gibbs_and_sample_draw_from_the_machine():
    """Frequencies of v_i against exact means, 20000 chains of 30 steps, seeds 1 and 2; |z| < 4."""
    fitted = RBMEstimator(2, learning_rate=0.3, n_iter=30, random_state=0).fit(toy(200) | toy(200, seed=1)[:, :1])
    mean = exact.moments(fitted.rbm_).v
    stderr = np.sqrt(mean * (1 - mean) / 20000)
    for v in (
        fitted.sample(20000, 30, random_state=1),
        fitted.gibbs(np.zeros((20000, 5)), 30, random_state=2),
    ):
        assert v.shape == (20000, 5) and np.abs((v.mean(axis=0) - mean) / stderr).max() < 4


@pytest.mark.medium
def test_pipeline_with_logistic_regression(digits):
    """0.95 of the test digits, as of their two-valued pixels themselves; of their 17 grey levels 0.98."""
    X, y, X_test, y_test = digits
    features = RBMEstimator(
        100, binarise="random", learning_rate=0.1, batch_size=20, centred=True, n_iter=50, random_state=0
    )
    pipeline = make_pipeline(features, LogisticRegression(max_iter=2000))
    with blas.one_thread():
        assert pipeline.fit(X.astype(float), y).score(X_test, y_test) > 0.92


@pytest.mark.slow
def test_likelihood_beside_the_machine_of_scikit_learn(digits):
    """Exact log-likelihood of test digits, 16 hidden units, 50 epochs: centred gradients and batches of 100 against
    batches of 10, as scikit-learn has them by default, at the best of three rates; and plain gradients at that one.

    Over seeds 0 to 5: −19.18 ± 0.18 centred, −19.59 ± 0.36 plain and −19.69 ± 0.43 scikit-learn (± the scatter of
    one seed), −25.22 independent pixels.
    """
    X, X_test = (datasets.binarise(grey).astype(float) for grey in digits[::2])

    def of_scikit_learn(rate, seed):
        found = BernoulliRBM(16, learning_rate=rate, batch_size=10, n_iter=50, random_state=seed).fit(X)
        visible, hidden = Bernoulli(found.intercept_visible_), Bernoulli(found.intercept_hidden_)
        rbm = RBM(np.ascontiguousarray(found.components_.T), visible=visible, hidden=hidden)
        return exact.log_likelihood(rbm, X_test)

    def of_ours(seed, **parameters):
        return exact.log_likelihood(RBMEstimator(16, n_iter=50, random_state=seed, **parameters).fit(X).rbm_, X_test)

    seeds = range(2)
    theirs = max(np.mean([of_scikit_learn(rate, seed) for seed in seeds]) for rate in (0.01, 0.03, 0.1))
    plain = np.mean([of_ours(seed, learning_rate=0.03, batch_size=10, centred=False) for seed in seeds])
    centred = np.mean([of_ours(seed, learning_rate=0.3, batch_size=100, centred=True) for seed in seeds])
    alone = likelihood.independent_pixels(X, X_test).mean
    assert alone + 4 < theirs and abs(plain - theirs) < 1.5
    assert centred > theirs + 0.2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components = 0: must be a whole number >= 1"),
        ({"hidden": "softmax"}, "hidden = 'softmax': must be one of 'bernoulli', 'spin', 'gaussian', 'relu'"),
        ({"visible": "relu"}, "visible = 'relu': must be one of 'bernoulli', 'spin', 'gaussian'"),
        ({"visible": "gaussian", "binarise": 0.5}, "binarise = 0.5: must be None for visible = 'gaussian'"),
        ({"binarise": "often"}, "binarise = 'often': must be one of 'random'"),
        ({"binarise": math.nan}, "binarise = nan: must be a finite number"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0: must be a finite number > 0"),
        ({"random_state": -1}, "random_state = -1: must be None, a whole number >= 0, or a numpy SeedSequence"),
        ({"visible": "spin"}, "X has entries in [0, 1]: Spin units take values in {-1, 1}; set binarise"),
    ],
)
def test_bad_parameters(parameters, message):
    estimator = RBMEstimator(**{"n_components": 2} | parameters)
    for learn in (estimator.fit, estimator.partial_fit):
        with pytest.raises(ValueError) as error:
            learn(toy())
        assert str(error.value).startswith(message)


def test_bad_number_of_epochs():
    with pytest.raises(ValueError, match="n_iter = 0: must be a whole number >= 1"):
        RBMEstimator(2, n_iter=0).fit(toy())


@pytest.mark.parametrize(("binarise", "bounds"), [(None, "{0, 1}; set binarise"), ("random", "must be in [0, 1]")])
def test_bad_data(binarise, bounds):
    fitted = RBMEstimator(2, binarise=binarise, random_state=0).fit(toy())
    for method in (fitted.fit, fitted.partial_fit, fitted.transform, fitted.score_samples, fitted.score, fitted.gibbs):
        with pytest.raises(ValueError) as error:
            method(toy() + 0.5)
        assert str(error.value).startswith("X has entries in [0.5, 1.5]: ") and bounds in str(error.value)
    with pytest.raises(ValueError, match="n_samples = 0"):
        fitted.sample(0)


def test_divergence_leaves_the_estimator_as_it_was():
    fitted = RBMEstimator(3, hidden="relu", random_state=0).fit(toy())
    before = fitted.components_.copy()
    fitted.set_params(learning_rate=1e3)
    for learn in (fitted.partial_fit, fitted.fit):
        with pytest.raises(DivergedError, match="learning diverged in epoch"):
            learn(toy())
        np.testing.assert_array_equal(fitted.components_, before)
        np.testing.assert_array_equal(fitted.rbm_.weights, before.T)
    assert fitted.n_iter_ == 10


def fitted_state(estimator):
    """All that `fit` leaves, as bytes: arrays, random numbers and options among it."""
    fitted = {name: value for name, value in vars(estimator).items() if name not in estimator.get_params()}
    return fitted.keys(), pickle.dumps(fitted)


@pytest.mark.parametrize("wrong", [{"learning_rate": 1e9}, {"verbose": 1.5}, {"callback": 1}, {"k": 0}])
@pytest.mark.parametrize("visible", ["bernoulli", "potts"])
def test_whatever_fails_leaves_the_estimator_as_it_was(visible, wrong):
    """Columns, categories, options, chains and random numbers; and it goes on as if nothing had been tried."""
    X = toy(60, 9) if visible == "bernoulli" else np.array(["a", "b"])[toy(60, 9)]
    other = X[:40, :4] if visible == "bernoulli" else np.char.upper(X[:40, :4])
    fitted, alone = (RBMEstimator(2, visible=visible, random_state=0, n_iter=2).fit(X) for _ in range(2))
    usual = {name: fitted.get_params()[name] for name in wrong}
    before = fitted_state(fitted)
    fitted.set_params(**wrong)
    with pytest.raises(ValueError):
        fitted.fit(other)
    assert fitted_state(fitted) == before
    if "verbose" not in wrong and "callback" not in wrong:
        with pytest.raises(ValueError):
            fitted.partial_fit(X[:40])
        assert fitted_state(fitted) == before
    fitted.set_params(**usual)
    assert_same(fitted.partial_fit(X), alone.partial_fit(X))
    assert fitted.transform(X).shape == (60, 2)


def test_a_callback_that_raises_leaves_no_trace():
    def broken(learner, row):
        raise KeyboardInterrupt

    new = RBMEstimator(2, callback=broken)
    with pytest.raises(KeyboardInterrupt):
        new.fit(toy())
    assert vars(new) == new.get_params()


@pytest.mark.parametrize("rate", [1e-12, 1e-300])
def test_nothing_learned_is_said(rate):
    with pytest.warns(UserWarning, match="nothing was learned: after epoch 10 .* by 0"):
        RBMEstimator(8, learning_rate=rate, random_state=0).fit(toy())


@pytest.mark.parametrize("verbose", ["yes", None, [1], float("nan"), 1.5, -1])
def test_verbose_is_a_bool_or_a_whole_number(verbose):
    with pytest.raises(ValueError, match=r"^verbose = .*: must be a whole number >= 0"):
        RBMEstimator(2, verbose=verbose).fit(toy())


def test_machines_that_no_memory_holds():
    with pytest.raises(ValueError, match=r"^n_components = 1000000000000: so many hidden units need about"):
        RBMEstimator(10**12).fit(toy())


def test_missing_scikit_learn_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "rbm_sim.learning.estimator")
    with pytest.raises(ImportError, match=r"scikit-learn >= 1\.6: pip install 'replica-toolkit\[data\]'"):
        import rbm_sim.learning.estimator  # noqa: F401


def test_spins_are_told_of_their_units():
    for X, hint in (
        (toy(low=-1), "visible='spin' has these"),
        (toy() / 2, "set binarise to a threshold or to 'random'"),
    ):
        with pytest.raises(ValueError, match=hint):
            RBMEstimator(2).fit(X)


@pytest.mark.medium
def test_defaults_learn_small_data():
    """1200 digits cut at 8 of 16: the pseudo-log-likelihood of the others; independent pixels have −25.1."""
    from sklearn.datasets import load_digits

    X = (load_digits().data >= 8).astype(float)
    fitted = RBMEstimator(random_state=0).fit(X[:1200])
    assert fitted.score(X[1200:]) > -20


@pytest.mark.medium
@pytest.mark.parametrize("hidden", ["bernoulli", "gaussian"])
def test_defaults_learn_real_values(hidden):
    """Four columns that two hidden ones correlate: better than independent normal laws, without a rate being set."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) @ [[1, 1, 0.5, 0], [0, 0.5, -1, 1]] + 0.5 * rng.normal(size=(400, 4))
    fitted = RBMEstimator(3, visible="gaussian", hidden=hidden, n_iter=60, random_state=0).fit(X)
    alone = likelihood.independent_gaussians(X, X).mean
    assert likelihood.log_likelihood(fitted.rbm_, X).mean > alone + 0.3
