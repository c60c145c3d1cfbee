"""Closed maxima of two Gaussian layers: against scikit-learn, against each other, as maxima, and against learning."""

import math

import numpy as np
import pytest

from rbm_sim import Gaussian, Spin, exact_learning, likelihood
from rbm_sim.learning import Learner, Options
from rbm_sim.learning.gaussian_fit import factor_analysis, principal_components
from rbm_sim.learning.maximum_likelihood import gradient


def data(n=300, N=6, M=2, rng=0):
    rng = np.random.default_rng(rng)
    return rng.normal(size=(n, M)) @ rng.normal(size=(M, N)) + rng.normal(size=(n, N)) * rng.uniform(0.5, 2, N) + 5


def of_covariance(n, C, rng=0):
    """Data whose covariance is C to rounding."""
    x = np.random.default_rng(rng).normal(size=(n, len(C)))
    x -= x.mean(axis=0)
    own = np.linalg.cholesky(x.T @ x / n)
    return x @ np.linalg.inv(own).T @ np.linalg.cholesky(C).T


def spiked(N=6, M=2):
    W = np.random.default_rng(1).normal(size=(N, M))
    return W @ W.T + 0.5 * np.eye(N)


@pytest.mark.parametrize("units", [1, 2, 5])
def test_principal_components_by_the_eigenvalues(units):
    x = data()
    found = principal_components(x, units)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1]
    rest = eigenvalues[units:].mean()
    want = 6 * math.log(2 * math.pi) + np.log(eigenvalues[:units]).sum() + (6 - units) * math.log(rest) + 6
    assert found.log_likelihood == pytest.approx(-want / 2, rel=1e-13)
    assert likelihood.log_likelihood(found.rbm, x).mean == pytest.approx(-want / 2, rel=1e-12)
    assert found.rbm.visible.gamma == pytest.approx(np.full(6, 1 / rest), rel=1e-12)


@pytest.mark.parametrize("units", [1, 2])
def test_against_scikit_learn(units):
    decomposition = pytest.importorskip("sklearn.decomposition")
    x, test = data(), data(50, rng=3)
    pca, found = decomposition.PCA(units).fit(x), principal_components(x, units).rbm
    # it divides the covariance by n − 1, so its own score is not quite the maximum
    assert likelihood.log_likelihood(found, test).mean == pytest.approx(pca.score(test), abs=0.01)
    assert 0 <= likelihood.log_likelihood(found, x).mean - pca.score(x) < 1e-4
    factors = decomposition.FactorAnalysis(units, tol=1e-10, max_iter=20_000, svd_method="lapack").fit(x)
    best = factor_analysis(x, units)
    assert best.log_likelihood == pytest.approx(factors.score(x), abs=1e-7)
    assert likelihood.log_likelihood(best.rbm, test).mean == pytest.approx(factors.score(test), abs=1e-3)


def test_factor_analysis_is_a_maximum_and_above_principal_components():
    x = data()
    found = factor_analysis(x, 2)
    assert found.log_likelihood > principal_components(x, 2).log_likelihood + 0.1
    slopes = gradient(found.rbm, x)
    assert np.abs(slopes.log_sigma).max() < 1e-6
    assert np.abs(slopes.w / found.rbm.weights.std()).max() < 1e-6
    assert np.abs(slopes.visible).max() < 1e-8
    fit = exact_learning.fit(x, visible=Gaussian(), hidden=Gaussian(), units=2)
    assert fit.log_likelihood[-1] == found.log_likelihood


def test_both_are_one_where_the_data_have_one_variance():
    x = of_covariance(500, spiked())
    want = principal_components(x, 2).log_likelihood
    assert want == pytest.approx(-(6 * math.log(2 * math.pi * math.e) + np.linalg.slogdet(spiked())[1]) / 2, rel=1e-12)
    assert factor_analysis(x, 2).log_likelihood == pytest.approx(want, abs=1e-10)


def test_units_of_the_data_do_not_matter():
    x, scale = data(), np.array([1e-3, 1, 2, 5, 1e4, 0.1])
    before, after = factor_analysis(x, 2), factor_analysis(x * scale + 1e3, 2)
    assert after.log_likelihood == pytest.approx(before.log_likelihood - np.log(scale).sum(), abs=1e-8)


def test_more_hidden_units_than_directions_add_nothing():
    x = of_covariance(500, spiked())
    assert factor_analysis(x, 4).log_likelihood == pytest.approx(factor_analysis(x, 2).log_likelihood, abs=1e-8)
    independent = of_covariance(100, np.diag([1.0, 4.0]))
    assert factor_analysis(independent, 1).log_likelihood == pytest.approx(
        likelihood.independent_gaussians(independent, independent).mean, abs=1e-10
    )
    assert factor_analysis(independent, 3).rbm.shape == (2, 3)


def test_data_without_a_maximum():
    with pytest.raises(ValueError, match="units = 6: must be below the number of visible units, 6"):
        principal_components(data(), 6)
    line = np.outer(np.arange(10.0), [1, 2, 3])
    with pytest.raises(ValueError, match="units = 1: data vary in no more directions"):
        principal_components(line, 1)
    assert np.isfinite(factor_analysis(line, 1).log_likelihood)


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize("persistent", [True, False])
def test_learning_comes_within_a_thousandth_of_the_maximum(persistent):
    """The noise of the chains falls with the rate; the closed form is what is to be reached."""
    x = of_covariance(2000, spiked(), rng=2) + 5
    options = Options(batch_size=100, learning_rate=0.02, decay=0.99, persistent=persistent, centred=False)
    learner = Learner.begin(x, visible=Gaussian(), hidden=Gaussian(), units=2, rng=1, options=options)
    for _ in range(600):
        learner.learn(x)
    missing = principal_components(x, 2).log_likelihood - likelihood.log_likelihood(learner.rbm, x).mean
    assert 0 < missing < 1e-3


def test_fit_of_two_valued_hidden_units_is_a_maximum():
    """A mixture of two normal laws with one hidden unit: at the maximum all derivatives vanish."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)) + np.where(rng.random((400, 1)) < 0.3, [4.0, -4.0], 0.0)
    found = exact_learning.fit(x, visible=Gaussian(), hidden=Spin(), units=1, rng=0)
    assert found.converged
    assert (np.diff(found.log_likelihood) > -1e-9).all()
    assert found.log_likelihood[-1] == pytest.approx(likelihood.log_likelihood(found.rbm, x).mean, abs=1e-10)
    assert found.log_likelihood[-1] > likelihood.independent_gaussians(x, x).mean + 0.5
    slopes = gradient(found.rbm, x)
    assert max(np.abs(part).max() for part in slopes.arrays()) < 1e-4
