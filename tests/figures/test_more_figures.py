"""Committed numbers of the figures after the slides, each by a second route."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

import figures
from replica.table import Table

FOLDER = Path(figures.__file__).parent


def rows_of(name, **fixed):
    rows = Table.read(FOLDER / f"{name}.csv").rows()
    return [r for r in rows if all(r[key] == value for key, value in fixed.items())]


def column(rows, *names):
    return np.array([[r[n] for n in names] for r in rows]).T


# Activation functions


def exponent(unit, x, I, T):
    """(I x − U(x))/T, U as the slides print it."""
    U = {"Bernoulli": 0.5 * x, "spin": 0.5 * x, "Gaussian": x**2 / 2, "ReLU": x**2 / 2 + 0.5 * x}[unit]
    return (I * x - U) / T


@pytest.mark.parametrize("T", [0.1, 0.5])
@pytest.mark.parametrize("unit", ["Bernoulli", "spin", "Gaussian", "ReLU"])
def test_means_are_sums_over_the_boltzmann_law(unit, T):
    rows = rows_of("activation_functions", unit=unit, quantity="mean", T=T)
    assert len(rows) == 81
    for r in rows[::8]:
        if unit in ("Bernoulli", "spin"):
            x = np.array([0.0 if unit == "Bernoulli" else -1.0, 1.0])
            law = np.exp(exponent(unit, x, r["x"], T))
            mean = x @ law / law.sum()
        else:
            low = 0.0 if unit == "ReLU" else -12.0
            x = np.linspace(low, 12, 48001)
            terms = exponent(unit, x, r["x"], T)
            law = np.exp(terms - terms.max())
            mean = integrate.simpson(x * law, x=x) / integrate.simpson(law, x=x)
        assert r["y"] == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("unit", ["Bernoulli", "spin", "Gaussian", "ReLU"])
def test_modes_maximise_the_weight_and_are_the_limit_of_means(unit):
    rows = rows_of("activation_functions", unit=unit, quantity="mode")
    I, mode = column(rows, "x", "y")
    domain = {"Bernoulli": [0, 1], "spin": [-1, 1], "Gaussian": np.arange(-200, 201) / 100}
    x = np.array(domain.get(unit, np.arange(0, 201) / 100), dtype=float)
    best = x[::-1][np.argmax(np.round(exponent(unit, x[::-1], I[:, None], 1), 12), axis=1)]  # the larger at a tie
    assert mode == pytest.approx(best, abs=1e-12)
    table = {"Bernoulli": I >= 0.5, "spin": 2 * (I >= 0.5) - 1, "Gaussian": I, "ReLU": np.maximum(0, I - 0.5)}
    assert mode == pytest.approx(np.asarray(table[unit], float), abs=1e-12)
    differences = [
        np.abs(column(rows_of("activation_functions", unit=unit, quantity="mean", T=T), "y")[0] - mode)
        for T in (0.5, 0.1)
    ]
    away = np.abs(I - 0.5) > 0.04  # at the jump the mean stays half-way
    assert (differences[1][away] <= differences[0][away] + 1e-15).all()


def test_potentials_are_those_of_the_slides():
    for unit in ("Bernoulli", "spin", "Gaussian", "ReLU"):
        x, U = column(rows_of("activation_functions", unit=unit, quantity="potential"), "x", "y")
        assert U == pytest.approx(-exponent(unit, x, 0.0, 1.0), abs=1e-14)
        assert len(x) == {"Bernoulli": 2, "spin": 2, "Gaussian": 41, "ReLU": 21}[unit]


# Capacity as the maximum of a curve


def test_maxima_of_the_curve_are_the_capacities_known():
    known = {0.0: 0.1379055664949317, 0.1: 0.1350491898, 0.2: 0.1225588606, 0.5: 0.0588155205}
    tops = {r["T"]: r for r in rows_of("capacity_graphically", series="maximum")}
    assert {T: r["alpha"] for T, r in tops.items()} == pytest.approx(known, abs=1e-10)
    assert tops[0.0]["y"] == pytest.approx(1.511218556327657, abs=1e-9)
    for T, top in tops.items():
        alpha = column(rows_of("capacity_graphically", series="curve", T=T), "alpha")[0]
        assert 0 <= top["alpha"] - alpha.max() < 2e-4


def test_solutions_cross_the_printed_curve():
    """Roots of y(√(2α) + (2/√π)e^{−y²}) = erf(y), the slide's form, on both sides of the maximum."""
    from scipy.optimize import brentq

    for alpha in (0.05, 0.1):
        f = lambda y, a=alpha: y * (math.sqrt(2 * a) + 2 / math.sqrt(math.pi) * math.exp(-y * y)) - math.erf(y)  # noqa: E731
        for series, ends in (("unstable", (0.1, 1.5112)), ("stable", (1.5112, 6))):
            (row,) = rows_of("capacity_graphically", series=series, alpha=alpha)
            root = brentq(f, *ends, xtol=1e-14)
            assert row["y"] == pytest.approx(root, abs=1e-10)
            assert row["m"] == pytest.approx(math.erf(root), abs=1e-10)
    assert [r["alpha"] for r in rows_of("capacity_graphically", series="none")] == [0.16]


@pytest.mark.parametrize("T", [0.0, 0.1, 0.2, 0.5])
def test_points_of_the_curves_solve_the_saddle_point_equations(T):
    for r in rows_of("capacity_graphically", series="curve", T=T)[9::15]:
        s = r["m"] / (math.sqrt(2) * r["y"])  # √(αr)
        if T == 0:
            m, C = math.erf(r["y"]), math.sqrt(2 / math.pi) / s * math.exp(-(r["y"] ** 2))
            q = 1.0
        else:
            z = np.linspace(-9, 9, 20001)
            w = stats.norm.pdf(z) * (z[1] - z[0])
            local = np.tanh((r["m"] + s * z) / T)
            m, q = w @ local, w @ local**2
            C = (1 - q) / T
        assert m == pytest.approx(r["m"], abs=1e-10)
        assert r["alpha"] == pytest.approx(s**2 * (1 - C) ** 2 / q, rel=1e-8)


# Random energy model


def test_limits_of_the_random_energy_model():
    """β_c = 2√ln 2, energy −√ln 2; above T_c annealed and limit agree, below the limit has the larger f."""
    frozen = -0.832554611158
    for r in rows_of("random_energy_model", series="limit"):
        (a,) = [x for x in rows_of("random_energy_model", series="annealed", T=r["T"])]
        if r["T"] <= 1 / 1.665109222315 + 1e-12:
            assert r["f"] == pytest.approx(frozen, abs=1e-12)
            assert r["s"] == 0
            assert a["s"] < 1e-9
        else:
            assert (r["f"], r["s"]) == (a["f"], a["s"])
            assert r["s"] > 0
        # one step of replica-symmetry breaking: the maximum over x in (0, 1]
        x = np.linspace(1e-4, 1, 20001)
        broken = (-r["T"] * math.log(2) / x - x / (4 * r["T"])).max()
        assert r["f"] == pytest.approx(broken, abs=1e-6)


def test_enumeration_agrees_with_the_integral():
    """80 numbers of 4 sizes, correlated between temperatures: z < 4.5 for all of them."""
    from figures.random_energy_model import integral

    rows = rows_of("random_energy_model", series="enumeration")
    assert len(rows) == 40
    for r in rows:
        f, s = integral(r["N"], r["T"])
        assert abs(r["f"] - f) < 4.5 * r["f_err"]
        assert abs(r["s"] - s) < 4.5 * r["s_err"]


def test_the_integral_against_few_levels():
    """N = 1: E ln(e^{−βE₁} + e^{−βE₂}) as a double integral; and s = −∂f/∂T."""
    from figures.random_energy_model import integral

    z, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    for T in (0.5, 1.0):
        E = z * math.sqrt(0.5)
        log_Z = w @ np.logaddexp(-E[:, None] / T, -E / T) @ w
        assert integral(1, T)[0] == pytest.approx(-T * log_Z, abs=1e-8)
    for N, T in ((10, 0.3), (20, 0.6), (100, 0.2)):
        slope = (integral(N, T + 1e-3)[0] - integral(N, T - 1e-3)[0]) / 2e-3
        assert integral(N, T)[1] == pytest.approx(-slope, abs=1e-5)


def test_finite_sizes_converge_to_the_frozen_state():
    for T in (0.08, 0.4, 0.6, 1.0):
        distance = []
        for N in (10, 20, 100):
            rows = rows_of("random_energy_model", series="integral", N=N)
            distance.append(min(rows, key=lambda r: abs(r["T"] - T)))
        limit = min(rows_of("random_energy_model", series="limit"), key=lambda r: abs(r["T"] - T))
        excess = [r["f"] - limit["f"] for r in distance]
        assert excess[0] > excess[1] > excess[2] > -1e-9  # Jensen: E ln Z ≤ ln E Z
        if T < 0.5:
            # ground state of 2^N levels: √ln2 N − ln(4πN ln 2)/(4√ln2)
            assert excess[2] == pytest.approx(math.log(4 * math.pi * 100 * math.log(2)) / 400 / 0.8326, rel=0.35)


# Thermal overlaps


def test_thermal_overlaps_known():
    from scipy.interpolate import CubicSpline

    low = rows_of("hopfield_thermal_overlap", series="retrieval", alpha=0.0)
    for r in low:
        assert r["m"] == pytest.approx(math.tanh(r["m"] / r["T"]), abs=1e-11)
        assert r["m"] > 0 or r["T"] == 1
    known = {0.05: (0.2, 0.998877763094), 0.1: (0.1, 0.996750843849)}
    for alpha, (T, m) in known.items():
        x, y = column(rows_of("hopfield_thermal_overlap", series="retrieval", alpha=alpha), "T", "m")
        assert CubicSpline(x[:-1], y[:-1])(T) == pytest.approx(m, abs=1e-5)
    ends = {0.01: 0.8010181215, 0.05: 0.5422550379, 0.1: 0.3154322237}
    for alpha, T_M in ends.items():
        rows = rows_of("hopfield_thermal_overlap", series="retrieval", alpha=alpha)
        assert rows[-1]["T"] == pytest.approx(T_M, abs=1e-10)
    x, q = column(rows_of("hopfield_thermal_overlap", series="spin glass", alpha=0.05), "T", "q")
    assert CubicSpline(x, q)([0.2, 0.5]) == pytest.approx([0.841434762444, 0.597390955535], abs=1e-5)
    assert q[0] == 1
    assert 0 < q[-1] < 1e-4


def test_sampled_overlaps_agree_with_theory():
    """12 points, z < 4: 1e-3 by chance; shifts of O(1/N) are below the errors."""
    import replica
    from replica.models import Hopfield

    rows = rows_of("hopfield_thermal_overlap", series="simulation")
    assert len(rows) == 12
    for r in rows:
        theory = replica.solve(Hopfield(alpha=r["alpha"], T=r["T"])).order.m
        assert abs(r["m"] - theory) < 4 * r["m_err"], r


# Planted patterns


def learned(r):
    """Theory at the controls of a row: the lowest state."""
    import replica
    from replica.models import PlantedHopfield

    return replica.solve_all(PlantedHopfield(**{name: r[name] for name in ("gamma", "beta_teacher", "T")}))[0].order


def test_lines_of_the_planted_pattern_known():
    """Ends of the lines, m = q on the Nishimori line, and where the lines of the phases meet."""
    for gamma in (0.5, 1.0, 2.0):
        beta, T, m, q = column(rows_of("planted_learning", series="line", gamma=gamma), "beta_teacher", "T", "m", "q")
        assert beta[0] == pytest.approx(1 / (1 + math.sqrt(gamma)), abs=1e-14)
        np.testing.assert_allclose(beta * T, 1, rtol=1e-14)
        np.testing.assert_allclose(m, q, atol=1e-9)
        assert (np.diff(m) > 0).all()
    beta, T = column(rows_of("planted_learning", series="learning"), "beta_teacher", "T")
    warm = T >= 2
    np.testing.assert_allclose(T[warm], 1 / (1 - beta[warm]), rtol=1e-14)
    ground = math.sqrt(math.pi / 2)
    assert beta[T == 0] == pytest.approx(ground / (1 + ground), abs=1e-10)
    assert (np.diff(beta[~warm]) > 0).all()


def test_students_follow_the_theory_on_and_off_the_nishimori_line():
    """m and q from two sizes, extrapolated in 1/N, from the pattern and from random starts: 80 numbers, z < 4."""
    rows = [r for r in rows_of("planted_learning", N=2000) if (r["beta_teacher"], r["gamma"]) != (0.4, 1.0)]
    assert len(rows) == 20
    for r in rows:
        (small,) = rows_of("planted_learning", **{k: r[k] for k in ("series", "gamma", "beta_teacher", "T")}, N=1000)
        theory = learned(r)
        for name in ("m", "q", "m_random", "q_random"):
            error = math.hypot(2 * r[f"{name}_err"], small[f"{name}_err"])
            assert abs(2 * r[name] - small[name] - getattr(theory, name[0])) < 4 * error, (r, name)
            assert error < 0.06


def test_below_the_threshold_students_know_nothing():
    for r in rows_of("planted_learning", gamma=1.0, beta_teacher=0.4):
        assert learned(r).m == 0
        assert r["m"] < 0.02
        assert r["m_random"] < 0.02


# Hidden activity


def test_weak_units_of_the_compositional_state_follow_theory():
    """χ² over silent units and all bins of at least 5 expected units."""
    rows = rows_of("hidden_activity", state="compositional", units="weak")
    count, theory = column(rows, "count", "theory")
    assert theory.sum() == pytest.approx(1, abs=1e-12)
    assert count.sum() == 40 * (2535 - 5)
    expected = theory * count.sum()
    used = expected >= 5
    chi2 = ((count - expected)[used] ** 2 / expected[used]).sum()
    assert stats.chi2.sf(chi2, used.sum() - 1) > 1e-3
    assert abs(rows[0]["fraction"] - rows[0]["theory"]) < 4 * rows[0]["fraction_err"]


def test_strong_units_of_the_compositional_state_follow_theory():
    rows = rows_of("hidden_activity", state="compositional", units="strong")
    low, high, count, theory = column(rows, "low", "high", "count", "theory")
    assert count.sum() == 40 * 5
    expected = theory * count.sum()
    used = expected >= 3
    chi2 = ((count - expected)[used] ** 2 / expected[used]).sum()
    assert stats.chi2.sf(chi2, used.sum() - 1) > 1e-3
    # m√N − θ with the overlap without noise, m = E|W|/(2L)
    from replica.averages.pattern_sum import sparse_sum

    law = sparse_sum(5, 0.1)
    centre = 65 * float(law.weight @ np.abs(law.w)) / 10 - 0.3
    middle = (low + high) / 2
    mean = (count @ middle) / count.sum()
    spread = math.sqrt(count @ (middle - mean) ** 2 / count.sum())
    assert abs(mean - centre) < 4 * spread / math.sqrt(count.sum())


def test_theory_of_weak_units_has_the_moments_of_the_saddle_point():
    """r = ⟨h²⟩ from the law of h, in both states."""
    from figures.hidden_activity import solution, theory

    for state in ("compositional", "spin glass"):
        order = solution(state)
        width = math.sqrt(0.1 * order.q)
        z = np.linspace(0.3 / width, 0.3 / width + 12, 100001)
        h = (z * width - 0.3) / (1 - order.C)
        assert integrate.simpson(stats.norm.pdf(z) * h**2, x=z) == pytest.approx(order.r, rel=1e-9)
        assert theory(state, "weak")[0] == pytest.approx(stats.norm.cdf(0.3 / width), abs=1e-12)


def test_the_glass_has_the_tail_of_theory_and_more_units_just_active():
    """Above h = 0.4 counts agree to 4 standard errors; below, what replica symmetry and descent leave out shows."""
    rows = rows_of("hidden_activity", state="spin glass", units="weak")
    assert sum(r["count"] for r in rows) == 20 * 2535
    tail = [r for r in rows if r["low"] >= 0.4 and r["count"] >= 20]
    assert len(tail) >= 6
    for r in tail:
        assert abs(r["fraction"] - r["theory"]) < 4 * r["fraction_err"]
    assert rows[0]["theory"] - rows[0]["fraction"] > 4 * rows[0]["fraction_err"]
    assert rows[1]["fraction"] > 2 * rows[1]["theory"]


# Distance between compositional states


def test_distances_end_where_states_are_independent():
    rows = rows_of("compositional_distance", series="theory")
    assert rows[0]["ell"] == pytest.approx(0.383193, abs=6e-7)
    assert rows[0]["distance"] == pytest.approx(0, abs=1e-15)
    q = 0.1465322
    assert rows[-1]["distance"] == pytest.approx(2 * q * (1 - q), abs=2e-7)
    assert (np.diff([r["distance"] for r in rows]) > 0).all()
    assert rows_of("compositional_distance", series="fitted")[-1]["distance"] == pytest.approx(0.236, abs=1e-12)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_distances_are_those_of_drawn_patterns(share):
    """10⁶ visible units, entries drawn as Poisson numbers of + and −: z < 4."""
    from figures.compositional_distance import distance

    ell, size, rng = 0.383193, 1_000_000, np.random.default_rng(4)
    common, one, other = (
        rng.poisson(x / 2, size) - rng.poisson(x / 2, size) for x in (ell * (1 - share), ell * share, ell * share)
    )
    found = np.mean((common + one > 0) != (common + other > 0))
    assert abs(found - distance(ell, share)) < 4 * math.sqrt(found / size)
