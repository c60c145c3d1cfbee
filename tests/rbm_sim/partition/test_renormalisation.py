"""What is kept by counterexample, trace condition and normalised layers: sums written out, and the page itself."""

import doctest
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.partition import exact, renormalisation

PAGE = Path(__file__).resolve().parents[3] / "docs" / "renormalisation.md"
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


def energies(seed, n, k=None):
    rng = np.random.default_rng(seed)
    return 2 * rng.normal(size=n), 2 * rng.normal(size=(n, k or n))


def law(E):
    weight = np.exp(-E)
    return weight / weight.sum()


def machine(N, M, visible, hidden, seed=0):
    return RBM(np.random.default_rng(seed).normal(size=(N, M)), visible=visible, hidden=hidden)


@few
@given(SEEDS, st.integers(4, 12))
def test_counterexample_by_loops(seed, n):
    """Z is kept, p is not, and the trace differs from 1 exactly where p' differs from p."""
    E, K = energies(seed, n)
    p_new, Z_new = np.zeros(n), 0.0
    for h in range(n):
        normalisation = sum(math.exp(-K[v, h]) for v in range(n))
        for v in range(n):
            weight = math.exp(-(E[h] + K[v, h] + math.log(normalisation)))
            p_new[v] += weight
            Z_new += weight
    c = renormalisation.compare(E, renormalisation.kadanoff_energy(E, K))
    assert c.log_Z == pytest.approx(math.log(np.exp(-E).sum()), abs=1e-12)
    assert c.log_Z_new == pytest.approx(math.log(Z_new), abs=1e-12)
    assert c.log_Z_new == pytest.approx(c.log_Z, abs=1e-12)
    np.testing.assert_allclose(c.p_new, p_new / Z_new, rtol=1e-11)
    np.testing.assert_allclose(c.p, law(E), rtol=1e-11)
    np.testing.assert_allclose(np.exp(c.log_trace), c.p_new / c.p, rtol=1e-10)
    assert c.distance == pytest.approx(np.abs(p_new / Z_new - law(E)).sum() / 2, abs=1e-12)
    assert c.distance > 1e-4 and c.spread > 1e-3
    assert c.log_mean_trace == pytest.approx(0, abs=1e-12)


@few
@given(SEEDS)
def test_the_law_is_kept_if_and_only_if_it_is_stationary(seed):
    E, K = energies(seed, 6)
    f = np.random.default_rng([seed, 1]).normal(size=6)
    p = law(E)
    Q = np.exp(-K) / np.exp(-K).sum(axis=0)
    c = renormalisation.compare(E, renormalisation.kadanoff_energy(E, K))
    np.testing.assert_allclose(c.p_new, Q @ p, rtol=1e-11)
    # The stationary law of this chain is kept by this kernel.
    values, vectors = np.linalg.eig(Q)
    stationary = np.real(vectors[:, np.argmax(values.real)])
    kept = renormalisation.compare(
        -np.log(stationary / stationary.sum()),
        renormalisation.kadanoff_energy(-np.log(stationary / stationary.sum()), K),
    )
    assert kept.distance < 1e-12 and kept.spread < 1e-10
    # Independent draws, and Metropolis steps with finite K; adding f(h) changes nothing.
    metropolis = np.minimum(1, p[:, None] / p) / 6
    metropolis += np.diag(1 - metropolis.sum(axis=0))
    metropolis = (metropolis + metropolis @ metropolis) / 2
    for kernel in (E[:, None] + f, f - np.log(metropolis)):
        kept = renormalisation.compare(E, renormalisation.kadanoff_energy(E, kernel))
        assert kept.distance < 1e-12 and kept.spread < 1e-10 and abs(kept.log_Z_new - kept.log_Z) < 1e-12
    uniform = renormalisation.compare(E, renormalisation.kadanoff_energy(E, np.ones((6, 6))))
    np.testing.assert_allclose(uniform.p_new, 1 / 6, rtol=1e-12)
    assert uniform.distance > 1e-4


@few
@given(SEEDS, st.integers(1, 9), st.integers(1, 9), st.floats(-3, 3))
def test_trace_condition(seed, n, k, constant):
    E, K = energies(seed, n, k)
    any_ = renormalisation.compare(E, K)
    np.testing.assert_allclose(
        np.exp(any_.log_trace), any_.p_new / any_.p * math.exp(any_.log_Z_new - any_.log_Z), rtol=1e-10
    )
    assert any_.log_mean_trace == pytest.approx(any_.log_Z_new - any_.log_Z, abs=1e-11)
    both = renormalisation.compare(E, renormalisation.variational_energy(E, K))
    np.testing.assert_allclose(both.log_trace, 0, atol=1e-12)
    assert both.distance < 1e-12 and abs(both.log_Z_new - both.log_Z) < 1e-12
    only_p = renormalisation.compare(E, renormalisation.variational_energy(E, K) - constant)
    np.testing.assert_allclose(only_p.log_trace, constant, atol=1e-12)
    assert only_p.distance < 1e-12 and only_p.log_Z_new - only_p.log_Z == pytest.approx(constant, abs=1e-11)
    only_Z = renormalisation.compare(E, K + any_.log_mean_trace)
    assert abs(only_Z.log_mean_trace) < 1e-11 and abs(only_Z.log_Z_new - only_Z.log_Z) < 1e-11
    assert only_Z.distance == pytest.approx(any_.distance, abs=1e-12)


@pytest.mark.parametrize("units", [(Bernoulli, Bernoulli), (Spin, Bernoulli), (Spin, Spin)])
def test_machine_meets_the_trace_condition_if_and_only_if_its_free_energy_is_the_energy(units):
    rng = np.random.default_rng(1)
    rbm = machine(4, 5, units[0](rng.normal(size=4)), units[1](rng.normal(size=5)))
    joint = renormalisation.joint_energy(rbm)
    v, p = exact.visible_distribution(rbm)
    h, _ = exact.hidden_distribution(rbm)
    np.testing.assert_allclose(joint, rbm.energy(v[:, None], h), atol=1e-12)
    E = rng.normal(size=16)
    c = renormalisation.compare(E, joint)
    np.testing.assert_allclose(c.log_trace, E - rbm.free_energy(v), atol=1e-12)
    assert c.log_Z_new == pytest.approx(exact.log_partition(rbm), abs=1e-12)
    np.testing.assert_allclose(c.p_new, p, atol=1e-14)
    met = renormalisation.compare(rbm.free_energy(v), joint)
    assert np.abs(met.log_trace).max() < 1e-12 and met.distance < 1e-13


def test_largest_machine_in_reach():
    rbm = machine(12, 8, Bernoulli(-0.2), Spin(0.1), 4)
    c = renormalisation.compare(np.zeros(2**12), renormalisation.joint_energy(rbm))
    assert c.log_Z_new == pytest.approx(exact.log_partition(rbm), rel=1e-12)


@pytest.mark.parametrize("hidden", [Bernoulli(0.3), Spin([-0.5, 0.2, 0.4]), Gaussian(), ReLU(0.3)], ids=repr)
def test_layer_changes_by_sums_over_the_hidden_units(hidden):
    """Each F(v) anew, unit by unit, in sums or in Gauss-Legendre quadrature."""
    a, rbm = 1.7, machine(4, 3, Spin(0.2), hidden, 2)
    v = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
    if isinstance(hidden, Bernoulli | Spin):
        x, weight = np.array([hidden.low, 1.0]), np.ones(2)
    else:
        x, weight = np.polynomial.legendre.leggauss(200)
        low = 0 if isinstance(hidden, ReLU) else -20.0
        x, weight = low + (20 - low) * (1 + x) / 2, (20 - low) / 2 * weight
    U = np.array([rbm.hidden.potential(np.full(3, t)) for t in x])  # (points, M)

    def free_energy(inputs, x=x, weight=weight, U=U):
        K = np.log(np.einsum("k,kcm->cm", weight, np.exp(x[:, None, None] * inputs - U[:, None])))
        return -0.2 * v.sum(axis=1) - K.sum(axis=1)

    I = v @ rbm.weights
    F = free_energy(I)
    normalised = U + np.log(weight @ np.exp(-U))
    continuous = not isinstance(hidden, Bernoulli | Spin)
    standardised = np.array([(row - row.mean()) / row.std() for row in I])
    expected = [
        free_energy(I, U=normalised),
        free_energy(a * I, x / a, weight / a if continuous else weight),
        free_energy(a * I),
        free_energy(standardised),
    ]
    for found, F_new in zip(renormalisation.layer_changes(rbm, a), expected, strict=True):
        change = F_new - F
        assert (found.F_min, found.F_max) == pytest.approx((change.min(), change.max()), abs=1e-9)
        assert found.log_Z == pytest.approx(math.log(np.exp(-F_new).sum() / np.exp(-F).sum()), abs=1e-9)
        assert found.distance == pytest.approx(np.abs(law(F_new) - law(F)).sum() / 2, abs=1e-9)


@few
@given(SEEDS, st.sampled_from([Bernoulli, Spin, ReLU]))
def test_constants_and_units_of_h_leave_the_law_alone(seed, hidden):
    rng = np.random.default_rng(seed)
    rbm = machine(5, 3, Bernoulli(rng.normal(size=5)), hidden(rng.normal(size=3)), seed)
    changes = renormalisation.layer_changes(rbm, 3.0)
    K0 = float(rbm.hidden.log_partition(np.zeros(3)).sum())
    jacobian = 3 * math.log(3) if hidden is ReLU else 0.0
    for kept, constant in ((changes.normalised, K0), (changes.rescaled, jacobian)):
        assert kept[:3] == pytest.approx((constant, constant, -constant), abs=1e-11)
        assert kept.distance < 1e-13
    for broken in (changes.unbalanced, changes.standardised):
        assert broken.distance > 1e-5 and broken.F_max - broken.F_min > 1e-3


def test_equal_inputs_are_no_signal():
    rbm = RBM(np.full((3, 4), 0.1), visible=Bernoulli(), hidden=Bernoulli())
    changes = renormalisation.layer_changes(rbm)
    assert changes.standardised.F_min == pytest.approx(0, abs=1e-12)  # at v = 0
    assert changes.standardised.log_Z == pytest.approx(7 * math.log(2) - exact.log_partition(rbm), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.compare([], [[0.0]]), r"E has shape \(0,\)"),
        (lambda r: r.compare([0.0, np.inf], [[0.0], [0.0]]), r"E has the entry inf at \[1\]"),
        (lambda r: r.compare([0.0, 1.0], [[0.0]]), r"joint has shape \(1, 1\): must be \(2, k\)"),
        (lambda r: r.kadanoff_energy([0.0, 1.0], [[0.0], [0.0]]), r"K has shape \(2, 1\): must be \(2, 2\)"),
        (lambda r: r.variational_energy([0.0, 1.0], [0.0, 0.0]), r"K has shape \(2,\): must be \(2, k\)"),
        (lambda r: r.joint_energy(machine(13, 12, Spin(), Spin())), r"13 \+ 12 units: at most 24"),
        (
            lambda r: r.joint_energy(machine(2, 2, Spin(), ReLU())),
            "only Bernoulli, Spin and Potts units can be",
        ),
        (lambda r: r.layer_changes(machine(21, 2, Spin(), ReLU())), "21 visible units: at most 20"),
        (lambda r: r.layer_changes(machine(2, 2, Gaussian(), Spin())), "only Bernoulli, Spin and Potts units"),
        (lambda r: r.layer_changes(machine(2, 2, Spin(), Spin()), 0.0), "scale = 0.0"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(renormalisation)


def test_the_page_prints_what_it_says():
    text = PAGE.read_text("utf-8")
    examples = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.S))
    test = doctest.DocTestParser().get_doctest(examples, {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 30
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0


def test_the_numbers_of_its_table_come_from_its_examples():
    table, rest = PAGE.read_text("utf-8").split("## The counterexample", 1)
    numbers = re.findall(r"[−-]?\d+\.\d\d+", table)
    assert len(numbers) == 8
    for number in numbers:
        assert number.replace("−", "-") in rest or any(
            round(float(x), 3) == float(number) for x in re.findall(r"\d\.\d{6}", rest)
        )
