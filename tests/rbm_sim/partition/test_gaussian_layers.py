"""Two Gaussian layers: against the matrix of the whole quadratic form, and against chains."""

import math

import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Gaussian, Normal, Spin, ais, likelihood
from rbm_sim.partition import gaussian_layers


def machine(N=5, M=3, strength=0.25):
    rng = np.random.default_rng(0)
    w = rng.normal(size=(N, M)) * strength
    visible = Normal(rng.normal(size=N), rng.uniform(0.5, 3, N))
    return RBM(w, visible=visible, hidden=Normal(rng.normal(size=M), rng.uniform(0.8, 2, M)))


def whole(rbm, T):
    """Mean, covariance and ln Z from the joint quadratic form."""
    A = np.block([[np.diag(rbm.visible.gamma), -rbm.weights], [-rbm.weights.T, np.diag(rbm.hidden.gamma)]])
    k = np.concatenate([rbm.visible.g, rbm.hidden.g])
    mean = np.linalg.solve(A, k)
    log_Z = len(k) / 2 * math.log(2 * math.pi * T) - np.linalg.slogdet(A)[1] / 2 + k @ mean / (2 * T)
    return mean, T * np.linalg.inv(A), log_Z


@pytest.mark.parametrize("T", [1.0, 0.6])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4)])
def test_everything_by_one_matrix(T, shape):
    rbm = machine(*shape)
    mean, covariance, log_Z = whole(rbm, T)
    assert gaussian_layers.log_partition(rbm, T) == pytest.approx(log_Z, rel=1e-13)
    found, N = gaussian_layers.moments(rbm, T), shape[0]
    second = covariance + np.outer(mean, mean)
    for got, want in zip(found, (mean[:N], mean[N:], second[:N, N:], second[:N, :N], second[N:, N:]), strict=True):
        assert got == pytest.approx(want, rel=1e-11, abs=1e-12)
    v = np.random.default_rng(1).normal(size=(4, N))
    density = stats.multivariate_normal(mean[:N], covariance[:N, :N]).logpdf(v)
    assert likelihood.log_likelihood(rbm, v, T=T).mean == pytest.approx(density.mean(), rel=1e-12)


def test_chains_have_its_moments():
    rbm = machine()
    v = rbm.sample(20_000, 100, rng=2).v
    found = gaussian_layers.moments(rbm)
    assert np.abs((v.mean(axis=0) - found.v) / (v.std(axis=0) / math.sqrt(len(v)))).max() < 4
    products = v[:, :, None] * v[:, None, :]
    z = (products.mean(axis=0) - found.vv) / (products.std(axis=0) / math.sqrt(len(v)))
    assert np.abs(z).max() < 4.5
    wrong = gaussian_layers.moments(RBM(rbm.weights * 1.1, visible=rbm.visible, hidden=rbm.hidden))
    assert np.abs((products.mean(axis=0) - wrong.vv) / (products.std(axis=0) / math.sqrt(len(v)))).max() > 6


@pytest.mark.parametrize("base", [False, True])
def test_annealing_finds_it_from_both_sides(base):
    rbm = machine()
    log_Z, v = gaussian_layers.log_partition(rbm), rbm.sample(200, 200, rng=3).v
    given = {"base": v} if base else {}
    up = ais.log_partition(rbm, n_temperatures=1000, rng=1, **given)
    down = ais.reverse_log_partition(rbm, v, n_temperatures=1000, rng=1, **given)
    for found in (up, down):
        assert found.reliable
        assert abs(found.value - log_Z) < 4 * found.stderr < 0.05


def test_no_law_beyond_singular_value_one():
    rbm = RBM([[2.1]], visible=Normal(0.0, 4.0), hidden=Gaussian())
    with pytest.raises(ValueError, match=r"largest singular value 1\.05: must be < 1"):
        gaussian_layers.log_partition(rbm)
    with pytest.raises(ValueError, match=r"largest singular value 1\.05: must be < 1"):
        ais.log_partition(rbm)
    assert np.isfinite(gaussian_layers.log_partition(RBM([[1.9]], visible=Normal(0.0, 4.0), hidden=Gaussian())))
    with pytest.raises(ValueError, match="both layers must be of Gaussian or Normal units"):
        gaussian_layers.log_partition(RBM([[0.1]], visible=Spin(), hidden=Gaussian()))
