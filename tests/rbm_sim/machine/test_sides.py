"""Starts far apart: all low, all high, and along and against the weights of the strongest hidden units."""

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Discrete, Gaussian, Normal, Potts, ReLU, Spin, thermal_averages
from rbm_sim.machine.sides import both_sides


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


@pytest.mark.parametrize(("unit", "low"), [(Bernoulli(0.3), 0), (Spin(-0.2), -1), (Trit(), -1)])
def test_units_with_values(unit, low):
    w = np.array([[0.1, -1.0], [-0.2, 2.0], [0.0, 1.0], [0.3, -0.5]])
    v = both_sides(RBM(w, visible=unit, hidden=Gaussian()), 8, np.random.default_rng(0))
    assert (v[0] == low).all() and (v[1] == 1).all()
    np.testing.assert_array_equal(v[2], np.where(w[:, 1] > 0, 1, low))  # the second has the larger weights
    np.testing.assert_array_equal(v[3], np.where(w[:, 1] > 0, low, 1))
    some = [0, 1, 3]  # a weight of 0 has no side
    np.testing.assert_array_equal(v[4][some], np.where(w[some, 0] > 0, 1, low))
    np.testing.assert_array_equal(v[6:8], v[:2])  # from the beginning again
    assert unit.contains(v)


def test_real_values_given_hidden_sides():
    w = np.array([[1.0, 0.5], [-0.3, 0.8]])
    rbm = RBM(w, visible=Normal(0.5, 2.0), hidden=Spin())
    v = both_sides(rbm, 6, np.random.default_rng(0))
    for row, h in enumerate(([-1, -1], [1, 1], [1, -1], [-1, 1], [-1, 1], [1, -1])):
        np.testing.assert_allclose(v[row], (w @ h + 0.5) / 2)


def test_any_number_and_two_continuous_layers():
    for visible, hidden in ((Spin(), ReLU()), (Normal(), Bernoulli()), (Gaussian(), Gaussian()), (ReLU(), Spin())):
        rbm = RBM(0.1 * np.ones((3, 2), np.float32), visible=visible, hidden=hidden)
        for count in (1, 2, 3, 9):
            v = both_sides(rbm, count, np.random.default_rng(1))
            assert v.shape == (count, 3) and v.dtype == np.float32 and visible.contains(v)


@pytest.mark.parametrize("hidden", [Spin(), Gaussian()])
def test_sides_of_potts_units_are_configurations(hidden):
    """The state of largest weight of each unit, that of smallest, the unit of largest weights first."""
    w = np.zeros((5, 3, 2))
    w[..., 0] = np.random.default_rng(0).normal(size=(5, 3))
    w[..., 1] = np.random.default_rng(1).normal(size=(5, 3)) / 10
    rbm = RBM(w, visible=Potts(3, [0.0, 50.0, 0.0]), hidden=hidden)
    v = both_sides(rbm, 6, np.random.default_rng(0)).reshape(6, 5, 3)
    wanted = [w[..., 0].argmax(1), w[..., 0].argmin(1), w[..., 1].argmax(1), w[..., 1].argmin(1)]
    assert np.array_equal(v.argmax(axis=2)[:4], wanted) and (v.sum(axis=2) == 1).all()
    assert rbm.visible.contains(both_sides(rbm, 1, np.random.default_rng(0)))
    averages = thermal_averages(rbm, {"h": lambda v, h: h[:, 0]}, n_chains=6, steps=10, burn_in=1, rng=0)
    assert np.isfinite(averages["h"].mean)
