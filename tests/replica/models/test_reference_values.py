"""Numbers of the Hopfield model, published and recomputed: every one to the digits printed.

AGS: Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985); PRA 32, 1007 (1985); Ann. Phys. 173, 30 (1987). Each number
was computed independently of this package, mostly from the equations at T = 0 in y = m/√(2αr),

    √(2α) = erf(y)/y − (2/√π) e^{−y²},   m = erf(y),   C = (2/√π) y e^{−y²}/erf(y),   r = (1 − C)^{−2},

or is computed here once more by mpmath.
"""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import minimize_scalar

import replica
from replica.models import Hopfield, ThresholdHopfield

ALPHA_C = 0.1379055664949317
ALPHA_1 = 0.05185433091891706
DOUBLE = 1e-14  # what is asked of α_c in double precision


def printed(value, text):
    """Agree to the digits printed: half a unit of the last place, and rounding."""
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(exponent or 0) - places)
    return abs(float(value) - float(text)) <= 1.001 * half + 4e-16 * abs(float(text))


def capacity_by_mpmath(digits):
    """Return y, α at the maximum of α(y), the derivative of √(2α) written out by hand."""
    with mp.workdps(digits + 15):
        # d/dy [erf(y)/y − (2/√π)e^{−y²}] = (2/√π)e^{−y²}(1/y + 2y) − erf(y)/y²
        y = mp.findroot(
            lambda y: 2 / mp.sqrt(mp.pi) * mp.exp(-y * y) * (1 / y + 2 * y) - mp.erf(y) / y**2, mp.mpf("1.5")
        )
        root = mp.erf(y) / y - 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)
        return y, root**2 / 2


# T = 0.


def test_capacity_in_double_precision():
    y, alpha = capacity_by_mpmath(30)
    fold = replica.spinodal(Hopfield(alpha=0.1), along="alpha")
    assert abs(fold.value - alpha) <= DOUBLE
    assert abs(fold.value - ALPHA_C) <= DOUBLE
    # a fold fixes the state to the square root of rounding less well than α; the extended system does not
    assert fold.order.m == pytest.approx(0.9674171156852916, abs=1e-12)
    assert fold.order.m == pytest.approx(float(mp.erf(y)), abs=1e-12)
    assert fold.order.m / math.sqrt(2 * fold.value * fold.order.r) == pytest.approx(1.511218556327657, abs=1e-11)
    assert printed(100 * (1 - fold.order.m) / 2, "1.62914")
    assert fold.log_value == pytest.approx(math.log(ALPHA_C), abs=1e-14)


@pytest.mark.parametrize("digits", [30, 50, 80])
def test_capacity_to_many_digits(digits):
    y, alpha = capacity_by_mpmath(digits)
    with mp.workdps(digits + 15):
        fold = replica.spinodal(Hopfield(alpha=mp.mpf("0.1")), along="alpha", precision=digits)
        assert abs(fold.value / alpha - 1) < mp.mpf(10) ** -digits
        assert abs(fold.order.m / mp.erf(y) - 1) < mp.mpf(10) ** -digits
        # the fold's own equations, written without the model
        m, _, r, C, _ = fold.order
        s = mp.sqrt(fold.value * r)
        assert abs(m - mp.erf(m / (s * mp.sqrt(2)))) < mp.mpf(10) ** -digits
        assert abs(C - mp.sqrt(2 / mp.pi) / s * mp.exp(-m * m / (2 * s * s))) < mp.mpf(10) ** -digits
        assert abs(r * (1 - C) ** 2 - 1) < mp.mpf(10) ** -digits


def test_retrieval_becomes_the_ground_state_at_alpha_1():
    point = replica.coexistence(Hopfield(alpha=0.02), along="alpha")
    assert point.value == pytest.approx(ALPHA_1, rel=1e-12)

    def gap(y):
        """E of retrieval minus that of the glass, at T = 0 in y alone."""
        alpha = (mp.erf(y) / y - 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)) ** 2 / 2
        C = 2 / mp.sqrt(mp.pi) * y * mp.exp(-y * y) / mp.erf(y)
        energy = -(mp.erf(y) ** 2) / 2 + alpha / 2 * (1 - (1 - C) ** -2)
        return energy + 1 / mp.pi + mp.sqrt(2 * alpha / mp.pi)

    with mp.workdps(40):
        y = mp.findroot(gap, mp.mpf(3))
        exact = (mp.erf(y) / y - 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)) ** 2 / 2
        assert abs(exact - ALPHA_1) < 1e-16
        fine = replica.coexistence(Hopfield(alpha=mp.mpf("0.02")), along="alpha", precision=30)
        assert abs(fine.value / exact - 1) < mp.mpf(10) ** -29


@pytest.mark.parametrize(
    ("alpha", "m", "error", "energy"),
    [
        (0.05, "0.999992228149", "3.88592548e-6", "-0.500000356383"),
        (0.10, "0.997999266347", "1.00036683e-3", "-0.500154209347"),
        (0.13, "0.987211890799", "6.39405460e-3", "-0.500912373835"),
    ],
)
def test_retrieval_at_zero_temperature(alpha, m, error, energy):
    state = replica.solve(Hopfield(alpha=alpha, T=0))
    assert printed(state.order.m, m)
    assert printed((1 - state.order.m) / 2, error)
    assert printed(state.free_energy, energy)
    assert state.energy == state.free_energy
    on_shell = -(state.order.m**2) / 2 + alpha / 2 * (1 - state.order.r)
    assert state.energy == pytest.approx(on_shell, abs=1e-15)


@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.1379, 1.0, 50.0])
def test_spin_glass_at_zero_temperature_is_closed(alpha):
    state = replica.solve(Hopfield(alpha=alpha), start="spin_glass")
    s = math.sqrt(2 / (math.pi * alpha))
    # α r = s², so 1 − C = 1/(1 + s): to the rounding of C itself
    assert state.order.C == pytest.approx(s / (1 + s), rel=1e-14)
    assert state.order.r == pytest.approx((1 + s) ** 2, rel=1e-12)
    energy = -1 / math.pi - math.sqrt(2 * alpha / math.pi)
    assert state.energy == pytest.approx(energy, rel=1e-12, abs=1e-13)


def test_entropies_at_the_capacity():
    retrieval = replica.spinodal(Hopfield(alpha=0.1), along="alpha").states[0]
    glass = replica.solve(Hopfield(alpha=ALPHA_C), start="spin_glass")
    assert printed(retrieval.entropy, "-0.001445077697655")
    assert printed(glass.entropy, "-0.06906451820590")
    for state in (retrieval, glass):
        C = state.order.C
        assert state.entropy == pytest.approx(-ALPHA_C / 2 * (math.log(1 - C) + C / (1 - C)), rel=1e-13)
    # AGS print −1.4e-3 and −0.07
    assert round(retrieval.entropy, 4) == -0.0014
    assert round(glass.entropy, 2) == -0.07


# T > 0.


@pytest.mark.parametrize(
    ("T", "alpha", "m", "q", "r", "f", "margin"),
    [
        (0.2, 0.05, "0.998877763094", "0.997830410963", "1.01983666315", "-0.500111164982", "0.978171832"),
        (0.1, 0.1, "0.996750843849", "0.996915837055", "1.06137534025", "-0.500264751508", "0.922128161"),
    ],
)
def test_retrieval_above_zero_temperature(T, alpha, m, q, r, f, margin):
    s = replica.solve(Hopfield(alpha=alpha, T=T))
    for value, text in zip((s.order.m, s.order.q, s.order.r, s.free_energy), (m, q, r, f), strict=True):
        assert printed(value, text)
    # D² times the replicon is D² − αβ²⟨sech⁴⟩
    assert printed((1 - s.order.C) ** 2 * replica.replicon(s), margin)


@pytest.mark.parametrize(
    ("T", "alpha", "q", "r", "f"),
    [
        (0.2, 0.05, "0.841434762444", "19.6042726986", "-0.498895745892"),
        (0.5, 0.05, "0.597390955535", "15.7456791683", "-0.548645648950"),
    ],
)
def test_spin_glass_above_zero_temperature(T, alpha, q, r, f):
    s = replica.solve(Hopfield(alpha=alpha, T=T), start="spin_glass")
    for value, text in zip((s.order.q, s.order.r, s.free_energy), (q, r, f), strict=True):
        assert printed(value, text)
    assert s.replicon < 0  # the glass breaks replica symmetry wherever it exists


def test_low_load_is_the_curie_weiss_model():
    m = 0.9575040240773
    assert printed(math.tanh(m / 0.5), "0.9575040240773")
    assert printed(replica.solve(Hopfield(alpha=1e-14, T=0.5)).order.m, "0.9575040240773")


# Lines.


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.05, 0.25, 1.0, 9.0])
def test_onset_of_the_glass(alpha):
    exact = 1 + math.sqrt(alpha)
    onset = replica.instability(Hopfield(alpha=alpha, T=2 * exact), along="T", start="paramagnet")
    assert onset.value == pytest.approx(exact, rel=1e-13)
    # the other route: the temperature at which the glass ends, by bisection on its existence
    low, high = 0.5 * exact, 2 * exact
    while high - low > 1e-7 * exact:
        middle = 0.5 * (low + high)
        kinds = {s.kind for s in replica.solve_all(Hopfield(alpha=alpha, T=middle), n_condensed=())}
        low, high = (middle, high) if "spin_glass" in kinds else (low, middle)
    assert low == pytest.approx(exact, rel=1e-6)
    just_below = replica.solve(Hopfield(alpha=alpha, T=exact * (1 - 1e-4)), start="spin_glass")
    assert 0 < just_below.order.q < 1e-3


def test_onset_of_the_glass_to_many_digits():
    with mp.workdps(45):
        onset = replica.instability(Hopfield(alpha=mp.mpf("0.05"), T=2), along="T", start="paramagnet", precision=30)
        assert abs(onset.value - 1 - mp.sqrt(mp.mpf("0.05"))) < mp.mpf(10) ** -30


@pytest.mark.parametrize(("alpha", "T_M"), [(0.01, "0.8010181215"), (0.05, "0.5422550379"), (0.10, "0.3154322237")])
def test_temperature_at_which_retrieval_ends(alpha, T_M):
    assert printed(replica.spinodal(Hopfield(alpha=alpha, T=0), along="T").value, T_M)


@pytest.mark.medium
@pytest.mark.parametrize(("alpha", "T_c"), [(0.01, "0.7216239674"), (0.03, "0.4787929445")])
def test_temperature_at_which_retrieval_is_lowest(alpha, T_c):
    assert printed(replica.coexistence(Hopfield(alpha=alpha, T=0), along="T").value, T_c)


@pytest.mark.parametrize(
    ("T", "alpha_M"),
    [(0.9, "0.0025683680"), (0.5, "0.0588155205"), (0.2, "0.1225588606"), (0.1, "0.1350491898")],
)
def test_load_at_which_retrieval_ends(T, alpha_M):
    assert printed(replica.spinodal(Hopfield(alpha=1e-4, T=T), along="alpha").value, alpha_M)


def test_replica_symmetry_breaks_on_the_stable_branch():
    at = replica.instability(Hopfield(alpha=0.12, T=0.1), along="T")
    assert printed(at.value, "0.0049879337")
    assert at.states[0].stable
    assert at.states[0].sheet == 0
    # at α = 0.10 the unstable root has a zero of its replicon as well, T = 0.10748, which is not the AT line
    low = replica.instability(Hopfield(alpha=0.10, T=0.2), along="T")
    assert low.value < 0.002
    unstable = [
        next(s for s in replica.solve_all(Hopfield(alpha=0.10, T=T), n_condensed=(1,)) if s.sheet == 1).replicon
        for T in (0.10747, 0.10749)
    ]
    assert unstable[0] * unstable[1] < 0


@pytest.mark.medium
@pytest.mark.parametrize("alpha", [0.004, 0.008, 0.02])
def test_replica_symmetry_breaks_exponentially_low(alpha):
    # T_R → √(8α/9π) e^{−1/2α}, AGS; corrections to ln T_R are of the order of e^{−1/2α}/α... and vanish with α
    T_R = replica.instability(Hopfield(alpha=alpha, T=0.1), along="T")
    asymptote = 0.5 * math.log(8 * alpha / (9 * math.pi)) - 1 / (2 * alpha)
    assert T_R.log_value == pytest.approx(asymptote, abs=1e-6)


def test_replica_symmetry_breaks_at_small_load_as_computed():
    # T_R(.01) is about 1e-23
    T_R = replica.instability(Hopfield(alpha=0.01, T=0.1), along="T").value
    assert math.floor(math.log10(T_R)) == -23


def slope_at_small_load(line):
    """Limit of (1 − T)/√α as α → 0: a cubic in √α through α = 1e-7 … 1e-4."""
    alphas = np.geomspace(1e-7, 1e-4, 7)
    x = np.sqrt(alphas)
    values = np.array([(1 - line(float(a))) / math.sqrt(a) for a in alphas])
    return np.polyfit(x, values, 3)[-1]


@pytest.mark.slow
def test_small_load_slopes():
    """Slopes of T_M and T_c at α = 0, found here; AGS (1987) print 1.95 and 2.6."""
    T_M = slope_at_small_load(lambda a: replica.spinodal(Hopfield(alpha=a, T=0.5), along="T").value)
    T_c = slope_at_small_load(lambda a: replica.coexistence(Hopfield(alpha=a, T=0.5), along="T").value)
    print(f"slopes: T_M {T_M:.6f}, T_c {T_c:.6f}")
    assert round(T_M, 2) == 1.95
    assert round(T_c, 1) == 2.6


def test_capacity_is_reentrant():
    """α_M(T) has its maximum above T = 0 (Naef & Canning 1992; Steffan & Kühn 1994); found here."""

    def load(T):
        return replica.spinodal(Hopfield(alpha=0.01, T=T), along="alpha").value

    best = minimize_scalar(lambda T: -load(T), bounds=(0.001, 0.1), method="bounded", options={"xatol": 1e-7})
    print(f"largest load {-best.fun:.10f} at T = {best.x:.6f}")
    assert -best.fun > ALPHA_C + 2e-4
    assert 0.1381 < -best.fun < 0.1383
    assert 0.015 < best.x < 0.025
    # at a load between α_c and the maximum retrieval exists in a window of T > 0 only
    between = 0.5 * (ALPHA_C - best.fun)
    window = replica.solve(Hopfield(alpha=between, T=np.array([0.0, best.x, 0.08])), throw=False)
    assert list(window.status) == [1, 0, 1]


@pytest.mark.medium
def test_alpha_1_is_reentrant_too():
    """Retrieval stays lowest up to a larger load at T ≈ 0.08 than at T = 0."""
    loads = {
        T: replica.coexistence(Hopfield(alpha=0.02, T=T), along="alpha").value for T in (0.0, 0.04, 0.08, 0.12, 0.2)
    }
    assert loads[0.0] == pytest.approx(ALPHA_1, rel=1e-12)
    assert loads[0.08] == max(loads.values())
    assert 0.0525 < loads[0.08] < 0.0535


# Mixtures.


@pytest.mark.medium
def test_symmetric_mixtures_are_stable_at_low_load_below():
    """3-mixtures at α → 0 lose their stability at T = 0.4597942398778 (AGS, PRA 1985: 0.46)."""
    # without noise: m = ⟨z₃ tanh βm z₃⟩/3, and 1 − β⟨sech²⟩ − β⟨ξ1ξ2 tanh²⟩ vanishes
    with mp.workdps(30):

        def equations(m, T):
            one, three = mp.tanh(m / T), mp.tanh(3 * m / T)
            overlap = (three + one) / 4 - m
            variance = 1 - three**2 / 4 - 3 * one**2 / 4
            cross = three**2 / 4 - one**2 / 4
            return [overlap, 1 - (variance + cross) / T]

        exact = mp.findroot(equations, (mp.mpf("0.45"), mp.mpf("0.46")))[1]
    assert printed(exact, "0.4597942398778")

    def curvature(T):
        return replica.solve(Hopfield(alpha=1e-13, T=T), start=("mixture", 3)).curvature

    low, high = 0.3, 0.6
    assert curvature(low) > 0 > curvature(high)
    while high - low > 1e-13:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if curvature(middle) > 0 else (low, middle)
    assert low == pytest.approx(float(exact), abs=1e-10)


def mixture_limit_by_mpmath(n):
    """Largest α with symmetric n-mixtures at T = 0, from the T = 0 equations in y = m/s."""

    def load(y):
        terms = [(abs(n - 2 * k), mp.binomial(n, k) / mp.mpf(2) ** n) for k in range(n + 1)]
        m = sum(w * z * mp.erf(z * y / mp.sqrt(2)) for z, w in terms) / n
        s = m / y
        C = sum(w * 2 * mp.npdf(z * y) for z, w in terms) / s
        return s * s * (1 - C) ** 2

    with mp.workdps(30):
        # the first maximum from the zero-noise end, y → ∞
        y = mp.mpf(8)
        while load(y - mp.mpf("0.01")) > load(y):
            y -= mp.mpf("0.01")
        y = mp.findroot(lambda v: mp.diff(load, v), y)
        return load(y)


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize(("n", "found"), [(3, "0.02994175738"), (5, "0.01626592441"), (7, "0.01111875395")])
def test_limits_of_symmetric_mixtures(n, found):
    limit = replica.spinodal(Hopfield(alpha=1e-6), along="alpha", start=("mixture", n)).value
    assert limit == pytest.approx(float(mixture_limit_by_mpmath(n)), rel=1e-12)
    assert printed(limit, found)
    if n == 3:
        assert round(limit, 2) == 0.03  # AGS 1987


# The threshold model.


@pytest.mark.parametrize(("theta", "alpha_c"), [(0.0, "0.1379055665"), (0.5, "0.4927682112"), (1.0, "2.4283371375")])
def test_capacity_with_a_threshold(theta, alpha_c):
    fold = replica.spinodal(ThresholdHopfield(alpha=1e-6, theta=theta), along="alpha")
    assert printed(fold.value, alpha_c)
    assert fold.order.q == 0.5
    assert fold.order.m == pytest.approx(0.9674171156852916 / 2, abs=1e-12)
