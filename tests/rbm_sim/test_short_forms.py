"""What holds arrays says in a few words what it is: no screen is flooded by an answer at the prompt."""

import numpy as np
import pytest

import replica
from rbm_sim import (
    RBM,
    Bernoulli,
    Gaussian,
    Mixture,
    ReLU,
    Spin,
    ais,
    datasets,
    dynamics,
    exact,
    exact_learning,
    order_parameters,
    order_parameters_at,
    random_patterns,
    thermal_averages,
)
from rbm_sim import measure as observables
from rbm_sim.learning import Learner, Options, run_files
from replica.models import Hopfield
from replica.table import Table

RNG = np.random.default_rng(0)
DATA = RNG.integers(0, 2, (300, 64))


def machine(visible=Bernoulli(), hidden=Spin(), shape=(64, 40)):  # noqa: B008 - units do not change
    return RBM(RNG.normal(size=shape) / 10, visible=visible, hidden=hidden)


def learner():
    return Learner.begin(DATA, visible=Bernoulli(), hidden=ReLU(), units=40, rng=0)


MADE = {
    "learner": learner,
    "parameters": lambda: learner().parameters,
    "run": lambda: run_files.Run(learner(), [{"epoch": k, "W2": 0.1} for k in range(300)], {"shape": [8, 8]}),
    "machine": machine,
    "layers": lambda: [machine(unit, unit).visible for unit in (Bernoulli(), Spin(), ReLU(), Gaussian())],
    "mixture": lambda: machine(Mixture(0.5)).visible,
    "data": lambda: datasets.Dataset(DATA, DATA[:, 0], (8, 8)),
    "ln Z": lambda: ais.log_partition(machine(), n_chains=500, n_temperatures=3, rng=0),
    "state": lambda: machine().sample(300, 1, rng=0),
    "descent": lambda: dynamics.descend(machine(Spin(), Gaussian()), np.ones((300, 64)), rng=0),
    "order": lambda: order_parameters(machine(Spin(), Gaussian()), np.ones((300, 64))),
    "order at T": lambda: order_parameters_at(
        machine(Spin(), Gaussian()), T=1.0, n_chains=3, steps=2, burn_in=0, n_condensed=30, rng=0
    ),
    "averages": lambda: thermal_averages(
        machine(), {"v": lambda v, h: v}, T=1.0, n_chains=3, steps=20, burn_in=0, rng=0
    ),
    "histogram": lambda: observables.histogram(RNG.normal(size=5000), bins=200),
    "moments": lambda: exact.moments(machine(shape=(7, 8))),
    "fit": lambda: exact_learning.fit(DATA[:, :4], visible=Bernoulli(), hidden=Spin(), units=2, iterations=30, rng=0),
    "table": lambda: Table({f"column {k}": list(range(31)) for k in range(30)}, {"long": "x" * 5000}),
    "branch": lambda: replica.follow(replica.solve(Hopfield(alpha=0.05, T=0.1)), along="T", to=1.0),
    "phase diagram": lambda: replica.phase_diagram(
        Hopfield(alpha=0.05, T=0.1), rows={"T": [0.1, 0.2]}, columns={"alpha": np.linspace(0.01, 0.02, 8)}
    ),
    "solutions": lambda: replica.solve_all(Hopfield(alpha=np.full(200, 0.05), T=0.1)),
}


@pytest.mark.parametrize("name", MADE)
def test_short(name):
    made = MADE[name]()
    text = repr(made)
    assert len(text) < 800
    assert text.count("\n") <= 1
    assert "0.1234" not in text and "..." not in text


@pytest.mark.parametrize("value", [list(range(10**5)), np.arange(10**5), "x" * 10**5, {k: k for k in range(10**4)}])
def test_messages_are_one_line_whatever_they_refuse(value):
    for function in (
        lambda: machine().sample(value, 1),
        lambda: machine().sample(3, 1, T=value),
        lambda: random_patterns(10, 5, p=value),
        lambda: Options(centred=value),
        lambda: machine().free_energy(value),
        lambda: datasets.binarise(value),
    ):
        with pytest.raises(ValueError) as caught:
            function()
        assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_what_it_says():
    assert repr(Spin(0.5)) == "Spin(g=0.5)"
    assert repr(ReLU(np.zeros(3))) == "ReLU(theta=array([0., 0., 0.]))"
    assert repr(Gaussian()) == "Gaussian()"
    assert repr(datasets.bars_and_stripes(3)) == "Dataset(images=<uint8 of shape (14, 9)>, labels=None, shape=(3, 3))"
    assert repr(Table({"a": [1, 2], "b": [3, 4]})) == "<Table of 2 rows, 2 columns: a, b>"
    branch = replica.follow(replica.solve(Hopfield(alpha=0.1, T=0)), along="alpha", to=0.2)
    assert repr(branch).startswith("<branch of hopfield: ") and ", alpha from 0.1 to " in repr(branch)
    assert ", 1 fold, end: " in repr(branch)
