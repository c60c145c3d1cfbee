"""Machines side by side: estimates of ln Z by sums over both layers, and their defects."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import entr

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact, extensivity

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)
ROUNDING = 1e-9  # of differences of numbers of size 10, the mean fields being settled to 1e-13 squared


def machine(N, M, visible=Bernoulli, hidden=Bernoulli, seed=0, strength=1.0):
    rng = np.random.default_rng(seed)
    w = strength * rng.normal(size=(N, M))
    g, c = rng.normal(size=N), rng.normal(size=M)
    return RBM(w, visible=visible(g), hidden=Gaussian() if hidden is Gaussian else hidden(c))


def configurations(unit, size):
    return np.array(list(itertools.product([unit.low, 1.0], repeat=size)))


@pytest.mark.parametrize("hidden", [Bernoulli, Spin, Gaussian, ReLU])
def test_join_adds_energies(hidden):
    a, b, c = machine(3, 2, hidden=hidden), machine(1, 4, hidden=hidden, seed=1), machine(2, 2, hidden=hidden, seed=2)
    both = extensivity.join(a, b, c)
    assert both.shape == (6, 8)
    rng = np.random.default_rng(3)
    v, h = rng.integers(0, 2, (5, 6)), rng.integers(0, 2, (5, 8))
    h = 2 * h - 1 if hidden is Spin else h
    parts = a.energy(v[:, :3], h[:, :2]) + b.energy(v[:, 3:4], h[:, 2:6]) + c.energy(v[:, 4:], h[:, 6:])
    np.testing.assert_allclose(both.energy(v, h), parts, atol=1e-12)
    log_Z = [exact.log_partition(rbm) for rbm in (a, b, c)]
    assert exact.log_partition(both) == pytest.approx(sum(log_Z), abs=1e-11)
    assert exact.log_partition(extensivity.join(*[a] * 5)) == pytest.approx(5 * log_Z[0], abs=1e-11)
    assert exact.log_partition(extensivity.join(a)) == log_Z[0]


def test_join_keeps_single_precision_and_refuses_other_units():
    one = RBM(np.ones((2, 1), np.float32), visible=Spin(), hidden=Spin())
    assert extensivity.join(one, one).dtype == np.float32
    with pytest.raises(ValueError, match="rbms have hidden units Spin, ReLU: must be of one type"):
        extensivity.join(one, RBM([[1.0]], visible=Spin(), hidden=ReLU()))
    with pytest.raises(ValueError, match="at least one machine"):
        extensivity.join()


@pytest.mark.parametrize("visible", [Bernoulli, Spin])
@pytest.mark.parametrize("hidden", [Bernoulli, Spin])
def test_series_by_sums_over_both_layers(visible, hidden):
    rbm = machine(3, 4, visible, hidden, seed=7, strength=0.4)
    v, h = configurations(visible, 3), configurations(hidden, 4)
    free = np.exp(v @ rbm.visible.g)[:, None] * np.exp(h @ rbm.hidden.g)
    Z0 = free.sum()
    X = v @ rbm.weights @ h.T
    m1, m2, m3 = ((free * X**n).sum() / Z0 for n in (1, 2, 3))
    linked = m1 + (m2 - m1**2) / 2
    found = extensivity.log_partitions(rbm)
    assert found.exact == pytest.approx(math.log((free * np.exp(X)).sum()), abs=1e-12)
    assert found.cumulants == pytest.approx(math.log(Z0) + linked, abs=1e-12)
    assert found.moments == pytest.approx(math.log(Z0) + math.log(1 + m1 + m2 / 2), abs=1e-12)
    third = extensivity.log_partitions(rbm, order=3)
    assert third.cumulants == pytest.approx(math.log(Z0) + linked + (m3 - 3 * m1 * m2 + 2 * m1**3) / 6, abs=1e-12)
    assert third.moments == pytest.approx(math.log(Z0) + math.log(1 + m1 + m2 / 2 + m3 / 6), abs=1e-12)
    high = extensivity.log_partitions(rbm, order=24)
    assert (high.moments, high.truncated) == pytest.approx((high.exact, high.exact), abs=1e-7)


def test_what_is_exact_for_whom():
    pair = machine(4, 3, Spin, Gaussian, strength=0.5)
    found = extensivity.log_partitions(pair)  # Gaussian units have no cumulants beyond the second
    assert found.truncated == pytest.approx(found.exact, abs=1e-12)
    alone = RBM(np.zeros((4, 3)), visible=Spin(0.3), hidden=Bernoulli(0.2))
    np.testing.assert_allclose(extensivity.log_partitions(alone), exact.log_partition(alone), atol=1e-11)
    negative = RBM([[-1.5]], visible=Bernoulli(4.0), hidden=Bernoulli(4.0))
    assert math.isnan(extensivity.log_partitions(negative, order=1).moments)


@pytest.mark.parametrize(("visible", "hidden"), [(Bernoulli, Bernoulli), (Spin, Spin), (Spin, Bernoulli)])
@pytest.mark.parametrize("seed", range(3))
def test_mean_field_by_minimising_over_both_layers(visible, hidden, seed):
    """The free energy of product laws of v and h, with a minimiser that knows nothing of the equations."""
    rbm = machine(3, 2, visible, hidden, seed)
    low = np.array([visible.low] * 3 + [hidden.low] * 2)
    fields = np.concatenate([rbm.visible.g, rbm.hidden.g])

    def minus_bound(x, uniform=False):
        p = 1 / (1 + np.exp(-x))
        p = np.concatenate([np.repeat(p[:1], 3), p[1:]]) if uniform else p
        m = low + (1 - low) * p
        return -(entr(p) + entr(1 - p)).sum() - fields @ m - m[:3] @ rbm.weights @ m[3:]

    rng = np.random.default_rng(seed)
    best = max(-minimize(minus_bound, rng.normal(size=5), tol=1e-12).fun for _ in range(12))
    assert extensivity.mean_field(rbm) == pytest.approx(best, abs=1e-8)
    alike = max(-minimize(minus_bound, rng.normal(size=3), args=(True,), tol=1e-12).fun for _ in range(12))
    assert extensivity.uniform_mean_field(rbm) == pytest.approx(alike, abs=1e-8)
    assert alike <= best + 1e-8 <= exact.log_partition(rbm) + 1e-8


@few
@given(SEEDS, st.sampled_from([Bernoulli, Spin, ReLU]))
def test_who_is_size_consistent_and_who_extensive(seed, hidden):
    """At couplings weak enough for product laws to have one maximum."""
    a, b = (machine(3, 2, hidden=hidden, seed=[seed, k], strength=0.4) for k in (0, 1))
    two, copies = extensivity.size_defect(a, b), extensivity.size_defect(a, a, a)
    for name in ("exact", "mean_field", "truncated", "cumulants"):
        assert abs(getattr(two, name)) < ROUNDING and abs(getattr(copies, name)) < ROUNDING
    assert abs(copies.uniform) < ROUNDING and two.uniform < ROUNDING
    assert abs(two.moments) > 1e-8 and abs(copies.moments) > 1e-8


def test_one_mean_for_all_is_extensive_and_not_size_consistent():
    a, b = machine(3, 2, seed=1), machine(3, 2, seed=2)
    assert extensivity.size_defect(a, b).uniform < -0.01
    assert extensivity.size_defect(a, a, a).uniform == pytest.approx(0, abs=ROUNDING)


def test_moments_fall_short_by_the_terms_they_lack():
    a, b = machine(3, 3, seed=1, strength=0.3), machine(2, 3, seed=2, strength=0.3)
    parts = []
    for rbm in (a, b):
        v, h = configurations(Bernoulli, rbm.shape[0]), configurations(Bernoulli, 3)
        free = np.exp(v @ rbm.visible.g)[:, None] * np.exp(h @ rbm.hidden.g)
        X = v @ rbm.weights @ h.T
        parts.append([(free * X**n).sum() / free.sum() for n in (1, 2)])
    (m, mm), (k, kk) = parts
    whole, product = 1 + m + k + (mm + 2 * m * k + kk) / 2, (1 + m + mm / 2) * (1 + k + kk / 2)
    assert extensivity.size_defect(a, b).moments == pytest.approx(math.log(whole / product), abs=1e-12)


def test_few_starts_lose_the_extensivity_that_the_maximum_has():
    spins = RBM(np.random.default_rng(3).normal(size=(5, 5)), visible=Spin(), hidden=Spin())
    one = extensivity.mean_field(spins)
    many = extensivity.join(*[spins] * 64)
    assert extensivity.mean_field(many, starts=4) / 64 < one - 0.1
    assert extensivity.mean_field(many, starts=4) <= 64 * exact.log_partition(spins)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, r: x.log_partitions(r, order=0), "order = 0"),
        (lambda x, r: x.mean_field(r, starts=0), "starts = 0"),
        (lambda x, r: x.mean_field(r.transposed()), "rbm.visible is ReLU: must be Bernoulli or Spin"),
        (lambda x, r: x.uniform_mean_field(r.transposed()), "rbm.visible is ReLU"),
        (lambda x, r: x.size_defect(*[r] * 13), "at most 24"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(extensivity, machine(2, 2, hidden=ReLU))
