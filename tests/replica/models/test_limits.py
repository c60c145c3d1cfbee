"""Limits T → 0, α → 0, θ → −∞ and the map between the two models, by solving.

Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987); G. Manzan, slides (2021), "Hopfield network with
threshold": with m = m̃/2 and α̃ = 2 H2(√2 θ) α the threshold model is the Hopfield model at T = 0.
"""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import Hopfield, ThresholdHopfield

ALPHA_C = 0.1379055664949317
SCALED = 1e-12  # relative error allowed to α_c(θ)
ROUNDED = 1e-13  # relative error of a well-conditioned solution
LOADS = [1e-4, 0.01, 0.05, 0.1, 0.13, 0.137]


def h2(x, digits=30):
    """H2 = (1 + x²) H0 − x φ by mpmath, with digits to spare for what cancels."""
    with mp.workdps(digits + 20):
        x = mp.mpf(x)
        return (1 + x * x) * mp.erfc(x / mp.sqrt(2)) / 2 - x * mp.npdf(x)


# T → 0.


@pytest.mark.parametrize("T", [1e-3, 1e-6, 1e-9])
def test_solutions_at_low_temperature_approach_those_at_zero(T):
    # averages change by (T/s)², q = 1 − T C by T, and the state by that times a condition number below 50
    for alpha in LOADS[1:]:
        cold, frozen = (replica.solve_all(Hopfield(alpha=alpha, T=t)) for t in (T, 0.0))
        assert [(s.kind, s.n, s.sheet) for s in cold] == [(s.kind, s.n, s.sheet) for s in frozen]
        for a, b in zip(cold, frozen, strict=True):
            room = 50 * T + 1e-12
            assert a.order.m == pytest.approx(b.order.m, abs=room)
            assert a.order.C == pytest.approx(b.order.C, abs=room)
            assert a.order.r == pytest.approx(b.order.r, rel=10 * room)
            assert a.order.q == pytest.approx(1 - T * b.order.C, abs=room)
            # f = E − T S
            assert a.free_energy == pytest.approx(b.free_energy - T * b.entropy, abs=100 * T * T / alpha + 1e-13)
            assert a.residual <= 1e-13
            if T >= 1e-6:
                assert a.entropy == pytest.approx(b.entropy, abs=100 * T)


def test_zero_temperature_in_an_array_is_the_limit():
    T = np.array([0.0, 1e-9, 1e-6])
    table = replica.solve_all(Hopfield(alpha=0.1, T=T))
    for j in range(len(table)):
        np.testing.assert_allclose(table.order.m[:, j], table.order.m[0, j], atol=1e-6)
        np.testing.assert_allclose(table.free_energy[:, j], table.free_energy[0, j], atol=1e-7)
    np.testing.assert_array_equal(table.status, 0)


@pytest.mark.parametrize("T", [1e-6, 1e-9])
def test_lines_at_low_temperature_approach_those_at_zero(T):
    assert replica.spinodal(Hopfield(alpha=0.1, T=T), along="alpha").value == pytest.approx(ALPHA_C, abs=1e-6)
    coexistence = replica.coexistence(Hopfield(alpha=0.02, T=T), along="alpha").value
    assert coexistence == pytest.approx(0.05185433091892, abs=20 * T + 1e-13)


def test_replicon_at_low_temperature():
    # αβ²⟨sech⁴⟩ → (4α/3) φ(m/s)/(sT): infinite at T = 0, and T times it finite
    state = replica.solve(Hopfield(alpha=0.1, T=0))
    assert state.replicon == -math.inf
    m, _, r, C, _ = state.order
    s = math.sqrt(0.1 * r)
    limit = 4 * 0.1 / 3 * math.exp(-((m / s) ** 2) / 2) / math.sqrt(2 * math.pi) / s / (1 - C) ** 2
    for T in (1e-5, 1e-7):
        cold = replica.solve(Hopfield(alpha=0.1, T=T))
        assert T * (1 - cold.replicon) == pytest.approx(limit, rel=T)


# α → 0.


@pytest.mark.parametrize("T", [0.1, 0.3, 0.5, 0.8, 0.95])
def test_low_load_is_the_curie_weiss_model(T):
    with mp.workdps(30):
        exact = float(mp.findroot(lambda m: m - mp.tanh(m / T), mp.mpf("0.99") if T < 0.7 else mp.mpf(1 - T) * 2))
    C = (1 - exact**2) / T
    slope = []
    for alpha in (1e-12, 1e-8, 1e-6):
        state = replica.solve(Hopfield(alpha=alpha, T=T))
        # corrections are linear in α r
        slope.append((state.order.m - exact) / alpha if alpha > 1e-9 else None)
        assert state.order.m == pytest.approx(exact, abs=50 * alpha * state.order.r / (1 - T) ** 2 + 1e-14)
        assert state.order.r == pytest.approx(exact**2 / (1 - C) ** 2, rel=1e3 * alpha / (1 - T) ** 4 + 1e-11)
        f = exact**2 / 2 - T * math.log(2 * math.cosh(exact / T))
        assert state.free_energy == pytest.approx(f, abs=10 * alpha + 1e-15)
    assert slope[1] == pytest.approx(slope[2], rel=0.05 + 1e-6 / (1 - T) ** 4, abs=1e-7)


def test_low_load_above_the_critical_temperature_is_the_paramagnet():
    (state,) = replica.solve_all(Hopfield(alpha=1e-6, T=1.5))
    assert (state.kind, state.order.m, state.order.q, state.order.r) == ("paramagnet", 0, 0, 0)
    # f of independent spins and of M Gaussian modes: −T ln 2 + (α/2)[1 + T ln(1 − 1/T)]
    for T, alpha in ((1.5, 1e-6), (3.0, 0.5), (1.9, 0.8)):
        found = [s for s in replica.solve_all(Hopfield(alpha=alpha, T=T)) if s.kind == "paramagnet"]
        f = -T * math.log(2) + alpha / 2 * (1 + T * math.log(1 - 1 / T))
        assert found[0].free_energy == pytest.approx(f, rel=1e-14)
        # −∂f/∂T
        S = math.log(2) - alpha / 2 * (math.log(1 - 1 / T) + 1 / (T - 1))
        assert found[0].entropy == pytest.approx(S, rel=1e-13)
        assert found[0].replicon == pytest.approx(1 - alpha / (T - 1) ** 2, rel=1e-13)


@pytest.mark.parametrize("n", [3, 5, 7])
def test_low_load_mixtures_are_those_without_noise(n):
    T = 0.2
    law = [(abs(n - 2 * k), math.comb(n, k) / 2**n) for k in range(n + 1)]
    with mp.workdps(25):
        exact = mp.findroot(
            lambda m: m - sum(w * z * mp.tanh(m * z / T) for z, w in law) / n,
            mp.mpf(sum(w * z for z, w in law)) / n,
        )
    state = replica.solve(Hopfield(alpha=1e-13, T=T), start=("mixture", n))
    assert state.order.m == pytest.approx(float(exact), abs=1e-10)
    assert state.n == n


# The map of the threshold model on the Hopfield model.


@pytest.mark.parametrize("theta", [-3.0, -1.0, -0.2, 0.0, 0.3, 1.0, 2.5, 5.0])
def test_threshold_model_maps_on_the_hopfield_model(theta):
    gain = float(2 * h2(math.sqrt(2) * mp.mpf(theta)))
    for load in (0.01, 0.05, 0.1, 0.137):
        ours = replica.solve_all(ThresholdHopfield(alpha=load / gain, theta=theta))
        theirs = replica.solve_all(Hopfield(alpha=load, T=0), n_condensed=(1,))
        assert {(s.kind, s.sheet) for s in ours} == {(s.kind, s.sheet) for s in theirs}
        for a in ours:
            b = next(s for s in theirs if (s.kind, s.sheet) == (a.kind, a.sheet))
            assert 2 * a.order.m == pytest.approx(b.order.m, abs=1e-12)
            assert a.order.q == 0.5
            assert a.order.C == pytest.approx(b.order.C, abs=1e-12)
            # s̃ = 2 s: α̃ r̃ = 4 α r
            assert 4 * load / gain * a.order.r == pytest.approx(load * b.order.r, rel=1e-12)
            # f = −m²/2 − αr/2 on the saddle
            f = -(a.order.m**2) / 2 - load / gain * a.order.r / 2
            assert a.free_energy == pytest.approx(f, rel=1e-12)
            active = math.erfc(theta) / 2  # H0(√2 θ)
            assert a.order.B == pytest.approx(active / (1 - a.order.C), rel=1e-12)


@pytest.mark.parametrize("theta", [float(t) for t in np.linspace(-3, 5, 33)])
def test_capacity_scales_exactly_with_the_threshold(theta):
    fold = replica.spinodal(ThresholdHopfield(alpha=1e-9, theta=theta), along="alpha")
    exact = ALPHA_C / (2 * h2(mp.sqrt(2) * mp.mpf(theta)))
    assert abs(fold.value / exact - 1) <= SCALED
    # and it solves the equations of the threshold model, written out
    m, q, r, C, B = fold.order
    s = math.sqrt(fold.value * r)
    assert m == pytest.approx(math.erf(m / (s * math.sqrt(2))) / 2, abs=ROUNDED)
    assert q == 0.5
    assert C == pytest.approx(math.exp(-m * m / (2 * s * s)) / (s * math.sqrt(2 * math.pi)), abs=ROUNDED)
    assert r == pytest.approx(float(h2(mp.sqrt(2) * mp.mpf(theta)) / 2) / (1 - C) ** 2, rel=ROUNDED * 10)
    assert B == pytest.approx(math.erfc(theta) / 2 / (1 - C), rel=ROUNDED * 10)


def test_capacity_at_very_negative_thresholds():
    # α_c → α_c/(2(1 + 2θ²)) → 0, the mean −θ of the uncut unit a random field; the rest is e^{−θ²}
    for theta in (-6.0, -30.0, -1e3, -1e4):
        value = replica.spinodal(ThresholdHopfield(alpha=1e-12, theta=theta), along="alpha").value
        assert value == pytest.approx(ALPHA_C / (2 * (1 + 2 * theta**2)), rel=1e-11)


def test_capacity_beyond_the_range_of_doubles():
    point = replica.spinodal(ThresholdHopfield(alpha=1.0, theta=50.0), along="alpha")
    assert point.value == math.inf
    exact = mp.log(mp.mpf(ALPHA_C)) - mp.log(2 * h2(50 * mp.sqrt(2), 3000))
    assert point.log_value == pytest.approx(float(exact), rel=1e-13)
    with mp.workdps(45):
        theta = mp.mpf(50)
        fine = replica.spinodal(ThresholdHopfield(alpha=mp.one, theta=theta), along="alpha", precision=30)
        hopfield = replica.spinodal(Hopfield(alpha=mp.mpf("0.1")), along="alpha", precision=30).value
        scaled = hopfield / (2 * h2(50 * mp.sqrt(2), 3000))
        assert abs(fine.value / scaled - 1) < mp.mpf(10) ** -28
