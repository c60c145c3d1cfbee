"""Curves of general machines without an end at α → 0: the search that meets them, alone, and a curve that closes."""

import math

import numpy as np
import pytest

import replica
from replica.models import GeneralRBM, ReluRBM
from replica.models.layers import states
from replica.models.layers.between_ends import Traced
from replica.models.layers.curve_equations import Loads
from replica.models.layers.ends import Starts
from replica.models.layers.through_seeds import through_seeds
from replica.numerics.arclength import End
from replica.numerics.cells import cells_of_roots
from replica.potentials import Bernoulli, Gaussian, ReLU, Spin


@pytest.fixture
def no_ends(monkeypatch):
    """No end of a curve with overlap is known."""
    none = np.zeros(0, dtype=int)
    monkeypatch.setattr(states, "starts", lambda system, loads: Starts(none, np.zeros((0, 4)), none, none.astype(bool)))


def overlaps(model):
    """All overlaps."""
    return sorted(abs(float(s.order.m)) for s in replica.solve_all(model) if s.kind != "spin_glass" and s.order.m)


# At T = 0, L = 1 all follows from y = m/s: m = p erf(y/√2), α = (s(1 − C)/p)².


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("p", "alpha"), [(0.9, 0.05), (0.5, 0.001), (1.0, 0.1)])
def test_spins_without_known_ends(no_ends, p, alpha):
    y = np.geomspace(0.3, 30, 400_000)
    m = p * np.vectorize(math.erf)(y / math.sqrt(2))
    s = m / y
    C = p / s * (2 * p * np.exp(-y * y / 2) + 2 * (1 - p)) / math.sqrt(2 * math.pi)
    excess = np.where(C < 1, s * (1 - C) / p - math.sqrt(alpha), np.nan)
    at = np.nonzero(excess[1:] * excess[:-1] < 0)[0]
    assert len(at)
    right = sorted(m[at] + (m[at + 1] - m[at]) * excess[at] / (excess[at] - excess[at + 1]))
    assert overlaps(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=0.0, p=p)) == pytest.approx(right, rel=1e-8)


@pytest.mark.medium
def test_spins_with_heat_without_known_ends(no_ends):
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.2)
    right = sorted(s.order.m for s in replica.solve_all(replica.models.Hopfield(alpha=0.05, T=0.2)) if s.n == 1)
    assert overlaps(model) == pytest.approx(right, rel=1e-8)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    "controls",
    [
        {"alpha": 0.05, "theta": 0.2, "g": -0.02, "p": 0.1, "L": 5},
        {"alpha": 0.01, "theta": 0.1, "g": -0.1, "p": 0.5, "L": 1},
        {"alpha": 0.003, "theta": 0.3, "g": -0.05, "p": 0.2, "L": 2},
    ],
)
def test_sparse_machines_without_known_ends(no_ends, controls):
    c = dict(controls)
    right = overlaps(ReluRBM(**controls))
    model = GeneralRBM(Bernoulli(c.pop("g")), ReLU(c.pop("theta")), T=0.0, **c)
    assert right
    assert overlaps(model) == pytest.approx(right, rel=1e-7)


# Searches and curves of which everything is known.


def test_cells_hold_all_roots():
    x, y = np.meshgrid(np.linspace(-2, 2, 18), np.linspace(-2, 2, 15))
    row, *at = cells_of_roots((x * x + y * y - 1)[None], (x * y - 0.3)[None], x[None], y[None])
    angle = np.arcsin(0.6) / 2 + np.array([0, math.pi])
    angle = np.concatenate([angle, math.pi / 2 - angle])
    assert not row.any()
    for root in zip(np.cos(angle), np.sin(angle), strict=True):
        assert (np.abs(np.stack(at, axis=-1) - root) <= [2 / 17, 2 / 14]).all(axis=-1).any()


class Circles:
    """m = 1, b = 1, and ln² s + ln² α the square of the radius: equations for a closed curve of each row."""

    frozen = False

    def __init__(self, radius):
        self.radius = radius

    def rows(self, index):
        """Some of the circles."""
        return Circles(self.radius[index])

    def at(self, y):
        """F, its Jacobian, no order parameters."""
        F = np.stack([y[:, 0] - 1, y[:, 1] ** 2 + y[:, 3] ** 2 - self.radius**2, y[:, 2]], axis=-1)
        J = np.zeros((len(y), 3, 4))
        J[:, 0, 0] = J[:, 2, 2] = 1
        J[:, 1, 1], J[:, 1, 3] = 2 * y[:, 1], 2 * y[:, 3]
        return F, J, y[:, 0]

    def spent(self, order):
        """Nowhere."""
        return np.zeros(len(order), dtype=bool)

    faint = spent

    def vanished(self, y, tangent):
        """Nowhere."""
        return np.zeros(len(y), dtype=bool)

    def boundless(self, y, tangent):
        """Nowhere."""
        return np.zeros(len(y), dtype=bool)


def test_closed_curves_are_followed_once():
    radius = np.array([1.0, 2.5])
    angle = np.array([0.1, 1.0, 2.0, 4.0, 0.7, 3.3])
    row = np.array([0, 0, 0, 0, 1, 1])
    seed = np.ones((6, 4))
    seed[:, 1], seed[:, 2], seed[:, 3] = radius[row] * np.sin(angle), 0.0, radius[row] * np.cos(angle)
    traced = Traced()
    through_seeds(Circles(radius), traced, row, seed, Loads(*(np.full(2, v) for v in (-9.0, 8.0, 9.0))))
    curves = traced.curves
    assert traced.row.tolist() == [0, 1]
    assert not traced.missing
    assert (curves.ends == End.CLOSED).all()
    for j, r in enumerate(radius):
        load = curves.y[np.isfinite(curves.y[:, j, 3]), j, 3]
        assert load.min() == pytest.approx(-r, rel=0.05)
        assert load.max() == pytest.approx(r, rel=0.05)
