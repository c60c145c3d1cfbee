"""Likelihoods against enumeration of P(v) and of the conditional laws."""

import math

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import ais, exact, likelihood

HIDDEN = [Bernoulli(0.4), Spin(-0.1), Gaussian(), ReLU(0.3)]


def machine(visible, hidden, N=6, M=5, dtype=np.float64):
    return RBM((np.random.default_rng(0).normal(size=(N, M)) / 2).astype(dtype), visible=visible, hidden=hidden)


def data_of(rbm, n=7):
    return np.where(np.random.default_rng(1).random((n, rbm.shape[0])) < 0.4, rbm.visible.low, 1.0)


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
@pytest.mark.parametrize("visible", [Bernoulli(-0.3), Spin(0.2)], ids=repr)
@pytest.mark.parametrize("T", [0.7, 1.0])
def test_log_likelihood_by_enumeration(visible, hidden, T):
    rbm = machine(visible, hidden)
    data = data_of(rbm)
    states, probability = exact.visible_distribution(rbm, T)
    log_p = [math.log(probability[(states == v).all(axis=1)][0]) for v in data]
    found = likelihood.log_likelihood(rbm, data, T=T)
    assert found.mean == pytest.approx(np.mean(log_p), rel=1e-12)
    assert found.stderr == pytest.approx(np.std(log_p, ddof=1) / math.sqrt(7), rel=1e-10)
    assert (found.n, found.log_partition_stderr) == (7, 0)
    assert found.mean == pytest.approx(exact.log_likelihood(rbm, data, T), rel=1e-12)


def test_log_likelihood_with_an_estimate_of_the_partition_function():
    rbm = machine(Bernoulli(), Spin())
    data = data_of(rbm)
    log_Z = ais.log_partition(rbm, n_temperatures=100, rng=2)
    found = likelihood.log_likelihood(rbm, data, log_Z)
    assert (found.log_partition, found.log_partition_stderr) == (log_Z.value, log_Z.stderr)
    by_number = likelihood.log_likelihood(rbm, data, log_Z.value)
    assert by_number.mean == found.mean and by_number.log_partition_stderr == 0
    assert abs(found.mean - exact.log_likelihood(rbm, data)) < 4 * log_Z.stderr


def test_large_machines_need_a_partition_function():
    rbm = RBM(np.zeros((30, 40)), visible=Spin(), hidden=Bernoulli())
    v = np.ones(30)
    with pytest.raises(ValueError, match=r"log_partition = None: .* must be ln Z, such as ais"):
        likelihood.log_likelihood(rbm, v)
    found = likelihood.log_likelihood(rbm, v, 70 * math.log(2))
    assert found.mean == pytest.approx(-30 * math.log(2)) and found.n == 1 and math.isnan(found.stderr)


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
@pytest.mark.parametrize("visible", [Bernoulli(-0.3), Spin(0.2)], ids=repr)
@pytest.mark.parametrize("T", [0.7, 1.0])
def test_pseudo_log_likelihood_by_enumeration_of_the_conditional_laws(visible, hidden, T):
    rbm = machine(visible, hidden)
    data = data_of(rbm)
    states, probability = exact.visible_distribution(rbm, T)
    total = []
    for v in data:
        terms = []
        for i in range(6):
            same = (np.delete(states, i, axis=1) == np.delete(v, i)).all(axis=1)
            assert same.sum() == 2
            here = same & (states[:, i] == v[i])
            terms.append(math.log(probability[here][0] / probability[same].sum()))
        total.append(sum(terms))
    found = likelihood.pseudo_log_likelihood(rbm, data, T)
    assert found.mean == pytest.approx(np.mean(total), rel=1e-12)
    assert found.stderr == pytest.approx(np.std(total, ddof=1) / math.sqrt(7), rel=1e-10)


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
def test_pseudo_log_likelihood_does_not_depend_on_chunks(hidden, monkeypatch):
    rbm = machine(Spin(0.1), hidden, N=11, M=9, dtype=np.float32)
    data = data_of(rbm, 13)
    whole = likelihood.pseudo_log_likelihood(rbm, data)
    monkeypatch.setattr(likelihood, "_CHUNK", 40)
    assert likelihood.pseudo_log_likelihood(rbm, data).mean == pytest.approx(whole.mean, rel=1e-13)


def test_pseudo_log_likelihood_of_saturated_units():
    """Inputs of ± 500: the unit against its field pays for all of it."""
    rbm = RBM([[500.0]], visible=Bernoulli(), hidden=Spin(1000))
    assert likelihood.pseudo_log_likelihood(rbm, [0]).mean == pytest.approx(-500)
    assert likelihood.pseudo_log_likelihood(rbm, [1]).mean == pytest.approx(0, abs=1e-12)


def test_independent_units():
    """Both likelihoods of a machine without couplings are that of its frequencies."""
    rng = np.random.default_rng(3)
    train, test = ((rng.random((n, 5)) < [0.0, 0.2, 0.5, 0.7, 1.0]).astype(float) for n in (50, 30))
    p = (train.sum(axis=0) + 1) / 52
    rbm = RBM(np.zeros((5, 3)), visible=Bernoulli(np.log(p / (1 - p))), hidden=ReLU())
    for signed in (False, True):
        found = likelihood.independent_pixels(*(2 * x - 1 if signed else x for x in (train, test)))
        assert found.mean == pytest.approx(likelihood.log_likelihood(rbm, test).mean)
        assert found.mean == pytest.approx(likelihood.pseudo_log_likelihood(rbm, test).mean)
        assert found.stderr == pytest.approx(likelihood.log_likelihood(rbm, test).stderr)
        assert found.n == 30


@pytest.mark.parametrize("measure", [likelihood.log_likelihood, likelihood.pseudo_log_likelihood])
@pytest.mark.parametrize(
    ("data", "kwargs", "message"),
    [
        ([[1, 0]], {}, "data has shape"),
        (np.zeros((0, 6)), {}, r"data has shape \(0, 6\): must hold at least one configuration"),
        ([[1, 0, 1, 0, 1, math.nan]], {}, "data has the entry nan"),
        ([[1, 0, 1, 0, 1, -1]], {}, "Bernoulli units take values in {0, 1}"),
        ([[1, 0, 1, 0, 1, 1]], {"T": 0}, "T = 0: must be a finite number > 0"),
    ],
)
def test_bad_data(measure, data, kwargs, message):
    with pytest.raises(ValueError, match=message):
        measure(machine(Bernoulli(), Spin()), data, **kwargs)


def test_pseudo_log_likelihood_of_half_lines_is_refused():
    with pytest.raises(
        ValueError, match=r"rbm\.visible is ReLU: must be Bernoulli, Spin, Potts, Gaussian or Normal units"
    ):
        likelihood.pseudo_log_likelihood(machine(ReLU(), Spin()), np.zeros(6))


def test_log_partition_must_be_a_number():
    with pytest.raises(ValueError, match="log_partition = 'large'"):
        likelihood.log_likelihood(machine(Bernoulli(), Spin()), np.zeros(6), "large")


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([[0, 1, 1]], [[0, 1]], "data_test has length 2: must be that of data_train, 3"),
        ([[0, 1, 2]], [[0, 1, 1]], r"data_train has entries in \[0, 2\]"),
        ([[-2, 1]], [[-1, 1]], r"data_train has entries in \[-2, 1\]"),
        ([[0, 1]], [[-1, 1]], "must both be in"),
        ([[0, 1]], [[0, math.nan]], "data_test has the entry nan"),
        (np.zeros((0, 2)), [[0, 1]], "data_train has shape"),
    ],
)
def test_bad_pixels(train, test, message):
    with pytest.raises(ValueError, match=message):
        likelihood.independent_pixels(train, test)


@pytest.mark.parametrize("dtype", ["i1", "f4", "f8"])
def test_independent_pixels_need_little_memory(dtype):
    """The values of 2000 × 784 spins in double precision are 12.5 MB; no list is made of them, nor a copy."""
    import tracemalloc

    spins = (2 * np.random.default_rng(0).integers(0, 2, (2000, 784), dtype=np.int8) - 1).astype(dtype)
    expected = likelihood.independent_pixels((spins[:, :40] + 1) / 2, (spins[:, :40] + 1) / 2)
    assert likelihood.independent_pixels(spins[:, :40], spins[:, :40]).mean == pytest.approx(expected.mean, rel=1e-12)
    tracemalloc.start()
    likelihood.independent_pixels(spins, spins)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12.5e6
    with pytest.raises(ValueError, match="have values 0 and −1"):
        likelihood.independent_pixels(spins, (spins + 1) / 2)
