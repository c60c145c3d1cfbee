"""The glass of Potts units next to its onset, T_g = Q − 1 + √(α(Q − 1)), where q grows from 0."""

from __future__ import annotations

import math

import pytest

import replica
from replica.models import Hopfield, PottsHopfield

LOADS, STATES = (0.16582953677325063, 1.3), (2, 3, 7)


def onset(alpha, states):
    return states - 1 + math.sqrt(alpha * (states - 1))


def glasses(alpha, states, T):
    found = replica.solve_all(PottsHopfield(alpha=alpha, states=states, T=T), n_condensed=(1,))
    assert found.complete
    return sorted(s.order.q for s in found if s.order.q > 0 and s.order.m == 0)


@pytest.mark.some(2)
@pytest.mark.parametrize("distance", [1e-12, 1e-8])
@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("alpha", LOADS)
def test_as_a_law_of_the_distance(alpha, states, distance):
    """q = (Q − 1)(T_g − T)/[Q − 1 − (Q − 6)√(α(Q − 1))/4], second order in √q of its free energy; none above T_g."""
    T = onset(alpha, states)
    slope = (states - 1) / (states - 1 - (states - 6) * math.sqrt(alpha * (states - 1)) / 4)
    below, above = glasses(alpha, states, T * (1 - distance)), glasses(alpha, states, T * (1 + distance))
    assert len(below) == len(above) + 1
    if slope > 0:
        # T_g − T itself has 4 digits at 1e-12
        assert below[0] == pytest.approx(slope * T * distance, rel=1e-3 if distance < 1e-10 else 1e-4)


@pytest.mark.some(1)
@pytest.mark.parametrize("distance", [1e-9, 1e-3])
def test_two_states_are_spins(distance):
    T = onset(0.3, 2) * (1 - distance)
    spins = replica.solve_all(Hopfield(alpha=0.3, T=T), n_condensed=(1,))
    (q,) = [s.order.q for s in spins if s.order.q > 0 and s.order.m == 0]
    assert glasses(0.3, 2, T) == pytest.approx([q], rel=1e-6)


def test_rounding_is_no_glass():
    """Found by the attack: 4e-8 above T_g."""
    alpha, T = 0.16582953677325063, 1.407221802002546
    assert T > onset(alpha, 2)
    assert glasses(alpha, 2, T) == []
