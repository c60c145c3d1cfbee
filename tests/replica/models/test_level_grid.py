"""Curves of random RBMs where the noise is a step of W, or where C is next to 1: loads are met where they are.

The states were found by the attack's solver and settled by Newton's method at 40 digits.
"""

import math

import numpy as np
import pytest
from attack.compare import judged
from attack.driver import answer
from attack.points import Point
from mpmath import mp

import replica
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.chart import ChartPoint, load_excess
from replica.models.sparse.level_curves import curves

# The last cell before C = 1, in which ln α falls from 45 to −∞: (m, 1 − C) of all states with overlap.
BESIDE_C_ONE = [
    (
        dict(alpha=0.0022724702162834924, theta=0.004371862791154536, g=-4.308076209592336e-05, p=0.004891604653996573),
        5,
        [
            (1.626787668e-06, 2.380482e-02),
            (2.157163286e-05, 1.692529e-08),
            (2.366572989e-05, 1.0),
            (4.028921577e-05, 1.726013e-04),
        ],
    ),
    (
        dict(alpha=50613817077476.22, theta=1.3829087340620654, g=0.0004483572207276148, p=0.014750039469676596),
        10,
        [
            (5.505087095e-08, 1.043404e-07),
            (2.239250649e-04, 1.504330e-06),
            (6.913178276e-03, 8.935888e-09),
            (6.913178276e-03, 1.0),
        ],
    ),
    (
        dict(alpha=0.7187788077070276, theta=0.006239872668971847, g=-1.6940344408212904e-05, p=0.023208639460266578),
        14,
        [
            (3.500134509e-08, 1.460993e-04),
            (4.235249226e-06, 4.571840e-09),
            (4.235818659e-06, 1.0),
            (5.401589721e-06, 7.942674e-09),
        ],
    ),
    (
        dict(alpha=0.5857319682167875, theta=1.4512918359957452, g=-0.08225494996220024, p=0.6047245985132153),
        7,
        [(0.02669411911, 1.0), (0.02685762016, 9.025421e-09), (0.1110398307, 9.910438e-02), (0.1159423276, 1.0)],
    ),
    # at 1 − C of 1.3e-13 and 1.8e-13 there are further ones, which are left out
    (
        dict(alpha=0.00014227315502166954, theta=0.02540438734970675, g=-0.00021375235620486042, p=0.04914801087024712),
        5,
        [(4.786789621e-08, 8.570416e-07), (8.192452584e-05, 1.0)],
    ),
    (
        dict(alpha=0.007679565612757244, theta=0.0202458539466743, g=-0.00014278730003256497, p=0.011212735360958792),
        4,
        [
            (2.578893571e-07, 3.873243e-05),
            (9.27170253e-05, 1.0),
            (5.513125960e-03, 0.7292432),
            (5.513125960e-03, 0.9989360),
        ],
    ),
]

# The level bends between nodes of the grid, or two branches lie between two of them.
BETWEEN_NODES = [
    (
        dict(alpha=14.104695742446944, theta=0.01974441870533966, g=-0.0002726467608310602, p=0.016629937224247812),
        4,
        [
            (1.231955443e-05, 3.320045e-02),
            (1.368651088e-04, 6.039859e-09),
            (2.022851552e-04, 1.0),
            (2.500222639e-04, 4.683463e-04),
        ],
    ),
    (
        dict(alpha=0.017165797959406145, theta=0.1677496599722665, g=-0.00033938107312266676, p=0.03947896454731895),
        5,
        [(0.01827019629, 0.2800724), (0.01827019629, 1.0)],
    ),
    (
        dict(alpha=1516541.7216661242, theta=0.9117688317131555, g=2.1246617564855694e-11, p=0.008134448758543118),
        1,
        [
            (1.489589339e-12, 0.6763900),
            (6.495373572e-12, 0.8710129),
            (4.067224379e-03, 0.6023264),
            (4.067224379e-03, 1.0),
        ],
    ),
    (
        dict(alpha=77.71234525582736, theta=0.1236418818098228, g=3.519719177259937e-11, p=0.007507078807962036),
        1,
        [],
    ),
]

# A curve turns round within the edge between chart and flip: in the chart, or on the flip.
AT_THE_EDGE = [
    (dict(alpha=0.1380202505218131, theta=0.0, g=-6.85845659535283e-05, p=0.15452248611420508), 40, []),
    (
        dict(alpha=1.7371731381261124e-05, theta=-0.09121099816375698, g=-0.050158684985756485, p=0.10345312666338237),
        1,
        [(0.0509370873, 0.4297278), (0.05172656333, 1.0)],
    ),
    (
        dict(alpha=7.002913475826723e-11, theta=0.42292289923740223, g=0.00010062612315964948, p=0.151662570327108),
        4,
        [
            (2.495066509e-06, 1.244084e-02),
            (2.549713574e-05, 0.1723863),
            (3.307749815e-05, 0.9705255),
            (3.307810451e-05, 0.9689694),
            (0.06103115313, 8.956890e-03),
            (0.06103115313, 1.0),
        ],
    ),
]


def margin(state):
    """1 − C from B = pH0/(1 − C), which has its digits."""
    model, order = state.model, state.order
    return float(model.p * replica.H(0, model.theta / math.sqrt(model.p * order.q)) / order.B)


@pytest.mark.some(4)
@pytest.mark.parametrize(("controls", "L", "right"), [*BESIDE_C_ONE, *BETWEEN_NODES, *AT_THE_EDGE])
def test_all_states_are_met_and_none_besides(controls, L, right):
    found = replica.solve_all(ReluRBM(**controls, L=L))
    assert found.complete, found.unaccounted
    with_overlap = [s for s in found if s.order.m > 0]
    assert all(s.status == replica.Status.CONVERGED for s in with_overlap)
    listed = sorted((float(s.order.m), margin(s)) for s in with_overlap)
    assert len(listed) == len(right)
    for one, other in zip(listed, sorted(right), strict=True):
        assert one == (pytest.approx(other[0], rel=2e-8), pytest.approx(other[1], rel=2e-6))


@pytest.mark.slow
@pytest.mark.parametrize(("controls", "L"), [case[:2] for case in [*BESIDE_C_ONE, *BETWEEN_NODES, *AT_THE_EDGE]])
def test_neighbours_of_these_machines_agree_with_the_attack(controls, L):
    rng = np.random.default_rng(4140505)
    for _ in range(6):
        near = {name: float(value * np.exp(rng.normal(0, 0.02))) for name, value in controls.items()}
        point = Point("relu-rbm", {**near, "L": L})
        listed, unaccounted = answer(point)
        assert not unaccounted
        assert not judged(point, point.states(), listed).faults


@pytest.mark.parametrize("case", [BESIDE_C_ONE[0], BETWEEN_NODES[0], BETWEEN_NODES[1]])
def test_every_place_of_a_curve_is_on_the_level(case):
    controls, L, _ = case
    model = ReluRBM(**controls, L=L)
    g = float(model.g)
    for curve in curves(model.couplings(), g, math.log(model.alpha)):
        cells = np.arange(len(curve.vertices) - 1)
        inside = np.isfinite(curve.log_alpha[1:] + curve.log_alpha[:-1])
        for share in (0.25, 0.5, 0.75):
            there = curve.at(curve.place(cells[inside] + share))
            assert np.all(np.abs(there.g / g - 1) < 1e-6)


def test_the_sign_of_a_load_goes_through_C_of_one():
    """Of ln α = 2 ln(1 − C) + 50 against 10: the sign of 1 − C − e⁻²⁰, and no jump where C = 1."""
    margin = np.concatenate([-np.geomspace(1, 1e-12, 200), [0.0], np.geomspace(1e-12, 1, 200)])
    others = [np.ones_like(margin)] * (len(ChartPoint._fields) - 2)
    point = ChartPoint(*others, margin, np.full_like(margin, 50.0))._replace(margin=margin)
    excess = load_excess(point, np.array(10.0))
    assert np.array_equal(excess > 0, margin > math.exp(-20))
    above = margin > 0.01
    assert excess[above] == pytest.approx(2 * np.log(margin[above]) + 40)
    assert np.all(np.diff(excess) > 0)
    assert np.all(load_excess(point, np.array(60.0)) < 0)


NEXT_TO_THE_GLASS = [
    # 1 − C = a² (b² − 1)(1 − 3p)/6, p = 0 in the limit, at the b of the glass
    CompositionalRBM(
        alpha=5.67320170847546e-09, theta=9.93379472662597, g=2.1451539737640577e-07, ell=0.019111175024206725
    ),
    ReluRBM(
        alpha=0.00014227315502166954, theta=0.02540438734970675, g=-0.00021375235620486042, p=0.04914801087024712, L=5
    ),
]


@pytest.mark.parametrize("model", NEXT_TO_THE_GLASS)
def test_the_state_next_to_a_glass_is_met_down_to_the_least_margin(model):
    """Where a² is small m = as is given by C = 1 − a² (b² − 1)(1 − 3p)/6 of the glass, which it shares."""
    found = replica.solve_all(model)
    p = 0.0 if isinstance(model, CompositionalRBM) else model.p
    unit = 1.0 if isinstance(model, CompositionalRBM) else model.p
    right = []
    for glass in (s for s in found if s.kind == "spin_glass"):
        s = math.sqrt(model.alpha * unit * glass.order.r)
        b = (model.g + model.alpha * glass.order.B / 2) / s
        y = model.theta / math.sqrt(unit * glass.order.q)
        margin = unit * replica.H(0, y) / glass.order.B
        bend = (b * b - 1) * (1 - 3 * p) / 6
        if bend > 0 and 1e-9 < margin < 1e-5:
            right.append(math.sqrt(margin / bend) * s)
    assert len(right) == 1 and found.complete
    twice = 2 if isinstance(model, CompositionalRBM) else 1
    assert any(s.order.m > 0 and s.order.m / (twice * right[0]) == pytest.approx(1, abs=1e-4) for s in found)


NEGATIVE = [
    dict(alpha=0.028712740819334562, theta=-0.006357319565446737, g=-0.0032299582931610148, p=0.0065233268612364175),
    dict(alpha=3.079571519134218e-05, theta=-0.5889588649483786, g=-0.04989562463822076, p=0.19641854029703174),
    dict(alpha=0.00021390363605561181, theta=-0.034117024843714254, g=-0.001265464591090127, p=0.005622958178044549),
]


@pytest.mark.some(3)
@pytest.mark.parametrize("controls", NEGATIVE)
@pytest.mark.parametrize("b", [None, -33.6, -36.9])
def test_a_glass_of_next_to_no_units_keeps_its_members(controls, b):
    """For θ < 0 and q → 0 all hidden units are on: r = θ², B = p, s = √(αp)|θ|, q = Φ(b) with b = (g + αp/2)/s."""
    alpha, theta, g, p = (mp.mpf(controls[name]) for name in ("alpha", "theta", "g", "p"))
    s = mp.sqrt(alpha * p) * abs(theta)
    if b is not None:
        g = b * s - alpha * p / 2
    b = (g + alpha * p / 2) / s
    for model in (
        ReluRBM(**{**controls, "g": float(g)}, L=5),
        # the same equations at p = 1, in units of p
        CompositionalRBM(alpha=controls["alpha"], theta=float(theta / mp.sqrt(p)), g=float(g / p), ell=0.5),
    ):
        state = min((x for x in replica.solve_all(model) if x.kind == "spin_glass"), key=lambda x: x.order.q)
        assert state.status == replica.Status.CONVERGED
        unit = 1 if isinstance(model, CompositionalRBM) else p
        q, C = mp.ncdf(b), p * mp.npdf(b) / s
        rough = max(1e-10, 30 * float(C) / float(p))
        assert state.order.r == pytest.approx(float(theta**2 / p * unit), rel=rough)
        assert state.order.B == pytest.approx(float(unit), rel=rough)
        assert state.order.q == pytest.approx(float(q), rel=max(1e-10, rough * float(b) ** 2))
        assert state.order.C == pytest.approx(float(C), rel=max(1e-10, rough * float(b) ** 2))


def test_derivatives_by_the_overlap_where_the_noise_is_far_below_it():
    """At s ~ 1e-19 a field of 1e-30 is no small step; the Jacobian is that of mpmath."""
    model = ReluRBM(
        alpha=2.561038454260563e-11,
        theta=1.5687201744684276e-05,
        g=-1.2982558884089062e-09,
        p=0.0025577344231398043,
        L=40,
    )
    found = replica.solve_all(model)
    (state,) = [x for x in found if x.k == 5 and x.sheet == 1]
    assert not state.stable
    x = [float(v) for v in model.pack(state.order)]
    with mp.workdps(40):
        exact = model.jacobian([mp.mpf(v) for v in x])
        exact = np.array([[float(v) for v in row] for row in exact])
    scale = np.abs(exact).max(axis=0)
    assert np.max(np.abs(np.array(model.jacobian(x), dtype=float) - exact) / scale) < 1e-5
