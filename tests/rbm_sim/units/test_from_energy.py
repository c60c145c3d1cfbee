"""Units of any energy against sums, quadrature, and the units that are known in closed form."""

import dataclasses
import math
import pickle
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from rbm_sim import (
    RBM,
    Bernoulli,
    Continuous,
    Discrete,
    Gaussian,
    Mixture,
    ReLU,
    Spin,
    anneal,
    order_parameters_at,
    parallel_tempering,
)
from rbm_sim.partition import exact
from rbm_sim.retrieval.dynamics import descend

INPUTS = np.array([-6.0, -1.3, -0.2, 0.0, 0.4, 2.5, 7.0])
Z_MAX = 4.0  # a statistical test of a correct law fails with probability 6e-5


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2 - 0.1 * x


class Levels(Discrete):
    values = (-2.0, -0.7, 0.1, 1.5)

    def energy(self, x, T):
        return x**3 / 4 + T * x**2


class Quartic(Continuous):
    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10


class Box(Continuous):
    support = (-1.0, 1.0)

    def energy(self, x, T):
        return 0.0


@dataclasses.dataclass(frozen=True)
class Wells(Continuous):
    """Two wells and a kink at 0, on a half line, with a force of one's own."""

    force: float = 0.2
    support: ClassVar[tuple[float, ...]] = (-2.5, 0.0, math.inf)

    def energy(self, x, T):
        return (x * x - 1) ** 2 / 2 + 0.5 * abs(x) - self.force * x


DISCRETE = [Trit(), Levels()]
INTERVAL = [Quartic(), Box(), Wells()]
OWN = DISCRETE + INTERVAL
ALL = [*OWN, Mixture(0.6)]


def unit_id(unit):
    return type(unit).__name__


def prior(x, Omega):
    """Density of a mixture of two normal laws."""
    a, width = math.sqrt(Omega), math.sqrt(1 - Omega)
    return (stats.norm.pdf(x, a, width) + stats.norm.pdf(x, -a, width)) / 2


def rule(unit, top=math.inf):
    """Nodes and weights up to a value: the values, or 40 Gauss–Legendre nodes for each half of a unit of x."""
    if isinstance(unit, Discrete):
        x = np.array([v for v in unit.values if v <= top])
        return x, np.ones(len(x))
    low, high = {"Box": (-1, 1), "Wells": (-2.5, 5), "Quartic": (-8, 8)}.get(type(unit).__name__, (-15, 15))
    edges = np.minimum(np.arange(low, high + 0.25, 0.5), top)
    node, weight = np.polynomial.legendre.leggauss(40)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


def weighted(unit, I, T, top=math.inf):
    """Values and exp{(I x − U(x))/T}, times the weights of a rule."""
    x, weight = rule(unit, top)
    law = prior(x, unit.Omega) if isinstance(unit, Mixture) else np.exp(-unit.energy(x, T) / T)
    return x, weight * law * np.exp(I * x / T)


@pytest.mark.parametrize("unit", ALL, ids=unit_id)
@pytest.mark.parametrize("T", [0.5, 2.0])
def test_law_by_sums(unit, T):
    K = unit.log_partition(INPUTS, T)
    kappa = np.array([unit.cumulant(INPUTS, order, T) for order in (1, 2, 3, 4)]).T
    for I, K_I, found in zip(INPUTS, K, kappa, strict=True):
        x, P = weighted(unit, I, T)
        assert pytest.approx(math.log(P.sum()), rel=1e-12, abs=1e-11) == K_I
        P /= P.sum()
        second, third, fourth = (P @ (x - P @ x) ** n for n in (2, 3, 4))
        np.testing.assert_allclose(found, [P @ x, second, third, fourth - 3 * second**2], rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(unit.variance(INPUTS, T), kappa[:, 1])


@pytest.mark.parametrize("unit", ALL, ids=unit_id)
def test_cdf_by_sums(unit):
    T, tops = 0.7, np.array([-9.0, -1.0, -0.3, 0.0, 0.2, 1.0, 3.1, 30.0])
    found = unit.cdf(tops, np.full((2, 1), 0.4), T)
    assert found.shape == (2, 8)
    Z = weighted(unit, 0.4, T)[1].sum()
    expected = [weighted(unit, 0.4, T, top)[1].sum() / Z for top in tops]
    np.testing.assert_allclose(found, [expected, expected], atol=1e-12)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("unit", ALL, ids=unit_id)
@pytest.mark.parametrize("T", [0.05, 0.5, 3.0])
def test_draws_have_the_law(unit, T):
    """20 000 draws at each input, seed 7: mean and variance by z < 4, and the whole law by Kolmogorov–Smirnov or χ²."""
    n = 20_000
    x = unit.sample(np.broadcast_to(INPUTS, (n, len(INPUTS))), np.random.default_rng(7), T)
    assert x.shape == (n, len(INPUTS))
    assert unit.contains(x)
    mean, variance, fourth = (unit.cumulant(INPUTS, order, T) for order in (1, 2, 4))
    error = np.sqrt(np.maximum(variance, 1e-4) / n)  # a few rare events are not normal
    assert np.abs((x.mean(axis=0) - mean) / error).max() < Z_MAX
    error = np.sqrt(np.maximum(fourth + 2 * variance**2, 1e-4) / n)
    assert np.abs((((x - mean) ** 2).mean(axis=0) - variance) / error).max() < Z_MAX
    for column, I in zip(x.T, INPUTS, strict=True):
        if isinstance(unit, Discrete):
            P = np.diff([0.0, *unit.cdf(np.array(unit.values), np.full(len(unit.values), I), T)])
            counts = np.array([(column == value).sum() for value in unit.values])
            used = n * P >= 5
            chi2 = ((counts - n * P)[used] ** 2 / (n * P)[used]).sum()
            assert stats.chi2.sf(chi2, max(used.sum() - 1, 1)) > 1e-4
        else:
            grid = np.linspace(column.min(), column.max(), 301)
            law = unit.cdf(grid, np.full_like(grid, I), T)  # straight lines between are off by 1e-4 at most
            assert stats.kstest(column, lambda y, grid=grid, law=law: np.interp(y, grid, law)).pvalue > 1e-4


def test_fine_structure_of_the_draws():
    """10⁶ draws of a cut law that falls by e² over a cell of the table: χ² in bins finer than the cells."""
    unit, T, I = Box(), 0.02, 0.9
    x = unit.sample(np.full(1_000_000, I), np.random.default_rng(3), T)
    rate = I / T
    edges = 1 - np.linspace(0.2, 0, 401)
    P = np.diff(np.exp(rate * (edges - 1)))
    counts, _ = np.histogram(x, edges)
    used = P * 1e6 >= 20
    chi2 = ((counts - 1e6 * P)[used] ** 2 / (1e6 * P)[used]).sum()
    assert stats.chi2.sf(chi2, used.sum()) > 1e-3


class Half(Continuous):
    support = (0.0, math.inf)

    def energy(self, x, T):
        return x**2 / 2 + 0.7 * x


class Parabola(Continuous):
    def energy(self, x, T):
        return x**2 / 2


class Bit(Discrete):
    values = (0.0, 1.0)

    def energy(self, x, T):
        return -0.3 * x


class Sign(Discrete):
    values = (-1.0, 1.0)

    def energy(self, x, T):
        return 0.4 * x


class Bells(Continuous):
    def energy(self, x, T):
        return -T * np.log(np.maximum(prior(x, 0.6), 1e-300))


@pytest.mark.parametrize(
    ("own", "known"),
    [(Half(), ReLU(0.7)), (Parabola(), Gaussian()), (Bit(), Bernoulli(0.3)), (Sign(), Spin(-0.4))],
    ids=["ReLU", "Gaussian", "Bernoulli", "Spin"],
)
@pytest.mark.parametrize("T", [0.3, 1.0])
def test_the_units_that_are_known(own, known, T):
    np.testing.assert_allclose(own.log_partition(INPUTS, T), known.log_partition(INPUTS, T), atol=1e-11)
    for order in range(1, 7):
        np.testing.assert_allclose(
            own.cumulant(INPUTS, order, T), known.cumulant(INPUTS, order, T), rtol=1e-8, atol=1e-10
        )
    np.testing.assert_allclose(own.mode(INPUTS), known.mode(INPUTS), atol=1e-7)
    np.testing.assert_allclose(own.ground(INPUTS), known.ground(INPUTS), atol=1e-11)
    np.testing.assert_allclose(own.curvature(INPUTS), known.curvature(INPUTS), atol=1e-4)
    x = known.sample(np.tile(INPUTS, 4), np.random.default_rng(0), T)
    np.testing.assert_allclose(own.cdf(x, np.tile(INPUTS, 4), T), known.cdf(x, np.tile(INPUTS, 4), T), atol=1e-11)
    np.testing.assert_allclose(own.potential(x), known.potential(x), atol=1e-14)


def test_a_mixture_is_the_unit_of_its_prior():
    for T in (0.5, 2.0):
        for order in (1, 2, 3, 4):
            found = Bells().cumulant(INPUTS, order, T)
            np.testing.assert_allclose(found, Mixture(0.6).cumulant(INPUTS, order, T), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(Mixture(0.0).variance(INPUTS), 1.0)


@pytest.mark.medium
@pytest.mark.parametrize("unit", OWN, ids=unit_id)
def test_zero_temperature_by_search(unit):
    if isinstance(unit, Discrete):
        x = np.array(unit.values[::-1])
    else:
        low, high = {"Box": (-1, 1), "Wells": (-2.5, 4)}.get(type(unit).__name__, (-6, 6))
        x = np.linspace(low, high, 400_001)[::-1]
    for I in INPUTS:
        gain = I * x - unit.energy(x, 0.0)
        assert unit.ground(np.array([I]))[0] == pytest.approx(gain.max(), abs=1e-9)
        assert unit.mode(np.array([I]))[0] == pytest.approx(x[gain.argmax()], abs=3e-5)
    I, T = INPUTS + 0.05, 1e-5
    np.testing.assert_allclose(T * unit.log_partition(I, T), unit.ground(I), atol=3e-4)
    np.testing.assert_allclose(unit.mean(I, T), unit.mode(I), atol=3e-4)


@pytest.mark.parametrize("unit", ALL, ids=unit_id)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(unit, dtype):
    layer = unit.expanded(len(INPUTS), dtype)
    I, rng = INPUTS.astype(dtype), np.random.default_rng(0)
    x = layer.sample(I, rng, 0.5)
    results = [x, layer.log_partition(I, 0.5), layer.mean(I, 0.5), layer.cumulant(I, 3, 0.5), layer.cdf(x, I, 0.5)]
    if unit in (Trit(), *INTERVAL):
        results += [layer.mode(I), layer.curvature(I), layer.ground(I), layer.potential(x)]
    assert [result.dtype for result in results] == [dtype] * len(results)
    assert layer.contains(x)


def test_a_temperature_for_each_chain():
    """Chains at T = 0.2 and 2, side by side: the mean square of each by z < 4, seed 1."""
    T = np.repeat([0.2, 2.0], 10_000)[:, None]
    for unit in (Trit(), Levels(), Quartic(), Box(), Mixture(0.6)):
        x = unit.sample(np.full((20_000, 2), 0.4), np.random.default_rng(1), T)
        for half, value in ((x[:10_000], 0.2), (x[10_000:], 2.0)):
            mean, variance = (float(unit.cumulant(0.4, order, value)) for order in (1, 2))
            assert abs(half.mean() - mean) < Z_MAX * math.sqrt(variance / half.size)


@dataclasses.dataclass
class Stiff(Continuous):
    """A unit with a parameter, and without a hash."""

    k: float = 1.0

    def energy(self, x, T):
        return self.k * x**2 / 2


@pytest.mark.medium
def test_far_inputs_cold_units_and_what_is_not_finite():
    assert Stiff(2.0).variance(np.array([3.0]))[0] == pytest.approx(0.5, rel=1e-10)
    far = Stiff().sample(np.full(4000, 30.0), np.random.default_rng(1))
    assert abs(far.mean() - 30) < Z_MAX / math.sqrt(4000)
    cold = Quartic().sample(np.full(4000, 1.0), np.random.default_rng(1), 1e-4)
    width = math.sqrt(Quartic().variance(1.0, 1e-4))
    assert width == pytest.approx(math.sqrt(1e-4 / (1 + 1.2 * cold.mean() ** 2)), rel=1e-2)  # √(T/U'')
    assert cold.std() == pytest.approx(width, rel=Z_MAX / math.sqrt(2 * 4000))
    holes = Quartic().sample(np.array([np.nan, 1.0]), np.random.default_rng(1))
    assert np.isnan(holes[0])
    assert np.isfinite(holes[1])
    assert Quartic().sample(np.zeros((0, 3)), np.random.default_rng(1)).shape == (0, 3)


def machine_law(rbm, T):
    """All states of three trits, their probabilities with the hidden layer summed out, and the inputs of this."""
    v = np.stack(np.meshgrid(*3 * [Trit.values], indexing="ij"), axis=-1).reshape(-1, 3)
    P = np.exp(-(rbm.free_energy(v, T) - rbm.free_energy(v, T).min()) / T)
    return v, P / P.sum(), v @ rbm.weights


@pytest.mark.medium
@pytest.mark.parametrize("hidden", [Quartic(), Box(), Mixture(0.6), Spin(0.2)], ids=unit_id)
def test_gibbs_sampling_of_a_small_machine(hidden):
    """Three trits and two hidden units against all 27 states: q, r, C, B by z < 4 (40 chains of 300 sweeps, seed 1)."""
    T = 0.8
    w = np.random.default_rng(3).normal(size=(3, 2))
    rbm = RBM(w, visible=Trit(), hidden=hidden)
    v, P, I = machine_law(rbm, T)
    found = order_parameters_at(rbm, T=T, n_chains=40, steps=300, burn_in=50, rng=1)
    h = hidden.mean(I, T)
    q, q_d = ((P @ v) ** 2).mean(), (P @ v**2).mean()
    r, r_d = ((P @ h)[1:] ** 2).mean(), (P @ (h**2 + hidden.variance(I, T)))[1:].mean()
    expected = (q, r, q_d, r_d, (q_d - q) / T, (r_d - r) / T)
    for estimate, value in zip(found[1:], expected, strict=True):
        assert abs(estimate.mean - value) < Z_MAX * estimate.stderr + 1e-12


@pytest.mark.medium
def test_tempering_and_annealing_reach_the_same_law():
    """⟨v⟩ of three trits and two quartic units by parallel tempering and by annealing, z < 4 against all states."""
    T = 0.5
    rbm = RBM(np.random.default_rng(3).normal(size=(3, 2)) / 2, visible=Trit(), hidden=Quartic())
    v, P, _ = machine_law(rbm, T)
    mean = P @ v
    error = np.sqrt((P @ v**2 - mean**2) / 1000)
    tempered = parallel_tempering(rbm, [2.0, 1.0, T], n_chains=1000, sweeps=100, rng=1).v[-1]
    annealed = anneal(rbm, [2.0, 1.0, T], n_chains=1000, steps_per_temperature=100, rng=2).v
    for sample in (tempered, annealed):
        assert np.abs((sample.mean(axis=0) - mean) / error).max() < Z_MAX


@pytest.mark.medium
def test_descent_with_hidden_units_of_ones_own():
    """Single-unit moves end where no other unit flipped alone has a lower E(v)."""
    rng = np.random.default_rng(5)
    rbm = RBM(rng.normal(size=(8, 4)) / 3, visible=Spin(), hidden=Quartic())
    v = descend(rbm, rng.choice([-1.0, 1.0], size=(3, 8)), rng=1).v
    for state in np.atleast_2d(v):
        flips = state * (1 - 2 * np.eye(8))
        assert (rbm.marginal_energy(flips) >= rbm.marginal_energy(state) - 1e-9).all()


def test_enumeration_takes_hidden_units_of_ones_own():
    rbm = RBM(np.random.default_rng(5).normal(size=(4, 3)), visible=Bernoulli(), hidden=Trit())
    v, P = exact.visible_distribution(rbm, 0.7)
    h = np.stack(np.meshgrid(*3 * [Trit.values], indexing="ij"), axis=-1).reshape(-1, 3)
    joint = np.exp(-rbm.energy(v[:, None], h) / 0.7)
    np.testing.assert_allclose(P, joint.sum(axis=1) / joint.sum(), rtol=1e-12)


class Adjustable(Continuous):
    """A force that is a plain attribute, and may be changed; `also` is any function besides."""

    def __init__(self, force, also=None):
        self.force, self.also = force, also

    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10 - self.force[0] * x + (0.0 if self.also is None else self.also(x))


def results(unit):
    """What goes by tables and panels that are kept."""
    rng = np.random.default_rng(0)
    return [unit.mean(INPUTS, 0.7), unit.log_partition(INPUTS), unit.cdf(INPUTS, INPUTS), unit.sample(INPUTS, rng, 0.7)]


@pytest.mark.parametrize("also", [None, lambda x: x**2], ids=["plain", "no pickle"])
def test_a_changed_attribute_changes_the_answers(also):
    changed, fresh = Adjustable([0.3], also), Adjustable([80.0], also)
    before = results(changed)
    changed.force = [80.0]
    np.testing.assert_array_equal(results(changed), results(fresh))
    changed.force[0] = 0.3  # in place
    np.testing.assert_array_equal(results(changed), before)
    if also is not None:
        changed.also = lambda x: x**4
        np.testing.assert_array_equal(results(changed), results(Adjustable([0.3], changed.also)))


def test_tables_are_computed_once_and_stay_at_home():
    unit = Adjustable([0.3])
    results(unit)
    assert unit._edges(0.7, 8.0) is unit._edges(0.7, 8.0)
    assert vars(pickle.loads(pickle.dumps(unit))) == {"force": [0.3], "also": None}


def bad_class(base, **attributes):
    return lambda: type("Bad", (base,), {"energy": lambda self, x, T: x, **attributes})


class Runaway(Continuous):
    def energy(self, x, T):
        return abs(x)


class Hidden(Continuous):
    """A kink that support does not list."""

    support = (-1.0, 1.0)

    def energy(self, x, T):
        return 20 * abs(x - 1 / 3)


class NotANumber(Discrete):
    values = (-1.0, 1.0)

    def energy(self, x, T):
        return np.where(x < 0, np.nan, x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bad_class(Discrete), "Bad.values = (): must be two or more increasing numbers"),
        (bad_class(Discrete, values=(1.0, 0.0)), "Bad.values = (1.0, 0.0): must be"),
        (bad_class(Continuous, support=(1.0,)), "Bad.support = (1.0,): must be"),
        (lambda: Mixture(1.0), "Omega = 1.0: must be a finite number >= 0 and < 1"),
        (lambda: Runaway().mean(INPUTS), "Runaway: its energy does not outgrow I x at I = "),
        (
            lambda: Hidden().mean(INPUTS, 0.1),
            "Hidden: sums over its law at T = 0.1 do not converge for all |I| ≤ 8; points",
        ),
        (lambda: NotANumber().mean(INPUTS), "NotANumber.energy is nan or −inf within {-1, 1}"),
        (lambda: Mixture().potential(INPUTS), "Mixture units have a potential that depends on T"),
        (lambda: Levels().potential(np.array([0.1])), "Levels has an energy that depends on T"),
        (lambda: Mixture().sample(INPUTS, np.random.default_rng(0), 0), "T = 0: the prior of Mixture units"),
        (lambda: RBM([[1.0]], visible=Trit(), hidden=Spin()).energy([0.5], [1.0]), "v has entries in [0.5, 0.5]: Trit"),
        (lambda: RBM([[1.0]], visible=Box(), hidden=Spin()).energy([1.5], [1.0]), "v has entries in [1.5, 1.5]: Box"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value).startswith(message)
