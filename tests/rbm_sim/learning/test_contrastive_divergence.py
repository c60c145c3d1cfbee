"""Contrastive divergence against exact gradients; runs that stop and go on; what goes wrong."""

import json
import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.learning.batch_gradients import gradients
from rbm_sim.learning.contrastive_divergence import DivergedError, Learner, Options
from rbm_sim.learning.parameters import checked
from rbm_sim.learning.penalties import penalise
from rbm_sim.learning.run_files import load, save, train
from rbm_sim.partition import exact

HIDDEN = [Bernoulli(), Spin(), Gaussian(), ReLU()]
Z_MAX = 4.0


def toy(samples=200, N=5, seed=0, low=0):
    rng = np.random.default_rng(seed)
    hidden = rng.integers(0, 2, (samples, 1))
    bits = np.where(rng.random((samples, N)) < 0.8, hidden, 1 - hidden)
    return bits if low == 0 else 2 * bits - 1


def learner(hidden, visible=None, **options):
    visible = visible or Bernoulli()
    data = toy(low=visible.low)
    options = Options(**({"centred": False} | options))
    begun = Learner.begin(data, visible=visible, hidden=hidden, units=4, options=options, rng=1)
    begun.parameters.w *= 10
    return begun, data


@pytest.mark.parametrize("options", [{"k": 1}, {}, 3])
def test_options_are_options(options):
    with pytest.raises(ValueError, match=r"^options = .*: must be learning\.Options, or None"):
        Learner.begin(toy(), visible=Bernoulli(), hidden=Spin(), units=2, options=options)


def test_data_of_another_machine_and_lists():
    begun, data = learner(Spin())
    with pytest.raises(ValueError, match=r"^data has shape \(200, 3\): the machine has 5 visible units"):
        begun.learn(data[:, :3])
    with pytest.raises(ValueError, match=r"^data has shape \(5,\)"):
        begun.learn(data[0])
    again, _ = learner(Spin())
    begun.learn(data.tolist())
    again.learn(checked(data, Bernoulli()))
    np.testing.assert_array_equal(begun.parameters.w, again.parameters.w)


def test_more_units_than_memory_holds():
    with pytest.raises(ValueError, match=r"^units = 100000000000: so many hidden units need about"):
        Learner.begin(toy(), visible=Bernoulli(), hidden=Spin(), units=10**11)


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e155])
def test_real_values_whose_variance_is_no_number(size):
    data = np.random.default_rng(0).normal(size=(20, 3))
    data[:, 1] *= size
    with pytest.raises(ValueError, match=r"^data has a column of size .*: must be of 1e-150 to 1e\+150, or 0"):
        Learner.begin(data, visible=Gaussian(), hidden=Gaussian(), units=2)


@pytest.mark.medium
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", [Bernoulli(), Spin()])
def test_a_step_is_the_gradient_of_the_likelihood(hidden, visible):
    """PCD with many chains that have equilibrated: the mean step is the exact gradient ⟨v h⟩_data − ⟨v h⟩_model.

    400 batches of the whole data, chains at rest (learning rate 1e-6), seed 1; |t| < 5 for every parameter, 19 degrees.
    """
    begun, data = learner(hidden, visible, batch_size=200, learning_rate=1e-6, k=2)
    rbm = begun.rbm
    expected = exact_gradient(rbm, data)
    steps = []
    for _ in range(450):
        begun.learn(checked(data, visible))
        steps.append([x.copy() / 1e-6 for x in begun.step.arrays()])
    for column, gradient in zip(zip(*steps[50:], strict=True), expected, strict=True):
        blocks = np.array(column).reshape(20, 20, *gradient.shape).mean(axis=1)  # chains remember for a few steps
        stderr = np.maximum(blocks.std(axis=0, ddof=1) / math.sqrt(20), 1e-4)
        assert np.abs((blocks.mean(axis=0) - gradient) / stderr).max() < Z_MAX + 1.0  # Student, 19 degrees


def exact_gradient(rbm, data):
    """d/d(w, b_v, b_h) of the mean log-likelihood, b_v and b_h the linear parts of the potentials."""
    h = rbm.hidden.mean(rbm.inputs(data))
    model = exact.moments(rbm)
    hidden = np.zeros_like(model.h) if isinstance(rbm.hidden, Gaussian) else h.mean(axis=0) - model.h
    return data.T @ h / len(data) - model.vh, -(data.mean(axis=0) - model.v), -hidden


@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_exact_gradient_is_that_of_the_log_likelihood(hidden):
    begun, data = learner(hidden)
    rbm = begun.rbm
    for index, gradient in enumerate(exact_gradient(rbm, data)):
        for where in [(0,) * gradient.ndim, tuple(n - 1 for n in gradient.shape)]:
            values = []
            for sign in (1, -1):
                changed = [np.array(x, float) for x in begun.parameters.arrays()]
                changed[index][where] += sign * 1e-4
                w, b, c = changed
                machine = RBM(w, visible=rbm.visible._with_offset(b), hidden=rbm.hidden._with_offset(c))
                values.append(exact.log_likelihood(machine, data))
            assert (values[0] - values[1]) / 2e-4 == pytest.approx(gradient[where], abs=1e-6)


def test_sums_over_a_batch():
    rng = np.random.default_rng(0)
    v, h = rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)
    v0, v1, h0, h1 = v[:4].copy(), v[4:].copy(), h[:4].copy(), h[4:].copy()
    dw, dv, dh = gradients(v.copy(), h.copy(), None)
    np.testing.assert_allclose(dw, v0.T @ h0 - v1.T @ h1, rtol=1e-5)
    np.testing.assert_allclose(dv, (v0 - v1).sum(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(dh, (h0 - h1).sum(axis=0), rtol=1e-4, atol=1e-6)
    mu, lam = rng.normal(size=3).astype(np.float32), rng.normal(size=2).astype(np.float32)
    cw, cv, ch = gradients(v, h, (mu, lam))
    np.testing.assert_allclose(cw, (v0 - mu).T @ (h0 - lam) - (v1 - mu).T @ (h1 - lam), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(cv, dv - cw @ lam, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ch, dh - mu @ cw, rtol=1e-4, atol=1e-5)


def test_offsets_do_not_bias_the_gradient():
    """Mean of the centred gradient over all batches of 5: that of the whole data, which offsets of each batch spoil."""
    begun, data = learner(ReLU(), batch_size=5, centred=True, learning_rate=1e-6)
    data = checked(data, Bernoulli())
    begun._adjust(data, data.mean(axis=0, keepdims=True), None)
    mu, lam = begun.offsets
    np.testing.assert_allclose(mu, data.mean(axis=0), rtol=1e-5)
    h = begun.rbm.hidden.mean(begun.rbm.inputs(data))
    np.testing.assert_allclose(lam, h.mean(axis=0), rtol=1e-4, atol=1e-5)
    batches = np.random.default_rng(0).permutation(len(data)).reshape(-1, 5)
    parts = [gradients(*(np.tile(x[rows], (2, 1)) for x in (data * 1.0, h)), (mu, lam))[0] for rows in batches]
    assert np.abs(np.sum(parts, axis=0)).max() < 1e-4  # the model part are the data: nothing to learn
    whole = (data - mu).T @ (h - lam)
    pieces = sum((data[rows] - mu).T @ (h[rows] - lam) for rows in batches)
    np.testing.assert_allclose(pieces, whole, atol=1e-3)
    own = sum((data[r] - data[r].mean(axis=0)).T @ (h[r] - h[r].mean(axis=0)) for r in batches)
    assert np.abs(own).max() < 0.9 * np.abs(whole).max()


@pytest.mark.medium
@pytest.mark.some(5)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"persistent": True, "batch_size": 200}, 1000),
        ({"persistent": False, "k": 2}, 300),
        ({"centred": True}, 300),
        ({"momentum": 0.5, "learning_rate": 0.2, "decay": 0.99}, 300),
    ],
)
def test_learning_raises_the_likelihood(hidden, options, epochs):
    """From independent pixels more than half of the way to the best that any model of these data can reach."""
    data = toy()
    options = Options(**{"batch_size": 50, "learning_rate": 0.1} | options)
    begun = Learner.begin(data, visible=Bernoulli(), hidden=hidden, units=3, rng=0, options=options)
    start = exact.log_likelihood(begun.rbm, data)
    train(begun, data, epochs=epochs)
    end = exact.log_likelihood(begun.rbm, data)
    rows, counts = np.unique(data, axis=0, return_counts=True)
    best = float((counts / len(data)) @ np.log(counts / len(data)))
    assert start < best - 0.5
    assert (start + best) / 2 < end <= best
    assert len(rows) > 10


def test_the_start_has_the_means_of_the_data():
    data = toy()
    begun = Learner.begin(data, visible=Bernoulli(), hidden=Bernoulli(), units=2, rng=0)
    begun.parameters.w[:] = 0
    np.testing.assert_allclose(exact.moments(begun.rbm).v, data.mean(axis=0), atol=0.01)


def test_penalties_shrink_weights():
    """Weights that learn the same data end smaller with each of the penalties."""
    sizes = {}
    for name, options in {
        "none": {},
        "L2": {"weight_decay": 0.5},
        "x = 1": {"penalty": 0.05},
        "x = 2": {"penalty": 0.05, "exponent": 2},
    }.items():
        begun, data = learner(Bernoulli(), learning_rate=0.02, batch_size=100, **options)
        train(begun, data, epochs=100)
        sizes[name] = float(np.abs(begun.parameters.w).sum())
    assert max(sizes["L2"], sizes["x = 1"], sizes["x = 2"]) < 0.9 * sizes["none"]


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_the_penalty_is_the_gradient_of_its_formula(exponent):
    begun, _ = learner(Bernoulli(), penalty=0.3, exponent=exponent, weight_decay=0.2)
    w = begun.parameters.w.astype(float)

    def value(w):
        return 0.3 / exponent * (np.abs(w).sum(axis=0) ** exponent).sum() + 0.1 * (w**2).sum()

    penalise(begun.step.w, begun.parameters.w, begun.options, begun.epoch, 0.5)
    for where in [(0, 0), (4, 3)]:
        up, down = w.copy(), w.copy()
        up[where] += 1e-6
        down[where] -= 1e-6
        slope = (value(up) - value(down)) / 2e-6
        assert begun.step.w[where] == pytest.approx(-0.5 * slope, rel=1e-4)


def test_the_penalty_rises_linearly_over_epochs():
    """Steps of the penalty alone, at λ(t)/λ = 1/4, 2/4, 3/4, 1, 1 in the epochs of a rise of 4."""
    begun, _ = learner(Bernoulli(), penalty=0.3, exponent=2, penalty_rise=4)
    w = begun.parameters.w.astype(float)
    whole = -0.3 * np.abs(w).sum(axis=0) * np.sign(w)
    for epoch, share in enumerate((0.25, 0.5, 0.75, 1.0, 1.0)):
        begun.epoch = epoch
        begun.step.w[:] = 0
        penalise(begun.step.w, begun.parameters.w, begun.options, begun.epoch, 1.0)
        assert begun.step.w == pytest.approx(share * whole, rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"persistent": False}, {"momentum": 0.9, "centred": True}])
def test_a_run_that_stopped_goes_on_as_if_it_had_not(options, tmp_path):
    data = toy()

    def begin():
        return Learner.begin(
            data, visible=Bernoulli(), hidden=ReLU(), units=3, rng=5, options=Options(batch_size=50, **options)
        )

    whole = begin()
    rows = train(whole, data, epochs=6, measure=lambda rbm: {"W2": float((rbm.weights**2).sum())})
    first = begin()
    train(first, data, epochs=2, file=tmp_path / "run.npz", measure=lambda rbm: {"W2": float((rbm.weights**2).sum())})
    again, history, _ = load(tmp_path / "run.npz")
    history = train(again, data, epochs=6, history=history, measure=lambda rbm: {"W2": float((rbm.weights**2).sum())})
    for a, b in zip(whole.parameters.arrays(), again.parameters.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history == rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]


def test_batches_may_change_their_size():
    begun, data = learner(Bernoulli(), batch_size=50)
    begun.learn(checked(data, Bernoulli()))
    begun.options = Options(batch_size=40)
    begun.learn(checked(data, Bernoulli()))
    assert begun.chains.shape == (40, 4)


def test_divergence_is_one_clear_error_and_keeps_the_last_epoch(tmp_path):
    data, file = toy(), tmp_path / "run.npz"
    begun, _ = learner(ReLU(), learning_rate=0.01)
    train(begun, data, epochs=2, file=file)
    kept = file.read_bytes()
    wild, history, _ = load(file)
    wild.options = Options(learning_rate=100.0)
    before = wild.parameters.copy()
    with pytest.raises(DivergedError, match=r"learning diverged in epoch 3: parameters of size .*learning_rate = 100"):
        train(wild, data, epochs=50, file=file, history=history)
    assert file.read_bytes() == kept
    for x, y in zip(wild.parameters.arrays(), before.arrays(), strict=True):
        np.testing.assert_array_equal(x, y)
    wild.options = Options(learning_rate=0.01)
    train(wild, data, epochs=4, history=history)  # it can go on more slowly
    assert np.isfinite(wild.chains).all()


@pytest.mark.parametrize("where", ["batch", "measure"])
def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path, monkeypatch, where):
    """Ctrl-C in the third epoch, while a batch is learned or the machine is measured: in memory and on disk."""
    data, file = toy(), tmp_path / "run.npz"

    def size(rbm):
        return {"W2": float((rbm.weights**2).sum())}

    whole, _ = learner(ReLU(), batch_size=50)
    rows = train(whole, data, epochs=5, measure=size)
    stopped, _ = learner(ReLU(), batch_size=50)
    calls = []

    def interrupted(*arguments, plain=stopped._learn_from if where == "batch" else size):
        calls.append(1)
        if len(calls) == (10 if where == "batch" else 3):
            raise KeyboardInterrupt
        return plain(*arguments)

    if where == "batch":
        monkeypatch.setattr(stopped, "_learn_from", interrupted)
    history = []
    with pytest.raises(KeyboardInterrupt):
        train(stopped, data, epochs=5, file=file, history=history, measure=interrupted if where == "measure" else size)
    monkeypatch.undo()
    again, kept, _ = load(file)
    assert again.epoch == stopped.epoch == (2 if where == "batch" else 3)
    for run, begun in ((stopped, history), (again, kept)):
        assert train(run, data, epochs=5, history=begun, measure=size) == rows
        np.testing.assert_array_equal(run.parameters.w, whole.parameters.w)


def test_the_centred_step_goes_uphill():
    """Its product with the exact gradient is positive, the model part being exact: it is another metric, not another
    optimum; machines of all four kinds."""
    for seed, hidden in enumerate(HIDDEN):
        begun, data = learner(hidden)
        begun.parameters.w += np.random.default_rng(seed).normal(size=begun.parameters.w.shape).astype(np.float32) / 2
        rbm = begun.rbm
        model = exact.moments(rbm)
        h = rbm.hidden.mean(rbm.inputs(data))
        mu, lam = data.mean(axis=0), h.mean(axis=0)
        dw = (data - mu).T @ (h - lam) / len(data) - (
            model.vh - np.outer(mu, model.h) - np.outer(model.v, lam) + np.outer(mu, lam)
        )
        step = (dw, -(mu - model.v - dw @ lam), -(lam - model.h - mu @ dw))
        gradient = exact_gradient(rbm, data)
        if isinstance(hidden, Gaussian):
            step = (*step[:2], np.zeros_like(step[2]))
        assert sum(float((a * b).sum()) for a, b in zip(step, gradient, strict=True)) > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size = 0"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0: must be a finite number > 0"),
        ({"learning_rate": math.nan}, "learning_rate = nan"),
        ({"decay": 1.5}, "decay = 1.5"),
        ({"momentum": 1.0}, "momentum = 1.0: must be a finite number >= 0 and < 1"),
        ({"centred": "no"}, "centred = 'no': must be True or False"),
        ({"weight_decay": -1.0}, "weight_decay = -1.0"),
        ({"penalty": math.inf}, "penalty = inf"),
        ({"exponent": 0.5}, "exponent = 0.5"),
        ({"penalty_rise": -1}, "penalty_rise = -1"),
        ({"k": 0}, "k = 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError) as error:
        Options(**options)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("data", "visible", "message"),
    [
        (
            np.array([[0.5, 1.0]]),
            Bernoulli(),
            "data has entries in [0.5, 1]: Bernoulli units take values in {0, 1}; binarise",
        ),
        (np.array([[0.0, math.nan]]), Bernoulli(), "data has the entry nan"),
        (np.zeros((0, 3)), Bernoulli(), "data has shape (0, 3)"),
        (np.zeros(3), Bernoulli(), "data has shape (3,)"),
        (np.array([[0, 1]]), Spin(), "data has entries in [0, 1]: Spin units"),
        (np.array([[0, 1]]), ReLU(), "visible = ReLU"),
    ],
)
def test_bad_data(data, visible, message):
    with pytest.raises(ValueError) as error:
        checked(data, visible)
    assert str(error.value).startswith(message)


def test_bad_files(tmp_path):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"no zip file")
    with pytest.raises(ValueError, match=r"broken.npz' is no file of a run: it is no .npz file"):
        load(broken)
    np.savez(tmp_path / "other.npz", x=1)
    with pytest.raises(ValueError, match="is no file of a run: it holds the arrays x"):
        load(tmp_path / "other.npz")
    begun, _ = learner(Bernoulli())
    save(tmp_path / "run.npz", begun)
    with pytest.raises(ValueError, match=r"data has shape \(2, 7\): the machine has 5 visible units"):
        train(load(tmp_path / "run.npz").learner, np.zeros((2, 7)), epochs=1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema": 99}, "schema = 99: this version reads 1"),
        ({"epoch": "x"}, "epoch = 'x': must be a whole number"),
        ({"history": "x"}, "its history is not a list of epochs"),
        ({"history": [1, 2]}, "its history is not a list of epochs"),
        ({"history": [{"epoch": 4}]}, "its history ends with epoch 4, not 1"),
        ({"w": np.array([["x"]])}, "w is <U1 of shape (1, 1), must be float32"),
        ({"w": np.full((5, 4), np.nan, np.float32)}, "w has the entry nan at [0, 0], must be finite"),
        (
            {"visible": np.zeros(3, np.float32)},
            "visible is float32 of shape (3,), must be float32 of shape (5,)",
        ),
        ({"step_w": np.zeros((2, 2), np.float32)}, "step_w is float32 of shape (2, 2)"),
        ({"chains": np.zeros((3, 9), np.float32)}, "chains is float32 of shape (3, 9)"),
    ],
)
def test_damaged_runs(tmp_path, changed, message):
    begun, data = learner(Bernoulli())
    train(begun, data, epochs=1, file=tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as arrays:
        found = dict(arrays)
    meta = json.loads(str(found.pop("meta")))
    for key, value in changed.items():
        (found if isinstance(value, np.ndarray) else meta)[key] = value
    np.savez(tmp_path / "run.npz", meta=np.array(json.dumps(meta)), **found)
    with pytest.raises(ValueError, match=r"run\.npz' is no file of a run: ") as error:
        load(tmp_path / "run.npz")
    assert message in str(error.value)


def test_units_that_cannot_be_learned_are_refused_at_the_start(tmp_path):
    from rbm_sim import Continuous, Discrete, Mixture

    class Trit(Discrete):
        values = (-1.0, 0.0, 1.0)

        def energy(self, x, T):
            return 0.3 * x**2

    class Quartic(Continuous):
        support = (-np.inf, np.inf)

        def energy(self, x, T):
            return x**4

    data = np.array([[0, 1], [1, 1]])
    for unit in (Trit(), Quartic(), Mixture(0.5), "relu", None):
        with pytest.raises(ValueError, match=r"^hidden = .*: must be one of the units Bernoulli, Spin, Gaussian, ReLU"):
            Learner.begin(data, visible=Bernoulli(), hidden=unit, units=2)
    learner = Learner.begin(data, visible=Bernoulli(), hidden=ReLU(), units=2, rng=0)
    learner.hidden = Trit()
    with pytest.raises(ValueError, match="has no name in files"):
        save(tmp_path / "run.npz", learner)
    assert not list(tmp_path.iterdir())


def test_spins_are_told_apart_from_grey_levels():
    for data, hint in (
        ([[-1, 1], [1, 1]], "Spin units have these"),
        ([[0.5, 1], [1, 0]], "binarise grey levels first"),
    ):
        with pytest.raises(ValueError, match=hint):
            Learner.begin(np.array(data), visible=Bernoulli(), hidden=ReLU(), units=2)
