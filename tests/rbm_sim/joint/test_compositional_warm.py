"""Machines of small p at a temperature of the order p, against the theory of that p."""

import math

import numpy as np
import pytest
from scipy.optimize import root

import rbm_sim
from rbm_sim._support import blas
from rbm_sim.sampling.fluctuation import order_parameters_at
from replica.models import GeneralRBM
from replica.models.base import Order
from replica.potentials import Bernoulli, ReLU


@pytest.mark.slow
def test_retrieval_of_eight_patterns():
    """p = .05, L = 8, θ̃ = 1.5, g̃ = −.21, α = .5, T = .05 p, N = 4000: m/p, q, r/p, C and B/p of 8 machines, z below 4.

    p = .05 itself is 2 % in m and 3 % in q from the limit p → 0. The strong units have θ = 0: another θ enters as
    θ/√N beside m, which is .02 here.
    """
    p, L, alpha, T, N, machines = 0.05, 8, 0.5, 0.05, 4000, 8
    model = GeneralRBM(Bernoulli(-0.21 * p), ReLU(1.5 * math.sqrt(p)), alpha=alpha, T=p * T, p=p, L=L)
    near = Order(m=0.42 * p, q=0.15, r=1.3e-3 * p, C=0.3, B=0.025 * p)
    solved = root(lambda v: [float(e) for e in model.equations(list(v))], model.pack(near), tol=1e-12)
    assert solved.success
    theory = model.unpack(solved.x)
    M, found = round(alpha * N), []
    theta = np.full(M, 1.5 * math.sqrt(p))
    theta[:L] = 0
    with blas.one_thread():
        for k in range(machines):
            xi = rbm_sim.random_patterns(N, M, p=p, rng=[7, N, k])
            rbm = rbm_sim.RBM(
                rbm_sim.pattern_weights(xi), visible=rbm_sim.Bernoulli(-0.21 * p), hidden=rbm_sim.ReLU(theta)
            )
            start = (xi[:, :L].sum(axis=1) > 0).astype(float)
            order = order_parameters_at(
                rbm, T=p * T, n_chains=4, steps=60, burn_in=60, start=start, n_condensed=L, p=p, rng=k
            )
            m = np.mean([overlap.mean for overlap in order.m])
            found.append([m, order.q.mean, order.r.mean, order.C.mean, order.B.mean])
    error = np.std(found, axis=0, ddof=1) / math.sqrt(machines)
    z = (np.mean(found, axis=0) - [theory.m, theory.q, theory.r, theory.C, theory.B]) / error
    assert (np.abs(z) < 4).all()


def test_the_limit_is_that_of_small_p():
    """Right-hand side of q off the saddle at L p = .4: half the distance at half of p."""
    limit = GeneralRBM(Bernoulli(-0.21), ReLU(1.5), alpha=0.5, T=0.05, ell=0.4)
    expected = limit.saddle(Order(m=0.4, q=0.15, r=1e-3, C=0.3, B=0.03)).q
    off = []
    for L in (25, 50, 100):
        p = 0.4 / L
        near = GeneralRBM(Bernoulli(-0.21 * p), ReLU(1.5 * math.sqrt(p)), alpha=0.5, T=0.05 * p, p=p, L=L)
        off.append(near.saddle(Order(m=0.4 * p, q=0.15, r=1e-3 * p, C=0.3, B=0.03 * p)).q - expected)
    assert off[0] / off[1] == pytest.approx(2, rel=0.02)
    assert off[1] / off[2] == pytest.approx(2, rel=0.01)
