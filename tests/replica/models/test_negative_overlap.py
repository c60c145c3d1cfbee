"""Patterns whose entries have no even law: states against the pattern are others than those along it."""

import dataclasses
import math
from typing import ClassVar

import numpy as np
import pytest
from scipy.special import erf, ndtr

import replica
from replica.models import GeneralRBM, SparseCodingHopfield
from replica.models.base import Model, Order, control, gain
from replica.numerics import elementary
from replica.potentials import Bernoulli, Discrete, Gaussian, Spin
from replica.weight_laws import Values


def test_sparse_coding_holds_what_is_no_pattern():
    """Without noise v = 1 − ξ is a state for −a < g < 1 − a; here at a small load, its equations written out."""
    alpha, a, g = 0.01, 0.1, 0.3
    found = [s for s in replica.solve_all(SparseCodingHopfield(alpha=alpha, a=a, g=g)) if s.order.m < 0]
    first = found[0]
    eta, share = np.array([math.sqrt((1 - a) / a), -math.sqrt(a / (1 - a))]), np.array([a, 1 - a])
    m, q, r, _, B = first.order
    u = (m * eta + g + alpha * B / 2) / math.sqrt(alpha * r)
    assert share @ (eta * ndtr(u)) == pytest.approx(m, rel=1e-12)
    assert share @ ndtr(u) == pytest.approx(q, rel=1e-12)
    assert m == pytest.approx(-0.29999703, abs=1e-8)
    assert first.stable
    general = GeneralRBM(Bernoulli(g), Gaussian(), alpha=alpha, T=0, weights=Values([3, -1 / 3], [0.1, 0.9]))
    other = [s for s in replica.solve_all(general) if s.order.m < 0]
    assert len(found) == len(other) == 2
    for one, two in zip(found, other, strict=True):
        np.testing.assert_allclose(one.order, two.order, rtol=1e-9)


@pytest.mark.slow
def test_the_sign_of_a_hidden_unit_is_a_matter_of_naming():
    """W → −W with h → −h: the same machine, m → −m."""
    one, other = (
        replica.solve_all(GeneralRBM(Spin(0.2), Gaussian(), alpha=0.01, T=0, weights=Values(v, [0.1, 0.9])))
        for v in ([3, -1 / 3], [-3, 1 / 3])
    )
    assert [s.order.m for s in one] == pytest.approx([-s.order.m for s in other], rel=1e-13)
    assert min(s.order.m for s in one) == pytest.approx(-0.59998017, abs=1e-8)


@pytest.mark.some(2)
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4])
def test_states_of_both_signs_do_not_depend_on_the_unit_of_measure(size):
    """v → κv, T → κ²T and with them m, r and the field; m = −κ(.9/3 + .3) without noise, but for what noise takes."""

    class Leaning(Discrete):
        values = (-size, size)

        def energy(self, x, T):
            return -0.2 * size * x

    entries = Values([3, -1 / 3], [0.1, 0.9])
    found = replica.solve_all(GeneralRBM(Leaning(), Gaussian(), alpha=0.01, T=0, weights=entries))
    assert found.complete
    assert [s.order.m / size for s in found if s.n] == pytest.approx([-0.5999801719731, -0.5861761876466], rel=1e-11)


def test_symmetric_units_have_no_other_states_of_negative_overlap():
    """v → −v takes m to −m: one of the two is listed."""
    entries = Values([3, -1 / 3], [0.1, 0.9])
    found = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=0.001, T=0, weights=entries))
    assert {np.sign(s.order.m) for s in found} == {0.0, 1.0}


@dataclasses.dataclass(frozen=True, eq=False)
class AlongAPattern(Model):
    """Hopfield's model at T = 0 with a field h along the pattern."""

    alpha: object = control("α", "load", low=0.0, low_included=False)
    h: object = control("h", "field along the pattern")
    name: ClassVar[str] = "along-a-pattern"
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")

    def free_energy(self, order: Order, n: int = 1):
        m, _, r, C, _ = order
        s = elementary.sqrt(self.alpha * r)
        x = (m + self.h) / s
        rest = m * m / 2 + self.alpha / 2 * (r * C - gain(order, 1.0))
        return rest - (m + self.h) * elementary.erf(x / elementary.sqrt(2 + 0 * x)) - 2 * s * elementary.phi(x)

    def dependent(self, *, m, C, r):
        return {"q": 1 + 0 * m, "B": 1 / (1 - C)}


@pytest.mark.slow
def test_an_own_model_with_a_field_along_the_pattern():
    """States of both signs, none at m = 0, which solves nothing; m = erf((m + h)/√2s) written out."""
    for h, expected in ((-1.0, -1.0), (-0.1, -1.0), (0.1, 1.0)):
        found = replica.solve_all(AlongAPattern(alpha=0.05, h=h))
        assert all(s.kind != "spin_glass" for s in found)
        for s in found:
            x = (s.order.m + h) / math.sqrt(0.05 * s.order.r)
            assert erf(x / math.sqrt(2)) == pytest.approx(s.order.m, abs=1e-9)
        lowest = min(found, key=lambda s: s.free_energy)
        assert lowest.order.m == pytest.approx(expected, abs=2e-3)
    signs = {np.sign(s.order.m) for s in replica.solve_all(AlongAPattern(alpha=0.05, h=0.1))}
    assert signs == {-1.0, 1.0}
