"""Random RBMs whose weights have any law: averages, capacities and stability by independent routes."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf

import replica
from replica.models import GeneralRBM
from replica.models.base import Order
from replica.potentials import Bernoulli, Discrete, Gaussian, ReLU, Spin
from replica.potentials.averages import field_averages
from replica.weight_laws import Normal, SignNormal, Uniform, Values

SAME = 1e-10
Z = np.arange(-900, 901) * 0.01
DZ = np.exp(-Z * Z / 2) / np.exp(-Z * Z / 2).sum()


class Trit(Discrete):
    values = (-1.0, 0.0, 1.0)

    def energy(self, x, T):
        return 0.3 * x**2


def layers(visible, T, L, law, alpha=0.1):
    return GeneralRBM(visible, Gaussian(), alpha=alpha, T=T, L=L, weights=law).layers


def over_sums(law, L, F):
    """⟨F(W)⟩ for one or two entries by scipy's quadrature, bends given."""
    if isinstance(law, Uniform):
        a = math.sqrt(3 * law.variance)
        density = (lambda w: 1 / (2 * a)) if L == 1 else (lambda w: (2 * a - abs(w)) / (4 * a * a))
        top, points = L * a, (0.0,)
        return quad(lambda w: density(w) * F(w), -top, top, points=points, limit=400, epsabs=1e-13, epsrel=1e-13)[0]
    omega = law.omega
    signs = [(1, 0.5), (-1, 0.5)] if L == 1 else [(2, 0.25), (0, 0.5), (-2, 0.25)]
    spread, total = math.sqrt(L * (1 - omega)), 0.0
    for k, share in signs:
        w0 = k * math.sqrt(omega)
        total += (
            share
            * quad(
                lambda x, w0=w0: math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * F(w0 + spread * x),
                -9,
                9,
                points=(-w0 / spread,) if abs(w0 / spread) < 9 else None,
                limit=400,
                epsabs=1e-13,
                epsrel=1e-13,
            )[0]
        )
    return total


@pytest.mark.slow
@pytest.mark.parametrize("law", [SignNormal(0.8), Uniform(0.6)], ids=repr)
@pytest.mark.parametrize("L", [1, 2])
@pytest.mark.parametrize(
    ("visible", "T"),
    [(Spin(0.1), 0.0), (Spin(0.1), 0.3), (Bernoulli(-0.4), 0.2), (Trit(), 0.4), (Bernoulli(-0.4), 0.0)],
)
def test_averages_of_the_visible_layer_against_quadrature_over_W(law, L, visible, T):
    m, s, b = 0.7, 0.45, 0.2
    v = layers(visible, T, L, law).visible_layer(m, s, b)

    def unit(name):
        return lambda w: float(getattr(field_averages(visible, m * w, s, b, T), name))

    assert v.m == pytest.approx(over_sums(law, L, lambda w: w * unit("M")(w)) / L, abs=1e-11)
    assert v.q == pytest.approx(over_sums(law, L, unit("Q")), abs=1e-11)
    assert v.C == pytest.approx(law.variance * over_sums(law, L, unit("chi")), abs=1e-11)
    assert v.work == pytest.approx(over_sums(law, L, unit("work")), abs=1e-11)
    assert v.mean == pytest.approx(over_sums(law, L, unit("M")), abs=1e-11)
    if T:
        assert v.V == pytest.approx(over_sums(law, L, unit("V")), abs=1e-10)


@pytest.mark.some(8)
@pytest.mark.parametrize("law", [SignNormal(0.8), Normal(0.5), Uniform(0.6), Values([-1, 2], [2 / 3, 1 / 3])], ids=repr)
@pytest.mark.parametrize("L", [1, 3])
@pytest.mark.parametrize(("visible", "T"), [(Spin(0.1), 0.0), (Bernoulli(-0.4), 0.2), (Trit(), 0.4)])
def test_slopes_of_the_visible_layer_are_its_differences(law, L, visible, T):
    """Five-point differences with the step 1e-3: 1e-12/12 of a fifth derivative, and rounding over 1e-3."""
    here, x, step = layers(visible, T, L, law), np.array([0.7, 0.45, 0.2]), 1e-3
    slopes = here.visible_layer(*x).slopes

    for i in range(3):
        values = []
        for k in (-2, -1, 1, 2):
            v = here.visible_layer(*(x + k * step * np.eye(3)[i]))
            values.append(np.array([v.m, v.q, v.C]))
        difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
        np.testing.assert_allclose(slopes[:, i], difference, atol=2e-9)


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.2)])
@pytest.mark.parametrize("law", [SignNormal(0.8), Normal(0.5), Uniform(0.6)], ids=repr)
@pytest.mark.parametrize("T", [0.0, 0.3])
def test_gradient_is_that_of_the_free_energy(law, hidden, T):
    model = GeneralRBM(Bernoulli(-0.2), hidden, alpha=0.2, T=T, L=2, weights=law)
    x, step = np.array([0.4, 0.3, math.log(0.4), math.log(0.5), math.log(0.6)]), 1e-3
    gradient = model.gradient(model.unpack(x), 1)
    for i in range(5):
        f = [float(model.free_energy(model.unpack(x + k * step * np.eye(5)[i]))) for k in (-2, -1, 1, 2)]
        assert gradient[i] == pytest.approx((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step), abs=2e-10)


# Capacities: spins, Gaussian hidden units, curves in t = s/m.


def cold_sign_normal(t, omega, L):
    """α at T = 0: W = √Ω k + √(L(1 − Ω)) x, the noise of a unit √(L(1 − Ω) + t²) m."""
    S = math.sqrt(L * (1 - omega) + t * t)
    k = np.arange(-L, L + 1, 2)
    share = np.array([math.comb(L, j) for j in range(L + 1)]) / 2**L
    u = math.sqrt(omega) * k / S
    chi = float(share @ (2 * np.exp(-u * u / 2) / math.sqrt(2 * math.pi) / S))  # times 1/m
    m = (float(share @ (math.sqrt(omega) * k * erf(u / math.sqrt(2)))) + L * (1 - omega) * chi) / L
    return (m * t) ** 2 * max(1 - chi / m, 0.0) ** 2


def warm_sign_normal(t, omega, L, T):
    """α at T > 0: one root for m, sums over the noise."""
    k = np.arange(-L, L + 1, 2)
    share = np.array([math.comb(L, j) for j in range(L + 1)]) / 2**L
    S = math.sqrt(L * (1 - omega) + t * t)
    x = math.sqrt(omega) * k[:, None] + S * Z

    def averages(m):
        th = np.tanh(m * x / T)
        q = float(share @ (th * th @ DZ))
        # ⟨W tanh⟩: the part of the noise that belongs to W by its projection
        W = math.sqrt(omega) * k[:, None] + L * (1 - omega) / S * Z
        return float(share @ ((W * th) @ DZ)) / L, q

    m = brentq(lambda m: averages(m)[0] - m, 0.15, 1.5, xtol=1e-15)
    q = averages(m)[1]
    C = (1 - q) / T
    return (m * t) ** 2 * max(1 - C, 0.0) ** 2 / q


def cold_uniform(t, L):
    """α at T = 0 for uniform entries, averages over W by scipy."""
    law = Uniform()
    m = over_sums(law, L, lambda w: w * erf(w / t / math.sqrt(2))) / L
    chi = over_sums(law, L, lambda w: 2 * math.exp(-((w / t) ** 2) / 2) / math.sqrt(2 * math.pi) / t)
    return (m * t) ** 2 * max(1 - chi / m, 0.0) ** 2


def largest(load, low, high):
    """First maximum from small t on."""
    nodes = np.geomspace(low, high, 60)
    values = [load(float(t)) for t in nodes]
    top = next(i for i in range(1, 59) if values[i] >= values[i - 1] and values[i] > values[i + 1])
    best = minimize_scalar(
        lambda t: -load(t), bounds=(nodes[top - 1], nodes[top + 1]), method="bounded", options={"xatol": 1e-10}
    )
    return -float(best.fun)


@pytest.mark.parametrize(("omega", "value"), [(0.9, 0.06662895998727841), (1.0, 0.1379055664949317)])
def test_capacity_of_a_sign_with_a_normal_part(omega, value):
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.03, T=0.0, weights=SignNormal(omega))
    found = replica.spinodal(model, along="alpha").value
    assert found == pytest.approx(value, rel=1e-13)
    assert found == pytest.approx(largest(lambda t: cold_sign_normal(t, omega, 1), 0.01, 2.0), rel=1e-11)


@pytest.mark.slow
def test_capacity_of_uniform_weights():
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.01, T=0.0, weights=Uniform())
    found = replica.spinodal(model, along="alpha").value
    assert found == pytest.approx(0.012703614636972, rel=1e-13)
    assert found == pytest.approx(largest(lambda t: cold_uniform(t, 1), 0.02, 2.0), rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("omega", "L", "T"), [(0.9, 2, 0.0), (0.9, 3, 0.0), (0.8, 1, 0.0), (0.9, 1, 0.1), (0.9, 3, 0.15), (0.8, 1, 0.2)]
)
def test_further_capacities_of_a_sign_with_a_normal_part(omega, L, T):
    def load(t):
        return warm_sign_normal(t, omega, L, T) if T else cold_sign_normal(t, omega, L)

    expected = largest(load, 0.02, 1.5)
    model = GeneralRBM(Spin(), Gaussian(), alpha=expected / 2, T=T, L=L, weights=SignNormal(omega))
    assert replica.spinodal(model, along="alpha").value == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_capacity_of_two_patterns_of_uniform_weights():
    expected = largest(lambda t: cold_uniform(t, 2), 0.02, 1.5)
    model = GeneralRBM(Spin(), Gaussian(), alpha=expected / 2, T=0.0, L=2, weights=Uniform())
    assert replica.spinodal(model, along="alpha").value == pytest.approx(expected, rel=1e-9)


@pytest.mark.some(2)
@pytest.mark.parametrize("T", [0.0, 0.2])
@pytest.mark.parametrize("p", [1.0, 0.8])
def test_signs_by_their_law_are_signs(T, p):
    law = SignNormal(1.0) if p == 1 else Values([-1, 0, 1], [p / 2, 1 - p, p / 2])
    plain = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=0.03, T=T, p=p, L=1))
    found = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=0.03, T=T, weights=law))
    assert [s.kind for s in found] == [s.kind for s in plain]
    for one, other in zip(found, plain, strict=True):
        np.testing.assert_allclose(one.order, other.order, rtol=1e-11, atol=1e-13)
        assert one.free_energy == pytest.approx(other.free_energy, abs=1e-13)
        assert one.stable == other.stable


# States and ends that do not exist.


@pytest.mark.some(2)
@pytest.mark.parametrize("law", [SignNormal(0.0), Normal(), Normal(0.3)], ids=repr)
@pytest.mark.parametrize(("visible", "T"), [(Spin(), 0.0), (Spin(), 0.2), (Bernoulli(-0.1), 0.0), (Trit(), 0.3)])
@pytest.mark.parametrize("L", [1, 3])
def test_normal_weights_retrieve_nothing_and_nothing_is_missing(law, visible, T, L):
    """⟨W M⟩ = mLp⟨χ⟩, so that m is free where C = 1 and 0 elsewhere."""
    found = replica.solve_all(GeneralRBM(visible, Gaussian(), alpha=0.01, T=T, L=L, weights=law))
    assert found.complete and found
    assert all(s.order.m == 0 for s in found)


@pytest.mark.slow
@pytest.mark.parametrize(("g", "there"), [(-0.25, True), (-0.05, True), (-0.3, False)])
def test_ends_of_machines_whose_weights_have_a_density(g, there):
    """Bernoulli units at T = 0: without noise m = ⟨W; W > |g|/m⟩, and the end exists only if C = ρ(|g|/m)/m < 1."""
    a = math.sqrt(3)

    def overlap(m):
        return (a * a - (g / m) ** 2) / (4 * a) if -g / m < a else 0.0

    nodes = np.linspace(1e-3, 1.2, 4000)
    gaps = [overlap(m) - m for m in nodes]
    roots = [brentq(lambda m: overlap(m) - m, nodes[i], nodes[i + 1]) for i in range(3999) if gaps[i] * gaps[i + 1] < 0]
    kept = [m for m in roots if 1 / (2 * a * m) < 1]
    assert bool(kept) is there
    found = replica.solve_all(GeneralRBM(Bernoulli(g), Gaussian(), alpha=1e-7, T=0.0, weights=Uniform()))
    assert found.complete
    close = [s.order.m for s in found if s.kind == "retrieval" and s.order.C < 0.999]
    for m in kept:
        assert min(abs(m - other) for other in close) < 1e-3


# Stability along the difference of two overlaps.


@pytest.mark.slow
@pytest.mark.parametrize("law", [SignNormal(0.9), Uniform(), Values([-0.5, 0.0, 1.5], [0.6, 0.2, 0.2])], ids=repr)
@pytest.mark.parametrize("L", [2, 3])
@pytest.mark.parametrize("T", [0.0, 0.2])
def test_curvature_along_a_difference_of_overlaps(law, L, T):
    """1 − ½⟨(η1 − η2)² χ⟩ by second differences of ⟨K⟩ in the two overlaps, K summed over all L entries."""
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=T, L=L, weights=law)
    order = Order(m=0.5, q=0.8, r=1.5, C=0.3, B=1.4)
    s, b = math.sqrt(0.05 * law.variance * order.r), 0.05 * order.B
    x, w = np.polynomial.legendre.leggauss(36)
    if isinstance(law, Values):
        eta, share = np.array(law.values), np.array(law.probabilities)
    elif isinstance(law, Uniform):
        eta, share = math.sqrt(3) * x, w / 2
    else:
        x, w = np.polynomial.hermite_e.hermegauss(20)
        eta = np.concatenate([e * math.sqrt(law.omega) + math.sqrt(1 - law.omega) * x for e in (1, -1)])
        share = np.concatenate([w, w]) / (2 * w.sum())
    grids = np.meshgrid(*[eta] * L, indexing="ij")
    weight = math.prod(np.meshgrid(*[share] * L, indexing="ij"))
    unit = field_averages(Spin(), order.m * sum(grids), s, b, T)
    expected = 1 - float((weight * (grids[0] - grids[1]) ** 2 / 2 * unit.chi).sum())
    assert model.transverse(order)[1] == pytest.approx(expected, abs=2e-9)


@pytest.mark.slow
def test_quadratures_over_a_density_say_their_error():
    """Refined nodes change nothing at a state of Bernoulli units, which jump at W = |g|/m."""
    model = GeneralRBM(Bernoulli(-0.15), Gaussian(), alpha=1e-4, T=0.0, weights=Uniform())
    state = replica.solve(model, start="retrieval")
    assert state.quadrature_error < 1e-13
