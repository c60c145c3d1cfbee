"""Random RBMs of any potentials: averages against mpmath and closed forms, the model against the named ones."""

import dataclasses
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import brentq
from scipy.stats import qmc

import replica
from replica.models import GeneralRBM, Hopfield, ReluRBM
from replica.models.base import Order
from replica.models.base.points import flattened
from replica.models.layers.curve_equations import layer_equations
from replica.numerics.load_curve import newton_at_load
from replica.potentials import Bernoulli, Continuous, Discrete, Gaussian, Mixture, Potential, ReLU, Spin
from replica.potentials.averages import field_averages
from replica.potentials.thermal_averages import by_quadrature
from replica.saddle.solution import Status

ROUNDING = 1e-12
SAME = 1e-10


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


class Quartic(Continuous):
    def energy(self, x, T):
        return x**2 / 2 + x**4 / 10


class Well(Continuous):
    def energy(self, x, T):
        return x**4 / 4 - x**2 / 2


class Laplace(Continuous):
    support = (-math.inf, 0.0, math.inf)

    def energy(self, x, T):
        return np.where(np.real(x) < 0, -x, x) + x**2 / 2


class Box(Continuous):
    support = (-1.0, 1.0)

    def energy(self, x, T):
        return 0 * x


class PlainGaussian(Continuous):
    def energy(self, x, T):
        return x**2 / 2


class PlainReLU(Continuous):
    support = (0.0, math.inf)

    def energy(self, x, T):
        return x**2 / 2 + 0.3 * x


@dataclasses.dataclass(frozen=True)
class PlainMixture(Continuous):
    Omega: float = 0.5

    def energy(self, x, T):
        return Mixture(self.Omega).energy(x, T)


UNITS = [
    Spin(0.2),
    Bernoulli(-0.3),
    Gaussian(),
    ReLU(0.3),
    ReLU(-0.7),
    Mixture(0.5),
    Trit(),
    Quartic(),
    Well(),
    Laplace(),
    Box(),
]


def name(value):
    return type(value).__name__ if isinstance(value, Potential) else str(value)


def inputs(unit, T, size=6, seed=5):
    """Random inputs with self-couplings for which there is a law."""
    rng = np.random.default_rng(seed)
    limit = 0.9 * min(1.0, T) if isinstance(unit, Mixture) else 0.9
    return 0.7 * rng.normal(size=size), rng.uniform(0.05, 2, size), limit * rng.uniform(0, 1, size)


# Averages.


@pytest.mark.medium
@pytest.mark.some(8)
@pytest.mark.parametrize("T", [1.0, 0.2, 0.02])
@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_slopes_are_those_of_the_averages(unit, T):
    """By complex steps; and ∂K/∂h = M, ∂K/∂s = s χ, ∂K/∂c = ½⟨x²⟩ = ½(Q + Tχ)."""
    h, s, c = inputs(unit, T, 3)
    plain = field_averages(unit, h, s, c, T)
    for j, step in enumerate(np.eye(3) * 1e-30j):
        moved = field_averages(unit, h + step[0], s + step[1], c + step[2], T)
        for i, value in enumerate((moved.M, moved.Q, moved.chi)):
            assert np.imag(value) / 1e-30 == pytest.approx(plain.slopes[i, j], rel=1e-9, abs=1e-9)
        by = (plain.M, s * plain.chi, (plain.Q + T * plain.chi) / 2)[j]
        assert np.imag(moved.work) / 1e-30 == pytest.approx(by, rel=ROUNDING, abs=ROUNDING)


@pytest.mark.medium
@pytest.mark.parametrize("unit", [u for u in UNITS if not isinstance(u, Mixture)], ids=name)
def test_slopes_at_zero_temperature(unit):
    h, s, c = inputs(unit, 0.0)
    plain = field_averages(unit, h, s, c, 0.0)
    staircase = isinstance(unit, Continuous)  # K is that of a curve, its slopes those of many steps
    for j, step in enumerate(np.eye(3) * 1e-30j):
        moved = field_averages(unit, h + step[0], s + step[1], c + step[2], 0.0)
        for i, value in enumerate((moved.M, moved.Q, moved.chi)):
            assert np.imag(value) / 1e-30 == pytest.approx(plain.slopes[i, j], rel=1e-9, abs=1e-9)
        if not staircase:
            by = (plain.M, s * plain.chi, plain.Q / 2)[j]
            assert np.imag(moved.work) / 1e-30 == pytest.approx(by, rel=ROUNDING, abs=ROUNDING)


@pytest.mark.medium
@pytest.mark.some(4)
@pytest.mark.parametrize("T", [2.0, 0.3, 0.1])
@pytest.mark.parametrize(
    ("closed", "general"),
    [
        (Gaussian(), PlainGaussian()),
        (ReLU(0.3), PlainReLU()),
        (Mixture(0.5), PlainMixture(0.5)),
        (Mixture(0.9), PlainMixture(0.9)),
    ],
    ids=name,
)
def test_closed_laws_against_quadrature(closed, general, T):
    h, s, c = inputs(closed, T)
    for a, b in zip(field_averages(closed, h, s, c, T), field_averages(general, h, s, c, T), strict=True):
        assert a == pytest.approx(b, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("T", [2.0, 0.3, 0.03])
@pytest.mark.parametrize("unit", [Spin(0.2), Bernoulli(-0.3), Gaussian()], ids=name)
def test_closed_averages_against_the_general_route(unit, T):
    h, s, c = inputs(unit, T)
    for a, b in zip(field_averages(unit, h, s, c, T), by_quadrature(unit, h, s, c, T), strict=True):
        assert a == pytest.approx(b, rel=ROUNDING, abs=ROUNDING)


def exact(unit, h, s, c, T):
    """M, Q, χ and K of one element, by mpmath: tanh-sinh in x, a trapezoid in z whose error is e^{−2π·1.1/0.17}."""
    h, s, c, T = (mp.mpf(v) for v in (h, s, c, T))

    def sums(field):
        def weight(x):
            return mp.e ** ((field * x + c * x * x / 2) / T) * prior(unit, x, T)

        if isinstance(unit, Discrete):
            return [sum(weight(mp.mpf(v)) * mp.mpf(v) ** k for v in unit.values) for k in range(3)]
        edges = {ReLU: [0, 4, 14], Laplace: [-12, -3, 0, 3, 12]}.get(type(unit), [-12, -3, 0, 3, 12])
        return [mp.quad(lambda x, k=k: weight(x) * x**k, edges) for k in range(3)]

    total, step = [mp.zero] * 4, mp.mpf("0.17")
    for k in range(-50, 51):
        one, first, second = sums(h + s * k * step)
        x1, x2 = first / one, second / one
        for i, v in enumerate((x1, x1 * x1, (x2 - x1 * x1) / T, T * mp.log(one))):
            total[i] += step * mp.npdf(k * step) * v
    return [float(v) for v in total]


def prior(unit, x, T):
    """Return e^{−U(x)/T}."""
    if isinstance(unit, Mixture):
        rest, a = 1 - mp.mpf(unit.Omega), mp.sqrt(unit.Omega)
        density = mp.e ** (-((x - a) ** 2) / (2 * rest)) + mp.e ** (-((x + a) ** 2) / (2 * rest))
        return density / 2 / mp.sqrt(2 * mp.pi * rest)
    energy = {
        Spin: lambda: -mp.mpf(unit.g) * x,
        Trit: lambda: mp.mpf(0.3) * x * x,
        ReLU: lambda: x * x / 2 + mp.mpf(unit.theta) * x,
        Laplace: lambda: abs(x) + x * x / 2,
        Quartic: lambda: x * x / 2 + x**4 / 10,
        Well: lambda: x**4 / 4 - x * x / 2,
    }[type(unit)]()
    return mp.e ** (-energy / T)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [Spin(0.2), Trit(), ReLU(0.3), Mixture(0.5), Quartic(), Well(), Laplace()], ids=name)
def test_averages_against_mpmath_and_the_error_they_report(unit):
    """One input at T = 0.5; the change under refinement bounds the error, up to rounding."""
    h, s, c, T = 0.3, 0.7, 0.2, 0.5
    plain = field_averages(unit, h, s, c, T)
    fine = field_averages(unit, h, s, c, T, refine=2)
    true = exact(unit, h, s, c, T)
    for a, b, t in zip(
        (plain.M, plain.Q, plain.chi, plain.work), (fine.M, fine.Q, fine.chi, fine.work), true, strict=True
    ):
        assert abs(a - t) <= max(2 * abs(a - b), 2e-14)


def test_an_average_that_is_too_coarse_says_so():
    """With every second node alone the error shows, and it is the one reported."""
    unit, T = Trit(), 0.05
    h, s, c = 0.3, 1.5, 0.0

    class Blunt(Trit):
        def spread(self, c, T):
            return 0.02 * super().spread(c, T)

    coarse, fine = (field_averages(Blunt(), h, s, c, T, refine=k) for k in (1, 2))
    reported, actual = abs(coarse.chi - fine.chi), abs(coarse.chi - field_averages(unit, h, s, c, T).chi)
    assert actual > 1e-4
    assert 0.5 < reported / actual < 2


@pytest.mark.medium
@pytest.mark.parametrize(
    ("unit", "power"), [(Spin(0.2), 2), (Bernoulli(-0.3), 2), (ReLU(0.3), 1), (Trit(), 2), (Quartic(), 1)], ids=name
)
def test_averages_tend_to_those_at_zero_temperature(unit, power):
    """Steps are smeared symmetrically, an error of order T²; units on an interval fluctuate, an error of order T."""
    h, s, c = (np.array([v]) for v in (0.3, 0.8, 0.1))
    cold = field_averages(unit, h, s, c, 0.0)
    errors = [
        abs(field_averages(unit, h, s, c, T).M - cold.M)[0] + abs(field_averages(unit, h, s, c, T).chi - cold.chi)[0]
        for T in (0.008, 0.004, 0.002)
    ]
    rates = [math.log2(a / b) for a, b in pairwise(errors)]
    assert rates[-1] == pytest.approx(power, abs=0.15)


@pytest.mark.medium
@pytest.mark.parametrize("T", [1.0, 0.1])
@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_the_spread_bounds_every_law(unit, T):
    inputs_ = np.linspace(-5, 5, 2001)
    for c in (0.0, 0.3 * min(1.0, T) if isinstance(unit, Mixture) else 0.3):
        variance = unit.law(inputs_, np.full(2001, c), np.full(2001, T)).variance
        assert np.sqrt(variance.max()) <= float(unit.spread(np.array(c), np.array(T))) * (1 + 1e-9) or isinstance(
            unit, Gaussian
        )


# The model.

PAIRS = [
    (Spin(), Gaussian()),
    (Spin(0.1), ReLU(0.2)),
    (Bernoulli(-0.1), ReLU(0.1)),
    (Bernoulli(-0.2), Bernoulli(-0.4)),
    (Spin(), Mixture(0.5)),
    (Trit(), Quartic()),
    (Well(), Spin()),
]


def off_the_saddle(hidden, T, p):
    C = 0.2 * (min(1.0, T) if isinstance(hidden, Mixture) else 1.0)
    m = 0.3 * p if math.isfinite(hidden.stiffness(T)) else 0.0
    return Order(m, 0.5, 0.7, C, 0.25)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS, ids=name)
@pytest.mark.parametrize(("p", "L"), [(1.0, 1), (0.3, 3)])
def test_gradient_is_that_of_the_free_energy(visible, hidden, p, L):
    model = GeneralRBM(visible, hidden, alpha=0.4, T=0.6, p=p, L=L)
    order = off_the_saddle(hidden, 0.6, p)
    for i, value in enumerate(model.gradient(order)):
        if i == 0 and order.m == 0:
            continue  # bounded hidden units know no overlap
        moved = model.pack(order)
        moved[i] = moved[i] + 1e-30j
        slope = np.imag(model.free_energy(model.unpack(moved))) / 1e-30
        assert slope == pytest.approx(value, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS, ids=name)
@pytest.mark.parametrize(("p", "L"), [(1.0, 1), (0.3, 3)])
def test_slopes_of_both_layers(visible, hidden, p, L):
    """Those that the curves are traced with, by complex steps in (m, s, b) and in (q, C)."""
    layers = GeneralRBM(visible, hidden, alpha=0.4, T=0.6, p=p, L=L).layers
    for average, at in (
        (lambda x: layers.visible_layer(*x), [0.3, 0.8, 0.1]),
        (lambda x: layers.hidden_layer(*x), [0.5, 0.1]),
    ):
        slopes = average(at).slopes
        for j in range(len(at)):
            moved = average([v + (1e-30j if i == j else 0) for i, v in enumerate(at)])
            assert np.imag(moved[: len(at)]) / 1e-30 == pytest.approx(slopes[:, j], rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("visible", "hidden"), [pair for pair in PAIRS if not isinstance(pair[1], Mixture)], ids=name)
def test_gradient_at_zero_temperature(visible, hidden):
    model = GeneralRBM(visible, hidden, alpha=0.4, T=0.0, p=0.3, L=2)
    order = off_the_saddle(hidden, 1.0, 0.3)
    interval = any(isinstance(unit, Continuous) for unit in (visible, hidden))
    for i, value in enumerate(model.gradient(order)):
        if i == 0 and order.m == 0:
            continue
        # a staircase of many steps is stationary up to its own error
        ends = []
        for step in (1e-4, -1e-4):
            moved = model.pack(order)
            moved[i] += step
            ends.append(model.free_energy(model.unpack(moved)))
        assert (ends[0] - ends[1]) / 2e-4 == pytest.approx(value, abs=2e-5 if interval else 1e-8)


@pytest.mark.slow
def test_spin_and_gaussian_are_the_hopfield_model():
    """100 random points: every state, its order parameters, energies, replicon and stability."""
    rng = np.random.default_rng(1)
    alpha, T = np.exp(rng.uniform(np.log(0.005), np.log(1.5), 100)), rng.uniform(0.03, 1.6, 100)
    general = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=T))
    named = replica.solve_all(Hopfield(alpha=alpha, T=T), n_condensed=(1,))
    compared = 0
    for i in range(100):
        ours, theirs = general.at(i), named.at(i)
        assert sorted(s.kind for s in ours) == sorted(s.kind for s in theirs)
        for b in theirs:
            a = min((s for s in ours if s.kind == b.kind), key=lambda s: abs(s.order.m - b.order.m))
            assert a.order == pytest.approx(tuple(b.order), rel=SAME, abs=SAME)
            # the removed diagonal, and the measure of the hidden units
            shift = alpha[i] / 2 + alpha[i] * T[i] / 2 * math.log(2 * math.pi * T[i])
            assert a.free_energy + shift == pytest.approx(b.free_energy, rel=SAME, abs=SAME)
            slope = alpha[i] / 2 * (math.log(2 * math.pi * T[i]) + 1)
            assert a.entropy - slope == pytest.approx(b.entropy, rel=1e-8, abs=1e-8)
            assert a.replicon == pytest.approx(b.replicon, rel=1e-8, abs=1e-8)
            assert a.stable == b.stable
            compared += 1
    assert compared > 120


@pytest.mark.slow
@pytest.mark.parametrize(
    "controls",
    [
        {"alpha": 0.02, "theta": 0.0, "g": -0.02, "p": 0.1, "L": 2},
        {"alpha": 0.6, "theta": 0.3, "g": -0.02, "p": 0.1, "L": 5},
    ],
)
def test_bernoulli_and_relu_tend_to_the_relu_rbm(controls):
    """At T = 0 the same, and towards it an error that falls as T."""
    named = [s for s in replica.solve_all(ReluRBM(**controls)) if s.kind in ("retrieval", "spin_glass")]
    model = GeneralRBM(
        Bernoulli(controls["g"]),
        ReLU(controls["theta"]),
        alpha=controls["alpha"],
        T=0.0,
        p=controls["p"],
        L=controls["L"],
    )
    at_zero = replica.solve_all(model)
    errors = []
    for T in (0.0, 1e-5, 5e-6):
        states = replica.solve_all(model.replace(T=T)) if T else at_zero
        worst = 0.0
        for b in named:
            near = min((s for s in states if s.kind == b.kind), key=lambda s: sum(abs(np.subtract(s.order, b.order))))
            worst = max(worst, *np.abs(np.subtract(near.order, b.order)))
            if T == 0:
                assert near.free_energy == pytest.approx(b.free_energy, abs=1e-13)
                assert near.replicon == -math.inf
        errors.append(worst)
    assert errors[0] < ROUNDING
    assert errors[1] < 1e-2
    assert 1.5 < errors[1] / errors[2] < 2.5


@pytest.mark.medium
def test_a_box_at_zero_temperature_is_a_spin():
    """A unit on [−1, 1] without energy sits at an end: the Hopfield model."""
    ours = replica.solve(GeneralRBM(Box(), Gaussian(), alpha=0.1, T=0.0))
    assert ours.order == pytest.approx(tuple(replica.solve(Hopfield(alpha=0.1, T=0.0)).order), abs=1e-9)


def test_three_values_of_which_one_is_forbidden_are_a_spin():
    class Forbidden(Discrete):
        values = (-1.0, 0.0, 1.0)

        def energy(self, x, T):
            return 30.0 * (1 - x**2)

    ours = replica.solve(GeneralRBM(Forbidden(), Gaussian(), alpha=0.05, T=0.4))
    assert ours.order == pytest.approx(tuple(replica.solve(Hopfield(alpha=0.05, T=0.4)).order), abs=1e-10)


class Stiff(Continuous):
    def energy(self, x, T):
        return x**2 + 0.1 * x


class Plain(Continuous):
    def energy(self, x, T):
        return x**2


@pytest.mark.slow
def test_stiffer_hidden_units_are_a_hotter_hopfield_model():
    """U = a h²/2: the couplings are divided by a; a = 2, and that of the normal prior, T."""
    named = sorted(
        replica.solve_all(Hopfield(alpha=0.05, T=0.2), n_condensed=(1,)), key=lambda s: (s.order.m, s.order.q)
    )
    for hidden, T, a in ((Plain(), 0.1, 2.0), (Mixture(0.0), math.sqrt(0.2), math.sqrt(0.2))):
        states = replica.solve_all(GeneralRBM(Spin(), hidden, alpha=0.05, T=T))
        assert len(states) == len(named) == 3
        for ours, theirs in zip(sorted(states, key=lambda s: (s.order.m, s.order.q)), named, strict=True):
            assert (a * ours.order.m, ours.order.q) == pytest.approx((theirs.order.m, theirs.order.q), abs=1e-10)
            assert ours.stable == theirs.stable
            assert ours.replicon == pytest.approx(theirs.replicon, abs=1e-8)


def test_stiffness_is_the_curvature_far_out():
    assert Stiff().stiffness(0.3) == pytest.approx(2.0, rel=1e-9)
    assert Quartic().stiffness(0.3) == Box().stiffness(0.3) == Spin().stiffness(0.3) == math.inf
    assert PlainMixture(0.5).stiffness(0.3) == pytest.approx(Mixture(0.5).stiffness(0.3), rel=1e-6)


@pytest.mark.medium
def test_bounded_hidden_units_follow_no_pattern():
    """Their field is of order √N, they are not: no state with overlap, and the glass is a minimum."""
    states = replica.solve_all(GeneralRBM(Spin(0.3), Spin(), alpha=0.5, T=0.6))
    assert [(s.kind, s.stable) for s in states] == [("spin_glass", True)]
    assert states[0].replicon > 0


@pytest.mark.medium
def test_layers_of_spins_may_be_exchanged():
    """Of M = αN hidden and N visible spins either may be called visible: f(1/α, T/√α) α^{3/2} = f(α, T)."""
    alpha, T = 0.4, 0.5
    here = replica.solve(GeneralRBM(Spin(), Spin(), alpha=alpha, T=T), start="spin_glass")
    there = replica.solve(GeneralRBM(Spin(), Spin(), alpha=1 / alpha, T=T / math.sqrt(alpha)), start="spin_glass")
    assert there.free_energy * alpha**1.5 == pytest.approx(here.free_energy, abs=1e-13)
    assert (there.order.q, there.order.r) == pytest.approx((here.order.r, here.order.q), abs=1e-12)


@pytest.mark.medium
def test_bipartite_glass_by_another_route():
    """q = ∫Dz tanh² β√(αr) z, r = ∫Dz tanh² β√q z, by bisection on Gauss–Legendre sums."""
    alpha, T = 0.7, 0.4
    node, weight = np.polynomial.legendre.leggauss(400)
    z, weight = 9 * node, 9 * weight * np.exp(-81 * node**2 / 2) / math.sqrt(2 * math.pi)

    def overlap(s):
        return float(np.tanh(s * z / T) ** 2 @ weight)

    q = brentq(lambda q: overlap(math.sqrt(alpha * overlap(math.sqrt(q)))) - q, 0.1, 1.0, xtol=1e-15)
    state = replica.solve(GeneralRBM(Spin(), Spin(), alpha=alpha, T=T), start="spin_glass")
    assert state.order.q == pytest.approx(q, abs=1e-12)
    assert state.replicon < 0


@pytest.mark.parametrize("hidden", [Mixture(0.5), PlainMixture(0.5)], ids=name)
def test_entropy_is_the_slope_of_the_free_energy_where_the_prior_is_of_the_hidden_units(hidden):
    """There a = T/(1 − Ω), and the energy of the condensed unit depends on T."""
    model = GeneralRBM(Spin(), hidden, alpha=0.01, T=0.4)
    order = replica.solve(GeneralRBM(Spin(), Mixture(0.5), alpha=0.01, T=0.4)).order
    h = 1e-5
    ends = [model.replace(T=0.4 + step).free_energy(order) for step in (h, -h)]
    assert model.entropy(order) == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-6)
    assert model.energy(order) == pytest.approx(model.free_energy(order) + 0.4 * model.entropy(order), rel=1e-12)


def test_entropy_of_free_units():
    """At high temperature (1 + α) ln 2."""
    state = replica.solve(GeneralRBM(Spin(), Spin(), alpha=0.5, T=1e4), start="paramagnet")
    assert state.entropy == pytest.approx(1.5 * math.log(2), abs=1e-8)
    assert state.energy == pytest.approx(-0.5 / 1e4, rel=1e-6)  # −α β, to first order


# Onsets and critical points.


@pytest.mark.medium
@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 3.0])
def test_two_layers_of_spins_freeze_at_the_fourth_root(alpha):
    """Barra, Genovese & Guerra 2011: T = α^{1/4}."""
    model = GeneralRBM(Spin(), Spin(), alpha=alpha, T=3.0)
    assert replica.instability(model, along="T", start="paramagnet").value == pytest.approx(alpha**0.25, rel=1e-13)


@pytest.mark.medium
@pytest.mark.parametrize(("alpha", "Omega"), [(1.0, 0.0), (1.0, 0.5), (1.0, 0.9), (0.5, 0.3), (2.0, 0.7)])
def test_onset_for_a_hidden_prior(alpha, Omega):
    """Barra et al. 2018: √α β D(β) = 1, D = (1−Ω)/(1−β(1−Ω)) + Ω/(1−β(1−Ω))², β = 1/T²."""
    model = GeneralRBM(Spin(), Mixture(Omega), alpha=alpha, T=4.0)
    T = replica.instability(model, along="T", start="paramagnet").value
    rest, beta = 1 - Omega, 1 / T**2
    D = rest / (1 - beta * rest) + Omega / (1 - beta * rest) ** 2
    assert math.sqrt(alpha) * beta * D == pytest.approx(1.0, rel=1e-12)
    if alpha == 1 and Omega == 0.5:
        assert T**2 == pytest.approx(1.707106781187, abs=5e-13)
    if Omega == 0:
        assert T**2 == pytest.approx(1 + math.sqrt(alpha), rel=1e-12)


def test_the_replicon_ends_the_sparse_paramagnet():
    """Spins and spins of density p: weights of variance p/N are those of p = 1 at T/√p, T = (αp²)^{1/4}."""
    model = GeneralRBM(Spin(), Spin(), alpha=0.5, T=3.0, p=0.3)
    T = replica.instability(model, along="T", start="paramagnet").value
    assert T == pytest.approx((0.5 * 0.3**2) ** 0.25, rel=1e-12)


@pytest.mark.slow
def test_critical_points_are_those_of_the_hopfield_model():
    pair = (Spin(), Gaussian())
    general = replica.spinodal(GeneralRBM(*pair, alpha=0.05, T=0.3), along="alpha").value
    assert general == pytest.approx(replica.spinodal(Hopfield(alpha=0.05, T=0.3), along="alpha").value, rel=1e-12)
    assert replica.coexistence(GeneralRBM(*pair, alpha=0.03, T=0.4), along="T").value == pytest.approx(
        0.4787929445, abs=5e-11
    )
    line = replica.instability(GeneralRBM(*pair, alpha=0.12, T=0.02), along="T").value
    assert line == pytest.approx(0.0049879337, abs=5e-11)


@pytest.mark.slow
def test_the_glass_grows_from_where_the_replicon_of_the_paramagnet_vanishes():
    """For units without closed forms: q ~ (T_g − T) below the zero, and no glass above it."""
    model = GeneralRBM(Trit(), Quartic(), alpha=0.8, T=2.0)
    T = replica.instability(model, along="T", start="paramagnet").value
    below = [replica.solve(model.replace(T=T * (1 - e)), start="spin_glass").order.q for e in (1e-3, 5e-4)]
    assert below[0] / below[1] == pytest.approx(2.0, rel=5e-3)
    assert below[1] < 1e-2
    above = replica.solve_all(model.replace(T=1.001 * T))
    assert [s.kind for s in above] == ["paramagnet"]


@pytest.mark.slow
def test_a_branch_is_followed_round_its_fold():
    """From α = 0.05 over the spinodal, and back on the second sheet to where 1 − C ~ √α."""
    state = replica.solve(GeneralRBM(Trit(), Gaussian(), alpha=0.05, T=0.15))
    branch = replica.follow(state, along="alpha", to=0.2, max_steps=60)
    (fold,) = branch.folds
    end = replica.spinodal(state.model, along="alpha").value
    assert branch.values.max() <= end
    assert branch.values[fold] == pytest.approx(end, rel=0.01)  # a step next to it
    assert not branch.reached
    assert branch.states.model.residual(branch.order).max() < 1e-9


# Completeness.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("visible", "hidden"),
    [(Spin(), ReLU(0.2)), (Bernoulli(-0.1), ReLU(0.1)), (Trit(), Gaussian()), (Spin(), Spin())],
    ids=name,
)
def test_newton_from_random_starts_finds_no_other_state(visible, hidden):
    """200 starts (seed 3) at each of 6 points: all states they reach are known."""
    rng = np.random.default_rng(3)
    reached = 0
    for _ in range(6):
        p = float(rng.choice([1.0, 0.3]))
        alpha, T = float(np.exp(rng.uniform(-5, 0))), float(rng.uniform(0.05, 0.6)) * p
        model = GeneralRBM(visible, hidden, alpha=alpha, T=T, p=p)
        known = replica.solve_all(model)
        start = qmc.scale(qmc.Sobol(3, rng=rng).random(256), [-0.1, -4, -7], [1.0, 1.0, 2.0])
        for frozen in (True, False):
            flat = flattened(model.replace(alpha=np.full(256, alpha)))
            overlap = 0 * start[:, 0] if frozen else np.abs(start[:, 0])
            y = np.column_stack([overlap, start[:, 1:], np.full(256, math.log(alpha))])
            system = layer_equations(flat.layers, frozen)
            with np.errstate(all="ignore"):
                y, left = newton_at_load(system, y)
            for m, s, b in np.stack(system.physical(y), axis=-1)[left < 1e-10]:
                if (not frozen and m < 1e-5) or s < 1e-5:
                    continue
                r, B = s * s / (alpha * p), b / alpha
                reached += 1
                orders = [state.order for state in known]
                distances = [abs(o.m - m) + abs(o.r - r) / r + abs(o.B - B) / B for o in orders]
                assert min(distances, default=1.0) < 1e-5, (model, m, r, B, known)
    assert reached > 200


@pytest.mark.medium
@pytest.mark.parametrize("k", [1e-3, 10.0, 100.0])
def test_units_of_any_size(k):
    """Values ±k at T = 0.2 k² are spins at 0.2."""

    class Scaled(Discrete):
        values = (-k, k)

        def energy(self, x, T):
            return 0 * x

    named = replica.solve_all(Hopfield(alpha=0.05, T=0.2), n_condensed=(1,))
    states = replica.solve_all(GeneralRBM(Scaled(), Gaussian(), alpha=0.05, T=0.2 * k * k))
    assert [s.kind for s in states] == [s.kind for s in named]
    for ours, theirs in zip(states, named, strict=True):
        assert (ours.order.m / k, ours.order.q / k**2) == pytest.approx((theirs.order.m, theirs.order.q), abs=1e-9)


@pytest.mark.slow
def test_units_on_an_interval_keep_their_glass_at_low_temperature():
    """q falls to its value at T = 0, 1, by quadrature of the box: at T = 0.05 0.81755 (an independent fixed point)."""
    q = [replica.solve(GeneralRBM(Box(), Gaussian(), alpha=0.05, T=T), start="spin_glass").order.q for T in (0.1, 0.05)]
    assert q[1] == pytest.approx(0.81755, abs=5e-6)
    assert q[0] < q[1] < 1


@pytest.mark.medium
def test_a_load_alone_has_the_states_it_has_in_an_array():
    """The fold at α = 0.1 is passed from a load of 1e-5 too."""
    alone = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=1e-5, T=0.2))
    named = replica.solve_all(Hopfield(alpha=1e-5, T=0.2), n_condensed=(1,))
    overlaps = sorted(s.order.m for s in named if s.kind == "retrieval")
    assert sorted(s.order.m for s in alone if s.kind == "retrieval") == pytest.approx(overlaps, abs=1e-9)
    assert len(overlaps) == 2


# Arrays, and what is refused.


class Warmed(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2 + 2 * T * x**2


class Fixed(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2 + 2 * 0.02 * x**2


def test_the_first_empty_weights_count_in_slopes_by_p():
    """At p = 1 no unit has W = 0, but P(W = 0) = 1 − p: what a branch along p starts with."""
    model, order = GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.2), Order(0.9, 0.85, 1.3, 0.3, 1.2)
    stepped = model.unchecked(p=1 + 1e-30j).saddle(order)
    below = model.replace(p=1 - 1e-6).saddle(order)
    slopes = [(there - here) / 1e-6 for there, here in zip(model.saddle(order), below, strict=True)]
    assert np.imag(stepped) / 1e-30 == pytest.approx(slopes, rel=1e-5)


@pytest.mark.slow
def test_energies_may_depend_on_the_temperature():
    for a, b in zip(
        replica.solve_all(GeneralRBM(Warmed(), Gaussian(), alpha=0.05, T=0.02)),
        replica.solve_all(GeneralRBM(Fixed(), Gaussian(), alpha=0.05, T=0.02)),
        strict=True,
    ):
        assert a.order == pytest.approx(tuple(b.order), rel=1e-9)
        assert a.quadrature_error < 1e-10


class Steep(Continuous):
    def __init__(self, a):
        self.a = a

    def energy(self, x, T):
        return x**2 / 2 + self.a * x**4


def test_a_unit_that_is_changed_is_solved_anew():
    unit, inputs_ = Steep(5.0), (0.3, 0.7, 0.2, 0.4)
    field_averages(unit, *inputs_)
    unit.a = 0.01
    assert field_averages(unit, *inputs_).Q == field_averages(Steep(0.01), *inputs_).Q
    assert pickle.loads(pickle.dumps(unit)).a == 0.01


@pytest.mark.slow
def test_arrays_hold_what_single_points_hold():
    alpha, T = np.array([0.02, 0.1, 0.5]), np.array([0.0, 0.1, 0.7])
    model = GeneralRBM(Trit(), Gaussian(), alpha=alpha, T=T[:, None])
    table = replica.solve_all(model)
    assert table.status.shape == (3, 3, len(table))
    for i in range(3):
        for j in range(3):
            alone = replica.solve_all(model.replace(alpha=alpha[j], T=T[i]))
            there = table.at((i, j))
            assert [s.kind for s in there] == [s.kind for s in alone]
            for a, b in zip(there, alone, strict=True):
                assert a.order == pytest.approx(tuple(b.order), rel=1e-9, abs=1e-9)
                assert a.status == Status.CONVERGED


@pytest.mark.slow
def test_every_result_reports_its_quadrature_error():
    for s in replica.solve_all(GeneralRBM(Trit(), Quartic(), alpha=0.3, T=0.3)):
        assert 0 <= s.quadrature_error < 1e-12
    assert replica.solve(Hopfield(alpha=0.1)).quadrature_error == 0.0
    cold = replica.solve(GeneralRBM(Quartic(), Gaussian(), alpha=0.3, T=0.0), start="spin_glass")
    assert 0 < cold.quadrature_error < 1e-5


class Flat(Continuous):
    def energy(self, x, T):
        return np.log1p(x**2)


class OfOneNumber(Continuous):
    def energy(self, x, T):
        return 1.0


class OfXAlone(Discrete):
    values = (0.0, 1.0)

    def energy(self, x):
        return x


class Branching(Discrete):
    values = (0.0, 1.0)

    def energy(self, x, T):
        return x if T > 0.1 else 2 * x


class NotANumber(Discrete):
    values = (0.0, 1.0)

    def energy(self, x, T):
        return np.nan * x


@pytest.mark.parametrize(
    ("visible", "hidden", "controls", "message"),
    [
        (1, Gaussian(), {}, "visible = 1: a Potential is needed"),
        (Spin(), Spin, {}, "hidden = .*: a Potential is needed"),
        (Spin(), Flat(), {}, "Flat: its energy does not grow"),
        (OfOneNumber(), Spin(), {}, r"OfOneNumber.energy: a real array of the shape of x is needed"),
        (OfXAlone(), Spin(), {}, r"OfXAlone.energy\(self, x, T\): arrays x and T are to give an array"),
        (Branching(), Spin(), {}, r"Branching.energy\(self, x, T\): arrays x and T are to give an array"),
        (NotANumber(), Spin(), {}, r"NotANumber.energy\(0, T = 0.5\) = nan: a finite number is needed"),
        (Spin(), Mixture(), {"T": 0.0}, "T = 0.0: a prior"),
        (Spin(), Spin(), {"alpha": 0.0}, "alpha = 0.0: a finite number > 0"),
        (Spin(), Spin(), {"T": -1.0}, "T = -1.0: a finite number >= 0"),
        (Spin(), Spin(), {"p": 1.5}, "p = 1.5: a finite number > 0 and <= 1"),
        (Spin(), Spin(), {"L": 0}, "L = 0: an integer >= 1"),
        (Spin(), Spin(), {"alpha": [0.1, math.nan]}, "alpha = nan"),
    ],
)
def test_bad_input_is_named_on_one_line(visible, hidden, controls, message):
    with pytest.raises(ValueError, match=message) as caught:
        GeneralRBM(visible, hidden, **{"alpha": 0.1, "T": 0.5, **controls})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spin(math.nan), "g = nan: a finite number is needed"),
        (lambda: ReLU("a"), "theta = 'a': a finite number is needed"),
        (lambda: Mixture(1.0), "Omega = 1.0: a number >= 0 and < 1 is needed"),
        (lambda: type("Empty", (Discrete,), {"values": (1.0,)}), r"Empty.values = \(1.0,\)"),
        (lambda: type("OneNumber", (Discrete,), {"values": 3.0}), "OneNumber.values = 3.0: two or more increasing"),
        (lambda: type("Reversed", (Continuous,), {"support": (1.0, 0.0)}), r"Reversed.support = \(1.0, 0.0\)"),
    ],
)
def test_potentials_refuse_what_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.medium
def test_many_digits_are_refused():
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.3)
    for call in (
        lambda: replica.solve(model, precision=30),
        lambda: replica.spinodal(model, along="alpha", precision=30),
        lambda: replica.instability(model.replace(T=3.0), along="T", start="paramagnet", precision=30),
    ):
        with pytest.raises(ValueError, match="precision = 30: general-rbm is solved in double precision only"):
            call()
