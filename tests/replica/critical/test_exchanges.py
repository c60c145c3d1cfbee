"""Which two states exchange lowest energy, and what is none: one state twice, rounding, states that part for ever."""

import numpy as np
import pytest
from scipy.optimize import brentq

import replica
from replica.critical import stretches
from replica.critical.equal_energies import _exchange
from replica.critical.stretches import Stretch
from replica.models import CompositionalRBM, GeneralRBM, Hopfield, ReluRBM
from replica.potentials import Gaussian, Spin


@pytest.mark.parametrize(
    "between",
    [
        ("retrieval", "retrieval"),
        ("retrieval", ("retrieval", 1)),
        (("mixture", 3), ("mixture", 3)),
        ("mixture", ("mixture", 3)),
        ("spin_glass", "spin_glass"),
    ],
)
def test_one_state_twice_is_refused(between):
    for model, along in ((Hopfield(alpha=0.03, T=0.1), "T"), (Hopfield(alpha=0.03), "alpha")):
        with pytest.raises(ValueError, match="two different states are needed"):
            replica.coexistence(model, along=along, between=between)


def test_of_other_models_too():
    for model in (ReluRBM(0.05, 0.2, -0.02, 0.1, 5), GeneralRBM(Spin(), Gaussian(), alpha=0.03, T=0.1)):
        with pytest.raises(ValueError, match="two different states are needed"):
            replica.coexistence(model, along="alpha", between=("spin_glass", "spin_glass"))


@pytest.mark.medium
@pytest.mark.parametrize("T", [1.05, 1.2, 1.22])
def test_glass_and_paramagnet_meet_without_a_crossing(T):
    """At T_g = 1 + √α one becomes the other: f differs as (T_g − T)³ or so, and there by rounding only."""
    with pytest.raises(replica.ConvergenceError, match="where the spin_glass state ends") as error:
        replica.coexistence(Hopfield(alpha=0.05, T=T), along="T", between=("spin_glass", "paramagnet"))
    end = float(str(error.value).split(" and ")[-1].split(",")[0])
    assert end == pytest.approx(1 + np.sqrt(0.05), rel=1e-4)


class Line:
    """Two energies as functions of the control."""

    def __init__(self, f):
        self.f = f

    def free_energy(self, values, *, rough=False):
        return self.f(values)


@pytest.mark.parametrize(
    ("f", "where"),
    [
        (lambda x: 1 + 0 * x, None),
        (lambda x: 1 + 1e-16 * np.sin(50 * x), None),  # rounding
        (lambda x: 1 + 1e-16 * np.sin(50 * x) - (x < 0.5) * 1e-3, None),  # then one state for good
        (lambda x: 1 + (x - 0.31), 0.31),
        (lambda x: 1 + (x - 0.31) * (x - 0.62), 0.31),  # the first of two
        (lambda x: 1 + 1e-9 * (x - 0.31), 0.31),
        (lambda x: np.where(x < 0.3, 2.0, np.where(x < 0.4, np.nan, 0.0)), None),  # absent between
    ],
)
def test_what_counts_as_an_exchange(f, where):
    values = np.linspace(0, 1, 33)
    found = _exchange(Stretch(values, [Line(f), Line(np.ones_like)], 1.0, ""), [])
    if where is None:
        assert found is None
    else:
        assert found[0] < where <= found[1] <= found[0] + 2 / 32


def test_a_crossing_on_the_border_of_two_stretches():
    before = []
    lines = [Line(lambda x: 1 + (x - 1.0)), Line(np.ones_like)]
    assert _exchange(Stretch(np.linspace(0, 1, 5), lines, 1.0, ""), before) is None
    assert _exchange(Stretch(np.linspace(1, 2, 5), lines, 2.0, ""), before) == (0.75, 1.25)


@pytest.mark.slow
def test_a_crossing_far_before_the_fold(monkeypatch):
    """At θ̃ = 1.5, g̃ = −0.21, ℓ = 0.4 the capacity is 2091, and not looked for; the glass is as low at α = 1.16."""

    def never(*_):
        raise AssertionError("the fold was looked for")

    monkeypatch.setattr(stretches, "fold_of", never)
    model = CompositionalRBM(0.5, 1.5, -0.21, 0.4)

    def difference(alpha):
        here = model.replace(alpha=alpha)
        return float(np.subtract(*(replica.solve(here, start=s).free_energy for s in ("retrieval", "spin_glass"))))

    assert difference(0.5) < 0
    assert difference(5.0) > 0
    value = replica.coexistence(model, along="alpha").value
    assert value == pytest.approx(brentq(difference, 0.5, 5.0, xtol=1e-13), rel=1e-10)


@pytest.mark.medium
def test_states_that_never_exchange_are_said_to():
    """The glass of random RBMs goes on at every load; the answer names the range that was looked at."""
    model = ReluRBM(0.05, 0.2, -0.02, 0.1, 5)
    with pytest.raises(replica.ConvergenceError, match=r"between alpha = 0.05 and 1.05e\+06, as far as was looked"):
        replica.coexistence(model, along="alpha", between=("spin_glass", "paramagnet"))


def test_a_fold_beyond_a_double_has_no_energy():
    """ln α_c = 3492.55 is right, r and B underflow, and f is not known: that is not converged."""
    for model, log_value in (
        (ReluRBM(0.1, 3, -0.01, 0.03, 3), 3492.55),
        (replica.models.ThresholdHopfield(0.1, 40), 1609.65969),
    ):
        point = replica.spinodal(model, along="alpha")
        assert point.value == np.inf
        assert point.log_value == pytest.approx(log_value, rel=1e-5)
        (state,) = point.states
        assert np.isnan(state.free_energy)
        assert state.status == replica.Status.OVERFLOW
        assert "log_value" in replica.Status(state.status).advice
    near = replica.spinodal(replica.models.ThresholdHopfield(0.1, 26), along="alpha").states[0]
    assert near.status == replica.Status.CONVERGED
    assert np.isfinite(near.free_energy)
