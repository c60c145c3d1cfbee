"""Every published claim gets the verdict it is expected to get; the slow ones with the slow tests."""

import pytest

import paper_checks
from paper_checks.check import Outcome, collect
from paper_checks.evidence import ROUNDING, gradient, weigh

CHECKS = list(collect(paper_checks))


@pytest.mark.parametrize(
    "item",
    [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.slow else []) for c in CHECKS],
)
def test_verdict(item):
    verdict = item()
    assert verdict.outcome == item.expected, f"{verdict.computed}: {verdict.note}"


def test_every_check_says_where_its_claim_is_printed():
    assert len(CHECKS) >= 195
    assert len({c.name for c in CHECKS}) == len(CHECKS)
    for item in CHECKS:
        assert item.source and item.where and item.printed


def test_every_check_says_by_which_route_and_what_is_right_where_the_print_is_not():
    for item in CHECKS:
        assert item.route, item.name
        assert bool(item.right) == (item.expected in (Outcome.MISPRINT, Outcome.DIFFERS)), item.name


def test_a_claim_that_is_only_recalled_is_never_evidence():
    for item in CHECKS:
        if item.seen == "r":
            assert item.expected in (Outcome.UNCHECKED, Outcome.DIFFERS)


@pytest.mark.parametrize(
    ("printed", "corrected", "outcome"),
    [
        (1.0, None, "reproduced"),
        (1.0, 2.0, "reproduced"),
        (2.0, 1.0, "misprint"),
        (2.0, 3.0, "differs"),
        (2.0, None, "differs"),
        (float("nan"), 1.0, "misprint"),
        ([1.0, float("inf")], 1.0, "misprint"),
        (2.0, float("nan"), "differs"),
    ],
)
def test_a_misprint_is_a_formula_that_only_its_correction_makes_true(printed, corrected, outcome):
    assert weigh(printed, 1.0, ROUNDING, corrected=corrected).outcome == outcome


def test_gradient_of_a_polynomial():
    slopes = gradient(lambda a, b: a**3 + 2 * a * b**2, {"a": 1.5, "b": -0.5})
    assert slopes == pytest.approx([3 * 1.5**2 + 2 * 0.25, 4 * 1.5 * -0.5], abs=1e-11)
