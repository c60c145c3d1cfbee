"""Laws of W, the sum of the strongly activated pattern entries at one visible unit, and classes of units.

Enumeration, sampling, scipy's Bessel functions and mpmath are the references; the laws are those of Tubiana & Monasson,
PRL 118, 138301 (2017), and Manzan's slides (2021).
"""

import itertools
import math

import numpy as np
import pytest
from mpmath import mp
from scipy import special, stats

from replica.averages.pattern_sum import mixed, skellam, sparse_sum
from replica.averages.unit_classes import classes

ROUNDING = 4e-16  # sums of probabilities: a few roundings
ELLS = [1e-12, 1e-6, 0.01, 0.383, 1.0, 3.7, 20.0, 150.0, 1000.0]


def enumerated(L, p):
    """Law of the sum by going through all 3^L patterns."""
    law = np.zeros(2 * L + 1)
    for pattern in itertools.product((-1, 0, 1), repeat=L):
        law[sum(pattern) + L] += math.prod(1 - p if xi == 0 else p / 2 for xi in pattern)
    return law


def on_integers(law, half):
    """Probabilities at −half … half."""
    full = np.zeros(2 * half + 1)
    full[law.w.astype(int) + half] = law.weight
    return full


@pytest.mark.parametrize("L", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("p", [1.0, 0.7, 0.1, 1e-3, 1e-9])
def test_exact_law_is_that_of_enumeration(L, p):
    law = sparse_sum(L, p)
    np.testing.assert_allclose(on_integers(law, L), enumerated(L, p), rtol=1e-13, atol=1e-20)
    assert (law.x == 1).all()


def test_every_entry_non_zero_is_a_binomial_law():
    law = sparse_sum(12, 1.0)
    expected = stats.binom.pmf(np.arange(13), 12, 0.5)
    np.testing.assert_allclose(on_integers(law, 12)[::2], expected, rtol=1e-13)
    assert (on_integers(law, 12)[1::2] == 0).all()


@pytest.mark.parametrize(("L", "p"), [(1, 0.1), (5, 0.3), (39, 0.01), (390, 0.001), (10_000, 0.5), (7, 1.0)])
def test_moments_of_the_exact_law(L, p):
    law = sparse_sum(L, p)
    w, weight = law.w, law.weight
    assert weight.sum() == pytest.approx(1, abs=ROUNDING)
    assert (weight >= 0).all()
    np.testing.assert_array_equal(weight, weight[::-1])
    np.testing.assert_array_equal(w, -w[::-1])
    assert weight @ w == pytest.approx(0, abs=1e-12)
    assert weight @ w**2 == pytest.approx(L * p, rel=1e-12)
    assert weight @ w**4 == pytest.approx(3 * (L * p) ** 2 + L * p * (1 - 3 * p), rel=1e-11)


@pytest.mark.medium
@pytest.mark.parametrize(("L", "p"), [(3, 0.4), (10, 0.1), (60, 0.05)])
def test_exact_law_against_sampling(L, p):
    rng, size = np.random.default_rng(20170327), 200_000
    xi = rng.choice([-1, 0, 1], size=(size, L), p=[p / 2, 1 - p, p / 2]).astype(np.int8)
    counts = np.bincount(xi.sum(axis=1) + L, minlength=2 * L + 1)
    expected = on_integers(sparse_sum(L, p), L) * size
    seen = expected > 20
    z = (counts - expected)[seen] / np.sqrt(expected * (1 - expected / size))[seen]
    assert np.abs(z).max() < 4.5
    # together: χ² with as many degrees of freedom as bins, within 4.5 of its standard deviations
    assert abs((z**2).sum() - len(z)) < 4.5 * math.sqrt(2 * len(z))


@pytest.mark.parametrize("L", [1, 4, 9])
def test_exact_law_in_many_digits(L):
    with mp.workdps(40):
        law = sparse_sum(L, mp.mpf(1) / 10)
        assert len(law.w) == 2 * L + 1
        assert abs(sum(law.weight) - 1) < mp.mpf(10) ** -38
        tail = (mp.mpf(1) / 20) ** L
        assert abs(law.weight[0] / tail - 1) < mp.mpf(10) ** -37
    np.testing.assert_allclose(on_integers(sparse_sum(L, 0.1), L), law.weight.astype(float), rtol=1e-13, atol=1e-20)


@pytest.mark.parametrize("ell", ELLS)
def test_skellam_is_the_bessel_law(ell):
    law = skellam(ell)
    w, weight = law.w, law.weight
    expected = special.ive(np.abs(w), ell)
    # of the far tails of a wide law the absolute error counts: the recurrence starts 16 steps beyond its reach
    visible = (expected > 1e-290) if ell < 30 else (expected > 1e-18)
    np.testing.assert_allclose(weight[visible], expected[visible], rtol=2e-12 if ell > 100 else 5e-13)
    np.testing.assert_allclose(weight, expected, rtol=5e-13, atol=1e-27)
    assert weight.sum() == pytest.approx(1, abs=ROUNDING)
    assert weight @ w == pytest.approx(0, abs=1e-15 * max(1, ell))
    assert weight @ w**2 == pytest.approx(ell, rel=1e-12)


@pytest.mark.parametrize("ell", ELLS)
def test_cut_tails_carry_less_than_the_rounding(ell):
    reach = skellam(ell).w[-1]
    beyond = 2 * special.ive(np.arange(reach + 1, reach + 400), ell).sum()
    assert beyond < 1e-16
    # and so do those of W times anything that grows as W
    assert 2 * (special.ive(np.arange(reach + 1, reach + 400), ell) * np.arange(reach + 1, reach + 400)).sum() < 1e-16


def test_nothing_is_condensed_at_zero():
    law = skellam(0.0)
    np.testing.assert_allclose(law.weight, law.w == 0, rtol=0, atol=1e-300)


def test_arrays_of_skellam_laws():
    ells = np.array(ELLS[:-2]).reshape(7, 1)
    together = skellam(ells)
    assert together.weight.shape == (7, 1, len(together.w))
    for i, ell in enumerate(ELLS[:-2]):
        alone = skellam(ell)
        half = int(together.w[-1])
        np.testing.assert_allclose(together.weight[i, 0], on_integers(alone, half), rtol=1e-13, atol=1e-20)


@pytest.mark.parametrize("ell", ["1e-8", "0.383", "12"])
def test_skellam_in_many_digits(ell):
    with mp.workdps(40):
        law = skellam(mp.mpf(ell))
        assert abs(sum(law.weight) - 1) < mp.mpf(10) ** -38
        variance = sum(a * b * b for a, b in zip(law.weight, law.w, strict=True))
        assert abs(variance / mp.mpf(ell) - 1) < mp.mpf(10) ** -28
    plain = skellam(float(ell))
    half = int(min(plain.w[-1], float(law.w[-1])))
    middle, fine = len(plain.w) // 2, len(law.w) // 2
    np.testing.assert_allclose(
        plain.weight[middle - half : middle + half + 1],
        law.weight[fine - half : fine + half + 1].astype(float),
        rtol=1e-12,
    )


@pytest.mark.parametrize("ell", [0.39, 2.0, 10.0])
def test_exact_law_becomes_skellam_like_p(ell):
    limit = skellam(ell)
    errors = []
    for L in (100, 1000, 10_000):
        exact, half = sparse_sum(L, ell / L), int(limit.w[-1]) + 20
        errors.append(np.abs(on_integers_within(exact, half) - on_integers_within(limit, half)).sum())
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(10, rel=0.02)
    assert errors[2] < ell / 10_000 * ell


def on_integers_within(law, half):
    keep = np.abs(law.w) <= half
    return on_integers(law._replace(w=law.w[keep], weight=law.weight[keep]), half)


@pytest.mark.parametrize("L", [0, -1, 1.5, True, math.inf, math.nan])
def test_bad_numbers_of_patterns(L):
    with pytest.raises((ValueError, OverflowError)):
        sparse_sum(L, 0.1)


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, math.nan, math.inf])
def test_bad_probabilities(p):
    with pytest.raises(ValueError, match=r"^p = "):
        sparse_sum(3, p)


@pytest.mark.parametrize("ell", [-1.0, math.nan, math.inf, [0.1, -0.1]])
def test_bad_ell(ell):
    with pytest.raises(ValueError, match=r"^ell = "):
        skellam(ell)


# Classes of units.


def test_classes_of_a_list_count_equal_units():
    units = classes([0.05, 0.15, 0.15, 0.05, 0.1], 0.1, "p_i")
    np.testing.assert_allclose(units.x, [0.5, 1, 1.5], rtol=1e-15)
    np.testing.assert_allclose(units.fraction, [0.4, 0.2, 0.4], rtol=1e-15)
    np.testing.assert_allclose(units.shrunk(0.5).x, [0.75, 1, 1.25], rtol=1e-15)
    np.testing.assert_allclose(units.shrunk(0).x, 1, rtol=1e-15)


def test_silent_units_are_a_limit():
    units = classes(np.array([0.0, 0.2, 0.0, 0.2]), 0.1, "p_i")
    np.testing.assert_allclose(units.x, [1e-30, 2], rtol=1e-15)
    np.testing.assert_array_equal(units.fraction, [0.5, 0.5])
    np.testing.assert_array_equal(units.shrunk(0).x, [1, 1])


@pytest.mark.parametrize(("L", "p"), [(1, 0.3), (2, 0.1), (9, 0.05), (60, 0.9)])
def test_complex_step_in_p(L, p):
    step, h = sparse_sum(L, complex(p, 1e-30)), 1e-6
    slope = (on_integers(sparse_sum(L, p + h), L) - on_integers(sparse_sum(L, p - h), L)) / (2 * h)
    half = int(step.w[-1])
    np.testing.assert_allclose(step.weight.imag / 1e-30, slope[L - half : L + half + 1], atol=1e-8 * L)


@pytest.mark.parametrize("ell", [0.01, 0.4, 5.0, [0.1, 2.0]])
def test_complex_step_in_ell(ell):
    ell, h = np.asarray(ell), 1e-6
    step = skellam(ell + 1e-30j)
    w = step.w
    slope = (special.ive(np.abs(w), ell[..., None] + h) - special.ive(np.abs(w), ell[..., None] - h)) / (2 * h)
    np.testing.assert_allclose(step.weight.imag / 1e-30, slope, atol=1e-9)


@pytest.mark.parametrize(
    "law", [stats.uniform(0.05, 0.1), stats.gamma(4, scale=0.025), stats.beta(8, 72), stats.norm(0.1, 0.005)]
)
def test_classes_of_a_distribution_have_its_moments(law):
    units = classes(law, 0.1, "p_i")
    assert units.fraction.sum() == pytest.approx(1, abs=1e-14)
    assert units.fraction @ units.x == pytest.approx(1, abs=1e-14)
    assert units.fraction @ units.x**2 == pytest.approx(1 + law.var() / 0.01, rel=1e-2)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.1, 0.3], "mean 0.2"),
        ([], "empty"),
        ([0.3, -0.1], "-0.1"),
        ([0.1, math.nan], "nan"),
        ([0.1, math.inf], "inf"),
        (stats.uniform(0.1, 0.2), "mean 0.2"),
        (stats.norm(0.1, 0.1), "p_i holds -"),
    ],
)
def test_bad_classes_are_named_on_one_line(values, said):
    with pytest.raises(ValueError, match=r"^p_i ") as caught:
        classes(values, 0.1, "p_i")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mixed_law_is_the_sum_of_its_parts():
    parts = [(0.25, 0.5, skellam(0.2)), (0.75, 7 / 6, skellam(7 / 15))]
    law = mixed(parts)
    assert law.weight.sum() == pytest.approx(1, abs=ROUNDING)
    for fraction, x, part in parts:
        here = law.x == x
        np.testing.assert_array_equal(law.w[here], part.w)
        np.testing.assert_allclose(law.weight[here], fraction * part.weight, rtol=1e-15)
    assert law.weight @ law.w**2 == pytest.approx(0.25 * 0.2 + 0.75 * 7 / 15, rel=1e-12)


def test_a_mixed_law_of_arrays():
    parts = [(x_fraction, x, skellam(x * np.array([0.1, 0.5]))) for x_fraction, x in ((0.5, 0.5), (0.5, 1.5))]
    law = mixed(parts)
    assert law.weight.shape == (2, len(law.w))
    np.testing.assert_allclose(law.weight.sum(axis=-1), 1, atol=ROUNDING)
