"""A state followed along a line is the one that is solved for from nothing."""

from __future__ import annotations

import numpy as np
import pytest

import replica
from replica.critical import stretches
from replica.critical.walked import WalkedState
from replica.models import GeneralRBM, Hopfield
from replica.models.base import Model
from replica.potentials import Gaussian, Spin
from replica.potentials.continuous import Continuous


class Box(Continuous):
    support = (-1.0, 1.0)

    def energy(self, x, T):
        return 0 * x


def line(model, along, start="retrieval"):
    fold = replica.spinodal(model, along=along)
    own = replica.solve(model, start=start)
    end = fold.order if start == "retrieval" else None
    line = WalkedState(model, along, start, own, float(fold.value))
    if end is not None:
        line.end_at(float(fold.value), end)
    return line, float(fold.value)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize("start", ["retrieval", "spin_glass"])
@pytest.mark.parametrize(
    ("model", "along"),
    [
        (Hopfield(alpha=0.03), "T"),
        (Hopfield(alpha=0.02, T=0.3), "alpha"),
        (GeneralRBM(Spin(), Gaussian(), 0.03, 0.4), "T"),
    ],
)
def test_a_followed_state_is_the_solved_one(model, along, start):
    state, end = line(model, along, start)
    assert state.walked
    own = float(model.controls[along])
    values = own + (end - own) * np.array([0.0, 0.13, 0.5, 0.9, 0.9999])
    expected = replica.solve(model.replace(**{along: values}), start=start).free_energy
    assert state.free_energy(values) == pytest.approx(expected, abs=1e-14)
    assert state.free_energy(values, rough=True) == pytest.approx(expected, abs=1e-11)


def test_beyond_its_fold_there_is_no_state():
    state, end = line(Hopfield(alpha=0.02, T=0.3), "alpha")
    assert np.isnan(state.free_energy(np.array([1.01 * end]))).all()


def test_a_state_that_strays_is_solved_for_from_nothing():
    """Guesses that belong to the glass do not pass for the retrieval state."""
    model = Hopfield(alpha=0.02, T=0.3)
    state, end = line(model, "alpha")
    glass, _ = line(model, "alpha", "spin_glass")
    state.distance, state.unknowns = glass.distance, glass.unknowns
    there = (model.alpha + end) / 2
    assert not state.confirms(replica.solve(model.replace(alpha=there)), there)
    state.walked = False
    expected = replica.solve(model.replace(alpha=there)).free_energy
    assert state.free_energy(np.array([there])) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("model", "along"), [(Hopfield(alpha=0.03), "T"), (Hopfield(alpha=0.02, T=0.3), "alpha")])
def test_a_coexistence_is_that_of_states_solved_for_from_nothing(model, along, monkeypatch):
    moved = replica.coexistence(model, along=along)

    class Solved(WalkedState):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.walked = False

        def _interpolate(self, *arguments):
            pass

    monkeypatch.setattr(stretches, "WalkedState", Solved)
    assert moved.value == pytest.approx(replica.coexistence(model, along=along).value, rel=1e-13)


@pytest.mark.parametrize("hidden", [Gaussian(), Spin()])
@pytest.mark.parametrize("visible", [Spin(), Box()])
def test_jacobians_from_one_average_are_the_derivatives_of_the_equations(visible, hidden):
    """By one complex step of the equations for each unknown, and by central differences."""
    model = GeneralRBM(visible, hidden, alpha=0.1, T=0.4, p=0.8)
    x = [0.3 if hidden.sides(0.4)[0] < np.inf else 0.0, 0.35, -1.0, 0.2, 0.4]
    once = np.array(model.jacobian(x), dtype=float)
    assert once == pytest.approx(np.array(Model.jacobian(model, x), dtype=float), abs=1e-13)
    for j in range(5):
        up, down = ([v + sign * 1e-5 * (i == j) for i, v in enumerate(x)] for sign in (1, -1))
        slope = (np.array(model.equations(up)) - np.array(model.equations(down))) / 2e-5
        assert once[:, j] == pytest.approx(slope, abs=1e-7)
