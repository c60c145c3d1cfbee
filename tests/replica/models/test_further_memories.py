"""Many-body, Potts, sparsely coded and diluted memories at T = 0: what explicit formulas of one or two numbers say."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import fsolve, minimize, minimize_scalar
from scipy.special import erf, ndtr

import replica
from replica.models import DenseHopfield, DilutedHopfield, Hopfield, PottsHopfield, SparseCodingHopfield
from replica.models.base import Order


def density(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def highest(load, low, high):
    """Largest value of a function of y."""
    found = minimize_scalar(lambda y: -math.log(load(y)), bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return math.exp(-found.fun)


def potts_load(y, Q):
    """Load at y = Qm/ŝ, by integrals over the noise of one state of a unit."""

    def mean(g):
        return quad(lambda z: density(z) * g(z), -10, 10, epsabs=1e-14, epsrel=1e-13, points=[0.0], limit=200)[0]

    noise = (Q * mean(lambda z: ndtr(z + y) ** (Q - 1)) - 1) * Q / y
    others = mean(lambda z: z * ndtr(z - y) * ndtr(z) ** (Q - 2))
    C = Q / noise * (mean(lambda z: z * ndtr(z + y) ** (Q - 1)) + (Q - 1) * others)
    return noise**2 * (1 - C) ** 2 / (Q * (Q - 1))


def sparse_state(A, b, a):
    """Load and field at A = m/s and b = (g + αB/2)/s."""
    eta, share = np.array([math.sqrt((1 - a) / a), -math.sqrt(a / (1 - a))]), np.array([a, 1 - a])
    u = A * eta + b
    s, q = share @ (eta * ndtr(u)) / A, share @ ndtr(u)
    C = share @ density(u) / s
    load = s**2 * (1 - C) ** 2 / q
    return load, b * s - load / (2 * (1 - C))


def diluted_load(y, c):
    s = erf(y / math.sqrt(2)) / y
    return s**2 / (1 / (1 - 2 * density(y) / s) ** 2 + (1 - c) / c)


def capacity(model):
    return replica.spinodal(model, along="alpha").value


@pytest.mark.some(4)
@pytest.mark.parametrize("Q", [2, 3, 4, 5, 6, 7, 10, 20, 50])
def test_capacity_of_potts_units(Q):
    assert capacity(PottsHopfield(alpha=None, states=Q)) == pytest.approx(
        highest(lambda y: potts_load(y, Q), 1.5, 6.0), rel=1e-11
    )


@pytest.mark.some(5)
@pytest.mark.parametrize("Q", [2, 3, 4, 7, 50])
@pytest.mark.parametrize("part", [1e-8, 1e-3, 0.5, 0.99])
def test_potts_states_below_the_capacity_are_three(Q, part):
    """The glass, retrieval once and the other sheet, at loads down to 1e-8 of the capacity."""
    load = part * highest(lambda y: potts_load(y, Q), 1.5, 6.0)
    states = replica.solve_all(PottsHopfield(alpha=load, states=Q))
    assert states.complete
    assert sorted((s.kind, s.sheet) for s in states) == [("retrieval", 0), ("retrieval", 1), ("spin_glass", 0)]
    for s in states:
        if s.order.m > 0.01:
            noise = math.sqrt(Q * load * s.order.r)
            assert potts_load(Q * s.order.m / noise, Q) == pytest.approx(load, rel=1e-9)


@pytest.mark.parametrize("P", [3, 4, 5, 10, 14, 20])
def test_capacity_of_many_bodies(P):
    """From P = 15 on many digits are asked for: C, of order (P − 1)!, is beside m in the system of a fold."""

    def load(y):
        return erf(y / math.sqrt(2)) ** (2 * P - 2) / (math.factorial(P - 1) * y * y)

    fold = replica.spinodal(DenseHopfield(alpha=None, body=P), along="alpha", precision=60 if P > 14 else None)
    assert float(fold.value) == pytest.approx(highest(load, 0.5, 6.0), rel=1e-12, abs=0)


@pytest.mark.parametrize("c", [1.0, 0.5, 0.225734, 0.01])
def test_capacity_of_diluted_bonds(c):
    expected = highest(lambda y: diluted_load(y, c), 0.1, 6.0)
    assert capacity(DilutedHopfield(alpha=None, c=c)) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("a", "largest"), [(0.5, 0.0690682053437), (0.1, 0.440967244239015), (0.01, 4.36770321809294)])
def test_largest_load_of_sparse_coding_is_a_fold_of_the_model(a, largest):
    """The maximum over the plane, and the equations of the model there."""
    d = 3.4 if a < 0.5 else 4.3
    start = [d * math.sqrt(a * (1 - a)), 0.9 - d * (1 - a)]
    top = minimize(
        lambda v: -sparse_state(*v, a)[0], start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-15}
    )
    assert -top.fun == pytest.approx(largest, rel=1e-12)
    load, g = sparse_state(*top.x, a)
    model = SparseCodingHopfield(alpha=load, a=a, g=g)
    eta, share = np.array([math.sqrt((1 - a) / a), -math.sqrt(a / (1 - a))]), np.array([a, 1 - a])
    u = top.x[0] * eta + top.x[1]
    m, q = share @ (eta * ndtr(u)), share @ ndtr(u)
    C = share @ density(u) * top.x[0] / m
    order = Order(m=m, q=q, r=q / (1 - C) ** 2, C=C, B=1 / (1 - C))
    residual = np.array([float(v) for v in model.equations(list(model.pack(order)))])
    assert np.abs(residual).max() < 1e-12


@pytest.mark.some(2)
@pytest.mark.parametrize("g", [-0.5, -0.7, -0.7264, -0.727, -0.75, -0.7788197])
def test_fold_of_sparse_coding_on_the_branch_from_no_noise(g):
    """∇α ∥ ∇g on the plane at the fold that the model finds, the smaller one where an island is at larger loads.

    The island parts from the branch at g = −.72644763: beside it strands of curves lie close.
    """
    a, h = 0.1, 1e-6
    fold = replica.spinodal(SparseCodingHopfield(alpha=None, a=a, g=g), along="alpha")
    s = math.sqrt(fold.value * fold.order.r)
    there = [fold.order.m / s, (g + fold.value * fold.order.B / 2) / s]

    def parallel(v):
        slopes = [
            (np.array(sparse_state(v[0] + x, v[1] + y, a)) - sparse_state(v[0] - x, v[1] - y, a)) / (2 * h)
            for x, y in ((h, 0), (0, h))
        ]
        return [slopes[0][0] * slopes[1][1] - slopes[1][0] * slopes[0][1], sparse_state(*v, a)[1] - g]

    load, _ = sparse_state(*fsolve(parallel, there, xtol=1e-13, full_output=True)[0], a)  # no step gains at rounding
    assert fold.value == pytest.approx(load, rel=1e-8)
    assert (fold.value < 0.15) == (g < -0.72644763)


@pytest.mark.slow
def test_sparse_coding_with_half_of_the_entries_is_the_hopfield_model():
    """At g = −αB/2 and half the load: m is half, C the same."""
    for load in (0.02, 0.1, 0.135):
        spins = replica.solve(Hopfield(alpha=load)).order
        state = replica.solve(SparseCodingHopfield(alpha=load / 2, a=0.5, g=-load / 4 * spins.B)).order
        assert state.m == pytest.approx(spins.m / 2, rel=1e-11)
        assert state.C == pytest.approx(spins.C, rel=1e-9)
        assert state.q == pytest.approx(0.5, rel=1e-12)
