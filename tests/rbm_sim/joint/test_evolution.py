"""Message passing on random machines against state evolution, and both against the saddle point."""

import math

import numpy as np
import pytest

import rbm_sim
import replica
from rbm_sim import amp, tap
from rbm_sim.joint.evolution import measured, state_evolution
from rbm_sim.machine.patterns import first_patterns
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


class Levels(rbm_sim.Discrete):
    """Three levels, from 0 upwards."""

    values = (0.0, 1.0, 2.0)

    def energy(self, x, T):
        return x * (x - 0.5)


class TheoryLevels(Discrete):
    """The same for the theory."""

    values = (0.0, 1.0, 2.0)

    def energy(self, x, T):
        return x * (x - 0.5)


SPINS = (rbm_sim.Spin(), rbm_sim.Gaussian()), (Spin(), Gaussian())
RELUS = (rbm_sim.Bernoulli(-0.05), rbm_sim.ReLU(0.0)), (Bernoulli(-0.05), ReLU(0.0))
OWN = (Trit(), rbm_sim.Gaussian()), (TheoryTrit(), Gaussian())
FIELD = (rbm_sim.Spin(0.3), rbm_sim.Gaussian()), (Spin(0.3), Gaussian())
HIGH = (rbm_sim.Bernoulli(-0.05), rbm_sim.ReLU(0.2)), (Bernoulli(-0.05), ReLU(0.2))
LEVELS = (Levels(), rbm_sim.Gaussian()), (TheoryLevels(), Gaussian())
CASES = {
    "spin-gaussian": (SPINS, 0.05, 0.3, 1.0, 0.05),
    "bernoulli-relu": (RELUS, 0.03, 0.1, 1.0, 0.05),
    "own-gaussian": (OWN, 0.03, 0.25, 1.0, 0.0),
    "sparse": (SPINS, 0.05, 0.05, 0.9, 0.02),
    "spin-gaussian, no overlap": (FIELD, 0.05, 1.15, 1.0, None),
    "bernoulli-relu, no overlap": (HIGH, 0.05, 0.3, 1.0, None),
    "own-gaussian, no overlap": (LEVELS, 0.05, 0.3, 1.0, None),
}
"""Units, load, temperature, variance of the weights, share of the cue that is wrong (None: no cue)."""


def cue(units, xi, wrong, rng):
    """Visible configuration beside the first pattern, or a random one."""
    up = rng.random(len(xi)) < 0.5 if wrong is None else (xi[:, 0] > 0) ^ (rng.random(len(xi)) < wrong)
    return np.where(up, 1.0, -1.0 if isinstance(units[0], rbm_sim.Spin | Trit) else 0.0)


def machines(name, N, count, steps):
    """Order parameters of all steps of so many machines, and the model at their load."""
    (units, potentials), alpha, T, p, wrong = CASES[name]
    M, found = round(alpha * N), []
    for k in range(count):
        rng = np.random.default_rng([7, list(CASES).index(name), k])
        patterns = rbm_sim.random_patterns(N, M, p=p, rng=rng, storage="packed")
        weights = rbm_sim.pattern_weights(patterns, np.float64)
        rbm = rbm_sim.RBM(weights, visible=units[0], hidden=units[1])
        start = cue(units, first_patterns(patterns, 1), wrong, rng)
        iterates = amp.run(rbm, T, steps=steps, start=start)
        found.append(measured(rbm, iterates, T=T, p=p))
    return np.array(found), GeneralRBM(*potentials, alpha=M / N, T=T, p=p)


def scores(found, theory, N):
    """z of every order parameter and step; a step that all machines agree in to 1/N² has no error to speak of."""
    error = np.hypot(found.std(axis=0, ddof=1) / math.sqrt(len(found)), 1 / N**2)
    return (found.mean(axis=0) - np.array(theory)) / error


def check_steps(name, N, count, steps=20):
    """|z| < 4 for m, q, r, C, B of ten steps and at the fixed point, in the retrieval state or without overlap.

    A finite machine without overlap has those of its weak units, C⟨h⟩/√N at the fixed point.
    """
    found, model = machines(name, N, count, steps)
    m, q = found[:, :2, 0].mean(axis=0)
    free = CASES[name][-1] is None
    theory = state_evolution(model, steps=60, start=(0.0 if free else m, q))
    assert np.abs(scores(found, np.array(theory)[:, : steps + 1], N)[free:, : STEPS + 1]).max() < 4
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
    """12 machines of N = 10⁴ (sparse weights 4000), seed 7: z below 4 at each step, at the end against `replica.solve`.

    The largest are 3.5 with sparse weights and 2.7 without; with 11 degrees of freedom |t| > 4 comes with probability
    0.002 each, and the steps of a machine are far from independent.
    """
    check_steps(name, 4000 if name == "sparse" else 10_000, 12)


@pytest.mark.some(2)
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


def test_starts_of_state_evolution():
    """Three ways to say where it starts; of a state it stays, as its strong units too do without overlap."""
    hot = GeneralRBM(Bernoulli(-0.1), ReLU(0.5), alpha=0.5, T=0.3)
    mean = 1 / (1 + math.exp(0.1 / 0.3))
    for start in ((0.0, mean**2), (0.0, mean**2, 0.0)):
        np.testing.assert_allclose(state_evolution(hot, steps=3), state_evolution(hot, steps=3, start=start), rtol=1e-9)
    state = replica.solve(hot, start="spin_glass").order
    stayed = np.array(state_evolution(hot, steps=3, start=state))
    np.testing.assert_allclose(stayed, np.tile(np.array(state)[:, None], 4), atol=1e-8)


def test_one_name_for_the_iteration_and_its_evolution():
    assert rbm_sim.amp.state_evolution is state_evolution
    assert rbm_sim.amp.measured is measured
    assert rbm_sim.amp.run is rbm_sim.tap.amp.run
    assert set(rbm_sim.amp.__all__) == {"Iterates", "growth", "measured", "run", "state_evolution"}


@pytest.mark.medium
@pytest.mark.parametrize(("T", "eigenvalue"), [(0.95, -0.70), (0.85, -1.17)])
def test_rate_of_state_evolution(T, eigenvalue):
    """Spins in a field: deviations of C change sign and shrink, or grow, by the eigenvalue of central differences."""
    state = replica.solve(GeneralRBM(*FIELD[1], alpha=0.05, T=T), start="spin_glass")
    assert state.replicon > 0.1
    start = state.order._replace(C=state.order.C * (1 + 1e-4))
    left = state_evolution(state.model, steps=8, start=start).C - state.order.C
    np.testing.assert_allclose(left[5:] / left[4:-1], eigenvalue, atol=0.02)


@pytest.mark.slow
def test_order_parameters_have_a_stability_of_their_own():
    """Bernoulli and ReLU units without overlap: a minimum, replicon 0.69, that the iteration and its evolution leave.

    `tap.solve` finds it on machines of N = 2000: q and C of 4 machines within 4 standard errors.
    """
    T, alpha = 0.16, 0.05
    state = replica.solve(GeneralRBM(Bernoulli(-0.05), ReLU(), alpha=alpha, T=T), start="spin_glass")
    assert state.stable
    assert state.replicon > 0.6
    with pytest.raises(ConvergenceError, match="no law of hidden units"):
        state_evolution(state.model, steps=20, start=state.order._replace(C=1.001 * state.order.C))
    seen = []
    for seed in range(4):
        xi = rbm_sim.random_patterns(2000, 100, rng=[11, seed])
        rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi, np.float64), visible=RELUS[0][0], hidden=RELUS[0][1])
        found = tap.solve(rbm, T=T)
        seen.append((np.mean(found.v**2), found.var_v.mean() / T))
        with pytest.raises(ConvergenceError, match="no law"):
            amp.run(rbm, T, steps=60, start=found.v + 1e-3, variance=found.var_v, before=found.h)
    z = (np.mean(seen, axis=0) - (state.order.q, state.order.C)) / (np.std(seen, axis=0, ddof=1) / 2)
    assert np.abs(z).max() < 4


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
    (units, potentials), alpha, T = HIGH, 0.2, 0.3
    xi = rbm_sim.random_patterns(2500, round(alpha * 2500), rng=3)
    rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi, np.float64), visible=units[0], hidden=units[1])
    found = tap.solve(rbm, T=T)
    state = replica.solve(GeneralRBM(*potentials, alpha=alpha, T=T), start="spin_glass")
    assert found.replicon == pytest.approx(float(state.replicon), abs=0.01)
    grown = amp.growth(rbm, found, T, steps=4, perturbations=20, rng=0)
    assert grown.mean() == pytest.approx(1 - found.replicon, rel=0.05)


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
        (lambda: state_evolution(model(), steps=1, start=(0, 1, 0, 0)), ValueError, r"start has shape \(4,\): must be"),
        (lambda: state_evolution(model(T=0.5), steps=9, start=(0, 0.1)), ConvergenceError, "no law of hidden units"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def model(**controls):
    return GeneralRBM(Spin(), Gaussian(), **{"alpha": 0.1, "T": 1.5, **controls})
