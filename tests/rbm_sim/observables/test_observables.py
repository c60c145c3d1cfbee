"""Measurements against their formulas written out in loops, and on cases known by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.observables import (
    distance,
    histogram,
    order_parameters,
    overlaps,
    participation_ratio,
    rescaled_overlap,
    silent_units,
    weight_norm,
    weight_sparsity,
)


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


STORAGES = ["array", "packed", "sparse"]


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("p", [1.0, 0.3])
def test_any_storage_of_the_weights(storage, p):
    """600 hidden units: more than are looked at together."""
    plain, stored = (random_patterns(40, 600, p=p, rng=5, storage=s) for s in ("array", storage))
    v = np.random.default_rng(6).choice([-1.0, 1.0], size=(3, 40))
    np.testing.assert_allclose(overlaps(stored, v), overlaps(plain, v), rtol=1e-6, atol=1e-7)
    w, packed = pattern_weights(plain, np.float64), pattern_weights(stored, np.float64)
    assert weight_sparsity(packed) == pytest.approx(weight_sparsity(w), rel=1e-12)
    assert weight_norm(packed) == pytest.approx((w**2).sum() / 600, rel=1e-12)
    theta = np.random.default_rng(7).random(600)  # no two activities are equal
    one, other = (RBM(x, visible=Spin(), hidden=ReLU(theta)) for x in (w, packed))
    for expected, order in zip(order_parameters(one, v), order_parameters(other, v), strict=True):
        np.testing.assert_allclose(order, expected, rtol=1e-12)
    np.testing.assert_allclose(rescaled_overlap(other, v), rescaled_overlap(one, v), rtol=1e-12)
    assert weight_norm(other.matrix) == pytest.approx(weight_norm(w), rel=1e-12)


def test_silent_units():
    h = np.random.default_rng(0).normal(size=(2, 5, 4))
    h[..., 1] = 0
    h[:, 1:, 2] = 0
    np.testing.assert_array_equal(silent_units(h), [False, True, False, False])
    np.testing.assert_array_equal(silent_units(h[0, 1]), [False, True, True, False])


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_distance_in_loops(low):
    v = np.random.default_rng(0).choice([low, 1.0], size=(4, 7))
    for a in range(4):
        for b in range(4):
            if low:
                expected = sum((1 - v[a, i] * v[b, i]) / 2 for i in range(7)) / 7
            else:
                expected = sum(v[a, i] * (1 - v[b, i]) + v[b, i] * (1 - v[a, i]) for i in range(7)) / 7
            assert distance(v[a], v[b]) == pytest.approx(expected)
    assert distance(v[:, None], v).shape == (4, 4)
    np.testing.assert_allclose(distance(v[0], v), distance(v[:, None], v)[0])


def test_histogram_by_hand():
    result = histogram([[0.0, 0.5, 1.0, 2.0], [0.2, 0.2, 0.2, 1.9]], [0, 0.5, 2])
    np.testing.assert_array_equal(result.edges, [0, 0.5, 2])
    np.testing.assert_allclose(result.density, [(0.25 + 0.75) / 2 / 0.5, (0.75 + 0.25) / 2 / 1.5])
    np.testing.assert_allclose(result.stderr, [0.25 / 0.5, 0.25 / 1.5])
    assert result.n == 2
    assert np.isnan(histogram([1.0, 2.0], 3).stderr).all()
    outside = histogram([[0.0, 1.0, 2.0, 3.0]], [0.5, 1.5, 2.0])
    np.testing.assert_allclose(outside.density, [0.25, 0.5])
    np.testing.assert_allclose(histogram([[2.0, 2.0]], 2).density @ np.diff(histogram([[2.0, 2.0]], 2).edges), 1)


def test_histogram_against_numpy():
    x = np.random.default_rng(1).normal(size=(10, 3, 50))
    x[0, 0, :5] = np.histogram_bin_edges(x, 12)[3]
    result = histogram(x, 12)
    expected, edges = np.histogram(x, 12, density=True)
    np.testing.assert_allclose(result.density, expected, rtol=1e-12)
    np.testing.assert_array_equal(result.edges, edges)
    assert result.n == 30


def test_errors_of_the_histogram_know_that_units_depend_on_each_other():
    """Units that share half of their variance: z over 200 repetitions has variance 1, not that of 100 × 20 values."""
    rng, edges = np.random.default_rng(2), [-3.0, -1.0, 0.0, 2.0]
    probability = np.array([(math.erf(b / 2) - math.erf(a / 2)) / 2 for a, b in itertools.pairwise(edges)])
    z = []
    for _ in range(200):
        x = rng.normal(size=(100, 1)) + rng.normal(size=(100, 20))
        result = histogram(x, edges)
        z.append((result.density * np.diff(edges) - probability) / (result.stderr * np.diff(edges)))
    assert np.abs(np.var(z, axis=0) - 1).max() < 4 * math.sqrt(2 / 200)


@pytest.mark.parametrize("visible", [Spin(), Bernoulli(-0.1)])
@pytest.mark.parametrize("L", [None, 1, 3])
def test_rescaled_overlap_in_loops(visible, L):
    rng = np.random.default_rng(3)
    w = rng.normal(size=(20, 6))
    w[:, 4] = 0
    rbm = RBM(w, visible=visible, hidden=ReLU(0.2))
    v = rng.choice([visible.low, 1.0], size=(2, 3, 20))
    measured = rescaled_overlap(rbm, v, L)
    assert measured.shape == (2, 3)
    for index in itertools.product(range(2), range(3)):
        h = [max(0.0, sum(w[i, mu] * v[index][i] for i in range(20)) - 0.2) for mu in range(6)]
        count = L or round(sum(x**3 for x in h) ** 2 / sum(x**6 for x in h))
        most = sorted(range(6), key=lambda mu: -h[mu])[:count]
        total = 0.0
        for mu in most:
            size = sum(abs(w[i, mu]) for i in range(20))
            sigma = [2 * x - 1 if visible.low == 0 else x for x in v[index]]
            total += sum(w[i, mu] * sigma[i] for i in range(20)) / size if size else 0
        assert measured[index] == pytest.approx(total / count, rel=1e-12)


def test_rescaled_overlap_of_pattern_states():
    """1 for a single pattern; 2m/p for the zero-noise state of L patterns, with an error O(1/√(pN)) a unit."""
    N, p, L = 10_000, 0.1, 5
    xi = random_patterns(N, 50, p=p, rng=4)
    rbm = RBM(pattern_weights(xi, np.float64), visible=Bernoulli(), hidden=ReLU(1.0))
    one = RBM(rbm.weights, visible=Spin(), hidden=Gaussian())
    assert rescaled_overlap(one, np.where(xi[:, 0] > 0, 1, -1), 1) == pytest.approx(1)
    v = (xi[:, :L].sum(axis=1) > 0).astype(float)
    m = overlaps(xi[:, :L], v).mean()
    assert rescaled_overlap(rbm, v, L) == pytest.approx(2 * m / p, abs=4 * 0.08 / math.sqrt(L))
    assert np.isnan(rescaled_overlap(rbm, np.zeros(N)))  # no hidden unit is active


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


def test_order_parameters_of_many_configurations():
    xi = random_patterns(30, 8, p=0.5, rng=2)
    rbm = RBM(pattern_weights(xi), visible=Bernoulli(), hidden=ReLU(0.2))
    v = np.random.default_rng(0).choice([0.0, 1.0], size=(2, 3, 30))
    order = order_parameters(rbm, v, n_condensed=2)
    assert order.m.shape == (2, 3, 2)
    assert order.q.shape == order.r.shape == (2, 3)
    for index in itertools.product(range(2), range(3)):
        one = order_parameters(rbm, v[index], n_condensed=2)
        np.testing.assert_allclose(order.m[index], one.m, rtol=1e-5)
        assert (order.q[index], order.r[index]) == (pytest.approx(one.q), pytest.approx(one.r, rel=1e-5))
    assert np.isnan(order_parameters(rbm, v, n_condensed=8).r).all()


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
        (lambda: order_parameters(RBM_2, [[1, 1, 1]]), "v has shape (1, 3)"),
        (lambda: weight_norm([[1, math.inf]]), "w has the entry inf at [0, 1]"),
        (lambda: silent_units(1.0), "h has shape ()"),
        (lambda: silent_units(np.empty((0, 3))), "h has shape (0, 3)"),
        (lambda: distance([1, 0], [1, 0, 1]), "v and other have shapes (2,) and (3,)"),
        (lambda: distance(np.ones((2, 3)), np.ones((4, 3))), "v and other have shapes (2, 3) and (4, 3)"),
        (lambda: distance([1], [1, 0]), "v and other have shapes (1,) and (2,)"),
        (lambda: distance(1, 1), "v and other have shapes () and ()"),
        (lambda: histogram([], 3), "x has shape (0,)"),
        (lambda: histogram([1.0], 0), "bins = 0"),
        (lambda: histogram([1.0], [1.0, 1.0]), "bins = [1.0, 1.0]"),
        (lambda: histogram([1.0], [1.0]), "bins = [1.0]"),
        (lambda: rescaled_overlap(RBM_2, [1, 1], 0), "L = 0"),
        (lambda: rescaled_overlap(RBM_2, [1, 1], 3), "L = 3: there are only 2"),
        (lambda: rescaled_overlap(RBM_2.transposed(), [1, 1]), "rbm.visible is Gaussian"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)
