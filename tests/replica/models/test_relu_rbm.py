"""Published and recomputed numbers of the R-RBM: Tubiana & Monasson, PRL 118, 138301 (2017), figures 3 and 4.

The numbers are those of the equations, to the digits given; where the figure differs the equations are what is tested.
Numbers in between are checked against the second implementation in `rrbm_reference`.
"""

import math

import numpy as np
import pytest
import rrbm_reference as reference

import replica
from replica.diagrams.best_ell import ell_star, energies
from replica.diagrams.compositional_phases import phase_boundary, phase_of
from replica.models import CompositionalRBM, ReluRBM

P, G = 0.1, -0.02  # figure 3
FIGURE_4 = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21)

# figure 3(a): θ, L, α_c with half a unit of its last digit
CAPACITIES = [
    (0.0, 1, 0.1096, 5e-5),
    (0.1, 1, 1.288, 5e-4),
    (0.2, 1, 62.05, 5e-3),
    (0.0, 2, 0.07100, 5e-6),
    (0.1, 2, 0.4143, 5e-5),
    (0.2, 2, 4.848, 5e-4),
    (0.0, 5, 0.04230, 5e-6),
    (0.1, 5, 0.1449, 5e-5),
    (0.2, 5, 0.6809, 5e-5),
    (0.3, 5, 4.642, 5e-4),
    (0.0, 10, 0.02345, 5e-6),
    (0.1, 10, 0.06954, 5e-6),
    (0.2, 10, 0.2562, 5e-5),
    (0.3, 10, 1.186, 5e-4),
    (0.0, 15, 0.008318, 5e-7),
]


def capacity(L, theta):
    return replica.spinodal(ReluRBM(alpha=1e-4, theta=theta, g=G, p=P, L=L), along="alpha")


@pytest.mark.some(5)
@pytest.mark.medium
@pytest.mark.parametrize(("theta", "L", "value", "digit"), CAPACITIES)
def test_capacity_is_the_recomputed_one_of_figure_3a(theta, L, value, digit):
    assert abs(capacity(L, theta).value - value) <= digit


@pytest.mark.some(2)
@pytest.mark.parametrize("L", [1, 5, 12, 13, 14, 15])
@pytest.mark.parametrize("theta", [0.0, 0.05, 0.13, 0.25])
def test_capacity_is_the_fold_met_by_continuation(L, theta):
    fold = capacity(L, theta)
    assert fold.order == fold.states[0].order
    value, (m, q, C) = reference.first_fold(reference.machine(L=L, p=P, theta=theta, g=G))
    # at a fold the state is good to the square root of what the load is good to
    assert fold.value == pytest.approx(value, rel=1e-9)
    assert (fold.order.m, fold.order.q, fold.order.C) == pytest.approx((m, q, C), rel=1e-5)
    assert fold.states[0].residual < 1e-12


@pytest.mark.medium
@pytest.mark.parametrize(("theta", "g", "p", "L"), [(0.1, -0.05, 0.3, 3), (-0.1, -0.01, 0.05, 4), (0.4, -0.1, 0.6, 2)])
def test_capacity_of_other_machines_is_the_fold_met_by_continuation(theta, g, p, L):
    fold = replica.spinodal(ReluRBM(alpha=1e-4, theta=theta, g=g, p=p, L=L), along="alpha")
    value, _ = reference.first_fold(reference.machine(L=L, p=p, theta=theta, g=g))
    assert fold.value == pytest.approx(value, rel=1e-9)


@pytest.mark.slow
def test_capacity_falls_with_L_and_rises_with_the_threshold():
    values = np.array([[capacity(L, theta).value for theta in (0.0, 0.1, 0.2)] for L in (1, 3, 6, 9, 12, 15)])
    assert (np.diff(values, axis=0) < 0).all()
    assert (np.diff(values, axis=1) > 0).all()


@pytest.mark.medium
@pytest.mark.parametrize(("L", "value"), [(1, 1.0), (2, 0.9500), (5, 0.8276), (10, 0.6870), (13, 0.6232)])
def test_overlaps_of_figure_3b(L, value):
    state = replica.solve(ReluRBM(alpha=0.6, theta=0.3, g=G, p=P, L=L))
    assert state.k == 1
    assert 2 * state.order.m / P == pytest.approx(value, abs=5e-5)


@pytest.mark.medium
def test_overlaps_of_figure_3b_end_at_13_patterns():
    state = replica.solve(ReluRBM(alpha=0.6, theta=0.3, g=G, p=P, L=14), throw=False)
    assert state.status == replica.Status.ABSENT
    with pytest.raises(replica.ConvergenceError, match="no retrieval state"):
        replica.solve(ReluRBM(alpha=0.6, theta=0.3, g=G, p=P, L=14))
    assert capacity(13, 0.3).value > 0.6 > capacity(14, 0.3).value


@pytest.mark.medium
def test_largest_load_of_any_state_is_not_the_capacity():
    # L = 1, θ = 0: states with an overlap end at .1454, but the retrieval state at .1096
    def overlapping(alpha):
        return [s for s in replica.solve_all(ReluRBM(alpha=alpha, theta=0.0, g=G, p=P, L=1)) if s.n > 0]

    def kinds(alpha):
        return [s.kind for s in overlapping(alpha)]

    assert kinds(0.1095).count("retrieval") == 2
    assert kinds(0.1097).count("retrieval") == 0
    assert len(kinds(0.1097)) > 0
    assert len(kinds(0.14535)) > 0
    assert kinds(0.14550) == []
    # the last of them, by bisection
    low, high = 0.14535, 0.1455
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if overlapping(middle) else (low, middle)
    assert round(high, 4) == 0.1454


# Figure 4.


def test_minimum_of_figure_4a():
    best = ell_star(FIGURE_4)
    assert best.value == pytest.approx(0.383193, abs=5e-7)
    assert best.free_energy == pytest.approx(-3.0224860e-3, abs=5e-11)
    assert best.order.m == pytest.approx(0.8399555, abs=5e-8)
    assert best.order.q == pytest.approx(0.1465322, abs=5e-8)
    # figure 4(d): the distance between states of unrelated patterns
    assert 2 * best.order.q * (1 - best.order.q) == pytest.approx(0.2501, abs=5e-5)


@pytest.mark.slow
def test_energies_and_overlaps_of_figures_4a_and_4c():
    ell = np.array([0.1, 0.2, 0.22, 0.5, 1.0, 1.4])
    values = {0.1: (-1.584, None), 0.2: (-2.496, None), 0.22: (None, 0.901), 0.5: (-2.875, 0.8015)}
    values |= {1.0: (-0.653, 0.6737), 1.4: (1.402, 0.6016)}
    energy, order = energies(FIGURE_4, ell)
    for i, (length, (e, m)) in enumerate(values.items()):
        state = replica.solve(FIGURE_4.replace(ell=length))
        assert state.free_energy == pytest.approx(energy[i], abs=1e-15)
        assert state.order.m == pytest.approx(order.m[i], abs=1e-13)
        if e is not None:
            assert 1e3 * state.free_energy == pytest.approx(e, abs=5e-4)
        if m is not None:
            assert state.order.m == pytest.approx(m, abs=5e-4 if m == 0.901 else 5e-5)


def test_spin_glass_level_of_figure_4a():
    first, second = (s for s in replica.solve_all(FIGURE_4.replace(ell=0.38)) if s.kind == "spin_glass")
    assert 1e3 * first.free_energy == pytest.approx(-0.63605, abs=5e-6)
    assert first.order.q == pytest.approx(0.314383, abs=5e-7)
    assert first.order.C == pytest.approx(0.972117, abs=5e-7)
    assert first.order.r == pytest.approx(0.266626, abs=5e-7)
    assert first.order.B == pytest.approx(0.133910, abs=5e-7)
    assert second.order.m == 0
    assert second.free_energy > first.free_energy
    assert replica.solve(FIGURE_4.replace(ell=0.38), start="spin_glass").free_energy == first.free_energy


def test_the_glass_does_not_depend_on_the_number_of_patterns():
    levels = [replica.solve(FIGURE_4.replace(ell=ell), start="spin_glass").free_energy for ell in (0.1, 1.0, 10.0)]
    assert max(levels) - min(levels) < 1e-16


@pytest.mark.parametrize(
    ("alpha", "theta", "g", "bracket"),
    [
        (0.5, 2.5, -0.05, (13.0, 17.0)),
        (0.5, 1.5, -0.1, (3.0, 4.2)),
        (0.5, 1.5, -0.14, (1.0, 2.2)),
        (0.5, 1.5, -0.18, (0.2, 1.0)),
        (0.5, 1.5, -0.235, (0.02, 0.5)),
        (0.3, 1.0, -0.15, (1.0, 1.8)),
        (1.0, 2.0, -0.2, (0.1, 0.8)),
        (0.02, 0.0, -0.2, (0.2, 0.8)),
    ],
)
def test_the_best_number_of_patterns_is_the_minimum_over_it(alpha, theta, g, bracket):
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    ell, energy, (m, q, _) = reference.best_ell(alpha, theta, g, bracket=bracket)
    # a minimum is found to the square root of what f is good to
    assert best.value == pytest.approx(ell, abs=1e-6)
    assert best.free_energy == pytest.approx(energy, abs=1e-14)
    assert (best.order.m, best.order.q) == pytest.approx((m, q), abs=1e-6)


# Phases.


def gap(alpha, theta, g):
    """Energy of the minimum over ℓ above that of the glass, both by the second implementation."""
    _, energy, _ = reference.best_ell(alpha, theta, g, bracket=(0.05, 1.0))
    return energy - reference.glass_level(reference.compositional(ell=0.4, theta=theta, g=g), alpha)


@pytest.mark.medium
def test_the_glass_overtakes_the_compositional_state():
    where = phase_boundary(FIGURE_4, along="alpha", limits=(0.3, 2.0), between=("compositional", "spin_glass"))
    assert where == pytest.approx(1.1612054, abs=5e-7)
    assert gap(where - 1e-3, 1.5, -0.21) < -1e-7
    assert gap(where + 1e-3, 1.5, -0.21) > 1e-7
    assert abs(gap(where, 1.5, -0.21)) < 1e-11
    labels, _, extra = phase_of(CompositionalRBM(alpha=where + np.array([-1e-3, 1e-3]), theta=1.5, g=-0.21))
    assert labels.tolist() == ["compositional", "spin_glass"]
    np.testing.assert_allclose(extra["f_star"], extra["f_sg"], atol=1e-5)


@pytest.mark.medium
def test_window_of_fields_in_which_the_compositional_state_is_lowest():
    where = phase_boundary(FIGURE_4, along="g", limits=(-0.249, -0.1), between=("compositional", "spin_glass"))
    assert where == pytest.approx(-0.1946924, abs=5e-8)
    assert gap(0.5, 1.5, where - 1e-3) < 0 < gap(0.5, 1.5, where + 1e-3)
    assert abs(gap(0.5, 1.5, where)) < 1e-11
    # at g̃ = −1/4 the minimum moves to ℓ = 0
    g = np.array([-0.2501, -0.248, where - 1e-6, where + 1e-6, -0.1])
    labels, lowest, extra = phase_of(CompositionalRBM(alpha=0.5, theta=1.5, g=g))
    assert labels.tolist() == ["ferromagnetic", "compositional", "compositional", "spin_glass", "spin_glass"]
    assert extra["ell_star"][0] == 0
    assert 0 < extra["ell_star"][1] < 0.1
    assert (lowest == np.fmin(np.fmin(extra["f_star"], extra["f_sg"]), 0)).all()


@pytest.mark.medium
def test_boundary_as_a_curve():
    alphas = np.array([0.3, 0.5, 0.8])
    g = phase_boundary(
        CompositionalRBM(alpha=alphas, theta=1.5, g=-0.2),
        along="g",
        limits=(-0.249, -0.05),
        between=("spin_glass", "compositional"),
    )
    assert g.shape == (3,)
    assert g[1] == pytest.approx(-0.19469243, abs=1e-8)
    for alpha, value in zip(alphas, g, strict=True):
        assert abs(gap(alpha, 1.5, value)) < 1e-11


def test_boundary_between_the_ferromagnet_and_the_glass_is_where_the_glass_has_no_energy():
    where = phase_boundary(
        CompositionalRBM(alpha=6.0, theta=1.5, g=-0.3),
        along="g",
        limits=(-0.6, -0.1),
        between=("ferromagnetic", "spin_glass"),
    )
    below, here, above = (
        reference.glass_level(reference.compositional(ell=0.4, theta=1.5, g=where + d), 6.0) for d in (-1e-3, 0, 1e-3)
    )
    assert where < -0.25
    assert below > 0 > above
    assert abs(here) < 1e-12


def test_there_is_no_ferromagnet_above_minus_a_quarter():
    where = phase_boundary(
        CompositionalRBM(alpha=1.0, theta=1.5, g=-0.3),
        along="g",
        limits=(-0.6, -0.1),
        between=("ferromagnetic", "spin_glass"),
    )
    assert math.isnan(where)


@pytest.mark.medium
def test_phases_are_those_of_the_lowest_free_energies():
    # labels of a grid, against the second implementation at each of its points
    alpha, theta, g = np.meshgrid([0.2, 0.6, 1.3], [0.5, 1.2, 2.0], [-0.3, -0.22, -0.12], indexing="ij")
    labels, lowest, _ = phase_of(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    assert labels.shape == lowest.shape == (3, 3, 3)
    for index in np.ndindex(3, 3, 3):
        a, t, h = float(alpha[index]), float(theta[index]), float(g[index])
        level = reference.glass_level(reference.compositional(ell=0.4, theta=t, g=h), a)
        energy = 0.0
        for ell in np.linspace(0.02, 1.5, 75):
            try:
                here = reference.compositional(ell=float(ell), theta=t, g=h)
                found = reference.state(here, a)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                break
            if found[0] > 0.1:
                energy = min(energy, reference.free_energy(here, a, *found))
        assert energy == 0 or abs(energy - level) > 1e-5, "too near a boundary to tell"
        expected = "spin_glass" if level < energy else "compositional" if energy < 0 else "ferromagnetic"
        assert labels[index] == expected, (a, t, h, level, energy)
        # ℓ on a list misses the minimum by little
        assert -1e-5 < min(level, energy, 0.0) - lowest[index] + 1e-12 < 1e-4


@pytest.mark.medium
def test_lowest_free_energy_is_that_of_the_lowest_solution():
    for alpha, theta, g in ((0.5, 1.5, -0.21), (1.3, 1.5, -0.21), (0.4, 1.0, -0.1)):
        model = CompositionalRBM(alpha=alpha, theta=theta, g=g)
        label, lowest, extra = phase_of(model)
        length = float(extra["ell_star"])
        # where the branch ends before its minimum the glass is far below it
        first = replica.solve_all(model.replace(ell=0.4 if math.isnan(length) else length))[0]
        assert first.free_energy == pytest.approx(float(lowest), abs=1e-14)
        assert str(label) == {"retrieval": "compositional", "spin_glass": "spin_glass"}[first.kind]
