"""Gibbs sampling of every pair of unit types against exact laws, sharp enough to see a unit that is 1 % wrong.

A machine is sampled in many copies at once, side by side in one block-diagonal machine, and all chains are
compared after the same number of sweeps: the copies are independent, and so are the chains.
"""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, ReLU, Spin
from rbm_sim._support import blas
from rbm_sim.partition import exact
from rbm_sim.units import TwoValued

Z_MAX = 5.0  # 1300 numbers are compared: one of them is beyond by chance in 1 of 1000 seeds
P_MIN = 1e-4  # 100 histograms: in 1 of 100 seeds
COPIES, CHAINS, SWEEPS = 20, 20_000, 12

KINDS = [Bernoulli, Spin, Gaussian, ReLU, DReLU]
PARAMETERS = {
    Bernoulli: [[0.7, 1.0, 0.2]],
    Spin: [[0.3, -0.2, 0.5]],
    ReLU: [[-0.6, 0.2, 0.4]],
    DReLU: [[1.0, 2.0, 1.5], [1.5, 1.0, 3.0], [0.4, -0.5, 0.2], [-0.3, 0.6, 0.1]],
}
WEIGHTS = np.array([[0.45, 0.25], [-0.2, 0.4], [0.3, 0.15]])


@pytest.fixture(autouse=True)
def one_thread():
    """Products this small only lose by a second thread, ten times the time on a busy machine."""
    with blas.one_thread():
        yield


def layer(kind, size, copies=1):
    parent = next(parent for parent in KINDS if issubclass(kind, parent))
    return kind(*(np.tile(values[:size], copies) for values in PARAMETERS.get(parent, [])))


def machine(visible, hidden, dtype=np.float64, copies=1):
    """Two hidden units, and three visible ones unless both layers are continuous."""
    N = 3 if issubclass(visible, TwoValued) or issubclass(hidden, TwoValued) else 2
    w = np.kron(np.eye(copies), WEIGHTS[:N]).astype(dtype)
    return RBM(w, visible=layer(visible, N, copies), hidden=layer(hidden, 2, copies))


def bins(unit, T):
    """Edges of the histogram of a continuous unit, outside of which nothing is ever seen."""
    return math.sqrt(T) * (np.linspace(0, 14, 43) if isinstance(unit, ReLU) else np.linspace(-10, 14, 73))


def reference(rbm, T):
    """Exact mean values, and the laws of the visible layer: of its states, or of each unit in its bins."""
    rbm = RBM(rbm.weights.astype(np.float64), visible=rbm.visible, hidden=rbm.hidden)
    N = len(rbm.weights)
    if isinstance(rbm.visible, TwoValued):
        return exact.moments(rbm, T), [exact.visible_distribution(rbm, T)[1]]
    if isinstance(rbm.hidden, TwoValued):
        edges = bins(rbm.visible, T)
        return exact.moments(rbm, T), [np.diff(exact.marginal_cdf(rbm, edges, "visible", i, T)) for i in range(N)]
    if isinstance(rbm.visible, Gaussian) and isinstance(rbm.hidden, Gaussian):
        return gaussian_reference(rbm, T)
    return quadrature_reference(rbm, T)


def gaussian_reference(rbm, T):
    """The joint law is normal, with the Hessian of the energy for its inverse covariance."""
    N, M = rbm.weights.shape
    covariance = T * np.linalg.inv(np.block([[np.eye(N), -rbm.weights], [-rbm.weights.T, np.eye(M)]]))
    vv, vh, hh = covariance[:N, :N], covariance[:N, N:], covariance[N:, N:]
    laws = [np.diff(stats.norm.cdf(bins(rbm.visible, T), scale=math.sqrt(variance))) for variance in np.diag(vv)]
    return exact.Moments(np.zeros(N), np.zeros(M), vh, vv, hh), laws


def quadrature_reference(rbm, T):
    """Hidden layer in closed form, two visible units by Gauss-Legendre quadrature between the edges of the bins."""
    edges = bins(rbm.visible, T)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    half = np.diff(edges)[:, None] / 2
    x, weights = (edges[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()
    v = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    log_p = -rbm.free_energy(v, T) / T
    P = np.exp(log_p - log_p.max()) * np.outer(weights, weights).ravel()
    P /= P.sum()
    I = rbm.inputs(v)
    h = rbm.hidden.mean(I, T)
    hh = (h.T * P) @ h + np.diag(P @ rbm.hidden.variance(I, T))
    shape = (len(edges) - 1, len(nodes)) * 2
    laws = [P.reshape(shape).sum(axis=axes) for axes in ((1, 2, 3), (0, 1, 3))]
    return exact.Moments(P @ v, P @ h, (v.T * P) @ h, (v.T * P) @ v, hh), laws


def deviation(visible, hidden, T, dtype=np.float64, rng=1):
    """Largest |z| of all mean values of first and second order, and the least p of χ² of the visible law."""
    rbm = machine(visible, hidden, dtype)
    many = machine(visible, hidden, dtype, COPIES).sample(CHAINS, SWEEPS, T, rng=rng)
    v, h = (x.reshape(CHAINS * COPIES, size).astype(float) for x, size in zip(many, rbm.weights.shape, strict=True))
    mean, laws = reference(rbm, T)
    z = max(
        largest_z(v, np.ones((len(v), 1)), mean.v[:, None]),
        largest_z(h, np.ones((len(h), 1)), mean.h[:, None]),
        largest_z(v, h, mean.vh),
        largest_z(v, v, mean.vv),
        largest_z(h, h, mean.hh),
    )
    if isinstance(rbm.visible, TwoValued):
        code = (v == 1) @ (2 ** np.arange(v.shape[1]))
        return z, chi_square(np.bincount(code, minlength=len(laws[0])), laws[0])
    edges = bins(rbm.visible, T)
    return z, min(chi_square(np.histogram(x, edges)[0], law) for x, law in zip(v.T, laws, strict=True))


def largest_z(x, y, expected):
    """Largest deviation of the means of x_i y_j in standard errors."""
    difference = x.T @ y / len(x) - expected
    variance = (x**2).T @ y**2 / len(x) - expected**2
    stderr = np.sqrt(np.maximum(variance, 0) / len(x)) + 1e-12  # v² of a spin does not vary
    return np.abs(difference / stderr).max()


def chi_square(counts, law):
    """Value p of the χ² test, bins of less than 30 expected counts taken together."""
    total = CHAINS * COPIES
    assert counts.sum() == total
    rare = law * total < 30
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(law[~rare], law[rare].sum()) * total
    used = expected > 0
    return stats.chi2.sf(((observed - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(("visible", "hidden"), list(itertools.product(KINDS, KINDS)))
@pytest.mark.parametrize(("T", "dtype"), [(0.5, float), (1.0, float), (2.0, float), (1.0, np.float32)])
def test_sample_has_the_exact_law(visible, hidden, T, dtype):
    z, p = deviation(visible, hidden, T, dtype)
    assert z < Z_MAX and p > P_MIN


def one_percent_off(kind):
    """The kind of unit with a law that is 1 % wrong: the probability of the upper value, or every value."""

    class Wrong(kind):
        def sample(self, I, rng, T=1.0):
            if isinstance(self, TwoValued):
                P = (self.mean(I, T) - self.low) / (1 - self.low)
                return np.where(rng.random(I.shape) < 1.01 * P, 1.0, self.low).astype(I.dtype)
            return I.dtype.type(1.01) * super().sample(I, rng, T)

    return Wrong


@pytest.mark.some(2)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["visible", "hidden"])
def test_a_unit_one_percent_off_is_noticed(kind, role):
    layers = {"visible": Bernoulli, "hidden": Bernoulli, role: one_percent_off(kind)}
    z, p = deviation(**layers, T=1.0)
    assert z > Z_MAX
    assert role == "hidden" or p < P_MIN
