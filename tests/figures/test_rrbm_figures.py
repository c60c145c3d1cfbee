"""Committed numbers of the R-RBM figures: known values, published points, and what holds by the theory."""

import math
from pathlib import Path

import numpy as np
import pytest

import figures
from paper_checks.tubiana_monasson_points import CAPACITY, CROSSES, ENERGY, GLASS_LEVEL, OVERLAP, SIMULATED
from replica.diagrams.compositional_phases import phase_of
from replica.models import CompositionalRBM
from replica.table import Table

FOLDER = Path(figures.__file__).parent


def rows_of(name, series=None):
    rows = Table.read(FOLDER / f"{name}.csv").rows()
    return rows if series is None else [r for r in rows if r["series"] == series]


@pytest.mark.parametrize(
    ("L", "theta", "alpha"),
    [
        (1, 0.0, 0.1096),
        (1, 0.1, 1.288),
        (1, 0.2, 62.05),
        (2, 0.0, 0.07100),
        (2, 0.2, 4.848),
        (5, 0.0, 0.04230),
        (5, 0.3, 4.642),
        (10, 0.0, 0.02345),
        (10, 0.3, 1.186),
        (15, 0.0, 0.008318),
    ],
)
def test_capacities_to_the_digits_known(L, theta, alpha):
    found = [r["alpha_c"] for r in rows_of("rrbm_capacity", "theory") if (r["L"], r["theta"]) == (L, theta)]
    assert found == [pytest.approx(alpha, rel=6e-4)]


def test_capacities_grow_with_the_threshold_and_fall_with_the_number_of_units():
    rows = rows_of("rrbm_capacity", "theory")
    table = np.array([[r["alpha_c"] for r in rows if r["L"] == L] for L in CAPACITY])
    assert (np.diff(table, axis=1) > 0).all()
    assert (np.diff(table, axis=0) < 0).all()


@pytest.mark.parametrize(("L", "m"), [(1, 1.0), (2, 0.9500), (5, 0.8276), (10, 0.6870), (13, 0.6232)])
def test_overlaps_to_the_digits_known(L, m):
    assert [r["m"] for r in rows_of("rrbm_overlap", "theory") if r["L"] == L] == [pytest.approx(m, abs=6e-5)]


@pytest.mark.parametrize("dynamics", ["single-unit", "alternating"])
def test_simulated_overlaps_agree_with_theory(dynamics):
    """N = 10⁴, 16 machines: within 3 standard errors up to L = 10; most states are lost at L = 12, all at L = 13."""
    theory = {r["L"]: r["m"] for r in rows_of("rrbm_overlap", "theory")}
    rows = {r["L"]: r for r in rows_of("rrbm_overlap", dynamics)}
    for L in (1, 2, 5, 8, 10):
        assert abs(rows[L]["m"] - theory[L]) <= 3 * rows[L]["m_err"] + 1e-12
        assert rows[L]["lost"] <= 1
    assert rows[12]["lost"] >= 7
    assert rows[13]["lost"] == 16
    assert theory[13] > 0.6  # which theory still has


def test_minimum_and_spin_glass_to_the_digits_known():
    least, glass = rows_of("compositional_energy", "minimum")[0], rows_of("compositional_energy", "spin glass")[0]
    assert least["ell"] == pytest.approx(0.383193, abs=6e-7)
    assert least["f"] == pytest.approx(-3.0224860e-3, abs=6e-11)
    assert least["m"] == pytest.approx(0.8399555, abs=6e-8)
    assert least["q"] == pytest.approx(0.1465322, abs=6e-8)
    assert glass["f"] == pytest.approx(-0.63605e-3, abs=6e-9)
    branch = rows_of("compositional_energy", "branch")
    assert min(r["f"] for r in branch) >= least["f"]


def test_published_points_are_those_of_the_table():
    capacity = {(r["L"], r["theta"]): r["alpha_c"] for r in rows_of("rrbm_capacity", "published")}
    assert capacity == {(L, t): a for L, points in CAPACITY.items() for t, a in points.items()}
    assert {r["L"]: r["m"] for r in rows_of("rrbm_overlap", "published theory")} == CROSSES
    assert {r["L"]: r["m"] for r in rows_of("rrbm_overlap", "published simulation")} == SIMULATED
    assert {r["ell"]: r["f"] for r in rows_of("compositional_energy", "published")} == ENERGY
    assert rows_of("compositional_energy", "published spin glass")[0]["f"] == GLASS_LEVEL
    assert {r["ell"]: r["m"] for r in rows_of("compositional_overlap", "published")} == OVERLAP


def test_overlap_without_noise_bounds_the_overlap():
    for row in rows_of("compositional_overlap", "theory"):
        assert row["m"] <= row["m_noiseless"] + 1e-14
        assert row["m"] == pytest.approx(row["m_noiseless"], abs=1e-9)


def test_the_phase_changes_across_every_traced_point():
    """One part in 200 of the control to either side (60 of g at g = −1/4), away from the triple points."""
    for panel, along in (("theta against alpha", "theta"), ("g against alpha", "g"), ("theta against g", "theta")):
        rows = [r for r in rows_of("compositional_phases") if r["panel"] == panel and r["series"] != "grid"]
        for series in dict.fromkeys(r["series"] for r in rows):
            pair = set(series.split(" - "))
            slope = pair == {"ferromagnetic", "compositional"}
            control, change = ("g", 1 / 60) if slope else (along, 1 / 200)
            mine = [r for r in rows if r["series"] == series]
            mine = mine[2:-2] if slope else [r for r in mine if not math.isclose(r["g"], -0.25, abs_tol=4e-3)]
            at = {k: np.array([r[k] for r in mine]) for k in ("alpha", "theta", "g")}
            ends = [phase_of(CompositionalRBM(**{**at, control: at[control] * f}))[0] for f in (1 - change, 1 + change)]
            assert len(mine) >= 15
            assert {*ends[0], *ends[1]} == pair
            assert (ends[0] != ends[1]).all()


def test_phases_of_the_grid_are_the_three():
    for panel, count in (("theta against alpha", 2), ("g against alpha", 3), ("theta against g", 3)):
        rows = [r for r in rows_of("compositional_phases", "grid") if r["panel"] == panel]
        assert len(rows) == 320
        assert len({r["phase"] for r in rows}) == count
