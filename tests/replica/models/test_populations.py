"""Random RBMs whose layers have several kinds of units."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

import replica
from replica.models import GeneralRBM
from replica.potentials import Bernoulli, Continuous, Discrete, Gaussian, Mixture, Population, ReLU, Spin
from replica.potentials.averages import field_averages
from replica.weight_laws import SignNormal


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


class Stiff(Continuous):
    def energy(self, x, T):
        return x**2


VISIBLE = Population([(0.7, Bernoulli(0.1)), (0.3, Bernoulli(-2.0))])
HIDDEN = Population([(0.5, ReLU(0.2)), (0.3, ReLU(0.6)), (0.2, Gaussian())])
THRESHOLDS = Population([(0.5, ReLU(0.2)), (0.5, ReLU(0.6))])


@pytest.mark.parametrize("T", [0.0, 0.4])
@pytest.mark.parametrize("layer", [Population([(0.25, Spin(0.1)), (0.6, Trit()), (0.15, Bernoulli(-1.0))]), HIDDEN])
def test_averages_are_those_of_the_shares(layer, T):
    h, s, c = np.array([0.3, -0.2]), np.array([0.5, 1.2]), np.array([0.1, 0.3])
    whole = field_averages(layer, h, s, c, T)
    parts = [field_averages(unit, h, s, c, T) for _, unit in layer.kinds]
    for name in whole._fields:
        expected = sum(share * getattr(part, name) for (share, _), part in zip(layer.kinds, parts, strict=True))
        np.testing.assert_allclose(getattr(whole, name), expected, rtol=1e-14)


def same_states(one, other, digits=1e-11):
    assert [s.kind for s in one] == [s.kind for s in other]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.order, b.order, rtol=digits, atol=digits)
        assert a.free_energy == pytest.approx(b.free_energy, abs=1e-12)
        assert a.stable == b.stable


@pytest.mark.slow
@pytest.mark.parametrize(
    ("visible", "hidden", "alpha", "T"),
    [
        (Spin(), Gaussian(), 0.05, 0.0),
        (Spin(), Gaussian(), 0.05, 0.3),
        (Bernoulli(-0.1), ReLU(0.2), 0.05, 0.0),
        (Trit(), Gaussian(), 0.05, 0.15),
        (Spin(), Gaussian(), 0.05, 1.6),
    ],
    ids=repr,
)
def test_equal_kinds_are_the_plain_machine(visible, hidden, alpha, T):
    plain = replica.solve_all(GeneralRBM(visible, hidden, alpha=alpha, T=T))
    mixed = GeneralRBM(
        Population([(0.3, visible), (0.7, visible)]), Population([(0.5, hidden), (0.5, hidden)]), alpha=alpha, T=T
    )
    found = replica.solve_all(mixed)
    assert plain and found.complete == plain.complete
    same_states(found, plain)


@pytest.mark.parametrize(
    "keywords",
    [{}, {"p": 0.3, "L": 2}, {"weights": SignNormal(0.8)}, {"ell": 0.7}],
    ids=lambda keywords: " ".join(keywords) or "signs",
)
@pytest.mark.parametrize("T", [0.0, 0.3])
def test_gradient_against_differences(keywords, T):
    """Five-point differences of f, step 1e-3."""
    model = GeneralRBM(VISIBLE, THRESHOLDS, alpha=0.2, T=T, **keywords)
    x, step = np.array([0.4, 0.3, math.log(0.4), math.log(0.5), math.log(0.6)]), 1e-3
    gradient = model.gradient(model.unpack(x), 1)
    for i in range(5):
        f = [float(model.free_energy(model.unpack(x + k * step * np.eye(5)[i]))) for k in (-2, -1, 1, 2)]
        assert gradient[i] == pytest.approx((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step), abs=5e-10)


def test_states_without_noise_have_one_k_for_each_kind():
    """T = 0, α → 0, L = 3: units of g = −.05 are on from W = 1, those of g = −.8 from W = 2 or 3, as m asks."""
    shares, fields, L = (0.6, 0.4), (-0.05, -0.8), 3
    law = {k: math.comb(3, (k + 3) // 2) / 8 for k in (-3, -1, 1, 3)}

    def overlap(m):
        return (
            sum(
                share * sum(P * W for W, P in law.items() if g + m * W > 0)
                for share, g in zip(shares, fields, strict=True)
            )
            / L
        )

    # m takes as many values as there are pairs (k, k')
    kept = {m for m in (overlap(x) for x in np.linspace(0.001, 2, 20_000)) if m > 0 and overlap(m) == m}
    visible = Population([(share, Bernoulli(g)) for share, g in zip(shares, fields, strict=True)])
    found = replica.solve_all(GeneralRBM(visible, Gaussian(), alpha=1e-8, T=0.0, L=L))
    assert found.complete and kept
    quiet = [s.order.m for s in found if s.kind == "retrieval" and s.order.C < 1e-6]
    assert sorted(quiet) == pytest.approx(sorted(kept), abs=1e-6)


def test_retrieval_of_two_fields_at_zero_temperature():
    """Spins in fields ±.3, Gaussian hidden units: m and C in closed form at y = m/s, the load from r = 1/(1 − C)²."""
    g, alpha = 0.3, 0.05

    def state(m):
        s_of = brentq(
            lambda s: sum(norm.cdf((m + e * g) / s) - norm.cdf(-(m + e * g) / s) for e in (1, -1)) / 2 - m, 1e-3, 3
        )
        C = sum(2 * norm.pdf((m + e * g) / s_of) for e in (1, -1)) / 2 / s_of
        return s_of, C

    def load(m):
        s, C = state(m)
        return (s * (1 - C)) ** 2

    nodes = np.linspace(0.9999, 0.9, 100)
    top = next(i for i in range(99) if load(nodes[i]) < alpha < load(nodes[i + 1]))
    m = brentq(lambda m: load(m) - alpha, nodes[top + 1], nodes[top], xtol=1e-15)
    visible = Population([(0.5, Spin(g)), (0.5, Spin(-g))])
    found = replica.solve(GeneralRBM(visible, Gaussian(), alpha=alpha, T=0.0), start="retrieval")
    assert found.order.m == pytest.approx(m, abs=1e-11)
    assert found.order.C == pytest.approx(state(m)[1], abs=1e-9)


@pytest.mark.parametrize("T", [0.3, 1.5, 5.0])
def test_kinds_whose_means_cancel_have_no_paramagnet(T):
    """Fields ±.3: ⟨v⟩ = 0 without input, but q = ⟨v⟩² > 0."""
    found = replica.solve_all(
        GeneralRBM(Population([(0.5, Spin(0.3)), (0.5, Spin(-0.3))]), Gaussian(), alpha=0.05, T=T)
    )
    assert "paramagnet" not in [s.kind for s in found]
    glass = next(s for s in found if s.kind == "spin_glass")
    assert glass.order.q > 0.9 * math.tanh(0.3 / T) ** 2
    assert found.complete


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Population([(0.5, Spin()), (0.4, Spin())]), "sum 0.9: 1 is needed"),
        (lambda: Population([(1.5, Spin()), (-0.5, Spin())]), "share = -0.5"),
        (lambda: Population([]), "sum 0: 1 is needed"),
        (lambda: Population([(1.0, "spin")]), "a Potential is needed"),
        (lambda: Population([(1.0, Population([(1.0, Spin())]))]), "a Potential is needed"),
        (lambda: Population([Spin()]), "a pair"),
        (lambda: Population(3), "a list of pairs"),
        (lambda: Population([("x", Spin())]), "share"),
        (lambda: Population([(1.0, Spin())]).energy(0.0, 1.0), "no energy in common"),
    ],
)
def test_what_is_no_population_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "hidden",
    [
        Population([(0.5, Gaussian()), (0.5, Stiff())]),
        Population([(0.5, Gaussian()), (0.5, Spin())]),
        HIDDEN,
    ],
)
def test_hidden_kinds_of_different_stiffness_are_refused(hidden):
    """A state with overlap would depend on which of them its strong units are."""
    with pytest.raises(ValueError, match=r"hidden kinds have different curvatures at .* strong hidden units"):
        GeneralRBM(Spin(), hidden, alpha=0.1, T=0.5)


def test_what_a_kind_refuses_the_population_refuses():
    with pytest.raises(ValueError, match=r"T = 0|T → 0"):
        GeneralRBM(Spin(), Population([(0.5, Mixture(0.3)), (0.5, Mixture(0.3))]), alpha=0.1, T=0.0)
