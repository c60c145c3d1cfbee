"""Averages over random machines, against machines whose order parameters are known, and one machine after another."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Gaussian, Spin, order_parameters_at, order_parameters_over, pattern_weights, random_patterns

SAMPLING = {"T": 0.7, "n_chains": 4, "steps": 3, "burn_in": 1}


def field(rng):
    """No couplings, one field for all spins: q = tanh²(g/T) in every chain, without any error from sampling."""
    g = rng.choice([0.2, 1.0])
    return RBM(np.zeros((5, 2)), visible=Spin(g), hidden=Gaussian()), None


def test_the_error_is_that_of_the_disorder():
    order = order_parameters_over(field, 400, rng=1, **SAMPLING)
    low, high = (math.tanh(g / 0.7) ** 2 for g in (0.2, 1.0))
    assert order.q.n == 400
    assert abs(order.q.mean - (low + high) / 2) < 4 * order.q.stderr
    assert order.q.stderr == pytest.approx((high - low) / 2 / math.sqrt(400), rel=0.02)  # of a fair coin, 399 for 400
    assert order_parameters_at(field(np.random.default_rng(0))[0], rng=0, **SAMPLING).q.stderr < 1e-12
    assert order.C.mean == pytest.approx((1 - order.q.mean) / 0.7, rel=1e-10)


def test_it_is_the_mean_of_machine_after_machine():
    met = []

    def hopfield(rng):
        xi = random_patterns(60, 5, rng=rng)
        met.append(RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian()))
        return met[-1], xi[:, 0]

    order = order_parameters_over(hopfield, 6, n_condensed=2, rng=3, **SAMPLING)
    seeds = [seed.spawn(2)[1] for seed in np.random.SeedSequence(3).spawn(6)]
    starts = [np.sign(rbm.weights[:, 0]) for rbm in met]
    each = [
        order_parameters_at(rbm, start=v, n_condensed=2, rng=seed, **SAMPLING)
        for rbm, v, seed in zip(met, starts, seeds, strict=True)
    ]
    for name in ("q", "r", "q_d", "r_d", "C", "B"):
        values = np.array([getattr(x, name).mean for x in each])
        found = getattr(order, name)
        assert found.mean == pytest.approx(values.mean(), rel=1e-12)
        assert found.stderr == pytest.approx(values.std(ddof=1) / math.sqrt(6), rel=1e-9)
    assert len(order.m) == 2 and order.m[0].mean == pytest.approx(np.mean([x.m[0].mean for x in each]))
    again = order_parameters_over(hopfield, 6, n_condensed=2, rng=3, **SAMPLING)
    assert again == order


@pytest.mark.medium
def test_the_paramagnet_of_the_hopfield_model():
    """At T > T_g, α → 0: ⟨h²⟩ = T + T/(T − 1) = T²/(T − 1)."""

    def hopfield(rng):
        weights = pattern_weights(random_patterns(2000, 2, rng=rng))
        return RBM(weights, visible=Spin(), hidden=Gaussian()), None

    T = 3.0
    order = order_parameters_over(hopfield, 30, T=T, n_chains=40, steps=20, burn_in=10, rng=0)
    assert abs(order.r_d.mean - T * T / (T - 1)) < 4 * order.r_d.stderr + 0.01  # corrections of order 1/N
    assert 0 < order.r_d.stderr < 0.2


@pytest.mark.parametrize("machines", [1, 0, 2.5])
def test_one_machine_is_no_ensemble(machines):
    with pytest.raises(ValueError, match="machines = "):
        order_parameters_over(field, machines, **SAMPLING)
