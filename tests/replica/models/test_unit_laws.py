"""Random RBMs whose units differ in their fields, thresholds and probabilities of an entry."""

import math
import warnings

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import brentq
from scipy.stats import beta, norm

import replica
from replica.diagrams.best_ell import energies
from replica.errors import ConvergenceError, IncompleteWarning
from replica.models import CompositionalRBM, GeneralRBM, ReluRBM
from replica.models.sparse.varied import NOT_ALL
from replica.numerics.jacobian import derivative
from replica.potentials import Bernoulli, Population, ReLU

JOINT = ReluRBM(
    alpha=0.02,
    theta=0.1,
    g=-0.07,
    p=0.4,
    L=2,
    p_i=[0.2, 0.2, 0.6, 0.6],
    g_i=[0.04, -0.02, 0.0, -0.02],
    theta_mu=[-0.05, -0.05, 0.1],
)
TILDE = CompositionalRBM(
    alpha=0.5, theta=1.5, g=-0.21, ell=0.4, x_i=[0.8, 1.2], g_i=[-0.05, 0.05], theta_mu=[-0.2, 0.2]
)
X = [0.11, 0.3, -0.7, -1.2, -0.4]
"""(m, C, ln r, ln q, ln B) off the saddle."""


@pytest.mark.parametrize("model", [JOINT, TILDE], ids=lambda m: m.name)
def test_gradient_is_that_of_the_free_energy(model):
    (slopes,) = derivative(lambda v: [model.free_energy(model.unpack(v))], X)
    np.testing.assert_allclose(model.gradient(model.unpack(X)), slopes, rtol=0, atol=1e-14)


@pytest.mark.parametrize("model", [JOINT, TILDE], ids=lambda m: m.name)
def test_forty_digits(model):
    """Equations in mpmath against the text of the docstring, unit by unit."""
    with mp.workdps(40):
        exact = model.unchecked(**{name: mp.mpf(value) for name, value in model.controls.items() if name != "L"})
        order = exact.unpack([mp.mpf(v) for v in X])
        p, L = exact.sparsity, exact.size
        m = order.m / model.overlap_unit
        units = [(mp.mpf(float(x)), mp.mpf(float(g))) for x, g in zip(model.units.x, model.units.fields, strict=True)]
        s = mp.sqrt(exact.alpha * p * order.r)
        q = mp.mpf(0)
        for (x, g), fraction in zip(units, model.units.fraction, strict=True):
            one = exact.unchecked(_units=None, _thresholds=None, **({"p": p * x} if model is JOINT else {"ell": L * x}))
            for w, weight in zip(one.law().w, one.law().weight, strict=True):
                field = exact.g + g + m * w + exact.alpha * order.B * x / 2
                q += fraction * weight * x * mp.ncdf(field / (s * mp.sqrt(x)))
        y = [(exact.theta + mp.mpf(float(shift))) / mp.sqrt(p * order.q) for shift in model.thresholds.shift]
        active = mp.fsum(f * mp.ncdf(-v) for f, v in zip(model.thresholds.fraction, y, strict=True))
        rhs = exact.saddle(order)
        assert abs(rhs.q - q) < mp.mpf(10) ** -16  # the x_i are doubles
        assert abs(rhs.B - p * active / (1 - order.C)) < mp.mpf(10) ** -38


def states(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteWarning)
        found = replica.solve_all(model)
    # of units that differ closed curves may be missing, and nothing else
    assert set(found.unaccounted) <= {NOT_ALL}
    return sorted((s.order for s in found), key=lambda order: (order.m, order.r))


@pytest.mark.slow
def test_states_are_those_of_two_populations():
    """The same machine as one of any potentials, which has equations and curves of its own."""
    model = ReluRBM(alpha=0.02, theta=0.1, g=-0.08, p=0.3, L=2, g_i=[-0.02] * 3 + [0.06], theta_mu=[-0.05, -0.05, 0.1])
    visible = Population([(0.75, Bernoulli(-0.10)), (0.25, Bernoulli(-0.02))])
    hidden = Population([(2 / 3, ReLU(0.05)), (1 / 3, ReLU(0.2))])
    one, other = states(model), states(GeneralRBM(visible, hidden, alpha=0.02, T=0.0, p=0.3, L=2))
    assert len(one) == len(other) == 7
    np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_states_to_which_only_units_that_are_alike_lead():
    """Overlaps of 0.002 and 0.0003, of which no start finds the smaller: two populations have both."""
    g_i, theta_mu = [-0.00135, 0.0009854, 0.0008051, -0.0004405], [0.017, 0.03579, -0.05279]
    model = ReluRBM(alpha=0.01121, theta=0.1211, g=-0.005448, p=0.1123, L=5, g_i=g_i, theta_mu=theta_mu)
    visible = Population([(0.25, Bernoulli(-0.005448 + g)) for g in g_i])
    hidden = Population([(1 / 3, ReLU(0.1211 + theta)) for theta in theta_mu])
    one = [order for order in states(model) if order.m > 0]
    other = [order for order in states(GeneralRBM(visible, hidden, alpha=0.01121, T=0.0, p=0.1123, L=5)) if order.m > 0]
    assert len(one) == len(other) == 2
    np.testing.assert_allclose(one, other, rtol=1e-9)


@pytest.mark.slow
def test_units_that_do_not_differ():
    plain = {"alpha": 0.02, "theta": 0.1, "g": -0.05, "p": 0.3, "L": 2}
    one, other = states(ReluRBM(**plain, theta_mu=[0.0, 0.0])), states(ReluRBM(**plain))
    np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
    assert len(one) > 3


@pytest.mark.slow
def test_states_and_fold_of_a_joint_law():
    """Each state satisfies the on-shell form of f, and a pair of them merges where the fold is."""
    fold = replica.spinodal(JOINT.replace(alpha=None), along="alpha")
    with pytest.warns(IncompleteWarning, match="closed curves"):
        found = replica.solve_all(JOINT.replace(alpha=[0.999 * fold.value, 1.001 * fold.value]))
    with_overlap = [[s for s in found.at(i) if s.order.m > 0] for i in (0, 1)]
    assert len(with_overlap[0]) == len(with_overlap[1]) + 2
    for s in with_overlap[0]:
        here = JOINT.replace(alpha=0.999 * fold.value)
        assert here.free_energy_on_shell(s.order) == pytest.approx(s.free_energy, abs=1e-15)


def lowest(model, start):
    """ℓ of the least f̃ next to `start`, from the states at fixed ℓ: a root of differences of f̃."""

    def energy(ell):
        here, x = model.replace(ell=ell), model.pack(start.order)
        for _ in range(40):
            step = np.linalg.solve(np.array(here.jacobian(x), dtype=float), np.array(here.equations(x), dtype=float))
            x = list(np.array(x) - step)
        assert here.residual(here.unpack(x)) < 1e-12
        return here.free_energy(here.unpack(x))

    return brentq(lambda ell: energy(ell + 1e-3) - energy(ell - 1e-3), 0.9 * start.value, 1.1 * start.value, xtol=1e-9)


@pytest.mark.medium
def test_ell_star_of_units_that_differ():
    """A difference of second order is wrong by 1e-6 of f'''."""
    found = replica.ell_star(TILDE)
    assert found.status == "minimum"
    assert lowest(TILDE, found) == pytest.approx(found.value, rel=2e-5)
    plain = replica.ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21))
    near = replica.ell_star(
        CompositionalRBM(alpha=0.5, theta=1.5, g=-0.21, g_i=[-1e-5, 1e-5], theta_mu=[-1e-5, 1e-5], x_i=[1, 1])
    )
    assert near.value == pytest.approx(plain.value, rel=1e-6)
    assert near.value != plain.value


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"g_i": [0.1, 0.2]}, "g_i has the mean 0.15"),
        ({"theta_mu": [0.1]}, "theta_mu has the mean 0.1"),
        ({"theta_mu": []}, "theta_mu is empty"),
        ({"g_i": [math.nan, 0.0]}, "g_i holds nan"),
        ({"g_i": ["a"]}, "a list of numbers is needed"),
        ({"g_i": 0.0}, "g_i = 0.0: a list of numbers is needed"),
        ({"theta_mu": [[0.1, -0.1], [0.2, -0.2]]}, "a list of numbers is needed"),
        ({"g_i": [0.1j, -0.1j]}, "a list of numbers is needed"),
        ({"theta_mu": [True, False]}, "a list of numbers is needed"),
        ({"p_i": 0.5j}, "p_i = 0.5j: a list of numbers or a frozen distribution is needed"),
        ({"p_i": np.array([0.3 + 0.1j, 0.3 - 0.1j])}, "a list of numbers or a frozen distribution is needed"),
        ({"p_i": [[0.2, 0.4], [0.3, 0.3]]}, "a list of numbers or a frozen distribution is needed"),
        ({"g_i": norm(0, 0.1)}, "g_i is a distribution: a list of values is needed"),
        ({"theta_mu": norm(0, 0.1)}, "theta_mu is a distribution: a list of values is needed"),
        ({"g_i": [-0.1, 0.1], "p_i": beta(2, 3)}, "p_i is a distribution: beside g_i a list of values is needed"),
        ({"g_i": [-0.1, 0.1], "p_i": [0.2, 0.3, 0.4]}, "2 fields and 3 p_i"),
        ({"g_i": [-0.1, 0.1], "p_i": [0.2, 0.3]}, "p_i has the mean 0.25"),
        ({"g_i": [-0.1, 0.1], "p_i": [-0.1, 0.7]}, "p_i holds -0.1"),
    ],
)
def test_lists_that_make_no_sense_are_refused(extra, message):
    with pytest.raises(ValueError, match=message):
        ReluRBM(alpha=0.1, theta=0.1, g=-0.1, p=0.3, L=2, **extra)


def test_energies_over_ell_are_for_units_that_are_alike():
    with pytest.raises(ValueError, match="g_i, theta_mu"):
        energies(TILDE, np.array([0.1, 0.2]))
    with pytest.raises((ValueError, ConvergenceError), match="g_i, theta_mu"):
        TILDE.free_energy_printed(TILDE.unpack(X))
