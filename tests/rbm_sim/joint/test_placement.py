"""A machine of which the place is known: theory's own, rescaled; forms of one machine; what the theory leaves out."""

import math

import numpy as np
import pytest

import rbm_sim
import replica
from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.joint.prediction import boundaries, homogeneous, law_of_x, lowest, predicted, visible_classes
from rbm_sim.joint.rescaling import Rescaled, rescaled
from rbm_sim.joint.validity import column_overlap, column_sums
from replica.diagrams.compositional_phases import phase_boundary, phase_of
from replica.models import CompositionalRBM

ALPHA, THETA, G = 0.5, 1.5, -0.21


def even(p=0.05, N=480, M=240, seed=0):
    """Weights ±1/√N, as many in each column, and as many in each row, as in any other."""
    rng = np.random.default_rng(seed)
    w = np.zeros((N, M))
    for shift in range(round(p * M)):
        i = np.arange(N)
        w[i, (i + shift * (M // round(p * M))) % M] = rng.choice([-1.0, 1.0], size=N)
    return w / math.sqrt(N)


def machine(c=10.0, visible=Bernoulli, p=0.05):
    """The theory's machine at the temperature 1/c², with weights of the size c."""
    return RBM(c * even(p), visible=visible(G * p * c**2), hidden=ReLU(THETA * math.sqrt(p) * c))


@pytest.mark.parametrize("c", [0.3, 10.0])
def test_quantities_of_the_limit_do_not_depend_on_the_scale(c):
    standing = rescaled(machine(c))
    assert standing.alpha == 0.5
    assert standing.p == pytest.approx(0.05, rel=1e-12)
    assert standing.theta == pytest.approx(np.full(240, THETA), rel=1e-12)
    assert standing.g == pytest.approx(np.full(480, G), rel=1e-12)
    assert standing.x == pytest.approx(np.ones(480), rel=1e-12)
    assert standing.T_eff == pytest.approx(1 / c**2, rel=1e-12)


def test_both_values_of_spins_are_one_machine():
    rng = np.random.default_rng(1)
    w = rng.normal(size=(7, 5))
    spins = RBM(w, visible=Spin(rng.normal(size=7)), hidden=ReLU(rng.normal(size=5)))
    standing = rescaled(spins)
    v = rng.integers(0, 2, (20, 7)).astype(float)
    difference = spins.free_energy(2 * v - 1) - standing.machine.free_energy(v)
    assert difference == pytest.approx(np.full(20, difference[0]), abs=1e-12)


class Endless:
    """In place of a machine, its size: so many units that a threshold costs nothing."""

    shape = (10**40, 10**40)


def limit(standing):
    """The same laws in the limit of large N, then small p."""
    return standing._replace(p=1e-9, machine=Endless(), x_noise=0.0)


def test_homogeneous_prediction_is_the_published_one():
    found = predicted(limit(rescaled(machine())))
    # Tubiana & Monasson, Fig. 4(a), recomputed: minimum at .383193, glass at −.63605e-3
    assert found.phase == "compositional"
    assert found.ell_star == pytest.approx(0.383193, abs=1e-6)
    assert found.f_star == pytest.approx(-3.0224860e-3, rel=1e-6)
    assert found.f_sg == pytest.approx(-0.63605e-3, rel=1e-4)


def spread(standing, size):
    """The same machine with two kinds of visible units, and two of hidden ones."""
    sign = np.where(np.arange(480) % 2, 1.0, -1.0)
    return standing._replace(
        x=1 + size * sign, g=G + 0.1 * size * np.roll(sign, 1), theta=THETA + size * np.where(np.arange(240) % 2, 1, -1)
    )


@pytest.mark.slow
def test_own_laws_are_those_of_the_model():
    """The state that `replica.ell_star` follows, and its slope and energies by the equations alone."""
    standing = limit(spread(rescaled(machine()), 0.2))
    found = predicted(standing)
    assert found.laws == "own"
    model = CompositionalRBM(
        alpha=0.5, theta=THETA, g=G, ell=found.ell_star, x_i=[0.8, 1.2], g_i=[0.02, -0.02], theta_mu=[-0.2, 0.2]
    )
    star = replica.ell_star(model)
    assert (found.ell_star, found.f_star) == pytest.approx((star.value, star.free_energy), rel=1e-6)
    assert model.residual(star.order) < 1e-10
    assert found.f_sg < 0 == found.f_zero


@pytest.mark.medium
def test_positive_fields_have_a_level_of_their_own():
    """At half of the units g = 0.09: these are on at ℓ → 0, and make noise at a load of 0.02 that is hardly any."""
    standing = limit(rescaled(machine()))
    sign = np.where(np.arange(480) % 2, 1.0, -1.0)
    found = predicted(standing._replace(alpha=0.001, theta=np.full(240, 2.0), g=G + 0.3 * sign))
    assert found.laws == "own"
    assert found.f_zero == pytest.approx(-0.5 * 0.09, rel=1e-2)


def test_small_machines_pay_for_thresholds():
    """N = 480, p = 0.05: a strong unit pays 2θ̃/√(pN) = 0.61 of its overlap, and none is worth it; the glass remains."""
    found = predicted(rescaled(machine()))
    assert (found.phase, found.ell_star, found.f_star) == ("spin_glass", 0.0, 0.0)
    assert math.isnan(found.m)  # (1 − 0.61)/2 < |g̃|: units of a pattern do not stay on


@pytest.mark.slow
def test_boundaries_are_where_energies_meet():
    standing = limit(rescaled(machine()))
    found = boundaries(standing)
    bare = homogeneous(standing)
    pair = ("compositional", "spin_glass")
    assert found["alpha"].phase == found["theta"].phase == found["g"].phase == "spin_glass"
    assert found["alpha"].value == pytest.approx(
        phase_boundary(bare, along="alpha", limits=(0.5, 3.0), between=pair), rel=1e-4
    )
    assert found["theta"].value == pytest.approx(
        phase_boundary(bare, along="theta", limits=(1.5, 0.5), between=pair), rel=1e-4
    )
    for name, boundary in found.items():
        apart = 1e-4 * (boundary.value - getattr(bare, name))
        labels = [str(phase_of(bare.unchecked(**{name: boundary.value + way * apart}))[0]) for way in (-1, 1)]
        assert labels == ["compositional", "spin_glass"]


@pytest.mark.parametrize(
    ("f_star", "f_sg", "phase"),
    [(-2.0, -1.0, "compositional"), (-1.0, -2.0, "spin_glass"), (1.0, 2.0, "ferromagnetic"), (1.0, -1.0, "spin_glass")],
)
def test_the_lowest_energy_decides(f_star, f_sg, phase):
    assert lowest(f_star, f_sg) == phase
    assert lowest(-1.0, math.nan) == "compositional"


def test_classes_keep_means_and_positive_fields():
    rng = np.random.default_rng(2)
    x, g = rng.gamma(2.0, size=600), rng.normal(-1.0, size=600)
    few_x, few_g, share, width = visible_classes(x, g)
    assert len(few_x) < 80 and share.sum() == pytest.approx(1.0)
    assert (share @ few_x, share @ few_g) == pytest.approx((x.mean(), g.mean()), rel=1e-9)
    assert share @ np.maximum(few_g, 0) == pytest.approx(np.maximum(g, 0).mean(), rel=1e-9)
    assert share @ (width**2 + few_g**2) == pytest.approx((g**2).mean(), rel=1e-9)


def test_scatter_of_means_over_few_weights_is_no_law():
    """p_i of a gamma law of scatter 0.4, means over 100 weights of which 10 are not 0: 0.5 is seen, 0.4 is left."""
    rng = np.random.default_rng(5)
    p = 0.1 * rng.gamma(1 / 0.16, 0.16, size=(4000, 1))
    w = rng.choice([-1.0, 1.0], size=(4000, 100)) * (rng.random((4000, 100)) < p)
    standing = rescaled(RBM(w, visible=Bernoulli(), hidden=ReLU()))
    assert standing.x.std() == pytest.approx(math.sqrt(0.16 + 0.9 / 10 - 0.016), abs=0.02)
    assert law_of_x(standing).std() == pytest.approx(0.4, abs=0.03)
    alike = rescaled(RBM(rng.normal(size=(2000, 50)), visible=Bernoulli(), hidden=ReLU()))
    assert law_of_x(alike).std() < 0.06 < alike.x.std()


def test_overlaps_of_columns_against_independent_ones():
    rng = np.random.default_rng(3)
    N, M = 500, 300
    rows = rng.gamma(2.0, size=(N, 1))
    w = rows * rng.normal(size=(N, M)) * (rng.random((N, M)) < 0.2)
    # M²/2 pairs that share rows: 20 repetitions scatter by 2 %
    assert column_overlap(w) == pytest.approx(1.0, abs=0.1)
    assert column_sums(w) == pytest.approx(1.0, abs=0.5)
    common = rng.normal(size=(N, 1))
    assert column_overlap(w + common) > 3
    assert column_sums(w + 0.5) > 3


@pytest.mark.parametrize("hidden", [Bernoulli(), Spin(), Gaussian()])
def test_units_without_theory_are_measured_and_say_why(hidden):
    rbm = RBM(0.1 * even(), visible=Bernoulli(), hidden=hidden)
    found = rbm_sim.place(rbm, np.random.default_rng(0).integers(0, 2, (50, 480)))
    assert found.phase == "" and math.isnan(found.ell_star) and not found.valid
    assert type(hidden).__name__ in found.warnings[0]
    assert found.p_hat == pytest.approx(0.05) and found.L_hat > 0
    assert found.row()["phase"] is None


def test_distance_of_independent_pixels():
    v = (np.random.default_rng(4).random((500, 480)) < 0.3).astype(float)
    found = rbm_sim.place(RBM(0.1 * even(), visible=Bernoulli(), hidden=Gaussian()), v)
    # 2 q (1 − q); 2e5 pixels
    assert found.distance == pytest.approx(0.42, abs=0.005)


def test_assumptions_that_fail_are_named():
    rng = np.random.default_rng(5)
    w = 0.3 * (rng.normal(size=(100, 40)) + rng.normal(size=(100, 1)))
    found = rbm_sim.place(RBM(w, visible=Bernoulli(-1.0), hidden=ReLU(0.5)), rng.integers(0, 2, (50, 100)))
    said = " ".join(found.warnings)
    assert "p_hat" in said and "columns" in said and not found.valid


def test_rescaled_is_a_record():
    assert isinstance(rescaled(machine()), Rescaled)
    assert rescaled(RBM(np.zeros((3, 2)), visible=Bernoulli(), hidden=ReLU())) == "all weights are 0"
