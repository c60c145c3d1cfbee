"""Annealing and parallel tempering against enumeration, and where plain Gibbs sampling fails."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact
from rbm_sim.retrieval.dynamics import alternate
from rbm_sim.sampling.tempering import ParallelTempering, anneal, parallel_tempering

Z_MAX = 4.5  # some thousand numbers are compared: a correct law fails with a probability of a few per cent
LADDER = [0.5, 0.8, 1.3, 2.2]


def machine(visible, hidden, scale=0.4):
    return RBM(scale * np.random.default_rng(3).normal(size=(5, 3)), visible=visible, hidden=hidden)


def ferromagnet(N=30, field=0.0):
    """One strong pattern: two states of magnetisation ±1 at low temperature, and critical at T = 1."""
    return RBM(np.full((N, 1), 1 / math.sqrt(N)), visible=Spin(field), hidden=Gaussian())


def exact_up(rbm, T):
    """Probability that more than half of the spins are up, and half of that they are as many."""
    N, field = rbm.shape[0], rbm.visible.g[0]
    k = np.arange(N + 1)
    s = 2 * k - N
    log_p = [math.lgamma(N + 1) - math.lgamma(x + 1) - math.lgamma(N - x + 1) for x in k] + (
        s**2 / (2 * N) + field * s
    ) / T
    p = np.exp(log_p - np.logaddexp.reduce(log_p))
    return p[s > 0].sum() + p[s == 0].sum() / 2


def up(v):
    return (np.sign(v.sum(axis=-1)) + 1) / 2


def assert_law(rbm, T, v, h):
    """All visible probabilities, ⟨h⟩ and ⟨v h⟩ of independent states, as z-scores."""
    n = len(v)
    states, probability = exact.visible_distribution(rbm, T)
    codes = (states > 0) @ 2 ** np.arange(5)
    counts = np.bincount((v > 0) @ 2 ** np.arange(5), minlength=32)[codes]
    often = n * probability > 10
    z = (counts / n - probability) / np.sqrt(probability * (1 - probability) / n)
    assert np.abs(z[often]).max() < Z_MAX
    moments = exact.moments(rbm, T)
    for sampled, expected in ((h, moments.h), (v[:, :, None] * h[:, None, :], moments.vh)):
        stderr = sampled.std(axis=0) / math.sqrt(n)
        assert np.abs((sampled.mean(axis=0) - expected) / stderr).max() < Z_MAX


@pytest.mark.parametrize("visible", [Spin(0.2), Bernoulli(-0.3)])
@pytest.mark.parametrize("hidden", [Spin(-0.1), Bernoulli(0.4), Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize("ladder", [LADDER, LADDER[::-1]])
def test_tempering_against_enumeration_at_every_temperature(visible, hidden, ladder):
    """2500 independent sets after 80 sweeps, seed 1."""
    rbm = machine(visible, hidden)
    result = parallel_tempering(rbm, ladder, n_chains=2500, sweeps=80, rng=1)
    for k, T in enumerate(ladder):
        assert_law(rbm, T, result.v[k], result.h[k])
    assert ((result.swap_rates > 0.3) & (result.swap_rates < 1)).all()
    assert (result.round_trips > 0).any()


def test_rates_of_exchange_are_those_of_independent_states():
    """min(1, exp{(1/T_a − 1/T_b)(E_a − E_b)}) averaged over the two laws, with states of plain Gibbs sampling."""
    rbm, n = machine(Spin(0.2), ReLU(0.2), scale=0.3), 20_000
    ladder = np.array([0.8, 1.1, 1.5])
    result = parallel_tempering(rbm, ladder, n_chains=2000, sweeps=40, rng=2)
    energies = [rbm.energy(*rbm.sample(n, 60, T=T, rng=10 + k)) for k, T in enumerate(ladder)]
    for k in range(2):
        exponent = (1 / ladder[k] - 1 / ladder[k + 1]) * (energies[k] - energies[k + 1])
        assert np.exp(np.minimum(exponent, 0)).mean() == pytest.approx(result.swap_rates[k], abs=0.01)


@pytest.mark.parametrize("field", [0.0, 0.02])
def test_tempering_crosses_where_plain_sampling_does_not(field):
    """30 spins and one pattern at T = 0.4, all started down: 300 sweeps with and without 7 higher temperatures."""
    rbm, n, sweeps = ferromagnet(field=field), 400, 300
    ladder = np.linspace(0.4, 1.45, 8)
    plain = rbm.sample(n, sweeps, T=ladder[0], rng=1, start=-np.ones(30)).v
    assert up(plain).mean() < 0.02
    result = parallel_tempering(rbm, ladder, n_chains=n, sweeps=sweeps, rng=1, start=-np.ones(30))
    for k, T in enumerate(ladder):
        sampled, expected = up(result.v[k]), exact_up(rbm, T)
        assert abs(sampled.mean() - expected) < Z_MAX * math.sqrt(expected * (1 - expected) / n)
    assert result.round_trips.mean() > 1


def test_round_trips_and_walkers_by_following_them():
    """Every exchange moves v, h and the names of the walkers together; trips counted from the record of places."""
    rbm = ferromagnet(N=6)
    tempering = ParallelTempering(rbm, [0.7, 1.0, 1.5], n_chains=4, rng=3)
    places = [np.argsort(tempering.walkers, axis=0)]
    for _ in range(200):
        tempering.run(1)
        places.append(np.argsort(tempering.walkers, axis=0))
    assert (np.sort(tempering.walkers, axis=0) == np.arange(3)[:, None]).all()
    for walker in range(3):
        for chain in range(4):
            ends = [place[walker, chain] for place in places if place[walker, chain] != 1]
            runs = [a for a, b in zip(ends, [*ends[1:], None], strict=True) if a != b]  # 0, 2, 0, 2, …
            trips = max(runs.count(0) - 1, 0)
            assert tempering.round_trips[walker, chain] == trips
    result = tempering.run(0)
    np.testing.assert_array_equal(result.round_trips, tempering.round_trips.sum(axis=0))
    assert result.round_trips.min() > 0


def test_an_exchange_keeps_joint_states_together():
    """Energies before and after an exchange are the same numbers at other temperatures."""
    rbm = machine(Spin(0.2), ReLU(0.2))
    tempering = ParallelTempering(rbm, LADDER, n_chains=50, rng=4)
    before = rbm.energy(tempering.v, tempering.h)
    tempering._exchange()
    after = rbm.energy(tempering.v, tempering.h)
    np.testing.assert_allclose(np.take_along_axis(before, tempering.walkers, axis=0), after)
    assert (tempering.walkers != np.arange(4)[:, None]).any()
    assert math.isnan(tempering.swap_rates[1])
    assert 0 < tempering.swap_rates[0] < 1


def test_equal_energies_always_exchange():
    rbm = RBM(np.zeros((4, 2)), visible=Spin(), hidden=Spin())
    result = parallel_tempering(rbm, [1.0, 2.0, 3.0], n_chains=2, sweeps=40, rng=1)
    np.testing.assert_array_equal(result.swap_rates, [1, 1])
    assert (result.round_trips > 3).all()


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.2), Bernoulli(0.4)])
def test_annealing_ends_in_the_law_of_the_last_temperature(hidden):
    rbm = machine(Spin(0.2), hidden)
    state = anneal(rbm, [3.0, 2.0, 1.5, 1.2, 1.0], n_chains=4000, steps_per_temperature=20, rng=1)
    assert_law(rbm, 1.0, *state)


def test_annealing_finds_lower_minima_than_a_quench():
    rbm = RBM(np.random.default_rng(0).normal(size=(60, 60)) / 8, visible=Spin(), hidden=Spin())
    slow = anneal(rbm, [*np.geomspace(3, 0.1, 30), 0], n_chains=50, steps_per_temperature=20, rng=1)
    fast = anneal(rbm, [0.0], n_chains=50, steps_per_temperature=100, rng=1)
    assert rbm.energy(*slow).mean() < rbm.energy(*fast).mean() - 5
    ends = [alternate(rbm, v).moves for v in slow.v]
    assert ends == [0] * 50  # T = 0 at last


def test_numbers_repeat_whatever_the_threads():
    rbm = machine(Spin(0.2), ReLU(0.2))
    one, three = (parallel_tempering(rbm, LADDER, n_chains=200, sweeps=3, rng=5, threads=k) for k in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)
    split = ParallelTempering(rbm, LADDER, n_chains=200, rng=np.random.SeedSequence(5))
    split.run(1)
    np.testing.assert_array_equal(split.run(2).h, one.h)
    assert (parallel_tempering(rbm, LADDER, n_chains=200, sweeps=3, rng=6).h != one.h).any()
    options = {"n_chains": 600, "steps_per_temperature": 2}
    one, three = (anneal(rbm, [1.0, 0.5], rng=5, threads=threads, **options) for threads in (1, 3))
    np.testing.assert_array_equal(one.h, three.h)
    assert len(np.unique(one.h[:, 0])) > 100


def test_starts():
    rbm = machine(Spin(), Gaussian())
    start = np.random.default_rng(0).choice([-1.0, 1.0], size=(4, 7, 5))
    result = parallel_tempering(rbm, LADDER, n_chains=7, sweeps=0, start=start)
    np.testing.assert_array_equal(result.v, start)
    assert result.h.shape == (4, 7, 3)
    assert np.isnan(result.swap_rates).all()
    assert (parallel_tempering(rbm, LADDER, n_chains=7, sweeps=0, start=start[0, 0]).v == start[0, 0]).all()
    result.v[:] = 0  # a copy
    cold = anneal(rbm, [1e-9], n_chains=7, steps_per_temperature=1, start=start[0], rng=1).v
    assert cold.shape == (7, 5)


RBM_5 = machine(Spin(), Gaussian())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parallel_tempering(RBM_5, [1.0], n_chains=1, sweeps=1), "temperatures = [1.0]: must be two or more"),
        (lambda: parallel_tempering(RBM_5, 1.0, n_chains=1, sweeps=1), "temperatures = 1.0"),
        (lambda: parallel_tempering(RBM_5, [0, 1.0], n_chains=1, sweeps=1), "temperatures = [0, 1.0]"),
        (lambda: parallel_tempering(RBM_5, [1.0, 3.0, 2.0], n_chains=1, sweeps=1), "temperatures = [1.0, 3.0, 2.0]"),
        (lambda: parallel_tempering(RBM_5, [1.0, 1.0], n_chains=1, sweeps=1), "temperatures = [1.0, 1.0]"),
        (lambda: parallel_tempering(RBM_5, LADDER, n_chains=0, sweeps=1), "n_chains = 0"),
        (lambda: parallel_tempering(RBM_5, LADDER, n_chains=1, sweeps=-1), "sweeps = -1"),
        (lambda: parallel_tempering(RBM_5, LADDER, n_chains=2, sweeps=1, start=np.ones((8, 5))), "start has shape"),
        (lambda: parallel_tempering(RBM_5, LADDER, n_chains=1, sweeps=1, rng=-1), "rng = -1"),
        (lambda: anneal(RBM_5, [], n_chains=1, steps_per_temperature=1), "temperatures = []"),
        (lambda: anneal(RBM_5, [0, 1], n_chains=1, steps_per_temperature=1), "temperatures = [0, 1]"),
        (lambda: anneal(RBM_5, [1, -1], n_chains=1, steps_per_temperature=1), "temperatures = [1, -1]"),
        (lambda: anneal(RBM_5, [1], n_chains=0, steps_per_temperature=1), "n_chains = 0"),
        (lambda: anneal(RBM_5, [1], n_chains=1, steps_per_temperature=0), "steps_per_temperature = 0"),
        (lambda: anneal(RBM_5, [1], n_chains=1, steps_per_temperature=1, start=[1, 1]), "start has shape (2,)"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
