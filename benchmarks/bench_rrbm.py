"""Phase diagram of the compositional R-RBM on a 60×60 grid against plain damped iteration, in the same run.

The grid is α in [0.01, 10] (logarithmic), θ̃ in [0, 3], at g̃ = −0.21. The iteration is the usual one: all points at
once, the five equations of m, q, r, C and B, one start, damping ½, stop at a change of 1e-10, at most 2000 steps;
1 − C is kept above 1e-6. The start is the zero-noise retrieval state, the best there is, or m = 1, q = ½, C = 0. It
is given ℓ: our ℓ*, and 0.4 where there is none. So it does only a part of the task: it finds neither ℓ* nor, from its
one start, more than one state at a point. Its H functions and its Skellam law are its own.
`python -m pytest benchmarks -s` shows the table.
"""

import time
from functools import cache

import numpy as np
import pytest
from scipy.special import ive, ndtr

import replica
from replica.diagrams.best_ell import ell_star, energies
from replica.diagrams.compositional_phases import glass_energy
from replica.models import CompositionalRBM

SIZE, G = 60, -0.21
THETAS, ALPHAS = np.linspace(0, 3, SIZE), np.geomspace(0.01, 10, SIZE)
THETA, ALPHA = (v.ravel() for v in np.meshgrid(THETAS, ALPHAS, indexing="ij"))
ELL = 0.4
TOLERANCE, STEPS, CONVERGED = 1e-10, 2000, 1e-8
SAME = 1e-6
"""Difference of free energies, relative to the lower, and of m below which two states are the same."""
W = np.arange(-24, 25)
VARIANTS = {
    "damped, plain": {"freeze": False},
    "damped, frozen": {"freeze": True},
    "frozen, m = 1": {"freeze": True, "best_start": False},
}


def phase_diagram():
    return replica.phase_diagram(
        CompositionalRBM(alpha=1.0, theta=1.0, g=G), rows={"theta": THETAS}, columns={"alpha": ALPHAS}
    )


def single_ell_star():
    return ell_star(CompositionalRBM(alpha=0.5, theta=1.5, g=G))


def right_hand_sides(state, alpha, theta, ell, law):
    """m̃, q, r̃, C and B̃ from m̃, q, r̃, C and B̃, by their equations."""
    m, q, r, C, B = state
    with np.errstate(all="ignore"):
        s = np.maximum(np.sqrt(alpha * r), 1e-150)
        u = ((G + 0.5 * alpha * B)[:, None] + 0.5 * m[:, None] * W) / s[:, None]
        on = law * ndtr(u)
        new_m = 2 / ell * (on * W).sum(axis=1)
        new_q = on.sum(axis=1)
        new_C = (law * np.exp(-0.5 * u * u)).sum(axis=1) / np.sqrt(2 * np.pi) / s
        x = theta / np.sqrt(np.maximum(q, 1e-150))
        H0 = ndtr(-x)
        H2 = np.maximum((1 + x * x) * H0 - x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi), 0)
        margin = np.maximum(1 - C, 1e-6)
        return np.array([new_m, new_q, q * H2 / margin**2, new_C, H0 / margin])


def residual(state, *couplings):
    """Largest residual of the five equations, relative above 1."""
    return (np.abs(right_hand_sides(state, *couplings) - state) / np.maximum(1, np.abs(state))).max(axis=0)


def skellam_law(ell):
    return ive(np.abs(W), ell[:, None])


def damped_iteration(ell, *, freeze, best_start=True):
    """States, and which points are left unconverged.

    Plain: every point is iterated until all have converged or the steps are spent. With `freeze`, points that have
    converged are left alone.
    """
    law = skellam_law(ell)
    on = W >= 1
    state = np.zeros((5, len(ell)))
    state[:2] = [[1.0], [0.5]]
    if best_start:
        state[:2] = 2 / ell * (law * W)[:, on].sum(axis=1), law[:, on].sum(axis=1)
    state[[2, 4]] = right_hand_sides(state, ALPHA, THETA, ell, law)[[2, 4]]
    active = np.arange(len(ell))
    for _ in range(STEPS):
        now = state[:, active]
        new = right_hand_sides(now, ALPHA[active], THETA[active], ell[active], law[active])
        moving = (np.abs(new - now) / np.maximum(1, np.abs(now))).max(axis=0) > TOLERANCE
        state[:, active] = 0.5 * (now + new)
        if not moving.any():
            break
        active = active[moving] if freeze else active
    left = ~(residual(state, ALPHA, THETA, ell, law) < CONVERGED) | ~(state[3] < 1 - 1e-6)
    return state, left


@cache
def truth():
    """ℓ where the iteration is run, and there the energies of retrieval (inf where absent) and of the glass, and m̃."""
    grid = CompositionalRBM(alpha=ALPHA, theta=THETA, g=G)
    star = ell_star(grid)
    ell, retrieval, m = np.where(star.value > 0, star.value, ELL), star.free_energy.copy(), star.order.m.copy()
    for i in np.nonzero(~(star.value > 0))[0]:
        values, order = energies(CompositionalRBM(alpha=ALPHA[i], theta=THETA[i], g=G), np.array([ELL]))
        retrieval[i], m[i] = values[0], order.m[0]
    glass = np.asarray(glass_energy(grid))
    return ell, np.nan_to_num(retrieval, nan=np.inf), np.nan_to_num(glass, nan=np.inf), m, star


def verdicts(state, left):
    """How many points the iteration gets right, and how it fails at the others."""
    ell, retrieval, glass, m, _ = truth()
    energy = -ell * state[0] ** 2 / 8 - 0.5 * ALPHA * state[2] - G * state[1]
    lowest = np.minimum(retrieval, glass)

    def is_at(level):
        return np.abs(energy - level) <= SAME * np.abs(level)

    done = ~left
    is_glass = done & (state[0] < SAME)
    is_retrieval = done & is_at(retrieval) & (np.abs(state[0] - m) < SAME)
    right = done & is_at(lowest) & (is_glass | is_retrieval)
    wrong = done & ~right
    exists = np.isfinite(retrieval)
    masks = {
        "lowest state found": right,
        "not converged": left,
        "wrong: m = 0, retrieval lower": wrong & is_glass & (retrieval < glass),
        "wrong: m = 0, not lowest glass": wrong & is_glass & ~(retrieval < glass),
        "wrong: retrieval, glass lower": wrong & is_retrieval,
        "wrong: other state, m > 0": wrong & ~is_glass & ~is_retrieval,
        "retrieval exists": exists,
        "retrieval exists, not reached": exists & ~is_retrieval,
        "below our lowest": done & (energy < lowest - SAME * np.abs(lowest)),
    }
    return {name: int(mask.sum()) for name, mask in masks.items()}


def timed(function):
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def test_comparison_with_damped_iteration(capsys):
    ell, *_, star = truth()
    diagram, seconds = min((timed(phase_diagram) for _ in range(3)), key=lambda pair: pair[1])
    single_ell_star()
    single = min(timed(single_ell_star)[1] for _ in range(20))
    runs = [timed(lambda options=options: damped_iteration(ell, **options)) for options in VARIANTS.values()]
    counts = [verdicts(*found) for found, _ in runs]
    present = star.value > 0
    ours = np.array(star.order)[:, present]
    couplings = ALPHA[present], THETA[present], star.value[present]
    largest = residual(ours, *couplings, skellam_law(couplings[-1])).max()
    with capsys.disabled():
        print(f"\n{'60 x 60 grid':34s}{'phase diagram':>14s}" + "".join(f"{name:>16s}" for name in VARIANTS))
        print(f"{'seconds':34s}{seconds:14.4g}" + "".join(f"{t:16.4g}" for _, t in runs))
        print(f"{'time of the diagram over it':34s}{1:14.4g}" + "".join(f"{seconds / t:16.4g}" for _, t in runs))
        for name in counts[0]:
            print(f"{name:34s}{'':14s}" + "".join(f"{count[name]:16d}" for count in counts))
        print(
            f"one ell_star {1e3 * single:.3g} ms; largest residual at {present.sum()} points with ell*: {largest:.2g}"
        )
    assert not diagram.errors
    assert np.isfinite(diagram.free_energy).all()
    assert largest <= 1e-10
    for count in counts:
        assert count["below our lowest"] == 0


def test_phase_diagram_of_the_grid(benchmark):
    diagram = benchmark.pedantic(phase_diagram, rounds=5, warmup_rounds=1)
    names, counts = np.unique(diagram.labels, return_counts=True)
    benchmark.extra_info.update(zip(names.tolist(), counts.tolist(), strict=True))
    assert not diagram.errors


def test_one_ell_star(benchmark):
    star = benchmark(single_ell_star)
    assert star.value == pytest.approx(0.383193, abs=5e-7)


@pytest.mark.parametrize("variant", VARIANTS)
def test_damped_iteration_on_the_grid(benchmark, variant):
    ell, *_ = truth()
    state, left = benchmark.pedantic(lambda: damped_iteration(ell, **VARIANTS[variant]), rounds=1)
    benchmark.extra_info.update(verdicts(state, left))
    assert state.shape == (5, SIZE * SIZE)
