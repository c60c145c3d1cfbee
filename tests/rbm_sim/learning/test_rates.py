"""Rates from the curvature of the likelihood, and with them that every pair of units learns without being asked."""

import numpy as np
import pytest
from scipy import integrate, sparse

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Potts, ReLU, Spin, datasets, exact, likelihood
from rbm_sim.learning import DivergedError, Learner, Options, rates

HIDDEN = [Bernoulli(), Spin(), Gaussian(), ReLU(), DReLU()]


def test_largest_eigenvalue():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8)) + 50
    own = rng.uniform(0, 3, 8)
    for added in (0.0, own):
        exactly = np.linalg.eigvalsh(np.cov(x.T, bias=True) + np.diag(np.full(8, added)))[-1]
        assert rates.largest(x, added) == pytest.approx(exactly, rel=0.02)
    assert rates.largest(np.ones((5, 3))) == 0


def test_sparse_data_have_the_rate_of_dense_ones():
    x = (np.random.default_rng(0).random((700, 40)) < 0.1).astype(np.int8)
    x[:, 1] = x[:, 0]
    dense, thin = (rates.visible_spread(Bernoulli(), data) for data in (x, sparse.csr_array(x)))
    assert thin == pytest.approx(dense, rel=1e-9)
    found = []
    for data in (x, sparse.csr_array(x)):
        learner = Learner.begin(data, visible=Bernoulli(), hidden=ReLU(), units=3, rng=0)
        learner.learn(data)
        found.append(learner)
    assert found[1].rate == pytest.approx(found[0].rate, rel=1e-4)
    np.testing.assert_allclose(found[1].parameters.w, found[0].parameters.w, rtol=1e-3, atol=1e-5)


def test_undecided_potts_units():
    """The covariance of a vector with a single 1, each place alike."""
    found = rates.undecided(Potts(5), 35)
    values = np.linalg.eigvalsh(np.cov(np.eye(5), bias=True))
    assert found.largest == pytest.approx(values[-1]) and found.total == pytest.approx(7 * values.sum())
    assert found.units == 7


def test_slopes_by_shapes():
    """Variances of |h| and of the slope by ζ, by quadrature over the law of one unit."""
    unit, y = DReLU(1.5, 0.8, 0.4, -0.4), 0.7
    law = lambda h: np.exp(y * h - unit.potential(np.array(h)))  # noqa: E731
    mean = lambda f: sum(integrate.quad(f, *side)[0] for side in ((-30, 0), (0, 30)))  # noqa: E731
    Z = mean(law)
    variances = []
    for k in (0, 1):
        moments = [mean(lambda h, k=k, n=n: law(h) * unit.shape_slopes(np.array(h))[k] ** n) / Z for n in (1, 2)]
        variances.append(moments[1] - moments[0] ** 2)
    found = rates.hidden_spread(unit, np.full((40_000, 1), y), together=True)
    assert found.shape == pytest.approx(max(variances), rel=0.05)
    assert rates.hidden_spread(ReLU(), np.zeros((5, 2)), together=True).shape == 0


@pytest.mark.parametrize("hidden", HIDDEN)
def test_spread_of_hidden_units_is_their_covariance(hidden):
    """Against that of many draws."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=(50, 3)) @ np.array([[1.0, 0.8, 0], [0, 0.5, 0], [0, 0, 1]])
    h = hidden.sample(np.repeat(y, 2000, axis=0), rng)
    drawn = np.cov(h.T)
    assert rates.hidden_spread(hidden, y, together=True).largest == pytest.approx(
        np.linalg.eigvalsh(drawn)[-1], rel=0.03
    )
    assert rates.hidden_spread(hidden, y, together=False).largest == pytest.approx(drawn.diagonal().max(), rel=0.03)


def test_fisher_information_of_a_machine_without_couplings():
    """The variances of Σ a_iμ (v_i − ⟨v⟩)(h_μ − ⟨h⟩) over all configurations: their largest is λ_v λ_h."""
    visible, hidden = Bernoulli(np.array([0.3, -1.0, 0.5])), Spin(np.array([0.2, -0.4]))
    v, p = exact.visible_distribution(RBM(np.zeros((3, 2)), visible=visible, hidden=hidden))
    h, q = exact.hidden_distribution(RBM(np.zeros((3, 2)), visible=visible, hidden=hidden))
    dv, dh = v - p @ v, h - q @ h
    products = (dv[:, None, :, None] * dh[None, :, None, :]).reshape(len(p) * len(q), 6)
    weights = np.outer(p, q).ravel()
    information = (weights[:, None] * products).T @ products
    many = np.random.default_rng(2).choice(len(v), 40_000, p=p)
    lambda_v = rates.largest(v[many])
    lambda_h = rates.hidden_spread(Spin(), np.full((1, 2), [0.2, -0.4]), together=True).largest
    assert lambda_v * lambda_h == pytest.approx(np.linalg.eigvalsh(information)[-1], rel=0.02)


def test_units_of_other_values_have_rates_in_proportion():
    """The same machine in {0, 1} and in {−1, 1}: weights a quarter, or a half, and the gradient as much larger."""
    data = datasets.load("bars-and-stripes:4").images.astype(int)
    found = {}
    for visible, x in ((Bernoulli(), data), (Spin(), 2 * data - 1)):
        for hidden in (Bernoulli(), Spin()):
            learner = Learner.begin(x, visible=visible, hidden=hidden, units=4, rng=1, options=Options(batch_size=30))
            learner.parameters.w[:] = 0
            learner.learn(x)
            found[type(visible).__name__, type(hidden).__name__] = learner.rate
    base = found["Bernoulli", "Bernoulli"]
    assert found["Spin", "Bernoulli"] == pytest.approx(base / 4, rel=1e-3)
    assert found["Bernoulli", "Spin"] == pytest.approx(base / 4, rel=1e-3)
    assert found["Spin", "Spin"] == pytest.approx(base / 16, rel=1e-3)


@pytest.mark.parametrize("hidden", [Bernoulli(), ReLU()])
def test_potts_units_of_two_states_are_spins(hidden):
    """In the zero-sum gauge J = w_1 = −w_0 is a weight to σ = v_1 − v_0, its gradient half as large: twice the rate."""
    x = datasets.load("bars-and-stripes:4").images.astype(int)
    found = []
    for visible, data in ((Potts(2), Potts(2).one_hot(x).reshape(30, -1)), (Spin(), 2 * x - 1)):
        begun = x if isinstance(visible, Potts) else data
        learner = Learner.begin(begun, visible=visible, hidden=hidden, units=4, rng=1, options=Options(batch_size=30))
        learner.parameters.w[:] = 0
        learner.learn(data)
        found.append(learner.rate)
    assert found[0] == pytest.approx(2 * found[1], rel=1e-3)


ALIGNMENT = np.array([[0, 1, 2, 2], [0, 1, 1, 2], [2, 1, 0, 0], [2, 0, 0, 0], [1, 2, 0, 1]])


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("gauge", ["zero-sum", "lattice-gas"])
def test_a_toy_alignment_is_learned(hidden, gauge):
    """From independent columns, −4.03, towards −ln 5."""
    data, options = Potts(3).one_hot(ALIGNMENT), Options(gauge=gauge)
    learner = Learner.begin(ALIGNMENT, visible=Potts(3), hidden=hidden, units=6, rng=0, options=options)
    for _ in range(600):
        learner.learn(data.reshape(5, -1))
    assert -3.0 < exact.log_likelihood(learner.rbm, data) < -np.log(5)


def test_rates_that_are_given_are_taken():
    data = datasets.load("bars-and-stripes:4").images
    learner = Learner.begin(
        data, visible=Bernoulli(), hidden=ReLU(), units=4, options=Options(learning_rate=0.01, decay=0.5)
    )
    for wanted in (0.01, 0.005):
        learner.learn(data)
        assert learner.rate == pytest.approx(wanted)
    halved = Learner.begin(data, visible=Bernoulli(), hidden=Bernoulli(), units=4, rng=1, options=Options(decay=0.5))
    halved.learn(data)
    first = halved.rate
    halved.parameters.w[:], halved.epoch = halved.parameters.w, 3
    halved.learn(data)
    assert halved.rate == pytest.approx(first / 8, rel=0.1)


def test_batches_follow_the_data():
    assert [rates.usual_batch(n) for n in (5, 999, 1400, 60_000)] == [10, 10, 14, 100]
    assert [Options().batch_of(n) for n in (5, 1400)] == [5, 14]
    assert Options(batch_size=30).batch_of(20) == 20


def test_data_that_do_not_vary():
    """Ten equal data and many hidden units: nothing to learn, and nothing that runs away."""
    for hidden in HIDDEN:
        learner = Learner.begin(np.ones((10, 3)), visible=Spin(), hidden=hidden, units=256, rng=0)
        for _ in range(10):
            learner.learn(np.ones((10, 3), np.int8))
        assert np.abs(learner.parameters.w).max() < 3


@pytest.mark.parametrize("visible", [Bernoulli(), Spin(), Gaussian(), Potts(3)])
def test_one_datum_of_many_units(visible):
    """It does not vary, the machine does, and one chain is all there is of it: nothing runs away at default rates."""
    x = np.random.default_rng(1).integers(0, 2, (1, 2000)).astype(np.int8)
    data = 2 * x - 1 if isinstance(visible, Spin) else x
    for hidden in HIDDEN:
        learner = Learner.begin(data, visible=visible, hidden=hidden, units=20, rng=0)
        rows = visible.one_hot(data).reshape(1, -1).astype(np.int8) if isinstance(visible, Potts) else data
        for _ in range(12):
            learner.learn(rows)
        assert np.abs(learner.parameters.w).max() < 0.1


def test_the_bound_on_a_step_does_not_touch_usual_data():
    """500 data of 40 units and more, their units independent or not: the curvature decides."""
    x = np.random.default_rng(0).integers(0, 2, (500, 40))
    for data in (x, np.repeat(x[:, :8], 5, axis=1)):
        visible = rates.visible_spread(Bernoulli(), data)
        hidden = rates.Spread(0.25, 0.25 * 4, 4)
        assert rates.usual_rate(visible, hidden, 10) == rates.FRACTION / (visible.largest * hidden.largest)


def test_divergence_blames_the_default_rate_if_none_was_given():
    data = datasets.bars_and_stripes(3).images
    given = {"penalty": 1e30}
    for more, said in (
        ({}, "the default learning_rate, now [0-9.e-]+,"),
        ({"learning_rate": 1.0}, "learning_rate = 1"),
    ):
        options = Options(**given, **more)
        learner = Learner.begin(data, visible=Bernoulli(), hidden=ReLU(), units=4, rng=0, options=options)
        with pytest.raises(DivergedError, match=rf"; {said} or penalty = 1e\+30 is too large for these data"):
            learner.learn(data)


def digits(visible):
    x = datasets.load("digits").images >= 0.5
    return x.astype(int) if isinstance(visible, Bernoulli) else 2 * x.astype(int) - 1


@pytest.mark.slow
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("visible", [Bernoulli(), Spin()])
def test_every_pair_learns_bars_and_stripes(visible, hidden):
    """From −11.09 towards −ln 30 = −3.40: the exact log-likelihood, two seeds, defaults of everything."""
    data = datasets.load("bars-and-stripes:4").images.astype(int)
    data = data if isinstance(visible, Bernoulli) else 2 * data - 1
    alone = likelihood.independent_pixels(data, data).mean
    for rng in (0, 1):
        learner = Learner.begin(data, visible=visible, hidden=hidden, units=10, rng=rng)
        found = []
        for _ in range(300):
            learner.learn(data)
            if learner.epoch % 100 == 0:
                found.append(exact.log_likelihood(learner.rbm, data))
        assert found[0] > alone + 0.3 and found[1] > found[0] + 0.3 and found[2] > found[1]
        assert alone + 2 < found[2] < -np.log(30)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("hidden", [Spin(), Gaussian(), ReLU(), DReLU(), Bernoulli()])
@pytest.mark.parametrize("visible", [Spin(), Bernoulli()])
def test_every_pair_learns_digits(visible, hidden):
    """Ten epochs on digits, few hidden units: exact log-likelihood of others, 4 nats above independent pixels."""
    x = digits(visible)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = x[order[:1400]], x[order[1400:]]
    learner = Learner.begin(train, visible=visible, hidden=hidden, units=12, rng=0)
    for _ in range(10):
        learner.learn(train)
    alone = likelihood.independent_pixels(train, test).mean
    if isinstance(hidden, Bernoulli | Spin):
        assert exact.log_likelihood(learner.rbm, test) > alone + 3.5
    else:
        from rbm_sim.partition import ais

        log_Z = ais.log_partition(learner.rbm, base=train, n_temperatures=500, rng=0)
        assert log_Z.reliable and likelihood.log_likelihood(learner.rbm, test, log_Z).mean > alone + 3.5
