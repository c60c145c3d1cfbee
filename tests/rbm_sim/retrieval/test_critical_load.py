"""Critical loads by bisection against retrieved fractions, the balancing field against theory, basins."""

import math
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erfc

from rbm_sim import Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.weights import stored
from rbm_sim.retrieval.capacity import retrieval
from rbm_sim.retrieval.critical_load import GrowingPatterns, _bracket, basin_sample, sample
from rbm_sim.retrieval.trial import Setting, balancing_field
from rbm_sim.statistics.estimates import estimate

HOPFIELD = Setting(Spin(), Gaussian())
Z_MAX = 3.0


@pytest.mark.parametrize("p", [1.0, 0.3])
def test_growing_patterns_are_one_sequence(p):
    seed = np.random.SeedSequence(4)
    some, more = GrowingPatterns(100, p, seed), GrowingPatterns(100, p, seed)
    long = more.first(77).dense()
    for M in (1, 8, 13, 77):
        np.testing.assert_array_equal(some.first(M).dense(), long[:, :M])
    assert abs(np.mean(long != 0) - p) < 0.02 or p == 1
    assert abs(long.mean()) < 0.05


@given(st.integers(0, 500), st.integers(1, 40), st.integers(1, 400))
def test_brackets_hold_the_threshold(threshold, first, most):
    """Of patterns that are kept up to a threshold: the bracket holds it, or it lies beyond the largest load."""
    most = max(first, most)
    low, high = _bracket(lambda M: threshold >= M, 1, first, most)
    if high is None:
        assert threshold >= most
    else:
        assert low <= threshold < high


def test_retrieved_fraction_is_that_of_the_critical_loads():
    """Two routes, other machines: N = 300, 150 of them, seeds 1 and 2; |z| < 3 at four loads."""
    loads = np.array([sample(k, N=300, p=1.0, setting=HOPFIELD, rng=1).alpha for k in range(150)])
    for alpha in (0.15, 0.18, 0.21, 0.26):
        direct = 1 - retrieval(300, alpha, visible=Spin(), hidden=Gaussian(), samples=150, rng=2).lost_fraction
        above = np.mean(loads > alpha)
        mean = (direct + above) / 2
        assert abs(direct - above) < Z_MAX * math.sqrt(2 * mean * (1 - mean) / 150)


def test_loads_depend_on_seed_and_index_alone():
    task = partial(sample, N=150, p=1.0, setting=HOPFIELD, rng=5)
    here = [task(k) for k in range(6)]
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(task, range(6))) == here
    assert task(3) == here[3]
    assert len({x.alpha for x in here}) > 1
    assert sample(0, N=150, p=1.0, setting=HOPFIELD, rng=6).alpha != here[0].alpha


def test_patterns_that_are_never_or_always_lost():
    strong = Setting(Spin(), Gaussian(), dynamics="alternating")
    assert sample(0, N=100, p=1.0, setting=strong, rng=0, highest=2.0).alpha == math.inf
    biased = Setting(Spin(5.0), Gaussian())  # the field turns all spins up
    assert sample(0, N=100, p=1.0, setting=biased, rng=0).alpha == 0


def threshold_field(alpha, theta):
    """−αB/2 of the threshold model at T = 0, from its equations (C by the Hopfield model at α̃ = 2 H2(√2 θ) α)."""
    from scipy.optimize import brentq

    x = math.sqrt(2) * theta
    H0 = float(erfc(x / math.sqrt(2))) / 2
    H2 = (1 + x * x) * H0 - x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    load = math.sqrt(2 * 2 * H2 * alpha)
    y = brentq(lambda y: math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y) - load, 1.5112, 30)
    C = 2 / math.sqrt(math.pi) * y / math.erf(y) * math.exp(-y * y)
    return -alpha * H0 / (1 - C) / 2


@pytest.mark.parametrize(("theta", "alpha"), [(0.0, 0.1), (0.5, 0.4)])
def test_the_balancing_field_is_that_of_theory(theta, alpha):
    """N = 4000, 20 machines, seed 3: the field measured in the final states is −αB/2, and half of the units are on."""
    options = {"visible": Bernoulli(), "hidden": ReLU(theta), "samples": 20, "rng": 3}
    result = retrieval(4000, alpha, balanced=True, **options)
    g, q = result.estimate("g"), result.estimate("q")
    assert result.lost_fraction <= 0.1
    assert abs(g.mean - threshold_field(alpha, theta)) < Z_MAX * g.stderr
    assert g.stderr < 0.05 * abs(g.mean)
    assert abs(q.mean - 0.5) < Z_MAX * q.stderr


def test_a_unit_that_turns_with_its_own_field_is_no_failure():
    """N = 250, 80 machines above capacity: fields and units that chase each other end all the same."""
    result = retrieval(250, 0.65, visible=Bernoulli(), hidden=ReLU(0.5), balanced=True, samples=80, rng=1)
    assert result.converged.all()
    assert result.sweeps.max() > 100  # some did
    assert abs(result.estimate("q", of="all").mean - 0.5) < 0.05


def test_balancing_field_by_sums():
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(6, 4)), rng.integers(0, 2, 6).astype(float)
    h = np.maximum(v @ w - 0.1, 0)
    expected = -sum(w[i, mu] * h[mu] for i in range(6) for mu in range(2, 4)) / 6
    assert balancing_field(stored(w), ReLU(0.1), v, L=2) == pytest.approx(expected)


def test_edges_of_basins():
    """Whether a start retrieves changes at the edge found for each machine: 40 machines, N = 400, α = 0.08."""
    edges = np.array([basin_sample(k, N=400, alpha=0.08, p=1.0, setting=HOPFIELD, rng=7) for k in range(40)])
    assert np.isfinite(edges).all()
    edge = estimate(edges)
    inside, outside = (
        1 - retrieval(400, 0.08, visible=Spin(), hidden=Gaussian(), samples=40, noise=(1 - m0) / 2, rng=8).lost_fraction
        for m0 in (edge.mean + 0.2, edge.mean - 0.2)
    )
    assert inside >= 0.95
    assert outside <= 0.2
    assert math.isnan(basin_sample(0, N=400, alpha=0.3, p=1.0, setting=HOPFIELD, rng=7))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"visible": Gaussian()}, "visible = Gaussian()"),
        ({"hidden": "relu"}, "hidden = 'relu'"),
        ({"L": 0}, "L = 0"),
        ({"noise": math.nan}, "noise = nan"),
        ({"dynamics": "greedy"}, "dynamics = 'greedy'"),
        ({"max_sweeps": 0}, "max_sweeps = 0"),
        ({"balanced": True}, "balanced = True: only Bernoulli units"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError) as error:
        Setting(**({"visible": Spin(), "hidden": Gaussian()} | options))
    assert str(error.value).startswith(message)
