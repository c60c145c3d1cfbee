"""General machines account for all ends of curves at T = 0: near C = a, at corners, far below the loads asked.

The right states come from equations of one kind of machine in closed form, scanned densely.
"""

import math

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import brentq
from scipy.special import erfc

import replica
from replica.models import GeneralRBM
from replica.models.base.points import flattened
from replica.models.layers.at_loads import asked
from replica.models.layers.curve_equations import layer_equations
from replica.models.layers.rest import at_rest
from replica.potentials import Discrete, Gaussian, ReLU


def levels(values, energies):
    """A unit of a few values and their energies."""

    def energy(self, x, T):
        return np.interp(x, values, energies)

    return type("Levels", (Discrete,), {"values": tuple(values), "energy": energy})()


def H0(x):
    """Share of normal numbers above x."""
    return erfc(np.asarray(x) / math.sqrt(2)) / 2


def phi(x):
    """Normal density."""
    return np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi)


def H2(x):
    """Mean square of what normal numbers exceed x by."""
    return (1 + x * x) * H0(x) - x * phi(x)


# Units ±v with a field: q = v² whatever the noise, so that C and the load follow from (m, s) at once.

SPINS = [
    # v, field, θ (none: Gaussian), α, p
    # C < a at all noises, nearly a at one of them: the curve of glasses turns back at a load far below
    (
        0.0031817430384629354,
        2.3070080200715874e-06 / 0.0031817430384629354,
        -0.0012539941824195727,
        0.2993550891557305,
        0.4650623429855325,
    ),
    # units without an entry have a field far below the noise at which curves without noise were begun
    (102.80622164225662, 35.831494376255215 / 102.80622164225662, None, 0.017316459211863162, 0.9877765945067685),
    (1.0, 0.003, None, 0.02, 0.97),
    (1.0, 0.0007, 0.3, 0.01, 0.9),
]


def spin_model(v, g, theta, alpha, p, L=1):
    """The machine."""
    hidden = Gaussian() if theta is None else ReLU(theta)
    return GeneralRBM(levels((-v, v), (v * g, -v * g)), hidden, alpha=alpha, T=0.0, p=p, L=L)


def load_of_spins(v, g, theta, p, m, s):
    """α at an overlap and a noise, nan where C > 1."""
    C = p * v * 2 * (p / 2 * (phi((m + g) / s) + phi((m - g) / s)) + (1 - p) * phi(g / s)) / s
    square = v * v * (1.0 if theta is None else H2(theta / (v * math.sqrt(p))))
    return np.where(C < 1, s * s * (1 - C) ** 2 / (p * p * square), np.nan)


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize("controls", SPINS)
def test_spins_in_a_field(controls):
    v, g, theta, alpha, p = controls
    s = v * np.geomspace(1e-4, 30, 400_001)
    m = np.zeros_like(s)
    excess = load_of_spins(v, g, theta, p, m, s) - alpha
    glasses = int((excess[1:] * excess[:-1] < 0).sum())

    # m = p v ½[sign averages at m ± g]: at each m/s all noises by sign changes
    def overlap(m, s):
        return p * v * (1 - H0((m + g) / s) - H0((m - g) / s)) - m

    found = []
    share = np.concatenate([np.geomspace(1e-4, 0.1, 200), np.linspace(0.1, 1, 2000)[1:]]) * p * v
    previous: dict[int, float] = {}
    for noise in v * np.geomspace(1e-4, 3, 4000):
        value = overlap(share, noise)
        at = np.nonzero(value[1:] * value[:-1] < 0)[0]
        roots = [brentq(overlap, share[i], share[i + 1], args=(noise,), xtol=1e-15 * v) for i in at]
        now = {i: load_of_spins(v, g, theta, p, root, noise) - alpha for i, root in enumerate(reversed(roots))}
        found += [i for i in now if i in previous and now[i] * previous[i] < 0]
        previous = now
    states = replica.solve_all(spin_model(*controls))
    assert states.complete
    assert sum(s.kind == "spin_glass" for s in states) == glasses
    assert sum(s.kind == "retrieval" for s in states) == len(found)


# States without overlap between units 0, ±1 that cost e, and rectified ones: b = s²B/pr is one root at each noise.


def glass_of_trits(e, theta, p, s):
    """(ln α, b) of all glasses at a noise, b in [0, ∞): between b/2 < e by steps at e − b/2, beyond by one at 0."""

    def layer(b):
        u = np.maximum(e - b / 2, 0.0) / s
        q = 2 * H0(u)
        x = theta / np.sqrt(p * q)
        C = 2 * p * phi(u) / s
        return q, x, C

    def gap(log_b):
        q, x, C = layer(np.exp(log_b))
        with np.errstate(all="ignore"):
            return np.where(C < 1, np.log(s * s * H0(x) * (1 - C) / (p * q * H2(x))) - log_b, -np.inf)

    nodes = np.linspace(-40, 8, 6001)
    value = gap(nodes)
    out = []
    for i in np.nonzero((value[1:] > 0) != (value[:-1] > 0))[0]:
        if not np.isfinite(value[i : i + 2]).all():
            continue
        b = math.exp(brentq(gap, nodes[i], nodes[i + 1], xtol=1e-14))
        q, x, C = layer(b)
        out.append(math.log(s * s * (1 - C) ** 2 / (p * p * q * H2(x))))
    return out


@pytest.mark.medium
def test_a_curve_with_corners():
    """Where b = 2e the value 0 is no longer the best at any input, and the curve of glasses has a corner."""
    e, theta, p = 0.44334135203353686, 0.9177922517079959, 0.34136296247284836
    model = GeneralRBM(levels((-1.0, 0.0, 1.0), (e, 0.0, e)), ReLU(theta), alpha=1.0, T=0.0, p=p)
    loads = [load for s in p * np.geomspace(0.1, 8, 300) for load in glass_of_trits(e, theta, p, s)]
    least = min(loads)
    for alpha, count in ((0.18196028190529925, 0), (math.exp(least) * 0.97, 0), (math.exp(least) * 1.03, 2)):
        states = replica.solve_all(model.replace(alpha=alpha))
        assert states.complete
        assert sum(s.kind == "spin_glass" for s in states) == count


# Close to C = a.


def glass_in_digits(e, theta, p, alpha, q, s, margin):
    """q, r, C, B of a glass of units 0, ±1 and rectified ones, in 40 digits, from a start."""
    with mp.workdps(40):
        e, theta, p, alpha = map(mp.mpf, (e, theta, p, alpha))

        def share(x):
            return mp.erfc(x / mp.sqrt(2)) / 2

        def sides(log_q, log_s, log_margin):
            q, s, margin = map(mp.exp, (log_q, log_s, log_margin))
            x = theta / mp.sqrt(p * q)
            B = p * share(x) / margin
            square = (1 + x * x) * share(x) - x * mp.npdf(x)
            r, u = p * q * square / margin**2, (e - alpha * B / 2) / s
            return 2 * share(u) / q - 1, 2 * p * mp.npdf(u) / s - 1 + margin, alpha * p * r / s**2 - 1, r, B

        root = mp.findroot(lambda *x: sides(*x)[:3], [mp.log(v) for v in (q, s, margin)])
        *_, r, B = sides(*root)
        return float(mp.exp(root[0])), float(r), float(1 - mp.exp(root[2])), float(B), float(mp.exp(root[2]))


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("e", "theta", "p", "alpha", "start"),
    [
        (0.05107943771564444, 0.6222963878966963, 0.4747606707215417, 0.04500336100215826, (0.0164, 0.0213, 1.1e-7)),
        (0.05107943771564444, 0.6222963878966963, 0.4747606707215417, 0.0005, (0.0164, 0.0213, 1.16e-8)),
    ],
)
def test_a_glass_close_to_the_margin(e, theta, p, alpha, start):
    """1 − C = 1e-7 and 1e-8: r and B come with all their digits, though 1 − C does not."""
    q, r, C, B, margin = glass_in_digits(e, theta, p, alpha, *start)
    found = replica.solve_all(GeneralRBM(levels((-1.0, 0.0, 1.0), (e, 0.0, e)), ReLU(theta), alpha=alpha, T=0.0, p=p))
    assert found.complete
    near = [s.order for s in found if s.kind == "spin_glass" and s.order.q < 0.1]
    assert len(near) == 1 and margin < 2e-7
    assert [near[0].q, near[0].r, near[0].C, near[0].B] == pytest.approx([q, r, C, B], rel=1e-9)


COMPLETE = [
    # an end at C = a that loads asked for meet at 1 − C/a of 1e-15; states at loads of e^105 and down
    (((0.0, 1.0), (0.0, 0.056036173421617076)), 1.1941399195006122, 0.000906685163015978, 0.21809167866383616, 1, 1),
    # one where next to no hidden unit is active: H2(θ/√q) is 0 to all digits
    (
        ((-1.0, 0.0, 1.0), (0.009227517582258038, 0.0, 0.009227517582258038)),
        1.4003740689043769,
        0.00015451745174044845,
        1.0,
        2,
        4,
    ),
    (((-1.0, 1.0), (0.2985666649613016, -0.2985666649613016)), None, 0.010679692406739385, 0.6080043303934659, 3, 0),
    (
        ((0.0, 258.31893562942173), (0.0, 3440.555174757399)),
        246.8399646320516,
        0.005404012273583588,
        0.6434658969896541,
        1,
        4,
    ),
    # whole curves with 1 − C < 3e-6 and 4e-5 between two ends
    (((-4.33289825638899, 4.33289825638899), (0.0, 0.0)), None, 0.05525256210045383, 0.33419000008566, 3, 0),
    (((0.0, 1.0), (0.0, 0.0)), None, 0.013541446891881302, 0.3362834188638326, 2, 0),
    # a curve at loads between e^334 and less than asked for
    (
        ((-12.01048164863965, 0.0, 12.01048164863965), (25.14421397385641, 0.0, 25.14421397385641)),
        17.007995598491856,
        0.0002235358837605757,
        1.0,
        1,
        2,
    ),
]


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("unit", "theta", "alpha", "p", "L", "count"), COMPLETE)
def test_answers_are_complete(unit, theta, alpha, p, L, count):
    """With as many states of overlap as the search of tests/attack/plane.py finds, those with 1 − C < 1e-9 left out."""
    hidden = Gaussian() if theta is None else ReLU(theta)
    found = replica.solve_all(GeneralRBM(levels(*unit), hidden, alpha=alpha, T=0.0, p=p, L=L))
    assert found.complete, found.unaccounted
    assert sum(s.kind == "retrieval" for s in found) == count


def test_slopes_close_to_the_margin():
    """The Jacobian of the equations in which the rounding of C cancels, by differences."""
    model = GeneralRBM(levels((-1.0, 0.0, 1.0), (0.05, 0.0, 0.05)), ReLU(0.6), alpha=0.05, T=0.0, p=0.5)
    system = layer_equations(asked(flattened(model)).couplings, frozen=True)
    with np.errstate(all="ignore"):
        log_s = brentq(lambda x: system.plain(point(x))[2].C[0] - 1 + 3e-5, -4.0, -2.5, xtol=1e-15)
    y = point(log_s)
    _, J, order = system.at(y)
    assert 1 - order.C[0] < 1e-4
    for column in (1, 2, 3):
        step = np.zeros((1, 4))
        step[0, column] = 1e-7
        slope = (system.at(y + step)[0] - system.at(y - step)[0]) / 2e-7
        assert slope[0] == pytest.approx(J[0, :, column], rel=1e-4, abs=1e-7)


def point(log_s):
    """m = 0 at a small self-field."""
    return np.array([[0.0, log_s, -9.0, -3.0]])


def test_rest_is_where_no_unit_feels_the_noise():
    """Distances of all inputs m W from all steps, over the noise."""
    model = GeneralRBM(levels((-1.0, 1.0), (0.004, -0.004)), Gaussian(), alpha=0.05, T=0.0, p=0.9)
    system = layer_equations(asked(flattened(model)).couplings, frozen=False)
    s = np.array([0.1, 0.01, 0.001, 0.0004, 0.0001])
    rows = system.rows(np.zeros(len(s), dtype=int))
    y = np.stack([0 * s + 0.9 / system.units.m, np.log(s / system.units.s), 0 * s - 40.0, 0 * s], axis=-1)
    assert at_rest(rows, y).tolist() == [False, False, False, True, True]
