"""Normal units: against the definition of their law, the Gaussian unit they contain, and their own samples."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from rbm_sim import RBM, Bernoulli, Gaussian, Normal, Spin
from rbm_sim.partition import exact
from rbm_sim.retrieval.landscape import Landscape

UNITS = [Normal(), Normal(0.7, 2.5), Normal(-1.3, 0.2)]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("T", [1.0, 0.3])
def test_law_is_that_of_the_potential(unit, T):
    for I in (-2.0, 0.0, 1.5):
        weight = lambda x, I=I: math.exp((I * x - float(unit.potential(np.array(x)))) / T)  # noqa: E731
        centre = (I + unit.g) / unit.gamma
        width = 12 * math.sqrt(T / unit.gamma)
        limits = centre - width, centre + width
        powers = (lambda x, n=n, f=weight: x**n * f(x) for n in range(3))
        moments = [integrate.quad(power, *limits, epsabs=1e-13, epsrel=1e-11)[0] for power in powers]
        at = np.array(I)
        mean = moments[1] / moments[0]
        assert float(unit.log_partition(at, T)) == pytest.approx(math.log(moments[0]), rel=1e-12, abs=1e-12)
        assert float(unit.mean(at, T)) == pytest.approx(mean, rel=1e-10, abs=1e-12)
        assert float(unit.variance(at, T)) == pytest.approx(moments[2] / moments[0] - mean**2, rel=1e-9)
        assert float(unit.cumulant(at, 3, T)) == 0
        below = integrate.quad(weight, centre - width, 0.4, epsabs=0, epsrel=1e-12)[0] / moments[0]
        assert float(unit.cdf(np.array(0.4), at, T)) == pytest.approx(below, rel=1e-9, abs=1e-14)
        x = float(unit.mode(at))
        assert float(unit.ground(at)) == pytest.approx(I * x - float(unit.potential(np.array(x))), rel=1e-13)
        assert float(unit.curvature(at)) == 1 / unit.gamma


@pytest.mark.parametrize("T", [1.0, 0.3, np.array([[0.5]])])
def test_draws_follow_the_law(T):
    unit = Normal([0.5, -1.0], [4.0, 0.25])
    x = unit.sample(np.full((40_000, 2), 0.3), np.random.default_rng(1), T)
    temperature = float(np.squeeze(T))
    for column, g, gamma in zip(x.T, (0.5, -1.0), (4.0, 0.25), strict=True):
        law = stats.norm((0.3 + g) / gamma, math.sqrt(temperature / gamma))
        assert stats.kstest(column, law.cdf).pvalue > 1e-3


def test_a_variance_off_by_one_percent_is_seen():
    n, exact_width = 1_000_000, 0.5
    for off, seen in ((1.0, False), (1.01, True)):
        x = Normal(0.5, 4.0).sample(np.full(n, 0.3), np.random.default_rng(1), off)
        z = (((x - 0.2) / exact_width) ** 2 - 1).mean() / math.sqrt(2 / n)
        assert (abs(z) > 4) == seen


def test_unit_stiffness_is_the_gaussian_unit():
    I = np.linspace(-3, 3, 7)
    for name in ("mode", "ground", "log_partition", "mean", "variance"):
        assert getattr(Normal(), name)(I) == pytest.approx(getattr(Gaussian(), name)(I), rel=1e-15)
    assert Normal().sample(I, np.random.default_rng(0)) == pytest.approx(Gaussian().sample(I, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 0.0), "gamma has the entry 0: must be > 0"),
        ((0.0, [1.0, -2.0]), "gamma has the entry -2: must be > 0"),
        (([1.0, 2.0], [1.0, 2.0, 3.0]), "parameters have the lengths g 2, gamma 3: must be equal"),
        ((math.nan,), "g has the entry nan"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        Normal(*arguments)


def test_layer_of_another_length():
    with pytest.raises(ValueError, match="Normal has 3 parameters: the layer has 2 units"):
        RBM(np.zeros((2, 1)), visible=Normal(0.0, [1.0, 2.0, 3.0]), hidden=Spin())


def test_a_machine_in_numbers():
    """Enumerated hidden layer: marginal laws, mean energy from dlnZ/dT, moments, entropies."""
    rng = np.random.default_rng(0)
    rbm = RBM(rng.normal(size=(3, 2)), visible=Normal(rng.normal(size=3), [0.5, 1.0, 3.0]), hidden=Bernoulli(0.2))
    x = np.linspace(-15, 15, 4001)
    density = exact.marginal_density(rbm, x, "visible", 2)
    assert np.trapezoid(density, x) == pytest.approx(1, rel=1e-10)
    assert np.trapezoid(density * x, x) == pytest.approx(exact.moments(rbm).v[2], rel=1e-9)
    assert np.trapezoid(density * x * x, x) == pytest.approx(exact.moments(rbm).vv[2, 2], rel=1e-9)
    step = 1e-5
    slope = (exact.log_partition(rbm, 1 + step) - exact.log_partition(rbm, 1 - step)) / (2 * step)
    assert exact.energy(rbm) == pytest.approx(slope, rel=1e-8)


def test_gains_of_moves_with_stiff_hidden_units():
    """E(v) − E(v with one spin turned), by the screen of zero-temperature moves and by the energies themselves."""
    rng = np.random.default_rng(2)
    rbm = RBM(rng.normal(size=(5, 3)), visible=Spin(0.1), hidden=Normal(0.3, [0.5, 2.0, 7.0]))
    v = rng.choice([-1.0, 1.0], (1, 5))
    land = Landscape(rbm, v)
    land.refresh(np.array([0]))
    low, high, _ = land.gains(np.array([0]))
    for i in range(5):
        moved = v.copy()
        moved[0, i] *= -1
        gain = float(rbm.marginal_energy(v)[0] - rbm.marginal_energy(moved)[0])
        assert low[0, i] == pytest.approx(gain, rel=1e-12)
        assert high[0, i] == pytest.approx(gain, rel=1e-12)
