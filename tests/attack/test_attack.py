"""Tests of the attack itself: its equations by a second route, states that are known, and faults that are planted."""

import ast
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

from attack import box, plane
from attack.__main__ import main
from attack.arithmetic import Digits, Floats, log_H
from attack.box import averages
from attack.compare import Listed, curvature, judged, quiet_steps
from attack.driver import answer, call, model
from attack.equations import Levels, Machine, Normal, Planted, Rectified, State
from attack.laws import Law
from attack.points import DRAWS, Point, draw
from attack.search import cells, newton, same, scan
from attack.settle import settled

SPIN, HALF = Levels((-1.0, 1.0), (0.0, 0.0)), Levels((0.0, 1.0), (0.0, 0.02))
TRIT = Levels((-1.0, 0.0, 1.0), (0.3, 0.0, 0.4))
MIXED = ((0.75, 0.5), (1.25, 0.5))
SOME = State(0.3, 0.4, 0.7, 0.35, 1.3)
MACHINES = {
    "relu": Machine(HALF, Rectified(0.2), Law(3, 0.3), 0.4, p=0.3, size=3),
    "relu-mixed": Machine(HALF, Rectified(0.2), Law(3, 0.3, classes=MIXED), 0.4, p=0.3, size=3),
    "compositional": Machine(HALF, Rectified(-0.3), Law(ell=0.7), 0.4, size=0.7),
    "threshold": Machine(Levels((0.0, 1.0), (0.0, 0.0)), Rectified(0.5), Law(1, 1.0), 0.4, balanced=True),
    "hopfield": Machine(SPIN, Normal(), Law(3, 1.0), 0.1, 0.4, size=3),
    "narrow": Machine(SPIN, Normal(), Law(1, 0.8), 0.02, 1.1, p=0.8),
    "relu-warm": Machine(HALF, Rectified(0.2), Law(2, 0.6), 0.4, 0.3, p=0.6, size=2),
    "trit": Machine(TRIT, Normal(), Law(1, 0.7), 0.2, 0.4, p=0.7),
    "trit-cold": Machine(TRIT, Rectified(0.1), Law(2, 0.7), 0.2, p=0.7, size=2),
}


# Equations.


SLOW = ("hopfield", "relu-warm")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in MACHINES])
def test_equations_are_derivatives_of_the_free_energy(name):
    assert_derivatives(MACHINES[name])


def assert_derivatives(machine):
    # ∂f/∂(m, q, r, C, B) = −(aL R_m, ½α R_B, ½α R_C, ½α(R_r + T R_B/p), ½α(R_q + T R_C/p)), R = right-hand side − value
    on = Digits()
    with mp.workdps(40):
        state = State(*map(mp.mpf, SOME))
        R = State(*(b - a for a, b in zip(state, machine.rhs(state, on), strict=True)))
        half, warmth = mp.mpf(machine.alpha) / 2, mp.mpf(machine.T) / mp.mpf(machine.p)
        expected = (
            mp.mpf(machine.size) * R.m,
            half * R.B,
            half * R.C,
            half * (R.r + warmth * R.B),
            half * (R.q + warmth * R.C),
        )
        h = mp.mpf("1e-12")
        for member, right in zip(State._fields, expected, strict=True):
            up, down = (state._replace(**{member: getattr(state, member) + sign * h}) for sign in (1, -1))
            slope = (machine.free_energy(up, on) - machine.free_energy(down, on)) / (2 * h)
            assert abs(slope + right) < 1e-20


@pytest.mark.medium
@pytest.mark.parametrize("T", [0.0, 0.7])
def test_equations_of_teacher_and_student_are_derivatives(T):
    # ∂f/∂(m, r) at fixed C, q = 1 − TC, and ∂f/∂C vanish on a solution
    machine, on = Planted(1.5, 0.6, T), Digits()
    found = [state for state in Point("planted", {"gamma": 1.5, "beta_teacher": 0.6, "T": T}).states() if state.m > 0]
    assert found
    with mp.workdps(40):
        state = State(*map(mp.mpf, settled(machine, found[0])))
        h = mp.mpf("1e-10")
        for member in ("m", "r", "C"):

            def f(step, member=member):
                moved = state._replace(**{member: getattr(state, member) + step})
                return machine.free_energy(moved._replace(q=1 - machine.T * moved.C), on)

            assert abs(f(h) - f(-h)) / (2 * h) < 1e-12


@pytest.mark.medium
@pytest.mark.parametrize("name", MACHINES)
def test_doubles_and_digits_agree(name):
    machine = MACHINES[name]
    with mp.workdps(40):
        exact = machine.rhs(State(*map(mp.mpf, SOME)), Digits())
        energy = machine.free_energy(State(*map(mp.mpf, SOME)), Digits())
    assert np.allclose([float(v) for v in exact], machine.rhs(SOME, Floats()), rtol=1e-12)
    assert math.isclose(float(energy), machine.free_energy(SOME, Floats()), rel_tol=1e-12)


@pytest.mark.parametrize("name", MACHINES)
def test_search_and_equations_are_typed_alike(name):
    # the arrays of the search against the scalars of the equations
    machine = MACHINES[name]
    for noise in (0.05, 0.8):
        for unit, c in ((machine.visible, 0.3), (machine.hidden, 0.4)):
            one = unit.average(0.3, noise, c, machine.T, Floats())
            many = averages(unit, np.array([0.3]), np.array([noise]), np.array([c]), machine.T, True)
            assert np.allclose([v[0] for v in many[:3]], one[:3], rtol=1e-11, atol=1e-15)


def test_hopfield_at_zero_temperature_in_closed_form():
    # √(2α) = erf(y)/y − (2/√π)e^{−y²}, m = erf(y); C = √(2/(παr)) e^{−y²}
    for y in (1.2, 1.7, 2.5):
        alpha = (math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)) ** 2 / 2
        found = Point("hopfield", {"alpha": alpha, "T": 0.0, "n": 1}).states()
        assert any(abs(state.m - math.erf(y)) < 1e-10 for state in found)


def test_tails_of_the_normal_distribution():
    for x in (-30.0, -9.5, -8.5, -1.0, 0.5, 4.0, 11.9, 12.1, 40.0):
        with mp.workdps(60):
            exact = [float(mp.log(Digits().H(k, mp.mpf(x)))) for k in range(3)]
        assert np.allclose([log_H(k, x) for k in range(3)], exact, rtol=1e-11, atol=1e-13)


def test_laws_have_their_moments():
    for law, variance in ((Law(7, 0.3), 2.1), (Law(ell=1.7), 1.7), (Law(2, 0.5, classes=MIXED), 1.0)):
        w, x, P = law.arrays()
        assert np.allclose([P.sum(), (P * x).sum(), (P * w).sum(), (P * w * w).sum()], [1, 1, 0, variance])


# The search.


def test_search_finds_zeros_of_known_functions():
    # x² + y² = 5, xy = 2
    x, y = np.meshgrid(np.linspace(-3.03, 3, 20), np.linspace(-3.01, 3, 20), indexing="ij")
    start = cells([x, y], [x * x + y * y - 5, x * y - 2])
    found, _ = newton(lambda p, _: np.stack([(p**2).sum(-1) - 5, p.prod(-1) - 2], -1), start)
    assert {tuple(np.round(p, 8)) for p in found} == {(1, 2), (2, 1), (-1, -2), (-2, -1)}
    # two roots between two nodes
    roots = scan(lambda t: (t - 0.5) ** 2 - 1e-8, np.array([0.0, 0.2, 0.45, 0.62, 0.9]))
    assert np.allclose(sorted(roots), [0.4999, 0.5001], atol=1e-9)


def relu(alpha, theta, g, p, L):
    return Point("relu-rbm", {"alpha": alpha, "theta": theta, "g": g, "p": p, "L": L})


def compositional(alpha, theta, g, ell):
    return Point("compositional", {"alpha": alpha, "theta": theta, "g": g, "ell": ell})


def general(visible, hidden, alpha, T, p=1.0, L=1):
    controls = {"visible": visible, "hidden": hidden, "alpha": alpha, "T": T, "p": p, "L": L}
    return Point("general" if T else "general-cold", controls)


UP_DOWN = ((-1.0, 1.0), (0.0, 0.0))
G, EDGE, ELL = -0.498891956759851, 0.28340257755535614, 0.0024352542588221126
SECOND = (0.2620127859016663, -0.4707765212705877, 0.0009620467988858661)
PAIR = relu(0.2346, 0.018655373456871148, -0.0014467441968467245, 0.0029652133881423685, 11)
SCALED = {s: general(((-s, s), (0.0, 0.0)), None, 0.05, 0.2 * s * s) for s in (1e-6, 1e3, 1e6)}
KNOWN = [
    (compositional(math.exp(28), EDGE, G, ELL), {"m": 0.9987838539 / 2, "C": 8.77234e-9}),
    (compositional(math.exp(24), EDGE, G, ELL), {"m": 0.99788611970651 / 2, "q": 0.0012143131056471, "C": 0.212116025}),
    (compositional(math.exp(36.0042), EDGE, G, ELL), {"m": 0.998783854 / 2, "C": 5.319417e-5}),
    (compositional(math.exp(60), *SECOND), {"m": 0.941727018202 / 2, "C": 0.997122955365}),
    (PAIR, {"m": 0.0014602404644901, "q": 0.015943875540916, "C": 0.017734906}),
    (PAIR, {"m": 0.0014594847649623, "q": 0.01593556284611, "C": 0.034881221}),
    (
        relu(73.73227117460313, 5.740749444913069, 0.09486531220026073, 1.0, 5),
        {"m": 1 / 32, "q": 31 / 32, "C": 8.790148e-25},
    ),
    (
        relu(1216.362289317499, 1.455530890282762, 0.0007970868209120987, 0.05014466743356175, 8),
        {"m": 2.68270869680e-4, "q": 0.99929245272, "C": 0.02326674},
    ),
    (
        relu(6.632713584159982e-09, 0.35879329102190144, 1.7191317428188472e-08, 0.0025059543028333633, 17),
        {"m": 4.518083e-12},
    ),
    (general(UP_DOWN, None, 0.05, 0.0, 0.9), {"m": 0.898974275097162, "r": 1.6965430830595, "C": 0.271652207503}),
    (general(UP_DOWN, None, 0.05, 0.0, 0.9), {"m": 0.711822864241, "r": 7.1366491853, "C": 0.6448808599509}),
    (general(UP_DOWN, None, 0.001, 0.0, 0.5), {"m": 0.4711925959}),
    (
        general(
            ((-1.0, 1.0), (0.41729770479090267, -0.41729770479090267)),
            -0.9208142466715943,
            0.00011237578894017852,
            0.21254562684032374,
            1.0,
            3,
        ),
        {"m": 0.3217386686, "q": 0.7955356734, "r": 1098.53244605, "C": 0.9619785154, "B": 22.136194874},
    ),
    *[(point, {"m": 0.998877763 * s}) for s, point in SCALED.items()],
    *[(point, {"m": 0.710684759 * s}) for s, point in SCALED.items()],
    (Point("hopfield", {"alpha": 0.05, "T": 0.5, "n": 1}), {"m": 0.904106}),
    (Point("hopfield", {"alpha": 0.05, "T": 0.5, "n": 1}), {"m": 0.755119}),
]


def dear(point):
    """Whether 40 digits of a point take minutes: rectified units at T > 0."""
    return point.family == "general" and point.controls["hidden"] is not None


def known():
    for i, (point, values) in enumerate(KNOWN):
        marks = [pytest.mark.slow] if dear(point) else []
        yield pytest.param(point, values, id=f"{point.family}-{i}", marks=marks)


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize(("point", "values"), list(known()))
def test_known_states_are_found(point, values):
    def fits(state):
        return all(math.isclose(getattr(state, name), value, rel_tol=2e-6) for name, value in values.items())

    found = [state for state in point.states() if fits(state)]
    assert len(found) == 1
    if dear(point):
        return
    right = settled(point.machine(), found[0])
    assert right is not None
    assert same(right, found[0], 1e-6)


@pytest.mark.slow
def test_states_of_a_machine_of_two_classes():
    rest = {
        "alpha": 0.05183311333971694,
        "theta": 1.29060935978716,
        "g": -0.2008602522867561,
        "ell": 1.3956501468636806,
    }
    for d, m, q, C in ((0.75, 0.49596, 0.29785, 0.8830), (0.76, 0.499566, 0.304671, 0.862372)):
        point = Point("compositional-mixed", {**rest, "x": ((1 - d, 0.5), (1 + d, 0.5))})
        known = (m / 2, q, C)
        assert any(np.allclose((s.m, s.q, s.C), known, rtol=3e-5) for s in point.states())


def test_no_state_beyond_the_fold():
    for log_alpha, count in ((36.0042, 2), (36.0044, 0)):
        found = compositional(math.exp(log_alpha), EDGE, G, ELL).states()
        assert sum(abs(2 * state.m - 0.998783854) < 1e-6 for state in found) == count


@pytest.mark.medium
def test_free_energy_of_states_on_the_way_to_ell_star():
    for ell, f in ((4.3, -0.036527676), (4.526654485, -0.036530397), (4.9, -0.036524494)):
        point = compositional(12.464383915176017, 1.998975677120073, -0.09620779209264896, ell)
        energies = [
            point.machine().free_energy(state, Floats()) for state in point.states() if state.m > 0 and state.C < 0.999
        ]
        assert any(abs(energy - f) < 1e-9 for energy in energies)


def test_two_searches_of_one_machine_agree():
    # the plane of a and b, and the box of m, q and C
    machine = relu(0.05, 0.2, -0.02, 0.1, 5).machine()
    one, two = ([state for state in search.states(machine) if state.q > 0] for search in (plane, box))
    assert len(one) == len(two) == 6
    assert all(any(same(a, b, 1e-8) for b in two) for a in one)


# The comparison.

POINT = relu(0.05, 0.2, -0.02, 0.1, 5)


def honest():
    """A list as replica should give it: our own states."""
    machine, rows = POINT.machine(), []
    for state in POINT.states():
        k = (quiet_steps(machine, state) or [None])[-1]
        kind = "paramagnet" if state.q == 0 else "spin_glass" if state.m == 0 else "retrieval" if k == 1 else "spurious"
        f = machine.free_energy(state, Floats()) if state.q else 0.0
        bend = curvature(machine, state, Floats(), 1e-5) if state.m else 0.0
        stable = bool(min(bend, 1 - state.C, machine.unlike(state, Floats())) > 0) if state.m else None
        rows.append(Listed(state, kind, k, 0, f, stable, True))
    return sorted(rows, key=lambda row: row.free_energy)


def test_a_state_that_only_noise_upholds_descends_from_none():
    """m W < |g| for all W: without noise no unit would be on."""
    machine = relu(0.05, 0.2, -0.02, 0.1, 5).machine()
    assert quiet_steps(machine, State(0.003, 0.01, 1e-9, 0.01, 0.01)) is None


def test_between_a_state_and_the_one_without_noise_may_be_a_gap():
    """Few units with W = 1 keep each other on up to a fold at α = 0.0137; proven: no state at 0.0145, two at 0.0155.

    C is 0.001 there, dm'/dm of the few units with W ≠ 0 is 1.
    """
    fewest = (0.007371964711152098, -0.49618507959862596, 0.001521714980444174)
    assert [state.m for state in compositional(0.0145, *fewest).states() if state.m > 0] == []
    point = compositional(0.035089578318686254, *fewest)
    (state,) = [state for state in point.states() if state.m > 0 and state.C < 0.001]
    assert quiet_steps(point.machine(), state) is None


def test_an_honest_list_has_no_faults():
    verdict = judged(POINT, POINT.states(), honest())
    assert (verdict.faults, verdict.states, verdict.unseen, verdict.unsettled) == ([], 7, [], [])


@pytest.mark.medium
def test_a_hidden_state_is_missing():
    rows = honest()
    for i in range(len(rows)):
        verdict = judged(POINT, POINT.states(), rows[:i] + rows[i + 1 :])
        assert [kind for kind, _ in verdict.faults] == ["missing"]
        assert repr(rows[i].state.q)[:10] in verdict.faults[0][1]


def test_what_is_no_state_is_spurious():
    rows = honest()
    wrong = rows[0]._replace(state=rows[0].state._replace(m=0.02, q=0.3), free_energy=1.0)
    assert [kind for kind, _ in judged(POINT, POINT.states(), [*rows, wrong]).faults] == ["spurious"]
    twice = [rows[0], *rows]
    assert [kind for kind, _ in judged(POINT, POINT.states(), twice).faults] == ["spurious"]


@pytest.mark.medium
def test_wrong_labels_are_noticed():
    rows = honest()
    quiet = next(i for i, row in enumerate(rows) if row.k == 1)
    for change in ({"k": 2}, {"sheet": 1}, {"stable": False}, {"free_energy": rows[quiet].free_energy * 1.001}):
        changed = [row._replace(**change) if i == quiet else row for i, row in enumerate(rows)]
        kinds = {kind for kind, _ in judged(POINT, POINT.states(), changed).faults}
        assert kinds == {"mislabelled"}
    changed = [row._replace(kind="retrieval") if row.state.m == 0 else row for row in rows]
    assert {kind for kind, _ in judged(POINT, POINT.states(), changed).faults} == {"mislabelled"}


def test_values_without_accuracy_are_noticed():
    rows = honest()
    i = next(i for i, row in enumerate(rows) if 0 < row.state.C < 1e-6)
    rows[i] = rows[i]._replace(state=rows[i].state._replace(C=2 * rows[i].state.C))
    assert [kind for kind, _ in judged(POINT, POINT.states(), rows).faults] == ["inaccurate"]


def test_a_state_the_search_has_lost_is_no_fault_of_the_list():
    own = POINT.states()
    verdict = judged(POINT, own[1:], honest())
    assert (verdict.faults, len(verdict.unseen)) == ([], 1)


# Points and the driver.


@pytest.mark.some(8)
@pytest.mark.parametrize("family", DRAWS)
def test_points_are_repeatable_and_can_be_pasted(family):
    for seed in range(6 if family == "potts" else 20):
        # the search for a fold, to which some points are moved, takes long
        slow = family in ("relu-rbm", "compositional", "general-cold", "sparse-coding") and seed > 2
        one, two = (DRAWS[family](np.random.default_rng(seed)) if slow else draw(family, [3, seed]) for _ in range(2))
        assert one == two
        built = model(one)
        for name, value in one.controls.items():
            if name in built.controls and np.ndim(value) == 0:
                assert float(built.controls[name]) == float(value)
        assert repr(one.controls.get("alpha", one.controls.get("gamma"))) in call(one)
    assert draw(family, [3, 1]) != draw(family, [3, 2])


def test_the_driver_reads_replica():
    rows, unaccounted = answer(Point("hopfield", {"alpha": 0.05, "T": 0.5, "n": 1}))
    assert unaccounted == ()
    assert [row.kind for row in rows] == ["spin_glass", "retrieval", "retrieval"]
    assert all(a.free_energy <= b.free_energy for a, b in pairwise(rows))
    rows, _ = answer(compositional(0.5, 1.5, -0.21, 0.4))
    assert any(math.isclose(row.state.m, 0.83416539 / 2, rel_tol=1e-7) for row in rows)


def test_only_the_driver_imports_replica():
    for path in Path(__file__).parent.glob("*.py"):
        names = [
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "")]
            )
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        assert path.name == "driver.py" or not any(str(name).split(".")[0] == "replica" for name in names)


def test_the_command_prints_a_table(capsys):
    assert main(["N=4", "SEED=2", "threshold-hopfield"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# N=4 SEED=2 threshold-hopfield"
    assert lines[-1].split()[:2] == ["threshold-hopfield", "4"]
    with pytest.raises(SystemExit):
        main(["hopfeld"])
