"""Laws of weights: moments, sums, draws, and what is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from replica.averages.pattern_sum import Law, sparse_sum
from replica.models import GeneralRBM
from replica.potentials import Gaussian, Spin
from replica.weight_laws import Normal, SignNormal, Uniform, Values, WeightLaw

ROUNDING = 1e-13
LAWS = [
    Values([-1, 1], [0.5, 0.5]),
    Values([-0.5, 0.0, 1.5], [0.6, 0.2, 0.2]),
    Normal(),
    Normal(0.3),
    SignNormal(0.9),
    SignNormal(0.25),
    SignNormal(1.0),
    SignNormal(0),
    Uniform(),
    Uniform(0.7),
]
each_law = pytest.mark.parametrize("law", LAWS, ids=repr)


def fourth(law):
    """⟨η⁴⟩ by hand."""
    if isinstance(law, Values):
        return sum(v**4 * share for v, share in zip(law.values, law.probabilities, strict=True))
    if isinstance(law, Normal):
        return 3 * law.variance**2
    if isinstance(law, SignNormal):
        rest = 1 - law.omega
        return law.omega**2 + 6 * law.omega * rest + 3 * rest**2
    return (3 * law.variance) ** 2 / 5


def moments(law):
    """Sum of the weights, mean, second and fourth moment of W."""
    w, n = law.w, np.broadcast_to(law.normal, law.w.shape)
    powers = np.ones_like(w), w, w**2 + n, w**4 + 6 * w**2 * n + 3 * n**2
    return [float(np.sum(law.weight * v)) for v in powers]


@pytest.mark.some(12)
@each_law
@pytest.mark.parametrize("L", [1, 2, 3, 6])
def test_moments_of_sums_are_those_of_independent_entries(law, L):
    """⟨W⁴⟩ = L⟨η⁴⟩ + 3L(L − 1)p²."""
    p = law.variance
    expected = [1.0, 0.0, L * p, L * fourth(law) + 3 * L * (L - 1) * p * p]
    np.testing.assert_allclose(moments(law.sum_of(L)), expected, rtol=ROUNDING, atol=ROUNDING * L)


@each_law
def test_values_are_in_order(law):
    assert isinstance(law, WeightLaw)
    assert (np.diff(law.sum_of(4).w) > 0).all()


@pytest.mark.parametrize("p", [1.0, 0.9, 0.05])
@pytest.mark.parametrize("L", [1, 2, 7])
def test_three_values_are_the_sparse_signs(p, L):
    law = Values([-1, 0, 1], [p / 2, 1 - p, p / 2]) if p < 1 else SignNormal(1.0)
    found, expected = law.sum_of(L), sparse_sum(L, p)
    there = expected.weight > 1e-19
    assert np.allclose(found.weight[np.searchsorted(found.w, expected.w[there] - 1e-9)], expected.weight[there], 1e-12)


@each_law
def test_draws_follow_the_law(law):
    """Second and fourth moments of 200 000 draws: z below 4, that of the fourth by the eighth moment of the draws."""
    x = law.draw(np.random.default_rng(7), (400, 500))
    assert x.shape == (400, 500) and x.dtype == np.float64
    x = x.ravel()
    for power, expected in ((1, 0.0), (2, law.variance), (4, fourth(law))):
        error = max(np.std(x**power) / math.sqrt(len(x)), 1e-15)
        assert abs(np.mean(x**power) - expected) < 4 * error


@pytest.mark.parametrize(
    ("law", "cdf"),
    [
        (Normal(0.3), stats.norm(scale=math.sqrt(0.3)).cdf),
        (Uniform(0.7), stats.uniform(-math.sqrt(2.1), 2 * math.sqrt(2.1)).cdf),
        (
            SignNormal(0.9),
            lambda x: (stats.norm.cdf((x - 0.9**0.5) / 0.1**0.5) + stats.norm.cdf((x + 0.9**0.5) / 0.1**0.5)) / 2,
        ),
    ],
)
def test_draws_have_the_distribution(law, cdf):
    """Kolmogorov and Smirnov, 20 000 draws: probability above 1e-3."""
    assert stats.kstest(law.draw(np.random.default_rng(3), (20_000,)), cdf).pvalue > 1e-3


def test_draws_of_values_have_their_frequencies():
    law = Values([-0.5, 0.0, 1.5], [0.6, 0.2, 0.2])
    x = law.draw(np.random.default_rng(5), (100_000,))
    counts = [int((x == v).sum()) for v in law.values]
    assert sum(counts) == len(x) and stats.chisquare(counts, len(x) * np.array(law.probabilities)).pvalue > 1e-3


@pytest.mark.parametrize("L", [1, 2, 3, 5])
def test_the_density_of_a_sum_of_uniform_entries(L):
    """Irwin and Hall: (1/(L − 1)!) Σ (−1)^k C(L, k) (x − k)₊^{L−1}."""
    law, width = Uniform(0.7).sum_of(L), math.sqrt(12 * 0.7)
    w = np.linspace(law.density.knots[0], law.density.knots[-1], 41)[1:-1] + 1e-4
    x = w / width + L / 2
    hall = sum((-1) ** k * math.comb(L, k) * np.where(x > k, x - k, 0) ** (L - 1) * (x > k) for k in range(L + 1))
    np.testing.assert_allclose(law.density.laws[0](w), hall / math.factorial(L - 1) / width, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Values([1, 2], [0.5, 0.5]), "mean 1.5: 0 is needed"),
        (lambda: Values([-1, 1], [0.5, 0.4]), "positive numbers of sum 1"),
        (lambda: Values([-1, 0, 1], [0.5, 0.0, 0.5]), "positive numbers of sum 1"),
        (lambda: Values([-1, 1], [1.0]), "2 numbers are needed"),
        (lambda: Values([0, 0], [0.5, 0.5]), "at least two that differ"),
        (lambda: Values([], []), "values is empty"),
        (lambda: Values("ab", [0.5, 0.5]), "a list of numbers"),
        (lambda: Values([-1, math.inf], [0.5, 0.5]), "values"),
        (lambda: Normal(0), "variance = 0"),
        (lambda: Normal(math.nan), "variance"),
        (lambda: Uniform(-1), "variance = -1"),
        (lambda: Uniform("1"), "variance"),
        (lambda: SignNormal(1.2), "omega = 1.2"),
        (lambda: SignNormal(-0.1), r"omega = -0.1: a number in \[0, 1\]"),
        (lambda: SignNormal(None), "omega"),
    ],
)
def test_what_makes_no_law_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Biased:
    """Entries of mean 0.1."""

    variance = 1.0

    def sum_of(self, L):
        return Law(np.array([-0.9, 1.1]), np.ones(2), np.array([0.5, 0.5]))

    def draw(self, rng, shape):
        return 0.1 + rng.choice([-1.0, 1.0], size=shape)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"weights": 0.5}, "weights = 0.5: a law is needed"),
        ({"weights": Biased()}, "mean 0.1: 0 is needed, a mean adds one more condensed direction"),
        ({"weights": Normal(0.5), "p": 0.4}, "have a variance of their own, 0.5; leave p out"),
        ({"weights": Normal(), "ell": 1.0}, "leave p, L and weights out"),
        ({"p": 1.2}, "p = 1.2"),
    ],
)
def test_machines_refuse_laws_that_are_none(keywords, message):
    with pytest.raises(ValueError, match=message):
        GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.0, **keywords)
