"""Curves of general machines that end at C = a with noise, units of any scale, paramagnets, two curvatures."""

import math

import numpy as np
import pytest
from mpmath import mp

import replica
from replica.models import GeneralRBM
from replica.potentials import Bernoulli, Continuous, Discrete, Gaussian, ReLU, Spin


def levels(values, energies):
    """A unit of a few values and their energies."""

    def energy(self, x, T):
        return np.interp(x, values, energies)

    return type("Levels", (Discrete,), {"values": tuple(values), "energy": energy})()


def overlaps(model):
    """All overlaps, and that nothing is said to be missing."""
    found = replica.solve_all(model)
    assert found.complete, found.unaccounted
    return sorted(s.order.m for s in found if s.kind == "retrieval")


# Sparse signs at T = 0, L = 1: everything follows from y = m/s.


def sparse(y, p):
    """m, s, C, r, α at y, for spins and Gaussian units: the units with ξ = 0 stay free."""
    y, p = mp.mpf(y), mp.mpf(p)
    m = p * mp.erf(y / mp.sqrt(2))
    s = m / y
    C = p / s * (2 * p * mp.npdf(y) + 2 * (1 - p) * mp.npdf(0))
    return m, s, C, p / (1 - C) ** 2, (s * (1 - C) / p) ** 2


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("p", "alpha", "right"),
    [
        (0.9, 0.05, [0.7118228642410, 0.898974275097162]),
        (0.5, 0.001, [0.2875972954890, 0.4711925959]),
        (0.99, 0.1, None),
        (0.9999, 0.13, None),
        (0.4, 5e-5, None),
        (0.2, 2e-5, None),
    ],
)
def test_sparse_signs_are_kept_though_free_units_exclude_the_state_without_noise(p, alpha, right):
    """Crossings of the load on a fine grid of y, refined in mpmath: no others; C > 1 at p < 1/3."""
    p, alpha = float(p), float(alpha)
    nodes = [mp.mpf(v) for v in np.geomspace(1e-3, 1e5, 4000)]
    values = [sparse(y, p) for y in nodes]
    excess = [v[4] - alpha if v[2] < 1 else -mp.mpf(alpha) for v in values]
    cells = [i for i in range(len(nodes) - 1) if (excess[i] > 0) != (excess[i + 1] > 0)]
    roots = [mp.findroot(lambda y: sparse(y, p)[4] - alpha, (nodes[i], nodes[i + 1]), solver="anderson") for i in cells]
    expected = sorted((sparse(y, p) for y in roots), key=lambda v: v[0])
    states = [
        s for s in replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=0, p=p)) if s.kind == "retrieval"
    ]
    states.sort(key=lambda s: s.order.m)
    assert len(states) == len(expected) == (2 if p > 1 / 3 else 0)
    for state, (m, _, C, r, _) in zip(states, expected, strict=True):
        assert (state.order.m, state.order.C, state.order.r) == pytest.approx((float(m), float(C), float(r)), rel=1e-10)
    if right:
        assert [s.order.m for s in states] == pytest.approx(right, rel=1e-9)


@pytest.mark.medium
def test_energies_and_members_of_the_sparse_states():
    best, worst = (
        next(
            s
            for s in replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0, p=0.9))
            if s.sheet == sheet and s.kind == "retrieval"
        )
        for sheet in (0, 1)
    )
    assert best.order.r == pytest.approx(1.6965430830595, rel=1e-12)
    assert best.order.C == pytest.approx(0.2716522075030, rel=1e-12)
    assert best.free_energy == pytest.approx(-0.4464909507197, rel=1e-12)
    assert best.stable
    assert not worst.stable
    assert worst.order.r == pytest.approx(7.1366491853, rel=1e-10)
    assert worst.order.C == pytest.approx(0.6448808599509, rel=1e-12)
    assert worst.free_energy == pytest.approx(-0.43176212466, rel=1e-10)
    lowest, glass = replica.solve_all(GeneralRBM(Spin(), Gaussian(), alpha=0.001, T=0, p=0.5))[:2]
    assert (lowest.kind, glass.kind) == ("retrieval", "spin_glass")
    assert (lowest.free_energy, glass.free_energy) == pytest.approx((-0.1726029089, -0.17202061), abs=1e-8)


@pytest.mark.medium
def test_sparse_signs_at_low_temperature():
    state = replica.solve(GeneralRBM(Spin(), Gaussian(), alpha=0.05, T=0.05, p=0.9))
    assert (state.order.m, state.order.C) == pytest.approx((0.89890974050535, 0.27098606638), rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("p", "T", "alpha", "value"),
    [
        (0.9, 0.0, 0.05, 0.09030147902983649),
        (0.5, 0.0, 0.001, 0.002531715715250979),
        (0.9, 0.05, 0.05, 0.091092494982),
        (0.9, 0.1, 0.05, 0.089858192381),
    ],
)
def test_capacity_of_sparse_signs(p, T, alpha, value):
    point = replica.spinodal(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=T, p=p), along="alpha")
    assert point.value == pytest.approx(value, rel=1e-13 if T == 0 else 2e-11)
    if T == 0.05:
        order = point.states[0].order
        assert (order.m, order.q, order.C) == pytest.approx((0.86182756450, 0.97982245091, 0.36319588356), abs=3e-8)


def general_cold(m, s, p, L):
    """⟨W sign⟩/L and C of spins at T = 0, W a sum of L signs of density p, by convolution."""
    law = {0: 1.0}
    for _ in range(L):
        longer = {}
        for w, weight in law.items():
            for step, share in ((-1, p / 2), (0, 1 - p), (1, p / 2)):
                longer[w + step] = longer.get(w + step, 0.0) + share * weight
        law = longer
    overlap = sum(P * w * math.erf(m * w / s / math.sqrt(2)) for w, P in law.items()) / L
    C = p * sum(P * 2 * math.exp(-((m * w / s) ** 2) / 2) / math.sqrt(2 * math.pi) / s for w, P in law.items())
    return overlap, C


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(("p", "L", "alpha"), [(0.9, 3, 0.005), (1.0, 2, 1e-4), (1.0, 4, 1e-4), (0.6, 2, 1e-4)])
def test_free_units_of_several_patterns(p, L, alpha):
    """Crossings along y = m/s on a fine grid."""

    def load(y):
        s = general_cold(y, 1.0, p, L)[0] / y
        C = general_cold(y * s, s, p, L)[1]
        return (s * (1 - C) / p) ** 2 if C < 1 else 0.0, y * s

    nodes = np.geomspace(1e-3, 1e4, 20000)
    loads, m = np.array([load(y) for y in nodes]).T
    cells = np.nonzero((loads[1:] > alpha) != (loads[:-1] > alpha))[0]
    assert len(cells) >= 2
    found = overlaps(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=0, p=p, L=L))
    assert found == pytest.approx(sorted(m[cells]), rel=2e-3)


# Branches that reach α → 0 with C → a.


@pytest.mark.slow
def test_a_branch_between_two_marginal_ends():
    """Spins in a field and rectified units, L = 3: unstable, from α = 2e-7 and below to about 1.6e-4."""
    model = GeneralRBM(
        Spin(0.41729770479090267), ReLU(-0.9208142466715943), alpha=0.00011237578894017852, T=0.21254562684032374, L=3
    )
    state = next(s for s in replica.solve_all(model) if abs(s.order.m - 0.3217386686) < 1e-9)
    members = (0.7955356734, 1098.53244605, 0.9619785154, 22.1361948740)
    assert state.order[1:] == pytest.approx(members, rel=1e-9)
    assert state.free_energy == pytest.approx(-0.4371579127, abs=1e-10)
    assert not state.stable
    alpha = np.array([2e-7, 1e-5, 1.5e-4, 2e-4])
    table = replica.solve_all(model.replace(alpha=alpha))
    counts = [sum(s.kind == "retrieval" for s in table.at(i)) for i in range(4)]
    assert counts == [2, 2, 2, 0]


@pytest.mark.medium
def test_states_beside_one_that_a_field_pins():
    """L = 2 at p = 1: the units with W = 0 follow the field, the branch from zero noise is another."""
    field = 0.029160216972126493
    unit = levels((-1.0, 1.0), (field, -field))
    found = overlaps(GeneralRBM(unit, ReLU(0.9981187803443008), alpha=0.015665686328162405, T=0, L=2))
    assert found == pytest.approx([0.3023385072682, 0.4681724080253], rel=1e-9)


@pytest.mark.medium
def test_two_states_beside_a_fold():
    """So near it, 1e-9 of the load, that they differ by 4e-5; thresholds far below zero, few free units."""
    k = 161.22275639973878
    model = GeneralRBM(
        levels((-k, k), (0.0, 0.0)), ReLU(-176.2551355180021), alpha=0.062483066316099796, T=0, p=0.992494114691657
    )
    assert overlaps(model) == pytest.approx([154.71378640986407, 154.71948998571372], rel=1e-9)


# Scale.


def scaled(k, values=(-1.0, 1.0), energies=(0.0, 0.0)):
    return levels(tuple(k * v for v in values), tuple(k * k * e for e in energies))


@pytest.mark.slow
@pytest.mark.some(1)
@pytest.mark.parametrize("k", [1e-6, 1e-3, 1e3, 1e4, 1e6])
def test_states_do_not_depend_on_the_unit_of_measure(k):
    """V → kv, h → kh, T → k²T."""
    found = replica.solve_all(GeneralRBM(scaled(k), Gaussian(), alpha=0.05, T=0.2 * k * k))
    assert sorted(s.order.m / k for s in found) == pytest.approx([0.0, 0.710684759, 0.998877763], abs=2e-9)
    three, energies = (-1.0, 0.0, 1.0), (0.3, 0.0, 0.3)
    for T, hidden in ((0.15, 0.0), (0.0, 0.2)):
        pair = [
            replica.solve_all(GeneralRBM(scaled(c, three, energies), ReLU(hidden * c), alpha=0.02, T=T * c * c, p=0.8))
            for c in (1.0, k)
        ]
        plain, other = (
            [(s.kind, s.order.m / c, s.order.q / c**2, s.order.C) for s in r]
            for r, c in zip(pair, (1.0, k), strict=True)
        )
        assert len(plain) == len(other) > 2
        for a, b in zip(plain, other, strict=True):
            assert a[0] == b[0]
            assert a[1:] == pytest.approx(b[1:], rel=1e-7, abs=1e-12)


# Paramagnets.


@pytest.mark.medium
def test_every_paramagnet_is_listed():
    """α = b/B(C(b)) with C = pβ⟨v²⟩ rises and falls as C → 1: both crossings, the second by a root in mpmath."""
    cost, alpha, T, p = 0.4727608941878437, 0.011109579204722062, 0.08822170363279248, 0.333476461773074
    unit = levels((-1.0, 0.0, 1.0), (cost, 0.0, cost))
    found = [
        s for s in replica.solve_all(GeneralRBM(unit, Gaussian(), alpha=alpha, T=T, p=p)) if s.kind == "paramagnet"
    ]

    def response(b):
        weight = 2 * mp.exp((b / 2 - cost) / T)
        return p / T * weight / (1 + weight)

    def excess(b):
        return b * (1 - response(b)) / p - alpha

    expected = [response(mp.findroot(excess, guess)) for guess in (alpha * p, 0.641)]
    assert [s.order.C for s in found] == pytest.approx([float(v) for v in expected], rel=1e-9)
    assert found[1].order.C == pytest.approx(0.9942241697524793, rel=1e-12)


@pytest.mark.slow
def test_units_at_rest_without_temperature():
    """C = 0 and B = p as long as the self-field αp/2 does not lift them."""
    unit = levels((-1.0, 0.0, 1.0), (0.3, 0.0, 0.3))
    for alpha, there in ((0.1, 1), (0.7, 1), (0.8, 0)):
        found = [
            s
            for s in replica.solve_all(GeneralRBM(unit, Gaussian(), alpha=alpha, T=0, p=0.8))
            if s.kind == "paramagnet"
        ]
        assert len(found) == there
        assert all((s.order.C, s.order.B) == (0.0, 0.8) for s in found)
    silent = replica.solve_all(GeneralRBM(Bernoulli(-0.2), Gaussian(), alpha=0.1, T=0))
    assert [s.order.B for s in silent if s.kind == "paramagnet"] == [1.0]


# Two curvatures.


class Bent(Continuous):
    support = (-math.inf, 0.0, math.inf)

    def __init__(self, right, left):
        self.right, self.left = right, left

    def energy(self, x, T):
        return np.where(np.real(x) > 0, self.right, self.left) * x**2 / 2


def test_curvature_on_both_sides():
    assert Bent(1.0, 2.0).sides(0.3) == pytest.approx((1.0, 2.0), rel=1e-9)
    assert Bent(2.0, 1.0).stiffness(0.3) == pytest.approx(1.0, rel=1e-9)
    assert ReLU(0.1).sides(0.0) == (1.0, math.inf)


@pytest.mark.slow
def test_strong_units_may_be_on_either_side():
    """Mirrored units have mirrored states; at a small load m = tanh(m/T)/a on the side of the curvature a."""
    here, there = (
        [s.order.m for s in replica.solve_all(GeneralRBM(Spin(), Bent(*ab), alpha=0.005, T=0.25), n_condensed=(1,))]
        for ab in ((1.0, 2.0), (2.0, 1.0))
    )
    assert sorted(here) == pytest.approx(sorted(-m for m in there), abs=1e-9)
    for a, sign in ((1.0, 1), (2.0, -1)):
        m = mp.findroot(lambda m, a=a: mp.tanh(m / mp.mpf("0.25")) / a - m, 0.8 / a)
        assert min(abs(v - sign * float(m)) for v in here) < 0.03
