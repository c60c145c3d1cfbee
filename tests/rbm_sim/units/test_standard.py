"""Unit types against quadrature or sums over their domain, by the definition of each quantity."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from rbm_sim import Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.units import TwoValued

UNITS = [Bernoulli(0.3), Bernoulli(-1.2), Spin(-0.4), Spin(0.0), Gaussian(), ReLU(0.0), ReLU(0.7), ReLU(-1.5)]
INPUTS = np.array([-6.0, -1.3, -0.2, 0.0, 0.4, 2.5, 7.0])
Z_MAX = 4.0  # a statistical test of a correct law fails with probability 6e-5


def unit_id(unit):
    return repr(unit)


def expectation(unit, I, T, function):
    """∫dx exp{(I x − U(x))/T} function(x), by sum or quadrature."""

    def weight(x):
        return math.exp((I * x - float(unit.potential(np.float64(x)))) / T) * function(x)

    if isinstance(unit, TwoValued):
        return weight(unit.low) + weight(1.0)
    peak, width = float(unit.mode(np.array([I]))[0]), 10 * math.sqrt(T)
    low = max(0.0, peak - width) if isinstance(unit, ReLU) else peak - width
    return integrate.quad(weight, low, peak + width, limit=200, epsabs=1e-12, epsrel=1e-10)[0]


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
@pytest.mark.parametrize("T", [0.5, 1.0, 2.0])
def test_log_partition_and_mean_by_quadrature(unit, T):
    K = unit.log_partition(INPUTS, T)
    mean = unit.mean(INPUTS, T)
    for I, K_I, mean_I in zip(INPUTS, K, mean, strict=True):
        Z = expectation(unit, I, T, lambda x: 1.0)
        assert pytest.approx(math.log(Z), rel=1e-9, abs=1e-9) == K_I
        assert mean_I == pytest.approx(expectation(unit, I, T, lambda x: x) / Z, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
def test_mode_and_ground_by_search(unit):
    if isinstance(unit, TwoValued):
        x = np.array([1.0, unit.low])  # argmax takes the first: the larger value at a tie
    else:
        x = np.linspace(0 if isinstance(unit, ReLU) else -10, 10, 2_000_001)
    for I in INPUTS:
        value = I * x - unit.potential(x)
        assert unit.ground(np.array([I]))[0] == pytest.approx(value.max(), abs=1e-9)
        assert unit.mode(np.array([I]))[0] == pytest.approx(x[value.argmax()], abs=1e-5)


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
def test_mode_is_the_slope_of_ground_and_curvature_that_of_mode(unit):
    I, step = INPUTS + 0.0123, 1e-4
    away = np.abs(I - unit.offset) > 2 * step
    slope = (unit.ground(I + step) - unit.ground(I - step)) / (2 * step)
    curvature = (unit.mode(I + step) - unit.mode(I - step)) / (2 * step)
    np.testing.assert_allclose(slope[away], unit.mode(I)[away], atol=1e-8)
    np.testing.assert_allclose(curvature[away], unit.curvature(I)[away], atol=1e-8)


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
def test_zero_temperature_is_the_limit(unit):
    T = 1e-6
    I = INPUTS + 0.0123
    np.testing.assert_allclose(T * unit.log_partition(I, T), unit.ground(I), atol=2e-5)
    np.testing.assert_allclose(unit.mean(I, T), unit.mode(I), atol=2e-5)


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(unit, dtype):
    layer = unit.expanded(len(INPUTS), dtype)
    I, rng = INPUTS.astype(dtype), np.random.default_rng(0)
    results = [layer.mode(I), layer.curvature(I), layer.ground(I), layer.log_partition(I, 0.5)]
    results += [layer.mean(I, 0.5), layer.sample(I, rng, 0.5), layer.potential(layer.mode(I))]
    results += [layer.variance(I, 0.5), layer.cumulant(I, 3, 0.5), layer.cdf(I, I, 0.5)]
    assert [result.dtype for result in results] == [dtype] * len(results)


@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
@pytest.mark.parametrize("T", [0.3, 1.0, 4.0])
def test_sample_mean_and_domain(unit, T):
    n = 40_000
    x = unit.sample(np.broadcast_to(INPUTS, (n, len(INPUTS))), np.random.default_rng(11), T)
    assert unit.contains(x)
    mean = unit.mean(INPUTS, T)
    stderr = np.maximum(x.std(axis=0), 1e-2) / math.sqrt(n)  # a few rare events are not normal
    assert np.abs((x.mean(axis=0) - mean) / stderr).max() < Z_MAX


@pytest.mark.parametrize("I", [-1e8, -1e3, -30.0, -2.0, -0.1, 0.0, 0.1, 2.0, 30.0])
def test_truncated_normal_law(I):
    """Kolmogorov-Smirnov against the exact law; in the far tail that is exponential of rate |I|."""
    x = ReLU().sample(np.full(20_000, I), np.random.default_rng(5))
    law = stats.expon(scale=-1 / I) if I < -100 else stats.truncnorm(-I, np.inf, loc=I)
    assert stats.kstest(x, law.cdf).pvalue > 1e-3


def test_relu_tails():
    a = np.array([-1e5, -1e3])
    # ⟨x⟩ = (1 − 2/a² + …)/|a| and K = −ln|a| − 1/a² + … for a → −∞
    np.testing.assert_allclose(ReLU().mean(a), (1 - 2 / a**2) / -a, rtol=1e-10)
    np.testing.assert_allclose(ReLU().log_partition(a), -np.log(-a) - 1 / a**2, rtol=1e-11)
    b = np.array([50.0, 1e4])
    np.testing.assert_allclose(ReLU().log_partition(b), b**2 / 2 + math.log(2 * math.pi) / 2, rtol=1e-14)
    np.testing.assert_allclose(ReLU().mean(b), b, rtol=1e-14)


def test_relu_mean_is_smooth_where_its_two_forms_meet():
    below, above = ReLU().mean(np.array([-100.0001, -99.9999]))
    assert above / below - 1 == pytest.approx(2e-6, rel=1e-3)


def nodes(unit, I, T, upper=math.inf):
    """Nodes and weights of ∫dx P(x | I), by sum or Gauss-Legendre quadrature, up to a value `upper`."""
    peak, width = float(unit.mode(np.array([I]))[0]), 10 * math.sqrt(T)
    low, high = max(0.0, peak - width) if isinstance(unit, ReLU) else peak - width, peak + width
    if isinstance(unit, TwoValued):
        x, weight = np.array([unit.low, 1.0]), np.array([unit.low <= upper, upper >= 1])
    else:
        x, weight = np.polynomial.legendre.leggauss(200)
        half = max(0.0, min(upper, high) - low) / 2
        x, weight = low + half * (1 + x), half * weight
    return x, weight * np.exp((I * x - unit.potential(x)) / T)


def exact_cumulants(unit, y, T, orders=6):
    """κ_1 … κ_n at field y, as derivatives of the closed form of K, with digits to spare for how small κ_n is."""
    small = max(y, 0) ** 2 / (2 * T) if isinstance(unit, ReLU) else 2 * abs(y) / T
    with mp.workdps(40 + int(small / math.log(10))):
        T = mp.mpf(T)

        def K(y):
            if isinstance(unit, TwoValued):
                return mp.log(mp.exp(unit.low * y / T) + mp.exp(y / T))
            return y**2 / (2 * T) + (mp.log(mp.erfc(-y / mp.sqrt(2 * T))) if isinstance(unit, ReLU) else 0)

        derivatives = list(mp.diffs(K, mp.mpf(y), orders))[1:]
        return [T**n * d for n, d in enumerate(derivatives, 1)]


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("unit", [Bernoulli(), Spin(), ReLU()], ids=unit_id)
@pytest.mark.parametrize(
    ("T", "y"),
    [
        (1.0, [-40, -23.5, -11, -6.1, -4.2, -3.9, -2.7, -1.3, -0.8, 0.01, 0.4, 1.6, 2.9, 5.3, 9, 17, 28, 36, 40]),
        (0.7, [-39.0, -5.1, -1.2, -0.2, 2.2, 4.1]),
    ],
)
def test_cumulants_in_many_digits(unit, T, y):
    exact = np.array([exact_cumulants(unit, x, T) for x in y])
    for order in range(1, 7):
        found = unit.cumulant(np.array(y), order, T)
        error = np.array([float(mp.mpf(x) - kappa) for x, kappa in zip(found, exact[:, order - 1], strict=True)])
        assert (np.abs(error) <= 1e-11 * np.abs(found) + 1e-300).all()
    np.testing.assert_array_equal(unit.mean(np.array(y), T), unit.cumulant(np.array(y), 1, T))
    np.testing.assert_array_equal(unit.variance(np.array(y), T), unit.cumulant(np.array(y), 2, T))


def test_gaussian_cumulants():
    found = [Gaussian().cumulant(INPUTS, order, 0.3) for order in (1, 2, 3, 4)]
    np.testing.assert_array_equal(found, [INPUTS, np.full(7, 0.3), np.zeros(7), np.zeros(7)])


@pytest.mark.medium
@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
@pytest.mark.parametrize("T", [0.5, 2.0])
def test_cumulants_of_moments_by_quadrature(unit, T):
    kappa = np.array([unit.cumulant(INPUTS, order, T) for order in (1, 2, 3, 4)]).T
    for I, found in zip(INPUTS, kappa, strict=True):
        x, P = nodes(unit, I, T)
        P /= P.sum()
        second, third, fourth = (P @ (x - P @ x) ** n for n in (2, 3, 4))
        np.testing.assert_allclose(found, [P @ x, second, third, fourth - 3 * second**2], rtol=1e-9, atol=1e-11)


@pytest.mark.medium
@pytest.mark.parametrize("unit", [Bernoulli(), Spin(), ReLU()], ids=unit_id)
def test_cumulants_of_high_order(unit):
    y = np.array([-7.0, -1.05, -0.95, 2.0])
    exact = np.array([exact_cumulants(unit, x, 1.0, 16) for x in y], float)
    for order in (8, 12, 16):
        np.testing.assert_allclose(unit.cumulant(y, order), exact[:, order - 1], rtol=2e-10)


def test_cumulants_far_out():
    y = np.array([-1e4, 1e4])
    for order in range(2, 7):
        factorial = math.factorial(order - 1)
        # κ_n = (n−1)!/|a|^n (1 − n(n+1)/a² + …) for a → −∞
        tail = factorial * 1e4**-order * (1 - order * (order + 1) / 1e8)
        np.testing.assert_allclose(ReLU().cumulant(y, order), [tail, order == 2], rtol=1e-12)
        np.testing.assert_array_equal(Spin().cumulant(y, order), [0, 0])
        np.testing.assert_array_equal(Bernoulli().cumulant(y, order), [0, 0])
    np.testing.assert_array_equal(Bernoulli().mean(y), [0, 1])
    np.testing.assert_array_equal(Spin().mean(y), [-1, 1])


def test_two_valued_tails_keep_their_digits():
    y = np.array([-700.0, -300.0, -40.0, -20.0])
    np.testing.assert_allclose(Bernoulli().mean(y), np.exp(y) / (1 + np.exp(y)), rtol=1e-14)
    np.testing.assert_allclose(Bernoulli().variance(np.concatenate([y, -y])), np.tile(np.exp(y), 2), rtol=1e-8)
    np.testing.assert_allclose(Spin().variance(np.concatenate([y, -y]) / 2), np.tile(4 * np.exp(y), 2), rtol=1e-8)
    assert Spin().mean(np.array([1e-200]))[0] == 1e-200


@settings(deadline=None)
@given(
    unit=st.sampled_from(UNITS),
    I=st.floats(-40, 40, width=32),
    order=st.integers(1, 6),
    T=st.sampled_from([0.25, 1.0, 3.0]),
)
def test_single_precision_is_double_precision_rounded(unit, I, order, T):
    I = np.array([I])
    layer = unit.expanded(1, np.float32)
    double = layer.expanded(1, np.float64).cumulant(I, order, T)
    np.testing.assert_array_equal(layer.cumulant(I.astype(np.float32), order, T), double.astype(np.float32))


@settings(deadline=None)
@given(unit=st.sampled_from(UNITS), I=st.floats(-40, 40), order=st.integers(1, 6), T=st.floats(0.3, 3.0))
def test_every_cumulant_is_the_slope_of_the_one_before(unit, I, order, T):
    step = 1e-3 * T
    x = unit.cumulant(I + step * np.array([-2.0, -1.0, 1.0, 2.0]), order, T)
    slope = (x[0] - 8 * x[1] + 8 * x[2] - x[3]) / (12 * step)
    expected = unit.cumulant(np.array([I]), order + 1, T)[0]
    assert T * slope == pytest.approx(expected, rel=1e-6, abs=1e-8 * max(T, np.abs(x).max()))


@pytest.mark.medium
@pytest.mark.some(3)
@pytest.mark.parametrize("unit", UNITS, ids=unit_id)
def test_cdf_by_quadrature(unit):
    T = 0.7
    x = np.array([-9.0, -1.0, -0.3, 0.0, 0.2, 1.0, 3.1, 30.0])
    for I in INPUTS:
        below = [nodes(unit, I, T, upper)[1].sum() for upper in x]
        np.testing.assert_allclose(unit.cdf(x, np.full_like(x, I), T), below / nodes(unit, I, T)[1].sum(), atol=1e-13)


def test_cdf_of_the_cut_normal_law_in_its_tails():
    quantile = np.array([-1.0, 0.0, 0.01, 0.5, 2.0, 10.0])
    with np.errstate(over="ignore"):
        exponential = 1 - np.exp(-np.maximum(quantile, 0))
    np.testing.assert_allclose(ReLU().cdf(quantile / 1e6, np.full(6, -1e6)), exponential, atol=1e-11)
    for a in (-8.0, -0.1, 0.0, 0.1, 8.0):
        law = stats.truncnorm(-a, np.inf, loc=a)
        np.testing.assert_allclose(ReLU().cdf(quantile, np.full(6, a)), law.cdf(quantile), atol=1e-14)
    np.testing.assert_allclose(ReLU().cdf(np.array([1e4 - 1, np.inf]), np.array([1e4, -1.0])), [stats.norm.cdf(-1), 1])


@pytest.mark.parametrize("order", [0, -1, 1.5, True])
def test_bad_order(order):
    with pytest.raises(ValueError, match=r"order = .*: must be a whole number >= 1"):
        ReLU().cumulant(INPUTS, order)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bernoulli(math.nan), "g has the entry nan"),
        (lambda: Spin([0.0, math.inf]), "g has the entry inf at [1]"),
        (lambda: ReLU([[0.0]]), "theta has shape (1, 1)"),
        (lambda: ReLU("0.5"), "theta = '0.5'"),
        (lambda: ReLU([]), "theta has shape (0,)"),
        (lambda: Spin(1j), "g = 1j"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value).startswith(message)
