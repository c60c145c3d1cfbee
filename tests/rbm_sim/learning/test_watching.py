"""Runs that are watched: validation, early stopping, callbacks, the history, sparse data."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from rbm_sim import Bernoulli, ReLU, datasets
from rbm_sim.learning import Learner, Options, Stop, run_files
from rbm_sim.partition.likelihood import log_likelihood, pseudo_log_likelihood

pytest.importorskip("sklearn")
from rbm_sim.estimator import RBMEstimator

DATA = datasets.bars_and_stripes(3).images
RISING = [{"epoch": 1, "x": 1.0}, {"epoch": 2}, {"epoch": 3, "x": 3.0}, {"epoch": 4, "x": float("nan")}]


def begun(rng=0, rate=0.1):
    options = Options(batch_size=7, learning_rate=rate)
    return Learner.begin(DATA, visible=Bernoulli(), hidden=ReLU(), units=4, options=options, rng=rng)


def measure(rbm):
    return {"log_likelihood": log_likelihood(rbm, DATA).mean}


def test_best_epoch_and_end():
    stop = Stop("x", patience=2)
    assert stop.best([]) is None and stop.best([{"epoch": 1}]) is None and not stop.ends([])
    assert stop.best(RISING) == 3 and not stop.ends(RISING)
    assert not stop.ends([*RISING, {"epoch": 5, "x": 3.0}, {"epoch": 6}])
    assert stop.ends([*RISING, {"epoch": 5, "x": 3.0}, {"epoch": 7, "x": -1.0}])
    assert Stop("x", larger=False).best(RISING) == 1


@pytest.mark.parametrize("answer", [True, np.True_])
def test_a_callback_stops_with_true_of_either_kind(answer):
    def stop(learner, row):
        return answer if learner.epoch == 2 else None

    assert len(run_files.train(begun(), DATA, epochs=5, callback=stop)) == 2
    assert RBMEstimator(2, callback=stop, random_state=0).fit(DATA).n_iter_ == 2


@pytest.mark.parametrize("answer", [1, "yes", np.False_, {"epoch": 1}, np.ones(3)])
def test_a_callback_that_returns_something_else_goes_on(answer):
    assert len(run_files.train(begun(), DATA, epochs=2, callback=lambda learner, row: answer)) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"stop": "pseudo_ll"}, "stop = 'pseudo_ll': must be a Stop"),
        ({"stop": Stop("valid_pseudo_ll")}, "stop = Stop.*: needs measure"),
        ({"measure": lambda rbm: None}, "measure returned None: must return a dict"),
        ({"measure": 3}, "measure = 3: must be callable"),
        ({"callback": 5}, "callback = 5: must be callable"),
        ({"file": 5}, "file = 5: must be the name of a file that ends in .npz"),
        ({"file": "zz.txt"}, "file = 'zz.txt': must be the name of a file that ends in .npz"),
    ],
)
def test_what_a_run_refuses(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    learner = begun()
    with pytest.raises(ValueError, match=f"^{message}"):
        run_files.train(learner, DATA, epochs=2, **given)
    assert learner.epoch == ("measure" in given and callable(given["measure"]))
    assert not list(tmp_path.iterdir())


def test_a_quantity_that_nobody_measures_is_told():
    with pytest.warns(UserWarning, match=r"stop = Stop\(quantity='valid_pseudo_ll'.*no epoch has measured that"):
        run_files.train(begun(), DATA, epochs=2, measure=measure, stop=Stop("valid_pseudo_ll"))
    with pytest.raises(ValueError, match=r"^quantity = 5: must be the name of a column"):
        Stop(5)


@pytest.mark.parametrize("bad", [{"patience": 0}, {"patience": 1.5}, {"larger": 1}])
def test_what_stopping_refuses(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Stop("x", **bad)


def test_machine_of_the_best_epoch_is_kept(tmp_path):
    """The rate is so large that the likelihood goes up and down."""
    learner, file = begun(rate=1.0), tmp_path / "run.npz"
    stop = Stop("log_likelihood", patience=3)
    history = run_files.train(learner, DATA, epochs=200, measure=measure, stop=stop, file=file)
    values = [row["log_likelihood"] for row in history]
    assert len(history) < 200 and np.argmax(values) == len(values) - 4
    kept = run_files.load(file).learner
    for rbm in (learner.best_rbm, kept.best_rbm):
        assert log_likelihood(rbm, DATA).mean == max(values)
    assert log_likelihood(kept.rbm, DATA).mean == values[-1]
    # nothing more to do, and with more patience it goes on as if it had never stopped
    assert len(run_files.train(kept, DATA, epochs=200, measure=measure, stop=stop, history=list(history))) == len(
        values
    )
    patient = Stop("log_likelihood", patience=6)
    longer = run_files.train(kept, DATA, epochs=200, measure=measure, stop=patient, history=list(history))
    whole = run_files.train(begun(rate=1.0), DATA, epochs=200, measure=measure, stop=patient)
    assert longer == whole and len(whole) > len(values)


def test_epochs_before_the_best_was_asked_for_do_not_count():
    learner = begun(rate=1.0)
    history = run_files.train(learner, DATA, epochs=20, measure=measure)
    assert learner.best is None
    run_files.train(learner, DATA, epochs=23, measure=measure, stop=Stop("log_likelihood", 100), history=history)
    assert log_likelihood(learner.best_rbm, DATA).mean == max(row["log_likelihood"] for row in history[20:])


def test_callback_stops_a_run():
    seen = []
    history = run_files.train(
        begun(), DATA, epochs=9, measure=measure, callback=lambda learner, row: seen.append(row) or learner.epoch == 4
    )
    assert [row["epoch"] for row in history] == [1, 2, 3, 4] and seen == history and "log_likelihood" in seen[0]


def test_watching_an_estimator(capsys):
    X = datasets.bars_and_stripes(4).images
    rows = []
    watched = RBMEstimator(
        8, n_iter=40, validation_fraction=0.3, stop="valid_pseudo_ll", patience=2, learning_rate=0.5, random_state=1
    ).set_params(verbose=True, callback=lambda learner, row: rows.append(row))
    watched.fit(X)
    table = watched.history_
    assert list(table.columns["epoch"]) == list(range(1, watched.n_iter_ + 1))
    assert len(capsys.readouterr().err.splitlines()) == len(rows) == watched.n_iter_ < 40
    best = max(rows, key=lambda row: row["valid_pseudo_ll"])
    order = np.random.default_rng(1).permutation(len(X))
    kept = X[np.sort(order[: round(0.3 * len(X))])]
    assert pseudo_log_likelihood(watched.rbm_, kept).mean == pytest.approx(best["valid_pseudo_ll"], rel=1e-12)
    assert best["epoch"] == watched.n_iter_ - 2


def test_being_watched_changes_nothing():
    one = RBMEstimator(4, n_iter=5, random_state=0).fit(DATA)
    two = RBMEstimator(4, n_iter=5, random_state=0, callback=lambda learner, row: None).fit(DATA)
    assert (one.components_ == two.components_).all()
    assert set(one.history_.columns) == {"epoch"} and "pseudo_ll" in two.history_.columns


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"validation_fraction": 0}, "validation_fraction = 0"),
        ({"validation_fraction": 1.0}, "validation_fraction = 1"),
        ({"validation_fraction": 0.01}, "validation_fraction = 0.01: of n_samples = 14"),
        ({"stop": "valid_pseudo_ll"}, "validation_fraction"),
        ({"stop": "loss"}, "stop = 'loss'"),
        ({"stop": "pseudo_ll", "patience": 0}, "patience = 0"),
        ({"callback": 3}, "callback = 3"),
        ({"verbose": -1}, "verbose"),
    ],
)
def test_what_watching_refuses(bad, message):
    with pytest.raises(ValueError, match=message):
        RBMEstimator(2, n_iter=1, **bad).fit(DATA)


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, float, bool])
def test_sparse_data_are_the_same_data(kind, dtype):
    X = (datasets.digits().images[:300].reshape(300, -1) >= 0.5).astype(np.uint8)
    one, two = (RBMEstimator(16, hidden="relu", n_iter=3, random_state=0) for _ in range(2))
    one.fit(X), two.fit(kind(X.astype(dtype)))
    assert (one.components_ == two.components_).all() and (one.intercept_visible_ == two.intercept_visible_).all()
    few = kind(X[:50].astype(dtype))
    np.testing.assert_allclose(two.transform(few), one.transform(X[:50]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(two.score_samples(few), one.score_samples(X[:50]), rtol=1e-12)
    assert (two.gibbs(few, 2, 0) == one.gibbs(X[:50], 2, 0)).all()


def test_sparse_grey_levels():
    grey = np.where(np.random.default_rng(0).random((200, 30)) < 0.2, np.random.default_rng(1).random((200, 30)), 0)
    dense, thin = (
        RBMEstimator(4, binarise=0.4, n_iter=2, random_state=0).fit(x) for x in (grey, sparse.csr_array(grey))
    )
    assert (dense.components_ == thin.components_).all()
    drawn = RBMEstimator(4, binarise="random", n_iter=30, random_state=0).fit(sparse.csr_array(grey))
    fields = drawn.rbm_.visible.g
    assert np.isfinite(fields).all()
    np.testing.assert_allclose(drawn.transform(sparse.csr_array(grey)), drawn.transform(grey), rtol=1e-6)
    on = drawn._two_valued(sparse.csr_array(grey), Bernoulli(), np.random.default_rng(2)).toarray()
    z = (on.sum() - grey.sum()) / np.sqrt((grey * (1 - grey)).sum())
    assert abs(z) < 4 and set(np.unique(on)) == {0, 1} and not on[grey == 0].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"visible": "spin"}, "X is sparse: only visible = 'bernoulli'"),
        ({"visible": "gaussian"}, "X is sparse"),
        ({"binarise": 0.0}, "binarise = 0.0: with a sparse X"),
        ({}, r"X has entries in \[0.5, 1\]"),
    ],
)
def test_sparse_data_that_are_refused(settings, message):
    X = sparse.csr_array(np.array([[0, 0.5], [1, 0]]))
    with pytest.raises(ValueError, match=message):
        RBMEstimator(2, **settings).fit(X)
    with pytest.raises(ValueError, match=r"entries in \[2, 2\]"):
        run_files.train(begun(), sparse.csr_array(np.full((3, 9), 2)), epochs=1)


def test_memory_of_sparse_data_is_that_of_batches():
    """Twenty million entries, two thousand of them ones: no array of all of them is made."""
    rng = np.random.default_rng(0)
    places = np.arange(2000), rng.integers(0, 10000, 2000)
    X = sparse.csr_array((np.ones(2000, np.uint8), places), shape=(2000, 10000))
    tracemalloc.start()
    estimator = RBMEstimator(2, n_iter=1, batch_size=20, random_state=0).fit(X)
    estimator.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
