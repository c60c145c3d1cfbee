"""Probabilities add up to 1 at most: what ln Z cannot be below."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Discrete, Gaussian, Potts, ReLU, Spin
from rbm_sim.partition import exact, likelihood
from rbm_sim.partition.ais import LogPartition
from rbm_sim.partition.bounds import least_log_partition


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


def all_of(values, N):
    return np.stack(np.meshgrid(*[values] * N, indexing="ij"), axis=-1).reshape(-1, N)


@pytest.mark.parametrize("hidden", [Spin(0.2), Gaussian(), ReLU(0.1)])
@pytest.mark.parametrize(("visible", "values"), [(Bernoulli(0.3), (0, 1)), (Spin(-0.2), (-1, 1))])
def test_all_configurations_give_ln_Z_and_some_give_less(visible, values, hidden):
    rbm = RBM(np.random.default_rng(0).normal(size=(5, 3)), visible=visible, hidden=hidden)
    everything = all_of(values, 5)
    log_Z = exact.log_partition(rbm)
    assert least_log_partition(rbm, everything) == pytest.approx(log_Z, rel=1e-12)
    assert least_log_partition(rbm, np.repeat(everything, 3, axis=0)) == pytest.approx(log_Z, rel=1e-12)
    p = exact.visible_distribution(rbm)[1]
    assert least_log_partition(rbm, everything[:7]) < log_Z + math.log(1 - p.min() / 2)


def test_units_with_three_values_and_densities():
    rbm = RBM(np.full((2, 1), 0.4), visible=Trit(), hidden=Spin())
    pairs = all_of(Trit.values, 2)
    total = (2 * np.cosh(0.4 * pairs.sum(axis=1)) * np.exp(-0.3 * (pairs**2).sum(axis=1))).sum()
    assert least_log_partition(rbm, pairs) == pytest.approx(math.log(total), rel=1e-9)
    assert least_log_partition(RBM([[0.5]], visible=Gaussian(), hidden=Spin()), [[0.0]]) == -math.inf


def test_a_likelihood_that_is_impossible_is_refused():
    """One configuration with e^{60} of the weight, and an ln Z that annealing finds where the others are."""
    rbm = RBM(np.full((40, 1), (13 / 40) ** 0.5), visible=Bernoulli(-5), hidden=Gaussian())
    data = np.ones((10, 40))
    least = least_log_partition(rbm, data)
    assert least == pytest.approx(13 * 40 / 2 - 200 + math.log(2 * math.pi) / 2)
    for too_small in (1.256, LogPartition(1.256, 2e-4, 1.255, 1.257, 100.0, True, np.zeros(100))):
        with pytest.raises(ValueError, match=r"log_partition = 1\.256: the data alone .* must be at least 60\.9189"):
            likelihood.log_likelihood(rbm, data, too_small)
    assert likelihood.log_likelihood(rbm, data, 60.9348).mean == pytest.approx(least - 60.9348, abs=1e-9)
    # a mean below 0 that is impossible all the same: two configurations of probability .8 each
    both = np.array([[0], [1]])
    even = RBM([[0.0]], visible=Bernoulli(), hidden=Bernoulli())
    assert likelihood.log_likelihood(even, both).mean == pytest.approx(-math.log(2))
    with pytest.raises(ValueError, match=r"must be at least 1\.38629"):
        likelihood.log_likelihood(even, both, math.log(4) - math.log(1.6))


def test_errors_of_ln_Z_and_rounding_are_allowed_for():
    rbm = RBM(np.zeros((3, 2)), visible=Spin(5.0), hidden=Bernoulli())
    data, log_Z = np.ones((1, 3)), exact.log_partition(RBM(np.zeros((3, 2)), visible=Spin(5.0), hidden=Bernoulli()))
    estimate = LogPartition(log_Z - 0.3, 0.1, 0, 0, 100.0, True, np.zeros(100))
    assert likelihood.log_likelihood(rbm, data, estimate).mean == pytest.approx(0.3, abs=1e-3)
    with pytest.raises(ValueError, match="above 1"):
        likelihood.log_likelihood(rbm, data, log_Z - 0.3)
    single = RBM(np.full((50, 20), 0.3, np.float32), visible=Bernoulli(), hidden=ReLU())
    peak = least_log_partition(single, np.ones((1, 50)))
    assert likelihood.log_likelihood(single, np.ones((1, 50)), peak * (1 - 1e-6)).mean < 1e-2


def test_states_of_potts_units_count_once():
    """All nine configurations of two units of three states are Z; some of them, twice, less."""
    rng = np.random.default_rng(0)
    rbm = RBM(rng.normal(size=(2, 3, 2)), visible=Potts(3, rng.normal(size=(2, 3))), hidden=Spin())
    v = Potts(3).one_hot(np.stack(np.divmod(np.arange(9), 3), axis=1))
    assert least_log_partition(rbm, np.concatenate([v, v])) == pytest.approx(exact.log_partition(rbm), abs=1e-12)
    some = -rbm.free_energy(v[:2])
    assert least_log_partition(rbm, v[[0, 1, 0]]) == pytest.approx(np.logaddexp(*some), abs=1e-12)
