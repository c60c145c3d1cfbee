"""States with overlap at T = 0 of visible units above their bend: closed curves, at p = 1 ends at C = a."""

import math

import mpmath as mp
import numpy as np
import pytest

import replica
from replica.averages.pattern_sum import sparse_sum
from replica.errors import IncompleteWarning
from replica.models import GeneralRBM
from replica.models.layers.curve_equations import layer_equations
from replica.models.layers.level_search import levels_are_all_curves, points_on_levels
from replica.models.layers.saddle_equations import two_layers
from replica.potentials import Gaussian, ReLU


def H(k, x):
    """∫_x^∞ Dz (z − x)^k."""
    zero, density = mp.erfc(x / mp.sqrt(2)) / 2, mp.npdf(x)
    return [zero, density - x * zero, (1 + x * x) * zero - x * density][k]


def weights(L, p):
    """W and its probability."""
    sums = {0: mp.mpf(1)}
    for _ in range(L):
        new = {}
        for w, share in sums.items():
            for step, chance in ((-1, p / 2), (0, 1 - p), (1, p / 2)):
                new[w + step] = new.get(w + step, 0) + share * chance
        sums = new
    return sums


def plane(m, s, level, theta, p, L):
    """q, r, C, B and b = αB, for b = 1 − ⟨WM⟩/Lm at b = 0, of visible units (I + level)₊/(1 − b)."""
    law = weights(L, mp.mpf(p))
    mean = [
        sum(P * w**n * s**k * H(k, -(level + m * w) / s) for w, P in law.items()) for n, k in ((0, 0), (1, 1), (0, 2))
    ]
    rho = mean[1] / (L * m)
    q, C = mean[2] / rho**2, p * mean[0] / rho
    y = theta / mp.sqrt(p * q)
    return q, p * q * H(2, y) / (1 - C) ** 2, C, p * H(0, y) / (1 - C), 1 - rho


def state(start, level, theta, alpha, p, L):
    """The state of 40 digits near (m, ln s)."""

    def equations(m, log_s):
        s = mp.exp(log_s)
        _, r, _, B, b = plane(m, s, level, theta, p, L)
        return mp.log(alpha * p * r) - 2 * log_s, mp.log(alpha * B / b)

    with mp.workdps(40):
        m, log_s = mp.findroot(equations, start)
        return [float(v) for v in (m, *plane(m, mp.exp(log_s), level, theta, p, L)[:4])]


CASES = {
    "next to C = a": (0.09859025635872476, 0.6627287782814533, 0.033232777695596696, 1.0, 2),
    "a margin of 3e-9": (0.47303313248370094, 4.972274315337593, 0.040973933931817766, 1.0, 2),
    "a small closed curve": (0.2, 1.0, 45.900539159571665, 0.99, 1),
}
OVERLAPS = {
    "next to C = a": [0.0417711, 0.0086020],
    "a margin of 3e-9": [0.2196520],
    "a small closed curve": [0.0814045, 0.0807035],
}


@pytest.mark.some(2)
@pytest.mark.parametrize("name", CASES)
def test_states(name):
    level, theta, alpha, p, L = CASES[name]
    found = replica.solve_all(GeneralRBM(ReLU(-level), ReLU(theta), alpha=alpha, T=0, p=p, L=L))
    assert found.complete
    states = sorted((s.order for s in found if s.order.m > 0), key=lambda o: -o.m)
    assert [float(o.m) for o in states] == pytest.approx(OVERLAPS[name], rel=1e-5)
    for o in states:
        right = state((float(o.m), math.log(alpha * p * o.r) / 2), level, theta, alpha, p, L)
        # rounding over the smallest margin is 1e-7 and turns m by as much, and r by 25 times more: ln r = −25 ln m
        assert [float(v) for v in o._replace(r=right[2])] == pytest.approx(right, rel=1e-5)
        assert float(o.r) == pytest.approx(right[2], rel=5e-5)


@pytest.mark.some(4)
@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(-0.2), ReLU(0.1)])
@pytest.mark.parametrize(("p", "L"), [(1.0, 1), (1.0, 3), (0.6, 2), (0.1, 10)])
def test_soft_hidden_units_carry_no_overlap(hidden, p, L):
    # K/t² > 0.21 at L = 1, and more for L > 1: no state without noise at C = a
    found = replica.solve_all(GeneralRBM(ReLU(-0.3), hidden, alpha=0.01, T=0, p=p, L=L))
    assert found.complete
    assert [s.kind for s in found] == ["spin_glass"]


def test_curves_end_where_no_unit_is_cut_off():
    # t − km = kK/(Lm) without noise: along the curve, s → 0, both overlaps are approached as s²
    level, theta, L = 0.1, 0.7, 2
    system = layer_equations(
        two_layers(ReLU(-level), ReLU(theta), np.zeros(1), np.ones(1), np.full(1, L), sparse_sum(L, 1.0)), frozen=False
    )
    _, y = points_on_levels(system, np.zeros(1))
    m, s, _ = system.rows(np.zeros(len(y), dtype=int)).physical(y)

    def balance(m):
        q = level**2 + m * m * L
        z = theta / mp.sqrt(q)
        return level - L * m - q * H(2, z) / H(0, z) / m

    ends = sorted(float(mp.findroot(balance, x)) for x in (0.005, 0.04))
    for end in ends:
        near = np.argsort(np.abs(m - end) + s)[:3]
        assert np.abs(m[near] - end).max() < 0.03 * level


class Raised(ReLU):
    """Units above ½: their bend moves with the self-field."""

    def cold(self, h, s, c, *, refine=1, bare=False):
        """x = ½ + (I + c/2 − θ)₊/(1 − c)."""
        r = super().cold(h + c / 2, s, c)
        slopes = r.slopes.copy()
        slopes[:, 2] += slopes[:, 0] / 2
        slopes[1] += slopes[0]
        return r._replace(M=r.M + 0.5, Q=r.Q + r.M + 0.25, slopes=slopes)


def test_units_of_which_not_all_curves_are_known_are_not_called_complete():
    unit = Raised(0.2)
    layers = two_layers(unit, ReLU(0.3), np.zeros(1), np.full(1, 0.5), np.ones(1, dtype=int), sparse_sum(1, 0.5))
    assert not levels_are_all_curves(layer_equations(layers, frozen=False)).any()
    with pytest.warns(IncompleteWarning, match="no bound"):
        found = replica.solve_all(GeneralRBM(unit, ReLU(0.3), alpha=0.02, T=0, p=0.5))
    assert not found.complete
