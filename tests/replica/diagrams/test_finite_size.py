"""Machines of finite p and N: the exact equations at integer L, the limit, energies without noise, and phases."""

import math

import numpy as np
import pytest
from scipy.stats import binom

import replica
from replica.diagrams.best_ell import ell_star, minima
from replica.diagrams.compositional_phases import phase_of
from replica.diagrams.finite_size import followed, of_size, phase_of_size
from replica.diagrams.mixed_minimum import mixed_minimum
from replica.models import CompositionalRBM, ReluRBM
from replica.models.base import Order


def law_of(L, p):
    """P(W = w) by counting: k entries of L that are not 0, j of them +1."""
    w = np.arange(-L, L + 1)
    weight = np.zeros(2 * L + 1)
    for k in range(L + 1):
        for j in range(k + 1):
            weight[2 * j - k + L] += binom.pmf(k, L, p) * binom.pmf(j, k, 0.5)
    return w, weight


def without_noise(L, p, theta, g, N):
    """f̃ of v = 1[W > 0], by hand: −½ Σ_μ (I_μ − θ)² − g Σ v over N p, with I = N⟨Wv⟩/(L √N)."""
    w, weight = law_of(L, p)
    overlap, q = weight[w > 0] @ w[w > 0] / L, weight[w > 0].sum()
    strong = math.sqrt(N) * overlap - theta * math.sqrt(p)
    return (-0.5 * L * strong**2 / N - g * p * q) / p


def state_of(model, order):
    """The saddle point by iteration, which converges at once where there is no noise."""
    for _ in range(60):
        order = model.saddle(order)
    return order


@pytest.mark.parametrize(("L", "p", "alpha"), [(4, 0.1, 0.05), (8, 0.05, 0.1)])
def test_without_cost_it_is_the_machine_of_this_p(L, p, alpha):
    exact = replica.solve(ReluRBM(alpha=alpha, theta=0.6 * p**0.5, g=-0.15 * p, p=p, L=L))
    m, q, r, C, B = exact.order
    order = Order(m=2 * m / p, q=q, r=r / p, C=C, B=B / p)
    model = of_size(CompositionalRBM(alpha=alpha, theta=0.6, g=-0.15, ell=L * p), p, 1e30)
    assert model.free_energy(order) == pytest.approx(exact.free_energy / p, rel=1e-10)
    assert model.residual(order) < 1e-10


@pytest.mark.parametrize(("L", "p", "N"), [(1, 0.1, 2000), (3, 0.05, 1e4), (6, 0.1, 500)])
def test_energy_of_a_state_without_noise(L, p, N):
    model = of_size(CompositionalRBM(alpha=1e-7, theta=0.9, g=-0.2, ell=L * p), p, N)
    law = model.law()
    w, weight = law_of(L, p)
    assert np.allclose(np.interp(w, law.w, law.weight), weight, atol=1e-15)
    order = state_of(model, Order(m=0.8, q=0.1, r=1e-8, C=0.0, B=0.0))
    assert model.free_energy(order) == pytest.approx(without_noise(L, p, 0.9, -0.2, N), rel=1e-5)
    assert model.free_energy(order) == pytest.approx(model.free_energy_on_shell(order), rel=1e-9)


def test_slope_is_the_derivative():
    at = {
        ell: of_size(CompositionalRBM(alpha=0.02, theta=0.4, g=-0.15, ell=ell), 0.1, 3000) for ell in (0.3, 0.31, 0.32)
    }
    f = {}
    for ell, model in at.items():
        order = state_of(model, Order(m=0.7, q=0.15, r=1e-3, C=0.0, B=0.05))
        assert model.residual(order) < 1e-10
        f[ell] = model.free_energy(order), model.slope(order)
    assert f[0.31][1] == pytest.approx((f[0.32][0] - f[0.3][0]) / 0.02, rel=1e-3)


def test_functional_is_stationary():
    model = of_size(
        CompositionalRBM(alpha=0.3, theta=0.3, g=-0.1, ell=0.4, x_i=[0.8, 1.2], g_i=[0.02, -0.02]), 0.05, 1000
    )
    order = state_of(model, Order(m=0.7, q=0.2, r=0.1, C=0.05, B=0.2))
    order = order if model.residual(order) < 1e-9 else Order(m=0.7, q=0.2, r=0.1, C=0.05, B=0.2)
    rhs = model.saddle(order)
    for name, factor, partner in (("m", -0.4 / 4, "m"), ("r", -0.15, "C"), ("q", -0.15, "B"), ("C", -0.15, "r")):
        step = 1e-5
        up, down = (model.free_energy(order._replace(**{name: getattr(order, name) + s})) for s in (step, -step))
        expected = factor * (getattr(rhs, partner) - getattr(order, partner))
        assert (up - down) / (2 * step) == pytest.approx(expected, abs=1e-8)


def test_large_machines_are_the_limit():
    g = np.linspace(-0.24, -0.2, 3)
    model = CompositionalRBM(alpha=0.5, theta=1.5, g=g)
    labels, extra = phase_of_size(model, 1e-9, 1e36)
    star = ell_star(model)
    assert extra["ell_star"] == pytest.approx(star.value, rel=1e-6)
    assert extra["f_star"] == pytest.approx(star.free_energy, rel=1e-6)
    assert (labels == phase_of(model)[0]).all()


@pytest.mark.parametrize("g", [-0.22, -0.2, -0.18])
def test_minima_of_all_machines_at_once_and_one_by_one(g):
    arrays = np.array([0.02]), np.array([1.5]), np.array([g])
    ell, energy, order = followed(minima(*arrays), *arrays, 0.05, 2e4)
    if abs(g) > (1 - 2 * 1.5 / math.sqrt(0.05 * 2e4)) ** 2 / 4:
        assert ell[0] == 0
        return
    one = of_size(CompositionalRBM(alpha=0.02, theta=1.5, g=g), 0.05, 2e4)
    reached = mixed_minimum(one, float(ell[0]), Order(*(float(v[0]) for v in order)))
    assert (ell[0], energy[0]) == pytest.approx(reached[:2], rel=1e-6)
    by_hand = [without_noise(L, 0.05, 1.5, g, 2e4) for L in range(1, 20)]
    assert energy[0] <= min(by_hand) + 1e-7
    assert abs(ell[0] / 0.05 - (1 + int(np.argmin(by_hand)))) < 1


def test_a_strong_unit_pays_where_its_threshold_lets_it():
    """f̃ of L = 1 is p(−(1 − δ)²/8 + |g̃|/2)."""
    p, N = 0.05, 2000
    edge = (1 - 2 * 0.7 / math.sqrt(p * N)) ** 2 / 4
    for g, pays in ((-edge - 1e-3, False), (-edge + 1e-3, True)):
        assert (without_noise(1, p, 0.7, g, N) < 0) == pays
    model = CompositionalRBM(alpha=0.001, theta=0.7, g=np.array([-edge - 0.01, -edge + 0.01]))
    star = phase_of_size(model, p, N)[1]["ell_star"]
    assert star[0] == 0 < star[1]
