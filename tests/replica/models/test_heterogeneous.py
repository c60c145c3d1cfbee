"""Heterogeneous machines: every state on its curve, to all its digits."""

import math

import numpy as np
import pytest
from attack.compare import _alike
from attack.equations import State
from attack.points import MACHINES
from attack.settle import settled
from mpmath import mp
from scipy import integrate, special, stats

import replica
from replica.averages.unit_classes import classes
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.classes import ClassEquations, Place


def exact(model, order):
    """The state next to one, by Newton's method at 40 digits on equations of the tests' own."""
    c = {name: float(value) for name, value in model.controls.items()}
    units = tuple(zip(map(float, model.units.x), map(float, model.units.fraction), strict=True))
    if isinstance(model, ReluRBM):
        machine = MACHINES["relu-rbm"](**{**c, "L": int(c["L"])}, x=units)
    else:
        machine = MACHINES["compositional"](**c, x=units)
    found = settled(machine, State(*order)._replace(m=order.m / model.overlap_unit))
    return found._replace(m=found.m * model.overlap_unit)


def overlapping(model):
    found = replica.solve_all(model)
    assert found.complete
    return [s for s in found if s.order.m > 0]


DRIFTING = {
    "alpha": 0.05183311333971694,
    "theta": 1.29060935978716,
    "g": -0.2008602522867561,
    "ell": 1.3956501468636806,
}


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("spread", "m", "q", "C"),
    [
        (0.75, 0.49596, 0.29785, 0.8830),
        (0.76, 0.499566, 0.304671, 0.862372),
        (0.77, 0.501643, 0.310531, 0.841202),
    ],
)
def test_a_state_that_moves_fast_with_the_spread(spread, m, q, C):
    states = overlapping(CompositionalRBM(**DRIFTING, x_i=[1 - spread, 1 + spread]))
    (one,) = [s for s in states if (s.k, s.sheet) == (1, 1)]
    assert (one.order.m, one.order.q, one.order.C) == (
        pytest.approx(m, abs=6e-6),
        pytest.approx(q, abs=6e-6),
        pytest.approx(C, abs=6e-5),
    )
    assert len({(s.kind, s.k, s.sheet) for s in states}) == len(states)


SHARP = [
    ReluRBM(alpha=0.028412343089475878, theta=0.20440592060747687, g=-0.02, p=0.1, L=3, p_i=[0.07, 0.13]),
    CompositionalRBM(
        alpha=0.015634105191936084,
        theta=1.9617571461103853,
        g=-0.1139144330299876,
        ell=0.4011075479386015,
        x_i=[0.7444345018697245] * 5 + [1.0851884993767584] * 15,
    ),
    CompositionalRBM(**DRIFTING, x_i=[0.25, 1.75]),
    ReluRBM(alpha=1e-3, theta=0.25, g=0.01, p=0.2, L=5, p_i=[0.1, 0.2, 0.3]),
    CompositionalRBM(alpha=3.0, theta=3.5, g=-0.3, ell=0.2, x_i=[0.5, 0.75, 1.75]),
]


@pytest.mark.slow
@pytest.mark.parametrize("model", SHARP)
def test_every_member_has_its_digits(model):
    states = overlapping(model)
    assert states
    for s in states:
        right = exact(model, s.order)
        for name in ("m", "q", "r", "B", "C"):
            got, wanted = getattr(s.order, name), getattr(right, name)
            if wanted > 1e-300:
                # C ~ exp(−u²/2): the rounding of u is magnified by u² < 1400, and folds magnify that of all
                assert got == pytest.approx(wanted, rel=1e-9 if name == "C" else 1e-11), name


def test_the_response_of_a_state_with_hardly_any_noise():
    """Without noise m = E[W; W ≥ 1]/L, q, r = pqH2(y) and B = pH0(y) are known, and C follows: 2.32e-143."""
    model = SHARP[0]
    (one,) = [s for s in replica.solve_all(model) if (s.k, s.sheet) == (1, 0)]
    with mp.workdps(40):
        law, p = model.law(), mp.mpf("0.1")
        groups = [(mp.mpf(w), mp.mpf(x), mp.mpf(P)) for w, x, P in zip(law.w, law.x, law.weight, strict=True)]
        m = sum(P * w for w, _, P in groups if w > 0) / 3
        q = sum(P * x for w, x, P in groups if w > 0)
        y = mp.mpf(model.theta) / mp.sqrt(p * q)
        H0 = mp.ncdf(-y)
        H2 = (1 + y * y) * H0 - y * mp.npdf(y)
        s, B = p * mp.sqrt(model.alpha * q * H2), p * H0
        fields = [(model.g + m * w + model.alpha * B * x / 2) / (s * mp.sqrt(x)) for w, x, _ in groups]
        C = p / s * sum(P * mp.sqrt(x) * mp.npdf(u) for (_, x, P), u in zip(groups, fields, strict=True))
        assert float(C) == pytest.approx(2.32e-143, rel=1e-3)
        assert one.order.C == pytest.approx(float(C), rel=1e-10)
        assert (one.order.m, one.order.q, one.order.B) == pytest.approx((float(m), float(q), float(B)), rel=1e-13)
        assert one.order.r == pytest.approx(float(p * q * H2), rel=1e-12)


def equations(model):
    return ClassEquations.of(model.law(), *map(float, (model.size, model.sparsity, model.theta, model.g)))


def test_groups_of_opposite_w_are_paired():
    """Φ(u₊) − Φ(u₋) is a difference within one class, whatever the order in which ties are sorted."""
    eq = equations(ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=6, p_i=[0.01, 0.07, 0.22]))
    n = eq.pairs
    up, down = slice(0, n), slice(n, 2 * n)
    assert (eq.w[up] > 0).all()
    assert (eq.w[2 * n :] == 0).all()
    np.testing.assert_array_equal(eq.w[down], -eq.w[up])
    np.testing.assert_array_equal(eq.x[down], eq.x[up])
    np.testing.assert_array_equal(eq.weight[down], eq.weight[up])


@pytest.mark.parametrize("v", [-6.0, -2.0, 0.5, 3.0])
def test_jacobian_of_the_equations(v):
    eq = equations(CompositionalRBM(**DRIFTING, x_i=[0.25, 1.75]))
    place = Place(np.array([[v, -0.4, -1.1, -2.0]]), np.array([2]))
    step = 1e-6
    sides = [[eq.at(Place(place.y + sign * step * e, place.group)).F[0] for e in np.eye(4)] for sign in (1, -1)]
    slopes = (np.array(sides[0]) - np.array(sides[1])).T / (2 * step)
    # the scale of the third equation is not differentiated
    np.testing.assert_allclose(eq.at(place).J[0, :2], slopes[:2], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("v", [-11.0, -5.0, -1.0, 2.0])
def test_the_small_difference_of_overlap_and_response(v):
    """m/a − D of order a² D, against mpmath."""
    eq = equations(ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=3, p_i=[0.05, 0.15]))
    a, t = math.exp(v), -0.7
    field = t + a * eq.w + 0.3 * (eq.x - 1)
    centre = t + 0.3 * (eq.x[: eq.pairs] - 1)
    got = eq.excess(field[None], np.array([a]), centre[None])[0]
    with mp.workdps(40):
        terms = []
        for w, x, P in zip(eq.w, eq.x, eq.weight, strict=True):
            u = (mp.mpf(t) + mp.mpf(a) * w + mp.mpf(0.3) * (mp.mpf(x) - 1)) / mp.sqrt(x)
            terms.append(P * (w * mp.ncdf(u) / (3 * mp.mpf(a)) - mp.mpf(0.1) * mp.sqrt(x) * mp.npdf(u)))
        # the law is one of doubles: ⟨W²⟩ = Lpx to rounding
        assert got == pytest.approx(float(sum(terms)), rel=1e-11, abs=1e-17)


@pytest.mark.slow
def test_loads_of_an_array_are_met_as_single_ones():
    model = CompositionalRBM(**{**DRIFTING, "ell": 0.4}, x_i=[0.4, 1.6])
    loads = DRIFTING["alpha"] * np.array([0.2, 1.0, 20.0])
    together = replica.solve_all(model.replace(alpha=loads))
    assert together.complete
    for i, alpha in enumerate(loads):
        alone = replica.solve_all(model.replace(alpha=float(alpha)))
        among = together.at(i)
        assert [(s.kind, s.k) for s in among] == [(s.kind, s.k) for s in alone]
        for a, b in zip(among, alone, strict=True):
            np.testing.assert_allclose(a.order, b.order, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        ReluRBM(alpha=0.0245, theta=0.4175, g=-0.01686, p=0.1, L=7, p_i=[0.0145, 0.1855]),
        CompositionalRBM(alpha=0.05, theta=1.2, g=-0.2, ell=1.4, x_i=[0.25, 1.75]),
    ],
)
def test_the_fold_is_the_first_of_the_branch_without_noise(model):
    fold = replica.spinodal(model.replace(alpha=1e-6), along="alpha")
    walk = replica.follow(replica.solve(model), along="alpha", to=1e3 * fold.value)
    first = walk.folds[0]
    assert walk.values[: first + 1].max() == pytest.approx(fold.value, rel=0.05)
    assert walk.values[: first + 1].max() <= fold.value * (1 + 1e-9)
    below, above = (replica.solve_all(model.replace(alpha=fold.value * share)) for share in (1 - 1e-6, 1 + 1e-6))
    assert len([s for s in below if s.k == 1]) == len([s for s in above if s.k == 1]) + 2


@pytest.mark.slow
def test_the_fold_of_almost_equal_units_is_that_of_equal_ones():
    plain = replica.spinodal(CompositionalRBM(alpha=1e-6, theta=1.5, g=-0.21, ell=0.4), along="alpha").value
    moved = [
        replica.spinodal(
            CompositionalRBM(alpha=1e-6, theta=1.5, g=-0.21, ell=0.4, x_i=[1 - d, 1 + d]), along="alpha"
        ).value
        for d in (0.04, 0.02)
    ]
    assert (moved[0] - plain) / (moved[1] - plain) == pytest.approx(4, rel=0.02)


# Distributions.


@pytest.mark.parametrize(
    ("law", "most"),
    [
        (stats.uniform(0.5, 1), 24),
        (stats.gamma(4, scale=0.25), 96),
        (stats.expon(), 192),
        (stats.beta(2, 2, scale=2), 48),
    ],
)
def test_classes_resolve_a_distribution(law, most):
    units = classes(law, 1.0, "x_i")
    assert len(units.x) <= most
    for f in (np.sqrt, np.square, np.cos, lambda x: np.exp(-3 * x)):
        wanted = integrate.quad(lambda u, f=f: f(law.ppf(u)), 0, 1, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
        assert units.fraction @ f(units.x) == pytest.approx(wanted, abs=2e-10)


def test_a_distribution_without_variance_is_refused():
    with pytest.raises(ValueError, match=r"^x_i is too broad"):
        CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.4, x_i=stats.pareto(1.5, scale=1 / 3))


def test_classes_merge_to_fewer():
    units = classes(stats.gamma(4, scale=0.25), 1.0, "x_i").merged(5)
    assert len(units.x) == 5
    assert units.fraction.sum() == pytest.approx(1, abs=1e-14)
    assert units.fraction @ units.x == pytest.approx(1, abs=1e-14)
    assert (np.diff(units.x) > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("law", [stats.uniform(0.5, 1), stats.expon()])
def test_the_error_of_a_distribution_is_said(law):
    ell = 0.39
    state = replica.solve(CompositionalRBM(alpha=0.05, theta=1.5, g=-0.21, ell=ell, x_i=law))
    # without noise: E[W; W ≥ 1] = (ℓx/2) e^{−ℓx}(I0 + I1), P(W ≥ 1) = (1 − e^{−ℓx} I0)/2
    parts = (
        lambda x: x * (special.ive(0, ell * x) + special.ive(1, ell * x)),
        lambda x: x * (1 - special.ive(0, ell * x)) / 2,
    )
    m, q = (
        integrate.quad(lambda x, f=f: f(x) * law.pdf(x), *law.support(), epsabs=1e-13, epsrel=1e-12, limit=400)[0]
        for f in parts
    )
    assert state.order.C < 1e-9
    assert 0 <= state.quadrature_error < 1e-9
    assert (state.order.m, state.order.q) == (pytest.approx(m, abs=1e-9), pytest.approx(q, abs=1e-9))
    assert replica.solve(CompositionalRBM(**DRIFTING, x_i=[0.5, 1.5])).quadrature_error == 0.0


def test_the_settled_state_is_near():
    """What the digits are compared with is the same state."""
    model = SHARP[2]
    for s in overlapping(model)[:1]:
        assert _alike(State(*exact(model, s.order)), State(*s.order), 1e-6)


@pytest.mark.some(1)
@pytest.mark.parametrize("share", [1.0, 1.0001, 1.1, 2.0])
def test_a_closed_curve_is_met_once_where_it_closes(share):
    """Two states with overlap at each load: the curve is followed from one, and its last step goes beyond it."""
    controls = {"theta": 0.38528435837794955, "g": -0.04010807998750775, "p": 0.07966052488965474, "L": 1}
    units = [0.06721356787564618] * 4 + [0.12944835294568893]
    load = 2724522.0720487763
    found = replica.solve_all(ReluRBM(alpha=np.array([load, load * share]), p_i=units, **controls))
    for index in range(2):
        overlaps = sorted(float(s.order.m) for s in found.at((index,)) if s.order.m > 0)
        assert len(overlaps) == 2
        assert overlaps[1] > 1.5 * overlaps[0]
    assert sorted(float(s.order.m) for s in found.at((0,)) if s.order.m > 0) == pytest.approx(
        [0.022141228462272664, 0.039816490485188157], rel=1e-9
    )
