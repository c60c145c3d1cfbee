"""The equations of states as intervals: against the solver's chart and mpmath, derivatives by differences."""

import numpy as np
import pytest
from flint import arb, ctx
from mpmath import mp

from replica.certified.balls import exact
from replica.certified.hidden_noise import hidden_noise
from replica.certified.mills import normal, scaled_tails
from replica.certified.noise_balls import hidden_noise_balls
from replica.certified.pattern_law import PatternLaw
from replica.certified.plane import Boxes, Machine, equations
from replica.certified.region import _prove_lemma
from replica.certified.small_overlap import SmallOverlap
from replica.certified.spans import Span, span, weighted_sum
from replica.models import CompositionalRBM, ReluRBM
from replica.models.sparse.chart import at

MODELS = (
    ReluRBM(alpha=0.1, theta=0.2, g=-0.02, p=0.1, L=10),
    ReluRBM(alpha=0.1, theta=-0.2, g=0.01, p=0.3, L=3),
    CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, ell=0.4),
    CompositionalRBM(alpha=0.5, theta=0.0, g=-0.21, ell=3.0),
)


def machine_of(model):
    whole = isinstance(model, ReluRBM)
    law = PatternLaw(exact(model.size), exact(model.sparsity), int(model.size) if whole else None)
    return Machine(exact(model.alpha), exact(model.theta), exact(model.g), exact(model.sparsity), law)


def draw(n, seed=1):
    rng = np.random.default_rng(seed)
    w, v = rng.integers(-2, 3, n).astype(float), rng.uniform(-3, 4, n)
    w[v < 0] = 0
    t = np.where(v < 0, rng.uniform(-4, 4, n), rng.uniform(-0.5, 0.5, n) * np.exp(v))
    return w, v, t, rng


def point(x):
    return Span(x, x)


def parts(field):
    return [*field.e, *field.by_v, *field.by_t]


def middle(x):
    return 0.5 * (x.low + x.high)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_residuals_vanish_where_the_chart_has_the_controls(model):
    """At a point of the solver's chart the machine with g and ln α of that point has e₁ = e₂ = 0."""
    w, v, t, _ = draw(40, seed=3)
    a = np.exp(v)
    place = at(model.couplings(), v, (t - a * w) / np.hypot(1, a))
    checked = 0
    with ctx.workprec(200), np.errstate(all="ignore"):
        for i in np.nonzero((np.abs(place.log_alpha) < 300) & (place.C < 0.999) & (place.q > 1e-6))[0]:
            other = type(model)(**(model.controls | {"alpha": np.exp(place.log_alpha[i]), "g": place.g[i]}))
            e = equations(machine_of(other), Boxes(w[[i]], point(v[[i]]), point(t[[i]]))).e
            assert abs(middle(e[0])[0]) < 1e-9
            assert abs(middle(e[1])[0]) < 1e-11 * max(1, abs(place.g[i]))
            checked += 1
    assert checked > 5


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_derivatives_and_inclusion(model):
    w, v, t, rng = draw(800)
    h = 1e-6
    with ctx.workprec(200), np.errstate(all="ignore"):
        machine = machine_of(model)
        field = equations(machine, Boxes(w, point(v), point(t)))
        for name, dv, dt in (("by_v", h, 0), ("by_t", 0, h)):
            up, down = (equations(machine, Boxes(w, point(v + sign * dv), point(t + sign * dt))) for sign in (1, -1))
            for i in (0, 1):
                found, expected = middle(getattr(field, name)[i]), (middle(up.e[i]) - middle(down.e[i])) / (2 * h)
                known = np.isfinite(found) & np.isfinite(expected) & (np.abs(expected) < 1e3)
                assert known.mean() > 0.7
                np.testing.assert_allclose(found[known], expected[known], rtol=1e-6, atol=1e-7)
        r = rng.uniform(1e-3, 0.3, len(v))
        box = equations(machine, Boxes(w, Span(v - r, v + r), Span(t - r, t + r)))
        for _ in range(4):
            inside = [x + rng.uniform(-1, 1, len(v)) * r for x in (v, t)]
            there = equations(machine, Boxes(w, point(inside[0]), point(inside[1])))
            for wide, narrow in zip(parts(box), parts(there), strict=True):
                assert np.all((wide.low <= narrow.high) & (narrow.low <= wide.high))


def test_normal_distribution_and_mills_ratio():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-38, 38, 300), [0, 31.999, 32, 33, 50, -37, 1e-5, -1e-9]])
    with np.errstate(all="ignore"):
        found = (*normal(x), *scaled_tails(np.abs(x)))
    with mp.workdps(60):
        for i, value in enumerate(map(mp.mpf, x.tolist())):
            size = abs(value)
            ratio = mp.erfc(size / mp.sqrt(2)) / 2 / mp.npdf(size)
            expected = (mp.npdf(value), mp.erfc(-value / mp.sqrt(2)) / 2, ratio, (1 + size**2) * ratio - size)
            for interval, number in zip(found, expected, strict=True):
                low, high = mp.mpf(float(interval.low[i])), mp.mpf(float(interval.high[i]))
                assert low <= number <= high
                assert high - low < number * mp.mpf("1e-11") + mp.mpf("1e-305")


@pytest.mark.parametrize("theta", [-1.3, -0.01, 0.0, 0.02, 0.7, 3.0])
def test_hidden_noise_as_intervals_and_as_balls(theta):
    """ψ, ψ', ψ'' between bounds that hold those of mpmath, over intervals too."""
    q = np.array([1e-6, 1e-3, 0.02, 0.3, 0.5, 0.9, 1.0])
    with np.errstate(all="ignore"):
        found = hidden_noise(span(theta), span(0.3), point(q))
        wide = hidden_noise(span(theta), span(0.3), Span(q * 0.9, q))

    def psi(x):
        y = mp.mpf(theta) / mp.sqrt(mp.mpf(0.3) * x)
        return mp.sqrt(x * ((1 + y * y) * mp.erfc(y / mp.sqrt(2)) / 2 - y * mp.npdf(y)))

    with mp.workdps(80), ctx.workprec(300):
        for i, x in enumerate(map(mp.mpf, q.tolist())):
            expected = [psi(x), mp.diff(psi, x, h=mp.mpf(10) ** -30), mp.diff(psi, x, 2, h=mp.mpf(10) ** -20)]
            for k, number in enumerate(expected):
                for interval in (found[k], wide[k]):
                    slack = abs(number) * mp.mpf("1e-12") + mp.mpf("1e-300")
                    assert mp.mpf(float(interval.low[i])) - slack <= number <= mp.mpf(float(interval.high[i])) + slack
                if number > 1e-290:
                    assert found[k].high[i] - found[k].low[i] < 1e-7 * abs(float(number))
            balls = hidden_noise_balls(arb(theta), arb(0.3), arb(float(q[i])))
            for ball, number in zip(balls, expected, strict=False):
                assert abs(mp.mpf(ball.str(40, radius=False)) - number) < mp.mpf("1e-25") * number


def test_the_hidden_pull_is_bounded():
    _prove_lemma()
    y = np.linspace(-8, 8, 1601)
    with mp.workdps(30):
        for x in map(mp.mpf, y.tolist()):
            H0 = mp.erfc(x / mp.sqrt(2)) / 2
            assert 2 * H0**2 <= (1 + x * x) * H0 - x * mp.npdf(x) + mp.mpf("1e-28")


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_expansion_at_small_overlap_holds_the_sums(model):
    """S, q, ⟨φ⟩ and (S − p⟨φ⟩)/p of the expansion in a² contain the sums over the law of W."""
    with ctx.workprec(200), mp.workdps(50):
        machine = machine_of(model)
        small, law = SmallOverlap(machine), machine.law
        for share, b in ((0.3, -1.2), (1.0, 0.4), (0.7, 2.5)):
            x = small.edge * share * share
            found = small._averages(x, arb(b))
            a = mp.sqrt(mp.mpf(x.str(45, radius=False)))
            weight = [mp.mpf(P.str(45, radius=False)) for P in law.weight]
            reach = range(-law.reach, law.reach + 1)
            on = {w: mp.erfc(-(b + a * w) / mp.sqrt(2)) / 2 for w in reach}
            size, p = (mp.mpf(ball.str(45, radius=False)) for ball in (law.size, machine.p))
            S = sum(w * weight[abs(w)] * on[w] for w in reach) / size / a
            D = sum(weight[abs(w)] * mp.npdf(b + a * w) for w in reach)
            q = sum(weight[abs(w)] * on[w] for w in reach)
            for ball, number in zip(found, ((S - p * D) / p, S, q, D), strict=True):
                error = abs(mp.mpf(ball.mid().str(45, radius=False)) - number)
                assert error <= mp.mpf(ball.rad().str(20, radius=False)) * 1.01 + mp.mpf("1e-24")
                assert ball.rad() < arb("1e-10")


def test_weighted_sums_enclose():
    rng = np.random.default_rng(2)
    weight = rng.normal(size=25)
    low = rng.normal(size=(50, 25)) * 10.0 ** rng.uniform(-8, 8, (50, 25))
    found = weighted_sum(weight, Span(low, low + 0.1))
    with mp.workdps(40):
        for i in range(50):
            for value in (low[i], low[i] + 0.05):
                total = sum(
                    (mp.mpf(float(P)) * mp.mpf(float(x)) for P, x in zip(weight, value, strict=True)), mp.mpf(0)
                )
                assert mp.mpf(float(found.low[i])) <= total <= mp.mpf(float(found.high[i]))
