"""Enumeration against sums written out over both layers, and against closed forms."""

import itertools
import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin, exact


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
        (lambda: next(exact.states(Spin(), 0)), "size = 0"),
        (lambda: next(exact.states(Spin(), 25)), "size = 25: at most 24"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
