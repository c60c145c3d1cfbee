"""Enumeration against sums written out over both layers, and against closed forms."""

import itertools
import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact


def machine(N, M, visible, hidden, seed=0):
    w = np.random.default_rng(seed).normal(size=(N, M)) / 2
    return RBM(w, visible=visible, hidden=hidden)


@pytest.mark.parametrize("visible", [Spin(0.2), Bernoulli(-0.3)])
@pytest.mark.parametrize("hidden", [Spin(-0.1), Bernoulli(0.4)])
@pytest.mark.parametrize("sizes", [(3, 5), (5, 3)])
@pytest.mark.parametrize("T", [1.0, 0.6])
def test_discrete_layers_by_summing_over_both(visible, hidden, sizes, T):
    rbm = machine(*sizes, visible, hidden)
    v = np.array(list(itertools.product([visible.low, 1.0], repeat=sizes[0])))
    h = np.array(list(itertools.product([hidden.low, 1.0], repeat=sizes[1])))
    weight = np.exp(-rbm.energy(v[:, None], h) / T)
    Z = weight.sum()
    assert exact.log_partition(rbm, T) == pytest.approx(math.log(Z), rel=1e-13)
    moments = exact.moments(rbm, T)
    np.testing.assert_allclose(moments.v, weight.sum(axis=1) @ v / Z, atol=1e-13)
    np.testing.assert_allclose(moments.h, weight.sum(axis=0) @ h / Z, atol=1e-13)
    np.testing.assert_allclose(moments.vh, v.T @ weight @ h / Z, atol=1e-13)
    np.testing.assert_allclose(moments.vv, (v.T * weight.sum(axis=1)) @ v / Z, atol=1e-13)
    np.testing.assert_allclose(moments.hh, (h.T * weight.sum(axis=0)) @ h / Z, atol=1e-13)
    P = weight / Z
    assert exact.energy(rbm, T) == pytest.approx((P * rbm.energy(v[:, None], h)).sum(), rel=1e-12)
    assert exact.entropy(rbm, T) == pytest.approx(-(P * np.log(P)).sum(), rel=1e-12)
    P_v, P_h = P.sum(axis=1), P.sum(axis=0)
    assert exact.visible_entropy(rbm, T) == pytest.approx(-(P_v * np.log(P_v)).sum(), rel=1e-12)
    assert exact.log_likelihood(rbm, v[[1, 4, 4]], T) == pytest.approx(np.log(P_v[[1, 4, 4]]).mean(), rel=1e-12)
    for layer, x, P_x in (("visible", v, P_v), ("hidden", h, P_h)):
        values = np.array([-2, x.min(), 0.5, 1, 3])
        expected = P_x @ (x[:, :1] <= values)
        np.testing.assert_allclose(exact.marginal_cdf(rbm, values, layer, 0, T), expected, atol=1e-14)
        expected = P_x @ (x[:, -1:] == values)
        found = exact.marginal_density(rbm, values, layer, x.shape[1] - 1, T)
        np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("T", [0.6, 1.0])
def test_distributions_by_summing_over_both(T):
    rbm = machine(4, 3, Spin([0.1, 0.2, 0.3, 0.4]), Bernoulli([-0.1, 0.2, 0.5]))
    v, P_v = exact.visible_distribution(rbm, T)
    h, P_h = exact.hidden_distribution(rbm, T)
    assert v.shape == (16, 4) and h.shape == (8, 3)
    weight = np.exp(-rbm.energy(v[:, None], h) / T)
    np.testing.assert_allclose(P_v, weight.sum(axis=1) / weight.sum(), rtol=1e-13)
    np.testing.assert_allclose(P_h, weight.sum(axis=0) / weight.sum(), rtol=1e-13)


@pytest.mark.parametrize("unit", [Gaussian(), ReLU(0.3), Bernoulli(0.1)])
def test_either_layer_may_be_the_enumerated_one(unit):
    rbm = machine(4, 3, Spin(0.3), unit)
    other = rbm.transposed()
    assert exact.log_partition(other, 0.8) == pytest.approx(exact.log_partition(rbm, 0.8), rel=1e-13)
    here, there = exact.moments(rbm), exact.moments(other)
    np.testing.assert_allclose(here.vh, there.vh.T, atol=1e-13)
    np.testing.assert_allclose(here.h, there.v, atol=1e-13)


def test_gaussian_hidden_layer_is_the_pairwise_model():
    """ln Z = (M/2) ln 2πT + ln Σ_s exp{sᵀ J s/2T}, J = w wᵀ."""
    rbm, T = machine(6, 4, Spin(), Gaussian()), 1.3
    s = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
    J = rbm.weights @ rbm.weights.T
    pairs = np.log(np.exp(np.einsum("ki,ij,kj->k", s, J, s) / (2 * T)).sum())
    assert exact.log_partition(rbm, T) == pytest.approx(2 * math.log(2 * math.pi * T) + pairs, rel=1e-13)


def test_independent_units():
    rbm = RBM(np.zeros((20, 30), np.float32), visible=Bernoulli(0.5), hidden=Spin(0.25))
    expected = 20 * math.log1p(math.exp(0.5)) + 30 * math.log(2 * math.cosh(0.25))
    assert exact.log_partition(rbm) == pytest.approx(expected, rel=1e-12)


def test_two_uncoupled_machines_add_up():
    a, b = machine(3, 4, Spin(0.1), ReLU(0.2), 1), machine(4, 2, Spin(0.1), ReLU(0.2), 2)
    w = np.block([[a.weights, np.zeros((3, 2))], [np.zeros((4, 4)), b.weights]])
    both = RBM(w, visible=Spin(0.1), hidden=ReLU(0.2))
    assert exact.log_partition(both) == pytest.approx(exact.log_partition(a) + exact.log_partition(b), rel=1e-13)


def test_moments_are_derivatives_of_the_log_partition():
    w, step = np.random.default_rng(9).normal(size=(3, 2)), 1e-5
    g = np.array([0.1, -0.2, 0.3])

    def log_Z(w, g):
        return exact.log_partition(RBM(w, visible=Spin(g), hidden=ReLU(0.4)))

    moments = exact.moments(RBM(w, visible=Spin(g), hidden=ReLU(0.4)))
    up, down = w.copy(), w.copy()
    up[1, 0] += step
    down[1, 0] -= step
    assert (log_Z(up, g) - log_Z(down, g)) / (2 * step) == pytest.approx(moments.vh[1, 0], abs=1e-8)
    shift = np.array([0, 0, step])
    assert (log_Z(w, g + shift) - log_Z(w, g - shift)) / (2 * step) == pytest.approx(moments.v[2], abs=1e-8)


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU([0.3, -0.6])], ids=repr)
@pytest.mark.parametrize("T", [0.6, 1.0])
def test_continuous_layer_by_quadrature(hidden, T):
    """Gauss-Legendre over both hidden units at once, for every visible configuration."""
    rbm = machine(3, 2, Bernoulli(0.2), hidden)
    low = 0.0 if isinstance(hidden, ReLU) else -12.0
    x, weight = np.polynomial.legendre.leggauss(120)
    x, weight = low + (12 - low) * (1 + x) / 2, (12 - low) / 2 * weight
    h = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    product = np.outer(weight, weight).ravel()
    v = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    E = rbm.energy(v[:, None], h)
    density = np.exp(-E / T)
    Z = (density @ product).sum()
    density /= Z
    P = density * product
    log_P = np.log(density, where=density > 0, out=np.zeros_like(density))
    found = exact.moments(rbm, T)
    assert exact.log_partition(rbm, T) == pytest.approx(math.log(Z), rel=1e-11)
    np.testing.assert_allclose(found.h, P.sum(axis=0) @ h, atol=1e-11)
    np.testing.assert_allclose(found.vh, v.T @ P @ h, atol=1e-11)
    np.testing.assert_allclose(found.hh, (h.T * P.sum(axis=0)) @ h, atol=1e-11)
    assert exact.energy(rbm, T) == pytest.approx((P * E).sum(), rel=1e-11)
    assert exact.entropy(rbm, T) == pytest.approx(-(P * log_P).sum(), rel=1e-11)
    P_v = P.sum(axis=1)
    assert exact.visible_entropy(rbm, T) == pytest.approx(-(P_v * np.log(P_v)).sum(), rel=1e-11)
    law = P.sum(axis=0).reshape(120, 120).sum(axis=0) / weight
    np.testing.assert_allclose(exact.marginal_density(rbm, x, "hidden", 1, T), law, rtol=1e-10, atol=1e-12)
    other = rbm.transposed()
    np.testing.assert_allclose(exact.marginal_density(other, x, "visible", 1, T), law, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(exact.marginal_density(rbm, [0, 1], "visible", 2, T).sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.3)], ids=repr)
def test_density_is_the_slope_of_the_distribution_function(hidden):
    rbm = machine(3, 2, Spin(0.2), hidden)
    x, step = np.array([[-1.0, 0.2], [0.9, 4.0]]), 1e-4
    P = exact.marginal_cdf(rbm, x + step, "hidden", 0) - exact.marginal_cdf(rbm, x - step, "hidden", 0)
    np.testing.assert_allclose(P / (2 * step), exact.marginal_density(rbm, x, "hidden", 0), atol=1e-7)
    ends = exact.marginal_cdf(rbm, [-50.0, 50.0], "hidden", 0)
    np.testing.assert_allclose(ends, [0, 1], atol=1e-14)


def test_energy_is_the_slope_of_the_log_partition():
    """⟨E⟩ = T² d(ln Z)/dT, over several chunks and in single precision."""
    w = (np.random.default_rng(5).normal(size=(16, 3)) / 4).astype(np.float32)
    rbm, T, step = RBM(w, visible=Spin(0.1), hidden=ReLU(0.2)).transposed(), 1.3, 1e-4
    wide = exact.log_partition(rbm, T + step) - exact.log_partition(rbm, T - step)
    assert exact.energy(rbm, T) == pytest.approx(T**2 * wide / (2 * step), rel=1e-7)
    v, P = exact.hidden_distribution(rbm, T)
    assert len(v) == 2**16
    np.testing.assert_allclose(exact.moments(rbm, T).hh, (v.T * P) @ v, atol=1e-13)
    np.testing.assert_allclose(np.diag(exact.moments(rbm, T).hh), 1, rtol=1e-14)
    assert exact.visible_entropy(rbm.transposed(), T) == pytest.approx(-(P * np.log(P)).sum(), rel=1e-11)


def test_entropy_at_low_temperature_counts_the_ground_states():
    """Spins with a two-fold degenerate ground state, clamped together by strong weights."""
    rbm = RBM(np.ones((4, 2)), visible=Spin(), hidden=Spin())
    assert exact.entropy(rbm, 0.05) == pytest.approx(math.log(2), abs=1e-10)
    assert exact.energy(rbm, 0.05) == pytest.approx(-8, abs=1e-10)


def test_chunks_cover_everything_once():
    chunks = list(exact.states(Bernoulli(), 15))
    assert len(chunks) == 2
    codes = np.concatenate(chunks) @ 2.0 ** np.arange(15)
    np.testing.assert_array_equal(codes, np.arange(2**15))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: exact.log_partition(machine(2, 2, Gaussian(), ReLU())),
            "rbm = RBM(N=2, M=2, visible=Gaussian",
        ),
        (lambda: exact.moments(machine(25, 25, Spin(), Spin())), "rbm = RBM(N=25"),
        (lambda: exact.log_partition(machine(2, 2, Spin(), Spin()), T=-1), "T = -1"),
        (lambda: exact.visible_distribution(machine(2, 2, Gaussian(), Spin())), "unit is Gaussian"),
        (lambda: exact.hidden_distribution(machine(2, 2, Spin(), ReLU())), "unit is ReLU"),
        (lambda: exact.visible_entropy(machine(2, 2, Gaussian(), Spin())), "unit is Gaussian"),
        (lambda: exact.log_likelihood(machine(2, 2, Spin(), Spin()), np.zeros((0, 2))), "data has shape (0, 2)"),
        (
            lambda: exact.marginal_cdf(machine(2, 3, Spin(), ReLU()), 0, "hidden", 3),
            "index = 3: the hidden layer has 3",
        ),
        (lambda: exact.marginal_cdf(machine(2, 2, Spin(), ReLU()), 0, "other", 0), "layer = 'other'"),
        (lambda: exact.marginal_density(machine(2, 2, Spin(), ReLU()), 0, "hidden", 0, T=0), "T = 0"),
        (lambda: exact.marginal_density(machine(2, 2, Spin(), ReLU()), math.nan, "hidden", 0), "x has the entry nan"),
        (lambda: next(exact.states(Spin(), 0)), "size = 0"),
        (lambda: next(exact.states(Spin(), 25)), "size = 25: at most 24"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
