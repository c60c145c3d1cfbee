"""1 − C of the homogeneous R-RBM to all its digits, where it is the small difference of m/a and p⟨φ(u)⟩."""

import math

import numpy as np
import pytest
from mpmath import mp

from replica.averages.pattern_sum import skellam, sparse_sum
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.chart import Couplings, at
from replica.models.sparse.differences import even_differences


def exact_margin(w, weight, p, L, v, kappa):
    """1 − (p/s)⟨φ(u)⟩ with s = m/a, plainly: at 250 digits, of which 200 may cancel where b > 0."""
    a = mp.exp(mp.mpf(v))
    b = mp.mpf(kappa) * mp.sqrt(1 + a * a)
    m = sum(P * x * mp.ncdf(b + a * x) for x, P in zip(w, weight, strict=True)) / L
    return 1 - p * sum(P * mp.npdf(b + a * x) for x, P in zip(w, weight, strict=True)) * a / m


PLACES = [(v, kappa) for v in (-13.0, -5.0, -3.0, 0.0, 2.0) for kappa in (-4.4, -0.3, 0.8, 2.2)]
"""As far as the largest |b| = 33, where m underflows almost."""


def blur(v, kappa, L):
    """Rounding of 1 − C, where terms of order a² cancel: φ(u) is known to u² roundings."""
    return 1e-15 * (1 + kappa**2) * min(1, math.exp(2 * v) * (1 + kappa**2) * L)


@pytest.mark.parametrize(("L", "p"), [(1, 1.0), (1, 0.2), (3, 0.1), (20, 0.47), (17, 0.0025)])
def test_margin_of_sparse_sums(L, p):
    couplings = ReluRBM(alpha=1, theta=0.5, g=-0.01, p=p, L=L).couplings()
    v, kappa = map(np.array, zip(*PLACES, strict=True))
    got = at(couplings, v, kappa)
    with mp.workdps(250):
        law = sparse_sum(L, mp.mpf(p))
        for (x, k), margin, C in zip(PLACES, got.margin, got.C, strict=True):
            right = float(exact_margin(law.w, law.weight, mp.mpf(p), L, x, k))
            assert margin == pytest.approx(right, rel=1e-12, abs=blur(x, k, L))
            assert 1 - C == pytest.approx(right, rel=1e-12, abs=1e-13)


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize("ell", [0.05, 1.3])
def test_margin_in_the_compositional_limit(ell):
    couplings = CompositionalRBM(alpha=1, theta=0.5, g=-0.01, ell=ell).couplings()
    v, kappa = map(np.array, zip(*PLACES, strict=True))
    got = at(couplings, v, kappa)
    with mp.workdps(250):
        law = skellam(mp.mpf(ell))
        for (x, k), margin in zip(PLACES, got.margin, strict=True):
            right = float(exact_margin(law.w, law.weight, 1, mp.mpf(ell), x, k))
            assert margin == pytest.approx(right, rel=1e-12, abs=blur(x, k, 1))


def test_leading_order_at_small_overlaps():
    """1 − C → a²(b² − 1)(⟨W⁴⟩/3⟨W²⟩ − ⟨W²⟩)/2 …: with ⟨W⁴⟩ = 3(Lp)² + Lp(1 − 3p), a²(b² − 1)(1 − 3p)/6."""
    L, p, b = 5, 0.1, 1.7
    a = np.exp(np.array([-7.0, -14.0, -40.0]))
    margin = at(ReluRBM(alpha=1, theta=0.5, g=-0.01, p=p, L=L).couplings(), np.log(a), b / np.hypot(1, a)).margin
    np.testing.assert_allclose(margin / a**2, (b * b - 1) * (1 - 3 * p) / 6, rtol=3e-5)
    np.testing.assert_allclose(margin[1:] / a[1:] ** 2, (b * b - 1) * (1 - 3 * p) / 6, rtol=1e-10)


def test_margins_of_stacked_couplings_are_those_of_single_ones():
    L, p, theta = np.array([1, 3, 7]), np.array([0.2, 0.1, 0.6]), np.array([0.1, 0.5, 2.0])
    v, kappa = np.array([-6.0, -9.0, 1.0]), np.array([-1.7, 2.0, 0.3])
    together = at(ReluRBM(alpha=1, theta=theta, g=-0.01, p=p, L=L).couplings(), v, kappa)
    for i in range(3):
        one = ReluRBM(alpha=1, theta=theta[i], g=-0.01, p=p[i], L=L[i]).couplings()
        np.testing.assert_allclose(together.margin[i], at(one, v[i : i + 1], kappa[i : i + 1]).margin[0], rtol=1e-13)


@pytest.mark.parametrize("step", [1e-9, 1e-3, 0.03, 0.2, 0.39, 0.41, 3.0])
@pytest.mark.parametrize("u", [0.0, 0.7, 2.0, 9.0])
def test_even_differences(u, step):
    u, step = np.array([u]), np.array([step])
    got = even_differences(u - step, u, u + step, step)
    with mp.workdps(250):
        x, d = mp.mpf(u[0]), mp.mpf(step[0])
        mean = (mp.ncdf(x + d) - mp.ncdf(x - d)) / (2 * d) - mp.npdf(x)
        ends = (mp.npdf(x + d) + mp.npdf(x - d)) / 2 - mp.npdf(x)
        assert got[0][0] == pytest.approx(float(mean), rel=2e-12)
        assert got[1][0] == pytest.approx(float(ends), rel=2e-12)


def test_couplings_of_numbers_take_arrays_of_any_shape():
    couplings = Couplings(sparse_sum(4, 0.3), 4, 0.3, 0.5)
    v, kappa = np.array([[-6.0, -9.0]]), np.array([[1.5], [-2.0]])
    flat = at(couplings, *(x.ravel() for x in np.broadcast_arrays(v, kappa)))
    np.testing.assert_allclose(at(couplings, v, kappa).margin.ravel(), flat.margin, rtol=1e-13)
    assert at(couplings, -6.0, 1.5).margin == pytest.approx(flat.margin[0], rel=1e-13)
