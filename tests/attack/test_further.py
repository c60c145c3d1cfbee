"""The attack's equations of further memories, weights of any law and units of several kinds, by a second route."""

import math

import numpy as np
import pytest
from mpmath import mp

from attack.arithmetic import Digits, Floats
from attack.entries import Entries, Flat, FlatMachine, between_edges
from attack.equations import Kinds, Levels, Machine, Normal, Rectified, State
from attack.laws import Law
from attack.memories import Dense, Diluted
from attack.points import CAPACITY, Point
from attack.potts import Potts, largest, many
from attack.search import same
from attack.test_attack import HALF, SOME, SPIN, UP_DOWN, assert_derivatives

SIGN_NORMAL = Entries(((-math.sqrt(0.8), 0.5), (math.sqrt(0.8), 0.5)), 2, 0.2)
FEW = Entries(((-0.5, 0.8), (2.0, 0.2)))
TWO_KINDS = Kinds(((0.3, HALF), (0.7, Levels((0.0, 1.0), (0.0, -0.1)))))
TWO_THRESHOLDS = Kinds(((0.3, Rectified(0.1)), (0.7, Rectified(-0.2))))
FURTHER = {
    "sign-normal": Machine(SPIN, Normal(), SIGN_NORMAL, 0.1, size=2, condensed=2),
    "sign-normal-warm": Machine(SPIN, Normal(), SIGN_NORMAL, 0.1, 0.4, size=2, condensed=2),
    "few": Machine(HALF, Rectified(0.2), FEW, 0.3),
    "flat": FlatMachine(HALF, Rectified(0.2), Flat(math.sqrt(3)), 0.3),
    "kinds": Machine(TWO_KINDS, TWO_THRESHOLDS, Law(1, 0.7), 0.2, p=0.7),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FURTHER)
def test_equations_of_further_machines_are_derivatives(name):
    assert_derivatives(FURTHER[name])


@pytest.mark.parametrize(
    "machine", [Diluted(0.2, 0.4), Dense(0.3, 4), Potts(0.3, 4)], ids=["diluted", "dense", "potts"]
)
def test_equations_of_further_memories_are_derivatives(machine):
    # in m, C and r; at T = 0
    on, state, h = Digits(), State(*map(float, SOME)), mp.mpf("1e-12")
    with mp.workdps(40):
        state = State(*map(mp.mpf, state))._replace(q=mp.mpf(machine.colours - 1 if isinstance(machine, Potts) else 1))
        right = machine.rhs(state, on)
        slopes = {}
        for member in ("m", "r", "C"):
            up, down = (state._replace(**{member: getattr(state, member) + sign * h}) for sign in (1, -1))
            slopes[member] = (machine.free_energy(up, on) - machine.free_energy(down, on)) / (2 * h)
        half = mp.mpf(machine.alpha) / 2 / (math.factorial(machine.body - 1) if isinstance(machine, Dense) else 1)
        field = state.m ** (machine.body - 2) / math.factorial(machine.body - 2) if isinstance(machine, Dense) else 1
        assert abs(slopes["m"] - field * (state.m - right.m)) < 1e-19
        assert abs(slopes["r"] - half * (state.C - right.C)) < 1e-19
        assert abs(slopes["C"] - half * (state.r - right.r)) < 1e-19


def test_capacities_that_are_known():
    for P, alpha in ((3, 0.126095215385335724), (4, 0.0329766865325635808)):
        assert math.isclose(Dense(0.1, P).fold(), alpha, rel_tol=1e-7)
    assert math.isclose(Diluted(0.1, 0.5).fold(), 0.08654194820808192, rel_tol=1e-7)
    for Q, alpha in ((2, 0.1379055664949), (3, 0.4144124403764)):
        assert [len(Potts(alpha * share, Q).states()) for share in (0.999999, 1.000001)] == [3, 1]


def weighted(alpha, *weights):
    controls = {"visible": UP_DOWN, "hidden": None, "alpha": alpha, "T": 0.0, "L": 1, "weights": weights}
    return Point("general-weights", controls)


@pytest.mark.parametrize(
    ("weights", "alpha"),
    [
        (("SignNormal", 0.9), 0.06662895998727841),
        (("SignNormal", 1.0), CAPACITY[1]),
        (("Uniform", 1.0), 0.012703614636972),
    ],
)
def test_capacities_of_laws_of_weights(weights, alpha):
    count = [sum(s.m > 0 for s in weighted(alpha * share, *weights).states()) for share in (0.99999, 1.00001)]
    assert count[0] == count[1] + 2


def test_normal_weights_keep_nothing():
    assert not any(s.m > 0 for alpha in (1e-4, 1e-2, 0.1) for s in weighted(alpha, "Normal", 1.0).states())


def test_sparse_coding_has_its_largest_load():
    g, alpha = -0.7788197278516, 0.440967244239
    points = [Point("sparse-coding", {"alpha": alpha * x, "a": 0.1, "g": g}) for x in (0.9999, 1.0001)]
    assert [sum(s.m > 0 for s in point.states()) for point in points] == [2, 0]


@pytest.mark.slow
def test_potts_units_of_two_states_are_spins():
    # u = 2δ − 1 = ±1
    for T in (0.2, 0.7, 1.2):
        one = Potts(0.05, 2, T).states()
        two = Point("hopfield", {"alpha": 0.05, "T": T, "n": 1}).states()
        assert len(one) == len(two)
        assert all(any(same(a, b, 1e-6) for b in two) for a in one)


@pytest.mark.slow
def test_potts_averages_by_a_product_rule():
    # over the noises of three states
    z, weight = np.polynomial.hermite_e.hermegauss(60)
    z = np.stack(np.meshgrid(z, z, z, indexing="ij"))
    weight = np.einsum("i,j,k->ijk", weight, weight, weight) / weight.sum() ** 3
    for a, s, T in ((1.5, 0.8, 1.3), (0.7, 0.3, 0.9)):
        field = (s * z + a * np.eye(3)[0][:, None, None, None]) / T
        total = np.exp(field).sum(0)
        P = np.exp(field) / total
        expected = (
            (P[0] * weight).sum(),
            3 * (P * z).sum(0).ravel() @ weight.ravel() / s,
            T * (np.log(total) * weight).sum(),
        )
        assert np.allclose(largest(a, s, T, 3, Floats()), expected, rtol=1e-10)
        first, response = many(np.array([a / T]), np.array([s / T]), True, 3)
        assert np.allclose((first[0], response[0] / T), expected[:2], rtol=1e-9)


@pytest.mark.slow
def test_averages_over_uniform_weights_by_two_routes():
    law, on = Flat(1.3), Floats()
    for a, b in ((0.2, 0.4), (2.0, -1.0), (5.5, 3.0), (9.0, -2.0), (40.0, 10.0)):
        x, weight = np.polynomial.legendre.leggauss(2000)
        u = a * 1.3 * x + b
        Phi = np.array([on.Phi(v) for v in u])
        phi = np.exp(-u * u / 2) / math.sqrt(2 * math.pi)
        expected = [float(v @ weight) / 2 for v in (Phi, 1.3 * x * Phi, phi)]
        assert np.allclose([float(v) for v in law.averages(a, b)], expected, rtol=1e-11)
        assert np.allclose(between_edges(a, b, 1.3, on)[:3], expected, rtol=1e-11)
