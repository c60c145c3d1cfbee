"""Units in a field with a quadratic term, against their integrals by another quadrature and their limits."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import rbm_sim
from rbm_sim.units.tilted import softest, tilted


class Quartic(rbm_sim.Continuous):
    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10


class Kinked(rbm_sim.Continuous):
    support = (-math.inf, 0.0, math.inf)

    def energy(self, x, T):
        return x**2 / 2 + 0.3 * np.abs(x)


class Box(rbm_sim.Continuous):
    support = (-1.0, 2.0)

    def energy(self, x, T):
        return 0.3 * x


class Trit(rbm_sim.Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


OMEGA = 0.6
LISTS = {"bernoulli": (0.0, 1.0), "spin": (-1.0, 1.0), "trit": Trit.values}
ENDS = {"relu": (0.0, 60.0), "box": (-1.0, 2.0)}
UNITS = {
    "bernoulli": rbm_sim.Bernoulli(0.3),
    "spin": rbm_sim.Spin(-0.2),
    "trit": Trit(),
    "gaussian": rbm_sim.Gaussian(),
    "normal": rbm_sim.Normal(0.3, 1.7),
    "relu": rbm_sim.ReLU(0.2),
    "drelu": rbm_sim.DReLU(1.0, 2.0, 0.3, -0.2),
    "mixture": rbm_sim.Mixture(OMEGA),
    "quartic": Quartic(),
    "kinked": Kinked(),
    "box": Box(),
}


def energy(name, x, T):
    if name != "mixture":
        return float(UNITS[name].potential(np.array([x]))[0])
    a, s = math.sqrt(OMEGA), 1 - OMEGA
    peaks = np.logaddexp(-((x - a) ** 2) / (2 * s), -((x + a) ** 2) / (2 * s))
    return -T * float(peaks - math.log(2 * math.sqrt(2 * math.pi * s)))


def by_quadrature(name, B, A, T):
    """ln ∫, mean and variance."""

    def weight(x):
        return math.exp((B * x - A * x * x / 2 - energy(name, x, T)) / T)

    def total(f):
        if name in LISTS:
            return sum(f(x) * weight(x) for x in LISTS[name])
        low, high = ENDS.get(name, (-60.0, 60.0))
        marks = [low, *(x for x in (-8.0, -2.0, 0.0, 2.0, 8.0) if low < x < high), high]
        parts = (quad(lambda x: f(x) * weight(x), a, b, epsabs=1e-14, epsrel=1e-12) for a, b in pairwise(marks))
        return sum(value for value, _ in parts)

    Z = total(lambda x: 1.0)
    mean = total(lambda x: x) / Z
    return math.log(Z), mean, total(lambda x: (x - mean) ** 2) / Z


@pytest.mark.some(22)
@pytest.mark.parametrize(("B", "A"), [(0.7, -0.4), (-1.2, -0.3), (2.0, 0.5), (0.2, 3.0), (-0.3, -0.45)])
@pytest.mark.parametrize("T", [0.5, 1.3])
@pytest.mark.parametrize("name", list(UNITS))
def test_law_by_another_quadrature(name, T, B, A):
    law = tilted(UNITS[name], np.array([B]), np.array([A]), T)
    np.testing.assert_allclose([x[0] for x in law], by_quadrature(name, B, A, T), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", list(UNITS))
def test_without_the_term_it_is_the_unit(name):
    unit, T, B = UNITS[name], 0.8, np.array([[-3.0, 0.1, 2.0], [0.0, 7.0, -0.5]])
    law = tilted(unit, B, np.zeros_like(B), T)
    for found, expected in zip(law, (unit.log_partition(B, T), unit.mean(B, T), unit.variance(B, T)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


LIMITS = dict.fromkeys(["spin", "trit", "quartic", "box"], math.inf) | dict.fromkeys(["gaussian", "relu", "drelu"], 1.0)
LIMITS |= {"normal": 1.7, "kinked": 1.0, "mixture": 0.8 / (1 - OMEGA)}


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_where_a_law_ends(name, limit):
    found = softest(UNITS[name], 0.8)
    assert found == pytest.approx(limit, rel=1e-5) or (limit == math.inf and found > 1e6)


@pytest.mark.parametrize("unit", [rbm_sim.Gaussian(), rbm_sim.ReLU(), rbm_sim.DReLU(1.0, 2.0)])
def test_beside_the_end_of_a_law(unit):
    """A law that is nearly flat: its second moment is that of a wide Gaussian, or of its half."""
    law = tilted(unit, np.zeros(1), np.array([1e-4 - 1]), 1.0)
    square = float(law.variance[0] + law.mean[0] ** 2)
    assert square * 1e-4 == pytest.approx(1.0, abs=0.02)


def test_a_law_that_sums_do_not_resolve_is_refused():
    with pytest.raises(ValueError, match=r"Kinked with the quadratic term A = -0.999: .* do not converge"):
        tilted(UNITS["kinked"], np.full(1, 30.0), np.array([-0.999]), 1.0)


def test_a_unit_without_such_a_law_is_refused():
    with pytest.raises(ValueError, match="Potts units have no law in a field with a quadratic term"):
        tilted(rbm_sim.Potts(3), np.zeros(3), np.zeros(3), 1.0)
