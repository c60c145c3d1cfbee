"""Message passing on machines beside the theory: the committed study, and smaller machines run here."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import figures
from figures import _stability as stability
from figures import message_passing as study
from replica.table import Table

CSV = Path(figures.__file__).parent / "message_passing.csv"
WORST = 1e-3
"""Probability that a test of correct numbers fails."""


def rows(panel):
    return [r for r in Table.read(CSV).rows() if r["panel"] == panel]


def p_values(found, degrees):
    """Probabilities of |t| this large or larger."""
    t = np.array([(r["measured"] - r["theory"]) / r["err"] for r in found])
    return 2 * stats.t.sf(np.abs(t), degrees)


def test_fifty_points_grow_as_the_replicon_says():
    """Both sides of the AT line, at minima over all overlaps: |δ|² grows where the replicon is negative, only there."""
    found = rows("growth")
    assert len(found) == 50
    assert all(r["stable"] and r["N"] == 20_000 for r in found)
    assert sum(r["theory"] > 1 for r in found) == 25
    assert [r for r in found if (r["measured"] > 1) != (r["theory"] > 1)] == []


def test_rates_of_growth():
    """50 rates of 3 to 8 machines: no |t| beyond what 1e-3 allows."""
    found = rows("growth")
    machines = [stability.count(stability.PAIRS[r["pair"]]) for r in found]
    assert 50 * p_values(found, np.array(machines) - 1).min() > WORST


@pytest.mark.medium
@pytest.mark.parametrize("T", [0.27, 0.7])
def test_smaller_machines_at_both_sides_of_the_line(T):
    """Spins and Gaussian units, N = 2000: growth is 1 − replicon within 4 errors, which tell the sides apart."""
    found = stability.measured("spin–Gaussian", T, 2000, 6)
    assert found["stable"]
    assert (found["measured"] > 1) == (found["theory"] > 1) == (T < 0.4)
    assert found["measured"] == pytest.approx(found["theory"], abs=4 * found["err"])
    assert found["err"] < abs(found["theory"] - 1) / 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "T"),
    [("Bernoulli–ReLU", 0.018), ("Bernoulli–ReLU", 0.08), ("three levels–Gaussian", 0.06), ("spin–spin", 0.24)],
)
def test_other_smaller_machines(name, T):
    """N = 3000, 8 machines."""
    found = stability.measured(name, T, 3000, 8)
    assert (found["measured"] > 1) == (found["theory"] > 1)
    assert found["measured"] == pytest.approx(found["theory"], abs=5 * found["err"])


def test_overlaps_follow_state_evolution():
    """Four cues, 12 steps, 24 machines of 10⁴ spins; the steps of a cue are hardly more than one number."""
    found = [r for r in rows("overlaps") if r["step"]]
    assert {r["cue"] for r in found} == set(study.CUES)
    assert len(study.CUES) * study.STEPS * p_values(found, study.MACHINES - 1).min() > WORST


@pytest.mark.medium
def test_overlaps_of_smaller_machines():
    found = study.overlaps(0.7, count=8, size=3000)
    assert len(found) == study.STEPS + 1
    assert study.STEPS * p_values(found[1:], 7).min() > WORST


def test_means_of_every_unit():
    """At second order within the errors of sampling and 0.003 of the expansion itself; mean field is farther off."""
    found = rows("entries")
    assert len(found) == study.UNITS + study.HIDDEN_UNITS
    second, first = (np.array([r[name] - r["measured"] for r in found]) for name in ("theory", "mean_field"))
    assert np.all(np.abs(second) < 4 * np.array([r["err"] for r in found]) + 0.003)
    assert np.sqrt((second**2).mean()) < np.sqrt((first**2).mean()) / 4
