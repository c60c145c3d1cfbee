"""No solution is missing: Newton's method from 10³ random starts finds nothing that `solve_all` has not.

The equations are those of Amit, Gutfreund & Sompolinsky (1987), for the threshold model those of Manzan's slides
(2021), as the models give them; the search is its own.
"""

import numpy as np
import pytest

import replica
from replica.models import Hopfield, ThresholdHopfield
from replica.numerics.jacobian import derivative

STARTS = 1000
SEED = 20240917
CONVERGED = 1e-11  # residual of a root found by Newton's method
APART = 1e-5  # roots nearer than this are one; next to a fold Newton's method stops within √(residual)


def newton_roots(model, n, rng):
    """Roots reached from random starts, m ≥ 0 by symmetry."""
    x = np.empty((STARTS, 3 if "q" not in model.unknowns else 5))
    x[:, 0] = rng.uniform(0, 1.1, STARTS) * rng.choice([1.0, 1e-2, 1e-4], STARTS)
    x[:, 1] = rng.uniform(0, 1, STARTS) ** rng.choice([0.1, 1.0, 5.0], STARTS)
    x[:, 2] = rng.uniform(-4, 8, STARTS)
    if x.shape[1] == 5:
        x[:, 3], x[:, 4] = rng.uniform(0.1, 1, STARTS), rng.uniform(0, 4, STARTS)

    def system(points):
        return np.stack(np.broadcast_arrays(*model.equations(list(points.T), n)), axis=1)

    active = np.arange(STARTS)
    with np.errstate(all="ignore"):
        for _ in range(60):
            here = x[active]
            residual = system(here)
            rows = derivative(lambda v: model.equations(v, n), list(here.T))
            flat = np.stack(np.broadcast_arrays(*(v for row in rows for v in row)), axis=-1)
            jacobian = flat.reshape(len(here), x.shape[1], x.shape[1])
            good = np.isfinite(jacobian).all((1, 2)) & np.isfinite(residual).all(1)
            active, here, residual, jacobian = active[good], here[good], residual[good], jacobian[good]
            jacobian += 1e-14 * np.eye(x.shape[1])
            step = np.linalg.solve(jacobian, residual[..., None])[..., 0]
            # shorten steps that leave the neighbourhood in which the equations make sense
            step /= np.maximum(1.0, np.abs(step).max(1) / 0.5)[:, None]
            x[active] = here - step
            active = active[np.abs(step).max(1) > 1e-14]
            if not len(active):
                break
        residual = np.abs(system(x)).max(1)
    inside = (residual < CONVERGED) & (x[:, 1] < 1) & (x[:, 2] > -200) & np.isfinite(x).all(1)
    x = x[inside]
    x[:, 0] = np.abs(x[:, 0])  # m → −m is a symmetry
    roots = []
    for point in x:
        if all(np.abs(point - other).max() > APART for other in roots):
            roots.append(point)
    return roots


def assert_complete(model, seed, least):
    rng = np.random.default_rng([SEED, seed])
    found = replica.solve_all(model, n_condensed=(1, 3))
    for n in {s.n for s in found if s.n} | {1}:
        known = [np.array(model.pack(s.order)) for s in found if s.n in (0, n) and s.order.r > 0]
        roots = newton_roots(model, n, rng)
        assert len(roots) >= least, "the search finds too little to mean anything"
        for root in roots:
            if root[0] < 1e-9:
                root[0] = 0.0
            assert min(np.abs(root - k).max() for k in known) < 10 * APART, root


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("alpha", "T", "least"),
    [
        (0.005, 0.3, 3),
        (0.01, 0.1, 3),
        (0.02, 0.05, 3),
        (0.05, 0.2, 3),
        (0.05, 0.5, 3),
        (0.1, 0.1, 3),
        (0.1, 0.31, 3),
        (0.13, 0.0, 3),
        (0.138, 0.02, 3),
        (0.15, 0.1, 1),
        (0.3, 1.2, 1),
        (0.002, 0.9, 3),
    ],
)
def test_random_starts_find_no_other_hopfield_state(alpha, T, least):
    model = Hopfield(alpha=alpha, T=T)
    found = replica.solve_all(model, n_condensed=(1,))
    assert sum(s.order.r > 0 for s in found) >= least
    assert_complete(model, round(1e4 * alpha), min(least, 2))


@pytest.mark.parametrize(
    ("alpha", "theta", "least"), [(0.05, 0.0, 2), (0.3, 0.5, 2), (0.6, 0.5, 1), (1.0, 1.0, 2), (0.02, -0.7, 2)]
)
def test_random_starts_find_no_other_threshold_state(alpha, theta, least):
    assert_complete(ThresholdHopfield(alpha=alpha, theta=theta), round(100 * alpha), least)
