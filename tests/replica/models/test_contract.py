"""What every model must satisfy, whatever it is: a new model is tested by existing.

Controls are drawn from the metadata of the fields, order parameters at random, off the saddle.
"""

import dataclasses
import math
from functools import cache, lru_cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

import replica
from replica.diagrams.critical_lines import diagrams_of
from replica.models import catalogue
from replica.models.base import Chart, ExactState, Finder, Model, Order, control_fields
from replica.models.base.points import flattened, taken
from replica.numerics.jacobian import derivative
from replica.saddle.solution import Solutions, Status
from replica.saddle.stability import smallest_curvature

MODELS = sorted(catalogue().values(), key=lambda cls: cls.name)
KINDS = {"retrieval", "mixture", "spin_glass", "paramagnet", "spurious"}

DIFFERENCED = 2e-7  # relative: five-point differences with step 1e-5 lose (1e-5)⁴ and 1e-16/1e-5
HALF_STEP = 1e-5
DERIVATIVE = 1e-12  # a complex step leaves the rounding of f
SADDLE = 1e-10  # residual at which a solution is accepted
LEVELLED = 1e-9  # residual of a chart's points before Newton's method, relative
SAME = 1e-13  # a solution in double precision against itself in mpmath, relative to 1 or its size
BROADCAST = 1e-12  # array against scalar controls: the same equations, other brackets
STEPPED = 1e-11  # a complex step has no truncation error; residuals of 1e-13 enter through a flat direction
SECOND = 1e-3  # relative: five-point differences of f with h = 0.002 of its scale lose h⁴ times a large constant

every_model = pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.name)
HEAVY = {"potts-hopfield", "sparse-coding-hopfield", "diluted-hopfield"}
LONG = HEAVY | {"compositional", "planted-hopfield", "relu-rbm"}
UNEVEN = {"sparse-coding-hopfield"}
"""Models whose states of m < 0 are others than those of m > 0."""
COSTLY = {"potts-hopfield"}
"""Models of which a point takes seconds: few of them."""
PRECISE_IF_COLD = {"potts-hopfield"}
"""Models of which many digits are known at T = 0 only."""
where_light = pytest.mark.parametrize(
    "cls",
    [pytest.param(cls, marks=pytest.mark.slow) if cls.name in HEAVY else cls for cls in MODELS],
    ids=lambda cls: cls.name,
)
"""All, those slowly of which a point takes seconds."""
at_length = pytest.mark.parametrize(
    "cls",
    [pytest.param(cls, marks=pytest.mark.slow) if cls.name in LONG else cls for cls in MODELS],
    ids=lambda cls: cls.name,
)
"""The same; models with a law of W or with two couplings take longest."""


@cache
def sparsely_populated(cls):
    """Whether states with overlap fill a small part of the space of controls, so that they are looked for."""
    branches = cls(**{f.name: drawn_value(f, 0.5, cls) for f in control_fields(cls)}).branches((1,))
    return any(isinstance(branch, Finder) for branch in branches)


@cache
def has_folds(cls):
    """Whether states with overlap come in several sheets, of which the second is a saddle."""
    branches = cls(**fixed_controls(cls, np.random.default_rng(1), 1)[0]).branches((1,))
    return any(branch.folded for branch in branches if isinstance(branch, Chart) and branch.n)


def bounds(field):
    """A sensible range of a control inside its domain: about the unit interval where that is unbounded."""
    low, high = field.metadata["low"], field.metadata["high"]
    if field.metadata["whole"]:
        return int(max(low, -4)), int(min(high, max(low, -4) + 7))
    low = max(low, -1.5)
    if not field.metadata["low_included"] or low == 0:
        low += 0.01
    if not field.metadata["high_included"]:
        high -= 0.01
    return low, min(high, low + 2.0, 1.5)


def drawn_value(field, share, cls):
    """Value of a control at a share of its range. The load is small, where there are states to find."""
    low, high = bounds(field)
    if field.metadata["whole"]:
        return int(low + math.floor(share * (high - low + 0.999)))
    return low + share * ((0.12 if field.name == cls.load else high) - low)


def some_controls(cls):
    """Strategy: controls of a model from its metadata."""
    shares = {f.name: st.floats(0, 1).map(lambda share, f=f: drawn_value(f, share, cls)) for f in control_fields(cls)}
    return st.fixed_dictionaries(shares)


@cache
def controls_with_states(cls):
    """Strategy: controls where there is something to solve for."""
    if sparsely_populated(cls):
        return st.sampled_from(fixed_controls(cls, np.random.default_rng(53), 5))
    if cls.name in COSTLY:
        return st.sampled_from(fixed_controls(cls, np.random.default_rng(53), 1))
    return some_controls(cls)


def fixed_controls(cls, rng, count):
    """Some random points in the same ranges.

    Where states with overlap are rare, the load and signed controls are drawn near zero more often, and points that
    have no retrieval state are drawn again.
    """
    points = []
    while len(points) < count:
        point = {}
        for field in control_fields(cls):
            point[field.name] = drawn_value(field, rng.uniform(), cls)
            if sparsely_populated(cls) and (field.metadata["low"] < 0 or field.name == cls.load):
                point[field.name] *= 10.0 ** rng.integers(-2, 1)
        if sparsely_populated(cls) and retrieval_states(cls, point) == 0:
            continue
        points.append(point)
    return points


def precise_controls(cls, rng, count):
    """Some random points of which many digits are known."""
    cold = {"T": 0.0} if cls.name in PRECISE_IF_COLD else {}
    return [{**point, **cold} for point in fixed_controls(cls, rng, count)]


def retrieval_states(cls, point):
    """Number of retrieval states at a point."""
    model = flattened(cls(**{k: np.atleast_1d(v) for k, v in point.items()}))
    finder = next(b for b in model.branches((1,)) if isinstance(b, Finder) and b.n)
    return int((finder.find(model).kind == "retrieval").sum())


@cache
def steppable(cls):
    """Controls in which complex steps can be taken: not the whole ones, and not those that shape a law of units."""
    model, names = cls(**fixed_controls(cls, np.random.default_rng(1), 1)[0]), []
    order = model.unpack([INSIDE.get(u, 0.4) for u in cls.unknowns])
    for field in control_fields(cls):
        if field.metadata["whole"]:
            continue
        try:
            model.unchecked(**{field.name: getattr(model, field.name) + 1e-30j}).free_energy(order)
        except TypeError:
            continue
        names.append(field.name)
    return names


def differences(function, x, j, h=HALF_STEP):
    """Derivative of a list of functions along x_j by five-point differences."""
    at = [np.array(function([v + d * h * (i == j) for i, v in enumerate(x)])) for d in (-2, -1, 1, 2)]
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)


UNKNOWN = {
    "m": st.floats(0.05, 0.95),
    "C": st.floats(0.05, 0.8),
    "q": st.floats(0.1, 0.9),
    "B": st.floats(0.1, 2.0),
    "r": st.floats(0.1, 3.0),
    "log_r": st.floats(-2.0, 2.0).filter(lambda v: v == 0 or abs(v) > 1e-3),
    "log_q": st.floats(-2.0, -0.01),
    "log_B": st.floats(-2.0, 1.0),
    "log_dq": st.floats(-4.0, -3.0),
    "log_mu": st.floats(-1.0, 1.2),
}


INSIDE = {"log_r": 0.3, "log_q": -0.3, "log_B": 0.3, "log_dq": -3.5, "log_mu": 0.3}
"""A point in the domain, with 0.4 for the others."""


@cache
def condensed(cls):
    """Numbers of condensed patterns that a model's own branches have."""
    model = cls(**fixed_controls(cls, np.random.default_rng(1), 1)[0])
    return sorted({b.n for b in model.branches((1, 3)) if b.n > 0})


# Formulas.


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_free_energy_gradient_is_what_the_residuals_say(cls, data):
    """∂f by complex steps, which have no truncation error."""
    model = cls(**data.draw(some_controls(cls)))
    x = [data.draw(UNKNOWN[u]) for u in cls.unknowns]
    n = data.draw(st.sampled_from(condensed(cls)))
    gradient = model.gradient(model.unpack(x), n)
    (slopes,) = derivative(lambda v: [model.free_energy(model.unpack(v), n)], x)
    assert len(gradient) == len(x)
    size = max(1.0, *(abs(g) for g in gradient))
    assert max(abs(g - slope) for g, slope in zip(gradient, slopes, strict=True)) <= DERIVATIVE * size


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
def test_gradient_at_45_digits(cls):
    """Against five-point differences of f at 75 digits, of real numbers only: 45 digits, and all of a double."""
    rng = np.random.default_rng(37)
    plain = cls(**{f.name: drawn_value(f, 0.4, cls) for f in control_fields(cls)})
    if cls.name in PRECISE_IF_COLD:
        plain = plain.replace(T=0.0)
    x = [INSIDE.get(u, 0.4) * rng.uniform(0.5, 1.1) for u in cls.unknowns]
    with mp.workdps(75):
        exact = plain.unchecked(**{name: mp.mpf(value) for name, value in plain.controls.items()})
        point, h = [mp.mpf(v) for v in x], mp.mpf(10) ** -15
        slopes = []
        for j in range(len(x)):
            at = {d: [v + d * h * (i == j) for i, v in enumerate(point)] for d in (-2, -1, 1, 2)}
            f = {d: exact.free_energy(exact.unpack(moved), 1) for d, moved in at.items()}
            slopes.append((f[-2] - 8 * f[-1] + 8 * f[1] - f[2]) / (12 * h))
    with mp.workdps(50):
        exact = plain.unchecked(**{name: mp.mpf(value) for name, value in plain.controls.items()})
        fine = exact.gradient(exact.unpack([mp.mpf(v) for v in x]), 1)
        assert max(abs(a - b) for a, b in zip(fine, slopes, strict=True)) < mp.mpf(10) ** -45
    rough = plain.gradient(plain.unpack(x), 1)
    assert max(abs(a - float(b)) for a, b in zip(rough, slopes, strict=True)) <= DERIVATIVE


@pytest.mark.some(2)
@pytest.mark.medium
@where_light
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_complex_steps_are_derivatives(cls, data):
    model = cls(**data.draw(some_controls(cls)))
    x = [data.draw(UNKNOWN[u]) for u in cls.unknowns]
    n = data.draw(st.sampled_from(condensed(cls)))
    for function in (
        lambda v: model.equations(v, n),
        lambda v: list(model.gradient(model.unpack(v), n)),
        lambda v: [model.free_energy(model.unpack(v), n)],
    ):
        with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of a noise of 0, or below it
            assume(np.abs(np.array(function(x))).max() < 500)  # elsewhere an average, or its step, underflows
        jacobian = np.array(derivative(function, x), dtype=float)
        for j in range(len(x)):
            size = np.maximum(1.0, np.abs(jacobian).max())
            assert np.abs(jacobian[:, j] - differences(function, x, j)).max() <= 10 * DIFFERENCED * size


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_complex_steps_in_the_controls_are_derivatives(cls, data):
    model = cls(**data.draw(some_controls(cls)))
    x = [data.draw(UNKNOWN[u]) for u in cls.unknowns]
    n = data.draw(st.sampled_from(condensed(cls)))
    order = model.unpack(x)
    for name in steppable(cls):
        value = getattr(model, name)
        stepped = model.unchecked(**{name: value + 1e-30j}).free_energy(order, n)
        h = 1e-6 * max(abs(value), 0.01)
        if value + h > next(f.metadata["high"] for f in control_fields(cls) if f.name == name):
            continue
        up, down = (model.unchecked(**{name: value + d}).free_energy(order, n) for d in (h, -h))
        slope = (up - down) / (2 * h)
        assert abs(np.imag(stepped) / 1e-30 - slope) <= 1e-6 * max(1.0, abs(slope))


@every_model
def test_complex_steps_can_be_taken_in_the_controls(cls):
    names = {f.name for f in control_fields(cls)}
    assert {"alpha", "T", "theta", "g"} & names <= set(steppable(cls))


@pytest.mark.medium
@every_model
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_unknowns_pack_and_unpack(cls, data):
    model = cls(**data.draw(some_controls(cls)))
    x = [data.draw(UNKNOWN[u]) for u in cls.unknowns]
    order = model.unpack(x)
    assert isinstance(order, cls.order_type)
    np.testing.assert_allclose(model.pack(order), x, rtol=1e-12, atol=1e-15)
    with np.errstate(divide="ignore", under="ignore", invalid="ignore"):
        # q = Q − 1 − TC may be negative off the saddle
        assert len(model.equations(x)) == len(x)
    # a zero of the equations is a zero of every residual, and only that
    assert model.residual(order) >= 0


# Solutions.


@lru_cache(maxsize=8)
def all_states(cls, controls):
    model = cls(**dict(controls))
    return model, replica.solve_all(model)


@pytest.mark.some(2)
@pytest.mark.medium
@at_length
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_every_solution_solves_the_equations(cls, data):
    model, found = all_states(cls, tuple(data.draw(controls_with_states(cls)).items()))
    assert isinstance(found, list)
    assert found, "neither a glass nor a paramagnet"
    for s in found:
        assert s.status == Status.CONVERGED
        rhs = model.saddle(s.order, s.n)
        for name, old, new in zip(cls.order_type._fields, s.order, rhs, strict=True):
            assert abs(new - old) <= SADDLE * max(1.0, abs(old)), name
        assert s.residual <= SADDLE
        assert s.kind in KINDS
        assert s.order.m >= 0 or cls.name in UNEVEN
        assert (s.n == 0) == (s.order.m == 0)
        assert s.order.C < 1 or s.order.B == 1  # where nothing reacts C has no bound
        assert s.order.r >= 0
        assert s.k is None or (s.k >= 1 and (s.kind == "retrieval") == (s.k == 1))
        assert isinstance(s.stable, bool)
        assert s.free_energy == pytest.approx(model.free_energy(s.order, s.n), rel=1e-15)
        assert isinstance(s.free_energy, float)
        # the gradient of f vanishes there
        if s.order.r > 0:
            assert max(abs(g) for g in model.gradient(s.order, s.n)) <= SADDLE * max(1.0, s.order.r)
        assert s.kind in repr(s)
    energies = [s.free_energy for s in found]
    assert energies == sorted(energies)


@pytest.mark.medium
@where_light
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_entropy_is_the_slope_of_the_free_energy_in_the_temperature(cls, data):
    if "T" not in {f.name for f in control_fields(cls)}:
        pytest.skip("no temperature")
    model = cls(**data.draw(some_controls(cls)))
    for s in replica.solve_all(model):
        # on the saddle ∂f/∂T at fixed order parameters is df/dT, in the unknowns in which f is stationary
        x = model.pack(s.order) if s.order.r > 0 else None
        if x is None:
            continue
        moved = model.unchecked(T=model.T + 1e-30j)
        slope = np.imag(moved.free_energy(moved.unpack(x), s.n)) / 1e-30
        assert s.entropy == pytest.approx(-slope, rel=STEPPED, abs=STEPPED)
        assert s.energy == pytest.approx(s.free_energy + model.T * s.entropy, rel=1e-14)


@at_length
def test_solve_gives_the_first_sheet_of_each_kind(cls):
    for controls in fixed_controls(cls, np.random.default_rng(7), 2 if sparsely_populated(cls) else 6):
        model = cls(**controls)
        found = replica.solve_all(model)
        startable = {b.kinds[0] if isinstance(b, Finder) else b.kind for b in model.branches((1, 3))}
        for s in found:
            if s.sheet or s.kind not in startable:
                continue
            start = (s.kind, s.n) if s.kind == "mixture" else s.kind
            same = replica.solve(model, start=start)
            assert (same.kind, same.n, same.sheet) == (s.kind, s.n, 0)
            np.testing.assert_allclose(same.order, s.order, rtol=1e-12, atol=1e-13)


def assert_precise(double, fine):
    """Double precision against mpmath, relative to how far rounding of the equations moves a solution."""
    assert [(s.kind, s.n, s.sheet) for s in fine] == [(s.kind, s.n, s.sheet) for s in double]
    for a, b in zip(double, fine, strict=True):
        condition = 1.0
        if a.order.r > 0:
            jacobian = derivative(lambda x, a=a: a.model.equations(x, a.n), a.model.pack(a.order))
            condition = max(1.0, float(np.abs(np.linalg.inv(np.array(jacobian))).max()))
        for name, old, new in zip(a.order._fields, a.order, b.order, strict=True):
            assert abs(old - new) <= SAME * condition * max(1, abs(new)), name
        assert abs(a.free_energy - b.free_energy) <= SAME * condition * max(1, abs(b.free_energy))
        assert b.residual < mp.mpf(10) ** -28


@pytest.mark.some(2)
@pytest.mark.medium
@at_length
def test_high_precision_agrees_with_double(cls):
    several = (
        1 if cls.order_type is not Order else 2 if sparsely_populated(cls) else 4
    )  # averages of averages take long
    for controls in precise_controls(cls, np.random.default_rng(41), several):
        model = cls(**controls)
        assert_precise(
            replica.solve_all(model, n_condensed=(1,)), replica.solve_all(model, n_condensed=(1,), precision=30)
        )


@pytest.mark.slow
@every_model
def test_high_precision_of_mixtures_agrees_with_double(cls):
    for controls in precise_controls(cls, np.random.default_rng(43), 2):
        model = cls(**controls)
        assert_precise(replica.solve_all(model), replica.solve_all(model, precision=30))


@pytest.mark.slow
@every_model
def test_high_precision_is_high(cls):
    # 30 digits agree with 40
    model = cls(**precise_controls(cls, np.random.default_rng(3), 1)[0])
    thirty, more = (replica.solve_all(model, n_condensed=(1,), precision=digits) for digits in (30, 40))
    for a, b in zip(thirty, more, strict=True):
        for old, new in zip(a.order, b.order, strict=True):
            assert abs(old - new) <= mp.mpf(10) ** -29 * max(1, abs(new))


def distinct_labels(cls, point):
    labels = [(s.kind, s.n, s.k, s.sheet) for s in replica.solve_all(cls(**point))]
    return len(set(labels)) == len(labels)


@pytest.mark.medium
@at_length
def test_arrays_give_the_numbers_of_scalars(cls):
    rng = np.random.default_rng(11)
    points = fixed_controls(cls, rng, 1 if cls.name in COSTLY else 4 if sparsely_populated(cls) else 12)
    points = [points[i % len(points)] for i in range(12)]
    assert all(distinct_labels(cls, point) for point in points[:4])
    arrays = {name: np.array([p[name] for p in points]).reshape(3, 4) for name in points[0]}
    table = replica.solve_all(cls(**arrays))
    assert isinstance(table, Solutions)
    assert table.status.shape == (3, 4, len(table))
    assert table.order.m.shape == table.residual.shape == table.free_energy.shape == table.stable.shape
    present = table.status != Status.ABSENT
    for member in (*table.order, table.residual, table.free_energy):
        assert (np.isnan(member) == ~present).all()
    assert not table.stable[~present].any()
    for index in np.ndindex(3, 4):
        model = cls(**points[4 * index[0] + index[1]])
        scalars, here = replica.solve_all(model), table.at(index)
        assert len(scalars) == len(here) == present[index].sum()
        for a, b in zip(scalars, here, strict=True):
            assert (a.kind, a.n, a.k, a.sheet, a.status) == (b.kind, b.n, b.k, b.sheet, b.status)
            np.testing.assert_allclose(a.order, b.order, rtol=BROADCAST, atol=BROADCAST)
            assert a.free_energy == pytest.approx(b.free_energy, abs=BROADCAST)
            assert a.stable == b.stable


@pytest.mark.some(2)
@pytest.mark.medium
@where_light
def test_controls_broadcast(cls):
    fields = control_fields(cls)
    controls = fixed_controls(cls, np.random.default_rng(5), 1)[0]
    name = fields[0].name
    line = cls(**{**controls, name: controls[name] * np.array([0.9, 1.0])})
    assert line.shape == (2,)
    table = replica.solve_all(line)
    alone = replica.solve_all(cls(**controls))
    assert [s.kind for s in table.at(1)] == [s.kind for s in alone]
    if len(fields) > 1:
        other = fields[1].name
        grid = cls(**{**controls, name: controls[name] * np.ones((3, 1)), other: controls[other] * np.ones(2)})
        assert replica.solve_all(grid).status.shape[:-1] == (3, 2)


@pytest.mark.some(2)
@pytest.mark.medium
@at_length
def test_free_energies_are_continuous_along_branches(cls):
    # f is stationary in the unknowns: its steps are ∂f/∂λ dλ, the slope taken at fixed unknowns at both ends
    few = sparsely_populated(cls) or cls.name in COSTLY
    for controls in fixed_controls(cls, np.random.default_rng(2), 1 if few else 4):
        for field in control_fields(cls):
            if field.name not in steppable(cls):
                continue
            low, high = bounds(field)
            values = np.linspace(low, 0.12 if field.name == cls.load else high, 201)
            if few and field.name != cls.load:
                # no curve serves several values: a short line through the point
                values = controls[field.name] * np.linspace(0.9, 1.1, 3 if cls.name in COSTLY else 11)
            for s in replica.solve_all(cls(**{**controls, field.name: values})):
                if s.kind == "spurious":
                    continue  # on several curves, numbered as they are met
                if not np.nanmax(s.order.r, initial=0.0) > 0:
                    continue  # known in closed form, without noise
                stepped = s.model.unchecked(**{field.name: values + 1e-30j})
                with np.errstate(invalid="ignore"):
                    f = stepped.free_energy(stepped.unpack(s.model.pack(s.order)), s.n)
                    slope = np.abs(np.imag(f)) / 1e-30
                    step = abs(values[1] - values[0])
                    excess = np.abs(np.diff(s.free_energy)) - 1.5 * np.maximum(slope[1:], slope[:-1]) * step
                # a quarter of a step of curvature where the slope passes zero
                assert np.nanmax(excess, initial=-1.0) <= 1e-4


@pytest.mark.some(2)
@pytest.mark.medium
@where_light
def test_charts_hold_solutions_of_the_equations(cls):
    for controls in fixed_controls(cls, np.random.default_rng(13), 2 if sparsely_populated(cls) else 5):
        model = cls(**{k: np.atleast_1d(v) for k, v in controls.items()})
        checked = 0
        for branch in model.branches((1, 3)):
            if isinstance(branch, ExactState):
                exists, order = branch.state(model)
                if exists[0]:
                    here = type(order)._make(np.asarray(v)[0] for v in order)
                    assert model.residual(here, branch.n) <= SADDLE
                    checked += 1
                continue
            if isinstance(branch, Finder):
                flat = flattened(model)
                found = branch.find(flat)
                if branch.n == 0 and not len(found.point):
                    continue  # there need be no glass
                assert len(found.point)
                assert set(found.kind.tolist()) <= set(branch.kinds)
                assert np.max(taken(flat, found.point).residual(found.order, branch.n)) <= LEVELLED
                checked += 1
                continue
            assert isinstance(branch, Chart)
            u = branch.nodes(model, math.log(controls[cls.load]))
            assert (np.diff(u) > 0).all()
            log_load, order = branch.point(model, u)
            inside = np.isfinite(log_load) & (log_load > -30) & (log_load < 5)
            if not inside.any():
                continue
            order = type(order)._make(np.asarray(v)[inside] for v in order)
            there = model.unchecked(**{cls.load: np.exp(log_load[inside])})
            assert np.max(there.residual(order, branch.n)) <= LEVELLED
            checked += 1
        assert checked


def eliminated_free_energy(model, x, i, m):
    """f where the i-th unknown is m and f is stationary in the others, by Newton's method from x."""
    others = [j for j in range(len(x)) if j != i]
    x = x.copy()
    x[i] = m
    for _ in range(50):
        # ∂f/∂(the others) is a regular combination of their residuals
        residuals = np.array(model.equations(list(x), 1))[others]
        jacobian = np.array(derivative(lambda v: model.equations(v, 1), list(x)))
        step = np.linalg.solve(jacobian[np.ix_(others, others)], residuals)
        x[others] -= step
        if np.abs(step).max() < 1e-12:
            return model.free_energy(model.unpack(list(x)), 1)
    raise ArithmeticError("no stationary point there")


@pytest.mark.some(2)
@pytest.mark.medium
@at_length
def test_stability_is_the_curvature_of_the_free_energy(cls):
    """Second differences of f(m), the other unknowns eliminated at each m."""
    signs = []
    for controls in fixed_controls(cls, np.random.default_rng(47), 3 if sparsely_populated(cls) else 40):
        model = cls(**controls)
        for s in replica.solve_all(model, n_condensed=(1,)):
            # near a pole of the curvature no step is small enough for differences
            if s.n == 0 or s.kind == "mixture" or not 0.02 < abs(s.curvature) < 1.2:
                continue
            x, i = np.array(model.pack(s.order), dtype=float), cls.unknowns.index("m")
            h = 0.002 * min(s.order.m, math.sqrt(controls[cls.load] * controls.get("p", 1.0) * s.order.r))
            f = [eliminated_free_energy(model, x, i, x[i] + k * h) for k in (-2, -1, 0, 1, 2)]
            along = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * h * h)
            # ∂f/∂m = −scale R_m: for each of so many patterns; the scale may depend on m
            asides = [s.order._replace(m=k * s.order.m) for k in (0.99, 1.01)]
            along *= np.mean([(a.m - model.saddle(a, 1).m) / model.gradient(a, 1)[0] for a in asides])
            expected = min(along, *(float(v) for v in model.transverse(s.order, 1)))
            assert s.curvature == pytest.approx(expected, rel=SECOND, abs=1e-14 / h**2)
            assert s.stable == (s.curvature > 0)
            signs.append(s.stable)
    assert True in signs
    assert False in signs or sparsely_populated(cls) or not has_folds(cls)


@at_length
def test_the_curvature_of_an_array_is_that_of_its_points(cls):
    points = fixed_controls(cls, np.random.default_rng(17), 6)
    table = replica.solve_all(cls(**{k: np.array([p[k] for p in points]) for k in points[0]}))
    for j in range(len(table)):
        if table.kinds[j] == "spurious":
            continue  # several may share a label
        for i, _ in enumerate(points):
            for s in table.at(i):
                if (s.kind, s.n, s.sheet) == (table.kinds[j], table.ns[j], table.sheets[j]):
                    assert smallest_curvature(s.model, s.order, s.n) == s.curvature
                    assert table.stable[i, j] == s.stable


# Conventions.


@every_model
def test_a_model_describes_itself(cls):
    assert issubclass(cls, Model)
    assert cls.name
    assert cls.name == cls.name.lower()
    assert " " not in cls.name
    assert cls.title
    assert "\n" not in cls.title
    names = [f.name for f in control_fields(cls)]
    assert cls.load in names
    assert cls.unknowns[0] == "m"
    members = cls.order_type._fields
    assert members[: len(Order._fields)] == Order._fields
    assert set(cls.unknowns) <= {*members, *(f"log_{name}" for name in members)}
    for field in control_fields(cls):
        meta = field.metadata
        assert meta["symbol"]
        assert meta["help"]
        assert "\n" not in meta["help"]
        assert meta["low"] < meta["high"]
        assert meta["loss"] in (1, -1)
        assert meta["breaking"] in (1, -1)
    for diagram in diagrams_of(cls):
        assert set(diagram.scanned) <= set(names)
        assert set(diagram.lines) <= set(diagram.columns)
        assert diagram.help
        assert diagram.axis
    doc = cls.__doc__ or ""
    assert all(f"    {name} : " in doc for name in [*names, *(f.name for f in dataclasses.fields(cls))])


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
def test_models_are_values(cls):
    controls = fixed_controls(cls, np.random.default_rng(19), 1)[0]
    model = cls(**controls)
    assert model.controls == controls
    assert model.shape == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(model, cls.load, 0.3)
    changed = model.replace(**{cls.load: 0.02})
    assert changed.controls == {**controls, cls.load: 0.02}
    assert model.controls == controls
    with pytest.raises(ValueError, match="'nothing' is not a control"):
        model.replace(nothing=1.0)
    # an int is a number, an mpmath number stays one
    assert isinstance(cls(**{**controls, cls.load: 1}).controls[cls.load], float)
    assert hasattr(cls(**{**controls, cls.load: mp.mpf("0.1")}).controls[cls.load], "_mpf_")


def bad_values(field, load):
    meta = field.metadata
    values = [math.nan, math.inf, -math.inf, "text", [], [0.1, math.nan], mp.nan, 1j]
    if field.default is not None and field.name != load:
        values.append(None)  # legal where it is the default, and for a load that is left open
    if meta["whole"]:
        values += [1.5, [1.0, 2.5]]
    if math.isfinite(meta["low"]):
        values += [meta["low"] - 1.0, [meta["low"] - 1e-9]]
        if not meta["low_included"]:
            values.append(meta["low"])
    if math.isfinite(meta["high"]):
        values.append(meta["high"] + 1.0)
        if not meta["high_included"]:
            values.append(meta["high"])
    return values


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
def test_bad_controls_are_named_on_one_line(cls):
    controls = fixed_controls(cls, np.random.default_rng(23), 1)[0]
    for field in control_fields(cls):
        for value in bad_values(field, cls.load):
            with pytest.raises(ValueError, match=rf"^{field.name} (=|is)") as caught:
                cls(**{**controls, field.name: value})
            assert "\n" not in str(caught.value)


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
def test_shapes_that_do_not_broadcast_are_refused(cls):
    controls = fixed_controls(cls, np.random.default_rng(29), 1)[0]
    names = list(controls)
    if len(names) < 2:
        pytest.skip("one control")
    unlike = {name: np.full(size, controls[name]) for size, name in enumerate(names[:2], start=2)}
    with pytest.raises(ValueError, match=r"shapes .*broadcast"):
        cls(**{**controls, **unlike})


@pytest.mark.some(2)
@pytest.mark.medium
@where_light
def test_arguments_of_the_solvers_are_checked(cls):
    model = cls(**fixed_controls(cls, np.random.default_rng(31), 1)[0])
    for wrong in ((0,), (-1,), (1.5,), ("1",), (True,), "ab"):
        with pytest.raises(ValueError, match="n_condensed"):
            replica.solve_all(model, n_condensed=wrong)
    with pytest.raises(ValueError, match="start = 'nothing'"):
        replica.solve(model, start="nothing")
    for digits in (5, 1.5, "30", 10**6, True):
        with pytest.raises(ValueError, match="precision"):
            replica.solve_all(model, precision=digits)
    line = model.replace(**{cls.load: np.array([0.01, 0.02])})
    with pytest.raises(ValueError, match="precision"):
        replica.solve_all(line, precision=30)
    # no pattern condensed leaves the states without overlap
    assert {s.n for s in replica.solve_all(model, n_condensed=())} == {0}


@pytest.mark.some(3)
@pytest.mark.medium
@every_model
def test_signature_takes_options_by_keyword(cls):
    model = cls(**fixed_controls(cls, np.random.default_rng(37), 1)[0])
    with pytest.raises(TypeError):
        replica.solve_all(model, (1,))
    with pytest.raises(TypeError):
        replica.solve(model, "retrieval")


def test_catalogue_holds_the_models_by_name():
    from replica import models

    assert {cls.name for cls in MODELS} == set(catalogue())
    for name, cls in catalogue().items():
        assert models.get(name) is cls
        assert getattr(models, cls.__name__) is cls
        assert cls.__name__ in dir(models)
    with pytest.raises(ValueError, match="model = 'none': choose from"):
        models.get("none")
    with pytest.raises(AttributeError):
        models.Nothing  # noqa: B018 - the access is the test
