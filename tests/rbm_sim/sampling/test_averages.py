"""Thermal averages against enumeration: every mean as a z-score with its own standard error."""

import numpy as np
import pytest
from scipy.special import gammaln

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact
from rbm_sim.sampling.averages import thermal_averages

Z_MAX = 4.0
OBSERVABLES = {
    "v": lambda v, h: v,
    "h": lambda v, h: h,
    "vh": lambda v, h: v[:, :, None] * h[:, None, :],
}


def machine(visible, hidden, scale=0.3):
    return RBM(scale * np.random.default_rng(3).normal(size=(5, 3)), visible=visible, hidden=hidden)


def energy(rbm, T, step=1e-4):
    """⟨E⟩ = −d ln Z/dβ, noise-free."""
    beta = 1 / T
    up, down = (exact.log_partition(rbm, 1 / b) for b in (beta + step, beta - step))
    return (down - up) / (2 * step)


@pytest.mark.medium
@pytest.mark.parametrize("visible", [Spin(0.2), Bernoulli(-0.3)])
@pytest.mark.parametrize("hidden", [Spin(-0.1), Bernoulli(0.4), Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize("T", [0.8, 1.5])
@pytest.mark.parametrize("rng", [5, 0, 1, 2])
@pytest.mark.some(16)
def test_against_enumeration(visible, hidden, T, rng):
    rbm = machine(visible, hidden)
    observables = OBSERVABLES | {"E": rbm.energy}
    result = thermal_averages(rbm, observables, n_chains=50, steps=600, burn_in=100, T=T, rng=rng)
    moments = exact.moments(rbm, T)
    for name, expected in (("v", moments.v), ("h", moments.h), ("vh", moments.vh), ("E", energy(rbm, T))):
        z = (result[name].mean - expected) / result[name].stderr
        assert np.abs(z).max() < Z_MAX, name
        assert np.all(result[name].reliable)
    assert result["vh"].tau.shape == (5, 3)
    assert result["E"].n == 30_000
    assert isinstance(result["E"].tau, float)


@pytest.mark.slow
def test_errors_where_a_slow_mode_has_a_small_share():
    """Products v h of which 3 % live for 12 sweeps: the scatter of chains agrees with their autocorrelation, z² is 1.

    With a window of 5 τ the error is 0.87 of what it should be, and one run of three calls a mean unreliable.
    """
    rbm, T, z2, unreliable = machine(Spin(0.2), Gaussian()), 0.8, [], 0
    moments = exact.moments(rbm, T)
    options = {"n_chains": 50, "steps": 600, "burn_in": 100, "T": T}
    for rng in range(30):
        found = thermal_averages(rbm, {"vh": OBSERVABLES["vh"]}, rng=rng, **options)["vh"]
        z2.append((((found.mean - moments.vh) / found.stderr) ** 2).ravel())
        unreliable += not np.all(found.reliable)
    assert unreliable <= 1
    assert np.abs(np.mean(z2, axis=0) - 1).max() < Z_MAX * np.sqrt(2 / 30)
    assert abs(np.mean(z2) - 1) < 0.35


def test_thinning_records_every_few_sweeps():
    rbm = machine(Spin(), Gaussian(), scale=0.45)  # slow enough to see its autocorrelation
    options = {"n_chains": 100, "burn_in": 50, "T": 0.8, "start": np.ones(5)}
    every = thermal_averages(rbm, OBSERVABLES, steps=2000, rng=1, **options)
    fifth = thermal_averages(rbm, OBSERVABLES, steps=400, thin=5, rng=1, **options)
    assert (every["v"].tau > 2 * fifth["v"].tau).all()
    np.testing.assert_allclose(fifth["v"].stderr, every["v"].stderr, rtol=0.2)


def test_records_are_copies_and_numbers_repeat():
    rbm = machine(Spin(), ReLU())
    seen = []

    def first(v, h):
        seen.append(v[:, 0].copy())
        return v[:, 0]

    options = {"n_chains": 600, "steps": 5, "burn_in": 2}
    one = thermal_averages(rbm, {"first": first}, rng=4, **options)["first"]
    assert one.mean == pytest.approx(np.mean(seen))
    for threads, rng in ((1, 4), (3, np.random.SeedSequence(4))):
        assert thermal_averages(rbm, {"first": first}, rng=rng, threads=threads, **options)["first"] == one
    assert thermal_averages(rbm, {"first": first}, rng=5, **options)["first"] != one
    assert thermal_averages(rbm, {}, rng=5, **options) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observables": lambda v, h: v}, "observables = "),
        ({"observables": {"v": 1}}, "observables = {'v': 1}"),
        ({"observables": {"v": lambda v, h: 1.0}}, "observables['v'] has shape (): must be (3,) or (3, ...)"),
        ({"observables": {"v": lambda v, h: v[0]}}, "observables['v'] has shape (5,)"),
        ({"n_chains": 0}, "n_chains = 0"),
        ({"steps": 0}, "steps = 0"),
        ({"burn_in": -1}, "burn_in = -1"),
        ({"thin": 0}, "thin = 0"),
        ({"T": 0}, "T = 0"),
        ({"threads": 0}, "threads = 0"),
        ({"start": [1, 1]}, "start has shape (2,)"),
    ],
)
def test_bad_arguments(options, message):
    arguments = {"observables": OBSERVABLES, "n_chains": 3, "steps": 2, "burn_in": 0} | options
    with pytest.raises(ValueError) as error:
        thermal_averages(machine(Spin(), Gaussian()), arguments.pop("observables"), **arguments)
    assert str(error.value).startswith(message)


def curie_weiss(J, field, N=40):
    """Spins that one Gaussian hidden unit makes a ferromagnet, and the exact mean of a spin."""
    M = 2 * np.arange(N + 1) - N
    log_p = J * M**2 / (2 * N) + field * M - gammaln(np.arange(N + 1) + 1) - gammaln(N - np.arange(N + 1) + 1)
    p = np.exp(log_p - log_p.max())
    rbm = RBM(np.full((N, 1), (J / N) ** 0.5), visible=Spin(field), hidden=Gaussian())
    return rbm, float(p @ M / p.sum() / N)


MAGNETISATION = {"m": lambda v, h: v.mean(axis=1), "m2": lambda v, h: v.mean(axis=1) ** 2}


@pytest.mark.parametrize("side", [-1, 1])
def test_one_well_is_not_called_reliable(side):
    """Chains from one side alone agree perfectly, on a mean that is wrong."""
    rbm, m = curie_weiss(1.8, 0.02)
    assert m == pytest.approx(0.5826, abs=5e-5)
    options = {"n_chains": 50, "steps": 400, "burn_in": 100, "rng": 1}
    found = thermal_averages(rbm, MAGNETISATION, start=np.full(40, side), **options)["m"]
    assert found.mean * side > 0.5 and abs(found.mean - m) > 10 * found.stderr
    assert not found.reliable and isinstance(found.reliable, bool)
    default = thermal_averages(rbm, MAGNETISATION, **options)
    assert not default["m"].reliable
    assert abs(default["m"].mean - m) < 5 * default["m"].stderr  # the scatter between wells


def test_wells_that_an_observable_does_not_tell_apart_do_no_harm():
    """Without a field m² is the same on both sides, and chains from one are right about it."""
    rbm, _ = curie_weiss(1.8, 0.0)
    found = thermal_averages(rbm, MAGNETISATION, start=np.ones(40), n_chains=50, steps=600, burn_in=100, rng=2)
    assert found["m2"].reliable and not found["m"].reliable


@pytest.mark.medium
@pytest.mark.parametrize("start", [None, -1, 1])
def test_above_the_transition_all_starts_are_reliable(start):
    rbm, m = curie_weiss(0.7, 0.05)
    start = None if start is None else np.full(40, start)
    found = thermal_averages(rbm, MAGNETISATION, start=start, n_chains=50, steps=600, burn_in=100, rng=3)["m"]
    assert found.reliable and abs(found.mean - m) < 4 * found.stderr


def test_the_well_that_draws_without_input_miss():
    """Units on with probability 1 in 150 without input, and all on in the machine: chains from both sides show it."""
    rbm = RBM(np.full((40, 1), (13 / 40) ** 0.5), visible=Bernoulli(-5), hidden=Gaussian())
    found = thermal_averages(rbm, MAGNETISATION, n_chains=20, steps=200, burn_in=50, rng=4)["m"]
    assert not found.reliable and found.stderr > 0.05
