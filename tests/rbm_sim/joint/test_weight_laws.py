"""Machines whose weights are real numbers of a law, against the theory of that law."""

import math

import numpy as np
import pytest

import rbm_sim
import replica
from rbm_sim.retrieval.trial import Setting, retrieve
from replica.models import GeneralRBM
from replica.potentials import Gaussian, Spin
from replica.weight_laws import SignNormal, Uniform, Values

LOADS = [
    (SignNormal(0.9), 0.05),
    (SignNormal(0.8), 0.02),
    (Uniform(), 0.005),
    (Values([-1.5, 0.5], [0.25, 0.75]), 0.02),
]


@pytest.mark.slow
@pytest.mark.parametrize(("law", "alpha"), LOADS, ids=repr)
def test_overlap_at_zero_temperature(law, alpha):
    """Spins and Gaussian hidden units started at the signs of a pattern: z of m = h/√N at N = 2000 and 4000 below 4."""
    theory = replica.solve(GeneralRBM(Spin(), Gaussian(), alpha=alpha, T=0.0, weights=law)).order.m
    setting = Setting(rbm_sim.Spin(), rbm_sim.Gaussian())
    for N, samples in ((2000, 40), (4000, 24)):
        found = []
        for k in range(samples):
            rng = np.random.default_rng([15, N, k])
            xi = rbm_sim.random_patterns(N, round(alpha * N), law=law, rng=rng)
            found.append(retrieve(xi, setting, rng=rng).m)
        error = np.std(found, ddof=1) / math.sqrt(samples)
        # ten hidden units, the fewest here, make overlaps that differ by 0.04
        assert error < 0.01
        assert abs(np.mean(found) - theory) < 4 * error


def test_a_pattern_alone_is_kept():
    """One pattern, no noise: the signs of its entries maximise h, and m = ⟨|w|⟩ of these."""
    rng = np.random.default_rng(3)
    xi = rbm_sim.random_patterns(400, 1, law=SignNormal(0.9), rng=rng)
    kept = retrieve(xi, Setting(rbm_sim.Spin(), rbm_sim.Gaussian()), rng=rng).m
    assert kept == pytest.approx(np.abs(xi).mean(), rel=1e-6)
