"""Single-unit moves against enumeration: detailed balance, transition matrices, stationary laws."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.partition import exact
from rbm_sim.retrieval.dynamics import descend
from rbm_sim.sampling.moves import RULES, _probability, _Walkers, single_unit

Z_MAX = 4.0
HIDDEN = [Bernoulli(0.3), Spin(-0.2), Gaussian(), ReLU(0.2)]
VISIBLE = [Spin([0.3, -0.2, 0.1]), Bernoulli([0.5, -0.4, 0.1])]


def machine(visible, hidden, M=4, seed=3, dtype=float):
    w = np.random.default_rng(seed).normal(size=(3, M)).astype(dtype)
    return RBM(w, visible=visible, hidden=hidden)


def transition_matrices(rbm, T, rule):
    """For every unit, the matrix of probabilities to go from one configuration to another by its move."""
    v = np.concatenate(list(exact.states(rbm.visible, 3)))  # the first unit changes fastest: flips are bits
    code = np.arange(8)
    matrices = np.zeros((3, 8, 8))
    for i in range(3):
        flip = _probability(_Walkers(rbm, v, T).change(i), T, rule)
        matrices[i, code, code ^ (1 << i)] = flip
        matrices[i, code, code] = 1 - flip
    return matrices


@pytest.mark.parametrize("visible", VISIBLE)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("T", [0.5, 1.0, 2.0])
def test_detailed_balance(visible, hidden, rule, T):
    rbm = machine(visible, hidden)
    _, P = exact.visible_distribution(rbm, T)
    for W in transition_matrices(rbm, T, rule):
        np.testing.assert_allclose(P[:, None] * W, (P[:, None] * W).T, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("rule", RULES)
def test_one_sweep_is_the_product_of_the_moves_in_some_order(hidden, rule):
    """5000 chains from each of the 8 configurations, seed 1: their transitions fit one of the 6 orders, by χ²."""
    rbm, T, n = machine(VISIBLE[0], hidden), 1.2, 5000
    v = np.concatenate(list(exact.states(rbm.visible, 3)))
    end, acceptance = single_unit(rbm, np.repeat(v, n, axis=0), T=T, sweeps=1, rule=rule, rng=1)
    after = (end > 0) @ [1, 2, 4]
    counts = np.bincount(np.repeat(np.arange(8), n) * 8 + after, minlength=64).reshape(8, 8)
    single = transition_matrices(rbm, T, rule)
    p_values, rates = [], []
    for order in itertools.permutations(range(3)):
        reached, moves = np.eye(8), 0.0
        for i in order:
            moves += (reached.mean(axis=0) * (1 - np.diag(single[i]))).sum()
            reached = reached @ single[i]
        possible = reached > 1e-12
        chi2 = ((counts - n * reached)[possible] ** 2 / (n * reached[possible])).sum()
        p_values.append(stats.chi2.sf(chi2, possible.sum() - 8) if not counts[~possible].any() else 0)
        rates.append(moves / 3)
    assert max(p_values) > 1e-3
    rate = rates[int(np.argmax(p_values))]
    assert abs(acceptance - rate) < Z_MAX * math.sqrt(rate * (1 - rate) / (24 * n))


@pytest.mark.medium
@pytest.mark.some(3)
@pytest.mark.parametrize("visible", VISIBLE)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_stationary_law(visible, hidden, rule, beta):
    """4000 chains after 200 sweeps, all from one configuration, seed 2: χ² and z of all probabilities."""
    rbm, n = machine(visible, hidden, M=2, seed=5), 4000
    end = single_unit(rbm, np.ones((n, 3)), T=1 / beta, sweeps=200, rule=rule, rng=2).v
    _, P = exact.visible_distribution(rbm, 1 / beta)
    counts = np.bincount((end > 0) @ [1, 2, 4], minlength=8)
    expected = n * P
    often = expected > 5
    chi2 = ((counts - expected)[often] ** 2 / expected[often]).sum()
    assert stats.chi2.sf(chi2, often.sum() - 1) > 1e-4
    assert (np.abs(counts - expected)[often] / np.sqrt(expected * (1 - P))[often]).max() < Z_MAX


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("T", [0.0, 0.7])
def test_changes_are_those_of_the_free_energy(hidden, rule, T):
    """After many moves too, with sparse and packed weights."""
    xi = random_patterns(12, 9, p=0.5, rng=1, storage="packed")
    w = pattern_weights(xi, np.float64)
    visible = Spin(np.linspace(-0.3, 0.3, 12))
    start = np.random.default_rng(0).choice([-1.0, 1.0], size=(4, 12))
    ends = []
    for weights in (w.dense(), w, sp.csr_array(w.dense())):
        rbm = RBM(weights, visible=visible, hidden=hidden)
        free_energy = rbm.marginal_energy if T == 0 else lambda v, rbm=rbm: rbm.free_energy(v, T)
        walkers = _Walkers(rbm, single_unit(rbm, start, T=1.0, sweeps=3, rule=rule, rng=7).v, T)
        for i in (0, 5, 11, 5, 0, 3):
            before, changed = walkers.v.copy(), walkers.v.copy()
            changed[:, i] *= -1
            expected = free_energy(changed) - free_energy(before)
            np.testing.assert_allclose(walkers.change(i), expected, rtol=1e-9, atol=1e-12)
            walkers.move(np.array([True, False, True, True]))
            np.testing.assert_array_equal(walkers.v[1], before[1])
            np.testing.assert_array_equal(walkers.v[0], changed[0])
        ends.append(walkers.v)
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])


def test_zero_temperature_ends_in_minima_of_the_marginal_energy():
    xi = random_patterns(101, 20, rng=6)
    rbm = RBM(pattern_weights(xi, np.float64), visible=Spin(), hidden=Gaussian())
    start = np.random.default_rng(1).choice([-1.0, 1.0], size=(5, 101))
    for rule in RULES:
        ends = single_unit(rbm, start, T=0, sweeps=30, rule=rule, rng=3)
        assert (rbm.marginal_energy(ends.v) < rbm.marginal_energy(start)).all()
        assert all(descend(rbm, end).moves == 0 for end in ends.v)


def test_ties_at_zero_temperature():
    rbm = RBM(np.zeros((400, 1)), visible=Spin(), hidden=Gaussian())
    glauber = single_unit(rbm, np.ones((25, 400)), T=0, sweeps=1, rng=1)
    assert abs(glauber.acceptance - 0.5) < Z_MAX * 0.005
    assert single_unit(rbm, np.ones(400), T=0, sweeps=1, rule="metropolis", rng=1).acceptance == 1


def test_single_precision_keeps_small_changes_of_large_energies():
    """At a pattern of 3000 spins Σ I²/2 is some thousands: changes of F in float32 machines to 1e-5 all the same."""
    xi = random_patterns(3000, 30, rng=1)
    rbm = RBM(pattern_weights(xi, np.float32), visible=Spin(), hidden=Gaussian())
    double = RBM(rbm.weights.astype(float), visible=Spin(), hidden=Gaussian())
    v = xi[:, :1].T.astype(np.float32)
    ours = [_Walkers(machine, v.astype(machine.dtype), 0.3).change(5)[0] for machine in (rbm, double)]
    assert ours[0] == pytest.approx(ours[1], abs=1e-5)
    end = single_unit(rbm, v, T=0.3, sweeps=2, rng=1).v
    assert end.dtype == np.float32
    assert end.shape == (1, 3000)


def test_repeats_and_leaves_the_start():
    rbm = machine(VISIBLE[1], HIDDEN[3])
    start = np.zeros((6, 3))
    one, again = (single_unit(rbm, start, sweeps=10, rng=rng) for rng in (4, np.random.default_rng(4)))
    np.testing.assert_array_equal(one.v, again.v)
    assert one.acceptance == again.acceptance
    assert (one.v != single_unit(rbm, start, sweeps=10, rng=5).v).any()
    assert not start.any()
    assert len(np.unique(one.v, axis=0)) > 1  # each chain has its own numbers
    none = single_unit(rbm, start[0], sweeps=0)
    assert none.v.shape == (3,)
    assert math.isnan(none.acceptance)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"T": -1}, "T = -1"),
        ({"sweeps": -1}, "sweeps = -1"),
        ({"rule": "gibbs"}, "rule = 'gibbs': must be one of 'glauber', 'metropolis'"),
        ({"rng": "x"}, "rng = 'x'"),
        ({"v": [1, 1]}, "v has shape (2,)"),
        ({"v": [1, 1, 0]}, "v has entries in [0, 1]"),
        ({"v": np.ones((1, 2, 3))}, "v has shape (1, 2, 3): must be (N,) or (n_chains, N)"),
        ({"rbm": machine(Gaussian(), Spin()), "v": np.ones(3)}, "rbm.visible is Gaussian"),
    ],
)
def test_bad_arguments(options, message):
    arguments = {"rbm": machine(Spin(), Gaussian()), "v": [1, 1, 1], "sweeps": 1} | options
    with pytest.raises(ValueError) as error:
        single_unit(arguments.pop("rbm"), arguments.pop("v"), **arguments)
    assert str(error.value).startswith(message)
