"""TAP equations: values computed apart, derivatives of ln Z, exactly solvable machines, and what fails."""

import dataclasses
import math

import numpy as np
import pytest

import rbm_sim
from rbm_sim import RBM, Bernoulli, DReLU, Gaussian, Mixture, Normal, ReLU, Spin, exact, tap
from rbm_sim.partition import gaussian_layers
from rbm_sim.tap.equations import Equations
from rbm_sim.tap.iteration import iterate
from replica.errors import ConvergenceError

VALUES = {1: 7.11250316653589138, 2: 7.26225047528424031, 3: 7.26262697997774548}
"""ln Z of the machine below at three orders, of the same equations at 30 digits."""
EXACT = 7.2608968503188110547
I, MU = np.arange(6)[:, None], np.arange(4)
WEIGHTS = 0.6 * np.sin(1 + I + 2 * MU + I * MU)
G, B = 0.1 * np.cos(np.arange(6)), -0.2 + 0.1 * MU


def fixture():
    return RBM(WEIGHTS, visible=Bernoulli(G), hidden=Bernoulli(B))


def as_spins():
    """The same machine of units ±1, and the constant between the two ln Z."""
    g, b = G / 2 + WEIGHTS.sum(axis=1) / 4, B / 2 + WEIGHTS.sum(axis=0) / 4
    constant = G.sum() / 2 + B.sum() / 2 + WEIGHTS.sum() / 4
    return RBM(WEIGHTS / 4, visible=Spin(g), hidden=Spin(b)), constant


@pytest.mark.parametrize("order", [1, 2, 3])
def test_three_orders(order):
    found = tap.solve(fixture(), order)
    assert found.value == pytest.approx(VALUES[order], abs=1e-12)
    assert found.status == tap.Status.CONVERGED
    assert found.residual < 1e-12
    spins, constant = as_spins()
    assert tap.log_partition(spins, order) + constant == pytest.approx(VALUES[order], abs=1e-12)
    assert exact.log_partition(fixture()) == pytest.approx(EXACT, abs=1e-12)


def test_means_of_second_order():
    found = tap.solve(fixture())
    assert found.v[0] == pytest.approx(0.5755035495228831, abs=1e-12)
    assert found.h[0] == pytest.approx(0.4790162033195873, abs=1e-12)
    np.testing.assert_allclose(found.var_v, found.v * (1 - found.v), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_temperature_is_other_weights_and_fields(order):
    T = 0.7
    cold = RBM(WEIGHTS / T, visible=Bernoulli(G / T), hidden=Bernoulli(B / T))
    assert tap.log_partition(fixture(), order, T) == pytest.approx(tap.log_partition(cold, order), abs=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_a_temperature_scales_gaussian_units(order):
    """With v√T, h√T for v, h: fields g/√T and thresholds θ/√T, and a volume of T^{(N + M)/2}."""
    T = 0.7
    rbm = RBM(WEIGHTS / 3, visible=Normal(G), hidden=ReLU(B))
    scaled = RBM(WEIGHTS / 3, visible=Normal(G / math.sqrt(T)), hidden=ReLU(B / math.sqrt(T)))
    volume = 5 * math.log(T)
    assert tap.log_partition(rbm, order, T) == pytest.approx(tap.log_partition(scaled, order) + volume, abs=1e-11)


def test_without_weights_all_is_exact():
    visible, hidden = DReLU(1.0, 2.0, 0.3, -0.2), Mixture(0.4)
    for order in (1, 2):
        found = tap.solve(RBM(np.zeros((3, 2)), visible=visible, hidden=hidden), order, T=0.6)
        zero = np.zeros(1)
        expected = 3 * visible.log_partition(zero, 0.6) + 2 * hidden.log_partition(zero, 0.6)
        assert found.value == pytest.approx(float(expected[0]), abs=1e-12)
        np.testing.assert_allclose(found.var_v, visible.variance(zero, 0.6)[0], rtol=1e-12)
        assert found.replicon == 1.0


LAYERS = {
    "bernoulli": (Bernoulli, {"g": 1}),
    "spin": (Spin, {"g": 1}),
    "normal": (Normal, {"g": 1}),
    "relu": (ReLU, {"theta": -1}),
    "drelu": (DReLU, {"theta_plus": -1, "theta_minus": -1}),
}
"""Unit, and the parameters whose sum is a field, with its sign."""


def shifted(unit, fields, by):
    return dataclasses.replace(unit, **{name: getattr(unit, name) + sign * by for name, sign in fields.items()})


def slopes(value, step=1e-3):
    """Derivative by differences of fourth order."""
    return (8 * (value(step) - value(-step)) - value(2 * step) + value(-2 * step)) / (12 * step)


@pytest.mark.some(6)
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("second", list(LAYERS))
@pytest.mark.parametrize("first", list(LAYERS))
def test_derivatives_of_ln_z_are_the_moments(first, second, order):
    """∂ ln Z/∂g_i = a_i/T, ∂ ln Z/∂w_iμ = ⟨v_i h_μ⟩/T: the functional is stationary in all else."""
    if order == 3 and {first, second} - {"bernoulli", "spin"}:
        with pytest.raises(ValueError, match="the third is for two values"):
            tap.solve(RBM(WEIGHTS, visible=LAYERS[first][0](), hidden=LAYERS[second][0]()), 3)
        return
    T, w = 1.3, WEIGHTS / 3
    (kind_v, fields_v), (kind_h, fields_h) = LAYERS[first], LAYERS[second]
    visible = kind_v(**dict.fromkeys(fields_v, G + 0.2))
    hidden = kind_h(**dict.fromkeys(fields_h, B - 0.3))
    found = tap.solve(RBM(w, visible=visible, hidden=hidden), order, T)
    at = np.eye(6)[2], np.eye(4)[1]

    def value(weights=w, v=visible, h=hidden):
        return T * tap.log_partition(RBM(weights, visible=v, hidden=h), order, T)

    assert slopes(lambda e: value(v=shifted(visible, fields_v, e * at[0]))) == pytest.approx(found.v[2], abs=1e-8)
    assert slopes(lambda e: value(h=shifted(hidden, fields_h, e * at[1]))) == pytest.approx(found.h[1], abs=1e-8)
    pairs = tap.pair_means(RBM(w, visible=visible, hidden=hidden), found, order, T)
    assert slopes(lambda e: value(weights=w + e * np.outer(*at))) == pytest.approx(pairs[2, 1], abs=1e-8)


def gaussian_machine(N, seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(N, N // 2)) * 0.5 / math.sqrt(N)
    return RBM(w, visible=Normal(rng.normal(size=N), 1.2), hidden=Normal(0.3, rng.uniform(0.8, 1.2, N // 2)))


@pytest.mark.parametrize("N", [2, 20, 200])
def test_means_of_gaussian_layers_are_exact(N):
    rbm = gaussian_machine(N, N)
    expected = gaussian_layers.moments(rbm, 0.8)
    found = tap.solve(rbm, T=0.8)
    np.testing.assert_allclose(found.v, expected.v, atol=1e-11)
    np.testing.assert_allclose(found.h, expected.h, atol=1e-11)


def test_two_gaussian_units_by_hand():
    """1/c = 1 − w²c: ln Z = ln 2π + ln c + ½ w² c² − (terms that cancel) against ln 2π − ½ ln(1 − w²)."""
    w = 0.4
    c = (1 - math.sqrt(1 - 4 * w**2)) / (2 * w**2)
    found = tap.solve(RBM([[w]], visible=Gaussian(), hidden=Gaussian()))
    assert found.var_v[0] == pytest.approx(c, rel=1e-12)
    # both entropies ½ ln 2πc + ½ − ½ c, and the pair ½ w² c² … on the saddle w² c² = c − 1
    assert found.value - math.log(2 * math.pi) == pytest.approx(math.log(c) + (1 - c) + (c - 1) / 2, rel=1e-12)
    assert found.value - math.log(2 * math.pi) == pytest.approx(0.0981, abs=5e-5)


def test_gaussian_layers_are_exact_as_they_grow():
    """Variances, and ln Z per unit, err by 1/N: slopes of five sizes."""
    sizes, errors = [25, 50, 100, 200, 400], []
    for N in sizes:
        parts = []
        for seed in range(4):
            rbm = gaussian_machine(N, [N, seed])
            found, expected = tap.solve(rbm), gaussian_layers.moments(rbm)
            variance = np.mean(np.diag(expected.vv) - expected.v**2 - found.var_v)
            parts.append([(gaussian_layers.log_partition(rbm) - found.value) / N, variance])
        errors.append(np.abs(np.mean(parts, axis=0)))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert (slope < -0.8).all(), slope


def test_storage_and_precision_of_weights_change_nothing():
    from scipy.sparse import csr_array

    xi = rbm_sim.random_patterns(60, 6, p=0.5, rng=3)
    units = {"visible": Bernoulli(0.1), "hidden": ReLU(0.2)}
    dense = tap.solve(RBM(xi / math.sqrt(60), **units), T=0.9)
    for weights, digits in [(csr_array(xi / math.sqrt(60)), 1e-12), (rbm_sim.pattern_weights(xi, np.float32), 1e-6)]:
        found = tap.solve(RBM(weights, **units), T=0.9)
        assert found.value == pytest.approx(dense.value, rel=digits)
        assert found.residual < 1e-11
    transposed = tap.solve(RBM(xi / math.sqrt(60), **units).transposed(), T=0.9)
    assert transposed.value == pytest.approx(dense.value, rel=1e-12)
    np.testing.assert_allclose(transposed.h, dense.v, atol=1e-11)


def hopfield(N, M, seed):
    xi = rbm_sim.random_patterns(N, M, rng=seed)
    return xi, RBM(rbm_sim.pattern_weights(xi, np.float64), visible=Spin(), hidden=Gaussian())


def test_stored_patterns_are_found_from_their_cues():
    xi, rbm = hopfield(400, 12, 0)
    rng = np.random.default_rng(1)
    for k in (0, 5):
        cue = np.where(rng.random(400) < 0.1, -xi[:, k], xi[:, k])
        found = tap.solve(rbm, T=0.3, start=cue)
        assert found.replicon > 0.9
        assert (found.v @ xi[:, k]) / 400 > 0.98


def test_all_solutions_of_one_pattern():
    """m = tanh(m/T) up to 1/N: two mirror images, and below T = 1 no law without overlap."""
    N, T = 50, 0.5
    xi, rbm = hopfield(N, 1, 2)
    found = tap.solve_all(rbm, T=T, rng=3)
    assert len(found) == 2
    assert found[0].value == pytest.approx(found[1].value, rel=1e-12)
    for one in found:
        assert abs(one.v @ xi[:, 0]) / N == pytest.approx(0.9575040240773, abs=2 / N)
    np.testing.assert_allclose(found[0].v, -found[1].v, atol=1e-10)
    with pytest.raises(ConvergenceError, match="has no law"):
        tap.solve(rbm, T=T)
    same = tap.solve_all(rbm, T=T, starts=np.stack([xi[:, 0], -xi[:, 0], xi[:, 0]]))
    assert len(same) == 2


def test_solutions_that_sweeps_are_driven_away_from():
    """Spins in a field beside Gaussian units: ln Z is not largest there, and is stationary all the same."""
    xi = rbm_sim.random_patterns(400, 80, rng=2)

    def solved(h):
        return tap.solve(RBM(xi / 20, visible=Spin(0.8 + h), hidden=Gaussian()), T=0.7)

    found, step = solved(0.0), 1e-4
    equations = Equations(RBM(xi / 20, visible=Spin(0.8), hidden=Gaussian()), 2, 0.7)
    *swept, _ = iterate(equations, np.full((1, 400), math.tanh(0.8 / 0.7)))
    assert not equations.residual(*swept)[0] < 1e-3
    assert found.residual < 1e-11
    assert found.replicon > 0
    slope = (solved(step).value - solved(-step).value) / (2 * step)
    assert slope == pytest.approx(found.v.sum() / 0.7, rel=1e-6)


def test_what_fails_says_so():
    _, rbm = hopfield(300, 60, 4)
    rng = np.random.default_rng(5)
    glass = tap.solve(rbm, T=0.3, start=rng.choice([-1.0, 1.0], 300), throw=False)
    assert glass.status in (tap.Status.NO_LAW, tap.Status.UNSTABLE)
    assert "try" in glass.status.text
    frozen = RBM(rng.normal(size=(200, 100)), visible=Spin(), hidden=Spin())
    unstable = tap.solve(frozen, start=rng.choice([-1.0, 1.0], 200), throw=False)
    assert unstable.status == tap.Status.UNSTABLE
    assert unstable.replicon < 0
    with pytest.raises(ConvergenceError, match=r"tap\.solve, order 2, T = 1, .*replicon < 0"):
        tap.solve(frozen, start=rng.choice([-1.0, 1.0], 200))


def test_replicon_of_independent_spins():
    """Paramagnet of spins and Gaussian units: χ_v = 1/T, χ_h = 1/(1 − 1/T), all w² = 1/N: 1 − α/(T − 1)²."""
    _, rbm = hopfield(300, 15, 6)
    assert tap.solve(rbm, T=1.5).replicon == pytest.approx(1 - 0.05 / 0.25, rel=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tap.solve(3), "rbm = 3: must be an RBM"),
        (lambda: tap.solve(potts()), "rbm has Potts units, whose entries vary together"),
        (lambda: tap.solve(fixture(), 4), "order = 4: must be 1, 2 or 3"),
        (lambda: tap.solve(fixture(), 0), "order = 0: must be a whole number >= 1"),
        (lambda: tap.solve(fixture(), T=0), "T = 0: must be a finite number > 0"),
        (lambda: tap.solve(fixture(), start=[1.0]), r"start has shape \(1,\): must be \(6,\)"),
        (lambda: tap.solve_all(fixture(), starts=np.ones(6)), r"starts has shape \(6,\): must be \(starts, 6\)"),
        (lambda: tap.solve_all(fixture(), starts=-1), "starts = -1: must be a whole number >= 0"),
        (lambda: tap.solve(fixture(), throw=1), "throw = 1: must be True or False"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def potts():
    return RBM(np.zeros((4, 3, 2)), visible=rbm_sim.Potts(3), hidden=Spin())
