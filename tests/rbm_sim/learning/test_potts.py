"""Learning of Potts visible units: gradients, the maximum on a toy alignment, gauges, runs on disk."""

import math

import numpy as np
import pytest
from rbm_sim.learned import describe

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Potts, ReLU, Spin, exact, likelihood, runs
from rbm_sim.learning import Learner, Options
from rbm_sim.learning.maximum_likelihood import fit, gradient
from rbm_sim.learning.parameters import checked

ALIGNMENT = np.array([[0, 1, 2, 2], [0, 1, 1, 2], [2, 1, 0, 0], [2, 0, 0, 0], [1, 2, 0, 1]])
HIDDEN = [Bernoulli(0.2), Spin(-0.1), Gaussian(), ReLU(0.3), DReLU(1.5, 1.0, 0.3, -0.2)]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradients_by_differences(hidden):
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=(12, 2)), rng.normal(size=12)
    data = Potts(3).one_hot(ALIGNMENT)

    def value(w, b, c):
        rbm = RBM(w, visible=Potts(3)._with_offset(b), hidden=hidden._with_offset(c))
        return exact.log_likelihood(rbm, data)

    rbm = RBM(w, visible=Potts(3)._with_offset(b), hidden=hidden)
    values = [w, b, np.zeros(2) + hidden.offset]
    slopes = gradient(rbm, data)
    for index, slope in enumerate((slopes.w, slopes.visible, slopes.hidden)):
        for where in [(0,) * slope.ndim, (1,) * slope.ndim, tuple(n - 1 for n in slope.shape)]:
            found = []
            for step in (1e-5, -1e-5):
                changed = [x.copy() for x in values]
                changed[index][where] += step
                found.append(value(*changed))
            assert (found[0] - found[1]) / 2e-5 == pytest.approx(slope[where], abs=1e-8)


def test_gradient_has_no_part_along_the_gauge():
    """Moving w_iaμ by c_iμ and b_μ by Σ_i c_iμ changes nothing, neither does a constant in the fields of a unit."""
    rng = np.random.default_rng(1)
    rbm = RBM(rng.normal(size=(4, 3, 2)), visible=Potts(3, rng.normal(size=(4, 3))), hidden=Spin([0.3, -0.2]))
    slopes = gradient(rbm, Potts(3).one_hot(ALIGNMENT))
    along = slopes.w.reshape(4, 3, 2).sum(axis=1) + slopes.hidden
    assert along == pytest.approx(0, abs=1e-13)
    assert slopes.visible.reshape(4, 3).sum(axis=1) == pytest.approx(0, abs=1e-13)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("hidden", [Bernoulli(), ReLU()])
def test_a_toy_alignment_to_its_maximum(hidden):
    """Five sequences, each one fifth: the mean of ln P rises to −ln 5 and never above; the rest gets nothing."""
    found = fit(ALIGNMENT, visible=Potts(3), hidden=hidden, units=6, iterations=150, rng=0)
    assert -math.log(5) - 0.01 < found.log_likelihood[-1] < -math.log(5) + 1e-9
    assert np.diff(found.log_likelihood).min() > -1e-10
    states, P = exact.visible_distribution(found.rbm)
    code = Potts(3).states_of(states) @ 3 ** np.arange(4)
    inside = np.isin(code, ALIGNMENT @ 3 ** np.arange(4))
    assert P[inside] == pytest.approx(0.2, abs=0.01)
    assert found.rbm.weights.reshape(4, 3, 6).sum(axis=1) == pytest.approx(0, abs=1e-12)


def test_it_begins_at_the_frequencies():
    learner = Learner.begin(ALIGNMENT, visible=Potts(3), hidden=Spin(), units=2, rng=0)
    learner.parameters.w[:] = 0
    count = Potts(3).one_hot(ALIGNMENT).sum(axis=0) + 0.5
    wanted = count / count.sum(axis=1, keepdims=True)
    assert exact.moments(learner.rbm).v.reshape(4, 3) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("gauge", ["zero-sum", "lattice-gas"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_mean_step_is_the_projected_gradient(hidden, gauge):
    rng = np.random.default_rng(0)
    data = checked(rng.integers(3, size=(200, 2)), Potts(3))
    options = Options(batch_size=200, learning_rate=1e-6, persistent=False, k=15, gauge=gauge, centred=False)
    learner = Learner.begin(data.reshape(200, 2, 3), visible=Potts(3), hidden=hidden, units=2, rng=1, options=options)
    learner.parameters.w[:] = rng.normal(size=(6, 2)) * 0.7
    before, steps = learner.rbm, []
    for _ in range(200):
        learner._learn_from(data)
        steps.append([part.copy() / 1e-6 for part in learner.step.arrays()])
    wanted = gradient(before, data)
    for k, (name, slope) in enumerate((("w", wanted.w), ("visible", wanted.visible), ("hidden", wanted.hidden))):
        if name != "hidden":
            parts = slope.reshape(2, 3, -1)
            parts -= parts.mean(axis=1, keepdims=True) if gauge == "zero-sum" else parts[:, :1].copy()
        found = np.array([step[k] for step in steps])
        error = found.std(axis=0) / math.sqrt(len(steps)) + 1e-4
        assert np.abs((found.mean(axis=0) - slope) / error).max() < 4.5, name


@pytest.mark.parametrize("gauge", ["zero-sum", "lattice-gas"])
@pytest.mark.parametrize("persistent", [True, False])
def test_it_learns_in_its_gauge(gauge, persistent):
    rng = np.random.default_rng(0)
    first = rng.integers(4, size=200)
    data = np.stack([first, (first + 1) % 4, rng.integers(4, size=200), first], axis=1)  # 16 sequences of 256
    options = Options(batch_size=20, learning_rate=0.1, persistent=persistent, gauge=gauge, centred=True, penalty=1e-3)
    learner = Learner.begin(data, visible=Potts(4), hidden=Bernoulli(), units=8, rng=1, options=options)
    runs.train(learner, data, epochs=100)
    v = Potts(4).one_hot(data)
    assert exact.log_likelihood(learner.rbm, v) > -4.0  # independent units −5.5, at best −ln 16 = −2.8
    assert likelihood.pseudo_log_likelihood(learner.rbm, v).mean > -3.0
    for x in (learner.parameters.w, learner.parameters.visible):
        parts = x.reshape(4, 4, -1)
        assert (parts.sum(axis=1) if gauge == "zero-sum" else parts[:, 0]) == pytest.approx(0, abs=1e-4)
    row = describe(learner.rbm, v)
    assert all(map(math.isfinite, row.values()))
    assert abs(row["m_tilde"]) <= 1


@pytest.mark.parametrize("hidden", [Spin(), DReLU()])
def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path, hidden):
    begin = lambda: Learner.begin(  # noqa: E731
        ALIGNMENT, visible=Potts(5), hidden=hidden, units=3, rng=1, options=Options(batch_size=2)
    )
    whole, parts = begin(), begin()
    runs.train(whole, ALIGNMENT, epochs=4)
    runs.train(parts, ALIGNMENT, epochs=2, file=tmp_path / "run.npz")
    parts, history, _ = runs.load(tmp_path / "run.npz")
    assert parts.visible.states == 5
    runs.train(parts, ALIGNMENT, epochs=4, history=history)
    for one, other in zip(whole.parameters.arrays(), parts.parameters.arrays(), strict=True):
        assert np.array_equal(one, other)


def test_data_of_any_type_and_bad_data():
    wanted = checked(ALIGNMENT, Potts(3))
    for dtype in ("u1", "i2", "u8", "f2", "f4", ">f8"):
        assert np.array_equal(checked(ALIGNMENT.astype(dtype), Potts(3)), wanted)
        assert np.array_equal(checked(Potts(3).one_hot(ALIGNMENT).astype(dtype), Potts(3)), wanted)
    for data, message in [
        (ALIGNMENT + 1, r"data has entries in \[1, 3\]: states of Potts units are whole numbers from 0 to 2"),
        (ALIGNMENT + 0.5, "states of Potts units are whole numbers"),
        (np.ones((2, 3, 3)), "Potts units take values in {0, 1}, a single 1 in the 3 entries"),
        (np.ones((2, 3, 4)), r"data has shape \(2, 3, 4\): must be \(samples, N\), numbers of states, or vectors"),
        (np.zeros(3), r"data has shape \(3,\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            checked(data, Potts(3))
    with pytest.raises(ValueError, match=r"hidden = Potts.*others cannot be learned"):
        Learner.begin(ALIGNMENT, visible=Potts(3), hidden=Potts(3), units=2)
    with pytest.raises(ValueError, match="gauge = 'none': must be one of 'zero-sum', 'lattice-gas'"):
        Options(gauge="none")
