"""ℓ*, the lowest minimum of f̃ over ℓ on the whole retrieval branch, against a second implementation."""

import math

import numpy as np
import pytest
import rrbm_reference as reference

import replica
from replica.diagrams.best_ell import ell_star, energies, minima
from replica.diagrams.branch_equations import Controls, local
from replica.diagrams.compositional_phases import phase_boundary, phase_of
from replica.models import CompositionalRBM


def level(alpha, theta, g, ell):
    """f̃ of the state k = 1 at ℓ by the second implementation."""
    here = reference.compositional(ell=ell, theta=theta, g=g)
    with np.errstate(all="ignore"):
        return reference.free_energy(here, alpha, *reference.state(here, alpha))


# Minima shortly before the branch ends, ℓ and f̃ (None: not known independently to more digits).
NEAR_THE_END = [
    (12.464383915176017, 1.998975677120073, -0.09620779209264896, 4.526654485, -0.036530397),
    (0.08271479742099361, 0.7667538907327933, -0.12439200577498902, 2.458659, None),
    (0.01742358454962423, -0.013605701920259783, -0.25254559067945664, 0.0185916, -1.5950e-5),
    (0.1095368342852041, 0.5455988356330519, -0.168042957968233, 1.1908, -0.0129086),
]


@pytest.mark.parametrize(("alpha", "theta", "g", "ell", "energy"), NEAR_THE_END)
def test_minimum_shortly_before_the_end_of_the_branch(alpha, theta, g, ell, energy):
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    assert best.status == "minimum"
    assert best.value == pytest.approx(ell, rel=1e-4)
    if energy is not None:
        assert best.free_energy == pytest.approx(energy, rel=1e-4)
    # a minimum of the energies of the second implementation, whose own minimum is good to the root of rounding
    around = best.value * np.array([0.98, 0.99, 1.0, 1.01, 1.02])
    f = [level(alpha, theta, g, float(x)) for x in around]
    assert int(np.argmin(f)) == 2
    assert best.free_energy == pytest.approx(f[2], abs=1e-14)
    assert CompositionalRBM(alpha=alpha, theta=theta, g=g, ell=best.value).residual(best.order) < 1e-13


def test_energies_about_a_minimum_near_the_end():
    alpha, theta, g, *_ = NEAR_THE_END[0]
    f, _ = energies(CompositionalRBM(alpha=alpha, theta=theta, g=g), np.array([4.3, 4.526654485, 4.9]))
    np.testing.assert_allclose(f, [-0.036527676, -0.036530397, -0.036524494], atol=5e-10)


def test_minimum_with_noise():
    best = ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=np.array([-0.15, -0.18, -0.20])))
    np.testing.assert_allclose(best.value, [1.43338992, 0.79874529, 0.50528772], atol=6e-9)
    assert best.status.tolist() == ["minimum"] * 3


@pytest.mark.parametrize("g", [-0.24, -0.2, -0.1, -0.03])
def test_without_noise_the_field_is_half_of_what_flips_a_unit_at_the_minimum(g):
    # f̃ = −ℓm̃²/8 − g̃q with q = (1 − P0)/2 is least where m̃ = 4|g̃|
    from scipy.special import ive

    best = ell_star(CompositionalRBM(alpha=0.5, theta=12.0, g=g))
    assert ive(0, best.value) + ive(1, best.value) == pytest.approx(4 * abs(g), rel=1e-12)
    assert best.order.m == pytest.approx(4 * abs(g), rel=1e-12)


# Several minima. At low thresholds the self-field sets in at ℓ ~ θ̃², and f̃ decreases anew.


@pytest.mark.parametrize(
    ("alpha", "theta", "g"),
    [(0.0888906, 0.0737812, -0.2499951897), (0.0640663862, 0.1116115592, -0.2499525498), (0.05, 0.05, -0.24999)],
)
def test_the_lowest_of_several_minima(alpha, theta, g):
    found = minima(*(np.array([v]) for v in (alpha, theta, g)))
    ell, energy = (v[np.argsort(found.ell)] for v in (found.ell, found.energy))
    assert len(ell) == 2
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    assert best.value == ell[1]
    assert best.free_energy == min(energy)
    # first down to about −2 (¼ − |g̃|)², up, and down further
    grid = np.geomspace(ell[0] / 3, 2 * ell[1], 60)
    f = np.array([level(alpha, theta, g, float(x)) for x in grid])
    inner = np.nonzero((f[1:-1] < f[:-2]) & (f[1:-1] < f[2:]))[0] + 1
    assert len(inner) == 2
    for i, here in zip(inner, ell, strict=True):
        assert grid[i - 1] < here < grid[i + 1]
    assert energy[0] == pytest.approx(-2 * (0.25 + g) ** 2, rel=0.3)


def test_minimum_beyond_a_quarter():
    # f̃ increases from ℓ = 0, since |g̃| > ¼, and has a minimum all the same
    alpha, theta, g = 0.08, 0.07, -0.255
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    assert best.status == "minimum"
    assert 0 < level(alpha, theta, g, 1e-4) > best.free_energy
    f = [level(alpha, theta, g, best.value * (1 + d)) for d in (-0.03, 0, 0.03)]
    assert f[1] == min(f) == pytest.approx(best.free_energy, abs=1e-14)


def test_compositional_ground_state_beyond_a_quarter():
    model = CompositionalRBM(alpha=0.0083, theta=0.0123, g=-0.2505)
    label, lowest, extra = phase_of(model)
    glass = reference.glass_level(reference.compositional(ell=0.4, theta=0.0123, g=-0.2505), 0.0083)
    assert label == "compositional"
    assert (
        lowest == extra["f_star"] == pytest.approx(level(0.0083, 0.0123, -0.2505, float(extra["ell_star"])), abs=1e-14)
    )
    assert lowest < -1e-7 < 0 < glass


# Where there is none.


def test_status_says_why_there_is_no_minimum():
    model = CompositionalRBM(
        alpha=np.array([0.5, 2.0, 0.5, 5.0, 0.5]),
        theta=np.array([1.5, 1.5, 1.5, -1.0, 1.5]),
        g=np.array([-0.3, -0.05, 0.1, -0.2, -0.6]),
    )
    best = ell_star(model)
    assert best.status.tolist() == ["increasing", "decreasing", "absent", "absent", "increasing"]
    np.testing.assert_array_equal(best.value, [0, math.nan, math.nan, math.nan, 0])
    assert ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.3)).status == "increasing"


@pytest.mark.slow
def test_nan_is_a_branch_that_decreases_to_its_end():
    # up to the fold of the branch in ℓ, where k = 1 is found no more
    model = CompositionalRBM(alpha=2.0, theta=1.5, g=-0.05)
    low, high = 0.5, 50.0
    while high / low > 1 + 1e-9:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if np.isfinite(energies(model, np.array([middle]))[0][0]) else (low, middle)
    ell = low * np.array([0.2, 0.5, 0.9, 0.99, 0.999, 1.0])
    f, _ = energies(model, ell)
    assert (np.diff(f) < 0).all()
    for x, value in zip(ell[1:3], f[1:3], strict=True):
        assert replica.solve(model.replace(ell=float(x))).free_energy == pytest.approx(value, abs=1e-13)
    assert not [s for s in replica.solve_all(model.replace(ell=1.001 * high)) if s.kind == "retrieval"]


def test_the_largest_ell_of_the_model_is_named():
    # without noise ℓ* → 1/(8π g̃²), 39789 here
    with pytest.warns(RuntimeWarning, match=r"still decreases at ell = 5000.*1 of 2 points.*g = -0\.001"):
        best = ell_star(CompositionalRBM(alpha=0.01, theta=6.0, g=np.array([-0.001, -0.01])))
    assert best.status.tolist() == ["window", "minimum"]
    assert math.isnan(best.value[0])
    assert best.value[1] == pytest.approx(1 / (8 * math.pi * 1e-4), rel=0.01)


def test_low_thresholds_start_in_the_glass():
    # θ̃ < 0: the noise √α|θ̃| and the field g̃ + α/2 stay as ℓ → 0, and f̃ → −αθ̃²/2
    alpha, theta, g = 0.02, -0.1, -0.3
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g))
    assert (best.value, best.status) == (0, "increasing")
    assert best.free_energy == pytest.approx(-alpha * theta**2 / 2, rel=1e-12)
    # slope −⅛ − (g̃ + α/2)/2
    near, far = (
        replica.solve(CompositionalRBM(alpha=alpha, theta=theta, g=g, ell=x)).free_energy for x in (1e-4, 2e-4)
    )
    assert far - near == pytest.approx(1e-4 * (-0.125 - (g + alpha / 2) / 2), rel=1e-2)
    assert 2 * near - far == pytest.approx(best.free_energy, abs=1e-7)


# Equations, and the whole at random points.


def test_derivatives_along_the_branch():
    rng = np.random.default_rng(4)
    controls = Controls(np.log(rng.uniform(0.05, 1, 6)), rng.uniform(-0.3, 2, 6), -rng.uniform(0.1, 0.4, 6))
    place = np.stack([rng.uniform(0.2, 0.6, 6), rng.uniform(-0.8, -0.2, 6), np.log(rng.uniform(0.02, 0.5, 6))])
    here = local(controls, place)
    for j, e in enumerate(np.eye(3)[:, :, None]):
        high, low = local(controls, place + 1e-6 * e), local(controls, place - 1e-6 * e)
        np.testing.assert_allclose((high.residual - low.residual) / 2e-6, here.jacobian[:, j], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose((high.slope - low.slope) / 2e-6, here.bend[j], atol=1e-8)


@pytest.mark.medium
@pytest.mark.parametrize(("theta", "y"), [(0.5, -25.0), (0.5, -3.0), (0.5, 0.0), (0.5, 8.0), (0.5, 39.0), (0.5, 60.0)])
def test_tails(theta, y):
    from mpmath import mp

    from replica.diagrams.branch_equations import _tails

    with mp.workdps(60):
        x = mp.mpf(y)
        phi, H0 = mp.npdf(x), mp.erfc(x / mp.sqrt(2)) / 2
        H1, H2 = phi - x * H0, (1 + x * x) * H0 - x * phi
        wanted = [float(v) for v in (mp.log(H0), phi / H0, mp.log(H2), H1 / H2)]
    found = [float(v[0]) for v in _tails(np.array([y]))]
    np.testing.assert_allclose(found, wanted, rtol=1e-9 if y < 40 else 3e-3, atol=1e-80)


@pytest.mark.slow
def test_minima_at_random_points_are_those_of_a_fine_list():
    # f̃ of the second implementation at 60 values of ℓ up to where its state is lost
    rng = np.random.default_rng(20170)
    n = 60
    alpha, theta, g = 10 ** rng.uniform(-3, 1, n), rng.uniform(0, 2.5, n), rng.uniform(-0.3, -0.08, n)
    found = minima(alpha, theta, g)
    for i in range(n):
        ell = sorted(found.ell[found.point == i])
        f = []
        grid = np.geomspace(0.02, 40, 100)
        for x in grid:
            try:
                value = level(alpha[i], theta[i], g[i], float(x))
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                break
            f.append(value)
        branch, _ = energies(CompositionalRBM(alpha=alpha[i], theta=theta[i], g=g[i]), grid[: len(f)])
        # Newton's method of the second implementation may leave the sheet near its end
        on = np.isfinite(branch) & (np.abs(np.array(f) - branch) < 1e-10)
        last = len(f) if on.all() else int(np.argmin(on))
        f = np.array(f[:last])
        inner = np.nonzero((f[1:-1] < f[:-2]) & (f[1:-1] < f[2:]))[0] + 1 if last > 2 else []
        for j in inner:
            assert any(grid[j - 1] < x < grid[j + 1] for x in ell), (alpha[i], theta[i], g[i])
        for x in ell:
            if grid[1] < x < grid[max(last - 2, 0)]:
                assert any(grid[j - 1] < x < grid[j + 1] for j in inner), (alpha[i], theta[i], g[i], x)


# Boundaries.


@pytest.mark.medium
def test_no_boundary_where_the_minimum_runs_into_the_end_of_the_branch():
    # along g̃ ℓ* ends in the fold; the energies of branch and glass are far apart there
    model = CompositionalRBM(alpha=0.05, theta=0.6, g=-0.2)
    g = np.linspace(-0.24, -0.02, 45)
    best = ell_star(model.replace(g=g))
    assert set(best.status) >= {"minimum", "decreasing"}
    where = phase_boundary(model, along="g", limits=(-0.24, -0.02), between=("compositional", "spin_glass"))
    labels, *_ = phase_of(model.replace(g=g))
    change = np.nonzero(labels[1:] != labels[:-1])[0]
    if len(change):
        assert g[change[0]] < where < g[change[0] + 1]
        f = phase_of(model.replace(g=where + np.array([-1e-9, 1e-9])))[1]
        assert f[0] == pytest.approx(f[1], abs=1e-8)
    else:
        assert math.isnan(where)


# Heterogeneous machines.


@pytest.mark.medium
def test_heterogeneous_minimum_from_one_shortly_before_the_end():
    alpha, theta, g, *_ = NEAR_THE_END[3]
    x = (0.9, 1.1)
    best = ell_star(CompositionalRBM(alpha=alpha, theta=theta, g=g, x_i=x))
    ell, energy, (m, q, _) = reference.best_ell(alpha, theta, g, bracket=(0.8, 1.25), x=x)
    assert best.status == "minimum"
    assert best.value == pytest.approx(ell, abs=1e-6)
    assert best.free_energy == pytest.approx(energy, abs=1e-14)
    assert (best.order.m, best.order.q) == pytest.approx((m, q), abs=1e-6)


def test_heterogeneous_machine_without_a_minimum_to_start_from():
    with pytest.warns(RuntimeWarning, match="not known"):
        best = ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.3, x_i=(0.5, 1.5)))
    assert best.status == "lost"
    assert math.isnan(best.value)


# A branch that is lost.


@pytest.mark.parametrize("along", ["beyond", "before"])
def test_a_branch_that_is_lost_is_said(monkeypatch, along):
    """With few steps the branch is lost beyond its minimum, which stays, or before, and ℓ* is not known."""
    from replica.diagrams import retrieval_branch
    from replica.diagrams.compositional_phases import phase_of

    model = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.15)
    whole = ell_star(model)
    controls = [np.array([v]) for v in (0.5, 1.5, -0.15)]
    steps = 1
    while True:
        monkeypatch.setattr(retrieval_branch, "STEPS", steps)
        found = minima(*controls)
        if len(found.ell) == (along == "beyond"):
            break
        steps += 1
    assert found.lost.tolist() == [True]
    with pytest.warns(RuntimeWarning, match="lost beyond a minimum" if along == "beyond" else "not known and nan"):
        best = ell_star(model)
    assert best.status == ("minimum" if along == "beyond" else "lost")
    if along == "beyond":
        assert best.value == pytest.approx(whole.value, rel=1e-13)
    # a phase is known where the minimum that is known is lowest
    (label,) = phase_of(model.replace(alpha=[0.5]))[0]
    glass = phase_of(model.replace(alpha=[0.5]))[2]["f_sg"][0]
    assert label == ("compositional" if along == "beyond" and whole.free_energy < glass else "")


def test_branches_that_are_followed_are_not_lost():
    found = minima(*(np.array(v) for v in ([0.5, 2.0, 2.0], [1.5, 1.5, 1.5], [-0.15, -0.3, -0.05])))
    assert found.lost.tolist() == [False] * 3
    assert found.status.tolist() == ["minimum", "increasing", "decreasing"]
