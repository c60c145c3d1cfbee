"""Sampled means of missing units against exact ones, and against the closed form of two normal layers."""

import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin, conditional, exact

RNG = np.random.default_rng(8)
W = RNG.normal(size=(6, 4)) * 0.4
GAPS = RNG.random((60, 6)) < 0.5
UNITS = {"bernoulli": Bernoulli(np.linspace(-0.5, 0.5, 6)), "spin": Spin(0.2)}
HIDDEN = {"bernoulli": Bernoulli(-0.3), "spin": Spin(0.1), "gaussian": Gaussian(), "relu": ReLU(-0.2)}
SHORT = {"n_chains": 40, "steps": 150, "burn_in": 20, "rng": 3}


def with_gaps(low=0.0):
    return np.where(GAPS, np.nan, np.where(np.random.default_rng(1).random(GAPS.shape) < 0.5, 1.0, low))


def normal_errors(found, expected):
    """Deviations in standard errors have the law of Student's t: too small errors and too large ones are seen both.

    Units of one configuration share their chains, so that one of each is compared.
    """
    rows = np.flatnonzero(GAPS.any(axis=1))
    one = (rows, GAPS[rows].argmax(axis=1))
    z = (found.mean - expected)[one] / found.stderr[one]
    assert stats.kstest(z, stats.t(SHORT["n_chains"] - 1).cdf).pvalue > 1e-3
    assert np.abs((found.mean - expected)[GAPS] / found.stderr[GAPS]).max() < 5.5


@pytest.mark.some(5)
@pytest.mark.parametrize("T", [0.7, 2.0])
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", UNITS)
def test_against_enumeration(visible, hidden, T):
    rbm = RBM(W, visible=UNITS[visible], hidden=HIDDEN[hidden])
    v = with_gaps(-1.0 if visible == "spin" else 0.0)
    found = conditional.conditional_mean(rbm, v, T=T, **SHORT)
    normal_errors(found, exact.conditional_mean(rbm, v, T))
    np.testing.assert_array_equal(found.mean[~GAPS], v[~GAPS])
    assert (found.stderr[~GAPS] == 0).all() and (found.stderr[GAPS] > 0).all()


@pytest.mark.parametrize("T", [0.7, 2.0])
def test_two_normal_layers(T):
    """The inverse covariance of v is (1 − w wᵀ)/T; given known units the mean of the others is −A_mm⁻¹ A_mk v_k."""
    rbm = RBM(0.5 * W, visible=Gaussian(), hidden=Gaussian())
    A = np.eye(6) - 0.25 * W @ W.T
    v = np.where(GAPS, np.nan, np.random.default_rng(2).normal(size=GAPS.shape))
    expected = v.copy()
    for row, gaps in zip(expected, GAPS, strict=True):
        row[gaps] = -np.linalg.solve(A[np.ix_(gaps, gaps)], A[np.ix_(gaps, ~gaps)] @ row[~gaps])
    normal_errors(conditional.conditional_mean(rbm, v, T=T, **SHORT), expected)


def test_shapes_and_seeds():
    rbm = RBM(W.astype(np.float32), visible=Spin(), hidden=Gaussian())
    v = with_gaps(-1.0)
    one = conditional.conditional_mean(rbm, v, n_chains=2, steps=3, burn_in=0, rng=1)
    two = conditional.conditional_mean(rbm, v, n_chains=2, steps=3, burn_in=0, rng=1, threads=2)
    np.testing.assert_array_equal(one.mean, two.mean)
    assert one.mean.dtype == np.float64 and one.mean.shape == one.stderr.shape == v.shape
    assert conditional.conditional_mean(rbm, v[0], n_chains=2, steps=1, burn_in=0).mean.shape == (6,)
    assert conditional.conditional_mean(rbm, v[:0], n_chains=2, steps=1, burn_in=0).mean.shape == (0, 6)
    assert len(repr(one)) < 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_chains": 1}, "n_chains = 1: must be a whole number >= 2"),
        ({"steps": 0}, "steps = 0"),
        ({"burn_in": -1}, "burn_in = -1"),
        ({"T": 0}, "T = 0: must be a finite number > 0"),
        ({"v": np.full((2, 2, 6), np.nan)}, r"v has shape \(2, 2, 6\): must be \(N,\) or \(samples, N\)"),
        ({"v": [np.nan] * 5}, "the last axis must have length 6"),
        ({"v": [0.5] * 6}, r"v has entries in \[0.5, 0.5\]: Bernoulli"),
    ],
)
def test_what_is_refused(given, message):
    rbm = RBM(W, visible=Bernoulli(), hidden=ReLU())
    with pytest.raises(ValueError, match=message):
        conditional.conditional_mean(rbm, **{"v": [np.nan] * 6, "n_chains": 2, "steps": 1, "burn_in": 0} | given)
