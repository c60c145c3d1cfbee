"""An answer knows whether it is complete, says what is missing, and warns."""

import pickle
import warnings

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.errors import IncompleteWarning
from replica.models import GeneralRBM, Hopfield, ThresholdHopfield
from replica.models.base import Finder
from replica.potentials import Gaussian, Spin
from replica.saddle.accounts import not_solved, summarised


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


# In many digits.


def test_what_many_digits_solve_is_no_longer_missing():
    """At α = 1e-13 a double hardly tells C from 1 on second sheets and in the glass; 30 digits do."""
    model = Hopfield(alpha=1e-13)
    with pytest.warns(IncompleteWarning, match="not solved to rounding: give precision=50"):
        rough = replica.solve_all(model, n_condensed=(1,))
    assert not rough.complete
    fine = replica.solve_all(model, n_condensed=(1,), precision=30)
    assert fine.complete
    assert all(s.status == replica.Status.CONVERGED for s in fine)
    assert sorted((s.kind, s.sheet) for s in fine) == sorted((s.kind, s.sheet) for s in rough)
    m = [s.order.m for s in fine if s.n == 1]
    assert len(m) == 2
    assert abs(m[0] - m[1]) > 0.5
    # at T = 0 one equation, here by mpmath alone
    with mp.workdps(40):
        y = mp.findroot(lambda y: _load_on_chart(y) - model.alpha, mp.mpf("1e-3"))
        assert abs(min(m) - mp.erf(y / mp.sqrt(2))) < mp.mpf(10) ** -25


def _load_on_chart(y):
    """α of the state with m/s = y at T = 0: s = m/y, C = y √(2/π) e^{−y²/2}/m, r = 1/(1 − C)²."""
    m = mp.erf(y / mp.sqrt(2))
    C = mp.sqrt(2 / mp.pi) * mp.exp(-y * y / 2) * y / m
    return (m / y * (1 - C)) ** 2


@pytest.mark.some(2)
@pytest.mark.parametrize(("model", "T"), [(Hopfield, 0.0), (Hopfield, 0.3), (ThresholdHopfield, None)])
@pytest.mark.parametrize("alpha", [1e-20, 1e-100])
def test_a_sheet_that_is_not_resolved_is_said_to_be_missing(model, T, alpha):
    """Retrieval has two sheets at every small load; where only one is found the answer is not complete."""
    point = model(alpha=alpha, theta=0.3) if T is None else model(alpha=alpha, T=T)
    for precision in (None, 30):
        with pytest.warns(IncompleteWarning):
            found = replica.solve_all(point, n_condensed=(1,), precision=precision)
        assert sum(s.n == 1 for s in found) == 1
        assert any("an end of the retrieval curve is not resolved" in line for line in found.unaccounted)


def test_what_to_try_depends_on_what_was_tried():
    for model, precision, advice in (
        (Hopfield(0.1), None, "give precision=50"),
        (Hopfield([0.1, 0.2]), None, "give precision=50, one point at a time"),
        (Hopfield(0.1), 50, "give more digits than precision=50"),
        (GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.1), None, "move the controls slightly"),
    ):
        assert not_solved("retrieval", model, precision).endswith(advice)
