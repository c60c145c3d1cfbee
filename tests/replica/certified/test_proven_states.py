"""The proven number of states against the solver's list and values computed elsewhere, and what makes it refuse."""

import csv
import io
import json
import math

import numpy as np
import pytest

import replica
from replica.averages.pattern_sum import skellam, sparse_sum
from replica.certified import branch_and_prune, states
from replica.certified.__main__ import main
from replica.certified.balls import NotProvenError
from replica.certified.plane import Boxes, Field
from replica.certified.spans import Span
from replica.cli import run
from replica.errors import UsageError
from replica.models import CompositionalRBM, GeneralRBM, Hopfield, ReluRBM, ThresholdHopfield
from replica.models.base import Order
from replica.potentials import Gaussian, Spin

NEAR_FLIP = {"theta": 0.28340257755535614, "g": -0.498891956759851, "ell": 0.0024352542588221126}
"""|g|/m₀ = 0.9989: the units with W = 1 are nearly off."""
NEAR_FLIP_2 = {"theta": 0.2620127859016663, "g": -0.4707765212705877, "ell": 0.0009620467988858661}
RARE = {"theta": 0.018655373456871148, "g": -0.0014467441968467245, "L": 11, "p": 0.0029652133881423685}
ALL_ON = {"alpha": 73.73227117460313, "theta": 5.740749444913069, "g": 0.09486531220026073, "p": 1.0, "L": 5}
MOST_ON = {"alpha": 1216.362289317499, "theta": 1.455530890282762, "g": 7.970868209120987e-4, "p": 0.05014466743356175}
TINY_OVERLAP = {"alpha": 6.632713584159982e-09, "theta": 0.35879329102190144, "g": 1.7191317428188472e-08}
PAPER = {"p": 0.1, "g": -0.02}

QUICK = [
    ReluRBM(alpha=0.2346, **RARE),
    ReluRBM(alpha=0.1, theta=0.2, L=10, **PAPER),
    Hopfield(alpha=0.01),
    ThresholdHopfield(alpha=0.3, theta=0.5),
]
EDGES = [
    CompositionalRBM(alpha=math.exp(24), **NEAR_FLIP),
    CompositionalRBM(alpha=math.exp(28), **NEAR_FLIP),
    CompositionalRBM(alpha=math.exp(60), **NEAR_FLIP_2),
    ReluRBM(alpha=0.3, **RARE),
    ReluRBM(alpha=0.5, theta=0.6614812776, g=-0.00990701413, L=9, p=0.02172900067),
    ReluRBM(alpha=0.05, theta=0.06040929527, g=-0.00240473992, L=20, p=0.00504642009),
    CompositionalRBM(alpha=math.exp(-11), theta=-0.9671704712713236, g=-0.48351824697013024, ell=2.18438117947663e-4),
    ReluRBM(**ALL_ON),
    ReluRBM(**MOST_ON, L=8),
    CompositionalRBM(alpha=12.464383915176017, theta=1.998975677120073, g=-0.09620779209264896, ell=4.526654485),
    CompositionalRBM(alpha=0.08271479742099361, theta=0.7667538907327933, g=-0.12439200577498902, ell=2.458659),
    CompositionalRBM(alpha=0.01742358454962423, theta=-0.013605701920259783, g=-0.25254559067945664, ell=0.0185916),
    CompositionalRBM(alpha=0.1095368342852041, theta=0.5455988356330519, g=-0.168042957968233, ell=1.1913),
    CompositionalRBM(alpha=0.00327689431, theta=0.97917320863, g=-0.013333548752, ell=0.32055528662),
    CompositionalRBM(alpha=2.421129464563034e-10, theta=-0.29085086342, g=-0.171888219837, ell=0.00215020506),
]
SPREAD = [
    ReluRBM(alpha=0.1, theta=0.0, L=1, **PAPER),
    ReluRBM(alpha=0.5, theta=0.1, L=2, **PAPER),
    ReluRBM(alpha=0.6, theta=0.2, L=5, **PAPER),
    ReluRBM(alpha=0.02, theta=-0.1, L=4, p=0.2, g=-0.03),
    ReluRBM(alpha=0.1, theta=0.0, L=4, p=0.1, g=0.0),
    ReluRBM(alpha=0.4087029757816832, theta=5.667, g=-0.2053, p=1.0, L=7),
    ReluRBM(alpha=1e-4, theta=0.17, g=-1.1e-8, p=0.0043, L=12),
    CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.38),
    CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=10.0),
    CompositionalRBM(alpha=0.5, theta=0.0, g=-0.21, ell=0.4),
    CompositionalRBM(alpha=0.03, theta=-0.5, g=0.1, ell=1.0),
    Hopfield(alpha=0.05),
    Hopfield(alpha=0.2),
    Hopfield(alpha=1e-9),
    ThresholdHopfield(alpha=0.3, theta=-0.5),
    ThresholdHopfield(alpha=1e5, theta=5.0),
]


def random_machines(n, seed):
    """R-RBMs and their limit, fields in the reach of a zero-noise state, some near a flip, some of the other sign."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        limit = i % 2
        if limit:
            size, p = 10 ** rng.uniform(-3, 1), 1.0
            law = skellam(size)
        else:
            size, p = int(rng.integers(1, 21)), 10 ** rng.uniform(-3, 0)
            law = sparse_sum(size, p)
        k = int(rng.integers(1, 4 if limit else min(size, 4) + 1))
        m = float((law.weight * law.w)[law.w >= k].sum() / size)
        u = k - (10 ** rng.uniform(-4, -0.5) if rng.random() < 0.3 else rng.uniform(0, 1))
        g = -u * m * (1 if rng.random() < 0.75 else -1)
        alpha, theta = 10 ** rng.uniform(-8, 6), 1.5 * rng.normal() * math.sqrt(p)
        limits = {"ell": size} if limit else {"L": size, "p": p}
        found.append((CompositionalRBM if limit else ReluRBM)(alpha=alpha, theta=theta, g=g, **limits))
    return found


def near(bounds, value):
    return abs(bounds.lower - value) <= 1e-6 * abs(value) + 1e-300


def check(model):
    """As many as the solver lists, each of the solver's in exactly one enclosure."""
    proven, listed = states(model), replica.solve_all(model)
    assert len(proven.listed) == len(listed)
    for solution in listed:
        order = solution.order
        matches = [
            state
            for state in proven.listed
            if near(state.m, order.m) and near(state.q, order.q) and abs(state.C.lower - order.C) < 1e-6
        ]
        assert len(matches) == 1
        assert near(matches[0].f, solution.free_energy) or abs(solution.free_energy) < 1e-9
    return proven


@pytest.mark.parametrize("model", QUICK, ids=repr)
def test_as_many_as_the_solver_lists(model):
    check(model)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("model", EDGES, ids=repr)
def test_as_many_as_the_solver_lists_at_edges(model):
    check(model)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("model", SPREAD, ids=repr)
def test_as_many_as_the_solver_lists_elsewhere(model):
    check(model)


@pytest.mark.slow
@pytest.mark.parametrize("model", random_machines(20, seed=5), ids=repr)
def test_as_many_as_the_solver_lists_at_random(model):
    check(model)


# Values computed elsewhere, in mpmath at 40 digits.

KNOWN = [
    (CompositionalRBM(alpha=math.exp(28), **NEAR_FLIP), {"m": 0.9987838539, "C": 8.8e-9}, 1e-2),
    (
        CompositionalRBM(alpha=math.exp(24), **NEAR_FLIP),
        {"m": 0.99788611970651, "q": 0.0012143131056471, "C": 0.212116},
        1e-6,
    ),
    (CompositionalRBM(alpha=math.exp(60), **NEAR_FLIP_2), {"m": 0.941727018202, "C": 0.997122955365}, 1e-11),
    (ReluRBM(alpha=0.2346, **RARE), {"m": 0.0014602404644901, "q": 0.015943875540916, "C": 0.017734906}, 1e-8),
    (ReluRBM(alpha=0.2346, **RARE), {"m": 0.0014594847649623, "q": 0.01593556284611, "C": 0.03488122}, 1e-6),
    (ReluRBM(**ALL_ON), {"m": 1 / 32, "q": 31 / 32, "C": 8.8e-25, "f": -0.0943421825}, 1e-2),
    (ReluRBM(**MOST_ON, L=8), {"m": 2.68270869680e-4, "q": 0.99929245272, "C": 0.0232667}, 1e-5),
    (ReluRBM(**TINY_OVERLAP, p=0.0025059543028333633, L=17), {"m": 4.518084e-12}, 1e-6),
    (Hopfield(alpha=0.05), {"m": 0.999992228149, "f": -0.500000356383}, 1e-11),
    (Hopfield(alpha=0.13), {"m": 0.987211890799, "f": -0.500912373835}, 1e-11),
]


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("model", "values", "tolerance"), KNOWN)
def test_encloses_states_computed_elsewhere(model, values, tolerance):
    found = states(model).states
    matches = [
        state
        for state in found
        if all(abs(getattr(state, name).lower - x) <= tolerance * abs(x) for name, x in values.items())
        and all(getattr(state, name).upper - getattr(state, name).lower <= 1e-12 * abs(x) for name, x in values.items())
    ]
    assert len(matches) == 1


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("model", [EDGES[0], EDGES[9], SPREAD[3], SPREAD[10]], ids=repr)
def test_enclosures_obey_the_equations_of_the_model(model):
    """The saddle-point equations of the model itself, which the proof does not use."""
    for state in states(model).states:
        if state.q.lower > 0 and state.margin.lower > 1e-6:
            order = Order(*(getattr(state, name).lower for name in Order._fields))
            assert model.residual(order, state.n) < 1e-11


@pytest.mark.medium
def test_the_number_changes_by_two_at_a_fold():
    """The fold is at ln α = 36.0043."""
    below, above = (len(states(CompositionalRBM(alpha=math.exp(x), **NEAR_FLIP)).states) for x in (36.004, 36.0046))
    assert below == above + 2


def test_the_number_changes_by_two_at_the_capacity():
    """α_c = 0.137905566494931737843…, that of the model with a threshold is α_c/(2 H2(√2 θ)), H2(0) = ½."""
    for model in (Hopfield, ThresholdHopfield):
        below, above = (len(states(model(alpha=alpha)).states) for alpha in (0.1379055664949317, 0.1379055664949318))
        assert (below, above) == (3, 1)
    assert [len(states(Hopfield(alpha=alpha)).states) for alpha in (0.0299417573757, 0.0299417573758)] == [5, 3]


@pytest.mark.medium
def test_a_state_of_almost_no_noise_is_the_one_without():
    """θ = 5.7, p = .01: r is e^−10⁴, m and q those of the units W ≥ 1 to all digits."""
    model = ReluRBM(alpha=0.1, theta=5.7, g=-0.002, p=0.01, L=3)
    law = sparse_sum(3, 0.01)
    m, q = (float((law.weight * x)[law.w >= 1].sum()) for x in (law.w / 3, 1.0 + 0 * law.w))
    found = [state for state in states(model).states if near(state.m, m) and near(state.q, q) and state.C.upper < 1e-9]
    assert len(found) == 1
    assert found[0].r.upper < 1e-300


# The search.


def field_of(equations):
    """A field of two polynomials in (v, t), where `equations` returns them with their derivatives."""

    def field(machine, boxes):
        everywhere = Span(np.full(len(boxes.w), -np.inf), np.full(len(boxes.w), np.inf))
        return Field(*equations(boxes.v, boxes.t), (everywhere, everywhere))

    return field


def circle_and_line(height):
    """v² + t² = 25 and t = height."""

    def equations(v, t):
        one, zero = v * 0 + 1, v * 0
        return (v * v + t * t - 25, t - height), (v * 2, zero), (t * 2, one)

    return equations


@pytest.mark.parametrize(("height", "roots"), [(3.0, 2), (-4.0, 2), (0.0, 2), (5.1, 0), (4.99, 2)])
def test_the_search_isolates_every_zero(monkeypatch, height, roots):
    monkeypatch.setattr(branch_and_prune, "equations", field_of(circle_and_line(height)))
    monkeypatch.setattr(branch_and_prune, "_in_strip", lambda boxes: boxes)
    side = Span(np.array([-8.0]), np.array([9.0]))
    with np.errstate(all="ignore"):
        found = branch_and_prune.search(None, Boxes(np.zeros(1), side, side))
    places = {round(float(x)) for x in found.inner.v.low + found.inner.v.high}
    assert len(places) == roots
    for i in range(len(found.boxes.w)):
        exact = math.sqrt(25 - height**2) * (1 if found.inner.v.high[i] > 0 else -1)
        assert found.inner.v.low[i] <= exact <= found.inner.v.high[i]
        assert found.inner.t.low[i] <= height <= found.inner.t.high[i]


def test_the_search_refuses_a_double_zero(monkeypatch):
    monkeypatch.setattr(branch_and_prune, "equations", field_of(circle_and_line(5.0)))
    monkeypatch.setattr(branch_and_prune, "_in_strip", lambda boxes: boxes)
    monkeypatch.setattr(branch_and_prune, "MOST", 20_000)
    side = Span(np.array([-8.0]), np.array([9.0]))
    with np.errstate(all="ignore"), pytest.raises(NotProvenError):
        branch_and_prune.search(None, Boxes(np.zeros(1), side, side))


# What is refused, and the command.


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Hopfield(alpha=0.1, T=0.1), "T = 0.1: a proof exists for T = 0 only"),
        (ReluRBM(alpha=[0.1, 0.2], theta=0.2, g=-0.02, p=0.1, L=2), "single numbers are needed"),
        (ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=2, p_i=[0.05, 0.15]), "homogeneous machines only"),
        (GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.5), "GeneralRBM: a proof exists for"),
    ],
)
def test_models_without_a_proof_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        states(model)


def test_the_command(capsys):
    words = ["states", "--model", "hopfield", "--alpha", "0.05"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 states, proven (3 of them listed by `replica solve`)"
    assert len(lines) == 5
    assert main([*words, "--format", "csv"]) == 0
    text = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO("".join(x for x in text.splitlines(True) if not x.startswith("#")))))
    assert [row["kind"] for row in rows] == ["retrieval", "spin_glass", "retrieval"]
    assert float(rows[0]["m_lower"]) < float(rows[0]["m_upper"]) < float(rows[0]["m_lower"]) + 1e-14
    assert main([*words, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_the_command_says_what_is_wrong(capsys):
    assert run(main, ["states", "--model", "relu"]) == 2
    assert "is not one of compositional, hopfield" in capsys.readouterr().err
    assert run(main, ["states", "--model", "hopfield", "--alpha", "-1"]) == 2
    assert "alpha" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["states", "--model", "compositional", "--alpha", "0.1"])
    assert "needs --theta and --g and --ell" in capsys.readouterr().err
    with pytest.raises(UsageError):
        main(["states", "--model"])


def test_what_is_not_proven_is_said_on_one_line(monkeypatch, capsys):
    def refuse(model):
        raise NotProvenError("two states so near one another")

    monkeypatch.setattr("replica.certified.proven_states.states", refuse)
    assert run(main, ["states", "--model", "hopfield", "--alpha", "0.1"]) == 2
    assert "not proven: two states so near one another" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--alpha", "0.1"], ["--alpha", "0.1", "--theta", "0.5"]])
def test_the_command_needs_a_model(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["states", *words])
    err = capsys.readouterr().err
    assert stop.value.code == 2
    assert err.count("\n") == 1
    assert "--model is needed: one of compositional, hopfield, relu-rbm, threshold-hopfield" in err


def test_help_without_a_model_lists_those_it_proves(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["states", "--help"])
    assert stop.value.code == 0
    assert "compositional, hopfield, relu-rbm" in " ".join(capsys.readouterr().out.split())
