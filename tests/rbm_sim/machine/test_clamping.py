"""Visible units held at given values: the others have the conditional law, those held keep every bit.

The law is held against one of its own making: two free units of three on a grid, the hidden layer summed or integrated
with formulas written out here. Machines are sampled as many copies side by side, as in test_gibbs.py.
"""

import itertools
import math

import numpy as np
import pytest
from rbm_sim.gibbs import Chains
from scipy import stats
from scipy.special import log_ndtr

from rbm_sim import RBM, Bernoulli, Continuous, Discrete, Gaussian, Mixture, ReLU, Spin
from rbm_sim._support import blas
from rbm_sim.machine.weights import stored
from rbm_sim.partition import exact

Z_MAX = 5.0  # 1000 numbers are compared: one of them is beyond by chance in 1 of 1700 seeds
P_MIN = 1e-4
COPIES, CHAINS, SWEEPS = 20, 10_000, 12
WEIGHTS = np.array([[0.45, 0.25], [-0.2, 0.4], [0.3, 0.15]])
FREE, HELD = [0, 2], 1


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2 - 0.1 * x


class Quartic(Continuous):
    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10


VISIBLE = {
    "bernoulli": Bernoulli([0.7, 1.0, 0.2]),
    "spin": Spin([0.3, -0.2, 0.5]),
    "gaussian": Gaussian(),
    "relu": ReLU([-0.6, 0.2, 0.4]),
    "trit": Trit(),
    "quartic": Quartic(),
    "mixture": Mixture(0.6),
}
HIDDEN = {
    "bernoulli": Bernoulli([0.7, -0.4]),
    "spin": Spin([0.3, -0.2]),
    "gaussian": Gaussian(),
    "relu": ReLU([-0.6, 0.2]),
}
VALUE = {"bernoulli": 1.0, "spin": -1.0, "gaussian": 1.3, "relu": 1.7, "trit": -1.0, "quartic": -1.1, "mixture": 1.3}
LISTS = {"bernoulli": (0.0, 1.0), "spin": (-1.0, 1.0), "trit": Trit.values}


@pytest.fixture(autouse=True)
def one_thread():
    with blas.one_thread():
        yield


def machine(visible, hidden, copies=1, dtype=np.float64, kind=None):
    def layer(unit):
        name = {"Spin": "g", "Bernoulli": "g", "ReLU": "theta"}.get(type(unit).__name__)
        return type(unit)(np.tile(getattr(unit, name), copies)) if name else unit

    v = layer(VISIBLE[visible])
    v = v if kind is None else kind(v)
    return RBM(np.kron(np.eye(copies), WEIGHTS).astype(dtype), visible=v, hidden=layer(HIDDEN[hidden]))


def log_weight(name, x, i, T):
    """−U_i(x)/T of a visible unit, or the logarithm of its prior."""
    if name == "mixture":
        a = math.sqrt(0.6)
        return np.logaddexp(stats.norm.logpdf(x, a, math.sqrt(0.4)), stats.norm.logpdf(x, -a, math.sqrt(0.4)))
    U = {
        "bernoulli": -np.array([0.7, 1.0, 0.2])[i] * x,
        "spin": -np.array([0.3, -0.2, 0.5])[i] * x,
        "gaussian": x**2 / 2,
        "relu": x**2 / 2 + np.array([-0.6, 0.2, 0.4])[i] * x,
        "trit": 0.3 * x**2 - 0.1 * x,
        "quartic": x**2 / 2 + x**4 / 10,
    }[name]
    return -U / T


def log_hidden(name, I, T):
    """K of each hidden unit, and its mean T dK/dI by a difference."""

    def K(I):
        if name == "bernoulli":
            return np.logaddexp(0, (I + np.array([0.7, -0.4])) / T)
        if name == "spin":
            y = (I + np.array([0.3, -0.2])) / T
            return np.logaddexp(y, -y)
        if name == "gaussian":
            return I**2 / (2 * T)
        y = I - np.array([-0.6, 0.2])
        return y**2 / (2 * T) + log_ndtr(y / math.sqrt(T))

    step = 1e-5
    return K(I), T * (K(I + step) - K(I - step)) / (2 * step)


def cells(name, T):
    """Nodes, weights and cells of a free unit: its values, or six Gauss–Legendre nodes in each cell of its domain."""
    if name in LISTS:
        x = np.array(LISTS[name])
        return x, np.ones(len(x)), len(x), None
    width = 1.0 if name == "mixture" else math.sqrt(T)
    edges = width * np.linspace(0 if name == "relu" else -12, 14, 43 if name == "relu" else 79)
    node, weight = np.polynomial.legendre.leggauss(6)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel(), len(edges) - 1, edges


def reference(visible, hidden, T):
    """Means of v_0, v_2, v_0 v_2, v_0², v_2², h and v_i h_μ given v_1, and the law of each free unit in its cells."""
    x, weight, count, edges = cells(visible, T)
    a, b = np.meshgrid(x, x, indexing="ij")
    I = a[..., None] * WEIGHTS[0] + b[..., None] * WEIGHTS[2] + VALUE[visible] * WEIGHTS[HELD]
    K, h = log_hidden(hidden, I, T)
    log_p = log_weight(visible, a, 0, T) + log_weight(visible, b, 2, T) + K.sum(axis=-1)
    P = np.exp(log_p - log_p.max()) * np.outer(weight, weight)
    P /= P.sum()
    means = [(P * f).sum() for f in (a, b, a * b, a * a, b * b)]
    means += [(P * f * h[..., k]).sum() for k in (0, 1) for f in (1, a, b)]
    laws = [P.sum(axis=axis).reshape(count, -1).sum(axis=1) for axis in (1, 0)]
    return np.array(means), laws, edges


def sampled(rbm, visible, T, rng=1):
    N = rbm.shape[0]
    mask = np.arange(N) % 3 == HELD
    v, h = rbm.sample(CHAINS, SWEEPS, T, rng=rng, clamp=mask, values=np.full(N, VALUE[visible]))
    assert v.dtype == rbm.dtype and (v[:, mask] == rbm.dtype.type(VALUE[visible])).all()
    return v.reshape(-1, 3).astype(float), h.reshape(-1, 2).astype(float)


def deviation(visible, hidden, T, dtype=np.float64, kind=None):
    """Largest |z| of the means, and the least p of χ² of the laws of the free units."""
    v, h = sampled(machine(visible, hidden, COPIES, dtype, kind), visible, T)
    a, b = v[:, FREE].T
    means, laws, edges = reference(visible, hidden, T)
    seen = [a, b, a * b, a * a, b * b, *(f * h[:, k] for k in (0, 1) for f in (1, a, b))]
    z = [abs(x.mean() - mean) / (x.std() / math.sqrt(len(x)) + 1e-12) for x, mean in zip(seen, means, strict=True)]
    counts = [
        [(x == value).sum() for value in LISTS[visible]] if edges is None else np.histogram(x, edges)[0] for x in (a, b)
    ]
    return max(z), min(chi_square(np.array(n), law) for n, law in zip(counts, laws, strict=True))


def chi_square(counts, law):
    total = CHAINS * COPIES
    assert counts.sum() == total
    rare = law * total < 30
    observed, expected = np.append(counts[~rare], counts[rare].sum()), np.append(law[~rare], law[rare].sum()) * total
    used = expected > 1
    return stats.chi2.sf(((observed - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(("visible", "hidden"), list(itertools.product(VISIBLE, HIDDEN)))
@pytest.mark.parametrize(("T", "dtype"), [(0.5, float), (1.0, float), (2.0, float), (1.0, np.float32)])
def test_free_units_have_the_conditional_law(visible, hidden, T, dtype):
    z, p = deviation(visible, hidden, T, dtype)
    assert z < Z_MAX and p > P_MIN


def one_percent_off(unit):
    """The unit with a law that is 1 % wrong: the probability of the upper value, or every value."""

    class Wrong(type(unit)):
        def sample(self, I, rng, T=1.0):
            if hasattr(self, "low"):
                P = (self.mean(I, T) - self.low) / (1 - self.low)
                return np.where(rng.random(I.shape) < 1.01 * P, 1.0, self.low).astype(I.dtype)
            return I.dtype.type(1.01) * super().sample(I, rng, T)

    name = {"Spin": "g", "Bernoulli": "g", "ReLU": "theta"}.get(type(unit).__name__)
    return Wrong(getattr(unit, name)) if name else Wrong()


@pytest.mark.medium
@pytest.mark.parametrize("visible", ["bernoulli", "spin", "relu", "gaussian"])
def test_a_unit_one_percent_off_is_noticed(visible):
    z, _ = deviation(visible, "bernoulli", 1.0, kind=one_percent_off)
    assert z > Z_MAX


@pytest.mark.parametrize("threads", [1, 2])
def test_every_chain_has_its_own_mask_and_values(threads):
    """Chains in turn hold the first unit, the last two, none and all, at values drawn for each."""
    n = 40_000
    rbm = machine("spin", "relu")
    rng = np.random.default_rng(0)
    masks = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1]], bool)
    mask, values = np.tile(masks, (n // 4, 1)), rng.choice([-1.0, 1.0], (n, 3))
    v, h = rbm.sample(n, 15, 0.8, rng=3, clamp=mask, values=values, threads=threads)
    np.testing.assert_array_equal(v[mask], values[mask])
    states, P = exact.visible_distribution(rbm, 0.8)
    for which, known in enumerate(masks):
        for given in itertools.product([-1.0, 1.0], repeat=known.sum()):
            mine = (np.arange(n) % 4 == which) & (values[:, known] == given).all(axis=1)
            fits = (states[:, known] == given).all(axis=1)
            law = P * fits / P[fits].sum()
            for i in np.flatnonzero(~known):
                mean = law @ states[:, i]
                assert abs(v[mine, i].mean() - mean) < 4.5 * math.sqrt((1 - mean**2) / mine.sum())
            I = states @ WEIGHTS
            expected = law @ rbm.hidden.mean(I, 0.8)
            np.testing.assert_array_less(
                abs(h[mine].mean(axis=0) - expected), 4.5 * h[mine].std(axis=0) / mine.sum() ** 0.5
            )


def test_threads_change_nothing():
    rbm = machine("bernoulli", "gaussian")
    given = {"values": [1.0, np.nan, np.nan], "rng": 5}
    for one, two in zip(rbm.sample(900, 3, **given), rbm.sample(900, 3, **given, threads=2), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.some(8)
@pytest.mark.parametrize("visible", ["bernoulli", "spin", "gaussian", "relu", "trit"])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_at_zero_temperature_free_units_go_downhill(visible, hidden):
    """Each half of a sweep minimises E(v, h) over the free units of a layer, and so E never rises."""
    rbm = machine(visible, hidden)
    values = [np.nan, VALUE[visible], np.nan]
    energies = []
    for steps in range(30):
        v, h = rbm.sample(50, steps, 0.0, rng=2, values=values)
        assert (v[:, HELD] == VALUE[visible]).all()
        energies.append(rbm.energy(v, h))
    assert (np.diff(energies, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(v[:, FREE], rbm.visible.mode(h @ WEIGHTS.T)[:, FREE], atol=1e-8)
    np.testing.assert_allclose(h, rbm.hidden.mode(v @ WEIGHTS), atol=1e-12)


@pytest.mark.some(8)
@pytest.mark.parametrize("T", [0.0, 0.3, [0.5, 1.0, 4.0]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_held_units_keep_every_bit(T, dtype, steps):
    rbm = RBM(WEIGHTS.astype(dtype), visible=Gaussian(), hidden=ReLU())
    values = np.array([[0.1, np.nan, 1 / 3], [-np.pi, 1e-30, np.nan], [np.nan, np.nan, 1e20]])
    v = rbm.sample(3, steps, T, rng=0, values=values, start=[5.0, 5.0, 5.0]).v
    known = ~np.isnan(values)
    assert v[known].tobytes() == values[known].astype(dtype).tobytes()
    assert (v[~known] == 5).all() == (steps == 0)


def test_without_anything_held_nothing_changes():
    rbm = machine("relu", "spin")
    plain = rbm.sample(300, 4, 0.7, rng=9)
    for given in ({"values": [np.nan] * 3}, {"values": [1.0, 2.0, 3.0], "clamp": [False] * 3}):
        for x, y in zip(plain, rbm.sample(300, 4, 0.7, rng=9, **given), strict=True):
            np.testing.assert_array_equal(x, y)


def test_what_stands_under_a_free_unit_does_not_matter():
    rbm = machine("bernoulli", "relu")
    one = rbm.sample(20, 5, rng=1, clamp=[True, False, False], values=[1.0, 7.5, np.nan]).v
    two = rbm.sample(20, 5, rng=1, values=[1.0, np.nan, np.nan]).v
    np.testing.assert_array_equal(one, two)


class Frame(dict):
    """A table with named columns, as far as it is asked for."""

    columns = property(list)
    dtypes = None

    def to_numpy(self):
        """Columns side by side."""
        raise NotImplementedError


class Column(list):
    """One of its columns."""

    def to_numpy(self):
        """Entries, as objects."""
        return np.array(self, dtype=object)


NA = type("NAType", (), {})()


@pytest.mark.some(8)
@pytest.mark.parametrize(
    "values",
    [
        [[1, np.nan, 0], [np.nan, 0, 1]],
        [[1, None, 0], [None, 0, 1]],
        [[1, NA, 0], [np.nan, 0, 1]],
        np.array([[1, np.nan, 0], [np.nan, 0, 1]], np.float16),
        np.array([[1, np.nan, 0], [np.nan, 0, 1]], ">f8"),
        np.ma.masked_array([[1, 9, 0], [9, 0, 1]], mask=[[0, 1, 0], [1, 0, 0]], dtype=np.uint8),
        [np.ma.masked_array([1, 9, 0], mask=[0, 1, 0]), np.ma.masked_array([9, 0, 1], mask=[1, 0, 0])],
        np.ma.masked_array([[1, 1e300, 0], [np.inf, 0, 1]], mask=[[0, 1, 0], [1, 0, 0]]),
        Frame(a=Column([1, NA]), b=Column([None, 0]), c=Column([0, True])),
    ],
    ids=["nan", "None", "NA", "half", "foreign", "masked", "masked list", "anything masked", "frame"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_forms_of_missing_entries(values, dtype):
    rbm = machine("bernoulli", "relu", dtype=dtype)
    expected = rbm.sample(2, 4, rng=1, clamp=[[1, 0, 1], [0, 1, 1]], values=[[1, 0, 0], [0, 0, 1]]).v
    np.testing.assert_array_equal(rbm.sample(2, 4, rng=1, values=values).v, expected)


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f4", "f8"])
def test_masks_of_every_type(dtype):
    rbm = machine("spin", "relu")
    expected = rbm.sample(5, 4, rng=1, values=[1, np.nan, -1]).v
    mask = np.array([1, 0, 1], dtype)
    np.testing.assert_array_equal(rbm.sample(5, 4, rng=1, clamp=mask, values=[1, 1, -1]).v, expected)


@pytest.mark.parametrize("storage", ["sparse", "packed"])
def test_other_storage_is_the_same(storage):
    from rbm_sim import pattern_weights, random_patterns

    xi = random_patterns(40, 8, rng=0, storage=storage)
    w = pattern_weights(xi)
    rbm = RBM(w, visible=Spin(), hidden=Gaussian())
    dense = RBM(stored(w).dense(), visible=Spin(), hidden=Gaussian())
    values = np.where(np.arange(40) < 15, 1.0, np.nan)
    np.testing.assert_array_equal(rbm.sample(9, 5, rng=1, values=values).v, dense.sample(9, 5, rng=1, values=values).v)


def test_chains_go_on_with_what_they_hold():
    rbm = machine("spin", "gaussian")
    chains = Chains(rbm, 7, rng=1, values=[np.nan, 1, np.nan]).run(2).run(3)
    np.testing.assert_array_equal(chains.v, rbm.sample(7, 5, rng=1, values=[np.nan, 1, np.nan]).v)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clamp": [1, 0, 0]}, "clamp is given without values: the units that are held need them"),
        ({"clamp": [1, 0], "values": [1, 0, 1]}, r"clamp has shape \(2,\): must be \(3,\) or \(4, 3\)"),
        ({"values": [1, 0]}, r"values has shape \(2,\): must be \(3,\) or \(4, 3\)"),
        ({"values": np.ones((3, 3))}, r"values has shape \(3, 3\): must be \(3,\) or \(4, 3\)"),
        ({"values": 1.0}, r"values has shape \(\): must be"),
        ({"clamp": [0, 2, 1], "values": [1, 0, 1]}, r"clamp = \[0, 2, 1\]: must be True or False for each unit"),
        ({"clamp": [0, np.nan, 1], "values": [1, 0, 1]}, "clamp has the entry nan at"),
        ({"clamp": "yes", "values": [1, 0, 1]}, "clamp = 'yes': must be an array of real numbers"),
        (
            {"clamp": [1, 0, 1], "values": [1, 0, np.nan]},
            r"values has no entry at \[0, 2\] \(chain, unit\), where clamp",
        ),
        ({"values": [1, 0.5, np.nan]}, r"values has entries in \[0.5, 1\]: Bernoulli units take values in \{0, 1\}"),
        ({"values": [1, np.inf, np.nan]}, r"values has the entry inf at \[1\]: must be finite, or nan if missing"),
        (
            {"values": ["a", 1, 1]},
            r"values = \['a', 1, 1\]: must be an array of real numbers, nan where one is missing",
        ),
        ({"values": [[1], [1, 0]]}, "must be an array of real numbers, nan where one is missing"),
        ({"values": np.array([1, 1j, 1])}, "must be an array of real numbers, nan where one is missing"),
        ({"values": [1, 1, 1], "start": [1, np.nan, 0]}, "start has the entry nan at"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(ValueError, match=message) as caught:
        machine("bernoulli", "relu").sample(4, 1, **given)
    assert "\n" not in str(caught.value)
