"""TAP beside enumeration and Gibbs sampling: trained machines, weak and strong, glasses, patterns from their cues."""

import math

import numpy as np
import pytest
from rbm_sim.gibbs import Chains

import rbm_sim
from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin, datasets, exact, exact_learning, likelihood, tap
from rbm_sim.learning import Learner, Options
from rbm_sim.learning.parameters import checked
from replica.errors import ConvergenceError

IMAGES = datasets.bars_and_stripes(3).images.astype(float)


def trained(iterations):
    """Bars and stripes of 3 × 3 learned with the exact gradient; weights grow without end."""
    return exact_learning.fit(
        IMAGES, visible=Bernoulli(), hidden=Bernoulli(), units=8, iterations=iterations, rng=0
    ).rbm


def test_a_machine_that_has_learned_little():
    rbm = trained(5)
    found = tap.solve(rbm)
    assert found.status == tap.Status.CONVERGED and found.replicon > 0.9
    assert found.value == pytest.approx(exact.log_partition(rbm), abs=0.02)
    ours = likelihood.log_likelihood(rbm, IMAGES, found.value).mean
    assert ours == pytest.approx(exact.log_likelihood(rbm, IMAGES), abs=0.02)
    assert np.abs(found.v - exact.moments(rbm).v).max() < 0.02


@pytest.mark.some(1)
@pytest.mark.parametrize("iterations", [12, 20])
def test_a_machine_that_makes_up_its_mind_has_a_status_and_no_number(iterations):
    """ln Z of the unstable solution is nats from the truth: from no input and from every image."""
    rbm = trained(iterations)
    with pytest.raises(ConvergenceError, match=r"replicon < 0.*try another start"):
        tap.log_partition(rbm)
    for found in (tap.solve(rbm, throw=False), *(tap.solve(rbm, start=v, throw=False) for v in IMAGES)):
        assert found.status == tap.Status.UNSTABLE and found.replicon < 0
        assert abs(found.value - exact.log_partition(rbm)) > 0.5


def test_states_far_apart_add_up():
    """A state for each image, of 1/14 of Z each; one of them alone is no ln Z, and likelihoods refuse it."""
    rbm = trained(100)
    truth = exact.log_partition(rbm)
    states = tap.solve_all(rbm, starts=IMAGES)
    assert len(states) == 14
    for state in states:
        assert state.status == tap.Status.CONVERGED
        assert np.abs(state.v - IMAGES).max(axis=1).min() < 0.05
        assert state.value == pytest.approx(truth - math.log(14), abs=0.02)
    assert np.logaddexp.reduce([state.value for state in states]) == pytest.approx(truth, abs=0.01)
    with pytest.raises(ValueError, match="log_partition"):
        likelihood.log_likelihood(rbm, IMAGES, states[0].value)


@pytest.mark.some(1)
@pytest.mark.parametrize("T", [0.3, 0.6])
def test_a_glass_has_no_number(T):
    """Two layers of 150 spins with normal weights: below T = 1 nothing that is found is stable."""
    rng = np.random.default_rng(0)
    rbm = RBM(rng.normal(size=(150, 150)) / math.sqrt(150), visible=Spin(), hidden=Spin())
    for start in rng.choice([-1.0, 1.0], (3, 150)):
        found = tap.solve(rbm, T=T, start=start, throw=False)
        assert found.status != tap.Status.CONVERGED
        assert found.status == tap.Status.UNSTABLE or math.isnan(found.value)
        with pytest.raises(ConvergenceError, match="sampling"):
            tap.log_partition(rbm, T=T, start=start)
    assert tap.solve(rbm, T=1.5).status == tap.Status.CONVERGED


def test_a_pattern_from_its_cue_entry_by_entry_beside_chains():
    """Means of 20 chains, each with its error: what is left is their scatter, (n − 1)/(n − 3) = 1.12 of it."""
    N, T = 500, 0.4
    xi = rbm_sim.random_patterns(N, 15, rng=0)
    rbm = RBM(rbm_sim.pattern_weights(xi, np.float64), visible=Spin(), hidden=Gaussian())
    cue = np.where(np.random.default_rng(1).random(N) < 0.15, -xi[:, 3], xi[:, 3])
    found = tap.solve(rbm, T=T, start=cue)
    assert found.v @ xi[:, 3] / N > 0.97
    chains = Chains(rbm, 20, T=T, rng=2, start=np.tile(cue, (20, 1))).run(50)
    total, fields = np.zeros((20, N)), np.zeros((20, 15))
    for _ in range(150):
        state = chains.run(1)
        total, fields = total + state.v, fields + rbm.inputs(state.v)
    for sampled, ours in ((total / 150, found.v), (fields / 150, found.h)):
        error = np.maximum(sampled.std(axis=0, ddof=1) / math.sqrt(20), 0.002)
        assert np.mean(((sampled.mean(axis=0) - ours) / error) ** 2) < 2
    # a cue of no pattern leads elsewhere, and the status or the overlap says so
    lost = tap.solve(rbm, T=T, start=np.random.default_rng(3).choice([-1.0, 1.0], N), throw=False)
    assert lost.status != tap.Status.CONVERGED or np.abs(lost.v @ xi).max() / N > 0.9


def test_what_clamped_data_do_to_hidden_units():
    """Modes have the L̂ and the silent units of draws at T → 0, and means and variances are those of draws at T = 1."""
    x = checked(np.unique(datasets.bars_and_stripes(4).images, axis=0), Bernoulli())
    begun = Learner.begin(x, visible=Bernoulli(), hidden=ReLU(), units=12, rng=0, options=Options(learning_rate=0.02))
    for _ in range(100):
        begun.learn(x)
    rbm, rng = begun.rbm, np.random.default_rng(0)
    I = rbm.inputs(x.astype(np.float32))
    cold = rbm.hidden.sample(np.repeat(I, 50, axis=0), rng, T=1e-6)
    modes = rbm.hidden.mode(I)
    assert rbm_sim.participation_ratio(modes).mean() == pytest.approx(
        rbm_sim.participation_ratio(cold).mean(), rel=0.01
    )
    silent = (cold.reshape(len(I), 50, -1).max(axis=1) < 0.02).sum(axis=1)
    assert np.abs((modes == 0).sum(axis=1) - silent).mean() < 0.2
    warm = rbm.hidden.sample(np.repeat(I[:, None], 2000, axis=1), rng)
    error = np.sqrt(rbm.hidden.variance(I) / 2000)
    assert np.mean(((warm.mean(axis=1) - rbm.hidden.mean(I)) / error) ** 2) == pytest.approx(1, abs=0.3)
