"""Machines with two kinds of visible units and a law of thresholds, against the theory of these populations."""

import math

import numpy as np
import pytest

import rbm_sim
import replica
from rbm_sim._support import blas
from rbm_sim.sampling.fluctuation import order_parameters_at
from replica.models import GeneralRBM
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
