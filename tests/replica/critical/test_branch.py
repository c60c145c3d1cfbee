"""Branches that close."""

import math

import numpy as np
import pytest

import replica
from replica.models import CompositionalRBM, Hopfield, ReluRBM


def loops(model, along, to, kind="retrieval", n_condensed=(1,)):
    """Branches followed from every state of a kind."""
    states = [s for s in replica.solve_all(model, n_condensed=n_condensed) if s.kind == kind]
    assert states
    return [replica.follow(state, along=along, to=to) for state in states]


def check_loop(branch):
    assert (branch.closed, branch.reached) == (True, False)
    assert len(branch.folds) == 2
    assert len(branch) < 120
    assert branch.values[0] == branch.values[-1]
    # next to a fold rounding is magnified
    np.testing.assert_allclose([v[-1] for v in branch.order], [v[0] for v in branch.order], rtol=1e-8)
    assert branch.states.residual.max() < 1e-12


@pytest.mark.parametrize("to", [0.2, 0.0])
def test_retrieval_between_two_temperatures_closes(to):
    """At α = 0.13795 retrieval exists between two temperatures only, and its two sheets meet at both."""
    for branch in loops(Hopfield(alpha=0.13795, T=0.02287), "T", to):
        check_loop(branch)
        assert 0.0018706 - 1e-7 < branch.values.min() < 0.004
        assert 0.042 < branch.values.max() < 0.0439496 + 1e-7


def test_a_loop_that_meets_the_value_asked_for_is_reached():
    (first, *_) = loops(Hopfield(alpha=0.13795, T=0.02287), "T", 0.03)
    assert (first.closed, first.reached, first.folds) == (False, True, ())
    assert first.values[-1] == 0.03


def test_a_start_at_any_place_of_a_loop():
    for T in (0.0019, 0.01, 0.0439):
        for branch in loops(Hopfield(alpha=0.13795, T=T), "T", 0.2):
            check_loop(branch)


def test_small_loops():
    """Just below the largest capacity over temperatures, 0.1381885112, both folds meet; equations nearly degenerate."""
    for distance in (1e-5, 1e-7, 1e-9, 1e-10):
        for branch in loops(Hopfield(alpha=0.13818851116465836 * (1 - distance), T=0.02287354963667349), "T", 0.2):
            check_loop(branch)
            assert np.ptp(branch.values) < 2 * math.sqrt(distance)


def test_mixtures_close():
    for branch in loops(Hopfield(alpha=0.02995, T=0.005), "T", 0.2, kind="mixture", n_condensed=(3,)):
        check_loop(branch)


@pytest.mark.medium
def test_retrieval_between_two_fields_closes():
    """R-RBM at θ = ½, L = p = 1: its capacity has a maximum over g; at g = −0.07200 it is 0.4928247."""
    for branch in loops(ReluRBM(alpha=0.4928247, theta=0.5, g=-0.09, p=1, L=1), "g", -0.3):
        check_loop(branch)
        assert branch.values.max() == pytest.approx(-0.0720, abs=3e-4)


@pytest.mark.parametrize(
    ("model", "along", "to"),
    [
        (Hopfield(alpha=0.1, T=0), "alpha", 0.2),
        (Hopfield(alpha=0.1, T=0.1), "T", 2.0),
        (Hopfield(alpha=0.1379, T=0.02), "T", 0.0),
        (CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.39), "alpha", 4.0),
    ],
)
def test_open_branches_do_not_close(model, along, to):
    branch = replica.follow(replica.solve(model), along=along, to=to)
    assert not branch.closed


# How a branch ends.


def test_how_a_branch_ends_is_said():
    state = replica.solve(Hopfield(alpha=0.05, T=0.1))
    assert replica.follow(state, along="T", to=0.4).end == "reached"
    assert replica.follow(state, along="alpha", to=0.2).end == "edge"
    cut = replica.follow(state, along="alpha", to=0.2, max_steps=3)
    assert (cut.end, len(cut), cut.reached, cut.closed) == ("steps", 3, False, False)
    assert len(replica.follow(state, along="alpha", to=0.2, max_steps=1)) == 1
    (loop, *_) = loops(Hopfield(alpha=0.13795, T=0.02287), "T", 0.2)
    assert loop.end == "closed"


@pytest.mark.parametrize(
    ("along", "to", "domain"),
    [("alpha", -1, "> 0"), ("alpha", 0.0, "> 0"), ("T", -0.1, ">= 0"), ("T", -1e-300, ">= 0")],
)
def test_targets_outside_of_the_domain_are_refused(along, to, domain):
    state = replica.solve(Hopfield(alpha=0.05, T=0.1))
    with pytest.raises(ValueError, match=rf"^to = {to}: {along} takes a finite number {domain}"):
        replica.follow(state, along=along, to=to)


@pytest.mark.parametrize("max_steps", [0, -1, 2.5, True, "3"])
def test_numbers_of_steps_that_are_none(max_steps):
    state = replica.solve(Hopfield(alpha=0.05, T=0.1))
    with pytest.raises(ValueError, match=r"max_steps = .*: an integer >= 1"):
        replica.follow(state, along="alpha", to=0.1, max_steps=max_steps)


@pytest.mark.parametrize("model", [Hopfield(alpha=0.05, T=0.1), Hopfield(alpha=0.1), Hopfield(alpha=0.137, T=0.01)])
def test_to_its_own_value_a_branch_goes_round_to_the_other_sheet(model):
    first, second = (s for s in replica.solve_all(model, n_condensed=(1,)) if s.kind == "retrieval")
    branch = replica.follow(first, along="alpha", to=model.alpha)
    assert (branch.end, len(branch.folds)) == ("reached", 1)
    assert branch.values.max() > model.alpha
    np.testing.assert_allclose([float(v[-1]) for v in branch.order], second.order, rtol=1e-9)
