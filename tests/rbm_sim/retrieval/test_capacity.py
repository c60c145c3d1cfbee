"""Retrieval against the replica-symmetric theory at T = 0, whose equations are solved here once more.

Hopfield: √(2α) = erf(y)/y − (2/√π) e^{−y²}, m = erf(y), r = (1 − C)^{−2} with C = √(2/(παr)) e^{−y²} (Amit,
Gutfreund and Sompolinsky 1985). The threshold model with g = −αB/2 is the same with m = m̃/2 and
α̃ = 2 H2(√2 θ) α.
"""

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq

from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, Spin
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.retrieval import capacity
from rbm_sim.retrieval.capacity import retrieval, series
from rbm_sim.retrieval.dynamics import descend
from rbm_sim.retrieval.results import Retrieval
from rbm_sim.statistics.estimates import estimate

ALPHA_C, Y_C = 0.1379055664949317, 1.511218556327657
Z_MAX = 3.0  # standard errors allowed to a mean over samples; seeds are fixed


def hopfield(alpha):
    y = brentq(lambda y: math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y) - math.sqrt(2 * alpha), Y_C, 30)
    m = math.erf(y)
    C = 2 / math.sqrt(math.pi) * y / m * math.exp(-y * y)  # √(αr) = m/(y√2)
    return SimpleNamespace(m=m, r=(1 - C) ** -2, C=C)


def threshold(alpha, theta):
    x = math.sqrt(2) * theta
    H0 = math.erfc(x / math.sqrt(2)) / 2
    H2 = (1 + x * x) * H0 - x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    if 2 * H2 * alpha < ALPHA_C:
        same = hopfield(2 * H2 * alpha)
        m, C = same.m / 2, same.C
    else:  # the spin glass, for its g
        s = math.sqrt(1 / (math.pi * H2 * alpha))
        m, C = math.nan, s / (1 + s)
    return SimpleNamespace(m=m, q=0.5, r=H2 / 2 / (1 - C) ** 2, g=-alpha * H0 / (1 - C) / 2, C=C)


def threshold_at_finite_size(alpha, theta, N):
    """As `threshold`, but the condensed unit has h = √N m − θ: the visible units feel m − θ/√N, not m."""
    limit = threshold(alpha, theta)
    m, r = limit.m, limit.r
    weak = limit.r * (1 - limit.C) ** 2
    for _ in range(500):
        y = (m - theta / math.sqrt(N)) / math.sqrt(2 * alpha * r)
        m, r = math.erf(y) / 2, weak / (1 - math.exp(-y * y) / math.sqrt(2 * math.pi * alpha * r)) ** 2
    return SimpleNamespace(m=m, q=0.5, r=r, g=limit.g)


def threshold_capacity(theta):
    x = math.sqrt(2) * theta
    H0 = math.erfc(x / math.sqrt(2)) / 2
    return ALPHA_C / 2 / ((1 + x * x) * H0 - x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def z_score(measured, expected):
    return (measured.mean - expected) / measured.stderr


def test_theory_of_this_file():
    assert hopfield(0.1).m == pytest.approx(0.997999266347, abs=1e-11)
    assert hopfield(0.13).m == pytest.approx(0.987211890799, abs=1e-11)
    assert threshold_capacity(0.5) == pytest.approx(0.4927682112, abs=1e-9)
    state = threshold(0.3, 0.5)  # m = ½ erf(m/√(2αr)), C = e^{−m²/(2αr)}/√(2παr)
    y = state.m / math.sqrt(2 * 0.3 * state.r)
    assert state.m == pytest.approx(math.erf(y) / 2, rel=1e-12)
    assert state.C == pytest.approx(math.exp(-y * y) / math.sqrt(2 * math.pi * 0.3 * state.r), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.10, 0.12, 0.13])
def test_hopfield_overlap_and_noise(alpha):
    """N = 4000, 40 samples, seed 1: m and r of the samples that kept their pattern, against theory."""
    result = retrieval(4000, alpha, visible=Spin(), hidden=Gaussian(), samples=40, rng=1)
    theory = hopfield(alpha)
    assert result.converged.all()
    assert result.lost_fraction <= 0.05
    assert abs(z_score(result.estimate("m"), theory.m)) < Z_MAX
    assert abs(z_score(result.estimate("r"), theory.r)) < Z_MAX
    assert (result.q == 1).all()


@pytest.mark.slow
def test_hopfield_above_capacity():
    """α = 0.20: the remanent overlap, .300(13) over 8 samples in an independent simulation."""
    result = retrieval(4000, 0.20, visible=Spin(), hidden=Gaussian(), samples=40, rng=1)
    m = result.estimate("m", of="all")
    assert result.lost.all()
    assert abs(m.mean - 0.300) < Z_MAX * math.hypot(0.013, m.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.10, 0.12])
def test_hopfield_series_in_N(alpha):
    """Losses die out with N, the scatter of samples falls like 1/√N, and the mean tends to theory."""
    sizes = [1000, 4000, 16_000]
    results = series(sizes, alpha, visible=Spin(), hidden=Gaussian(), samples=80, rng=2)
    theory = hopfield(alpha)
    lost = [result.lost_fraction for result in results]
    assert lost[-1] == 0
    assert max(lost) <= 0.15
    for name in "mr":
        estimates = [result.estimate(name) for result in results]
        assert abs(z_score(estimates[-1], getattr(theory, name))) < Z_MAX
        scatter = [e.stderr * math.sqrt(e.n * N) for e, N in zip(estimates, sizes, strict=True)]
        assert max(scatter) < 2 * min(scatter)


@pytest.mark.slow
def test_close_to_capacity_descents_end_before_the_typical_state():
    """α = 0.13, 96 runs: a descent from the pattern stops in the first of many minima, 0.0015 above theory.

    It is no effect of size: N = 16 000 gives the same. Agitated at T = 0.05, where the state still exists, and
    cooled again, the same machines reach theory. At α = 0.10 the two agree.
    """
    for alpha, seed in ((0.13, 1), (0.10, 2)):
        ends = np.concatenate([agitated(4000, alpha, 0.05, np.random.default_rng([seed, k])) for k in range(6)])
        ends = ends[(ends > 0.7).all(axis=1)]
        assert len(ends) >= 75
        direct, cooled = (estimate(m) for m in ends.T)
        theory = hopfield(alpha).m
        assert abs(z_score(cooled, theory)) < Z_MAX
        assert (z_score(direct, theory) > 2) == (alpha == 0.13)
        gap = estimate(ends[:, 0] - ends[:, 1])
        assert (gap.mean > Z_MAX * gap.stderr) == (alpha == 0.13)


def agitated(N, alpha, T, rng):
    """Final overlaps of 16 patterns, by a descent from them, and by one after 300 sweeps at temperature T."""
    xi = random_patterns(N, round(alpha * N), rng=rng)
    rbm = RBM(pattern_weights(xi), visible=Spin(), hidden=Gaussian())
    starts = xi[:, :16].T.astype(np.float32)
    hot = rbm.sample(16, 300, T=T, rng=rng, start=starts).v
    ends = [descend(rbm, v, rng=rng).v for v in (starts, hot)]
    return np.stack([(v * starts).mean(axis=1) for v in ends], axis=1)


def test_hopfield_of_ten_thousand_spins():
    """1300 patterns: the N × N couplings would take 800 MB in double precision and are never built."""
    result = retrieval(10_000, 0.13, visible=Spin(), hidden=Gaussian(), samples=2, rng=3)
    assert not result.lost.any()
    assert np.abs(result.m - hopfield(0.13).m).max() < 0.02


@pytest.mark.parametrize("N", [1000, 2000])
def test_threshold_model_below_capacity(N):
    """θ = ½, α = 0.8 α_c(θ), 20 samples, seed 1."""
    alpha = 0.8 * threshold_capacity(0.5)
    theory = threshold(alpha, 0.5)
    result = retrieval(N, alpha, visible=Bernoulli(theory.g), hidden=ReLU(0.5), samples=20, rng=1)
    assert result.lost_fraction <= 0.15
    for name in "mqr":
        assert abs(z_score(result.estimate(name), getattr(theory, name))) < Z_MAX


def test_threshold_model_above_capacity():
    alpha = 1.2 * threshold_capacity(0.5)
    options = {"visible": Bernoulli(threshold(alpha, 0.5).g), "hidden": ReLU(0.5), "samples": 100, "rng": 1}
    small, large = series([250, 2000], alpha, **options)
    error = math.sqrt(sum(r.lost_fraction * (1 - r.lost_fraction) / 100 for r in (small, large)))
    assert large.lost_fraction - small.lost_fraction > Z_MAX * error
    assert large.lost_fraction >= 0.9
    assert large.estimate("m", of="all").mean < 0.15
    assert abs(z_score(large.estimate("q", of="all"), 0.5)) < Z_MAX


@pytest.mark.slow
@pytest.mark.parametrize("theta", [0.0, 0.5])
@pytest.mark.parametrize("fraction", [0.6, 0.8])
def test_threshold_model_series_in_N(theta, fraction):
    alpha = fraction * threshold_capacity(theta)
    theory = threshold(alpha, theta)
    options = {"visible": Bernoulli(theory.g), "hidden": ReLU(theta), "samples": 40, "rng": 7}
    results = series([500, 1000, 2000, 4000], alpha, **options)
    assert results[-1].lost_fraction <= 0.05
    for result in results[1:]:
        for name in "mqr":
            assert abs(z_score(result.estimate(name), getattr(theory, name))) < Z_MAX
    assert results[-1].estimate("m").stderr < results[0].estimate("m").stderr


@pytest.mark.slow
@pytest.mark.parametrize(("theta", "N"), [(0.5, 4000), (1.0, 2000)])
def test_threshold_model_to_order_one_over_root_N(theta, N):
    """The leading finite-size effect is the threshold of the condensed unit itself, θ/√N against m.

    200 samples tell the limit N → ∞ from the equations with this term, and the limit is met once the
    condensed unit alone has no threshold. The fraction of wrong units, q − m, is free of the scatter of the
    activity of the patterns.
    """
    alpha = 0.8 * threshold_capacity(theta)
    limit, finite = threshold(alpha, theta), threshold_at_finite_size(alpha, theta, N)
    thresholds = np.full(round(alpha * N), theta)
    options = {"visible": Bernoulli(limit.g), "samples": 200, "rng": 6}
    plain = retrieval(N, alpha, hidden=ReLU(theta), **options)
    thresholds[0] = 0
    without = retrieval(N, alpha, hidden=ReLU(thresholds), **options)
    assert max(plain.lost_fraction, without.lost_fraction) < 0.1
    wrong = estimate((plain.q - plain.m)[~plain.lost])
    assert abs(z_score(wrong, 0.5 - finite.m)) < Z_MAX
    assert z_score(wrong, 0.5 - limit.m) > Z_MAX
    assert abs(z_score(estimate((without.q - without.m)[~without.lost]), 0.5 - limit.m)) < Z_MAX


def test_self_coupling_holds_patterns_above_capacity():
    """α = 0.17 > α_c: alternating minimisation keeps what single-unit moves lose."""
    options = {"visible": Spin(), "hidden": Gaussian(), "samples": 20, "rng": 4}
    single = retrieval(4000, 0.17, **options)
    alternating = retrieval(4000, 0.17, dynamics="alternating", **options)
    assert single.lost_fraction >= 0.8
    assert alternating.lost_fraction <= 0.1
    assert (single.dynamics, alternating.dynamics) == ("single-unit", "alternating")


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("m", "q", "r", "sweeps", "moves"))


def test_samples_do_not_depend_on_order_or_workers():
    options = {"visible": Bernoulli(-0.05), "hidden": ReLU(0.5), "samples": 6, "rng": 5}
    reference = retrieval(300, 0.5, **options)
    for pool in (ThreadPoolExecutor(3), ProcessPoolExecutor(2)):
        with pool as executor:
            assert same(retrieval(300, 0.5, executor=executor, **options), reference)
    fewer = retrieval(300, 0.5, **(options | {"samples": 3}))
    np.testing.assert_array_equal(fewer.m, reference.m[:3])
    seed = np.random.SeedSequence(5)
    for _ in range(2):  # a SeedSequence is not used up
        assert same(retrieval(300, 0.5, **(options | {"rng": seed})), reference)
    generator = np.random.default_rng(5)  # a Generator is
    first, second = (retrieval(300, 0.5, **(options | {"rng": generator})) for _ in range(2))
    assert not same(first, second)


def test_progress_wraps_the_samples():
    seen = []

    def progress(iterable, total):
        seen.append(total)
        for item in iterable:
            seen.append("sample")
            yield item

    retrieval(50, 0.1, visible=Spin(), hidden=Gaussian(), samples=3, rng=0, progress=progress)
    assert seen == [3, "sample", "sample", "sample"]


def test_noise_and_density():
    sparse = retrieval(2000, 0.02, visible=Spin(), hidden=Gaussian(), p=0.5, samples=3, rng=0, max_sweeps=1)
    assert sparse.m_start == pytest.approx(0.5, abs=0.05)
    assert not sparse.lost.any()
    noisy = retrieval(2000, 0.05, visible=Spin(), hidden=Gaussian(), noise=0.2, samples=3, rng=0)
    assert noisy.m.min() > 0.99
    assert (noisy.moves > 300).all()
    assert retrieval(10, 0.001, visible=Spin(), hidden=Gaussian(), samples=2, rng=0).M == 1


def test_losses_are_measured_from_ones_own_start():
    """At pN = 20 the overlap of a perfect pattern scatters by a fifth: none of these is lost."""
    result = retrieval(400, 0.0025, visible=Spin(), hidden=Gaussian(), p=0.05, samples=100, rng=0)
    assert (result.m_tilde == 1).all()
    assert result.lost_fraction == 0
    assert result.m.min() < 0.7 * 0.05


def test_summary_counts_lost_samples_apart():
    counts = np.ones(4, int)
    m = np.array([0.5, 0.34, 0.48, 0.1])
    result = Retrieval(10, 5, 0.5, "single-unit", np.full(4, 0.5), m, m, m, m, m, m, counts, counts, counts == 1)
    np.testing.assert_array_equal(result.lost, [False, True, False, True])
    assert result.lost_fraction == 0.5
    assert result.estimate("m") == pytest.approx((0.49, 0.01, 2))
    assert result.estimate("m", of="lost") == pytest.approx((0.22, 0.12, 2))
    assert result.estimate("q", of="all").n == 4
    assert math.isnan(estimate([]).mean)
    assert math.isnan(estimate([1.0]).stderr)
    assert capacity.Retrieval is Retrieval
    with pytest.raises(ValueError, match="name = 'C': must be one of"):
        result.estimate("C")
    with pytest.raises(ValueError, match="of = 'some': must be one of"):
        result.estimate("m", of="some")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"N": 0}, "N = 0: must be a whole number >= 1"),
        ({"N": 10.5}, "N = 10.5"),
        ({"alpha": 0}, "alpha = 0: must be a finite number > 0"),
        ({"alpha": -0.1}, "alpha = -0.1"),
        ({"alpha": math.nan}, "alpha = nan"),
        ({"samples": 0}, "samples = 0"),
        ({"p": 1.1}, "p = 1.1: must be a finite number > 0 and <= 1"),
        ({"noise": -0.1}, "noise = -0.1: must be a finite number >= 0 and <= 1"),
        ({"dynamics": "none"}, "dynamics = 'none'"),
        ({"max_sweeps": 0}, "max_sweeps = 0"),
        ({"visible": Gaussian()}, "visible = Gaussian()"),
        ({"hidden": None}, "hidden = None"),
        ({"hidden": ReLU([0.1, 0.2])}, "hidden: ReLU has 2 parameters"),
        ({"rng": -1}, "rng = -1"),
    ],
)
def test_bad_arguments(options, message):
    arguments = {"N": 10, "alpha": 0.1, "visible": Spin(), "hidden": Gaussian(), "samples": 1} | options
    with pytest.raises(ValueError) as error:
        retrieval(arguments.pop("N"), arguments.pop("alpha"), **arguments)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("sizes", [[], [100, 100], [0]])
def test_bad_series(sizes):
    with pytest.raises(ValueError, match="sizes = "):
        series(sizes, 0.1, visible=Spin(), hidden=Gaussian())
