"""Extrapolation and crossings on made-up data whose limit is known."""

import math

import numpy as np
import pytest

from rbm_sim.statistics.finite_size import crossing, extrapolate

SIZES = np.array([250, 500, 1000, 2000, 4000])


@pytest.mark.parametrize("x", [1 / 2, 2 / 3])
def test_the_exponent_that_fits_is_believed(x):
    y = 0.14 + 1.1 * SIZES**-x
    found = extrapolate(SIZES, y, np.full(5, 1e-5))
    assert found.value == pytest.approx(0.14, abs=1e-8)
    assert found.systematic < 1e-6
    assert min(found.chi2) < 1e-10 < max(found.chi2)


def test_what_the_data_cannot_tell_is_uncertainty():
    y = 0.14 + 1.1 * SIZES ** (-1 / 2)
    found = extrapolate(SIZES, y, np.full(5, 0.003))
    assert abs(found.value - 0.14) < found.uncertainty
    assert found.systematic > 1e-3
    assert found.uncertainty == math.hypot(found.stderr, found.systematic)


def test_errors_cover_the_truth():
    """500 made-up studies with exponent ½ and errors that are small enough to exclude ⅔: z has variance 1."""
    rng = np.random.default_rng(1)
    errors = np.array([4, 3, 2, 2, 2]) * 1e-5
    z = []
    for _ in range(500):
        found = extrapolate(SIZES, 0.14 + SIZES**-0.5 + errors * rng.standard_normal(5), errors)
        z.append((found.value - 0.14) / found.stderr)
    assert abs(np.mean(z)) < 4 / math.sqrt(500)
    assert abs(np.var(z) - 1) < 4 * math.sqrt(2 / 500)


def test_crossing_of_two_sizes():
    """Critical loads α_c + (c + ξ)/√N with c = 0.3, width 0.6: fractions are equal at α_c for every pair of sizes."""
    rng = np.random.default_rng(2)
    small, large = (0.14 + (0.3 + 0.6 * rng.standard_normal(4000)) / math.sqrt(N) for N in (500, 4000))
    found = crossing(small, large)
    assert abs(found.mean - 0.14) < 4 * found.stderr
    direct = [(x > found.mean).mean() for x in (small, large)]
    assert abs(direct[0] - direct[1]) < 4 * math.sqrt(0.5 / 4000)
    assert crossing(small, large) == found
    repeated = [crossing(*(rng.choice(x, 4000) for x in (small, large)), resamples=2).mean for _ in range(50)]
    assert np.std(repeated) == pytest.approx(found.stderr, rel=0.4)
    assert math.isnan(crossing([0.1, 0.2], small).mean)
    assert math.isnan(crossing([0.1, 0.1, 0.1], small).mean)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([100], [0.1], [0.01]), "sizes = [100]: must be at least two"),
        (([100, 100], [0.1, 0.2], [0.01, 0.01]), "sizes = [100, 100]"),
        (([100, 200], [0.1, 0.2], [0.01, 0.0]), "errors = [0.01, 0.0]: must be > 0"),
        (([100, 200], [0.1, math.nan], [0.01, 0.01]), "values has the entry nan"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError) as error:
        extrapolate(*arguments)
    assert str(error.value).startswith(message)
