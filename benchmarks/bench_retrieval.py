"""Retrieval at zero temperature: one trial at N = 10⁴, growth with N, and N = 10⁵ within a gigabyte."""

import subprocess
import sys

import numpy as np
import pytest
from interleaved import minima
from threadpoolctl import threadpool_limits

import rbm_sim
from rbm_sim.machine.patterns import first_patterns, pattern_weights, random_patterns
from rbm_sim.retrieval.dynamics import descend
from rbm_sim.retrieval.landscape import Landscape

ALPHA = 0.1
LARGE = """
import resource, numpy as np, rbm_sim
from rbm_sim.dynamics import descend
from rbm_sim.patterns import first_patterns, pattern_weights, random_patterns
xi = random_patterns(100_000, 13_800, rng=1, storage="packed")
rbm = rbm_sim.RBM(pattern_weights(xi), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
start = first_patterns(xi, 1)[:, 0]
end = descend(rbm, start, rng=1)
print(float(end.v @ start) / 1e5, end.sweeps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def machine(N, storage="array"):
    xi = random_patterns(N, round(ALPHA * N), rng=1, storage=storage)
    rbm = rbm_sim.RBM(pattern_weights(xi), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    return rbm, first_patterns(xi, 8).T.astype(np.float32)


def coupling_matrix(rbm, start):
    """The same descent with the N × N couplings written out: build them, then update unit by unit."""
    w = rbm.weights
    J = w @ w.T
    np.fill_diagonal(J, 0)
    v = start.copy()
    while True:
        unstable = np.flatnonzero(v * (J @ v) < 0)
        if not unstable.size:
            return v
        for i in unstable:
            v[i] = 1 if J[i] @ v >= 0 else -1


def test_one_trial(capsys):
    """A descent from a pattern of N = 10⁴ spins, its weights being there, in both storages; and eight at once."""
    with threadpool_limits(1):
        rbm, starts = machine(10_000)
        packed, _ = machine(10_000, "packed")
        small, small_starts = machine(4000)
        best = minima(
            {
                "array": lambda: descend(rbm, starts[0], rng=1),
                "packed": lambda: descend(packed, starts[0], rng=1),
                "8 starts": lambda: descend(rbm, starts, rng=1),
            }
        )
        plain = minima(
            {
                "N = 4000, array": lambda: descend(small, small_starts[0], rng=1),
                "N = 4000, N x N couplings": lambda: coupling_matrix(small, small_starts[0]),
            },
            repeats=3,
        )
    with capsys.disabled():
        print("\nN = 10 000, alpha = 0.1, one thread: " + ", ".join(f"{k} {1e3 * t:.1f} ms" for k, t in best.items()))
        print(", ".join(f"{k} {1e3 * t:.1f} ms" for k, t in plain.items()))


def test_sweeps_grow_like_the_number_of_weights(capsys):
    """Time of one look at all units, per weight: constant if sweeps take αN² steps."""
    with threadpool_limits(1):
        lines = []
        for N in (2000, 4000, 8000, 16_000):
            for storage in ("array", "packed"):
                rbm, starts = machine(N, storage)
                landscape, one = Landscape(rbm, starts[:1]), np.array([0])
                cases = {"sweep": lambda landscape=landscape, one=one: (landscape.refresh(one), landscape.gains(one))}
                seconds = minima(cases, repeats=10)["sweep"]
                lines.append(
                    f"N = {N:6d}, {storage:7s}{1e3 * seconds:9.2f} ms{1e9 * seconds / (ALPHA * N * N):9.3f} ns"
                )
    with capsys.disabled():
        print("\none sweep, and its time per weight")
        print("\n".join(lines))


def test_a_hundred_thousand_spins(benchmark, capsys):
    """In a process of its own, so that its memory is its own."""
    words = [sys.executable, "-c", LARGE]
    run = benchmark.pedantic(
        lambda: subprocess.run(words, capture_output=True, text=True, check=True), rounds=1, iterations=1
    )
    m, sweeps, gigabytes = map(float, run.stdout.split())
    with capsys.disabled():
        print(f"\nN = 100 000, alpha = 0.138: m = {m:.4f} after {sweeps:.0f} sweeps, at most {gigabytes:.2f} GB")
    assert gigabytes < 1
    assert m > 0.9


@pytest.mark.parametrize("storage", ["array", "packed"])
def test_trial(benchmark, storage):
    rbm, starts = machine(10_000, storage)
    with threadpool_limits(1):
        end = benchmark.pedantic(lambda: descend(rbm, starts[0], rng=1), rounds=10, warmup_rounds=1)
    assert end.v @ starts[0] > 9900
