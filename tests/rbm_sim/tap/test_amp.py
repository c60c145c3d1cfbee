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


@pytest.mark.parametrize("T", [1.15, 1.2, 1.25, 1.3, 1.6])
def test_perturbations_of_the_paramagnet_grow_below_its_glass_temperature(T):
    """Spins and Gaussian units, α = 0.05: by α/(T − 1)² a step, 1 at T = 1 + √α = 1.2236."""
    xi = rbm_sim.random_patterns(4000, 200, rng=4)
    rbm = RBM(rbm_sim.pattern_weights(xi, np.float64), visible=Spin(), hidden=Gaussian())
    found = tap.solve(rbm, T=T, throw=False)
    assert found.status == (tap.Status.CONVERGED if T > 1.2236 else tap.Status.UNSTABLE)
    grown = amp.growth(rbm, found, T, steps=3, rng=5)
    expected = 0.05 / (T - 1) ** 2
    np.testing.assert_allclose(grown, expected, rtol=0.2)
    assert found.replicon == pytest.approx(1 - expected, rel=1e-8, abs=1e-8)


def test_growth_goes_on_from_the_last_step():
    """An iteration that has come to rest is a solution; a direction that is left out moves nothing at first."""
    _, rbm = machine(Bernoulli(-0.1), ReLU(0.2))
    found, steps = tap.solve(rbm, T=0.5), amp.run(rbm, 0.5, steps=60)
    options = {"steps": 3, "perturbations": 5, "rng": 1}
    expected = amp.growth(rbm, found, 0.5, **options)
    np.testing.assert_allclose(amp.growth(rbm, steps, 0.5, **options), expected, rtol=1e-5)
    np.testing.assert_allclose(amp.growth(rbm, found, 0.5, orthogonal=np.zeros((1, N)), **options), expected, rtol=1e-6)
    apart = amp.growth(rbm, found, 0.5, orthogonal=np.eye(N)[: N - 1], **options)
    one = amp.growth(rbm, found, 0.5, steps=3, orthogonal=np.eye(N)[: N - 1], rng=2)
    np.testing.assert_allclose(apart, one, rtol=1e-4)


@pytest.mark.parametrize(
    ("state", "options", "message"),
    [
        (lambda r: 3, {}, "state = 3: must be a Solution, or Iterates of amp.run"),
        (lambda r: amp.run(r, 1.4, steps=0), {}, "state has no step: must have at least one"),
        (lambda r: tap.solve(r, T=1.4), {"perturbations": 0}, "perturbations = 0: must be a whole number >= 1"),
        (
            lambda r: tap.solve(r, T=1.4),
            {"orthogonal": np.ones(N)},
            r"orthogonal has shape \(300,\): must be \(k, 300\)",
        ),
        (
            lambda r: tap.solve(RBM([[0.1]], visible=Spin(), hidden=Spin())),
            {},
            r"state has 1 × 1 units: must be of the",
        ),
    ],
)
def test_messages_of_growth(state, options, message):
    _, rbm = machine(Spin(), Gaussian())
    with pytest.raises(ValueError, match=message):
        amp.growth(rbm, state(rbm), 1.4, steps=2, **options)


def test_a_solution_stays_where_it_is():
    _, rbm = machine(Bernoulli(-0.1), ReLU(0.2))
    found = tap.solve(rbm, T=0.5)
    after = amp.run(rbm, 0.5, steps=3, start=found.v, variance=found.var_v, before=found.h)
    np.testing.assert_allclose(after.v, np.tile(found.v, (4, 1)), atol=1e-11)
    np.testing.assert_allclose(after.var_h, np.tile(found.var_h, (4, 1)), atol=1e-11)


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
