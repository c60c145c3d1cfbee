"""Gibbs sampling of 1000 chains at 784 × 500 beside the matrix products that it cannot do without.

A sweep needs h wᵀ and v w; the ratio says which part of its time those two products alone would take.
"""

import numpy as np
import pytest
from interleaved import minima
from threadpoolctl import threadpool_limits

import rbm_sim
from rbm_sim.machine.gibbs import Chains

CHAINS, N, M, SWEEPS = 1000, 784, 500, 5
HIDDEN = {
    "Bernoulli": rbm_sim.Bernoulli(),
    "spin": rbm_sim.Spin(),
    "Gaussian": rbm_sim.Gaussian(),
    "ReLU, exact": rbm_sim.ReLU(),
}


def machine(hidden, scale):
    w = (scale * np.random.default_rng(0).standard_normal((N, M))).astype(np.float32)
    return rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(), hidden=hidden)


def products(w):
    """The two products of a sweep, on arrays of its shapes."""
    rng = np.random.default_rng(1)
    v, h = (rng.integers(0, 2, (CHAINS, n)).astype(np.float32) for n in (N, M))
    v_out, h_out = np.empty_like(v), np.empty_like(h)

    def run():
        for _ in range(SWEEPS):
            np.matmul(h, w.T, out=v_out)
            np.matmul(v, w, out=h_out)

    return run


@pytest.mark.parametrize("threads", [1, 2])
def test_sampling_against_products(threads, capsys):
    with threadpool_limits(threads):
        cases = {"SGEMM": products(machine(HIDDEN["Bernoulli"], 0.01).weights)}
        for scale in (0.01, 0.1):
            for name, hidden in HIDDEN.items():
                chains = Chains(machine(hidden, scale), CHAINS, rng=2, threads=threads)
                cases[f"{name}, weights {scale:g}"] = lambda chains=chains: chains.run(SWEEPS)
        best = minima(cases)
    with capsys.disabled():
        print(f"\n{CHAINS} chains of {N} x {M}, {threads} thread(s)          ms a sweep   SGEMM / sweep")
        for name, seconds in best.items():
            print(f"{name:40s}{1e3 * seconds / SWEEPS:14.2f}{best['SGEMM'] / seconds:16.3f}")


def test_products_alone(benchmark):
    with threadpool_limits(1):
        benchmark.pedantic(products(machine(HIDDEN["Bernoulli"], 0.01).weights), rounds=20, warmup_rounds=2)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_sweeps(benchmark, hidden):
    with threadpool_limits(1):
        chains = Chains(machine(HIDDEN[hidden], 0.01), CHAINS, rng=2)
        benchmark.pedantic(lambda: chains.run(SWEEPS), rounds=20, warmup_rounds=2)
    assert np.isfinite(chains.h).all()
