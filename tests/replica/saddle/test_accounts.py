"""An answer knows whether it is complete, says what is missing, and warns."""

import pickle
import warnings

import numpy as np
import pytest

import replica
from replica.models import Hopfield
from replica.models.base import Finder
from replica.saddle.accounts import summarised


class Leaky(Hopfield):
    """The Hopfield model with a curve that is lost below T = 0.1."""

    def branches(self, n_condensed):
        (first, *others) = super().branches(n_condensed)

        def find(flat):
            from replica.saddle.crossings import states

            lost = np.nonzero(np.asarray(flat.T) < 0.1)[0]
            return states(flat, first)._replace(unaccounted=tuple((int(i), "a curve is lost") for i in lost))

        return [Finder((first.kind,), first.n, find), *others]


def test_a_complete_answer_says_so_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = replica.solve_all(Hopfield(alpha=0.05, T=0.2))
        grid = replica.solve_all(Hopfield(alpha=[0.05, 0.2], T=0.2))
    assert found.complete and found.unaccounted == () and isinstance(found, list)
    assert grid.complete and grid.unaccounted == () and grid.at(1).complete


def test_one_point_names_what_is_missing():
    with pytest.warns(replica.IncompleteWarning, match="states may be missing: a curve is lost"):
        found = replica.solve_all(Leaky(alpha=0.05, T=0.05))
    assert not found.complete and found.unaccounted == ("a curve is lost",)
    copy = pickle.loads(pickle.dumps(found))
    assert copy.unaccounted == found.unaccounted and len(copy) == len(found)


def test_a_grid_counts_its_points_and_each_knows_its_own():
    with pytest.warns(replica.IncompleteWarning, match=r"a curve is lost \(at 2 of 4 points\)"):
        grid = replica.solve_all(Leaky(alpha=[[0.05], [0.06]], T=[0.05, 0.2]))
    assert not grid.complete and grid.unaccounted == ("a curve is lost (at 2 of 4 points)",)
    assert [grid.at((i, j)).complete for i in (0, 1) for j in (0, 1)] == [False, True, False, True]


def test_lines_are_given_once():
    assert summarised(((0, "a"), (1, "b"), (1, "a"), (1, "a")), 3) == ("a (at 2 of 3 points)", "b (at 1 of 3 points)")
    assert summarised(((0, "a"), (0, "a")), 1) == ("a",)


def test_what_is_not_solved_to_rounding_is_not_complete():
    with pytest.warns(replica.IncompleteWarning, match="not solved to rounding"):
        found = replica.solve_all(Hopfield(alpha=1e-13, T=0.3))
    assert not found.complete and any("not solved to rounding" in line for line in found.unaccounted)
