"""The same law in other units of v: densities, samples, ln Z."""

import numpy as np
import pytest

from rbm_sim import RBM, Bernoulli, Gaussian, Normal, Potts, ReLU, Spin, likelihood, pattern_weights, random_patterns
from rbm_sim.machine.change_of_units import in_units, with_spins, with_zero_one
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


W = np.sin(np.arange(15.0)).reshape(5, 3)
G, B = np.array([0.3, -0.2, 0.1, 0.5, -0.4]), np.array([0.2, -0.6, 0.1])
TWO = [Bernoulli(G), Spin(G)]
OTHERS = [Bernoulli(B), Spin(B), ReLU(B), Gaussian(), Normal(B, 1 + B)]


@pytest.mark.parametrize("T", [1.0, 0.6])
@pytest.mark.parametrize("change", [with_spins, with_zero_one])
@pytest.mark.parametrize("hidden", OTHERS, ids=lambda unit: type(unit).__name__)
@pytest.mark.parametrize("visible", TWO, ids=lambda unit: type(unit).__name__)
def test_spins_and_zero_one_have_one_law(visible, hidden, change, T):
    """The probability of every state of v, by enumeration, and the constant of ln Z."""
    before = RBM(W, visible=visible, hidden=hidden)
    after, constant = change(before)
    v, P = exact.visible_distribution(before, T)
    x, Q = exact.visible_distribution(after, T)
    order = {tuple(row > 0): q for row, q in zip(x, Q, strict=True)}
    assert np.array([order[tuple(row > 0)] for row in v]) == pytest.approx(P, rel=1e-12)
    assert exact.log_partition(before, T) == pytest.approx(exact.log_partition(after, T) + constant / T, rel=1e-12)
    kind = Spin if change is with_spins else Bernoulli
    assert type(after.visible) is kind and (type(after.hidden) is kind or not isinstance(hidden, Bernoulli | Spin))


def test_there_and_back():
    before = RBM(W, visible=Bernoulli(G), hidden=Bernoulli(B))
    spins, there = with_spins(before)
    after, back = with_zero_one(spins)
    assert after.weights == pytest.approx(W, rel=1e-15) and there == pytest.approx(-back, rel=1e-14)
    assert after.visible.g == pytest.approx(G, abs=1e-15) and after.hidden.g == pytest.approx(B, abs=1e-15)
    assert with_zero_one(before)[1] == 0


def test_what_has_no_two_values_stays():
    machine_of_states = RBM(np.ones((4, 2)), visible=Potts(2), hidden=Normal(0.3))
    after, constant = with_spins(machine_of_states)
    assert (after.free_energy(np.eye(2)[[0, 1]]) == machine_of_states.free_energy(np.eye(2)[[0, 1]])).all()
    assert constant == 0


def test_packed_patterns_and_single_precision():
    packed = RBM(pattern_weights(random_patterns(8, 3, rng=0, storage="packed")), visible=Bernoulli(), hidden=Spin())
    after, constant = with_spins(packed)
    assert after.dtype == packed.dtype
    assert exact.log_partition(packed) == pytest.approx(exact.log_partition(after) + constant, rel=1e-6)
