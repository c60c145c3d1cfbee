"""Planted patterns: the equations by a second route, their known limits, and the threshold of learning."""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import brentq

import replica
from replica.averages.spin import spin_averages
from replica.models import Hopfield, PlantedHopfield
from replica.models.planted import learning_load, learning_threshold
from replica.numerics.gaussian import gaussian_average
from replica.symmetry_breaking.sk import sk_rs

ROUNDING = 1e-13
POINTS = [(1.0, 0.6, 1.4), (2.0, 0.5, 0.7), (0.3, 0.8, 0.2), (5.0, 0.35, 2.5), (0.05, 0.95, 1.3)]
"""(γ, β*, T) off the Nishimori line, all with learning."""


def learned(gamma, beta_teacher, T):
    return replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=beta_teacher, T=T))


def variational(gamma, beta_teacher, T, m, h, q, r):
    """T times the logarithm of ⟨Z^n⟩ at n → 0, term by term as in the docs, for any m, h, q and r; by panels."""
    beta, delta, s = 1 / T, beta_teacher / (1 - beta_teacher), math.sqrt(gamma * r)
    D = 1 - beta * (1 - q)
    entropy = gaussian_average(
        lambda z: np.logaddexp((h + s * z) / T, -(h + s * z) / T), kink=-h / s, width=T / s
    ).value
    examples = -gamma / 2 * (math.log(D) - beta * (q + delta * m * m) / D)
    conjugate = -beta * m * h - gamma * beta**2 / 2 * r * (1 - q)
    return gamma / 2 - T * (examples + conjugate + entropy)


# Equations.


@pytest.mark.parametrize("point", POINTS)
def test_the_free_energy_is_stationary_in_m_its_field_q_and_r(point):
    s = learned(*point)
    delta = point[1] / (1 - point[1])
    at = [s.order.m, point[0] * delta * s.order.m * s.order.B, s.order.q, s.order.r]
    assert s.free_energy == pytest.approx(variational(*point, *at), abs=ROUNDING)
    for j in range(4):
        step = 1e-4 * at[j]
        f = [variational(*point, *[v + k * step * (i == j) for i, v in enumerate(at)]) for k in (-2, -1, 1, 2)]
        # ∂f/∂ ln of each: rounding of f over the step
        assert abs(f[0] - 8 * f[1] + 8 * f[2] - f[3]) / 12e-4 < 1e-10


def test_gaussian_examples_have_the_determinant_of_the_docs():
    """⟨exp(β/2 Σ_α y_α²)⟩ over y with covariance q + δ m² between replicas, n = 3, by sampling: seed 1, z < 4."""
    beta, delta, m, q, n = 0.08, 0.8, 0.6, 0.5, 3
    rng = np.random.default_rng(1)
    x = rng.normal(0, math.sqrt(1 + delta), 10**6)
    common = math.sqrt(q - m * m) * rng.normal(size=10**6)
    y = m * x[:, None] + common[:, None] + math.sqrt(1 - q) * rng.normal(size=(10**6, n))
    weight = np.exp(beta / 2 * (y * y).sum(1))
    D = 1 - beta * (1 - q)
    expected = (D ** (n - 1) * (D - n * beta * (q + delta * m * m))) ** -0.5
    # at this β the fourth power of the weight has a mean
    assert abs(weight.mean() - expected) < 4 * weight.std() / 1000


@pytest.mark.parametrize("gamma", [0.05, 0.5, 1.0, 4.0, 50.0])
def test_on_the_nishimori_line_student_and_teacher_are_alike(gamma):
    """m = q, and the energy is that of the teacher's own pattern, −½γ(⟨(ξ*·S)²⟩/N − 1) = −½γδ, whatever m is."""
    threshold = learning_threshold(gamma)
    for beta in threshold + (1 - threshold) * np.array([0.02, 0.3, 0.9]):
        s = learned(gamma, beta, 1 / beta)
        assert s.order.m == pytest.approx(s.order.q, rel=1e-9)
        assert s.energy == pytest.approx(-gamma / 2 * beta / (1 - beta), rel=1e-11)
        assert s.replicon > 0
        assert s.stable


@pytest.mark.parametrize("point", POINTS)
def test_the_replicon_is_its_average(point):
    """1 − γ⟨(β sech²)²⟩/(1 − C)², by panels."""
    gamma, _, T = point
    s = learned(*point)
    h, noise = gamma * s.model.signal * s.order.m * s.order.B, math.sqrt(gamma * s.order.r)
    fourth = gaussian_average(lambda z: (1 - np.tanh((h + noise * z) / T) ** 2) ** 2, kink=-h / noise, width=T / noise)
    assert s.replicon == pytest.approx(1 - gamma * fourth.value / (T * (1 - s.order.C)) ** 2, abs=1e-11)


def test_no_student_knows_more_than_the_bound_of_the_docs():
    """m² ≤ q of the Nishimori line, at every temperature of the student."""
    for gamma, beta in ((1.0, 0.6), (3.0, 0.4), (0.2, 0.85)):
        least = learned(gamma, beta, 1 / beta).order.q
        T = np.linspace(0, 0.999 * (1 + gamma * beta / (1 - beta)), 60)
        state = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=beta, T=T), throw=False)
        assert np.nanmax(state.order.m**2 / least) <= 1
        assert np.isfinite(state.order.m).sum() > 30


def test_the_sign_of_the_mean_is_best_on_the_nishimori_line():
    """erf(h/√2 s) is the overlap of the best single guess; no other student's is larger (Bayes)."""
    for gamma, beta in ((1.0, 0.6), (3.0, 0.5), (0.2, 0.85)):
        T = np.array([0.8, 0.999, 1.0, 1.001, 1.3]) / beta
        state = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=beta, T=T))
        guess = state.order.m * state.order.B / np.sqrt(state.order.r)
        assert np.argmax(guess) == 2
        assert guess[2] - guess[1] == pytest.approx(guess[2] - guess[3], rel=0.05)


# Limits.


@pytest.mark.parametrize("T", [0.0, 0.4, 1.1])
def test_examples_without_a_pattern_are_those_of_the_hopfield_model(T):
    """β* = 0: no learning; and at any β* the states without overlap do not know of it."""
    (known,) = [s for s in replica.solve_all(Hopfield(alpha=0.7, T=T), n_condensed=()) if s.kind == "spin_glass"]
    for teacher in (0.0, 0.5):
        model = PlantedHopfield(gamma=0.7, beta_teacher=teacher, T=T)
        s = replica.solve(model, start="spin_glass")
        assert s.order == pytest.approx(known.order, rel=1e-14)
        assert s.free_energy == pytest.approx(known.free_energy, rel=1e-14)
        assert s.entropy == pytest.approx(known.entropy, rel=1e-13)
        assert s.replicon == known.replicon
    assert all(s.kind != "retrieval" for s in replica.solve_all(PlantedHopfield(gamma=50, beta_teacher=0, T=T)))


@pytest.mark.parametrize(("bias", "cold"), [(1.5, 0.4), (2.0, 0.0), (1.3, 0.9)])
def test_many_weak_examples_are_a_ferromagnetically_biased_spin_glass(bias, cold):
    """γ → ∞ with γδ² and T/√γ fixed: couplings of Sherrington and Kirkpatrick with J0/J = √γδ."""
    errors = []
    for gamma in (1e6, 1e8):
        delta = bias / math.sqrt(gamma)
        s = learned(gamma, delta / (1 + delta), cold * math.sqrt(gamma))
        errors.append(
            abs(s.order.q - sk_rs(cold, bias * s.order.m).q)
            if cold
            else abs(s.order.m - math.erf(bias * s.order.m / math.sqrt(2)))
        )
    assert errors[0] < 3e-3
    assert errors[1] < 0.2 * errors[0] + 1e-15


def test_the_ground_state_is_one_equation():
    """T = 0: q = 1, and since h²/s² = γδ²m²/(q + δm²), m = erf(√(γ/2) δm/√(1 + δm²))."""
    for gamma, delta in ((2.0, 1.0), (0.4, 2.5), (60.0, 0.25), (1.65, 1.0)):
        steepness = math.sqrt(gamma / 2) * delta
        m = brentq(lambda m, a=steepness, d=delta: m - math.erf(a * m / math.sqrt(1 + d * m * m)), 0.05, 1)
        state = learned(gamma, delta / (1 + delta), 0.0)
        assert state.order.m == pytest.approx(m, rel=1e-11)
        field = state.order.m * math.sqrt(gamma) * delta * state.order.B / math.sqrt(state.order.r)
        assert field == pytest.approx(math.sqrt(2) * steepness * m / math.sqrt(1 + delta * m * m), rel=1e-11)


# Threshold.


def test_the_published_threshold():
    """Learning on the Nishimori line iff β > 1/(1 + √γ): γ = 1 gives ½; from the equations, not from the formula."""
    assert learning_threshold(1.0) == 0.5
    for gamma in (0.04, 1.0, 2.5, 9.0):
        beta = 1 / (1 + math.sqrt(gamma))
        assert learning_threshold(gamma) == pytest.approx(beta, rel=1e-15)
        for shift, kinds in ((1e-6, {"retrieval", "spin_glass", "paramagnet"}), (-1e-6, {"paramagnet"})):
            found = replica.solve_all(PlantedHopfield(gamma=gamma, beta_teacher=beta + shift, T=1 / (beta + shift)))
            assert {s.kind for s in found} == kinds
            assert found[0].kind == ("retrieval" if shift > 0 else "paramagnet")
            assert found[0].stable
        # both eigenvalues of the paramagnet, along m and the replicon, vanish there
        silent = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=beta, T=1 / beta), start="paramagnet")
        assert silent.replicon == pytest.approx(0, abs=1e-12)
        assert silent.curvature == pytest.approx(0, abs=1e-12)


def test_the_overlap_grows_linearly_on_the_line_and_as_a_root_off_it():
    """Expansions at the threshold: m ∝ β − β_c on the Nishimori line, m ∝ √(T_L − T) off it."""
    m = [learned(1.0, 0.5 + e, 1 / (0.5 + e)).order.m for e in (1e-4, 2e-4)]
    assert m[1] / m[0] == pytest.approx(2, rel=2e-3)
    m = [learned(1.0, 0.7, (1 + 7 / 3) * (1 - e)).order.m for e in (1e-4, 4e-4)]
    assert m[1] / m[0] == pytest.approx(2, rel=2e-3)


def test_the_line_off_the_nishimori_line_is_where_the_paramagnet_loses_its_stability():
    for gamma, teacher in ((1.0, 0.75), (0.2, 0.8), (6.0, 0.4)):
        T = 1 / learning_threshold(gamma, teacher)
        assert T > 1 + math.sqrt(gamma)
        for shift, stable in ((1e-7, True), (-1e-7, False)):
            model = PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T * (1 + shift))
            silent = replica.solve(model, start="paramagnet")
            assert silent.stable is stable
            assert silent.replicon > 0
            assert ("retrieval" in {s.kind for s in replica.solve_all(model)}) is not stable
        assert learning_load(teacher, T) == pytest.approx(gamma, rel=1e-13)
        glass = replica.instability(
            PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T), along="T", start="paramagnet"
        )
        assert glass.value == pytest.approx(1 + math.sqrt(gamma), rel=1e-12)
    assert learning_threshold(1.0, 0.49) == math.inf
    np.testing.assert_array_equal(learning_threshold([1.0, 4.0], [0.3, 0.5]), [math.inf, 0.2])


@pytest.mark.parametrize(("teacher", "T"), [(0.5, 0.0), (0.5, 0.3), (0.3, 1.2), (0.8, 1.0), (0.1, 4.0)])
def test_in_the_cold_the_glass_gives_way_to_learning(teacher, T):
    gamma = learning_load(teacher, T)
    assert 1 < gamma * (teacher / (1 - teacher)) ** 2 <= math.pi / 2 + 1e-12
    for factor, kinds in ((1 + 1e-6, {"retrieval", "spin_glass"}), (1 - 1e-6, {"spin_glass"})):
        found = replica.solve_all(PlantedHopfield(gamma=gamma * factor, beta_teacher=teacher, T=T))
        assert {s.kind for s in found} - {"paramagnet"} == kinds
        (glass,) = [s for s in found if s.kind == "spin_glass"]
        assert glass.stable is (factor < 1)


def test_the_line_of_the_glass_at_its_ends():
    """γδ² = π/2 at T = 0 and 1 at β*T = 1, continuous with (T − 1)/δ."""
    teacher = np.array([0.1, 0.5, 0.9])
    delta = teacher / (1 - teacher)
    np.testing.assert_allclose(learning_load(teacher, 0.0) * delta**2, np.pi / 2, rtol=1e-12)
    np.testing.assert_allclose(learning_load(teacher, 1 / teacher - 1e-7) * delta**2, 1, rtol=1e-6)
    np.testing.assert_allclose(learning_load(teacher, 1 / teacher + 1e-7) * delta**2, 1, rtol=1e-5)
    assert learning_load(0.0, 0.3) == math.inf


# Completeness: what the chart relies on.


def test_there_is_one_state_for_each_ratio_and_one_load_for_each_state():
    """C + (y/s)(q/(δm) + m) falls with s, and γ grows along the chart: 45 curves, each on 2000 points."""
    s = np.geomspace(1e-3, 1e3, 400)
    for T in (0.0, 0.1, 0.6, 1.2, 4.0):
        for teacher in (0.02, 0.5, 0.98):
            delta = teacher / (1 - teacher)
            for y in (1e-3, 0.5, 5.0):
                m, q, C = spin_averages(y * s, s, T)
                assert (np.diff(C + y / s * (q / (delta * m) + m)) < 0).all()
            model = PlantedHopfield(gamma=np.ones(1), beta_teacher=np.array([teacher]), T=np.array([T]))
            (chart,) = [b for b in model.branches((1,)) if b.kind == "retrieval"]
            log_gamma, order = chart.point(model, np.linspace(-9, 30, 2000))
            assert (np.diff(log_gamma) > 0).all()
            assert (np.diff(order.m) >= -1e-14).all()
            assert log_gamma[0] == pytest.approx(math.log(learning_load(teacher, T)), abs=1e-6)


def test_learning_has_the_lowest_free_energy_wherever_it_exists():
    """Lower than the glass's, and where there is none than the paramagnet's (which a glass that leaves it exceeds)."""
    gamma, T = np.meshgrid(np.geomspace(0.01, 30, 40), np.linspace(0, 6, 40))
    for teacher in (0.2, 0.5, 0.8):
        table = replica.solve_all(PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T))
        f = {table.kinds[j]: np.where(table.status[..., j] == 0, table.free_energy[..., j], np.inf) for j in range(3)}
        exists = np.isfinite(f["retrieval"])
        np.testing.assert_array_equal(exists, gamma > learning_load(teacher, T))
        silent = np.where(np.isfinite(f["spin_glass"]), f["spin_glass"], f["paramagnet"])
        assert (f["retrieval"] < silent)[exists].all()


def test_many_digits_at_the_published_point():
    """γ = 1, β = β* = 3/5: m = q in 30 digits."""
    with mp.workdps(35):
        model = PlantedHopfield(gamma=1, beta_teacher=mp.mpf(3) / 5, T=mp.mpf(5) / 3)
        s = replica.solve(model, precision=30)
        assert abs(s.order.m - s.order.q) < mp.mpf(10) ** -29
        assert abs(s.order.m - learned(1.0, 0.6, 5 / 3).order.m) < ROUNDING


# Arguments.


@pytest.mark.parametrize("wrong", [1, 1.5, -0.1, math.nan, "cold", None])
def test_teachers_that_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^beta_teacher = .*>= 0 and < 1 is needed$"):
        PlantedHopfield(gamma=1, beta_teacher=wrong)
    with pytest.raises(ValueError, match=r"^beta_teacher = "):
        learning_load(wrong, 1.0)
    if wrong is not None:
        with pytest.raises(ValueError, match=r"^beta_teacher = "):
            learning_threshold(1.0, wrong)


def test_continuous_transitions_are_not_folds():
    model = PlantedHopfield(gamma=2, beta_teacher=0.6, T=1)
    for along in ("gamma", "T"):
        with pytest.raises(replica.ConvergenceError, match=f"no fold along {along}"):
            replica.spinodal(model, along=along)
    with pytest.raises(replica.ConvergenceError, match="no retrieval state"):
        replica.solve(PlantedHopfield(gamma=0.5, beta_teacher=0.5, T=1))
