"""Energies by explicit sums, free energies by quadrature, the Gibbs sampler against exact laws."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse
from scipy import integrate

import rbm_sim
from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact

Z_MAX = 4.0  # a statistical test of a correct law fails with probability 6e-5 per number compared

VISIBLE = [Spin([0.3, -0.2, 0.1]), Bernoulli([0.5, -0.4, 0.0])]
HIDDEN = [Spin([0.1, -0.3]), Bernoulli([-0.2, 0.6]), Gaussian(), ReLU([0.4, -0.5])]
PAIRS = list(itertools.product(VISIBLE, HIDDEN))


def machine(visible, hidden, scale=1.0, dtype=float):
    w = scale * np.random.default_rng(3).normal(size=(3, 2)).astype(dtype)
    return RBM(w, visible=visible, hidden=hidden)


def potential(unit, index, x):
    """U(x) written out once more, from the table."""
    if isinstance(unit, (Spin, Bernoulli)):
        return -unit.g[index] * x
    return x**2 / 2 + (unit.theta[index] * x if isinstance(unit, ReLU) else 0.0)


def energy(rbm, v, h):
    N, M = rbm.weights.shape
    E = -sum(rbm.weights[i, mu] * v[i] * h[mu] for i in range(N) for mu in range(M))
    E += sum(potential(rbm.visible, i, v[i]) for i in range(N))
    return E + sum(potential(rbm.hidden, mu, h[mu]) for mu in range(M))


def all_states(unit, size):
    return np.array(list(itertools.product([unit.low, 1.0], repeat=size)))


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_energy_by_explicit_sum(visible, hidden):
    rbm = machine(visible, hidden)
    state = rbm.sample(5, 1, rng=0)
    expected = [energy(rbm, v, h) for v, h in zip(*state, strict=True)]
    np.testing.assert_allclose(rbm.energy(*state), expected, rtol=1e-13, atol=1e-13)
    assert rbm.energy(state.v[0], state.h).shape == (5,)
    np.testing.assert_allclose(rbm.transposed().energy(state.h, state.v), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
@pytest.mark.parametrize("T", [0.7])
def test_free_energy_by_integration_over_the_hidden_layer(visible, hidden, T):
    rbm = machine(visible, hidden)
    for v in all_states(rbm.visible, 3):
        if isinstance(hidden, (Spin, Bernoulli)):
            Z = sum(math.exp(-energy(rbm, v, h) / T) for h in all_states(rbm.hidden, 2))
        else:
            low = 0.0 if isinstance(hidden, ReLU) else -12.0

            def density(a, b, v=v):
                return math.exp(-energy(rbm, v, (a, b)) / T)

            Z = integrate.dblquad(density, low, 14, low, 14, epsabs=1e-11, epsrel=1e-9)[0]
        assert -T * math.log(Z) == pytest.approx(float(rbm.free_energy(v, T)), abs=1e-7)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_marginal_energy_is_the_minimum_over_the_hidden_layer(visible, hidden):
    rbm = machine(visible, hidden)
    v = all_states(rbm.visible, 3)
    h = rbm.hidden.mode(rbm.inputs(v))
    np.testing.assert_allclose(rbm.marginal_energy(v), rbm.energy(v, h), rtol=1e-13, atol=1e-13)
    others = rbm.sample(200, 3, rng=1).h
    assert (rbm.energy(v[:, None], others) >= rbm.marginal_energy(v)[:, None] - 1e-12).all()
    np.testing.assert_allclose(rbm.free_energy(v, 1e-7), rbm.marginal_energy(v), atol=1e-5)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
@pytest.mark.parametrize("T", [1.0, 1.7])
def test_gibbs_sampler_against_the_exact_law(visible, hidden, T):
    """All visible probabilities, ⟨h⟩ and ⟨v h⟩ of 40 000 independent chains, as z-scores."""
    rbm, n = machine(visible, hidden, scale=0.3), 40_000  # weights small enough to mix in 60 sweeps
    state = rbm.sample(n, 60, T=T, rng=20)
    v, probability = exact.visible_distribution(rbm, T)
    counts = np.array([(state.v == row).all(axis=1).sum() for row in v])
    assert counts.sum() == n
    z = (counts / n - probability) / np.sqrt(probability * (1 - probability) / n)
    assert np.abs(z).max() < Z_MAX
    moments = exact.moments(rbm, T)
    products = state.v[:, :, None] * state.h[:, None, :]
    for sampled, expected in ((state.v, moments.v), (state.h, moments.h), (products, moments.vh)):
        stderr = sampled.std(axis=0) / math.sqrt(n)
        assert np.abs((sampled.mean(axis=0) - expected) / stderr).max() < Z_MAX


def test_gaussian_layers_sample_their_joint_normal_law():
    """Two Gaussian layers: the covariance is T times the inverse of [[1, −w], [−wᵀ, 1]]."""
    w, n, T = np.array([[0.4, -0.3], [0.2, 0.5]]), 40_000, 1.5
    state = RBM(w, visible=Gaussian(), hidden=Gaussian()).sample(n, 60, T=T, rng=4)
    covariance = T * np.linalg.inv(np.block([[np.eye(2), -w], [-w.T, np.eye(2)]]))
    x = np.hstack(state)
    product = x[:, :, None] * x[:, None, :]
    z = (product.mean(axis=0) - covariance) / (product.std(axis=0) / math.sqrt(n))
    assert np.abs(z).max() < Z_MAX


def test_sample_start_and_shapes():
    rbm = machine(VISIBLE[0], HIDDEN[3], dtype=np.float32)
    state = rbm.sample(7, 0, rng=0, start=[1, -1, 1])
    assert state.v.shape == (7, 3)
    assert state.h.shape == (7, 2)
    assert state.v.dtype == state.h.dtype == np.float32
    assert (state.v == [1, -1, 1]).all()
    again, other = rbm.sample(7, 5, rng=1), rbm.sample(7, 5, rng=2)
    np.testing.assert_array_equal(again.h, rbm.sample(7, 5, rng=np.random.SeedSequence(1)).h)
    assert (again.h != other.h).any()


@pytest.mark.parametrize("hidden", HIDDEN)
def test_threads_do_not_change_the_numbers(hidden):
    """600 chains are three blocks, each with a stream of its own; the first ones do not depend on the others."""
    rbm = machine(VISIBLE[0], hidden, dtype=np.float32)
    one, three = (rbm.sample(600, 4, T=0.7, rng=3, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.h, three.h)
    np.testing.assert_array_equal(one.v[:250], rbm.sample(250, 4, T=0.7, rng=3).v)
    assert len(np.unique(one.h[:, 0])) > 1


@pytest.mark.medium
def test_one_temperature_for_each_chain():
    rbm = machine(VISIBLE[1], HIDDEN[3])
    n = 20_000
    T = np.repeat([0.5, 2.0], n)
    v, _ = rbm.sample(2 * n, 30, T=T, rng=5)
    for temperature in (0.5, 2.0):
        exact = rbm_sim.exact.moments(rbm, temperature).v
        sampled = v[temperature == T]
        z = (sampled.mean(axis=0) - exact) / (sampled.std(axis=0) / math.sqrt(n))
        assert np.abs(z).max() < Z_MAX


@pytest.mark.parametrize("hidden", [ReLU(), Gaussian()])
@pytest.mark.parametrize("w", [[[2.0, -2.0], [2.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_chains_without_a_joint_law_are_told(hidden, w):
    """Two continuous layers whose weights are too large: the chains run away, and nothing hangs or warns."""
    rbm = RBM(w, visible=Gaussian(), hidden=hidden)
    with pytest.raises(ValueError, match="the chains diverge; two continuous layers"):
        rbm.sample(2, 3000, rng=1)


def test_limits_of_threads_are_lifted_whoever_leaves_last():
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_info

    def threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    rbm, before = machine(VISIBLE[0], HIDDEN[2]), threads()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: rbm.sample(20, 20, rng=seed), range(40)))
    assert threads() == before


def test_whole_numbers_are_floats():
    g = np.array([1, 2, 3], np.uint8)
    assert (RBM(np.ones((3, 2)), visible=Bernoulli(g), hidden=Gaussian()).visible.g == [1, 2, 3]).all()
    assert Spin(np.array([True, False])).g.dtype == float
    rng = np.random.default_rng(0)
    for unit in (Bernoulli(), Spin(1), Gaussian(), ReLU(np.array([1, 2]))):
        whole, real = np.array([1, 2]), np.array([1.0, 2.0])
        np.testing.assert_array_equal(unit.mean(whole), unit.mean(real))
        np.testing.assert_array_equal(unit.variance(whole), unit.variance(real))
        assert unit.sample(whole, rng).dtype == float


def test_sparse_weights_are_copied():
    w = scipy.sparse.csr_array(np.array([[1.0, 0.0], [0.0, 2.0]]))
    rbm = RBM(w, visible=Gaussian(), hidden=Gaussian())
    w.data[:] = 5
    np.testing.assert_array_equal(rbm.inputs([1, 1]), [1, 2])
    np.testing.assert_array_equal(rbm.transposed().inputs([1, 1]), [1, 2])


def test_zero_temperature_takes_the_mode():
    rbm = machine(VISIBLE[0], HIDDEN[1])
    start = [1, -1, 1]
    v, h = rbm.sample(3, 50, T=0, rng=0, start=start)
    np.testing.assert_array_equal(v[0], rbm_sim.dynamics.alternate(rbm, start).v)
    np.testing.assert_array_equal(h, rbm.hidden.mode(rbm.inputs(v)))


def test_weights_are_read_only_and_not_copied():
    w = np.zeros((3, 2), np.float32)
    rbm = RBM(w, visible=Spin(), hidden=Gaussian())
    assert np.shares_memory(rbm.weights, w)
    with pytest.raises(ValueError, match="read-only"):
        rbm.weights[0, 0] = 1
    assert RBM([[1, 2]], visible=Spin(), hidden=Gaussian()).weights.dtype == np.float64
    assert "N=3, M=2, visible=Spin, hidden=Gaussian, float32" in repr(rbm)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [[0.0, math.nan]]}, "weights has the entry nan at [0, 1]"),
        ({"weights": [0.0, 1.0]}, "weights has shape (2,)"),
        ({"weights": np.empty((0, 3))}, "weights has shape (0, 3)"),
        ({"weights": [[1.0], [1.0, 2.0]]}, "weights = "),
        ({"weights": [["a"]]}, "weights = [['a']]"),
        ({"weights": [[1j]]}, "weights = [[1j]]"),
        ({"visible": Spin([0.1, 0.2, 0.3])}, "visible: Spin has 3 parameters: the layer has 2 units"),
        ({"hidden": ReLU([0.1, 0.2, 0.3])}, "hidden: ReLU has 3 parameters: the layer has 1 units"),
        ({"hidden": Gaussian}, "hidden = "),
        ({"visible": "spin"}, "visible = 'spin': must be a unit"),
    ],
)
def test_bad_machines(options, message):
    arguments = {"weights": [[0.5], [1.0]], "visible": Spin(), "hidden": Gaussian()} | options
    with pytest.raises(ValueError) as error:
        RBM(arguments.pop("weights"), **arguments)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rbm: rbm.energy([1, 1, 1], [0.0, 0.0]), "v has shape (3,)"),
        (lambda rbm: rbm.energy([1, -1], [0.0]), "h has shape (1,)"),
        (lambda rbm: rbm.energy(np.ones((2, 2)), np.ones((3, 2))), "v and h have shapes (2, 2) and (3, 2)"),
        (lambda rbm: rbm.energy([1, 1], [-1.0, 0.0]), "h has entries in [-1, 0]: ReLU units take values in"),
        (lambda rbm: rbm.free_energy([1, 0]), "v has entries in [0, 1]: Spin units take values in {-1, 1}"),
        (lambda rbm: rbm.free_energy([1, math.nan]), "v has the entry nan at [1]"),
        (lambda rbm: rbm.free_energy([1, 1], T=0), "T = 0: must be a finite number > 0"),
        (lambda rbm: rbm.marginal_energy(1), "v has shape ()"),
        (lambda rbm: rbm.sample(0, 1), "n_chains = 0: must be a whole number >= 1"),
        (lambda rbm: rbm.sample(True, 1), "n_chains = True"),
        (lambda rbm: rbm.sample(1, -1), "steps = -1: must be a whole number >= 0"),
        (lambda rbm: rbm.sample(1, 2.5), "steps = 2.5"),
        (lambda rbm: rbm.sample(1, 1, T=math.inf), "T = inf"),
        (lambda rbm: rbm.sample(1, 1, T=1e-320), "T = 9.99989e-321: must be 0 or lie between"),
        (lambda rbm: rbm.sample(1, 1, rng=True), "rng = True: must be None, a whole number"),
        (lambda rbm: rbm.hidden.sample(np.zeros(2), 1), "rng = 1: must be a numpy Generator"),
        (lambda rbm: rbm.hidden.sample(np.zeros(2), np.random.default_rng(0), -1), "T = -1: must be a finite number"),
        (lambda rbm: rbm.hidden.mean(np.zeros(2), 0), "T = 0: must be a finite number > 0"),
        (lambda rbm: rbm.sample(1, 1, T="1"), "T = '1'"),
        (lambda rbm: rbm.sample(1, 1, rng=-3), "rng = -3"),
        (lambda rbm: rbm.sample(1, 1, rng="seed"), "rng = 'seed'"),
        (lambda rbm: rbm.sample(2, 1, start=np.ones((3, 2))), "start has shape (3, 2)"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call(RBM([[0.5, 0.2], [1.0, -0.3]], visible=Spin(), hidden=ReLU()))
    assert str(error.value).startswith(message)


def test_public_names():
    assert {"RBM", "Bernoulli", "Spin", "Gaussian", "ReLU", "exact", "participation_ratio"} <= set(dir(rbm_sim))
    for name in rbm_sim.__all__:
        assert getattr(rbm_sim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rbm_sim.nothing  # noqa: B018


def test_a_machine_of_scikit_learn():
    """F(v) and P(h | v), as the estimator has them."""
    neural = pytest.importorskip("sklearn.neural_network")
    data = np.random.default_rng(0).integers(0, 2, (50, 7))
    fitted = neural.BernoulliRBM(n_components=4, n_iter=3, random_state=0).fit(data)
    machine = RBM.from_sklearn(fitted)
    assert machine.free_energy(data) == pytest.approx(fitted._free_energy(data), rel=1e-12)
    assert machine.hidden.mean(machine.inputs(data)) == pytest.approx(fitted.transform(data), rel=1e-12)
    kept = machine.weights.copy()
    fitted.partial_fit(data)
    assert (machine.weights == kept).all()


def test_what_is_no_machine_of_scikit_learn():
    from types import SimpleNamespace

    with pytest.raises(ValueError, match=r"must be a fitted BernoulliRBM of scikit-learn, has no components_, "):
        RBM.from_sklearn(SimpleNamespace())
    odd = SimpleNamespace(components_=np.ones((2, 3)), intercept_visible_=np.ones(2), intercept_hidden_=np.ones(3))
    with pytest.raises(ValueError, match=r"must be \(M, N\), \(N,\) and \(M,\)"):
        RBM.from_sklearn(odd)
