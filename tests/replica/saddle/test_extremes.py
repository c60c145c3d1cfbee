"""Corners of the domain: folds beside steep flips, vanishing margins 1 − C, loads of 1e-300, the edge T = 1."""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.diagrams.compositional_phases import glass_energy, phase_of
from replica.models import CompositionalRBM, Hopfield, ReluRBM, ThresholdHopfield
from replica.saddle.solution import Status


def retrieval_at(model, log_alpha):
    """States on the branch k = 1 by sheet."""
    return [s for s in replica.solve_all(model.replace(alpha=math.exp(log_alpha))) if s.k == 1 and s.sheet < 2]


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("L", "p", "theta", "g"),
    [
        (3, 0.1, -1.0, -0.0412),  # −g is 0.91 m: the units with W = 1 are about to flip
        (3, 0.1, 0.3, -0.0412),
        (5, 0.1, 2.0, -0.0412),  # 0.995 m
        (1, 1.0, 10.0, -0.0412),
        (9, 0.1, 0.3, -1e-5),  # 0.0003 m: the units with W = 0 are
        (15, 0.01, 0.3, -0.00339),
        (1, 0.1, 2.0, -0.0412),
    ],
)
def test_fold_of_the_retrieval_branch_next_to_a_flip(L, p, theta, g):
    model = ReluRBM(alpha=1e-30, theta=theta, g=g, p=p, L=L)
    fold = replica.spinodal(model, along="alpha")
    assert fold.states[0].residual < 1e-9
    below, above = (retrieval_at(model, fold.log_value + d) for d in (-1e-5, 1e-5))
    near = [s for s in below if abs(s.order.m / fold.order.m - 1) < 0.02]
    assert [s.sheet for s in sorted(near, key=lambda s: s.sheet)] == [0, 1]
    assert not [s for s in above if s.sheet == 0]


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_minimum_over_ell_nears_zero_at_a_quarter(gap):
    # f̃ = −(¼ − |g̃|)ℓ/2 + ℓ²/32 + O(ℓ³) while the noise vanishes
    best = replica.ell_star(CompositionalRBM(alpha=0.5, theta=4.0, g=-0.25 + gap))
    assert best.value == pytest.approx(8 * gap, rel=8 * gap)
    assert best.free_energy == pytest.approx(-2 * gap**2, rel=8 * gap)


@pytest.mark.medium
def test_glass_level_is_continuous_at_vanishing_field():
    g = -np.geomspace(1e-14, 1e-3, 23)
    level = glass_energy(CompositionalRBM(alpha=0.5, theta=1.5, g=g))
    assert np.isfinite(level).all()
    limit = level[0]
    q = next(
        s for s in replica.solve_all(CompositionalRBM(alpha=0.5, theta=1.5, g=-1e-14, ell=1.0)) if s.n == 0
    ).order.q
    # df/dg = −q
    np.testing.assert_allclose(level - limit, -q * g, atol=1e-6)


@pytest.mark.medium
def test_glass_level_up_to_its_own_fold():
    def level(g):
        return glass_energy(CompositionalRBM(alpha=0.5, theta=1.5, g=g))

    low, high = -0.3, -0.01
    while high - low > 1e-15:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if math.isnan(level(middle)) else (low, middle)
    # a square root: the energies of the two states merge as the 3/2 power, so that df/dg = −q is smooth up to it
    states = [s for s in replica.solve_all(CompositionalRBM(alpha=0.5, theta=1.5, g=high + 1e-10, ell=1.0)) if s.n == 0]
    glassy = [s for s in states if s.kind == "spin_glass"]
    assert len(glassy) == 2
    assert abs(glassy[0].order.q - glassy[1].order.q) < 1e-3


@pytest.mark.parametrize("theta", [3.0, 5.0, 8.0, 15.0, 26.0])
def test_glass_of_a_high_threshold(theta):
    states = replica.solve_all(ThresholdHopfield(alpha=0.1, theta=theta))
    glass = next(s for s in states if s.kind == "spin_glass")
    assert glass.status == Status.CONVERGED
    with mp.workdps(30):
        # s² = αr, s (1 − C) = s − 1/√(2π), r (1 − C)² = ½H2(√2 θ); on the saddle f = −αr/2
        hidden = replica.H(2, mp.sqrt(2) * mp.mpf(theta)) / 2
        s = mp.sqrt(mp.mpf(0.1) * hidden) + 1 / mp.sqrt(2 * mp.pi)
        r = s * s / mp.mpf(0.1)
        assert abs(glass.order.r / r - 1) < 1e-13
        assert abs(glass.free_energy + mp.mpf(0.1) * r / 2) < 1e-14


def test_glass_whose_response_underflows_is_left_to_many_digits():
    model = ThresholdHopfield(alpha=0.1, theta=50.0)
    states = replica.solve_all(model)
    assert [(s.kind, s.status) for s in states] == [
        ("retrieval", Status.CONVERGED),
        ("spin_glass", Status.FAILED),
    ]


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("theta", [1.5, 4.0, 6.0, 10.0])
def test_glass_of_the_compositional_limit_at_a_high_threshold(theta):
    model = CompositionalRBM(alpha=0.5, theta=theta, g=-0.02, ell=0.4)
    glass = next(s for s in replica.solve_all(model) if s.kind == "spin_glass")
    assert glass.status == Status.CONVERGED
    assert glass.free_energy == pytest.approx(glass_energy(model), abs=1e-14)


@pytest.mark.parametrize("T", [0.0, 0.3])
@pytest.mark.parametrize("alpha", [1e-13, 1e-20, 1e-100, 1e-300])
def test_loads_far_below_any_machine(alpha, T):
    states = replica.solve_all(Hopfield(alpha=alpha, T=T))
    assert T > 0 or {s.kind for s in states if s.status == Status.CONVERGED} == {"retrieval", "mixture", "spin_glass"}
    assert [(s.kind, s.n) for s in states[:2]] == [("retrieval", 1), ("mixture", 3)]
    assert all(s.status == Status.CONVERGED for s in states[:2])
    assert all(math.isfinite(s.free_energy) for s in states if s.status == Status.CONVERGED)
    failed = [s.status != Status.CONVERGED for s in states]
    assert failed == sorted(failed)
    if T == 0:
        assert states[0].free_energy == pytest.approx(-0.5, abs=1e-12)


@pytest.mark.some(1)
@pytest.mark.parametrize("gap", [1e-3, 1e-4, 1e-5, 1e-6])
def test_capacity_vanishes_as_the_square_of_the_distance_to_T_1(gap):
    fold = replica.spinodal(Hopfield(alpha=1e-30, T=1 - gap), along="alpha")
    finer = replica.spinodal(Hopfield(alpha=1e-30, T=mp.mpf(1) - mp.mpf(gap)), along="alpha", precision=30)
    assert fold.value / gap**2 == pytest.approx(0.26188682, rel=gap)
    assert fold.value == pytest.approx(float(finer.value), rel=2e-16 / gap**2 + 1e-9)


@pytest.mark.medium
def test_fold_too_near_T_1_asks_for_digits():
    with pytest.raises(ArithmeticError, match=r"precision=30"):
        replica.spinodal(Hopfield(alpha=1e-30, T=1 - 1e-9), along="alpha")
    fine = replica.spinodal(Hopfield(alpha=1e-30, T=1 - 1e-9), along="alpha", precision=30)
    assert float(fine.value) == pytest.approx(0.26188682e-18, rel=1e-6)


@pytest.mark.parametrize("theta", [25.7, 26.0, 26.4])
def test_capacity_up_to_the_largest_double(theta):
    fold = replica.spinodal(ThresholdHopfield(alpha=1e-300, theta=theta), along="alpha")
    with mp.workdps(30):
        exact = mp.mpf("0.13790556649493173784") / (2 * replica.H(2, mp.sqrt(2) * mp.mpf(theta)))
        assert abs(fold.value / exact - 1) < 1e-12


@pytest.mark.slow
def test_temperatures_of_a_tiny_load_are_refused_with_the_bound():
    from replica.diagrams.critical_lines import _temperatures

    with pytest.raises(replica.ConvergenceError, match=r"alpha >= 1e-12"):
        _temperatures(alpha=1e-13)
    row = _temperatures(alpha=1e-11)
    assert row["T_g"] == pytest.approx(1 + math.sqrt(1e-11), abs=1e-15)
    assert (1 - row["T_M"]) ** 2 * 0.26188682 == pytest.approx(1e-11, rel=1e-3)
    assert row["T_R"] is None  # e^{−1/2α}


# Arguments.


def test_controls_are_kept_apart_from_the_array_they_came_from():
    alpha = np.array([0.01, 0.02])
    model = Hopfield(alpha=alpha)
    alpha[0] = -1
    assert model.alpha[0] == 0.01
    with pytest.raises(ValueError, match="read-only"):
        model.alpha[0] = -1


@pytest.mark.parametrize("start", [3, None, ("mixture",), ("mixture", 0), ("mixture", 1.5), ("mixture", True)])
def test_wrong_starts_are_named(start):
    with pytest.raises(ValueError, match=r"^start = "):
        replica.solve(Hopfield(alpha=0.01), start=start)


@pytest.mark.parametrize("model", [None, 0.1, Hopfield, "hopfield"])
def test_what_is_no_model_is_named(model):
    for call in (replica.solve_all, replica.solve):
        with pytest.raises(ValueError, match=r"^model = "):
            call(model)
    with pytest.raises(ValueError, match=r"^model = "):
        replica.spinodal(model, along="alpha")


def test_other_wrong_arguments_are_named():
    model = Hopfield(alpha=0.05)
    with pytest.raises(ValueError, match=r"^to = 'far'"):
        replica.follow(replica.solve(model), along="alpha", to="far")
    with pytest.raises(ValueError, match=r"^solution = "):
        replica.follow(model, along="alpha", to=0.1)
    with pytest.raises(ValueError, match=r"^between = 'retrieval'"):
        replica.coexistence(model, along="alpha", between="retrieval")


def test_no_module_hides_a_public_name():
    import importlib.util

    for name in replica.__all__:
        if name not in ("models", "__version__"):
            assert importlib.util.find_spec(f"replica.{name}") is None, name


# The R-RBM at its edges.


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("model", "margin"),
    [
        (CompositionalRBM(alpha=0.4, theta=1.985, g=-0.0152, ell=0.22), 6.3e-5),
        (CompositionalRBM(alpha=2.64954e-4, theta=2.0220862, g=-0.14083602, ell=0.20087713), 1.5e-6),
        (ReluRBM(alpha=7.58e-4, theta=0.5274224, g=-0.0038767, p=0.068927719, L=4), 9e-6),
    ],
)
def test_second_sheet_with_a_small_margin(model, margin):
    second = [s for s in replica.solve_all(model) if s.k == 1 and s.sheet == 1]
    assert len(second) == 1
    assert second[0].status == Status.CONVERGED
    assert 1 - second[0].order.C == pytest.approx(margin, rel=0.05)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    "model",
    [
        CompositionalRBM(alpha=6.353737688e-4, theta=1.532393109, g=-0.218727999, ell=0.128903823),
        ReluRBM(alpha=0.004115512922, theta=0.195001559606, g=-0.00601150947, p=0.0346459226424, L=2),
        CompositionalRBM(alpha=0.003312380788, theta=0.55412151115, g=-0.09010699223, ell=0.56815995885),
    ],
)
def test_state_that_is_about_to_lose_its_overlap(model):
    glass = [s for s in replica.solve_all(model) if s.kind == "spin_glass"]
    # next to the upper sheet of the glass lies a state with an overlap of a thousandth
    assert [s for s in replica.solve_all(model) if s.n and abs(s.order.q / glass[-1].order.q - 1) < 1e-6]


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("theta", [6.0, 10.0, 30.0, 50.0])
def test_retrieval_at_any_threshold(theta):
    state = replica.solve(CompositionalRBM(alpha=0.5, theta=theta, g=-0.21, ell=0.4))
    assert state.order.m == pytest.approx(0.8341653949, abs=1e-10)
    assert state.free_energy == pytest.approx(-0.003018823207, abs=1e-12)
    bare = replica.solve(ReluRBM(alpha=0.5, theta=theta, g=-0.02, p=0.1, L=2))
    assert bare.order.m == pytest.approx(0.0475, abs=1e-10)


@pytest.mark.parametrize(
    ("alpha", "theta", "g"), [(0.5, 10.0, 1.0), (0.5, 6.0, 1e4), (1e-20, 1.5, 1.0), (0.5, 1.5, 1e10)]
)
def test_all_units_are_on_in_a_strong_field(alpha, theta, g):
    model = CompositionalRBM(alpha=alpha, theta=theta, g=g, ell=0.4)
    (state,) = replica.solve_all(model)
    assert (state.kind, state.order.q) == ("spin_glass", 1.0)
    label, lowest, _ = phase_of(model)
    assert label == "spin_glass"
    assert float(lowest) == pytest.approx(-g, rel=0.01)


def test_heterogeneous_phases_are_refused():
    model = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, x_i=[0.1, 1.9])
    with pytest.raises(ValueError, match=r"^x_i, g_i, theta_mu: "):
        phase_of(model)
    with pytest.raises(ValueError, match=r"^x_i, g_i, theta_mu: "):
        replica.phase_boundary(model, along="alpha", limits=(0.1, 2), between=("compositional", "spin_glass"))


@pytest.mark.slow
def test_units_without_patterns_are_a_limit():
    for g in (-0.21, 0.1):
        zero, tiny = (
            replica.solve_all(CompositionalRBM(alpha=0.5, theta=1.5, g=g, ell=0.4, x_i=[x, 1, 1, 2 - x]))
            for x in (0.0, 1e-10)
        )
        assert [s.kind for s in zero] == [s.kind for s in tiny]
        for a, b in zip(zero, tiny, strict=True):
            assert a.free_energy == pytest.approx(b.free_energy, abs=1e-9)
    # all units on in a strong field, those without patterns among them
    strong = replica.solve_all(CompositionalRBM(alpha=0.5, theta=6.0, g=100.0, ell=0.4, x_i=[0, 1, 1, 2]))
    assert strong[0].free_energy == pytest.approx(-100.0, rel=1e-3)


@pytest.mark.medium
def test_stability_is_the_same_alone_and_in_an_array():
    model = ReluRBM(alpha=0.01244911, theta=0.41490199, g=-0.00563467, p=0.23692282, L=3)
    alone = [(s.kind, s.sheet, s.stable) for s in replica.solve_all(model)]
    among = [(s.kind, s.sheet, s.stable) for s in replica.solve_all(model.replace(L=[1, 3])).at(1)]
    assert alone == among


@pytest.mark.slow
def test_folds_along_the_numbers_of_entries():
    fold = replica.spinodal(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.4), along="ell")
    at_fold = CompositionalRBM(alpha=1e-9, theta=1.5, g=-0.21, ell=fold.value)
    assert replica.spinodal(at_fold, along="alpha").value == pytest.approx(0.5, rel=1e-9)
    fold = replica.spinodal(ReluRBM(alpha=0.01, theta=0.2, g=-0.02, p=0.1, L=2), along="p")
    at_fold = ReluRBM(alpha=1e-9, theta=0.2, g=-0.02, p=fold.value, L=2)
    assert replica.spinodal(at_fold, along="alpha").value == pytest.approx(0.01, rel=1e-9)
    state = replica.solve(ReluRBM(alpha=0.01, theta=0.2, g=-0.02, p=0.1, L=2))
    with pytest.raises(ValueError, match=r"^along = 'L'"):
        replica.follow(state, along="L", to=3)


def test_an_array_keeps_every_state_of_a_curve_without_zero_noise_end():
    alone = CompositionalRBM(alpha=1.8082064298800536e-4, theta=0.157596142, g=-0.012204214, ell=0.39463083)
    states = replica.solve_all(alone)
    assert [s.kind for s in states].count("spurious") == 2
    assert len({(s.kind, s.k, s.sheet) for s in states}) == len(states)
    among = replica.solve_all(alone.replace(alpha=alone.alpha * np.array([0.9, 1.0]))).at(1)
    assert [(s.kind, s.k, s.sheet) for s in among] == [(s.kind, s.k, s.sheet) for s in states]


@pytest.mark.slow
@pytest.mark.parametrize("x_i", [[0.9, 1.1], [0.5, 1.5]])
def test_fold_of_a_heterogeneous_machine(x_i):
    model = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.4, x_i=x_i)
    fold = replica.spinodal(model, along="alpha")
    assert fold.states[0].residual < 1e-12
    below, above = (
        [s for s in replica.solve_all(model.replace(alpha=fold.value * factor)) if s.k == 1] for factor in (0.98, 1.001)
    )
    assert [s.sheet for s in below] == [0, 1]
    assert not above
    # the two sheets part as the square root of the distance
    gap = below[1].order.q - below[0].order.q
    assert abs(fold.order.q - 0.5 * (below[0].order.q + below[1].order.q)) < 0.2 * gap
