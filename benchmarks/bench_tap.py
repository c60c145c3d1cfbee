"""One solution of the TAP equations at 784 × 500 beside 50 Gibbs sweeps of 100 chains, the statistics of CD-50 or so.

Weights are normal with the standard deviations given, in units of 1/√784: 0.3 as at the beginning of learning, and as
far up as the expansion holds.
"""

import math

import numpy as np
import pytest
from interleaved import minima
from threadpoolctl import threadpool_limits

import rbm_sim
from rbm_sim import tap
from rbm_sim.machine.gibbs import Chains

CHAINS, N, M, SWEEPS = 100, 784, 500, 50
HIDDEN = {"Bernoulli": rbm_sim.Bernoulli, "spin": rbm_sim.Spin, "Gaussian": rbm_sim.Gaussian, "ReLU": rbm_sim.ReLU}
SCALES = {"Bernoulli": (0.3, 1.0, 3.0), "spin": (0.3, 1.0), "Gaussian": (0.3, 0.6), "ReLU": (0.3, 0.6)}


def machine(name, scale):
    rng = np.random.default_rng(0)
    w = (scale / math.sqrt(N) * rng.standard_normal((N, M))).astype(np.float32)
    return rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(0.5 * rng.standard_normal(N)), hidden=HIDDEN[name]())


@pytest.mark.parametrize("name", HIDDEN)
def test_solving_against_sampling(name, capsys):
    with threadpool_limits(1):
        cases = {}
        for scale in SCALES[name]:
            rbm = machine(name, scale)
            chains = Chains(rbm, CHAINS, rng=2)
            assert tap.solve(rbm).status == tap.Status.CONVERGED
            cases["solve", scale] = lambda rbm=rbm: tap.solve(rbm)
            cases["sample", scale] = lambda chains=chains: chains.run(SWEEPS)
        best = minima(cases, repeats=10)
    with capsys.disabled():
        for scale in SCALES[name]:
            solved, sampled = best["solve", scale], best["sample", scale]
            print(
                f"\n{name:10s} weights {scale:g}/√N: solve {1e3 * solved:6.1f} ms, {SWEEPS} sweeps of {CHAINS} chains "
                f"{1e3 * sampled:6.1f} ms, ratio {solved / sampled:.2f}",
                end="",
            )
    assert all(best["solve", scale] < best["sample", scale] for scale in SCALES[name])
