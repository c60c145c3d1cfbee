"""Curves of random RBMs account for their ends, however short their parts; closed ones within a cell are found."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

import replica
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.chart import at
from replica.models.sparse.level_curves import curves

ISLANDS = [
    # p, θ, L, and a place (ln a, κ) near a minimum of g on the chart
    (0.026133997640499274, 0.00496699385816227, 4, (1.26, -0.75)),
    (0.026133997640499274, 0.00496699385816227, 4, (2.69, -1.85)),
    (0.026133997640499274, 0.00496699385816227, 4, (3.33, -1.90)),
]


@pytest.mark.parametrize(("p", "theta", "L", "place"), ISLANDS)
@pytest.mark.parametrize("distance", [1e-3, 1e-6])
def test_closed_curves_within_a_cell_of_the_grid_are_found(p, theta, L, place, distance):
    """Just above a minimum of g lies a small closed curve, on which a load within its range occurs twice."""
    model = ReluRBM(alpha=1, theta=theta, g=-1, p=p, L=L)
    couplings = model.couplings()
    best = minimize(
        lambda x: float(at(couplings, *x).g), place, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 0}
    )
    centre = at(couplings, *best.x)
    g = float(centre.g) * (1 - distance)
    found = replica.solve_all(model.replace(g=g, alpha=math.exp(float(centre.log_alpha))))
    near = [s for s in found if s.order.m > 0 and abs(s.order.m / float(centre.m) - 1) < 20 * math.sqrt(distance)]
    assert len(near) == 2 and found.complete
    assert all(s.status == replica.Status.CONVERGED for s in near)


SHORT = [
    # a stretch on a flip between its way out of the chart and C = 1, shorter than the nodes are apart
    (ReluRBM(alpha=0.0053, theta=0.016325694680767666, g=-0.00328958383134357, p=0.00721387514723114, L=4), "C = 1"),
    (CompositionalRBM(alpha=500, theta=6.706135173597046, g=0.033677951627595425, ell=0.00188143), "C = 1"),
    # the two roots of a flip part and meet again between two nodes
    (
        CompositionalRBM(alpha=4e-12, theta=5.459341551073139, g=0.00029178882018968745, ell=0.0011681722456380011),
        "C = 1",
    ),
    # closed, of a part on the chart and one on a flip
    (CompositionalRBM(alpha=1e-4, theta=0.0, g=-0.5009917328440124, ell=0.0011446525004481355), "closed"),
    # two cells of the chart between the flip and C = 1
    (CompositionalRBM(alpha=3e-8, theta=-0.2558972066357225, g=0.013476331832800862, ell=0.3213), "no noise"),
    # the activity vanishes on a flip before its first node beyond the chart
    (CompositionalRBM(alpha=1, theta=0.4979105143923635, g=-0.49826484197832804, ell=0.006964780416224812), "all off"),
]


@pytest.mark.parametrize(("model", "end"), SHORT)
def test_short_parts_are_not_lost(model, end):
    ends = [e for curve in curves(model.couplings(), float(model.g), -25.0) for e in curve.ends]
    assert end in ends and "window" not in ends


@pytest.mark.slow
def test_random_machines_leave_nothing_unaccounted_for():
    rng = np.random.default_rng(20261127)
    for _ in range(25):
        L, p = int(rng.integers(1, 21)), float(np.exp(rng.uniform(-6, 0)))
        theta = float(rng.uniform(-1, 3)) * math.sqrt(p)
        m = 0.5 * math.sqrt(p / L)
        g = float(rng.choice([-1, 1])) * m * float(np.exp(rng.uniform(-6, 1)))
        for curve in curves(ReluRBM(alpha=1, theta=theta, g=g, p=p, L=L).couplings(), g, -20.0):
            assert not curve.unaccounted(), (L, p, theta, g)


SMALL = [
    # next to all units are on: m is what the few that are off leave
    (
        dict(
            alpha=6.632713584159982e-09,
            theta=0.35879329102190144,
            g=1.7191317428188472e-08,
            p=0.0025059543028333633,
            L=17,
        ),
        4.518083537394e-12,
    ),
    (
        dict(alpha=0.8800363413842912, theta=3.993820922583465, g=-0.0018494157935348857, p=0.4732964111132458, L=20),
        3.5866213043e-5,
    ),
]


@pytest.mark.some(1)
@pytest.mark.parametrize(("controls", "m"), SMALL)
def test_small_overlaps_have_digits(controls, m):
    """Beside the glass, 1 − C ~ (m/s)²; values proven by `replica.certified.states`.

    In the second case r differs from that of the glass by 3e-7, of which rounding turns the fourth digit.
    """
    found = replica.solve_all(ReluRBM(**controls))
    assert any(s.order.m > 0 and abs(s.order.m / m - 1) < 2e-4 for s in found)


FAR_BEYOND = [
    (dict(alpha=0.0002713451066894693, theta=1.7515579106797652, g=-0.03942984454095353, p=1, L=40), 4),
    (dict(alpha=0.01, theta=3, g=-0.0394, p=1, L=40), 4),
    (dict(alpha=10, theta=2, g=-0.04, p=1, L=39), None),
    (
        dict(alpha=0.0013243802062463546, theta=0.002936, g=-1.026961346106089e-06, p=0.00477953, L=40),
        None,
    ),
]


@pytest.mark.some(1)
@pytest.mark.parametrize(("controls", "count"), FAR_BEYOND)
def test_loads_that_a_margin_left_out_would_meet_are_no_states(controls, count):
    """Closed curves at ln α ~ 1e5 whose ends at C = 1 the load meets at 1 − C ~ e^−1e5; the first count is proven."""
    found = replica.solve_all(ReluRBM(**controls))
    assert found.complete, found.unaccounted[:2]
    assert count is None or len(found) == count
