"""Machines with several wells: ln Z annealed from all of them, and where an estimate is called reliable it is right."""

import math

import numpy as np
import pytest
from scipy.special import gammaln

from rbm_sim import RBM, Bernoulli, Gaussian, Normal, ReLU, Spin
from rbm_sim.partition import ais, exact, wells
from rbm_sim.partition.annealing_path import AnnealingPath

Z_MAX = 5.0
N = 40


def curie_weiss(J, field, unit):
    """One Gaussian hidden unit, and ln Z as a sum over the number n of units that are on."""
    n = np.arange(N + 1)
    states = gammaln(N + 1) - gammaln(n + 1) - gammaln(N - n + 1)
    M = n if unit is Bernoulli else 2 * n - N
    log_Z = math.log(2 * math.pi) / 2 + np.logaddexp.reduce(states + J * M**2 / (2 * N) + field * M)
    return RBM(np.full((N, 1), (J / N) ** 0.5), visible=unit(field), hidden=Gaussian()), float(log_Z)


def test_sums_over_the_number_of_units():
    for J, expected in ((10, 1.930), (11, 21.035), (13, 60.935)):
        assert curie_weiss(J, -5, Bernoulli)[1] == pytest.approx(expected, abs=5e-4)


@pytest.mark.some(2)
@pytest.mark.parametrize("J", [10, 8, 9, 9.5, 9.9, 10.1, 10.5, 11, 13])
def test_first_order_transition(J):
    """At J = 10 all units on and all off have the same weight; the base is in one of these wells, for every J."""
    rbm, log_Z = curie_weiss(J, -5, Bernoulli)
    found = ais.log_partition(rbm, n_temperatures=500, rng=1)
    assert abs(found.value - log_Z) < min(Z_MAX * found.stderr, 0.5)
    assert found.reliable
    assert rbm.dtype == float and found.back.shape == (100,)


@pytest.mark.slow
@pytest.mark.parametrize("J", [9.9, 10, 11, 13])
def test_first_order_transition_in_many_steps(J):
    """At the default of 10 000 temperatures; with one base the estimates are 1.237 to 1.256 ± 2e-4."""
    rbm, log_Z = curie_weiss(J, -5, Bernoulli)
    found = ais.log_partition(rbm, rng=0)
    assert abs(found.value - log_Z) < min(Z_MAX * found.stderr, 0.5)
    assert found.reliable


@pytest.mark.medium
@pytest.mark.parametrize(("J", "field"), [(1.8, 0.02), (1.8, 0.0), (3.0, -0.1), (1.0, 0.0)])
def test_spins_that_order(J, field):
    rbm, log_Z = curie_weiss(J, field, Spin)
    found = ais.log_partition(rbm, n_temperatures=1000, rng=2)
    assert abs(found.value - log_Z) < Z_MAX * found.stderr < 0.5
    assert found.reliable


def test_a_base_that_is_wrong_about_the_machine():
    """Means of data of the well of little weight: the other one is found from the sides of the hidden unit."""
    rbm, log_Z = curie_weiss(11, -5, Bernoulli)
    found = ais.log_partition(rbm, base=np.zeros((50, N)), n_temperatures=500, rng=3)
    assert abs(found.value - log_Z) < Z_MAX * found.stderr < 0.5 and found.reliable


def test_wells_that_bases_cannot_be_given_to_are_told():
    """Visible ReLU units have no base with given means: many of them, pulled to two places by one hidden unit."""
    w = np.full((30, 1), 0.7)
    rbm = RBM(w, visible=ReLU(1.0), hidden=Bernoulli(-20.0))
    transposed = rbm.transposed()
    log_Z = exact.log_partition(rbm)
    found = ais.log_partition(rbm, n_temperatures=200, rng=0)
    assert abs(found.value - log_Z) < Z_MAX * found.stderr or not found.reliable
    again = ais.log_partition(transposed, n_temperatures=200, rng=0)
    assert abs(again.value - log_Z) < Z_MAX * again.stderr and again.reliable


@pytest.mark.medium
@pytest.mark.some(3)
@pytest.mark.parametrize("hidden", [Bernoulli(0.4), Spin(-0.1), Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize("visible", [Bernoulli(-0.3), Spin(0.2), Normal(0.5, 2.0), Gaussian()])
def test_weights_from_several_bases_are_unbiased(visible, hidden):
    """⟨w⟩ = Z over 6000 chains with three temperatures, whatever the bases; and back, from samples of the machine."""
    rbm = RBM(0.25 * np.random.default_rng(5).normal(size=(5, 4)), visible=visible, hidden=hidden)
    T = 1.3
    means = np.array([[0.7, 0.3, 0.5, 0.6, 0.2], [0.1, 0.6, 0.4, 0.2, 0.8]])
    if isinstance(hidden, Bernoulli | Spin) or isinstance(visible, Bernoulli | Spin):
        log_Z = exact.log_partition(rbm, T)
    else:
        log_Z = ais.log_partition(rbm, T=T, n_chains=1000, n_temperatures=300, rng=1).value
    path = AnnealingPath(rbm, T, None, means)
    assert path.bases == 3
    log_Z -= path.log_origin  # both ways it is the machine measured from where its units rest
    up = ais._up(path, np.linspace(0, 1, 3), 6000, 7, 1)
    assert abs(math.expm1(up.value - log_Z)) < 4 * up.stderr < 0.4
    v = rbm.sample(6000, 60, T, rng=8).v
    w = np.exp(log_Z - ais._back(path, v, np.linspace(0, 1, 3), 9, 1))
    assert abs(w.mean() - 1) < 4 * w.std() / math.sqrt(len(w)) + 3e-3


def machine_at_a_transition(seed):
    """Ferromagnets, sparse and dense patterns, random couplings, below and above where they order."""
    rng = np.random.default_rng([seed, 77])
    kind, other = seed % 5, seed // 5 % 4
    hidden = (Bernoulli(), Spin(), Gaussian(), ReLU(0.3))[other]
    N, M, J = int(rng.integers(8, 14)), int(rng.integers(1, 8)), rng.uniform(0.5, 3)
    if kind == 0:  # second order, of spins
        visible, w = Spin(rng.uniform(-0.05, 0.05)), np.full((13, 1), math.sqrt(J / 13) * (1 if other >= 2 else 2))
    elif kind == 1:  # first order
        g, near = rng.uniform(2, 7), rng.uniform(0.7, 1.3)
        visible, hidden = Bernoulli(-g), (Bernoulli(-3), Gaussian(), ReLU(0.0), ReLU(1.0))[other]
        w = np.full((13, 2), math.sqrt(2 * g / 13 * near / (2 if other else 1)) * (1 if other else 2))
    elif kind == 2:  # patterns of spins
        visible, w = Spin(0.1 * rng.normal(size=12)), rng.choice([-1, 1], size=(12, 4)) * math.sqrt(J / 12)
    elif kind == 3:  # sparse patterns
        visible, hidden = Bernoulli(-rng.uniform(2, 5)), (Bernoulli(-2), Spin(-0.5), Gaussian(), ReLU(0.5))[other]
        w = (rng.random((13, 5)) < 0.4) * rng.uniform(0.8, 2.0)
    else:
        visible = (Bernoulli, Spin)[seed // 20 % 2](rng.normal(size=N))
        w = rng.normal(size=(N, M)) * rng.uniform(0.3, 1.5)
    return RBM(w, visible=visible, hidden=hidden)


def scores(seeds, n_temperatures, rng=0):
    """How far reliable estimates are from enumeration, in standard errors."""
    found = []
    for seed in seeds:
        rbm = machine_at_a_transition(seed)
        estimate = ais.log_partition(rbm, n_temperatures=n_temperatures, rng=rng + seed)
        if estimate.reliable:
            found.append((estimate.value - exact.log_partition(rbm)) / estimate.stderr)
    return np.array(found)


@pytest.mark.medium
def test_what_is_called_reliable_is_right():
    z = scores((0, 1, 2, 31, 61, 153), 50)
    assert len(z) >= 4 and np.abs(z).max() < Z_MAX


@pytest.mark.slow
@pytest.mark.parametrize(("n_temperatures", "rng"), [(30, 0), (30, 1000), (30, 2000), (100, 0), (300, 0)])
def test_what_is_called_reliable_is_right_over_200_machines(n_temperatures, rng):
    """Most are called so; those that are not are off by up to 37 standard errors (6 if annealed in 300 steps)."""
    z = scores(range(200), n_temperatures, rng)
    assert len(z) > (120 if n_temperatures == 30 else 160)
    assert np.abs(z).max() < Z_MAX
    assert abs(z.mean()) < 0.4 and z.var() < 1.6


@pytest.mark.parametrize(("seed", "rng"), [(31, 31), (186, 1186)])
def test_a_tail_of_the_weights_that_only_chains_back_see(seed, rng):
    """Two wells; a third of Z is in weights of a few paths that annealing up does not take: off by 5 errors, and told.

    The weights that were met agree: the effective number of the better of the machines is 40 of 100.
    """
    rbm = machine_at_a_transition(seed)
    found = ais.log_partition(rbm, n_temperatures=30, rng=rng)
    log_Z = exact.log_partition(rbm)
    assert not found.reliable
    if found.value < log_Z - Z_MAX * found.stderr:  # as chains in another rounding need not
        assert found.ess > 35
        missing = wells.missing(found.log_weights, found.back, found.value)
        assert found.value + missing == pytest.approx(log_Z, abs=0.2)


def test_what_is_missing_by_two_weights():
    """Weights 1 and 99 with probabilities .99 and .01, the larger not met: Z = 1.98, half of it missing."""
    back = np.log(np.repeat([1.0, 99.0], 500_000))
    assert wells.missing(np.zeros(50), back, 0.0) == pytest.approx(math.log(1.98), abs=3e-3)
    assert wells.missing(np.zeros(50), back[:500_000], 0.0) == 0.0
    assert wells.missing(np.zeros(50), back[-20:], 0.0) == pytest.approx(math.log(99))
    assert wells.missing(np.zeros(50), np.full(20, 1000.0), 0.0) == math.inf
    assert wells.missing(np.log([1.0, 99.0]), back, math.log(50)) == 0.0
    few = np.log(np.repeat([1.0, 99.0], (9, 1)))
    assert wells.missing(np.zeros(50), few, 0.0) == 0.0  # one chain of ten may be chance


def test_wells_of_chains():
    """Three groups of chains: centres in the order of what they say, one for each group, at most as many as asked."""
    rng = np.random.default_rng(0)
    middle = np.repeat(np.array([[0.1], [0.5], [0.9]]), 10, axis=0) * np.ones(6)
    mean = np.clip(middle + 0.03 * rng.normal(size=middle.shape), 0, 1)
    log_Z = np.repeat([1.0, 3.0, 2.0], 10)
    missed = log_Z > 1
    np.testing.assert_allclose(wells.centres(mean, log_Z, missed, 5), [[0.5] * 6, [0.9] * 6], atol=0.05)
    np.testing.assert_allclose(wells.centres(mean, log_Z, missed, 1), [[0.5] * 6], atol=0.05)
    assert wells.centres(mean, log_Z, np.zeros(30, bool), 5).shape == (0, 6)
