"""The chart where the noise is small: states at the edge of a flip, both signs of the field, folds far out.

Values were computed independently of this project, the equations solved in mpmath at 40 digits.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.arcs import flips, plateaus
from replica.models.sparse.level_curves import curves, zero_noise_states
from replica.models.sparse.sharp import LOG_A, Sharp

FIRST = {"theta": 0.28340257755535614, "g": -0.498891956759851, "ell": 0.0024352542588221126}
SECOND = {"theta": 0.2620127859016663, "g": -0.4707765212705877, "ell": 0.0009620467988858661}
PAIR = {"theta": 0.018655373456871148, "g": -0.0014467441968467245, "L": 11, "p": 0.0029652133883423685}
NEGATIVE = {"theta": -0.9671704712713236, "g": -0.48351824697013024, "ell": 2.18438117947663e-4}
FIVE = {"theta": 5.740749444913069, "g": 0.09486531220026073, "p": 1.0, "L": 5}
EIGHT = {"theta": 1.455530890282762, "g": 0.0007970868209120987, "p": 0.05014466743356175, "L": 8}


def states(model):
    return [s for s in replica.solve_all(model) if s.order.m > 0]


def nearest(model, m):
    return min(states(model), key=lambda s: abs(s.order.m / m - 1))


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("controls", "log_alpha", "m", "C", "stable"),
    [
        (FIRST, 28, 0.9987838539, 8.8e-9, True),
        (FIRST, 24, 0.99788611970651, 0.212116, False),
        (FIRST, 36.0042, 0.998783854, 5.3e-5, True),
        (SECOND, 60, 0.941727018202, 0.997122955365, False),
    ],
)
def test_states_of_a_field_next_to_the_overlap(controls, log_alpha, m, C, stable):
    found = nearest(CompositionalRBM(alpha=math.exp(log_alpha), **controls), m)
    assert found.order.m == pytest.approx(m, abs=2e-10)
    assert found.order.C == pytest.approx(C, rel=0.01)
    assert found.stable == stable


@pytest.mark.parametrize(("log_alpha", "exists"), [(25, True), (35.9, True), (36.0042, True), (36.0044, False)])
def test_retrieval_descends_from_zero_noise_up_to_its_fold(log_alpha, exists):
    state = replica.solve(CompositionalRBM(alpha=math.exp(log_alpha), **FIRST), throw=False)
    if exists:
        assert state.order.m == pytest.approx(0.998783854, abs=1e-7)
        assert (state.k, state.sheet, state.stable) == (1, 0, True)
    else:
        assert not state.order.m > 0.99


@pytest.mark.parametrize(
    ("model", "log_alpha"),
    [
        (CompositionalRBM(alpha=1e-3, **FIRST), 36.0043),
        (CompositionalRBM(alpha=1e-3, **SECOND), 74.726),
        (
            CompositionalRBM(alpha=1e-7, theta=-0.9671704712713236, g=-0.48351824697013024, ell=2.18438117947663e-4),
            -10.358,
        ),
    ],
)
def test_folds_at_the_edge(model, log_alpha):
    assert replica.spinodal(model, along="alpha").log_value == pytest.approx(log_alpha, abs=6e-4)


def test_a_pair_at_the_edge():
    """The stable state and its partner, just below their fold."""
    model = ReluRBM(alpha=0.2346, **PAIR)
    pair = states(model)
    assert [s.order.m for s in pair] == pytest.approx([0.0014602404644901, 0.0014594847649623], rel=1e-9)
    assert [s.order.q for s in pair] == pytest.approx([0.015943875540916, 0.01593556284611], rel=1e-9)
    assert [s.order.C for s in pair] == pytest.approx([0.017734906, 0.03488122], rel=1e-6)
    assert [s.stable for s in pair] == [True, False]
    assert 0.23775 == pytest.approx(replica.spinodal(model, along="alpha").value, rel=1e-4)


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("theta", "g", "L", "p"),
    [(0.6614812776, -0.00990701413, 9, 0.02172900067), (0.06040929527, -0.00240473992, 20, 0.00504642009)],
)
def test_a_fold_is_where_the_state_ends(theta, g, L, p):
    """States on both sheets a little below, none above."""
    model = ReluRBM(alpha=1e-9, theta=theta, g=g, L=L, p=p)
    fold = replica.spinodal(model, along="alpha")
    below, above = (
        [s for s in states(model.replace(alpha=fold.value * (1 + d))) if s.k == 1 and s.sheet < 2]
        for d in (-1e-6, 1e-6)
    )
    assert (len(below), len(above)) == (2, 0)
    assert {s.sheet for s in below} == {0, 1}


@pytest.mark.parametrize(
    ("controls", "alpha", "m", "q", "C", "rel"),
    [
        (FIVE, 73.73227117460313, 1 / 32, 31 / 32, 8.8e-25, 0.01),
        (EIGHT, 1216.362289317499, 2.68270869680e-4, 0.99929245272, 0.0232667, 1e-3),
    ],
)
def test_states_without_noise_in_a_positive_field(controls, alpha, m, q, C, rel):
    """Off are the units with W ≤ −k; W is odd in the first, where k = 4 and 5 are the same state."""
    model = ReluRBM(alpha=alpha, **controls)
    found = nearest(model, m)
    assert found.order.m == pytest.approx(m, rel=2e-4)
    assert found.order.q == pytest.approx(q, rel=1e-6)
    if controls is FIVE:
        assert found.order.C == pytest.approx(C, rel=rel)
        assert found.free_energy == pytest.approx(-0.0943421825, abs=1e-10)
        assert found.k == 4


def test_zero_noise_states_of_either_sign():
    """v = Θ(g + mW) reproduces its own overlap: (k − 1) m < |g| < k m."""
    couplings = ReluRBM(alpha=1, theta=0.2, g=-0.02, p=0.1, L=10).couplings()
    law, size = couplings.law, couplings.size
    for g in (-0.05, -0.02, 0.002, 0.02):
        for state in zero_noise_states(couplings, g):
            on = g + state.m * law.w > 0
            assert state.m == pytest.approx(float((law.weight * law.w)[on].sum() / size), rel=1e-12)
            assert state.q == pytest.approx(float(law.weight[on].sum()), rel=1e-12)


def levels():
    """Random levels, the field next to a flip as often as not."""
    rng = np.random.default_rng(2026)
    found = []
    while len(found) < 60:
        theta, u = rng.uniform(-0.8, 2), 10 ** rng.uniform(-8, -0.3)
        if rng.random() < 0.5:
            model = ReluRBM(
                alpha=1, theta=0.3 * theta, g=-0.01, L=int(rng.integers(1, 30)), p=float(10 ** rng.uniform(-2.5, 0))
            )
        else:
            model = CompositionalRBM(alpha=1, theta=theta, g=-0.1, ell=float(10 ** rng.uniform(-3.5, 0.8)))
        sharp = Sharp(model.couplings(), 1.0)
        i = int(rng.integers(1, len(sharp.w)))
        kappa = float(rng.choice([-sharp.w[i] + u, -sharp.w[i - 1] - u]))
        if sharp.q_from[i] > 1e-9 and abs(kappa) > 1e-6:
            found.append(Sharp(model.couplings(), kappa * float(sharp.m_from[i])))
    return found


@pytest.mark.slow
def test_arcs_lie_on_the_level_and_end_where_something_is():
    """Every end at a plateau meets another, and no end is lost."""
    for sharp in levels():
        moving, flat = flips(sharp), plateaus(sharp, -20.0)
        for arc in moving:
            point = sharp.flip_point(arc.group, arc.v, arc.t)
            assert np.nanmax(np.abs(point.g / sharp.g - 1)) < 1e-7
            assert (arc.v >= LOG_A - 1e-9).all()
        ends = [end for arc in [*moving, *flat] for end in arc.ends]
        assert {end.kind for end in ends} <= {"chart", "plateau", "C = 1", "no noise", "all off", "all on"}
        for key in {(end.group, end.side) for end in ends if end.kind == "plateau"}:
            places = sorted(end.place for end in ends if end.kind == "plateau" and (end.group, end.side) == key)
            assert len(places) % 2 == 0
            assert all(abs(a - b) < 1e-5 for a, b in list(pairwise(places))[::2])


def test_points_of_a_flip_solve_the_equations_in_many_digits():
    """The law of W in full, in mpmath: the units that are not at their flip are as good as on or off."""
    model = CompositionalRBM(alpha=1, **FIRST)
    sharp = Sharp(model.couplings(), model.g)
    arc = max(flips(sharp), key=lambda a: len(a.v) if np.isfinite(a.v).all() and a.v.max() > 8 else 0)
    with mp.workdps(40):
        law = CompositionalRBM(alpha=1, **{name: mp.mpf(value) for name, value in FIRST.items()}).law()
        ell = mp.mpf(FIRST["ell"])
        for j in np.linspace(1, len(arc.v) - 2, 5).astype(int):
            a, t, w0 = mp.exp(mp.mpf(float(arc.v[j]))), mp.mpf(float(arc.t[j])), int(sharp.w[arc.group])
            u = [t + a * (int(w) - w0) for w in law.w]
            m = sum(p * int(w) * mp.ncdf(x) for p, w, x in zip(law.weight, law.w, u, strict=True)) / ell
            q = sum(p * mp.ncdf(x) for p, x in zip(law.weight, u, strict=True))
            C = sum(p * mp.npdf(x) for p, x in zip(law.weight, u, strict=True)) * a / m
            point = sharp.flip_point(arc.group, arc.v[[j]], arc.t[[j]])
            assert float(abs(point.m[0] / m - 1)) < 1e-13
            assert float(abs(point.q[0] / q - 1)) < 1e-13
            assert float(abs(point.C[0] - C)) < 1e-10 * float(C) + 1e-300


def test_curves_end_where_something_is_known_to_end():
    for sharp, model in ((None, CompositionalRBM(alpha=1, **FIRST)), (None, ReluRBM(alpha=1, **PAIR))):
        for curve in curves(model.couplings(), float(model.g), -20.0):
            assert "window" not in curve.ends, sharp
