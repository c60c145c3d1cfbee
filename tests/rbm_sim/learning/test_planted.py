"""Teacher and student: exact laws of small machines, and large ones against theory."""

import math

import numpy as np
import pytest
from scipy import stats

import replica
from rbm_sim.learning.planted import learning, student, teacher_examples
from rbm_sim.partition import exact
from replica.models import PlantedHopfield


def configurations(N):
    return 1 - 2 * (np.arange(2**N)[:, None] >> np.arange(N) & 1)


@pytest.mark.parametrize("beta", [0.0, 0.7, 1.8])
def test_examples_have_the_law_of_the_teacher(beta):
    """All 64 configurations of six units, 2·10⁵ draws, χ²: seed 5, p > 1e-3."""
    pattern = np.array([1, -1, -1, 1, 1, -1])
    S = teacher_examples(pattern, 200_000, beta=beta, rng=5)
    all_states = configurations(6)
    law = np.exp(beta / 12 * (all_states @ pattern) ** 2)
    law /= law.sum()
    code = ((S == -1) * (1 << np.arange(6))[:, None]).sum(axis=0)
    assert (all_states[code] == S.T).all()
    assert stats.chisquare(np.bincount(code, minlength=64), 200_000 * law).pvalue > 1e-3


def test_overlaps_with_the_teacher_are_gaussian():
    """Variance 1/(1 − β*) + O(1/N) and no excess kurtosis: N = 4000, seed 2, z < 4."""
    S = teacher_examples(np.ones(4000), 3000, beta=0.5, rng=2)
    x = S.sum(axis=0, dtype=float) / math.sqrt(4000)
    assert abs((x * x).mean() - 2) < 4 * 2 * math.sqrt(2 / 3000)
    assert abs(stats.kurtosis(x)) < 4 * math.sqrt(24 / 3000)


def test_the_student_samples_the_posterior():
    rng = np.random.default_rng(3)
    S = teacher_examples([1, 1, -1, 1, -1], 4, beta=0.8, rng=rng)
    for T in (0.5, 1.25):
        v, p = exact.visible_distribution(student(S), T)
        law = np.exp(((v @ S) ** 2).sum(axis=1) / (2 * 5 * T))
        np.testing.assert_allclose(p, law / law.sum(), rtol=1e-5)  # weights in single precision


def test_at_the_teachers_temperature_teacher_and_student_are_alike_at_every_size():
    """E(ξ*·ξ)² = E(ξ·ξ')², exactly: 4000 sets of examples of seven units, the student enumerated; z < 4, seed 4."""
    rng, beta = np.random.default_rng(4), 0.9
    xi = configurations(7)
    difference = []
    for _ in range(4000):
        S = teacher_examples(np.ones(7), 5, beta=beta, rng=rng).astype(float)
        law = np.exp(beta / 14 * ((xi @ S) ** 2).sum(axis=1))
        law /= law.sum()
        second = xi.T @ (law[:, None] * xi)
        difference.append((second.sum() - (second * second).sum()) / 49)
    difference = np.array(difference)
    assert abs(difference.mean()) < 4 * difference.std() / math.sqrt(4000)
    assert difference.std() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gamma", "teacher", "T"),
    [(1.0, 0.7, 1 / 0.7), (1.0, 0.75, 2.5), (1.0, 0.75, 0.8)],
    ids=["Nishimori", "hot", "cold"],
)
def test_students_follow_the_theory(gamma, teacher, T):
    """m and q of N = 400 and 800, from the pattern and from random starts, extrapolated in 1/N: seed 11, z < 4."""
    order = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T)).order
    found = {
        N: learning(
            N,
            round(gamma * N),
            beta_teacher=teacher,
            T=T,
            samples=samples,
            burn_in=60,
            sweeps=80,
            rng=np.random.SeedSequence([11, N]),
        )
        for N, samples in ((400, 60), (800, 50))
    }
    for name, theory in (("m", order.m), ("q", order.q), ("m_random", order.m), ("q_random", order.q)):
        small, large = (getattr(found[N], name) for N in (400, 800))
        error = math.hypot(2 * large.stderr, small.stderr)
        assert error < 0.03
        assert abs(2 * large.mean - small.mean - theory) < 4 * error, name


@pytest.mark.slow
def test_below_the_threshold_nothing_is_learned():
    """β = β* = 0.4 < ½ = 1/(1 + √γ): from the pattern m decays to what 200 sweeps leave of it. Seed 12."""
    found = learning(1000, 1000, beta_teacher=0.4, T=2.5, samples=10, burn_in=100, sweeps=200, rng=12)
    assert found.m.mean < 0.05
    assert found.m_random.mean < 0.05


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"beta": -0.1}, "beta"),
        ({"beta": math.nan}, "beta"),
        ({"M": 0}, "M"),
        ({"pattern": [1, 0, 1]}, "pattern"),
        ({"pattern": np.ones((2, 2))}, "pattern"),
        ({"rng": "x"}, "rng"),
    ],
)
def test_arguments_of_examples(wrong, name):
    arguments = {"pattern": [1, -1, 1], "M": 2, "beta": 0.5, **wrong}
    with pytest.raises(ValueError, match=f"^{name} ") as caught:
        teacher_examples(arguments.pop("pattern"), arguments.pop("M"), **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"N": 0}, {"M": 1.5}, {"T": 0}, {"samples": 0}, {"burn_in": -1}, {"sweeps": 0}, {"beta_teacher": -1}]
)
def test_arguments_of_learning(wrong):
    arguments = {"N": 4, "M": 2, "beta_teacher": 0.5, "T": 1.0, "samples": 2, "burn_in": 1, "sweeps": 2, **wrong}
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} = ") as caught:
        learning(arguments.pop("N"), arguments.pop("M"), **arguments)
    assert "\n" not in str(caught.value)
