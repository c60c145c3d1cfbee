"""Simulation against the theory of random RBMs of any potentials: the committed study, and small machines run here."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import figures
import rbm_sim
import replica
from figures import general_sampling as study
from rbm_sim._support import blas
from replica.table import Table

CSV = Path(figures.__file__).parent / "general_sampling.csv"
WORST = 1e-3
"""Probability that a test of correct numbers fails."""


def rows(**fixed):
    return [r for r in Table.read(CSV).rows() if all(r[key] == value for key, value in fixed.items())]


def p_value(deviations):
    """Probability that the largest of several |t| of as many machines is as large as it is, by Bonferroni."""
    t, machines = np.array([d[:2] for d in deviations]).T
    return len(t) * float((2 * stats.t.sf(np.abs(t), machines - 1)).min())


def deviations(row, machines):
    """t of every quantity of a row whose error is not that of rounding."""
    return [
        ((row[f"{name}_sim"] - row[name]) / row[f"{name}_err"], machines)
        for name in study.QUANTITIES
        if row.get(f"{name}_sim") is not None
    ]


def test_the_study_agrees_with_theory_where_replica_symmetry_is_stable():
    """11 pairs, 33 points, 16 machines each: no t beyond what 1e-3 allows, and as many beyond 2 as there should be."""
    stable = [r for r in rows(series="simulation") if r["replicon"] > 0]
    assert {r["pair"] for r in stable} == set(study.PAIRS)
    found = [d for r in stable for d in deviations(r, study.SAMPLES)]
    assert len(found) > 150
    assert p_value(found) > WORST
    # q of different points is independent: the sum of squares of normal scores is a χ²
    scores = stats.norm.ppf(stats.t.cdf([(r["q_sim"] - r["q"]) / r["q_err"] for r in stable], study.SAMPLES - 1))
    assert WORST < stats.chi2.sf((scores**2).sum(), len(scores)) < 1 - WORST


def test_both_starts_of_the_study_lead_to_the_same_state():
    stable = [r for r in rows(series="simulation") if r["replicon"] > 0]
    assert p_value([(r["starts_z"], study.SAMPLES) for r in stable for _ in study.QUANTITIES]) > WORST
    assert max(r["tau"] for r in stable if r["tau"] is not None) < study.BURN_IN / 20


def test_the_energy_shows_where_replica_symmetry_is_broken():
    """Below the AT line the energy lies above the symmetric one, by more than 4 errors at the lower temperature."""
    broken = sorted((r for r in rows(series="simulation") if r["replicon"] < 0), key=lambda r: r["T"])
    assert [r["T"] for r in broken] == [0.3, 0.4]
    assert (broken[0]["energy_sim"] - broken[0]["energy"]) / broken[0]["energy_err"] > 4


def test_theory_of_the_study_is_that_of_today():
    """Points of the CSV file, theory solved again."""
    for r in rows(series="simulation")[::5]:
        pair = study.PAIRS[r["pair"]]
        state = replica.solve(pair.model(r["T"]), start=pair.start)
        assert [r["q"], r["C"], r["B"]] == pytest.approx([state.order.q, state.order.C, state.order.B], rel=1e-8)


SMALL = {
    "spin–Gaussian": (0.35, 600),
    "spin–ReLU": (0.4, 600),
    "three values–Gaussian": (0.15, 400),
    "spin–spin": (1.0, 300),
    "spin–mixture": (1.5, 300),
    "Bernoulli–Bernoulli": (0.2, 300),
    "Bernoulli–Gaussian": (0.6, 300),
    "Bernoulli–quartic": (0.4, 200),
}
"""Temperature and visible units of pairs that are simulated here."""


@pytest.mark.slow
def test_small_machines_agree_with_theory(monkeypatch):
    """8 pairs, 16 machines of 200 to 600 units, seed 5: the largest of about 45 |t| of 15 degrees of freedom.

    Its 1e-3 quantile is |t| = 5.8; errors are 0.1 to 3 % of q, 0.1 to 8 % of C and B, 1 to 10 % of r. The energy is
    left to the study.
    """
    monkeypatch.setattr(study, "SWEEPS", 60)
    monkeypatch.setattr(study, "BURN_IN", 40)
    found = []
    with blas.one_thread():
        for k, (name, (T, N)) in enumerate(SMALL.items()):
            pair = study.PAIRS[name]
            known = study.theory(pair, T)
            seeds = np.random.SeedSequence([5, k]).spawn(16)
            machines = [study.sample(pair, T, N, seed) for seed in seeds]
            for quantity in known.keys() & machines[0][0].keys() - {"energy"}:
                if quantity == "m" and pair.start != "retrieval":
                    continue
                values = np.array([np.mean([found[quantity] for found in machine]) for machine in machines])
                error = values.std(ddof=1) / 4
                found.append(((values.mean() - known[quantity]) / error, 16))
    assert len(found) >= 35
    assert p_value(found) > WORST


@pytest.mark.parametrize("name", ["TRIT", "QUARTIC", "BOX"])
def test_units_of_ones_own_are_the_same_in_theory_and_simulation(name):
    """Mean and variance in a field, self-coupling 0."""
    potential, unit = getattr(study, name)
    I = np.linspace(-4, 4, 9)
    law = potential.law(I, np.zeros(9), 0.3)
    np.testing.assert_allclose(law.mean, unit.mean(I, 0.3), atol=1e-10)
    np.testing.assert_allclose(law.variance, unit.variance(I, 0.3), atol=1e-10)
    np.testing.assert_allclose(law.work, 0.3 * unit.log_partition(I, 0.3), atol=1e-10)


def test_mixtures_are_the_same_in_theory_and_simulation():
    potential, unit = study.both("Mixture", 0.6)
    I = np.linspace(-4, 4, 9)
    law = potential.law(I, np.zeros(9), 0.3)
    np.testing.assert_allclose(law.mean, unit.mean(I, 0.3), atol=1e-12)
    np.testing.assert_allclose(law.variance, unit.variance(I, 0.3), atol=1e-12)
    np.testing.assert_allclose(law.work, 0.3 * unit.log_partition(I, 0.3), atol=1e-12)


def test_starts_differ():
    pair = study.PAIRS["three values–Gaussian"]
    xi, rbm = pair.machine(50, 1)
    first, second = study.starts(pair, xi, 0.1, np.random.default_rng(1))
    assert isinstance(rbm.visible, rbm_sim.Discrete)
    np.testing.assert_array_equal(first, xi[:, 0])
    assert 0 < np.mean(second != first) < 0.2
    assert math.isclose(rbm.shape[1] / 50, pair.alpha, rel_tol=0.3)
