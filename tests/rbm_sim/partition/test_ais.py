"""Annealed importance sampling against enumeration, determinants and quadrature; seeds are in the tests."""

import math

import numpy as np
import pytest
from scipy import integrate

from rbm_sim import RBM, Bernoulli, Gaussian, Potts, ReLU, Spin
from rbm_sim.partition import ais, annealing_path, exact

UNITS = {"Bernoulli": Bernoulli(-0.3), "Spin": Spin(0.2), "Gaussian": Gaussian(), "ReLU": ReLU(0.2)}
TWO_VALUED = ("Bernoulli", "Spin")
Z_MAX = 4.0
REPEATS = 40


def machine(N, M, visible, hidden, seed=0, scale=0.35, dtype=np.float64):
    w = (scale * np.random.default_rng(seed).normal(size=(N, M))).astype(dtype)
    return RBM(w, visible=visible, hidden=hidden)


def random_machine(seed):
    rng = np.random.default_rng(seed)
    N, M = rng.integers(5, 14, 2)
    visible = (Bernoulli, Spin)[seed % 2](rng.normal(size=N) / 2)
    hidden = (Bernoulli(rng.normal(size=M) / 2), Spin(0.2), Gaussian(), ReLU(rng.normal(size=M) / 2))[seed // 2 % 4]
    rbm = RBM(0.35 * rng.normal(size=(N, M)), visible=visible, hidden=hidden)
    return rbm, rng.uniform(0.6, 1.5)


def exact_samples(rbm, T, n, seed):
    v, probability = exact.visible_distribution(rbm, T)
    return v[np.random.default_rng(seed).choice(len(v), n, p=probability)]


def z_score(estimate, expected):
    return (estimate.value - expected) / estimate.stderr


@pytest.mark.medium
def test_twenty_random_machines_from_below_and_above():
    """Machines of seeds 0 to 19 with other units, sizes and temperatures: z has mean 0 and variance 1."""
    forward, backward = [], []
    for seed in range(20):
        rbm, T = random_machine(seed)
        log_Z = exact.log_partition(rbm, T)
        up = ais.log_partition(rbm, T=T, n_chains=200, n_temperatures=100, rng=seed)
        down = ais.reverse_log_partition(rbm, exact_samples(rbm, T, 200, seed), T=T, n_temperatures=100, rng=seed + 100)
        assert up.reliable and down.reliable
        assert up.low < up.value < up.high and down.low < down.value < down.high
        forward.append(z_score(up, log_Z))
        backward.append(z_score(down, log_Z))
    for z in (forward, backward):
        assert abs(np.mean(z)) < 3 / math.sqrt(20)
        assert 0.35 < np.var(z, ddof=1) < 2.2  # χ² of 19 degrees: 0.4 % outside on either side
        assert np.abs(z).max() < Z_MAX


@pytest.mark.some(12)
@pytest.mark.medium
@pytest.mark.parametrize("T", [0.7, 1.0, 1.6])
@pytest.mark.parametrize(
    ("visible", "hidden"), [(a, b) for a in UNITS for b in UNITS if a in TWO_VALUED or b in TWO_VALUED]
)
def test_every_pair_that_can_be_enumerated(visible, hidden, T):
    rbm = machine(7, 6, UNITS[visible], UNITS[hidden], seed=1)
    estimate = ais.log_partition(rbm, T=T, n_chains=300, n_temperatures=60, rng=2)
    assert abs(z_score(estimate, exact.log_partition(rbm, T))) < Z_MAX
    assert estimate.stderr < 0.1


@pytest.mark.parametrize("T", [0.6, 1.0])
def test_gaussian_layers_by_determinant(T):
    """Z = (2πT)^{(N+M)/2} det(1 − wᵀw)^{−1/2}."""
    rbm = machine(6, 4, Gaussian(), Gaussian(), scale=0.15)
    w = rbm.weights
    log_Z = 5 * math.log(2 * math.pi * T) - np.linalg.slogdet(np.eye(4) - w.T @ w)[1] / 2
    up = ais.log_partition(rbm, T=T, n_chains=300, n_temperatures=100, rng=1)
    covariance = T * np.linalg.inv(np.eye(6) - w @ w.T)
    samples = np.random.default_rng(2).multivariate_normal(np.zeros(6), covariance, 300)
    down = ais.reverse_log_partition(rbm, samples, T=T, n_temperatures=100, rng=3)
    assert up.stderr < 0.02 and down.stderr < 0.02
    assert abs(z_score(up, log_Z)) < Z_MAX and abs(z_score(down, log_Z)) < Z_MAX


@pytest.mark.parametrize("hidden", ["Gaussian", "ReLU"])
@pytest.mark.parametrize("visible", ["Gaussian", "ReLU"])
def test_continuous_layers_by_quadrature(visible, hidden):
    """One visible unit: Z = ∫dv exp{−U(v)/T + Σ_μ K_μ(w_μ v)}."""
    rbm, T = RBM([[0.5, -0.4, 0.3]], visible=UNITS[visible], hidden=UNITS[hidden]), 0.8

    def integrand(v):
        return math.exp(-rbm.free_energy([v], T) / T)

    Z = integrate.quad(integrand, 0 if visible == "ReLU" else -np.inf, np.inf)[0]
    for machine in (rbm, rbm.transposed()):
        estimate = ais.log_partition(machine, T=T, n_chains=300, n_temperatures=60, rng=3)
        assert abs(z_score(estimate, math.log(Z))) < Z_MAX and estimate.stderr < 0.02


@pytest.mark.parametrize("hidden", ["Gaussian", "ReLU"])
def test_forward_and_reverse_bracket_on_average(hidden):
    """Few chains and few temperatures: the logarithm of a mean is too small, on average, on either side."""
    rbm = machine(10, 8, Spin(0.1), UNITS[hidden], seed=4, scale=0.4)
    log_Z = exact.log_partition(rbm)
    below, above = [], []
    for seed in range(REPEATS):
        below.append(ais.log_partition(rbm, n_chains=4, n_temperatures=5, rng=seed).value)
        samples = exact_samples(rbm, 1.0, 4, seed)
        above.append(ais.reverse_log_partition(rbm, samples, n_temperatures=5, rng=seed).value)
    assert np.mean(below) + 2 * np.std(below) / math.sqrt(REPEATS) < log_Z
    assert np.mean(above) - 2 * np.std(above) / math.sqrt(REPEATS) > log_Z


@pytest.mark.medium
@pytest.mark.parametrize(("visible", "hidden"), [("Bernoulli", "Spin"), ("Spin", "ReLU")])
def test_weights_are_unbiased_at_any_schedule(visible, hidden):
    """⟨w⟩ = Z with one and with two steps, from the fields of the machine and from others, over 20 000 chains."""
    rbm = machine(5, 4, UNITS[visible], UNITS[hidden], seed=5)
    log_Z = exact.log_partition(rbm, 1.3)
    for base in (None, [0.4, 0.6, 0.3, 0.7, 0.5]):
        for n_temperatures in (2, 3):
            estimate = ais.log_partition(
                rbm, T=1.3, n_chains=20_000, n_temperatures=n_temperatures, base=base, rng=n_temperatures
            )
            w = np.exp(estimate.log_weights - log_Z)
            assert abs(w.mean() - 1) < Z_MAX * w.std() / math.sqrt(len(w))


@pytest.mark.parametrize(("visible", "hidden"), [("Bernoulli", "Bernoulli"), ("Spin", "Gaussian"), ("Spin", "ReLU")])
def test_base_from_data_has_less_variance(visible, hidden):
    """Strong fields that data show and that the couplings shift."""
    unit = Bernoulli if visible == "Bernoulli" else Spin
    N, M = 12, 6
    rng = np.random.default_rng(6)
    w = 0.3 * rng.normal(size=(N, M)) + 0.1
    rbm = RBM(w, visible=unit(-0.5 * w.sum(axis=1) + rng.normal(size=N)), hidden=UNITS[hidden])
    log_Z, data = exact.log_partition(rbm), exact_samples(rbm, 1.0, 500, 7)
    plain = ais.log_partition(rbm, n_chains=400, n_temperatures=40, rng=8)
    fitted = ais.log_partition(rbm, n_chains=400, n_temperatures=40, base=data, rng=8)
    low = 0 if visible == "Bernoulli" else -1
    means = low + (1 - low) * ((data == 1).sum(axis=0) + 1) / (len(data) + 2)
    by_means = ais.log_partition(rbm, n_chains=400, n_temperatures=40, base=means, rng=8)
    assert fitted.log_weights.var() < 0.7 * plain.log_weights.var()
    np.testing.assert_allclose(by_means.log_weights, fitted.log_weights, rtol=1e-12)
    assert abs(z_score(fitted, log_Z)) < Z_MAX and abs(z_score(plain, log_Z)) < Z_MAX


def test_fitted_base_has_the_means():
    rates = np.array([0.1, 0.5, 0.8])
    for unit, T in ((Bernoulli(0.3), 1.0), (Spin(0.1), 1.7)):
        rbm = machine(3, 2, unit, Spin())
        means = unit.low + (1 - unit.low) * rates
        fitted = annealing_path._fitted(rbm, means, T)
        np.testing.assert_allclose(fitted.mean(np.zeros(3), T), means, rtol=1e-13)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("hidden", ["Bernoulli", "Spin", "Gaussian", "ReLU"])
def test_single_precision(hidden):
    """12 hidden or visible units are enumerated; the error bars are a few thousandths."""
    sizes = (60, 12) if hidden in TWO_VALUED else (12, 60)
    for dtype in (np.float32, np.float64):
        rbm = machine(*sizes, Bernoulli(-0.5), UNITS[hidden], seed=9, scale=0.15, dtype=dtype)
        estimate = ais.log_partition(rbm, n_chains=100, n_temperatures=1000, rng=10)
        assert estimate.log_weights.dtype == np.float64
        assert estimate.stderr < 0.01
        assert abs(z_score(estimate, exact.log_partition(rbm))) < Z_MAX


@pytest.mark.parametrize("unit", [Bernoulli(), Spin(), Gaussian(), ReLU()], ids=repr)
@pytest.mark.parametrize("step", [1e-4, -0.3, 50.0, -50.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-11)])
def test_gain_is_the_difference_of_log_partitions(unit, step, dtype, tolerance):
    """Fields up to 30, steps from 1e-4 to 200."""
    rng = np.random.default_rng(11)
    new, slope = 10 * rng.normal(size=(20, 30)).astype(dtype), rng.normal(size=(20, 30)).astype(dtype)
    unit, T = unit.expanded(30, dtype), 0.8
    layer = annealing_path._Layer(unit, unit, 30, dtype, T)
    y, old = new.astype(float), new.astype(float) - step * slope.astype(float)
    wide = unit.expanded(30, float)
    expected = (wide.log_partition(y, T) - wide.log_partition(old, T)).sum(axis=1)
    size = np.abs(step * slope).sum(axis=1) * np.abs(new - step * slope / 2).max()
    assert (np.abs(layer.gain(new, slope, step) - expected) < tolerance * size).all()


def test_reproducible_and_independent_of_threads():
    rbm = machine(8, 6, Bernoulli(0.1), Spin(), seed=12, dtype=np.float32)
    one = ais.log_partition(rbm, n_chains=120, n_temperatures=20, rng=13)
    for threads in (1, 2, 3):
        again = ais.log_partition(rbm, n_chains=120, n_temperatures=20, rng=13, threads=threads)
        np.testing.assert_array_equal(again.log_weights, one.log_weights)
    assert len(set(one.log_weights)) == 120
    assert ais.log_partition(rbm, n_chains=120, n_temperatures=20, rng=14).value != one.value
    samples = rbm.sample(120, 10, rng=15).v
    down = [ais.reverse_log_partition(rbm, samples, n_temperatures=20, rng=16, threads=k).value for k in (1, 2)]
    assert down[0] == down[1]


def test_no_couplings_no_error():
    rbm = RBM(np.zeros((20, 30)), visible=Bernoulli(0.5), hidden=Spin(0.25))
    estimate = ais.log_partition(rbm, n_chains=5, n_temperatures=3, rng=0)
    assert estimate.value == pytest.approx(20 * math.log1p(math.exp(0.5)) + 30 * math.log(2 * math.cosh(0.25)))
    assert estimate.stderr == pytest.approx(0, abs=1e-12) and estimate.ess == pytest.approx(5)
    assert not estimate.reliable


def test_an_unreliable_estimate_says_so():
    """A ferromagnet far below its critical temperature, annealed in four steps; ln Z is about N(N − 1)/2N + …"""
    rbm = RBM(np.full((40, 30), 0.15), visible=Spin(), hidden=Spin())
    estimate = ais.log_partition(rbm, n_chains=100, n_temperatures=4, rng=0)
    assert not estimate.reliable
    slow = ais.log_partition(rbm, n_chains=100, n_temperatures=2000, rng=0)
    assert slow.reliable and slow.value > estimate.value


def test_single_chain():
    estimate = ais.log_partition(machine(5, 4, Spin(), Spin()), n_chains=1, n_temperatures=5, rng=0)
    assert math.isnan(estimate.stderr) and math.isnan(estimate.low) and math.isnan(estimate.high)
    assert not estimate.reliable and estimate.value == pytest.approx(estimate.log_weights[0])


def test_storage_of_weights_makes_no_difference():
    from scipy import sparse

    dense = machine(9, 7, Spin(0.1), ReLU(0.2), seed=17)
    thin = RBM(sparse.csr_array(dense.weights), visible=Spin(0.1), hidden=ReLU(0.2))
    kwargs = {"n_chains": 20, "n_temperatures": 10, "rng": 1}
    np.testing.assert_allclose(
        ais.log_partition(thin, **kwargs).log_weights, ais.log_partition(dense, **kwargs).log_weights, rtol=1e-10
    )


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n_chains": 0}, "n_chains = 0: must be a whole number >= 1"),
        ({"n_temperatures": 1}, "n_temperatures = 1: must be a whole number >= 2"),
        ({"threads": 0}, "threads = 0"),
        ({"T": 0}, "T = 0: must be a finite number > 0"),
        ({"T": -1.0}, "T = -1.0"),
        ({"rng": "seed"}, "rng = 'seed'"),
        ({"base": [0.5, 0.5]}, r"base has shape \(2,\): must be means, shape \(4,\), or data"),
        ({"base": [0.5, 0.5, math.nan, 0.5]}, "base has the entry nan"),
        ({"base": [0.5, 0.5, 1.0, 0.5]}, r"base has means in \[0.5, 1\]: must be > 0 and < 1"),
        ({"base": [[0, 1, 2, 0]]}, r"base has entries in \[0, 2\]"),
        ({"base": np.zeros((0, 4))}, "base has shape"),
    ],
)
def test_bad_arguments(kwargs, message):
    rbm = machine(4, 3, Bernoulli(), Spin())
    with pytest.raises(ValueError, match=message):
        ais.log_partition(rbm, **{"n_chains": 2, "n_temperatures": 3, **kwargs})


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([[0, 1, 0]], "samples has shape"),
        ([0, 1, 0, 1], r"samples has shape \(4,\): must be \(n_chains, 4\)"),
        (np.zeros((0, 4)), "samples has shape"),
        ([[0, 1, 0, math.nan]], "samples has the entry nan"),
        ([[0, 1, 0, 0.5]], "Bernoulli units take values in"),
    ],
)
def test_bad_samples(samples, message):
    with pytest.raises(ValueError, match=message):
        ais.reverse_log_partition(machine(4, 3, Bernoulli(), Spin()), samples, n_temperatures=3)


def test_base_needs_units_whose_field_can_be_fitted():
    with pytest.raises(ValueError, match=r"base is given and rbm\.visible is ReLU"):
        ais.log_partition(machine(4, 3, ReLU(), Spin()), base=[0.0, 0, 0, 0])


@pytest.mark.parametrize(
    ("visible", "hidden", "w", "allowed"),
    [
        (Gaussian(), Gaussian(), [[1.0]], False),
        (Gaussian(), Gaussian(), [[0.99]], True),
        (ReLU(), ReLU(), [[1.1]], False),
        (ReLU(), ReLU(), [[-3.0, 0.5]], True),
        (Gaussian(), ReLU(), [[0.8, -0.9]], True),
        (ReLU(), Gaussian(), [[0.8], [-0.9]], True),
        (Gaussian(), ReLU(), [[0.8, 0.9]], False),
        (Spin(), Gaussian(), [[5.0]], True),
    ],
)
def test_laws_that_cannot_be_normalised(visible, hidden, w, allowed):
    rbm = RBM(w, visible=visible, hidden=hidden)
    if allowed:
        assert math.isfinite(ais.log_partition(rbm, n_chains=10, n_temperatures=10, rng=0).value)
    else:
        with pytest.raises(ValueError, match="must be < 1 for layers of"):
            ais.log_partition(rbm)


def test_potts_units_beside_two_valued_ones():
    """Beside two-valued hidden units chains start on sides of the hidden units; ln Z by enumeration of these."""
    w = np.random.default_rng(0).normal(size=(20, 3, 10)) * 0.3
    rbm = RBM(w, visible=Potts(3), hidden=Spin())
    found = ais.log_partition(rbm, n_temperatures=300, rng=0)
    assert abs(found.value - exact.log_partition(rbm)) < 5 * found.stderr + 0.02
