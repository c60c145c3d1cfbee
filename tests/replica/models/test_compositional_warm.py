"""The limit p → 0 of random RBMs at temperatures of the order p: T → 0, and machines of small p."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, root

import replica
from replica.models import CompositionalRBM, GeneralRBM
from replica.potentials import Bernoulli, Population, ReLU

THETA, G, ELL, ALPHA = 1.5, -0.21, 0.38, 0.5


def on_branch(model, order):
    """The state of a model beside an order, by scipy's root finder."""
    x = [order.m, order.C, *np.log([order.q, order.r, order.B])]
    found = root(
        lambda v: [float(e) for e in model.equations(list(v))],
        x,
        jac=lambda v: np.array(model.jacobian(list(v)), dtype=float),
        tol=1e-13,
    )
    assert found.success
    return model.unpack(found.x)


def warm(T, *, alpha=ALPHA, theta=THETA, g=G, ell=ELL):
    return GeneralRBM(Bernoulli(g), ReLU(theta), alpha=alpha, T=T, ell=ell)


def cold(*, alpha=ALPHA, theta=THETA, g=G, ell=ELL):
    """The retrieval state at T = 0, m = m̃/2."""
    state = replica.solve(CompositionalRBM(alpha=alpha, theta=theta, g=g, ell=ell), start="retrieval")
    return state.order._replace(m=state.order.m / 2), state.free_energy


@pytest.mark.parametrize(
    "point", [{}, {"alpha": 0.1, "theta": 0.5}, {"alpha": 0.05, "theta": 0.5, "ell": 0.8, "g": -0.15}], ids=str
)
def test_at_zero_temperature_it_is_the_compositional_model(point):
    order, f = cold(**point)
    model = warm(0.0, **point)
    np.testing.assert_allclose(model.saddle(order), order, rtol=1e-10, atol=1e-13)
    assert model.free_energy(order) == pytest.approx(f, abs=1e-13)


def test_low_temperatures_change_states_by_their_square():
    """Two-valued units: the error of T = 0 is O(T²), but for the entropy αT ln T of the hidden units in f."""
    point = {"alpha": 0.1, "theta": 0.5, "ell": 0.8, "g": -0.15}
    order, _ = cold(**point)
    assert order.C > 1e-3
    apart = [on_branch(warm(T, **point), order).m - order.m for T in (2e-3, 1e-3)]
    assert apart[0] / apart[1] == pytest.approx(4, rel=0.03)


def test_machines_of_small_p_extrapolated_to_none():
    """L = 20, 50, 100 at p = ℓ/L, T = p T̃, θ = √p θ̃, g = p g̃: (m, r, B)/p, q and C are a series in p."""
    T = 0.05
    limit = on_branch(warm(T), cold()[0])
    sizes, rows = np.array([20, 50, 100]), []
    for L in sizes:
        p = ELL / L
        model = GeneralRBM(Bernoulli(p * G), ReLU(math.sqrt(p) * THETA), alpha=ALPHA, T=p * T, p=p, L=int(L))
        found = on_branch(model, limit._replace(m=p * limit.m, r=p * limit.r, B=p * limit.B))
        rows.append([found.m / p, found.q, found.r / p, found.C, found.B / p])
    p = ELL / sizes
    # the parabola through three points, at p = 0; what is left is of third order
    weights = [math.prod(p[j] / (p[j] - p[i]) for j in range(3) if j != i) for i in range(3)]
    np.testing.assert_allclose(weights @ np.array(rows), limit, rtol=3e-6)
    assert np.abs(np.array(rows[0]) / np.array(limit) - 1).max() > 1e-3


def test_a_low_temperature_as_a_number():
    """θ̃ = 1.5, g̃ = −.21, α = .5, ℓ = .38: m̃ is within 1 % of T̃ = 0 up to .0467, replica symmetric to the fold."""
    order, _ = cold()
    state, T_one, seen = order, None, []
    for T in np.arange(0.01, 0.0986, 0.0055):
        state = on_branch(warm(T), state)
        seen.append((T, state.m / order.m - 1))
        assert warm(T).replicon(state) > 0
    first = next(T for T, change in seen if change < -0.01)
    T_one = brentq(lambda T: on_branch(warm(T), state if T > 0.08 else order).m / order.m - 0.99, first - 0.0055, first)
    assert 0.045 < T_one < 0.048
    assert on_branch(warm(0.0986), state).m == pytest.approx(0.357, abs=1e-3)


@pytest.mark.slow
def test_the_retrieval_state_ends_at_a_fold():
    assert replica.spinodal(warm(0.02), along="T").value == pytest.approx(0.09865820, abs=1e-7)


def test_laws_of_fields_and_thresholds():
    """Populations in the limit p → 0: equal kinds are the plain machine, the averages of others those of the shares."""
    order, f = cold()
    equal = GeneralRBM(
        Population([(0.4, Bernoulli(G)), (0.6, Bernoulli(G))]),
        Population([(0.5, ReLU(THETA)), (0.5, ReLU(THETA))]),
        alpha=ALPHA,
        T=0.0,
        ell=ELL,
    )
    np.testing.assert_allclose(equal.saddle(order), order, rtol=1e-10, atol=1e-13)
    assert equal.free_energy(order) == pytest.approx(f, abs=1e-13)
    mixed = GeneralRBM(
        Population([(0.4, Bernoulli(-0.2)), (0.6, Bernoulli(-0.3))]), ReLU(THETA), alpha=ALPHA, T=0.03, ell=ELL
    )
    parts = [warm(0.03, g=g).saddle(order) for g in (-0.2, -0.3)]
    for name in ("m", "q", "C"):
        expected = 0.4 * getattr(parts[0], name) + 0.6 * getattr(parts[1], name)
        assert getattr(mixed.saddle(order), name) == pytest.approx(expected, rel=1e-12)


def test_the_limit_replaces_p_and_L():
    for keywords in ({"p": 0.5}, {"L": 2}):
        with pytest.raises(ValueError, match="it stands for the limit p → 0"):
            GeneralRBM(Bernoulli(G), ReLU(THETA), alpha=ALPHA, T=0.1, ell=ELL, **keywords)
    with pytest.raises(ValueError, match="ell"):
        warm(0.1, ell=0.0)
