"""Zero-temperature dynamics against brute-force energies, for every pair of unit types."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.patterns import corrupted, first_patterns, pattern_state, pattern_weights, random_patterns
from rbm_sim.retrieval.dynamics import alternate, descend, run, synchronous_step
from rbm_sim.retrieval.landscape import Landscape

PAIRS = list(
    itertools.product([Spin(0.1), Bernoulli(-0.2)], [Gaussian(), ReLU(0.3), Spin(0.2), Bernoulli(-0.3), ReLU(-1.0)])
)
DTYPES = [np.float32, np.float64]


def machine(visible, hidden, N=12, M=7, seed=0, dtype=np.float64, sparse=False):
    rng = np.random.default_rng(seed)
    w = random_patterns(N, M, p=0.6, rng=rng) / math.sqrt(N) if sparse else rng.normal(size=(N, M)) / math.sqrt(N)
    return RBM(w.astype(dtype), visible=visible, hidden=hidden)


def random_state(rbm, seed=0):
    return np.random.default_rng(seed).choice([rbm.visible.low, 1.0], size=len(rbm.weights))


def neighbours(rbm, v):
    """All configurations one move away from v, row by row."""
    return np.where(np.eye(len(v), dtype=bool), rbm.visible.flipped(v), v)


def exact_energy(rbm, v):
    """The marginal energy in double precision."""
    w = rbm.weights.astype(float)
    return RBM(w, visible=rbm.visible, hidden=rbm.hidden).marginal_energy(v)


def exact_changes(rbm, v):
    return exact_energy(rbm, neighbours(rbm, v)) - exact_energy(rbm, v)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_changes_of_energy_by_brute_force(visible, hidden, dtype):
    for seed in range(5):
        rbm = machine(visible, hidden, seed=seed, dtype=dtype, sparse=seed % 2 == 1)
        v = random_state(rbm, seed)
        landscape = Landscape(rbm, np.stack([v, v]).astype(dtype))
        check_gains(landscape, rbm, 1, v)
        for i in (3, 0, 11, 3):
            landscape.gain(1, i)
            landscape.move()
        np.testing.assert_array_equal(landscape.v[0], v)
        v[[0, 11]] = rbm.visible.flipped(v[[0, 11]])
        np.testing.assert_array_equal(landscape.v[1], v)
        check_gains(landscape, rbm, 1, v, refresh=False)


def check_gains(landscape, rbm, chain, v, refresh=True):
    """Exact gains are minus the changes of E(v), and lie between their bounds."""
    atol = 20 * np.finfo(rbm.dtype).eps
    every = np.arange(len(landscape.v))
    if refresh:
        landscape.refresh(every)
    gains = [landscape.gain(chain, i) for i in range(len(v))]
    np.testing.assert_allclose(gains, -exact_changes(rbm, v), atol=atol)
    low, high, tolerance = (x[chain] for x in landscape.gains(every))
    assert (low <= gains + tolerance).all()
    assert (gains <= high + tolerance).all()
    if isinstance(rbm.hidden, Gaussian):
        np.testing.assert_allclose(low, high)
    assert (tolerance < 1e-4).all()


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_parameters_one_per_unit(visible, hidden):
    rng = np.random.default_rng(4)
    visible = type(visible)(rng.normal(size=12))
    if not isinstance(hidden, Gaussian):
        hidden = type(hidden)(rng.normal(size=7))
    rbm = machine(visible, hidden)
    v = random_state(rbm)
    check_gains(Landscape(rbm, v[None]), rbm, 0, v)


@pytest.mark.parametrize("storage", ["packed", "sparse"])
@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.2)])
def test_gains_do_not_depend_on_storage(storage, hidden):
    p = 1.0 if storage == "packed" else 0.3
    for visible in (Spin(0.05), Bernoulli(-0.1)):
        weights = pattern_weights(random_patterns(40, 21, p=p, rng=1, storage=storage))
        rbm = RBM(weights, visible=visible, hidden=hidden)
        v = random_state(RBM(rbm.weights, visible=visible, hidden=hidden))
        check_gains(Landscape(rbm, v[None].astype(np.float32)), rbm, 0, v)


@pytest.mark.parametrize("dynamics", ["single-unit", "alternating"])
@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.2)])
def test_many_starts_are_as_many_runs(dynamics, hidden):
    """The same fixed points as one by one, also where all chains but one have ended."""
    rbm = machine(Spin(), hidden, N=60, M=30)
    starts = np.stack([random_state(rbm, seed) for seed in range(6)])
    together = run(rbm, starts.reshape(2, 3, 60), dynamics=dynamics, rng=3)
    assert together.v.shape == (2, 3, 60)
    assert together.sweeps.shape == together.moves.shape == together.converged.shape == (2, 3)
    assert together.converged.all()
    for k, v in enumerate(together.v.reshape(6, 60)):
        if dynamics == "single-unit":
            assert exact_changes(rbm, v).min() > -1e-12
            continue
        alone = run(rbm, starts[k], dynamics=dynamics)
        np.testing.assert_array_equal(v, alone.v)
        assert together.sweeps.ravel()[k] == alone.sweeps
    again = run(rbm, starts.reshape(2, 3, 60), dynamics=dynamics, rng=3)
    np.testing.assert_array_equal(again.v, together.v)
    fewer = run(rbm, starts[:2], dynamics=dynamics, rng=3)
    np.testing.assert_array_equal(fewer.v, together.v[0, :2])


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_descent_ends_in_a_single_move_minimum(visible, hidden, dtype):
    for seed in range(10):
        rbm = machine(visible, hidden, seed=seed, dtype=dtype)
        start = random_state(rbm, seed)
        end = descend(rbm, start, rng=seed)
        assert end.converged
        assert end.dynamics == "single-unit"
        assert exact_changes(rbm, end.v).min() > -1e-5
        assert exact_energy(rbm, end.v) <= exact_energy(rbm, start)
        assert (end.moves == 0) == bool((end.v == start).all())
        assert descend(rbm, end.v, rng=1)[1:4] == (1, 0, True)


@settings(deadline=None)
@given(
    st.sampled_from(PAIRS),
    st.sampled_from(DTYPES),
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_energy_falls_with_every_sweep(pair, dtype, seed, sparse, scale):
    """Also where many moves change nothing (sparse patterns), and whatever the scale of the weights."""
    rbm = machine(*pair, N=20, M=15, seed=seed, dtype=dtype, sparse=sparse)
    rbm = RBM(rbm.weights * dtype(scale), visible=rbm.visible, hidden=rbm.hidden)
    v, energy = random_state(rbm, seed), math.inf
    for sweep in range(200):
        new = float(exact_energy(rbm, v))
        assert new < energy
        energy = new
        step = descend(rbm, v, max_sweeps=1, rng=sweep)
        v = step.v
        if step.converged:
            break
    assert step.converged


def test_ties_do_not_move():
    """Two equal patterns: single moves between degenerate states gain nothing, and are not taken."""
    rbm = RBM(np.zeros((5, 3)), visible=Spin(), hidden=ReLU())
    end = descend(rbm, np.ones(5))
    assert (end.moves, end.converged) == (0, True)


def sequential_hopfield(xi, v):
    """Zero-temperature dynamics with the coupling matrix written out, its diagonal removed."""
    J = xi @ xi.T / len(xi)
    np.fill_diagonal(J, 0)
    while True:
        unstable = np.flatnonzero(v * (J @ v) < 0)
        if not unstable.size:
            return v
        v = v.copy()
        v[unstable[0]] *= -1


def test_minima_are_those_of_the_hopfield_couplings():
    xi = random_patterns(101, 20, rng=6).astype(float)  # odd numbers: no field is exactly 0 for odd M·N sums
    rbm = RBM(pattern_weights(xi, np.float64), visible=Spin(), hidden=Gaussian())
    J = xi @ xi.T / 101
    np.fill_diagonal(J, 0)
    for seed in range(10):
        v = descend(rbm, random_state(rbm, seed), rng=seed).v
        assert (v * (J @ v) > -1e-12).all()
        other = sequential_hopfield(xi, random_state(rbm, seed))
        assert descend(rbm, other).moves == 0


def test_descent_is_reproducible_and_leaves_its_start():
    rbm = machine(Spin(), ReLU(0.1), N=60, M=40)
    start = random_state(rbm)
    before = start.copy()
    ends = [descend(rbm, start, rng=seed).v for seed in (1, 1, 2)]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert (ends[0] != ends[2]).any()
    np.testing.assert_array_equal(start, before)


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_alternating_minimisation_ends_in_a_fixed_point(visible, hidden):
    for seed in range(10):
        rbm = machine(visible, hidden, seed=seed)
        start = random_state(rbm, seed)
        end = alternate(rbm, start)
        assert end.converged
        assert end.dynamics == "alternating"
        h = rbm.hidden.mode(rbm.inputs(end.v))
        np.testing.assert_array_equal(rbm.visible.mode(rbm.transposed().inputs(h)), end.v)
        v = np.array(list(itertools.product([visible.low, 1.0], repeat=12)))
        assert rbm.energy(end.v, h) <= rbm.energy(v, h).min() + 1e-12
        assert exact_energy(rbm, end.v) <= exact_energy(rbm, start) + 1e-12


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.3), Spin(0.2), Bernoulli(-0.3)])
def test_single_move_minima_are_fixed_points_of_alternation(hidden):
    """Φ is convex, so the self-coupling can only hold a unit in place: the reverse inclusion fails."""
    reverse_fails = 0
    for seed in range(20):
        rbm = machine(Spin(), hidden, seed=seed, N=30, M=20)
        end = descend(rbm, random_state(rbm, seed), rng=seed)
        assert alternate(rbm, end.v).moves == 0
        reverse_fails += descend(rbm, alternate(rbm, random_state(rbm, seed)).v).moves > 0
    assert reverse_fails > 0


@pytest.mark.parametrize(("visible", "hidden"), PAIRS)
def test_synchronous_step_by_brute_force(visible, hidden):
    rbm = machine(visible, hidden)
    v = random_state(rbm)
    expected = np.where(exact_changes(rbm, v) < 0, rbm.visible.flipped(v), v)
    np.testing.assert_array_equal(synchronous_step(rbm, v), expected)


@pytest.mark.parametrize(("alpha", "m0", "m1"), [(0.1, 0.5, 0.8861537020), (0.2, 0.8, 0.9263617299)])
def test_first_synchronous_step(alpha, m0, m1):
    """m₁ = erf(m₀/√(2α)) (Kinzel 1985), within 4 standard errors over 20 samples of N = 3000."""
    assert m1 == pytest.approx(math.erf(m0 / math.sqrt(2 * alpha)), abs=1e-10)
    N, overlaps = 3000, []
    for seed in np.random.SeedSequence(12).spawn(20):
        rng = np.random.default_rng(seed)
        xi = random_patterns(N, round(alpha * N), rng=rng)
        rbm = RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian())
        start = np.where(rng.permutation(N) < N * (1 - m0) / 2, -xi[:, 0], xi[:, 0])
        overlaps.append(float(synchronous_step(rbm, start) @ xi[:, 0]) / N)
    assert abs(np.mean(overlaps) - m1) < 4 * np.std(overlaps, ddof=1) / math.sqrt(20)


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "m0", "m1"), [(0.1, 0.5, 0.8861537020), (0.2, 0.8, 0.9263617299)])
def test_first_synchronous_step_of_a_hundred_thousand_spins(alpha, m0, m1):
    """N = 10⁵, packed patterns, 8 starts, seed 3: m₁ within 4 standard errors, which are below 1e-3."""
    N = 100_000
    patterns = random_patterns(N, round(alpha * N), rng=3, storage="packed")
    assert patterns.nbytes <= 2.5e8
    rbm = RBM(pattern_weights(patterns), visible=Spin(), hidden=Gaussian())
    xi = first_patterns(patterns, 8).T
    rng = np.random.default_rng(4)
    starts = np.stack([np.where(rng.permutation(N) < N * (1 - m0) / 2, -x, x) for x in xi])
    assert (starts * xi).mean(axis=1) == pytest.approx(m0)
    overlaps = (synchronous_step(rbm, starts) * xi).mean(axis=1, dtype=float)
    stderr = overlaps.std(ddof=1) / math.sqrt(8)
    assert stderr < 1e-3
    assert abs(overlaps.mean() - m1) < 4 * stderr


def test_retrieval_from_a_noisy_start():
    xi = random_patterns(1000, 50, rng=1)
    rbm = RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian())
    start = corrupted(rbm, pattern_state(xi[:, 4], rbm.visible), 0.2, rng=2)
    for dynamics in ("single-unit", "alternating"):
        end = run(rbm, start, dynamics=dynamics, rng=3)
        assert end.dynamics == dynamics
        assert end.v @ xi[:, 4] > 990


def test_a_limit_on_sweeps_is_reported():
    rbm = machine(Spin(), Gaussian(), N=200, M=100)
    assert not descend(rbm, random_state(rbm), max_sweeps=1, rng=0).converged
    assert not alternate(rbm, random_state(rbm), max_sweeps=1).converged


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rbm: descend(rbm, [1, 1, 1]), "v has shape (3,)"),
        (lambda rbm: descend(rbm, [1, 0]), "v has entries in [0, 1]"),
        (lambda rbm: descend(rbm, [1, 1], max_sweeps=0), "max_sweeps = 0"),
        (lambda rbm: descend(rbm, [1, 1], rng=-1), "rng = -1"),
        (lambda rbm: alternate(rbm, [1, 1], max_sweeps=None), "max_sweeps = None"),
        (lambda rbm: descend(rbm.transposed(), [1.0, 1.0]), "rbm.visible is Gaussian"),
        (lambda rbm: alternate(rbm.transposed(), [1.0, 1.0]), "rbm.visible is Gaussian"),
        (lambda rbm: synchronous_step(rbm.transposed(), [1.0, 1.0]), "rbm.visible is Gaussian"),
        (lambda rbm: run(rbm, [1, 1], dynamics="parallel"), "dynamics = 'parallel': must be one of"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError) as error:
        call(RBM(np.ones((2, 2)), visible=Spin(), hidden=Gaussian()))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(0.3)])
def test_gains_beside_a_strong_hidden_unit_in_single_precision(hidden):
    """The condensed unit has Φ = N/2 = 2000, gains are about 1: they are right to their tolerance all the same."""
    xi = random_patterns(4000, 300, rng=2)
    rbm = RBM(pattern_weights(xi), visible=Spin(), hidden=hidden)
    v = xi[:, 0].astype(np.float32)
    landscape, every = Landscape(rbm, v[None]), np.array([0])
    landscape.refresh(every)
    tolerance = landscape.gains(every)[2][0]
    w = rbm.weights.astype(float)
    y = v @ w - landscape.offset
    for i in range(0, 4000, 371):
        changed = y - 2 * v[i] * w[i]
        exact = (landscape.hidden.ground(changed) - landscape.hidden.ground(y)).sum()
        assert abs(landscape.gain(0, i) - exact) < tolerance[i]
