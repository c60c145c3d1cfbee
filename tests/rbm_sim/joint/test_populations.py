"""Machines with two kinds of visible units and a law of thresholds, against the theory of these populations."""

import math

import numpy as np
import pytest
from scipy.stats import norm

import rbm_sim
import replica
from rbm_sim._support import blas
from rbm_sim.retrieval.trial import Setting, retrieve
from rbm_sim.sampling.fluctuation import order_parameters_at
from replica.models import GeneralRBM, ReluRBM
from replica.potentials import Bernoulli, Population, ReLU

VISIBLE, HIDDEN = ((0.7, -0.05), (0.3, -0.3)), ((0.5, 0.0), (0.5, 0.5))
"""Shares and g_i, shares and θ_μ."""
MACHINES = 24


def units(kinds, count):
    """The parameter of each of so many units, kinds in turn."""
    position = (np.arange(count) * 0.618034) % 1
    edges = np.cumsum([share for share, _ in kinds])
    return np.array([value for _, value in kinds])[np.searchsorted(edges, position, side="right")]


@pytest.mark.slow
@pytest.mark.parametrize(("T", "alpha", "start", "N"), [(0.1, 0.03, "retrieval", 4000), (0.5, 0.2, "spin_glass", 2000)])
def test_order_parameters_at_a_temperature(T, alpha, start, N):
    """m (where a pattern is kept), q, r, C and B of 24 machines: z below 4.

    The condensed unit has θ = 0: another θ enters its input as θ/√N. Where no pattern is kept, a finite machine has
    the overlaps C⟨h⟩/√N of its weak units, 0.005 here, and m is left out.
    """
    visible = Population([(share, Bernoulli(g)) for share, g in VISIBLE])
    hidden = Population([(share, ReLU(theta)) for share, theta in HIDDEN])
    theory = replica.solve(GeneralRBM(visible, hidden, alpha=alpha, T=T), start=start).order
    M, found = round(alpha * N), []
    g, theta = units(VISIBLE, N), units(HIDDEN, M)
    assert theta[0] == 0.0
    with blas.one_thread():
        for k in range(MACHINES):
            xi = rbm_sim.random_patterns(N, M, rng=[15, k])
            rbm = rbm_sim.RBM(rbm_sim.pattern_weights(xi), visible=rbm_sim.Bernoulli(g), hidden=rbm_sim.ReLU(theta))
            pattern = (xi[:, 0] > 0).astype(float) if start == "retrieval" else None
            order = order_parameters_at(rbm, T=T, n_chains=6, steps=100, burn_in=100, start=pattern, rng=k)
            found.append([order.m[0].mean, order.q.mean, order.r.mean, order.C.mean, order.B.mean])
    error = np.std(found, axis=0, ddof=1) / math.sqrt(MACHINES)
    z = (np.mean(found, axis=0) - [theory.m, theory.q, theory.r, theory.C, theory.B]) / error
    assert (np.abs(z[0 if start == "retrieval" else 1 :]) < 4).all()


@pytest.mark.slow
def test_overlap_where_entries_and_fields_belong_together():
    """Zero temperature, units with more entries held down more: z of m, activity and r of 24 machines below 4.

    The condensed unit has θ = 0.1: another would enter its input as θ/√N.
    """
    N, alpha, p_i, g_i = 8000, 0.01, np.array([0.4, 0.8]), np.array([0.04, -0.04])
    theta = np.tile([-0.1, 0.1], 40)
    model = ReluRBM(alpha=alpha, theta=0.1, g=-0.12, p=0.6, L=1, p_i=p_i, g_i=g_i, theta_mu=theta[:2])
    theory = replica.solve(model).order
    # of W = 1, 0, -1 at both kinds of units
    chances = np.array([p_i / 2, 1 - p_i, p_i / 2])
    field = -0.12 + g_i + theory.m * np.array([[1], [0], [-1]]) + alpha * theory.B * p_i / 0.6 / 2
    activity = float((chances * norm.cdf(field / np.sqrt(alpha * p_i * theory.r))).sum() / 2)
    visible, hidden = rbm_sim.Bernoulli(-0.12 + np.tile(g_i, N // 2)), rbm_sim.ReLU(0.1 + theta)
    found = []
    for k in range(MACHINES):
        rng = np.random.default_rng([16, k])
        xi = rbm_sim.random_patterns(N, len(theta), p=np.tile(p_i, N // 2), rng=rng)
        trial = retrieve(xi, Setting(visible, hidden), rng=rng)
        found.append([trial.m, trial.q, trial.r])
    error = np.std(found, axis=0, ddof=1) / math.sqrt(MACHINES)
    assert (error < [1e-3, 1e-3, 0.1 * theory.r]).all()
    z = (np.mean(found, axis=0) - [theory.m, activity, theory.r]) / error
    assert (np.abs(z) < 4).all(), z


def test_units_have_their_shares():
    """Kinds in turn: shares of 4000 units to a part in a thousand, and no run of one kind."""
    g = units(VISIBLE, 4000)
    assert np.mean(g == VISIBLE[0][1]) == pytest.approx(VISIBLE[0][0], abs=1e-3)
    assert all(len(set(g[k : k + 8])) == 2 for k in range(0, 4000, 8))
