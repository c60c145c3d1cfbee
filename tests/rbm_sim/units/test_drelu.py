"""Double ReLU units: the law by many digits, its limits, exact draws, machines of them in numbers."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import stats

from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Normal, ReLU, Spin, ais, exact, likelihood
from rbm_sim.machine.change_of_units import in_units

UNITS = [DReLU(1.0, 2.0, 0.3, -0.2), DReLU(0.5, 3.0, -1.5, 2.0), DReLU(4.0, 0.3, 1.0, -1.0)]
INPUTS = np.array([-6.0, -1.3, 0.0, 0.4, 2.5, 7.0])


def test_a_unit_in_twenty_digits():
    """The value of the closed form in many digits; mean and variance are its derivatives."""
    unit, I = UNITS[0], np.array(0.7)
    assert float(unit.log_partition(I)) == pytest.approx(0.85395208457853972418, rel=2e-16)
    assert float(unit.mean(I)) == pytest.approx(0.624980382702970937, rel=2e-15)
    assert float(unit.variance(I)) == pytest.approx(0.7330421755613573, rel=2e-15)


def integral(unit, I, T, function, lower=-mp.inf, upper=mp.inf):
    """∫dx exp{(I x − U(x))/T} function(x), over each side."""

    def side(gamma, theta, a, b):
        peak = (I - theta) / gamma
        points = sorted({a, b, *(p for p in (peak - 3, peak, peak + 3) if a < p < b)})
        return mp.quad(lambda x: mp.exp(((I - theta) * x - gamma * x * x / 2) / T) * function(x), points)

    left = side(unit.gamma_minus, unit.theta_minus, lower, min(0, upper)) if lower < 0 else 0
    return left + (side(unit.gamma_plus, unit.theta_plus, max(0, lower), upper) if upper > 0 else 0)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("T", [1.0, 0.4])
def test_the_law_by_quadrature(unit, T):
    with mp.workdps(25):
        for I in (-6.0, 0.4, 2.5):
            moments = [integral(unit, I, T, lambda x, n=n: x**n) for n in range(5)]
            first, second, third, fourth = (moment / moments[0] for moment in moments[1:])
            central = second - first**2, third - 3 * first * second + 2 * first**3
            quartic = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4 - 3 * central[0] ** 2
            at = np.array(I)
            assert float(unit.log_partition(at, T)) == pytest.approx(float(mp.log(moments[0])), rel=1e-13, abs=1e-13)
            for order, wanted in enumerate([first, *central, quartic], 1):
                assert float(unit.cumulant(at, order, T)) == pytest.approx(float(wanted), rel=1e-11, abs=1e-12)
            for x in (-1.2, 0.0, 0.8):
                below = integral(unit, I, T, lambda x: 1, upper=x) / moments[0]
                assert float(unit.cdf(np.array(x), at, T)) == pytest.approx(float(below), rel=1e-11, abs=1e-14)
            potential = integral(unit, I, T, lambda x: mp.mpf(float(unit.potential(np.array(float(x))))))
            assert float(unit.mean_potential(at, T)) == pytest.approx(float(potential / moments[0]), rel=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_far_out_nothing_is_lost(unit):
    """There the unit is a normal one of that side, to terms exponentially small."""
    I = np.array([-1e12, -1e6, -300.0, 300.0, 1e6, 1e12])
    gamma = np.where(I > 0, unit.gamma_plus, unit.gamma_minus)
    theta = np.where(I > 0, unit.theta_plus, unit.theta_minus)
    for T in (1.0, 0.3):
        wanted = (I - theta) ** 2 / (2 * gamma * T) + np.log(2 * math.pi * T / gamma) / 2
        assert unit.log_partition(I, T) == pytest.approx(wanted, rel=1e-14)
        assert unit.mean(I, T) == pytest.approx((I - theta) / gamma, rel=1e-14)
        assert unit.variance(I, T) == pytest.approx(T / gamma, rel=1e-14)
        x = unit.sample(np.repeat(I[None], 2000, axis=0), np.random.default_rng(1), T)
        z = (x.mean(axis=0) - (I - theta) / gamma) / np.sqrt(T / gamma / 2000)
        assert np.abs(z[2:4]).max() < 4
        assert x.mean(axis=0) == pytest.approx((I - theta) / gamma, rel=1e-2)


def compare(one, other, rel, orders=(1, 2, 3), shift=0.0):
    for T in (1.0, 0.5):
        assert one.log_partition(INPUTS, T) - shift == pytest.approx(other.log_partition(INPUTS, T), rel=rel, abs=rel)
        for order in orders:
            wanted = other.cumulant(INPUTS, order, T)
            assert one.cumulant(INPUTS, order, T) == pytest.approx(wanted, rel=rel, abs=rel)
        assert one.cdf(INPUTS, INPUTS[::-1], T) == pytest.approx(other.cdf(INPUTS, INPUTS[::-1], T), abs=rel)
    assert one.mode(INPUTS) == pytest.approx(other.mode(INPUTS), abs=rel)
    assert one.ground(INPUTS) == pytest.approx(other.ground(INPUTS), abs=rel)


def test_equal_sides_are_a_gaussian_unit():
    compare(DReLU(), Gaussian(), 1e-13)
    compare(DReLU(2.5, 2.5, -0.7, -0.7), Normal(0.7, 2.5), 1e-13)


@pytest.mark.parametrize("theta", [-0.8, 0.0, 1.1])
def test_a_steep_left_side_leaves_a_relu_unit(theta):
    compare(DReLU(1.0, 1.0, theta, -1e6), ReLU(theta), 1e-5, orders=(1, 2))
    compare(DReLU(1.0, 1e18, theta, 0.0), ReLU(theta), 2e-8, orders=(1, 2))


def test_two_narrow_wells_are_a_spin():
    """U = γ(|x| − 1)²/2 − γ/2: of widths 1/√γ about ±1, the error being of order 1/γ."""
    gamma = 1e6
    unit, I = DReLU(gamma, gamma, -gamma, gamma), np.linspace(-3, 3, 7)
    constant = (gamma + math.log(2 * math.pi / gamma)) / 2
    assert unit.log_partition(I) - constant == pytest.approx(Spin().log_partition(I), abs=2e-5)
    for order in (1, 2, 3):
        assert unit.cumulant(I, order) == pytest.approx(Spin().cumulant(I, order), abs=2e-5)
    x = unit.sample(np.full(20_000, 0.3), np.random.default_rng(0))
    assert np.abs(np.abs(x) - 1).max() < 6e-3
    assert stats.binomtest(int((x > 0).sum()), 20_000, 1 / (1 + math.exp(-0.6))).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", UNITS)
def test_draws_follow_the_law(unit, dtype):
    for T in (1.0, 0.4):
        for I in (-3.0, 0.1, 2.0):
            x = unit.expanded(1, dtype).sample(np.full((40_000, 1), I, dtype), np.random.default_rng(3), T)
            assert x.dtype == dtype
            law = lambda x, I=I, T=T: unit.cdf(x, np.full_like(x, I), T)  # noqa: E731
            assert stats.kstest(x[:, 0].astype(float), law).pvalue > 1e-3


def test_one_temperature_for_each_chain():
    T = np.array([[0.4], [2.0]])
    x = UNITS[0].sample(np.full((2, 40_000), 0.5), np.random.default_rng(0), T)
    for row, temperature in zip(x, T[:, 0], strict=True):
        assert stats.kstest(row, lambda x, t=temperature: UNITS[0].cdf(x, np.full_like(x, 0.5), t)).pvalue > 1e-3


def test_draws_one_percent_off_are_seen():
    n, unit = 1_000_000, UNITS[0]
    at = np.array(0.5)
    for off, seen in ((1.0, False), (1.01, True)):
        x = unit.sample(np.full(n, 0.5 * off), np.random.default_rng(1)) * off
        z = (x.mean() - unit.mean(at)) / math.sqrt(unit.variance(at) / n)
        assert (abs(z) > 4) == seen


@pytest.mark.parametrize("unit", UNITS)
def test_no_temperature(unit):
    x = np.linspace(-30, 30, 600_001)
    for I in INPUTS:
        value = I * x - unit.potential(x)
        assert unit.ground(np.array([I]))[0] == pytest.approx(value.max(), abs=1e-7)
        assert unit.mode(np.array([I]))[0] == pytest.approx(x[value.argmax()], abs=1e-4)
    step = 1e-5
    slope = (unit.mode(INPUTS + step) - unit.mode(INPUTS - step)) / (2 * step)
    assert unit.curvature(INPUTS) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    layer, I = UNITS[0].expanded(6, dtype), INPUTS.astype(dtype)
    results = [layer.mode(I), layer.curvature(I), layer.ground(I), layer.log_partition(I, 0.5), layer.mean(I, 0.5)]
    results += [layer.variance(I), layer.cumulant(I, 3), layer.cdf(I, I, 0.5), layer.potential(I)]
    results += [layer.mean_potential(I), layer.sample(I, np.random.default_rng(0), 0.5)]
    assert [result.dtype for result in results] == [dtype] * len(results)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "gamma_plus has the entry 0: must be > 0"),
        ((1.0, [1.0, -2.0]), "gamma_minus has the entry -2: must be > 0"),
        (([1.0, 2.0], [1.0, 2.0, 3.0]), "parameters have the lengths gamma_plus 2, gamma_minus 3: must be equal"),
        ((1.0, 1.0, math.nan), "theta_plus has the entry nan"),
        ((1.0, 1.0, "much"), "theta_plus = 'much': must be an array of real numbers"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        DReLU(*arguments)


def test_layer_of_another_length():
    with pytest.raises(ValueError, match="DReLU has 3 parameters: the layer has 2 units"):
        RBM(np.zeros((1, 2)), visible=Spin(), hidden=DReLU([1.0, 2.0, 3.0]))


LAYER = DReLU([1.0, 0.5, 3.0], [2.0, 1.0, 1.5], [0.3, -0.4, 0.2], [-0.2, 0.5, 0.3])


def machine(strength=1.0, visible=None):
    rng = np.random.default_rng(0)
    visible = Bernoulli(rng.normal(size=5)) if visible is None else visible
    return RBM(rng.normal(size=(5, 3)) * strength, visible=visible, hidden=LAYER)


@pytest.mark.parametrize("visible", [Bernoulli(0.2), Spin(0.1), Normal(0.3, 8.0)])
def test_energy_is_a_derivative_of_the_partition_function(visible):
    rbm, step = machine(visible=visible), 1e-5
    if isinstance(visible, Normal):
        rbm = RBM(rbm.weights, visible=visible, hidden=Spin(0.1)).transposed()
        rbm = RBM(rbm.weights, visible=rbm.visible, hidden=DReLU(2.0, 3.0, 0.1, -0.4))
    slope = (exact.log_partition(rbm, 1 + step) - exact.log_partition(rbm, 1 - step)) / (2 * step)
    assert exact.energy(rbm) == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize("T", [1.0, 0.6])
def test_annealing_from_both_sides_against_enumeration(T):
    rbm = machine(0.6)
    v = rbm.sample(200, 200, T=T, rng=1).v
    want = exact.log_partition(rbm, T)
    for found in (
        ais.log_partition(rbm, T=T, n_temperatures=500, rng=1),
        ais.reverse_log_partition(rbm, v, T=T, n_temperatures=500, rng=2, base=v),
    ):
        assert found.reliable
        assert abs(found.value - want) < 4 * found.stderr < 0.2


def test_annealing_between_continuous_layers():
    """No closed form: ln Z by the integral over v of a machine with two visible units, on a grid."""
    hidden = DReLU([0.8, 1.5], [2.0, 1.0], [0.2, -0.4], [-0.5, 0.1])
    rbm = RBM([[0.4, -0.3], [0.2, 0.5]], visible=Normal([0.3, -0.2], [1.0, 2.0]), hidden=hidden)
    x = np.linspace(-15, 15, 601)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    want = np.log(np.exp(-rbm.free_energy(grid)).sum() * 0.05**2)
    found = ais.log_partition(rbm, n_temperatures=500, rng=1)
    assert abs(found.value - want) < 4 * found.stderr < 0.05
    moved, constant = in_units(rbm, [50.0, -20.0], [2.0, 0.5])
    found = ais.log_partition(moved, n_temperatures=500, rng=1)
    assert abs(found.value - want - constant) < 4 * found.stderr < 0.05
    soft = RBM([[0.9]], visible=Gaussian(), hidden=DReLU(0.5, 1.0))
    with pytest.raises(ValueError, match=r"singular value 1\.27279: must be < 1 for layers of Gaussian and DReLU"):
        ais.log_partition(soft, n_temperatures=10, rng=1)


@pytest.mark.parametrize("T", [1.0, 0.5])
def test_pseudo_likelihood_of_real_values_by_plain_integration(T):
    rng = np.random.default_rng(3)
    rbm = RBM(rng.normal(size=(5, 3)) * 0.25, visible=Normal(rng.normal(size=5), rng.uniform(1, 4, 5)), hidden=LAYER)
    v, x = rng.normal(size=(3, 5)) * 2, np.linspace(-80, 80, 16_001)
    want = np.zeros(3)
    for k, row in enumerate(v):
        along = np.repeat(row[None], len(x), axis=0)
        for i in range(5):
            along[:, i] = x
            log_p = -rbm.free_energy(along, T) / T
            along[:, i] = row[i]
            want[k] += -rbm.free_energy(row, T) / T - log_p.max() - np.log(np.exp(log_p - log_p.max()).sum() * 0.01)
    assert likelihood.pseudo_log_likelihoods(rbm, v, T) == pytest.approx(want, rel=1e-10)
    with pytest.raises(ValueError, match="weights too large for a law of visible unit 0"):
        likelihood.pseudo_log_likelihood(RBM([[-0.8]], visible=Gaussian(), hidden=DReLU(1.0, 0.5)), [[1.0]])
