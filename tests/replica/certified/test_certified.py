"""Certified numbers against the solver at 40 digits, the operator that proves them, and what makes it refuse."""

import json
import math
import random
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, arb_series, ctx
from mpmath import mp

import replica
from replica import certified
from replica.certified import balls, compositional, hopfield, interval_newton, low_noise, skellam
from replica.certified.__main__ import main
from replica.certified.balls import NotProvenError, between, bounds, exact
from replica.certified.enclosure import enclose, truncated
from replica.certified.gaussian import density, tails
from replica.certified.interval_newton import jacobian, krawczyk, refined, values
from replica.certified.subdivision import prove_positive
from replica.cli import run
from replica.diagrams.best_ell import energies
from replica.models import CompositionalRBM, Hopfield
from replica.models.base import Order
from replica.numerics.newton import polish_multiprecision

PUBLISHED = {
    "alpha_c": "0.1379055664949317",
    "y_c": "1.511218556327657",
    "alpha_1": "0.05185433091891706",
    "alpha_3": "0.02994175738",
    "ell_star": "0.383193",
}
"""Computed elsewhere, rounded to the digits given."""
NOISY = {"alpha": 2, "theta": 1, "g": "-0.2"}
"""A machine whose minimum is not free of noise: a = 7.3, C = 0.007."""


def capacity():
    return replica.spinodal(Hopfield(alpha=0.1), along="alpha", precision=50)


def solver_value(name):
    """The same number by the solver's equations, in mpmath at 50 digits."""
    with mp.workdps(50):
        if name == "alpha_c":
            return capacity().value
        if name == "y_c":
            fold = capacity()
            return fold.order.m / mp.sqrt(2 * fold.value * fold.order.r)
        if name == "alpha_3":
            return replica.spinodal(Hopfield(alpha=0.001), along="alpha", start=("mixture", 3), precision=50).value
        if name == "alpha_1":
            between = ("retrieval", "spin_glass")
            return replica.coexistence(Hopfield(alpha=0.03), along="alpha", between=between, precision=50).value
        return precise_ell_star("0.5", "1.5", "-0.21")


def precise_ell_star(alpha, theta, g):
    """Root of df̃/dℓ by the secant method on states refined in mpmath, 45 digits."""
    start = replica.ell_star(CompositionalRBM(alpha=float(alpha), theta=float(theta), g=float(g)))
    bare = CompositionalRBM(alpha=1.0, theta=1.0, g=-0.2)
    with mp.workdps(60):
        controls = {"alpha": mp.mpf(alpha), "theta": mp.mpf(theta), "g": mp.mpf(g)}

        def slope(ell):
            model = bare.unchecked(**controls, ell=ell)
            return model.slope(polish_multiprecision(model, start.order, 1, 50))

        ell = mp.mpf(start.value)
        return mp.findroot(slope, (ell, ell + mp.mpf(10) ** -12), tol=mp.mpf(10) ** -35, verify=False)


@pytest.mark.parametrize("name", certified.NUMBERS)
def test_contains_the_number_of_the_solver_and_the_published_one(name):
    found = getattr(certified, name)(40)
    with mp.workdps(50):
        assert mp.mpf(found.lower) < solver_value(name) < mp.mpf(found.upper)
    half = Decimal(5) * Decimal(10) ** (Decimal(PUBLISHED[name]).as_tuple().exponent - 1)
    assert abs(Decimal(found.value) - Decimal(PUBLISHED[name])) <= half


def test_contains_the_number_of_the_solver_where_there_is_noise():
    found = certified.ell_star(40, **NOISY)
    with mp.workdps(50):
        assert mp.mpf(found.lower) < precise_ell_star(*map(str, NOISY.values())) < mp.mpf(found.upper)


@pytest.mark.parametrize("name", certified.NUMBERS)
@pytest.mark.parametrize("digits", [20, 60])
def test_every_digit_counts(name, digits):
    found = getattr(certified, name)(digits)
    with localcontext(prec=200):
        low, high, value = (Decimal(text) for text in (found.lower, found.upper, found.value))
        unit = Decimal(1).scaleb(value.as_tuple().exponent)
        assert len(value.as_tuple().digits) == digits == found.digits >= 20
        assert value <= low < high <= value + unit
        assert high - low < unit / 1000
        for wrong in (value - unit, value + 2 * unit):
            assert not low <= wrong <= high
    assert getattr(certified, name)(digits + 12).value.startswith(found.value)


# The equations of the Hopfield model.


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("y", [0.1, 0.7, 1.6, 3.0])
def test_h_and_k_are_derivatives_of_G(n, y):
    """h = y² G′ and h′ = (2/√π) y² k, by power series."""
    with ctx.workprec(200):
        load = hopfield.root_load(arb_series([arb(y), 1], 3), n)
        h = hopfield.fold_condition(arb_series([arb(y), 1], 2), n)
        assert h[0].overlaps(load[1] * arb(y) ** 2)
        assert h[1].overlaps(2 * y * load[1] + 2 * load[2] * arb(y) ** 2)
        assert h[1].overlaps(2 / arb.pi().sqrt() * arb(y) ** 2 * hopfield._bend(arb(y), n))
        assert h[1].rad() < 1e-50


@pytest.mark.parametrize("alpha", [0.03, 0.07, 0.12])
def test_D_is_the_difference_of_the_solver_s_energies(alpha):
    retrieval, glass = (replica.solve(Hopfield(alpha=alpha), start=kind) for kind in ("retrieval", "spin_glass"))
    y = retrieval.order.m / math.sqrt(2 * alpha * retrieval.order.r)
    expected = retrieval.free_energy - glass.free_energy
    assert float(hopfield.energy_difference(arb(y))) == pytest.approx(expected, abs=1e-14)


def test_the_shape_of_the_branch_is_proven_only_where_it_is_so(monkeypatch):
    monkeypatch.setattr(hopfield, "RISING", "1.3")  # k changes sign at 1
    with pytest.raises(NotProvenError, match=r"k > 0 up to 1\.3"):
        certified.alpha_c()
    monkeypatch.undo()
    monkeypatch.setitem(hopfield.FOLDS, 1, ("1.52", "1.53"))
    with pytest.raises(NotProvenError, match="Krawczyk"):
        certified.alpha_c()
    monkeypatch.undo()
    right = hopfield.energy_difference
    for claim, depth, place in (("D > 0 from y_c", -1, 2), ("D < 0 from the box", 1, arb(3.6))):
        # two further crossings; at the one that is looked for hardly anything changes

        def bumped(y, depth=depth, place=place):
            return right(y) + depth * (-100 * (y - place) * (y - place)).exp() / 5

        monkeypatch.setattr(hopfield, "energy_difference", bumped)
        with pytest.raises(NotProvenError, match=claim):
            certified.alpha_1()


def test_a_changed_equation_is_noticed(monkeypatch):
    right = hopfield.fold_condition
    monkeypatch.setattr(hopfield, "fold_condition", lambda y, n: right(y, n) + arb("1e-12"))
    assert Decimal(certified.y_c().lower) > Decimal(PUBLISHED["y_c"]) + Decimal("1e-13")
    monkeypatch.setattr(hopfield, "fold_condition", lambda y, n: right(y, n) + arb("0.1"))
    with pytest.raises(NotProvenError):
        certified.y_c()
    monkeypatch.undo()
    tails = compositional.tails
    monkeypatch.setattr(compositional, "tails", lambda x: (*tails(x)[:2], tails(x)[2] * (1 + arb("1e-6"))))
    found = certified.ell_star(**NOISY)
    assert abs(Decimal(found.value) - Decimal(certified_noisy(monkeypatch))) > Decimal("1e-12")


def certified_noisy(monkeypatch):
    monkeypatch.undo()
    return certified.ell_star(**NOISY).value


# The operator.


def polynomial(*roots):
    def system(x):
        product = arb_series([1], 2)
        for root in roots:
            product = product * (x[0] - root)
        return [product]

    return system


@pytest.mark.parametrize(
    ("system", "box"),
    [
        (polynomial(5), [between(1, 2)]),  # no root
        (lambda x: [x[0] * x[0] + 1], [between(-1, 2)]),
        (polynomial(1, 2), [between("0.5", "2.5")]),  # two
        (polynomial(1, 1), [between("0.5", "1.4")]),  # a double one
        (polynomial(1, 1), [between("0.99999", "1.00002")]),
        (polynomial(arb(1.5, 0.5).upper()), [arb(1.5, 0.5)]),  # on the edge
        (lambda x: [x[0] * x[0]], [arb(0, 1)]),  # a Jacobian that vanishes in the centre
        (lambda x: [x[0].log()], [between(-1, 2)]),  # not defined everywhere
        (lambda x: [x[0] * x[0] + x[1] * x[1] - 2, x[0] - x[1]], [arb(0, 2), arb(0.1, 2)]),  # two, in two dimensions
        (lambda x: [x[0] * x[0] + x[1] * x[1] - 2, x[0] + x[1] - 2], [arb(1, 0.1), arb(1.01, 0.1)]),  # a tangent
    ],
)
def test_krawczyk_refuses(system, box):
    with pytest.raises(NotProvenError):
        krawczyk(system, box)


def test_krawczyk_is_right_whenever_it_claims_a_root():
    """Random cubics in random boxes: it claims one root only where there is one, and often enough."""
    draw, claimed = random.Random(3), 0
    for _ in range(2000):
        roots = [Fraction(draw.randint(-400, 400), 128) for _ in range(3)]
        low = Fraction(draw.randint(-400, 400), 128)
        high = low + Fraction(draw.randint(1, 100), 256)
        inside = [r for r in roots if low < r < high]
        try:
            found = krawczyk(polynomial(*(arb(float(r)) for r in roots)), [between(low, high)])
        except NotProvenError:
            continue
        claimed += 1
        assert len(inside) == 1
        assert found[0].contains(exact(inside[0]))
    assert claimed > 90


def test_two_equations_to_many_digits():
    """x² + y² = 4, xy = 1: x = (√6 + √2)/2, y = (√6 − √2)/2."""
    with ctx.workprec(400):
        x, y = refined(lambda v: [v[0] * v[0] + v[1] * v[1] - 4, v[0] * v[1] - 1], [arb(1.9, 0.1), arb(0.5, 0.1)])
        six, two = arb(6).sqrt(), arb(2).sqrt()
        for found, right in ((x, (six + two) / 2), (y, (six - two) / 2)):
            assert found.overlaps(right)
            assert found.rad() < 1e-110


def test_subdivision():
    assert prove_positive(lambda x: (x - 1) ** 2 + arb("1e-4"), arb(0), arb(3), "positive") > 10
    undefined = [lambda x: x / (x - 1) ** 2 * 0 + 1]
    for function in [lambda x: (x - 1) ** 2 - arb("1e-6"), lambda x: (x - 1) ** 2, lambda x: arb(0), *undefined]:
        with pytest.raises(NotProvenError, match="not proven: positive"):
            prove_positive(function, arb(0), arb(3), "positive")


# The compositional regime.


@pytest.mark.parametrize("ell", ["0.4", "3", "40"])
def test_the_bound_of_the_tail_against_a_far_larger_truncation(ell):
    for J in (60, 80):
        with mp.workdps(40):
            x = mp.mpf(ell)
            sums = 2 * mp.fsum((w + 2) * mp.exp(-x) * mp.besseli(w, x) for w in range(J, J + 300))
        bound = mp.mpf(skellam.tail(exact(ell), J).str(20, radius=False))
        assert sums < bound < 50 * max(1, math.exp(float(ell))) * sums
    assert not skellam.tail(exact(ell), 1 + int(float(ell) / 4)).is_finite() or ell == "0.4"


def unknowns(point, along):
    return [arb_series([x, int(i == along)], 2) for i, x in enumerate(point)]


@pytest.mark.parametrize("along", [0, 1, 2])
def test_a_short_sum_encloses_a_long_one(along, monkeypatch):
    point = [arb("0.7"), arb("-0.4"), arb("3.5")]
    v, kappa, ell = unknowns(point, along)
    with ctx.workprec(120):
        found = []
        for J in (6, 10, 14, 90):
            monkeypatch.setattr(compositional, "cutoff", lambda ell, scale, J=J: J)
            found.append(compositional._averages(v.exp(), kappa, ell, arb(1)))
        for short, longer in pairwise(found):
            for a, b in zip(short, longer, strict=True):
                for order in (0, 1):
                    assert a[order].contains(b[order])
                    assert b[order].rad() < a[order].rad()


def test_the_jacobian_against_differences():
    with ctx.workprec(400):
        system = compositional.minimum_equations(**NOISY)
        point = [exact(x).mid() for x in ("1.99", "-0.5", "0.8")]
        found, h = jacobian(system, point), arb("1e-40")
        for j in range(3):
            up, down = (values(system, [x + sign * h * (i == j) for i, x in enumerate(point)]) for sign in (1, -1))
            for i in range(3):
                difference = (up[i] - down[i]) / (2 * h)
                assert abs(float(difference - found[i, j])) < 1e-30 * (1 + abs(float(difference)))


def test_the_curvature_against_second_differences():
    model = CompositionalRBM(**{k: float(v) for k, v in NOISY.items()})
    ell, h = replica.ell_star(model).value, 1e-3
    f, _ = energies(model, [ell - 2 * h, ell - h, ell, ell + h, ell + 2 * h])
    expected = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * h * h)
    guess = [arb(float(x)) for x in compositional._guess(**NOISY)]
    found = jacobian(compositional.minimum_equations(**NOISY), guess)
    minor = found[0, 0] * found[1, 1] - found[0, 1] * found[1, 0]
    assert float(found.det() / minor) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("x", ["-3.1", "0", "0.7", "6"])
def test_gaussian_tails(x):
    """Against the solver's H in mpmath, and over a ball against both ends and the middle."""
    with ctx.workprec(200), mp.workdps(50):
        for k, found in enumerate(tails(exact(x))):
            assert mp.almosteq(mp.mpf(found.str(45, radius=False)), replica.H(k, mp.mpf(x)), 1e-40)
        wide = tails(exact(x) + arb(0, 0.25))
        slopes = tails(arb_series([exact(x) + arb(0, 0.25), 1], 2))
        for inside in (-0.25, 0.1, 0.25):
            point = arb_series([exact(x) + inside, 1], 2)
            exact_slopes = density(point) * -1, -tails(point)[0], tails(point)[1] * -2
            for k, value in enumerate(tails(point)):
                assert wide[k].contains(value[0])
                assert slopes[k][1].contains(value[1])
                assert value[1].overlaps(exact_slopes[k][0])


# The first minimum.


MACHINES = [
    {"alpha": 2, "theta": 1, "g": -0.2},
    {"alpha": 0.5, "theta": 1.5, "g": -0.1},
    {"alpha": 0.2, "theta": 1.2, "g": -0.1},
    {"alpha": 0.5, "theta": 0.6, "g": -0.22},
]


@pytest.mark.parametrize("controls", MACHINES, ids=str)
def test_bounds_at_low_noise_hold_where_the_noise_is_not_small(controls):
    """m, q, C and df̃/dℓ of the solver's states within the bounds of N, drawn as tightly as each state allows."""
    model = CompositionalRBM(**controls)
    machine = low_noise.Machine.of(**controls)
    ells = np.linspace(0.2, 1.0, 5) * float(replica.ell_star(model).value)
    largest = 0.0
    for ell, *members in zip(ells, *energies(model, ells)[1], strict=True):
        order = Order(*map(float, members))
        m, s = order.m / 2, math.sqrt(model.alpha * order.r)
        G = model.g + model.alpha * order.B / 2
        region = low_noise._region(machine, arb(m), arb(s), arb(G))
        m0, q0, gap = map(float, low_noise._zero_noise(arb(ell)))
        here = model.replace(ell=ell)
        excess = 2 * float(here.slope(order)) + gap * (m0 / 2 + G)
        flipped = float(region.flipped)
        if flipped > 1e-10:  # else rounding of the states is all there is
            errors = abs(m - m0), abs(order.q - q0), order.C * flipped / float(region.response), abs(excess) / 6
            assert max(errors) < flipped
            largest = max(largest, *(error / flipped for error in errors))
        noise, field = low_noise._noise_and_field(machine, arb(order.q), arb(1 - order.C))
        assert (float(noise), float(field)) == (pytest.approx(s, rel=1e-9), pytest.approx(G, rel=1e-9))
        assert float(low_noise._descent(machine, region, arb(ell))) <= -2 * float(here.slope(order)) + 1e-12
    assert largest > 1e-3


def test_the_solver_s_branch_falls_up_to_the_minimum():
    model = CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21)
    ells = np.linspace(0.01, 0.383, 20)
    for ell, *members in zip(ells, *energies(model, ells)[1], strict=True):
        assert model.replace(ell=float(ell)).slope(Order(*members)) < 0


@pytest.mark.parametrize(("controls", "proven"), [({}, True), ({"g": "-0.15"}, True), (NOISY, False)])
def test_first_minimum_where_it_is_proven(controls, proven):
    said = certified.ell_star(20, **controls).proven
    assert said.endswith(compositional.FIRST if proven else compositional.TAKEN)


def first_minimum():
    """Arguments with which `prove_first` succeeds."""
    controls = {"alpha": "0.5", "theta": "1.5", "g": "-0.21"}
    system = compositional.minimum_equations(**controls)
    unique = compositional._largest_box(system, compositional._guess(**controls))[0]
    root = compositional._minimum(system, unique)
    m = low_noise._zero_noise(root[2])[0]
    low_noise.prove_first(low_noise.Machine.of(**controls), unique, root, m)
    return low_noise.Machine.of(**controls), unique, root, m


def test_first_minimum_is_refused(monkeypatch):
    machine, unique, root, m = first_minimum()
    narrow = [arb(x.mid(), x.rad() * 1e-3) for x in unique]
    for wrong, said in [
        ((machine, [narrow[0], *unique[1:]], root, m), "next to the minimum"),
        ((machine._replace(theta=-machine.theta), unique, root, m), "theta > 0"),
        ((machine, unique, [root[0] - 8, *root[1:]], m), "noise is not small"),
        ((machine._replace(alpha=arb(4)), unique, root, m), "little noise"),
        ((machine._replace(g=exact("-0.2101")), unique, root, m), "below the minimum"),
    ]:
        with pytest.raises(NotProvenError, match=said):
            low_noise.prove_first(*wrong)
    right = low_noise._zero_noise

    def with_a_dip(ell):
        m, q, gap = right(ell)
        return m - (-10_000 * (ell - exact("0.1")) * (ell - exact("0.1"))).exp() / 10, q, gap

    monkeypatch.setattr(low_noise, "_zero_noise", with_a_dip)
    with pytest.raises(NotProvenError, match=r"df/dl < 0 below the minimum .*near 0\.(09|10|11)"):
        low_noise.prove_first(machine, unique, root, m)


def test_numbers_are_what_is_written():
    found = certified.ell_star(25, alpha=0.5, theta=Fraction(3, 2), g=-0.21)
    assert found[:5] == certified.ell_star(25)[:5]
    low, high = bounds(exact("-0.21"))
    assert low < Fraction(-21, 100) < high
    assert exact(0.5).is_exact()


@pytest.mark.parametrize("wrong", ["x", None, float("nan"), float("inf"), [1, 2], "1/0"])
@pytest.mark.parametrize("name", ["alpha", "theta", "g"])
def test_controls_that_are_no_numbers(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} = .*: a finite number is needed"):
        certified.ell_star(**{name: wrong})


def test_without_noise_the_minimum_is_where_m_is_four_times_the_field():
    """At g̃ = −0.248 s is e^{−78} and αB̃/2 of size s²; without them ℓ* is where m̃ = e^{−ℓ}(I0 + I1) = 4|g̃|."""
    found = certified.ell_star(30, g="-0.248")
    with mp.workdps(50):
        right = mp.findroot(lambda x: mp.exp(-x) * (mp.besseli(0, x) + mp.besseli(1, x)) - mp.mpf("0.992"), 0.016)
        assert mp.mpf(found.lower) < right < mp.mpf(found.upper)
    assert found.proven.endswith(compositional.FIRST)


def test_no_minimum():
    with pytest.raises(ValueError, match=r"g = -0\.3: f has no minimum at ell > 0"):
        certified.ell_star(g="-0.3")


# Digits.


def test_decimals_are_cut_off_and_not_rounded():
    assert truncated(Fraction(2, 3), Fraction(2, 3), 5) == "0.66666"
    assert truncated(Fraction(199, 20), Fraction(996, 100), 2) == "9.9"
    assert truncated(Fraction(12345), Fraction(12345), 3) == "12345"
    assert truncated(Fraction(1, 1000), Fraction(1, 1000), 4) == "0.001000"
    with pytest.raises(NotProvenError, match="3 decimals"):
        truncated(Fraction(999, 1000), Fraction(1001, 1000), 3)


def test_precision_is_raised_until_the_digits_are_there():
    tried = []

    def proof():
        tried.append(ctx.prec)
        return arb(1).exp() + arb(0, 2.0 ** -(ctx.prec - 120)), "e"

    assert enclose("e", proof, 20).value == "2.7182818284590452353"
    assert len(tried) > 1
    assert ctx.prec == 53
    with pytest.raises(NotProvenError, match="decimals in common"):
        enclose("wide", lambda: (arb(1, 0.1), ""), 20)


@pytest.mark.parametrize("digits", [0, -3, 2.5, True, "20", 1001])
def test_digits_out_of_range(digits):
    with pytest.raises(ValueError, match=r"digits = .*: a whole number from 1 to 1000 is needed"):
        certified.alpha_c(digits)


# The command.


def test_command(capsys):
    assert main(["alpha_c", "ell_star", "--digits", "30", "--format", "json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["rows"]
    assert (first["name"], first["value"]) == ("alpha_c", "0.137905566494931737843636123218")
    assert "d²f/dl² > 0" in second["proven"]
    assert main([]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == list(certified.NUMBERS)


@pytest.mark.parametrize(
    ("words", "said"), [("beta_c", "NAME: 'beta_c' is not one of"), ("--digits 0", "--digits: '0'")]
)
def test_bad_usage(words, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words.split())
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_without_python_flint(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "flint", None)
    for module in (balls, compositional, hopfield, interval_newton, low_noise):
        monkeypatch.delitem(sys.modules, module.__name__)
    message = "certified numbers need python-flint: pip install 'replica-toolkit[rigorous]'"
    with pytest.raises(ImportError, match="python-flint") as error:
        _ = certified.krawczyk
    assert str(error.value) == message
    assert run(main, ["alpha_c"]) == 2
    assert capsys.readouterr().err.endswith(f"error: {message}\n")
