"""Message passing: its fixed points are those of the TAP equations, and its first step is written out."""

import math

import numpy as np
import pytest

import rbm_sim
from rbm_sim import RBM, Bernoulli, Gaussian, Normal, ReLU, Spin, amp, tap
from replica.errors import ConvergenceError

N, M = 300, 30


def machine(visible, hidden, seed=0):
    xi = rbm_sim.random_patterns(N, M, p=0.6, rng=seed)
    return xi, RBM(xi / math.sqrt(N), visible=visible, hidden=hidden)


@pytest.mark.parametrize(
    ("visible", "hidden", "T"),
    [
        (Bernoulli(-0.1), ReLU(0.2), 0.5),
        (Bernoulli(0.1), Spin(0.1), 0.6),
        (Normal(0.2, 2.0), ReLU(-0.1), 0.7),
        (Spin(0.3), Gaussian(), 1.4),
    ],
)
def test_fixed_points_are_solutions(visible, hidden, T):
    _, rbm = machine(visible, hidden)
    found, expected = amp.run(rbm, T, steps=80), tap.solve(rbm, T=T)
    assert found.change < 1e-12
    for name in ("v", "h", "var_v", "var_h"):
        np.testing.assert_allclose(getattr(found, name)[-1], getattr(expected, name), atol=1e-10)


def test_a_stored_pattern():
    xi = rbm_sim.random_patterns(N, M, rng=1)
    rbm = RBM(xi / math.sqrt(N), visible=Spin(), hidden=Gaussian())
    found = amp.run(rbm, 0.2, steps=100, start=xi[:, 3])
    expected = tap.solve(rbm, T=0.2, start=xi[:, 3])
    assert expected.v @ xi[:, 3] > 0.95 * N
    np.testing.assert_allclose(found.v[-1], expected.v, atol=1e-8)


def test_two_steps_of_spins_and_gaussian_units():
    """With a configuration s: h⁰ = I(s), its variance T; v¹ = tanh((w h⁰ − Σw² s)/T), as Σw² c/T = Σw²."""
    xi, rbm = machine(Spin(), Gaussian(), seed=2)
    w, T, s = rbm.weights, 1.7, np.where(xi[:, 0] == 0, 1.0, xi[:, 0])
    found = amp.run(rbm, T, steps=1, start=s)
    np.testing.assert_allclose(found.h[0], s @ w, atol=1e-13)
    np.testing.assert_allclose(found.var_h[0], T, rtol=1e-13)
    v = np.tanh((w @ (s @ w) - (w**2).sum(axis=1) * s) / T)
    np.testing.assert_allclose(found.v[1], v, atol=1e-13)
    # the hidden units react to v with the softness C_μ, their mean of the step before in the term of Onsager
    C = (1 - v**2) @ w**2 / T
    np.testing.assert_allclose(found.h[1], (v @ w - C * (s @ w)) / (1 - C), atol=1e-12)
    np.testing.assert_allclose(found.var_h[1], T / (1 - C), rtol=1e-12)


def test_without_steps_there_is_the_start():
    _, rbm = machine(Bernoulli(0.3), ReLU(0.1))
    found = amp.run(rbm, 0.8, steps=0)
    assert found.v.shape == (1, N)
    assert found.h.shape == (1, M)
    assert math.isnan(found.change)
    np.testing.assert_allclose(found.v[0], 1 / (1 + math.exp(-0.3 / 0.8)), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: amp.run(3, steps=1), ValueError, "rbm = 3: must be an RBM"),
        (lambda r: amp.run(r, steps=-1), ValueError, "steps = -1: must be a whole number >= 0"),
        (lambda r: amp.run(r, -1.0, steps=1), ValueError, "T = -1.0: must be a finite number > 0"),
        (lambda r: amp.run(r, steps=1, start=[1.0]), ValueError, r"start has shape \(1,\): must be \(300,\)"),
        (lambda r: amp.run(r, steps=1, variance=-np.ones(N)), ValueError, "variance has the entry -1: must be >= 0"),
        (lambda r: amp.run(r, 0.3, steps=9), ConvergenceError, "at step 1 units have no law, .* try a higher T"),
    ],
)
def test_messages(call, error, message):
    _, rbm = machine(Spin(), Gaussian())
    with pytest.raises(error, match=message):
        call(rbm)
