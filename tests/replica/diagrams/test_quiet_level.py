"""The level of ℓ → 0: closed limits, the glass of negative thresholds, continuous fields, and machines."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

import rbm_sim
from rbm_sim.retrieval.dynamics import descend
from replica.averages.unit_classes import Classes
from replica.diagrams.compositional_phases import glass_energy
from replica.diagrams.finite_size import of_size
from replica.diagrams.quiet_level import quiet_level
from replica.models import CompositionalRBM


def phi(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def of_normal_fields(alpha, theta, mean, sd):
    """Level of a machine with normal fields: one class with a width."""
    model = CompositionalRBM(alpha=alpha, theta=theta, g=mean)
    return quiet_level(model, np.array([sd]))


def test_all_is_off_where_no_field_is_positive():
    level = quiet_level(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, g_i=[-0.1, 0.1]))
    assert level.energy == 0 and level.order.q == 0
    # one pattern: half of its units at either field
    assert level.slope == pytest.approx(-1 / 8 + 0.21 / 2, abs=1e-12)
    one = quiet_level(of_size(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21), 0.05, 2000))
    assert one.slope == pytest.approx(-((1 - 0.3) ** 2) / 8 + 0.21 / 2, abs=1e-12)
    assert math.isnan(quiet_level(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.6)).slope)


def test_negative_thresholds_without_input():
    """Hidden units of θ̃ < 0 are active at v = 0: f̃ = −½α⟨min(θ̃, 0)²⟩."""
    level = quiet_level(CompositionalRBM(alpha=0.05, theta=0.3, g=-0.3, theta_mu=[-0.5, 0.5]))
    assert level.energy == pytest.approx(-0.5 * 0.05 * 0.5 * 0.2**2, rel=1e-9)


def test_homogeneous_negative_threshold_is_the_glass():
    model = CompositionalRBM(alpha=0.5, theta=-0.3, g=-0.3)
    assert quiet_level(model).energy == pytest.approx(glass_energy(model), rel=1e-9)


def test_low_load_is_the_sum_of_positive_fields():
    level = of_normal_fields(1e-7, 1.5, -0.21, 0.13)
    t = 0.21 / 0.13
    assert level.energy == pytest.approx(-0.13 * (phi(t) - t * ndtr(-t)), rel=1e-6)
    assert level.order.q == pytest.approx(ndtr(-t), rel=1e-6)
    assert level.order.C == pytest.approx(phi(t) / 0.13, rel=1e-6)


@pytest.mark.parametrize(("alpha", "theta", "mean", "sd"), [(0.3, 0.4, -0.25, 0.1), (0.05, 0.3, -0.22, 0.12)])
def test_classes_without_width_approach_the_normal_law(alpha, theta, mean, sd):
    edges = norm.ppf(np.linspace(0, 1, 401))
    units = Classes(np.ones(400), np.full(400, 1 / 400), -400 * sd * np.diff(phi(edges)))
    narrow = sd * np.sqrt(np.maximum(1 - 400 * np.diff(np.nan_to_num(edges) * phi(edges)) - (units.field / sd) ** 2, 0))
    model = CompositionalRBM(alpha=alpha, theta=theta, g=mean).with_units(units)
    whole, parts = of_normal_fields(alpha, theta, mean, sd), quiet_level(model, narrow)
    assert parts.energy == pytest.approx(whole.energy, rel=1e-3)
    assert parts.order.q == pytest.approx(whole.order.q, rel=1e-2)


def test_normal_fields_by_integrals():
    """The equations with integrals over fields and noise, done one after the other by quadrature."""
    alpha, theta, mean, sd = 0.3, 0.4, -0.25, 0.1
    level = of_normal_fields(alpha, theta, mean, sd)
    _, q, r, C, B = level.order
    s, beta, y = math.sqrt(alpha * r), alpha * B / 2, theta / math.sqrt(q)

    def over_fields(f):
        law = [-beta - 40 * s, -beta, -beta + 40 * s]  # where f is a step
        return quad(
            lambda g: f((g + beta) / s) * phi((g - mean) / sd) / sd, mean - 9 * sd, mean + 9 * sd, points=law, limit=400
        )[0]

    def hidden(k):
        return quad(lambda z: (z - y) ** k * phi(z), y, y + 12)[0]

    assert over_fields(ndtr) == pytest.approx(q, rel=1e-7)
    assert over_fields(lambda u: phi(u) / s) == pytest.approx(C, rel=1e-7)
    assert q * hidden(2) / (1 - C) ** 2 == pytest.approx(r, rel=1e-7)
    assert hidden(0) / (1 - C) == pytest.approx(B, rel=1e-7)
    on = s * over_fields(lambda u: phi(u) + u * ndtr(u))
    energy = alpha / 2 * (r * C + B * q) - on - alpha * q * hidden(2) / (2 * (1 - C))
    assert level.energy == pytest.approx(energy, rel=1e-7)


def test_there_is_none_where_the_density_of_fields_is_one():
    assert of_normal_fields(1e-4, 0.5, -0.1, 0.2) is None  # phi(1/2)/0.2 = 1.8
    assert of_normal_fields(1e-4, 0.5, -0.3, 0.2) is not None  # 0.65


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "theta"), [(0.05, 0.8), (0.05, 0.35)])
def test_descents_of_machines_from_the_units_with_positive_fields(alpha, theta):
    """N = 8000, p = 0.1, two machines: activity within 3 standard errors of its scatter, energy within 6 %."""
    N, p, rng = 8000, 0.1, np.random.default_rng(3)
    mean, sd = -0.22, 0.12
    level = of_normal_fields(alpha, theta, mean, sd)
    f, q = [], []
    for _ in range(2):
        xi = rbm_sim.random_patterns(N, round(alpha * N), p=p, rng=rng, storage="sparse")
        g = p * (mean + sd * rng.normal(size=N))
        machine = rbm_sim.RBM(
            xi.astype(float) / math.sqrt(N), visible=rbm_sim.Bernoulli(g), hidden=rbm_sim.ReLU(theta * math.sqrt(p))
        )
        v = descend(machine, g > 0, rng=rng).v
        f.append(float(machine.marginal_energy(v)) / (N * p))
        q.append(v.mean())
    assert np.mean(q) == pytest.approx(level.order.q, abs=3 * math.sqrt(level.order.q / (2 * N)))
    assert np.mean(f) == pytest.approx(level.energy, rel=0.06)
