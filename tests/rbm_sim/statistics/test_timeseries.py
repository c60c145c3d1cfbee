"""Autocorrelation times and standard errors on AR(1) series, x_{s+1} = φ x_s + noise: τ = (1 + φ)/(2(1 − φ))."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from rbm_sim.statistics.timeseries import Average, autocorrelation_time, average, effective_sample_size

Z_MAX = 4.0


def autoregressive(phi, shape, rng):
    """Stationary AR(1) series of variance 1 along the first axis."""
    noise = rng.normal(size=shape) * math.sqrt(1 - phi * phi)
    noise[0] /= math.sqrt(1 - phi * phi)
    return lfilter([1], [1, -phi], noise, axis=0)


@pytest.mark.medium
@pytest.mark.parametrize(("phi", "tau"), [(0.9, 9.5), (0.5, 1.5), (0.0, 0.5)])
def test_autocorrelation_time(phi, tau):
    """Mean over 200 series of 4 × 5000 steps, seed 1, within 4 standard errors and the 1 % left out by the window."""
    rng = np.random.default_rng(1)
    results = [average(autoregressive(phi, (5000, 4), rng)) for _ in range(200)]
    sampled = np.array([result.tau for result in results])
    assert abs(sampled.mean() - tau) < Z_MAX * sampled.std() / math.sqrt(200) + 0.01 * tau
    assert all(result.reliable for result in results)
    assert results[0].ess == pytest.approx(20_000 / (2 * results[0].tau))
    assert results[0].n == 20_000


@pytest.mark.medium
@pytest.mark.parametrize(
    ("phi", "steps", "chains"),
    [(0.9, 4000, 1), (0.9, 2000, 4), (0.9, 300, 30), (0.0, 400, 1), (0.0, 50, 100), (0.97, 200, 200)],
)
def test_coverage(phi, steps, chains):
    """z = mean/stderr of 300 series, seed 2: variance 1 within 4 √(2/300); the last case rests on the scatter."""
    rng = np.random.default_rng(2)
    results = [average(autoregressive(phi, (steps, chains), rng)) for _ in range(300)]
    z = np.array([result.mean / result.stderr for result in results])
    assert abs(z.var() - 1) < Z_MAX * math.sqrt(2 / 300)
    assert abs(z.mean()) < Z_MAX / math.sqrt(300)
    if phi < 0.97:
        assert np.mean([result.reliable for result in results]) > 0.9
    else:
        assert not any(result.reliable for result in results)


@pytest.mark.medium
@pytest.mark.parametrize(("share", "phi"), [(0.04, 0.92), (0.1, 0.8), (0.01, 0.97)])
def test_a_slow_mode_of_small_share(share, phi):
    """Independent numbers on a slow AR(1) series: τ = ½ + share φ/(1 − φ), of which 4 lags hold ⅔ or less.

    Left out are 0.05 to 0.15 of it, as much as τ scatters; with Sokal's window 0.28, and chains seemed to differ.
    """
    rng, found = np.random.default_rng(9), []
    for _ in range(100):
        slow = autoregressive(phi, (600, 50), rng)
        found.append(average(math.sqrt(share) * slow + math.sqrt(1 - share) * rng.normal(size=(600, 50))))
    tau = np.array([one.tau for one in found]) / (0.5 + share * phi / (1 - phi))
    assert 0.83 < tau.mean() < 1.02
    assert np.mean([one.reliable for one in found]) >= 0.99
    z = np.array([one.mean / one.stderr for one in found])
    assert z.var() < 1 + Z_MAX * math.sqrt(2 / 100)


def test_coverage_of_alternating_series_is_on_the_safe_side():
    rng = np.random.default_rng(3)
    results = [average(autoregressive(-0.5, (1000, 2), rng)) for _ in range(300)]
    z = np.array([result.mean / result.stderr for result in results])
    assert 0.7 < z.var() < 1 + Z_MAX * math.sqrt(2 / 300)
    assert np.mean([result.tau for result in results]) == pytest.approx(1 / 6, rel=0.15)


def test_a_single_series_that_is_too_short_says_so():
    x = np.cumsum(np.random.default_rng(4).normal(size=50))
    result = average(x)
    assert math.isnan(result.stderr)
    assert math.isnan(result.tau)
    assert math.isnan(result.ess)
    assert not result.reliable
    assert result.mean == pytest.approx(x.mean())
    assert math.isnan(average([1.0, 2.0]).stderr)
    assert math.isnan(average([[1.0, 1.0], [2.0, 2.0]]).stderr)  # the chains agree: that tells nothing


def test_short_series_of_many_chains_have_the_error_of_their_scatter():
    x = np.random.default_rng(5).normal(size=(1, 400))
    result = average(x)
    assert result.stderr == pytest.approx(x.std(ddof=1) / 20)
    assert (result.tau, result.ess) == (pytest.approx(0.5), pytest.approx(400))
    assert not result.reliable


@pytest.mark.parametrize("frozen", [1.0, 0.2])
def test_chains_that_stay_apart(frozen):
    """Part of the variance, 0.2² in the second case, is between chains: Γ decays to 4 % and the window closes."""
    rng = np.random.default_rng(6)
    offset = frozen * rng.normal(size=50)
    x = offset + rng.normal(size=(2000, 50))
    result = average(x)
    assert result.stderr == pytest.approx(x.mean(axis=0).std(ddof=1) / math.sqrt(50))
    assert result.ess == pytest.approx(50 * (1 + offset.var()) / offset.var(), rel=0.2)
    assert not result.reliable
    fully = average(np.tile(offset, (30, 1)))
    assert fully.ess == pytest.approx(50)
    assert fully.tau == pytest.approx(15)


def test_constant_series():
    for shape in [(1,), (10,), (10, 3)]:
        assert average(np.full(shape, 0.1)) == Average(0.1, 0.0, 0.5, float(np.prod(shape)), np.prod(shape), True)


def test_components_are_averaged_one_by_one():
    rng = np.random.default_rng(7)
    x = np.stack([autoregressive(phi, (500, 3), rng) for phi in (0.0, 0.5, 0.8, 0.9)], axis=2)
    x[..., 0] = 2.0
    result = average(x)
    for j in range(4):
        one = average(x[..., j])
        for field in ("mean", "stderr", "tau", "ess", "reliable"):
            assert getattr(result, field)[j] == getattr(one, field)
    assert average(x.reshape(500, 3, 2, 2)).tau.shape == (2, 2)
    np.testing.assert_array_equal(autocorrelation_time(x), result.tau)
    np.testing.assert_array_equal(effective_sample_size(x), result.ess)


def test_scale_and_shift():
    x = autoregressive(0.7, (500, 2), np.random.default_rng(8))
    one, other = average(x), average(3 + 1e-6 * x)
    assert other.tau == pytest.approx(one.tau, rel=1e-6)
    assert other.stderr == pytest.approx(1e-6 * one.stderr, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (1.0, "x has shape ()"),
        ([], "x has shape (0,)"),
        (np.empty((3, 0)), "x has shape (3, 0)"),
        ([1.0, math.nan], "x has the entry nan at [1]"),
        ("series", "x = 'series'"),
    ],
)
def test_bad_arguments(x, message):
    for function in (average, autocorrelation_time, effective_sample_size):
        with pytest.raises(ValueError) as error:
            function(x)
        assert str(error.value).startswith(message)
