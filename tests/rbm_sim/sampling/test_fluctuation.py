"""Order parameters at T > 0: enumeration, linear response, and the replica-symmetric Hopfield model.

The equations of the latter (Amit, Gutfreund and Sompolinsky 1985) are solved here once more:
m = ⟨tanh β(m + √(αr) z)⟩, q = ⟨tanh² β(m + √(αr) z)⟩, r = q/(1 − C)², C = β(1 − q), and B = 1/(1 − C).
"""

import math

import numpy as np
import pytest
from scipy.optimize import root

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim._support import blas
from rbm_sim.machine.patterns import pattern_state, pattern_weights, random_patterns
from rbm_sim.observables import order_parameters
from rbm_sim.partition import exact
from rbm_sim.sampling.averages import thermal_averages
from rbm_sim.sampling.fluctuation import order_parameters_at
from rbm_sim.statistics.estimates import estimate

Z_MAX = 4.0
N, M = 6, 4
P_I = np.linspace(0.2, 0.8, N)


@pytest.fixture(autouse=True)
def _one_thread_of_linear_algebra():
    """Threads that wait for each other in small products take a hundred times as long on a busy computer."""
    with blas.one_thread():
        yield


def machine(visible, hidden, scale=1.0):
    return RBM(scale * np.random.default_rng(3).normal(size=(N, M)) / 2, visible=visible, hidden=hidden)


def exact_order(rbm, T, L, p_i):
    """(m, q, r, q_d, r_d, C, B) by enumeration of the visible layer."""
    v, P = exact.visible_distribution(rbm, T)
    I, weight, p = v @ rbm.weights, p_i / np.mean(p_i), np.mean(p_i)
    mean_h = rbm.hidden.mean(I, T)
    q, q_d = (weight * (P @ v) ** 2).mean(), (weight * (P @ v**2)).mean()
    r = ((P @ mean_h)[L:] ** 2).mean()
    r_d = (P @ (mean_h**2 + rbm.hidden.variance(I, T)))[L:].mean()
    return (*(P @ I)[:L] / math.sqrt(N), q, r, q_d, r_d, p * (q_d - q) / T, p * (r_d - r) / T)


def flat(order):
    return [*order.m, *order[1:]]


def z_scores(order, expected):
    """Deviations in standard errors; what has no error agrees to rounding."""
    z = []
    for sampled, value in zip(flat(order), expected, strict=True):
        if sampled.stderr < 1e-12:
            assert sampled.mean == pytest.approx(value, rel=1e-12)
        else:
            z.append((sampled.mean - value) / sampled.stderr)
    return np.array(z)


@pytest.mark.parametrize("visible", [Spin(0.2), Bernoulli(-0.3)])
@pytest.mark.parametrize("hidden", [Spin(0.4), Bernoulli(0.4), Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize(("T", "L"), [(1.5, 1), (0.8, 2)])
def test_against_enumeration(visible, hidden, T, L):
    """40 chains of 300 sweeps, seed 1, rows of different density."""
    rbm = machine(visible, hidden, scale=0.5)
    options = {"T": T, "n_condensed": L, "p": P_I, "rng": 1}
    order = order_parameters_at(rbm, n_chains=40, steps=300, burn_in=50, **options)
    assert np.abs(z_scores(order, exact_order(rbm, T, L, P_I))).max() < Z_MAX
    assert order.q.n == 40
    assert len(order.m) == L


def test_squares_have_no_bias_and_their_errors_are_right():
    """400 repetitions of 4 and of 100 chains, one sweep each: squares of measured means would be far off."""
    rbm, T = machine(Spin(0.3), ReLU(0.2), scale=0.5), 1.0
    expected = exact_order(rbm, T, 1, np.ones(N))
    seeds = np.random.SeedSequence(2).spawn(400)
    options = {"T": T, "steps": 1, "burn_in": 15}
    few = [flat(order_parameters_at(rbm, n_chains=4, rng=seed, **options)) for seed in seeds]
    spread = np.array([[x.mean for x in row] for row in few])
    z = (spread.mean(axis=0) - expected) / np.maximum(spread.std(axis=0) / 20, 1e-12)
    assert np.abs(z).max() < Z_MAX
    q = spread[:, 1]
    bias = (1 - expected[1]) / 4  # of the squared mean over 4 independent values ±1
    assert bias > 10 * q.std() / 20
    many = [z_scores(order_parameters_at(rbm, n_chains=100, rng=seed, **options), expected) for seed in seeds]
    # 99 degrees of freedom: 99/97. With 30 chains the tails are long (kurtosis 4), and 400 z would not do.
    assert np.abs(np.var(many, axis=0) - 1.02).max() < Z_MAX * math.sqrt(2 / 400)


def test_conditional_means_reduce_the_error():
    """Below the noise of the units themselves, which is that of ± 1 with mean √q, 10 × 20 times."""
    xi = random_patterns(500, 10, rng=1)
    rbm = RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian())
    order = order_parameters_at(rbm, T=0.3, n_chains=10, steps=20, burn_in=20, start=xi[:, 0], rng=2)
    assert order.m[0].stderr < math.sqrt((1 - order.q.mean) / 500 / 200) / 2


def shifted(rbm, visible=0.0, hidden=0.0):
    """The machine with fields added to both layers."""
    return RBM(rbm.weights, visible=Spin(rbm.visible.g + visible), hidden=ReLU(rbm.hidden.theta - hidden))


@pytest.mark.parametrize("T", [0.7, 1.5])
def test_linear_response_by_enumeration(T):
    """C = (1/N) Σ ∂⟨v_i⟩/∂g_i and B = −(1/M') Σ ∂⟨h_μ⟩/∂θ_μ; random fields feel the covariances too."""
    rbm, step = machine(Spin(0.2), ReLU(0.3)), 1e-4
    *_, C, B = exact_order(rbm, T, 1, np.ones(N))

    def response(layer, size):
        """The matrix of responses of one layer to fields on itself."""
        rows = []
        for field in step * np.eye(size):
            up, down = (exact.moments(shifted(rbm, **{layer: s * field}), T) for s in (1, -1))
            rows.append((getattr(up, layer[0]) - getattr(down, layer[0])) / (2 * step))
        return np.array(rows)

    of_visible, of_hidden = response("visible", N), response("hidden", M)
    assert np.trace(of_visible) / N == pytest.approx(C, rel=1e-6)
    assert np.diag(of_hidden)[1:].mean() == pytest.approx(B, rel=1e-6)
    v, P = exact.visible_distribution(rbm, T)
    covariance = (v.T * P) @ v - np.outer(P @ v, P @ v)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=N)
    up, down = (exact.moments(shifted(rbm, visible=s * step * signs), T).v for s in (1, -1))
    measured = signs @ (up - down) / (2 * step * N)
    assert measured == pytest.approx(signs @ covariance @ signs / (T * N), rel=1e-6)
    order = order_parameters_at(rbm, T=T, n_chains=100, steps=300, burn_in=300, rng=4)
    assert abs(order.C.mean - C) < Z_MAX * order.C.stderr
    assert abs(order.B.mean - B) < Z_MAX * order.B.stderr


def hopfield_sample(size, alpha, seed):
    xi = random_patterns(size, round(alpha * size), rng=seed)
    return xi, RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian())


def test_linear_response_of_the_hopfield_model():
    """T = 0.5, α = 0.02, N = 1000: response to fields ±0.02 of random signs, 16 machines, against C of each."""
    T, step, responses, differences = 0.5, 0.02, [], []
    for seed in range(16):
        xi, rbm = hopfield_sample(1000, 0.02, seed)
        signs = np.random.default_rng(100 + seed).choice([-1.0, 1.0], size=1000)
        options = {"T": T, "n_chains": 10, "steps": 200, "burn_in": 40, "start": xi[:, 0], "rng": seed}
        along = []
        for s in (1, -1):
            other = RBM(rbm.weights, visible=Spin(s * step * signs), hidden=Gaussian())

            def projection(v, h, other=other, signs=signs):
                return other.visible.mean(other.matrix.backward(h), T) @ signs / 1000

            along.append(thermal_averages(other, {"along": projection}, **options)["along"].mean)
        responses.append((along[0] - along[1]) / (2 * step))
        differences.append(responses[-1] - order_parameters_at(rbm, **options).C.mean)
    result = estimate(differences)
    assert result.stderr < 0.02 * np.mean(responses)
    assert abs(result.mean) < Z_MAX * result.stderr


def hopfield_theory(alpha, T):
    z = np.linspace(-9, 9, 4001)
    Dz = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])

    def equations(x):
        m, q, r = x
        t = np.tanh((m + math.sqrt(alpha * r) * z) / T)
        return [Dz @ t - m, Dz @ t**2 - q, q / (1 - (1 - q) / T) ** 2 - r]

    m, q, r = root(equations, [1.0, 1.0, 1.1], tol=1e-13).x
    C = (1 - q) / T
    return {"m": m, "q": q, "r": r, "C": C, "B": 1 / (1 - C)}


def test_theory_of_this_file():
    theory = hopfield_theory(0.05, 0.2)
    assert theory["m"] == pytest.approx(0.998877763094, abs=1e-11)
    assert theory["q"] == pytest.approx(0.997830410963, abs=1e-11)
    assert theory["r"] == pytest.approx(1.01983666315, abs=1e-10)


def hopfield_z(size, alpha, T, samples, rng, **options):
    """z of m, q, r, C and B over random machines, each started at its first pattern, and the means."""
    theory, values = hopfield_theory(alpha, T), []
    for seed in np.random.SeedSequence(rng).spawn(samples):
        xi, rbm = hopfield_sample(size, alpha, seed)
        order = order_parameters_at(rbm, T=T, start=xi[:, 0], rng=seed, **options)
        values.append([x.mean for x in (order.m[0], order.q, order.r, order.C, order.B)])
    results = [estimate(column) for column in np.transpose(values)]
    return {
        name: (result.mean - theory[name]) / result.stderr for name, result in zip("mqrCB", results, strict=True)
    }, results


@pytest.mark.parametrize(("alpha", "T"), [(0.05, 0.2), (0.02, 0.5)])
def test_hopfield_model(alpha, T):
    """N = 1000, 30 machines, seed 1: within 4 standard errors of their scatter."""
    z, _ = hopfield_z(1000, alpha, T, 30, 1, n_chains=6, steps=30, burn_in=40)
    assert max(map(abs, z.values())) < Z_MAX


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "T", "size"), [(0.05, 0.2, 4000), (0.02, 0.5, 2000), (0.02, 0.5, 4000)])
def test_hopfield_model_at_size(alpha, T, size):
    """60 machines, seed 2: within 3 standard errors of their scatter, which are small."""
    z, results = hopfield_z(size, alpha, T, 60, 2, n_chains=6, steps=30, burn_in=40)
    assert max(map(abs, z.values())) < 3
    assert results[0].stderr < 3e-4
    assert results[2].stderr < 0.05


def test_zero_temperature_limit():
    """m, q and r go over to those of a configuration; two chains have a mean but are too few for the error of q."""
    xi, rbm = hopfield_sample(400, 0.02, 5)
    order = order_parameters_at(rbm, T=1e-3, n_chains=2, steps=3, burn_in=10, start=xi[:, 0], rng=1)
    v = rbm.sample(1, 20, T=0, start=pattern_state(xi[:, 0], rbm.visible)).v[0]
    expected = order_parameters(rbm, v)
    assert order.m[0].mean == pytest.approx(expected.m[0], rel=1e-4)
    assert order.q.mean == pytest.approx(1, abs=1e-6)
    assert order.r.mean == pytest.approx(expected.r, rel=1e-2)
    assert order.q_d == (1, 0, 2)
    assert math.isnan(order.q.stderr)


@pytest.mark.parametrize("storage", ["packed", "sparse"])
def test_any_storage_of_the_weights(storage):
    orders = []
    for kind in ("array", storage):
        w = pattern_weights(random_patterns(50, 11, p=0.5, rng=1, storage=kind), np.float64)
        rbm = RBM(w, visible=Bernoulli(), hidden=ReLU(0.2))
        orders.append(order_parameters_at(rbm, T=0.7, n_chains=5, steps=3, burn_in=2, n_condensed=3, rng=2))
    for one, other in zip(*map(flat, orders), strict=True):
        assert other == pytest.approx(one, rel=1e-9)


def test_repeats_whatever_the_threads():
    rbm = machine(Bernoulli(), ReLU())
    options = {"T": 0.9, "n_chains": 600, "steps": 3, "burn_in": 2}
    one, three = (order_parameters_at(rbm, rng=3, threads=threads, **options) for threads in (1, 3))
    assert one == three
    assert order_parameters_at(rbm, rng=4, **options) != one
    assert math.isnan(order_parameters_at(rbm, rng=4, n_condensed=M, **options).r.mean)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"T": 0}, "T = 0"),
        ({"n_chains": 1}, "n_chains = 1: must be a whole number >= 2"),
        ({"steps": 0}, "steps = 0"),
        ({"burn_in": -1}, "burn_in = -1"),
        ({"n_condensed": 5}, "n_condensed = 5: there are only 4 hidden units"),
        ({"p": 1.5}, "p = 1.5: must lie in (0, 1]"),
        ({"p": [0.5, 0.5]}, "p has 2 entries"),
        ({"start": np.ones((3, N))}, "start has shape (3, 6)"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError) as error:
        order_parameters_at(machine(Spin(), ReLU()), **({"T": 1, "n_chains": 2, "steps": 1, "burn_in": 1} | options))
    assert str(error.value).startswith(message)
