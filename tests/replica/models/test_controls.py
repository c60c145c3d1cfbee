"""Which values controls take: plain real numbers, and what else is refused on one line."""

import decimal
import fractions

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import CompositionalRBM, GeneralRBM, Hopfield, ReluRBM, ThresholdHopfield
from replica.potentials import Gaussian, Spin

NO_NUMBERS = [
    True,
    np.True_,
    "0.05",
    b"1",
    1j,
    mp.mpc(1, 1),
    None,
    {},
    object(),
    [True, 0.1],
    [0.1, "0.2"],
    [0.1, None],
    [[0.1], [0.1, 0.2]],
    np.array([True, False]),
    np.array(["0.1"]),
    np.array([0.1 + 0j]),
    np.array([0.1, None], dtype=object),
    np.array([mp.mpf("0.1"), "a"], dtype=object),
    np.datetime64("2020-01-01"),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
@pytest.mark.parametrize("model", [Hopfield, lambda alpha: ReluRBM(alpha, 0.2, -0.02, 0.1, 5)])
def test_what_is_no_number_is_refused_on_one_line(model, value):
    with pytest.raises(ValueError, match=r"^alpha = .*: a (finite number > 0|value) is needed") as error:
        # a load may be left open until a state is asked for
        replica.solve_all(model(alpha=value))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "value", [np.ma.array([0.1, 0.2], mask=[0, 1]), np.ma.array([0.1, 0.2]), np.ma.masked, [np.ma.array([0.1, 0.2])]]
)
def test_masked_arrays_are_not_unmasked(value):
    with pytest.raises(ValueError, match=r"^alpha is a masked array"):
        Hopfield(alpha=value)
    with pytest.raises(ValueError, match="T is a masked array"):
        replica.phase_diagram(Hopfield(alpha=0.1), rows={"T": value}, columns={"alpha": [0.1]})


@pytest.mark.parametrize(
    "value",
    [
        0.25,
        np.float32(0.25),
        np.longdouble(0.25),
        np.array(0.25),
        fractions.Fraction(1, 4),
        decimal.Decimal("0.25"),
        mp.mpf("0.25"),
        [0.25],
        (0.25,),
        np.array([fractions.Fraction(1, 4)], dtype=object),
        np.array([mp.mpf("0.25")], dtype=object),
    ],
    ids=repr,
)
def test_real_numbers_of_any_kind_are_taken(value):
    assert np.asarray(Hopfield(alpha=value).alpha, dtype=float) == 0.25


def test_arrays_are_copied():
    given = np.array([0.1, 0.2])
    model = Hopfield(alpha=given)
    given[0] = 7.0
    assert model.alpha.tolist() == [0.1, 0.2]
    assert not model.alpha.flags.writeable


SINGLE = [
    ThresholdHopfield(0.1, 0.2),
    ReluRBM(0.05, 0.2, -0.02, 0.1, 5),
    CompositionalRBM(0.5, 1.5, -0.21, 0.4),
    GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.2),
]


@pytest.mark.parametrize("model", SINGLE, ids=lambda m: m.name)
@pytest.mark.parametrize("n_condensed", [(2,), (3,), (1, 3, 5)])
def test_numbers_of_condensed_patterns_that_a_model_does_not_have(model, n_condensed):
    with pytest.raises(ValueError, match=r"has states with n = 1, not"):
        replica.solve_all(model, n_condensed=n_condensed)


def test_numbers_of_condensed_patterns_that_every_model_takes():
    model = ThresholdHopfield(0.1, 0.2)
    listed = [[s.kind for s in replica.solve_all(model, n_condensed=n)] for n in ((1,), (1, 3), (3, 1))]
    assert listed[0] == listed[1] == listed[2]
    assert {s.n for s in replica.solve_all(model, n_condensed=())} == {0}
    assert {s.n for s in replica.solve_all(Hopfield(0.005), n_condensed=(3, 5))} >= {3, 5}
