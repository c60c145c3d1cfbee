"""General machines whose activity diverges: the load at which it does, and the curves that run there."""

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erfc

import replica
from replica.averages.pattern_sum import sparse_sum
from replica.models import GeneralRBM
from replica.models.layers.saddle_equations import two_layers
from replica.models.layers.unbounded import unbounded
from replica.potentials import Gaussian, ReLU, Spin
from replica.potentials.continuous import Continuous

HALF = {Gaussian: 1.0, ReLU: 0.5}
"""Share of inputs that a unit follows."""


def accounted(found):
    """Whether nothing is missing."""
    return found.unaccounted == ()


class Bent(Continuous):
    """Units on the line, stiffer for x < 0."""

    def __init__(self, up, down):
        self.up, self.down = up, down

    def energy(self, x, T):
        """a x²/2 on either side."""
        return np.where(x > 0, self.up, self.down) * x * x / 2


def end(visible, hidden, p):
    """b and α where q → ∞."""
    found = unbounded(two_layers(visible, hidden, np.array([0.3]), np.array([p]), np.array([1]), sparse_sum(1, p)))
    return float(found.b[0]), float(found.alpha[0])


@pytest.mark.parametrize("visible", [Gaussian(), ReLU(0.1)])
@pytest.mark.parametrize("hidden", [Gaussian(), ReLU(-0.3)])
@pytest.mark.parametrize("p", [0.05, 0.3, 0.9, 0.999])
def test_closed_forms(visible, hidden, p):
    root = np.sqrt(p * HALF[type(visible)])
    b, alpha = end(visible, hidden, p)
    assert b == pytest.approx(1 - root, rel=1e-12)
    assert alpha == pytest.approx(HALF[type(visible)] / HALF[type(hidden)] * (1 / root - 1) ** 2, rel=1e-11)


def test_largest_singular_value_of_gaussian_layers():
    alpha, p, N = end(Gaussian(), Gaussian(), 0.4)[1], 0.4, 1500
    w = np.random.default_rng(1).normal(0, np.sqrt(p / N), (N, round(alpha * N)))
    assert np.linalg.norm(w, 2) == pytest.approx(1, abs=0.02)


def test_copositive_energy():
    # E = v²/2 + h²/2 − v w h on v, h ≥ 0: its least value on the unit sphere passes zero, met by alternate maxima
    alpha, p, N = end(ReLU(0.1), ReLU(0.2), 1.0)[1], 1.0, 1500
    rng = np.random.default_rng(2)
    w = rng.normal(0, np.sqrt(p / N), (N, round(alpha * N)))
    v = np.abs(rng.normal(size=N))
    for _ in range(300):
        h = np.maximum(w.T @ v, 0)
        v = np.maximum(w @ (h / np.linalg.norm(h)), 0)
    assert np.linalg.norm(v) == pytest.approx(1, abs=0.03)


def test_units_with_two_curvatures():
    p, visible, hidden = mp.mpf("0.7"), (1, 2), (mp.mpf("1.5"), 3)

    def k(c, sides, power):
        return sum((a - c) ** -power for a in sides) / 2

    def equations(C, b, alpha):
        return (
            C - p * k(b, visible, 1),
            b - alpha * p * k(C, hidden, 1),
            alpha * p * p * k(b, visible, 2) * k(C, hidden, 2) - 1,
        )

    _, b, alpha = mp.findroot(equations, (0.7, 0.3, 0.3))
    assert end(Bent(1.0, 2.0), Bent(1.5, 3.0), 0.7) == pytest.approx((float(b), float(alpha)), rel=1e-8)


@pytest.mark.parametrize(
    ("visible", "hidden", "p"),
    [(Gaussian(), Gaussian(), 1.0), (Spin(), Gaussian(), 0.3), (Gaussian(), Spin(), 0.3), (Bent(1, 1), ReLU(), 1.0)],
)
def test_there_is_none(visible, hidden, p):
    assert np.isnan(end(visible, hidden, p)).all()


def H(k, x):
    """∫_x^∞ Dz (z − x)^k."""
    zero, density = erfc(x / np.sqrt(2)) / 2, np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return [zero, density - x * zero, (1 + x * x) * zero - x * density][k]


def explicit(y, p, theta):
    """α and q of Gaussian visible and rectified hidden units at T = 0, y = θ/√(pq): b solves a quadratic equation."""
    share = H(2, y) / H(0, y)
    sum_of_roots = 2 - p + p * share
    b = 2 * (1 - p) / (sum_of_roots + np.sqrt(sum_of_roots**2 - 4 * (1 - p)))
    return b * (1 - p / (1 - b)) / (p * H(0, y)), (theta / y) ** 2 / p


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("theta", "sign"), [(0.2, 1), (-0.2, -1)])
@pytest.mark.parametrize("p", [0.05, 0.6])
@pytest.mark.parametrize("share", [0.5, 0.9999, 1.0001, 40.0])
def test_every_glass_of_gaussian_and_rectified_units(theta, sign, p, share):
    alpha = share * end(Gaussian(), ReLU(theta), p)[1]
    y = sign * np.geomspace(1e-9, 30, 4000)
    load = np.array([explicit(v, p, theta)[0] for v in y])
    cells = np.nonzero((load[1:] > alpha) != (load[:-1] > alpha))[0]
    roots = [brentq(lambda v: explicit(v, p, theta)[0] - alpha, y[i], y[i + 1], xtol=1e-15) for i in cells]
    found = replica.solve_all(GeneralRBM(Gaussian(), ReLU(theta), alpha=alpha, T=0, p=p))
    q = sorted(s.order.q for s in found if s.kind == "spin_glass")
    assert accounted(found)
    assert q == pytest.approx(sorted(explicit(v, p, theta)[1] for v in roots), rel=1e-6)


CASES = [
    (ReLU(0.1), Gaussian(), 0.05, 0.5, 1, 1),
    (ReLU(0.1), Gaussian(), 0.05, 0.5, 0.3, 3),
    (ReLU(-0.1), Gaussian(), 0.05, 0.5, 1, 1),
    (ReLU(0.1), ReLU(0.2), 0.05, 0.5, 1, 1),
    (ReLU(-0.1), ReLU(-0.2), 0.01, 0.2, 0.05, 20),
]


def thermal(I, c, T, theta):
    """⟨x⟩ and β var x of a rectified unit at one input: a cut normal law."""
    centre, width = (I - theta) / (1 - c), mp.sqrt(T / (1 - c))
    a = centre / width
    hazard = mp.npdf(a) / mp.ncdf(a)
    return centre + width * hazard, width**2 * (1 - a * hazard - hazard**2) / T


def layer(unit, noise, c, T):
    """Q and χ of a layer without overlap."""
    if isinstance(unit, Gaussian):
        return (noise / (1 - c)) ** 2, 1 / (1 - c)

    def mean(f):
        return mp.quad(lambda z: mp.npdf(z) * f(*thermal(noise * z, c, T, mp.mpf(unit.theta))), [-9, -3, 0, 3, 9])

    return mean(lambda x, _: x * x), mean(lambda _, response: response)


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("visible", "hidden", "alpha", "T", "p", "L"), CASES)
def test_glass_below_the_end(visible, hidden, alpha, T, p, L):
    found = replica.solve_all(GeneralRBM(visible, hidden, alpha=alpha, T=T, p=p, L=L))
    assert accounted(found)
    assert [s.kind for s in found] == ["spin_glass"]
    _, q, r, C, B = found[0].order
    visible_q, response = layer(visible, np.sqrt(alpha * p * r), alpha * B, T)
    hidden_r, hidden_response = layer(hidden, np.sqrt(p * q), C, T)
    right = [float(v) for v in (visible_q, hidden_r, p * response, p * hidden_response)]
    assert (q, r, C, B) == pytest.approx(right, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("visible", "hidden", "alpha", "T", "p", "L"), CASES[:4])
def test_pairs_above_the_end(visible, hidden, alpha, T, p, L):
    # the curve turns back to the end from larger loads: states in pairs, of which one is a saddle
    last = end(visible, hidden, p)[1]
    counts = []
    for share in (0.999, 1.001, 1.05, 100.0):
        found = replica.solve_all(GeneralRBM(visible, hidden, alpha=share * last, T=T, p=p, L=L))
        assert accounted(found)
        counts.append(sum(s.kind == "spin_glass" for s in found))
    assert [n % 2 for n in counts] == [1, 0, 0, 0]
    assert counts[-1] == 0


@pytest.mark.some(3)
@pytest.mark.parametrize("hidden", [ReLU(0.2), Gaussian(), ReLU(-0.2)])
@pytest.mark.parametrize("theta", [-0.1, 0.0, 0.1])
def test_no_noise_end_at_a_bend_or_where_the_response_is_marginal(theta, hidden):
    # p = 1, T = 0: units rest below their bend (C = 0), at it (C = ½), or above it (C = 1, the curvature)
    found = replica.solve_all(GeneralRBM(ReLU(theta), hidden, alpha=0.02, T=0))
    assert accounted(found)


@pytest.mark.some(4)
@pytest.mark.parametrize("L", [5, 10, 20, 40])
@pytest.mark.parametrize(("p", "alpha"), [(0.1, 0.005), (1.0, 0.005), (0.37, 1e-4)])
def test_no_state_without_noise_where_overlap_sets_in(L, p, alpha):
    # T = p: ⟨W tanh(mW/T)⟩/L < m at every m > 0, and there is no curve to begin
    found = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=p, p=p, L=L))
    assert accounted(found)
    assert [s.kind for s in found] == ["spin_glass"]


@pytest.mark.some(2)
@pytest.mark.parametrize(("theta", "level"), [(1.448, 0.167), (2.5, 0.2), (1.2, 0.3)])
@pytest.mark.parametrize("p", [0.3, 0.7])
def test_glass_of_units_that_rest_above_their_bend_beside_silent_ones(theta, level, p):
    # T = 0 and next to no noise: visible units answer level/(1 − b), C = p/(1 − b), all the rest is one root in q
    alpha = 0.001

    def others(q):
        y, C = theta / mp.sqrt(p * q), p * mp.sqrt(q) / level
        H0 = mp.ncdf(-y)
        H2 = (1 + y * y) * H0 - y * mp.npdf(y)
        return p * q * H2 / (1 - C) ** 2, C, p * H0 / (1 - C)

    with mp.workdps(60):
        q = mp.findroot(lambda q: mp.sqrt(q) * (1 - alpha * others(q)[2]) - level, mp.mpf(level) ** 2)
        q = float(q)
        right = [float(v) for v in others(q)]
    found = replica.solve_all(GeneralRBM(ReLU(-level), ReLU(theta), alpha=alpha, T=0, p=p))
    assert accounted(found)
    assert [s.kind for s in found] == ["spin_glass"]
    order = found[0].order
    assert (order.q, order.C) == pytest.approx((q, right[1]), rel=1e-9)
    assert (np.log(order.r), np.log(order.B)) == pytest.approx((np.log(right[0]), np.log(right[2])), rel=1e-9)
