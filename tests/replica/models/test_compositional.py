"""Limits and identities of the R-RBM: Tubiana & Monasson, PRL 118, 138301 (2017), and Manzan's slides (2021)."""

import math

import numpy as np
import pytest
import rrbm_reference as reference
from scipy import optimize, special

import replica
from replica.diagrams.best_ell import ell_star
from replica.models import CompositionalRBM, ReluRBM, ThresholdHopfield
from replica.models.base import Order

FIGURE_4 = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39)
SIX = ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=10)
SPREAD = (0.5, 0.75, 1.25, 1.5)


@pytest.mark.parametrize(("alpha", "theta"), [(0.05, 0.0), (0.3, 0.5), (1.5, 1.0), (0.03, -0.4)])
def test_one_dense_pattern_at_balance_is_the_threshold_hopfield_model(alpha, theta):
    threshold = replica.solve(ThresholdHopfield(alpha=alpha, theta=theta))
    model = ReluRBM(alpha=alpha, theta=theta, g=-alpha * threshold.order.B / 2, p=1.0, L=1)
    assert model.residual(threshold.order) < 1e-13
    assert model.free_energy(threshold.order) == pytest.approx(threshold.free_energy - model.g / 2, abs=1e-14)
    near = [s for s in replica.solve_all(model) if s.n == 1 and abs(s.order.m - threshold.order.m) < 1e-8]
    assert len(near) == 1
    np.testing.assert_allclose(near[0].order, threshold.order, rtol=1e-9, atol=1e-12)


@pytest.mark.medium
def test_sparse_machines_converge_to_the_compositional_limit_like_p():
    limit = replica.solve(FIGURE_4)
    errors = []
    for p, L in ((0.01, 39), (0.003, 130), (0.001, 390)):
        s = replica.solve(ReluRBM(alpha=0.5, theta=1.5 * math.sqrt(p), g=-0.21 * p, p=p, L=L))
        found = np.array([2 * s.order.m / p, s.order.q, s.order.r / p, s.order.B / p, s.free_energy / p])
        wanted = np.array([limit.order.m, limit.order.q, limit.order.r, limit.order.B, limit.free_energy])
        errors.append((found / wanted - 1) / p)
    # errors over p tend to a constant
    np.testing.assert_allclose(errors[1], errors[2], rtol=0.02)
    np.testing.assert_allclose(errors[0], errors[2], rtol=0.1)
    assert np.abs(np.array(errors[2]) * 0.001).max() < 0.02


@pytest.mark.medium
@pytest.mark.parametrize("model", [SIX, FIGURE_4, ReluRBM(alpha=0.05, theta=0.0, g=-0.02, p=0.1, L=1)])
def test_free_energy_on_the_saddle(model):
    for s in replica.solve_all(model):
        if s.order.q == 0:
            continue
        assert model.free_energy_on_shell(s.order) == pytest.approx(s.free_energy, abs=1e-14)
        if isinstance(model, CompositionalRBM):
            assert model.free_energy_printed(s.order) == pytest.approx(s.free_energy, abs=1e-14)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("L", "k"), [(1, 1), (5, 1), (8, 1), (8, 2), (12, 1), (12, 2)])
def test_states_without_noise(L, k):
    found = [s for s in replica.solve_all(ReluRBM(alpha=1e-9, theta=0.3, g=-0.02, p=0.1, L=L)) if s.k == k]
    m, q = reference.zero_noise(reference.machine(L=L, p=0.1, theta=0.3, g=-0.02), k)
    first = next(s for s in found if s.sheet == 0 and s.order.C < 1e-6)
    assert (first.order.m, first.order.q) == pytest.approx((m, q), abs=1e-14)
    assert first.kind == ("retrieval" if k == 1 else "spurious")


@pytest.mark.medium
@pytest.mark.parametrize("L", [2, 4, 5, 6, 7, 8])
def test_second_state_without_noise_where_its_condition_holds(L):
    m, _ = reference.zero_noise(reference.machine(L=L, p=0.1, theta=0.3, g=-0.02), 2)
    found = {s.k for s in replica.solve_all(ReluRBM(alpha=1e-9, theta=0.3, g=-0.02, p=0.1, L=L))}
    assert (2 in found) == (m <= 0.02 < 2 * m) == (L >= 7)


def test_compositional_state_without_noise():
    ell = 0.3
    s = replica.solve(CompositionalRBM(alpha=1e-9, theta=2.0, g=-0.2, ell=ell))
    assert s.order.m == pytest.approx(special.ive(0, ell) + special.ive(1, ell), abs=1e-14)
    assert s.order.q == pytest.approx((1 - special.ive(0, ell)) / 2, abs=1e-14)


def test_six_states_with_overlap():
    found = [s for s in replica.solve_all(SIX) if s.n > 0]
    assert len(found) == 6
    mach = reference.machine(L=10, p=0.1, theta=0.2, g=-0.02)
    for s in found:
        assert np.abs(reference.five_residuals(mach, 0.1, s.order)).max() < 1e-9
        energy = reference.free_energy(mach, 0.1, s.order.m, s.order.q, s.order.C)
        assert s.free_energy == pytest.approx(energy, abs=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "theta", "L"), [(0.1, 0.2, 10), (0.05, 0.0, 1), (0.12, 0.0, 1), (0.05, 0.1, 5), (0.3, 0.3, 3)]
)
def test_random_starts_find_nothing_new(alpha, theta, L):
    rng = np.random.default_rng(20171)
    mach = reference.machine(L=L, p=0.1, theta=theta, g=-0.02)
    known = [
        (s.order.m, math.log(s.order.q), s.order.C)
        for s in replica.solve_all(ReluRBM(alpha=alpha, theta=theta, g=-0.02, p=0.1, L=L))
        if s.order.q > 0
    ]
    met = set()
    for _ in range(300):
        start = np.array([rng.uniform(0, 0.2), math.log(rng.uniform(1e-3, 0.6)), rng.uniform(0, 0.99)])
        with np.errstate(all="ignore"):
            try:
                x = reference.newton(lambda x: reference.residual(mach, alpha, x), start, steps=25, tolerance=1e-11)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                continue
        if x[2] >= 1 - 1e-7 or x[1] < math.log(1e-10):
            continue
        here = (abs(x[0]) * math.sqrt(0.1), x[1], x[2])
        distance = [max(abs(a - b) for a, b in zip(here, other, strict=True)) for other in known]
        assert min(distance) < 1e-4, here
        met.add(int(np.argmin(distance)))
    assert len(met) >= 2


# Heterogeneous machines.


@pytest.mark.medium
def test_equal_units_are_a_homogeneous_machine():
    for one, other in (
        (FIGURE_4, CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39, x_i=[1.0, 1.0])),
        (SIX, ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=10, p_i=[0.1, 0.1, 0.1])),
    ):
        a, b = replica.solve(one), replica.solve(other)
        np.testing.assert_allclose(a.order, b.order, rtol=1e-12, atol=1e-15)
        assert a.free_energy == pytest.approx(b.free_energy, abs=1e-15)


@pytest.mark.slow
def test_small_spreads_change_little():
    plain = replica.solve(FIGURE_4)
    moved = []
    for spread in (0.1, 0.05):
        x_i = 1 + spread * (np.array(SPREAD) - 1)
        moved.append(replica.solve(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39, x_i=x_i)).order.m)
    # the first order vanishes, the mean is kept
    assert (moved[0] - plain.order.m) / (moved[1] - plain.order.m) == pytest.approx(4, rel=0.05)


@pytest.mark.slow
def test_a_heterogeneous_machine_by_the_second_implementation():
    model = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39, x_i=SPREAD)
    s = replica.solve(model)
    mach = reference.compositional(ell=0.39, theta=1.5, g=-0.21, x=SPREAD)
    bare = s.order._replace(m=s.order.m / 2)
    assert np.abs(reference.five_residuals(mach, 0.5, bare)).max() < 1e-11
    assert s.free_energy == pytest.approx(reference.free_energy(mach, 0.5, bare.m, bare.q, bare.C), abs=1e-15)
    assert model.free_energy_on_shell(s.order) == pytest.approx(s.free_energy, abs=1e-14)
    glass = replica.solve(model, start="spin_glass").order
    assert glass.m == 0
    # the law of W plays no part, x does: an equation of m is kept by symmetry
    assert np.abs(reference.five_residuals(mach, 0.5, glass)).max() < 1e-10


@pytest.mark.medium
def test_best_number_of_patterns_of_a_heterogeneous_machine():
    best = ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, x_i=SPREAD))
    ell, energy, (m, q, _) = reference.best_ell(0.5, 1.5, -0.21, bracket=(0.1, 1.0), x=SPREAD)
    assert best.value == pytest.approx(ell, abs=1e-6)
    assert best.free_energy == pytest.approx(energy, abs=1e-14)
    assert (best.order.m, best.order.q) == pytest.approx((m, q), abs=1e-6)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("x_i", [None, SPREAD])
@pytest.mark.parametrize("ell", [0.2, 0.7, 1.2])
def test_slope_in_ell_is_the_derivative(ell, x_i):
    model = CompositionalRBM(alpha=0.5, theta=1.0, g=-0.2, ell=ell, x_i=x_i)
    energies = [replica.solve(model.replace(ell=ell + d)).free_energy for d in (-1e-4, 1e-4)]
    assert model.slope(replica.solve(model).order) == pytest.approx((energies[1] - energies[0]) / 2e-4, abs=1e-8)


@pytest.mark.parametrize(
    "model",
    [
        CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39, x_i=SPREAD),
        ReluRBM(alpha=0.6, theta=0.3, g=-0.02, p=0.1, L=5, p_i=[0.05, 0.1, 0.15]),
    ],
)
def test_gradient_of_a_heterogeneous_machine_off_the_saddle(model):
    order = Order(m=0.3, q=0.3, r=0.4, C=0.3, B=0.2)
    x = np.array(model.pack(order))
    expected = optimize.approx_fprime(x, lambda v: model.free_energy(model.unpack(list(v))), 1e-7)
    np.testing.assert_allclose(model.gradient(order), expected, atol=2e-6)


# Extremes.


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("theta", [3.0, 4.5, 6.0])
@pytest.mark.parametrize("g", [-0.21, -0.1])
def test_high_thresholds_raise_no_warning(theta, g):
    best = ell_star(CompositionalRBM(alpha=0.5, theta=theta, g=g))
    assert best.value > 0
    s = replica.solve(CompositionalRBM(alpha=0.5, theta=theta, g=g, ell=best.value))
    assert s.free_energy == pytest.approx(best.free_energy, abs=1e-15)
    assert s.residual < 1e-12


@pytest.mark.slow
def test_noise_of_any_smallness_raises_no_warning():
    sizes = []
    for theta in (1.5, 4.0, 6.0, 10.0, 13.0):
        s = replica.solve(CompositionalRBM(alpha=0.5, theta=theta, g=-0.21, ell=0.38))
        assert s.order.m == pytest.approx(0.841, abs=1e-3)
        sizes.append(s.order.r)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-200


@pytest.mark.parametrize(
    "wrong",
    [
        {"L": 0},
        {"L": 1.5},
        {"L": -1},
        {"p": 0},
        {"p": 1.1},
        {"p": math.nan},
        {"alpha": 0},
        {"g": math.nan},
        {"theta": math.inf},
        {"p_i": [0.2, 0.3]},
        {"p_i": [0.1, math.nan]},
        {"p_i": []},
        {"p": 0.6, "p_i": [1.1, 0.1]},
    ],
)
def test_bad_input_is_one_clear_line(wrong):
    with pytest.raises(ValueError, match=rf"^{list(wrong)[-1]} ") as caught:
        ReluRBM(**{"alpha": 0.1, "theta": 0.1, "g": -0.02, "p": 0.1, "L": 2, **wrong})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"ell": 0}, {"ell": -1}, {"ell": math.nan}, {"x_i": [1.0, 2.0]}, {"x_i": [-1, 3]}])
def test_bad_input_of_the_compositional_limit(wrong):
    with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} "):
        CompositionalRBM(**{"alpha": 0.1, "theta": 0.1, "g": -0.02, **wrong})


def test_ell_may_be_left_out_for_the_minimum_only():
    with pytest.raises(ValueError, match="ell = None"):
        replica.solve_all(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21))


def test_capacity_beyond_a_double(capsys):
    from replica.cli import run
    from replica.phase.__main__ import main

    words = "--model relu-rbm --p 0.1 --g -0.02 --L 2 --theta 50 --format csv --quiet"
    try:
        status = run(main, words.split())
    except SystemExit as stop:
        status = stop.code
    done = capsys.readouterr()
    assert status == 1
    assert done.out.splitlines() == ["theta,L,alpha_c,m,q,r,C,B", done.out.splitlines()[1]]
    assert done.out.splitlines()[1].endswith("2,,,,,,")
    assert "log10 alpha_c = " in done.err
