"""TAP equations against exact sums: errors of random machines of sixteen pairs of units fall with their size."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Normal, ReLU, Spin, exact, tap
from rbm_sim.partition import gaussian_layers
from rbm_sim.units import TwoValued

KINDS = {"bernoulli": Bernoulli, "spin": Spin, "normal": Normal, "relu": ReLU}
SIZES, MACHINES = (4, 8, 16), 24
FLATTEST = -0.75
"""Slope of ln(error) by ln N that is still taken for 1/N, with three sizes of 24 machines."""


def random_machine(first, second, N, seed):
    """Weights of variance 1/N times what is small for these units; two hidden units where sums take quadrature."""
    rng = np.random.default_rng([N, seed])
    pair = {first, second}
    M = 2 if "relu" in pair and not pair & {"bernoulli", "spin"} else N // 2
    w = rng.normal(size=(N, M)) * (0.7 if "bernoulli" in pair else 0.3) / math.sqrt(N)
    return RBM(w, visible=KINDS[first](0.5 * rng.normal(size=N)), hidden=KINDS[second](0.5 * rng.normal(size=M)))


def by_quadrature(rbm):
    """Logarithm of Z and visible means, two continuous hidden units summed on a grid."""
    x, weight = np.polynomial.legendre.leggauss(120)
    low = 0.0 if isinstance(rbm.hidden, ReLU) else -12.0
    x, weight = low + (12 - low) * (x + 1) / 2, weight * (12 - low) / 2
    h = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    I = h @ rbm.weights.T
    exponent = rbm.visible.log_partition(I).sum(axis=1) - rbm.hidden.potential(h).sum(axis=1)
    P = np.outer(weight, weight).ravel() * np.exp(exponent - exponent.max())
    return exponent.max() + math.log(P.sum()), (P / P.sum()) @ rbm.visible.mean(I)


def exactly(rbm):
    """Logarithm of Z and visible means."""
    if isinstance(rbm.visible, TwoValued):
        v, P = exact.visible_distribution(rbm)
        return exact.log_partition(rbm), P @ v
    if isinstance(rbm.hidden, TwoValued):
        h, P = exact.hidden_distribution(rbm)
        return exact.log_partition(rbm), P @ rbm.visible.mean(h @ rbm.weights.T)
    if gaussian_layers.is_gaussian(rbm):
        return gaussian_layers.log_partition(rbm), gaussian_layers.moments(rbm).v
    return by_quadrature(rbm)


def errors(first, second, N):
    """Root mean squares of the errors of ln Z per unit and of visible means."""
    found = []
    for seed in range(MACHINES):
        rbm = random_machine(first, second, N, seed)
        log_Z, v = exactly(rbm)
        solution = tap.solve(rbm)
        found.append([((log_Z - solution.value) / N) ** 2, np.mean((v - solution.v) ** 2)])
    return np.sqrt(np.mean(found, axis=0))


@pytest.mark.some(1)
@pytest.mark.parametrize("second", list(KINDS))
@pytest.mark.parametrize("first", list(KINDS))
def test_errors_fall_as_machines_grow(first, second):
    found = np.array([errors(first, second, N) for N in SIZES])
    slopes = np.polyfit(np.log(SIZES), np.log(found), 1)[0]
    assert slopes[0] < FLATTEST
    if first == second == "normal":
        assert found[:, 1].max() < 1e-12
    else:
        assert slopes[1] < FLATTEST
    assert found[-1].max() < 2e-3


@pytest.mark.parametrize("first", ["bernoulli", "spin"])
def test_each_order_is_better_where_weights_are_weak(first):
    """Errors of ln Z are of order w², w³ and w⁴: with half the weights they fall 4, 8 and 16 times."""
    rng = np.random.default_rng(3)
    w, g, b = rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=4)
    for order in (1, 2, 3):
        found = []
        for scale in (0.01, 0.005):
            rbm = RBM(scale * w, visible=KINDS[first](g), hidden=Bernoulli(b))
            found.append(exact.log_partition(rbm) - tap.log_partition(rbm, order))
        assert found[0] / found[1] == pytest.approx(2 ** (order + 1), rel=0.15)
