"""Grids: exact decimals, both ends, clear refusals."""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replica.cli.grid import parse_grid, product
from replica.errors import UsageError


def test_list_is_its_values():
    assert parse_grid(["0", "0.5", "1e-3", "-.25", "-1E+2"]) == [0.0, 0.5, 1e-3, -0.25, -100.0]


def test_linear_grid_holds_the_decimals_a_user_would_type():
    assert parse_grid(["0.01:0.13:13"]) == [float(f"0.{i:02d}") for i in range(1, 14)]
    assert parse_grid(["-3:5:9"]) == [-3, -2, -1, 0, 1, 2, 3, 4, 5]
    assert parse_grid(["1:0:3"]) == [1.0, 0.5, 0.0]


def test_logarithmic_grid():
    assert parse_grid(["log:1e-3:1:4"]) == [1e-3, 1e-2, 1e-1, 1.0]
    assert parse_grid(["log:1:2:3"])[1] == 2**0.5


def test_mixture_and_single_points():
    assert parse_grid(["5", "0:1:2", "log:1:10:2", "7:9:1"]) == [5, 0, 1, 1, 10, 7]


@settings(deadline=None)
@given(
    st.decimals(-1000, 1000, allow_nan=False, places=6),
    st.decimals(-1000, 1000, allow_nan=False, places=6),
    st.integers(2, 40),
)
def test_ends_are_exact_and_inner_points_are_rounded_once(a, b, n):
    values = parse_grid([f"{a}:{b}:{n}"])
    exact = [Fraction(a) + (Fraction(b) - Fraction(a)) * i / (n - 1) for i in range(n)]
    assert len(values) == n
    assert values == [float(x) for x in exact]


def test_integers():
    assert parse_grid(["1", "2:10:3"], integer=True) == [1, 2, 6, 10]
    assert parse_grid(["log:100:10000:5"], integer=True) == [100, 316, 1000, 3162, 10000]
    assert parse_grid(["log:1:3:9"], integer=True) == [1, 2, 3]
    with pytest.raises(UsageError, match="only whole numbers"):
        parse_grid(["1:10:5"], integer=True)


def test_decimals_are_exact_at_high_precision():
    tenth, root = parse_grid(["0.1", "log:1:2:3"], precision=50)[:3:2]
    assert tenth == Fraction(1, 10)
    with mpmath.workdps(60):
        assert abs(mpmath.mpf(root) - mpmath.sqrt(2)) < mpmath.mpf(10) ** -58


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nan", "not a finite number"),
        ("-inf", "not a finite number"),
        ("0:inf:3", "'inf' in '0:inf:3' is not a finite"),
        ("x", "'x' is not a number"),
        ("", "is not a number"),
        ("0:1", "is not a grid"),
        ("log:1:2", "is not a grid"),
        ("0:1:2:3", "is not a grid"),
        ("0:1:0", "at least 1"),
        ("0:1:-2", "at least 1"),
        ("0:1:2.5", "not a whole number"),
        ("0:1:x", "not a whole number"),
        ("0:1:999999999", "at most"),
        ("log:0:1:3", "both ends > 0"),
        ("log:-1:1:3", "both ends > 0"),
        ("1e999999999", "out of range"),
        ("1e-400", "out of range"),
    ],
)
def test_bad_words_are_named_in_one_line(text, said):
    with pytest.raises(UsageError, match="--theta: ") as caught:
        parse_grid([text], option="--theta")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_grid():
    with pytest.raises(UsageError, match="--T: the grid is empty"):
        parse_grid([], option="--T")


def test_product_has_the_last_grid_fastest():
    points = product({"L": [1, 2], "theta": [0.0, 0.5]})
    assert [(p["L"], p["theta"]) for p in points] == [(1, 0.0), (1, 0.5), (2, 0.0), (2, 0.5)]
    assert product({}) == [{}]
