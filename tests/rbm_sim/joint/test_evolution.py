"""Message passing on random machines against state evolution, and both against the saddle point."""

import math

import numpy as np
import pytest

import rbm_sim
import replica
from rbm_sim import amp, tap
from rbm_sim.joint.evolution import measured, state_evolution
from replica.errors import ConvergenceError
from replica.models import GeneralRBM
from replica.models.base import Order
from replica.potentials import Bernoulli, Discrete, Gaussian, ReLU, Spin

STEPS = 10


class Trit(rbm_sim.Discrete):
    """Three values, the middle one disfavoured."""

    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return -0.3 * x**2


class TheoryTrit(Discrete):
    """The same for the theory."""

    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return -0.3 * x**2


SPINS = (rbm_sim.Spin(), rbm_sim.Gaussian()), (Spin(), Gaussian())
RELUS = (rbm_sim.Bernoulli(-0.05), rbm_sim.ReLU(0.0)), (Bernoulli(-0.05), ReLU(0.0))
OWN = (Trit(), rbm_sim.Gaussian()), (TheoryTrit(), Gaussian())
HIGH = (rbm_sim.Bernoulli(-0.05), rbm_sim.ReLU(0.2)), (Bernoulli(-0.05), ReLU(0.2))
CASES = {
    "spin-gaussian": (SPINS, 0.05, 0.3, 1.0, 0.05),
    "bernoulli-relu": (RELUS, 0.03, 0.1, 1.0, 0.05),
    "own-gaussian": (OWN, 0.03, 0.25, 1.0, 0.0),
    "sparse": (SPINS, 0.05, 0.05, 0.9, 0.02),
    "no overlap": (HIGH, 0.2, 0.3, 1.0, None),
}
"""Units, load, temperature, variance of the weights, share of the cue that is wrong (None: no cue)."""


def cue(units, xi, wrong, rng):
    """Visible configuration beside the first pattern, or a random one."""
    up = rng.random(len(xi)) < 0.5 if wrong is None else (xi[:, 0] > 0) ^ (rng.random(len(xi)) < wrong)
    return np.where(up, 1.0, 0.0 if isinstance(units[0], rbm_sim.Bernoulli) else -1.0)


def machines(name, N, count, steps):
    """Order parameters of all steps of so many machines, and the model at their load."""
    (units, potentials), alpha, T, p, wrong = CASES[name]
    M, found = round(alpha * N), []
    for k in range(count):
        rng = np.random.default_rng([7, k])
        xi = rbm_sim.random_patterns(N, M, p=p, rng=rng)
        weights = rbm_sim.pattern_weights(xi, np.float64)
        rbm = rbm_sim.RBM(weights, visible=units[0], hidden=units[1])
        iterates = amp.run(rbm, T, steps=steps, start=cue(units, xi, wrong, rng))
        found.append(measured(rbm, iterates, T=T, p=p))
    return np.array(found), GeneralRBM(*potentials, alpha=M / N, T=T, p=p)


def scores(found, theory, N):
    """z of every order parameter and step; a step that all machines agree in to 1/N² has no error to speak of."""
    error = np.hypot(found.std(axis=0, ddof=1) / math.sqrt(len(found)), 1 / N**2)
    return (found.mean(axis=0) - np.array(theory)) / error


def check_steps(name, N, count):
    """|z| < 4 for m, q, r, C, B of ten steps and at the fixed point, in the retrieval state or without overlap.

    A finite machine without overlap has those of its weak units, C⟨h⟩/√N at the fixed point.
    """
    found, model = machines(name, N, count, steps=30)
    m, q = found[:, :2, 0].mean(axis=0)
    free = name == "no overlap"
    theory = state_evolution(model, steps=30, start=(0.0 if free else m, q))
    assert np.abs(scores(found, theory, N)[free:, : STEPS + 1]).max() < 4
    state = replica.solve(model, start="spin_glass" if free else "retrieval")
    assert state.replicon > 0
    order = state.order
    if free:
        order = order._replace(m=order.C * model.layers.hidden_layer(order.q, order.C).mean / math.sqrt(N))
    assert np.abs(scores(found[:, :, -1], order, N)).max() < 4
    np.testing.assert_allclose(np.array(theory)[:, -1], np.array(state.order), atol=1e-6)


@pytest.mark.medium
def test_ten_steps_of_small_machines():
    check_steps("spin-gaussian", 1500, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_ten_steps_and_the_fixed_point(name):
    """12 machines of N = 10⁴ spins, or 4000 other units: z below 4 at each step, at the end against `replica.solve`."""
    check_steps(name, 10_000 if name == "spin-gaussian" else 4000, 12)


@pytest.mark.parametrize(
    ("visible", "hidden", "controls", "start"),
    [
        (Spin(), Gaussian(), {"alpha": 0.05, "T": 0.2}, (1.0, 1.0)),
        (Spin(), Gaussian(), {"alpha": 0.05, "T": 0.05, "p": 0.9}, (0.9, 1.0)),
        (Bernoulli(-0.06), ReLU(0.3), {"alpha": 0.05, "T": 0.01, "p": 0.3, "L": 2}, (0.1275, 0.25)),
        (Bernoulli(-0.1), ReLU(0.5), {"alpha": 0.5, "T": 0.3}, (0.0, 0.5)),
        (Spin(), Bernoulli(0.2), {"alpha": 0.5, "T": 0.8}, (0.0, 1.0)),
    ],
)
def test_fixed_points_obey_the_saddle_point_equations(visible, hidden, controls, start):
    model = GeneralRBM(visible, hidden, **controls)
    end = Order(*np.array(state_evolution(model, steps=300, start=start))[:, -1])
    np.testing.assert_allclose(np.array(model.saddle(end)), np.array(end), atol=1e-9)
    assert (end.m > 0) == (start[0] > 0)


def test_one_step_of_spins_by_hand():
    """From a pattern: r = 1, B = 1, and spins in the field 1 + √α z with the self-coupling taken off: m = ⟨tanh⟩."""
    found = state_evolution(GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.5), steps=1, start=(1.0, 1.0))
    assert (found.r[0], found.B[0], found.C[0]) == pytest.approx((1.0, 1.0, 0.0), abs=1e-12)
    z, weight = np.polynomial.hermite_e.hermegauss(120)
    field = np.tanh((1 + math.sqrt(0.1) * z) / 0.5)
    weight = weight / weight.sum()
    assert found.m[1] == pytest.approx(weight @ field, abs=1e-9)
    assert found.q[1] == pytest.approx(weight @ field**2, abs=1e-9)
    C = (1 - weight @ field**2) / 0.5
    assert (found.C[1], found.B[1]) == pytest.approx((C, 1 / (1 - C)), abs=1e-8)
    assert found.r[1] == pytest.approx(weight @ field**2 / (1 - C) ** 2, abs=1e-8)


def test_solutions_of_a_machine_have_the_order_parameters_of_the_theory():
    """The retrieval solution of `tap.solve` at N = 2000, single machine, within its scatter of about 1/√(αN)."""
    (units, potentials), alpha, T, _, _ = CASES["spin-gaussian"]
    N = 2000
    xi = rbm_sim.random_patterns(N, round(alpha * N), rng=5)
    rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi, np.float64), visible=units[0], hidden=units[1])
    found = tap.solve(rbm, T=T, start=xi[:, 0])
    state = replica.solve(GeneralRBM(*potentials, alpha=alpha, T=T))
    assert found.v @ xi[:, 0] / N == pytest.approx(state.order.m, abs=0.01)
    assert found.replicon == pytest.approx(float(state.replicon), abs=0.01)


@pytest.mark.slow
def test_perturbations_grow_by_one_minus_the_replicon():
    """Without overlap, N = 2500: the replicon of one machine within 0.01 of the theory's, and what it says of AMP."""
    (units, potentials), alpha, T, _, _ = CASES["no overlap"]
    xi = rbm_sim.random_patterns(2500, round(alpha * 2500), rng=3)
    rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi, np.float64), visible=units[0], hidden=units[1])
    found = tap.solve(rbm, T=T)
    state = replica.solve(GeneralRBM(*potentials, alpha=alpha, T=T), start="spin_glass")
    assert found.replicon == pytest.approx(float(state.replicon), abs=0.01)
    assert amp.growth(rbm, found, T, steps=4, rng=0).mean() == pytest.approx(1 - found.replicon, rel=0.15)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: state_evolution(3, steps=1), ValueError, "model = 3: must be a GeneralRBM"),
        (lambda: state_evolution(model(T=0.0), steps=1), ValueError, "T = 0.0: must be a finite number > 0"),
        (lambda: state_evolution(model(T=[1.0, 2.0]), steps=1), ValueError, "T of the model is an array"),
        (lambda: state_evolution(model(ell=0.3), steps=1), ValueError, "machines have p and L"),
        (
            lambda: state_evolution(model(), steps=1, start=(0, -1)),
            ValueError,
            "q of the start = -1.0: must be a finite number >= 0",
        ),
        (lambda: state_evolution(model(T=0.5), steps=9, start=(0, 0.1)), ConvergenceError, "no law of hidden units"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def model(**controls):
    return GeneralRBM(Spin(), Gaussian(), **{"alpha": 0.1, "T": 1.5, **controls})
