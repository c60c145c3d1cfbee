"""The committed figures: their numbers come out again, agree with values known otherwise, and can be drawn."""

import importlib
import io
import math
import os
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import figures
from figures.__main__ import ATOL, RTOL, SIZE, difference, names
from replica.table import Table

FOLDER = Path(figures.__file__).parent
SLOW = {"compositional_phases", "hidden_activity", "hopfield_phase_diagram", "overlap_at_capacity", "rrbm_capacity"}
NAMES = names(figures)
TEN_DECIMALS = 1e-10
"""Values of the lines are known to ten decimals."""


def committed(name):
    return Table.read(FOLDER / f"{name}.csv")


def spots(name):
    """Rows of a study of minutes that are computed again; None if the whole figure is."""
    return getattr(importlib.import_module(f"figures.{name}"), "SPOT", None)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if spots(n)])
def test_rows_of_a_study_come_out_again(name):
    """Every row repeats from its seed alone, on one worker here and several then, on this machine and any other.

    What rounding may turn is in the study's ROUNDED, with its standard error: two such values are those of the same
    machines from other trajectories, and differ by less than 4 errors of independent ones; errors, by a factor of 2.
    """
    module = importlib.import_module(f"figures.{name}")
    if getattr(module, "DATA", None) == "mnist" and not os.environ.get("RBM_SIM_DATA"):
        pytest.skip("needs MNIST: set RBM_SIM_DATA")
    rows = committed(name).rows()
    for spot in module.SPOT:
        point = module.POINTS[spot]
        (old,) = [r for r in rows if tuple(r[key] for key in module.KEYS) == point]
        rounded = getattr(module, "ROUNDED", {}).get(spot, {})
        new = module.row(point)
        for column, value in new.items():
            if column in rounded:
                error = rounded[column]
                assert abs(old[column] - value) <= 4 * math.hypot(old[error], new[error]), column
            elif column in rounded.values():
                assert old[column] / 2 <= value <= 2 * old[column], column
            else:
                exact = value is None or isinstance(value, str)
                assert old[column] == (
                    value if exact else pytest.approx(value, rel=getattr(module, "RTOL", 1e-9), abs=1e-12)
                ), column


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in NAMES if spots(n) is None],
)
def test_numbers_come_out_again(name):
    module = importlib.import_module(f"figures.{name}")
    tolerances = getattr(module, "RTOL", RTOL), getattr(module, "ATOL", ATOL)
    assert difference(module.compute(), committed(name), *tolerances) is None


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_the_committed_numbers_can_be_drawn(name):
    module = importlib.import_module(f"figures.{name}")
    figure = Figure(figsize=getattr(module, "SIZE", SIZE), layout="constrained")
    module.draw(committed(name), figure)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    for ax in figure.axes:
        assert (ax.get_xlabel() and ax.get_ylabel()) or ax.get_shared_x_axes().get_siblings(ax) != [ax]
    assert (FOLDER / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("line", "T", "alpha"),
    [
        ("T_M", 0.0, 0.1379055664949317),
        ("T_M", 0.2, 0.1225588606),
        ("T_M", 0.5, 0.0588155205),
        ("T_M", 0.9, 0.0025683680),
        ("T_c", 0.0, 0.05185433091891706),
    ],
)
def test_lines_of_the_phase_diagram_at_a_temperature(line, T, alpha):
    rows = [r for r in committed("hopfield_phase_diagram").rows() if r["line"] == line]
    found = [r["alpha"] for r in rows if math.isclose(r["T"], T, abs_tol=1e-12)]
    assert found == [pytest.approx(alpha, abs=TEN_DECIMALS)]


def test_breaking_of_replica_symmetry_at_a_load():
    rows = [r for r in committed("hopfield_phase_diagram").rows() if r["line"] == "T_R"]
    found = [r["T"] for r in rows if math.isclose(r["alpha"], 0.12)]
    assert found == [pytest.approx(0.0049879337, abs=1e-10)]


def test_the_retrieval_line_is_re_entrant_and_breaking_ends_on_it():
    rows = committed("hopfield_phase_diagram").rows()
    alpha, T = zip(*[(r["alpha"], r["T"]) for r in rows if r["line"] == "T_M"], strict=True)
    assert max(alpha) > alpha[0]
    assert 0.02 < T[alpha.index(max(alpha))] < 0.025
    end = [r for r in rows if r["line"] == "T_R"][-1]
    assert end["alpha"] < max(alpha) + 1e-7
    assert end["alpha"] == pytest.approx(max(alpha), abs=1e-5)


def test_capacity_with_a_threshold():
    rows = {r["theta"]: r for r in committed("threshold_capacity").rows()}
    known = {0.0: 0.1379055665, 0.5: 0.4927682112, 1.0: 2.4283371375}
    for theta, alpha_c in known.items():
        assert rows[theta]["alpha_c"] == pytest.approx(alpha_c, abs=TEN_DECIMALS)
    for row in rows.values():
        assert row["alpha_c"] == pytest.approx(row["alpha_c_scaling"], rel=1e-12)
        assert row["q"] == pytest.approx(0.5, abs=1e-14)


def test_simulated_overlaps_agree_with_theory_below_the_capacity():
    """z < 4 of 7 loads with two sizes: 1e-3 by chance; N = 1000 is biased by 1/N, so only N = 4000 counts."""
    import replica
    from replica.models import Hopfield

    for row in committed("overlap_at_capacity").rows():
        if row["N"] == 4000 and 0.09 < row["alpha"] < 0.135:
            theory = replica.solve(Hopfield(alpha=row["alpha"])).order.m
            assert abs(row["m"] - theory) < 4 * row["m_err"]


def test_simulated_capacities_agree_with_theory():
    """All four limits N → ∞ within two standard errors, statistical and systematic ones together."""
    limits = [r for r in committed("simulated_capacity").rows() if r["N"] is None]
    assert [r["theta"] for r in limits] == [None, 0.0, 0.5, 1.0]
    for r in limits:
        uncertainty = math.hypot(r["alpha_err"], r["alpha_syst"])
        assert uncertainty < 0.025 * r["alpha_c"]
        assert abs(r["alpha"] - r["alpha_c"]) < 2 * uncertainty


def test_self_coupling_hides_the_capacity():
    rows = {(r["dynamics"], r["N"], r["alpha"]): r for r in committed("retrieved_fraction").rows()}
    assert rows["single-unit", 4000, 0.2]["kept"] == 0
    assert abs(rows["single-unit", 4000, 0.2]["m"] - 0.300) < 3 * math.hypot(
        0.013, rows["single-unit", 4000, 0.2]["m_err"]
    )
    assert all(r["kept"] == 1 for key, r in rows.items() if key[:2] == ("alternating", 4000))
