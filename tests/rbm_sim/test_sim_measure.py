"""Measurements against their formulas written out in loops, and on cases known by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.measure import order_parameters, overlaps, participation_ratio, weight_sparsity
from rbm_sim.patterns import pattern_weights, random_patterns


def test_participation_ratio_by_hand():
    assert participation_ratio([3.0, 0, 0]) == 1
    assert participation_ratio(np.ones(17)) == pytest.approx(17)
    np.testing.assert_array_equal(participation_ratio([[0, 0], [1, 1], [0, 5]]), [0, 2, 1])
    assert participation_ratio([]) == 0
    assert participation_ratio([1, 2, 4], a=1) == pytest.approx(49 / 21)
    assert participation_ratio([1, -2, 4]) == pytest.approx((1 + 8 + 64) ** 2 / (1 + 64 + 4096))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=20), st.floats(0.5, 4), st.floats(1e-150, 1e150))
def test_participation_ratio_is_scale_free_and_bounded(h, a, scale):
    ratio = participation_ratio(h, a)
    count = sum(x > 0 for x in h)
    assert (count > 0) * (1 - 1e-9) <= ratio <= count * (1 + 1e-9)
    if min([x for x in h if x > 0], default=1.0) > 1e-3:
        assert participation_ratio(np.array(h) * scale, a) == pytest.approx(float(ratio), rel=1e-9)


def test_weight_sparsity_in_loops():
    w = np.random.default_rng(0).normal(size=(6, 4))
    w[:, 2] = 0
    w[3] = 0
    total = 0.0
    for mu in (0, 1, 3):
        total += sum(w[i, mu] ** 2 for i in range(6)) ** 2 / sum(w[i, mu] ** 4 for i in range(6))
    assert weight_sparsity(w) == pytest.approx(total / 24, rel=1e-13)
    assert weight_sparsity(np.zeros((2, 3))) == 0


def test_weight_sparsity_of_sparse_patterns_is_their_density():
    xi = random_patterns(1000, 50, p=0.1, rng=4)
    assert weight_sparsity(pattern_weights(xi)) == pytest.approx((xi != 0).mean(), rel=1e-5)


def test_overlaps_in_loops():
    rng = np.random.default_rng(1)
    xi, v = random_patterns(9, 4, p=0.6, rng=rng), rng.choice([-1.0, 1.0], size=(3, 9))
    expected = [[sum(xi[i, mu] * row[i] for i in range(9)) / 9 for mu in range(4)] for row in v]
    np.testing.assert_allclose(overlaps(xi, v), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("visible", "hidden"), [(Spin(), Gaussian()), (Bernoulli(-0.1), ReLU(0.2))])
def test_order_parameters_in_loops(visible, hidden):
    xi = random_patterns(60, 12, rng=2)
    v = np.where(xi[:, 0] > 0, 1, visible.low)
    rbm = RBM(pattern_weights(xi, np.float64), visible=visible, hidden=hidden)
    order = order_parameters(rbm, v, n_condensed=2)
    np.testing.assert_allclose(order.m, overlaps(xi, v)[:2], rtol=1e-13)
    h = [np.sqrt(60) * m for m in overlaps(xi, v)]
    if isinstance(hidden, ReLU):
        h = [max(0.0, x - 0.2) for x in h]
    assert order.r == pytest.approx(sum(x**2 for x in h[2:]) / 10, rel=1e-12)
    assert order.q == pytest.approx(1.0 if isinstance(visible, Spin) else v.mean())


def test_activity_weighted_by_density():
    rbm = RBM(np.ones((4, 3)), visible=Bernoulli(), hidden=Gaussian())
    assert order_parameters(rbm, [1, 0, 0, 1], p=[0.1, 0.2, 0.2, 0.3]).q == pytest.approx(0.5)
    assert order_parameters(rbm, [1, 0, 0, 0], p=[0.1, 0.2, 0.2, 0.3]).q == pytest.approx(0.125)
    assert math.isnan(order_parameters(rbm, [1, 0, 0, 0], n_condensed=3).r)


RBM_2 = RBM(np.ones((2, 2)), visible=Spin(), hidden=Gaussian())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: participation_ratio(1.0), "h = 1.0"),
        (lambda: participation_ratio([1, math.nan]), "h has the entry nan"),
        (lambda: participation_ratio([1, 2], a=0), "a = 0"),
        (lambda: weight_sparsity([1, 2]), "w has shape (2,)"),
        (lambda: weight_sparsity(np.empty((2, 0))), "w has shape (2, 0)"),
        (lambda: overlaps([1, 1], [1, 1]), "patterns has shape (2,)"),
        (lambda: overlaps([[1], [1]], [1, 1, 1]), "v has shape (3,)"),
        (lambda: order_parameters(RBM_2, [1, 1], n_condensed=3), "n_condensed = 3"),
        (lambda: order_parameters(RBM_2, [1, 1], p=[0.5]), "p has 1 entries"),
        (lambda: order_parameters(RBM_2, [1, 1], p=2), "p = 2: must lie in (0, 1]"),
        (lambda: order_parameters(RBM_2, [[1, 1]]), "v has shape (1, 2)"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
