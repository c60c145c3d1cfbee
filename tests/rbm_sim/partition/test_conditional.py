"""Exact means of missing units against the whole joint law, and a grid where visible units are continuous."""

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Discrete, Gaussian, Mixture, ReLU, Spin, exact
from rbm_sim.partition import conditional
from rbm_sim.units import TwoValued

RNG = np.random.default_rng(4)
W = RNG.normal(size=(5, 4)) * 0.7
GAPS = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 1, 1, 1]], bool)


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2 - 0.1 * x


def configurations(unit):
    v = np.where(RNG.random(GAPS.shape) < 0.5, 1.0, unit.low if isinstance(unit, TwoValued) else 0.0)
    return np.where(GAPS, np.nan, v)


@pytest.mark.some(10)
@pytest.mark.parametrize("T", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("visible", [Bernoulli(np.linspace(-1, 1, 5)), Spin(0.3)])
@pytest.mark.parametrize("hidden", [Bernoulli(-0.3), Spin(0.2), Gaussian(), ReLU(0.4), Trit(), Mixture(0.4)])
def test_against_the_joint_law(visible, hidden, T):
    rbm = RBM(W, visible=visible, hidden=hidden)
    given = configurations(visible)
    found = exact.conditional_mean(rbm, given, T)
    v, P = exact.visible_distribution(rbm, T)
    for row, mean in zip(given, found, strict=True):
        known = ~np.isnan(row)
        fits = (v[:, known] == row[known]).all(axis=1)
        np.testing.assert_allclose(mean, P[fits] @ v[fits] / P[fits].sum(), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(mean[known], row[known])


@pytest.mark.parametrize("T", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("hidden", [Bernoulli(-0.3), Spin([0.2, -0.1, 0.5, 0.0])])
def test_both_enumerations_agree(hidden, T):
    for visible in (Bernoulli(np.linspace(-1, 1, 5)), Spin(0.3)):
        rbm = RBM(W, visible=visible, hidden=hidden)
        for row in configurations(visible)[GAPS.any(axis=1)]:
            missing = np.isnan(row)
            one, two = (
                conditional._mean(how(rbm, row, missing, T))
                for how in (conditional._by_visible, conditional._by_hidden)
            )
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("T", [0.5, 2.0])
@pytest.mark.parametrize("visible", ["gaussian", "relu", "trit"])
def test_other_visible_units_by_a_grid(visible, T):
    """Two missing units of three on a grid, both layers with energies written out."""
    w, held, g = W[:3, :2] * 0.6, 0.0 if visible == "trit" else 0.8, np.array([0.3, -0.2])
    unit = {"gaussian": Gaussian(), "relu": ReLU(0.2), "trit": Trit()}[visible]
    x = np.linspace(0 if visible == "relu" else -16, 16, 2401 if visible == "relu" else 1201)
    x, U = (
        (np.array(Trit.values), lambda x: 0.3 * x**2 - 0.1 * x)
        if visible == "trit"
        else (x, lambda x: x**2 / 2 + (0.2 * x if visible == "relu" else 0))
    )
    weight = np.ones(len(x))
    if visible == "relu":  # Simpson's rule on a half line; on the whole one the plain sum is exact
        weight[1:-1:2], weight[2:-1:2] = 4, 2
    a, b = np.meshgrid(x, x, indexing="ij")
    I = a[..., None] * w[0] + held * w[1] + b[..., None] * w[2] + g
    log_p = np.logaddexp(I / T, -I / T).sum(axis=-1) - (U(a) + U(b)) / T
    P = np.exp(log_p - log_p.max()) * np.outer(weight, weight)
    P /= P.sum()
    rbm = RBM(w, visible=unit, hidden=Spin(g))
    found = exact.conditional_mean(rbm, [np.nan, held, np.nan], T)
    np.testing.assert_allclose(found, [(P * a).sum(), held, (P * b).sum()], rtol=1e-8, atol=1e-10)


def test_many_missing_units_need_many_chunks():
    """Without weights each unit has its own mean; 17 of them are eight chunks."""
    g = np.linspace(-2, 2, 17)
    rbm = RBM(np.zeros((17, 20)), visible=Bernoulli(g), hidden=ReLU())
    np.testing.assert_allclose(exact.conditional_mean(rbm, [None] * 17), 1 / (1 + np.exp(-g)), rtol=1e-12)


def test_shapes_and_forms():
    rbm = RBM(W.astype(np.float32), visible=Spin(), hidden=ReLU())
    v = np.where(GAPS, np.nan, 1.0)
    found = exact.conditional_mean(rbm, v)
    assert found.dtype == np.float64 and found.shape == v.shape
    np.testing.assert_array_equal(exact.conditional_mean(rbm, v[0]), found[0])
    np.testing.assert_array_equal(exact.conditional_mean(rbm, v.reshape(1, 5, 5))[0], found)
    np.testing.assert_array_equal(exact.conditional_mean(rbm, np.ma.masked_array(np.ones((5, 5)), GAPS)), found)
    assert exact.conditional_mean(rbm, v[:0]).shape == (0, 5)
    assert np.isnan(v[0, 0])  # what was given is as it was


def test_a_machine_too_large_is_refused():
    rbm = RBM(np.zeros((30, 30)), visible=Spin(), hidden=Gaussian())
    with pytest.raises(
        ValueError, match=r"v misses 30 units of .*: exact means need at most 24 Bernoulli or Spin units"
    ):
        exact.conditional_mean(rbm, [np.nan] * 30)
    rbm = RBM(np.zeros((3, 2)), visible=Gaussian(), hidden=ReLU())
    with pytest.raises(ValueError, match="v misses 1 units"):
        exact.conditional_mean(rbm, [1.0, np.nan, 0.3])
    np.testing.assert_array_equal(exact.conditional_mean(rbm, [1.0, 0.2, 0.3]), [1.0, 0.2, 0.3])


@pytest.mark.parametrize(
    ("v", "T", "message"),
    [
        ([np.nan, 1], 1.0, r"v has shape \(2,\): the last axis must have length 5"),
        (np.nan, 1.0, r"v has shape \(\)"),
        ([np.nan, 1, 1, 1, 0], 1.0, r"v has entries in \[0, 1\]: Spin units take values in"),
        ([np.nan, 1, 1, 1, -1], 0.0, "T = 0.0: must be a finite number > 0"),
    ],
)
def test_what_is_refused(v, T, message):
    with pytest.raises(ValueError, match=message):
        exact.conditional_mean(RBM(W, visible=Spin(), hidden=ReLU()), v, T)
