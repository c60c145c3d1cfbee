"""Branches round folds and critical points: by the equations they must satisfy and by other routes to them."""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.averages.spin import spin_averages
from replica.errors import ConvergenceError
from replica.models import Hopfield, ThresholdHopfield
from replica.models.base import Order
from replica.numerics.fold_refinement import refine_fold
from replica.numerics.jacobian import derivative
from replica.saddle.solution import Status

ALPHA_C = 0.1379055664949317
AGREE = 1e-11  # two routes to one fold: its control is quadratic in the error of the state
SINGULAR = 1e-7  # determinant of a Jacobian at a fold: √rounding, its size being 1


# follow


@pytest.mark.medium
def test_a_branch_is_followed_round_its_fold_and_back():
    start = replica.solve(Hopfield(alpha=0.05, T=0.1))
    branch = replica.follow(start, along="alpha", to=0.2)
    assert not branch.reached
    assert branch.along == "alpha"
    assert len(branch.folds) == 1
    fold = replica.spinodal(start.model, along="alpha").value
    assert branch.values.max() <= fold * (1 + 1e-9)
    assert branch.values[branch.folds[0]] == pytest.approx(fold, rel=2e-2)
    assert branch.values[0] == 0.05
    assert branch.order.m[0] == pytest.approx(start.order.m, abs=1e-13)
    # up to the fold the branch is the first sheet of solve_all, beyond it the second
    for i in range(1, len(branch), 5):
        alpha = float(branch.values[i])
        if alpha < 1e-3 or abs(alpha - fold) < 1e-4:
            continue
        sheets = {s.sheet: s for s in replica.solve_all(Hopfield(alpha=alpha, T=0.1), n_condensed=(1,)) if s.n}
        same = sheets[int(i >= branch.folds[0])]
        assert branch.order.m[i] == pytest.approx(same.order.m, abs=1e-9)
        assert branch.states.free_energy[i] == pytest.approx(same.free_energy, abs=1e-10)
    assert branch.states.residual.max() <= 1e-10
    assert (branch.states.status == Status.CONVERGED).all()
    # steps of continuation are small: nothing jumped to another branch
    assert np.abs(np.diff(branch.order.m)).max() < 0.11
    # back from a point beyond the fold to where it began
    last = branch.folds[0] + 3
    model = Hopfield(alpha=float(branch.values[last]), T=0.1)
    beyond = next(s for s in replica.solve_all(model, n_condensed=(1,)) if s.sheet == 1)
    back = replica.follow(beyond, along="alpha", to=0.3)
    assert len(back.folds) == 1
    low = np.argmin(np.abs(back.values[back.folds[0] :] - 0.05)) + back.folds[0]
    here = replica.solve(Hopfield(alpha=float(back.values[low]), T=0.1))
    assert back.order.m[low] == pytest.approx(here.order.m, abs=1e-10)


def test_a_branch_without_a_fold_reaches_its_target():
    start = replica.solve(Hopfield(alpha=0.05, T=0.1))
    branch = replica.follow(start, along="T", to=0.4)
    assert branch.reached
    assert branch.folds == ()
    assert branch.values[-1] == 0.4
    there = replica.solve(Hopfield(alpha=0.05, T=0.4))
    np.testing.assert_allclose([float(v[-1]) for v in branch.order], there.order, rtol=1e-12)
    glass = replica.solve(Hopfield(alpha=0.05, T=0.1), start="spin_glass")
    up = replica.follow(glass, along="alpha", to=2.0)
    assert up.reached
    there = replica.solve(Hopfield(alpha=2.0, T=0.1), start="spin_glass")
    np.testing.assert_allclose([float(v[-1]) for v in up.order], there.order, rtol=1e-12)


@pytest.mark.medium
def test_follow_over_other_controls_and_kinds():
    threshold = replica.solve(ThresholdHopfield(alpha=0.3, theta=0.5))
    down = replica.follow(threshold, along="theta", to=-3.0)
    assert not down.reached
    assert len(down.folds) == 1
    fold = replica.spinodal(ThresholdHopfield(alpha=0.3, theta=0.5), along="theta").value
    assert down.values.min() == pytest.approx(fold, abs=2e-2)
    assert down.values.min() >= fold - 1e-12
    mixture = replica.solve(Hopfield(alpha=0.01, T=0.1), start=("mixture", 3))
    up = replica.follow(mixture, along="alpha", to=0.05)
    assert len(up.folds) >= 1
    assert up.states.n == 3


def test_what_follow_refuses():
    state = replica.solve(Hopfield(alpha=0.05, T=0.1))
    with pytest.raises(ValueError, match="along = 'theta'"):
        replica.follow(state, along="theta", to=1.0)
    with pytest.raises(ValueError, match="to = nan"):
        replica.follow(state, along="alpha", to=math.nan)
    with pytest.raises(ValueError, match="to = inf"):
        replica.follow(state, along="alpha", to=math.inf)
    line = replica.solve(Hopfield(alpha=np.array([0.05, 0.06])))
    with pytest.raises(ValueError, match=r"\.at\(index\)"):
        replica.follow(line, along="alpha", to=0.1)
    paramagnet = replica.solve(Hopfield(alpha=0.05, T=3.0), start="paramagnet")
    with pytest.raises(ValueError, match="closed form"):
        replica.follow(paramagnet, along="T", to=2.0)


# spinodal


def jacobian_of(model, order, n=1):
    return np.array(derivative(lambda x: model.equations(x, n), model.pack(order)), dtype=float)


@pytest.mark.medium
@pytest.mark.parametrize(
    ("model", "along", "n"),
    [
        (Hopfield(alpha=0.1), "alpha", 1),
        (Hopfield(alpha=0.01, T=0.3), "alpha", 1),
        (Hopfield(alpha=0.1, T=0.1), "T", 1),
        (Hopfield(alpha=0.005, T=0.2), "T", 3),
        (Hopfield(alpha=0.005, T=0.2), "alpha", 3),
        (ThresholdHopfield(alpha=0.3, theta=0.5), "alpha", 1),
        (ThresholdHopfield(alpha=0.3, theta=0.5), "theta", 1),
    ],
)
def test_a_fold_is_a_solution_with_a_singular_jacobian(model, along, n):
    start = "retrieval" if n == 1 else ("mixture", n)
    fold = replica.spinodal(model, along=along, start=start)
    state = fold.states[0]
    assert fold.along == along
    assert state.model.controls[along] == fold.value
    assert state.model.residual(state.order, n) <= 1e-12
    matrix = jacobian_of(state.model, state.order, n)
    singular = np.linalg.svd(matrix)[1]
    assert singular[-1] <= SINGULAR * singular[0]
    assert singular[-2] > 1e-3 * singular[0]
    # two states on one side, none on the other
    loss = 1 if along != "theta" else -1
    counts = []
    for sign in (-1, 1):
        there = model.replace(**{along: fold.value + sign * loss * 1e-5 * abs(fold.value)})
        counts.append(sum(s.n == n for s in replica.solve_all(there, n_condensed=(n,))))
    assert counts[0] == counts[1] + 2
    # refining from a poor guess comes back to the same place
    poor = Order(*(v * 1.001 for v in state.order))
    value, order = refine_fold(state.model, poor, n, along, fold.value * 1.001)
    assert value == pytest.approx(fold.value, rel=AGREE)
    assert order.m == pytest.approx(state.order.m, abs=1e-8)


@pytest.mark.parametrize("alpha", [1e-4, 0.002, 0.03, 0.08, 0.12, 0.136])
def test_folds_along_temperature_and_load_agree(alpha):
    T_M = replica.spinodal(Hopfield(alpha=alpha, T=0.03), along="T").value
    alpha_M = replica.spinodal(Hopfield(alpha=alpha / 2, T=T_M), along="alpha").value
    assert alpha_M == pytest.approx(alpha, rel=AGREE)


@pytest.mark.medium
@pytest.mark.parametrize("theta", [-1.0, 0.0, 0.7, 2.0])
def test_folds_along_threshold_and_load_agree(theta):
    alpha_c = replica.spinodal(ThresholdHopfield(alpha=0.001, theta=theta), along="alpha").value
    back = replica.spinodal(ThresholdHopfield(alpha=alpha_c, theta=theta + 0.5), along="theta").value
    assert back == pytest.approx(theta, abs=1e-10)


def test_upper_fold_in_the_reentrant_window():
    # between α_c and the largest load retrieval lives in a window of T; T_M is its upper end
    upper = replica.spinodal(Hopfield(alpha=0.1381, T=0.0225), along="T").value
    assert upper > 0.0225
    assert replica.spinodal(Hopfield(alpha=0.1, T=upper), along="alpha").value == pytest.approx(0.1381, rel=1e-10)
    assert replica.solve(Hopfield(alpha=0.1381, T=0.0), throw=False).status == Status.ABSENT


def test_folds_do_not_depend_on_the_start():
    values = [replica.spinodal(Hopfield(alpha=a, T=0.2), along="alpha").value for a in (1e-8, 0.01, 0.12)]
    np.testing.assert_allclose(values, values[0], rtol=1e-13)
    values = [replica.spinodal(Hopfield(alpha=0.05, T=t), along="T").value for t in (0.0, 0.2, 0.54)]
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


@pytest.mark.slow
def test_precise_folds_solve_their_own_equations():
    """30 digits at T > 0: saddle-point equations and singularity with averages by quadrature over z."""
    with mp.workdps(45):
        T = mp.mpf("0.25")
        fold = replica.spinodal(Hopfield(alpha=mp.mpf("0.05"), T=T), along="alpha", precision=30)
        m, q, r, C, _ = fold.order
        s = mp.sqrt(fold.value * r)

        def average(f):
            a, w = -m / s, T / s
            edges = sorted(
                e for e in {-15, -6, 0, 6, 15, a - 8 * w, a - 2 * w, a, a + 2 * w, a + 8 * w} if abs(e) <= 15
            )
            return mp.quad(lambda z: mp.npdf(z) * f(mp.tanh((m + s * z) / T), z), edges)

        assert abs(average(lambda t, z: t) - m) < mp.mpf(10) ** -30
        assert abs(average(lambda t, z: t * t) - q) < mp.mpf(10) ** -30
        assert abs((1 - q) / T - C) < mp.mpf(10) ** -30
        assert abs(q / (1 - C) ** 2 - r) < mp.mpf(10) ** -29 * r
        # Jacobian of (m, C, ln r) by hand: ⟨sech²⟩, ⟨t sech²⟩, ⟨sech² z⟩ …
        m_m = average(lambda t, z: 1 - t * t) / T
        m_s = average(lambda t, z: z * (1 - t * t)) / T
        C_m = average(lambda t, z: -2 * t * (1 - t * t)) / T**2
        C_s = average(lambda t, z: -2 * z * t * (1 - t * t)) / T**2
        # ln r = ln(1 − T C(m, s)) − 2 ln(1 − C), with q the average: ∂ ln q = −T ∂C/q
        matrix = mp.matrix(
            [
                [m_m - 1, 0, m_s * s / 2],
                [C_m, -1, C_s * s / 2],
                [-T * C_m / q, 2 / (1 - C), -T * C_s * s / 2 / q - 1],
            ]
        )
        assert abs(mp.det(matrix)) < mp.mpf(10) ** -27


@pytest.mark.medium
@pytest.mark.parametrize("digits", [20, 40])
def test_precise_folds_along_temperature_and_threshold(digits):
    with mp.workdps(digits + 15):
        theta = replica.spinodal(
            ThresholdHopfield(alpha=mp.mpf("0.3"), theta=mp.mpf(1)), along="theta", precision=digits
        ).value
        alpha = replica.spinodal(ThresholdHopfield(alpha=mp.mpf("0.01"), theta=theta), along="alpha", precision=digits)
        assert abs(alpha.value - mp.mpf("0.3")) < mp.mpf(10) ** (2 - digits)


def test_what_spinodal_refuses():
    with pytest.raises(ValueError, match=r"along = 'theta': hopfield has alpha, T"):
        replica.spinodal(Hopfield(alpha=0.1), along="theta")
    with pytest.raises(ValueError, match="scalar controls"):
        replica.spinodal(Hopfield(alpha=np.array([0.1, 0.12])), along="alpha")
    with pytest.raises(ConvergenceError, match=r"no retrieval state at alpha = 0\.2"):
        replica.spinodal(Hopfield(alpha=0.2), along="alpha")
    with pytest.raises(ConvergenceError, match="no retrieval state"):
        replica.spinodal(Hopfield(alpha=0.05, T=0.8), along="T")
    with pytest.raises(ConvergenceError, match="no fold along alpha"):
        replica.spinodal(Hopfield(alpha=0.05), along="alpha", start="spin_glass")
    with pytest.raises(ConvergenceError, match="no fold along T"):
        replica.spinodal(Hopfield(alpha=0.05, T=2.0), along="T", start="paramagnet")
    with pytest.raises(ValueError, match="start = 'nothing'"):
        replica.spinodal(Hopfield(alpha=0.05), along="alpha", start="nothing")
    for digits in (3, 2.5, "50"):
        with pytest.raises(ValueError, match="precision"):
            replica.spinodal(Hopfield(alpha=0.05), along="alpha", precision=digits)


# coexistence


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("model", "along"),
    [
        (Hopfield(alpha=0.02), "alpha"),
        (Hopfield(alpha=0.02, T=0.3), "alpha"),
        (Hopfield(alpha=0.03), "T"),
        (Hopfield(alpha=0.001, T=0.5), "T"),
        (ThresholdHopfield(alpha=0.05, theta=0.2), "alpha"),
        (ThresholdHopfield(alpha=0.1, theta=0.9), "theta"),
    ],
)
def test_free_energies_are_equal_at_a_coexistence(model, along):
    point = replica.coexistence(model, along=along)
    retrieval, glass = point.states
    assert (retrieval.kind, glass.kind) == ("retrieval", "spin_glass")
    assert retrieval.free_energy == pytest.approx(glass.free_energy, abs=1e-14)
    for state in point.states:
        assert state.residual <= 1e-12
        assert state.model.controls[along] == point.value
    # retrieval is lower before, the glass beyond
    loss = -1 if along == "theta" else 1
    for sign in (-1, 1):
        there = model.replace(**{along: point.value + sign * loss * 1e-3 * abs(point.value)})
        lowest = replica.solve_all(there, n_condensed=(1,))[0]
        assert lowest.kind == ("retrieval" if sign < 0 else "spin_glass")


@pytest.mark.medium
def test_coexistence_along_load_and_temperature_agree():
    T_c = replica.coexistence(Hopfield(alpha=0.03), along="T").value
    assert replica.coexistence(Hopfield(alpha=0.01, T=T_c), along="alpha").value == pytest.approx(0.03, rel=1e-11)


@pytest.mark.slow
def test_precise_coexistence():
    with mp.workdps(45):
        point = replica.coexistence(Hopfield(alpha=mp.mpf("0.02"), T=mp.mpf("0.4")), along="alpha", precision=25)
        difference = point.states[0].free_energy - point.states[1].free_energy
        assert abs(difference) < mp.mpf(10) ** -25
        for state in point.states:
            assert state.residual < mp.mpf(10) ** -24
    double = replica.coexistence(Hopfield(alpha=0.02, T=0.4), along="alpha").value
    assert abs(double - point.value) < 1e-12


def test_what_coexistence_refuses():
    with pytest.raises(ConvergenceError, match="do not exchange stability"):
        replica.coexistence(Hopfield(alpha=0.1), along="alpha")
    with pytest.raises(ConvergenceError, match="no retrieval state"):
        replica.coexistence(Hopfield(alpha=0.2), along="alpha")
    with pytest.raises(ValueError, match="along"):
        replica.coexistence(Hopfield(alpha=0.02), along="g")
    with pytest.raises(ValueError, match="scalar"):
        replica.coexistence(Hopfield(alpha=[0.01, 0.02]), along="alpha")


# instability


@pytest.mark.medium
@pytest.mark.parametrize(("alpha", "T"), [(0.02, 0.2), (0.08, 0.1), (0.13, 0.1), (0.137, 0.05)])
def test_the_replicon_vanishes_at_an_instability(alpha, T):
    point = replica.instability(Hopfield(alpha=alpha, T=T), along="T")
    state = point.states[0]
    m, _, r, C, _ = state.order
    s, here = math.sqrt(alpha * r), point.value
    # α β² ⟨sech⁴⟩ = (1 − C)², the average by panels in u = (m + s z)/T
    node, weight = np.polynomial.legendre.leggauss(40)
    u = (np.arange(-60, 60)[:, None] + 0.5 * (node + 1)) * 0.5
    z = (here * u - m) / s
    with np.errstate(under="ignore"):
        density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * here / s
        mean = math.fsum((0.25 * weight * density / np.cosh(u) ** 4).ravel())
    assert alpha * mean / here**2 == pytest.approx((1 - C) ** 2, rel=1e-11)
    assert abs(replica.replicon(state)) <= 1e-11
    for factor, sign in ((1.001, 1), (0.999, -1)):
        assert np.sign(replica.solve(Hopfield(alpha=alpha, T=here * factor)).replicon) == sign


@pytest.mark.slow
def test_precise_instability():
    with mp.workdps(40):
        point = replica.instability(Hopfield(alpha=mp.mpf("0.13"), T=mp.mpf("0.1")), along="T", precision=20)
        assert abs(point.states[0].replicon) < mp.mpf(10) ** -19
    double = replica.instability(Hopfield(alpha=0.13, T=0.1), along="T").value
    assert abs(double / point.value - 1) < 1e-12


def test_what_instability_refuses():
    with pytest.raises(ConvergenceError, match="already has a replicon"):
        replica.instability(Hopfield(alpha=0.1, T=0.0), along="T")
    with pytest.raises(ConvergenceError, match="already has a replicon"):
        replica.instability(Hopfield(alpha=0.1, T=0.5), along="T", start="spin_glass")
    with pytest.raises(ConvergenceError, match="no retrieval state"):
        replica.instability(Hopfield(alpha=0.1, T=0.9), along="T")
    with pytest.raises(ValueError, match="along"):
        replica.instability(Hopfield(alpha=0.1, T=0.1), along="x")


def test_responses_are_derivatives_of_the_overlap():
    # C is what the average gives at the fold too, the models apart
    fold = replica.spinodal(Hopfield(alpha=0.05, T=0.2), along="alpha")
    m, q, r, C, B = fold.order
    site = spin_averages(m, math.sqrt(fold.value * r), 0.2)
    np.testing.assert_allclose(site, (m, q, C), atol=1e-12)
    assert B == pytest.approx(1 / (1 - C), rel=1e-13)
