"""Annealed importance sampling with 100 chains at 784 × 500 beside the matrix products that it cannot do without.

A temperature needs v w and h wᵀ; the ratio says which part of its time those two products alone would take, for
all chains at once and for the blocks in which they are annealed.
"""

import numpy as np
import pytest
from interleaved import minima
from threadpoolctl import threadpool_limits

import rbm_sim
from rbm_sim.partition import ais

CHAINS, N, M, TEMPERATURES = 100, 784, 500, 20
HIDDEN = {
    "Bernoulli": rbm_sim.Bernoulli(),
    "spin": rbm_sim.Spin(),
    "Gaussian": rbm_sim.Gaussian(),
    "ReLU": rbm_sim.ReLU(),
}


def weights():
    return (0.05 * np.random.default_rng(0).standard_normal((N, M))).astype(np.float32)


def products(w, rows):
    """The two products at every temperature, on arrays of their shapes."""
    rng = np.random.default_rng(1)
    v, h = (rng.integers(0, 2, (rows, n)).astype(np.float32) for n in (N, M))
    v_out, h_out = np.empty_like(v), np.empty_like(h)

    def run():
        for _ in range(TEMPERATURES * CHAINS // rows):
            np.matmul(v, w, out=h_out)
            np.matmul(h, w.T, out=v_out)

    return run


def annealing(hidden, threads=1, base=None):
    rbm = rbm_sim.RBM(weights(), visible=rbm_sim.Bernoulli(), hidden=hidden)
    return lambda: ais.log_partition(
        rbm, n_chains=CHAINS, n_temperatures=TEMPERATURES, base=base, rng=2, threads=threads
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_annealing_against_products(threads, capsys):
    together, blocks = f"SGEMM, {CHAINS} rows", f"SGEMM, {ais.BLOCK} rows"
    with threadpool_limits(threads):
        cases = {together: products(weights(), CHAINS), blocks: products(weights(), ais.BLOCK)}
        cases |= {name: annealing(hidden, threads) for name, hidden in HIDDEN.items()}
        cases["Bernoulli, base of data"] = annealing(HIDDEN["Bernoulli"], threads, np.full(N, 0.2))
        best = minima(cases, repeats=60)
    with capsys.disabled():
        print(
            f"\n{CHAINS} chains of {N} x {M}, {threads} thread(s)  ms a temperature   {together} / it   {blocks} / it"
        )
        for name, seconds in best.items():
            each = 1e3 * seconds / TEMPERATURES
            print(f"{name:30s}{each:18.2f}{best[together] / seconds:20.2f}{best[blocks] / seconds:20.2f}")


@pytest.mark.parametrize("hidden", HIDDEN)
def test_annealing(benchmark, hidden):
    with threadpool_limits(1):
        estimate = benchmark.pedantic(annealing(HIDDEN[hidden]), rounds=20, warmup_rounds=2)
    assert np.isfinite(estimate.value)
