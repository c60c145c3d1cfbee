"""The error that an average claims covers the true one, whatever the integrand; exact values in many digits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from replica.numerics.gaussian import gaussian_average
from replica.numerics.working_digits import working_digits


def agrees(f, exact, most=1e-12, own=0.0, **announced):
    """Check the error claimed, beside the rounding of f itself, and that it is no more than `most` of that of |f|."""
    value, error = gaussian_average(f, **announced)
    size = gaussian_average(lambda z: abs(f(z)), **announced).value
    assert abs(value - exact) <= error + own
    assert error <= most * size + own


@pytest.fixture(autouse=True)
def many_digits():
    """Exact values in 40 digits."""
    with working_digits(40):
        yield


def normal(x):
    """Gaussian distribution function, of an mpmath number."""
    return mp.ncdf(mp.mpf(x))


def ramp(a):
    """∫Dz max(z − a, 0)."""
    a = mp.mpf(a)
    return mp.npdf(a) - a * normal(-a)


def test_a_step_that_two_rules_agree_on():
    agrees(lambda z: (z > 1.2620655689).astype(float), normal(-1.2620655689))


def test_exponentials_that_outgrow_the_reach():
    for c in (8, 12.5, 20):
        agrees(lambda z, c=c: np.exp(c * abs(z)), 2 * mp.exp(mp.mpf(c) ** 2 / 2) * normal(c))


@settings(deadline=None, max_examples=60)
@given(places=st.lists(st.floats(-12, 12), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_steps_and_kinks_anywhere(places, seed):
    heights = np.random.default_rng(seed).normal(size=len(places))
    pairs = list(zip(places, heights, strict=True))
    steps, ramps = (float(sum(abs(h) * g(a) for a, h in pairs)) for g in (lambda a: normal(-a), ramp))
    agrees(lambda z: sum(h * (z > a) for a, h in pairs), sum(h * normal(-a) for a, h in pairs), 1e-8, 3e-16 * steps)
    agrees(
        lambda z: sum(h * np.maximum(z - a, 0) for a, h in pairs),
        sum(h * ramp(a) for a, h in pairs),
        1e-8,
        1e-15 * ramps,
    )


@settings(deadline=None, max_examples=60)
@given(place=st.floats(-9, 9), scale=st.sampled_from([1e-13, 1e-9, 1e-4]), shift=st.floats(-1, 1))
def test_steps_a_little_off_the_place_announced(place, scale, shift):
    step = place + scale * shift
    agrees(lambda z: (z > step).astype(float), normal(-step), most=1e-9, kink=place, width=0.0)


@settings(deadline=None, max_examples=60)
@given(c=st.floats(0, 20), edge=st.floats(-3, 25))
def test_exponentials(c, edge):
    agrees(lambda z: np.exp(c * abs(z)), 2 * mp.exp(mp.mpf(c) ** 2 / 2) * normal(c))
    agrees(lambda z: np.exp(c * z) * (z > edge), mp.exp(mp.mpf(c) ** 2 / 2) * normal(mp.mpf(c) - edge), most=1e-9)


@settings(deadline=None, max_examples=60)
@given(power=st.floats(0, 60))
def test_powers(power):
    exact = mp.mpf(2) ** (mp.mpf(power) / 2) * mp.gamma((mp.mpf(power) + 1) / 2) / mp.sqrt(mp.pi)
    agrees(lambda z: abs(z) ** power, exact)


@settings(deadline=None, max_examples=60)
@given(k=st.floats(0, 1000), phase=st.floats(0, 3))
def test_waves(k, phase):
    # the phase k z has a rounding of its own
    agrees(lambda z: np.cos(k * z + phase), mp.cos(phase) * mp.exp(-(mp.mpf(k) ** 2) / 2), most=1e-13 * (10 + k))


@settings(deadline=None, max_examples=60)
@given(place=st.floats(-6, 6), log_width=st.floats(-2.5, 0))
def test_peaks_that_are_not_announced(place, log_width):
    width = 10.0**log_width
    w, a = mp.mpf(width), mp.mpf(place)
    exact = w / mp.sqrt(1 + w * w) * mp.exp(-a * a / (2 * (1 + w * w)))
    agrees(lambda z: np.exp(-(((z - place) / width) ** 2) / 2), exact, most=1e-11)


def test_what_is_not_resolved_says_so():
    value, error = gaussian_average(lambda z: np.cos(1e5 * z) ** 2)
    assert abs(value - 0.5) <= error
    assert error > 1e-6
    # e^{27 |z|} overflows at z = 26.3, before its product with the Gaussian has passed its peak
    assert gaussian_average(lambda z: np.exp(27 * abs(z))).error == math.inf


@pytest.mark.filterwarnings("error")
def test_overflow_where_nothing_matters_is_no_warning_and_no_error():
    agrees(lambda z: np.exp(20 * z), mp.exp(200))


def test_arrays_of_which_one_member_has_a_step_elsewhere():
    place = np.array([-1.3, 0.0, 0.77, 11.0])[:, None]
    value, error = gaussian_average(lambda z: (z > place) * np.exp(3 * z), kink=np.zeros(4), width=0.0)
    exact = [float(mp.exp(4.5) * normal(3 - a)) for a in place[:, 0]]
    assert (abs(value - exact) <= error).all()
    # beyond z = 11 the average falls by 8e-13 of itself while the step moves by the spacing of numbers, 8 times
    assert (error <= 1e-12 * np.array(exact)).all()


def test_smooth_averages_stay_cheap():
    """No more points than two Gauss rules in every panel took, and rounding."""
    points = []

    def f(z):
        points.append(z.size)
        return np.tanh(z)

    agrees(
        lambda z: np.tanh(z) ** 2 + 1 / (1 + z * z),
        mp.quad(lambda z: mp.npdf(z) * (mp.tanh(z) ** 2 + 1 / (1 + z * z)), [-12, 0, 12]),
        most=3e-15,
    )
    gaussian_average(f)
    assert sum(points) < 1848
