"""Densities of real-valued visible units: conditionals by integration, ln Z by annealing against enumeration."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, Gaussian, Mixture, Normal, ReLU, Spin, ais, exact, likelihood
from rbm_sim.learning import measurements
from rbm_sim.machine.change_of_units import in_units

FIELDS = np.array([0.4, -1.0, 0.2])
HIDDEN = [
    (Bernoulli(FIELDS), 2.0),
    (Spin(FIELDS), 1.5),
    (Spin(FIELDS), 8.0),
    (ReLU(FIELDS), 0.3),
    (Normal(FIELDS, 1.5), 0.4),
]


def machine(hidden, strength):
    rng = np.random.default_rng(3)
    w = rng.normal(size=(4, 3)) * strength
    return RBM(w, visible=Normal(rng.normal(size=4), rng.uniform(0.5, 4, 4)), hidden=hidden)


@pytest.mark.parametrize(("hidden", "strength"), HIDDEN)
@pytest.mark.parametrize("T", [1.0, 0.5])
def test_pseudo_likelihood_by_plain_integration(hidden, strength, T):
    rbm = machine(hidden, strength)
    v = np.random.default_rng(1).normal(size=(3, 4)) * 2
    x = np.linspace(-80, 80, 16_001)
    want = []
    for row in v:
        along = np.repeat(row[None], len(x), axis=0)
        total = 0.0
        for i in range(4):
            along[:, i] = x
            log_p = -rbm.free_energy(along, T) / T
            along[:, i] = row[i]
            total += -rbm.free_energy(row, T) / T - log_p.max() - np.log(np.exp(log_p - log_p.max()).sum() * 0.01)
        want.append(total)
    assert likelihood.pseudo_log_likelihoods(rbm, v, T) == pytest.approx(np.array(want), rel=1e-10)


def test_pseudo_likelihood_of_independent_units_is_the_likelihood():
    rbm = RBM(np.zeros((2, 3)), visible=Normal([1.0, 2.0], [4.0, 0.5]), hidden=Bernoulli())
    v = np.random.default_rng(0).normal(size=(5, 2))
    want = stats.norm([0.25, 4.0], [0.5, 2**0.5]).logpdf(v).sum(axis=1)
    assert likelihood.pseudo_log_likelihoods(rbm, v) == pytest.approx(want, rel=1e-12)
    assert likelihood.log_likelihood(rbm, v).mean == pytest.approx(want.mean(), rel=1e-12)


def test_units_without_a_law_and_other_units():
    with pytest.raises(ValueError, match="weights too large for a law of visible unit 1"):
        likelihood.pseudo_log_likelihood(RBM([[0.1], [1.1]], visible=Gaussian(), hidden=ReLU()), [[0.0, 1.0]])
    with pytest.raises(ValueError, match=r"rbm\.hidden is Mixture"):
        likelihood.pseudo_log_likelihood(RBM([[0.1]], visible=Gaussian(), hidden=Mixture()), [[0.0]])
    with pytest.raises(ValueError, match=r"rbm\.visible is ReLU: must be Bernoulli, Spin, Potts, Gaussian or Normal"):
        likelihood.pseudo_log_likelihood(RBM([[0.1]], visible=ReLU(), hidden=Spin()), [[0.0]])


@pytest.mark.parametrize("hidden", [Bernoulli(FIELDS), Spin(FIELDS)])
@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("T", [1.0, 0.5])
def test_annealing_against_enumeration_in_any_units(hidden, base, T):
    """A shift of a hundred standard deviations changes nothing: paths are measured from the means of the base."""
    rbm, _ = in_units(machine(hidden, 0.4), [3.0, 0.0, 200.0, -40.0], [1.0, 2.0, 0.1, 0.4])
    v = rbm.sample(100, 200, T=T, rng=3).v
    given = {"base": v, "T": T} if base else {"T": T}
    want = exact.log_partition(rbm, T)
    for found in (
        ais.log_partition(rbm, n_temperatures=500, rng=1, **given),
        ais.reverse_log_partition(rbm, v, n_temperatures=500, rng=1, **given),
    ):
        assert found.reliable
        assert abs(found.value - want) < 4 * found.stderr < 0.1


def test_annealing_of_relu_units_from_both_sides_and_in_other_units():
    """No closed form: ln Z by the integral over v of machines with two visible units, on a grid."""
    rbm = RBM([[0.5, -0.3], [0.2, 0.6]], visible=Normal([0.3, -0.2], [1.0, 2.0]), hidden=ReLU([0.2, -0.4]))
    x = np.linspace(-15, 15, 601)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    want = np.log(np.exp(-rbm.free_energy(grid)).sum() * 0.05**2)
    found = ais.log_partition(rbm, n_temperatures=500, rng=1)
    assert abs(found.value - want) < 4 * found.stderr < 0.05
    moved, constant = in_units(rbm, [50.0, -20.0], [2.0, 0.5])
    found = ais.log_partition(moved, n_temperatures=500, rng=1)
    assert abs(found.value - want - constant) < 4 * found.stderr < 0.05
    samples = moved.sample(200, 200, rng=1).v
    found = ais.reverse_log_partition(moved, samples, n_temperatures=500, rng=1, base=samples)
    assert abs(found.value - want - constant) < 4 * found.stderr < 0.05


def test_independent_gaussians():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(50, 3)) * [1, 2, 30] + 5, rng.normal(size=(7, 3))
    want = stats.norm(train.mean(axis=0), train.std(axis=0)).logpdf(test).sum(axis=1).mean()
    found = likelihood.independent_gaussians(train, test)
    assert found.mean == pytest.approx(want, rel=1e-12)
    assert found.n == 7
    with pytest.raises(ValueError, match="data_train has the constant column 1"):
        likelihood.independent_gaussians([[1.0, 0.1], [2.0, 0.1]], [[1.0, 0.1]])
    with pytest.raises(ValueError, match="data_test has length 2: must be that of data_train, 3"):
        likelihood.independent_gaussians(train, test[:, :2])


FAR = np.array([2.0**30, -(2.0**33), 3.0, 2.0**27])
"""Shifts by up to 10¹⁰ standard deviations, exact in binary."""


def coarse(n):
    """Data with few binary digits, so that data + FAR is no rounding."""
    return np.rint(np.random.default_rng(4).normal(size=(n, 4)) * 64) / 64


@pytest.mark.parametrize("T", [1.0, 0.5])
@pytest.mark.parametrize(("hidden", "strength"), HIDDEN)
def test_likelihoods_of_data_far_from_0(hidden, strength, T):
    """ln P(v) of shifted data to a shifted machine is the same; −F and ln Z are 10²⁰ each, their difference is −10."""
    rbm, v = machine(hidden, strength / 2 if isinstance(hidden, Normal) else strength), coarse(20)
    moved, _ = in_units(rbm, FAR, np.ones(4))
    pseudo = likelihood.pseudo_log_likelihood(rbm, v, T)
    assert likelihood.pseudo_log_likelihood(moved, v + FAR, T).mean == pytest.approx(pseudo.mean, rel=1e-4)
    if isinstance(hidden, ReLU):
        return
    want, found = (likelihood.log_likelihood(a, x, T=T) for a, x in ((rbm, v), (moved, v + FAR)))
    assert found.mean == pytest.approx(want.mean, rel=1e-4)
    assert found.stderr == pytest.approx(want.stderr, rel=1e-4) and found.log_partition_stderr == 0
    assert found.log_partition > 1e19
    if not isinstance(hidden, Normal):
        assert exact.log_likelihood(moved, v + FAR, T) == pytest.approx(want.mean, rel=1e-4)


def test_density_of_two_gaussian_layers_is_that_of_the_normal_law():
    rbm = machine(Normal(FIELDS, 1.5), 0.2)
    v, T = coarse(20), 0.5
    w, k = rbm.weights, FIELDS / 1.5
    form = np.diag(rbm.visible.gamma) - w @ w.T / 1.5
    law = stats.multivariate_normal(np.linalg.solve(form, rbm.visible.g + w @ k), T * np.linalg.inv(form))
    found = likelihood.log_likelihood(rbm, v, T=T)
    assert found.mean == pytest.approx(law.logpdf(v).mean(), rel=1e-10)
    by_number = likelihood.log_likelihood(rbm, v, found.log_partition, T)
    assert by_number.mean == pytest.approx(found.mean, rel=1e-10)


@pytest.mark.parametrize("single", [False, True])
def test_a_given_partition_function_has_its_rounding(single):
    """ln Z of 10²⁰ is known to 10⁴, and so is the likelihood: the error says so."""
    rbm, v = machine(Spin(FIELDS), 1.0), coarse(20)
    want = likelihood.log_likelihood(rbm, v).mean
    moved, _ = in_units(rbm, FAR, np.ones(4))
    log_Z = exact.log_partition(moved)
    if not single:
        log_Z = ais.log_partition(moved, n_chains=20, n_temperatures=20, rng=0)
        assert log_Z.low < exact.log_partition(moved) < log_Z.high
        assert log_Z.high - log_Z.low > 1e4
    found = likelihood.log_likelihood(moved, v + FAR, log_Z)
    assert abs(found.mean - want) < 5 * found.log_partition_stderr
    assert 1e3 < found.log_partition_stderr < 1e5
    assert likelihood.log_likelihood(rbm, v, exact.log_partition(rbm)).log_partition_stderr < 1e-12


def test_annealing_far_from_0_in_the_measurements_of_learning(monkeypatch):
    monkeypatch.setattr(measurements, "log_partition", partial(ais.log_partition, n_temperatures=100))
    rbm, v = machine(ReLU(FIELDS), 0.2), coarse(20)
    moved, _ = in_units(rbm, FAR, np.ones(4))
    want, found = (measurements.likelihood(a, x, base=x, rng=0) for a, x in ((rbm, v), (moved, v + FAR)))
    assert found["log_likelihood"] == pytest.approx(want["log_likelihood"], abs=4 * want["log_Z_err"])
    assert found["log_Z_err"] < 0.1


def test_machines_in_single_precision_and_data_far_from_0():
    """Weights are rounded, data are not."""
    rbm = RBM(np.array([[0.5], [0.25]], np.float32), visible=Normal([2.0**24, 0], 1.0), hidden=Spin())
    v = np.array([[2.0**24 + 0.25, 1.0], [2.0**24 - 0.5, 0.0]])
    double = RBM(rbm.weights.astype(float), visible=Normal([2.0**24, 0], 1.0), hidden=Spin())
    for of in (likelihood.log_likelihood, likelihood.pseudo_log_likelihood):
        assert of(rbm, v).mean == of(double, v).mean
