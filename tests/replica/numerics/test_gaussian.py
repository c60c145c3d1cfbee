"""H^(k)(x) = ∫_x^∞ Dz (z − x)^k and Gaussian averages, by other routes.

The reference is H^(k)(x) = k! e^{−x²/4} D_{−k−1}(x)/√(2π), D the parabolic cylinder function, evaluated by mpmath
(Abramowitz & Stegun 19.3, 19.5.3); at single points also the integral itself.
"""

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.integrate import quad

from replica.numerics.gaussian import H, H_scaled, gaussian_average, log_H, phi

PROMISED = 1e-13  # relative error that the functions promise for k ≤ 4
HIGHER = 2e-13  # the same for larger k: the recurrence up to the switch has more steps
STEP = 1e-30  # complex step; its square is below every rounding error
DIFFERENCED = 1e-12  # a slope compared with an mpmath derivative: two roundings more than a value
AVERAGED = 1e-14  # absolute error of an average of a function of size 1 over Dz: sums of some 1e3 weights
DIGITS = 40

POINTS = np.unique(np.concatenate([np.linspace(-40, 30, 141), np.linspace(-1, 3, 81), [0.0, -1e-300, 1e-300]]))


def reference(k, x):
    """H^(k)(x) to many digits."""
    x = mp.mpf(x)
    return mp.factorial(k) * mp.exp(-x * x / 4) * mp.pcfd(-k - 1, x) / mp.sqrt(2 * mp.pi)


def relative(value, exact):
    return float(abs(mp.mpf(float(value)) / exact - 1))


@pytest.fixture(autouse=True)
def working_digits():
    with mp.workdps(DIGITS):
        yield


@pytest.mark.medium
@pytest.mark.parametrize("k", [0, 1, 2, 3, 4])
def test_H_on_the_promised_range(k):
    computed = H(k, POINTS)
    worst = max(relative(v, reference(k, x)) for v, x in zip(computed, POINTS, strict=True))
    assert worst <= PROMISED


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4])
def test_H_next_to_its_change_of_rule(k):
    # the recurrence is left at 1.5/√(1+k): on both sides of it, one rounding away, the error is the same
    switch = 1.5 / math.sqrt(1 + k)
    for x in (np.nextafter(switch, 0), switch, np.nextafter(switch, 9), switch + 1e-6, switch - 1e-6):
        assert relative(H(k, x), reference(k, x)) <= PROMISED


@pytest.mark.parametrize("k", [5, 7, 10, 20])
def test_H_of_higher_order(k):
    x = np.linspace(-30, 30, 61)
    assert max(relative(v, reference(k, z)) for v, z in zip(H(k, x), x, strict=True)) <= HIGHER


@pytest.mark.parametrize(("k", "x"), [(0, -3.0), (1, 0.25), (2, 5.0), (4, -1.5), (3, 12.0)])
def test_H_is_the_integral(k, x):
    integral = mp.quad(lambda z: mp.npdf(z) * (z - x) ** k, [x, x + 1, x + 3, x + 10, mp.inf])
    assert relative(H(k, x), integral) <= PROMISED


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4])
def test_H_of_mpmath_numbers_keeps_their_digits(k):
    for x in (mp.mpf(-38), mp.mpf("-0.3"), mp.mpf(0), mp.mpf("1.7"), mp.mpf(25), mp.mpf(60)):
        value = H(k, x)
        assert isinstance(value, mpmath.mpf)
        assert abs(value / reference(k, x) - 1) < mp.mpf(10) ** (3 - DIGITS)


def test_H_in_closed_form():
    x = np.linspace(-8, 1, 37)
    H0 = np.array([math.erfc(v / math.sqrt(2)) / 2 for v in x])
    np.testing.assert_allclose(H(0, x), H0, rtol=4e-16)
    np.testing.assert_allclose(H(1, x), phi(x) - x * H0, rtol=PROMISED)
    np.testing.assert_allclose(H(2, x), (1 + x * x) * H0 - x * phi(x), rtol=PROMISED)


@settings(deadline=None, max_examples=60)
@given(k=st.integers(1, 12), x=st.floats(-35, 30))
def test_recurrence_and_reflection(k, x):
    # H^(k+1) = −x H^(k) + k H^(k−1), compared with the sum of the sizes of its terms
    up, here, down = (float(H(j, x)) for j in (k + 1, k, k - 1))
    size = abs(x) * here + k * down
    assert abs(up + x * here - k * down) <= 1e-12 * size
    # H^(k)(−x) + (−1)^k H^(k)(x) is the k-th moment of z − x... over the whole line
    moment = sum(
        math.comb(k, j) * (-x) ** (k - j) * (math.prod(range(j - 1, 0, -2)) if j % 2 == 0 else 0) for j in range(k + 1)
    )
    whole = float(H(k, x)) + (-1) ** k * float(H(k, -x))
    terms = float(H(k, x)) + float(H(k, -x))
    assert abs(whole - moment) <= 1e-12 * terms


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(k=st.integers(0, 8), x=st.floats(-12, 30))
def test_complex_step_is_the_derivative(k, x):
    with mp.workdps(2 * DIGITS):  # differences of H0 ≈ 1 at x = −12 lose 31 of them
        slope = mp.diff(lambda z: reference(k, z), mp.mpf(x))
        stepped = H(k, x + 1j * STEP)
        assert relative(stepped.imag / STEP, slope) <= DIFFERENCED
        assert stepped.real == H(k, x)


@pytest.mark.parametrize("k", [0, 2, 3])
@pytest.mark.parametrize("x", [-20.0, -1.0, 0.5, 7.0, 29.0, 31.0, 45.0, 1e4])
def test_complex_steps_of_the_scaled_and_the_logarithmic_form(k, x):
    ratio = [reference(j, x) / mp.npdf(x) for j in range(k + 2)]
    logarithmic = -k * ratio[k - 1] / ratio[k] if k else -1 / ratio[0]
    assert relative(log_H(k, x + 1j * STEP).imag / STEP, logarithmic) <= DIFFERENCED
    # d/dx ∫ t^k e^{−t²/2−xt} dt = −∫ t^{k+1} e^{−t²/2−xt} dt
    assert relative(H_scaled(k, x + 1j * STEP).imag / STEP, -ratio[k + 1]) <= DIFFERENCED


def test_complex_step_of_mpmath_numbers():
    for k in range(4):
        step = mp.mpf(10) ** -70
        value = H(k, mp.mpc("0.7", step))
        slope = -k * reference(k - 1, "0.7") if k else -mp.npdf(mp.mpf("0.7"))
        assert abs(value.imag / step / slope - 1) < mp.mpf(10) ** (3 - DIGITS)


@pytest.mark.parametrize("k", [0, 1, 2, 4])
def test_logarithm_and_ratio_beyond_the_underflow(k):
    for x in (-30.0, -2.0, 0.0, 0.9, 10.0, 37.0, 50.0, 1e3, 1e8):
        with mp.workdps(DIGITS if x < 100 else 60):
            exact = mp.log(reference(k, x))
            # ln H is known to the rounding of its own size, or of 1 where it vanishes
            assert abs(float(log_H(k, x)) - exact) <= 1e-13 + 4e-16 * abs(exact)
            if x > -30:
                ratio = reference(k, x) * mp.exp(mp.mpf(x) ** 2 / 2) * mp.sqrt(2 * mp.pi)
                assert relative(H_scaled(k, x), ratio) <= PROMISED
    assert H(k, 50.0) == 0.0


def test_multiprecision_logarithm_and_ratio():
    x = mp.mpf(70)
    assert abs(log_H(2, x) - mp.log(reference(2, x))) < mp.mpf(10) ** (5 - DIGITS) * 2450
    assert abs(H_scaled(2, x) / (reference(2, x) / mp.npdf(x)) - 1) < mp.mpf(10) ** (5 - DIGITS)


@pytest.mark.parametrize("function", [H, H_scaled, log_H])
def test_shapes_follow_the_argument(function):
    x = np.linspace(-2, 3, 12).reshape(3, 4)
    table = function(2, x)
    assert table.shape == (3, 4)
    assert np.ndim(function(2, 0.5)) == 0
    assert np.ndim(function(2, 1)) == 0
    assert function(2, x[1, 2]) == table[1, 2]
    assert function(2, x + 1e-20j).shape == (3, 4)
    assert function(1, np.zeros((0, 2))).shape == (0, 2)


def test_H_at_the_ends_of_the_line():
    assert H(0, -math.inf) == 1.0
    assert H(0, math.inf) == 0.0
    assert H(2, 1e5) == 0.0
    assert math.isnan(H(3, math.nan))


@pytest.mark.parametrize("k", [-1, 1.5, "2", True, None])
def test_order_must_be_a_whole_number(k):
    with pytest.raises(ValueError, match=r"k = .*integer, k >= 0"):
        H(k, 0.0)


def test_a_complex_argument_is_a_step():
    with pytest.raises(ValueError, match=r"imaginary part .*complex step"):
        H(1, 0.5 + 0.1j)


# Averages.


def test_averages_of_polynomials_are_moments():
    for power, moment in ((0, 1), (1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        value, error = gaussian_average(lambda z, power=power: z**power)
        assert abs(value - moment) <= moment * AVERAGED + 1e-13
        assert error <= 1e-12


@settings(deadline=None, max_examples=50)
@given(kink=st.floats(-12, 12))
def test_true_kinks_and_steps(kink):
    # ∫Dz max(z − a, 0) = H1(a), ∫Dz Θ(z − a) = H0(a), a true kink and a step
    ramp = gaussian_average(lambda z: np.maximum(z - kink, 0), kink=kink, width=0.0)
    step = gaussian_average(lambda z: (z > kink).astype(float), kink=kink, width=0.0)
    assert abs(ramp.value - H(1, kink)) <= 10 * AVERAGED
    assert abs(step.value - H(0, kink)) <= AVERAGED


@settings(deadline=None, max_examples=50)
@given(kink=st.floats(-6, 6), power=st.floats(-9, 2))
def test_kinks_of_any_width_against_adaptive_quadrature(kink, power):
    width = 10.0**power
    value, error = gaussian_average(lambda z: np.tanh((z - kink) / width), kink=kink, width=width)

    def half(side):
        """The integral on one side, piece by piece away from the kink."""
        edges = [0.0, *(width * 4.0 ** np.arange(0, 40)), 20.0]
        edges = sorted({min(e, 20.0) for e in edges})
        return sum(
            quad(lambda t: math.tanh(side * t / width) * phi(kink + side * t), a, b, epsabs=1e-16)[0]
            for a, b in itertools.pairwise(edges)
        )

    assert abs(value - half(1) - half(-1)) <= 20 * AVERAGED
    assert error <= 20 * AVERAGED


def test_an_integral_of_many_digits():
    for kink, width in ((0.3, 1e-2), (-1.2, 0.4)):
        exact = mp.quad(
            lambda z, a=kink, w=width: mp.npdf(z) * mp.sech((z - a) / w) ** 2,
            [-12, kink - 10 * width, kink, kink + 10 * width, 12],
        )
        value = gaussian_average(
            lambda z, a=kink, w=width: 1 / np.cosh(np.minimum(abs(z - a) / w, 300)) ** 2, kink=kink, width=width
        ).value
        assert abs(float(value) - exact) <= AVERAGED


def test_a_kink_elsewhere_than_announced_is_found():
    for place in (0.1, 0.37, 0.77):
        value, error = gaussian_average(lambda z, a=place: abs(z - a), kink=-3.0, width=0.0)
        assert abs(value - (2 * H(1, place) + place)) <= error <= 20 * AVERAGED


def test_arrays_of_kinks_and_widths():
    kink, width = np.linspace(-2, 2, 5)[:, None], np.array([0.0, 1e-6, 0.5])
    value, error = gaussian_average(
        lambda z: np.where(z > kink[..., None], z - kink[..., None], 0.0), kink=kink, width=width
    )
    assert value.shape == error.shape == (5, 3)
    np.testing.assert_allclose(value, np.broadcast_to(H(1, kink), (5, 3)), atol=10 * AVERAGED, rtol=0)


def test_averages_refuse_bad_kinks():
    with pytest.raises(ValueError, match="width"):
        gaussian_average(np.cos, width=-1.0)
    with pytest.raises(ValueError, match="width"):
        gaussian_average(np.cos, width=[1.0, math.nan])
    with pytest.raises(ValueError, match="kink"):
        gaussian_average(np.cos, kink=math.nan)
