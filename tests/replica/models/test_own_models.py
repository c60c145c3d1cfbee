"""Models of one's own that are incomplete, or beyond what curves without a chart reach, say so in one line."""

import dataclasses

import pytest
from mpmath import mp

import replica
from replica.diagrams.critical_lines import diagrams_of
from replica.errors import ConvergenceError, IncompleteWarning
from replica.models import DenseHopfield, DilutedHopfield, GeneralRBM, Hopfield
from replica.models.base import Line, Model
from replica.potentials import Gaussian, Spin
from replica.weight_laws import Uniform


def own(**members):
    """A diluted Hopfield model with some of its members replaced."""
    return type("Own", (DilutedHopfield,), {"name": "own", **members})


@pytest.mark.parametrize(
    ("dependent", "message"),
    [
        (Model.dependent, "own: unknowns m, C, log_r and what `dependent` returns lack q, B: all of m, q, r, C, B"),
        (lambda self, *, m, C, r: {"q": 1 + 0 * m}, "lack B"),
        (lambda self, *, m, C, r: None, "lack q, B"),
        (lambda self, *, m, C, r: {"q": 1, "B": 1, "u": 1}, "have u too much"),
        (lambda self, *, m, C, r: {"q": 1, "B": 1, "m": m}, "have m too much"),
    ],
)
def test_what_depends_on_the_unknowns_must_be_complete(dependent, message):
    cls = own(dependent=dependent)
    with pytest.raises(ValueError, match=message):
        replica.solve(cls(alpha=0.05, c=0.5))
    with pytest.raises(ValueError, match=message):
        replica.spinodal(cls(alpha=0.05, c=0.5), along="alpha")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (Line("a", "spinodal", along="beta"), "line a: along = 'beta': own has alpha, c"),
        (Line("a", "fold", along="alpha"), "line a: search = 'fold': choose from spinodal, coexistence, instability"),
    ],
)
def test_lines_are_along_controls(line, message):
    with pytest.raises(ValueError, match=message):
        diagrams_of(own(lines=(line,)))


def test_no_instability_without_a_replicon():
    cls = type("Own", (Hopfield,), {"name": "own", "replicon": Model.replicon})
    with pytest.raises(ValueError, match="own: its replicon is not known"):
        replica.instability(cls(alpha=0.05, T=0.3), along="T")


class WithoutChart(DenseHopfield):
    """Many-body memory, of which C may be any number."""

    branches = Model.branches


@pytest.mark.medium
@pytest.mark.parametrize("load", [0.01, None])
def test_a_fold_beyond_C_of_one_is_not_denied(load):
    """The retrieval branch goes on through C = 1 to a fold that only a chart reaches."""
    assert replica.spinodal(DenseHopfield(alpha=load, body=3), along="alpha").order.C > 1
    with pytest.raises(ConvergenceError, match="up to C = 1, beyond which"):
        replica.spinodal(WithoutChart(alpha=load, body=3), along="alpha")


@pytest.mark.medium
def test_states_beyond_C_of_one_are_named():
    with pytest.warns(IncompleteWarning):
        found = replica.solve_all(WithoutChart(alpha=0.1, body=3))
    assert set(found.unaccounted) == {
        f"states {how} overlap with C > 1 are not looked for" for how in ("with", "without")
    }
    assert [s.order.C < 1 for s in replica.solve_all(DenseHopfield(alpha=0.1, body=3))].count(True) == len(found) == 1


@pytest.mark.parametrize("body", [3, 4, 5, 20])
@pytest.mark.parametrize("load", [1e-30, 1e-200])
def test_many_bodies_at_tiny_loads(body, load):
    """The glass has C = √(2(P − 1)!/πα), and the second retrieval state falls to it as m → 0."""
    kinds = {s.sheet: s for s in replica.solve_all(DenseHopfield(alpha=load, body=body)) if s.kind == "retrieval"}
    assert kinds[0].order.m == 1
    with mp.workdps(30):
        y = mp.findroot(
            lambda u: (body - 1) * mp.log(mp.erf(mp.exp(u) / mp.sqrt(2))) - u - mp.log(mp.factorial(body - 1)) / 2
            - mp.log(load) / 2,
            mp.log(load * mp.factorial(body - 1)) / (2 * body - 4),
        )  # fmt: skip
        assert kinds[1].order.m == pytest.approx(float(mp.erf(mp.exp(y) / mp.sqrt(2))), rel=1e-12)


@pytest.mark.medium
def test_fold_of_next_to_no_bonds():
    """1 − C = 1e-4 beside noise of 1e12: a double does not resolve it, and says so; thirty digits do."""
    model = DilutedHopfield(alpha=None, c=1e-12)
    with pytest.raises(ArithmeticError, match="give precision=30"):
        replica.spinodal(model, along="alpha")

    def load(x):
        m = mp.erf(x / mp.sqrt(2))
        C = 2 * mp.npdf(x) * x / m
        return (m / x) ** 2 / (1 / (1 - C) ** 2 + 1 / mp.mpf(1e-12) - 1)

    found = replica.spinodal(model, along="alpha", precision=30)
    with mp.workdps(50):
        x = mp.findroot(lambda x: mp.diff(load, x), (0.019, 0.02))
        assert abs(found.value / load(x) - 1) < mp.mpf(10) ** -28


def test_other_weights_have_another_variance():
    model = GeneralRBM(Spin(), Gaussian(), alpha=0.1, T=0.1, weights=Uniform(0.2))
    assert dataclasses.replace(model, alpha=0.2).p == 0.2
    with pytest.raises(ValueError, match=r"p=None in dataclasses\.replace"):
        dataclasses.replace(model, weights=Uniform(0.3))
    assert dataclasses.replace(model, weights=Uniform(0.3), p=None).p == 0.3
