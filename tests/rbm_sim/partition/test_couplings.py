"""Couplings of any order against free energies, and pair machines against the pair model they stand for."""

import itertools
import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact
from rbm_sim.partition.couplings import effective_couplings, pair_machine, truncated_free_energy

HIDDEN = [Bernoulli([0.3, -0.5]), Spin([0.2, 0.4]), ReLU([0.5, -0.3])]


def machine(hidden, scale=1.0, visible=None, dtype=float):
    w = scale * np.random.default_rng(2).normal(size=(4, 2)).astype(dtype)
    return RBM(w, visible=visible or Spin([0.1, -0.2, 0.3, 0.0]), hidden=hidden)


def configurations(unit, N):
    return np.array(list(itertools.product([unit.low, 1.0], repeat=N)))


@pytest.mark.parametrize("hidden", [*HIDDEN, Gaussian()], ids=repr)
@pytest.mark.parametrize("T", [0.5, 1.0, 2.0])
def test_truncated_free_energy_is_the_sum_over_the_couplings(hidden, T):
    rbm = machine(hidden)
    v = np.array([[1.0, -1, 1, 1], [-1, -1, 1, -1]])
    none = rbm.hidden.log_partition(np.zeros(2), T).sum()
    for v_a, F in zip(v, truncated_free_energy(rbm, v, 5, T), strict=True):
        total = rbm.visible.potential(v_a).sum() - T * none
        for order in range(1, 6):
            term = effective_couplings(rbm, order, T)
            for _ in range(order):
                term = term @ v_a
            total -= term / math.factorial(order)
        assert pytest.approx(total, rel=1e-13) == F


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
@pytest.mark.parametrize("T", [0.5, 1.0, 2.0])
def test_series_converges_order_by_order(hidden, T):
    """The error of order n is O(w^{n+1}): half the weights, 2^{n+1} times less, and so less with every order."""
    errors = []
    for order in range(1, 7):
        error = []
        for scale in (0.02, 0.01):
            rbm = machine(hidden, scale * T)
            v = configurations(rbm.visible, 4)
            error.append(np.abs(truncated_free_energy(rbm, v, order, T) - rbm.free_energy(v, T)).max())
        if error[1] > 1e-13:  # else rounding
            assert math.log2(error[0] / error[1]) == pytest.approx(order + 1, abs=0.4)
        errors.append(error[0])
    assert errors[5] < 1e-6 * errors[0]


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
def test_series_of_strong_weights_converges_within_its_radius_only(hidden):
    T = 0.8
    complex_zero = 1.9159886 + 2.8163594j  # of the normal distribution function
    if isinstance(hidden, ReLU):
        radius = np.abs(hidden.theta + complex_zero * math.sqrt(T))
    else:
        radius = np.abs(hidden.g + 1j * math.pi * T / (2 if isinstance(hidden, Spin) else 1))
    for part, converges in ((0.6, True), (1.6, False)):
        rbm = RBM(part * np.diag(radius), visible=Spin(), hidden=hidden)
        v = np.array([[1.0, 1.0], [-1.0, -1.0]])
        error = np.abs(truncated_free_energy(rbm, v, 28, T) - rbm.free_energy(v, T)).max()
        assert (error < 1e-6) if converges else (error > 1)


def test_gaussian_units_make_pairs_and_nothing_else():
    rbm = machine(Gaussian())
    w = rbm.weights
    for T in (0.5, 2.0):
        np.testing.assert_allclose(effective_couplings(rbm, 2, T), w @ w.T, rtol=1e-15)
        for order in (1, 3, 4, 5):
            assert (effective_couplings(rbm, order, T) == 0).all()
        v = configurations(rbm.visible, 4)
        np.testing.assert_allclose(truncated_free_energy(rbm, v, 2, T), rbm.free_energy(v, T), rtol=1e-14)


def test_couplings_are_derivatives_of_the_free_energy():
    """At v = 0 of a machine with Gaussian visible units, where F has derivatives: J_ij = ∂_i∂_j (Σ U − F)."""
    rbm, step, T = machine(HIDDEN[2], visible=Gaussian()), 1e-3, 0.7
    e = step * np.eye(4)

    def interaction(v):
        return np.sum(v**2) / 2 - rbm.free_energy(v, T)

    first = [(interaction(x) - interaction(-x)) / (2 * step) for x in e]
    np.testing.assert_allclose(effective_couplings(rbm, 1, T), first, atol=1e-5)
    i, j, k = e[0], e[1], e[3]
    signs = list(itertools.product([1, -1], repeat=3))
    pair = sum(a * b * interaction(a * i + b * j) for a, b, _ in signs) / 2 / (4 * step**2)
    triple = sum(a * b * c * interaction(10 * (a * i + b * j + c * k)) for a, b, c in signs) / (8 * (10 * step) ** 3)
    assert effective_couplings(rbm, 2, T)[0, 1] == pytest.approx(pair, rel=1e-4)
    assert effective_couplings(rbm, 3, T)[0, 1, 3] == pytest.approx(triple, rel=1e-2)


def test_couplings_are_symmetric_and_keep_the_dtype():
    J = effective_couplings(machine(HIDDEN[0], dtype=np.float32), 3)
    assert J.dtype == np.float32 and J.shape == (4, 4, 4)
    for axes in itertools.permutations(range(3)):
        np.testing.assert_allclose(J, J.transpose(axes), rtol=1e-6)
    assert truncated_free_energy(machine(HIDDEN[0], dtype=np.float32), np.ones(4), 3).dtype == np.float32


def pair_energy(J, g, v):
    """H(v) = −½ Σ_{i≠j} J_ij v_i v_j − Σ_i g_i v_i."""
    off = J - np.diag(np.diag(J))
    return -np.einsum("ki,ij,kj->k", v, off, v) / 2 - v @ g


@pytest.mark.parametrize("kind", [Spin, Bernoulli])
@pytest.mark.parametrize("diagonal", [0.0, 5.0, -3.0])
@pytest.mark.parametrize("T", [0.5, 1.0, 2.0])
def test_pair_machine_has_the_law_of_the_pair_model(kind, diagonal, T):
    rng = np.random.default_rng(4)
    J = rng.normal(size=(7, 7))
    J = J + J.T
    np.fill_diagonal(J, diagonal)
    g = rng.normal(size=7)
    v, P = exact.visible_distribution(pair_machine(J, kind(g)), T)
    weight = np.exp(-(pair_energy(J, g, v) - pair_energy(J, g, v).min()) / T)
    np.testing.assert_allclose(P, weight / weight.sum(), rtol=1e-11, atol=1e-12)


def test_pair_machine_of_patterns_is_the_hopfield_machine():
    """J = ξ ξᵀ/N has as many units as patterns, and the free energies of the machine with w = ξ/√N."""
    N, P = 10, 3
    xi = np.random.default_rng(1).choice([-1.0, 1.0], size=(N, P))
    v = configurations(Spin(), N)
    hopfield = RBM(xi / math.sqrt(N), visible=Spin(0.1), hidden=Gaussian())
    rbm = pair_machine(xi @ xi.T / N, Spin(0.1))
    assert rbm.weights.shape == (N, P)
    H = pair_energy(xi @ xi.T / N, np.full(N, 0.1), v)
    for T in (0.5, 1.0, 2.0):
        # the diagonal of J, and the normalisation of the Gaussian units
        constant = -P / 2 - P * T / 2 * math.log(2 * math.pi * T)
        np.testing.assert_allclose(hopfield.free_energy(v, T) - H, constant, atol=1e-12)
        np.testing.assert_allclose(rbm.free_energy(v, T) - H, constant, atol=1e-12)


def test_pair_machine_of_few_units_and_single_precision():
    alone = pair_machine([[0.0]], Bernoulli(0.4))
    assert alone.weights.shape == (1, 1)
    np.testing.assert_allclose(exact.moments(alone).v, 1 / (1 + math.exp(-0.4)), rtol=1e-14)
    antiferromagnet = pair_machine([[0, -1], [-1, 0]], Spin(), dtype=np.float32)
    assert antiferromagnet.weights.shape == (2, 1) and antiferromagnet.weights.dtype == np.float32
    assert exact.moments(antiferromagnet).vv[0, 1] == pytest.approx(-math.tanh(1), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_couplings(machine(Gaussian()), 0), "order = 0"),
        (lambda: effective_couplings(machine(Gaussian()), 2, T=0), "T = 0"),
        (lambda: effective_couplings(machine(Gaussian()), 14), "order = 14: 4^14 couplings, must be at most 100000000"),
        (lambda: truncated_free_energy(machine(Gaussian()), np.ones(3), 2), "v has shape (3,)"),
        (lambda: truncated_free_energy(machine(Gaussian()), np.ones(4), 0), "order = 0"),
        (lambda: pair_machine([[0, 1], [2, 0]], Spin()), "J has entries 1 at [0, 1] and 2 opposite"),
        (lambda: pair_machine([[0, 1]], Spin()), "J has shape (1, 2)"),
        (lambda: pair_machine([[0, math.inf], [1, 0]], Spin()), "J has the entry inf"),
        (lambda: pair_machine(np.zeros((2, 2)), Gaussian()), "visible = Gaussian()"),
        (lambda: pair_machine(np.zeros((2, 2)), Spin([0, 1, 2])), "visible: Spin has 3 parameters"),
        (lambda: pair_machine(np.zeros((2, 2)), Spin(), dtype=int), "dtype = <class 'int'>"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
