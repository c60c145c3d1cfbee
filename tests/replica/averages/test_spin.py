"""Averages of a spin over the field h + s z, against integrals over z done otherwise.

The rules average over logistic noise up to T/s = 1.5 and over the Gaussian above, with fewer nodes below 0.25.
Here every average is integrated over z in doubling panels round the kink, or by mpmath, for all T/s.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from replica.averages.spin import spin_averages, spin_entropy, spin_linear_response, spin_response_squared, spin_work
from replica.numerics.elementary import phi

ROUNDED = 3e-14  # relative to the largest value the average can have: sums of up to 2000 rounded terms
STEP = 1e-30
DIGITS = 30

TEMPERATURES = [1e-6, 1e-3, 0.02, 0.1, 0.5, 0.9999, 1.0, 2.0, 10.0]
NOISES = [1e-3, 0.03, 0.3, 1.0, 3.0]
FIELDS = [0.0, 1e-4, 0.2, -0.7, 1.0, 3.0]


def log_2cosh(u):
    return abs(u) + np.log1p(np.exp(-2 * abs(u)))


def sech2(u):
    with np.errstate(over="ignore"):
        return 1 / np.cosh(np.minimum(abs(u), 350)) ** 2


def over_z(integrand, h, s, T):
    """∫Dz integrand(u, z), u = (h + s z)/T, by Gauss–Legendre panels in u that double away from the kink u = 0.

    u is the variable, not z: at T = 1e-6 the rounding of z alone would move u by 1e-10.
    """
    gaussian = (h + s * np.linspace(-11, 11, 45)) / T
    doubling = 0.5 * 2.0 ** np.arange(0, 60)
    doubling = np.sort(np.concatenate([doubling, 1.5 * doubling]))
    edges = np.concatenate([gaussian, -doubling, [0.0], doubling])
    edges = np.unique(np.clip(edges, gaussian[0], gaussian[-1]))
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    node, weight = np.polynomial.legendre.leggauss(24)
    u = middle + half * node
    z = (T * u - h) / s
    with np.errstate(under="ignore"):
        return math.fsum((half * weight * T / s * phi(z) * integrand(u, z)).ravel())


def slope_of_response(h, s, T):
    """∂C/∂h = −(2/T²)⟨tanh sech²⟩, for T < s integrated by parts: (1/sT)⟨z sech²⟩ cancels less."""
    if s < T:
        return over_z(lambda u, z: -2 * np.tanh(u) * sech2(u), h, s, T) / T**2
    return over_z(lambda u, z: z * sech2(u), h, s, T) / (s * T)


def integrals(h, s, T):
    """Every average by its definition, an integral over the field."""
    return SimpleNamespace(
        m=over_z(lambda u, z: np.tanh(u), h, s, T),
        q=over_z(lambda u, z: np.tanh(u) ** 2, h, s, T),
        C=over_z(lambda u, z: sech2(u), h, s, T) / T,
        bend=slope_of_response(h, s, T),
        squared=over_z(lambda u, z: sech2(u) ** 2, h, s, T) / T**2,
        work=T * over_z(lambda u, z: log_2cosh(u), h, s, T),
        entropy=over_z(lambda u, z: log_2cosh(u) - u * np.tanh(u), h, s, T),
    )


def computed(h, s, T):
    m, q, C = spin_averages(h, s, T)
    again, C2, bend = spin_linear_response(h, s, T)
    assert abs(again - m) <= 4 * ROUNDED
    assert abs(C2 - C) <= ROUNDED / max(s, T)
    return SimpleNamespace(
        m=m,
        q=q,
        C=C,
        bend=bend,
        squared=spin_response_squared(h, s, T),
        work=spin_work(h, s, T),
        entropy=spin_entropy(h, s, T),
    )


def sizes(h, s, T):
    """Largest size each average can have at this T and s: what rounding errors are compared with."""
    wide = max(s, T)
    return SimpleNamespace(
        m=1, q=1, C=1 / wide, bend=1 / wide**2, squared=1 / (T * wide), work=abs(h) + wide, entropy=1
    )


def reference_error(h, s):
    """Rounding of z = (T u − h)/s in the integrals over u, for h ≫ s."""
    return 2e-16 * abs(h) / s


def assert_agree(value, exact, scale, tolerance=ROUNDED):
    """Compare, relative to what each average can be at most."""
    for name in vars(exact):
        error = abs(getattr(value, name) - getattr(exact, name))
        assert error <= tolerance * getattr(scale, name), (name, error)


@pytest.mark.parametrize("T", TEMPERATURES)
@pytest.mark.parametrize("s", NOISES)
def test_every_average_against_integrals_over_the_field(s, T):
    for h in FIELDS:
        assert_agree(computed(h, s, T), integrals(h, s, T), sizes(h, s, T), ROUNDED + reference_error(h, s))


@pytest.mark.parametrize("ratio", [0.25, 1.5])
def test_averages_across_the_changes_of_rule(ratio):
    # on both sides of T/s = 0.25 and 1.5, one rounding and one per cent away
    for s in (0.05, 1.0):
        for factor in (0.99, 1 - 1e-15, 1.0, 1 + 1e-15, 1.01):
            T = ratio * s * factor
            for h in (0.0, 0.3 * s, 2 * s):
                assert_agree(computed(h, s, T), integrals(h, s, T), sizes(h, s, T), ROUNDED + reference_error(h, s))


@settings(deadline=None, max_examples=60)
@given(h=st.floats(-3, 3), log_s=st.floats(-3, 0.5), log_T=st.floats(-6, 1))
def test_averages_anywhere(h, log_s, log_T):
    s, T = 10.0**log_s, 10.0**log_T
    assert_agree(computed(h, s, T), integrals(h, s, T), sizes(h, s, T), ROUNDED + reference_error(h, s))


@pytest.mark.parametrize(("h", "s", "T"), [(0.4, 0.8, 0.05), (0.1, 0.3, 0.3), (1.0, 0.2, 0.9), (0.0, 1.0, 1e-3)])
def test_averages_against_mpmath(h, s, T):
    def average(f):
        a, w = -h / s, T / s
        edges = sorted({-12, 12, a, *(a + side * w * c for side in (-1, 1) for c in (1, 3, 10, 30))})
        edges = [e for e in edges if abs(e) <= 12]
        return mp.quad(lambda z: mp.npdf(z) * f((h + s * z) / mp.mpf(T)), edges)

    with mp.workdps(25):
        exact = SimpleNamespace(
            m=average(mp.tanh),
            q=average(lambda u: mp.tanh(u) ** 2),
            C=average(lambda u: mp.sech(u) ** 2) / T,
            squared=average(lambda u: mp.sech(u) ** 4) / mp.mpf(T) ** 2,
            work=T * average(lambda u: mp.log(2 * mp.cosh(u))),
            entropy=average(lambda u: mp.log(2 * mp.cosh(u)) - u * mp.tanh(u)),
        )
        assert_agree(computed(h, s, T), exact, sizes(h, s, T), 5e-15)


def test_zero_temperature_is_the_closed_form():
    for s in NOISES:
        for h in FIELDS:
            x = h / s
            density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
            m, q, C = spin_averages(h, s, 0.0)
            assert (m, q) == (pytest.approx(math.erf(x / math.sqrt(2)), abs=1e-15), 1.0)
            assert C == pytest.approx(2 * density / s, rel=1e-14)
            mean_size = h * math.erf(x / math.sqrt(2)) + 2 * s * density
            assert spin_work(h, s, 0.0) == pytest.approx(mean_size, rel=1e-14)
            assert spin_entropy(h, s, 0.0) == 0.0


@pytest.mark.parametrize("T", [1e-4, 1e-6, 1e-9])
def test_low_temperature_joins_zero_temperature(T):
    # averages over the field differ from those at T = 0 by (π²/12)(T/s)² times a curvature of order 1
    for s in (0.05, 0.4, 3.0):
        for h in FIELDS:
            cold, frozen = spin_averages(h, s, T), spin_averages(h, s, 0.0)
            room = 2 * (T / s) ** 2 + 1e-15
            assert abs(cold.m - frozen.m) <= room
            assert abs(cold.C - frozen.C) <= room / s
            assert cold.q == pytest.approx(1 - T * cold.C, abs=1e-15)
            assert abs(spin_work(h, s, T) - spin_work(h, s, 0.0)) <= 4 * T * T / s + 1e-15 * (abs(h) + s)
            # S = (π²/6) T ρ(0), ρ the density of the field at 0
            density = frozen.C / 2
            assert spin_entropy(h, s, T) == pytest.approx(math.pi**2 / 6 * T * density, abs=2 * T / s * room + 1e-16)
            # ∫ sech⁴ = 4/3: ⟨(β sech²)²⟩ → (4/3) ρ(0)/T
            assert spin_response_squared(h, s, T) == pytest.approx(4 / 3 * density / T, abs=2 * room / (T * s))


@settings(deadline=None, max_examples=40)
@given(h=st.floats(-2, 2), log_s=st.floats(-2, 0.3), log_T=st.floats(-5, 0.7))
def test_complex_steps_are_the_analytic_derivatives(h, log_s, log_T):
    s, T = 10.0**log_s, 10.0**log_T
    exact, scale = integrals(h, s, T), sizes(h, s, T)
    along_h = spin_averages(h + 1j * STEP, s, T)
    along_s = spin_averages(h, s + 1j * STEP, T)
    along_T = spin_averages(h, s, T + 1j * STEP)
    room = 10 * ROUNDED
    assert abs(along_h.m.imag / STEP - exact.C) <= room * scale.C  # ∂m/∂h = C
    assert abs(along_h.C.imag / STEP - exact.bend) <= room * scale.bend
    assert abs(along_s.m.imag / STEP - s * exact.bend) <= room * max(s * scale.bend, 1 / s)
    # −∂q/∂T = C + T ∂C/∂T, q = 1 − T C
    lhs, rhs = along_T.q.imag / STEP, -exact.C - T * along_T.C.imag / STEP
    assert abs(lhs - rhs) <= room * scale.C * 10
    assert abs(spin_work(h + 1j * STEP, s, T).imag / STEP - exact.m) <= room
    assert abs(spin_work(h, s + 1j * STEP, T).imag / STEP - s * exact.C) <= room
    assert abs(spin_work(h, s, T + 1j * STEP).imag / STEP - exact.entropy) <= room
    # h, s, T scaled together leave m as it is: h ∂m/∂h + s ∂m/∂s + T ∂m/∂T = 0
    slope_T = -(h * exact.C + s * s * exact.bend) / T
    assert abs(along_T.m.imag / STEP - slope_T) <= room * (abs(h) + s + T) / (T * min(s, T) if T > s else T * s)


def test_fourth_power_by_its_complex_step():
    # ∂/∂h of (1/T²)⟨sech⁴⟩ = −(4/T³)⟨sech⁴ tanh⟩
    for h, s, T in ((0.3, 0.5, 0.1), (0.3, 0.5, 0.4), (0.1, 0.2, 0.9)):
        exact = -4 * over_z(lambda u, z: sech2(u) ** 2 * np.tanh(u), h, s, T) / T**3
        assert spin_response_squared(h + 1j * STEP, s, T).imag / STEP == pytest.approx(exact, rel=1e-12)


def test_arrays_over_all_rules_equal_scalars():
    h, s, T = np.array([0.2, -0.1])[:, None, None], np.array([0.05, 0.5, 2.0])[:, None], np.array(TEMPERATURES)
    shape = (2, 3, len(TEMPERATURES))
    functions = [
        spin_averages,
        spin_linear_response,
        lambda *a: (spin_response_squared(*a),),
        lambda *a: (spin_work(*a),),
        lambda *a: (spin_entropy(*a),),
    ]
    for function in functions:
        table = function(h, s, T)
        for member in table:
            assert member.shape == shape
        for index in np.ndindex(shape):
            i, j, k = index
            scalars = function(float(h[i, 0, 0]), float(s[j, 0]), float(T[k]))
            for member, scalar in zip(table, scalars, strict=True):
                assert np.ndim(scalar) == 0
                assert member[index] == pytest.approx(scalar, rel=1e-13, abs=1e-15)


def test_zero_temperature_inside_an_array():
    T = np.array([0.0, 1e-9, 0.2])
    table = spin_averages(0.3, 0.5, T)
    for i, value in enumerate(T):
        np.testing.assert_allclose([v[i] for v in table], spin_averages(0.3, 0.5, float(value)), rtol=1e-14)


@pytest.mark.parametrize(("s", "T"), [(0.3, 0.2), (0.5, 0.01), (0.2, 0.9)])
def test_multiprecision_keeps_its_digits(s, T):
    # h = s = 0.4 and the like as exact decimals; the integral over z by tanh-sinh at 10 digits more
    with mp.workdps(DIGITS):
        h, s, T = mp.mpf("0.4"), mp.mpf(str(s)), mp.mpf(str(T))
        m, q, C = spin_averages(h, s, T)
        work = spin_work(h, s, T)
        squared = spin_response_squared(h, s, T)
        with mp.workdps(DIGITS + 10):
            a, w = -h / s, T / s
            edges = sorted({-15, 15, a, *(a + d * w * c for d in (-1, 1) for c in (2, 8, 30)), -5, 0, 5})
            edges = [e for e in edges if abs(e) <= 15]

            def average(f):
                return mp.quad(lambda z: mp.npdf(z) * f((h + s * z) / T), edges)

            exact = [
                average(mp.tanh),
                average(lambda u: mp.tanh(u) ** 2),
                average(lambda u: mp.sech(u) ** 2) / T,
                T * average(lambda u: mp.log(2 * mp.cosh(u))),
                average(lambda u: mp.sech(u) ** 4) / T**2,
            ]
        for value, other in zip((m, q, C, work, squared), exact, strict=True):
            assert abs(value / other - 1) < mp.mpf(10) ** (4 - DIGITS)
