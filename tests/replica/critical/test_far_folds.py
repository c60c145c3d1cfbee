"""Folds at loads near and beyond the ends of double precision: ln α from −700 to 900."""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import CompositionalRBM, ReluRBM, ThresholdHopfield
from replica.numerics.gaussian import log_H

MACHINE = {"g": -0.010048220884357676, "L": 3, "p": 0.028547818259322715}


def tail(k, x):
    """∫_x^∞ Dz (z − x)^k for k = 0, 2."""
    upper = mp.erfc(x / mp.sqrt(2)) / 2
    return upper if k == 0 else (1 + x * x) * upper - x * mp.npdf(x)


def on_the_plane(a, b, theta, g, L, p):
    """All of a state at a = m/s, b = (g + αB/2)/s: m, q, C, ln α and by how much g is missed."""
    law = {0: mp.one}
    for _ in range(L):
        spread = {}
        for w, weight in law.items():
            for step, share in ((-1, p / 2), (0, 1 - p), (1, p / 2)):
                spread[w + step] = spread.get(w + step, 0) + weight * share
        law = spread
    on = {w: mp.erfc(-(b + a * w) / mp.sqrt(2)) / 2 for w in law}
    m = sum(weight * w * on[w] for w, weight in law.items()) / L
    q = sum(weight * on[w] for w, weight in law.items())
    s = m / a
    C = p / s * sum(weight * mp.npdf(b + a * w) for w, weight in law.items())
    y = theta / mp.sqrt(p * q)
    alpha = s**2 * (1 - C) ** 2 / (p * p * q * tail(2, y))
    return m, q, C, mp.log(alpha), b * s - alpha * p * tail(0, y) / (2 * (1 - C)) - g


def fold_of_machine(theta, order, alpha, g, L, p):
    """ln α, m and C where α is extremal along a curve of fixed g on that plane: an own solver in 60 digits."""
    with mp.workdps(60):
        theta, g, p = mp.mpf(theta), mp.mpf(g), mp.mpf(p)
        s = mp.sqrt(alpha * p * order.r)

        def system(a, b):
            h = mp.mpf(10) ** -25
            slope = [
                [
                    (
                        on_the_plane(a + i * h, b + j * h, theta, g, L, p)[k]
                        - on_the_plane(a - i * h, b - j * h, theta, g, L, p)[k]
                    )
                    / (2 * h)
                    for i, j in ((1, 0), (0, 1))
                ]
                for k in (3, 4)
            ]
            return on_the_plane(a, b, theta, g, L, p)[4], slope[0][0] * slope[1][1] - slope[0][1] * slope[1][0]

        start = (order.m / s, (g + alpha * order.B / 2) / s)
        a, b = mp.findroot(system, start, tol=1e-40)
        m, _, C, log_load, _ = on_the_plane(a, b, theta, g, L, p)
        return float(log_load), float(m), float(C)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("theta", [1.05, 1.2, 1.25, 1.2804251437905587, 1.3, 1.4])
def test_folds_of_random_machines_up_to_the_largest_double_and_beyond(theta):
    found = replica.spinodal(ReluRBM(alpha=1.0, theta=theta, **MACHINE), along="alpha")
    many = replica.spinodal(ReluRBM(alpha=1.0, theta=theta, **MACHINE), along="alpha", precision=30)
    log_load, m, C = fold_of_machine(theta, many.order, many.value, **MACHINE)
    for point in (found, many):
        assert point.log_value == pytest.approx(log_load, rel=4e-16)
        assert float(point.order.m) == pytest.approx(m, rel=1e-14)
        assert float(point.order.C) == pytest.approx(C, rel=1e-10)
    assert found.value == (pytest.approx(float(many.value), rel=1e-13) if log_load < 709.78 else math.inf)
    assert found.states[0].residual < 1e-13


def test_a_fold_just_below_the_largest_double():
    found = replica.spinodal(ReluRBM(alpha=1.0, theta=1.2804251437905587, **MACHINE), along="alpha")
    assert found.log_value == pytest.approx(704.163, abs=5e-4)
    assert np.isfinite(found.value)


@pytest.mark.medium
@pytest.mark.parametrize(
    ("theta", "precision"),
    [(theta, digits) for digits in (None, 30) for theta in (-1e20, -30.0, 10.0, 21.0, 25.5, 26.3, 26.5, 30.0)]
    + [(-1e100, None), (-1e150, None)],
)
def test_thresholds_rescale_the_capacity_of_the_hopfield_model(theta, precision):
    """α_c(θ) = α_c/(2 H2(√2 θ)), with H2(x) → x² as x → −∞."""
    scale = math.log(2) + (log_H(2, math.sqrt(2) * theta) if theta > -1e9 else math.log(2) + 2 * math.log(-theta))
    log_load = math.log(0.13790556649493172) - scale
    model = ThresholdHopfield(alpha=math.exp(min(log_load - 1, 700.0)), theta=theta)
    found = replica.spinodal(model, along="alpha", precision=precision)
    assert found.log_value == pytest.approx(log_load, rel=1e-15)
    assert float(found.order.m) == pytest.approx(0.48370855784264577, rel=1e-12)
    assert float(found.order.C) == pytest.approx(0.17961179622455012, rel=1e-12)


@pytest.mark.medium
def test_tiny_capacities_scale_with_the_square_of_the_threshold():
    """As θ̃ → −∞ all that enters is α θ̃²."""
    scaled = [
        replica.spinodal(CompositionalRBM(alpha=1e-5 / theta**2, theta=theta, g=-0.2, ell=0.3), along="alpha").log_value
        + 2 * math.log(-theta)
        for theta in (-1e50, -1e150)
    ]
    assert scaled == pytest.approx([scaled[0]] * 2, rel=0, abs=2e-13)


@pytest.mark.slow
def test_folds_along_the_threshold_where_it_is_nothing():
    """The fold along θ at the load of a fold along α is at the θ of that, be it 1 or 1e-9."""
    for theta in (1.0, 1e-9):
        machine = {"g": -0.01, "L": 3, "p": 0.03}
        load = replica.spinodal(ReluRBM(alpha=1e-17, theta=theta, **machine), along="alpha").value
        beside = theta + 0.05 * max(0.1, abs(theta))
        back = replica.spinodal(ReluRBM(alpha=load, theta=beside, **machine), along="theta").value
        assert back == pytest.approx(theta, rel=1e-14, abs=1e-15)
