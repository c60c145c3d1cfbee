"""Thermal averages against enumeration: every mean as a z-score with its own standard error."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("visible", [Spin(0.2), Bernoulli(-0.3)])
@pytest.mark.parametrize("hidden", [Spin(-0.1), Bernoulli(0.4), Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize("T", [0.8, 1.5])
def test_against_enumeration(visible, hidden, T):
    rbm = machine(visible, hidden)
    observables = OBSERVABLES | {"E": rbm.energy}
    result = thermal_averages(rbm, observables, n_chains=50, steps=600, burn_in=100, T=T, rng=1)
    moments = exact.moments(rbm, T)
    for name, expected in (("v", moments.v), ("h", moments.h), ("vh", moments.vh), ("E", energy(rbm, T))):
        z = (result[name].mean - expected) / result[name].stderr
        assert np.abs(z).max() < Z_MAX, name
        assert np.all(result[name].reliable)
    assert result["vh"].tau.shape == (5, 3)
    assert result["E"].n == 30_000
    assert isinstance(result["E"].tau, float)


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
