"""One step of replica-symmetry breaking at T = 0, and the Sherrington–Kirkpatrick model: limits and other routes."""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import root
from scipy.special import log_ndtr

import replica
from replica.averages.one_step_spin_cold import deficit, one_step_averages
from replica.errors import ConvergenceError
from replica.models import Hopfield, Hopfield1RSB
from replica.models.base import Order
from replica.models.hopfield_1rsb import OneStepOrder
from replica.numerics.gaussian import gaussian_average
from replica.numerics.jacobian import derivative, solved, stacked
from replica.phase.solution_rows import columns, solutions_at
from replica.saddle.solution import Status
from replica.symmetry_breaking.sk import sk_1rsb_ground_energy, sk_at_temperature, sk_rs

ALPHA_C = 0.138186489564874831138262763422  # computed here with 25 digits; 0.138186 Steffan & Kühn 1994
PUBLISHED = 5e-7  # half a unit of the last printed digit
SECOND_ROUTE = 1e-9  # α at a maximum found to 1e-4 in the coordinate, and that of a solver that stops at 1e-12
ROUNDING = 3e-14
DIFFERENCED = 1e-9  # five-point differences with step 1e-3 of a function of size 1 and its rounding


# Averages.


def log_partition(h, s1, mu):
    """ln ∫Dy e^{μ|h + s1 y|}."""
    w = mu * s1
    return w * w / 2 + np.logaddexp(mu * h + log_ndtr(w + h / s1), -mu * h + log_ndtr(w - h / s1))


@pytest.mark.parametrize(("h", "mu", "s1"), [(0.4, 2.0, 0.7), (0.0, 30.0, 0.03), (-1.3, 0.8, 0.2)])
def test_the_inner_integral_is_closed(h, mu, s1):
    direct = gaussian_average(lambda y: np.exp(mu * np.abs(h + s1 * y)), kink=-h / s1).value
    assert log_partition(h, s1, mu) == pytest.approx(math.log(direct), abs=ROUNDING)


POINTS = [
    (2.137, 16.9, 0.92),
    (0.0, 1.0, 1.0),
    (0.5, 0.26, 0.106),
    (8.0, 1e6, 1.054),
    (1.0, 0.3, 2.5),
    (0.3, 0.2, 0.05),
]


@pytest.mark.parametrize(("y", "kappa", "w"), POINTS)
def test_averages_by_panels_on_the_outer_field(y, kappa, w):
    """Gauss–Legendre panels in z, with t and d as derivatives of ln Z written out."""

    def average(f):
        return gaussian_average(lambda z: f(kappa * (y + z)), kink=-y, width=min(w, 1) / kappa).value

    def log_z(u):
        return log_partition(u, w, 1.0) - w * w / 2

    def t(u):
        return np.exp(u + log_ndtr(w + u / w) - log_z(u)) - np.exp(-u + log_ndtr(w - u / w) - log_z(u))

    def d(u):
        return 2 / math.sqrt(2 * math.pi) * np.exp(-0.5 * (u / w) ** 2 - w * w / 2 - log_z(u))

    found = one_step_averages(y, kappa, w)
    assert found.m == pytest.approx(average(t), abs=ROUNDING)
    assert found.contact == pytest.approx(average(d), rel=1e-12)
    assert found.dq == pytest.approx(average(lambda u: 1 - t(u) ** 2), abs=ROUNDING)
    assert found.work == pytest.approx(average(lambda u: u * t(u) - log_z(u) + w * d(u)), abs=1e-12)


@pytest.mark.parametrize(("y", "kappa", "w"), [*POINTS, (0.0, 0.01, 0.004)])
def test_averages_are_relative_to_rounding(y, kappa, w):
    """Against 25 digits; with dps the step and the reach of the trapezoidal rule change."""
    found = one_step_averages(y, kappa, w)
    with mp.workdps(25):
        exact = one_step_averages(mp.mpf(y), mp.mpf(kappa), mp.mpf(w))
    for a, b in zip(found, exact, strict=True):
        assert abs(float(a) - float(b)) <= ROUNDING * abs(float(b))


def test_the_function_of_v_is_smooth_where_its_series_ends():
    with mp.workdps(40):
        for v in (1e-30, 1e-3, 0.1199, 0.12, 0.5, 0.99):
            exact = (
                (mp.log1p(-mp.mpf(v)) + mp.mpf(v) / (1 - mp.mpf(v))) / mp.mpf(v) ** 2 if v > 1e-10 else mp.mpf("0.5")
            )
            assert float(deficit(v)) == pytest.approx(float(exact), rel=1e-13)
            assert float(deficit(mp.mpf(v))) == pytest.approx(float(exact), rel=1e-13)


# Energy.


def energy(alpha, m, C, dq, mu):
    """E of the docs term by term, the outer average by panels."""
    D, q0 = 1 - C - mu * dq, 1 - dq
    r0 = q0 / D**2
    r1 = r0 + dq / ((1 - C) * D)
    s0, s1 = math.sqrt(alpha * r0), math.sqrt(alpha * (r1 - r0))
    work = gaussian_average(lambda z: log_partition(m + s0 * z, s1, mu), kink=-m / s0, width=1 / (mu * s0)).value
    pair = math.log(D / (1 - C)) / mu - q0 / D + r1 * C + mu * (r1 - r0 * q0)
    return alpha / 2 + m * m / 2 + alpha / 2 * pair - work / mu


@pytest.mark.parametrize("x", [(0.6, 0.2, -2.0, 0.5), (0.95, 0.06, -5.5, 3.6), (0.1, 0.5, -1.0, -0.5)])
def test_energy_and_its_derivatives_off_the_saddle(x):
    model = Hopfield1RSB(alpha=0.13)

    def plain(x):
        return energy(0.13, x[0], x[1], math.exp(x[2]), math.exp(x[3]))

    order = model.unpack(x)
    assert model.free_energy(order) == pytest.approx(plain(x), abs=ROUNDING)
    for j, value in enumerate(model.gradient(order)):
        e = [plain([v + k * 1e-3 * (i == j) for i, v in enumerate(x)]) for k in (-2, -1, 1, 2)]
        assert value == pytest.approx((e[0] - 8 * e[1] + 8 * e[2] - e[3]) / 12e-3, abs=DIFFERENCED * 100)


def test_the_energy_is_stationary_in_every_parameter_at_the_solutions():
    for s in replica.solve_all(Hopfield1RSB(alpha=0.12)):
        at = [s.order.m, s.order.C, s.order.dq, s.order.mu]
        for j in range(1 if s.n == 0 else 0, 4):
            h = 1e-3 * at[j]
            e = [energy(0.12, *[v + k * h * (i == j) for i, v in enumerate(at)]) for k in (-2, -1, 1, 2)]
            assert abs(e[0] - 8 * e[1] + 8 * e[2] - e[3]) / 12e-3 < DIFFERENCED


@pytest.mark.parametrize(("dq", "mu"), [(0.1, 1e-7), (1e-10, 2.0), (1e-12, 30.0)])
def test_the_symmetric_energy_is_the_limit(dq, mu):
    alpha, m, C = 0.13, 0.9, 0.2
    r1 = (1 - dq) / (1 - C - mu * dq) ** 2 + dq / ((1 - C) * (1 - C - mu * dq))
    symmetric = Hopfield(alpha=alpha).free_energy(Order(m, 1.0, r1, C, 1 / (1 - C)))
    model = Hopfield1RSB(alpha=alpha)
    assert model.free_energy(model.unpack((m, C, math.log(dq), math.log(mu)))) == pytest.approx(symmetric, abs=1e-7)


# The collapse onto the symmetric solution.


@pytest.mark.parametrize(("dq", "mu"), [(0.0, 30.0), (1e-12, 30.0), (1e-3, 1e-6), (0.0, 0.0)])
def test_the_symmetric_solution_is_no_answer(dq, mu):
    model, s = Hopfield1RSB(alpha=0.1), replica.solve(Hopfield(alpha=0.1))
    disguised = OneStepOrder(*s.order, dq=dq, dr=dq / ((1 - s.order.C) * (1 - s.order.C - mu * dq)), mu=mu)
    assert model.collapsed(disguised)
    assert model.residual(disguised) == math.inf


def test_no_solution_is_near_the_symmetric_one():
    for alpha in (0.002, 0.03, 0.138):
        for s in replica.solve_all(Hopfield1RSB(alpha=alpha)):
            assert s.status == Status.CONVERGED
            assert not s.model.collapsed(s.order)
            assert s.order.mu * math.sqrt(alpha * s.order.dr) > 0.05
            assert s.order.dq / (s.model.saddle(s.order).dq) == pytest.approx(1, abs=1e-10)
            assert s.order.mu / (s.model.saddle(s.order).mu) == pytest.approx(1, abs=1e-10)


# States.


def test_breaking_raises_the_energy_and_lowers_the_artefact_in_the_entropy():
    alpha = np.array([0.01, 0.05, 0.1, 0.13])
    for start in ("retrieval", "spin_glass"):
        broken, symmetric = (replica.solve(cls(alpha=alpha), start=start) for cls in (Hopfield1RSB, Hopfield))
        assert (broken.free_energy >= symmetric.free_energy - 1e-15).all()
        assert (symmetric.entropy <= broken.entropy).all()
        assert (broken.entropy <= 0).all()
        assert broken.stable.all()
    glass = replica.solve(Hopfield1RSB(alpha=0.1), start="spin_glass")
    assert glass.free_energy > -1 / math.pi - math.sqrt(0.2 / math.pi) + 0.009


def test_the_glass_becomes_that_of_sherrington_and_kirkpatrick():
    """E/√α → E_SK up to the constant of order α^{−1/2}, q0 and μ√α likewise."""
    step = sk_1rsb_ground_energy()
    energies = []
    for alpha in (1e8, 1e10):
        s = replica.solve(Hopfield1RSB(alpha=alpha), start="spin_glass")
        energies.append(s.free_energy / math.sqrt(alpha))
        assert s.order.q0 == pytest.approx(step.q0, abs=3 / math.sqrt(alpha))
        assert s.order.mu * math.sqrt(alpha) == pytest.approx(step.mu, abs=3 / math.sqrt(alpha))
    assert energies[1] + (energies[1] - energies[0]) / 9 == pytest.approx(step.energy, abs=1e-9)


def test_low_loads_share_one_shape():
    """As α → 0 w = μ s1 tends to a number, Δ vanishes as e^{−m²/αr0}; the overlap is the symmetric one."""
    w = []
    for alpha in (0.002, 0.004, 0.01):
        s = replica.solve(Hopfield1RSB(alpha=alpha))
        w.append(s.order.mu * math.sqrt(alpha * s.order.dr))
        y = s.order.m / math.sqrt(alpha * s.order.r0)
        assert math.log(s.order.dq) + y * y == pytest.approx(-1.09, abs=0.05)
        assert s.order.m == pytest.approx(replica.solve(Hopfield(alpha=alpha)).order.m, abs=1e-15)
    np.testing.assert_allclose(w, 1.05433, atol=1e-5)


@pytest.mark.medium
def test_high_precision_is_the_same_state():
    fine = replica.solve(Hopfield1RSB(alpha=0.13), precision=20)
    plain = replica.solve(Hopfield1RSB(alpha=0.13))
    assert fine.residual < mp.mpf(10) ** -20
    for a, b in zip(plain.order, fine.order, strict=True):
        assert abs(a - float(b)) <= 1e-11 * max(1, abs(a))
    assert plain.free_energy == pytest.approx(float(fine.free_energy), abs=1e-14)


@pytest.mark.slow
def test_random_starts_find_no_other_state():
    """Damped Newton steps from 150 points of the domain; seed 1."""
    rng, count, alpha = np.random.default_rng(1), 150, 0.1
    C, log_mu = rng.uniform(0, 0.9, count), rng.uniform(-2, 8, count)
    log_dq = np.minimum(np.log(rng.uniform(0.01, 0.99, count) * (1 - C)) - log_mu, -0.1)
    x = np.array([rng.uniform(0, 1, count), C, log_dq, log_mu])
    model = Hopfield1RSB(alpha=np.full(count, alpha))
    most = np.array([0.1, 0.05, 0.5, 0.5])[:, None]
    with np.errstate(all="ignore"):
        for _ in range(60):
            residual = np.stack(model.equations(list(x)), -1)
            jacobian = stacked(derivative(model.equations, list(x)))
            sound = np.isfinite(residual).all(-1) & np.isfinite(jacobian).all((-1, -2))
            step = np.zeros(x.shape)
            step[:, sound] = solved(jacobian[sound], residual[sound]).T
            x -= np.nan_to_num(step / np.maximum(1, np.max(np.abs(step) / most, axis=0)))
        reached = np.max(np.abs(np.stack(model.equations(list(x)))), axis=0) < 1e-10
    assert reached.sum() > 75
    known = np.array([model.pack(s.order) for s in replica.solve_all(Hopfield1RSB(alpha=alpha))])
    distance = np.max(np.abs(np.abs(x[:, reached].T[:, None]) - np.abs(known)), axis=-1)
    assert np.max(np.min(distance, axis=1)) < 1e-7
    assert set(np.argmin(distance, axis=1)) == {0, 1, 2}


@pytest.mark.medium
def test_a_branch_is_followed_round_its_fold():
    branch = replica.follow(replica.solve(Hopfield1RSB(alpha=0.137)), along="alpha", to=0.2)
    assert len(branch.folds) == 1
    assert branch.values.max() == pytest.approx(ALPHA_C, rel=1e-2)
    assert branch.values.max() <= ALPHA_C
    lower = replica.solve_all(Hopfield1RSB(alpha=0.1))[2]
    at = int(np.argmin(np.abs(branch.values[branch.folds[0] :] - 0.1))) + branch.folds[0]
    assert branch.order.m[at] == pytest.approx(lower.order.m, abs=0.05)


def test_tables_have_the_further_members():
    first = solutions_at("hopfield-1rsb", (1,), None, {"alpha": 0.1})[0]
    assert tuple(first) == columns(Hopfield1RSB.order_type)
    assert tuple(first)[3:11] == ("m", "q", "r", "C", "B", "dq", "dr", "mu")


# Capacity.


def test_capacity_is_the_published_one():
    fold = replica.spinodal(Hopfield1RSB(alpha=0.13), along="alpha", start="retrieval")
    assert fold.value == pytest.approx(0.138186, abs=PUBLISHED)
    assert fold.value == pytest.approx(ALPHA_C, abs=1e-13)
    assert 36 < fold.order.mu < 38
    assert fold.value > replica.spinodal(Hopfield(alpha=0.13), along="alpha").value + 2.5e-4


def test_capacity_is_the_largest_load_by_another_quadrature():
    """Panels in z, the two equations solved by MINPACK at three y = m/s0, and the maximum of a parabola."""

    def load(y, x):
        kappa, w = np.exp(x)

        def average(f):
            return gaussian_average(lambda z: f(kappa * (y + z)), kink=-y, width=1 / kappa).value

        def parts(u):
            z = log_partition(u, w, 1.0)
            up, down = (np.exp(s * u + w * w / 2 + log_ndtr(w + s * u / w) - z) for s in (1, -1))
            return z, up - down, 2 / math.sqrt(2 * math.pi) * np.exp(-0.5 * (u / w) ** 2 - z)

        m, dq, contact = (
            average(lambda u: parts(u)[1]),
            average(lambda u: 1 - parts(u)[1] ** 2),
            average(lambda u: parts(u)[2]),
        )
        s0 = m / y
        mu = kappa / s0
        C = mu * contact / w
        D = 1 - C - mu * dq
        alpha = (s0 * D) ** 2 / (1 - dq)
        size = s0 * (y * m) + s0 * s0 * (mu * dq + C) + (w / mu) ** 2 * (mu + C)
        r0 = (1 - dq) / D**2
        r1 = r0 + (w / mu) ** 2 / alpha
        by_mu = (
            alpha / 2 * (-math.log(D / (1 - C)) - mu * dq / D + mu * mu * (r1 - r0 + r0 * dq - (1 - dq) * dq / D**2))
        )
        return alpha, [
            math.log((w / kappa) ** 2 / (dq * D / ((1 - C) * (1 - dq)))),
            (by_mu + average(lambda u: parts(u)[0]) - mu * size) * 1e3,
        ]

    at = 2.146 + 0.02 * np.arange(-2, 3)
    loads = []
    x = np.log([17.1, 0.925])
    for y in at:
        found = root(lambda x, y=y: load(y, x)[1], x, tol=1e-12)
        # MINPACK stops where rounding keeps it from that tolerance: how far it came counts
        assert np.abs(found.fun).max() < 1e-9
        x = found.x
        loads.append(load(y, x)[0])
    curve = np.polynomial.Polynomial.fit(at, loads, 4)
    top = [z.real for z in curve.deriv().roots() if abs(z.imag) < 1e-6 and at[0] < z.real < at[-1]]
    assert max(curve(np.array(top))) == pytest.approx(ALPHA_C, abs=SECOND_ROUTE)


@pytest.mark.slow
def test_capacity_in_many_digits():
    fold = replica.spinodal(Hopfield1RSB(alpha=0.13), along="alpha", precision=25)
    with mp.workdps(30):
        assert abs(fold.value - mp.mpf("0.138186489564874831138262763422")) < mp.mpf(10) ** -24


@pytest.mark.slow
def test_retrieval_is_lowest_below_a_higher_load():
    broken, symmetric = (replica.coexistence(cls(alpha=0.03), along="alpha") for cls in (Hopfield1RSB, Hopfield))
    assert symmetric.value == pytest.approx(0.05185433091891706, rel=1e-12)
    assert broken.value == pytest.approx(0.05614161143, abs=1e-10)
    a, b = broken.states
    assert energy(broken.value, a.order.m, a.order.C, a.order.dq, a.order.mu) == pytest.approx(
        energy(broken.value, 0.0, b.order.C, b.order.dq, b.order.mu), abs=1e-13
    )


# Arguments.


@pytest.mark.parametrize("T", [0.1, -1, "0", None, math.nan, [0, 0.1]])
def test_other_temperatures_are_refused_on_one_line(T):
    with pytest.raises(
        ValueError, match=r"^T = .*at T = 0 only; above, replica.symmetry_breaking.hopfield_thermal.hopfield_1rsb$"
    ):
        Hopfield1RSB(alpha=0.1, T=T)


def test_zero_temperature_may_be_said():
    model = Hopfield1RSB(alpha=0.1, T=0)
    assert model.T == 0
    assert model.replace(alpha=0.12).controls == {"alpha": 0.12}


def test_above_capacity_there_is_no_retrieval():
    with pytest.raises(ConvergenceError, match="no retrieval state at alpha = 0\\.14"):
        replica.solve(Hopfield1RSB(alpha=0.14))
    assert [s.kind for s in replica.solve_all(Hopfield1RSB(alpha=0.14))] == ["spin_glass"]


# Sherrington and Kirkpatrick.


def test_one_step_of_sherrington_and_kirkpatrick():
    step = sk_1rsb_ground_energy()
    assert step.energy == pytest.approx(-0.765259, abs=PUBLISHED)

    def plain(q0, mu):
        work = gaussian_average(lambda z: log_partition(math.sqrt(q0) * z, math.sqrt(1 - q0), mu)).value
        return mu / 4 * (1 - q0 * q0) - work / mu

    assert step.energy == pytest.approx(plain(step.q0, step.mu), abs=1e-14)
    h = 1e-3
    for j in (0, 1):
        e = [plain(step.q0 + k * h * (j == 0), step.mu + k * h * (j == 1)) for k in (-2, -1, 1, 2)]
        assert abs(e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h) < DIFFERENCED


def test_symmetric_sherrington_and_kirkpatrick():
    cold = sk_rs(0)
    assert cold.free_energy == pytest.approx(-math.sqrt(2 / math.pi), abs=1e-15)
    assert cold.entropy == pytest.approx(-1 / (2 * math.pi), abs=1e-15)
    half = sk_rs(0.5)
    assert (half.q, half.free_energy) == pytest.approx((0.530368392051, -0.792392945135), abs=6e-13)
    hot = sk_rs(1.5)
    assert (hot.q, hot.free_energy) == pytest.approx((0, -1 / 6 - 1.5 * math.log(2)), abs=1e-14)
    assert hot.replicon == pytest.approx(1 - 1 / 2.25)
    # −df/dT, by differences
    for T, h in ((0.3, 0.0), (0.7, 0.4), (1.2, 0.2)):
        slope = (sk_rs(T + 1e-4, h).free_energy - sk_rs(T - 1e-4, h).free_energy) / 2e-4
        assert sk_rs(T, h).entropy == pytest.approx(-slope, abs=1e-7)
    assert sk_rs(0.4, -0.3) == sk_rs(0.4, 0.3)


def test_at_line_of_sherrington_and_kirkpatrick():
    assert sk_at_temperature(0) == 1
    for h, T in ((0.1, 0.8188498541), (0.5, 0.5351049431)):
        assert sk_at_temperature(h) == pytest.approx(T, abs=6e-11)
        assert abs(sk_rs(sk_at_temperature(h), h).replicon) < 1e-12
    # 1 − T → (3h²/4)^{1/3} at small and T → (4/3)√(2/π)/2 e^{−h²/2} at large fields
    assert 1 - sk_at_temperature(1e-4) == pytest.approx((0.75e-8) ** (1 / 3), rel=5e-3)
    assert sk_at_temperature(25.0) == pytest.approx(4 / (3 * math.sqrt(2 * math.pi)) * math.exp(-312.5), rel=1e-6)


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, "cold", None])
def test_arguments_of_sherrington_and_kirkpatrick(wrong):
    with pytest.raises(ValueError, match=r"^T = "):
        sk_rs(wrong)
    if wrong != -1:
        with pytest.raises(ValueError, match=r"^h = "):
            sk_at_temperature(wrong)
