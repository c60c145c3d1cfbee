"""Models without their charts have the same states: curves traced by arclength against curves in closed form."""

import math
import warnings

import numpy as np
import pytest

import replica
from replica.errors import ConvergenceError, IncompleteWarning
from replica.models import CompositionalRBM, Hopfield, Hopfield1RSB, PlantedHopfield, ReluRBM, ThresholdHopfield
from replica.models.base import Model
from replica.models.diluted_hopfield import DilutedHopfield

SAME = 1e-7  # states are solved to rounding, which near a fold is its square root
CLOSEST = 1e-6
"""1 − C below which curves are not followed, and say so."""
EQUATIONS = ("saddle", "gradient", "equations")


def without_charts(cls, only_free_energy=False):
    """The model with generic curves; with its own equations or with nothing but its free energy."""
    default = ("branches", *EQUATIONS) if only_free_energy else ("branches",)
    return type(f"Bare{cls.__name__}", (cls,), {name: getattr(Model, name) for name in default})


def solved(model, n_condensed):
    """All solutions, complete or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteWarning)
        return replica.solve_all(model, n_condensed=n_condensed)


def assert_same_states(cls, controls, n_condensed=(1, 3), only_free_energy=False):
    """The same states; what is missing is at 1 − C → 0, and a line says so."""
    with_charts = solved(cls(**controls), n_condensed)
    without = solved(without_charts(cls, only_free_energy)(**controls), n_condensed)
    left = list(without)
    for s in with_charts:
        same = [x for x in left if (x.n > 0) == (s.n > 0) and np.allclose(x.order, s.order, rtol=SAME, atol=SAME / 100)]
        if same:
            assert (same[0].kind == "spin_glass") == (s.kind == "spin_glass")
            left.remove(same[0])
            continue
        assert s.order.C > 1 - 3 * CLOSEST, f"{s.kind} m = {s.order.m}, C = {s.order.C} missing at {controls}"
        assert any("1 - C < 1e-6" in line or "lost" in line for line in without.unaccounted)
    assert not left, f"{left} at {controls}"
    return with_charts, without


def assert_same_labels(cls, controls, **options):
    """The same states with the same labels, nothing missing."""
    with_charts, without = assert_same_states(cls, controls, **options)
    assert without.complete
    assert [(s.kind, s.n, s.sheet) for s in without] == [(s.kind, s.n, s.sheet) for s in with_charts]


def hopfield(rng, T):
    """A point of the Hopfield model at loads at which it has all its states, or none but the glass."""
    return {"alpha": 10 ** rng.uniform(-3, 0.3), "T": T}


def threshold(rng):
    return {"alpha": 10 ** rng.uniform(-3, 0.3), "theta": rng.uniform(-1.5, 1.5)}


def planted(rng):
    return {
        "gamma": 10 ** rng.uniform(-2, 1),
        "beta_teacher": rng.uniform(0.05, 0.95),
        "T": rng.choice([0.0, rng.uniform(0.01, 2.0)]),
    }


def sparse(rng):
    return {
        "alpha": 10 ** rng.uniform(-3, 0),
        "theta": rng.uniform(-0.3, 0.5),
        "g": rng.choice([-1, -1, -1, 1]) * 10 ** rng.uniform(-3, -0.5),
        "p": rng.uniform(0.05, 1.0),
        "L": int(rng.integers(1, 7)),
    }


def compositional(rng):
    return {
        "alpha": 10 ** rng.uniform(-2, 0.3),
        "theta": rng.uniform(-0.3, 1.0),
        "g": rng.choice([-1, -1, -1, 1]) * 10 ** rng.uniform(-2, 0),
        "ell": rng.uniform(0.3, 4.0),
    }


@pytest.mark.slow
def test_hopfield_at_zero_temperature():
    rng = np.random.default_rng(1)
    for _ in range(6):
        assert_same_labels(Hopfield, hopfield(rng, 0.0))


@pytest.mark.slow
def test_hopfield_of_which_only_the_free_energy_is_known():
    rng = np.random.default_rng(2)
    for _ in range(4):
        assert_same_labels(Hopfield, hopfield(rng, 0.0), only_free_energy=True)


@pytest.mark.slow
def test_hopfield_above_zero_temperature():
    rng = np.random.default_rng(3)
    for _ in range(6):
        assert_same_labels(Hopfield, hopfield(rng, rng.uniform(0.01, 1.5)))


@pytest.mark.slow
@pytest.mark.parametrize("T", [0.0, 0.3, 0.9, 1.2])
def test_free_energies_at_a_temperature(T):
    """T = 1.2 has a paramagnet, where a free energy has no slope in ln r, and a glass that leaves it at finite load."""
    rng = np.random.default_rng(4)
    assert_same_labels(Hopfield, hopfield(rng, T), only_free_energy=True)
    point = {**planted(rng), "T": T}
    assert_same_labels(PlantedHopfield, point, n_condensed=(1,), only_free_energy=True)


@pytest.mark.slow
def test_threshold_hopfield():
    rng = np.random.default_rng(5)
    for _ in range(6):
        assert_same_labels(ThresholdHopfield, threshold(rng))


@pytest.mark.slow
def test_planted_patterns():
    """Learning begins where m vanishes at a finite load: an end of its curve, and no fold."""
    rng = np.random.default_rng(6)
    for _ in range(6):
        assert_same_labels(PlantedHopfield, planted(rng))


@pytest.mark.slow
def test_random_rbm_with_relu_units():
    """Several states without noise, several glasses, and the quiescent state."""
    rng = np.random.default_rng(5)
    for _ in range(8):
        assert_same_states(ReluRBM, sparse(rng))


@pytest.mark.slow
def test_compositional_limit():
    rng = np.random.default_rng(7)
    for _ in range(6):
        assert_same_states(CompositionalRBM, compositional(rng))


@pytest.mark.slow
def test_one_step_of_symmetry_breaking_has_an_end_that_is_not_known():
    """Curves end where D = 1 − C − μΔ vanishes: the states are there, but the answer is not called complete."""
    for alpha in (0.02, 0.1, 0.8):
        _, without = assert_same_states(Hopfield1RSB, {"alpha": alpha}, n_condensed=(1,))
        assert not without.complete


@pytest.mark.parametrize("cls", [Hopfield, ThresholdHopfield])
@pytest.mark.slow
def test_folds_are_those_of_the_charts(cls):
    bare = without_charts(cls)
    expected = replica.spinodal(cls(alpha=0.01), along="alpha")
    for load in (None, 0.01):
        found = replica.spinodal(bare(alpha=load), along="alpha")
        assert found.value == pytest.approx(expected.value, rel=1e-12)
        assert found.order.m == pytest.approx(expected.order.m, rel=1e-7)
    with pytest.raises(ConvergenceError, match="below"):
        replica.spinodal(bare(alpha=2.0), along="alpha")


@pytest.mark.slow
def test_a_curve_without_fold_says_so():
    bare = without_charts(PlantedHopfield)
    with pytest.raises(ConvergenceError, match="no fold"):
        replica.spinodal(bare(gamma=None, beta_teacher=0.6, T=0.5), along="gamma")


@pytest.mark.slow
def test_one_set_of_curves_serves_all_loads():
    loads, share = np.geomspace(1e-4, 0.5, 12), np.array([[0.01], [0.3], [1.0]])
    table = replica.solve_all(DilutedHopfield(alpha=loads * share, c=share))
    assert table.complete
    for i, j in [(0, 0), (0, 7), (1, 5), (2, 6), (2, 11)]:
        alone, here = replica.solve_all(DilutedHopfield(alpha=loads[j] * share[i, 0], c=share[i, 0])), table.at((i, j))
        assert [(s.kind, s.sheet) for s in alone] == [(s.kind, s.sheet) for s in here]
        for a, b in zip(alone, here, strict=True):
            np.testing.assert_allclose(a.order, b.order, rtol=1e-11, atol=1e-13)


def test_loads_below_those_at_which_1_minus_C_is_resolved_are_named():
    with pytest.warns(IncompleteWarning):
        found = replica.solve_all(DilutedHopfield(alpha=1e-14, c=1.0))
    assert any("1 - C < 1e-6" in line for line in found.unaccounted)
    assert [s.order.m for s in found if s.kind == "retrieval" and s.sheet == 0] == [1.0]


def test_mixtures_are_looked_for_where_the_free_energy_knows_them():
    for cls, kinds in ((Hopfield, ["retrieval", "mixture"]), (PlantedHopfield, ["retrieval"])):
        model = without_charts(cls)(**{cls.load: 0.05, **({"beta_teacher": 0.5} if cls is PlantedHopfield else {})})
        assert [b.kinds[0] for b in model.branches((1, 3)) if hasattr(b, "kinds") and b.n] == kinds


def test_no_paramagnet_of_zero_times_infinity():
    """θ < 0: without active units the hidden ones still answer −θ, and r = θ² does not vanish as q does."""
    model = without_charts(ReluRBM)(alpha=0.18, theta=-0.08, g=-0.28, p=0.96, L=3)
    exists, _ = model.branches((1,))[-1].state(model.unchecked(**{k: np.array([v]) for k, v in model.controls.items()}))
    assert not exists.any()


def test_paramagnet_of_a_free_energy():
    """C = 1/T, from the slope of f at small noise extrapolated to none."""
    bare = without_charts(Hopfield, only_free_energy=True)
    flat = bare(alpha=np.array([0.1, 0.1]), T=np.array([0.8, 1.25]))
    exists, order = flat.branches(())[-1].state(flat)
    assert exists.tolist() == [False, True]
    assert order.C[1] == pytest.approx(0.8, abs=1e-11)
    assert math.isclose(order.q[1], 0.0, abs_tol=1e-11)
