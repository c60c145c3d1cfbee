"""Unit types against quadrature or sums over their domain, by the definition of each quantity."""

import math

import numpy as np
import pytest
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
