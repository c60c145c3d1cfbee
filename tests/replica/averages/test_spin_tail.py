"""The response of a spin to all its digits where it is small: C = (1/T)∫Dz sech²((h + sz)/T) down to 1e-280."""

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.averages.spin import spin_averages
from replica.models import Hopfield, PlantedHopfield
from replica.numerics.working_digits import working_digits


def response(h, s, T):
    """C by a plain sum over z around the largest term, in 60 digits."""
    with working_digits(60):
        h, s, T = map(mp.mpf, (h, s, T))
        centre, step = -min(2 * s / T, h / s), min(mp.mpf(1) / 10, T / s / 8)
        z = [centre + j * step for j in range(-int(13 / step), int(13 / step) + 1)]
        return sum(mp.npdf(v) * mp.sech((h + s * v) / T) ** 2 for v in z) * step / T


@pytest.mark.medium
@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.7, 1.4, 1.6, 6.0, 300.0])
def test_responses_of_any_size(ratio):
    """From λ = hT/s² = 0.1 to far beyond 2, where the thermal tail takes over from that of the field."""
    for field in (
        0.5,
        1.19 / ratio,
        1.21 / ratio,
        1.99 / ratio - 1,
        2.01 / ratio - 1,
        3 / ratio,
        7.0,
        20.0,
        20 * ratio,
    ):
        h, s, T = 0.3 * abs(field), 0.3, 0.3 * ratio
        exact = response(h, s, T)
        if exact < 1e-280:
            continue
        site = spin_averages(h, s, T)
        # an exponent as large as ln C is known to rounding only
        allowed = 2e-15 + 4e-16 * float(abs(mp.log(exact)))
        assert abs(site.C / exact - 1) < allowed
        assert abs(site.q - 1 + T * site.C) < 4e-16
        both = spin_averages(np.array([-h, 0.1]), s, T)
        assert both.C[0] == pytest.approx(site.C, rel=1e-14)
        slope = np.imag(spin_averages(h + 1e-30j, s, T).C) / 1e-30
        assert slope == pytest.approx(
            (spin_averages(h * (1 + 1e-6), s, T).C - spin_averages(h * (1 - 1e-6), s, T).C) / (2e-6 * h),
            rel=1e-6,
            abs=1e-6 * site.C,
        )


@pytest.mark.parametrize(
    ("h", "s", "T"), [(1, 0.0232, 0.0394), (1, 0.1, 0.02), (1, 0.1, 0.009), (3, 0.1, 0.1), (1, 0.2, 0.5)]
)
def test_responses_in_many_digits(h, s, T):
    exact = response(h, s, T)
    with working_digits(30):
        found = spin_averages(mp.mpf(h), mp.mpf(s), mp.mpf(T)).C
    assert abs(found / exact - 1) < mp.mpf(10) ** -28


@pytest.mark.medium
@pytest.mark.parametrize(
    ("alpha", "T"),
    [
        (0.0005384895607503775, 0.039371162860109145),
        (1e-3, 0.05),
        (1e-5, 0.05),
        (3e-3, 0.02),
        (1e-4, 0.01),
        (0.05, 0.3),
    ],
)
def test_small_responses_of_the_hopfield_model(alpha, T):
    """In the state that is found C is the response to its own field, and not negative."""
    state = replica.solve(Hopfield(alpha=alpha, T=T))
    exact = response(state.order.m, np.sqrt(alpha * state.order.r), T)
    assert float(state.order.C) == pytest.approx(float(exact), rel=1e-12)
    assert state.order.q == pytest.approx(1 - T * state.order.C, rel=0, abs=1e-15)


def test_a_response_of_1e_20():
    state = replica.solve(Hopfield(alpha=0.0005384895607503775, T=0.039371162860109145))
    assert state.order.C == pytest.approx(1.8e-20, rel=0.03)


@pytest.mark.medium
@pytest.mark.parametrize(("gamma", "teacher", "T"), [(50.0, 0.9, 0.3), (20.0, 0.5, 0.5), (200.0, 0.3, 0.4)])
def test_small_responses_of_a_student(gamma, teacher, T):
    state = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T))
    m, _, r, C, _ = state.order
    exact = response(gamma * teacher / (1 - teacher) * m / (1 - C), np.sqrt(gamma * r), T)
    assert float(C) == pytest.approx(float(exact), rel=1e-12)


def test_glasses_below_resolution_are_not_called_converged():
    """At C > 1 a vanishing r would solve the equations formally."""
    for model in (Hopfield(alpha=1e-100, T=0.3), PlantedHopfield(gamma=1e-100, beta_teacher=0.3, T=0.3)):
        good = [s for s in replica.solve_all(model) if s.status == replica.Status.CONVERGED]
        assert all(s.order.C < 1 + 1e-9 for s in good)
