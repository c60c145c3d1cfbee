"""Learning of double ReLU hidden units: thresholds and stiffnesses of both sides, in the gauge 1/√γ₊ + 1/√γ₋ = 2."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Normal, Spin, datasets, exact, runs
from rbm_sim.learning import Learner, Options
from rbm_sim.learning.confinement import confine
from rbm_sim.learning.maximum_likelihood import fit, gradient
from rbm_sim.learning.parameters import double_relu, shape_of


def parameters(rng, M):
    return np.stack([rng.normal(size=M), rng.normal(size=M) * 0.7]), rng.normal(size=M)


@pytest.mark.parametrize("visible", [Bernoulli, Spin])
def test_gradient_by_differences_of_the_likelihood(visible):
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=(4, 3)), rng.normal(size=4)
    shape, c = parameters(rng, 3)
    data = np.where(rng.random((6, 4)) < 0.5, 1.0, visible.low)

    def machine(w, b, c, shape):
        return RBM(w, visible=visible(-b), hidden=double_relu(shape, c))

    values = [w, b, c, shape]
    for index, slope in enumerate(gradient(machine(*values), data).arrays()):
        for where in np.ndindex(slope.shape):
            found = []
            for step in (1e-5, -1e-5):
                changed = [x.copy() for x in values]
                changed[index][where] += step
                found.append(exact.log_likelihood(machine(*changed), data))
            assert (found[0] - found[1]) / 2e-5 == pytest.approx(slope[where], abs=1e-8)


def test_gauge_of_the_scale_of_h():
    """Units at the start have the law that was asked for, h in other units; so v has the same one."""
    rng = np.random.default_rng(0)
    given = DReLU([0.5, 2.0, 1.0], [3.0, 0.7, 1.0], [0.4, -0.3, 0.2], [-0.2, 0.8, 0.2])
    offset, shape = shape_of(given, 3)
    unit = double_relu(shape.astype(float), offset.astype(float))
    assert 1 / np.sqrt(unit.gamma_plus) + 1 / np.sqrt(unit.gamma_minus) == pytest.approx(np.full(3, 2.0))
    w = rng.normal(size=(3, 3))
    scale = np.sqrt(unit.gamma_plus / given.gamma_plus)
    one = RBM(w, visible=Bernoulli(0.1), hidden=given)
    other = RBM(w * scale, visible=Bernoulli(0.1), hidden=unit)
    law = exact.visible_distribution(one)[1]
    assert exact.visible_distribution(other)[1] == pytest.approx(law, rel=2e-6)


@pytest.mark.medium
def test_mean_step_is_the_gradient():
    """CD with many Gibbs steps from the data, averaged over many steps from one start."""
    rng = np.random.default_rng(0)
    data = (rng.random((300, 3)) < [0.3, 0.6, 0.5]).astype(np.int8)
    options = Options(batch_size=300, learning_rate=1e-6, persistent=False, k=20)
    learner = Learner.begin(data, visible=Bernoulli(), hidden=DReLU(), units=2, rng=1, options=options)
    learner.parameters.w[:] = rng.normal(size=(3, 2))
    learner.parameters.shape[:], learner.parameters.hidden[:] = parameters(rng, 2)
    before = learner.rbm
    steps = []
    for _ in range(150):
        learner._learn_from(data)
        steps.append([part.copy() / 1e-6 for part in learner.step.arrays()])
    wanted = gradient(before, data)
    for k, name in enumerate(("w", "visible", "hidden", "shape")):
        found = np.array([step[k] for step in steps])
        error = found.std(axis=0) / math.sqrt(len(steps)) + 1e-4
        assert np.abs((found.mean(axis=0) - getattr(wanted, name)) / error).max() < 4.5, name


@pytest.mark.slow
def test_bars_and_stripes_reach_their_bound_from_below():
    data = datasets.bars_and_stripes(3).images
    found = fit(data, visible=Bernoulli(), hidden=DReLU(), units=10, iterations=400, rng=0)
    bound = 14 * math.log(1 / 14)
    assert bound - 0.1 < 14 * found.log_likelihood[-1] < bound + 1e-9
    assert np.diff(found.log_likelihood).min() > -1e-10


@pytest.mark.medium
def test_it_learns_more_than_gaussian_units_can():
    data, reached = datasets.bars_and_stripes(3).images, {}
    for hidden in (DReLU(), Gaussian()):
        options = Options(batch_size=14, learning_rate=0.02, centred=False)
        learner = Learner.begin(data, visible=Bernoulli(), hidden=hidden, units=10, rng=1, options=options)
        for _ in range(900):
            learner.learn(data)
        reached[type(hidden)] = exact.log_likelihood(learner.rbm, data)
    assert reached[DReLU] > reached[Gaussian] + 0.3 > -6.0


@pytest.mark.parametrize("visible", [Bernoulli(), Gaussian()])
def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path, visible):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40, 4)) if isinstance(visible, Gaussian) else (rng.random((40, 4)) < 0.5).astype(float)
    data[:, 1] = data[:, 0]
    begin = lambda: Learner.begin(  # noqa: E731
        data, visible=visible, hidden=DReLU(1.0, 2.0, 0.1, -0.3), units=3, rng=1, options=Options(batch_size=10)
    )
    whole, parts = begin(), begin()
    runs.train(whole, data, epochs=4)
    runs.train(parts, data, epochs=2, file=tmp_path / "run.npz")
    parts, history, _ = runs.load(tmp_path / "run.npz")
    runs.train(parts, data, epochs=4, history=history)
    for one, other in zip(whole.parameters.arrays(), parts.parameters.arrays(), strict=True):
        assert np.array_equal(one, other)
    assert np.abs(parts.parameters.shape).max() > 0
    assert isinstance(parts.rbm.hidden, DReLU)


def test_weights_to_soft_units_are_kept_where_a_law_exists():
    rng = np.random.default_rng(0)
    hidden = DReLU([0.5, 1.0, 2.0], [1.5, 0.4, 2.0], 0.1, -0.1)
    w = rng.normal(size=(5, 3)).astype(np.float32)
    confine(w, hidden, 1.0)
    assert np.linalg.norm(w / np.sqrt(hidden.softest), 2) == pytest.approx(math.sqrt(0.5), rel=1e-5)
    RBM(w, visible=Normal(), hidden=hidden)
