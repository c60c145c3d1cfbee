"""The same law in other units of v: densities, samples, ln Z."""

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, Normal, ReLU, Spin, likelihood
from rbm_sim.machine.change_of_units import in_units
from rbm_sim.partition import exact

SHIFT, SCALE = np.array([3.0, -1.0, 200.0]), np.array([1.0, 2.0, 0.1])


def machine(hidden, visible=None):
    w = np.random.default_rng(0).normal(size=(3, 2)) * 0.4
    return RBM(w, visible=visible or Normal([0.2, -0.4, 1.0], [1.5, 0.8, 2.0]), hidden=hidden)


@pytest.mark.parametrize("hidden", [Bernoulli(0.3), Spin([0.1, -0.2]), Gaussian(), Normal(0.4, 1.5), ReLU(-0.2)])
@pytest.mark.parametrize("visible", [None, Gaussian()])
def test_energies_differ_by_a_constant(hidden, visible):
    x = np.random.default_rng(1).normal(size=(6, 3))
    before = machine(hidden, visible)
    after, constant = in_units(before, SHIFT, SCALE)
    change = before.free_energy(x) - after.free_energy(SHIFT + SCALE * x)
    assert change == pytest.approx(np.full(6, constant), rel=1e-10)
    assert after.inputs(SHIFT + SCALE * x) - after.hidden.offset == pytest.approx(
        before.inputs(x) - before.hidden.offset, rel=1e-9, abs=1e-9
    )
    assert in_units(before, SHIFT)[0].matrix is before.matrix


@pytest.mark.parametrize("T", [1.0, 0.7])
def test_ln_z_and_likelihood(T):
    before = machine(Bernoulli(0.3))
    after, constant = in_units(before, SHIFT, SCALE)
    moved = exact.log_partition(before, T) + np.log(SCALE).sum() + constant / T
    assert exact.log_partition(after, T) == pytest.approx(moved, rel=1e-12)
    x = np.random.default_rng(1).normal(size=(6, 3))
    density = likelihood.log_likelihood(before, x, T=T).mean - np.log(SCALE).sum()
    assert likelihood.log_likelihood(after, SHIFT + SCALE * x, T=T).mean == pytest.approx(density, abs=1e-7)


def test_two_valued_units_have_no_other_units():
    with pytest.raises(ValueError, match=r"rbm\.visible is Spin: must be Gaussian or Normal"):
        in_units(RBM(np.zeros((2, 1)), visible=Spin(), hidden=Spin()), 0.0)
