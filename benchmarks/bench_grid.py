"""Every state on a 50×50 grid against plain damped iteration of one state, in the same run.

The grid is α in [0.002, 0.14], T in [0.02, 1]. The iteration is the usual one: all points at once, start m = 1,
damping ½, 101 Gauss–Hermite nodes, stop at a change of 1e-8, at most 5000 steps. `python -m pytest benchmarks -s`
shows the table.
"""

import math
import time

import numpy as np
import pytest
from scipy.integrate import quad

import replica
from replica.models import Hopfield

ALPHA, T = (v.ravel() for v in np.meshgrid(np.linspace(0.002, 0.14, 50), np.linspace(0.02, 1, 50), indexing="ij"))
TOLERANCE, STEPS, NODES = 1e-8, 5000, 101


def every_state():
    return replica.solve_all(Hopfield(alpha=ALPHA.reshape(50, 50), T=T.reshape(50, 50)))


def damped_iteration(*, freeze=False):
    """Overlaps, and which points are left unconverged, by damped iteration of (m, q, r).

    Plain: every point is iterated until all have converged or the steps are spent. With `freeze`, points that have
    converged are left alone, which is less work and gives the same answers to the tolerance.
    """
    z, w = np.polynomial.hermite_e.hermegauss(NODES)
    w = w / w.sum()
    m, q, r = np.ones_like(T), np.ones_like(T), np.ones_like(T)
    active, left = np.arange(len(T)), np.zeros(len(T), dtype=bool)
    for _ in range(STEPS):
        t = T[active]
        u = np.tanh((m[active, None] + np.sqrt(ALPHA[active] * r[active])[:, None] * z) / t[:, None])
        new_m, new_q = u @ w, (u * u) @ w
        with np.errstate(divide="ignore"):
            new_r = new_q / (1 - (1 - new_q) / t) ** 2
        change = np.maximum(np.abs(new_m - m[active]), np.abs(new_q - q[active]))
        change = np.maximum(change, np.abs(new_r - r[active]) / np.maximum(1, r[active]))
        m[active] = 0.5 * (m[active] + new_m)
        q[active] = 0.5 * (q[active] + new_q)
        r[active] = 0.5 * (r[active] + np.minimum(new_r, 1e12))
        moving = change > TOLERANCE
        if not moving.any():
            break
        left = np.zeros(len(T), dtype=bool)
        left[active[moving]] = True
        active = active[moving] if freeze else active
    return m.reshape(50, 50), left.reshape(50, 50)


def exact_overlap(alpha, t, start):
    """m of the retrieval state at one point with averages by adaptive quadrature, by Newton's method."""

    def residual(x):
        m, r = x[0], x[1]
        s = math.sqrt(alpha * r)
        edges = [p for p in (-m / s - 10 * t / s, -m / s, -m / s + 10 * t / s) if abs(p) < 11]

        def average(f):
            return quad(
                lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * f(math.tanh((m + s * z) / t)),
                -11, 11, points=edges, epsabs=1e-14, epsrel=1e-13, limit=400,
            )[0]  # fmt: skip

        C = average(lambda u: 1 - u * u) / t
        return np.array([average(lambda u: u) - m, (1 - t * C) / (1 - C) ** 2 - r])

    x = np.array(start)
    for _ in range(4):
        jacobian = np.empty((2, 2))
        for j in range(2):
            step = 1e-5 * (np.arange(2) == j)
            jacobian[:, j] = (residual(x + step) - residual(x - step)) / 2e-5
        x = x - np.linalg.solve(jacobian, residual(x))
    return x[0]


def timed(function):
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def comparison():
    """Measure all three."""
    table, ours = min((timed(every_state) for _ in range(3)), key=lambda pair: pair[1])
    others = [timed(lambda freeze=freeze: damped_iteration(freeze=freeze)) for freeze in (False, True)]
    rows = [i for i in range(50) if table.status[i, 0, 0] == 0]
    exact = np.array(
        [exact_overlap(ALPHA[50 * i], 0.02, (table.order.m[i, 0, 0], table.order.r[i, 0, 0])) for i in rows]
    )

    def error(m, left):
        return np.where(left, np.nan, np.abs(m - exact))

    ours_error = np.abs(table.order.m[rows, 0, 0] - exact)
    errors = [error(m[rows, 0], left[rows, 0]) for (m, left), _ in others]
    away = ALPHA[::50][rows] <= 0.13  # nearer to the fold every error is amplified
    return {
        "seconds": [ours, *(seconds for _, seconds in others)],
        "time of every state over it": [1.0, *(ours / seconds for _, seconds in others)],
        "states found": [int((table.status == 0).sum()), *(2500 - int(left.sum()) for (_, left), _ in others)],
        "points left unconverged": [int((table.status == 2).sum()), *(int(left.sum()) for (_, left), _ in others)],
        "largest residual": [float(np.nanmax(table.residual)), math.nan, math.nan],
        "error of m, T=.02, alpha<=.13": [float(np.nanmax(e[away])) for e in (ours_error, *errors)],
        "error of m, T=.02, all": [float(np.nanmax(e)) for e in (ours_error, *errors)],
    }


def test_comparison_with_damped_iteration(capsys):
    measured = comparison()
    with capsys.disabled():
        print(f"\n{'50 x 50 grid':32s}{'every state':>14s}{'damped, plain':>16s}{'damped, frozen':>16s}")
        for name, values in measured.items():
            print(f"{name:32s}" + f"{values[0]:14.4g}" + "".join(f"{v:16.4g}" for v in values[1:]))
    assert measured["points left unconverged"][0] == 0
    assert measured["largest residual"][0] <= 1e-10
    assert measured["error of m, T=.02, all"][0] < 1e-10


def test_every_state_on_the_grid(benchmark):
    table = benchmark.pedantic(every_state, rounds=5, warmup_rounds=1)
    assert not (table.status == 2).any()


@pytest.mark.parametrize("freeze", [False, True])
def test_damped_iteration_on_the_grid(benchmark, freeze):
    m, _ = benchmark.pedantic(lambda: damped_iteration(freeze=freeze), rounds=1)
    assert m.shape == (50, 50)
