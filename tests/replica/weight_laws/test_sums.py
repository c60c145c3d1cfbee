"""Sums of entries: averages over nodes that follow a bend, and those weighted by the difference of two entries."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import erf

from replica.weight_laws import Normal, SignNormal, Uniform, Values
from replica.weight_laws.sums import pair_weighted, sums_of

LAWS = [Values([-0.5, 0.0, 1.5], [0.6, 0.2, 0.2]), Normal(0.4), SignNormal(0.7), Uniform(0.8)]
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


def entries(law):
    """Values and probabilities of one entry, for sums over all of several."""
    if isinstance(law, Values):
        return np.array(law.values), np.array(law.probabilities)
    if isinstance(law, Uniform):
        x, w = np.polynomial.legendre.leggauss(24)
        return x * math.sqrt(3 * law.variance), w / 2
    x, w = np.polynomial.hermite_e.hermegauss(40)
    w = w / w.sum()
    if isinstance(law, Normal):
        return x * math.sqrt(law.variance), w
    part = math.sqrt(1 - law.omega) * x
    signs = [math.sqrt(law.omega) + part, -math.sqrt(law.omega) + part]
    return np.concatenate(signs), np.concatenate([w, w]) / 2


def over(law, F):
    """Average of F(W), a normal part by its Hermite sum."""
    z, share = np.polynomial.hermite_e.hermegauss(60)
    spread = np.sqrt(np.broadcast_to(law.normal, law.w.shape))
    return float(law.weight @ (F(law.w[:, None] + spread[:, None] * z) @ share) / share.sum())


@each_law
@pytest.mark.parametrize("L", [2, 3])
def test_averages_weighted_by_the_difference_of_two_entries(law, L):
    """½⟨(η1 − η2)² F(W)⟩/p against the sum over all L entries, F smooth and of no parity."""

    def F(W):
        return np.cos(0.8 * W + 0.3) + 0.2 * W

    eta, share = entries(law)
    grids = np.meshgrid(*[eta] * L, indexing="ij")
    weight = math.prod(np.meshgrid(*[share] * L, indexing="ij"))
    brute = float((weight * (grids[0] - grids[1]) ** 2 / 2 * F(sum(grids))).sum()) / law.variance
    assert over(pair_weighted(law, L), F) == pytest.approx(brute, abs=1e-11)


@each_law
def test_a_single_pattern_has_no_difference(law):
    assert pair_weighted(law, 1).weight.sum() == 0
    both = pair_weighted(law, np.array([1, 3]))
    assert both.weight.sum(axis=-1) == pytest.approx([0.0, 1.0], abs=1e-12)


@pytest.mark.some(6)
@pytest.mark.parametrize("width", [1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("bend", [0.0, 0.31, -1.2])
def test_averages_over_a_density_are_exact_however_narrow_the_bend(width, bend):
    """⟨W erf((W − t)/√2d)⟩ over the uniform law, in closed form."""
    law, a = Uniform().sum_of(1), math.sqrt(3)

    def whole(x):
        """∫(t + d u) erf(u/√2) du, times d, at u = (x − t)/d."""
        u = (x - bend) / width
        E, g = erf(u / math.sqrt(2)), math.sqrt(2 / math.pi) * math.exp(-u * u / 2)
        return bend * width * (u * E + g) + width**2 * ((u * u - 1) * E + u * g) / 2

    exact = (whole(a) - whole(-a)) / (2 * a)
    w, weight = law.density.nodes(np.array([bend]), np.array(width))
    assert float(weight @ (w * erf((w - bend) / width / math.sqrt(2)))) == pytest.approx(exact, abs=1e-13)


@each_law
def test_sums_of_several_numbers_of_entries_are_those_of_each(law):
    several = sums_of(law, np.array([1, 3, 2]))
    for row, L in enumerate([1, 3, 2]):
        one = several._replace(weight=several.weight[row])
        assert over(one, np.cos) == pytest.approx(over(law.sum_of(L), np.cos), abs=1e-13)
    if several.density is not None:
        bends, width = np.zeros((3, 1)), np.full(3, 0.01)
        w, weight = several.density.nodes(bends, width)
        for row, L in enumerate([1, 3, 2]):
            x, share = law.sum_of(L).density.nodes(bends[:1], width[:1])
            assert (weight[row] @ erf(w[row] ** 2 / 0.01)) == pytest.approx(share[0] @ erf(x[0] ** 2 / 0.01), abs=1e-12)


def test_sums_of_values_are_those_of_all_combinations():
    law = Values([-0.5, 0.0, 1.5], [0.6, 0.2, 0.2])
    chances = {}
    for combination in itertools.product(zip(law.values, law.probabilities, strict=True), repeat=4):
        W = round(sum(v for v, _ in combination), 9)
        chances[W] = chances.get(W, 0.0) + math.prod(share for _, share in combination)
    found = law.sum_of(4)
    assert found.w.tolist() == pytest.approx(sorted(chances))
    assert found.weight.tolist() == pytest.approx([chances[W] for W in sorted(chances)], rel=1e-13)
