"""Whole grids at once: every state at every point, against adaptive quadrature and against scalar solving."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from mpmath import mp
from scipy.integrate import quad

import replica
from replica.errors import ConvergenceError
from replica.models import Hopfield, PlantedHopfield, ThresholdHopfield
from replica.saddle.ordering import KINDS, TIED, lowest_first
from replica.saddle.solution import Solution, Status

ACCEPTED = 1e-10  # residuals and errors of m that are promised on the grid
SCALAR = 1e-12  # array against scalar: the same equations from other brackets
ALPHAS, TEMPERATURES = np.linspace(0.002, 0.14, 50), np.linspace(0.02, 1.0, 50)


@pytest.fixture(scope="module")
def grid():
    return replica.solve_all(Hopfield(alpha=ALPHAS[:, None], T=TEMPERATURES))


@pytest.mark.medium
def test_every_residual_on_the_grid(grid):
    present = grid.status != Status.ABSENT
    assert (grid.status[present] == Status.CONVERGED).all()
    assert grid.residual[present].max() <= ACCEPTED
    again = [s.model.residual(s.order, s.n) for s in grid]
    for j, residual in enumerate(again):
        assert np.nanmax(np.where(present[..., j], residual, 0)) <= ACCEPTED
    # a glass below T_g = 1 + √α and a paramagnet above 1, at every point
    glass = np.array([kind == "spin_glass" for kind in grid.kinds])
    assert present[..., glass].sum(-1).min() == present[..., glass].sum(-1).max() == 1


def test_states_come_in_pairs_and_end_on_the_computed_line(grid):
    # retrieval exists up to α_M(T), and with it its unstable partner
    present = grid.status == Status.CONVERGED
    upper, lower = (present[..., j] for j in range(2))
    assert grid.sheets[:2] == (0, 1)
    np.testing.assert_array_equal(upper, lower)
    for k in range(0, 50, 7):
        T = float(TEMPERATURES[k])
        if T < 1:
            limit = replica.spinodal(Hopfield(alpha=1e-6, T=T), along="alpha").value
            np.testing.assert_array_equal(upper[:, k], ALPHAS < limit)
    assert not upper[:, -1].any()  # T = 1


def adaptive_residual(m, r, C, q, alpha, T):
    """Residual of (m, q, r) with averages by adaptive quadrature over z."""
    s = math.sqrt(alpha * r)
    edges = [p for p in (-m / s - 10 * T / s, -m / s, -m / s + 10 * T / s) if abs(p) < 11]

    def average(f):
        value, _ = quad(
            lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * f(math.tanh((m + s * z) / T)),
            -11,
            11,
            points=edges,
            epsabs=1e-14,
            epsrel=1e-13,
            limit=400,
        )
        return value

    unsaturated = average(lambda t: 1 - t * t)
    return np.array([average(lambda t: t) - m, unsaturated / T - C, (1 - T * C) / (1 - C) ** 2 - r]), unsaturated


@pytest.mark.parametrize("row", range(0, 50, 6))
def test_overlaps_at_the_lowest_temperature_against_adaptive_quadrature(grid, row):
    """m at T = 0.02 moved by one Newton step on adaptively integrated equations moves by less than 1e-10."""
    T, alpha = 0.02, float(ALPHAS[row])
    for s in grid.at((row, 0)):
        if s.kind != "retrieval":
            continue
        x = np.array([s.order.m, s.order.r, s.order.C])

        def residual(x, alpha=alpha):
            m, r, C = x
            return adaptive_residual(m, r, C, 1 - T * C, alpha, T)[0]

        jacobian = np.empty((3, 3))
        for j in range(3):
            h = 1e-4 * max(x[j], 1e-3)
            step = h * (np.arange(3) == j)
            jacobian[:, j] = (residual(x + step) - residual(x - step)) / (2 * h)
        change = np.linalg.solve(jacobian, residual(x))
        assert abs(change[0]) < ACCEPTED


@pytest.mark.medium
def test_points_of_the_grid_are_those_of_scalar_calls(grid):
    rng = np.random.default_rng(4)
    for i, k in rng.integers(0, 50, (25, 2)):
        here = grid.at((int(i), int(k)))
        alone = replica.solve_all(Hopfield(alpha=float(ALPHAS[i]), T=float(TEMPERATURES[k])))
        assert [(s.kind, s.n, s.sheet) for s in here] == [(s.kind, s.n, s.sheet) for s in alone]
        for a, b in zip(here, alone, strict=True):
            np.testing.assert_allclose(a.order, b.order, rtol=SCALAR, atol=SCALAR)
            assert a.stable == b.stable
            assert a.free_energy == pytest.approx(b.free_energy, abs=SCALAR)
        assert [s.free_energy for s in here] == sorted(s.free_energy for s in here)


def test_absent_states_are_marked(grid):
    absent = grid.status == Status.ABSENT
    assert absent.any()
    for member in (*grid.order, grid.residual, grid.free_energy):
        np.testing.assert_array_equal(np.isnan(member), absent)
    for s, kind in zip(grid, grid.kinds, strict=True):
        assert s.kind == kind
        assert "array of shape (50, 50)" in repr(s)
    assert "hopfield" in repr(grid)


@pytest.mark.parametrize("T", [1e-6, 1e-9, 1e-3])
def test_very_low_temperatures(T):
    table = replica.solve_all(Hopfield(alpha=np.linspace(0.002, 0.137, 30), T=T))
    present = table.status != Status.ABSENT
    assert present[:, :2].all()
    assert table.residual[present].max() <= 1e-12
    frozen = replica.solve_all(Hopfield(alpha=np.linspace(0.002, 0.137, 30), T=0.0))
    np.testing.assert_allclose(table.order.m[:, 0], frozen.order.m[:, 0], atol=20 * T + 1e-12)


def test_solve_on_arrays():
    model = Hopfield(alpha=np.array([0.05, 0.1, 0.2]), T=0.1)
    with pytest.raises(ConvergenceError, match="no retrieval state at 1 of 3 points"):
        replica.solve(model)
    state = replica.solve(model, throw=False)
    assert list(state.status) == [Status.CONVERGED, Status.CONVERGED, Status.ABSENT]
    assert np.isnan(state.order.m[2])
    assert state.order.m[1] == pytest.approx(replica.solve(Hopfield(alpha=0.1, T=0.1)).order.m, abs=1e-13)
    nowhere = replica.solve(Hopfield(alpha=np.array([0.5, 0.6])), throw=False)
    assert list(nowhere.status) == [Status.ABSENT] * 2
    assert np.isnan(nowhere.order.m).all()


def test_solve_where_there_is_no_state():
    with pytest.raises(
        ConvergenceError, match=r"no retrieval state at alpha = 0\.2, T = 0\.0: no such state"
    ) as caught:
        replica.solve(Hopfield(alpha=0.2))
    assert "solve_all" in str(caught.value)  # the message says what to try
    state = replica.solve(Hopfield(alpha=0.2), throw=False)
    assert state.status == Status.ABSENT
    assert math.isnan(state.order.m)
    for status in Status:
        assert len(status.advice) > 10


def test_numbers_of_condensed_patterns():
    model = Hopfield(alpha=0.005, T=0.1)
    kinds = {n: {(s.kind, s.n) for s in replica.solve_all(model, n_condensed=n)} for n in ((), (1,), (3, 5), (1, 1))}
    assert kinds[()] == {("spin_glass", 0)}
    assert kinds[1,] == {("spin_glass", 0), ("retrieval", 1)}
    assert kinds[3, 5] == {("spin_glass", 0), ("mixture", 3), ("mixture", 5)}
    assert kinds[1, 1] == kinds[1,]
    assert len(replica.solve_all(model, n_condensed=(1, 1))) == len(replica.solve_all(model, n_condensed=(1,)))
    assert replica.solve(model, start="mixture").n == 3
    even = replica.solve(model.replace(alpha=1e-4), start=("mixture", 2))
    assert even.n == 2
    assert not even.stable  # even mixtures exist and are unstable


def test_three_dimensional_controls():
    table = replica.solve_all(ThresholdHopfield(alpha=np.full((2, 1, 1), 0.05), theta=np.zeros((3, 4))))
    assert table.status.shape[:-1] == (2, 3, 4)
    np.testing.assert_array_equal(table.order.m[1, 2, 3], table.order.m[0, 0, 0])


def test_loads_of_all_sizes():
    for alpha in (1e-12, 1e-6, 1.0, 1e3, 1e8):
        found = replica.solve_all(Hopfield(alpha=alpha, T=0.5), n_condensed=(1,))
        assert all(s.status == Status.CONVERGED for s in found), alpha
        assert "spin_glass" in {s.kind for s in found}
        assert ("retrieval" in {s.kind for s in found}) == (alpha < 0.01)


@pytest.mark.medium
@pytest.mark.parametrize("T", [0.999, 0.9999, 1.0, 1.0001, 1.001, 1.2])
def test_next_to_the_critical_temperature(T):
    for alpha in (1e-9, 1e-4, 0.02, 0.5):
        found = replica.solve_all(Hopfield(alpha=alpha, T=T))
        assert max(s.residual for s in found) <= ACCEPTED
        kinds = {s.kind for s in found}
        assert ("paramagnet" in kinds) == (T > 1)
        assert ("spin_glass" in kinds) == (T < 1 + math.sqrt(alpha))
        glass = [s for s in found if s.kind == "spin_glass"]
        assert all(s.order.q > 0 for s in glass)


def test_far_from_the_zero_temperature_side_there_is_a_paramagnet():
    table = replica.solve_all(Hopfield(alpha=0.05, T=np.array([0.5, 1.1, 1.3, 4.0])))
    kinds = [{s.kind for s in table.at(i)} for i in range(4)]
    assert kinds[1] == {"spin_glass", "paramagnet"}
    assert kinds[2] == kinds[3] == {"paramagnet"}
    # in the replica method the glass has the higher free energy below its onset
    sg, pm = (next(s for s in table.at(1) if s.kind == k) for k in ("spin_glass", "paramagnet"))
    assert sg.free_energy >= pm.free_energy


# The order of solutions.


def state(kind, free_energy, n=0, **labels):
    """A solution of which only the kind and the free energy matter."""
    nan = Hopfield.order_type(*[math.nan] * 5)
    found = Solution(Hopfield(alpha=0.1, T=1.0), kind, n, nan, Status.CONVERGED, 0.0, **labels)
    found.__dict__["free_energy"] = free_energy
    return found


@pytest.mark.parametrize("one", [1.0, mp.mpf(1)])
def test_free_energies_within_rounding_are_one_level(one):
    """Every permutation of a level comes out in the order of kinds; what differs by more keeps its order by f."""
    rounding = mp.mpf(10) ** -40 if isinstance(one, mp.mpf) else np.finfo(float).eps
    level = [state("paramagnet", 0 * one), state("spin_glass", 0 * one), state("retrieval", 0 * one, n=1)]
    for steps in itertools.permutations((0, 1, 2)):
        with mp.workdps(60):
            for s, step in zip(level, steps, strict=True):
                s.__dict__["free_energy"] = -one * (1 + step * TIED / 2 * rounding)
            lower, higher = state("spin_glass", -one * (1 + 3 * TIED * rounding)), state("retrieval", one / 2, n=1)
            found = lowest_first([higher, *level, lower], rounding)
        assert found == [lower, level[2], level[0], level[1], higher]


def test_within_a_level_the_labels_decide():
    kinds = [state(kind, -1.0) for kind in reversed(KINDS)]
    assert [s.kind for s in lowest_first(kinds)] == list(KINDS)
    labels = [{"n": 3}, {"n": 1, "sheet": 1}, {"n": 1, "k": 2}, {"n": 1, "k": 1}]
    states = [state("spurious", -1.0, **label) for label in labels]
    assert lowest_first(states) == states[::-1]


def test_failed_and_undefined_solutions_come_last():
    good, lost = state("spin_glass", -1.0), state("retrieval", math.nan)
    failed = dataclasses.replace(good, status=Status.FAILED)
    failed.__dict__["free_energy"] = -1.0
    assert lowest_first([failed, lost, good]) == [good, lost, failed]


@pytest.mark.parametrize("above", [1e-6, 1e-7, 1e-8, 3e-9])
def test_states_just_beyond_the_transition_come_in_their_stated_order(above):
    """Three states whose free energies agree to rounding: learning, the paramagnet and, unstable, the glass."""
    beta = 0.5 + above
    found = replica.solve_all(PlantedHopfield(gamma=1, beta_teacher=beta, T=1 / beta))
    assert [s.kind for s in found] == ["retrieval", "paramagnet", "spin_glass"]


def test_many_digits_resolve_a_level():
    """Just beyond the threshold of learning f differs in the 17th digit: in 30 digits the order is that of f."""
    model = PlantedHopfield(gamma=1, beta_teacher=mp.mpf("0.500001"), T=1 / mp.mpf("0.500001"))
    found = replica.solve_all(model, precision=30)
    with mp.workdps(30):
        f = [s.free_energy for s in found]
        assert 0 < f[1] - f[0] < 1e-16
        assert 0 < f[2] - f[1]
    assert [s.kind for s in found] == ["retrieval", "paramagnet", "spin_glass"]
