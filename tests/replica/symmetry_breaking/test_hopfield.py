"""One step of replica-symmetry breaking above T = 0, Hopfield and Sherrington–Kirkpatrick: limits, plain quadrature."""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.special import logsumexp

import replica
from replica.averages.one_step_spin import one_step_spin
from replica.averages.one_step_spin_cold import one_step_averages
from replica.errors import ConvergenceError
from replica.models import Hopfield, Hopfield1RSB
from replica.numerics.gaussian import gaussian_average
from replica.symmetry_breaking.hopfield_thermal import hopfield_1rsb, hopfield_1rsb_capacity
from replica.symmetry_breaking.sk import sk_1rsb, sk_1rsb_ground_energy, sk_rs

ROUNDING = 1e-13
DIFFERENCED = 1e-9  # five-point differences with step 1e-3 of a function of size 1 and its rounding

# Averages.


def inner(u, w, x):
    """Laws of y over equidistant nodes at each u: weights, u + wy over x, and ln Z."""
    step = min(0.3, 0.25 * x / w)
    y = np.arange(-14, 14, step)
    tau = (u[..., None] + w * y) / x
    power = x * np.logaddexp(tau, -tau)
    weight = step / math.sqrt(2 * math.pi) * np.exp(-y * y / 2)
    log_z = logsumexp(power, b=weight, axis=-1)
    return np.exp(power - log_z[..., None]) * weight, tau, power, log_z


def plain_averages(y, kappa, w, x):
    def of(j):
        def at(z):
            law, tau, power, log_z = inner(kappa * (y + z), w, x)
            t = np.tanh(tau)
            mean = (law * t).sum(-1)
            squared = (law * t * t).sum(-1)
            entropy = (law * (np.logaddexp(tau, -tau) - tau * t)).sum(-1)
            work = (law * power).sum(-1) - log_z - w * w * squared / 2
            return (mean, squared - mean**2, (1 - squared) / x, work, entropy)[j]

        return gaussian_average(at, kink=-y, width=min(max(w, x) / kappa, 1)).value

    return [of(j) for j in range(5)]


@pytest.mark.medium
@pytest.mark.parametrize(
    ("y", "kappa", "w", "x"),
    [(2.0, 17.0, 0.9, 0.3), (2.0, 17.0, 0.9, 0.95), (0.0, 1.0, 1.0, 0.5), (0.5, 0.3, 0.3, 0.9), (0.7, 2.0, 1.5, 0.2)],
)
def test_averages_by_panels_and_equidistant_nodes(y, kappa, w, x):
    found, expected = one_step_spin(y, kappa, w, x), plain_averages(y, kappa, w, x)
    for name, value, truth in zip(found._fields, found, expected, strict=True):
        # the plain work is a difference of numbers of the size of u
        tolerance = ROUNDING * (1 + 10 * kappa) if name == "work" else ROUNDING
        assert float(value) == pytest.approx(float(truth), abs=tolerance), name


@pytest.mark.parametrize(
    ("y", "kappa", "w"), [(2.137, 16.9, 0.92), (0.0, 1.0, 1.0), (8.0, 1e6, 1.054), (0.3, 0.2, 0.05)]
)
def test_no_cluster_size_is_zero_temperature(y, kappa, w):
    cold, found = one_step_averages(y, kappa, w), one_step_spin(y, kappa, w, 0.0)
    assert found.entropy == 0
    for a, b in zip(cold, (found.m, found.dq, found.response * w, found.work), strict=True):
        assert b == pytest.approx(a, rel=ROUNDING, abs=1e-300)


@pytest.mark.parametrize(("y", "kappa", "w"), [(2.0, 17.0, 0.9), (0.0, 1.0, 1.0), (5.0, 300.0, 0.6), (0.3, 0.2, 0.05)])
def test_the_two_routes_meet_where_one_takes_over(y, kappa, w):
    """Below x = w panels in τ, above it a trapezoid in y; all but m to the relative digits of small averages."""
    below, above = (one_step_spin(y, kappa, w, w * (1 + s * 1e-14)) for s in (-1, 1))
    for a, b in zip(below, above, strict=True):
        assert b == pytest.approx(a, rel=2e-12, abs=1e-300)


def test_small_work_keeps_its_digits():
    """In mpmath at w = 0.012, x = 0.06, where J = −1.2e-6 is left of terms of order w²."""
    kappa, w, x = 0.008, 0.012, 0.06
    nodes = [mp.mpf(k) / 4 for k in range(-32, 33)]
    with mp.workdps(30):
        total = mp.mpf(0)
        for z in nodes:
            L = [x * mp.log(2 * mp.cosh((kappa * z + w * y) / x)) for y in nodes]
            e = [mp.npdf(y) / 4 * mp.exp(v) for y, v in zip(nodes, L, strict=True)]
            Z = sum(e)
            K = sum(a * v for a, v in zip(e, L, strict=True)) / Z - mp.log(Z)
            squared = sum(a * mp.tanh((kappa * z + w * y) / x) ** 2 for a, y in zip(e, nodes, strict=True)) / Z
            total += mp.npdf(z) / 4 * (K - w * w * squared / 2)
    assert float(one_step_spin(0.0, kappa, w, x).work) == pytest.approx(float(total), rel=1e-11)


# Free energies.


def log_trace(m, s0, s1, T, x):
    """⟨ln ∫Dy (2cosh β(m + s0 z + s1 y))^x⟩."""

    def at(z):
        return inner(x / T * (m + s0 * z), x / T * s1, x)[3]

    return gaussian_average(at, kink=-m / s0, width=min(max(s1, T) / s0, 1)).value


def hopfield(alpha, T, m, q1, q0, r1, r0, x):
    """F of the docs term by term, all order parameters free."""
    mu, C = x / T, (1 - q1) / T
    D = 1 - C - mu * (q1 - q0)
    pair = T * math.log(1 - C) + math.log(D / (1 - C)) / mu - q0 / D + r1 * C + mu * (r1 * q1 - r0 * q0)
    site = log_trace(m, math.sqrt(alpha * r0), math.sqrt(alpha * (r1 - r0)), T, x) / mu
    return alpha / 2 + m * m / 2 + alpha / 2 * pair - site


def sk(T, q1, q0, x):
    site = T / x * log_trace(0.0, math.sqrt(q0), math.sqrt(q1 - q0), T, x)
    return -((1 - q1) ** 2) / (4 * T) + x / T / 4 * (q1**2 - q0**2) - site


def slopes(f, at, rooms):
    for j, room in enumerate(rooms):
        e = [f(*[v + k * 1e-3 * room * (i == j) for i, v in enumerate(at)]) for k in (-2, -1, 1, 2)]
        yield (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / 12e-3


@pytest.mark.medium
@pytest.mark.parametrize(
    ("alpha", "T", "start"),
    [(0.1, 0.3, "spin_glass"), (1.0, 1.2, "spin_glass"), (0.13, 0.005, "retrieval"), (0.138, 0.01, "retrieval")],
)
def test_free_energy_is_stationary_in_every_order_parameter(alpha, T, start):
    s = hopfield_1rsb(alpha, T, start=start)
    o = s.order
    at = [float(o.m), o.q, o.q0, o.r, o.r0, s.x]
    assert s.free_energy == pytest.approx(hopfield(alpha, T, *at), abs=ROUNDING)
    D = 1 - o.C - o.mu * o.dq
    room = min(o.dq, 1 - o.q, D * T)
    rooms = [1e-9 if start == "spin_glass" else 0.1 * T, room, room, o.dr, o.dr, s.x * min(1, D)]
    for slope in slopes(lambda *v: hopfield(alpha, T, *v), at, rooms):
        assert abs(slope) < DIFFERENCED


@pytest.mark.medium
@pytest.mark.parametrize("T", [0.4, 0.8])
def test_sherrington_and_kirkpatrick_is_a_maximum(T):
    """Stationary, and each of the three curvatures over (q1, q0, x) negative."""
    s = sk_1rsb(T)
    at = np.array([s.q, s.q - s.dq, s.x])
    assert s.free_energy == pytest.approx(sk(T, *at), abs=ROUNDING)
    rooms = np.array([s.dq, s.dq, s.x]) / 2
    for slope in slopes(lambda *v: sk(T, *v), at, rooms):
        assert abs(slope) < DIFFERENCED
    e, h = np.eye(3), 0.02
    curvature = [
        [
            sum(a * b * sk(T, *(at + h * rooms * (a * e[i] + b * e[j]))) for a in (1, -1) for b in (1, -1)) / h**2
            for j in range(3)
        ]
        for i in range(3)
    ]
    assert (np.linalg.eigvalsh(curvature) < -1e-7).all()


@pytest.mark.medium
@pytest.mark.parametrize("T", [0.1, 0.5])
def test_entropy_is_the_slope_of_the_free_energy(T):
    for state in (lambda T: hopfield_1rsb(0.1, T, start="spin_glass"), sk_1rsb):
        f = [state(T + k * 1e-3).free_energy for k in (-2, -1, 1, 2)]
        assert state(T).entropy == pytest.approx(-(f[0] - 8 * f[1] + 8 * f[2] - f[3]) / 12e-3, abs=1e-9)


# Limits.


@pytest.mark.parametrize(("alpha", "start"), [(0.1, "retrieval"), (0.138, "retrieval"), (0.1, "spin_glass")])
def test_zero_temperature_is_that_of_the_model(alpha, start):
    cold, found = replica.solve(Hopfield1RSB(alpha=alpha), start=start), hopfield_1rsb(alpha, 0, start=start)
    assert found.x == 0
    assert found.free_energy == pytest.approx(cold.free_energy, abs=ROUNDING)
    assert found.entropy == pytest.approx(cold.entropy, rel=1e-9)
    for a, b in zip(cold.order, found.order, strict=True):
        assert b == pytest.approx(a, rel=1e-10)
    near = hopfield_1rsb(alpha, 1e-6, start=start)
    assert near.free_energy == pytest.approx(cold.free_energy - 1e-6 * cold.entropy, abs=1e-11)


def test_sherrington_and_kirkpatrick_from_zero_temperature():
    ground, cold = sk_1rsb_ground_energy(), sk_1rsb(0)
    assert ground.energy == pytest.approx(-0.7652594346736825, abs=1e-14)
    assert (cold.free_energy, cold.q - cold.dq, cold.mu) == pytest.approx(tuple(ground), abs=ROUNDING)
    # between the symmetric free energy and any higher step; its entropy is less negative
    for T in (0, 0.05, 0.5, 0.9):
        assert sk_1rsb(T).free_energy > sk_rs(T).free_energy
        assert sk_1rsb(T).entropy > sk_rs(T).entropy
    assert sk_rs(0.5).free_energy == pytest.approx(-0.792392945135, abs=6e-13)
    assert sk_1rsb(0.5).free_energy == pytest.approx(-0.7912088423792, abs=1e-12)


@pytest.mark.medium
def test_sherrington_and_kirkpatrick_close_to_its_transition():
    """τ = 1 − T: q1 = τ, q0 = τ/3 and x = 4τ/3 (Parisi); f rises by 32/729 τ⁵. Polynomials through five points."""
    tau = np.array([0.02, 0.03, 0.05, 0.07, 0.1])
    states = [sk_1rsb(1 - t) for t in tau]
    rise = [s.free_energy - sk_rs(1 - t).free_energy for s, t in zip(states, tau, strict=True)]

    def limit(values):
        return np.polynomial.Polynomial.fit(tau, values, 4)(0.0)

    assert limit([s.q / t for s, t in zip(states, tau, strict=True)]) == pytest.approx(1, abs=1e-4)
    assert limit([1 - s.dq / s.q for s in states]) == pytest.approx(1 / 3, abs=1e-4)
    assert limit([s.x / t for s, t in zip(states, tau, strict=True)]) == pytest.approx(4 / 3, abs=1e-3)
    assert limit(rise / tau**5) == pytest.approx(32 / 729, rel=1e-3)


@pytest.mark.medium
def test_breaking_sets_in_continuously():
    """At T_R Δ vanishes linearly and f joins with the third power; at low loads x → ½ there.

    The kinks are far apart then, and x = ∫2t²(1−t²)² dh/∫(1−t²)³ dh = (8/15)/(16/15).
    """
    alpha = 0.05
    T_R = replica.instability(Hopfield(alpha=alpha, T=0.02), along="T", start="retrieval").value
    near, far = hopfield_1rsb(alpha, 0.995 * T_R), hopfield_1rsb(alpha, 0.99 * T_R)
    assert far.order.dq / near.order.dq == pytest.approx(2, rel=1e-2)
    assert 2 * near.x - far.x == pytest.approx(0.5, abs=1e-4)
    broken, symmetric = (
        np.array([s.free_energy for s in states])
        for states in (
            [hopfield_1rsb(1.0, T, start="spin_glass") for T in (1.9, 1.95)],
            [replica.solve(Hopfield(alpha=1.0, T=T), start="spin_glass") for T in (1.9, 1.95)],
        )
    )
    rise = broken - symmetric
    assert rise[1] > 0
    assert rise[0] / rise[1] == pytest.approx(2**5, rel=0.1)


@pytest.mark.parametrize("start", ["retrieval", "spin_glass"])
def test_breaking_raises_the_free_energy_and_the_entropy_at_low_temperature(start):
    for T in (1e-4, 1e-3):
        broken, symmetric = hopfield_1rsb(0.13, T, start=start), replica.solve(Hopfield(alpha=0.13, T=T), start=start)
        assert broken.free_energy > symmetric.free_energy
        assert broken.entropy > symmetric.entropy
        assert 0 < broken.x < 1


def test_large_loads_are_sherrington_and_kirkpatrick():
    """At T√α: q1, Δ and x within O(α^{−1/2})."""
    alpha, T = 1e6, 0.5
    found, limit = hopfield_1rsb(alpha, T * math.sqrt(alpha), start="spin_glass"), sk_1rsb(T)
    for a, b in zip((found.order.q, found.order.dq, found.x), (limit.q, limit.dq, limit.x), strict=True):
        assert a == pytest.approx(b, abs=5 / math.sqrt(alpha))


# Capacity.


def test_capacity_goes_over_to_that_at_zero_temperature():
    cold = replica.spinodal(Hopfield1RSB(alpha=0.13), along="alpha").value
    assert hopfield_1rsb_capacity(0).alpha == pytest.approx(cold, abs=1e-14)
    a, b = (hopfield_1rsb_capacity(T).alpha - cold for T in (1e-5, 2e-5))
    assert 0 < a < 3e-8
    assert b == pytest.approx(2 * a, rel=1e-2)


@pytest.mark.medium
def test_capacity_hardly_rises_with_temperature():
    """Symmetric theory is re-entrant by 2.8e-4, one step by 1.07e-5; both meet where the fold itself becomes stable."""
    rise = hopfield_1rsb_capacity(0.013).alpha - hopfield_1rsb_capacity(0).alpha
    assert rise == pytest.approx(1.0736e-5, abs=1e-9)
    meeting = 0.025068371707
    gaps = []
    for T in (meeting, meeting - 1e-3, meeting - 2e-3):
        fold = replica.spinodal(Hopfield(alpha=0.1, T=T), along="alpha", start="retrieval")
        if T == meeting:
            assert abs(fold.states[0].replicon) < 1e-8
        else:
            gaps.append(hopfield_1rsb_capacity(T).alpha - fold.value)
    assert gaps[0] > 0
    assert gaps[1] / gaps[0] == pytest.approx(4, rel=0.03)
    with pytest.raises(ConvergenceError, match=r"^T = 0\.03: retrieval at the capacity is replica symmetric there"):
        hopfield_1rsb_capacity(0.03)


def test_capacity_is_the_end_of_retrieval():
    """The state at the fold solves the equations, and its load is larger than that of its neighbours."""
    T = 0.01
    top = hopfield_1rsb_capacity(T)
    assert top.alpha > 0.1381865 + 1e-5
    below = [hopfield_1rsb(top.alpha - d, T).order.m for d in (4e-5, 1.6e-4)]
    # m − m_c ~ √(α_c − α)
    assert (below[1] - top.order.m) / (below[0] - top.order.m) == pytest.approx(2, rel=0.05)


# Arguments.


@pytest.mark.medium
def test_symmetric_states_are_refused():
    with pytest.raises(ConvergenceError, match=r"^T = 0\.01: the retrieval state is replica symmetric there"):
        hopfield_1rsb(0.1, 0.01)
    with pytest.raises(ConvergenceError, match="no spin_glass state"):
        hopfield_1rsb(0.1, 1.4, start="spin_glass")
    with pytest.raises(ConvergenceError, match=r"no retrieval state at alpha = 0\.14"):
        hopfield_1rsb(0.14, 0.001)
    with pytest.raises(ConvergenceError, match=r"^T = 0\.999: too close to 1"):
        sk_1rsb(0.999)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("alpha", {"alpha": -1, "T": 0.1}),
        ("alpha", {"alpha": 0.001, "T": 0}),
        ("alpha", {"alpha": [0.1, 0.2], "T": 0.1}),
        ("T", {"alpha": 0.1, "T": math.nan}),
        ("T", {"alpha": 0.1, "T": "cold"}),
        ("start", {"alpha": 0.1, "T": 0.1, "start": "mixture"}),
    ],
)
def test_arguments_are_refused_on_one_line(name, arguments):
    with pytest.raises(ValueError, match=rf"^{name} [^\n]*$"):
        hopfield_1rsb(**arguments)


@pytest.mark.parametrize("T", [1, -0.1, math.nan, None, "cold"])
def test_temperatures_are_refused_on_one_line(T):
    with pytest.raises(ValueError, match=r"^T = [^\n]*$"):
        sk_1rsb(T)
    if T != 1:
        with pytest.raises(ValueError, match=r"^T = [^\n]*$"):
            hopfield_1rsb_capacity(T)
