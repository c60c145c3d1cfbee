"""The phase diagram of the Hopfield model as a picture: the same lines from the command and from the figure."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import figures
from replica.phase.hopfield_plot import STYLES, draw
from replica.table import Table


def drawn(ax):
    return {line.get_label(): np.array(line.get_data(), dtype=float) for line in ax.get_lines()}


def picture(alpha):
    empty = dict.fromkeys(("T_g", "T_M", "T_c", "T_R"), [None] * len(alpha))
    figure = Figure()
    draw(Table({"alpha": alpha, **empty}), figure)
    return figure


def test_the_command_draws_the_lines_of_the_figure():
    """At temperatures between the nodes of both; the figure has T_M and T_c as loads found one by one."""
    committed = Table.read(Path(figures.__file__).parent / "hopfield_phase_diagram.csv").rows()
    left, right = picture([0.01, 0.16]).axes[:2]
    for name, ax in (("T_M", left), ("T_c", left), ("T_R", right)):
        alpha, T = drawn(ax)[STYLES[name]["label"]]
        known = [
            (r["T"], r["alpha"]) for r in committed if r["line"] == name and r["alpha"] > 0.021 and r["T"] <= T.max()
        ]
        T_known, alpha_known = np.array(known).T
        found = np.interp(T_known, T, alpha) if name != "T_R" else np.interp(np.log(T_known), np.log(T), alpha)
        np.testing.assert_allclose(found, alpha_known, atol=4e-4, err_msg=name)


def test_ends_and_phases_are_named():
    left, right = picture([0.01, 0.16]).axes[:2]
    texts = [text.get_text() for text in left.texts]
    assert {"paramagnet", "spin glass", "retrieval\nlowest", "retrieval\nmetastable"} <= set(texts)
    assert r"$\alpha_c$ = 0.1379" in texts
    assert r"$\alpha_1$ = 0.0519" in texts
    assert (right.get_yscale(), left.get_xlim()) == ("log", (0, 0.16))


@pytest.mark.parametrize("largest", [0.03, 0.1, 0.5])
def test_other_ranges_of_the_load(largest):
    left = picture([largest / 2, largest]).axes[0]
    assert left.get_xlim() == (0, largest)
    assert left.get_ylim()[1] > 1 + np.sqrt(largest)
    for text in left.texts:
        assert text.get_position()[0] < largest
    alpha, _ = drawn(left)[STYLES["T_M"]["label"]]
    assert np.nanmax(alpha) <= largest
