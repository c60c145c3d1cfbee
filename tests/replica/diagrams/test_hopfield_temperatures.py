"""T_g, T_M, T_c and T_R of many loads at once: published numbers, and the searches along T that know no curve."""

import numpy as np
import pytest

from replica.diagrams.critical_lines import _searched_temperatures
from replica.diagrams.hopfield_curves import curves, newton
from replica.diagrams.hopfield_temperatures import COLUMNS, temperatures

KNOWN = {
    "T_M": {0.01: 0.8010181215, 0.05: 0.5422550379, 0.1: 0.3154322237, 0.138: 0.0416059077},
    "T_c": {0.01: 0.7216239674, 0.03: 0.4787929445},
    "T_R": {0.12: 0.0049879337},
}


@pytest.mark.parametrize("column", KNOWN)
def test_known_temperatures(column):
    alpha = np.array(list(KNOWN[column]))
    found, sure = temperatures(alpha, (column,))
    assert sure.all()
    np.testing.assert_allclose(found[column], list(KNOWN[column].values()), rtol=0, atol=5e-11)


def test_what_is_not_there():
    found, sure = temperatures(np.array([1e-4, 0.07, 0.2]))
    assert sure.all()
    assert [np.isnan(found[name]).tolist() for name in COLUMNS] == [
        [False, False, False],
        [False, False, True],  # no retrieval at 0.2
        [False, True, True],  # the glass is lowest at 0.07
        [True, False, True],  # T_R(1e-4) < 1e-280
    ]


def test_next_to_the_tips_of_the_lines_nothing_is_promised():
    """Largest loads 0.138187 of T_M and 0.053127 of T_c, at T > 0."""
    _, sure = temperatures(np.array([0.138187, 0.0531, 0.13, 0.05]))
    assert sure.tolist() == [False, False, True, True]


@pytest.mark.medium
@pytest.mark.some(2)
@pytest.mark.parametrize("alpha", [3e-5, 7e-4, 0.0123, 0.0517, 0.0527, 0.0883, 0.1379, 0.13801])
def test_searches_along_the_temperature_find_the_same(alpha):
    found, sure = temperatures(np.array([alpha]))
    assert sure.all()
    searched = _searched_temperatures(alpha=alpha)
    for name in COLUMNS:
        expected = np.nan if searched[name] is None else searched[name]
        np.testing.assert_allclose(found[name], [expected], rtol=1e-12)


def test_curves_end_where_lines_end():
    lines = curves()
    assert np.exp(lines["T_M"].level[0]) == pytest.approx(0.1379055664949, abs=1e-12)
    assert np.exp(lines["T_c"].level[0]) == pytest.approx(0.05185433091891, abs=1e-12)
    assert (np.diff(lines["T_R"].level) > 0).all()


def test_newton_tells_what_has_no_zero():
    """x² = a, y = x at a = 2, 0.25 and −1."""
    a = np.array([2.0, 0.25, -1.0])
    x, good = newton(lambda v: np.array([v[0] ** 2 - a, v[1] - v[0]]), np.ones((2, 3)))
    assert good.tolist() == [True, True, False]
    np.testing.assert_allclose(x[:, :2], np.sqrt(a[:2]) * np.ones((2, 1)), rtol=1e-15)
