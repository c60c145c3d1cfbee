"""Sparse coding: curves of states that pass near C = 1, and windows of loads in which they are closed."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

import replica
from replica.models import SparseCodingHopfield
from replica.models.base import Order


def density(u):
    return np.exp(-u * u / 2) / math.sqrt(2 * math.pi)


def averages(a, A, b):
    """⟨ηΦ⟩, ⟨Φ⟩ and ⟨φ⟩ at u = Aη + b."""
    up, down = math.sqrt((1 - a) / a), -math.sqrt(a / (1 - a))
    on, off = A * up + b, A * down + b
    # ⟨η⟩ = 0: m = √(a(1 − a)) (Φ(on) − Φ(off))
    m = math.sqrt(a * (1 - a)) * np.where(b > 0, ndtr(-off) - ndtr(-on), ndtr(on) - ndtr(off))
    return m, a * ndtr(on) + (1 - a) * ndtr(off), a * density(on) + (1 - a) * density(off)


def state(alpha, a, A, b):
    """The state and its field at A = m/s and b = (g + αB/2)/s: s = ⟨φ⟩ + √(αq) is asked of it, not put in."""
    m, q, phi = averages(a, A, b)
    s = m / A
    C = phi / s
    B = 1 / (1 - C)
    return Order(m, q, q * B**2, C, B), s * b - alpha * B / 2, s - phi - math.sqrt(alpha * q)


@pytest.mark.parametrize("margin", [1e-1, 1e-3, 1e-5])
def test_every_equation_depends_on_what_it_gives(margin):
    """On both sides of the 1 − C at which 1/(1 − C) is taken from B; B = 1/(1 − C) is no identity."""
    model = SparseCodingHopfield(alpha=0.1, a=0.2, g=-0.4)
    right = model.saddle(Order(0.3, 0.4, 0.4 / margin**2, 1 - margin, 1.3 / margin))
    assert right.B == pytest.approx(1 / margin, rel=1e-9)


CASES = [
    # curves that end where C = 1: from 1 − C = 1e-4 on
    (0.0007520841129547986, 0.5, -0.3762247055038924),
    (0.12706955700170597, 0.18884214086051013, -0.035795493561163405),
    # the same, with noise at which rounding of ln α and ln r is 1e-9 of 1 − C
    (9.322174515761647e-05, 0.4900857244868664, 0.4855065918520943),
    (0.0688368525475974, 0.005988212367991928, -0.8708530430057249),
    (0.08267936699148336, 0.08523971786528081, -0.9054821556333806),
    # closed in a window of loads, C next to 0 on one side and two strands beside each other
    (0.0011043080391227563, 0.005376404576038505, -0.9857638456057402),
    (3.9578127993439604e-05, 0.0013274601725101224, -0.9978198246485908),
]


@pytest.mark.slow
@pytest.mark.some(2)
@pytest.mark.parametrize(("alpha", "a", "g"), CASES)
def test_curves_near_c_one_and_closed_ones_are_not_lost(alpha, a, g):
    found = replica.solve_all(SparseCodingHopfield(alpha=alpha, a=a, g=g))
    assert found.complete
    for s in found:
        if s.order.m > 0:
            noise = math.sqrt(alpha * s.order.r)
            there, field, excess = state(alpha, a, s.order.m / noise, (g + alpha * s.order.B / 2) / noise)
            assert abs(excess) < 1e-9 * noise
            assert abs(field - g) < 1e-9
            np.testing.assert_allclose(s.order, there, rtol=1e-7, atol=1e-15)


@pytest.mark.slow
def test_states_of_next_to_no_units_on_a_curve_from_c_one_to_c_one():
    """Two states with overlap at a = .0012, whose curve has neither end at a state without noise."""
    alpha, a, g = 0.013147347538306531, 0.0011862115398027738, -0.07772175301764894
    known = ((2.6924586678650747e-4, 0.005161412752357014, 0.6435537139930076),)
    known += ((2.3565808303794714e-3, 8.12121762314598e-05, 0.1315848391676694),)
    found = replica.solve_all(SparseCodingHopfield(alpha=alpha, a=a, g=g))
    assert found.complete
    for m, q, C in known:
        # Φ and φ at these m, q and C: the noise and the field that they come from
        noise = math.sqrt(alpha * q) / (1 - C)
        _, field, excess = state(alpha, a, m / noise, (g + alpha / (1 - C) / 2) / noise)
        assert abs(excess) < 1e-9 * noise
        assert abs(field - g) < 1e-9
        assert any(np.allclose((s.order.m, s.order.q, s.order.C), (m, q, C), rtol=1e-9) for s in found)


@pytest.mark.slow
def test_largest_load_over_fields_lies_in_a_window():
    """a = .1, g = −.7788197278516: between the loads of the window are two states with overlap, below it none."""
    a, g = 0.1, -0.7788197278516

    def overlaps(alpha):
        return [s.order.m for s in replica.solve_all(SparseCodingHopfield(alpha=alpha, a=a, g=g)) if s.order.m > 0]

    assert [len(overlaps(alpha)) for alpha in (0.02, 0.2, 0.43, 0.4409, 0.441)] == [2, 0, 2, 2, 0]
